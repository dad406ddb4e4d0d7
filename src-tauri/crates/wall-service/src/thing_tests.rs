//! Owners, cameras, staff, sites, buildings, streets and categories from files.

use std::io::Write;

use super::*;
use crate::import::{Input, Read, owners, times::zone_named};

fn read<T: Keyed>(
    open: fn(Source, &ReadOptions) -> Result<Records<T>, SourceError>,
    name: &str,
    text: &str,
) -> Vec<Result<T, String>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    let options = ReadOptions { zone: Some(zone_named("Asia/Shanghai").unwrap()), ..ReadOptions::default() };
    let records = match Records::surveyed(&Input::new(path.to_str().unwrap()).unwrap(), &options, open, &|_| {}) {
        Ok((records, _)) => records,
        Err(e) => return vec![Err(format!("whole: {e}"))],
    };
    records
        .map(|r| match r.unwrap() {
            Read::Record { record, issues, .. } if issues.is_empty() => Ok(record),
            Read::Record { issues, .. } => Err(issues[0].code.to_owned()),
            Read::Reject(reject) => Err(reject.reason_code.to_owned()),
        })
        .collect()
}

fn codes<T>(found: Vec<Result<T, String>>) -> Vec<String> {
    found.into_iter().map(|r| r.err().unwrap_or_else(|| "ok".to_owned())).collect()
}

#[test]
fn owners_with_dates() {
    let text = "cell_code,party,party_kind,role,phone,valid_from,valid_to\n\
        C1,张某,person,leader,13800000000,2026-01-01,\n\
        C1,某科室,,责任单位,,2026-01-01T00:00:00+08:00,2026-07-01\n\
        C2,李某,,专职网格员,,,\n\
        C3,某单位,单位,,,,\n\
        ,无格,,,,,\n\
        C4,,,,,,\n\
        C5,王某,,king,,,\n\
        C6,赵某,,,,2026-07-01,2026-01-01\n";
    let found = read(owners, "owners.csv", text);
    let first = found[0].as_ref().unwrap();
    assert_eq!(first.valid_from.unwrap().to_rfc3339(), "2025-12-31T16:00:00Z");
    let kinds: Vec<_> = found[1..4].iter().map(|r| r.as_ref().map(|o| (o.party_kind.code(), o.role.code())).unwrap()).collect();
    assert_eq!(kinds, [("unit", "unit"), ("person", "full_time"), ("unit", "unit")]);
    assert_eq!(found[0].as_ref().unwrap().valid_from, found[1].as_ref().unwrap().valid_from);
    assert_eq!(codes(found)[4..], ["cell_code_missing", "party_missing", "unknown_role", "inverted_validity"]);
}

#[test]
fn cameras_and_sites() {
    let text = "id,name,lon,lat,kind,heading_deg,fov_deg,range_m,stream_url,snapshot_url,state\n\
        34020000001320000001,路口,114.05,22.54,dome,-90,60,80,rtsp://x,,在线\n\
        2,b,114.05,22.54,,north,,,,,\n\
        3,c,,22.54,,,,,,,\n\
        4,d,114.05,22.54,,,,,,,asleep\n";
    let found = read(open::<Camera>, "cameras.csv", text);
    let first = found[0].as_ref().unwrap();
    assert_eq!(
        (first.external_id.as_str(), first.heading_deg, first.state.code()),
        ("34020000001320000001", Some(270.0), "online")
    );
    assert_eq!(codes(found)[1..], ["bad_number", "coordinates_missing", "unknown_state"]);
    let feature = "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"id\":\"S1\",\"name\":\"小学\",\"kind\":\"school\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[114.05,22.54]}}]}";
    let found = read(open::<SiteRecord>, "sites.geojson", feature);
    assert_eq!(found[0].as_ref().unwrap().name, "小学");
    assert!(codes(read(open::<SiteRecord>, "sites.csv", "id,name\n1,2\n"))[0].starts_with("whole: "));
}

#[test]
fn staff_with_cells() {
    let text = "id,name,role,unit,cell_codes,phone,shifts\nS1,王某,网格员,社区,C1; C2、C3,138,Mon-Fri 08:00-17:00\n,无号,,,,,\n";
    let found = read(open::<StaffRecord>, "staff.csv", text);
    let first = found[0].as_ref().unwrap();
    assert_eq!((first.cell_codes.join("+").as_str(), first.shifts.as_str()), ("C1+C2+C3", "Mon-Fri 08:00-17:00"));
    assert_eq!(codes(found)[1], "id_missing");
}

#[test]
fn buildings_by_polygon_or_point() {
    let text = "{\"type\":\"FeatureCollection\",\"features\":[\
        {\"type\":\"Feature\",\"properties\":{\"id\":\"B1\",\"households\":40,\"population\":\"1０0\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[114.0,22.5],[114.001,22.5],[114.001,22.501],[114.0,22.501],[114.0,22.5]]]}},\
        {\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":[114.002,22.5]}},\
        {\"type\":\"Feature\",\"properties\":{\"id\":\"B3\"},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}},\
        {\"type\":\"Feature\",\"properties\":{\"id\":\"B4\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[114.0,22.5],[114.001,22.5]]]}}]}";
    let found = read(open::<BuildingRecord>, "b.geojson", text);
    let first = found[0].as_ref().unwrap();
    assert_eq!((first.households, first.population), (Some(40), Some(100)));
    assert!(
        first.footprint.is_some() && (114.0..114.001).contains(&first.place.lon) && (22.5..22.501).contains(&first.place.lat)
    );
    assert_eq!(found[1].as_ref().unwrap().external_id, "@114.0020000,22.5000000");
    let codes = codes(found);
    assert_eq!(codes[2], "bad_geometry");
    assert_ne!(codes[3], "ok");
    assert_eq!(read(open::<BuildingRecord>, "b.csv", "lon,lat,households\n1,2,3\n")[0].as_ref().unwrap().households, Some(3));
}

#[test]
fn streets_are_lines() {
    let text = "{\"type\":\"Feature\",\"properties\":{\"name\":\"福中路\",\"class\":\"arterial\"},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[114,22],[114,22],[114.1,22]]}}\n\
        {\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[5,6]]]}}\n\
        {\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}\n\
        {\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,\"2\"]]}}\n\
        {\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2]]}}\n";
    let found = read(open::<StreetRecord>, "s.geojsonl", text);
    assert_eq!(found[0].as_ref().unwrap().lines[0].len(), 2);
    assert_eq!(found[1].as_ref().unwrap().lines.len(), 1);
    assert_eq!(codes(found)[2..], ["bad_geometry", "bad_coordinates", "bad_geometry"]);
    assert!(codes(read(open::<StreetRecord>, "s.csv", "name,class\na,b\n"))[0].starts_with("whole: "));
}

#[test]
fn categories_with_deadlines() {
    let text = "kind,code,name,platform,default_severity,deadline,deadline_kind,standard,edition,valid_from,valid_to,sensitive\n\
        事项,0101,私搭乱建,综合执法,2,3d,working,S,2013,2014-08-15,,否\n\
        component,0101,井盖,,,90m,,,,,,\n\
        ,0102,垃圾,,,4,,,,,,是\n\
        ,0103,x,,,soon,,,,,,\n\
        ,0104,x,,9,,,,,,,\n\
        ,0105,,,,,,,,,,\n";
    let found = read(open::<CategoryRecord>, "c.csv", text);
    let deadlines: Vec<_> = found[..3].iter().map(|r| r.as_ref().map(|c| (c.kind.as_str(), c.deadline_s)).unwrap()).collect();
    assert_eq!(deadlines, [("event", Some(86_400)), ("component", Some(5_400)), ("event", Some(14_400))]);
    assert!(found[2].as_ref().unwrap().sensitive);
    assert_eq!(codes(found)[3..], ["bad_deadline", "unknown_severity", "name_missing"]);
}

#[test]
fn the_bundled_category_table_is_sound() {
    let text = include_str!("../../../../assets/categories/categories.csv");
    let found = read(open::<CategoryRecord>, "categories.csv", text);
    let records: Vec<_> = found.into_iter().map(|r| r.unwrap()).collect();
    assert!(records.len() >= 40);
    let keys: std::collections::BTreeSet<_> = records.iter().map(|c| (c.kind.clone(), c.code.clone())).collect();
    assert_eq!(keys.len(), records.len(), "kind + code is the key");
    assert!(records.iter().all(|c| c.platform.is_some() && c.default_severity.is_some() && c.deadline_s.is_some()));
    assert!(records.iter().any(|c| c.sensitive));
}

#[test]
fn registers_without_end_have_an_open_end() {
    let text = "cell_code,party,valid_from,valid_to\nC1,张某,1900-01-01,9999-12-31\nC1,李某,2026-01-01,1900-01-01\n";
    let found = read(owners, "o.csv", text);
    assert_eq!(codes(found), ["open_end", "year_before_1970"]);
}
