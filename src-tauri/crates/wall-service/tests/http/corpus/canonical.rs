//! The form in which answers are compared.
//!
//! - Members stand in the order of their names. A number is written as a whole one where it is one, else rounded to nine
//!   significant digits.
//! - What no recording can repeat is replaced: a time between the beginning of the recording and its end, as milliseconds or
//!   RFC 3339, by `<real>`; the word of the store by `<store>`; the version of the product by `<version>`; random parts of
//!   GeoPackages and the values of metrics are left out.
//! - Other bytes (heat, tiles, archives) stand by their number and SHA-256.
//!
//! Nothing else is touched: ids, revisions, orders and texts are compared as they are.

use crate::Answer;
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};
use wall_core::UtcMs;

/// Headers that belong to the answer; the others are of the transport, and are tested where they are set.
const HEADERS: [&str; 9] = [
    "content-type",
    "content-disposition",
    "link",
    "cache-control",
    "retry-after",
    "x-heat-peak",
    "x-heat-max",
    "x-heat-at-ms",
    "x-heat-revision",
];

/// What is replaced.
pub(super) struct Canon {
    /// Begin of the recording by the system's time, to the whole second: Open311 has no finer one.
    began: i64,
    store: String,
}

impl Canon {
    pub fn new(began: UtcMs, store: String) -> Self {
        Self { began: began.0 - began.0.rem_euclid(1000), store }
    }

    /// Headers and body of an answer.
    pub fn answer(&self, answer: &Answer) -> Value {
        let mut headers = Map::new();
        for name in HEADERS {
            if let Some(value) = answer.headers.get(name) {
                let text = value.to_str().unwrap();
                let number = text.parse::<f64>().ok().and_then(Number::from_f64);
                headers.insert(name.into(), number.map_or_else(|| text.into(), |n| self.value(&Value::Number(n))));
            }
        }
        let kind = answer.header("content-type").split(';').next().unwrap().to_owned();
        let body = match kind.as_str() {
            "application/json" | "application/geo+json" => self.value(&answer.json()),
            "text/event-stream" => self.events(&answer.text()),
            // A file of SQLite says when it was made, and numbers its changes.
            "application/geopackage+sqlite3" => json!({ "bytes": answer.body.len() }),
            _ if answer.body.is_empty() => Value::Null,
            _ if kind.starts_with("text/plain") => answer.text().lines().map(metric).collect(),
            _ if kind.starts_with("text/") || kind.ends_with("xml") => answer.text().lines().map(|l| self.text(l)).collect(),
            _ => json!({ "bytes": answer.body.len(), "sha256": hex(&Sha256::digest(&answer.body)) }),
        };
        json!({ "headers": headers, "body": body })
    }

    /// Events with their data.
    fn events(&self, text: &str) -> Value {
        text.split("\n\n")
            .filter(|event| !event.is_empty())
            .map(|event| {
                let line = |line: &str| match line.strip_prefix("data:") {
                    Some(data) => self.value(&serde_json::from_str(data).unwrap()),
                    None => self.text(line),
                };
                event.lines().map(line).collect::<Value>()
            })
            .collect()
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Number(n) => self.number(n),
            Value::String(s) => self.text(s),
            Value::Array(all) => all.iter().map(|v| self.value(v)).collect(),
            Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), self.value(v))).collect()),
            other => other.clone(),
        }
    }

    fn number(&self, number: &Number) -> Value {
        if let Some(whole) = number.as_i64() {
            return if self.is_real(whole) { json!("<real>") } else { json!(whole) };
        }
        let float = number.as_f64().unwrap();
        if float.fract() == 0.0 && float.abs() < 9e15 {
            return self.number(&Number::from(float as i64));
        }
        json!(format!("{float:.8e}").parse::<f64>().unwrap())
    }

    fn is_real(&self, ms: i64) -> bool {
        (self.began..=jiff::Timestamp::now().as_millisecond()).contains(&ms)
    }

    /// A text, its real times replaced.
    fn text(&self, text: &str) -> Value {
        if text == env!("CARGO_PKG_VERSION") {
            return json!("<version>");
        }
        let mut out = text.replace(&self.store, "<store>");
        let of_a_time = |c: char| c.is_ascii_digit() || matches!(c, 'T' | 'Z' | ':' | '-' | '+' | '.');
        for part in text.split(|c| !of_a_time(c)).filter(|part| part.len() >= 20) {
            if UtcMs::from_rfc3339(part).is_some_and(|t| self.is_real(t.0)) {
                out = out.replace(part, "<real>");
            }
        }
        out.into()
    }
}

/// A line of the metrics without its value: what is counted, not how much.
fn metric(line: &str) -> Value {
    let name = if line.starts_with('#') { line } else { line.rsplit_once(' ').map_or(line, |(name, _)| name) };
    name.into()
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The text of a canonical value, members by name, whatever order this build of serde_json keeps.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Array(all) => format!("[{}]", all.iter().map(written).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            let lines: Vec<_> = sorted.into_iter().map(|(name, v)| format!("{}:{}", json!(name), written(v))).collect();
            format!("{{{}}}", lines.join(","))
        }
        other => other.to_string(),
    }
}

/// The first `digits` hexadecimal digits of the SHA-256 of a canonical value.
pub(super) fn hash(value: &Value, digits: usize) -> String {
    let mut hex = hex(&Sha256::digest(written(value).as_bytes()));
    hex.truncate(digits);
    hex
}
