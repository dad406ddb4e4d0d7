//! Who is signed in, and what that person may do.

use super::Word;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use wall_core::Role;

wire! {
/// What the asking person may do; the wall checks it again with every command.
#[derive(Copy, Eq, Default)]
pub struct Can {
    /// Draft plans and edit them.
    pub plan: bool,
    /// Review plans of others.
    pub review: bool,
    /// Publish plans that were reviewed.
    pub publish: bool,
    /// Administer accounts, feeds and settings.
    pub admin: bool,
    /// Give the clock of a replay back to the system.
    pub end_replay: bool,
}

/// An account of the demonstration, which anybody may use.
#[derive(Eq)]
pub struct DemoAccount {
    /// What is typed to sign in.
    pub name: String,
    /// Name on screen.
    pub display_name: String,
    /// Role.
    pub role: Word<Role>,
    /// Its published password.
    pub password: String,
}

/// A division of a scope.
#[derive(Eq)]
pub struct ScopeDivision {
    /// Code of the community, street or district.
    pub code: String,
    /// Its name; empty = it has none but its code.
    pub name: String,
}

/// The part of the territory that somebody is for.
#[derive(Eq)]
pub struct ScopeView {
    /// Its divisions, by code; empty = all.
    pub divisions: Vec<ScopeDivision>,
    /// Key of the network to whose plans it is bound; `null` = all networks.
    pub network: Option<String>,
}

/// Who asks (`GET api/v1/session`).
#[derive(Eq)]
pub struct SessionView {
    /// Whether a person is signed in; otherwise the page acts by its own right (window, one-time link).
    pub signed_in: bool,
    /// Name of the account, or of the right the page has.
    pub name: String,
    /// Name on screen; empty when nobody is signed in.
    pub display_name: String,
    /// In which role.
    pub role: Word<Role>,
    /// What that role may do, with this scope.
    pub can: Can,
    /// The part of the territory that the person is for; `null` = all of it.
    pub scope: Option<ScopeView>,
    /// Whether there are accounts at all.
    pub accounts_exist: bool,
    /// Demonstration data.
    pub demo: bool,
    /// The demonstration's accounts; empty everywhere else.
    pub demo_accounts: Vec<DemoAccount>,
}

/// The answer to signing in (`POST api/v1/session`).
#[derive(Eq)]
pub struct SignedInView {
    /// Goes into `Authorization: Bearer`; shown once.
    pub secret: String,
    /// Who that is.
    pub session: SessionView,
}
}
