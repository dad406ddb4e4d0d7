//! Stations (大屏与浏览器): browsers that came in by a one-time link. Their right survives restarts of the wall, ends by
//! itself, and can be listed and ended by hand.

use crate::{
    Role, Store, StoreError, WriteTx,
    pen::{Pen, patience},
    secret,
};
use sqlx::{Row, sqlite::SqliteRow};
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
        let now = self.recorded_at.0;
        sqlx::query("DELETE FROM station WHERE expires_at <= $1").bind(now).execute(self.tx.sqlite()).await?;
        sqlx::query(
            "UPDATE station SET ended_at = $1 WHERE ended_at IS NULL AND id NOT IN \
             (SELECT id FROM station WHERE ended_at IS NULL ORDER BY last_used DESC, id DESC LIMIT $2)",
        )
        .bind(now)
        .bind(STATIONS - 1)
        .execute(self.tx.sqlite())
        .await?;
        let secret = secret::new(SECRET_PREFIX)?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MOST).collect();
        let id: i64 = sqlx::query(
            "INSERT INTO station (hash, role, name, created_at, last_used, expires_at) VALUES ($1, $2, $3, $4, $4, $5) RETURNING id",
        )
        .bind(secret::hash(&secret))
        .bind(role.code())
        .bind(&name)
        .bind(now)
        .bind(now + STATION_LIFE_MS)
        .fetch_one(self.tx.sqlite())
        .await?
        .try_get(0)?;
        self.audit("station.open", &serde_json::json!({ "station": id, "role": role.code() }).to_string()).await?;
        Ok((id, secret))
    }

    /// Ends the right of a station; `false` when it has none in force.
    pub async fn end_station(&mut self, id: i64) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE station SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL AND expires_at > $1")
            .bind(self.recorded_at.0)
            .bind(id)
            .execute(self.tx.sqlite())
            .await?
            .rows_affected();
        if done > 0 {
            self.audit("station.end", &serde_json::json!({ "station": id }).to_string()).await?;
        }
        Ok(done > 0)
    }
}

impl Store {
    /// Whether a secret could be a station's; says nothing about whether it is.
    pub fn is_station_secret(secret: &str) -> bool {
        secret::is_one(SECRET_PREFIX, secret)
    }

    /// All stations that are remembered, newest first.
    pub async fn stations(&self) -> Result<Vec<Station>, StoreError> {
        let rows =
            sqlx::query("SELECT id, role, name, created_at, last_used, expires_at, ended_at FROM station ORDER BY id DESC")
                .fetch_all(&self.inner.reader)
                .await?;
        rows.iter().map(station).collect()
    }

    /// The station whose right is in force at `now` with this secret.
    pub async fn station_by_secret(&self, secret: &str, now: UtcMs) -> Result<Option<Station>, StoreError> {
        let row = sqlx::query(
            "SELECT id, role, name, created_at, last_used, expires_at, ended_at FROM station \
             WHERE hash = $1 AND ended_at IS NULL AND expires_at > $2",
        )
        .bind(secret::hash(secret))
        .bind(now.0)
        .fetch_optional(&self.inner.reader)
        .await?;
        row.as_ref().map(station).transpose()
    }

    /// Notes that a station is in use. Waits for other writers, so nothing that answers somebody waits for it.
    pub async fn touch_station(&self, id: i64, now: UtcMs) -> Result<(), StoreError> {
        let mut pen = Pen::take(&self.inner, patience()).await?;
        sqlx::query("UPDATE station SET last_used = $1 WHERE id = $2 AND last_used < $1")
            .bind(now.0)
            .bind(id)
            .execute(pen.sqlite())
            .await?;
        pen.commit().await
    }
}

fn station(row: &SqliteRow) -> Result<Station, StoreError> {
    let role: &str = row.try_get("role")?;
    Ok(Station {
        id: row.try_get("id")?,
        role: Role::from_code(role).ok_or_else(|| StoreError::Damaged { what: format!("station.role {role}") })?,
        name: row.try_get("name")?,
        created_at: UtcMs(row.try_get("created_at")?),
        last_used: UtcMs(row.try_get("last_used")?),
        expires_at: UtcMs(row.try_get("expires_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(UtcMs),
    })
}
