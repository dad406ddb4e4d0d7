//! The door for tickets, tried with what feeds send.

use serde_json::json;
use wall_core::{Channel, Platform, Severity, TicketStatus, UtcMs};

use super::tickets::*;
use super::times::zone_named;
use super::*;

fn shanghai() -> Defaults {
    let zone = zone_named("Asia/Shanghai").unwrap();
    Defaults::with_profile("test", wall_core::Datum::Wgs84, Profile::contract(), Some(zone))
}

#[test]
fn a_full_ticket() {
    let json = json!({
        "external_id": "A-1", "source": "12345", "category": "0201", "title": "井盖缺失", "description": "路口",
        "lon": 114.05, "lat": 22.54, "accuracy_m": 12, "address": "福中路", "channel": "hotline", "platform": "综合执法",
        "severity": 2, "community_code": "440304001001", "reported_at": "2026-01-05T12:00:00+08:00",
        "due_at": "2026-01-06T12:00:00+08:00", "status": "处置中", "reporter": {"name": "王某", "phone": "13800000000"},
        "attachments": [{"name": "a.jpg", "hash": "ff"}, "b.jpg"], "sensitive": false
    });
    let taken = ticket_taken_from_json(&json, &Defaults::contract("feed")).unwrap();
    let t = taken.record;
    assert_eq!((t.external_id.as_str(), t.source.as_str(), t.category.as_str()), ("A-1", "12345", "0201"));
    assert_eq!((t.place.unwrap().lon, t.place.unwrap().lat, t.accuracy_m), (114.05, 22.54, Some(12.0)));
    assert_eq!((t.channel, t.platform), (Some(Channel::Hotline), Some(Platform::LawEnforcement)));
    assert_eq!((t.severity, t.status), (Severity::new(2), Some(TicketStatus::InProgress)));
    assert_eq!(t.reported_at.unwrap().to_rfc3339(), "2026-01-05T04:00:00Z");
    assert_eq!((t.attachments.len(), t.attachments[0].hash.as_str()), (2, "ff"));
    let reporter = t.reporter.unwrap();
    assert_eq!((reporter.name.as_str(), reporter.phone.as_str()), ("王某", "13800000000"));
    assert_eq!((t.sensitive, taken.issues), (Some(false), vec![]));
}

#[test]
fn refusals_name_their_reason() {
    let good = json!({"external_id": "1", "lon": 1.0, "lat": 2.0});
    for (change, expected) in [
        (json!({"external_id": null}), "external_id_missing"),
        (json!({"external_id": "  "}), "external_id_missing"),
        (json!({"external_id": "x".repeat(201)}), "external_id_too_long"),
        (json!({"external_id": 1.2345678901234567e29}), "external_id_inexact"),
        (json!({"lon": null}), "coordinates_missing"),
        (json!({"lon": null, "lat": null}), "coordinates_missing"),
        (json!({"lon": "east"}), "bad_coordinates"),
        (json!({"lon": "nan"}), "bad_coordinates"),
        (json!({"lon": "inf"}), "bad_coordinates"),
        (json!({"lon": [1]}), "bad_coordinates"),
        (json!({"lon": "1e3"}), "coordinates_out_of_range"),
        (json!({"lon": 22.5, "lat": 114.0}), "coordinates_out_of_range"),
        (json!({"lon": 0, "lat": 0.0}), "coordinates_zero"),
        (json!({"datum": "mars-2"}), "unknown_datum"),
        (json!({"reported_at": "1888-01-06T10:00:00Z"}), "year_before_1970"),
        (json!({"due_at": "9999-12-31T00:00:00Z"}), "year_after_2200"),
        (json!({"reported_at": "26/7/1 8:05"}), "two_digit_year"),
        (json!({"external_id": "a\u{202e}b"}), "bad_id_characters"),
        (json!({"reported_at": "yesterday"}), "bad_time"),
        (json!({"reported_at": "2026-01-05 12:00:00"}), "time_without_zone"),
        (json!({"due_at": "2026-13-05T12:00:00Z"}), "bad_time"),
    ] {
        let mut json = good.clone();
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reject = ticket_from_json(&json, &Defaults::contract("feed")).unwrap_err();
        assert_eq!(reject.reason_code, expected, "{json}: {}", reject.message);
        assert!(!reject.message.is_empty() && reject.raw.contains("external_id"));
    }
    assert_eq!(ticket_from_json(&good, &Defaults::contract("")).unwrap_err().reason_code, "source_missing");
    for json in [json!(null), json!([1]), json!("text"), json!(7)] {
        assert_eq!(ticket_from_json(&json, &Defaults::contract("feed")).unwrap_err().reason_code, "not_an_object");
    }
}

#[test]
fn what_is_kept_is_said() {
    let good = json!({"external_id": 101004143000u64, "LON": "１１４．０５", "Latitude": " 22.54 "});
    for (change, expected, status, closed) in [
        (json!({}), "", None, false),
        (json!({"status": "closed"}), "closed_without_time", Some(TicketStatus::Closed), false),
        (json!({"closed_at": "2026-01-05"}), "date_without_time", Some(TicketStatus::Closed), true),
        (
            json!({"status": "open", "closed_at": "2026-01-05 10:00"}),
            "closing_time_of_open_ticket",
            Some(TicketStatus::Received),
            false,
        ),
        (
            json!({"reported_at": "2026-01-06 10:00", "closed_at": "2026-01-05 10:00"}),
            "inverted_times",
            Some(TicketStatus::Closed),
            true,
        ),
        (json!({"reported_at": "2026-01-06 10:00", "due_at": "2026-01-05 10:00"}), "due_before_reported", None, false),
        (json!({"reported_at": "26年7月1日 8:05"}), "two_digit_year", None, false),
        (json!({"status": "sleeping"}), "unknown_status", Some(TicketStatus::Received), false),
        (json!({"status": "Completed"}), "unknown_status,closed_without_time", Some(TicketStatus::Closed), false),
        (json!({"channel": "pigeon"}), "unknown_channel", None, false),
        (json!({"severity": "9"}), "unknown_severity", None, false),
        (json!({"accuracy_m": "-3"}), "bad_number", None, false),
        (json!({"sensitive": "perhaps"}), "bad_flag", None, false),
        (json!({"title": "长".repeat(400)}), "text_cut", None, false),
        (json!({"title": "br\u{fffd}ken"}), "bad_characters", None, false),
        (json!({"external_id": "1.01E+11"}), "id_in_exponent_form", None, false),
    ] {
        let mut json = good.clone();
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let taken = ticket_taken_from_json(&json, &shanghai()).unwrap();
        let codes: Vec<_> = taken.issues.iter().map(|i| i.code).collect();
        assert_eq!(codes.join(","), expected, "{json}");
        assert_eq!((taken.record.status, taken.record.closed_at.is_some()), (status, closed), "{json}");
        assert_eq!(taken.record.inverted_times, expected == "inverted_times");
        assert!(taken.record.title.len() <= limits::LINE);
        assert_eq!(taken.record.place, wall_core::Place::new(114.05, 22.54));
    }
}

#[test]
fn datum_of_the_row_comes_first() {
    let json = json!({"external_id": "1", "lon": 114.05, "lat": 22.54, "datum": "gcj02"});
    let taken = ticket_taken_from_json(&json, &Defaults::contract("feed")).unwrap();
    assert!(taken.datum_named);
    assert_eq!(taken.record.place.unwrap(), wall_core::Datum::Gcj02.to_wgs84(taken.given.unwrap()));
    assert_ne!(taken.record.place, taken.given);
}

#[test]
fn features_and_points() {
    let feature = json!({"type": "Feature", "id": 7, "geometry": {"type": "Point", "coordinates": [1.5, 2.5, 30]}, "properties": {"title": "x"}});
    let t = ticket_from_json(&feature, &Defaults::contract("feed")).unwrap();
    assert_eq!((t.external_id.as_str(), t.place.unwrap().lon, t.place.unwrap().lat), ("7", 1.5, 2.5));
    for (geometry, expected) in [
        (json!(null), "coordinates_missing"),
        (json!({"type": "Polygon", "coordinates": []}), "bad_geometry"),
        (json!({"type": "Point", "coordinates": []}), "bad_coordinates"),
        (json!({"type": "Point", "coordinates": ["1", "2"]}), "bad_coordinates"),
        (json!({"type": "Point", "coordinates": [200, 2]}), "coordinates_out_of_range"),
        (json!("Point"), "bad_geometry"),
    ] {
        let feature = json!({"type": "Feature", "id": 7, "geometry": geometry, "properties": null});
        assert_eq!(ticket_from_json(&feature, &Defaults::contract("f")).unwrap_err().reason_code, expected, "{feature}");
    }
    for (point, order, lon) in
        [("(42.36, -71.06)", "lat_lon", -71.06), ("121.47 31.23", "lon_lat", 121.47), ("POINT(121.47 31.23)", "lat_lon", 121.47)]
    {
        let profile = Profile::parse("p", &format!("point_order = '{order}'\ncolumns.point = 'where'")).unwrap();
        let defaults = Defaults::with_profile("s", wall_core::Datum::Wgs84, profile, None);
        let t = ticket_from_json(&json!({"external_id": "1", "where": point}), &defaults).unwrap();
        assert_eq!(t.place.unwrap().lon, lon, "{point}");
    }
}

#[test]
fn positions() {
    let defaults = Defaults::contract("feed");
    let good = json!({"staff": "S1", "lon": 114.05, "lat": 22.54, "accuracy_m": 8, "at": "2026-01-05T12:00:00+08:00"});
    let p = position_from_json(&good, &defaults).unwrap();
    assert_eq!((p.staff.as_str(), p.accuracy_m, p.at.to_rfc3339().as_str()), ("S1", Some(8.0), "2026-01-05T04:00:00Z"));
    for (field, expected) in [("staff", "staff_missing"), ("at", "time_missing"), ("lat", "coordinates_missing")] {
        let mut json = good.clone();
        json.as_object_mut().unwrap().remove(field);
        assert_eq!(position_from_json(&json, &defaults).unwrap_err().reason_code, expected);
    }
}

#[test]
fn nested_json_by_a_profile() {
    let profile =
        Profile::parse("n", "columns.external_id = 'case.no'\ncolumns.lon = 'where.x'\ncolumns.lat = 'where.y'").unwrap();
    let defaults = Defaults::with_profile("s", wall_core::Datum::Wgs84, profile, None);
    let json = json!({"case": {"no": "K9"}, "where": {"x": 1, "y": 2}});
    assert_eq!(ticket_from_json(&json, &defaults).unwrap().external_id, "K9");
}

#[test]
fn times_ahead_of_the_clock_are_marked_or_refused_by_name() {
    let mut defaults = Defaults::contract("feed");
    defaults.came_at = UtcMs::from_rfc3339("2026-05-01T08:00:00Z").unwrap();
    let row = |field: &str, time: &str| json!({ "external_id": "1", "lon": 1, "lat": 2, "status": "closed", field: time });
    let code = |defaults: &Defaults, json: &serde_json::Value| match ticket_taken_from_json(json, defaults) {
        Ok(taken) => taken.issues.iter().find(|i| i.code == "time_ahead").map_or("taken", |i| i.code),
        Err(reject) => reject.reason_code,
    };
    for field in ["reported_at", "status_at", "closed_at"] {
        for (time, expected) in [
            ("2026-05-01T08:01:00Z", "taken"),
            ("2026-05-01T08:01:01Z", "time_ahead"),
            ("2026-05-02T08:00:00Z", "time_ahead"),
            ("2026-05-02T08:00:01Z", "time_in_future"),
        ] {
            assert_eq!(code(&defaults, &row(field, time)), expected, "{field} {time}");
        }
    }
    // A deadline is in the future by nature.
    assert_eq!(code(&defaults, &row("due_at", "2027-01-01T00:00:00Z")), "taken");
    let position = |at: &str| json!({ "staff": "S1", "lon": 1, "lat": 2, "at": at });
    assert_eq!(position_from_json(&position("2026-05-03T00:00:00Z"), &defaults).unwrap_err().reason_code, "time_in_future");
    assert!(position_from_json(&position("2026-05-01T20:00:00Z"), &defaults).is_ok());
    defaults.profile = std::sync::Arc::new(Profile::parse("lenient", "allow_future = true").unwrap());
    assert_eq!(code(&defaults, &row("reported_at", "2031-01-01T00:00:00Z")), "time_ahead");
    // A message of how a known ticket stands needs no place; one that says nothing does.
    let stands = json!({ "external_id": "1", "status": "done" });
    assert_eq!(ticket_from_json(&stands, &defaults).unwrap().place, None);
    let nothing = json!({ "external_id": "1", "title": "x" });
    assert_eq!(ticket_from_json(&nothing, &defaults).unwrap_err().reason_code, "coordinates_missing");
}
