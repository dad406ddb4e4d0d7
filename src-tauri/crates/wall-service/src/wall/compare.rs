//! Two periods side by side: last week against the week before, or any two.

use super::{AsOf, Wall, WallError, shown::Sight, then::Then, world::Live};
use jiff::{Span, civil::Date, tz::TimeZone};
use wall_core::{Level, UtcMs};
use wall_store::Actor;

/// A rate of fewer than this many tickets is no rate: it is shown with its sample and left out of the map's colours.
pub const LEAST_SAMPLE: u32 = 5;
/// The longest period, so that a slip of the pen asks for no age of the world.
const LONGEST_MS: i64 = 20 * 366 * 86_400_000;

/// A period as one asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum PeriodAsked {
    /// A day, week (from Monday) or month of the wall's zone, so many before the present one.
    Whole {
        /// Which.
        unit: Unit,
        /// How many back; 0 = the present one, up to now.
        back: u32,
        /// Only as far as the present one has come: a fair half beside a half.
        so_far: bool,
    },
    /// From … to, half-open.
    Free(UtcMs, UtcMs),
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
}

impl PeriodAsked {
    /// Reads `day`, `week-1`, `month-2`, `day-1-so-far` or two RFC 3339 times with `/` between.
    pub fn read(text: &str) -> Option<Self> {
        if let Some((from, to)) = text.split_once('/') {
            return Some(Self::Free(UtcMs::from_rfc3339(from)?, UtcMs::from_rfc3339(to)?));
        }
        let (text, so_far) = text.strip_suffix("-so-far").map_or((text, false), |t| (t, true));
        let (unit, back) = text.split_once('-').unwrap_or((text, "0"));
        let unit = match unit {
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            _ => return None,
        };
        let back = back.parse().ok().filter(|n| *n <= 1200)?;
        Some(Self::Whole { unit, back, so_far })
    }

    /// From … to in ms, half-open, at `now` in `zone`; `None` where the calendar ends or the period is not one.
    fn resolve(&self, now: UtcMs, zone: &TimeZone) -> Option<(i64, i64)> {
        let (from, to) = match self {
            Self::Free(from, to) => (from.0, to.0),
            Self::Whole { unit, back, so_far } => {
                let local = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone());
                let start = |back: u32| start_of(*unit, local.date(), back);
                let ms = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
                let (from, first) = (ms(start(*back)?)?, ms(start(0)?)?);
                let end = match back {
                    0 => now.0 + 1,
                    n => ms(start(n - 1)?)?,
                };
                // The same number of hours into it, never beyond its end (February is shorter than January).
                (from, if *so_far { end.min(from + (now.0 + 1 - first)) } else { end })
            }
        };
        (from < to && to - from <= LONGEST_MS).then_some((from, to))
    }
}

/// First day of the unit that `date` lies in, `back` units earlier.
fn start_of(unit: Unit, date: Date, back: u32) -> Option<Date> {
    let back = i64::from(back);
    match unit {
        Unit::Day => date.checked_sub(Span::new().try_days(back).ok()?).ok(),
        Unit::Week => {
            let monday = date.checked_sub(Span::new().days(i64::from(date.weekday().to_monday_zero_offset()))).ok()?;
            monday.checked_sub(Span::new().try_weeks(back).ok()?).ok()
        }
        Unit::Month => date.first_of_month().checked_sub(Span::new().try_months(back).ok()?).ok(),
    }
}

/// What happened in a period.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct PeriodCounts {
    pub received: u32,
    pub closed: u32,
    /// Fell due in it: the denominator of the on-time rate.
    pub due: u32,
    /// Of those, closed by the due time: the numerator.
    pub on_time: u32,
}

/// Two periods, counted.
pub(super) struct Compared {
    /// From … to of both, ms, half-open.
    pub spans: [(i64, i64); 2],
    /// Everything.
    pub total: [PeriodCounts; 2],
    /// Of that, in no area of the level.
    pub elsewhere: [PeriodCounts; 2],
    /// By key, every area of the level in the order of the ground.
    pub areas: Vec<(String, [PeriodCounts; 2])>,
    /// The earliest report, ms; `None` = there is none.
    pub first: Option<i64>,
    /// Time of the data.
    pub at: UtcMs,
    /// Revision of the data.
    pub revision: i64,
    /// Events that were learned later; `None` = that is not on record.
    pub late_events: Option<u32>,
}

impl PeriodCounts {
    /// Counts one ticket in `[from, to)`, by its state at the time asked.
    fn count(&mut self, then: Then<'_>, slot: u32, t: &Live, (from, to): (i64, i64)) {
        let to = to.min(then.at.0 + 1);
        self.received += u32::from((from..to).contains(&t.life.reported));
        self.closed += u32::from(then.closed_within(slot, t, from, to));
        if let Some(on_time) = then.fell_due(slot, t, from, to) {
            self.due += 1;
            self.on_time += u32::from(on_time);
        }
    }
}

impl Wall {
    /// Counts two periods, in all and by area of a level, on the ground of the time asked. O(tickets).
    pub(super) async fn compared(
        &self,
        actor: &Actor,
        level: Level,
        a: PeriodAsked,
        b: PeriodAsked,
        as_of: AsOf,
    ) -> Result<Compared, WallError> {
        let mut moment = self.moment(as_of).await?;
        let ground = self.ground_as_of(moment.as_of).await?;
        let late_events = self.late_events(&moment).await?;
        let world = self.world_of(&mut moment).await?;
        let at = moment.at(&world);
        let span = |name: &str, asked: &PeriodAsked| {
            asked.resolve(at, &world.zone).ok_or_else(|| {
                WallError::Invalid(format!("{name} is no period: it begins before it ends and is at most 20 years long"))
            })
        };
        let spans = [span("a", &a)?, span("b", &b)?];
        let mut areas: Vec<(String, [PeriodCounts; 2])> = Vec::new();
        // Which line of the answer a cell counts in.
        let mut line_of: Vec<Option<usize>> = vec![None; ground.cells.len()];
        for area in ground.areas.iter().filter(|x| x.level == level) {
            area.members.iter().for_each(|m| line_of[*m as usize] = Some(areas.len()));
            areas.push((area.facts.key.clone(), Default::default()));
        }
        let (mut total, mut elsewhere) = ([PeriodCounts::default(); 2], [PeriodCounts::default(); 2]);
        let mut first = i64::MAX;
        let (then, sight) = (moment.then(&world), Sight::of(actor));
        for (slot, t) in then.all() {
            first = first.min(t.life.reported);
            let line = world.shown_cell(&ground, slot, &t, &sight).and_then(|c| line_of[c as usize]);
            let place = line.and_then(|l| areas.get_mut(l)).map_or(&mut elsewhere, |(_, counts)| counts);
            for (period, span) in spans.iter().enumerate() {
                total[period].count(then, slot, &t, *span);
                place[period].count(then, slot, &t, *span);
            }
        }
        let first = (first < i64::MAX).then_some(first);
        let revision = world.revision;
        Ok(Compared { spans, total, elsewhere, areas, first, at, revision, late_events })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, now: &str, zone: &str) -> (String, String) {
        let zone = TimeZone::get(zone).unwrap();
        let now = UtcMs::from_rfc3339(now).unwrap();
        let (from, to) = PeriodAsked::read(text).unwrap().resolve(now, &zone).unwrap();
        let local = |ms: i64| {
            jiff::Timestamp::from_millisecond(ms).unwrap().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
        };
        (local(from), local(to))
    }

    #[test]
    fn periods_are_those_of_the_calendar_of_the_wall() {
        // A Wednesday.
        let now = "2026-03-11T10:30:00+08:00";
        for (text, from, to) in [
            ("day", "2026-03-11 00:00", "2026-03-11 10:30:00.001"),
            ("day-1", "2026-03-10 00:00", "2026-03-11 00:00"),
            ("day-1-so-far", "2026-03-10 00:00", "2026-03-10 10:30:00.001"),
            ("week", "2026-03-09 00:00", "2026-03-11 10:30:00.001"),
            ("week-1", "2026-03-02 00:00", "2026-03-09 00:00"),
            ("week-2", "2026-02-23 00:00", "2026-03-02 00:00"),
            ("month-1", "2026-02-01 00:00", "2026-03-01 00:00"),
            ("month-1-so-far", "2026-02-01 00:00", "2026-02-11 10:30:00.001"),
            ("month-15", "2024-12-01 00:00", "2025-01-01 00:00"),
        ] {
            let (a, b) = asked(text, now, "Asia/Shanghai");
            assert!(a.starts_with(from) && b.starts_with(to), "{text}: {a} … {b}");
        }
        // On the 31st the month before is over sooner.
        let (_, to) = asked("month-1-so-far", "2026-03-31T12:00:00+08:00", "Asia/Shanghai");
        assert!(to.starts_with("2026-03-01 00:00"), "{to}");
        // A day of 23 hours: the clock went forward.
        let (from, to) = asked("day-1", "2026-03-09T12:00:00-04:00", "America/New_York");
        assert!(from.starts_with("2026-03-08 00:00") && to.starts_with("2026-03-09 00:00"), "{from} … {to}");
    }

    #[test]
    fn what_is_no_period_is_not_read() {
        for text in ["", "year", "day--1", "day-x", "week-99999", "2026-01-01/2026-02-01", "/", "day-1-so"] {
            assert_eq!(PeriodAsked::read(text), None, "{text}");
        }
        let backwards = PeriodAsked::read("2026-01-02T00:00:00Z/2026-01-01T00:00:00Z").unwrap();
        assert_eq!(backwards.resolve(UtcMs(0), &TimeZone::UTC), None);
    }
}
