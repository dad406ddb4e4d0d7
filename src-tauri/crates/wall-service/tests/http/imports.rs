//! Files of cells over HTTP: how they are to be read, how large they may be, who may send them.

use super::plans::{at, code, ready};
use super::{Answer, Room, post, with};
use axum::{body::Body, http::StatusCode};
use serde_json::{Value, json};
use wall_store::Role;

/// One cell, as GeoJSON whose fields have names of their own.
fn file(name: &str) -> String {
    let ring = [at(5.0, 5.0), at(6.0, 5.0), at(6.0, 6.0), at(5.0, 6.0), at(5.0, 5.0)];
    let properties = json!({ "bm": code(20), "mc": name, "sq": "东湖社区", "hs": 310 });
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } }).to_string()
}

async fn import(room: &Room, token: &str, query: &str, body: impl Into<Body>) -> Answer {
    let path = format!("/api/v1/plans/import?network=general&name=f&{query}");
    room.post(token, &path, "application/octet-stream", body).await
}

fn issues(report: &Value) -> Vec<&str> {
    report["issues"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_as_was_asked() {
    let (room, team) = ready().await;
    let fields = "code_field=bm&name_field=mc&community_field=sq&households_field=hs";
    let answer = import(&room, &team.planner, &format!("{fields}&datum=gcj02&encoding=utf-8"), file("一号")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let (report, plan) = (answer.json()["report"].clone(), answer.json()["plan"]["id"].as_i64().unwrap());
    assert_eq!((&report["datum"]["used"], &report["encoding"]["used"]), (&json!("gcj02"), &json!("utf-8")));
    assert_eq!((&report["fields"]["code"], &report["blocking"]), (&json!(["bm"]), &json!([])));
    let cells = room.get(&team.planner, &format!("/api/v1/plans/{plan}/cells")).await.json();
    assert_eq!(cells["features"][0]["properties"]["name"], "一号", "{cells}");
    // Bytes that the encoding does not fit are said, and block at the command line.
    let gbk = import(&room, &team.planner, &format!("{fields}&encoding=gbk"), file("一号网格")).await;
    let report = &gbk.json()["report"];
    assert!(report["blocking"].as_array().unwrap().contains(&json!("encoding_doubtful")), "{report}");
    assert!(issues(report).contains(&"encoding_doubtful"));
    for (query, word) in
        [("datum=mars", "datum"), ("encoding=klingon", "klingon"), ("snap_m=-1", "snap_m"), ("code_field=nonsense", "nonsense")]
    {
        let refused = import(&room, &team.planner, query, file("x")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}: {}", refused.text());
        assert!(refused.text().contains(word), "{query}: {}", refused.text());
    }
    let layer = import(&room, &team.planner, "layer=none", vec![0u8; 10]).await;
    assert_eq!(layer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_larger_than_any_other_body_are_taken_and_leave_nothing_behind() {
    let (room, team) = ready().await;
    let spaces = " ".repeat(12 << 20);
    let answer = import(&room, &team.planner, "code_field=bm", format!("{}{spaces}", file("一号"))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    // Told at once when the sender announces too much; found out when it does not.
    let path = "/api/v1/plans/import?network=general&name=f";
    let announced = with(post(path, "application/octet-stream", "x"), "content-length", "300000000");
    let refused = room.ask(with(announced, "authorization", &format!("Bearer {}", team.planner))).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let chunk = bytes::Bytes::from(vec![b' '; 1 << 20]);
    let endless = futures::stream::iter((0..300).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let refused = import(&room, &team.planner, "", Body::from_stream(endless)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    // A body that breaks off.
    let broken = futures::stream::iter([Ok(bytes::Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
    let refused = import(&room, &team.planner, "", Body::from_stream(broken)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
    let left = std::fs::read_dir(room.wall.store().folder().join("imports")).unwrap().count();
    assert_eq!(left, 0, "files on their way in are removed however it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_draw_is_told_before_the_file_is_sent() {
    let (room, _team) = ready().await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    // A body that never comes: whoever waits for it hangs.
    let never = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let refused = import(&room, &viewer, "", never).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_an_import_is_can_be_asked_by_who_sent_it() {
    let (room, team) = ready().await;
    let ask = async |token: &str| room.get(token, "/api/v1/plans/import?id=mine").await;
    assert_eq!(ask(&team.planner).await.status, StatusCode::NOT_FOUND);
    let (mut send, receive) = futures::channel::mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(4);
    let whole = file("一号");
    let (first, rest) = whole.split_at(20);
    futures::SinkExt::send(&mut send, Ok(bytes::Bytes::copy_from_slice(first.as_bytes()))).await.unwrap();
    let going = import(&room, &team.planner, "code_field=bm&id=mine", Body::from_stream(receive));
    let watching = async {
        let seen = room
            .until("the first bytes are there", async || {
                let answer = ask(&team.planner).await;
                (answer.status == StatusCode::OK && answer.json()["done"] == json!(20)).then(|| answer.json())
            })
            .await;
        assert_eq!(seen["phase"], "uploading");
        assert_eq!(ask(&team.other).await.status, StatusCode::NOT_FOUND, "an import is its sender's");
        futures::SinkExt::send(&mut send, Ok(bytes::Bytes::copy_from_slice(rest.as_bytes()))).await.unwrap();
        drop(send);
    };
    let (answer, ()) = tokio::join!(going, watching);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(ask(&team.planner).await.status, StatusCode::NOT_FOUND, "over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_doubtful_about_a_file_is_asked_again_when_its_plan_is_published() {
    let (room, team) = ready().await;
    // The second feature cannot be read; one more draft is drawn from the first.
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[[["x",1]]]}}}}]}}"#,
        file("一号")
    );
    let answer = import(&room, &team.planner, "code_field=bm&name_field=mc", text).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let doubts = answer.json()["report"]["blocking"].clone();
    assert_ne!(doubts, json!([]), "the file is doubtful");
    let first = answer.json()["plan"]["id"].as_i64().unwrap();
    let copy = json!({ "network": "general", "name": "再一份", "base": first });
    let drawn = room.tell(&team.planner, "/api/v1/plans", copy).await;
    let second = drawn.json()["id"].as_i64();
    let drawn = drawn.text();
    for plan in [Some(first), second].into_iter().map(|p| p.unwrap_or_else(|| panic!("{drawn}"))) {
        let opened = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json();
        let list = opened["findings"].as_array().unwrap();
        let of_the_file: Vec<&Value> = list.iter().filter(|f| f["scope"] == "file").collect();
        assert_eq!(json!(of_the_file.iter().map(|f| f["code"].clone()).collect::<Vec<_>>()), doubts, "{opened}");
        assert!(of_the_file.iter().all(|f| f["blocks"] == true));
    }
    let step = format!("/api/v1/plans/{first}/step");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    room.done(&team.leader, &step, json!({ "step": "approve" })).await;
    let others: Vec<Value> = ["code_length", "owner_missing", "community_missing", "households_unknown"].map(Value::from).into();
    let publish = |more: &[Value]| {
        let acknowledge = [&others[..], more].concat();
        json!({ "step": "publish", "tickets": "stay", "acknowledge": acknowledge })
    };
    let refused = room.tell(&team.planner, &step, publish(&[])).await;
    assert_eq!(refused.code(), "blocked", "{}", refused.text());
    assert!(refused.text().contains(doubts[0].as_str().unwrap()), "{}", refused.text());
    room.done(&team.planner, &step, publish(doubts.as_array().unwrap())).await;
}
