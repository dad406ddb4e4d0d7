//! Blocks in groups: what moving one of them does to households and form, and whether the groups stay in one piece.

use std::collections::{BTreeMap, BTreeSet};

use super::Block;
use super::shape::compactness;

/// Less border than this does not hold blocks together: they only meet in a point, or nearly, m.
pub(super) const HOLDS_M: f64 = 2.0;

/// A group of blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub households: f64,
    pub area_m2: f64,
    pub perimeter_m: f64,
    pub members: BTreeSet<usize>,
}

impl Group {
    pub fn compactness(&self) -> f64 {
        compactness(self.area_m2, self.perimeter_m)
    }
}

/// Which group each block is in.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition<'a> {
    pub blocks: &'a [Block],
    pub group_of: Vec<usize>,
    pub groups: BTreeMap<usize, Group>,
}

impl<'a> Partition<'a> {
    /// Blocks in the groups given; O(blocks + borders).
    pub fn new(blocks: &'a [Block], group_of: Vec<usize>) -> Self {
        let mut partition = Self { blocks, group_of, groups: BTreeMap::new() };
        for (b, block) in blocks.iter().enumerate() {
            let inner_m = partition.border_m(b, partition.group_of[b]);
            let group = partition.groups.entry(partition.group_of[b]).or_default();
            group.households += block.households.unwrap_or(0.0);
            group.area_m2 += block.area_m2;
            // Each inner border is seen from both of its blocks.
            group.perimeter_m += block.perimeter_m - inner_m;
            group.members.insert(b);
        }
        partition
    }

    /// Border that a block has with the blocks of a group, m.
    pub fn border_m(&self, block: usize, group: usize) -> f64 {
        self.blocks[block].neighbours.iter().filter(|n| self.group_of[n.block] == group).map(|n| n.border_m).sum()
    }

    /// How much of that divides, m.
    pub fn dividing_m(&self, block: usize, group: usize) -> f64 {
        self.blocks[block].neighbours.iter().filter(|n| self.group_of[n.block] == group).map(|n| n.dividing_m).sum()
    }

    /// Groups beside a block, other than its own.
    pub fn groups_beside(&self, block: usize) -> BTreeSet<usize> {
        let own = self.group_of[block];
        self.blocks[block].neighbours.iter().map(|n| self.group_of[n.block]).filter(|g| *g != own).collect()
    }

    /// What `look` sees while a block is in another group; afterwards everything is as it was, to the last bit.
    pub fn with_move<T>(&mut self, block: usize, to: usize, look: impl FnOnce(&mut Self) -> T) -> T {
        let from = self.group_of[block];
        let numbers = |p: &Self, g: usize| p.groups.get(&g).map(|g| (g.households, g.area_m2, g.perimeter_m));
        let before = [from, to].map(|g| (g, numbers(self, g)));
        self.move_to(block, to);
        let seen = look(self);
        self.move_to(block, from);
        for (g, numbers) in before {
            match (numbers, self.groups.get_mut(&g)) {
                (Some(n), Some(group)) => (group.households, group.area_m2, group.perimeter_m) = n,
                _ => _ = self.groups.remove(&g),
            }
        }
        seen
    }

    /// Moves a block.
    pub fn move_to(&mut self, block: usize, to: usize) {
        let from = self.group_of[block];
        let (with_from, with_to) = (self.border_m(block, from), self.border_m(block, to));
        let b = &self.blocks[block];
        let households = b.households.unwrap_or(0.0);
        if let Some(giver) = self.groups.get_mut(&from) {
            giver.households -= households;
            giver.area_m2 -= b.area_m2;
            giver.perimeter_m += 2.0 * with_from - b.perimeter_m;
            giver.members.remove(&block);
        }
        let taker = self.groups.entry(to).or_default();
        taker.households += households;
        taker.area_m2 += b.area_m2;
        taker.perimeter_m += b.perimeter_m - 2.0 * with_to;
        taker.members.insert(block);
        self.group_of[block] = to;
    }

    /// In how many pieces a group would be without a block (its own pieces when it is not in it). O(members + borders).
    pub fn pieces_without(&self, group: usize, without: Option<usize>) -> usize {
        let Some(g) = self.groups.get(&group) else { return 0 };
        let members: BTreeSet<usize> = g.members.iter().copied().filter(|b| Some(*b) != without).collect();
        pieces(self.blocks, &members)
    }
}

/// Whether some block of `all` outside a group could not reach the outside of `all` without crossing the group: then the
/// group has a hole. O(all + borders).
pub(super) fn encloses(blocks: &[Block], group: &BTreeSet<usize>, all: &BTreeSet<usize>) -> bool {
    let rest: BTreeSet<usize> = all.difference(group).copied().collect();
    let reaches_out = |b: usize| {
        let within: f64 = blocks[b].neighbours.iter().filter(|n| all.contains(&n.block)).map(|n| n.border_m).sum();
        blocks[b].perimeter_m - within > HOLDS_M
    };
    let mut seen: BTreeSet<usize> = rest.iter().copied().filter(|b| reaches_out(*b)).collect();
    let mut open: Vec<usize> = seen.iter().copied().collect();
    while let Some(b) = open.pop() {
        open.extend(held(blocks, b).filter(|n| rest.contains(n) && seen.insert(*n)));
    }
    seen.len() < rest.len()
}

/// Blocks that a block hangs together with.
pub(super) fn held(blocks: &[Block], block: usize) -> impl Iterator<Item = usize> + '_ {
    blocks[block].neighbours.iter().filter(|n| n.border_m >= HOLDS_M).map(|n| n.block)
}

/// In how many pieces some blocks are.
fn pieces(blocks: &[Block], members: &BTreeSet<usize>) -> usize {
    components(blocks, members).len()
}

/// The pieces some blocks are in, each sorted, by their first block.
pub(super) fn components(blocks: &[Block], members: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
    let mut left = members.clone();
    let mut found = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut piece = BTreeSet::from([first]);
        let mut open = vec![first];
        while let Some(b) = open.pop() {
            for n in held(blocks, b) {
                if left.remove(&n) {
                    piece.insert(n);
                    open.push(n);
                }
            }
        }
        found.push(piece);
    }
    found
}
