//! Field staff and their positions. Phones are sealed.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, chunks, sql, stretches},
    upserts::Keyed,
};
use std::collections::HashMap;
use wall_core::{Absent, Place, Position, PositionRecord, Staff, StaffId, StaffRecord, Timebase, UtcMs, settled};

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

const LOGGED: [&str; 6] = ["staff_id", "at", "lon", "lat", "accuracy_m", "recorded_at"];

impl WriteTx {
    /// Writes staff; phones are sealed.
    pub async fn put_staff(&mut self, records: &[StaffRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
    }

    /// Writes positions; one answer each: `false` = no member of staff has this id. An older position than the last
    /// known one goes into the log only; one of the future is no older and no newer than the moment it came, so that a
    /// clock that runs ahead does not hold somebody in place.
    pub async fn put_positions(&mut self, records: &[PositionRecord]) -> Result<Vec<bool>, StoreError> {
        let mut staff: HashMap<String, i64> = HashMap::new();
        for chunk in chunks(records) {
            let known = sql("SELECT id, external_id FROM staff WHERE external_id IN (");
            for row in self.tx.rows(known.push_list(chunk.iter().map(|r| &r.staff)).push(")")).await? {
                staff.insert(row.get("external_id")?, row.get("id")?);
            }
        }
        let recorded_at = self.recorded_at;
        let known: Vec<(i64, UtcMs, &PositionRecord)> =
            records.iter().filter_map(|r| Some((*staff.get(&r.staff)?, settled(r.at, recorded_at), r))).collect();
        // Of the same moment the last word counts.
        let again = "ON CONFLICT (staff_id, at) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, \
             accuracy_m = excluded.accuracy_m, recorded_at = excluded.recorded_at";
        for unique in stretches(&known, |(staff, at, _)| (*staff, *at)) {
            self.tx
                .insert("position_log", LOGGED, again, unique, |(staff, at, r)| {
                    let Place { lon, lat } = r.place;
                    [(*staff).into(), (*at).into(), lon.into(), lat.into(), r.accuracy_m.into(), recorded_at.into()]
                })
                .await?;
        }
        for (staff, at, r) in known {
            let last = sql("INSERT INTO position (staff_id, lon, lat, accuracy_m, at, recorded_at, revision) \
                 VALUES ($1, $2, $3, $4, $5, $6, 0) \
                 ON CONFLICT (staff_id) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, accuracy_m = excluded.accuracy_m, \
                 at = excluded.at, recorded_at = excluded.recorded_at WHERE \
                 CASE WHEN excluded.at < excluded.recorded_at THEN excluded.at ELSE excluded.recorded_at END >= \
                 CASE WHEN position.at < position.recorded_at THEN position.at ELSE position.recorded_at END");
            let last = last.bind(staff).bind(r.place.lon).bind(r.place.lat).bind(r.accuracy_m).bind(at).bind(recorded_at);
            if self.tx.execute(last).await? > 0 {
                self.line(ChangeKind::Position, staff);
            }
        }
        Ok(records.iter().map(|r| staff.contains_key(&r.staff)).collect())
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

    /// The last position of everybody who has one.
    pub async fn positions(&self) -> Result<Vec<Position>, StoreError> {
        let last = sql("SELECT staff_id, lon, lat, accuracy_m, at, recorded_at FROM position ORDER BY staff_id");
        self.inner.read.rows(last).await?.iter().map(position_row).collect()
    }

    /// The last position of everybody at or before `at`, as [`Position::counts_from`] has it.
    pub async fn positions_at(&self, at: UtcMs, base: Timebase) -> Result<Vec<Position>, StoreError> {
        let last = sql("SELECT staff_id, lon, lat, accuracy_m, at, recorded_at FROM (SELECT c.*, row_number() OVER \
             (PARTITION BY staff_id ORDER BY counts DESC, at) AS place FROM (SELECT p.*, \
             CASE WHEN $1 AND recorded_at < at THEN recorded_at ELSE at END AS counts FROM position_log p) c \
             WHERE counts <= $2) l WHERE place = 1 ORDER BY staff_id");
        self.inner.read.rows(last.bind(base == Timebase::System).bind(at)).await?.iter().map(position_row).collect()
    }
}

fn position_row(r: &Row) -> Result<Position, StoreError> {
    Ok(Position {
        staff: StaffId(r.get("staff_id")?),
        place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
        accuracy_m: r.get("accuracy_m")?,
        at: r.get("at")?,
        recorded_at: r.get("recorded_at")?,
    })
}
