//! SQLite's side of the waist.

use super::{Row, Sql, Value};
use crate::StoreError;
use sqlx::{
    Arguments, Executor,
    sqlite::{Sqlite, SqliteArguments},
};

pub(super) fn prepared(sql: Sql) -> Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>, StoreError> {
    let (text, values) = sql.parts();
    let mut arguments = SqliteArguments::default();
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
    Ok(sqlx::query_with(text, arguments))
}

pub(super) async fn rows<'e>(on: impl Executor<'e, Database = Sqlite>, sql: Sql) -> Result<Vec<Row>, StoreError> {
    Ok(prepared(sql)?.fetch_all(on).await?.into_iter().map(Row::Sqlite).collect())
}

pub(super) async fn optional<'e>(on: impl Executor<'e, Database = Sqlite>, sql: Sql) -> Result<Option<Row>, StoreError> {
    Ok(prepared(sql)?.fetch_optional(on).await?.map(Row::Sqlite))
}

pub(super) async fn execute<'e>(on: impl Executor<'e, Database = Sqlite>, sql: Sql) -> Result<u64, StoreError> {
    Ok(prepared(sql)?.execute(on).await?.rows_affected())
}
