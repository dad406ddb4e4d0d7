//! Field staff (网格员、巡防力量) and where they are.

use crate::{Place, StaffId, UtcMs};

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
    /// When it was measured.
    pub at: UtcMs,
}
