//! The wall's clock: the system's, fixed, or driven by a replay. The only place that asks the system for the time.

use crate::wire;
use std::sync::RwLock;
use wall_core::{Timebase, UtcMs};
use wall_store::ReplayClock;

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

/// Whether a replay is still driven at real time `real`.
fn is_driven(replay: &ReplayClock, real: UtcMs) -> bool {
    (0..LAPSE_MS).contains(&real.0.saturating_sub(replay.real_at.0).max(0))
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

/// Whose now the wall shows. A fixed time wins over a replay.
#[derive(Debug)]
pub(crate) struct WallClock {
    fixed: Option<UtcMs>,
    replay: RwLock<Option<ReplayClock>>,
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
        if self.fixed.is_some() || self.running(system_now()).is_some() { Timebase::Foreign } else { Timebase::System }
    }

    /// Follows a replay, or the system again.
    pub fn follow(&self, replay: Option<ReplayClock>) {
        *self.replay.write().unwrap_or_else(|e| e.into_inner()) = replay;
    }

    pub fn now(&self) -> UtcMs {
        if let Some(t) = self.fixed {
            return t;
        }
        let real = system_now();
        match self.running(real) {
            Some(r) => wall_time(&r, real),
            None => real,
        }
    }

    /// The replay that drives the wall at real time `real`, if one does.
    fn running(&self, real: UtcMs) -> Option<ReplayClock> {
        let replay = *self.replay.read().unwrap_or_else(|e| e.into_inner());
        replay.filter(|r| is_driven(r, real))
    }

    /// The clock as it goes over the wire, at `now`; `later` tickets are hidden behind it.
    pub fn view(&self, now: UtcMs, later: u32) -> wire::Clock {
        let (kind, speed) = match (self.fixed, self.running(system_now())) {
            (Some(_), _) => (wire::ClockKind::Fixed, 0.0),
            (None, Some(r)) => (wire::ClockKind::Replay, r.speed),
            (None, None) => (wire::ClockKind::System, 1.0),
        };
        wire::Clock { kind, now_ms: now.0, speed, later }
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
        }
        assert!(!is_driven(&replay(0, i64::MIN, 0.0), UtcMs(i64::MAX)));
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
