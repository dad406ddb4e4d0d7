//! Who may do what: roles, what they are for, and the one table of rights, each with its roles and how a scope binds it.

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

/// How a scope binds a right.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Binding {
    /// Not at all: it is about the actor alone.
    Unbound,
    /// Who has a scope has not the right: what it changes concerns everything.
    Whole,
    /// Who has a scope has it for what lies within.
    Within,
}

/// A right whose use needs no target to be named: no scope binds it, or any scope refuses it.
pub trait Untargeted: Into<Right> {}

impl Untargeted for Unbound {}
impl Untargeted for Whole {}

macro_rules! rights {
    ($($(#[$bdoc:meta])* $binding:ident { $($(#[$doc:meta])* $name:ident, $words:literal, $roles:expr;)+ })+) => {
        /// Something that not everybody may do.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Right { $($($(#[$doc])* $name),+),+ }

        impl Right {
            /// All rights.
            pub const ALL: &'static [Self] = &[$($(Self::$name),+),+];

            /// What it allows, as in "the role viewer may not …".
            pub fn words(self) -> &'static str {
                match self { $($(Self::$name => $words),+),+ }
            }

            /// The roles that have it.
            pub fn roles(self) -> &'static [Role] {
                match self { $($(Self::$name => $roles),+),+ }
            }

            /// How a scope binds it.
            pub fn binding(self) -> Binding {
                match self { $($(Self::$name => Binding::$binding),+),+ }
            }
        }

        $(
            $(#[$bdoc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
            pub enum $binding { $($(#[$doc])* $name),+ }

            impl From<$binding> for Right {
                fn from(right: $binding) -> Self {
                    match right { $($binding::$name => Self::$name),+ }
                }
            }
        )+
    };
}

rights! {
    /// Rights that no scope binds: they are about the actor alone.
    Unbound {
        /// To show who one is, by a password or a link, to fail at it, and to leave again.
        SignIn, "sign in", Role::ALL;
        /// To tell the audit log what an import came to that was done in chunks.
        SumUpImports, "sum up an import", &[Admin, Planner, Operator];
    }
    /// Rights of which a part is nothing: who has a scope has none of them.
    Whole {
        /// To import cameras, staff, sites, buildings, streets and categories.
        ImportThings, "import", PLANNING;
        /// To import owners of cells.
        ImportOwners, "import owners", PLANNING;
        /// To import cells, as a draft or in force at once.
        ImportCells, "import cells", PLANNING;
        /// To set band, weights and rules of codes.
        SetPlanning, "change the settings of planning", PLANNING;
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
        /// To make accounts of people, change their passwords and scopes, and remove them.
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
    /// Rights that a scope leaves for what lies within it. A write by one of them names its target.
    Within {
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
        /// To name districts, streets and communities.
        NameDivisions, "name divisions", PLANNING;
        /// To see plans that are not published, and any plan from inside.
        SeeDrafts, "open plans", &[Planner, Leader, Registrar, Admin];
        /// To see how many households each building has.
        SeeHouseholds, "see the households of buildings", Right::SeeDrafts.roles();
        /// To see what an edit would make of a draft.
        TryEdits, "try edits of plans", Right::SeeDrafts.roles();
        /// To ask which moves would bring cells into the band.
        AskProposals, "ask for proposals", Right::SeeDrafts.roles();
        /// To begin a draft.
        DrawPlans, "draw plans", PLANNING;
        /// To edit a draft, undo and name its states.
        EditPlans, "edit plans", PLANNING;
        /// To take a plan any of the steps that follow; which of them is for whom, they say themselves.
        StepPlans, "take plans further", Right::ReviewPlans.roles();
        /// To send a draft to review.
        SubmitPlans, "send plans to review", PLANNING;
        /// To take a plan back from review.
        WithdrawPlans, "take plans back from review", PLANNING;
    }
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
    /// What is said to be for who has no scope is never half of it, and what machines send is bound by theirs.
    #[test]
    fn how_a_scope_binds() {
        assert_eq!(Right::from(Whole::SetZone).binding(), Binding::Whole);
        assert_eq!(Right::from(Within::MoveTickets), Right::MoveTickets);
        let feeds = Right::ALL.iter().filter(|r| Feed.may(**r) && r.binding() != Binding::Within).collect::<Vec<_>>();
        assert_eq!(feeds, [&Right::SignIn]);
    }
}
