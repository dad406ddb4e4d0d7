//! From raw polygons to valid cells on the grid, with a word about everything that was changed.
//!
//! A polygon that is valid keeps its vertices one for one, rounded to the grid. Turning a ring round and taking a repeated
//! point once are no repairs: the polygon is valid as it is, and only read in our way. Everything else is repaired by exact
//! noding: of each ring what it winds around (non-zero rule), holes taken from the outer ring, parts united; with
//! [`RepairOptions::repair`] off it is refused with the reason instead.

mod antimeridian;
pub(crate) mod exact;

mod ring;

#[cfg(test)]
mod tests;

use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{EngineFault, Operation, area2, overlay, rings_of, turn};
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing, IssueAction, Place};
use exact::{Side, inspect, lies_in, neighbours, ring_area2, ring_side};

/// Positions `[lon, lat]` in degrees as read; the last one should repeat the first.
pub type RawRing = Vec<[f64; 2]>;
/// The outer ring, then the holes.
pub type RawPolygon = Vec<RawRing>;

/// A cell of more vertices is refused: no boundary of a cell needs them.
pub const MAX_VERTICES: usize = 2_000_000;
/// A cell of more vertices than this is worth a word.
const MANY_VERTICES: usize = 20_000;
/// A cell with this many vertices closer than two metres on average is worth a word.
const DENSE_VERTICES: usize = 500;

/// What may be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RepairOptions {
    /// Whether what is not valid may be repaired; else it is refused.
    pub repair: bool,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self { repair: true }
    }
}

/// Something found in a geometry.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// A word to branch on: `ring_unclosed`, `self_intersection` …
    pub code: &'static str,
    /// What is wrong and what was done, in words.
    pub message: String,
    /// Repaired, kept or rejected.
    pub action: IssueAction,
    /// Where.
    pub place: Option<Place>,
}

/// Why a geometry cannot be used.
#[derive(Debug)]
struct Fault {
    code: &'static str,
    message: String,
    place: Option<Place>,
}

impl Fault {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, place: None }
    }

    fn at(code: &'static str, message: String, place: Option<Place>) -> Self {
        Self { code, message, place }
    }
}

impl From<Fault> for Finding {
    fn from(f: Fault) -> Self {
        Self { code: f.code, message: f.message, action: IssueAction::Rejected, place: f.place }
    }
}

/// What was found so far, one line for each code.
struct Findings {
    options: RepairOptions,
    list: Vec<(Finding, usize)>,
}

impl Findings {
    fn say(&mut self, code: &'static str, message: String, place: Option<Place>, action: IssueAction) {
        match self.list.iter_mut().find(|(f, _)| f.code == code) {
            Some((_, more)) => *more += 1,
            None => self.list.push((Finding { code, message, action, place }, 0)),
        }
    }

    /// Another way to write the same valid polygon.
    fn harmless(&mut self, code: &'static str, message: String, place: Option<Place>) {
        let action = if self.options.repair { IssueAction::Repaired } else { IssueAction::Kept };
        self.say(code, message, place, action);
    }

    /// A repair: allowed, or the reason to refuse.
    fn change(&mut self, code: &'static str, wrong: &str, done: &str, place: Option<Place>) -> Result<(), Fault> {
        if !self.options.repair {
            return Err(Fault::at(code, format!("{wrong}; repair is off"), place));
        }
        self.say(code, format!("{wrong}: {done}"), place, IssueAction::Repaired);
        Ok(())
    }

    fn finish(self) -> Vec<Finding> {
        let with_count = |(mut f, more): (Finding, usize)| {
            if more > 0 {
                f.message.push_str(&format!(" (and {more} more like this)"));
            }
            f
        };
        self.list.into_iter().map(with_count).collect()
    }
}

/// A valid cell from raw polygons, with everything that was found; or why there is none.
///
/// Coordinates are WGS-84 degrees. Never panics, whatever the numbers are. O(n log n) in the vertices for geometries whose
/// edges do not cross each other very often.
///
/// # Errors
/// The finding (action `rejected`) that makes the geometry unusable.
pub fn repair(raw: &[RawPolygon], options: RepairOptions) -> Result<(CellGeometry, Vec<Finding>), Finding> {
    let mut findings = Findings { options, list: Vec::new() };
    let geometry = repair_parts(raw, &mut findings)?;
    Ok((geometry, findings.finish()))
}

fn repair_parts(raw: &[RawPolygon], findings: &mut Findings) -> Result<CellGeometry, Fault> {
    let count: usize = raw.iter().flatten().map(Vec::len).sum();
    if count > MAX_VERTICES {
        return Err(Fault::new("too_many_vertices", format!("{count} vertices; at most {MAX_VERTICES} can be used")));
    }
    let mut polygons = Vec::new();
    let mut fault = None;
    for (i, polygon) in raw.iter().enumerate() {
        let part = if raw.len() > 1 { format!("part {}: ", i + 1) } else { String::new() };
        match repair_polygon(polygon, &part, findings) {
            Ok(mut some) => polygons.append(&mut some),
            // A part without area leaves the others as they are; anything else makes the whole doubtful.
            Err(f) if raw.len() > 1 && findings.options.repair && matches!(f.code, "too_few_points" | "zero_area") => {
                findings.say("part_dropped", format!("{}: left out", f.message), f.place, IssueAction::Repaired);
                fault.get_or_insert(f);
            }
            Err(f) => return Err(f),
        }
    }
    if polygons.is_empty() {
        return Err(fault.unwrap_or_else(|| Fault::new("empty_geometry", "the geometry has no polygon".into())));
    }
    let mut geometry = CellGeometry { polygons };
    unite_parts(&mut geometry, findings)?;
    say_many_vertices(&geometry, findings);
    Ok(geometry)
}

/// One raw polygon as valid polygons (more than one when a repair falls into parts).
fn repair_polygon(raw: &RawPolygon, part: &str, findings: &mut Findings) -> Result<Vec<GridPolygon>, Fault> {
    let Some((outer, holes)) = raw.split_first() else {
        return Err(Fault::new("too_few_points", format!("{part}the polygon has no ring")));
    };
    let mut rings = vec![ring::clean(outer, &format!("{part}the outer ring"), findings)?];
    for (i, hole) in holes.iter().enumerate() {
        match ring::clean(hole, &format!("{part}hole {}", i + 1), findings) {
            Ok(ring) => rings.push(ring),
            Err(f) if matches!(f.code, "too_few_points" | "zero_area") => {
                findings.change("hole_degenerate", &f.message, "left out", f.place)?;
            }
            Err(f) => return Err(f),
        }
    }
    let wraps = rings.iter().any(antimeridian::jumps);
    if wraps {
        let around = antimeridian::spans_all_longitudes(&rings[0]);
        antimeridian::unroll(&mut rings)?;
        if let Some((south, north)) = around
            && ring_area2(&rings[0]) == 0
        {
            let message = format!(
                "{part}the ring spans all longitudes, from −180° to 180° between latitudes {south} and {north}: a band around the world is no cell"
            );
            return Err(Fault::at("spans_all_longitudes", message, rings[0].first().map(|p| p.place())));
        }
    }
    let polygons = simple_polygons(rings, part, findings)?;
    if !wraps {
        return Ok(polygons);
    }
    let place = polygons.first().and_then(|p| p.outer.first()).map(|p| p.place());
    let place = place.and_then(|p| Place::new(if p.lon > 180.0 { p.lon - 360.0 } else { p.lon }, p.lat));
    findings.change("crosses_antimeridian", &format!("{part}the ring crosses 180°"), "cut into a part on either side", place)?;
    let cut: Vec<_> = polygons.iter().map(antimeridian::cut).collect::<Result<_, _>>().map_err(|f| cannot(part, f))?;
    Ok(cut.concat())
}

/// Refuses what crosses itself so often that nobody drew it.
fn tangled(seen: &exact::Inspection, part: &str) -> Result<(), Fault> {
    if !seen.tangled {
        return Ok(());
    }
    let place = seen.self_crossing.map(|c| c.1).or(seen.crossing.map(|c| c.2));
    let message = format!("{part}the edges cross each other more than {} times: this is no cell", exact::MOST_CROSSINGS);
    Err(Fault::at("too_tangled", message, place))
}

fn cannot(part: &str, fault: EngineFault) -> Fault {
    // Unrolled rings reach beyond 180°.
    let Place { lon, lat } = fault.place;
    let place = Place { lon: if lon > 180.0 { lon - 360.0 } else { lon }, lat };
    Fault::at("cannot_be_repaired", format!("{part}the rings cannot be repaired: {fault}"), Some(place))
}

/// Clean rings (outer first) as polygons: as they are when they are valid, else noded.
fn simple_polygons(mut rings: Vec<GridRing>, part: &str, findings: &mut Findings) -> Result<Vec<GridPolygon>, Fault> {
    let mut noding = false;
    let seen = inspect(&rings.iter().collect::<Vec<_>>());
    tangled(&seen, part)?;
    let name = |r: usize| if r == 0 { format!("{part}the outer ring") } else { format!("{part}hole {r}") };
    if let Some((r, place)) = seen.self_crossing {
        findings.change(
            "self_intersection",
            &format!("{} crosses itself", name(r)),
            "what it winds around was kept",
            Some(place),
        )?;
        noding = true;
    } else if let Some((r, place)) = seen.self_touch {
        findings.change("self_touch", &format!("{} touches itself", name(r)), "cut at the point", Some(place))?;
        noding = true;
    }
    if let Some((a, b, place)) = seen.crossing {
        let (code, wrong) = if a == 0 {
            ("hole_crosses_outer", format!("{} crosses or runs along the outer ring", name(b)))
        } else {
            ("holes_overlap", format!("{} and {} cross each other", name(a), name(b)))
        };
        findings.change(code, &wrong, "the holes were taken from the outer ring", Some(place))?;
        noding = true;
    }
    if !noding {
        drop_outside_holes(&mut rings, part, findings)?;
    }
    let place = rings[0].first().map(|p| p.place());
    if !noding && rings.len() > 1 {
        // Rings that do not cross: each hole lies inside the outer ring, and none inside another.
        let holes: Vec<&GridRing> = rings[1..].iter().collect();
        let out = holes.iter().position(|h| !lies_in(h, &rings[0]));
        let inner =
            || neighbours(&holes).into_iter().find_map(|(a, b)| nested(holes[a], holes[b]).map(|of| if of { a } else { b }));
        if let Some(hole) = out.or_else(inner) {
            findings.change(
                "hole_crosses_outer",
                &format!("{part}the holes overlap each other or leave the outer ring"),
                "the holes were taken from the outer ring",
                holes[hole].first().map(|p| p.place()).or(place),
            )?;
            noding = true;
        } else if let Some(p) = seen.chain(rings.len()) {
            let wrong = format!("{part}holes that touch cut it apart");
            findings.change("cut_by_holes", &wrong, "made into parts", Some(p.place()))?;
            noding = true;
        }
    }
    if noding {
        return noded(&mut rings, part, findings);
    }
    let mut turned = 0;
    for (i, ring) in rings.iter_mut().enumerate() {
        turned += usize::from(turn(ring, i == 0));
    }
    if turned > 0 {
        let message = format!("{part}{turned} ring(s) ran the wrong way round (outer rings go counter-clockwise): turned");
        findings.harmless("wrong_orientation", message, place);
    }
    let outer = rings.remove(0);
    Ok(vec![GridPolygon { outer, holes: rings }])
}

/// Leaves out holes that lie wholly outside the outer ring.
fn drop_outside_holes(rings: &mut Vec<GridRing>, part: &str, findings: &mut Findings) -> Result<(), Fault> {
    for i in (1..rings.len()).rev() {
        let (outer, hole) = (&rings[0], &rings[i]);
        let sides: Vec<Side> = hole.iter().map(|p| ring_side(outer, *p)).collect();
        let outside = sides.contains(&Side::Outside) && !sides.contains(&Side::Inside);
        // A hole around the whole outer ring is outside too, but takes all of it.
        let around = outside && outer.iter().all(|p| ring_side(hole, *p) != Side::Outside);
        if outside && !around {
            let place = hole.first().map(|p| p.place());
            findings.change("hole_outside", &format!("{part}hole {i} lies outside the outer ring"), "left out", place)?;
            rings.remove(i);
        }
    }
    Ok(())
}

/// The ground of rings that cross: each by the non-zero rule, the holes taken from the outer ring.
fn noded(rings: &mut [GridRing], part: &str, findings: &mut Findings) -> Result<Vec<GridPolygon>, Fault> {
    let place = rings[0].first().map(|p| p.place());
    rings.iter_mut().for_each(|r| _ = turn(r, true));
    let result = overlay(&rings[..1], &rings[1..], Operation::Difference).map_err(|f| cannot(part, f))?;
    // What is thinner than the grid's rounding is a trace of the crossing, not ground.
    let (slivers, mut result): (Vec<_>, Vec<_>) =
        result.into_iter().partition(|p| area2(std::slice::from_ref(p)) <= rounding(p.rings()));
    if result.is_empty() {
        return Err(Fault::at("zero_area", format!("{part}the ring encloses no area"), place));
    }
    if !slivers.is_empty() {
        findings.harmless("sliver_dropped", format!("{part}{} sliver(s) thinner than 1 mm left out", slivers.len()), place);
    }
    for p in &mut result {
        p.holes.retain(|h| ring_area2(h).abs() > rounding(std::iter::once(h)));
    }
    Ok(result)
}

/// Which of two rings that do not cross lies in the other: `true` for the first, `None` when they lie apart.
fn nested(a: &GridRing, b: &GridRing) -> Option<bool> {
    lies_in(a, b).then_some(true).or_else(|| lies_in(b, a).then_some(false))
}

/// Parts may touch in points only: unites those that lie on each other or share a border.
fn unite_parts(geometry: &mut CellGeometry, findings: &mut Findings) -> Result<(), Fault> {
    let parts = &geometry.polygons;
    if parts.len() < 2 {
        return Ok(());
    }
    let outers: Vec<&GridRing> = parts.iter().map(|p| &p.outer).collect();
    // A part may lie in a hole of another.
    let covered = |inner: usize, outer: usize| !parts[outer].holes.iter().any(|h| lies_in(outers[inner], h));
    let on_another = |(a, b): (usize, usize)| match nested(outers[a], outers[b]) {
        Some(first) => covered(if first { a } else { b }, if first { b } else { a }).then_some(a),
        None => None,
    };
    let seen = inspect(&rings_of(geometry).collect::<Vec<_>>());
    tangled(&seen, "")?;
    let met = seen.crossing.map(|c| c.2);
    let place = || neighbours(&outers).into_iter().find_map(on_another).and_then(|a| outers[a].first()).map(|p| p.place());
    let Some(place) = met.or_else(place) else { return Ok(()) };
    let united = overlay(rings_of(geometry), [], Operation::Union).map_err(|f| cannot("", f))?;
    if met.is_none() || area2(parts) - area2(&united) > rounding(rings_of(geometry)) {
        findings.change("parts_overlap", "parts of the geometry lie on each other", "united", Some(place))?;
    } else {
        findings.change("parts_adjoin", "parts of the geometry share a border", "united", Some(place))?;
    }
    geometry.polygons = united;
    Ok(())
}

/// Twice the area that rounding to the grid can make along some rings: a few units of width.
fn rounding<'a>(rings: impl Iterator<Item = &'a GridRing>) -> i128 {
    const WIDTH: i128 = 4;
    let along = |(a, b): (GridPoint, GridPoint)| i128::from((a.x - b.x).abs().max((a.y - b.y).abs()));
    rings.flat_map(|r| exact::edges(r)).map(along).sum::<i128>() * WIDTH
}

fn say_many_vertices(geometry: &CellGeometry, findings: &mut Findings) {
    let count = geometry.vertex_count();
    let spacing_m = rings_of(geometry).map(|r| perimeter_m(r)).sum::<f64>() / count.max(1) as f64;
    if count > MANY_VERTICES || (count >= DENSE_VERTICES && spacing_m < 2.0) {
        let place = geometry.polygons[0].outer.first().map(|p| p.place());
        let message = format!("{count} vertices, {spacing_m:.2} m apart on average: more than a boundary needs");
        findings.say("many_vertices", message, place, IssueAction::Kept);
    }
}

/// Whether a geometry is valid as it stands: simple rings turned the right way, holes apart and inside, parts apart.
pub fn is_valid(geometry: &CellGeometry) -> bool {
    let raw: Vec<RawPolygon> = geometry
        .polygons
        .iter()
        .map(|p| p.rings().map(|r| r.iter().chain(r.first()).map(|g| [g.place().lon, g.place().lat]).collect()).collect())
        .collect();
    matches!(repair(&raw, RepairOptions { repair: false }), Ok((g, f)) if g == *geometry && f.iter().all(|f| f.action == IssueAction::Kept))
}

/// Area of a geometry in m².
pub fn geometry_area_m2(geometry: &CellGeometry) -> f64 {
    geometry.polygons.iter().map(area_m2).sum()
}
