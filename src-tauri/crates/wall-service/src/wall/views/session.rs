//! Who asks, and what that person may do.

use super::super::{PublishedAccount, Wall, WallError};
use crate::wire::{Can, DemoAccount, SessionView};
use wall_core::Right;
use wall_store::{Account, Actor, Role};

impl Wall {
    /// Who `actor` is on screen; `account` when a person is signed in.
    pub async fn session_view(&self, actor: &Actor, account: Option<&Account>) -> Result<SessionView, WallError> {
        let published = |account: &PublishedAccount| DemoAccount {
            name: account.name.into(),
            display_name: account.display_name.into(),
            role: account.role.into(),
            password: account.password.into(),
        };
        Ok(SessionView {
            signed_in: account.is_some(),
            name: actor.who.clone(),
            display_name: account.map(|a| a.display_name.clone()).unwrap_or_default(),
            role: actor.role.into(),
            can: can(actor.role),
            accounts_exist: self.store().any_account().await?,
            demo: self.inner.demo,
            demo_accounts: self.inner.published.iter().map(published).collect(),
        })
    }
}

fn can(role: Role) -> Can {
    Can {
        plan: role.may(Right::EditPlans),
        review: role.may(Right::ReviewPlans),
        publish: role.may(Right::PublishPlans),
        admin: role.may(Right::Administer),
        end_replay: role.may(Right::EndReplay),
    }
}
