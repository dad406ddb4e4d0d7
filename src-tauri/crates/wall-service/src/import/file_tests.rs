//! Whole files, made here and real ones.

use std::collections::BTreeMap;
use std::io::{BufReader, Cursor, Write};
use std::path::PathBuf;

use encoding_rs::GB18030;
use proptest::prelude::*;
use wall_core::{BuildingRecord, Camera, CategoryRecord, SiteRecord, StaffRecord, StreetRecord, TicketRecord};

use super::times::zone_named;
use super::*;
use crate::things::open;

fn source(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source::from_reader(name, Box::new(BufReader::new(Cursor::new(bytes.into()))), EncodingChoice::Auto).unwrap()
}

fn opened(path: &std::path::Path) -> Source {
    Input::new(path.to_str().unwrap()).unwrap().open(EncodingChoice::Auto).unwrap()
}

/// Records and refused rows, by line; and how often each code was said.
struct Outcome {
    records: Vec<(u64, TicketRecord)>,
    rejects: Vec<Reject>,
    codes: BTreeMap<&'static str, u64>,
    encoding: String,
    datum: wall_core::DatumChoice,
}

fn all(mut records: Records<TicketRecord>) -> Outcome {
    let (mut taken, mut rejects, mut codes) = (Vec::new(), Vec::new(), BTreeMap::new());
    for read in records.by_ref() {
        match read.unwrap() {
            Read::Record { line, record, issues } => {
                taken.push((line, record));
                issues.iter().for_each(|i| *codes.entry(i.code).or_default() += 1);
            }
            Read::Reject(reject) => {
                *codes.entry(reject.reason_code).or_default() += 1;
                rejects.push(reject);
            }
        }
    }
    Outcome { records: taken, rejects, codes, encoding: records.encoding(), datum: records.datum() }
}

fn read(name: &str, bytes: impl Into<Vec<u8>>) -> Outcome {
    all(tickets(source(name, bytes), &ReadOptions::default()).unwrap())
}

/// A folder of the shared data, or a word that the test is skipped.
fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data").join(path);
    if !root.exists() {
        println!("skipped: ../shared/data/{path} is not here");
        return None;
    }
    Some(root)
}

const CSV: &str = "external_id,title,lon,lat\n1,井盖缺失,114.05,22.54\n2,路灯不亮,114.06,22.55\n";

#[test]
fn every_packing_and_encoding_reads_the_same() {
    let plain = read("t.csv", CSV);
    assert_eq!((plain.records.len(), plain.rejects.len(), plain.encoding.as_str()), (2, 0, "utf-8"));
    assert_eq!(plain.records[0].0, 2);
    assert!(plain.datum.warning.is_some(), "an undeclared datum in China is warned about");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(CSV.as_bytes()).unwrap();
    let wide = |big: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(CSV.encode_utf16());
        units.flat_map(|u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    for (what, bytes, encoding) in [
        ("gzip", gz.finish().unwrap(), "utf-8"),
        ("gb18030", GB18030.encode(CSV).0.into_owned(), "gb18030"),
        ("mark", [b"\xef\xbb\xbf", CSV.as_bytes()].concat(), "utf-8"),
        ("crlf", CSV.replace('\n', "\r\n").into_bytes(), "utf-8"),
        ("cr", CSV.replace('\n', "\r").into_bytes(), "utf-8"),
        ("semicolons", CSV.replace(',', ";").into_bytes(), "utf-8"),
        ("tabs", CSV.replace(',', "\t").into_bytes(), "utf-8"),
        ("sep line", [b"sep=,\n", CSV.as_bytes()].concat(), "utf-8"),
        ("utf-16le", wide(false, true), "utf-16le"),
        ("utf-16be", wide(true, true), "utf-16be"),
        ("utf-16le without mark", wide(false, false), "utf-16le"),
    ] {
        let found = read("t.csv", bytes);
        let records = |o: &Outcome| o.records.iter().map(|(_, r)| r.clone()).collect::<Vec<_>>();
        assert_eq!(records(&found), records(&plain), "{what}");
        assert_eq!(found.encoding, encoding, "{what}");
    }
}

#[test]
fn json_lines_arrays_and_features_read_the_same() {
    let object = |id: u32| format!("{{\"external_id\":\"{id}\",\"lon\":1.5,\"lat\":2.5,\"title\":\"井盖\"}}");
    let feature = |id: u32| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"external_id\":\"{id}\",\"title\":\"井盖\"}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[1.5,2.5]}}}}"
        )
    };
    let pretty = format!("{{\n \"type\": \"FeatureCollection\",\n \"features\": [\n{},\n{}\n]\n}}", feature(1), feature(2));
    for (what, text, lines) in [
        ("lines", format!("{}\n\n{}\n", object(1), object(2)), [1, 3]),
        ("array", format!("[\n{},\n{}]", object(1), object(2)), [2, 3]),
        ("collection", format!("{{\"type\":\"FeatureCollection\",\"features\":[{},{}]}}", feature(1), feature(2)), [0, 1]),
        ("pretty collection", pretty.clone(), [0, 1]),
        ("feature lines", format!("\u{1e}{}\n\u{1e}{}\n", feature(1), feature(2)), [1, 2]),
    ] {
        let found = read("t.json", text);
        assert_eq!(found.records.iter().map(|(line, _)| *line).collect::<Vec<_>>(), lines, "{what}");
        assert!(found.records.iter().all(|(_, r)| r.title == "井盖" && r.place.unwrap().lon == 1.5), "{what}");
    }
    let found = read("t.geojson", GB18030.encode(&pretty).0.into_owned());
    assert_eq!((found.records.len(), found.encoding.as_str(), found.records[0].1.title.as_str()), (2, "gb18030", "井盖"));
}

#[test]
fn damage_is_accounted_for_row_by_row() {
    let text = "external_id,title,lon,lat\n\
        1,good,1,2\n\
        ,no id,1,2\n\
        3,too,many,fields,1,2\n\
        4,few\n\
        5,\"open quote,1,2\n\
        5b,\"open, quote,1,2\n\
        6,after,1,2\n\
        7,nu\0l,1,2\n\
        8,west,-181,2\n";
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend(b"9,br\xffken,1,2\n");
    bytes.extend(GB18030.encode("10,下水道,1,2\n").0.iter());
    let found = read("t.csv", bytes);
    let lines: Vec<u64> = found.records.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 6, 8, 9, 11, 12]);
    let refused: Vec<_> = found.rejects.iter().map(|r| (r.line, r.reason_code)).collect();
    assert_eq!(
        refused,
        [
            (3, "external_id_missing"),
            (4, "too_many_fields"),
            (5, "coordinates_missing"),
            (7, "unclosed_quote"),
            (10, "coordinates_out_of_range")
        ]
    );
    assert_eq!(found.rejects[1].raw, "3,too,many,fields,1,2");
    assert_eq!(found.codes["nul_bytes"], 1);
}

#[test]
fn a_source_that_is_no_table_is_refused_as_a_whole() {
    for (name, bytes) in [
        ("empty.csv", b"".to_vec()),
        ("blank.csv", b" \n \n".to_vec()),
        ("other.csv", b"a,b,c\n1,2,3\n".to_vec()),
        ("noplace.csv", b"external_id,title\n1,2\n".to_vec()),
        ("binary.csv", (0..4000u32).map(|i| (i * i % 251) as u8).map(|b| b & 3).collect()),
        ("broken.geojson", b"{\"type\":\"FeatureCollection\"}".to_vec()),
        ("nolist.geojson", b"{\"type\":\"FeatureCollection\",\"features\":{}}".to_vec()),
    ] {
        let records = tickets(source(name, bytes), &ReadOptions::default());
        let refused = match records {
            Err(_) => true,
            Ok(mut records) => matches!(records.next(), Some(Err(_))),
        };
        assert!(refused, "{name}");
    }
    let broken = read("t.json", "[{\"external_id\":\"1\",\"lon\":1,\"lat\":2},{\"exter");
    assert_eq!((broken.records.len(), broken.rejects[0].reason_code), (1, "document_broken"));
}

#[test]
fn a_declared_datum_counts_and_an_unknown_one_stops() {
    let with = |crs: &str| {
        format!(
            "{{\"type\":\"FeatureCollection\",\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"{crs}\"}}}},\"features\":[{{\"type\":\"Feature\",\"id\":1,\"properties\":{{}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[114.0,22.5]}}}}]}}"
        )
    };
    let found = read("t.geojson", with("GCJ-02"));
    assert_eq!(found.datum.used, wall_core::Datum::Gcj02);
    assert_ne!(found.records[0].1.place.unwrap().lon, 114.0);
    let mut records = tickets(source("t.geojson", with("EPSG:3857")), &ReadOptions::default()).unwrap();
    assert!(records.next().unwrap().is_err());
    let options = ReadOptions { datum: Some(wall_core::Datum::Wgs84), ..ReadOptions::default() };
    assert!(tickets(source("t.geojson", with("EPSG:3857")), &options).unwrap().next().unwrap().is_ok());
}

#[test]
fn the_real_year_is_accounted_for() {
    let Some(path) = shared("boston311/tickets_2015.csv.gz") else { return };
    let options = ReadOptions { profile: Profile::load("boston311").unwrap(), ..ReadOptions::default() };
    let records = tickets(opened(&path), &options).unwrap();
    assert_eq!(records.packed(), "gzip");
    let found = all(records);
    println!("codes: {:?}", found.codes);
    assert_eq!(found.records.len() + found.rejects.len(), 121_145);
    assert_eq!(found.rejects.len(), 0);
    assert_eq!(found.codes["inverted_times"], 197);
    assert_eq!(found.records.iter().filter(|(_, t)| t.closed_at.is_none()).count(), 19_873);
    assert_eq!(found.records.iter().filter(|(_, t)| t.due_at.is_none()).count(), 26_991);
    assert!(found.records.iter().all(|(_, t)| t.channel.is_some() && t.source == "boston311" && !t.category.is_empty()));
    assert_eq!(found.records[0].1.reported_at.unwrap().to_rfc3339(), "2015-01-05T17:40:41Z");
}

#[test]
fn messy_files_are_accounted_for() {
    let Some(folder) = shared("messy_csv") else { return };
    let dmy = "extends = 'boston311'\ntime_formats = ['%d/%m/%Y %H:%M:%S']";
    for (file, taken, refused) in [
        ("boston311-100.csv", 100, 0),
        ("boston311-100.csv.zip", 100, 0),
        ("boston311-100-bad.tsv", 99, 1),
        ("boston311-100-untrimmed.jsonl", 100, 0),
        ("boston311-100-with-nonascii.csv", 100, 0),
        ("boston311-100-notime.csv", 100, 0),
        ("boston311-100-20dupes-random.csv", 100, 0),
        ("boston311-dmy-100.csv", 100, 0),
    ] {
        let profile =
            if file.contains("dmy") { Profile::parse("dmy", dmy).unwrap() } else { Profile::load("boston311").unwrap() };
        let options = ReadOptions { profile, ..ReadOptions::default() };
        let found = all(tickets(opened(&folder.join(file)), &options).unwrap());
        println!("{file}: {:?} {:?}", found.codes, found.rejects.first());
        assert_eq!((found.records.len(), found.rejects.len()), (taken, refused), "{file}");
    }
    // Day-first dates under the month-first profile are refused with a reason, never guessed.
    let options = ReadOptions { profile: Profile::load("boston311").unwrap(), ..ReadOptions::default() };
    let found = all(tickets(opened(&folder.join("boston311-dmy-100.csv")), &options).unwrap());
    assert_eq!((found.records.len(), found.codes["bad_time"]), (0, 100));
}

#[test]
fn a_chinese_export() {
    let text = "工单编号,上报时间,办结时间,状态,标题,事件类别,地址,经度,纬度,来源,紧急程度,联系电话\n\
        GD001,2026-03-01 08:30:00,,处置中,占道经营,街面秩序,福中路１号,１１４．０５,22.54,12345热线,紧急,13800000000\n\
        GD002,2026年3月1日 09:30,2026/3/1 10:30,已结案,路灯不亮,公用设施,无,114.06,22.55,网格员上报,一般,\n";
    let options = ReadOptions { profile: Profile::load("zh-general").unwrap(), ..ReadOptions::default() };
    for bytes in [text.as_bytes().to_vec(), GB18030.encode(text).0.into_owned()] {
        let found = all(tickets(source("导出.csv", bytes), &options).unwrap());
        assert_eq!((found.records.len(), found.codes.len()), (2, 0), "{:?} {:?}", found.rejects, found.codes);
        let first = &found.records[0].1;
        assert_eq!((first.place.unwrap().lon, first.severity.unwrap().get()), (114.05, 2));
        assert_eq!(first.reporter.as_ref().unwrap().phone, "13800000000");
        assert_eq!((found.records[1].1.address.as_str(), found.records[1].1.closed_at.is_some()), ("", true));
    }
    assert!(zone_named("Asia/Shanghai").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        exhaust(bytes);
    }

    #[test]
    fn nearly_good_files_lose_no_row(
        rows in proptest::collection::vec("[0-9a,\"井\\x00\\xff;]{1,20}", 0..8), damage in any::<Option<(u8, u16)>>(), gb in any::<bool>(),
    ) {
        let text = format!("external_id,title,lon,lat\n{}\n", rows.join("\n"));
        let mut bytes = if gb { GB18030.encode(&text).0.into_owned() } else { text.into_bytes() };
        if let Some((byte, at)) = damage {
            let at = 26 + usize::from(at) % (bytes.len() - 25);
            bytes.insert(at.min(bytes.len()), byte);
        }
        exhaust(bytes);
    }

    #[test]
    fn any_json_like_text_is_read_without_a_panic(text in "[\\[\\]{}\",:a1 \\n\\\\]{0,120}") {
        exhaust(text.into_bytes());
    }
}

/// Reads everything; the number of outcomes is bounded by the bytes.
fn exhaust(bytes: Vec<u8>) {
    let limit = bytes.len() + 1;
    let reader = Box::new(BufReader::new(Cursor::new(bytes)));
    let Ok(source) = Source::from_reader("any", reader, EncodingChoice::Auto) else { return };
    let Ok(records) = tickets(source, &ReadOptions::default()) else { return };
    assert!(records.take(limit + 1).count() <= limit);
}

/// Both readings of a text, as `import` does them.
fn surveyed<T: twins::Keyed>(
    open: fn(Source, &ReadOptions) -> Result<Records<T>, SourceError>,
    text: &str,
    zone: &str,
) -> (Vec<Read<T>>, Survey) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let options = ReadOptions { zone: Some(zone_named(zone).unwrap()), ..ReadOptions::default() };
    let input = Input::new(file.path().to_str().unwrap()).unwrap();
    let (records, survey) = Records::surveyed(&input, &options, open, &|_| {}).unwrap();
    (records.map(|r| r.unwrap()).collect(), survey)
}

/// What became of each row: its line and `ok`, the codes of its issues, or the reason why it was refused.
fn fates<T>(rows: &[Read<T>]) -> Vec<(u64, String)> {
    rows.iter()
        .map(|row| match row {
            Read::Record { line, issues, .. } if issues.is_empty() => (*line, "ok".to_owned()),
            Read::Record { line, issues, .. } => (*line, issues.iter().map(|i| i.code).collect::<Vec<_>>().join("+")),
            Read::Reject(reject) => (reject.line, format!("refused {}", reject.reason_code)),
        })
        .collect()
}

#[test]
fn records_that_share_a_key_and_differ_are_all_refused() {
    let text = "external_id,title,lon,lat,reported_at\n\
        330106202605040000,a,120.1,30.2,2026-05-04 01:00:00\n\
        K1,b,120.1,30.2,2026-05-04 02:00:00\n\
        330106202605040000,c,120.2,30.3,2026-05-04 03:00:00\n\
        K2,d,120.1,30.2,2026-05-04 02:00:00\n\
        \"=\"\"K2\"\"\",d,120.1,30.2,2026-05-04 02:00:00\n\
        K3,e,120.1,30.2,2026-05-04 02:00:00\n\
        K3,e,far,30.2,2026-05-04 02:00:00\n";
    let (rows, survey) = surveyed(tickets, text, "Asia/Shanghai");
    assert_eq!(
        fates(&rows).iter().map(|(line, fate)| (*line, fate.as_str())).collect::<Vec<_>>(),
        [
            (2, "refused duplicate_key"),
            (3, "ok"),
            (4, "refused duplicate_key"),
            (5, "ok"),
            (6, "spreadsheet_text+repeated_row"),
            (7, "ok"),
            (8, "refused bad_coordinates"),
        ]
    );
    let Read::Reject(first) = &rows[0] else { panic!("taken") };
    assert!(first.message.contains("330106202605040000") && first.message.contains("rows 2, 4"), "{}", first.message);
    assert_eq!((survey.rows, survey.refused, survey.first.unwrap().0), (7, 3, 2));
}

#[test]
fn things_that_share_a_key_and_differ_are_all_refused() {
    let refused = |fates: Vec<(u64, String)>| fates.into_iter().filter(|(_, f)| f.contains("duplicate_key")).count();
    let zone = "Asia/Shanghai";
    let cameras_text = "id,name,lon,lat\nC1,东,120.1,30.2\nC1,西,120.2,30.2\nC2,北,120.1,30.2\nC2,北,120.1,30.2\n\
        3.402E+19,a,120.1,30.2\n3.402E+19,b,120.2,30.2\n4.101E+17,c,120.2,30.2\n34020000001320000001,d,120.2,30.2\n";
    let fates_of = |text: &str| fates(&surveyed(open::<Camera>, text, zone).0);
    let found = fates_of(cameras_text);
    let codes: Vec<&str> = found.iter().map(|(_, f)| f.as_str()).collect();
    let refused_row = "refused duplicate_key";
    let expected = [refused_row, refused_row, "ok", "repeated_row", refused_row, refused_row, "id_in_exponent_form", "ok"];
    assert_eq!(codes, expected);
    let sites_text = "id,name,lon,lat\nS1,a,1,2\nS1,b,1,2\nS2,c,1,2\n";
    assert_eq!(refused(fates(&surveyed(open::<SiteRecord>, sites_text, zone).0)), 2);
    assert_eq!(refused(fates(&surveyed(open::<StaffRecord>, "id,name,phone\nP1,a,1\nP1,a,2\nP2,b,\n", zone).0)), 2);
    let owners_text = "cell_code,party,role,phone\nG1,张某,leader,1\nG1,张某,leader,2\nG1,张某,police,1\nG2,张某,leader,1\n";
    assert_eq!(refused(fates(&surveyed(owners, owners_text, zone).0)), 2);
    assert_eq!(refused(fates(&surveyed(open::<BuildingRecord>, "id,lon,lat,households\nB1,1,2,3\nB1,1,2,4\n", zone).0)), 2);
    assert_eq!(refused(fates(&surveyed(open::<CategoryRecord>, "code,name,edition\n01,a,1\n01,b,1\n01,b,2\n", zone).0)), 2);
    let street = |id: &str, lon: f64| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{{id}\"name\":\"路\"}},\"geometry\":{{\"type\":\"LineString\",\"coordinates\":[[{lon},22],[114.1,22]]}}}}\n"
        )
    };
    let twice = format!("{}{}", street("\"id\":\"R1\",", 114.0), street("\"id\":\"R1\",", 114.05));
    assert_eq!(refused(fates(&surveyed(open::<StreetRecord>, &twice, zone).0)), 2);
    // Streets without a number are told apart by their lines.
    let (nameless, _) = surveyed(open::<StreetRecord>, &format!("{}{}", street("", 114.0), street("", 114.05)), zone);
    let ids: std::collections::BTreeSet<String> = nameless
        .iter()
        .map(|r| match r {
            Read::Record { record, .. } => record.external_id.clone(),
            Read::Reject(reject) => panic!("{}", reject.message),
        })
        .collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn ids_that_a_spreadsheet_rounded_or_wrapped_are_named() {
    let Some(folder) = shared("faults") else { return };
    let fates_of = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        fates(&surveyed(tickets, &text, "Asia/Shanghai").0)
    };
    assert!(fates_of("tickets_ids_rounded.csv").iter().all(|(_, f)| f == "refused duplicate_key"));
    let text = std::fs::read_to_string(folder.join("tickets_ids_formula.csv")).unwrap();
    let (rows, _) = surveyed(tickets, &text, "Asia/Shanghai");
    let ids: Vec<&str> = rows
        .iter()
        .map(|r| match r {
            Read::Record { record, .. } => record.external_id.as_str(),
            Read::Reject(reject) => reject.reason_code,
        })
        .collect();
    let expected: Vec<String> = (1..=4).map(|i| format!("41010520260701000{i}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn the_source_does_not_depend_on_the_name_of_the_file() {
    let named = Profile::parse("p", "source = 'city-311'").unwrap();
    let options = |source: Option<&str>, profile: &Profile| ReadOptions {
        source: source.map(str::to_owned),
        profile: profile.clone(),
        ..ReadOptions::default()
    };
    let contract = Profile::contract();
    for (source, profile, expected) in [
        (None, &contract, ("import", "default")),
        (Some("gd"), &contract, ("gd", "asked for")),
        (None, &named, ("city-311", "of the profile")),
        (Some("gd"), &named, ("gd", "asked for")),
    ] {
        let options = options(source, profile);
        assert_eq!(options.source(), expected);
        for name in ["daily_1.csv", "daily_2.csv"] {
            let found = all(tickets(source_of(name), &options).unwrap());
            let sources: Vec<&str> = found.records.iter().map(|(_, t)| t.source.as_str()).collect();
            assert_eq!(sources, [expected.0, "own"]);
        }
    }
    fn source_of(name: &str) -> Source {
        source(name, "external_id,source,lon,lat\n1,,1,2\n2,own,1,2\n")
    }
}

#[test]
fn words_for_a_status_that_nobody_knows_are_kept() {
    let text = "external_id,lon,lat,reported_at,status\n\
        1,1,2,2026-07-01T08:00:00Z,In Process\n2,1,2,2026-07-01T08:00:00Z,已归档\n3,1,2,2026-07-01T08:00:00Z,closed\n";
    let (rows, survey) = surveyed(tickets, text, "Asia/Shanghai");
    let words: Vec<(&str, &str)> = rows
        .iter()
        .map(|r| match r {
            Read::Record { record, .. } => (record.status.unwrap().code(), record.status_word.as_str()),
            Read::Reject(reject) => panic!("{}", reject.message),
        })
        .collect();
    assert_eq!(words, [("in_progress", "In Process"), ("closed", "已归档"), ("closed", "")]);
    assert_eq!((survey.refused, survey.doubtful, survey.first_doubt.unwrap().0), (0, 2, 2));
    // The profile's word for it is no doubt.
    let profile = Profile::parse("p", "values.status.'In Process' = 'dispatched'\nvalues.status.'已归档' = 'closed'").unwrap();
    let found = all(tickets(source("t.csv", text), &ReadOptions { profile, ..ReadOptions::default() }).unwrap());
    assert!(!found.codes.contains_key("unknown_status"));
    assert_eq!(found.records[0].1.status.unwrap().code(), "dispatched");
}

#[test]
fn a_column_that_is_not_there_is_known_to_be_absent() {
    let absent = |name: &str, text: &str| {
        let rows: Vec<_> = open::<Camera>(source(name, text), &ReadOptions::default()).unwrap().map(|r| r.unwrap()).collect();
        let Read::Record { record, .. } = &rows[0] else { panic!("refused") };
        ["name", "stream_url", "state"].map(|c| record.absent.has(c))
    };
    assert_eq!(absent("c.csv", "id,name,lon,lat\nC1,a,1,2\n"), [false, true, true]);
    assert_eq!(absent("c.csv", "id,name,lon,lat,stream_url\nC1,a,1,2,\n"), [false, false, true]);
    // A short row says nothing about the columns it does not reach.
    assert_eq!(absent("c.csv", "id,lon,lat,name,stream_url,state\nC1,1,2,a\n"), [false, true, true]);
    assert_eq!(absent("c.json", "{\"id\":\"C1\",\"lon\":1,\"lat\":2,\"stream_url\":null}"), [true, false, true]);
}

#[test]
fn the_faults_of_times_and_words_are_read_right() {
    let Some(folder) = shared("faults") else { return };
    let fates_of = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        fates(&surveyed(tickets, &text, "Asia/Shanghai").0)
    };
    let years = fates_of("tickets_two_digit_years.csv");
    assert_eq!(years.iter().filter(|(_, f)| f == "refused two_digit_year").count(), 5, "{years:?}");
    assert_eq!(years[5].1, "two_digit_year");
    let words = fates_of("tickets_status_words.csv");
    assert_eq!(words.len(), 18);
    assert_eq!(words.iter().filter(|(_, f)| f.contains("unknown_status")).count(), 15, "{words:?}");
    assert!(words.iter().all(|(_, f)| !f.contains("refused")));
}
