//! All invariants of a subdivision, looked at from scratch.

use super::arrangement::Arrangement;
use super::hash::{QuickMap, QuickSet};
use super::meet::meetings;
use super::noding::Points;
use super::types::Face;
use super::verify::agree;
use super::{End, Topology};
use crate::GridPoint;

impl Topology {
    /// Whether everything holds that must: see the invariants of this module. For tests and after loading. O(n log n).
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), String> {
        self.check_arcs()?;
        self.check_lists()?;
        self.check_sides()
    }

    fn living(&self) -> impl Iterator<Item = (u32, &super::ArcData)> {
        self.arcs.iter().enumerate().filter_map(|(i, a)| Some((i as u32, a.as_ref()?)))
    }

    fn check_arcs(&self) -> Result<(), String> {
        for (id, arc) in self.living() {
            let n = arc.points.len();
            if n < 2 || (arc.closed() && n < 4) {
                return Err(format!("arc {id} has {n} points"));
            }
            if arc.left == arc.right {
                return Err(format!("arc {id} has {:?} on both sides", arc.left));
            }
            if arc.points.iter().any(|p| !super::on_globe(*p)) {
                return Err(format!("arc {id} leaves the globe"));
            }
            let again = super::ArcData::new(arc.points.to_vec(), arc.left, arc.right, true);
            if again != *arc {
                return Err(format!("arc {id} is not written the usual way"));
            }
        }
        Ok(())
    }

    /// Nodes, faces and the tree name exactly the living arcs.
    fn check_lists(&self) -> Result<(), String> {
        let mut nodes: QuickMap<GridPoint, Vec<End>> = QuickMap::default();
        let mut faces: Vec<Vec<u32>> = vec![Vec::new(); self.faces.len()];
        let mut runs: QuickSet<(u32, usize)> = QuickSet::default();
        for (id, arc) in self.living() {
            nodes.entry(arc.first()).or_default().push(End { arc: id, last: false });
            nodes.entry(arc.last()).or_default().push(End { arc: id, last: true });
            for f in arc.faces() {
                faces.get_mut(f.0 as usize).ok_or_else(|| format!("arc {id} names the unknown face {}", f.0))?.push(id);
            }
            runs.extend((0..arc.points.len() - 1).step_by(super::index::RUN).map(|from| (id, from)));
        }
        nodes.values_mut().for_each(|v| v.sort_unstable());
        if nodes != self.nodes {
            return Err("the list of nodes is wrong".into());
        }
        if faces != self.faces {
            return Err("the lists of arcs around faces are wrong".into());
        }
        if let Some((lo, hi)) = self.tree.bounds() {
            let mut seen = 0;
            for run in self.tree.runs(lo, hi) {
                seen += 1;
                if !runs.remove(&run) {
                    return Err(format!("the tree names {run:?} wrongly"));
                }
            }
            let _ = seen;
        }
        if runs.is_empty() { Ok(()) } else { Err(format!("{} runs are not in the tree", runs.len())) }
    }

    /// No two segments meet but at nodes; sides agree around nodes; islands lie where their outer side says.
    fn check_sides(&self) -> Result<(), String> {
        let mut points = Points::default();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut sides: Vec<(Option<Face>, Option<Face>)> = Vec::new();
        let mut inner: QuickSet<GridPoint> = QuickSet::default();
        for (id, arc) in self.living() {
            for p in &arc.points[1..arc.points.len() - 1] {
                if !inner.insert(*p) || self.nodes.contains_key(p) {
                    return Err(format!("arc {id} touches another (or itself) at {p:?}"));
                }
            }
            for (a, b) in arc.segments() {
                let (lo, hi) = (points.number(a.min(b)), points.number(a.max(b)));
                edges.push((lo, hi));
                sides.push(if a < b { (arc.left, arc.right) } else { (arc.right, arc.left) });
            }
        }
        let mut unique: QuickSet<(u32, u32)> = QuickSet::default();
        if let Some(e) = edges.iter().find(|e| !unique.insert(**e)) {
            return Err(format!("an edge from {:?} is there twice", points.list[e.0 as usize]));
        }
        let alive: Vec<u32> = (0..edges.len() as u32).collect();
        if let Some((e, at)) = meetings(&points.list, &edges, &alive, 0).cuts.first() {
            return Err(format!("the edge from {:?} meets another at {at:?}", points.list[edges[*e as usize].0 as usize]));
        }
        for (node, ends) in &self.nodes {
            let mut seen: Vec<_> = ends
                .iter()
                .filter_map(|end| {
                    let arc = self.arc(end.arc)?;
                    let e = arc.ends()[usize::from(end.last)];
                    Some((e.1, e.2, e.3, arc.closed()))
                })
                .collect();
            if !agree(*node, &mut seen) {
                return Err(format!("the sides around the node {node:?} do not agree"));
            }
        }
        // Every region of the plane has one owner, the outside none.
        let arrangement = Arrangement::new(&points.list, &edges);
        let mut owner: Vec<Option<Option<Face>>> = vec![None; arrangement.regions];
        owner[super::arrangement::OUTSIDE as usize] = Some(None);
        for (e, (left, right)) in sides.iter().enumerate() {
            for (half, side) in [(2 * e as u32, left), (2 * e as u32 + 1, right)] {
                let known = owner[arrangement.region(half) as usize].get_or_insert(*side);
                if known != side {
                    let at = points.list[edges[e].0 as usize];
                    return Err(format!("ground at {at:?} is of {known:?} and of {side:?}"));
                }
            }
        }
        Ok(())
    }
}
