//! Every number opens its members: a list is as long as the number that it stands behind, for every role, page by page.

use super::plans::{admin, at, code, ready, ticket, world_has_open};
use super::{Room, get};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wall_core::{Severity, StaffRecord, TicketRecord, TicketStatus, UtcMs};
use wall_store::Role;

const HOUR_MS: i64 = 3_600_000;

/// Tickets of every kind over the nine cells and outside: open and closed, late, nearly late, on time, without a clock.
fn many(now: i64) -> Vec<TicketRecord> {
    (0..240i64)
        .map(|i| {
            // A fixed sequence without a pattern between its parts.
            let part = |k: i64, n: i64| (i * 7_919 + k * 104_729).rem_euclid(1_000_003) % n;
            let closed = part(1, 3) == 0;
            let mut t = ticket(&format!("n{i}"), part(2, 34) as f64 / 10.0, part(3, 30) as f64 / 10.0, closed);
            let reported = now - part(4, 60 * 24) * HOUR_MS - 1;
            t.reported_at = Some(UtcMs(reported));
            t.due_at = (part(5, 4) > 0).then(|| UtcMs(reported + (part(6, 50 * 24) - 24) * HOUR_MS));
            t.closed_at = closed.then(|| UtcMs(now.min(reported + part(7, 40 * 24) * HOUR_MS)));
            t.severity = Severity::new(1 + part(8, 4) as u8);
            t.category = ["drain", "noise", "stall"][part(9, 3) as usize].into();
            t.status = Some(match (closed, part(10, 3)) {
                (true, _) => TicketStatus::Closed,
                (false, 0) => TicketStatus::Received,
                (false, 1) => TicketStatus::Dispatched,
                (false, _) => TicketStatus::InProgress,
            });
            t.sensitive = Some(part(11, 5) == 0);
            t
        })
        .collect()
}

async fn filled() -> (Room, i64, String) {
    let (room, _) = ready().await;
    let now = jiff::Timestamp::now().as_millisecond();
    let tickets = many(now);
    let open = tickets.iter().filter(|t| t.closed_at.is_none()).count();
    room.wall.import_tickets(&admin(), &tickets).await.unwrap();
    world_has_open(&room, 2.0 + open as f64).await;
    let operator = room.token("operator", Role::Operator, true).await;
    (room, now, operator)
}

async fn list(room: &Room, token: &str, question: &str) -> Value {
    let answer = room.get(token, &format!("/api/v1/ticket-list?{question}")).await;
    assert_eq!(answer.status.as_u16(), 200, "{question}: {}", answer.text());
    answer.json()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| value.as_f64().unwrap() as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_as_long_as_its_list() {
    let (room, now, token) = filled().await;
    for hours_ago in [0, 30, 200] {
        let at = UtcMs(now - hours_ago * HOUR_MS).to_rfc3339();
        let total = async |question: &str| count(&list(&room, &token, &format!("{question}&limit=1&as_of={at}")).await["total"]);
        let snapshot = room.get(&token, &format!("/api/v1/snapshot?as_of={at}")).await.json();
        for figure in snapshot["figures"].as_array().unwrap() {
            let set = match figure["key"].as_str().unwrap() {
                "received_today" => "received",
                "closed_today" => "closed",
                "on_time" => {
                    assert_eq!(total("set=due").await, count(&figure["denominator"]));
                    assert_eq!(total("set=on_time").await, count(&figure["numerator"]));
                    assert_eq!(total("set=missed").await, count(&figure["denominator"]) - count(&figure["numerator"]));
                    continue;
                }
                key => key,
            };
            assert_eq!(total(&format!("set={set}")).await, count(&figure["value"]), "{figure}");
        }
        let areas = snapshot["areas"].as_array().unwrap();
        let cells = room.get(&token, &format!("/api/v1/areas?level=cell&as_of={at}")).await.json();
        for feature in cells["features"].as_array().unwrap() {
            let key = feature["properties"]["key"].as_str().unwrap();
            let stat = areas.iter().find(|a| a["key"] == key).unwrap();
            for (set, field) in
                [("open", "open"), ("overdue", "overdue"), ("received", "received_today"), ("closed", "closed_today")]
            {
                assert_eq!(total(&format!("set={set}&area=cell:{key}")).await, count(&stat[field]), "{set} of {key}");
            }
            let card = room.get(&token, &format!("/api/v1/area-card?level=cell&key={key}&as_of={at}")).await.json();
            for line in card["categories"].as_array().unwrap() {
                let code = line["code"].as_str().unwrap();
                if !code.is_empty() {
                    let open = total(&format!("set=open&area=cell:{key}&category={code}")).await;
                    assert_eq!(open, count(&line["open"]), "{code} in {key}");
                }
            }
        }
        let inside: u64 = areas.iter().filter(|a| a["key"].as_str().unwrap().len() < 9).map(|a| count(&a["open"])).sum();
        assert_eq!(total("set=open&area=outside").await + inside, total("set=open").await);
        assert!(total("set=open&area=outside").await > 0);
        assert_eq!(total("set=late").await, total("set=overdue").await + total("set=near_due").await);
    }
    // Bars of the histogram, live: a period is half-open, as the bars are.
    let (from, to) = (now - 240 * HOUR_MS, now + HOUR_MS);
    let span = format!("from={}&to={}", UtcMs(from).to_rfc3339(), UtcMs(to).to_rfc3339());
    let histogram = room.get(&token, &format!("/api/v1/histogram?{span}&buckets=12")).await.json();
    let step = histogram["bucket_s"].as_i64().unwrap() * 1000;
    for i in 0..12 {
        let (a, b) = (UtcMs(from + i * step).to_rfc3339(), UtcMs(from + (i + 1) * step).to_rfc3339());
        for set in ["received", "closed"] {
            let members = list(&room, &token, &format!("set={set}&from={a}&to={b}")).await;
            assert_eq!(members["total"], histogram[set][i as usize], "{set} of bar {i}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lateness_list_comes_page_by_page_longest_overdue_first() {
    let (room, now, token) = filled().await;
    let at = UtcMs(now).to_rfc3339();
    let whole = list(&room, &token, &format!("set=late&near_h=240&limit=500&as_of={at}")).await;
    let lines = whole["lines"].as_array().unwrap();
    assert_eq!(
        (count(&whole["total"]), &whole["cursor"], count(&whole["near_s"])),
        (lines.len() as u64, &Value::Null, 240 * 3600)
    );
    assert!(count(&whole["overdue"]) > 0 && count(&whole["near_due"]) > 0, "both kinds are there");
    let dues: Vec<i64> = lines.iter().map(|l| l["ticket"]["due_ms"].as_i64().unwrap()).collect();
    assert!(dues.is_sorted() && dues.iter().all(|d| *d <= now + 240 * HOUR_MS));
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&room, &token, &format!("set=late&near_h=240&limit=7&as_of={at}&cursor={cursor}")).await;
        assert_eq!(page["total"], whole["total"], "every page says how many there are");
        paged.extend(page["lines"].as_array().unwrap().iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = next.into(),
            None => break,
        }
    }
    assert_eq!(&paged, lines, "the pages are the list");
    // By owner: the groups are the list, and each opens.
    let owners = whole["owners"].as_array().unwrap();
    assert_eq!(owners.iter().map(|o| count(&o["total"])).sum::<u64>(), count(&whole["total"]));
    for owner in owners {
        let name = owner["owner"].as_str().unwrap();
        let asked = if name.is_empty() { "unowned=1".into() } else { format!("owner={name}") };
        let theirs = list(&room, &token, &format!("set=late&near_h=240&as_of={at}&{asked}")).await;
        assert_eq!((&theirs["total"], &theirs["overdue"]), (&owner["total"], &owner["overdue"]), "{name}");
        assert!(theirs["lines"].as_array().unwrap().iter().all(|l| l["owner"] == name));
        assert_eq!(theirs["owners"], whole["owners"], "the groups stay while one is open");
    }
    // Alarms: those that the lines themselves say.
    let open = list(&room, &token, &format!("set=open&limit=500&as_of={at}")).await;
    for alarm in ["red", "orange", "yellow"] {
        let alarms = list(&room, &token, &format!("set=alarm&alarm={alarm}&as_of={at}")).await;
        let said = open["lines"].as_array().unwrap().iter().filter(|l| l["ticket"]["alarm"] == alarm).count();
        assert_eq!(count(&alarms["total"]), said as u64, "{alarm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_a_viewer_no_place() {
    let (room, now, token) = filled().await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    let at = UtcMs(now).to_rfc3339();
    let spots = |answer: &Value| -> BTreeSet<String> {
        answer["features"].as_array().unwrap().iter().map(|f| f["geometry"]["coordinates"].to_string()).collect()
    };
    let late = list(&room, &viewer, &format!("set=overdue&limit=500&as_of={at}")).await;
    let labels: BTreeSet<String> = late["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| !l["ticket"]["lon"].is_null())
        .map(|l| json!([l["ticket"]["lon"], l["ticket"]["lat"]]).to_string())
        .collect();
    assert!(labels.len() <= 9, "one place a cell");
    let seen = room.get(&viewer, &format!("/api/v1/late-points?as_of={at}")).await.json();
    assert_eq!(spots(&seen), labels);
    let exact = room.get(&token, &format!("/api/v1/late-points?as_of={at}")).await.json();
    assert!(spots(&exact).len() > 9);
    assert_eq!((&exact["total"], &seen["total"]), (&late["total"], &late["total"]));
    let few = room.get(&token, &format!("/api/v1/late-points?limit=3&as_of={at}")).await.json();
    assert_eq!((few["features"].as_array().unwrap().len(), &few["total"]), (3, &late["total"]));
    let longest = few["features"][0]["properties"]["late_s"].as_i64().unwrap();
    assert_eq!(longest, (now - late["lines"][0]["ticket"]["due_ms"].as_i64().unwrap()) / 1000, "the longest overdue first");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_an_area_or_a_place_is() {
    let (room, _) = ready().await;
    let viewer = room.token("viewer", Role::Viewer, true).await;
    let whose = async |of: &str| room.get(&viewer, &format!("/api/v1/whose?{of}")).await.json();
    let [lon, lat] = at(1.5, 0.5);
    let second = whose(&format!("lon={lon}&lat={lat}")).await;
    assert_eq!((&second["area"]["name"], &second["level"]), (&json!("第2网格"), &json!("cell")));
    assert_eq!(second["people"][0]["owner"]["name"], "网格长1");
    let same = whose(&format!("area=cell:{}", second["area"]["key"].as_str().unwrap())).await;
    assert_eq!(same["people"], second["people"]);
    // The last of the nine has nobody, and the community says how many have not.
    let [lon, lat] = at(2.5, 2.5);
    let last = whose(&format!("lon={lon}&lat={lat}")).await;
    assert_eq!((&last["people"], &last["unowned"], &last["cells"]), (&json!([]), &json!(1), &json!(1)));
    let community = whose("area=community:990101001001").await;
    assert_eq!((&community["cells"], &community["unowned"], &community["people_count"]), (&json!(9), &json!(1), &json!(8)));
    let outside = whose("lon=0&lat=0").await;
    assert_eq!((&outside["area"], &outside["people"]), (&Value::Null, &json!([])));
    for (bad, status) in [("", 400), ("lon=1", 400), ("area=outside", 400), ("area=cell:77", 404)] {
        assert_eq!(room.get(&viewer, &format!("/api/v1/whose?{bad}")).await.status.as_u16(), status, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_periods_side_by_side_open_their_lists() {
    let (room, now, token) = filled().await;
    let at = UtcMs(now).to_rfc3339();
    let free = format!("{}/{}", UtcMs(now - 500 * HOUR_MS).to_rfc3339(), UtcMs(now - 100 * HOUR_MS).to_rfc3339());
    for (a, b, level) in [("week-1", "week-2", "cell"), ("month", "month-1-so-far", "community"), ("day-1", &*free, "cell")] {
        let answer = room.get(&token, &format!("/api/v1/compare?a={a}&b={b}&level={level}&as_of={at}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        let answer = answer.json();
        for side in ["a", "b"] {
            let time = |name: &str| UtcMs(answer[side][name].as_i64().unwrap()).to_rfc3339();
            let period = format!("from={}&to={}&limit=1&as_of={at}", time("from_ms"), time("to_ms"));
            for set in ["received", "closed", "due", "on_time"] {
                let total = count(&answer[format!("total_{side}")][set]);
                assert_eq!(total, count(&list(&room, &token, &format!("set={set}&{period}")).await["total"]), "{set} of {a} {b}");
                let areas = answer["areas"].as_array().unwrap();
                let parts: u64 = areas.iter().map(|x| count(&x[side][set])).sum();
                assert_eq!(parts + count(&answer[format!("elsewhere_{side}")][set]), total);
                for area in areas {
                    let members = format!("set={set}&area={level}:{}&{period}", area["key"].as_str().unwrap());
                    assert_eq!(count(&area[side][set]), count(&list(&room, &token, &members).await["total"]), "{members}");
                }
            }
        }
        assert_eq!((&answer["least_sample"], answer["at_ms"].as_i64()), (&json!(5), Some(now)));
    }
    // Before the first record there is nothing to hold anything against, and the answer says so.
    let answer = room.get(&token, &format!("/api/v1/compare?a=month&b=month-30&as_of={at}")).await.json();
    assert_eq!((&answer["b"]["recorded"], &answer["b"]["complete"]), (&json!(false), &json!(true)));
    assert_eq!(answer["a"]["recorded"], json!(true));
    for bad in
        ["", "a=week", "a=week&b=year", "a=week&b=week-1&level=planet", "a=week&b=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"]
    {
        assert_eq!(room.get(&token, &format!("/api/v1/compare?{bad}")).await.status.as_u16(), 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_cells_and_tasks() {
    let (room, now, token) = filled().await;
    let person = StaffRecord {
        external_id: "p1".into(),
        name: "网格长1".into(),
        role: "full_time".into(),
        unit: String::new(),
        cell_codes: vec![code(1), code(2)],
        phone: "13800000000".into(),
        shifts: String::new(),
        absent: Default::default(),
    };
    room.wall.import_things(&admin(), &[person]).await.unwrap();
    let at = UtcMs(now).to_rfc3339();
    let ask = async || {
        let answer = room.get(&token, &format!("/api/v1/staff-card?id=1&as_of={at}")).await;
        (answer.status.as_u16() == 200).then(|| (answer.json(), answer.text()))
    };
    let (card, text) = room.until("the person", ask).await;
    assert_eq!((&card["staff"]["name"], &card["here"]), (&json!("网格长1"), &Value::Null));
    assert!(!text.contains("138000"), "no phone");
    let cells = card["cells"].as_array().unwrap();
    assert_eq!(cells.iter().map(|c| c["role"].as_str().unwrap()).collect::<Vec<_>>(), ["leader", ""]);
    for cell in cells {
        let of = format!("area=cell:{}&as_of={at}", cell["area"]["key"].as_str().unwrap());
        assert_eq!(list(&room, &token, &format!("set=open&{of}")).await["total"], cell["open"]);
        assert_eq!(list(&room, &token, &format!("set=overdue&{of}")).await["total"], cell["overdue"]);
    }
    let tasks = card["tickets"].as_array().unwrap();
    assert!(!tasks.is_empty() && tasks.len() <= 8);
    let theirs = [code(1), code(2)];
    assert!(tasks.iter().all(|t| t["open"] == true && theirs.contains(&t["cell_code"].as_str().unwrap().to_owned())));
    assert_eq!(room.get(&token, "/api/v1/staff-card?id=99").await.status.as_u16(), 404);
}

#[tokio::test]
async fn bad_questions_for_lists_are_refused_with_words() {
    let room = Room::local().await;
    for path in [
        "ticket-list",
        "ticket-list?set=some",
        "ticket-list?set=open&order=best",
        "ticket-list?set=open&area=planet:1",
        "ticket-list?set=open&area=7",
        "ticket-list?set=open&cursor=7",
        "ticket-list?set=open&cursor=1.2.x",
        "ticket-list?set=open&limit=0",
        "ticket-list?set=open&limit=501",
        "ticket-list?set=late&near_h=0",
        "ticket-list?set=late&near_h=NaN",
        "ticket-list?set=alarm&alarm=pink",
        "ticket-list?set=open&owner=a&unowned=1",
        "ticket-list?set=received&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "ticket-list?set=received&from=yesterday",
        "late-points?limit=0",
    ] {
        let answer = room.ask(get(&format!("/api/v1/{path}"))).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid"), "{path}");
    }
    assert_eq!(room.ask(get("/api/v1/ticket-list?set=open&area=cell:77")).await.status.as_u16(), 404);
    // Empty is an answer, with its time.
    let nothing = room.ask(get("/api/v1/ticket-list?set=late")).await.json();
    assert_eq!((&nothing["lines"], &nothing["total"], &nothing["cursor"]), (&json!([]), &json!(0), &Value::Null));
    assert!(nothing["at_ms"].as_i64().unwrap() > 0);
}
