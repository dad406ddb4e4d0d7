//! Owners, cameras, staff, key sites, buildings, streets and categories from the fields of a row.

use serde_json::Value;
use wall_core::{
    Absent, BuildingRecord, CameraRecord, CameraState, CategoryRecord, DeadlineKind, OwnerRecord, OwnerRole, PartyKind, Place,
    Platform, RepairOptions, SiteRecord, StaffRecord, StreetRecord, UtcMs, label_point, repair,
};

use super::cells::shape_of;
use super::fields::{FieldReader, Fields, checked};
use super::read::{Problem, shown};
use super::records::{Placed, ReadOptions, Records};
use super::source::{Source, SourceError};
use super::tickets::{Defaults, limits};
use super::words;

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident -> $record:ty, $needs:expr, $read:path;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// [`SourceError`] when the source as a whole cannot be used.
        pub fn $name(source: Source, options: &ReadOptions) -> Result<Records<$record>, SourceError> {
            Records::from_source(source, options, $needs, $read)
        }
    )+};
}

const POINT: [&[&str]; 2] = [&["lon", "point"], &["lat", "point"]];

readers! {
    /// The owners of a source: `cell_code,party,party_kind,role,phone,valid_from,valid_to`.
    owners -> OwnerRecord, &[&["cell_code"], &["party"]], owner;
    /// The cameras of a source: `id,name,lon,lat,kind,heading_deg,fov_deg,range_m,stream_url,snapshot_url,state`.
    cameras -> CameraRecord, &[&["id"], POINT[0], POINT[1]], camera;
    /// The staff of a source: `id,name,role,unit,cell_codes,phone,shifts`.
    staff -> StaffRecord, &[&["id"]], member_of_staff;
    /// The key sites of a source: `id,name,kind,lon,lat,contact,phone,hours,hazards`.
    sites -> SiteRecord, &[&["id"], POINT[0], POINT[1]], site;
    /// The buildings of a source: GeoJSON polygons or points, or `lon,lat`, with `id,name,households,population,block`.
    buildings -> BuildingRecord, &[POINT[0], POINT[1]], building;
    /// The streets of a source: GeoJSON lines with `id,name,class`.
    streets -> StreetRecord, &[&["no table: streets are lines, give GeoJSON"]], street;
    /// The category table of a source: `kind,code,name,platform,default_severity,deadline,deadline_kind,standard,edition,valid_from,valid_to,sensitive`.
    categories -> CategoryRecord, &[&["code"], &["name"]], category;
}

fn id(row: &mut FieldReader<'_>) -> Result<String, Problem> {
    match row.key("id", limits::KEY, "id_missing", "id_too_long") {
        Err(problem) if problem.code == "id_missing" => row.feature_id(limits::KEY, "id_too_long")?.ok_or(problem),
        other => other,
    }
}

fn unknown(code: &'static str, field: &str) -> impl FnOnce(String) -> Problem {
    move |word| Problem::new(code, format!("{field} {word} is not known"))
}

/// The same, with the words that are.
fn unknown_role(word: String) -> Problem {
    let mut known: Vec<&str> = words::ROLE.iter().flat_map(|(word, role)| [role.code(), word]).collect();
    let mut seen = std::collections::HashSet::new();
    known.retain(|word| seen.insert(*word));
    Problem::new("unknown_role", format!("role {word} is not known; known are {}", known.join(", ")))
}

/// Start and end of validity; an end that is not after the start is refused.
fn validity(row: &mut FieldReader<'_>) -> Result<(Option<UtcMs>, Option<UtcMs>), Problem> {
    let from = open_end(row, "valid_from", "year_before_1970")?;
    let to = open_end(row, "valid_to", "year_after_2200")?;
    match (from, to) {
        (Some(from), Some(to)) if to <= from => Err(Problem::new("inverted_validity", "valid_to is not after valid_from")),
        other => Ok(other),
    }
}

/// Registers write 9999-12-31 for "for good" and 1900-01-01 for "since always": an open end, and said.
fn open_end(row: &mut FieldReader<'_>, field: &str, endless: &str) -> Result<Option<UtcMs>, Problem> {
    match day_or_time(row, field) {
        Err(problem) if problem.code == endless => {
            row.notes.repaired("open_end", format!("{}; taken as without end", problem.message));
            Ok(None)
        }
        other => other,
    }
}

/// A plain date is what validity is usually given in; it is no issue here.
fn day_or_time(row: &mut FieldReader<'_>, field: &str) -> Result<Option<UtcMs>, Problem> {
    let notes = row.notes.clone();
    let time = row.time(field)?;
    let only_date = row.notes.last_code() == Some("date_without_time");
    if only_date {
        row.notes = notes;
    }
    Ok(time)
}

fn owner(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<OwnerRecord>, Problem> {
    let cell_code = row.key("cell_code", limits::KEY, "cell_code_missing", "cell_code_too_long")?;
    let party = row.name("party", limits::NAME, "party_missing", "party_too_long")?;
    let role = row.word("role", OwnerRole::from_code, words::ROLE).map_err(unknown_role)?;
    let kind =
        row.word("party_kind", PartyKind::from_code, words::PARTY_KIND).map_err(unknown("unknown_party_kind", "party_kind"))?;
    // Each of the two says enough about the other; with neither it is a person who leads.
    let (role, party_kind) = match (role, kind) {
        (Some(role), Some(kind)) => (role, kind),
        (Some(OwnerRole::Unit), None) => (OwnerRole::Unit, PartyKind::Unit),
        (Some(role), None) => (role, PartyKind::Person),
        (None, Some(PartyKind::Unit)) => (OwnerRole::Unit, PartyKind::Unit),
        (None, kind) => (OwnerRole::Leader, kind.unwrap_or(PartyKind::Person)),
    };
    let phone = row.bounded("phone", limits::KEY);
    let (valid_from, valid_to) = validity(row)?;
    let absent = row.absent(&["phone", "valid_to"]);
    Ok((OwnerRecord { cell_code, party, party_kind, role, phone, valid_from, valid_to, absent }, None))
}

fn placed(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<(Place, Place), Problem> {
    let given = row.place()?;
    Ok((row.datum(defaults.datum)?.to_wgs84(given), given))
}

fn camera(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<CameraRecord>, Problem> {
    let external_id = id(row)?;
    let (place, given) = placed(row, defaults)?;
    let state = row.word("state", CameraState::from_code, words::CAMERA_STATE).unwrap_or_else(|word| {
        row.notes.repaired("unknown_state", format!("state {word} is not known"));
        None
    });
    let record = CameraRecord {
        external_id,
        name: row.bounded("name", limits::NAME),
        place,
        kind: row.bounded("kind", limits::NAME),
        heading_deg: row.optional_number("heading_deg", -360.0..=360.0).map(|h| h.rem_euclid(360.0)),
        fov_deg: row.optional_number("fov_deg", 0.0..=360.0),
        range_m: row.optional_number("range_m", 0.0..=100_000.0),
        stream_url: row.bounded("stream_url", limits::TEXT),
        snapshot_url: row.bounded("snapshot_url", limits::TEXT),
        state: state.unwrap_or_default(),
        absent: row.absent(&["name", "kind", "heading_deg", "fov_deg", "range_m", "stream_url", "snapshot_url", "state"]),
    };
    Ok((record, Some(given)))
}

fn member_of_staff(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<StaffRecord>, Problem> {
    let record = StaffRecord {
        external_id: id(row)?,
        name: row.bounded("name", limits::NAME),
        role: row.bounded("role", limits::NAME),
        unit: row.bounded("unit", limits::NAME),
        cell_codes: list(row, "cell_codes"),
        phone: row.bounded("phone", limits::KEY),
        shifts: match row.json("shifts") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
            _ => row.bounded("shifts", limits::LINE),
        },
        absent: row.absent(&["name", "role", "unit", "cell_codes", "shifts", "phone"]),
    };
    Ok((record, None))
}

/// A list of codes: a JSON array, or a text with `;` `,` `、` or white space between.
fn list(row: &FieldReader<'_>, field: &str) -> Vec<String> {
    let mut codes: Vec<String> = match row.json(field) {
        Some(Value::Array(items)) => {
            items.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), |s| s.trim().to_owned())).collect()
        }
        _ => {
            let text = row.text(field).unwrap_or_default();
            let between = |c: char| matches!(c, ';' | ',' | '；' | '，' | '、' | '|') || c.is_whitespace();
            text.split(between).map(str::to_owned).collect()
        }
    };
    codes.retain(|c| !c.is_empty());
    codes
}

fn site(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<SiteRecord>, Problem> {
    let external_id = id(row)?;
    let (place, given) = placed(row, defaults)?;
    let record = SiteRecord {
        external_id,
        name: row.bounded("name", limits::NAME),
        kind: row.bounded("kind", limits::NAME),
        place,
        contact: row.bounded("contact", limits::NAME),
        phone: row.bounded("phone", limits::KEY),
        hours: row.bounded("hours", limits::LINE),
        hazards: row.bounded("hazards", limits::TEXT),
        absent: row.absent(&["name", "kind", "hours", "hazards", "contact", "phone"]),
    };
    Ok((record, Some(given)))
}

fn building(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<BuildingRecord>, Problem> {
    let datum = row.datum(defaults.datum)?;
    let (place, given, footprint) = match polygons(row)? {
        None => {
            let given = row.place()?;
            (datum.to_wgs84(given), given, None)
        }
        Some(mut polygons) => {
            let first = polygons.first().and_then(|p| p.first()).and_then(|r| r.first()).copied();
            for position in polygons.iter_mut().flatten().flatten() {
                let moved = datum.to_wgs84(Place { lon: position[0], lat: position[1] });
                *position = [moved.lon, moved.lat];
            }
            let (footprint, findings) =
                repair(&polygons, RepairOptions::default()).map_err(|f| Problem::new(f.code, f.message))?;
            for f in findings {
                row.notes.push(f.code, f.message, f.action, f.place);
            }
            let inside = label_point(&footprint);
            (inside, first.map_or(inside, |[lon, lat]| Place { lon, lat }), Some(footprint))
        }
    };
    let external_id = match id(row) {
        Ok(id) => id,
        // A building without a number is known by its place.
        Err(problem) if problem.code == "id_missing" => format!("@{:.7},{:.7}", place.lon, place.lat),
        Err(problem) => return Err(problem),
    };
    let record = BuildingRecord {
        external_id,
        name: row.bounded("name", limits::NAME),
        place,
        footprint,
        households: row.optional_count("households"),
        population: row.optional_count("population"),
        block: row.bounded("block", limits::NAME),
        // A table has no column for the ground that a building covers.
        absent: match row.fields() {
            Fields::Delimited { .. } => row.absent(&["name", "households", "population", "block", "footprint"]),
            Fields::Json { .. } => row.absent(&["name", "households", "population", "block"]),
        },
    };
    Ok((record, Some(given)))
}

/// The polygons of a feature; `None` when it has a point, or no geometry.
fn polygons(row: &mut FieldReader<'_>) -> Result<Option<Vec<wall_core::RawPolygon>>, Problem> {
    let Fields::Json { geometry: Some(geometry), .. } = row.fields() else { return Ok(None) };
    if geometry.is_null() || geometry.get("type").and_then(Value::as_str) == Some("Point") {
        return Ok(None);
    }
    let shape = shape_of(geometry)?;
    if shape.polygons.is_empty() {
        return Err(Problem::new("bad_geometry", "a building is a polygon or a point"));
    }
    if !shape.left_out.is_empty() {
        row.notes.repaired("parts_left_out", format!("left out: {}", shape.left_out_words()));
    }
    Ok(Some(shape.polygons))
}

fn street(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<Placed<StreetRecord>, Problem> {
    let datum = row.datum(defaults.datum)?;
    let Fields::Json { geometry: Some(geometry), .. } = row.fields() else {
        return Err(Problem::new("bad_geometry", "a street needs a line: give GeoJSON"));
    };
    let coordinates = geometry.get("coordinates").and_then(Value::as_array);
    let lines = match (geometry.get("type").and_then(Value::as_str), coordinates) {
        (Some("LineString"), Some(positions)) => vec![line(positions)?],
        (Some("MultiLineString"), Some(parts)) => parts
            .iter()
            .map(|part| line(part.as_array().map(Vec::as_slice).unwrap_or_default()))
            .collect::<Result<Vec<_>, _>>()?,
        (kind, _) => {
            let kind = shown(kind.unwrap_or("nothing"));
            return Err(Problem::new("bad_geometry", format!("a street is a LineString or MultiLineString, not {kind}")));
        }
    };
    let lines: Vec<Vec<Place>> = lines.into_iter().filter(|l| l.len() > 1).collect();
    let Some(given) = lines.first().and_then(|l| l.first()).copied() else {
        return Err(Problem::new("bad_geometry", "the street's line has no length"));
    };
    let external_id = match id(row) {
        Ok(id) => id,
        // A street without a number is known by its line.
        Err(problem) if problem.code == "id_missing" => {
            let (points, last) = (lines.iter().map(Vec::len).sum::<usize>(), lines.last().and_then(|l| l.last()));
            let last = last.copied().unwrap_or(given);
            format!("@{:.7},{:.7}…{:.7},{:.7}#{points}", given.lon, given.lat, last.lon, last.lat)
        }
        Err(problem) => return Err(problem),
    };
    let record = StreetRecord {
        external_id,
        name: row.bounded("name", limits::NAME),
        class: row.bounded("class", limits::NAME),
        absent: row.absent(&["name", "class"]),
        lines: lines.into_iter().map(|l| l.into_iter().map(|p| datum.to_wgs84(p)).collect()).collect(),
    };
    Ok((record, Some(given)))
}

/// The positions of a line, each once in a row.
fn line(positions: &[Value]) -> Result<Vec<Place>, Problem> {
    let mut places: Vec<Place> = Vec::with_capacity(positions.len());
    for position in positions {
        let number = |i: usize| position.get(i).and_then(Value::as_f64);
        let (Some(lon), Some(lat)) = (number(0), number(1)) else {
            return Err(Problem::new("bad_coordinates", format!("{} is no position", shown(&position.to_string()))));
        };
        places.push(checked(lon, lat)?);
    }
    places.dedup();
    Ok(places)
}

fn category(row: &mut FieldReader<'_>, _: &Defaults) -> Result<Placed<CategoryRecord>, Problem> {
    let code = row.key("code", limits::KEY, "code_missing", "code_too_long")?;
    let name = row.name("name", limits::NAME, "name_missing", "name_too_long")?;
    let kind = match row.bounded("kind", limits::KEY) {
        kind if kind.is_empty() => "event".to_owned(),
        kind if kind == "事项" || kind == "事件" => "event".to_owned(),
        kind if kind == "部件" => "component".to_owned(),
        kind => kind,
    };
    let platform = row.word("platform", Platform::from_code, words::PLATFORM).map_err(unknown("unknown_platform", "platform"))?;
    let default_severity =
        row.word("default_severity", words::severity, &[]).map_err(unknown("unknown_severity", "default_severity"))?;
    let deadline_kind = row
        .word("deadline_kind", DeadlineKind::from_code, words::DEADLINE_KIND)
        .map_err(unknown("unknown_deadline_kind", "deadline_kind"))?
        .unwrap_or(DeadlineKind::Calendar);
    let deadline_s = deadline(row, deadline_kind)?;
    let (valid_from, valid_to) = validity(row)?;
    let mut absent = vec!["platform", "default_severity", "deadline_kind", "valid_from", "valid_to", "sensitive"];
    absent.retain(|f| !row.has(f));
    if !["deadline", "deadline_h", "deadline_s"].iter().any(|f| row.has(f)) {
        absent.push("deadline_s");
    }
    let absent = Absent::of(absent);
    let record = CategoryRecord {
        kind,
        code,
        name,
        platform,
        default_severity,
        deadline_s,
        deadline_kind,
        standard: row.bounded("standard", limits::NAME),
        edition: row.bounded("edition", limits::NAME),
        valid_from,
        valid_to,
        sensitive: row.optional_flag("sensitive").unwrap_or(false),
        absent,
    };
    Ok((record, None))
}

/// Hours of a working day, for deadlines in days of the work calendar.
const WORKING_DAY_H: f64 = 8.0;

/// A deadline in seconds: `deadline` with a unit (`30m`, `2h`, `3d`; a bare number is hours), `deadline_h` or `deadline_s`.
fn deadline(row: &FieldReader<'_>, kind: DeadlineKind) -> Result<Option<i64>, Problem> {
    let seconds = if let Some(text) = row.text("deadline") {
        let bad = || Problem::new("bad_deadline", format!("deadline {} is not like 30m, 2h or 3d", shown(&text)));
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let day_h = if kind == DeadlineKind::Working { WORKING_DAY_H } else { 24.0 };
        let unit_s = match text[end..].trim().to_lowercase().as_str() {
            "s" | "秒" => 1.0,
            "m" | "min" | "分" | "分钟" => 60.0,
            "" | "h" | "时" | "小时" => 3600.0,
            "d" | "天" | "日" | "工作日" => day_h * 3600.0,
            _ => return Err(bad()),
        };
        Some(super::fields::number(&text[..end]).ok_or_else(bad)? * unit_s)
    } else if let Some(hours) = row.number("deadline_h")? {
        Some(hours * 3600.0)
    } else {
        row.number("deadline_s")?
    };
    match seconds {
        Some(s) if !(1.0..=1e9).contains(&s) => Err(Problem::new("bad_deadline", format!("a deadline of {s} seconds"))),
        other => Ok(other.map(|s| s.round() as i64)),
    }
}
