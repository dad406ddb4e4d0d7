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

mod sqlite;
mod value;

pub(crate) use value::Value;

use crate::StoreError;
use sqlx::{
    SqlSafeStr, SqlStr, SqlitePool,
    pool::PoolConnection,
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
                match row { Row::Sqlite(row) => sqlx::Row::try_get(row, name) }
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

/// Connections that only read.
#[derive(Clone)]
pub(crate) struct Readers(SqlitePool);

/// A connection that is held: for a write, or to follow the log.
pub(crate) struct Held(PoolConnection<Sqlite>);

impl Readers {
    /// Over connections that cannot write.
    pub fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// All rows.
    pub async fn rows(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        sqlite::rows(&self.0, sql).await
    }

    /// The row, if there is one.
    pub async fn optional(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        sqlite::optional(&self.0, sql).await
    }

    /// The only row.
    pub async fn one(&self, sql: Sql) -> Result<Row, StoreError> {
        only(self.optional(sql).await?)
    }

    /// One of them, for questions that only mean something on the same connection.
    pub async fn hold(&self) -> Result<Held, StoreError> {
        Ok(Held::new(self.0.acquire().await?))
    }

    /// Ends them, and waits for those that are in use.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Whether [`Readers::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// How many are open.
    #[cfg(test)]
    pub fn open(&self) -> u32 {
        self.0.size()
    }
}

fn only(row: Option<Row>) -> Result<Row, StoreError> {
    row.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

impl Held {
    /// A connection of a pool.
    pub fn new(connection: PoolConnection<Sqlite>) -> Self {
        Self(connection)
    }

    /// All rows.
    pub async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        sqlite::rows(&mut *self.0, sql).await
    }

    /// The row, if there is one.
    pub async fn optional(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        sqlite::optional(&mut *self.0, sql).await
    }

    /// The only row.
    pub async fn one(&mut self, sql: Sql) -> Result<Row, StoreError> {
        only(self.optional(sql).await?)
    }

    /// Does it; how many rows it met.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        sqlite::execute(&mut *self.0, sql).await
    }

    /// Writes rows into `columns` of a table, in statements of at most [`BATCH`] rows; `conflict` stands after them. How many
    /// rows were written. No key may occur twice among the rows.
    pub async fn insert<T, const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        conflict: &str,
        rows: &[T],
        mut values: impl FnMut(&T) -> [Value; N],
    ) -> Result<u64, StoreError> {
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
        self.0.close_on_drop();
    }

    /// What only SQLite is told.
    pub fn sqlite(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

/// Rows of a file that is SQLite's own, such as a backup.
pub(crate) async fn rows_of(file: &mut SqliteConnection, sql: Sql) -> Result<Vec<Row>, StoreError> {
    sqlite::rows(file, sql).await
}

/// Rows of a statement that writes many.
const BATCH: usize = 128;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_everything_in_order() {
        for n in [0usize, 1, 2, 3, 127, 128, 129, 1000] {
            let rows: Vec<usize> = (0..n).collect();
            let sizes: std::collections::BTreeSet<usize> = chunks(&rows).map(<[usize]>::len).collect();
            assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(sizes.iter().all(|s| s.is_power_of_two() && *s <= BATCH));
        }
    }

    #[test]
    fn stretches_end_where_a_key_comes_again() {
        let found: Vec<&[i32]> = stretches(&[1, 2, 1, 1, 3, 2, 3], |n| *n).collect();
        assert_eq!(found, [&[1, 2][..], &[1], &[1, 3, 2], &[3]]);
        assert_eq!(stretches(&[], |n: &i32| *n).count(), 0);
    }

    #[test]
    fn statements_number_what_they_bind() {
        let made =
            sql("SELECT a FROM t WHERE b = $1 AND c IN (").bind(7i64).push_list([1i64, 2]).push(") AND d = ").push_bind("x");
        assert_eq!(made.text, "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3) AND d = $4");
        assert_eq!(made.values, [Value::from(7i64), 1i64.into(), 2i64.into(), "x".into()]);
        let made =
            Sql::composed("VALUES ".into()).push_rows([[Value::from(1i64), true.into()], [2i64.into(), None::<bool>.into()]]);
        assert_eq!((made.text.as_ref(), highest_number(&made.text)), ("VALUES ($1, $2), ($3, $4)", 4));
        assert_eq!((highest_number("SELECT 1"), highest_number("$12 $3")), (0, 12));
    }

    #[test]
    #[should_panic(expected = "numbers and values")]
    fn a_value_that_is_missing_is_found() {
        let _ = sql("SELECT $1, $2").bind(1i64).parts();
    }

    #[tokio::test]
    async fn rows_are_read_by_name_and_what_does_not_fit_is_damage() {
        let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
        let mut held = Held::new(pool.acquire().await.unwrap());
        held.execute(sql("CREATE TABLE t (a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER) STRICT")).await.unwrap();
        let rows = [(1i64, Some(0.5), "甲", vec![0u8, 255], true), (2, None, "", vec![], false)];
        let written = held
            .insert("t", ["a", "b", "c", "d", "e"], "", &rows, |(a, b, c, d, e)| {
                [(*a).into(), (*b).into(), (*c).into(), d.as_slice().into(), (*e).into()]
            })
            .await
            .unwrap();
        assert_eq!(written, 2);
        let found = held
            .rows(
                sql("SELECT e, d, c, b, a FROM t WHERE lower(c) LIKE $1 ESCAPE '\\' OR NOT e ORDER BY a").bind(containing("甲")),
            )
            .await
            .unwrap();
        assert_eq!(found.len(), 2);
        for (row, (a, b, c, d, e)) in found.iter().zip(&rows) {
            assert_eq!(row.get::<i64>("a").unwrap(), *a);
            assert_eq!(row.get::<Option<f64>>("b").unwrap(), *b);
            assert_eq!(row.get::<&str>("c").unwrap(), *c);
            assert_eq!(row.get::<&[u8]>("d").unwrap(), d);
            assert_eq!(row.get::<bool>("e").unwrap(), *e);
        }
        let damaged = |e: StoreError| matches!(e, StoreError::Damaged { .. });
        assert!(found[0].get::<i64>("f").is_err_and(damaged), "no such column");
        assert!(found[0].get::<i64>("c").is_err_and(damaged), "another type");
        assert_eq!(found[0].get::<u32>("a").unwrap(), 1);
        assert!(found[1].get::<f64>("b").is_err_and(damaged), "nothing where something has to be");
        let below = held.one(sql("SELECT a - 2 AS a FROM t WHERE a = 1")).await.unwrap();
        assert!(below.get::<u32>("a").is_err_and(damaged), "less than nothing");
        let word = |s: &str| (s == "甲").then_some(());
        assert!(found[0].word("t", "c", word).is_ok() && found[1].word("t", "c", word).is_err_and(damaged));
    }

    #[test]
    fn what_a_pattern_means_is_taken_as_it_is() {
        assert_eq!(containing("50%_A\\"), "%50\\%\\_a\\\\%");
    }
}
