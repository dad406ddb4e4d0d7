//! Police beats (警务区) over the same ground: another network, so that merging networks (多网合一) can be tried. Most beats are
//! whole cells together; two borders of beats run through a cell, as they do where nobody planned them together.

use super::STREET_CODE;
use std::collections::{BTreeSet, VecDeque};
use wall_core::{BuildOptions, CellGeometry, CellKind, CellRecord, Edit, Face, GridPoint, Topology};

/// Beats of the district.
const BEATS: usize = 8;
/// Cells that a border of beats runs through.
const CUT: usize = 2;
const NUMERALS: [&str; BEATS] = ["一", "二", "三", "四", "五", "六", "七", "八"];

/// The beats, by code. Only integers decide, so that every platform draws the same.
pub(super) fn beats(cells: &[CellRecord]) -> Vec<CellRecord> {
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
    let Ok((mut ground, _)) = Topology::build(&list, BuildOptions { snap_m: 0.0, sliver_m: 0.0 }) else { return Vec::new() };
    let mut groups = groups(&ground);
    cut(&mut ground, &mut groups, cells);
    for group in &groups {
        let Some((into, from)) = group.split_first() else { continue };
        if let Ok(patch) = ground.plan_edit(&Edit::Merge { into: *into, from: from.to_vec() }) {
            ground.apply(&patch);
        }
    }
    let beat = |(i, face): (usize, Face)| CellRecord {
        code: format!("{STREET_CODE}J{:02}", i + 1),
        name: format!("第{}警务区", NUMERALS.get(i).copied().unwrap_or("多")),
        kind: CellKind::Basic,
        community_code: String::new(),
        community_name: String::new(),
        households: None,
        owner: None,
        feature_index: i as u32,
        geometry: ground.geometry(face),
    };
    ground.faces().enumerate().map(beat).collect()
}

/// Cuts wide ordinary cells from south to north where one half borders on another beat, and gives that half to it.
fn cut(ground: &mut Topology, groups: &mut [Vec<Face>], cells: &[CellRecord]) {
    let basic = ground.faces().filter(|f| cells.get(f.0 as usize).is_some_and(|c| c.kind == CellKind::Basic));
    let mut wide: Vec<(i64, Face, GridPoint, GridPoint)> =
        basic.filter_map(|f| ground.bounds(f).map(|(lo, hi)| (hi.x - lo.x, f, lo, hi))).collect();
    wide.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut done = 0;
    for (_, face, lo, hi) in wide {
        if done == CUT {
            break;
        }
        let x = lo.x + (hi.x - lo.x) / 2;
        let line = vec![GridPoint { x, y: lo.y - 1_000_000 }, GridPoint { x, y: hi.y + 1_000_000 }];
        let Ok(patch) = ground.plan_edit(&Edit::Split { face, line }) else { continue };
        let [new] = *patch.created() else { continue };
        let mut after = ground.clone();
        after.apply(&patch);
        let Some(own) = groups.iter().position(|g| g.contains(&face)) else { continue };
        let of = |f: Face| groups.iter().position(|g| g.contains(&f));
        // What stays must still hang together with its beat.
        let stays = after.neighbours(face).iter().any(|(f, _)| of(*f) == Some(own));
        let taker = after.neighbours(new).iter().filter_map(|(f, _)| of(*f)).filter(|g| *g != own).min();
        let Some(taker) = taker.filter(|_| stays) else { continue };
        groups[taker].push(new);
        *ground = after;
        done += 1;
    }
}

/// Cells that hang together, about as many in each group; what is left over goes to a neighbour.
fn groups(ground: &Topology) -> Vec<Vec<Face>> {
    let all: Vec<Face> = ground.faces().collect();
    let size = all.len().div_ceil(BEATS);
    let mut free: BTreeSet<Face> = all.into_iter().collect();
    let mut groups: Vec<Vec<Face>> = Vec::new();
    while let Some(first) = free.first().copied() {
        let (mut group, mut queue) = (Vec::new(), VecDeque::from([first]));
        free.remove(&first);
        while let Some(face) = queue.pop_front() {
            group.push(face);
            for (other, _) in ground.neighbours(face) {
                if group.len() + queue.len() < size && free.remove(&other) {
                    queue.push_back(other);
                }
            }
        }
        let beside = |g: &Vec<Face>| g.iter().any(|f| ground.neighbours(*f).iter().any(|(o, _)| group.contains(o)));
        match groups.iter().enumerate().filter(|(_, g)| beside(g)).min_by_key(|(i, g)| (g.len(), *i)).map(|(i, _)| i) {
            Some(i) if group.len() * 4 < size * 3 => groups[i].extend(group),
            _ => groups.push(group),
        }
    }
    groups.iter_mut().for_each(|g| g.sort_unstable());
    groups
}
