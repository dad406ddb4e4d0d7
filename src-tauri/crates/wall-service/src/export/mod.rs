//! Export of cells, tickets and points to files.
//!
//! Rows are written to any [`std::io::Write`], one after the other, in constant memory; cells of a plan come as a whole file. What
//! comes out can be imported again. Never exported: reporters, phone numbers and free text of tickets.

mod archive;
mod cells;
mod geojson;
mod geopackage;
mod kml;
mod points;
mod rows;
mod shapefile;
#[cfg(test)]
mod tests;
mod tickets;

#[cfg(test)]
pub(crate) use archive::zip;
pub use cells::{CellRow, CellsBytes, CellsExportError, CellsFormat, cells_bytes};
pub use geojson::write_cells;
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
    /// One of the several files of a shapefile.
    #[error("a shapefile is several files: name a .zip, they all go into it (asked for: {name:?})")]
    Several {
        /// The name.
        name: String,
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
            _ => Err(FormatError::Unknown { name: name.to_owned(), known: ".csv, .ndjson or .geojson" }),
        }
    }
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}
