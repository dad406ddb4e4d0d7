//! What an import of cells reports, as `--json` prints it.

use serde::{Deserialize, Serialize};
use wall_core::{Agreement, CellRecord, DatumChoice, Issue, IssueAction};

use super::{CellsFields, CellsFile};
use crate::import::doubt::is_garbled;
use crate::import::read::shown;

/// At most this many overlaps and gaps are listed one by one; the totals count all.
const LISTED: usize = 1000;

/// How the cells fit together, in numbers.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Topology {
    /// Edges that two cells have in common exactly.
    pub shared_edges: usize,
    /// Pairs of cells that claim the same ground.
    pub overlaps: usize,
    /// How much, m².
    pub overlap_m2: f64,
    /// Holes between the cells.
    pub gaps: usize,
    /// How much, m².
    pub gap_m2: f64,
    /// Lanes: strips of nobody's ground between two cells that reach the outside, at most 20 m wide.
    pub lanes: usize,
    /// How long they are together, m.
    pub lane_m: f64,
    /// How much, m².
    pub lane_m2: f64,
    /// Edges beside them that two cells should have in common and do not.
    pub near_edges: usize,
    /// Comparisons that could not be made (each an issue `not_compared`): there may be more overlaps or gaps than counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_compared: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl From<&Agreement> for Topology {
    fn from(a: &Agreement) -> Self {
        // An empty sum is −0: it is printed as 0.
        let round = |m2: f64| (m2 * 1000.0).round() / 1000.0 + 0.0;
        Self {
            shared_edges: a.shared_edges,
            overlaps: a.overlaps.len(),
            overlap_m2: round(a.overlap_m2()),
            gaps: a.gaps.len(),
            gap_m2: round(a.gap_m2()),
            lanes: a.lanes.len(),
            lane_m: round(a.lanes.iter().map(|l| l.length_m).sum()),
            lane_m2: round(a.lanes.iter().map(|l| l.area_m2).sum()),
            near_edges: a.lanes.iter().map(|l| l.edges).sum(),
            not_compared: a.not_compared.len(),
        }
    }
}

/// Says overlaps, gaps and codes given twice, each at the later feature. Returns how many were not said one by one.
pub(super) fn say_topology(a: &Agreement, records: &[CellRecord], issues: &mut Vec<Issue>) -> usize {
    let at = |i: usize| u64::from(records[i].feature_index);
    let mut kept =
        |i: usize, code, message, place| issues.push(Issue { at: at(i), code, message, action: IssueAction::Kept, place });
    for (code, cells) in &a.duplicate_codes {
        for &later in &cells[1..] {
            let message = format!("code {code:?} is also that of feature {}: two cells with one code", at(cells[0]));
            let place = records[later].geometry.polygons.first().and_then(|p| p.outer.first()).map(|p| p.place());
            kept(later, "duplicate_code", message, place);
        }
    }
    for o in a.overlaps.iter().take(LISTED) {
        let (i, j) = o.cells;
        let message = format!(
            "cell {:?} overlaps cell {:?} (feature {}) by {} m²",
            records[j].code,
            records[i].code,
            at(i),
            area(o.area_m2)
        );
        kept(j, "overlap", message, Some(o.place));
        if let Some(inner) = o.covered {
            let outer = if inner == i { j } else { i };
            let (inner_code, outer_code) = (&records[inner].code, &records[outer].code);
            // The lowest code, then the first feature, has what both claim.
            let loses = (outer_code, outer) < (inner_code, inner);
            let then = if loses {
                format!("cell {outer_code:?} has the lower code (or comes first), so {inner_code:?} gets no points")
            } else {
                format!("cell {inner_code:?} has the lower code (or comes first) and keeps its points")
            };
            let message = format!(
                "cell {inner_code:?} lies wholly inside cell {outer_code:?} (feature {}), which has no hole there: {then}",
                at(outer)
            );
            kept(inner, "cell_inside_cell", message, Some(o.place));
        }
    }
    for g in a.gaps.iter().take(LISTED) {
        let message = format!("a gap of {} m² beside cell {:?} belongs to no cell", area(g.area_m2), records[g.beside].code);
        kept(g.beside, "gap", message, Some(g.place));
    }
    for l in a.lanes.iter().take(LISTED) {
        let (i, j) = l.cells;
        let message = format!(
            "a lane of {:.0} m × {:.2} m ({} m²) beside cell {:?} (feature {}) belongs to no cell: {} edges are near and not shared",
            l.length_m,
            l.width_m,
            area(l.area_m2),
            records[i].code,
            at(i),
            l.edges
        );
        kept(j, "lane", message, Some(l.place));
    }
    for n in a.not_compared.iter().take(LISTED) {
        let (i, what) = match n.cells {
            Some((i, j)) => {
                let message = format!(
                    "whether cell {:?} overlaps cell {:?} (feature {}) is not known",
                    records[j].code,
                    records[i].code,
                    at(i)
                );
                (j, message)
            }
            None => (0, "whether there are gaps between the cells is not known".into()),
        };
        kept(i, "not_compared", format!("{what}: {}", n.fault), Some(n.fault.place));
    }
    let covered = a.overlaps.iter().skip(LISTED).filter(|o| o.covered.is_some()).count();
    let lists = [a.overlaps.len(), a.gaps.len(), a.lanes.len(), a.not_compared.len()];
    covered + lists.into_iter().map(|n| n.saturating_sub(LISTED)).sum::<usize>()
}

/// A file that has nearly all rings the other way round (the habit of shapefiles) says so once instead of at every feature.
pub(super) fn say_orientation_once(records: usize, issues: &mut Vec<Issue>) {
    const FEW: usize = 10;
    let turned = |i: &Issue| i.code == "wrong_orientation";
    let count = issues.iter().filter(|i| turned(i)).count();
    if count <= FEW || count * 2 <= records {
        return;
    }
    let mut first = true;
    issues.retain(|i| !turned(i) || std::mem::take(&mut first));
    if let Some(issue) = issues.iter_mut().find(|i| turned(i)) {
        issue.message =
            format!("{count} of {records} cells have rings that run the wrong way round (a habit of shapefiles): all turned");
    }
}

/// Texts that were garbled before they came into the file are said once, at the first feature that has one.
pub(super) fn say_garbled(records: &[CellRecord], issues: &mut Vec<Issue>) {
    let texts = |r: &CellRecord| {
        let owner = r.owner.as_deref().unwrap_or_default();
        [&r.code, &r.name, &r.community_code, &r.community_name]
            .map(String::as_str)
            .into_iter()
            .chain([owner])
            .find(|t| is_garbled(t))
            .map(shown)
    };
    let mut found = records.iter().filter_map(|r| Some((r.feature_index, texts(r)?)));
    let Some((first, example)) = found.next() else { return };
    let message = format!(
        "{} of {} cells have a text that looks garbled, such as {example}: name the right encoding with --encoding, or export the file again",
        found.count() + 1,
        records.len()
    );
    issues.push(Issue { at: u64::from(first), code: "garbled_text", message, action: IssueAction::Kept, place: None });
}

/// An area for a message: three digits behind the point below 10 m², none above.
fn area(m2: f64) -> String {
    if m2 < 10.0 { format!("{m2:.3}") } else { format!("{m2:.0}") }
}

/// The datum in a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DatumReport {
    /// `auto` or a datum.
    pub asked: &'static str,
    /// The datum that was taken.
    pub used: &'static str,
    /// Why.
    pub why: String,
    /// What a person should look at.
    pub warning: Option<String>,
}

impl From<&DatumChoice> for DatumReport {
    fn from(d: &DatumChoice) -> Self {
        Self { asked: d.asked.map_or("auto", |a| a.code()), used: d.used.code(), why: d.why.clone(), warning: d.warning.clone() }
    }
}

/// The encoding in a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EncodingReport {
    /// Name in lower case.
    pub used: String,
    /// Why that one; absent where nothing is worth saying.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub why: &'static str,
}

/// One issue in a report of cells.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellIssue {
    /// Feature index from 0.
    pub feature: u64,
    /// A word to branch on.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// repaired, kept or rejected.
    pub action: &'static str,
    /// Longitude, when a place helps.
    pub lon: Option<f64>,
    /// Latitude.
    pub lat: Option<f64>,
}

impl From<&Issue> for CellIssue {
    fn from(i: &Issue) -> Self {
        let (lon, lat) = i.place.map_or((None, None), |p| (Some(p.lon), Some(p.lat)));
        Self { feature: i.at, code: i.code, message: i.message.clone(), action: i.action.code(), lon, lat }
    }
}

/// What `import cells --json` prints. The reader fills what the file says; the store's caller fills `imported`, `updated`,
/// `network`, `plan`, `status` and what became of codes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellsReport {
    /// Features in the file.
    pub read: usize,
    /// Cells that are new in the plan.
    pub imported: usize,
    /// Cells that were changed.
    pub updated: usize,
    /// Features that gave no cell.
    pub rejected: usize,
    /// Features of which something was put right.
    pub repaired: usize,
    /// Key of the network.
    pub network: String,
    /// Name of the plan.
    pub plan: String,
    /// Status of the plan.
    pub status: String,
    /// From when it is in force, RFC 3339; absent where it is not published.
    pub effective_from: Option<String>,
    /// Until when, where another plan follows it already.
    pub effective_to: Option<String>,
    /// Codes of the plan before that no cell carries any more: their owners end with it.
    pub codes_ended: Vec<String>,
    /// Codes that had ended with an earlier plan and are carried again, with the owners they had.
    pub codes_returned: Vec<String>,
    /// Lines of owners that ended because the cells name others.
    pub owners_ended: usize,
    /// Lines of owners that the cells name and that are new.
    pub owners_begun: usize,
    /// Owners that the cells name and that were not taken, because the plan is a draft and its codes are in use.
    pub owners_waiting: usize,
    /// Name of the format: GeoJSON, Shapefile, GeoPackage or KML.
    pub format: &'static str,
    /// The layer that was read, where a file can have several.
    pub layer: Option<String>,
    /// The datum.
    pub datum: DatumReport,
    /// The encoding.
    pub encoding: EncodingReport,
    /// The fields that were used.
    pub fields: CellsFields,
    /// How many codes were generated.
    pub generated_codes: usize,
    /// How the cells fit together.
    pub topology: Topology,
    /// Codes that have to be acknowledged before the file may be published.
    pub blocking: Vec<&'static str>,
    /// Those of them that were.
    pub acknowledged: Vec<&'static str>,
    /// Everything worth saying, by feature; of overlaps, gaps, lanes and comparisons that failed the first thousand each.
    pub issues: Vec<CellIssue>,
    /// How many issues there are in all.
    pub issues_total: usize,
    /// Whether `issues` holds less than all of them.
    pub cut: bool,
}

impl From<&CellsFile> for CellsReport {
    fn from(file: &CellsFile) -> Self {
        Self {
            read: file.read,
            imported: 0,
            updated: 0,
            rejected: file.rejected(),
            repaired: file.repaired(),
            network: String::new(),
            plan: String::new(),
            status: String::new(),
            effective_from: None,
            effective_to: None,
            codes_ended: Vec::new(),
            codes_returned: Vec::new(),
            owners_ended: 0,
            owners_begun: 0,
            owners_waiting: 0,
            format: file.format,
            layer: file.layer.clone(),
            datum: (&file.datum).into(),
            encoding: EncodingReport { used: file.encoding.clone(), why: file.encoding_why },
            fields: file.fields.clone(),
            generated_codes: file.generated_codes,
            topology: file.topology,
            blocking: file.blocking(),
            acknowledged: Vec::new(),
            issues: file.issues.iter().map(CellIssue::from).collect(),
            issues_total: file.issues.len() + file.issues_left_out,
            cut: file.issues_left_out > 0,
        }
    }
}
