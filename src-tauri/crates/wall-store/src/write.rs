//! One transaction: everything a command changes, its lines in the change log and in the audit chain, or nothing.

use crate::{
    Actor, ChangeBatch, Store, StoreError,
    changes::{Change, ChangeKind},
    open::ring,
    pen::{Pen, patience},
};
use sqlx::{AssertSqlSafe, Row, Sqlite};
use std::sync::atomic::Ordering;
use tokio::time::Instant;
use wall_core::UtcMs;

const SET: &str = "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// An open write. Dropping it without [`WriteTx::commit`] undoes everything.
pub struct WriteTx {
    pub(crate) store: Store,
    pub(crate) tx: Pen,
    pub(crate) actor: Actor,
    /// Time at which the changes are recorded.
    pub(crate) recorded_at: UtcMs,
    from_revision: i64,
    revision: i64,
    lines: Vec<Change>,
    pub(crate) anchored: Option<(i64, [u8; 32])>,
}

impl Store {
    /// Starts a write for `actor`. Waits for other writers, of this process and of others together at most ten seconds,
    /// then says [`StoreError::Busy`].
    pub async fn write(&self, actor: &Actor, recorded_at: UtcMs) -> Result<WriteTx, StoreError> {
        self.write_by(actor, recorded_at, patience()).await
    }

    /// The same for somebody who waits already: the wait ends at `until`. Who comes later than that is let try once.
    pub async fn write_by(&self, actor: &Actor, recorded_at: UtcMs, until: Instant) -> Result<WriteTx, StoreError> {
        let mut tx = Pen::take(&self.inner, until).await?;
        let revision: i64 =
            sqlx::query("SELECT coalesce(max(revision), 0) FROM change_log").fetch_one(&mut *tx).await?.try_get(0)?;
        Ok(WriteTx {
            store: self.clone(),
            tx,
            actor: actor.clone(),
            recorded_at,
            from_revision: revision,
            revision,
            lines: Vec::new(),
            anchored: None,
        })
    }
}

impl WriteTx {
    /// Time at which this write records its changes.
    pub fn recorded_at(&self) -> UtcMs {
        self.recorded_at
    }

    /// Goes on in the name of another actor: a group commit holds the commands of several.
    pub fn act_as(&mut self, actor: &Actor) {
        self.actor = actor.clone();
    }

    /// The next line of the change log, for a thing that changes; returns its revision.
    pub(crate) fn line(&mut self, kind: ChangeKind, id: i64) -> i64 {
        self.revision += 1;
        self.lines.push(Change { revision: self.revision, kind, id, removed: false });
        self.revision
    }

    /// One more than the largest id of a table: ids are given by the writer, so that rows can be written in bulk.
    pub(crate) async fn next_id(&mut self, table: &'static str) -> Result<i64, StoreError> {
        let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
        Ok(sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut *self.tx).await?.try_get(0)?)
    }

    /// Sets one value of the settings.
    pub async fn set_setting(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.note(key, value).await?;
        self.line(ChangeKind::Setting, 0);
        Ok(())
    }

    /// Writes down something that the store notes for itself: no news for anybody.
    pub(crate) async fn note(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(SET).bind(key).bind(value).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Commits: when this returns, everything is on disk and visible to all. Yields what changed.
    pub async fn commit(mut self) -> Result<ChangeBatch, StoreError> {
        for chunk in chunks(&self.lines) {
            let mut query = sqlx::QueryBuilder::<Sqlite>::new("INSERT INTO change_log (revision, recorded_at, kind, id, op) ");
            query.push_values(chunk, |mut row, line| {
                row.push_bind(line.revision)
                    .push_bind(self.recorded_at.0)
                    .push_bind(line.kind.code())
                    .push_bind(line.id)
                    .push_bind(if line.removed { "remove" } else { "upsert" });
            });
            query.build().execute(&mut *self.tx).await?;
        }
        self.tx.commit().await?;
        let batch = ChangeBatch { from_revision: self.from_revision, to_revision: self.revision, changes: self.lines };
        if let Some((count, mac)) = self.anchored
            && let Err(error) = self.store.anchor(count, mac).await
        {
            // What is committed is never answered as an error: the line stands, and the next one anchors both.
            self.store.inner.health.anchor_failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, line = count, "the anchor of the audit log could not be written; it is behind the log until the next line");
        }
        ring(&self.store.inner, &batch);
        Ok(batch)
    }
}

/// Slices of 128, 64, … 1 rows: bulk statements come in eight texts, so that each is prepared once.
pub(crate) fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let size = if rest.len() >= 128 { 128 } else { 1 << rest.len().ilog2() };
        let (head, tail) = rest.split_at(size);
        rest = tail;
        Some(head)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn chunks_cover_everything_in_order() {
        for n in [0usize, 1, 2, 3, 127, 128, 129, 1000] {
            let rows: Vec<usize> = (0..n).collect();
            let sizes: std::collections::BTreeSet<usize> = super::chunks(&rows).map(<[usize]>::len).collect();
            assert_eq!(super::chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(sizes.iter().all(|s| s.is_power_of_two() && *s <= 128));
        }
    }
}
