//! Accounts of people: made on the command line, used over HTTP, gone when removed.

use crate::import_four;
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Output, Stdio},
};
use wall_tests::{Answer, Client, DataDir, Served};

const PASSWORD: &str = "correct horse battery";

/// Runs a command with `typed` on its standard input.
fn with_input(data: &DataDir, args: &[&str], typed: &str) -> (i32, String, String) {
    let mut child =
        data.command().args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr).into_owned())
}

fn add(data: &DataDir, name: &str, role: &str) -> Value {
    let args = ["--json", "user", "add", name, "--role", role, "--display-name", "规划员小李", "--password-stdin"];
    let (code, out, err) = with_input(data, &args, &format!("{PASSWORD}\n"));
    assert_eq!(code, 0, "{err}");
    assert!(!out.contains(PASSWORD) && !out.contains("argon2"), "{out}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("not one JSON object ({e}): {out}"))
}

fn sign_in(client: &Client, name: &str, password: &str) -> Answer {
    client.post("/api/v1/session", "application/json", &json!({ "name": name, "password": password }).to_string())
}

#[test]
fn accounts_are_made_listed_and_removed() {
    let data = DataDir::new();
    let made = add(&data, "Planner", "planner");
    assert_eq!(
        (&made["name"], &made["role"], &made["display_name"]),
        (&json!("planner"), &json!("planner"), &json!("规划员小李"))
    );
    let list = data.json(["user", "list"]);
    assert_eq!(list["users"].as_array().unwrap().len(), 1);
    assert_eq!(list["users"][0]["removed_at"], Value::Null);
    let words = data.run(["user", "list"]).expect(0);
    assert!(words.stdout.contains("规划员小李") && !words.stdout.contains("argon2"), "{words:?}");
    let removed = data.json(["user", "remove", "planner"]);
    assert_eq!((&removed["removed"], &removed["sessions_ended"]), (&json!(true), &json!(0)));
    data.run(["user", "remove", "planner"]).expect(3);
    assert!(data.json(["user", "list"])["users"][0]["removed_at"].is_string());
    let log = data.file("audit.ndjson", "");
    data.run(["audit", "export", log.to_str().unwrap()]).expect(0);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("account.add") && log.contains("account.remove"), "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains("规划员小李"), "{log}");
    data.run(["audit", "verify"]).expect(0);
}

#[test]
fn what_makes_no_account_says_why() {
    let data = DataDir::new();
    add(&data, "planner", "planner");
    for (args, typed, code) in [
        (vec!["user", "add", "li", "--role", "planner", "--password-stdin"], "short\n", 2),
        (vec!["user", "add", "li-wei-planner", "--role", "planner", "--password-stdin"], "li-wei-planner\n", 2),
        (vec!["user", "add", "li", "--role", "planner", "--password-stdin"], "", 2),
        (vec!["user", "add", "os:root", "--role", "planner", "--password-stdin"], "correct horse battery\n", 2),
        (vec!["user", "add", "gridwall", "--role", "planner", "--password-stdin"], "correct horse battery\n", 2),
        (vec!["user", "add", "li", "--role", "feed", "--password-stdin"], "correct horse battery\n", 2),
        (vec!["user", "add", "li", "--role", "king", "--password-stdin"], "correct horse battery\n", 2),
        (vec!["user", "add", "li", "--password-stdin"], "correct horse battery\n", 2),
        (vec!["user", "add", "PLANNER", "--role", "leader", "--password-stdin"], "correct horse battery\n", 3),
        (vec!["user", "passwd", "nobody-here", "--password-stdin"], "correct horse battery\n", 3),
        (vec!["user", "passwd", "planner", "--password-stdin"], "short\n", 2),
        // Nobody to ask: a terminal is not there.
        (vec!["user", "add", "li", "--role", "planner"], "correct horse battery\n", 2),
    ] {
        let (found, out, err) = with_input(&data, &args, typed);
        assert_eq!((found, out.as_str()), (code, ""), "{args:?}: {err}");
        assert!(!err.trim().is_empty() && !err.contains("correct horse"), "{args:?}: {err}");
    }
    assert_eq!(data.json(["user", "list"])["users"].as_array().unwrap().len(), 1);
}

#[test]
fn a_person_signs_in_and_another_password_ends_it() {
    let data = DataDir::new();
    import_four(&data);
    add(&data, "planner", "planner");
    let wall = Served::start(&data);
    let nobody = Client::anonymous(&wall.base);
    nobody.get("/api/v1/session").expect(401);
    sign_in(&nobody, "planner", "wrong password").expect(401);
    let answer = sign_in(&nobody, "planner", PASSWORD).expect(200);
    let cookie = answer.cookie.clone().expect("a browser without a session gets a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let secret = answer.json()["secret"].as_str().unwrap().to_owned();
    let person = wall.client(&secret);
    let view = person.get("/api/v1/session").expect(200).json();
    assert_eq!((&view["name"], &view["can"]["plan"], &view["demo"]), (&json!("planner"), &json!(true), &json!(false)));
    assert_eq!(person.get("/api/v1/wall").expect(200).json()["actor"]["who"], "planner");
    // In a browser that used the link, the person acts on top of it.
    let browser = wall.browser();
    assert_eq!(browser.get("/api/v1/session").json()["signed_in"], false);
    assert_eq!(browser.header("authorization", format!("Bearer {secret}")).get("/api/v1/session").json()["name"], "planner");

    // It outlives the wall.
    drop(wall);
    let wall = Served::start(&data);
    let person = wall.client(&secret);
    person.get("/api/v1/wall").expect(200);
    let (code, _, err) = with_input(&data, &["user", "passwd", "planner", "--password-stdin"], "another horse battery");
    assert_eq!(code, 0, "{err}");
    let ended = wall_tests::until("the session to end", || {
        let answer = person.get("/api/v1/wall");
        (answer.status == 401).then_some(answer)
    });
    assert_eq!(ended.json()["code"], "session_ended");
    let nobody = Client::anonymous(&wall.base);
    sign_in(&nobody, "planner", PASSWORD).expect(401);
    sign_in(&nobody, "planner", "another horse battery").expect(200);
    assert!(!wall.said().contains("horse"), "no password in what the wall says: {}", wall.said());
}

#[test]
fn guessing_has_to_wait() {
    let data = DataDir::new();
    import_four(&data);
    add(&data, "planner", "planner");
    let wall = Served::start(&data);
    let nobody = Client::anonymous(&wall.base);
    for name in ["planner", "nobody-here"] {
        let answers: Vec<_> = (0..5).map(|_| sign_in(&nobody, name, "not the password")).collect();
        let codes: Vec<_> = answers.iter().map(|a| a.status).collect();
        assert_eq!(codes[..4], [401; 4], "{name}");
        assert_eq!(codes[4], 429, "{name}");
        assert!(answers[4].retry_after.as_ref().is_some_and(|s| s.parse::<u64>().is_ok_and(|s| s >= 1)), "{answers:?}");
        assert_eq!(answers[0].body, answers[1].body);
    }
}
