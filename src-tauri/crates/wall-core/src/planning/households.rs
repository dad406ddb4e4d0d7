//! Households where no building tells them: what the base plan's cells state, by share of ground.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::PlanningGround;
use super::area::Area;
use crate::attribution::piece::{GridBox, Side};
use crate::overlay::{Operation, overlay, rings_of};
use crate::{CellGeometry, geometry_area_m2};

/// The cells of the base plan with the households they state. Those in which buildings tell households are left to the
/// buildings; the others pass theirs on by share of ground. So the cells of a draft together have what the base has.
#[derive(Clone, Debug, Default)]
pub struct BaseHouseholds {
    cells: Vec<Silent>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

/// A base cell in which no building tells households.
#[derive(Clone, Debug)]
struct Silent {
    geometry: CellGeometry,
    area_m2: f64,
    households: Option<u32>,
}

/// What a cell gets from the base plan.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct BaseShare {
    /// Sum of the shares; `None` when nothing is stated about its ground.
    pub households: Option<f64>,
    /// Whether part of a base cell came in: then the sum is an estimate.
    pub divided: bool,
    /// Ground in base cells of which nobody tells households, m².
    pub unknown_m2: f64,
}

impl BaseHouseholds {
    /// O(n log n + points).
    pub fn new<'a>(ground: &PlanningGround, base: impl IntoIterator<Item = (&'a CellGeometry, Option<u32>)>) -> Self {
        let silent = |(geometry, households): (&CellGeometry, Option<u32>)| {
            (!tells_households(ground, geometry)).then(|| Silent {
                geometry: geometry.clone(),
                area_m2: geometry_area_m2(geometry),
                households,
            })
        };
        let cells: Vec<Silent> = base.into_iter().filter_map(silent).filter(|c| c.area_m2 > 0.0).collect();
        let boxes = cells.iter().enumerate().filter_map(|(i, c)| {
            let (lo, hi) = c.geometry.bounds()?;
            Some(GeomWithData::new(Rectangle::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]), i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        Self { cells, tree }
    }

    /// What the base states about this ground. O(neighbours × overlay).
    pub(super) fn share(&self, geometry: &CellGeometry, bounds: GridBox) -> BaseShare {
        let envelope = AABB::from_corners([bounds.lo.x, bounds.lo.y], [bounds.hi.x, bounds.hi.y]);
        let mut near: Vec<usize> = self.tree.locate_in_envelope_intersecting(&envelope).map(|g| g.data).collect();
        near.sort_unstable();
        let mut sum = BaseShare::default();
        for cell in near.into_iter().map(|i| &self.cells[i]) {
            let common_m2 = if cell.geometry == *geometry {
                cell.area_m2
            } else {
                match overlay(rings_of(geometry), rings_of(&cell.geometry), Operation::Intersection) {
                    Ok(polygons) => geometry_area_m2(&CellGeometry { polygons }),
                    Err(_) => {
                        // Nobody knows how much of it lies in there: households are then unknown, not none.
                        sum.unknown_m2 += cell.area_m2;
                        continue;
                    }
                }
            };
            let share = (common_m2 / cell.area_m2).min(1.0);
            if share < 1e-9 {
                continue;
            }
            // The same ground computed along two ways differs in the last places.
            let share = if share > 1.0 - 1e-9 { 1.0 } else { share };
            match cell.households {
                Some(households) => {
                    *sum.households.get_or_insert(0.0) += f64::from(households) * share;
                    sum.divided |= share < 1.0;
                }
                None => sum.unknown_m2 += common_m2,
            }
        }
        sum
    }
}

/// Whether a building inside a cell tells households. O(points in its box).
pub(super) fn tells_households(ground: &PlanningGround, geometry: &CellGeometry) -> bool {
    let area = Area::of(geometry);
    let mut any = false;
    if let Some(bounds) = area.bounds() {
        ground.buildings.visit(bounds, |p, b| any = any || (b.households.is_some() && area.side(p) == Side::Inside));
    }
    any
}
