//! `kill -9` while a plan is drawn: every edit that was acknowledged is there, and at most the one in hand is lost.

use crate::import_four;
use serde_json::json;
use wall_tests::{DataDir, Ground, Served};

const ROUNDS: usize = 5;

/// Where the node in the middle stands after so many edits, in degrees on the grid of 1e-9.
fn place(edits: usize) -> [f64; 2] {
    let [lon, lat] = Ground::four().corner(1, 0);
    [lon + 1e-5 * edits as f64, lat].map(|v| (v * 1e9).round() / 1e9)
}

#[test]
fn a_kill_loses_at_most_the_edit_in_hand() {
    let data = DataDir::new();
    import_four(&data);
    let made = data.json(["token", "create", "planner", "--role", "planner", "--unlimited"]);
    let token = made["token"].as_str().unwrap().to_owned();
    let (mut plan, mut acknowledged) = (None, 0);
    for round in 0..ROUNDS {
        let wall = Served::start(&data);
        let client = wall.client(&token);
        let id = *plan.get_or_insert_with(|| {
            let body = json!({ "name": "draft", "network": "general", "base": null }).to_string();
            client.post("/api/v1/plans", "application/json", &body).expect(200).json()["id"].as_i64().unwrap()
        });
        let path = format!("/api/v1/plans/{id}");

        // What this life finds: all that was acknowledged, and perhaps the edit whose answer was lost.
        let history = client.get(&format!("{path}/history")).expect(200).json();
        let stored = history["edits"].as_array().unwrap().len();
        assert!((acknowledged..=acknowledged + 1).contains(&stored), "round {round}: {acknowledged} told, {stored} stored");
        assert_eq!(client.get(&path).expect(200).json()["head"], history["head"], "round {round}");
        let cells = client.get(&format!("{path}/cells")).expect(200).json();
        let shared = json!(place(stored));
        let rings = cells["features"].as_array().unwrap().iter().map(|f| &f["geometry"]["coordinates"][0][0]);
        let with = rings.filter(|r| r.as_array().unwrap().contains(&shared)).count();
        assert_eq!(with, 4, "round {round}: all four cells share the node where the last stored edit put it: {cells}");

        // Edits in a row, killed after a number of answers that differs, in the middle of the next.
        let (mut head, mut wall, mut done) = (history["head"].clone(), Some(wall), stored);
        loop {
            let edit = json!({ "kind": "move_vertex", "from": place(done), "to": place(done + 1), "outer": false });
            let killing = (done - stored == 3 + round * 2).then(|| wall.take().map(|w| std::thread::spawn(move || w.kill())));
            let body = json!({ "edit": edit, "head": head }).to_string();
            let answer = client.try_post(&format!("{path}/edits"), "application/json", &body);
            if let Ok(answer) = &answer
                && answer.status == 200
            {
                (head, done) = (answer.json()["head"].clone(), done + 1);
            } else {
                assert!(killing.is_some(), "round {round}: {answer:?}");
            }
            if let Some(thread) = killing {
                thread.unwrap().join().unwrap();
                break;
            }
        }
        acknowledged = done;
    }
    data.run(["audit", "verify"]).expect(0);
}
