//! The life of a plan: drafted, sent to review, published from a time on, taken back, put away.

use super::{LineageRecord, ids_of, last_published};
use crate::{StoreError, WriteTx, changes::ChangeKind, db::sql};
use wall_core::{CellId, CellRecord, NetworkId, PlanId, PlanStatus, UtcMs};

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

/// A step of a plan's life that changes nothing else than where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanStep {
    /// Sent to review.
    Submit,
    /// Taken back by the one who sent it.
    Withdraw,
    /// Agreed to in review.
    Approve,
    /// Sent back with a note.
    Return,
    /// Put away: a draft that will not be published.
    Retire,
}

impl PlanStep {
    /// The word in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Withdraw => "withdraw",
            Self::Approve => "approve",
            Self::Return => "return",
            Self::Retire => "retire",
        }
    }
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

    /// A step of a plan's life, with its line in the record of steps; `head` is the edit that was looked at. Who may take it
    /// is the service's to say.
    pub async fn step_plan(&mut self, plan: PlanId, head: Option<i64>, step: PlanStep, note: &str) -> Result<(), StoreError> {
        let (status, stored) = self.plan_stand(plan).await?;
        self.same_head(plan, stored, head)?;
        let to = match (step, status) {
            (PlanStep::Submit, PlanStatus::Draft) => PlanStatus::InReview,
            (PlanStep::Withdraw | PlanStep::Return, PlanStatus::InReview) => PlanStatus::Draft,
            (PlanStep::Approve, PlanStatus::InReview) => PlanStatus::InReview,
            (PlanStep::Retire, PlanStatus::Draft | PlanStatus::InReview) => PlanStatus::Retired,
            _ => {
                return Err(StoreError::Refused(format!(
                    "plan {} is {}: {} is not possible",
                    plan.0,
                    status.code(),
                    step.code()
                )));
            }
        };
        let who = &self.actor.who;
        let stand = sql("UPDATE plan SET status = $1, changed_at = $2, approved = $3")
            .bind(to.code())
            .bind(self.recorded_at)
            .bind(step == PlanStep::Approve);
        let stand = match step {
            PlanStep::Submit => stand.push(", submitted_by = ").push_bind(who).push(", reviewed_by = '', review_note = ''"),
            PlanStep::Approve | PlanStep::Return => {
                stand.push(", reviewed_by = ").push_bind(who).push(", review_note = ").push_bind(note)
            }
            PlanStep::Withdraw | PlanStep::Retire => stand,
        };
        self.tx.execute(stand.push(" WHERE id = ").push_bind(plan.0)).await?;
        if step == PlanStep::Submit {
            self.note_hand(plan).await?;
        }
        self.note_step(plan, step.code(), note, head).await?;
        self.line(ChangeKind::Draft, plan.0);
        Ok(())
    }

    async fn note_step(&mut self, plan: PlanId, step: &str, note: &str, head: Option<i64>) -> Result<(), StoreError> {
        let id = self.ids("plan_step", 1).await?;
        let line = sql("INSERT INTO plan_step (id, plan_id, step, note, edit_id, actor, recorded_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(id)
        .bind(plan.0)
        .bind(step)
        .bind(note)
        .bind(head)
        .bind(&self.actor.who)
        .bind(self.recorded_at);
        self.tx.execute(line).await.map(drop)
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

    /// What goes with publishing a reviewed draft: the rule for tickets in hand, the step, what became of which code. `head` is
    /// the edit and `before` the last published plan that were looked at; only what a second person agreed to is published.
    pub async fn note_publishing(
        &mut self,
        plan: PlanId,
        head: Option<i64>,
        before: Option<PlanId>,
        tickets_stay: bool,
        note: &str,
        lineage: &[LineageRecord],
    ) -> Result<(), StoreError> {
        let (_, stored) = self.plan_stand(plan).await?;
        self.same_head(plan, stored, head)?;
        let network = self.tx.one(sql("SELECT network_id FROM plan WHERE id = $1").bind(plan.0)).await?.get("network_id")?;
        let last = self.last_published(NetworkId(network)).await?;
        if last != before {
            return Err(StoreError::Refused("another plan was published meanwhile; look at the impact again".into()));
        }
        let rule =
            sql("UPDATE plan SET tickets_in_hand = $1, changed_at = $2 WHERE id = $3 AND status = 'in_review' AND approved");
        let rule = rule.bind(if tickets_stay { "stay" } else { "move" }).bind(self.recorded_at).bind(plan.0);
        if self.tx.execute(rule).await? == 0 {
            return Err(StoreError::Refused(format!("plan {} is not agreed to any more", plan.0)));
        }
        self.put_lineage(plan, lineage).await?;
        self.note_step(plan, "publish", note, head).await
    }

    /// Publishes a draft from `effective` on; the plan in force before ends there. The first plan of a network is in
    /// force since always ([`PLAN_EPOCH`]) unless a time is given. Returns the time it takes effect.
    pub async fn publish_plan(&mut self, plan: PlanId, effective: Option<UtcMs>) -> Result<UtcMs, StoreError> {
        let row = self.tx.optional(sql("SELECT network_id, status FROM plan WHERE id = $1").bind(plan.0)).await?;
        let row = row.ok_or_else(|| no_plan(plan))?;
        let (network, status): (i64, &str) = (row.get("network_id")?, row.get("status")?);
        if status == "published" || status == "retired" {
            return Err(StoreError::Refused(format!("plan {} is {status}; a published plan is never changed", plan.0)));
        }
        let last = self.tx.optional(last_published(network)).await?;
        let from = match (&last, effective) {
            (_, Some(t)) => t,
            (None, None) => PLAN_EPOCH,
            (Some(_), None) => self.recorded_at,
        };
        if let Some(row) = last {
            let (old, old_from): (i64, UtcMs) = (row.get("id")?, row.get("effective_from")?);
            if old_from >= from {
                return Err(StoreError::Refused(format!(
                    "plan {old} is in force from {}; a new one must begin later",
                    old_from.to_rfc3339()
                )));
            }
            let revision = self.line(ChangeKind::Plan, old);
            let ended = sql("UPDATE plan SET effective_to = $1, revision = $2 WHERE id = $3");
            self.tx.execute(ended.bind(from).bind(revision).bind(old)).await?;
        }
        let revision = self.line(ChangeKind::Plan, plan.0);
        let published = sql("UPDATE plan SET status = 'published', effective_from = $1, revision = $2 WHERE id = $3");
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
        let waiting = sql("SELECT network_id, effective_from FROM plan WHERE id = $1 AND status = 'published' \
             AND effective_from > $2 AND effective_to IS NULL AND NOT EXISTS (SELECT 1 FROM attribution WHERE plan_id = plan.id)");
        let Some(row) = self.tx.optional(waiting.bind(plan.0).bind(now)).await? else {
            return Err(StoreError::Refused(format!("plan {} has begun, or another one is published after it", plan.0)));
        };
        let (network, from): (i64, UtcMs) = (row.get("network_id")?, row.get("effective_from")?);
        let revision = self.line(ChangeKind::Plan, plan.0);
        self.undo_plan_ownerships(plan, revision).await?;
        self.tx.execute(sql("DELETE FROM cell_lineage WHERE plan_id = $1").bind(plan.0)).await?;
        let draft = sql("UPDATE plan SET status = 'draft', approved = $1, effective_from = NULL, tickets_in_hand = 'move', \
             revision = $2, changed_at = $3 WHERE id = $4");
        self.tx.execute(draft.bind(false).bind(revision).bind(self.recorded_at).bind(plan.0)).await?;
        let before = sql("SELECT id FROM plan WHERE network_id = $1 AND effective_to = $2 ORDER BY id").bind(network).bind(from);
        for old in ids_of(&self.tx.rows(before).await?)? {
            let revision = self.line(ChangeKind::Plan, old.0);
            let goes_on = sql("UPDATE plan SET effective_to = NULL, revision = $1 WHERE id = $2");
            self.tx.execute(goes_on.bind(revision).bind(old.0)).await?;
        }
        self.line(ChangeKind::Owners, network);
        self.note_step(plan, "unpublish", note, head).await
    }
}

fn no_plan(plan: PlanId) -> StoreError {
    StoreError::Refused(format!("there is no plan {}", plan.0))
}
