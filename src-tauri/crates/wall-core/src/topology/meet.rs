//! Which edges meet other than at common ends, and where they must be cut.

use super::trace::point_on_inside;
use crate::GridPoint;
use crate::repair::exact::cross;

/// So few edges are compared pair by pair.
const FEW: usize = 20;
/// Deeper halving than this brings nothing: edges that meet in one point stay together.
const DEEP: u32 = 64;

/// Where edges must be cut: (edge, point), in no order, some several times.
pub(super) struct Meetings {
    pub cuts: Vec<(u32, GridPoint)>,
}

struct Search<'a> {
    points: &'a [GridPoint],
    edges: &'a [(u32, u32)],
    /// Edges from this number on are new; two old ones need not be compared.
    new: u32,
    cuts: Vec<(u32, GridPoint)>,
}

/// Half-open would lose edges on the line: boxes are closed, and an edge on the line goes both ways.
#[derive(Clone, Copy)]
struct Window {
    lo: GridPoint,
    hi: GridPoint,
}

/// Finds the meetings of edges of which at least one is new. O(n log n + pairs that are near each other).
pub(super) fn meetings(points: &[GridPoint], edges: &[(u32, u32)], alive: &[u32], new: u32) -> Meetings {
    let mut search = Search { points, edges, new, cuts: Vec::new() };
    let mut ends = alive.iter().flat_map(|e| [edges[*e as usize].0, edges[*e as usize].1]).map(|v| points[v as usize]);
    if let Some(first) = ends.next() {
        let window = ends.fold(Window { lo: first, hi: first }, |w, p| Window {
            lo: GridPoint { x: w.lo.x.min(p.x), y: w.lo.y.min(p.y) },
            hi: GridPoint { x: w.hi.x.max(p.x), y: w.hi.y.max(p.y) },
        });
        search.halve(alive, window, 0);
    }
    Meetings { cuts: search.cuts }
}

impl Search<'_> {
    fn ends(&self, e: u32) -> (GridPoint, GridPoint) {
        let (a, b) = self.edges[e as usize];
        (self.points[a as usize], self.points[b as usize])
    }

    fn halve(&mut self, list: &[u32], window: Window, depth: u32) {
        if list.len() < 2 || !list.iter().any(|e| *e >= self.new) {
            return;
        }
        let (width, height) = (window.hi.x - window.lo.x, window.hi.y - window.lo.y);
        if list.len() <= FEW || depth >= DEEP || (width <= 1 && height <= 1) {
            return self.compare(list, window);
        }
        let wide = width >= height;
        let coordinate = |p: GridPoint| if wide { p.x } else { p.y };
        let (low, high) = (coordinate(window.lo), coordinate(window.hi));
        // The mean of the middles keeps both sides about equal where edges are dense.
        let sum: i128 = list
            .iter()
            .map(|e| {
                let (a, b) = self.ends(*e);
                i128::from(coordinate(a)) + i128::from(coordinate(b))
            })
            .sum();
        let at = ((sum / (2 * list.len() as i128)) as i64).clamp(low, high.max(low + 1) - 1);
        let (mut one, mut two) = (window, window);
        if wide {
            (one.hi.x, two.lo.x) = (at, at);
        } else {
            (one.hi.y, two.lo.y) = (at, at);
        }
        let pick = |w: Window| -> Vec<u32> { list.iter().copied().filter(|e| self.enters(*e, w)).collect() };
        let (first, second) = (pick(one), pick(two));
        let same = |l: &Vec<u32>| l.len() * 10 > list.len() * 9;
        if (same(&first) && same(&second)) && list.len() < 64 {
            return self.compare(list, window);
        }
        self.halve(&first, one, depth + 1);
        drop(first);
        self.halve(&second, two, depth + 1);
    }

    /// Whether an edge comes into a window; may say yes for one that passes close by.
    fn enters(&self, e: u32, w: Window) -> bool {
        let (a, b) = self.ends(e);
        if a.x.max(b.x) < w.lo.x || a.x.min(b.x) > w.hi.x || a.y.max(b.y) < w.lo.y || a.y.min(b.y) > w.hi.y {
            return false;
        }
        let inside = |p: GridPoint| p.x >= w.lo.x && p.x <= w.hi.x && p.y >= w.lo.y && p.y <= w.hi.y;
        if inside(a) || inside(b) {
            return true;
        }
        // The corners on either side of the line through the edge.
        let (dx, dy) = ((b.x - a.x) as f64, (b.y - a.y) as f64);
        let side = |x: i64, y: i64| dx * (y - a.y) as f64 - dy * (x - a.x) as f64;
        let reach = (w.hi.x - w.lo.x).max(w.hi.y - w.lo.y) as f64;
        let doubt = 1e-9 * (dx.abs() + dy.abs()) * (dx.abs() + dy.abs() + reach);
        let corners = [side(w.lo.x, w.lo.y), side(w.hi.x, w.lo.y), side(w.lo.x, w.hi.y), side(w.hi.x, w.hi.y)];
        !(corners.iter().all(|c| *c > doubt) || corners.iter().all(|c| *c < -doubt))
    }

    /// Every meeting in the window. Two long edges are together in many windows; they are cut from the one they meet in (and
    /// from those that begin within a unit of it: what is not on the grid was rounded).
    fn compare(&mut self, list: &[u32], w: Window) {
        let from = self.cuts.len();
        for (i, &e) in list.iter().enumerate() {
            let (a, b) = self.ends(e);
            let (low_y, high_y) = (a.y.min(b.y), a.y.max(b.y));
            for &f in &list[i + 1..] {
                if e < self.new && f < self.new {
                    continue;
                }
                let (c, d) = self.ends(f);
                // Edges run from the smaller end: x ascends.
                if c.x > b.x || d.x < a.x || c.y.min(d.y) > high_y || c.y.max(d.y) < low_y {
                    continue;
                }
                self.pair(e, f, (a, b), (c, d));
            }
        }
        let mut kept = from;
        for i in from..self.cuts.len() {
            let p = self.cuts[i].1;
            if p.x >= w.lo.x - 1 && p.x <= w.hi.x + 1 && p.y >= w.lo.y - 1 && p.y <= w.hi.y + 1 {
                self.cuts[kept] = self.cuts[i];
                kept += 1;
            }
        }
        self.cuts.truncate(kept);
    }

    fn pair(&mut self, e: u32, f: u32, (a, b): (GridPoint, GridPoint), (c, d): (GridPoint, GridPoint)) {
        let common = if a == c || a == d {
            Some((a, b, if a == c { d } else { c }))
        } else if b == c || b == d {
            Some((b, a, if b == c { d } else { c }))
        } else {
            None
        };
        if let Some((s, p, q)) = common {
            // Two edges from one point: on each other only when they leave it the same way.
            if cross(s, p, q) == 0 {
                self.cut(e, (a, b), q);
                self.cut(f, (c, d), p);
            }
            return;
        }
        let (c_side, d_side) = (cross(a, b, c).signum(), cross(a, b, d).signum());
        if c_side * d_side > 0 {
            return;
        }
        let (a_side, b_side) = (cross(c, d, a).signum(), cross(c, d, b).signum());
        if a_side * b_side > 0 {
            return;
        }
        if c_side * d_side < 0 && a_side * b_side < 0 {
            let at = crossing(a, b, c, d);
            if at != a && at != b {
                self.cuts.push((e, at));
            }
            if at != c && at != d {
                self.cuts.push((f, at));
            }
            return;
        }
        self.cut(e, (a, b), c);
        self.cut(e, (a, b), d);
        self.cut(f, (c, d), a);
        self.cut(f, (c, d), b);
    }

    fn cut(&mut self, e: u32, (a, b): (GridPoint, GridPoint), at: GridPoint) {
        if point_on_inside(a, b, at) {
            self.cuts.push((e, at));
        }
    }
}

/// The grid point nearest to where two segments cross properly; inside the boxes of both.
pub(super) fn crossing(a: GridPoint, b: GridPoint, c: GridPoint, d: GridPoint) -> GridPoint {
    let n = cross(c, d, a);
    let whole = n - cross(c, d, b);
    let (n, whole) = if whole < 0 { (-n, -whole) } else { (n, whole) };
    let part = |from: i64, to: i64| from + ((2 * i128::from(to - from) * n + whole).div_euclid(2 * whole)) as i64;
    GridPoint { x: part(a.x, b.x), y: part(a.y, b.y) }
}
