//! The tables of this edition, as its migrations make them: for what concerns all of them alike.

use super::{Row, Value, sqlite};
use crate::StoreError;
use sqlx::sqlite::SqlitePoolOptions;

/// Columns that hold truth: integers in SQLite, booleans in PostgreSQL.
const TRUTHS: &[&str] = &["sensitive", "inverted_times", "unlimited", "approved", "told", "began", "varied"];

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Integer,
    Number,
    Truth,
    Text,
    Bytes,
}

/// A column.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Field {
    pub name: String,
    pub kind: Kind,
    /// Whether every row has a value in it.
    pub is_filled: bool,
}

impl Field {
    /// Its value in a row.
    pub fn value(&self, row: &Row) -> Result<Value, StoreError> {
        Ok(match self.kind {
            Kind::Integer => row.get::<Option<i64>>(&self.name)?.into(),
            Kind::Number => row.get::<Option<f64>>(&self.name)?.into(),
            Kind::Truth => row.get::<Option<bool>>(&self.name)?.into(),
            Kind::Text => row.get::<Option<String>>(&self.name)?.into(),
            Kind::Bytes => Value::Bytes(row.get(&self.name)?),
        })
    }
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    pub name: String,
    pub columns: Vec<Field>,
    /// Columns of its primary key, in order.
    pub key: Vec<String>,
}

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY name";

/// The newest version of the tables, the same on both engines.
pub(crate) fn newest_version() -> i64 {
    sqlx::migrate!().iter().map(|m| m.version).max().unwrap_or(0)
}

/// All tables, each after those that its rows refer to.
pub(crate) async fn layout() -> Result<Vec<Layout>, StoreError> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::migrate!().run(&pool).await?;
    let mut db = pool.acquire().await?;
    let mut waiting = Vec::new();
    for row in sqlite::rows(&mut *db, super::sql(TABLES)).await? {
        let name: String = row.get("name")?;
        let about = super::sql("SELECT name, type, \"notnull\" OR pk > 0 AS filled, pk FROM pragma_table_info($1) ORDER BY cid");
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        for column in sqlite::rows(&mut *db, about.bind(&name)).await? {
            let (column_name, place): (String, i64) = (column.get("name")?, column.get("pk")?);
            let kind = match column.get::<&str>("type")? {
                "INTEGER" if TRUTHS.contains(&column_name.as_str()) => Kind::Truth,
                "INTEGER" => Kind::Integer,
                "REAL" => Kind::Number,
                "TEXT" => Kind::Text,
                _ => Kind::Bytes,
            };
            if place > 0 {
                key.push((place, column_name.clone()));
            }
            columns.push(Field { name: column_name, kind, is_filled: column.get("filled")? });
        }
        key.sort();
        let refers = super::sql("SELECT DISTINCT \"table\" AS other FROM pragma_foreign_key_list($1)").bind(&name);
        let refers = sqlite::rows(&mut *db, refers).await?.iter().map(|r| r.get("other")).collect::<Result<Vec<String>, _>>()?;
        waiting.push((Layout { name, columns, key: key.into_iter().map(|k| k.1).collect() }, refers));
    }
    let mut ordered: Vec<Layout> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_there = |ordered: &[Layout], of: &str, other: &String| other == of || ordered.iter().any(|t| t.name == *other);
        let ready = waiting.iter().position(|(t, refers)| refers.iter().all(|other| is_there(&ordered, &t.name, other)));
        // Tables that refer to each other in a circle are not made here.
        ordered.push(waiting.remove(ready.unwrap_or(0)).0);
    }
    Ok(ordered)
}
