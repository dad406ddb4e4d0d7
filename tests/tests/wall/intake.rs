//! Tickets over HTTP: what is taken, refused, seen in snapshots, frames and changes.

use crate::{import_four, ticket};
use serde_json::{Value, json};
use wall_tests::{Client, DataDir, Ground, Served, until};

fn served() -> (DataDir, Served, Client) {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    let client = wall.client(&token);
    (data, wall, client)
}

/// The wall's revision now.
fn revision(client: &Client) -> i64 {
    client.get("/api/v1/snapshot").expect(200).json()["revision"].as_i64().unwrap()
}

/// The same, once it is `at_least` this: the world follows the store.
fn revision_from(client: &Client, at_least: i64) -> i64 {
    until("the wall to follow the store", || Some(revision(client)).filter(|r| *r >= at_least))
}

/// Lines of the change log after a revision up to another, as the events bring them.
fn changes(client: &Client, from: i64, to: i64) -> Vec<Value> {
    let (mut lines, mut at) = (Vec::new(), from);
    for (id, batch) in client.events(&format!("/api/v1/changes?since={from}")) {
        assert_eq!(batch["from_revision"], at, "each batch follows the one before");
        at = batch["to_revision"].as_i64().unwrap();
        assert_eq!(id, at.to_string(), "the id is where to resume");
        lines.extend(batch["changes"].as_array().unwrap().iter().cloned());
        if at >= to {
            return lines;
        }
    }
    panic!("the stream ended before {to}: {lines:?}");
}

/// The snapshot's line of a ticket, once it is there.
fn in_snapshot(viewer: &Client, external_id: &str) -> Value {
    until(&format!("ticket {external_id} in the snapshot"), || {
        let snapshot = viewer.get("/api/v1/snapshot").expect(200).json();
        snapshot["tickets"].as_array().unwrap().iter().find(|t| t["external_id"] == external_id).cloned()
    })
}

#[test]
fn a_posted_ticket_is_on_the_wall() {
    let (_data, wall, feed) = served();
    let viewer = wall.browser();
    let answer = feed.ticket(&ticket("t-1", 1, 0)).expect(200);
    let line = &answer.lines()[0];
    assert_eq!(line["status"], "created", "{line}");
    assert_eq!(line["external_id"], "t-1", "{line}");

    let seen = in_snapshot(&viewer, "t-1");
    assert_eq!(seen["cell_code"], "A2", "{seen}");
    assert_eq!(seen["severity"], 2, "{seen}");
    assert_eq!(seen["open"], true, "{seen}");

    let snapshot = viewer.get("/api/v1/snapshot").json();
    let figure = |key: &str| snapshot["figures"].as_array().unwrap().iter().find(|f| f["key"] == key).unwrap()["value"].clone();
    assert_eq!(figure("open"), json!(1.0), "{snapshot}");
    assert_eq!(figure("received_today"), json!(1.0), "{snapshot}");
    let key = seen["cell_key"].as_str().unwrap();
    let area = snapshot["areas"].as_array().unwrap().iter().find(|a| a["key"] == key).unwrap().clone();
    assert_eq!(area["open"], 1, "{area}");
    assert!(area["heat"].as_f64().unwrap() > 0.0, "{area}");

    let card = viewer.get(&format!("/api/v1/area-card?level=cell&key={key}")).expect(200).json();
    assert_eq!(card["tickets"][0]["external_id"], "t-1", "{card}");
    let card = viewer.get(&format!("/api/v1/ticket-card?id={}", seen["id"])).expect(200).json();
    assert_eq!(card["history"].as_array().unwrap().len(), 1, "{card}");
}

#[test]
fn the_same_ticket_again_changes_nothing_and_another_text_updates_it() {
    let (_data, _wall, feed) = served();
    let status = |t: &Value| feed.ticket(t).expect(200).lines()[0]["status"].as_str().unwrap().to_owned();
    // Without a time the wall takes the time of receipt: a feed that repeats itself names its own.
    let mut one = ticket("t-1", 0, 0);
    one["reported_at"] = json!("2024-03-01T08:00:00+01:00");
    assert_eq!(status(&one), "created");
    assert_eq!(status(&one), "unchanged");
    one["title"] = json!("井盖已修");
    assert_eq!(status(&one), "updated");
}

#[test]
fn bad_lines_do_not_stop_good_ones() {
    let (_data, wall, feed) = served();
    let body =
        format!("{}\nnot json\n{}\n{}\n", ticket("a", 0, 0), json!({ "external_id": "b", "source": "test" }), ticket("c", 1, 1));
    let lines = feed.post("/api/v1/tickets", "application/x-ndjson", &body).expect(207).lines();
    let got: Vec<_> = lines.iter().map(|l| (l["index"].as_i64().unwrap(), l["status"].as_str().unwrap())).collect();
    assert_eq!(got, [(0, "created"), (1, "rejected"), (2, "rejected"), (3, "created")]);
    for line in lines.iter().filter(|l| l["status"] == "rejected") {
        assert!(!line["reason"].as_str().unwrap_or_default().is_empty(), "a reason: {line}");
    }
    let viewer = wall.browser();
    in_snapshot(&viewer, "a");
    in_snapshot(&viewer, "c");
}

#[test]
fn a_body_over_the_limit_is_refused_whole() {
    let (_data, wall, feed) = served();
    let mut large = ticket("large", 0, 0);
    large["description"] = json!("长".repeat(3 * 1024 * 1024));
    // The wall may close the connection while the rest is on its way; either way it is not taken.
    if let Ok(answer) = feed.try_post("/api/v1/tickets", "application/json", &large.to_string()) {
        assert_eq!(answer.status, 413, "{answer:?}");
    }
    feed.ticket(&ticket("small", 0, 0)).expect(200);
    let viewer = wall.browser();
    in_snapshot(&viewer, "small");
    let snapshot = viewer.get("/api/v1/snapshot").json();
    assert_eq!(snapshot["tickets"].as_array().unwrap().len(), 1, "{snapshot}");
}

#[test]
fn frames_carry_what_is_new() {
    let (_data, wall, feed) = served();
    let viewer = wall.browser();
    let snapshot = viewer.get("/api/v1/snapshot").expect(200).json();
    let mut revision = snapshot["revision"].as_i64().unwrap();
    let frames = viewer.events(&format!("/api/v1/frames?since={revision}"));
    feed.ticket(&ticket("live", 0, 1)).expect(200);
    let mut seen = false;
    for (_, frame) in frames {
        assert_eq!(frame["from_revision"], revision, "frames follow each other: {frame}");
        revision = frame["to_revision"].as_i64().unwrap();
        if let Some(t) = frame["tickets"].as_array().unwrap().iter().find(|t| t["external_id"] == "live") {
            assert_eq!(t["cell_code"], "B1", "{t}");
            seen = true;
            break;
        }
    }
    assert!(seen, "the stream ended before the ticket came");
}

#[test]
fn changes_resume_without_a_gap() {
    let (_data, wall, feed) = served();
    let viewer = wall.browser();
    let start = revision(&viewer);
    let post = |name: &str| feed.tickets(&(0..5).map(|i| ticket(&format!("{name}-{i}"), 0, 0)).collect::<Vec<_>>()).expect(200);
    post("first");
    let middle = revision_from(&viewer, start + 5);
    let before = changes(&feed, start, middle);
    post("second");
    let end = revision_from(&viewer, middle + 5);
    let after = changes(&feed, middle, end);
    let all = changes(&feed, start, end);
    let revisions: Vec<_> = all.iter().map(|line| line["revision"].as_i64().unwrap()).collect();
    assert_eq!(revisions, (start + 1..=end).collect::<Vec<_>>(), "dense: every line once");
    assert_eq!([before, after].concat(), all, "what was seen in two goes is what is there");
}

#[test]
fn another_process_writes_and_the_wall_shows_it() {
    let (data, wall, _feed) = served();
    let [lon, lat] = Ground::four().middle(1, 1);
    let row = format!("external_id,source,category,lon,lat,reported_at\nby-file,paper,drain,{lon},{lat},2024-03-01T08:00:00Z\n");
    let file = data.file("one.csv", row);
    let report = data.json(["import", "tickets", file.to_str().unwrap()]);
    assert_eq!(report["created"], 1, "{report}");
    assert_eq!(in_snapshot(&wall.browser(), "by-file")["cell_code"], "B2");
}

#[test]
fn reporters_and_numbers_stay_off_the_wire() {
    let (_data, wall, feed) = served();
    let mut secret = ticket("secret", 0, 0);
    secret["title"] = json!("住户来电 13812345678 反映积水");
    secret["description"] = json!("证件 110101199003074514 联系");
    secret["reporter"] = json!({ "name": "欧阳某某", "phone": "13987654321" });
    feed.ticket(&secret).expect(200);
    let viewer = wall.browser();
    let seen = in_snapshot(&viewer, "secret");
    let mut texts = vec![seen.to_string()];
    for path in [
        "/api/v1/snapshot".to_owned(),
        format!("/api/v1/ticket-card?id={}", seen["id"]),
        "/api/v1/tickets?limit=10".to_owned(),
        "/api/v1/search?q=%E7%A7%AF%E6%B0%B4".to_owned(),
    ] {
        texts.push(viewer.get(&path).expect(200).body);
    }
    let end = revision(&viewer).to_string();
    for (id, data) in viewer.events("/api/v1/changes?since=0") {
        texts.push(data.to_string());
        if id == end {
            break;
        }
    }
    for text in texts {
        for word in ["13812345678", "110101199003074514", "欧阳", "13987654321"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}
