//! Import, locate, export and exit codes.

use crate::import_four;
use serde_json::Value;
use wall_tests::{DataDir, Ground};

fn number(report: &Value, key: &str) -> i64 {
    report[key].as_i64().unwrap_or_else(|| panic!("no number {key} in {report}"))
}

fn path(file: &std::path::Path) -> &str {
    file.to_str().unwrap()
}

const TICKETS: &str = "\
external_id,source,category,title,lon,lat,reported_at,due_at,closed_at
1,paper,drain,井盖松动,10.005,50.015,2024-03-01T08:00:00+01:00,2024-03-02T08:00:00+01:00,
2,paper,light,路灯不亮,10.015,50.015,2024-03-01T09:00:00+01:00,,2024-03-01T12:00:00+01:00
3,paper,light,,10.015,50.005,2024-03-01T10:00:00+01:00,,
4,paper,noise,out of every cell,11.0,51.0,2024-03-01T11:00:00+01:00,,
5,paper,noise,no place,,,2024-03-01T11:00:00+01:00,,
6,paper,noise,no time zone,10.005,50.005,2024-03-01 11:00,,
";

#[test]
fn cells_are_imported_once() {
    let data = DataDir::new();
    let first = import_four(&data);
    assert_eq!(number(&first, "read"), 4, "{first}");
    assert_eq!(number(&first, "imported"), 4, "{first}");
    assert_eq!(number(&first, "rejected"), 0, "{first}");
    assert_eq!(first["status"], "published", "{first}");
    assert_eq!(first["datum"]["used"], "wgs84", "{first}");
    assert!(number(&first["topology"], "shared_edges") >= 4, "{first}");
    assert_eq!(number(&first["topology"], "overlaps"), 0, "{first}");

    let second = import_four(&data);
    assert_eq!(number(&second, "imported") + number(&second, "updated"), 0, "a second import changes nothing: {second}");
    assert_eq!(number(&second, "rejected"), 0, "{second}");
}

#[test]
fn a_point_belongs_to_exactly_one_cell() {
    let data = DataDir::new();
    import_four(&data);
    // Interior of each cell, every shared edge, the node of all four, and outside: the lowest code has shared ground.
    let cases = [
        ("10.005,50.015", "A1"),
        ("10.015,50.015", "A2"),
        ("10.005,50.005", "B1"),
        ("10.015,50.005", "B2"),
        ("10.01,50.015", "A1"),
        ("10.01,50.005", "B1"),
        ("10.005,50.01", "A1"),
        ("10.015,50.01", "A2"),
        ("10.01,50.01", "A1"),
        ("10.03,50.01", ""),
        ("10.005,50.0200001", ""),
    ];
    let rows: String = cases.iter().enumerate().map(|(i, (point, _))| format!("{i},{point}\n")).collect();
    let points = data.file("points.csv", format!("name,lon,lat\n{rows}"));
    let out = data.run(["locate", path(&points)]).expect(0).stdout;
    let mut lines = out.lines();
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap_or_else(|| panic!("no column {name} in {head:?}"));
    let (code, edge) = (column("cell_code"), column("edge_m"));
    assert_eq!(&head[..3], ["name", "lon", "lat"], "the rows come back as they were");
    let found: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert_eq!(found.len(), cases.len());
    for ((point, expected), row) in cases.iter().zip(&found) {
        assert_eq!(row[code], *expected, "{point}: {row:?}");
    }
    // The middle is 0.005° from its edges: 357 m of longitude at 50° is nearer than 556 m of latitude.
    let metres: f64 = found[0][edge].parse().unwrap();
    assert!((metres - 358.0).abs() < 3.0, "edge_m {metres}");
    assert_eq!(found[4][edge].parse::<f64>().unwrap(), 0.0, "on the edge");

    // The same from standard input's brother, one point.
    let one = data.json(["locate", "--point", "10.015,50.005"]);
    assert!(one.to_string().contains("\"B2\""), "{one}");
}

#[test]
fn tickets_are_imported_once_and_refused_rows_are_kept() {
    let data = DataDir::new();
    import_four(&data);
    let file = data.file("tickets.csv", TICKETS);
    let first = data.json(["import", "tickets", path(&file)]);
    assert_eq!(number(&first, "read"), 6, "{first}");
    assert_eq!(number(&first, "created"), 4, "{first}");
    assert_eq!(number(&first, "rejected"), 2, "{first}");
    assert_eq!(number(&first, "outside_cells"), 1, "{first}");
    let rejects = std::fs::read_to_string(first["rejects_file"].as_str().unwrap()).unwrap();
    assert!(rejects.contains("5,paper,noise,no place") || rejects.contains("no place"), "the row as it came: {rejects}");
    assert!(rejects.contains("no time zone"), "{rejects}");

    let second = data.json(["import", "tickets", path(&file)]);
    assert_eq!(number(&second, "created") + number(&second, "updated"), 0, "{second}");
    assert_eq!(number(&second, "unchanged"), 4, "{second}");

    let changed = data.file("tickets.csv", TICKETS.replace("井盖松动", "井盖已修"));
    let third = data.json(["import", "tickets", path(&changed)]);
    assert_eq!((number(&third, "created"), number(&third, "updated"), number(&third, "unchanged")), (0, 1, 3), "{third}");
}

#[test]
fn rows_with_an_address_only_are_placed_by_it_or_counted_without_a_place() {
    let data = DataDir::new();
    import_four(&data);
    let buildings = data
        .file("buildings.csv", "id,name,lon,lat\nb1,Town Hall,10.005,50.015\nb2,Depot,10.015,50.015\nb3,Depot,10.015,50.005\n");
    data.json(["import", "buildings", path(&buildings)]);
    let text = "external_id,title,lon,lat,address\n\
        1,told,10.005,50.015,Depot\n\
        2,found,,,town hall\n\
        3,two of them,,,Depot\n\
        4,nowhere,,,\n\
        5,exchanged,50.015,110.005,Town Hall\n";
    let file = data.file("tickets.csv", text);
    let report = data.json(["import", "tickets", path(&file)]);
    for (key, expected) in [("created", 3), ("rejected", 2), ("located_by_address", 1), ("unplaced", 1), ("outside_cells", 0)] {
        assert_eq!(number(&report, key), expected, "{key}: {report}");
    }
    let issue = |code: &str| report["issues"].as_array().unwrap().iter().find(|i| i["code"] == code).unwrap().to_string();
    assert!(issue("coordinates_out_of_range").contains("its address was not looked up instead"), "{report}");
    assert!(issue("coordinates_missing").contains("there is no address"), "{report}");

    // A file without columns for coordinates.
    let file = data.file("addresses.csv", "external_id,address\n6,Town Hall\n7,Mill\n");
    let report = data.json(["import", "tickets", path(&file)]);
    assert_eq!((number(&report, "located_by_address"), number(&report, "unplaced")), (1, 1), "{report}");
    let exported = data.file("exported.csv", "");
    data.run(["export", "tickets", path(&exported)]).expect(0);
    let exported = std::fs::read_to_string(&exported).unwrap();
    assert!(exported.lines().any(|l| l.starts_with("7,received,,")), "{exported}");
}

#[test]
fn a_dry_run_and_a_strict_run_with_a_bad_row_write_nothing() {
    let data = DataDir::new();
    import_four(&data);
    let file = data.file("tickets.csv", TICKETS);
    let dry = data.json(["import", "tickets", path(&file), "--dry-run"]);
    assert_eq!(number(&dry, "read"), 6, "{dry}");
    data.run(["--json", "import", "tickets", path(&file), "--strict"]).expect(3);
    let real = data.json(["import", "tickets", path(&file)]);
    assert_eq!(number(&real, "created"), 4, "nothing was there before: {real}");
}

#[test]
fn different_tickets_of_one_key_are_refused_and_again_nothing_changes() {
    let data = DataDir::new();
    import_four(&data);
    let text = "external_id,title,lon,lat,reported_at,status\n\
        330106202605040000,a,10.005,50.015,2026-05-04T08:00:00+08:00,open\n\
        330106202605040000,b,10.015,50.015,2026-05-04T09:00:00+08:00,closed\n\
        K2,c,10.015,50.015,2026-05-04T09:00:00+08:00,In Process\n\
        K2,c,10.015,50.015,2026-05-04T09:00:00+08:00,In Process\n";
    let file = data.file("tickets.csv", text);
    data.run(["--json", "import", "tickets", path(&file), "--strict"]).expect(3);
    for (created, unchanged) in [(1, 1), (0, 2)] {
        let report = data.json(["import", "tickets", path(&file)]);
        let counts = ["created", "updated", "unchanged", "rejected"].map(|k| number(&report, k));
        assert_eq!(counts, [created, 0, unchanged, 2], "{report}");
        assert_eq!(number(&report["notes"], "duplicate_key"), 2, "{report}");
        assert_eq!(number(&report["unknown_status"], "In Process"), 2, "{report}");
        assert_eq!((&report["source"]["used"], &report["source"]["why"]), (&"import".into(), &"default".into()), "{report}");
    }
    // Another day's export of the same register is the same register.
    let tomorrow = data.file("tickets_2.csv", text);
    assert_eq!(number(&data.json(["import", "tickets", path(&tomorrow)]), "created"), 0);
    let refused = data.file("words.csv", "external_id,lon,lat,status\nK9,10.005,50.015,whatever\n");
    data.run(["--json", "import", "tickets", path(&refused), "--strict"]).expect(3);

    // From a pipe as from a file.
    let piped = data.run_with_input(["--json", "import", "tickets", "-"], text).expect(0).json();
    assert_eq!(number(&piped, "unchanged"), 2, "{piped}");
}

#[test]
fn a_camera_list_without_addresses_keeps_them() {
    let data = DataDir::new();
    let full = data.file("cameras.csv", "id,name,lon,lat,stream_url,state\nC1,东门,10.005,50.015,rtsp://x,online\n");
    let names = data.file("names.csv", "id,name,lon,lat\nC1,东门,10.005,50.015\n");
    assert_eq!(number(&data.json(["import", "cameras", path(&full)]), "created"), 1);
    assert_eq!(number(&data.json(["import", "cameras", path(&names)]), "unchanged"), 1);
    assert_eq!(number(&data.json(["import", "cameras", path(&full)]), "unchanged"), 1);
}

#[test]
fn whatever_goes_wrong_one_json_object_says_it() {
    let data = DataDir::new();
    import_four(&data);
    let nothing = data.file("nothing.csv", "id,name,lon,lat\n1,a,abc,50.015\n");
    let report = data.run(["--json", "import", "cameras", path(&nothing)]).expect(3).json();
    assert_eq!((number(&report, "read"), number(&report, "rejected")), (1, 1), "the report says why: {report}");
    let foreign = data.file("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on");
    let bytes = data.file("cameras.csv", b"id;name;lat;lon\nZ1;\x8aubi\xe8eva;50.015;10.005\n");
    for (args, code, word) in [
        (vec!["--json", "import", "cameras", path(&foreign)], 3, ".xls"),
        (vec!["--json", "import", "cameras", path(&bytes)], 3, "--encoding"),
        (vec!["--json", "import", "cameras", "/no/such/file.csv"], 3, "No such file"),
        (vec!["--json", "near", "10.005", "50.015", "--kind", "unicorn"], 2, "unicorn"),
        (vec!["--json", "frobnicate"], 2, "frobnicate"),
        (vec!["import", "cameras", "--json"], 2, "FILE"),
        (vec!["--json", "locate"], 2, "locate"),
        (vec!["--json", "near", "200", "50", "--kind", "camera"], 2, "degrees"),
    ] {
        let object = data.run(&args).expect(code).json();
        assert_eq!(object["error"]["exit"], code, "{args:?}: {object}");
        assert!(object["error"]["message"].as_str().unwrap().contains(word), "{args:?}: {object}");
    }
    let named = data.json(["import", "cameras", path(&bytes), "--encoding", "windows-1250"]);
    assert_eq!(number(&named, "created"), 1, "{named}");
    // Nothing printed twice where the report comes before the refusal.
    let near = data.json(["near", "10.005", "50.015", "--kind", "camera"]);
    assert_eq!(near["found"][0]["external_id"], "Z1", "{near}");
}

#[test]
fn owners_of_unknown_cells_are_issues_of_the_report() {
    let data = DataDir::new();
    import_four(&data);
    let owners = data.file("owners.csv", "cell_code,party\nA1,张某\nZZ,李某\nZZ,王某\n");
    let report = data.json(["import", "owners", path(&owners)]);
    assert_eq!(number(&report["notes"], "unknown_cell_code"), 1, "{report}");
    let issue = &report["issues"][0];
    assert_eq!((number(issue, "line"), issue["action"].as_str()), (3, Some("kept")), "{report}");
    assert_eq!((number(&report, "issues_total"), report["cut"].as_bool()), (1, Some(false)), "{report}");
}

#[test]
fn a_list_that_is_cut_says_so() {
    let data = DataDir::new();
    let rows: String = (0..150).map(|i| format!("C{i},10.0,50.0,pigeon\n")).collect();
    let file = data.file("cameras.csv", format!("id,lon,lat,state\n{rows}"));
    let report = data.json(["import", "cameras", path(&file)]);
    assert_eq!((number(&report, "issues_total"), report["cut"].as_bool()), (150, Some(true)));
    assert_eq!(report["issues"].as_array().unwrap().len(), 100);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let data = DataDir::new();
    import_four(&data);
    let rows: String = (0..50_000).map(|i| format!("{i},10.005,50.015\n")).collect();
    let points = data.file("points.csv", format!("id,lon,lat\n{rows}"));
    for args in [vec!["locate", path(&points)], vec!["--help"], vec!["stats"]] {
        let mut command = data.command();
        let mut child = command.args(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && !stderr.contains("pipe") && !stderr.contains("panic"), "{args:?}: {stderr}");
    }
}

#[test]
fn cells_that_share_a_code_are_lines_of_their_own() {
    let data = DataDir::new();
    let square = |x: f64, code: &str| {
        let (a, b) = (x, x + 0.01);
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[[[{a},50],[{b},50],[{b},50.01],[{a},50.01],[{a},50]]]}}}}"
        )
    };
    let cells = [square(10.0, "X"), square(10.01, "X"), square(10.02, "Y")].join(",");
    let file = data.file("cells.geojson", format!("{{\"type\":\"FeatureCollection\",\"features\":[{cells}]}}"));
    data.json(["import", "cells", path(&file), "--code-field", "code", "--publish"]);
    let tickets = data.file("t.csv", "external_id,lon,lat\n1,10.005,50.005\n2,10.015,50.005\n3,10.016,50.005\n");
    data.json(["import", "tickets", path(&tickets)]);
    let stats = data.json(["stats"]);
    let lines: Vec<(&str, i64)> =
        stats["lines"].as_array().unwrap().iter().map(|l| (l["key"].as_str().unwrap(), number(l, "total"))).collect();
    assert_eq!(lines, [("X", 1), ("X", 2), ("Y", 0)], "{stats}");
}

#[test]
fn exported_tickets_say_whether_they_were_on_time() {
    let data = DataDir::new();
    import_four(&data);
    let file = data.file("tickets.csv", TICKETS);
    data.json(["import", "tickets", path(&file)]);
    let out = data.file("out.csv", "");
    data.run(["export", "tickets", path(&out), "--as-of", "2024-03-03T00:00:00Z"]).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let mut lines = text.lines();
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap_or_else(|| panic!("no column {name} in {head:?}"));
    let mut rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    rows.sort();
    let got: Vec<_> = rows.iter().map(|r| (r[column("external_id")], r[column("cell_code")], r[column("on_time")])).collect();
    assert_eq!(got, [("1", "A1", "no"), ("2", "A2", ""), ("3", "B2", ""), ("4", "", "")], "late and open; no deadline; outside");
}

#[test]
fn cells_come_back_as_they_went_in() {
    let data = DataDir::new();
    import_four(&data);
    let out = data.file("cells.out.geojson", "");
    data.run(["export", "cells", path(&out)]).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    let back = data.file("back.geojson", &text);
    let other = DataDir::new();
    let report = other.json(["import", "cells", path(&back), "--code-field", "code", "--publish"]);
    assert_eq!(number(&report, "imported"), 4, "{report}");
    let ground = Ground::four();
    let features = serde_json::from_str::<Value>(&text).unwrap()["features"].as_array().unwrap().clone();
    let southwest = features.iter().find(|f| f["properties"]["code"] == ground.code(0, 1)).unwrap();
    let [west, south] = ground.corner(0, 1);
    let ring = southwest["geometry"]["coordinates"].to_string();
    assert!(ring.contains(&format!("{west}")) && ring.contains(&format!("{south}")), "corner to the digit: {ring}");
}

#[test]
fn cells_go_through_every_format_and_back() {
    let data = DataDir::new();
    import_four(&data);
    let reference = data.file("reference.geojson", "");
    data.run(["export", "cells", path(&reference)]).expect(0);
    let reference = std::fs::read_to_string(&reference).unwrap();
    for (ending, format) in [("gpkg", "GeoPackage"), ("zip", "Shapefile"), ("kml", "KML")] {
        let out = data.file(&format!("网格.{ending}"), "");
        let done = data.json(["export", "cells", path(&out)]);
        assert_eq!((number(&done, "written"), &done["notes"]), (4, &serde_json::json!([])), "{done}");
        let other = DataDir::new();
        let report = other.json(["import", "cells", path(&out), "--snap-m", "0", "--publish"]);
        assert_eq!((number(&report, "imported"), number(&report, "rejected")), (4, 0), "{report}");
        assert_eq!((report["format"].as_str(), report["datum"]["used"].as_str()), (Some(format), Some("wgs84")), "{report}");
        assert_eq!(report["encoding"]["used"], "utf-8", "{report}");
        let back = other.file("back.geojson", "");
        other.run(["export", "cells", path(&back)]).expect(0);
        assert_eq!(std::fs::read_to_string(&back).unwrap(), reference, "{ending}: geometry and properties to the digit");
        let again = other.json(["import", "cells", path(&out), "--snap-m", "0", "--publish"]);
        assert_eq!(number(&again, "imported"), 0, "the same cells: {again}");
    }
    data.run(["export", "cells", path(&data.file("x.shp", ""))]).expect(2);
    data.run(["export", "cells", path(&data.file("x.dxf", ""))]).expect(2);
    let layer = data.file("l.gpkg", "");
    data.run(["export", "cells", path(&layer)]).expect(0);
    data.run(["import", "cells", path(&layer), "--layer", "none"]).expect(3);
}

#[test]
fn exit_codes_say_what_happened() {
    let data = DataDir::new();
    data.run(["import", "cells"]).expect(2);
    data.run(["frobnicate"]).expect(2);
    let broken = data.file("broken.geojson", "{\"type\": \"FeatureCollection\", \"features\": [");
    data.run(["import", "cells", path(&broken), "--publish"]).expect(3);
    data.run(["import", "cells", "no-such-file.geojson"]).expect(3);
    data.run(["import", "tickets", path(&data.file("empty.csv", ""))]).expect(3);

    // A file where the data directory should be: the store cannot be used.
    let blocked = DataDir::new();
    blocked.file("data", "not a folder");
    blocked.run(["stats"]).expect(4);
}

#[test]
fn every_change_from_the_command_line_is_in_the_audit_chain() {
    let data = DataDir::new();
    import_four(&data);
    data.json(["import", "tickets", path(&data.file("tickets.csv", TICKETS))]);
    data.token("feed");
    data.run(["audit", "verify"]).expect(0);
    let out = data.file("audit.out", "");
    let shown = data.run(["audit", "export", path(&out)]);
    let text = std::fs::read_to_string(&out).unwrap() + &shown.stdout;
    for word in ["cells", "tickets", "token"] {
        assert!(text.contains(word), "{word} in the audit: {text}");
    }
}

#[test]
fn what_was_imported_before_changes_nothing_whatever_came_between() {
    let data = DataDir::new();
    import_four(&data);
    let row = |status: &str, closed: &str| format!("A1,路灯不亮,10.005,50.015,2026-03-01T08:00:00+08:00,{status},{closed}\n");
    let head = "external_id,title,lon,lat,reported_at,status,closed_at\n";
    let days = [("dispatched", ""), ("in_progress", ""), ("closed", "2026-03-02T08:00:00+08:00")];
    let files: Vec<_> =
        days.iter().enumerate().map(|(i, (s, c))| data.file(&format!("d{i}.csv"), head.to_owned() + &row(s, c))).collect();
    let import = |file: &std::path::Path| data.json(["import", "tickets", path(file)]);
    for (file, count) in files.iter().zip(["created", "updated", "updated"]) {
        let report = import(file);
        assert_eq!((number(&report, count), &report["imported_before"]), (1, &Value::Null), "{report}");
    }
    let out = data.path().join("out.csv");
    let exported = || {
        data.run(["export", "tickets", path(&out)]).expect(0);
        std::fs::read_to_string(&out).unwrap()
    };
    let after = exported();
    assert!(after.contains("closed"), "{after}");
    for file in files.iter().chain(&files) {
        let report = import(file);
        assert_eq!((number(&report, "updated"), number(&report, "unchanged")), (0, 1), "{report}");
        assert!(report["imported_before"].is_string(), "{report}");
        assert_eq!(exported(), after, "{file:?}");
    }
    // A file that says more is no old one, though one of its rows was there before.
    let more = data.file(
        "more.csv",
        head.to_owned() + &row("dispatched", "") + "A2,井盖,10.005,50.015,2026-03-03T08:00:00+08:00,received,\n",
    );
    let report = import(&more);
    assert_eq!((number(&report, "created"), &report["imported_before"]), (1, &Value::Null), "{report}");
}
