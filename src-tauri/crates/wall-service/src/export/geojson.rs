//! Cells as GeoJSON.

use std::io::{self, Write};

use wall_core::{CellGeometry, GridPolygon, GridRing};

use super::cells::{CellRow, degrees};

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
