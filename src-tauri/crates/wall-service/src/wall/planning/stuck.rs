//! A draft that cannot be brought to where it stands, because an edit of its history cannot be done again: an earlier edition
//! stored it under other rules, or it is damaged. Said with the step, and with the last state that there is.

use super::{PlanError, ask::edit_view, refusal, session::NotReplayed, session::way_to};
use crate::{wall::Wall, wire::PlanStuck};
use wall_store::PlanRecord;

impl Wall {
    /// What to say of a draft that cannot be brought to its head.
    pub(super) async fn stuck(&self, record: &PlanRecord, why: NotReplayed) -> Result<PlanError, PlanError> {
        let edits = self.store().plan_edits(record.plan.id).await?;
        // Where the tree itself is broken, nothing of it is known but where it began.
        let way = way_to(&edits, record.head).unwrap_or_else(|| edits.iter().collect());
        let (at, why) = match why {
            NotReplayed::Edit { id, why } => (way.iter().position(|e| e.id == id).unwrap_or(0), why),
            NotReplayed::NoSuchEdit => (0, refusal("no_such_edit", "the history of this plan is damaged", &[])),
        };
        let (step, steps) = (at + 1, way.len());
        let message = format!("step {step} of {steps} of this draft cannot be done again: {}", why.message);
        let last = at.checked_sub(1).map(|before| way[before].id);
        let network = self.network_of_plan(record).await?;
        Ok(PlanError::Stuck(Box::new(PlanStuck {
            code: "cannot_replay".into(),
            message,
            plan: self.summary(record, &network.key),
            head: record.head,
            step: step as u32,
            steps: steps as u32,
            why,
            last,
            rest: way[at..].iter().map(|e| edit_view(e, false)).collect(),
        })))
    }
}
