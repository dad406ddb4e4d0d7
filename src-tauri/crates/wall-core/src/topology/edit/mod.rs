//! What each edit does.

mod curve;
pub(super) mod line;
pub(super) mod local;
mod outer;
mod regions;
mod reshape;
mod simplify;
mod transfer;
mod vertex;

use super::patch::Patch;
use super::types::{Edit, Face, Refusal, RefusalCode};
use super::{Topology, on_globe};
use crate::GridPoint;

impl Topology {
    /// What an edit would do, without doing it. O(borders of the cells concerned · log n).
    ///
    /// # Errors
    /// Why it cannot be done, with the place; the subdivision stays as it is.
    pub fn plan_edit(&self, edit: &Edit) -> Result<Patch, Refusal> {
        match edit {
            Edit::MoveVertex { from, to } => self.move_vertex(*from, *to, false),
            Edit::MoveOuterVertex { from, to } => self.move_vertex(*from, *to, true),
            Edit::InsertVertex { segment, at } => self.insert_vertex(*segment, *at),
            Edit::DeleteVertex { at } => self.delete_vertex(*at),
            Edit::Split { face, line } => self.split(*face, line),
            Edit::Merge { into, from } => self.merge(*into, from),
            Edit::Reshape { line } => self.reshape(line),
            Edit::Transfer { to, area, allow_parts } => self.transfer(*to, area, *allow_parts),
            Edit::FillGap { at, to } => self.fill_gap(*at, *to),
            Edit::ReshapeOuter { line } => self.reshape_outer(line),
            Edit::CloseLanes { at_most_m } => self.close_lanes(*at_most_m),
            Edit::CutOut { face, grounds } => self.cut_out(*face, grounds),
            Edit::Simplify { faces, tolerance_m } => self.simplify(faces, *tolerance_m),
        }
    }

    /// Refuses faces that are not alive.
    fn alive(&self, faces: &[Face]) -> Result<(), Refusal> {
        match faces.iter().find(|f| !self.is_alive(**f)) {
            Some(f) => Err(Refusal::new(RefusalCode::NothingThere, format!("there is no cell {}", f.0)).about([*f])),
            None => Ok(()),
        }
    }
}

/// Refuses points outside the world.
fn on_the_globe(points: &[GridPoint]) -> Result<(), Refusal> {
    if points.iter().all(|p| on_globe(*p)) {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::OffTheGrid, "a point lies outside the world"))
    }
}
