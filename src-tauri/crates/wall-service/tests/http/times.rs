//! Times that are odd, late or out of order: nothing accepted is hidden, and a ticket has one status everywhere.

use crate::{Answer, Room};
use serde_json::{Value, json};
use wall_core::UtcMs;
use wall_service::wall::{AsOf, Keeper};
use wall_store::{Actor, Role};

const JSON: &str = "application/json";
const MINUTE: i64 = 60_000;

fn admin() -> Actor {
    Actor::new("test", Role::Admin, "cli")
}

fn system() -> UtcMs {
    UtcMs(jiff::Timestamp::now().as_millisecond())
}

fn ticket(id: &str, reported: UtcMs) -> Value {
    json!({ "external_id": id, "lon": 120.1, "lat": 30.2, "category": "drain", "title": "井盖", "reported_at": reported.to_rfc3339() })
}

/// Posts one ticket as an operator's token, which may look too, and answers its line.
async fn send(room: &Room, token: &str, row: Value) -> Value {
    room.post(token, "/api/v1/tickets", JSON, row.to_string()).await.json()
}

/// Asks once the world has taken in everything that is stored.
async fn settled(room: &Room, token: &str, path: &str) -> Answer {
    room.settle().await;
    let answer = room.get(token, path).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
    answer
}

fn ids(tickets: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> = tickets.as_array().unwrap().iter().map(|t| t["external_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_time_ahead_of_the_clock_hides_nothing() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let now = system();
    let soon = send(&room, &token, ticket("soon", now.plus_ms(42_000))).await;
    assert_eq!((&soon["status"], &soon["note"]), (&json!("created"), &Value::Null));
    // Local time written as UTC.
    let ahead = send(&room, &token, ticket("ahead", now.plus_ms(8 * 60 * MINUTE))).await;
    assert_eq!(ahead["status"], "created");
    assert!(ahead["note"].as_str().unwrap().starts_with("time_ahead: reported_at"), "{ahead}");
    let far = send(&room, &token, ticket("far", now.plus_ms(25 * 60 * MINUTE))).await;
    assert_eq!(far["status"], "rejected");
    assert!(far["reason"].as_str().unwrap().contains("more than a day"), "{far}");

    let list = settled(&room, &token, "/api/v1/tickets?status=open").await.json();
    assert_eq!(ids(&list["tickets"]), ["ahead", "soon"]);
    for t in list["tickets"].as_array().unwrap() {
        let odd = t["external_id"] == "ahead";
        assert_eq!((&t["ahead"], &t["open"]), (&json!(odd), &json!(true)), "{t}");
        assert!(t["since_ms"].as_i64().unwrap() <= system().0 && (odd || t["reported_ms"] == t["since_ms"]), "{t}");
    }
    let snapshot = room.get(&token, "/api/v1/snapshot").await.json();
    assert_eq!(ids(&snapshot["tickets"]), ["ahead", "soon"]);
    assert_eq!((&snapshot["clock"]["later"], &snapshot["figures"][1]["value"]), (&json!(0), &json!(2.0)));
    let now_asked = room.get(&token, &format!("/api/v1/snapshot?as_of={}", system().to_rfc3339())).await.json();
    assert_eq!(ids(&now_asked["tickets"]), ["ahead", "soon"], "as of now is now");
    assert_eq!(room.get(&token, "/api/v1/search?q=ahead").await.json().as_array().unwrap().len(), 1);
    let points = room.get(&token, "/api/v1/points?west=120&south=30&east=121&north=31&kinds=ticket").await.json();
    assert_eq!(points["features"].as_array().unwrap().len(), 2);
    let card = room.get(&token, &format!("/api/v1/ticket-card?id={}", ahead["id"])).await.json();
    assert_eq!((&card["ticket"]["ahead"], &card["history"][0]["ahead"]), (&json!(true), &json!(true)));
    assert_eq!(room.get(&token, "/open311/v2/requests.json").await.json().as_array().unwrap().len(), 2);
    assert_eq!(room.wall.ticket_rows(&admin(), AsOf::default()).await.unwrap().len(), 2);

    // It closes at once too, though the sender's clock says later.
    let mut closed = ticket("ahead", now.plus_ms(8 * 60 * MINUTE));
    (closed["status"], closed["closed_at"]) = (json!("closed"), json!(now.plus_ms(9 * 60 * MINUTE).to_rfc3339()));
    assert_eq!(send(&room, &token, closed).await["status"], "updated");
    let list = settled(&room, &token, "/api/v1/tickets?status=closed").await.json();
    assert_eq!(ids(&list["tickets"]), ["ahead"]);
    assert_eq!((&list["tickets"][0]["ahead"], &list["tickets"][0]["open"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn behind_a_fixed_clock_later_tickets_are_hidden_and_counted() {
    let then = UtcMs::from_rfc3339("2015-06-01T12:00:00Z").unwrap();
    let room = Room::fixed(then).await;
    let token = room.token("feed", Role::Operator, true).await;
    for (id, minutes) in [("before", -10), ("after", 1), ("later", 600)] {
        assert_eq!(send(&room, &token, ticket(id, then.plus_ms(minutes * MINUTE))).await["status"], "created");
    }
    let snapshot = settled(&room, &token, "/api/v1/snapshot").await.json();
    assert_eq!((ids(&snapshot["tickets"]), &snapshot["clock"]["later"]), (vec!["before"], &json!(2)));
    assert_eq!(room.get(&token, "/api/v1/wall").await.json()["clock"]["later"], 2);
    // A status that nobody dated is of the wall's now, and a list by status asks the status of then.
    let said = send(&room, &token, json!({ "external_id": "before", "status": "in_progress" })).await;
    assert_eq!(said["status"], "updated");
    let close = json!({ "external_id": "before", "status": "closed", "closed_at": then.plus_ms(MINUTE).to_rfc3339() });
    assert_eq!(send(&room, &token, close).await["status"], "updated");
    let list = settled(&room, &token, "/api/v1/tickets?status=in_progress").await.json();
    assert_eq!(ids(&list["tickets"]), ["before"]);
    let list = room.get(&token, "/api/v1/tickets?status=closed").await.json();
    assert_eq!(ids(&list["tickets"]), Vec::<&str>::new());
}

#[tokio::test]
async fn positions_of_a_clock_that_runs_ahead_hold_nobody_in_place() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    room.staff(&["S1"]).await;
    let put = async |lon: f64, at: UtcMs| {
        let row = json!({ "staff": "S1", "lon": lon, "lat": 30.2, "at": at.to_rfc3339() }).to_string();
        room.post(&token, "/api/v1/positions", JSON, row).await.json()
    };
    let ahead = put(120.1, system().plus_ms(120 * MINUTE)).await;
    assert!(ahead["status"] == "updated" && ahead["note"].as_str().unwrap().starts_with("time_ahead"), "{ahead}");
    assert_eq!(put(120.5, system().plus_ms(3_000 * MINUTE)).await["status"], "rejected");
    let staff = settled(&room, &token, "/api/v1/snapshot").await.json()["staff"][0].clone();
    assert_eq!((&staff["lon"], &staff["ahead"]), (&json!(120.1), &json!(true)));
    assert_eq!(put(120.2, system().plus_ms(1)).await["note"], Value::Null);
    let staff = settled(&room, &token, "/api/v1/snapshot").await.json()["staff"][0].clone();
    assert_eq!((&staff["lon"], &staff["ahead"]), (&json!(120.2), &json!(false)));
}

#[tokio::test]
async fn where_people_were_is_shown_where_it_is_kept_and_else_said_not_to_be() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    room.staff(&["S1"]).await;
    let put = async |lon: f64, at: UtcMs| {
        let row = json!({ "staff": "S1", "lon": lon, "lat": 30.2, "at": at.to_rfc3339() }).to_string();
        assert_eq!(room.post(&token, "/api/v1/positions", JSON, row).await.json()["status"], "updated");
    };
    // Where somebody was at a time, by snapshot, card and points, and whether that is kept.
    let shown = async |as_of: Option<UtcMs>| {
        let asked = as_of.map_or_else(String::new, |t| format!("&as_of={}", t.to_rfc3339()));
        let snapshot = settled(&room, &token, &format!("/api/v1/snapshot?{asked}")).await.json();
        let card = room.get(&token, &format!("/api/v1/staff-card?id=1{asked}")).await.json();
        let box_of_all = "west=120&south=30&east=121&north=31";
        let points = room.get(&token, &format!("/api/v1/points?{box_of_all}&kinds=staff{asked}")).await.json();
        let (staff, kept) = (snapshot["staff"][0].clone(), snapshot["positions_kept"].clone());
        assert_eq!((&card["staff"]["lon"], &card["positions_kept"]), (&staff["lon"], &kept), "{card}");
        assert_eq!(points["features"][0]["geometry"]["coordinates"][0], staff["lon"], "{points}");
        assert_eq!(points["positions_kept"], if as_of.is_some() { kept.clone() } else { Value::Null });
        (staff["lon"].clone(), kept)
    };
    let (first, second) = (system().plus_ms(-20 * MINUTE), system().plus_ms(-5 * MINUTE));
    put(120.1, first).await;
    assert_eq!(shown(None).await, (json!(120.1), json!(true)));
    assert_eq!(shown(Some(first.plus_ms(MINUTE))).await, (Value::Null, json!(false)));
    room.wall.store().set_trails(&admin(), system(), true).await.unwrap();
    put(120.2, first.plus_ms(MINUTE)).await;
    put(120.3, second).await;
    assert_eq!(shown(None).await, (json!(120.3), json!(true)));
    assert_eq!(shown(Some(second.plus_ms(-MINUTE))).await, (json!(120.2), json!(true)));
    assert_eq!(shown(Some(first)).await, (Value::Null, json!(true)), "before trails were turned on nothing was kept");
    room.wall.store().set_trails(&admin(), system(), false).await.unwrap();
    assert_eq!(shown(Some(second.plus_ms(-MINUTE))).await, (Value::Null, json!(false)));
}

/// Its status and whether it is open by list, card, export and Open311, which must agree; now or at a time.
async fn status_everywhere(room: &Room, token: &str, id: &str, as_of: Option<UtcMs>) -> Option<String> {
    let question = as_of.map_or_else(String::new, |t| format!("as_of={}", t.to_rfc3339()));
    let snapshot = settled(room, token, &format!("/api/v1/snapshot?{question}")).await.json();
    let line = snapshot["tickets"].as_array().unwrap().iter().find(|t| t["external_id"] == id).cloned();
    let rows = room.wall.ticket_rows(&admin(), as_of.into()).await.unwrap();
    let row = rows.iter().find(|r| r.external_id == id);
    let Some(line) = line else {
        assert!(row.is_none(), "{id} is in the export and not in the list");
        return None;
    };
    let status = line["status"].as_str().unwrap();
    assert_eq!(row.map(|r| r.status.code()), Some(status), "export of {id}");
    assert_eq!(line["closed_ms"].as_i64(), row.and_then(|r| r.closed_at).map(|t| t.0), "closing of {id}");
    let card = room.get(token, &format!("/api/v1/ticket-card?id={}&{question}", line["id"])).await.json();
    assert_eq!(card["ticket"], line, "card of {id}");
    let applied = card["history"].as_array().unwrap().iter().rfind(|h| h["applied"] == true).unwrap();
    assert_eq!(applied["to"], status, "history of {id}: {card}");
    if as_of.is_none() {
        let request = room.get(token, &format!("/open311/v2/requests/{}.json", line["id"])).await.json()[0].clone();
        assert_eq!(
            (&request["status"], &request["status_notes"]),
            (&json!(if line["open"] == true { "open" } else { "closed" }), &json!(status))
        );
        let list = room.get(token, &format!("/api/v1/tickets?status={status}")).await.json();
        assert!(ids(&list["tickets"]).contains(&id), "the list of {status}");
        assert_eq!(list["tickets"].as_array().unwrap().iter().find(|t| t["external_id"] == id), Some(&line));
    }
    Some(status.to_owned())
}

#[tokio::test]
async fn one_history_in_whatever_order_it_arrives() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let start = UtcMs(system().0 - 600 * MINUTE);
    let at = |m: i64| start.plus_ms(m * MINUTE).to_rfc3339();
    // Each message is whole, so that any of them may be the first.
    let said = [
        json!({}),
        json!({ "status": "in_progress", "status_at": at(20) }),
        json!({ "status": "closed", "closed_at": at(60) }),
        json!({ "status": "done", "status_at": at(40) }),
    ];
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..said.len() {
        orders =
            orders.iter().flat_map(|o| (0..said.len()).filter(|i| !o.contains(i)).map(|i| [&o[..], &[i]].concat())).collect();
    }
    for (n, order) in orders.iter().enumerate() {
        for i in order {
            let mut row = ticket(&format!("t{n}"), start);
            row.as_object_mut().unwrap().extend(said[*i].as_object().unwrap().clone());
            assert_ne!(send(&room, &token, row).await["status"], "rejected");
        }
    }
    for (n, order) in orders.iter().enumerate() {
        let id = format!("t{n}");
        assert_eq!(status_everywhere(&room, &token, &id, None).await.as_deref(), Some("closed"), "{order:?}");
    }
    for (minute, status) in
        [(-1, None), (10, Some("received")), (30, Some("in_progress")), (50, Some("done")), (70, Some("closed"))]
    {
        for n in [0, 5, 13, 23] {
            let stood = status_everywhere(&room, &token, &format!("t{n}"), Some(start.plus_ms(minute * MINUTE))).await;
            assert_eq!(stood.as_deref(), status, "{:?} at {minute}", orders[n]);
        }
    }
}

#[tokio::test]
async fn a_late_close_wins_and_only_a_later_time_reopens() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let start = UtcMs(system().0 - 600 * MINUTE);
    let at = |m: i64| start.plus_ms(m * MINUTE).to_rfc3339();
    for id in ["a", "b"] {
        send(&room, &token, ticket(id, start)).await;
    }
    let in_progress = |id: &str| json!({ "external_id": id, "status": "in_progress" });
    let closed = |id: &str| json!({ "external_id": id, "status": "closed", "closed_at": at(20) });
    // A message of status only, for a known ticket.
    assert_eq!(send(&room, &token, in_progress("a")).await["status"], "updated");
    assert_eq!(status_everywhere(&room, &token, "a", None).await.as_deref(), Some("in_progress"));
    assert_eq!(send(&room, &token, closed("a")).await["status"], "updated");
    // The other way round.
    assert_eq!(send(&room, &token, closed("b")).await["note"], Value::Null);
    let kept = send(&room, &token, in_progress("b")).await;
    assert!(kept["note"].as_str().unwrap().starts_with("kept_closed"), "{kept}");
    for id in ["a", "b"] {
        assert_eq!(status_everywhere(&room, &token, id, None).await.as_deref(), Some("closed"));
    }
    let old = json!({ "external_id": "a", "status": "dispatched", "status_at": at(10) });
    send(&room, &token, old).await;
    assert_eq!(status_everywhere(&room, &token, "a", None).await.as_deref(), Some("closed"));
    // The first message once more, as a sender repeats it after a broken line.
    let mut first = ticket("a", start);
    first["status"] = json!("received");
    send(&room, &token, first).await;
    assert_eq!(status_everywhere(&room, &token, "a", None).await.as_deref(), Some("closed"));
    send(&room, &token, json!({ "external_id": "a", "status": "returned", "status_at": system().to_rfc3339() })).await;
    assert_eq!(status_everywhere(&room, &token, "a", None).await.as_deref(), Some("returned"));
    let list = room.get(&token, "/api/v1/tickets?status=returned").await.json();
    assert_eq!((&list["tickets"][0]["reopened"], &list["tickets"][0]["open"]), (&json!(true), &json!(true)));
    assert_eq!(status_everywhere(&room, &token, "a", Some(start.plus_ms(25 * MINUTE))).await.as_deref(), Some("closed"));
    // Nobody knows this one, and it has no place.
    let unknown = send(&room, &token, in_progress("nobody")).await;
    assert_eq!((&unknown["status"], &unknown["code"]), (&json!("rejected"), &json!("unknown_ticket")), "{unknown}");
    let nothing = send(&room, &token, json!({ "external_id": "a", "title": "x" })).await;
    assert_eq!(nothing["status"], "rejected", "without a place and without a status there is nothing to take");
}

#[tokio::test]
async fn closed_before_it_was_opened_is_closed_everywhere() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let start = UtcMs(system().0 - 600 * MINUTE);
    let mut inverted = ticket("inverted", start);
    (inverted["status"], inverted["closed_at"]) = (json!("closed"), json!(start.plus_ms(-30 * MINUTE).to_rfc3339()));
    let mut timeless = ticket("timeless", start);
    timeless["status"] = json!("closed");
    for row in [inverted, timeless] {
        assert_eq!(send(&room, &token, row).await["status"], "created");
    }
    for id in ["inverted", "timeless"] {
        for as_of in [None, Some(start), Some(start.plus_ms(MINUTE))] {
            assert_eq!(status_everywhere(&room, &token, id, as_of).await.as_deref(), Some("closed"), "{id}");
        }
    }
    let figures = room.get(&token, "/api/v1/snapshot").await.json()["figures"].clone();
    assert_eq!(figures[1]["value"], 0.0, "none is open");
}

fn cell_at(lon: i64, lat: i64) -> wall_core::CellRecord {
    let p = |x: i64, y: i64| wall_core::GridPoint { x: lon * 1_000_000_000 + x, y: lat * 1_000_000_000 + y };
    let outer = vec![p(0, 0), p(1_000_000, 0), p(1_000_000, 1_000_000), p(0, 1_000_000)];
    wall_core::CellRecord {
        code: "1".into(),
        name: String::new(),
        kind: wall_core::CellKind::Basic,
        community_code: String::new(),
        community_name: String::new(),
        households: None,
        owner: None,
        feature_index: 0,
        geometry: wall_core::CellGeometry { polygons: vec![wall_core::GridPolygon { outer, holes: vec![] }] },
    }
}

#[tokio::test]
async fn a_store_has_the_zone_of_its_cells_or_says_that_it_has_none() {
    for (place, asked, expected) in [
        ((120, 30), None, Some("Asia/Shanghai")),
        ((120, 30), Some("UTC"), Some("UTC")),
        ((-71, 42), None, None),
        ((-71, 42), Some("America/New_York"), Some("America/New_York")),
    ] {
        let zone = |o: &mut wall_service::wall::WallOptions| o.zone = asked.map(str::to_owned);
        let room = Room::open(tempfile::tempdir().unwrap(), zone, |_| {}).await;
        let records = [cell_at(place.0, place.1)];
        let import = wall_service::wall::CellsImport {
            network: "general",
            name: "p",
            records: &records,
            doubts: &[],
            publish: true,
            effective: None,
        };
        let done = room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
        assert_eq!(done.zone.as_deref(), expected, "{place:?} {asked:?}");
        assert_eq!(room.wall.store().setting("zone").await.unwrap().as_deref(), expected);
        let token = room.token("feed", Role::Operator, true).await;
        let info = settled(&room, &token, "/api/v1/wall").await.json();
        // This wall was opened before: it goes on in the machine's zone and says what it should be.
        let machine = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        let proposed = expected.filter(|z| asked.is_none() && *z != machine);
        assert_eq!(info["zone_proposed"].as_str(), proposed, "{place:?} {asked:?}");
        Keeper::of(room.wall.store()).set_zone(&admin(), "Asia/Urumqi").await.unwrap();
        assert!(Keeper::of(room.wall.store()).set_zone(&admin(), "Mars/Olympus").await.is_err());
        assert_eq!(room.wall.store().setting("zone").await.unwrap().as_deref(), Some("Asia/Urumqi"));
    }
}
