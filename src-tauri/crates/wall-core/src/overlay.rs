//! Boolean operations on the grid: the rings are noded exactly, every region between them gets its winding numbers, and the
//! wanted regions are traced. Nothing is decided by anything but exact predicates, whatever touches what.
//!
//! A result is never handed out unseen: the regions must add up to what the rings go around, and the polygons to the wanted
//! regions. What does not is an [`EngineFault`] with its place, never an empty answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cell::bounds_of;
use crate::repair::exact::{cross, edges, ring_area2};
use crate::topology::engine::{Arrangement, Noded, OUTSIDE, Segment, Stretch, covers, node, trace_polygons, trace_rings};
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing, Place};

/// What to compute from the subject and the clip; inside is where the winding number is not zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    /// The subject, or the clip, or both.
    Union,
    /// Both.
    Intersection,
    /// The subject without the clip.
    Difference,
}

/// An operation on ground that could not be done: what it would have said is not known.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("{what}")]
pub struct EngineFault {
    /// Where: the middle of the ground that was looked at.
    pub place: Place,
    /// Why, in words.
    pub what: &'static str,
}

const TANGLED: &str = "the borders cross each other too often to be taken apart";
const REGIONS: &str = "the pieces between the borders do not add up to the ground within them";
const PARTS: &str = "the parts of the result do not add up to the whole";
const PANIC: &str = "the computation broke down";

/// The source numbers of the two sides.
const SUBJECT: u32 = 0;
const CLIP: u32 = 1;

/// The result as valid polygons (outer rings counter-clockwise, each beginning at its smallest point, sorted). O(n log n) in
/// the edges and the places where they meet.
///
/// # Errors
/// The rings cross each other too often, or a check of the result fails.
pub(crate) fn overlay<'a>(
    subject: impl IntoIterator<Item = &'a GridRing>,
    clip: impl IntoIterator<Item = &'a GridRing>,
    operation: Operation,
) -> Result<Vec<GridPolygon>, EngineFault> {
    let mut segments = Vec::new();
    let mut push = |ring: &GridRing, source| segments.extend(edges(ring).map(|(a, b)| Segment { a, b, source }));
    subject.into_iter().for_each(|r| push(r, SUBJECT));
    clip.into_iter().for_each(|r| push(r, CLIP));
    // A fault on strange input must not take the program down: it is said like any other.
    catch_unwind(AssertUnwindSafe(|| compute(&segments, operation)))
        .unwrap_or(Err(PANIC))
        .map_err(|what| EngineFault { place: middle(&segments), what })
}

fn compute(segments: &[Segment], operation: Operation) -> Result<Vec<GridPolygon>, &'static str> {
    let noded = node(segments).ok_or(TANGLED)?;
    let arrangement = Arrangement::new(&noded.points, &noded.edges);
    let covers = covers(&noded, &arrangement);
    let winding = |r: usize, source: u32| covers[r].iter().find(|c| c.0 == source).map_or(0, |c| c.1);
    let areas = arrangement.region_area2();
    for source in [SUBJECT, CLIP] {
        let within = (0..arrangement.regions)
            .filter(|r| *r != OUTSIDE as usize)
            .map(|r| areas[r] * i128::from(winding(r, source)))
            .sum::<i128>();
        if !agrees(segments, &noded, source, within) {
            return Err(REGIONS);
        }
    }
    let wanted: Vec<bool> = (0..arrangement.regions)
        .map(|r| {
            let (a, b) = (winding(r, SUBJECT) != 0, winding(r, CLIP) != 0);
            r != OUTSIDE as usize
                && match operation {
                    Operation::Union => a || b,
                    Operation::Intersection => a && b,
                    Operation::Difference => a && !b,
                }
        })
        .collect();
    let is_wanted = |half: u32| wanted[arrangement.region(half) as usize];
    let borders: Vec<[GridPoint; 2]> = (0..2 * noded.edges.len() as u32)
        .filter(|half| is_wanted(*half) && !is_wanted(half ^ 1))
        .map(|half| {
            let (lo, hi) = noded.edges[half as usize / 2];
            let (lo, hi) = (noded.points[lo as usize], noded.points[hi as usize]);
            if half % 2 == 0 { [lo, hi] } else { [hi, lo] }
        })
        .collect();
    let stretches: Vec<Stretch<'_>> = borders.iter().map(|points| Stretch { points, forward: true }).collect();
    let rings = trace_rings(&stretches);
    let closed = rings.closed;
    let (polygons, lost) = trace_polygons(rings);
    let whole: i128 = areas.iter().zip(&wanted).filter(|(_, w)| **w).map(|(a, _)| *a).sum();
    if !closed || lost > 0 || area2(&polygons) != whole {
        return Err(PARTS);
    }
    Ok(polygons)
}

/// Whether the regions a source winds around have the area its rings go around: exactly that of its noded edges, and that
/// of the rings as given but for what rounding bent.
fn agrees(segments: &[Segment], noded: &Noded, source: u32, within: i128) -> bool {
    let Some(o) = segments.first().map(|s| s.a) else { return within == 0 };
    let mut along = 0i128;
    for (e, &(lo, hi)) in noded.edges.iter().enumerate() {
        let net: i128 = noded.along(e).iter().filter(|a| a.source == source).map(|a| if a.forward { 1 } else { -1 }).sum();
        if net != 0 {
            along += net * cross(o, noded.points[lo as usize], noded.points[hi as usize]);
        }
    }
    let (mut given, mut length) = (0i128, 0i128);
    for s in segments.iter().filter(|s| s.source == source) {
        given += cross(o, s.a, s.b);
        length += i128::from((s.a.x - s.b.x).abs().max((s.a.y - s.b.y).abs()));
    }
    // Each round of noding moves a border by less than a unit.
    const WIDTH: i128 = 2 * 64;
    along == within && (given - along).abs() <= length * WIDTH
}

/// The middle of what both sides' boxes have in common, or of everything.
fn middle(segments: &[Segment]) -> Place {
    let bounds = |source: Option<u32>| {
        let of = segments.iter().filter(|s| source.is_none_or(|x| s.source == x));
        bounds_of(of.flat_map(|s| [&s.a, &s.b]))
    };
    let common = || {
        let (a, b) = (bounds(Some(SUBJECT))?, bounds(Some(CLIP))?);
        let lo = GridPoint { x: a.0.x.max(b.0.x), y: a.0.y.max(b.0.y) };
        let hi = GridPoint { x: a.1.x.min(b.1.x), y: a.1.y.min(b.1.y) };
        (lo.x <= hi.x && lo.y <= hi.y).then_some((lo, hi))
    };
    let (lo, hi) = common().or_else(|| bounds(None)).unwrap_or_default();
    GridPoint { x: lo.x + (hi.x - lo.x) / 2, y: lo.y + (hi.y - lo.y) / 2 }.place()
}

/// All rings of a geometry.
pub(crate) fn rings_of(geometry: &CellGeometry) -> impl Iterator<Item = &GridRing> + Clone {
    geometry.polygons.iter().flat_map(|p| std::iter::once(&p.outer).chain(p.holes.iter()))
}

/// Turns a ring counter-clockwise (or clockwise); says whether it had to.
pub(crate) fn turn(ring: &mut GridRing, counter_clockwise: bool) -> bool {
    let wrong = (ring_area2(ring) < 0) == counter_clockwise && ring_area2(ring) != 0;
    if wrong {
        ring.reverse();
    }
    wrong
}

/// Twice the area of polygons in grid units.
pub(crate) fn area2(polygons: &[GridPolygon]) -> i128 {
    polygons.iter().map(|p| ring_area2(&p.outer).abs() - p.holes.iter().map(|h| ring_area2(h).abs()).sum::<i128>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i64, y: i64, side: i64) -> GridRing {
        [(0, 0), (side, 0), (side, side), (0, side)].iter().map(|(a, b)| GridPoint { x: x + a, y: y + b }).collect()
    }

    #[test]
    fn operations_on_squares() {
        let (a, b) = ([square(0, 0, 10)], [square(5, 5, 10)]);
        for (op, expected) in [(Operation::Union, 350), (Operation::Intersection, 50), (Operation::Difference, 150)] {
            assert_eq!(area2(&overlay(&a, &b, op).unwrap()), expected, "{op:?}");
        }
    }

    #[test]
    fn vertices_on_straight_edges_stay() {
        let mut ring = square(0, 0, 10);
        ring.insert(1, GridPoint { x: 5, y: 0 });
        let out = overlay(&[ring.clone()], &[], Operation::Union).unwrap();
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].outer.len(), 5);
    }

    #[test]
    fn a_continent_keeps_its_corners() {
        let big = 170_000_000_001;
        let a = [square(-big, -80_000_000_003, 130_000_000_007)];
        let out = overlay(&a, &[], Operation::Union).unwrap();
        let mut got = out[0].outer.clone();
        let mut wanted = a[0].clone();
        got.sort();
        wanted.sort();
        assert_eq!(got, wanted);
    }
}
