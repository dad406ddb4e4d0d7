//! Numbers for cells in reading order: 从西到东、从北到南.

use std::collections::{BTreeMap, BTreeSet};

use super::CodeScheme;
use crate::coded::coded;
use crate::planning::PlannedCell;
use crate::{CellGeometry, Place, label_point};

/// A community has no running number left.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("community {community} has used all {capacity} running numbers")]
pub struct CodeOverflow {
    /// Which one.
    pub community: String,
    /// How many it had.
    pub capacity: u64,
}

coded! {
    /// Why a cell got no code.
    NumberingFault {
        /// It has no community.
        CommunityMissing = "community_missing",
        /// What it has as community is no code of one.
        CommunityForm = "community_form",
        /// The community's running numbers are used up.
        Overflow = "code_overflow",
    }
}

/// The codes that were given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbering {
    /// Position of the cell and its new code, in the order of the codes' giving.
    pub codes: Vec<(usize, String)>,
    /// Position of each cell that got none, and why.
    pub refused: Vec<(usize, NumberingFault)>,
}

/// Gives new codes to the cells at the positions `which` (all of them: to number a plan anew; those without a code: to
/// complete it), community by community in [`reading_order`]. `given` are all codes ever given in the network, by this plan
/// or an earlier one, retired or not; none of them, and none that a cell not in `which` has, is given again.
/// O(n log n) and the label points of the cells in `which`.
pub fn number_cells(scheme: &CodeScheme, cells: &[PlannedCell<'_>], which: &[usize], given: &BTreeSet<String>) -> Numbering {
    let mut numbering = Numbering::default();
    let which: BTreeSet<usize> = which.iter().copied().filter(|i| *i < cells.len()).collect();
    let mut by_community: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in &which {
        let community = cells[i].community_code;
        if community.is_empty() {
            numbering.refused.push((i, NumberingFault::CommunityMissing));
        } else if !scheme.is_community(community) {
            numbering.refused.push((i, NumberingFault::CommunityForm));
        } else {
            by_community.entry(community).or_default().push(i);
        }
    }
    let mut staying: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (_, cell) in cells.iter().enumerate().filter(|(i, _)| !which.contains(i)) {
        let prefix = cell.code.get(..scheme.community_len).unwrap_or("");
        staying.entry(prefix).or_default().insert(cell.code.to_owned());
    }
    for (community, members) in by_community {
        let mut taken: BTreeSet<String> =
            given.range(community.to_owned()..).take_while(|c| c.starts_with(community)).cloned().collect();
        taken.extend(staying.remove(community).unwrap_or_default());
        let grounds: Vec<&CellGeometry> = members.iter().map(|i| cells[*i].geometry).collect();
        let mut full = false;
        for i in reading_order(&grounds).into_iter().map(|k| members[k]) {
            match scheme.next_code(community, &taken) {
                Ok(code) if !full => {
                    taken.insert(code.clone());
                    numbering.codes.push((i, code));
                }
                _ => {
                    full = true;
                    numbering.refused.push((i, NumberingFault::Overflow));
                }
            }
        }
    }
    numbering.refused.sort();
    numbering
}

/// Rows are so high, as a share of the median height of the cells: label points of one row scatter by less, those of the
/// next are farther south.
const ROW: f64 = 0.6;

/// The order in which cells are numbered: in rows from north to south, each from west to east, as one reads.
///
/// A row begins at the northernmost label point left and takes every label point that lies less than 0.6 of the cells'
/// median height farther south; inside the row longitude decides, then latitude from the north, then position.
/// O(n log n) and the label points.
pub fn reading_order(cells: &[&CellGeometry]) -> Vec<usize> {
    let labels: Vec<Place> = cells.iter().map(|c| label_point(c)).collect();
    let mut heights: Vec<i64> = cells.iter().filter_map(|c| c.bounds()).map(|(lo, hi)| hi.y - lo.y).collect();
    heights.sort_unstable();
    let row_deg = heights.get(heights.len() / 2).map_or(0.0, |h| *h as f64 / crate::GridPoint::PER_DEGREE * ROW);
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|a, b| labels[*b].lat.total_cmp(&labels[*a].lat).then(a.cmp(b)));
    let mut start = 0;
    while start < order.len() {
        let north = labels[order[start]].lat;
        let end = start + order[start..].iter().take_while(|i| north - labels[**i].lat <= row_deg).count();
        let key = |i: &usize| (labels[*i].lon, -labels[*i].lat);
        order[start..end].sort_by(|a, b| {
            let (a_key, b_key) = (key(a), key(b));
            a_key.0.total_cmp(&b_key.0).then(a_key.1.total_cmp(&b_key.1)).then(a.cmp(b))
        });
        start = end.max(start + 1);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GridPoint, GridPolygon};
    use proptest::prelude::*;

    const C: &str = "330106002001";

    fn square(x: i64, y: i64) -> CellGeometry {
        let at = |dx: i64, dy: i64| GridPoint { x: 120_000_000_000 + (x + dx) * 10_000, y: 30_000_000_000 + (y + dy) * 10_000 };
        CellGeometry {
            polygons: vec![GridPolygon { outer: vec![at(0, 0), at(100, 0), at(100, 100), at(0, 100)], holes: vec![] }],
        }
    }

    #[test]
    fn rows_read_from_the_west_though_cells_are_shifted() {
        // Three rows of three, each cell pushed up or down by up to 20 %.
        let shift = [12, -20, 7, 0, 19, -13, -20, 20, 3];
        let grounds: Vec<CellGeometry> = (0..9).map(|i| square(i % 3 * 100, -(i / 3) * 100 + shift[i as usize])).collect();
        let back: Vec<&CellGeometry> = grounds.iter().rev().collect();
        assert_eq!(reading_order(&back), (0..9).rev().collect::<Vec<_>>());
        assert_eq!(reading_order(&[]), Vec::<usize>::new());
    }

    #[test]
    fn communities_count_for_themselves_and_refusals_say_why() {
        let grounds: Vec<CellGeometry> = (0..5).map(|i| square(i * 100, 0)).collect();
        let mut cells: Vec<PlannedCell> = grounds.iter().enumerate().map(|(i, g)| PlannedCell::of(i, "", g)).collect();
        for (cell, community) in cells.iter_mut().zip([C, "330106002002", C, "", "33"]) {
            cell.community_code = community;
        }
        let given = BTreeSet::from([format!("{C}001")]);
        let done = number_cells(&CodeScheme::default(), &cells, &[4, 3, 2, 1, 0, 99], &given);
        assert_eq!(done.codes, vec![(0, format!("{C}002")), (2, format!("{C}003")), (1, "330106002002001".into())]);
        assert_eq!(done.refused, vec![(3, NumberingFault::CommunityMissing), (4, NumberingFault::CommunityForm)]);
        // A number a cell has that is not numbered anew is not given to another, even when nobody listed it.
        cells[2].code = "330106002001007";
        let done = number_cells(&CodeScheme::default(), &cells, &[0], &given);
        assert_eq!(done.codes, vec![(0, format!("{C}008"))]);
    }

    #[test]
    fn a_full_community_is_told_cell_by_cell() {
        let scheme = CodeScheme { sequence_len: 1, ..CodeScheme::default() };
        let grounds: Vec<CellGeometry> = (0..12).map(|i| square(i * 100, 0)).collect();
        let cells: Vec<PlannedCell> =
            grounds.iter().enumerate().map(|(i, g)| PlannedCell { community_code: C, ..PlannedCell::of(i, "", g) }).collect();
        let done = number_cells(&scheme, &cells, &(0..12).collect::<Vec<_>>(), &BTreeSet::new());
        assert_eq!(done.codes.len(), 9);
        assert_eq!(done.refused, (9..12).map(|i| (i, NumberingFault::Overflow)).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn no_code_is_ever_given_twice(rounds in prop::collection::vec(prop::collection::vec(0usize..12, 0..8), 1..8), digits in 1usize..3) {
            let scheme = CodeScheme { sequence_len: digits, ..CodeScheme::default() };
            let grounds: Vec<CellGeometry> = (0..12).map(|i| square(i % 4 * 100, i / 4 * 100)).collect();
            let mut codes = vec![String::new(); 12];
            let mut given = BTreeSet::new();
            for which in rounds {
                let cells: Vec<PlannedCell> = grounds.iter().enumerate()
                    .map(|(i, g)| PlannedCell { community_code: C, ..PlannedCell::of(i, &codes[i], g) }).collect();
                let done = number_cells(&scheme, &cells, &which, &given);
                let asked: BTreeSet<usize> = which.into_iter().collect();
                prop_assert_eq!(done.codes.len() + done.refused.len(), asked.len());
                for (i, code) in done.codes {
                    prop_assert!(given.insert(code.clone()), "{} was given before", code);
                    prop_assert_eq!(scheme.fault(&code, C), None);
                    codes[i] = code;
                }
                prop_assert!(done.refused.is_empty() || given.len() as u64 == scheme.capacity());
            }
        }
    }
}
