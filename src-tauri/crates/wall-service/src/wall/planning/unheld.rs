//! What a draft could not take over from the plan it was drawn from, cell by cell, and whether somebody decided about it.
//!
//! Cells of a draft lie apart. Where those of its base overlap, the one with the lowest code has the ground; a cell that lies
//! wholly under another is not there at all. Neither is passed over: until it is decided, the draft goes nowhere.

use super::draft_cells::DraftCell;
use std::collections::{BTreeMap, BTreeSet};
use wall_core::{CellGeometry, CellRecord, Face, Place, TopologyFault, TopologyFinding};

/// A cell that the draft does not hold as its base has it.
pub(super) struct Unheld {
    /// What is written of it.
    pub cell: DraftCell,
    /// Its ground in the base.
    pub ground: CellGeometry,
    /// Nothing of it is left.
    pub lost: bool,
    /// Who has how much of its ground, m², and where.
    pub under: Vec<(Face, f64, Place)>,
    /// Where it lies.
    pub place: Place,
}

/// All of them.
#[derive(Default)]
pub(super) struct AllUnheld {
    cells: BTreeMap<Face, Unheld>,
    settled: BTreeSet<Face>,
}

impl AllUnheld {
    /// From what the making of the draft found. O(findings).
    pub fn of(built: &[TopologyFinding], base: &[CellRecord], written: impl Fn(&CellRecord) -> DraftCell) -> Self {
        let mut cells: BTreeMap<Face, Unheld> = BTreeMap::new();
        for found in built {
            let position = match (found.kind, found.cells.as_slice()) {
                (TopologyFault::Lost, [cell]) | (TopologyFault::Overlap, [_, cell]) => *cell,
                _ => continue,
            };
            let Some(record) = base.get(position) else { continue };
            let entry = cells.entry(Face(position as u32)).or_insert_with(|| Unheld {
                cell: written(record),
                ground: record.geometry.clone(),
                lost: false,
                under: Vec::new(),
                place: found.place,
            });
            match found.kind {
                TopologyFault::Lost => entry.lost = true,
                _ => entry.under.push((Face(found.cells[0] as u32), found.area_m2, found.place)),
            }
        }
        for unheld in cells.values_mut() {
            if let Some(most) = unheld.under.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
                unheld.place = most.2;
            }
        }
        Self { cells, settled: BTreeSet::new() }
    }

    /// Those about which nobody decided.
    pub fn undecided(&self) -> impl Iterator<Item = (Face, &Unheld)> {
        self.cells.iter().filter(|(f, _)| !self.settled.contains(f)).map(|(f, u)| (*f, u))
    }

    /// A cell about which nobody decided.
    pub fn get(&self, face: Face) -> Option<&Unheld> {
        self.cells.get(&face).filter(|_| !self.settled.contains(&face))
    }

    /// What is written of a cell of which nothing was left.
    pub fn lost_cell(&self, face: Face) -> Option<&DraftCell> {
        self.cells.get(&face).filter(|u| u.lost).map(|u| &u.cell)
    }

    /// It is decided about a cell.
    pub fn settle(&mut self, face: Face) {
        self.settled.insert(face);
    }

    /// It is not decided after all.
    pub fn unsettle(&mut self, faces: &[Face]) {
        faces.iter().for_each(|f| _ = self.settled.remove(f));
    }
}
