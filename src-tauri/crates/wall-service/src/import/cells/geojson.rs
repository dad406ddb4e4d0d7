//! GeoJSON as raw features: one object (FeatureCollection, Feature or geometry), or one of them a line.

use super::CellsError;
use super::json::{elements, member, members, skip_space, value_end, values_in};
use super::raw::{CrsText, MAX_FEATURES, Properties, RawCells, RawFeature, Value};
use super::shape::{is_geometry_type, shape_of};
use crate::import::read::{Problem, shown};

/// Most numbers and brackets of one geometry: a million vertices and more.
const MAX_GEOMETRY_VALUES: usize = 4_000_000;

/// The features of a GeoJSON text. O(length).
pub(super) fn read(text: &str) -> Result<RawCells<'_>, CellsError> {
    let (parts, crs) = parts_of(text)?;
    let features = parts.into_iter().map(feature).collect();
    Ok(RawCells { format: "GeoJSON", features, crs: crs.map(crs_name), ..RawCells::default() })
}

/// The name in the old `crs` member; its text when there is none.
fn crs_name(crs: &str) -> CrsText {
    let value: serde_json::Value = serde_json::from_str(crs).unwrap_or_default();
    let name = value["properties"]["name"].as_str().or(value["properties"]["code"].as_str()).or(value.as_str());
    CrsText::Name(name.map_or_else(|| crs.chars().take(100).collect(), str::to_owned))
}

/// The texts of the features, and the text of the `crs` member when there is one.
fn parts_of(text: &str) -> Result<(Vec<&str>, Option<&str>), CellsError> {
    let clean = |c: char| c.is_whitespace() || c == '\u{1e}' || c == '\u{feff}';
    let text = text.trim_matches(clean);
    if text.is_empty() {
        return Err(CellsError::NotGeoJson { what: "the file is empty".into() });
    }
    if !text.starts_with('{') {
        return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Err(CellsError::NotGeoJson { what: format!("the JSON begins with {}", shown(text)) }),
            Err(_) => Err(CellsError::NotJson { at: 0, what: format!("the text begins with {}", shown(text)) }),
        };
    }
    let end = value_end(text, 0).map_err(|b| CellsError::NotJson { at: b.at, what: b.what.into() })?;
    if skip_space(text, end) == text.len() {
        return collection(text);
    }
    // More follows: one object a line (RFC 8142 puts a record separator before each).
    let lines: Vec<&str> = text.lines().map(|l| l.trim_matches(clean)).filter(|l| !l.is_empty()).collect();
    let one_a_line = lines.first().is_some_and(|l| value_end(l, 0).is_ok_and(|e| e == l.len()));
    if !one_a_line {
        return Err(CellsError::NotJson { at: end, what: format!("after the end of the JSON comes {}", shown(&text[end..])) });
    }
    let (mut parts, mut crs) = (Vec::new(), None);
    for (i, line) in lines.into_iter().enumerate() {
        match collection(line) {
            Ok((mut more, declared)) => {
                parts.append(&mut more);
                if parts.len() > MAX_FEATURES {
                    return Err(CellsError::Broken { format: "GeoJSON", what: format!("more than {MAX_FEATURES} features") });
                }
                crs = crs.or(declared);
            }
            // The first line must be GeoJSON, else the file is something else; a later one is a bad feature.
            Err(e) if i == 0 => return Err(e),
            Err(_) => parts.push(line),
        }
    }
    Ok((parts, crs))
}

/// The features of one JSON object.
fn collection(text: &str) -> Result<(Vec<&str>, Option<&str>), CellsError> {
    let top = members(text).map_err(|b| CellsError::NotJson { at: b.at, what: b.what.into() })?;
    let crs = member(&top, "crs").filter(|c| *c != "null");
    let not = |what: String| Err(CellsError::NotGeoJson { what });
    match member(&top, "type").map(serde_json::from_str::<String>) {
        Some(Ok(kind)) if kind == "FeatureCollection" => match member(&top, "features") {
            Some(list) if list.starts_with('[') => match elements(list) {
                Ok(parts) => Ok((parts, crs)),
                Err((before, b)) => Err(CellsError::NotJson {
                    at: b.at,
                    what: format!("{} after feature {} of the FeatureCollection", b.what, before.len()),
                }),
            },
            Some(other) => not(format!("the features of the FeatureCollection are {}, not an array", shown(other))),
            None => not("the FeatureCollection has no features".into()),
        },
        Some(Ok(kind)) if kind == "Feature" || is_geometry_type(&kind) => Ok((vec![text], crs)),
        Some(Ok(kind)) if kind == "Topology" => {
            Err(CellsError::NotSupported { format: "TopoJSON", remedy: "export it as GeoJSON" })
        }
        Some(Ok(kind)) => not(format!("an object of type {}", shown(&kind))),
        Some(Err(_)) => not(format!("the type is {}", shown(member(&top, "type").unwrap_or_default()))),
        None => not("an object without a type".into()),
    }
}

/// One feature.
fn feature(text: &str) -> Result<RawFeature<'_>, Problem> {
    if !text.starts_with('{') {
        return Err(Problem::new("not_a_feature", format!("{} stands where a Feature should", shown(text))));
    }
    let parts = members(text).map_err(|b| Problem::new("bad_json", format!("{} (at byte {} of the feature)", b.what, b.at)))?;
    let kind = member(&parts, "type").and_then(|t| serde_json::from_str::<String>(t).ok());
    let geometry = match kind.as_deref() {
        Some("Feature") => member(&parts, "geometry").filter(|g| *g != "null"),
        // A bare geometry is a feature without properties.
        Some(kind) if is_geometry_type(kind) => Some(text),
        Some(other) => {
            return Err(Problem::new("not_a_feature", format!("an object of type {} is no Feature", shown(other))));
        }
        None => return Err(Problem::new("not_a_feature", "an object without a type is no Feature")),
    };
    let bare = geometry.is_some_and(|g| std::ptr::eq(g, text));
    let (properties, said) = match properties_of(if bare { None } else { member(&parts, "properties") }) {
        Ok(p) => (p, Vec::new()),
        Err(p) => (Vec::new(), vec![p]),
    };
    let shape = match geometry {
        None => Err(Problem::new("null_geometry", "the feature has no geometry")),
        // Taken apart, each value takes some twenty times the room of its text.
        Some(text) if values_in(text) > MAX_GEOMETRY_VALUES => Err(Problem::new(
            "too_many_vertices",
            format!("the geometry has more than {MAX_GEOMETRY_VALUES} numbers and brackets"),
        )),
        Some(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => shape_of(&value),
            Err(e) => Err(Problem::new("bad_json", format!("the geometry is broken: {e}"))),
        },
    };
    Ok(RawFeature { properties, said, shape })
}

/// The properties member as names and texts; empty for null or absent.
fn properties_of(text: Option<&str>) -> Result<Properties<'_>, Problem> {
    match text {
        None | Some("null") => Ok(Vec::new()),
        Some(text) if text.starts_with('{') => match members(text) {
            Ok(members) => Ok(members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect()),
            Err(b) => Err(Problem::new("bad_properties", format!("the properties are broken: {}", b.what))),
        },
        Some(text) => Err(Problem::new("bad_properties", format!("the properties are {}, not an object", shown(text)))),
    }
}
