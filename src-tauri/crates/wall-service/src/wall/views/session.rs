//! Who asks, and what that person may do.

use super::super::{PublishedAccount, Wall, WallError, allowed};
use crate::wire::{Can, DemoAccount, ScopeDivision, ScopeView, SessionView};
use std::collections::HashMap;
use wall_core::Right;
use wall_store::{Account, Actor};

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
            can: can(actor),
            scope: self.scope_view(actor).await?,
            accounts_exist: self.store().any_account().await?,
            demo: self.inner.demo,
            demo_accounts: self.inner.published.iter().map(published).collect(),
        })
    }

    async fn scope_view(&self, actor: &Actor) -> Result<Option<ScopeView>, WallError> {
        let Some(scope) = &actor.scope else { return Ok(None) };
        let mut names: HashMap<String, String> =
            self.store().divisions().await?.into_iter().map(|(code, _, name)| (code, name)).collect();
        let divisions = scope.divisions().iter();
        let divisions = divisions.map(|code| ScopeDivision { name: names.remove(code).unwrap_or_default(), code: code.clone() });
        Ok(Some(ScopeView { divisions: divisions.collect(), network: scope.network().map(str::to_owned) }))
    }
}

fn can(actor: &Actor) -> Can {
    let may = |right| allowed(actor, right).is_ok();
    Can {
        plan: may(Right::EditPlans),
        review: may(Right::ReviewPlans),
        publish: may(Right::PublishPlans),
        admin: may(Right::Administer),
        end_replay: may(Right::EndReplay),
    }
}
