//! Size of a cell and the place of its label.

use std::collections::BinaryHeap;

use geo::GeodesicArea;

use super::piece::{GridPlace, Piece, Side};
use crate::metric::{LocalFrame, nearest_fraction};
use crate::{CellGeometry, GridPoint, Place};

/// Geodesic area of a cell's ground in km² on WGS-84. O(vertices).
pub fn area_km2(geometry: &CellGeometry) -> f64 {
    geometry.to_geo().0.iter().map(|p| p.geodesic_area_signed().abs()).sum::<f64>() / 1e6
}

/// A point well inside a cell: the pole of inaccessibility of its largest polygon, to about a hundredth of its width.
/// For a geometry without area, its first vertex; for an empty one, 0, 0.
pub fn label_point(geometry: &CellGeometry) -> Place {
    let pieces: Vec<Piece> = geometry.polygons.iter().filter_map(|p| Piece::new(0, p)).collect();
    let bounds_area = |p: &Piece| (p.bounds.hi.x - p.bounds.lo.x) * (p.bounds.hi.y - p.bounds.lo.y);
    let largest = pieces.iter().max_by(|a, b| bounds_area(a).total_cmp(&bounds_area(b)));
    let first = geometry.polygons.iter().flat_map(|p| p.outer.first()).next();
    match largest.and_then(pole) {
        Some(place) => place,
        None => first.map(|p| p.place()).unwrap_or_default(),
    }
}

/// A square under consideration: half its side, distance of its centre to the edge (negative outside), and the best
/// that any point in it can have.
struct Square {
    centre: (f64, f64),
    half: f64,
    distance: f64,
    best: f64,
}

impl PartialEq for Square {
    fn eq(&self, other: &Self) -> bool {
        self.best == other.best
    }
}
impl Eq for Square {}
impl PartialOrd for Square {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Square {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.best.total_cmp(&other.best)
    }
}

fn pole(piece: &Piece) -> Option<Place> {
    let middle = GridPlace { x: (piece.bounds.lo.x + piece.bounds.hi.x) * 0.5, y: (piece.bounds.lo.y + piece.bounds.hi.y) * 0.5 };
    let origin = Place { lon: middle.x / GridPoint::PER_DEGREE, lat: middle.y / GridPoint::PER_DEGREE };
    let (kx, ky) = LocalFrame::at(origin).metres_per_degree(0.0);
    let (kx, ky) = (kx.max(1e-3) / GridPoint::PER_DEGREE, ky / GridPoint::PER_DEGREE);
    let to_grid = |c: (f64, f64)| GridPlace { x: middle.x + c.0 / kx, y: middle.y + c.1 / ky };
    let to_m = |p: GridPlace| ((p.x - middle.x) * kx, (p.y - middle.y) * ky);
    let edges: Vec<((f64, f64), (f64, f64))> = piece.edges.iter().map(|e| (to_m(e.a), to_m(e.b))).collect();
    let square = |centre: (f64, f64), half: f64| {
        // The least of the squares: a root for each edge would be the most of the work.
        let edge_m = edges
            .iter()
            .map(|(a, b)| {
                let (a, b) = ((a.0 - centre.0, a.1 - centre.1), (b.0 - centre.0, b.1 - centre.1));
                let d = (b.0 - a.0, b.1 - a.1);
                let t = nearest_fraction(a, d);
                let (x, y) = (a.0 + d.0 * t, a.1 + d.1 * t);
                x * x + y * y
            })
            .fold(f64::INFINITY, f64::min)
            .sqrt();
        let distance = if piece.side(to_grid(centre)) == Side::Inside { edge_m } else { -edge_m };
        Square { centre, half, distance, best: distance + half * std::f64::consts::SQRT_2 }
    };

    let (width, height) = ((piece.bounds.hi.x - piece.bounds.lo.x) * kx, (piece.bounds.hi.y - piece.bounds.lo.y) * ky);
    let side = width.min(height);
    if side <= 0.0 {
        return None;
    }
    let (columns, rows) = ((width / side).ceil().min(64.0) as i32, (height / side).ceil().min(64.0) as i32);
    let half = (width / f64::from(columns)).max(height / f64::from(rows)) * 0.5;
    let mut heap = BinaryHeap::new();
    for i in 0..columns {
        for j in 0..rows {
            let c = (
                (f64::from(i) + 0.5) / f64::from(columns) * width - width * 0.5,
                (f64::from(j) + 0.5) / f64::from(rows) * height - height * 0.5,
            );
            heap.push(square(c, half));
        }
    }
    let mut found = square((0.0, 0.0), 0.0);
    let precision = side / 100.0;
    // A bound on the work for shapes without inside; a normal cell needs a few dozen squares.
    for _ in 0..4096 {
        let Some(next) = heap.pop() else { break };
        if next.best - found.distance.max(0.0) <= precision.min(found.distance.abs().max(precision * 1e-3)) {
            break;
        }
        for (dx, dy) in [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)] {
            heap.push(square((next.centre.0 + dx * next.half, next.centre.1 + dy * next.half), next.half * 0.5));
        }
        if next.distance > found.distance {
            found = next;
        }
    }
    (found.distance > 0.0).then(|| {
        let p = to_grid(found.centre);
        Place { lon: p.x / GridPoint::PER_DEGREE, lat: p.y / GridPoint::PER_DEGREE }
    })
}
