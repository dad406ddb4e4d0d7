//! What is shown of a ticket to whom: one place, one cell, one text. Every question, filter, order, index, raster and
//! export goes through here, so that no question tells more than its answer (ADR 0024).
//!
//! A place is shown either exactly or as its *home*: the cell in which the ticket was first found, kept from then on, so
//! that cells redrawn around a ticket do not tell where in its cell it lies. Of a sensitive ticket nobody sees more.

use super::{
    ground::Ground,
    world::{Live, World, ticket_of},
};
use crate::masking::mask;
use std::{borrow::Cow, collections::HashMap, sync::Arc};
use wall_core::{CellGeometry, CellId, Place, Scope, Ticket, label_point, ticket_division};
use wall_store::Actor;

/// How near somebody sees what is not sensitive.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Sight {
    /// Exact places, and texts with numbers masked.
    Exact,
    /// Places to the cell, and no free text.
    Coarse,
    /// The first for tickets that lie within the scope, the second for all others.
    Within(Arc<Scope>),
}

impl Sight {
    /// Those for which all is counted at once, in the order of their numbers.
    pub const COUNTED: [Self; 2] = [Self::Exact, Self::Coarse];

    /// The sight of an actor.
    pub fn of(actor: &Actor) -> Self {
        match &actor.scope {
            _ if !actor.role.sees_exact_places() => Self::Coarse,
            Some(scope) => Self::Within(scope.clone()),
            None => Self::Exact,
        }
    }

    /// Whether tickets of a division are shown where they are and as they are written. The division is looked for only where it
    /// counts.
    fn reaches<'a>(&self, division: impl FnOnce() -> &'a str) -> bool {
        match self {
            Self::Exact => true,
            Self::Coarse => false,
            Self::Within(scope) => scope.holds_division(division()),
        }
    }
}

/// A cell in which tickets were first found; it may be of a plan of the past.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Its code.
    pub code: String,
    /// Code of the community in which it lay, and with it the tickets that were first found in it; empty = in none.
    pub division: String,
    /// Where its name stands: the place that is shown.
    pub place: Place,
    id: CellId,
    /// Its index in the present ground, or that of the cell around its place.
    now: Option<u32>,
}

/// Homes by a small number, so that a ticket keeps four bytes of it.
#[derive(Default)]
pub(crate) struct Homes {
    list: Vec<Home>,
    by_cell: HashMap<CellId, u32>,
}

impl Homes {
    /// Which of the cells are not known yet.
    pub fn unknown<'a>(&self, cells: impl Iterator<Item = &'a CellId>) -> Vec<CellId> {
        let mut ids: Vec<CellId> = cells.filter(|c| !self.by_cell.contains_key(c)).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Takes in cells of whatever plan.
    pub fn learn(&mut self, cells: Vec<(CellId, String, String, CellGeometry)>, ground: &Ground) {
        for (id, code, division, geometry) in cells {
            self.put(id, (&code, &division), label_point(&geometry), ground);
        }
    }

    /// The number of a known cell, or of one of the ground.
    pub fn number(&mut self, cell: CellId, ground: &Ground) -> Option<u32> {
        if let Some(n) = self.by_cell.get(&cell) {
            return Some(*n);
        }
        let area = ground.cell_area(*ground.by_id.get(&cell)?);
        Some(self.put(cell, (&area.code, &area.parent_code), area.label, ground))
    }

    /// The number of a cell with this code and community, whose name stands at `place`, given at first sight.
    pub fn put(&mut self, id: CellId, (code, division): (&str, &str), place: Place, ground: &Ground) -> u32 {
        let next = self.list.len() as u32;
        let number = *self.by_cell.entry(id).or_insert(next);
        if number == next {
            let mut home = Home { id, code: code.to_owned(), division: division.to_owned(), place, now: None };
            home.now = home.cell_under(ground);
            self.list.push(home);
        }
        number
    }

    /// All that are known, in the order of their numbers.
    pub fn known(&self) -> impl Iterator<Item = (CellId, &Home)> {
        self.list.iter().map(|h| (h.id, h))
    }

    /// Another ground.
    pub fn set_ground(&mut self, ground: &Ground) {
        self.list.iter_mut().for_each(|h| h.now = h.cell_under(ground));
    }

    /// A home by its number.
    pub fn get(&self, number: u32) -> Option<&Home> {
        self.list.get(number as usize)
    }

    /// Where the name of each known cell stands.
    pub fn places(&self) -> HashMap<CellId, Place> {
        self.list.iter().map(|h| (h.id, h.place)).collect()
    }
}

impl Home {
    /// The cell of a ground that stands for this home: itself, its code where tickets stay with their codes, or the one
    /// around its place. Never asked of a ticket's own place.
    fn cell_under(&self, ground: &Ground) -> Option<u32> {
        let same = ground.by_id.get(&self.id).copied();
        let kept = || ground.stays.then(|| ground.by_code.get(&self.code).copied()).flatten();
        same.or_else(kept).or_else(|| ground.cell_at(self.place))
    }
}

/// In which part of the counts a ticket is. That nobody knows where it is everybody may know.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Part {
    /// In a cell, by its index in the ground.
    Cell(u32),
    /// Outside all cells.
    Outside,
    /// Nobody knows where.
    Unplaced,
}

impl Part {
    /// The cell, when it is in one.
    pub fn cell(self) -> Option<u32> {
        match self {
            Self::Cell(cell) => Some(cell),
            Self::Outside | Self::Unplaced => None,
        }
    }
}

impl World {
    fn home_of(&self, t: &Live) -> Option<&Home> {
        self.homes.get(t.home()?)
    }

    /// The community of the cell in which a ticket was first found; `None` = it was in none yet.
    fn division_of_home(&self, t: &Live) -> Option<&str> {
        self.home_of(t).map(|h| h.division.as_str())
    }

    /// Whether the place of a ticket is shown as it is.
    fn is_clear(&self, t: &Live, sight: &Sight) -> bool {
        !t.sensitive && sight.reaches(|| ticket_division(self.division_of_home(t), true, ""))
    }

    /// Whether a ticket of the world is shown where it is and as it is written.
    pub fn is_clear_slot(&self, slot: u32, t: &Live, sight: &Sight) -> bool {
        let division = || {
            let told = self.told.get(&slot).map_or("", |code| code);
            ticket_division(self.division_of_home(t), t.exact_place().is_some(), told)
        };
        !t.sensitive && sight.reaches(division)
    }

    /// The same for a ticket that was read from the store, at whatever time: it lies where it was first found.
    pub fn is_clear_ticket(&self, ticket: &Ticket, sight: &Sight) -> bool {
        let division = || match self.ticket(ticket.id) {
            Some(t) => {
                let is_placed = t.exact_place().is_some() || ticket.place.is_some();
                ticket_division(self.division_of_home(t), is_placed, &ticket.community_code)
            }
            // Not in the world yet, in which it is found within a moment.
            None => {
                let now = ticket.place.map(|p| self.ground.division_at(p));
                ticket_division(now, ticket.place.is_some(), &ticket.community_code)
            }
        };
        !ticket.sensitive && sight.reaches(division)
    }

    /// Where a ticket is shown; `None` = nowhere: it has no place, or lies outside all cells, to somebody who sees to the cell.
    pub fn shown_place(&self, t: &Live, sight: &Sight) -> Option<Place> {
        t.exact_place()?;
        if self.is_clear(t, sight) { t.exact_place() } else { self.home_of(t).map(|h| h.place) }
    }

    /// The cell of a ground in which a ticket is shown.
    pub fn shown_cell(&self, ground: &Arc<Ground>, slot: u32, t: &Live, sight: &Sight) -> Option<u32> {
        let present = Arc::ptr_eq(ground, &self.ground);
        match self.is_clear(t, sight) {
            true if present => t.attributed(),
            true => t.exact_place().and_then(|p| ground.cell_of(ticket_of(slot), p)),
            // A home that it got only later is none of a time at which nobody knew its place.
            false => {
                t.exact_place().and_then(|_| self.home_of(t)).and_then(|h| if present { h.now } else { h.cell_under(ground) })
            }
        }
    }

    /// In which part of the counts of a ground a ticket is.
    pub fn shown_part(&self, ground: &Arc<Ground>, slot: u32, t: &Live, sight: &Sight) -> Part {
        match self.shown_cell(ground, slot, t, sight) {
            Some(cell) => Part::Cell(cell),
            None if t.exact_place().is_some() => Part::Outside,
            None => Part::Unplaced,
        }
    }

    /// The same for a ticket that was read from the store.
    pub fn shown(&self, ground: &Arc<Ground>, ticket: &Ticket, sight: &Sight) -> (Option<Place>, Option<u32>) {
        let slot = u32::try_from(ticket.id.0 - 1).unwrap_or(u32::MAX);
        let known = self.ticket(ticket.id).copied();
        if self.is_clear_ticket(ticket, sight) {
            let present = Arc::ptr_eq(ground, &self.ground);
            // Of another time it may have been elsewhere.
            let same = |t: &Live| present && !t.sensitive && t.exact_place() == ticket.place;
            let attributed = known.filter(same).and_then(|t| t.attributed());
            let found = || ticket.place.and_then(|p| ground.cell_of(ticket.id, p));
            return (ticket.place, attributed.or_else(found));
        }
        match known.filter(|_| ticket.place.is_some()) {
            Some(mut t) if t.exact_place().is_some() => {
                t.sensitive |= ticket.sensitive;
                (self.shown_place(&t, &Sight::Coarse), self.shown_cell(ground, slot, &t, &Sight::Coarse))
            }
            // Not in the world yet, in which it is found within a moment: its home will be the cell it lies in now.
            _ => {
                let inside = ticket.place.and_then(|p| self.ground.cell_at(p));
                let place = inside.map(|c| self.ground.cell_area(c).label);
                (place, place.and_then(|p| ground.cell_at(p)))
            }
        }
    }
}

/// The texts of a ticket as they are shown. What is searched is this.
pub(crate) struct ShownText<'a> {
    /// Its title; the name of its category where there is none, or none may be read.
    pub title: Cow<'a, str>,
    /// What it says.
    pub description: Cow<'a, str>,
    /// Where it says it is.
    pub address: Cow<'a, str>,
}

/// What may be read of a text of a ticket, where it is shown as it is written (`clear`) and where it is not.
pub(crate) fn shown_words(text: &str, clear: bool) -> Cow<'_, str> {
    if clear { mask(text) } else { "".into() }
}

/// What may be read of a ticket whose category is called `category`.
pub(crate) fn shown_text<'a>(ticket: &'a Ticket, category: &'a str, clear: bool) -> ShownText<'a> {
    let shown = |text: &'a str| shown_words(text, clear);
    let title = shown(&ticket.title);
    ShownText {
        title: if title.trim().is_empty() { category.into() } else { title },
        description: shown(&ticket.description),
        address: shown(&ticket.address),
    }
}
