//! Joining borders that almost meet: for planning, where neighbours must share their edges.

use std::collections::{BTreeSet, HashMap};

use rstar::primitives::GeomWithData;
use rstar::{PointDistance, RTree};

use crate::ground::metres_per_degree;
use crate::repair::exact::{SegmentIndex, edges};
use crate::repair::is_valid;
use crate::repair::overlay::rings_of;
use crate::{CellGeometry, CellRecord, GridPoint, GridRing, distance_m};

/// What joining changed in one cell.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CellChange {
    /// Position of the record.
    pub cell: usize,
    /// Vertices moved onto a vertex of a neighbour.
    pub moved: usize,
    /// The longest of those ways, metres.
    pub furthest_m: f64,
    /// Vertices of neighbours taken over into an edge.
    pub inserted: usize,
    /// The cell would not have been valid afterwards and stays as it was.
    pub kept: bool,
}

/// Joins vertices within `snap_m` metres of another cell's vertex or edge, so that neighbours share their edges.
///
/// The vertices of earlier records stand; later ones move onto them. Then every vertex that lies within `snap_m` of
/// another cell's edge becomes a vertex of that edge. A cell that would become invalid is left as it was and reported as
/// kept. With `snap_m` 0 (or less, or not a number) nothing is touched. Returns the changed (and kept) cells in order.
///
/// O(n log n) in the vertices for distances that are small against the edges.
pub fn snap(records: &mut [CellRecord], snap_m: f64) -> Vec<CellChange> {
    if snap_m.is_nan() || snap_m <= 0.0 || records.is_empty() {
        return Vec::new();
    }
    let cells: Vec<CellGeometry> = records.iter().map(|r| r.geometry.clone()).collect();
    let Some(scale) = Scale::around(&cells, snap_m) else { return Vec::new() };
    let target = common_vertices(&cells, &scale);
    let mut changes: Vec<CellChange> = (0..cells.len()).map(|cell| CellChange { cell, ..CellChange::default() }).collect();
    let moved: Vec<CellGeometry> =
        cells.iter().zip(&mut changes).map(|(cell, change)| move_vertices(cell, &target, change)).collect();
    let joined = insert_vertices(&moved, &scale, &mut changes);
    for ((record, new), change) in records.iter_mut().zip(joined).zip(&mut changes) {
        if record.geometry == new {
            *change = CellChange { cell: change.cell, ..CellChange::default() };
        } else if is_valid(&new) {
            record.geometry = new;
        } else {
            *change = CellChange { cell: change.cell, kept: true, ..CellChange::default() };
        }
    }
    changes.retain(|c| c.kept || c.moved + c.inserted > 0);
    changes
}

/// Metres on the grid, at the latitude where a degree is shortest, so that nothing within reach is missed.
struct Scale {
    snap_m: f64,
    /// Reach in grid units of longitude and latitude.
    reach: f64,
}

impl Scale {
    fn around(cells: &[CellGeometry], snap_m: f64) -> Option<Self> {
        let lats = || cells.iter().flat_map(rings_of).flatten().map(|p| p.y.abs());
        let lat = lats().max()? as f64 / GridPoint::PER_DEGREE;
        let (mx, my) = metres_per_degree(lat.min(89.0));
        Some(Self { snap_m, reach: snap_m / mx.min(my) * GridPoint::PER_DEGREE + 1.0 })
    }

    fn within(&self, a: GridPoint, b: GridPoint) -> Option<f64> {
        let d = distance_m(a.place(), b.place());
        (d <= self.snap_m).then_some(d)
    }
}

type Leaf = GeomWithData<[f64; 2], usize>;

/// Where each vertex goes: onto the nearest standing vertex of another cell within reach; vertices that find none stand.
fn common_vertices(cells: &[CellGeometry], scale: &Scale) -> HashMap<GridPoint, GridPoint> {
    let mut order: Vec<GridPoint> = Vec::new();
    let mut cells_of: HashMap<GridPoint, BTreeSet<usize>> = HashMap::new();
    for (i, cell) in cells.iter().enumerate() {
        for p in rings_of(cell).flatten() {
            let of = cells_of.entry(*p).or_default();
            if of.is_empty() {
                order.push(*p);
            }
            of.insert(i);
        }
    }
    let mut standing: RTree<Leaf> = RTree::new();
    let mut of_standing: Vec<(GridPoint, BTreeSet<usize>)> = Vec::new();
    let mut target = HashMap::new();
    for p in order {
        let own = &cells_of[&p];
        let at = [p.x as f64, p.y as f64];
        let mut near: Vec<(f64, usize)> = standing
            .locate_within_distance(at, scale.reach * scale.reach)
            .filter_map(|l| Some((scale.within(p, of_standing[l.data].0)?, l.data)))
            // Two vertices of one cell never fall together: its own detail stays.
            .filter(|(_, s)| of_standing[*s].1.is_disjoint(own))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        match near.first() {
            Some(&(_, s)) => {
                of_standing[s].1.extend(own);
                target.insert(p, of_standing[s].0);
            }
            None => {
                standing.insert(Leaf::new(at, of_standing.len()));
                of_standing.push((p, own.clone()));
            }
        }
    }
    target
}

fn move_vertices(cell: &CellGeometry, target: &HashMap<GridPoint, GridPoint>, change: &mut CellChange) -> CellGeometry {
    let mut new = cell.clone();
    for_each_ring(&mut new, |ring| {
        for p in ring.iter_mut() {
            if let Some(to) = target.get(p) {
                change.moved += 1;
                change.furthest_m = change.furthest_m.max(distance_m(p.place(), to.place()));
                *p = *to;
            }
        }
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
    });
    new
}

/// Vertices of other cells near an edge become vertices of it, in their order along the edge.
fn insert_vertices(cells: &[CellGeometry], scale: &Scale, changes: &mut [CellChange]) -> Vec<CellGeometry> {
    let mut vertices: Vec<(GridPoint, GridPoint)> = cells.iter().flat_map(rings_of).flatten().map(|p| (*p, *p)).collect();
    vertices.sort_unstable();
    vertices.dedup();
    let index = SegmentIndex::new(&vertices);
    let mut out = cells.to_vec();
    for (cell, change) in out.iter_mut().zip(changes) {
        let own: std::collections::HashSet<GridPoint> = rings_of(cell).flatten().copied().collect();
        for_each_ring(cell, |ring| {
            let mut longer: GridRing = Vec::with_capacity(ring.len());
            for (a, b) in edges(ring) {
                longer.push(a);
                let mut on: Vec<(f64, GridPoint)> = index
                    .near(a, b, scale.reach)
                    .map(|i| vertices[i].0)
                    .filter(|v| !own.contains(v))
                    .filter_map(|v| Some((along(a, b, v, scale)?, v)))
                    .collect();
                on.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
                change.inserted += on.len();
                longer.extend(on.into_iter().map(|(_, v)| v));
            }
            *ring = longer;
        });
    }
    out
}

/// How far along the edge `a b` (0 … 1) the point `v` lies, when it is within reach of the edge's inside.
fn along(a: GridPoint, b: GridPoint, v: GridPoint, scale: &Scale) -> Option<f64> {
    let (mx, my) = metres_per_degree(v.place().lat);
    let m = |p: GridPoint| ((p.x - v.x) as f64 / GridPoint::PER_DEGREE * mx, (p.y - v.y) as f64 / GridPoint::PER_DEGREE * my);
    let (p, q) = (m(a), m(b));
    let d = (q.0 - p.0, q.1 - p.1);
    let length2 = d.0 * d.0 + d.1 * d.1;
    let t = -(p.0 * d.0 + p.1 * d.1) / length2;
    if !(t > 0.0 && t < 1.0) {
        return None;
    }
    let off = [p.0 + t * d.0, p.1 + t * d.1].distance_2(&[0.0, 0.0]).sqrt();
    (off <= scale.snap_m).then_some(t)
}

fn for_each_ring(geometry: &mut CellGeometry, mut change: impl FnMut(&mut GridRing)) {
    for polygon in &mut geometry.polygons {
        change(&mut polygon.outer);
        polygon.holes.iter_mut().for_each(&mut change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CellKind, GridPolygon, agreement};
    use proptest::prelude::*;

    /// About 1 cm a unit.
    fn record(points: &[(i64, i64)]) -> CellRecord {
        let outer = points.iter().map(|(x, y)| GridPoint { x: 121_000_000_000 + x * 100, y: 31_000_000_000 + y * 100 }).collect();
        CellRecord {
            code: "1".into(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            community_name: String::new(),
            households: None,
            owner: None,
            feature_index: 0,
            geometry: CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] },
        }
    }

    fn square(x: i64, y: i64, side: i64) -> CellRecord {
        record(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    }

    #[test]
    fn zero_touches_nothing() {
        let before = vec![square(0, 0, 1000), square(1010, 3, 1000)];
        for snap_m in [0.0, -1.0, f64::NAN] {
            let mut cells = before.clone();
            assert_eq!(snap(&mut cells, snap_m), vec![]);
            assert_eq!(cells, before);
        }
    }

    #[test]
    fn a_strip_between_neighbours_closes() {
        // 20 cm apart; the second is moved, the first stands.
        let mut cells = vec![square(0, 0, 1000), square(1020, 5, 1000), square(0, 1000, 1000)];
        let first = cells[0].clone();
        let changes = snap(&mut cells, 0.5);
        assert_eq!(changes.iter().map(|c| (c.cell, c.moved, c.kept)).collect::<Vec<_>>(), vec![(1, 2, false)]);
        assert!((0.15..0.25).contains(&changes[0].furthest_m), "{changes:?}");
        assert_eq!(cells[0], first);
        let a = agreement(&cells);
        assert_eq!((a.shared_edges, a.overlaps.len(), a.gaps.len()), (2, 0, 0));
        // Again: nothing left to do.
        assert_eq!(snap(&mut cells, 0.5), vec![]);
    }

    #[test]
    fn a_vertex_on_a_neighbours_edge_becomes_its_vertex() {
        let mut cells = vec![square(0, 0, 2000), square(2000, 0, 1000), square(2010, 1000, 1000)];
        let changes = snap(&mut cells, 0.5);
        assert_eq!(changes.iter().map(|c| (c.cell, c.moved, c.inserted)).collect::<Vec<_>>(), vec![(0, 0, 1), (2, 3, 0)]);
        assert_eq!(agreement(&cells).shared_edges, 3);
        assert!(cells.iter().all(|c| is_valid(&c.geometry)));
    }

    #[test]
    fn a_cell_that_would_break_stays() {
        // A needle 30 cm wide whose two sides are both near the other cell's border.
        let needle = record(&[(0, 1010), (3000, 1010), (3000, 1040), (0, 1040)]);
        let mut cells = vec![record(&[(0, 0), (3000, 0), (3000, 1000), (1500, 1020), (0, 1000)]), needle.clone()];
        let changes = snap(&mut cells, 5.0);
        assert!(cells.iter().all(|c| is_valid(&c.geometry)), "{changes:?}");
    }

    proptest! {
        #[test]
        fn cells_stay_valid_and_move_no_further_than_asked(jitter in prop::collection::vec((-30i64..30, -30i64..30), 36), snap_m in 0.01..2.0f64) {
            let mut cells: Vec<CellRecord> = (0..9).map(|i| {
                let (x, y) = (i % 3 * 1000, i / 3 * 1000);
                let corner = |k: usize, dx: i64, dy: i64| {
                    let j = jitter[i as usize * 4 + k];
                    (x + dx + j.0, y + dy + j.1)
                };
                record(&[corner(0, 0, 0), corner(1, 1000, 0), corner(2, 1000, 1000), corner(3, 0, 1000)])
            }).collect();
            let before = cells.clone();
            let changes = snap(&mut cells, snap_m);
            for (i, (c, b)) in cells.iter().zip(&before).enumerate() {
                prop_assert!(is_valid(&c.geometry));
                prop_assert_eq!(c != b, changes.iter().any(|x| x.cell == i && !x.kept));
            }
            prop_assert!(changes.iter().all(|c| c.furthest_m <= snap_m));
        }
    }
}
