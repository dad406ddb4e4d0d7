//! The wall's clock: the system's, fixed, or driven by a replay. The only place that asks the system for the time.

use std::{
    sync::{RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};
use wall_core::{Timebase, UtcMs};
use wall_store::{ReplayClock, Store, StoreError};

/// The system's time.
pub fn system_now() -> UtcMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UtcMs(since.map_or(0, |d| d.as_millis() as i64))
}

/// A replay says every few seconds that it lives, a standing one (speed 0) too; after this long without a word the wall
/// returns to the system's clock, so that nobody leaves it in another time.
const LAPSE_MS: i64 = 60_000;
/// A word of the same replay puts the clock where it would be by itself, give or take so much real time.
const DRIFT_MS: f64 = 5_000.0;

/// Whether the last word of a replay, said at a real time, still holds at `real`. One of the future is of a clock that was
/// set back since, and nobody knows how old it is: it holds no longer than one of the past.
fn is_driven(replay: &ReplayClock, real: UtcMs) -> bool {
    real.0.saturating_sub(replay.real_at.0).saturating_abs() < LAPSE_MS
}

fn wall_time(replay: &ReplayClock, real: UtcMs) -> UtcMs {
    UtcMs(replay.wall_at.0.saturating_add(((real.0 - replay.real_at.0) as f64 * replay.speed) as i64))
}

/// Whether `next` only says that the replay `last` goes on as it did.
pub(crate) fn goes_on(last: &ReplayClock, next: &ReplayClock) -> bool {
    let expected = wall_time(last, next.real_at);
    is_driven(last, next.real_at)
        && last.speed == next.speed
        && (expected.0 as f64 - next.wall_at.0 as f64).abs() <= DRIFT_MS * next.speed.max(1.0)
}

/// The last word of a replay as this process heard it. From then on time is measured on the monotonic clock: setting the
/// system's keeps no replay alive, ends none and moves none.
#[derive(Clone, Copy, Debug)]
struct Heard {
    word: ReplayClock,
    at: Instant,
    /// How old it was by the system's clocks of both processes, negative where the driver's is ahead; `None` = too far off.
    age_ms: Option<i64>,
}

impl Heard {
    fn new(word: ReplayClock, at: Instant, real: UtcMs) -> Self {
        Self { word, at, age_ms: is_driven(&word, real).then(|| real.0 - word.real_at.0) }
    }

    /// How old it is at `now`, while it holds.
    fn age_at(&self, now: Instant) -> Option<i64> {
        let passed = i64::try_from(now.saturating_duration_since(self.at).as_millis()).ok()?;
        let silent = self.age_ms?.max(0).saturating_add(passed);
        (silent < LAPSE_MS).then_some(self.age_ms? + passed)
    }

    /// The wall's time at `now`, while it holds.
    fn time_at(&self, now: Instant) -> Option<UtcMs> {
        Some(wall_time(&self.word, UtcMs(self.word.real_at.0.saturating_add(self.age_at(now)?))))
    }
}

/// The time that a wall on this store shows now: the fixed one, that of a replay, else the system's.
///
/// # Errors
/// The store cannot be read.
pub async fn time_of(store: &Store, fixed: Option<UtcMs>) -> Result<UtcMs, StoreError> {
    let clock = WallClock::new(fixed);
    clock.follow(store.replay_clock().await?);
    Ok(clock.now())
}

/// What drives the clock.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Driver {
    /// The system's clock.
    System,
    /// Nothing: it stands at the time it was given.
    Fixed,
    /// A replay.
    Replay {
        /// Seconds of the wall's time per second of real time; 0 = it stands.
        speed: f64,
    },
}

/// Whose now the wall shows. A fixed time wins over a replay.
#[derive(Debug)]
pub(crate) struct WallClock {
    fixed: Option<UtcMs>,
    replay: RwLock<Option<Heard>>,
}

impl WallClock {
    pub fn new(fixed: Option<UtcMs>) -> Self {
        Self { fixed, replay: RwLock::new(None) }
    }

    /// Whether the time was given when the wall was opened, and stands still.
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// How the wall judges what has happened.
    pub fn base(&self) -> Timebase {
        if self.fixed.is_some() || self.running().is_some() { Timebase::Foreign } else { Timebase::System }
    }

    fn heard(&self) -> RwLockReadGuard<'_, Option<Heard>> {
        self.replay.read().unwrap_or_else(|e| e.into_inner())
    }

    /// Follows a replay, or the system again. The same word once more is no news.
    pub fn follow(&self, replay: Option<ReplayClock>) {
        if self.heard().map(|h| h.word) != replay {
            let heard = replay.map(|word| Heard::new(word, Instant::now(), system_now()));
            *self.replay.write().unwrap_or_else(|e| e.into_inner()) = heard;
        }
    }

    /// A replay that was followed and says nothing any more, since when it is silent.
    pub fn lapsed(&self) -> Option<(ReplayClock, Duration)> {
        let now = Instant::now();
        let heard = (*self.heard()).filter(|h| h.age_at(now).is_none())?;
        Some((heard.word, now.saturating_duration_since(heard.at)))
    }

    pub fn now(&self) -> UtcMs {
        if let Some(t) = self.fixed {
            return t;
        }
        (*self.heard()).and_then(|h| h.time_at(Instant::now())).unwrap_or_else(system_now)
    }

    /// The replay that drives the wall now, if one does.
    fn running(&self) -> Option<ReplayClock> {
        let now = Instant::now();
        (*self.heard()).filter(|h| h.age_at(now).is_some()).map(|h| h.word)
    }

    /// What drives the clock now.
    pub fn driver(&self) -> Driver {
        match (self.fixed, self.running()) {
            (Some(_), _) => Driver::Fixed,
            (None, Some(r)) => Driver::Replay { speed: r.speed },
            (None, None) => Driver::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(wall_at: i64, real_at: i64, speed: f64) -> ReplayClock {
        ReplayClock { wall_at: UtcMs(wall_at), real_at: UtcMs(real_at), speed }
    }

    #[test]
    fn a_replay_ends_when_its_driver_is_silent_standing_or_running() {
        for speed in [0.0, 600.0] {
            let clock = replay(1_000, 500_000, speed);
            for (passed, driven) in [(-5_000, true), (0, true), (59_999, true), (60_000, false), (86_400_000, false)] {
                assert_eq!(is_driven(&clock, UtcMs(500_000 + passed)), driven, "{speed} after {passed}");
            }
            // The system's clock was set back by 30 days: its word of the future holds nobody there for 30 days.
            for (back, driven) in [(59_999, true), (60_000, false), (30 * 86_400_000, false)] {
                assert_eq!(is_driven(&clock, UtcMs(500_000 - back)), driven, "{speed}, set back by {back}");
            }
        }
        assert!(!is_driven(&replay(0, i64::MIN, 0.0), UtcMs(i64::MAX)));
    }

    #[test]
    fn silence_is_measured_by_the_monotonic_clock() {
        let now = Instant::now();
        let after = |s: u64| now + Duration::from_secs(s);
        let heard = Heard::new(replay(1_000, 500_000, 10.0), now, UtcMs(502_000));
        assert_eq!(heard.time_at(now), Some(UtcMs(21_000)));
        assert_eq!(heard.time_at(after(8)), Some(UtcMs(101_000)));
        assert_eq!(heard.time_at(after(57)), Some(UtcMs(591_000)));
        assert_eq!(heard.time_at(after(58)), None, "two seconds old when it was heard");
        // A driver whose clock is ahead: no longer than from when it was heard.
        let ahead = Heard::new(replay(1_000, 500_000, 10.0), now, UtcMs(460_000));
        assert_eq!((ahead.age_at(after(59)), ahead.age_at(after(60))), (Some(19_000), None));
        assert_eq!(Heard::new(replay(1_000, 500_000, 0.0), now, UtcMs(500_000 - 30 * 86_400_000)).time_at(now), None);
    }

    #[test]
    fn the_same_word_again_is_no_sign_of_life() {
        let clock = WallClock::new(None);
        let word = replay(1_000, system_now().0, 0.0);
        clock.follow(Some(word));
        let first = clock.heard().unwrap().at;
        clock.follow(Some(word));
        assert_eq!(clock.heard().unwrap().at, first);
        assert_eq!((clock.now(), clock.lapsed().is_none()), (UtcMs(1_000), true));
        clock.follow(Some(replay(1_000, system_now().0 - 61_000, 0.0)));
        assert!(clock.lapsed().is_some() && clock.base() == Timebase::System);
        clock.follow(None);
        assert!(clock.lapsed().is_none());
    }

    #[test]
    fn a_word_that_goes_on_is_told_from_a_jump() {
        let last = replay(0, 0, 600.0);
        assert!(goes_on(&last, &replay(6_000_000, 10_000, 600.0)));
        assert!(goes_on(&last, &replay(6_600_000, 10_000, 600.0)), "a second late");
        assert!(!goes_on(&last, &replay(86_400_000, 10_000, 600.0)), "a jump");
        assert!(!goes_on(&last, &replay(6_000_000, 10_000, 60.0)), "another speed");
        assert!(!goes_on(&last, &replay(42_000_000, 70_000, 600.0)), "it had ended");
        assert!(goes_on(&replay(5, 0, 0.0), &replay(5, 10_000, 0.0)), "standing");
    }
}
