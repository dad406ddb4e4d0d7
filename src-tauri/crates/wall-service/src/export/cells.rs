//! Cells as files: GeoJSON, GeoPackage, Shapefile (zip) and KML. Every digit that the grid has is written: what is written is
//! read back the same. All of them declare WGS-84.

use std::io;

use wall_core::{Cell, CellGeometry, CellKind, CellRecord, GridPoint, UtcMs};

use super::{FormatError, geojson, geopackage, kml, shapefile};

/// Names of the fields in order, whatever the format; shapefiles shorten two of them (see [`shapefile`]).
pub(super) const FIELDS: [&str; 6] = ["code", "name", "kind", "community_code", "community_name", "households"];

/// The format of cells in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellsFormat {
    /// GeoJSON.
    GeoJson,
    /// GeoPackage 1.3.
    GeoPackage,
    /// Shapefile, all its files in a zip.
    Shapefile,
    /// KML 2.2.
    Kml,
}

impl CellsFormat {
    /// The format that a file's name asks for: `.geojson`, `.json`, `.gpkg`, `.zip`, `.kml`.
    ///
    /// # Errors
    /// Another ending.
    pub fn of_name(name: &str) -> Result<Self, FormatError> {
        let ending = super::ending(name);
        match ending.as_str() {
            "shp" | "dbf" | "shx" => Err(FormatError::Several { name: name.to_owned() }),
            _ => Self::of_word(&ending).ok_or_else(|| FormatError::Unknown {
                name: name.to_owned(),
                known: ".geojson, .gpkg, .zip (Shapefile) or .kml",
            }),
        }
    }

    /// The format by a word: an ending without its point, or the format's name (`shapefile`, `geopackage`).
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "geojson" | "json" => Self::GeoJson,
            "gpkg" | "geopackage" => Self::GeoPackage,
            "zip" | "shapefile" | "shp" => Self::Shapefile,
            "kml" => Self::Kml,
            _ => return None,
        })
    }

    /// The usual ending, without its point.
    pub fn ending(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::GeoPackage => "gpkg",
            Self::Shapefile => "zip",
            Self::Kml => "kml",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::GeoJson => "application/geo+json",
            Self::GeoPackage => "application/geopackage+sqlite3",
            Self::Shapefile => "application/zip",
            Self::Kml => "application/vnd.google-earth.kml+xml",
        }
    }
}

/// A file of cells as bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellsBytes {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the format could not hold, in words: texts that were cut, characters that were left out.
    pub notes: Vec<String>,
}

/// Why cells cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum CellsExportError {
    /// The writer.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// More than the format can hold.
    #[error("{0}")]
    TooLarge(String),
    /// The database of a GeoPackage.
    #[error("the GeoPackage cannot be written: {0}")]
    Database(String),
}

/// Cells as a file. `layer` names the layer, document or shapefile; `at` is the time that formats with a date carry.
///
/// Blocks for as long as it takes, O(vertices); in an async context, call it where blocking is allowed. The same cells, layer and
/// time give the same bytes.
///
/// # Errors
/// When the cells do not fit the format (a shapefile ends at 2 GiB), or there is no memory.
pub fn cells_bytes(cells: &[CellRow], format: CellsFormat, layer: &str, at: UtcMs) -> Result<CellsBytes, CellsExportError> {
    let layer = layer_name(layer);
    match format {
        CellsFormat::GeoJson => {
            let mut bytes = Vec::new();
            geojson::write_cells(&mut bytes, cells.iter().copied())?;
            Ok(CellsBytes { bytes, notes: Vec::new() })
        }
        CellsFormat::GeoPackage => geopackage::write(cells, &layer, at),
        CellsFormat::Shapefile => shapefile::write(cells, &layer, at),
        CellsFormat::Kml => Ok(kml::write(cells, &layer)),
    }
}

/// A name that can stand in a file: no path, no control characters, not empty, not of the names that GeoPackage keeps.
fn layer_name(name: &str) -> String {
    let clean: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|'".contains(c) { '_' } else { c }).take(60).collect();
    let clean = clean.trim().trim_matches('.');
    let lower = clean.to_ascii_lowercase();
    match clean {
        "" => "cells".to_owned(),
        _ if ["gpkg_", "sqlite_", "rtree_"].iter().any(|p| lower.starts_with(p)) => format!("cells_{clean}"),
        _ => clean.to_owned(),
    }
}

/// A cell to be exported.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CellRow<'a> {
    /// Code.
    pub code: &'a str,
    /// Name, may be empty.
    pub name: &'a str,
    /// Basic or dedicated.
    pub kind: CellKind,
    /// Code of the community, may be empty.
    pub community_code: &'a str,
    /// Name of the community, may be empty.
    pub community_name: &'a str,
    /// Households, when known.
    pub households: Option<u32>,
    /// Ground.
    pub geometry: &'a CellGeometry,
}

impl<'a> CellRow<'a> {
    /// A cell of a plan, with the name of its community.
    pub fn new(cell: &'a Cell, community_name: &'a str) -> Self {
        Self {
            code: &cell.code,
            name: &cell.name,
            kind: cell.kind,
            community_code: &cell.community_code,
            community_name,
            households: cell.households,
            geometry: &cell.geometry,
        }
    }
}

impl<'a> From<&'a CellRecord> for CellRow<'a> {
    fn from(r: &'a CellRecord) -> Self {
        Self {
            code: &r.code,
            name: &r.name,
            kind: r.kind,
            community_code: &r.community_code,
            community_name: &r.community_name,
            households: r.households,
            geometry: &r.geometry,
        }
    }
}

/// Grid units as degrees, digit for digit, without zeros at the end.
pub(super) fn degrees(units: i64) -> String {
    const PER_DEGREE: u64 = GridPoint::PER_DEGREE as u64;
    let (whole, part) = (units.unsigned_abs() / PER_DEGREE, units.unsigned_abs() % PER_DEGREE);
    let sign = if units < 0 { "-" } else { "" };
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{part:09}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_exact() {
        for (units, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (-1, "-0.000000001"),
            (121_500_000_000, "121.5"),
            (-71_008_036_474, "-71.008036474"),
            (180_000_000_000, "180"),
        ] {
            assert_eq!(degrees(units), text);
        }
    }
}
