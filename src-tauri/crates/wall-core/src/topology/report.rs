//! What is said about the making of a subdivision, and slivers closed.

use std::collections::BTreeMap;

use super::arrangement::OUTSIDE;
use super::build::Made;
use super::hash::QuickSet;
use super::trace::{self, Stretch};
use super::types::{BuildOptions, BuildReport, Face, Resolution, TopologyFault, TopologyFinding};
use super::{Topology, ring_m};
use crate::agreement::inner_place;
use crate::ground::area_m2;
use crate::snap::Snapped;
use crate::{CellGeometry, GridPolygon, Place};

type Cells<'a> = &'a [(&'a str, &'a CellGeometry)];

fn name(cells: Cells<'_>, i: usize) -> String {
    format!("{} (#{i})", cells[i].0)
}

fn names(cells: Cells<'_>, list: &[usize]) -> String {
    const FIRST: usize = 4;
    let mut said: Vec<String> = list.iter().take(FIRST).map(|i| name(cells, *i)).collect();
    if list.len() > FIRST {
        said.push(format!("{} more", list.len() - FIRST));
    }
    said.join(", ")
}

/// Vertices that were brought onto a neighbour's border.
pub(super) fn joined(report: &mut BuildReport, cells: Cells<'_>, snapped: &Snapped) {
    for change in &snapped.changes {
        let i = change.cell;
        let place = cells[i].1.polygons.first().and_then(|p| p.outer.first()).map(|p| p.place()).unwrap_or_default();
        let (kind, resolution, message) = if change.kept {
            let message = format!("{}: joining its vertices would have spoilt it; left as it was", name(cells, i));
            (TopologyFault::NearEdge, Resolution::Kept, message)
        } else {
            let message = format!(
                "{}: {} vertices moved onto a neighbour's (at most {:.3} m), {} taken over",
                name(cells, i),
                change.moved,
                change.furthest_m,
                change.inserted
            );
            (TopologyFault::Joined, Resolution::Joined, message)
        };
        report.findings.push(TopologyFinding { kind, cells: vec![i], area_m2: 0.0, place, resolution, message });
    }
}

/// Overlaps and gaps, and slivers given away.
pub(super) fn regions(report: &mut BuildReport, cells: Cells<'_>, made: &mut Made<'_>, sliver_m: f64) {
    let arrangement = made.arrangement;
    let odd: Vec<u32> =
        (0..arrangement.regions as u32).filter(|r| *r != OUTSIDE && made.covers[*r as usize].len() != 1).collect();
    if odd.is_empty() {
        return;
    }
    let mut border: BTreeMap<u32, Vec<u32>> = odd.iter().map(|r| (*r, Vec::new())).collect();
    for half in 0..2 * made.noded.edges.len() as u32 {
        if made.covers[arrangement.region(half) as usize].len() != 1
            && let Some(list) = border.get_mut(&arrangement.region(half))
        {
            list.push(half);
        }
    }
    let shape = |region: u32| -> Option<GridPolygon> {
        let ends: Vec<_> =
            border[&region].iter().filter(|h| arrangement.region(**h ^ 1) != region).map(|h| made.ends(*h)).collect();
        let points: Vec<[crate::GridPoint; 2]> = ends.iter().map(|(a, b)| [*a, *b]).collect();
        let stretches: Vec<Stretch<'_>> = points.iter().map(|p| Stretch { points: p, forward: true }).collect();
        trace::polygons(trace::rings(&stretches)).0.into_iter().next()
    };
    let mut gaps = Vec::new();
    let mut overlaps: BTreeMap<(u32, u32, bool), (f64, f64, Place)> = BTreeMap::new();
    for &region in &odd {
        let Some(polygon) = shape(region) else { continue };
        let area = area_m2(&polygon);
        let thin = 2.0 * area < sliver_m * polygon.rings().map(|r| ring_m(r)).sum::<f64>();
        let cover = &made.covers[region as usize];
        if cover.is_empty() {
            gaps.push((region, area, thin, inner_place(&polygon)));
            continue;
        }
        let Some(owner) = made.owners[region as usize] else { continue };
        for (other, _) in cover.iter().filter(|c| c.0 != owner) {
            let said = overlaps.entry((owner, *other, thin)).or_insert((0.0, -1.0, Place::default()));
            said.0 += area;
            if area > said.1 {
                (said.1, said.2) = (area, inner_place(&polygon));
            }
        }
    }
    for ((owner, other, thin), (area, _, place)) in overlaps {
        let list = vec![owner as usize, other as usize];
        let message = format!(
            "{} and {} both claim {area:.2} m²: given to the lowest code",
            name(cells, owner as usize),
            name(cells, other as usize)
        );
        let kind = if thin { TopologyFault::Sliver } else { TopologyFault::Overlap };
        let resolution = Resolution::GivenToLowestCode;
        report.findings.push(TopologyFinding { kind, cells: list, area_m2: area, place, resolution, message });
    }
    close(made, &border, &gaps);
    for (region, area, thin, place) in gaps {
        let mut around: Vec<usize> =
            border[&region].iter().filter_map(|h| made.owners[arrangement.region(h ^ 1) as usize]).map(|o| o as usize).collect();
        around.sort_unstable();
        around.dedup();
        let (resolution, done) = match made.owners[region as usize] {
            Some(owner) => (Resolution::Closed, format!("given to {}", name(cells, owner as usize))),
            None => (Resolution::Kept, "kept".to_owned()),
        };
        let kind = match (thin, around.len()) {
            (true, _) => TopologyFault::Sliver,
            (false, 1) => TopologyFault::Hole,
            _ => TopologyFault::Gap,
        };
        let message = format!("{area:.2} m² between {} belong to no cell: {done}", names(cells, &around));
        report.findings.push(TopologyFinding { kind, cells: around, area_m2: area, place, resolution, message });
    }
    report.findings.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.area_m2.total_cmp(&a.area_m2)).then(a.cells.cmp(&b.cells)));
}

/// Gives thin gaps to the neighbour with the longest common border; those that only touch others of their kind wait for them.
fn close(made: &mut Made<'_>, border: &BTreeMap<u32, Vec<u32>>, gaps: &[(u32, f64, bool, Place)]) {
    let mut open: Vec<u32> = gaps.iter().filter(|g| g.2).map(|g| g.0).collect();
    while !open.is_empty() {
        let given: Vec<(u32, u32)> = open.iter().filter_map(|r| Some((*r, made.longest_neighbour(*r, &border[r])?))).collect();
        if given.is_empty() {
            break;
        }
        for (region, owner) in &given {
            made.owners[*region as usize] = Some(*owner);
            made.closed[*region as usize] = true;
        }
        let done: QuickSet<u32> = given.into_iter().map(|g| g.0).collect();
        open.retain(|r| !done.contains(r));
    }
}

/// Cells of which nothing is left, and cells that fell apart.
pub(super) fn cells(report: &mut BuildReport, cells: Cells<'_>, made: &Topology, _options: BuildOptions) {
    for (i, (_, geometry)) in cells.iter().enumerate() {
        let place = geometry.polygons.first().and_then(|p| p.outer.first()).map(|p| p.place()).unwrap_or_default();
        let mut say = |kind, area_m2, resolution, message| {
            report.findings.push(TopologyFinding { kind, cells: vec![i], area_m2, place, resolution, message });
        };
        let face = Face(i as u32);
        if !made.is_alive(face) {
            let area: f64 = geometry.polygons.iter().map(area_m2).sum();
            let message = format!("{}: nothing of its ground is left to it", name(cells, i));
            say(TopologyFault::Lost, area, Resolution::Dropped, message);
            continue;
        }
        let parts = made.part_count(face);
        if parts > geometry.polygons.len() {
            let message = format!("{}: in {parts} parts, given in {}", name(cells, i), geometry.polygons.len());
            say(TopologyFault::Torn, 0.0, Resolution::Kept, message);
        }
    }
}
