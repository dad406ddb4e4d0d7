//! From the wall to the wire, and what each role may see: nothing else of the wall knows what the wire looks like.

mod cards;
mod compare;
mod frames;
mod people;
mod places;
mod session;
mod state;
mod stills;
mod tickets;
mod watch;

pub(super) use frames::Frames;
pub use places::NearView;
pub use stills::{StillCell, StillFacts};
pub use watch::Watch;

use super::{
    WallError,
    alarms::Alarms,
    categories::KnownCategory,
    clock::{Driver, WallClock},
    counts::AreaCount,
    figures::Figure,
    ground::{Area, AreaFacts, Ground},
    shown::Part,
    world::{Walker, World},
};
use crate::wire::{AlarmGroup, AreaProperties, AreaStat, CategoryView, Clock, ClockKind, Level, OwnerView, Problem, StaffView};
use wall_core::{Duty, UtcMs, duty_at};

impl From<Level> for wall_core::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Cell => Self::Cell,
            Level::Community => Self::Community,
            Level::Street => Self::Street,
        }
    }
}

impl From<wall_core::Level> for Level {
    fn from(level: wall_core::Level) -> Self {
        match level {
            wall_core::Level::Cell => Self::Cell,
            wall_core::Level::Community => Self::Community,
            wall_core::Level::Street => Self::Street,
        }
    }
}

impl From<&AreaFacts> for AreaProperties {
    fn from(area: &AreaFacts) -> Self {
        Self {
            key: area.key.clone(),
            code: area.code.clone(),
            name: area.name.clone(),
            kind: area.kind.into(),
            parent_code: area.parent_code.clone(),
            parent_name: area.parent_name.clone(),
            households: area.households,
            owner: area.owner.clone(),
            owner_color: area.owner_colour.map_or(-1, |c| c as i8),
            area_km2: area.area_km2,
            label_lon: area.label.lon,
            label_lat: area.label.lat,
        }
    }
}

impl From<&Figure> for crate::wire::Figure {
    fn from(figure: &Figure) -> Self {
        let (numerator, denominator) = figure.of.unzip();
        Self {
            key: figure.key.into(),
            value: figure.value,
            numerator,
            denominator,
            yesterday: figure.yesterday,
            spark: figure.spark.clone(),
        }
    }
}

impl From<KnownCategory> for CategoryView {
    fn from(category: KnownCategory) -> Self {
        Self { code: category.code, name: category.name, platform: category.platform.into() }
    }
}

impl WallError {
    /// The error as it goes over the wire.
    pub fn problem(&self) -> Problem {
        Problem { code: self.code().into(), message: self.to_string() }
    }
}

/// Counts of an area.
fn area_stat(area: &Area, count: AreaCount) -> AreaStat {
    AreaStat {
        key: area.facts.key.clone(),
        open: count.open,
        overdue: count.overdue,
        received_today: count.received_today,
        closed_today: count.closed_today,
        heat: count.heat,
        time_left_s: count.time_left_s,
    }
}

/// The clock at `now`; `later` tickets are hidden behind it.
fn clock_view(clock: &WallClock, now: UtcMs, later: u32) -> Clock {
    let (kind, speed) = match clock.driver() {
        Driver::System => (ClockKind::System, 1.0),
        Driver::Fixed => (ClockKind::Fixed, 0.0),
        Driver::Replay { speed } => (ClockKind::Replay, speed),
    };
    Clock { kind, now_ms: now.0, speed, later }
}

/// Alarms with the cells of a ground.
fn alarms_view(world: &World, ground: &Ground, alarms: &Alarms) -> crate::wire::Alarms {
    let group = |g: &super::alarms::AlarmGroup| AlarmGroup {
        alarm: g.alarm.into(),
        cell_key: g.part.cell().map_or_else(String::new, |c| ground.cell_area(c).key.clone()),
        unplaced: g.part == Part::Unplaced,
        category: world.categories.code(g.category).to_owned(),
        newest: g.newest.0,
        count: g.count,
    };
    crate::wire::Alarms { total: alarms.total, groups: alarms.groups.iter().map(group).collect() }
}

/// A member of staff as the map shows them.
fn staff_view(world: &World, walker: &Walker, now: UtcMs) -> StaffView {
    let s = &walker.staff;
    let position = walker.position.filter(|p| p.counts_from(world.base) <= now);
    StaffView {
        id: s.id.0,
        name: s.name.clone(),
        role: s.role.clone(),
        unit: s.unit.clone(),
        duty: duty_at(&s.shifts, now, &world.zone).into(),
        lon: position.map(|p| p.place.lon),
        lat: position.map(|p| p.place.lat),
        at_ms: position.map(|p| p.counts_from(world.base).0),
        ahead: position.is_some_and(|p| p.is_ahead()),
    }
}

/// Who answers for a cell, leaders first, with their duty state when they are on the staff list.
fn owner_views(world: &World, ground: &Ground, cell: u32, now: UtcMs) -> Vec<OwnerView> {
    let code = &ground.cells[cell as usize].code;
    ground.owners[cell as usize]
        .iter()
        .filter_map(|o| {
            let party = ground.parties.get(&o.party)?;
            // The same name walks the same cell: only then is it the same person.
            let staff = world.staff.values().find(|w| w.staff.name == party.name && w.staff.cell_codes.contains(code));
            let duty = staff.map_or(Duty::Unknown, |w| duty_at(&w.staff.shifts, now, &world.zone));
            Some(OwnerView {
                name: party.name.clone(),
                kind: party.kind.into(),
                role: o.role.into(),
                duty: if ground.is_unit(o.party) { Duty::Unknown } else { duty }.into(),
                staff_id: staff.map(|w| w.staff.id.0),
            })
        })
        .collect()
}
