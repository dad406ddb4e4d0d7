//! The wall's questions: what they refuse, and that good ones are answered.

use crate::{Room, get};
use serde_json::{Value, json};
use wall_store::Role;

#[tokio::test]
async fn good_questions_are_answered_on_an_empty_wall() {
    let room = Room::local().await;
    for path in [
        "wall",
        "wall?as_of=2015-12-31T12:00:00-05:00",
        "snapshot",
        "snapshot?as_of=2015-12-31T12%3A00%3A00%2B08%3A00",
        "areas?level=cell",
        "areas?level=community",
        "areas?level=street",
        "cells",
        "points?west=1&south=1&east=2&north=2",
        "points?west=1&south=1&east=2&north=2&kinds=camera,site&limit=1",
        "search?q=a",
        "search",
        "histogram?from=2015-01-01T00:00:00Z&to=2015-02-01T00:00:00Z&buckets=10",
        "tickets",
        "tickets?status=open&bbox=1,1,2,2&limit=1000",
        "near?lon=1&lat=1&kind=camera&k=3&within_m=100",
        "stats",
        "stats?by=owner&as_of=2015-01-01T00:00:00Z",
    ] {
        let answer = room.ask(get(&format!("/api/v1/{path}"))).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        answer.json();
    }
    let cells = room.ask(get("/api/v1/cells")).await;
    assert_eq!((cells.header("content-type"), &cells.json()["type"]), ("application/geo+json", &json!("FeatureCollection")));
    assert_eq!(room.ask(get("/api/v1/tickets")).await.json(), json!({ "tickets": [], "cursor": null }));
    assert_eq!(room.ask(get("/basemap/0/0/0.mvt")).await.status.as_u16(), 204);
}

#[tokio::test]
async fn heat_is_bytes_with_their_scale() {
    let room = Room::local().await;
    for mode in ["heat", "time_left"] {
        let answer = room.ask(get(&format!("/api/v1/heat?west=1&south=1&east=2&north=2&width=16&height=9&mode={mode}"))).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 16 * 9), "{mode}");
        for header in ["x-heat-peak", "x-heat-max", "x-heat-at-ms", "x-heat-revision"] {
            assert!(answer.header(header).parse::<f64>().unwrap().is_finite(), "{header}");
        }
    }
}

#[tokio::test]
async fn bad_questions_are_refused_with_words() {
    let room = Room::local().await;
    let window = "west=1&south=1&east=2&north=2";
    for path in [
        "api/v1/wall?as_of=now".to_owned(),
        "api/v1/wall?as_of=2015-12-31T12:00:00".into(),
        "api/v1/wall?as_of=1&as_of=2".into(),
        "api/v1/snapshot?as_of=99999-01-01T00:00:00Z".into(),
        "api/v1/areas".into(),
        "api/v1/areas?level=planet".into(),
        format!("api/v1/heat?{window}"),
        format!("api/v1/heat?{window}&width=0&height=1"),
        format!("api/v1/heat?{window}&width=2049&height=1"),
        format!("api/v1/heat?{window}&width=-1&height=1"),
        format!("api/v1/heat?{window}&width=1&height=1&mode=cold"),
        format!("api/v1/heat?{window}&width=1&height=1&max=0"),
        format!("api/v1/heat?{window}&width=1&height=1&max=NaN"),
        "api/v1/heat?west=NaN&south=1&east=2&north=2&width=1&height=1".into(),
        "api/v1/heat?west=1&south=-90&east=2&north=90&width=1&height=1".into(),
        "api/v1/points?west=2&south=1&east=1&north=2".into(),
        format!("api/v1/points?{window}&kinds=people"),
        format!("api/v1/points?{window}&limit=0"),
        format!("api/v1/points?{window}&limit=99999"),
        "api/v1/area-card?level=cell".into(),
        "api/v1/area-card?key=1".into(),
        "api/v1/ticket-card".into(),
        "api/v1/ticket-card?id=abc".into(),
        "api/v1/ticket-card?id=-1".into(),
        "api/v1/ticket-card?id=9999999999999999999".into(),
        format!("api/v1/search?q={}", "a".repeat(201)),
        "api/v1/search?q=a&limit=0".into(),
        "api/v1/search?q=a&as_of=2015-01-01T00:00:00Z".into(),
        "api/v1/histogram?from=2015-01-01T00:00:00Z".into(),
        "api/v1/histogram?from=2015-01-02T00:00:00Z&to=2015-01-01T00:00:00Z".into(),
        "api/v1/histogram?from=2015-01-01T00:00:00Z&to=2015-01-02T00:00:00Z&buckets=0".into(),
        "api/v1/tickets?status=lost".into(),
        "api/v1/tickets?bbox=1,2,3".into(),
        "api/v1/tickets?bbox=1,2,inf,4".into(),
        "api/v1/tickets?limit=1001".into(),
        "api/v1/tickets?cursor=%00%ff".into(),
        "api/v1/tickets?as_of=2015-01-01T00:00:00Z".into(),
        "api/v1/near?lon=1&lat=1".into(),
        "api/v1/near?lon=181&lat=1&kind=camera".into(),
        "api/v1/near?lon=1&lat=1&kind=dragon".into(),
        "api/v1/near?lon=1&lat=1&kind=camera&k=0".into(),
        "api/v1/near?lon=1&lat=1&kind=camera&within_m=-1".into(),
        "api/v1/stats?by=person".into(),
        format!("api/v1/search?{}", "a=1&".repeat(200)),
    ] {
        let answer = room.ask(get(&format!("/{path}"))).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid"), "{path}");
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
    for path in ["basemap/31/0/0.mvt", "basemap/0/1/0.mvt", "basemap/0/0/0.png", "basemap/0/-1/0.mvt", "basemap/a/b/c.mvt"] {
        assert_eq!(room.ask(get(&format!("/{path}"))).await.status.as_u16(), 404, "{path}");
    }
    for path in ["ticket-card?id=77", "area-card?level=cell&key=77", "tickets?cell=no-such"] {
        assert_eq!(room.ask(get(&format!("/api/v1/{path}"))).await.status.as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn health_and_metrics() {
    let room = Room::new().await;
    assert_eq!(room.ask(get("/healthz")).await.json(), json!({ "status": "ok" }));
    assert_eq!(room.ask(get("/readyz")).await.json(), json!({ "status": "ready" }));
    let feed = room.feed().await;
    room.post(&feed, "/api/v1/tickets", "application/json", "[{}]").await;
    let metrics = room.get(&feed, "/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = metrics.text();
    assert!(text.contains("gridwall_intake_rows_total{outcome=\"refused\"} 1\n"), "{text}");
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("gridwall_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn tickets_come_page_by_page() {
    let room = Room::local().await;
    let tickets: Vec<Value> =
        (0..25).map(|n| json!({ "external_id": n.to_string(), "source": "t", "lon": 1.0, "lat": 1.0, "reported_at": "2026-05-01T08:00:00Z" })).collect();
    let body = crate::post("/api/v1/tickets", "application/json", Value::from(tickets).to_string());
    assert_eq!(room.ask(body).await.status.as_u16(), 200);
    room.until("all tickets", async || {
        (room.ask(get("/api/v1/tickets?limit=1000")).await.json()["tickets"].as_array().unwrap().len() == 25).then_some(())
    })
    .await;
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), String::new());
    loop {
        let page = room.ask(get(&format!("/api/v1/tickets?limit=10&cursor={cursor}"))).await.json();
        let tickets = page["tickets"].as_array().unwrap();
        assert!(tickets.len() <= 10);
        assert!(tickets.iter().all(|t| seen.insert(t["id"].as_i64().unwrap())), "each once");
        match page["cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
}

/// Legal to ask, hard to answer: the wall may refuse, but nothing breaks.
#[tokio::test]
async fn extremes_do_not_break_the_wall() {
    let room = Room::local().await;
    let ticket = |id: &str, lon: f64, lat: f64, at: &str| json!({ "external_id": id, "source": "t", "lon": lon, "lat": lat, "reported_at": at, "due_at": at, "title": "\u{0}\u{7}长".repeat(1000) });
    let rows = json!([
        ticket("pole", 180.0, 90.0, "2026-05-01T08:00:00Z"),
        ticket("other pole", -180.0, -90.0, "0001-01-01T00:00:00Z"),
        ticket("late", 0.0, 0.0, "9999-12-30T00:00:00Z"),
        ticket("early", 0.0, 0.0, "-009999-01-03T00:00:00Z"),
    ]);
    let posted = room.ask(crate::post("/api/v1/tickets", "application/json", rows.to_string())).await;
    assert!(matches!(posted.status.as_u16(), 200 | 207), "{posted:?}");
    let times = ["", "&as_of=9999-12-30T22:00:00Z", "&as_of=-009999-01-02T02:00:00Z", "&as_of=1970-01-01T00:00:00Z"];
    for time in times {
        for path in [
            "wall?x=1",
            "snapshot?x=1",
            "areas?level=cell",
            "stats?by=category",
            "stats?by=owner",
            "ticket-card?id=1",
            "heat?west=-540&south=-85&east=540&north=85&width=64&height=64",
            "heat?west=1&south=1&east=1.0000000000001&north=1.0000000000001&width=64&height=64",
            "heat?west=179.9&south=1&east=180.1&north=2&width=2048&height=1&mode=time_left",
            "heat?west=0&south=0&east=1&north=1&width=8&height=8&max=1e-300",
            "points?west=-540&south=-90&east=540&north=90",
            "points?west=0&south=0&east=5e-324&north=5e-324",
        ] {
            let answer = room.ask(get(&format!("/api/v1/{path}{time}"))).await;
            assert!(answer.status.as_u16() < 500, "{path}{time}: {} {}", answer.status, answer.text());
        }
    }
    for path in [
        "near?lon=180&lat=90&kind=ticket&k=1000",
        "near?lon=-180&lat=-90&kind=camera&within_m=0",
        "histogram?from=-009999-01-03T00:00:00Z&to=9999-12-30T00:00:00Z&buckets=2000",
        "histogram?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00.001Z&buckets=2000",
        "search?q=%25_%22%27%3B--",
        "search?q=%F0%9F%A7%B1%00&limit=100",
        "tickets?bbox=-180,-90,180,90&cursor=-9223372036854775808",
        "tickets?cursor=9223372036854775807",
        "area-card?level=cell&key=-9223372036854775808",
        "area-card?level=street&key=%00",
    ] {
        let answer = room.ask(get(&format!("/api/v1/{path}"))).await;
        assert!(answer.status.as_u16() < 500, "{path}: {} {}", answer.status, answer.text());
    }
    // Still whole.
    assert_eq!(room.ask(get("/api/v1/snapshot")).await.status.as_u16(), 200);
}

#[tokio::test]
async fn extreme_clocks_do_not_break_the_wall() {
    let room = Room::new().await;
    let feed = room.token("replay", Role::Replay, true).await;
    for wall_at in ["0001-01-01T00:00:00Z", "9999-12-30T20:00:00Z", "1970-01-01T00:00:00Z"] {
        for speed in [0.0, 1e6] {
            let body = json!({ "wall_at": wall_at, "speed": speed }).to_string();
            assert_eq!(room.post(&feed, "/api/v1/clock", "application/json", body).await.status.as_u16(), 200, "{wall_at}");
            let ticket = json!({ "external_id": wall_at, "lon": 1, "lat": 1 }).to_string();
            assert_eq!(room.post(&feed, "/api/v1/tickets", "application/json", ticket).await.status.as_u16(), 200, "{wall_at}");
            for path in ["snapshot", "wall", "stats", "tickets"] {
                let answer = room.get(&feed, &format!("/api/v1/{path}")).await;
                assert_eq!(answer.status.as_u16(), 200, "{wall_at} {speed} {path}: {}", answer.text());
            }
        }
    }
}
