//! Profiles: how the columns of a source become the fields of a record. The format is described in
//! `assets/profiles/README.md`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Deserialize;
use wall_core::{Channel, Datum, OwnerRole, PartyKind, Platform, Severity, TicketStatus};

use super::bounded::{Stopped, read_all};
use super::read::shown;
use super::times::{TimeReader, zone_named};

/// Largest file of a profile.
const LARGEST: u64 = 1 << 20;

/// The bundled profiles: name and text.
const BUNDLED: &[(&str, &str)] = &[
    ("default", include_str!("../../../../../assets/profiles/default.toml")),
    ("boston311", include_str!("../../../../../assets/profiles/boston311.toml")),
    ("zh-general", include_str!("../../../../../assets/profiles/zh-general.toml")),
];

/// Every field a profile may map a column to.
pub const FIELDS: &[&str] = &[
    // tickets
    "external_id",
    "source",
    "category",
    "title",
    "description",
    "lon",
    "lat",
    "point",
    "datum",
    "accuracy_m",
    "address",
    "channel",
    "platform",
    "severity",
    "community_code",
    "reported_at",
    "due_at",
    "status",
    "status_at",
    "closed_at",
    "reporter",
    "reporter_name",
    "reporter_phone",
    "attachments",
    "sensitive",
    // owners
    "cell_code",
    "party",
    "party_kind",
    "role",
    "phone",
    "valid_from",
    "valid_to",
    // cameras, staff, sites
    "id",
    "name",
    "kind",
    "heading_deg",
    "fov_deg",
    "range_m",
    "stream_url",
    "snapshot_url",
    "state",
    "unit",
    "cell_codes",
    "shifts",
    "contact",
    "hours",
    "hazards",
    // positions
    "staff",
    "at",
    // buildings, streets
    "households",
    "population",
    "block",
    "class",
    // categories
    "code",
    "default_severity",
    "deadline",
    "deadline_s",
    "deadline_h",
    "deadline_kind",
    "standard",
    "edition",
];

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No bundled profile has this name, and no file either.
    #[error("no profile {0}: neither a bundled one ({1}) nor a file")]
    Unknown(String, String),
    /// The file cannot be read.
    #[error("profile {0}: {1}")]
    Io(String, std::io::Error),
    /// The text is not TOML of the right shape.
    #[error("profile {0}: {1}")]
    Syntax(String, String),
    /// A value in it cannot be meant.
    #[error("profile {0}: {1}")]
    Value(String, String),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    name: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
    extends: Option<String>,
    source: Option<String>,
    zone: Option<String>,
    time_formats: Option<Vec<String>>,
    datum: Option<String>,
    encoding: Option<String>,
    delimiter: Option<String>,
    empty: Option<Vec<String>>,
    point_order: Option<String>,
    allow_future: Option<bool>,
    #[serde(default)]
    columns: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, toml::Value>>,
    #[serde(default)]
    severity: Vec<SeverityRuleFile>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeverityRuleFile {
    column: String,
    equals: Option<OneOrMany>,
    contains: Option<OneOrMany>,
    severity: u8,
}

/// A column of the source: as written, and in the form names are compared in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// As the profile writes it; a dot steps into nested JSON.
    pub name: String,
    /// Trimmed and in lower case.
    pub normal: String,
}

impl Column {
    /// A column by its name.
    pub fn named(name: &str) -> Self {
        Self { name: name.trim().to_owned(), normal: normal_name(name) }
    }
}

/// The form column names are compared in: trimmed, without a byte order mark, lower case.
pub fn normal_name(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_lowercase()
}

/// "When this column says one of these, the severity is …"; the first rule that fits decides.
#[derive(Clone, PartialEq, Debug)]
pub struct SeverityRule {
    /// Column of the source.
    pub column: Column,
    /// Fits when the value is one of these (compared in lower case).
    pub equals: Vec<String>,
    /// Fits when the value contains one of these (compared in lower case).
    pub contains: Vec<String>,
    /// The severity then.
    pub severity: Severity,
}

/// In which order a `point` column writes its two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PointOrder {
    /// Longitude first (GeoJSON, WKT).
    LonLat,
    /// Latitude first.
    LatLon,
}

/// How the columns of a source become the fields of a record.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// Source of every record that does not name its own.
    pub source: Option<String>,
    /// Datum of the coordinates, when the profile knows.
    pub datum: Option<Datum>,
    /// Encoding of the file, when the profile knows (`auto` otherwise).
    pub encoding: Option<String>,
    /// Delimiter, when the profile knows (sniffed otherwise).
    pub delimiter: Option<u8>,
    /// Order of a `point` column.
    pub point_order: PointOrder,
    /// Whether times more than a day ahead of the system's clock are taken (and marked) instead of refused.
    pub allow_future: bool,
    /// Times of the source.
    pub times: TimeReader,
    /// Severity rules, in order.
    pub severity_rules: Vec<SeverityRule>,
    columns: BTreeMap<String, Vec<Column>>,
    constants: BTreeMap<String, String>,
    values: BTreeMap<String, BTreeMap<String, String>>,
    empty: Vec<String>,
    formats: Vec<String>,
}

impl Profile {
    /// The profile for files with the field names of the contract.
    pub fn contract() -> Self {
        Self {
            name: "default".to_owned(),
            source: None,
            datum: None,
            encoding: None,
            delimiter: None,
            point_order: PointOrder::LonLat,
            allow_future: false,
            times: TimeReader::common(None),
            severity_rules: Vec::new(),
            columns: BTreeMap::new(),
            constants: BTreeMap::new(),
            values: BTreeMap::new(),
            empty: ["null", "\\n"].map(str::to_owned).to_vec(),
            formats: Vec::new(),
        }
    }

    /// Names of the bundled profiles.
    pub fn bundled_names() -> Vec<&'static str> {
        BUNDLED.iter().map(|(name, _)| *name).collect()
    }

    /// A bundled profile by name, else the profile in the file of this path.
    ///
    /// # Errors
    /// [`ProfileError`]: unknown, unreadable, or wrong in a way the message names.
    pub fn load(name_or_path: &str) -> Result<Self, ProfileError> {
        if let Some((name, text)) = BUNDLED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(name, text);
        }
        let path = Path::new(name_or_path);
        if !path.is_file() {
            return Err(ProfileError::Unknown(shown(name_or_path), Self::bundled_names().join(", ")));
        }
        let io_error = |e| ProfileError::Io(name_or_path.to_owned(), e);
        let bytes = match std::fs::File::open(path).map(|file| read_all(file, LARGEST)) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(Stopped::Io(e))) | Err(e) => return Err(io_error(e)),
            Ok(Err(Stopped::TooLarge)) => return Err(io_error(std::io::Error::other("larger than a profile can be"))),
        };
        let text = String::from_utf8(bytes).map_err(|e| io_error(std::io::Error::other(e)))?;
        let stem = path.file_stem().map_or_else(|| name_or_path.to_owned(), |s| s.to_string_lossy().into_owned());
        Self::parse(&stem, &text)
    }

    /// A profile from its TOML text. `name` is used when the text has none.
    ///
    /// # Errors
    /// As [`Profile::load`].
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        Self::parse_at_depth(name, text, 0)
    }

    fn parse_at_depth(name: &str, text: &str, depth: usize) -> Result<Self, ProfileError> {
        let file: ProfileFile =
            toml::from_str(text).map_err(|e| ProfileError::Syntax(name.to_owned(), e.to_string().trim().to_owned()))?;
        let name = file.name.clone().unwrap_or_else(|| name.to_owned());
        let wrong = |message: String| ProfileError::Value(name.clone(), message);
        let mut profile = match &file.extends {
            None => Self::contract(),
            Some(_) if depth >= 4 => return Err(wrong("extends goes more than four profiles deep".to_owned())),
            Some(base) => {
                let (base_name, base_text) = BUNDLED
                    .iter()
                    .find(|(n, _)| n == base)
                    .ok_or_else(|| wrong(format!("extends {}, which is not a bundled profile", shown(base))))?;
                Self::parse_at_depth(base_name, base_text, depth + 1)?
            }
        };
        profile.name = name.clone();
        profile.take(file).map_err(wrong)?;
        Ok(profile)
    }

    /// Lays the statements of a file over this profile.
    fn take(&mut self, file: ProfileFile) -> Result<(), String> {
        self.source = file.source.or(self.source.take());
        self.encoding = file.encoding.or(self.encoding.take());
        self.allow_future = file.allow_future.unwrap_or(self.allow_future);
        if let Some(datum) = file.datum {
            self.datum = Some(Datum::from_code(&datum).ok_or_else(|| format!("unknown datum {}", shown(&datum)))?);
        }
        if let Some(delimiter) = file.delimiter {
            self.delimiter = Some(match delimiter.as_str() {
                "tab" => b'\t',
                d if d.len() == 1 && !matches!(d, "\"" | "\n" | "\r") => d.as_bytes()[0],
                d => return Err(format!("delimiter {} is not one character (or `tab`)", shown(d))),
            });
        }
        if let Some(empty) = file.empty {
            self.empty = empty.iter().map(|e| e.trim().to_lowercase()).collect();
        }
        if let Some(order) = file.point_order {
            self.point_order = match order.as_str() {
                "lon_lat" => PointOrder::LonLat,
                "lat_lon" => PointOrder::LatLon,
                other => return Err(format!("point_order {} is neither lon_lat nor lat_lon", shown(other))),
            };
        }
        let zone = match &file.zone {
            Some(zone) => Some(zone_named(zone)?),
            None => self.times.zone().cloned(),
        };
        self.formats = file.time_formats.unwrap_or_else(|| std::mem::take(&mut self.formats));
        self.times = TimeReader::new(&self.formats, zone)?;
        for (field, columns) in file.columns {
            known_field(&field)?;
            self.columns.insert(field, columns.into_vec().iter().map(|c| Column::named(c)).collect());
        }
        for (field, value) in file.constants {
            known_field(&field)?;
            check_word(&field, &value)?;
            self.constants.insert(field, value);
        }
        for (field, words) in file.values {
            known_field(&field)?;
            let map = self.values.entry(field.clone()).or_default();
            for (word, value) in words {
                let value = match value {
                    toml::Value::String(s) => s,
                    toml::Value::Integer(i) => i.to_string(),
                    toml::Value::Boolean(b) => b.to_string(),
                    other => return Err(format!("values.{field}: {other} is not a word")),
                };
                check_word(&field, &value)?;
                map.insert(word.trim().to_lowercase(), value);
            }
        }
        if !file.severity.is_empty() {
            self.severity_rules.clear();
        }
        for rule in file.severity {
            let severity = Severity::new(rule.severity).ok_or_else(|| format!("severity {} is not 1 … 4", rule.severity))?;
            let lower = |words: Option<OneOrMany>| -> Vec<String> {
                words.map(OneOrMany::into_vec).unwrap_or_default().iter().map(|w| w.trim().to_lowercase()).collect()
            };
            let (equals, contains) = (lower(rule.equals), lower(rule.contains));
            if equals.is_empty() && contains.is_empty() {
                return Err(format!("the severity rule on {} needs `equals` or `contains`", shown(&rule.column)));
            }
            self.severity_rules.push(SeverityRule { column: Column::named(&rule.column), equals, contains, severity });
        }
        Ok(())
    }

    /// This profile with a zone for local times, when it names none itself.
    ///
    /// # Errors
    /// Never for a profile that was loaded; the message of a time format otherwise.
    pub fn with_zone(mut self, zone: Option<TimeZone>) -> Result<Self, String> {
        if self.times.zone().is_none() && zone.is_some() {
            self.times = TimeReader::new(&self.formats, zone)?;
        }
        Ok(self)
    }

    /// The columns of the source that hold a field, the first non-empty one counts; `None` = the column named as the field.
    pub fn columns(&self, field: &str) -> Option<&[Column]> {
        self.columns.get(field).map(Vec::as_slice)
    }

    /// The value every record has that gives none.
    pub fn constant(&self, field: &str) -> Option<&str> {
        self.constants.get(field).map(String::as_str)
    }

    /// What a word of the source means, by the profile's value map (`*` catches every other word).
    pub fn value<'a>(&'a self, field: &str, word: &str) -> Option<&'a str> {
        let map = self.values.get(field)?;
        map.get(&word.trim().to_lowercase()).or_else(|| map.get("*")).map(String::as_str)
    }

    /// Whether a trimmed value means "nothing".
    pub fn is_empty_value(&self, value: &str) -> bool {
        value.is_empty() || self.empty.iter().any(|e| e.eq_ignore_ascii_case(value) || *e == value)
    }
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

fn known_field(field: &str) -> Result<(), String> {
    if FIELDS.contains(&field) { Ok(()) } else { Err(format!("{} is not a field of any record", shown(field))) }
}

/// A mapped value must be a word of its field; better said when the profile is read than on every row.
fn check_word(field: &str, value: &str) -> Result<(), String> {
    let ok = match field {
        "status" => TicketStatus::from_code(value).is_some(),
        "channel" => Channel::from_code(value).is_some(),
        "platform" => Platform::from_code(value).is_some(),
        "datum" => Datum::from_code(value).is_some(),
        "role" => OwnerRole::from_code(value).is_some(),
        "party_kind" => PartyKind::from_code(value).is_some(),
        "severity" | "default_severity" => value.parse().ok().and_then(Severity::new).is_some(),
        _ => true,
    };
    if ok { Ok(()) } else { Err(format!("{} is not a {field}", shown(value))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_profiles_are_sound() {
        for name in Profile::bundled_names() {
            let profile = Profile::load(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(profile.name, name);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("zone = 'Mars/Olympus'", "unknown time zone"),
            ("columns.exernal_id = 'ID'", "not a field"),
            ("colums.external_id = 'ID'", "unknown field"),
            ("values.status.Open = 'opened'", "is not a status"),
            ("constants.channel = 'pigeon'", "is not a channel"),
            ("datum = 'mars'", "unknown datum"),
            ("delimiter = '::'", "delimiter"),
            ("time_formats = ['dd.mm']", "time format"),
            ("extends = 'nothing'", "not a bundled profile"),
            ("[[severity]]\ncolumn = 'x'\nseverity = 2", "needs `equals` or `contains`"),
            ("[[severity]]\ncolumn = 'x'\nequals = 'y'\nseverity = 9", "is not 1"),
            ("not toml", "profile test"),
        ] {
            let error = Profile::parse("test", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(matches!(Profile::load("no/such/profile.toml"), Err(ProfileError::Unknown(..))));
    }

    #[test]
    fn a_profile_extends_another() {
        let text = "extends = 'boston311'\ntime_formats = ['%d/%m/%Y %H:%M:%S']\nvalues.status.Pending = 'dispatched'";
        let profile = Profile::parse("dmy", text).unwrap();
        assert_eq!(profile.value("status", "closed"), Some("closed"));
        assert_eq!(profile.value("status", " pending "), Some("dispatched"));
        assert!(profile.times.read("21/01/2022 13:47:00").is_ok());
        assert!(profile.times.read("01/21/2022 01:47:00 PM").is_err());
    }
}
