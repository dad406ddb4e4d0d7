//! The members of a number: which tickets a figure, a card, a bar or a line of statistics counts.

use super::{AreaProperties, TicketView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

wire! {
/// Which tickets: the same words as the numbers that count them.
#[serde(rename_all = "snake_case")]
#[derive(Copy, Eq)]
pub enum TicketSet {
    /// Open at the time.
    Open,
    /// Open and past the due time.
    Overdue,
    /// Open and due within the lead (`near_h`).
    NearDue,
    /// Overdue or nearly due: the lateness list.
    Late,
    /// Open with an alarm.
    Alarm,
    /// Received from … to.
    Received,
    /// Closed from … to.
    Closed,
    /// Fell due from … to, as the on-time rate counts it.
    Due,
    /// Of those: closed by the due time.
    OnTime,
    /// Of those: not closed by the due time.
    Missed,
}

/// In which order.
#[serde(rename_all = "snake_case")]
#[derive(Copy, Eq)]
pub enum ListOrder {
    /// Longest overdue first, then what is due next; without a due time last.
    Overrun,
    /// Gravest first, then by due time.
    Gravest,
    /// Newest first.
    Newest,
}

/// A line of a list.
pub struct ListedTicket {
    /// The ticket, as the actor may see it.
    pub ticket: TicketView,
    /// Name of who answers for its cell; empty = nobody, or outside all cells.
    pub owner: String,
    /// Name (else code) of the community of its cell; empty = none.
    pub community: String,
}

/// How many of a list are one owner's.
pub struct OwnerCount {
    /// Name; empty = nobody answers there.
    pub owner: String,
    /// Of the list.
    pub total: u32,
    /// Open and late.
    pub overdue: u32,
    /// Open and nearly due.
    pub near_due: u32,
}

/// One page of the members of a number.
pub struct TicketList {
    /// This page.
    pub lines: Vec<ListedTicket>,
    /// How many there are on all pages.
    pub total: u32,
    /// Of those, open and late.
    pub overdue: u32,
    /// Of those, open and nearly due.
    pub near_due: u32,
    /// The same list by owner, most late first (at most 500), whichever owner was asked for.
    pub owners: Vec<OwnerCount>,
    /// How many owners there are in all.
    pub owner_count: u32,
    /// Where to go on; `null` = this was the last page.
    pub cursor: Option<String>,
    /// What "nearly due" means: due within so many seconds.
    #[ts(type = "number")]
    pub near_s: i64,
    /// Start of the period, inclusive; `null` = the set has none.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// End of the period, exclusive.
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
    /// The area asked for, where one was.
    pub area: Option<AreaProperties>,
    /// Time of the data.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Store revision of the data.
    #[ts(type = "number")]
    pub revision: i64,
}
}
