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

/// A running replay says every few seconds that it lives; after this long without a word the wall returns to the
/// system's clock. A standing one (speed 0) was left so on purpose.
const LAPSE_MS: i64 = 60_000;

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
            Some(r) => UtcMs(r.wall_at.0.saturating_add(((real.0 - r.real_at.0) as f64 * r.speed) as i64)),
            None => real,
        }
    }

    /// The replay that drives the wall at real time `real`, if one does.
    fn running(&self, real: UtcMs) -> Option<ReplayClock> {
        let replay = *self.replay.read().unwrap_or_else(|e| e.into_inner());
        replay.filter(|r| r.speed == 0.0 || real.0 - r.real_at.0 < LAPSE_MS)
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
