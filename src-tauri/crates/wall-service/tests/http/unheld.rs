//! A draft is a copy of its base, or says cell by cell what it cannot hold and waits for somebody to decide; lanes between
//! cells are closed together.

use super::Room;
use super::plans::{admin, at, squares};
use axum::http::StatusCode;
use serde_json::{Value, json};
use wall_core::{CellRecord, GridPoint, GridPolygon, Place};
use wall_service::wall::CellsImport;
use wall_store::Role;

fn named(code: &str, west: f64, south: f64, east: f64, north: f64) -> CellRecord {
    let p = |x: f64, y: f64| {
        let [lon, lat] = at(x, y);
        GridPoint::nearest(Place { lon, lat })
    };
    let outer = vec![p(west, south), p(east, south), p(east, north), p(west, north)];
    let mut cell = squares().remove(0);
    cell.code = code.into();
    cell.name = code.into();
    cell.geometry.polygons = vec![GridPolygon { outer, holes: vec![] }];
    cell
}

/// A room with cells in force, a planner, and a draft of them.
async fn drafted(cells: &[CellRecord]) -> (Room, String, i64) {
    let room = Room::new().await;
    let import =
        CellsImport { network: "general", name: "现行方案", records: cells, doubts: &[], publish: true, effective: None };
    room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    let planner = room.token("planner", Role::Planner, true).await;
    let made = room.done(&planner, "/api/v1/plans", json!({ "name": "调整稿", "network": "general", "base": null })).await;
    (room, planner, made["id"].as_i64().unwrap())
}

/// Codes, cells and whether they block, of findings of some kinds.
async fn found(room: &Room, planner: &str, plan: i64, kinds: &[&str]) -> Vec<(String, Value, bool)> {
    let list = room.get(planner, &format!("/api/v1/plans/{plan}")).await.json()["findings"].clone();
    let of = |f: &Value| (f["code"].as_str().unwrap().to_owned(), f["cells"].clone(), f["blocks"] == true);
    list.as_array().unwrap().iter().map(of).filter(|f| kinds.contains(&f.0.as_str())).collect()
}

async fn codes(room: &Room, planner: &str, plan: i64) -> Vec<String> {
    let state = room.get(planner, &format!("/api/v1/plans/{plan}")).await.json();
    state["cells"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap().to_owned()).collect()
}

const KINDS: &[&str] = &["lost", "overlap", "lane", "gap"];

#[tokio::test(flavor = "multi_thread")]
async fn an_enclave_that_is_not_cut_out_blocks_until_somebody_decides() {
    // B1 lies in the middle of A9, which has no hole there; D1 claims a strip of C1.
    let cells = [
        named("A9", 0.0, 0.0, 3.0, 3.0),
        named("C1", 3.0, 0.0, 5.0, 3.0),
        named("B1", 1.0, 1.0, 2.0, 2.0),
        named("D1", 4.5, 0.0, 7.0, 3.0),
    ];
    let (room, planner, plan) = drafted(&cells).await;
    let path = format!("/api/v1/plans/{plan}");
    let said = found(&room, &planner, plan, KINDS).await;
    assert_eq!(
        said,
        [("lost".to_owned(), json!(["B1", "A9"]), true), ("overlap".to_owned(), json!(["D1", "C1"]), true)],
        "each cell that the draft does not hold as its base has it"
    );
    let submit = json!({ "step": "submit", "note": "", "seen": null, "effective_ms": null, "tickets": "", "acknowledge": [] });
    assert_eq!(room.refused(&planner, &format!("{path}/step"), submit.clone()).await, "blocked");

    // The remedy: the enclave is cut out of its neighbour, and is there with all that is written of it.
    let done = room.edit(&planner, plan, json!({ "kind": "cut_out", "face": 2 })).await;
    assert_eq!(done["findings"]["plan"].as_array().unwrap().iter().filter(|f| f["code"] == "lost").count(), 0);
    assert_eq!(codes(&room, &planner, plan).await, ["A9", "C1", "B1", "D1"]);
    let back = room.get(&planner, &path).await.json()["cells"][2].clone();
    assert_eq!((&back["name"], &back["changed"]), (&json!("B1"), &json!(true)));
    assert_eq!(found(&room, &planner, plan, KINDS).await.len(), 1);
    let edits = format!("{path}/edits");
    let again = json!({ "edit": { "kind": "cut_out", "face": 2 }, "head": done["head"] });
    assert_eq!(room.refused(&planner, &edits, again).await, "nothing_there");

    // Or it stays with whoever has it: somebody said so.
    room.edit(&planner, plan, json!({ "kind": "settle", "faces": [] })).await;
    assert!(found(&room, &planner, plan, KINDS).await.is_empty());
    // Both can be taken back, and are done again from the store.
    room.done(&planner, &format!("{path}/goto"), json!({ "edit": null })).await;
    assert_eq!((found(&room, &planner, plan, KINDS).await.len(), codes(&room, &planner, plan).await.len()), (2, 3));
    let history = room.get(&planner, &format!("{path}/history")).await.json();
    let last = history["edits"].as_array().unwrap().last().unwrap()["id"].clone();
    room.done(&planner, &format!("{path}/goto"), json!({ "edit": last })).await;
    assert!(found(&room, &planner, plan, KINDS).await.is_empty());
    let sent = room.tell(&planner, &format!("{path}/step"), submit).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_are_found_and_closed_together() {
    // Four blocks, about six metres apart.
    let blocks: Vec<CellRecord> = (0..4)
        .map(|i| (f64::from(i % 2), f64::from(i / 2)))
        .zip(["11", "12", "13", "14"])
        .map(|((x, y), code)| named(code, x * 1.015, y * 1.015, x * 1.015 + 1.0, y * 1.015 + 1.0))
        .collect();
    let (room, planner, plan) = drafted(&blocks).await;
    let path = format!("/api/v1/plans/{plan}");
    let lanes = found(&room, &planner, plan, KINDS).await;
    assert_eq!(lanes.len(), 4, "{lanes:?}");
    assert!(lanes.iter().all(|l| l.0 == "lane" && !l.2));
    let list = room.get(&planner, &path).await.json()["findings"].clone();
    let lane = list.as_array().unwrap().iter().find(|f| f["code"] == "lane").unwrap();
    let width: f64 = lane["values"]["width_m"].as_str().unwrap().parse().unwrap();
    assert!((5.0..8.0).contains(&width) && lane["lon"].is_f64(), "{lane}");
    // Shown as ground: each lane has a half on either side.
    let shown = async || room.get(&planner, &format!("{path}/lanes")).await.json()["features"].as_array().unwrap().clone();
    let halves = shown().await;
    assert!(halves.len() >= 8, "{halves:?}");
    assert!(halves.iter().all(|h| h["geometry"]["type"] == "Polygon" && h["properties"]["face"].as_u64().unwrap() < 4));

    let before = room.get(&planner, &format!("{path}/cells")).await.text();
    let done = room.edit(&planner, plan, json!({ "kind": "close_lanes", "at_most_m": 20.0 })).await;
    assert_eq!(done["changed"].as_array().unwrap().len(), 4);
    assert!(found(&room, &planner, plan, KINDS).await.is_empty(), "no lane is left, and no gap came");
    assert!(shown().await.is_empty());
    let again = json!({ "edit": { "kind": "close_lanes", "at_most_m": 20.0 }, "head": done["head"] });
    assert_eq!(room.refused(&planner, &format!("{path}/edits"), again).await, "nothing_there");
    room.done(&planner, &format!("{path}/undo"), json!({})).await;
    assert_eq!(room.get(&planner, &format!("{path}/cells")).await.text(), before);
    assert_eq!(found(&room, &planner, plan, KINDS).await.len(), 4);
}
