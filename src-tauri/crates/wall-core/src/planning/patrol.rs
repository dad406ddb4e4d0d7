//! Streets in and around a cell: how much of them its staff walk.

use super::StreetLine;
use super::area::Area;
use crate::attribution::piece::{Edge, GridPlace, Side};
use crate::ground::metres_per_degree;
use crate::metric::nearest_fraction;
use crate::repair::exact::SegmentIndex;
use crate::{GridPoint, Place};

/// A stretch of street so near the border runs along it: it is walked from both sides, and each counts half. As far as
/// planning joins borders that almost meet; were it more, strips of ground as narrow would count streets twice.
pub(super) const BORDER_REACH_M: f64 = 0.5;
/// Cells with more edges get an index of their own.
const WALK_EDGES: usize = 128;

/// Both ends of an edge, metres from the frame's corner.
type Edge2 = ((f64, f64), (f64, f64));

/// All streets, as segments in an index.
#[derive(Clone, Debug)]
pub(super) struct Streets {
    /// Name and class of each street.
    pub named: Vec<(String, String)>,
    segments: Vec<(GridPoint, GridPoint)>,
    street_of: Vec<u32>,
    index: SegmentIndex,
}

/// How a stretch of street lies to a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Along {
    /// Inside, away from the border.
    Inside,
    /// Along the border, on either side of it.
    Border,
}

/// A stretch of one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub street: u32,
    pub middle: Place,
    pub length_m: f64,
    pub along: Along,
}

impl Streets {
    /// O(n log n) in the segments. Points outside the world are left out of their lines.
    pub fn new(streets: impl IntoIterator<Item = StreetLine>) -> Self {
        let (mut named, mut segments, mut street_of) = (Vec::new(), Vec::new(), Vec::new());
        for street in streets {
            let points: Vec<GridPoint> =
                street.line.iter().filter_map(|p| Place::new(p.lon, p.lat)).map(GridPoint::nearest).collect();
            for w in points.windows(2).filter(|w| w[0] != w[1]) {
                segments.push((w[0], w[1]));
                street_of.push(named.len() as u32);
            }
            named.push((street.name, street.class));
        }
        let index = SegmentIndex::new(&segments);
        Self { named, segments, street_of, index }
    }

    /// Metres to patrol: what lies inside, and half of what runs along the border.
    pub fn patrol_m(&self, area: &Area) -> f64 {
        let mut sum = 0.0;
        self.clip(
            area,
            BORDER_REACH_M,
            |_| true,
            |s| sum += if s.along == Along::Inside { s.length_m } else { s.length_m / 2.0 },
        );
        sum
    }

    /// The stretches of the wanted streets in a cell or within `reach_m` of its border: cut where they meet the border and
    /// beside its corners, each judged by its middle. O(segments near × edges near them).
    pub fn clip(&self, area: &Area, reach_m: f64, wanted: impl Fn(u32) -> bool, mut with: impl FnMut(Stretch)) {
        let Some(bounds) = area.bounds() else { return };
        let frame = Frame::over(bounds.lo, bounds.hi);
        let reach = reach_m / frame.kx.min(frame.ky) + 1.0;
        let corner = |p: GridPlace| GridPoint { x: p.x as i64, y: p.y as i64 };
        let mut near: Vec<usize> =
            self.index.near(corner(bounds.lo), corner(bounds.hi), reach).filter(|i| wanted(self.street_of[*i])).collect();
        if near.is_empty() {
            return;
        }
        // The order of the tree is not to be seen in the sum.
        near.sort_unstable();
        let edges: Vec<(GridPoint, GridPoint)> = area.edges().map(|e: &Edge| (corner(e.a), corner(e.b))).collect();
        let index = (edges.len() > WALK_EDGES).then(|| SegmentIndex::new(&edges));
        let mut beside: Vec<Edge2> = Vec::new();
        for i in near {
            let (p, q) = self.segments[i];
            let (a, b) = (frame.of(p), frame.of(q));
            beside.clear();
            match &index {
                Some(index) => beside.extend(index.near(p, q, reach).map(|e| (frame.of(edges[e].0), frame.of(edges[e].1)))),
                None => {
                    let (lo, hi) = ((p.x.min(q.x), p.y.min(q.y)), (p.x.max(q.x), p.y.max(q.y)));
                    let by = reach.ceil() as i64;
                    let meets = |(c, d): &&(GridPoint, GridPoint)| {
                        c.x.min(d.x) <= hi.0 + by
                            && c.x.max(d.x) >= lo.0 - by
                            && c.y.min(d.y) <= hi.1 + by
                            && c.y.max(d.y) >= lo.1 - by
                    };
                    beside.extend(edges.iter().filter(meets).map(|(c, d)| (frame.of(*c), frame.of(*d))));
                }
            }
            let whole_m = (b.0 - a.0).hypot(b.1 - a.1);
            let cuts = cuts(a, b, &beside, reach_m);
            for w in cuts.windows(2).filter(|w| w[1] - w[0] > 1e-12) {
                let t = (w[0] + w[1]) / 2.0;
                let m = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
                let on_border = beside.iter().any(|(c, d)| segment_m(m, *c, *d) <= reach_m);
                let middle = frame.back(m);
                let along = if on_border {
                    Along::Border
                } else if area.side(middle) == Side::Outside {
                    continue;
                } else {
                    Along::Inside
                };
                let place = Place { lon: middle.x / GridPoint::PER_DEGREE, lat: middle.y / GridPoint::PER_DEGREE };
                with(Stretch { street: self.street_of[i], middle: place, length_m: whole_m * (w[1] - w[0]), along });
            }
        }
    }
}

impl Streets {
    /// The lines as given, piece by piece, of those segments whose boxes meet the box: for cutting ground along them.
    pub fn lines_in(&self, lo: GridPoint, hi: GridPoint) -> Vec<Vec<GridPoint>> {
        let mut near: Vec<usize> = self.index.near(lo, hi, 0.0).collect();
        near.sort_unstable();
        let mut lines: Vec<Vec<GridPoint>> = Vec::new();
        let mut before = None;
        for i in near {
            let (a, b) = self.segments[i];
            match lines.last_mut() {
                // The next segment of the same line goes on where it ended.
                Some(line) if before == Some((i.wrapping_sub(1), self.street_of[i])) && line.last() == Some(&a) => line.push(b),
                _ => lines.push(vec![a, b]),
            }
            before = Some((i, self.street_of[i]));
        }
        lines
    }

    /// The streets that run over a point, within a hundredth of a metre.
    pub fn at(&self, p: GridPoint) -> impl Iterator<Item = u32> + '_ {
        let frame = Frame::over(GridPlace::of_grid(p), GridPlace::of_grid(p));
        let reach = ON_LINE_M / frame.kx.min(frame.ky) + 1.0;
        let on = move |i: &usize| {
            let (a, b) = self.segments[*i];
            segment_m((0.0, 0.0), frame.of(a), frame.of(b)) <= ON_LINE_M
        };
        self.index.near(p, p, reach).filter(on).map(|i| self.street_of[i])
    }
}

/// What was cut along a line lies on it to so much.
const ON_LINE_M: f64 = 0.01;

/// Where the segment `a b` is to be cut, as fractions of it: 0, 1, where it meets an edge, and beside ends of edges in reach.
fn cuts(a: (f64, f64), b: (f64, f64), beside: &[Edge2], reach_m: f64) -> Vec<f64> {
    let d = (b.0 - a.0, b.1 - a.1);
    let mut at = vec![0.0, 1.0];
    for (p, q) in beside {
        let e = (q.0 - p.0, q.1 - p.1);
        let turn = d.0 * e.1 - d.1 * e.0;
        if turn != 0.0 {
            let w = (p.0 - a.0, p.1 - a.1);
            let (t, s) = ((w.0 * e.1 - w.1 * e.0) / turn, (w.0 * d.1 - w.1 * d.0) / turn);
            if (0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&s) {
                at.push(t);
            }
        }
        for end in [p, q] {
            let t = nearest_fraction((a.0 - end.0, a.1 - end.1), d);
            if (a.0 + d.0 * t - end.0).hypot(a.1 + d.1 * t - end.1) <= reach_m {
                at.push(t);
            }
        }
    }
    at.sort_by(f64::total_cmp);
    at
}

fn segment_m(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (a, b) = ((a.0 - p.0, a.1 - p.1), (b.0 - p.0, b.1 - p.1));
    let d = (b.0 - a.0, b.1 - a.1);
    let t = nearest_fraction(a, d);
    (a.0 + d.0 * t).hypot(a.1 + d.1 * t)
}

/// Metres from a corner of the cell.
struct Frame {
    origin: GridPlace,
    kx: f64,
    ky: f64,
}

impl Frame {
    fn over(lo: GridPlace, hi: GridPlace) -> Self {
        let (kx, ky) = metres_per_degree((lo.y + hi.y) / 2.0 / GridPoint::PER_DEGREE);
        Self { origin: lo, kx: kx.max(1.0) / GridPoint::PER_DEGREE, ky: ky / GridPoint::PER_DEGREE }
    }

    fn of(&self, p: GridPoint) -> (f64, f64) {
        ((p.x as f64 - self.origin.x) * self.kx, (p.y as f64 - self.origin.y) * self.ky)
    }

    fn back(&self, m: (f64, f64)) -> GridPlace {
        GridPlace { x: self.origin.x + m.0 / self.kx, y: self.origin.y + m.1 / self.ky }
    }
}
