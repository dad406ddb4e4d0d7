//! The street graph: a planar subdivision whose faces share their vertices exactly.
//!
//! A vertex put on an edge enters the rings of both faces beside it, so cells made of faces never have a gap,
//! an overlap or a T-junction that only one side knows.

use super::dice::Dice;
use super::plane::{Pt, area, centroid, crossing, edges, perimeter, pt, ring_distance};
use std::collections::{BTreeMap, HashMap};

/// Index into [`Graph::nodes`].
pub(super) type Node = u32;

/// A planar subdivision. Faces are counter-clockwise rings of nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Pt>,
    pub(super) faces: Vec<Vec<Node>>,
    /// Which line an edge belongs to; key is (smaller node, larger node).
    lines: HashMap<(Node, Node), u32>,
    /// The face to the left of a directed edge.
    left: HashMap<(Node, Node), usize>,
}

fn key(a: Node, b: Node) -> (Node, Node) {
    (a.min(b), a.max(b))
}

impl Graph {
    /// Cuts the lines at their crossings, drops loose ends, and finds the faces. O(segments²).
    pub(super) fn arrange(lines: &[Vec<Pt>]) -> Self {
        let segments: Vec<(u32, Pt, Pt)> =
            lines.iter().enumerate().flat_map(|(i, l)| l.windows(2).map(move |w| (i as u32, w[0], w[1]))).collect();
        let mut cuts: Vec<Vec<f64>> = vec![vec![0.0, 1.0]; segments.len()];
        let mut places: Vec<Vec<(f64, Pt)>> = vec![Vec::new(); segments.len()];
        for i in 0..segments.len() {
            for j in i + 1..segments.len() {
                if segments[i].0 == segments[j].0 {
                    continue;
                }
                if let Some((t, u)) = crossing(segments[i].1, segments[i].2, segments[j].1, segments[j].2) {
                    let p = segments[i].1.lerp(segments[i].2, t).snapped();
                    cuts[i].push(t);
                    cuts[j].push(u);
                    places[i].push((t, p));
                    places[j].push((u, p));
                }
            }
        }
        let mut g = Self::default();
        let mut ids: HashMap<(i64, i64), Node> = HashMap::new();
        let mut around: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for (i, (line, a, b)) in segments.iter().enumerate() {
            let mut stops: Vec<(f64, Pt)> = places[i].clone();
            stops.push((0.0, *a));
            stops.push((1.0, *b));
            stops.sort_by(|x, y| x.0.total_cmp(&y.0));
            let chain: Vec<Node> = stops
                .iter()
                .map(|(_, p)| {
                    *ids.entry(((p.x * 1000.0).round() as i64, (p.y * 1000.0).round() as i64)).or_insert_with(|| {
                        g.nodes.push(p.snapped());
                        g.nodes.len() as Node - 1
                    })
                })
                .collect();
            for w in chain.windows(2).filter(|w| w[0] != w[1]) {
                if g.lines.insert(key(w[0], w[1]), *line).is_none() {
                    around.entry(w[0]).or_default().push(w[1]);
                    around.entry(w[1]).or_default().push(w[0]);
                }
            }
        }
        while let Some((&n, to)) = around.iter().find(|(_, to)| to.len() == 1) {
            let m = to[0];
            around.remove(&n);
            g.lines.remove(&key(n, m));
            if let Some(back) = around.get_mut(&m) {
                back.retain(|x| *x != n);
                if back.is_empty() {
                    around.remove(&m);
                }
            }
        }
        for (n, to) in &mut around {
            let o = g.nodes[*n as usize];
            to.sort_by(|a, b| {
                let at = |m: &Node| turn_key(g.nodes[*m as usize].minus(o));
                at(a).total_cmp(&at(b))
            });
        }
        let mut seen: std::collections::HashSet<(Node, Node)> = std::collections::HashSet::new();
        for (&n, to) in &around {
            for &m in to {
                if seen.contains(&(n, m)) {
                    continue;
                }
                let mut ring = Vec::new();
                let (mut u, mut v) = (n, m);
                while seen.insert((u, v)) {
                    ring.push(u);
                    let fan = &around[&v];
                    let at = fan.iter().position(|x| *x == u).unwrap_or(0);
                    (u, v) = (v, fan[(at + fan.len() - 1) % fan.len()]);
                }
                if area(&g.points(&ring)) > 1.0 {
                    let f = g.faces.len();
                    for i in 0..ring.len() {
                        g.left.insert((ring[i], ring[(i + 1) % ring.len()]), f);
                    }
                    g.faces.push(ring);
                }
            }
        }
        g
    }

    /// Coordinates of a ring.
    pub(super) fn points(&self, ring: &[Node]) -> Vec<Pt> {
        ring.iter().map(|n| self.nodes[*n as usize]).collect()
    }

    /// Coordinates of a face.
    pub(super) fn face(&self, f: usize) -> Vec<Pt> {
        self.points(&self.faces[f])
    }

    /// The line an edge belongs to.
    pub(super) fn line(&self, a: Node, b: Node) -> Option<u32> {
        self.lines.get(&key(a, b)).copied()
    }

    /// The face left of the directed edge.
    pub(super) fn face_left(&self, a: Node, b: Node) -> Option<usize> {
        self.left.get(&(a, b)).copied()
    }

    /// Every edge with its line, sorted.
    pub(super) fn edges(&self) -> Vec<(Node, Node, u32)> {
        let mut all: Vec<_> = self.lines.iter().map(|(&(a, b), &l)| (a, b, l)).collect();
        all.sort_unstable();
        all
    }

    /// The outer ring around a set of faces that hang together, with every vertex any of them has there.
    pub(super) fn outline(&self, faces: &[usize]) -> Vec<Node> {
        let set: std::collections::BTreeSet<usize> = faces.iter().copied().collect();
        let mut next: BTreeMap<Node, Node> = BTreeMap::new();
        for &f in &set {
            let ring = &self.faces[f];
            for i in 0..ring.len() {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                if self.face_left(b, a).is_none_or(|o| !set.contains(&o)) {
                    next.insert(a, b);
                }
            }
        }
        let mut ring = Vec::new();
        if let Some((&start, _)) = next.iter().next() {
            let mut at = start;
            while let Some(to) = next.remove(&at) {
                ring.push(at);
                at = to;
            }
        }
        ring
    }

    /// Puts a vertex on an edge, for both faces beside it.
    fn insert_on(&mut self, a: Node, b: Node, p: Pt) -> Node {
        let n = self.nodes.len() as Node;
        self.nodes.push(p.snapped());
        if let Some(line) = self.lines.remove(&key(a, b)) {
            self.lines.insert(key(a, n), line);
            self.lines.insert(key(n, b), line);
        }
        for (u, v) in [(a, b), (b, a)] {
            if let Some(f) = self.left.remove(&(u, v)) {
                if let Some(at) = self.faces[f].iter().position(|x| *x == u) {
                    self.faces[f].insert(at + 1, n);
                }
                self.left.insert((u, n), f);
                self.left.insert((n, v), f);
            }
        }
        n
    }

    /// Divides a face by a street so that about `ratio` of it lies on one side. Returns (that side, the other),
    /// or `None` when no decent cut exists. The new edges belong to `line`.
    pub(super) fn divide(&mut self, f: usize, ratio: f64, line: u32, dice: &mut Dice) -> Option<(usize, usize)> {
        let ring = self.face(f);
        let total = area(&ring);
        let axis = long_axis(&ring);
        let longest = edges(&ring).fold((0.0, axis), |best, (a, b)| {
            let d = b.minus(a);
            if d.len() > best.0 { (d.len(), d.unit()) } else { best }
        });
        let mut best: Option<(f64, Cut)> = None;
        for (base, handicap) in [(axis.left(), 0.0), (longest.1.left(), 0.02), (longest.1, 0.05)] {
            for tilt in [-0.22, -0.1, 0.0, 0.1, 0.22] {
                let dir = base.plus(base.left().times(tilt)).unit();
                let across = dir.left();
                let (lo, hi) = ring.iter().fold((f64::MAX, f64::MIN), |(lo, hi), p| {
                    let d = p.dot(across);
                    (lo.min(d), hi.max(d))
                });
                for k in 2..19 {
                    let at = lo + (hi - lo) * (f64::from(k) + 0.13) / 21.0;
                    let Some(cut) = chord(&ring, dir, across, at) else { continue };
                    let parts = cut.parts(&ring);
                    let (a0, a1) = (area(&parts[0]), area(&parts[1]));
                    if a0 <= 0.0 || a1 <= 0.0 {
                        continue;
                    }
                    let miss = (a0 / total - ratio).abs().min((a1 / total - ratio).abs());
                    let round = |a: f64, r: &[Pt]| 12.566 * a / (perimeter(r) * perimeter(r));
                    let shape = round(a0, &parts[0]).min(round(a1, &parts[1]));
                    let cost =
                        3.0 * miss + 0.9 * (0.8 - shape).max(0.0) + 0.35 * cut.slant(&ring, dir) + handicap + 0.12 * dice.unit();
                    if best.as_ref().is_none_or(|(c, _)| cost < *c) {
                        best = Some((cost, cut));
                    }
                }
            }
        }
        let (_, cut) = best?;
        let nodes = self.faces[f].clone();
        let n = nodes.len();
        let mut ends = [0; 2];
        for (slot, (i, p)) in [cut.from, cut.to].into_iter().enumerate() {
            let (a, b) = (nodes[i], nodes[(i + 1) % n]);
            let (pa, pb) = (self.nodes[a as usize], self.nodes[b as usize]);
            // Meeting an old vertex makes a crossing; ending just beside one would make a sliver.
            ends[slot] = if pa.dist(p) < 16.0 && pa.dist(p) <= pb.dist(p) {
                a
            } else if pb.dist(p) < 16.0 {
                b
            } else if slot == 1 && cut.from.0 == i {
                return None;
            } else {
                self.insert_on(a, b, p)
            };
        }
        let [a, b] = ends;
        if a == b || self.lines.contains_key(&key(a, b)) {
            return None;
        }
        let (pa, pb) = (self.nodes[a as usize], self.nodes[b as usize]);
        let chord = pb.minus(pa);
        let mut middle = Vec::new();
        if chord.len() > 150.0 {
            let bend = pa.lerp(pb, dice.range(0.38, 0.62)).plus(chord.left().times(dice.range(-0.045, 0.045)));
            if ring_distance(&ring, bend) > 25.0 && super::plane::inside(&ring, bend) {
                middle.push(bend);
            }
        }
        Some(self.split(f, a, b, &middle, line))
    }

    /// Splits a face by a line from node `a` to node `b` of its ring.
    fn split(&mut self, f: usize, a: Node, b: Node, middle: &[Pt], line: u32) -> (usize, usize) {
        let ids: Vec<Node> = middle
            .iter()
            .map(|p| {
                self.nodes.push(p.snapped());
                self.nodes.len() as Node - 1
            })
            .collect();
        let mut ring = self.faces[f].clone();
        let start = ring.iter().position(|n| *n == a).unwrap_or(0);
        ring.rotate_left(start);
        let at_b = ring.iter().position(|n| *n == b).unwrap_or(1);
        let mut first: Vec<Node> = ring[..=at_b].to_vec();
        first.extend(ids.iter().rev());
        let mut second: Vec<Node> = ring[at_b..].to_vec();
        second.push(a);
        second.extend(&ids);
        let chain: Vec<Node> = std::iter::once(a).chain(ids).chain([b]).collect();
        for w in chain.windows(2) {
            self.lines.insert(key(w[0], w[1]), line);
        }
        let g = self.faces.len();
        self.faces[f] = first;
        self.faces.push(second);
        for face in [f, g] {
            let ring = self.faces[face].clone();
            for i in 0..ring.len() {
                self.left.insert((ring[i], ring[(i + 1) % ring.len()]), face);
            }
        }
        (f, g)
    }
}

/// Grows with the angle from east, counter-clockwise, 0 … 4, without trigonometry.
fn turn_key(d: Pt) -> f64 {
    let s = d.x.abs() + d.y.abs();
    let k = d.x / s;
    if d.y >= 0.0 { 1.0 - k } else { 3.0 + k }
}

/// Direction in which the ring is longest (main axis of its area).
pub(super) fn long_axis(ring: &[Pt]) -> Pt {
    let c = centroid(ring);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in edges(ring) {
        let (a, b) = (a.minus(c), b.minus(c));
        let w = a.cross(b);
        xx += w * (a.x * a.x + a.x * b.x + b.x * b.x);
        yy += w * (a.y * a.y + a.y * b.y + b.y * b.y);
        xy += w * (a.x * b.y + 2.0 * a.x * a.y + 2.0 * b.x * b.y + b.x * a.y) / 2.0;
    }
    let half = (xx - yy) / 2.0;
    let big = half + (half * half + xy * xy).sqrt();
    // (big, xy) and (xy, big − 2·half) are the same eigenvector; take the longer for accuracy.
    let (u, v) = (pt(big, xy), pt(xy, big - 2.0 * half));
    if u.len() >= v.len() { u.unit() } else { v.unit() }
}

/// A straight cut: edge index and point where it enters and leaves.
struct Cut {
    from: (usize, Pt),
    to: (usize, Pt),
}

impl Cut {
    /// The two rings it would make.
    fn parts(&self, ring: &[Pt]) -> [Vec<Pt>; 2] {
        let n = ring.len();
        let walk = |from: (usize, Pt), to: (usize, Pt)| {
            let mut out = vec![from.1];
            let mut i = (from.0 + 1) % n;
            loop {
                out.push(ring[i]);
                if i == to.0 {
                    break;
                }
                i = (i + 1) % n;
            }
            out.push(to.1);
            out
        };
        [walk(self.from, self.to), walk(self.to, self.from)]
    }

    /// 0 when it meets both borders at right angles, up to 2.
    fn slant(&self, ring: &[Pt], dir: Pt) -> f64 {
        [self.from.0, self.to.0]
            .iter()
            .map(|&i| {
                let d = ring[(i + 1) % ring.len()].minus(ring[i]).unit().dot(dir);
                d * d
            })
            .sum()
    }
}

/// The longest piece inside the ring of the line `p · across = at`.
fn chord(ring: &[Pt], dir: Pt, across: Pt, at: f64) -> Option<Cut> {
    let n = ring.len();
    let mut hits: Vec<(f64, usize, Pt)> = Vec::new();
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        let (da, db) = (a.dot(across) - at, b.dot(across) - at);
        if (da > 0.0) != (db > 0.0) {
            let p = a.lerp(b, da / (da - db));
            hits.push((p.dot(dir), i, p));
        }
    }
    hits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let best = hits
        .chunks_exact(2)
        .filter(|c| c[0].1 != c[1].1 && c[1].0 - c[0].0 > 30.0)
        .max_by(|a, b| (a[1].0 - a[0].0).total_cmp(&(b[1].0 - b[0].0)))?;
    Some(Cut { from: (best[0].1, best[0].2), to: (best[1].1, best[1].2) })
}
