//! Parsers of cells against whatever comes. See [`crate::fuzz`]. The corpus is what our own code writes, with what real files
//! have: archives, indexes, encodings, folders, several layers.

use std::io::Write;

use wall_core::is_valid;

use super::format_tests::{PRJ, as_given, cells, clockwise, counter, dbf, edited, shp, written};
use super::raw::CrsText;
use super::shapefile::{self, Files};
use super::{CellsFile, CellsOptions, cells_of, crs, read_cells, wkb};
use crate::export::CellsFormat;
use crate::fuzz::fuzz;
use crate::import::EncodingChoice;

/// What holds of every file that was read.
fn sound(file: &CellsFile) {
    assert_eq!(file.records.len() + file.rejected(), file.read);
    for r in &file.records {
        assert!(is_valid(&r.geometry), "{r:?}");
    }
    for i in &file.issues {
        assert!(!i.code.is_empty() && !i.message.is_empty());
    }
    let _ = file.blocking();
}

/// Reads a file both with repairs and without.
fn read(bytes: &[u8]) {
    for repair in [true, false] {
        if let Ok(file) = read_cells(bytes, &CellsOptions { repair, ..CellsOptions::default() }) {
            sound(&file);
        }
    }
}

#[test]
fn fuzz_cells_geojson() {
    let square = r#"{"type":"Polygon","coordinates":[[[10,50],[10.1,50],[10.1,50.1],[10,50]]]}"#;
    let line = format!("{{\"type\":\"Feature\",\"properties\":{{\"code\":\"a\",\"户数\":1.0e2}},\"geometry\":{square}}}\n");
    let whole =
        format!("{{\"type\":\"FeatureCollection\",\"crs\":{{\"properties\":{{\"name\":\"EPSG:4490\"}}}},\"features\":[{line}]}}");
    let seeds = [written(&cells(), CellsFormat::GeoJson), format!("\u{1e}{line}\u{1e}{line}").into_bytes(), whole.into_bytes()];
    fuzz("cells_geojson", &seeds, read);
}

/// The packing: gzip, and zips of a shapefile and of a KML.
#[test]
fn fuzz_cells_packed() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&written(&cells(), CellsFormat::GeoJson)).unwrap();
    let kmz = crate::export::zip(&[("doc.kml".to_owned(), written(&cells(), CellsFormat::Kml))], (2026, 1, 1)).unwrap();
    fuzz("cells_packed", &[gz.finish().unwrap(), written(&cells(), CellsFormat::Shapefile), kmz], read);
}

#[test]
fn fuzz_cells_kml() {
    let ring = "<LinearRing><coordinates>10,50 10.1,50 10.1,50.1 10,50</coordinates></LinearRing>";
    let folders = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><kml><Document><Folder><name>东湖社区</name><Folder><Placemark id=\"a\"><name>a&amp;b</name>\
         <ExtendedData><Data name=\"code\"><value>1</value></Data></ExtendedData><MultiGeometry><Polygon><outerBoundaryIs>{ring}{ring}</outerBoundaryIs>\
         <innerBoundaryIs>{ring}</innerBoundaryIs></Polygon></MultiGeometry></Placemark><name>一</name></Folder></Folder></Document></kml>"
    );
    fuzz("cells_kml", &[written(&cells(), CellsFormat::Kml), folders.into_bytes()], read);
}

/// Between the files of a shapefile in one input.
const CUT: &[u8] = b"\n8<\n";

/// A shapefile with all that lies beside it: .shp, .shx, .dbf, .prj, .cpg.
#[test]
fn fuzz_shapefile() {
    let ground = shp(5, &[vec![clockwise(10.0, 50.0, 0.1), counter(10.02, 50.02, 0.02)], vec![clockwise(11.0, 50.0, 0.1)]]);
    let mut shx = ground[..100].to_vec();
    for (offset, length) in [(100i32, 212i32), (320, 128)] {
        shx.extend((offset / 2).to_be_bytes());
        shx.extend((length / 2).to_be_bytes());
    }
    shx[24..28].copy_from_slice(&58i32.to_be_bytes());
    let gbk = encoding_rs::GB18030.encode("东湖社区").0.into_owned();
    let named = [ground.clone(), shx, dbf(0x4d, b"name", &[&gbk, b"b"]), PRJ.into(), b"GBK".to_vec()].join(CUT);
    let plain = [ground, Vec::new(), dbf(0, b"code", &[b"a", b"b"])].join(CUT);
    fuzz("shapefile", &[named, plain], |bytes| {
        let mut parts = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.windows(CUT.len()).position(|w| w == CUT) {
            parts.push(rest[..at].to_vec());
            rest = &rest[at + CUT.len()..];
        }
        parts.push(rest.to_vec());
        let mut part = |i: usize| parts.get_mut(i).map(std::mem::take).filter(|p| !p.is_empty());
        let files = Files { shp: part(0).unwrap_or_default(), shx: part(1), dbf: part(2), prj: part(3), cpg: part(4) };
        let raw = shapefile::read(&files, EncodingChoice::Auto);
        if let Ok(file) = raw.and_then(|raw| cells_of(raw, &CellsOptions::default(), &|_| {})) {
            sound(&file);
        }
    });
}

#[test]
fn fuzz_geopackage() {
    fuzz("geopackage", &[written(&cells(), CellsFormat::GeoPackage)], read);
}

#[test]
fn fuzz_wkb() {
    let mut polygon = vec![1, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0];
    for n in [10.0f64, 50.0, 10.1, 50.0, 10.1, 50.1, 10.0, 50.0] {
        polygon.extend(n.to_le_bytes());
    }
    let collection = [&[1, 7, 0, 0, 0, 2, 0, 0, 0][..], &polygon, &polygon].concat();
    let blob = [&b"GP\0\x01\xe6\x10\0\0"[..], &polygon].concat();
    fuzz("wkb", &[polygon, collection, blob], |bytes| {
        for shape in [wkb::shape_of(bytes), wkb::shape_of_gpkg(bytes)].into_iter().flatten() {
            assert!(shape.polygons.iter().flatten().map(Vec::len).sum::<usize>() <= bytes.len(), "more vertices than bytes");
        }
    });
}

#[test]
fn fuzz_prj() {
    let seeds: &[&[u8]] = &[
        PRJ.as_bytes(),
        b"GEOGCS[\"GCS_China_Geodetic_Coordinate_System_2000\",DATUM[\"D_China_2000\",SPHEROID[\"CGCS2000\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]",
    ];
    fuzz("prj", seeds, |bytes| {
        let text = CrsText::Wkt(String::from_utf8_lossy(bytes).into_owned());
        if let Ok(mut ground) = crs::Ground::settle(None, Some(&text)) {
            let ring =
                vec![[500_000.0, 5_000_000.0], [500_100.0, 5_000_000.0], [500_100.0, 5_000_100.0], [500_000.0, 5_000_000.0]];
            let _ = ground.in_wgs84(&[vec![ring]], true);
        }
    });
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

/// Each byte is one of [`STATEMENTS`], done one after the other to a GeoPackage of ours.
#[test]
fn fuzz_geopackage_metadata() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    let seeds: Vec<Vec<u8>> = (0..STATEMENTS.len() as u8).map(|i| vec![i]).collect();
    fuzz("geopackage_metadata", &seeds, |bytes| {
        // What one statement takes away, the next may miss: those are left out.
        let file = bytes.iter().take(3).fold(ours.clone(), |file, b| {
            let sql = STATEMENTS[usize::from(*b) % STATEMENTS.len()];
            std::panic::catch_unwind(|| edited(&file, sql)).unwrap_or(file)
        });
        if let Ok(read) = read_cells(&file, &as_given()) {
            sound(&read);
        }
    });
}
