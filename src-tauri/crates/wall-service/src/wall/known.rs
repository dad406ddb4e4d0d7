//! What was known at a time, laid over the world: of the tickets of which something was learned later, how they were thought
//! to be, and of those that nobody knew of, that. All others are as they are. Built from the store when somebody asks,
//! brought up to the world with every question, bounded and disposable.

use super::{
    AsOf, Wall, WallError,
    clock::system_now,
    ground::Ground,
    late::Deviation,
    then::{Moment, Phase, phases_of},
    world::World,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, RwLockReadGuard},
};
use wall_core::{History, TicketId, Timebase, UtcMs};
use wall_store::TicketsKnown;

/// Tickets that were known and changed later, in everything that is kept: some 300 bytes each.
const MOST_CHANGED: usize = 200_000;
/// Times of which it is kept what was known.
const KEPT: usize = 4;
/// Lines read at once.
const PAGE: u32 = 16_384;

/// How a ticket was known.
pub(super) enum KnownAs<'a> {
    /// As it is.
    Is,
    /// Otherwise: its phases.
    Otherwise(&'a [Phase]),
    /// Not at all.
    Not,
}

/// What was known at a time.
#[derive(Clone)]
pub(super) struct Known {
    at: UtcMs,
    /// The newest event that was known.
    newest: TicketsKnown,
    /// Whether nothing can be recorded any more that was known then.
    settled: bool,
    base: Timebase,
    /// Of which its cells are, and the world's numbers.
    ground: Arc<Ground>,
    /// The last event that was looked at, and the revision of the world then.
    read: TicketsKnown,
    /// By slot, of those that are not as they are.
    marks: Vec<Mark>,
    phases: HashMap<u32, Arc<[Phase]>>,
    deviations: HashMap<TicketId, Deviation>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Is,
    Otherwise,
    Not,
}

impl Known {
    /// The revision up to which it was known; 0 = nothing was.
    pub fn revision(&self) -> i64 {
        self.newest.revision
    }

    /// The time.
    pub fn at(&self) -> UtcMs {
        self.at
    }

    fn mark(&self, slot: u32) -> Mark {
        self.marks.get(slot as usize).copied().unwrap_or(Mark::Is)
    }

    fn set(&mut self, slot: u32, mark: Mark) {
        let slot = slot as usize;
        if slot >= self.marks.len() {
            self.marks.resize(slot + 1, Mark::Is);
        }
        self.marks[slot] = mark;
    }

    /// How the ticket of a slot was known.
    pub fn of(&self, slot: u32) -> KnownAs<'_> {
        match self.mark(slot) {
            Mark::Is => KnownAs::Is,
            Mark::Not => KnownAs::Not,
            Mark::Otherwise => self.phases.get(&slot).map_or(KnownAs::Not, |p| KnownAs::Otherwise(p)),
        }
    }

    /// Whether something of a ticket was learned later.
    pub fn has_changed(&self, ticket: TicketId) -> bool {
        slot_of(ticket).is_some_and(|slot| self.mark(slot) != Mark::Is)
    }

    /// Of those, where an event was of another time than it says itself.
    pub fn deviations(&self) -> impl Iterator<Item = &Deviation> {
        self.deviations.values()
    }

    fn is_true_of(&self, world: &World) -> bool {
        self.base == world.base && Arc::ptr_eq(&self.ground, &world.ground) && self.read.revision >= world.revision
    }
}

fn slot_of(ticket: TicketId) -> Option<u32> {
    u32::try_from(ticket.0 - 1).ok()
}

impl Wall {
    /// The moment of a question.
    pub(super) async fn moment(&self, as_of: AsOf) -> Result<Moment, WallError> {
        let known = match as_of.known_at {
            Some(t) => Some(self.known_at(t).await?),
            None => None,
        };
        Ok(Moment { as_of: as_of.time(), known })
    }

    /// The world, with what was known at a moment brought up to it.
    pub(super) async fn world_of(&self, moment: &mut Moment) -> Result<RwLockReadGuard<'_, World>, WallError> {
        loop {
            let stale = {
                let world = self.world();
                match &moment.known {
                    Some(known) if !known.is_true_of(&world) => known.at,
                    _ => return Ok(world),
                }
            };
            moment.known = Some(self.known_at(stale).await?);
        }
    }

    /// What was known at a time. O(events recorded after it) the first time.
    async fn known_at(&self, at: UtcMs) -> Result<Arc<Known>, WallError> {
        let mut kept = self.inner.known.lock().await;
        let (base, ground, revision) = {
            let world = self.world();
            (world.base, world.ground.clone(), world.revision)
        };
        let found = kept.iter().position(|k| k.at == at).map(|i| kept.remove(i));
        let found = found.filter(|k| k.settled && k.base == base && Arc::ptr_eq(&k.ground, &ground));
        let mut known = match found {
            Some(known) => known,
            None => {
                let settled = at < system_now();
                let newest = self.store().tickets_known_at(at).await?;
                let (marks, phases, deviations) = Default::default();
                Arc::new(Known { at, newest, settled, base, ground, read: newest, marks, phases, deviations })
            }
        };
        if known.read.revision < revision {
            self.bring_up(Arc::make_mut(&mut known), revision).await?;
        }
        kept.insert(0, known.clone());
        let mut changed = 0;
        kept.retain(|k| {
            changed += k.phases.len();
            changed <= MOST_CHANGED
        });
        kept.truncate(KEPT);
        Ok(known)
    }

    /// Takes in what was learned up to a revision.
    async fn bring_up(&self, known: &mut Known, revision: i64) -> Result<(), WallError> {
        let mut changed = BTreeSet::new();
        loop {
            let heard = self.store().tickets_heard_after(known.read.event, revision, PAGE).await?;
            let Some((last, ..)) = heard.last() else { break };
            known.read.event = *last;
            for (_, ticket, received) in heard {
                let Some(slot) = slot_of(ticket) else { continue };
                if received {
                    known.set(slot, Mark::Not);
                } else if known.mark(slot) != Mark::Not {
                    changed.insert(ticket);
                }
            }
            if changed.len() > MOST_CHANGED {
                return Err(WallError::Invalid(format!(
                    "since {} more than {MOST_CHANGED} tickets that were known then have changed, which is too much to go by \
                     what was known: ask about a later time, or without known_at",
                    known.at.to_rfc3339()
                )));
            }
        }
        let changed: Vec<TicketId> = changed.into_iter().collect();
        for part in changed.chunks(4_096) {
            let rows = self.store().tickets_by_id(self.network_id(), part).await?;
            let events = self.store().ticket_events(part).await?;
            let world = self.world();
            for (row, _) in &rows {
                let (Some(slot), Some(live)) = (slot_of(row.id), world.ticket(row.id)) else { continue };
                let events = events.get(&row.id).map_or(&[][..], |e| e);
                let history = History::of(row, events, known.base, Some(known.newest.revision));
                let Some(history) = history else {
                    known.set(slot, Mark::Not);
                    continue;
                };
                let state = |ticket: &_, life| world.state_of(*live, ticket, life);
                known.phases.insert(slot, phases_of(&history, row, known.base, state));
                known.set(slot, Mark::Otherwise);
                if let Some(deviation) = Deviation::of(&history, known.base) {
                    known.deviations.insert(row.id, deviation);
                }
            }
        }
        known.read.revision = revision;
        Ok(())
    }
}
