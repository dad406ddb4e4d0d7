//! Work calendar: working hours, holidays, make-up working days (调休), and the deadlines counted in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use thiserror::Error;

use crate::{DeadlineKind, UtcMs};

/// What is wrong with a calendar.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CalendarError {
    /// No weekday has working hours.
    #[error("the calendar has no working hours in the week")]
    NoWorkingHours,
    /// A span of hours ends before it starts, or overlaps the one before.
    #[error("hours {0}–{1} end before they start, or overlap the hours before them")]
    BadHours(String, String),
}

/// Working hours of one day: spans in local time that neither overlap nor pass midnight, in order. An end of 00:00 means
/// the end of the day.
pub type DayHours = Vec<(Time, Time)>;

/// When people work, in one time zone.
#[derive(Clone, Debug)]
pub struct WorkCalendar {
    zone: TimeZone,
    /// Monday first.
    week: [DayHours; 7],
    holidays: BTreeSet<Date>,
    special: BTreeMap<Date, DayHours>,
}

impl WorkCalendar {
    /// A calendar from weekly hours (Monday first).
    ///
    /// # Errors
    /// When no weekday has hours, or a span of hours is inverted or overlaps its neighbour.
    pub fn new(zone: TimeZone, week: [DayHours; 7]) -> Result<Self, CalendarError> {
        if week.iter().all(Vec::is_empty) {
            return Err(CalendarError::NoWorkingHours);
        }
        week.iter().try_for_each(|day| check_hours(day))?;
        Ok(Self { zone, week, holidays: BTreeSet::new(), special: BTreeMap::new() })
    }

    /// Monday to Friday 09:00–12:00 and 13:30–17:30, without holidays: used until a calendar is loaded.
    pub fn plain(zone: TimeZone) -> Self {
        let day = vec![
            (Time::constant(9, 0, 0, 0), Time::constant(12, 0, 0, 0)),
            (Time::constant(13, 30, 0, 0), Time::constant(17, 30, 0, 0)),
        ];
        let week = std::array::from_fn(|i| if i < 5 { day.clone() } else { Vec::new() });
        Self { zone, week, holidays: BTreeSet::new(), special: BTreeMap::new() }
    }

    /// Adds days without work.
    pub fn with_holidays(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.holidays.extend(days);
        self
    }

    /// Adds make-up working days with the hours of the first weekday that has any (usually Monday). They win over
    /// holidays and weekends.
    pub fn with_working_days(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        let hours = self.week.iter().find(|h| !h.is_empty()).cloned().unwrap_or_default();
        self.special.extend(days.into_iter().map(|d| (d, hours.clone())));
        self
    }

    /// Gives one day its own hours (none = no work). They win over everything else.
    ///
    /// # Errors
    /// When a span of hours is inverted or overlaps its neighbour.
    pub fn with_day(mut self, day: Date, hours: DayHours) -> Result<Self, CalendarError> {
        check_hours(&hours)?;
        self.special.insert(day, hours);
        Ok(self)
    }

    /// Its time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Working hours of a local day.
    pub fn hours_of(&self, day: Date) -> &[(Time, Time)] {
        match self.special.get(&day) {
            Some(hours) => hours,
            None if self.holidays.contains(&day) => &[],
            None => &self.week[day.weekday().to_monday_zero_offset() as usize],
        }
    }

    /// When a clock of `seconds` that starts at `start` runs out. Nothing left (≤ 0) is due at once; working time that
    /// ends with a span of hours is due at its end, not at the next opening. O(days passed).
    pub fn due_at(&self, start: UtcMs, seconds: i64, kind: DeadlineKind) -> UtcMs {
        let mut left_ms = seconds.max(0).saturating_mul(1000);
        if kind == DeadlineKind::Calendar || left_ms == 0 {
            return start.plus_ms(left_ms);
        }
        let Some(mut day) = local_date(start, &self.zone) else { return UtcMs::MAX };
        loop {
            for (from, to) in self.spans_of(day) {
                let from = from.max(start);
                let span_ms = to.0.saturating_sub(from.0).max(0);
                if span_ms >= left_ms {
                    return from.plus_ms(left_ms);
                }
                left_ms -= span_ms;
            }
            match day.checked_add(1.day()) {
                Ok(next) => day = next,
                Err(_) => return UtcMs::MAX,
            }
        }
    }

    /// Working seconds from `from` to `to`; negative when `to` comes first. O(days between).
    pub fn working_seconds_between(&self, from: UtcMs, to: UtcMs) -> f64 {
        if to < from {
            return -self.working_seconds_between(to, from);
        }
        let (Some(mut day), Some(last)) = (local_date(from, &self.zone), local_date(to, &self.zone)) else { return 0.0 };
        let mut ms = 0i64;
        while day <= last {
            ms += self.spans_of(day).map(|(a, b)| b.min(to).0.saturating_sub(a.max(from).0).max(0)).sum::<i64>();
            match day.checked_add(1.day()) {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        ms as f64 / 1000.0
    }

    /// Whether people work at `t`.
    pub fn is_working(&self, t: UtcMs) -> bool {
        local_date(t, &self.zone).is_some_and(|day| self.spans_of(day).any(|(from, to)| from <= t && t < to))
    }

    /// Working spans of a local day as instants. An ambiguous local time is its earlier instant, one that does not exist
    /// shifts forward.
    fn spans_of(&self, day: Date) -> impl Iterator<Item = (UtcMs, UtcMs)> + '_ {
        self.hours_of(day).iter().filter_map(move |(from, to)| {
            let end_day = if *to == Time::midnight() { day.checked_add(1.day()).ok()? } else { day };
            Some((local_instant(day, *from, &self.zone)?, local_instant(end_day, *to, &self.zone)?))
        })
    }
}

fn check_hours(hours: &[(Time, Time)]) -> Result<(), CalendarError> {
    let end_of = |t: Time| if t == Time::midnight() { Time::MAX } else { t };
    let mut before = Time::midnight();
    for (from, to) in hours {
        if *from < before || end_of(*to) <= *from {
            return Err(CalendarError::BadHours(from.to_string(), to.to_string()));
        }
        before = end_of(*to);
    }
    Ok(())
}

/// The instant of a local time: the earlier of two, and shifted forward when there is none.
pub(crate) fn local_instant(day: Date, time: Time, zone: &TimeZone) -> Option<UtcMs> {
    zone.to_timestamp(day.to_datetime(time)).ok().map(|t| UtcMs(t.as_millisecond()))
}

/// The local date of an instant; `None` outside the years the calendar knows (−9999 … 9999).
pub(crate) fn local_date(t: UtcMs, zone: &TimeZone) -> Option<Date> {
    Timestamp::from_millisecond(t.0).ok().map(|t| zone.to_datetime(t).date())
}

/// Start of the local day that `t` lies in (where midnight does not exist: the first instant after it).
pub fn day_start(t: UtcMs, zone: &TimeZone) -> UtcMs {
    local_date(t, zone).and_then(|day| local_instant(day, Time::midnight(), zone)).unwrap_or(t)
}

/// Weekday and time of day of an instant.
pub(crate) fn local_weekday_time(t: UtcMs, zone: &TimeZone) -> Option<(Weekday, Time)> {
    Timestamp::from_millisecond(t.0).ok().map(|t| zone.to_datetime(t)).map(|d| (d.weekday(), d.time()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn t(text: &str) -> UtcMs {
        UtcMs::from_rfc3339(text).unwrap()
    }

    fn china() -> WorkCalendar {
        let date = |d: &str| d.parse::<Date>().unwrap();
        WorkCalendar::plain(zone("Asia/Shanghai"))
            .with_holidays((1..=7).map(|d| date(&format!("2026-10-{d:02}"))))
            .with_working_days([date("2026-09-27"), date("2026-10-10")])
    }

    #[test]
    fn due_times() {
        let check = |start: &str, hours: i64, kind, wanted: &str| {
            assert_eq!(china().due_at(t(start), hours * 3600, kind).to_rfc3339(), t(wanted).to_rfc3339(), "{start} + {hours} h");
        };
        use DeadlineKind::{Calendar, Working};
        check("2026-09-30T16:00:00+08:00", 24, Calendar, "2026-10-01T16:00:00+08:00");
        // Seven hours a day: 1.5 h are left on the 30th, then the holidays, then Thursday the 8th.
        check("2026-09-30T16:00:00+08:00", 2, Working, "2026-10-08T09:30:00+08:00");
        // A make-up Saturday works.
        check("2026-10-09T17:30:00+08:00", 7, Working, "2026-10-10T17:30:00+08:00");
        check("2026-09-26T10:00:00+08:00", 1, Working, "2026-09-27T10:00:00+08:00");
        // Ends with the morning, not at the start of the afternoon.
        check("2026-09-28T09:00:00+08:00", 3, Working, "2026-09-28T12:00:00+08:00");
        check("2026-09-28T12:30:00+08:00", 0, Working, "2026-09-28T12:30:00+08:00");
    }

    #[test]
    fn changes_of_the_clock() {
        let night = vec![(Time::constant(1, 30, 0, 0), Time::constant(3, 30, 0, 0))];
        let week = std::array::from_fn(|_| night.clone());
        let boston = WorkCalendar::new(zone("America/New_York"), week).unwrap();
        // 02:00–03:00 does not exist on 2015-03-08: one hour of work that night. 01:00–02:00 comes twice on 2015-11-01:
        // 01:30 is the earlier one, so three hours.
        let seconds = |a: &str, b: &str| boston.working_seconds_between(t(a), t(b));
        assert_eq!(seconds("2015-03-08T00:00:00-05:00", "2015-03-08T12:00:00-04:00"), 3600.0);
        assert_eq!(seconds("2015-11-01T00:00:00-04:00", "2015-11-01T12:00:00-05:00"), 3.0 * 3600.0);
        assert_eq!(seconds("2015-11-01T12:00:00-05:00", "2015-11-01T00:00:00-04:00"), -3.0 * 3600.0);
    }

    #[test]
    fn local_midnight() {
        let check = |at: &str, name: &str, wanted: &str| assert_eq!(day_start(t(at), &zone(name)), t(wanted), "{at} {name}");
        check("2026-10-01T00:30:00+08:00", "Asia/Shanghai", "2026-09-30T16:00:00Z");
        check("2015-07-04T23:59:59-04:00", "America/New_York", "2015-07-04T00:00:00-04:00");
        // Midnight did not exist in São Paulo on 2018-11-04.
        check("2018-11-04T12:00:00-02:00", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00");
        assert_eq!(day_start(UtcMs::MAX, &TimeZone::UTC), UtcMs::MAX);
    }

    #[test]
    fn calendars_that_cannot_be() {
        let time = |h| Time::constant(h, 0, 0, 0);
        assert_eq!(WorkCalendar::new(TimeZone::UTC, Default::default()).unwrap_err(), CalendarError::NoWorkingHours);
        let mut week: [DayHours; 7] = Default::default();
        week[0] = vec![(time(9), time(12)), (time(11), time(17))];
        assert!(matches!(WorkCalendar::new(TimeZone::UTC, week.clone()), Err(CalendarError::BadHours(..))));
        week[0] = vec![(time(20), time(6))];
        assert!(matches!(WorkCalendar::new(TimeZone::UTC, week.clone()), Err(CalendarError::BadHours(..))));
        week[0] = vec![(time(20), time(0))];
        assert!(WorkCalendar::new(TimeZone::UTC, week).is_ok());
    }

    proptest! {
        #[test]
        fn working_time_until_due_is_the_time_allowed(start in 1_700_000_000i64..1_900_000_000, seconds in 1i64..2_000_000) {
            let calendar = china();
            let start = UtcMs(start * 1000);
            let due = calendar.due_at(start, seconds, DeadlineKind::Working);
            prop_assert_eq!(calendar.working_seconds_between(start, due), seconds as f64);
            prop_assert!(!calendar.is_working(due) || calendar.is_working(due.plus_ms(-1)));
        }
    }
}
