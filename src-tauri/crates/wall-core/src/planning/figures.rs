//! The figures of a cell: what the balance panel shows.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::area::Area;
use super::households::BaseShare;
use super::shape::Shape;
use super::{BaseHouseholds, PlannedCell, PlanningGround};
use crate::GridPoint;
use crate::attribution::piece::{GridPlace, Side};
use crate::coded::coded;

coded! {
    /// Where the number of households comes from.
    #[derive(Default)]
    HouseholdsFrom {
        /// Buildings inside the cell.
        Buildings = "buildings",
        /// Stated by the base plan's cells and divided by share of ground: an estimate.
        AreaShare = "area_share",
        /// Stated by the base plan for just this ground.
        Stated = "stated",
        /// Nobody tells.
        #[default]
        Unknown = "unknown",
    }
}

/// What one cell has.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct CellFigures {
    /// Households; a share of ground makes fractions.
    pub households: Option<f64>,
    /// Where they come from.
    pub households_from: HouseholdsFrom,
    /// Share of the cell's ground (0 … 1) about whose households nobody tells anything.
    pub households_gap: f64,
    /// Inhabitants, from the buildings that tell them.
    pub population: Option<f64>,
    /// Buildings.
    pub buildings: u32,
    /// m².
    pub area_m2: f64,
    /// Length of the border, holes included, m.
    pub perimeter_m: f64,
    /// Tickets of the last 90 days by severity 1 … 4.
    pub tickets_90d: [u32; 4],
    /// Open tickets.
    pub open: u32,
    /// Staff assigned to it, and those assigned to no cell who stand in it.
    pub staff: u32,
    /// Streets to patrol: those inside, and half of those along the border, m.
    pub patrol_m: f64,
    /// Polsby–Popper, 0 … 1.
    pub compactness: f64,
    /// Parts that do not hang together.
    pub parts: u32,
    /// Holes.
    pub holes: u32,
}

impl CellFigures {
    /// Tickets of the last 90 days, all severities.
    pub fn tickets(&self) -> u32 {
        self.tickets_90d.iter().sum()
    }
}

impl PlanningGround {
    /// The figures of one cell.
    ///
    /// What lies on its border belongs to the cell with the lowest code (then order) of those that touch there, as in
    /// attribution: `around` are the cells beside it (it may be among them). Interiors are taken to be apart, as a topology
    /// keeps them. `base` tells households where no building does.
    ///
    /// O(vertices + points in its box × edges at their height + streets near × edges near them); only points on the border
    /// ask `around`.
    pub fn figures(&self, cell: &PlannedCell<'_>, around: &[PlannedCell<'_>], base: Option<&BaseHouseholds>) -> CellFigures {
        self.figures_where(cell, base, |p| around.iter().any(|other| other.rank() != cell.rank() && takes(other, cell, p)))
    }

    /// The figures of all cells of a plan. O(n log n + the sum of [`Self::figures`]).
    pub fn balance(&self, cells: &[PlannedCell<'_>], base: Option<&BaseHouseholds>) -> Vec<CellFigures> {
        let boxes = cells.iter().enumerate().filter_map(|(i, c)| {
            let (lo, hi) = c.geometry.bounds()?;
            Some(GeomWithData::new(Rectangle::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]), i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        let other_takes = |i: usize, p: GridPlace| {
            tree.locate_in_envelope_intersecting(&AABB::from_point([p.x, p.y]))
                .filter(|g| g.data != i)
                .any(|g| takes(&cells[g.data], &cells[i], p))
        };
        cells.iter().enumerate().map(|(i, cell)| self.figures_where(cell, base, |p| other_takes(i, p))).collect()
    }

    fn figures_where(
        &self,
        cell: &PlannedCell<'_>,
        base: Option<&BaseHouseholds>,
        other_takes: impl Fn(GridPlace) -> bool,
    ) -> CellFigures {
        let shape = Shape::of(cell.geometry);
        let mut f = CellFigures {
            area_m2: shape.area_m2,
            perimeter_m: shape.perimeter_m,
            compactness: shape.compactness(),
            parts: shape.parts,
            holes: shape.holes,
            ..CellFigures::default()
        };
        f.staff = self.staff_of(cell);
        let area = Area::of(cell.geometry);
        let Some(bounds) = area.bounds() else { return f };
        let has = |p: GridPlace| match area.side(p) {
            Side::Inside => true,
            Side::Boundary => !other_takes(p),
            Side::Outside => false,
        };
        let (mut households, mut population) = (None, None);
        self.buildings.visit(bounds, |p, b| {
            if has(p) {
                f.buildings += 1;
                add(&mut households, b.households);
                add(&mut population, b.population);
            }
        });
        self.tickets.visit(bounds, |p, t| {
            if has(p) {
                f.tickets_90d[usize::from(t.severity - 1)] += u32::from(t.recent);
                f.open += u32::from(t.open);
            }
        });
        self.staff.visit(bounds, |p, ()| f.staff += u32::from(has(p)));
        f.population = population;
        f.patrol_m = self.streets.patrol_m(&area);
        let share = base.map(|b| b.share(cell.geometry, bounds)).unwrap_or_default();
        f.households_gap = if f.area_m2 > 0.0 { (share.unknown_m2 / f.area_m2).min(1.0) } else { 0.0 };
        (f.households, f.households_from) = together(households, share, self.households_known && f.households_gap < 1e-6);
        f
    }

    pub(super) fn staff_of(&self, cell: &PlannedCell<'_>) -> u32 {
        let by = |code: &str| self.staff_by_code.get(code).copied().unwrap_or(0);
        match (cell.code, cell.former_code) {
            (code, former) if code == former || former.is_empty() => by(code),
            (code, former) => by(code) + by(former),
        }
    }
}

/// Households of buildings and of the base plan's share together, and where they come from. `complete`: buildings tell
/// households elsewhere, and nothing says that they are missing here.
pub(super) fn together(buildings: Option<f64>, share: BaseShare, complete: bool) -> (Option<f64>, HouseholdsFrom) {
    match (buildings, share.households) {
        (own, Some(more)) if share.divided => (Some(own.unwrap_or(0.0) + more), HouseholdsFrom::AreaShare),
        (Some(own), more) => (Some(own + more.unwrap_or(0.0)), HouseholdsFrom::Buildings),
        (None, Some(stated)) => (Some(stated), HouseholdsFrom::Stated),
        (None, None) if complete => (Some(0.0), HouseholdsFrom::Buildings),
        (None, None) => (None, HouseholdsFrom::Unknown),
    }
}

pub(super) fn add(sum: &mut Option<f64>, some: Option<u32>) {
    if let Some(n) = some {
        *sum.get_or_insert(0.0) += f64::from(n);
    }
}

/// Whether `other` has the point on the border of `cell`: it has it inside, or on its border with the lower code.
fn takes(other: &PlannedCell<'_>, cell: &PlannedCell<'_>, p: GridPlace) -> bool {
    let holds = |(lo, hi): (GridPoint, GridPoint)| {
        (lo.x as f64) <= p.x && p.x <= (hi.x as f64) && (lo.y as f64) <= p.y && p.y <= (hi.y as f64)
    };
    if !other.geometry.bounds().is_some_and(holds) {
        return false;
    }
    match Area::of(other.geometry).side(p) {
        Side::Inside => true,
        Side::Boundary => other.rank() < cell.rank(),
        Side::Outside => false,
    }
}
