//! One transaction: everything a command changes, its lines in the change log and in the audit chain, or nothing.

use crate::{
    Actor, ChangeBatch, Store, StoreError,
    changes::Change,
    db::sql,
    kinds::ChangeKind,
    open::ring,
    pen::{Pen, patience},
};
use std::sync::atomic::Ordering;
use tokio::time::Instant;
use wall_core::UtcMs;

const SET: &str = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

const NEWEST: &str = "SELECT coalesce(max(revision), 0) AS newest FROM change_log";
const IDS: &str = "INSERT INTO counter (kind, next) VALUES ($1, $2 + 1) \
     ON CONFLICT (kind) DO UPDATE SET next = counter.next + $2 RETURNING next - $2 AS first";

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
        let revision = tx.one(sql(NEWEST)).await?.get("newest")?;
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

    /// Whether it holds a line of the audit log.
    pub fn is_audited(&self) -> bool {
        self.anchored.is_some()
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

    /// The revision that [`WriteTx::line`] gives next.
    pub(crate) fn next_revision(&self) -> i64 {
        self.revision + 1
    }

    /// The first of `n` ids in a row that no row of `table` has or ever had: the writer gives ids, so that rows can be written
    /// in bulk, and those of rows that were deleted are not given again.
    pub(crate) async fn ids(&mut self, table: &'static str, n: usize) -> Result<i64, StoreError> {
        let n = i64::try_from(n).map_err(|_| StoreError::Refused("too many rows at once".into()))?;
        self.tx.one(sql(IDS).bind(table).bind(n)).await?.get("first")
    }

    /// Sets one value of the settings.
    pub async fn set_setting(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.note(key, value).await?;
        self.line(ChangeKind::Setting, 0);
        Ok(())
    }

    /// Writes down something that the store notes for itself: no news for anybody.
    pub(crate) async fn note(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.tx.execute(sql(SET).bind(key).bind(value)).await.map(drop)
    }

    /// Commits: when this returns, everything is on disk and visible to all. Yields what changed.
    pub async fn commit(mut self) -> Result<ChangeBatch, StoreError> {
        let recorded_at = self.recorded_at;
        self.tx
            .insert("change_log", ["revision", "recorded_at", "kind", "id", "op"], "", &self.lines, |line| {
                let op = if line.removed { "remove" } else { "upsert" };
                [line.revision.into(), recorded_at.into(), line.kind.code().into(), line.id.into(), op.into()]
            })
            .await?;
        // Positions are news without a line in the log.
        self.tx.commit(true).await?;
        self.store.has_seen(self.revision);
        let batch = ChangeBatch { from_revision: self.from_revision, to_revision: self.revision, changes: self.lines };
        if let Some((count, mac)) = self.anchored
            && let Err(error) = self.store.anchor(count, mac).await
        {
            // What is committed is never answered as an error: the line stands, and the next one anchors both.
            self.store.inner.health.anchor_failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, line = count, "the anchor of the audit log could not be written; it is behind the log until the next line");
        }
        ring(&self.store.inner.committed);
        Ok(batch)
    }
}
