//! Alarms: what needs a response now, every one of them, so that a flood is counted by its members and not by the lines that
//! are shown of it.

use super::{
    Wall, WallError,
    ground::Ground,
    shown::{Part, Sight},
    then::{Moment, Then},
    world::ticket_of,
};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};
use wall_core::{Alarm, Severity, TicketId, TicketStatus, Timebase};

/// Groups told of at most, the gravest: far more than a wall pins.
const MOST_GROUPS: usize = 40;

/// A ticket with the alarm that it raises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Raised {
    pub ticket: TicketId,
    pub alarm: Alarm,
}

/// Alarms of one priority and category in one cell, outside all cells, or without a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AlarmGroup {
    pub alarm: Alarm,
    /// The cell in the ground, or what stands for one.
    pub part: Part,
    /// Number of the category among those seen.
    pub category: u32,
    /// Its newest ticket.
    pub newest: TicketId,
    /// At least one.
    pub count: u32,
}

/// All alarms of a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Alarms {
    /// Tickets that raise one.
    pub total: u32,
    /// Gravest and newest first, at most [`MOST_GROUPS`].
    pub groups: Vec<AlarmGroup>,
}

/// Alarm priority of a ticket: something that needs a response now.
pub(crate) fn alarm(severity: Severity, status: TicketStatus, open: bool, overdue: bool) -> Option<Alarm> {
    use TicketStatus::*;
    if !open {
        return None;
    }
    match severity.get() {
        1 if matches!(status, Received | Filed | Returned) => Some(Alarm::Red),
        1 if overdue => Some(Alarm::Red),
        2 if overdue => Some(Alarm::Orange),
        1 => Some(Alarm::Yellow),
        _ => None,
    }
}

impl Wall {
    /// All alarms at a time, gravest first, then newest. O(tickets).
    pub(super) async fn alarms_at(&self, moment: &mut Moment) -> Result<Vec<Raised>, WallError> {
        let (at, mut found, unsure) = {
            let world = self.world_of(moment).await?;
            let at = moment.at(&world);
            // The present by the system's clock is the last step of every course, which the world keeps.
            let last = world.base == Timebase::System && at >= world.now;
            let parts = moment.then(&world).in_parts(|then, slots| {
                let (mut found, mut unsure) = (Vec::new(), Vec::new());
                // Whatever the status: only open tickets of these raise one.
                for (slot, t) in then.of_slots(slots).filter(|(_, t)| t.life.open_at(at) && t.severity.get() <= 2) {
                    let (ticket, late) = (ticket_of(slot), t.life.overdue_at(at));
                    let by = |status| alarm(t.severity, status, true, late);
                    // Some raise the same one whatever their status; of the others it is asked.
                    let (waiting, in_hand) = (by(TicketStatus::Received), by(TicketStatus::InProgress));
                    if last || waiting == in_hand {
                        let alarm = if last { by(t.status) } else { waiting };
                        found.extend(alarm.map(|alarm| (t.life.reported, Raised { ticket, alarm })));
                    } else {
                        unsure.push((t.life.reported, ticket, t.severity, t.status, late));
                    }
                }
                (found, unsure)
            });
            let (found, unsure): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            (at, found.concat(), unsure.concat())
        };
        if !unsure.is_empty() {
            let then = self.statuses_at(&unsure.iter().map(|u| u.1).collect::<Vec<_>>(), at, moment.revision()).await?;
            found.extend(unsure.into_iter().filter_map(|(reported, ticket, severity, status, late)| {
                let status = then.get(&ticket).copied().unwrap_or(status);
                Some((reported, Raised { ticket, alarm: alarm(severity, status, true, late)? }))
            }));
        }
        found.sort_unstable_by_key(|(reported, r)| (r.alarm, std::cmp::Reverse((*reported, r.ticket))));
        Ok(found.into_iter().map(|(_, r)| r).collect())
    }
}

/// Alarms by cell and category, gravest and newest first, as somebody may know the cells. O(alarms).
pub(super) fn grouped(then: Then<'_>, ground: &Arc<Ground>, raised: &[Raised], sight: &Sight) -> Alarms {
    let mut groups: Vec<AlarmGroup> = Vec::new();
    let mut known: HashMap<(Alarm, Part, u32), usize> = HashMap::new();
    let mut total = 0;
    for r in raised {
        let slot = u32::try_from(r.ticket.0 - 1).unwrap_or(u32::MAX);
        let Some(t) = then.get(slot) else { continue };
        total += 1;
        let part = then.world.shown_part(ground, slot, &t, sight);
        match known.entry((r.alarm, part, t.category)) {
            Entry::Occupied(group) => {
                if let Some(group) = groups.get_mut(*group.get()) {
                    group.count += 1;
                }
            }
            Entry::Vacant(group) => {
                group.insert(groups.len());
                groups.push(AlarmGroup { alarm: r.alarm, part, category: t.category, newest: r.ticket, count: 1 });
            }
        }
    }
    groups.truncate(MOST_GROUPS);
    Alarms { total, groups }
}
