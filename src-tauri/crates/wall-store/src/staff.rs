//! Field staff. Phones are sealed.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, sql},
    upserts::Keyed,
};
use wall_core::{Absent, Staff, StaffId, StaffRecord};

impl Keyed<1, 5> for StaffRecord {
    const KIND: ChangeKind = ChangeKind::Staff;
    const KEY: [&'static str; 1] = ["external_id"];
    const COLUMNS: [&'static str; 5] = ["name", "role", "unit", "cell_codes", "shifts"];

    fn key(&self) -> [&str; 1] {
        [&self.external_id]
    }

    fn values(&self) -> [Value; 5] {
        [(&self.name).into(), (&self.role).into(), (&self.unit).into(), self.cell_codes.join(";").into(), (&self.shifts).into()]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }

    fn sealed(&self) -> Vec<(&'static str, &str)> {
        vec![("phone", &self.phone)]
    }
}

impl WriteTx {
    /// Writes staff; phones are sealed.
    pub async fn put_staff(&mut self, records: &[StaffRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
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
