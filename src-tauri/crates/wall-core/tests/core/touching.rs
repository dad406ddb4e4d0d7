//! Rings that touch in every way: overlay, union and gaps against counting on a mosaic, against a scanline, and against
//! another library.

use std::collections::{BTreeMap, BTreeSet};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use proptest::prelude::*;
use wall_core::{
    AreaOp, CellGeometry, CellKind, CellRecord, GridPoint, GridPolygon, GridRing, agreement, area_op, dissolve, is_valid,
};

/// Side of a unit of the mosaic on the grid (about a metre).
const UNIT: i64 = 10_000;

fn p(x: i64, y: i64) -> GridPoint {
    GridPoint { x, y }
}

fn area2(ring: &[GridPoint]) -> i128 {
    let next = |i: usize| ring[(i + 1) % ring.len()];
    (0..ring.len()).map(|i| i128::from(ring[i].x) * i128::from(next(i).y) - i128::from(next(i).x) * i128::from(ring[i].y)).sum()
}

fn geometry_area2(g: &CellGeometry) -> i128 {
    g.polygons.iter().flat_map(|p| p.rings()).map(|r| area2(r)).sum()
}

/// The four triangles of a unit square: `(column, row, which)`, which = south, east, north, west.
type Tile = (i64, i64, u8);

fn corners((x, y, which): Tile) -> [GridPoint; 3] {
    // Doubled, so that the middle of a square is on the grid.
    let (x, y) = (2 * x, 2 * y);
    let (a, b) = [((0, 0), (2, 0)), ((2, 0), (2, 2)), ((2, 2), (0, 2)), ((0, 2), (0, 0))][usize::from(which)];
    [(a.0, a.1), (b.0, b.1), (1, 1)].map(|(dx, dy)| p((x + dx) * UNIT / 2, (y + dy) * UNIT / 2))
}

/// Every tile has the same area: a quarter of a square.
const TILE2: i128 = (UNIT * UNIT / 2) as i128;

/// The polygons of tiles, rings cut at every vertex they visit twice: holes touch their outer rings, and each other.
fn mosaic(tiles: &BTreeSet<Tile>) -> CellGeometry {
    let mut edges: BTreeSet<(GridPoint, GridPoint)> = BTreeSet::new();
    for tile in tiles {
        let c = corners(*tile);
        for i in 0..3 {
            let (a, b) = (c[i], c[(i + 1) % 3]);
            if !edges.remove(&(b, a)) {
                edges.insert((a, b));
            }
        }
    }
    let mut rings: Vec<GridRing> = Vec::new();
    while let Some(&first) = edges.iter().next() {
        let mut path: GridRing = vec![];
        let mut at = first.0;
        loop {
            if let Some(k) = path.iter().position(|q| *q == at) {
                rings.push(path.split_off(k));
                if path.is_empty() {
                    break;
                }
            }
            path.push(at);
            let Some(&e) = edges.range((at, p(i64::MIN, i64::MIN))..).next().filter(|e| e.0 == at) else { break };
            edges.remove(&e);
            at = e.1;
        }
    }
    let (outers, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|r| area2(r) > 0);
    let mut polygons: Vec<GridPolygon> = outers.into_iter().map(|outer| GridPolygon { outer, holes: vec![] }).collect();
    polygons.sort_by_key(|q| area2(&q.outer));
    for hole in holes {
        // A point just beside the hole's first edge, inside the ground.
        let (a, b) = (hole[0], hole[1]);
        let beside = ((a.x + b.x) as f64 / 2.0 - (b.y - a.y) as f64 * 1e-6, (a.y + b.y) as f64 / 2.0 + (b.x - a.x) as f64 * 1e-6);
        let of = polygons.iter().position(|q| holds(&q.outer, beside)).expect("a hole lies in a ring");
        polygons[of].holes.push(hole);
    }
    CellGeometry { polygons }
}

fn holds(ring: &[GridPoint], (x, y): (f64, f64)) -> bool {
    let mut inside = false;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        let (ay, by) = (a.y as f64, b.y as f64);
        if (ay > y) != (by > y) && x < a.x as f64 + (b.x - a.x) as f64 * (y - ay) / (by - ay) {
            inside = !inside;
        }
    }
    inside
}

/// Pieces of the plane that no tile covers and that do not reach outside, by flooding from tile to tile.
fn enclosed(covered: &BTreeSet<Tile>, size: i64) -> Vec<usize> {
    let all = (-1..=size).flat_map(|x| (-1..=size).flat_map(move |y| (0..4).map(move |w| (x, y, w))));
    let mut free: BTreeSet<Tile> = all.filter(|t| !covered.contains(t)).collect();
    let beside = |(x, y, w): Tile| {
        let (dx, dy, across) = [(0, -1, 2), (1, 0, 3), (0, 1, 0), (-1, 0, 1)][usize::from(w)];
        [(x, y, (w + 1) % 4), (x, y, (w + 3) % 4), (x + dx, y + dy, across)]
    };
    let mut pieces = Vec::new();
    while let Some(first) = free.pop_first() {
        let (mut stack, mut count, mut outside) = (vec![first], 0, false);
        while let Some(t) = stack.pop() {
            count += 1;
            outside |= t.0 < 0 || t.1 < 0 || t.0 >= size || t.1 >= size;
            stack.extend(beside(t).into_iter().filter(|n| free.remove(n)));
        }
        if !outside {
            pieces.push(count);
        }
    }
    pieces.sort_unstable();
    pieces
}

fn record(geometry: CellGeometry) -> CellRecord {
    CellRecord {
        code: String::new(),
        name: String::new(),
        kind: CellKind::Basic,
        community_code: String::new(),
        community_name: String::new(),
        households: None,
        owner: None,
        feature_index: 0,
        geometry,
    }
}

/// Area twice of an operation by the other library, without its extraction of touching rings.
fn other_library(a: &CellGeometry, b: &CellGeometry, op: AreaOp) -> i128 {
    let mut engine = Overlay::new_custom(100, IntOverlayOptions::keep_all_points(), Default::default());
    for (g, side) in [(a, ShapeType::Subject), (b, ShapeType::Clip)] {
        for ring in g.polygons.iter().flat_map(|p| p.rings()) {
            engine.add_path_iter(ring.iter().map(|p| IntPoint::new(p.x as i32, p.y as i32)), side);
        }
    }
    let rule = match op {
        AreaOp::Union => OverlayRule::Union,
        AreaOp::Intersection => OverlayRule::Intersect,
        AreaOp::Difference => OverlayRule::Difference,
    };
    let shapes = engine.overlay(rule, FillRule::NonZero);
    let ring = |r: &Vec<IntPoint>| -> GridRing { r.iter().map(|q| p(i64::from(q.x), i64::from(q.y))).collect() };
    shapes
        .iter()
        .map(|s| {
            s.iter().enumerate().map(|(i, r)| if i == 0 { area2(&ring(r)).abs() } else { -area2(&ring(r)).abs() }).sum::<i128>()
        })
        .sum()
}

/// Area of an operation by cutting the plane into strips at every vertex and every crossing.
fn scanline(a: &CellGeometry, b: &CellGeometry, op: AreaOp) -> f64 {
    let edges: Vec<([f64; 4], usize)> = [a, b]
        .iter()
        .enumerate()
        .flat_map(|(s, g)| g.polygons.iter().flat_map(|p| p.rings()).map(move |r| (s, r)))
        .flat_map(|(s, r)| (0..r.len()).map(move |i| (r[i], r[(i + 1) % r.len()], s)))
        .map(|(a, b, s)| ([a.x as f64, a.y as f64, b.x as f64, b.y as f64], s))
        .collect();
    let mut xs: Vec<f64> = edges.iter().flat_map(|(e, _)| [e[0], e[2]]).collect();
    for (i, (e, _)) in edges.iter().enumerate() {
        for (f, _) in &edges[i + 1..] {
            let (dx, dy, gx, gy) = (e[2] - e[0], e[3] - e[1], f[2] - f[0], f[3] - f[1]);
            let d = dx * gy - dy * gx;
            if d != 0.0 {
                let t = ((f[0] - e[0]) * gy - (f[1] - e[1]) * gx) / d;
                if (0.0..=1.0).contains(&t) {
                    xs.push(e[0] + t * dx);
                }
            }
        }
    }
    xs.sort_by(f64::total_cmp);
    let mut sum = 0.0;
    for w in xs.windows(2) {
        let middle = (w[0] + w[1]) / 2.0;
        let mut here: Vec<(f64, usize, i32)> = edges
            .iter()
            .filter(|(e, _)| e[0].min(e[2]) <= w[0] && e[0].max(e[2]) >= w[1] && e[0] != e[2])
            .map(|(e, s)| (e[1] + (e[3] - e[1]) * (middle - e[0]) / (e[2] - e[0]), *s, if e[0] < e[2] { 1 } else { -1 }))
            .collect();
        here.sort_by(|p, q| p.0.total_cmp(&q.0));
        let mut winding = [0i32; 2];
        for k in 0..here.len().saturating_sub(1) {
            winding[here[k].1] += here[k].2;
            let (a, b) = (winding[0] != 0, winding[1] != 0);
            let inside = match op {
                AreaOp::Union => a || b,
                AreaOp::Intersection => a && b,
                AreaOp::Difference => a && !b,
            };
            if inside {
                sum += (w[1] - w[0]) * (here[k + 1].0 - here[k].0);
            }
        }
    }
    sum
}

const OPERATIONS: [AreaOp; 3] = [AreaOp::Union, AreaOp::Intersection, AreaOp::Difference];

fn tiles(size: i64) -> impl Strategy<Value = BTreeSet<Tile>> {
    prop::collection::vec((0..size, 0..size, 0u8..4), 1..60).prop_map(|v| v.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Rings that touch themselves, their holes and each other at every vertex: counted exactly.
    #[test]
    fn operations_on_mosaics_are_exact(a in tiles(4), b in tiles(4), moved in 0i64..2) {
        let b: BTreeSet<Tile> = b.into_iter().map(|(x, y, w)| (x + moved, y, w)).collect();
        let (ga, gb) = (mosaic(&a), mosaic(&b));
        prop_assert_eq!(geometry_area2(&ga), TILE2 * a.len() as i128);
        for op in OPERATIONS {
            let expected = match op {
                AreaOp::Union => a.union(&b).count(),
                AreaOp::Intersection => a.intersection(&b).count(),
                AreaOp::Difference => a.difference(&b).count(),
            } as i128 * TILE2;
            let out = area_op(&ga, &gb, op).unwrap();
            prop_assert_eq!(geometry_area2(&out), expected, "{:?}", op);
            prop_assert!(expected == 0 || is_valid(&out), "{:?}: {:?}", op, out);
            prop_assert_eq!(other_library(&ga, &gb, op), expected, "the other library, {:?}", op);
        }
    }

    /// Cells of mosaics: overlaps, gaps and the outline of all, against counting.
    #[test]
    fn agreement_of_mosaics_is_exact(of in prop::collection::vec(0usize..6, 64), more in prop::collection::vec((0i64..4, 0i64..4, 0u8..4, 0usize..5), 0..6)) {
        const SIZE: i64 = 4;
        let mut cells: BTreeMap<usize, BTreeSet<Tile>> = BTreeMap::new();
        for (k, cell) in of.iter().enumerate().filter(|(_, c)| **c < 5) {
            let k = k as i64;
            cells.entry(*cell).or_default().insert((k / 4 % SIZE, k / 16, (k % 4) as u8));
        }
        for (x, y, w, cell) in more {
            cells.entry(cell).or_default().insert((x, y, w));
        }
        let tiles: Vec<&BTreeSet<Tile>> = cells.values().collect();
        let records: Vec<CellRecord> = tiles.iter().map(|t| record(mosaic(t))).collect();
        let found = agreement(&records);
        prop_assert_eq!(&found.not_compared, &vec![]);
        let mut expected: Vec<((usize, usize), usize)> = Vec::new();
        for i in 0..tiles.len() {
            for j in i + 1..tiles.len() {
                let n = tiles[i].intersection(tiles[j]).count();
                if n > 0 { expected.push(((i, j), n)); }
            }
        }
        let tile_m2 = wall_core::geometry_area_m2(&mosaic(&[(0, 0, 0)].into()));
        let count = |m2: f64| (m2 / tile_m2).round() as usize;
        let mut got: Vec<((usize, usize), usize)> = found.overlaps.iter().map(|o| (o.cells, count(o.area_m2))).collect();
        got.sort_unstable();
        prop_assert_eq!(got, expected);
        let all: BTreeSet<Tile> = tiles.iter().flat_map(|t| t.iter().copied()).collect();
        let mut gaps: Vec<usize> = found.gaps.iter().map(|g| count(g.area_m2)).collect();
        gaps.sort_unstable();
        prop_assert_eq!(gaps, enclosed(&all, SIZE));
        let outline = dissolve(records.iter().map(|r| &r.geometry)).unwrap();
        prop_assert_eq!(geometry_area2(&outline), TILE2 * all.len() as i128);
        prop_assert!(is_valid(&outline) || all.is_empty());
    }

    /// Joining the borders of cells that fit together makes no overlap and no gap, however near their detail is to the
    /// distance: units of a metre or two, vertices pushed about, and vertices that only one of two neighbours has.
    #[test]
    fn snapping_spoils_no_clean_coverage(
        of in prop::collection::vec(0usize..6, 100),
        pushed in prop::collection::vec((-1i64..=1, -1i64..=1), 200),
        push in 0i64..2_400,
        dropped in any::<u64>(),
        full in any::<bool>(),
        snap_m in 0.0..2.0f64,
    ) {
        const SIZE: i64 = 5;
        let mut cells: BTreeMap<usize, BTreeSet<Tile>> = BTreeMap::new();
        for (k, cell) in of.iter().enumerate().filter(|(_, c)| full || **c < 5) {
            let k = k as i64;
            cells.entry(*cell).or_default().insert((k / 4 % SIZE, k / 20, (k % 4) as u8));
        }
        let moved = |q: GridPoint| {
            let at = pushed[((q.x / (UNIT / 2)) * 13 + q.y / (UNIT / 2)).rem_euclid(200) as usize];
            // Near a city: about one metre a unit.
            p(121_000_000_000 + q.x + at.0 * push, 31_000_000_000 + q.y + at.1 * push)
        };
        let mut records: Vec<CellRecord> = Vec::new();
        for (i, tiles) in cells.values().enumerate() {
            let mut g = mosaic(tiles);
            for ring in g.polygons.iter_mut().flat_map(|q| std::iter::once(&mut q.outer).chain(&mut q.holes)) {
                ring.iter_mut().for_each(|q| *q = moved(*q));
                // A vertex on a straight stretch may be left out by one cell and kept by the other.
                let mut k = 0;
                while k < ring.len() && ring.len() > 3 {
                    let n = ring.len();
                    let (a, b, c) = (ring[(k + n - 1) % n], ring[k], ring[(k + 1) % n]);
                    let straight = area2(&[a, b, c]) == 0;
                    if straight && (dropped >> ((i * 7 + k) % 64)) & 1 == 1 { ring.remove(k); } else { k += 1; }
                }
            }
            records.push(record(g));
        }
        let before = agreement(&records);
        prop_assert_eq!(&before.overlaps, &vec![]);
        let old = records.clone();
        let changes = wall_core::snap(&mut records, snap_m);
        let after = agreement(&records);
        prop_assert_eq!(&after.overlaps, &vec![], "{:?}", changes);
        // Open ground between cells may become enclosed where they are joined; ground of a cell never becomes a gap.
        let was_a_cells = |place| old.iter().any(|c| {
            let q = GridPoint::nearest(place);
            let within = |r: &GridRing| holds(r, (q.x as f64 + 0.5, q.y as f64 + 0.5));
            c.geometry.polygons.iter().any(|p| within(&p.outer) && !p.holes.iter().any(within))
        });
        for gap in &after.gaps {
            prop_assert!(!full && !was_a_cells(gap.place), "{:?} {:?}", gap, changes);
        }
        for (i, (new, old)) in records.iter().zip(&old).enumerate() {
            prop_assert!(new == old || is_valid(&new.geometry));
            prop_assert_eq!(new != old, changes.iter().any(|c| c.cell == i && !c.kept));
        }
    }

    /// Rings that cross anywhere, themselves too, against the scanline and the other library.
    #[test]
    fn crossing_rings_against_a_scanline(
        a in prop::collection::vec((0i64..40, 0i64..40), 3..9),
        b in prop::collection::vec((0i64..40, 0i64..40), 3..9),
    ) {
        let cell = |ring: &[(i64, i64)]| CellGeometry {
            polygons: vec![GridPolygon { outer: ring.iter().map(|(x, y)| p(x * UNIT, y * UNIT)).collect(), holes: vec![] }],
        };
        let (a, b) = (cell(&a), cell(&b));
        for op in OPERATIONS {
            let got = geometry_area2(&area_op(&a, &b, op).unwrap()) as f64 / 2.0;
            // Crossings are rounded to the grid: a strip of one unit along each border.
            let slack = 40.0 * UNIT as f64 * 40.0;
            prop_assert!((got - scanline(&a, &b, op)).abs() < slack, "{:?}: {} {}", op, got, scanline(&a, &b, op));
            let other = other_library(&a, &b, op) as f64 / 2.0;
            prop_assert!((got - other).abs() < slack, "{:?}: {} {}", op, got, other);
        }
    }
}

/// Cases of the kind that test suites of geometry libraries collect: rings, what each operation must give (in unit squares),
/// by hand.
#[test]
fn cases_by_hand() {
    type Rings<'a> = &'a [&'a [(i64, i64)]];
    let cell = |polygons: &[Rings<'_>]| {
        let ring = |r: &&[(i64, i64)]| -> GridRing { r.iter().map(|(x, y)| p(x * UNIT, y * UNIT)).collect() };
        let polygon = |rings: &Rings<'_>| GridPolygon {
            outer: ring(&rings[0]),
            holes: rings[1..]
                .iter()
                .map(|h| {
                    let mut h = ring(h);
                    if area2(&h) > 0 {
                        h.reverse();
                    }
                    h
                })
                .collect(),
        };
        CellGeometry { polygons: polygons.iter().map(polygon).collect() }
    };
    let square: &[(i64, i64)] = &[(0, 0), (10, 0), (10, 10), (0, 10)];
    // What, a, b, union, intersection, difference.
    type Case<'a> = (&'a str, &'a [Rings<'a>], &'a [Rings<'a>], f64, f64, f64);
    let cases: &[Case<'_>] = &[
        (
            "a hole touches its outer ring where the other begins",
            &[&[&[(0, 0), (8, 0), (4, 8)], &[(4, 8), (3, 2), (5, 2)]]],
            &[&[&[(4, 8), (8, 12), (4, 16), (0, 12)]]],
            26.0 + 32.0,
            0.0,
            26.0,
        ),
        (
            "and the other lies in the hole",
            &[&[&[(0, 0), (8, 0), (4, 8)], &[(4, 8), (3, 2), (5, 2)]]],
            &[&[&[(4, 8), (3, 2), (5, 2)]]],
            32.0,
            0.0,
            26.0,
        ),
        (
            "two holes that touch each other and the ring",
            &[&[square, &[(0, 0), (5, 2), (5, 5)], &[(5, 5), (10, 10), (7, 9)]]],
            &[&[square]],
            100.0,
            100.0 - 7.5 - 5.0,
            0.0,
        ),
        (
            "a hole that touches in two points",
            &[&[square, &[(5, 0), (6, 5), (5, 10), (4, 5)]]],
            &[&[&[(5, 0), (6, 5), (5, 10), (4, 5)]]],
            100.0,
            0.0,
            90.0,
        ),
        (
            "a square in a square's hole, edge to edge",
            &[&[square, &[(2, 2), (8, 2), (8, 8), (2, 8)]]],
            &[&[&[(2, 2), (8, 2), (8, 8), (2, 8)]]],
            100.0,
            0.0,
            64.0,
        ),
        ("corner to corner", &[&[square]], &[&[&[(10, 10), (20, 10), (20, 20), (10, 20)]]], 200.0, 0.0, 100.0),
        ("part of an edge in common", &[&[square]], &[&[&[(10, 2), (14, 2), (14, 6), (10, 6)]]], 116.0, 0.0, 100.0),
        ("the same", &[&[square]], &[&[square]], 100.0, 100.0, 0.0),
        ("a spike through both sides", &[&[square]], &[&[&[(-5, 4), (15, 4), (15, 6), (-5, 6)]]], 120.0, 20.0, 80.0),
        (
            "a bow-tie of two triangles that meet in a point",
            &[&[&[(0, 0), (5, 5), (0, 10)]], &[&[(5, 5), (10, 0), (10, 10)]]],
            &[&[&[(0, 0), (10, 0), (5, 5)]]],
            75.0,
            0.0,
            50.0,
        ),
        (
            "four triangles around a point",
            &[&[&[(0, 0), (10, 0), (5, 5)]], &[&[(10, 10), (0, 10), (5, 5)]]],
            &[&[&[(0, 0), (5, 5), (0, 10)]], &[&[(5, 5), (10, 0), (10, 10)]]],
            100.0,
            0.0,
            50.0,
        ),
        (
            "an island in a hole in an island",
            &[
                &[square, &[(1, 1), (9, 1), (9, 9), (1, 9)]],
                &[&[(2, 2), (8, 2), (8, 8), (2, 8)], &[(3, 3), (7, 3), (7, 7), (3, 7)]],
            ],
            &[&[&[(4, 4), (6, 4), (6, 6), (4, 6)]]],
            36.0 + 20.0 + 4.0,
            0.0,
            56.0,
        ),
    ];
    for (what, a, b, union, intersection, difference) in cases {
        let (a, b) = (cell(a), cell(b));
        for (op, expected) in OPERATIONS.into_iter().zip([union, intersection, difference]) {
            let out = area_op(&a, &b, op).unwrap();
            let unit2 = 2.0 * (UNIT * UNIT) as f64;
            assert_eq!(geometry_area2(&out) as f64 / unit2, *expected, "{what}: {op:?}");
            assert!(out.polygons.is_empty() || is_valid(&out), "{what}: {op:?}: {out:?}");
        }
    }
}

/// Two combs that cross in more places than can be taken apart are said not to be compared, with a place; never "no overlap".
#[test]
fn what_cannot_be_computed_is_said() {
    const TEETH: i64 = 400;
    let comb = |turned: bool| {
        let mut ring: Vec<(i64, i64)> = vec![(-1, -1)];
        for i in 0..TEETH {
            ring.extend([(3 * i, -1), (3 * i, 3 * TEETH), (3 * i + 1, 3 * TEETH), (3 * i + 1, -1)]);
        }
        ring.extend([(3 * TEETH, -1), (3 * TEETH, -2), (-1, -2)]);
        let mut outer: GridRing =
            ring.into_iter().map(|(x, y)| if turned { p(y * UNIT, x * UNIT) } else { p(x * UNIT, y * UNIT) }).collect();
        outer.dedup();
        if area2(&outer) < 0 {
            outer.reverse();
        }
        record(CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] })
    };
    let records = [comb(false), comb(true)];
    let found = agreement(&records);
    assert!(found.overlaps.is_empty() && found.gaps.is_empty());
    let said: Vec<_> = found.not_compared.iter().map(|n| n.cells).collect();
    assert_eq!(said, [Some((0, 1)), None]);
    assert!(found.not_compared.iter().all(|n| n.fault.place.lon.abs() < 1.0 && !n.fault.what.is_empty()));
    let (ground, fault) = wall_core::outline(records.iter().map(|r| &r.geometry));
    assert!(fault.is_some() && ground.polygons.len() == 2);
}
