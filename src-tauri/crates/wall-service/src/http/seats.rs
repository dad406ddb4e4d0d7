//! Connections: so many at once. When all seats are taken, whoever comes gets the seat of the connection that has been
//! silent the longest, first of those that never said who they are: silent sockets keep nobody out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::Notify;

struct Seat {
    /// Whether somebody with a right asked over it.
    known: bool,
    /// Answers under way.
    working: usize,
    /// Since when it is silent.
    since: Instant,
    dismissed: Arc<Notify>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    seats: HashMap<u64, Seat>,
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

    /// A seat for a connection that has come; another may lose its own for it.
    pub fn sit(self: &Arc<Self>) -> Sitting {
        let dismissed = Arc::new(Notify::new());
        let mut inside = self.inside();
        if inside.seats.len() >= self.most {
            let silent = inside.seats.iter().filter(|(_, s)| s.working == 0);
            let longest = silent.min_by_key(|(_, s)| (s.known, s.since)).map(|(id, _)| *id);
            if let Some(seat) = longest.and_then(|id| inside.seats.remove(&id)) {
                seat.dismissed.notify_one();
            }
        }
        let id = inside.next;
        inside.next += 1;
        inside.seats.insert(id, Seat { known: false, working: 0, since: Instant::now(), dismissed: dismissed.clone() });
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
        let (known, first, second) = (seats.sit(), seats.sit(), seats.sit());
        known.handle().work().known();
        let working = first.handle().work();
        let newcomer = seats.sit();
        assert!(is_dismissed(&second) && !is_dismissed(&known) && !is_dismissed(&first), "the silent stranger");
        let working_too = newcomer.handle().work();
        let _another = seats.sit();
        assert!(is_dismissed(&known) && !is_dismissed(&first) && !is_dismissed(&newcomer), "nobody is cut at work");
        drop((working, working_too));
        assert_eq!(seats.inside().seats.len(), 3);
        drop((known, second));
        assert_eq!(seats.inside().seats.len(), 3, "who lost a seat leaves none");
    }

    #[tokio::test]
    async fn with_everybody_at_work_the_next_one_waits_for_the_first_to_be_silent() {
        let seats = Seats::new(1);
        let only = seats.sit();
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
