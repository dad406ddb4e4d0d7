//! Edges with the same cells on either side, joined into arcs.

use super::arc::ArcData;
use super::types::Face;
use crate::GridPoint;

/// An edge between two different cells: smaller end first.
#[derive(Clone, Copy, Debug)]
pub(super) struct BorderEdge {
    pub lo: u32,
    pub hi: u32,
    pub left: Option<Face>,
    pub right: Option<Face>,
}

/// Arcs from edges. They end where other than two edges meet, and where `is_node` says so. O(edges).
pub(super) fn chain(points: &[GridPoint], edges: &[BorderEdge], is_node: impl Fn(GridPoint) -> bool) -> Vec<ArcData> {
    let mut start = vec![0u32; points.len() + 1];
    for e in edges {
        start[e.lo as usize + 1] += 1;
        start[e.hi as usize + 1] += 1;
    }
    for i in 1..start.len() {
        start[i] += start[i - 1];
    }
    let mut fill = start.clone();
    let mut at = vec![0u32; 2 * edges.len()];
    for (i, e) in edges.iter().enumerate() {
        for v in [e.lo, e.hi] {
            at[fill[v as usize] as usize] = i as u32;
            fill[v as usize] += 1;
        }
    }
    let around = |v: u32| &at[start[v as usize] as usize..start[v as usize + 1] as usize];
    let node: Vec<bool> = (0..points.len() as u32)
        .map(|v| {
            let degree = around(v).len();
            degree != 0 && (degree != 2 || is_node(points[v as usize]))
        })
        .collect();
    let mut used = vec![false; edges.len()];
    let mut arcs = Vec::new();
    let mut follow = |from: u32, first: u32, anchored: bool, used: &mut Vec<bool>| {
        let (mut v, mut e) = (from, first);
        let edge = edges[first as usize];
        let (left, right) = if edge.lo == from { (edge.left, edge.right) } else { (edge.right, edge.left) };
        let mut line = vec![points[from as usize]];
        loop {
            used[e as usize] = true;
            let edge = edges[e as usize];
            v = if edge.lo == v { edge.hi } else { edge.lo };
            line.push(points[v as usize]);
            if v == from || node[v as usize] {
                break;
            }
            let Some(next) = around(v).iter().copied().find(|n| *n != e) else { break };
            e = next;
        }
        arcs.push(ArcData::new(line, left, right, anchored));
    };
    for v in (0..points.len() as u32).filter(|v| node[*v as usize]) {
        for &e in around(v) {
            if !used[e as usize] {
                follow(v, e, true, &mut used);
            }
        }
    }
    for e in 0..edges.len() as u32 {
        if !used[e as usize] {
            follow(edges[e as usize].lo, e, false, &mut used);
        }
    }
    arcs
}
