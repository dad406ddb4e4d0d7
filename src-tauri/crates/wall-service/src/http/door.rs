//! How a browser gets in: by a one-time link, which lives in memory only, as a hash. The right it gives is a station in the store.

use sha2::{Digest, Sha256};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use wall_store::Role;

/// A link is good for this long.
const LINK_LIFE: Duration = Duration::from_secs(10 * 60);
/// Links kept at most; the oldest give way.
const LINKS: usize = 64;

/// Hash under which a link is kept.
type Mark = [u8; 32];

/// One-time links. Cheap to clone; all clones are the same doors.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<Vec<Link>>>);

struct Link {
    mark: Mark,
    role: Role,
    issued: Instant,
    used: bool,
}

/// What a one-time secret was good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// For a station that acts in this role.
    In(Role),
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
        let mut links = self.links();
        links.retain(|l| now.saturating_duration_since(l.issued) < LINK_LIFE);
        if links.len() >= LINKS {
            links.remove(0);
        }
        links.push(Link { mark: mark(&secret), role, issued: now, used: false });
        Ok(secret)
    }

    /// Uses a link.
    pub(crate) fn enter(&self, once: &str) -> Entry {
        self.enter_at(once, Instant::now())
    }

    fn enter_at(&self, once: &str, now: Instant) -> Entry {
        let mut links = self.links();
        let Some(link) = find(&mut links, once) else { return Entry::Unknown };
        if now.saturating_duration_since(link.issued) >= LINK_LIFE {
            return Entry::Unknown;
        }
        match std::mem::replace(&mut link.used, true) {
            true => Entry::Used,
            false => Entry::In(link.role),
        }
    }

    /// The station could not be written down: the link is good once more.
    pub(crate) fn give_back(&self, once: &str) {
        if let Some(link) = find(&mut self.links(), once) {
            link.used = false;
        }
    }

    fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All links are compared, each in constant time: how long it takes tells nothing.
fn find<'a>(links: &'a mut [Link], once: &str) -> Option<&'a mut Link> {
    let asked = mark(once);
    let mut found = None;
    for (i, link) in links.iter().enumerate() {
        if bool::from(link.mark.ct_eq(&asked)) {
            found = Some(i);
        }
    }
    found.and_then(|i| links.get_mut(i))
}

fn mark(secret: &str) -> Mark {
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

    #[test]
    fn a_link_is_good_once_and_for_ten_minutes() {
        let (doors, t) = (Doors::default(), Instant::now());
        let first = doors.issue_at(Role::Operator, t).unwrap();
        let second = doors.issue_at(Role::Viewer, t).unwrap();
        assert_ne!(first, second);
        assert_eq!(first.len(), 64);
        assert_eq!(doors.enter_at(&first, t), Entry::In(Role::Operator));
        assert_eq!(doors.enter_at(&first, t), Entry::Used);
        doors.give_back(&first);
        assert_eq!(doors.enter_at(&first, t), Entry::In(Role::Operator));
        assert_eq!(doors.enter_at("", t), Entry::Unknown);
        assert_eq!(doors.enter_at(&second, t + LINK_LIFE), Entry::Unknown);
        assert!(doors.issue_link(Role::Viewer).unwrap().starts_with("/?once="));
    }

    #[test]
    fn links_are_bounded() {
        let (doors, t) = (Doors::default(), Instant::now());
        for _ in 0..LINKS + 10 {
            doors.issue_at(Role::Viewer, t).unwrap();
        }
        assert!(doors.links().len() <= LINKS);
    }
}
