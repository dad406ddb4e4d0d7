//! Whether the store can be written: what the last writes met, and a write that proves it.

use crate::{
    Fault, Store, StoreError,
    db::{Held, sql},
    pen::Pen,
};
use sqlx::{AssertSqlSafe, Row};
use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};
use tokio::time::Instant;

/// With less room than this the next larger commit fails: the disk counts as full.
const ROOM_BYTES: u64 = 1 << 20;
/// The same on a server, whose disk cannot be asked: so much is written where the store's tables lie, and given back.
const ROOM_TAKEN: &str = "CREATE TABLE room_taken AS SELECT repeat('x', 1000) AS bytes FROM generate_series(1, 1024)";

/// What is known about writing.
#[derive(Default)]
pub(crate) struct Health {
    state: Mutex<State>,
    /// Held by whoever proves that the store can be written: the others take what that finds.
    pub proving: tokio::sync::Mutex<()>,
    /// Times that the anchor of the audit log could not be written.
    pub anchor_failures: AtomicU64,
}

#[derive(Default, Clone, Copy)]
struct State {
    fault: Option<Fault>,
    /// When a commit last succeeded.
    wrote: Option<Instant>,
    /// A write did not end in a commit since.
    doubt: bool,
    /// When it was last tried to prove that the store can be written.
    tried: Option<Instant>,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write failed: if that is a fault of disk or files, it is everybody's.
    pub fn failed(&self, error: &StoreError) {
        if let Some(fault) = error.fault() {
            let mut state = self.state();
            state.fault = Some(fault);
            state.wrote = None;
        }
    }

    /// A commit succeeded. A full disk stays full until there is room for more than a small commit.
    pub fn wrote(&self) {
        let mut state = self.state();
        if state.fault != Some(Fault::Full) {
            state.fault = None;
        }
        state.wrote = Some(Instant::now());
    }

    /// A write was given up: it may have been the command, it may have been the disk.
    pub fn doubted(&self) {
        self.state().doubt = true;
    }
}

/// Bytes that may still be written on the disk of `folder`; `None` where the system does not tell.
pub(crate) fn room(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let s = rustix::fs::statvfs(folder).ok()?;
        Some(s.f_bavail.saturating_mul(s.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

impl Store {
    /// What keeps the store from being written, as far as is known.
    pub fn fault(&self) -> Option<Fault> {
        self.inner.health.state().fault
    }

    /// Whether nothing has shown within `age` that the store can be written, or something spoke against it.
    pub fn wants_proof(&self, age: Duration) -> bool {
        let state = *self.inner.health.state();
        state.doubt || state.fault.is_some() || state.wrote.is_none_or(|t| t.elapsed() >= age)
    }

    /// Proves that the store can be written, by writing: a mark in the header, the same as before. Waits for other
    /// writers at most `wait`; that somebody else writes for so long is no fault and is said as [`StoreError::Busy`].
    pub async fn prove_write(&self, wait: Duration) -> Result<(), StoreError> {
        let proof = self.proof(Instant::now() + wait).await;
        self.inner.health.state().tried = Some(Instant::now());
        match &proof {
            Ok(()) => {
                let mut state = self.inner.health.state();
                (state.fault, state.doubt, state.wrote) = (None, false, Some(Instant::now()));
            }
            Err(error) => self.inner.health.failed(error),
        }
        proof
    }

    /// The same, unless somebody wrote or tried to within `age`: however many ask, little is written.
    pub async fn proved_within(&self, age: Duration, wait: Duration) -> Result<(), StoreError> {
        let _one = self.inner.health.proving.lock().await;
        if !self.wants_proof(age) {
            return Ok(());
        }
        let state = *self.inner.health.state();
        match state.fault {
            Some(fault) if state.tried.is_some_and(|t| t.elapsed() < age) => {
                Err(StoreError::Failed { fault, error: "found a moment ago".into() })
            }
            _ => self.prove_write(wait).await,
        }
    }

    async fn proof(&self, until: Instant) -> Result<(), StoreError> {
        if let Some(bytes) = room(&self.inner.folder).filter(|b| *b < ROOM_BYTES) {
            return Err(StoreError::Failed { fault: Fault::Full, error: format!("{} KiB are left", bytes >> 10) });
        }
        let full = self.fault() == Some(Fault::Full);
        let mut pen = Pen::take(&self.inner, until).await?;
        match &mut *pen {
            Held::Sqlite(file) => {
                let mark: i32 = sqlx::query("PRAGMA user_version").fetch_one(&mut **file).await?.try_get("user_version")?;
                sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {mark}"))).execute(&mut **file).await?;
            }
            Held::Postgres(_) => {
                // Small writes go on for long on a server's full disk, in pages that are there: it is full until a megabyte fits.
                if full {
                    for statement in ["SAVEPOINT room", ROOM_TAKEN, "ROLLBACK TO SAVEPOINT room"] {
                        pen.execute(sql(statement)).await?;
                    }
                }
                pen.execute(sql("UPDATE setting SET value = value WHERE key = 'key_check'")).await?;
            }
        }
        pen.commit(false).await
    }
}
