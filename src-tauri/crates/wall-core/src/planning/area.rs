//! The ground of one cell, ready to be asked where a point lies.

use crate::CellGeometry;
use crate::attribution::piece::{Edge, GridBox, GridPlace, Piece, Side};

/// Exact point-in-polygon for one cell, by the predicates of attribution.
#[derive(Clone, Debug)]
pub(super) struct Area {
    pieces: Vec<Piece>,
    bounds: Option<GridBox>,
}

impl Area {
    /// O(vertices).
    pub fn of(geometry: &CellGeometry) -> Self {
        let pieces: Vec<Piece> = geometry.polygons.iter().filter_map(|p| Piece::new(0, p)).collect();
        let bounds = pieces.iter().map(|p| p.bounds).reduce(GridBox::union);
        Self { pieces, bounds }
    }

    /// The box around it; `None` without ground.
    pub fn bounds(&self) -> Option<GridBox> {
        self.bounds
    }

    /// Where a point lies. O(edges at its height).
    pub fn side(&self, p: GridPlace) -> Side {
        let mut found = Side::Outside;
        for piece in &self.pieces {
            match piece.side(p) {
                Side::Inside => return Side::Inside,
                Side::Boundary => found = Side::Boundary,
                Side::Outside => {}
            }
        }
        found
    }

    /// Every edge once.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.pieces.iter().flat_map(|p| &p.edges)
    }
}
