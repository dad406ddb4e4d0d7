//! Size and form of a cell.

use crate::ground::{area_m2, perimeter_m};
use crate::{CellGeometry, GridPolygon, Place};

/// Size and form of a cell's ground.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Shape {
    pub area_m2: f64,
    pub perimeter_m: f64,
    pub parts: u32,
    pub holes: u32,
}

impl Shape {
    /// O(vertices).
    pub fn of(geometry: &CellGeometry) -> Self {
        Self {
            area_m2: geometry.polygons.iter().map(area_m2).sum(),
            perimeter_m: geometry.polygons.iter().flat_map(GridPolygon::rings).map(|r| perimeter_m(r)).sum(),
            parts: geometry.polygons.len() as u32,
            holes: geometry.polygons.iter().map(|p| p.holes.len()).sum::<usize>() as u32,
        }
    }

    /// Polsby–Popper: 4π·area ÷ perimeter², 1 for a circle; 0 without ground.
    pub fn compactness(&self) -> f64 {
        compactness(self.area_m2, self.perimeter_m)
    }

    /// How wide it is on average, metres: a long strip of width w has w.
    pub fn mean_width_m(&self) -> f64 {
        if self.perimeter_m > 0.0 { 2.0 * self.area_m2 / self.perimeter_m } else { 0.0 }
    }
}

/// Polsby–Popper: 4π·area ÷ perimeter².
pub(super) fn compactness(area_m2: f64, perimeter_m: f64) -> f64 {
    if perimeter_m > 0.0 { 4.0 * std::f64::consts::PI * area_m2 / (perimeter_m * perimeter_m) } else { 0.0 }
}

/// A place inside a cell, in its largest part; `None` without ground.
pub(super) fn place_in(geometry: &CellGeometry) -> Option<Place> {
    largest(geometry).map(crate::agreement::inner_place)
}

/// The largest part.
pub(super) fn largest(geometry: &CellGeometry) -> Option<&GridPolygon> {
    geometry.polygons.iter().max_by(|a, b| area_m2(a).total_cmp(&area_m2(b)))
}

/// The smallest part.
pub(super) fn smallest(geometry: &CellGeometry) -> Option<&GridPolygon> {
    geometry.polygons.iter().min_by(|a, b| area_m2(a).total_cmp(&area_m2(b)))
}
