//! What publishing a draft moves, and from whom to whom.

mod books;

use std::collections::{HashMap, HashSet};

use books::Books;

use super::codes::lineage;
use super::overlaps::{commons, same_ground};
use super::{CellFigures, LineageKind, LineageLine, PlannedCell, PlanningGround, WorkloadWeights};
use crate::{CellGeometry, EngineFault, Place, geometry_area_m2};

/// Ground and what is on it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Amounts {
    /// Area, households, tickets, staff, patrol; its form (perimeter, compactness, parts, holes) is set for whole cells only.
    pub figures: CellFigures,
    /// By the room's weights.
    pub workload: f64,
    /// Cameras.
    pub cameras: u32,
    /// Key sites.
    pub sites: u32,
}

/// Ground of one cell that another has now.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// Position of the cell in the base plan; `None` = no cell's.
    pub from: Option<usize>,
    /// Position in the draft; `None` = no cell's.
    pub to: Option<usize>,
    /// The cell `to` is the cell `from` with a new border (or only a new code): nothing changes hands.
    pub stays: bool,
    /// How much.
    pub amounts: Amounts,
}

/// A changed cell.
#[derive(Clone, PartialEq, Debug)]
pub struct CellImpact {
    /// Position in the base plan; `None` = new.
    pub base: Option<usize>,
    /// Position in the draft; `None` = gone.
    pub draft: Option<usize>,
    /// What became of it.
    pub kind: LineageKind,
    /// What it has under the base plan.
    pub before: Option<Amounts>,
    /// What it has under the draft.
    pub after: Option<Amounts>,
}

/// What a draft changes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ImpactReport {
    /// Changed cells in the order of the base plan, new ones last.
    pub cells: Vec<CellImpact>,
    /// What moves (and, marked, what of changed cells stays); by `from`, then `to`, new ground last. The flows out of a cell
    /// add up to what it had, those into it to what it gets (streets to within
    /// half a metre at each border they cross).
    pub flows: Vec<Flow>,
    /// Cells whose ground and code do not change.
    pub unchanged: usize,
}

/// The two plans and what lies on the ground beside the tickets, buildings, staff and streets of a [`PlanningGround`].
#[derive(Clone, Copy, Debug)]
pub struct ImpactOf<'a> {
    /// The cells in force.
    pub base: &'a [PlannedCell<'a>],
    /// Households that each of them states.
    pub base_households: &'a [Option<u32>],
    /// The cells of the draft.
    pub draft: &'a [PlannedCell<'a>],
    /// Cameras.
    pub cameras: &'a [Place],
    /// Key sites.
    pub sites: &'a [Place],
    /// Weights of the workload.
    pub weights: &'a WorkloadWeights,
}

/// What a draft moves from whom to whom.
///
/// Ground is intersected exactly; points go by attribution's rule under either plan; stated households go by share of
/// ground where no building tells them. Only the changed cells' boxes are looked into: O(n log n) in the cells for finding
/// the changes, then the changed cells' overlays, points and streets.
///
/// # Errors
/// The common ground of two cells cannot be computed.
pub fn impact(ground: &PlanningGround, of: &ImpactOf<'_>) -> Result<ImpactReport, EngineFault> {
    let (base, draft) = (of.base, of.draft);
    let all_base: Vec<&CellGeometry> = base.iter().map(|c| c.geometry).collect();
    let all_draft: Vec<&CellGeometry> = draft.iter().map(|c| c.geometry).collect();
    let same = same_ground(&all_base, &all_draft);
    let mut kept = vec![false; draft.len()];
    let mut changed_base = Vec::new();
    for (i, j) in same.iter().enumerate() {
        match j {
            Some(j) if base[i].code == draft[*j].code => kept[*j] = true,
            _ => changed_base.push(i),
        }
    }
    let changed_draft: Vec<usize> = (0..draft.len()).filter(|j| !kept[*j]).collect();
    let unchanged = base.len() - changed_base.len();
    if changed_base.is_empty() && changed_draft.is_empty() {
        return Ok(ImpactReport { unchanged, ..ImpactReport::default() });
    }

    let a: Vec<&CellGeometry> = changed_base.iter().map(|i| all_base[*i]).collect();
    let b: Vec<&CellGeometry> = changed_draft.iter().map(|j| all_draft[*j]).collect();
    let mut pairs = commons(&a, &b)?;
    let area_m2 = |g: &&CellGeometry| geometry_area_m2(g);
    let (a_m2, b_m2): (Vec<f64>, Vec<f64>) = (a.iter().map(area_m2).collect(), b.iter().map(area_m2).collect());
    let mut lines = lineage::lines(&pairs, &a_m2, &b_m2, |_| None);
    for pair in &mut pairs {
        (pair.a, pair.b) = (changed_base[pair.a], changed_draft[pair.b]);
    }
    for line in &mut lines {
        (line.from, line.to) = (line.from.map(|i| changed_base[i]), line.to.map(|j| changed_draft[j]));
    }

    let mut books = Books::new(ground, of, &changed_base, &changed_draft);
    books.ground(&pairs);
    books.points();
    books.staff();
    let cells = cells(of, &lines, &books);
    Ok(ImpactReport { cells, flows: books.flows(), unchanged })
}

/// The changed cells: each base cell with the draft cell that goes on with it, then the draft cells that go on with none.
fn cells(of: &ImpactOf<'_>, lines: &[LineageLine], books: &Books<'_>) -> Vec<CellImpact> {
    let [before, after] = books.totals();
    // What became of a cell is what became of most of its ground.
    let (mut of_base, mut of_draft): (Fates, Fates) = (Fates::new(), Fates::new());
    for line in lines {
        for (fates, cell, share) in [(&mut of_base, line.from, line.share_of_from), (&mut of_draft, line.to, line.share_of_to)] {
            let Some(cell) = cell else { continue };
            let best = fates.entry(cell).or_insert((share, line.kind));
            if share > best.0 || (share == best.0 && line.kind < best.1) {
                *best = (share, line.kind);
            }
        }
    }
    let mut heirs = heirs(of, books);
    let mut found = Vec::new();
    let mut with_base = vec![false; of.draft.len()];
    for &i in books.changed_base {
        let draft = heirs.remove(&i);
        if let Some(j) = draft {
            with_base[j] = true;
        }
        found.push(CellImpact {
            base: Some(i),
            draft,
            kind: of_base.get(&i).map_or(LineageKind::Retired, |f| f.1),
            before: Some(before.get(&i).copied().unwrap_or_default()),
            after: draft.map(|j| after.get(&j).copied().unwrap_or_default()),
        });
    }
    found.extend(books.changed_draft.iter().filter(|j| !with_base[**j]).map(|j| CellImpact {
        base: None,
        draft: Some(*j),
        kind: of_draft.get(j).map_or(LineageKind::New, |f| f.1),
        before: None,
        after: Some(after.get(j).copied().unwrap_or_default()),
    }));
    found
}

type Fates = HashMap<usize, (f64, LineageKind)>;

/// For each changed base cell the draft cell that goes on with it; of several with its code the one with most of its ground,
/// and no draft cell for two.
fn heirs(of: &ImpactOf<'_>, books: &Books<'_>) -> HashMap<usize, usize> {
    let mut wished: Vec<(usize, f64, usize)> = Vec::new();
    for &i in books.changed_base {
        let with_code = books.heirs_by_code(of.base[i].code);
        wished.extend(with_code.iter().map(|j| (i, books.common_m2(i, *j), *j)));
    }
    wished.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    let (mut heirs, mut taken) = (HashMap::new(), HashSet::new());
    for (i, _, j) in wished {
        if !heirs.contains_key(&i) && taken.insert(j) {
            heirs.insert(i, j);
        }
    }
    heirs
}

/// Whether a draft cell is a base cell that goes on: by its code, or by the code it had.
fn goes_on(of: &ImpactOf<'_>, i: usize, j: usize) -> bool {
    let (code, cell) = (of.base[i].code, &of.draft[j]);
    !code.is_empty() && (cell.code == code || cell.former_code == code)
}
