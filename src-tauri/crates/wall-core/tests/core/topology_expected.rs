//! Splits, merges, transfers and overlaps against an independent polygon library (`tests/expected/make_topology_edits.py`).

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use wall_core::{BuildOptions, CellGeometry, Edit, Face, GridPoint, GridPolygon, GridRing, RefusalCode, Topology};

const ORIGIN: GridPoint = GridPoint { x: 121_470_000_000, y: 31_230_000_000 };

fn point(v: &Value) -> GridPoint {
    GridPoint { x: ORIGIN.x + v[0].as_i64().unwrap(), y: ORIGIN.y + v[1].as_i64().unwrap() }
}

fn ring(v: &Value) -> GridRing {
    v.as_array().unwrap().iter().map(point).collect()
}

fn polygon(v: &Value) -> GridPolygon {
    let mut rings = v.as_array().unwrap().iter().map(ring);
    GridPolygon { outer: rings.next().unwrap(), holes: rings.collect() }
}

fn area2(g: &CellGeometry) -> i128 {
    let ring2 = |r: &GridRing| -> i128 {
        (0..r.len())
            .map(|i| (r[i], r[(i + 1) % r.len()]))
            .map(|(a, b)| i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y))
            .sum()
    };
    g.polygons.iter().flat_map(|p| p.rings()).map(ring2).sum()
}

/// Length of all borders in units, the larger of both directions.
fn around(g: &CellGeometry) -> i128 {
    let edge = |(a, b): (GridPoint, GridPoint)| i128::from((a.x - b.x).abs().max((a.y - b.y).abs()));
    let ring = |r: &GridRing| -> i128 { (0..r.len()).map(|i| edge((r[i], r[(i + 1) % r.len()]))).sum() };
    g.polygons.iter().flat_map(|p| p.rings()).map(ring).sum()
}

#[test]
fn edits_agree_with_an_independent_library() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/expected/topology_edits.json.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let mut count = std::collections::BTreeMap::new();
    for (number, case) in cases.as_array().unwrap().iter().enumerate() {
        let cells: Vec<CellGeometry> = case["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| CellGeometry { polygons: c.as_array().unwrap().iter().map(polygon).collect() })
            .collect();
        let codes: Vec<String> = (0..cells.len()).map(|i| format!("{i:03}")).collect();
        let list: Vec<(&str, &CellGeometry)> = codes.iter().map(String::as_str).zip(&cells).collect();
        let (mut t, report) = Topology::build(&list, BuildOptions { snap_m: 0.0, sliver_m: 0.0 }).unwrap();
        t.check().unwrap();
        let edit = &case["edit"];
        let kind = edit["kind"].as_str().unwrap();
        let face = Face(edit["cell"].as_u64().unwrap_or(0) as u32);
        let mut faces: Vec<Face> = (0..cells.len() as u32).map(Face).collect();
        let (edit, refused) = match kind {
            "split" => {
                let pieces = edit["pieces"].as_u64().unwrap();
                let refused = match pieces {
                    1 => Some(RefusalCode::LineMisses),
                    2 => None,
                    _ => Some(RefusalCode::NotTwoParts),
                };
                if refused.is_none() {
                    faces.push(Face(cells.len() as u32));
                }
                (Some(Edit::Split { face, line: ring(&edit["line"]) }), refused)
            }
            "merge" => {
                let with = Face(edit["with"].as_u64().unwrap() as u32);
                let refused = (edit["neighbours"] == false).then_some(RefusalCode::NotNeighbours);
                if refused.is_none() {
                    faces.retain(|f| *f != with);
                }
                (Some(Edit::Merge { into: face, from: vec![with] }), refused)
            }
            "transfer" => (Some(Edit::Transfer { to: face, area: polygon(&edit["area"]), allow_parts: true }), None),
            _ => (None, None),
        };
        if let Some(edit) = edit {
            assert_eq!(report.findings, vec![], "case {number}");
            match (t.plan_edit(&edit), refused) {
                (Ok(patch), None) => t.apply(&patch),
                (Err(r), Some(code)) => assert_eq!(r.code, code, "case {number}: {r}"),
                (other, wanted) => panic!("case {number} ({kind}): {other:?}, wanted {wanted:?}"),
            }
            t.check().unwrap();
        }
        *count.entry((kind, refused.is_none())).or_insert(0) += 1;
        let expected = case["area2"].as_array().unwrap();
        assert_eq!(expected.len(), faces.len(), "case {number}");
        for (f, expected) in faces.iter().zip(expected) {
            let g = t.geometry(*f);
            // Every border may be bent by less than a unit.
            let off = (area2(&g) as f64 - expected.as_f64().unwrap()).abs();
            assert!(off <= 2.0 * around(&g) as f64 + 2.0, "case {number} ({kind}), {f:?}: {off}");
        }
        if kind != "overlaps" {
            // (GEOS may leave slivers of no width as parts where stars cross.)
            let parts: Vec<u64> = faces.iter().map(|f| t.part_count(*f) as u64).collect();
            let expected: Vec<u64> = case["parts"].as_array().unwrap().iter().map(|p| p.as_u64().unwrap()).collect();
            assert_eq!(parts, expected, "case {number} ({kind})");
        }
        for place in case["places"].as_array().unwrap() {
            let wanted = usize::try_from(place[2].as_i64().unwrap()).ok().map(|i| faces[i]);
            assert_eq!(t.face_at(point(place).place()), wanted, "case {number} ({kind}): {place}");
        }
    }
    println!("{count:?}");
    assert_eq!(count.values().sum::<i32>(), 240);
}
