//! Lanes: strips of ground between cells that belong to nobody and reach the outside, so that they are no gaps. Neighbours
//! that should have a border in common have two, a few metres (or centimetres) apart.

use std::collections::BTreeMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::dissolve::SLIVER_M;
use crate::ground::metres_per_degree;
use crate::{GridPoint, GridRing, Place};

/// Borders further apart than this do not make a lane, metres: a road between two blocks may be wider on purpose.
pub const LANE_M: f64 = 20.0;
/// Borders that come together or apart by more than this for each metre along them do not run beside each other.
const MOST_SLOPE: f64 = 0.6;
/// Shorter stretches are a corner, metres.
const LEAST_M: f64 = 0.01;

/// A lane between two cells.
#[derive(Clone, PartialEq, Debug)]
pub struct Lane {
    /// The two cells, the smaller number first.
    pub cells: (usize, usize),
    /// Mean distance of the borders, metres.
    pub width_m: f64,
    /// Length along them, metres.
    pub length_m: f64,
    /// Ground between them, m².
    pub area_m2: f64,
    /// A place in the middle of the longest stretch.
    pub place: Place,
    /// Straight stretches of border beside it that the cells do not share, of both together.
    pub edges: usize,
    /// The ground, piece by piece: whom each is nearer to, and its ring.
    pub(crate) halves: Vec<(usize, GridRing)>,
}

impl Lane {
    /// The ground, piece by piece: the cell each is nearer to, and its ring.
    pub fn pieces(&self) -> impl Iterator<Item = (usize, &[GridPoint])> {
        self.halves.iter().map(|(cell, ring)| (*cell, ring.as_slice()))
    }
}

/// A stretch of border with a cell to its left and nobody's ground, open to the outside, to its right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub a: GridPoint,
    pub b: GridPoint,
    pub cell: usize,
}

/// Straight metres around the start of a stretch: along it, and off to its right.
struct Frame {
    origin: GridPoint,
    scale: (f64, f64),
    along: (f64, f64),
    length_m: f64,
}

impl Frame {
    fn of(e: &Bare) -> Option<Self> {
        let (mx, my) = metres_per_degree(e.a.place().lat.clamp(-89.9, 89.9));
        let scale = (mx / GridPoint::PER_DEGREE, my / GridPoint::PER_DEGREE);
        let (dx, dy) = ((e.b.x - e.a.x) as f64 * scale.0, (e.b.y - e.a.y) as f64 * scale.1);
        let length_m = dx.hypot(dy);
        (length_m > 0.0).then(|| Self { origin: e.a, scale, along: (dx / length_m, dy / length_m), length_m })
    }

    fn see(&self, p: GridPoint) -> (f64, f64) {
        let (x, y) = ((p.x - self.origin.x) as f64 * self.scale.0, (p.y - self.origin.y) as f64 * self.scale.1);
        (x * self.along.0 + y * self.along.1, x * self.along.1 - y * self.along.0)
    }

    fn point(&self, t: f64, off: f64) -> GridPoint {
        let x = t * self.along.0 + off * self.along.1;
        let y = t * self.along.1 - off * self.along.0;
        GridPoint { x: self.origin.x + (x / self.scale.0).round() as i64, y: self.origin.y + (y / self.scale.1).round() as i64 }
    }
}

/// A stretch across, as seen from another: from `t0` to `t1` along it, `n0` to `n1` off it.
#[derive(Clone, Copy)]
struct Across {
    t0: f64,
    t1: f64,
    n0: f64,
    n1: f64,
    of: usize,
}

impl Across {
    fn off(&self, t: f64) -> f64 {
        self.n0 + (self.n1 - self.n0) * (t - self.t0) / (self.t1 - self.t0)
    }
}

/// What one pair of cells has between it so far.
#[derive(Default)]
struct Sum {
    length_m: f64,
    area_m2: f64,
    longest: (f64, Place),
    edges: std::collections::BTreeSet<usize>,
    halves: Vec<(usize, GridRing)>,
}

/// The lanes between stretches of border that have the outside to their right, the largest first. O(n log n) for borders of
/// which few are near each other.
pub(crate) fn lanes(bare: &[Bare], at_most_m: f64) -> Vec<Lane> {
    if at_most_m.is_nan() || at_most_m <= 0.0 {
        return Vec::new();
    }
    let corner = |p: GridPoint| [p.x as f64, p.y as f64];
    let leaf = |(i, e): (usize, &Bare)| GeomWithData::new(Rectangle::from_corners(corner(e.a), corner(e.b)), i);
    let tree = RTree::bulk_load(bare.iter().enumerate().map(leaf).collect());
    let mut sums: BTreeMap<(usize, usize), Sum> = BTreeMap::new();
    for (i, e) in bare.iter().enumerate() {
        let Some(frame) = Frame::of(e) else { continue };
        let (rx, ry) = (at_most_m / frame.scale.0, at_most_m / frame.scale.1);
        let (lo, hi) = (
            [e.a.x.min(e.b.x) as f64 - rx, e.a.y.min(e.b.y) as f64 - ry],
            [e.a.x.max(e.b.x) as f64 + rx, e.a.y.max(e.b.y) as f64 + ry],
        );
        let mut across: Vec<Across> = tree
            .locate_in_envelope_intersecting(&AABB::from_corners(lo, hi))
            .map(|g| g.data)
            .filter(|j| *j != i)
            .filter_map(|j| facing(&frame, &bare[j], j))
            .collect();
        if !across.iter().any(|f| bare[f.of].cell > e.cell) {
            continue;
        }
        across.sort_by(|f, g| f.t0.total_cmp(&g.t0).then(f.of.cmp(&g.of)));
        let mut stops: Vec<f64> = across.iter().flat_map(|f| [f.t0, f.t1]).collect();
        stops.sort_by(f64::total_cmp);
        for w in stops.windows(2).filter(|w| w[1] - w[0] > LEAST_M) {
            let middle = (w[0] + w[1]) / 2.0;
            // Whatever is nearest is what the lane's other side is.
            let here = across.iter().take_while(|f| f.t0 <= middle).filter(|f| f.t1 >= middle);
            let Some(f) = here.min_by(|f, g| f.off(middle).total_cmp(&g.off(middle)).then(f.of.cmp(&g.of))) else { continue };
            let other = bare[f.of].cell;
            let (n0, n1) = (f.off(w[0]), f.off(w[1]));
            // Each lane is measured from the cell with the smaller number.
            if other <= e.cell || n0.max(n1) > at_most_m || (n1 - n0).abs() > MOST_SLOPE * (w[1] - w[0]) {
                continue;
            }
            let sum = sums.entry((e.cell, other)).or_default();
            let length_m = w[1] - w[0];
            sum.length_m += length_m;
            sum.area_m2 += length_m * (n0 + n1) / 2.0;
            sum.edges.extend([i, f.of]);
            if length_m > sum.longest.0 {
                sum.longest = (length_m, frame.point(middle, f.off(middle) / 2.0).place());
            }
            let point = |t: f64, part: f64| match (t, part) {
                (t, 0.0) if t <= 0.0 => e.a,
                (t, 0.0) if t >= frame.length_m => e.b,
                // The other side's own vertex where the stretch ends in it.
                (t, 1.0) if t == f.t0 && frame.see(bare[f.of].b).0 == t => bare[f.of].b,
                (t, 1.0) if t == f.t1 && frame.see(bare[f.of].a).0 == t => bare[f.of].a,
                (t, part) => frame.point(t, f.off(t) * part),
            };
            let middle = [point(w[0], 0.5), point(w[1], 0.5)];
            sum.halves.push((e.cell, vec![point(w[0], 0.0), middle[0], middle[1], point(w[1], 0.0)]));
            sum.halves.push((other, vec![middle[0], point(w[0], 1.0), point(w[1], 1.0), middle[1]]));
        }
    }
    let lane = |(cells, s): ((usize, usize), Sum)| {
        let width_m = s.area_m2 / s.length_m;
        // A corner is not a lane, nor what is only rounding.
        (width_m > SLIVER_M && s.length_m >= width_m).then_some(Lane {
            cells,
            width_m,
            length_m: s.length_m,
            area_m2: s.area_m2,
            place: s.longest.1,
            edges: s.edges.len(),
            halves: s.halves,
        })
    };
    let mut found: Vec<Lane> = sums.into_iter().filter_map(lane).collect();
    found.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2).then(a.cells.cmp(&b.cells)));
    found
}

/// A stretch that runs against another, off to its right, beside it.
fn facing(frame: &Frame, f: &Bare, of: usize) -> Option<Across> {
    // It runs the other way: its end comes first.
    let ((t0, n0), (t1, n1)) = (frame.see(f.b), frame.see(f.a));
    if t1 - t0 < LEAST_M {
        return None;
    }
    let off = |t: f64| n0 + (n1 - n0) * (t - t0) / (t1 - t0);
    let (from, to) = (t0.max(0.0), t1.min(frame.length_m));
    let (start, end) = (off(from), off(to));
    // Both in front; where they touch, at a common node, they begin at nought.
    (to - from > LEAST_M && start.min(end) > -SLIVER_M && start.max(end) > 0.0).then_some(Across {
        t0: from,
        t1: to,
        n0: start.max(0.0),
        n1: end.max(0.0),
        of,
    })
}
