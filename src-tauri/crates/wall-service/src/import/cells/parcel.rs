//! What the reading process hands to the one that asked: its request, and the cells or why there are none.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use wall_core::{
    CellGeometry, CellKind, CellRecord, Datum, DatumChoice, GridPoint, GridPolygon, GridRing, Issue, IssueAction, Place,
};

use super::{CellsError, CellsFields, CellsFile, CellsOptions, Topology};

/// What is to be read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) path: PathBuf,
    code_fields: Vec<String>,
    name_field: Option<String>,
    community_field: Option<String>,
    households_field: Option<String>,
    owner_field: Option<String>,
    snap_m: f64,
    repair: bool,
    datum: Option<String>,
    encoding: String,
    layer: Option<String>,
    geometry_column: Option<String>,
}

impl Request {
    pub(super) fn new(path: PathBuf, o: &CellsOptions) -> Self {
        Self {
            path,
            code_fields: o.code_fields.clone(),
            name_field: o.name_field.clone(),
            community_field: o.community_field.clone(),
            households_field: o.households_field.clone(),
            owner_field: o.owner_field.clone(),
            snap_m: o.snap_m,
            repair: o.repair,
            datum: o.datum.map(|d| d.code().to_owned()),
            encoding: o.encoding.clone(),
            layer: o.layer.clone(),
            geometry_column: o.geometry_column.clone(),
        }
    }

    pub(super) fn options(&self) -> CellsOptions {
        CellsOptions {
            code_fields: self.code_fields.clone(),
            name_field: self.name_field.clone(),
            community_field: self.community_field.clone(),
            households_field: self.households_field.clone(),
            owner_field: self.owner_field.clone(),
            snap_m: self.snap_m,
            repair: self.repair,
            datum: self.datum.as_deref().and_then(Datum::from_code),
            encoding: self.encoding.clone(),
            layer: self.layer.clone(),
            geometry_column: self.geometry_column.clone(),
        }
    }
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Cells(Box<Cells>),
    Refused { code: String, message: String },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cells {
    records: Vec<Record>,
    issues: Vec<Said>,
    issues_left_out: usize,
    read: usize,
    datum_asked: Option<String>,
    datum_used: String,
    datum_why: String,
    datum_warning: Option<String>,
    format: String,
    layer: Option<String>,
    encoding: String,
    encoding_why: String,
    fields: CellsFields,
    generated_codes: usize,
    topology: Topology,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    code: String,
    name: String,
    kind: String,
    community_code: String,
    community_name: String,
    households: Option<u32>,
    owner: Option<String>,
    feature_index: u32,
    /// Polygons of rings of coordinates, two by two; the outer ring first.
    polygons: Vec<Vec<Vec<i64>>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Said {
    at: u64,
    code: String,
    message: String,
    action: String,
    place: Option<[f64; 2]>,
}

/// A word of the program's own as it is written in the program. The other process is the same program: there are few.
fn word(text: String) -> &'static str {
    const MOST: usize = 4096;
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match known.get(text.as_str()) {
        Some(word) => word,
        None if known.len() >= MOST => "unknown",
        None => {
            let word: &'static str = text.leak();
            known.insert(word);
            word
        }
    }
}

impl From<Result<CellsFile, CellsError>> for Answer {
    fn from(read: Result<CellsFile, CellsError>) -> Self {
        let file = match read {
            Ok(file) => file,
            Err(e) => return Self::Refused { code: e.code().into(), message: e.to_string() },
        };
        let flat = |ring: &GridRing| ring.iter().flat_map(|p| [p.x, p.y]).collect::<Vec<i64>>();
        let record = |r: CellRecord| Record {
            polygons: r.geometry.polygons.iter().map(|p| p.rings().map(flat).collect()).collect(),
            code: r.code,
            name: r.name,
            kind: r.kind.code().into(),
            community_code: r.community_code,
            community_name: r.community_name,
            households: r.households,
            owner: r.owner,
            feature_index: r.feature_index,
        };
        let said = |i: Issue| Said {
            at: i.at,
            code: i.code.into(),
            message: i.message,
            action: i.action.code().into(),
            place: i.place.map(|p| [p.lon, p.lat]),
        };
        Self::Cells(Box::new(Cells {
            records: file.records.into_iter().map(record).collect(),
            issues: file.issues.into_iter().map(said).collect(),
            issues_left_out: file.issues_left_out,
            read: file.read,
            datum_asked: file.datum.asked.map(|d| d.code().into()),
            datum_used: file.datum.used.code().into(),
            datum_why: file.datum.why,
            datum_warning: file.datum.warning,
            format: file.format.into(),
            layer: file.layer,
            encoding: file.encoding,
            encoding_why: file.encoding_why.into(),
            fields: file.fields,
            generated_codes: file.generated_codes,
            topology: file.topology,
        }))
    }
}

impl Answer {
    /// The cells, or why there are none.
    pub(super) fn open(self) -> Result<CellsFile, CellsError> {
        let cells = match self {
            Self::Cells(cells) => *cells,
            Self::Refused { code, message } => return Err(CellsError::Told { code: word(code), message }),
        };
        let ring = |flat: Vec<i64>| flat.chunks_exact(2).map(|c| GridPoint { x: c[0], y: c[1] }).collect::<GridRing>();
        let polygon = |rings: Vec<Vec<i64>>| {
            let mut rings = rings.into_iter().map(ring);
            GridPolygon { outer: rings.next().unwrap_or_default(), holes: rings.collect() }
        };
        let record = |r: Record| CellRecord {
            code: r.code,
            name: r.name,
            kind: CellKind::from_code(&r.kind).unwrap_or_default(),
            community_code: r.community_code,
            community_name: r.community_name,
            households: r.households,
            owner: r.owner,
            feature_index: r.feature_index,
            geometry: CellGeometry { polygons: r.polygons.into_iter().map(polygon).collect() },
        };
        let said = |i: Said| Issue {
            at: i.at,
            code: word(i.code),
            message: i.message,
            action: IssueAction::from_code(&i.action).unwrap_or(IssueAction::Kept),
            place: i.place.and_then(|[lon, lat]| Place::new(lon, lat)),
        };
        Ok(CellsFile {
            records: cells.records.into_iter().map(record).collect(),
            issues: cells.issues.into_iter().map(said).collect(),
            issues_left_out: cells.issues_left_out,
            read: cells.read,
            datum: DatumChoice {
                asked: cells.datum_asked.as_deref().and_then(Datum::from_code),
                used: Datum::from_code(&cells.datum_used).unwrap_or(Datum::Wgs84),
                why: cells.datum_why,
                warning: cells.datum_warning,
            },
            format: word(cells.format),
            layer: cells.layer,
            encoding: cells.encoding,
            encoding_why: word(cells.encoding_why),
            fields: cells.fields,
            generated_codes: cells.generated_codes,
            topology: cells.topology,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::cells::format_tests::{as_given, samples};
    use crate::import::cells::read_cells;

    #[test]
    fn what_is_handed_over_is_what_was_read() {
        let mut all = samples();
        all.push(b"nothing".to_vec());
        for bytes in all {
            let read = read_cells(&bytes, &as_given());
            let text = serde_json::to_vec(&Answer::from(read.clone())).unwrap();
            let back: Answer = serde_json::from_slice(&text).unwrap();
            match (read, back.open()) {
                (Ok(read), Ok(back)) => assert_eq!(read, back),
                (Err(read), Err(back)) => assert_eq!((read.code(), read.to_string()), (back.code(), back.to_string())),
                (read, back) => panic!("{read:?} {back:?}"),
            }
        }
        let options = CellsOptions { datum: Some(Datum::Gcj02), code_fields: vec!["a".into()], repair: false, ..as_given() };
        let request = serde_json::to_string(&Request::new("x.shp".into(), &options)).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&request).unwrap().options(), options);
    }
}
