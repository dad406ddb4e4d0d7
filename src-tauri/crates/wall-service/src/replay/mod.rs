//! Replay: historical tickets as a live feed. Pure: time enters as an argument, and the same input gives the same events.

use wall_core::{TicketRecord, TicketStatus, UtcMs};

/// What happens to a ticket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EventKind {
    /// It is reported.
    Open,
    /// It is closed.
    Close,
}

/// Something that happens at a time of the history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Event {
    /// When.
    pub at: UtcMs,
    /// What. At one time tickets open before others close, so that none closes before it opens.
    pub kind: EventKind,
    /// Which ticket, by its position in the timeline.
    ticket: u32,
}

/// The history of some tickets in the order in which it happened. Memory: the tickets, and 24 bytes an event.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Timeline {
    tickets: Vec<TicketRecord>,
    events: Vec<Event>,
    without_time: usize,
}

impl Timeline {
    /// The timeline of some tickets. Those without a reporting time have no place in it and are counted. O(n log n).
    ///
    /// A ticket that was closed before it was reported (inverted) opens and closes at its reporting time; one that is final
    /// without a closing time comes as it is, once.
    pub fn new(records: impl IntoIterator<Item = TicketRecord>) -> Self {
        let mut timeline = Self::default();
        for record in records {
            let Some(reported) = record.reported_at else {
                timeline.without_time += 1;
                continue;
            };
            let Ok(ticket) = u32::try_from(timeline.tickets.len()) else {
                timeline.without_time += 1;
                continue;
            };
            timeline.events.push(Event { at: reported, kind: EventKind::Open, ticket });
            if let Some(closed) = record.closed_at {
                timeline.events.push(Event { at: closed.max(reported), kind: EventKind::Close, ticket });
            }
            timeline.tickets.push(record);
        }
        timeline.events.sort_unstable();
        timeline
    }

    /// All events in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Tickets on the timeline.
    pub fn tickets(&self) -> usize {
        self.tickets.len()
    }

    /// Tickets that were left out because nobody says when they were reported.
    pub fn without_time(&self) -> usize {
        self.without_time
    }

    /// Time of the first and the last event; `None` when there is none.
    pub fn span(&self) -> Option<(UtcMs, UtcMs)> {
        Some((self.events.first()?.at, self.events.last()?.at))
    }

    /// The ticket as the feed tells it at this event: open as if nobody knew its end yet, closed as it ended.
    pub fn record(&self, event: Event) -> TicketRecord {
        let mut record = self.tickets[event.ticket as usize].clone();
        if event.kind == EventKind::Open && record.closed_at.is_some() {
            record.closed_at = None;
            record.status = Some(TicketStatus::Received);
            record.inverted_times = false;
        }
        record
    }

    /// The tickets as they stood at `t` (what happened at `t` included): where a replay that starts in the middle begins.
    pub fn state_at(&self, t: UtcMs) -> impl Iterator<Item = TicketRecord> + '_ {
        self.tickets.iter().enumerate().filter(move |(_, r)| r.reported_at.is_some_and(|at| at <= t)).map(move |(i, r)| {
            let closed = r.closed_at.is_some_and(|c| c.max(r.reported_at.unwrap_or(c)) <= t);
            let kind = if closed { EventKind::Close } else { EventKind::Open };
            self.record(Event { at: t, kind, ticket: i as u32 })
        })
    }

    /// Position of the first event after `t`.
    pub fn first_after(&self, t: UtcMs) -> usize {
        self.events.partition_point(|e| e.at <= t)
    }
}

/// How real time becomes the wall's.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// Wall time at the start.
    pub start: UtcMs,
    /// Seconds of the wall in a second, above 0.
    pub speed: f64,
}

impl Pace {
    /// A pace; `None` when the speed is not a finite number above 0.
    pub fn new(start: UtcMs, speed: f64) -> Option<Self> {
        (speed.is_finite() && speed > 0.0).then_some(Self { start, speed })
    }

    /// The wall's time after so much real time.
    pub fn wall_after(self, real: std::time::Duration) -> UtcMs {
        self.start.plus_ms((real.as_secs_f64() * 1000.0 * self.speed) as i64)
    }

    /// Real time until the wall shows `t`; zero when it has.
    pub fn real_until(self, t: UtcMs) -> std::time::Duration {
        let seconds = t.seconds_since(self.start) / self.speed;
        // A year at a thousandth of real speed is long, not an overflow.
        std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(std::time::Duration::MAX)
    }
}

/// Plays a timeline: hands out what has become due, in chunks.
#[derive(Clone, PartialEq, Debug)]
pub struct Player<'a> {
    timeline: &'a Timeline,
    next: usize,
    end: usize,
}

impl<'a> Player<'a> {
    /// Plays what happens after `from` (`None` = everything) up to and including `to` (`None` = the end).
    pub fn new(timeline: &'a Timeline, from: Option<UtcMs>, to: Option<UtcMs>) -> Self {
        let next = from.map_or(0, |t| timeline.first_after(t));
        let end = to.map_or(timeline.events.len(), |t| timeline.first_after(t)).max(next);
        Self { timeline, next, end }
    }

    /// Takes the events that are due at the wall's time `now`, at most `max`; empty when none is. Call again while it is full.
    pub fn due(&mut self, now: UtcMs, max: usize) -> &'a [Event] {
        let left = &self.timeline.events[self.next..self.end];
        let n = left.partition_point(|e| e.at <= now).min(max);
        self.next += n;
        &left[..n]
    }

    /// Takes the events due at `now`, as the feed tells them. A ticket that opens and closes in one chunk is told once, as it
    /// ended, unless `each` is wanted.
    pub fn due_records(&mut self, now: UtcMs, max: usize, each: bool) -> Vec<TicketRecord> {
        let events = self.due(now, max);
        let closed: std::collections::HashSet<u32> =
            events.iter().filter(|e| !each && e.kind == EventKind::Close).map(|e| e.ticket).collect();
        let told = |e: &&Event| e.kind == EventKind::Close || !closed.contains(&e.ticket);
        events.iter().filter(told).map(|e| self.timeline.record(*e)).collect()
    }

    /// Time of the next event; `None` when all were played.
    pub fn next_at(&self) -> Option<UtcMs> {
        self.timeline.events[self.next..self.end].first().map(|e| e.at)
    }

    /// Events played, and events in all: for a progress bar.
    pub fn progress(&self) -> (usize, usize) {
        (self.next, self.end)
    }

    /// Whether everything was played.
    pub fn is_done(&self) -> bool {
        self.next == self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Defaults, ticket_from_json};
    use proptest::prelude::*;
    use serde_json::json;
    use std::time::Duration;

    fn ticket(id: usize, reported: i64, closed: Option<i64>) -> TicketRecord {
        let json = json!({"external_id": id.to_string(), "lon": 1, "lat": 2});
        let mut t = ticket_from_json(&json, &Defaults::contract("s")).unwrap();
        t.reported_at = Some(UtcMs(reported));
        t.closed_at = closed.map(UtcMs);
        t.status = Some(if closed.is_some() { TicketStatus::Closed } else { TicketStatus::Received });
        t.inverted_times = closed.is_some_and(|c| c < reported);
        t
    }

    #[test]
    fn history_in_order() {
        let mut without = ticket(9, 0, None);
        without.reported_at = None;
        let timeline = Timeline::new([ticket(1, 50, Some(70)), ticket(2, 10, None), ticket(3, 60, Some(5)), without]);
        assert_eq!((timeline.tickets(), timeline.without_time()), (3, 1));
        assert_eq!(timeline.span(), Some((UtcMs(10), UtcMs(70))));
        let told: Vec<_> = timeline
            .events()
            .iter()
            .map(|e| {
                let r = timeline.record(*e);
                (e.at.0, r.external_id, r.status.unwrap().code(), r.closed_at.map(|c| c.0))
            })
            .collect();
        let expected = [
            (10, "2", "received", None),
            (50, "1", "received", None),
            (60, "3", "received", None),
            (60, "3", "closed", Some(5)),
            (70, "1", "closed", Some(70)),
        ];
        assert_eq!(told, expected.map(|(at, id, status, closed)| (at, id.to_owned(), status, closed)));
        let state: Vec<_> = timeline.state_at(UtcMs(60)).map(|r| (r.external_id, r.closed_at.is_some())).collect();
        assert_eq!(state, [("1".to_owned(), false), ("2".to_owned(), false), ("3".to_owned(), true)]);
    }

    #[test]
    fn pace() {
        let pace = Pace::new(UtcMs(1_000), 3600.0).unwrap();
        assert_eq!(pace.wall_after(Duration::from_millis(500)), UtcMs(1_801_000));
        assert_eq!(pace.real_until(UtcMs(1_801_000)), Duration::from_millis(500));
        assert_eq!(pace.real_until(UtcMs(0)), Duration::ZERO);
        assert!(Pace::new(UtcMs(0), 1e-3).unwrap().real_until(UtcMs::MAX) > Duration::from_secs(1));
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Pace::new(UtcMs(0), speed), None);
        }
    }

    #[test]
    fn a_ticket_of_one_chunk_is_told_once() {
        let timeline = Timeline::new([ticket(1, 10, Some(20))]);
        let mut player = Player::new(&timeline, None, None);
        assert_eq!(player.clone().due_records(UtcMs(30), 10, true).len(), 2);
        let told = player.due_records(UtcMs(30), 10, false);
        assert_eq!((told.len(), told[0].status), (1, Some(TicketStatus::Closed)));
        assert!(player.is_done());
    }

    proptest! {
        #[test]
        fn every_event_is_played_once_in_order(
            tickets in proptest::collection::vec((0i64..100, proptest::option::of(0i64..100)), 0..30),
            steps in proptest::collection::vec(0i64..40, 1..8), max in 1usize..5,
            from in proptest::option::of(0i64..100), to in proptest::option::of(0i64..100),
        ) {
            let timeline = Timeline::new(tickets.iter().enumerate().map(|(i, (r, c))| ticket(i, *r, *c)));
            let mut player = Player::new(&timeline, from.map(UtcMs), to.map(UtcMs));
            let (mut now, mut played) = (0, Vec::new());
            for step in steps.into_iter().chain([1000]) {
                now += step;
                loop {
                    let chunk = player.due(UtcMs(now), max);
                    prop_assert!(chunk.iter().all(|e| e.at.0 <= now) && chunk.len() <= max);
                    played.extend_from_slice(chunk);
                    if chunk.len() < max {
                        break;
                    }
                }
                prop_assert!(player.next_at().is_none_or(|t| t.0 > now));
            }
            prop_assert!(player.is_done());
            let expected: Vec<Event> = timeline
                .events()
                .iter()
                .filter(|e| from.is_none_or(|f| e.at.0 > f) && to.is_none_or(|t| e.at.0 <= t))
                .copied()
                .collect();
            prop_assert_eq!(played, expected);
        }
    }
}
