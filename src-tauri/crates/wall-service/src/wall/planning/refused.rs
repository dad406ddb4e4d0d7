//! Why the planner's wish was not done.

use super::stuck::Stuck;
use crate::wall::WallError;
use wall_core::{EngineFault, Face, Place, PlanRefusal};
use wall_store::StoreError;

/// Why the planner's wish was not done.
#[derive(Debug)]
pub enum PlanError {
    /// Not by anybody, or not now.
    Wall(WallError),
    /// An edit or step that cannot be; nothing was changed.
    Refused(EditRefused),
    /// The draft cannot be brought to where it stands; with the way on.
    Stuck(Box<Stuck>),
}

/// Why an edit or a step of a plan's life was refused.
#[derive(Clone, PartialEq, Debug)]
pub struct EditRefused {
    /// crosses_border, not_neighbours, head_moved …
    pub code: &'static str,
    /// In English, for logs.
    pub message: String,
    /// Where; `None` = nowhere in particular.
    pub place: Option<Place>,
    /// Cells it is about; may be empty.
    pub faces: Vec<Face>,
}

/// A refusal without a place.
pub(super) fn refusal(code: &'static str, message: &str, faces: &[Face]) -> EditRefused {
    EditRefused { code, message: message.into(), place: None, faces: faces.to_vec() }
}

impl From<WallError> for PlanError {
    fn from(e: WallError) -> Self {
        Self::Wall(e)
    }
}

impl From<StoreError> for PlanError {
    fn from(e: StoreError) -> Self {
        Self::Wall(e.into())
    }
}

impl From<EditRefused> for PlanError {
    fn from(e: EditRefused) -> Self {
        Self::Refused(e)
    }
}

impl From<PlanRefusal> for PlanError {
    fn from(refused: PlanRefusal) -> Self {
        refusal(refused.code(), &refused.to_string(), &[]).into()
    }
}

impl From<EngineFault> for PlanError {
    /// An answer that is not known is none: it is said with its place.
    fn from(fault: EngineFault) -> Self {
        let refused = refusal("not_computed", &format!("this cannot be computed: {fault}"), &[]);
        EditRefused { place: Some(fault.place), ..refused }.into()
    }
}

impl From<wall_core::Refusal> for EditRefused {
    fn from(refused: wall_core::Refusal) -> Self {
        Self { code: refused.code.code(), message: refused.message, place: refused.place, faces: refused.faces }
    }
}
