//! Files of cells that somebody has to look at, and files that attack their reader.

use crate::import_four;
use serde_json::{Value, json};
use std::process::Stdio;
use wall_tests::{DataDir, Ground, Served, until};

/// Three features, of which one cannot be read.
fn partly_readable(data: &DataDir) -> std::path::PathBuf {
    let whole: Value = serde_json::from_str(&Ground::four().geojson()).unwrap();
    let mut features = whole["features"].as_array().unwrap().clone();
    features.truncate(3);
    features[1]["geometry"]["coordinates"] = json!([[[1, "a"], [2, 3]]]);
    data.file("part.geojson", json!({ "type": "FeatureCollection", "features": features }).to_string())
}

#[test]
fn a_file_read_in_part_is_published_only_when_that_is_acknowledged() {
    let data = DataDir::new();
    import_four(&data);
    let part = partly_readable(&data);
    let import = |more: &[&str]| {
        let fixed = ["--json", "import", "cells", part.to_str().unwrap(), "--code-field", "code", "--publish"];
        data.run(fixed.iter().chain(more))
    };
    let refused = import(&[]).expect(3);
    let report = refused.json();
    assert_eq!(
        (&report["blocking"], &report["status"], &report["imported"]),
        (&json!(["bad_coordinates"]), &json!("not published"), &json!(0))
    );
    assert!(refused.stderr.contains("--acknowledge bad_coordinates"), "{}", refused.stderr);
    assert_eq!(data.json(["stats", "--by", "cell"])["rows"].as_array().map_or(4, Vec::len), 4, "the plan in force is untouched");
    // Another code does not help; one that does not exist is a mistake.
    import(&["--acknowledge", "truncated"]).expect(3);
    assert!(import(&["--acknowledge", "nonsense"]).expect(2).stderr.contains("bad_coordinates"));
    let done = import(&["--acknowledge", "truncated,bad_coordinates"]).expect(0).json();
    assert_eq!(
        (&done["status"], &done["blocking"], &done["acknowledged"]),
        (&json!("published"), &json!([]), &json!(["bad_coordinates"]))
    );
    // Without publishing nothing needs to be acknowledged.
    let draft = data.json(["import", "cells", part.to_str().unwrap(), "--code-field", "name", "--plan", "draft"]);
    assert_eq!((&draft["status"], &draft["blocking"]), (&json!("draft"), &json!(["bad_coordinates"])));
    // Nothing usable in the whole file is 3, with the report, also where nothing would be written.
    let none =
        data.file("none.geojson", r#"{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[]]}}"#);
    for more in [&["--dry-run"][..], &[]] {
        let all = ["--json", "import", "cells", none.to_str().unwrap()].into_iter().chain(more.iter().copied());
        assert_eq!(data.run(all).expect(3).json()["rejected"], 1);
    }
    // A file that is refused whole: the cause has a name.
    let packed = data.file("cells.rar", b"Rar!\x1a\x07\x01\0");
    let refused = data.run(["--json", "import", "cells", packed.to_str().unwrap()]).expect(3);
    assert_eq!(refused.json()["error"]["code"], "format_not_supported");
    assert!(refused.stderr.contains(".rar") && refused.stderr.contains(".zip"), "{}", refused.stderr);
}

/// A text whose parts take far more room than its bytes: properties of one letter, by the ten million.
fn greedy() -> String {
    let feature = format!(
        r#"{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}},"properties":{{{}"b":1}}}}"#,
        "\"a\":1,".repeat(90_000)
    );
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, vec![feature; 160].join(","))
}

#[test]
fn a_file_that_wants_all_memory_is_refused_and_the_wall_goes_on() {
    let data = DataDir::new();
    import_four(&data);
    let text = greedy();
    let file = data.file("greedy.geojson", &text);
    let refused = data.run(["import", "cells", file.to_str().unwrap()]).expect(3);
    assert!(refused.stderr.contains("512 MiB"), "{}", refused.stderr);
    let token =
        data.json(["token", "create", "planner", "--role", "planner", "--unlimited"])["token"].as_str().unwrap().to_owned();
    let wall = Served::start(&data);
    let client = wall.client(&token);
    let answer = client.post("/api/v1/plans/import?network=general&name=greedy", "application/octet-stream", &text).expect(400);
    assert!(answer.body.contains("512 MiB"), "{answer:?}");
    let sound =
        client.post("/api/v1/plans/import?network=general&name=sound", "application/octet-stream", &Ground::four().geojson());
    assert_eq!(sound.expect(200).json()["report"]["imported"], 4);
}

/// The processes that read for a parent, by what the system says of them.
#[cfg(target_os = "linux")]
fn readers_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut words = after.split_whitespace();
        (words.next() != Some("Z")) && words.next() == Some(parent.to_string().as_str())
    };
    ids.filter(child).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn an_import_that_is_ended_leaves_no_reader_behind() {
    let data = DataDir::new();
    // Work for a while: rings that cross themselves at many places.
    let ring: Vec<String> = (0..6_000)
        .map(|i| format!("[{},{}]", 10.0 + f64::from(i * 7919 % 6_007) * 1e-5, 50.0 + f64::from(i * 104_729 % 6_011) * 1e-5))
        .collect();
    let feature = format!(
        r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[{},{}]]}}}}"#,
        ring.join(","),
        ring[0]
    );
    let file =
        data.file("slow.geojson", format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, vec![feature; 40].join(",")));
    let mut import =
        data.command().args(["import", "cells"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let readers = until("a reader", || Some(readers_of(import.id())).filter(|r| !r.is_empty()));
    let told = std::process::Command::new("kill").arg(import.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(!import.wait().unwrap().success());
    until("the reader to end", || readers.iter().all(|id| !std::path::Path::new(&format!("/proc/{id}")).exists()).then_some(()));
}
