//! Drafts of plans: their edits as a tree, named states, steps of review, lineage.

use crate::{
    Store, StoreError, WriteTx,
    changes::ChangeKind,
    db::chunks,
    rows::{ground, word},
};
use sqlx::{QueryBuilder, Row, Sqlite};
use wall_core::{CellKind, CellRecord, NetworkId, Plan, PlanId, PlanStatus, UtcMs};

/// A plan with where it comes from and who had a say in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanRecord {
    /// The plan.
    pub plan: Plan,
    /// The plan it was drawn from.
    pub base: Option<PlanId>,
    /// The edit it stands on; `None` = the beginning.
    pub head: Option<i64>,
    /// Who made it.
    pub author: String,
    /// Who sent it to review; empty = nobody.
    pub submitted_by: String,
    /// Who reviewed it last; empty = nobody.
    pub reviewed_by: String,
    /// What was said in review.
    pub review_note: String,
    /// Whether the reviewer agreed.
    pub approved: bool,
    /// When it takes effect, open tickets stay with the code of their cell instead of moving with the ground.
    pub tickets_stay: bool,
    /// Number of its cells as they are written.
    pub cells: u32,
    /// Number of its edits, on all branches.
    pub edits: u32,
    /// When it was last changed.
    pub changed_at: UtcMs,
    /// Names on screen of those of the three people above who have accounts, by the name they sign in with.
    pub people: std::collections::BTreeMap<String, String>,
}

/// One edit of a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditRecord {
    /// Identity.
    pub id: i64,
    /// The edit before; `None` = the beginning.
    pub parent: Option<i64>,
    /// The edit, JSON.
    pub edit: String,
    /// Codes of the cells it was about, JSON.
    pub cells: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: UtcMs,
    /// Ascending: the larger, the later it was walked.
    pub visited: i64,
}

/// A named state of a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotRecord {
    /// Identity.
    pub id: i64,
    /// Name.
    pub name: String,
    /// The edit it names; `None` = the beginning.
    pub edit: Option<i64>,
    /// Who.
    pub actor: String,
    /// When.
    pub at: UtcMs,
}

/// What became of a code when a plan was published.
#[derive(Clone, PartialEq, Debug)]
pub struct LineageRecord {
    /// Code before; empty = none.
    pub from: String,
    /// Code after; empty = none.
    pub to: String,
    /// same, reshaped, split, merged, new, retired.
    pub kind: String,
    /// Share of the old cell's ground, 0 … 1.
    pub area_share: f64,
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

const PLAN_COLUMNS: &str = "SELECT id, network_id, name, status, effective_from, effective_to, base_plan_id, head_edit_id, author, \
     submitted_by, reviewed_by, review_note, approved, tickets_in_hand, \
     (SELECT count(*) FROM cell WHERE plan_id = plan.id), (SELECT count(*) FROM plan_edit WHERE plan_id = plan.id), \
     max(changed_at, recorded_at), (SELECT json_group_object(name, display_name) FROM account \
     WHERE name IN (plan.author, plan.submitted_by, plan.reviewed_by)) FROM plan";

fn plan_record(r: &sqlx::sqlite::SqliteRow) -> Result<PlanRecord, StoreError> {
    let (id, status): (i64, &str) = (r.get(0), r.get(3));
    let time = |i: usize| r.get::<Option<i64>, _>(i).map(UtcMs);
    Ok(PlanRecord {
        plan: Plan {
            id: PlanId(id),
            network: NetworkId(r.get(1)),
            name: r.get(2),
            status: word(PlanStatus::from_code(status), "plan", id, status)?,
            effective_from: time(4),
            effective_to: time(5),
        },
        base: r.get::<Option<i64>, _>(6).map(PlanId),
        head: r.get(7),
        author: r.get(8),
        submitted_by: r.get(9),
        reviewed_by: r.get(10),
        review_note: r.get(11),
        approved: r.get::<i64, _>(12) != 0,
        tickets_stay: r.get::<&str, _>(13) == "stay",
        cells: r.get(14),
        edits: r.get(15),
        changed_at: UtcMs(r.get(16)),
        people: word(serde_json::from_str(r.get(17)).ok(), "plan", id, "people")?,
    })
}

fn cell_record(r: &sqlx::sqlite::SqliteRow) -> Result<CellRecord, StoreError> {
    let (code, kind): (String, &str) = (r.get(0), r.get(2));
    let at: u32 = r.get(5);
    Ok(CellRecord {
        code,
        name: r.get(1),
        kind: word(CellKind::from_code(kind), "cell", i64::from(at), kind)?,
        community_code: r.get(3),
        community_name: String::new(),
        households: r.get(4),
        owner: None,
        feature_index: at,
        geometry: word(ground::decode(r.get(6)), "cell", i64::from(at), "geometry")?,
    })
}

fn edit_record(r: &sqlx::sqlite::SqliteRow) -> EditRecord {
    EditRecord {
        id: r.get(0),
        parent: r.get(1),
        edit: r.get(2),
        cells: r.get(3),
        actor: r.get(4),
        at: UtcMs(r.get(5)),
        visited: r.get(6),
    }
}

impl Store {
    /// All plans of all networks, newest first. O(plans).
    pub async fn plan_records(&self) -> Result<Vec<PlanRecord>, StoreError> {
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(format!("{PLAN_COLUMNS} ORDER BY id DESC"))).fetch_all(&self.inner.reader).await?;
        rows.iter().map(plan_record).collect()
    }

    /// One plan.
    pub async fn plan_record(&self, plan: PlanId) -> Result<Option<PlanRecord>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{PLAN_COLUMNS} WHERE id = ?")))
            .bind(plan.0)
            .fetch_optional(&self.inner.reader)
            .await?;
        row.as_ref().map(plan_record).transpose()
    }

    /// The cells that the edits of a plan begin from, in order: face 0, 1, …
    pub async fn draft_base(&self, plan: PlanId) -> Result<Vec<CellRecord>, StoreError> {
        let kept = sqlx::query(
            "SELECT code, name, kind, community_code, households, feature_index, geometry FROM draft_cell WHERE plan_id = ? ORDER BY face",
        )
        .bind(plan.0)
        .fetch_all(&self.inner.reader)
        .await?;
        if kept.is_empty() { self.written_cells(plan).await } else { kept.iter().map(cell_record).collect() }
    }

    /// The cells of a plan as they are written: those of a published plan, or of a draft when it was made or submitted.
    pub async fn written_cells(&self, plan: PlanId) -> Result<Vec<CellRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT code, name, kind, community_code, households, feature_index, geometry FROM cell WHERE plan_id = ? ORDER BY feature_index, id",
        )
        .bind(plan.0)
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter().map(cell_record).collect()
    }

    /// All edits of a plan, oldest first.
    pub async fn plan_edits(&self, plan: PlanId) -> Result<Vec<EditRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, parent_id, edit, cells, actor, recorded_at, visited FROM plan_edit WHERE plan_id = ? ORDER BY id",
        )
        .bind(plan.0)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(edit_record).collect())
    }

    /// One edit of a plan.
    pub async fn plan_edit(&self, plan: PlanId, id: i64) -> Result<Option<EditRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT id, parent_id, edit, cells, actor, recorded_at, visited FROM plan_edit WHERE plan_id = ? AND id = ?",
        )
        .bind(plan.0)
        .bind(id)
        .fetch_optional(&self.inner.reader)
        .await?;
        Ok(row.as_ref().map(edit_record))
    }

    /// Named states of a plan, oldest first.
    pub async fn plan_snapshots(&self, plan: PlanId) -> Result<Vec<SnapshotRecord>, StoreError> {
        let rows = sqlx::query("SELECT id, name, edit_id, actor, recorded_at FROM plan_snapshot WHERE plan_id = ? ORDER BY id")
            .bind(plan.0)
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows
            .iter()
            .map(|r| SnapshotRecord { id: r.get(0), name: r.get(1), edit: r.get(2), actor: r.get(3), at: UtcMs(r.get(4)) })
            .collect())
    }

    /// Everybody who made, edited or sent a plan to review, or took an edit of it back.
    pub async fn plan_hands(&self, plan: PlanId) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT author FROM plan WHERE id = ?1 UNION SELECT actor FROM plan_hand WHERE plan_id = ?1")
            .bind(plan.0)
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// Codes that any published plan of a network ever used. O(cells of all published plans).
    pub async fn codes_ever_published(&self, network: NetworkId) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT c.code FROM cell c JOIN plan p ON p.id = c.plan_id \
             WHERE p.network_id = ? AND p.effective_from IS NOT NULL ORDER BY c.code",
        )
        .bind(network.0)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// The plan that was in force until this one took effect.
    pub async fn plan_before(&self, network: NetworkId, plan: PlanId) -> Result<Option<PlanId>, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM plan WHERE network_id = ?1 AND effective_to = (SELECT effective_from FROM plan WHERE id = ?2) AND id <> ?2",
        )
        .bind(network.0)
        .bind(plan.0)
        .fetch_optional(&self.inner.reader)
        .await?;
        Ok(row.map(|r| PlanId(r.get(0))))
    }

    /// Plans of a network that are somebody's work on the desk: drawn from another plan, edited, or taken a step in review.
    pub async fn drawn_plans(&self, network: NetworkId) -> Result<Vec<PlanId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM plan WHERE network_id = ? AND (base_plan_id IS NOT NULL OR status IN ('in_review', 'retired') \
             OR EXISTS (SELECT 1 FROM plan_hand h WHERE h.plan_id = plan.id))",
        )
        .bind(network.0)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(|r| PlanId(r.get(0))).collect())
    }

    /// What became of what when a plan was published.
    pub async fn lineage(&self, plan: PlanId) -> Result<Vec<LineageRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT from_code, to_code, kind, area_share FROM cell_lineage WHERE plan_id = ? ORDER BY from_code, to_code",
        )
        .bind(plan.0)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(|r| LineageRecord { from: r.get(0), to: r.get(1), kind: r.get(2), area_share: r.get(3) }).collect())
    }
}

impl WriteTx {
    /// A draft with these cells, drawn from another plan or from nothing.
    pub async fn new_draft(
        &mut self,
        network: NetworkId,
        name: &str,
        base: Option<PlanId>,
        cells: &[CellRecord],
    ) -> Result<PlanId, StoreError> {
        let (plan, _) = self.draft_plan(&crate::PlanDraft { network, name, cells }).await?;
        sqlx::query("UPDATE plan SET base_plan_id = ?, changed_at = ? WHERE id = ?")
            .bind(base.map(|b| b.0))
            .bind(self.recorded_at.0)
            .bind(plan.0)
            .execute(self.tx.sqlite())
            .await?;
        // Whoever drew what this one is drawn from had a hand in it too, until that was published: nobody reviews their own.
        if let Some(base) = base {
            sqlx::query(
                "INSERT OR IGNORE INTO plan_hand (plan_id, actor) SELECT ?1, h.actor FROM plan b JOIN (SELECT id, author AS actor FROM plan \
                 UNION SELECT plan_id, actor FROM plan_hand) h ON h.id = b.id WHERE b.id = ?2 AND b.effective_from IS NULL",
            )
            .bind(plan.0)
            .bind(base.0)
            .execute(self.tx.sqlite())
            .await?;
            self.inherit_doubts(plan, base).await?;
        }
        Ok(plan)
    }

    /// The status of a plan and its head, as they are inside this transaction.
    async fn plan_stand(&mut self, plan: PlanId) -> Result<(PlanStatus, Option<i64>), StoreError> {
        let row = sqlx::query("SELECT status, head_edit_id FROM plan WHERE id = ?")
            .bind(plan.0)
            .fetch_optional(self.tx.sqlite())
            .await?
            .ok_or_else(|| StoreError::Refused(format!("there is no plan {}", plan.0)))?;
        let status: &str = row.get(0);
        Ok((word(PlanStatus::from_code(status), "plan", plan.0, status)?, row.get(1)))
    }

    /// A published plan is never edited; one in review is not edited either.
    async fn open_draft(&mut self, plan: PlanId, head: Option<i64>) -> Result<(), StoreError> {
        let (status, stored) = self.plan_stand(plan).await?;
        if status != PlanStatus::Draft {
            return Err(StoreError::Refused(format!("plan {} is {}; only a draft is edited", plan.0, status.code())));
        }
        self.same_head(plan, stored, head)
    }

    fn same_head(&self, plan: PlanId, stored: Option<i64>, head: Option<i64>) -> Result<(), StoreError> {
        match stored == head {
            true => Ok(()),
            false => Err(StoreError::Refused(format!("plan {} was changed by somebody else meanwhile", plan.0))),
        }
    }

    async fn next_visit(&mut self) -> Result<i64, StoreError> {
        Ok(sqlx::query("SELECT coalesce(max(visited), 0) + 1 FROM plan_edit").fetch_one(self.tx.sqlite()).await?.try_get(0)?)
    }

    /// Notes that the actor had a hand in a plan.
    async fn note_hand(&mut self, plan: PlanId) -> Result<(), StoreError> {
        sqlx::query("INSERT OR IGNORE INTO plan_hand (plan_id, actor) VALUES (?, ?)")
            .bind(plan.0)
            .bind(&self.actor.who)
            .execute(self.tx.sqlite())
            .await?;
        Ok(())
    }

    async fn move_head(&mut self, plan: PlanId, head: Option<i64>) -> Result<(), StoreError> {
        self.note_hand(plan).await?;
        self.line(ChangeKind::Draft, plan.0);
        sqlx::query("UPDATE plan SET head_edit_id = ?, changed_at = ? WHERE id = ?")
            .bind(head)
            .bind(self.recorded_at.0)
            .bind(plan.0)
            .execute(self.tx.sqlite())
            .await?;
        Ok(())
    }

    /// What the edits begin from is kept apart once, because the plan's own cells are written anew later.
    async fn keep_base(&mut self, plan: PlanId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO draft_cell (plan_id, face, code, name, kind, community_code, households, feature_index, geometry) \
             SELECT plan_id, row_number() OVER (ORDER BY feature_index, id) - 1, code, name, kind, community_code, households, \
             feature_index, geometry FROM cell WHERE plan_id = ?1 AND NOT EXISTS (SELECT 1 FROM draft_cell WHERE plan_id = ?1)",
        )
        .bind(plan.0)
        .execute(self.tx.sqlite())
        .await?;
        Ok(())
    }

    /// Adds an edit behind `head` (which must be the plan's head) and makes it the head. Returns its id.
    pub async fn add_edit(&mut self, plan: PlanId, head: Option<i64>, edit: &str, cells: &str) -> Result<i64, StoreError> {
        self.open_draft(plan, head).await?;
        self.keep_base(plan).await?;
        let (id, visited) = (self.next_id("plan_edit").await?, self.next_visit().await?);
        sqlx::query("INSERT INTO plan_edit (id, plan_id, parent_id, edit, cells, actor, recorded_at, visited) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(plan.0)
            .bind(head)
            .bind(edit)
            .bind(cells)
            .bind(&self.actor.who)
            .bind(self.recorded_at.0)
            .bind(visited)
            .execute(self.tx.sqlite())
            .await?;
        self.move_head(plan, Some(id)).await?;
        Ok(id)
    }

    /// Moves the head of a draft from `head` to another edit of the same plan (undo, redo, a named state).
    pub async fn set_head(&mut self, plan: PlanId, head: Option<i64>, to: Option<i64>) -> Result<(), StoreError> {
        self.open_draft(plan, head).await?;
        if let Some(edit) = to {
            let visited = self.next_visit().await?;
            let done = sqlx::query("UPDATE plan_edit SET visited = ? WHERE id = ? AND plan_id = ?")
                .bind(visited)
                .bind(edit)
                .bind(plan.0)
                .execute(self.tx.sqlite())
                .await?;
            if done.rows_affected() == 0 {
                return Err(StoreError::Refused(format!("plan {} has no edit {edit}", plan.0)));
            }
        }
        self.move_head(plan, to).await
    }

    /// Names the state a draft is in.
    pub async fn add_snapshot(&mut self, plan: PlanId, name: &str) -> Result<(), StoreError> {
        let (_, head) = self.plan_stand(plan).await?;
        let id = self.next_id("plan_snapshot").await?;
        sqlx::query("INSERT INTO plan_snapshot (id, plan_id, name, edit_id, actor, recorded_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(plan.0)
            .bind(name)
            .bind(head)
            .bind(&self.actor.who)
            .bind(self.recorded_at.0)
            .execute(self.tx.sqlite())
            .await?;
        self.line(ChangeKind::Draft, plan.0);
        Ok(())
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
        let who = self.actor.who.clone();
        let mut query = QueryBuilder::<Sqlite>::new("UPDATE plan SET status = ");
        query.push_bind(to.code()).push(", changed_at = ").push_bind(self.recorded_at.0);
        query.push(", approved = ").push_bind(i64::from(step == PlanStep::Approve));
        match step {
            PlanStep::Submit => {
                query.push(", submitted_by = ").push_bind(&who).push(", reviewed_by = '', review_note = ''");
            }
            PlanStep::Approve | PlanStep::Return => {
                query.push(", reviewed_by = ").push_bind(&who).push(", review_note = ").push_bind(note);
            }
            PlanStep::Withdraw | PlanStep::Retire => {}
        }
        query.push(" WHERE id = ").push_bind(plan.0);
        query.build().execute(self.tx.sqlite()).await?;
        if step == PlanStep::Submit {
            self.note_hand(plan).await?;
        }
        self.note_step(plan, step.code(), note, head).await?;
        self.line(ChangeKind::Draft, plan.0);
        Ok(())
    }

    async fn note_step(&mut self, plan: PlanId, step: &str, note: &str, head: Option<i64>) -> Result<(), StoreError> {
        let id = self.next_id("plan_step").await?;
        sqlx::query("INSERT INTO plan_step (id, plan_id, step, note, edit_id, actor, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(plan.0)
            .bind(step)
            .bind(note)
            .bind(head)
            .bind(&self.actor.who)
            .bind(self.recorded_at.0)
            .execute(self.tx.sqlite())
            .await?;
        Ok(())
    }

    /// Writes the cells of a plan that was never published anew: as they are after its edits. O(cells).
    pub async fn replace_cells(&mut self, plan: PlanId, cells: &[CellRecord]) -> Result<(), StoreError> {
        let (status, _) = self.plan_stand(plan).await?;
        if !matches!(status, PlanStatus::Draft | PlanStatus::InReview) {
            return Err(StoreError::Refused(format!("plan {} is {}; its cells stay as they are", plan.0, status.code())));
        }
        self.keep_base(plan).await?;
        let hash = self.store.cells_hash(cells);
        sqlx::query("DELETE FROM cell WHERE plan_id = ?").bind(plan.0).execute(self.tx.sqlite()).await?;
        self.put_cells(plan, cells).await?;
        sqlx::query("UPDATE plan SET content_hash = ?, changed_at = ? WHERE id = ?")
            .bind(hash)
            .bind(self.recorded_at.0)
            .bind(plan.0)
            .execute(self.tx.sqlite())
            .await?;
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
        let network =
            sqlx::query("SELECT network_id FROM plan WHERE id = ?").bind(plan.0).fetch_one(self.tx.sqlite()).await?.get(0);
        let last = self.last_published(NetworkId(network)).await?;
        if last != before {
            return Err(StoreError::Refused("another plan was published meanwhile; look at the impact again".into()));
        }
        let done = sqlx::query(
            "UPDATE plan SET tickets_in_hand = ?, changed_at = ? WHERE id = ? AND status = 'in_review' AND approved = 1",
        )
        .bind(if tickets_stay { "stay" } else { "move" })
        .bind(self.recorded_at.0)
        .bind(plan.0)
        .execute(self.tx.sqlite())
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Refused(format!("plan {} is not agreed to any more", plan.0)));
        }
        self.put_lineage(plan, lineage).await?;
        self.note_step(plan, "publish", note, head).await
    }

    /// What became of which code with a plan.
    pub async fn put_lineage(&mut self, plan: PlanId, lineage: &[LineageRecord]) -> Result<(), StoreError> {
        for chunk in chunks(lineage) {
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT INTO cell_lineage (plan_id, from_code, to_code, kind, area_share) ");
            query.push_values(chunk, |mut row, l| {
                row.push_bind(plan.0).push_bind(&l.from).push_bind(&l.to).push_bind(&l.kind).push_bind(l.area_share);
            });
            query.build().execute(self.tx.sqlite()).await?;
        }
        Ok(())
    }

    /// Takes a published plan back that has not begun by `now`: it is a draft again, the plan before goes on, and owners
    /// are as if it had never been published.
    ///
    /// # Errors
    /// The plan is not published, has begun (also by another clock: tickets belong to its cells), or another one is published
    /// after it.
    pub async fn unpublish_plan(&mut self, plan: PlanId, note: &str, now: UtcMs) -> Result<(), StoreError> {
        let (_, head) = self.plan_stand(plan).await?;
        let row = sqlx::query(
            "SELECT network_id, effective_from FROM plan WHERE id = ? AND status = 'published' AND effective_from > ? AND effective_to IS NULL \
             AND NOT EXISTS (SELECT 1 FROM attribution WHERE plan_id = plan.id)",
        )
        .bind(plan.0)
        .bind(now.0)
        .fetch_optional(self.tx.sqlite())
        .await?;
        let Some(row) = row else {
            return Err(StoreError::Refused(format!("plan {} has begun, or another one is published after it", plan.0)));
        };
        let (network, from): (i64, i64) = (row.get(0), row.get(1));
        let revision = self.line(ChangeKind::Plan, plan.0);
        self.undo_plan_ownerships(plan, revision).await?;
        let undo = [
            "DELETE FROM cell_lineage WHERE plan_id = ?1",
            "UPDATE plan SET status = 'draft', approved = 0, effective_from = NULL, tickets_in_hand = 'move', revision = ?2, \
             changed_at = ?3 WHERE id = ?1",
        ];
        for statement in undo {
            sqlx::query(statement).bind(plan.0).bind(revision).bind(self.recorded_at.0).execute(self.tx.sqlite()).await?;
        }
        let before: Vec<i64> = sqlx::query("SELECT id FROM plan WHERE network_id = ? AND effective_to = ?")
            .bind(network)
            .bind(from)
            .fetch_all(self.tx.sqlite())
            .await?
            .iter()
            .map(|r| r.get(0))
            .collect();
        for old in before {
            let revision = self.line(ChangeKind::Plan, old);
            sqlx::query("UPDATE plan SET effective_to = NULL, revision = ? WHERE id = ?")
                .bind(revision)
                .bind(old)
                .execute(self.tx.sqlite())
                .await?;
        }
        self.line(ChangeKind::Owners, network);
        self.note_step(plan, "unpublish", note, head).await
    }
}
