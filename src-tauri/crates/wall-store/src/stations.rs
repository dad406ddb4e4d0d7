//! Stations (大屏与浏览器): browsers that came in by a one-time link. Their right survives restarts of the wall, ends by
//! itself, and can be listed and ended by hand.

use crate::{
    Role, Store, StoreError, WriteTx,
    db::{Row, sql},
    pen::{Pen, patience},
    secret,
};
use wall_core::UtcMs;

/// The right of a station ends so long after it came in, milliseconds (7 days).
pub const STATION_LIFE_MS: i64 = 7 * 24 * 3_600_000;
/// Stations in force at most; the one unused for longest gives way.
const STATIONS: i64 = 1_024;
/// Longest name that is kept, in characters.
const NAME_MOST: usize = 120;
const SECRET_PREFIX: &str = "gl_";

/// A station as it is listed; its secret is not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Station {
    /// Identity, never given twice.
    pub id: i64,
    /// Role it acts in.
    pub role: Role,
    /// What the browser called itself, cut; may be empty.
    pub name: String,
    /// When it came in.
    pub created_at: UtcMs,
    /// When it was last noted as in use; every few minutes, not with every question.
    pub last_used: UtcMs,
    /// When its right ends by itself.
    pub expires_at: UtcMs,
    /// When it was ended by hand or by signing out.
    pub ended_at: Option<UtcMs>,
}

impl WriteTx {
    /// Lets a station in and returns its secret (`gl_` + 64 hex digits), which is not kept.
    ///
    /// # Errors
    /// The system gives no random bytes, or the store cannot be written.
    pub async fn open_station(&mut self, role: Role, name: &str) -> Result<(i64, String), StoreError> {
        let now = self.recorded_at;
        self.tx.execute(sql("DELETE FROM station WHERE expires_at <= $1").bind(now)).await?;
        self.tx.execute(sql(CROWDED_OUT).bind(now).bind(STATIONS - 1)).await?;
        let secret = secret::new(SECRET_PREFIX)?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MOST).collect();
        let id = self.ids("station", 1).await?;
        let opened = sql(OPEN).bind(id).bind(secret::hash(&secret)).bind(role.code()).bind(name);
        self.tx.execute(opened.bind(now).bind(now.0 + STATION_LIFE_MS)).await?;
        self.audit("station.open", &serde_json::json!({ "station": id, "role": role.code() }).to_string()).await?;
        Ok((id, secret))
    }

    /// Ends the right of a station; `false` when it has none in force.
    pub async fn end_station(&mut self, id: i64) -> Result<bool, StoreError> {
        let ended = sql("UPDATE station SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL AND expires_at > $1");
        let done = self.tx.execute(ended.bind(self.recorded_at).bind(id)).await?;
        if done > 0 {
            self.audit("station.end", &serde_json::json!({ "station": id }).to_string()).await?;
        }
        Ok(done > 0)
    }
}

const OPEN: &str = "INSERT INTO station (id, hash, role, name, created_at, last_used, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $5, $6)";
/// Ends those stations that give way to a new one.
const CROWDED_OUT: &str = "UPDATE station SET ended_at = $1 WHERE ended_at IS NULL AND id NOT IN \
     (SELECT id FROM station WHERE ended_at IS NULL ORDER BY last_used DESC, id DESC LIMIT $2)";
const STATIONS_KNOWN: &str = "SELECT id, role, name, created_at, last_used, expires_at, ended_at FROM station";

impl Store {
    /// Whether a secret could be a station's; says nothing about whether it is.
    pub fn is_station_secret(secret: &str) -> bool {
        secret::is_one(SECRET_PREFIX, secret)
    }

    /// All stations that are remembered, newest first.
    pub async fn stations(&self) -> Result<Vec<Station>, StoreError> {
        self.inner.read.rows(sql(STATIONS_KNOWN).push(" ORDER BY id DESC")).await?.iter().map(station).collect()
    }

    /// The station whose right is in force at `now` with this secret.
    pub async fn station_by_secret(&self, secret: &str, now: UtcMs) -> Result<Option<Station>, StoreError> {
        let found = sql(STATIONS_KNOWN).push(" WHERE hash = $1 AND ended_at IS NULL AND expires_at > $2");
        self.inner.read.optional(found.bind(secret::hash(secret)).bind(now)).await?.as_ref().map(station).transpose()
    }

    /// Notes that a station is in use. Waits for other writers, so nothing that answers somebody waits for it.
    pub async fn touch_station(&self, id: i64, now: UtcMs) -> Result<(), StoreError> {
        let mut pen = Pen::take(&self.inner, patience()).await?;
        let used = sql("UPDATE station SET last_used = $1 WHERE id = $2 AND last_used < $1");
        pen.execute(used.bind(now).bind(id)).await?;
        pen.commit(false).await
    }
}

fn station(row: &Row) -> Result<Station, StoreError> {
    Ok(Station {
        id: row.get("id")?,
        role: row.word("station", "role", Role::from_code)?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        last_used: row.get("last_used")?,
        expires_at: row.get("expires_at")?,
        ended_at: row.get("ended_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;

    #[tokio::test]
    async fn so_many_stations_are_in_force_and_none_gets_the_number_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).await.unwrap();
        let nobody = Actor::new("nobody", Role::Viewer, "browser");
        let start = UtcMs(1_767_225_600_000);
        let mut tx = store.write(&nobody, start).await.unwrap();
        let (first, oldest) = tx.open_station(Role::Viewer, "hall").await.unwrap();
        let (second, next) = tx.open_station(Role::Viewer, "hall").await.unwrap();
        assert_eq!((first, second), (1, 2));
        for _ in 2..=STATIONS {
            tx.open_station(Role::Viewer, "hall").await.unwrap();
        }
        tx.commit().await.unwrap();
        let known = store.stations().await.unwrap();
        assert_eq!((known.len() as i64, known.iter().filter(|s| s.ended_at.is_none()).count() as i64), (STATIONS + 1, STATIONS));
        assert_eq!(store.station_by_secret(&oldest, start).await.unwrap(), None, "the oldest gave way");
        assert_eq!(store.station_by_secret(&next, start).await.unwrap().map(|s| s.id), Some(second));
        // All rows are gone by then; their numbers are not.
        let mut tx = store.write(&nobody, start.plus_ms(STATION_LIFE_MS)).await.unwrap();
        let (id, _) = tx.open_station(Role::Viewer, "hall").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(id, STATIONS + 2);
        assert_eq!(store.stations().await.unwrap().iter().map(|s| s.id).collect::<Vec<_>>(), [id]);
    }
}
