//! Rows with a place, as CSV, NDJSON or GeoJSON.

use std::io::{self, Write};

use wall_core::Place;

use super::Format;
use crate::import::ids::formula_neutralised;

/// One field of a row.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A text, may be empty.
    Text(String),
    /// A number.
    Number(f64),
    /// Not told.
    None,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::None, Self::Number)
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Text(t) => t.clone(),
            Self::Number(n) => n.to_string(),
            Self::None => String::new(),
        }
    }

    /// As a cell of a table for people.
    fn plain(&self) -> String {
        match self {
            Self::Text(t) => formula_neutralised(t).into_owned(),
            other => other.text(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(t) => t.as_str().into(),
            // Whole numbers without a point, as people write them.
            Self::Number(n) if n.fract() == 0.0 && n.abs() < 1e15 => (*n as i64).into(),
            Self::Number(n) => (*n).into(),
            Self::None => serde_json::Value::Null,
        }
    }
}

/// Something that is exported as a row. Longitude and latitude follow the other columns.
pub trait Row {
    /// Names of the columns before `lon,lat`.
    const COLUMNS: &'static [&'static str];

    /// The fields, one for each column.
    fn fields(&self) -> Vec<Value>;

    /// Where; `None` when it is not known.
    fn place(&self) -> Option<Place>;
}

/// Writes rows; returns how many.
///
/// # Errors
/// Whatever the writer answers.
pub fn write_rows<R: Row>(mut out: impl Write, format: Format, rows: impl IntoIterator<Item = R>) -> io::Result<u64> {
    let mut count = 0;
    match format {
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut out);
            // People open these tables in spreadsheets: texts that would be run as formulas get an apostrophe, which the
            // import takes away again.
            csv.write_record(R::COLUMNS.iter().copied().chain(["lon", "lat"]))?;
            for row in rows {
                let place = row.place();
                let degrees = |d: Option<f64>| d.map(|d| d.to_string()).unwrap_or_default();
                let at = [degrees(place.map(|p| p.lon)), degrees(place.map(|p| p.lat))];
                csv.write_record(row.fields().iter().map(Value::plain).chain(at))?;
                count += 1;
            }
            csv.flush()?;
        }
        Format::Ndjson => {
            for row in rows {
                let mut object = properties(&row);
                object.insert("lon".into(), Value::from(row.place().map(|p| p.lon)).json());
                object.insert("lat".into(), Value::from(row.place().map(|p| p.lat)).json());
                serde_json::to_writer(&mut out, &object)?;
                out.write_all(b"\n")?;
                count += 1;
            }
        }
        Format::GeoJson => {
            out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
            for row in rows {
                out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
                let geometry = row.place().map(|p| serde_json::json!({"type": "Point", "coordinates": [p.lon, p.lat]}));
                let feature = serde_json::json!({"type": "Feature", "properties": properties(&row), "geometry": geometry});
                serde_json::to_writer(&mut out, &feature)?;
                count += 1;
            }
            out.write_all(b"\n]}\n")?;
        }
    }
    out.flush()?;
    Ok(count)
}

fn properties<R: Row>(row: &R) -> serde_json::Map<String, serde_json::Value> {
    R::COLUMNS.iter().zip(row.fields()).map(|(name, value)| ((*name).to_owned(), value.json())).collect()
}
