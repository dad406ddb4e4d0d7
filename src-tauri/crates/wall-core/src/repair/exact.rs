//! Exact predicates on the grid: integers of 1e-9 degree, products in 128 bits, no rounding anywhere.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::{GridPoint, GridPolygon, GridRing, Place};

/// Twice the signed area of the triangle `o a b` in grid units: positive when it turns left.
pub(crate) fn cross(o: GridPoint, a: GridPoint, b: GridPoint) -> i128 {
    let d = |p: GridPoint, q: GridPoint| (i128::from(p.x - q.x), i128::from(p.y - q.y));
    let ((ax, ay), (bx, by)) = (d(a, o), d(b, o));
    ax * by - ay * bx
}

/// Twice the signed area of a ring in grid units: positive when counter-clockwise. O(vertices).
pub(crate) fn ring_area2(ring: &[GridPoint]) -> i128 {
    let Some(&o) = ring.first() else { return 0 };
    ring.windows(2).map(|w| cross(o, w[0], w[1])).sum()
}

/// The edges of a ring, the closing one last.
pub(crate) fn edges(ring: &[GridPoint]) -> impl Iterator<Item = (GridPoint, GridPoint)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Where a point lies with respect to an area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Inside,
    Boundary,
    Outside,
}

/// Side of a point to a ring by the even-odd rule. O(vertices).
pub(crate) fn ring_side(ring: &[GridPoint], p: GridPoint) -> Side {
    let mut inside = false;
    for (a, b) in edges(ring) {
        if (a.y > p.y) == (b.y > p.y) {
            // No crossing of the ray; the point may still lie on a horizontal edge or on a vertex.
            if on_segment(a, b, p) {
                return Side::Boundary;
            }
            continue;
        }
        let turn = cross(a, b, p);
        if turn == 0 {
            return Side::Boundary;
        }
        if (turn > 0) == (b.y > a.y) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Side of a point to a polygon. O(vertices).
pub(crate) fn polygon_side(polygon: &GridPolygon, p: GridPoint) -> Side {
    match ring_side(&polygon.outer, p) {
        Side::Inside => {}
        other => return other,
    }
    for hole in &polygon.holes {
        match ring_side(hole, p) {
            Side::Outside => {}
            Side::Boundary => return Side::Boundary,
            Side::Inside => return Side::Outside,
        }
    }
    Side::Inside
}

/// Whether `p` lies on the closed segment `a b`.
pub(crate) fn on_segment(a: GridPoint, b: GridPoint, p: GridPoint) -> bool {
    p.x >= a.x.min(b.x) && p.x <= a.x.max(b.x) && p.y >= a.y.min(b.y) && p.y <= a.y.max(b.y) && cross(a, b, p) == 0
}

/// How two segments meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meeting {
    Apart,
    /// In one point that is an end of at least one of them.
    Touch(GridPoint),
    /// In one point inside both.
    Cross,
    /// Along a stretch.
    Overlap(GridPoint),
}

/// How the segments `a b` and `c d` meet.
pub(crate) fn meeting(a: GridPoint, b: GridPoint, c: GridPoint, d: GridPoint) -> Meeting {
    if a.x.max(b.x) < c.x.min(d.x) || c.x.max(d.x) < a.x.min(b.x) || a.y.max(b.y) < c.y.min(d.y) || c.y.max(d.y) < a.y.min(b.y) {
        return Meeting::Apart;
    }
    let (c_side, d_side) = (cross(a, b, c).signum(), cross(a, b, d).signum());
    if c_side == 0 && d_side == 0 {
        // On one line: points compare along it by (x, y).
        let (lo, hi) = (a.min(b).max(c.min(d)), a.max(b).min(c.max(d)));
        return match lo.cmp(&hi) {
            std::cmp::Ordering::Less => Meeting::Overlap(lo),
            std::cmp::Ordering::Equal => Meeting::Touch(lo),
            std::cmp::Ordering::Greater => Meeting::Apart,
        };
    }
    let (a_side, b_side) = (cross(c, d, a).signum(), cross(c, d, b).signum());
    if c_side * d_side < 0 && a_side * b_side < 0 {
        return Meeting::Cross;
    }
    for (p, (u, v)) in [(c, (a, b)), (d, (a, b)), (a, (c, d)), (b, (c, d))] {
        if on_segment(u, v, p) {
            return Meeting::Touch(p);
        }
    }
    Meeting::Apart
}

/// The place where two crossing segments meet, rounded: for reports.
pub(crate) fn crossing_place(a: GridPoint, b: GridPoint, c: GridPoint, d: GridPoint) -> Place {
    let (n, m) = (cross(c, d, a) as f64, cross(c, d, b) as f64);
    let t = if n == m { 0.0 } else { n / (n - m) };
    let (p, q) = (a.place(), b.place());
    Place { lon: p.lon + t * (q.lon - p.lon), lat: p.lat + t * (q.lat - p.lat) }
}

/// Whether ring `a` lies inside ring `b`, for rings that neither cross nor run along each other (they may touch in points).
/// A vertex of `a` off the border of `b` decides; when all lie on it, the middle of an edge. O(vertices of both) as a rule.
pub(crate) fn lies_in(a: &[GridPoint], b: &[GridPoint]) -> bool {
    match a.iter().map(|p| ring_side(b, *p)).find(|s| *s != Side::Boundary) {
        Some(side) => side == Side::Inside,
        None => {
            // Doubled, so that the middle of an edge is on the grid.
            let doubled: GridRing = b.iter().map(|p| GridPoint { x: 2 * p.x, y: 2 * p.y }).collect();
            let middle = |(p, q): (GridPoint, GridPoint)| GridPoint { x: p.x + q.x, y: p.y + q.y };
            edges(a).map(|e| ring_side(&doubled, middle(e))).any(|s| s == Side::Inside)
        }
    }
}

/// The pairs of rings whose boxes meet, by index. O(n log n + n × those beside each other in x).
pub(crate) fn neighbours(rings: &[&GridRing]) -> Vec<(usize, usize)> {
    let boxed = |r: &&GridRing| {
        r.iter()
            .fold([i64::MAX, i64::MAX, i64::MIN, i64::MIN], |b, p| [b[0].min(p.x), b[1].min(p.y), b[2].max(p.x), b[3].max(p.y)])
    };
    let boxes: Vec<[i64; 4]> = rings.iter().map(boxed).collect();
    let mut order: Vec<usize> = (0..rings.len()).collect();
    order.sort_by_key(|i| boxes[*i][0]);
    let mut pairs = Vec::new();
    for (k, &i) in order.iter().enumerate() {
        let beside = order[k + 1..].iter().take_while(|j| boxes[**j][0] <= boxes[i][2]);
        pairs.extend(beside.filter(|j| boxes[**j][1] <= boxes[i][3] && boxes[i][1] <= boxes[**j][3]).map(|j| (i, *j)));
    }
    pairs
}

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// The boxes of segments, to find which may meet.
#[derive(Clone, Debug)]
pub(crate) struct SegmentIndex {
    tree: RTree<Boxed>,
}

impl SegmentIndex {
    /// O(n log n).
    pub(crate) fn new(segments: &[(GridPoint, GridPoint)]) -> Self {
        let boxed = |(i, &(a, b)): (usize, &(GridPoint, GridPoint))| {
            Boxed::new(Rectangle::from_corners([a.x as f64, a.y as f64], [b.x as f64, b.y as f64]), i)
        };
        Self { tree: RTree::bulk_load(segments.iter().enumerate().map(boxed).collect()) }
    }

    /// Indices of the segments whose boxes meet the box of `a b` (grown by `by` grid units), in no order.
    pub(crate) fn near(&self, a: GridPoint, b: GridPoint, by: f64) -> impl Iterator<Item = usize> + '_ {
        let lo = [a.x.min(b.x) as f64 - by, a.y.min(b.y) as f64 - by];
        let hi = [a.x.max(b.x) as f64 + by, a.y.max(b.y) as f64 + by];
        self.tree.locate_in_envelope_intersecting(&AABB::from_corners(lo, hi)).map(|g| g.data)
    }
}

/// A ground with more crossings than this is no ground that somebody drew: its noding would take minutes and gigabytes.
pub(crate) const MOST_CROSSINGS: usize = 100_000;

/// What the edges of some rings do to each other.
#[derive(Default, Debug)]
pub(crate) struct Inspection {
    /// A ring crosses or runs along itself, first place found.
    pub(crate) self_crossing: Option<(usize, Place)>,
    /// A ring touches itself in a point.
    pub(crate) self_touch: Option<(usize, Place)>,
    /// Two rings cross or run along each other.
    pub(crate) crossing: Option<(usize, usize, Place)>,
    /// There are more than [`MOST_CROSSINGS`] crossings: looking ended there.
    pub(crate) tangled: bool,
    /// Where two rings touch in points, in no order; a point may come more than once.
    pub(crate) touches: Vec<(usize, usize, GridPoint)>,
}

impl Inspection {
    /// Where rings that neither cross nor run along each other close a chain: there they cut the ground between them in two.
    /// O(touches log touches).
    pub(crate) fn chain(&self, rings: usize) -> Option<GridPoint> {
        let mut at: Vec<(GridPoint, usize)> = self.touches.iter().flat_map(|(a, b, p)| [(*p, *a), (*p, *b)]).collect();
        at.sort_unstable_by_key(|(p, r)| (p.x, p.y, *r));
        at.dedup();
        // Rings and points as a graph without cycles: each point is a node after the rings.
        let mut parent: Vec<usize> = (0..rings + at.len()).collect();
        fn root(parent: &mut [usize], mut i: usize) -> usize {
            while parent[i] != i {
                parent[i] = parent[parent[i]];
                i = parent[i];
            }
            i
        }
        let mut node = rings;
        for (k, (p, r)) in at.iter().enumerate() {
            if k > 0 && at[k - 1].0 != *p {
                node += 1;
            }
            let (a, b) = (root(&mut parent, node), root(&mut parent, *r));
            if a == b {
                return Some(*p);
            }
            parent[a] = b;
        }
        None
    }
}

/// Looks at every pair of edges that may meet. O(n log n + meetings).
pub(crate) fn inspect(rings: &[&GridRing]) -> Inspection {
    let mut segments = Vec::new();
    let mut owner = Vec::new();
    for (r, ring) in rings.iter().enumerate() {
        for (i, e) in edges(ring).enumerate() {
            segments.push(e);
            owner.push((r, i));
        }
    }
    let index = SegmentIndex::new(&segments);
    let mut found = Inspection::default();
    // The smallest pair of segments is reported, whatever the order of the tree.
    let mut best = [(usize::MAX, usize::MAX); 3];
    let mut crossings = 0;
    for (i, &(a, b)) in segments.iter().enumerate() {
        for j in index.near(a, b, 0.0).filter(|j| *j > i) {
            let (c, d) = segments[j];
            let ((ri, ei), (rj, ej)) = (owner[i], owner[j]);
            let same = ri == rj;
            let (kind, place) = match meeting(a, b, c, d) {
                Meeting::Apart => continue,
                Meeting::Cross => (0, crossing_place(a, b, c, d)),
                Meeting::Overlap(p) => (0, p.place()),
                Meeting::Touch(p) => {
                    let n = rings[ri].len();
                    if same && (ej == ei + 1 || (ei == 0 && ej == n - 1)) {
                        continue;
                    }
                    if !same {
                        found.touches.push((ri, rj, p));
                        continue;
                    }
                    (1, p.place())
                }
            };
            crossings += usize::from(kind == 0);
            if crossings > MOST_CROSSINGS {
                found.tangled = true;
                return found;
            }
            let slot = kind + if same { 0 } else { 2 };
            if (i, j) >= best[slot] {
                continue;
            }
            best[slot] = (i, j);
            match slot {
                0 => found.self_crossing = Some((ri, place)),
                1 => found.self_touch = Some((ri, place)),
                _ => found.crossing = Some((ri, rj, place)),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: i64, y: i64) -> GridPoint {
        GridPoint { x, y }
    }

    #[test]
    fn segments_meet_as_they_should() {
        let m = |a: (i64, i64), b: (i64, i64), c: (i64, i64), d: (i64, i64)| {
            meeting(p(a.0, a.1), p(b.0, b.1), p(c.0, c.1), p(d.0, d.1))
        };
        assert_eq!(m((0, 0), (10, 10), (0, 10), (10, 0)), Meeting::Cross);
        assert_eq!(m((0, 0), (10, 0), (5, 0), (5, 9)), Meeting::Touch(p(5, 0)));
        assert_eq!(m((0, 0), (10, 0), (10, 0), (20, 5)), Meeting::Touch(p(10, 0)));
        assert_eq!(m((0, 0), (10, 0), (10, 0), (20, 0)), Meeting::Touch(p(10, 0)));
        assert_eq!(m((0, 0), (10, 0), (4, 0), (20, 0)), Meeting::Overlap(p(4, 0)));
        assert_eq!(m((0, 0), (0, 10), (0, 20), (0, 5)), Meeting::Overlap(p(0, 5)));
        assert_eq!(m((0, 0), (10, 0), (11, 0), (20, 0)), Meeting::Apart);
        assert_eq!(m((0, 0), (10, 10), (5, 4), (9, 0)), Meeting::Apart);
        // A crossing that f64 cannot see: numbers near the ends of the grid.
        let far = 180_000_000_000;
        assert_eq!(m((-far, 0), (far, 1), (0, 1), (2, 2)), Meeting::Apart);
        assert_eq!(m((-far, 0), (far, 2), (0, 1), (5, 9)), Meeting::Touch(p(0, 1)));
    }

    #[test]
    fn sides_are_exact() {
        let ring = [p(0, 0), p(10, 0), p(10, 10), p(5, 5), p(0, 10)];
        for (q, side) in [
            (p(5, 5), Side::Boundary),
            (p(5, 4), Side::Inside),
            (p(5, 6), Side::Outside),
            (p(0, 0), Side::Boundary),
            (p(3, 0), Side::Boundary),
            (p(-1, 0), Side::Outside),
            (p(11, 10), Side::Outside),
            (p(1, 10), Side::Outside),
            (p(0, 7), Side::Boundary),
        ] {
            assert_eq!(ring_side(&ring, q), side, "{q:?}");
        }
        assert_eq!(ring_area2(&ring), 150);
    }
}
