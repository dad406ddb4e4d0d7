//! Single vertices: moved, put in, taken out.

use std::collections::BTreeSet;

use super::on_the_globe;
use crate::GridPoint;
use crate::repair::exact::cross;
use crate::topology::Topology;
use crate::topology::arc::ArcData;
use crate::topology::patch::Patch;
use crate::topology::types::{Refusal, RefusalCode};
use crate::topology::verify::Draft;

impl Topology {
    /// The arcs that have a vertex at a point.
    fn arcs_at(&self, p: GridPoint) -> BTreeSet<u32> {
        self.segments_in(p, p).filter(|(_, a, b)| *a == p || *b == p).map(|(id, _, _)| id.arc).collect()
    }

    /// Moves a vertex; all arcs that have it follow.
    pub(super) fn move_vertex(&self, from: GridPoint, to: GridPoint, outer: bool) -> Result<Patch, Refusal> {
        on_the_globe(&[from, to])?;
        let arcs = self.arcs_at(from);
        if arcs.is_empty() {
            return Err(Refusal::new(RefusalCode::NothingThere, "there is no vertex of a border").at(from));
        }
        if from == to {
            return Err(Refusal::new(RefusalCode::NoChange, "nothing would change").at(from));
        }
        if let Some(other) = self.arcs_at(to).first() {
            let beside = self.arc(*other).into_iter().flat_map(ArcData::faces);
            return Err(Refusal::new(RefusalCode::TouchesBorder, "there is another vertex").at(to).about(beside));
        }
        let mut draft = Draft::new(self);
        for id in arcs {
            let Some(arc) = self.arc(id) else { continue };
            if !outer && arc.touches(None) {
                return Err(outer_border(from, arc));
            }
            for (i, _) in arc.points.iter().enumerate().filter(|(_, p)| **p == from) {
                let before = if i > 0 { i - 1 } else { 1 };
                for n in [before, (i + 1).min(arc.points.len() - 1)] {
                    if arc.points[n] != from {
                        draft.sweep(vec![arc.points[n], from, to]);
                    }
                }
            }
            let points = arc.points.iter().map(|p| if *p == from { to } else { *p }).collect();
            draft.replace(id, arc, points);
        }
        draft.outer = outer;
        draft.finish()
    }

    /// A new vertex between two others.
    pub(super) fn insert_vertex(&self, segment: (GridPoint, GridPoint), at: GridPoint) -> Result<Patch, Refusal> {
        on_the_globe(&[segment.0, segment.1, at])?;
        let (a, b) = segment;
        let found = self.segments_in(a, a).find(|(_, c, d)| (*c, *d) == (a, b) || (*c, *d) == (b, a));
        let Some((id, first, _)) = found else {
            return Err(Refusal::new(RefusalCode::NothingThere, "there is no such stretch of a border").at(a));
        };
        if at == a || at == b {
            return Err(Refusal::new(RefusalCode::NoChange, "there is a vertex already").at(at));
        }
        let Some(arc) = self.arc(id.arc) else { return Err(Refusal::new(RefusalCode::NothingThere, "no such border").at(at)) };
        if arc.touches(None) && !beside(a, b, at) {
            return Err(outer_border(at, arc));
        }
        let mut points = arc.points.to_vec();
        debug_assert_eq!(points[id.at as usize], first);
        points.insert(id.at as usize + 1, at);
        let mut draft = Draft::new(self);
        draft.sweep(vec![a, at, b]);
        draft.replace(id.arc, arc, points);
        draft.finish()
    }

    /// Takes a vertex out of a border.
    pub(super) fn delete_vertex(&self, at: GridPoint) -> Result<Patch, Refusal> {
        on_the_globe(&[at])?;
        let arcs = self.arcs_at(at);
        let id = match arcs.iter().copied().collect::<Vec<_>>()[..] {
            [] => return Err(Refusal::new(RefusalCode::NothingThere, "there is no vertex of a border").at(at)),
            [id] => id,
            _ => return Err(several(at)),
        };
        let Some(arc) = self.arc(id) else { return Err(several(at)) };
        let n = arc.points.len();
        let lone = arc.closed() && self.nodes.get(&at).is_none_or(|ends| ends.len() == 2);
        if arc.ends_at(at) && !lone {
            return Err(several(at));
        }
        if arc.closed() && n <= 4 {
            return Err(Refusal::new(RefusalCode::TooSmall, "a border around a cell needs three vertices")
                .at(at)
                .about(arc.faces()));
        }
        let mut points = arc.points.to_vec();
        let (before, after);
        if arc.ends_at(at) {
            (before, after) = (points[n - 2], points[1]);
            points.pop();
            points[0] = before;
        } else {
            let i = points.iter().position(|p| *p == at).unwrap_or(1);
            (before, after) = (points[i - 1], points[i + 1]);
            points.remove(i);
        }
        if arc.touches(None) && !beside(before, after, at) {
            return Err(outer_border(at, arc));
        }
        let mut draft = Draft::new(self);
        draft.sweep(vec![before, at, after]);
        draft.replace(id, arc, points);
        draft.finish()
    }
}

impl Draft<'_> {
    /// A border passes over a triangle.
    fn sweep(&mut self, triangle: Vec<GridPoint>) {
        self.swept.push(crate::GridPolygon { outer: triangle, holes: Vec::new() });
    }

    /// The same arc along other points.
    pub(super) fn replace(&mut self, id: u32, arc: &ArcData, points: Vec<GridPoint>) {
        let lone = arc.closed() && self.topology.nodes.get(&arc.first()).is_none_or(|ends| ends.len() == 2);
        self.removed.insert(id);
        self.added.push((Some(id), ArcData::new(points, arc.left, arc.right, !lone)));
    }
}

/// Whether a point is a rounded one of the stretch between two others: less than a unit beside it.
fn beside(a: GridPoint, b: GridPoint, at: GridPoint) -> bool {
    let longest = i128::from((b.x - a.x).abs().max((b.y - a.y).abs()));
    cross(a, b, at).abs() <= longest
}

fn outer_border(at: GridPoint, arc: &ArcData) -> Refusal {
    let message = "the vertex lies on the outer border (or a gap's): the ground of all cells together would change";
    Refusal::new(RefusalCode::OuterBorder, message).at(at).about(arc.faces())
}

fn several(at: GridPoint) -> Refusal {
    Refusal::new(RefusalCode::TouchesBorder, "several borders meet there: the node can be moved, not taken out").at(at)
}
