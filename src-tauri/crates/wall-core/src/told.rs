//! Told times against the clock by which they came: what counts from when, and what lies ahead.

use crate::UtcMs;

/// By which clock the wall judges what has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timebase {
    /// The system's: what was accepted is there, whatever time it names.
    #[default]
    System,
    /// A fixed time or a replay: what happens later than it stays hidden, and is counted.
    Foreign,
}

/// A sender's clock may be so far ahead without a word: its "in a moment" is taken as now.
pub const AHEAD_TOLERATED_MS: i64 = 60_000;
/// Further ahead than this is no clock but a mistake: refused, unless the profile allows it.
pub const AHEAD_REFUSED_MS: i64 = 86_400_000;

/// How a told time stands to the system's clock at intake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ahead {
    /// Past or present.
    Not,
    /// Within the tolerance: taken as now.
    Tolerated,
    /// Accepted, shown at once, and marked.
    Odd,
    /// Beyond what is accepted.
    Refused,
}

impl Ahead {
    /// Judges a time by the system's clock when it came.
    pub fn of(at: UtcMs, recorded_at: UtcMs) -> Self {
        match at.0.saturating_sub(recorded_at.0) {
            ahead if ahead <= 0 => Self::Not,
            ahead if ahead <= AHEAD_TOLERATED_MS => Self::Tolerated,
            ahead if ahead <= AHEAD_REFUSED_MS => Self::Odd,
            _ => Self::Refused,
        }
    }

    /// Whether the time is to be marked wherever it is shown.
    pub fn is_odd(self) -> bool {
        matches!(self, Self::Odd | Self::Refused)
    }
}

/// A told time as it is kept: within the tolerance it is now, else as it was told.
pub fn settled(at: UtcMs, recorded_at: UtcMs) -> UtcMs {
    if Ahead::of(at, recorded_at) == Ahead::Tolerated { recorded_at } else { at }
}

/// From when something counts that is said to have happened at `at` and was learned at `recorded_at`. Every question
/// "had it happened by T?" is this time against T.
pub fn counts_from(at: UtcMs, recorded_at: UtcMs, base: Timebase) -> UtcMs {
    match base {
        Timebase::System => at.min(recorded_at),
        Timebase::Foreign => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ahead_is_judged_by_how_far() {
        let now = UtcMs(1_000_000);
        let judged = |ms| Ahead::of(now.plus_ms(ms), now);
        assert_eq!([judged(0), judged(60_000), judged(60_001)], [Ahead::Not, Ahead::Tolerated, Ahead::Odd]);
        assert_eq!([judged(86_400_000), judged(86_400_001)], [Ahead::Odd, Ahead::Refused]);
        assert_eq!(Ahead::of(UtcMs(i64::MAX), UtcMs(i64::MIN)), Ahead::Refused);
        assert_eq!(settled(now.plus_ms(42_000), now), now);
        assert_eq!(settled(now.plus_ms(61_000), now), now.plus_ms(61_000));
        let late = [Timebase::System, Timebase::Foreign].map(|base| counts_from(now.plus_ms(5), now, base));
        assert_eq!(late, [now, now.plus_ms(5)]);
    }
}
