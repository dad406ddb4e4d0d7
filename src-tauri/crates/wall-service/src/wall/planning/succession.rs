//! What a plan that takes effect does to the codes of the plan before it and to their owners: by the planner, and by import.

use crate::wall::{Wall, WallError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wall_core::{
    CellRecord, EngineFault, NetworkId, OwnerRecord, OwnerRole, Ownership, OwnershipId, PartyKind, Place, PlanId, UtcMs,
    planning::{LineageKind, PlannedCell},
};
use wall_store::{LineageRecord, WriteTx};

pub(super) fn planned_record(i: usize, cell: &CellRecord) -> PlannedCell<'_> {
    PlannedCell {
        name: &cell.name,
        kind: cell.kind,
        community_code: &cell.community_code,
        ..PlannedCell::of(i, &cell.code, &cell.geometry)
    }
}

fn planned_records(cells: &[CellRecord]) -> Vec<PlannedCell<'_>> {
    cells.iter().enumerate().map(|(i, c)| planned_record(i, c)).collect()
}

/// What became of which code, for the store: of pairs with the same codes the one with most ground. O(n log n).
///
/// # Errors
/// The common ground of two cells cannot be computed.
pub(super) fn lineage(before: &[CellRecord], after: &[PlannedCell<'_>]) -> Result<Vec<LineageRecord>, EngineFault> {
    let lines = wall_core::planning::lineage(&planned_records(before), after, None)?;
    let mut records: Vec<LineageRecord> = lines
        .iter()
        .filter(|l| l.kind != LineageKind::Same)
        .map(|l| LineageRecord {
            from: l.from.and_then(|i| before.get(i)).map_or_else(String::new, |c| c.code.clone()),
            to: l.to.and_then(|i| after.get(i)).map_or_else(String::new, |c| c.code.to_owned()),
            kind: l.kind.code().into(),
            area_share: l.share_of_from,
        })
        .collect();
    records.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)).then(b.area_share.total_cmp(&a.area_share)));
    records.dedup_by(|a, b| a.from == b.from && a.to == b.to);
    Ok(records)
}

/// Codes of the plan before that no cell carries any more.
pub(super) fn codes_ended(before: &[CellRecord], after: &[CellRecord]) -> Vec<String> {
    let codes: BTreeSet<&str> = after.iter().map(|c| c.code.as_str()).collect();
    let ended: BTreeSet<&String> = before.iter().map(|c| &c.code).filter(|c| !codes.contains(c.as_str())).collect();
    ended.into_iter().cloned().collect()
}

/// What an import that takes effect did to codes.
#[derive(Default)]
pub(in crate::wall) struct Succession {
    /// Codes that no cell carries any more.
    pub ended: Vec<String>,
    /// Codes that had ended with an earlier plan, and are carried again.
    pub returned: Vec<String>,
}

/// Owners that change because the cells of an import name others.
#[derive(Default)]
pub(in crate::wall) struct Handover {
    /// Lines that end, with how they are then.
    pub end: Vec<(OwnershipId, OwnerRecord)>,
    /// Lines that begin.
    pub begin: Vec<OwnerRecord>,
}

impl Handover {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.end.is_empty() && self.begin.is_empty()
    }
}

impl Wall {
    /// Writes what became of the codes of the plan `before` when `plan` with these cells follows it from `from` on, and ends
    /// the owners of codes that ended. A code that comes back has the owners again whom its end ended, unless it has others.
    /// Owners that the cells name take over with it.
    pub(in crate::wall) async fn follow_by_import(
        &self,
        tx: &mut WriteTx,
        network: NetworkId,
        before: PlanId,
        (plan, cells): (PlanId, &[CellRecord]),
        from: UtcMs,
        handover: &Handover,
    ) -> Result<Succession, WallError> {
        let old = self.store().written_cells(before).await?;
        let lines = lineage(&old, &planned_records(cells)).map_err(|fault| {
            let Place { lon, lat } = fault.place;
            WallError::Invalid(format!("what became of the cells at {lon:.6}, {lat:.6} cannot be computed: {fault}"))
        })?;
        tx.put_lineage(plan, &lines).await?;
        let ended = codes_ended(&old, cells);
        let carried: BTreeSet<&str> = old.iter().map(|c| c.code.as_str()).collect();
        let ever: BTreeSet<String> = self.store().codes_ever_published(network).await?.into_iter().collect();
        let back: BTreeSet<&String> =
            cells.iter().map(|c| &c.code).filter(|c| !carried.contains(c.as_str()) && ever.contains(*c)).collect();
        let returned: Vec<String> = back.into_iter().cloned().collect();
        let mut begin = self.owners_that_return(network, &returned, from).await?;
        let named: BTreeSet<&str> = handover.begin.iter().map(|r| r.cell_code.as_str()).collect();
        begin.retain(|r| r.role != OwnerRole::Leader || !named.contains(r.cell_code.as_str()));
        begin.extend_from_slice(&handover.begin);
        let lines: Vec<OwnershipId> = handover.end.iter().map(|(line, _)| *line).collect();
        if !ended.is_empty() || !lines.is_empty() || !begin.is_empty() {
            tx.plan_ownerships(plan, network, &ended, &lines, &begin, from).await?;
        }
        Ok(Succession { ended, returned })
    }

    /// What the owners that cells name themselves change: a code that never had a leader has this one from `from` on; where
    /// another leads, the change is at `at`, for what was before stays as it was. Whoever leads already goes on.
    pub(in crate::wall) async fn handover(
        &self,
        network: NetworkId,
        cells: &[CellRecord],
        from: UtcMs,
        at: UtcMs,
    ) -> Result<Handover, WallError> {
        let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for cell in cells {
            if let Some(owner) = &cell.owner {
                named.entry(&cell.code).or_default().insert(owner);
            }
        }
        let mut handover = Handover::default();
        if named.is_empty() {
            return Ok(handover);
        }
        let store = self.store();
        let parties: HashMap<_, _> = store.parties().await?.into_iter().map(|p| (p.id, p)).collect();
        let mut known: BTreeMap<String, Vec<Ownership>> = BTreeMap::new();
        for line in store.ownerships(network).await? {
            if line.role == OwnerRole::Leader && named.contains_key(line.cell_code.as_str()) {
                known.entry(line.cell_code.clone()).or_default().push(line);
            }
        }
        for (code, owners) in named {
            let lines = known.get(code).map_or(&[][..], Vec::as_slice);
            let record = |party: &str, valid_from, valid_to| OwnerRecord {
                cell_code: code.to_owned(),
                party: party.to_owned(),
                party_kind: PartyKind::Person,
                role: OwnerRole::Leader,
                phone: String::new(),
                valid_from: Some(valid_from),
                valid_to,
                absent: wall_core::Absent::default(),
            };
            let (mut goes_on, mut ends, mut until) = (BTreeSet::new(), false, Some(at));
            for line in lines.iter().filter(|l| l.valid_from <= at && l.valid_to.is_none_or(|to| to > at)) {
                let Some(party) = parties.get(&line.party) else { continue };
                if party.kind == PartyKind::Person && owners.contains(party.name.as_str()) {
                    goes_on.insert(party.name.as_str());
                } else {
                    let end = OwnerRecord { party_kind: party.kind, ..record(&party.name, line.valid_from, Some(at)) };
                    handover.end.push((line.id, end));
                    // Who follows has what was left: a successor that is known already still comes.
                    until = until.zip(line.valid_to).map(|(a, b)| a.max(b));
                    ends = true;
                }
            }
            let next = lines.iter().map(|l| l.valid_from).filter(|start| *start > at).min();
            let until = if ends { until } else { next };
            let start = if lines.is_empty() { from } else { at };
            handover.begin.extend(owners.iter().filter(|o| !goes_on.contains(*o)).map(|o| record(o, start, until)));
        }
        Ok(handover)
    }

    async fn owners_that_return(&self, network: NetworkId, codes: &[String], from: UtcMs) -> Result<Vec<OwnerRecord>, WallError> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.store();
        let parties: HashMap<_, _> = store.parties().await?.into_iter().map(|p| (p.id, p)).collect();
        let mut have: BTreeSet<String> = BTreeSet::new();
        for line in store.ownerships(network).await? {
            if line.valid_to.is_none_or(|to| to > from && to > line.valid_from) {
                have.insert(line.cell_code);
            }
        }
        // Of several plans that ended a code the last one: later plans come later.
        let mut last: BTreeMap<String, (PlanId, Vec<OwnerRecord>)> = BTreeMap::new();
        for (plan, line) in store.ended_by_plans(network).await? {
            let Some(party) = parties.get(&line.party) else { continue };
            if have.contains(&line.cell_code) || !codes.contains(&line.cell_code) || line.valid_to.is_some_and(|to| to <= from) {
                continue;
            }
            let entry = last.entry(line.cell_code.clone()).or_insert_with(|| (plan, Vec::new()));
            if entry.0 != plan {
                *entry = (plan, Vec::new());
            }
            entry.1.push(OwnerRecord {
                cell_code: line.cell_code,
                party: party.name.clone(),
                party_kind: party.kind,
                role: line.role,
                phone: String::new(),
                valid_from: Some(line.valid_from.max(from)),
                valid_to: line.valid_to,
                absent: wall_core::Absent::default(),
            });
        }
        Ok(last.into_values().flat_map(|(_, lines)| lines).collect())
    }
}
