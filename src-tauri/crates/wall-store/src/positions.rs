//! Where field staff are, and, where trails are on, where they were.
//!
//! A position is no line of the change log, which thousands of people who walk would fill with nothing else. Each has a
//! number of its own instead, given under the writer's lock: whoever follows asks for those above the last one it saw.

use crate::{
    Actor, Holding, Store, StoreError, WriteTx,
    db::{Row, Sql, chunks, sql, stretches},
    kinds::ChangeKind,
};
use std::collections::HashMap;
use wall_core::{Place, Position, PositionRecord, StaffId, Timebase, UtcMs, settled};

const TRAILS: &str = "trails";
/// How many positions of the past an upgrade removed, until that is in the audit log.
const DROPPED: &str = "positions_dropped";
/// Staff whose positions are looked through in one transaction: others write in between.
const STAFF: usize = 20;

const LAST: [&str; 7] = ["staff_id", "lon", "lat", "accuracy_m", "at", "recorded_at", "revision"];
/// Of two positions the one that counts from later holds, as [`Position::counts_from`] has it by the system's clock.
const NEWER: &str = "ON CONFLICT (staff_id) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, \
     accuracy_m = excluded.accuracy_m, at = excluded.at, recorded_at = excluded.recorded_at, revision = excluded.revision WHERE \
     CASE WHEN excluded.at < excluded.recorded_at THEN excluded.at ELSE excluded.recorded_at END >= \
     CASE WHEN position.at < position.recorded_at THEN position.at ELSE position.recorded_at END";
const LOGGED: [&str; 6] = ["staff_id", "lon", "lat", "accuracy_m", "at", "recorded_at"];
/// Of the same moment the last word counts.
const AGAIN: &str = "ON CONFLICT (staff_id, at) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, \
     accuracy_m = excluded.accuracy_m, recorded_at = excluded.recorded_at";

fn trails() -> Sql {
    sql("SELECT value FROM setting WHERE key = $1").bind(TRAILS)
}

fn are_on(setting: Option<Row>) -> Result<bool, StoreError> {
    setting.map_or(Ok(false), |row| Ok(row.get::<&str>("value")? == "on"))
}

impl WriteTx {
    /// Writes positions; one answer each: `false` = no member of staff has this id. An older position than the last
    /// known one goes into the trail only, where trails are on; one of the future is no older and no newer than the moment
    /// it came, so that a clock that runs ahead does not hold somebody in place. O(n log staff), in bulk statements.
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
        if are_on(self.tx.optional(trails()).await?)? {
            for unique in stretches(&known, |(staff, at, _)| (*staff, *at)) {
                let logged = self.tx.insert("position_log", LOGGED, AGAIN, unique, |(staff, at, r)| {
                    let Place { lon, lat } = r.place;
                    [(*staff).into(), lon.into(), lat.into(), r.accuracy_m.into(), (*at).into(), recorded_at.into()]
                });
                logged.await?;
            }
        }
        let mut number = self.ids(ChangeKind::Position.code(), known.len()).await?;
        for unique in stretches(&known, |(staff, ..)| *staff) {
            let last = self.tx.insert("position", LAST, NEWER, unique, |(staff, at, r)| {
                number += 1;
                let Place { lon, lat } = r.place;
                let number = number - 1;
                [(*staff).into(), lon.into(), lat.into(), r.accuracy_m.into(), (*at).into(), recorded_at.into(), number.into()]
            });
            last.await?;
        }
        Ok(records.iter().map(|r| staff.contains_key(&r.staff)).collect())
    }

    async fn forget_positions(&mut self, staff: &[i64], before: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        for id in staff {
            let old = sql("DELETE FROM position_log WHERE staff_id = $1 AND recorded_at < $2").bind(*id).bind(before);
            gone += self.tx.execute(old).await?;
        }
        Ok(gone)
    }
}

impl Store {
    /// The last position of everybody who has one.
    pub async fn positions(&self) -> Result<Vec<Position>, StoreError> {
        Ok(self.positions_after(-1).await?.0)
    }

    /// The last positions with a number above `number`, and the highest number there is; -1 = those of everybody. Whoever
    /// asks again with the answer's number misses none.
    pub async fn positions_after(&self, number: i64) -> Result<(Vec<Position>, i64), StoreError> {
        let rows = self.inner.read.rows(sql(POSITIONS_AFTER).bind(number)).await?;
        let newest = rows.last().map_or(Ok(number), |row| row.get("revision"))?;
        Ok((rows.iter().map(position_row).collect::<Result<_, _>>()?, newest))
    }

    /// When the newest position was recorded.
    pub(crate) async fn last_position(&self) -> Result<Option<UtcMs>, StoreError> {
        let last = sql("SELECT recorded_at FROM position ORDER BY revision DESC LIMIT 1");
        self.inner.read.optional(last).await?.map(|row| row.get("recorded_at")).transpose()
    }

    /// The last position of everybody at or before `at`, as [`Position::counts_from`] has it; `None` = trails are off, and
    /// positions of the past are not kept. O(positions kept).
    pub async fn positions_at(&self, at: UtcMs, base: Timebase) -> Result<Option<Vec<Position>>, StoreError> {
        if !self.trails().await? {
            return Ok(None);
        }
        let last = sql("SELECT staff_id, lon, lat, accuracy_m, at, recorded_at FROM (SELECT c.*, row_number() OVER \
             (PARTITION BY staff_id ORDER BY counts DESC, at) AS place FROM (SELECT p.*, \
             CASE WHEN $1 AND recorded_at < at THEN recorded_at ELSE at END AS counts FROM position_log p) c \
             WHERE counts <= $2) l WHERE place = 1 ORDER BY staff_id");
        let rows = self.inner.read.rows(last.bind(base == Timebase::System).bind(at)).await?;
        rows.iter().map(position_row).collect::<Result<_, _>>().map(Some)
    }

    /// Whether positions of the past are kept; they are not unless somebody wants it.
    pub async fn trails(&self) -> Result<bool, StoreError> {
        are_on(self.inner.read.optional(trails()).await?)
    }

    /// Turns trails on, or off: then what was kept goes, in small transactions. It stands in the audit log. Returns how many
    /// positions went.
    ///
    /// # Errors
    /// The store cannot be written; what went is gone, the rest goes the next day.
    pub async fn set_trails(&self, actor: &Actor, now: UtcMs, on: bool) -> Result<u64, StoreError> {
        let mut tx = self.write(actor, now).await?;
        tx.set_setting(TRAILS, if on { "on" } else { "off" }).await?;
        tx.audit("trails", &serde_json::json!({ "on": on }).to_string()).await?;
        tx.commit().await?;
        if on {
            return Ok(0);
        }
        let positions = self.forget_positions(actor, now, i64::MAX, None).await?;
        if positions > 0 {
            let mut tx = self.write(actor, now).await?;
            tx.audit("trails.dropped", &serde_json::json!({ "positions": positions }).to_string()).await?;
            tx.commit().await?;
        }
        Ok(positions)
    }

    /// Removes positions of the past that were recorded before a time, in small transactions; how many.
    pub(crate) async fn forget_positions(
        &self,
        actor: &Actor,
        now: UtcMs,
        before: i64,
        holding: Option<&Holding>,
    ) -> Result<u64, StoreError> {
        if self.inner.read.optional(sql("SELECT staff_id FROM position_log LIMIT 1")).await?.is_none() {
            return Ok(0);
        }
        let staff: Vec<i64> = self.staff().await?.iter().map(|s| s.id.0).collect();
        let mut positions = 0;
        for some in staff.chunks(STAFF) {
            let mut tx = self.write_under(actor, now, holding).await?;
            let gone = tx.forget_positions(some, before).await?;
            if gone > 0 {
                tx.commit().await?;
                positions += gone;
            }
        }
        Ok(positions)
    }

    /// Says in the audit log what the upgrade of this store removed, once.
    pub(crate) async fn say_upgrade(&self, actor: &Actor, now: UtcMs) -> Result<(), StoreError> {
        if !self.inner.may_write || self.setting(DROPPED).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.write(actor, now).await?;
        let noted = sql("DELETE FROM setting WHERE key = $1 RETURNING value").bind(DROPPED);
        // Another process may have said it meanwhile.
        if let Some(row) = tx.tx.optional(noted).await? {
            let positions = row.get::<&str>("value")?.parse::<i64>().ok();
            let detail = serde_json::json!({ "positions": positions, "by": "upgrade" });
            tx.audit("trails.dropped", &detail.to_string()).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Along the index of the numbers.
pub(crate) const POSITIONS_AFTER: &str = "SELECT staff_id, lon, lat, accuracy_m, at, recorded_at, revision FROM position \
     WHERE revision > $1 ORDER BY revision, staff_id";

fn position_row(r: &Row) -> Result<Position, StoreError> {
    Ok(Position {
        staff: StaffId(r.get("staff_id")?),
        place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
        accuracy_m: r.get("accuracy_m")?,
        at: r.get("at")?,
        recorded_at: r.get("recorded_at")?,
    })
}
