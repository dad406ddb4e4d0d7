//! A network's cells as a planar subdivision: every stretch of border is stored once, with the cell to its left and the cell
//! to its right, so that moving it moves both.
//!
//! All decisions are made on the integer grid with exact predicates. What is not on the grid (a crossing of two borders, the
//! point where a drawn line meets a slanted border) is rounded to it, which bends that border by less than one unit
//! (0.1 mm) for both cells beside it.
//!
//! Invariants ([`Topology::check`]):
//! - arcs meet each other only in nodes, their ends; no arc crosses itself;
//! - every arc has two different sides, and around every node the sides agree from arc to arc;
//! - nodes are where other than two arc ends meet, and the starting point of closed arcs;
//! - what lies inside a face (an island) has that face on its outer side.
//!
//! From these it follows that cells neither overlap nor leave gaps other than those with `None` on one side.

mod arc;
mod arrangement;
mod build;
mod chain;
mod check;
mod cover;
mod edit;
pub(crate) mod hash;
mod index;
mod lanes;
mod locate;
mod meet;
mod noding;
mod patch;
mod polygonize;
mod queries;
mod report;
mod trace;
mod types;
mod verify;

/// The exact engine below the subdivision, for operations on plain areas.
pub(crate) mod engine {
    pub(crate) use super::arrangement::{Arrangement, OUTSIDE};
    pub(crate) use super::cover::covers;
    pub(crate) use super::noding::{Noded, Segment, node};
    pub(crate) use super::trace::{Stretch, polygons as trace_polygons, rings as trace_rings};
}

use std::sync::Arc as Shared;

use arc::ArcData;
use hash::QuickMap;
use index::SegmentTree;

use crate::ground::{area_m2, perimeter_m};
use crate::{CellGeometry, GridPoint};

pub use edit::line::LINE_REACH_M;
pub use patch::Patch;
pub use polygonize::{AreaOp, area_op, polygonize};
pub use types::{
    ArcId, ArcView, BuildOptions, BuildReport, EdgeHit, Edit, Face, GapView, Refusal, RefusalCode, Resolution, TopologyError,
    TopologyFault, TopologyFinding,
};

/// More vertices than this are refused.
pub const MAX_POINTS: usize = 20_000_000;

/// Whether a point is on the globe: beyond it, products of coordinates would not be exact any more.
pub(crate) fn on_globe(p: GridPoint) -> bool {
    p.x.unsigned_abs() <= 180_000_000_000 && p.y.unsigned_abs() <= 90_000_000_000
}

/// One end of an arc.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct End {
    arc: u32,
    last: bool,
}

/// The subdivision.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    arcs: Vec<Option<ArcData>>,
    /// The arc ends at each node, ascending.
    nodes: QuickMap<GridPoint, Vec<End>>,
    /// The arcs around each face, ascending; empty when the face is not alive.
    faces: Vec<Vec<u32>>,
    /// Order of the faces made from cells, for places on a border: lowest code first, then input order. Later ones follow.
    ranks: Shared<[u32]>,
    tree: SegmentTree,
}

impl Topology {
    /// Living faces, ascending.
    pub fn faces(&self) -> impl Iterator<Item = Face> + '_ {
        self.faces.iter().enumerate().filter(|(_, arcs)| !arcs.is_empty()).map(|(i, _)| Face(i as u32))
    }

    /// Whether a face is alive.
    pub fn is_alive(&self, face: Face) -> bool {
        !self.arcs_of(face).is_empty()
    }

    fn arcs_of(&self, face: Face) -> &[u32] {
        self.faces.get(face.0 as usize).map_or(&[], Vec::as_slice)
    }

    fn arc(&self, id: u32) -> Option<&ArcData> {
        self.arcs.get(id as usize)?.as_ref()
    }

    /// The arcs around a face with their numbers.
    fn border_of(&self, face: Face) -> impl Iterator<Item = (u32, &ArcData)> {
        self.arcs_of(face).iter().filter_map(|id| Some((*id, self.arc(*id)?)))
    }

    /// The ground of a face: rings begin at their smallest point, polygons and holes are sorted, so that the same ground has
    /// the same bytes. Empty for a face that is not alive. O(n log n) in its vertices.
    pub fn geometry(&self, face: Face) -> CellGeometry {
        let stretches = queries::stretches(Some(face), self.border_of(face).map(|(_, a)| a));
        CellGeometry { polygons: trace::polygons(trace::rings(&stretches)).0 }
    }

    /// The box around a face. O(its vertices).
    pub fn bounds(&self, face: Face) -> Option<(GridPoint, GridPoint)> {
        let boxes = self.border_of(face).map(|(_, a)| trace::bounds(&a.points));
        boxes.reduce(|(l, h), (m, i)| {
            (GridPoint { x: l.x.min(m.x), y: l.y.min(m.y) }, GridPoint { x: h.x.max(i.x), y: h.y.max(i.y) })
        })
    }

    /// Area in m².
    pub fn area_m2(&self, face: Face) -> f64 {
        self.geometry(face).polygons.iter().map(area_m2).sum()
    }

    /// Length of the whole border in metres, holes included.
    pub fn perimeter_m(&self, face: Face) -> f64 {
        self.border_of(face).map(|(_, a)| queries::length_m(a)).sum()
    }

    /// Number of polygons.
    pub fn part_count(&self, face: Face) -> usize {
        self.geometry(face).polygons.len()
    }

    /// Number of holes.
    pub fn hole_count(&self, face: Face) -> usize {
        self.geometry(face).polygons.iter().map(|p| p.holes.len()).sum()
    }

    /// Cells with a stretch of border in common and how long it is in metres; ascending. Cells that only meet in a point are
    /// not neighbours. O(vertices of the face).
    pub fn neighbours(&self, face: Face) -> Vec<(Face, f64)> {
        let mut found: std::collections::BTreeMap<Face, f64> = std::collections::BTreeMap::new();
        for (_, arc) in self.border_of(face) {
            if let Some(other) = arc.faces().find(|f| *f != face) {
                *found.entry(other).or_default() += queries::length_m(arc);
            }
        }
        found.into_iter().collect()
    }

    /// All arcs, ascending by number.
    pub fn arcs(&self) -> impl Iterator<Item = ArcView<'_>> {
        self.arcs.iter().enumerate().filter_map(|(i, a)| {
            let a = a.as_ref()?;
            Some(ArcView { id: ArcId(i as u32), left: a.left, right: a.right, points: &a.points })
        })
    }

    /// The arcs around a face, ascending by number.
    pub fn arcs_around(&self, face: Face) -> impl Iterator<Item = ArcView<'_>> {
        self.border_of(face).map(|(i, a)| ArcView { id: ArcId(i), left: a.left, right: a.right, points: &a.points })
    }

    /// Whether a point is a node: an end of arcs.
    pub fn is_node(&self, point: GridPoint) -> bool {
        self.nodes.contains_key(&point)
    }

    fn insert_arc(&mut self, id: u32, arc: ArcData) {
        for (point, last) in [(arc.first(), false), (arc.last(), true)] {
            let ends = self.nodes.entry(point).or_default();
            let end = End { arc: id, last };
            if let Err(i) = ends.binary_search(&end) {
                ends.insert(i, end);
            }
        }
        for face in arc.faces() {
            let i = face.0 as usize;
            if self.faces.len() <= i {
                self.faces.resize(i + 1, Vec::new());
            }
            if let Err(at) = self.faces[i].binary_search(&id) {
                self.faces[i].insert(at, id);
            }
        }
        if self.arcs.len() <= id as usize {
            self.arcs.resize(id as usize + 1, None);
        }
        self.arcs[id as usize] = Some(arc);
    }

    fn remove_arc(&mut self, id: u32) -> Option<ArcData> {
        let arc = self.arcs.get_mut(id as usize)?.take()?;
        for point in [arc.first(), arc.last()] {
            if let Some(ends) = self.nodes.get_mut(&point) {
                ends.retain(|e| e.arc != id);
                if ends.is_empty() {
                    self.nodes.remove(&point);
                }
            }
        }
        for face in arc.faces() {
            if let Some(list) = self.faces.get_mut(face.0 as usize) {
                list.retain(|a| *a != id);
            }
        }
        Some(arc)
    }
}

/// Length of a ring, for reports.
fn ring_m(ring: &[GridPoint]) -> f64 {
    perimeter_m(ring)
}
