//! Networks (网格类型) and plans (网格方案): what each is, the steps of its life (`step`), which of them it can take (`decide`), and
//! where it stands after them (`fold`).

mod decide;
mod fold;
mod step;
#[cfg(test)]
mod tests;

pub use decide::{PlanRefusal, PlanRelation, decide_step};
pub use fold::PlanStanding;
pub use step::{PlanDeed, PlanStep, PlanStepKind};

use crate::coded::coded;
use crate::{NetworkId, PlanId, UtcMs};

/// A complete set of cells for one purpose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    /// Identity inside the store.
    pub id: NetworkId,
    /// Key used on the command line: `general`, `police` …
    pub key: String,
    /// Name on screen.
    pub name: String,
}

coded! {
    /// Where a plan stands in its life.
    PlanStatus {
        /// 草案
        Draft = "draft",
        /// 审核中
        InReview = "in_review",
        /// 已发布: in force from its effective date.
        Published = "published",
        /// 已停用
        Retired = "retired",
    }
}

/// A version of a network's cells. In force at `t` when published and `effective_from <= t < effective_to`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Identity inside the store.
    pub id: PlanId,
    /// Its network.
    pub network: NetworkId,
    /// Name given by the planner or the import.
    pub name: String,
    /// Draft … retired.
    pub status: PlanStatus,
    /// Start of force (inclusive); `None` while a draft.
    pub effective_from: Option<UtcMs>,
    /// End of force (exclusive); `None` while in force.
    pub effective_to: Option<UtcMs>,
}

impl Plan {
    /// Whether the plan is in force at `t`.
    pub fn in_force_at(&self, t: UtcMs) -> bool {
        matches!(self.status, PlanStatus::Published | PlanStatus::Retired)
            && self.effective_from.is_some_and(|f| f <= t)
            && self.effective_to.is_none_or(|e| t < e)
    }

    /// Of all that have a plan, each of one network, the one whose plan is in force at `t`: of several that overlap the one that began
    /// last. O(plans).
    pub fn of_time<T>(all: impl IntoIterator<Item = T>, plan: impl Fn(&T) -> &Self, t: UtcMs) -> Option<T> {
        let began = |one: &T| (plan(one).effective_from, plan(one).id);
        all.into_iter().filter(|one| plan(one).in_force_at(t)).max_by_key(began)
    }
}
