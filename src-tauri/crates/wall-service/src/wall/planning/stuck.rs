//! A draft that cannot be brought to where it stands, because an edit of its history cannot be done again: an earlier edition
//! stored it under other rules, a newer one stored it, or it is damaged. Said with the step, and with the last state that
//! there is.

use super::{
    ListedPlan, PlanError,
    refused::{EditRefused, refusal},
    session::{NotReplayed, way_to},
};
use crate::wall::Wall;
use wall_store::{EditRecord, PlanRecord};

/// Such a draft. Nothing of it is lost: going to `last` keeps the steps before as the draft, and the rest in its history.
#[derive(Debug)]
pub struct Stuck {
    pub(super) plan: ListedPlan,
    /// Which step on the way it is, 1 = the first.
    pub(super) step: usize,
    /// How many steps there are on the way.
    pub(super) steps: usize,
    /// Why it cannot be done.
    pub(super) why: EditRefused,
    /// The edit before, which can be gone to; `None` = the beginning.
    pub(super) last: Option<i64>,
    /// The edit and all that stand on it, oldest first.
    pub(super) rest: Vec<EditRecord>,
}

impl Stuck {
    /// In English, for logs.
    pub fn message(&self) -> String {
        format!("step {} of {} of this draft cannot be done again: {}", self.step, self.steps, self.why.message)
    }
}

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
        let network = self.network_of_plan(record).await?;
        Ok(PlanError::Stuck(Box::new(Stuck {
            plan: self.listed(record.clone(), &network.key),
            step: at + 1,
            steps: way.len(),
            why,
            last: at.checked_sub(1).map(|before| way[before].id),
            rest: way[at..].iter().map(|e| (*e).clone()).collect(),
        })))
    }
}
