//! A question tells no more than its answer: two stores that differ only in what a role may not see give equal answers to
//! every question, before and after cells are redrawn around the tickets.

use super::{Room, TwoFiles};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use wall_core::{CellGeometry, CellKind, CellRecord, GridPoint, GridPolygon, Place, TicketRecord, TicketStatus, UtcMs};
use wall_service::wall::AsOf;
use wall_service::{
    http::{HttpOptions, router},
    wall::{CellsImport, Wall},
    wire::Frame,
};
use wall_store::{Actor, Role};

const HOUR_MS: i64 = 3_600_000;
/// Where the fixture lies, and how large a cell is.
const LON: f64 = 10.0;
const LAT: f64 = 50.0;
const SIDE: f64 = 0.01;

pub fn admin() -> Actor {
    Actor::new("test", Role::Admin, "cli")
}

/// A cell from `west` to `east`, in sides, of the row.
pub fn cell(code: &str, west: f64, east: f64, index: u32) -> CellRecord {
    let corner = |x: f64, y: f64| GridPoint::nearest(Place { lon: LON + x * SIDE, lat: LAT + y * SIDE });
    let outer = vec![corner(west, 0.0), corner(east, 0.0), corner(east, 1.0), corner(west, 1.0)];
    CellRecord {
        code: code.into(),
        name: code.into(),
        kind: CellKind::Basic,
        community_code: format!("00{}", &code[..1]),
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
        address: hidden.address.into(),
        reported_at: Some(UtcMs(now.0 - 48 * HOUR_MS - i as i64)),
        due_at: Some(UtcMs(now.0 - 24 * HOUR_MS)),
        status: Some(TicketStatus::Received),
        sensitive: Some(sensitive),
        ..TicketRecord::default()
    }
}

/// A wall at a fixed time over three tickets of each of two cells, every third sensitive.
pub async fn room(now: UtcMs, hidden: impl Fn(usize, bool) -> Hidden) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let mut options = super::options_at(folder.path().join("data"));
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
    room.settle().await;
    room
}

/// Cells redrawn a day ago: the old ones are cut where the hidden places differ.
pub async fn redraw(room: &Room, now: UtcMs) {
    let cells = [cell("A1", 0.0, 0.4, 0), cell("A2", 0.4, 1.0, 1), cell("B1", 1.0, 1.4, 2), cell("B2", 1.4, 2.0, 3)];
    let effective = Some(UtcMs(now.0 - 24 * HOUR_MS));
    let import = CellsImport { network: "general", name: "second", records: &cells, doubts: &[], publish: true, effective };
    room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    let name = async || room.wall.info(&admin(), None).await.unwrap().plan.unwrap().name;
    room.until("the second plan", async || (name().await == "second").then_some(())).await;
    room.settle().await;
}

/// What is told of a store rather than of its tickets, and may differ.
fn plain(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            for key in ["store", "freshness", "recorded_ms", "store_bytes", "updated_datetime"] {
                map.remove(key);
            }
            // Of a plan, when it was made and changed.
            if map.contains_key("author") || map.contains_key("head") {
                map.retain(|key, _| !key.ends_with("_ms"));
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

async fn answer(room: &Room, token: &str, asked: &Asked) -> (u16, Value) {
    let (path, body) = (&asked.0, asked.1.clone());
    let path = if path.starts_with('/') { path.clone() } else { format!("/api/v1/{path}") };
    let answer = match body {
        None => room.get(token, &path).await,
        Some(body) => room.tell(token, &path, body).await,
    };
    let value = serde_json::from_slice(&answer.body).map_or_else(|_| json!(answer.body), plain);
    let peak = answer.headers.get("x-heat-peak").map(|v| v.to_str().unwrap().to_owned());
    (answer.status.as_u16(), json!([value, peak]))
}

/// A path, below `/api/v1/` unless it says otherwise, and what is sent to it.
type Asked = (String, Option<Value>);

/// Questions that need no numbers.
fn fixed(now: UtcMs) -> Vec<String> {
    let then = UtcMs(now.0 - 36 * HOUR_MS).to_rfc3339();
    let mut all = Vec::new();
    for as_of in [String::new(), format!("&as_of={then}")] {
        for q in [
            "wall?",
            "snapshot?",
            "areas?level=cell",
            "areas?level=community",
            "areas?level=street",
            "stats?by=cell",
            "stats?by=owner",
            "stats?by=category",
            "stats?by=platform",
            "late-points?",
            "late-points?limit=2",
            "compare?level=community&a=day&b=day-1",
            "compare?level=street&a=week&b=week-1",
            "ticket-list?set=late&limit=1",
            "ticket-list?set=open&unowned=1&limit=1",
            "ticket-list?set=open&area=outside",
            "ticket-list?set=missed&category=dispute",
            "ticket-list?set=open&cursor=1.2.3",
            // Errors, too.
            "ticket-list?set=open&cursor=x",
            "ticket-card?id=999",
            "area-card?level=cell&key=999",
            "ticket-list?set=open&area=community:none",
        ] {
            all.push(format!("{q}{as_of}"));
        }
        all.extend((1..=6).map(|id| format!("ticket-card?id={id}{as_of}")));
        all.extend((1..=6).map(|key| format!("area-card?level=cell&key={key}{as_of}")));
        all.extend(["open", "late", "received"].map(|set| format!("ticket-list?set={set}{as_of}")));
        all.extend((1..=6).map(|key| format!("ticket-list?set=open&area=cell:{key}{as_of}")));
        all.push(format!("compare?level=cell&a=day&b=day-1{as_of}"));
        for community in ["00A", "00B"] {
            all.push(format!("area-card?level=community&key={community}{as_of}"));
            all.push(format!("ticket-list?set=open&area=community:{community}{as_of}"));
            all.push(format!("whose?level=community&key={community}{as_of}"));
        }
        all.extend(["alarm", "due", "missed", "overdue", "near_due"].map(|set| format!("ticket-list?set={set}{as_of}")));
    }
    let (from, to) = (UtcMs(now.0 - 60 * HOUR_MS).to_rfc3339(), now.to_rfc3339());
    all.push(format!("histogram?from={from}&to={to}&buckets=7"));
    for question in [
        "requests.json",
        "requests.json?status=open",
        "requests.json?service_code=dispute",
        "requests.json?service_code=drain&page_size=1&page=2",
        "requests.json?service_request_id=1,2,3,4,5,6,999",
        "requests.json?updated_after=2020-01-01T00:00:00Z",
        "requests/999.json",
        "services.json",
        "services/dispute.json",
    ] {
        all.push(format!("/open311/v2/{question}"));
    }
    all.extend((1..=6).map(|id| format!("/open311/v2/requests/{id}.json")));
    all.extend(
        ["tickets?limit=1", "tickets?limit=2&cursor=4", "tickets?status=received", "tickets?category=dispute"].map(str::to_owned),
    );
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

/// A planner's draft: what it is asked, and figures while somebody drags a border through the cells.
fn of_a_draft(plan: i64) -> Vec<String> {
    let parts = ["", "/stand", "/cells", "/edges", "/history", "/owners", "/impact", "/proposals", "/overlay?network=general"];
    parts.iter().map(|part| format!("plans/{plan}{part}")).collect()
}

/// A cut through the first or second cell of a draft, at some place.
fn cuts(plan: i64) -> impl Strategy<Value = Asked> {
    (0u32..2, 0.02f64..0.98).prop_map(move |(face, x)| {
        let x = LON + (f64::from(face) + x) * SIDE;
        let line = [[x, LAT - 0.1 * SIDE], [x, LAT + 1.1 * SIDE]];
        let edit = json!({ "kind": "split", "face": face, "line": line });
        (format!("plans/{plan}/preview"), Some(json!({ "edit": edit, "head": null })))
    })
}

/// Everything that a frame says of tickets.
fn frame(room: &Room, actor: &Actor, frame: &Arc<Frame>) -> Value {
    plain(serde_json::to_value(&*room.wall.for_actor(actor, frame)).unwrap())
}

fn agree(roles: &[Role], left: impl Fn(usize, bool) -> Hidden, right: impl Fn(usize, bool) -> Hidden) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let (a, b) = runtime.block_on(async { (room(now, left).await, room(now, right).await) });
    for (n, role) in roles.iter().copied().enumerate() {
        let name = role.code();
        let tokens = runtime.block_on(async { [a.token(name, role, true).await, b.token(name, role, true).await] });
        let both = async |asked: &Asked| [answer(&a, &tokens[0], asked).await, answer(&b, &tokens[1], asked).await];
        let draw = |questions: BoxedStrategy<Asked>, cases: u32| {
            let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
            let outcome = TestRunner::new(config).run(&questions, |asked| {
                let [x, y] = runtime.block_on(both(&asked));
                prop_assert_eq!(x, y, "{:?} asks {:?}", role, asked);
                Ok(())
            });
            if let Err(found) = outcome {
                panic!("{found}");
            }
        };
        for redrawn in [false, true] {
            // The others ask of what was redrawn only.
            if !redrawn && n > 0 {
                continue;
            }
            if redrawn && n == 0 {
                runtime.block_on(async {
                    redraw(&a, now).await;
                    redraw(&b, now).await;
                });
            }
            for path in fixed(now) {
                let [x, y] = runtime.block_on(both(&(path.clone(), None)));
                assert_eq!(x, y, "{role:?} asks {path}, redrawn: {redrawn}");
            }
            draw(asked().prop_map(|path| (path, None)).boxed(), if n == 0 { 120 } else { 24 });
            let actor = Actor::new(format!("token:{name}"), role, "api");
            runtime.block_on(async {
                let missed = async |room: &Room| room.wall.frames(&actor, 0).await.unwrap().0.map(|f| frame(room, &actor, &f));
                assert_eq!(missed(&a).await, missed(&b).await, "{role:?} catches up");
                let rows = async |room: &Room| {
                    format!("{:?}", room.wall.ticket_rows(&actor, AsOf::default()).await.map_err(|e| e.to_string()))
                };
                assert_eq!(rows(&a).await, rows(&b).await, "{role:?} exports");
            });
        }
        if role == Role::Planner {
            let plan = runtime.block_on(async {
                let [left, right] = [a.draft_of(&tokens[0], 2).await, b.draft_of(&tokens[1], 2).await];
                assert_eq!(left, right);
                a.settle().await;
                b.settle().await;
                left
            });
            for path in of_a_draft(plan) {
                let [x, y] = runtime.block_on(both(&(path.clone(), None)));
                assert_eq!(x, y, "{role:?} asks {path}");
            }
            draw(cuts(plan).boxed(), 60);
        }
    }
}

#[test]
fn a_viewer_learns_nothing_below_the_cell_and_no_text() {
    agree(
        &[Role::Viewer],
        |i, _| Hidden { x: 0.1 + i as f64 * 0.01, y: 0.2, title: TEXTS[0][0], address: TEXTS[0][1] },
        |i, _| Hidden { x: 0.9 - i as f64 * 0.01, y: 0.8, title: TEXTS[2][0], address: TEXTS[2][1] },
    );
}

#[test]
fn an_operator_learns_no_masked_number_and_nothing_of_what_is_sensitive() {
    let open = |i: usize| 0.1 + i as f64 * 0.01;
    agree(
        &[Role::Operator, Role::Planner, Role::Leader, Role::Registrar, Role::Admin, Role::Feed, Role::Replay],
        move |i, _| Hidden { x: open(i), y: 0.2, title: TEXTS[0][0], address: TEXTS[0][1] },
        move |i, sensitive| match sensitive {
            true => Hidden { x: 0.9, y: 0.8, title: TEXTS[2][0], address: TEXTS[2][1] },
            false => Hidden { x: open(i), y: 0.2, title: TEXTS[1][0], address: TEXTS[1][1] },
        },
    );
}

/// What live frames tell of tickets and areas while the tickets change and cells are redrawn: the last of each.
async fn live(room: &Room, actor: &Actor, now: UtcMs, hidden: impl Fn(usize, bool) -> Hidden) -> (Vec<Value>, Vec<Value>) {
    let (_, mut live) = room.wall.frames(actor, room.wall.store().revision().await.unwrap()).await.unwrap();
    let changed: Vec<TicketRecord> = (0..6)
        .map(|i| TicketRecord {
            status: Some(TicketStatus::InProgress),
            status_at: Some(UtcMs(now.0 - HOUR_MS)),
            ..ticket(i, f64::from(u8::from(i >= 3)), i % 3 == 0, now, hidden(i, i % 3 == 0))
        })
        .collect();
    room.wall.import_tickets(&admin(), &changed).await.unwrap();
    let (mut tickets, mut areas) = (BTreeMap::new(), BTreeMap::new());
    let mut heard = async |newest: i64| {
        loop {
            let next = tokio::time::timeout(super::PATIENCE, live.recv()).await.unwrap().unwrap();
            let shown = frame(room, actor, &next);
            let all = |part: &str| shown[part].as_array().unwrap().clone();
            tickets.extend(all("tickets").into_iter().map(|t| (t["id"].as_i64(), t)));
            areas.extend(all("areas").into_iter().map(|a| (a["key"].to_string(), a)));
            if next.to_revision >= newest {
                return;
            }
        }
    };
    heard(room.wall.store().revision().await.unwrap()).await;
    redraw(room, now).await;
    heard(room.wall.store().revision().await.unwrap()).await;
    (tickets.into_values().collect(), areas.into_values().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_tell_no_more_than_answers() {
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let hidden = |n: usize| {
        move |i: usize, sensitive: bool| match sensitive || n > 2 {
            true => Hidden { x: 0.1 + n as f64 * 0.2, y: 0.2, title: TEXTS[n % 3][0], address: TEXTS[n % 3][1] },
            false => Hidden { x: 0.1 + i as f64 * 0.01, y: 0.2, title: TEXTS[n][0], address: TEXTS[n][1] },
        }
    };
    for (role, left, right) in [(Role::Viewer, 0, 4), (Role::Operator, 0, 1)] {
        let actor = Actor::new("token:t", role, "api");
        let (a, b) = (room(now, hidden(left)).await, room(now, hidden(right)).await);
        let (x, y) = (live(&a, &actor, now, hidden(left)).await, live(&b, &actor, now, hidden(right)).await);
        assert_eq!(x.0.len(), 6, "all six were told of");
        assert_eq!(x, y, "{role:?}");
    }
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
    let rows = room.wall.ticket_rows(&admin(), AsOf::default()).await.unwrap();
    let middle = Place { lon: LON + 0.5 * SIDE, lat: LAT + 0.5 * SIDE };
    let near = |p: Place| (p.lon - middle.lon).abs() < 1e-6 && (p.lat - middle.lat).abs() < 1e-6;
    assert!(near(rows[0].place.unwrap()) && !near(rows[1].place.unwrap()), "a sensitive place leaves the wall to its cell only");
}
