//! Which format a file of cells has, and its raw features: known by the bytes, never by the name alone.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::raw::{Note, RawCells};
use super::shapefile::Files;
use super::{CellsError, CellsFile, CellsOptions, geojson, geopackage, kml, shapefile};
use crate::import::archive::{Archive, is_zip};
use crate::import::bounded::{MAX_UNPACKED, Stopped, allowed, mib, read_all};
use crate::import::doubt;
use crate::import::encoding::{EncodingChoice, decode_whole};
use crate::import::foreign::foreign;

type Then<'a> = &'a mut dyn FnMut(RawCells) -> Result<CellsFile, CellsError>;

fn unreadable(what: impl Into<String>) -> CellsError {
    CellsError::Unreadable { what: what.into() }
}

fn too_large() -> CellsError {
    unreadable(format!("it is larger than {}: give the cells of one network or district at a time", mib(MAX_UNPACKED)))
}

fn stopped(e: Stopped) -> CellsError {
    match e {
        Stopped::Io(e) => unreadable(e.to_string()),
        Stopped::TooLarge => too_large(),
    }
}

/// Hands the raw features of a file in memory on.
pub(super) fn with_raw(
    bytes: &[u8],
    options: &CellsOptions,
    mut then: impl FnMut(RawCells) -> Result<CellsFile, CellsError>,
) -> Result<CellsFile, CellsError> {
    let asked = encoding(options)?;
    let bytes = unpacked(bytes)?;
    if is_zip(bytes.get(..4).unwrap_or_default()) {
        return in_zip(&bytes, options, asked, &mut then);
    }
    if is_shp(&bytes) {
        return then(shapefile::read(&Files { shp: bytes.into_owned(), ..Files::default() }, asked)?);
    }
    plain(&bytes, options, asked, &mut then)
}

/// Hands the raw features of a file on disk on, with the sisters of a `.shp`.
pub(super) fn with_raw_at(
    path: &Path,
    options: &CellsOptions,
    mut then: impl FnMut(RawCells) -> Result<CellsFile, CellsError>,
) -> Result<CellsFile, CellsError> {
    if path.as_os_str() == "-" {
        let bytes = read_all(std::io::stdin().lock(), MAX_UNPACKED).map_err(stopped)?;
        return with_raw(&bytes, options, then);
    }
    let ending = ending(&path.to_string_lossy());
    if ["dbf", "shx", "prj", "cpg"].contains(&ending.as_str()) {
        return Err(unreadable("this is one of the files beside a shapefile: give its .shp, or a .zip of all of them"));
    }
    let mut left = MAX_UNPACKED;
    if head(path)?.starts_with(SQLITE) {
        if fs::metadata(path).map_err(|e| unreadable(e.to_string()))?.len() > MAX_UNPACKED {
            return Err(too_large());
        }
        let mut raw = geopackage::read_file(path, options)?;
        let wal = PathBuf::from(format!("{}-wal", path.display()));
        if fs::metadata(&wal).is_ok_and(|m| m.len() > 0) {
            let message = "another program has changes to this GeoPackage that are not in the file yet: close it there first";
            raw.notes.push(Note::new("open_elsewhere", message));
        }
        return then(raw);
    }
    let bytes = content(path, &mut left)?;
    if !is_shp(&bytes) {
        return with_raw(&bytes, options, then);
    }
    let asked = encoding(options)?;
    let mut sister = |wanted: &str| -> Result<Option<Vec<u8>>, CellsError> {
        let folder = match path.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        let stem = path.file_stem().map(|s| s.to_string_lossy().to_lowercase());
        let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
        let found = entries.flatten().map(|e| e.path()).find(|p| {
            p.file_stem().map(|s| s.to_string_lossy().to_lowercase()) == stem
                && p.extension().is_some_and(|e| e.eq_ignore_ascii_case(wanted))
        });
        found.map(|p| content(&p, &mut left)).transpose()
    };
    let files = Files { shp: bytes, shx: sister("shx")?, dbf: sister("dbf")?, prj: sister("prj")?, cpg: sister("cpg")? };
    let mut raw = shapefile::read(&files, asked)?;
    raw.layer = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    then(raw)
}

fn encoding(options: &CellsOptions) -> Result<EncodingChoice, CellsError> {
    let name = options.encoding.trim();
    if name.is_empty() {
        return Ok(EncodingChoice::Auto);
    }
    EncodingChoice::named(name).map_err(|_| CellsError::Encoding { name: name.to_owned() })
}

/// The first bytes of every SQLite database.
const SQLITE: &[u8] = b"SQLite format 3\0";

fn head(path: &Path) -> Result<Vec<u8>, CellsError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(16).read_to_end(&mut bytes)).map_err(|e| unreadable(e.to_string()))?;
    Ok(bytes)
}

/// The bytes of a file; the files of one source share their ceiling.
fn content(path: &Path, left: &mut u64) -> Result<Vec<u8>, CellsError> {
    let file = File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let bytes = read_all(file, *left).map_err(stopped)?;
    *left -= bytes.len() as u64;
    Ok(bytes)
}

/// The bytes without gzip around them.
fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CellsError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return if bytes.len() as u64 > MAX_UNPACKED { Err(too_large()) } else { Ok(Cow::Borrowed(bytes)) };
    }
    let limit = allowed(bytes.len() as u64, MAX_UNPACKED);
    match read_all(MultiGzDecoder::new(bytes), limit) {
        Ok(out) => Ok(Cow::Owned(out)),
        Err(Stopped::Io(e)) => Err(unreadable(format!("the gzip stream is broken: {e}"))),
        Err(Stopped::TooLarge) => Err(unreadable(format!(
            "{} packed bytes unpack to more than {}: that is no file of cells, or one that has to be unpacked first",
            bytes.len(),
            mib(limit)
        ))),
    }
}

fn is_shp(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 0x27, 0x0a])
}

fn ending(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}

/// A single file that is no archive and no shapefile.
fn plain(bytes: &[u8], options: &CellsOptions, asked: EncodingChoice, then: Then) -> Result<CellsFile, CellsError> {
    if let Some(foreign) = foreign(bytes) {
        return Err(CellsError::NotSupported { format: foreign.name, remedy: foreign.remedy });
    }
    if bytes.starts_with(SQLITE) {
        return then(geopackage::read(bytes, options)?);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).replace('\0', "").to_ascii_lowercase();
    let head = head.trim_start_matches(|c: char| !c.is_ascii() || c.is_whitespace() || c.is_control());
    let xml = head.starts_with("<?xml") || head.starts_with("<kml") || head.starts_with("<!doctype") || head.starts_with("<!--");
    let asked = if xml { declared(bytes, head, asked) } else { asked };
    let whole = decode_whole(bytes, asked);
    let mut raw = if xml { kml::read(&whole.text)? } else { geojson::read(&whole.text)? };
    let named = encoding_rs::Encoding::for_label(whole.encoding.as_bytes()).filter(|_| asked != EncodingChoice::Auto);
    let texts = || bytes.split(|b| matches!(b, b'\n' | b'"' | b'<' | b'>'));
    if let Some((named, other)) = named.and_then(|n| Some((n, doubt::contradicted(texts(), n)?))) {
        let message = format!("{} is named, but all texts are plainly {}", named.name(), other.name());
        raw.notes.push(Note::new("encoding_doubtful", message));
    } else if asked == EncodingChoice::Auto && whole.encoding == "gb18030" && doubt::hardly_gb(texts()) {
        let message = "the text is no UTF-8 and was read as GB18030, but is hardly Chinese: name its encoding with --encoding";
        raw.notes.push(Note::new("encoding_doubtful", message));
    }
    (raw.encoding, raw.broken) = (whole.encoding, whole.broken);
    then(raw)
}

/// The encoding that an XML document declares, when it is not UTF-8 and nobody asked for another.
fn declared(bytes: &[u8], head: &str, asked: EncodingChoice) -> EncodingChoice {
    if asked != EncodingChoice::Auto || std::str::from_utf8(bytes).is_ok() || encoding_rs::Encoding::for_bom(bytes).is_some() {
        return asked;
    }
    let line = head.split("?>").next().unwrap_or_default();
    let name = line.split_once("encoding").and_then(|(_, rest)| rest.split(['"', '\'']).nth(1)).unwrap_or_default();
    match EncodingChoice::named(name) {
        // It says UTF-8 and is not: found out as elsewhere.
        Ok(EncodingChoice::Named(e)) if e != encoding_rs::UTF_8 && !name.is_empty() => EncodingChoice::Named(e),
        _ => asked,
    }
}

/// A zip: a shapefile, a KMZ, or the one file that holds cells.
fn in_zip(bytes: &[u8], options: &CellsOptions, asked: EncodingChoice, then: Then) -> Result<CellsFile, CellsError> {
    let broken = |e: crate::import::archive::ZipError| CellsError::Broken { format: "zip", what: e.to_string() };
    let mut zip = Archive::new(bytes, MAX_UNPACKED).map_err(broken)?;
    let names: Vec<String> = zip.names().map(str::to_owned).collect();
    let of = |wanted: &str| names.iter().filter(|n| ending(n) == wanted).cloned().collect::<Vec<_>>();
    let shapes = of("shp");
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(s, _)| s).to_lowercase();
    let layer_name = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        file.rsplit_once('.').map_or(file, |(s, _)| s).to_owned()
    };
    if let Some(first) = shapes.first() {
        let listed = || shapes.iter().take(20).map(|s| layer_name(s)).collect::<Vec<_>>().join(", ");
        let chosen = match &options.layer {
            Some(asked) => shapes
                .iter()
                .find(|s| layer_name(s).eq_ignore_ascii_case(asked))
                .ok_or_else(|| CellsError::Layer { what: format!("no layer is named {asked:?}"), available: listed() })?,
            None => first,
        };
        let mut part = |wanted: &str| -> Result<Option<Vec<u8>>, CellsError> {
            let found = names.iter().find(|n| ending(n) == wanted && stem(n) == stem(chosen));
            found.map(|n| zip.bytes_of(n).map_err(broken)).transpose()
        };
        let files = Files {
            shp: part("shp")?.unwrap_or_default(),
            shx: part("shx")?,
            dbf: part("dbf")?,
            prj: part("prj")?,
            cpg: part("cpg")?,
        };
        let mut raw = shapefile::read(&files, asked)?;
        raw.layer = Some(layer_name(chosen));
        if shapes.len() > 1 && options.layer.is_none() {
            let message =
                format!("several shapefiles ({}): {:?} was read; name another with --layer", listed(), layer_name(chosen));
            raw.notes.push(Note::new("several_layers", message));
        }
        return then(raw);
    }
    if names.iter().any(|n| n == "[Content_Types].xml") {
        return Err(CellsError::NotSupported {
            format: "an Office file (.xlsx, .docx)",
            remedy: "it holds no ground. Give the file that the borders were drawn in",
        });
    }
    // Of a KMZ, doc.kml or the first counts.
    let single = ["kml", "gpkg", "geojson", "json", "geojsonl", "ndjson"].iter().find_map(|e| {
        let found = of(e);
        let doc = found.iter().find(|n| n.eq_ignore_ascii_case("doc.kml")).or(found.first())?;
        (found.len() == 1 || *e == "kml").then(|| doc.clone())
    });
    let Some(name) = single else {
        let held =
            if names.is_empty() { "nothing".to_owned() } else { names.iter().take(20).cloned().collect::<Vec<_>>().join(", ") };
        return Err(CellsError::Broken {
            format: "zip",
            what: format!("it holds no .shp, .kml or .gpkg, and not exactly one .geojson; it holds {held}"),
        });
    };
    let member = zip.bytes_of(&name).map_err(broken)?;
    plain(&member, options, asked, then)
}
