//! Who will answer for the cells of a plan: carried over by rule, confirmed or named by somebody.
//!
//! The rule: a code that has owners keeps them; a cell without owners of its own takes those of the cell it comes from.

use super::{desk_cells::DeskCell, session::Session};
use crate::{
    wall::{Wall, WallError},
    wire::{OwnerView, PlanOwnerLine, PlanOwners},
};
use std::collections::{BTreeMap, HashMap};
use wall_core::{NetworkId, OwnerRole, PartyKind, PlanId, UtcMs};

/// Owners by the code of a cell: as they are, and as they were confirmed or named for the plan.
#[derive(Default)]
pub(super) struct Owners {
    present: HashMap<String, Vec<PlanOwnerLine>>,
    written: BTreeMap<String, Vec<PlanOwnerLine>>,
}

/// Owners of one cell, and by which rule.
pub(super) struct CellOwners {
    pub owners: Vec<PlanOwnerLine>,
    /// kept, inherited, named, none.
    pub rule: &'static str,
    pub confirmed: bool,
}

/// Lines a person may write for one cell.
const LINES: usize = 50;

impl Owners {
    /// Reads who answers at `at`, and what was written for the plan.
    pub async fn load(wall: &Wall, network: NetworkId, plan: PlanId, at: UtcMs) -> Result<Self, WallError> {
        let store = wall.store();
        let parties: HashMap<_, _> = store.parties().await?.into_iter().map(|p| (p.id, p)).collect();
        let mut present: HashMap<String, Vec<PlanOwnerLine>> = HashMap::new();
        let mut lines = store.ownerships(network).await?;
        lines.retain(|o| o.valid_from <= at && o.valid_to.is_none_or(|e| at < e));
        lines.sort_by_key(|o| (o.role, o.party));
        for o in lines {
            let Some(party) = parties.get(&o.party) else { continue };
            present.entry(o.cell_code.clone()).or_default().push(PlanOwnerLine {
                party: party.name.clone(),
                party_kind: party.kind.code().into(),
                role: o.role.code().into(),
                from_code: o.cell_code,
            });
        }
        let written = store.plan_owners(plan).await?;
        let written = written.into_iter().filter_map(|(code, text)| Some((code, serde_json::from_str(&text).ok()?))).collect();
        Ok(Self { present, written })
    }

    /// Owners of a cell.
    pub fn of(&self, cell: &DeskCell) -> CellOwners {
        let found = |code: &str| self.present.get(code).filter(|l| !l.is_empty()).cloned();
        let by_rule = || match (found(&cell.code), found(&cell.origin)) {
            (Some(own), _) => (own, "kept"),
            (None, Some(inherited)) => (inherited, "inherited"),
            (None, None) => (Vec::new(), "none"),
        };
        match self.written.get(&cell.code).filter(|_| !cell.code.is_empty()) {
            None => {
                let (owners, rule) = by_rule();
                CellOwners { owners, rule, confirmed: rule == "kept" }
            }
            Some(lines) => {
                let (proposed, rule) = by_rule();
                let rule = if *lines == proposed { rule } else { "named" };
                CellOwners { owners: lines.clone(), rule, confirmed: true }
            }
        }
    }

    /// Who answers for a code as it is.
    pub fn present_of(&self, code: &str) -> &[PlanOwnerLine] {
        self.present.get(code).map_or(&[], Vec::as_slice)
    }

    /// What somebody wrote for a code.
    pub fn write(&mut self, code: &str, lines: Vec<PlanOwnerLine>) {
        self.written.insert(code.to_owned(), lines);
    }
}

/// The owners of a cell for its card.
pub(super) fn owner_views(owners: &CellOwners) -> Vec<OwnerView> {
    let view = |l: &PlanOwnerLine| OwnerView {
        name: l.party.clone(),
        kind: l.party_kind.clone(),
        role: l.role.clone(),
        duty: "unknown".into(),
        staff_id: None,
    };
    owners.owners.iter().map(view).collect()
}

/// The owners of all cells, to be confirmed: first those without, then those inherited.
pub(super) fn list(session: &Session) -> Vec<PlanOwners> {
    let line = |(face, cell): (&wall_core::Face, &DeskCell)| {
        let of = session.owners.of(cell);
        PlanOwners {
            face: face.0,
            code: cell.code.clone(),
            name: cell.name.clone(),
            owners: of.owners,
            rule: of.rule.into(),
            confirmed: of.confirmed,
        }
    };
    let mut all: Vec<PlanOwners> = session.cells.iter().map(line).collect();
    let rank = |o: &PlanOwners| match (o.rule.as_str(), o.confirmed) {
        ("none", _) => 0,
        (_, false) => 1,
        ("named" | "inherited", true) => 2,
        _ => 3,
    };
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.code.cmp(&b.code)).then(a.face.cmp(&b.face)));
    all
}

/// Lines as a person wrote them, checked.
pub(super) fn checked(lines: Vec<PlanOwnerLine>) -> Result<Vec<PlanOwnerLine>, WallError> {
    if lines.len() > LINES {
        return Err(WallError::Invalid(format!("at most {LINES} owners for one cell")));
    }
    lines
        .into_iter()
        .map(|mut l| {
            l.party = l.party.trim().to_owned();
            if l.party.is_empty() || l.party.chars().count() > 120 || l.party.chars().any(char::is_control) {
                return Err(WallError::Invalid("an owner has a name of 1 to 120 signs".into()));
            }
            if PartyKind::from_code(&l.party_kind).is_none() || OwnerRole::from_code(&l.role).is_none() {
                return Err(WallError::Invalid(
                    "an owner is a person or unit, in the role leader, full_time, part_time, police or unit".into(),
                ));
            }
            Ok(l)
        })
        .collect()
}
