//! What lies in an area, and what is to be done in the cells that somebody walks: counted for cards.

use super::{
    ground::{Area, Ground, Owner},
    shown::Sight,
    then::Then,
    world::ticket_of,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use wall_core::{OwnerRole, PartyKind, Staff, TicketId, tally};

const DAY_MS: i64 = 86_400_000;
/// A ticket reported within so long counts as recent in the mix.
const RECENT_MS: i64 = 30 * DAY_MS;
/// Open tickets told of an area.
const AREA_TICKETS: usize = 20;
/// Open tickets told of somebody's cells; the counts of the cells open the rest.
const WALKED_TICKETS: usize = 8;

/// Tickets of one category in an area.
pub(super) struct Mix {
    pub code: String,
    /// The code where it has none.
    pub name: String,
    pub open: u32,
    /// Received within thirty days.
    pub recent: u32,
}

/// What lies in an area at a time.
pub(super) struct Contents {
    /// By cell of the ground, whether it is of the area.
    member: Vec<bool>,
    /// Categories with an open or recent ticket, the most open first.
    pub mix: Vec<Mix>,
    /// The gravest open tickets, of equal ones those due first; at most [`AREA_TICKETS`].
    pub gravest: Vec<TicketId>,
    /// Received in each of the last 24 hours, oldest first.
    pub last_24h: Vec<u32>,
}

impl Contents {
    /// Looks at an area at a time, as somebody may know the cells of tickets. O(tickets).
    pub fn of(then: Then<'_>, ground: &Arc<Ground>, area: &Area, sight: &Sight) -> Self {
        let (world, at) = (then.world, then.at);
        let mut member = vec![false; ground.cells.len()];
        area.members.iter().for_each(|i| member[*i as usize] = true);
        let inside = |cell: Option<u32>| cell.is_some_and(|c| member[c as usize]);
        let mut counts: HashMap<u32, (u32, u32)> = HashMap::new();
        let mut open: Vec<(u8, i64, TicketId)> = Vec::new();
        let mut lives = Vec::new();
        for (slot, t) in then.all() {
            if !inside(world.shown_cell(ground, slot, &t, sight)) {
                continue;
            }
            lives.push(t.life);
            let (is_open, recent) = (t.life.open_at(at), t.life.reported > at.0 - RECENT_MS);
            if recent || is_open {
                let line = counts.entry(t.category).or_default();
                line.0 += u32::from(is_open);
                line.1 += u32::from(recent);
            }
            if is_open {
                open.push((t.severity.get(), t.life.due, ticket_of(slot)));
            }
        }
        let (last_24h, _) =
            tally::histogram(lives.into_iter().map(tally::Stretch::whole), at.plus_ms(1 - DAY_MS), at.plus_ms(1), 24);
        open.sort_unstable();
        open.truncate(AREA_TICKETS);
        let line = |(category, (open, recent))| {
            let code = world.categories.code(category);
            Mix { name: world.categories.name(code, at).to_owned(), code: code.to_owned(), open, recent }
        };
        let mut mix: Vec<Mix> = counts.into_iter().map(line).collect();
        mix.sort_by(|a, b| (b.open, b.recent, &a.code).cmp(&(a.open, a.recent, &b.code)));
        Self { member, mix, gravest: open.into_iter().map(|(.., id)| id).collect(), last_24h }
    }

    /// Whether a cell of the ground is of the area.
    pub fn has(&self, cell: Option<u32>) -> bool {
        cell.is_some_and(|c| self.member.get(c as usize).copied().unwrap_or(false))
    }
}

/// A cell that somebody walks.
pub(super) struct WalkedCell {
    /// In the ground.
    pub cell: u32,
    /// The role in which a person of that name answers there; `None` = walks it without answering for it.
    pub role: Option<OwnerRole>,
    pub open: u32,
    /// Of those, late.
    pub overdue: u32,
}

/// The cells of a member of staff, in the order of the ground, and the open tickets there that are due first, at most
/// [`WALKED_TICKETS`]. O(tickets).
pub(super) fn walked(then: Then<'_>, ground: &Arc<Ground>, staff: &Staff, sight: &Sight) -> (Vec<WalkedCell>, Vec<TicketId>) {
    let same = |o: &&Owner| ground.parties.get(&o.party).is_some_and(|p| p.kind == PartyKind::Person && p.name == staff.name);
    let walked = |(cell, owners): (u32, &Vec<Owner>)| WalkedCell {
        cell,
        role: owners.iter().find(same).map(|o| o.role),
        open: 0,
        overdue: 0,
    };
    let mut cells: BTreeMap<u32, WalkedCell> = (0u32..)
        .zip(&ground.owners)
        .filter(|(i, _)| staff.cell_codes.contains(&ground.cells[*i as usize].code))
        .map(|line| (line.0, walked(line)))
        .collect();
    let mut open: Vec<(i64, TicketId)> = Vec::new();
    let (world, at) = (then.world, then.at);
    for (slot, t) in then.all().filter(|(_, t)| t.life.open_at(at)) {
        let Some(cell) = world.shown_cell(ground, slot, &t, sight).and_then(|c| cells.get_mut(&c)) else { continue };
        cell.open += 1;
        cell.overdue += u32::from(t.life.overdue_at(at));
        open.push((t.life.due, ticket_of(slot)));
    }
    open.sort_unstable();
    open.truncate(WALKED_TICKETS);
    (cells.into_values().collect(), open.into_iter().map(|(_, id)| id).collect())
}
