//! What feeds send, and the worst that comes.

use crate::{Room, post, with};
use axum::body::Body;
use serde_json::{Value, json};
use wall_service::http::{BODY_LIMIT, MAX_ROWS};
use wall_store::Role;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

fn ticket(id: &str) -> Value {
    json!({ "external_id": id, "lon": 120.1, "lat": 30.2, "category": "drain", "reported_at": "2026-05-01T08:00:00+08:00" })
}

fn statuses(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|l| l["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_object_an_array_and_lines_are_taken() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let send = async |kind: &str, body: String| room.post(&feed, "/api/v1/tickets", kind, body).await;

    let one = send(JSON, ticket("a").to_string()).await;
    assert_eq!((one.status.as_u16(), one.header("content-type")), (200, JSON));
    let line = one.json();
    assert_eq!(
        (&line["index"], &line["external_id"], &line["status"], &line["reason"]),
        (&json!(0), &json!("a"), &json!("created"), &Value::Null)
    );
    assert!(line["id"].as_i64().unwrap() > 0);

    let array = send(JSON, json!([ticket("a"), ticket("b")]).to_string()).await;
    assert_eq!(array.status.as_u16(), 200);
    assert_eq!(statuses(array.json().as_array().unwrap()), ["unchanged", "created"]);
    assert_eq!(array.json()[0]["id"], line["id"]);

    let lines = send(LINES, format!("{}\r\n\n{}\n", ticket("b"), ticket("c"))).await;
    assert_eq!((lines.status.as_u16(), lines.header("content-type")), (200, LINES));
    assert_eq!(statuses(&lines.lines()), ["unchanged", "created"]);

    // As command-line tools send it when nobody told them better.
    let untold = send("application/x-www-form-urlencoded", format!("{}\n{}", ticket("c"), ticket("d"))).await;
    assert_eq!(statuses(&untold.lines()), ["unchanged", "created"]);

    let empty = send(JSON, "[]".into()).await;
    assert_eq!((empty.status.as_u16(), empty.json()), (200, json!([])));
}

#[tokio::test]
async fn the_source_is_the_token_unless_told() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let id = room.post(&feed, "/api/v1/tickets", JSON, ticket("a").to_string()).await.json()["id"].clone();
    let mut other = ticket("a");
    other["source"] = json!("hotline");
    let other_id = room.post(&feed, "/api/v1/tickets", JSON, other.to_string()).await.json()["id"].clone();
    assert_ne!(id, other_id);
    for (id, source) in [(id, "feed"), (other_id, "hotline")] {
        let card = room
            .until("the ticket", async || {
                let answer = room.get(&feed, &format!("/api/v1/ticket-card?id={id}")).await;
                (answer.status == 200).then(|| answer.json())
            })
            .await;
        assert_eq!(card["source"], source);
    }
}

#[tokio::test]
async fn different_tickets_of_one_key_in_one_request_are_all_refused() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let titled = |id: &str, title: &str| {
        let mut ticket = ticket(id);
        ticket["title"] = json!(title);
        ticket
    };
    let batch = json!([titled("a", "x"), titled("b", "x"), titled("a", "y"), titled("b", "x"), titled("c", "x")]);
    for expected in ["created", "unchanged"] {
        let answer = room.post(&feed, "/api/v1/tickets", JSON, batch.to_string()).await;
        assert_eq!(answer.status.as_u16(), 207);
        let lines = answer.json();
        assert_eq!(statuses(lines.as_array().unwrap()), ["rejected", expected, "rejected", "unchanged", expected]);
        assert_eq!(lines[2]["code"], "duplicate_key");
        assert!(lines[0]["reason"].as_str().unwrap().contains("rows 0, 2"), "{}", lines[0]["reason"]);
        assert_eq!(lines[1]["code"], Value::Null);
    }
    // One after the other they are two tellings of one ticket.
    for expected in ["created", "updated"] {
        let one = titled("a", expected);
        assert_eq!(room.post(&feed, "/api/v1/tickets", JSON, one.to_string()).await.json()["status"], expected);
    }
}

#[tokio::test]
async fn new_categories_are_bounded_and_can_be_looked_at() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let of = |i: usize| {
        let mut ticket = ticket(&format!("t{i}"));
        ticket["category"] = json!(format!("word {i}"));
        ticket.to_string()
    };
    let most = wall_service::wall::NEW_CATEGORIES;
    let rows: Vec<String> = (0..most + 3).map(of).collect();
    let lines = room.post(&feed, "/api/v1/tickets", LINES, rows.join("\n")).await.lines();
    assert!(lines[..most].iter().all(|l| l["status"] == "created"));
    assert!(lines[most..].iter().all(|l| l["code"] == "too_many_categories"), "{:?}", lines[most]);
    // What is known goes on coming in.
    assert_eq!(room.post(&feed, "/api/v1/tickets", JSON, of(7)).await.json()["status"], "unchanged");
    let stats = room
        .until("the categories", async || {
            let stats = room.get(&feed, "/api/v1/stats?by=category").await.json();
            (stats["lines"].as_array().unwrap().len() == most).then_some(stats)
        })
        .await;
    assert!(stats["lines"].as_array().unwrap().iter().all(|l| l["in_table"] == false));
}

#[tokio::test]
async fn refused_lines_do_not_stop_the_others() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let mut body = Vec::new();
    let mut line = |bytes: &[u8]| {
        body.extend_from_slice(bytes);
        body.push(b'\n');
    };
    line(ticket("good-1").to_string().as_bytes());
    line(b"not json");
    line(b"{\"external_id\":\"utf\xff\xfe\",\"lon\":1,\"lat\":1}");
    line(b"{\"external_id\":\"nan\",\"lon\":NaN,\"lat\":1}");
    line(b"{\"external_id\":\"inf\",\"lon\":1e999,\"lat\":1}");
    line(b"{\"external_id\":\"far\",\"lon\":200,\"lat\":1}");
    line(b"{\"external_id\":\"twice\",\"lon\":1,\"lon\":2,\"lat\":1}");
    line(format!("{{\"external_id\":\"deep\",\"lon\":1,\"lat\":1,\"x\":{}", "[".repeat(100_000)).as_bytes());
    line(b"[1,2]");
    line(b"{\"lon\":1,\"lat\":1}");
    line(b"{\"external_id\":\"zoneless\",\"lon\":1,\"lat\":1,\"reported_at\":\"2026-05-01 08:00\"}");
    line(ticket("good-2").to_string().as_bytes());
    let answer = room.post(&feed, "/api/v1/tickets", LINES, body).await;
    assert_eq!(answer.status.as_u16(), 207);
    let lines = answer.lines();
    let mut expected = vec!["rejected"; 12];
    expected[0] = "created";
    expected[11] = "created";
    assert_eq!(statuses(&lines), expected, "{lines:#?}");
    assert!(lines.iter().enumerate().all(|(i, l)| l["index"] == i));
    assert!(lines[1..11].iter().all(|l| !l["reason"].as_str().unwrap().is_empty() && l["id"].is_null()), "{lines:#?}");
    assert_eq!(lines[5]["external_id"], "far");
}

#[tokio::test]
async fn bodies_that_are_wrong_as_a_whole_are_refused() {
    let room = Room::new().await;
    let feed = room.feed().await;
    for (kind, body, status) in [
        (JSON, &b""[..], 400),
        (JSON, b"   \n\n", 400),
        (JSON, b"{\"external_id\":", 400),
        (JSON, b"[{}", 400),
        (JSON, b"\xff\xfe\x00", 400),
        (JSON, b"\x1f\x8b\x08\x00\x00\x00\x00", 415),
        ("text/xml", b"<ticket/>", 415),
        ("multipart/form-data; boundary=x", b"--x", 415),
        ("application/x-www-form-urlencoded", b"external_id=1", 415),
        ("", b"external_id,lon,lat", 415),
    ] {
        let answer = room.post(&feed, "/api/v1/tickets", kind, body).await;
        assert_eq!(answer.status.as_u16(), status, "{kind} {:?}: {}", String::from_utf8_lossy(body), answer.text());
        assert!(!answer.code().is_empty());
    }
    let deep = room.post(&feed, "/api/v1/tickets", JSON, "[".repeat(1_000_000)).await;
    assert_eq!(deep.status.as_u16(), 400);
    let packed = with(post("/api/v1/tickets", JSON, &b"\x1f\x8b\x08"[..]), "content-encoding", "gzip");
    assert_eq!(room.ask(with(packed, "authorization", &format!("Bearer {feed}"))).await.status.as_u16(), 415);
}

#[tokio::test]
async fn sizes_are_bounded() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let padded = |size: usize| {
        let mut body = ticket("large").to_string();
        body.push_str(&" ".repeat(size - body.len()));
        body
    };
    let exact = room.post(&feed, "/api/v1/tickets", JSON, padded(BODY_LIMIT)).await;
    assert_eq!(exact.status.as_u16(), 200, "{exact:?}");
    let over = room.post(&feed, "/api/v1/tickets", JSON, padded(BODY_LIMIT + 1)).await;
    assert_eq!((over.status.as_u16(), over.code().as_str()), (413, "too_large"));
    let announced = with(post("/api/v1/tickets", JSON, "{}"), "content-length", "99999999999");
    assert_eq!(room.ask(with(announced, "authorization", &format!("Bearer {feed}"))).await.status.as_u16(), 413);

    // In pieces, without a length: nobody says beforehand how much comes.
    let pieces = (0..=BODY_LIMIT / 65_536).map(|_| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
    let endless = Body::from_stream(futures::stream::iter(pieces));
    assert_eq!(room.post(&feed, "/api/v1/tickets", JSON, endless).await.status.as_u16(), 413);
    let torn = Body::from_stream(futures::stream::iter([Ok(b"{".to_vec()), Err(std::io::Error::other("gone"))]));
    assert_eq!(room.post(&feed, "/api/v1/tickets", JSON, torn).await.status.as_u16(), 400);

    let many = room.post(&feed, "/api/v1/tickets", LINES, "1\n".repeat(MAX_ROWS + 1)).await;
    assert_eq!((many.status.as_u16(), many.code().as_str()), (413, "too_many"));
}

#[tokio::test]
async fn refused_rows_are_kept_without_reporters() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let body = format!(
        "{}\n{}\n",
        json!({ "external_id": "no-place", "reporter": { "name": "欧阳某某", "phone": "13987654321" } }),
        "{\"reporter\":{\"name\":\"欧阳某某\""
    );
    assert_eq!(room.post(&feed, "/api/v1/tickets", LINES, body).await.status.as_u16(), 207);
    let files: Vec<_> = std::fs::read_dir(room.folder.path().join("data/rejects")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("no-place") && text.contains("token:feed"), "{text}");
    assert!(!text.contains("欧阳") && !text.contains("13987654321"), "{text}");
}

#[tokio::test]
async fn positions_of_nobody_are_refused() {
    let room = Room::new().await;
    let feed = room.feed().await;
    room.staff(&["s1"]).await;
    let at = "2026-05-01T08:00:00Z";
    let body = [
        json!({ "staff": "s1", "lon": 120.1, "lat": 30.2, "accuracy_m": 5, "at": at }),
        json!({ "staff": "nobody", "lon": 120.1, "lat": 30.2, "at": at }),
        json!({ "staff": "s1", "lon": 120.1, "at": at }),
    ]
    .map(|r| r.to_string())
    .join("\n");
    let answer = room.post(&feed, "/api/v1/positions", LINES, body).await;
    assert_eq!(answer.status.as_u16(), 207);
    assert_eq!(statuses(&answer.lines()), ["updated", "rejected", "rejected"], "{answer:?}");
    assert_eq!(answer.lines()[1]["staff"], "nobody");
    // Nobody is at two places at one time: which is meant nobody knows. The same report twice is one.
    let there = |lon: f64, at: &str| json!({ "staff": "s1", "lon": lon, "lat": 30.2, "at": at }).to_string();
    let later = "2026-05-01T08:00:01Z";
    let last = "2026-05-01T08:00:02Z";
    let body = [there(120.1, later), there(120.3, later), there(120.2, last), there(120.2, last)].join("\n");
    let answer = room.post(&feed, "/api/v1/positions", LINES, body).await;
    assert_eq!(statuses(&answer.lines()), ["rejected", "rejected", "updated", "updated"], "{answer:?}");
    assert_eq!(answer.lines()[0]["code"], "duplicate_key");
    let positions = room.wall.store().positions().await.unwrap();
    assert_eq!((positions[0].place.lon, positions[0].at.to_rfc3339().as_str()), (120.2, last));
}

#[tokio::test]
async fn a_replay_drives_the_clock_and_gives_it_back() {
    let room = Room::new().await;
    let feed = room.token("replay", Role::Replay, true).await;
    // An ordinary feed cannot; whoever is on duty can end it, and only that.
    let driving = json!({ "wall_at": "2015-06-01T00:00:00-04:00", "speed": 600 });
    let plain = room.feed().await;
    let operator = room.token("operator", Role::Operator, true).await;
    for token in [&plain, &operator] {
        assert_eq!(room.post(token, "/api/v1/clock", JSON, driving.to_string()).await.status.as_u16(), 403);
    }
    let send = async |body: Value| room.post(&feed, "/api/v1/clock", JSON, body.to_string()).await;
    assert_eq!(send(json!({ "wall_at": "2015-06-01T00:00:00-04:00", "speed": 600 })).await.status.as_u16(), 200);
    let kind = async || room.get(&feed, "/api/v1/wall").await.json()["clock"]["kind"].as_str().unwrap().to_owned();
    room.until("the replay's clock", async || (kind().await == "replay").then_some(())).await;
    for bad in [
        json!({ "wall_at": "2015-06-01T00:00:00", "speed": 1 }),
        json!({ "wall_at": "2015-06-01T00:00:00Z", "speed": -1 }),
        json!({ "wall_at": "2015-06-01T00:00:00Z", "speed": 1e300 }),
        json!({ "wall_at": "2015-06-01T00:00:00Z" }),
        json!({ "speed": 1 }),
        json!({ "end": "true" }),
        json!([]),
    ] {
        assert_eq!(send(bad.clone()).await.status.as_u16(), 400, "{bad}");
    }
    let end = json!({ "end": true }).to_string();
    assert_eq!(room.post(&plain, "/api/v1/clock", JSON, end.clone()).await.status.as_u16(), 403);
    assert_eq!(room.post(&operator, "/api/v1/clock", JSON, end).await.status.as_u16(), 200);
    room.until("the system's clock", async || (kind().await == "system").then_some(())).await;
    let audit = room.wall.store().audit_lines(0, 100).await.unwrap();
    let clock: Vec<_> =
        audit.iter().filter(|l| l.action.starts_with("clock.")).map(|l| (l.actor.as_str(), l.action.as_str())).collect();
    assert_eq!(clock, [("token:replay", "clock.replay"), ("token:operator", "clock.end")]);
}

#[tokio::test]
async fn a_replay_that_was_ended_stays_ended_though_it_goes_on_talking() {
    let room = Room::new().await;
    let feed = room.token("replay", Role::Replay, true).await;
    let operator = room.token("operator", Role::Operator, true).await;
    let send = async |token: &str, body: Value| room.post(token, "/api/v1/clock", JSON, body.to_string()).await;
    let word = |run: Value| json!({ "wall_at": "2015-06-01T00:00:00-04:00", "speed": 600, "run": run });
    let kind = async || room.get(&feed, "/api/v1/wall").await.json()["clock"]["kind"].as_str().unwrap().to_owned();
    for run in [json!("first"), json!(null)] {
        assert_eq!(send(&feed, word(run.clone())).await.status.as_u16(), 200);
        room.until("the replay's clock", async || (kind().await == "replay").then_some(())).await;
        assert_eq!(send(&operator, json!({ "end": true })).await.status.as_u16(), 200);
        let refused = send(&feed, word(run.clone())).await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (409, Some("replay_ended")), "{run}");
        assert!(refused.json()["message"].as_str().unwrap().contains("token:operator"), "{refused:?}");
        assert_eq!(kind().await, "system");
    }
    // Another run begins at once; its own end refuses nothing later.
    assert_eq!(send(&feed, word(json!("second"))).await.status.as_u16(), 200);
    assert_eq!(send(&feed, json!({ "end": true, "run": "second" })).await.status.as_u16(), 200);
    assert_eq!(send(&feed, word(json!("second"))).await.status.as_u16(), 200);
    for bad in [json!(""), json!(7), json!("a b"), json!("x".repeat(65)), json!("字")] {
        assert_eq!(send(&feed, word(bad.clone())).await.status.as_u16(), 400, "{bad}");
    }
}

#[tokio::test]
async fn what_was_taken_otherwise_than_it_was_sent_is_said() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let [lon, lat] = [121.5, 31.2];
    let send = async |more: Value| {
        let mut ticket = json!({ "external_id": "n-1", "category": "noise", "title": "t", "lon": lon, "lat": lat, "reported_at": "2026-03-01T00:00:00Z" });
        ticket.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        room.post(&feed, "/api/v1/tickets", JSON, ticket.to_string()).await.json()
    };
    for (id, more, code) in [
        ("a", json!({ "status": "已归档" }), "unknown_status"),
        ("b", json!({ "external_id": "4.1E+17" }), "id_in_exponent_form"),
        ("c", json!({ "external_id": "=\"77\"" }), "spreadsheet_text"),
    ] {
        let mut more = more;
        more.as_object_mut().unwrap().entry("external_id").or_insert(json!(id));
        let line = send(more).await;
        assert!(line["note"].as_str().is_some_and(|note| note.contains(code)), "{code}: {line}");
        assert_eq!(line["reason"], Value::Null, "{line}");
    }
    assert_eq!(send(json!({ "external_id": "d", "status": "received" })).await.get("note").filter(|n| !n.is_null()), None);
}
