//! Walls on a PostgreSQL that is killed, replaced, closed to them: nothing acknowledged is lost, nothing is taken twice, and
//! what is the matter is said.

use crate::{import_four, ticket};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};
use wall_tests::{DataDir, Postgres, Served, until};

/// External ids in the store, in order, each as often as it is there.
fn stored(data: &DataDir) -> Vec<String> {
    let out = data.file("stored.ndjson", "");
    data.run(["export", "tickets", out.to_str().unwrap()]).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let id = |l: &str| serde_json::from_str::<Value>(l).unwrap()["external_id"].as_str().unwrap().to_owned();
    let mut all: Vec<String> = text.lines().map(id).collect();
    all.sort();
    all
}

/// Posts tickets until it is told to stop, each until it is taken; what was acknowledged.
fn feed(
    wall: &Served,
    token: &str,
    name: &'static str,
    stop: Arc<AtomicBool>,
    done: Arc<Mutex<BTreeSet<String>>>,
) -> JoinHandle<()> {
    let client = wall.client(token);
    std::thread::spawn(move || {
        for i in 0.. {
            let tickets: Vec<Value> = (0..[1, 3, 40][i % 3]).map(|n| ticket(&format!("{name}-{i}-{n}"), n % 2, i % 2)).collect();
            loop {
                let answer = client.tickets(&tickets);
                if answer.status == 200 {
                    done.lock().unwrap().extend(answer.lines().iter().map(|l| l["external_id"].as_str().unwrap().to_owned()));
                    break;
                }
                assert!([503, 507, 429].contains(&answer.status), "{answer:?}");
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    })
}

fn is_ready(wall: &Served) -> bool {
    anonymous(wall).try_get("/readyz").is_ok_and(|a| a.status == 200)
}

fn anonymous(wall: &Served) -> wall_tests::Client {
    wall_tests::Client::anonymous(&wall.base)
}

#[test]
fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    let Some(server) = Postgres::start() else { return };
    let data = DataDir::at(server.schema("killed"));
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
    let feeds: Vec<_> = ["a", "b", "c"].map(|name| feed(&wall, &token, name, stop.clone(), done.clone())).into();
    let viewer = wall.browser();
    for round in 0..4 {
        let before = done.lock().unwrap().len();
        until("tickets acknowledged", || (done.lock().unwrap().len() > before + 60 + round * 37).then_some(()));
        server.kill();
        until("the wall says that it is not ready", || (!is_ready(&wall)).then_some(()));
        // Nothing is answered that is not known, and what is the matter is said.
        let asked = viewer.get("/api/v1/snapshot");
        assert!(asked.status == 200 || asked.body.contains("store_unreachable"), "{asked:?}");
        server.start_again();
        until("the wall goes on by itself", || is_ready(&wall).then_some(()));
    }
    let before = done.lock().unwrap().len();
    until("tickets acknowledged after the last start", || (done.lock().unwrap().len() > before + 50).then_some(()));
    stop.store(true, Ordering::Relaxed);
    feeds.into_iter().for_each(|f| f.join().unwrap());
    let (stored, done) = (stored(&data), done.lock().unwrap().clone());
    assert_eq!(stored.len(), stored.iter().collect::<BTreeSet<_>>().len(), "nothing is there twice");
    let lost: Vec<_> = done.iter().filter(|id| stored.binary_search(id).is_err()).collect();
    assert!(lost.is_empty(), "{} acknowledged, lost: {lost:?}", done.len());
    // The world follows what was written: its count is that of the store.
    until("the wall shows all", || {
        let figures = viewer.get("/api/v1/snapshot").expect(200).json()["figures"].clone();
        let open = figures.as_array()?.iter().find(|f| f["key"] == "open")?["value"].as_f64()?;
        (open == stored.len() as f64).then_some(())
    });
    data.run(["audit", "verify"]).expect(0);
}

#[test]
fn two_walls_and_an_import_see_the_same_in_the_same_order() {
    let Some(server) = Postgres::start() else { return };
    let first = DataDir::at(server.schema("shared"));
    import_four(&first);
    let second = first.beside();
    let token = first.token("feed");
    let walls = [Served::start(&first), Served::start(&second)];
    let viewers = walls.each_ref().map(Served::browser);
    let heard = viewers.each_ref().map(|viewer| {
        let stream = viewer.events("/api/v1/frames");
        let seen = Arc::new(Mutex::new(Vec::<(i64, i64)>::new()));
        let kept = seen.clone();
        std::thread::spawn(move || {
            for (_, frame) in stream {
                if let (Some(from), Some(to)) = (frame["from_revision"].as_i64(), frame["to_revision"].as_i64()) {
                    kept.lock().unwrap().push((from, to));
                }
            }
        });
        seen
    });
    let rows: String = (0..3_000).map(|i| format!("{}\n", ticket(&format!("file-{i}"), i % 2, i % 2))).collect();
    let file = first.file("tickets.ndjson", rows);
    std::thread::scope(|s| {
        s.spawn(|| second.run(["import", "tickets", file.to_str().unwrap()]).expect(0));
        for (n, wall) in walls.iter().enumerate() {
            let client = wall.client(&token);
            s.spawn(move || {
                for i in 0..60 {
                    client.ticket(&ticket(&format!("wall-{n}-{i}"), i % 2, n)).expect(200);
                }
            });
        }
    });
    let stored = stored(&first);
    assert_eq!(stored.len(), 3_120);
    let shown = |n: usize| viewers[n].get("/api/v1/snapshot").expect(200).json();
    let newest = |n: usize| shown(n)["revision"].as_i64().unwrap();
    until("both walls have all of it", || (newest(0) == newest(1) && newest(0) >= 3_120).then_some(()));
    let revision = newest(0);
    for seen in &heard {
        until("the stream has all of it", || seen.lock().unwrap().last().filter(|l| l.1 == revision).map(|_| ()));
        let seen = seen.lock().unwrap();
        for pair in seen.windows(2) {
            assert!(pair[1].0 == pair[0].1 && pair[1].1 >= pair[1].0, "a gap or a step back: {pair:?}");
        }
    }
    assert_eq!(shown(0)["figures"], shown(1)["figures"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_in_its_place_is_refused_by_name_until_the_right_one_is_back() {
    let Some(server) = Postgres::start() else { return };
    let data = DataDir::at(server.schema("right"));
    let other = DataDir::at(server.schema("other"));
    import_four(&data);
    import_four(&other);
    let token = data.token("feed");
    let wall = Served::start(&data);
    wall.client(&token).ticket(&ticket("1", 0, 0)).expect(200);
    let put = async |from: &str, aside: &str| {
        // As a fail-over does it: the connections go, and something else answers.
        let swap = format!(
            "ALTER SCHEMA \"right\" RENAME TO {aside}; ALTER SCHEMA {from} RENAME TO \"right\"; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gridwall'"
        );
        server.does(&swap).await;
    };
    put("other", "aside").await;
    until("the wall takes nothing", || {
        let answer = wall.client(&token).ticket(&ticket("2", 0, 0));
        (answer.status == 503 && answer.body.contains("another store answers")).then_some(())
    });
    until("the wall is not ready", || (!is_ready(&wall)).then_some(()));
    put("aside", "other").await;
    until("the wall goes on by itself", || is_ready(&wall).then_some(()));
    wall.client(&token).ticket(&ticket("3", 0, 0)).expect(200);
    // An older copy of the same store is none either.
    server.does("CREATE TABLE kept AS SELECT * FROM \"right\".change_log").await;
    server
        .does(
            "DELETE FROM \"right\".change_log WHERE revision = (SELECT max(revision) FROM \"right\".change_log); \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gridwall'",
        )
        .await;
    until("the wall takes nothing from an older one", || {
        let answer = wall.client(&token).ticket(&ticket("4", 0, 0));
        (answer.status == 503 && answer.body.contains("was acknowledged already")).then_some(())
    });
    server.does("INSERT INTO \"right\".change_log SELECT * FROM kept ON CONFLICT DO NOTHING; DROP TABLE kept").await;
    until("the wall goes on again", || is_ready(&wall).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_was_taken_away_is_said_and_its_return_is_found() {
    let Some(server) = Postgres::start() else { return };
    server.does("CREATE ROLE street LOGIN; CREATE SCHEMA plain AUTHORIZATION street").await;
    let data = DataDir::at(server.schema("plain").replace("gridwall@", "street@"));
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    wall.client(&token).ticket(&ticket("1", 0, 0)).expect(200);
    server.does("REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA plain FROM street").await;
    until("the wall takes nothing", || {
        let answer = wall.client(&token).ticket(&ticket("2", 0, 0));
        (answer.status == 503 && answer.retry_after.is_some() && answer.body.contains("read_only")).then_some(())
    });
    until("the wall is not ready", || (!is_ready(&wall)).then_some(()));
    server.does("GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA plain TO street").await;
    until("the wall goes on by itself", || is_ready(&wall).then_some(()));
    wall.client(&token).ticket(&ticket("2", 0, 0)).expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_is_full_is_said_to_be_and_goes_on_when_there_is_room() {
    let Some(mut server) = Postgres::start() else { return };
    if !server.on_a_small_disk(48).await {
        return;
    }
    let data = DataDir::at(server.schema("full"));
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    wall.client(&token).ticket(&ticket("before", 0, 0)).expect(200);
    let viewer = wall.browser();
    // Others of the same server fill it; what does not fit is undone, and its pages stay taken.
    let fill = "CREATE TABLE public.filler (t text); DO $$ BEGIN LOOP BEGIN \
        INSERT INTO public.filler SELECT repeat('x', 1000) FROM generate_series(1, 500); \
        EXCEPTION WHEN disk_full THEN EXIT; END; END LOOP; END $$";
    server.does(fill).await;
    let mut taken = vec!["before".to_owned()];
    // Pages that are begun still take some.
    let refused = (0..400).find_map(|i| {
        let ids: Vec<String> = (0..40).map(|n| format!("full-{i}-{n}")).collect();
        let answer = wall.client(&token).tickets(&ids.iter().map(|id| ticket(id, 0, 0)).collect::<Vec<_>>());
        match answer.status {
            200 => taken.extend(ids),
            _ => return Some(answer),
        }
        None
    });
    let refused = refused.expect("a full disk takes nothing for ever");
    assert_eq!(refused.status, 507, "{refused:?}");
    assert!(refused.body.contains("store_full"), "{refused:?}");
    until("the wall says that it is full", || {
        anonymous(&wall).try_get("/readyz").is_ok_and(|a| a.status == 503 && a.body.contains("full")).then_some(())
    });
    // What is there is shown as ever.
    viewer.get("/api/v1/snapshot").expect(200);
    server.does("DROP TABLE public.filler").await;
    until("the wall takes tickets again", || (wall.client(&token).ticket(&ticket("after", 0, 0)).status == 200).then_some(()));
    until("the wall is ready", || is_ready(&wall).then_some(()));
    taken.push("after".to_owned());
    taken.sort();
    assert_eq!(stored(&data), taken, "all that was acknowledged and nothing else");
    data.run(["audit", "verify"]).expect(0);
}

#[test]
fn a_store_is_copied_to_a_server_and_back_and_nothing_is_written_over() {
    let Some(server) = Postgres::start() else { return };
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    let tickets: Vec<Value> = (0..700).map(|i| ticket(&format!("t-{i}"), i % 2, i % 2)).collect();
    wall.client(&token).tickets(&tickets).expect(200);
    let url = server.schema("copied");
    let copied = data.json(["store", "copy", "--to", &url]);
    let rows = |report: &Value, table: &str| {
        let all = report["tables"].as_array().unwrap();
        all.iter().find(|t| t["table"] == table).unwrap_or_else(|| panic!("no {table} in {report}")).clone()
    };
    assert_eq!((rows(&copied, "ticket")["rows"].as_i64(), rows(&copied, "cell")["rows"].as_i64()), (Some(700), Some(4)));
    assert!(!copied.to_string().contains("gridwall@"), "no address that may hold a password");
    let ended = wall.end();
    assert_eq!(ended, Some(0));
    // A second time there is a store: nothing of it is touched.
    let again = data.run(["store", "copy", "--to", &url]);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.stderr.contains("there is a store at the target already"), "{again:?}");
    let there = data.on(url);
    assert_eq!(stored(&there), stored(&data));
    there.run(["audit", "verify"]).expect(0);
    // It lives there, and its token too.
    let wall = Served::start(&there);
    wall.client(&token).ticket(&ticket("new", 0, 0)).expect(200);
    wall.end();
    // And back into a file, from which a backup is the same as any.
    let back = data.file("back", "");
    std::fs::remove_file(&back).unwrap();
    let returned = there.json(["store", "copy", "--to", &format!("sqlite:{}/gridwall.db", back.display())]);
    assert_eq!(rows(&returned, "ticket")["rows"].as_i64(), Some(701));
    let backup = data.file("backup.db", "");
    std::fs::remove_file(&backup).unwrap();
    let made = there.json(["backup", backup.to_str().unwrap()]);
    assert_eq!(made["tickets"].as_i64(), Some(701), "{made}");
}
