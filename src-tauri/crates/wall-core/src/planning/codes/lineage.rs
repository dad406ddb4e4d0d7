//! What became of what (沿革): cells of a plan and of the one it was drawn from, by the ground they share.

use crate::coded::coded;
use crate::planning::overlaps::{Common, Shared, commons};
use crate::planning::{PlannedCell, PlanningGround};
use crate::{CellGeometry, EngineFault, geometry_area_m2};

coded! {
    /// How a cell came from another.
    LineageKind {
        /// The same ground (its code may be another).
        Same = "same",
        /// The same cell with another border.
        Reshaped = "reshaped",
        /// One of several cells that came from one.
        Split = "split",
        /// Several cells went into one.
        Merged = "merged",
        /// Less than half of either: ground that changed hands between cells which both went on.
        Moved = "moved",
        /// On ground that was no cell's.
        New = "new",
        /// Its ground is no cell's any more.
        Retired = "retired",
    }
}

/// One line: ground of the cell `from` is now in the cell `to`.
#[derive(Clone, PartialEq, Debug)]
pub struct LineageLine {
    /// How.
    pub kind: LineageKind,
    /// Position in the base plan; `None` for a new cell.
    pub from: Option<usize>,
    /// Position in the draft; `None` for a cell that is gone.
    pub to: Option<usize>,
    /// m².
    pub area_m2: f64,
    /// Share of the first one's ground, 0 … 1.
    pub share_of_from: f64,
    /// Share of the second one's ground, 0 … 1.
    pub share_of_to: f64,
    /// Households of the buildings on that ground, when a ground is given and they tell any.
    pub households: Option<f64>,
}

/// Shares closer to all than this are all: borders brought onto each other leave traces.
const ALL: f64 = 1e-6;
/// Less than this share of both is a trace.
const TRACE: f64 = 1e-6;

/// The lineage of a draft: a line for each pair of cells that share ground, and one for each that shares none; by `from`,
/// then `to`, new cells last. With a `ground`, households of each line's buildings (one exactly on the border between two
/// lines counts for the first). O(n log n + pairs × overlay).
///
/// # Errors
/// The common ground of two cells cannot be computed.
pub fn lineage(
    base: &[PlannedCell<'_>],
    draft: &[PlannedCell<'_>],
    ground: Option<&PlanningGround>,
) -> Result<Vec<LineageLine>, EngineFault> {
    let of = |cells: &[PlannedCell<'_>]| -> Vec<f64> { cells.iter().map(|c| geometry_area_m2(c.geometry)).collect() };
    let (base_m2, draft_m2) = (of(base), of(draft));
    let a: Vec<&CellGeometry> = base.iter().map(|c| c.geometry).collect();
    let b: Vec<&CellGeometry> = draft.iter().map(|c| c.geometry).collect();
    let households = |c: &Common| ground.and_then(|g| g.households_in(c.geometry(a[c.a], b[c.b])));
    Ok(lines(&commons(&a, &b)?, &base_m2, &draft_m2, households))
}

pub(in crate::planning) fn lines(
    commons: &[Common],
    base_m2: &[f64],
    draft_m2: &[f64],
    households: impl Fn(&Common) -> Option<f64>,
) -> Vec<LineageLine> {
    let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
    let shares = |c: &Common| (share(c.area_m2, base_m2[c.a]), share(c.area_m2, draft_m2[c.b]));
    // How many cells went (mostly) into each draft cell, and came (mostly) out of each base cell.
    let (mut into, mut out_of) = (vec![0; draft_m2.len()], vec![0; base_m2.len()]);
    for c in commons {
        let (of_from, of_to) = shares(c);
        into[c.b] += usize::from(of_from >= 0.5);
        out_of[c.a] += usize::from(of_to >= 0.5);
    }
    let (mut seen_a, mut seen_b) = (vec![false; base_m2.len()], vec![false; draft_m2.len()]);
    let mut lines = Vec::new();
    for c in commons {
        let (of_from, of_to) = shares(c);
        if of_from < TRACE && of_to < TRACE {
            continue;
        }
        (seen_a[c.a], seen_b[c.b]) = (true, true);
        let kind = if c.ground == Shared::Same || (of_from > 1.0 - ALL && of_to > 1.0 - ALL) {
            LineageKind::Same
        } else if of_from >= 0.5 && into[c.b] > 1 {
            LineageKind::Merged
        } else if of_to >= 0.5 && out_of[c.a] > 1 {
            LineageKind::Split
        } else if of_from >= 0.5 || of_to >= 0.5 {
            LineageKind::Reshaped
        } else {
            LineageKind::Moved
        };
        lines.push(LineageLine {
            kind,
            from: Some(c.a),
            to: Some(c.b),
            area_m2: c.area_m2,
            share_of_from: of_from,
            share_of_to: of_to,
            households: households(c),
        });
    }
    let alone = |kind, from: Option<usize>, to: Option<usize>, area_m2: f64| LineageLine {
        kind,
        from,
        to,
        area_m2,
        share_of_from: f64::from(u8::from(from.is_some())),
        share_of_to: f64::from(u8::from(to.is_some())),
        households: None,
    };
    let gone = (0..base_m2.len()).filter(|i| !seen_a[*i]);
    lines.extend(gone.map(|i| alone(LineageKind::Retired, Some(i), None, base_m2[i])));
    lines.sort_by_key(|l| (l.from, l.to));
    let new = (0..draft_m2.len()).filter(|j| !seen_b[*j]);
    lines.extend(new.map(|j| alone(LineageKind::New, None, Some(j), draft_m2[j])));
    lines
}
