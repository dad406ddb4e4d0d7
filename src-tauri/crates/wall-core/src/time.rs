//! Points in time. The crate has no clock: every time is an argument.

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UtcMs(pub i64);

impl UtcMs {
    /// The earliest time there is; earlier than every record.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time there is; later than every record.
    pub const MAX: Self = Self(i64::MAX);

    /// Seconds from `earlier` to `self`, negative when `self` comes first.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0.saturating_sub(earlier.0)) as f64 / 1000.0
    }

    /// This time moved by `ms` milliseconds, saturating at the ends.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// RFC 3339 in UTC with milliseconds when there are any, for reports and exports.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => t.to_string(),
            Err(_) => format!("{}ms", self.0),
        }
    }

    /// Reads an RFC 3339 time **with** a zone. `None` when it is not one (a time without zone is refused).
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.trim().parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }
}
