//! Cells as a shapefile in a zip: `.shp`, `.shx`, `.dbf`, `.prj`, `.cpg`.
//!
//! Field names have ten bytes: `community_code` and `community_name` are `comm_code` and `comm_name`, which the import knows.
//! Texts are UTF-8 (`.cpg`), at most 254 bytes; one that is cut is reported.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wall_core::{GridRing, UtcMs};

use super::archive::zip;
use super::cells::{CellRow, CellsBytes, CellsExportError, FIELDS};

/// WGS-84 as ESRI writes it.
const PRJ: &str = "GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],\
    PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";
/// Longest text of a field, bytes.
const MAX_TEXT: usize = 254;
/// Digits of the households.
const COUNT_WIDTH: usize = 10;

/// The name of a field within ten bytes.
fn short(field: &str) -> String {
    match field {
        "community_code" => "comm_code".into(),
        "community_name" => "comm_name".into(),
        other => other.to_owned(),
    }
}

/// Writes the shapefile.
pub(super) fn write(cells: &[CellRow], layer: &str, at: UtcMs) -> Result<CellsBytes, CellsExportError> {
    let date = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let date = (date.year().clamp(1980, 2107) as u16, date.month() as u16, date.day() as u16);
    let mut notes = Vec::new();
    let (shp, shx) = shapes(cells)?;
    let dbf = table(cells, date, &mut notes)?;
    let files = [("shp", shp), ("shx", shx), ("dbf", dbf), ("prj", PRJ.into()), ("cpg", b"UTF-8".to_vec())];
    let files: Vec<(String, Vec<u8>)> = files.into_iter().map(|(ending, bytes)| (format!("{layer}.{ending}"), bytes)).collect();
    Ok(CellsBytes { bytes: zip(&files, date)?, notes })
}

/// Box of a shape: west, south, east, north.
type Bounds = [f64; 4];

fn join(a: Bounds, b: Bounds) -> Bounds {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

const NOWHERE: Bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];

/// The `.shp` and its index.
fn shapes(cells: &[CellRow]) -> Result<(Vec<u8>, Vec<u8>), CellsExportError> {
    let (mut body, mut index, mut all) = (Vec::new(), Vec::new(), NOWHERE);
    let words = |bytes: usize| {
        i32::try_from(bytes / 2).map_err(|_| CellsExportError::TooLarge("a shapefile holds at most 4 GiB: use .gpkg".into()))
    };
    for (i, cell) in cells.iter().enumerate() {
        let (content, bounds) = shape(cell);
        all = join(all, bounds);
        index.extend(words(100 + body.len())?.to_be_bytes());
        index.extend(words(content.len())?.to_be_bytes());
        body.extend((i as i32 + 1).to_be_bytes());
        body.extend(words(content.len())?.to_be_bytes());
        body.extend(content);
    }
    if cells.is_empty() {
        all = [0.0; 4];
    }
    let header = |length: usize| -> Result<Vec<u8>, CellsExportError> {
        let mut head = Vec::with_capacity(100);
        head.extend(9994i32.to_be_bytes());
        head.extend([0; 20]);
        head.extend(words(length)?.to_be_bytes());
        head.extend(1000i32.to_le_bytes());
        head.extend(5i32.to_le_bytes());
        all.iter().for_each(|v| head.extend(v.to_le_bytes()));
        head.extend([0; 32]);
        Ok(head)
    };
    Ok(([header(100 + body.len())?, body].concat(), [header(100 + index.len())?, index].concat()))
}

/// The content of one record: outer rings clockwise, holes the other way, each closed.
fn shape(cell: &CellRow) -> (Vec<u8>, Bounds) {
    let rings: Vec<&GridRing> = cell.geometry.polygons.iter().flat_map(|p| p.rings()).collect();
    let (mut parts, mut points, mut count, mut bounds) = (Vec::new(), Vec::new(), 0i32, NOWHERE);
    for ring in &rings {
        parts.extend(count.to_le_bytes());
        // Ours run the other way round; the ring starts where it started.
        for p in ring.iter().take(1).chain(ring.iter().rev()).map(|p| p.place()) {
            points.extend(p.lon.to_le_bytes());
            points.extend(p.lat.to_le_bytes());
            bounds = join(bounds, [p.lon, p.lat, p.lon, p.lat]);
            count += 1;
        }
    }
    let mut out = Vec::with_capacity(44 + parts.len() + points.len());
    out.extend(5i32.to_le_bytes());
    bounds.iter().for_each(|v| out.extend(v.to_le_bytes()));
    out.extend((rings.len() as i32).to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(parts);
    out.extend(points);
    (out, bounds)
}

/// The `.dbf`.
fn table(cells: &[CellRow], date: (u16, u16, u16), notes: &mut Vec<String>) -> Result<Vec<u8>, CellsExportError> {
    let texts: Vec<[&str; 5]> =
        cells.iter().map(|c| [c.code, c.name, c.kind.code(), c.community_code, c.community_name]).collect();
    let mut widths = [1usize; 5];
    for row in &texts {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.len()).min(MAX_TEXT);
        }
    }
    let row_length = 1 + widths.iter().sum::<usize>() + COUNT_WIDTH;
    let count = u32::try_from(cells.len()).map_err(|_| CellsExportError::TooLarge("more cells than a table can hold".into()))?;
    let mut out = vec![3, (date.0.saturating_sub(1900)) as u8, date.1 as u8, date.2 as u8];
    out.extend(count.to_le_bytes());
    out.extend((32 + 32 * FIELDS.len() as u16 + 1).to_le_bytes());
    out.extend((row_length as u16).to_le_bytes());
    // The language byte stays 0: the .cpg tells the encoding.
    out.extend([0; 20]);
    for (i, field) in FIELDS.iter().enumerate() {
        let mut name = [0u8; 11];
        name.iter_mut().zip(short(field).bytes().take(10)).for_each(|(to, from)| *to = from);
        out.extend(name);
        let (kind, width) = widths.get(i).map_or((b'N', COUNT_WIDTH), |w| (b'C', *w));
        out.extend([kind, 0, 0, 0, 0, width as u8, 0]);
        out.extend([0; 14]);
    }
    out.push(0x0d);
    let mut cut = [0usize; 5];
    for (cell, row) in cells.iter().zip(&texts) {
        out.push(b' ');
        for (i, text) in row.iter().enumerate() {
            let mut end = text.len().min(widths[i]);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            cut[i] += usize::from(end < text.len());
            out.extend(&text.as_bytes()[..end]);
            out.extend(std::iter::repeat_n(b' ', widths[i] - end));
        }
        let households = cell.households.map(|h| h.to_string()).unwrap_or_default();
        out.extend(format!("{households:>COUNT_WIDTH$}").bytes());
    }
    out.push(0x1a);
    for (field, n) in FIELDS.iter().zip(cut).filter(|(_, n)| *n > 0) {
        notes.push(format!("{n} text(s) of field {field} are longer than a shapefile holds ({MAX_TEXT} bytes) and were cut"));
    }
    Ok(out)
}
