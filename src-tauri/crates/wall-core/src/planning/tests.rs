//! A small made-up quarter in metres, and what its figures and findings must be.

use std::collections::BTreeSet;

use super::*;
use crate::{CellIndex, GridPoint, GridPolygon, GridRing, Place, Severity, StaffId, TicketId};

/// Metres east and north of a corner in Hangzhou, on the grid.
pub(super) fn at(x: f64, y: f64) -> GridPoint {
    let (kx, ky) = crate::ground::metres_per_degree(30.25);
    GridPoint { x: 120_000_000_000 + (x / kx * 1e9).round() as i64, y: 30_250_000_000 + (y / ky * 1e9).round() as i64 }
}

pub(super) fn place(x: f64, y: f64) -> Place {
    at(x, y).place()
}

pub(super) fn ring(points: &[(f64, f64)]) -> GridRing {
    points.iter().map(|(x, y)| at(*x, *y)).collect()
}

pub(super) fn rectangle(x: f64, y: f64, width: f64, height: f64) -> CellGeometry {
    let outer = ring(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]);
    CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] }
}

pub(super) fn building(x: f64, y: f64, households: Option<u32>, block: &str) -> BuildingPoint {
    BuildingPoint { place: place(x, y), households, population: households.map(|h| h * 3), block: block.into() }
}

pub(super) fn ticket(id: i64, x: f64, y: f64, severity: u8, recent: bool, open: bool) -> TicketPoint {
    TicketPoint { id: TicketId(id), place: place(x, y), severity: Severity::new(severity).unwrap(), recent, open }
}

pub(super) fn street(name: &str, class: &str, line: &[(f64, f64)]) -> StreetLine {
    StreetLine { name: name.into(), class: class.into(), line: line.iter().map(|(x, y)| place(*x, *y)).collect() }
}

#[test]
fn figures_of_two_neighbours() {
    let (west, east) = (rectangle(0.0, 0.0, 200.0, 100.0), rectangle(200.0, 0.0, 200.0, 100.0));
    let ground = PlanningGround::new(
        [
            building(50.0, 50.0, Some(120), "A"),
            building(60.0, 50.0, None, ""),
            building(200.0, 40.0, Some(30), "B"),
            building(300.0, 50.0, Some(7), "B"),
        ],
        [
            ticket(1, 10.0, 10.0, 1, true, true),
            ticket(2, 10.0, 20.0, 4, true, false),
            ticket(3, 10.0, 30.0, 2, false, true),
            ticket(4, 10.0, 40.0, 2, false, false),
            ticket(5, 200.0, 0.0, 3, true, true),
            ticket(6, 500.0, 10.0, 1, true, true),
        ],
        [
            StaffPoint { id: StaffId(1), place: Some(place(10.0, 10.0)), cell_codes: vec!["2".into(), "2".into()] },
            StaffPoint { id: StaffId(2), place: Some(place(10.0, 10.0)), cell_codes: vec![] },
            StaffPoint { id: StaffId(3), place: None, cell_codes: vec![] },
        ],
        [
            street("through", "lane", &[(-100.0, 50.0), (500.0, 50.0)]),
            street("between", "street", &[(200.0, -50.0), (200.0, 150.0)]),
            street("beside", "street", &[(0.0, -0.3), (400.0, -0.3)]),
            street("away", "street", &[(0.0, -90.0), (400.0, -90.0)]),
        ],
    );
    for (low, high) in [("1", "2"), ("2", "1")] {
        let cells = [PlannedCell::of(0, low, &west), PlannedCell::of(1, high, &east)];
        let all = ground.balance(&cells, None);
        for i in 0..2 {
            assert_eq!(ground.figures(&cells[i], &cells, None), all[i], "asked alone it says the same");
        }
        let (w, e) = (all[0], all[1]);
        // The building and the ticket on the shared border are counted once, for the lower code.
        let (west_has, households) = if low == "1" { (1, (150.0, 7.0)) } else { (0, (120.0, 37.0)) };
        assert_eq!((w.households, e.households), (Some(households.0), Some(households.1)));
        assert_eq!(w.population, Some(households.0 * 3.0));
        assert_eq!((w.households_from, w.buildings), (HouseholdsFrom::Buildings, 2 + west_has));
        assert_eq!(w.tickets_90d, [1, 0, west_has, 1]);
        assert_eq!((w.open, e.open), (2 + west_has, 1 - west_has));
        assert_eq!((w.staff, e.staff), if low == "1" { (1, 1) } else { (2, 0) });
        // 200 m inside, half of 100 m between, half of 200 m beside (and a little where they meet and end).
        for f in [w, e] {
            assert!((f.patrol_m - 350.0).abs() < 1.5, "{}", f.patrol_m);
            assert!((f.area_m2 / 20_000.0 - 1.0).abs() < 1e-4 && (f.perimeter_m / 600.0 - 1.0).abs() < 1e-4);
            assert!((f.compactness - 0.698).abs() < 1e-3);
            assert_eq!((f.parts, f.holes), (1, 0));
        }
    }
}

#[test]
fn staff_follow_the_former_code() {
    let ground = PlanningGround::new([], [], [StaffPoint { id: StaffId(1), place: None, cell_codes: vec!["old".into()] }], []);
    let square = rectangle(0.0, 0.0, 10.0, 10.0);
    let cell = PlannedCell { former_code: "old", ..PlannedCell::of(0, "new", &square) };
    assert_eq!(ground.figures(&cell, &[], None).staff, 1);
    assert_eq!(ground.figures(&PlannedCell { code: "old", ..cell }, &[], None).staff, 1);
    assert_eq!(ground.figures(&PlannedCell::of(0, "new", &square), &[], None).staff, 0);
}

#[test]
fn households_come_from_buildings_else_by_share_of_ground() {
    let (known, silent, park) =
        (rectangle(0.0, 0.0, 100.0, 100.0), rectangle(100.0, 0.0, 100.0, 100.0), rectangle(200.0, 0.0, 100.0, 100.0));
    let ground = PlanningGround::new([building(50.0, 50.0, Some(80), "")], [], [], []);
    let base = BaseHouseholds::new(&ground, [(&known, Some(500)), (&silent, Some(400)), (&park, None)]);
    let ask = |g: &CellGeometry| {
        let f = ground.figures(&PlannedCell::of(0, "1", g), &[], Some(&base));
        (f.households.map(f64::round), f.households_from, (f.households_gap * 100.0).round())
    };
    assert_eq!(ask(&known), (Some(80.0), HouseholdsFrom::Buildings, 0.0));
    assert_eq!(ask(&silent), (Some(400.0), HouseholdsFrom::Stated, 0.0));
    assert_eq!(ask(&park), (None, HouseholdsFrom::Unknown, 100.0));
    // Half of what has buildings (with its building) and a quarter of what has none.
    assert_eq!(ask(&rectangle(40.0, 0.0, 85.0, 100.0)), (Some(180.0), HouseholdsFrom::AreaShare, 0.0));
    assert_eq!(ask(&rectangle(150.0, 0.0, 150.0, 100.0)), (Some(200.0), HouseholdsFrom::AreaShare, 67.0));
    // Outside everything nothing says that households are missing.
    assert_eq!(ask(&rectangle(900.0, 0.0, 10.0, 10.0)), (Some(0.0), HouseholdsFrom::Buildings, 0.0));
    let nothing = PlanningGround::new([], [], [], []);
    let f = nothing.figures(&PlannedCell::of(0, "1", &known), &[], None);
    assert_eq!((f.households, f.households_from), (None, HouseholdsFrom::Unknown));
}

#[test]
fn workload_and_band() {
    let f = CellFigures {
        households: Some(100.0),
        tickets_90d: [1, 2, 3, 4],
        open: 5,
        area_m2: 1e5,
        patrol_m: 500.0,
        ..CellFigures::default()
    };
    let weights = WorkloadWeights {
        household: 2.0,
        ticket_by_severity: [4.0, 3.0, 2.0, 1.0],
        open: 10.0,
        area_km2: 100.0,
        patrol_km: 20.0,
    };
    assert_eq!(workload(&f, &weights), 200.0 + 20.0 + 50.0 + 10.0 + 10.0);
    let band = Band::default();
    assert_eq!((band.beyond(250.0), band.beyond(300.0), band.beyond(512.5)), (50.0, 0.0, 12.5));
    assert!(band.holds(500.0) && !band.holds(500.1));
}

/// Codes of the findings about one cell of a pair, the other being sound.
fn found(cell: PlannedCell<'_>, figures: CellFigures, rules: &FindingRules<'_>) -> Vec<(&'static str, FindingLevel)> {
    let other = rectangle(5000.0, 5000.0, 100.0, 100.0);
    let other = PlannedCell { order: 1, ..sound("330106002001009", &other) };
    let all = findings(
        &[cell, other],
        &[figures, CellFigures { households: Some(400.0), parts: 1, area_m2: 1e4, compactness: 0.7, ..figures }],
        &[],
        rules,
    );
    assert!(all.iter().all(|f| f.place.is_some() || f.code == "no_ground"));
    all.iter().filter(|f| f.cells.contains(&0)).map(|f| (f.code, f.level)).collect()
}

fn sound<'a>(code: &'a str, geometry: &'a CellGeometry) -> PlannedCell<'a> {
    PlannedCell { name: "甲", community_code: "330106002001", owners: 1, ..PlannedCell::of(0, code, geometry) }
}

#[test]
fn every_finding_is_found() {
    use FindingLevel::{Incomplete, Note, Wrong};
    let square = rectangle(0.0, 0.0, 100.0, 100.0);
    let retired = BTreeSet::from(["330106002001005".to_owned()]);
    let scheme = CodeScheme::default();
    let rules = FindingRules::new(&scheme, &retired);
    let empty = PlanningGround::new([], [], [], []);
    let figures = |g: &CellGeometry, households: Option<f64>| CellFigures {
        households,
        ..empty.figures(&PlannedCell::of(0, "", g), &[], None)
    };
    let good = sound("330106002001001", &square);
    let check = |cell: PlannedCell<'_>, households: Option<f64>, wanted: &[(&'static str, FindingLevel)]| {
        assert_eq!(found(cell, figures(cell.geometry, households), &rules), wanted, "{cell:?}");
    };
    check(good, Some(400.0), &[]);
    check(good, Some(299.0), &[("households_under", Note)]);
    check(good, Some(501.0), &[("households_over", Note)]);
    check(good, None, &[("households_unknown", Incomplete)]);
    check(PlannedCell { kind: CellKind::Dedicated, ..good }, None, &[]);
    check(
        PlannedCell { owners: 0, name: " ", ..good },
        Some(400.0),
        &[("name_missing", Incomplete), ("owner_missing", Incomplete)],
    );
    check(PlannedCell { community_code: "", ..good }, Some(400.0), &[("community_missing", Incomplete)]);
    check(
        PlannedCell { community_code: "33", code: "331", ..good },
        Some(400.0),
        &[("code_length", Wrong), ("community_form", Wrong)],
    );
    for (code, wanted) in [
        ("", ("code_missing", Incomplete)),
        ("330106002001005", ("code_retired", Wrong)),
        ("330106002001009", ("code_duplicate", Wrong)),
        ("330106002002001", ("code_community", Wrong)),
        ("330106002001000", ("code_nought", Wrong)),
        ("33010600200100A", ("code_characters", Wrong)),
    ] {
        check(PlannedCell { code, ..good }, Some(400.0), &[wanted]);
    }

    let mut two = square.clone();
    two.polygons.extend(rectangle(200.0, 0.0, 100.0, 100.0).polygons);
    check(PlannedCell { geometry: &two, ..good }, Some(400.0), &[("not_contiguous", Wrong)]);
    check(PlannedCell { geometry: &two, kind: CellKind::Dedicated, ..good }, None, &[("not_contiguous", Note)]);
    let mut holed = rectangle(0.0, 0.0, 300.0, 300.0);
    holed.polygons[0].holes.push(ring(&[(100.0, 100.0), (100.0, 200.0), (200.0, 200.0), (200.0, 100.0)]));
    check(PlannedCell { geometry: &holed, ..good }, Some(400.0), &[("hole", Note)]);
    check(PlannedCell { geometry: &rectangle(0.0, 0.0, 1000.0, 20.0), ..good }, Some(400.0), &[("low_compactness", Note)]);
    check(PlannedCell { geometry: &rectangle(0.0, 0.0, 100.0, 2.0), ..good }, Some(400.0), &[("sliver", Wrong)]);
    check(PlannedCell { geometry: &CellGeometry::default(), ..good }, Some(400.0), &[("no_ground", Wrong)]);

    let far = FindingRules { band_wrong_factor: Some(1.5), ..rules };
    assert_eq!(found(good, figures(&square, Some(751.0)), &far), [("households_over", Wrong)]);
    assert_eq!(found(good, figures(&square, Some(750.0)), &far), [("households_over", Note)]);
    assert_eq!(found(good, figures(&square, Some(199.0)), &far), [("households_under", Wrong)]);

    let leftover = Leftover { kind: LeftoverKind::Gap, cells: vec![1, 0], area_m2: 2.0, place: place(0.0, 0.0) };
    let all = findings(&[good], &[figures(&square, Some(400.0))], &[leftover], &rules);
    assert_eq!((all.len(), all[0].code, all[0].level, all[0].cells.clone()), (1, "gap", Wrong, vec![0, 1]));
}

#[test]
fn borders_of_communities_and_streets() {
    use FindingLevel::Wrong;
    let outlines = CommunityOutlines::new([
        ("330106002001".to_owned(), rectangle(0.0, 0.0, 300.0, 300.0)),
        ("330106002002".to_owned(), rectangle(300.0, 0.0, 300.0, 300.0)),
        ("330106003001".to_owned(), rectangle(600.0, 0.0, 300.0, 300.0)),
    ]);
    let (scheme, retired) = (CodeScheme::default(), BTreeSet::new());
    let rules = FindingRules { communities: Some(&outlines), ..FindingRules::new(&scheme, &retired) };
    let figures = CellFigures { households: Some(400.0), parts: 1, area_m2: 1e4, compactness: 0.7, ..CellFigures::default() };
    let check = |x: f64, width: f64, wanted: &[(&'static str, FindingLevel)]| {
        let ground = rectangle(x, 100.0, width, 100.0);
        assert_eq!(found(sound("330106002001001", &ground), figures, &rules), wanted, "{x} {width}");
    };
    check(0.0, 300.0, &[]);
    check(100.0, 150.0, &[]);
    // Half a metre over the border is rounding.
    check(100.0, 200.5, &[]);
    check(200.0, 150.0, &[("two_communities", Wrong)]);
    check(290.0, 150.0, &[("other_community", Wrong), ("two_communities", Wrong)]);
    check(350.0, 100.0, &[("other_community", Wrong)]);
    check(200.0, 500.0, &[("other_community", Wrong), ("two_streets", Wrong)]);
    // The whole of two communities, borders along borders.
    let both = rectangle(0.0, 0.0, 600.0, 300.0);
    assert_eq!(found(sound("330106002001001", &both), figures, &rules), [("two_communities", Wrong)]);
    assert_eq!(outlines.community_at(place(300.0, 10.0)), Some("330106002001"));
    assert_eq!(outlines.community_at(place(-1.0, 10.0)), None);
}

#[test]
fn a_large_street_through_a_cell_is_noted_and_along_its_border_is_not() {
    let ground = PlanningGround::new(
        [],
        [],
        [],
        [
            street("天目路", "arterial", &[(-50.0, 105.0), (500.0, 105.0)]),
            street("小巷", "lane", &[(-50.0, 50.0), (500.0, 50.0)]),
            street("边路", "arterial", &[(0.0, 10.0), (300.0, 10.0)]),
        ],
    );
    let (scheme, retired) = (CodeScheme::default(), BTreeSet::new());
    let rules = FindingRules { ground: Some(&ground), ..FindingRules::new(&scheme, &retired) };
    let square = rectangle(0.0, 0.0, 300.0, 200.0);
    let figures = CellFigures { households: Some(400.0), ..ground.figures(&sound("330106002001001", &square), &[], None) };
    let all = findings(&[sound("330106002001001", &square)], &[figures], &[], &rules);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((all[0].code, all[0].values[0].1.as_str()), ("crosses_arterial", "天目路"));
    let length: f64 = all[0].values[1].1.parse().unwrap();
    assert!((265.0..=300.0).contains(&length), "{length}");
}

#[test]
fn figures_count_points_as_attribution_does() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    // Cells with triangles for corners, so that borders run in every direction; tickets on vertices, edges and anywhere.
    let mut grounds = Vec::new();
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        let (x, y) = (f64::from(i) * 100.0, f64::from(j) * 100.0);
        for corners in [[(x, y), (x + 100.0, y), (x + 100.0, y + 100.0)], [(x, y), (x + 100.0, y + 100.0), (x, y + 100.0)]] {
            grounds.push(CellGeometry { polygons: vec![GridPolygon { outer: ring(&corners), holes: vec![] }] });
        }
    }
    let codes: Vec<String> = (0..32).map(|i| ((i * 7) % 32 / 2).to_string()).collect();
    let cells: Vec<PlannedCell> = grounds.iter().zip(&codes).enumerate().map(|(i, (g, c))| PlannedCell::of(i, c, g)).collect();
    let mut tickets = Vec::new();
    for i in 0..3000 {
        let (x, y): (f64, f64) = (rng.random_range(-10.0..410.0), rng.random_range(-10.0..410.0));
        let (x, y) = match i % 3 {
            0 => (x, y),
            1 => ((x / 100.0).round() * 100.0, (y / 100.0).round() * 100.0),
            _ => ((x / 100.0).round() * 100.0, y),
        };
        tickets.push(ticket(i, x, y, 1 + (i % 4) as u8, true, true));
    }
    let stored: Vec<crate::Cell> = cells
        .iter()
        .map(|c| crate::Cell {
            id: crate::CellId(c.order as i64),
            plan: crate::PlanId(1),
            code: c.code.into(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            feature_index: c.order as u32,
            geometry: c.geometry.clone(),
        })
        .collect();
    let index = CellIndex::build(&stored);
    let mut wanted = vec![0u32; cells.len()];
    for cell in tickets.iter().filter_map(|t| index.cell_at(t.place)) {
        wanted[cell.0 as usize] += 1;
    }
    let ground = PlanningGround::new([], tickets, [], []);
    let counted: Vec<u32> = ground.balance(&cells, None).iter().map(|f| f.open).collect();
    assert_eq!(counted, wanted);
    assert!(wanted.iter().sum::<u32>() > 2000);
}
