//! Tickets from the fields of a row: the one door for files, feeds and the HTTP intake.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;
use wall_core::{
    Ahead, Attachment, Channel, Datum, Issue, Place, Platform, PositionRecord, Reporter, Severity, TicketRecord, TicketStatus,
    UtcMs,
};

use super::fields::{FieldReader, Fields};
use super::profile::Profile;
use super::read::{Problem, Reject, cut, shown};
use super::records::{ReadOptions, Records};
use super::source::{Source, SourceError};
use super::words;
use crate::wall::system_now;

/// A file without coordinates can still say addresses, or how known tickets stand.
const NEEDS: &[&[&str]] =
    &[&["external_id"], &["lon", "point", "address", "status", "closed_at"], &["lat", "point", "address", "status", "closed_at"]];

/// The tickets of a source: CSV, TSV, JSON lines, a JSON array or GeoJSON points.
///
/// # Errors
/// [`SourceError`] when the source as a whole cannot be used.
pub fn tickets(source: Source, options: &ReadOptions) -> Result<Records<TicketRecord>, SourceError> {
    Records::from_source(source, options, NEEDS, ticket_from_fields)
}

/// Longest values of a ticket, in bytes of UTF-8. Keys that are longer are refused, texts are cut and noted.
pub mod limits {
    /// `external_id` and `source`.
    pub const KEY: usize = 200;
    /// `category`, `community_code`, names.
    pub const NAME: usize = 300;
    /// `title` and `address`.
    pub const LINE: usize = 600;
    /// `description`.
    pub const TEXT: usize = 20_000;
    /// Attachments of one ticket.
    pub const ATTACHMENTS: usize = 50;
}

/// What holds for an input where a row does not say.
#[derive(Clone, PartialEq, Debug)]
pub struct Defaults {
    /// Source of records that name none. Empty = the record must name one.
    pub source: String,
    /// Datum of coordinates whose row names none.
    pub datum: Datum,
    /// Column names, value words, times and their zone.
    pub profile: Arc<Profile>,
    /// The system's time at intake: times ahead of it are marked or refused.
    pub came_at: UtcMs,
}

impl Defaults {
    /// Field names of the contract, WGS-84, times with a zone only: the HTTP intake.
    pub fn contract(source: &str) -> Self {
        Self { source: source.to_owned(), datum: Datum::Wgs84, profile: Arc::new(Profile::contract()), came_at: system_now() }
    }

    /// A profile, and a zone for local times when the profile names none.
    pub fn with_profile(source: &str, datum: Datum, profile: Profile, zone: Option<TimeZone>) -> Self {
        // A loaded profile's formats were checked when it was read, so a zone can always be laid over it.
        let profile = profile.clone().with_zone(zone).unwrap_or(profile);
        Self { source: source.to_owned(), datum, profile: Arc::new(profile), came_at: system_now() }
    }
}

/// A record that was taken: with its issues and the place as it was given, before the datum was applied.
#[derive(Clone, PartialEq, Debug)]
pub struct Taken<T> {
    /// The record.
    pub record: T,
    /// Issues (kept or repaired).
    pub issues: Vec<Issue>,
    /// The place in the datum of the source.
    pub given: Option<Place>,
    /// Whether the row itself named its datum.
    pub datum_named: bool,
}

/// A ticket from a JSON object with the field names of the contract (or of `defaults.profile`), or a GeoJSON feature.
///
/// # Errors
/// The refusal, with the JSON as `raw` and line 0.
pub fn ticket_from_json(json: &Value, defaults: &Defaults) -> Result<TicketRecord, Reject> {
    taken_from_json(json, defaults, ticket_from_fields).map(|taken| taken.record)
}

/// As [`ticket_from_json`], with the issues.
///
/// # Errors
/// As [`ticket_from_json`].
pub fn ticket_taken_from_json(json: &Value, defaults: &Defaults) -> Result<Taken<TicketRecord>, Reject> {
    taken_from_json(json, defaults, ticket_from_fields)
}

/// A position report `{"staff","lon","lat","accuracy_m","at"}` from JSON. Without `at` the report is refused: a position
/// without a time would claim to be of now.
///
/// # Errors
/// The refusal, with the JSON as `raw` and line 0.
pub fn position_from_json(json: &Value, defaults: &Defaults) -> Result<PositionRecord, Reject> {
    position_taken_from_json(json, defaults).map(|taken| taken.record)
}

/// As [`position_from_json`], with the issues.
///
/// # Errors
/// As [`position_from_json`].
pub fn position_taken_from_json(json: &Value, defaults: &Defaults) -> Result<Taken<PositionRecord>, Reject> {
    taken_from_json(json, defaults, position_from_fields)
}

fn taken_from_json<T>(
    json: &Value,
    defaults: &Defaults,
    read: impl Fn(&mut FieldReader<'_>, &Defaults) -> Result<(T, Option<Place>), Problem>,
) -> Result<Taken<T>, Reject> {
    let reject = |problem: Problem| Reject {
        line: 0,
        reason_code: problem.code,
        message: problem.message,
        raw: cut(&json.to_string(), Reject::MAX_RAW),
    };
    let fields = fields_of_json(json.clone()).map_err(reject)?;
    let mut reader = FieldReader::new(&fields, &defaults.profile, 0);
    let (record, given) = read(&mut reader, defaults).map_err(reject)?;
    let datum_named = reader.text("datum").is_some();
    Ok(Taken { record, issues: reader.notes.into_issues(), given, datum_named })
}

/// A JSON object, or a GeoJSON feature, as fields.
///
/// # Errors
/// `not_an_object`, `bad_feature`.
pub fn fields_of_json(json: Value) -> Result<Fields, Problem> {
    let Value::Object(mut members) = json else {
        return Err(Problem::new("not_an_object", format!("{} is not a JSON object", shown(&json.to_string()))));
    };
    if members.get("type").and_then(Value::as_str) != Some("Feature") || !members.contains_key("geometry") {
        return Ok(Fields::Json { members, geometry: None, id: None });
    }
    let geometry = Some(members.remove("geometry").unwrap_or(Value::Null));
    let id = members.remove("id");
    match members.remove("properties") {
        Some(Value::Object(members)) => Ok(Fields::Json { members, geometry, id }),
        None | Some(Value::Null) => Ok(Fields::Json { members: serde_json::Map::new(), geometry, id }),
        Some(other) => Err(Problem::new("bad_feature", format!("properties {} are not an object", shown(&other.to_string())))),
    }
}

/// A ticket from the fields of a row, and its place as given.
///
/// # Errors
/// Why the row is refused: `external_id_missing`, `external_id_too_long`, `external_id_inexact`, `source_missing`,
/// `coordinates_…`, `bad_coordinates`, `bad_geometry`, `unknown_datum`, `bad_time`, `time_without_zone`, `two_digit_year`,
/// `year_before_1970`, `year_after_2200`, `time_in_future`.
pub fn ticket_from_fields(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<(TicketRecord, Option<Place>), Problem> {
    let external_id = external_id(row)?;
    let source = source(row, defaults)?;
    let given = match row.optional_place() {
        // Its place is looked up by its address, or nobody knows it; what a message about a known ticket says may be only how
        // it stands.
        Ok(None) if ["address", "status", "closed_at"].iter().all(|field| row.text(field).is_none()) => {
            return Err(Problem::new("coordinates_missing", "longitude and latitude are missing, and there is no address"));
        }
        Ok(given) => given,
        // Coordinates that are wrong are no reason to guess: who sent them meant a place.
        Err(problem) if row.text("address").is_some() => {
            let message =
                format!("{}; its address was not looked up instead: mend the coordinates, or leave them out", problem.message);
            return Err(Problem::new(problem.code, message));
        }
        Err(problem) => return Err(problem),
    };
    let datum = row.datum(defaults.datum)?;
    let place = given.map(|g| datum.to_wgs84(g));
    let Course { status, status_word, status_at, reported_at, closed_at, inverted_times } = course(row, defaults)?;
    let due_at = row.time("due_at")?;
    let category = row.bounded("category", limits::NAME);
    let severity = severity(row);
    let channel = optional_word(row, "channel", "unknown_channel", Channel::from_code, words::CHANNEL);
    let platform = optional_word(row, "platform", "unknown_platform", Platform::from_code, words::PLATFORM);
    let record = TicketRecord {
        external_id,
        source,
        category,
        title: row.bounded("title", limits::LINE),
        description: row.bounded("description", limits::TEXT),
        place,
        accuracy_m: row.optional_number("accuracy_m", 0.0..=1e7),
        address: row.bounded("address", limits::LINE),
        channel,
        platform,
        severity,
        community_code: row.bounded("community_code", limits::NAME),
        reported_at,
        due_at,
        status,
        status_word,
        status_at,
        closed_at,
        reporter: reporter(row),
        attachments: attachments(row),
        sensitive: row.optional_flag("sensitive"),
        inverted_times,
    };
    if let Some(due) = record.due_at
        && record.reported_at.is_some_and(|r| due < r)
    {
        row.notes.kept("due_before_reported", format!("due {} before it was reported", due.to_rfc3339()));
    }
    if text_has_replacement(&record) {
        row.notes.kept("bad_characters", "the text holds characters that could not be read (\u{fffd})");
    }
    Ok((record, given))
}

fn text_has_replacement(record: &TicketRecord) -> bool {
    [&record.external_id, &record.category, &record.title, &record.description, &record.address]
        .iter()
        .any(|t| t.contains('\u{fffd}'))
}

/// A position report from the fields of a row, and its place as given.
///
/// # Errors
/// `staff_missing`, `time_missing`, and those of coordinates and times.
pub fn position_from_fields(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<(PositionRecord, Option<Place>), Problem> {
    let staff = row.key("staff", limits::KEY, "staff_missing", "staff_too_long")?;
    let given = row.place()?;
    let place = row.datum(defaults.datum)?.to_wgs84(given);
    let at = row.time("at")?.ok_or_else(|| Problem::new("time_missing", "at is missing: a position needs its time"))?;
    not_far_ahead(row, "at", Some(at), defaults)?;
    let accuracy_m = row.optional_number("accuracy_m", 0.0..=1e7);
    Ok((PositionRecord { staff, place, accuracy_m, at }, Some(given)))
}

fn external_id(row: &mut FieldReader<'_>) -> Result<String, Problem> {
    match row.key("external_id", limits::KEY, "external_id_missing", "external_id_too_long") {
        Err(problem) if problem.code == "external_id_missing" => {
            row.feature_id(limits::KEY, "external_id_too_long")?.ok_or(problem)
        }
        other => other,
    }
}

fn source(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<String, Problem> {
    if row.text("source").is_some() {
        return row.key("source", limits::KEY, "source_missing", "source_too_long");
    }
    if defaults.source.is_empty() {
        return Err(Problem::new("source_missing", "source is missing"));
    }
    Ok(defaults.source.clone())
}

/// How a row says that its ticket went.
struct Course {
    status: Option<TicketStatus>,
    /// The source's word for the status when it is not known.
    status_word: String,
    status_at: Option<UtcMs>,
    reported_at: Option<UtcMs>,
    closed_at: Option<UtcMs>,
    /// Closed before it was reported.
    inverted_times: bool,
}

/// A time ahead of the system's clock: tolerated, marked, or too far to be taken.
fn not_far_ahead(row: &mut FieldReader<'_>, field: &str, time: Option<UtcMs>, defaults: &Defaults) -> Result<(), Problem> {
    let Some(time) = time else { return Ok(()) };
    let (ahead, by) = (Ahead::of(time, defaults.came_at), time.0.saturating_sub(defaults.came_at.0) / 60_000);
    let by = match by {
        0..120 => format!("{by} minutes"),
        120..2_880 => format!("{} hours", by / 60),
        _ => format!("{} days", by / 1_440),
    };
    let words = || format!("{field} {} is {by} ahead of the clock of this machine", time.to_rfc3339());
    match ahead {
        Ahead::Not | Ahead::Tolerated => {}
        Ahead::Refused if !row.profile().allow_future => {
            return Err(Problem::new("time_in_future", format!("{}, more than a day: is its zone right?", words())));
        }
        Ahead::Odd | Ahead::Refused => row.notes.kept("time_ahead", format!("{}: shown at once, and marked", words())),
    }
    Ok(())
}

/// Status, times, and whether they are inverted; contradictions are kept sensibly and said.
fn course(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Course, Problem> {
    let status_at = row.time("status_at")?;
    let reported_at = row.time("reported_at")?;
    let mut closed_at = row.time("closed_at")?;
    let mut status_word = String::new();
    let mut status = match row.word("status", TicketStatus::from_code, words::STATUS) {
        Ok(status) => status,
        // A ticket is not lost for a word: it is taken at the nearest stage, and the word stays in its history.
        Err(_) => {
            status_word = row.bounded("status", limits::KEY);
            let nearest = words::nearest_status(&status_word);
            row.notes.kept("unknown_status", format!("status {} is not known: taken as {}", shown(&status_word), nearest.code()));
            Some(nearest)
        }
    };
    match (status, closed_at) {
        (None, Some(_)) => status = Some(TicketStatus::Closed),
        (Some(s), Some(closed)) if !s.is_final() => {
            closed_at = None;
            row.notes.repaired(
                "closing_time_of_open_ticket",
                format!("status {} with a closing time {}: taken as open", s.code(), closed.to_rfc3339()),
            );
        }
        (Some(s), None) if s.is_final() => {
            row.notes.kept("closed_without_time", format!("status {} without a closing time", s.code()));
        }
        _ => {}
    }
    for (field, time) in [("reported_at", reported_at), ("status_at", status_at), ("closed_at", closed_at)] {
        not_far_ahead(row, field, time, defaults)?;
    }
    let inverted_times = matches!((reported_at, closed_at), (Some(r), Some(c)) if c < r);
    if inverted_times {
        row.notes.kept("inverted_times", "closed before it was reported: kept, and left out of durations");
    }
    for (field, time) in [("reported_at", reported_at), ("closed_at", closed_at)] {
        if let Some(t) = time.filter(|t| *t >= UtcMs(4_102_444_800_000)) {
            row.notes.kept("odd_time", format!("{field} {} is after 2099", t.to_rfc3339()));
        }
    }
    Ok(Course { status, status_word, status_at, reported_at, closed_at, inverted_times })
}

fn severity(row: &mut FieldReader<'_>) -> Option<Severity> {
    match row.word("severity", words::severity, &[]) {
        Ok(Some(severity)) => return Some(severity),
        Ok(None) => {}
        Err(word) => row.notes.repaired("unknown_severity", format!("severity {word} is not 1 … 4: left to the category")),
    }
    let profile = row.profile();
    profile.severity_rules.iter().find_map(|rule| {
        let value = row.fields().text(&rule.column)?.to_lowercase();
        let fits = rule.equals.contains(&value) || rule.contains.iter().any(|part| value.contains(part.as_str()));
        fits.then_some(rule.severity)
    })
}

fn optional_word<T: Copy>(
    row: &mut FieldReader<'_>,
    field: &str,
    code: &'static str,
    from_code: fn(&str) -> Option<T>,
    words: &[(&str, T)],
) -> Option<T> {
    row.word(field, from_code, words).unwrap_or_else(|word| {
        row.notes.repaired(code, format!("{field} {word} is not known: left empty"));
        None
    })
}

fn reporter(row: &mut FieldReader<'_>) -> Option<Reporter> {
    let (name, phone) = match row.json("reporter") {
        Some(Value::Object(members)) => {
            let get = |key: &str| match members.get(key) {
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(Value::Number(n)) => n.to_string(),
                _ => String::new(),
            };
            (get("name"), get("phone"))
        }
        Some(_) => return None,
        None => {
            let name = row.text("reporter_name").or_else(|| row.text("reporter")).unwrap_or_default().into_owned();
            (name, row.text("reporter_phone").unwrap_or_default().into_owned())
        }
    };
    if name.is_empty() && phone.is_empty() {
        return None;
    }
    Some(Reporter {
        name: row.bound("reporter name", &name, limits::NAME),
        phone: row.bound("reporter phone", &phone, limits::KEY),
    })
}

/// Attachments: a JSON array of `{"name","hash"}` or names; in text, names or `name#hash` with `;` between.
fn attachments(row: &mut FieldReader<'_>) -> Vec<Attachment> {
    let mut found: Vec<Attachment> = match row.json("attachments") {
        Some(Value::Array(items)) => items.iter().filter_map(attachment).collect(),
        Some(item) => attachment(item).into_iter().collect(),
        None => {
            let text = row.text("attachments").unwrap_or_default();
            let parts = text.split(';').map(str::trim).filter(|p| !p.is_empty());
            parts
                .map(|part| {
                    let (name, hash) = part.split_once('#').unwrap_or((part, ""));
                    Attachment { name: cut(name, limits::LINE), hash: cut(hash, limits::KEY) }
                })
                .collect()
        }
    };
    if found.len() > limits::ATTACHMENTS {
        row.notes.repaired("attachments_cut", format!("{} attachments were cut to {}", found.len(), limits::ATTACHMENTS));
        found.truncate(limits::ATTACHMENTS);
    }
    found
}

fn attachment(item: &Value) -> Option<Attachment> {
    let (name, hash) = match item {
        Value::String(name) => (name.as_str(), ""),
        Value::Object(members) => {
            let get = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
            (get("name"), get("hash"))
        }
        _ => return None,
    };
    (!name.is_empty()).then(|| Attachment { name: cut(name, limits::LINE), hash: cut(hash, limits::KEY) })
}
