//! Where a plan stands: the fold of its steps, and nothing else.

use super::{PlanDeed, PlanStatus, PlanStep, PlanStepKind};

/// Where a plan stands and who had a say in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanStanding {
    /// Draft … retired.
    pub status: PlanStatus,
    /// Whether a second person agreed, and it was not taken back since.
    pub approved: bool,
    /// Who sent it to review last; empty = nobody.
    pub submitted_by: String,
    /// Who reviewed it since; empty = nobody.
    pub reviewed_by: String,
    /// What was said in that review; may be empty.
    pub review_note: String,
    /// Its first step that this edition does not know: where it stands is not known since.
    pub unknown: Option<PlanDeed>,
}

impl PlanStanding {
    /// A draft that nobody has taken a step with.
    pub const BEGINNING: Self = Self {
        status: PlanStatus::Draft,
        approved: false,
        submitted_by: String::new(),
        reviewed_by: String::new(),
        review_note: String::new(),
        unknown: None,
    };

    /// Where the plan stands after these steps, given in the order in which they were recorded. O(steps).
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a PlanStep>) -> Self {
        steps.into_iter().fold(Self::BEGINNING, |standing, step| match &step.deed {
            PlanDeed::Known(kind) => standing.after(*kind, &step.actor, &step.note),
            unknown => Self { unknown: standing.unknown.or_else(|| Some(unknown.clone())), ..standing },
        })
    }

    /// Where it stands after one more step.
    #[must_use]
    pub fn after(self, kind: PlanStepKind, actor: &str, note: &str) -> Self {
        use PlanStepKind::{Approve, Publish, Retire, Return, Submit, TakeEffect, Unpublish, Withdraw};
        let status = match kind {
            Submit | Approve => PlanStatus::InReview,
            Withdraw | Return | Unpublish => PlanStatus::Draft,
            Publish | TakeEffect => PlanStatus::Published,
            Retire => PlanStatus::Retired,
        };
        let approved = match kind {
            Approve => true,
            // A plan in force was agreed to, or it was imported.
            Publish => self.approved,
            _ => false,
        };
        let stands = Self { status, approved, ..self };
        match kind {
            Submit => Self { submitted_by: actor.into(), reviewed_by: String::new(), review_note: String::new(), ..stands },
            Approve | Return => Self { reviewed_by: actor.into(), review_note: note.into(), ..stands },
            Withdraw | Publish | Unpublish | Retire | TakeEffect => stands,
        }
    }
}
