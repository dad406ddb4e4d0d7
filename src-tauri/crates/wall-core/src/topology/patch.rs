//! What an edit does: arcs out, arcs in. Done and undone in the same way.

use super::Topology;
use super::arc::ArcData;
use super::trace::bounds;
use super::types::{ArcId, Face};
use crate::GridPoint;

/// The difference that an edit makes, complete in itself.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Patch {
    pub(super) removed: Vec<(u32, ArcData)>,
    pub(super) added: Vec<(u32, ArcData)>,
    pub(super) created: Vec<Face>,
    pub(super) gone: Vec<Face>,
    /// Length of the lists of arcs and faces before and after: how far numbers are used.
    pub(super) arcs: (usize, usize),
    pub(super) faces: (usize, usize),
}

impl Patch {
    /// Faces whose ground or border changes, made, or gone; ascending.
    pub fn changed(&self) -> Vec<Face> {
        let arcs = self.removed.iter().chain(&self.added);
        let mut faces: Vec<Face> =
            arcs.flat_map(|(_, a)| a.faces()).chain(self.created.iter().copied()).chain(self.gone.iter().copied()).collect();
        faces.sort_unstable();
        faces.dedup();
        faces
    }

    /// Faces that are made.
    pub fn created(&self) -> &[Face] {
        &self.created
    }

    /// Faces that are gone afterwards.
    pub fn removed(&self) -> &[Face] {
        &self.gone
    }

    /// Arcs taken out.
    pub fn removed_arcs(&self) -> impl Iterator<Item = ArcId> + '_ {
        self.removed.iter().map(|(id, _)| ArcId(*id))
    }

    /// Arcs put in, with their points.
    pub fn added_arcs(&self) -> impl Iterator<Item = super::ArcView<'_>> {
        self.added.iter().map(|(id, a)| super::ArcView { id: ArcId(*id), left: a.left, right: a.right, points: &a.points })
    }

    /// Whether borders with ground of no cell are among what changes: only then gaps may come or go.
    pub fn touches_bare_ground(&self) -> bool {
        self.removed.iter().chain(&self.added).any(|(_, a)| a.touches(None))
    }

    /// The box around everything that changes.
    pub fn bounds(&self) -> Option<(GridPoint, GridPoint)> {
        let boxes = self.removed.iter().chain(&self.added).map(|(_, a)| bounds(&a.points));
        boxes.reduce(|(l, h), (m, i)| {
            (GridPoint { x: l.x.min(m.x), y: l.y.min(m.y) }, GridPoint { x: h.x.max(i.x), y: h.y.max(i.y) })
        })
    }

    /// What takes this back: applied after this, everything is as before, numbers included.
    pub fn inverse(&self) -> Self {
        Self {
            removed: self.added.clone(),
            added: self.removed.clone(),
            created: self.gone.clone(),
            gone: self.created.clone(),
            arcs: (self.arcs.1, self.arcs.0),
            faces: (self.faces.1, self.faces.0),
        }
    }
}

impl Topology {
    /// Does what [`Self::plan_edit`] computed (or takes it back). The patch must have been made for the subdivision as it
    /// stands. O(size of the patch · log n).
    pub fn apply(&mut self, patch: &Patch) {
        debug_assert_eq!((self.arcs.len(), self.faces.len()), (patch.arcs.0, patch.faces.0), "a patch of another state");
        for (id, arc) in &patch.removed {
            self.tree.remove(*id, arc);
            self.remove_arc(*id);
        }
        self.faces.resize(patch.faces.1.max(self.faces.len()), Vec::new());
        for (id, arc) in &patch.added {
            self.tree.insert(*id, arc);
            self.insert_arc(*id, arc.clone());
        }
        self.arcs.resize(patch.arcs.1, None);
        self.faces.resize(patch.faces.1, Vec::new());
    }
}
