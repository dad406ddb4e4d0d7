//! Edits of a draft and its history.

use super::{
    super::Names,
    super::{
        PlanError,
        edit::Outcome,
        edits::{PlanEdit, stored},
        refused::EditRefused,
        session::way_to,
        stuck::Stuck,
    },
    cell, cells_json, each, edges_json, edges_of, numbers, owner_lines,
};
use crate::{
    wall::Wall,
    wire::{
        EditBody, EditRequest, EditResult, EditView, FindingsChange, PlanGotoRequest, PlanHistory, PlanSnapshotView, PlanStuck,
    },
};
use std::collections::BTreeSet;
use wall_core::{Face, PlanId};
use wall_store::{Actor, EditRecord};

impl TryFrom<EditBody> for PlanEdit {
    type Error = EditRefused;

    fn try_from(edit: EditBody) -> Result<Self, EditRefused> {
        Ok(match edit {
            EditBody::MoveVertex { from, to, outer } => Self::MoveVertex { from, to, outer },
            EditBody::InsertVertex { a, b, at } => Self::InsertVertex { a, b, at },
            EditBody::DeleteVertex { at } => Self::DeleteVertex { at },
            EditBody::Reshape { line, outer } => Self::Reshape { line, outer },
            EditBody::Split { face, line } => Self::Split { face, line },
            EditBody::Merge { into, from } => Self::Merge { into, from },
            EditBody::Transfer { to, ring } => Self::Transfer { to, ring },
            EditBody::FillGap { at, to } => Self::FillGap { at, to },
            EditBody::CloseLanes { at_most_m } => Self::CloseLanes { at_most_m },
            EditBody::CutOut { face } => Self::CutOut { face },
            EditBody::Settle { faces } => Self::Settle { faces },
            EditBody::Simplify { faces, tolerance_m } => Self::Simplify { faces, tolerance_m },
            EditBody::Describe { face, code, name, cell_kind, community_code } => {
                Self::Describe { face, code, name, cell_kind, community_code }
            }
            EditBody::Owners { face, owners, against } => {
                let lines = |lines: Option<Vec<_>>| lines.map(|all| owner_lines(face, all)).transpose();
                Self::Owners { face, owners: lines(owners)?, against: lines(against)? }
            }
            EditBody::Number { all } => Self::Number { all },
            EditBody::Batch { edits } => Self::Batch { edits: edits.into_iter().map(Self::try_from).collect::<Result<_, _>>()? },
        })
    }
}

impl From<Stuck> for PlanStuck {
    fn from(stuck: Stuck) -> Self {
        Self {
            code: "cannot_replay".into(),
            message: stuck.message(),
            head: stuck.plan.record.head,
            plan: (&stuck.plan).into(),
            step: stuck.step as u32,
            steps: stuck.steps as u32,
            why: stuck.why.into(),
            last: stuck.last,
            rest: stuck.rest.iter().map(|e| edit_view(e, false)).collect(),
        }
    }
}

/// An edit as the history shows it.
fn edit_view(e: &EditRecord, applied: bool) -> EditView {
    EditView {
        id: e.id,
        parent: e.parent,
        kind: stored::called(&e.edit),
        cells: serde_json::from_str(&e.cells).unwrap_or_default(),
        actor: e.actor.clone(),
        at_ms: e.at.0,
        applied,
    }
}

/// What an edit, undo, redo or jump made of a plan.
fn result(outcome: Outcome<'_>, names: &Names) -> EditResult {
    let session = outcome.session;
    let (there, gone): (Vec<Face>, Vec<Face>) = outcome.touched.iter().partition(|f| session.cells.contains_key(f));
    let found = session.findings.change(session, outcome.looked);
    EditResult {
        head: session.head(),
        changed: there.iter().filter_map(|f| cell(session, *f, names)).collect(),
        removed: numbers(&gone),
        cells: cells_json(session, there.iter().copied(), names),
        edges: edges_json(edges_of(session, &there).into_iter()),
        findings: FindingsChange { looked_at: numbers(&found.looked_at), cells: each(found.cells), plan: found.plan.map(each) },
        can_undo: session.head().is_some(),
        redo: outcome.redo,
    }
}

impl Wall {
    /// What an edit would make of a draft. Nothing is stored.
    pub async fn plan_preview(&self, actor: &Actor, plan: PlanId, request: EditRequest) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.preview_edit(actor, plan, &request.edit.try_into()?, |o| result(o, &names)).await
    }

    /// Edits a draft: on disk when this returns.
    pub async fn plan_edit(&self, actor: &Actor, plan: PlanId, request: EditRequest) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.do_edit(actor, plan, &request.edit.try_into()?, request.head, |o| result(o, &names)).await
    }

    /// Goes one edit back.
    pub async fn plan_undo(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.undo_edit(actor, plan, request.seen, |o| result(o, &names)).await
    }

    /// Goes one edit forward: the one asked for, or the one walked last.
    pub async fn plan_redo(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.redo_edit(actor, plan, request.edit, request.seen, |o| result(o, &names)).await
    }

    /// Goes to any state of the history; nothing of it is lost.
    pub async fn plan_go_to(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.go_to_edit(actor, plan, request.edit, request.seen, |o| result(o, &names)).await
    }

    /// What became of a plan since it stood on an edit (0 = the beginning): what others changed, without the rest.
    ///
    /// # Errors
    /// `gap`: that is not known any more; the whole plan is to be asked for.
    pub async fn plan_changes(&self, actor: &Actor, plan: PlanId, since: i64) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        self.changes_since(actor, plan, since, |o| result(o, &names)).await
    }

    /// Names the state a draft is in.
    pub async fn plan_name_state(&self, actor: &Actor, plan: PlanId, name: &str) -> Result<PlanHistory, PlanError> {
        self.name_state(actor, plan, name).await?;
        self.plan_history(actor, plan).await
    }

    /// The history of a plan with its branches.
    pub async fn plan_history(&self, actor: &Actor, plan: PlanId) -> Result<PlanHistory, PlanError> {
        let head = self.take(actor, plan).await?.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let applied: BTreeSet<i64> = way_to(&edits, head).unwrap_or_default().iter().map(|e| e.id).collect();
        let snapshots = self.store().plan_snapshots(plan).await?;
        Ok(PlanHistory {
            head,
            edits: edits.iter().map(|e| edit_view(e, applied.contains(&e.id))).collect(),
            snapshots: snapshots
                .into_iter()
                .map(|s| PlanSnapshotView { id: s.id, name: s.name, edit: s.edit, actor: s.actor, at_ms: s.at.0 })
                .collect(),
        })
    }
}
