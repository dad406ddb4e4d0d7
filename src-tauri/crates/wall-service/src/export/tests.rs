use proptest::prelude::*;
use wall_core::*;

use super::*;
use crate::import::{CellsOptions, read_cells};

fn text<R: Row>(format: Format, rows: impl IntoIterator<Item = R>) -> String {
    let mut out = Vec::new();
    write_rows(&mut out, format, rows).unwrap();
    String::from_utf8(out).unwrap()
}

fn ticket(id: &str, due: Option<i64>, closed: Option<i64>) -> TicketRow {
    TicketRow {
        external_id: id.into(),
        source: "paper".into(),
        status: TicketStatus::Received,
        cell_code: "A1".into(),
        category: "drain, \"deep\"".into(),
        severity: Severity::DEFAULT,
        reported_at: UtcMs(0),
        due_at: due.map(|s| UtcMs(s * 1000)),
        runs_out_at: due.map(|s| UtcMs(s * 1000)),
        closed_at: closed.map(|s| UtcMs(s * 1000)),
        place: Some(Place { lon: 10.005, lat: 50.0 }),
        as_of: UtcMs(100_000),
    }
}

#[test]
fn on_time_is_judged_at_the_time_asked_for() {
    for (due, closed, answer) in [
        (None, None, ""),
        (None, Some(5), ""),
        (Some(50), Some(50), "yes"),
        (Some(50), Some(51), "no"),
        (Some(50), None, "no"),
        (Some(150), None, "yes"),
        // Closed only later: still open then.
        (Some(50), Some(120), "no"),
        (Some(110), Some(120), "yes"),
    ] {
        let csv = text(Format::Csv, [ticket("1", due, closed)]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let head = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let field = |name: &str| row.get(head.iter().position(|h| h == name).unwrap()).unwrap().to_owned();
        assert_eq!(field("on_time"), answer, "{due:?} {closed:?}");
        assert_eq!(field("closed_at").is_empty(), closed.is_none_or(|c| c > 100));
        assert_eq!((field("lon"), field("category")), ("10.005".to_owned(), "drain, \"deep\"".to_owned()));
    }
}

#[test]
fn the_three_formats_say_the_same() {
    let rows = || [ticket("1", Some(50), None), ticket("2", None, None)];
    assert_eq!(
        text(Format::Csv, rows()).lines().nth(1).unwrap(),
        "1,received,A1,1970-01-01T00:00:50Z,,no,paper,\"drain, \"\"deep\"\"\",3,1970-01-01T00:00:00Z,10.005,50"
    );
    let lines: Vec<serde_json::Value> = text(Format::Ndjson, rows()).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["external_id"], &lines[0]["severity"]), (2, &"2".into(), &3.into()));
    let geo: serde_json::Value = serde_json::from_str(&text(Format::GeoJson, rows())).unwrap();
    assert_eq!(geo["features"][0]["geometry"]["coordinates"], serde_json::json!([10.005, 50.0]));
    assert_eq!(geo["features"][1]["properties"]["on_time"], "");
    let none: serde_json::Value = serde_json::from_str(&text(Format::GeoJson, Vec::<TicketRow>::new())).unwrap();
    assert_eq!(none["features"].as_array().unwrap().len(), 0);
}

#[test]
fn points_have_the_columns_of_the_import() {
    let of = Camera {
        external_id: "31010100001310000001".into(),
        name: "河东路口".into(),
        place: Place { lon: 121.5, lat: 31.25 },
        kind: "dome".into(),
        heading_deg: Some(90.0),
        fov_deg: None,
        range_m: Some(55.5),
        stream_url: "rtsp://who:secret@10.0.0.7/1".into(),
        snapshot_url: "http://who:secret@10.0.0.7/1.jpg".into(),
        state: CameraState::Online,
        absent: Absent::default(),
    };
    let camera = Stored { id: 1, of };
    assert_eq!(
        text(Format::Csv, [&camera]),
        "id,name,kind,heading_deg,fov_deg,range_m,state,lon,lat\n31010100001310000001,河东路口,dome,90,,55.5,online,121.5,31.25\n"
    );
    let staff = Staff {
        id: StaffId(1),
        external_id: "s1".into(),
        name: "李四".into(),
        role: "网格员".into(),
        unit: "河东社区".into(),
        cell_codes: vec!["A1".into(), "A2".into()],
        shifts: "Mon-Fri 08:00-17:00".into(),
    };
    let csv = text(Format::Csv, [StaffRow { staff: &staff, position: None }]);
    assert_eq!(csv.lines().nth(1).unwrap(), "s1,李四,网格员,河东社区,A1;A2,Mon-Fri 08:00-17:00,,,");
    let at = Position { staff: StaffId(1), place: camera.of.place, accuracy_m: None, at: UtcMs(1000), recorded_at: UtcMs(1000) };
    let json = text(Format::GeoJson, [StaffRow { staff: &staff, position: Some(&at) }]);
    assert!(json.contains("[121.5,31.25]") && json.contains("1970-01-01T00:00:01Z"), "{json}");
    let site = Site {
        id: SiteId(1),
        external_id: "x".into(),
        name: "小学".into(),
        kind: "school".into(),
        place: camera.of.place,
        hours: String::new(),
        hazards: String::new(),
    };
    assert_eq!(text(Format::Csv, [&site]).lines().nth(1).unwrap(), "x,小学,school,,,121.5,31.25");
}

#[test]
fn no_cell_of_a_table_is_run_as_a_formula_and_all_come_back() {
    let names = ["=1+1", "@SUM(A1)", "-x", "'=y", "+86 571", "井盖", "-2", "=\"x\"", "'quoted"];
    let sites: Vec<Site> = (0..)
        .zip(names)
        .map(|(i, name)| Site {
            id: SiteId(i),
            external_id: format!("S{i}"),
            name: name.into(),
            kind: "school".into(),
            place: Place { lon: -120.5, lat: -30.25 },
            hours: String::new(),
            hazards: String::new(),
        })
        .collect();
    let mut out = Vec::new();
    write_rows(&mut out, Format::Csv, &sites).unwrap();
    let mut reader = csv::Reader::from_reader(&out[..]);
    for (record, site) in reader.records().map(Result::unwrap).zip(&sites) {
        assert!(!record[1].starts_with(['=', '@', '+']) && (!record[1].starts_with('-') || site.name == "-2"), "{record:?}");
        assert_eq!(&record[5], "-120.5");
    }
    let source =
        crate::import::Source::from_reader("sites.csv", Box::new(std::io::Cursor::new(out)), crate::import::EncodingChoice::Auto);
    let back: Vec<String> = crate::things::open::<SiteRecord>(source.unwrap(), &crate::import::ReadOptions::default())
        .unwrap()
        .map(|r| match r.unwrap() {
            crate::import::Read::Record { record, .. } => record.name,
            crate::import::Read::Reject(reject) => panic!("{}", reject.message),
        })
        .collect();
    assert_eq!(back, names);
}

#[test]
fn formats_by_name() {
    assert_eq!(Format::of_rows("out.CSV"), Ok(Format::Csv));
    assert_eq!(Format::of_rows("a.b/out.jsonl"), Ok(Format::Ndjson));
    for (name, format) in [
        ("out.geojson", CellsFormat::GeoJson),
        ("OUT.JSON", CellsFormat::GeoJson),
        ("a.b/out.gpkg", CellsFormat::GeoPackage),
        ("out.zip", CellsFormat::Shapefile),
        ("out.kml", CellsFormat::Kml),
    ] {
        assert_eq!(CellsFormat::of_name(name), Ok(format));
        assert_eq!(CellsFormat::of_word(format.ending()), Some(format));
    }
    let shp = CellsFormat::of_name("out.shp").unwrap_err();
    assert!(shp.to_string().contains(".zip"), "{shp}");
    assert!(CellsFormat::of_name("out.csv").is_err() && Format::of_rows("out").is_err());
}

proptest! {
    /// Whatever the cells, what is written is read back the same.
    #[test]
    fn cells_come_back_the_same(squares in prop::collection::vec((-179_000_000_000i64..179_000_000_000, -89_000_000_000i64..89_000_000_000, 1_000i64..900_000_000), 1..6), name in "[ -~]{0,12}", households in prop::option::of(0u32..9000)) {
        let records: Vec<CellRecord> = squares.iter().enumerate().map(|(i, (x, y, side))| {
            let ring = |d: i64, s: i64| vec![
                GridPoint { x: x + d, y: y + d }, GridPoint { x: x + d + s, y: y + d }, GridPoint { x: x + d + s, y: y + d + s }, GridPoint { x: x + d, y: y + d + s },
            ];
            let mut hole = ring(side / 4, side / 3);
            hole.reverse();
            let mut polygons = vec![GridPolygon { outer: ring(0, *side), holes: vec![hole] }];
            if i % 2 == 1 {
                polygons.push(GridPolygon { outer: ring(2 * side, 7), holes: vec![] });
            }
            let polygons = polygons.into_iter().filter(|p| p.outer.iter().all(|q| q.x <= 180_000_000_000 && q.y <= 90_000_000_000)).collect();
            CellRecord {
                code: format!("0{i}"), name: name.trim().into(), kind: CellKind::ALL[i % 2], community_code: "310101001001".into(),
                community_name: "河东".into(), households, owner: None, feature_index: i as u32, geometry: CellGeometry { polygons },
            }
        }).filter(|r| !r.geometry.polygons.is_empty()).collect();
        let mut out = Vec::new();
        write_cells(&mut out, records.iter().map(CellRow::from)).unwrap();
        let back = read_cells(&out, &CellsOptions { snap_m: 0.0, ..Default::default() }).unwrap();
        prop_assert_eq!(back.records.len(), records.len());
        for (b, r) in back.records.iter().zip(&records) {
            prop_assert_eq!((&b.code, &b.name, b.kind, &b.community_code, &b.community_name, b.households), (&r.code, &r.name, r.kind, &r.community_code, &r.community_name, r.households));
            prop_assert_eq!(&b.geometry, &r.geometry);
        }
    }
}
