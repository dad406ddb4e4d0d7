//! People who sign in: the check of a password, slow on purpose and never faster for a guess; sessions; what one may do.

use super::{
    Wall, WallError,
    clock::system_now,
    tries::{Client, Tries},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use wall_core::{Unbound, UtcMs};
use wall_store::{Account, Actor, PasswordHash, Role, Store};

/// Passwords hashed at once: each takes 19 MiB and a core.
const HASHING: usize = 2;
/// Who cannot be looked at within this time is asked to come back.
const PATIENCE: Duration = Duration::from_secs(10);
/// A session ended by another process is refused after at most this long.
const FRESH: Duration = Duration::from_secs(3);
/// Sessions remembered; further ones are asked about each time.
const KEPT: usize = 1_024;
/// How often the use of a session is written down.
const NOTE_USE_MS: i64 = 5 * 60_000;
/// Longest name that is looked at.
const NAME_MOST: usize = 200;
/// What signing in shares between all doors of one wall.
pub(super) struct Entrance {
    hashing: Arc<Semaphore>,
    tries: Tries,
    seen: Mutex<HashMap<[u8; 32], (Account, Instant)>>,
}

impl Entrance {
    pub fn new() -> Self {
        Self { hashing: Arc::new(Semaphore::new(HASHING)), tries: Tries::default(), seen: Mutex::default() }
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Account> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(key).filter(|(_, at)| at.elapsed() < FRESH).map(|(account, _)| account.clone())
    }

    fn remember(&self, key: [u8; 32], account: &Account, asked: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= KEPT {
            seen.retain(|_, (_, at)| at.elapsed() < FRESH);
        }
        if seen.len() < KEPT {
            seen.insert(key, (account.clone(), asked));
        }
    }

    fn forget(&self, key: &[u8; 32]) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// An account with which anybody may sign in, shown with its password: of a demonstration alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublishedAccount {
    /// What is typed to sign in.
    pub name: &'static str,
    /// Name on screen.
    pub display_name: &'static str,
    /// Its role.
    pub role: Role,
    /// Its password.
    pub password: &'static str,
}

/// A person who has just signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, shown once.
    pub secret: String,
    /// Whose it is.
    pub account: Account,
}

/// What an account does at a station, it does in its own name, role and scope.
pub fn actor_of(account: &Account, station: &str) -> Actor {
    Actor { scope: account.scope.clone(), ..Actor::new(&account.name, account.role, station) }
}

fn key_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Wall {
    /// Checks name and password and opens a session at the station of `from`, who has some other right or none.
    ///
    /// A wrong name and a wrong password are answered alike, in words and time. After three failures in a row under one
    /// name the next attempt of that client waits, longer each time; over all names its failures have a rate, too. Other
    /// clients wait for nothing.
    ///
    /// # Errors
    /// [`WallError::SignIn`], [`WallError::TooManyTries`], or the store.
    pub async fn sign_in(&self, from: &Actor, client: &Client, typed: &str, password: String) -> Result<SignedIn, WallError> {
        // Without the keys no password can be judged: nobody is told that theirs is wrong.
        self.store().need_keys()?;
        let name = typed.trim().to_lowercase();
        if name.len() > NAME_MOST {
            return Err(WallError::SignIn);
        }
        let entrance = &self.inner.entrance;
        let patience = tokio::time::Instant::now() + PATIENCE;
        let busy = || WallError::TooManyTries { retry_after_s: 5 };
        // Both held until the failure is noted: attempts side by side do not get around the wait. A client takes one of the
        // few places of the slow hash at most.
        let turn = entrance.tries.turn(client, Instant::now());
        let _turn = tokio::time::timeout_at(patience, turn.lock()).await.map_err(|_| busy())?;
        if let Some(retry_after_s) = entrance.tries.must_wait_s(client, &name, Instant::now()) {
            return Err(WallError::TooManyTries { retry_after_s });
        }
        let waiting = tokio::time::timeout_at(patience, entrance.hashing.acquire()).await;
        let Ok(Ok(_place)) = waiting else { return Err(busy()) };
        let (account, hash) = self.store().account_to_verify(&name).await?.unzip();
        let store = self.store().clone();
        let checked = tokio::task::spawn_blocking(move || store.verify_password(&password, hash.as_ref())).await;
        match (checked.unwrap_or(false), account) {
            (true, Some(account)) => {
                let mut tx = self.write(&actor_of(&account, &from.station), Unbound::SignIn).await?;
                let secret = tx.open_session(&account).await?;
                tx.commit_audited().await?;
                entrance.tries.forgive(client, &name);
                Ok(SignedIn { secret, account })
            }
            (_, account) => {
                // First: a store that cannot be written is no way around the wait.
                entrance.tries.failed(client, &name, Instant::now());
                let mut tx = self.write(from, Unbound::SignIn).await?;
                tx.note_failure(&name, account.as_ref()).await?;
                tx.commit_audited().await?;
                Err(WallError::SignIn)
            }
        }
    }

    /// Ends a session in the name of its account; `false` when there was none.
    pub async fn sign_out(&self, actor: &Actor, secret: &str) -> Result<bool, WallError> {
        let mut tx = self.write(actor, Unbound::SignIn).await?;
        let closed = tx.close_session(secret).await?;
        if closed {
            tx.commit_audited().await?;
        }
        self.inner.entrance.forget(&key_of(secret));
        Ok(closed)
    }

    /// The account of a session that is still good. Keeps it in use; answers from memory for a few seconds.
    pub async fn account_of(&self, secret: &str) -> Result<Option<Account>, WallError> {
        if !Store::is_session_secret(secret) {
            return Ok(None);
        }
        let (key, asked, now) = (key_of(secret), Instant::now(), system_now());
        if let Some(account) = self.inner.entrance.remembered(&key) {
            return Ok(Some(account));
        }
        let Some((account, noted)) = self.store().account_by_session(secret, now).await? else {
            self.inner.entrance.forget(&key);
            return Ok(None);
        };
        self.inner.entrance.remember(key, &account, asked);
        if now.0 - noted.0 >= NOTE_USE_MS {
            self.note_use(secret.to_owned(), now);
        }
        Ok(Some(account))
    }

    /// Writes down that a session is in use, beside whatever is being answered.
    fn note_use(&self, secret: String, now: UtcMs) {
        let store = self.store().clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_session(&secret, now).await {
                tracing::debug!(%error, "the use of a session was not noted; the next one is");
            }
        });
    }

    /// Hashes a password where blocking is allowed, at most two at once.
    ///
    /// # Errors
    /// The system gives no random salt.
    pub async fn hash_password(&self, password: String) -> Result<PasswordHash, WallError> {
        let _place = self.inner.entrance.hashing.acquire().await.map_err(std::io::Error::other)?;
        let store = self.store().clone();
        let hashed = tokio::task::spawn_blocking(move || store.hash_password(&password)).await;
        Ok(hashed.map_err(std::io::Error::other)??)
    }
}
