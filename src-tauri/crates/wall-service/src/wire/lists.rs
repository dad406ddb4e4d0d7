//! The members of a number: which tickets a figure, a card, a bar or a line of statistics counts.

use super::{AreaProperties, Level, OwnerView, StaffView, TicketView, WordOrNone};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use wall_core::OwnerRole;

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
    /// Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
    /// answer; `null`: that is not on record. About now always 0.
    pub late_events: Option<u32>,
    /// Time of the data.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Store revision of the data.
    #[ts(type = "number")]
    pub revision: i64,
}
/// Somebody who answers in an area.
pub struct WhoseLine {
    /// Who.
    pub owner: OwnerView,
    /// For how many cells of the area.
    pub cells: u32,
}

/// Whose an area is, or the cell at a place.
pub struct Whose {
    /// The area; `null` = the place lies outside all cells.
    pub area: Option<AreaProperties>,
    /// Its level.
    pub level: Level,
    /// Cells in it.
    pub cells: u32,
    /// Of those, without anybody.
    pub unowned: u32,
    /// Who answers: of a cell leaders first; of a larger area whoever answers for most cells first. At most 100.
    pub people: Vec<WhoseLine>,
    /// How many there are in all.
    pub people_count: u32,
    /// Time of the answer.
    #[ts(type = "number")]
    pub at_ms: i64,
}
/// What happened in a period.
#[derive(Copy, Default)]
pub struct PeriodCounts {
    /// Received in it.
    pub received: u32,
    /// Closed in it.
    pub closed: u32,
    /// Fell due in it: the denominator of the on-time rate.
    pub due: u32,
    /// Of those, closed by the due time: the numerator.
    pub on_time: u32,
}

/// A period, half-open.
pub struct PeriodView {
    /// Its start.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// Its end, exclusive.
    #[ts(type = "number")]
    pub to_ms: i64,
    /// Whether it is over by the time of the answer.
    pub complete: bool,
    /// Whether the store holds anything from before its end: without, its zeros are no counts.
    pub recorded: bool,
    /// Whether the store reaches back to its start: without, its counts are of a part.
    pub whole_recorded: bool,
}

/// Two periods in one area.
pub struct ComparedArea {
    /// Joins `AreaProperties.key`.
    pub key: String,
    /// The first period.
    pub a: PeriodCounts,
    /// The second.
    pub b: PeriodCounts,
}

/// Two periods side by side.
pub struct Comparison {
    /// Level of the areas.
    pub level: Level,
    /// The first period.
    pub a: PeriodView,
    /// The second, against which the first is held.
    pub b: PeriodView,
    /// Everything in the first.
    pub total_a: PeriodCounts,
    /// Everything in the second.
    pub total_b: PeriodCounts,
    /// Of that, in no area of the level.
    pub elsewhere_a: PeriodCounts,
    /// The same for the second.
    pub elsewhere_b: PeriodCounts,
    /// Every area of the level.
    pub areas: Vec<ComparedArea>,
    /// A rate or difference of fewer tickets than this is no finding.
    pub least_sample: u32,
    /// The earliest report in the store; `null` = none.
    #[ts(type = "number | null")]
    pub first_ms: Option<i64>,
    /// Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
    /// answer; `null`: that is not on record. About now always 0.
    pub late_events: Option<u32>,
    /// Time of the data.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Store revision of the data.
    #[ts(type = "number")]
    pub revision: i64,
}
/// A cell that a member of staff walks.
pub struct StaffCell {
    /// The cell.
    pub area: AreaProperties,
    /// In which role the person answers there; empty = walks it without answering for it.
    pub role: WordOrNone<OwnerRole>,
    /// Open tickets there.
    pub open: u32,
    /// Of those, late.
    pub overdue: u32,
}

/// The card of a member of staff. Never a phone number.
pub struct StaffCard {
    /// Who, on duty or not, last seen where and when.
    pub staff: StaffView,
    /// The cell of the last position; `null` = none known, or outside all cells.
    pub here: Option<AreaProperties>,
    /// The cells of the person.
    pub cells: Vec<StaffCell>,
    /// What is to be done there: open tickets, the most urgent first, at most 8.
    pub tickets: Vec<TicketView>,
    /// `false`: where people were at that time is not kept (`gridwall retention --trails`).
    pub positions_kept: bool,
    /// Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
    /// answer; `null`: that is not on record. About now always 0.
    pub late_events: Option<u32>,
    /// Time of the answer.
    #[ts(type = "number")]
    pub at_ms: i64,
}
}
