//! Alarms: what needs a response now, every one of them, so that a flood is counted by its members and not by the lines that
//! are shown of it.

use super::{
    Wall, WallError,
    gather::{Gather, Met},
    ground::Ground,
    shown::{Part, Sight},
    then::{Moment, Then},
    world::ticket_of,
};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};
use wall_core::{Alarm, Severity, TicketId, TicketStatus, Timebase, UtcMs};

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

/// The tickets that raise an alarm at a time, as far as the world knows.
#[derive(Clone)]
pub(super) struct Raising {
    /// Whether the world's statuses are those of the time: the present by the system's clock is the last step of every course.
    last: bool,
    found: Vec<(i64, Raised)>,
    /// Whether they do depends on their status then.
    unsure: Vec<(i64, TicketId, Severity, TicketStatus, bool)>,
}

impl Raising {
    /// Nobody looked yet.
    pub fn new(then: Then<'_>) -> Self {
        let last = then.world.base == Timebase::System && then.at >= then.world.now;
        Self { last, found: Vec::new(), unsure: Vec::new() }
    }
}

impl Gather for Raising {
    fn meet(&mut self, _: Then<'_>, met: &Met<'_>) {
        // Whatever the status: only open tickets of these raise one.
        let Some(t) = met.live.filter(|t| t.life.open_at(met.at) && t.severity.get() <= 2) else { return };
        let (ticket, late) = (ticket_of(met.slot), t.life.overdue_at(met.at));
        let by = |status| alarm(t.severity, status, true, late);
        // Some raise the same one whatever their status; of the others it is asked.
        let (waiting, in_hand) = (by(TicketStatus::Received), by(TicketStatus::InProgress));
        if self.last || waiting == in_hand {
            let alarm = if self.last { by(t.status) } else { waiting };
            self.found.extend(alarm.map(|alarm| (t.life.reported, Raised { ticket, alarm })));
        } else {
            self.unsure.push((t.life.reported, ticket, t.severity, t.status, late));
        }
    }

    fn join(&mut self, mut other: Self) {
        self.found.append(&mut other.found);
        self.unsure.append(&mut other.unsure);
    }
}

impl Wall {
    /// All alarms at a time, gravest first, then newest. O(tickets).
    pub(super) async fn alarms_at(&self, moment: &mut Moment) -> Result<Vec<Raised>, WallError> {
        let (raising, at) = {
            let world = self.world_of(moment).await?;
            let then = moment.then(&world);
            (then.gather(Raising::new(then)), then.at)
        };
        self.raised(raising, at, moment.revision()).await
    }

    /// The alarms of those that were found at a time, gravest first, then newest: of some the store is asked.
    pub(super) async fn raised(&self, raising: Raising, at: UtcMs, known_at: Option<i64>) -> Result<Vec<Raised>, WallError> {
        let Raising { mut found, unsure, .. } = raising;
        if !unsure.is_empty() {
            let then = self.statuses_at(&unsure.iter().map(|u| u.1).collect::<Vec<_>>(), at, known_at).await?;
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
