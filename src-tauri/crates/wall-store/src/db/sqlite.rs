//! SQLite's side of the waist.

use super::{Row, Sql, Value};
use crate::StoreError;
use sqlx::{
    SqlSafeStr, SqlStr,
    sqlite::{Sqlite, SqliteArguments},
};

pub(super) async fn rows<'e>(on: impl sqlx::Executor<'e, Database = Sqlite>, sql: Sql) -> Result<Vec<Row>, StoreError> {
    Ok(prepared(sql)?.fetch_all(on).await?.into_iter().map(Row::Sqlite).collect())
}

engine!(Sqlite, SqliteArguments, Row::Sqlite, StoreError::from, unnamed);

/// A statement as SQLite takes it quickest. To it `$1` is a name, and names are looked up one after the other for each value:
/// a statement of 4,000 values would take 16,000,000 steps. So the numbers are left out where they only count the values.
fn unnamed(text: SqlStr) -> SqlStr {
    match without_numbers(text.as_str()) {
        Some(unnamed) => sqlx::AssertSqlSafe(unnamed).into_sql_str(),
        None => text,
    }
}

/// The statement with `?` in place of `$1`, `$2`, …, if each stands there once and in this order.
pub(super) fn without_numbers(text: &str) -> Option<String> {
    let mut pieces = text.split('$');
    let mut unnamed = String::with_capacity(text.len());
    unnamed.push_str(pieces.next()?);
    for (i, piece) in pieces.enumerate() {
        let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(digits);
        if number.parse() != Ok(i + 1) {
            return None;
        }
        unnamed.push('?');
        unnamed.push_str(rest);
    }
    Some(unnamed)
}
