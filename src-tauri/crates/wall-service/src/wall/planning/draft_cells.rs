//! What is written of the cells of an open plan, with who carries which code and who comes from which cell.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Deref,
};
use wall_core::{CellKind, Face};

/// What is written of a cell of an open plan.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct DraftCell {
    pub code: String,
    pub name: String,
    pub kind: CellKind,
    pub community_code: String,
    /// As the source states it.
    pub households: Option<u32>,
    /// Code of the cell it comes from in the plan the draft began from; empty = from none.
    pub origin: String,
}

type Faces = HashMap<String, BTreeSet<Face>>;

/// The cells by face; changed only through [`Self::insert`] and [`Self::remove`], so that the indexes stay true.
#[derive(Default)]
pub(super) struct DraftCells {
    by_face: BTreeMap<Face, DraftCell>,
    by_code: Faces,
    by_origin: Faces,
}

impl Deref for DraftCells {
    type Target = BTreeMap<Face, DraftCell>;

    fn deref(&self) -> &Self::Target {
        &self.by_face
    }
}

impl FromIterator<(Face, DraftCell)> for DraftCells {
    fn from_iter<I: IntoIterator<Item = (Face, DraftCell)>>(cells: I) -> Self {
        let mut all = Self::default();
        cells.into_iter().for_each(|(face, cell)| _ = all.insert(face, cell));
        all
    }
}

impl DraftCells {
    /// Writes a cell; returns what was written of it before.
    pub fn insert(&mut self, face: Face, cell: DraftCell) -> Option<DraftCell> {
        let before = self.remove(face);
        for (index, word) in [(&mut self.by_code, &cell.code), (&mut self.by_origin, &cell.origin)] {
            if !word.is_empty() {
                index.entry(word.clone()).or_default().insert(face);
            }
        }
        self.by_face.insert(face, cell);
        before
    }

    /// Takes a cell out.
    pub fn remove(&mut self, face: Face) -> Option<DraftCell> {
        let before = self.by_face.remove(&face)?;
        for (index, word) in [(&mut self.by_code, &before.code), (&mut self.by_origin, &before.origin)] {
            if let Some(faces) = index.get_mut(word) {
                faces.remove(&face);
                if faces.is_empty() {
                    index.remove(word);
                }
            }
        }
        Some(before)
    }

    /// Cells that carry a code.
    pub fn carriers(&self, code: &str) -> impl Iterator<Item = Face> + '_ {
        self.by_code.get(code).into_iter().flatten().copied()
    }

    /// Cells that carry a code or come from the cell that had it.
    pub fn kin_of<'a>(&'a self, code: &str) -> impl Iterator<Item = Face> + 'a {
        [&self.by_code, &self.by_origin].map(|index| index.get(code)).into_iter().flatten().flatten().copied()
    }

    /// The code of the cell that this one goes on under another code; empty when it goes on with none. Where the old code is
    /// still carried, its carrier goes on; of several parts without it, the one that is largest by `size` (the first of equals).
    pub fn former_code(&self, face: Face, size: impl Fn(Face) -> f64) -> &str {
        let Some(origin) = self.by_face.get(&face).map(|c| c.origin.as_str()) else { return "" };
        if self.by_code.contains_key(origin) {
            return "";
        }
        let parts = self.by_origin.get(origin).into_iter().flatten().copied();
        let heir = match parts.clone().count() {
            0 | 1 => Some(face),
            _ => parts.max_by(|a, b| size(*a).total_cmp(&size(*b)).then(b.cmp(a))),
        };
        if heir == Some(face) { origin } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(code: &str, origin: &str) -> DraftCell {
        DraftCell {
            code: code.into(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            origin: origin.into(),
        }
    }

    #[test]
    fn one_cell_goes_on_for_another() {
        let size = |f: Face| f64::from(f.0);
        let mut cells: DraftCells = [(Face(0), cell("A", "A")), (Face(1), cell("B", "B"))].into_iter().collect();
        assert_eq!(cells.former_code(Face(0), size), "", "it has its own code");
        // Split: the carrier of the code goes on, the new part is new.
        cells.insert(Face(2), cell("C", "A"));
        assert_eq!([0, 2].map(|f| cells.former_code(Face(f), size)), ["", ""]);
        // Split with two new codes: the larger part goes on.
        cells.insert(Face(0), cell("D", "A"));
        assert_eq!([0, 2].map(|f| cells.former_code(Face(f), size)), ["", "A"]);
        cells.remove(Face(2));
        assert_eq!(cells.former_code(Face(0), size), "A", "only a new code");
        // Another cell takes the code over.
        cells.insert(Face(1), cell("A", "B"));
        assert_eq!([0, 1].map(|f| cells.former_code(Face(f), size)), ["", "B"]);
        assert_eq!(cells.kin_of("A").collect::<Vec<_>>(), [Face(1), Face(0)]);
        cells.remove(Face(1));
        cells.remove(Face(0));
        assert!(cells.by_code.is_empty() && cells.by_origin.is_empty());
    }
}
