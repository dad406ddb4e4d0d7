//! Two networks over the same ground: which cells fall into which, and what could be merged (多网合一).

use super::PlannedCell;
use super::overlaps::commons;
use crate::{CellGeometry, EngineFault, geometry_area_m2};

/// A cell of one network and a cell of another that share ground.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OverlayLine {
    /// Position in the first network.
    pub a: usize,
    /// Position in the second.
    pub b: usize,
    /// Common ground, m².
    pub area_m2: f64,
    /// Share of the first one's ground, 0 … 1.
    pub share_of_a: f64,
    /// Share of the second one's ground, 0 … 1.
    pub share_of_b: f64,
    /// No cell of the second network has more of the first one's ground (of equal ones the first).
    pub best_for_a: bool,
    /// No cell of the first network has more of the second one's ground.
    pub best_for_b: bool,
}

/// How two networks agree.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NetworkOverlay {
    /// A line for each pair with common ground, by `a`, then the largest first.
    pub lines: Vec<OverlayLine>,
    /// For each cell of the first network, m² that lie in no cell of the second.
    pub only_a_m2: Vec<f64>,
    /// For each cell of the second network, m² that lie in no cell of the first.
    pub only_b_m2: Vec<f64>,
    /// What merging could start from.
    pub candidates: Vec<MergeCandidate>,
}

/// A cell of the second network that is, but for a small rest, made of whole cells of the first: giving each of those wholly
/// to it makes the networks agree there.
#[derive(Clone, PartialEq, Debug)]
pub struct MergeCandidate {
    /// Position in the second network.
    pub b: usize,
    /// Positions in the first network of the cells that would make it up, ascending.
    pub members: Vec<usize>,
    /// Ground that would change hands in the second network, m²: parts of members outside it, and its parts in other cells.
    pub moved_m2: f64,
    /// The same as a share of its ground.
    pub moved_share: f64,
}

/// Compares two networks. A cell of the second is a [`MergeCandidate`] when making it up from whole cells of the first (each
/// goes to the cell that has most of it) moves at most `most_moved` of its ground (0.05 is a fair start); least moved first.
/// Strips thinner than a millimetre do not count. O(n log n + pairs × overlay).
///
/// # Errors
/// The common ground of two cells cannot be computed.
pub fn network_overlay(a: &[PlannedCell<'_>], b: &[PlannedCell<'_>], most_moved: f64) -> Result<NetworkOverlay, EngineFault> {
    let grounds = |cells: &[PlannedCell<'_>]| -> Vec<f64> { cells.iter().map(|c| geometry_area_m2(c.geometry)).collect() };
    let (a_m2, b_m2) = (grounds(a), grounds(b));
    let a: Vec<&CellGeometry> = a.iter().map(|c| c.geometry).collect();
    let b: Vec<&CellGeometry> = b.iter().map(|c| c.geometry).collect();
    let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
    let mut lines: Vec<OverlayLine> = commons(&a, &b)?
        .into_iter()
        .map(|c| OverlayLine {
            a: c.a,
            b: c.b,
            area_m2: c.area_m2,
            share_of_a: share(c.area_m2, a_m2[c.a]),
            share_of_b: share(c.area_m2, b_m2[c.b]),
            best_for_a: false,
            best_for_b: false,
        })
        .collect();
    lines.sort_by(|p, q| p.a.cmp(&q.a).then(q.area_m2.total_cmp(&p.area_m2)).then(p.b.cmp(&q.b)));
    let (mut best_a, mut best_b): (Vec<Option<usize>>, Vec<Option<usize>>) = (vec![None; a.len()], vec![None; b.len()]);
    let (mut only_a_m2, mut only_b_m2) = (a_m2.clone(), b_m2.clone());
    for (k, line) in lines.iter().enumerate() {
        only_a_m2[line.a] = (only_a_m2[line.a] - line.area_m2).max(0.0);
        only_b_m2[line.b] = (only_b_m2[line.b] - line.area_m2).max(0.0);
        for best in [&mut best_a[line.a], &mut best_b[line.b]] {
            if best.is_none_or(|other| line.area_m2 > lines[other].area_m2) {
                *best = Some(k);
            }
        }
    }
    for k in best_a.iter().flatten() {
        lines[*k].best_for_a = true;
    }
    for k in best_b.iter().flatten() {
        lines[*k].best_for_b = true;
    }
    let candidates = candidates(&lines, &a_m2, &b_m2, most_moved);
    Ok(NetworkOverlay { lines, only_a_m2, only_b_m2, candidates })
}

fn candidates(lines: &[OverlayLine], a_m2: &[f64], b_m2: &[f64], most_moved: f64) -> Vec<MergeCandidate> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); b_m2.len()];
    // What a cell has of its members, and how large those are.
    let mut inside_m2 = vec![0.0; b_m2.len()];
    for line in lines.iter().filter(|l| l.best_for_a) {
        members[line.b].push(line.a);
        inside_m2[line.b] += line.area_m2;
    }
    let mut found: Vec<MergeCandidate> = members
        .into_iter()
        .enumerate()
        .filter(|(b, m)| !m.is_empty() && b_m2[*b] > 0.0)
        .map(|(b, members)| {
            let theirs: f64 = members.iter().map(|a| a_m2[*a]).sum();
            let moved_m2 = (theirs - inside_m2[b]).max(0.0) + (b_m2[b] - inside_m2[b]).max(0.0);
            MergeCandidate { b, members, moved_m2, moved_share: moved_m2 / b_m2[b] }
        })
        .filter(|c| c.moved_share <= most_moved)
        .collect();
    found.sort_by(|p, q| p.moved_share.total_cmp(&q.moved_share).then(p.b.cmp(&q.b)));
    found
}
