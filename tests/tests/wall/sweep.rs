//! Killed at each system call that changes files: whatever stood then, the folder opens again and holds what was
//! acknowledged. A few points in CI; all of them with `GRIDWALL_SWEEP=all` (`make soak`).

use crate::{
    first_edition::{TICKETS, lay_down},
    import_four,
};
use std::{
    path::Path,
    process::{Command, Stdio},
};
use wall_tests::{DataDir, Ground, gridwall};

/// What changes files, or the order in which they change.
const CALLS: &str =
    "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,flock";

/// Whether this machine lets a process be traced.
fn traceable() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let can = tried.is_ok_and(|s| s.success());
    if !can {
        eprintln!("skipped: strace is not there, or may not trace here");
    }
    can
}

/// Runs a command that is killed at the `n`th of such calls of any of its threads; `true` = it came to its end.
fn killed_at(n: usize, data: &DataDir, args: &[&str]) -> bool {
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={CALLS}")])
        .args(["-e", &format!("inject={CALLS}:signal=KILL:when={n}")])
        .arg(gridwall())
        .arg("--data-dir")
        .arg(data.path())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.success()
}

/// At which calls: all, or fewer and fewer.
fn points() -> Box<dyn Iterator<Item = usize>> {
    // The first calls of each thread load the program; growing steps come everywhere in a few runs.
    if std::env::var("GRIDWALL_SWEEP").is_ok_and(|v| v == "all") {
        return Box::new(1..);
    }
    Box::new(std::iter::successors(Some(3usize), |n| Some(n + 3 + n / 3)))
}

/// Sweeps over one command from a folder that `prepare` made, and checks each folder that a kill left.
fn sweep(prepare: impl Fn(&DataDir), args: impl Fn(&DataDir) -> Vec<String>, check: impl Fn(&DataDir, usize)) {
    if !traceable() {
        return;
    }
    let mut kills = 0;
    for n in points() {
        let data = DataDir::new();
        prepare(&data);
        let args = args(&data);
        let ended = killed_at(n, &data, &args.iter().map(String::as_str).collect::<Vec<_>>());
        check(&data, n);
        if ended {
            break;
        }
        kills += 1;
    }
    assert!(kills > 3, "only {kills} kills: nothing was swept");
}

/// The folder opens, its pages, references, writes and audit log are whole.
fn is_well(data: &DataDir, n: usize) {
    let examined = data.run(["--json", "doctor", "--fix"]);
    let report = examined.json();
    let ill: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|c| c["ok"] == false && c["check"] != "interface").collect();
    assert!(ill.is_empty(), "killed at call {n}: {ill:?}");
}

#[test]
fn a_first_start_killed_anywhere_starts_again() {
    sweep(
        |_| {},
        |_| ["token", "create", "a"].map(str::to_owned).to_vec(),
        |data, n| {
            let again = data.run(["token", "create", "b"]);
            assert_eq!(again.code, 0, "killed at call {n}: {again:?}");
            is_well(data, n);
        },
    );
}

#[test]
fn a_migration_killed_anywhere_is_done_again() {
    sweep(
        lay_down,
        |_| ["token", "create", "a"].map(str::to_owned).to_vec(),
        |data, n| {
            let again = data.run(["token", "create", "b"]);
            assert_eq!(again.code, 0, "killed at call {n}: {again:?}");
            is_well(data, n);
            // Whatever stood then, it is the old store or the new one, and nothing is lost of either.
            assert_eq!(data.run(["--json", "doctor"]).json()["tickets"], TICKETS, "killed at call {n}");
        },
    );
}

#[test]
fn an_import_killed_anywhere_is_done_again() {
    let rows: String =
        (0..200).map(|i| format!("t{i},drain,井盖{i},10.00{},50.00{},2026-01-01T08:00:00Z\n", i % 10, i % 7)).collect();
    sweep(
        |data| {
            import_four(data);
            data.file("tickets.csv", format!("external_id,category,title,lon,lat,reported_at\n{rows}"));
        },
        |data| {
            let file = data.path().with_file_name("tickets.csv");
            ["import", "tickets", file.to_str().unwrap(), "--source", "test"].map(str::to_owned).to_vec()
        },
        |data, n| {
            is_well(data, n);
            // What came in has its line: no ticket without one.
            let audit = data.path().with_file_name("audit.ndjson");
            data.run(["audit", "export", audit.to_str().unwrap()]).expect(0);
            let lines = std::fs::read_to_string(audit).unwrap();
            let stats = data.json(["doctor"]);
            assert_eq!(stats["tickets"].as_i64() == Some(0), !lines.contains("import.tickets.chunk"), "killed at call {n}");
            let file = data.path().with_file_name("tickets.csv");
            let again = data.json(["import", "tickets", file.to_str().unwrap(), "--source", "test"]);
            assert_eq!(
                again["created"].as_i64().unwrap() + again["unchanged"].as_i64().unwrap(),
                200,
                "killed at call {n}: {again}"
            );
        },
    );
}

#[test]
fn a_publication_killed_anywhere_is_whole_or_not_there() {
    sweep(
        |data| {
            data.file("cells.geojson", Ground::four().geojson());
        },
        |data| {
            let file = data.path().with_file_name("cells.geojson");
            ["import", "cells", file.to_str().unwrap(), "--code-field", "code", "--name-field", "name", "--publish"]
                .map(str::to_owned)
                .to_vec()
        },
        |data, n| {
            import_four(data);
            is_well(data, n);
            let found = data.json(["locate", "--point", "10.005,50.005"]);
            assert!(found.to_string().contains("B1"), "killed at call {n}: {found}");
        },
    );
}

/// Nothing that was there is lost, whenever a restore is cut short.
#[test]
fn a_restore_killed_anywhere_is_done_again() {
    let backup = |data: &DataDir| data.path().with_file_name("wall.db").to_str().unwrap().to_owned();
    let names = |folder: &Path| {
        let out = Command::new(gridwall()).arg("--data-dir").arg(folder).args(["token", "list"]).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    sweep(
        |data| {
            data.token("in-it");
            data.json(["backup", &backup(data)]);
            data.token("later");
        },
        |data| vec!["restore".into(), backup(data), "--replace".into()],
        |data, n| {
            let opened = data.run(["token", "list"]);
            assert!(opened.code == 0 || opened.stderr.contains("restore"), "killed at call {n}: {opened:?}");
            data.run(["restore", &backup(data), "--replace"]).expect(0);
            is_well(data, n);
            assert!(names(&data.path()).contains("in-it"));
            // What was there before lies aside.
            let aside = std::fs::read_dir(data.path()).unwrap().map(|e| e.unwrap().path());
            let mut aside = aside.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("replaced-"));
            assert!(aside.any(|p| names(&p).contains("later")), "killed at call {n}: what was there is lost");
        },
    );
}

/// The disk fails or is full from some call on: said as such, and the folder goes on afterwards.
#[test]
fn a_disk_that_fails_anywhere_is_said_and_does_no_harm() {
    const WRITES: &str = "pwrite64,fsync,fdatasync,ftruncate";
    if !traceable() {
        return;
    }
    for (errno, words) in [("ENOSPC", "disk"), ("EIO", "disk")] {
        let mut failures = 0;
        for n in points().map(|n| n - 2) {
            let data = DataDir::new();
            let out = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={WRITES}")])
                .args(["-e", &format!("inject={WRITES}:error={errno}:when={n}+")])
                .arg(gridwall())
                .arg("--data-dir")
                .arg(data.path())
                .args(["token", "create", "a"])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            match out.status.code() {
                // What was acknowledged is there.
                Some(0) => assert!(data.run(["token", "list"]).stdout.starts_with("a "), "{errno} from call {n}"),
                Some(4) if said.contains(words) => failures += 1,
                other => panic!("{errno} from call {n}: {other:?} {said}"),
            }
            let again = data.run(["token", "create", "b"]);
            assert_eq!(again.code, 0, "{errno} from call {n}: {again:?}");
            is_well(&data, n);
            if out.status.success() {
                break;
            }
        }
        assert!(failures > 2, "{errno}: only {failures} failures");
    }
}
