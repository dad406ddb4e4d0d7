//! What rows of lists have alike: the number of a thing in its source, its place or ground or line, from when to when it is valid.

use serde_json::Value;
use wall_core::{Place, RawPolygon, UtcMs};

use super::cells::shape_of;
use super::fields::{FieldReader, Fields, checked};
use super::read::{Problem, shown};
use super::tickets::{Defaults, limits};

/// Start and end of validity; an end that is not after the start is refused.
pub(crate) fn validity(row: &mut FieldReader<'_>) -> Result<(Option<UtcMs>, Option<UtcMs>), Problem> {
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

/// Why a row is refused whose word for a field nobody knows.
pub(crate) fn unknown(code: &'static str, field: &str) -> impl FnOnce(String) -> Problem {
    move |word| Problem::new(code, format!("{field} {word} is not known"))
}

/// Where it is: in WGS-84, and as given.
pub(crate) fn placed(row: &mut FieldReader<'_>, defaults: &Defaults) -> Result<(Place, Place), Problem> {
    let given = row.place()?;
    Ok((row.datum(defaults.datum)?.to_wgs84(given), given))
}

/// Its number in its source: the field `id`, else that of a GeoJSON feature.
pub(crate) fn id(row: &mut FieldReader<'_>) -> Result<String, Problem> {
    match row.key("id", limits::KEY, "id_missing", "id_too_long") {
        Err(problem) if problem.code == "id_missing" => row.feature_id(limits::KEY, "id_too_long")?.ok_or(problem),
        other => other,
    }
}

/// The polygons of a feature; `None` when it has a point, or no geometry.
pub(crate) fn polygons(row: &mut FieldReader<'_>) -> Result<Option<Vec<RawPolygon>>, Problem> {
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

/// The positions of a line, each once in a row.
pub(crate) fn line(positions: &[Value]) -> Result<Vec<Place>, Problem> {
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
