//! Row parsers against whatever comes. See [`crate::fuzz`].

use std::io::{BufReader, Cursor, Write};

use super::sheet_tests::workbook;
use super::times::{TimeReader, zone_named};
use super::*;
use crate::fuzz::fuzz;
use crate::things::{self, Thing, ThingKind, Visit};

fn exhaust<T: twins::Keyed>(
    name: &str,
    bytes: &[u8],
    open: fn(Source, &ReadOptions) -> Result<Records<T>, SourceError>,
    options: &ReadOptions,
) {
    let reader = Box::new(BufReader::new(Cursor::new(bytes.to_vec())));
    let Ok(source) = Source::from_reader(name, reader, EncodingChoice::Auto) else { return };
    let Ok(records) = open(source, options) else { return };
    assert!(records.take(bytes.len() + 2).count() <= bytes.len() + 1, "more rows than bytes");
}

const CSV: &[&[u8]] = &[
    b"external_id,title,lon,lat,reported_at,status,severity,attachments\n1,a,120.1,30.2,2026-07-01 08:00:00,open,2,a.jpg#ff;b\n",
    "external_id;point;datum;closed_at\n=\"1\";\"POINT (120.1 30.2)\";gcj02;26年7月1日 8:05\n'2;30.2 120.1;bd09;\n".as_bytes(),
    b"sep=|\nid|name|lon|lat|cell_codes|shifts|phone|valid_to\nP1|x|1|2|A;B|Mon-Fri 08:00-17:00|138|9999-12-31\n",
    b"cell_code,party,role,valid_from\nC1,x,leader,1900-01-01\n",
    b"code,name,deadline,deadline_kind,default_severity\n01,x,3d,working,2\n",
];

const JSON: &[&[u8]] = &[
    b"{\"external_id\":\"1\",\"lon\":1,\"lat\":2,\"reporter\":{\"name\":\"x\"},\"attachments\":[{\"name\":\"a\"}]}\n{\"external_id\":2}\n",
    b"[{\"id\":7,\"lon\":1,\"lat\":2,\"households\":3},{\"id\":1.5e20}]",
    b"{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:4490\"}},\"features\":[{\"type\":\"Feature\",\"id\":1,\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}]}",
    b"{\"type\":\"Feature\",\"properties\":{\"id\":\"B\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[114.0,22.5],[114.001,22.5],[114.001,22.501],[114.0,22.5]]]}}\n",
    b"{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}}\n",
];

/// A kind of things, whichever it is.
struct Exhaust<'a> {
    name: &'a str,
    bytes: &'a [u8],
    options: &'a ReadOptions,
}

impl Visit for Exhaust<'_> {
    type Out = ();

    fn visit<T: Thing>(self) {
        exhaust(self.name, self.bytes, things::open::<T>, self.options);
    }
}

fn all_kinds(name: &str, bytes: &[u8]) {
    let options = ReadOptions { zone: zone_named("Asia/Shanghai").ok(), ..ReadOptions::default() };
    exhaust(name, bytes, tickets, &options);
    exhaust(name, bytes, owners, &options);
    ThingKind::ALL.iter().for_each(|kind| kind.go(Exhaust { name, bytes, options: &options }));
}

#[test]
fn fuzz_csv() {
    fuzz("csv", CSV, |bytes| all_kinds("rows.csv", bytes));
}

#[test]
fn fuzz_json() {
    fuzz("json", JSON, |bytes| all_kinds("rows.json", bytes));
}

/// What a feed posts: one object.
#[test]
fn fuzz_feed() {
    let seeds: &[&[u8]] = &[
        b"{\"external_id\":\"1\",\"lon\":1,\"lat\":2,\"reported_at\":\"2026-01-01T08:00:00Z\",\"reporter\":{\"name\":\"x\"},\"attachments\":[{\"name\":\"a\"}]}",
        b"{\"staff\":\"s1\",\"lon\":\"120.1\",\"lat\":30.2,\"at\":\"2026-01-01T08:00:00+08:00\",\"datum\":\"gcj02\"}",
        b"{\"type\":\"Feature\",\"id\":1,\"properties\":{\"status\":\"x\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}",
    ];
    let defaults = Defaults::contract("fuzz");
    fuzz("feed", seeds, |bytes| {
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
        for refused in
            [ticket_from_json(&json, &defaults).err(), position_from_json(&json, &defaults).err()].into_iter().flatten()
        {
            assert!(!refused.message.is_empty());
        }
    });
}

#[test]
fn fuzz_calendar() {
    let seeds: &[&[u8]] = &[
        calendars::CHINA.as_bytes(),
        b"name='x'\nzone='Asia/Shanghai'\n[week]\nmonday=['09:00-12:00','13:00-24:00']\n[[year]]\nyear=2026\nsource='x'\nholidays=['2026-01-01']\n",
    ];
    fuzz("calendar", seeds, |bytes| {
        if let Ok(calendar) = calendars::CalendarData::parse(&String::from_utf8_lossy(bytes)) {
            let _ = calendar.work_calendar();
        }
    });
}

fn staff_of_workbook(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let input = Input::new(file.path().to_str().unwrap()).unwrap();
    let _ = Records::surveyed(&input, &ReadOptions::default(), things::open::<wall_core::StaffRecord>, &|_| {})
        .map(|(records, _)| records.count());
}

/// The packing; then what is in it.
#[test]
fn fuzz_xlsx() {
    let book = workbook(&[("a", false, "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\"><v>1.5</v></c></row>")]);
    fuzz("xlsx", &[book], staff_of_workbook);
}

#[test]
fn fuzz_xlsx_rows() {
    let rows = b"<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>P1</t></is></c><c r=\"B2\" s=\"1\"><v>46204.5</v></c><c r=\"C2\" t=\"e\"><v>#N/A</v></c></row>";
    fuzz("xlsx_rows", &[rows], |rows| {
        let head = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>id</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>name</t></is></c></row>";
        staff_of_workbook(&workbook(&[("a", false, &format!("{head}{}", String::from_utf8_lossy(rows)))]));
    });
}

#[test]
fn fuzz_times() {
    let zone = zone_named("Asia/Shanghai").ok();
    let readers =
        [TimeReader::common(zone.clone()), TimeReader::new(&["%d/%m/%y %H:%M".to_owned(), "unix".to_owned()], zone).unwrap()];
    let seeds: &[&[u8]] =
        &[b"2026-07-01T08:00:00+08:00", "26年7月1日 8:05".as_bytes(), b"20260701080000", b"1420479641.5", b"7/1/26 8:05"];
    fuzz("times", seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        for reader in &readers {
            if let Ok((at, _)) = reader.read(text.trim()) {
                assert!((0..7_289_654_400_000).contains(&at.0), "{text:?} is taken as {at:?}");
            }
        }
    });
}

#[test]
fn fuzz_profile() {
    let seeds: &[&[u8]] = &[
        include_bytes!("../../../../../assets/profiles/boston311.toml"),
        include_bytes!("../../../../../assets/profiles/zh-general.toml"),
        b"extends = 'default'\ntime_formats = ['%y/%m/%d']\n[values.status]\n'*' = 'received'\n[[severity]]\ncolumn='a'\nequals='b'\nseverity=1\n",
    ];
    fuzz("profile", seeds, |bytes| {
        if let Ok(profile) = Profile::parse("fuzz", &String::from_utf8_lossy(bytes)) {
            exhaust("rows.csv", CSV[0], tickets, &ReadOptions { profile, ..ReadOptions::default() });
        }
    });
}
