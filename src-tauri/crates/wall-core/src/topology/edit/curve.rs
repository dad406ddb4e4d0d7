//! A drawn line and the stretch of border it replaces make a closed curve: what lies within changes hands.

use std::collections::VecDeque;

use super::local::{Ground, Local};
use crate::GridPoint;
use crate::topology::arrangement::OUTSIDE;
use crate::topology::hash::{QuickMap, QuickSet};

/// Stretches of border edges from one point to another: the one of fewest edges, and the one the other way round when there
/// is one. Edges by number. O(edges).
pub(super) fn stretches(local: &Local<'_>, from: GridPoint, to: GridPoint, wanted: impl Fn(u32) -> bool) -> Vec<QuickSet<u32>> {
    let number = |p: GridPoint| local.noded.points.iter().position(|q| *q == p).map(|i| i as u32);
    let (Some(from), Some(to)) = (number(from), number(to)) else { return Vec::new() };
    let mut around: QuickMap<u32, Vec<u32>> = QuickMap::default();
    for e in (0..local.edge_count()).filter(|e| wanted(*e)) {
        let (a, b) = local.noded.edges[e as usize];
        around.entry(a).or_default().push(e);
        around.entry(b).or_default().push(e);
    }
    let path = |without: Option<u32>| -> Option<Vec<u32>> {
        let mut came: QuickMap<u32, u32> = QuickMap::default();
        let mut queue = VecDeque::from([from]);
        while let Some(v) = queue.pop_front() {
            if v == to {
                let (mut v, mut path) = (to, Vec::new());
                while v != from {
                    let e = came[&v];
                    path.push(e);
                    let (a, b) = local.noded.edges[e as usize];
                    v = if a == v { b } else { a };
                }
                return Some(path);
            }
            for e in around.get(&v).into_iter().flatten().filter(|e| Some(**e) != without) {
                let (a, b) = local.noded.edges[*e as usize];
                let w = if a == v { b } else { a };
                if w != from && !came.contains_key(&w) {
                    came.insert(w, *e);
                    queue.push_back(w);
                }
            }
        }
        None
    };
    let Some(first) = path(None).filter(|p| !p.is_empty()) else { return Vec::new() };
    let second = path(first.last().copied());
    std::iter::once(first).chain(second).map(|p| p.into_iter().collect()).collect()
}

/// The curve made of the drawn line and a stretch.
pub(super) struct Curve {
    /// Whether an edge is part of it.
    edge: Vec<bool>,
    /// Whether a region lies within.
    pub within: Vec<bool>,
}

impl Curve {
    /// What lies within is what one reaches from outside by passing the curve an odd number of times. O(edges).
    pub fn new(local: &Local<'_>, stretch: &QuickSet<u32>) -> Self {
        let edge: Vec<bool> =
            (0..local.edge_count()).map(|e| local.drawn[e as usize].is_multiple_of(2) == stretch.contains(&e)).collect();
        let mut beside: QuickMap<u32, Vec<u32>> = QuickMap::default();
        for e in 0..local.edge_count() {
            let (l, r) = local.beside(e);
            beside.entry(l).or_default().push(e);
            beside.entry(r).or_default().push(e);
        }
        let mut within: Vec<Option<bool>> = vec![None; local.arrangement.regions];
        within[OUTSIDE as usize] = Some(false);
        let mut stack = vec![OUTSIDE];
        while let Some(region) = stack.pop() {
            let here = within[region as usize] == Some(true);
            for e in beside.get(&region).into_iter().flatten() {
                let (l, r) = local.beside(*e);
                let other = if l == region { r } else { l };
                if within[other as usize].is_none() {
                    within[other as usize] = Some(here != edge[*e as usize]);
                    stack.push(other);
                }
            }
        }
        Self { edge, within: within.into_iter().map(|w| w == Some(true)).collect() }
    }

    /// Regions within that are reached from the stretch without passing the curve or leaving a kind of ground.
    pub fn reached(&self, local: &Local<'_>, stretch: &QuickSet<u32>, kind: impl Fn(Ground) -> bool) -> Vec<u32> {
        let fits = |r: u32| self.within[r as usize] && kind(local.ground(r));
        let mut beside: QuickMap<u32, Vec<u32>> = QuickMap::default();
        for e in (0..local.edge_count()).filter(|e| !self.edge[*e as usize]) {
            let (l, r) = local.beside(e);
            if l != r && fits(l) && fits(r) {
                beside.entry(l).or_default().push(r);
                beside.entry(r).or_default().push(l);
            }
        }
        let mut seen: std::collections::BTreeSet<u32> = std::collections::BTreeSet::new();
        let mut stack: Vec<u32> = Vec::new();
        for e in stretch {
            let (l, r) = local.beside(*e);
            stack.extend([l, r].into_iter().filter(|x| fits(*x) && seen.insert(*x)));
        }
        while let Some(r) = stack.pop() {
            stack.extend(beside.get(&r).into_iter().flatten().copied().filter(|x| seen.insert(*x)));
        }
        seen.into_iter().collect()
    }
}
