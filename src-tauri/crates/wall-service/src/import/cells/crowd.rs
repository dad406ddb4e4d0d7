//! Whether so many cells lie over each other that comparing them pair by pair would not end.

use wall_core::{CellRecord, GridPoint};

/// Pairs of cells whose boxes have ground in common, at most: ten times what a city has that is in the file twice.
const MAX_PAIRS: usize = 400_000;
/// Steps of the search for them.
const MAX_STEPS: usize = 2_000_000_000;

/// Whether more cells lie over each other than are compared.
pub(super) fn is_crowded(records: &[CellRecord]) -> bool {
    !few_pairs(records.iter().filter_map(|r| r.geometry.bounds()).collect(), MAX_PAIRS)
}

/// Whether at most `most` pairs of boxes have ground in common. O(n log n + pairs of boxes side by side).
fn few_pairs(mut boxes: Vec<(GridPoint, GridPoint)>, most: usize) -> bool {
    boxes.sort_unstable_by_key(|(lo, _)| lo.x);
    let (mut pairs, mut steps) = (0, 0);
    for (i, (lo, hi)) in boxes.iter().enumerate() {
        for (other_lo, other_hi) in boxes[i + 1..].iter().take_while(|(other, _)| other.x < hi.x) {
            pairs += usize::from(other_lo.y < hi.y && other_hi.y > lo.y);
            steps += 1;
            if pairs > most || steps > MAX_STEPS {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_few_and_piles_are_many() {
        let square = |x: i64, y: i64, side: i64| (GridPoint { x, y }, GridPoint { x: x + side, y: y + side });
        let grid = (0..10_000).map(|i| square(i % 100 * 10, i / 100 * 10, 10)).collect();
        assert!(few_pairs(grid, 0), "neighbours only touch");
        let pile: Vec<_> = (0..4_000).map(|i| square(i, i, 10_000)).collect();
        assert!(!few_pairs(pile.clone(), MAX_PAIRS));
        assert!(few_pairs(pile[..500].to_vec(), MAX_PAIRS));
    }
}
