//! People who sign in: the check of a password, slow on purpose and never faster for a guess; sessions; what one may do.

use super::{Wall, WallError, clock::system_now};
use crate::{
    demo::{DEMO_ACCOUNTS, DEMO_PASSWORD},
    wire::{Can, DemoAccount, SessionView},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use wall_core::UtcMs;
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
/// Failures over all names: so many at once, then one in so many seconds.
const FAILURES_BURST: f64 = 20.0;
const FAILURE_EVERY_S: f64 = 3.0;
/// Longest name that is looked at.
const NAME_MOST: usize = 200;
/// The window's station: the person sits in front of it, so guesses from elsewhere do not lock it.
const WINDOW: &str = "wall";

/// What signing in shares between all doors of one wall.
pub(super) struct Entrance {
    hashing: Arc<Semaphore>,
    /// Failures that are still free, and when that was counted.
    pace: Mutex<(f64, Option<Instant>)>,
    seen: Mutex<HashMap<[u8; 32], (Account, Instant)>>,
}

impl Entrance {
    pub fn new() -> Self {
        Self { hashing: Arc::new(Semaphore::new(HASHING)), pace: Mutex::new((FAILURES_BURST, None)), seen: Mutex::default() }
    }

    /// Seconds until a failure is free again, when none is now.
    fn must_wait_s(&self, now: Instant) -> Option<u64> {
        let level = self.level(now, 0.0);
        (level < 1.0).then(|| ((1.0 - level) * FAILURE_EVERY_S).ceil().max(1.0) as u64)
    }

    fn level(&self, now: Instant, cost: f64) -> f64 {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let passed_s = pace.1.map_or(0.0, |t| now.saturating_duration_since(t).as_secs_f64());
        *pace = ((pace.0 + passed_s / FAILURE_EVERY_S).min(FAILURES_BURST) - cost, Some(now));
        pace.0
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

/// A person who has just signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, shown once.
    pub secret: String,
    /// Whose it is.
    pub account: Account,
}

/// What an account does at a station, it does in its own name and role.
pub fn actor_of(account: &Account, station: &str) -> Actor {
    Actor::new(&account.name, account.role, station)
}

fn key_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Wall {
    /// Checks name and password and opens a session at the station of `from`, who has some other right or none.
    ///
    /// A wrong name and a wrong password are answered alike, in words and time. After three failures in a row under one
    /// name the next attempt waits, longer each time; over all names failures have a rate, too.
    ///
    /// # Errors
    /// [`WallError::SignIn`], [`WallError::TooManyTries`], or the store.
    pub async fn sign_in(&self, from: &Actor, typed: &str, password: String) -> Result<SignedIn, WallError> {
        let name = typed.trim().to_lowercase();
        if name.len() > NAME_MOST {
            return Err(WallError::SignIn);
        }
        let entrance = &self.inner.entrance;
        // Held until the failure is noted: attempts side by side do not get around the wait.
        let waiting = tokio::time::timeout(PATIENCE, entrance.hashing.acquire()).await;
        let Ok(Ok(_place)) = waiting else { return Err(WallError::TooManyTries { retry_after_s: 5 }) };
        let now = system_now();
        if let Some(next) = self.store().failures(&name).await?.next_at().filter(|next| *next > now) {
            let retry_after_s = u64::try_from((next.0 - now.0).div_euclid(1_000) + 1).unwrap_or(1);
            return Err(WallError::TooManyTries { retry_after_s });
        }
        let anywhere = from.station != WINDOW;
        if anywhere && let Some(retry_after_s) = entrance.must_wait_s(Instant::now()) {
            return Err(WallError::TooManyTries { retry_after_s });
        }
        let (account, hash) = self.store().account_to_verify(&name).await?.unzip();
        let store = self.store().clone();
        let checked = tokio::task::spawn_blocking(move || store.verify_password(&password, hash.as_ref())).await;
        match (checked.unwrap_or(false), account) {
            (true, Some(account)) => {
                let mut tx = self.store().write(&actor_of(&account, &from.station), system_now()).await?;
                let secret = tx.open_session(&account).await?;
                tx.commit().await?;
                Ok(SignedIn { secret, account })
            }
            (_, account) => {
                let mut tx = self.store().write(from, system_now()).await?;
                tx.note_failure(&name, account.as_ref()).await?;
                tx.commit().await?;
                if anywhere {
                    entrance.level(Instant::now(), 1.0);
                }
                Err(WallError::SignIn)
            }
        }
    }

    /// Ends a session in the name of its account; `false` when there was none.
    pub async fn sign_out(&self, actor: &Actor, secret: &str) -> Result<bool, WallError> {
        let mut tx = self.store().write(actor, system_now()).await?;
        let closed = tx.close_session(secret).await?;
        tx.commit().await?;
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

    /// Who `actor` is on screen; `account` when a person is signed in.
    pub async fn session_view(&self, actor: &Actor, account: Option<&Account>) -> Result<SessionView, WallError> {
        let demo = self.inner.demo;
        let demo_account = |&(name, display_name, role): &(&str, &str, Role)| DemoAccount {
            name: name.into(),
            display_name: display_name.into(),
            role: role.code().into(),
            password: DEMO_PASSWORD.into(),
        };
        Ok(SessionView {
            signed_in: account.is_some(),
            name: actor.who.clone(),
            display_name: account.map(|a| a.display_name.clone()).unwrap_or_default(),
            role: actor.role.code().into(),
            can: can(actor.role),
            accounts_exist: self.store().any_account().await?,
            demo,
            demo_accounts: if demo { DEMO_ACCOUNTS.iter().map(demo_account).collect() } else { Vec::new() },
        })
    }
}

fn can(role: Role) -> Can {
    Can { plan: role.may_plan(), review: role.may_review(), publish: role.may_publish(), admin: role.may_administer() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_over_all_names_have_a_rate() {
        let (entrance, t) = (Entrance::new(), Instant::now());
        for _ in 0..FAILURES_BURST as usize {
            assert_eq!(entrance.must_wait_s(t), None);
            entrance.level(t, 1.0);
        }
        let wait = entrance.must_wait_s(t).unwrap();
        assert!((1..=FAILURE_EVERY_S as u64).contains(&wait), "{wait}");
        assert_eq!(entrance.must_wait_s(t + Duration::from_secs(wait)), None);
        assert_eq!(entrance.must_wait_s(t + Duration::from_secs(3_600)), None);
        assert!(entrance.level(t + Duration::from_secs(7_200), 0.0) <= FAILURES_BURST);
    }
}
