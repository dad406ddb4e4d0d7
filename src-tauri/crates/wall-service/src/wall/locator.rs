//! Which cell a point is in, asked of a store without a world.

use super::{WallError, files::plan_of};
use std::collections::HashMap;
use wall_core::{Cell, CellId, CellIndex, Place, UtcMs};
use wall_store::Store;

/// Where a point lies.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LocateAnswer {
    /// Code of its cell; empty = outside all.
    pub cell_code: String,
    /// Name of its cell.
    pub cell_name: String,
    /// Metres to the nearest edge of that cell.
    pub edge_m: Option<f64>,
    /// Codes of all cells within the accuracy.
    pub candidates: Vec<String>,
}

/// Cells of one plan, ready to be asked.
pub struct Locator {
    index: CellIndex,
    by_id: HashMap<CellId, Cell>,
}

impl Locator {
    /// The cells of a plan of a network: by name or number, else of the one in force at `at`. Read from the store alone; no world
    /// is needed. O(vertices).
    ///
    /// # Errors
    /// There is no such network or plan, or the store cannot be read.
    pub async fn open(store: &Store, network: &str, plan: Option<&str>, at: UtcMs) -> Result<Self, WallError> {
        let chosen = plan_of(store, network, plan, at).await?;
        let cells = store.cells(chosen.plan.id).await?;
        Ok(Self { index: CellIndex::build(&cells), by_id: cells.into_iter().map(|c| (c.id, c)).collect() })
    }

    /// Where a point lies.
    pub fn locate(&self, place: Place, accuracy_m: Option<f64>) -> LocateAnswer {
        locate_on(&self.index, &|id| self.by_id.get(&id), place, accuracy_m)
    }
}

pub(super) fn locate_on<'a>(
    index: &CellIndex,
    cell_of: &dyn Fn(CellId) -> Option<&'a Cell>,
    place: Place,
    accuracy_m: Option<f64>,
) -> LocateAnswer {
    let mut answer = LocateAnswer::default();
    if let Some(cell) = index.cell_at(place).and_then(cell_of) {
        answer.cell_code.clone_from(&cell.code);
        answer.cell_name.clone_from(&cell.name);
        answer.edge_m = index.edge_distance_m(place, cell.id);
    }
    if let Some(radius) = accuracy_m {
        let near = index.cells_within_m(place, radius);
        answer.candidates = near.into_iter().filter_map(cell_of).map(|c| c.code.clone()).collect();
        answer.candidates.dedup();
    }
    answer
}
