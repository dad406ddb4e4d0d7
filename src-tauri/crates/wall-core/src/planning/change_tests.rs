//! Lineage, impact and overlay of plans on one small quarter.

use super::tests::*;
use super::*;
use crate::{GridPolygon, Place};
use proptest::prelude::*;

/// From, to, kind, per cent of the first, per cent of the second.
type Kin = (Option<usize>, Option<usize>, LineageKind, i64, i64);

fn kinds(base: &[PlannedCell<'_>], draft: &[PlannedCell<'_>]) -> Vec<Kin> {
    let percent = |share: f64| (share * 100.0).round() as i64;
    lineage(base, draft, None)
        .unwrap()
        .into_iter()
        .map(|l| (l.from, l.to, l.kind, percent(l.share_of_from), percent(l.share_of_to)))
        .collect()
}

fn cells<'a>(codes: &[&'a str], grounds: &'a [CellGeometry]) -> Vec<PlannedCell<'a>> {
    codes.iter().zip(grounds).enumerate().map(|(i, (c, g))| PlannedCell::of(i, c, g)).collect()
}

#[test]
fn lineage_says_what_became_of_what() {
    use LineageKind::{Merged, Moved, New, Reshaped, Retired, Same, Split};
    let base: Vec<CellGeometry> = (0..7).map(|i| rectangle(f64::from(i) * 100.0, 0.0, 100.0, 100.0)).collect();
    let before = cells(&["0", "1", "2", "3", "4", "5", "6"], &base);
    // 0 stays (its ring begins elsewhere), 1 is halved, 2 and 3 become one, 4 gives a tenth to 5, 6 goes, one is new.
    let mut turned = base[0].clone();
    turned.polygons[0].outer.rotate_left(2);
    let after = [
        turned,
        rectangle(100.0, 0.0, 50.0, 100.0),
        rectangle(150.0, 0.0, 50.0, 100.0),
        rectangle(200.0, 0.0, 200.0, 100.0),
        rectangle(400.0, 0.0, 90.0, 100.0),
        rectangle(490.0, 0.0, 110.0, 100.0),
        rectangle(0.0, 500.0, 100.0, 100.0),
    ];
    let after = cells(&["0", "1", "1b", "2", "4", "5", "9"], &after);
    assert_eq!(
        kinds(&before, &after),
        [
            (Some(0), Some(0), Same, 100, 100),
            (Some(1), Some(1), Split, 50, 100),
            (Some(1), Some(2), Split, 50, 100),
            (Some(2), Some(3), Merged, 100, 50),
            (Some(3), Some(3), Merged, 100, 50),
            (Some(4), Some(4), Reshaped, 90, 100),
            (Some(4), Some(5), Moved, 10, 9),
            (Some(5), Some(5), Reshaped, 100, 91),
            (Some(6), None, Retired, 100, 0),
            (None, Some(6), New, 0, 100),
        ]
    );
    let ground = PlanningGround::new([building(120.0, 50.0, Some(30), ""), building(495.0, 50.0, Some(4), "")], [], [], []);
    let households: Vec<Option<f64>> =
        lineage(&before, &after, Some(&ground)).unwrap().into_iter().map(|l| l.households).collect();
    assert_eq!(households[1..7], [Some(30.0), None, None, None, None, Some(4.0)]);
}

#[test]
fn cells_inside_others_are_found_without_meeting_borders() {
    let mut ring_cell = rectangle(0.0, 0.0, 300.0, 300.0);
    ring_cell.polygons[0].holes.push(ring(&[(100.0, 100.0), (100.0, 200.0), (200.0, 200.0), (200.0, 100.0)]));
    let inner = rectangle(100.0, 100.0, 100.0, 100.0);
    let all = rectangle(-50.0, -50.0, 400.0, 400.0);
    let spot = rectangle(120.0, 120.0, 10.0, 10.0);
    let (a, b) = ([ring_cell, inner], [all, spot]);
    let overlay = network_overlay(&cells(&["a", "b"], &a), &cells(&["x", "y"], &b), 0.05).unwrap();
    let seen: Vec<_> =
        overlay.lines.iter().map(|l| (l.a, l.b, (l.share_of_a * 1e4).round(), l.best_for_a, l.best_for_b)).collect();
    assert_eq!(seen, [(0, 0, 10_000.0, true, true), (1, 0, 10_000.0, true, false), (1, 1, 100.0, false, true)]);
}

#[test]
fn networks_that_almost_agree_are_named_for_merging() {
    let a: Vec<CellGeometry> = (0..4).map(|i| rectangle(f64::from(i) * 100.0, 0.0, 100.0, 100.0)).collect();
    // Two beats: the border 2 m east of the second cell's; a third beat apart.
    let b = [rectangle(0.0, 0.0, 202.0, 100.0), rectangle(202.0, 0.0, 198.0, 100.0), rectangle(900.0, 0.0, 50.0, 50.0)];
    let overlay = network_overlay(&cells(&["1", "2", "3", "4"], &a), &cells(&["x", "y", "z"], &b), 0.05).unwrap();
    let best: Vec<(usize, usize)> = overlay.lines.iter().filter(|l| l.best_for_a).map(|l| (l.a, l.b)).collect();
    assert_eq!(best, [(0, 0), (1, 0), (2, 1), (3, 1)]);
    let candidates: Vec<(usize, Vec<usize>)> = overlay.candidates.iter().map(|c| (c.b, c.members.clone())).collect();
    assert_eq!(candidates, [(0, vec![0, 1]), (1, vec![2, 3])]);
    assert!((overlay.candidates[0].moved_m2 / 200.0 - 1.0).abs() < 1e-3, "{:?}", overlay.candidates);
    assert!(overlay.only_a_m2.iter().all(|m2| *m2 < 1e-3));
    assert!((overlay.only_b_m2[2] / 2500.0 - 1.0).abs() < 1e-4);
    assert_eq!(
        network_overlay(&cells(&["1", "2", "3", "4"], &a), &cells(&["x", "y", "z"], &b), 0.001).unwrap().candidates,
        vec![]
    );
}

/// Columns of 100 m whose borders stand at these places; the last place is the end.
fn columns(borders: &[f64]) -> Vec<CellGeometry> {
    borders.windows(2).map(|w| rectangle(w[0], 0.0, w[1] - w[0], 100.0)).collect()
}

fn quarter(points: &[(f64, f64)]) -> (PlanningGround, Vec<Place>) {
    let buildings = points
        .iter()
        .enumerate()
        .filter(|(i, _)| i % 3 != 0)
        .map(|(i, p)| building(p.0, p.1, (i % 4 != 0).then_some(i as u32), ""));
    let tickets =
        points.iter().enumerate().map(|(i, p)| ticket(i as i64, p.0 + 1.0, p.1, 1 + (i % 4) as u8, i % 2 == 0, i % 3 == 0));
    let staff = points.iter().enumerate().map(|(i, p)| StaffPoint {
        id: crate::StaffId(i as i64),
        place: Some(place(p.0, p.1)),
        cell_codes: if i % 2 == 0 { vec![(i % 5).to_string()] } else { vec![] },
    });
    let streets = [
        street("a", "lane", &[(-20.0, 30.0), (150.0, 70.0), (700.0, 20.0)]),
        street("b", "lane", &[(100.0, -10.0), (100.0, 110.0)]),
    ];
    let places = points.iter().map(|p| place(p.0, p.1 + 0.5)).collect();
    (PlanningGround::new(buildings, tickets, staff, streets), places)
}

#[test]
fn an_unchanged_plan_has_no_impact() {
    let grounds = columns(&[0.0, 100.0, 200.0, 300.0]);
    let (ground, cameras) = quarter(&[(10.0, 10.0), (150.0, 50.0)]);
    let plan = cells(&["0", "1", "2"], &grounds);
    let weights = WorkloadWeights::default();
    let of = ImpactOf { base: &plan, base_households: &[], draft: &plan, cameras: &cameras, sites: &[], weights: &weights };
    assert_eq!(impact(&ground, &of), Ok(ImpactReport { unchanged: 3, ..ImpactReport::default() }));
}

#[test]
fn a_moved_border_moves_what_lies_between() {
    let (base, draft) = (columns(&[0.0, 100.0, 200.0, 300.0]), columns(&[0.0, 80.0, 200.0, 300.0]));
    let ground = PlanningGround::new(
        [building(90.0, 50.0, Some(40), ""), building(50.0, 50.0, Some(60), "")],
        [ticket(1, 85.0, 10.0, 2, true, true), ticket(2, 85.0, 10.0, 3, true, false), ticket(3, 20.0, 10.0, 1, false, true)],
        [StaffPoint { id: crate::StaffId(1), place: None, cell_codes: vec!["0".into()] }],
        [street("a", "lane", &[(0.0, 50.0), (300.0, 50.0)])],
    );
    let (before, after) = (cells(&["0", "1", "2"], &base), cells(&["0", "1", "2"], &draft));
    let weights = WorkloadWeights::default();
    let cameras = [place(95.0, 5.0), place(5.0, 5.0)];
    let sites = [place(99.0, 99.0)];
    let of = ImpactOf { base: &before, base_households: &[], draft: &after, cameras: &cameras, sites: &sites, weights: &weights };
    let report = impact(&ground, &of).unwrap();
    assert_eq!((report.unchanged, report.cells.len()), (1, 2));
    let moved: Vec<&Flow> = report.flows.iter().filter(|f| !f.stays).collect();
    assert_eq!(moved.len(), 1);
    let flow = moved[0];
    let f = &flow.amounts.figures;
    assert_eq!((flow.from, flow.to), (Some(0), Some(1)));
    assert_eq!((f.households, f.population, f.open, f.tickets_90d, f.staff), (Some(40.0), Some(120.0), 1, [0, 1, 1, 0], 0));
    assert_eq!((flow.amounts.cameras, flow.amounts.sites), (1, 1));
    assert!((f.area_m2 / 2000.0 - 1.0).abs() < 1e-3 && (f.patrol_m - 20.0).abs() < 3.1, "{f:?}");
    let first = &report.cells[0];
    assert_eq!((first.base, first.draft, first.kind), (Some(0), Some(0), LineageKind::Reshaped));
    let (b, a) = (first.before.unwrap().figures, first.after.unwrap().figures);
    assert_eq!((b.households, a.households, b.staff, a.staff), (Some(100.0), Some(60.0), 1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What goes out of the base cells is what they had; what comes into the draft's cells is what the figures say.
    #[test]
    fn flows_keep_the_books(
        base in prop::collection::vec(5.0..90.0f64, 1..7),
        draft in prop::collection::vec(5.0..90.0f64, 1..7),
        shift in prop_oneof![Just(0.0), 0.0..60.0f64],
        same_start in 0usize..3,
        points in prop::collection::vec((-20.0..520.0f64, 0.0..100.0f64), 0..60),
        stated in prop::collection::vec(prop::option::of(0u32..900), 7),
        codes in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let borders = |widths: &[f64], from: f64| widths.iter().fold(vec![from], |mut v, w| { v.push(v[v.len() - 1] + w); v });
        let base = borders(&base, 0.0);
        let mut draft = borders(&draft, shift);
        if same_start > 0 && base.len() > same_start {
            // The first cells stay as they are.
            draft = base[..=same_start].iter().copied().chain(draft.iter().map(|x| x + base[same_start] + 10.0)).collect();
        }
        let (base, draft) = (columns(&base), columns(&draft));
        let base_codes: Vec<String> = (0..base.len()).map(|i| i.to_string()).collect();
        let draft_codes: Vec<String> = (0..draft.len()).map(|j| codes[j % 7].to_string() + if j < 7 { "" } else { "x" }).collect();
        let before = cells(&base_codes.iter().map(String::as_str).collect::<Vec<_>>(), &base);
        let after = cells(&draft_codes.iter().map(String::as_str).collect::<Vec<_>>(), &draft);
        let (ground, cameras) = quarter(&points);
        let weights = WorkloadWeights::default();
        let of = ImpactOf { base: &before, base_households: &stated, draft: &after, cameras: &cameras, sites: &cameras, weights: &weights };
        let report = impact(&ground, &of).unwrap();
        let stated_of = BaseHouseholds::new(&ground, base.iter().zip(stated.iter().copied()));
        let (had, has) = (ground.balance(&before, Some(&stated_of)), ground.balance(&after, Some(&stated_of)));
        let near = |a: f64, b: f64, by: f64| (a - b).abs() <= by;
        for cell in &report.cells {
            for (amounts, figures, side) in [(cell.before, cell.base.map(|i| had[i]), 0), (cell.after, cell.draft.map(|j| has[j]), 1)] {
                let (Some(amounts), Some(wanted)) = (amounts, figures) else { continue };
                let mine: Vec<&Flow> = report.flows.iter().filter(|f| if side == 0 { f.from == cell.base && cell.base.is_some() } else { f.to == cell.draft }).collect();
                let sum = |of: &dyn Fn(&CellFigures) -> f64| mine.iter().map(|f| of(&f.amounts.figures)).sum::<f64>();
                let f = amounts.figures;
                prop_assert_eq!((f.tickets_90d, f.open, f.staff, f.buildings), (wanted.tickets_90d, wanted.open, wanted.staff, wanted.buildings));
                prop_assert_eq!(f.population, wanted.population);
                prop_assert!(near(f.households.unwrap_or(-1.0), wanted.households.unwrap_or(-1.0), 1e-3), "{:?} {:?}", f, wanted);
                prop_assert!(near(f.area_m2, wanted.area_m2, 1e-6) && f.patrol_m == wanted.patrol_m, "{:?} {:?}", f, wanted);
                prop_assert!(near(sum(&|f| f.area_m2), f.area_m2, 0.05));
                prop_assert_eq!(sum(&|f| f64::from(f.open)), f64::from(f.open));
                prop_assert_eq!(sum(&|f| f64::from(f.staff)), f64::from(f.staff));
                prop_assert!(near(sum(&|f| f.households.unwrap_or(0.0)), f.households.unwrap_or(0.0), 1e-3));
                prop_assert!(near(mine.iter().map(|f| f.amounts.workload).sum(), amounts.workload, 0.2));
                prop_assert!(near(sum(&|f| f.patrol_m), f.patrol_m, 5.0));
                prop_assert_eq!(mine.iter().map(|f| f.amounts.cameras + f.amounts.sites).sum::<u32>(), amounts.cameras + amounts.sites);
            }
        }
        let changed_base = report.cells.iter().filter(|c| c.base.is_some()).count();
        prop_assert_eq!(changed_base + report.unchanged, base.len());
    }
}

#[test]
fn lines_of_lineage_cover_both_plans() {
    let base = [rectangle(0.0, 0.0, 100.0, 100.0), CellGeometry { polygons: Vec::<GridPolygon>::new() }];
    assert_eq!(
        kinds(&cells(&["1", "2"], &base), &[]),
        [(Some(0), None, LineageKind::Retired, 100, 0), (Some(1), None, LineageKind::Retired, 100, 0)]
    );
    assert_eq!(kinds(&[], &[]), []);
}
