//! Cells as GeoJSON, with every digit that the grid has: what is written is read back the same.

use std::io::{self, Write};

use wall_core::{Cell, CellGeometry, CellKind, CellRecord, GridPoint, GridPolygon, GridRing};

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

/// Writes cells as a FeatureCollection in WGS-84 with properties `code`, `name`, `kind`, `community_code`,
/// `community_name`, `households`; returns how many. A cell of several parts is a MultiPolygon.
///
/// # Errors
/// Whatever the writer answers.
pub fn write_cells<'a>(mut out: impl Write, cells: impl IntoIterator<Item = CellRow<'a>>) -> io::Result<u64> {
    // The datum is said, so that a reader need not guess it; readers of RFC 7946 take it for what it is.
    out.write_all(
        b"{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:OGC:1.3:CRS84\"}},\"features\":[",
    )?;
    let mut count = 0;
    for cell in cells {
        out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        let properties = serde_json::json!({
            "code": cell.code,
            "name": cell.name,
            "kind": cell.kind.code(),
            "community_code": cell.community_code,
            "community_name": cell.community_name,
            "households": cell.households,
        });
        out.write_all(b"{\"type\":\"Feature\",\"properties\":")?;
        serde_json::to_writer(&mut out, &properties)?;
        out.write_all(b",\"geometry\":")?;
        write_geometry(&mut out, cell.geometry)?;
        out.write_all(b"}")?;
        count += 1;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    Ok(count)
}

fn write_geometry(out: &mut impl Write, geometry: &CellGeometry) -> io::Result<()> {
    match geometry.polygons.as_slice() {
        [only] => {
            out.write_all(b"{\"type\":\"Polygon\",\"coordinates\":")?;
            write_polygon(out, only)?;
        }
        parts => {
            out.write_all(b"{\"type\":\"MultiPolygon\",\"coordinates\":[")?;
            for (i, part) in parts.iter().enumerate() {
                out.write_all(if i == 0 { b"" } else { b"," })?;
                write_polygon(out, part)?;
            }
            out.write_all(b"]")?;
        }
    }
    out.write_all(b"}")
}

fn write_polygon(out: &mut impl Write, polygon: &GridPolygon) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, ring) in polygon.rings().enumerate() {
        out.write_all(if i == 0 { b"" } else { b"," })?;
        write_ring(out, ring)?;
    }
    out.write_all(b"]")
}

fn write_ring(out: &mut impl Write, ring: &GridRing) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, p) in ring.iter().chain(ring.first()).enumerate() {
        out.write_all(if i == 0 { b"" } else { b"," })?;
        write!(out, "[{},{}]", degrees(p.x), degrees(p.y))?;
    }
    out.write_all(b"]")
}

/// Grid units as degrees, digit for digit, without zeros at the end.
fn degrees(units: i64) -> String {
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
