//! Shares of what there is little of: no actor and no address takes all of it, and a part is kept for wall stations.
//!
//! The window asks in process and needs no share: it is never refused.

use super::refusal::Refusal;
use crate::wall::Client;
use axum::{
    body::{Body, HttpBody},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::{
    collections::HashMap,
    hash::Hash,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// How much there is, and who may have how much of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    /// For all together.
    pub all: usize,
    /// Of those, kept for wall stations.
    pub kept: usize,
    /// For one actor, also a wall station.
    pub actor: usize,
    /// For one address, all its actors together; wall stations are not counted.
    pub address: usize,
}

impl Limits {
    /// A quarter kept for wall stations, a quarter for an actor, half for an address.
    pub const fn of(all: usize) -> Self {
        Self { all, kept: all / 4, actor: all / 4, address: all / 2 }
    }
}

/// Who takes a share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asker {
    /// The station where it is one, whoever signed in there; else the actor.
    pub who: Arc<str>,
    /// Whence.
    pub address: Client,
    /// Whether it is a wall station.
    pub wall: bool,
}

/// What is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Over {
    Actor,
    Address,
    All,
}

#[derive(Default)]
struct Used {
    all: usize,
    /// By others than wall stations.
    common: usize,
    actors: HashMap<Arc<str>, usize>,
    addresses: HashMap<Client, usize>,
}

/// One kind of thing that is shared.
pub(crate) struct Shares {
    limits: Limits,
    /// What is shared, in words, and the code of a refusal.
    name: &'static str,
    code: &'static str,
    retry_after_s: u64,
    used: Mutex<Used>,
}

impl Shares {
    /// `name` says what is shared, in the plural.
    pub fn new(limits: Limits, name: &'static str, code: &'static str, retry_after_s: u64) -> Arc<Self> {
        Arc::new(Self { limits, name, code, retry_after_s, used: Mutex::default() })
    }

    /// A place, given back when it is dropped.
    ///
    /// # Errors
    /// 429 when the share of the actor or address is used up, 503 when there is nothing left; both say when to come back.
    pub fn take(self: &Arc<Self>, asker: &Asker) -> Result<Place, Refusal> {
        let mut used = self.used();
        if let Some(over) = self.over(&used, asker) {
            return Err(self.refusal(over));
        }
        used.all += 1;
        *used.actors.entry(asker.who.clone()).or_default() += 1;
        if !asker.wall {
            used.common += 1;
            *used.addresses.entry(asker.address.clone()).or_default() += 1;
        }
        Ok(Place { shares: self.clone(), asker: asker.clone() })
    }

    /// Places taken now.
    pub fn taken(&self) -> usize {
        self.used().all
    }

    fn over(&self, used: &Used, asker: &Asker) -> Option<Over> {
        let Limits { all, kept, actor, address } = self.limits;
        if used.actors.get(&asker.who).is_some_and(|n| *n >= actor) {
            Some(Over::Actor)
        } else if !asker.wall && used.addresses.get(&asker.address).is_some_and(|n| *n >= address) {
            Some(Over::Address)
        } else {
            (used.all >= all || !asker.wall && used.common >= all - kept).then_some(Over::All)
        }
    }

    fn refusal(&self, over: Over) -> Refusal {
        let (name, Limits { actor, address, .. }, s) = (self.name, self.limits, self.retry_after_s);
        let (status, words) = match over {
            Over::Actor => (StatusCode::TOO_MANY_REQUESTS, format!("{actor} {name} of one caller are the most at once")),
            Over::Address => (StatusCode::TOO_MANY_REQUESTS, format!("{address} {name} of one address are the most at once")),
            Over::All => (StatusCode::SERVICE_UNAVAILABLE, format!("there are too many {name} at the moment")),
        };
        let words = format!("{words}; those under way go on, end one of them or ask again in {s} s");
        Refusal { retry_after_s: Some(s), ..Refusal::new(status, self.code, words) }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the shares; dropped, others may have it.
pub(crate) struct Place {
    shares: Arc<Shares>,
    asker: Asker,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut used = self.shares.used();
        used.all -= 1;
        give_back(&mut used.actors, &self.asker.who);
        if !self.asker.wall {
            used.common -= 1;
            give_back(&mut used.addresses, &self.asker.address);
        }
    }
}

/// One less; nothing is remembered of whom has none.
fn give_back<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}

/// An answer that holds something until it was sent, or the client went away.
pub(crate) fn hold<T: Send + Unpin + 'static>(response: Response, held: T) -> Response {
    response.map(|body| Body::new(Holding { body, _held: held }))
}

struct Holding<T> {
    body: Body,
    _held: T,
}

impl<T: Unpin> HttpBody for Holding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn asker(who: &str, last: u8, wall: bool) -> Asker {
        Asker { who: who.into(), address: Client::at(IpAddr::from([10, 0, 0, last])), wall }
    }

    fn shares(all: usize) -> Arc<Shares> {
        Shares::new(Limits::of(all), "things", "too_many_things", 3)
    }

    /// Takes until refused: how many there were, and the refusal.
    fn fill(shares: &Arc<Shares>, asker: &Asker, places: &mut Vec<Place>) -> (usize, Refusal) {
        let before = places.len();
        loop {
            match shares.take(asker) {
                Ok(place) => places.push(place),
                Err(refusal) => return (places.len() - before, refusal),
            }
        }
    }

    #[test]
    fn nobody_takes_all_and_wall_stations_always_get_in() {
        let (shares, mut places) = (shares(16), Vec::new());
        let (n, refusal) = fill(&shares, &asker("a", 1, false), &mut places);
        assert_eq!((n, refusal.status.as_u16(), refusal.retry_after_s), (4, 429, Some(3)));
        assert!(refusal.message.contains("4 things of one caller"), "{}", refusal.message);
        assert_eq!(fill(&shares, &asker("b", 1, false), &mut places).0, 4);
        let (n, refusal) = fill(&shares, &asker("c", 1, false), &mut places);
        assert_eq!((n, refusal.status.as_u16()), (0, 429), "half for one address");
        assert!(refusal.message.contains("8 things of one address"), "{}", refusal.message);
        assert_eq!(fill(&shares, &asker("c", 2, false), &mut places).0, 4);
        let (n, refusal) = fill(&shares, &asker("d", 3, false), &mut places);
        assert_eq!((n, refusal.status.as_u16(), refusal.retry_after_s), (0, 503, Some(3)), "a quarter is kept");
        // Stations are behind the same address as the greedy ones: it is not held against them.
        assert_eq!(fill(&shares, &asker("station:1", 1, true), &mut places).0, 4);
        assert_eq!(fill(&shares, &asker("station:2", 1, true), &mut places).1.status.as_u16(), 503);
        assert_eq!(shares.taken(), 16);
    }

    #[test]
    fn what_is_given_back_is_there_again_and_nothing_is_remembered() {
        let (shares, mut places) = (shares(16), Vec::new());
        for who in [asker("a", 1, false), asker("station:1", 1, true)] {
            fill(&shares, &who, &mut places);
        }
        places.clear();
        assert_eq!(fill(&shares, &asker("a", 1, false), &mut places).0, 4);
        places.clear();
        let used = shares.used();
        assert_eq!((used.all, used.common, used.actors.len(), used.addresses.len()), (0, 0, 0, 0));
    }
}
