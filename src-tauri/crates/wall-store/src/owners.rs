//! Who answers for cells: dated lines by code, what plans did to them, and the parties with their sealed phones.

use crate::{PLAN_EPOCH, Store, StoreError, WriteTx, changes::ChangeKind, rows::word};
use sqlx::Row;
use std::collections::{BTreeSet, HashMap};
use wall_core::{NetworkId, OwnerRecord, OwnerRole, Ownership, OwnershipId, Party, PartyId, PartyKind, PlanId, UtcMs};

impl Store {
    /// All parties.
    pub async fn parties(&self) -> Result<Vec<Party>, StoreError> {
        let rows = sqlx::query("SELECT id, kind, name FROM party ORDER BY id").fetch_all(&self.inner.reader).await?;
        rows.iter()
            .map(|r| {
                let (id, kind): (i64, &str) = (r.get(0), r.get(1));
                Ok(Party { id: PartyId(id), kind: word(PartyKind::from_code(kind), "party", id, kind)?, name: r.get(2) })
            })
            .collect()
    }

    /// All dated owners of a network.
    pub async fn ownerships(&self, network: NetworkId) -> Result<Vec<Ownership>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, cell_code, party_id, role, valid_from, valid_to FROM ownership WHERE network_id = ? ORDER BY cell_code, id",
        )
        .bind(network.0)
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter().map(|r| ownership(r, network)).collect()
    }

    /// The lines that published plans ended at the codes of a network, as they would go on had no plan ended them.
    pub async fn ended_by_plans(&self, network: NetworkId) -> Result<Vec<(PlanId, Ownership)>, StoreError> {
        let rows = sqlx::query(
            "SELECT o.id, o.cell_code, o.party_id, o.role, o.valid_from, e.valid_to, e.plan_id FROM plan_ownership e \
             JOIN ownership o ON o.id = e.ownership_id WHERE o.network_id = ? AND e.began = 0 ORDER BY o.cell_code, e.plan_id, o.id",
        )
        .bind(network.0)
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter().map(|r| Ok((PlanId(r.get(6)), ownership(r, network)?))).collect()
    }
}

fn ownership(r: &sqlx::sqlite::SqliteRow, network: NetworkId) -> Result<Ownership, StoreError> {
    let (id, role): (i64, &str) = (r.get(0), r.get(3));
    Ok(Ownership {
        id: OwnershipId(id),
        network,
        cell_code: r.get(1),
        party: PartyId(r.get(2)),
        role: word(OwnerRole::from_code(role), "ownership", id, role)?,
        valid_from: UtcMs(r.get(4)),
        valid_to: r.get::<Option<i64>, _>(5).map(UtcMs),
    })
}

impl WriteTx {
    /// The party of a record, made when it is new.
    async fn party_of(&mut self, r: &OwnerRecord) -> Result<i64, StoreError> {
        let found = sqlx::query("SELECT id FROM party WHERE kind = ? AND name = ?")
            .bind(r.party_kind.code())
            .bind(&r.party)
            .fetch_optional(self.tx.sqlite())
            .await?;
        if let Some(row) = found {
            return Ok(row.get(0));
        }
        let id = self.next_id("party").await?;
        sqlx::query("INSERT INTO party (id, kind, name, recorded_at) VALUES (?, ?, ?, ?)")
            .bind(id)
            .bind(r.party_kind.code())
            .bind(&r.party)
            .bind(self.recorded_at.0)
            .execute(self.tx.sqlite())
            .await?;
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
        let mut next = self.next_id("ownership").await?;
        for (r, party) in records.iter().zip(parties) {
            let from = r.valid_from.unwrap_or(PLAN_EPOCH).0;
            let to = r.valid_to.map(|t| t.0);
            let known = sqlx::query(
                "SELECT o.id, o.valid_to, e.plan_id, e.valid_to, p.effective_from FROM ownership o \
                 LEFT JOIN plan_ownership e ON e.ownership_id = o.id AND e.began = 0 LEFT JOIN plan p ON p.id = e.plan_id \
                 WHERE o.network_id = ? AND o.cell_code = ? AND o.party_id = ? AND o.role = ? AND o.valid_from = ? \
                 ORDER BY e.plan_id DESC LIMIT 1",
            )
            .bind(network.0)
            .bind(&r.cell_code)
            .bind(party)
            .bind(r.role.code())
            .bind(from)
            .fetch_optional(self.tx.sqlite())
            .await?;
            let Some(row) = known else {
                self.insert_owner(next, network, r, party, from, to).await?;
                next += 1;
                done.created += 1;
                phoned.remove(&party);
                continue;
            };
            let (id, stored): (i64, Option<i64>) = (row.get(0), row.get(1));
            let ended: Option<(i64, Option<i64>, i64)> = match (row.get(2), row.get::<Option<i64>, _>(4)) {
                (Some(plan), Some(at)) => Some((plan, row.get(3), at.max(from))),
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
                    sqlx::query("UPDATE plan_ownership SET valid_to = ? WHERE plan_id = ? AND ownership_id = ?")
                        .bind(to)
                        .bind(plan)
                        .bind(id)
                        .execute(self.tx.sqlite())
                        .await?;
                    Some(to.map_or(at, |to| to.min(at)))
                }
            };
            sqlx::query("UPDATE ownership SET valid_to = ?, revision = 0 WHERE id = ?")
                .bind(end)
                .bind(id)
                .execute(self.tx.sqlite())
                .await?;
            done.updated += 1;
            phoned.remove(&party);
        }
        if done.created + done.updated > 0 {
            let revision = self.line(ChangeKind::Owners, network.0);
            sqlx::query("UPDATE ownership SET revision = ? WHERE revision = 0").bind(revision).execute(self.tx.sqlite()).await?;
        }
        Ok(done)
    }

    async fn insert_owner(
        &mut self,
        id: i64,
        network: NetworkId,
        r: &OwnerRecord,
        party: i64,
        from: i64,
        to: Option<i64>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO ownership (id, network_id, cell_code, party_id, role, valid_from, valid_to, recorded_at, revision) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
        )
        .bind(id)
        .bind(network.0)
        .bind(&r.cell_code)
        .bind(party)
        .bind(r.role.code())
        .bind(from)
        .bind(to)
        .bind(self.recorded_at.0)
        .execute(self.tx.sqlite())
        .await?;
        Ok(())
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
            sqlx::query(
                "INSERT OR IGNORE INTO plan_ownership (plan_id, ownership_id, began, valid_to) \
                 SELECT ?1, id, 0, valid_to FROM ownership WHERE id = ?2",
            )
            .bind(plan.0)
            .bind(line.0)
            .execute(self.tx.sqlite())
            .await?;
        }
        for code in ended {
            sqlx::query(
                "INSERT OR IGNORE INTO plan_ownership (plan_id, ownership_id, began, valid_to) SELECT ?1, id, 0, valid_to FROM ownership \
                 WHERE network_id = ?2 AND cell_code = ?3 AND (valid_to IS NULL OR (valid_to > ?4 AND valid_to > valid_from))",
            )
            .bind(plan.0)
            .bind(network.0)
            .bind(code)
            .bind(at.0)
            .execute(self.tx.sqlite())
            .await?;
        }
        // What was to begin later never does: it ends where it would have begun.
        sqlx::query(
            "UPDATE ownership SET valid_to = max(valid_from, ?1), revision = ?2 \
             WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = ?3)",
        )
        .bind(at.0)
        .bind(revision)
        .bind(plan.0)
        .execute(self.tx.sqlite())
        .await?;
        let mut next = self.next_id("ownership").await?;
        for r in begin {
            let party = self.party_of(r).await?;
            let (from, to) = (r.valid_from.unwrap_or(at).0, r.valid_to.map(|t| t.0));
            let known = sqlx::query(
                "SELECT id FROM ownership WHERE network_id = ? AND cell_code = ? AND party_id = ? AND role = ? AND valid_from = ?",
            )
            .bind(network.0)
            .bind(&r.cell_code)
            .bind(party)
            .bind(r.role.code())
            .bind(from)
            .fetch_optional(self.tx.sqlite())
            .await?;
            match known.map(|row| row.get::<i64, _>(0)) {
                Some(id) => {
                    // A line that was to begin then anyway: it does, as this plan says.
                    sqlx::query(
                        "INSERT OR IGNORE INTO plan_ownership (plan_id, ownership_id, began, valid_to) SELECT ?, id, 0, valid_to \
                         FROM ownership WHERE id = ?",
                    )
                    .bind(plan.0)
                    .bind(id)
                    .execute(self.tx.sqlite())
                    .await?;
                    sqlx::query("UPDATE ownership SET valid_to = ?, revision = ? WHERE id = ?")
                        .bind(to)
                        .bind(revision)
                        .bind(id)
                        .execute(self.tx.sqlite())
                        .await?;
                }
                None => {
                    self.insert_owner(next, network, r, party, from, to).await?;
                    sqlx::query("INSERT INTO plan_ownership (plan_id, ownership_id, began) VALUES (?, ?, 1)")
                        .bind(plan.0)
                        .bind(next)
                        .execute(self.tx.sqlite())
                        .await?;
                    next += 1;
                }
            }
        }
        sqlx::query("UPDATE ownership SET revision = ? WHERE revision = 0").bind(revision).execute(self.tx.sqlite()).await?;
        Ok(())
    }

    /// Owners as if a plan had never been published.
    pub(crate) async fn undo_plan_ownerships(&mut self, plan: PlanId, revision: i64) -> Result<(), StoreError> {
        let undo = [
            "UPDATE ownership SET revision = ?2, valid_to = (SELECT o.valid_to FROM plan_ownership o WHERE o.plan_id = ?1 AND o.ownership_id = \
             ownership.id) WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = ?1 AND began = 0)",
            "DELETE FROM ownership WHERE id IN (SELECT ownership_id FROM plan_ownership WHERE plan_id = ?1 AND began = 1)",
            "DELETE FROM plan_ownership WHERE plan_id = ?1",
        ];
        for statement in undo {
            sqlx::query(statement).bind(plan.0).bind(revision).execute(self.tx.sqlite()).await?;
        }
        Ok(())
    }
}
