//! The wall's clock: the system's, fixed, or driven by a replay. The only place that asks the system for the time.

use crate::wire;
use std::sync::RwLock;
use wall_core::UtcMs;
use wall_store::ReplayClock;

/// The system's time.
pub fn system_now() -> UtcMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UtcMs(since.map_or(0, |d| d.as_millis() as i64))
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

    /// Follows a replay, or the system again.
    pub fn follow(&self, replay: Option<ReplayClock>) {
        *self.replay.write().unwrap_or_else(|e| e.into_inner()) = replay;
    }

    pub fn now(&self) -> UtcMs {
        if let Some(t) = self.fixed {
            return t;
        }
        let real = system_now();
        match *self.replay.read().unwrap_or_else(|e| e.into_inner()) {
            Some(r) => UtcMs(r.wall_at.0.saturating_add(((real.0 - r.real_at.0) as f64 * r.speed) as i64)),
            None => real,
        }
    }

    /// The clock as it goes over the wire, at `now`.
    pub fn view(&self, now: UtcMs) -> wire::Clock {
        let replay = *self.replay.read().unwrap_or_else(|e| e.into_inner());
        let (kind, speed) = match (self.fixed, replay) {
            (Some(_), _) => (wire::ClockKind::Fixed, 0.0),
            (None, Some(r)) => (wire::ClockKind::Replay, r.speed),
            (None, None) => (wire::ClockKind::System, 1.0),
        };
        wire::Clock { kind, now_ms: now.0, speed }
    }
}
