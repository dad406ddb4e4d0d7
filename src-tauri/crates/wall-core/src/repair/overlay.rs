//! Boolean operations on the grid, by exact noding (`i_overlay`).
//!
//! The engine works on 32-bit integers. Areas up to about one degree across are moved next to its origin and computed on
//! the grid itself; larger ones on a coarser grid (each doubling of the extent doubles its step), after which points that
//! were vertices get their own coordinates back.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{ContourDirection, IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use super::exact::{inspect, lies_in, ring_area2};
use crate::cell::bounds_of;
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing};

/// Largest extent of the engine's coordinates: differences and their sums stay inside 32 bits.
const EXTENT: i64 = 1 << 30;

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

/// The result as valid polygons (outer rings counter-clockwise), or `None` when the engine fails on this input.
pub(crate) fn overlay<'a>(
    subject: impl IntoIterator<Item = &'a GridRing> + Clone,
    clip: impl IntoIterator<Item = &'a GridRing> + Clone,
    operation: Operation,
) -> Option<Vec<GridPolygon>> {
    let points = || subject.clone().into_iter().chain(clip.clone()).flatten();
    let Some((lo, hi)) = bounds_of(points()) else { return Some(Vec::new()) };
    let extent = (hi.x - lo.x).max(hi.y - lo.y);
    let mut shift = 0u32;
    while (extent >> shift) >= EXTENT {
        shift += 1;
    }
    let frame = Frame { centre: GridPoint { x: (lo.x + hi.x) / 2, y: (lo.y + hi.y) / 2 }, shift };
    let rule = match operation {
        Operation::Union => OverlayRule::Union,
        Operation::Intersection => OverlayRule::Intersect,
        Operation::Difference => OverlayRule::Difference,
    };
    let run = || {
        let options = IntOverlayOptions {
            preserve_input_collinear: true,
            output_direction: ContourDirection::CounterClockwise,
            preserve_output_collinear: true,
            min_output_area: 0,
            ogc: true,
        };
        let mut engine = Overlay::new_custom(points().count(), options, Default::default());
        for ring in subject.clone() {
            engine.add_path_iter(ring.iter().map(|p| frame.inward(*p)), ShapeType::Subject);
        }
        for ring in clip.clone() {
            engine.add_path_iter(ring.iter().map(|p| frame.inward(*p)), ShapeType::Clip);
        }
        engine.overlay(rule, FillRule::NonZero)
    };
    // A fault of the engine on strange input must not take the import down: it becomes a refusal with a reason.
    let shapes = catch_unwind(AssertUnwindSafe(run)).ok()?;
    let to_polygons = |own: &HashMap<(i32, i32), GridPoint>| {
        let ring = |contour: &Vec<IntPoint>| {
            let mut r: GridRing =
                contour.iter().map(|p| own.get(&(p.x, p.y)).copied().unwrap_or_else(|| frame.outward(*p))).collect();
            r.dedup();
            while r.len() > 1 && r.first() == r.last() {
                r.pop();
            }
            r
        };
        polygons_of(shapes.iter().map(|shape| shape.iter().map(ring).collect()))
    };
    if frame.shift == 0 {
        return Some(to_polygons(&HashMap::new()));
    }
    let mut own = HashMap::new();
    for &p in points() {
        let q = frame.inward(p);
        own.entry((q.x, q.y)).or_insert(p);
    }
    let exact = to_polygons(&own);
    // Moving vertices back by a step of the coarse grid may make edges meet: then the coarse points stand.
    let simple = exact.iter().all(|p| {
        let seen = inspect(&p.rings().collect::<Vec<_>>());
        seen.self_crossing.is_none() && seen.crossing.is_none()
    });
    Some(if simple { exact } else { to_polygons(&HashMap::new()) })
}

/// The engine's shapes (each a ring to the outside, then holes) as polygons of simple rings: a ring that meets itself in a
/// vertex is cut there into loops; loops to the left are outer rings, loops to the right are holes.
///
/// A hole belongs to the smallest outer ring around it. The engine's word is looked at when there are several: where rounding
/// brings borders onto each other it may give a hole to a neighbour. O(vertices) for one shape, else holes × vertices of the
/// outer rings whose boxes hold them.
fn polygons_of(shapes: impl Iterator<Item = Vec<GridRing>>) -> Vec<GridPolygon> {
    let mut outers: Vec<GridPolygon> = Vec::new();
    let mut holes: Vec<(Option<usize>, GridRing)> = Vec::new();
    for shape in shapes {
        let (first, first_hole) = (outers.len(), holes.len());
        for (i, mut ring) in shape.into_iter().enumerate() {
            turn(&mut ring, i == 0);
            for part in loops(ring) {
                match ring_area2(&part) {
                    0 => {}
                    a if a > 0 => outers.push(GridPolygon { outer: part, holes: Vec::new() }),
                    _ => holes.push((None, part)),
                }
            }
        }
        outers[first..].sort_by_key(|p| ring_area2(&p.outer));
        if outers.len() == first + 1 {
            holes[first_hole..].iter_mut().for_each(|h| h.0 = Some(first));
        }
    }
    if let [only] = outers.as_mut_slice() {
        only.holes = holes.into_iter().map(|h| h.1).collect();
        return outers;
    }
    let boxes: Vec<_> = outers.iter().map(|p| bounds_of(&p.outer).unwrap_or_default()).collect();
    let mut by_area: Vec<usize> = (0..outers.len()).collect();
    by_area.sort_by_key(|o| ring_area2(&outers[*o].outer));
    for (said, hole) in holes {
        let Some((lo, hi)) = bounds_of(&hole) else { continue };
        let around = |o: &usize| {
            let (from, to) = boxes[*o];
            let holds = from.x <= lo.x && from.y <= lo.y && to.x >= hi.x && to.y >= hi.y;
            holds && ring_area2(&outers[*o].outer) > -ring_area2(&hole) && lies_in(&hole, &outers[*o].outer)
        };
        let found = said.filter(around).or_else(|| by_area.iter().copied().find(around));
        if let Some(o) = found {
            outers[o].holes.push(hole);
        }
    }
    outers
}

/// A ring cut at every vertex it visits twice. O(vertices).
fn loops(ring: GridRing) -> Vec<GridRing> {
    let mut position: HashMap<GridPoint, usize> = HashMap::with_capacity(ring.len());
    let mut path: GridRing = Vec::with_capacity(ring.len());
    let mut done = Vec::new();
    for p in ring {
        if let Some(&start) = position.get(&p) {
            let part: GridRing = path.drain(start..).collect();
            for q in &part {
                position.remove(q);
            }
            done.push(part);
        }
        position.insert(p, path.len());
        path.push(p);
    }
    done.push(path);
    done.retain(|r| r.len() >= 3);
    done
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

/// How the grid is laid into the engine's coordinates.
struct Frame {
    centre: GridPoint,
    shift: u32,
}

impl Frame {
    fn inward(&self, p: GridPoint) -> IntPoint {
        let half = if self.shift == 0 { 0 } else { 1i64 << (self.shift - 1) };
        let c = |v: i64, o: i64| ((v - o + half) >> self.shift) as i32;
        IntPoint::new(c(p.x, self.centre.x), c(p.y, self.centre.y))
    }

    fn outward(&self, p: IntPoint) -> GridPoint {
        GridPoint { x: (i64::from(p.x) << self.shift) + self.centre.x, y: (i64::from(p.y) << self.shift) + self.centre.y }
    }
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
