//! Who answers for cells: dated lines by code, what plans did to them, and the parties with their sealed phones.

use crate::{
    PLAN_EPOCH, Store, StoreError, WriteTx,
    db::{Row, sql},
    kinds::ChangeKind,
    rows::word,
};
use std::collections::{BTreeSet, HashMap};
use wall_core::{NetworkId, OwnerRecord, OwnerRole, Ownership, OwnershipId, Party, PartyId, PartyKind, PlanId, UtcMs};

impl Store {
    /// All parties.
    pub async fn parties(&self) -> Result<Vec<Party>, StoreError> {
        let rows = self.inner.read.rows(sql("SELECT id, kind, name FROM party ORDER BY id")).await?;
        rows.iter()
            .map(|r| {
                let (id, kind): (i64, &str) = (r.get("id")?, r.get("kind")?);
                Ok(Party { id: PartyId(id), kind: word(PartyKind::from_code(kind), "party", id, kind)?, name: r.get("name")? })
            })
            .collect()
    }

    /// All dated owners of a network.
    pub async fn ownerships(&self, network: NetworkId) -> Result<Vec<Ownership>, StoreError> {
        let lines = sql(
            "SELECT id, cell_code, party_id, role, valid_from, valid_to FROM ownership WHERE network_id = $1 ORDER BY cell_code, id",
        );
        self.inner.read.rows(lines.bind(network.0)).await?.iter().map(|r| ownership(r, network)).collect()
    }

    /// The lines that published plans ended at the codes of a network, as they would go on had no plan ended them.
    pub async fn ended_by_plans(&self, network: NetworkId) -> Result<Vec<(PlanId, Ownership)>, StoreError> {
        let rows = self.inner.read.rows(sql(ENDED_BY_PLANS).bind(network.0)).await?;
        rows.iter().map(|r| Ok((PlanId(r.get("plan_id")?), ownership(r, network)?))).collect()
    }
}

fn ownership(r: &Row, network: NetworkId) -> Result<Ownership, StoreError> {
    let (id, role): (i64, &str) = (r.get("id")?, r.get("role")?);
    Ok(Ownership {
        id: OwnershipId(id),
        network,
        cell_code: r.get("cell_code")?,
        party: PartyId(r.get("party_id")?),
        role: word(OwnerRole::from_code(role), "ownership", id, role)?,
        valid_from: r.get("valid_from")?,
        valid_to: r.get("valid_to")?,
    })
}

/// `CROSS JOIN`: in this order, from what plans did to the lines by their key.
const ENDED_BY_PLANS: &str = "SELECT o.id, o.cell_code, o.party_id, o.role, o.valid_from, e.valid_to, e.plan_id FROM plan_ownership e \
     CROSS JOIN ownership o WHERE o.id = e.ownership_id AND o.network_id = $1 AND NOT e.began ORDER BY o.cell_code, e.plan_id, o.id";
/// A line with its end had the newest plan that ended it never been, and when that plan took effect. Along the plans of the network,
/// which are few, and the key of what each did to owners: there is no index by line, and asked so none is needed.
const KNOWN: &str = "SELECT o.id, o.valid_to, e.plan_id, e.valid_to AS would_end, \
     CASE WHEN e.plan_id IS NOT NULL THEN p.effective_from END AS effective_from FROM ownership o \
     LEFT JOIN plan p ON p.network_id = o.network_id \
     LEFT JOIN plan_ownership e ON e.plan_id = p.id AND e.ownership_id = o.id AND NOT e.began \
     WHERE o.network_id = $1 AND o.cell_code = $2 AND o.party_id = $3 AND o.role = $4 AND o.valid_from = $5 \
     ORDER BY coalesce(e.plan_id, 0) DESC LIMIT 1";
const NEW_LINE: &str = "INSERT INTO ownership (id, network_id, cell_code, party_id, role, valid_from, valid_to, recorded_at, revision) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)";
const SET_END: &str = "UPDATE ownership SET valid_to = $1, revision = $2 WHERE id = $3";
/// Gives the revision to the lines that were written, which wait for it with 0.
const REVISED: &str = "UPDATE ownership SET revision = $1 WHERE revision = 0";
/// What a plan ends, and how it was before, up to `WHERE`.
const ENDED: &str =
    "INSERT INTO plan_ownership (plan_id, ownership_id, began, valid_to) SELECT $1, id, FALSE, valid_to FROM ownership";

impl WriteTx {
    /// The party of a record, made when it is new.
    async fn party_of(&mut self, r: &OwnerRecord) -> Result<i64, StoreError> {
        let found = sql("SELECT id FROM party WHERE kind = $1 AND name = $2").bind(r.party_kind.code()).bind(&r.party);
        if let Some(row) = self.tx.optional(found).await? {
            return row.get("id");
        }
        let id = self.ids("party", 1).await?;
        let party = sql("INSERT INTO party (id, kind, name, recorded_at) VALUES ($1, $2, $3, $4)");
        self.tx.execute(party.bind(id).bind(r.party_kind.code()).bind(&r.party).bind(self.recorded_at)).await?;
        Ok(id)
    }

    /// Writes owners by network, cell, party, role and start. A line that a published plan ended stays ended: what the
    /// record says of its end holds for the case that the plan is taken back, and where it ends before the plan. A phone is
    /// kept wherever it is stated, of several the last; a record without one erases none.
    pub async fn put_owners(&mut self, network: NetworkId, records: &[OwnerRecord]) -> Result<crate::Upserts, StoreError> {
        let mut done = crate::Upserts::default();
        let mut parties = Vec::with_capacity(records.len());
        let mut phones: HashMap<i64, &str> = HashMap::new();
        for r in records {
            let party = self.party_of(r).await?;
            parties.push(party);
            if !r.phone.is_empty() {
                phones.insert(party, &r.phone);
            }
        }
        let mut phoned: BTreeSet<i64> = BTreeSet::new();
        for (party, phone) in phones {
            if self.seal_stated("party", party, &[("phone", phone)]).await? {
                phoned.insert(party);
            }
        }
        for (r, party) in records.iter().zip(parties) {
            let (from, to) = (r.valid_from.unwrap_or(PLAN_EPOCH), r.valid_to);
            let known = sql(KNOWN).bind(network.0).bind(&r.cell_code).bind(party).bind(r.role.code()).bind(from);
            let Some(row) = self.tx.optional(known).await? else {
                self.insert_owner(network, r, party, from).await?;
                done.created += 1;
                phoned.remove(&party);
                continue;
            };
            let (id, stored): (i64, Option<UtcMs>) = (row.get("id")?, row.get("valid_to")?);
            let ended: Option<(i64, Option<UtcMs>, UtcMs)> = match (row.get("plan_id")?, row.get("effective_from")?) {
                (Some(plan), Some(at)) => Some((plan, row.get("would_end")?, from.max(at))),
                _ => None,
            };
            let stated = ended.map_or(stored, |(_, would_end, _)| would_end);
            // A file without the column says nothing about the end.
            if stated == to || r.absent.has("valid_to") {
                // A phone that changed is a change too, said once, at a row that states it.
                if !r.phone.is_empty() && phoned.remove(&party) {
                    done.updated += 1
                } else {
                    done.unchanged += 1
                }
                continue;
            }
            let end = match ended {
                None => to,
                Some((plan, _, at)) => {
                    let would_end = sql("UPDATE plan_ownership SET valid_to = $1 WHERE plan_id = $2 AND ownership_id = $3");
                    self.tx.execute(would_end.bind(to).bind(plan).bind(id)).await?;
                    Some(to.map_or(at, |to| to.min(at)))
                }
            };
            self.tx.execute(sql(SET_END).bind(end).bind(0i64).bind(id)).await?;
            done.updated += 1;
            phoned.remove(&party);
        }
        if done.created + done.updated > 0 {
            let revision = self.line(ChangeKind::Owners, network.0);
            self.tx.execute(sql(REVISED).bind(revision)).await?;
        }
        Ok(done)
    }

    /// A new line, which waits for its revision.
    async fn insert_owner(&mut self, network: NetworkId, r: &OwnerRecord, party: i64, from: UtcMs) -> Result<i64, StoreError> {
        let id = self.ids("ownership", 1).await?;
        let line = sql(NEW_LINE).bind(id).bind(network.0).bind(&r.cell_code).bind(party).bind(r.role.code());
        self.tx.execute(line.bind(from).bind(r.valid_to).bind(self.recorded_at)).await?;
        Ok(id)
    }

    /// Owners that a plan brings with it from `at` on: those of ended codes end (also lines that were to begin later), and
    /// the lines of `ended_lines`; new ones begin. What was done is kept, so that a plan that waits can be taken back.
    pub async fn plan_ownerships(
        &mut self,
        plan: PlanId,
        network: NetworkId,
        ended: &[String],
        ended_lines: &[OwnershipId],
        begin: &[OwnerRecord],
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let revision = self.line(ChangeKind::Owners, network.0);
        for line in ended_lines {
            self.keep_ended(plan, line.0).await?;
        }
        for code in ended {
            let lines = sql(ENDED).push(
                " WHERE network_id = $2 AND cell_code = $3 AND (valid_to IS NULL OR (valid_to > $4 AND valid_to > valid_from)) \
                 ON CONFLICT DO NOTHING",
            );
            self.tx.execute(lines.bind(plan.0).bind(network.0).bind(code).bind(at)).await?;
        }
        // What was to begin later never does: it ends where it would have begun.
        let end = sql("UPDATE ownership SET valid_to = CASE WHEN valid_from > $1 THEN valid_from ELSE $1 END, revision = $2 \
             WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = $3)");
        self.tx.execute(end.bind(at).bind(revision).bind(plan.0)).await?;
        for r in begin {
            let party = self.party_of(r).await?;
            let from = r.valid_from.unwrap_or(at);
            let known = sql(
                "SELECT id FROM ownership WHERE network_id = $1 AND cell_code = $2 AND party_id = $3 AND role = $4 AND valid_from = $5",
            );
            let known = known.bind(network.0).bind(&r.cell_code).bind(party).bind(r.role.code()).bind(from);
            match self.tx.optional(known).await? {
                Some(row) => {
                    // A line that was to begin then anyway: it does, as this plan says.
                    let id: i64 = row.get("id")?;
                    self.keep_ended(plan, id).await?;
                    self.tx.execute(sql(SET_END).bind(r.valid_to).bind(revision).bind(id)).await?;
                }
                None => {
                    let id = self.insert_owner(network, r, party, from).await?;
                    let began = sql("INSERT INTO plan_ownership (plan_id, ownership_id, began) VALUES ($1, $2, TRUE)");
                    self.tx.execute(began.bind(plan.0).bind(id)).await?;
                }
            }
        }
        self.tx.execute(sql(REVISED).bind(revision)).await.map(drop)
    }

    /// Keeps the end of a line as it was before a plan changed it.
    async fn keep_ended(&mut self, plan: PlanId, line: i64) -> Result<(), StoreError> {
        let kept = sql(ENDED).push(" WHERE id = $2 ON CONFLICT DO NOTHING");
        self.tx.execute(kept.bind(plan.0).bind(line)).await.map(drop)
    }

    /// Owners as if a plan had never been published.
    pub(crate) async fn undo_plan_ownerships(&mut self, plan: PlanId, revision: i64) -> Result<(), StoreError> {
        let before = sql(
            "UPDATE ownership SET valid_to = (SELECT o.valid_to FROM plan_ownership o WHERE o.plan_id = $1 AND o.ownership_id = \
             ownership.id), revision = $2 WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = $1 AND NOT began)",
        );
        self.tx.execute(before.bind(plan.0).bind(revision)).await?;
        let began =
            sql("DELETE FROM ownership WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = $1 AND began)");
        self.tx.execute(began.bind(plan.0)).await?;
        self.tx.execute(sql("DELETE FROM plan_ownership WHERE plan_id = $1").bind(plan.0)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Sql;

    async fn plan_of(store: &Store, question: Sql) -> Vec<String> {
        let rows = store.inner.read.rows(question).await.unwrap();
        rows.iter().map(|row| row.get("detail").unwrap()).collect()
    }

    /// A line is asked for with every record of an import: what plans did to others is not read. Those that plans ended are read
    /// once, each with its line by key.
    #[tokio::test]
    async fn lines_are_found_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let known = sql("EXPLAIN QUERY PLAN ").push(KNOWN).bind(1i64).bind("1").bind(1i64).bind("grid_head").bind(0i64);
        let known = plan_of(&store, known).await;
        assert!(
            known.iter().any(|s| s.starts_with("SEARCH e USING PRIMARY KEY (plan_id=") && s.contains(" AND ownership_id=")),
            "{known:?}"
        );
        assert!(!known.iter().any(|s| s.starts_with("SCAN") || s.contains("AUTOMATIC")), "{known:?}");
        let ended = plan_of(&store, sql("EXPLAIN QUERY PLAN ").push(ENDED_BY_PLANS).bind(1i64)).await;
        assert!(ended.iter().any(|s| s.starts_with("SEARCH o USING INTEGER PRIMARY KEY")), "{ended:?}");
    }
}
