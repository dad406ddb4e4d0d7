//! Cells from GeoJSON: bytes in, valid records and issues out.
//!
//! Each feature is read for itself: whatever is wrong with one, the others come through. GeoJSON as one object
//! (FeatureCollection, Feature or geometry), or one of them a line; plain or gzip; UTF-8 (with or without byte order mark),
//! GB18030 or whatever is named. Shapefile, GeoPackage and KML are answered with a clear refusal.

use std::collections::{BTreeSet, HashMap, HashSet};

use wall_core::{
    CellRecord, Datum, DatumChoice, Issue, IssueAction, Place, RawPolygon, RepairOptions, UnknownCrs, agreement, repair, snap,
};

use super::cells_fields::{CellsFields, Properties, Said, properties_of};
use super::cells_json::{elements, member, members, skip_space, value_end};
use super::cells_report::{Topology, say_orientation_once, say_topology};
use super::cells_shape::{Shape, is_geometry_type, shape_of};
use super::cells_text::text_of;
use super::read::{Problem, shown};

/// How a file of cells is to be read.
#[derive(Clone, PartialEq, Debug)]
pub struct CellsOptions {
    /// Fields joined for the code, in order, with nothing between; empty = by well-known names, else generated.
    pub code_fields: Vec<String>,
    /// Field of the name.
    pub name_field: Option<String>,
    /// Field of the community code (or name, when the file has no codes).
    pub community_field: Option<String>,
    /// Field of the number of households.
    pub households_field: Option<String>,
    /// Field of the owner.
    pub owner_field: Option<String>,
    /// Borders closer than this are joined, metres; 0 = cells are left as they are.
    pub snap_m: f64,
    /// Whether broken ground is repaired; else refused.
    pub repair: bool,
    /// The datum; `None` = what the file declares, else WGS-84.
    pub datum: Option<Datum>,
    /// `auto` or the name of an encoding.
    pub encoding: String,
}

impl Default for CellsOptions {
    fn default() -> Self {
        Self {
            code_fields: Vec::new(),
            name_field: None,
            community_field: None,
            households_field: None,
            owner_field: None,
            snap_m: 0.5,
            repair: true,
            datum: None,
            encoding: "auto".into(),
        }
    }
}

/// What a file of cells holds.
#[derive(Clone, PartialEq, Debug)]
pub struct CellsFile {
    /// The cells that can be used, in the order of the file.
    pub records: Vec<CellRecord>,
    /// Everything worth saying, by feature.
    pub issues: Vec<Issue>,
    /// Features in the file.
    pub read: usize,
    /// The datum that was taken.
    pub datum: DatumChoice,
    /// The encoding that was found or named.
    pub encoding: String,
    /// The fields that were used.
    pub fields: CellsFields,
    /// How many codes had to be generated.
    pub generated_codes: usize,
    /// How the cells fit together, after snapping.
    pub topology: Topology,
}

impl CellsFile {
    /// Features that gave no cell.
    pub fn rejected(&self) -> usize {
        self.count(IssueAction::Rejected)
    }

    /// Features of which something was put right (a whole file of rings that were only turned counts once).
    pub fn repaired(&self) -> usize {
        let rejected: HashSet<u64> = self.at(IssueAction::Rejected).collect();
        self.at(IssueAction::Repaired).filter(|a| !rejected.contains(a)).collect::<BTreeSet<_>>().len()
    }

    fn at(&self, action: IssueAction) -> impl Iterator<Item = u64> {
        self.issues.iter().filter(move |i| i.action == action).map(|i| i.at)
    }

    fn count(&self, action: IssueAction) -> usize {
        self.at(action).collect::<BTreeSet<_>>().len()
    }
}

/// Why a file as a whole cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CellsError {
    /// A format that is not read yet.
    #[error("{format} is not yet supported: use GeoJSON (for example ogr2ogr -f GeoJSON cells.geojson …)")]
    NotSupported {
        /// What it seems to be.
        format: &'static str,
    },
    /// Not JSON.
    #[error("not JSON: {what} (at byte {at})")]
    NotJson {
        /// Byte of the decoded text.
        at: usize,
        /// What was found.
        what: String,
    },
    /// JSON, but not GeoJSON.
    #[error("not GeoJSON: {what}; a FeatureCollection, a Feature or a geometry is needed")]
    NotGeoJson {
        /// What was found.
        what: String,
    },
    /// A coordinate system that cannot be read.
    #[error(transparent)]
    Crs(#[from] UnknownCrs),
    /// A field that no feature has.
    #[error("no feature has the field {field:?}; there are: {available}")]
    FieldMissing {
        /// The field that was asked for.
        field: String,
        /// Fields that there are.
        available: String,
    },
    /// An encoding that nobody knows.
    #[error("encoding {name:?} is not known")]
    Encoding {
        /// Its name as given.
        name: String,
    },
    /// The bytes cannot be read.
    #[error("the file cannot be read: {what}")]
    Unreadable {
        /// Why.
        what: String,
    },
}

impl CellsError {
    /// A word to branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSupported { .. } => "format_not_supported",
            Self::NotJson { .. } => "not_json",
            Self::NotGeoJson { .. } => "not_geojson",
            Self::Crs(_) => "unknown_crs",
            Self::FieldMissing { .. } => "field_missing",
            Self::Encoding { .. } => "unknown_encoding",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// Reads a file of cells.
///
/// # Errors
/// Only when the file as a whole is unusable; what is wrong with single features is in [`CellsFile::issues`].
pub fn read_cells(bytes: &[u8], options: &CellsOptions) -> Result<CellsFile, CellsError> {
    let decoded = text_of(bytes, &options.encoding)?;
    let (parts, crs) = parts_of(&decoded.text)?;
    let mut datum = choose_datum(options.datum, crs)?;
    let declared = crs.is_some();
    let mut issues = Vec::new();
    if decoded.broken > 0 {
        let message = format!("{} character(s) are broken in {}", decoded.broken, decoded.encoding);
        issues.push(Issue { at: 0, code: "broken_text", message, action: IssueAction::Kept, place: None });
    }
    let mut features = Vec::with_capacity(parts.len());
    for (i, part) in parts.iter().enumerate() {
        match Feature::read(part) {
            Ok(feature) => features.push((i, feature)),
            Err(p) => issues.push(rejected(i, p)),
        }
    }
    let fields = CellsFields::choose(options, &property_names(&features), features.len())?;
    let mut cells = Cells { issues, records: Vec::new(), missing_codes: Vec::new() };
    for (i, feature) in features {
        cells.take(i, feature, &fields, options, &mut datum, declared);
    }
    let generated_codes = cells.generate_codes(parts.len(), fields.code.is_empty());
    let Cells { mut records, mut issues, .. } = cells;
    say_orientation_once(records.len(), &mut issues);
    for change in snap(&mut records, options.snap_m) {
        let place = records[change.cell].geometry.polygons.first().and_then(|p| p.outer.first()).map(|p| p.place());
        let (code, action, message) = if change.kept {
            (
                "snap_refused",
                IssueAction::Kept,
                format!("joining borders within {} m would break this cell: left as it was", options.snap_m),
            )
        } else {
            let furthest = (change.furthest_m * 1000.0).ceil() / 1000.0;
            (
                "snapped",
                IssueAction::Repaired,
                format!(
                    "borders joined within {} m: {} vertices moved (at most {furthest} m), {} taken over",
                    options.snap_m, change.moved, change.inserted
                ),
            )
        };
        issues.push(Issue { at: u64::from(records[change.cell].feature_index), code, message, action, place });
    }
    let together = agreement(&records);
    say_topology(&together, &records, &mut issues);
    issues.sort_by_key(|i| i.at);
    Ok(CellsFile {
        issues,
        read: parts.len(),
        datum,
        encoding: decoded.encoding,
        fields,
        generated_codes,
        topology: Topology::from(&together),
        records,
    })
}

fn rejected(index: usize, problem: Problem) -> Issue {
    Issue { at: index as u64, code: problem.code, message: problem.message, action: IssueAction::Rejected, place: None }
}

/// The texts of the features, and the text of the `crs` member when there is one.
fn parts_of(text: &str) -> Result<(Vec<&str>, Option<&str>), CellsError> {
    let clean = |c: char| c.is_whitespace() || c == '\u{1e}' || c == '\u{feff}';
    let text = text.trim_matches(clean);
    if text.is_empty() {
        return Err(CellsError::NotGeoJson { what: "the file is empty".into() });
    }
    if !text.starts_with('{') {
        return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Err(CellsError::NotGeoJson { what: format!("the JSON begins with {}", shown(text)) }),
            Err(_) => Err(CellsError::NotJson { at: 0, what: format!("the text begins with {}", shown(text)) }),
        };
    }
    let end = value_end(text, 0).map_err(|b| CellsError::NotJson { at: b.at, what: b.what.into() })?;
    if skip_space(text, end) == text.len() {
        return collection(text);
    }
    // More follows: one object a line (RFC 8142 puts a record separator before each).
    let lines: Vec<&str> = text.lines().map(|l| l.trim_matches(clean)).filter(|l| !l.is_empty()).collect();
    let one_a_line = lines.first().is_some_and(|l| value_end(l, 0).is_ok_and(|e| e == l.len()));
    if !one_a_line {
        return Err(CellsError::NotJson { at: end, what: format!("after the end of the JSON comes {}", shown(&text[end..])) });
    }
    let (mut parts, mut crs) = (Vec::new(), None);
    for (i, line) in lines.into_iter().enumerate() {
        match collection(line) {
            Ok((mut more, declared)) => {
                parts.append(&mut more);
                crs = crs.or(declared);
            }
            // The first line must be GeoJSON, else the file is something else; a later one is a bad feature.
            Err(e) if i == 0 => return Err(e),
            Err(_) => parts.push(line),
        }
    }
    Ok((parts, crs))
}

/// The features of one JSON object.
fn collection(text: &str) -> Result<(Vec<&str>, Option<&str>), CellsError> {
    let top = members(text).map_err(|b| CellsError::NotJson { at: b.at, what: b.what.into() })?;
    let crs = member(&top, "crs").filter(|c| *c != "null");
    let not = |what: String| Err(CellsError::NotGeoJson { what });
    match member(&top, "type").map(serde_json::from_str::<String>) {
        Some(Ok(kind)) if kind == "FeatureCollection" => match member(&top, "features") {
            Some(list) if list.starts_with('[') => match elements(list) {
                Ok(parts) => Ok((parts, crs)),
                Err((before, b)) => Err(CellsError::NotJson {
                    at: b.at,
                    what: format!("{} after feature {} of the FeatureCollection", b.what, before.len()),
                }),
            },
            Some(other) => not(format!("the features of the FeatureCollection are {}, not an array", shown(other))),
            None => not("the FeatureCollection has no features".into()),
        },
        Some(Ok(kind)) if kind == "Feature" || is_geometry_type(&kind) => Ok((vec![text], crs)),
        Some(Ok(kind)) if kind == "Topology" => Err(CellsError::NotSupported { format: "TopoJSON" }),
        Some(Ok(kind)) => not(format!("an object of type {}", shown(&kind))),
        Some(Err(_)) => not(format!("the type is {}", shown(member(&top, "type").unwrap_or_default()))),
        None => not("an object without a type".into()),
    }
}

/// The datum from what is asked for and from the old `crs` member.
fn choose_datum(asked: Option<Datum>, crs: Option<&str>) -> Result<DatumChoice, CellsError> {
    let Some(crs) = crs else { return Ok(DatumChoice::new(asked, None)) };
    let value: serde_json::Value = serde_json::from_str(crs).unwrap_or_default();
    let name = value["properties"]["name"].as_str().or(value["properties"]["code"].as_str()).or(value.as_str());
    let name = name.map_or_else(|| crs.chars().take(100).collect(), str::to_owned);
    match (Datum::from_crs_name(&name), asked) {
        (Ok(declared), _) => Ok(DatumChoice::new(asked, Some((declared, &name)))),
        (Err(unknown), None) => Err(unknown.into()),
        (Err(unknown), Some(used)) => {
            let warning = format!(
                "the file declares {name:?}, which is {}; read as {} because that was asked for",
                unknown.why,
                used.code()
            );
            Ok(DatumChoice { asked, used, why: "asked for".into(), warning: Some(warning) })
        }
    }
}

/// One feature as read.
struct Feature<'a> {
    properties: Properties<'a>,
    bad_properties: Option<Problem>,
    shape: Result<Shape, Problem>,
}

impl<'a> Feature<'a> {
    fn read(text: &'a str) -> Result<Self, Problem> {
        if !text.starts_with('{') {
            return Err(Problem::new("not_a_feature", format!("{} stands where a Feature should", shown(text))));
        }
        let parts =
            members(text).map_err(|b| Problem::new("bad_json", format!("{} (at byte {} of the feature)", b.what, b.at)))?;
        let kind = member(&parts, "type").and_then(|t| serde_json::from_str::<String>(t).ok());
        let geometry = match kind.as_deref() {
            Some("Feature") => member(&parts, "geometry").filter(|g| *g != "null"),
            // A bare geometry is a feature without properties.
            Some(kind) if is_geometry_type(kind) => Some(text),
            Some(other) => {
                return Err(Problem::new("not_a_feature", format!("an object of type {} is no Feature", shown(other))));
            }
            None => return Err(Problem::new("not_a_feature", "an object without a type is no Feature")),
        };
        let bare = geometry.is_some_and(|g| std::ptr::eq(g, text));
        let (properties, bad_properties) = match properties_of(if bare { None } else { member(&parts, "properties") }) {
            Ok(p) => (p, None),
            Err(p) => (Vec::new(), Some(p)),
        };
        let shape = match geometry {
            None => Err(Problem::new("null_geometry", "the feature has no geometry")),
            Some(text) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(value) => shape_of(&value),
                Err(e) => Err(Problem::new("bad_json", format!("the geometry is broken: {e}"))),
            },
        };
        Ok(Self { properties, bad_properties, shape })
    }
}

/// Names of properties in the order they are first seen.
fn property_names(features: &[(usize, Feature)]) -> Vec<String> {
    const MANY: usize = 10_000;
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for (name, _) in features.iter().flat_map(|(_, f)| &f.properties) {
        if names.len() < MANY && seen.insert(name.as_str()) {
            names.push(name.clone());
        }
    }
    names
}

/// The cells on their way.
struct Cells {
    records: Vec<CellRecord>,
    issues: Vec<Issue>,
    /// Positions of records that have no code yet.
    missing_codes: Vec<usize>,
}

impl Cells {
    fn take(
        &mut self,
        index: usize,
        f: Feature,
        fields: &CellsFields,
        options: &CellsOptions,
        datum: &mut DatumChoice,
        declared: bool,
    ) {
        let mut say = |code, message, action, place| self.issues.push(Issue { at: index as u64, code, message, action, place });
        let shape = match f.shape {
            Ok(shape) => shape,
            Err(p) => return say(p.code, p.message, IssueAction::Rejected, None),
        };
        if shape.polygons.is_empty() {
            let (code, message) = if shape.left_out.is_empty() {
                ("empty_geometry", "the geometry has no part".into())
            } else {
                ("not_a_polygon", format!("a cell is a Polygon or MultiPolygon, not {}", shape.left_out_words()))
            };
            return say(code, message, IssueAction::Rejected, None);
        }
        let raw = in_wgs84(&shape.polygons, datum, declared);
        let (geometry, findings) = match repair(&raw, RepairOptions { repair: options.repair }) {
            Ok(valid) => valid,
            Err(f) => return say(f.code, f.message, f.action, f.place),
        };
        for f in findings {
            say(f.code, f.message, f.action, f.place);
        }
        if !shape.left_out.is_empty() {
            let message = format!("{} left out: only polygons are ground", shape.left_out_words());
            say("parts_left_out", message, IssueAction::Repaired, None);
        }
        let said = Said::read(fields, &f.properties);
        for p in f.bad_properties.into_iter().chain(said.notes) {
            say(p.code, p.message, IssueAction::Kept, None);
        }
        if said.code.is_none() {
            self.missing_codes.push(self.records.len());
        }
        self.records.push(CellRecord {
            code: said.code.unwrap_or_default(),
            name: said.name,
            kind: said.kind,
            community_code: said.community_code,
            community_name: said.community_name,
            households: said.households,
            owner: said.owner,
            feature_index: u32::try_from(index).unwrap_or(u32::MAX),
            geometry,
        });
    }

    /// Gives codes to the records without one: `cell-0001` for the first feature, and so on; never a code that is there.
    fn generate_codes(&mut self, features: usize, no_field: bool) -> usize {
        let mut taken: HashSet<String> = self.records.iter().map(|r| r.code.clone()).collect();
        let width = features.to_string().len().max(4);
        for &i in &self.missing_codes {
            let number = self.records[i].feature_index as usize + 1;
            let mut code = format!("cell-{number:0width$}");
            while !taken.insert(code.clone()) {
                code.push('+');
            }
            if !no_field {
                let message = format!("the feature has no code: {code} generated");
                self.issues.push(Issue {
                    at: (number - 1) as u64,
                    code: "code_generated",
                    message,
                    action: IssueAction::Kept,
                    place: None,
                });
            }
            self.records[i].code = code;
        }
        if let (true, Some(&first), Some(&last)) = (no_field, self.missing_codes.first(), self.missing_codes.last()) {
            let (n, from, to) = (self.missing_codes.len(), &self.records[first].code, &self.records[last].code);
            let message = format!("no field of codes was named or recognised: {n} code(s) generated, {from} … {to}");
            let at = u64::from(self.records[first].feature_index);
            self.issues.push(Issue { at, code: "code_generated", message, action: IssueAction::Kept, place: None });
        }
        self.missing_codes.len()
    }
}

/// The polygons in WGS-84; the first place decides about a warning.
fn in_wgs84(polygons: &[RawPolygon], datum: &mut DatumChoice, declared: bool) -> Vec<RawPolygon> {
    let first = polygons.iter().flatten().flatten().find_map(|p| Place::new(p[0], p[1]));
    if let Some(place) = first {
        datum.look_at(place, declared);
    }
    if matches!(datum.used, Datum::Wgs84 | Datum::Cgcs2000) {
        return polygons.to_vec();
    }
    // Neighbours repeat each other's vertices: the same numbers give the same place, and are converted once.
    let mut known: HashMap<[u64; 2], [f64; 2]> = HashMap::new();
    let mut convert = |p: &[f64; 2]| match Place::new(p[0], p[1]) {
        Some(place) => *known.entry(p.map(f64::to_bits)).or_insert_with(|| {
            let w = datum.used.to_wgs84(place);
            [w.lon, w.lat]
        }),
        None => *p,
    };
    polygons.iter().map(|polygon| polygon.iter().map(|ring| ring.iter().map(&mut convert).collect()).collect()).collect()
}
