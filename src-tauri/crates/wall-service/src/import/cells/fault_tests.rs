//! Files that are damaged, doubtful or read in part: each is read right, or said by name so that nobody publishes it unseen.

use wall_core::IssueAction;

use super::format_tests::{PRJ, as_given, cells, clockwise, dbf, edited, samples, shp, written};
use super::*;
use crate::export::CellsFormat;
use crate::import::EncodingChoice;

/// The places of the records of a `.shp` as its index lists them.
fn shx(entries: &[(usize, usize)]) -> Vec<u8> {
    let mut out = 9994i32.to_be_bytes().to_vec();
    out.extend([0; 20]);
    out.extend(((100 + 8 * entries.len()) as i32 / 2).to_be_bytes());
    out.extend([0; 72]);
    for (offset, length) in entries {
        out.extend((*offset as i32 / 2).to_be_bytes());
        out.extend((*length as i32 / 2).to_be_bytes());
    }
    out
}

/// Bytes of a square's record, its head aside.
const SQUARE: usize = 128;

/// A square of 1/100 degree at a place of the row.
fn square(i: usize) -> Vec<Vec<[f64; 2]>> {
    vec![clockwise(10.0 + i as f64 * 0.01, 50.0, 0.01)]
}

fn three() -> Vec<u8> {
    shp(5, &[square(0), square(1), square(2)])
}

/// The file length in the head, after the file was changed.
fn resized(mut shp: Vec<u8>) -> Vec<u8> {
    let words = (shp.len() / 2) as i32;
    shp[24..28].copy_from_slice(&words.to_be_bytes());
    shp
}

struct Case {
    shp: Vec<u8>,
    shx: Option<Vec<u8>>,
    rows: Vec<&'static [u8]>,
}

fn read(case: Case) -> CellsFile {
    let files = shapefile::Files {
        shp: case.shp,
        shx: case.shx,
        dbf: Some(dbf(0, b"code", &case.rows)),
        prj: Some(PRJ.into()),
        cpg: None,
    };
    cells_of(shapefile::read(&files, EncodingChoice::Auto).unwrap(), &as_given(), &|_| {}).unwrap()
}

/// Codes and western borders, in units of the row.
fn places(file: &CellsFile) -> Vec<(&str, i64)> {
    let west = |r: &CellRecord| r.geometry.polygons.iter().flat_map(|p| &p.outer).map(|p| p.x).min().unwrap();
    file.records.iter().map(|r| (r.code.as_str(), (west(r) - 10_000_000_000) / 10_000_000)).collect()
}

const ROWS: [&[u8]; 3] = [b"A", b"B", b"C"];

#[test]
fn the_index_says_which_records_are_valid() {
    let plain = [(100, SQUARE), (236, SQUARE), (372, SQUARE)];
    // As written.
    let file = read(Case { shp: three(), shx: Some(shx(&plain)), rows: ROWS.to_vec() });
    assert_eq!((places(&file), file.blocking()), (vec![("A", 0), ("B", 1), ("C", 2)], vec![]));
    assert!(file.issues.is_empty(), "{:?}", file.issues);
    // Edited in place: the new B stands at the end, the old one is still there.
    let mut edited = three();
    let new = shp(5, &[square(7)]);
    edited.extend(2i32.to_be_bytes());
    edited.extend(&new[104..]);
    let entries = [(100, SQUARE), (508, SQUARE), (372, SQUARE)];
    let file = read(Case { shp: resized(edited.clone()), shx: Some(shx(&entries)), rows: ROWS.to_vec() });
    assert_eq!((places(&file), file.blocking()), (vec![("A", 0), ("B", 7), ("C", 2)], vec![]));
    assert!(file.issues.iter().any(|i| i.code == "unlisted_bytes"), "{:?}", file.issues);
    // The same without its index: which B is valid cannot be known.
    let file = read(Case { shp: resized(edited), shx: None, rows: ROWS.to_vec() });
    assert_eq!(file.blocking(), vec!["records_doubtful", "rows_differ"]);
    // The last one deleted: its bytes are still there.
    let file = read(Case { shp: three(), shx: Some(shx(&plain[..2])), rows: ROWS[..2].to_vec() });
    assert_eq!((places(&file), file.blocking()), (vec![("A", 0), ("B", 1)], vec![]));
    // Slack behind every record, with bytes that mean nothing.
    let (mut slack, mut entries) = (three()[..100].to_vec(), Vec::new());
    for i in 0..3 {
        entries.push((slack.len(), SQUARE));
        let mut record = shp(5, &[square(i)])[100..].to_vec();
        record[..4].copy_from_slice(&(i as i32 + 1).to_be_bytes());
        slack.extend(record);
        slack.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x1d, 0x4a, 0x9c, 0xf4].repeat(4));
    }
    let file = read(Case { shp: resized(slack), shx: Some(shx(&entries)), rows: ROWS.to_vec() });
    assert_eq!((places(&file), file.blocking()), (vec![("A", 0), ("B", 1), ("C", 2)], vec![]));
    // A null shape that says it is as long as a polygon: the next record begins where it really ends.
    let mut null = three()[..236].to_vec();
    null.extend([2i32.to_be_bytes(), 30i32.to_be_bytes(), 0i32.to_le_bytes()].concat());
    null.extend(&three()[372..]);
    let entries = [(100, SQUARE), (236, 60), (248, SQUARE)];
    let file = read(Case { shp: resized(null), shx: Some(shx(&entries)), rows: ROWS.to_vec() });
    assert_eq!((places(&file), file.blocking()), (vec![("A", 0), ("C", 2)], vec![]));
    assert!(file.issues.iter().any(|i| i.at == 1 && i.code == "null_geometry" && i.action == IssueAction::Rejected));
}

#[test]
fn what_is_damaged_or_does_not_fit_blocks_by_name() {
    let plain = [(100, SQUARE), (236, SQUARE), (372, SQUARE)];
    let case = |shp: Vec<u8>, index: Option<Vec<u8>>, rows: usize| read(Case { shp, shx: index, rows: ROWS[..rows].to_vec() });
    // Rows that are not those of the shapes.
    assert_eq!(case(three(), Some(shx(&plain)), 2).blocking(), vec!["rows_differ"]);
    assert_eq!(case(three(), None, 2).blocking(), vec!["rows_differ"]);
    // Cut off: with its index the others are known.
    let cut = case(three()[..400].to_vec(), Some(shx(&plain)), 3);
    assert_eq!((cut.records.len(), cut.blocking()), (2, vec!["truncated"]));
    let cut = case(three()[..400].to_vec(), None, 3);
    assert_eq!((cut.records.len(), cut.blocking()), (2, vec!["truncated"]));
    // An index that is cut off, empty, of another file, or nonsense.
    let mut short = shx(&plain);
    short.truncate(116);
    assert_eq!(case(three(), Some(short), 3).blocking(), vec!["truncated", "rows_differ"]);
    for index in
        [shx(&[]), vec![0; 40], shx(&[(120, 40), (140, 40), (150, 40)]), shx(&[(100, SQUARE), (100, SQUARE), (100, SQUARE)])]
    {
        let file = case(three(), Some(index), 3);
        assert_eq!((file.records.len(), file.blocking()), (3, vec!["index_unusable"]), "{:?}", file.issues);
    }
    // Fewer rows in the table than it announces; none at all.
    let table = dbf(0, b"code", &ROWS);
    let files =
        |dbf: Option<Vec<u8>>| shapefile::Files { shp: three(), shx: Some(shx(&plain)), dbf, prj: Some(PRJ.into()), cpg: None };
    let of =
        |files: shapefile::Files| cells_of(shapefile::read(&files, EncodingChoice::Auto).unwrap(), &as_given(), &|_| {}).unwrap();
    assert_eq!(of(files(Some(table[..table.len() - 30].to_vec()))).blocking(), vec!["truncated", "rows_differ"]);
    assert_eq!(of(files(None)).blocking(), vec!["dbf_missing"]);
    // A number that is none.
    let mut nan = three();
    nan[100 + 8 + 48..][..8].copy_from_slice(&f64::NAN.to_le_bytes());
    let file = case(nan, Some(shx(&plain)), 3);
    assert_eq!((file.records.len(), file.blocking()), (2, vec!["not_finite"]));
}

#[test]
fn texts_that_do_not_fit_their_encoding_are_said() {
    let gb = |t: &str| encoding_rs::GB18030.encode(t).0.into_owned();
    let west = |t: &str| encoding_rs::WINDOWS_1250.encode(t).0.into_owned();
    let utf8 = |t: &str| t.as_bytes().to_vec();
    let twice = |t: &str| encoding_rs::GB18030.decode_without_bom_handling(t.as_bytes()).0.into_owned().into_bytes();
    for (value, cpg, asked, name, blocking) in [
        (utf8("东湖社区"), Some("GBK"), "auto", "东湖社区", vec!["encoding_doubtful"]),
        (utf8("东湖社区"), Some("ISO-8859-1"), "auto", "东湖社区", vec!["encoding_doubtful"]),
        (gb("东湖社区"), Some("UTF-8"), "auto", "东湖社区", vec!["encoding_doubtful"]),
        (gb("东湖社区"), Some("1252"), "auto", "东湖社区", vec!["encoding_doubtful"]),
        (utf8("东湖社区"), Some("GBK"), "utf-8", "东湖社区", vec![]),
        (utf8("东湖社区"), Some("UTF-8"), "gbk", "涓滄箹绀惧尯", vec!["encoding_doubtful", "garbled_text"]),
        (gb("东湖社区"), Some("GBK"), "auto", "东湖社区", vec![]),
        (gb("东湖社区"), None, "auto", "东湖社区", vec![]),
        (west("Křižíkova"), Some("1250"), "auto", "Křižíkova", vec![]),
        (twice("东湖社区"), Some("UTF-8"), "auto", "涓滄箹绀惧尯", vec!["garbled_text"]),
        (utf8("????"), Some("UTF-8"), "auto", "????", vec!["garbled_text"]),
    ] {
        let files = shapefile::Files {
            shp: shp(5, &[square(0)]),
            dbf: Some(dbf(0, b"name", &[&value])),
            prj: Some(PRJ.into()),
            cpg: cpg.map(|c| c.as_bytes().to_vec()),
            ..Default::default()
        };
        let raw = shapefile::read(&files, EncodingChoice::named(asked).unwrap()).unwrap();
        let file = cells_of(raw, &as_given(), &|_| {}).unwrap();
        assert_eq!((file.records[0].name.as_str(), file.blocking()), (name, blocking), "{cpg:?} {asked}: {:?}", file.issues);
    }
    // No name of an encoding, and bytes that are hardly Chinese.
    let raw = |value: &[u8]| {
        let dbf = Some(dbf(0, b"name", &[value]));
        let files = shapefile::Files { shp: shp(5, &[square(0)]), dbf, prj: Some(PRJ.into()), ..Default::default() };
        cells_of(shapefile::read(&files, EncodingChoice::Auto).unwrap(), &as_given(), &|_| {}).unwrap()
    };
    assert!(raw(&west("Křižíkova")).blocking().contains(&"encoding_doubtful"));
    // A text of any other format.
    let json = format!(r#"{{"type":"Feature","properties":{{"code":"A","name":"东湖社区"}},"geometry":{SQUARE_JSON}}}"#);
    let asked = |bytes: &[u8], encoding: &str| {
        read_cells(bytes, &CellsOptions { encoding: encoding.into(), ..as_given() }).unwrap().blocking()
    };
    assert_eq!(asked(&gb(&json), "auto"), Vec::<&str>::new());
    assert_eq!(asked(json.as_bytes(), "gbk"), vec!["encoding_doubtful", "garbled_text"]);
    assert_eq!(asked(&west(&json.replace("东湖社区", "Křižíkova")), "auto"), vec!["encoding_doubtful"]);
}

pub(super) const SQUARE_JSON: &str =
    r#"{"type":"Polygon","coordinates":[[[10,50],[10.01,50],[10.01,50.01],[10,50.01],[10,50]]]}"#;

/// A Gauss-Krüger system of 120° E: false easting as given.
fn gauss(false_easting: &str, meridian: u32) -> String {
    format!(
        r#"PROJCS["CGCS2000_3_Degree_GK",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{false_easting}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
    )
}

#[test]
fn numbers_of_another_zone_or_other_axes_are_refused_with_the_cause() {
    let of = |x: f64, y: f64, prj: &str| {
        let ground = shp(5, &[vec![clockwise(x, y, 500.0)], vec![clockwise(x + 500.0, y, 500.0)]]);
        let files =
            shapefile::Files { shp: ground, dbf: Some(dbf(0, b"code", &ROWS[..2])), prj: Some(prj.into()), ..Default::default() };
        cells_of(shapefile::read(&files, EncodingChoice::Auto)?, &as_given(), &|_| {})
    };
    let plain = gauss("500000.0", 120);
    let zoned = gauss("40500000.0", 120);
    // Right ones.
    for (x, y, prj) in [(514_433.0, 3_350_053.0, &plain), (40_514_433.0, 3_350_053.0, &zoned), (380_000.0, 5_900_000.0, &plain)] {
        let file = of(x, y, prj).unwrap();
        assert_eq!((file.records.len(), file.blocking()), (2, vec![]), "{x} {y}");
    }
    for (x, y, prj, code, words) in [
        (40_514_433.0, 3_350_053.0, &plain, "zone_differs", "zone number 40"),
        (514_433.0, 3_350_053.0, &zoned, "zone_differs", "zone number 40"),
        (39_514_433.0, 3_350_053.0, &zoned, "zone_differs", "of zone 39"),
        (3_350_053.0, 514_433.0, &plain, "axes_exchanged", "exchanged"),
        (3_350_053.0, 40_514_433.0, &plain, "axes_exchanged", "exchanged"),
        (3_350_053.0, 40_514_433.0, &zoned, "axes_exchanged", "exchanged"),
        (2_000_000.0, 420_000.0, &plain, "axes_exchanged", "exchanged"),
        (9e8, 3_350_053.0, &plain, "far_from_meridian", "120"),
    ] {
        let e = of(x, y, prj).unwrap_err();
        assert_eq!(e.code(), code, "{x} {y}: {e}");
        assert!(e.to_string().contains(words), "{e}");
    }
    // Farther than the zone is used, but a place: said, and somebody has to look.
    assert_eq!(of(1_000_000.0, 3_350_053.0, &plain).unwrap().blocking(), vec!["far_from_meridian"]);
    // Degrees the wrong way round.
    let turned = r#"{"type":"Polygon","coordinates":[[[30.27,120.15],[30.27,120.16],[30.28,120.16],[30.27,120.15]]]}"#;
    let file = read_cells(turned.as_bytes(), &as_given()).unwrap();
    assert_eq!((file.records.len(), file.issues[0].code), (0, "axes_exchanged"));
    assert_eq!(file.blocking(), vec!["axes_exchanged", "out_of_range"]);
}

fn kml(inside: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>"#
    )
}

fn ring(x: f64, y: f64) -> String {
    let at = |dx: f64, dy: f64| format!("{},{},0", x + dx, y + dy);
    let corners = [at(0.0, 0.0), at(0.01, 0.0), at(0.01, 0.01), at(0.0, 0.01), at(0.0, 0.0)].join(" ");
    format!("<LinearRing><coordinates>{corners}</coordinates></LinearRing>")
}

fn placemark(code: &str, x: f64, y: f64) -> String {
    let ring = ring(x, y);
    format!("<Placemark><name>{code}</name><Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon></Placemark>")
}

#[test]
fn kml_in_china_warns_of_its_datum_all_the_same() {
    let of = |x, y, datum| {
        read_cells(kml(&placemark("A", x, y)).as_bytes(), &CellsOptions { datum, ..as_given() }).unwrap().datum.warning
    };
    assert!(of(120.15, 30.27, None).is_some_and(|w| w.contains("GCJ-02")));
    assert_eq!(of(10.0, 50.0, None), None);
    assert_eq!(of(120.15, 30.27, Some(Datum::Wgs84)), None);
}

#[test]
fn no_ring_of_a_kml_polygon_is_lost() {
    let hole = "<innerBoundaryIs><LinearRing><coordinates>10.052,50.052 10.052,50.054 10.054,50.054 10.054,50.052 10.052,50.052</coordinates></LinearRing></innerBoundaryIs>";
    let (a, b) = (ring(10.0, 50.0), ring(10.05, 50.05));
    for polygon in [
        format!("<outerBoundaryIs>{a}</outerBoundaryIs><outerBoundaryIs>{b}</outerBoundaryIs>{hole}"),
        format!("<outerBoundaryIs>{a}{b}</outerBoundaryIs>{hole}"),
    ] {
        let text = kml(&format!("<Placemark><name>A</name><Polygon>{polygon}</Polygon></Placemark>"));
        let file = read_cells(text.as_bytes(), &as_given()).unwrap();
        let holes: Vec<usize> = file.records[0].geometry.polygons.iter().map(|p| p.holes.len()).collect();
        assert_eq!(holes, vec![0, 1]);
        assert!(file.issues.iter().any(|i| i.code == "several_outer_rings" && i.at == 0), "{:?}", file.issues);
    }
}

#[test]
fn folders_of_a_kml_are_kept_and_offered() {
    let text = kml(&format!(
        "<name>街道</name><Folder><name>东湖社区</name><Folder>{}<name>第一片</name></Folder></Folder><Folder><name><![CDATA[西溪社区]]></name>{}</Folder>",
        placemark("A", 10.0, 50.0),
        placemark("B", 10.05, 50.0)
    ));
    let read = |text: &str, field: Option<&str>| {
        let file =
            read_cells(text.as_bytes(), &CellsOptions { community_field: field.map(str::to_owned), ..as_given() }).unwrap();
        let names: Vec<String> = file.records.iter().map(|r| r.community_name.clone()).collect();
        let offered: Vec<String> = file.issues.iter().filter(|i| i.code == "folders").map(|i| i.message.clone()).collect();
        (names, offered)
    };
    let (names, offered) = read(&text, None);
    assert_eq!(names, vec!["东湖社区", "西溪社区"]);
    assert!(offered[0].contains("东湖社区, 西溪社区") && offered[0].contains("--community-field folder_1"), "{offered:?}");
    assert!(offered[1].contains("第一片"), "{offered:?}");
    assert_eq!(read(&text, Some("folder_2")).0, vec!["第一片", ""]);
    // Names that need not be communities are offered, not taken.
    let drafts = text.replace("社区", "草稿");
    assert_eq!(read(&drafts, None).0, vec!["", ""]);
    assert_eq!(read(&drafts, Some("folder_1")).0, vec!["东湖草稿", "西溪草稿"]);
}

#[test]
fn the_column_of_the_ground_can_be_chosen() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    let file = edited(
        &ours,
        r#"ALTER TABLE "网格 plan" ADD COLUMN center POINT; ALTER TABLE "网格 plan" ADD COLUMN old POLYGON;
           UPDATE "网格 plan" SET old = geom WHERE fid = 1; UPDATE "网格 plan" SET center = geom;
           DELETE FROM gpkg_geometry_columns; DROP TABLE gpkg_geometry_columns;
           CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z INTEGER, m INTEGER);
           INSERT INTO gpkg_geometry_columns VALUES ('网格 plan', 'center', 'POINT', 4326, 0, 0), ('网格 plan', 'geom', 'MULTIPOLYGON', 4326, 0, 0);"#,
    );
    let read = |bytes: &[u8], layer: Option<&str>, column: Option<&str>| {
        let name = |n: Option<&str>| n.map(str::to_owned);
        read_cells(bytes, &CellsOptions { layer: name(layer), geometry_column: name(column), ..as_given() })
    };
    for layer in [None, Some("网格 plan")] {
        let found = read(&file, layer, None).unwrap();
        assert_eq!((found.records.len(), found.blocking()), (3, vec![]), "{:?}", found.issues);
        let said = found.issues.iter().find(|i| i.code == "geometry_column_taken").unwrap();
        assert!(said.message.contains("center (POINT)") && said.message.contains("--geometry-column"), "{}", said.message);
    }
    let two = edited(&file, r#"INSERT INTO gpkg_geometry_columns VALUES ('网格 plan', 'old', 'POLYGON', 4326, 0, 0)"#);
    assert_eq!(read(&two, None, None).unwrap().blocking(), vec!["several_geometry_columns"]);
    let old = read(&two, None, Some("OLD")).unwrap();
    assert_eq!((old.records.len(), old.rejected(), old.blocking()), (1, 2, vec![]));
    let e = read(&two, None, Some("nothing")).unwrap_err();
    assert!(e.code() == "layer_missing" && e.to_string().contains("geom (MULTIPOLYGON)"), "{e}");
}

#[test]
fn archives_that_are_not_read_are_refused_by_name() {
    for (bytes, name, remedy) in [
        (&b"Rar!\x1a\x07\x01\0rest"[..], ".rar", ".zip"),
        (b"7z\xbc\xaf\x27\x1c\0\x04rest", ".7z", "unpack"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", ".xls", ".xlsx"),
    ] {
        let e = read_cells(bytes, &as_given()).unwrap_err();
        assert_eq!(e.code(), "format_not_supported");
        assert!(e.to_string().contains(name) && e.to_string().contains(remedy), "{e}");
    }
    let book =
        crate::export::zip(&[("[Content_Types].xml".to_owned(), vec![1]), ("xl/workbook.xml".to_owned(), vec![1])], (2026, 1, 1));
    assert!(read_cells(&book.unwrap(), &as_given()).unwrap_err().to_string().contains(".xlsx"));
}

#[test]
fn a_sound_file_does_not_block() {
    for bytes in samples().iter().take(4) {
        assert_eq!(read_cells(bytes, &as_given()).unwrap().blocking(), Vec::<&str>::new());
    }
    // A feature that cannot be read is missing from the plan; one without ground never was a cell.
    let file = |second: &str| {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"A"}},"geometry":{SQUARE_JSON}}},{{"type":"Feature","properties":{{"code":"B"}},"geometry":{second}}}]}}"#
        );
        read_cells(text.as_bytes(), &as_given()).unwrap().blocking()
    };
    assert_eq!(file("null"), Vec::<&str>::new());
    assert_eq!(file(r#"{"type":"Point","coordinates":[1,1]}"#), Vec::<&str>::new());
    assert_eq!(file(r#"{"type":"Polygon","coordinates":[[[1,"a"]]]}"#), vec!["bad_coordinates"]);
    assert_eq!(file(r#"{"type":"Polygon","coordinates":[[[1,1],[2,2]]]}"#), vec!["refused_feature"]);
}

#[test]
fn a_cell_that_lost_a_digit_is_said() {
    let at = |lon: f64, lat: f64| vec![clockwise(lon, lat, 0.01)];
    let blocking = |squares: &[Vec<Vec<[f64; 2]>>]| {
        let plain: Vec<(usize, usize)> = (0..squares.len()).map(|i| (100 + i * (SQUARE + 8), SQUARE)).collect();
        let file = read(Case {
            shp: shp(5, squares),
            shx: Some(shx(&plain)),
            rows: [b"a", b"b", b"c", b"d"].map(|r: &[u8; 1]| &r[..])[..squares.len()].to_vec(),
        });
        (file.blocking(), file.issues.iter().find(|i| i.code == "far_apart").map(|i| i.at))
    };
    assert_eq!(blocking(&[square(0), square(1), square(2), square(3)]), (vec![], None));
    assert_eq!(
        blocking(&[square(0), at(1.0, 50.0), square(1), square(2)]),
        (vec!["far_apart"], Some(1)),
        "10.0 without its nought"
    );
    // An exclave, and a few of which nobody knows which is astray.
    assert_eq!(blocking(&[square(0), square(1), square(2), at(11.0, 50.0)]), (vec![], None));
    assert_eq!(blocking(&[square(0), at(1.0, 50.0)]), (vec![], None));
}

/// The files that were found wrong, where they are there.
#[test]
fn the_files_that_were_found() {
    let Some(folder) = tests::shared("faults") else { return };
    let read = |name: &str| open_cells(&folder.join(name), &as_given());
    let counts = |name: &str| read(name).map(|f| (f.records.len(), f.blocking()));
    assert_eq!(counts("shp_edited_in_place.shp"), Ok((3, vec![])));
    assert_eq!(counts("shp_last_deleted.shp"), Ok((2, vec![])));
    assert_eq!(counts("shp_slack_behind_records.shp"), Ok((3, vec![])));
    assert_eq!(counts("shp_null_length.shp"), Ok((2, vec![])));
    assert_eq!(counts("shp_rows_differ.shp"), Ok((3, vec!["rows_differ"])));
    assert_eq!(counts("shp_cpg_lies.shp"), Ok((3, vec!["encoding_doubtful"])));
    assert_eq!(read("shp_zone_against_prj.shp").unwrap_err().code(), "zone_differs");
    assert_eq!(read("shp_axes_exchanged.shp").unwrap_err().code(), "axes_exchanged");
    assert!(read("kml_gcj02.kml").unwrap().datum.warning.is_some());
    assert_eq!(read("kml_two_outer_rings.kml").unwrap().records[0].geometry.polygons.len(), 2);
    let folders = read("kml_folders.kml").unwrap();
    assert_eq!(folders.records.iter().map(|r| r.community_name.as_str()).collect::<Vec<_>>(), vec!["东湖社区", "西溪社区"]);
    assert_eq!(counts("gpkg_two_geometries.gpkg"), Ok((3, vec![])));
}
