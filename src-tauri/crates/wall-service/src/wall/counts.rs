//! Counts of one cell at one time, kept by small steps or built from all tickets.

use super::{
    gather::{Gather, Met},
    ground::{Area, Ground},
    shown::{Part, Sight},
    then::Then,
};
use rustc_hash::FxHashSet;
use std::sync::Arc;
use wall_core::{UtcMs, tally::Life};

/// Local days around a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// Local midnight before the time.
    pub start: UtcMs,
    /// The midnight before that.
    pub yesterday: UtcMs,
    /// The next midnight.
    pub end: UtcMs,
}

impl Days {
    /// The days around `at` in `zone`.
    pub fn around(at: UtcMs, zone: &jiff::tz::TimeZone) -> Self {
        let fallback = Self { start: UtcMs(at.0 - at.0.rem_euclid(86_400_000)), yesterday: at, end: at };
        let midnight = |offset: i64| -> Option<UtcMs> {
            let date = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone()).date();
            let date = date.checked_add(jiff::Span::new().days(offset)).ok()?;
            // A midnight that does not exist moves forward, a repeated one is the earlier.
            Some(UtcMs(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()))
        };
        match (midnight(0), midnight(-1), midnight(1)) {
            (Some(start), Some(yesterday), Some(end)) => Self { start, yesterday, end },
            _ => Self { yesterday: fallback.start.plus_ms(-86_400_000), end: fallback.start.plus_ms(86_400_000), ..fallback },
        }
    }
}

/// What a ticket contributes to its cell at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Share {
    pub open: bool,
    pub overdue: bool,
    pub received_today: bool,
    pub closed_today: bool,
    /// Not there yet.
    pub later: bool,
}

impl Share {
    pub fn of(life: Life, now: UtcMs, days: &Days) -> Self {
        Self {
            open: life.open_at(now),
            overdue: life.overdue_at(now),
            received_today: life.reported >= days.start.0 && life.there_at(now),
            closed_today: life.closed >= days.start.0 && life.closed <= now.0,
            later: !life.there_at(now),
        }
    }
}

/// Counts of one cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct CellCount {
    /// Open tickets.
    pub open: u32,
    pub overdue: u32,
    pub received_today: u32,
    pub closed_today: u32,
    /// Slots of its open tickets: our own numbers, which nobody outside chooses. Only of counts that are changed.
    slots: FxHashSet<u32>,
    /// Sum of weight × 2^((reported − reference) ÷ half-life) over its open tickets.
    pub heat: f64,
}

/// Counts of an area at a time.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct AreaCount {
    pub open: u32,
    /// Of those, past their due time.
    pub overdue: u32,
    /// Since local midnight.
    pub received_today: u32,
    /// Since local midnight.
    pub closed_today: u32,
    /// Open tickets by weight of severity and age, per km².
    pub heat: f64,
    /// Seconds to the earliest due time of an open ticket, negative = late; `None` = none has one.
    pub time_left_s: Option<f64>,
}

/// The counts of every cell, of what lies outside all cells, and of what has no place.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    /// Of the cells by their index, then of [`Part::Outside`], then of [`Part::Unplaced`].
    cells: Vec<CellCount>,
    /// Of the cells: the first due time of what is open there, `i64::MAX` = none has one. Only of counts that are made once and not
    /// changed: empty where it has to be looked for.
    first_due: Vec<i64>,
    /// Reference time of the decayed sums.
    reference: UtcMs,
    half_life_ms: f64,
}

impl Counts {
    pub fn new(cells: usize, now: UtcMs, half_life_s: f64) -> Self {
        Self {
            cells: vec![CellCount::default(); cells + 2],
            first_due: Vec::new(),
            reference: now,
            half_life_ms: half_life_s * 1000.0,
        }
    }

    /// The same, to be counted once: with the first due times.
    pub fn once(cells: usize, now: UtcMs, half_life_s: f64) -> Self {
        Self { first_due: vec![i64::MAX; cells + 2], ..Self::new(cells, now, half_life_s) }
    }

    fn index(&self, part: Part) -> usize {
        let (outside, unplaced) = (self.cells.len() - 2, self.cells.len() - 1);
        match part {
            Part::Cell(cell) => (cell as usize).min(outside),
            Part::Outside => outside,
            Part::Unplaced => unplaced,
        }
    }

    /// Open tickets, wherever they are. O(cells).
    pub fn open(&self) -> usize {
        self.cells.iter().map(|c| c.open as usize).sum()
    }

    /// Open tickets without a place.
    pub fn unplaced(&self) -> u32 {
        self.cells[self.index(Part::Unplaced)].open
    }

    /// Adds (`sign` = 1) or takes away (−1) what a ticket contributes.
    pub fn change(&mut self, slot: u32, part: Part, share: Share, life: Life, weight: f64, sign: i32) {
        let i = self.index(part);
        let c = &mut self.cells[i];
        let step = |n: &mut u32, on: bool| {
            if on {
                *n = n.saturating_add_signed(sign);
            }
        };
        step(&mut c.overdue, share.overdue);
        step(&mut c.received_today, share.received_today);
        step(&mut c.closed_today, share.closed_today);
        if share.open {
            let decayed = weight * ((life.reported.saturating_sub(self.reference.0)) as f64 / self.half_life_ms).exp2();
            step(&mut c.open, true);
            if sign > 0 {
                c.heat += decayed;
                match self.first_due.get_mut(i) {
                    Some(first) => *first = (*first).min(life.due),
                    None => drop(c.slots.insert(slot)),
                }
            } else {
                c.slots.remove(&slot);
                // Nothing open is exactly no heat: rounding never leaves a ghost.
                c.heat = if c.open == 0 { 0.0 } else { (c.heat - decayed).max(0.0) };
            }
        }
    }

    /// Adds what was counted of other tickets with the same reference, once.
    fn join(&mut self, other: Self) {
        for (first, o) in self.first_due.iter_mut().zip(other.first_due) {
            *first = (*first).min(o);
        }
        for (c, o) in self.cells.iter_mut().zip(other.cells) {
            c.overdue += o.overdue;
            c.received_today += o.received_today;
            c.closed_today += o.closed_today;
            c.open += o.open;
            c.heat += o.heat;
        }
    }

    /// Moves the reference so that the exponents stay small.
    pub fn rebase(&mut self, now: UtcMs) {
        let steps = (now.0 - self.reference.0) as f64 / self.half_life_ms;
        if steps.abs() > 16.0 {
            let factor = (-steps).exp2();
            for c in &mut self.cells {
                c.heat *= factor;
            }
            self.reference = now;
        }
    }

    /// The counts of an area at `now`. `due_of` gives the due time of a slot.
    pub fn area(&self, area: &Area, now: UtcMs, due_of: &dyn Fn(u32) -> i64) -> AreaCount {
        let mut s = AreaCount::default();
        let mut first = i64::MAX;
        for m in &area.members {
            let Some(c) = self.cells.get(*m as usize) else { continue };
            s.open += c.open;
            s.overdue += c.overdue;
            s.received_today += c.received_today;
            s.closed_today += c.closed_today;
            s.heat += c.heat;
            let here = self.first_due.get(*m as usize).copied();
            first = here.unwrap_or_else(|| c.slots.iter().map(|t| due_of(*t)).min().unwrap_or(i64::MAX)).min(first);
        }
        s.heat *= (-(now.0 - self.reference.0) as f64 / self.half_life_ms).exp2() / area.facts.area_km2.max(1e-9);
        // The worst, not the middle: an area with one late ticket is an area with a late ticket.
        s.time_left_s = (first < i64::MAX).then(|| first.saturating_sub(now.0) as f64 / 1000.0);
        s
    }
}

/// The counts of a ground at a time, as somebody may know them: made in one pass.
#[derive(Clone)]
pub(crate) struct Counting {
    ground: Arc<Ground>,
    sight: Sight,
    days: Days,
    pub counts: Counts,
}

impl Counting {
    /// Nothing counted yet.
    pub fn new(ground: Arc<Ground>, sight: Sight, then: Then<'_>) -> Self {
        let days = Days::around(then.at, &then.world.zone);
        let counts = Counts::once(ground.cells.len(), then.at, then.world.half_life_s);
        Self { ground, sight, days, counts }
    }
}

impl Gather for Counting {
    fn meet(&mut self, then: Then<'_>, met: &Met<'_>) {
        let Some(live) = &met.live else { return };
        let share = met.share(live, &self.days);
        // Nearly all of the past is over and counts nowhere: where it lay need not be found.
        if share != Share::default() {
            let part = then.world.shown_part(&self.ground, met.slot, live, &self.sight);
            self.counts.change(met.slot, part, share, live.life, live.severity.weight(), 1);
        }
    }

    fn join(&mut self, other: Self) {
        self.counts.join(other.counts);
    }
}
