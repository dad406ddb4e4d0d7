//! Tickets as rows.

use wall_core::{Place, Severity, TicketStatus, UtcMs};

use super::rows::{Row, Value};

/// A ticket as it stands at a time. Titles and descriptions are free text and stay inside.
#[derive(Clone, PartialEq, Debug)]
pub struct TicketRow {
    /// Identity in its source.
    pub external_id: String,
    /// System it came from.
    pub source: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// Code of its cell; empty = outside all cells.
    pub cell_code: String,
    /// Category as the source gave it.
    pub category: String,
    /// 1 … 4.
    pub severity: Severity,
    /// When it was reported.
    pub reported_at: UtcMs,
    /// When it is due.
    pub due_at: Option<UtcMs>,
    /// When its time runs out: `due_at`, but none while its clock stands still.
    pub runs_out_at: Option<UtcMs>,
    /// When it was closed.
    pub closed_at: Option<UtcMs>,
    /// Where; of a sensitive ticket, the middle of its cell, and nothing outside all cells.
    pub place: Option<Place>,
    /// The time at which `on_time` is judged.
    pub as_of: UtcMs,
}

/// Whether a ticket is on time at `as_of`: closed before its time ran out, or open and not yet due. `None` without a deadline,
/// and while its clock stands still. A closing after `as_of` has not happened yet.
pub fn on_time(runs_out_at: Option<UtcMs>, closed_at: Option<UtcMs>, as_of: UtcMs) -> Option<bool> {
    let end = closed_at.filter(|c| *c <= as_of).unwrap_or(as_of);
    runs_out_at.map(|due| end <= due)
}

impl Row for TicketRow {
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "status",
        "cell_code",
        "due_at",
        "closed_at",
        "on_time",
        "source",
        "category",
        "severity",
        "reported_at",
    ];

    fn fields(&self) -> Vec<Value> {
        let time = |t: Option<UtcMs>| t.map_or(Value::None, |t| Value::Text(t.to_rfc3339()));
        let on_time = match on_time(self.runs_out_at, self.closed_at, self.as_of) {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        vec![
            self.external_id.as_str().into(),
            self.status.code().into(),
            self.cell_code.as_str().into(),
            time(self.due_at),
            time(self.closed_at.filter(|c| *c <= self.as_of)),
            on_time.into(),
            self.source.as_str().into(),
            self.category.as_str().into(),
            Value::Number(f64::from(self.severity.get())),
            time(Some(self.reported_at)),
        ]
    }

    fn place(&self) -> Option<Place> {
        self.place
    }
}
