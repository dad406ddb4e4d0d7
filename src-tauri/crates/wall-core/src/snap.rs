//! Joining borders that almost meet: for planning, where neighbours must share their edges.

mod guard;

use crate::topology::hash::QuickMap as HashMap;

use crate::ground::metres_per_degree;
use crate::overlay::rings_of;
use crate::repair::exact::edges;
use crate::repair::is_valid;
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
    /// The cell stays as it was: else it would be invalid, or ground of one cell would be two cells' or nobody's.
    pub kept: bool,
}

/// Joins vertices within `snap_m` metres of another cell's vertex or edge, so that neighbours share their edges.
///
/// The vertices of earlier records stand; later ones move onto them. Then every vertex that lies within `snap_m` of
/// another cell's edge becomes a vertex of that edge; an edge that neighbours share already is bent for both or for neither.
/// Overlaps and gaps may become smaller thereby, never larger, and none appears: a cell that would become invalid, or make
/// one, is left as it was and reported as kept. With `snap_m` 0 (or less, or not a number) nothing is touched. Returns the
/// changed (and kept) cells in order.
///
/// O(n log n) in the vertices for distances that are small against the edges, once more for each round of cells kept.
pub fn snap(records: &mut [CellRecord], snap_m: f64) -> Vec<CellChange> {
    let cells: Vec<&CellGeometry> = records.iter().map(|r| &r.geometry).collect();
    let snapped = snap_geometries(&cells, snap_m);
    for (cell, geometry) in snapped.moved {
        records[cell].geometry = geometry;
    }
    snapped.changes
}

/// What [`snap`] does to some cells, without doing it.
#[derive(Default)]
pub(crate) struct Snapped {
    /// As [`snap`] returns them.
    pub changes: Vec<CellChange>,
    /// The cells that change.
    moved: HashMap<usize, CellGeometry>,
}

impl Snapped {
    /// The new ground of a cell that changes.
    pub fn geometry(&self, cell: usize) -> Option<&CellGeometry> {
        self.moved.get(&cell)
    }
}

/// [`snap`] for geometries.
pub(crate) fn snap_geometries(cells: &[&CellGeometry], snap_m: f64) -> Snapped {
    if snap_m.is_nan() || snap_m <= 0.0 || cells.is_empty() {
        return Snapped::default();
    }
    let cells: Vec<CellGeometry> = cells.iter().map(|r| (*r).clone()).collect();
    let Some(scale) = Scale::around(&cells, snap_m) else { return Snapped::default() };
    // Cells that stand: joining them would spoil something. Their neighbours are joined anew without them, so that a border
    // moves on both sides or on neither.
    let mut stands = vec![false; cells.len()];
    for round in 1.. {
        let (joined, changes) = joined(&cells, &scale, &stands);
        let changed: Vec<usize> = (0..cells.len()).filter(|i| joined[*i] != cells[*i]).collect();
        let mut spoilt: Vec<usize> = changed.iter().copied().filter(|i| !is_valid(&joined[*i])).collect();
        if spoilt.is_empty() {
            spoilt = guard::spoilt(&cells, &joined, &changed);
        }
        if spoilt.is_empty() {
            return Snapped::of(joined, changes, &changed, &stands);
        }
        if round >= MAX_ROUNDS {
            spoilt = changed;
        }
        spoilt.into_iter().for_each(|i| stands[i] = true);
    }
    Snapped::default()
}

/// After so many rounds whatever would still change stands.
const MAX_ROUNDS: usize = 12;

impl Snapped {
    fn of(joined: Vec<CellGeometry>, mut changes: Vec<CellChange>, changed: &[usize], stands: &[bool]) -> Self {
        for (i, change) in changes.iter_mut().enumerate().filter(|(i, _)| changed.binary_search(i).is_err()) {
            *change = CellChange { cell: i, kept: stands[i], ..CellChange::default() };
        }
        changes.retain(|c| c.kept || c.moved + c.inserted > 0);
        let moved = joined.into_iter().enumerate().filter(|(i, _)| changed.binary_search(i).is_ok()).collect();
        Self { changes, moved }
    }
}

/// The cells with their borders joined, whatever comes of it; those that stand are not touched.
fn joined(cells: &[CellGeometry], scale: &Scale, stands: &[bool]) -> (Vec<CellGeometry>, Vec<CellChange>) {
    let target = common_vertices(cells, scale, stands);
    let mut changes: Vec<CellChange> = (0..cells.len()).map(|cell| CellChange { cell, ..CellChange::default() }).collect();
    let moved: Vec<CellGeometry> = cells
        .iter()
        .zip(&mut changes)
        .zip(stands)
        .map(|((cell, change), stands)| if *stands { cell.clone() } else { move_vertices(cell, &target, change) })
        .collect();
    let joined = insert_vertices(&moved, scale, stands, &mut changes);
    (joined, changes)
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

/// Which cells have a vertex where: vertices by number in the order of their first appearance.
struct Vertices {
    points: Vec<GridPoint>,
    number: HashMap<GridPoint, u32>,
    /// `cells[first[v]..first[v + 1]]` have vertex `v`, ascending.
    first: Vec<u32>,
    cells: Vec<u32>,
}

impl Vertices {
    fn of(cells: &[CellGeometry]) -> Self {
        let mut points: Vec<GridPoint> = Vec::new();
        let mut number: HashMap<GridPoint, u32> = HashMap::default();
        let mut uses: Vec<(u32, u32)> = Vec::new();
        for (i, cell) in cells.iter().enumerate() {
            for p in rings_of(cell).flatten() {
                let v = *number.entry(*p).or_insert_with(|| {
                    points.push(*p);
                    (points.len() - 1) as u32
                });
                uses.push((v, i as u32));
            }
        }
        uses.sort_unstable();
        uses.dedup();
        let mut first = vec![0u32; points.len() + 1];
        for (v, _) in &uses {
            first[*v as usize + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        Self { points, number, first, cells: uses.into_iter().map(|u| u.1).collect() }
    }

    fn cells(&self, vertex: u32) -> &[u32] {
        &self.cells[self.first[vertex as usize] as usize..self.first[vertex as usize + 1] as usize]
    }
}

/// Square boxes of the grid with what lies in them.
struct Boxes {
    side: i64,
    boxes: HashMap<(i64, i64), Vec<u32>>,
}

impl Boxes {
    fn new(side: f64) -> Self {
        Self { side: (side.min(1e15) as i64).max(1), boxes: HashMap::default() }
    }

    fn insert(&mut self, p: GridPoint, what: u32) {
        self.boxes.entry((p.x.div_euclid(self.side), p.y.div_euclid(self.side))).or_default().push(what);
    }

    /// What lies in boxes that meet a box.
    fn each(&self, lo: GridPoint, hi: GridPoint, mut visit: impl FnMut(u32)) {
        let range = |from: i64, to: i64| from.div_euclid(self.side)..=to.div_euclid(self.side);
        for x in range(lo.x, hi.x) {
            for y in range(lo.y, hi.y) {
                self.boxes.get(&(x, y)).into_iter().flatten().for_each(|w| visit(*w));
            }
        }
    }
}

fn disjoint(a: &[u32], b: &[u32]) -> bool {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => return false,
        }
    }
    true
}

/// Where each vertex goes: onto the nearest standing vertex of another cell within reach; vertices that find none stand.
fn common_vertices(cells: &[CellGeometry], scale: &Scale, stands: &[bool]) -> HashMap<GridPoint, GridPoint> {
    let vertices = Vertices::of(cells);
    let mut standing = Boxes::new(scale.reach);
    // The cells of standing vertices onto which others were moved; of the rest, those they always had.
    let mut joined: HashMap<u32, Vec<u32>> = HashMap::default();
    let mut target = HashMap::default();
    let reach = scale.reach.min(1e15) as i64 + 1;
    for (v, p) in vertices.points.iter().enumerate() {
        let own = vertices.cells(v as u32);
        let mut best: Option<(f64, u32)> = None;
        let (lo, hi) = (GridPoint { x: p.x - reach, y: p.y - reach }, GridPoint { x: p.x + reach, y: p.y + reach });
        if own.iter().any(|c| stands[*c as usize]) {
            standing.insert(*p, v as u32);
            continue;
        }
        standing.each(lo, hi, |s| {
            let q = vertices.points[s as usize];
            if (q.x - p.x).abs() > reach || (q.y - p.y).abs() > reach {
                return;
            }
            // Two vertices of one cell never fall together: its own detail stays.
            let theirs = joined.get(&s).map_or_else(|| vertices.cells(s), Vec::as_slice);
            if let Some(d) = scale.within(*p, q)
                && disjoint(theirs, own)
                && best.is_none_or(|b| (d, s) < b)
            {
                best = Some((d, s));
            }
        });
        match best {
            Some((_, s)) => {
                let all = joined.entry(s).or_insert_with(|| vertices.cells(s).to_vec());
                all.extend(own);
                all.sort_unstable();
                target.insert(*p, vertices.points[s as usize]);
            }
            None => standing.insert(*p, v as u32),
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
fn insert_vertices(cells: &[CellGeometry], scale: &Scale, stands: &[bool], changes: &mut [CellChange]) -> Vec<CellGeometry> {
    let vertices = Vertices::of(cells);
    // Boxes about as long as edges: few boxes for an edge, few vertices in a box.
    let all = || cells.iter().flat_map(rings_of).flat_map(|r| edges(r));
    let length = all().map(|(a, b)| ((b.x - a.x).abs().max((b.y - a.y).abs())) as f64).sum::<f64>() / all().count().max(1) as f64;
    let mut boxes = Boxes::new(length.max(scale.reach));
    vertices.points.iter().enumerate().for_each(|(v, p)| boxes.insert(*p, v as u32));
    let mut out = cells.to_vec();
    // Whose edge each is: what neighbours share is bent for all of them or for none.
    let mut sharers: HashMap<(u32, u32), Vec<u32>> = HashMap::default();
    for (i, cell) in cells.iter().enumerate() {
        for (a, b) in rings_of(cell).flat_map(|r| edges(r)) {
            if let (Some(&l), Some(&h)) = (vertices.number.get(&a.min(b)), vertices.number.get(&a.max(b))) {
                sharers.entry((l, h)).or_default().push(i as u32);
            }
        }
    }
    // Looked at once for all who share it.
    let mut seen: HashMap<(u32, u32), Vec<(f64, u32)>> = HashMap::default();
    for (cell, change) in out.iter_mut().zip(changes) {
        for_each_ring(cell, |ring| {
            let mut longer: GridRing = Vec::with_capacity(ring.len());
            for (a, b) in edges(ring) {
                longer.push(a);
                let (lo, hi) = (a.min(b), a.max(b));
                let (Some(&l), Some(&h)) = (vertices.number.get(&lo), vertices.number.get(&hi)) else { continue };
                let near = seen.entry((l, h)).or_insert_with(|| {
                    let sharers = &sharers[&(l, h)];
                    let mut near = near_edge(&vertices, &boxes, scale, (l, h));
                    near.retain(|(_, v)| disjoint(vertices.cells(*v), sharers) && !sharers.iter().any(|c| stands[*c as usize]));
                    near
                });
                let mut on: Vec<(f64, GridPoint)> =
                    near.iter().map(|(t, v)| (if a < b { *t } else { 1.0 - t }, vertices.points[*v as usize])).collect();
                on.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.cmp(&q.1)));
                change.inserted += on.len();
                longer.extend(on.into_iter().map(|(_, v)| v));
            }
            *ring = longer;
        });
    }
    out
}

/// The vertices within reach of an edge's inside and how far along it, in no order.
fn near_edge(vertices: &Vertices, boxes: &Boxes, scale: &Scale, (l, h): (u32, u32)) -> Vec<(f64, u32)> {
    let (a, b) = (vertices.points[l as usize], vertices.points[h as usize]);
    let reach = scale.reach.min(1e15) as i64 + 1;
    let mut found = Vec::new();
    // Column by column, so that a long slanted edge does not ask for all boxes of its box.
    let columns = ((b.x - a.x) / boxes.side + 1).min(1 << 16);
    let slope = (b.y - a.y) as f64 / (b.x - a.x).max(1) as f64;
    for c in 0..columns {
        let (west, east) =
            (a.x + (b.x - a.x) / columns * c, if c + 1 == columns { b.x } else { a.x + (b.x - a.x) / columns * (c + 1) });
        let y = |x: i64| if b.x > a.x { a.y + ((x - a.x) as f64 * slope) as i64 } else { a.y };
        let (one, two) = if columns == 1 { (a.y, b.y) } else { (y(west), y(east)) };
        let lo = GridPoint { x: west - reach, y: one.min(two) - reach - 2 };
        let hi = GridPoint { x: east + reach, y: one.max(two) + reach + 2 };
        boxes.each(lo, hi, |v| {
            let p = vertices.points[v as usize];
            if v != l
                && v != h
                && p.x >= lo.x
                && p.x <= hi.x
                && p.y >= lo.y
                && p.y <= hi.y
                && let Some(t) = along(a, b, p, scale)
            {
                found.push((t, v));
            }
        });
    }
    found.sort_by_key(|p| p.1);
    found.dedup_by_key(|f| f.1);
    found
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
    let off = (p.0 + t * d.0).hypot(p.1 + t * d.1);
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
    fn a_shared_edge_is_not_bent_to_a_vertex_of_one_of_its_own_cells() {
        // The second cell has a vertex 40 cm above the border it shares with the first.
        let clean = vec![
            record(&[(0, -10_000), (15_000, -10_000), (15_000, 0), (0, 0)]),
            record(&[(0, 0), (15_000, 0), (15_000, 10_000), (-5_000, 10_000), (20, 40)]),
        ];
        for snap_m in [0.1, 0.5, 1.0, 2.0] {
            let mut cells = clean.clone();
            snap(&mut cells, snap_m);
            let a = agreement(&cells);
            assert_eq!((a.shared_edges, a.overlaps.len(), a.gaps.len()), (1, 0, 0), "{snap_m}");
        }
    }

    #[test]
    fn a_neighbours_third_vertex_bends_an_edge_for_both_or_for_neither() {
        // A wedge with its tip 30 cm above an edge that two others share: the upper one has the tip in its border too.
        let clean = vec![
            record(&[(0, -1000), (2000, -1000), (2000, 0), (0, 0)]),
            record(&[(0, 0), (2000, 0), (2000, 1000), (1100, 1000), (1000, 30), (900, 1000), (0, 1000)]),
            record(&[(1000, 30), (1100, 1000), (900, 1000)]),
        ];
        for snap_m in [0.1, 0.5, 2.0] {
            let mut cells = clean.clone();
            snap(&mut cells, snap_m);
            let a = agreement(&cells);
            assert_eq!((a.overlaps.len(), a.gaps.len()), (0, 0), "{snap_m}");
        }
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
