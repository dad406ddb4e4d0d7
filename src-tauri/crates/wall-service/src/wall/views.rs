//! From the world to the wire, and what each role may see.

use super::{
    ground::Ground,
    world::{Walker, World},
};
use crate::{
    masking::mask,
    wire::{Frame, OwnerView, StaffView, TicketView},
};
use wall_core::{Course, Duty, Platform, Severity, Ticket, TicketStatus, UtcMs, duty_at};
use wall_store::Role;

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

/// A ticket as the stream shows it at `now`, by its course.
pub(crate) fn ticket_view(
    world: &World,
    ground: &Ground,
    ticket: &Ticket,
    cell: Option<u32>,
    course: &Course,
    now: UtcMs,
) -> TicketView {
    let standing = course.at(now);
    let status = standing.map_or(TicketStatus::Received, |s| s.status);
    let open = standing.is_some_and(|s| !s.status.is_final());
    let overdue = open && ticket.due_at.is_some_and(|d| d < now);
    let category = world.categories.name(&ticket.category, now);
    let title =
        if ticket.sensitive || ticket.title.trim().is_empty() { category.to_owned() } else { mask(&ticket.title).into_owned() };
    let area = cell.map(|c| ground.cell_area(c));
    let platform = ticket.platform.or_else(|| world.categories.platform(&ticket.category, now));
    TicketView {
        id: ticket.id.0,
        external_id: ticket.external_id.clone(),
        title,
        category: ticket.category.clone(),
        category_name: category.to_owned(),
        platform: platform.map_or("", Platform::code).into(),
        channel: ticket.channel.map_or("", wall_core::Channel::code).into(),
        severity: ticket.severity.get(),
        status: status.code().into(),
        open,
        overdue,
        alarm: alarm(ticket.severity, status, open, overdue).into(),
        // A sensitive matter is somebody's home: never nearer than its cell.
        lon: if ticket.sensitive { area.map(|a| a.label_lon) } else { Some(ticket.place.lon) },
        lat: if ticket.sensitive { area.map(|a| a.label_lat) } else { Some(ticket.place.lat) },
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

/// What a role does not see is taken out of a ticket line: places only to the cell.
pub(crate) fn redact_ticket(view: &mut TicketView, ground: &Ground, role: Role) {
    if role.sees_exact_places() {
        return;
    }
    let label = ground.area(crate::wire::Level::Cell, &view.cell_key).map(|a| (a.properties.label_lon, a.properties.label_lat));
    view.lon = label.map(|l| l.0);
    view.lat = label.map(|l| l.1);
    // A title from elsewhere may name a place; the category says enough.
    view.title.clone_from(&view.category_name);
}

/// The same for a whole frame.
pub(crate) fn redact_frame(frame: &Frame, ground: &Ground, role: Role) -> Frame {
    let mut frame = frame.clone();
    frame.tickets.iter_mut().for_each(|t| redact_ticket(t, ground, role));
    frame
}
