//! Commands on a draft: edits, undo and redo, jumps, named states.

use super::{
    PlanError,
    edits::{PlanEdit, stored},
    findings::Looked,
    queries::redo_of,
    refused::{EditRefused, refusal},
    same_head,
    session::{NotReplayed, Session, way_to},
    touched::Walked,
};
use crate::wall::{
    Wall, WallError,
    reach::{Target, TouchedCell, cells_beyond, may_touch},
    write::Unaudited,
};
use std::collections::BTreeSet;
use wall_core::{Face, PlanId, PlanStatus, Right, Within};
use wall_store::{Actor, EditRecord, PlanRecord, StoreError};

/// Largest stored edit, bytes.
const EDIT_BYTES: usize = 4 << 20;

pub(super) fn only_a_draft(record: &PlanRecord) -> Result<(), PlanError> {
    match record.plan.status {
        PlanStatus::Draft => Ok(()),
        status => Err(refusal("not_a_draft", &format!("the plan is {}; only a draft is edited", status.code()), &[]).into()),
    }
}

/// An edit of the history cannot be done again, and the plan stays where it is.
fn stuck(edits: &[EditRecord], why: NotReplayed) -> PlanError {
    match why {
        NotReplayed::NoSuchEdit => refusal("no_such_edit", "there is no such edit in this plan", &[]).into(),
        NotReplayed::Edit { id, why } => {
            let kind = edits.iter().find(|e| e.id == id).map_or_else(String::new, |e| stored::called(&e.edit));
            let message = format!("edit {id} ({kind}) of the history cannot be done again: {}", why.message);
            EditRefused { code: "cannot_replay", message, ..why }.into()
        }
    }
}

/// Another process was faster between looking and writing.
pub(super) fn moved(error: impl Into<WallError>) -> PlanError {
    match error.into() {
        WallError::Store(StoreError::Refused(message)) => refusal("head_moved", &message, &[]).into(),
        other => other.into(),
    }
}

/// The refusal of an edit that goes beyond a scope names the cells that do, so that they are shown.
fn with_cells(error: WallError, actor: &Actor, cells: &[TouchedCell]) -> PlanError {
    match (&error, &actor.scope) {
        (WallError::OutsideScope(why), Some(scope)) => {
            let faces: Vec<Face> = cells_beyond(scope, cells).map(|c| Face(c.face)).collect();
            refusal("outside_scope", why, &faces).into()
        }
        _ => moved(error),
    }
}

/// What an edit, undo, redo or jump made of a plan.
pub(super) struct Outcome<'a> {
    pub session: &'a Session,
    /// Cells that may differ; those that are gone too.
    pub touched: &'a BTreeSet<Face>,
    /// What was looked at for findings.
    pub looked: &'a Looked,
    /// Edits that could be done again, the last one undone first.
    pub redo: Vec<i64>,
}

impl Wall {
    /// What an edit would make of a draft. Nothing is stored.
    pub(super) async fn preview_edit<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        edit: &PlanEdit,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        self.may(actor, Right::TryEdits)?;
        let mut taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        let open = taken.open()?;
        open.unsettled = true;
        let session = &mut open.session;
        session.findings.watch();
        let tried = session.apply(edit).map_err(PlanError::from).and_then(|(done, _)| {
            let cells = session.touched(&done);
            let shown = may_touch(actor, Right::TryEdits, &open.network.key, &cells)
                .map_err(|e| with_cells(e, actor, &cells))
                .map(|()| {
                    let touched = &done.faces();
                    show(Outcome { session, touched, looked: session.findings.looked(), redo: Vec::new() })
                });
            session.revert(&done);
            shown
        });
        open.unsettled = false;
        tried
    }

    /// Edits a draft that stands on the edit `seen` (`None` = the beginning): on disk when this returns.
    pub(super) async fn do_edit<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        edit: &PlanEdit,
        seen: Option<i64>,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        self.may(actor, Right::EditPlans)?;
        let mut taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        same_head(&taken.record, Some(seen.unwrap_or(0)))?;
        let head = taken.record.head;
        let open = taken.open()?;
        // Whoever asked may go away while this is written: then the plan is opened anew.
        open.unsettled = true;
        let session = &mut open.session;
        session.findings.watch();
        let (done, stored) = match session.apply(edit) {
            Ok(done) => done,
            Err(refused) => {
                open.unsettled = false;
                return Err(refused.into());
            }
        };
        let faces = done.faces();
        let text = stored::write(&stored).map_err(|e| WallError::Invalid(e.to_string()))?;
        if text.len() > EDIT_BYTES {
            session.revert(&done);
            open.unsettled = false;
            return Err(refusal("too_many", "this edit is too large; do it in parts", &[]).into());
        }
        let codes: BTreeSet<String> =
            faces.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.clone()).filter(|c| !c.is_empty()).collect();
        let cells = serde_json::to_string(&codes.iter().take(12).collect::<Vec<_>>()).unwrap_or_else(|_| "[]".into());
        let touched = session.touched(&done);
        let written = async {
            let target = Target::Cells(&open.network.key, &touched);
            let mut tx = self.write_within(actor, Within::EditPlans, target).await?;
            let id = tx.add_edit(plan, head, &text, &cells).await?;
            tx.commit_unaudited(Unaudited::OwnHistory).await?;
            Ok::<i64, WallError>(id)
        };
        let written = written.await;
        open.unsettled = false;
        match written {
            Ok(id) => {
                session.keep(id, done);
                Ok(show(Outcome { session, touched: &faces, looked: session.findings.looked(), redo: Vec::new() }))
            }
            Err(e) => {
                // What is not on disk is not in memory either.
                session.revert(&done);
                Err(with_cells(e, actor, &touched))
            }
        }
    }

    /// Goes one edit back. `seen` is the edit that was looked at (0 = the beginning); `None` = whatever it is.
    pub(super) async fn undo_edit<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        seen: Option<i64>,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        let back = |edits: &[EditRecord], head| match head {
            Some(head) => Ok(edits.iter().find(|e| e.id == head).and_then(|e| e.parent)),
            None => Err(refusal("nothing_to_undo", "the plan is at its beginning", &[])),
        };
        self.walk(actor, plan, seen, back, show).await
    }

    /// Goes one edit forward: the one asked for, or the one walked last.
    pub(super) async fn redo_edit<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        asked: Option<i64>,
        seen: Option<i64>,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        let forward = |edits: &[EditRecord], head| {
            let next = redo_of(edits, head);
            let to = match asked {
                Some(id) => next.contains(&id).then_some(id),
                None => next.first().copied(),
            };
            to.map(Some).ok_or_else(|| refusal("nothing_to_redo", "there is no such edit to be done again", &[]))
        };
        self.walk(actor, plan, seen, forward, show).await
    }

    /// Goes to any state of the history (`None` = the beginning); nothing of it is lost.
    pub(super) async fn go_to_edit<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        to: Option<i64>,
        seen: Option<i64>,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        self.walk(actor, plan, seen, |_, _| Ok(to), show).await
    }

    /// Moves the head to where `target` says, given the edits and the head.
    async fn walk<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        seen: Option<i64>,
        target: impl FnOnce(&[EditRecord], Option<i64>) -> Result<Option<i64>, EditRefused>,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        self.may(actor, Right::EditPlans)?;
        // A draft that cannot be brought to its head is left from there as from anywhere: that is the way on.
        let (mut taken, _) = self.take_as_far(actor, plan).await?;
        only_a_draft(&taken.record)?;
        same_head(&taken.record, seen)?;
        let head = taken.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let to = target(&edits, head)?;
        if way_to(&edits, to).is_none() {
            return Err(refusal("no_such_edit", "there is no such edit in this plan", &[]).into());
        }
        let network = self.network_of_plan(&taken.record).await?;
        let session = taken.session()?;
        let Walked { faces, touched } = session.go_to(&edits, to).map_err(|e| stuck(&edits, e))?;
        let touched = touched.cells();
        let written = async {
            let mut tx = self.write_within(actor, Within::EditPlans, Target::Cells(&network.key, &touched)).await?;
            tx.set_head(plan, head, to).await?;
            tx.commit_unaudited(Unaudited::OwnHistory).await?;
            Ok::<(), WallError>(())
        };
        if let Err(e) = written.await {
            // Where the head itself cannot be reached, the next who takes the plan is told.
            _ = session.go_to(&edits, head);
            return Err(with_cells(e, actor, &touched));
        }
        let redo = redo_of(&edits, to);
        Ok(show(Outcome { session, touched: &faces, looked: session.findings.looked(), redo }))
    }

    /// What became of a plan since it stood on an edit (0 = the beginning): what others changed, without the rest.
    ///
    /// # Errors
    /// `gap`: that is not known any more; the whole plan is to be asked for.
    pub(super) async fn changes_since<T>(
        &self,
        actor: &Actor,
        plan: PlanId,
        since: i64,
        show: impl FnOnce(Outcome<'_>) -> T,
    ) -> Result<T, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        let head = taken.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let session = taken.session()?;
        let gap = || refusal("gap", "what changed since then is not known any more; ask for the whole plan", &[]);
        let difference = session.since((since != 0).then_some(since)).ok_or_else(gap)?;
        let redo = redo_of(&edits, head);
        Ok(show(Outcome { session, touched: &difference.touched, looked: &difference.looked, redo }))
    }

    /// Names the state a draft is in.
    pub(super) async fn name_state(&self, actor: &Actor, plan: PlanId, name: &str) -> Result<(), PlanError> {
        self.may(actor, Right::EditPlans)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(WallError::Invalid("a state has a name of 1 to 80 signs".into()).into());
        }
        let taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        let network = self.network_of_plan(&taken.record).await?;
        drop(taken);
        let mut tx = self.write_within(actor, Within::EditPlans, Target::Draft(&network.key)).await?;
        tx.add_snapshot(plan, name).await?;
        tx.commit_unaudited(Unaudited::OwnHistory).await?;
        Ok(())
    }
}
