//! The change log: what became visible, in order. Ids and kinds only.

use crate::{Store, StoreError, WriteTx};
use sqlx::Row;
use wall_core::UtcMs;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// What a line of the change log is about.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ChangeKind { $($(#[$doc])* $name),+ }
        impl ChangeKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The word in the database.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
            /// The kind of a word.
            pub fn from_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$name),)+ _ => None } }
        }
    };
}

kinds! {
    /// A plan with all its cells; id = plan.
    Plan = "plan",
    /// A plan that is not published: its edits, owners to be, review; id = plan.
    Draft = "draft",
    /// Owners; id = network.
    Owners = "owners",
    /// A ticket, its transitions or its attribution.
    Ticket = "ticket",
    /// A camera.
    Camera = "camera",
    /// A member of staff.
    Staff = "staff",
    /// A position; id = staff.
    Position = "position",
    /// A key site.
    Site = "site",
    /// A building.
    Building = "building",
    /// A street.
    Street = "street",
    /// A category.
    Category = "category",
    /// Names of communities, streets, districts.
    Division = "division",
    /// The replay's clock.
    Clock = "clock",
    /// A setting.
    Setting = "setting",
}

/// One line of the change log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its number.
    pub revision: i64,
    /// About what.
    pub kind: ChangeKind,
    /// Which one.
    pub id: i64,
    /// Whether it is gone.
    pub removed: bool,
}

/// What one commit (or a stretch of the log) made visible: everything in `from_revision < r <= to_revision`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChangeBatch {
    /// Revision before. Of a stretch of the log: later than the one asked for where older lines were dropped; whoever stands
    /// below it starts from a snapshot.
    pub from_revision: i64,
    /// Revision after.
    pub to_revision: i64,
    /// The lines.
    pub changes: Vec<Change>,
}

/// The clock of a replay: at real time `real_at` the wall showed `wall_at`, running `speed` wall seconds a second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ReplayClock {
    /// Wall time at the anchor.
    pub wall_at: UtcMs,
    /// Real time at the anchor.
    pub real_at: UtcMs,
    /// Wall seconds per real second; 0 = paused.
    pub speed: f64,
}

/// Lines after a revision, along the table's own key.
const CHANGES_SINCE: &str = "SELECT revision, kind, id, op FROM change_log WHERE revision > ? ORDER BY revision LIMIT ?";

impl Store {
    /// The newest revision.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query("SELECT coalesce(max(revision), 0) FROM change_log").fetch_one(&self.inner.reader).await?.try_get(0)?)
    }

    /// Lines after `since`, at most `limit`. O(lines).
    pub async fn changes_since(&self, since: i64, limit: u32) -> Result<ChangeBatch, StoreError> {
        let rows = sqlx::query(CHANGES_SINCE).bind(since).bind(limit).fetch_all(&self.inner.reader).await?;
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let revision: i64 = row.get(0);
            let kind = ChangeKind::from_code(row.get(1)).ok_or_else(|| StoreError::Newer(format!("change {revision}")))?;
            changes.push(Change { revision, kind, id: row.get(2), removed: row.get::<&str, _>(3) == "remove" });
        }
        let to_revision = changes.last().map_or(since, |c| c.revision);
        // Numbers are dense: where the first does not join on, what came before it was dropped.
        let from_revision = changes.first().map_or(since, |c| c.revision - 1);
        Ok(ChangeBatch { from_revision, to_revision, changes })
    }

    /// What was changed after `since`: each kind with the newest line about it; everything, where lines after `since` were
    /// dropped. O(lines).
    pub async fn kinds_since(&self, since: i64) -> Result<Vec<(ChangeKind, i64)>, StoreError> {
        let row = sqlx::query("SELECT min(revision), max(revision) FROM change_log").fetch_one(&self.inner.reader).await?;
        let (oldest, newest): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        if let (Some(oldest), Some(newest)) = (oldest, newest)
            && oldest > since.saturating_add(1)
        {
            return Ok(ChangeKind::ALL.iter().map(|kind| (*kind, newest)).collect());
        }
        let rows = sqlx::query("SELECT kind, max(revision) FROM change_log WHERE revision > ? GROUP BY kind")
            .bind(since)
            .fetch_all(&self.inner.reader)
            .await?;
        rows.iter()
            .map(|r| {
                let kind: &str = r.get(0);
                Ok((ChangeKind::from_code(kind).ok_or_else(|| StoreError::Newer(format!("change of {kind}")))?, r.get(1)))
            })
            .collect()
    }

    /// When the newest line was recorded.
    pub async fn last_write(&self) -> Result<Option<UtcMs>, StoreError> {
        let row = sqlx::query("SELECT recorded_at FROM change_log ORDER BY revision DESC LIMIT 1")
            .fetch_optional(&self.inner.reader)
            .await?;
        Ok(row.map(|r| UtcMs(r.get(0))))
    }

    /// The clock of a running replay, if one drives this store.
    pub async fn replay_clock(&self) -> Result<Option<ReplayClock>, StoreError> {
        let row = sqlx::query("SELECT wall_at, real_at, speed FROM replay_clock").fetch_optional(&self.inner.reader).await?;
        Ok(row.map(|r| ReplayClock { wall_at: UtcMs(r.get(0)), real_at: UtcMs(r.get(1)), speed: r.get(2) }))
    }
}

impl WriteTx {
    /// Sets the clock of a replay, or ends it (`None`).
    pub async fn set_replay_clock(&mut self, clock: Option<ReplayClock>) -> Result<(), StoreError> {
        match clock {
            Some(c) => {
                sqlx::query("INSERT OR REPLACE INTO replay_clock (one, wall_at, real_at, speed) VALUES (1, ?, ?, ?)")
                    .bind(c.wall_at.0)
                    .bind(c.real_at.0)
                    .bind(c.speed)
                    .execute(&mut *self.tx)
                    .await?
            }
            None => sqlx::query("DELETE FROM replay_clock").execute(&mut *self.tx).await?,
        };
        self.line(ChangeKind::Clock, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::CHANGED_AFTER;

    /// Whoever pages goes on from a key: nothing is sorted, and what lies before is not read.
    #[tokio::test]
    async fn pages_go_along_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        for (question, table) in [(CHANGES_SINCE, "change_log"), (CHANGED_AFTER, "ticket")] {
            let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {question}")));
            let plan: Vec<String> =
                plan.fetch_all(&store.inner.reader).await.unwrap().iter().map(|row| row.get("detail")).collect();
            assert!(plan.iter().any(|s| s.starts_with(&format!("SEARCH {table} USING INTEGER PRIMARY KEY"))), "{plan:?}");
            assert!(!plan.iter().any(|s| s.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
