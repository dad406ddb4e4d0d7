//! Shapefile, GeoPackage and KML: round trips through our own writers, files as other programs write them, hostile bytes.

use proptest::prelude::*;
use wall_core::{CellGeometry, CellKind, CellRecord, Datum, GridPoint, GridPolygon, IssueAction, UtcMs, is_valid};

use super::*;
use crate::export::{CellRow, CellsFormat, cells_bytes};

pub(super) const FORMATS: [CellsFormat; 4] =
    [CellsFormat::GeoJson, CellsFormat::GeoPackage, CellsFormat::Shapefile, CellsFormat::Kml];
const AT: UtcMs = UtcMs(1_764_000_000_123);

pub(super) fn as_given() -> CellsOptions {
    CellsOptions { snap_m: 0.0, ..Default::default() }
}

fn ring(x: i64, y: i64, side: i64) -> Vec<GridPoint> {
    [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dx, dy)| GridPoint { x: x + dx * side, y: y + dy * side }).to_vec()
}

fn hole(x: i64, y: i64, side: i64) -> Vec<GridPoint> {
    let mut points = ring(x, y, side);
    points.reverse();
    points
}

/// Three cells: one with two holes, one in two parts of which the second lies in a hole of the first, one plain.
pub(super) fn cells() -> Vec<CellRecord> {
    let (x, y) = (121_480_000_001, 31_226_000_007);
    let of = |code: &str, polygons: Vec<GridPolygon>| CellRecord {
        code: code.into(),
        name: format!("网格 <{code}> & \"路\""),
        kind: CellKind::Dedicated,
        community_code: "310101001001".into(),
        community_name: "河东社区".into(),
        households: Some(412),
        owner: None,
        feature_index: 0,
        geometry: CellGeometry { polygons },
    };
    let mut cells = vec![
        of(
            "310101001001001",
            vec![GridPolygon {
                outer: ring(x, y, 9_000),
                holes: vec![hole(x + 1000, y + 1000, 2000), hole(x + 5000, y + 5000, 3000)],
            }],
        ),
        of(
            "0113",
            vec![
                GridPolygon { outer: ring(x + 20_000, y, 9_000), holes: vec![hole(x + 22_000, y + 2_000, 5_000)] },
                GridPolygon { outer: ring(x + 23_000, y + 3_000, 2_000), holes: vec![] },
            ],
        ),
        of("c", vec![GridPolygon { outer: ring(-71_008_036_474, 42_359_999_999, 1), holes: vec![] }]),
    ];
    cells[2].name = String::new();
    cells[2].households = None;
    cells[2].kind = CellKind::Basic;
    cells[2].community_code = String::new();
    cells[2].community_name = String::new();
    cells
}

pub(super) fn written(records: &[CellRecord], format: CellsFormat) -> Vec<u8> {
    let rows: Vec<CellRow> = records.iter().map(CellRow::from).collect();
    let done = cells_bytes(&rows, format, "网格 plan", AT).unwrap();
    assert_eq!(done.notes, Vec::<String>::new());
    assert_eq!(cells_bytes(&rows, format, "网格 plan", AT).unwrap(), done, "the same cells give the same bytes");
    done.bytes
}

fn same(back: &[CellRecord], records: &[CellRecord], what: &str) {
    assert_eq!(back.len(), records.len(), "{what}");
    for (b, r) in back.iter().zip(records) {
        assert_eq!(
            (&b.code, &b.name, b.kind, &b.community_code, &b.community_name, b.households),
            (&r.code, &r.name, r.kind, &r.community_code, &r.community_name, r.households),
            "{what}"
        );
        assert_eq!(b.geometry, r.geometry, "{what}: {}", r.code);
    }
}

#[test]
fn every_format_brings_the_cells_back() {
    for format in FORMATS {
        let bytes = written(&cells(), format);
        let file = read_cells(&bytes, &as_given()).unwrap();
        same(&file.records, &cells(), &format!("{format:?}"));
        assert_eq!((file.read, file.rejected(), file.generated_codes), (3, 0, 0), "{format:?}: {:?}", file.issues);
        // KML says WGS-84 of every file: in China that warns all the same.
        let warned = file.datum.warning.is_some();
        assert_eq!((file.datum.used, warned), (Datum::Wgs84, format == CellsFormat::Kml), "{format:?}");
        assert!(file.datum.why.starts_with("the file declares"), "{format:?}: {}", file.datum.why);
        assert_eq!(file.encoding, "utf-8", "{format:?}");
        // Nothing to say but what the cells themselves are.
        let said: Vec<_> = file.issues.iter().filter(|i| i.code != "gap").collect();
        assert!(said.is_empty(), "{format:?}: {said:?}");
        let layer = (format == CellsFormat::Shapefile || format == CellsFormat::GeoPackage).then_some("网格 plan");
        assert_eq!(file.layer.as_deref(), layer, "{format:?}");
        // No cell is a file too.
        let none = read_cells(&written(&[], format), &as_given()).unwrap();
        assert_eq!((none.read, none.records.len()), (0, 0), "{format:?}");
        // Gzip around it.
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, &bytes).unwrap();
        same(&read_cells(&gz.finish().unwrap(), &as_given()).unwrap().records, &cells(), "gzip");
    }
}

#[test]
fn fields_of_a_shapefile_are_found_by_their_full_names() {
    let bytes = written(&cells(), CellsFormat::Shapefile);
    let options = CellsOptions {
        code_fields: vec!["CODE".into()],
        name_field: Some("community_name".into()),
        community_field: Some("community_code".into()),
        ..as_given()
    };
    let file = read_cells(&bytes, &options).unwrap();
    assert_eq!((file.records[0].name.as_str(), file.records[0].community_code.as_str()), ("河东社区", "310101001001"));
    assert_eq!(file.fields.code, vec!["code"]);
    let missing = read_cells(&bytes, &CellsOptions { name_field: Some("nonsense".into()), ..as_given() }).unwrap_err();
    assert_eq!(missing.code(), "field_missing");
}

#[test]
fn texts_too_long_for_a_shapefile_are_cut_and_reported() {
    let mut records = cells();
    records[1].name = "格".repeat(100);
    let rows: Vec<CellRow> = records.iter().map(CellRow::from).collect();
    let done = cells_bytes(&rows, CellsFormat::Shapefile, "x", AT).unwrap();
    assert_eq!(done.notes.len(), 1);
    assert!(done.notes[0].contains("name") && done.notes[0].contains("254"), "{:?}", done.notes);
    let back = read_cells(&done.bytes, &as_given()).unwrap();
    assert_eq!(back.records[1].name, "格".repeat(84));
    let with_bell = CellRecord { name: "a\u{7}b".into(), ..records[0].clone() };
    let done = cells_bytes(&[CellRow::from(&with_bell)], CellsFormat::Kml, "x", AT).unwrap();
    assert!(done.notes[0].contains("1 control character"), "{:?}", done.notes);
    assert_eq!(read_cells(&done.bytes, &as_given()).unwrap().records[0].name, "ab");
}

/// A table with one text column, in any encoding.
pub(super) fn dbf(language: u8, name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let width = 20;
    let mut out = vec![3, 125, 1, 1];
    out.extend((values.len() as u32).to_le_bytes());
    out.extend(65u16.to_le_bytes());
    out.extend((1 + width as u16).to_le_bytes());
    out.extend([0; 17]);
    out.extend([language, 0, 0]);
    let mut field = [0u8; 32];
    field[..name.len().min(10)].copy_from_slice(&name[..name.len().min(10)]);
    field[11] = b'C';
    field[16] = width;
    out.extend(field);
    out.push(0x0d);
    for value in values {
        out.push(b' ');
        out.extend(value.iter().copied().chain(std::iter::repeat(b' ')).take(usize::from(width)));
    }
    out
}

/// A `.shp` of polygon records: each a list of rings.
pub(super) fn shp(kind: i32, records: &[Vec<Vec<[f64; 2]>>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (i, rings) in records.iter().enumerate() {
        let mut content = kind.to_le_bytes().to_vec();
        content.extend([0; 32]);
        content.extend((rings.len() as i32).to_le_bytes());
        let points: usize = rings.iter().map(Vec::len).sum();
        content.extend((points as i32).to_le_bytes());
        let mut at = 0i32;
        for ring in rings {
            content.extend(at.to_le_bytes());
            at += ring.len() as i32;
        }
        for p in rings.iter().flatten() {
            content.extend(p[0].to_le_bytes());
            content.extend(p[1].to_le_bytes());
        }
        // Heights or measures: a range, then one for each point.
        if kind != 5 {
            content.extend(vec![0; 16 + 8 * points]);
        }
        body.extend((i as i32 + 1).to_be_bytes());
        body.extend((content.len() as i32 / 2).to_be_bytes());
        body.extend(content);
    }
    let mut out = 9994i32.to_be_bytes().to_vec();
    out.extend([0; 20]);
    out.extend(((100 + body.len()) as i32 / 2).to_be_bytes());
    out.extend(1000i32.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend([0; 64]);
    out.extend(body);
    out
}

/// A closed square, clockwise as shapefiles have outer rings.
pub(super) fn clockwise(x: f64, y: f64, side: f64) -> Vec<[f64; 2]> {
    vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]]
}

pub(super) fn counter(x: f64, y: f64, side: f64) -> Vec<[f64; 2]> {
    let mut ring = clockwise(x, y, side);
    ring.reverse();
    ring
}

fn store(files: &[(&str, Vec<u8>)], folder: &Path) {
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

pub(super) const PRJ: &str = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

#[test]
fn the_text_of_a_shapefile_is_read_in_its_encoding() {
    let gb = |t: &str| encoding_rs::GB18030.encode(t).0.into_owned();
    let (field, value) = (gb("网格名称全称"), gb("河东路口网格"));
    let utf8 = ("网格名称".as_bytes().to_vec(), "河东路口".as_bytes().to_vec());
    let ground = shp(5, &[vec![clockwise(121.4, 31.2, 0.01)]]);
    let name_field = Some("网格名称全称".to_owned());
    for (field, value, cpg, language, asked, used, why) in [
        (&field, &value, Some("GBK"), 0, "auto", "gb18030", "named by the .cpg"),
        (&field, &value, Some("936"), 0x57, "auto", "gb18030", "named by the .cpg"),
        (&field, &value, None, 0x4d, "auto", "gb18030", "named by the language byte of the .dbf"),
        (&field, &value, None, 0, "gbk", "gb18030", "asked for"),
        (&field, &value, Some("UTF-8"), 0, "gb18030", "gb18030", "asked for"),
        (&field, &value, None, 0x57, "auto", "gb18030", "found from the texts"),
        (&field, &value, Some("klingon"), 0, "auto", "gb18030", "found from the texts"),
        (&utf8.0, &utf8.1, Some("UTF-8"), 0, "auto", "utf-8", "named by the .cpg"),
        (&utf8.0, &utf8.1, None, 0, "auto", "utf-8", "found from the texts"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut files =
            vec![("Cells.shp", ground.clone()), ("cells.DBF", dbf(language, field, &[value])), ("cells.prj", PRJ.into())];
        files.extend(cpg.map(|c| ("CELLS.cpg", c.as_bytes().to_vec())));
        store(&files, folder.path());
        let options = CellsOptions { name_field: name_field.clone(), encoding: asked.into(), ..as_given() };
        let file = open_cells(&folder.path().join("Cells.shp"), &options).unwrap();
        let wanted = if used == "utf-8" { "河东路口" } else { "河东路口网格" };
        assert_eq!((file.records[0].name.as_str(), file.encoding.as_str(), file.encoding_why), (wanted, used, why));
        assert_eq!(file.issues.iter().any(|i| i.code == "unknown_code_page"), cpg == Some("klingon"));
        assert_eq!(file.issues.iter().any(|i| i.code == "encoding_differs"), asked != "auto" && cpg.is_some());
        let report = serde_json::to_value(CellsReport::from(&file)).unwrap();
        assert_eq!((report["encoding"]["used"].as_str(), report["encoding"]["why"].as_str()), (Some(used), Some(why)));
        assert_eq!(report["format"], "Shapefile");
    }
}

#[test]
fn rings_of_a_shapefile_become_polygons() {
    // Two outer rings with a hole each, in a mixed order, and an island in the second hole.
    let mixed = vec![
        counter(0.2, 0.2, 0.2),
        clockwise(0.0, 0.0, 1.0),
        clockwise(2.0, 0.0, 1.0),
        counter(2.1, 0.1, 0.8),
        clockwise(2.4, 0.4, 0.2),
    ];
    // The other way round throughout, against the rule: a hole is still a hole.
    let turned = vec![counter(5.0, 0.0, 1.0), clockwise(5.2, 0.2, 0.2)];
    // A hole that touches the outer ring from inside at one of its corners.
    let touching = vec![clockwise(8.0, 0.0, 1.0), vec![[8.0, 0.5], [8.5, 0.2], [8.5, 0.8], [8.0, 0.5]]];
    for kind in [5, 15, 25] {
        let raw = shapefile::read(
            &shapefile::Files { shp: shp(kind, &[mixed.clone(), turned.clone(), touching.clone()]), ..Default::default() },
            crate::import::EncodingChoice::Auto,
        )
        .unwrap();
        let rings: Vec<Vec<usize>> = raw
            .features
            .iter()
            .map(|f| f.as_ref().unwrap().shape.as_ref().unwrap().polygons.iter().map(Vec::len).collect())
            .collect();
        assert_eq!(rings, vec![vec![2, 2, 1], vec![2], vec![2]]);
        let file = read_cells(&shp(kind, &[mixed.clone(), turned.clone(), touching.clone()]), &as_given()).unwrap();
        assert_eq!((file.records.len(), file.rejected()), (3, 0));
        assert!(!file.issues.iter().any(|i| i.code == "wrong_orientation"), "the rule of the format is no fault");
        let codes: Vec<_> = file.issues.iter().map(|i| i.code).collect();
        assert!(codes.contains(&"dbf_missing") && codes.contains(&"prj_missing"), "{codes:?}");
    }
    let points = shp(5, &[]);
    let mut one = points[..100].to_vec();
    one.extend([0, 0, 0, 1, 0, 0, 0, 10, 1, 0, 0, 0]);
    one.extend([0; 16]);
    let file = read_cells(&one, &as_given()).unwrap();
    assert_eq!(file.issues.iter().filter(|i| i.code == "not_a_polygon").count(), 1, "{:?}", file.issues);
}

#[test]
fn projected_shapefiles_are_taken_to_degrees_or_refused() {
    let gk = r#"PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    let ground = shp(5, &[vec![clockwise(640_000.0, 3_450_000.0, 500.0)], vec![clockwise(640_500.0, 3_450_000.0, 500.0)]]);
    let read = |prj: Option<&str>, datum| {
        let files = shapefile::Files { shp: ground.clone(), prj: prj.map(|p| p.as_bytes().to_vec()), ..Default::default() };
        let raw = shapefile::read(&files, crate::import::EncodingChoice::Auto)?;
        cells_of(raw, &CellsOptions { datum, ..as_given() }, &|_| {})
    };
    let file = read(Some(gk), None).unwrap();
    assert_eq!((file.records.len(), file.datum.used, file.datum.warning.clone()), (2, Datum::Cgcs2000, None));
    assert!(file.datum.why.contains("CGCS2000_3_Degree_GK_CM_120E") && file.datum.why.contains("taken to degrees"));
    // The common border stays common, to the last digit.
    assert_eq!(file.topology.shared_edges, 1);
    // pyproj 3.7: EPSG:4549 to EPSG:4490.
    let proj = wall_core::Place { lon: EXPECTED.0, lat: EXPECTED.1 };
    let outer = &file.records[0].geometry.polygons[0].outer;
    assert!(outer.iter().any(|p| wall_core::distance_m(p.place(), proj) < 1e-3), "{outer:?}");
    let unknown = read(Some(&gk.replace("China_2000", "Beijing_1954").replace("China_Geodetic", "Old")), None);
    assert!(unknown.is_err());
    let bare = read(None, None).unwrap();
    assert_eq!((bare.records.len(), bare.issues[0].code), (0, "looks_projected"), "{:?}", bare.issues);
}

/// 640000 m east, 3450000 m north in CGCS2000 / 3-degree Gauss-Krüger CM 120E, by PROJ.
const EXPECTED: (f64, f64) = (121.4683350951, 31.1632281016);

#[test]
fn damaged_shapefiles_say_where() {
    let whole = shp(5, &[vec![clockwise(10.0, 50.0, 0.1)], vec![clockwise(11.0, 50.0, 0.1)], vec![clockwise(12.0, 50.0, 0.1)]]);
    let cut = &whole[..whole.len() - 40];
    let file = read_cells(cut, &as_given()).unwrap();
    assert_eq!((file.records.len(), file.rejected()), (2, 1));
    assert!(file.issues.iter().any(|i| i.code == "truncated" && i.action == IssueAction::Rejected));
    // A record whose counts are nonsense loses only itself.
    let mut nonsense = whole.clone();
    nonsense[100 + 8 + 40..][..4].copy_from_slice(&i32::MAX.to_le_bytes());
    let file = read_cells(&nonsense, &as_given()).unwrap();
    assert_eq!(
        (
            file.records.len(),
            file.rejected(),
            file.issues.iter().find(|i| i.at == 0 && i.action == IssueAction::Rejected).map(|i| i.code)
        ),
        (2, 1, Some("bad_geometry"))
    );
    // Rows marked as deleted stay out.
    let mut table = dbf(0, b"code", &[b"a", b"b", b"c"]);
    table[65 + 21] = b'*';
    let files = shapefile::Files { shp: whole, dbf: Some(table), ..Default::default() };
    let raw = shapefile::read(&files, crate::import::EncodingChoice::Auto).unwrap();
    let file = cells_of(raw, &as_given(), &|_| {}).unwrap();
    assert_eq!(file.records.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(), vec!["a", "c"]);
}

#[test]
fn zips_hold_what_they_hold() {
    let packed = |files: &[(&str, Vec<u8>)]| {
        let files: Vec<(String, Vec<u8>)> = files.iter().map(|(n, b)| ((*n).to_owned(), b.clone())).collect();
        crate::export::zip(&files, (2026, 1, 1)).unwrap()
    };
    let kml = written(&cells(), CellsFormat::Kml);
    same(
        &read_cells(&packed(&[("doc.kml", kml.clone()), ("files/icon.png", vec![1])]), &as_given()).unwrap().records,
        &cells(),
        "kmz",
    );
    let geojson = written(&cells(), CellsFormat::GeoJson);
    same(&read_cells(&packed(&[("a/cells.geojson", geojson.clone())]), &as_given()).unwrap().records, &cells(), "geojson");
    let two = packed(&[
        ("x/first.shp", shp(5, &[vec![clockwise(10.0, 50.0, 0.1)]])),
        ("x/second.shp", shp(5, &[vec![clockwise(11.0, 50.0, 0.1)], vec![clockwise(12.0, 50.0, 0.1)]])),
        ("x/second.dbf", dbf(0, b"code", &[b"p", b"q"])),
    ]);
    let first = read_cells(&two, &as_given()).unwrap();
    assert_eq!((first.read, first.layer.as_deref()), (1, Some("first")));
    assert!(first.issues.iter().any(|i| i.code == "several_layers" && i.message.contains("second")));
    let second = read_cells(&two, &CellsOptions { layer: Some("Second".into()), ..as_given() }).unwrap();
    assert_eq!((second.records[1].code.as_str(), second.layer.as_deref()), ("q", Some("second")));
    let missing = read_cells(&two, &CellsOptions { layer: Some("third".into()), ..as_given() }).unwrap_err();
    assert_eq!(missing.to_string(), "no layer is named \"third\"; layers in the file: first, second");
    for (files, word) in [
        (vec![("readme.txt", vec![1])], "readme.txt"),
        (vec![], "nothing"),
        (vec![("a.json", geojson.clone()), ("b.json", geojson)], "b.json"),
    ] {
        let e = read_cells(&packed(&files), &as_given()).unwrap_err();
        assert!(e.to_string().contains(word), "{e}");
    }
}

#[test]
fn kml_as_other_programs_write_it() {
    let file = |inside: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"x\">{inside}</kml>"
        )
    };
    let square = "<coordinates>\n 10,50,0 10.1,50,0\n 10.1,50.1,0 10,50.1,0 10,50,0 </coordinates>";
    let outer = format!("<outerBoundaryIs><LinearRing>{square}</LinearRing></outerBoundaryIs>");
    let hole = "<innerBoundaryIs><LinearRing><coordinates>10.02,50.02 10.02,50.04 10.04,50.04 10.04,50.02 10.02,50.02</coordinates></LinearRing></innerBoundaryIs>";
    let text = file(&format!(
        "<Document><Schema name=\"s\" id=\"s\"><SimpleField name=\"code\" type=\"string\"/></Schema><Folder><name>not a cell</name>\
        <Placemark id=\"p1\"><name>河东 &amp; &#x6cb3;&lt;</name><ExtendedData><SchemaData schemaUrl=\"#s\"><SimpleData name=\"code\">0113</SimpleData>\
        <SimpleData name=\"户数\">412</SimpleData></SchemaData></ExtendedData><Polygon><altitudeMode>clampToGround</altitudeMode>{outer}{hole}</Polygon></Placemark>\
        <Placemark><name><![CDATA[<b>bold</b>]]></name><ExtendedData><Data name=\"code\"><displayName>x</displayName><value> 0114 </value></Data></ExtendedData>\
        <MultiGeometry><Polygon>{outer}</Polygon><MultiGeometry><Point><coordinates>1,1</coordinates></Point></MultiGeometry></MultiGeometry></Placemark>\
        <Placemark><name>pin</name><Point><coordinates>1,1</coordinates></Point></Placemark>\
        <Placemark><name>wrong</name><Polygon><outerBoundaryIs><LinearRing><coordinates>a,b c,d</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>\
        <Placemark><name>nothing</name></Placemark></Folder></Document>"
    ));
    let read = read_cells(text.as_bytes(), &CellsOptions { households_field: Some("户数".into()), ..as_given() }).unwrap();
    assert_eq!((read.read, read.records.len(), read.rejected(), read.format), (5, 2, 3, "KML"));
    let r = &read.records;
    assert_eq!((r[0].code.as_str(), r[0].name.as_str(), r[0].households), ("0113", "河东 & 河<", Some(412)));
    assert_eq!((r[0].geometry.polygons[0].holes.len(), r[1].code.as_str(), r[1].name.as_str()), (1, "0114", "<b>bold</b>"));
    let rejected: Vec<_> = read.issues.iter().filter(|i| i.action == IssueAction::Rejected).map(|i| i.code).collect();
    assert_eq!(rejected, vec!["not_a_polygon", "bad_coordinates", "null_geometry"]);
    // GBK, and saying so.
    let chinese = text.replace("UTF-8", "GB2312");
    let gb = encoding_rs::GB18030.encode(&chinese).0.into_owned();
    let read = read_cells(&gb, &as_given()).unwrap();
    assert_eq!((read.records[0].name.as_str(), read.encoding.as_str()), ("河东 & 河<", "gb18030"));
}

#[test]
fn hostile_kml_is_bounded() {
    // A billion laughs: entities of the document's own are never expanded.
    let mut bomb = "<?xml version=\"1.0\"?><!DOCTYPE kml [<!ENTITY a \"ha\">".to_owned();
    for i in 0..30 {
        let before = if i == 0 { "a".to_owned() } else { format!("b{}", i - 1) };
        bomb.push_str(&format!(
            "<!ENTITY b{i} \"&{before};&{before};&{before};&{before};&{before};&{before};&{before};&{before};\">"
        ));
    }
    bomb.push_str("]><kml><Placemark><name>&b29;</name><Polygon><outerBoundaryIs><LinearRing><coordinates>10,50 10.1,50 10.1,50.1 10,50</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>");
    let file = read_cells(bomb.as_bytes(), &as_given()).unwrap();
    assert_eq!(file.records[0].name, "&b29;");
    let deep = format!("<kml>{}", "<Folder>".repeat(1_000_000));
    let e = read_cells(deep.as_bytes(), &as_given()).unwrap_err();
    assert!(e.to_string().contains("nested"), "{e}");
    for broken in ["<kml><Document>", "<kml><a></b></kml>", "<?xml version=\"1.0\"?>", "<kml><Placemark name=></Placemark></kml"]
    {
        let e = read_cells(broken.as_bytes(), &as_given()).unwrap_err();
        assert_eq!(e.code(), "broken_file", "{broken}: {e}");
    }
}

/// Runs SQL on a GeoPackage of ours and gives back the file.
pub(super) fn edited(bytes: &[u8], sql: &str) -> Vec<u8> {
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gpkg");
        std::fs::write(&path, bytes).unwrap();
        let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).foreign_keys(false).connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        std::fs::read(&path).unwrap()
    })
}

#[test]
fn geopackages_as_other_programs_write_them() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    // Several layers, one of points first, names with quotes; a column named as SQL is; the layer in Gauss-Krüger by its code.
    let sql = r#"
        CREATE TABLE "a ""pins""" (id INTEGER PRIMARY KEY, shape BLOB);
        INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('a "pins"', 'features', 'a', 4326);
        INSERT INTO gpkg_geometry_columns VALUES ('a "pins"', 'shape', 'POINT', 4326, 0, 0);
        CREATE TABLE "it's; DROP TABLE x --" (fid INTEGER PRIMARY KEY, "geo""m" BLOB, "select" TEXT, "a ""b""" REAL, day DATE, raw BLOB);
        INSERT INTO "it's; DROP TABLE x --" SELECT fid, geom, 'c' || fid, 7.0, '2026-01-01', x'00' FROM "网格 plan" WHERE fid = 1;
        INSERT INTO "it's; DROP TABLE x --" VALUES (9, NULL, 'empty', NULL, NULL, NULL), (10, 'text', 'text', NULL, NULL, NULL), (11, x'4750', 'short', NULL, NULL, NULL);
        INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('it''s; DROP TABLE x --', 'features', 'b', 4490);
        INSERT INTO gpkg_spatial_ref_sys VALUES ('CGCS2000', 4490, 'EPSG', 4490, 'undefined', NULL);
        INSERT INTO gpkg_geometry_columns VALUES ('it''s; DROP TABLE x --', 'geo"m', 'POLYGON', 4490, 0, 0);
        DELETE FROM gpkg_geometry_columns WHERE table_name = '网格 plan';
        INSERT INTO gpkg_geometry_columns VALUES ('网格 plan', 'geom', 'GEOMETRY', 4326, 2, 2);
        PRAGMA journal_mode = WAL;"#;
    let file = edited(&ours, sql);
    assert_eq!(file[18], 2, "left in WAL mode");
    let first = read_cells(&file, &as_given()).unwrap();
    same(&first.records, &cells(), "the first that can hold polygons");
    assert!(first.issues.iter().any(|i| i.code == "several_layers" && i.message.contains("DROP")), "{:?}", first.issues);
    let options = CellsOptions {
        layer: Some("it's; DROP TABLE x --".into()),
        code_fields: vec!["select".into()],
        households_field: Some("a \"b\"".into()),
        name_field: Some("day".into()),
        owner_field: Some("raw".into()),
        ..as_given()
    };
    let other = read_cells(&file, &options).unwrap();
    assert_eq!((other.read, other.records.len(), other.rejected(), other.datum.used), (4, 1, 3, Datum::Cgcs2000));
    let r = &other.records[0];
    assert_eq!((r.code.as_str(), r.name.as_str(), r.households, r.owner.as_deref()), ("c1", "2026-01-01", Some(7), None));
    assert_eq!(r.geometry, cells()[0].geometry);
    let mut codes: Vec<_> = other.issues.iter().filter(|i| i.action == IssueAction::Rejected).map(|i| i.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, vec!["bad_geometry", "bad_geometry", "null_geometry"]);
    let pins = read_cells(&file, &CellsOptions { layer: Some("nothing".into()), ..as_given() }).unwrap_err();
    assert!(pins.code() == "layer_missing" && pins.to_string().contains("a \"pins\""), "{pins}");
}

#[test]
fn hostile_geopackages_have_an_answer() {
    let ours = written(&cells(), CellsFormat::GeoPackage);
    let refused = |sql: &str| read_cells(&edited(&ours, sql), &as_given()).unwrap_err();
    for (sql, word) in [
        ("DROP TABLE gpkg_geometry_columns;", "no GeoPackage tables"),
        ("DELETE FROM gpkg_contents;", "no feature layer"),
        ("DROP TABLE \"网格 plan\";", "no column"),
        ("UPDATE gpkg_geometry_columns SET column_name = 'nothing';", "no column"),
        ("UPDATE gpkg_geometry_columns SET srs_id = -1;", "undefined cartesian"),
        ("UPDATE gpkg_geometry_columns SET srs_id = 77;", "srs_id 77"),
        // Values of any size from a small file: a view, and a column that is computed.
        (
            "ALTER TABLE \"网格 plan\" RENAME TO x; CREATE VIEW \"网格 plan\" AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
             SELECT i AS fid, x.geom FROM n, x WHERE i < 0;",
            "is a view",
        ),
    ] {
        let e = refused(sql);
        assert!(e.to_string().contains(word), "{sql}: {e}");
    }
    let sql = "ALTER TABLE \"网格 plan\" ADD COLUMN bomb TEXT GENERATED ALWAYS AS (printf('%.*c', 300000000, 'x')) VIRTUAL;";
    same(&read_cells(&edited(&ours, sql), &as_given()).unwrap().records, &cells(), "computed columns are not read");
    for length in (0..ours.len()).step_by(997) {
        if let Ok(file) = read_cells(&ours[..length], &as_given()) {
            assert_eq!(file.records.len() + file.rejected(), file.read);
        }
    }
}

#[test]
fn a_file_on_disk_is_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.gpkg");
    let bytes = edited(&written(&cells(), CellsFormat::GeoPackage), "PRAGMA journal_mode = WAL;");
    std::fs::write(&path, &bytes).unwrap();
    let mut rights = std::fs::metadata(&path).unwrap().permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&path, rights).unwrap();
    same(&open_cells(&path, &as_given()).unwrap().records, &cells(), "read-only");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no file beside it");
    std::fs::write(folder.path().join("cells.gpkg-wal"), b"x").unwrap();
    let file = open_cells(&path, &as_given()).unwrap();
    assert!(file.issues.iter().any(|i| i.code == "open_elsewhere"));
    let sister = open_cells(&folder.path().join("cells.dbf"), &as_given()).unwrap_err();
    assert!(sister.to_string().contains(".shp"), "{sister}");
    assert_eq!(open_cells(&folder.path().join("none.shp"), &as_given()).unwrap_err().code(), "unreadable");
}

/// Real cells through every format and back.
#[test]
fn real_cells_come_back_the_same() {
    let Some(precincts) = tests::shared("boston311/precincts.geojson") else { return };
    let Some(grid) = tests::shared("shenzhen_cells/grid.shp") else { return };
    let boston = open_cells(&precincts, &CellsOptions { code_fields: vec!["WDPCT".into()], ..as_given() }).unwrap();
    let shenzhen = open_cells(&grid, &as_given()).unwrap();
    assert_eq!((boston.records.len(), shenzhen.read, shenzhen.records.len(), shenzhen.rejected()), (255, 9005, 9005, 0));
    assert!(shenzhen.datum.warning.is_some(), "no .prj, and in China");
    for (mut records, name) in [(boston.records, "boston"), (shenzhen.records, "shenzhen")] {
        for (i, r) in records.iter_mut().enumerate() {
            r.name = format!("第{i}格");
            r.households = (i % 3 > 0).then_some(i as u32);
        }
        for format in FORMATS {
            let back = read_cells(&written(&records, format), &as_given()).unwrap();
            same(&back.records, &records, &format!("{name} {format:?}"));
        }
    }
}

/// The demonstration's cells through every format and back.
#[test]
fn the_demonstration_comes_back_the_same() {
    let records = crate::demo::District::generate(crate::demo::DEFAULT_SEED).cells;
    assert!(records.len() > 10);
    for format in FORMATS {
        same(&read_cells(&written(&records, format), &as_given()).unwrap().records, &records, &format!("{format:?}"));
    }
}

/// One small valid file of each format.
pub(super) fn samples() -> Vec<Vec<u8>> {
    let table = dbf(0, b"code", &[b"a", b"b"]);
    let ground = shp(5, &[vec![clockwise(10.0, 50.0, 0.1), counter(10.02, 50.02, 0.02)], vec![clockwise(11.0, 50.0, 0.1)]]);
    let plain: Vec<(String, Vec<u8>)> =
        [("a.shp", ground.clone()), ("a.dbf", table), ("a.prj", PRJ.into()), ("a.cpg", b"GBK".to_vec())]
            .into_iter()
            .map(|(n, b)| (n.to_owned(), b))
            .collect();
    let mut all: Vec<Vec<u8>> = FORMATS.iter().map(|f| written(&cells(), *f)).collect();
    all.push(ground);
    all.push(crate::export::zip(&plain, (2026, 1, 1)).unwrap());
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_after_any_magic_have_an_answer(
        magic in prop::sample::select(vec![&b"PK\x03\x04"[..], b"PK\x05\x06", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20", b"\x00\x00\x27\x0a", b"<kml><Placemark>", b"<?xml version=\"1.0\"?>"]),
        bytes in prop::collection::vec(any::<u8>(), 0..400)
    ) {
        let _ = read_cells(&[magic, &bytes].concat(), &CellsOptions::default());
    }

    #[test]
    fn a_damaged_file_of_any_format_has_an_answer(
        which in 0usize..6, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..10), cut in prop::option::of(any::<prop::sample::Index>())
    ) {
        let mut bytes = samples().swap_remove(which);
        for (at, byte, how) in edits {
            let i = at.index(bytes.len());
            match how {
                0 => bytes[i] = byte,
                1 => { bytes.remove(i); }
                _ => bytes.insert(i, byte),
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(file) = read_cells(&bytes, &as_given()) {
            prop_assert_eq!(file.records.len() + file.rejected(), file.read);
            for r in &file.records {
                prop_assert!(is_valid(&r.geometry));
            }
        }
    }

    #[test]
    fn any_table_beside_a_shapefile_has_an_answer(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cpg in prop::collection::vec(any::<u8>(), 0..12), cut in any::<prop::sample::Index>()) {
        let mut table = dbf(0x4d, "网格编码".as_bytes(), &["一".as_bytes(), b"b", b"c"]);
        for (at, byte) in edits {
            let i = at.index(table.len());
            table[i] = byte;
        }
        table.truncate(cut.index(table.len()) + 1);
        let files = shapefile::Files { shp: shp(5, &[vec![clockwise(10.0, 50.0, 0.1)]]), dbf: Some(table), cpg: Some(cpg), ..Default::default() };
        let _ = shapefile::read(&files, crate::import::EncodingChoice::Auto);
    }

    /// Whatever the cells, each format brings them back.
    #[test]
    fn any_cells_come_back(squares in prop::collection::vec((-179_000_000_000i64..179_000_000_000, -89_000_000_000i64..89_000_000_000, 1_000i64..900_000_000), 1..6), name in "[ -~一-龥]{0,12}", households in prop::option::of(0u32..9000), which in 0usize..4) {
        let records: Vec<CellRecord> = squares.iter().enumerate().map(|(i, (x, y, side))| {
            let mut polygons = vec![GridPolygon { outer: ring(*x, *y, *side), holes: vec![hole(x + side / 4, y + side / 4, side / 3)] }];
            if i % 2 == 1 {
                polygons.push(GridPolygon { outer: ring(x + 2 * side, y + 2 * side, 7), holes: vec![] });
            }
            polygons.retain(|p| p.outer.iter().all(|q| q.x <= 180_000_000_000 && q.y <= 90_000_000_000));
            CellRecord {
                code: format!("0{i}"), name: name.trim().into(), kind: CellKind::ALL[i % 2], community_code: "310101001001".into(),
                community_name: "河东".into(), households, owner: None, feature_index: i as u32, geometry: CellGeometry { polygons },
            }
        }).filter(|r| !r.geometry.polygons.is_empty()).collect();
        same(&read_cells(&written(&records, FORMATS[which]), &as_given()).unwrap().records, &records, "any");
    }
}
