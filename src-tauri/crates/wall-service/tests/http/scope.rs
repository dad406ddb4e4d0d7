//! Accounts and tokens of a part of the territory: what they are told, what they may, and what a refusal says.

use super::{Room, shown};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use wall_core::{Scope, UtcMs};
use wall_service::wall::Keeper;
use wall_store::{Actor, Role};

const NOW: UtcMs = UtcMs(1_790_000_000_000);

async fn room() -> Room {
    shown::room(NOW, |_, _| shown::Hidden { x: 0.25, y: 0.75, title: "a secret title", address: "1 Secret Street" }).await
}

fn scope(codes: &[&str]) -> Scope {
    Scope::new(&codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), None).unwrap()
}

async fn send(room: &Room, token: &str, ticket: Value) -> (String, String) {
    let answer = room.tell(token, "/api/v1/tickets", ticket).await.json();
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    (text("status"), if answer["code"] == "outside_scope" { text("reason") } else { text("code") })
}

#[tokio::test]
async fn a_ticket_is_taken_where_it_lies_within() {
    let room = room().await;
    let part = room.token_within("of A", Role::Feed, &["00A".to_owned()]).await;
    let whole = room.feed().await;
    let ticket = |id: &str, more: Value| {
        let mut ticket = json!({ "external_id": id, "source": "test", "category": "drain" });
        ticket.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ticket
    };
    let (in_a, in_b) = (json!({ "lon": 10.005, "lat": 50.005 }), json!({ "lon": 10.015, "lat": 50.005 }));
    let nowhere = json!({ "address": "somewhere" });
    let ends = ". Whose scope holds it, or who has none, can";
    for (id, more, status, why) in [
        ("new A", in_a.clone(), "created", ""),
        ("new B", in_b.clone(), "rejected", "ticket new B would lie in 00B"),
        ("new C", json!({ "lon": 20.0, "lat": 50.0 }), "rejected", "ticket new C would lie outside all cells with a community"),
        ("told A", json!({ "address": "somewhere", "community_code": "00A" }), "created", ""),
        ("told B", json!({ "address": "somewhere", "community_code": "00B" }), "rejected", "ticket told B would lie in 00B"),
        ("untold", nowhere, "rejected", "ticket untold tells neither a place nor a community (community_code)"),
        // Known ones: within before and after.
        ("T-1", json!({ "status": "dispatched" }), "updated", ""),
        ("T-4", json!({ "status": "dispatched" }), "rejected", "ticket T-4 lies in 00B"),
        ("T-4", in_a.clone(), "rejected", "ticket T-4 lies in 00B"),
        ("T-1", in_b, "rejected", "ticket T-1 would lie in 00B"),
        ("told A", in_a, "updated", ""),
    ] {
        let (got, reason) = send(&room, &part, ticket(id, more)).await;
        assert_eq!(got, status, "{id}: {reason}");
        if !why.is_empty() {
            assert_eq!(reason, format!("token:of A is for 00A alone and may not push tickets there: {why}{ends}"), "{id}");
        }
    }
    // Of a batch those within are taken, and whoever has no scope is bound by none.
    let batch =
        json!([ticket("b1", json!({ "lon": 10.001, "lat": 50.001 })), ticket("b2", json!({ "lon": 10.019, "lat": 50.001 }))]);
    let answer = room.tell(&part, "/api/v1/tickets", batch).await;
    assert_eq!(
        (answer.status, answer.json()[0]["status"].clone(), answer.json()[1]["code"].clone()),
        (StatusCode::MULTI_STATUS, json!("created"), json!("outside_scope"))
    );
    assert_eq!(
        send(&room, &whole, ticket("new B", json!({ "lon": 10.015, "lat": 50.005, "source": "feed" }))).await.0,
        "created"
    );
    // By hand, too.
    let actor = Actor { scope: Some(scope(&["00A"]).into()), ..Actor::new("li", Role::Operator, "wall") };
    let moved = async |id: &str| room.wall.move_ticket(&actor, "test", id, wall_core::TicketStatus::Cancelled, NOW, "").await;
    moved("T-2").await.unwrap();
    let refused = moved("T-5").await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("outside_scope", 403));
    assert_eq!(
        refused.to_string(),
        "li is for 00A alone and may not move tickets there: ticket T-5 lies in 00B. Whose scope holds it, or who has none, can"
    );
}

/// Cells are drawn anew and given to the other community: a ticket stays with the one in which it was first found, in what is
/// shown and in what may be written.
#[tokio::test]
async fn a_ticket_stays_where_it_was_first_found() {
    let room = room().await;
    let tokens = [("of A", "00A"), ("of B", "00B")].map(|(name, code)| (name.to_owned(), code.to_owned()));
    let mut parts = Vec::new();
    for (name, code) in tokens {
        parts.push(room.token_within(&name, Role::Operator, std::slice::from_ref(&code)).await);
    }
    let exact = async |token: &str, external_id: &str| {
        let list = room.get(token, "/api/v1/tickets?limit=100").await.json();
        let ticket = list["tickets"].as_array().unwrap().iter().find(|t| t["external_id"] == external_id).unwrap().clone();
        let card = room.get(token, &format!("/api/v1/ticket-card?id={}", ticket["id"])).await.json();
        let shown =
            card["address"] == "1 Secret Street" && ticket["title"] == "a secret title" && card["outside_scope"].is_null();
        let hidden = card["address"] == "" && ticket["title"] != "a secret title" && card["outside_scope"] == true;
        assert!(shown != hidden, "{external_id}: {card}");
        shown
    };
    let swapped = async |from: UtcMs| {
        let mut cells = [shown::cell("A", 0.0, 1.0, 0), shown::cell("B", 1.0, 2.0, 1)];
        (cells[0].community_code, cells[1].community_code) = ("00B".into(), "00A".into());
        let import = wall_service::wall::CellsImport {
            network: "general",
            name: "swapped",
            records: &cells,
            doubts: &[],
            publish: true,
            effective: Some(from),
        };
        room.wall.import_cells(&shown::admin(), import, &json!({})).await.unwrap();
        room.settle().await;
    };
    for (token, within, outside) in [(&parts[0], "T-1", "T-4"), (&parts[1], "T-4", "T-1")] {
        assert!(exact(token, within).await && !exact(token, outside).await);
        // What is found by a text is what shows it.
        let found = room.get(token, "/api/v1/search?q=secret+title&limit=50").await.json();
        assert_eq!(found.as_array().unwrap().iter().filter(|h| h["kind"] == "ticket").count(), 2, "{found}");
        let near = room.get(token, "/api/v1/near?lon=10.01&lat=50.005&kind=ticket&k=6").await.json();
        assert_eq!(near.as_array().unwrap().len(), 2, "{near}");
    }
    swapped(UtcMs(NOW.0 - 3_600_000)).await;
    for (token, within, outside) in [(&parts[0], "T-1", "T-4"), (&parts[1], "T-4", "T-1")] {
        assert!(exact(token, within).await && !exact(token, outside).await, "after cells changed hands");
        let one = |id: &str| json!({ "external_id": id, "source": "test", "status": "in_progress" });
        assert_eq!(send(&room, token, one(within)).await.0, "updated");
        assert_eq!(send(&room, token, one(outside)).await.0, "rejected");
    }
}

/// Counts, lists and frames of one community fit together, and are those of everybody elsewhere.
#[tokio::test]
async fn lists_are_as_long_as_their_numbers() {
    let room = room().await;
    shown::redraw(&room, NOW).await;
    let part = room.token_within("of A", Role::Operator, &["00A".to_owned()]).await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    for as_of in [String::new(), format!("&as_of={}", UtcMs(NOW.0 - 1).to_rfc3339())] {
        let counts = async |token: &str| room.get(token, &format!("/api/v1/snapshot?{as_of}")).await.json()["areas"].clone();
        let (mine, theirs) = (counts(&part).await, counts(&viewer).await);
        for area in mine.as_array().unwrap().iter().filter(|a| a["key"].as_str().unwrap().parse::<i64>().is_ok()) {
            let path = format!("/api/v1/ticket-list?set=open&area=cell:{}{as_of}", area["key"].as_str().unwrap());
            assert_eq!(room.get(&part, &path).await.json()["total"], area["open"], "{path}");
        }
        // T-1 and T-2 lie in the west of A, whose name stands in the east: of the viewer's they are in another cell.
        assert_ne!(mine, theirs, "{as_of}");
        let street = |areas: &Value| areas.as_array().unwrap().iter().map(|a| a["open"].as_u64().unwrap()).sum::<u64>();
        assert_eq!(street(&mine), street(&theirs));
    }
}

#[tokio::test]
async fn an_account_has_a_scope() {
    let room = room().await;
    let keeper = Keeper::of(room.wall.store());
    let (admin, password) = (shown::admin(), || "correct horse battery".to_owned());
    keeper.add_account(&admin, "li", "李", Role::Planner, Some(&scope(&["00A"])), password()).await.unwrap();
    let sign_in = async || {
        let body = json!({ "name": "li", "password": password() });
        room.tell(
            &room.token(&format!("desk {}", wall_service::wall::system_now().0), Role::Viewer, true).await,
            "/api/v1/session",
            body,
        )
        .await
        .json()
    };
    let entered = sign_in().await;
    let secret = entered["secret"].as_str().unwrap().to_owned();
    assert_eq!(entered["session"]["scope"], json!({ "divisions": [{ "code": "00A", "name": "" }], "network": null }));
    assert_eq!(
        entered["session"]["can"],
        json!({ "plan": true, "review": false, "publish": false, "admin": false, "end_replay": false })
    );
    // What concerns everything is told whole, with who can.
    let answer = room.tell(&secret, "/api/v1/clock", json!({ "end": true })).await;
    assert_eq!(answer.code(), "forbidden", "not in this role, whatever the scope");
    let answer = room.send(&secret, Method::PUT, "/api/v1/planning/settings", &json!({})).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "outside_scope"));
    let words = "li is for 00A alone and may not change the settings of planning: that concerns everything. Who has the role planner, admin and no scope can";
    assert_eq!(answer.json()["message"], words);
    // A code that nothing has is none to give, and nothing is changed by it.
    let refused = keeper.set_scope(&admin, "li", Some(&scope(&["00C"]))).await.unwrap_err();
    assert!(refused.to_string().contains("no cell lies in a division 00C"), "{refused}");
    assert_eq!(room.get(&secret, "/api/v1/session").await.json()["scope"]["divisions"][0]["code"], "00A");
    // Another one takes effect at once: the session is over, and whoever signs in again has it.
    assert_eq!(keeper.set_scope(&admin, "li", None).await.unwrap(), 1);
    room.until("the session ends", async || {
        (room.get(&secret, "/api/v1/session").await.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    assert_eq!(sign_in().await["session"]["scope"], Value::Null);
    let lines = room.wall.store().audit_lines(1, 1_000).await.unwrap();
    let told: Vec<&str> = lines.iter().filter(|l| l.action == "account.scope").map(|l| l.detail.as_str()).collect();
    let detail = |scope: Value, ended: u64| json!({ "account": "li", "scope": scope, "sessions_ended": ended });
    let told: Vec<Value> = told.into_iter().map(|d| serde_json::from_str(d).unwrap()).collect();
    assert_eq!(told, [detail(json!({ "divisions": ["00A"], "network": null }), 0), detail(Value::Null, 1)]);
}

#[tokio::test]
async fn a_draft_is_edited_within() {
    let room = room().await;
    let part = room.token_within("of A", Role::Planner, &["00A".to_owned()]).await;
    let whole = room.token("planner", Role::Planner, true).await;
    let new = json!({ "name": "draft", "network": "general", "base": null });
    let draft = room.done(&part, "/api/v1/plans", new).await["id"].as_i64().unwrap();
    let path = format!("/api/v1/plans/{draft}");
    let state = room.get(&part, &path).await.json();
    let face = |code: &str| state["cells"].as_array().unwrap().iter().find(|c| c["code"] == code).unwrap()["face"].clone();
    let (a, b) = (face("A"), face("B"));
    let head = async || room.get(&part, &path).await.json()["head"].clone();
    let ask = async |what: &str, edit: &Value| {
        room.tell(&part, &format!("{path}/{what}"), json!({ "edit": edit, "head": head().await })).await
    };
    let named = |face: &Value, name: Option<&str>, community: Option<&str>| json!({ "kind": "describe", "face": face, "name": name, "code": null, "cell_kind": null, "community_code": community });
    // A cut from outside to the neighbour's border puts a vertex there and changes nothing of the neighbour.
    let cut = json!({ "kind": "split", "face": a, "line": [[9.999, 50.005], [10.01, 50.005]] });
    let shift = json!({ "kind": "reshape", "line": [[10.01, 50.001], [10.012, 50.004], [10.012, 50.006], [10.01, 50.009]] });
    for what in ["preview", "edits"] {
        for outside in [named(&b, Some("theirs"), None), named(&a, None, Some("00B")), shift.clone()] {
            let answer = ask(what, &outside).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, "outside_scope"),
                "{what} {outside}: {}",
                answer.text()
            );
            let faces = answer.json()["faces"].clone();
            assert_eq!(faces, json!([if outside["face"] == a { &a } else { &b }]), "{outside}");
        }
        for within in [named(&a, Some(&format!("ours, {what}")), None), cut.clone()] {
            let answer = ask(what, &within).await;
            assert_eq!(answer.status, StatusCode::OK, "{what} {within}: {}", answer.text());
        }
    }
    // What others drew there is undone by others, and a draft with it is theirs to submit.
    room.edit(&whole, draft, named(&b, Some("theirs"), None)).await;
    assert_eq!(room.refused(&part, &format!("{path}/undo"), json!({})).await, "outside_scope");
    let step = async |token: &str, step: &str| room.tell(token, &format!("{path}/step"), json!({ "step": step })).await;
    let answer = step(&part, "submit").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "outside_scope"));
    assert!(answer.json()["message"].as_str().unwrap().contains("cell B lies in 00B"), "{answer:?}");
    room.done(&whole, &format!("{path}/undo"), json!({})).await;
    room.done(&part, &format!("{path}/undo"), json!({})).await;
    assert_eq!(step(&part, "submit").await.status, StatusCode::OK);
    // Putting it away is nobody's who has a scope.
    let answer = step(&part, "retire").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "outside_scope"));
}
