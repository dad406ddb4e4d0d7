//! A question tells no more than its answer: two stores that differ only in what a role may not see give equal answers to
//! every question, before and after cells are redrawn around the tickets.

use super::{Room, TwoFiles};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use std::sync::Arc;
use wall_core::{CellGeometry, CellKind, CellRecord, GridPoint, GridPolygon, Place, TicketRecord, TicketStatus, UtcMs};
use wall_service::{
    http::{HttpOptions, router},
    wall::{CellsImport, Wall, WallOptions},
};
use wall_store::{Actor, Role};

const HOUR_MS: i64 = 3_600_000;
/// Where the fixture lies, and how large a cell is.
const LON: f64 = 10.0;
const LAT: f64 = 50.0;
const SIDE: f64 = 0.01;

fn admin() -> Actor {
    Actor::new("test", Role::Admin, "cli")
}

/// A cell from `west` to `east`, in sides, of the row.
fn cell(code: &str, west: f64, east: f64, index: u32) -> CellRecord {
    let corner = |x: f64, y: f64| GridPoint::nearest(Place { lon: LON + x * SIDE, lat: LAT + y * SIDE });
    let outer = vec![corner(west, 0.0), corner(east, 0.0), corner(east, 1.0), corner(west, 1.0)];
    CellRecord {
        code: code.into(),
        name: code.into(),
        kind: CellKind::Basic,
        community_code: String::new(),
        community_name: String::new(),
        households: None,
        owner: None,
        feature_index: index,
        geometry: CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] },
    }
}

/// What differs between two stores, of tickets that are otherwise the same.
#[derive(Clone, Copy)]
pub struct Hidden {
    /// Within its cell.
    pub x: f64,
    pub y: f64,
    pub title: &'static str,
    pub address: &'static str,
}

fn ticket(i: usize, cell: f64, sensitive: bool, now: UtcMs, hidden: Hidden) -> TicketRecord {
    TicketRecord {
        source: "test".into(),
        external_id: format!("T-{i}"),
        category: if sensitive { "dispute".into() } else { "drain".into() },
        title: hidden.title.into(),
        description: hidden.title.into(),
        place: Some(Place { lon: LON + (cell + hidden.x) * SIDE, lat: LAT + hidden.y * SIDE }),
        accuracy_m: None,
        address: hidden.address.into(),
        channel: None,
        platform: None,
        severity: None,
        community_code: String::new(),
        reported_at: Some(UtcMs(now.0 - 48 * HOUR_MS - i as i64)),
        due_at: Some(UtcMs(now.0 - 24 * HOUR_MS)),
        status: Some(TicketStatus::Received),
        status_at: None,
        status_word: String::new(),
        closed_at: None,
        reporter: None,
        attachments: vec![],
        sensitive: Some(sensitive),
        inverted_times: false,
    }
}

/// A wall at a fixed time over three tickets of each of two cells, every third sensitive.
pub async fn room(now: UtcMs, hidden: impl Fn(usize, bool) -> Hidden) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let mut options = WallOptions::new(folder.path().join("data"));
    (options.zone, options.fixed_now) = (Some("UTC".into()), Some(now));
    let wall = Wall::open(options).await.unwrap();
    wall.follow();
    let cells = [cell("A", 0.0, 1.0, 0), cell("B", 1.0, 2.0, 1)];
    let import = CellsImport { network: "general", name: "first", records: &cells, doubts: &[], publish: true, effective: None };
    wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    let options = HttpOptions::new(Arc::new(TwoFiles));
    let room = Room { router: router(wall.clone(), options.clone()), wall, options, folder };
    room.until("the first plan", async || room.wall.info(&admin(), None).await.unwrap().plan.map(drop)).await;
    let tickets: Vec<TicketRecord> =
        (0..6).map(|i| ticket(i, f64::from(u8::from(i >= 3)), i % 3 == 0, now, hidden(i, i % 3 == 0))).collect();
    room.wall.import_tickets(&admin(), &tickets).await.unwrap();
    super::plans::world_has_open(&room, 6.0).await;
    room
}

/// Cells redrawn a day ago: the old ones are cut where the hidden places differ.
async fn redraw(room: &Room, now: UtcMs) {
    let cells = [cell("A1", 0.0, 0.4, 0), cell("A2", 0.4, 1.0, 1), cell("B1", 1.0, 1.4, 2), cell("B2", 1.4, 2.0, 3)];
    let effective = Some(UtcMs(now.0 - 24 * HOUR_MS));
    let import = CellsImport { network: "general", name: "second", records: &cells, doubts: &[], publish: true, effective };
    room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    let name = async || room.wall.info(&admin(), None).await.unwrap().plan.unwrap().name;
    room.until("the second plan", async || (name().await == "second").then_some(())).await;
    // What the import attributed reaches the world a moment later.
    let newest = room.wall.store().revision().await.unwrap();
    room.until("all of it", async || (room.wall.snapshot(&admin(), None).await.unwrap().revision == newest).then_some(())).await;
}

/// What is told of a store rather than of its tickets, and may differ.
fn plain(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            for key in ["store", "freshness", "recorded_ms", "store_bytes"] {
                map.remove(key);
            }
            for v in map.values_mut() {
                *v = plain(v.take());
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| *v = plain(v.take())),
        _ => {}
    }
    value
}

async fn answer(room: &Room, token: &str, path: &str) -> (u16, Value) {
    let answer = room.get(token, path).await;
    let value = serde_json::from_slice(&answer.body).map_or_else(|_| json!(answer.body), plain);
    let peak = answer.headers.get("x-heat-peak").map(|v| v.to_str().unwrap().to_owned());
    (answer.status.as_u16(), json!([value, peak]))
}

/// Questions that need no numbers.
fn fixed(now: UtcMs) -> Vec<String> {
    let then = UtcMs(now.0 - 36 * HOUR_MS).to_rfc3339();
    let mut all = Vec::new();
    for as_of in [String::new(), format!("&as_of={then}")] {
        for q in
            ["wall?", "snapshot?", "areas?level=cell", "stats?by=cell", "stats?by=owner", "stats?by=category", "late-points?"]
        {
            all.push(format!("{q}{as_of}"));
        }
        all.extend((1..=6).map(|id| format!("ticket-card?id={id}{as_of}")));
        all.extend((1..=6).map(|key| format!("area-card?level=cell&key={key}{as_of}")));
        all.extend(["open", "late", "received"].map(|set| format!("ticket-list?set={set}{as_of}")));
        all.extend((1..=6).map(|key| format!("ticket-list?set=open&area=cell:{key}{as_of}")));
        all.push(format!("compare?level=cell&a=day&b=day-1{as_of}"));
    }
    all.push("tickets?".into());
    all.extend(["A", "B", "A1", "A2", "B1", "B2"].map(|c| format!("tickets?cell={c}")));
    all
}

/// Questions with numbers and words in them: boxes, places, needles.
fn asked() -> impl Strategy<Value = String> {
    let x = -0.5f64..2.5;
    let y = -0.5f64..1.5;
    let frame = (x.clone(), y.clone(), 0.001f64..2.0, 0.001f64..2.0).prop_map(|(x, y, w, h)| {
        let (west, south) = (LON + x * SIDE, LAT + y * SIDE);
        [west, south, west + w * SIDE, south + h * SIDE]
    });
    let window = |[w, s, e, n]: [f64; 4]| format!("west={w}&south={s}&east={e}&north={n}");
    let texts: String = TEXTS.iter().flatten().copied().collect();
    let letters: Vec<char> = texts.chars().collect();
    prop_oneof![
        (frame.clone(), prop_oneof![Just("heat"), Just("time_left")])
            .prop_map(move |(f, mode)| format!("heat?{}&width=16&height=16&mode={mode}", window(f))),
        frame.clone().prop_map(move |f| format!("points?{}&kinds=ticket", window(f))),
        frame.prop_map(|[w, s, e, n]| format!("tickets?bbox={w},{s},{e},{n}")),
        (x, y, 1usize..8, 1.0f64..2000.0).prop_map(|(x, y, k, m)| {
            format!("near?lon={}&lat={}&kind=ticket&k={k}&within_m={m}", LON + x * SIDE, LAT + y * SIDE)
        }),
        (0..letters.len(), 1usize..12, any::<bool>()).prop_map(move |(from, many, starred)| {
            let text: String = letters[from..(from + many).min(letters.len())].iter().collect();
            let text = if starred { text.replacen(['1', '3', '5'], "*", 1) } else { text };
            let q: String = form_urlencoded(&text);
            format!("search?q={q}&limit=3")
        }),
    ]
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// Texts of one store and of the other; the first two are alike once their numbers are masked.
const TEXTS: [[&str; 2]; 3] = [
    ["井盖坏了 13812345678 找李", "东街3号 13812345678"],
    ["井盖坏了 13887655678 找李", "东街3号 13899995678"],
    ["quarrel behind the bakery", "West Lane 9"],
];

fn agree(role: Role, left: impl Fn(usize, bool) -> Hidden, right: impl Fn(usize, bool) -> Hidden) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let (a, b) = runtime.block_on(async { (room(now, left).await, room(now, right).await) });
    let tokens = runtime.block_on(async { [a.token("t", role, true).await, b.token("t", role, true).await] });
    let both = async |path: &str| {
        let path = format!("/api/v1/{path}");
        [answer(&a, &tokens[0], &path).await, answer(&b, &tokens[1], &path).await]
    };
    for redrawn in [false, true] {
        if redrawn {
            runtime.block_on(async {
                redraw(&a, now).await;
                redraw(&b, now).await;
            });
        }
        for path in fixed(now) {
            let [x, y] = runtime.block_on(both(&path));
            assert_eq!(x, y, "{role:?} asks {path}, redrawn: {redrawn}");
        }
        let config = ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() };
        let outcome = TestRunner::new(config).run(&asked(), |path| {
            let [x, y] = runtime.block_on(both(&path));
            prop_assert_eq!(x, y, "{:?} asks {}, redrawn: {}", role, path, redrawn);
            Ok(())
        });
        if let Err(found) = outcome {
            panic!("{found}");
        }
    }
}

#[test]
fn a_viewer_learns_nothing_below_the_cell_and_no_text() {
    agree(
        Role::Viewer,
        |i, _| Hidden { x: 0.1 + i as f64 * 0.01, y: 0.2, title: TEXTS[0][0], address: TEXTS[0][1] },
        |i, _| Hidden { x: 0.9 - i as f64 * 0.01, y: 0.8, title: TEXTS[2][0], address: TEXTS[2][1] },
    );
}

#[test]
fn an_operator_learns_no_masked_number_and_nothing_of_what_is_sensitive() {
    let open = |i: usize| 0.1 + i as f64 * 0.01;
    agree(
        Role::Operator,
        move |i, _| Hidden { x: open(i), y: 0.2, title: TEXTS[0][0], address: TEXTS[0][1] },
        move |i, sensitive| match sensitive {
            true => Hidden { x: 0.9, y: 0.8, title: TEXTS[2][0], address: TEXTS[2][1] },
            false => Hidden { x: open(i), y: 0.2, title: TEXTS[1][0], address: TEXTS[1][1] },
        },
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_seen_is_found() {
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let room = room(now, |i, _| Hidden { x: 0.1 + i as f64 * 0.01, y: 0.2, title: TEXTS[0][0], address: TEXTS[0][1] }).await;
    let operator = room.token("operator", Role::Operator, true).await;
    let found = async |q: &str| {
        let hits = room.get(&operator, &format!("/api/v1/search?q={}", form_urlencoded(q))).await.json();
        hits.as_array().unwrap().iter().filter(|h| h["kind"] == "ticket").count()
    };
    // Four are not sensitive.
    for (q, tickets) in [("井盖", 4), ("138****5678", 4), ("5678", 4), ("13812345678", 0), ("2345", 0), ("T-", 6)] {
        assert_eq!(found(q).await, tickets, "{q}");
    }
    let rows = room.wall.ticket_rows(&admin(), None).await.unwrap();
    let middle = Place { lon: LON + 0.5 * SIDE, lat: LAT + 0.5 * SIDE };
    let near = |p: Place| (p.lon - middle.lon).abs() < 1e-6 && (p.lat - middle.lat).abs() < 1e-6;
    assert!(near(rows[0].place.unwrap()) && !near(rows[1].place.unwrap()), "a sensitive place leaves the wall to its cell only");
}
