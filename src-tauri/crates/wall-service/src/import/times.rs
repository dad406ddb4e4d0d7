//! Times of a source: RFC 3339, or a local time in a named zone, by the formats the profile gives.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use wall_core::UtcMs;

use super::read::{Problem, shown};

/// What happened to a time on its way to UTC, worth an issue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeNote {
    /// The local hour occurs twice (clocks set back): the earlier was taken.
    Ambiguous,
    /// The local time does not occur (clocks set forward): moved forward by the gap.
    Shifted,
    /// A date without a time of day: the start of that day was taken.
    DateOnly,
    /// A year of two digits before 年: 1970 … 2069 was taken.
    TwoDigitYear,
}

impl TimeNote {
    /// The issue code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous_local_time",
            Self::Shifted => "nonexistent_local_time",
            Self::DateOnly => "date_without_time",
            Self::TwoDigitYear => "two_digit_year",
        }
    }
}

/// Times that are taken: the years 1970 to 2200. What lies outside is a sentinel, a misread year or a slip of the hand.
const TAKEN: std::ops::Range<UtcMs> = UtcMs(0)..UtcMs(7_289_654_400_000);

/// Local forms that are understood without a profile's formats, once a zone is known.
const COMMON_FORMATS: &[&str] = &[
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日%H时%M分",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y年%m月%d日",
    "%Y%m%d",
];

#[derive(Clone, PartialEq, Debug)]
enum TimeFormat {
    Pattern(String),
    UnixSeconds,
    UnixMillis,
}

/// Reads the times of one source.
#[derive(Clone, PartialEq, Debug)]
pub struct TimeReader {
    formats: Vec<TimeFormat>,
    zone: Option<TimeZone>,
}

impl TimeReader {
    /// A reader with the formats of a profile (strftime patterns, or the words `rfc3339`, `unix`, `unix_ms`), in the zone
    /// named by IANA. Without formats the common year-first forms are understood. RFC 3339 with a zone is always understood.
    ///
    /// # Errors
    /// A message when a format cannot be used.
    pub fn new(formats: &[String], zone: Option<TimeZone>) -> Result<Self, String> {
        let mut read = Vec::new();
        for format in formats {
            match format.as_str() {
                "rfc3339" => {}
                "unix" => read.push(TimeFormat::UnixSeconds),
                "unix_ms" => read.push(TimeFormat::UnixMillis),
                pattern => {
                    // A pattern that cannot print a full time is mistyped; better said now than on every row.
                    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                    if !pattern.contains('%') {
                        return Err(format!("time format {} names no field", shown(pattern)));
                    }
                    BrokenDownTime::from(&sample)
                        .to_string(pattern)
                        .map_err(|e| format!("time format {}: {e}", shown(pattern)))?;
                    read.push(TimeFormat::Pattern(pattern.to_owned()));
                }
            }
        }
        if formats.is_empty() {
            read.extend(COMMON_FORMATS.iter().map(|f| TimeFormat::Pattern((*f).to_owned())));
        }
        Ok(Self { formats: read, zone })
    }

    /// A reader of the common forms in a zone (or of zoned times only).
    pub fn common(zone: Option<TimeZone>) -> Self {
        let formats = COMMON_FORMATS.iter().map(|f| TimeFormat::Pattern((*f).to_owned())).collect();
        Self { formats, zone }
    }

    /// The zone of local times, when one is known.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// Reads one time. `text` is trimmed and not empty.
    ///
    /// # Errors
    /// `time_without_zone` when it is a local time and no zone is named; `two_digit_year`; `year_before_1970`,
    /// `year_after_2200`; `bad_time` when it is none of the forms.
    pub fn read(&self, text: &str) -> Result<(UtcMs, Option<TimeNote>), Problem> {
        let (at, note) = self.read_any(text).map_err(|problem| {
            // Beyond what a time can hold at all; said as what it is.
            let year = text.get(..4).and_then(|y| y.parse::<u16>().ok()).filter(|y| *y > 2200);
            match year {
                Some(year) if problem.code == "bad_time" && text.len() > 7 => {
                    Problem::new("year_after_2200", format!("{} is in {year}: times from 1970 to 2200 are taken", shown(text)))
                }
                _ => problem,
            }
        })?;
        if TAKEN.contains(&at) {
            return Ok((at, note));
        }
        let code = if at < TAKEN.start { "year_before_1970" } else { "year_after_2200" };
        Err(Problem::new(code, format!("{} is {}: times from 1970 to 2200 are taken", shown(text), at.to_rfc3339())))
    }

    fn read_any(&self, text: &str) -> Result<(UtcMs, Option<TimeNote>), Problem> {
        if let Some(t) = zoned(text) {
            return Ok((t, None));
        }
        for format in &self.formats {
            match format {
                TimeFormat::UnixSeconds => {
                    if let Some(ms) = unix(text, 1000.0) {
                        return Ok((ms, None));
                    }
                }
                TimeFormat::UnixMillis => {
                    if let Some(ms) = unix(text, 1.0) {
                        return Ok((ms, None));
                    }
                }
                TimeFormat::Pattern(pattern) => {
                    if let Ok(mut parsed) = BrokenDownTime::parse(pattern, text) {
                        let century = with_century(&mut parsed, pattern, text)?;
                        return self.resolve(&parsed, text).map(|(at, note)| (at, century.or(note)));
                    }
                }
            }
        }
        if is_two_digit_date(text) {
            return Err(two_digits(text));
        }
        // Say the more useful thing: a good local time that only lacks its zone, or nothing we know.
        if self.zone.is_none() && looks_local(text) {
            return Err(without_zone(text));
        }
        Err(Problem::new("bad_time", format!("{} is not a time in any of the forms of this source", shown(text))))
    }

    fn resolve(&self, parsed: &BrokenDownTime, text: &str) -> Result<(UtcMs, Option<TimeNote>), Problem> {
        if parsed.offset().is_some() || parsed.iana_time_zone().is_some() {
            return parsed
                .to_timestamp()
                .or_else(|_| parsed.to_zoned().map(|z| z.timestamp()))
                .map(|t| (UtcMs(t.as_millisecond()), None))
                .map_err(|e| Problem::new("bad_time", format!("{}: {e}", shown(text))));
        }
        let bad = |e: jiff::Error| Problem::new("bad_time", format!("{}: {e}", shown(text)));
        let date_only = parsed.hour().is_none();
        let local = if date_only {
            parsed.to_date().map_err(bad)?.to_datetime(jiff::civil::Time::midnight())
        } else {
            parsed.to_datetime().map_err(bad)?
        };
        let Some(zone) = &self.zone else {
            return Err(without_zone(text));
        };
        let (at, note) = local_to_utc(local, zone)
            .ok_or_else(|| Problem::new("bad_time", format!("{} is outside the range of times", shown(text))))?;
        Ok((at, note.or(date_only.then_some(TimeNote::DateOnly))))
    }
}

/// A pattern's `%Y` also takes the year 26. Before 年 that is how people write 2026; elsewhere it could be a day or a
/// month as well, and only the profile's `%y` says which.
fn with_century(parsed: &mut BrokenDownTime, pattern: &str, text: &str) -> Result<Option<TimeNote>, Problem> {
    match parsed.year() {
        Some(year @ 0..=99) if pattern.contains("%Y") => {
            if !text.contains('年') {
                return Err(two_digits(text));
            }
            let century = if year < 70 { 2000 } else { 1900 };
            parsed.set_year(Some(century + year)).map_err(|_| two_digits(text))?;
            Ok(Some(TimeNote::TwoDigitYear))
        }
        _ => Ok(None),
    }
}

/// `26/7/1 8:05`, `1-7-26`, `260701`: a date, and nobody says which part is the year.
fn is_two_digit_date(text: &str) -> bool {
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = date.split(['/', '-', '.']).collect();
    (parts.len() == 3 && parts.iter().all(|p| digits(p, 2))) || (date.len() == 6 && digits(date, 6))
}

fn two_digits(text: &str) -> Problem {
    Problem::new(
        "two_digit_year",
        format!(
            "{} has a year of two digits: name the order in the profile, e.g. time_formats = [\"%y/%m/%d %H:%M\"]",
            shown(text)
        ),
    )
}

/// A local time in UTC: an ambiguous one takes the earlier, a nonexistent one moves forward by the gap. `None` when it is
/// outside the range of times.
pub fn local_to_utc(local: DateTime, zone: &TimeZone) -> Option<(UtcMs, Option<TimeNote>)> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let note = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Fold { .. } => Some(TimeNote::Ambiguous),
        AmbiguousOffset::Gap { .. } => Some(TimeNote::Shifted),
    };
    let at = ambiguous.compatible().ok()?;
    Some((UtcMs(at.as_millisecond()), note))
}

fn zoned(text: &str) -> Option<UtcMs> {
    // Only a text with a time of day can carry an offset; this spares the parser on the common local forms.
    let bytes = text.as_bytes();
    if bytes.len() < 16 || !bytes[0].is_ascii_digit() && !matches!(bytes[0], b'+' | b'-') {
        return None;
    }
    UtcMs::from_rfc3339(text)
}

fn unix(text: &str, to_ms: f64) -> Option<UtcMs> {
    let value: f64 = text.parse().ok()?;
    let ms = value * to_ms;
    // Years 1677 … 2262 are enough, and keep the conversion exact.
    (ms.abs() < 9.2e12).then_some(UtcMs(ms.round() as i64))
}

fn looks_local(text: &str) -> bool {
    COMMON_FORMATS.iter().any(|f| BrokenDownTime::parse(f, text).is_ok())
}

fn without_zone(text: &str) -> Problem {
    Problem::new(
        "time_without_zone",
        format!("{} has no zone: write it as RFC 3339, or name a zone in the profile or with --zone", shown(text)),
    )
}

/// A zone by its IANA name.
///
/// # Errors
/// A message when there is no such zone.
pub fn zone_named(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|e| format!("unknown time zone {}: {e}", shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boston() -> TimeReader {
        TimeReader::new(&["%m/%d/%Y %I:%M:%S %p".to_owned()], Some(zone_named("America/New_York").unwrap())).unwrap()
    }

    fn check(reader: &TimeReader, text: &str, expected: &str) {
        let shown = match reader.read(text) {
            Ok((t, None)) => t.to_rfc3339(),
            Ok((t, Some(note))) => format!("{} {}", t.to_rfc3339(), note.code()),
            Err(p) => p.code.to_owned(),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn boston_times() {
        let r = boston();
        check(&r, "01/05/2015 12:40:41 PM", "2015-01-05T17:40:41Z");
        check(&r, "01/05/2015 12:40:41 AM", "2015-01-05T05:40:41Z");
        check(&r, "07/05/2015 01:00:00 PM", "2015-07-05T17:00:00Z");
        check(&r, "11/01/2015 01:30:00 AM", "2015-11-01T05:30:00Z ambiguous_local_time");
        check(&r, "03/08/2015 02:30:00 AM", "2015-03-08T07:30:00Z nonexistent_local_time");
        check(&r, "2015-01-05T12:40:41-05:00", "2015-01-05T17:40:41Z");
        check(&r, "13/05/2015 01:00:00 PM", "bad_time");
        check(&r, "02/30/2015 01:00:00 PM", "bad_time");
        check(&r, "tomorrow", "bad_time");
        check(&r, "2015-01-05 12:40:41", "bad_time");
    }

    #[test]
    fn common_forms_need_a_zone() {
        let none = TimeReader::common(None);
        check(&none, "2026-01-05T12:40:41+08:00", "2026-01-05T04:40:41Z");
        check(&none, "2026-01-05T12:40:41Z", "2026-01-05T12:40:41Z");
        check(&none, "2026-01-05 12:40:41", "time_without_zone");
        check(&none, "2026-01-05", "time_without_zone");
        check(&none, "", "bad_time");
        let zone = TimeReader::common(Some(zone_named("Asia/Shanghai").unwrap()));
        check(&zone, "2026-01-05 12:40:41", "2026-01-05T04:40:41Z");
        check(&zone, "2026-01-05 12:40:41.250", "2026-01-05T04:40:41.25Z");
        check(&zone, "2026/1/5 8:05", "2026-01-05T00:05:00Z");
        check(&zone, "2026年1月5日 8:05", "2026-01-05T00:05:00Z");
        check(&zone, "20260105080500", "2026-01-05T00:05:00Z");
        check(&zone, "2026-01-05", "2026-01-04T16:00:00Z date_without_time");
        check(&zone, "1988-04-17 00:30:00", "1988-04-16T16:30:00Z");
        check(&zone, "05/01/2026 08:00", "bad_time");
        check(&zone, "26年1月5日 8:05", "2026-01-05T00:05:00Z two_digit_year");
        check(&zone, "99年1月5日", "1999-01-04T16:00:00Z two_digit_year");
        for text in ["26/7/1 8:05", "26-07-01 08:05:00", "7/1/26 8:05", "1/7/26 8:05", "260701", "1.7.26"] {
            check(&zone, text, "two_digit_year");
        }
        for text in ["0026-07-01 08:05:00", "0026-07-01T08:05:00Z"] {
            assert!(zone.read(text).is_err(), "{text}");
        }
        check(&zone, "1969-12-31T23:59:59Z", "year_before_1970");
        check(&zone, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
        check(&zone, "2200-12-31T23:59:59Z", "2200-12-31T23:59:59Z");
        check(&zone, "2201-01-01T00:00:00Z", "year_after_2200");
        check(&zone, "9999-12-31", "year_after_2200");
        // The profile's word: two digits, and where they stand.
        let told = TimeReader::new(&["%d/%m/%y %H:%M".to_owned()], Some(zone_named("Asia/Shanghai").unwrap())).unwrap();
        check(&told, "1/7/26 8:05", "2026-07-01T00:05:00Z");
        let four = TimeReader::new(&["%d/%m/%Y %H:%M".to_owned()], Some(zone_named("Asia/Shanghai").unwrap())).unwrap();
        check(&four, "1/7/26 8:05", "two_digit_year");
    }

    #[test]
    fn unix_times() {
        let r = TimeReader::new(&["unix".to_owned()], None).unwrap();
        check(&r, "1420479641", "2015-01-05T17:40:41Z");
        check(&r, "1e400", "bad_time");
        let r = TimeReader::new(&["unix_ms".to_owned()], None).unwrap();
        check(&r, "1420479641250", "2015-01-05T17:40:41.25Z");
    }

    #[test]
    fn mistyped_formats_are_refused() {
        assert!(TimeReader::new(&["%Q9!%".to_owned()], None).is_err());
        assert!(TimeReader::new(&["dd/mm/yyyy".to_owned()], None).is_err());
        assert!(zone_named("Asia/Shangri-La").is_err());
    }
}
