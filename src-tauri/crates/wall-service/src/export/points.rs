//! Cameras, staff and key sites as rows, with the column names of the import.

use wall_core::{Camera, Place, Position, Site, Staff, Stored};

use super::rows::{Row, Value};

impl Row for &Stored<Camera> {
    const COLUMNS: &'static [&'static str] = &["id", "name", "kind", "heading_deg", "fov_deg", "range_m", "state"];

    fn fields(&self) -> Vec<Value> {
        let c = &self.of;
        vec![
            c.external_id.as_str().into(),
            c.name.as_str().into(),
            c.kind.as_str().into(),
            c.heading_deg.into(),
            c.fov_deg.into(),
            c.range_m.into(),
            c.state.code().into(),
        ]
    }

    fn place(&self) -> Option<Place> {
        Some(self.of.place)
    }
}

impl Row for &Site {
    const COLUMNS: &'static [&'static str] = &["id", "name", "kind", "hours", "hazards"];

    fn fields(&self) -> Vec<Value> {
        [&self.external_id, &self.name, &self.kind, &self.hours, &self.hazards].map(|t| t.as_str().into()).to_vec()
    }

    fn place(&self) -> Option<Place> {
        Some(self.place)
    }
}

/// A member of staff and the last known position. Phones stay inside.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StaffRow<'a> {
    /// Who.
    pub staff: &'a Staff,
    /// Where last heard of.
    pub position: Option<&'a Position>,
}

impl Row for StaffRow<'_> {
    const COLUMNS: &'static [&'static str] = &["id", "name", "role", "unit", "cell_codes", "shifts", "at"];

    fn fields(&self) -> Vec<Value> {
        let s = self.staff;
        vec![
            s.external_id.as_str().into(),
            s.name.as_str().into(),
            s.role.as_str().into(),
            s.unit.as_str().into(),
            Value::Text(s.cell_codes.join(";")),
            s.shifts.as_str().into(),
            self.position.map_or(Value::None, |p| Value::Text(p.at.to_rfc3339())),
        ]
    }

    fn place(&self) -> Option<Place> {
        self.position.map(|p| p.place)
    }
}
