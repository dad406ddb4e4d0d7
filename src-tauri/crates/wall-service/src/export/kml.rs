//! Cells as KML 2.2: a placemark each, the fields as extended data. KML is WGS-84 by definition.

use std::fmt::Write;

use quick_xml::escape::escape;
use wall_core::{GridPolygon, GridRing};

use super::cells::{CellRow, CellsBytes, FIELDS, degrees};

/// Writes the document.
pub(super) fn write(cells: &[CellRow], layer: &str) -> CellsBytes {
    let mut left_out = 0;
    let mut clean = |text: &str| {
        let kept: String = text.chars().filter(|c| is_xml(*c)).collect();
        left_out += text.chars().count() - kept.chars().count();
        escape(kept.as_str()).into_owned()
    };
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>");
    // Outlines only: the map beneath stays legible.
    _ = writeln!(
        out,
        "<name>{}</name><Style id=\"cell\"><LineStyle><color>ff2f6bd6</color><width>2</width></LineStyle>\
        <PolyStyle><fill>0</fill></PolyStyle></Style>",
        clean(layer)
    );
    for cell in cells {
        // The title repeats a field: what is left out of it is counted there.
        let title: String = if cell.name.is_empty() { cell.code } else { cell.name }.chars().filter(|c| is_xml(*c)).collect();
        _ = write!(out, "<Placemark><name>{}</name><styleUrl>#cell</styleUrl><ExtendedData>", escape(title.as_str()));
        let households = cell.households.map(|h| h.to_string());
        let values = [
            Some(cell.code),
            Some(cell.name),
            Some(cell.kind.code()),
            Some(cell.community_code),
            Some(cell.community_name),
            households.as_deref(),
        ];
        for (field, value) in FIELDS.iter().zip(values) {
            if let Some(value) = value {
                _ = write!(out, "<Data name=\"{field}\"><value>{}</value></Data>", clean(value));
            }
        }
        out.push_str("</ExtendedData>");
        match cell.geometry.polygons.as_slice() {
            [only] => polygon(&mut out, only),
            parts => {
                out.push_str("<MultiGeometry>");
                parts.iter().for_each(|p| polygon(&mut out, p));
                out.push_str("</MultiGeometry>");
            }
        }
        out.push_str("</Placemark>\n");
    }
    out.push_str("</Document></kml>\n");
    let notes = if left_out == 0 {
        Vec::new()
    } else {
        vec![format!("{left_out} control character(s) in texts cannot stand in KML and were left out")]
    };
    CellsBytes { bytes: out.into_bytes(), notes }
}

/// Whether XML 1.0 can hold a character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn polygon(out: &mut String, polygon: &GridPolygon) {
    out.push_str("<Polygon>");
    for (i, ring) in polygon.rings().enumerate() {
        let tag = if i == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" };
        _ = write!(out, "<{tag}><LinearRing><coordinates>{}</coordinates></LinearRing></{tag}>", positions(ring));
    }
    out.push_str("</Polygon>");
}

fn positions(ring: &GridRing) -> String {
    let all: Vec<String> = ring.iter().chain(ring.first()).map(|p| format!("{},{}", degrees(p.x), degrees(p.y))).collect();
    all.join(" ")
}
