//! Tickets without a place: taken with an address, placed where exactly one building has it, counted and listed apart.

use super::Room;
use super::plans::{admin, at, ready};
use serde_json::{Value, json};
use wall_core::{Absent, BuildingRecord, Place, StreetRecord, UtcMs};
use wall_store::Role;

const JSON: &str = "application/json";

/// A room with nine cells, 福中路12号 in the first, two buildings called 万达广场, and a street; and a token that feeds.
async fn room() -> (Room, String) {
    let (room, _) = ready().await;
    let building = |id: &str, name: &str, x: f64, y: f64| {
        let [lon, lat] = at(x, y);
        BuildingRecord {
            external_id: id.into(),
            name: name.into(),
            place: Place { lon, lat },
            footprint: None,
            households: None,
            population: None,
            block: String::new(),
            absent: Absent::default(),
        }
    };
    let buildings =
        [building("one", "福中路12号", 0.4, 0.4), building("two", "万达广场", 1.4, 0.4), building("three", "万达广场", 2.4, 2.4)];
    room.wall.import_things(&admin(), &buildings).await.unwrap();
    let street = StreetRecord {
        external_id: "s".into(),
        name: "福中路".into(),
        class: String::new(),
        lines: vec![vec![buildings[0].place, buildings[2].place]],
        absent: Absent::default(),
    };
    room.wall.import_things(&admin(), &[street]).await.unwrap();
    let feed = room.feed().await;
    (room, feed)
}

async fn send(room: &Room, feed: &str, row: Value) -> Value {
    let answer = room.post(feed, "/api/v1/tickets", JSON, row.to_string()).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    room.settle().await;
    answer.json()
}

async fn answer(room: &Room, token: &str, path: &str) -> Value {
    let answer = room.get(token, &format!("/api/v1/{path}")).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
    answer.json()
}

/// Open tickets: all, in a cell, outside all cells, without a place; by the snapshot and by the lists, which agree.
async fn counted(room: &Room, token: &str, as_of: Option<UtcMs>) -> [u64; 4] {
    let then = as_of.map_or_else(String::new, |t| format!("as_of={}", t.to_rfc3339()));
    let snapshot = answer(room, token, &format!("snapshot?{then}")).await;
    let figure = snapshot["figures"].as_array().unwrap().iter().find(|f| f["key"] == "open").unwrap();
    let total =
        async |area: &str| answer(room, token, &format!("ticket-list?set=open&{area}{then}")).await["total"].as_u64().unwrap();
    let cells = answer(room, token, &format!("areas?level=cell&{then}")).await;
    let keys = cells["features"].as_array().unwrap().iter().map(|f| f["properties"]["key"].clone()).collect::<Vec<_>>();
    let stats = snapshot["areas"].as_array().unwrap();
    let inside = stats.iter().filter(|a| keys.contains(&a["key"])).map(|a| a["open"].as_u64().unwrap()).sum();
    let [all, outside, unplaced] = [total("").await, total("area=outside&").await, total("area=unplaced&").await];
    assert_eq!(figure["value"].as_f64().unwrap() as u64, all);
    assert_eq!(snapshot["unplaced"].as_u64().unwrap(), unplaced);
    assert_eq!(inside + outside + unplaced, all);
    [all, inside, outside, unplaced]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_places_a_ticket_only_where_one_building_has_it() {
    let (room, feed) = room().await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    let operator = room.token("operator", Role::Operator, true).await;
    let before = counted(&room, &operator, None).await;
    let address = |id: &str, address: &str| json!({ "external_id": id, "title": "漏水", "address": address });
    let found = send(&room, &feed, address("a", " 福中路１２号 ")).await;
    assert_eq!(found["status"], "created");
    assert_eq!(found["note"], "located_by_address: at the building of its address, within 100 m");
    let unplaced =
        send(&room, &feed, json!([address("b", "万达广场"), address("c", "福中路"), address("d", "福中路12号3楼")])).await;
    for line in unplaced.as_array().unwrap() {
        assert_eq!(line["status"], "created");
        assert!(line["note"].as_str().unwrap().starts_with("unplaced: "), "{line}");
    }
    let after = counted(&room, &operator, None).await;
    assert_eq!(after, [before[0] + 4, before[1] + 1, before[2], before[3] + 3]);
    assert_eq!(counted(&room, &viewer, None).await[3], 3, "that nobody knows where they are everybody may know");

    // Page by page, and by search.
    let path = "ticket-list?set=open&area=unplaced&limit=2";
    let first = answer(&room, &operator, path).await;
    let rest = answer(&room, &operator, &format!("{path}&cursor={}", first["cursor"].as_str().unwrap())).await;
    let lines = first["lines"].as_array().unwrap().iter().chain(rest["lines"].as_array().unwrap());
    let mut names: Vec<&str> = lines.map(|l| l["ticket"]["external_id"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!((names, &rest["cursor"]), (vec!["b", "c", "d"], &Value::Null));
    let hits = answer(&room, &operator, "search?q=12%E5%8F%B73%E6%A5%BC").await;
    assert_eq!((&hits[0]["kind"], &hits[0]["lon"]), (&json!("ticket"), &Value::Null), "{hits}");
    let stats = answer(&room, &operator, "stats?by=cell").await;
    let line = stats["lines"].as_array().unwrap().iter().find(|l| l["key"] == "unplaced").unwrap();
    assert_eq!((&line["open"], &line["total"]), (&json!(3), &json!(3)));
    let rows = room.wall.ticket_rows(&admin(), None.into()).await.unwrap();
    let row = |id: &str| rows.iter().find(|r| r.external_id == id).unwrap();
    assert_eq!((row("b").place, row("b").cell_code.as_str()), (None, ""));
    assert!(row("a").place.is_some() && !row("a").cell_code.is_empty());

    // The cards say how a place was found, and that there is none.
    let card = answer(&room, &operator, &format!("ticket-card?id={}", found["id"])).await;
    assert_eq!((&card["located_by"], &card["accuracy_m"]), (&json!("address"), &json!(100.0)), "{card}");
    assert!(!card["ticket"]["cell_key"].as_str().unwrap().is_empty() && card["ticket"].get("unplaced").is_none());
    let nowhere = format!("ticket-card?id={}", unplaced[0]["id"]);
    let card = answer(&room, &operator, &nowhere).await;
    assert_eq!(
        (&card["located_by"], &card["ticket"]["unplaced"], &card["ticket"]["lon"]),
        (&json!(""), &json!(true), &Value::Null)
    );

    // A message with coordinates places it, from then on; one without takes nothing away.
    let then = UtcMs(jiff::Timestamp::now().as_millisecond());
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let [lon, lat] = at(1.5, 1.5);
    send(&room, &feed, json!({ "external_id": "b", "lon": lon, "lat": lat, "accuracy_m": 7 })).await;
    let told = send(&room, &feed, json!({ "external_id": "b", "address": "福中路12号", "status": "filed" })).await;
    assert!(told.get("note").is_none(), "{told}");
    let card = answer(&room, &operator, &nowhere).await;
    assert_eq!((&card["located_by"], &card["accuracy_m"], &card["ticket"]["lon"]), (&json!("told"), &json!(7.0), &json!(lon)));
    assert_eq!(counted(&room, &operator, None).await, [after[0], after[1] + 1, after[2], after[3] - 1]);
    assert_eq!(counted(&room, &operator, Some(then)).await, after, "as it stood before");
    assert_eq!(counted(&room, &viewer, Some(then)).await[3], 3);
    let earlier = answer(&room, &operator, &format!("{nowhere}&as_of={}", then.to_rfc3339())).await;
    assert_eq!((&earlier["ticket"]["unplaced"], &earlier["ticket"]["cell_key"]), (&json!(true), &json!("")), "{earlier}");

    // A building that is imported later places what is told again, and what is told anew.
    let [lon, lat] = at(2.5, 0.5);
    let building = BuildingRecord {
        external_id: "four".into(),
        name: "福中路12号3楼".into(),
        place: Place { lon, lat },
        footprint: None,
        households: None,
        population: None,
        block: String::new(),
        absent: Absent::default(),
    };
    room.wall.import_things(&admin(), &[building]).await.unwrap();
    let again = send(&room, &feed, address("d", "福中路12号3楼")).await;
    assert_eq!(again["status"], "updated", "{again}");
    assert_eq!(counted(&room, &operator, None).await[3], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_nowhere_and_what_is_broken_is_refused_with_its_reason() {
    let (room, feed) = room().await;
    let operator = room.token("operator", Role::Operator, true).await;
    let before = counted(&room, &operator, None).await;
    for (row, code, word) in [
        (json!({ "external_id": "a", "title": "漏水" }), "coordinates_missing", "there is no address"),
        (json!({ "external_id": "a", "status": "received" }), "unknown_ticket", "or an address"),
        (
            json!({ "external_id": "a", "address": "福中路12号", "lon": 22.5, "lat": 114.0 }),
            "coordinates_out_of_range",
            "not looked up",
        ),
        (json!({ "external_id": "a", "address": "福中路12号", "lon": 0, "lat": 0 }), "coordinates_zero", "not looked up"),
        (json!({ "external_id": "a", "address": "福中路12号", "lon": 114.0 }), "coordinates_missing", "not looked up"),
    ] {
        let line = send(&room, &feed, row.clone()).await;
        assert_eq!((&line["status"], &line["code"]), (&json!("rejected"), &json!(code)), "{row}");
        assert!(line["reason"].as_str().unwrap().contains(word), "{line}");
    }
    assert_eq!(counted(&room, &operator, None).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_takes_effect_passes_by_what_has_no_place() {
    let (room, feed) = room().await;
    send(&room, &feed, json!({ "external_id": "a", "address": "无此地" })).await;
    let network = room.wall.store().networks().await.unwrap().remove(0).id;
    let mut tx = room.wall.store().write(&admin(), UtcMs(jiff::Timestamp::now().as_millisecond())).await.unwrap();
    let plan = tx.last_published(network).await.unwrap().unwrap();
    assert!(room.wall.store().is_attributed_to(network, plan, 0).await.unwrap(), "it waits for nothing");
    assert_eq!(tx.attribute_all(network, plan, &|_| None).await.unwrap(), 0);
    tx.commit().await.unwrap();
}
