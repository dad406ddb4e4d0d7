//! A change is looked at before it is handed out: only what it touches, but that completely.

use std::collections::{BTreeMap, BTreeSet};

use super::Topology;
use super::arc::ArcData;
use super::arrangement::by_angle;
use super::hash::{QuickMap, QuickSet};
use super::meet::meetings;
use super::noding::Points;
use super::patch::Patch;
use super::trace::{self, Stretch, bounds};
use super::types::{Face, Refusal, RefusalCode};
use crate::overlay::area2;
use crate::repair::exact::{Meeting, Side, meeting, polygon_side};
use crate::{GridPoint, GridPolygon};

/// A change not yet looked at.
pub(super) struct Draft<'a> {
    pub topology: &'a Topology,
    pub removed: BTreeSet<u32>,
    /// Numbered by the caller, or to be numbered.
    pub added: Vec<(Option<u32>, ArcData)>,
    pub created: Vec<Face>,
    /// Ground over which borders pass: nothing else may lie there.
    pub swept: Vec<GridPolygon>,
    /// Faces that may fall into more parts.
    pub may_part: bool,
    /// Faces that may lose all of their ground.
    pub may_lose: bool,
    /// Whether the ground of all cells together may change.
    pub outer: bool,
}

/// The ground of a face before and after.
struct Grounds {
    before: Vec<GridPolygon>,
    after: Vec<GridPolygon>,
}

impl<'a> Draft<'a> {
    pub fn new(topology: &'a Topology) -> Self {
        Self {
            topology,
            removed: BTreeSet::new(),
            added: Vec::new(),
            created: Vec::new(),
            swept: Vec::new(),
            may_part: false,
            may_lose: false,
            outer: false,
        }
    }

    /// The patch, when everything holds. O((arcs of the changed faces + what is near the new borders) · log n).
    pub fn finish(mut self) -> Result<Patch, Refusal> {
        self.added.sort_by(|(i, a), (j, b)| {
            (i.is_none(), i, a.first(), a.points[1], a.last()).cmp(&(j.is_none(), j, b.first(), b.points[1], b.last()))
        });
        if self.added.iter().any(|(_, a)| a.points.iter().any(|p| !super::on_globe(*p))) {
            return Err(Refusal::new(RefusalCode::OffTheGrid, "a point would lie outside the world"));
        }
        // Before what comes back the same is left out: it was looked at when the ground was taken apart.
        self.nothing_swept()?;
        self.drop_unchanged();
        if self.removed.is_empty() && self.added.is_empty() {
            return Err(Refusal::new(RefusalCode::NoChange, "nothing would change"));
        }
        self.meets_only_at_nodes()?;
        self.sides_agree()?;
        let grounds = self.grounds()?;
        self.parts_and_union(&grounds)?;
        Ok(self.patch(&grounds))
    }

    /// Arcs that come back the same stay.
    fn drop_unchanged(&mut self) {
        let key = |a: &ArcData| (a.first(), a.points[1], a.last());
        let old: QuickMap<_, u32> = self.removed.iter().filter_map(|id| Some((key(self.topology.arc(*id)?), *id))).collect();
        let (topology, removed) = (self.topology, &mut self.removed);
        self.added.retain(|(_, arc)| match old.get(&key(arc)) {
            Some(id) if topology.arc(*id) == Some(arc) => !removed.remove(id),
            _ => true,
        });
    }

    fn about(&self) -> BTreeSet<Face> {
        let old = self.removed.iter().filter_map(|id| self.topology.arc(*id));
        old.chain(self.added.iter().map(|(_, a)| a)).flat_map(ArcData::faces).collect()
    }

    /// New segments meet others only in the ends of both arcs.
    fn meets_only_at_nodes(&self) -> Result<(), Refusal> {
        let about = |arcs: &[&ArcData]| arcs.iter().flat_map(|a| a.faces()).collect::<Vec<_>>();
        let undirected = |a: GridPoint, b: GridPoint| (a.min(b), a.max(b));
        let known: QuickSet<(GridPoint, GridPoint)> = self
            .removed
            .iter()
            .filter_map(|id| self.topology.arc(*id))
            .flat_map(ArcData::segments)
            .map(|(a, b)| undirected(a, b))
            .collect();
        let refuse = |met: Meeting, at: GridPoint, arcs: &[&ArcData]| {
            let (code, what) = match met {
                Meeting::Cross => (RefusalCode::CrossesBorder, "the border would cross another"),
                _ => (RefusalCode::TouchesBorder, "the border would touch another"),
            };
            Refusal::new(code, what).at(at).about(about(arcs))
        };
        // Against what stays.
        for (_, arc) in &self.added {
            for (a, b) in arc.segments().filter(|(a, b)| !known.contains(&undirected(*a, *b))) {
                let (lo, hi) = bounds(&[a, b]);
                for (id, c, d) in self.topology.segments_in(lo, hi) {
                    if self.removed.contains(&id.arc) {
                        continue;
                    }
                    let Some(other) = self.topology.arc(id.arc) else { continue };
                    let met = meeting(a, b, c, d);
                    match met {
                        Meeting::Apart => {}
                        Meeting::Touch(t) if arc.ends_at(t) && other.ends_at(t) => {}
                        Meeting::Touch(t) | Meeting::Overlap(t) => return Err(refuse(met, t, &[arc, other])),
                        Meeting::Cross => return Err(refuse(met, super::meet::crossing(a, b, c, d), &[arc, other])),
                    }
                }
            }
        }
        // Among the new ones.
        let mut points = Points::default();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut of_arc: Vec<usize> = Vec::new();
        let mut seen: QuickMap<GridPoint, usize> = QuickMap::default();
        for (i, (_, arc)) in self.added.iter().enumerate() {
            for (a, b) in arc.segments() {
                let (a, b) = (points.number(a.min(b)), points.number(a.max(b)));
                edges.push((a, b));
                of_arc.push(i);
            }
            for p in &arc.points[1..arc.points.len() - 1] {
                if let Some(j) = seen.insert(*p, i) {
                    return Err(self.touch(*p, i, j));
                }
            }
        }
        for (i, (_, arc)) in self.added.iter().enumerate() {
            for p in [arc.first(), arc.last()] {
                if let Some(j) = seen.get(&p) {
                    return Err(self.touch(p, i, *j));
                }
            }
        }
        let stays = |e: &End| !self.removed.contains(&e.arc);
        for (p, i) in &seen {
            if self.topology.nodes.get(p).is_some_and(|ends| ends.iter().any(stays)) {
                return Err(self.touch(*p, *i, *i));
            }
        }
        let mut unique: QuickMap<(u32, u32), usize> = QuickMap::default();
        for (k, e) in edges.iter().enumerate() {
            if let Some(j) = unique.insert(*e, k) {
                return Err(self.touch(points.list[e.0 as usize], of_arc[k], of_arc[j]));
            }
        }
        let alive: Vec<u32> = (0..edges.len() as u32).collect();
        let mut cuts = meetings(&points.list, &edges, &alive, 0).cuts;
        cuts.sort_unstable();
        if let Some((e, at)) = cuts.first() {
            let i = of_arc[*e as usize];
            let own = cuts.iter().all(|(f, _)| of_arc[*f as usize] == i);
            let code = if own { RefusalCode::SelfCrossing } else { RefusalCode::CrossesBorder };
            let what = if own { "the border would cross itself" } else { "the borders would cross each other" };
            return Err(Refusal::new(code, what).at(*at).about(self.about()));
        }
        Ok(())
    }

    fn touch(&self, at: GridPoint, i: usize, j: usize) -> Refusal {
        let (code, what) = if i == j {
            (RefusalCode::SelfCrossing, "the border would touch itself")
        } else {
            (RefusalCode::TouchesBorder, "two borders would touch")
        };
        Refusal::new(code, what).at(at).about(self.added[i].1.faces().chain(self.added[j].1.faces()))
    }

    /// Around every node concerned the ground between two arcs is the same seen from both.
    fn sides_agree(&self) -> Result<(), Refusal> {
        let mut around: BTreeMap<GridPoint, Vec<Leaving>> = BTreeMap::new();
        for (_, arc) in &self.added {
            for end in arc.ends() {
                around.entry(end.0).or_default().push((end.1, end.2, end.3, arc.closed()));
            }
        }
        for arc in self.removed.iter().filter_map(|id| self.topology.arc(*id)) {
            for p in [arc.first(), arc.last()] {
                if self.topology.nodes.get(&p).is_some_and(|e| e.iter().any(|e| !self.removed.contains(&e.arc))) {
                    around.entry(p).or_default();
                }
            }
        }
        for (node, mut ends) in around {
            for end in self.topology.nodes.get(&node).into_iter().flatten().filter(|e| !self.removed.contains(&e.arc)) {
                if let Some(arc) = self.topology.arc(end.arc) {
                    let e = arc.ends()[usize::from(end.last)];
                    ends.push((e.1, e.2, e.3, arc.closed()));
                }
            }
            if !agree(node, &mut ends) {
                return Err(Refusal::new(RefusalCode::CrossesBorder, "the borders around a node would come in another order")
                    .at(node)
                    .about(self.about()));
            }
        }
        Ok(())
    }

    /// No vertex of what stays lies where borders pass over.
    fn nothing_swept(&self) -> Result<(), Refusal> {
        for ground in &self.swept {
            let (lo, hi) = bounds(&ground.outer);
            for (id, a, b) in self.topology.segments_in(lo, hi) {
                if self.removed.contains(&id.arc) {
                    continue;
                }
                if let Some(p) = [a, b].into_iter().find(|p| polygon_side(ground, *p) == Side::Inside) {
                    let other = self.topology.arc(id.arc).into_iter().flat_map(ArcData::faces);
                    return Err(Refusal::new(RefusalCode::CrossesBorder, "the border would pass over another")
                        .at(p)
                        .about(other));
                }
            }
        }
        Ok(())
    }

    /// The ground of every changed face closes and is well nested.
    fn grounds(&self) -> Result<BTreeMap<Face, Grounds>, Refusal> {
        let mut grounds = BTreeMap::new();
        for face in self.about() {
            let kept = self.topology.border_of(face).filter(|(id, _)| !self.removed.contains(id)).map(|(_, a)| a);
            let arcs = kept.chain(self.added.iter().map(|(_, a)| a));
            let stretches: Vec<Stretch<'_>> = super::queries::stretches(Some(face), arcs);
            let rings = trace::rings(&stretches);
            let closed = rings.closed;
            let (after, lost) = trace::polygons(rings);
            if !closed || lost > 0 {
                let place = stretches.first().map(|s| s.points[0]).unwrap_or_default();
                return Err(Refusal::new(RefusalCode::CrossesBorder, "the cell would be turned inside out")
                    .at(place)
                    .about([face]));
            }
            grounds.insert(face, Grounds { before: self.topology.geometry(face).polygons, after });
        }
        Ok(grounds)
    }

    fn parts_and_union(&self, grounds: &BTreeMap<Face, Grounds>) -> Result<(), Refusal> {
        let mut change: i128 = 0;
        for (face, g) in grounds {
            change += area2(&g.after) - area2(&g.before);
            if !self.may_lose && g.after.is_empty() && !g.before.is_empty() {
                let place = g.before[0].outer[0];
                return Err(Refusal::new(RefusalCode::WholeCell, "the cell would lose all of its ground")
                    .at(place)
                    .about([*face]));
            }
            if !self.may_part && !g.before.is_empty() && g.after.len() > g.before.len() {
                let least = g.after.iter().min_by_key(|p| area2(std::slice::from_ref(p)));
                let place = least.and_then(|p| p.outer.first()).copied().unwrap_or_default();
                let message = format!("the cell would fall into {} parts (now {})", g.after.len(), g.before.len());
                return Err(Refusal::new(RefusalCode::SplitsCell, message).at(place).about([*face]));
            }
        }
        // Rounding bends a border by less than one unit along its new segments.
        let bend: i128 = self
            .added
            .iter()
            .flat_map(|(_, a)| a.segments())
            .map(|(a, b)| i128::from((a.x - b.x).abs().max((a.y - b.y).abs())) * 2)
            .sum();
        if !self.outer && change.abs() > bend {
            let place = self.added.first().map(|(_, a)| a.first()).unwrap_or_default();
            return Err(Refusal::new(RefusalCode::OuterBorder, "the ground of all cells together would change")
                .at(place)
                .about(grounds.keys().copied()));
        }
        Ok(())
    }

    fn patch(self, grounds: &BTreeMap<Face, Grounds>) -> Patch {
        let (arcs, faces) = (self.topology.arcs.len(), self.topology.faces.len());
        let taken: BTreeSet<u32> = self.added.iter().filter_map(|(id, _)| *id).collect();
        let mut free = self.removed.iter().copied().filter(|id| !taken.contains(id));
        let mut next = arcs;
        let mut added: Vec<(u32, ArcData)> = Vec::with_capacity(self.added.len());
        for (id, arc) in self.added {
            let id = id.or_else(|| free.next()).unwrap_or_else(|| {
                next += 1;
                (next - 1) as u32
            });
            added.push((id, arc));
        }
        let removed = self.removed.iter().filter_map(|id| Some((*id, self.topology.arc(*id)?.clone()))).collect();
        let gone = grounds.iter().filter(|(_, g)| g.after.is_empty()).map(|(f, _)| *f).collect();
        let most = self.created.iter().map(|f| f.0 as usize + 1).max().unwrap_or(0);
        Patch { removed, added, created: self.created, gone, arcs: (arcs, next), faces: (faces, faces.max(most)) }
    }
}

use super::End;

/// An arc as it leaves a node: its next point, the cells to its left and right, whether it is closed.
pub(super) type Leaving = (GridPoint, Option<Face>, Option<Face>, bool);

/// Whether the sides of arc ends around a node agree, and it is one: three ends or more, or a closed arc alone.
pub(super) fn agree(node: GridPoint, ends: &mut [Leaving]) -> bool {
    if ends.len() < 3 && !(ends.len() == 2 && ends.iter().all(|e| e.3)) {
        return ends.is_empty();
    }
    ends.sort_by(|a, b| by_angle(node, a.0, b.0));
    (0..ends.len()).all(|i| ends[i].1 == ends[(i + 1) % ends.len()].2)
}
