//! How a browser gets in: a one-time link becomes a session. Both live in memory only, as hashes.

use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use wall_store::Role;

/// A link is good for this long.
const LINK_LIFE: Duration = Duration::from_secs(10 * 60);
/// A session that nobody uses ends after this long.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// Links and sessions kept at most; the oldest give way.
const LINKS: usize = 64;
const SESSIONS: usize = 1024;

/// Hash under which a link or session is kept.
pub(crate) type Mark = [u8; 32];

/// One-time links and the sessions they become. Cheap to clone; all clones are the same doors.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    links: Vec<Link>,
    sessions: HashMap<Mark, Session>,
}

struct Link {
    mark: Mark,
    role: Role,
    issued: Instant,
    used: bool,
}

struct Session {
    role: Role,
    seen: Instant,
}

/// What a one-time secret was good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// The secret of the new session.
    In(String),
    /// Good once, and that was before.
    Used,
    /// Never issued here, or too old.
    Unknown,
}

impl Doors {
    /// A new link for a browser that will act in `role`: path and query (`/?once=` and 64 hex digits of 256 random
    /// bits), to be put behind the address of the server. Good once, within ten minutes.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn issue_link(&self, role: Role) -> std::io::Result<String> {
        self.issue_at(role, Instant::now()).map(|secret| format!("/?once={secret}"))
    }

    fn issue_at(&self, role: Role, now: Instant) -> std::io::Result<String> {
        let secret = secret()?;
        let mut inside = self.inside();
        inside.links.retain(|l| now.saturating_duration_since(l.issued) < LINK_LIFE);
        if inside.links.len() >= LINKS {
            inside.links.remove(0);
        }
        inside.links.push(Link { mark: mark(&secret), role, issued: now, used: false });
        Ok(secret)
    }

    pub(crate) fn enter(&self, once: &str) -> std::io::Result<Entry> {
        self.enter_at(once, Instant::now())
    }

    fn enter_at(&self, once: &str, now: Instant) -> std::io::Result<Entry> {
        let asked = mark(once);
        let fresh = secret()?;
        let mut inside = self.inside();
        let mut found = None;
        // All links are compared, each in constant time: how long it takes tells nothing.
        for (i, link) in inside.links.iter().enumerate() {
            if bool::from(link.mark.ct_eq(&asked)) {
                found = Some(i);
            }
        }
        let Some(link) = found.and_then(|i| inside.links.get_mut(i)) else { return Ok(Entry::Unknown) };
        if now.saturating_duration_since(link.issued) >= LINK_LIFE {
            return Ok(Entry::Unknown);
        }
        if link.used {
            return Ok(Entry::Used);
        }
        link.used = true;
        let role = link.role;
        let sessions = &mut inside.sessions;
        sessions.retain(|_, s| now.saturating_duration_since(s.seen) < IDLE);
        if sessions.len() >= SESSIONS
            && let Some(longest) = sessions.iter().min_by_key(|(_, s)| s.seen).map(|(m, _)| *m)
        {
            sessions.remove(&longest);
        }
        sessions.insert(mark(&fresh), Session { role, seen: now });
        Ok(Entry::In(fresh))
    }

    /// Role of a session that is still good, and marks it as used just now.
    pub(crate) fn session(&self, mark: &Mark) -> Option<Role> {
        self.session_at(mark, Instant::now())
    }

    fn session_at(&self, mark: &Mark, now: Instant) -> Option<Role> {
        let mut inside = self.inside();
        let session = inside.sessions.get_mut(mark)?;
        if now.saturating_duration_since(session.seen) >= IDLE {
            inside.sessions.remove(mark);
            return None;
        }
        session.seen = now;
        Some(session.role)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hash of a secret. Looking sessions up by it leaks nothing useful: the secret is 256 random bits.
pub(crate) fn mark(secret: &str) -> Mark {
    Sha256::digest(secret.as_bytes()).into()
}

fn secret() -> std::io::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get_in(doors: &Doors, secret: &str, now: Instant) -> String {
        match doors.enter_at(secret, now).unwrap() {
            Entry::In(session) => session,
            other => panic!("expected a session, not {other:?}"),
        }
    }

    #[test]
    fn a_link_is_good_once_and_for_ten_minutes() {
        let (doors, t) = (Doors::default(), Instant::now());
        let first = doors.issue_at(Role::Operator, t).unwrap();
        let second = doors.issue_at(Role::Viewer, t).unwrap();
        assert_ne!(first, second);
        assert_eq!(first.len(), 64);
        let session = get_in(&doors, &first, t);
        assert_eq!(doors.session_at(&mark(&session), t), Some(Role::Operator));
        assert_eq!(doors.enter_at(&first, t).unwrap(), Entry::Used);
        assert_eq!(doors.enter_at("", t).unwrap(), Entry::Unknown);
        assert_eq!(doors.enter_at(&second, t + LINK_LIFE).unwrap(), Entry::Unknown);
        assert!(doors.issue_link(Role::Viewer).unwrap().starts_with("/?once="));
    }

    #[test]
    fn a_session_ends_after_twelve_idle_hours_and_use_keeps_it() {
        let (doors, t) = (Doors::default(), Instant::now());
        let link = doors.issue_at(Role::Leader, t).unwrap();
        let session = mark(&get_in(&doors, &link, t));
        let later = t + IDLE - Duration::from_secs(1);
        assert_eq!(doors.session_at(&session, later), Some(Role::Leader));
        assert_eq!(doors.session_at(&session, later + IDLE - Duration::from_secs(1)), Some(Role::Leader));
        assert_eq!(doors.session_at(&session, later + IDLE * 3), None);
        assert_eq!(doors.session_at(&mark("nobody"), t), None);
    }

    #[test]
    fn links_and_sessions_are_bounded() {
        let (doors, t) = (Doors::default(), Instant::now());
        for _ in 0..SESSIONS + 10 {
            let link = doors.issue_at(Role::Viewer, t).unwrap();
            get_in(&doors, &link, t);
        }
        let inside = doors.inside();
        assert!(inside.links.len() <= LINKS && inside.sessions.len() <= SESSIONS);
    }
}
