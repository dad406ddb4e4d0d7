//! The one connection that writes, and the line in front of it.
//!
//! SQLite ends a transaction by itself when the disk is full, and nobody above notices: a connection that met an error
//! is in a state that nobody knows. So a connection goes back to the pool only after a commit; after anything else it
//! is closed, which undoes whatever was open, and the next writer gets a new one.

use crate::{
    Fault, StoreError,
    db::{Engine, Held, Sql, Value, sql},
    error::BUSY_WAIT_S,
    open::Inner,
};
use sqlx::AssertSqlSafe;
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout_at},
};

/// Whoever comes when the wait is over already is let try once all the same.
const LAST_TRY: Duration = Duration::from_millis(50);

/// When a wait that begins now is over.
pub(crate) fn patience() -> Instant {
    Instant::now() + Duration::from_secs(BUSY_WAIT_S)
}

/// The writing connection with an open transaction. Dropping it without [`Pen::commit`] undoes everything.
pub(crate) struct Pen {
    inner: Arc<Inner>,
    connection: Held,
    /// On a server: by what the commit is known there, once it is about to be made.
    number: Option<i64>,
    clean: bool,
    /// On a server: the turn among the writers of this process, so that who waits for one of them is told so, and not that
    /// the server is gone.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Pen {
    /// Takes the pen and the store's lock. Both waits together end at `until`.
    pub async fn take(inner: &Arc<Inner>, until: Instant) -> Result<Self, StoreError> {
        let pen = Self::begin(inner, until).await;
        if let Err(error) = &pen {
            inner.health.failed(error);
        }
        pen
    }

    async fn begin(inner: &Arc<Inner>, until: Instant) -> Result<Self, StoreError> {
        if !inner.may_write {
            return Err(inner.read_only());
        }
        // Nothing is written into files that are not those that were opened.
        inner.look().await?;
        let last = until.max(Instant::now() + LAST_TRY);
        let turn = match &inner.engine {
            Engine::Postgres(server) => {
                Some(timeout_at(last, server.turn.clone().lock_owned()).await.map_err(|_| StoreError::busy())?)
            }
            Engine::Sqlite { .. } => None,
        };
        let connection = timeout_at(last, inner.engine.writer()).await.map_err(|_| StoreError::busy())??;
        let mut pen = Self { inner: inner.clone(), connection, number: None, clean: false, turn };
        let left = until.saturating_duration_since(Instant::now()).max(LAST_TRY);
        match (&inner.engine, &mut *pen) {
            (Engine::Postgres(server), Held::Postgres(connection)) => server.begin(connection, left).await?,
            (_, Held::Sqlite(connection)) => {
                // IMMEDIATE: the lock is taken now, not at the first write, so that what is read inside stays true.
                let sql = format!("PRAGMA busy_timeout = {}; BEGIN IMMEDIATE", left.as_millis());
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **connection).await?;
            }
            _ => {}
        }
        Ok(pen)
    }

    /// [`Held::execute`]; a fault of disk or files that it meets is everybody's at once.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        let done = self.connection.execute(sql).await;
        self.noted(done)
    }

    /// [`Held::insert`], in the same way.
    pub async fn insert<T, const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        conflict: &str,
        rows: &[T],
        values: impl FnMut(&T) -> [Value; N],
    ) -> Result<u64, StoreError> {
        let done = self.connection.insert(table, columns, conflict, rows, values).await;
        self.noted(done)
    }

    fn noted<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &done {
            self.inner.health.failed(error);
        }
        done
    }

    /// Commits: when this returns, everything is on disk. `news` = something was written that others follow.
    pub async fn commit(mut self, news: bool) -> Result<(), StoreError> {
        let inner = self.inner.clone();
        let mut done = self.end(news).await;
        self.clean = done.is_ok();
        // Nobody of this process writes until it is known what became of it.
        let (number, _turn) = (self.number.take(), self.turn.take());
        drop(self);
        if let (Err(error), Engine::Postgres(server), Some(number)) = (&done, &inner.engine, number)
            && error.fault() == Some(Fault::Unreachable)
        {
            // A COMMIT whose answer was lost: the server is asked what became of it.
            done = server.settle(number, patience()).await;
        }
        match &done {
            Ok(()) => inner.health.wrote(),
            Err(error) => inner.health.failed(error),
        }
        done
    }

    async fn end(&mut self, news: bool) -> Result<(), StoreError> {
        let inner = self.inner.clone();
        if let Engine::Postgres(server) = &inner.engine
            && let Held::Postgres(connection) = &mut **self
        {
            let number = server.number(connection, news).await?;
            self.number = Some(number);
        }
        self.execute(sql("COMMIT")).await?;
        // What went into a file that nobody finds again was not committed.
        inner.look().await
    }
}

impl Deref for Pen {
    type Target = Held;
    fn deref(&self) -> &Held {
        &self.connection
    }
}

impl DerefMut for Pen {
    fn deref_mut(&mut self) -> &mut Held {
        &mut self.connection
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        if !self.clean {
            self.connection.close_on_drop();
            self.inner.health.doubted();
        }
    }
}
