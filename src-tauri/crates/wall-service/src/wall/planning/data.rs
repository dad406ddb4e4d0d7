//! What lies on the ground, for the figures of a plan: buildings, tickets, staff, streets, as they are now.

use crate::wall::{Wall, WallError};
use wall_core::{
    CellRecord, UtcMs,
    planning::{
        BaseHouseholds, BuildingPoint, CommunityOutlines, PlannedCell, PlanningGround, StaffPoint, StreetLine, TicketPoint,
    },
};

/// Tickets reported so long ago count in the workload.
const RECENT_MS: i64 = 90 * 24 * 3_600_000;

/// Everything the figures of one plan are computed from. Built when a plan is opened, and again when it has grown old.
pub(super) struct PlanningData {
    pub ground: PlanningGround,
    /// Households stated by the cells the draft began from, where no building tells them.
    pub base: Option<BaseHouseholds>,
    /// Outlines of the communities in the plan the draft began from.
    pub communities: Option<CommunityOutlines>,
    /// Wall time of the figures.
    pub at: UtcMs,
}

impl PlanningData {
    /// Reads what lies on the ground. O(buildings + tickets + streets).
    pub async fn load(wall: &Wall, base: &[CellRecord]) -> Result<Self, WallError> {
        let store = wall.store();
        let (buildings, streets) = (store.buildings().await?, store.streets().await?);
        let at = wall.now();
        let (tickets, staff): (Vec<TicketPoint>, Vec<StaffPoint>) = {
            let world = wall.world();
            let tickets = world.then(at).all().filter_map(|(slot, t)| {
                Some(TicketPoint {
                    id: crate::wall::world::ticket_of(slot),
                    // Whoever drags a border past a ticket must not find out where it lies.
                    place: world.shown_place(&t, &crate::wall::shown::Sight::Exact)?,
                    severity: t.severity,
                    recent: t.life.reported > at.0 - RECENT_MS,
                    open: t.life.open_at(at),
                })
            });
            let staff = world.staff.values().map(|w| StaffPoint {
                id: w.staff.id,
                place: w.position.map(|p| p.place),
                cell_codes: w.staff.cell_codes.clone(),
            });
            (tickets.collect(), staff.collect())
        };
        let ground = PlanningGround::new(
            buildings.into_iter().map(|b| BuildingPoint {
                place: b.place,
                households: b.households,
                population: b.population,
                block: b.block,
            }),
            tickets,
            staff,
            streets.into_iter().flat_map(|s| {
                s.lines.into_iter().map(move |line| StreetLine { name: s.name.clone(), class: s.class.clone(), line })
            }),
        );
        let households = BaseHouseholds::new(&ground, base.iter().map(|c| (&c.geometry, c.households)));
        let cells: Vec<PlannedCell<'_>> = base
            .iter()
            .enumerate()
            .map(|(i, c)| PlannedCell { community_code: &c.community_code, ..PlannedCell::of(i, &c.code, &c.geometry) })
            .collect();
        let communities = base.iter().any(|c| !c.community_code.is_empty()).then(|| CommunityOutlines::of_cells(&cells));
        Ok(Self { ground, base: Some(households), communities, at })
    }
}
