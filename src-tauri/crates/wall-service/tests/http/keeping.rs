//! What a token may write, what ends by itself, what is counted by its members, and where the change log begins.

use super::Room;
use super::plans::{admin, ready, ticket, world_has_open};
use serde_json::{Value, json};
use wall_core::{Severity, TicketRecord, TicketStatus, UtcMs};
use wall_service::wall::AsOf;
use wall_service::wall::{Wall, system_now};
use wall_store::{ReplayClock, Role};

const HOUR_MS: i64 = 3_600_000;
const JSON: &str = "application/json";

/// Something of the database that no command does.
async fn sql(room: &Room, text: &str) {
    wall_tests::behind(room.wall.store().folder(), text).await;
}

async fn token_for(room: &Room, name: &str, sources: &[&str]) -> String {
    let sources: Vec<String> = sources.iter().map(|s| (*s).to_owned()).collect();
    let mut tx = room.wall.store().write(&admin(), system_now()).await.unwrap();
    let secret = tx.create_token(name, Role::Operator, true, &sources).await.unwrap();
    tx.commit().await.unwrap();
    secret
}

async fn send(room: &Room, token: &str, row: Value) -> Value {
    room.post(token, "/api/v1/tickets", JSON, row.to_string()).await.json()
}

fn row(id: &str, source: Option<&str>) -> Value {
    let mut row = json!({ "external_id": id, "lon": 120.1, "lat": 30.2, "category": "drain" });
    if let Some(source) = source {
        row["source"] = json!(source);
    }
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_writes_its_own_source_unless_given_others() {
    let room = Room::new().await;
    let own = token_for(&room, "hotline", &[]).await;
    let two = token_for(&room, "bridge", &["A", "B"]).await;
    let old = token_for(&room, "old", &[]).await;
    sql(&room, "UPDATE token SET sources = NULL WHERE name = 'old'").await;
    for (token, source, taken) in [
        (&own, None, true),
        (&own, Some("hotline"), true),
        (&own, Some("A"), false),
        (&own, Some("HOTLINE"), false),
        (&two, None, true),
        (&two, Some("A"), true),
        (&two, Some("B"), true),
        (&two, Some("bridge"), false),
        (&old, None, true),
        (&old, Some("anything"), true),
    ] {
        let line = send(&room, token, row("1", source)).await;
        assert_eq!(line["code"], if taken { Value::Null } else { json!("foreign_source") }, "{source:?}: {line}");
        if !taken {
            let reason = line["reason"].as_str().unwrap();
            assert!(reason.contains(source.unwrap()) && reason.contains("token create"), "{reason}");
        }
    }
    // One row of another's does not take the others with it, and is not written.
    let answer =
        room.post(&own, "/api/v1/tickets", JSON, json!([row("2", None), row("3", Some("A")), row("4", None)]).to_string());
    let lines = answer.await.json();
    let status: Vec<&str> = lines.as_array().unwrap().iter().map(|l| l["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["created", "rejected", "created"]);
    // A message of status only is no way around it.
    let close = json!({ "external_id": "1", "source": "A", "status": "closed" });
    assert_eq!(send(&room, &own, close.clone()).await["code"], "foreign_source");
    assert_eq!(send(&room, &two, close).await["status"], "updated");
    let store = room.wall.store();
    assert!(store.ticket_by_key("A", "3").await.unwrap().is_none());
    assert!(store.ticket_by_key("A", "1").await.unwrap().is_some(), "rows that name no source get the first");
    // Open311 has no source of its own: what comes through it is the key's first.
    let form = "service_code=drain&lat=30.2&long=120.1&description=x";
    for (token, source) in [(&own, "hotline"), (&two, "A"), (&old, "old")] {
        let answer = room.post(token, "/open311/v2/requests.json", "application/x-www-form-urlencoded", form).await;
        let id = answer.json()[0]["service_request_id"].as_i64().unwrap();
        let card = room
            .until("the request", async || {
                let card = room.get(token, &format!("/api/v1/ticket-card?id={id}")).await;
                (card.status == 200).then(|| card.json())
            })
            .await;
        assert_eq!(card["source"], source);
    }
    let tokens = store.tokens().await.unwrap();
    let sources: Vec<Option<Vec<String>>> = tokens.into_iter().map(|t| t.sources).collect();
    assert_eq!(sources, [Some(vec!["hotline".to_owned()]), Some(vec!["A".to_owned(), "B".to_owned()]), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_falls_silent_is_a_line_of_the_audit_log() {
    let room = Room::new().await;
    let driver = room.token("driver", Role::Replay, true).await;
    let drive = json!({ "wall_at": "2015-06-01T08:00:00Z", "speed": 10.0 }).to_string();
    assert_eq!(room.post(&driver, "/api/v1/clock", JSON, drive).await.status.as_u16(), 200);
    let kind = async || room.wall.info(&admin(), None).await.unwrap().clock.kind;
    assert_eq!(kind().await, wall_service::wire::ClockKind::Replay);
    // Its last word becomes two minutes old; then one of thirty days ahead: the system's clock was set back.
    for (n, age_ms) in [(1, 120_000), (2, -30 * 24 * HOUR_MS)] {
        let word = ReplayClock { wall_at: UtcMs(n), real_at: UtcMs(system_now().0 - age_ms), speed: 10.0 };
        let mut tx = room.wall.store().write(&admin(), system_now()).await.unwrap();
        tx.set_replay_clock(Some(word)).await.unwrap();
        tx.commit().await.unwrap();
        room.until("the replay is over", async || room.wall.replay_clock().await.unwrap().is_none().then_some(())).await;
        let lines = room.wall.store().audit_lines(1, 100).await.unwrap();
        assert_eq!(lines.iter().filter(|l| l.action == "clock.lapse").count() as i64, n, "once each");
        let detail: Value = serde_json::from_str(&lines.last().unwrap().detail).unwrap();
        assert_eq!(detail["last_word_at"], word.real_at.to_rfc3339());
        assert_eq!(lines.last().unwrap().actor, "gridwall");
        assert_eq!(kind().await, wall_service::wire::ClockKind::System);
    }
}

/// The figure with a key, of a snapshot.
fn figure<'a>(snapshot: &'a Value, key: &str) -> &'a Value {
    snapshot["figures"].as_array().unwrap().iter().find(|f| f["key"] == key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_definition_of_due_and_a_clock_that_stands_still() {
    let (room, _) = ready().await;
    let operator = room.token("operator", Role::Operator, true).await;
    let now = system_now().0;
    let due = |id: &str, due_h: i64, status: TicketStatus, status_h: i64| TicketRecord {
        reported_at: Some(UtcMs(now - 100 * HOUR_MS)),
        due_at: Some(UtcMs(now + due_h * HOUR_MS)),
        status: Some(status),
        status_at: Some(UtcMs(now + status_h * HOUR_MS)),
        ..ticket(id, 0.5, 0.5, false)
    };
    let rows = [
        // A deadline before the report is none.
        due("before it was reported", -200, TicketStatus::InProgress, -90),
        due("late", -10, TicketStatus::InProgress, -90),
        due("suspended in time", -10, TicketStatus::Suspended, -20),
        due("suspended too late", -10, TicketStatus::Suspended, -5),
        due("suspended, due soon", 1, TicketStatus::Suspended, -20),
    ];
    room.wall.import_tickets(&admin(), &rows).await.unwrap();
    world_has_open(&room, 2.0 + rows.len() as f64).await;
    let snapshot = room.get(&operator, "/api/v1/snapshot").await.json();
    let ids = async |set: &str| -> Vec<String> {
        let list = room.get(&operator, &format!("/api/v1/ticket-list?set={set}")).await.json();
        let mut ids: Vec<String> =
            list["lines"].as_array().unwrap().iter().map(|l| l["ticket"]["external_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(list["total"], ids.len());
        ids.sort();
        ids
    };
    assert_eq!(ids("overdue").await, ["before it was reported", "late", "suspended too late"]);
    assert_eq!(ids("near_due").await, [""; 0]);
    assert_eq!(ids("due").await, ["late", "suspended too late"]);
    assert_eq!(figure(&snapshot, "overdue")["value"], 3.0);
    assert_eq!(figure(&snapshot, "on_time")["denominator"], 2);
    for by in ["cell", "category", "platform", "owner"] {
        let lines = room.wall.stats(&admin(), by, AsOf::default()).await.unwrap().lines;
        assert_eq!(lines.iter().map(|l| (l.due, l.overdue)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)), (2, 3), "{by}");
    }
    let told: Vec<(String, bool)> = snapshot["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|t| t["external_id"].as_str().unwrap().starts_with("suspended"))
        .map(|t| (t["external_id"].as_str().unwrap().to_owned(), t["overdue"].as_bool().unwrap()))
        .collect();
    assert!(
        told.contains(&("suspended in time".into(), false)) && told.contains(&("suspended too late".into(), true)),
        "{told:?}"
    );
    // It goes on: from then the due time that is stated counts.
    let on = TicketRecord { status: Some(TicketStatus::InProgress), status_at: Some(UtcMs(now - HOUR_MS)), ..rows[2].clone() };
    room.wall.import_tickets(&admin(), &[on]).await.unwrap();
    room.until("it is late now", async || (ids("overdue").await.len() == 4).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_counted_by_its_members() {
    let (room, _) = ready().await;
    let now = system_now().0;
    let rows: Vec<TicketRecord> = (0..300)
        .map(|i| TicketRecord {
            severity: Severity::new(if i % 5 == 0 { 2 } else { 1 }),
            category: ["drain", "noise", "stall"][i % 3].into(),
            status: Some(if i % 2 == 0 { TicketStatus::Received } else { TicketStatus::InProgress }),
            due_at: Some(UtcMs(now + if i % 4 == 0 { -HOUR_MS } else { HOUR_MS })),
            sensitive: Some(i % 7 == 0),
            ..ticket(&format!("n{i}"), (i % 34) as f64 / 10.0, (i % 29) as f64 / 10.0, false)
        })
        .collect();
    room.wall.import_tickets(&admin(), &rows).await.unwrap();
    world_has_open(&room, 2.0 + rows.len() as f64).await;
    for role in [Role::Operator, Role::Viewer] {
        let token = room.token(role.code(), role, true).await;
        for as_of in [String::new(), format!("&as_of={}", UtcMs(now - HOUR_MS / 2).to_rfc3339())] {
            let snapshot = room.get(&token, &format!("/api/v1/snapshot?{}", as_of.trim_start_matches('&'))).await.json();
            let list = async |question: String| {
                room.get(&token, &format!("/api/v1/ticket-list?set=alarm&limit=1{question}{as_of}")).await
            };
            let total = list(String::new()).await.json()["total"].clone();
            assert_eq!(snapshot["alarms"]["total"], total, "{role:?}");
            // Every ticket of severity 1, and those late of severity 2.
            assert_eq!(total, 240 + 15, "{role:?}");
            let groups = snapshot["alarms"]["groups"].as_array().unwrap();
            assert_eq!(groups.len(), 40);
            for group in groups {
                let (alarm, key) = (group["alarm"].as_str().unwrap(), group["cell_key"].as_str().unwrap());
                let area = if key.is_empty() { "outside".to_owned() } else { format!("cell:{key}") };
                let category = group["category"].as_str().unwrap();
                let members = list(format!("&alarm={alarm}&area={area}&category={category}")).await.json();
                assert_eq!(members["total"], group["count"], "{role:?}: {group}");
                let shown = snapshot["tickets"].as_array().unwrap().iter().find(|t| t["id"] == group["newest"]);
                assert_eq!(shown.unwrap()["cell_key"], key, "its newest is in the picture");
            }
        }
    }
    // Frames say so too, to each as they may know the cells.
    let (_, mut live) = room.wall.frames(&admin(), room.wall.store().revision().await.unwrap()).await.unwrap();
    room.wall
        .import_tickets(&admin(), &[TicketRecord { closed_at: Some(UtcMs(now - 1_000)), status: None, ..rows[1].clone() }])
        .await
        .unwrap();
    let viewer = wall_store::Actor::new("station:1", Role::Viewer, "browser");
    loop {
        let frame = tokio::time::timeout(super::PATIENCE, live.recv()).await.unwrap().unwrap();
        for actor in [&admin(), &viewer] {
            if let Some(alarms) = room.wall.for_actor(actor, &frame).alarms.as_ref().filter(|a| a.total != 255) {
                assert_eq!(alarms.total, 254);
                if actor.role == Role::Viewer {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_below_the_floor_of_the_log_starts_from_a_snapshot() {
    let (room, _) = ready().await;
    let operator = room.token("operator", Role::Operator, true).await;
    // Another process on the same store, which reads nothing for a while.
    let mut options = super::options_at(room.wall.store().folder());
    options.zone = Some("UTC".into());
    let other = Wall::open(options).await.unwrap();
    let behind = other.snapshot(&admin(), AsOf::default()).await.unwrap().revision;
    let rows: Vec<TicketRecord> = (0..20).map(|i| ticket(&format!("n{i}"), 0.5, 0.5, false)).collect();
    room.wall.import_tickets(&admin(), &rows).await.unwrap();
    world_has_open(&room, 22.0).await;
    sql(&room, "DELETE FROM change_log WHERE revision < (SELECT max(revision) FROM change_log) - 2").await;
    let newest = room.wall.store().revision().await.unwrap();
    let floor = newest - 3;
    let refused = room.get(&operator, &format!("/api/v1/changes?since={behind}")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (410, "below_floor"), "{}", refused.text());
    assert!(refused.text().contains(&floor.to_string()) && refused.text().contains("snapshot"), "{}", refused.text());
    // A viewer's frame does not join on to what it has.
    let (missed, _) = room.wall.frames(&admin(), behind).await.unwrap();
    let missed = missed.unwrap();
    assert_eq!((missed.from_revision, missed.to_revision, missed.reload), (floor, newest, true));
    let (missed, _) = room.wall.frames(&admin(), floor).await.unwrap();
    assert_eq!(missed.unwrap().from_revision, floor, "nothing is missing from the floor on");
    // The other process reads everything anew.
    other.follow();
    let caught_up = async || {
        let snapshot = other.snapshot(&admin(), AsOf::default()).await.unwrap();
        let open = snapshot.figures.iter().find(|f| f.key.as_str() == "open").and_then(|f| f.value);
        (snapshot.revision == newest && open == Some(22.0)).then_some(())
    };
    room.until("the other wall is up to date", caught_up).await;
    // And goes on as before.
    room.wall.import_tickets(&admin(), &[ticket("one more", 0.5, 0.5, false)]).await.unwrap();
    room.until("one more", async || {
        let open = other
            .snapshot(&admin(), AsOf::default())
            .await
            .unwrap()
            .figures
            .iter()
            .find(|f| f.key.as_str() == "open")
            .and_then(|f| f.value);
        (open == Some(23.0)).then_some(())
    })
    .await;
    // A plan that stands open elsewhere is told that anything may have changed.
    let plan = room.draft(&room.token("p", Role::Planner, true).await).await;
    let planner = wall_store::Actor::new("token:p", Role::Planner, "api");
    assert!(room.wall.plan_stand(&planner, wall_core::PlanId(plan), Some(behind)).await.unwrap().news);
}
