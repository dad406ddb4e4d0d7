//! PostgreSQL's side of the waist.

use super::{Row, Sql, Value, server::failed};
use crate::{StoreError, secret::hex};
use sqlx::{Arguments, PgConnection, Postgres, postgres::PgArguments};

engine!(Postgres, PgArguments, Row::Postgres, failed, std::convert::identity);

/// Bytes that are handed to the stream at once.
const STREAM_BYTES: usize = 1 << 18;

/// Writes rows as a stream (`COPY … FROM STDIN`, text format): the fastest there is for many. Its end waits for the other side to
/// confirm what came before (some 40 ms where that is put off), so for few it is the slowest. How many there were.
pub(super) async fn copy_in<const N: usize>(
    on: &mut PgConnection,
    table: &str,
    columns: &[&str; N],
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<u64, StoreError> {
    let copy = format!("COPY {table} ({}) FROM STDIN", columns.join(", "));
    let mut stream = on.copy_in_raw(&copy).await.map_err(failed)?;
    let mut text = Vec::with_capacity(STREAM_BYTES + 4_096);
    for row in rows {
        for (i, value) in row.iter().enumerate() {
            if i > 0 {
                text.push(b'\t');
            }
            spell(value, &mut text);
        }
        text.push(b'\n');
        if text.len() >= STREAM_BYTES {
            stream.send(text.as_slice()).await.map_err(failed)?;
            text.clear();
        }
    }
    stream.send(text).await.map_err(failed)?;
    stream.finish().await.map_err(failed)
}

/// The values of a column, for one statement.
enum Column {
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    /// An empty column of the type of a value, and what PostgreSQL calls that type.
    fn like(value: &Value) -> (Self, &'static str) {
        match value {
            Value::Int(_) => (Self::Int(vec![]), "bigint"),
            Value::Real(_) => (Self::Real(vec![]), "double precision"),
            Value::Bool(_) => (Self::Bool(vec![]), "boolean"),
            Value::Text(_) => (Self::Text(vec![]), "text"),
            Value::Bytes(_) => (Self::Bytes(vec![]), "bytea"),
        }
    }

    fn put(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Int(column), Value::Int(v)) => column.push(v),
            (Self::Real(column), Value::Real(v)) => column.push(v),
            (Self::Bool(column), Value::Bool(v)) => column.push(v),
            (Self::Text(column), Value::Text(v)) => column.push(v),
            (Self::Bytes(column), Value::Bytes(v)) => column.push(v),
            (_, other) => return Err(failed(sqlx::Error::Encode(format!("two types in one column: {other:?}").into()))),
        }
        Ok(())
    }

    fn bind(self, arguments: &mut PgArguments) -> Result<(), sqlx::Error> {
        match self {
            Self::Int(column) => arguments.add(column),
            Self::Real(column) => arguments.add(column),
            Self::Bool(column) => arguments.add(column),
            Self::Text(column) => arguments.add(column),
            Self::Bytes(column) => arguments.add(column),
        }
        .map_err(sqlx::Error::Encode)
    }
}

/// Writes rows in one statement that takes an array a column: one text however many rows there are, and one way there and back.
/// `conflict` stands after them. How many rows were written.
pub(super) async fn insert<const N: usize>(
    on: &mut PgConnection,
    table: &str,
    columns: &[&str; N],
    conflict: &str,
    mut rows: impl Iterator<Item = [Value; N]>,
) -> Result<u64, StoreError> {
    let Some(first) = rows.next() else { return Ok(0) };
    let (mut arrays, types): (Vec<Column>, Vec<&str>) = first.iter().map(Column::like).unzip();
    for row in std::iter::once(first).chain(rows) {
        for (column, value) in arrays.iter_mut().zip(row) {
            column.put(value)?;
        }
    }
    let lists: Vec<String> = types.iter().enumerate().map(|(i, name)| format!("${}::{name}[]", i + 1)).collect();
    let text = format!("INSERT INTO {table} ({}) SELECT * FROM unnest({}) {conflict}", columns.join(", "), lists.join(", "));
    let mut arguments = PgArguments::default();
    arrays.into_iter().try_for_each(|column| column.bind(&mut arguments))?;
    let done = sqlx::query_with(sqlx::AssertSqlSafe(text), arguments).execute(on).await.map_err(failed)?;
    Ok(done.rows_affected())
}

/// A value as `COPY` reads it.
fn spell(value: &Value, out: &mut Vec<u8>) {
    let plain = match value {
        Value::Int(Some(v)) => v.to_string(),
        // The shortest digits that are read back as the same number.
        Value::Real(Some(v)) => v.to_string(),
        Value::Bool(Some(v)) => if *v { "t" } else { "f" }.to_owned(),
        Value::Bytes(Some(bytes)) => {
            out.extend_from_slice(b"\\\\x");
            out.extend_from_slice(hex(bytes).as_bytes());
            return;
        }
        Value::Text(Some(text)) => {
            for byte in text.bytes() {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    b'\t' => out.extend_from_slice(b"\\t"),
                    other => out.push(other),
                }
            }
            return;
        }
        _ => "\\N".to_owned(),
    };
    out.extend_from_slice(plain.as_bytes());
}
