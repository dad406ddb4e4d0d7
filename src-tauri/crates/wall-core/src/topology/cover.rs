//! Which cells cover each region of the arrangement of all rings, and whose it becomes.

use std::rc::Rc;

use super::arrangement::{Arrangement, OUTSIDE};
use super::noding::Noded;

/// How often each cell winds around a region: cells ascending, none with 0.
pub(crate) type Cover = Rc<Vec<(u32, i32)>>;

/// The cover of every region, spread from the outside over the edges: crossing an edge to its left adds one for each ring
/// that runs along it and takes one for each that runs against it. O(edges).
pub(crate) fn covers(noded: &Noded, arrangement: &Arrangement) -> Vec<Cover> {
    let regions = arrangement.regions;
    // Edges of each region, by counting.
    let sides = |e: usize| (arrangement.region(2 * e as u32), arrangement.region(2 * e as u32 + 1));
    let mut start = vec![0u32; regions + 1];
    for e in 0..noded.edges.len() {
        let (l, r) = sides(e);
        if l != r {
            start[l as usize + 1] += 1;
            start[r as usize + 1] += 1;
        }
    }
    for i in 1..start.len() {
        start[i] += start[i - 1];
    }
    let mut fill = start.clone();
    let mut beside = vec![0u32; start[regions] as usize];
    for e in 0..noded.edges.len() {
        let (l, r) = sides(e);
        if l != r {
            for v in [l, r] {
                beside[fill[v as usize] as usize] = e as u32;
                fill[v as usize] += 1;
            }
        }
    }
    let nothing: Cover = Rc::new(Vec::new());
    let mut covers: Vec<Option<Cover>> = vec![None; regions];
    covers[OUTSIDE as usize] = Some(nothing.clone());
    let mut stack = vec![OUTSIDE];
    while let Some(r) = stack.pop() {
        let Some(here) = covers[r as usize].clone() else { continue };
        for &e in &beside[start[r as usize] as usize..start[r as usize + 1] as usize] {
            let (left, right) = sides(e as usize);
            let other = if left == r { right } else { left };
            if covers[other as usize].is_none() {
                covers[other as usize] = Some(across(&here, noded, e as usize, other == left));
                stack.push(other);
            }
        }
    }
    covers.into_iter().map(|c| c.unwrap_or_else(|| nothing.clone())).collect()
}

fn across(here: &Cover, noded: &Noded, edge: usize, to_left: bool) -> Cover {
    let along = noded.along(edge);
    let mut there: Vec<(u32, i32)> = here.to_vec();
    for a in along {
        let by = if a.forward == to_left { 1 } else { -1 };
        match there.binary_search_by_key(&a.source, |c| c.0) {
            Ok(i) => there[i].1 += by,
            Err(i) => there.insert(i, (a.source, by)),
        }
    }
    there.retain(|c| c.1 != 0);
    if there == **here { here.clone() } else { Rc::new(there) }
}
