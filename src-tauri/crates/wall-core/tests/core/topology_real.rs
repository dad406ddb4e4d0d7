//! Real cells with their real flaws: built, looked at, edited at random. Skipped, visibly, where the data is not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use geojson::{GeoJson, GeometryValue};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wall_core::{BuildOptions, BuildReport, CellGeometry, Face, RawPolygon, RepairOptions, Topology, TopologyFault, repair};

use crate::topology::random_edit;

fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Code and ground of each feature, repaired; how many rings were.
fn geojson(path: &Path, key: &str) -> Vec<(String, CellGeometry)> {
    let GeoJson::FeatureCollection(all) = std::fs::read_to_string(path).unwrap().parse::<GeoJson>().unwrap() else {
        panic!("not a collection")
    };
    let polygon = |rings: &[Vec<geojson::Position>]| -> RawPolygon {
        rings.iter().map(|r| r.iter().map(|p| [p[0], p[1]]).collect()).collect()
    };
    let raw = |f: &geojson::Feature| match &f.geometry.as_ref().unwrap().value {
        GeometryValue::Polygon { coordinates } => vec![polygon(coordinates)],
        GeometryValue::MultiPolygon { coordinates } => coordinates.iter().map(|p| polygon(p)).collect(),
        other => panic!("{other:?}"),
    };
    all.features
        .iter()
        .map(|f| (f.property(key).unwrap().to_string(), repair(&raw(f), RepairOptions::default()).unwrap().0))
        .collect()
}

/// The polygons of a shapefile: each ring by itself, holes by their direction.
fn shapefile(path: &Path) -> Vec<(String, CellGeometry)> {
    let bytes = std::fs::read(path).unwrap();
    let int = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let number = |at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let mut cells = Vec::new();
    let mut at = 100;
    while at < bytes.len() {
        let length = i32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize * 2;
        let record = at + 8;
        at = record + length;
        if int(record) != 5 {
            continue;
        }
        let (parts, points) = (int(record + 36), int(record + 40));
        let starts: Vec<usize> = (0..parts).map(|i| int(record + 44 + 4 * i)).chain([points]).collect();
        let first = record + 44 + 4 * parts;
        let mut polygons: Vec<RawPolygon> = Vec::new();
        for w in starts.windows(2) {
            let ring: Vec<[f64; 2]> = (w[0]..w[1]).map(|i| [number(first + 16 * i), number(first + 16 * i + 8)]).collect();
            let turn: f64 = ring.windows(2).map(|w| (w[0][0] - ring[0][0]) * w[1][1] - (w[1][0] - ring[0][0]) * w[0][1]).sum();
            match polygons.last_mut() {
                Some(p) if turn > 0.0 => p.push(ring),
                _ => polygons.push(vec![ring]),
            }
        }
        if let Ok((geometry, _)) = repair(&polygons, RepairOptions::default()) {
            cells.push((format!("{:05}", cells.len()), geometry));
        }
    }
    cells
}

fn built(name: &str, cells: &[(String, CellGeometry)], options: BuildOptions) -> (Topology, BuildReport) {
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|(c, g)| (c.as_str(), g)).collect();
    let start = std::time::Instant::now();
    let (t, report) = Topology::build(&list, options).unwrap();
    let took = start.elapsed();
    t.check().unwrap();
    let mut kinds: BTreeMap<(&str, &str), (usize, f64)> = BTreeMap::new();
    for f in &report.findings {
        let said = kinds.entry((f.kind.code(), f.resolution.code())).or_default();
        *said = (said.0 + 1, said.1 + f.area_m2);
    }
    println!(
        "{name}, snap {} m: {} cells, {} arcs, {} nodes, {} vertices, {} shared edges, {} cut, {took:?}; {kinds:.2?}",
        options.snap_m,
        t.faces().count(),
        report.arcs,
        report.nodes,
        report.vertices,
        report.shared_edges,
        report.edges_cut,
    );
    // What the cells had together, they have: overlaps once, and gaps closed on top.
    let area = |kind: TopologyFault| report.findings.iter().filter(|f| f.kind == kind).map(|f| f.area_m2).sum::<f64>();
    let given: f64 = cells.iter().map(|(_, g)| wall_core::geometry_area_m2(g)).sum();
    let have: f64 = t.faces().map(|f| t.area_m2(f)).sum();
    assert!(have <= given * 1.0001 + area(TopologyFault::Sliver), "{have} {given}");
    assert!(have >= given * 0.9999 - area(TopologyFault::Overlap) - area(TopologyFault::Sliver), "{have} {given}");
    (t, report)
}

fn edited(name: &str, mut t: Topology, edits: usize, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let all = |t: &Topology| -> Vec<(Face, CellGeometry)> { t.faces().map(|f| (f, t.geometry(f))).collect() };
    let before = all(&t);
    let mut patches = Vec::new();
    for i in 0..edits {
        let edit = random_edit(&t, &mut rng);
        if let Ok(patch) = t.plan_edit(&edit) {
            t.apply(&patch);
            if i % 16 == 0 {
                t.check().unwrap_or_else(|e| panic!("{edit:?}: {e}"));
            }
            patches.push(patch);
        }
    }
    t.check().unwrap();
    patches.iter().rev().for_each(|p| t.apply(&p.inverse()));
    t.check().unwrap();
    assert!(all(&t) == before);
    println!("{name}: {} of {edits} edits done and undone", patches.len());
    assert!(patches.len() * 5 > edits);
}

#[test]
fn boston() {
    let Some(dir) = data("boston311") else { return };
    for (file, key, count) in [("precincts.geojson", "WDPCT", 255), ("wards.geojson", "WARD", 22)] {
        let cells = geojson(&dir.join(file), key);
        assert_eq!(cells.len(), count);
        let (raw, _) = built(file, &cells, BuildOptions { snap_m: 0.0, sliver_m: 0.0 });
        assert_eq!(raw.faces().count(), count);
        let (t, _) = built(file, &cells, BuildOptions::default());
        assert_eq!(t.faces().count(), count);
        edited(file, t, 500, 7);
    }
}

#[test]
fn shenzhen() {
    let Some(dir) = data("shenzhen_cells") else { return };
    for (file, seed) in [("grid.shp", 1), ("sz.shp", 2)] {
        let cells = shapefile(&dir.join(file));
        built(file, &cells, BuildOptions { snap_m: 0.0, sliver_m: 0.0 });
        let (t, _) = built(file, &cells, BuildOptions::default());
        assert_eq!(t.faces().count(), cells.len());
        edited(file, t, 300, seed);
    }
}
