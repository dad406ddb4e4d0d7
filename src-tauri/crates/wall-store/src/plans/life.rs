//! The life of a plan: drafted, sent to review, published from a time on, taken back, put away.

use super::{LineageRecord, ids_of, last_published, no_plan};
use crate::{StoreError, WriteTx, db::sql, kinds::ChangeKind};
use wall_core::{CellId, CellRecord, NetworkId, PlanId, PlanStatus, PlanStepKind, UtcMs};

/// "Since always": the first published plan of a network and undated owners are in force from here (1900-01-01T00:00Z).
pub const PLAN_EPOCH: UtcMs = UtcMs(-2_208_988_800_000);

/// A plan to be written with its cells.
#[derive(Clone, Debug)]
pub struct PlanDraft<'a> {
    /// Network.
    pub network: NetworkId,
    /// Name.
    pub name: &'a str,
    /// Its cells.
    pub cells: &'a [CellRecord],
}

/// What was looked at when it was decided to publish a draft.
#[derive(Clone, Copy, Debug)]
pub struct PublishSeen {
    /// The edit the draft stood on; `None` = the beginning.
    pub head: Option<i64>,
    /// The plan that was published last; `None` = there was none.
    pub before: Option<PlanId>,
}

impl WriteTx {
    /// Writes a draft plan with all its cells. Returns the plan and the id of its first cell; the others follow in
    /// order. O(cells).
    pub async fn draft_plan(&mut self, draft: &PlanDraft<'_>) -> Result<(PlanId, CellId), StoreError> {
        let hash = self.store.cells_hash(draft.cells);
        let id = self.ids("plan", 1).await?;
        let revision = self.line(ChangeKind::Draft, id);
        let plan = sql("INSERT INTO plan (id, network_id, name, status, content_hash, author, recorded_at, revision) \
             VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7)")
        .bind(id)
        .bind(draft.network.0)
        .bind(draft.name)
        .bind(hash)
        .bind(&self.actor.who)
        .bind(self.recorded_at)
        .bind(revision);
        self.tx.execute(plan).await?;
        let first = self.put_cells(PlanId(id), draft.cells).await?;
        let mut seen = std::collections::BTreeSet::new();
        for c in draft.cells.iter().filter(|c| !c.community_code.is_empty() && !c.community_name.is_empty()) {
            if seen.insert(&c.community_code) {
                self.put_division(&c.community_code, "community", &c.community_name).await?;
            }
        }
        Ok((PlanId(id), first))
    }

    /// A draft with these cells, drawn from another plan or from nothing.
    pub async fn new_draft(
        &mut self,
        network: NetworkId,
        name: &str,
        base: Option<PlanId>,
        cells: &[CellRecord],
    ) -> Result<PlanId, StoreError> {
        let (plan, _) = self.draft_plan(&PlanDraft { network, name, cells }).await?;
        let drawn = sql("UPDATE plan SET base_plan_id = $1, changed_at = $2 WHERE id = $3");
        self.tx.execute(drawn.bind(base.map(|b| b.0)).bind(self.recorded_at).bind(plan.0)).await?;
        // Whoever drew what this one is drawn from had a hand in it too, until that was published: nobody reviews their own.
        if let Some(base) = base {
            let hands = sql(
                "INSERT INTO plan_hand (plan_id, actor) SELECT $1, h.actor FROM plan b JOIN (SELECT id, author AS actor FROM plan \
                 UNION SELECT plan_id, actor FROM plan_hand) h ON h.id = b.id WHERE b.id = $2 AND b.effective_from IS NULL \
                 ON CONFLICT DO NOTHING",
            );
            self.tx.execute(hands.bind(plan.0).bind(base.0)).await?;
            self.inherit_doubts(plan, base).await?;
        }
        Ok(plan)
    }

    /// The status of a plan and its head, as they are inside this transaction.
    pub(super) async fn plan_stand(&mut self, plan: PlanId) -> Result<(PlanStatus, Option<i64>), StoreError> {
        let row = self.tx.optional(sql("SELECT status, head_edit_id FROM plan WHERE id = $1").bind(plan.0)).await?;
        let row = row.ok_or_else(|| no_plan(plan))?;
        Ok((row.word("plan", "status", PlanStatus::from_code)?, row.get("head_edit_id")?))
    }

    pub(super) fn same_head(&self, plan: PlanId, stored: Option<i64>, head: Option<i64>) -> Result<(), StoreError> {
        match stored == head {
            true => Ok(()),
            false => Err(StoreError::Refused(format!("plan {} was changed by somebody else meanwhile", plan.0))),
        }
    }

    /// Notes that the actor had a hand in a plan.
    pub(super) async fn note_hand(&mut self, plan: PlanId) -> Result<(), StoreError> {
        let hand = sql("INSERT INTO plan_hand (plan_id, actor) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        self.tx.execute(hand.bind(plan.0).bind(&self.actor.who)).await.map(drop)
    }

    /// A step of a plan's life that changes nothing else than where it stands; `head` is the edit that was looked at.
    pub async fn step_plan(&mut self, plan: PlanId, head: Option<i64>, step: PlanStepKind, note: &str) -> Result<(), StoreError> {
        let (_, stored) = self.plan_stand(plan).await?;
        self.same_head(plan, stored, head)?;
        self.append_step(plan, step, note, head, self.recorded_at, ChangeKind::Draft).await?;
        let changed = sql("UPDATE plan SET changed_at = $1 WHERE id = $2").bind(self.recorded_at).bind(plan.0);
        self.tx.execute(changed).await?;
        match step {
            PlanStepKind::Submit => self.note_hand(plan).await,
            _ => Ok(()),
        }
    }

    /// Writes the cells of a plan that was never published anew: as they are after its edits. O(cells).
    pub async fn replace_cells(&mut self, plan: PlanId, cells: &[CellRecord]) -> Result<(), StoreError> {
        let (status, _) = self.plan_stand(plan).await?;
        if !matches!(status, PlanStatus::Draft | PlanStatus::InReview) {
            return Err(StoreError::Refused(format!("plan {} is {}; its cells stay as they are", plan.0, status.code())));
        }
        self.keep_base(plan).await?;
        let hash = self.store.cells_hash(cells);
        self.tx.execute(sql("DELETE FROM cell WHERE plan_id = $1").bind(plan.0)).await?;
        self.put_cells(plan, cells).await?;
        let written = sql("UPDATE plan SET content_hash = $1, changed_at = $2 WHERE id = $3");
        self.tx.execute(written.bind(hash).bind(self.recorded_at).bind(plan.0)).await?;
        self.line(ChangeKind::Draft, plan.0);
        Ok(())
    }

    /// Publishes a draft that a second person agreed to, from `effective` on as [`WriteTx::publish_plan`] does, with the rule
    /// for tickets in hand and what became of which code. `seen` is what was looked at: nothing is published over what came
    /// since. Returns the time it takes effect.
    pub async fn publish_reviewed(
        &mut self,
        plan: PlanId,
        seen: PublishSeen,
        effective: Option<UtcMs>,
        tickets_stay: bool,
        note: &str,
        lineage: &[LineageRecord],
    ) -> Result<UtcMs, StoreError> {
        let (_, stored) = self.plan_stand(plan).await?;
        self.same_head(plan, stored, seen.head)?;
        let network = self.network_of(plan).await?;
        if self.last_published(NetworkId(network)).await? != seen.before {
            return Err(StoreError::Refused("another plan was published meanwhile; look at the impact again".into()));
        }
        let from = self.begin(plan, PlanStepKind::Publish, note, seen.head, effective).await?;
        let rule = sql("UPDATE plan SET tickets_in_hand = $1, changed_at = $2 WHERE id = $3");
        let rule = rule.bind(if tickets_stay { "stay" } else { "move" }).bind(self.recorded_at).bind(plan.0);
        self.tx.execute(rule).await?;
        self.put_lineage(plan, lineage).await?;
        Ok(from)
    }

    /// Publishes a draft by an import, which nobody reviews, from `effective` on; the plan in force before ends there. The
    /// first plan of a network is in force since always ([`PLAN_EPOCH`]) unless a time is given. Returns the time it takes
    /// effect.
    pub async fn publish_plan(&mut self, plan: PlanId, effective: Option<UtcMs>) -> Result<UtcMs, StoreError> {
        self.begin(plan, PlanStepKind::TakeEffect, "", None, effective).await
    }

    async fn network_of(&mut self, plan: PlanId) -> Result<i64, StoreError> {
        let row = self.tx.optional(sql("SELECT network_id FROM plan WHERE id = $1").bind(plan.0)).await?;
        row.ok_or_else(|| no_plan(plan))?.get("network_id")
    }

    /// Takes the step that puts a plan in force, and ends the one before it.
    async fn begin(
        &mut self,
        plan: PlanId,
        step: PlanStepKind,
        note: &str,
        head: Option<i64>,
        effective: Option<UtcMs>,
    ) -> Result<UtcMs, StoreError> {
        let network = self.network_of(plan).await?;
        let last = self.tx.optional(last_published(network)).await?;
        let from = match (&last, effective) {
            (_, Some(t)) => t,
            (None, None) => PLAN_EPOCH,
            (Some(_), None) => self.recorded_at,
        };
        let last =
            last.map(|row| Ok::<_, StoreError>((PlanId(row.get("id")?), row.get::<UtcMs>("effective_from")?))).transpose()?;
        // A plan that is published already is told so by its steps.
        if let Some((old, old_from)) = last.filter(|(old, _)| *old != plan) {
            if old_from >= from {
                return Err(StoreError::Refused(format!(
                    "plan {} is in force from {}; a new one must begin later",
                    old.0,
                    old_from.to_rfc3339()
                )));
            }
            let revision = self.line(ChangeKind::Plan, old.0);
            let ended = sql("UPDATE plan SET effective_to = $1, revision = $2 WHERE id = $3");
            self.tx.execute(ended.bind(from).bind(revision).bind(old.0)).await?;
        }
        let revision = self.append_step(plan, step, note, head, self.recorded_at, ChangeKind::Plan).await?;
        let published = sql("UPDATE plan SET effective_from = $1, revision = $2 WHERE id = $3");
        self.tx.execute(published.bind(from).bind(revision).bind(plan.0)).await?;
        Ok(from)
    }

    /// Takes a published plan back that has not begun by `now`: it is a draft again, the plan before goes on, and owners
    /// are as if it had never been published.
    ///
    /// # Errors
    /// The plan is not published, has begun (also by another clock: tickets belong to its cells), or another one is published
    /// after it.
    pub async fn unpublish_plan(&mut self, plan: PlanId, note: &str, now: UtcMs) -> Result<(), StoreError> {
        let (_, head) = self.plan_stand(plan).await?;
        let revision = self.append_step(plan, PlanStepKind::Unpublish, note, head, now, ChangeKind::Plan).await?;
        let waited = sql("SELECT network_id, effective_from FROM plan WHERE id = $1").bind(plan.0);
        let row = self.tx.one(waited).await?;
        let (network, from): (i64, UtcMs) = (row.get("network_id")?, row.get("effective_from")?);
        self.undo_plan_ownerships(plan, revision).await?;
        self.tx.execute(sql("DELETE FROM cell_lineage WHERE plan_id = $1").bind(plan.0)).await?;
        let draft = sql("UPDATE plan SET effective_from = NULL, tickets_in_hand = 'move', revision = $1, changed_at = $2 \
             WHERE id = $3");
        self.tx.execute(draft.bind(revision).bind(self.recorded_at).bind(plan.0)).await?;
        let before = sql("SELECT id FROM plan WHERE network_id = $1 AND effective_to = $2 ORDER BY id").bind(network).bind(from);
        for old in ids_of(&self.tx.rows(before).await?)? {
            let revision = self.line(ChangeKind::Plan, old.0);
            let goes_on = sql("UPDATE plan SET effective_to = NULL, revision = $1 WHERE id = $2");
            self.tx.execute(goes_on.bind(revision).bind(old.0)).await?;
        }
        self.line(ChangeKind::Owners, network);
        Ok(())
    }
}
