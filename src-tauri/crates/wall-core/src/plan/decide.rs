//! Which step a plan can take, and by whom: the one place where that is ruled. Pure: the store appends what is decided here
//! and writes the row that follows from it. Whether somebody's role may at all is of [`PlanStepKind::right`].

use super::{PlanDeed, PlanStanding, PlanStatus, PlanStepKind};

/// How whoever wants a step stands to the plan, and how the plan stands to its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PlanRelation {
    /// They made it or sent it to review, or look after the wall.
    pub own: bool,
    /// They had a hand in it: made it, edited it or sent it to review, or what it was drawn from before that was published.
    pub hand: bool,
    /// Its time has come, or somebody has worked by it.
    pub begun: bool,
    /// Another plan is published after it.
    pub followed: bool,
}

/// Why a plan does not take a step.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanRefusal {
    /// Only whoever made it or sent it takes it back.
    #[error("whoever made a plan or sent it to review takes it back; a reviewer sends it back")]
    NotYours,
    /// Nobody reviews their own.
    #[error("whoever drew a plan or sent it to review does not review it: another person signs in and does")]
    OwnPlan,
    /// Nobody agreed to it, or it was taken back since.
    #[error("only a plan that a second person approved is published")]
    NotApproved,
    /// It does not stand where the step begins.
    #[error("the plan is {}; {} is not possible", status.code(), step.code())]
    WrongStatus {
        /// Where it stands.
        status: PlanStatus,
        /// What was wanted.
        step: PlanStepKind,
    },
    /// It is in force, or was.
    #[error("the plan is in force or was: history is not rewritten; publish another plan")]
    Begun,
    /// Plans are taken back one by one, the last one first.
    #[error("another plan is published after this one: withdraw that one first")]
    Followed,
    /// Where it stands is not known here.
    #[error(
        "a newer edition took the step \"{kind}\" (version {version}) with this plan, which this one does not know: nothing was done, and nothing of it is lost; go on with that edition"
    )]
    NewerStep {
        /// The word of its kind.
        kind: String,
        /// Its version.
        version: u32,
    },
}

impl PlanRefusal {
    /// The word a caller branches on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::OwnPlan => "own_plan",
            Self::NotApproved => "not_approved",
            Self::WrongStatus { .. } | Self::Begun | Self::Followed => "wrong_status",
            Self::NewerStep { .. } => "newer_step",
        }
    }
}

/// Whether a plan that stands so can take the step, by somebody who stands so to it.
///
/// # Errors
/// Why not. Who may not take it is told that before they are told that it is not the time.
pub fn decide_step(standing: &PlanStanding, step: PlanStepKind, by: PlanRelation) -> Result<(), PlanRefusal> {
    use PlanStatus::{Draft, InReview, Published};
    use PlanStepKind::{Approve, Publish, Retire, Return, Submit, TakeEffect, Unpublish, Withdraw};
    if let Some(PlanDeed::Unknown { kind, version }) = &standing.unknown {
        return Err(PlanRefusal::NewerStep { kind: kind.clone(), version: *version });
    }
    match step {
        Withdraw if !by.own => return Err(PlanRefusal::NotYours),
        Approve | Return if by.hand => return Err(PlanRefusal::OwnPlan),
        Publish if standing.status != InReview || !standing.approved => return Err(PlanRefusal::NotApproved),
        _ => {}
    }
    match (step, standing.status) {
        (Submit | TakeEffect, Draft) | (Withdraw | Approve | Return | Publish, InReview) | (Retire, Draft | InReview) => Ok(()),
        (Unpublish, Published) if by.begun => Err(PlanRefusal::Begun),
        (Unpublish, Published) if by.followed => Err(PlanRefusal::Followed),
        (Unpublish, Published) => Ok(()),
        (_, status) => Err(PlanRefusal::WrongStatus { status, step }),
    }
}
