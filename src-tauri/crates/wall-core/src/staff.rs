//! Field staff (网格员、巡防力量) and where they are.

use crate::{Ahead, Place, StaffId, Timebase, UtcMs, counts_from};

/// A member of the field staff.
#[derive(Clone, PartialEq, Debug)]
pub struct Staff {
    /// Identity inside the store.
    pub id: StaffId,
    /// Identity in its source.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// Role as the source names it.
    pub role: String,
    /// Unit.
    pub unit: String,
    /// Codes of the cells they walk.
    pub cell_codes: Vec<String>,
    /// Shifts as the source writes them: `Mon-Fri 08:00-17:00; Sat 09:00-12:00` in local time; empty = unknown.
    pub shifts: String,
}

/// The last known position of a member of staff.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// Whose.
    pub staff: StaffId,
    /// Where.
    pub place: Place,
    /// Accuracy radius in metres, when told.
    pub accuracy_m: Option<f64>,
    /// When it was measured, as told.
    pub at: UtcMs,
    /// When we learned it.
    pub recorded_at: UtcMs,
}

impl Position {
    /// From when it counts: measured, or learned where that was earlier.
    pub fn counts_from(&self, base: Timebase) -> UtcMs {
        counts_from(self.at, self.recorded_at, base)
    }

    /// Whether its time lies oddly ahead of the clock it came in by.
    pub fn is_ahead(&self) -> bool {
        Ahead::of(self.at, self.recorded_at).is_odd()
    }
}
