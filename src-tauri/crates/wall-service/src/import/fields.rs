//! One row as named fields: what a column says, by the profile, as text, number, time, place or word.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use wall_core::{Absent, Datum, Place, UtcMs, half_width};

use super::ids;
use super::profile::{Column, PointOrder, Profile, normal_name};
use super::read::{Notes, Problem, shown};
use super::times::TimeReader;
use super::words;

/// The names of a delimited file's columns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Header {
    names: Vec<String>,
    sheet: bool,
    index: HashMap<String, usize>,
}

impl Header {
    /// A header from its names. Of two columns with the same name the first counts.
    pub fn new(names: Vec<String>) -> Self {
        let mut index = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            let normal = normal_name(name);
            if !normal.is_empty() {
                index.entry(normal).or_insert(i);
            }
        }
        Self { names, sheet: false, index }
    }

    /// The header of a sheet, whose rows have times of their own (see [`FieldReader::time`]).
    pub fn of_sheet(names: Vec<String>) -> Self {
        Self { sheet: true, ..Self::new(names) }
    }

    /// Whether it is that of a sheet.
    pub fn is_sheet(&self) -> bool {
        self.sheet
    }

    /// The names as written.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The position of a column by its normal name.
    pub fn position(&self, normal: &str) -> Option<usize> {
        self.index.get(normal).copied()
    }
}

/// The values of one row.
#[derive(Clone, PartialEq, Debug)]
pub enum Fields {
    /// A row of a delimited file.
    Delimited {
        /// Names of the columns.
        header: Arc<Header>,
        /// Values, as many as the row has.
        values: Vec<String>,
    },
    /// A JSON object, or the properties of a GeoJSON feature with its geometry.
    Json {
        /// Members.
        members: Map<String, Value>,
        /// Geometry of the feature; `None` when the row is no feature.
        geometry: Option<Value>,
        /// `id` of the feature.
        id: Option<Value>,
    },
}

impl Fields {
    /// The JSON value of a member: by its exact name, else without regard to case, else by stepping along its dots.
    fn member<'a>(members: &'a Map<String, Value>, name: &str, normal: &str) -> Option<&'a Value> {
        if let Some(value) = members.get(name) {
            return Some(value);
        }
        let same = |key: &str| key.trim().eq_ignore_ascii_case(normal) || !key.is_ascii() && normal_name(key) == normal;
        if let Some((_, value)) = members.iter().find(|(key, _)| same(key)) {
            return Some(value);
        }
        let (first, rest) = name.split_once('.')?;
        match Self::member(members, first, &normal_name(first))? {
            Value::Object(inner) => Self::member(inner, rest, &normal_name(rest)),
            _ => None,
        }
    }

    fn json(&self, name: &str, normal: &str) -> Option<&Value> {
        match self {
            Self::Delimited { .. } => None,
            Self::Json { members, .. } => Self::member(members, name, normal),
        }
    }

    /// Whether the row has such a column, with or without something in it. Fields that a short row lacks are not there.
    fn has_named(&self, name: &str, normal: &str) -> bool {
        match self {
            Self::Delimited { header, values } => header.position(normal).is_some_and(|i| i < values.len()),
            Self::Json { .. } => self.json(name, normal).is_some(),
        }
    }

    /// The trimmed text of a column; `None` when there is no such column. Numbers and booleans of JSON become their text.
    pub fn text(&self, column: &Column) -> Option<Cow<'_, str>> {
        self.text_named(&column.name, &column.normal)
    }

    fn text_named(&self, name: &str, normal: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Delimited { header, values } => {
                let value = values.get(header.position(normal)?)?;
                Some(Cow::Borrowed(trim(value)))
            }
            Self::Json { .. } => match self.json(name, normal)? {
                Value::Null => None,
                Value::String(text) => Some(Cow::Borrowed(trim(text))),
                other => Some(Cow::Owned(other.to_string())),
            },
        }
    }
}

/// Trims white space, ideographic and zero-width spaces and byte order marks.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0'))
}

/// Reads the fields of one row by a profile.
pub struct FieldReader<'a> {
    fields: &'a Fields,
    profile: &'a Profile,
    /// Issues of this row.
    pub notes: Notes,
}

impl<'a> FieldReader<'a> {
    /// A reader of the row at `line`.
    pub fn new(fields: &'a Fields, profile: &'a Profile, line: u64) -> Self {
        Self { fields, profile, notes: Notes::at(line) }
    }

    /// The profile.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// The row.
    pub fn fields(&self) -> &'a Fields {
        self.fields
    }

    /// The text of a field: the first column that says something, else the profile's constant. Never empty.
    pub fn text(&self, field: &str) -> Option<Cow<'a, str>> {
        self.column_text(field).or_else(|| self.profile.constant(field).map(Cow::Borrowed))
    }

    fn column_text(&self, field: &str) -> Option<Cow<'a, str>> {
        let says = |text: &Cow<'_, str>| !self.profile.is_empty_value(text);
        match self.profile.columns(field) {
            Some(columns) => columns.iter().find_map(|column| self.fields.text(column).filter(says)),
            None => std::iter::once(field)
                .chain(aliases(field).iter().copied())
                .find_map(|name| self.fields.text_named(name, name).filter(says)),
        }
    }

    /// Whether the row has a column for a field, or the profile a constant.
    pub fn has(&self, field: &str) -> bool {
        self.profile.constant(field).is_some()
            || match self.profile.columns(field) {
                Some(columns) => columns.iter().any(|c| self.fields.has_named(&c.name, &c.normal)),
                None => std::iter::once(field).chain(aliases(field).iter().copied()).any(|n| self.fields.has_named(n, n)),
            }
    }

    /// Which of these fields the row has no column for.
    pub fn absent(&self, fields: &[&'static str]) -> Absent {
        Absent::of(fields.iter().copied().filter(|f| !self.has(f)))
    }

    /// The JSON value of a field, when the row is JSON and the value is an array or object.
    pub fn json(&self, field: &str) -> Option<&'a Value> {
        let nested = |value: &&Value| value.is_array() || value.is_object();
        match self.profile.columns(field) {
            Some(columns) => columns.iter().find_map(|c| self.fields.json(&c.name, &c.normal).filter(nested)),
            None => self.fields.json(field, field).filter(nested),
        }
    }

    /// A text of at most `max` bytes: longer is cut and noted, control characters become spaces. Empty when there is none.
    pub fn bounded(&mut self, field: &str, max: usize) -> String {
        let Some(text) = self.text(field) else { return String::new() };
        self.bound(field, &text, max)
    }

    /// Bounds a text of a field as [`FieldReader::bounded`] does.
    pub fn bound(&mut self, field: &str, text: &str, max: usize) -> String {
        let clean = clean(text);
        if clean.len() > max {
            self.notes.repaired("text_cut", format!("{field} of {} bytes was cut to {max}", clean.len()));
        }
        super::read::cut(&clean, max)
    }

    /// A name that must be there: at most `max` bytes, not cut.
    ///
    /// # Errors
    /// `missing` when there is none, `too_long` when it is longer.
    pub fn name(&mut self, field: &str, max: usize, missing: &'static str, too_long: &'static str) -> Result<String, Problem> {
        let text = self.text(field).ok_or_else(|| Problem::new(missing, format!("{field} is missing")))?;
        not_longer(field, clean(&text).into_owned(), max, too_long)
    }

    /// An id: as [`FieldReader::name`], seen through what spreadsheets do to ids (see [`ids::id`]).
    ///
    /// # Errors
    /// As [`FieldReader::name`], and `bad_id_characters`.
    pub fn key(&mut self, field: &str, max: usize, missing: &'static str, too_long: &'static str) -> Result<String, Problem> {
        let text = self.text(field).ok_or_else(|| Problem::new(missing, format!("{field} is missing")))?;
        self.id_of(field, &text, max, too_long)
    }

    /// The `id` of a GeoJSON feature.
    ///
    /// # Errors
    /// As [`FieldReader::key`].
    pub fn feature_id(&mut self, max: usize, too_long: &'static str) -> Result<Option<String>, Problem> {
        let text = match self.fields {
            Fields::Json { id: Some(Value::String(id)), .. } if !id.trim().is_empty() => id.trim().to_owned(),
            Fields::Json { id: Some(Value::Number(id)), .. } => id.to_string(),
            _ => return Ok(None),
        };
        self.id_of("id", &text, max, too_long).map(Some)
    }

    fn id_of(&mut self, field: &str, text: &str, max: usize, too_long: &'static str) -> Result<String, Problem> {
        // A JSON number beyond 2^53 has lost digits by the time it is read, and an exponent means it was lost before.
        if matches!(self.fields, Fields::Json { .. })
            && text.len() > 15
            && text.contains(['e', 'E', '.'])
            && number(text).is_some()
        {
            let code = if field == "external_id" { "external_id_inexact" } else { "id_inexact" };
            return Err(Problem::new(code, format!("{field} {} is a number that lost digits: send it as text", shown(text))));
        }
        let mut id = ids::id(field, text, &mut self.notes)?;
        // What was a whole number in a column of fractions.
        if matches!(field, "external_id" | "id" | "staff")
            && id.ends_with(".0")
            && id[..id.len() - 2].bytes().all(|b| b.is_ascii_digit())
        {
            self.notes.repaired("spreadsheet_text", format!("{field} {} was read without its fraction", shown(&id)));
            id.truncate(id.len() - 2);
        }
        not_longer(field, id, max, too_long)
    }

    /// A finite number.
    ///
    /// # Errors
    /// `bad_number` when it is none.
    pub fn number(&self, field: &str) -> Result<Option<f64>, Problem> {
        self.text(field).map(|t| number(&t).ok_or_else(|| not_a_number("bad_number", field, &t))).transpose()
    }

    /// A number that is nice to have: noted as `bad_number` and left out when it is none, or outside `range`.
    pub fn optional_number(&mut self, field: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let text = self.text(field)?;
        let value = number(&text).filter(|v| range.contains(v));
        if value.is_none() {
            self.notes.repaired("bad_number", format!("{field} {} was left out", shown(&text)));
        }
        value
    }

    /// A count that is nice to have.
    pub fn optional_count(&mut self, field: &str) -> Option<u32> {
        self.optional_number(field, 0.0..=f64::from(u32::MAX)).map(|v| v.round() as u32)
    }

    /// A time.
    ///
    /// # Errors
    /// `time_without_zone` or `bad_time`, naming the field.
    pub fn time(&mut self, field: &str) -> Result<Option<UtcMs>, Problem> {
        let Some(text) = self.text(field) else { return Ok(None) };
        let plain = ascii_numbers(&text);
        let mut read = self.profile.times.read(&plain);
        // A cell that holds a time is no text in the format of the profile.
        if let (Err(problem), Fields::Delimited { header, .. }) = (&read, self.fields)
            && problem.code == "bad_time"
            && header.is_sheet()
            && let Ok(cell) = TimeReader::common(self.profile.times.zone().cloned()).read(&plain)
        {
            read = Ok(cell);
        }
        match read {
            Ok((at, note)) => {
                if let Some(note) = note {
                    self.notes.kept(note.code(), format!("{field} {} is taken as {}", shown(&text), at.to_rfc3339()));
                }
                Ok(Some(at))
            }
            Err(problem) => Err(Problem::new(problem.code, format!("{field}: {}", problem.message))),
        }
    }

    /// A yes or no that is nice to have.
    pub fn optional_flag(&mut self, field: &str) -> Option<bool> {
        let text = self.text(field)?;
        let word = words::folded(self.profile.value(field, &text).unwrap_or(&text));
        let flag = match word.as_str() {
            "true" | "1" | "yes" | "y" | "t" | "是" | "敏感" => Some(true),
            "false" | "0" | "no" | "n" | "f" | "否" => Some(false),
            _ => None,
        };
        if flag.is_none() {
            self.notes.repaired("bad_flag", format!("{field} {} is neither yes nor no", shown(&text)));
        }
        flag
    }

    /// A code word: by the profile's value map, else by `from_code`, else by the product's own words. `Ok(None)` when the
    /// field is empty.
    ///
    /// # Errors
    /// The offending word.
    pub fn word<T>(&self, field: &str, from_code: fn(&str) -> Option<T>, known: &[(&str, T)]) -> Result<Option<T>, String>
    where
        T: Copy,
    {
        let Some(text) = self.text(field) else { return Ok(None) };
        let mapped = self.profile.value(field, &text).unwrap_or(&text);
        let lower = words::folded(mapped);
        from_code(&lower)
            .or_else(|| known.iter().find(|(word, _)| *word == lower).map(|(_, value)| *value))
            .map(Some)
            .ok_or_else(|| shown(&text))
    }

    /// The datum the row names, else the given one.
    ///
    /// # Errors
    /// `unknown_datum`.
    pub fn datum(&self, otherwise: Datum) -> Result<Datum, Problem> {
        let Some(text) = self.text("datum") else { return Ok(otherwise) };
        let word = words::folded(self.profile.value("datum", &text).unwrap_or(&text));
        Datum::from_code(&word).or_else(|| Datum::from_crs_name(&word).ok()).ok_or_else(|| {
            Problem::new("unknown_datum", format!("datum {} is none of wgs84, cgcs2000, gcj02, bd09", shown(&text)))
        })
    }

    /// The place as given (not converted): `lon` and `lat`, else a `point` column, else the GeoJSON point.
    ///
    /// # Errors
    /// `coordinates_missing`, `bad_coordinates`, `coordinates_out_of_range`, `coordinates_zero`.
    pub fn place(&self) -> Result<Place, Problem> {
        match self.optional_place()? {
            Some(place) => Ok(place),
            None => Err(Problem::new("coordinates_missing", "longitude and latitude are missing")),
        }
    }

    /// The place as given, `None` when the row gives none.
    ///
    /// # Errors
    /// As [`FieldReader::place`]; one coordinate without the other is `coordinates_missing`.
    pub fn optional_place(&self) -> Result<Option<Place>, Problem> {
        match (self.text("lon"), self.text("lat")) {
            (Some(lon), Some(lat)) => return coordinates(&lon, &lat).map(Some),
            (Some(_), None) => return Err(Problem::new("coordinates_missing", "latitude is missing")),
            (None, Some(_)) => return Err(Problem::new("coordinates_missing", "longitude is missing")),
            (None, None) => {}
        }
        if let Some(point) = self.text("point") {
            return point_text(&point, self.profile.point_order).map(Some);
        }
        match self.fields {
            Fields::Json { geometry: Some(geometry), .. } if !geometry.is_null() => geometry_point(geometry).map(Some),
            _ => Ok(None),
        }
    }
}

/// Further names a coordinate goes by when no profile says.
pub(super) fn aliases(field: &str) -> &'static [&'static str] {
    match field {
        "lon" => &["lng", "longitude", "long", "x"],
        "lat" => &["latitude", "y"],
        "external_id" => &["id"],
        "id" => &["external_id"],
        _ => &[],
    }
}

fn not_longer(field: &str, text: String, max: usize, too_long: &'static str) -> Result<String, Problem> {
    if text.len() > max {
        return Err(Problem::new(too_long, format!("{field} {} is longer than {max} bytes", shown(&text))));
    }
    Ok(text)
}

/// Control characters become spaces, line breaks and tabs stay.
fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        let joined = text.replace("\r\n", "\n");
        Cow::Owned(joined.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Full-width letters, digits and signs as ASCII.
pub(super) fn ascii_numbers(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        '\u{2212}' => '-',
        '\u{a0}' => ' ',
        c => half_width(c),
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// A finite number, in ASCII or full-width digits.
pub fn number(text: &str) -> Option<f64> {
    let plain = ascii_numbers(text);
    // `parse` also takes words (`nan`, `infinity`); a number has digits, signs and an exponent only.
    let numeric = plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !numeric {
        return None;
    }
    plain.parse::<f64>().ok().filter(|v| v.is_finite())
}

fn not_a_number(code: &'static str, field: &str, text: &str) -> Problem {
    Problem::new(code, format!("{field} {} is not a number", shown(text)))
}

/// A place from the texts of its longitude and latitude, as given.
///
/// # Errors
/// `bad_coordinates`, `coordinates_out_of_range` or `coordinates_zero`.
pub fn coordinates(lon: &str, lat: &str) -> Result<Place, Problem> {
    let lon_deg = number(lon).ok_or_else(|| not_a_number("bad_coordinates", "longitude", lon))?;
    let lat_deg = number(lat).ok_or_else(|| not_a_number("bad_coordinates", "latitude", lat))?;
    checked(lon_deg, lat_deg)
}

/// A place from its numbers, as given.
///
/// # Errors
/// `coordinates_out_of_range` or `coordinates_zero`.
pub fn checked(lon: f64, lat: f64) -> Result<Place, Problem> {
    let Some(place) = Place::new(lon, lat) else {
        let swapped = if Place::new(lat, lon).is_some() { " (are the two swapped?)" } else { "" };
        return Err(Problem::new("coordinates_out_of_range", format!("longitude {lon}, latitude {lat}{swapped}")));
    };
    if lon == 0.0 && lat == 0.0 {
        return Err(Problem::new("coordinates_zero", "longitude and latitude are both 0, which stands for no place"));
    }
    Ok(place)
}

/// Two numbers in one text: `42.36, -71.06`, `(121.47 31.23)`, `POINT (121.47 31.23)`.
fn point_text(text: &str, order: PointOrder) -> Result<Place, Problem> {
    let plain = ascii_numbers(text);
    let upper = plain.trim().to_ascii_uppercase();
    let (inner, order) = match upper.find("POINT") {
        Some(at) => (&upper[at + 5..], PointOrder::LonLat),
        None => (upper.as_str(), order),
    };
    let mut parts =
        inner.split(|c: char| matches!(c, ',' | ';' | '(' | ')' | '[' | ']') || c.is_whitespace()).filter(|p| !p.is_empty());
    let (Some(first), Some(second), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Problem::new("bad_coordinates", format!("{} is not a pair of numbers", shown(text))));
    };
    match order {
        PointOrder::LonLat => coordinates(first, second),
        PointOrder::LatLon => coordinates(second, first),
    }
}

/// The place of a GeoJSON point.
fn geometry_point(geometry: &Value) -> Result<Place, Problem> {
    let kind = geometry.get("type").and_then(Value::as_str).unwrap_or("nothing");
    let coordinates = geometry.get("coordinates").and_then(Value::as_array);
    let pair = match (kind, coordinates) {
        ("Point", Some(pair)) => pair,
        ("MultiPoint", Some(points)) if points.len() == 1 => {
            points[0].as_array().ok_or_else(|| Problem::new("bad_coordinates", "the MultiPoint holds no position"))?
        }
        (kind, _) => {
            return Err(Problem::new("bad_geometry", format!("a point is needed, the geometry is {}", shown(kind))));
        }
    };
    match (pair.first().and_then(Value::as_f64), pair.get(1).and_then(Value::as_f64)) {
        (Some(lon), Some(lat)) => checked(lon, lat),
        _ => Err(Problem::new(
            "bad_coordinates",
            format!("{} are not coordinates", shown(&Value::Array(pair.clone()).to_string())),
        )),
    }
}
