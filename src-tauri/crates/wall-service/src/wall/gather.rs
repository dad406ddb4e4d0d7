//! One pass over all tickets as they stood at a time, on all processors, for everything that an answer wants of them: what each
//! of them reads is most of what such a pass costs.

use super::{
    counts::{Days, Share},
    then::{Phase, Then, share, stretches},
    world::Live,
};
use wall_core::{
    UtcMs,
    tally::{Stretch, Tally},
};

/// Fewer tickets than this are not worth a thread.
const LEAST_PART: usize = 50_000;

/// A ticket as a pass meets it.
pub(crate) struct Met<'a> {
    pub at: UtcMs,
    pub slot: u32,
    /// As it is.
    pub row: &'a Live,
    /// As it stood; `None` = it was not there.
    pub live: Option<Live>,
    phases: Option<&'a [Phase]>,
}

impl Met<'_> {
    /// The one life that tells it; `None` = its stretches do.
    pub fn whole(&self) -> Option<wall_core::tally::Life> {
        self.phases.is_none().then_some(self.row.life)
    }

    /// Its stretches, also those after the time.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> {
        stretches(self.phases, self.row.life)
    }

    /// What it contributes to its cell, as it stood.
    pub fn share(&self, live: &Live, days: &Days) -> Share {
        share(self.phases, live.life, self.at, days)
    }
}

/// What a pass collects.
pub(crate) trait Gather: Clone + Send + Sync {
    /// Takes a ticket in. They come newest first: those with the highest slots.
    fn meet(&mut self, world: Then<'_>, met: &Met<'_>);

    /// Takes in what was collected of other tickets.
    fn join(&mut self, other: Self);
}

macro_rules! together {
    ($($part:ident $n:tt),+) => {
        impl<$($part: Gather),+> Gather for ($($part,)+) {
            fn meet(&mut self, world: Then<'_>, met: &Met<'_>) {
                $(self.$n.meet(world, met);)+
            }

            fn join(&mut self, other: Self) {
                $(self.$n.join(other.$n);)+
            }
        }
    };
}

together!(A 0, B 1);
together!(A 0, B 1, C 2);
together!(A 0, B 1, C 2, D 3);

impl Gather for Tally {
    fn meet(&mut self, _: Then<'_>, met: &Met<'_>) {
        match met.whole() {
            Some(life) => self.add_whole(life),
            None => met.stretches().for_each(|stretch| self.add(stretch)),
        }
    }

    fn join(&mut self, other: Self) {
        Self::join(self, &other);
    }
}

impl Then<'_> {
    /// Collects from all tickets. `none` is a collection without any. O(tickets), on all processors.
    pub fn gather<G: Gather>(self, none: G) -> G {
        let part = |slots: std::ops::Range<usize>| {
            let mut found = none.clone();
            for (slot, row) in self.world.of_slots(slots.start as u32..slots.end as u32).rev() {
                let phases = self.phases(slot, row);
                let live = self.state(row, phases).filter(|live| live.life.there_at(self.at));
                found.meet(self, &Met { at: self.at, slot, row, live, phases });
            }
            found
        };
        let parts = crate::threads::in_parts(self.world.tickets.len(), LEAST_PART, part);
        let mut all = parts.into_iter();
        let first = all.next().unwrap_or_else(|| none.clone());
        all.fold(first, |mut found, part| {
            found.join(part);
            found
        })
    }
}
