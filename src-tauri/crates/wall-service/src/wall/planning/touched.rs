//! Cells that an edit, or a walk through the history, touches, with where they lay and lie: what a scope is asked about.

use super::draft_cells::DraftCell;
use crate::wall::reach::TouchedCell;
use std::collections::{BTreeMap, BTreeSet};
use wall_core::Face;

/// Cells that something touched, with all communities in which they lay or lie.
#[derive(Default)]
pub(super) struct Touched(BTreeMap<Face, (String, BTreeSet<String>)>);

impl Touched {
    /// Adds a cell as it stands before or after; `None` = it is not there.
    pub fn add(&mut self, face: Face, cell: Option<&DraftCell>) {
        let Some(cell) = cell else { return };
        let (code, communities) = self.0.entry(face).or_default();
        code.clone_from(&cell.code);
        communities.insert(cell.community_code.clone());
    }

    /// The cells, by face.
    pub fn cells(self) -> Vec<TouchedCell> {
        let cell = |(face, (code, communities)): (Face, (String, BTreeSet<String>))| TouchedCell {
            face: face.0,
            code,
            communities: communities.into_iter().collect(),
        };
        self.0.into_iter().map(cell).collect()
    }
}

/// What a walk through the history came by.
#[derive(Default)]
pub(super) struct Walked {
    /// Cells that may differ.
    pub faces: BTreeSet<Face>,
    /// Cells that the edits on the way touched.
    pub touched: Touched,
}
