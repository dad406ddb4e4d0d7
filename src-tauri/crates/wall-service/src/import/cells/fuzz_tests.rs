//! Every parser of files against damaged ones: a corpus that our own code makes, mutated byte by byte, field by field, and
//! (for the tables that say what a GeoPackage holds) statement by statement. Runs on stable; short in `make test`, as long as
//! `make soak` is told with cases never drawn before (`GRIDWALL_FUZZ_CASES`).

use std::io::Write;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use wall_core::is_valid;

use super::format_tests::{PRJ, as_given, clockwise, counter, dbf, edited, samples, shp};
use super::{CellsFile, CellsOptions, read_cells};
use crate::import::{Defaults, EncodingChoice, Input, Read, ReadOptions, position_from_json, ticket_from_json, tickets};

/// Cases of each property: few in `make test`, many in `make soak`.
fn cases(few: u32) -> ProptestConfig {
    let many = std::env::var("GRIDWALL_FUZZ_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig::with_cases(many.unwrap_or(few))
}

/// Small valid files of every format, with what real ones have: archives, indexes, encodings, folders, several layers.
fn corpus() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = samples();
        let ground = shp(5, &[vec![clockwise(10.0, 50.0, 0.1), counter(10.02, 50.02, 0.02)], vec![clockwise(11.0, 50.0, 0.1)]]);
        let mut shx = ground[..100].to_vec();
        for (offset, length) in [(100i32, 212i32), (320, 128)] {
            shx.extend((offset / 2).to_be_bytes());
            shx.extend((length / 2).to_be_bytes());
        }
        shx[24..28].copy_from_slice(&58i32.to_be_bytes());
        let gbk = encoding_rs::GB18030.encode("东湖社区").0.into_owned();
        let files = [
            ("a.shp", ground),
            ("a.shx", shx),
            ("a.dbf", dbf(0x4d, b"name", &[&gbk, b"b"])),
            ("a.prj", PRJ.into()),
            ("a.cpg", b"GBK".to_vec()),
        ];
        let files: Vec<(String, Vec<u8>)> = files.into_iter().map(|(n, b)| (n.to_owned(), b)).collect();
        all.push(crate::export::zip(&files, (2026, 1, 1)).unwrap());
        let ring = "<LinearRing><coordinates>10,50 10.1,50 10.1,50.1 10,50</coordinates></LinearRing>";
        all.push(
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><kml><Document><Folder><name>东湖社区</name><Folder><Placemark id=\"a\"><name>a&amp;b</name>\
                 <ExtendedData><Data name=\"code\"><value>1</value></Data></ExtendedData><MultiGeometry><Polygon><outerBoundaryIs>{ring}{ring}</outerBoundaryIs>\
                 <innerBoundaryIs>{ring}</innerBoundaryIs></Polygon></MultiGeometry></Placemark><name>一</name></Folder></Folder></Document></kml>"
            )
            .into_bytes(),
        );
        let square = r#"{"type":"Polygon","coordinates":[[[10,50],[10.1,50],[10.1,50.1],[10,50]]]}"#;
        let line = format!("{{\"type\":\"Feature\",\"properties\":{{\"code\":\"a\",\"户数\":1.0e2}},\"geometry\":{square}}}\n");
        all.push(format!("\u{1e}{line}\u{1e}{line}").into_bytes());
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(format!("{{\"type\":\"FeatureCollection\",\"crs\":{{\"properties\":{{\"name\":\"EPSG:4490\"}}}},\"features\":[{line}]}}").as_bytes()).unwrap();
        all.push(gz.finish().unwrap());
        all
    })
}

/// One change of a file.
#[derive(Clone, Debug)]
enum Change {
    /// Another byte.
    Byte(Index, u8),
    /// A number where numbers like it are: large, small, negative, in either byte order.
    Number(Index, i32, bool),
    /// A stretch left out, or twice.
    Cut(Index, u8),
    Twice(Index, u8),
    /// A word that means something to one of the parsers.
    Word(Index, &'static str),
    /// A stretch of another file.
    Other(Index, Index, Index, u8),
    /// The end missing.
    Short(Index),
}

const WORDS: &[&str] = &[
    "\"coordinates\":",
    "\"type\":\"Polygon\"",
    "[[[",
    "]]]",
    "NaN",
    "1e999",
    "-0.0",
    "null",
    "\\u0000",
    "\"",
    "<Polygon>",
    "</Polygon>",
    "<Folder>",
    "</Folder>",
    "<outerBoundaryIs>",
    "<![CDATA[",
    "&b;",
    "<!--",
    "GP\0\u{1}",
    "PROJCS[",
    "UNIT[\"m\",0]",
    "CREATE VIRTUAL TABLE",
    "CREATE VIEW",
    "GENERATED ALWAYS AS",
    "/*",
    "\u{feff}",
    "\u{1e}",
];

fn change() -> impl Strategy<Value = Change> {
    let numbers = select(vec![0, 1, -1, 2, 5, 0x7f, 0xff, 0x7fff, 0xffff, i32::MAX, i32::MIN, 0x0010_0000, 100, 9994]);
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(i, b)| Change::Byte(i, b)),
        3 => (any::<Index>(), numbers, any::<bool>()).prop_map(|(i, n, big)| Change::Number(i, n, big)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(i, n)| Change::Cut(i, n)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(i, n)| Change::Twice(i, n)),
        2 => (any::<Index>(), select(WORDS)).prop_map(|(i, w)| Change::Word(i, w)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>(), any::<u8>()).prop_map(|(i, f, j, n)| Change::Other(i, f, j, n)),
        1 => any::<Index>().prop_map(Change::Short),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change], corpus: &[Vec<u8>]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let stretch = |i: usize, n: u8, of: usize| i..(i + usize::from(n)).min(of);
        match change {
            Change::Byte(i, b) => {
                let at = i.index(bytes.len());
                bytes[at] = *b;
            }
            Change::Number(i, n, big) => {
                let at = i.index(bytes.len());
                let four = if *big { n.to_be_bytes() } else { n.to_le_bytes() };
                for (byte, by) in bytes[at..].iter_mut().zip(four) {
                    *byte = by;
                }
            }
            Change::Cut(i, n) => drop(bytes.drain(stretch(i.index(bytes.len()), *n, bytes.len()))),
            Change::Twice(i, n) => {
                let range = stretch(i.index(bytes.len()), *n, bytes.len());
                let copy = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, copy);
            }
            Change::Word(i, word) => {
                let at = i.index(bytes.len());
                bytes.splice(at..at, word.bytes());
            }
            Change::Other(i, file, j, n) => {
                let other = file.get(corpus);
                let part = other[stretch(j.index(other.len()), *n, other.len())].to_vec();
                let at = i.index(bytes.len());
                bytes.splice(at..at, part);
            }
            Change::Short(i) => bytes.truncate(i.index(bytes.len()) + 1),
        }
    }
    bytes
}

/// What holds of every file that was read.
fn sound(file: &CellsFile) -> Result<(), TestCaseError> {
    prop_assert_eq!(file.records.len() + file.rejected(), file.read);
    for r in &file.records {
        prop_assert!(is_valid(&r.geometry), "{:?}", r);
    }
    for i in &file.issues {
        prop_assert!(!i.code.is_empty() && !i.message.is_empty());
    }
    let _ = file.blocking();
    Ok(())
}

/// Statements that change what a GeoPackage says of itself.
const STATEMENTS: &[&str] = &[
    "UPDATE gpkg_contents SET data_type = 'attributes'",
    "UPDATE gpkg_contents SET table_name = x'ff00fe'",
    "UPDATE gpkg_contents SET srs_id = 'x'",
    "UPDATE gpkg_geometry_columns SET srs_id = -1",
    "UPDATE gpkg_geometry_columns SET srs_id = NULL",
    "UPDATE gpkg_geometry_columns SET srs_id = 9223372036854775807",
    "UPDATE gpkg_geometry_columns SET column_name = 'fid'",
    "UPDATE gpkg_geometry_columns SET column_name = zeroblob(2000)",
    "UPDATE gpkg_geometry_columns SET geometry_type_name = 'POINT'",
    "UPDATE gpkg_spatial_ref_sys SET definition = 'GEOGCS[', organization = NULL",
    "UPDATE gpkg_spatial_ref_sys SET definition = replace(hex(zeroblob(50000)), '0', '[')",
    "UPDATE gpkg_spatial_ref_sys SET organization_coordsys_id = 'EPSG'",
    "DELETE FROM gpkg_spatial_ref_sys",
    "DELETE FROM gpkg_contents",
    "DROP TABLE gpkg_geometry_columns",
    "ALTER TABLE gpkg_contents RENAME TO o1; CREATE VIEW gpkg_contents AS SELECT * FROM o1",
    "ALTER TABLE gpkg_geometry_columns RENAME TO o2; CREATE VIEW gpkg_geometry_columns AS SELECT * FROM o2, o2 AS b",
    "ALTER TABLE gpkg_spatial_ref_sys RENAME TO o3; CREATE VIRTUAL TABLE gpkg_spatial_ref_sys USING fts5(srs_id, definition)",
    "INSERT INTO gpkg_geometry_columns SELECT table_name, 'fid', 'POLYGON', 4326, 0, 0 FROM gpkg_contents",
    "CREATE TABLE again (geom BLOB); INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('again', 'features', 'z'); INSERT INTO gpkg_geometry_columns VALUES ('again', 'geom', 'POLYGON', 0, 0, 0)",
    "PRAGMA user_version = 77",
];

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn damaged_files_of_cells_have_an_answer(which in any::<Index>(), changes in prop::collection::vec(change(), 1..8), repair in any::<bool>()) {
        let bytes = changed(which.get(corpus()).clone(), &changes, corpus());
        if let Ok(file) = read_cells(&bytes, &CellsOptions { repair, ..CellsOptions::default() }) {
            sound(&file)?;
        }
    }

    #[test]
    fn damaged_tickets_have_an_answer(changes in prop::collection::vec(change(), 1..6), format in 0usize..3) {
        let samples: [&str; 3] = [
            "external_id,category,lon,lat,reported_at,status\n1,drain,121.5,31.2,2026-01-01T08:00:00+08:00,received\n2,light,121.5,31.2,2026/1/2 9:00,办结\n",
            "{\"external_id\":\"1\",\"category\":\"drain\",\"lon\":121.5,\"lat\":31.2}\n{\"external_id\":\"2\",\"lon\":\"121.5\",\"lat\":31.2}\n",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"external_id\":\"1\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[121.5,31.2]}}]}",
        ];
        let bytes = changed(samples[format].as_bytes().to_vec(), &changes, corpus());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(["t.csv", "t.ndjson", "t.geojson"][format]);
        std::fs::write(&path, &bytes).unwrap();
        let source = Input::new(path.to_str().unwrap()).and_then(|input| input.open(EncodingChoice::Auto));
        if let Ok(rows) = source.and_then(|s| tickets(s, &ReadOptions::default())) {
            for row in rows {
                if let Ok(Read::Reject(refused)) = row {
                    prop_assert!(!refused.message.is_empty());
                }
            }
        }
        let defaults = Defaults::contract("fuzz");
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
            if let Err(refused) = ticket_from_json(&json, &defaults) {
                prop_assert!(!refused.message.is_empty());
            }
            let _ = position_from_json(&json, &defaults);
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn any_metadata_of_a_geopackage_has_an_answer(statements in prop::collection::vec(select(STATEMENTS), 1..4), changes in prop::collection::vec(change(), 0..3)) {
        let ours = corpus()[1].clone();
        prop_assume!(ours.starts_with(b"SQLite format 3\0"));
        // What one statement takes away, the next may miss: those are left out.
        let file = statements.iter().fold(ours, |file, sql| std::panic::catch_unwind(|| edited(&file, sql)).unwrap_or(file));
        if let Ok(read) = read_cells(&changed(file, &changes, corpus()), &as_given()) {
            sound(&read)?;
        }
    }
}
