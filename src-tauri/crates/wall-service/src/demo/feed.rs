//! The district lives: new tickets, moves, people walking, between two moments.
//!
//! Tickets are the stories of [`super::stories`], so the feed goes on where [`District::tickets`] ended. Walks are
//! steps of ten seconds on the absolute clock: how often `step` is called does not change what happens.

use super::dice::Dice;
use super::graph::Node;
use super::layout::{CANAL_BANK_M, Class, RIVER_BANK_M};
use super::people::on_duty;
use super::plane::{Pt, line_distance, pt};
use super::stories::{HOUR_MS, Story, ZONE_MS, local};
use super::{District, PAST_DAYS};
use std::collections::BTreeMap;
use wall_core::{PositionRecord, TicketRecord, TicketStatus, UtcMs};

/// A walker takes a step and tells the position every so often.
const STEP_MS: i64 = 10_000;
/// Longest time that one step of the feed makes up for; what lies further back is left to [`LiveCity::catch_up`].
const LONGEST_GAP_MS: i64 = 2 * HOUR_MS;

/// Something that happens in the demonstration district.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "events are few and are taken apart at once")]
pub enum DemoEvent {
    /// A new ticket, status received.
    Ticket(TicketRecord),
    /// A known ticket moves on; always a legal move from its last one.
    Move {
        /// Key of the ticket inside source `demo`.
        external_id: String,
        /// New status.
        to: TicketStatus,
        /// When.
        at: UtcMs,
        /// Who, as text.
        actor: String,
        /// Why.
        reason: String,
    },
    /// Where a member of the staff on duty is.
    Position(PositionRecord),
}

impl DemoEvent {
    /// When it happens.
    pub fn at(&self) -> UtcMs {
        match self {
            Self::Ticket(t) => t.reported_at.unwrap_or(UtcMs::MIN),
            Self::Move { at, .. } => *at,
            Self::Position(p) => p.at,
        }
    }
}

/// One member of the staff on their way.
#[derive(Clone, Debug)]
struct Walker {
    id: String,
    shifts: String,
    /// Streets they walk: from each crossing to its neighbours.
    ways: BTreeMap<Node, Vec<Node>>,
    from: Node,
    to: Node,
    /// Metres gone from `from`.
    gone_m: f64,
    /// Steps still to stand (talking, looking, writing).
    rest: u32,
    dice: Dice,
}

/// The living district: call [`LiveCity::step`] with the wall's now, as often as wanted.
#[derive(Clone, Debug)]
pub struct LiveCity {
    district: District,
    last: UtcMs,
    /// Told stories with moves to come, and those of the hour going on.
    stories: Vec<Story>,
    /// First hour not yet in `stories`.
    next_hour: i64,
    walkers: Vec<Walker>,
}

impl LiveCity {
    /// Starts the feed at `now`: it knows the tickets that [`District::tickets`] gives for the same moment.
    pub fn new(district: &District, now: UtcMs) -> Self {
        let hour = now.0.div_euclid(HOUR_MS);
        let from = now.plus_ms(-PAST_DAYS * 24 * HOUR_MS);
        let stories = (hour - PAST_DAYS * 24..=hour)
            .flat_map(|h| district.teller.hour(h))
            .filter(|s| s.reported_at > from)
            .filter(|s| s.reported_at > now || s.stages.last().is_some_and(|m| m.at > now))
            .collect();
        Self { walkers: walkers(district, now), district: district.clone(), last: now, stories, next_hour: hour + 1 }
    }

    /// What happened after the last step (or the start) up to and including `now`, in order of time. Nothing when the
    /// clock stands or runs backwards. After a gap of more than two hours (a sleeping machine) only the last two are told.
    pub fn step(&mut self, now: UtcMs) -> Vec<DemoEvent> {
        if now <= self.last {
            return Vec::new();
        }
        let from = self.last.max(now.plus_ms(-LONGEST_GAP_MS));
        self.last = now;
        let hour = now.0.div_euclid(HOUR_MS);
        self.next_hour = self.next_hour.max(from.0.div_euclid(HOUR_MS));
        while self.next_hour <= hour {
            self.stories.extend(self.district.teller.hour(self.next_hour));
            self.next_hour += 1;
        }
        let mut out = Vec::new();
        for s in &self.stories {
            if s.reported_at > from && s.reported_at <= now {
                out.push(DemoEvent::Ticket(s.ticket.clone()));
            }
            // Moves of tickets that were reported inside a gap belong to tickets nobody knows.
            out.extend(s.stages.iter().filter(|m| m.at > from && m.at <= now).map(|m| moved(s, m)));
        }
        self.stories.retain(|s| s.stages.last().is_some_and(|m| m.at > now));
        self.walk(from, now, &mut out);
        out.sort_by_key(DemoEvent::at);
        out
    }

    /// The moves that bring known open tickets up to `now`: for a feed that was off for hours or days. Takes the
    /// key and status of each open ticket of source `demo`; unknown keys are passed over.
    pub fn catch_up<'a>(&self, open: impl IntoIterator<Item = (&'a str, TicketStatus)>, now: UtcMs) -> Vec<DemoEvent> {
        let mut hours: BTreeMap<i64, Vec<(&str, TicketStatus)>> = BTreeMap::new();
        for (id, status) in open {
            if let Some(hour) = hour_of(id) {
                hours.entry(hour).or_default().push((id, status));
            }
        }
        let mut out = Vec::new();
        for (hour, wanted) in hours {
            let stories = self.district.teller.hour(hour);
            for (id, status) in wanted {
                let Some(s) = stories.iter().find(|s| s.ticket.external_id == id) else { continue };
                // The last time the story passes through the known status; received is before all moves.
                let done = match s.stages.iter().rposition(|m| m.to == status && m.at <= now) {
                    Some(i) => i + 1,
                    None if status == TicketStatus::Received => 0,
                    None => continue,
                };
                out.extend(s.stages[done..].iter().filter(|m| m.at <= now).map(|m| moved(s, m)));
            }
        }
        out.sort_by_key(DemoEvent::at);
        out
    }

    /// Advances everyone on duty by whole steps and tells where they are.
    fn walk(&mut self, from: UtcMs, now: UtcMs, out: &mut Vec<DemoEvent>) {
        let graph = &self.district.layout.graph;
        let (first, last) = (from.0.div_euclid(STEP_MS) + 1, now.0.div_euclid(STEP_MS));
        // After a pause people are told where they are now, not every step of the way.
        let first = first.max(last - 360);
        for (i, w) in self.walkers.iter_mut().enumerate() {
            for step in first..=last {
                let at = step * STEP_MS;
                let (hour, weekday) = local(at.div_euclid(HOUR_MS));
                let minute = hour as u32 * 60 + (at.rem_euclid(HOUR_MS) / 60_000) as u32;
                if !on_duty(&w.shifts, weekday, minute) {
                    continue;
                }
                let p = w.step(|n| graph.nodes[n as usize]);
                // Each tells in a different second of the ten, so that the wall gets a stream and not a heap.
                let told = UtcMs(at - STEP_MS + 1 + (i as i64 * 1_370) % STEP_MS);
                out.push(DemoEvent::Position(PositionRecord {
                    staff: w.id.clone(),
                    place: p.place(),
                    accuracy_m: Some(8.0),
                    at: told.max(from.plus_ms(1)).min(now),
                }));
            }
        }
    }
}

fn moved(story: &Story, stage: &super::stories::Stage) -> DemoEvent {
    DemoEvent::Move {
        external_id: story.ticket.external_id.clone(),
        to: stage.to,
        at: stage.at,
        actor: stage.actor.clone(),
        reason: stage.reason.clone(),
    }
}

/// The hour since 1970 in which a ticket with this key (CW + local date and hour) was reported.
fn hour_of(external_id: &str) -> Option<i64> {
    let stamp = external_id.strip_prefix("CW")?.split_once('-')?.0;
    let number = |r: std::ops::Range<usize>| stamp.get(r)?.parse::<i16>().ok();
    let date = jiff::civil::Date::new(number(0..4)?, number(4..6)? as i8, number(6..8)? as i8).ok()?;
    let hour = number(8..10)? as i8;
    let local = date.at(hour.clamp(0, 23), 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some((local.timestamp().as_millisecond() - ZONE_MS).div_euclid(HOUR_MS))
}

impl Walker {
    /// Ten seconds of walking or standing; where they are after it.
    fn step(&mut self, at: impl Fn(Node) -> Pt) -> Pt {
        if self.rest > 0 {
            self.rest -= 1;
        } else if self.dice.chance(0.035) {
            self.rest = self.dice.int(3, 24) as u32;
        } else {
            self.gone_m += self.dice.range(9.0, 14.0);
        }
        let mut length = at(self.from).dist(at(self.to));
        while self.gone_m >= length {
            self.gone_m -= length;
            let here = self.to;
            let choices: Vec<Node> =
                self.ways.get(&here).map(|w| w.iter().copied().filter(|n| *n != self.from).collect()).unwrap_or_default();
            let next = if choices.is_empty() { self.from } else { *self.dice.pick(&choices) };
            (self.from, self.to) = (here, next);
            length = at(self.from).dist(at(self.to));
            if length <= 0.0 {
                self.gone_m = 0.0;
                break;
            }
        }
        let (a, b) = (at(self.from), at(self.to));
        let line = a.lerp(b, if length > 0.0 { self.gone_m / length } else { 0.0 });
        // On the pavement, to the right.
        line.plus(b.minus(a).unit().left().times(-3.5)).plus(pt(self.dice.range(-1.5, 1.5), self.dice.range(-1.5, 1.5)))
    }
}

/// Everyone with cells, standing somewhere on a street of them. Leaders stay at their desks.
fn walkers(d: &District, now: UtcMs) -> Vec<Walker> {
    let day = now.0.div_euclid(24 * HOUR_MS);
    let by_code: BTreeMap<&str, usize> = d.cells.iter().map(|c| c.code.as_str()).zip(d.drawn.iter().copied()).collect();
    let mut out = Vec::new();
    for (i, s) in d.staff.iter().enumerate().filter(|(_, s)| s.role != "网格长") {
        let mut ways: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for cell in s.cell_codes.iter().filter_map(|c| by_code.get(c.as_str())) {
            for block in &d.layout.cells[*cell].blocks {
                let ring = &d.layout.graph.faces[d.layout.blocks[*block].face];
                for k in 0..ring.len() {
                    let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
                    if walkable(d, a, b) {
                        ways.entry(a).or_default().push(b);
                        ways.entry(b).or_default().push(a);
                    }
                }
            }
        }
        for to in ways.values_mut() {
            to.sort_unstable();
            to.dedup();
        }
        let mut dice = Dice::new(d.seed, 2 << 40 | (day as u64) << 12 | i as u64);
        let starts: Vec<Node> = ways.keys().copied().collect();
        let Some(&from) = starts.get(dice.below(starts.len())) else { continue };
        let to = *dice.pick(&ways[&from]);
        out.push(Walker { id: s.external_id.clone(), shifts: s.shifts.clone(), ways, from, to, gone_m: 0.0, rest: 0, dice });
    }
    out
}

/// Whether an edge of the graph is a street that is really there.
fn walkable(d: &District, a: Node, b: Node) -> bool {
    let g = &d.layout.graph;
    let Some(way) = g.line(a, b) else { return false };
    let middle = g.nodes[a as usize].lerp(g.nodes[b as usize], 0.5);
    match d.layout.ways[way as usize].class {
        Class::Border => false,
        Class::Arterial => true,
        _ => [a, b]
            .iter()
            .map(|n| g.nodes[*n as usize])
            .chain([middle])
            .all(|p| line_distance(&d.layout.river, p) >= RIVER_BANK_M && line_distance(&d.layout.canal, p) >= CANAL_BANK_M),
    }
}
