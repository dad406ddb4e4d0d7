//! Questions to the wall, and the answers that no screen asks for.

use bytes::Bytes;
use wall_core::UtcMs;

/// A heat raster as `docs/API.md` describes it.
#[derive(Clone, Debug)]
pub struct HeatImage {
    /// width × height bytes from the north-west.
    pub bytes: Bytes,
    /// True largest density.
    pub peak: f64,
    /// Density that one warm pixel in fifty exceeds ([`wall_core::HeatField::high`]).
    pub high: f64,
    /// Density at 255.
    pub max: f64,
    /// Time of the picture.
    pub at: UtcMs,
    /// Revision of the picture.
    pub revision: i64,
}

/// A question for a heat raster.
#[derive(Clone, PartialEq, Debug)]
pub struct HeatQuery {
    /// West, south, east, north in degrees.
    pub bounds: [f64; 4],
    /// Pixels across (1 … 2048).
    pub width: u32,
    /// Pixels down (1 … 2048).
    pub height: u32,
    /// Time left instead of heat.
    pub time_left: bool,
    /// Standard deviation of the kernel in metres; `None` = the wall's own.
    pub sigma_m: Option<f64>,
    /// Density at 255; `None` = the wall's scale.
    pub max: Option<f64>,
    /// A wall asks: before others who wait.
    pub first: bool,
}

/// A question for tickets, newest first.
#[derive(Clone, Debug, Default)]
pub struct TicketQuery {
    /// Code of a cell.
    pub cell: Option<String>,
    /// Status, or `open`.
    pub status: Option<String>,
    /// West, south, east, north.
    pub bbox: Option<[f64; 4]>,
    /// Codes of categories; empty = all.
    pub categories: Vec<String>,
    /// Reported from … to, both inclusive.
    pub reported: Option<(UtcMs, UtcMs)>,
    /// Whether something is still to be done: neither closed by now nor of a final status.
    pub unfinished: Option<bool>,
    /// Only those of which something was learned after this.
    pub changed_after: Option<UtcMs>,
    /// Opaque place to go on from.
    pub cursor: Option<String>,
    /// At most so many (1 … 1000).
    pub limit: u32,
}

/// Counts of tickets.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Stats {
    /// A line a cell, category, platform or owner.
    pub lines: Vec<StatLine>,
    /// Events of all tickets that say something of the time, or of before, and were recorded only later; `None` = that is not on
    /// record.
    pub late_events: Option<u32>,
}

/// A line of `stats`.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct StatLine {
    /// Code or name.
    pub key: String,
    /// The cell of a line by cell: cells that share a code have a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<i64>,
    /// Whether the category table has the category of a line by category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_table: Option<bool>,
    /// Name.
    pub name: String,
    /// Open at the time.
    pub open: u64,
    /// Open and late.
    pub overdue: u64,
    /// Received in the 24 hours of the local day.
    pub received_today: u64,
    /// Closed in the local day.
    pub closed_today: u64,
    /// All tickets reported up to the time.
    pub total: u64,
    /// Of those with a due time up to then: closed in time.
    pub on_time: u64,
    /// … and how many were due.
    pub due: u64,
}
