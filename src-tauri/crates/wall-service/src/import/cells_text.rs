//! The bytes of a cells file as text: unpacked, decoded, and told apart from formats that are not GeoJSON.

use std::io::Read;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::cells::CellsError;

/// Largest text that is read, bytes after unpacking.
const MAX_BYTES: u64 = 1 << 30;

/// A text and what it was decoded from.
#[derive(Debug)]
pub(super) struct Text {
    /// The text without its byte order mark.
    pub(super) text: String,
    /// Name of the encoding, lower case.
    pub(super) encoding: String,
    /// How many characters could not be decoded.
    pub(super) broken: usize,
}

/// Unpacks (gzip) and decodes. `label` is `auto` or the name of an encoding.
pub(super) fn text_of(bytes: &[u8], label: &str) -> Result<Text, CellsError> {
    let mut unpacked = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(MAX_BYTES + 1);
        reader
            .read_to_end(&mut unpacked)
            .map_err(|e| CellsError::Unreadable { what: format!("the gzip stream is broken: {e}") })?;
        &unpacked[..]
    } else {
        bytes
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(CellsError::Unreadable { what: format!("larger than {MAX_BYTES} bytes") });
    }
    if let Some(format) = other_format(bytes) {
        return Err(CellsError::NotSupported { format });
    }
    let encoding = match label.trim().to_ascii_lowercase().as_str() {
        "" | "auto" => Encoding::for_bom(bytes).map_or_else(|| guess(bytes), |(e, _)| e),
        name => Encoding::for_label(name.as_bytes()).ok_or_else(|| CellsError::Encoding { name: name.to_owned() })?,
    };
    let (text, encoding, _) = encoding.decode(bytes);
    let broken = text.matches('\u{FFFD}').count();
    Ok(Text { text: text.into_owned(), encoding: encoding.name().to_ascii_lowercase(), broken })
}

/// UTF-8 when it is, or nearly is; else GB18030, the other encoding that Chinese files have.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let (as_utf8, _, _) = UTF_8.decode(bytes);
    let broken = as_utf8.matches('\u{FFFD}').count();
    let good = as_utf8.chars().filter(|c| !c.is_ascii()).count() - broken;
    if broken * 4 < good { UTF_8 } else { GB18030 }
}

/// The name of a well-known format that is not GeoJSON.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"SQLite format 3\0") {
        return Some("GeoPackage");
    }
    if bytes.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Some("Shapefile (.shp)");
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some("a zip archive (Shapefile or KMZ)");
    }
    let head: String = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).to_ascii_lowercase();
    let head = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let xml = head.starts_with("<?xml") || head.starts_with("<kml");
    match (xml, head.contains("<kml")) {
        (true, true) => Some("KML"),
        (true, false) => Some("XML"),
        _ => None,
    }
}
