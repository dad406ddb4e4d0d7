//! Grounds of other times that were asked about lately: whoever moves along the time line asks for the same few again and
//! again, and each is read from the store and built from all its cells.

use super::ground::Ground;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::SeqCst},
};
use wall_core::UtcMs;

/// Grounds kept; each is as large as the present one.
const KEPT: usize = 3;

/// Newest use first. True for the world as it stands: the follower has them forgotten before it takes in what a ground is made of.
#[derive(Default)]
pub(super) struct Grounds {
    kept: Mutex<Vec<Arc<Ground>>>,
    /// How often they were forgotten.
    forgotten: AtomicU64,
}

impl Grounds {
    /// The one that holds at a time.
    pub fn at(&self, at: UtcMs) -> Option<Arc<Ground>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|ground| ground.holds_at(at))?;
        let ground = kept.remove(found);
        kept.insert(0, ground.clone());
        Some(ground)
    }

    /// What a ground that is about to be read has to be kept with.
    pub fn mark(&self) -> u64 {
        self.forgotten.load(SeqCst)
    }

    /// Keeps a ground that was read since the mark, unless they were forgotten meanwhile.
    pub fn keep(&self, mark: u64, ground: &Arc<Ground>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.mark() == mark {
            kept.insert(0, ground.clone());
            kept.truncate(KEPT);
        }
    }

    /// What grounds are made of has changed.
    pub fn forget(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, SeqCst);
        kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::{Network, NetworkId};

    fn ground(from: i64, until: i64) -> Arc<Ground> {
        let network = Network { id: NetworkId(1), key: "general".into(), name: String::new() };
        let mut ground = Ground::empty();
        (ground.network, ground.valid_from, ground.valid_until) = (Some(network), Some(UtcMs(from)), Some(UtcMs(until)));
        Arc::new(ground)
    }

    #[test]
    fn a_ground_is_found_at_its_times_until_they_are_forgotten() {
        let grounds = Grounds::default();
        let mark = grounds.mark();
        for from in [0, 10, 20, 30] {
            grounds.keep(mark, &ground(from, from + 10));
        }
        let found = |t: i64| grounds.at(UtcMs(t)).and_then(|g| g.valid_from).map(|t| t.0);
        assert_eq!([5, 15, 29, 30, 40].map(found), [None, Some(10), Some(20), Some(30), None], "the oldest went");
        grounds.forget();
        assert_eq!(found(30), None);
        grounds.keep(mark, &ground(0, 10));
        assert_eq!(found(5), None, "it was read before what it is made of changed");
        grounds.keep(grounds.mark(), &ground(0, 10));
        assert_eq!(found(5), Some(0));
    }
}
