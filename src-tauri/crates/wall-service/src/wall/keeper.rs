//! Who looks after a store: accounts of people, tokens of machines, rights of stations, what is kept and for how long. Needs no
//! wall over it, so that a command answers at once; writes through the same door as the wall.

use super::{
    WallError,
    clock::system_now,
    write::{Write, allowed},
};
use serde_json::Value;
use std::path::Path;
use wall_core::{Right, Scope, Whole};
use wall_store::{Account, Actor, Backups, Leap, Retention, Role, Store, Tidied};

/// A store in somebody's care.
#[derive(Clone)]
pub struct Keeper {
    store: Store,
}

impl Keeper {
    /// Over an open store.
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(super) async fn write(&self, actor: &Actor, right: Whole) -> Result<Write<'static>, WallError> {
        Write::on(&self.store, actor, right).await
    }

    /// Makes an account. The password is hashed off the async threads: that takes a core for a while.
    ///
    /// # Errors
    /// The actor may not, the name is taken or no name, or the password is none.
    pub async fn add_account(
        &self,
        actor: &Actor,
        name: &str,
        display_name: &str,
        role: Role,
        scope: Option<&Scope>,
        password: String,
    ) -> Result<Account, WallError> {
        allowed(actor, Right::KeepAccounts)?;
        let hash = self.hashed(password).await?;
        let mut tx = self.write(actor, Whole::KeepAccounts).await?;
        let mut account = tx.add_account(name, display_name, role, &hash).await?;
        if scope.is_some() {
            tx.set_account_scope(name, scope).await?;
            account.scope = scope.cloned().map(Into::into);
        }
        tx.commit_audited().await?;
        Ok(account)
    }

    /// Gives an account another password; how many sessions end by it.
    ///
    /// # Errors
    /// The actor may not, there is no such account, or the password is none.
    pub async fn set_password(&self, actor: &Actor, name: &str, password: String) -> Result<u64, WallError> {
        allowed(actor, Right::KeepAccounts)?;
        let hash = self.hashed(password).await?;
        let mut tx = self.write(actor, Whole::KeepAccounts).await?;
        let ended = tx.set_password(name, &hash).await?;
        tx.commit_audited().await?;
        Ok(ended)
    }

    /// Gives an account a scope, or takes it away (`None`); how many sessions end by it.
    ///
    /// # Errors
    /// The actor may not, there is no such account, or nothing lies in the scope.
    pub async fn set_scope(&self, actor: &Actor, name: &str, scope: Option<&Scope>) -> Result<u64, WallError> {
        let mut tx = self.write(actor, Whole::KeepAccounts).await?;
        let ended = tx.set_account_scope(name, scope).await?;
        tx.commit_audited().await?;
        Ok(ended)
    }

    /// Removes an account; how many sessions end by it.
    ///
    /// # Errors
    /// The actor may not, or there is no such account.
    pub async fn remove_account(&self, actor: &Actor, name: &str) -> Result<u64, WallError> {
        let mut tx = self.write(actor, Whole::KeepAccounts).await?;
        let ended = tx.remove_account(name).await?;
        tx.commit_audited().await?;
        Ok(ended)
    }

    async fn hashed(&self, password: String) -> Result<wall_store::PasswordHash, WallError> {
        let store = self.store.clone();
        let hashed = tokio::task::spawn_blocking(move || store.hash_password(&password)).await;
        Ok(hashed.map_err(std::io::Error::other)??)
    }

    /// Makes a token for a machine; its secret, which is shown once. Without `sources` it writes those of its own name.
    ///
    /// # Errors
    /// The actor may not, or the name is taken.
    pub async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
        unlimited: bool,
        sources: &[String],
        scope: Option<&Scope>,
    ) -> Result<String, WallError> {
        let mut tx = self.write(actor, Whole::KeepTokens).await?;
        let secret = tx.create_token(name, role, unlimited, sources).await?;
        if scope.is_some() {
            tx.set_token_scope(name, scope).await?;
        }
        tx.commit_audited().await?;
        Ok(secret)
    }

    /// Revokes a token; `false`: none of this name was in force, and nothing is written.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn revoke_token(&self, actor: &Actor, name: &str) -> Result<bool, WallError> {
        let mut tx = self.write(actor, Whole::KeepTokens).await?;
        let revoked = tx.revoke_token(name).await?;
        if revoked {
            tx.commit_audited().await?;
        }
        Ok(revoked)
    }

    /// Lets a station in by a code: its number and the code, which is shown once.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn add_station(&self, actor: &Actor, role: Role, name: &str) -> Result<(i64, String), WallError> {
        let mut tx = self.write(actor, Whole::KeepStations).await?;
        let opened = tx.open_station(role, name).await?;
        tx.commit_audited().await?;
        Ok(opened)
    }

    /// Seals the keys of the store into a file, for another machine.
    ///
    /// # Errors
    /// The actor may not, or the file.
    pub async fn export_keys(&self, actor: &Actor, out: &Path, passphrase: &str) -> Result<(), WallError> {
        allowed(actor, Right::Administer)?;
        Ok(self.store.export_keys(actor, system_now(), out, passphrase).await?)
    }

    /// Ends the right of a station; `false`: it was not in force, and nothing is written.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn end_station(&self, actor: &Actor, id: i64) -> Result<bool, WallError> {
        let mut tx = self.write(actor, Whole::KeepStations).await?;
        let ended = tx.end_station(id).await?;
        if ended {
            tx.commit_audited().await?;
        }
        Ok(ended)
    }

    /// Sets how long what is kept.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn set_retention(&self, actor: &Actor, rule: Retention) -> Result<(), WallError> {
        let mut tx = self.write(actor, Whole::SetKeeping).await?;
        tx.set_retention(rule).await?;
        tx.commit_audited().await?;
        Ok(())
    }

    /// Turns trails of staff on or off; how many positions of the past went.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn set_trails(&self, actor: &Actor, on: bool) -> Result<u64, WallError> {
        allowed(actor, Right::SetKeeping)?;
        Ok(self.store.set_trails(actor, system_now(), on).await?)
    }

    /// Lets go what is due; refused where the clock leapt, unless it is said to be right.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn tidy(&self, actor: &Actor, clock_is_right: bool) -> Result<Result<Tidied, Leap>, WallError> {
        allowed(actor, Right::SetKeeping)?;
        Ok(self.store.tidy(actor, system_now(), clock_is_right, None).await?)
    }

    /// Sets how often a running wall makes a backup.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn set_backups(&self, actor: &Actor, rule: Backups) -> Result<(), WallError> {
        let mut tx = self.write(actor, Whole::SetKeeping).await?;
        tx.set_backups(rule).await?;
        tx.commit_audited().await?;
        Ok(())
    }

    /// Writes into the audit log what was done to the store as a whole: restored, copied.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn note(&self, actor: &Actor, action: &str, detail: &Value) -> Result<(), WallError> {
        self.write(actor, Whole::Administer).await?.commit(action, detail).await?;
        Ok(())
    }

    /// Marks the store as a demonstration: whoever removes one removes no other.
    ///
    /// # Errors
    /// The actor may not.
    pub async fn mark_demonstration(&self, actor: &Actor) -> Result<(), WallError> {
        let mut tx = self.write(actor, Whole::Administer).await?;
        tx.set_setting(wall_store::DEMONSTRATION_MARK, "yes").await?;
        tx.commit("setting.demonstration", &serde_json::json!({})).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_may_not_keep_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::of(&Store::open(folder.path()).await.unwrap());
        let (admin, planner) = (Actor::new("a", Role::Admin, "cli"), Actor::new("p", Role::Planner, "cli"));
        let password = || "correct horse battery".to_owned();
        let lines = async || keeper.store().audit_lines(1, 100).await.unwrap().len();
        let before = lines().await;
        let forbidden = |error: WallError| assert!(matches!(error, WallError::Forbidden(_)), "{error}");
        forbidden(keeper.add_account(&planner, "li", "", Role::Operator, None, password()).await.unwrap_err());
        forbidden(keeper.create_token(&planner, "t", Role::Feed, false, &[], None).await.unwrap_err());
        forbidden(keeper.set_trails(&planner, true).await.unwrap_err());
        forbidden(keeper.tidy(&planner, true).await.unwrap_err());
        forbidden(keeper.note(&planner, "x", &Value::Null).await.unwrap_err());
        // What is not there is not revoked, and no line says that it was.
        assert!(!keeper.revoke_token(&admin, "none").await.unwrap());
        assert!(!keeper.end_station(&admin, 7).await.unwrap());
        assert_eq!(lines().await, before);
        keeper.add_account(&admin, "li", "李", Role::Operator, None, password()).await.unwrap();
        assert_eq!(keeper.set_password(&admin, "li", password()).await.unwrap(), 0);
        assert_eq!(keeper.remove_account(&admin, "li").await.unwrap(), 0);
        keeper.create_token(&admin, "t", Role::Feed, false, &[], None).await.unwrap();
        assert!(keeper.revoke_token(&admin, "t").await.unwrap());
        assert_eq!(lines().await, before + 5, "each leaves its line");
    }
}
