//! The boundary planner: a draft is edited, taken back, reviewed by a second person and published from a date.

use super::{Answer, Room, get, request, with};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use wall_core::{
    BuildingRecord, CellGeometry, CellKind, CellRecord, GridPoint, GridPolygon, OwnerRecord, OwnerRole, PartyKind, Place,
    StaffRecord, TicketRecord, TicketStatus, UtcMs,
};
use wall_service::wall::{CellsImport, Wall};
use wall_store::{Actor, Role};

const COMMUNITY: &str = "990101001001";
const SIDE: i64 = 4_000_000; // about 400 m
pub(super) const DAY_MS: i64 = 24 * 3_600_000;

fn corner(x: i64, y: i64) -> GridPoint {
    GridPoint { x: 120_600_000_000 + x * SIDE, y: 31_300_000_000 + y * SIDE }
}

fn degrees(p: GridPoint) -> [f64; 2] {
    [p.place().lon, p.place().lat]
}

/// The point at (x, y) in sides of a cell.
pub(super) fn at(x: f64, y: f64) -> [f64; 2] {
    let p = corner(0, 0);
    let off = |v: f64| (v * SIDE as f64) as i64;
    degrees(GridPoint { x: p.x + off(x), y: p.y + off(y) })
}

pub(super) fn code(i: usize) -> String {
    format!("{COMMUNITY}{:03}", i + 1)
}

/// Nine squares, three by three, numbered from the south-west.
pub(super) fn squares() -> Vec<CellRecord> {
    (0..9usize)
        .map(|i| {
            let (x, y) = ((i % 3) as i64, (i / 3) as i64);
            let outer = vec![corner(x, y), corner(x + 1, y), corner(x + 1, y + 1), corner(x, y + 1)];
            CellRecord {
                code: code(i),
                name: format!("第{}网格", i + 1),
                kind: CellKind::Basic,
                community_code: COMMUNITY.into(),
                community_name: "试验社区".into(),
                households: None,
                owner: None,
                feature_index: i as u32,
                geometry: CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] },
            }
        })
        .collect()
}

pub(super) fn admin() -> Actor {
    Actor::new("test", Role::Admin, "cli")
}

pub(super) fn ticket(id: &str, x: f64, y: f64, closed: bool) -> TicketRecord {
    let [lon, lat] = at(x, y);
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    TicketRecord {
        source: "test".into(),
        external_id: id.into(),
        title: id.into(),
        place: Some(Place { lon, lat }),
        reported_at: Some(UtcMs(now.0 - 7_200_000)),
        status: Some(if closed { TicketStatus::Closed } else { TicketStatus::Received }),
        closed_at: closed.then_some(UtcMs(now.0 - 3_600_000)),
        ..TicketRecord::default()
    }
}

/// Waits until the world, which follows the store, has so many open tickets.
pub(super) async fn world_has_open(room: &Room, wanted: f64) {
    let open = async || room.wall.metrics().await.unwrap().iter().find(|m| m.0 == "gridwall_tickets_open").unwrap().2;
    room.until("the world has the tickets", async || (open().await == wanted).then_some(())).await;
}

/// A room with nine cells in force, buildings (400 households a cell), owners of all but the last, and tickets.
pub(super) async fn ready() -> (Room, Team) {
    let room = Room::new().await;
    let wall = &room.wall;
    let import =
        CellsImport {
            network: "general", name: "现行方案", records: &squares(), doubts: &[], publish: true, effective: None
        };
    wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    let buildings: Vec<BuildingRecord> = (0..36)
        .map(|i| {
            let [lon, lat] = at(f64::from(i % 6) * 0.5 + 0.25, f64::from(i / 6) * 0.5 + 0.25);
            BuildingRecord {
                external_id: format!("B{i}"),
                name: String::new(),
                place: Place { lon, lat },
                footprint: None,
                households: Some(100),
                population: Some(260),
                block: format!("街块{i}"),
                absent: wall_core::Absent::default(),
            }
        })
        .collect();
    wall.import_things(&admin(), &buildings).await.unwrap();
    let owners: Vec<OwnerRecord> = (0..8)
        .map(|i| OwnerRecord {
            cell_code: code(i),
            party: format!("网格长{i}"),
            party_kind: PartyKind::Person,
            role: OwnerRole::Leader,
            phone: String::new(),
            valid_from: None,
            valid_to: None,
            absent: wall_core::Absent::default(),
        })
        .collect();
    wall.import_owners(&admin(), "general", &owners).await.unwrap();
    room.until("the world has the cells", async || (room.wall.info(&admin(), None).await.unwrap().cell_count == 9).then_some(()))
        .await;
    let tickets = vec![ticket("open", 1.4, 0.5, false), ticket("closed", 1.4, 0.6, true), ticket("far", 2.5, 2.5, false)];
    wall.import_tickets(&admin(), &tickets).await.unwrap();
    world_has_open(&room, 2.0).await;
    let team = Team {
        planner: room.token("planner", Role::Planner, true).await,
        other: room.token("second planner", Role::Planner, true).await,
        leader: room.token("leader", Role::Leader, true).await,
    };
    (room, team)
}

pub(super) struct Team {
    pub planner: String,
    pub other: String,
    pub leader: String,
}

impl Room {
    pub(super) async fn send(&self, token: &str, method: Method, path: &str, body: &Value) -> Answer {
        let asked = with(request(method, path, body.to_string()), "content-type", "application/json");
        self.ask(with(asked, "authorization", &format!("Bearer {token}"))).await
    }

    pub(super) async fn tell(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(token, Method::POST, path, &body).await
    }

    /// POST that must succeed.
    pub(super) async fn done(&self, token: &str, path: &str, body: Value) -> Value {
        let answer = self.tell(token, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    pub(super) async fn refused(&self, token: &str, path: &str, body: Value) -> String {
        let answer = self.tell(token, path, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.text());
        answer.code()
    }

    pub(super) async fn draft(&self, token: &str) -> i64 {
        let made = self.done(token, "/api/v1/plans", json!({ "name": "调整稿", "network": "general", "base": null })).await;
        assert_eq!((&made["status"], &made["cells"]), (&json!("draft"), &json!(9)));
        made["id"].as_i64().unwrap()
    }

    /// A draft of a plan.
    pub(super) async fn draft_of(&self, token: &str, plan: i64) -> i64 {
        let made = self.done(token, "/api/v1/plans", json!({ "name": "再调整", "network": "general", "base": plan })).await;
        made["id"].as_i64().unwrap()
    }

    pub(super) async fn edit(&self, token: &str, plan: i64, edit: Value) -> Value {
        let head = self.get(token, &format!("/api/v1/plans/{plan}")).await.json()["head"].clone();
        self.done(token, &format!("/api/v1/plans/{plan}/edits"), json!({ "edit": edit, "head": head })).await
    }
}

/// The border between cells 1 and 2 (faces 0 and 1) moves by a quarter of a side.
pub(super) fn moved_border() -> Value {
    json!({ "kind": "reshape", "line": [at(1.0, 0.1), at(1.25, 0.3), at(1.25, 0.7), at(1.0, 0.9)] })
}

pub(super) fn split() -> Value {
    json!({ "kind": "split", "face": 4, "line": [at(1.5, 0.9), at(1.5, 2.1)] })
}

pub(super) fn merge() -> Value {
    json!({ "kind": "merge", "into": 6, "from": [7] })
}

fn cell(list: &Value, face: u32) -> &Value {
    list.as_array().unwrap().iter().find(|c| c["face"] == face).unwrap_or_else(|| panic!("no face {face} in {list}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_have_figures_and_a_way_back() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let state = room.get(&team.planner, &path).await.json();
    assert_eq!((&state["editable"], state["cells"].as_array().unwrap().len()), (&json!(true), 9));
    assert_eq!(cell(&state["cells"], 0)["households"], 400.0);
    let before = room.get(&team.planner, &format!("{path}/cells")).await.text();

    // A preview shows the edit and stores nothing.
    let preview = room.done(&team.planner, &format!("{path}/preview"), json!({ "edit": moved_border(), "head": null })).await;
    assert_eq!(preview["head"], json!(null));
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), before);

    let done = room.edit(&team.planner, plan, moved_border()).await;
    assert_eq!(done["changed"], preview["changed"]);
    // One building of a hundred households changed hands; open ticket and area with it, and nothing got lost.
    let households = |list: &Value, face| cell(list, face)["households"].as_f64().unwrap();
    assert_eq!((households(&done["changed"], 0), households(&done["changed"], 1)), (400.0, 400.0));
    let area = |list: &Value| -> f64 { [0, 1].iter().map(|f| cell(list, *f)["area_m2"].as_f64().unwrap()).sum() };
    assert!((area(&done["changed"]) / area(&state["cells"]) - 1.0).abs() < 1e-6);

    let parts = room.edit(&team.planner, plan, split()).await;
    let new = parts["changed"].as_array().unwrap().iter().find(|c| c["face"] == 9).unwrap().clone();
    assert_eq!(
        (&new["code"], &new["households"]),
        (&json!(code(9)), &json!(200.0)),
        "the next free code, half of the households"
    );
    let merged = room.edit(&team.planner, plan, merge()).await;
    assert_eq!(merged["removed"], json!([7]));
    assert_eq!((households(&merged["changed"], 6), &merged["can_undo"]), (800.0, &json!(true)));
    let after = room.get(&team.planner, &format!("{path}/cells")).await.text();

    // All the way back gives the same bytes; forward again too.
    for _ in 0..3 {
        room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
    }
    assert_eq!(room.refused(&team.planner, &format!("{path}/undo"), json!({})).await, "nothing_to_undo");
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), before);
    for _ in 0..3 {
        room.done(&team.planner, &format!("{path}/redo"), json!({})).await;
    }
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), after);

    // An edit after undo begins a branch; what was undone stays and can be gone to.
    room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
    room.done(&team.planner, &format!("{path}/snapshots"), json!({ "name": "拆分之后" })).await;
    room.edit(
        &team.planner,
        plan,
        json!({ "kind": "describe", "face": 0, "name": "新名", "code": null, "cell_kind": null, "community_code": null }),
    )
    .await;
    let history = room.get(&team.planner, &format!("{path}/history")).await.json();
    let edits = history["edits"].as_array().unwrap();
    assert_eq!(edits.iter().map(|e| e["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["reshape", "split", "merge", "describe"]);
    assert_eq!(edits.iter().filter(|e| e["applied"] == true).count(), 3);
    assert_eq!(history["snapshots"][0]["edit"], edits[1]["id"]);
    room.done(&team.planner, &format!("{path}/goto"), json!({ "edit": edits[2]["id"] })).await;
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), after);

    // Another process on the same store sees the same plan, with no more than the store has.
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    let second = Wall::open(options).await.unwrap();
    let actor = Actor::new("other", Role::Planner, "cli");
    let there = second.plan_cells_json(&actor, wall_core::PlanId(plan)).await.unwrap();
    assert_eq!(String::from_utf8(there.to_vec()).unwrap(), after);
}

/// What was stored is done again as it was, whatever the room's policies have become.
#[tokio::test(flavor = "multi_thread")]
async fn edits_done_again_give_the_same_codes_under_other_policies() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let codes = async || -> Vec<String> {
        let state = room.get(&team.planner, &path).await.json();
        state["cells"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap().to_owned()).collect()
    };
    room.edit(&team.planner, plan, split()).await;
    room.edit(&team.planner, plan, merge()).await;
    let before = codes().await;
    let admin = room.token("admin", Role::Admin, true).await;
    let mut settings = room.get(&admin, "/api/v1/planning/settings").await.json();
    settings["split_policy"] = json!("neither");
    settings["merge_policy"] = json!("new");
    let set = room.send(&admin, Method::PUT, "/api/v1/planning/settings", &settings).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    for _ in 0..2 {
        room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
    }
    for _ in 0..2 {
        room.done(&team.planner, &format!("{path}/redo"), json!({})).await;
    }
    assert_eq!(codes().await, before);
    // The policies hold for what is new.
    room.edit(&team.planner, plan, json!({ "kind": "split", "face": 1, "line": [at(1.5, -0.1), at(1.5, 1.1)] })).await;
    assert!(!codes().await.contains(&code(1)));
}

/// Findings as the screen keeps them: what an edit says laid over what was known.
fn laid_over(known: &[Value], change: &Value) -> Vec<String> {
    let looked_at = change["looked_at"].as_array().unwrap();
    let stays = |f: &&Value| match f["scope"].as_str() {
        Some("plan") => change["plan"].is_null(),
        Some("cells") => !f["faces"].as_array().unwrap().iter().any(|face| looked_at.contains(face)),
        _ => true,
    };
    let new = [&change["plan"], &change["cells"]].into_iter().filter_map(Value::as_array).flatten();
    let mut all: Vec<String> = known.iter().filter(stays).chain(new).map(Value::to_string).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_come_as_what_changed() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let again =
        json!({ "kind": "describe", "face": 0, "name": null, "code": code(1), "cell_kind": null, "community_code": null });
    let own = json!({ "kind": "describe", "face": 0, "name": null, "code": code(0), "cell_kind": null, "community_code": null });
    // The outer border changes; a code is there twice, and then not any more.
    let outer = json!({ "kind": "reshape", "line": [at(2.2, 0.0), at(2.5, 0.3), at(2.8, 0.0)], "outer": true });
    for edit in [moved_border(), split(), merge(), again, outer, own] {
        let before = room.get(&team.planner, &path).await.json()["findings"].as_array().unwrap().clone();
        let preview = room.done(&team.planner, &format!("{path}/preview"), json!({ "edit": edit, "head": null })).await;
        let done = room.edit(&team.planner, plan, edit.clone()).await;
        assert_eq!(preview["findings"], done["findings"], "{edit}");
        let whole = json!({ "looked_at": [], "plan": [], "cells": [] });
        let after = room.get(&team.planner, &path).await.json()["findings"].as_array().unwrap().clone();
        let mut wanted: Vec<String> = after.iter().map(Value::to_string).collect();
        wanted.sort();
        assert_eq!(laid_over(&before, &done["findings"]), wanted, "{edit}");
        assert_ne!(done["findings"], whole);
        // Back and forward say the same.
        let undone = room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
        let mut known: Vec<String> = before.iter().map(Value::to_string).collect();
        known.sort();
        assert_eq!(laid_over(&after, &undone["findings"]), known, "undoing {edit}");
        room.done(&team.planner, &format!("{path}/redo"), json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_stay_with_the_cell_that_goes_on() {
    let (room, team) = ready().await;
    let staff: Vec<StaffRecord> = (0..3)
        .map(|i| StaffRecord {
            external_id: format!("S{i}"),
            name: format!("队员{i}"),
            role: "网格员".into(),
            unit: String::new(),
            cell_codes: vec![code(4)],
            phone: String::new(),
            shifts: String::new(),
            absent: wall_core::Absent::default(),
        })
        .collect();
    room.wall.import_things(&admin(), &staff).await.unwrap();
    // The world follows the store in order: with a later ticket it has the staff too.
    room.wall.import_tickets(&admin(), &[ticket("later", 2.5, 0.5, false)]).await.unwrap();
    world_has_open(&room, 3.0).await;
    let plan = room.draft(&team.planner).await;
    let done = room.edit(&team.planner, plan, split()).await;
    // The part that keeps the code keeps the people on it; nobody is counted twice.
    assert_eq!((&cell(&done["changed"], 4)["staff"], &cell(&done["changed"], 9)["staff"]), (&json!(3), &json!(0)));
    let impact = room.get(&team.planner, &format!("/api/v1/plans/{plan}/impact?format=json")).await.json();
    let flows = impact["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 1, "half of the split cell goes to the new one: {flows:?}");
    assert_eq!((&flows[0]["from"], &flows[0]["to"]), (&json!(code(4)), &json!(code(9))));
    assert_eq!((&flows[0]["amounts"]["households"], &flows[0]["amounts"]["staff"]), (&json!(200.0), &json!(0)));
    // Under a new code the cell still has its people.
    let other =
        json!({ "kind": "describe", "face": 4, "name": null, "code": code(20), "cell_kind": null, "community_code": null });
    let done = room.edit(&team.planner, plan, other).await;
    assert_eq!((&cell(&done["changed"], 4)["staff"], &cell(&done["changed"], 9)["staff"]), (&json!(3), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}/edits");
    let before = room.get(&team.planner, &format!("/api/v1/plans/{plan}/cells")).await.text();
    let far: Vec<[f64; 2]> = (0..30_000).map(|i| at(f64::from(i) * 1e-4, 0.5)).collect();
    for edit in [
        json!({ "kind": "split", "face": 77, "line": [at(0.0, 0.0), at(1.0, 1.0)] }),
        json!({ "kind": "split", "face": 0, "line": [at(0.2, 0.2), at(0.8, 0.8)] }),
        json!({ "kind": "split", "face": 0, "line": [] }),
        json!({ "kind": "merge", "into": 0, "from": [8] }),
        json!({ "kind": "merge", "into": 0, "from": [0] }),
        json!({ "kind": "merge", "into": 0, "from": [] }),
        json!({ "kind": "move_vertex", "from": at(1.0, 1.0), "to": at(2.5, 2.5) }),
        json!({ "kind": "move_vertex", "from": at(0.0, 0.0), "to": at(-0.1, 0.0) }),
        json!({ "kind": "move_vertex", "from": at(0.123, 0.456), "to": at(0.5, 0.5) }),
        json!({ "kind": "move_vertex", "from": [500.0, 0.0], "to": at(0.5, 0.5) }),
        json!({ "kind": "delete_vertex", "at": at(1.0, 1.0) }),
        json!({ "kind": "reshape", "line": [at(0.2, 0.2), at(0.3, 0.3)] }),
        json!({ "kind": "reshape", "line": far }),
        json!({ "kind": "transfer", "to": 0, "ring": [at(0.1, 0.1), at(0.2, 0.1), at(0.2, 0.2)] }),
        json!({ "kind": "transfer", "to": 0, "ring": [at(1.4, 1.0), at(1.6, 1.0), at(1.6, 2.0), at(1.4, 2.0)] }),
        json!({ "kind": "fill_gap", "at": at(0.5, 0.5), "to": 0 }),
        json!({ "kind": "simplify", "faces": [], "tolerance_m": -1.0 }),
        json!({ "kind": "describe", "face": 0, "code": null, "name": "a\u{7}b", "cell_kind": null, "community_code": null }),
        json!({ "kind": "describe", "face": 0, "code": null, "name": null, "cell_kind": "castle", "community_code": null }),
        json!({ "kind": "number", "all": false }),
        json!({ "kind": "batch", "edits": [] }),
        // However they are nested, edits in one step are counted.
        json!({ "kind": "batch", "edits": vec![json!({ "kind": "batch", "edits": vec![merge(); 1_500] }); 2] }),
        json!({ "kind": "move_vertex", "from": at(0.0, 0.0), "to": [-179.0, -89.0], "outer": true }),
        // The second of two fails: the first is taken back too.
        json!({ "kind": "batch", "edits": [merge(), { "kind": "merge", "into": 0, "from": [8] }] }),
    ] {
        let answer = room.tell(&team.planner, &path, json!({ "edit": edit, "head": null })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{edit}: {}", answer.text());
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
        assert_eq!(room.get(&team.planner, &format!("/api/v1/plans/{plan}/cells")).await.text(), before, "{edit}");
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"edit":{"kind":"fly"},"head":null}"#,
        r#"{"edit":{"kind":"split","face":-1,"line":[]},"head":null}"#,
    ] {
        let answer = room.post(&team.planner, &path, "application/json", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.text());
    }
    // Two people on one plan: the second works on a state that is no more.
    room.edit(&team.planner, plan, merge()).await;
    assert_eq!(room.refused(&team.other, &path, json!({ "edit": split(), "head": null })).await, "head_moved");
    for path in ["/api/v1/plans/99", "/api/v1/plans/99/cells", "/api/v1/plans/x", "/api/v1/plans/99/impact"] {
        assert_eq!(room.get(&team.planner, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_what() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    let operator = room.token("operator", Role::Operator, true).await;
    for token in [&viewer, &operator] {
        let list = room.get(token, "/api/v1/plans").await.json();
        assert_eq!(list.as_array().unwrap().len(), 1, "only what is published");
        assert_eq!(room.get(token, &format!("/api/v1/plans/{plan}")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(room.get(token, &format!("/api/v1/plans/{plan}/cells")).await.status, StatusCode::FORBIDDEN);
        let answer = room.tell(token, "/api/v1/plans", json!({ "name": "x", "network": "general", "base": null })).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    // A leader looks and reviews, but does not draw.
    assert_eq!(room.get(&team.leader, &format!("/api/v1/plans/{plan}")).await.json()["why_not"], "role");
    let answer = room.tell(&team.leader, &format!("/api/v1/plans/{plan}/edits"), json!({ "edit": merge(), "head": null })).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(room.ask(get("/api/v1/plans")).await.status, StatusCode::UNAUTHORIZED);

    let step = format!("/api/v1/plans/{plan}/step");
    assert_eq!(room.refused(&team.planner, &step, json!({ "step": "approve" })).await, "own_plan");
    assert_eq!(room.refused(&team.planner, &step, json!({ "step": "publish" })).await, "not_approved");
    room.edit(&team.other, plan, merge()).await;
    room.done(&team.planner, &step, json!({ "step": "submit", "note": "请审" })).await;
    assert_eq!(
        room.refused(&team.planner, &format!("/api/v1/plans/{plan}/edits"), json!({ "edit": split(), "head": null })).await,
        "not_a_draft"
    );
    // Whoever had a hand in it does not review it.
    for token in [&team.planner, &team.other] {
        assert_eq!(room.refused(token, &step, json!({ "step": "approve" })).await, "own_plan");
    }
    assert_eq!(room.refused(&team.planner, &step, json!({ "step": "publish" })).await, "not_approved");
    room.done(&team.leader, &step, json!({ "step": "return", "note": "第二网格太大" })).await;
    let summary = room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    assert_eq!(summary["approved"], false, "an old review does not count for a new submission");
    let summary = room.done(&team.leader, &step, json!({ "step": "approve" })).await;
    assert_eq!((&summary["approved"], &summary["reviewed_by"]), (&json!(true), &json!("token:leader")));
    // Taking it back asks for another review.
    room.done(&team.planner, &step, json!({ "step": "withdraw" })).await;
    assert_eq!(room.refused(&team.planner, &step, json!({ "step": "publish" })).await, "not_approved");
    room.done(&team.planner, &step, json!({ "step": "retire" })).await;
    assert_eq!(
        room.refused(&team.planner, &format!("/api/v1/plans/{plan}/edits"), json!({ "edit": split(), "head": null })).await,
        "not_a_draft"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn impact_is_told_in_words_and_tables() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, merge()).await;
    let path = format!("/api/v1/plans/{plan}/impact");
    let impact = room.get(&team.planner, &path).await.json();
    assert_eq!((impact["cells"].as_array().unwrap().len(), &impact["unchanged"]), (2, &json!(7)), "{impact}");
    let flow = &impact["flows"][0];
    assert_eq!((&flow["from"], &flow["to"], &flow["amounts"]["households"]), (&json!(code(7)), &json!(code(6)), &json!(400.0)));
    let markdown = room.get(&team.planner, &format!("{path}?format=md")).await.text();
    assert!(markdown.contains("网格长7") && markdown.contains("| 户数 |"), "{markdown}");
    let csv = room.get(&team.planner, &format!("{path}?format=csv&lang=en")).await.text();
    assert!(csv.starts_with("\u{feff}From cell,") && csv.lines().count() == 2, "{csv}");
    assert_eq!(room.get(&team.planner, &format!("{path}?format=pdf")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_the_band() {
    let (room, team) = ready().await;
    let mut settings = room.get(&team.planner, "/api/v1/planning/settings").await.json();
    settings["band_high"] = json!(350.0);
    let put = async |token: &str, body: &Value| room.send(token, Method::PUT, "/api/v1/planning/settings", body).await;
    assert_eq!(put(&team.leader, &settings).await.status, StatusCode::FORBIDDEN);
    assert_eq!(put(&team.planner, &settings).await.status, StatusCode::OK);
    let plan = room.draft(&team.planner).await;
    let state = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json();
    assert_eq!(cell(&state["cells"], 0)["band"], "over");
    for (key, value) in
        [("band_low", json!(900.0)), ("band_high", json!(-1.0)), ("split_policy", json!("x")), ("code_sequence_digits", json!(0))]
    {
        let mut bad = settings.clone();
        bad[key] = value;
        assert_eq!(put(&team.planner, &bad).await.status, StatusCode::BAD_REQUEST, "{key}");
    }
}

/// What a newer edition set, or what is damaged, is said and not replaced by what nobody set; setting anew is the way on.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_are_said() {
    const SETTINGS: &str = "/api/v1/planning/settings";
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let settings = room.get(&team.planner, SETTINGS).await.json();
    let stored = room.wall.store().setting("planning").await.unwrap();
    assert_eq!(stored, None, "nothing was set yet");
    for (text, code) in
        [(r#"{"version":2,"limits":[300,500]}"#, "newer_settings"), (r#"{"version":1,"rules":7}"#, "damaged_settings")]
    {
        let mut tx = room.wall.store().write(&Actor::new("other", Role::Admin, "cli"), UtcMs(1_700_000_000_000)).await.unwrap();
        tx.set_setting("planning", text).await.unwrap();
        tx.commit().await.unwrap();
        for path in [SETTINGS.to_owned(), format!("/api/v1/plans/{plan}/proposals")] {
            let told = room.get(&team.planner, &path).await;
            assert_eq!((told.status, told.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, code), "{path}: {}", told.text());
        }
        let set = room.send(&team.planner, Method::PUT, SETTINGS, &settings).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text());
        assert_eq!(room.get(&team.planner, SETTINGS).await.json(), settings);
        let kept = room.wall.store().setting("planning").await.unwrap().unwrap();
        assert!(kept.starts_with(r#"{"version":1,"rules":{"band_low":"#), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_in_a_role_that_there_is_not() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let named = |kind: &str, role: &str| {
        let line = json!({ "party": "王", "party_kind": kind, "role": role, "from_code": "", "valid_from_ms": null, "valid_to_ms": null });
        json!({ "kind": "owners", "face": 0, "owners": [line], "against": null })
    };
    let path = format!("/api/v1/plans/{plan}/edits");
    for edit in [named("club", "leader"), named("person", "boss")] {
        for edit in [json!({ "kind": "batch", "edits": [edit] }), edit] {
            assert_eq!(room.refused(&team.planner, &path, json!({ "edit": edit, "head": null })).await, "bad_owner");
        }
    }
    room.edit(&team.planner, plan, named("person", "police")).await;
}
