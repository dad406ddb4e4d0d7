//! Groups made better: blocks at borders change sides while that brings groups nearer the band, or shortens borders.

use std::collections::BTreeSet;

use super::super::partition::{Partition, encloses};
use super::split::cost;
use crate::planning::{Band, Block};

/// A border shorter by less than this is no better, m.
const LEAST_M: f64 = 1.0;
/// Less than this is no gain.
const LEAST_GAIN: f64 = 1e-6;

/// The groups after all changes that help: first those that bring the sum of squares beyond the band down most; among
/// those that leave it as it is, those that save most border. Groups stay in one piece and without holes, and none is
/// emptied. Every change makes the pair (beyond, border) less, so it ends; a bound on the rounds keeps it short.
pub(super) fn refined(
    blocks: &[Block],
    members: &BTreeSet<usize>,
    groups: Vec<BTreeSet<usize>>,
    band: Band,
) -> Vec<BTreeSet<usize>> {
    // Blocks of other communities are in no group.
    let mut group_of = vec![usize::MAX; blocks.len()];
    for (g, group) in groups.iter().enumerate() {
        group.iter().for_each(|b| group_of[*b] = g);
    }
    let mut partition = Partition::new(blocks, group_of);
    for _ in 0..4 * members.len() {
        let mut changes: Vec<(f64, f64, usize, usize)> = Vec::new();
        for &b in members {
            let from = partition.group_of[b];
            for to in partition.groups_beside(b).into_iter().filter(|g| *g != usize::MAX) {
                changes.extend(weigh(&partition, b, from, to, band).map(|(gain, saved_m)| (gain, saved_m, b, to)));
            }
        }
        changes.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
        let sound = |(_, _, b, to): &&(f64, f64, usize, usize)| {
            let from = partition.group_of[*b];
            let with = |g: usize, add: bool| -> BTreeSet<usize> {
                let mut group = partition.groups[&g].members.clone();
                if add {
                    group.insert(*b)
                } else {
                    group.remove(b)
                };
                group
            };
            partition.groups[&from].members.len() > 1
                && partition.pieces_without(from, Some(*b)) == 1
                && !encloses(blocks, &with(*to, true), members)
                && !encloses(blocks, &with(from, false), members)
        };
        match changes.iter().find(sound) {
            Some((_, _, b, to)) => partition.move_to(*b, *to),
            None => break,
        }
    }
    let own = partition.groups.into_iter().filter(|(g, _)| *g != usize::MAX);
    own.map(|(_, group)| group.members).filter(|m| !m.is_empty()).collect()
}

/// What a change gains: squares of households beyond the band, and border, m. `None` when it gains neither.
fn weigh(partition: &Partition<'_>, block: usize, from: usize, to: usize, band: Band) -> Option<(f64, f64)> {
    let b = &partition.blocks[block];
    let moved = b.households.unwrap_or(0.0);
    let (giver, taker) = (partition.groups[&from].households, partition.groups[&to].households);
    let square = |h: f64| band.beyond(h).powi(2);
    let gain = square(giver) + square(taker) - square(giver - moved) - square(taker + moved);
    let of = |g: usize| b.neighbours.iter().filter(|n| partition.group_of[n.block] == g).map(cost).sum::<f64>();
    let saved_m = of(to) - of(from);
    if gain > LEAST_GAIN { Some((gain, saved_m)) } else { (gain > -LEAST_GAIN && saved_m > LEAST_M).then_some((0.0, saved_m)) }
}
