//! From the world to the wire, and what each role may see.

use super::{
    alarms::grouped,
    ground::Ground,
    shown::{Sight, shown_text},
    world::{Walker, World},
};
use crate::wire::{Frame, Level, OwnerView, StaffView, TicketView};
use std::sync::Arc;
use wall_core::{Course, Duty, Platform, Severity, Ticket, TicketId, TicketStatus, UtcMs, duty_at};

/// Alarm priority of a ticket: something that needs a response now.
pub(crate) fn alarm(severity: Severity, status: TicketStatus, open: bool, overdue: bool) -> &'static str {
    use TicketStatus::*;
    if !open {
        return "";
    }
    match severity.get() {
        1 if matches!(status, Received | Filed | Returned) => "red",
        1 if overdue => "red",
        2 if overdue => "orange",
        1 => "yellow",
        _ => "",
    }
}

/// A ticket as it is shown at `now`, by its course.
pub(crate) fn ticket_view(
    world: &World,
    ground: &Arc<Ground>,
    ticket: &Ticket,
    sight: Sight,
    course: &Course,
    now: UtcMs,
) -> TicketView {
    let standing = course.at(now);
    let status = standing.map_or(TicketStatus::Received, |s| s.status);
    let open = standing.is_some_and(|s| !s.status.is_final());
    let overdue = open && ticket.runs_out_at().is_some_and(|d| d < now);
    let category = world.categories.name(&ticket.category, now);
    let (place, cell) = world.shown(ground, ticket, sight);
    let area = cell.map(|c| ground.cell_area(c));
    let platform = ticket.platform.or_else(|| world.categories.platform(&ticket.category, now));
    TicketView {
        id: ticket.id.0,
        external_id: ticket.external_id.clone(),
        title: shown_text(ticket, category, sight).title.into_owned(),
        category: ticket.category.clone(),
        category_name: category.to_owned(),
        platform: platform.map_or("", Platform::code).into(),
        channel: ticket.channel.map_or("", wall_core::Channel::code).into(),
        severity: ticket.severity.get(),
        status: status.code().into(),
        open,
        overdue,
        alarm: alarm(ticket.severity, status, open, overdue).into(),
        lon: place.map(|p| p.lon),
        lat: place.map(|p| p.lat),
        cell_key: area.map_or_else(String::new, |a| a.key.clone()),
        cell_code: area.map_or_else(String::new, |a| a.code.clone()),
        cell_name: area.map_or_else(String::new, |a| a.name.clone()),
        reported_ms: ticket.reported_at.0,
        since_ms: ticket.appears_at(world.base).0,
        ahead: ticket.is_ahead() || course.is_ahead(),
        reopened: course.is_reopened_at(now),
        due_ms: ticket.due_at.map(|t| t.0),
        closed_ms: course.closed_at(ticket, now).map(|t| t.0),
    }
}

/// The word of a duty state.
pub(crate) fn duty_word(duty: Duty) -> &'static str {
    match duty {
        Duty::OnDuty => "on_duty",
        Duty::OffDuty => "off_duty",
        Duty::Unknown => "unknown",
    }
}

/// A member of staff as the map shows them.
pub(crate) fn staff_view(world: &World, walker: &Walker, now: UtcMs) -> StaffView {
    let s = &walker.staff;
    let position = walker.position.filter(|p| p.counts_from(world.base) <= now);
    StaffView {
        id: s.id.0,
        name: s.name.clone(),
        role: s.role.clone(),
        unit: s.unit.clone(),
        duty: duty_word(duty_at(&s.shifts, now, &world.zone)).into(),
        lon: position.map(|p| p.place.lon),
        lat: position.map(|p| p.place.lat),
        at_ms: position.map(|p| p.counts_from(world.base).0),
        ahead: position.is_some_and(|p| p.is_ahead()),
    }
}

/// Who answers for a cell, leaders first, with their duty state when they are on the staff list.
pub(crate) fn owner_views(world: &World, ground: &Ground, cell: u32, now: UtcMs) -> Vec<OwnerView> {
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
                kind: party.kind.code().into(),
                role: o.role.code().into(),
                duty: duty_word(if ground.is_unit(o.party) { Duty::Unknown } else { duty }).into(),
                staff_id: staff.map(|w| w.staff.id.0),
            })
        })
        .collect()
}

/// A frame as it is shown to whom sees places only to the cell: every place, cell, count and title anew.
pub(crate) fn coarse_frame(frame: &Frame, world: &World) -> Frame {
    let (sight, ground) = (Sight::Coarse, &world.ground);
    let mut frame = frame.clone();
    for view in &mut frame.tickets {
        let known = world.ticket(TicketId(view.id));
        let place = known.and_then(|t| world.shown_place(t, sight));
        let cell = known.and_then(|t| world.shown_cell(ground, u32::try_from(view.id - 1).unwrap_or(u32::MAX), t, sight));
        let area = cell.map(|c| ground.cell_area(c));
        (view.lon, view.lat) = (place.map(|p| p.lon), place.map(|p| p.lat));
        view.cell_key = area.map_or_else(String::new, |a| a.key.clone());
        view.cell_code = area.map_or_else(String::new, |a| a.code.clone());
        view.cell_name = area.map_or_else(String::new, |a| a.name.clone());
        // A title from elsewhere may name a place; the category says enough.
        view.title.clone_from(&view.category_name);
    }
    let due = |slot| world.due_of(slot);
    let area = |key: &str| [Level::Cell, Level::Community, Level::Street].into_iter().find_map(|l| ground.area(l, key));
    let now = UtcMs(frame.clock.now_ms);
    frame.alarms = frame.alarms.is_some().then(|| grouped(world, ground, &world.raised, sight));
    frame.areas = frame.areas.iter().filter_map(|a| Some(world.counts(sight).stat(area(&a.key)?, now, &due))).collect();
    frame
}
