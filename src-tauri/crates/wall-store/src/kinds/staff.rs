//! Field staff. Phones are sealed.

use crate::{
    ChangeKind, Store, StoreError,
    db::{Row, Value, sql},
    upserts::Listed,
};
use wall_core::{Absent, Staff, StaffId, StaffRecord};

impl Listed for StaffRecord {
    const KIND: ChangeKind = ChangeKind::Staff;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("external_id", &self.external_id)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", (&self.name).into()),
            ("role", (&self.role).into()),
            ("unit", (&self.unit).into()),
            ("cell_codes", self.cell_codes.join(";").into()),
            ("shifts", (&self.shifts).into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }

    fn sealed(&self) -> Vec<(&'static str, &str)> {
        vec![("phone", &self.phone)]
    }
}

impl Store {
    /// All field staff.
    pub async fn staff(&self) -> Result<Vec<Staff>, StoreError> {
        let staff = sql("SELECT id, external_id, name, role, unit, cell_codes, shifts FROM staff ORDER BY id");
        let member = |r: &Row| {
            let cells: &str = r.get("cell_codes")?;
            Ok(Staff {
                id: StaffId(r.get("id")?),
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                role: r.get("role")?,
                unit: r.get("unit")?,
                cell_codes: cells.split(';').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
                shifts: r.get("shifts")?,
            })
        };
        self.inner.read.rows(staff).await?.iter().map(member).collect()
    }
}
