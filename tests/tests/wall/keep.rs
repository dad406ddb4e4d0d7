//! Keeping the store from outside: many processes at once, the drill of a restore, files taken away under a running wall.

use crate::{import_four, ticket};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
};
use wall_tests::{DataDir, Served, until};

fn tickets_of(data: &DataDir) -> BTreeSet<String> {
    let out = data.file("tickets.ndjson", "");
    data.run(["export", "tickets", out.to_str().unwrap()]).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let id = |l: &str| serde_json::from_str::<Value>(l).unwrap()["external_id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

#[test]
fn eight_processes_that_start_at_once_all_succeed() {
    let data = DataDir::new();
    let starting: Vec<_> = (0..8)
        .map(|n| {
            let mut command = data.command();
            command.args(["token", "create", &format!("t{n}")]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for one in starting {
        let done = one.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(String::from_utf8_lossy(&done.stdout).starts_with("gw_"));
    }
    assert_eq!(data.json(["token", "list"])["tokens"].as_array().unwrap().len(), 8);
    let verdict = data.json(["audit", "verify"]);
    assert_eq!((verdict["lines"].as_i64(), verdict["anchored"].as_i64()), (Some(8), Some(8)));
}

/// The drill: a backup of a wall that is being fed, a kill, everything lost, restored, counted, verified.
#[test]
fn a_wall_that_lost_everything_comes_back_from_its_backup() {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    let client = wall.client(&token);
    let batch = |from: usize| (from..from + 50).map(|i| ticket(&format!("t{i}"), i % 2, i / 2 % 2)).collect::<Vec<_>>();
    client.tickets(&batch(0)).expect(200);
    let out = data.path().with_file_name("wall.db");
    let made = data.json(["backup", out.to_str().unwrap()]);
    assert_eq!(made["tickets"], 50, "{made}");
    // The newest rows are in the log: a copy of the file would not have them, the backup does.
    client.tickets(&batch(50)).expect(200);
    let in_use = data.run(["restore", out.to_str().unwrap(), "--replace"]);
    assert!(in_use.code != 0 && in_use.stderr.contains("is in use"), "{in_use:?}");
    wall.kill();
    // Never over what is there, unseen.
    let unseen = data.run(["restore", out.to_str().unwrap()]);
    assert!(unseen.code != 0 && unseen.stderr.contains("nothing was written over"), "{unseen:?}");
    std::fs::remove_dir_all(data.path()).unwrap();
    let done = data.json(["restore", out.to_str().unwrap()]);
    assert_eq!((done["tickets"].as_i64(), done["set_aside"].is_null()), (Some(50), true), "{done}");
    assert_eq!(tickets_of(&data).len(), 50);
    assert_eq!(data.json(["audit", "verify"])["whole"], true);
    let well = data.json(["doctor"]);
    assert_eq!(well["well"], true, "{well}");
    // And it goes on: the token is good, the feed sends what it sent since.
    let wall = Served::start(&data);
    wall.client(&token).tickets(&batch(50)).expect(200);
    assert_eq!(wall.end(), Some(0));
    assert_eq!(tickets_of(&data).len(), 100);
}

#[test]
fn what_is_taken_away_under_a_running_wall_is_not_acknowledged() {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    let (client, browser) = (wall.client(&token), wall.browser());
    client.ticket(&ticket("before", 0, 0)).expect(200);
    let (file, aside) = (data.path().join("gridwall.db"), data.path().join("aside.db"));
    std::fs::rename(&file, &aside).unwrap();
    for n in 0..20 {
        let answer = client.ticket(&ticket(&format!("lost{n}"), 0, 0)).expect(503);
        assert_eq!(answer.json()["code"], "store_replaced");
        assert_eq!(answer.retry_after.as_deref(), Some("60"));
    }
    assert_eq!(client.get("/readyz").status, 503);
    let trouble = || browser.get("/api/v1/snapshot").json()["freshness"]["store_trouble"].clone();
    until("the wall says it", || (trouble() == "replaced").then_some(()));
    // The very file back: it goes on by itself.
    std::fs::rename(&aside, &file).unwrap();
    until("ready again", || (client.get("/readyz").status == 200).then_some(()));
    client.ticket(&ticket("after", 0, 0)).expect(200);
    assert_eq!(wall.end(), Some(0));
    assert_eq!(tickets_of(&data), BTreeSet::from(["after".to_owned(), "before".to_owned()]));
}

/// Two who make tokens at the same time, each command a process: every one stands and was shown.
#[test]
fn tokens_made_by_two_loops_all_stand() {
    let data = DataDir::new();
    let many = 12;
    std::thread::scope(|scope| {
        for who in ["a", "b"] {
            let data = &data;
            scope.spawn(move || {
                for n in 0..many {
                    let made = data.run(["token", "create", &format!("{who}{n}")]).expect(0);
                    assert!(made.stdout.starts_with("gw_"), "{made:?}");
                }
            });
        }
    });
    let verdict = data.json(["audit", "verify"]);
    assert_eq!((verdict["lines"].as_i64(), verdict["anchored"].as_i64()), (Some(2 * many), Some(2 * many)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_only_be_read_answers_what_reads() {
    let data = DataDir::new();
    std::fs::create_dir(data.path()).unwrap();
    /// Unmounted however the test ends.
    struct Mounted(std::path::PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(&self.0).output();
        }
    }
    let _mounted = Mounted(data.path());
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "gridwall-test"]).arg(data.path());
        command.output().is_ok_and(|o| o.status.success())
    };
    if !mount("size=32m") {
        eprintln!("skipped: a small disk cannot be mounted here (root is needed)");
        return;
    }
    import_four(&data);
    let file = data.file("t.ndjson", format!("{}\n{}\n", ticket("a", 0, 0), ticket("b", 1, 1)));
    data.json(["import", "tickets", file.to_str().unwrap()]);
    let eye = data.json(["token", "create", "eye", "--role", "operator"])["token"].as_str().unwrap().to_owned();
    assert!(mount("remount,ro"));
    assert_eq!(tickets_of(&data).len(), 2);
    data.run(["stats"]).expect(0);
    assert_eq!(data.json(["audit", "verify"])["whole"], true);
    data.run(["locate", "--point", "10.005,50.005"]).expect(0);
    let refused = data.run(["token", "create", "x"]).expect(4);
    assert!(refused.stderr.contains("read-only"), "{refused:?}");
    // The wall answers who has a right already, says it, and is not ready.
    let wall = Served::start(&data);
    let client = wall.client(&eye);
    let trouble = || client.get("/api/v1/snapshot").expect(200).json()["freshness"]["store_trouble"].clone();
    until("the wall says it", || (trouble() == "read_only").then_some(()));
    assert_eq!(client.get("/readyz").status, 503);
    assert_eq!(wall.end(), Some(0));
}
