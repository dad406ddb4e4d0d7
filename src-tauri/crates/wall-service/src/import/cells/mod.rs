//! Cells from files: bytes in, valid records and issues out.
//!
//! GeoJSON (plain, gzip, or one object a line), Shapefile (in a zip, or with its sisters beside it), GeoPackage, KML and KMZ.
//! Each format has a reader that yields raw features; from there on there is one path for all: datum, repair, fields, codes,
//! agreement. Each feature is read for itself: whatever is wrong with one, the others come through.

mod apart;
mod blocking;
mod child;
mod crowd;
mod crs;
mod dbf;
mod fields;
mod geojson;
mod geopackage;
mod json;
mod kml;
mod open;
mod parcel;
mod raw;
mod report;
mod shape;
mod shapefile;
mod wkb;

#[cfg(test)]
mod bomb_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod ground_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use wall_core::{
    Agreement, CellRecord, Datum, DatumChoice, Issue, IssueAction, RepairOptions, UnknownCrs, agreement, repair, snap,
};

pub use blocking::BLOCKING;
pub use child::{ReadPhase, ReadProgress, read_in_child, run_reader};
pub use fields::CellsFields;
pub use report::{CellIssue, CellsReport, DatumReport, EncodingReport, Topology};

pub(super) use shape::shape_of;

use crowd::is_crowded;
use crs::Ground;
use fields::Said;
use raw::{RawCells, RawFeature};
use report::{say_garbled, say_orientation_once, say_topology};

use super::read::Problem;

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
    /// The layer of a file that has several; `None` = the first.
    pub layer: Option<String>,
    /// The column of the ground in a layer that has several; `None` = the one that can hold polygons.
    pub geometry_column: Option<String>,
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
            layer: None,
            geometry_column: None,
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
    /// How many more overlaps, gaps, lanes and comparisons that failed there are than `issues` lists.
    pub issues_left_out: usize,
    /// Features in the file.
    pub read: usize,
    /// The datum that was taken.
    pub datum: DatumChoice,
    /// Name of the format.
    pub format: &'static str,
    /// The layer that was read, where a file can have several.
    pub layer: Option<String>,
    /// The encoding that was found or named.
    pub encoding: String,
    /// Why that encoding; empty when nothing is worth saying.
    pub encoding_why: &'static str,
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
    /// A format that is not read.
    #[error("this is {format}, which is not read: {remedy}")]
    NotSupported {
        /// What it seems to be.
        format: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A file that is not what it seems to be, or damaged.
    #[error("not a usable {format}: {what}")]
    Broken {
        /// The format that it seems to have.
        format: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A layer that the file does not have, or none that could be meant.
    #[error("{what}; layers in the file: {available}")]
    Layer {
        /// What is wrong.
        what: String,
        /// Layers that there are.
        available: String,
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
    /// Numbers that cannot be of the coordinate system that the file names.
    #[error(
        "the numbers do not fit the coordinate system {name:?}: {what}. Give the file the .prj (or crs) of its numbers, or export it anew"
    )]
    Ground {
        /// A word to branch on: `zone_differs`, `axes_exchanged`, `far_from_meridian`.
        code: &'static str,
        /// Name of the coordinate system.
        name: String,
        /// In which way.
        what: String,
    },
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
    /// Reading takes more memory or time than it may.
    #[error("{what}: give the cells of one network or district at a time")]
    Limit {
        /// Of what, and how much.
        what: String,
    },
    /// What another process said of the file.
    #[error("{message}")]
    Told {
        /// A word to branch on.
        code: &'static str,
        /// In words.
        message: String,
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
            Self::Broken { .. } => "broken_file",
            Self::Layer { .. } => "layer_missing",
            Self::NotJson { .. } => "not_json",
            Self::NotGeoJson { .. } => "not_geojson",
            Self::Crs(_) => "unknown_crs",
            Self::Ground { code, .. } | Self::Told { code, .. } => code,
            Self::Limit { .. } => "over_limit",
            Self::FieldMissing { .. } => "field_missing",
            Self::Encoding { .. } => "unknown_encoding",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// Reads cells from the bytes of a file, whatever its format (it is known by its contents). A shapefile comes as a zip.
///
/// Blocks for as long as it takes: O(n log n) in the vertices, memory a small multiple of the unpacked size (at most 1 GiB).
/// In an async context, call it where blocking is allowed.
///
/// # Errors
/// Only when the file as a whole is unusable; what is wrong with single features is in [`CellsFile::issues`].
pub fn read_cells(bytes: &[u8], options: &CellsOptions) -> Result<CellsFile, CellsError> {
    open::with_raw(bytes, options, |raw| cells_of(raw, options, &|_| {}))
}

/// Reads cells from a file on disk; `-` is standard input. Of a `.shp`, the sisters beside it are read too.
///
/// # Errors
/// As [`read_cells`], and when the file cannot be read.
pub fn open_cells(path: &Path, options: &CellsOptions) -> Result<CellsFile, CellsError> {
    open_cells_told(path, options, &|_| {})
}

/// As [`open_cells`], saying how far it is.
fn open_cells_told(path: &Path, options: &CellsOptions, told: &dyn Fn(ReadProgress)) -> Result<CellsFile, CellsError> {
    told(ReadProgress { phase: ReadPhase::Reading, done: 0, of: 0 });
    open::with_raw_at(path, options, |raw| cells_of(raw, options, told))
}

/// The one path from raw features to cells.
fn cells_of(raw: RawCells, options: &CellsOptions, told: &dyn Fn(ReadProgress)) -> Result<CellsFile, CellsError> {
    if raw.features.len() > raw::MAX_FEATURES {
        let what = format!("more than {} features", raw::MAX_FEATURES);
        return Err(CellsError::Broken { format: raw.format, what });
    }
    let declared = raw.crs.is_some();
    let mut ground = Ground::settle(options.datum, raw.crs.as_ref())?.by_format(raw.format == "KML");
    let grounds = raw.features.iter().flatten().filter_map(|f| f.shape.as_ref().ok());
    ground.look_at_numbers(grounds.flat_map(|s| &s.polygons).flatten().flatten().copied())?;
    let grounds = raw.features.iter().flatten().filter_map(|f| f.shape.as_ref().ok());
    ground.look_at_zone(grounds.filter_map(|s| s.polygons.iter().flatten().flatten().next().copied()))?;
    let mut issues: Vec<Issue> = raw
        .notes
        .into_iter()
        .chain(std::mem::take(&mut ground.doubts))
        .map(|n| Issue { at: 0, code: n.code, message: n.message, action: IssueAction::Kept, place: None })
        .collect();
    if raw.broken > 0 {
        let message = format!("{} character(s) are broken in {}", raw.broken, raw.encoding);
        issues.push(Issue { at: 0, code: "broken_text", message, action: IssueAction::Kept, place: None });
    }
    let read = raw.features.len();
    let mut features = Vec::with_capacity(read);
    for (i, feature) in raw.features.into_iter().enumerate() {
        match feature {
            Ok(feature) => features.push((i, feature)),
            Err(p) => issues.push(rejected(i, p)),
        }
    }
    let names = if raw.declared.is_empty() { property_names(&features) } else { raw.declared };
    let fields = CellsFields::choose(options, &names, features.len(), raw.cut)?.or_communities(raw.communities);
    let mut cells =
        Cells { issues, records: Vec::new(), missing_codes: Vec::new(), ground, declared, in_metres: 0, exchanged: 0 };
    for (i, feature) in features {
        if i % 1000 == 0 {
            told(ReadProgress { phase: ReadPhase::Cells, done: i, of: read });
        }
        cells.take(i, feature, &fields, options);
    }
    told(ReadProgress { phase: ReadPhase::Comparing, done: 0, of: 0 });
    cells.say_when_projected();
    let generated_codes = cells.generate_codes(read, fields.code.is_empty());
    let Cells { mut records, mut issues, ground, .. } = cells;
    say_orientation_once(records.len(), &mut issues);
    say_garbled(&records, &mut issues);
    apart::say_far_apart(&records, &mut issues);
    let crowded = is_crowded(&records);
    for change in if crowded { Vec::new() } else { snap(&mut records, options.snap_m) } {
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
    let together = if crowded {
        let message = "more cells lie over each other than are compared: overlaps, gaps and codes given twice are not known";
        issues.push(Issue { at: 0, code: "too_many_overlaps", message: message.into(), action: IssueAction::Kept, place: None });
        Agreement::default()
    } else {
        agreement(&records)
    };
    let issues_left_out = say_topology(&together, &records, &mut issues);
    issues.sort_by_key(|i| i.at);
    Ok(CellsFile {
        issues,
        issues_left_out,
        read,
        datum: ground.choice,
        format: raw.format,
        layer: raw.layer,
        encoding: raw.encoding,
        encoding_why: raw.encoding_why,
        fields,
        generated_codes,
        topology: Topology::from(&together),
        records,
    })
}

fn rejected(index: usize, problem: Problem) -> Issue {
    Issue { at: index as u64, code: problem.code, message: problem.message, action: IssueAction::Rejected, place: None }
}

/// Names of properties in the order they are first seen.
fn property_names(features: &[(usize, RawFeature)]) -> Vec<String> {
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
    ground: Ground,
    /// Whether the file names its coordinate system.
    declared: bool,
    /// Features refused because their numbers are no degrees, by far …
    in_metres: usize,
    /// … or would be degrees the other way round.
    exchanged: usize,
}

impl Cells {
    fn take(&mut self, index: usize, f: RawFeature, fields: &CellsFields, options: &CellsOptions) {
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
        let raw = self.ground.in_wgs84(&shape.polygons, self.declared);
        let (geometry, findings) = match repair(&raw, RepairOptions { repair: options.repair }) {
            Ok(valid) => valid,
            Err(f) => {
                let far = shape.polygons.iter().flatten().flatten().flatten().any(|v| v.abs() > 1000.0);
                self.in_metres += usize::from(f.code == "out_of_range" && far);
                let mut positions = shape.polygons.iter().flatten().flatten();
                let turned = positions.all(|p| p[0].abs() <= 90.0 && p[1].abs() <= 180.0);
                self.exchanged += usize::from(f.code == "out_of_range" && turned);
                return say(f.code, f.message, f.action, f.place);
            }
        };
        for f in findings {
            say(f.code, f.message, f.action, f.place);
        }
        if !shape.left_out.is_empty() {
            let message = format!("{} left out: only polygons are ground", shape.left_out_words());
            say("parts_left_out", message, IssueAction::Repaired, None);
        }
        let said = Said::read(fields, &f.properties);
        for p in f.said.into_iter().chain(said.notes) {
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

    /// A file without a coordinate system whose numbers are all no degrees is most likely in metres, or has latitude before
    /// longitude: says so first.
    fn say_when_projected(&mut self) {
        if self.exchanged > 0 {
            let message = format!(
                "{} feature(s) have latitude before longitude: the axes are exchanged. Export the file with longitude first",
                self.exchanged
            );
            self.issues.insert(0, Issue { at: 0, code: "axes_exchanged", message, action: IssueAction::Kept, place: None });
        }
        if self.declared || !self.records.is_empty() || self.in_metres == 0 {
            return;
        }
        let message = "the numbers are no degrees and the file names no coordinate system: it is probably projected, in metres. \
            Give it its .prj (or crs), or convert it to WGS-84 degrees"
            .into();
        self.issues.insert(0, Issue { at: 0, code: "looks_projected", message, action: IssueAction::Kept, place: None });
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
