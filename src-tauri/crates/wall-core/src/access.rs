//! Who may do what: roles, what they are for, and the one table of rights.

use crate::coded::coded;

coded! {
    /// What an actor may do; what each role guards grows.
    Role {
        /// Unsigned at the wall station: places only to the cell.
        Viewer = "viewer",
        /// 值班员
        Operator = "operator",
        /// 领导
        Leader = "leader",
        /// 网格规划
        Planner = "planner",
        /// 台账管理员
        Registrar = "registrar",
        /// 管理员
        Admin = "admin",
        /// A machine that pushes tickets and positions and reads back status.
        Feed = "feed",
        /// A machine that replays a history: a feed that also drives the wall's clock.
        Replay = "replay",
    }
}

impl Role {
    /// Whether exact places and addresses of tickets are shown.
    pub fn sees_exact_places(self) -> bool {
        !matches!(self, Self::Viewer)
    }

    /// Whether an account may have the role; the others are for tokens.
    pub fn is_for_people(self) -> bool {
        !matches!(self, Self::Feed | Self::Replay)
    }

    /// Whether the role may do that.
    pub fn may(self, right: Right) -> bool {
        right.roles().contains(&self)
    }
}

use Role::{Admin, Feed, Leader, Operator, Planner, Registrar, Replay};

const FEEDING: &[Role] = &[Feed, Replay, Operator, Admin];
const PLANNING: &[Role] = &[Planner, Admin];

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident, $words:literal, $roles:expr;)+) => {
        /// Something that not everybody may do.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Right { $($(#[$doc])* $name),+ }

        impl Right {
            /// All rights.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What it allows, as in "the role viewer may not …".
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words),+ }
            }

            /// The roles that have it.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => $roles),+ }
            }
        }
    };
}

rights! {
    /// To show who one is, by a password or a link, to fail at it, and to leave again.
    SignIn, "sign in", Role::ALL;
    /// To see the wall: cells and who answers for them, figures, lists, cards, the map. How much of a place or a text is
    /// shown is settled by what is shown.
    See, "see the wall", Role::ALL;
    /// To send tickets of one's own sources.
    PushTickets, "push tickets", FEEDING;
    /// To send positions of staff.
    PushPositions, "push positions", FEEDING;
    /// To move a ticket of one's own sources by hand.
    MoveTickets, "move tickets", FEEDING;
    /// To import tickets of any source and status.
    ImportTickets, "import tickets", &[Admin, Operator];
    /// To import cameras, staff, sites, buildings, streets and categories.
    ImportThings, "import", PLANNING;
    /// To import owners of cells.
    ImportOwners, "import owners", PLANNING;
    /// To import cells, as a draft or in force at once.
    ImportCells, "import cells", PLANNING;
    /// To tell the audit log what an import came to that was done in chunks.
    SumUpImports, "sum up an import", &[Admin, Planner, Operator];
    /// To name districts, streets and communities.
    NameDivisions, "name divisions", PLANNING;
    /// To see plans that are not published, and any plan from inside.
    SeeDrafts, "open plans", &[Planner, Leader, Registrar, Admin];
    /// To see how many households each building has.
    SeeHouseholds, "see the households of buildings", Self::SeeDrafts.roles();
    /// To see what an edit would make of a draft.
    TryEdits, "try edits of plans", Self::SeeDrafts.roles();
    /// To ask which moves would bring cells into the band.
    AskProposals, "ask for proposals", Self::SeeDrafts.roles();
    /// To begin a draft.
    DrawPlans, "draw plans", PLANNING;
    /// To edit a draft, undo and name its states.
    EditPlans, "edit plans", PLANNING;
    /// To set band, weights and rules of codes.
    SetPlanning, "change the settings of planning", PLANNING;
    /// To take a plan any of the steps that follow; which of them is for whom, they say themselves.
    StepPlans, "take plans further", Self::ReviewPlans.roles();
    /// To send a draft to review.
    SubmitPlans, "send plans to review", PLANNING;
    /// To take a plan back from review.
    WithdrawPlans, "take plans back from review", PLANNING;
    /// To agree to a plan of others, or to send it back.
    ReviewPlans, "review plans", &[Leader, Planner, Admin];
    /// To publish a plan that was agreed to.
    PublishPlans, "publish plans", PLANNING;
    /// To take a published plan back before it begins.
    UnpublishPlans, "take published plans back", PLANNING;
    /// To put a draft away.
    RetirePlans, "put plans away", PLANNING;
    /// To drive the wall's clock: a right of its own, which an ordinary feed has not.
    DriveClock, "drive the wall's clock", &[Replay, Admin];
    /// To give a replay's clock back to the system.
    EndReplay, "end a replay", &[Replay, Admin, Operator];
    /// To set the zone of days.
    SetZone, "set the zone", &[Admin];
    /// To make accounts of people, change their passwords and remove them.
    KeepAccounts, "keep accounts", &[Admin];
    /// To make and revoke tokens of machines.
    KeepTokens, "keep tokens", &[Admin];
    /// To let a station in by a code, and to end its right.
    KeepStations, "keep stations", &[Admin];
    /// To set how long what is kept and how often it is backed up, and to let go what is due.
    SetKeeping, "set what is kept", &[Admin];
    /// To look after the wall as a whole: its settings, and what a wall does by itself.
    Administer, "administer", &[Admin];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_looks_and_who_only_feeds() {
        let of = |role: Role| Right::ALL.iter().copied().filter(|r| role.may(*r)).collect::<Vec<_>>();
        assert_eq!(of(Role::Viewer), [Right::SignIn, Right::See]);
        assert_eq!(of(Feed), [Right::SignIn, Right::See, Right::PushTickets, Right::PushPositions, Right::MoveTickets]);
        let replays: Vec<_> = of(Replay).into_iter().filter(|r| !Feed.may(*r)).collect();
        assert_eq!(replays, [Right::DriveClock, Right::EndReplay]);
        assert_eq!(of(Admin), Right::ALL);
        // Whoever may do one step gets as far as being told of the others.
        for step in [Right::SubmitPlans, Right::WithdrawPlans, Right::PublishPlans, Right::UnpublishPlans, Right::RetirePlans] {
            assert!(step.roles().iter().all(|role| role.may(Right::StepPlans)), "{step:?}");
        }
        // Who agrees to a plan without drawing any.
        assert!(Leader.may(Right::ReviewPlans) && !Leader.may(Right::PublishPlans));
    }
}
