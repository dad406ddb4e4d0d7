//! How well cells fit together: shared edges, overlaps, gaps, codes given twice.

use std::collections::{HashMap, HashSet};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::dissolve::{SLIVER_M, enclosed, is_sliver, union};
use crate::ground::{area_m2, perimeter_m};
use crate::lanes::{Bare, LANE_M, Lane, lanes};
use crate::overlay::{EngineFault, Operation, overlay, rings_of};
use crate::repair::exact::{Meeting, SegmentIndex, Side, cross, edges, meeting, polygon_side, ring_side};
use crate::{CellGeometry, CellRecord, GridPoint, GridPolygon, GridRing, Place, geometry_area_m2};

/// Two cells that claim the same ground.
#[derive(Clone, PartialEq, Debug)]
pub struct Overlap {
    /// Positions of the two records, the smaller first.
    pub cells: (usize, usize),
    /// How much, m².
    pub area_m2: f64,
    /// A place in its largest part.
    pub place: Place,
    /// The one of the two that lies wholly in the other (the later of two that are the same).
    pub covered: Option<usize>,
}

/// Ground that nobody answers for, enclosed by cells.
#[derive(Clone, PartialEq, Debug)]
pub struct Gap {
    /// How much, m².
    pub area_m2: f64,
    /// A place inside.
    pub place: Place,
    /// Position of the first record with a vertex on its border.
    pub beside: usize,
}

/// How cells fit together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Agreement {
    /// Edges (from vertex to vertex) that two cells have in common exactly.
    pub shared_edges: usize,
    /// Pairs of cells that claim the same ground, wider than 1 mm on average; largest first.
    pub overlaps: Vec<Overlap>,
    /// Ground enclosed by cells that none of them covers, wider than 1 mm on average; largest first.
    pub gaps: Vec<Gap>,
    /// Codes of more than one record, with the positions of the records; sorted.
    pub duplicate_codes: Vec<(String, Vec<usize>)>,
    /// Strips of nobody's ground between two cells that reach the outside, at most [`LANE_M`](crate::LANE_M) wide; largest
    /// first.
    pub lanes: Vec<Lane>,
    /// What could not be computed: overlaps or gaps there are not known, and may be.
    pub not_compared: Vec<NotCompared>,
}

/// Something that could not be looked at.
#[derive(Clone, PartialEq, Debug)]
pub struct NotCompared {
    /// The two records whose overlap is not known; `None` when the gaps between all of them are not.
    pub cells: Option<(usize, usize)>,
    /// Where, and why.
    pub fault: EngineFault,
}

impl Agreement {
    /// Sum of all overlaps, m² (ground claimed by three counts for each pair).
    pub fn overlap_m2(&self) -> f64 {
        self.overlaps.iter().map(|o| o.area_m2).sum()
    }

    /// Sum of all gaps, m².
    pub fn gap_m2(&self) -> f64 {
        self.gaps.iter().map(|g| g.area_m2).sum()
    }
}

/// Compares the cells with each other. O(n log n + neighbours): pairs come from an R-tree, and only pairs whose borders
/// cross or enclose each other are intersected.
pub fn agreement(records: &[CellRecord]) -> Agreement {
    let cells: Vec<&CellGeometry> = records.iter().map(|r| &r.geometry).collect();
    let (overlaps, mut not_compared) = overlaps(&cells);
    let (gaps, lanes) = match Together::of(cells.iter().copied()) {
        Ok(together) => (gaps(&cells, &together), lanes_of(&cells, &together)),
        Err(fault) => {
            not_compared.push(NotCompared { cells: None, fault });
            (Vec::new(), Vec::new())
        }
    };
    Agreement { shared_edges: shared_edges(&cells), overlaps, gaps, duplicate_codes: duplicates(records), lanes, not_compared }
}

fn shared_edges(cells: &[&CellGeometry]) -> usize {
    let mut owners: HashMap<(GridPoint, GridPoint), (usize, bool)> = HashMap::new();
    for (i, cell) in cells.iter().enumerate() {
        for (a, b) in rings_of(cell).flat_map(|r| edges(r)) {
            let (owner, shared) = owners.entry((a.min(b), a.max(b))).or_insert((i, false));
            *shared |= *owner != i;
        }
    }
    owners.values().filter(|(_, shared)| *shared).count()
}

fn duplicates(records: &[CellRecord]) -> Vec<(String, Vec<usize>)> {
    let mut by_code: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, r) in records.iter().enumerate() {
        by_code.entry(&r.code).or_default().push(i);
    }
    let mut twice: Vec<_> = by_code.into_iter().filter(|(_, v)| v.len() > 1).map(|(c, v)| (c.to_owned(), v)).collect();
    twice.sort();
    twice
}

type Box2 = (GridPoint, GridPoint);
type Edge = (GridPoint, GridPoint);

fn overlaps(cells: &[&CellGeometry]) -> (Vec<Overlap>, Vec<NotCompared>) {
    let boxes: Vec<Option<Box2>> = cells.iter().map(|c| c.bounds()).collect();
    let corner = |p: GridPoint| [p.x as f64, p.y as f64];
    let leaf =
        |(i, b): (usize, &Option<Box2>)| b.map(|(lo, hi)| GeomWithData::new(Rectangle::from_corners(corner(lo), corner(hi)), i));
    let tree = RTree::bulk_load(boxes.iter().enumerate().filter_map(leaf).collect());
    let (mut found, mut not_compared) = (Vec::new(), Vec::new());
    for (i, b) in boxes.iter().enumerate() {
        let Some((lo, hi)) = *b else { continue };
        let mut others: Vec<usize> = tree
            .locate_in_envelope_intersecting(&AABB::from_corners(corner(lo), corner(hi)))
            .map(|g| g.data)
            .filter(|j| *j > i)
            .collect();
        others.sort_unstable();
        for j in others {
            match overlap_between(cells[i], cells[j]) {
                Ok(Some((area_m2, place))) => {
                    // But for what is thinner than a sliver all along its border.
                    let all_of = |k: usize| {
                        let border_m: f64 = rings_of(cells[k]).map(|r| perimeter_m(r)).sum();
                        2.0 * (geometry_area_m2(cells[k]) - area_m2) <= SLIVER_M * border_m
                    };
                    let covered = [j, i].into_iter().find(|k| all_of(*k));
                    found.push(Overlap { cells: (i, j), area_m2, place, covered });
                }
                Ok(None) => {}
                Err(fault) => not_compared.push(NotCompared { cells: Some((i, j)), fault }),
            }
        }
    }
    found.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2).then(a.cells.cmp(&b.cells)));
    (found, not_compared)
}

fn common(a: Box2, b: Box2) -> Box2 {
    (GridPoint { x: a.0.x.max(b.0.x), y: a.0.y.max(b.0.y) }, GridPoint { x: a.1.x.min(b.1.x), y: a.1.y.min(b.1.y) })
}

/// Common ground of two cells that is more than a sliver: its area and a place in its largest part.
pub(crate) fn overlap_between(a: &CellGeometry, b: &CellGeometry) -> Result<Option<(f64, Place)>, EngineFault> {
    match (a.bounds(), b.bounds()) {
        (Some(x), Some(y)) if may_overlap(a, b, common(x, y)) => overlap_of(a, b),
        _ => Ok(None),
    }
}

/// Whether two cells may have ground in common: their borders cross, or run the same way along each other, or a vertex of
/// one lies in or on the other other than at common vertices joined by common edges. Never misses an overlap.
fn may_overlap(a: &CellGeometry, b: &CellGeometry, window: Box2) -> bool {
    let (lo, hi) = window;
    if lo.x >= hi.x || lo.y >= hi.y {
        return false;
    }
    let near = |(p, q): &(GridPoint, GridPoint)| {
        p.x.min(q.x) <= hi.x && p.x.max(q.x) >= lo.x && p.y.min(q.y) <= hi.y && p.y.max(q.y) >= lo.y
    };
    let mine: Vec<_> = rings_of(a).flat_map(|r| edges(r)).filter(near).collect();
    let theirs: Vec<_> = rings_of(b).flat_map(|r| edges(r)).filter(near).collect();
    let reversed: HashSet<(GridPoint, GridPoint)> = theirs.iter().map(|(p, q)| (*q, *p)).collect();
    let index = SegmentIndex::new(&theirs);
    for &(p, q) in &mine {
        if reversed.contains(&(p, q)) {
            // Run against each other: the ground lies on either side.
            continue;
        }
        let crosses = index.near(p, q, 0.0).any(|i| match meeting(p, q, theirs[i].0, theirs[i].1) {
            Meeting::Cross => true,
            // Along a stretch: harmless only when they run against each other.
            Meeting::Overlap(_) => (p < q) == (theirs[i].0 < theirs[i].1),
            Meeting::Touch(_) | Meeting::Apart => false,
        });
        if crosses {
            return true;
        }
    }
    // Borders do not cross properly; they may still cross through vertices, or one cell lies in the other. Every edge is
    // then on one side; the middle of it tells which (in doubled coordinates, so that it stays on the grid).
    let double = |p: GridPoint| GridPoint { x: p.x * 2, y: p.y * 2 };
    let doubled = |g: &CellGeometry| -> Vec<Vec<Vec<GridPoint>>> {
        g.polygons.iter().map(|p| p.rings().map(|r| r.iter().map(|v| double(*v)).collect()).collect()).collect()
    };
    let inside = |g: &[Vec<Vec<GridPoint>>], p: GridPoint| {
        g.iter().any(|polygon| match ring_side(&polygon[0], p) {
            Side::Inside => polygon[1..].iter().all(|h| ring_side(h, p) == Side::Outside),
            _ => false,
        })
    };
    let (da, db) = (doubled(a), doubled(b));
    let middle = |(p, q): (GridPoint, GridPoint)| GridPoint { x: p.x + q.x, y: p.y + q.y };
    let forward: HashSet<_> = mine.iter().map(|(p, q)| (*q, *p)).collect();
    mine.iter().any(|&e| !reversed.contains(&e) && (inside(&db, middle(e)) || inside(&db, double(e.0))))
        || theirs.iter().any(|&e| !forward.contains(&e) && (inside(&da, middle(e)) || inside(&da, double(e.0))))
        // Edges broken at touching vertices may enter and leave between the points looked at.
        || pierced(&mine, &theirs, &index, |p| inside(&db, p))
        || pierced(&theirs, &mine, &SegmentIndex::new(&mine), |p| inside(&da, p))
}

/// Whether some edge has, between two neighbouring points where the other border touches it, a stretch inside the other.
fn pierced(edges: &[Edge], others: &[Edge], index: &SegmentIndex, inside: impl Fn(GridPoint) -> bool) -> bool {
    for &(p, q) in edges {
        let mut stops = vec![p, q];
        for i in index.near(p, q, 0.0) {
            if let Meeting::Touch(t) = meeting(p, q, others[i].0, others[i].1)
                && t != p
                && t != q
            {
                stops.push(t);
            }
        }
        if stops.len() == 2 {
            continue;
        }
        stops.sort_unstable();
        stops.dedup();
        if stops.windows(2).any(|w| inside(GridPoint { x: w[0].x + w[1].x, y: w[0].y + w[1].y })) {
            return true;
        }
    }
    false
}

fn overlap_of(a: &CellGeometry, b: &CellGeometry) -> Result<Option<(f64, Place)>, EngineFault> {
    let parts = overlay(rings_of(a), rings_of(b), Operation::Intersection)?;
    let kept: Vec<(f64, GridPolygon)> = parts
        .into_iter()
        .map(|p| (area_m2(&p), p))
        .filter(|(area, p)| 2.0 * area > SLIVER_M * p.rings().map(|r| perimeter_m(r)).sum::<f64>())
        .collect();
    let largest = kept.iter().max_by(|x, y| x.0.total_cmp(&y.0));
    Ok(largest.map(|l| (kept.iter().map(|k| k.0).sum(), inner_place(&l.1))))
}

/// A place inside a polygon: the middle of its widest stretch at the middle height. Where that falls on a border once it is on
/// the grid, the same in the tallest strip without a vertex. O(n log n) at most.
pub(crate) fn inner_place(polygon: &GridPolygon) -> Place {
    let (lo, hi) = polygon.outer.iter().fold((i64::MAX, i64::MIN), |(lo, hi), p| (lo.min(p.y), hi.max(p.y)));
    let inside = |p: &Place| polygon_side(polygon, GridPoint::nearest(*p)) == Side::Inside;
    let middle = widest_at(polygon, lo as f64 + (hi - lo) as f64 * 0.5 + 0.25);
    if let Some(p) = middle.filter(inside) {
        return p;
    }
    let mut heights: Vec<i64> = polygon.rings().flatten().map(|p| p.y).collect();
    heights.sort_unstable();
    let tallest = heights.windows(2).max_by_key(|w| w[1] - w[0]);
    let within_strip = tallest.and_then(|w| widest_at(polygon, (w[0] as f64 + w[1] as f64) / 2.0)).filter(inside);
    within_strip.or(middle).or_else(|| polygon.outer.first().map(|p| p.place())).unwrap_or_default()
}

/// The middle of the widest stretch of a polygon at a height (in grid units, at no vertex).
fn widest_at(polygon: &GridPolygon, y: f64) -> Option<Place> {
    let mut xs: Vec<f64> = polygon
        .rings()
        .flat_map(|r| edges(r))
        .filter(|(a, b)| (a.y as f64 > y) != (b.y as f64 > y))
        .map(|(a, b)| a.x as f64 + (b.x - a.x) as f64 * (y - a.y as f64) / (b.y - a.y) as f64)
        .collect();
    xs.sort_by(f64::total_cmp);
    let widest = xs.chunks_exact(2).max_by(|p, q| (p[1] - p[0]).total_cmp(&(q[1] - q[0])))?;
    Some(Place { lon: (widest[0] + widest[1]) / 2.0 / GridPoint::PER_DEGREE, lat: y / GridPoint::PER_DEGREE })
}

/// Ground enclosed by cells that none of them covers, slivers left out.
pub(crate) fn gap_ground<'a>(cells: impl IntoIterator<Item = &'a CellGeometry>) -> Result<Vec<GridPolygon>, EngineFault> {
    Ok(Together::of(cells)?.gaps().cloned().collect())
}

/// All cells as one ground, and what it encloses.
struct Together {
    ground: Vec<GridPolygon>,
    enclosed: Vec<GridPolygon>,
}

impl Together {
    fn of<'a>(cells: impl IntoIterator<Item = &'a CellGeometry>) -> Result<Self, EngineFault> {
        let ground = union(cells)?;
        Ok(Self { enclosed: enclosed(&ground)?, ground })
    }

    /// What is enclosed, slivers left out.
    fn gaps(&self) -> impl Iterator<Item = &GridPolygon> {
        self.enclosed.iter().filter(|p| !is_sliver(&p.outer))
    }
}

/// The lanes along the outer border of all cells together.
fn lanes_of(cells: &[&CellGeometry], together: &Together) -> Vec<Lane> {
    let undirected = |(a, b): Edge| (a.min(b), a.max(b));
    let edges_of =
        |polygons: &[GridPolygon]| -> Vec<Edge> { polygons.iter().flat_map(|p| p.rings()).flat_map(|r| edges(r)).collect() };
    let within: HashSet<Edge> = edges_of(&together.enclosed).into_iter().map(undirected).collect();
    let mut border = edges_of(&together.ground);
    border.retain(|e| !within.contains(&undirected(*e)));
    let wanted: HashSet<Edge> = border.iter().copied().collect();
    let mut owner: HashMap<Edge, usize> = HashMap::with_capacity(border.len());
    for (i, cell) in cells.iter().enumerate() {
        for edge in rings_of(cell).flat_map(|r| edges(r)).filter(|e| wanted.contains(e)) {
            owner.entry(edge).or_insert(i);
        }
    }
    // Where cells overlap, or touch in the middle of an edge, the border has parts of edges.
    if owner.len() < wanted.len() {
        let whole: Vec<(Edge, usize)> =
            cells.iter().enumerate().flat_map(|(i, c)| rings_of(c).flat_map(|r| edges(r)).map(move |e| (e, i))).collect();
        let segments: Vec<Edge> = whole.iter().map(|e| e.0).collect();
        let index = SegmentIndex::new(&segments);
        for &(a, b) in &border {
            let along = |k: &usize| {
                let (c, d) = segments[*k];
                let (dx, dy) = ((d.x - c.x) as f64, (d.y - c.y) as f64);
                let near = |p: GridPoint| (cross(c, d, p) as f64).abs() <= 2.0 * dx.hypot(dy);
                near(a) && near(b) && (b.x - a.x) as f64 * dx + (b.y - a.y) as f64 * dy > 0.0
            };
            if !owner.contains_key(&(a, b))
                && let Some(i) = index.near(a, b, 0.0).filter(along).map(|k| whole[k].1).min()
            {
                owner.insert((a, b), i);
            }
        }
    }
    let bare: Vec<Bare> = border.into_iter().filter_map(|(a, b)| Some(Bare { a, b, cell: *owner.get(&(a, b))? })).collect();
    lanes(&bare, LANE_M)
}

fn gaps(cells: &[&CellGeometry], together: &Together) -> Vec<Gap> {
    let between: Vec<(f64, Place, &GridRing)> = together.gaps().map(|p| (area_m2(p), inner_place(p), &p.outer)).collect();
    let mut first_beside: HashMap<GridPoint, usize> = between.iter().flat_map(|g| g.2).map(|p| (*p, usize::MAX)).collect();
    for (i, cell) in cells.iter().enumerate() {
        for p in rings_of(cell).flatten() {
            if let Some(first) = first_beside.get_mut(p) {
                *first = i.min(*first);
            }
        }
    }
    let beside = |ring: &GridRing| ring.iter().map(|p| first_beside[p]).min().filter(|i| *i < cells.len()).unwrap_or(0);
    let mut gaps: Vec<Gap> =
        between.iter().map(|(area_m2, place, ring)| Gap { area_m2: *area_m2, place: *place, beside: beside(ring) }).collect();
    gaps.sort_by(|a, b| {
        let key = |g: &Gap| (g.place.lon, g.place.lat);
        b.area_m2.total_cmp(&a.area_m2).then(key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal))
    });
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_inside_is_inside_on_the_grid_too() {
        // The middle of the widest stretch at the middle height is a notch's vertex.
        let p = |x: i64, y: i64| GridPoint { x, y };
        let notched = GridPolygon { outer: vec![p(0, 0), p(30, 10), p(60, 0), p(60, 20), p(0, 20)], holes: vec![] };
        assert_eq!(polygon_side(&notched, p(30, 10)), Side::Boundary);
        assert_eq!(polygon_side(&notched, GridPoint::nearest(inner_place(&notched))), Side::Inside);
        let plain = GridPolygon { outer: vec![p(0, 0), p(40, 0), p(40, 20), p(0, 20)], holes: vec![] };
        assert_eq!(GridPoint::nearest(inner_place(&plain)), p(20, 10));
    }
    use crate::CellKind;
    use proptest::prelude::*;

    /// Squares of about 1 m a unit near a city.
    fn record(code: &str, rings: &[&[(i64, i64)]]) -> CellRecord {
        let ring = |r: &&[(i64, i64)]| {
            r.iter().map(|(x, y)| GridPoint { x: 121_000_000_000 + x * 10_000, y: 31_000_000_000 + y * 10_000 }).collect()
        };
        let mut all = rings.iter().map(ring);
        let polygon = GridPolygon { outer: all.next().unwrap(), holes: all.collect() };
        CellRecord {
            code: code.into(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            community_name: String::new(),
            households: None,
            owner: None,
            feature_index: 0,
            geometry: CellGeometry { polygons: vec![polygon] },
        }
    }

    fn square(code: &str, x: i64, y: i64, side: i64) -> CellRecord {
        record(code, &[&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)]])
    }

    #[test]
    fn neighbours_agree() {
        let a = agreement(&[square("1", 0, 0, 100), square("2", 100, 0, 100), square("3", 0, 100, 100)]);
        assert_eq!((a.shared_edges, a.overlaps.len(), a.gaps.len(), a.duplicate_codes.len()), (2, 0, 0, 0));
    }

    #[test]
    fn every_way_to_overlap_is_found() {
        let base = square("a", 0, 0, 100);
        let unit = area_m2(&square("u", 0, 0, 1).geometry.polygons[0]);
        for (name, other, area) in [
            ("corner", square("b", 50, 50, 100), 2500.0),
            ("same", square("b", 0, 0, 100), 10_000.0),
            ("inside", square("b", 20, 20, 10), 100.0),
            ("inside, on the border", square("b", 0, 20, 10), 100.0),
            ("around", square("b", -10, -10, 200), 10_000.0),
            ("through vertices", record("b", &[&[(0, 0), (100, 100), (100, 200), (0, 200)]]), 5000.0),
            ("cross", record("b", &[&[(40, -10), (60, -10), (60, 110), (40, 110)]]), 2000.0),
            ("edge to edge", record("b", &[&[(0, 50), (50, 0), (100, 50), (50, 100)]]), 5000.0),
            ("shared edge, same side", record("b", &[&[(0, 0), (100, 0), (50, 50)]]), 2500.0),
        ] {
            for pair in [[base.clone(), other.clone()], [other.clone(), base.clone()]] {
                let a = agreement(&pair);
                assert_eq!(a.overlaps.len(), 1, "{name}");
                assert!((a.overlap_m2() / unit / area - 1.0).abs() < 1e-3, "{name}: {}", a.overlap_m2() / unit);
                let p = GridPoint::nearest(a.overlaps[0].place);
                for r in &pair {
                    assert_eq!(ring_side(&r.geometry.polygons[0].outer, p), Side::Inside, "{name}");
                }
            }
        }
        for (name, other) in [
            ("apart", square("b", 200, 0, 100)),
            ("corner to corner", square("b", 100, 100, 100)),
            ("half an edge", square("b", 100, 50, 100)),
            ("in the hole", square("b", 30, 30, 10)),
        ] {
            let ring = record("a", &[&[(0, 0), (100, 0), (100, 100), (0, 100)], &[(30, 30), (30, 40), (40, 40), (40, 30)]]);
            assert_eq!(agreement(&[ring, other]).overlaps, vec![], "{name}");
        }
    }

    #[test]
    fn slivers_are_not_counted_but_a_centimetre_is() {
        let pair = |units: i64| {
            let mut b = square("b", 100, 0, 100);
            for p in &mut b.geometry.polygons[0].outer {
                p.x -= if p.x < 121_001_500_000 { units } else { 0 };
            }
            agreement(&[square("a", 0, 0, 100), b])
        };
        assert_eq!(pair(3).overlaps.len(), 0);
        assert_eq!(pair(100).overlaps.len(), 1);
        assert!((pair(100).overlap_m2() - 1.06).abs() < 0.1, "{}", pair(100).overlap_m2());
    }

    #[test]
    fn gaps_and_duplicates_are_found() {
        let mut cells = Vec::new();
        for (x, y) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)] {
            cells.push(square(if x == 2 { "east" } else { "other" }, x * 100, y * 100, 100));
        }
        let a = agreement(&cells);
        assert_eq!((a.gaps.len(), a.overlaps.len()), (1, 0));
        assert!((a.gap_m2() / 10_600.0 - 1.0).abs() < 0.01, "{}", a.gap_m2());
        let p = a.gaps[0].place;
        assert!((p.lon - 121.0015).abs() < 1e-6 && (p.lat - 31.0015).abs() < 1e-6);
        assert_eq!(a.duplicate_codes, vec![("east".into(), vec![2, 4, 7]), ("other".into(), vec![0, 1, 3, 5, 6])]);
    }

    #[test]
    fn nine_thousand_cells() {
        let n = 95;
        let cells: Vec<_> = (0..n * n).map(|i| square(&i.to_string(), i % n * 100, i / n * 100, 100)).collect();
        let a = agreement(&cells);
        assert_eq!((a.shared_edges as i64, a.overlaps.len(), a.gaps.len()), (2 * n * (n - 1), 0, 0));
    }

    proptest! {
        #[test]
        fn the_quick_test_never_misses(ax in prop::collection::vec((0i64..7, 0i64..7), 3..8), bx in prop::collection::vec((0i64..7, 0i64..7), 3..8)) {
            let raw = |r: &[(i64, i64)]| vec![vec![r.iter().map(|(x, y)| [*x as f64 * 1e-4, *y as f64 * 1e-4]).collect()]];
            let (Ok((a, _)), Ok((b, _))) = (crate::repair(&raw(&ax), Default::default()), crate::repair(&raw(&bx), Default::default())) else {
                return Ok(());
            };
            let (Some(p), Some(q)) = (a.bounds(), b.bounds()) else { return Ok(()) };
            let really = overlap_of(&a, &b).unwrap().is_some();
            let quick = common(p, q).0.x <= common(p, q).1.x && may_overlap(&a, &b, common(p, q));
            prop_assert!(quick || !really);
        }
    }
}
