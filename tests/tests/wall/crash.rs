//! `kill -9` under load: whatever was acknowledged is there afterwards.

use crate::{import_four, ticket};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use wall_tests::{DataDir, Served, until};

const ROUNDS: usize = 12;
const WRITERS: usize = 3;

/// Posts until the wall dies: single tickets and batches of many sizes, keeping what was acknowledged.
fn write(
    wall: &Served,
    token: &str,
    round: usize,
    writer: usize,
    acknowledged: Arc<Mutex<BTreeSet<String>>>,
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let client = wall.client(token);
    std::thread::spawn(move || {
        for batch in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let size = [1, 1, 7, 40, 200][(batch + writer) % 5];
            let tickets: Vec<Value> =
                (0..size).map(|i| ticket(&format!("{round}-{writer}-{batch}-{i}"), i % 2, (batch + i) % 2)).collect();
            let body: String = tickets.iter().map(|t| format!("{t}\n")).collect();
            // The wall may die at any point of this: then nothing was acknowledged.
            let Ok(answer) = client.try_post("/api/v1/tickets", "application/x-ndjson", &body) else { return };
            if answer.status == 503 || answer.status == 429 {
                continue;
            }
            assert_eq!(answer.status, 200, "{answer:?}");
            let lines = answer.lines();
            assert_eq!(lines.len(), size);
            let mut all = acknowledged.lock().unwrap();
            for line in lines {
                assert_eq!(line["status"], "created", "{line}");
                all.insert(line["external_id"].as_str().unwrap().to_owned());
            }
            count.fetch_add(size, Ordering::Relaxed);
        }
    })
}

/// External ids in the store of a wall that does not run.
fn stored(data: &DataDir) -> BTreeSet<String> {
    let out = data.file("stored.ndjson", "");
    data.run(["export", "tickets", out.to_str().unwrap()]).expect(0);
    std::fs::read_to_string(&out)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["external_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..ROUNDS {
        let wall = Served::start(&data);
        let (count, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let writers: Vec<_> =
            (0..WRITERS).map(|w| write(&wall, &token, round, w, acknowledged.clone(), count.clone(), stop.clone())).collect();
        // Killed after an amount of work that differs each time, in the middle of whatever is under way.
        let enough = 1 + round * 97;
        until("acknowledged tickets", || (count.load(Ordering::Relaxed) >= enough).then_some(()));
        wall.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        let stored = stored(&data);
        let acknowledged = acknowledged.lock().unwrap();
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "round {round}: {} acknowledged, lost {lost:?}", acknowledged.len());
    }

    // The audit chain and the wall are whole too, and a new life shows the same tickets.
    data.run(["audit", "verify"]).expect(0);
    let wall = Served::start(&data);
    let stored = stored(&data);
    let snapshot = wall.browser().get("/api/v1/snapshot").expect(200).json();
    let open = snapshot["figures"].as_array().unwrap().iter().find(|f| f["key"] == "open").unwrap()["value"].clone();
    assert_eq!(open.as_f64(), Some(stored.len() as f64), "{snapshot}");
}
