use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;
use wall_core::is_valid;

use super::*;

pub(super) fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data")).join(path);
    if root.exists() {
        return Some(root);
    }
    eprintln!("skipped: no ../shared/data/{path}");
    None
}

fn read(text: &str) -> CellsFile {
    read_cells(text.as_bytes(), &CellsOptions::default()).unwrap()
}

fn codes(file: &CellsFile) -> Vec<(&'static str, &'static str)> {
    file.issues.iter().map(|i| (i.code, i.action.code())).collect()
}

/// A square of about 100 m, `x` and `y` in steps of its side.
fn square(x: i32, y: i32) -> String {
    let at = |dx: i32, dy: i32| format!("[{:.3},{:.3}]", 24.9 + f64::from(x + dx) * 0.001, 60.1 + f64::from(y + dy) * 0.001);
    format!("[[{},{},{},{},{}]]", at(0, 0), at(1, 0), at(1, 1), at(0, 1), at(0, 0))
}

fn feature(properties: &str, x: i32, y: i32) -> String {
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":{}}}}}"#, square(x, y))
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",\r\n"))
}

/// Cells, rejected features, and codes of issues; or the code of the refusal.
type Answer<'a> = Result<(usize, usize, &'a [&'a str]), &'a str>;

/// What becomes of each file of faults.
const FAULTS: &[(&str, Answer)] = &[
    ("invalid_geometries/invalid_exterior_not_ccw", Ok((1, 0, &["wrong_orientation"]))),
    ("invalid_geometries/invalid_interior_not_cw", Ok((1, 0, &["wrong_orientation", "gap"]))),
    ("invalid_geometries/invalid_unclosed", Ok((1, 0, &["ring_unclosed"]))),
    ("invalid_geometries/invalid_less_three_unique_nodes", Ok((0, 1, &["too_few_points"]))),
    ("invalid_geometries/invalid_incorrect_geometry_data_type", Ok((0, 1, &["not_a_polygon"]))),
    ("problematic_geometries/problematic_3d_coordinates", Ok((1, 0, &[]))),
    ("problematic_geometries/problematic_4d_coordinates", Ok((1, 0, &[]))),
    ("problematic_geometries/problematic_crosses_antimeridian", Ok((1, 0, &["crosses_antimeridian"]))),
    ("problematic_geometries/problematic_duplicate_nodes", Ok((1, 0, &["duplicate_nodes"]))),
    ("problematic_geometries/problematic_excessive_coordinate_precision", Ok((1, 0, &[]))),
    ("problematic_geometries/problematic_excessive_vertices", Ok((1, 0, &["many_vertices"]))),
    ("problematic_geometries/problematic_feature_null_geometry", Ok((0, 1, &["null_geometry"]))),
    ("problematic_geometries/problematic_inner_and_exterior_ring_intersect", Ok((1, 0, &["hole_crosses_outer"]))),
    ("problematic_geometries/problematic_multitype_geometry_with_just_one_geometry", Ok((1, 0, &[]))),
    ("problematic_geometries/problematic_outside_lat_lon_boundaries", Ok((0, 1, &["out_of_range"]))),
    ("problematic_geometries/problematic_self_intersection_large", Ok((1, 0, &["self_intersection"]))),
    ("problematic_geometries/problematic_self_intersection_small", Ok((1, 0, &["self_intersection"]))),
    ("problematic_geometries/problematic_wrong_bbox_coordinate_order", Ok((1, 0, &[]))),
    ("problematic_geometries/problematic_zero_length_linestring", Ok((0, 1, &["not_a_polygon"]))),
    ("invalid_structure/invalid_feature_geometry_is_string", Ok((0, 1, &["bad_geometry"]))),
    ("invalid_structure/invalid_feature_id_type", Ok((0, 1, &["not_a_polygon"]))),
    ("invalid_structure/invalid_feature_no_properties", Ok((1, 0, &[]))),
    ("invalid_structure/invalid_feature_properties_is_array", Ok((0, 1, &["null_geometry"]))),
    ("invalid_structure/invalid_feature_properties_is_int", Ok((0, 1, &["null_geometry"]))),
    ("invalid_structure/invalid_feature_wrong_geometry_key", Ok((0, 1, &["null_geometry"]))),
    ("invalid_structure/invalid_featurecollection_feature_nullfeature", Ok((0, 1, &["not_a_feature"]))),
    ("invalid_structure/invalid_featurecollection_features_is_object", Err("not_geojson")),
    ("invalid_structure/invalid_featurecollection_no_features_member", Err("not_geojson")),
    ("invalid_structure/invalid_featurecollection_nulltype", Err("not_geojson")),
    ("invalid_structure/invalid_featurecollection_type_lowercase", Err("not_geojson")),
    ("invalid_structure/invalid_featurecollection_unknown_type", Err("not_geojson")),
    ("invalid_structure/invalid_geometry_bbox_not4or6", Ok((0, 1, &["not_a_polygon"]))),
    ("invalid_structure/invalid_geometry_coordinates_1d", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_coordinates_empty_position", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_coordinates_missing", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_coordinates_string", Ok((0, 1, &["not_a_polygon"]))),
    ("invalid_structure/invalid_geometry_depth_deep_polygon", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_depth_shallow_multipolygon", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_depth_shallow_polygon", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_geometrycollection_null_geometry", Ok((0, 1, &["not_a_polygon"]))),
    ("invalid_structure/invalid_geometry_mislabeled_point", Ok((0, 1, &["bad_coordinates"]))),
    ("invalid_structure/invalid_geometry_missing_type", Err("not_geojson")),
    ("invalid_structure/invalid_geometry_wrong_geometry_type", Err("not_geojson")),
    ("problematic_structure/problematic_crs_defined", Ok((1, 0, &[]))),
    ("problematic_structure/problematic_geometry_not_wrapped", Ok((1, 0, &[]))),
    ("problematic_structure/problematic_geometrycollection_single", Ok((0, 1, &["not_a_polygon"]))),
    ("problematic_structure/problematic_nested_geometrycollection", Ok((0, 1, &["not_a_polygon"]))),
    ("valid/valid_featurecollection_empty_features", Ok((0, 0, &[]))),
    ("valid/valid_feature_null_properties", Ok((1, 0, &[]))),
    ("valid/valid_geometry_geometrycollection", Ok((1, 0, &["parts_left_out"]))),
    ("valid/valid_geometry_geometrycollection_empty_geometries", Ok((0, 1, &["empty_geometry"]))),
];

#[test]
fn every_class_of_fault_has_its_answer() {
    let Some(root) = shared("bad_geojson/chrieke") else { return };
    for (name, wanted) in FAULTS {
        let bytes = std::fs::read(root.join(format!("{name}.geojson"))).unwrap();
        match (read_cells(&bytes, &CellsOptions::default()), wanted) {
            (Ok(file), Ok((cells, rejected, issues))) => {
                let said: Vec<_> = file.issues.iter().map(|i| i.code).filter(|c| *c != "code_generated").collect();
                assert_eq!(
                    (file.records.len(), file.rejected(), said.as_slice()),
                    (*cells, *rejected, *issues),
                    "{name}: {:?}",
                    file.issues
                );
                assert_eq!(file.read, cells + rejected, "{name}");
                assert!(file.records.iter().all(|r| is_valid(&r.geometry)), "{name}");
            }
            (Err(e), Err(code)) => assert_eq!(e.code(), *code, "{name}: {e}"),
            (got, _) => panic!("{name}: {got:?}"),
        }
    }
}

#[test]
fn every_file_of_faults_has_some_answer() {
    let Some(root) = shared("bad_geojson") else { return };
    let mut folders = vec![root];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for repair in [true, false] {
                match read_cells(&bytes, &CellsOptions { repair, ..Default::default() }) {
                    Ok(file) => {
                        // Nothing is dropped in silence.
                        assert_eq!(file.records.len() + file.rejected(), file.read, "{path:?}");
                        assert!(file.issues.iter().all(|i| !i.message.is_empty()));
                    }
                    Err(e) => assert!(e.to_string().len() > 10, "{path:?}"),
                }
            }
            files += 1;
        }
    }
    assert!(files > 50, "{files}");
}

#[test]
fn the_precincts_of_a_city() {
    let Some(path) = shared("boston311/precincts.geojson") else { return };
    let bytes = std::fs::read(path).unwrap();
    let options = |snap_m| CellsOptions { code_fields: vec!["WDPCT".into()], snap_m, ..Default::default() };
    let raw = read_cells(&bytes, &options(0.0)).unwrap();
    assert_eq!((raw.read, raw.records.len(), raw.rejected()), (255, 255, 0));
    assert_eq!(raw.issues.iter().filter(|i| i.code == "duplicate_code").count(), 2);
    assert!(raw.topology.overlaps > 0 && raw.topology.overlap_m2 > 0.0, "{:?}", raw.topology);
    assert_eq!(raw.issues.iter().filter(|i| i.code == "overlap").count(), raw.topology.overlaps.min(1000));
    assert_eq!((raw.datum.used, raw.datum.warning.clone()), (Datum::Wgs84, None));
    assert_eq!(raw.records[0].code, "0113");
    // Clockwise throughout, as shapefiles are: said once, not for each.
    assert_eq!(raw.issues.iter().filter(|i| i.code == "wrong_orientation").count(), 1);
    // Untouched: the vertices are the file's, rounded to the grid.
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let ring = json["features"][0]["geometry"]["coordinates"][0].as_array().unwrap();
    let mut wanted: Vec<_> = ring[1..]
        .iter()
        .map(|p| wall_core::GridPoint::nearest(wall_core::Place::new(p[0].as_f64().unwrap(), p[1].as_f64().unwrap()).unwrap()))
        .collect();
    let mut got = raw.records[0].geometry.polygons[0].outer.clone();
    wanted.sort();
    got.sort();
    assert_eq!(got, wanted);
    let joined = read_cells(&bytes, &options(0.5)).unwrap();
    assert_eq!(joined.records.len(), 255);
    assert!(joined.topology.shared_edges >= raw.topology.shared_edges);
    assert!(joined.records.iter().all(|r| is_valid(&r.geometry)));
    let report = serde_json::to_value(CellsReport::from(&joined)).unwrap();
    for key in [
        "read", "imported", "updated", "rejected", "repaired", "network", "plan", "status", "datum", "encoding", "topology",
        "issues",
    ] {
        assert!(report.get(key).is_some(), "{key}");
    }
    assert_eq!(report["datum"]["asked"], "auto");
    assert_eq!(report["encoding"]["used"], "utf-8");
    for key in ["feature", "code", "message", "action", "lon", "lat"] {
        assert!(report["issues"][0].get(key).is_some(), "{key}");
    }
}

#[test]
fn one_bad_feature_loses_no_other() {
    let good = |i: i32| feature(&format!(r#"{{"code":"{i}"}}"#), i, 0);
    for bad in [
        "null",
        "17",
        "{}",
        r#"{"type":"Feature"}"#,
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[NaN,1],[2,3],[4,5],[NaN,1]]]}}"#,
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1e999,1],[2,3],[4,5],[1,1]]]}}"#,
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,1],[2,3],[4,5],[1,1]]],},"properties":{"a":1,}}"#,
        r#"{"type":"Feature" "geometry":5}"#,
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[1,2}]}}"#,
        &format!(
            r#"{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":{}{}}}}}"#,
            "[".repeat(5000),
            "]".repeat(5000)
        ),
    ] {
        let file = read(&collection(&[good(1), bad.to_owned(), good(2)]));
        assert_eq!((file.read, file.rejected()), (3, 1), "{bad}");
        assert_eq!(file.records.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(), vec!["1", "2"], "{bad}");
        assert_eq!(file.records[1].feature_index, 2);
        let issue = file.issues.iter().find(|i| i.action == IssueAction::Rejected).unwrap();
        assert_eq!(issue.at, 1);
    }
}

#[test]
fn fields_are_taken_as_asked_or_recognised() {
    let text = collection(&[
        feature(r#"{"ward":"01","pct":20,"标题":"河东","hh":"350","who":"李四","kind":"专属网格","区":310101001}"#, 0, 0),
        feature(r#"{"ward":"01","pct":21.0,"标题":null,"hh":-3,"kind":"odd","区":"松山"}"#, 1, 0),
        feature(r#"{"ward":"01","hh":null}"#, 2, 0),
    ]);
    let options = CellsOptions {
        code_fields: vec!["ward".into(), "pct".into()],
        name_field: Some("标题".into()),
        community_field: Some("区".into()),
        households_field: Some("hh".into()),
        owner_field: Some("who".into()),
        ..Default::default()
    };
    let file = read_cells(text.as_bytes(), &options).unwrap();
    let r = &file.records;
    assert_eq!(r.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(), vec!["0120", "0121", "cell-0003"]);
    assert_eq!(
        (r[0].name.as_str(), r[0].households, r[0].owner.as_deref(), r[0].kind.code()),
        ("河东", Some(350), Some("李四"), "dedicated")
    );
    assert_eq!((r[0].community_code.as_str(), r[0].community_name.as_str()), ("310101001", ""));
    assert_eq!((r[1].community_code.as_str(), r[1].community_name.as_str()), ("松山", "松山"));
    assert_eq!((r[1].name.as_str(), r[1].households, r[2].households), ("", None, None));
    assert_eq!(codes(&file), vec![("unknown_kind", "kept"), ("bad_households", "kept"), ("code_generated", "kept")]);
    assert_eq!((file.generated_codes, file.fields.guessed.as_slice()), (1, &["kind".to_owned()][..]));
    let missing =
        read_cells(text.as_bytes(), &CellsOptions { code_fields: vec!["CODE".into()], ..Default::default() }).unwrap_err();
    assert_eq!(missing.code(), "field_missing");
    assert!(missing.to_string().contains("ward"), "{missing}");
    // Recognised by name; codes generated where there are none at all.
    let file = read(&collection(&[feature(r#"{"Cell_Code":7,"NAME":"a"}"#, 0, 0)]));
    assert_eq!((file.records[0].code.as_str(), file.records[0].name.as_str(), file.generated_codes), ("7", "a", 0));
    let file = read(&collection(&[feature(r#"{"x":7}"#, 0, 0), feature("{}", 1, 0)]));
    assert_eq!(file.records.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(), vec!["cell-0001", "cell-0002"]);
    assert_eq!((file.generated_codes, codes(&file)), (2, vec![("code_generated", "kept")]));
    assert_eq!(file.topology.shared_edges, 1);
}

#[test]
fn the_same_code_twice_stays_two_cells() {
    let file = read(&collection(&[
        feature(r#"{"code":"1"}"#, 0, 0),
        feature(r#"{"code":"1"}"#, 5, 0),
        feature(r#"{"code":1.0}"#, 9, 0),
    ]));
    assert_eq!(file.records.len(), 3);
    assert_eq!(codes(&file), vec![("duplicate_code", "kept"), ("duplicate_code", "kept")]);
    assert_eq!(file.issues[0].at, 1);
}

#[test]
fn texts_of_every_make() {
    let text = collection(&[feature(r#"{"code":"1","name":"梧桐里"}"#, 0, 0), feature(r#"{"code":"2"}"#, 1, 0)]);
    let bom = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&gb).unwrap();
    let gz = gz.finish().unwrap();
    for (bytes, encoding) in
        [(text.as_bytes(), "utf-8"), (&bom, "utf-8"), (&gb, "gb18030"), (&utf16, "utf-16le"), (&gz, "gb18030")]
    {
        let file = read_cells(bytes, &CellsOptions::default()).unwrap();
        assert_eq!((file.encoding.as_str(), file.records.len(), file.records[0].name.as_str()), (encoding, 2, "梧桐里"));
    }
    let named = CellsOptions { encoding: "GBK".into(), ..Default::default() };
    assert_eq!(read_cells(&gb, &named).unwrap().records[0].name, "梧桐里");
    let unknown = CellsOptions { encoding: "klingon".into(), ..Default::default() };
    assert_eq!(read_cells(&gb, &unknown).unwrap_err().code(), "unknown_encoding");
    // One object a line, with one broken line and one empty.
    let lines = format!("{}\r\n\n{{\"type\":\n\u{1e}{}\n", feature(r#"{"code":"a"}"#, 0, 0), feature(r#"{"code":"b"}"#, 1, 0));
    let file = read(&lines);
    assert_eq!((file.read, file.records.len(), file.rejected()), (3, 2, 1));
}

#[test]
fn whole_files_that_cannot_be_used() {
    for (bytes, code) in [
        (&b""[..], "not_geojson"),
        (b" \n ", "not_geojson"),
        (b"[1,2]", "not_geojson"),
        (b"hello", "not_json"),
        (b"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Fea", "not_json"),
        (b"{\"type\":\"FeatureCollection\",\"features\":[]} trailing", "not_json"),
        (b"{\"type\":\"Topology\",\"objects\":{}}", "format_not_supported"),
        (b"SQLite format 3\0....", "broken_file"),
        (b"PK\x03\x04....", "broken_file"),
        (b"\x00\x00\x27\x0a....", "broken_file"),
        (b"<?xml version=\"1.0\"?><kml xmlns=\"x\">", "broken_file"),
        (b"<?xml version=\"1.0\"?><gpx></gpx>", "broken_file"),
        (b"\x1f\x8b\x08broken", "unreadable"),
    ] {
        let e = read_cells(bytes, &CellsOptions::default()).unwrap_err();
        assert_eq!(e.code(), code, "{e}");
    }
    let gpx = read_cells(b"<?xml version=\"1.0\"?><gpx></gpx>", &CellsOptions::default()).unwrap_err();
    assert_eq!(gpx.to_string(), "not a usable KML: the document is “gpx”, not kml");
    // A document without a cell is a file without a cell.
    assert_eq!(read_cells(b"<kml></kml>", &CellsOptions::default()).unwrap().read, 0);
}

#[test]
fn datums_are_declared_asked_for_or_guessed() {
    let file = |crs: &str, lon: f64| {
        format!(
            r#"{{"type":"FeatureCollection",{crs}"features":[{{"type":"Feature","properties":{{"code":"1"}},"geometry":{{"type":"Polygon","coordinates":[[[{lon},31.2],[{},31.2],[{},31.3],[{lon},31.2]]]}}}}]}}"#,
            lon + 0.1,
            lon + 0.1
        )
    };
    let crs = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
    let with = |text: &str, datum| read_cells(text.as_bytes(), &CellsOptions { datum, ..Default::default() });
    let d = with(&file("", 121.4), None).unwrap().datum;
    assert_eq!((d.used, d.warning.is_some()), (Datum::Wgs84, true));
    assert_eq!(with(&file("", 24.9), None).unwrap().datum.warning, None);
    assert_eq!(with(&file("\"crs\":null,", 24.9), None).unwrap().datum.why, "nothing declared: WGS-84 taken");
    assert_eq!(with(&file(&crs("urn:ogc:def:crs:OGC:1.3:CRS84"), 121.4), None).unwrap().datum.warning, None);
    assert_eq!(with(&file(&crs("EPSG:4490"), 121.4), None).unwrap().datum.used, Datum::Cgcs2000);
    let refused = with(&file(&crs("urn:ogc:def:crs:EPSG::32650"), 121.4), None).unwrap_err();
    assert!(refused.to_string().contains("32650"), "{refused}");
    assert!(with(&file(r#""crs":{"type":"link","properties":{"href":"x"}},"#, 121.4), None).is_err());
    // Asked for: the ground moves by hundreds of metres, and back to what it was.
    let g = with(&file("", 121.4), Some(Datum::Gcj02)).unwrap();
    let corner = g.records[0].geometry.polygons[0].outer[0].place();
    let given = wall_core::Place { lon: 121.4, lat: 31.2 };
    let moved = wall_core::distance_m(corner, given);
    assert!((100.0..700.0).contains(&moved), "{moved}");
    assert!(wall_core::distance_m(Datum::Gcj02.from_wgs84(corner), given) < 0.01);
}

#[test]
fn repair_off_refuses_what_is_not_valid() {
    let bow = r#"{"type":"Feature","properties":{"code":"b"},"geometry":{"type":"Polygon","coordinates":[[[24,60],[24.1,60.1],[24.1,60],[24,60.1],[24,60]]]}}"#;
    let clockwise = r#"{"type":"Feature","properties":{"code":"c"},"geometry":{"type":"Polygon","coordinates":[[[25,60],[25,60.1],[25.1,60.1],[25,60]]]}}"#;
    let open = r#"{"type":"Feature","properties":{"code":"d"},"geometry":{"type":"Polygon","coordinates":[[[26,60],[26.1,60.1],[26,60.1]]]}}"#;
    let text = collection(&[bow.into(), clockwise.into(), open.into()]);
    let off = read_cells(text.as_bytes(), &CellsOptions { repair: false, ..Default::default() }).unwrap();
    assert_eq!((off.records.len(), off.rejected(), off.repaired()), (1, 2, 0));
    assert_eq!(
        codes(&off),
        vec![("self_intersection", "rejected"), ("wrong_orientation", "kept"), ("ring_unclosed", "rejected")]
    );
    let on = read(&text);
    assert_eq!((on.records.len(), on.rejected(), on.repaired()), (3, 0, 3));
}

fn sample() -> String {
    collection(&[
        feature(r#"{"code":"1","households":300}"#, 0, 0),
        feature(r#"{"code":"2","name":"乙"}"#, 1, 0),
        r#"{"type":"Feature","properties":{"code":3},"geometry":{"type":"MultiPolygon","coordinates":[[[[3,3],[4,3],[4,4],[3,3]],[[3.5,3.1],[3.6,3.2],[3.6,3.1],[3.5,3.1]]]]}}"#.into(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_cells(&bytes, &CellsOptions::default());
    }

    #[test]
    fn a_damaged_file_has_an_answer(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..8)) {
        let mut bytes = sample().into_bytes();
        for (at, byte, how) in edits {
            let i = at.index(bytes.len());
            match how {
                0 => bytes[i] = byte,
                1 => { bytes.remove(i); }
                _ => bytes.insert(i, b"[]{},:\"-.0eE9n "[usize::from(byte) % 15]),
            }
        }
        if let Ok(file) = read_cells(&bytes, &CellsOptions::default()) {
            prop_assert_eq!(file.records.len() + file.rejected(), file.read);
            for r in &file.records {
                prop_assert!(is_valid(&r.geometry));
            }
        }
    }
}
