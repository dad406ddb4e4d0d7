//! Where a write goes, and whether that lies within the scope of whoever writes. Asked of the store's own data, inside the write.
//!
//! A ticket lies in the division of the cell in which it was first found ([`wall_core::ticket_division`]); with a new place it has
//! to lie within before and after. A member of staff is within where one of the cells that they walk is. A cell of a draft lies in
//! its community, before and after an edit.

use super::{Wall, WallError, ground::Ground, write::Write};
use std::collections::HashSet;
use wall_core::{CellId, Origin, PositionRecord, Right, Scope};
use wall_store::{Actor, TicketOutcome, TicketWrite};

/// Cells named in a refusal.
const NAMED: usize = 5;

/// A cell of a draft that a write changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TouchedCell {
    /// Its number in the draft.
    pub face: u32,
    /// Its code; may be empty.
    pub code: String,
    /// The communities in which it lay and will lie, each once; an empty one = in none.
    pub communities: Vec<String>,
}

/// What a write is about.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// Records that are judged each by itself, by [`Write::put_tickets`] and [`Write::put_positions`].
    Each,
    /// A ticket by source and number; one that is not there lies nowhere, and the command says so itself.
    Ticket(&'a str, &'a str),
    /// A district, street or community.
    Division(&'a str),
    /// A draft of a network as a whole, of which nothing is changed.
    Draft(&'a str),
    /// Cells of a draft of a network.
    Cells(&'a str, &'a [TouchedCell]),
}

/// The refusal of what lies outside a scope: what, which scope, who can.
pub(super) fn beyond(actor: &Actor, scope: &Scope, right: Right, what: &str) -> WallError {
    WallError::OutsideScope(format!(
        "{} is for {scope} alone and may not {} there: {what}. Whose scope holds it, or who has none, can",
        actor.who,
        right.words()
    ))
}

fn lies(division: &str) -> String {
    if division.is_empty() { "in no community".into() } else { format!("in {division}") }
}

/// Of the cells, those outside; in words.
fn cells_outside(scope: &Scope, cells: &[TouchedCell]) -> Option<String> {
    let outside: Vec<&TouchedCell> = cells_beyond(scope, cells).collect();
    let one = |c: &&TouchedCell| {
        let name = if c.code.is_empty() { format!("cell {} of the draft", c.face) } else { format!("cell {}", c.code) };
        let out: Vec<String> = c.communities.iter().filter(|d| !scope.holds_division(d)).map(|d| lies(d)).collect();
        format!("{name} lies {}", out.join(" and "))
    };
    let words: Vec<String> = outside.iter().take(NAMED).map(one).collect();
    let more = outside.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!outside.is_empty()).then(|| words.join(", ") + &more)
}

/// Of the cells, those outside.
pub(crate) fn cells_beyond<'a>(scope: &'a Scope, cells: &'a [TouchedCell]) -> impl Iterator<Item = &'a TouchedCell> {
    cells.iter().filter(|c| c.communities.iter().any(|d| !scope.holds_division(d)))
}

/// Whether an edit of these cells of a draft lies within the scope of the actor.
///
/// # Errors
/// [`WallError::OutsideScope`], with the cells that do not.
pub(crate) fn may_touch(actor: &Actor, right: Right, network: &str, cells: &[TouchedCell]) -> Result<(), WallError> {
    let Some(scope) = &actor.scope else { return Ok(()) };
    match draft_outside(scope, network, cells) {
        Some(what) => Err(beyond(actor, scope, right, &what)),
        None => Ok(()),
    }
}

fn draft_outside(scope: &Scope, network: &str, cells: &[TouchedCell]) -> Option<String> {
    match scope.holds_network(network) {
        true => cells_outside(scope, cells),
        false => Some(format!("the plan is one of the network {network}")),
    }
}

impl Target<'_> {
    /// What of it lies outside a scope, in words; `None` = nothing.
    pub(super) async fn outside(self, tx: &mut Write<'_>, scope: &Scope) -> Result<Option<String>, WallError> {
        let division =
            |name: String, division: &str| (!scope.holds_division(division)).then(|| format!("{name} lies {}", lies(division)));
        Ok(match self {
            Self::Each => None,
            Self::Ticket(source, id) => {
                let network = tx.network_id();
                let found = tx.tx.divisions_of_tickets(network, &[(source, id)]).await?;
                found.into_values().next().and_then(|d| division(format!("ticket {id}"), &d))
            }
            Self::Division(code) => division("the division".into(), code),
            Self::Draft(network) => draft_outside(scope, network, &[]),
            Self::Cells(network, cells) => draft_outside(scope, network, cells),
        })
    }
}

/// What became of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PositionOutcome {
    /// It is on disk.
    Taken,
    /// Nobody on the staff list has this id.
    UnknownStaff,
    /// They walk no cell within the sender's scope.
    OutsideScope,
}

/// What became of a ticket's record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TicketTaken {
    /// The store's answer.
    Done(TicketOutcome),
    /// Not taken, in words: it lies outside the sender's scope.
    OutsideScope(String),
}

impl TicketTaken {
    /// The store's answer, where the record got as far.
    pub fn outcome(&self) -> Option<TicketOutcome> {
        match self {
            Self::Done(outcome) => Some(*outcome),
            Self::OutsideScope(_) => None,
        }
    }
}

impl Write<'_> {
    fn network_id(&self) -> wall_core::NetworkId {
        self.wall.map_or(wall_core::NetworkId(0), Wall::network_id)
    }

    /// Why each record lies outside the scope of the actor, where it does.
    async fn outside(&mut self, right: Right, writes: &[TicketWrite]) -> Result<Vec<Option<String>>, WallError> {
        let Some(scope) = self.actor.scope.clone() else { return Ok(vec![None; writes.len()]) };
        let network = self.network_id();
        let keys: Vec<(&str, &str)> = writes.iter().map(|w| (w.record.source.as_str(), w.record.external_id.as_str())).collect();
        let before = self.tx.divisions_of_tickets(network, &keys).await?;
        let cells: HashSet<CellId> = writes.iter().filter_map(|w| w.attributed.and_then(|a| a.cell)).collect();
        let communities = self.tx.communities_of_cells(&cells.into_iter().collect::<Vec<_>>()).await?;
        let judge = |w: &TicketWrite| {
            let record = &w.record;
            let name = format!("ticket {}", record.external_id);
            let known = before.get(&(record.source.clone(), record.external_id.clone()));
            if let Some(division) = known.filter(|d| !scope.holds_division(d)) {
                return Some(format!("{name} lies {}", lies(division)));
            }
            let is_placed = record.place.or(w.fallback.found.map(|s| s.place)).is_some();
            let after = match w.attributed.and_then(|a| a.cell) {
                Some(cell) => communities.get(&cell).map_or("", String::as_str),
                None if is_placed => "",
                None if record.community_code.is_empty() => known.map_or("", String::as_str),
                None => &record.community_code,
            };
            (!scope.holds_division(after)).then(|| match (is_placed, after.is_empty()) {
                (false, true) => format!("{name} tells neither a place nor a community (community_code)"),
                (true, true) => format!("{name} would lie outside all cells with a community"),
                (_, false) => format!("{name} would lie {}", lies(after)),
            })
        };
        let words = |what: String| beyond(&self.actor, &scope, right, &what).to_string();
        Ok(writes.iter().map(|w| judge(w).map(words)).collect())
    }

    /// Writes tickets, each where it lies within the scope of the actor; the others are not taken. One answer each, in order.
    pub(crate) async fn put_tickets(
        &mut self,
        right: Right,
        writes: Vec<TicketWrite>,
        origin: Origin,
        again: bool,
    ) -> Result<Vec<TicketTaken>, WallError> {
        let outside = self.outside(right, &writes).await?;
        let within: Vec<TicketWrite> =
            writes.into_iter().zip(&outside).filter(|(_, why)| why.is_none()).map(|(w, _)| w).collect();
        let done = match again {
            true => self.tx.put_tickets_again(&within).await?,
            false => self.tx.put_tickets(&within, origin).await?,
        };
        let mut done = done.into_iter();
        let answer = |why: Option<String>| match why {
            Some(why) => Some(TicketTaken::OutsideScope(why)),
            None => done.next().map(TicketTaken::Done),
        };
        Ok(outside.into_iter().filter_map(answer).collect())
    }

    /// Writes positions, each of staff who walk a cell within the scope of the actor. One answer each, in order.
    pub(crate) async fn put_positions(&mut self, records: &[PositionRecord]) -> Result<Vec<PositionOutcome>, WallError> {
        let walks = match (&self.actor.scope, self.wall) {
            (Some(scope), Some(wall)) => Some(walkers_within(wall, scope)),
            _ => None,
        };
        let within: Vec<PositionRecord> =
            records.iter().filter(|r| walks.as_ref().is_none_or(|w| w.contains(&r.staff))).cloned().collect();
        let known = self.tx.put_positions(&within).await?;
        let mut known = known.into_iter();
        let answer = |r: &PositionRecord| match &walks {
            Some(walks) if !walks.contains(&r.staff) => PositionOutcome::OutsideScope,
            _ if known.next() == Some(true) => PositionOutcome::Taken,
            _ => PositionOutcome::UnknownStaff,
        };
        Ok(records.iter().map(answer).collect())
    }
}

/// Ids of the staff who walk a cell within a scope. O(staff × cells they walk).
fn walkers_within(wall: &Wall, scope: &Scope) -> HashSet<String> {
    let world = wall.world();
    let ground: &Ground = &world.ground;
    let within = |code: &String| {
        let cell = ground.by_code.get(code).map(|c| &ground.cells[*c as usize]);
        cell.is_some_and(|c| scope.holds_division(&c.community_code))
    };
    world.staff.values().filter(|w| w.staff.cell_codes.iter().any(within)).map(|w| w.staff.external_id.clone()).collect()
}
