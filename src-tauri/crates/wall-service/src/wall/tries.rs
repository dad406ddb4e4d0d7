//! Who tried to sign in and failed, by client: guesses slow down whoever guesses, and nobody else.
//!
//! A client is a device that somebody signed in at before (its mark), else a network address. Waits run on the monotonic
//! clock and live as long as the program: setting the system's clock locks nobody out and lets nobody in.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Mutex as Turn;

/// Failures of one client over all names: so many at once, then one in so many seconds.
const BURST: f64 = 20.0;
const EVERY_S: f64 = 3.0;
/// A failure is forgotten after this long.
const MEMORY: Duration = Duration::from_secs(24 * 3_600);
/// Clients, and pairs of client and name, remembered at most; those longest silent give way.
const MOST: usize = 10_000;

/// Whence somebody signs in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Client {
    /// The wall's own window: the person sits in front of it.
    Window,
    /// A browser at which this account signed in before.
    Device([u8; 16]),
    /// An address: an IPv4 address, or the /64 network of an IPv6 one.
    Address(u64),
    /// No address is known.
    Unknown,
}

impl Client {
    /// The client at an address.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(four) => u64::from(four.to_bits()),
            // The lower half is the client's own to choose. No IPv6 network begins with 32 zero bits but ours.
            IpAddr::V6(six) => (six.to_bits() >> 64) as u64,
        })
    }
}

struct Pace {
    /// Failures that are still free.
    free: f64,
    at: Instant,
    turn: Arc<Turn<()>>,
}

/// Failures in a row of a client under a name.
#[derive(Clone, Copy)]
struct Row {
    count: u32,
    at: Instant,
}

#[derive(Default)]
struct Inside {
    clients: HashMap<Client, Pace>,
    rows: HashMap<(Client, String), Row>,
}

/// What every attempt asks first.
#[derive(Default)]
pub(super) struct Tries(Mutex<Inside>);

/// Three failures in a row are free, then 2 s, 4 s, 8 s … up to five minutes after the last one.
fn wait_s(count: u32) -> u64 {
    match count.checked_sub(3) {
        None | Some(0) => 0,
        Some(over) => 2u64.pow(over.min(9)).min(300),
    }
}

/// Makes room: forgets what is old, then what was longest silent.
fn make_room<K: Hash + Eq + Clone, V>(all: &mut HashMap<K, V>, at: impl Fn(&V) -> Instant, now: Instant) {
    if all.len() < MOST {
        return;
    }
    all.retain(|_, v| now.saturating_duration_since(at(v)) < MEMORY);
    if all.len() >= MOST
        && let Some(oldest) = all.iter().min_by_key(|(_, v)| at(v)).map(|(k, _)| k.clone())
    {
        all.remove(&oldest);
    }
}

impl Tries {
    /// Attempts of one client stand in a line of their own, so that they do not stand in others'.
    pub fn turn(&self, client: &Client, now: Instant) -> Arc<Turn<()>> {
        let mut inside = self.inside();
        make_room(&mut inside.clients, |p| p.at, now);
        let fresh = || Pace { free: BURST, at: now, turn: Arc::default() };
        inside.clients.entry(client.clone()).or_insert_with(fresh).turn.clone()
    }

    /// Seconds until this client may try this name; `None` = now.
    pub fn must_wait_s(&self, client: &Client, name: &str, now: Instant) -> Option<u64> {
        let inside = self.inside();
        let row = inside.rows.get(&(client.clone(), name.to_owned())).filter(|r| now.saturating_duration_since(r.at) < MEMORY);
        let by_name = row.and_then(|r| {
            let left = Duration::from_secs(wait_s(r.count)).checked_sub(now.saturating_duration_since(r.at))?;
            (!left.is_zero()).then(|| left.as_millis().div_ceil(1_000) as u64)
        });
        // Whoever sits at the window is seen by the room.
        let paced = !matches!(client, Client::Window);
        let by_pace = inside.clients.get(client).filter(|_| paced).and_then(|p| {
            let free = refilled(p, now);
            (free < 1.0).then(|| ((1.0 - free) * EVERY_S).ceil().max(1.0) as u64)
        });
        by_name.max(by_pace)
    }

    /// An attempt failed.
    pub fn failed(&self, client: &Client, name: &str, now: Instant) {
        let mut inside = self.inside();
        make_room(&mut inside.rows, |r| r.at, now);
        let row = inside.rows.entry((client.clone(), name.to_owned())).or_insert(Row { count: 0, at: now });
        if now.saturating_duration_since(row.at) >= MEMORY {
            row.count = 0;
        }
        (row.count, row.at) = (row.count.saturating_add(1), now);
        if let Some(pace) = inside.clients.get_mut(client) {
            (pace.free, pace.at) = (refilled(pace, now) - 1.0, now);
        }
    }

    /// Somebody got in under this name: this client's failures under it are forgiven.
    pub fn forgive(&self, client: &Client, name: &str) {
        self.inside().rows.remove(&(client.clone(), name.to_owned()));
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refilled(pace: &Pace, now: Instant) -> f64 {
    (pace.free + now.saturating_duration_since(pace.at).as_secs_f64() / EVERY_S).min(BURST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Client {
        Client::at(IpAddr::from([10, 0, 0, last]))
    }

    fn fail(tries: &Tries, who: &Client, name: &str, now: Instant) {
        tries.turn(who, now);
        tries.failed(who, name, now);
    }

    #[test]
    fn the_wait_grows_and_ends() {
        let waits: Vec<u64> = (0..=13).map(wait_s).collect();
        assert_eq!(waits, [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(wait_s(u32::MAX), 300);
    }

    #[test]
    fn guesses_slow_whoever_guesses_and_nobody_else() {
        let (tries, t) = (Tries::default(), Instant::now());
        for _ in 0..12 {
            fail(&tries, &client(1), "planner", t);
        }
        assert_eq!(tries.must_wait_s(&client(1), "planner", t), Some(300));
        assert_eq!(tries.must_wait_s(&client(1), "leader", t), None, "another name");
        for other in [client(2), Client::Device([1; 16]), Client::Window, Client::Unknown] {
            assert_eq!(tries.must_wait_s(&other, "planner", t), None, "{other:?}");
        }
        assert_eq!(tries.must_wait_s(&client(1), "planner", t + Duration::from_secs(301)), None, "it ends");
        tries.forgive(&client(1), "planner");
        assert_eq!(tries.must_wait_s(&client(1), "planner", t), None);
    }

    #[test]
    fn guesses_over_many_names_have_a_pace_and_the_window_has_none() {
        let (tries, t) = (Tries::default(), Instant::now());
        for n in 0..BURST as usize {
            assert_eq!(tries.must_wait_s(&client(1), &n.to_string(), t), None);
            fail(&tries, &client(1), &n.to_string(), t);
            fail(&tries, &Client::Window, &n.to_string(), t);
        }
        let wait = tries.must_wait_s(&client(1), "next", t).unwrap();
        assert!((1..=EVERY_S as u64).contains(&wait), "{wait}");
        assert_eq!(tries.must_wait_s(&client(1), "next", t + Duration::from_secs(wait)), None);
        assert_eq!(tries.must_wait_s(&Client::Window, "next", t), None);
        assert_eq!(tries.must_wait_s(&client(2), "next", t), None);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_newest() {
        let (tries, t) = (Tries::default(), Instant::now());
        for n in 0..MOST + 50 {
            fail(&tries, &Client::Address(n as u64), "x", t + Duration::from_millis(n as u64));
        }
        let inside = tries.inside();
        assert!(inside.clients.len() <= MOST && inside.rows.len() <= MOST);
        assert!(inside.clients.contains_key(&Client::Address((MOST + 49) as u64)));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let at = |text: &str| Client::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
    }
}
