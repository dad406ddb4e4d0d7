//! Work calendars from TOML: hours of the week, holidays and make-up working days (调休). The format is described in
//! `assets/calendars/README.md`.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;
use wall_core::{DayHours, WorkCalendar};

use super::read::shown;
use super::times::zone_named;

/// The bundled calendar of mainland China.
pub const CHINA: &str = include_str!("../../../../../assets/calendars/china.toml");

/// A calendar that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("calendar: {0}")]
pub struct CalendarFileError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    name: String,
    zone: String,
    week: Week,
    #[serde(default, rename = "year")]
    years: Vec<YearFile>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Week {
    monday: Vec<String>,
    tuesday: Vec<String>,
    wednesday: Vec<String>,
    thursday: Vec<String>,
    friday: Vec<String>,
    saturday: Vec<String>,
    sunday: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    year: i16,
    source: String,
    #[serde(default)]
    provisional: bool,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    working_days: Vec<String>,
}

/// A year of a calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalendarYear {
    /// The year.
    pub year: i16,
    /// The notice it was taken from.
    pub source: String,
    /// Not yet published: may change.
    pub provisional: bool,
    /// Days without work.
    pub holidays: Vec<Date>,
    /// Days of work that the week would leave free (调休).
    pub working_days: Vec<Date>,
}

/// A calendar as plain data.
#[derive(Clone, PartialEq, Debug)]
pub struct CalendarData {
    /// Name.
    pub name: String,
    /// Zone of its days.
    pub zone: TimeZone,
    /// Hours of the week, Monday first.
    pub week: [DayHours; 7],
    /// Years.
    pub years: Vec<CalendarYear>,
}

impl CalendarData {
    /// Reads a calendar.
    ///
    /// # Errors
    /// What is wrong with the text: syntax, zone, hours, a date, a day that is both holiday and working day, or is given
    /// under another year.
    pub fn parse(text: &str) -> Result<Self, CalendarFileError> {
        let file: CalendarFile = toml::from_str(text).map_err(|e| CalendarFileError(e.to_string().trim().to_owned()))?;
        let w = file.week;
        let days = [w.monday, w.tuesday, w.wednesday, w.thursday, w.friday, w.saturday, w.sunday];
        let mut week: [DayHours; 7] = Default::default();
        for (hours, spans) in week.iter_mut().zip(days) {
            *hours = spans.iter().map(|s| span(s)).collect::<Result<_, _>>().map_err(CalendarFileError)?;
        }
        let years = file.years.into_iter().map(year).collect::<Result<_, _>>().map_err(CalendarFileError)?;
        Ok(Self { name: file.name, zone: zone_named(&file.zone).map_err(CalendarFileError)?, week, years })
    }

    /// The calendar for counting deadlines.
    ///
    /// # Errors
    /// When no weekday has hours, or hours are inverted or overlap.
    pub fn work_calendar(&self) -> Result<WorkCalendar, CalendarFileError> {
        let calendar = WorkCalendar::new(self.zone.clone(), self.week.clone()).map_err(|e| CalendarFileError(e.to_string()))?;
        let holidays = self.years.iter().flat_map(|y| y.holidays.iter().copied());
        let working = self.years.iter().flat_map(|y| y.working_days.iter().copied());
        Ok(calendar.with_holidays(holidays).with_working_days(working))
    }
}

/// `09:00-12:00`
fn span(text: &str) -> Result<(Time, Time), String> {
    let bad = || format!("hours {} are not like 09:00-12:00", shown(text));
    let (from, to) = text.split_once('-').ok_or_else(bad)?;
    let time = |t: &str| Time::strptime("%H:%M", t.trim()).map_err(|_| bad());
    Ok((time(from)?, if to.trim() == "24:00" { Time::midnight() } else { time(to)? }))
}

fn year(file: YearFile) -> Result<CalendarYear, String> {
    let days = |spans: &[String]| -> Result<Vec<Date>, String> {
        let mut found = Vec::new();
        for text in spans {
            let (from, to) = text.split_once("..").unwrap_or((text, text));
            let date = |t: &str| t.trim().parse::<Date>().map_err(|e| format!("{}: {e}", shown(text)));
            let (from, to) = (date(from)?, date(to)?);
            if from > to || from.year() != file.year || to.year() != file.year {
                return Err(format!("{} is inverted, or not in {}", shown(text), file.year));
            }
            found.extend(from.series(jiff::Span::new().days(1)).take_while(|d| *d <= to));
        }
        Ok(found)
    };
    let (holidays, working_days) = (days(&file.holidays)?, days(&file.working_days)?);
    if let Some(both) = holidays.iter().find(|d| working_days.contains(d)) {
        return Err(format!("{both} is both a holiday and a working day"));
    }
    Ok(CalendarYear { year: file.year, source: file.source, provisional: file.provisional, holidays, working_days })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Weekday;

    #[test]
    fn the_bundled_calendar_is_sound() {
        let china = CalendarData::parse(CHINA).unwrap();
        china.work_calendar().unwrap();
        for (year, holidays, working) in [(2025, 28, 5), (2026, 33, 6)] {
            let y = china.years.iter().find(|y| y.year == year).unwrap();
            assert_eq!((y.holidays.len(), y.working_days.len()), (holidays, working), "{year}");
            let weekend = |d: &Date| matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert!(y.working_days.iter().all(weekend), "a make-up day falls on a weekend");
        }
    }

    #[test]
    fn deadlines_skip_holidays_and_use_make_up_days() {
        let calendar = CalendarData::parse(CHINA).unwrap().work_calendar().unwrap();
        let at = |text: &str| wall_core::UtcMs::from_rfc3339(text).unwrap();
        assert!(!calendar.is_working(at("2025-10-08T10:00:00+08:00")));
        assert!(calendar.is_working(at("2025-10-11T10:00:00+08:00")));
        assert!(!calendar.is_working(at("2025-10-12T10:00:00+08:00")));
        assert!(calendar.is_working(at("2025-10-13T10:00:00+08:00")));
    }

    #[test]
    fn mistakes_are_named() {
        let head = "name = 'x'\nzone = 'Asia/Shanghai'\n";
        for (text, expected) in [
            ("zone = 'Mars/Olympus'\nname = 'x'\nweek = {}", "unknown time zone"),
            (&format!("{head}week = {{ monday = ['9 to 5'] }}"), "not like"),
            (&format!("{head}week = {{}}\n[[year]]\nyear = 2025\nsource = 's'\nholidays = ['2026-01-01']"), "not in 2025"),
            (&format!("{head}week = {{}}\n[[year]]\nyear = 2025\nsource = 's'\nholidays = ['2025-02-30']"), "2025-02-30"),
            (
                &format!(
                    "{head}week = {{}}\n[[year]]\nyear = 2025\nsource = 's'\nholidays = ['2025-02-03']\nworking_days = ['2025-02-03']"
                ),
                "both",
            ),
        ] {
            let error = CalendarData::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let empty = CalendarData::parse(&format!("{head}week = {{}}")).unwrap();
        assert!(empty.work_calendar().is_err());
    }
}
