//! What is wrong with a draft, what is missing in it, and what is worth a look: each with its place.

mod borders;
mod code;
mod form;

use std::collections::BTreeSet;

pub use borders::CommunityOutlines;

use super::{Band, CellFigures, CodeScheme, PlannedCell, PlanningGround};
use crate::coded::coded;
use crate::{CellKind, Place};

coded! {
    /// How much a finding matters.
    FindingLevel {
        /// 错误: the plan contradicts itself or the rules of the field.
        Wrong = "wrong",
        /// 缺项: something is still missing.
        Incomplete = "incomplete",
        /// 提示: allowed, and worth a look.
        Note = "note",
    }
}

/// Something found in a draft. The words are the screen's: here are a code and the values for them.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanFinding {
    /// How much it matters.
    pub level: FindingLevel,
    /// A word to branch on: `not_contiguous`, `code_duplicate` …
    pub code: &'static str,
    /// Positions of the cells it is about, ascending.
    pub cells: Vec<usize>,
    /// Where to look.
    pub place: Option<Place>,
    /// Values for the words, by name. Numbers are plain decimals.
    pub values: Vec<(&'static str, String)>,
}

coded! {
    /// What an import or an edit may leave between cells.
    LeftoverKind {
        /// Enclosed ground that is no cell's.
        Gap = "gap",
        /// Ground that two cells claim.
        Overlap = "overlap",
    }
}

/// A gap or an overlap, as the topology reports it.
#[derive(Clone, PartialEq, Debug)]
pub struct Leftover {
    /// Gap or overlap.
    pub kind: LeftoverKind,
    /// Positions of the cells it lies between.
    pub cells: Vec<usize>,
    /// m².
    pub area_m2: f64,
    /// Where.
    pub place: Place,
}

/// By what a draft is judged.
#[derive(Clone, Copy, Debug)]
pub struct FindingRules<'a> {
    /// The scheme of codes.
    pub scheme: &'a CodeScheme,
    /// Codes of cells that are no more.
    pub retired: &'a BTreeSet<String>,
    /// Households of a basic cell.
    pub band: Band,
    /// A cell with more households than the band's upper end times this (or fewer than its lower end divided by this) is
    /// wrong and not only worth a note. `None` (as most rooms want it: the band is a target): never.
    pub band_wrong_factor: Option<f64>,
    /// Polsby–Popper below this is worth a note.
    pub low_compactness: f64,
    /// A cell (or part) narrower than this on average is a sliver, m.
    pub sliver_m: f64,
    /// Ground in a second community narrower than this on average is rounding of borders, m.
    pub border_slack_m: f64,
    /// Streets of these classes should be borders, not run through cells.
    pub dividing_classes: &'a [&'a str],
    /// Through a cell means more than so much of such a street, away from the border, m.
    pub dividing_m: f64,
    /// Outlines of the communities; `None` = not known.
    pub communities: Option<&'a CommunityOutlines>,
    /// Streets, for those that run through cells; `None` = not known.
    pub ground: Option<&'a PlanningGround>,
}

/// Classes of streets that divide: ours, and OpenStreetMap's words for the same.
pub(in crate::planning) const DIVIDING: &[&str] = &["arterial", "primary", "trunk", "motorway"];

impl<'a> FindingRules<'a> {
    /// The usual rules with a scheme and the codes of cells that are no more.
    pub fn new(scheme: &'a CodeScheme, retired: &'a BTreeSet<String>) -> Self {
        Self {
            scheme,
            retired,
            band: Band::default(),
            band_wrong_factor: None,
            low_compactness: 0.2,
            sliver_m: 5.0,
            border_slack_m: 1.0,
            dividing_classes: DIVIDING,
            dividing_m: 60.0,
            communities: None,
            ground: None,
        }
    }
}

/// Everything found in a draft, in the order of the cells, then of the codes of findings; leftovers first. `figures[i]` are
/// those of `cells[i]`. O(n log n) and the points, edges and streets near borders.
pub fn findings(
    cells: &[PlannedCell<'_>],
    figures: &[CellFigures],
    leftovers: &[Leftover],
    rules: &FindingRules<'_>,
) -> Vec<PlanFinding> {
    let mut found: Vec<PlanFinding> = leftovers.iter().map(leftover).collect();
    found.extend(findings_of(cells, figures, &(0..cells.len()).collect::<Vec<_>>(), rules));
    found
}

/// The findings of some cells only, after an edit: what [`findings`] says about them, without leftovers. A finding about
/// several cells comes when any of them is asked for. O(n) for the codes, and the form of the cells asked for.
pub fn findings_of(
    cells: &[PlannedCell<'_>],
    figures: &[CellFigures],
    which: &[usize],
    rules: &FindingRules<'_>,
) -> Vec<PlanFinding> {
    let which: BTreeSet<usize> = which.iter().copied().filter(|i| *i < cells.len()).collect();
    let mut found = Vec::new();
    for &i in &which {
        let cell = &cells[i];
        let mut say = Report { cell: i, found: &mut found };
        code::form(cell, rules, &mut say);
        papers(cell, &mut say);
        let Some(f) = figures.get(i) else { continue };
        form::form(cell, f, rules, &mut say);
        form::households(cell, f, rules, &mut say);
        form::streets(cell, rules, &mut say);
        if let Some(communities) = rules.communities {
            borders::borders(cell, communities, rules, &mut say);
        }
    }
    found.extend(code::duplicates(cells, &which));
    found.sort_by(|a, b| a.cells.cmp(&b.cells).then(a.code.cmp(b.code)));
    found
}

/// Owner, name and community are there.
fn papers(cell: &PlannedCell<'_>, say: &mut Report<'_>) {
    let place = super::shape::place_in(cell.geometry);
    for (missing, code) in [
        (cell.owners == 0, "owner_missing"),
        (cell.name.trim().is_empty(), "name_missing"),
        (cell.community_code.is_empty(), "community_missing"),
    ] {
        if missing {
            say.add(FindingLevel::Incomplete, code, place, vec![]);
        }
    }
}

fn leftover(l: &Leftover) -> PlanFinding {
    let mut cells = l.cells.clone();
    cells.sort_unstable();
    PlanFinding {
        level: FindingLevel::Wrong,
        code: l.kind.code(),
        cells,
        place: Some(l.place),
        values: vec![("area_m2", format!("{:.1}", l.area_m2))],
    }
}

/// Where the findings about one cell go.
struct Report<'a> {
    cell: usize,
    found: &'a mut Vec<PlanFinding>,
}

impl Report<'_> {
    fn add(&mut self, level: FindingLevel, code: &'static str, place: Option<Place>, values: Vec<(&'static str, String)>) {
        self.found.push(PlanFinding { level, code, cells: vec![self.cell], place, values });
    }
}

/// What is wrong for a basic cell may be worth a note for a dedicated one: a school with two yards is one school.
fn for_basic(cell: &PlannedCell<'_>) -> FindingLevel {
    if cell.kind == CellKind::Basic { FindingLevel::Wrong } else { FindingLevel::Note }
}
