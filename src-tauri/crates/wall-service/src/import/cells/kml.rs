//! KML as raw features: every placemark with a polygon, its name and its extended data. WGS-84 by definition.
//!
//! Read as a stream of tags: entities of a document's own are not expanded, nesting is bounded, and a placemark that is
//! wrong is one refused feature.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use wall_core::{RawPolygon, RawRing};

use super::CellsError;
use super::raw::{CrsText, MAX_FEATURES, MAX_VALUES, Note, Properties, RawCells, RawFeature, Value};
use super::shape::{Shape, inside};
use crate::import::read::{Problem, shown};

/// Tags within tags, at most.
const MAX_DEPTH: usize = 200;
/// Vertex steps that sorting holes to outer rings may cost in one polygon.
const MAX_STEPS: usize = 100_000_000;

fn broken(what: impl Into<String>) -> CellsError {
    CellsError::Broken { format: "KML", what: what.into() }
}

/// A placemark on its way.
#[derive(Default)]
struct Placemark {
    /// Its name, description and the like, each once.
    own: Properties<'static>,
    properties: Properties<'static>,
    shape: Shape,
    problem: Option<Problem>,
    /// Outer rings and holes of the polygon that is open. The format allows one outer ring; files have more.
    outers: Vec<RawRing>,
    holes: Vec<RawRing>,
    /// Outer rings that the format does not allow.
    more_outers: usize,
    in_hole: bool,
    in_polygon: bool,
    /// Name of the datum that is open.
    datum: Option<String>,
    has_geometry: bool,
}

/// Folders, in the order they begin: the folder around each, and its name. A name may come after what the folder holds.
#[derive(Default)]
struct Folders {
    all: Vec<(Option<usize>, String)>,
    /// Those that are open, outermost first: their depth and number.
    open: Vec<(usize, usize)>,
}

impl Folders {
    /// Most folders of a document, characters of a name, levels that are kept, and bytes of names on all features.
    const MOST: usize = 100_000;
    const NAME: usize = 200;
    const LEVELS: usize = 8;
    const BYTES: usize = 64 << 20;

    fn here(&self) -> Option<usize> {
        self.open.last().map(|(_, number)| *number)
    }

    fn begin(&mut self, depth: usize) -> Result<(), CellsError> {
        if self.all.len() >= Self::MOST {
            return Err(broken(format!("more than {} folders", Self::MOST)));
        }
        self.all.push((self.here(), String::new()));
        self.open.push((depth, self.all.len() - 1));
        Ok(())
    }

    fn end(&mut self, depth: usize) {
        if self.open.last().is_some_and(|(began, _)| *began == depth) {
            self.open.pop();
        }
    }

    fn name(&mut self, words: &str) {
        if let Some((_, name)) = self.here().and_then(|n| self.all.get_mut(n)) {
            *name = words.trim().chars().take(Self::NAME).collect();
        }
    }

    /// Names of the folders around, outermost first; those without a name are left out.
    fn path(&self, mut at: Option<usize>) -> Vec<&str> {
        let mut path = Vec::new();
        while let Some((around, name)) = at.and_then(|n| self.all.get(n)) {
            if !name.is_empty() {
                path.push(name.as_str());
            }
            at = *around;
        }
        path.reverse();
        path
    }
}

/// Name of the property that holds the name of a folder, counted from the outermost.
fn folder_field(level: usize) -> String {
    format!("folder_{}", level + 1)
}

/// The features of a KML text. O(length).
pub(super) fn read(text: &str) -> Result<RawCells<'static>, CellsError> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut open: Option<(usize, Placemark)> = None;
    let mut folders = Folders::default();
    let mut lies_in = Vec::new();
    let mut features = Vec::new();
    // What stands between two tags; only what a value can be is kept.
    let mut words = String::new();
    let (mut values, mut seen_kml) = (0, false);
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(e) => return Err(broken(format!("{e} (at byte {})", reader.error_position()))),
        };
        match event {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = local(&tag);
                if !std::mem::replace(&mut seen_kml, true) && !is_root(&name) {
                    return Err(broken(format!("the document is {}, not kml", shown(&name))));
                }
                if path.len() >= MAX_DEPTH {
                    return Err(broken(format!("tags are nested more than {MAX_DEPTH} deep")));
                }
                words.clear();
                if name == "Folder" && open.is_none() {
                    folders.begin(path.len())?;
                }
                begin(&name, &tag, path.len(), &mut open);
                path.push(name);
            }
            Event::Empty(tag) => {
                let name = local(&tag);
                seen_kml |= is_root(&name);
                words.clear();
                begin(&name, &tag, path.len(), &mut open);
                end(&name, path.len(), &path, "", &mut open, &mut features, &mut values)?;
                lies_in.resize(features.len(), folders.here());
            }
            Event::End(_) => {
                let Some(name) = path.pop() else { return Err(broken("a tag ends that never began")) };
                if open.is_none() && name == "name" && path.last().is_some_and(|p| p == "Folder") {
                    folders.name(&words);
                }
                end(&name, path.len(), &path, &words, &mut open, &mut features, &mut values)?;
                lies_in.resize(features.len(), folders.here());
                if name == "Folder" && open.is_none() {
                    folders.end(path.len());
                }
                words.clear();
            }
            Event::Text(t) if open.is_some() || path.last().is_some_and(|p| p == "name") => words.push_str(&t.xml10_content()),
            Event::CData(t) if open.is_some() || path.last().is_some_and(|p| p == "name") => words.push_str(&t.xml10_content()),
            // The five entities of XML and characters by number; what a document defines itself stays as it is written.
            Event::GeneralRef(r) if open.is_some() || path.last().is_some_and(|p| p == "name") => match r.resolve_char_ref() {
                Ok(Some(c)) => words.push(c),
                _ => {
                    let name = r.xml10_content();
                    match quick_xml::escape::resolve_xml_entity(&name) {
                        Some(text) => words.push_str(text),
                        None => words.push_str(&format!("&{name};")),
                    }
                }
            },
            _ => {}
        }
    }
    if !seen_kml {
        return Err(broken("the document has no tag"));
    }
    if !path.is_empty() {
        return Err(broken("the document is cut off: tags are not closed"));
    }
    let (notes, communities) = put_folders(&mut features, &lies_in, &folders, &mut values)?;
    let crs = Some(CrsText::Name("WGS 84".into()));
    Ok(RawCells { format: "KML", features, crs, notes, communities, ..RawCells::default() })
}

/// Gives each feature the names of its folders as properties, and says which there are; also the field whose names are all
/// those of communities.
fn put_folders(
    features: &mut [Result<RawFeature<'static>, Problem>],
    lies_in: &[Option<usize>],
    folders: &Folders,
    values: &mut usize,
) -> Result<(Vec<Note>, Option<String>), CellsError> {
    let mut levels: Vec<BTreeSet<&str>> = Vec::new();
    let mut bytes = 0;
    for (feature, folder) in features.iter_mut().zip(lies_in) {
        let Ok(feature) = feature else { continue };
        for (level, name) in folders.path(*folder).into_iter().take(Folders::LEVELS).enumerate() {
            if levels.len() <= level {
                levels.push(BTreeSet::new());
            }
            levels[level].insert(name);
            // Extended data of the same name counts more.
            feature.properties.insert(0, (folder_field(level), Value::Text(name.to_owned())));
            *values += 1;
            bytes += name.len();
        }
        if *values > MAX_VALUES || bytes > Folders::BYTES {
            return Err(broken("the names of its folders are more than is read"));
        }
    }
    let mut notes = Vec::new();
    for (level, names) in levels.iter().enumerate() {
        let shown: Vec<&str> = names.iter().copied().take(10).collect();
        let more = if names.len() > shown.len() { " …" } else { "" };
        let field = folder_field(level);
        let message = format!(
            "{} folder(s) are kept as the field {field}: {}{more}; --community-field {field} takes them as communities",
            names.len(),
            shown.join(", ")
        );
        notes.push(Note::new("folders", message));
    }
    let community = |name: &&str| COMMUNITIES.iter().any(|word| name.ends_with(word));
    let level = levels.iter().position(|names| names.iter().all(community));
    Ok((notes, level.map(folder_field)))
}

/// How the names of communities end.
const COMMUNITIES: &[&str] = &["社区", "村", "居委会", "居民委员会", "村委会", "村民委员会"];

/// A KML document may leave its root out; everything else has to be a KML feature.
fn is_root(name: &str) -> bool {
    matches!(name, "kml" | "Document" | "Folder" | "Placemark")
}

fn local(tag: &BytesStart) -> String {
    tag.local_name().as_ref().to_owned()
}

fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    let raw = found.value;
    Some(quick_xml::escape::unescape(&raw).map_or_else(|_| raw.clone().into_owned(), |t| t.into_owned()))
}

fn begin(name: &str, tag: &BytesStart, depth: usize, open: &mut Option<(usize, Placemark)>) {
    match (name, open.as_mut()) {
        ("Placemark", None) => {
            let mut placemark = Placemark::default();
            if let Some(id) = attribute(tag, "id") {
                placemark.own.push(("id".into(), Value::Text(id)));
            }
            *open = Some((depth, placemark));
        }
        ("Polygon", Some((_, p))) => {
            (p.in_hole, p.in_polygon, p.has_geometry) = (false, true, true);
            p.outers.clear();
            p.holes.clear();
        }
        ("innerBoundaryIs", Some((_, p))) => p.in_hole = true,
        ("outerBoundaryIs", Some((_, p))) => p.in_hole = false,
        ("Data" | "SimpleData", Some((_, p))) => p.datum = attribute(tag, "name"),
        ("Point" | "LineString" | "Model" | "Track" | "MultiTrack", Some((_, p))) => {
            p.has_geometry = true;
            *p.shape.left_out.entry(name.to_owned()).or_default() += 1;
        }
        ("LinearRing", Some((_, p))) if !p.in_polygon => {
            p.has_geometry = true;
            *p.shape.left_out.entry("LinearRing".to_owned()).or_default() += 1;
        }
        ("MultiGeometry", Some((_, p))) => p.has_geometry = true,
        _ => {}
    }
}

fn end(
    name: &str,
    depth: usize,
    path: &[String],
    words: &str,
    open: &mut Option<(usize, Placemark)>,
    features: &mut Vec<Result<RawFeature<'static>, Problem>>,
    values: &mut usize,
) -> Result<(), CellsError> {
    let Some((began, p)) = open.as_mut() else { return Ok(()) };
    let parent = path.last().map(String::as_str);
    match name {
        "Placemark" if depth == *began => {
            let p = std::mem::take(p);
            *open = None;
            let shape = match p.problem {
                Some(problem) => Err(problem),
                None if !p.has_geometry => Err(Problem::new("null_geometry", "the placemark has no geometry")),
                None => Ok(p.shape),
            };
            // Extended data of the same name counts more: it is what the cell's fields are.
            let properties = p.own.into_iter().chain(p.properties).collect();
            let more = p.more_outers;
            let said = (more > 0).then(|| {
                let what = format!(
                    "{more} more outer ring(s) in one Polygon, which the format does not allow: kept as parts of the cell"
                );
                Problem::new("several_outer_rings", what)
            });
            features.push(Ok(RawFeature { properties, said: said.into_iter().collect(), shape }));
        }
        "name" | "description" | "address" | "phoneNumber"
            if parent == Some("Placemark") && p.own.iter().all(|(own, _)| own != name) =>
        {
            p.own.push((name.to_owned(), Value::Text(words.to_owned())));
        }
        "value" if parent == Some("Data") => {
            if let Some(datum) = &p.datum {
                p.properties.push((datum.clone(), Value::Text(words.to_owned())));
                *values += 1;
            }
        }
        "SimpleData" => {
            if let Some(datum) = p.datum.take() {
                p.properties.push((datum, Value::Text(words.to_owned())));
                *values += 1;
            }
        }
        "Data" => p.datum = None,
        "coordinates" if p.in_polygon => match coordinates(words) {
            Ok(ring) if p.in_hole => p.holes.push(ring),
            Ok(ring) => p.outers.push(ring),
            Err(problem) => _ = p.problem.get_or_insert(problem),
        },
        "Polygon" => {
            p.in_polygon = false;
            let (outers, holes) = (std::mem::take(&mut p.outers), std::mem::take(&mut p.holes));
            p.more_outers += outers.len().saturating_sub(1);
            match polygons(outers, holes) {
                Ok(parts) => p.shape.polygons.extend(parts),
                Err(problem) => _ = p.problem.get_or_insert(problem),
            }
        }
        _ => {}
    }
    if *values > MAX_VALUES || features.len() > MAX_FEATURES {
        return Err(broken(format!("more than {MAX_VALUES} values or {MAX_FEATURES} placemarks")));
    }
    Ok(())
}

/// The polygons of outer rings and holes. A hole belongs to the first outer ring that it has a point in; one without any
/// outer ring is for the repair to judge.
fn polygons(outers: Vec<RawRing>, holes: Vec<RawRing>) -> Result<Vec<RawPolygon>, Problem> {
    if outers.len() < 2 {
        return Ok(vec![outers.into_iter().chain(holes).collect()]);
    }
    let steps: usize = outers.iter().map(Vec::len).sum::<usize>().saturating_mul(holes.len());
    if steps > MAX_STEPS {
        return Err(Problem::new("too_many_rings", "too many rings to be told apart"));
    }
    let mut parts: Vec<RawPolygon> = outers.into_iter().map(|r| vec![r]).collect();
    for hole in holes {
        let around = |part: &RawPolygon| hole.iter().find_map(|p| inside(&part[0], *p)).unwrap_or(false);
        let at = parts.iter().position(around).unwrap_or(0);
        parts[at].push(hole);
    }
    Ok(parts)
}

/// `lon,lat[,height] lon,lat[,height] …`; spaces around the commas are common and do no harm.
fn coordinates(text: &str) -> Result<RawRing, Problem> {
    let mut ring = RawRing::new();
    let mut tuple: Vec<&str> = Vec::new();
    let mut finish = |tuple: &mut Vec<&str>| -> Result<(), Problem> {
        if tuple.is_empty() {
            return Ok(());
        }
        let number = |i: usize| tuple.get(i).and_then(|t| t.parse::<f64>().ok());
        match (number(0), number(1)) {
            (Some(lon), Some(lat)) => ring.push([lon, lat]),
            _ => {
                let message = format!("position {} is {}, not lon,lat", ring.len() + 1, shown(&tuple.join(",")));
                return Err(Problem::new("bad_coordinates", message));
            }
        }
        tuple.clear();
        Ok(())
    };
    let mut after_comma = false;
    for word in text.split_whitespace() {
        let glued = after_comma || word.starts_with(',');
        if !glued {
            finish(&mut tuple)?;
        }
        for part in word.split(',').filter(|p| !p.is_empty()) {
            // A fourth number would be a missing space.
            if tuple.len() == 3 {
                return Err(Problem::new("bad_coordinates", format!("too many numbers in {}", shown(word))));
            }
            tuple.push(part);
        }
        after_comma = word.ends_with(',');
    }
    finish(&mut tuple)?;
    Ok(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_in_every_habit() {
        let wanted = vec![[1.0, 2.0], [3.5, -4.0], [5.0, 6.0]];
        for text in ["1,2 3.5,-4 5,6", "1,2,0\n\t3.5,-4,0\n5,6,0 ", " 1, 2, 9  3.5 ,-4 ,9 5 , 6 , 9", "1,2\r\n3.5,-4\r\n5,6"] {
            assert_eq!(coordinates(text).unwrap(), wanted, "{text}");
        }
        for text in ["1", "1,x", "1,2,3,4", "1;2 3;4"] {
            assert_eq!(coordinates(text).unwrap_err().code, "bad_coordinates", "{text}");
        }
        assert_eq!(coordinates(" ").unwrap(), RawRing::new());
    }
}
