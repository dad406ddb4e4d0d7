//! Exact noding: segments that cross, touch or lie on each other are cut until they meet only at common ends.
//!
//! Equal edges are taken once. Meetings are found by halving the plane until few edges are left together; a crossing that is
//! not on the grid is rounded to it, and what was bent thereby is looked at again. A piece always has a smaller box than
//! the edge it was cut from, so this comes to an end.

use super::hash::QuickMap;
use super::meet::{Meetings, meetings};
use crate::GridPoint;

/// More rounds than this were never needed; nor were so many cuts for each edge.
const MAX_ROUNDS: usize = 64;

/// A segment and what it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub a: GridPoint,
    pub b: GridPoint,
    pub source: u32,
}

/// A source that runs along an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Along {
    pub source: u32,
    /// From the smaller end of the edge to the larger.
    pub forward: bool,
}

/// Edges that meet at common ends only.
#[derive(Debug, Default)]
pub(crate) struct Noded {
    pub points: Vec<GridPoint>,
    /// The smaller point first.
    pub edges: Vec<(u32, u32)>,
    /// `along[first[e]..first[e + 1]]` run along edge `e`.
    first: Vec<u32>,
    along: Vec<Along>,
    /// How many edges were cut.
    pub cut: usize,
}

impl Noded {
    pub fn along(&self, edge: usize) -> &[Along] {
        &self.along[self.first[edge] as usize..self.first[edge + 1] as usize]
    }
}

/// Points by number.
#[derive(Default)]
pub(super) struct Points {
    pub list: Vec<GridPoint>,
    number: QuickMap<GridPoint, u32>,
}

impl Points {
    pub fn number(&mut self, p: GridPoint) -> u32 {
        *self.number.entry(p).or_insert_with(|| {
            self.list.push(p);
            (self.list.len() - 1) as u32
        })
    }
}

/// Edges by number, each with its pieces once it is cut.
#[derive(Default)]
struct Edges {
    list: Vec<(u32, u32)>,
    number: QuickMap<u64, u32>,
    /// Pieces and whether they run the same way.
    pieces: QuickMap<u32, Vec<(u32, bool)>>,
}

impl Edges {
    /// Number of the edge from `a` to `b`, and whether it runs so.
    fn number(&mut self, points: &Points, a: u32, b: u32) -> (u32, bool) {
        let forward = points.list[a as usize] < points.list[b as usize];
        let (lo, hi) = if forward { (a, b) } else { (b, a) };
        let next = self.list.len() as u32;
        let n = *self.number.entry(u64::from(lo) << 32 | u64::from(hi)).or_insert(next);
        if n == next {
            self.list.push((lo, hi));
        }
        (n, forward)
    }
}

/// Cuts segments where they meet. `None` when that does not come to an end in reasonable time. O(n log n + meetings).
pub(crate) fn node(segments: &[Segment]) -> Option<Noded> {
    let mut points = Points::default();
    let mut edges = Edges::default();
    points.list.reserve(segments.len());
    points.number.reserve(segments.len());
    edges.number.reserve(segments.len());
    let mut of_segment: Vec<(u32, bool)> = Vec::with_capacity(segments.len());
    for s in segments {
        if s.a == s.b {
            of_segment.push((u32::MAX, true));
            continue;
        }
        let (a, b) = (points.number(s.a), points.number(s.b));
        of_segment.push(edges.number(&points, a, b));
    }
    let limit = edges.list.len().saturating_mul(64).max(100_000);
    let mut new = 0;
    let mut rounds = 0;
    loop {
        let alive: Vec<u32> = (0..edges.list.len() as u32).filter(|e| !edges.pieces.contains_key(e)).collect();
        let Meetings { mut cuts } = meetings(&points.list, &edges.list, &alive, new);
        if cuts.is_empty() {
            break;
        }
        rounds += 1;
        cuts.sort_unstable();
        cuts.dedup();
        if rounds > MAX_ROUNDS || edges.list.len() + cuts.len() > limit {
            return None;
        }
        new = edges.list.len() as u32;
        for run in cuts.chunk_by(|a, b| a.0 == b.0) {
            cut(&mut points, &mut edges, run[0].0, run.iter().map(|c| c.1));
        }
    }
    Some(finish(points, edges, segments, &of_segment))
}

/// Cuts one edge at points.
fn cut(points: &mut Points, edges: &mut Edges, edge: u32, at: impl Iterator<Item = GridPoint>) {
    let (lo, hi) = edges.list[edge as usize];
    let (a, b) = (points.list[lo as usize], points.list[hi as usize]);
    let (dx, dy) = (i128::from(b.x - a.x), i128::from(b.y - a.y));
    // In their order along the edge; rounded points are a little beside it.
    let mut stops: Vec<(i128, GridPoint)> = at.map(|p| (i128::from(p.x - a.x) * dx + i128::from(p.y - a.y) * dy, p)).collect();
    stops.sort_unstable();
    let mut pieces = Vec::with_capacity(stops.len() + 1);
    let mut from = lo;
    for to in stops.into_iter().map(|s| points.number(s.1)).chain([hi]).collect::<Vec<_>>() {
        if from != to {
            pieces.push(edges.number(points, from, to));
        }
        from = to;
    }
    edges.pieces.insert(edge, pieces);
}

/// Every segment as its pieces, gathered by piece.
fn finish(points: Points, edges: Edges, segments: &[Segment], of_segment: &[(u32, bool)]) -> Noded {
    // (edge, along) pairs, then sorted into place by counting.
    let mut uses: Vec<(u32, Along)> = Vec::with_capacity(segments.len());
    let mut stack = Vec::new();
    for (s, &(edge, forward)) in segments.iter().zip(of_segment) {
        if edge == u32::MAX {
            continue;
        }
        stack.push((edge, forward));
        while let Some((e, forward)) = stack.pop() {
            match edges.pieces.get(&e) {
                Some(pieces) => stack.extend(pieces.iter().map(|&(p, same)| (p, same == forward))),
                None => uses.push((e, Along { source: s.source, forward })),
            }
        }
    }
    let mut rank = vec![u32::MAX; edges.list.len()];
    let mut kept = Vec::with_capacity(edges.list.len() - edges.pieces.len());
    for (e, r) in rank.iter_mut().enumerate() {
        if !edges.pieces.contains_key(&(e as u32)) {
            *r = kept.len() as u32;
            kept.push(edges.list[e]);
        }
    }
    let mut first = vec![0u32; kept.len() + 1];
    for (e, _) in &uses {
        first[rank[*e as usize] as usize + 1] += 1;
    }
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    let mut next = first.clone();
    let mut along = vec![Along { source: 0, forward: true }; uses.len()];
    for (e, a) in uses {
        let slot = &mut next[rank[e as usize] as usize];
        along[*slot as usize] = a;
        *slot += 1;
    }
    Noded { points: points.list, edges: kept, first, along, cut: edges.pieces.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::exact::{Meeting, meeting};
    use proptest::prelude::*;

    fn p(x: i64, y: i64) -> GridPoint {
        GridPoint { x, y }
    }

    type Pair = (i64, i64);

    fn segments(list: &[(Pair, Pair)]) -> Vec<Segment> {
        list.iter().enumerate().map(|(i, (a, b))| Segment { a: p(a.0, a.1), b: p(b.0, b.1), source: i as u32 }).collect()
    }

    /// Every pair meets at a common end or not at all; every source still runs from its start to its end.
    fn well_noded(segments: &[Segment]) {
        let n = node(segments).unwrap();
        let ends = |e: usize| (n.points[n.edges[e].0 as usize], n.points[n.edges[e].1 as usize]);
        for e in 0..n.edges.len() {
            let (a, b) = ends(e);
            assert!(a < b);
            for f in 0..e {
                let (c, d) = ends(f);
                match meeting(a, b, c, d) {
                    Meeting::Apart => {}
                    Meeting::Touch(t) => assert!((t == a || t == b) && (t == c || t == d), "{a:?} {b:?} {c:?} {d:?}"),
                    other => panic!("{other:?}: {a:?} {b:?} {c:?} {d:?}"),
                }
            }
        }
        let mut net: QuickMap<(u32, GridPoint), i32> = QuickMap::default();
        for e in 0..n.edges.len() {
            let (a, b) = ends(e);
            for along in n.along(e) {
                let (from, to) = if along.forward { (a, b) } else { (b, a) };
                *net.entry((along.source, from)).or_default() += 1;
                *net.entry((along.source, to)).or_default() -= 1;
            }
        }
        for s in segments.iter().filter(|s| s.a != s.b) {
            assert_eq!((net.remove(&(s.source, s.a)), net.remove(&(s.source, s.b))), (Some(1), Some(-1)));
        }
        assert!(net.values().all(|v| *v == 0));
    }

    #[test]
    fn crossings_touches_and_common_stretches() {
        well_noded(&segments(&[((0, 0), (10, 10)), ((0, 10), (10, 0))]));
        well_noded(&segments(&[((0, 0), (10, 10)), ((0, 9), (10, 0)), ((5, 5), (5, 20)), ((3, 3), (20, 20)), ((7, 7), (7, 7))]));
        well_noded(&segments(&[((0, 0), (10, 0)), ((10, 0), (0, 0)), ((2, 0), (4, 0)), ((3, 0), (30, 0))]));
        let far = 180_000_000_000;
        well_noded(&segments(&[
            ((-far, -far / 2), (far, far / 2 - 1)),
            ((-far, far / 2), (far, -far / 2)),
            ((0, -far / 2), (1, far / 2)),
        ]));
    }

    proptest! {
        #[test]
        fn small_grids_with_much_rounding(list in prop::collection::vec(((0i64..12, 0i64..12), (0i64..12, 0i64..12)), 0..40)) {
            well_noded(&segments(&list));
        }

        #[test]
        fn large_numbers(list in prop::collection::vec(((-1_000_000_007i64..1_000_000_007, -99_999_999i64..99_999_999), (-1_000_000_007i64..1_000_000_007, -99_999_999i64..99_999_999)), 0..60)) {
            well_noded(&segments(&list));
        }
    }
}
