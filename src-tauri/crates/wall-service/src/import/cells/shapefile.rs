//! Shapefiles as raw features: the ground from `.shp`, the properties from `.dbf`, the coordinate system from `.prj`.
//!
//! Counts and offsets are believed only as far as the bytes reach; a record that is damaged is one refused feature.

mod index;

use std::collections::BTreeMap;

use wall_core::{RawPolygon, RawRing};

use super::CellsError;
use super::dbf::Table;
use super::raw::{CrsText, MAX_FEATURES, MAX_VALUES, Note, RawCells, RawFeature};
use super::shape::{Shape, inside};
use crate::import::encoding::{EncodingChoice, decode_whole};
use crate::import::read::Problem;

/// The files of one shapefile.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) shp: Vec<u8>,
    pub(super) shx: Option<Vec<u8>>,
    pub(super) dbf: Option<Vec<u8>>,
    pub(super) prj: Option<Vec<u8>>,
    pub(super) cpg: Option<Vec<u8>>,
}

/// Bytes that a field name has room for.
const NAME_BYTES: usize = 10;
/// Vertex steps that sorting holes to their outer rings may cost in one record.
const MAX_STEPS: usize = 400_000_000;

fn broken(what: impl Into<String>) -> CellsError {
    CellsError::Broken { format: "Shapefile", what: what.into() }
}

fn bad(message: impl Into<String>) -> Problem {
    Problem::new("bad_geometry", message)
}

fn be(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at..at + 4)?;
    usize::try_from(i32::from_be_bytes([b[0], b[1], b[2], b[3]])).ok()
}

fn le(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at..at + 4)?;
    usize::try_from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])).ok()
}

fn double(bytes: &[u8], at: usize) -> Option<f64> {
    let mut eight = [0; 8];
    eight.copy_from_slice(bytes.get(at..at + 8)?);
    Some(f64::from_le_bytes(eight))
}

/// The features of a shapefile. O(n log n) in the vertices for ordinary records.
pub(super) fn read(files: &Files, asked: EncodingChoice) -> Result<RawCells<'static>, CellsError> {
    let shp = files.shp.as_slice();
    if shp.len() < 100 || be(shp, 0) != Some(9994) {
        return Err(broken("the .shp is cut off or none"));
    }
    let mut notes = Vec::new();
    let records = index::records(shp, files.shx.as_deref(), &mut notes);
    if records.len() > MAX_FEATURES {
        return Err(broken(format!("more than {MAX_FEATURES} shapes")));
    }
    let mut table = match &files.dbf {
        Some(dbf) => Some(Table::open(dbf, files.cpg.as_deref(), asked)?),
        None => {
            notes.push(Note::new("dbf_missing", "there is no .dbf beside the .shp: the cells have no properties"));
            None
        }
    };
    if files.prj.is_none() {
        notes.push(Note::new("prj_missing", "there is no .prj beside the .shp: the coordinate system is not declared"));
    }
    if let Some(table) = &table
        && table.len() != records.len()
    {
        let message = format!(
            "{} shapes, but {} rows in the .dbf: they were joined in order, so cells may carry their neighbours' codes",
            records.len(),
            table.len()
        );
        notes.push(Note::new("rows_differ", message));
    }
    let (mut features, mut values, mut deleted) = (Vec::with_capacity(records.len()), 0, 0);
    for (i, record) in records.into_iter().enumerate() {
        let row = table.as_mut().and_then(|t| t.row(i));
        let properties = match row {
            Some(row) if row.deleted => {
                deleted += 1;
                continue;
            }
            Some(row) => row.properties,
            None => Vec::new(),
        };
        values += properties.len();
        if values > MAX_VALUES {
            return Err(broken(format!("more than {MAX_VALUES} values")));
        }
        let shape = record.and_then(shape);
        features.push(Ok(RawFeature { properties, said: Vec::new(), shape }));
    }
    if deleted > 0 {
        notes.push(Note::new("deleted_rows", format!("{deleted} row(s) marked as deleted were left out")));
    }
    let crs = files.prj.as_deref().map(|p| CrsText::Wkt(decode_whole(p, EncodingChoice::Auto).text.into_owned()));
    let mut raw = RawCells { format: "Shapefile", features, crs, notes, ..RawCells::default() };
    match table {
        Some(mut table) => {
            raw.notes.append(&mut table.notes);
            raw.declared = table.names();
            raw.encoding = table.encoding_name();
            raw.encoding_why = table.encoding_why;
            raw.broken = table.broken;
            raw.cut = Some((NAME_BYTES, table.encoding));
        }
        None => raw.encoding = "utf-8".into(),
    }
    Ok(raw)
}

/// The ground of a record.
fn shape(record: &[u8]) -> Result<Shape, Problem> {
    let kind = le(record, 0).ok_or_else(|| bad("the record is too short"))?;
    let other = match kind {
        0 => return Err(Problem::new("null_geometry", "the shape is empty")),
        5 | 15 | 25 => return Ok(Shape { polygons: polygons(record)?, left_out: BTreeMap::new() }),
        1 | 11 | 21 => "Point",
        8 | 18 | 28 => "MultiPoint",
        3 | 13 | 23 => "LineString",
        31 => "MultiPatch",
        other => return Err(bad(format!("shape type {other} is not known"))),
    };
    Ok(Shape { polygons: Vec::new(), left_out: BTreeMap::from([(other.to_owned(), 1)]) })
}

/// The rings of a polygon record, sorted into polygons. Heights and measures that follow are left out.
fn polygons(record: &[u8]) -> Result<Vec<RawPolygon>, Problem> {
    let short = || bad("the polygon is longer than its record");
    let (parts, points) = (le(record, 36).ok_or_else(short)?, le(record, 40).ok_or_else(short)?);
    let starts_end = parts.checked_mul(4).and_then(|n| n.checked_add(44)).ok_or_else(short)?;
    let end = points.checked_mul(16).and_then(|n| n.checked_add(starts_end)).ok_or_else(short)?;
    if end > record.len() {
        return Err(short());
    }
    let mut starts = Vec::with_capacity(parts + 1);
    for i in 0..parts {
        let start = le(record, 44 + 4 * i).filter(|s| *s <= points && starts.last().is_none_or(|last| last <= s));
        starts.push(start.ok_or_else(|| bad("the parts of the polygon are not in order"))?);
    }
    starts.push(points);
    let point = |i: usize| -> [f64; 2] {
        let at = starts_end + 16 * i;
        [double(record, at).unwrap_or(f64::NAN), double(record, at + 8).unwrap_or(f64::NAN)]
    };
    let rings: Vec<RawRing> = starts.windows(2).map(|w| (w[0]..w[1]).map(point).collect()).collect();
    group(rings.into_iter().filter(|r: &RawRing| !r.is_empty()).collect())
}

/// A ring with what sorting needs.
struct Ring {
    points: RawRing,
    /// Twice the area; above 0 = counter-clockwise.
    area2: f64,
    /// West, south, east, north.
    bounds: [f64; 4],
}

impl Ring {
    fn new(points: RawRing) -> Self {
        let origin = points.first().copied().unwrap_or_default();
        let at = |i: usize| [points[i][0] - origin[0], points[i][1] - origin[1]];
        let n = points.len();
        let area2 = (0..n).map(|i| (at(i), at((i + 1) % n))).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum();
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for p in &points {
            bounds = [bounds[0].min(p[0]), bounds[1].min(p[1]), bounds[2].max(p[0]), bounds[3].max(p[1])];
        }
        Self { points, area2, bounds }
    }

    fn covers(&self, other: &Self) -> bool {
        let (a, b) = (self.bounds, other.bounds);
        a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3]
    }

    /// Whether another ring lies inside. Its points vote until two more say one thing than the other: a point that touches the
    /// border may fall to either side by rounding. Adds its steps.
    fn holds(&self, other: &Self, steps: &mut usize) -> bool {
        if !self.covers(other) {
            return false;
        }
        let mut votes = 0i32;
        for p in &other.points {
            *steps += self.points.len();
            match inside(&self.points, *p) {
                Some(true) => votes += 1,
                Some(false) => votes -= 1,
                None => {}
            }
            if votes.abs() >= 2 || *steps > MAX_STEPS {
                break;
            }
        }
        // All on the border: a ring that only uses the other's corners.
        votes >= 0
    }
}

/// Rings as polygons. By the rule of the format outer rings run clockwise and holes the other way; where that cannot be
/// (a hole in nothing), what lies inside what decides. Rings come out as GeoJSON has them: outer ones counter-clockwise.
fn group(rings: Vec<RawRing>) -> Result<Vec<RawPolygon>, Problem> {
    let mut rings: Vec<Ring> = rings.into_iter().map(Ring::new).collect();
    if rings.len() < 2 {
        return Ok(rings.into_iter().map(|r| vec![turned(r, true)]).collect());
    }
    let mut steps = 0;
    let outers: Vec<usize> = (0..rings.len()).filter(|i| rings[*i].area2 <= 0.0).collect();
    let smallest_around = |i: usize, among: &mut dyn Iterator<Item = usize>, rings: &[Ring], steps: &mut usize| {
        among
            .filter(|j| *j != i && rings[*j].area2.abs() > rings[i].area2.abs() && rings[*j].holds(&rings[i], steps))
            .min_by(|a, b| rings[*a].area2.abs().total_cmp(&rings[*b].area2.abs()))
    };
    let mut owner: Vec<Option<usize>> = vec![None; rings.len()];
    let mut orphans = false;
    for i in (0..rings.len()).filter(|i| rings[*i].area2 > 0.0) {
        steps += outers.len();
        owner[i] = smallest_around(i, &mut outers.iter().copied(), &rings, &mut steps);
        orphans |= owner[i].is_none();
        if steps > MAX_STEPS {
            return Err(Problem::new("too_many_rings", "too many rings to be told apart"));
        }
    }
    if orphans {
        // The rule is not kept: a ring inside an odd number of others is a hole of the smallest around it.
        for i in 0..rings.len() {
            steps += rings.len();
            let around = (0..rings.len()).filter(|j| *j != i && rings[*j].area2.abs() > rings[i].area2.abs());
            let around: Vec<usize> = around.filter(|j| rings[*j].holds(&rings[i], &mut steps)).collect();
            if steps > MAX_STEPS {
                return Err(Problem::new("too_many_rings", "too many rings to be told apart"));
            }
            let smallest = around.iter().copied().min_by(|a, b| rings[*a].area2.abs().total_cmp(&rings[*b].area2.abs()));
            owner[i] = smallest.filter(|_| around.len() % 2 == 1);
        }
    }
    let mut polygons: Vec<RawPolygon> = Vec::new();
    let mut polygon_of = vec![usize::MAX; rings.len()];
    for i in (0..rings.len()).filter(|i| owner[*i].is_none()) {
        polygon_of[i] = polygons.len();
        polygons.push(vec![turned(Ring::new(std::mem::take(&mut rings[i].points)), true)]);
    }
    for i in 0..rings.len() {
        let Some(around) = owner[i] else { continue };
        let ring = Ring::new(std::mem::take(&mut rings[i].points));
        match polygons.get_mut(polygon_of[around]) {
            Some(polygon) => polygon.push(turned(ring, false)),
            // Rings that cross: kept as ground of its own, for the repair to judge.
            None => polygons.push(vec![turned(ring, true)]),
        }
    }
    Ok(polygons)
}

/// The points of a ring, counter-clockwise or not. It starts where it started.
fn turned(mut ring: Ring, counter_clockwise: bool) -> RawRing {
    if ring.area2 != 0.0 && (ring.area2 > 0.0) != counter_clockwise {
        ring.points.reverse();
    }
    ring.points
}
