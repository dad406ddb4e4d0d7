//! The change log: what became visible, in order. Ids and kinds only.

use crate::{
    ChangeKind, Store, StoreError, WriteTx,
    db::{Engine, Row, sql},
};
use wall_core::UtcMs;

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
const CHANGES_SINCE: &str = "SELECT revision, kind, id, op FROM change_log WHERE revision > $1 ORDER BY revision LIMIT $2";

impl Store {
    /// A server that answers with less than this is behind, and is not believed.
    pub(crate) fn has_seen(&self, revision: i64) {
        if let Engine::Postgres(server) = &self.inner.engine {
            server.has_seen(revision);
        }
    }

    /// The newest revision.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        self.inner.read.one(sql("SELECT coalesce(max(revision), 0) AS newest FROM change_log")).await?.get("newest")
    }

    /// The oldest revision of which the log has a line; `None` = it has none.
    pub(crate) async fn oldest_line(&self) -> Result<Option<i64>, StoreError> {
        self.inner.read.one(sql("SELECT min(revision) AS oldest FROM change_log")).await?.get("oldest")
    }

    /// Lines after `since`, at most `limit`. O(lines).
    pub async fn changes_since(&self, since: i64, limit: u32) -> Result<ChangeBatch, StoreError> {
        let rows = self.inner.read.rows(sql(CHANGES_SINCE).bind(since).bind(i64::from(limit))).await?;
        let line = |row: &Row| {
            let (revision, op): (i64, &str) = (row.get("revision")?, row.get("op")?);
            Ok(Change { revision, kind: kind_of(row)?, id: row.get("id")?, removed: op == "remove" })
        };
        let changes: Vec<Change> = rows.iter().map(line).collect::<Result<_, StoreError>>()?;
        let to_revision = changes.last().map_or(since, |c| c.revision);
        self.has_seen(to_revision);
        // Numbers are dense: where the first does not join on, what came before it was dropped.
        let from_revision = changes.first().map_or(since, |c| c.revision - 1);
        Ok(ChangeBatch { from_revision, to_revision, changes })
    }

    /// What was changed after `since`: each kind with the newest line about it; everything, where lines after `since` were
    /// dropped. O(lines).
    pub async fn kinds_since(&self, since: i64) -> Result<Vec<(ChangeKind, i64)>, StoreError> {
        // Each end by itself: SQLite takes one end of an index, and reads every line for both at once.
        if self.oldest_line().await?.is_some_and(|oldest| oldest > since.saturating_add(1)) {
            let newest = self.revision().await?;
            return Ok(ChangeKind::ALL.iter().map(|kind| (*kind, newest)).collect());
        }
        let newest = sql("SELECT kind, max(revision) AS revision FROM change_log WHERE revision > $1 GROUP BY kind").bind(since);
        let rows = self.inner.read.rows(newest).await?;
        rows.iter().map(|row| Ok((kind_of(row)?, row.get("revision")?))).collect()
    }

    /// When the newest line was recorded, or the newest position, whichever is later.
    pub async fn last_write(&self) -> Result<Option<UtcMs>, StoreError> {
        let last = sql("SELECT recorded_at FROM change_log ORDER BY revision DESC LIMIT 1");
        let last = self.inner.read.optional(last).await?.map(|row| row.get("recorded_at")).transpose()?;
        Ok(last.max(self.last_position().await?))
    }

    /// The clock of a running replay, if one drives this store.
    pub async fn replay_clock(&self) -> Result<Option<ReplayClock>, StoreError> {
        let row = self.inner.read.optional(sql("SELECT wall_at, real_at, speed FROM replay_clock")).await?;
        row.map(|r| Ok(ReplayClock { wall_at: r.get("wall_at")?, real_at: r.get("real_at")?, speed: r.get("speed")? }))
            .transpose()
    }
}

/// A kind that nobody here knows comes from a newer edition.
fn kind_of(row: &Row) -> Result<ChangeKind, StoreError> {
    let kind: &str = row.get("kind")?;
    ChangeKind::from_code(kind).ok_or_else(|| StoreError::Newer(format!("change of {kind}")))
}

const SET_CLOCK: &str = "INSERT INTO replay_clock (one, wall_at, real_at, speed) VALUES (1, $1, $2, $3) \
     ON CONFLICT (one) DO UPDATE SET wall_at = excluded.wall_at, real_at = excluded.real_at, speed = excluded.speed";

impl WriteTx {
    /// Sets the clock of a replay, or ends it (`None`).
    pub async fn set_replay_clock(&mut self, clock: Option<ReplayClock>) -> Result<(), StoreError> {
        let change = match clock {
            Some(c) => sql(SET_CLOCK).bind(c.wall_at).bind(c.real_at).bind(c.speed),
            None => sql("DELETE FROM replay_clock"),
        };
        self.tx.execute(change).await?;
        self.line(ChangeKind::Clock, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{positions::POSITIONS_AFTER, tickets::CHANGED_AFTER};

    /// Whoever pages goes on from a key: nothing is sorted, and what lies before is not read.
    #[tokio::test]
    async fn pages_go_along_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let explained = |question: &str| crate::db::Sql::composed(format!("EXPLAIN QUERY PLAN {question}"));
        let changes = explained(CHANGES_SINCE).bind(0i64).bind(10i64);
        let tickets = explained(CHANGED_AFTER).bind(0i64).bind(0i64).bind(10i64);
        let positions = explained(POSITIONS_AFTER).bind(0i64);
        let paged = [
            (changes, "change_log USING INTEGER PRIMARY KEY"),
            (tickets, "ticket USING INTEGER PRIMARY KEY"),
            (positions, "position USING INDEX position_by_revision"),
        ];
        for (question, key) in paged {
            let plan = store.inner.read.rows(question).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail").unwrap()).collect();
            assert!(plan.iter().any(|s| s.starts_with(&format!("SEARCH {key}"))), "{plan:?}");
            assert!(!plan.iter().any(|s| s.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
