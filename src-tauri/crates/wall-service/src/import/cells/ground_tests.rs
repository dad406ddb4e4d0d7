//! Ground that touches, snaps, encloses or is not to be repaired: the right values, computed once with another library.

use super::tests::shared;
use super::*;

/// A file of the shared faults, or a word that the test is skipped.
fn fault(name: &str, options: &CellsOptions) -> Option<CellsFile> {
    Some(open_cells(&shared(&format!("faults/{name}.geojson"))?, options).unwrap())
}

/// A cell: its code, its outer ring and its holes.
type Drawn<'a> = (&'a str, &'a [&'a [(f64, f64)]]);

/// Cells of a city's size around a point, in metres.
fn file(cells: &[Drawn<'_>]) -> String {
    let ring = |r: &&[(f64, f64)]| -> String {
        let at = |(x, y): &(f64, f64)| format!("[{:.9},{:.9}]", 24.9 + x / 55_600.0, 60.1 + y / 111_400.0);
        let all: Vec<String> = r.iter().chain(r.first()).map(at).collect();
        format!("[{}]", all.join(","))
    };
    let feature = |(code, rings): &(&str, &[&[(f64, f64)]])| {
        let rings: Vec<String> = rings.iter().map(ring).collect();
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[{}]}}}}"#,
            rings.join(",")
        )
    };
    let features: Vec<String> = cells.iter().map(feature).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

fn said(file: &CellsFile) -> Vec<(&'static str, u64)> {
    file.issues.iter().filter(|i| i.code != "wrong_orientation").map(|i| (i.code, i.at)).collect()
}

#[test]
fn touching_rings_of_the_faults_have_their_right_values() {
    let exact = CellsOptions { snap_m: 0.0, ..CellsOptions::default() };
    for options in [exact, CellsOptions::default()] {
        let Some(gaps) = fault("geo_gap_hidden_street", &options) else { return };
        assert_eq!((gaps.topology.gaps, gaps.topology.gap_m2.round()), (2, 7050.0), "{:?}", gaps.issues);
        // The shared README has 405,334: that is 111,195 m for a degree in both directions; this is on the ellipsoid.
        let Some(overlap) = fault("geo_overlap_lost_min", &options) else { return };
        assert_eq!((overlap.topology.overlaps, overlap.topology.overlap_m2.round()), (1, 402_563.0), "{:?}", overlap.issues);
        let Some(pinch) = fault("geo_pinch_min", &options) else { return };
        assert_eq!((pinch.records.len(), pinch.topology.overlaps, pinch.topology.gaps), (2, 0, 1), "{:?}", pinch.issues);
        let Some(outline) = fault("geo_community_outline", &options) else { return };
        let whole: f64 = outline.records.iter().map(|r| wall_core::geometry_area_m2(&r.geometry)).sum();
        let all = wall_core::dissolve(outline.records.iter().map(|r| &r.geometry)).unwrap();
        let united = wall_core::geometry_area_m2(&all);
        assert!((united - whole + outline.topology.overlap_m2).abs() < 0.1, "{united} of {whole}");
        assert!(wall_core::is_valid(&all));
    }
}

/// A street around a yard whose hole touches the street's own corner, where the next cell touches too.
#[test]
fn a_hole_that_touches_its_corner_beside_another_cell_is_found() {
    let yard: &[&[(f64, f64)]] = &[&[(0.0, 0.0), (200.0, 0.0), (100.0, 200.0)], &[(100.0, 200.0), (80.0, 40.0), (120.0, 40.0)]];
    let next: &[&[(f64, f64)]] = &[&[(100.0, 200.0), (180.0, 280.0), (100.0, 360.0), (20.0, 280.0)]];
    let found = read_cells(file(&[("P", yard), ("Q", next)]).as_bytes(), &CellsOptions::default()).unwrap();
    assert_eq!(found.topology.gaps, 1, "{:?}", found.issues);
    assert!((found.topology.gap_m2 - 3200.0).abs() < 10.0, "{:?}", found.topology);
    assert_eq!(said(&found), [("gap", 0)]);
}

#[test]
fn without_repair_nothing_is_repaired() {
    let options = CellsOptions { repair: false, ..CellsOptions::default() };
    for (name, code) in [("geo_norepair_cut_by_holes", "cut_by_holes"), ("geo_norepair_parts_adjoin", "parts_adjoin")] {
        let Some(found) = fault(name, &options) else { return };
        assert_eq!((found.records.len(), found.repaired()), (0, 0), "{name}");
        assert_eq!(found.issues.iter().map(|i| (i.code, i.action.code())).collect::<Vec<_>>(), [(code, "rejected")]);
    }
    // A cell whose hole touches the outer ring twice; two halves with a common border are tested beside `repair`.
    let cut: &[&[(f64, f64)]] =
        &[&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)], &[(50.0, 0.0), (60.0, 50.0), (50.0, 100.0), (40.0, 50.0)]];
    let text = file(&[("A", cut)]);
    let found = read_cells(text.as_bytes(), &options).unwrap();
    assert!(found.records.is_empty() && found.issues[0].message.ends_with("repair is off"), "{:?}", found.issues);
    assert_eq!(read_cells(text.as_bytes(), &CellsOptions::default()).unwrap().records[0].geometry.polygons.len(), 2);
}

#[test]
fn a_band_around_the_world_is_named() {
    let band = r#"{"type":"Polygon","coordinates":[[[-180,-10],[180,-10],[180,10.5],[-180,10.5],[-180,-10]]]}"#;
    let own = read_cells(band.as_bytes(), &CellsOptions::default()).unwrap();
    let faults = fault("geo_latitude_band", &CellsOptions::default());
    for found in faults.into_iter().chain([own]) {
        assert_eq!(said(&found), [("spans_all_longitudes", 0)]);
        assert!(found.issues[0].message.contains("spans all longitudes"), "{:?}", found.issues);
    }
}

#[test]
fn a_cell_inside_another_is_said_to_get_no_points() {
    let outer: &[&[(f64, f64)]] = &[&[(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0)]];
    let inner: &[&[(f64, f64)]] = &[&[(100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0)]];
    let own = read_cells(file(&[("A9", outer), ("B1", inner)]).as_bytes(), &CellsOptions::default()).unwrap();
    let faults = fault("cells_inner_without_hole", &CellsOptions::default());
    for found in faults.into_iter().chain([own]) {
        assert_eq!(said(&found).iter().map(|s| s.0).collect::<Vec<_>>(), ["overlap", "cell_inside_cell"], "{:?}", found.issues);
        let issue = found.issues.iter().find(|i| i.code == "cell_inside_cell").unwrap();
        assert_eq!(issue.at, 1);
        assert!(issue.message.contains("\"B1\" gets no points") && issue.place.is_some(), "{}", issue.message);
    }
    // The lower code inside: its points are its own.
    let kept = read_cells(file(&[("B1", outer), ("A9", inner)]).as_bytes(), &CellsOptions::default()).unwrap();
    assert!(kept.issues[1].message.contains("\"A9\" has the lower code"), "{:?}", kept.issues);
}

#[test]
fn snapping_leaves_a_clean_coverage_clean() {
    for snap_m in [0.1, 0.5, 1.0, 2.0] {
        let options = CellsOptions { snap_m, ..CellsOptions::default() };
        let Some(found) = fault("geo_snap_makes_overlap", &options) else { return };
        assert_eq!((found.topology.overlaps, found.topology.gaps), (0, 0), "{snap_m}: {:?}", found.issues);
    }
}

/// Nine blocks with lanes between them that reach the outside.
#[test]
fn lanes_between_cells_are_measured() {
    if let Some(found) = fault("cells_lanes_between", &CellsOptions::default()) {
        let t = found.topology;
        assert_eq!((t.lanes, t.gaps, t.overlaps, t.near_edges), (12, 0, 0, 24), "{:?}", found.issues);
        assert!((t.lane_m2 - 32_000.0).abs() < 1500.0 && (t.lane_m - 4900.0).abs() < 100.0, "{t:?}");
        assert_eq!(found.issues.iter().filter(|i| i.code == "lane" && i.place.is_some()).count(), 12);
    }
    let block = |x: f64, y: f64| [(x, y), (x + 100.0, y), (x + 100.0, y + 100.0), (x, y + 100.0)];
    let (a, b, c) = (block(0.0, 0.0), block(104.0, 0.0), block(0.0, 130.0));
    let own = read_cells(file(&[("A", &[&a]), ("B", &[&b]), ("C", &[&c])]).as_bytes(), &CellsOptions::default()).unwrap();
    assert_eq!(said(&own), [("lane", 1)]);
    assert!(own.issues.iter().any(|i| i.message.contains("100 m × 4.0")), "{:?}", own.issues);
}
