//! What lies on the ground and what happened there: built once for a draft session, then asked for cell after cell.

use std::collections::{BTreeMap, BTreeSet};

use super::area::Area;
use super::patrol::Streets;
use super::point_grid::PointGrid;
use crate::attribution::piece::{GridPlace, Side};
use crate::{CellGeometry, Place, Severity, StaffId, TicketId};

/// A building with those who live in it.
#[derive(Clone, PartialEq, Debug)]
pub struct BuildingPoint {
    /// Representative point.
    pub place: Place,
    /// Households, when told.
    pub households: Option<u32>,
    /// Inhabitants, when told.
    pub population: Option<u32>,
    /// Block it belongs to (小区), may be empty.
    pub block: String,
}

/// A ticket as far as planning needs it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TicketPoint {
    /// Identity.
    pub id: TicketId,
    /// Where.
    pub place: Place,
    /// How grave.
    pub severity: Severity,
    /// Reported within the 90 days before now.
    pub recent: bool,
    /// Open now.
    pub open: bool,
}

/// A member of the field staff.
#[derive(Clone, PartialEq, Debug)]
pub struct StaffPoint {
    /// Identity.
    pub id: StaffId,
    /// Last known position.
    pub place: Option<Place>,
    /// Codes of the cells they are assigned to.
    pub cell_codes: Vec<String>,
}

/// A line of a street or of water.
#[derive(Clone, PartialEq, Debug)]
pub struct StreetLine {
    /// Name, may be empty.
    pub name: String,
    /// Class: arterial, street, lane …
    pub class: String,
    /// The line, in WGS-84 degrees.
    pub line: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BuildingMark {
    pub households: Option<u32>,
    pub population: Option<u32>,
    /// Position in [`PlanningGround::block_names`]; 0 is no name.
    pub block: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TicketMark {
    pub severity: u8,
    pub recent: bool,
    pub open: bool,
}

/// Buildings, tickets, staff and streets, in indexes that answer for one cell in the time its own points need.
#[derive(Clone, Debug)]
pub struct PlanningGround {
    pub(super) buildings: PointGrid<BuildingMark>,
    pub(super) block_names: Vec<String>,
    pub(super) tickets: PointGrid<TicketMark>,
    /// Those without assigned cells, where they stand.
    pub(super) staff: PointGrid<()>,
    /// How many staff each code has.
    pub(super) staff_by_code: BTreeMap<String, u32>,
    pub(super) streets: Streets,
    /// Whether any building tells households: then a cell without buildings has none, and is not unknown.
    pub(super) households_known: bool,
}

impl PlanningGround {
    /// O(n), and O(s log s) in the streets' segments. Tickets neither recent nor open, and points outside the world, are
    /// left out.
    pub fn new(
        buildings: impl IntoIterator<Item = BuildingPoint>,
        tickets: impl IntoIterator<Item = TicketPoint>,
        staff: impl IntoIterator<Item = StaffPoint>,
        streets: impl IntoIterator<Item = StreetLine>,
    ) -> Self {
        let mut block_names = vec![String::new()];
        let mut block_of: BTreeMap<String, u32> = BTreeMap::from([(String::new(), 0)]);
        let mut marks = Vec::new();
        for b in buildings {
            let Some(at) = on_grid(b.place) else { continue };
            let block = *block_of.entry(b.block).or_insert_with_key(|name| {
                block_names.push(name.clone());
                block_names.len() as u32 - 1
            });
            marks.push((at, BuildingMark { households: b.households, population: b.population, block }));
        }
        let tickets: Vec<(GridPlace, TicketMark)> = tickets
            .into_iter()
            .filter(|t| t.recent || t.open)
            .filter_map(|t| Some((on_grid(t.place)?, TicketMark { severity: t.severity.get(), recent: t.recent, open: t.open })))
            .collect();
        let mut staff_by_code = BTreeMap::new();
        let mut free = Vec::new();
        for s in staff {
            // A code named twice is one assignment.
            let codes: BTreeSet<String> = s.cell_codes.into_iter().filter(|c| !c.is_empty()).collect();
            if codes.is_empty() {
                free.extend(s.place.and_then(on_grid).map(|p| (p, ())));
            }
            for code in codes {
                *staff_by_code.entry(code).or_default() += 1;
            }
        }
        Self {
            households_known: marks.iter().any(|(_, m)| m.households.is_some()),
            buildings: PointGrid::new(&marks),
            block_names,
            tickets: PointGrid::new(&tickets),
            staff: PointGrid::new(&free),
            staff_by_code,
            streets: Streets::new(streets),
        }
    }

    /// Whether any building tells its households.
    pub fn households_known(&self) -> bool {
        self.households_known
    }

    /// Households of the buildings on a ground, its border included; `None` when none of them tells. O(points in its box).
    pub fn households_in(&self, geometry: &CellGeometry) -> Option<f64> {
        let area = Area::of(geometry);
        let mut sum = None;
        self.buildings.visit(area.bounds()?, |p, b| {
            if let Some(households) = b.households
                && area.side(p) != Side::Outside
            {
                *sum.get_or_insert(0.0) += f64::from(households);
            }
        });
        sum
    }

    /// The name most of a ground's buildings give as their block, those with more households counting more; of equal ones
    /// the first by the alphabet. `None` when they name none. O(points in its box).
    pub fn block_name(&self, geometry: &CellGeometry) -> Option<&str> {
        let area = Area::of(geometry);
        let mut weight: BTreeMap<u32, u64> = BTreeMap::new();
        self.buildings.visit(area.bounds()?, |p, b| {
            if b.block != 0 && area.side(p) != Side::Outside {
                *weight.entry(b.block).or_default() += 1 + u64::from(b.households.unwrap_or(0));
            }
        });
        let name = |block: u32| self.block_names[block as usize].as_str();
        weight.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(name(b.0).cmp(name(a.0)))).map(|(block, _)| name(block))
    }

    /// Number of buildings.
    pub fn building_count(&self) -> usize {
        self.buildings.len()
    }
}

pub(super) fn on_grid(place: Place) -> Option<GridPlace> {
    Place::new(place.lon, place.lat).map(GridPlace::of)
}
