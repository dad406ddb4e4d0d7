//! Noded edges as a planar map: half-edges turned around their points by exact angle, walks around faces, and which walks
//! bound the same region.
//!
//! Half-edge `2e` runs from the smaller to the larger end of edge `e`, `2e + 1` back; each has its region to its left.

use std::cmp::Ordering;

use super::locate::Strips;
use crate::GridPoint;
use crate::repair::exact::cross;

/// The region around everything.
pub(crate) const OUTSIDE: u32 = 0;

#[derive(Debug, Default)]
pub(crate) struct Arrangement {
    /// The half-edge that follows with the same region to its left.
    next: Vec<u32>,
    /// Walk of each half-edge.
    walk: Vec<u32>,
    /// One half-edge of each walk.
    first: Vec<u32>,
    /// Twice the area each walk goes around; what bounds a region from inside is negative.
    pub area2: Vec<i128>,
    /// Region of each walk.
    region: Vec<u32>,
    /// Number of regions, the outside included.
    pub regions: usize,
}

/// Whether direction `a` from `o` comes before `b`, from straight down (not included) turning left.
pub(super) fn by_angle(o: GridPoint, a: GridPoint, b: GridPoint) -> Ordering {
    let left = |p: GridPoint| (p.x, p.y) < (o.x, o.y);
    left(a).cmp(&left(b)).then_with(|| 0.cmp(&cross(o, a, b).signum()))
}

impl Arrangement {
    /// O(n log n). The edges meet at common ends only; the smaller end of each comes first.
    pub fn new(points: &[GridPoint], edges: &[(u32, u32)]) -> Self {
        let around = Around::new(points, edges);
        let mut made = Self { next: around.next(edges), ..Self::default() };
        made.walks(points, edges);
        made.find_regions(points, edges, &around);
        made
    }

    /// The region to the left of a half-edge.
    #[inline]
    pub fn region(&self, half: u32) -> u32 {
        self.region[self.walk[half as usize] as usize]
    }

    /// Twice the area of each region; the outside's is negative.
    pub fn region_area2(&self) -> Vec<i128> {
        let mut sum = vec![0; self.regions];
        for (area, region) in self.area2.iter().zip(&self.region) {
            sum[*region as usize] += area;
        }
        sum
    }

    fn walks(&mut self, points: &[GridPoint], edges: &[(u32, u32)]) {
        self.walk = vec![u32::MAX; self.next.len()];
        let start = |h: u32| {
            let (a, b) = edges[h as usize / 2];
            points[if h.is_multiple_of(2) { a } else { b } as usize]
        };
        for h in 0..self.next.len() as u32 {
            if self.walk[h as usize] != u32::MAX {
                continue;
            }
            let number = self.first.len() as u32;
            self.first.push(h);
            let (o, mut area2, mut at) = (start(h), 0i128, h);
            loop {
                self.walk[at as usize] = number;
                let next = self.next[at as usize];
                area2 += cross(o, start(at), start(next));
                at = next;
                if at == h {
                    break;
                }
            }
            self.area2.push(area2);
        }
    }

    /// Each component lies in one region of the others, or outside.
    fn find_regions(&mut self, points: &[GridPoint], edges: &[(u32, u32)], around: &Around) {
        let leftmost = around.components(points, edges);
        self.region = vec![u32::MAX; self.first.len()];
        // The walk around a component from outside passes its smallest point, under the direction turned furthest left.
        let outer = |this: &Self, v: u32| around.out(v).last().map(|h| this.walk[*h as usize]);
        let outers: Vec<Option<u32>> = leftmost.iter().map(|v| outer(self, *v)).collect();
        let is_outer: Vec<bool> = {
            let mut flags = vec![false; self.first.len()];
            outers.iter().flatten().for_each(|w| flags[*w as usize] = true);
            flags
        };
        self.regions = 1;
        for (walk, outer) in is_outer.iter().enumerate() {
            if !outer {
                self.region[walk] = self.regions as u32;
                self.regions += 1;
            }
        }
        let strips = (leftmost.len() > 1).then(|| Strips::new(points, edges));
        // In the order of their smallest points: what lies below one was placed before it.
        for (v, walk) in leftmost.iter().zip(outers) {
            let Some(walk) = walk else { continue };
            let below = strips.as_ref().and_then(|s| s.edge_below(points, edges, points[*v as usize]));
            self.region[walk as usize] = match below {
                Some(edge) => self.region(2 * edge),
                None => OUTSIDE,
            };
        }
    }
}

/// The half-edges that leave each point, by angle.
struct Around {
    start: Vec<u32>,
    out: Vec<u32>,
}

impl Around {
    fn new(points: &[GridPoint], edges: &[(u32, u32)]) -> Self {
        let mut start = vec![0u32; points.len() + 1];
        for (a, b) in edges {
            start[*a as usize + 1] += 1;
            start[*b as usize + 1] += 1;
        }
        for i in 1..start.len() {
            start[i] += start[i - 1];
        }
        let mut fill = start.clone();
        let mut out = vec![0u32; 2 * edges.len()];
        for (e, (a, b)) in edges.iter().enumerate() {
            for (v, h) in [(*a, 2 * e as u32), (*b, 2 * e as u32 + 1)] {
                out[fill[v as usize] as usize] = h;
                fill[v as usize] += 1;
            }
        }
        let end = |h: u32| {
            let (a, b) = edges[h as usize / 2];
            points[if h.is_multiple_of(2) { b } else { a } as usize]
        };
        for v in 0..points.len() {
            out[start[v] as usize..start[v + 1] as usize].sort_unstable_by(|g, h| by_angle(points[v], end(*g), end(*h)));
        }
        Self { start, out }
    }

    fn out(&self, v: u32) -> &[u32] {
        &self.out[self.start[v as usize] as usize..self.start[v as usize + 1] as usize]
    }

    /// Arriving at a point, the next to the right of going back keeps the region to the left.
    fn next(&self, edges: &[(u32, u32)]) -> Vec<u32> {
        let mut next = vec![0u32; 2 * edges.len()];
        for v in 0..self.start.len() as u32 - 1 {
            let out = self.out(v);
            for (i, h) in out.iter().enumerate() {
                let before = if i == 0 { out.len() - 1 } else { i - 1 };
                next[(h ^ 1) as usize] = out[before];
            }
        }
        next
    }

    /// The smallest point of each component, ascending.
    fn components(&self, points: &[GridPoint], edges: &[(u32, u32)]) -> Vec<u32> {
        let mut seen = vec![false; points.len()];
        let mut stack = Vec::new();
        let mut leftmost = Vec::new();
        for v in 0..points.len() as u32 {
            if seen[v as usize] || self.out(v).is_empty() {
                continue;
            }
            seen[v as usize] = true;
            stack.push(v);
            let mut least = v;
            while let Some(u) = stack.pop() {
                if points[u as usize] < points[least as usize] {
                    least = u;
                }
                for h in self.out(u) {
                    let (a, b) = edges[*h as usize / 2];
                    let w = if h % 2 == 0 { b } else { a };
                    if !seen[w as usize] {
                        seen[w as usize] = true;
                        stack.push(w);
                    }
                }
            }
            leftmost.push(least);
        }
        leftmost.sort_unstable_by_key(|v| points[*v as usize]);
        leftmost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: i64, y: i64) -> GridPoint {
        GridPoint { x, y }
    }

    /// Edges of closed rings.
    fn rings(rings: &[&[(i64, i64)]]) -> (Vec<GridPoint>, Vec<(u32, u32)>) {
        let mut points: Vec<GridPoint> = Vec::new();
        let mut edges = Vec::new();
        let mut number = |q: (i64, i64)| {
            let q = p(q.0, q.1);
            points.iter().position(|x| *x == q).unwrap_or_else(|| {
                points.push(q);
                points.len() - 1
            }) as u32
        };
        for ring in rings {
            for i in 0..ring.len() {
                let (a, b) = (number(ring[i]), number(ring[(i + 1) % ring.len()]));
                edges.push(if ring[i] < ring[(i + 1) % ring.len()] { (a, b) } else { (b, a) });
            }
        }
        (points, edges)
    }

    #[test]
    fn squares_in_squares() {
        let (points, edges) = rings(&[
            &[(0, 0), (10, 0), (10, 10), (0, 10)],
            &[(2, 2), (4, 2), (4, 4), (2, 4)],
            &[(3, 3), (3, 4), (2, 3)][..0],
            &[(6, 6), (8, 6), (8, 8), (6, 8)],
            &[(20, 0), (30, 0), (25, 5)],
        ]);
        let a = Arrangement::new(&points, &edges);
        let mut areas = a.region_area2();
        assert_eq!(areas.remove(OUTSIDE as usize), -(200 + 50));
        areas.sort_unstable();
        assert_eq!(areas, [8, 8, 50, 200 - 16]);
    }

    #[test]
    fn angles_turn_left_from_straight_down() {
        let o = p(0, 0);
        let order = [p(1, -5), p(3, 0), p(1, 1), p(0, 2), p(-1, 1), p(-4, 0), p(-1, -1), p(0, -7)];
        for (i, a) in order.iter().enumerate() {
            for (j, b) in order.iter().enumerate() {
                assert_eq!(by_angle(o, *a, *b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }
}
