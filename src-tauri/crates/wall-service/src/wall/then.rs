//! Tickets as they stood at a time, by all that is known or by what was known at a time. Nearly all of them are told by one
//! life; of those that were reopened or suspended, or of which a value changed, the world keeps a phase for each state that
//! they were in. What was learned only later is laid over it ([`Known`]).

use super::{
    counts::{Days, Share},
    known::{Known, KnownAs},
    world::{Live, World},
};
use std::{ops::Range, sync::Arc};
use wall_core::{
    History, Place, Ticket, TicketEvent, Timebase, UtcMs,
    tally::{Life, Stretch},
};

/// A ticket from a time on, until its next phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub from: UtcMs,
    pub live: Live,
}

/// The phases of a ticket, oldest first and never none, by the system's clock and by a foreign one.
#[derive(Clone, Debug)]
pub(crate) struct Phases([Box<[Phase]>; 2]);

/// The phases of a history by the clock that it was folded by; none when the ticket was never there. `live_of` says what the
/// world keeps of a state, `row` is the present one.
pub(super) fn phases_of<P: FromIterator<Phase>>(
    history: &History<'_>,
    row: &Ticket,
    base: Timebase,
    mut live_of: impl FnMut(&Ticket, Life) -> Live,
) -> P {
    let states = history.turns().into_iter().filter_map(|t| Some((t, history.at(t)?.guarded(row).ticket)));
    states.map(|(from, ticket)| Phase { from, live: live_of(&ticket, Life::of(&ticket, base)) }).collect()
}

/// The phase at `t`; before the first, as it was when it came. `None` = there is none.
fn phase_at(phases: &[Phase], t: UtcMs) -> Option<Live> {
    phases.get(phases.partition_point(|p| p.from <= t).saturating_sub(1)).map(|p| p.live)
}

impl Phases {
    /// Folds a history. `live_of` says what the world keeps of a state; `None` when a ticket has no history at all.
    pub fn of(row: &Ticket, events: &[TicketEvent], mut live_of: impl FnMut(&Ticket, Life) -> Live) -> Option<Self> {
        let mut by = |base| -> Option<Box<[Phase]>> {
            let phases: Box<[Phase]> = phases_of(&History::of(row, events, base, None)?, row, base, &mut live_of);
            (!phases.is_empty()).then_some(phases)
        };
        Some(Self([by(Timebase::System)?, by(Timebase::Foreign)?]))
    }

    /// Phases as they were kept, by the system's clock and by a foreign one; each has at least one.
    pub fn kept(phases: [Box<[Phase]>; 2]) -> Self {
        Self(phases)
    }

    /// All of them, by both clocks.
    pub fn states(&self) -> impl Iterator<Item = &Phase> {
        self.0.iter().flatten()
    }

    /// The phases by a clock.
    pub fn by(&self, base: Timebase) -> &[Phase] {
        &self.0[usize::from(base == Timebase::Foreign)]
    }

    /// As it stood at `t`; before it was there, as it was when it came.
    pub fn at(&self, base: Timebase, t: UtcMs) -> Option<Live> {
        phase_at(self.by(base), t)
    }

    /// When its next phase begins after `t`.
    pub fn next_after(&self, base: Timebase, t: UtcMs) -> Option<UtcMs> {
        let phases = self.by(base);
        phases.get(phases.partition_point(|p| p.from <= t)).map(|p| p.from)
    }

    /// Finds the cells anew.
    pub fn set_cells(&mut self, cell_at: impl Fn(Place) -> Option<u32>) {
        self.0.iter_mut().flat_map(|phases| phases.iter_mut()).for_each(|p| p.live.find_cell(&cell_at));
    }
}

/// The time that a question asks about, and by whose knowledge; nothing = now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AsOf {
    /// The time asked about; `None` = that of the knowledge, else now.
    pub at: Option<UtcMs>,
    /// Tickets are those of what was known then; `None` = of all that is known. What is not of tickets is always by all that is
    /// known: plans, owners, staff, and whether a ticket is sensitive.
    pub known_at: Option<UtcMs>,
}

impl AsOf {
    /// The time that the answer is about; `None` = now.
    pub fn time(self) -> Option<UtcMs> {
        self.at.or(self.known_at)
    }
}

impl From<Option<UtcMs>> for AsOf {
    fn from(at: Option<UtcMs>) -> Self {
        Self { at, known_at: None }
    }
}

/// The time of a question, with what was known.
#[derive(Clone)]
pub(super) struct Moment {
    pub as_of: Option<UtcMs>,
    pub known: Option<Arc<Known>>,
}

impl Moment {
    /// A time by all that is known.
    pub fn of(as_of: Option<UtcMs>) -> Self {
        Self { as_of, known: None }
    }

    /// What was known, where it is not all.
    pub fn known(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// The revision up to which it was known.
    pub fn revision(&self) -> Option<i64> {
        self.known().map(Known::revision)
    }

    /// The time, in a world.
    pub fn at(&self, world: &World) -> UtcMs {
        self.as_of.unwrap_or(world.now)
    }

    /// A world as it stood then.
    pub fn then<'a>(&'a self, world: &'a World) -> Then<'a> {
        Then { world, at: self.at(world), known: self.known() }
    }
}

/// The stretches of a ticket with these phases, or of one life.
pub(super) fn stretches<'a>(phases: Option<&'a [Phase]>, life: Life) -> impl Iterator<Item = Stretch> + 'a {
    let whole = phases.is_none().then(|| Stretch::whole(life));
    let phases = phases.unwrap_or_default();
    let until = move |i: usize| phases.get(i + 1).map_or(i64::MAX, |next: &Phase| next.from.0);
    let closing = move |(i, p): (usize, &Phase)| (p.from.0..until(i)).contains(&p.live.life.closed).then_some(p.live.life.closed);
    let part = move |(i, p): (usize, &Phase)| Stretch {
        life: p.live.life,
        from: p.from.0,
        until: until(i),
        closed_again: phases.iter().enumerate().skip(i + 1).find_map(closing).unwrap_or(i64::MAX),
    };
    whole.into_iter().chain(phases.iter().enumerate().map(part))
}

/// What a ticket of such a life contributes to its cell at a time: one that was reopened may have been closed earlier that day.
pub(super) fn share(phases: Option<&[Phase]>, life: Life, at: UtcMs, days: &Days) -> Share {
    let share = Share::of(life, at, days);
    match phases {
        None => share,
        Some(_) => {
            let until = at.0.saturating_add(1);
            Share { closed_today: stretches(phases, life).any(|s| s.closed_within(days.start.0, until)), ..share }
        }
    }
}

/// The world as it stood at a time.
#[derive(Clone, Copy)]
pub(crate) struct Then<'a> {
    pub world: &'a World,
    pub at: UtcMs,
    pub(super) known: Option<&'a Known>,
}

impl<'a> Then<'a> {
    /// The phases of a ticket; `None` = one life tells it, empty = nobody knew of it.
    pub(super) fn phases(self, slot: u32, live: &Live) -> Option<&'a [Phase]> {
        match self.known.map(|k| k.of(slot)) {
            Some(KnownAs::Otherwise(phases)) => return Some(phases),
            Some(KnownAs::Not) => return Some(&[]),
            Some(KnownAs::Is) | None => {}
        }
        if !live.varied {
            return None;
        }
        self.world.phases.get(&slot).map(|p| p.by(self.world.base))
    }

    /// The ticket of a slot, whether it was there then or not.
    pub fn get(self, slot: u32) -> Option<Live> {
        let live = self.world.tickets.get(slot as usize)?.as_ref()?;
        self.state(live, self.phases(slot, live))
    }

    /// A ticket as it stood, by its phases where one life does not tell it.
    pub(super) fn state(self, live: &Live, phases: Option<&[Phase]>) -> Option<Live> {
        phases.map_or(Some(*live), |phases| phase_at(phases, self.at))
    }

    /// All tickets that were there then, with their slots.
    pub fn all(self) -> impl DoubleEndedIterator<Item = (u32, Live)> + 'a {
        self.of_slots(0..self.world.tickets.len() as u32)
    }

    /// The tickets of some slots that were there then.
    pub fn of_slots(self, slots: Range<u32>) -> impl DoubleEndedIterator<Item = (u32, Live)> + 'a {
        let then = move |(slot, live)| Some((slot, self.state(live, self.phases(slot, live))?));
        self.world.of_slots(slots).filter_map(then).filter(move |(_, t)| t.life.there_at(self.at))
    }

    /// Due time of a slot then, `i64::MAX` = none.
    pub fn due_of(self, slot: u32) -> i64 {
        self.get(slot).map_or(i64::MAX, |t| t.life.due)
    }

    /// The stretches of a ticket, also those after the time.
    pub fn stretches_of(self, slot: u32, live: &Live) -> impl Iterator<Item = Stretch> + 'a {
        stretches(self.phases(slot, live), live.life)
    }

    /// The stretches of all tickets, one after the other.
    pub fn stretches(self) -> impl Iterator<Item = Stretch> + 'a {
        self.world.all().flat_map(move |(slot, live)| self.stretches_of(slot, live))
    }

    /// Whether a ticket was closed in `[from, to)` by then, were it reopened afterwards.
    pub fn closed_within(self, slot: u32, live: &Live, from: i64, to: i64) -> bool {
        let to = to.min(self.at.0.saturating_add(1));
        match self.phases(slot, live) {
            Some(_) => self.stretches_of(slot, live).any(|s| s.closed_within(from, to)),
            None => (from..to).contains(&live.life.closed),
        }
    }

    /// Whether a ticket that fell due in `[from, to)` was closed by its due time, as it stood at the end of that period: a due time
    /// that was moved afterwards changes no period that is over. `None` = it did not fall due in it.
    pub fn fell_due(self, slot: u32, live: &Live, from: i64, to: i64) -> Option<bool> {
        let end = self.at.min(UtcMs(to.saturating_sub(1)));
        let life = Then { at: end, ..self }.state(live, self.phases(slot, live))?.life;
        life.fell_due(from, to).then(|| life.on_time())
    }

    /// What a ticket contributes to its cell.
    pub fn share(self, slot: u32, live: &Live, days: &Days) -> Share {
        share(self.phases(slot, live), live.life, self.at, days)
    }
}

impl World {
    /// The world as it stood at a time, by all that is known.
    pub fn then(&self, at: UtcMs) -> Then<'_> {
        Then { world: self, at, known: None }
    }
}
