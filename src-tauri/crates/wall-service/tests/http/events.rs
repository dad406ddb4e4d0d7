//! Server-sent events: resumed without a gap, bounded, ended with the right to listen.

use crate::{Answer, PATIENCE, Room, get, with};
use axum::body::BodyDataStream;
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use wall_service::wall::AsOf;
use wall_store::{Actor, Role};

/// Events of a stream that is being read.
struct Listening {
    body: BodyDataStream,
    text: String,
}

impl Listening {
    async fn open(room: &Room, token: &str, path: &str, last_id: Option<&str>) -> Result<Self, Answer> {
        let mut request = with(get(path), "authorization", &format!("Bearer {token}"));
        if let Some(id) = last_id {
            request = with(request, "last-event-id", id);
        }
        let response = room.router.clone().oneshot(request).await.unwrap();
        if response.status() != 200 {
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
            return Err(Answer { status: parts.status, headers: parts.headers, body });
        }
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Ok(Self { body: response.into_body().into_data_stream(), text: String::new() })
    }

    /// Id and data of the next event that says something; `None` at the end.
    async fn next(&mut self) -> Option<(i64, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n").map(|(e, r)| (e.to_owned(), r.to_owned())) {
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
                if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                    return Some((id.parse().unwrap(), serde_json::from_str(data).unwrap()));
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("the stream says nothing")?;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }
}

async fn post_some(room: &Room, token: &str, name: &str, count: usize) {
    let body: String =
        (0..count).map(|n| json!({ "external_id": format!("{name}-{n}"), "lon": 1.0, "lat": 1.0 }).to_string() + "\n").collect();
    assert_eq!(room.post(token, "/api/v1/tickets", "application/x-ndjson", body).await.status.as_u16(), 200);
}

#[tokio::test]
async fn changes_are_whole_and_resume_where_they_ended() {
    let room = Room::new().await;
    let feed = room.feed().await;
    // More lines than one event carries.
    post_some(&room, &feed, "a", 2500).await;
    let end = room.wall.store().revision().await.unwrap();
    let mut stream = Listening::open(&room, &feed, "/api/v1/changes?since=0", None).await.unwrap();
    let (mut at, mut revisions) = (0, Vec::new());
    while at < end {
        let (id, event) = stream.next().await.unwrap();
        assert_eq!(event["from_revision"], at, "no gap");
        assert_eq!(event["to_revision"], id);
        for line in event["changes"].as_array().unwrap() {
            assert!(line["kind"].is_string() && line["id"].is_i64() && line["op"] == "upsert", "{line}");
            revisions.push(line["revision"].as_i64().unwrap());
        }
        at = id;
    }
    assert_eq!(revisions, (1..=end).collect::<Vec<_>>());

    // Live ones follow, and a new stream goes on after the last id, whatever `since` says.
    post_some(&room, &feed, "b", 3).await;
    let (id, event) = stream.next().await.unwrap();
    assert_eq!(event["from_revision"], end);
    drop(stream);
    post_some(&room, &feed, "c", 1).await;
    let mut resumed = Listening::open(&room, &feed, "/api/v1/changes?since=0", Some(&id.to_string())).await.unwrap();
    assert_eq!(resumed.next().await.unwrap().1["from_revision"], id);
}

#[tokio::test]
async fn frames_join_on_to_the_snapshot() {
    let room = Room::new().await;
    let feed = room.feed().await;
    post_some(&room, &feed, "before", 3).await;
    let revision = room.get(&feed, "/api/v1/snapshot").await.json()["revision"].as_i64().unwrap();
    // Something happens between the snapshot and the stream.
    post_some(&room, &feed, "between", 3).await;
    let mut stream = Listening::open(&room, &feed, &format!("/api/v1/frames?since={revision}"), None).await.unwrap();
    post_some(&room, &feed, "after", 3).await;
    let (mut at, mut seen) = (revision, std::collections::BTreeSet::new());
    while !["between-0", "after-2"].iter().all(|id| seen.contains(*id)) {
        let (id, frame) = stream.next().await.unwrap();
        assert_eq!(frame["from_revision"], at, "frames follow each other");
        at = frame["to_revision"].as_i64().unwrap();
        assert_eq!(at, id);
        seen.extend(frame["tickets"].as_array().unwrap().iter().map(|t| t["external_id"].as_str().unwrap().to_owned()));
    }
}

/// The longitude of the member of staff in a frame that speaks of one.
async fn next_place(stream: &mut Listening, revision: i64) -> Value {
    loop {
        let (id, frame) = stream.next().await.unwrap();
        assert_eq!((&frame["from_revision"], id), (&json!(revision), revision), "within the revision: {frame}");
        // Beats in between say nothing.
        if let Some(person) = frame["staff"].as_array().unwrap().first() {
            return person["lon"].clone();
        }
    }
}

#[tokio::test]
async fn positions_come_in_frames_and_in_no_line_of_the_log() {
    let room = Room::new().await;
    let feed = room.feed().await;
    room.staff(&["s1"]).await;
    let put = async |lon: f64| {
        let row = json!({ "staff": "s1", "lon": lon, "lat": 30.2, "at": wall_service::wall::system_now().to_rfc3339() });
        let answer = room.post(&feed, "/api/v1/positions", "application/json", row.to_string()).await;
        assert_eq!(answer.json()["status"], "updated");
    };
    room.settle().await;
    let revision = room.get(&feed, "/api/v1/snapshot").await.json()["revision"].as_i64().unwrap();
    let path = format!("/api/v1/frames?since={revision}");
    let mut stream = Listening::open(&room, &feed, &path, None).await.unwrap();
    put(120.1).await;
    assert_eq!(next_place(&mut stream, revision).await, 120.1);
    drop(stream);
    // Who was away at the same revision is told what moved meanwhile.
    put(120.2).await;
    room.settle().await;
    let mut again = Listening::open(&room, &feed, &path, Some(&revision.to_string())).await.unwrap();
    assert_eq!(next_place(&mut again, revision).await, 120.2);
    // A wall in another process hears of it too.
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    let other = wall_service::wall::Wall::open(options).await.unwrap();
    other.follow();
    put(120.3).await;
    let admin = Actor::new("test", Role::Admin, "cli");
    let there = async || other.snapshot(&admin, AsOf::default()).await.unwrap().staff[0].lon;
    room.until("the other wall", async || (there().await == Some(120.3)).then_some(())).await;
    assert_eq!(room.wall.store().revision().await.unwrap(), revision);
}

#[tokio::test]
async fn viewers_get_frames_with_places_only_to_the_cell() {
    let room = Room::new().await;
    let (feed, viewer) = (room.feed().await, room.token("viewer", Role::Viewer, true).await);
    let mut stream = Listening::open(&room, &viewer, "/api/v1/frames", None).await.unwrap();
    post_some(&room, &feed, "t", 1).await;
    loop {
        let (_, frame) = stream.next().await.unwrap();
        if let Some(ticket) = frame["tickets"].as_array().unwrap().first() {
            // Outside all cells there is no place that may be shown.
            assert!(ticket["lon"].is_null() && ticket["lat"].is_null(), "{ticket}");
            break;
        }
    }
}

#[tokio::test]
async fn a_revision_that_cannot_be_is_refused() {
    let room = Room::new().await;
    let feed = room.feed().await;
    for path in ["frames", "changes"] {
        let refused = async |query: &str, last: Option<&str>| {
            Listening::open(&room, &feed, &format!("/api/v1/{path}{query}"), last).await.err().map(|a| a.status.as_u16())
        };
        assert_eq!(refused("?since=-1", None).await, Some(400), "{path}");
        assert_eq!(refused("?since=abc", None).await, Some(400), "{path}");
        assert_eq!(refused("?since=999999", None).await, Some(409), "{path}");
        assert_eq!(refused("", Some("x")).await, Some(400), "{path}");
        assert_eq!(refused("", Some("999999")).await, Some(409), "{path}");
        assert_eq!(refused("", None).await, None, "{path}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let mut streams = Vec::new();
    for path in ["/api/v1/changes", "/api/v1/frames"] {
        streams.push(Listening::open(&room, &feed, path, None).await.unwrap());
    }
    let mut tx = room.wall.store().write(&Actor::new("test", Role::Admin, "cli"), wall_core::UtcMs(0)).await.unwrap();
    tx.revoke_token("feed").await.unwrap();
    tx.commit().await.unwrap();
    for stream in &mut streams {
        tokio::time::timeout(PATIENCE, async { while stream.next().await.is_some() {} }).await.expect("the stream goes on");
    }
}
