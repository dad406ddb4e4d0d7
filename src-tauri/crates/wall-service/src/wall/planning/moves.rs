//! What the last moves of a plan's head changed: whoever shows where it stood before asks only for the difference.

use super::findings::Looked;
use std::collections::{BTreeSet, VecDeque};
use wall_core::Face;

/// Moves that are kept: beyond them the whole plan is asked for.
const KEPT: usize = 256;
/// Cells in all of them together; a difference of more is hardly smaller than the plan.
const KEPT_FACES: usize = 50_000;

/// What one or more moves changed.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    /// Cells that may differ.
    pub touched: BTreeSet<Face>,
    /// What was looked at for findings.
    pub looked: Looked,
}

impl Difference {
    fn add(&mut self, other: &Self) {
        self.touched.extend(&other.touched);
        self.looked.add(&other.looked);
    }

    fn size(&self) -> usize {
        self.touched.len() + self.looked.at.len()
    }
}

/// The last moves of a head, oldest first: each with where it began.
#[derive(Default)]
pub(super) struct Moves {
    list: VecDeque<(Option<i64>, Difference)>,
    faces: usize,
}

impl Moves {
    /// The head left `from`.
    pub fn note(&mut self, from: Option<i64>, difference: Difference) {
        self.faces += difference.size();
        self.list.push_back((from, difference));
        while self.list.len() > KEPT || self.faces > KEPT_FACES {
            let Some((_, oldest)) = self.list.pop_front() else { break };
            self.faces -= oldest.size();
        }
    }

    /// What changed since the head stood on `from`, for a head that stands on `now`; `None` = that is not known any more.
    /// O(moves + cells · log cells).
    pub fn since(&self, from: Option<i64>, now: Option<i64>) -> Option<Difference> {
        let mut all = Difference::default();
        if from == now {
            return Some(all);
        }
        // An edit always means the same cells, so the last time it was left is as good as any, and the shortest way.
        let begin = self.list.iter().rposition(|(left, _)| *left == from)?;
        self.list.range(begin..).for_each(|(_, one)| all.add(one));
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touching(faces: impl IntoIterator<Item = u32>) -> Difference {
        Difference { touched: faces.into_iter().map(Face).collect(), looked: Looked::default() }
    }

    #[test]
    fn the_last_way_from_an_edit_is_taken() {
        let mut moves = Moves::default();
        // beginning → 1 → 2, back to 1, on to 3
        moves.note(None, touching([1]));
        moves.note(Some(1), touching([2]));
        moves.note(Some(2), touching([2]));
        moves.note(Some(1), touching([3]));
        let now = Some(3);
        assert_eq!(moves.since(now, now), Some(touching([])));
        assert_eq!(moves.since(Some(1), now), Some(touching([3])));
        assert_eq!(moves.since(Some(2), now), Some(touching([2, 3])));
        assert_eq!(moves.since(None, now), Some(touching([1, 2, 3])));
        assert_eq!(moves.since(Some(9), now), None, "an edit that nobody saw is a gap");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut moves = Moves::default();
        (0..1_000).for_each(|i| moves.note(Some(i), touching([i as u32])));
        assert_eq!(moves.list.len(), KEPT);
        assert_eq!(moves.since(Some(0), Some(1_000)), None);
        assert_eq!(moves.since(Some(999), Some(1_000)), Some(touching([999])));
        moves.note(Some(1_000), touching(0..KEPT_FACES as u32 + 1));
        assert_eq!(moves.since(Some(1_000), Some(1_001)), None, "a difference larger than a plan is none");
        assert_eq!(moves.faces, 0);
    }
}
