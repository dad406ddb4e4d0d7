//! Export of cells, tickets and points to files.
//!
//! Everything here writes rows to any [`std::io::Write`], one after the other, in constant memory. What comes out can be
//! imported again. Never exported: reporters, phone numbers and free text of tickets.

mod cells;
mod points;
mod rows;
#[cfg(test)]
mod tests;
mod tickets;

pub use cells::{CellRow, write_cells};
pub use points::StaffRow;
pub use rows::{Row, Value, write_rows};
pub use tickets::{TicketRow, on_time};

/// The format of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Comma-separated text with a header, UTF-8.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A GeoJSON FeatureCollection.
    GeoJson,
}

/// Why a format cannot be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FormatError {
    /// It will be, but is not yet.
    #[error("{format} is not yet supported: use .geojson")]
    NotSupported {
        /// Its name.
        format: &'static str,
    },
    /// The file's name does not tell a format.
    #[error("the name {name:?} does not tell a format: use {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The endings that do.
        known: &'static str,
    },
}

impl Format {
    /// The format that a file's name asks for, for rows with a place: `.csv`, `.ndjson`, `.jsonl`, `.geojson`, `.json`.
    ///
    /// # Errors
    /// Another ending.
    pub fn of_rows(name: &str) -> Result<Self, FormatError> {
        match ending(name).as_str() {
            "csv" => Ok(Self::Csv),
            "ndjson" | "jsonl" => Ok(Self::Ndjson),
            "geojson" | "json" => Ok(Self::GeoJson),
            other => Err(unknown(name, other, ".csv, .ndjson or .geojson")),
        }
    }

    /// The format that a file's name asks for, for cells: `.geojson`, `.json`.
    ///
    /// # Errors
    /// Another ending.
    pub fn of_cells(name: &str) -> Result<Self, FormatError> {
        match ending(name).as_str() {
            "geojson" | "json" => Ok(Self::GeoJson),
            other => Err(unknown(name, other, ".geojson")),
        }
    }
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}

fn unknown(name: &str, ending: &str, known: &'static str) -> FormatError {
    match ending {
        "gpkg" => FormatError::NotSupported { format: "GeoPackage" },
        "zip" | "shp" => FormatError::NotSupported { format: "Shapefile" },
        "kml" | "kmz" => FormatError::NotSupported { format: "KML" },
        _ => FormatError::Unknown { name: name.to_owned(), known },
    }
}
