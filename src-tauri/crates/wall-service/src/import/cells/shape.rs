//! A GeoJSON geometry as raw polygons.

use std::collections::BTreeMap;

use serde_json::Value;
use wall_core::{RawPolygon, RawRing};

use crate::import::read::{Problem, shown};

/// The polygons of a geometry, and the kinds of its other parts with their number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::import) struct Shape {
    pub(in crate::import) polygons: Vec<RawPolygon>,
    pub(in crate::import) left_out: BTreeMap<String, usize>,
}

impl Shape {
    /// The other parts in words: `1 Point, 2 LineString`.
    pub(in crate::import) fn left_out_words(&self) -> String {
        self.left_out.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a point is inside a ring; `None` = on it.
pub(super) fn inside(ring: &RawRing, p: [f64; 2]) -> Option<bool> {
    let mut inside = false;
    let n = ring.len();
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        let cross = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
        let between = |k: usize| a[k].min(b[k]) <= p[k] && p[k] <= a[k].max(b[k]);
        if cross == 0.0 && between(0) && between(1) {
            return None;
        }
        if (a[1] > p[1]) != (b[1] > p[1]) {
            inside ^= (cross > 0.0) == (b[1] > a[1]);
        }
    }
    Some(inside)
}

/// The geometry types of GeoJSON.
pub(in crate::import) fn is_geometry_type(name: &str) -> bool {
    matches!(name, "Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon" | "GeometryCollection")
}

/// Reads a geometry: polygons at any depth of collections; points and lines are counted and left out.
pub(in crate::import) fn shape_of(geometry: &Value) -> Result<Shape, Problem> {
    let mut shape = Shape::default();
    let mut todo = vec![geometry];
    let mut first = true;
    while let Some(value) = todo.pop() {
        let is_part = !std::mem::take(&mut first);
        let Some(object) = value.as_object() else {
            if is_part {
                *shape.left_out.entry(kind_of(value).to_owned()).or_default() += 1;
                continue;
            }
            return Err(Problem::new("bad_geometry", format!("the geometry is {}, not an object", kind_of(value))));
        };
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(other) => return Err(Problem::new("bad_geometry", format!("the geometry's type is {}", kind_of(other)))),
            None => return Err(Problem::new("bad_geometry", "the geometry has no type")),
        };
        let coordinates = object.get("coordinates");
        match kind {
            "Polygon" => shape.polygons.push(polygon(member(coordinates)?)?),
            "MultiPolygon" => {
                for (i, part) in array(member(coordinates)?, || "coordinates".into())?.iter().enumerate() {
                    shape
                        .polygons
                        .push(polygon(part).map_err(|p| Problem::new(p.code, format!("part {}: {}", i + 1, p.message)))?);
                }
            }
            "GeometryCollection" => match object.get("geometries") {
                Some(Value::Array(parts)) => todo.extend(parts.iter().rev()),
                _ => return Err(Problem::new("bad_geometry", "the GeometryCollection has no array of geometries")),
            },
            other if is_geometry_type(other) => *shape.left_out.entry(other.to_owned()).or_default() += 1,
            other => return Err(Problem::new("bad_geometry", format!("{} is no GeoJSON geometry type", shown(other)))),
        }
    }
    Ok(shape)
}

fn member(coordinates: Option<&Value>) -> Result<&Value, Problem> {
    coordinates.ok_or_else(|| Problem::new("bad_coordinates", "the geometry has no coordinates"))
}

fn polygon(coordinates: &Value) -> Result<RawPolygon, Problem> {
    let rings = array(coordinates, || "the polygon".into())?;
    rings.iter().enumerate().map(|(i, r)| ring(r, i)).collect()
}

fn ring(value: &Value, index: usize) -> Result<RawRing, Problem> {
    let points = array(value, || format!("ring {}", index + 1))?;
    points.iter().enumerate().map(|(i, p)| position(p, index, i)).collect()
}

fn position(value: &Value, ring: usize, index: usize) -> Result<[f64; 2], Problem> {
    let name = || format!("position {} of ring {}", index + 1, ring + 1);
    let numbers = array(value, name)?;
    match (numbers.first().and_then(Value::as_f64), numbers.get(1).and_then(Value::as_f64)) {
        // Heights and measures after the second number are not ground.
        (Some(lon), Some(lat)) => Ok([lon, lat]),
        _ => Err(Problem::new("bad_coordinates", format!("{} is {}, not two numbers", name(), shown(&value.to_string())))),
    }
}

fn array(value: &Value, name: impl FnOnce() -> String) -> Result<&Vec<Value>, Problem> {
    value.as_array().ok_or_else(|| {
        Problem::new("bad_coordinates", format!("{} is {}, not an array (wrong nesting of coordinates?)", name(), kind_of(value)))
    })
}

/// What a JSON value is, in words.
pub(in crate::import) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
