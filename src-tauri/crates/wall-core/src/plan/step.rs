//! The steps of a plan's life: append-only, and kept with their kind and version so that a later edition can read them.

use crate::{Right, UtcMs, coded::coded};

coded! {
    /// What was done with a plan. Its beginning is a draft.
    PlanStepKind {
        /// Sent to review.
        Submit = "submit",
        /// Taken back from review by whoever made it or sent it there.
        Withdraw = "withdraw",
        /// Agreed to by a second person.
        Approve = "approve",
        /// Sent back by a second person.
        Return = "return",
        /// Put in force from a time on, after a second person agreed.
        Publish = "publish",
        /// Taken back before that time.
        Unpublish = "unpublish",
        /// Put away: a draft that will not be published.
        Retire = "retire",
        /// Put in force from a time on by an import, which nobody reviews.
        TakeEffect = "take_effect",
    }
}

impl PlanStepKind {
    /// The right that the step takes.
    pub fn right(self) -> Right {
        match self {
            Self::Submit => Right::SubmitPlans,
            Self::Withdraw => Right::WithdrawPlans,
            Self::Approve | Self::Return => Right::ReviewPlans,
            Self::Publish => Right::PublishPlans,
            Self::Unpublish => Right::UnpublishPlans,
            Self::Retire => Right::RetirePlans,
            Self::TakeEffect => Right::ImportCells,
        }
    }
}

/// The version of the steps that this edition writes, of every kind.
const VERSION: u32 = 1;

/// What a step says was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanDeed {
    /// One of ours.
    Known(PlanStepKind),
    /// Written by a newer edition: kept as it is, and said.
    Unknown {
        /// The word of its kind.
        kind: String,
        /// Its version.
        version: u32,
    },
}

impl PlanDeed {
    /// Reads the kind and version of a step; what this edition does not know is kept as it is.
    pub fn read(kind: &str, version: u32) -> Self {
        match PlanStepKind::from_code(kind).filter(|_| version == VERSION) {
            Some(known) => Self::Known(known),
            None => Self::Unknown { kind: kind.into(), version },
        }
    }

    /// The word of its kind.
    pub fn kind(&self) -> &str {
        match self {
            Self::Known(kind) => kind.code(),
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        match self {
            Self::Known(_) => VERSION,
            Self::Unknown { version, .. } => *version,
        }
    }
}

/// One step. It is of the moment in which it was recorded: nobody tells of one later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanStep {
    /// What was done.
    pub deed: PlanDeed,
    /// What was said with it; may be empty.
    pub note: String,
    /// The edit the plan stood on; `None` = the beginning.
    pub edit: Option<i64>,
    /// Who: account or operating-system user.
    pub actor: String,
    /// The door it came through: `wall`, `browser`, `cli`, `api`; empty = before this was kept.
    pub station: String,
    /// When, by the system's clock.
    pub recorded_at: UtcMs,
    /// The revision of the store that made it visible; 0 = before this was kept.
    pub revision: i64,
}
