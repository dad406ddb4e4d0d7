//! Connections: so many at once. When all seats are taken, whoever comes gets the seat of the connection that has been
//! silent the longest, first of those that never said who they are: silent sockets keep nobody out. Of connections that have not
//! done with the handshake of TLS there are a quarter of the seats at most; beyond that the oldest of the address that has
//! most of them goes.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::Notify;

struct Seat {
    /// Whether somebody with a right asked over it.
    known: bool,
    /// Answers under way.
    working: usize,
    /// Whence it comes, as long as it has not done with the handshake.
    greeting: Option<IpAddr>,
    /// Since when it is silent.
    since: Instant,
    dismissed: Arc<Notify>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    seats: HashMap<u64, Seat>,
}

impl Inside {
    /// Leaves fewer than `most` handshakes under way.
    fn make_room_for_greetings(&mut self, most: usize) {
        let mut of_address = HashMap::<IpAddr, usize>::new();
        for address in self.seats.values().filter_map(|s| s.greeting) {
            *of_address.entry(address).or_default() += 1;
        }
        if of_address.values().sum::<usize>() < most {
            return;
        }
        let greeting = self.seats.iter().filter_map(|(id, s)| s.greeting.map(|a| (*id, a, s.since)));
        let goes = greeting.max_by_key(|(id, a, since)| (of_address.get(a).copied(), Reverse((*since, *id))));
        if let Some(seat) = goes.and_then(|(id, ..)| self.seats.remove(&id)) {
            seat.dismissed.notify_one();
        }
    }
}

/// All seats.
pub(super) struct Seats {
    most: usize,
    inside: Mutex<Inside>,
    freed: Notify,
}

impl Seats {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, inside: Mutex::default(), freed: Notify::new() })
    }

    /// Returns once there is a seat that nobody works on: then whoever comes will get one.
    pub async fn vacancy(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking: what is freed in between is not missed.
            freed.as_mut().enable();
            {
                let inside = self.inside();
                if inside.seats.len() < self.most || inside.seats.values().any(|s| s.working == 0) {
                    return;
                }
            }
            freed.await;
        }
    }

    /// A seat for a connection that has come; another may lose its own for it. `greeting`: whence it comes, when a handshake is
    /// before it.
    pub fn sit(self: &Arc<Self>, greeting: Option<IpAddr>) -> Sitting {
        let dismissed = Arc::new(Notify::new());
        let mut inside = self.inside();
        if greeting.is_some() {
            inside.make_room_for_greetings((self.most / 4).max(1));
        }
        if inside.seats.len() >= self.most {
            let silent = inside.seats.iter().filter(|(_, s)| s.working == 0);
            let longest = silent.min_by_key(|(_, s)| (s.known, s.since)).map(|(id, _)| *id);
            if let Some(seat) = longest.and_then(|id| inside.seats.remove(&id)) {
                seat.dismissed.notify_one();
            }
        }
        let id = inside.next;
        inside.next += 1;
        inside.seats.insert(id, Seat { known: false, working: 0, greeting, since: Instant::now(), dismissed: dismissed.clone() });
        Sitting { id, seats: self.clone(), dismissed }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The seat of one connection, for as long as it lasts.
pub(super) struct Sitting {
    id: u64,
    seats: Arc<Seats>,
    dismissed: Arc<Notify>,
}

impl Sitting {
    /// What requests over this connection say of it.
    pub fn handle(&self) -> SeatHandle {
        SeatHandle { id: self.id, seats: self.seats.clone() }
    }

    /// The handshake is done.
    pub fn greeted(&self) {
        if let Some(seat) = self.seats.inside().seats.get_mut(&self.id) {
            (seat.greeting, seat.since) = (None, Instant::now());
        }
    }

    /// Returns when another connection got this seat.
    pub async fn dismissed(&self) {
        self.dismissed.notified().await;
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        self.seats.inside().seats.remove(&self.id);
        self.seats.freed.notify_one();
    }
}

/// A connection, as its requests know it.
#[derive(Clone)]
pub(crate) struct SeatHandle {
    id: u64,
    seats: Arc<Seats>,
}

impl SeatHandle {
    /// An answer is under way until the result is dropped; the seat is not taken away meanwhile.
    pub fn work(self) -> Working {
        if let Some(seat) = self.seats.inside().seats.get_mut(&self.id) {
            seat.working += 1;
        }
        Working(self)
    }
}

/// An answer under way on a connection.
pub(crate) struct Working(SeatHandle);

impl Working {
    /// Somebody with a right asks.
    pub fn known(&self) {
        if let Some(seat) = self.0.seats.inside().seats.get_mut(&self.0.id) {
            seat.known = true;
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let seats = &self.0.seats;
        if let Some(seat) = seats.inside().seats.get_mut(&self.0.id) {
            seat.working = seat.working.saturating_sub(1);
            seat.since = Instant::now();
        }
        seats.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn is_dismissed(sitting: &Sitting) -> bool {
        sitting.dismissed().now_or_never().is_some()
    }

    #[test]
    fn the_longest_silent_gives_way_strangers_first() {
        let seats = Seats::new(3);
        let (known, first, second) = (seats.sit(None), seats.sit(None), seats.sit(None));
        known.handle().work().known();
        let working = first.handle().work();
        let newcomer = seats.sit(None);
        assert!(is_dismissed(&second) && !is_dismissed(&known) && !is_dismissed(&first), "the silent stranger");
        let working_too = newcomer.handle().work();
        let _another = seats.sit(None);
        assert!(is_dismissed(&known) && !is_dismissed(&first) && !is_dismissed(&newcomer), "nobody is cut at work");
        drop((working, working_too));
        assert_eq!(seats.inside().seats.len(), 3);
        drop((known, second));
        assert_eq!(seats.inside().seats.len(), 3, "who lost a seat leaves none");
    }

    #[test]
    fn handshakes_have_a_quarter_and_the_address_with_most_of_them_gives_way() {
        let seats = Seats::new(16);
        let from = |last: u8| Some(IpAddr::from([10, 0, 0, last]));
        let (done, one) = (seats.sit(from(9)), seats.sit(from(1)));
        done.greeted();
        let many = [seats.sit(from(2)), seats.sit(from(2)), seats.sit(from(2))];
        let next = seats.sit(from(3));
        assert!(is_dismissed(&many[0]), "the oldest of those of which there are most");
        assert!([&done, &one, &many[1], &many[2], &next].into_iter().all(|s| !is_dismissed(s)));
        assert_eq!(seats.inside().seats.len(), 5);
    }

    #[tokio::test]
    async fn with_everybody_at_work_the_next_one_waits_for_the_first_to_be_silent() {
        let seats = Seats::new(1);
        let only = seats.sit(None);
        let working = only.handle().work();
        assert!(seats.vacancy().now_or_never().is_none());
        let waits = tokio::spawn({
            let seats = seats.clone();
            async move { seats.vacancy().await }
        });
        tokio::task::yield_now().await;
        drop(working);
        tokio::time::timeout(std::time::Duration::from_secs(10), waits).await.expect("the bell").unwrap();
        assert!(!is_dismissed(&only), "only when somebody comes");
    }
}
