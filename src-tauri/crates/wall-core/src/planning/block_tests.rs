//! Blocks, proposals and cells drawn from nothing, on streets drawn as a grid.

use super::tests::*;
use super::*;
use crate::overlay::area2;
use proptest::prelude::*;

/// Streets every 100 m over a width and a height, both ways; those at the places named are arterials.
fn grid(columns: usize, rows: usize, arterial_x: &[usize]) -> Vec<StreetLine> {
    let (w, h) = (columns as f64 * 100.0, rows as f64 * 100.0);
    let upright = (0..=columns).map(|i| {
        let class = if arterial_x.contains(&i) { "arterial" } else { "lane" };
        street(&format!("x{i}"), class, &[(i as f64 * 100.0, -30.0), (i as f64 * 100.0, h + 30.0)])
    });
    let flat = (0..=rows).map(|j| street(&format!("y{j}"), "lane", &[(-30.0, j as f64 * 100.0), (w + 30.0, j as f64 * 100.0)]));
    upright.chain(flat).collect()
}

/// One building in the middle of each block of the grid, row by row from the south-west.
fn houses(columns: usize, households: &[u32]) -> Vec<BuildingPoint> {
    let at = |(k, h): (usize, &u32)| {
        building((k % columns) as f64 * 100.0 + 50.0, (k / columns) as f64 * 100.0 + 50.0, Some(*h), &format!("小区{k}"))
    };
    households.iter().enumerate().map(at).collect()
}

fn community<'a>(codes: &[&'a str], grounds: &'a [CellGeometry]) -> Vec<PlannedCell<'a>> {
    let cell = |(i, (c, g)): (usize, (&&'a str, &'a CellGeometry))| PlannedCell {
        community_code: "330106002001",
        ..PlannedCell::of(i, c, g)
    };
    codes.iter().zip(grounds).enumerate().map(cell).collect()
}

fn all(n: usize) -> Vec<usize> {
    (0..n).collect()
}

#[test]
fn streets_water_and_borders_make_blocks() {
    let cells = [rectangle(0.0, 0.0, 300.0, 200.0), rectangle(300.0, 0.0, 150.0, 200.0)];
    let cells = community(&["1", "2"], &cells);
    let mut streets = grid(4, 2, &[1]);
    // A junction's island, and a lane that ends in the middle of a block.
    streets.push(street("", "lane", &[(90.0, 100.0), (100.0, 110.0)]));
    streets.push(street("", "lane", &[(250.0, 100.0), (250.0, 140.0)]));
    let ground = PlanningGround::new(houses(4, &[10, 20, 30, 40, 50, 60, 70, 80]), [], [], streets);
    let water = [street("河", "river", &[(-10.0, 150.0), (500.0, 150.0)])];
    let found = blocks(&ground, &cells, &all(2), &water, None);
    // Six blocks of the first cell, three of them cut by the river; in the second the strip
    // east of 400 m counts apart, where the street along 100 m ends before the border.
    assert_eq!(found.iter().filter(|b| b.cell == 0).count(), 9);
    assert_eq!(found.iter().filter(|b| b.cell == 1).count(), 5);
    assert_eq!(found.iter().map(|b| b.number).collect::<Vec<_>>(), (1..=14).collect::<Vec<_>>());
    for (cell, planned) in cells.iter().enumerate() {
        let sum: f64 = found.iter().filter(|b| b.cell == cell).map(|b| b.area_m2).sum();
        assert!((sum - crate::geometry_area_m2(planned.geometry)).abs() < 0.01, "{sum}");
    }
    let named = |name: &str| found.iter().find(|b| b.name == name).unwrap();
    assert_eq!((named("小区1").households, named("小区1").buildings, named("小区1").cell), (Some(20.0), 1, 0));
    let (west, east) = (named("小区0"), named("小区1"));
    let east_at = found.iter().position(|b| b.name == "小区1").unwrap();
    let border = west.neighbours.iter().find(|n| n.block == east_at).unwrap();
    assert!((border.border_m - 100.0).abs() < 0.1 && (border.dividing_m - 100.0).abs() < 0.1, "{border:?}");
    assert!((west.border_with(east_at) - 100.0).abs() < 0.1 && east.border_with(east_at) == 0.0);
    // The island of the junction belongs to one of the blocks beside it.
    assert!(found.iter().all(|b| b.area_m2 > 1000.0));
    let river = found.iter().flat_map(|b| &b.neighbours).filter(|n| n.dividing_m > 1.0).count();
    assert_eq!(river, 2 * (5 + 1 + 1 + 1), "five blocks along the river, three times two along the arterial");
    assert_eq!(blocks(&ground, &cells, &[], &water, None), vec![]);
}

#[test]
fn what_a_block_surrounds_belongs_to_it() {
    let cells = [rectangle(0.0, 0.0, 300.0, 300.0)];
    let cells = community(&["1"], &cells);
    let ring = street("环", "lane", &[(100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0), (100.0, 100.0)]);
    let ground = PlanningGround::new(houses(3, &[1, 1, 1, 1, 9, 1, 1, 1, 1]), [], [], [ring]);
    let found = blocks(&ground, &cells, &[0], &[], None);
    assert_eq!((found.len(), found[0].households, found[0].geometry.polygons[0].holes.len()), (1, Some(17.0), 0));
}

fn propose(ground: &PlanningGround, cells: &[PlannedCell<'_>], rules: &ProposalRules) -> (Vec<Block>, Proposals) {
    let figures = ground.balance(cells, None);
    let found = blocks(ground, cells, &all(cells.len()), &[], None);
    let proposals = proposals(ground, cells, &figures, &found, None, rules);
    (found, proposals)
}

#[test]
fn a_full_cell_gives_blocks_to_its_neighbour() {
    let grounds = [rectangle(0.0, 0.0, 400.0, 200.0), rectangle(400.0, 0.0, 200.0, 200.0)];
    let cells = community(&["003", "004"], &grounds);
    let households = [80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 60, 60];
    let ground = PlanningGround::new(houses(6, &households), [], [], grid(6, 2, &[]));
    let (found, proposed) = propose(&ground, &cells, &ProposalRules::default());
    // 640 and 280: two blocks from the common border make 480 and 440.
    assert_eq!((proposed.in_band, proposed.reason), ([0, 2], NothingMore::Balanced));
    assert_eq!(proposed.objective, [140.0f64.powi(2) + 20.0f64.powi(2), 0.0]);
    let told: Vec<_> =
        proposed.moves.iter().map(|m| (found[m.block].name.as_str(), m.from, m.to, m.from_households, m.to_households)).collect();
    assert_eq!(told, [("小区3", 0, 1, [640.0, 560.0], [280.0, 360.0]), ("小区9", 0, 1, [560.0, 480.0], [360.0, 440.0])]);
    assert_eq!(proposed.grounds.len(), 2);
    let one = ProposalRules { most_moves: 1, ..ProposalRules::default() };
    assert_eq!(propose(&ground, &cells, &one).1.reason, NothingMore::Enough);
}

#[test]
fn what_is_moved_through_a_cell_between() {
    // 560, 500, 300: no single move helps, two by way of the middle one do.
    let grounds: Vec<CellGeometry> = (0..3).map(|i| rectangle(f64::from(i) * 300.0, 0.0, 300.0, 100.0)).collect();
    let cells = community(&["1", "2", "3"], &grounds);
    let ground = PlanningGround::new(houses(9, &[400, 90, 70, 200, 200, 100, 100, 100, 100]), [], [], grid(9, 1, &[]));
    let (found, proposed) = propose(&ground, &cells, &ProposalRules { least_compactness: 0.0, ..ProposalRules::default() });
    assert_eq!((proposed.in_band, proposed.reason), ([2, 3], NothingMore::Balanced));
    assert_eq!(
        proposed.moves.iter().map(|m| (found[m.block].name.as_str(), m.from, m.to)).collect::<Vec<_>>(),
        [("小区2", 0, 1), ("小区5", 1, 2)]
    );
}

#[test]
fn nothing_is_proposed_with_the_reason() {
    let grounds = [rectangle(0.0, 0.0, 400.0, 200.0), rectangle(400.0, 0.0, 200.0, 200.0)];
    let full = [80; 12];
    let why = |cells: &[PlannedCell<'_>], households: &[u32], streets: Vec<StreetLine>, rules: &ProposalRules| {
        let buildings = if households.is_empty() { vec![] } else { houses(6, households) };
        let (_, proposed) = propose(&PlanningGround::new(buildings, [], [], streets), cells, rules);
        assert!(proposed.moves.is_empty());
        assert_eq!(proposed.objective[0], proposed.objective[1]);
        proposed.reason
    };
    let cells = community(&["1", "2"], &grounds);
    let rules = ProposalRules::default();
    assert_eq!(why(&cells, &full, vec![], &rules), NothingMore::NoBlocks);
    assert_eq!(why(&cells, &[], grid(6, 2, &[]), &rules), NothingMore::NoHouseholds);
    assert_eq!(why(&cells, &[50, 50, 50, 50, 80, 80, 50, 50, 50, 50, 80, 80], grid(6, 2, &[]), &rules), NothingMore::Balanced);
    // Across an arterial, to another community, or to a school nothing is given.
    assert_eq!(why(&cells, &full, grid(6, 2, &[4]), &rules), NothingMore::NoMove);
    let mut other = cells.clone();
    other[1].community_code = "330106002002";
    assert_eq!(why(&other, &full, grid(6, 2, &[]), &rules), NothingMore::NoMove);
    other[1] = PlannedCell { kind: CellKind::Dedicated, ..cells[1] };
    assert_eq!(why(&other, &full, grid(6, 2, &[]), &rules), NothingMore::NoMove);
    let (_, across) = propose(
        &PlanningGround::new(houses(6, &full), [], [], grid(6, 2, &[4])),
        &cells,
        &ProposalRules { across_dividing: true, ..rules },
    );
    assert_eq!(across.moves.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Every proposal, applied, gives the figures it says; cells stay whole; nothing is lost; less is beyond the band.
    #[test]
    fn proposals_do_what_they_say(
        households in prop::collection::vec(0u32..160, 24),
        cut in prop::collection::vec(1usize..5, 2),
        bend in -30.0..30.0f64,
        arterial in 0usize..7,
    ) {
        // Four rows of six blocks, three cells in an L and two rectangles, with one bent street.
        let (x, y) = (cut[0] as f64 * 100.0, (cut[1].min(3)) as f64 * 100.0);
        let grounds = [
            rectangle(0.0, 0.0, x, 400.0),
            rectangle(x, 0.0, 600.0 - x, y),
            rectangle(x, y, 600.0 - x, 400.0 - y),
        ];
        let cells = community(&["1", "2", "3"], &grounds);
        let mut streets = grid(6, 4, &[arterial]);
        streets.push(street("斜", "lane", &[(-30.0, 150.0), (300.0, 150.0 + bend), (630.0, 160.0)]));
        let ground = PlanningGround::new(houses(6, &households), [], [], streets);
        let (found, proposed) = propose(&ground, &cells, &ProposalRules::default());
        prop_assert_eq!(&propose(&ground, &cells, &ProposalRules::default()).1, &proposed, "the same again");
        for (cell, planned) in cells.iter().enumerate() {
            let sum: f64 = found.iter().filter(|b| b.cell == cell).map(|b| b.area_m2).sum();
            prop_assert!((sum - crate::geometry_area_m2(planned.geometry)).abs() < 0.05);
        }
        let mut now: Vec<CellGeometry> = grounds.to_vec();
        for (cell, geometry) in &proposed.grounds {
            now[*cell] = geometry.clone();
        }
        let after: Vec<PlannedCell> = cells.iter().zip(&now).map(|(c, geometry)| PlannedCell { geometry, ..*c }).collect();
        let (before, figures) = (ground.balance(&cells, None), ground.balance(&after, None));
        let mut told: Vec<f64> = before.iter().map(|f| f.households.unwrap()).collect();
        for m in &proposed.moves {
            prop_assert_eq!((m.from_households[0], m.to_households[0]), (told[m.from], told[m.to]));
            prop_assert_eq!(m.from_households[0] - m.from_households[1], m.households);
            prop_assert_eq!(m.to_households[1] - m.to_households[0], m.households);
            (told[m.from], told[m.to]) = (m.from_households[1], m.to_households[1]);
        }
        let band = Band::default();
        let beyond = |h: &mut dyn Iterator<Item = f64>| h.map(|h| band.beyond(h).powi(2)).sum::<f64>();
        for (i, f) in figures.iter().enumerate() {
            prop_assert_eq!(f.households, Some(told[i]));
            prop_assert_eq!((f.parts, f.holes), (1, 0));
            prop_assert!(crate::is_valid(&now[i]));
        }
        let sum = |all: &[CellGeometry]| all.iter().map(|g| area2(&g.polygons)).sum::<i128>() as f64;
        prop_assert!((sum(&now) / sum(&grounds) - 1.0).abs() < 1e-7);
        let (was, is) = (beyond(&mut before.iter().map(|f| f.households.unwrap())), beyond(&mut told.iter().copied()));
        prop_assert!((proposed.objective[0] - was).abs() < 1e-6 && (proposed.objective[1] - is).abs() < 1e-6);
        prop_assert!(is < was || (proposed.moves.is_empty() && was == is));
    }
}

fn outlines(grounds: &[(&str, CellGeometry)]) -> CommunityOutlines {
    CommunityOutlines::new(grounds.iter().map(|(c, g)| ((*c).to_owned(), g.clone())))
}

#[test]
fn cells_are_drawn_along_the_arterial_inside_each_community() {
    let communities = outlines(&[("a", rectangle(0.0, 0.0, 600.0, 200.0)), ("b", rectangle(600.0, 0.0, 200.0, 200.0))]);
    // 840 households west of the border of communities, 400 east of it; the arterial at 300 m halves the first.
    let households: Vec<u32> = (0..16).map(|k| if k % 8 < 6 { 70 } else { 100 }).collect();
    let ground = PlanningGround::new(houses(8, &households), [], [], grid(8, 2, &[3]));
    let drawn = draw_cells(&ground, &communities, &[], Band::default()).unwrap();
    let told: Vec<_> = drawn.iter().map(|c| (c.community_code.as_str(), c.households, c.blocks, c.fault)).collect();
    assert_eq!(told, [("a", Some(420.0), 6, None), ("a", Some(420.0), 6, None), ("b", Some(400.0), 4, None)]);
    let (lo, hi) = drawn[0].geometry.bounds().unwrap();
    assert!((hi.x - at(300.0, 0.0).x).abs() < 3 && (lo.x - at(0.0, 0.0).x).abs() < 3, "the border is the arterial");
    assert!(drawn.iter().all(|c| c.geometry.polygons.len() == 1 && !c.name.is_empty()));
}

#[test]
fn what_cannot_reach_the_band_says_why() {
    let faults = |households: &[u32], streets: Vec<StreetLine>| -> Vec<(Option<f64>, Option<DrawFault>)> {
        let communities = outlines(&[("a", rectangle(0.0, 0.0, 400.0, 200.0))]);
        let buildings = if households.is_empty() { vec![] } else { houses(4, households) };
        let drawn = draw_cells(&PlanningGround::new(buildings, [], [], streets), &communities, &[], Band::default()).unwrap();
        drawn.iter().map(|c| (c.households, c.fault)).collect()
    };
    assert_eq!(faults(&[], grid(4, 2, &[])), [(None, Some(DrawFault::HouseholdsUnknown))]);
    assert_eq!(faults(&[20; 8], grid(4, 2, &[])), [(Some(160.0), Some(DrawFault::TooFew))]);
    assert_eq!(faults(&[100; 8], vec![]), [(Some(800.0), Some(DrawFault::BlockTooLarge))]);
    assert!(faults(&[70; 8], grid(4, 2, &[])).iter().all(|f| f.1 == Some(DrawFault::NoCountFits)));
    assert_eq!(draw_cells(&PlanningGround::new([], [], [], []), &outlines(&[]), &[], Band::default()), Ok(vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Drawn cells cover their communities, apart from each other, in one piece each, with the households they say.
    #[test]
    fn drawn_cells_cover_their_communities(
        households in prop::collection::vec(0u32..120, 48),
        border in 1usize..8,
        arterials in prop::collection::vec(0usize..9, 0..3),
        bend in -30.0..30.0f64,
    ) {
        let x = border as f64 * 100.0;
        let communities = [("a", rectangle(0.0, 0.0, x, 600.0)), ("b", rectangle(x, 0.0, 800.0 - x, 600.0))];
        let mut streets = grid(8, 6, &arterials);
        streets.push(street("斜", "lane", &[(-30.0, 250.0), (300.0, 250.0 + bend), (830.0, 260.0)]));
        let ground = PlanningGround::new(houses(8, &households), [], [], streets);
        let water = [street("河", "river", &[(-30.0, 433.0), (400.0, 470.0), (830.0, 433.0)])];
        let outlines = outlines(&communities);
        let drawn = draw_cells(&ground, &outlines, &water, Band::default()).unwrap();
        prop_assert_eq!(&draw_cells(&ground, &outlines, &water, Band::default()).unwrap(), &drawn, "the same again");
        for (code, outline) in &communities {
            let mine: Vec<&DrawnCell> = drawn.iter().filter(|c| c.community_code == *code).collect();
            let sum: i128 = mine.iter().map(|c| area2(&c.geometry.polygons)).sum();
            let whole = area2(&outline.polygons);
            prop_assert!(((sum - whole) as f64 / whole as f64).abs() < 1e-7);
            let united = crate::dissolve(mine.iter().map(|c| &c.geometry)).unwrap();
            prop_assert!(((area2(&united.polygons) - whole) as f64 / whole as f64).abs() < 1e-7, "apart from each other");
        }
        let cells: Vec<PlannedCell> = drawn.iter().enumerate().map(|(i, c)| PlannedCell::of(i, &c.community_code, &c.geometry)).collect();
        let figures = ground.balance(&cells, None);
        let band = Band::default();
        for (c, f) in drawn.iter().zip(&figures) {
            prop_assert_eq!(c.households, f.households);
            prop_assert_eq!((f.parts, f.holes), (1, 0));
            prop_assert!(crate::is_valid(&c.geometry));
            prop_assert_eq!(c.fault.is_none(), band.holds(c.households.unwrap()));
        }
        let total: u32 = households.iter().sum();
        prop_assert_eq!(figures.iter().filter_map(|f| f.households).sum::<f64>(), f64::from(total));
    }
}
