//! Borders between cells with fewer vertices, all together, so that they stay apart and in order.

use std::collections::{BTreeMap, BTreeSet};

use crate::GridPoint;
use crate::ground::metres_per_degree;
use crate::metric::nearest_fraction;
use crate::repair::exact::{Side, ring_side};
use crate::topology::Topology;
use crate::topology::arc::ArcData;
use crate::topology::hash::QuickMap;
use crate::topology::meet::meetings;
use crate::topology::noding::Points;
use crate::topology::patch::Patch;
use crate::topology::trace::bounds;
use crate::topology::types::{Face, Refusal, RefusalCode};
use crate::topology::verify::{Draft, Leaving, agree};

/// A border that meets another when simplified is tried again with half the tolerance, so often; then it stays.
const HALVINGS: u32 = 6;

/// A border on the way to fewer vertices.
struct Candidate<'a> {
    arc: &'a ArcData,
    points: Vec<GridPoint>,
    halved: u32,
}

impl Topology {
    /// Takes vertices out of the borders that some cells have with any cell (not of the outer border), so that no border
    /// moves further than the tolerance (Douglas–Peucker). Where that would make borders meet or pass over something, less
    /// is taken out. O(n log n) in the vertices of those borders, for each halving.
    pub(super) fn simplify(&self, faces: &[Face], tolerance_m: f64) -> Result<Patch, Refusal> {
        self.alive(faces)?;
        if !tolerance_m.is_finite() || tolerance_m <= 0.0 {
            return Err(Refusal::new(RefusalCode::NoChange, "the tolerance must be more than 0 m").about(faces.iter().copied()));
        }
        let mut candidates: BTreeMap<u32, Candidate<'_>> = self
            .arcs_around_all(faces)
            .into_iter()
            .filter_map(|id| Some((id, self.arc(id)?)))
            .filter(|(_, a)| !a.touches(None))
            .map(|(id, arc)| (id, Candidate { arc, points: thinned(arc, tolerance_m), halved: 0 }))
            .filter(|(_, c)| c.points.len() < c.arc.points.len())
            .collect();
        loop {
            let bad = self.in_conflict(&candidates);
            if bad.is_empty() {
                break;
            }
            for id in bad {
                let Some(c) = candidates.get_mut(&id) else { continue };
                c.halved += 1;
                let tolerance = tolerance_m / f64::from(1u32 << c.halved.min(HALVINGS));
                if c.halved < HALVINGS {
                    c.points = thinned(c.arc, tolerance);
                }
                if c.halved >= HALVINGS || c.points.len() == c.arc.points.len() {
                    candidates.remove(&id);
                }
            }
        }
        let mut draft = Draft::new(self);
        for (id, c) in candidates {
            draft.replace(id, c.arc, c.points);
        }
        draft.finish()
    }

    /// Candidates that meet something, pass over something, or come to a node in another order. Empty when all is well.
    fn in_conflict(&self, candidates: &BTreeMap<u32, Candidate<'_>>) -> BTreeSet<u32> {
        let mut bad = BTreeSet::new();
        let mut points = Points::default();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut of: Vec<u32> = Vec::new();
        let mut unique: QuickMap<(u32, u32), u32> = QuickMap::default();
        let mut add = |id: u32, a: GridPoint, b: GridPoint, bad: &mut BTreeSet<u32>| {
            let edge = (points.number(a.min(b)), points.number(a.max(b)));
            if let Some(other) = unique.insert(edge, id) {
                if other != id {
                    bad.extend([id, other]);
                }
                return;
            }
            edges.push(edge);
            of.push(id);
        };
        for (id, c) in candidates {
            for w in c.points.windows(2) {
                add(*id, w[0], w[1], &mut bad);
            }
            self.passes_over(c, *id, &mut bad);
        }
        // What is near and stays.
        let boxes: Vec<(GridPoint, GridPoint)> = candidates.values().map(|c| bounds(&c.arc.points)).collect();
        let mut near: BTreeSet<u32> = BTreeSet::new();
        for (lo, hi) in boxes {
            near.extend(self.segments_in(lo, hi).map(|(id, _, _)| id.arc).filter(|id| !candidates.contains_key(id)));
        }
        for (id, arc) in near.into_iter().filter_map(|id| Some((id, self.arc(id)?))) {
            for (a, b) in arc.segments() {
                add(id, a, b, &mut bad);
            }
        }
        let alive: Vec<u32> = (0..edges.len() as u32).collect();
        let mut cut: BTreeMap<GridPoint, Vec<u32>> = BTreeMap::new();
        for (edge, at) in meetings(&points.list, &edges, &alive, 0).cuts {
            bad.insert(of[edge as usize]);
            cut.entry(at).or_default().push(of[edge as usize]);
        }
        // An edge that stays is cut by a candidate's vertex only where it always was; one of the two is a candidate.
        bad.retain(|id| candidates.contains_key(id));
        self.out_of_order(candidates, &mut bad);
        bad
    }

    /// Something lies between the border as it was and as it would be.
    fn passes_over(&self, c: &Candidate<'_>, id: u32, bad: &mut BTreeSet<u32>) {
        let mut from = 0;
        for w in c.points.windows(2) {
            let Some(to) = (from + 1..c.arc.points.len()).find(|i| c.arc.points[*i] == w[1]) else { continue };
            let run = &c.arc.points[from..=to];
            if run.len() > 2 {
                let (lo, hi) = bounds(run);
                let over = self
                    .segments_in(lo, hi)
                    .flat_map(|(_, a, b)| [a, b])
                    .any(|p| !run.contains(&p) && ring_side(run, p) != Side::Outside);
                if over {
                    bad.insert(id);
                }
            }
            from = to;
        }
    }

    fn out_of_order(&self, candidates: &BTreeMap<u32, Candidate<'_>>, bad: &mut BTreeSet<u32>) {
        let nodes: BTreeSet<GridPoint> = candidates.values().flat_map(|c| [c.arc.first(), c.arc.last()]).collect();
        for node in nodes {
            let Some(ends) = self.nodes.get(&node) else { continue };
            let mut leaving: Vec<Leaving> = ends
                .iter()
                .filter_map(|end| {
                    let arc = self.arc(end.arc)?;
                    let (_, mut next, left, right) = arc.ends()[usize::from(end.last)];
                    if let Some(c) = candidates.get(&end.arc) {
                        next = c.points[if end.last { c.points.len() - 2 } else { 1 }];
                    }
                    Some((next, left, right, arc.closed()))
                })
                .collect();
            if !agree(node, &mut leaving) {
                bad.extend(ends.iter().map(|e| e.arc).filter(|id| candidates.contains_key(id)));
            }
        }
    }
}

/// The points of an arc that stay, both ends among them; of a closed one at least three.
fn thinned(arc: &ArcData, tolerance_m: f64) -> Vec<GridPoint> {
    let points = &arc.points;
    let n = points.len();
    let (mx, my) = metres_per_degree(arc.first().place().lat);
    let o = arc.first();
    let flat: Vec<(f64, f64)> = points
        .iter()
        .map(|p| ((p.x - o.x) as f64 / GridPoint::PER_DEGREE * mx, (p.y - o.y) as f64 / GridPoint::PER_DEGREE * my))
        .collect();
    let off = |i: usize, a: usize, b: usize| {
        let (a, b, p) = (flat[a], flat[b], flat[i]);
        let (from, d) = ((a.0 - p.0, a.1 - p.1), (b.0 - a.0, b.1 - a.1));
        let t = nearest_fraction(from, d);
        (from.0 + t * d.0).hypot(from.1 + t * d.1)
    };
    let furthest = |a: usize, b: usize| (a + 1..b).max_by(|i, j| off(*i, a, b).total_cmp(&off(*j, a, b)));
    let mut keep = vec![false; n];
    (keep[0], keep[n - 1]) = (true, true);
    let mut stack = vec![(0, n - 1)];
    if arc.closed() {
        // The point furthest from the start, and the one furthest from the line between the two: a triangle stays.
        let far = (1..n - 1).max_by(|i, j| off(*i, 0, 0).total_cmp(&off(*j, 0, 0))).unwrap_or(1);
        let aside = (1..n - 1).filter(|i| *i != far).max_by(|i, j| off(*i, 0, far).total_cmp(&off(*j, 0, far))).unwrap_or(far);
        let (one, two) = (far.min(aside), far.max(aside));
        (keep[one], keep[two]) = (true, true);
        stack = vec![(0, one), (one, two), (two, n - 1)];
    }
    while let Some((a, b)) = stack.pop() {
        let Some(i) = furthest(a, b) else { continue };
        if off(i, a, b) > tolerance_m {
            keep[i] = true;
            stack.extend([(a, i), (i, b)]);
        }
    }
    points.iter().zip(keep).filter(|(_, k)| *k).map(|(p, _)| *p).collect()
}
