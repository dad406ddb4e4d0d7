use super::*;
use proptest::prelude::*;

/// Rings in units of 1e-4 degree (about 10 m) near a city, closed unless they are not.
fn ring(points: &[(i32, i32)]) -> RawRing {
    points.iter().map(|(x, y)| [121.0 + f64::from(*x) * 1e-4, 31.0 + f64::from(*y) * 1e-4]).collect()
}

fn area_of(g: &CellGeometry) -> i128 {
    // In units of (1e-4 degree)².
    let exact = area2(&g.polygons);
    (exact + 5_000_000_000) / 2 / 10_000_000_000
}

type Points<'a> = &'a [(i32, i32)];

/// Repairs one polygon; checks its area (in units²), its codes, and that the result is valid; refused without repair
/// exactly when `needs_repair`.
#[track_caller]
fn check(rings: &[Points], area: i128, codes: &[&str], needs_repair: bool) -> CellGeometry {
    let raw = vec![rings.iter().map(|r| ring(r)).collect::<RawPolygon>()];
    let (g, findings) = repair(&raw, RepairOptions { repair: true }).unwrap();
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), codes, "{findings:?}");
    assert_eq!(area_of(&g), area, "{g:?}");
    assert!(is_valid(&g), "{g:?}");
    assert_eq!(repair(&raw, RepairOptions { repair: false }).is_err(), needs_repair);
    g
}

#[track_caller]
fn refused(raw: &[RawPolygon], code: &str) {
    for on in [true, false] {
        let f = repair(raw, RepairOptions { repair: on }).unwrap_err();
        assert_eq!((f.code, f.action), (code, IssueAction::Rejected), "{f:?}");
        assert!(!f.message.is_empty());
    }
}

const SQUARE: Points = &[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)];
const HOLE: Points = &[(2, 2), (2, 4), (4, 4), (4, 2), (2, 2)];

#[test]
fn valid_polygons_keep_their_vertices() {
    let g = check(&[SQUARE], 100, &[], false);
    let e = 1_000_000_000;
    let at = |x: i64, y: i64| GridPoint { x: 121 * e + x * 100_000, y: 31 * e + y * 100_000 };
    assert_eq!(g.polygons[0].outer, vec![at(0, 0), at(10, 0), at(10, 10), at(0, 10)]);
    check(&[SQUARE, HOLE], 96, &[], false);
    // Points on straight edges are kept too; a hole may touch the outer ring in a point.
    let g = check(&[&[(0, 0), (5, 0), (10, 0), (10, 10), (0, 10), (0, 0)]], 100, &[], false);
    assert_eq!(g.polygons[0].outer.len(), 5);
    check(&[SQUARE, &[(0, 5), (3, 6), (3, 4), (0, 5)]], 97, &[], false);
}

#[test]
fn what_is_written_another_way_is_read() {
    check(&[&[(0, 0), (10, 0), (10, 10), (0, 10)]], 100, &["ring_unclosed"], true);
    check(&[&[(0, 0), (0, 10), (10, 10), (10, 0), (0, 0)]], 100, &["wrong_orientation"], false);
    check(&[SQUARE, &[(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]], 96, &["wrong_orientation"], false);
    check(&[&[(0, 0), (10, 0), (10, 0), (10, 10), (0, 10), (0, 10), (0, 0)]], 100, &["duplicate_nodes"], false);
}

#[test]
fn crossing_rings_are_noded() {
    // Bow-tie: both halves; a loop at a corner: the loop too; a curl: what is wound twice is inside.
    let g = check(&[&[(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]], 50, &["self_intersection"], true);
    assert_eq!(g.polygons.len(), 2);
    check(
        &[&[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]],
        100,
        &["self_intersection"],
        true,
    );
    // A spike has no ground.
    check(&[&[(0, 0), (10, 0), (20, 0), (10, 0), (10, 10), (0, 10), (0, 0)]], 100, &["self_intersection"], true);
    // A ring that touches itself in a vertex becomes two parts, or a part with a hole.
    check(&[&[(0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10), (0, 0)]], 50, &["self_touch"], true);
}

#[test]
fn holes_in_wrong_places() {
    check(&[SQUARE, &[(20, 20), (20, 24), (24, 24), (24, 20), (20, 20)]], 100, &["hole_outside"], true);
    check(&[SQUARE, &[(8, 4), (8, 6), (12, 6), (12, 4), (8, 4)]], 96, &["hole_crosses_outer"], true);
    check(&[SQUARE, &[(0, 0), (0, 4), (4, 4), (4, 0), (0, 0)]], 84, &["hole_crosses_outer"], true);
    check(&[SQUARE, HOLE, &[(3, 3), (3, 5), (5, 5), (5, 3), (3, 3)]], 93, &["holes_overlap"], true);
    check(&[SQUARE, &[(1, 1), (1, 9), (9, 9), (9, 1), (1, 1)], HOLE], 36, &["hole_crosses_outer"], true);
    check(&[SQUARE, &[(3, 3), (4, 4), (3, 3)]], 100, &["hole_degenerate"], true);
    // Touching the outer ring once is no fault; a chain from side to side cuts the ground in two.
    let touching: Points = &[(0, 5), (5, 6), (5, 4), (0, 5)];
    check(&[SQUARE, touching], 95, &[], false);
    let chained = check(&[SQUARE, touching, &[(5, 4), (10, 5), (5, 2), (5, 4)]], 90, &["cut_by_holes"], true);
    assert_eq!(chained.polygons.len(), 2);
    // A hole that takes everything leaves nothing.
    let all = repair(&[vec![ring(SQUARE), ring(SQUARE)]], RepairOptions::default()).unwrap_err();
    assert_eq!(all.code, "zero_area");
}

#[test]
fn parts() {
    let at = |dx: i32| SQUARE.iter().map(|(x, y)| (x + dx, *y)).collect::<Vec<_>>();
    let raw = |dx: i32| vec![vec![ring(SQUARE)], vec![ring(&at(dx))]];
    // Apart: kept as they are. Along an edge: one part of the same ground. On each other: united, if that is allowed.
    for (dx, area, codes) in
        [(20, 200, &[][..]), (10, 200, &["parts_adjoin"][..]), (5, 150, &["parts_overlap"]), (0, 100, &["parts_overlap"])]
    {
        let (g, f) = repair(&raw(dx), RepairOptions::default()).unwrap();
        assert_eq!(area_of(&g), area, "{dx} {f:?}");
        assert_eq!(f.iter().map(|f| f.code).collect::<Vec<_>>(), codes);
        assert!(is_valid(&g));
        assert_eq!(g.polygons.len(), if dx == 20 { 2 } else { 1 });
        assert_eq!(repair(&raw(dx), RepairOptions { repair: false }).is_err(), !codes.is_empty());
    }
    // In a hole of another part, or however small on another: by exact tests, not by area.
    let small = |at: (i64, i64)| {
        let p = |dx: i64, dy: i64| [121.0 + (at.0 + dx) as f64 * 1e-9, 31.0 + (at.1 + dy) as f64 * 1e-9];
        vec![vec![p(0, 0), p(3, 0), p(3, 3), p(0, 0)]]
    };
    let (g, f) = repair(&[vec![ring(SQUARE), ring(HOLE)], small((300_000, 300_000))], RepairOptions::default()).unwrap();
    assert!(g.polygons.len() == 2 && f.iter().all(|f| f.code == "wrong_orientation"), "{f:?}");
    let (g, f) = repair(&[vec![ring(SQUARE), ring(HOLE)], small((500_000, 500_000))], RepairOptions::default()).unwrap();
    assert_eq!((g.polygons.len(), f.last().map(|f| f.code)), (1, Some("parts_overlap")), "{f:?}");
    // A part without area does not take the others along.
    let (g, f) = repair(&[vec![ring(SQUARE)], vec![ring(&[(0, 0), (1, 1), (0, 0)])]], RepairOptions::default()).unwrap();
    assert_eq!((area_of(&g), f[0].code), (100, "part_dropped"));
}

#[test]
fn nothing_to_repair_is_refused() {
    refused(&[], "empty_geometry");
    refused(&[vec![]], "too_few_points");
    refused(&[vec![vec![]]], "too_few_points");
    refused(&[vec![ring(&[(0, 0)])]], "too_few_points");
    refused(&[vec![ring(&[(0, 0), (1, 1), (0, 0)])]], "too_few_points");
    refused(&[vec![vec![[1.0, 1.0], [1.0 + 1e-12, 1.0], [1.0, 1.0 + 1e-12], [1.0, 1.0]]]], "zero_area");
    refused(&[vec![vec![[0.0, 0.0], [f64::NAN, 0.0], [1.0, 1.0], [0.0, 0.0]]]], "not_finite");
    refused(&[vec![vec![[0.0, 0.0], [f64::INFINITY, 0.0], [1.0, 1.0], [0.0, 0.0]]]], "not_finite");
    refused(&[vec![vec![[-190.6, 52.3], [12.6, 51.9], [13.4, 51.9], [-190.6, 52.3]]]], "out_of_range");
    let swapped = repair(&[vec![vec![[31.2, 121.4], [31.3, 121.4], [31.3, 121.5], [31.2, 121.4]]]], RepairOptions::default());
    assert!(swapped.unwrap_err().message.contains("exchanged"));
    let metres = repair(&[vec![vec![[797494.3, 5827326.6], [1.0, 2.0], [3.0, 3.0], [0.0, 0.0]]]], RepairOptions::default());
    assert!(metres.unwrap_err().message.contains("metres"));
    refused(&[vec![vec![[-120.0, 80.0], [0.0, 80.0], [120.0, 80.0], [-120.0, 80.0]]]], "encloses_pole");
    let band = vec![[-180.0, 40.0], [180.0, 40.0], [180.0, 50.0], [-180.0, 50.0], [-180.0, 40.0]];
    refused(&[vec![band]], "spans_all_longitudes");
}

/// Points thrown at random.
fn tangle(n: u64) -> RawRing {
    let mut at = 7u64;
    let mut next = || {
        at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (at >> 33) as f64 / f64::from(1 << 31)
    };
    let mut ring: RawRing = (0..n).map(|_| [121.0 + next() * 0.01, 31.0 + next() * 0.01]).collect();
    ring.push(ring[0]);
    ring
}

#[test]
fn a_tangle_is_refused_before_it_takes_the_machine() {
    refused(&[vec![tangle(20_000)]], "too_tangled");
    let (g, _) = repair(&[vec![tangle(200)]], RepairOptions::default()).unwrap();
    assert!(is_valid(&g));
}

#[test]
fn across_the_antimeridian() {
    let raw = vec![vec![vec![[177.9, -18.3], [-179.8, -18.3], [-179.8, -16.2], [177.9, -16.2], [177.9, -18.3]]]];
    let (g, f) = repair(&raw, RepairOptions::default()).unwrap();
    assert_eq!(f[0].code, "crosses_antimeridian");
    assert_eq!(g.polygons.len(), 2);
    let degrees2 = area2(&g.polygons) as f64 / 2e18;
    assert!((degrees2 - 2.3 * 2.1).abs() < 1e-6, "{degrees2}");
    assert!(is_valid(&g));
    assert_eq!(repair(&raw, RepairOptions { repair: false }).unwrap_err().code, "crosses_antimeridian");
}

#[test]
fn too_many_vertices_are_refused_and_many_are_said() {
    let circle = |n: usize, r: f64| -> RawRing {
        (0..n)
            .map(|i| (i as f64 / n as f64 * std::f64::consts::TAU).sin_cos())
            .map(|(s, c)| [10.0 + r * c, 50.0 + r * s])
            .collect()
    };
    let (_, f) = repair(&[vec![circle(1000, 0.0005)]], RepairOptions::default()).unwrap();
    assert_eq!(f.iter().map(|f| (f.code, f.action)).next_back(), Some(("many_vertices", IssueAction::Kept)));
    let (_, f) = repair(&[vec![circle(1000, 0.5)]], RepairOptions::default()).unwrap();
    assert!(f.iter().all(|f| f.code != "many_vertices"));
    let f = repair(&[vec![vec![[0.0, 0.0]; MAX_VERTICES + 1]]], RepairOptions::default()).unwrap_err();
    assert_eq!(f.code, "too_many_vertices");
}

#[test]
fn a_hole_belongs_to_the_ring_around_it() {
    // Rounding brings borders of several parts onto each other: the engine gives a hole of the first part to the second.
    let outer = ring(&[(0, 2), (3, 5), (5, 1), (1, 0), (6, 5), (0, 1), (2, 2), (6, 3), (0, 2)]);
    let hole = ring(&[(6, 4), (2, 1), (4, 2), (6, 4)]);
    let second = ring(&[(2, 1), (3, 4), (2, 2), (0, 0), (3, 4), (6, 1), (2, 4), (2, 1)]);
    let (g, _) = repair(&[vec![outer, hole], vec![second]], RepairOptions { repair: true }).unwrap();
    assert!(is_valid(&g), "{:?}", repair_again(&g));
    assert_eq!(g.polygons.iter().map(|p| p.holes.len()).collect::<Vec<_>>(), [3, 0, 0, 0]);
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-30i32..30).prop_map(|v| f64::from(v) * 0.1),
        2 => -180.0..180.0f64,
        1 => prop_oneof![Just(180.0), Just(-180.0), Just(90.0), Just(-90.0), Just(0.0), Just(1e-9), Just(5e-10)],
        1 => any::<f64>(),
    ]
}

fn any_polygons() -> impl Strategy<Value = Vec<RawPolygon>> {
    let ring = prop::collection::vec([any_number(), any_number()], 0..12);
    prop::collection::vec(prop::collection::vec(ring, 0..4), 0..4)
}

/// Small integer rings cross, touch and overlap in every way.
fn tangled() -> impl Strategy<Value = Vec<RawPolygon>> {
    let ring = prop::collection::vec((0i32..7, 0i32..7), 3..10).prop_map(|mut r| {
        r.push(r[0]);
        ring(&r)
    });
    prop::collection::vec(prop::collection::vec(ring, 1..4), 1..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_geometry_has_an_answer(raw in any_polygons()) {
        for on in [true, false] {
            let _ = repair(&raw, RepairOptions { repair: on });
        }
    }

    #[test]
    fn what_is_repaired_is_valid_and_stays(raw in tangled()) {
        if let Ok((g, _)) = repair(&raw, RepairOptions { repair: true }) {
            prop_assert!(is_valid(&g), "{:?}", repair_again(&g));
        }
    }

    /// The repaired ground of one ring is what the ring winds around.
    #[test]
    fn one_ring_covers_what_it_winds_around(points in prop::collection::vec((0i32..7, 0i32..7), 3..9), x in 0i32..70, y in 0i32..70) {
        let mut r = points.clone();
        r.push(points[0]);
        let Ok((g, _)) = repair(&[vec![ring(&r)]], RepairOptions::default()) else { return Ok(()) };
        // A point off every edge: in tenths of a unit, moved by less than a tenth.
        let p = GridPoint { x: 121_000_000_000 + i64::from(x) * 10_000 + 3_701, y: 31_000_000_000 + i64::from(y) * 10_000 + 2_903 };
        let raw: GridRing = points.iter().map(|(a, b)| GridPoint { x: 121_000_000_000 + i64::from(*a) * 100_000, y: 31_000_000_000 + i64::from(*b) * 100_000 }).collect();
        let near = exact::edges(&raw).any(|(a, b)| {
            let len = ((b.x - a.x) as f64).hypot((b.y - a.y) as f64);
            len == 0.0 || (exact::cross(a, b, p) as f64 / len).abs() < 10.0
        });
        if near { return Ok(()) }
        let winding: i32 = exact::edges(&raw).map(|(a, b)| {
            let left = exact::cross(a, b, p) > 0;
            i32::from(a.y <= p.y && b.y > p.y && left) - i32::from(a.y > p.y && b.y <= p.y && !left)
        }).sum();
        let inside = g.polygons.iter().any(|q| q.rings().filter(|r| ring_side(r, p) == Side::Inside).count() % 2 == 1);
        prop_assert_eq!(inside, winding != 0);
    }
}

fn repair_again(g: &CellGeometry) -> Result<(CellGeometry, Vec<Finding>), Finding> {
    let raw: Vec<RawPolygon> = g
        .polygons
        .iter()
        .map(|p| p.rings().map(|r| r.iter().chain(r.first()).map(|g| [g.place().lon, g.place().lat]).collect()).collect())
        .collect();
    repair(&raw, RepairOptions { repair: false })
}
