//! Plane geometry in metres east and north of the district's origin.
//!
//! Only + − × ÷ and square root are used, which IEEE 754 rounds the same everywhere: the district has the same
//! vertices on every platform. Degrees come out rounded to 1e-7 (about one centimetre).

use wall_core::{GridPoint, Place};

/// Longitude of the origin.
const ORIGIN_LON: f64 = 120.606;
/// Latitude of the origin.
const ORIGIN_LAT: f64 = 31.288;
/// Metres in one degree of longitude at 31.3° N (WGS-84).
const M_PER_DEG_LON: f64 = 95_203.0;
/// Metres in one degree of latitude at 31.3° N (WGS-84).
const M_PER_DEG_LAT: f64 = 110_874.0;

/// A point in metres east and north of the origin.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Pt {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A point.
pub(super) const fn pt(x: f64, y: f64) -> Pt {
    Pt { x, y }
}

impl Pt {
    pub(super) fn plus(self, o: Pt) -> Pt {
        pt(self.x + o.x, self.y + o.y)
    }
    pub(super) fn minus(self, o: Pt) -> Pt {
        pt(self.x - o.x, self.y - o.y)
    }
    pub(super) fn times(self, k: f64) -> Pt {
        pt(self.x * k, self.y * k)
    }
    pub(super) fn dot(self, o: Pt) -> f64 {
        self.x * o.x + self.y * o.y
    }
    pub(super) fn cross(self, o: Pt) -> f64 {
        self.x * o.y - self.y * o.x
    }
    pub(super) fn len(self) -> f64 {
        self.dot(self).sqrt()
    }
    /// A quarter turn to the left.
    pub(super) fn left(self) -> Pt {
        pt(-self.y, self.x)
    }
    /// The same direction with length 1; east for no direction.
    pub(super) fn unit(self) -> Pt {
        let l = self.len();
        if l > 0.0 { self.times(1.0 / l) } else { pt(1.0, 0.0) }
    }
    pub(super) fn dist(self, o: Pt) -> f64 {
        self.minus(o).len()
    }
    pub(super) fn lerp(self, o: Pt, t: f64) -> Pt {
        self.plus(o.minus(self).times(t))
    }
    /// Rounded to a millimetre, the grid of the street graph.
    pub(super) fn snapped(self) -> Pt {
        pt((self.x * 1000.0).round() / 1000.0, (self.y * 1000.0).round() / 1000.0)
    }
    /// Degrees, rounded to 1e-7.
    pub(super) fn place(self) -> Place {
        let (lon, lat) = self.e7();
        Place { lon: lon as f64 / 1e7, lat: lat as f64 / 1e7 }
    }
    /// The same on the cell grid, exactly.
    pub(super) fn grid(self) -> GridPoint {
        let (lon, lat) = self.e7();
        GridPoint { x: lon * 100, y: lat * 100 }
    }
    fn e7(self) -> (i64, i64) {
        (
            ((ORIGIN_LON + self.x / M_PER_DEG_LON) * 1e7).round() as i64,
            ((ORIGIN_LAT + self.y / M_PER_DEG_LAT) * 1e7).round() as i64,
        )
    }
}

/// Signed area of a ring (counter-clockwise is positive), m².
pub(super) fn area(ring: &[Pt]) -> f64 {
    let Some(&o) = ring.first() else { return 0.0 };
    edges(ring).map(|(a, b)| a.minus(o).cross(b.minus(o))).sum::<f64>() / 2.0
}

/// Length of the ring, m.
pub(super) fn perimeter(ring: &[Pt]) -> f64 {
    edges(ring).map(|(a, b)| a.dist(b)).sum()
}

/// Length of an open line, m.
pub(super) fn length(line: &[Pt]) -> f64 {
    line.windows(2).map(|w| w[0].dist(w[1])).sum()
}

/// The edges of a ring, the closing one last.
pub(super) fn edges(ring: &[Pt]) -> impl Iterator<Item = (Pt, Pt)> + '_ {
    (0..ring.len()).map(move |i| (ring[i], ring[(i + 1) % ring.len()]))
}

/// Centre of gravity of a ring.
pub(super) fn centroid(ring: &[Pt]) -> Pt {
    let o = ring[0];
    let (mut c, mut a) = (pt(0.0, 0.0), 0.0);
    for (p, q) in edges(ring) {
        let (p, q) = (p.minus(o), q.minus(o));
        let w = p.cross(q);
        c = c.plus(p.plus(q).times(w));
        a += w;
    }
    if a == 0.0 { o } else { o.plus(c.times(1.0 / (3.0 * a))) }
}

/// Whether the point is inside the ring (even-odd).
pub(super) fn inside(ring: &[Pt], p: Pt) -> bool {
    let mut odd = false;
    for (a, b) in edges(ring) {
        if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
            odd = !odd;
        }
    }
    odd
}

/// A point well inside the ring: the centroid, or the middle of the longest horizontal chord.
pub(super) fn inner_point(ring: &[Pt]) -> Pt {
    let c = centroid(ring);
    if inside(ring, c) && ring_distance(ring, c) > 5.0 {
        return c;
    }
    let (lo, hi) = bounds(ring);
    let mut best = (0.0, c);
    for k in 1..24 {
        let y = lo.y + (hi.y - lo.y) * f64::from(k) / 24.0 + 0.000_37;
        for (x0, x1) in spans(ring, y) {
            if x1 - x0 > best.0 {
                best = (x1 - x0, pt((x0 + x1) / 2.0, y));
            }
        }
    }
    best.1
}

/// Intervals of x inside the ring at height y.
pub(super) fn spans(ring: &[Pt], y: f64) -> Vec<(f64, f64)> {
    let mut xs: Vec<f64> =
        edges(ring).filter(|(a, b)| (a.y > y) != (b.y > y)).map(|(a, b)| a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x)).collect();
    xs.sort_by(f64::total_cmp);
    xs.chunks_exact(2).map(|c| (c[0], c[1])).collect()
}

/// Smallest box around the points.
pub(super) fn bounds(points: &[Pt]) -> (Pt, Pt) {
    points.iter().fold((pt(f64::MAX, f64::MAX), pt(f64::MIN, f64::MIN)), |(lo, hi), p| {
        (pt(lo.x.min(p.x), lo.y.min(p.y)), pt(hi.x.max(p.x), hi.y.max(p.y)))
    })
}

/// Nearest point of a segment.
pub(super) fn nearest_on(a: Pt, b: Pt, p: Pt) -> Pt {
    let d = b.minus(a);
    let l2 = d.dot(d);
    if l2 == 0.0 { a } else { a.plus(d.times((p.minus(a).dot(d) / l2).clamp(0.0, 1.0))) }
}

/// Distance to an open line, m.
pub(super) fn line_distance(line: &[Pt], p: Pt) -> f64 {
    line.windows(2).map(|w| nearest_on(w[0], w[1], p).dist(p)).fold(f64::MAX, f64::min)
}

/// Distance to the border of a ring, m.
pub(super) fn ring_distance(ring: &[Pt], p: Pt) -> f64 {
    edges(ring).map(|(a, b)| nearest_on(a, b, p).dist(p)).fold(f64::MAX, f64::min)
}

/// The point at a given distance along a line (clamped to its ends), and the direction there.
pub(super) fn along(line: &[Pt], mut d: f64) -> (Pt, Pt) {
    for w in line.windows(2) {
        let l = w[0].dist(w[1]);
        if d <= l && l > 0.0 {
            return (w[0].lerp(w[1], (d / l).max(0.0)), w[1].minus(w[0]).unit());
        }
        d -= l;
    }
    match line {
        [.., a, b] => (*b, b.minus(*a).unit()),
        [a] => (*a, pt(1.0, 0.0)),
        [] => (pt(0.0, 0.0), pt(1.0, 0.0)),
    }
}

/// A smooth line through the points (Catmull–Rom), one vertex about every `step_m`.
pub(super) fn smooth(points: &[Pt], step_m: f64) -> Vec<Pt> {
    let n = points.len();
    let mut out = vec![points[0].snapped()];
    for i in 0..n - 1 {
        let (p1, p2) = (points[i], points[i + 1]);
        let p0 = if i == 0 { p1.times(2.0).minus(p2) } else { points[i - 1] };
        let p3 = if i + 2 < n { points[i + 2] } else { p2.times(2.0).minus(p1) };
        let k = ((p1.dist(p2) / step_m).round() as usize).max(1);
        for j in 1..=k {
            let t = j as f64 / k as f64;
            let (a, b, c, d) = (
                p1.times(2.0),
                p2.minus(p0),
                p0.times(2.0).minus(p1.times(5.0)).plus(p2.times(4.0)).minus(p3),
                p1.times(3.0).minus(p0).minus(p2.times(3.0)).plus(p3),
            );
            out.push(a.plus(b.times(t)).plus(c.times(t * t)).plus(d.times(t * t * t)).times(0.5).snapped());
        }
    }
    out
}

/// A line moved to its left by `d` metres (right for negative), with mitred corners.
pub(super) fn offset(line: &[Pt], d: f64) -> Vec<Pt> {
    let n = line.len();
    (0..n)
        .map(|i| {
            let before = if i > 0 { line[i].minus(line[i - 1]).unit() } else { line[1].minus(line[0]).unit() };
            let after = if i + 1 < n { line[i + 1].minus(line[i]).unit() } else { before };
            let normal = before.plus(after).unit().left();
            let scale = normal.dot(after.left()).max(0.5);
            line[i].plus(normal.times(d / scale))
        })
        .collect()
}

/// Where two segments cross: parameters along each; `None` when they do not or are parallel.
pub(super) fn crossing(a: Pt, b: Pt, c: Pt, d: Pt) -> Option<(f64, f64)> {
    let (r, s) = (b.minus(a), d.minus(c));
    let den = r.cross(s);
    if den == 0.0 {
        return None;
    }
    let t = c.minus(a).cross(s) / den;
    let u = c.minus(a).cross(r) / den;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// A ring moved inwards, each edge by its own distance. `None` when nothing sensible remains.
///
/// Edges that turn around are dropped once; good enough for blocks, which are nearly convex.
pub(super) fn inset(ring: &[Pt], by: impl Fn(usize) -> f64) -> Option<Vec<Pt>> {
    // Vertices inside a nearly straight run only make spikes: leave them out, with the widest margin of the run.
    let n = ring.len();
    let mut corners: Vec<(Pt, f64)> = Vec::new();
    for i in 0..n {
        let (p, q, r) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        let turn = q.minus(p).unit().cross(r.minus(q).unit());
        let m = by(i);
        match corners.last_mut() {
            Some(last) if turn > -0.03 && turn < 0.03 => last.1 = last.1.max(m),
            _ => corners.push((q, m)),
        }
    }
    for _ in 0..4 {
        let k = corners.len();
        if k < 3 {
            return None;
        }
        let line = |i: usize| {
            let (a, b) = (corners[i % k].0, corners[(i + 1) % k].0);
            let d = b.minus(a).unit();
            (a.plus(d.left().times(corners[i % k].1)), d)
        };
        let out: Vec<Pt> = (0..k)
            .map(|i| {
                let ((a, d), (b, e)) = (line(i + k - 1), line(i));
                let den = d.cross(e);
                if den.abs() < 0.05 { b } else { a.plus(d.times(b.minus(a).cross(e) / den)) }
            })
            .collect();
        let flipped: Vec<usize> =
            (0..k).filter(|&i| out[(i + 1) % k].minus(out[i]).dot(corners[(i + 1) % k].0.minus(corners[i].0)) <= 0.0).collect();
        if flipped.is_empty() {
            let out: Vec<Pt> = out.into_iter().map(Pt::snapped).collect();
            return (area(&out) > 400.0).then_some(out);
        }
        for i in flipped.into_iter().rev() {
            corners.remove(i);
        }
    }
    None
}
