//! The world in memory: derived from the store, disposable, changed only by the follower.
//!
//! It holds what every question needs and nothing that can be asked of the store by id: times, places, cells and
//! weights of all tickets, the counts of the cells, and R-trees over open tickets, cameras, staff and sites.

pub(crate) mod columns;
pub(crate) mod image;
mod live;
pub(crate) mod markers;

pub(crate) use live::Live;

use super::{
    alarms::Raised,
    categories::Categories,
    counts::{Counts, Days, Share},
    ground::Ground,
    heat::HeatFields,
    shown::{Homes, Part, Sight},
    then::Phases,
};
use rustc_hash::FxHashSet;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
    sync::Arc,
};
use wall_core::{
    CellId, Payload, PointIndex, Position, Staff, StaffId, Ticket, TicketEvent, TicketId, Timebase, UtcMs, tally::Life,
};

/// A member of staff with the last position.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    pub staff: Staff,
    pub position: Option<Position>,
}

/// The ticket of a slot.
pub(crate) fn ticket_of(slot: u32) -> TicketId {
    TicketId(i64::from(slot) + 1)
}

/// Everything derived.
pub(crate) struct World {
    /// Revision of the store up to which the world is true.
    pub revision: i64,
    /// Number of the newest position it knows; positions have no revision.
    pub newest_position: i64,
    /// The wall's time up to which the world is true.
    pub now: UtcMs,
    pub days: Days,
    pub zone: jiff::tz::TimeZone,
    pub ground: Arc<Ground>,
    /// By slot = id − 1.
    pub tickets: Vec<Option<Live>>,
    /// Of those that varied: how they were.
    pub(super) phases: HashMap<u32, Phases>,
    /// Counts by the cells that are shown: to whom sees places, and to whom sees cells.
    counts: [Counts; 2],
    /// Slots of tickets that the two count in different parts: whoever sees some places sees those otherwise.
    split: FxHashSet<u32>,
    /// Of tickets without a place: the division that they tell, where they do.
    pub(super) told: HashMap<u32, Box<str>>,
    pub homes: Homes,
    /// Open tickets, where they are shown to whom sees places.
    pub ticket_index: PointIndex<TicketId>,
    pub staff: BTreeMap<StaffId, Walker>,
    pub staff_index: PointIndex<StaffId>,
    /// Cameras, key sites …
    pub markers: markers::AllMarkers,
    pub categories: Categories,
    pub heat: HeatFields,
    pub half_life_s: f64,
    /// By which clock the times of tickets are judged.
    pub base: Timebase,
    /// Tickets that are not there yet at `now`.
    pub later: u32,
    /// Slots of tickets whose time lay ahead of the clock when they came, with their lives by the system's clock and by
    /// a foreign one: the only ones that differ.
    ahead: HashMap<u32, [Life; 2]>,
    /// Future instants at which tickets change by themselves.
    agenda: BTreeMap<i64, Vec<u32>>,
    /// Cells whose counts changed since the last frame.
    pub dirty: HashSet<u32>,
    /// Tickets that opened, fell due or closed by the passing of time since the last frame.
    pub turned: Vec<TicketId>,
    /// Staff that moved or changed since the last frame.
    pub moved: HashSet<StaffId>,
    /// Staff that moved since the world reached its revision: of them somebody who stands at the same revision may not know.
    /// After the start everybody.
    pub moved_since: HashSet<StaffId>,
    pub figures_dirty: bool,
    /// The alarms of the last figures that were sent.
    pub raised: Vec<Raised>,
}

impl World {
    /// The counts of the cells as somebody may know them. O(1), and for whom a scope is O(cells + open tickets): made of those of
    /// whom sees cells.
    pub fn counts(&self, sight: &Sight) -> Cow<'_, Counts> {
        let [exact, coarse] = &self.counts;
        match sight {
            Sight::Exact => Cow::Borrowed(exact),
            Sight::Coarse => Cow::Borrowed(coarse),
            Sight::Within(_) => {
                let mut counts = coarse.clone();
                for slot in &self.split {
                    let Some(t) = self.tickets.get(*slot as usize).and_then(Option::as_ref) else { continue };
                    // The others are counted where whoever sees cells sees them.
                    if self.is_clear_slot(*slot, t, sight) {
                        for (sight, sign) in [(&Sight::Coarse, -1), (&Sight::Exact, 1)] {
                            let part = self.shown_part(&self.ground, *slot, t, sight);
                            counts.change(*slot, part, t.share, t.life, t.weight(), sign);
                        }
                    }
                }
                Cow::Owned(counts)
            }
        }
    }

    /// Notes whether a ticket is counted in different parts.
    fn note_split(&mut self, slot: u32, share: Share, [exact, coarse]: [Part; 2]) {
        // What counts nowhere counts nowhere otherwise.
        if exact != coarse && share != Share::default() {
            self.split.insert(slot);
        } else {
            self.split.remove(&slot);
        }
    }

    /// An empty world at `now` over `ground`.
    pub fn new(ground: Arc<Ground>, now: UtcMs, zone: jiff::tz::TimeZone, half_life_s: f64) -> Self {
        Self {
            revision: 0,
            newest_position: -1,
            now,
            days: Days::around(now, &zone),
            zone,
            counts: std::array::from_fn(|_| Counts::new(ground.cells.len(), now, half_life_s)),
            split: FxHashSet::default(),
            told: HashMap::new(),
            homes: Homes::default(),
            ground,
            tickets: Vec::new(),
            phases: HashMap::new(),
            ticket_index: PointIndex::default(),
            staff: BTreeMap::new(),
            staff_index: PointIndex::default(),
            markers: markers::AllMarkers::default(),
            categories: Categories::default(),
            heat: HeatFields::default(),
            half_life_s,
            base: Timebase::System,
            later: 0,
            ahead: HashMap::new(),
            agenda: BTreeMap::new(),
            dirty: HashSet::new(),
            turned: Vec::new(),
            moved: HashSet::new(),
            moved_since: HashSet::new(),
            figures_dirty: true,
            raised: Vec::new(),
        }
    }

    /// What is kept of a ticket with its stored cell and the one in which it was first found.
    pub fn live(&mut self, ticket: &Ticket, cell: Option<CellId>, home: Option<CellId>) -> Live {
        // A closed ticket keeps the cell of its own plan; for counting on the present ground it is where it lies.
        let stored = cell.and_then(|c| self.ground.by_id.get(&c).copied());
        let cell = stored.or_else(|| ticket.place.and_then(|p| self.ground.cell_at(p)));
        if let Ok(slot) = u32::try_from(ticket.id.0 - 1) {
            if ticket.reported_at > ticket.recorded_at {
                self.ahead.insert(slot, [Life::of(ticket, Timebase::System), Life::of(ticket, Timebase::Foreign)]);
            } else {
                self.ahead.remove(&slot);
            }
            match ticket.place.is_none() && !ticket.community_code.is_empty() {
                true => self.told.insert(slot, ticket.community_code.as_str().into()),
                false => self.told.remove(&slot),
            };
        }
        // Before its cell is stored anywhere, it is the present one.
        let home = home.or_else(|| cell.map(|c| self.ground.cells[c as usize].id));
        let home = home.and_then(|c| self.homes.number(c, &self.ground));
        let live = Live {
            category: self.categories.seen(&ticket.category),
            severity: ticket.severity,
            status: ticket.status,
            sensitive: ticket.sensitive,
            varied: ticket.varied,
            ..Live::new(Life::of(ticket, self.base))
        };
        live.at(ticket.place, cell, home)
    }

    /// Keeps how a ticket was before, or that it was never otherwise. `row` is its present state, `live` what the world keeps of it.
    pub fn set_phases(&mut self, row: &Ticket, live: Live, events: &[TicketEvent]) {
        let Ok(slot) = u32::try_from(row.id.0 - 1) else { return };
        // Whatever was ever known of it has a number, though no phase of all that is known may have it.
        let described = events.iter().filter_map(|e| match &e.payload {
            Payload::Described(d) => d.category.as_ref(),
            _ => None,
        });
        described.for_each(|c| {
            self.categories.seen(&c.was);
            self.categories.seen(&c.is);
        });
        let phases = Phases::of(row, events, |ticket, life| self.state_of(live, ticket, life)).filter(|_| row.varied);
        match phases {
            Some(phases) => self.phases.insert(slot, phases),
            None => self.phases.remove(&slot),
        };
    }

    /// What is kept of another state of a ticket of which the world keeps `live`.
    pub(super) fn state_of(&self, live: Live, ticket: &Ticket, life: Life) -> Live {
        let mut state = Live {
            life,
            category: self.categories.number(&ticket.category).unwrap_or(live.category),
            severity: ticket.severity,
            status: ticket.status,
            sensitive: ticket.sensitive,
            ..live
        };
        if ticket.place != live.exact_place() {
            state = state.at(ticket.place, None, live.home());
            state.find_cell(|p| self.ground.cell_at(p));
        }
        state
    }

    /// A ticket as it stands now: behind a foreign clock not all that is known has happened yet.
    fn standing(&self, slot: u32, live: Live) -> Live {
        let phases = self.phases.get(&slot).filter(|_| live.varied);
        phases.and_then(|p| p.at(self.base, self.now)).unwrap_or(live)
    }

    /// Cells of homes that are neither of the present ground nor known.
    pub fn unknown_homes(&self, homes: &HashMap<TicketId, CellId>) -> Vec<CellId> {
        self.homes.unknown(homes.values().filter(|c| !self.ground.by_id.contains_key(c)))
    }

    /// Takes in cells of plans of the past in which tickets were first found.
    pub fn learn_homes(&mut self, cells: Vec<(CellId, String, String, wall_core::CellGeometry)>) {
        self.homes.learn(cells, &self.ground);
    }

    /// A ticket of the world.
    pub fn ticket(&self, id: TicketId) -> Option<&Live> {
        self.tickets.get(usize::try_from(id.0 - 1).ok()?)?.as_ref()
    }

    /// All tickets with their slots.
    pub fn all(&self) -> impl Iterator<Item = (u32, &Live)> {
        self.tickets.iter().enumerate().filter_map(|(i, t)| t.as_ref().map(|t| (i as u32, t)))
    }

    /// The tickets of some slots.
    pub fn of_slots(&self, slots: Range<u32>) -> impl DoubleEndedIterator<Item = (u32, &Live)> {
        let part = self.tickets.get(slots.start as usize..slots.end as usize).unwrap_or_default();
        part.iter().zip(slots).filter_map(|(t, slot)| t.as_ref().map(|t| (slot, t)))
    }

    /// Puts a ticket in without counting it; [`World::recount`] follows.
    pub fn load(&mut self, id: TicketId, live: Live) {
        if let Ok(slot) = usize::try_from(id.0 - 1) {
            if slot >= self.tickets.len() {
                self.tickets.resize(slot + 1, None);
            }
            self.tickets[slot] = Some(live);
        }
    }

    /// A ticket was written: replaces what is known and counts the difference. O(log tickets).
    pub fn upsert(&mut self, id: TicketId, live: Live) {
        let Ok(slot) = usize::try_from(id.0 - 1) else { return };
        if slot >= self.tickets.len() {
            self.tickets.resize(slot + 1, None);
        }
        let old = self.tickets[slot].take();
        let mut live = self.standing(slot as u32, live);
        live.share = self.then(self.now).share(slot as u32, &live, &self.days);
        self.count(slot as u32, old.as_ref(), &live);
        self.schedule(slot as u32, &live);
        self.tickets[slot] = Some(live);
    }

    /// Moves the counts from what a ticket contributed to what it contributes.
    fn count(&mut self, slot: u32, old: Option<&Live>, new: &Live) {
        let id = ticket_of(slot);
        let ground = self.ground.clone();
        let parts = Sight::COUNTED.map(|sight| self.shown_part(&ground, slot, new, &sight));
        for (n, sight) in Sight::COUNTED.iter().enumerate() {
            if let Some(o) = old {
                let part = self.shown_part(&ground, slot, o, sight);
                self.counts[n].change(slot, part, o.share, o.life, o.weight(), -1);
                self.dirty.extend(part.cell());
            }
            self.counts[n].change(slot, parts[n], new.share, new.life, new.weight(), 1);
            self.dirty.extend(parts[n].cell());
        }
        self.note_split(slot, new.share, parts);
        self.later = self.later + u32::from(new.share.later) - u32::from(old.is_some_and(|o| o.share.later));
        self.figures_dirty = true;
        let was = old.filter(|o| o.share.open);
        let same = was.is_some_and(|o| {
            new.share.open
                && Sight::COUNTED.iter().all(|s| self.shown_place(o, s) == self.shown_place(new, s))
                && o.home() == new.home()
                && o.severity == new.severity
                && o.life.reported == new.life.reported
        });
        if same {
            return;
        }
        // Taken out while the world says where they are shown.
        let mut heat = std::mem::take(&mut self.heat);
        if let Some(o) = was {
            self.ticket_index.remove(id);
            heat.remove(|sight| self.shown_place(o, sight), o.weight(), UtcMs(o.life.reported));
        }
        if new.share.open {
            heat.add(|sight| self.shown_place(new, sight), new.weight(), UtcMs(new.life.reported), self.now);
            if let Some(place) = self.shown_place(new, &Sight::Exact) {
                self.ticket_index.insert(id, place);
            }
        }
        self.heat = heat;
    }

    fn schedule(&mut self, slot: u32, live: &Live) {
        let phase = self.phases.get(&slot).filter(|_| live.varied).and_then(|p| p.next_after(self.base, self.now));
        if let Some(t) = live.life.next_change_after(self.now).into_iter().chain(phase).min() {
            self.agenda.entry(t.0).or_default().push(slot);
        }
    }

    /// Another clock: what lay ahead when it came is judged by it. O(tickets) when it changes.
    pub fn set_base(&mut self, base: Timebase) {
        if base == self.base {
            return;
        }
        self.base = base;
        for (slot, lives) in &self.ahead {
            if let Some(Some(live)) = self.tickets.get_mut(*slot as usize) {
                live.life = lives[usize::from(base == Timebase::Foreign)];
            }
        }
        self.recount();
    }

    /// Time passes (or jumps). Tickets that open, fall due or close are counted; a jump back or a new day recounts.
    pub fn advance(&mut self, now: UtcMs) {
        if now < self.now || now >= self.days.end {
            self.now = now;
            self.recount();
            return;
        }
        self.now = now;
        self.counts.iter_mut().for_each(|c| c.rebase(now));
        while let Some(first) = self.agenda.first_entry() {
            if *first.key() > now.0 {
                break;
            }
            for slot in first.remove() {
                let Some(old) = self.tickets.get(slot as usize).copied().flatten() else { continue };
                let mut new = self.standing(slot, old);
                new.share = self.then(now).share(slot, &new, &self.days);
                if new.share != old.share || new.varied {
                    self.count(slot, Some(&old), &new);
                    self.turned.push(ticket_of(slot));
                    self.tickets[slot as usize] = Some(new);
                }
                self.schedule(slot, &new);
            }
        }
    }

    /// Counts everything anew: after loading, a jump of the clock, midnight, or a new ground. O(tickets).
    pub fn recount(&mut self) {
        self.days = Days::around(self.now, &self.zone);
        self.counts = std::array::from_fn(|_| Counts::new(self.ground.cells.len(), self.now, self.half_life_s));
        let ground = self.ground.clone();
        self.agenda.clear();
        self.split.clear();
        self.later = 0;
        let mut open = Vec::new();
        for slot in 0..self.tickets.len() {
            let Some(live) = self.tickets[slot] else { continue };
            let mut live = self.standing(slot as u32, live);
            live.share = self.then(self.now).share(slot as u32, &live, &self.days);
            self.later += u32::from(live.share.later);
            let parts = Sight::COUNTED.map(|sight| self.shown_part(&ground, slot as u32, &live, &sight));
            for (counts, part) in self.counts.iter_mut().zip(parts) {
                counts.change(slot as u32, part, live.share, live.life, live.weight(), 1);
            }
            self.note_split(slot as u32, live.share, parts);
            if live.share.open {
                open.extend(self.shown_place(&live, &Sight::Exact).map(|p| (TicketId(slot as i64 + 1), p)));
            }
            self.schedule(slot as u32, &live);
            self.tickets[slot] = Some(live);
        }
        self.ticket_index = PointIndex::bulk_load(open);
        self.heat.clear();
        self.dirty = (0..self.ground.cells.len() as u32).collect();
        self.figures_dirty = true;
    }

    /// Another ground: plan or owners changed. Cells of tickets are found anew.
    pub fn set_ground(&mut self, ground: Arc<Ground>) {
        let same_plan = self.ground.plan.as_ref().map(|p| p.id) == ground.plan.as_ref().map(|p| p.id);
        self.ground = ground;
        if !same_plan {
            self.homes.set_ground(&self.ground);
            for slot in 0..self.tickets.len() {
                if let Some(live) = &mut self.tickets[slot] {
                    live.find_cell(|p| self.ground.cell_at(p));
                    if live.home().is_none() {
                        // First found inside a cell.
                        let home =
                            live.attributed().and_then(|c| self.homes.number(self.ground.cells[c as usize].id, &self.ground));
                        *live = live.at(live.exact_place(), live.attributed(), home);
                    }
                }
            }
            let present = self.ground.clone();
            self.phases.values_mut().for_each(|p| p.set_cells(|place| present.cell_at(place)));
            self.recount();
        }
    }

    /// All staff and positions anew.
    pub fn set_staff(&mut self, staff: Vec<Staff>, positions: Vec<Position>) {
        let mut last: HashMap<StaffId, Position> = positions.into_iter().map(|p| (p.staff, p)).collect();
        self.staff = staff.into_iter().map(|s| (s.id, Walker { position: last.remove(&s.id), staff: s })).collect();
        let places = self.staff.values().filter_map(|w| w.position.map(|p| (p.staff, p.place)));
        self.staff_index = PointIndex::bulk_load(places);
        self.moved = self.staff.keys().copied().collect();
        self.moved_since.clone_from(&self.moved);
    }

    /// Somebody moved. O(log staff).
    pub fn place_staff(&mut self, position: Position) {
        if let Some(w) = self.staff.get_mut(&position.staff) {
            w.position = Some(position);
            self.staff_index.insert(position.staff, position.place);
            self.moved.insert(position.staff);
            self.moved_since.insert(position.staff);
        }
    }

    /// The world is true up to a revision: whoever knows a later one than before knows of every move before it.
    pub fn reach(&mut self, revision: i64) {
        if revision != self.revision {
            self.revision = revision;
            self.moved_since.clear();
        }
    }
}
