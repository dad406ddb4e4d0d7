//! Small subdivisions drawn by hand: what each edit does, what each refusal is called, and that nothing makes it panic.

use proptest::prelude::*;
use wall_core::{
    AreaOp, BuildOptions, BuildReport, CellGeometry, Edit, Face, GridPoint, GridPolygon, GridRing, Place, RefusalCode,
    Resolution, Topology, TopologyError, TopologyFault, area_op, geometry_area_m2, polygonize,
};

/// About 1 m a unit, north of Shanghai.
fn p(x: i64, y: i64) -> GridPoint {
    GridPoint { x: 121_000_000_000 + x * 10_000, y: 31_000_000_000 + y * 10_000 }
}

fn line(points: &[(i64, i64)]) -> Vec<GridPoint> {
    points.iter().map(|(x, y)| p(*x, *y)).collect()
}

fn cell(rings: &[&[(i64, i64)]]) -> CellGeometry {
    let mut rings = rings.iter().map(|r| line(r));
    CellGeometry { polygons: vec![GridPolygon { outer: rings.next().unwrap(), holes: rings.collect() }] }
}

fn square(x: i64, y: i64, side: i64) -> CellGeometry {
    cell(&[&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)]])
}

fn build_with(cells: &[(&str, CellGeometry)], options: BuildOptions) -> (Topology, BuildReport) {
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|(c, g)| (*c, g)).collect();
    let (t, report) = Topology::build(&list, options).unwrap();
    t.check().unwrap();
    (t, report)
}

fn build(cells: &[CellGeometry]) -> Topology {
    let list: Vec<(&str, CellGeometry)> = cells.iter().map(|g| ("", g.clone())).collect();
    build_with(&list, BuildOptions { snap_m: 0.0, sliver_m: 0.0 }).0
}

/// Three cells side by side, 100 m each, and a fourth over all of them.
fn four() -> Topology {
    let over = cell(&[&[(0, 100), (100, 100), (200, 100), (300, 100), (300, 200), (0, 200)]]);
    build(&[square(0, 0, 100), square(100, 0, 100), square(200, 0, 100), over])
}

fn done(t: &mut Topology, edit: Edit) {
    let patch = t.plan_edit(&edit).unwrap_or_else(|r| panic!("{edit:?}: {r:?}"));
    t.apply(&patch);
    t.check().unwrap();
}

fn refused(t: &Topology, edit: Edit) -> RefusalCode {
    let r = t.plan_edit(&edit).map(|_| format!("{edit:?} was possible")).unwrap_err();
    assert!(!r.message.is_empty());
    r.code
}

fn ground(t: &Topology, face: u32, cell: &CellGeometry) {
    assert_eq!(t.geometry(Face(face)), *cell);
}

const A: Face = Face(0);
const B: Face = Face(1);
const C: Face = Face(2);
const OVER: Face = Face(3);

#[test]
fn edges_are_stored_once() {
    let t = four();
    assert_eq!(t.arcs().count(), 8 + 1 - 1 + 1);
    let near: Vec<(u32, i64)> = t.neighbours(B).iter().map(|(f, m)| (f.0, m.round() as i64)).collect();
    assert_eq!(near, [(0, 111), (2, 111), (3, 96)]);
    assert!(t.is_node(p(100, 100)) && t.is_node(p(100, 0)) && !t.is_node(p(0, 0)));
    assert_eq!((t.part_count(B), t.hole_count(B)), (1, 0));
    assert!((t.area_m2(B) / (111.0 * 95.5) - 1.0).abs() < 0.01, "{}", t.area_m2(B));
}

#[test]
fn a_place_on_a_border_belongs_to_the_lowest_code() {
    let cells = [("b", square(0, 0, 100)), ("a", square(100, 0, 100)), ("a", square(0, 100, 100)), ("c", square(100, 100, 100))];
    let (t, _) = build_with(&cells, BuildOptions { snap_m: 0.0, sliver_m: 0.0 });
    let at = |x, y| t.face_at(p(x, y).place()).map(|f| f.0);
    assert_eq!((at(50, 50), at(150, 50), at(50, 150), at(150, 150)), (Some(0), Some(1), Some(2), Some(3)));
    // Two cells with code a: the first of them.
    assert_eq!((at(100, 50), at(50, 100), at(100, 100), at(150, 100), at(0, 0)), (Some(1), Some(2), Some(1), Some(1), Some(0)));
    assert_eq!((at(-1, 50), at(201, 50), at(100, 201), at(50, -1)), (None, None, None, None));
    assert_eq!(t.face_at(Place { lon: f64::NAN, lat: 0.0 }), None);
}

#[test]
fn a_node_is_moved_with_all_that_meet_there() {
    let mut t = four();
    done(&mut t, Edit::MoveVertex { from: p(100, 100), to: p(120, 90) });
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (120, 90), (0, 100)]]));
    ground(&t, 1, &cell(&[&[(100, 0), (200, 0), (200, 100), (120, 90)]]));
    ground(&t, 3, &cell(&[&[(0, 100), (120, 90), (200, 100), (300, 100), (300, 200), (0, 200)]]));
    // Past the next border, onto it, onto a vertex, off the border of all.
    let to = |x, y| Edit::MoveVertex { from: p(120, 90), to: p(x, y) };
    assert_eq!(refused(&t, to(220, 50)), RefusalCode::CrossesBorder);
    assert_eq!(refused(&t, to(200, 50)), RefusalCode::TouchesBorder);
    assert_eq!(refused(&t, to(200, 100)), RefusalCode::TouchesBorder);
    assert_eq!(refused(&t, to(120, 220)), RefusalCode::CrossesBorder);
    assert_eq!(refused(&t, to(120, 90)), RefusalCode::NoChange);
    assert_eq!(refused(&t, Edit::MoveVertex { from: p(5, 5), to: p(6, 6) }), RefusalCode::NothingThere);
    assert_eq!(refused(&t, Edit::MoveVertex { from: p(0, 0), to: p(-5, 0) }), RefusalCode::OuterBorder);
    assert_eq!(
        refused(&t, Edit::MoveVertex { from: p(120, 90), to: GridPoint { x: i64::MAX, y: i64::MIN } }),
        RefusalCode::OffTheGrid
    );
    done(&mut t, Edit::MoveOuterVertex { from: p(0, 0), to: p(-50, -10) });
    ground(&t, 0, &cell(&[&[(-50, -10), (100, 0), (120, 90), (0, 100)]]));
}

#[test]
fn an_island_is_not_passed_over() {
    let around = cell(&[&[(0, 0), (100, 0), (100, 100), (0, 100)], &[(70, 40), (70, 60), (90, 60), (90, 40)]]);
    let t = build(&[around, square(100, 0, 100), cell(&[&[(70, 40), (90, 40), (90, 60), (70, 60)]])]);
    let mut bent = t.clone();
    done(&mut bent, Edit::InsertVertex { segment: (p(100, 0), p(100, 100)), at: p(99, 50) });
    // Over it entirely, without touching it when it is done.
    let over = bent.plan_edit(&Edit::MoveVertex { from: p(99, 50), to: p(2, 50) });
    assert_eq!(over.unwrap_err().code, RefusalCode::CrossesBorder);
    done(&mut bent, Edit::MoveVertex { from: p(99, 50), to: p(92, 50) });
    // The island itself is turned inside out, or leaves its hole.
    assert_eq!(refused(&t, Edit::MoveVertex { from: p(70, 40), to: p(95, 65) }), RefusalCode::CrossesBorder);
    assert_eq!(refused(&t, Edit::MoveVertex { from: p(90, 60), to: p(120, 60) }), RefusalCode::CrossesBorder);
    // A lone cell over its neighbour that it does not touch.
    let lone = build(&[square(0, 0, 100), cell(&[&[(200, 40), (210, 40), (210, 60)]])]);
    let from = p(210, 40);
    assert_eq!(refused(&lone, Edit::MoveOuterVertex { from, to: p(-900, -300) }), RefusalCode::CrossesBorder);
    assert_eq!(refused(&lone, Edit::MoveOuterVertex { from: p(100, 0), to: p(900, -10) }), RefusalCode::CrossesBorder);
}

#[test]
fn vertices_come_and_go() {
    let mut t = four();
    let segment = (p(100, 0), p(100, 100));
    done(&mut t, Edit::InsertVertex { segment, at: p(110, 50) });
    ground(&t, 1, &cell(&[&[(100, 0), (200, 0), (200, 100), (100, 100), (110, 50)]]));
    assert_eq!(refused(&t, Edit::InsertVertex { segment, at: p(110, 50) }), RefusalCode::NothingThere);
    done(&mut t, Edit::DeleteVertex { at: p(110, 50) });
    assert_eq!(t.geometry(A), four().geometry(A));
    assert_eq!(refused(&t, Edit::DeleteVertex { at: p(100, 100) }), RefusalCode::TouchesBorder);
    assert_eq!(refused(&t, Edit::DeleteVertex { at: p(0, 0) }), RefusalCode::OuterBorder);
    assert_eq!(refused(&t, Edit::DeleteVertex { at: p(55, 55) }), RefusalCode::NothingThere);
    // On the outer border only where it changes nothing.
    let bottom = (p(0, 0), p(100, 0));
    assert_eq!(refused(&t, Edit::InsertVertex { segment: bottom, at: p(50, -1) }), RefusalCode::OuterBorder);
    done(&mut t, Edit::InsertVertex { segment: bottom, at: p(50, 0) });
    done(&mut t, Edit::DeleteVertex { at: p(50, 0) });
    // A triangle keeps its corners.
    let island = build(&[
        cell(&[&[(0, 0), (100, 0), (100, 100), (0, 100)], &[(10, 10), (20, 30), (30, 10)]]),
        cell(&[&[(10, 10), (30, 10), (20, 30)]]),
    ]);
    assert_eq!(refused(&island, Edit::DeleteVertex { at: p(20, 30) }), RefusalCode::TooSmall);
}

#[test]
fn a_border_is_reshaped() {
    let mut t = four();
    done(&mut t, Edit::Reshape { line: line(&[(100, 20), (120, 20), (120, 60), (100, 60)]) });
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (100, 20), (120, 20), (120, 60), (100, 60), (100, 100), (0, 100)]]));
    // Back again, the ends a little off.
    let near = vec![
        GridPoint { x: p(100, 20).x - 1000, y: p(100, 20).y - 1000 },
        p(100, 40),
        GridPoint { x: p(100, 60).x - 1500, y: p(100, 60).y },
    ];
    done(&mut t, Edit::Reshape { line: near });
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (100, 20), (100, 40), (100, 60), (100, 100), (0, 100)]]));
    // To and fro over the border.
    done(&mut t, Edit::Reshape { line: line(&[(100, 0), (110, 10), (90, 30), (110, 50), (100, 100)]) });
    let reshape = |points: &[(i64, i64)]| Edit::Reshape { line: line(points) };
    assert_eq!(refused(&t, reshape(&[(100, 0), (50, 50)])), RefusalCode::LineMisses);
    assert_eq!(refused(&t, reshape(&[(100, 0), (200, 60)])), RefusalCode::NotNeighbours);
    assert_eq!(refused(&t, reshape(&[(0, 30), (30, 30), (0, 60)])), RefusalCode::OuterBorder);
    assert_eq!(refused(&t, reshape(&[(100, 0), (250, 50), (100, 100)])), RefusalCode::CrossesBorder);
    assert_eq!(refused(&t, reshape(&[(100, 0), (50, -50), (100, 100)])), RefusalCode::OuterBorder, "through ground of no cell");
    assert_eq!(refused(&t, reshape(&[(100, 0), (60, 60), (60, 20), (90, 70), (100, 100)])), RefusalCode::SelfCrossing);
    assert_eq!(refused(&t, reshape(&[(100, 0)])), RefusalCode::LineMisses);
    // Straight again, although the line crosses the border it replaces twice on the way: there it has vertices.
    done(&mut t, reshape(&[(100, 0), (100, 100)]));
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (100, 20), (100, 40), (100, 100), (0, 100)]]));
    ground(&t, 1, &cell(&[&[(100, 0), (200, 0), (200, 100), (100, 100), (100, 40), (100, 20)]]));
}

#[test]
fn an_island_takes_the_nearer_way_round() {
    let around = cell(&[&[(0, 0), (100, 0), (100, 100), (0, 100)], &[(40, 40), (40, 60), (60, 60), (60, 40)]]);
    let mut t = build(&[around, square(40, 40, 20)]);
    done(&mut t, Edit::Reshape { line: line(&[(40, 60), (50, 80), (60, 60)]) });
    ground(&t, 1, &cell(&[&[(40, 40), (60, 40), (60, 60), (50, 80), (40, 60)]]));
}

#[test]
fn a_cell_is_split() {
    let mut t = four();
    done(&mut t, Edit::Split { face: OVER, line: line(&[(120, 90), (120, 210)]) });
    let new = Face(4);
    ground(&t, 4, &cell(&[&[(0, 100), (100, 100), (120, 100), (120, 200), (0, 200)]]));
    assert!(t.area_m2(new) < t.area_m2(OVER));
    // The neighbour below has the new node too.
    ground(&t, 1, &cell(&[&[(100, 0), (200, 0), (200, 100), (120, 100), (100, 100)]]));
    let split = |face, points: &[(i64, i64)]| Edit::Split { face, line: line(points) };
    assert_eq!(refused(&t, split(A, &[(20, -5), (20, 50)])), RefusalCode::LineMisses);
    assert_eq!(refused(&t, split(A, &[(-20, -5), (-20, 50)])), RefusalCode::LineMisses);
    assert_eq!(refused(&t, split(A, &[(20, -5), (20, 50), (80, 50), (80, -5), (90, -5), (90, 105)])), RefusalCode::NotTwoParts);
    assert_eq!(refused(&t, split(Face(77), &[(20, -5), (20, 150)])), RefusalCode::NothingThere);
    assert_eq!(refused(&t, split(A, &[(20, -5), (20, 150), (40, 50), (0, 50)])), RefusalCode::SelfCrossing);
    let tiny =
        vec![p(0, 0), GridPoint { x: p(0, 0).x + 5000, y: p(0, 0).y + 5000 }, GridPoint { x: p(0, 0).x + 6000, y: p(0, 0).y }];
    assert_eq!(refused(&t, Edit::Split { face: A, line: tiny }), RefusalCode::TooSmall);
    // A ring in the middle.
    done(&mut t, split(A, &[(20, 20), (60, 20), (60, 60), (20, 60), (20, 20)]));
    assert_eq!((t.hole_count(A), t.neighbours(Face(5)).len()), (1, 1));
    done(&mut t, Edit::Merge { into: A, from: vec![Face(5)] });
    assert_eq!(t.hole_count(A), 0);
}

#[test]
fn neighbours_are_merged() {
    let mut t = four();
    assert_eq!(refused(&t, Edit::Merge { into: A, from: vec![C] }), RefusalCode::NotNeighbours);
    assert_eq!(refused(&t, Edit::Merge { into: A, from: vec![A] }), RefusalCode::NoChange);
    assert_eq!(refused(&t, Edit::Merge { into: A, from: vec![Face(9)] }), RefusalCode::NothingThere);
    let patch = t.plan_edit(&Edit::Merge { into: A, from: vec![C, B, B] }).unwrap();
    assert_eq!((patch.removed(), patch.created(), patch.changed()), (&[B, C][..], &[][..], vec![A, B, C, OVER]));
    t.apply(&patch);
    t.check().unwrap();
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (200, 0), (300, 0), (300, 100), (200, 100), (100, 100), (0, 100)]]));
    assert_eq!(t.faces().collect::<Vec<_>>(), [A, OVER]);
    assert_eq!(t.arcs().count(), 3);
    t.apply(&patch.inverse());
    t.check().unwrap();
    assert_eq!(t.arcs().collect::<Vec<_>>(), four().arcs().collect::<Vec<_>>());
}

#[test]
fn ground_is_given() {
    let mut t = four();
    let give = |to, outer: GridRing, allow_parts| Edit::Transfer { to, area: GridPolygon { outer, holes: vec![] }, allow_parts };
    done(&mut t, give(A, line(&[(50, 20), (150, 20), (150, 60), (50, 60)]), false));
    ground(&t, 0, &cell(&[&[(0, 0), (100, 0), (100, 20), (150, 20), (150, 60), (100, 60), (100, 100), (0, 100)]]));
    // Beyond the outer border nothing is taken.
    done(&mut t, give(B, line(&[(190, -50), (220, -50), (220, 40), (190, 40)]), false));
    ground(&t, 2, &cell(&[&[(200, 40), (220, 40), (220, 0), (300, 0), (300, 100), (200, 100)]]));
    let across = line(&[(-10, 120), (310, 120), (310, 180), (-10, 180)]);
    assert_eq!(refused(&t, give(A, across.clone(), false)), RefusalCode::NotNeighbours);
    assert_eq!(
        refused(&t, give(A, line(&[(-10, 90), (50, 90), (50, 210), (40, 210), (40, 110), (-10, 110)]), false)),
        RefusalCode::SplitsCell
    );
    assert_eq!(refused(&t, give(A, line(&[(10, 10), (20, 10), (20, 20)]), false)), RefusalCode::NothingThere);
    assert_eq!(refused(&t, give(A, line(&[(-10, 90), (310, 90), (310, 210), (-10, 210)]), false)), RefusalCode::WholeCell);
    assert_eq!(refused(&t, give(A, line(&[(10, 10), (20, 10)]), false)), RefusalCode::TooSmall);
    assert_eq!(refused(&t, give(Face(9), line(&[(10, 10), (20, 10), (10, 90)]), false)), RefusalCode::NothingThere);
    done(&mut t, give(A, across, true));
    assert_eq!((t.part_count(A), t.part_count(OVER)), (2, 2));
}

#[test]
fn a_block_cut_along_a_slanted_border_leaves_no_sliver() {
    // The border is slanted; a street meets it off the grid; the block between is given over.
    let a = cell(&[&[(0, 0), (100, 0), (137, 100), (0, 100)]]);
    let b = cell(&[&[(100, 0), (200, 0), (200, 100), (137, 100)]]);
    let mut t = build(&[a, b]);
    let borders: Vec<Vec<GridPoint>> = t.arcs().map(|a| a.points.to_vec()).collect();
    let streets = [line(&[(50, 31), (210, 33)]), line(&[(50, 67), (210, 71)]), line(&[(171, -10), (173, 110)])];
    let blocks = polygonize(&[&borders[..], &streets[..]].concat());
    let place = p(140, 50);
    let inside = |b: &&GridPolygon| {
        let all = CellGeometry { polygons: vec![(*b).clone()] };
        let (lo, hi) = all.bounds().unwrap();
        lo.x < place.x && place.x < hi.x && lo.y < place.y && place.y < hi.y && lo.x > p(105, 0).x
    };
    let block = blocks.iter().find(inside).unwrap();
    done(&mut t, Edit::Transfer { to: A, area: block.clone(), allow_parts: false });
    assert_eq!((t.part_count(A), t.part_count(B)), (1, 1));
    assert_eq!(t.gaps(), vec![]);
}

#[test]
fn a_gap_is_filled() {
    let cells: Vec<CellGeometry> = [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)]
        .iter()
        .map(|(x, y)| square(x * 100, y * 100, 100))
        .collect();
    let mut t = build(&cells);
    let gaps = t.gaps();
    assert_eq!((gaps.len(), gaps[0].faces.clone()), (1, vec![Face(1), Face(3), Face(4), Face(6)]));
    assert_eq!(gaps[0].geometry, square(100, 100, 100));
    let fill = |x, y, to| Edit::FillGap { at: p(x, y), to: Face(to) };
    assert_eq!(refused(&t, fill(150, 150, 0)), RefusalCode::NotNeighbours, "corner to corner");
    assert_eq!(refused(&t, fill(50, 150, 1)), RefusalCode::NothingThere);
    assert_eq!(refused(&t, fill(-50, 150, 3)), RefusalCode::NothingThere);
    done(&mut t, fill(150, 150, 3));
    assert_eq!(t.gaps(), vec![]);
    assert_eq!(t.face_at(p(150, 150).place()), Some(Face(3)));
}

#[test]
fn the_outer_border_is_redrawn() {
    let mut t = four();
    // Outwards under two cells: the longer border gets it; inwards it is given up.
    done(&mut t, Edit::ReshapeOuter { line: line(&[(20, 0), (20, -30), (130, -30), (130, 0)]) });
    assert_eq!(t.face_at(p(110, -10).place()), Some(A));
    done(&mut t, Edit::ReshapeOuter { line: line(&[(300, 40), (250, 40), (250, 160), (300, 160)]) });
    assert_eq!(
        (t.face_at(p(270, 50).place()), t.face_at(p(270, 150).place()), t.face_at(p(240, 50).place())),
        (None, None, Some(C))
    );
    let outer = |points: &[(i64, i64)]| Edit::ReshapeOuter { line: line(points) };
    assert_eq!(refused(&t, outer(&[(100, 50), (130, -30)])), RefusalCode::LineMisses);
    assert_eq!(refused(&t, outer(&[(140, 200), (150, 100), (160, 200)])), RefusalCode::SplitsCell);
    // An island outside is not swallowed.
    let mut island = build(&[square(0, 0, 100), square(120, 40, 20)]);
    done(&mut island, outer(&[(100, 0), (200, 0), (200, 100), (100, 100)]));
    assert_eq!(island.face_at(p(130, 50).place()), Some(B));
    assert_eq!((island.hole_count(A), island.geometry(B)), (1, square(120, 40, 20)));
}

#[test]
fn borders_are_simplified_together() {
    let wavy: Vec<(i64, i64)> = (0..=20).map(|i| (100 + [0, 2][i as usize % 2], i * 5)).collect();
    let left = [&[(0, 0)][..], &wavy, &[(0, 100)]].concat();
    let right: Vec<(i64, i64)> = [&[(200, 100)][..], &wavy.iter().rev().copied().collect::<Vec<_>>(), &[(200, 0)]].concat();
    let mut t = build(&[cell(&[&left]), cell(&[&right])]);
    assert_eq!(refused(&t, Edit::Simplify { faces: vec![A], tolerance_m: 0.1 }), RefusalCode::NoChange);
    for tolerance_m in [f64::NAN, 0.0, -3.0, f64::INFINITY] {
        assert_eq!(refused(&t, Edit::Simplify { faces: vec![A], tolerance_m }), RefusalCode::NoChange);
    }
    done(&mut t, Edit::Simplify { faces: vec![A], tolerance_m: 2.0 });
    assert_eq!(t.geometry(B), cell(&[&[(100, 0), (200, 0), (200, 100), (100, 100)]]));
}

#[test]
fn pinched_cells_hold() {
    // Two parts of one cell that touch in a point, and a hole that touches the border.
    let two = CellGeometry { polygons: vec![square(0, 0, 100).polygons[0].clone(), square(100, 100, 100).polygons[0].clone()] };
    let mut t = build(&[two, square(100, 0, 100), square(0, 100, 100)]);
    assert_eq!((t.part_count(A), t.is_node(p(100, 100))), (2, true));
    done(&mut t, Edit::MoveVertex { from: p(100, 100), to: p(110, 105) });
    assert_eq!(t.part_count(A), 2);
    let touching = cell(&[&[(0, 0), (100, 0), (100, 100), (0, 100)], &[(0, 0), (20, 40), (40, 20)]]);
    let t = build(&[touching.clone(), cell(&[&[(0, 0), (40, 20), (20, 40)]])]);
    assert_eq!((t.part_count(A), t.hole_count(A)), (1, 1));
    ground(&t, 0, &touching);
}

#[test]
fn flaws_are_found_and_settled() {
    // 002 lies over 001 by 10 m; 003 leaves a strip of 20 cm; nothing is where 004 should be but a ring around it.
    let cells = [
        ("002", square(0, 0, 110)),
        ("001", square(100, 0, 100)),
        ("003", cell(&[&[(0, 111), (110, 111), (110, 200), (0, 200)]])),
        ("005", cell(&[&[(300, 0), (400, 0), (400, 100), (300, 100)], &[(340, 40), (340, 60), (360, 60), (360, 40)]])),
        ("009", square(310, 10, 10)),
    ];
    let (t, report) = build_with(&cells, BuildOptions { snap_m: 0.0, sliver_m: 0.0 });
    let found = |kind| report.findings.iter().filter(|f| f.kind == kind).collect::<Vec<_>>();
    let overlaps = found(TopologyFault::Overlap);
    assert_eq!(overlaps.len(), 2);
    assert_eq!((overlaps[0].cells.clone(), overlaps[0].resolution), (vec![1, 0], Resolution::GivenToLowestCode));
    assert!((overlaps[0].area_m2 / geometry_area_m2(&cell(&[&[(0, 0), (10, 0), (10, 100), (0, 100)]])) - 1.0).abs() < 1e-3);
    assert_eq!(t.face_at(overlaps[0].place), Some(B));
    assert_eq!(found(TopologyFault::Hole).len(), 1);
    // Swallowed whole by a lower code.
    assert_eq!(found(TopologyFault::Lost)[0].cells, [4]);
    assert_eq!(t.faces().count(), 4);
}

#[test]
fn thin_gaps_are_closed_and_wide_ones_kept() {
    // A strip of 1 m between a and b, closed off by a third cell around.
    let frame = cell(&[&[(-50, -50), (250, -50), (250, 150), (-50, 150)], &[(0, 0), (0, 100), (201, 100), (201, 0)]]);
    let cells = [("1", square(0, 0, 100)), ("2", cell(&[&[(101, 0), (201, 0), (201, 100), (101, 100)]])), ("3", frame)];
    let (t, report) = build_with(&cells, BuildOptions { snap_m: 0.0, sliver_m: 0.5 });
    assert_eq!(
        (t.gaps().len(), report.findings[0].kind, report.findings[0].resolution),
        (1, TopologyFault::Gap, Resolution::Kept)
    );
    let (t, report) = build_with(&cells, BuildOptions { snap_m: 0.0, sliver_m: 3.0 });
    assert_eq!(
        (t.gaps().len(), report.findings[0].kind, report.findings[0].resolution),
        (0, TopologyFault::Sliver, Resolution::Closed)
    );
    assert_eq!(t.face_at(report.findings[0].place), Some(A));
    // Joined by snapping instead.
    let (t, report) = build_with(&cells, BuildOptions { snap_m: 2.0, sliver_m: 0.0 });
    assert_eq!((t.gaps().len(), report.findings[0].kind), (0, TopologyFault::Joined));
}

#[test]
fn lines_make_blocks() {
    let grid: Vec<Vec<GridPoint>> =
        (0..4).flat_map(|i| [line(&[(i * 10, -5), (i * 10, 35)]), line(&[(-5, i * 10), (35, i * 10)])]).collect();
    let blocks = polygonize(&grid);
    assert_eq!(blocks.len(), 9);
    assert!(blocks.contains(&square(10, 20, 10).polygons[0]));
    // A ring in a ring, joined by a bridge, with a dangling end.
    let ring = |x, side| line(&[(x, x), (x + side, x), (x + side, x + side), (x, x + side), (x, x)]);
    let found = polygonize(&[ring(0, 100), ring(40, 20), line(&[(0, 0), (40, 40)]), line(&[(60, 60), (70, 75)])]);
    assert_eq!(found.iter().map(|p| p.holes.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(polygonize(&[line(&[(0, 0), (5, 5)]), vec![], line(&[(1, 1)])]), vec![]);
    assert_eq!(polygonize(&[vec![GridPoint { x: i64::MAX, y: i64::MIN }, p(0, 0), p(1, 0)]]), vec![]);
}

#[test]
fn areas_are_united_cut_and_taken() {
    let (a, b) = (square(0, 0, 100), square(50, 0, 100));
    let m2 = |op| geometry_area_m2(&area_op(&a, &b, op).unwrap()) / geometry_area_m2(&a);
    assert!((m2(AreaOp::Union) - 1.5).abs() < 1e-9);
    assert!((m2(AreaOp::Intersection) - 0.5).abs() < 1e-9);
    assert!((m2(AreaOp::Difference) - 0.5).abs() < 1e-9);
    assert!(area_op(&cell(&[&[(i64::MAX / 20_000, 0), (1, 1), (2, 0)]]), &b, AreaOp::Union).is_err());
}

#[test]
fn the_nearest_border_is_found() {
    let t = four();
    let near = |x: f64, y: f64, m| t.nearest_edge(Place { lon: 121.0 + x * 1e-5, lat: 31.0 + y * 1e-5 }, m);
    let hit = near(103.0, 50.2, 20.0).unwrap();
    assert_eq!((hit.segment, hit.at.x, hit.vertex, hit.node), ((p(100, 0), p(100, 100)), p(100, 0).x, None, false));
    assert!((hit.distance_m - 3.0 * 0.955).abs() < 0.02, "{}", hit.distance_m);
    assert_eq!([hit.left, hit.right].iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), 2);
    let corner = near(101.0, 98.0, 5.0).unwrap();
    assert_eq!((corner.vertex, corner.node), (Some(p(100, 100)), true));
    assert_eq!(near(150.0, 50.0, 10.0), None);
    assert_eq!((near(f64::NAN, 0.0, 5.0), near(0.0, 0.0, f64::NAN), near(0.0, 0.0, -1.0)), (None, None, None));
    assert!(near(150.0, 50.0, f64::INFINITY).is_some());
}

#[test]
fn garbage_is_refused() {
    let far = CellGeometry {
        polygons: vec![GridPolygon { outer: vec![p(0, 0), GridPoint { x: i64::MAX, y: 0 }, p(0, 9)], holes: vec![] }],
    };
    let built = Topology::build(&[("x", &far)], BuildOptions::default());
    assert!(matches!(built, Err(TopologyError::OffTheGrid { cell: 0, .. })));
    let empty = CellGeometry::default();
    let flat = cell(&[&[(0, 0), (5, 5), (10, 10)], &[], &[(1, 1)], &[(1, 1), (2, 2)]]);
    let twice = cell(&[&[(0, 0), (0, 0), (9, 0), (9, 0), (9, 9), (9, 0), (9, 9)]]);
    let bow = cell(&[&[(0, 0), (10, 10), (10, 0), (0, 10)]]);
    for options in [
        BuildOptions::default(),
        BuildOptions { snap_m: f64::NAN, sliver_m: f64::NAN },
        BuildOptions { snap_m: 1e300, sliver_m: -1.0 },
    ] {
        let list = [("", &empty), ("", &flat), ("", &twice), ("", &bow)];
        let (t, _) = Topology::build(&list, options).unwrap();
        t.check().unwrap();
    }
    let (t, report) = Topology::build(&[], BuildOptions::default()).unwrap();
    t.check().unwrap();
    assert_eq!((t.faces().count(), report.findings.len(), t.gaps().len()), (0, 0, 0));
    assert_eq!((t.face_at(p(0, 0).place()), t.bounds(A), t.area_m2(A)), (None, None, 0.0));
    assert_eq!(refused(&t, Edit::MoveVertex { from: p(0, 0), to: p(1, 1) }), RefusalCode::NothingThere);
}

fn any_point() -> impl Strategy<Value = GridPoint> {
    prop_oneof![
        6 => (-2i64..32, -2i64..22).prop_map(|(x, y)| p(x * 10, y * 10)),
        3 => (-20i64..320, -20i64..220, -9000i64..9000).prop_map(|(x, y, j)| { let q = p(x, y); GridPoint { x: q.x + j, y: q.y - j / 3 } }),
        1 => (any::<i64>(), any::<i64>()).prop_map(|(x, y)| GridPoint { x, y }),
        1 => (-180_000_000_000i64..=180_000_000_000, -90_000_000_000i64..=90_000_000_000).prop_map(|(x, y)| GridPoint { x, y }),
    ]
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let face = || (0u32..7).prop_map(Face);
    let points = || prop::collection::vec(any_point(), 0..7);
    prop_oneof![
        (any_point(), any_point()).prop_map(|(from, to)| Edit::MoveVertex { from, to }),
        (any_point(), any_point(), any_point()).prop_map(|(a, b, at)| Edit::InsertVertex { segment: (a, b), at }),
        any_point().prop_map(|at| Edit::DeleteVertex { at }),
        points().prop_map(|line| Edit::Reshape { line }),
        (face(), points()).prop_map(|(face, line)| Edit::Split { face, line }),
        (face(), prop::collection::vec(face(), 0..3)).prop_map(|(into, from)| Edit::Merge { into, from }),
        (face(), points(), prop::collection::vec(points(), 0..2), any::<bool>())
            .prop_map(|(to, outer, holes, allow_parts)| Edit::Transfer { to, area: GridPolygon { outer, holes }, allow_parts }),
        (any_point(), face()).prop_map(|(at, to)| Edit::FillGap { at, to }),
        points().prop_map(|line| Edit::ReshapeOuter { line }),
        (any_point(), any_point()).prop_map(|(from, to)| Edit::MoveOuterVertex { from, to }),
        (prop::collection::vec(face(), 0..4), any::<f64>())
            .prop_map(|(faces, tolerance_m)| Edit::Simplify { faces, tolerance_m }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_edit_breaks_anything(edits in prop::collection::vec(any_edit(), 1..12)) {
        let mut t = four();
        for edit in edits {
            if let Ok(patch) = t.plan_edit(&edit) {
                t.apply(&patch);
                prop_assert_eq!(t.check(), Ok(()), "{:?}", edit);
            }
        }
    }

    #[test]
    fn any_rings_make_a_subdivision(rings in prop::collection::vec(prop::collection::vec((0i64..14, 0i64..14), 0..9), 0..7), unit in prop::sample::select(vec![1i64, 7, 10_000_000]), sliver_m in prop::sample::select(vec![0.0, 0.0005, 300_000.0])) {
        let o = p(0, 0);
        let cells: Vec<CellGeometry> = rings
            .iter()
            .map(|r| CellGeometry { polygons: vec![GridPolygon { outer: r.iter().map(|(x, y)| GridPoint { x: o.x + x * unit, y: o.y + y * unit }).collect(), holes: vec![] }] })
            .collect();
        let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|g| ("", g)).collect();
        let (t, report) = Topology::build(&list, BuildOptions { snap_m: 0.0, sliver_m }).unwrap();
        prop_assert_eq!(t.check(), Ok(()));
        prop_assert!(report.findings.iter().all(|f| f.area_m2.is_finite() && !f.message.is_empty()));
        // Built again from what came out, nothing is found but gaps and holes.
        let again: Vec<CellGeometry> = (0..cells.len() as u32).map(|f| t.geometry(Face(f))).collect();
        let list: Vec<(&str, &CellGeometry)> = again.iter().map(|g| ("", g)).collect();
        let (u, report) = Topology::build(&list, BuildOptions { snap_m: 0.0, sliver_m: 0.0 }).unwrap();
        prop_assert_eq!(t.arcs().collect::<Vec<_>>(), u.arcs().collect::<Vec<_>>());
        let odd = |f: &wall_core::TopologyFinding| !matches!(f.kind, TopologyFault::Gap | TopologyFault::Hole | TopologyFault::Lost);
        prop_assert!(!report.findings.iter().any(odd), "{:?}", report.findings);
    }
}
