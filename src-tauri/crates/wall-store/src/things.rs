//! Cameras, staff and their positions, key sites, buildings, streets and categories: written by the key of their source.

use crate::{
    Store, StoreError, WriteTx,
    changes::ChangeKind,
    rows::{ground, word},
};
use sqlx::{AssertSqlSafe, Row, Sqlite, query::Query, sqlite::SqliteArguments};
use std::fmt::Write;
use wall_core::{
    Absent, BuildingRecord, Camera, CameraId, CameraRecord, CameraState, Category, CategoryId, CategoryRecord, DeadlineKind,
    Place, Platform, Position, PositionRecord, Severity, Site, SiteId, SiteRecord, Staff, StaffId, StaffRecord, StreetRecord,
    Timebase, UtcMs, settled,
};

/// What became of the records of one import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Upserts {
    /// New.
    pub created: u64,
    /// Known and changed.
    pub updated: u64,
    /// Known and the same.
    pub unchanged: u64,
}

/// One kind of thing: its table and the columns after `external_id`.
struct Table {
    kind: ChangeKind,
    columns: &'static [&'static str],
}

const CAMERA: Table = Table {
    kind: ChangeKind::Camera,
    columns: &["name", "lon", "lat", "kind", "heading_deg", "fov_deg", "range_m", "stream_url", "snapshot_url", "state"],
};
const STAFF: Table = Table { kind: ChangeKind::Staff, columns: &["name", "role", "unit", "cell_codes", "shifts"] };
const SITE: Table = Table { kind: ChangeKind::Site, columns: &["name", "kind", "lon", "lat", "hours", "hazards"] };
const BUILDING: Table =
    Table { kind: ChangeKind::Building, columns: &["name", "lon", "lat", "footprint", "households", "population", "block"] };
const STREET: Table = Table { kind: ChangeKind::Street, columns: &["name", "class", "lines"] };

type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// The part of an upsert after `ON CONFLICT (…)`: columns whose bit in parameter `mask` is not set stay as they are, and
/// nothing happens, and that is said, when every other is the same already.
fn update_of(table: &str, columns: &[&str], mask: usize) -> String {
    let mut set = String::from("recorded_at = excluded.recorded_at");
    let mut changed = String::new();
    for (i, column) in columns.iter().enumerate() {
        let given = format!("(?{mask} & {}) <> 0", 1u64 << i);
        let _ = write!(set, ", {column} = iif({given}, excluded.{column}, {table}.{column})");
        let or = if i == 0 { "" } else { " OR " };
        let _ = write!(changed, "{or}({given} AND {table}.{column} IS NOT excluded.{column})");
    }
    format!("DO UPDATE SET {set} WHERE {changed} RETURNING id, revision")
}

/// The columns that a source has, as bits.
fn given(columns: &[&str], absent: &Absent) -> i64 {
    columns.iter().enumerate().map(|(i, column)| if absent.has(column) { 0 } else { 1i64 << i }).sum()
}

impl Table {
    /// Parameters: time, `external_id`, the columns, the mask.
    fn upsert(&self) -> String {
        let (table, n) = (self.kind.code(), self.columns.len());
        let marks: String = (3..n + 3).map(|i| format!(", ?{i}")).collect();
        format!(
            "INSERT INTO {table} (recorded_at, revision, external_id, {}) VALUES (?1, 0, ?2{marks}) ON CONFLICT (external_id) {}",
            self.columns.join(", "),
            update_of(table, self.columns, n + 3)
        )
    }
}

impl WriteTx {
    /// Writes one row by its `external_id`; returns its id, and whether something changed.
    async fn upsert<'q>(
        &mut self,
        table: &Table,
        external_id: &str,
        absent: &Absent,
        done: &mut Upserts,
        bind: impl FnOnce(Bound<'q>) -> Bound<'q>,
    ) -> Result<(i64, bool), StoreError> {
        let query = sqlx::query(AssertSqlSafe(table.upsert())).bind(self.recorded_at.0).bind(external_id.to_owned());
        let name = table.kind.code();
        let Some(row) = bind(query).bind(given(table.columns, absent)).fetch_optional(self.tx.sqlite()).await? else {
            done.unchanged += 1;
            let known = sqlx::query(AssertSqlSafe(format!("SELECT id FROM {name} WHERE external_id = ?")))
                .bind(external_id)
                .fetch_one(self.tx.sqlite())
                .await?;
            return Ok((known.get(0), false));
        };
        let (id, old_revision): (i64, i64) = (row.get(0), row.get(1));
        if old_revision == 0 {
            done.created += 1;
        } else {
            done.updated += 1;
        }
        self.touch(table.kind, id).await?;
        Ok((id, true))
    }

    /// A line of the change log for a thing.
    async fn touch(&mut self, kind: ChangeKind, id: i64) -> Result<(), StoreError> {
        let revision = self.line(kind, id);
        sqlx::query(AssertSqlSafe(format!("UPDATE {} SET revision = ? WHERE id = ?", kind.code())))
            .bind(revision)
            .bind(id)
            .execute(self.tx.sqlite())
            .await?;
        Ok(())
    }

    /// Seals what belongs to a thing and is not for everybody: fields that the source lacks keep their value, empty ones
    /// are erased. A thing of which only this changes is changed.
    async fn put_sealed(
        &mut self,
        kind: ChangeKind,
        (id, changed): (i64, bool),
        fields: &[(&'static str, &str)],
        absent: &Absent,
        done: &mut Upserts,
    ) -> Result<(), StoreError> {
        if fields.iter().all(|(field, _)| absent.has(field)) {
            return Ok(());
        }
        let old = self.open_sealed(kind.code(), id).await?.unwrap_or_default();
        let of = |field: &str| old.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
        let new: serde_json::Map<String, serde_json::Value> = fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), (if absent.has(field) { of(field) } else { *value }).into()))
            .collect();
        if fields.iter().all(|(field, _)| new[*field] == of(field)) {
            return Ok(());
        }
        if new.values().all(|v| v == "") {
            self.erase_sealed(kind.code(), id).await?;
        } else {
            self.seal(kind.code(), id, &new.into()).await?;
        }
        if !changed {
            done.unchanged -= 1;
            done.updated += 1;
            self.touch(kind, id).await?;
        }
        Ok(())
    }

    /// Writes cameras.
    pub async fn put_cameras(&mut self, records: &[CameraRecord]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        for r in records {
            self.upsert(&CAMERA, &r.external_id, &r.absent, &mut done, |q| {
                q.bind(r.name.clone())
                    .bind(r.place.lon)
                    .bind(r.place.lat)
                    .bind(r.kind.clone())
                    .bind(r.heading_deg)
                    .bind(r.fov_deg)
                    .bind(r.range_m)
                    .bind(r.stream_url.clone())
                    .bind(r.snapshot_url.clone())
                    .bind(r.state.code())
            })
            .await?;
        }
        Ok(done)
    }

    /// Writes staff; phones are sealed.
    pub async fn put_staff(&mut self, records: &[StaffRecord]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        for r in records {
            let changed = self
                .upsert(&STAFF, &r.external_id, &r.absent, &mut done, |q| {
                    q.bind(r.name.clone())
                        .bind(r.role.clone())
                        .bind(r.unit.clone())
                        .bind(r.cell_codes.join(";"))
                        .bind(r.shifts.clone())
                })
                .await?;
            self.put_sealed(ChangeKind::Staff, changed, &[("phone", &r.phone)], &r.absent, &mut done).await?;
        }
        Ok(done)
    }

    /// Writes key sites; contacts and phones are sealed.
    pub async fn put_sites(&mut self, records: &[SiteRecord]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        for r in records {
            let changed = self
                .upsert(&SITE, &r.external_id, &r.absent, &mut done, |q| {
                    q.bind(r.name.clone())
                        .bind(r.kind.clone())
                        .bind(r.place.lon)
                        .bind(r.place.lat)
                        .bind(r.hours.clone())
                        .bind(r.hazards.clone())
                })
                .await?;
            let sealed = [("contact", r.contact.as_str()), ("phone", r.phone.as_str())];
            self.put_sealed(ChangeKind::Site, changed, &sealed, &r.absent, &mut done).await?;
        }
        Ok(done)
    }

    /// Writes buildings.
    pub async fn put_buildings(&mut self, records: &[BuildingRecord]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        for r in records {
            self.upsert(&BUILDING, &r.external_id, &r.absent, &mut done, |q| {
                q.bind(r.name.clone())
                    .bind(r.place.lon)
                    .bind(r.place.lat)
                    .bind(r.footprint.as_ref().map(ground::encode))
                    .bind(r.households)
                    .bind(r.population)
                    .bind(r.block.clone())
            })
            .await?;
        }
        Ok(done)
    }

    /// Writes streets.
    pub async fn put_streets(&mut self, records: &[StreetRecord]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        for r in records {
            let lines: Vec<Vec<[f64; 2]>> = r.lines.iter().map(|l| l.iter().map(|p| [p.lon, p.lat]).collect()).collect();
            self.upsert(&STREET, &r.external_id, &r.absent, &mut done, |q| {
                q.bind(r.name.clone()).bind(r.class.clone()).bind(serde_json::json!(lines).to_string())
            })
            .await?;
        }
        Ok(done)
    }

    /// Writes categories by kind, code, standard and edition.
    pub async fn put_categories(&mut self, records: &[CategoryRecord]) -> Result<Upserts, StoreError> {
        const COLUMNS: &[&str] =
            &["name", "platform", "default_severity", "deadline_s", "deadline_kind", "valid_from", "valid_to", "sensitive"];
        let sql = format!(
            "INSERT INTO category (recorded_at, revision, kind, code, standard, edition, {}) \
             VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (kind, code, standard, edition) {}",
            COLUMNS.join(", "),
            update_of("category", COLUMNS, 14)
        );
        let mut done = Upserts::default();
        for r in records {
            let row = sqlx::query(AssertSqlSafe(sql.clone()))
                .bind(self.recorded_at.0)
                .bind(&r.kind)
                .bind(&r.code)
                .bind(&r.standard)
                .bind(&r.edition)
                .bind(&r.name)
                .bind(r.platform.map(Platform::code))
                .bind(r.default_severity.map(|s| i64::from(s.get())))
                .bind(r.deadline_s)
                .bind(r.deadline_kind.code())
                .bind(r.valid_from.map(|t| t.0))
                .bind(r.valid_to.map(|t| t.0))
                .bind(r.sensitive)
                .bind(given(COLUMNS, &r.absent))
                .fetch_optional(self.tx.sqlite())
                .await?;
            let Some(row) = row else {
                done.unchanged += 1;
                continue;
            };
            if row.get::<i64, _>(1) == 0 {
                done.created += 1;
            } else {
                done.updated += 1;
            }
            self.touch(ChangeKind::Category, row.get(0)).await?;
        }
        Ok(done)
    }

    /// Writes positions; one answer each: `false` = no member of staff has this id. An older position than the last
    /// known one goes into the log only; one of the future is no older and no newer than the moment it came, so that a
    /// clock that runs ahead does not hold somebody in place.
    pub async fn put_positions(&mut self, records: &[PositionRecord]) -> Result<Vec<bool>, StoreError> {
        let mut known = Vec::with_capacity(records.len());
        for r in records {
            let staff =
                sqlx::query("SELECT id FROM staff WHERE external_id = ?").bind(&r.staff).fetch_optional(self.tx.sqlite()).await?;
            let Some(staff) = staff.map(|row| row.get::<i64, _>(0)) else {
                known.push(false);
                continue;
            };
            let at = settled(r.at, self.recorded_at);
            sqlx::query(
                "INSERT OR REPLACE INTO position_log (staff_id, at, lon, lat, accuracy_m, recorded_at) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(staff)
            .bind(at.0)
            .bind(r.place.lon)
            .bind(r.place.lat)
            .bind(r.accuracy_m)
            .bind(self.recorded_at.0)
            .execute(self.tx.sqlite())
            .await?;
            let newer = sqlx::query(
                "INSERT INTO position (staff_id, lon, lat, accuracy_m, at, recorded_at, revision) VALUES (?, ?, ?, ?, ?, ?, 0) \
                 ON CONFLICT (staff_id) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, accuracy_m = excluded.accuracy_m, \
                 at = excluded.at, recorded_at = excluded.recorded_at WHERE \
                 CASE WHEN excluded.at < excluded.recorded_at THEN excluded.at ELSE excluded.recorded_at END >= \
                 CASE WHEN position.at < position.recorded_at THEN position.at ELSE position.recorded_at END",
            )
            .bind(staff)
            .bind(r.place.lon)
            .bind(r.place.lat)
            .bind(r.accuracy_m)
            .bind(at.0)
            .bind(self.recorded_at.0)
            .execute(self.tx.sqlite())
            .await?;
            if newer.rows_affected() > 0 {
                self.line(ChangeKind::Position, staff);
            }
            known.push(true);
        }
        Ok(known)
    }
}

impl Store {
    /// All cameras.
    pub async fn cameras(&self) -> Result<Vec<Camera>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, external_id, name, lon, lat, kind, heading_deg, fov_deg, range_m, state FROM camera ORDER BY id",
        )
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter()
            .map(|r| {
                let (id, state): (i64, &str) = (r.get(0), r.get(9));
                Ok(Camera {
                    id: CameraId(id),
                    external_id: r.get(1),
                    name: r.get(2),
                    place: Place { lon: r.get(3), lat: r.get(4) },
                    kind: r.get(5),
                    heading_deg: r.get(6),
                    fov_deg: r.get(7),
                    range_m: r.get(8),
                    state: word(CameraState::from_code(state), "camera", id, state)?,
                })
            })
            .collect()
    }

    /// All field staff.
    pub async fn staff(&self) -> Result<Vec<Staff>, StoreError> {
        let rows = sqlx::query("SELECT id, external_id, name, role, unit, cell_codes, shifts FROM staff ORDER BY id")
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows
            .iter()
            .map(|r| Staff {
                id: StaffId(r.get(0)),
                external_id: r.get(1),
                name: r.get(2),
                role: r.get(3),
                unit: r.get(4),
                cell_codes: r.get::<&str, _>(5).split(';').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
                shifts: r.get(6),
            })
            .collect())
    }

    /// The last position of everybody who has one.
    pub async fn positions(&self) -> Result<Vec<Position>, StoreError> {
        let rows = sqlx::query("SELECT staff_id, lon, lat, accuracy_m, at, recorded_at FROM position ORDER BY staff_id")
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows.iter().map(position_row).collect())
    }

    /// The last position of everybody at or before `at`, as [`Position::counts_from`] has it.
    pub async fn positions_at(&self, at: UtcMs, base: Timebase) -> Result<Vec<Position>, StoreError> {
        let rows = sqlx::query(
            "SELECT staff_id, lon, lat, accuracy_m, at, recorded_at, max(counts) FROM (SELECT *, \
             CASE WHEN ?2 AND recorded_at < at THEN recorded_at ELSE at END AS counts FROM position_log) \
             WHERE counts <= ?1 GROUP BY staff_id ORDER BY staff_id",
        )
        .bind(at.0)
        .bind(base == Timebase::System)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(position_row).collect())
    }

    /// Buildings and streets whose name or number contains `text`: `(name, place)`.
    pub async fn find_addresses(&self, text: &str, limit: u32) -> Result<Vec<(String, Place)>, StoreError> {
        let inside = crate::db::containing(text);
        let rows = sqlx::query(
            "SELECT name, lon, lat FROM building WHERE name LIKE ?1 ESCAPE '\\' UNION ALL \
             SELECT name, json_extract(lines, '$[0][0][0]'), json_extract(lines, '$[0][0][1]') FROM street WHERE name LIKE ?1 ESCAPE '\\' \
             LIMIT ?2",
        )
        .bind(inside)
        .bind(limit)
        .fetch_all(&self.inner.reader)
        .await?;
        Ok(rows.iter().map(|r| (r.get(0), Place { lon: r.get(1), lat: r.get(2) })).collect())
    }

    /// All buildings, without their footprints. O(buildings).
    pub async fn buildings(&self) -> Result<Vec<BuildingRecord>, StoreError> {
        let rows = sqlx::query("SELECT external_id, name, lon, lat, households, population, block FROM building ORDER BY id")
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows
            .iter()
            .map(|r| BuildingRecord {
                external_id: r.get(0),
                name: r.get(1),
                place: Place { lon: r.get(2), lat: r.get(3) },
                footprint: None,
                households: r.get(4),
                population: r.get(5),
                block: r.get(6),
                absent: Absent::default(),
            })
            .collect())
    }

    /// All streets. O(vertices).
    pub async fn streets(&self) -> Result<Vec<StreetRecord>, StoreError> {
        let rows = sqlx::query("SELECT id, external_id, name, class, lines FROM street ORDER BY id")
            .fetch_all(&self.inner.reader)
            .await?;
        rows.iter()
            .map(|r| {
                let lines: Vec<Vec<[f64; 2]>> = word(serde_json::from_str(r.get(4)).ok(), "street", r.get(0), "lines")?;
                Ok(StreetRecord {
                    external_id: r.get(1),
                    name: r.get(2),
                    class: r.get(3),
                    lines: lines.into_iter().map(|l| l.into_iter().map(|[lon, lat]| Place { lon, lat }).collect()).collect(),
                    absent: Absent::default(),
                })
            })
            .collect()
    }

    /// All key sites.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        let rows = sqlx::query("SELECT id, external_id, name, kind, lon, lat, hours, hazards FROM site ORDER BY id")
            .fetch_all(&self.inner.reader)
            .await?;
        Ok(rows
            .iter()
            .map(|r| Site {
                id: SiteId(r.get(0)),
                external_id: r.get(1),
                name: r.get(2),
                kind: r.get(3),
                place: Place { lon: r.get(4), lat: r.get(5) },
                hours: r.get(6),
                hazards: r.get(7),
            })
            .collect())
    }

    /// All categories with their validity: `(category, valid_from, valid_to)`.
    pub async fn categories(&self) -> Result<Vec<(Category, Option<UtcMs>, Option<UtcMs>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, kind, code, name, platform, default_severity, deadline_s, deadline_kind, sensitive, valid_from, valid_to FROM category ORDER BY id",
        )
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter()
            .map(|r| {
                let (id, deadline): (i64, &str) = (r.get(0), r.get(7));
                let category = Category {
                    id: CategoryId(id),
                    kind: r.get(1),
                    code: r.get(2),
                    name: r.get(3),
                    platform: r.get::<Option<&str>, _>(4).and_then(Platform::from_code),
                    default_severity: r.get::<Option<i64>, _>(5).and_then(|s| Severity::new(u8::try_from(s).ok()?)),
                    deadline_s: r.get(6),
                    deadline_kind: word(DeadlineKind::from_code(deadline), "category", id, deadline)?,
                    sensitive: r.get(8),
                };
                Ok((category, r.get::<Option<i64>, _>(9).map(UtcMs), r.get::<Option<i64>, _>(10).map(UtcMs)))
            })
            .collect()
    }
}

fn position_row(r: &sqlx::sqlite::SqliteRow) -> Position {
    Position {
        staff: StaffId(r.get(0)),
        place: Place { lon: r.get(1), lat: r.get(2) },
        accuracy_m: r.get(3),
        at: UtcMs(r.get(4)),
        recorded_at: UtcMs(r.get(5)),
    }
}
