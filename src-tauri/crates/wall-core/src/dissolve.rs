//! The outline of many cells together: a community, a street, a whole network.

use std::collections::HashMap;

use crate::cell::bounds_of;
use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{EngineFault, Operation, overlay, rings_of};
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing};

/// A gap between cells or a strip of overlap that is thinner than this on average is rounding of the source, not ground.
pub(crate) const SLIVER_M: f64 = 0.001;

/// The union of cells. Edges that two cells share exactly vanish in pairs first; what is left is united by exact noding.
/// Holes thinner than a millimetre (slivers between neighbours) are closed. Without cells, no ground.
///
/// O(n log n) in the edges that are not shared.
///
/// # Errors
/// The union cannot be computed; [`outline`] then still shows the ground.
pub fn dissolve<'a>(cells: impl IntoIterator<Item = &'a CellGeometry>) -> Result<CellGeometry, EngineFault> {
    let polygons = union(cells)?;
    let slivers: Vec<GridRing> = enclosed(&polygons)?.into_iter().filter(|p| is_sliver(&p.outer)).map(|p| p.outer).collect();
    let geometry = CellGeometry { polygons };
    if slivers.is_empty() {
        return Ok(geometry);
    }
    let walks = boundary_walks(rings_of(&geometry).chain(&slivers));
    Ok(CellGeometry { polygons: overlay(&walks, [], Operation::Union)? })
}

/// [`dissolve`], and where that cannot be computed the same ground with its inner borders, so that no area ever vanishes;
/// then with the fault that is to be said.
pub fn outline<'a>(cells: impl IntoIterator<Item = &'a CellGeometry> + Clone) -> (CellGeometry, Option<EngineFault>) {
    match dissolve(cells.clone()) {
        Ok(geometry) => (geometry, None),
        Err(fault) => {
            let polygons = cells.into_iter().flat_map(|c| c.polygons.iter().cloned()).collect();
            (CellGeometry { polygons }, Some(fault))
        }
    }
}

/// The union with every sliver left in it.
pub(crate) fn union<'a>(cells: impl IntoIterator<Item = &'a CellGeometry>) -> Result<Vec<GridPolygon>, EngineFault> {
    let walks = boundary_walks(cells.into_iter().flat_map(rings_of));
    overlay(&walks, [], Operation::Union)
}

/// The ground that polygons enclose without covering it, whether one of them has it as a hole or several stand around it
/// corner to corner.
pub(crate) fn enclosed(polygons: &[GridPolygon]) -> Result<Vec<GridPolygon>, EngineFault> {
    let rings = || polygons.iter().flat_map(|p| std::iter::once(&p.outer).chain(p.holes.iter()));
    let Some((lo, hi)) = bounds_of(rings().flatten()) else { return Ok(Vec::new()) };
    // All around, off every border.
    const MARGIN: i64 = 10;
    let (w, s, e, n) = (lo.x - MARGIN, lo.y - MARGIN, hi.x + MARGIN, hi.y + MARGIN);
    let frame: GridRing = [(w, s), (e, s), (e, n), (w, n)].map(|(x, y)| GridPoint { x, y }).to_vec();
    let mut rest = overlay([&frame], rings(), Operation::Difference)?;
    rest.retain(|p| !p.outer.iter().any(|v| v.x < lo.x && v.y < lo.y));
    Ok(rest)
}

/// Whether a ring is thinner than [`SLIVER_M`] on average.
pub(crate) fn is_sliver(ring: &GridRing) -> bool {
    let polygon = GridPolygon { outer: ring.clone(), holes: Vec::new() };
    2.0 * area_m2(&polygon) <= SLIVER_M * perimeter_m(ring)
}

/// Closed walks along the edges that are left when edges in opposite directions are taken out in pairs.
///
/// Winding numbers add up edge by edge, so the walks wind around every point as often as the rings together do.
fn boundary_walks<'a>(rings: impl Iterator<Item = &'a GridRing>) -> Vec<GridRing> {
    // How often the edge runs from its smaller end to its larger one, net.
    let mut net: HashMap<(GridPoint, GridPoint), i32> = HashMap::new();
    for ring in rings {
        for (a, b) in crate::repair::exact::edges(ring) {
            *net.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
        }
    }
    let mut left: Vec<(GridPoint, GridPoint)> = Vec::new();
    for ((lo, hi), n) in net {
        let edge = if n > 0 { (lo, hi) } else { (hi, lo) };
        left.extend(std::iter::repeat_n(edge, n.unsigned_abs() as usize));
    }
    left.sort_unstable();
    // As many edges leave every point as reach it: walking on unused edges always comes back to the start.
    let start_of = |p: GridPoint| left.partition_point(|e| e.0 < p);
    let mut next: HashMap<GridPoint, usize> = HashMap::new();
    let mut used = vec![false; left.len()];
    let mut walks = Vec::new();
    for i in 0..left.len() {
        if used[i] {
            continue;
        }
        let mut walk = Vec::new();
        let mut edge = i;
        loop {
            used[edge] = true;
            walk.push(left[edge].0);
            let at = left[edge].1;
            let cursor = next.entry(at).or_insert_with(|| start_of(at));
            while left.get(*cursor).is_some_and(|e| e.0 == at) && used[*cursor] {
                *cursor += 1;
            }
            match left.get(*cursor) {
                Some(e) if e.0 == at => edge = *cursor,
                _ => break,
            }
        }
        walks.push(walk);
    }
    walks
}

/// Twice the area of walks, for tests of what they enclose.
#[cfg(test)]
fn walks_area2(walks: &[GridRing]) -> i128 {
    walks.iter().map(|w| crate::repair::exact::ring_area2(w)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::area2;
    use proptest::prelude::*;

    fn cell(points: &[(i64, i64)]) -> CellGeometry {
        let outer =
            points.iter().map(|(x, y)| GridPoint { x: 121_000_000_000 + x * 1000, y: 31_000_000_000 + y * 1000 }).collect();
        CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] }
    }

    fn square(x: i64, y: i64, side: i64) -> CellGeometry {
        cell(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    }

    #[test]
    fn neighbours_become_one() {
        let cells = [square(0, 0, 1000), square(1000, 0, 1000), square(0, 1000, 1000), square(1000, 1000, 1000)];
        assert_eq!(boundary_walks(cells.iter().flat_map(rings_of)).len(), 1);
        let all = dissolve(&cells).unwrap();
        assert_eq!((all.polygons.len(), all.polygons[0].holes.len()), (1, 0));
        assert_eq!(area2(&all.polygons), 2 * 2000 * 2000 * 1_000_000);
        assert!(crate::is_valid(&all));
    }

    #[test]
    fn overlaps_and_odd_edges_are_united() {
        // Overlapping, sharing half an edge, and apart.
        let all = dissolve(&[square(0, 0, 1000), square(500, 0, 1000), square(1500, 500, 1000), square(9000, 0, 1000)]).unwrap();
        assert_eq!(all.polygons.len(), 2);
        assert_eq!(area2(&all.polygons), 2 * (1500 * 1000 + 2 * 1000 * 1000) * 1_000_000);
        assert!(crate::is_valid(&all));
        assert_eq!(dissolve(&[]).unwrap(), CellGeometry::default());
    }

    #[test]
    fn a_true_hole_stays_and_a_sliver_is_closed() {
        let ring = [
            square(0, 0, 1000),
            square(1000, 0, 1000),
            square(2000, 0, 1000),
            square(0, 1000, 1000),
            square(2000, 1000, 1000),
            square(0, 2000, 1000),
            square(1000, 2000, 1000),
            square(2000, 2000, 1000),
        ];
        assert_eq!(dissolve(&ring).unwrap().polygons[0].holes.len(), 1);
        // Neighbours whose common border differs by three units (0.3 mm) in its middle.
        let mut a = cell(&[(0, 0), (1000, 0), (1000, 500), (1000, 1000), (0, 1000)]);
        a.polygons[0].outer[2].x -= 3;
        let all = dissolve(&[a, square(1000, 0, 1000)]).unwrap();
        assert_eq!((all.polygons.len(), all.polygons[0].holes.len()), (1, 0));
    }

    proptest! {
        #[test]
        fn walks_enclose_what_the_rings_enclose(squares in prop::collection::vec((0i64..5, 0i64..5, 1i64..4), 0..12)) {
            let cells: Vec<CellGeometry> = squares.iter().map(|(x, y, s)| square(x * 1000, y * 1000, s * 1000)).collect();
            let walks = boundary_walks(cells.iter().flat_map(rings_of));
            prop_assert_eq!(walks_area2(&walks), cells.iter().map(|c| area2(&c.polygons)).sum::<i128>());
            let mut covered = std::collections::HashSet::new();
            for (x, y, s) in &squares {
                for i in 0..*s { for j in 0..*s { covered.insert((x + i, y + j)); } }
            }
            let all = dissolve(&cells).unwrap();
            prop_assert_eq!(area2(&all.polygons), covered.len() as i128 * 2 * 1_000_000 * 1_000_000);
            prop_assert!(all.polygons.is_empty() || crate::is_valid(&all));
        }
    }
}
