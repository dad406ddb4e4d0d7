//! The waist between the store and the database: statements with their values, and rows that are read by name.
//!
//! Every statement is written once, in what SQLite and PostgreSQL have in common:
//! - parameters are `$1`, `$2`, …, each number bound, in ascending order of the numbers; `?` is not written at all;
//! - columns are read by name and type; what does not fit is [`StoreError::Damaged`], never a panic;
//! - `ON CONFLICT … DO NOTHING | UPDATE`, `IS [NOT] DISTINCT FROM`, `RETURNING`, `CASE`; no `INSERT OR`, no `iif`, no scalar
//!   `max(a, b)`, no functions on JSON, no columns beside an aggregate that are not grouped, no rowid;
//! - truth values are columns that are asked as they are (`WHERE sensitive`, `NOT told`) and bound as `bool`;
//! - texts are compared with `LIKE` only after `lower` on both sides, which folds the letters of ASCII and no others;
//! - ids are given by [`crate::WriteTx::ids`], and never by the database.

/// The doors of an engine's module: how a statement is handed to it, and what it answers.
macro_rules! engine {
    ($database:ty, $arguments:ty, $row:path, $failed:path, $text:path) => {
        pub(super) fn prepared(sql: Sql) -> Result<sqlx::query::Query<'static, $database, $arguments>, StoreError> {
            use sqlx::Arguments;
            let (text, values) = sql.parts();
            let mut arguments = <$arguments>::default();
            for value in values {
                match value {
                    Value::Int(v) => arguments.add(v),
                    Value::Real(v) => arguments.add(v),
                    Value::Bool(v) => arguments.add(v),
                    Value::Text(v) => arguments.add(v),
                    Value::Bytes(v) => arguments.add(v),
                }
                .map_err(sqlx::Error::Encode)?;
            }
            Ok(sqlx::query_with($text(text), arguments))
        }

        pub(super) async fn optional<'e>(
            on: impl sqlx::Executor<'e, Database = $database>,
            sql: Sql,
        ) -> Result<Option<Row>, StoreError> {
            Ok(prepared(sql)?.fetch_optional(on).await.map_err($failed)?.map($row))
        }

        pub(super) async fn execute<'e>(on: impl sqlx::Executor<'e, Database = $database>, sql: Sql) -> Result<u64, StoreError> {
            Ok(prepared(sql)?.execute(on).await.map_err($failed)?.rows_affected())
        }
    };
}

mod bell;
mod layout;
mod link;
mod postgres;
mod server;
#[cfg(test)]
mod silence_tests;
mod sqlite;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use layout::{layout, newest_version};
pub(crate) use server::{Address, Connections, Server, mark_at};
pub use server::{DEMONSTRATION_MARK, demonstration_of, remove_demonstration};
pub(crate) use value::Value;

use crate::{StoreError, watch::Watch};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use link::Link;
use sqlx::{
    SqlSafeStr, SqlStr, SqlitePool,
    pool::PoolConnection,
    postgres::PgRow,
    sqlite::{Sqlite, SqliteConnection, SqliteRow},
};
use std::{borrow::Cow, collections::HashSet, fmt::Write, hash::Hash};
use wall_core::UtcMs;

/// A statement with its values.
pub(crate) struct Sql {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement.
pub(crate) fn sql(text: &'static str) -> Sql {
    Sql { text: Cow::Borrowed(text), values: Vec::new() }
}

impl Sql {
    /// A statement that is put together, of words of the program and never of words from outside.
    pub fn composed(text: String) -> Self {
        Self { text: Cow::Owned(text), values: Vec::new() }
    }

    /// The value of the next number.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// More of the statement.
    pub fn push(mut self, text: &str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// A value, and its number at the end of the statement.
    pub fn push_bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        let n = self.values.len();
        let _ = write!(self.text.to_mut(), "${n}");
        self
    }

    /// Values with commas between them, for `IN (…)`.
    pub fn push_list(mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        for (i, value) in values.into_iter().enumerate() {
            self = if i == 0 { self } else { self.push(", ") }.push_bind(value);
        }
        self
    }

    /// Rows of values for `VALUES`, each in brackets.
    pub fn push_rows(mut self, rows: impl IntoIterator<Item = impl IntoIterator<Item = Value>>) -> Self {
        for (i, row) in rows.into_iter().enumerate() {
            self = self.push(if i == 0 { "(" } else { ", (" }).push_list(row).push(")");
        }
        self
    }

    /// Text and values, for the engine.
    fn parts(self) -> (SqlStr, Vec<Value>) {
        // A missing value would be read as NULL, without a word.
        debug_assert_eq!(highest_number(&self.text), self.values.len(), "numbers and values of: {}", self.text);
        let text = match self.text {
            Cow::Borrowed(text) => text.into_sql_str(),
            Cow::Owned(text) => sqlx::AssertSqlSafe(text).into_sql_str(),
        };
        (text, self.values)
    }
}

/// The highest `$n` of a statement.
fn highest_number(text: &str) -> usize {
    let digits = |rest: &str| rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().unwrap_or(0);
    text.split('$').skip(1).map(digits).max().unwrap_or(0)
}

/// A row of an answer. Columns are read by name.
pub(crate) enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Damaged`]: there is no such column, or its value is of another type.
    pub fn get<'r, T: Column<'r>>(&'r self, name: &str) -> Result<T, StoreError> {
        T::read(self, name).map_err(|error| StoreError::Damaged { what: format!("column {name}: {error}") })
    }

    /// A code word, read by `from_code`. `table` is named when it is unknown.
    pub fn word<T>(&self, table: &str, name: &str, from_code: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let found: &str = self.get(name)?;
        from_code(found).ok_or_else(|| StoreError::Damaged { what: format!("{table}.{name}: unknown word \"{found}\"") })
    }

    /// The same of a column that may be NULL: an unknown word is damage there too.
    pub fn word_if_any<T>(
        &self,
        table: &str,
        name: &str,
        from_code: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.get::<Option<&str>>(name)? {
            Some(_) => self.word(table, name, from_code).map(Some),
            None => Ok(None),
        }
    }
}

/// A type that columns are read as.
pub(crate) trait Column<'r>: Sized {
    /// Reads it.
    fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error>;
}

macro_rules! columns {
    ($($type:ty),+) => {$(
        impl<'r> Column<'r> for $type {
            // Asked for, NULL would be read as 0 or as nothing, without a word.
            fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
                Option::read(row, name)?.ok_or_else(|| sqlx::Error::Decode("it is NULL".into()))
            }
        }
        impl<'r> Column<'r> for Option<$type> {
            fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
                match row {
                    Row::Sqlite(row) => sqlx::Row::try_get(row, name),
                    Row::Postgres(row) => sqlx::Row::try_get(row, name),
                }
            }
        }
    )+};
}
columns!(i64, f64, bool, String, &'r str, Vec<u8>, &'r [u8]);

impl<'r> Column<'r> for UtcMs {
    fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
        i64::read(row, name).map(UtcMs)
    }
}

impl<'r> Column<'r> for Option<UtcMs> {
    fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
        Ok(Option::<i64>::read(row, name)?.map(UtcMs))
    }
}

/// The engine below a store: the connection that writes, and what only this engine has.
pub(crate) enum Engine {
    /// A file.
    Sqlite {
        /// One connection: writers of this process stand in one line.
        writer: SqlitePool,
        /// Whether the files are still those that were opened.
        watch: Watch,
    },
    /// A server.
    Postgres(Box<Server>),
}

impl Engine {
    /// The connection that writes, once nobody of this process has it.
    pub async fn writer(&self) -> Result<Held, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => Ok(Held::Sqlite(writer.acquire().await?)),
            Self::Postgres(server) => Ok(Held::Postgres(server.writer.acquire().await?)),
        }
    }
}

impl<'r> Column<'r> for u32 {
    fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
        counted(i64::read(row, name)?)
    }
}

impl<'r> Column<'r> for Option<u32> {
    fn read(row: &'r Row, name: &str) -> Result<Self, sqlx::Error> {
        Option::<i64>::read(row, name)?.map(counted).transpose()
    }
}

fn counted(found: i64) -> Result<u32, sqlx::Error> {
    u32::try_from(found).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// What the database's own clock says, in ms since 1970: of a file the machine's, on a server the same for all machines.
const CLOCKS: [&str; 2] =
    ["CAST(unixepoch('subsec') * 1000 AS INTEGER)", "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"];

/// Connections that only read.
#[derive(Clone)]
pub(crate) enum Readers {
    /// To a file of SQLite.
    Sqlite(SqlitePool),
    /// To a PostgreSQL.
    Postgres(Connections),
}

/// A connection that is held, for a write.
pub(crate) enum Held {
    /// To a file of SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// To a PostgreSQL.
    Postgres(Link),
}

impl Readers {
    /// The words for the database's own clock.
    pub fn clock(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => CLOCKS[0],
            Self::Postgres(_) => CLOCKS[1],
        }
    }

    /// All rows.
    pub async fn rows(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(pool) => sqlite::rows(pool, sql).await,
            Self::Postgres(pool) => pool.acquire().await?.rows(sql).await,
        }
    }

    /// The row, if there is one.
    pub async fn optional(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(pool) => sqlite::optional(pool, sql).await,
            Self::Postgres(pool) => pool.acquire().await?.optional(sql).await,
        }
    }

    /// The only row.
    pub async fn one(&self, sql: Sql) -> Result<Row, StoreError> {
        only(self.optional(sql).await?)
    }

    /// One of them, for questions that only mean something on the same connection.
    pub async fn hold(&self) -> Result<Held, StoreError> {
        match self {
            Self::Sqlite(pool) => Ok(Held::Sqlite(pool.acquire().await?)),
            Self::Postgres(pool) => Ok(Held::Postgres(pool.acquire().await?)),
        }
    }

    /// Ends them, and waits for those that are in use.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Whether [`Readers::close`] was called.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(pool) => pool.is_closed(),
            Self::Postgres(pool) => pool.is_closed(),
        }
    }

    /// How many are open.
    #[cfg(test)]
    pub fn open(&self) -> u32 {
        match self {
            Self::Sqlite(pool) => pool.size(),
            Self::Postgres(pool) => pool.size(),
        }
    }

    /// A connection that sees the store as it is now, however long it is asked. It is closed afterwards.
    pub async fn snapshot(&self) -> Result<Held, StoreError> {
        let mut held = self.hold().await?;
        held.close_on_drop();
        let begin = match &held {
            Held::Sqlite(_) => "BEGIN",
            Held::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        held.execute(sql(begin)).await?;
        // SQLite takes its picture with the first question.
        held.one(sql("SELECT count(*) AS n FROM setting")).await?;
        Ok(held)
    }
}

fn only(row: Option<Row>) -> Result<Row, StoreError> {
    row.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

impl Held {
    /// The words for the database's own clock.
    pub fn clock(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => CLOCKS[0],
            Self::Postgres(_) => CLOCKS[1],
        }
    }

    /// Rows as they come, for answers too long to be kept.
    pub fn stream(&mut self, sql: Sql) -> Result<BoxStream<'_, Result<Row, StoreError>>, StoreError> {
        Ok(match self {
            Self::Sqlite(c) => sqlite::prepared(sql)?.fetch(&mut **c).map_ok(Row::Sqlite).map_err(StoreError::from).boxed(),
            Self::Postgres(link) => link.stream(sql)?,
        })
    }

    /// All rows.
    pub async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::rows(&mut **connection, sql).await,
            Self::Postgres(link) => link.rows(sql).await,
        }
    }

    /// The row, if there is one.
    pub async fn optional(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::optional(&mut **connection, sql).await,
            Self::Postgres(link) => link.optional(sql).await,
        }
    }

    /// The only row.
    pub async fn one(&mut self, sql: Sql) -> Result<Row, StoreError> {
        only(self.optional(sql).await?)
    }

    /// Does it; how many rows it met.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(&mut **connection, sql).await,
            Self::Postgres(link) => link.execute(sql).await,
        }
    }

    /// Writes rows into `columns` of a table, in as few statements as the engine takes; `conflict` stands after them. How many
    /// rows were written. No key may occur twice among the rows.
    pub async fn insert<T, const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        conflict: &str,
        rows: &[T],
        mut values: impl FnMut(&T) -> [Value; N],
    ) -> Result<u64, StoreError> {
        if let Self::Postgres(link) = self {
            if conflict.is_empty() && rows.len() >= COPY_FROM {
                return link.copy_in(table, &columns, rows.iter().map(values)).await;
            }
            let mut written = 0;
            for chunk in rows.chunks(COPY_FROM) {
                written += link.insert(table, &columns, conflict, chunk.iter().map(&mut values)).await?;
            }
            return Ok(written);
        }
        let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let mut written = 0;
        for chunk in chunks(rows) {
            let insert = Sql::composed(head.clone()).push_rows(chunk.iter().map(&mut values)).push(" ").push(conflict);
            written += self.execute(insert).await?;
        }
        Ok(written)
    }

    /// Ends the connection instead of giving it back.
    pub fn close_on_drop(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(link) => link.close_on_drop(),
        }
    }
}

/// Rows of a file that is SQLite's own, such as a backup.
pub(crate) async fn rows_of(file: &mut SqliteConnection, sql: Sql) -> Result<Vec<Row>, StoreError> {
    sqlite::rows(file, sql).await
}

/// From so many rows on PostgreSQL takes them as a stream; a statement of it has at most as many.
const COPY_FROM: usize = 2_048;

/// Rows of a statement that writes many.
const BATCH: usize = 128;

/// Values that a statement may have: SQLite takes 32,766, PostgreSQL 65,535.
const VALUES: usize = 32_766;

/// Rows of so many columns that one statement may write.
pub(crate) fn most_rows(columns: usize) -> usize {
    (VALUES / columns.max(1)).clamp(1, 1_024)
}

/// Slices of 128, 64, … 1 rows: bulk statements come in eight texts, so that each is prepared once.
pub(crate) fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let size = if rest.len() >= BATCH { BATCH } else { 1 << rest.len().ilog2() };
        let (head, tail) = rest.split_at(size);
        rest = tail;
        Some(head)
    })
}

/// Slices in which no key occurs twice, in order: what one statement may write when it meets what is there already.
pub(crate) fn stretches<'a, T, K: Eq + Hash>(rows: &'a [T], key: impl Fn(&'a T) -> K) -> impl Iterator<Item = &'a [T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut keys = HashSet::new();
        let (head, tail) = rest.split_at(rest.iter().take_while(|row| keys.insert(key(row))).count());
        rest = tail;
        (!head.is_empty()).then_some(head)
    })
}

/// A text for `lower(column) LIKE $n ESCAPE '\'`: contains `text`, letters of ASCII in either case.
pub(crate) fn containing(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").to_ascii_lowercase())
}
