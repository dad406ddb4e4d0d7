//! Plans that take effect: published from a date, taken back before it, looked back at; their owners, codes and tickets.

use super::Room;
use super::plans::{DAY_MS, Team, admin, at, code, merge, moved_border, ready, split, squares, ticket, world_has_open};
use axum::http::StatusCode;
use serde_json::{Value, json};
use wall_core::{OwnerRecord, OwnerRole, PartyKind, PlanId, TicketId, UtcMs};
use wall_service::wall::{AsOf, CellsImport, Wall};
use wall_store::{Actor, Role};

/// Draws, reviews and publishes from `effective_ms`.
async fn publish(room: &Room, team: &Team, tickets: &str, effective_ms: i64) -> i64 {
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, moved_border()).await;
    room.edit(&team.planner, plan, split()).await;
    room.edit(&team.planner, plan, merge()).await;
    let step = format!("/api/v1/plans/{plan}/step");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    room.done(&team.leader, &step, json!({ "step": "approve" })).await;
    let publish = json!({ "step": "publish", "effective_ms": effective_ms, "tickets": tickets });
    // The last cell has no owner: said, and not published before somebody takes it on.
    assert_eq!(room.refused(&team.planner, &step, publish.clone()).await, "blocked");
    let mut publish = publish;
    publish["acknowledge"] = json!(["owner_missing"]);
    let mut early = publish.clone();
    early["effective_ms"] = json!(effective_ms - 30 * DAY_MS);
    assert_eq!(room.refused(&team.planner, &step, early).await, "in_the_past");
    // A replay stands the wall ten years ago: what takes effect is judged by the system's time all the same.
    let then = effective_ms - 4_000 * DAY_MS;
    move_clock(room, then).await;
    let mut long_ago = publish.clone();
    long_ago["effective_ms"] = json!(then + DAY_MS);
    assert_eq!(room.refused(&team.planner, &step, long_ago).await, "in_the_past");
    room.wall.end_replay(&admin(), None).await.unwrap();
    room.settle().await;
    let summary = room.done(&team.planner, &step, publish).await;
    assert_eq!((&summary["status"], &summary["in_force"]), (&json!("published"), &json!(false)));
    plan
}

async fn codes_at(room: &Room, token: &str, as_of: Option<i64>) -> Vec<String> {
    let asked = as_of.map_or(String::new(), |t| format!("?as_of={}", UtcMs(t).to_rfc3339()));
    let cells = room.get(token, &format!("/api/v1/cells{asked}")).await.json();
    let mut codes: Vec<String> =
        cells["features"].as_array().unwrap().iter().map(|f| f["properties"]["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

async fn move_clock(room: &Room, to: i64) {
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let clock = wall_store::ReplayClock { wall_at: UtcMs(to), real_at: now, speed: 1.0 };
    room.wall.drive_clock(&admin(), clock, None).await.unwrap();
    room.settle().await;
}

async fn ticket_card(room: &Room, token: &str, id: i64, as_of: Option<i64>) -> Value {
    let asked = as_of.map_or(String::new(), |t| format!("&as_of={}", UtcMs(t).to_rfc3339()));
    let answer = room.get(token, &format!("/api/v1/ticket-card?id={id}{asked}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_takes_effect_at_its_time_and_the_past_stays() {
    let (room, team) = ready().await;
    let operator = room.token("operator", Role::Operator, true).await;
    let now = jiff::Timestamp::now().as_millisecond();
    let plan = publish(&room, &team, "move", now + DAY_MS).await;
    let old: Vec<String> = (0..9).map(code).collect();
    assert_eq!(codes_at(&room, &operator, None).await, old, "until then nothing changes");
    let tomorrow = codes_at(&room, &operator, Some(now + 2 * DAY_MS)).await;
    assert_eq!(tomorrow, [0, 1, 2, 3, 4, 5, 6, 8, 9].map(code).to_vec());

    move_clock(&room, now + DAY_MS + 60_000).await;
    room.until("the plan takes effect", async || {
        (room.get(&operator, "/api/v1/wall").await.json()["plan"]["id"] == plan).then_some(())
    })
    .await;
    assert_eq!(codes_at(&room, &operator, None).await, tomorrow);
    assert_eq!(codes_at(&room, &operator, Some(now)).await, old, "as of today the wall shows today's cells");

    // The open ticket at 1.4 stays in cell 2; nothing of the closed one's story changes.
    let open = room
        .until("the open tickets are attributed anew", async || {
            let card = ticket_card(&room, &operator, 1, None).await;
            (card["kept_cell"] == Value::Null).then_some(card)
        })
        .await;
    assert_eq!(open["ticket"]["cell_code"], code(1));
    let closed = ticket_card(&room, &operator, 2, None).await;
    assert_eq!(closed["kept_cell"], json!({ "code": code(1), "name": "第2网格", "plan": "现行方案" }));
    assert_eq!(ticket_card(&room, &operator, 2, Some(now)).await["kept_cell"], Value::Null);

    // Owners: the split cell's new part has those of the cell it comes from, the retired code has none any more.
    let owner = async |key: &str, as_of: Option<i64>| -> Vec<String> {
        let asked = as_of.map_or(String::new(), |t| format!("?as_of={}", UtcMs(t).to_rfc3339()));
        let cells = room.get(&operator, &format!("/api/v1/cells{asked}")).await.json();
        let found = cells["features"].as_array().unwrap().iter().find(|f| f["properties"]["code"] == key);
        found.map(|f| f["properties"]["owner"].as_str().unwrap().to_owned()).into_iter().collect()
    };
    assert_eq!(owner(&code(9), None).await, ["网格长4"]);
    assert_eq!(owner(&code(7), None).await, [""; 0]);
    assert_eq!(owner(&code(7), Some(now)).await, ["网格长7"]);

    // A retired code is not given again.
    let next = room.draft(&team.planner).await;
    let parts =
        room.edit(&team.planner, next, json!({ "kind": "split", "face": 0, "line": [at(0.5, -0.1), at(0.5, 1.1)] })).await;
    let codes: Vec<&str> = parts["changed"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&code(10).as_str()) && !codes.contains(&code(7).as_str()), "{codes:?}");
    // A published plan is never edited.
    assert_eq!(
        room.refused(&team.planner, &format!("/api/v1/plans/{plan}/edits"), json!({ "edit": merge(), "head": null })).await,
        "not_a_draft"
    );
    assert_eq!(
        room.refused(&team.planner, &format!("/api/v1/plans/{plan}/step"), json!({ "step": "retire" })).await,
        "wrong_status"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_in_hand_may_stay_with_their_code() {
    for (rule, cell_after) in [("move", 0), ("stay", 1)] {
        let (room, team) = ready().await;
        let operator = room.token("operator", Role::Operator, true).await;
        // This one lies in the strip that goes from cell 2 to cell 1.
        room.wall.import_tickets(&admin(), &[ticket("strip", 1.1, 0.5, false)]).await.unwrap();
        world_has_open(&room, 3.0).await;
        let now = jiff::Timestamp::now().as_millisecond();
        let plan = publish(&room, &team, rule, now + DAY_MS).await;
        let impact = room.get(&team.planner, &format!("/api/v1/plans/{plan}/impact")).await.json();
        let flow = impact["flows"].as_array().unwrap().iter().find(|f| f["from"] == code(1) && f["to"] == code(0)).unwrap();
        assert_eq!((&flow["amounts"]["open"], &flow["to_owner"]), (&json!(1), &json!("网格长0")), "{impact}");
        move_clock(&room, now + DAY_MS + 60_000).await;
        let card = room
            .until("the ticket has a cell of the new plan", async || {
                let card = ticket_card(&room, &operator, 4, None).await;
                (room.wall.info(&admin(), None).await.unwrap().plan.unwrap().id == plan && card["kept_cell"] == Value::Null)
                    .then_some(card)
            })
            .await;
        // What the stored attribution says reaches the world a moment later.
        room.until("the rule is followed", async || {
            (ticket_card(&room, &operator, 4, None).await["ticket"]["cell_code"] == code(cell_after)).then_some(())
        })
        .await;
        drop(card);
        let exported = async |as_of: Option<UtcMs>| {
            let rows = room.wall.ticket_rows(&admin(), as_of.into()).await.unwrap();
            rows.into_iter().find(|r| r.external_id == "strip").unwrap().cell_code
        };
        assert_eq!(exported(None).await, code(cell_after), "{rule}");
        // Looking back at it from under a later plan shows what was on the wall.
        let under = now + DAY_MS + 60_000;
        let next = room.draft_of(&team.planner, plan).await;
        let step = format!("/api/v1/plans/{next}/step");
        let state = room.get(&team.planner, &format!("/api/v1/plans/{next}")).await.json();
        let last = state["cells"].as_array().unwrap().iter().find(|c| c["code"] == code(8)).unwrap()["face"].clone();
        room.edit(&team.planner, next, json!({ "kind": "split", "face": last, "line": [at(2.5, 1.9), at(2.5, 3.1)] })).await;
        room.done(&team.planner, &step, json!({ "step": "submit" })).await;
        room.done(&team.leader, &step, json!({ "step": "approve" })).await;
        let then =
            json!({ "step": "publish", "effective_ms": now + 2 * DAY_MS, "tickets": "move", "acknowledge": ["owner_missing"] });
        room.done(&team.planner, &step, then).await;
        move_clock(&room, now + 2 * DAY_MS + 60_000).await;
        room.until("the next plan takes effect", async || {
            (room.get(&operator, "/api/v1/wall").await.json()["plan"]["id"] == next).then_some(())
        })
        .await;
        assert_eq!(ticket_card(&room, &operator, 4, Some(under)).await["ticket"]["cell_code"], code(cell_after), "{rule}");
        assert_eq!(exported(Some(UtcMs(under))).await, code(cell_after), "{rule}");
        let stats = room.get(&operator, &format!("/api/v1/stats?by=cell&as_of={}", UtcMs(under).to_rfc3339())).await.json();
        let open_in = |i: usize| {
            let lines = stats["lines"].as_array().unwrap();
            lines.iter().find(|l| l["key"] == code(i)).map(|l| l["open"].as_i64().unwrap())
        };
        assert_eq!((open_in(0), open_in(1)), if rule == "move" { (Some(1), Some(1)) } else { (Some(0), Some(2)) }, "{stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_confirmed_or_named() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    let path = format!("/api/v1/plans/{plan}/owners");
    let list = room.get(&team.planner, &path).await.json();
    assert_eq!((&list[0]["rule"], &list[0]["code"]), (&json!("none"), &json!(code(8))));
    assert_eq!(
        (&list[1]["rule"], &list[1]["code"], &list[1]["confirmed"]),
        (&json!("inherited"), &json!(code(9)), &json!(false))
    );
    let unit = |party: &str| json!([{ "party": party, "party_kind": "unit", "role": "unit", "from_code": "" }]);
    let named = json!({ "kind": "owners", "face": 8, "owners": unit("综治办") });
    let confirmed = json!({ "kind": "owners", "face": 9, "owners": null });
    room.edit(&team.planner, plan, json!({ "kind": "batch", "edits": [named, confirmed] })).await;
    let list = room.get(&team.planner, &path).await.json();
    assert!(list.as_array().unwrap().iter().all(|o| o["confirmed"] == true), "{list}");
    let state = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json();
    assert!(state["findings"].as_array().unwrap().iter().all(|f| f["code"] != "owner_missing"));
    let edits = format!("/api/v1/plans/{plan}/edits");
    let head = &state["head"];
    let bad = json!({ "edit": { "kind": "owners", "face": 8, "owners": unit(" ") }, "head": head });
    assert_eq!(room.refused(&team.planner, &edits, bad).await, "bad_text");
    let nobody = json!({ "edit": { "kind": "owners", "face": 99, "owners": null }, "head": head });
    assert_eq!(room.refused(&team.planner, &edits, nobody).await, "nothing_there");
    let again = json!({ "edit": { "kind": "owners", "face": 8, "owners": unit("综治办") }, "head": head });
    assert_eq!(room.refused(&team.planner, &edits, again).await, "no_change");

    // Who was named stays with the cell when its code changes, and goes when the edit is taken back.
    let owner_of = async |face: u32| -> Value {
        let list = room.get(&team.planner, &path).await.json();
        list.as_array().unwrap().iter().find(|o| o["face"] == face).unwrap().clone()
    };
    room.edit(
        &team.planner,
        plan,
        json!({ "kind": "describe", "face": 8, "code": code(20), "name": null, "cell_kind": null, "community_code": null }),
    )
    .await;
    assert_eq!(owner_of(8).await["owners"][0]["party"], "综治办");
    for _ in 0..3 {
        room.done(&team.planner, &format!("/api/v1/plans/{plan}/undo"), json!({})).await;
    }
    assert_eq!(owner_of(8).await["rule"], "none");
    // Another split gives the same code to other ground: it has nothing of what was said of the first.
    room.edit(&team.planner, plan, json!({ "kind": "split", "face": 0, "line": [at(0.5, -0.1), at(0.5, 1.1)] })).await;
    let other = owner_of(9).await;
    assert_eq!((&other["code"], &other["rule"], &other["confirmed"]), (&json!(code(9)), &json!("inherited"), &json!(false)));
}

/// A draft that a second person agreed to.
async fn agreed(room: &Room, team: &Team) -> (i64, String) {
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    let step = format!("/api/v1/plans/{plan}/step");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    room.done(&team.leader, &step, json!({ "step": "approve" })).await;
    (plan, step)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_waits_for_its_time_is_taken_back() {
    let (room, team) = ready().await;
    let operator = room.token("operator", Role::Operator, true).await;
    let now = jiff::Timestamp::now().as_millisecond();
    let (plan, step) = agreed(&room, &team).await;
    let publish = |at: i64| json!({ "step": "publish", "effective_ms": at, "tickets": "stay", "acknowledge": ["owner_missing"] });
    for far in [now + 36_600 * DAY_MS, i64::MAX] {
        assert_eq!(room.refused(&team.planner, &step, publish(far)).await, "too_far");
    }
    let leader = room.tell(&team.leader, &step, publish(now + DAY_MS)).await;
    assert_eq!(leader.status, StatusCode::FORBIDDEN, "a leader agrees; planners publish");
    let owners = room.wall.store().ownerships(wall_core::NetworkId(1)).await.unwrap();
    room.done(&team.planner, &step, publish(now + 30 * DAY_MS)).await;
    assert_ne!(room.wall.store().ownerships(wall_core::NetworkId(1)).await.unwrap(), owners);
    // An urgent change before that time is not possible …
    let (urgent, urgent_step) = agreed(&room, &team).await;
    assert_eq!(room.refused(&team.planner, &urgent_step, publish(now + DAY_MS)).await, "blocked");
    let mut acknowledged = publish(now + DAY_MS);
    acknowledged["acknowledge"] = json!(["owner_missing", "base_outdated"]);
    assert_eq!(room.refused(&team.planner, &urgent_step, acknowledged.clone()).await, "too_early");
    // … until the plan that waits is taken back: a draft again, with everything as if it had never been published.
    let shown = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json()["head"].clone();
    let history = room.get(&team.planner, &format!("/api/v1/plans/{plan}/history")).await.json();
    assert_eq!((&history["head"], &history["edits"][0]["applied"]), (&shown, &json!(true)));
    let back = room.done(&team.planner, &step, json!({ "step": "withdraw", "seen": shown })).await;
    assert_eq!((&back["status"], &back["effective_from_ms"]), (&json!("draft"), &Value::Null));
    assert_eq!(codes_at(&room, &operator, Some(now + 60 * DAY_MS)).await, (0..9).map(code).collect::<Vec<_>>());
    let after = room.wall.store().ownerships(wall_core::NetworkId(1)).await.unwrap();
    let ends = |list: &[wall_core::Ownership]| list.iter().map(|o| (o.id, o.valid_from, o.valid_to)).collect::<Vec<_>>();
    assert_eq!(ends(&after), ends(&owners));
    assert_eq!(room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json()["editable"], true);
    room.done(&team.planner, &urgent_step, publish(now + DAY_MS)).await;
    move_clock(&room, now + DAY_MS + 60_000).await;
    room.until("the urgent plan takes effect", async || {
        (room.get(&operator, "/api/v1/wall").await.json()["plan"]["id"] == urgent).then_some(())
    })
    .await;
    // What is in force is history in the making.
    assert_eq!(room.refused(&team.planner, &urgent_step, json!({ "step": "withdraw" })).await, "wrong_status");
    // The first draft was drawn from a plan that has been followed meanwhile: it says so.
    let state = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json();
    let behind = state["findings"].as_array().unwrap().iter().find(|f| f["code"] == "base_outdated").unwrap();
    assert_eq!((&behind["blocks"], &behind["values"]["plan"]), (&json!(true), &json!("调整稿")));
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_of_the_day_a_plan_takes_effect_are_carried_over() {
    let (room, team) = ready().await;
    let now = jiff::Timestamp::now().as_millisecond();
    let line = |party: &str, from: Option<i64>, to: Option<i64>| OwnerRecord {
        cell_code: code(4),
        party: party.into(),
        party_kind: PartyKind::Person,
        role: OwnerRole::FullTime,
        phone: String::new(),
        valid_from: from.map(UtcMs),
        valid_to: to.map(UtcMs),
        absent: wall_core::Absent::default(),
    };
    let changing = [line("调走的", None, Some(now + 10 * DAY_MS)), line("接任的", Some(now + 10 * DAY_MS), None)];
    let (plan, step) = agreed(&room, &team).await;
    // Named by another process while the plan is open.
    room.wall.import_owners(&admin(), "general", &changing).await.unwrap();
    let publish = json!({ "step": "publish", "effective_ms": now + 30 * DAY_MS, "acknowledge": ["owner_missing"] });
    room.done(&team.planner, &step, publish).await;
    let names: std::collections::HashMap<_, _> =
        room.wall.store().parties().await.unwrap().into_iter().map(|p| (p.id, p.name)).collect();
    let mut began: Vec<String> = room
        .wall
        .store()
        .ownerships(wall_core::NetworkId(1))
        .await
        .unwrap()
        .into_iter()
        .filter(|o| o.cell_code == code(9))
        .map(|o| names[&o.party].clone())
        .collect();
    began.sort();
    assert_eq!(began, ["接任的", "网格长4"], "plan {plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_the_file_in_force_again_leaves_drafts_alone() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    let other = room.draft(&team.planner).await;
    room.done(&team.planner, &format!("/api/v1/plans/{other}/step"), json!({ "step": "retire" })).await;
    let import =
        CellsImport {
            network: "general", name: "现行方案", records: &squares(), doubts: &[], publish: true, effective: None
        };
    let done = room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    assert!(!done.new && done.plan.0 < plan, "{done:?}");
    let plans = room.get(&team.planner, "/api/v1/plans").await.json();
    let status = |id: i64| plans.as_array().unwrap().iter().find(|p| p["id"] == id).unwrap()["status"].clone();
    assert_eq!((status(plan), status(other), status(done.plan.0)), (json!("draft"), json!("retired"), json!("published")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_came_back_without_edits_is_edited_and_opened_again() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let step = format!("/api/v1/plans/{plan}/step");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    room.done(&team.leader, &step, json!({ "step": "return", "note": "再画" })).await;
    // Places off the grid are stored on it, and come back from the text as they were.
    let line = json!({ "kind": "split", "face": 4, "line": [at(1.503_000_1, 0.9), at(1.507_000_1, 2.1)] });
    room.edit(&team.planner, plan, line).await;
    let cells = room.get(&team.planner, &format!("/api/v1/plans/{plan}/cells")).await.text();
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    let second = Wall::open(options).await.unwrap();
    let actor = Actor::new("other", Role::Planner, "cli");
    let there = second.plan_cells_json(&actor, PlanId(plan)).await.unwrap();
    assert_eq!(String::from_utf8(there.to_vec()).unwrap(), cells);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_about_what_was_seen() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let (path, step) = (format!("/api/v1/plans/{plan}"), format!("/api/v1/plans/{plan}/step"));
    let seen = room.edit(&team.planner, plan, split()).await["head"].clone();
    room.done(&team.planner, &step, json!({ "step": "submit", "seen": seen })).await;
    // While the reviewer looks, the author takes it back, changes it, and sends it again.
    room.done(&team.planner, &step, json!({ "step": "withdraw" })).await;
    let newer = room.edit(&team.planner, plan, merge()).await["head"].clone();
    assert_eq!(room.refused(&team.planner, &step, json!({ "step": "submit", "seen": seen })).await, "head_moved");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    assert_eq!(room.refused(&team.leader, &step, json!({ "step": "approve", "seen": seen })).await, "head_moved");
    assert_eq!(room.refused(&team.leader, &step, json!({ "step": "approve", "seen": 0 })).await, "head_moved");
    // A colleague does not take it back; the reviewer may send it back.
    assert_eq!(room.refused(&team.other, &step, json!({ "step": "withdraw" })).await, "not_yours");
    room.done(&team.leader, &step, json!({ "step": "return", "seen": newer, "note": "再看" })).await;
    // Nobody takes back an edit they have not seen, and whoever takes one back has a hand in the plan.
    assert_eq!(room.refused(&team.other, &format!("{path}/undo"), json!({ "seen": seen })).await, "head_moved");
    room.done(&team.other, &format!("{path}/undo"), json!({ "seen": newer })).await;
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    assert_eq!(room.refused(&team.other, &step, json!({ "step": "approve" })).await, "own_plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beside_a_submission_is_in_it_or_refused() {
    let (room, team) = ready().await;
    for _ in 0..6 {
        let plan = room.draft(&team.planner).await;
        let (path, step) = (format!("/api/v1/plans/{plan}/edits"), format!("/api/v1/plans/{plan}/step"));
        let (edited, submitted) = tokio::join!(
            room.tell(&team.planner, &path, json!({ "edit": merge(), "head": null })),
            room.tell(&team.planner, &step, json!({ "step": "submit" })),
        );
        let cells = room.wall.store().written_cells(PlanId(plan)).await.unwrap().len();
        match (edited.status, submitted.status) {
            (StatusCode::OK, StatusCode::OK) => assert_eq!(cells, 8),
            (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::OK) => assert_eq!((cells, edited.code().as_str()), (9, "not_a_draft")),
            other => panic!("{other:?}: {} {}", edited.text(), submitted.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_that_nobody_saw_is_made_up_for_at_the_next_start() {
    let (room, team) = ready().await;
    room.wall.import_tickets(&admin(), &[ticket("strip", 1.1, 0.5, false)]).await.unwrap();
    world_has_open(&room, 3.0).await;
    let now = jiff::Timestamp::now().as_millisecond();
    let plan = PlanId(publish(&room, &team, "move", now + DAY_MS).await);
    assert!(room.wall.store().attributions_under(plan).await.unwrap().is_empty());
    // A wall that stands at a time of its own shows the plan and writes nothing.
    let path = room.folder.path().join("data");
    let open = async |fixed_now: Option<UtcMs>| {
        let mut options = super::options_at(path.clone());
        (options.zone, options.fixed_now) = (Some("UTC".into()), fixed_now);
        let wall = Wall::open(options).await.unwrap();
        wall.follow();
        wall
    };
    let ahead = open(Some(UtcMs(now + 2 * DAY_MS))).await;
    assert_eq!(ahead.info(&admin(), None).await.unwrap().plan.unwrap().id, plan.0);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(ahead.store().attributions_under(plan).await.unwrap().is_empty());
    drop(ahead);
    // Nobody has the wall open when the plan takes effect; two days later somebody does.
    let Room { wall, router, folder, options } = room;
    let clock = wall_store::ReplayClock { wall_at: UtcMs(now + 2 * DAY_MS), real_at: UtcMs(now), speed: 1.0 };
    drop((router, options, wall));
    let mut options = super::options_at(path.clone());
    options.zone = Some("UTC".into());
    Wall::open(options).await.unwrap().drive_clock(&admin(), clock, None).await.unwrap();
    let later = open(None).await;
    let mut under = Vec::new();
    for _ in 0..200 {
        under = later.store().attributions_under(plan).await.unwrap();
        if !under.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    under.sort();
    assert_eq!(under.iter().map(|(t, _)| *t).collect::<Vec<_>>(), [1, 3, 4].map(TicketId), "the closed one stays as it was");
    let card = later.ticket_card(&admin(), 4, AsOf::default()).await.unwrap();
    assert_eq!((card.ticket.cell_code, card.kept_cell.is_none()), (code(0), true));
    // The start after that finds nothing to do.
    let revision = later.store().revision().await.unwrap();
    let again = open(None).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(again.store().revision().await.unwrap(), revision);
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_cannot_stand_are_not_published() {
    let (room, team) = ready().await;
    // A plan in which two cells have one code.
    let mut features: Vec<Value> = squares()
        .iter()
        .map(|c| {
            let ring: Vec<[f64; 2]> = c.geometry.polygons[0]
                .outer
                .iter()
                .chain(&c.geometry.polygons[0].outer[..1])
                .map(|p| [p.place().lon, p.place().lat])
                .collect();
            let properties = json!({ "code": c.code, "name": c.name, "community_code": c.community_code });
            json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } })
        })
        .collect();
    features[8]["properties"]["code"] = json!(code(7));
    let file = json!({ "type": "FeatureCollection", "features": features }).to_string();
    let draft = async |file: &str, name: &str| -> i64 {
        let path = format!("/api/v1/plans/import?network=general&name={name}");
        let answer = room.post(&team.planner, &path, "application/geo+json", file.to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["plan"]["id"].as_i64().unwrap()
    };
    let agree = async |plan: i64| {
        let step = format!("/api/v1/plans/{plan}/step");
        room.done(&team.planner, &step, json!({ "step": "submit" })).await;
        room.done(&team.leader, &step, json!({ "step": "approve" })).await;
        step
    };
    let effective = jiff::Timestamp::now().as_millisecond() + DAY_MS;
    let publish_with = |acknowledge: &[&str], effective: i64| json!({ "step": "publish", "effective_ms": effective, "tickets": "move", "acknowledge": acknowledge });
    let twice = draft(&file, "twice").await;
    let step = agree(twice).await;
    let refused = room.tell(&team.planner, &step, publish_with(&["owner_missing"], effective)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "blocked"));
    assert!(refused.text().contains("code_duplicate"), "{}", refused.text());
    assert_eq!(refused.json()["faces"].as_array().unwrap().len(), 2, "both cells are pointed at: {}", refused.text());

    // The plan with a merge ends a code; a file that gives it again is refused whatever is acknowledged.
    publish(&room, &team, "move", effective).await;
    let again = json!({ "type": "FeatureCollection", "features": squares_with_code(&features) }).to_string();
    let step = agree(draft(&again, "again").await).await;
    let all = ["owner_missing", "code_retired", "code_duplicate", "base_outdated"];
    let refused = room.tell(&team.planner, &step, publish_with(&all, effective + DAY_MS)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "blocked"), "{}", refused.text());
    assert!(refused.text().contains("code_retired"), "{}", refused.text());
}

/// The same features with their own codes: among them the one that the merge ends.
fn squares_with_code(features: &[Value]) -> Vec<Value> {
    let mut features = features.to_vec();
    features[8]["properties"]["code"] = json!(code(8));
    features
}
