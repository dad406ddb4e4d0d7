//! Blocks divided into groups that hang together: cut a spanning tree at its best edge, and each half again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::partition::{HOLDS_M, encloses};
use crate::planning::{Band, Block, BlockBorder};

/// Border along an arterial or water costs so much of what it costs along a lane: cells should end there.
pub(super) const DIVIDING_COST: f64 = 0.25;
/// So many of the best cuts are looked at for holes.
const LOOKED_AT: usize = 12;

/// What a border costs as a border of cells, m.
pub(super) fn cost(border: &BlockBorder) -> f64 {
    border.border_m - (1.0 - DIVIDING_COST) * border.dividing_m
}

/// A cut: which blocks come off, how many cells they are to be.
struct Cut {
    part: BTreeSet<usize>,
    cells: usize,
    /// Households beyond what so many cells can have, on both sides.
    beyond: f64,
    /// Share by which the side misses its part of the households.
    uneven: f64,
    cost: f64,
}

/// Blocks that hang together as `count` groups that do (fewer when there are fewer blocks). O(count × blocks²) at worst.
pub(super) fn split(blocks: &[Block], members: &BTreeSet<usize>, count: usize, band: Band) -> Vec<BTreeSet<usize>> {
    let count = count.min(members.len());
    if count <= 1 {
        return vec![members.clone()];
    }
    let mut cuts: Vec<Cut> = trees(blocks, members).iter().flat_map(|tree| cuts_of(blocks, members, tree, count, band)).collect();
    let key = |c: &Cut| c.cost * (1.0 + 2.0 * c.uneven);
    cuts.sort_by(|a, b| {
        a.beyond.total_cmp(&b.beyond).then(key(a).total_cmp(&key(b))).then(a.part.cmp(&b.part)).then(a.cells.cmp(&b.cells))
    });
    let rest = |c: &Cut| -> BTreeSet<usize> { members.difference(&c.part).copied().collect() };
    let open = |c: &&Cut| !encloses(blocks, &c.part, members) && !encloses(blocks, &rest(c), members);
    let Some(best) = cuts.iter().take(LOOKED_AT).find(open).or(cuts.first()) else { return vec![members.clone()] };
    let mut groups = split(blocks, &best.part, best.cells, band);
    groups.extend(split(blocks, &rest(best), count - best.cells, band));
    groups
}

/// A spanning tree: each block's parent, in an order in which parents come first.
type Tree = Vec<(usize, Option<usize>)>;

/// Several trees, so that there are several ways to cut: one that joins across lanes before it joins across arterials, and
/// breadth-first ones from the four ends.
fn trees(blocks: &[Block], members: &BTreeSet<usize>) -> Vec<Tree> {
    let corner = |b: &usize| blocks[*b].geometry.bounds().map_or((0, 0), |(lo, hi)| (lo.x + hi.x, lo.y + hi.y));
    let ends = [
        members.iter().min_by_key(|b| corner(b)),
        members.iter().max_by_key(|b| corner(b)),
        members.iter().min_by_key(|b| (corner(b).1, corner(b).0)),
        members.iter().max_by_key(|b| (corner(b).1, corner(b).0)),
    ];
    let roots: BTreeSet<usize> = ends.into_iter().flatten().copied().collect();
    let mut trees: Vec<Tree> = roots.iter().map(|root| walk(*root, |b| neighbours(blocks, members, b))).collect();
    let joined = joined_across_lanes(blocks, members);
    trees.extend(members.first().map(|root| walk(*root, |b| joined.get(&b).into_iter().flatten().copied().collect())));
    trees
}

fn neighbours(blocks: &[Block], members: &BTreeSet<usize>, block: usize) -> Vec<usize> {
    let near = blocks[block].neighbours.iter().filter(|n| n.border_m >= HOLDS_M && members.contains(&n.block));
    near.map(|n| n.block).collect()
}

fn walk(root: usize, beside: impl Fn(usize) -> Vec<usize>) -> Tree {
    let mut tree = vec![(root, None)];
    let mut seen = BTreeSet::from([root]);
    let mut open = VecDeque::from([root]);
    while let Some(b) = open.pop_front() {
        for n in beside(b) {
            if seen.insert(n) {
                tree.push((n, Some(b)));
                open.push_back(n);
            }
        }
    }
    tree
}

/// The tree (Kruskal's) that takes the border which would cost most as a border of cells first.
fn joined_across_lanes(blocks: &[Block], members: &BTreeSet<usize>) -> BTreeMap<usize, Vec<usize>> {
    let mut borders: Vec<(f64, usize, usize)> = members
        .iter()
        .flat_map(|b| blocks[*b].neighbours.iter().map(move |n| (b, n)))
        .filter(|(b, n)| **b < n.block && n.border_m >= HOLDS_M && members.contains(&n.block))
        .map(|(b, n)| (cost(n), *b, n.block))
        .collect();
    borders.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut root: BTreeMap<usize, usize> = members.iter().map(|b| (*b, *b)).collect();
    fn find(root: &BTreeMap<usize, usize>, mut b: usize) -> usize {
        while let Some(up) = root.get(&b).copied().filter(|up| *up != b) {
            b = up;
        }
        b
    }
    let mut tree: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (_, a, b) in borders {
        let (ra, rb) = (find(&root, a), find(&root, b));
        if ra != rb {
            root.insert(ra.max(rb), ra.min(rb));
            tree.entry(a).or_default().push(b);
            tree.entry(b).or_default().push(a);
        }
    }
    tree
}

/// All cuts of a tree: for each edge the part below it, as the number of cells that suits its households (and one more or
/// less).
fn cuts_of(blocks: &[Block], members: &BTreeSet<usize>, tree: &Tree, count: usize, band: Band) -> Vec<Cut> {
    let households = |b: usize| blocks[b].households.unwrap_or(0.0);
    let total: f64 = members.iter().map(|b| households(*b)).sum();
    let mut below: BTreeMap<usize, (f64, BTreeSet<usize>)> = BTreeMap::new();
    let mut cuts = Vec::new();
    for (b, parent) in tree.iter().rev() {
        let (mut sum, mut part) = below.remove(b).unwrap_or_default();
        sum += households(*b);
        part.insert(*b);
        let Some(parent) = parent else { continue };
        let fair = sum / (total / count as f64).max(1e-9);
        let cells: BTreeSet<usize> = [fair.floor(), fair.ceil()].into_iter().map(|k| (k as usize).clamp(1, count - 1)).collect();
        for cells in cells.into_iter().filter(|k| part.len() >= *k && members.len() - part.len() >= count - k) {
            let wide = |n: usize| Band { low: band.low * n as f64, high: band.high * n as f64 };
            let beyond = wide(cells).beyond(sum) + wide(count - cells).beyond(total - sum);
            let uneven = (fair / cells as f64 - 1.0).abs();
            cuts.push(Cut { part: part.clone(), cells, beyond, uneven, cost: cut_cost(blocks, members, &part) });
        }
        let up = below.entry(*parent).or_default();
        up.0 += sum;
        up.1.append(&mut part);
    }
    cuts
}

/// What the border between a part and the rest costs.
fn cut_cost(blocks: &[Block], members: &BTreeSet<usize>, part: &BTreeSet<usize>) -> f64 {
    let out = |n: &&BlockBorder| members.contains(&n.block) && !part.contains(&n.block);
    part.iter().flat_map(|b| &blocks[*b].neighbours).filter(out).map(cost).sum()
}
