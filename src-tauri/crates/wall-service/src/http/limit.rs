//! How much a token may send: a bucket of records that fills with time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// A rate with a burst, in records (a request without records counts one).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// Records a second in the long run.
    pub per_s: f64,
    /// Records at once after a rest.
    pub burst: f64,
}

impl Default for Rate {
    /// 500 a second, 20,000 at once: ten times a large city's feed, and a week's backlog in a minute.
    fn default() -> Self {
        Self { per_s: 500.0, burst: 20_000.0 }
    }
}

/// One bucket for each limited token.
pub(crate) struct Buckets {
    rate: Rate,
    levels: Mutex<HashMap<i64, (f64, Instant)>>,
}

impl Buckets {
    pub fn new(rate: Rate) -> Self {
        // A rate of zero would never let anybody in again and make the waiting time infinite.
        Self { rate: Rate { per_s: rate.per_s.max(0.001), burst: rate.burst.max(1.0) }, levels: Mutex::default() }
    }

    /// Takes `cost` when one is left; the bucket may go into debt, so that one large request is never impossible.
    /// `Err` = seconds until one is left again.
    pub fn take(&self, token: i64, cost: f64, now: Instant) -> Result<(), u64> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, at) = levels.entry(token).or_insert((self.rate.burst, now));
        let filled = *level + now.saturating_duration_since(*at).as_secs_f64() * self.rate.per_s;
        *level = filled.min(self.rate.burst);
        *at = now;
        if *level < 1.0 {
            return Err((((1.0 - *level) / self.rate.per_s).ceil() as u64).max(1));
        }
        *level -= cost;
        Ok(())
    }

    /// Charges what was found in a request that was already let in.
    pub fn charge(&self, token: i64, cost: f64) {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((level, _)) = levels.get_mut(&token) {
            *level -= cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_the_rate_then_rest() {
        let buckets = Buckets::new(Rate { per_s: 2.0, burst: 3.0 });
        let t = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take(1, 1.0, t), Ok(()));
        }
        assert_eq!(buckets.take(1, 1.0, t), Err(1));
        assert_eq!(buckets.take(2, 1.0, t), Ok(()), "another token has its own bucket");
        assert_eq!(buckets.take(1, 1.0, t + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn one_large_request_passes_and_is_paid_for() {
        let buckets = Buckets::new(Rate { per_s: 10.0, burst: 5.0 });
        let t = Instant::now();
        assert_eq!(buckets.take(1, 1.0, t), Ok(()));
        buckets.charge(1, 104.0);
        assert_eq!(buckets.take(1, 1.0, t), Err(11));
        assert_eq!(buckets.take(1, 1.0, t + Duration::from_millis(10_100)), Ok(()));
    }
}
