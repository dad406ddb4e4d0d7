//! A store as the first edition left it: this edition keeps it as it was, brings it up, and answers as that one did, except
//! where that was wrong.

use serde_json::{Map, Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::{Path, PathBuf};
use wall_tests::{Client, DataDir, Served};

const NOW: [&str; 4] = ["--now", "2026-03-12T00:00:00Z", "--zone", "Asia/Shanghai"];
/// Tickets of the store.
pub(crate) const TICKETS: u64 = 24;

fn expected(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected/first-edition");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Lays the store down.
pub(crate) fn lay_down(data: &DataDir) {
    std::fs::create_dir_all(data.path()).unwrap();
    let hex = expected("keys.hex");
    let keys: Vec<u8> = (0..hex.trim().len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
    std::fs::write(data.path().join("keys"), keys).unwrap();
    std::fs::write(data.path().join("audit.anchor"), expected("audit.anchor")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Tables stand in the order of their names, so references are looked at afterwards only.
        let options =
            SqliteConnectOptions::new().filename(data.path().join("gridwall.db")).create_if_missing(true).foreign_keys(false);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(expected("store.sql"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn backups(data: &DataDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.path().join("backups")).into_iter().flatten();
    let mut all: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "db")).collect();
    all.sort();
    all
}

/// Everything is well; of the interface, which tests go without, and of retention, which asks when it was last done, nothing is said.
fn is_well(data: &DataDir) {
    let report = data.run(["--json", "doctor", "--fix"]).json();
    let checks = report["checks"].as_array().unwrap();
    let ill: Vec<&Value> =
        checks.iter().filter(|c| c["ok"] == false && c["check"] != "interface" && c["check"] != "retention").collect();
    assert!(ill.is_empty(), "{ill:?}");
    assert_eq!(report["tickets"], TICKETS);
    assert_eq!(data.json(["audit", "verify"])["whole"], true);
}

/// What is compared of the answers at a time: figures, counts of areas, statistics, the state of every ticket, owners.
fn answers(client: &Client, at: &str) -> Value {
    let ask = |path: &str| {
        let joint = if path.contains('?') { '&' } else { '?' };
        client.get(&format!("/api/v1/{path}{joint}as_of={at}"))
    };
    let keyed = |list: &Value, key: &str, fields: &[&str]| -> Value {
        let row = |v: &Value| Value::Array(fields.iter().map(|f| v[*f].clone()).collect());
        Value::Object(list.as_array().unwrap().iter().map(|v| (v[key].as_str().unwrap().to_owned(), row(v))).collect())
    };
    let snapshot = ask("snapshot").json();
    let stats = |by: &str| {
        let lines = ask(&format!("stats?by={by}")).json()["lines"].clone();
        keyed(&lines, "key", &["open", "overdue", "received_today", "closed_today", "total", "on_time", "due"])
    };
    let mut tickets = Map::new();
    for id in 1..=TICKETS {
        let card = ask(&format!("ticket-card?id={id}"));
        if card.status == 200 {
            let t = card.json()["ticket"].clone();
            let line = ["status", "open", "overdue", "cell_code", "closed_ms"].map(|f| t[f].clone());
            tickets.insert(t["external_id"].as_str().unwrap().to_owned(), json!(line));
        }
    }
    let mut areas = Map::new();
    for key in 1..=3 {
        let card = ask(&format!("area-card?level=cell&key={key}"));
        if card.status == 200 {
            let owners: Vec<Value> =
                card.json()["owners"].as_array().unwrap().iter().map(|o| json!([o["name"], o["role"]])).collect();
            areas.insert(key.to_string(), json!(owners));
        }
    }
    json!({
        "figures": keyed(&snapshot["figures"], "key", &["value", "numerator", "denominator", "yesterday"]),
        "areas": keyed(&snapshot["areas"], "key", &["open", "overdue", "received_today", "closed_today"]),
        "stats": { "cell": stats("cell"), "category": stats("category"), "owner": stats("owner") },
        "tickets": tickets,
        "area_cards": areas,
    })
}

/// Every value of `new` that is not as in `old`: `/path old → new`.
fn differences(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                differences(&format!("{path}/{key}"), a, b, found);
            }
        }
        _ if old != new => found.push(format!("{path} {old} → {new}")),
        _ => {}
    }
}

fn compare(data: &DataDir) -> Vec<String> {
    let wall = Served::start_with(data, &NOW);
    let old: Value = serde_json::from_str(&expected("answers.json")).unwrap();
    let client = wall.client(old["token"].as_str().unwrap());
    let mut found = Vec::new();
    for (at, old) in old["at"].as_object().unwrap() {
        differences(at, old, &answers(&client, at), &mut found);
    }
    assert_eq!(wall.end(), Some(0));
    found
}

#[test]
fn a_store_of_the_first_edition_is_kept_brought_up_and_answers_as_it_did() {
    let data = DataDir::new();
    lay_down(&data);
    let revision = |data: &DataDir| data.run(["--json", "doctor"]).json()["revision"].clone();
    // The token of then is listed, and what it may.
    let token = data.json(["token", "list"])["tokens"][0].clone();
    assert_eq!((&token["name"], &token["sources"]), (&json!("hotline"), &Value::Null));
    let kept = backups(&data);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].ends_with("before-migration-0012.db"), "{kept:?}");
    is_well(&data);
    let first = revision(&data);
    let differs = compare(&data);
    assert_eq!(differs, INTENDED, "{differs:#?}");
    // A second opening changes nothing.
    assert_eq!((revision(&data), backups(&data)), (first, kept.clone()));
    assert_eq!(compare(&data), INTENDED);
    // The token goes on writing any source.
    let old: Value = serde_json::from_str(&expected("answers.json")).unwrap();
    let wall = Served::start(&data);
    let row = json!({ "external_id": "new", "source": "patrol", "category": "drain", "lon": 120.005, "lat": 30.005 });
    let taken = wall.client(old["token"].as_str().unwrap()).post("/api/v1/tickets", "application/json", &row.to_string());
    assert_eq!(taken.json()["status"], "created", "{taken:?}");
    assert_eq!(wall.end(), Some(0));
    // What was kept is the store of then: put back, it is brought up again.
    let again = DataDir::new();
    std::fs::create_dir_all(again.path()).unwrap();
    let keys = data.path().join("keys");
    again.run(["restore".as_ref(), kept[0].as_os_str(), "--keys".as_ref(), keys.as_os_str()]).expect(0);
    is_well(&again);
}

/// Where this edition answers otherwise, and why.
const INTENDED: &[&str] = &[
    // No comparison where there is no history.
    r#"2026-03-02T04:00:00Z/figures/closed_today [0.0,null,null,0.0] → [0.0,null,null,null]"#,
    r#"2026-03-02T04:00:00Z/figures/received_today [1.0,null,null,1.0] → [1.0,null,null,null]"#,
    // A closing that was corrected later had not happened yet.
    r#"2026-03-04T12:00:00Z/tickets/T-05 ["closed",true,false,"G02",null] → ["received",true,false,"G02",null]"#,
    // T-06 was suspended before it was late, and taken up again afterwards: at that time its clock stood still. And T-21 has a deadline
    // before its report: none, as in the figures.
    r#"2026-03-08T15:00:00Z/areas/002 [8,3,3,2] → [8,2,3,2]"#,
    r#"2026-03-08T15:00:00Z/areas/3 [8,3,3,2] → [8,2,3,2]"#,
    r#"2026-03-08T15:00:00Z/figures/on_time [0.0,0,10,0.0] → [0.0,0,9,0.0]"#,
    r#"2026-03-08T15:00:00Z/figures/overdue [8.0,null,null,7.0] → [7.0,null,null,6.0]"#,
    r#"2026-03-08T15:00:00Z/stats/category/noise [6,4,2,2,8,0,5] → [6,3,2,2,8,0,3]"#,
    r#"2026-03-08T15:00:00Z/stats/cell/G03 [8,3,3,2,11,0,4] → [8,2,3,2,11,0,2]"#,
    r#"2026-03-08T15:00:00Z/stats/owner/城管中队 [8,3,3,2,11,0,4] → [8,2,3,2,11,0,2]"#,
    r#"2026-03-08T15:00:00Z/tickets/T-06 ["suspended",true,true,"G03",null] → ["suspended",true,false,"G03",null]"#,
    // T-14 and T-22 were suspended before they were late (and T-21, as above).
    r#"2026-03-12T00:00:00Z/areas/002 [5,4,0,0] → [5,2,0,0]"#,
    r#"2026-03-12T00:00:00Z/areas/3 [5,4,0,0] → [5,2,0,0]"#,
    r#"2026-03-12T00:00:00Z/figures/on_time [0.058823529411764705,1,17,0.0625] → [0.06666666666666667,1,15,0.06666666666666667]"#,
    r#"2026-03-12T00:00:00Z/figures/overdue [12.0,null,null,11.0] → [10.0,null,null,10.0]"#,
    r#"2026-03-12T00:00:00Z/stats/category/drain [11,9,0,0,16,1,12] → [11,7,0,0,16,1,10]"#,
    r#"2026-03-12T00:00:00Z/stats/category/noise [3,3,0,0,8,0,6] → [3,3,0,0,8,0,5]"#,
    r#"2026-03-12T00:00:00Z/stats/cell/G03 [5,4,0,0,11,0,7] → [5,2,0,0,11,0,4]"#,
    r#"2026-03-12T00:00:00Z/stats/owner/城管中队 [5,4,0,0,11,0,7] → [5,2,0,0,11,0,4]"#,
    r#"2026-03-12T00:00:00Z/tickets/T-14 ["suspended",true,true,"G03",null] → ["suspended",true,false,"G03",null]"#,
    r#"2026-03-12T00:00:00Z/tickets/T-22 ["suspended",true,true,"G03",null] → ["suspended",true,false,"G03",null]"#,
];
