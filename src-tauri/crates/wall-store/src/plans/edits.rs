//! The edits of a draft as a tree, its named states, and the cells they begin from.

use crate::{
    Store, StoreError, WriteTx,
    cells::geometry_of,
    db::{Row, sql},
    kinds::ChangeKind,
};
use wall_core::{CellKind, CellRecord, PlanId, PlanStatus, UtcMs};

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

const EDITS: &str = "SELECT id, parent_id, edit, cells, actor, recorded_at, visited FROM plan_edit WHERE plan_id = $1";

fn edit_record(r: &Row) -> Result<EditRecord, StoreError> {
    Ok(EditRecord {
        id: r.get("id")?,
        parent: r.get("parent_id")?,
        edit: r.get("edit")?,
        cells: r.get("cells")?,
        actor: r.get("actor")?,
        at: r.get("recorded_at")?,
        visited: r.get("visited")?,
    })
}

fn snapshot_record(r: &Row) -> Result<SnapshotRecord, StoreError> {
    Ok(SnapshotRecord {
        id: r.get("id")?,
        name: r.get("name")?,
        edit: r.get("edit_id")?,
        actor: r.get("actor")?,
        at: r.get("recorded_at")?,
    })
}

fn cell_record(r: &Row) -> Result<CellRecord, StoreError> {
    let at: u32 = r.get("feature_index")?;
    Ok(CellRecord {
        code: r.get("code")?,
        name: r.get("name")?,
        kind: r.word("cell", "kind", CellKind::from_code)?,
        community_code: r.get("community_code")?,
        community_name: String::new(),
        households: r.get("households")?,
        owner: None,
        feature_index: at,
        geometry: geometry_of(r, i64::from(at))?,
    })
}

impl Store {
    /// The cells that the edits of a plan begin from, in order: face 0, 1, …
    pub async fn draft_base(&self, plan: PlanId) -> Result<Vec<CellRecord>, StoreError> {
        let kept = sql("SELECT code, name, kind, community_code, households, feature_index, geometry FROM draft_cell \
             WHERE plan_id = $1 ORDER BY face");
        let kept = self.inner.read.rows(kept.bind(plan.0)).await?;
        if kept.is_empty() { self.written_cells(plan).await } else { kept.iter().map(cell_record).collect() }
    }

    /// The cells of a plan as they are written: those of a published plan, or of a draft when it was made or submitted.
    pub async fn written_cells(&self, plan: PlanId) -> Result<Vec<CellRecord>, StoreError> {
        let written = sql("SELECT code, name, kind, community_code, households, feature_index, geometry FROM cell \
             WHERE plan_id = $1 ORDER BY feature_index, id");
        self.inner.read.rows(written.bind(plan.0)).await?.iter().map(cell_record).collect()
    }

    /// All edits of a plan, oldest first.
    pub async fn plan_edits(&self, plan: PlanId) -> Result<Vec<EditRecord>, StoreError> {
        self.inner.read.rows(sql(EDITS).bind(plan.0).push(" ORDER BY id")).await?.iter().map(edit_record).collect()
    }

    /// One edit of a plan.
    pub async fn plan_edit(&self, plan: PlanId, id: i64) -> Result<Option<EditRecord>, StoreError> {
        let row = self.inner.read.optional(sql(EDITS).bind(plan.0).push(" AND id = ").push_bind(id)).await?;
        row.as_ref().map(edit_record).transpose()
    }

    /// Named states of a plan, oldest first.
    pub async fn plan_snapshots(&self, plan: PlanId) -> Result<Vec<SnapshotRecord>, StoreError> {
        let states = sql("SELECT id, name, edit_id, actor, recorded_at FROM plan_snapshot WHERE plan_id = $1 ORDER BY id");
        self.inner.read.rows(states.bind(plan.0)).await?.iter().map(snapshot_record).collect()
    }
}

impl WriteTx {
    /// A published plan is never edited; one in review is not edited either.
    async fn open_draft(&mut self, plan: PlanId, head: Option<i64>) -> Result<(), StoreError> {
        let (status, stored) = self.plan_stand(plan).await?;
        if status != PlanStatus::Draft {
            return Err(StoreError::Refused(format!("plan {} is {}; only a draft is edited", plan.0, status.code())));
        }
        self.same_head(plan, stored, head)
    }

    async fn next_visit(&mut self) -> Result<i64, StoreError> {
        self.tx.one(sql("SELECT coalesce(max(visited), 0) + 1 AS next FROM plan_edit")).await?.get("next")
    }

    async fn move_head(&mut self, plan: PlanId, head: Option<i64>) -> Result<(), StoreError> {
        self.note_hand(plan).await?;
        self.line(ChangeKind::Draft, plan.0);
        let moved = sql("UPDATE plan SET head_edit_id = $1, changed_at = $2 WHERE id = $3");
        self.tx.execute(moved.bind(head).bind(self.recorded_at).bind(plan.0)).await.map(drop)
    }

    /// What the edits begin from is kept apart once, because the plan's own cells are written anew later.
    pub(super) async fn keep_base(&mut self, plan: PlanId) -> Result<(), StoreError> {
        let kept =
            sql("INSERT INTO draft_cell (plan_id, face, code, name, kind, community_code, households, feature_index, geometry) \
             SELECT plan_id, row_number() OVER (ORDER BY feature_index, id) - 1, code, name, kind, community_code, households, \
             feature_index, geometry FROM cell WHERE plan_id = $1 AND NOT EXISTS (SELECT 1 FROM draft_cell WHERE plan_id = $1)");
        self.tx.execute(kept.bind(plan.0)).await.map(drop)
    }

    /// Adds an edit behind `head` (which must be the plan's head) and makes it the head. Returns its id.
    pub async fn add_edit(&mut self, plan: PlanId, head: Option<i64>, edit: &str, cells: &str) -> Result<i64, StoreError> {
        self.open_draft(plan, head).await?;
        self.keep_base(plan).await?;
        let (id, visited) = (self.ids("plan_edit", 1).await?, self.next_visit().await?);
        let row = sql("INSERT INTO plan_edit (id, plan_id, parent_id, edit, cells, actor, recorded_at, visited) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(id)
        .bind(plan.0)
        .bind(head)
        .bind(edit)
        .bind(cells)
        .bind(&self.actor.who)
        .bind(self.recorded_at)
        .bind(visited);
        self.tx.execute(row).await?;
        self.move_head(plan, Some(id)).await?;
        Ok(id)
    }

    /// Moves the head of a draft from `head` to another edit of the same plan (undo, redo, a named state).
    pub async fn set_head(&mut self, plan: PlanId, head: Option<i64>, to: Option<i64>) -> Result<(), StoreError> {
        self.open_draft(plan, head).await?;
        if let Some(edit) = to {
            let visited = self.next_visit().await?;
            let walked = sql("UPDATE plan_edit SET visited = $1 WHERE id = $2 AND plan_id = $3");
            if self.tx.execute(walked.bind(visited).bind(edit).bind(plan.0)).await? == 0 {
                return Err(StoreError::Refused(format!("plan {} has no edit {edit}", plan.0)));
            }
        }
        self.move_head(plan, to).await
    }

    /// Names the state a draft is in.
    pub async fn add_snapshot(&mut self, plan: PlanId, name: &str) -> Result<(), StoreError> {
        let (_, head) = self.plan_stand(plan).await?;
        let id = self.ids("plan_snapshot", 1).await?;
        let state =
            sql("INSERT INTO plan_snapshot (id, plan_id, name, edit_id, actor, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(id)
                .bind(plan.0)
                .bind(name)
                .bind(head)
                .bind(&self.actor.who)
                .bind(self.recorded_at);
        self.tx.execute(state).await?;
        self.line(ChangeKind::Draft, plan.0);
        Ok(())
    }
}
