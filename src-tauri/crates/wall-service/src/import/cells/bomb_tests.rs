//! Small files that would become large or slow: each has an answer, soon and within bounds. The tests make the bombs themselves.

use std::io::Write;

use super::fault_tests::SQUARE_JSON;
use super::format_tests::{as_given, cells, edited, written};
use super::*;
use crate::export::CellsFormat;

fn gzip(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for part in parts {
        gz.write_all(&part).unwrap();
    }
    gz.finish().unwrap()
}

#[test]
fn packed_nothings_are_not_unpacked() {
    let nothing = gzip((0..128).map(|_| vec![b' '; 1 << 20]));
    assert!(nothing.len() < 200 << 10, "{}", nothing.len());
    let e = read_cells(&nothing, &as_given()).unwrap_err();
    assert!(e.to_string().contains("unpack to more than"), "{e}");
    let zip = crate::export::zip(&[("a.geojson".to_owned(), vec![b' '; 64 << 20])], (2026, 1, 1)).unwrap();
    assert!(zip.len() < 200 << 10, "{}", zip.len());
    let e = read_cells(&zip, &as_given()).unwrap_err();
    assert!(e.to_string().contains("unpacks to more than"), "{e}");
    // What shrinks as real files do is read.
    let sound = gzip([written(&cells(), CellsFormat::GeoJson)]);
    assert_eq!(read_cells(&sound, &as_given()).unwrap().records.len(), 3);
}

#[test]
fn texts_whose_parts_cost_more_than_their_bytes_are_bounded() {
    let list = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}0]}}", "0,".repeat(1_500_000));
    let e = read_cells(list.as_bytes(), &as_given()).unwrap_err();
    assert!(e.to_string().contains("more elements than are read"), "{e}");
    let wide = format!(r#"{{"type":"Feature","geometry":{SQUARE_JSON},"properties":{{{}"b":1}}}}"#, "\"a\":1,".repeat(200_000));
    let file = read_cells(wide.as_bytes(), &as_given()).unwrap();
    assert_eq!(file.blocking(), vec!["bad_properties"]);
    let deep = format!(r#"{{"type":"Polygon","coordinates":[{}[]]}}"#, "[],".repeat(2_500_000));
    let file = read_cells(deep.as_bytes(), &as_given()).unwrap();
    assert!(file.issues.iter().any(|i| i.code == "too_many_vertices"), "{:?}", file.issues);
    let marks = format!("<kml>{}</kml>", "<Placemark/>".repeat(raw::MAX_FEATURES + 10));
    assert_eq!(read_cells(marks.as_bytes(), &as_given()).unwrap_err().code(), "broken_file");
}

#[test]
fn only_stored_tables_of_a_geopackage_are_read() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let swap = |table: &str, columns: &str| {
        format!("ALTER TABLE {table} RENAME TO old; CREATE VIEW {table} AS {endless} SELECT {columns} FROM n, old;")
    };
    for (sql, word) in [
        (swap("gpkg_contents", "printf('%.*c', 100000000, 'x') || i AS table_name, 'features' AS data_type"), "is a view"),
        (swap("gpkg_geometry_columns", "printf('%.*c', 100000000, 'x') AS table_name, column_name, geometry_type_name, srs_id"), "is a view"),
        (swap("gpkg_spatial_ref_sys", "4326 AS srs_id, 'x' AS organization, 1 AS organization_coordsys_id, printf('%.*c', 100000000, '[') AS definition"), "is a view"),
        // A comment does not make a virtual table another.
        ("ALTER TABLE \"网格 plan\" RENAME TO old; CREATE /* a */ VIRTUAL /* b */ TABLE \"网格 plan\" USING fts5(geom);".into(), "is a virtual"),
        ("ALTER TABLE gpkg_contents RENAME TO old; CREATE -- x\n VIRTUAL TABLE gpkg_contents USING fts5(table_name, data_type);".into(), "is a virtual"),
        // A computed column among those that say what there is.
        (
            "ALTER TABLE gpkg_contents RENAME TO old; CREATE TABLE gpkg_contents (a TEXT, data_type TEXT, \
             table_name TEXT GENERATED ALWAYS AS (a || printf('%.*c', 100000000, 'x')) VIRTUAL); \
             INSERT INTO gpkg_contents (a, data_type) VALUES ('x', 'features');".into(),
            "is computed",
        ),
    ] {
        let e = read_cells(&edited(&ours, &sql), &as_given()).unwrap_err();
        assert!(e.to_string().contains(word), "{sql}: {e}");
    }
}

/// The bytes with each place of `what` replaced by another text of the same length.
fn patched(mut bytes: Vec<u8>, what: &[u8], by: &[u8]) -> Vec<u8> {
    assert_eq!(what.len(), by.len());
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(what.len()).position(|w| w == what) {
        bytes[at + found..][..by.len()].copy_from_slice(by);
        at += found + by.len();
    }
    bytes
}

#[test]
fn names_and_types_that_are_no_text_stop_nothing() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    let file =
        edited(&ours, "ALTER TABLE \"网格 plan\" ADD COLUMN extra QQTYPEQQ; ALTER TABLE \"网格 plan\" ADD COLUMN WWNAMEWW TEXT;");
    // The type of a column is no UTF-8.
    let bytes = patched(file.clone(), b"QQTYPEQQ", b"QQ\xff\xfe\xc3\xc3QQ");
    let read = read_cells(&bytes, &as_given()).unwrap();
    assert_eq!(read.records.len(), 3);
    // The name of one.
    let bytes = patched(file, b"WWNAMEWW", b"WW\xff\xfe\xc3\xc3WW");
    let read = read_cells(&bytes, &as_given()).unwrap();
    assert_eq!(read.records.len(), 3);
    assert!(read.issues.iter().any(|i| i.code == "column_left_out"), "{:?}", read.issues);
    // The type of a column that says what there is.
    let meta = edited(
        &ours,
        "ALTER TABLE gpkg_contents RENAME TO old; CREATE TABLE gpkg_contents (table_name QQTYPEQQ, data_type QQTYPEQQ); \
         INSERT INTO gpkg_contents SELECT table_name, data_type FROM old; DROP TABLE old;",
    );
    assert_eq!(read_cells(&patched(meta, b"QQTYPEQQ", b"QQ\xff\xfe\xc3\xc3QQ"), &as_given()).unwrap().records.len(), 3);
    // Texts that are no UTF-8 are read with the loss said.
    let text = edited(&ours, "UPDATE \"网格 plan\" SET name = CAST(x'b6abbafe' AS TEXT);");
    assert!(read_cells(&text, &as_given()).unwrap().blocking().contains(&"broken_text"));
}

#[test]
fn a_pile_of_cells_is_not_compared_pair_by_pair() {
    let square = |i: usize| {
        let (x, y) = (10.0 + i as f64 * 1e-6, 50.0 + i as f64 * 1e-6);
        let corners =
            [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1), (0.0, 0.0)].map(|(dx, dy)| format!("[{},{}]", x + dx, y + dy));
        format!(
            r#"{{"type":"Feature","properties":{{"code":"c{i}"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            corners.join(",")
        )
    };
    let pile = |n: usize| {
        let features: Vec<String> = (0..n).map(square).collect();
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
    };
    let file = read_cells(pile(4_000).as_bytes(), &CellsOptions::default()).unwrap();
    assert_eq!((file.records.len(), file.blocking()), (4_000, vec!["too_many_overlaps"]));
    let few = read_cells(pile(20).as_bytes(), &as_given()).unwrap();
    assert_eq!((few.topology.overlaps, few.blocking()), (190, vec![]));
}
