//! Which cells lie side by side.

use super::CellIndex;
use super::piece::{Edge, GridBox, GridPlace, Piece, Side};
use crate::metric::{LocalFrame, nearest_fraction};
use crate::{CellId, GridPoint, Place};

impl CellIndex {
    /// Pairs of cells that share an edge or a node, overlap, or come within `tolerance_m` of each other (slivers left by the
    /// source). Each pair once, lower in the order of the tie rule first, sorted. O(cells × neighbours × edges near both).
    pub fn neighbours(&self, tolerance_m: f64) -> Vec<(CellId, CellId)> {
        let tolerance_m = if tolerance_m > 0.0 { tolerance_m } else { 0.0 };
        let mut pairs = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let scale = Scale::at(piece, tolerance_m);
            let reach = scale.grown(piece.bounds);
            for j in self.pieces_in(reach.lo, reach.hi).filter(|j| *j > i as u32) {
                let other = &self.pieces[j as usize];
                if other.cell != piece.cell && scale.near(piece, other) {
                    pairs.push((piece.cell, other.cell));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs.into_iter().map(|(a, b)| (self.ids[a as usize], self.ids[b as usize])).collect()
    }
}

/// Metres per grid unit around a piece.
struct Scale {
    x: f64,
    y: f64,
    tolerance_m: f64,
}

impl Scale {
    fn at(piece: &Piece, tolerance_m: f64) -> Self {
        let lat = (piece.bounds.lo.y + piece.bounds.hi.y) * 0.5 / GridPoint::PER_DEGREE;
        let (x, y) = LocalFrame::at(Place { lon: 0.0, lat }).metres_per_degree(0.0);
        Self { x: x.max(1.0) / GridPoint::PER_DEGREE, y: y / GridPoint::PER_DEGREE, tolerance_m }
    }

    fn grown(&self, b: GridBox) -> GridBox {
        let (x, y) = (self.tolerance_m / self.x + 1.0, self.tolerance_m / self.y + 1.0);
        GridBox { lo: GridPlace { x: b.lo.x - x, y: b.lo.y - y }, hi: GridPlace { x: b.hi.x + x, y: b.hi.y + y } }
    }

    fn near(&self, a: &Piece, b: &Piece) -> bool {
        let (near_a, near_b) = (self.grown(a.bounds), self.grown(b.bounds));
        let theirs: Vec<&Edge> = b.edges.iter().filter(|e| near_a.meets(e.bounds())).collect();
        let touch = a.edges.iter().filter(|e| near_b.meets(e.bounds())).any(|e| {
            let reach = self.grown(e.bounds());
            theirs.iter().any(|f| reach.meets(f.bounds()) && self.edges_near(e, f))
        });
        // No edges near each other: one may still lie wholly inside the other.
        touch || a.side(b.edges[0].a) != Side::Outside || b.side(a.edges[0].a) != Side::Outside
    }

    fn edges_near(&self, e: &Edge, f: &Edge) -> bool {
        let turn = |a: GridPlace, b: GridPlace, c: GridPlace| (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        let crosses = |e: &Edge, f: &Edge| (turn(e.a, e.b, f.a) > 0.0) != (turn(e.a, e.b, f.b) > 0.0);
        let limit = self.tolerance_m.max(1e-3);
        let end_near = |p: GridPlace, e: &Edge| {
            let (a, b) = (((e.a.x - p.x) * self.x, (e.a.y - p.y) * self.y), ((e.b.x - p.x) * self.x, (e.b.y - p.y) * self.y));
            let d = (b.0 - a.0, b.1 - a.1);
            let t = nearest_fraction(a, d);
            (a.0 + d.0 * t).hypot(a.1 + d.1 * t) <= limit
        };
        (crosses(e, f) && crosses(f, e)) || end_near(f.a, e) || end_near(f.b, e) || end_near(e.a, f) || end_near(e.b, f)
    }
}
