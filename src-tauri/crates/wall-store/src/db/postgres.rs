//! PostgreSQL's side of the waist.

use super::{Row, Sql, Value, server::failed};
use crate::{StoreError, secret::hex};
use sqlx::{PgConnection, Postgres, postgres::PgArguments};

engine!(Postgres, PgArguments, Row::Postgres, failed, std::convert::identity);

/// Bytes that are handed to the stream at once.
const STREAM_BYTES: usize = 1 << 18;

/// Writes rows as a stream (`COPY … FROM STDIN`, text format): a few times as fast as statements. How many there were.
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
