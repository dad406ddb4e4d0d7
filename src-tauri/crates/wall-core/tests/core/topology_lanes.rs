//! Lanes between cells are found and closed together; a cell of which nothing is left gets its ground back.

use proptest::prelude::*;
use wall_core::{
    BuildOptions, CellGeometry, CellKind, CellRecord, Edit, Face, GridPoint, GridPolygon, LANE_M, RefusalCode, Resolution,
    Topology, TopologyFault, agreement, geometry_area_m2, is_valid,
};

/// About 1 m a unit (0.954 m east, 1.109 m north), north of Shanghai.
fn cell(points: &[(i64, i64)]) -> CellGeometry {
    let p = |(x, y): &(i64, i64)| GridPoint { x: 121_000_000_000 + x * 10_000, y: 31_000_000_000 + y * 10_000 };
    CellGeometry { polygons: vec![GridPolygon { outer: points.iter().map(p).collect(), holes: vec![] }] }
}

fn rectangle(west: i64, south: i64, east: i64, north: i64) -> CellGeometry {
    cell(&[(west, south), (east, south), (east, north), (west, north)])
}

fn build(cells: &[CellGeometry]) -> Topology {
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|g| ("", g)).collect();
    let (t, _) = Topology::build(&list, BuildOptions { snap_m: 0.0, sliver_m: 0.0 }).unwrap();
    t.check().unwrap();
    t
}

fn record(geometry: &CellGeometry) -> CellRecord {
    CellRecord {
        code: String::new(),
        name: String::new(),
        kind: CellKind::Basic,
        community_code: String::new(),
        community_name: String::new(),
        households: None,
        owner: None,
        feature_index: 0,
        geometry: geometry.clone(),
    }
}

/// Cells, widths and lengths of lanes to the metre, by cells; the same from the polygons and from the subdivision.
#[track_caller]
fn lanes(cells: &[CellGeometry]) -> Vec<((usize, usize), f64, f64)> {
    let records: Vec<CellRecord> = cells.iter().map(record).collect();
    let said = |l: &wall_core::Lane| (l.cells, (l.width_m * 10.0).round() / 10.0, l.length_m.round());
    let mut found: Vec<_> = agreement(&records).lanes.iter().map(said).collect();
    let mut again: Vec<_> = build(cells).lanes(LANE_M).iter().map(said).collect();
    found.sort_by_key(|l| l.0);
    again.sort_by_key(|l| l.0);
    assert_eq!(found, again);
    found
}

fn area(t: &Topology) -> f64 {
    t.faces().map(|f| t.area_m2(f)).sum()
}

/// Closes, looks whether everything holds, and takes it back.
#[track_caller]
fn closed(t: &Topology) -> Topology {
    let patch = t.plan_edit(&Edit::CloseLanes { at_most_m: LANE_M }).unwrap();
    let mut new = t.clone();
    new.apply(&patch);
    new.check().unwrap();
    assert!(new.faces().all(|f| is_valid(&new.geometry(f))));
    let mut back = new.clone();
    back.apply(&patch.inverse());
    back.check().unwrap();
    assert!(t.faces().all(|f| back.geometry(f) == t.geometry(f)));
    new
}

#[test]
fn lanes_between_blocks_are_found_and_closed_together() {
    let cells: Vec<CellGeometry> =
        (0..9).map(|k| (k / 3 * 106, k % 3 * 106)).map(|(x, y)| rectangle(x, y, x + 100, y + 100)).collect();
    let found = lanes(&cells);
    assert_eq!(found.len(), 12, "{found:?}");
    for ((a, b), width, length) in found {
        // Neighbours in a column are one above the other.
        assert_eq!((width, length), if b == a + 1 { (6.7, 96.0) } else { (5.7, 111.0) }, "{a} {b}");
    }
    let t = build(&cells);
    assert!(t.gaps().is_empty());
    let all = closed(&t);
    let whole = geometry_area_m2(&rectangle(0, 0, 312, 312));
    assert!((area(&all) - whole).abs() < 0.01, "{} {whole}", area(&all));
    assert_eq!((all.gaps().len(), all.lanes(LANE_M).len()), (0, 0));
    // Each got its half; the middle one half of four lanes.
    let middle = geometry_area_m2(&rectangle(103, 103, 209, 209));
    assert!((all.area_m2(Face(4)) - middle).abs() < 0.06 * middle, "{} {middle}", all.area_m2(Face(4)));
    assert_eq!(all.plan_edit(&Edit::CloseLanes { at_most_m: LANE_M }).unwrap_err().code, RefusalCode::NothingThere);
    assert_eq!(t.plan_edit(&Edit::CloseLanes { at_most_m: 3.0 }).unwrap_err().code, RefusalCode::NothingThere);
}

#[test]
fn what_is_no_lane() {
    // Together; further apart than a lane; corner to corner; around enclosed ground; a notch in one cell.
    assert_eq!(lanes(&[rectangle(0, 0, 100, 100), rectangle(100, 0, 200, 100)]), vec![]);
    assert_eq!(lanes(&[rectangle(0, 0, 100, 100), rectangle(125, 0, 200, 100)]), vec![]);
    assert_eq!(lanes(&[rectangle(0, 0, 100, 100), rectangle(105, 105, 200, 200)]), vec![]);
    let ring = [rectangle(0, 0, 30, 10), rectangle(20, 10, 30, 30), rectangle(0, 10, 10, 30), rectangle(0, 30, 30, 40)];
    assert_eq!(lanes(&ring), vec![]);
    assert_eq!(lanes(&[cell(&[(0, 0), (50, 0), (50, 90), (55, 90), (55, 0), (100, 0), (100, 100), (0, 100)])]), vec![]);
    // A cell between two others has a lane with each, and they have none.
    let three = [rectangle(0, 0, 50, 100), rectangle(52, 0, 58, 100), rectangle(60, 0, 100, 100)];
    assert_eq!(lanes(&three).iter().map(|l| l.0).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
}

#[test]
fn bends_wedges_and_different_lengths() {
    let bend = [rectangle(0, 0, 100, 100), cell(&[(106, 0), (200, 0), (200, 200), (0, 200), (0, 106), (106, 106)])];
    assert_eq!(lanes(&bend), [((0, 1), 6.2, 206.0)]);
    let t = closed(&build(&bend));
    assert_eq!((t.gaps().len(), t.lanes(LANE_M).len()), (0, 0));
    assert!((area(&t) - geometry_area_m2(&rectangle(0, 0, 200, 200))).abs() < 1.0);
    // From a common node to ten metres apart.
    let wedge = [rectangle(0, 0, 100, 100), cell(&[(100, 100), (110, 0), (200, 0), (200, 100)])];
    assert_eq!(lanes(&wedge), [((0, 1), 4.8, 111.0)]);
    let t = closed(&build(&wedge));
    assert!((area(&t) - geometry_area_m2(&rectangle(0, 0, 200, 100))).abs() < 1.0);
    // Two short ones beside a long one, a centimetre off.
    let long = [
        rectangle(0, 0, 50, 200),
        CellGeometry { polygons: vec![GridPolygon { outer: shifted(&rectangle(50, 0, 100, 90), 100), holes: vec![] }] },
        CellGeometry { polygons: vec![GridPolygon { outer: shifted(&rectangle(50, 90, 100, 200), 100), holes: vec![] }] },
    ];
    assert_eq!(lanes(&long).iter().map(|l| (l.0, l.2)).collect::<Vec<_>>(), [((0, 1), 100.0), ((0, 2), 122.0)]);
    closed(&build(&long));
}

fn shifted(g: &CellGeometry, by: i64) -> Vec<GridPoint> {
    g.polygons[0].outer.iter().map(|p| GridPoint { x: p.x + by, y: p.y }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn lanes_of_all_widths_are_closed(insets in prop::collection::vec((0i64..9, 0i64..9, 0i64..9, 0i64..9), 12), lean in prop::collection::vec(-3i64..=3, 12)) {
        let cells: Vec<CellGeometry> = insets.iter().zip(&lean).enumerate().map(|(k, ((w, s, e, n), lean))| {
            let (x, y) = ((k as i64 / 3) * 60, (k as i64 % 3) * 50);
            cell(&[(x + w + lean.max(&0), y + s), (x + 60 - e, y + s), (x + 60 - e, y + 50 - n), (x + w, y + 50 - n)])
        }).collect();
        let t = build(&cells);
        let before = t.lanes(LANE_M);
        prop_assume!(!before.is_empty());
        let new = closed(&t);
        for f in t.faces() {
            prop_assert!(new.area_m2(f) >= t.area_m2(f) - 1e-6);
        }
        let lane_m2: f64 = before.iter().map(|l| l.area_m2).sum();
        prop_assert!(area(&new) >= area(&t) + 0.9 * lane_m2, "{} {} {lane_m2}", area(&new), area(&t));
        // Nothing of the lanes becomes a gap.
        let gap_m2 = |t: &Topology| t.gaps().iter().map(|g| g.area_m2).sum::<f64>();
        prop_assert!(gap_m2(&new) <= gap_m2(&t) + 0.01, "{}", gap_m2(&new));
    }
}

#[test]
fn an_enclave_is_cut_out_of_its_neighbour() {
    // A9 lies over all of B1; C1 lies beside. The lowest code has the ground.
    let (outer, inner, beside) = (rectangle(0, 0, 300, 300), rectangle(100, 100, 200, 200), rectangle(300, 0, 400, 300));
    let list = [("A9", &outer), ("C1", &beside), ("B1", &inner)];
    let (mut t, report) = Topology::build(&list, BuildOptions::default()).unwrap();
    assert!(!t.is_alive(Face(2)));
    let lost = report.findings.iter().find(|f| f.kind == TopologyFault::Lost).unwrap();
    assert_eq!((lost.cells.as_slice(), lost.resolution), (&[2][..], Resolution::Dropped));
    let edit = Edit::CutOut { face: Face(2), grounds: inner.polygons.clone() };
    let patch = t.plan_edit(&edit).unwrap();
    assert_eq!((patch.created(), patch.removed()), (&[Face(2)][..], &[][..]));
    t.apply(&patch);
    t.check().unwrap();
    assert_eq!(t.geometry(Face(2)), inner);
    assert_eq!(t.hole_count(Face(0)), 1);
    assert!((t.area_m2(Face(0)) + t.area_m2(Face(2)) - geometry_area_m2(&outer)).abs() < 1e-3);
    assert_eq!(t.plan_edit(&edit).unwrap_err().code, RefusalCode::NothingThere);
    t.apply(&patch.inverse());
    t.check().unwrap();
    assert!(!t.is_alive(Face(2)) && t.geometry(Face(0)) == outer);
    // A living cell gets back what another claims; one from border to border may tear its neighbour.
    let strip = rectangle(140, -10, 160, 310);
    let (mut t, _) = Topology::build(&[("A", &outer), ("B", &strip)], BuildOptions::default()).unwrap();
    let patch = t.plan_edit(&Edit::CutOut { face: Face(1), grounds: strip.polygons.clone() }).unwrap();
    t.apply(&patch);
    t.check().unwrap();
    assert!((t.area_m2(Face(1)) - geometry_area_m2(&strip)).abs() < 1e-3);
    assert_eq!(t.part_count(Face(0)), 2);
    assert_eq!(t.plan_edit(&Edit::CutOut { face: Face(9), grounds: vec![] }).unwrap_err().code, RefusalCode::NothingThere);
}
