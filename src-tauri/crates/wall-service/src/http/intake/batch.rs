//! Rows of a posted body: one JSON object, an array of them, or one on each line.

use super::json;
use crate::http::refusal::Refusal;
use axum::http::StatusCode;
use serde_json::Value;

/// Rows in one request at most.
pub const MAX_ROWS: usize = 100_000;
/// Of a row that is not JSON this much is kept.
const KEPT: usize = 16 * 1024;

/// How the body was laid out; the answer is laid out the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    One,
    Array,
    Lines,
}

/// One row as it came.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Row {
    Value(Value),
    /// Not usable as JSON: why, and its text (bytes that are no text replaced).
    Broken {
        reason: String,
        text: String,
    },
}

#[derive(PartialEq, Debug)]
pub(super) struct Batch {
    pub shape: Shape,
    pub rows: Vec<Row>,
}

/// Splits a body by its content type where that says something, else by looking. A line that is wrong is a broken row;
/// only a body that is wrong as a whole is refused.
pub(super) fn split(content_type: Option<&str>, body: &[u8]) -> Result<Batch, Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let Some(first) = body.first() else {
        return Err(Refusal::invalid("the body is empty; send a JSON object, an array of objects, or one object on each line"));
    };
    if body.starts_with(&[0x1f, 0x8b]) {
        return Err(unsupported("the body is compressed; send it as it is"));
    }
    let kind = content_type.map(|t| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let lines = match kind.as_deref() {
        Some(
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines",
        ) => true,
        Some(k) if k == "application/json" || k.ends_with("+json") || k == "text/json" => false,
        // What command-line tools say when nobody told them: looked at.
        None | Some("" | "text/plain" | "application/octet-stream" | "application/x-www-form-urlencoded")
            if matches!(first, b'{' | b'[') =>
        {
            false
        }
        _ => return Err(unsupported("send application/json or application/x-ndjson")),
    };
    if lines {
        return split_lines(body);
    }
    if *first == b'[' {
        let list = json::elements(body, MAX_ROWS).map_err(|e| Refusal::invalid(json::broken(&e)))?;
        if list.len() > MAX_ROWS {
            return Err(too_many());
        }
        return Ok(Batch { shape: Shape::Array, rows: list.into_iter().map(judged).collect() });
    }
    match json::read(body) {
        Ok(read) => Ok(Batch { shape: Shape::One, rows: vec![judged(read)] }),
        // Several lines of which the first is whole: lines that were sent as plain JSON.
        Err(error) => match body.split(|b| *b == b'\n').next() {
            Some(line) if line.len() < body.len() && json::read(line).is_ok() => split_lines(body),
            _ => Err(Refusal::invalid(json::broken(&error))),
        },
    }
}

fn split_lines(body: &[u8]) -> Result<Batch, Refusal> {
    let mut rows = Vec::new();
    for line in body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()) {
        if rows.len() == MAX_ROWS {
            return Err(too_many());
        }
        rows.push(match json::read(line) {
            Ok(read) => judged(read),
            Err(error) => Row::Broken {
                reason: json::broken(&error),
                text: String::from_utf8_lossy(&line[..line.len().min(KEPT)]).into_owned(),
            },
        });
    }
    Ok(Batch { shape: Shape::Lines, rows })
}

fn judged(read: json::Read) -> Row {
    match read.doubled {
        None => Row::Value(read.value),
        Some(key) => Row::Broken { reason: json::doubled_key(&key), text: read.value.to_string() },
    }
}

fn unsupported(message: &str) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message)
}

fn too_many() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_many",
        format!("more than {MAX_ROWS} rows; nothing was taken, send them in parts"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(content_type: Option<&str>, body: &[u8]) -> Result<(Shape, usize, usize), u16> {
        split(content_type, body)
            .map(|b| (b.shape, b.rows.len(), b.rows.iter().filter(|r| matches!(r, Row::Broken { .. })).count()))
            .map_err(|r| r.status.as_u16())
    }

    #[test]
    fn layouts_are_told_apart() {
        let json = Some("application/json");
        let lines = Some("application/x-ndjson; charset=utf-8");
        for (kind, body, expected) in [
            (json, &b"{\"a\":1}"[..], Ok((Shape::One, 1, 0))),
            (json, b"{\n \"a\":\n 1}\n", Ok((Shape::One, 1, 0))),
            (json, b"[{},{}]", Ok((Shape::Array, 2, 0))),
            (json, b"[]", Ok((Shape::Array, 0, 0))),
            (json, b"{}\n{}\nx\n", Ok((Shape::Lines, 3, 1))),
            (None, b"{}\r\n\r\n{}\r\n", Ok((Shape::Lines, 2, 0))),
            (None, b"\xef\xbb\xbf{}", Ok((Shape::One, 1, 0))),
            (Some("application/x-www-form-urlencoded"), b"{}", Ok((Shape::One, 1, 0))),
            (lines, b"{}", Ok((Shape::Lines, 1, 0))),
            (lines, b"{}\n\xff\xfe\n{\"a\":1,\"a\":1}\n[1]\n", Ok((Shape::Lines, 4, 2))),
            (lines, b"{\n}", Ok((Shape::Lines, 2, 2))),
            (json, b"", Err(400)),
            (json, b"  \n ", Err(400)),
            (json, b"{\"a\":", Err(400)),
            (json, b"[{},", Err(400)),
            (json, b"[{}] x", Err(400)),
            (json, b"\x1f\x8b\x08\x00", Err(415)),
            (Some("application/x-www-form-urlencoded"), b"a=1", Err(415)),
            (Some("text/xml"), b"<a/>", Err(415)),
            (Some("multipart/form-data"), b"{}", Err(415)),
            (Some("?"), b"{}", Err(415)),
        ] {
            assert_eq!(shape(kind, body), expected, "{kind:?} {}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn too_many_rows_are_refused() {
        assert_eq!(shape(Some("application/x-ndjson"), "1\n".repeat(MAX_ROWS + 1).as_bytes()), Err(413));
        let array = format!("[{}1]", "1,".repeat(MAX_ROWS));
        assert_eq!(shape(Some("application/json"), array.as_bytes()), Err(413));
    }
}
