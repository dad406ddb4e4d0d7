//! One connection to a server, while somebody has it.

use super::{Row, Sql, Value, bell::Heard, postgres, server::failed};
use crate::{Fault, StoreError};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use sqlx::{Connection, Executor, PgConnection, Postgres, pool::PoolConnection};
use std::time::Duration;
use tokio::time::timeout;

/// Whoever gives a connection back does not wait longer for a word of the server.
const GIVE_BACK: Duration = Duration::from_secs(2);

/// A connection that is held. Every answer of it is waited for as long as the server is heard. With an answer still owed it is
/// closed afterwards and not given back: it would be asked whether it is well, and a server that is gone does not say so.
pub(crate) struct Link {
    connection: PoolConnection<Postgres>,
    heard: Heard,
    owes: bool,
}

/// What is asked of a link's connection, waited for as long as the server is heard.
macro_rules! answer {
    ($link:ident, $connection:ident => $asked:expr) => {{
        $link.owes = true;
        let $connection = &mut *$link.connection;
        let answer = $link.heard.answer($asked).await;
        $link.owes = is_lost(&answer);
        answer
    }};
}

impl Link {
    pub(super) fn new(connection: PoolConnection<Postgres>, heard: Heard) -> Self {
        Self { connection, heard, owes: false }
    }

    /// All rows.
    pub async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        let rows = self.stream(sql)?.try_collect().await;
        self.owes = is_lost(&rows);
        rows
    }

    /// Rows as they come.
    pub fn stream(&mut self, sql: Sql) -> Result<BoxStream<'_, Result<Row, StoreError>>, StoreError> {
        let rows = postgres::prepared(sql)?;
        self.owes = true;
        Ok(self.heard.rows(rows.fetch(&mut *self.connection).map_ok(Row::Postgres).map_err(failed)).boxed())
    }

    /// The row, if there is one.
    pub async fn optional(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        answer!(self, connection => postgres::optional(connection, sql))
    }

    /// Does it; how many rows it met.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        answer!(self, connection => postgres::execute(connection, sql))
    }

    /// Statements one after the other, without values.
    pub async fn batch(&mut self, text: String) -> Result<(), StoreError> {
        answer!(self, connection => async {
            let batch = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
            connection.execute(batch).await.map(drop).map_err(failed)
        })
    }

    /// [`postgres::copy_in`].
    pub async fn copy_in<const N: usize>(
        &mut self,
        table: &str,
        columns: &[&str; N],
        rows: impl Iterator<Item = [Value; N]>,
    ) -> Result<u64, StoreError> {
        answer!(self, connection => postgres::copy_in(connection, table, columns, rows))
    }

    /// [`postgres::insert`].
    pub async fn insert<const N: usize>(
        &mut self,
        table: &str,
        columns: &[&str; N],
        conflict: &str,
        rows: impl Iterator<Item = [Value; N]>,
    ) -> Result<u64, StoreError> {
        answer!(self, connection => postgres::insert(connection, table, columns, conflict, rows))
    }

    /// Ends the connection instead of giving it back.
    pub fn close_on_drop(&mut self) {
        self.connection.close_on_drop();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.owes {
            self.connection.close_on_drop();
        }
    }
}

/// Whether an answer did not come, and may still.
fn is_lost<T>(answer: &Result<T, StoreError>) -> bool {
    answer.as_ref().is_err_and(|error| error.fault() == Some(Fault::Unreachable))
}

/// Whether a connection that was given back is one to keep. The pool asks the same without an end to its patience.
pub(super) async fn is_there(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    timeout(GIVE_BACK, connection.ping()).await.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
}
