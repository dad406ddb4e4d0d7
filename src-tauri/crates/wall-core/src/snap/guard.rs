//! Joining borders may close overlaps and gaps. It must never make one.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::agreement::{gap_ground, overlap_between};
use crate::dissolve::SLIVER_M;
use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{EngineFault, Operation, overlay, rings_of};
use crate::{CellGeometry, GridPolygon};

/// Overlaps that were there may look so much larger for rounding, m².
const TRACE_M2: f64 = 0.01;

/// The changed cells through which ground would be two cells' that was one's, or nobody's that was somebody's; ascending.
/// What cannot be compared counts as spoilt. O(n log n), and the overlays of what changed.
pub(super) fn spoilt(before: &[CellGeometry], after: &[CellGeometry], changed: &[usize]) -> Vec<usize> {
    if changed.is_empty() {
        return Vec::new();
    }
    let tree = boxes(after);
    let mut found = vec![false; after.len()];
    let is_changed = |i: usize| changed.binary_search(&i).is_ok();
    for &i in changed {
        for j in near(&tree, &after[i]).filter(|j| *j != i && !(is_changed(*j) && *j < i)) {
            if more_overlap([&before[i], &before[j]], [&after[i], &after[j]]).unwrap_or(true) {
                found[i] = true;
                found[j] |= is_changed(j);
            }
        }
    }
    match gap_ground(after) {
        Ok(gaps) => {
            let tree = boxes(before);
            for gap in gaps {
                let gap = CellGeometry { polygons: vec![gap] };
                let losers: Vec<usize> = near(&tree, &gap).collect();
                // What was somebody's in it, of whichever cell, is not to be more than a sliver of the whole.
                let lost = losers.iter().map(|i| common_m2(&before[*i], &gap)).sum::<Result<f64, EngineFault>>();
                let border_m: f64 = gap.polygons.iter().flat_map(GridPolygon::rings).map(|r| perimeter_m(r)).sum();
                if lost.is_ok_and(|m2| 2.0 * m2 <= SLIVER_M * border_m) {
                    continue;
                }
                losers.into_iter().filter(|i| is_changed(*i)).for_each(|i| found[i] = true);
            }
        }
        Err(_) => changed.iter().for_each(|i| found[*i] = true),
    }
    (0..after.len()).filter(|i| found[*i]).collect()
}

type Boxes = RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>;

fn boxes(cells: &[CellGeometry]) -> Boxes {
    let leaf = |(i, c): (usize, &CellGeometry)| {
        let (lo, hi) = c.bounds()?;
        Some(GeomWithData::new(Rectangle::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]), i))
    };
    RTree::bulk_load(cells.iter().enumerate().filter_map(leaf).collect())
}

fn near<'a>(tree: &'a Boxes, cell: &CellGeometry) -> impl Iterator<Item = usize> + use<'a> {
    let (lo, hi) = cell.bounds().unwrap_or_default();
    let window = AABB::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]);
    tree.locate_in_envelope_intersecting(&window).map(|g| g.data)
}

fn more_overlap(before: [&CellGeometry; 2], after: [&CellGeometry; 2]) -> Result<bool, EngineFault> {
    let Some((now, _)) = overlap_between(after[0], after[1])? else { return Ok(false) };
    let was = overlap_between(before[0], before[1])?.map_or(0.0, |o| o.0);
    Ok(was == 0.0 || now > was + TRACE_M2)
}

fn common_m2(a: &CellGeometry, b: &CellGeometry) -> Result<f64, EngineFault> {
    Ok(overlay(rings_of(a), rings_of(b), Operation::Intersection)?.iter().map(area_m2).sum())
}
