//! The one fold: what was true of a ticket at a time, by all that is known or by what was known then.
//!
//! The status goes by [`Course`]. Values go by these rules:
//! 1. What a value was at the beginning is what its first change says it was, else what the row says.
//! 2. A change counts from when it happened ([`counts_from`]), never before the ticket was reported.
//! 3. Where nobody said when, what came earlier happened no later than what came after it: the last word stays the last.
//! 4. A corrected time of reporting holds for the whole history.

use super::{Course, LocationMethod, Payload, Standing, StatusEvent, Ticket, TicketEvent, TicketStatus};
use crate::{Timebase, UtcMs, counts_from};

/// The history of one ticket by a clock, as far as it is known.
#[derive(Clone, Debug)]
pub struct History<'a> {
    base: Timebase,
    /// As it was at the beginning, with the time of reporting that holds.
    beginning: Ticket,
    appears: UtcMs,
    course: Course,
    /// Which event each status event of the course is.
    statuses: Vec<usize>,
    /// Changes of values with the time from which they count, in the order in which they hold.
    changes: Vec<(UtcMs, usize)>,
    /// All that is known, in the order in which it was recorded.
    events: &'a [TicketEvent],
}

/// Of which time an event is news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News {
    /// The earliest time of which it says something.
    pub from: UtcMs,
    /// When it was learned.
    pub recorded_at: UtcMs,
}

impl News {
    /// Of an event of a ticket that is there from `appears` on, looked at by itself: a closing that corrects an earlier one says
    /// something from that one on, which only its whole history knows ([`History::news`]).
    pub fn of_one(event: &TicketEvent, appears: UtcMs, base: Timebase) -> Self {
        let from = match event.payload {
            // They hold from the beginning on.
            Payload::Received(_) | Payload::ReportedAt(_) => appears,
            _ => counts_from(event.at, event.recorded_at, base).max(appears),
        };
        Self { from, recorded_at: event.recorded_at }
    }

    /// Whether it says something of `t`, or of before, and was recorded only later.
    pub fn is_late_at(self, t: UtcMs) -> bool {
        self.from <= t && self.recorded_at > t
    }
}

/// A ticket as it stood at a time.
#[derive(Clone, PartialEq, Debug)]
pub struct TicketAt {
    /// Its state then.
    pub ticket: Ticket,
    /// Where it stood, since when, and since when it was over; events are counted among those of its status.
    pub standing: Standing,
    /// How the place that it had was found; `None` = it had none.
    pub located_by: Option<LocationMethod>,
    /// Whether it stood open after it had been over.
    pub reopened: bool,
    /// Whether a time of its history lies oddly ahead of the clock it came in by.
    pub ahead: bool,
    /// Events that say something of then, or of before, and were recorded only later.
    pub late_events: u32,
}

impl TicketAt {
    /// What is sensitive by now is treated so at all times: looking back opens nothing. `row` is the present state.
    pub fn guarded(mut self, row: &Ticket) -> Self {
        self.ticket.sensitive |= row.sensitive;
        self
    }
}

impl<'a> History<'a> {
    /// Folds the events of a ticket, given in the order in which they were recorded, by a clock: all of them, or those with
    /// revisions up to `known_at`, which is exactly what a store knew that stopped there. `row` is the present state that
    /// the store keeps. `None` when the ticket was not known then. O(n log n).
    pub fn of(row: &Ticket, events: &'a [TicketEvent], base: Timebase, known_at: Option<i64>) -> Option<Self> {
        let mut beginning = row.clone();
        events.iter().rev().for_each(|e| e.payload.take_back(&mut beginning));
        let known = known_at.map_or(events.len(), |revision| events.partition_point(|e| e.revision <= revision));
        let events = &events[..known];
        if known_at.is_some() && events.is_empty() {
            return None;
        }
        if let Some(reported_at) = events.iter().rev().find_map(|e| match &e.payload {
            Payload::ReportedAt(c) => Some(c.is),
            _ => None,
        }) {
            beginning.reported_at = reported_at;
        }
        let appears = beginning.appears_at(base);
        let mut statuses = Vec::new();
        let mut told = Vec::new();
        let mut changes = Vec::new();
        for (i, e) in events.iter().enumerate() {
            match &e.payload {
                Payload::Status(s) => {
                    statuses.push(i);
                    told.push(StatusEvent { to: s.to, at: e.at, recorded_at: e.recorded_at, told: e.told });
                }
                Payload::DueSet(_) | Payload::SeveritySet(_) | Payload::Located(_) | Payload::Described(_) => {
                    changes.push((counts_from(e.at, e.recorded_at, base).max(appears), i));
                }
                Payload::Received(_) | Payload::ReportedAt(_) | Payload::Unknown { .. } => {}
            }
        }
        let mut no_later = UtcMs::MAX;
        for (when, i) in changes.iter_mut().rev().filter(|(_, i)| !events[*i].told) {
            no_later = no_later.min(*when);
            (*when, _) = (no_later, i);
        }
        changes.sort();
        Some(Self { base, appears, course: Course::of(appears, &told, base), beginning, statuses, changes, events })
    }

    /// The ticket as it stood at `t`; `None` before it was reported. O(events).
    pub fn at(&self, t: UtcMs) -> Option<TicketAt> {
        self.course.at(t).map(|standing| self.state(t, standing))
    }

    /// The times from which something of it was otherwise than before, ascending; the first is its reporting.
    pub fn turns(&self) -> Vec<UtcMs> {
        let steps = self.course.steps().iter().map(|s| s.since);
        let mut turns: Vec<UtcMs> = steps.chain(self.changes.iter().map(|(when, _)| *when)).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// The ticket when everything known has happened.
    pub fn last(&self) -> TicketAt {
        self.state(UtcMs::MAX, self.course.last())
    }

    fn state(&self, t: UtcMs, standing: Standing) -> TicketAt {
        let mut ticket = self.beginning.clone();
        // What no event tells was told with the ticket.
        let mut method = LocationMethod::Told;
        for (_, i) in self.changes.iter().take_while(|(when, _)| *when <= t) {
            let payload = &self.events[*i].payload;
            payload.apply(&mut ticket);
            if let Payload::Located(l) = payload {
                method = l.method;
            }
        }
        ticket.status = standing.status;
        ticket.varied = self.is_varied();
        ticket.suspended_at = self.course.suspended_at(t);
        ticket.closed_at = standing.over_by.and_then(|i| self.told_at(i));
        // By the times that hold now, told by this record or an earlier one.
        ticket.inverted_times = ticket.closed_at.is_some_and(|c| c < self.appears);
        TicketAt {
            located_by: ticket.place.map(|_| method),
            ahead: ticket.is_ahead() || self.course.is_ahead(),
            reopened: self.course.is_reopened_at(t),
            late_events: self.late_events(t),
            ticket,
            standing,
        }
    }

    /// When a closing happened, where anybody says so: one of the time of reporting that nobody told says nothing.
    fn told_at(&self, status: usize) -> Option<UtcMs> {
        let event = &self.events[self.statuses[status]];
        let at = counts_from(event.at, event.recorded_at, self.base);
        (event.told || at > self.appears).then_some(at)
    }

    fn is_varied(&self) -> bool {
        let steps = self.course.steps();
        // What lay ahead of the clock when it came goes otherwise by another clock.
        let is_ahead = |i: &usize| self.events[*i].at > self.events[*i].recorded_at;
        !self.changes.is_empty()
            || self.statuses.iter().any(is_ahead)
            || steps.iter().any(|s| s.status == TicketStatus::Suspended)
            || steps.windows(2).any(|w| w[0].status.is_final() && !w[1].status.is_final())
    }

    fn late_events(&self, t: UtcMs) -> u32 {
        self.news().filter(|n| n.is_late_at(t)).count() as u32
    }

    /// Of which time each event is news, in the order in which they were recorded. O(events).
    pub fn news(&self) -> impl Iterator<Item = News> + '_ {
        let mut status = 0;
        self.events.iter().map(move |e| {
            let from = match e.payload {
                Payload::Status(_) => {
                    status += 1;
                    self.course.touches_from(status - 1)
                }
                _ => News::of_one(e, self.appears, self.base).from,
            };
            News { from, recorded_at: e.recorded_at }
        })
    }

    /// Where its status went.
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// All that is known of it, in the order in which it was recorded.
    pub fn events(&self) -> &'a [TicketEvent] {
        self.events
    }
}

/// The row of a ticket: its state when everything known has happened, by the system's clock.
pub fn project(row: &Ticket, events: &[TicketEvent]) -> Ticket {
    History::of(row, events, Timebase::System, None).map_or_else(|| row.clone(), |h| h.last().ticket)
}
