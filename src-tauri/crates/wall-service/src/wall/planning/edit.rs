//! Commands on a draft: edits, undo and redo, jumps, named states.

use super::{
    PlanError,
    ask::{kind_of, redo_of},
    refusal, same_head,
    session::{NotReplayed, way_to},
    view,
};
use crate::{
    wall::{Wall, WallError, clock::system_now},
    wire::{EditRefusal, EditRequest, EditResult, PlanGotoRequest, PlanHistory},
};
use std::collections::BTreeSet;
use wall_core::{PlanId, PlanStatus};
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
            let kind = edits.iter().find(|e| e.id == id).map_or_else(String::new, |e| kind_of(&e.edit));
            let message = format!("edit {id} ({kind}) of the history cannot be done again: {}", why.message);
            EditRefusal { code: "cannot_replay".into(), message, ..why }.into()
        }
    }
}

/// Another process was faster between looking and writing.
pub(super) fn moved(error: StoreError) -> PlanError {
    match error {
        StoreError::Refused(message) => refusal("head_moved", &message, &[]).into(),
        other => other.into(),
    }
}

impl Wall {
    /// What an edit would make of a draft. Nothing is stored.
    pub async fn plan_preview(&self, actor: &Actor, plan: PlanId, request: &EditRequest) -> Result<EditResult, PlanError> {
        self.may(actor, super::sees_drafts(actor.role), "try edits of plans")?;
        let names = self.community_names().await?;
        let mut taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        let open = taken.open()?;
        open.unsettled = true;
        let session = &mut open.session;
        session.findings.watch();
        let looked = session.apply(&request.edit).map(|(done, _)| {
            let result = view::result(session, &done.faces(), Vec::new(), &names);
            session.revert(&done);
            result
        });
        open.unsettled = false;
        Ok(looked?)
    }

    /// Edits a draft: on disk when this returns.
    pub async fn plan_edit(&self, actor: &Actor, plan: PlanId, request: &EditRequest) -> Result<EditResult, PlanError> {
        self.may(actor, actor.role.may_plan(), "edit plans")?;
        let names = self.community_names().await?;
        let mut taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        same_head(&taken.record, Some(request.head.unwrap_or(0)))?;
        let head = taken.record.head;
        let open = taken.open()?;
        // Whoever asked may go away while this is written: then the plan is opened anew.
        open.unsettled = true;
        let session = &mut open.session;
        session.findings.watch();
        let (done, stored) = match session.apply(&request.edit) {
            Ok(done) => done,
            Err(refused) => {
                open.unsettled = false;
                return Err(refused.into());
            }
        };
        let faces = done.faces();
        let text = serde_json::to_string(&stored).map_err(|e| WallError::Invalid(e.to_string()))?;
        if text.len() > EDIT_BYTES {
            session.revert(&done);
            open.unsettled = false;
            return Err(refusal("too_many", "this edit is too large; do it in parts", &[]).into());
        }
        let codes: BTreeSet<String> =
            faces.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.clone()).filter(|c| !c.is_empty()).collect();
        let cells = serde_json::to_string(&codes.iter().take(12).collect::<Vec<_>>()).unwrap_or_else(|_| "[]".into());
        let written = async {
            let mut tx = self.store().write(actor, system_now()).await?;
            let id = tx.add_edit(plan, head, &text, &cells).await?;
            tx.commit().await?;
            Ok::<i64, StoreError>(id)
        };
        let written = written.await;
        open.unsettled = false;
        match written {
            Ok(id) => {
                session.keep(id, done);
                Ok(view::result(session, &faces, Vec::new(), &names))
            }
            Err(e) => {
                // What is not on disk is not on the desk either.
                session.revert(&done);
                Err(moved(e))
            }
        }
    }

    /// Goes one edit back.
    pub async fn plan_undo(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        self.walk(actor, plan, request.seen, |edits, head| match head {
            Some(head) => Ok(edits.iter().find(|e| e.id == head).and_then(|e| e.parent)),
            None => Err(refusal("nothing_to_undo", "the plan is at its beginning", &[])),
        })
        .await
    }

    /// Goes one edit forward: the one asked for, or the one walked last.
    pub async fn plan_redo(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        self.walk(actor, plan, request.seen, |edits, head| {
            let next = redo_of(edits, head);
            let to = match request.edit {
                Some(id) => next.contains(&id).then_some(id),
                None => next.first().copied(),
            };
            to.map(Some).ok_or_else(|| refusal("nothing_to_redo", "there is no such edit to be done again", &[]))
        })
        .await
    }

    /// Goes to any state of the history; nothing of it is lost.
    pub async fn plan_go_to(&self, actor: &Actor, plan: PlanId, request: &PlanGotoRequest) -> Result<EditResult, PlanError> {
        self.walk(actor, plan, request.seen, |_, _| Ok(request.edit)).await
    }

    /// Moves the head to where `whither` says, given the edits and the head.
    async fn walk(
        &self,
        actor: &Actor,
        plan: PlanId,
        seen: Option<i64>,
        whither: impl FnOnce(&[EditRecord], Option<i64>) -> Result<Option<i64>, EditRefusal>,
    ) -> Result<EditResult, PlanError> {
        self.may(actor, actor.role.may_plan(), "edit plans")?;
        let names = self.community_names().await?;
        // A draft that cannot be brought to its head is left from there as from anywhere: that is the way on.
        let (mut taken, _) = self.take_as_far(actor, plan).await?;
        only_a_draft(&taken.record)?;
        same_head(&taken.record, seen)?;
        let head = taken.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let to = whither(&edits, head)?;
        if way_to(&edits, to).is_none() {
            return Err(refusal("no_such_edit", "there is no such edit in this plan", &[]).into());
        }
        let session = taken.session()?;
        let touched = session.go_to(&edits, to).map_err(|e| stuck(&edits, e))?;
        let written = async {
            let mut tx = self.store().write(actor, system_now()).await?;
            tx.set_head(plan, head, to).await?;
            tx.commit().await?;
            Ok::<(), StoreError>(())
        };
        if let Err(e) = written.await {
            // Where the head itself cannot be reached, the next who takes the plan is told.
            _ = session.go_to(&edits, head);
            return Err(moved(e));
        }
        Ok(view::result(session, &touched, redo_of(&edits, to), &names))
    }

    /// What became of a plan since it stood on an edit (0 = the beginning): what others changed, without the rest.
    ///
    /// # Errors
    /// `gap`: that is not known any more; the whole plan is to be asked for.
    pub async fn plan_changes(&self, actor: &Actor, plan: PlanId, since: i64) -> Result<EditResult, PlanError> {
        let names = self.community_names().await?;
        let mut taken = self.take(actor, plan).await?;
        let head = taken.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let session = taken.session()?;
        let gap = || refusal("gap", "what changed since then is not known any more; ask for the whole plan", &[]);
        let difference = session.since((since != 0).then_some(since)).ok_or_else(gap)?;
        Ok(view::result_looked(session, &difference.touched, &difference.looked, redo_of(&edits, head), &names))
    }

    /// Names the state a draft is in.
    pub async fn plan_name_state(&self, actor: &Actor, plan: PlanId, name: &str) -> Result<PlanHistory, PlanError> {
        self.may(actor, actor.role.may_plan(), "edit plans")?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(WallError::Invalid("a state has a name of 1 to 80 signs".into()).into());
        }
        let taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        drop(taken);
        let mut tx = self.store().write(actor, system_now()).await?;
        tx.add_snapshot(plan, name).await?;
        tx.commit().await?;
        self.plan_history(actor, plan).await
    }
}
