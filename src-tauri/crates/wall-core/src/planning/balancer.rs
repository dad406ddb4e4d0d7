//! Proposals: a few blocks that change cells, and bring cells into the band.

use std::collections::{BTreeMap, BTreeSet};

use super::partition::Partition;
use super::shape::Shape;
use super::{Band, BaseHouseholds, Block, CellFigures, PlannedCell, PlanningGround};
use crate::coded::coded;
use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{Operation, overlay, rings_of};
use crate::{CellGeometry, CellKind, dissolve};

/// How proposals are made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProposalRules {
    /// Where cells should come to.
    pub band: Band,
    /// At most so many moves.
    pub most_moves: usize,
    /// No cell becomes less compact than this, unless it was and becomes no worse.
    pub least_compactness: f64,
    /// Whether a block may go to a cell across an arterial or water.
    pub across_dividing: bool,
}

impl Default for ProposalRules {
    fn default() -> Self {
        Self { band: Band::default(), most_moves: 8, least_compactness: 0.2, across_dividing: false }
    }
}

/// A block goes from one cell to another. The figures are those after the moves before it.
#[derive(Clone, PartialEq, Debug)]
pub struct ProposedMove {
    /// Position of the block.
    pub block: usize,
    /// Position of the cell that gives it.
    pub from: usize,
    /// Position of the cell that takes it.
    pub to: usize,
    /// Households of the block.
    pub households: f64,
    /// Households of the giving cell before and after.
    pub from_households: [f64; 2],
    /// Households of the taking cell before and after.
    pub to_households: [f64; 2],
}

coded! {
    /// Why nothing more is proposed.
    NothingMore {
        /// Every basic cell is in the band.
        Balanced = "balanced",
        /// Nobody tells the households of the cells that would have to change.
        NoHouseholds = "no_households",
        /// No cell out of the band has more than one block, and none beside it: no streets are known.
        NoBlocks = "no_blocks",
        /// No block can change cells so that the sum of what cells are beyond the band gets less.
        NoMove = "no_move",
        /// As many moves as were asked for.
        Enough = "enough",
    }
}

/// What could be changed. Nothing is changed by it.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposals {
    /// The moves, each building on those before.
    pub moves: Vec<ProposedMove>,
    /// The cells they change, with their ground after all moves; by position.
    pub grounds: Vec<(usize, CellGeometry)>,
    /// Basic cells in the band before and after.
    pub in_band: [usize; 2],
    /// Sum over basic cells of (households beyond the band)², before and after: what the moves bring down.
    pub objective: [f64; 2],
    /// Why there are no (more) moves.
    pub reason: NothingMore,
}

/// A change under consideration: one move, or two in a row through a cell between.
#[derive(Clone, Debug)]
struct Candidate {
    steps: Vec<(usize, usize)>,
    /// By how much the sum of squares gets less.
    gain: f64,
    /// Sum of the compactness lost by the cells concerned, in millionths.
    loss: f64,
}

/// Proposes moves of whole blocks between neighbouring basic cells of one community.
///
/// Each step takes the move that brings the sum of squares (households beyond the band) down most; of equal ones the one
/// that costs least compactness; then the lowest block. When no single move helps, two in a row through a cell between are
/// tried. A move that would break a cell into parts, make a hole, leave a cell without blocks, or pull it thin is not made,
/// and the households said are those the ground has after it, counted anew. `figures[i]` are those of `cells[i]`; `blocks`
/// should cover the cells out of the band and their neighbours. The same input gives the same moves.
/// O(moves × blocks at borders × borders), and a few exact figures for each move.
pub fn proposals(
    ground: &PlanningGround,
    cells: &[PlannedCell<'_>],
    figures: &[CellFigures],
    blocks: &[Block],
    base: Option<&BaseHouseholds>,
    rules: &ProposalRules,
) -> Proposals {
    let mut balance = Balance {
        ground,
        cells,
        base,
        rules,
        households: figures.iter().map(|f| f.households).collect(),
        grounds: BTreeMap::new(),
        partition: Partition::new(blocks, blocks.iter().map(|b| b.cell).collect()),
        moves: Vec::new(),
    };
    balance.households.resize(cells.len(), None);
    let before = (balance.in_band(), balance.objective());
    let mut reason = balance.nothing_to_do();
    while reason.is_none() {
        if balance.moves.len() >= rules.most_moves {
            reason = Some(NothingMore::Enough);
        } else if !balance.step() {
            reason = Some(NothingMore::NoMove);
        } else if balance.out_of_band().next().is_none() {
            reason = Some(NothingMore::Balanced);
        }
    }
    Proposals {
        in_band: [before.0, balance.in_band()],
        objective: [before.1, balance.objective()],
        reason: reason.unwrap_or(NothingMore::NoMove),
        grounds: balance.grounds.into_iter().collect(),
        moves: balance.moves,
    }
}

/// The state after the moves so far.
struct Balance<'a> {
    ground: &'a PlanningGround,
    cells: &'a [PlannedCell<'a>],
    base: Option<&'a BaseHouseholds>,
    rules: &'a ProposalRules,
    households: Vec<Option<f64>>,
    /// Cells that are not any more as they were.
    grounds: BTreeMap<usize, CellGeometry>,
    partition: Partition<'a>,
    moves: Vec<ProposedMove>,
}

impl Balance<'_> {
    /// Basic cells with their households.
    fn counted(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.cells
            .iter()
            .enumerate()
            .filter(|(_, c)| c.kind == CellKind::Basic)
            .filter_map(|(i, _)| Some((i, self.households[i]?)))
    }

    fn out_of_band(&self) -> impl Iterator<Item = usize> + '_ {
        self.counted().filter(|(_, h)| !self.rules.band.holds(*h)).map(|(i, _)| i)
    }

    fn in_band(&self) -> usize {
        self.counted().filter(|(_, h)| self.rules.band.holds(*h)).count()
    }

    fn objective(&self) -> f64 {
        self.counted().map(|(_, h)| self.square(h)).sum()
    }

    fn square(&self, households: f64) -> f64 {
        self.rules.band.beyond(households).powi(2)
    }

    fn nothing_to_do(&self) -> Option<NothingMore> {
        let basic = self.cells.iter().filter(|c| c.kind == CellKind::Basic).count();
        let out: BTreeSet<usize> = self.out_of_band().collect();
        if out.is_empty() {
            return Some(if self.counted().count() < basic { NothingMore::NoHouseholds } else { NothingMore::Balanced });
        }
        // A block to give must leave one behind: without a cell of two blocks there is nothing to move.
        let several = |cell: &usize| self.partition.groups.get(cell).is_some_and(|g| g.members.len() > 1);
        let near = |cell: &usize| {
            let members = self.partition.groups.get(cell).map(|g| &g.members);
            members.into_iter().flatten().any(|b| self.partition.groups_beside(*b).iter().any(several))
        };
        (!out.iter().any(|c| several(c) || near(c))).then_some(NothingMore::NoBlocks)
    }

    /// Whether blocks may go from one cell to another.
    fn may(&self, from: usize, to: usize) -> bool {
        let (a, b) = (&self.cells[from], &self.cells[to]);
        a.kind == CellKind::Basic
            && b.kind == CellKind::Basic
            && a.community_code == b.community_code
            && self.households[from].is_some()
            && self.households[to].is_some()
    }

    /// All moves that keep cells in as many pieces as they are: (block, to), ascending.
    fn possible(&self, from: usize) -> Vec<(usize, usize)> {
        let partition = &self.partition;
        let Some(group) = partition.groups.get(&from).filter(|g| g.members.len() > 1) else { return Vec::new() };
        let pieces = partition.pieces_without(from, None);
        let mut moves = Vec::new();
        // A block that has been moved stays: nobody is told to give what they were just told to take.
        let moved: BTreeSet<usize> = self.moves.iter().map(|m| m.block).collect();
        for &block in group.members.iter().filter(|b| partition.blocks[**b].households.is_some() && !moved.contains(b)) {
            let to: Vec<usize> = partition.groups_beside(block).into_iter().filter(|to| self.may(from, *to)).collect();
            let holds = |to: &usize| {
                let border_m = partition.border_m(block, *to);
                let open_m = border_m - partition.dividing_m(block, *to);
                border_m >= LEAST_BORDER_M && (self.rules.across_dividing || open_m >= border_m / 2.0)
            };
            let to: Vec<usize> = to.into_iter().filter(holds).collect();
            if !to.is_empty() && partition.pieces_without(from, Some(block)) <= pieces {
                moves.extend(to.into_iter().map(|to| (block, to)));
            }
        }
        moves
    }

    /// Makes the best change there is; `false` when none helps.
    fn step(&mut self) -> bool {
        let mut candidates = self.single();
        if candidates.is_empty() && self.moves.len() + 2 <= self.rules.most_moves {
            candidates = self.chains();
        }
        candidates.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.loss.total_cmp(&b.loss)).then(a.steps.cmp(&b.steps)));
        candidates.into_iter().any(|c| self.try_out(&c.steps))
    }

    fn single(&mut self) -> Vec<Candidate> {
        let out: BTreeSet<usize> = self.out_of_band().collect();
        let givers: BTreeSet<usize> = out.iter().copied().chain(self.beside(&out)).collect();
        let mut found = Vec::new();
        for from in givers {
            for step in self.possible(from) {
                if out.contains(&from) || out.contains(&step.1) {
                    found.extend(self.weigh(&[step]));
                }
            }
        }
        found
    }

    /// Two moves in a row: from a cell out of the band to one between and on, or to it from one between that is filled up.
    fn chains(&mut self) -> Vec<Candidate> {
        let out: BTreeSet<usize> = self.out_of_band().collect();
        let near: BTreeSet<usize> = out.iter().copied().chain(self.beside(&out)).collect();
        let givers: BTreeSet<usize> = near.iter().copied().chain(self.beside(&near)).collect();
        let mut found = Vec::new();
        for from in givers {
            for first in self.possible(from) {
                let seconds = self.looking_at(first, |balance| balance.possible(first.1));
                for second in seconds.into_iter().filter(|(b, to)| *b != first.0 && *to != from) {
                    if out.contains(&from) || out.contains(&second.1) {
                        found.extend(self.weigh(&[first, second]));
                    }
                }
            }
        }
        found
    }

    /// What `look` sees after a move.
    fn looking_at<T>(&mut self, (block, to): (usize, usize), look: impl FnOnce(&mut Self) -> T) -> T {
        let mut partition = std::mem::take(&mut self.partition);
        let seen = partition.with_move(block, to, |p| {
            std::mem::swap(p, &mut self.partition);
            let seen = look(self);
            std::mem::swap(p, &mut self.partition);
            seen
        });
        self.partition = partition;
        seen
    }

    /// Cells beside some cells.
    fn beside(&self, cells: &BTreeSet<usize>) -> BTreeSet<usize> {
        let members = cells.iter().filter_map(|c| self.partition.groups.get(c)).flat_map(|g| &g.members);
        members.flat_map(|b| self.partition.groups_beside(*b)).collect()
    }

    /// What a change would bring; `None` when it brings nothing or pulls a cell thin.
    fn weigh(&mut self, steps: &[(usize, usize)]) -> Option<Candidate> {
        let mut touched: Vec<usize> = steps.iter().flat_map(|(b, to)| [self.partition.group_of[*b], *to]).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut gain = 0.0;
        for &cell in &touched {
            let had = self.households[cell]?;
            let mut has = had;
            for (block, to) in steps {
                let moved = self.partition.blocks[*block].households?;
                has += if *to == cell { moved } else { 0.0 } - if self.partition.group_of[*block] == cell { moved } else { 0.0 };
            }
            gain += self.square(had) - self.square(has);
        }
        if gain <= LEAST_GAIN {
            return None;
        }
        let form = |p: &Partition<'_>| -> Vec<f64> {
            touched.iter().map(|c| p.groups.get(c).map_or(0.0, |g| g.compactness())).collect()
        };
        let before = form(&self.partition);
        let after = match *steps {
            [(block, to)] => self.partition.with_move(block, to, |p| form(p)),
            [(block, to), (next, on)] => self.partition.with_move(block, to, |p| p.with_move(next, on, |p| form(p))),
            _ => return None,
        };
        let least = self.rules.least_compactness;
        let thin = before.iter().zip(&after).any(|(b, a)| *a < least && a < b);
        // A millionth is no difference: of two moves as good the lower block is to be chosen, not the luckier rounding.
        let loss = ((before.iter().sum::<f64>() - after.iter().sum::<f64>()) * 1e6).round();
        (!thin).then(|| Candidate { steps: steps.to_vec(), gain, loss })
    }

    /// Makes the moves for good, when the ground itself says that they are as good as they seem.
    fn try_out(&mut self, steps: &[(usize, usize)]) -> bool {
        let (mut grounds, mut households) = (self.grounds.clone(), self.households.clone());
        let mut moves = Vec::new();
        for &(block, to) in steps {
            let from = self.partition.group_of[block];
            let Some((giver, taker)) = self.exchanged(&grounds, from, to, &self.partition.blocks[block].geometry) else {
                return false;
            };
            grounds.insert(from, giver);
            grounds.insert(to, taker);
            let counted = [from, to].map(|c| self.count(&grounds, c));
            let ([Some(from_now), Some(to_now)], Some(from_was), Some(to_was)) = (counted, households[from], households[to])
            else {
                return false;
            };
            moves.push(ProposedMove {
                block,
                from,
                to,
                households: to_now - to_was,
                from_households: [from_was, from_now],
                to_households: [to_was, to_now],
            });
            (households[from], households[to]) = (Some(from_now), Some(to_now));
        }
        let touched: BTreeSet<usize> = moves.iter().flat_map(|m| [m.from, m.to]).collect();
        let sum = |h: &[Option<f64>]| touched.iter().filter_map(|c| h[*c]).map(|h| self.square(h)).sum::<f64>();
        if sum(&households) >= sum(&self.households) - LEAST_GAIN {
            return false;
        }
        (self.grounds, self.households) = (grounds, households);
        steps.iter().for_each(|(block, to)| self.partition.move_to(*block, *to));
        self.moves.extend(moves);
        true
    }

    /// Both cells after a block has gone over; `None` when one of them would be in more parts or have more holes.
    fn exchanged(
        &self,
        grounds: &BTreeMap<usize, CellGeometry>,
        from: usize,
        to: usize,
        block: &CellGeometry,
    ) -> Option<(CellGeometry, CellGeometry)> {
        let now = |c: usize| grounds.get(&c).unwrap_or(self.cells[c].geometry);
        // What cannot be computed is not proposed.
        let left = overlay(rings_of(now(from)), rings_of(block), Operation::Difference).ok()?;
        let wide = |p: &crate::GridPolygon| 2.0 * area_m2(p) > TRACE_M * p.rings().map(|r| perimeter_m(r)).sum::<f64>();
        let giver = CellGeometry { polygons: left.into_iter().filter(wide).collect() };
        let taker = dissolve([now(to), block]).ok()?;
        let form = |g: &CellGeometry| {
            let s = Shape::of(g);
            (s.parts, s.holes)
        };
        let no_worse = |g: &CellGeometry, c: usize| {
            let ((parts, holes), (parts_before, holes_before)) = (form(g), form(now(c)));
            parts > 0 && parts <= parts_before && holes <= holes_before
        };
        (no_worse(&giver, from) && no_worse(&taker, to)).then_some((giver, taker))
    }

    /// Households of a cell as the ground has them now.
    fn count(&self, grounds: &BTreeMap<usize, CellGeometry>, cell: usize) -> Option<f64> {
        let now = |i: usize| PlannedCell { geometry: grounds.get(&i).unwrap_or(self.cells[i].geometry), ..self.cells[i] };
        let asked = now(cell);
        let around: Vec<PlannedCell<'_>> = (0..self.cells.len()).map(now).collect();
        self.ground.figures(&asked, &around, self.base).households
    }
}

/// A block goes over only where it has so much border with the other cell, m.
const LEAST_BORDER_M: f64 = 15.0;
/// Less than this is no gain.
const LEAST_GAIN: f64 = 1e-6;
/// Strips left by rounding crossings onto the grid are thinner than this, m.
const TRACE_M: f64 = 0.01;
