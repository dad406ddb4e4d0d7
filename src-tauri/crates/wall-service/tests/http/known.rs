//! Two pasts, kept apart: what was known at a time is what a store says that stopped there, and what came late is counted.

use super::Room;
use super::histories::{admin, record};
use super::plans::{at, squares};
use serde_json::{Value, json};
use wall_core::{Origin, Place, Severity, TicketFallback, TicketId, TicketRecord, TicketStatus, Timebase, UtcMs};
use wall_service::wall::{AsOf, CellsImport};
use wall_store::{Attributed, Role, TicketWrite};

const HOUR_MS: i64 = 3_600_000;
const TICKETS: i64 = 40;
const HOURS: i64 = 60;

/// Numbers that look random and are the same for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as i64
    }
}

/// News of an hour, and when it was recorded.
type Hour = (UtcMs, Vec<TicketRecord>);

/// Hours of news: tickets that are reopened, suspended, closed again, moved, named, timed and graded anew, and told late.
fn histories(seed: u64, now: UtcMs) -> Vec<Hour> {
    let mut dice = Dice(seed);
    let mut hours = Vec::new();
    for hour in 0..HOURS {
        let then = now.plus_ms((hour - HOURS) * HOUR_MS);
        let mut news = Vec::new();
        for id in 1..=TICKETS {
            let arrives = id * 7 % 30;
            let place = |dice: &mut Dice| {
                let [lon, lat] = at(dice.below(36) as f64 / 10.0 + 0.05, dice.below(30) as f64 / 10.0 + 0.05);
                Place::new(lon, lat)
            };
            let back = then.plus_ms(-dice.below(5) * HOUR_MS);
            if hour == arrives {
                news.push(TicketRecord {
                    place: place(&mut dice),
                    category: ["drain", "noise"][dice.below(2) as usize].into(),
                    reported_at: (dice.below(2) == 0).then_some(back),
                    due_at: (dice.below(3) > 0).then(|| then.plus_ms(dice.below(40) * HOUR_MS)),
                    severity: Severity::new(1 + dice.below(4) as u8),
                    ..record(id)
                });
            } else if hour > arrives && dice.below(7) == 0 {
                let is =
                    |status, told: bool| TicketRecord { status: Some(status), status_at: told.then_some(back), ..record(id) };
                news.push(match dice.below(11) {
                    0 | 1 => TicketRecord { closed_at: Some(back), ..record(id) },
                    2 | 3 => is(TicketStatus::InProgress, true),
                    4 => is(TicketStatus::Suspended, true),
                    5 => is(TicketStatus::Dispatched, false),
                    6 => TicketRecord { severity: Severity::new(1 + dice.below(4) as u8), ..record(id) },
                    7 => TicketRecord { place: place(&mut dice), ..record(id) },
                    8 => TicketRecord { category: ["lamp", "stall"][dice.below(2) as usize].into(), ..record(id) },
                    9 => TicketRecord { reported_at: Some(back), ..record(id) },
                    _ => TicketRecord { due_at: Some(then.plus_ms(dice.below(30) * HOUR_MS)), ..record(id) },
                });
            }
        }
        hours.push((then, news));
    }
    hours
}

/// A wall with nine cells and no ticket.
async fn empty() -> Room {
    let room = Room::new().await;
    let name = "现行方案";
    let import = CellsImport { network: "general", name, records: &squares(), doubts: &[], publish: true, effective: None };
    room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    room
}

/// The square around a place, by its number.
fn square_at(place: Place) -> Option<usize> {
    (0..9usize).find(|i| {
        let (x, y) = ((i % 3) as f64, (i / 3) as f64);
        let ([west, south], [east, north]) = (at(x, y), at(x + 1.0, y + 1.0));
        (west..east).contains(&place.lon) && (south..north).contains(&place.lat)
    })
}

async fn tell(room: &Room, (then, news): &Hour) {
    let store = room.wall.store();
    let network = store.networks().await.unwrap()[0].id;
    let plan = store.plans(network).await.unwrap()[0].plan.id;
    let cells = store.cells(plan).await.unwrap();
    let attributed = |place| Attributed { network, plan, cell: square_at(place).map(|i| cells[i].id) };
    let write = |record: &TicketRecord| TicketWrite {
        record: record.clone(),
        fallback: TicketFallback {
            severity: Severity::DEFAULT,
            platform: None,
            reported_at: *then,
            now: *then,
            due_at: None,
            sensitive: false,
            found: None,
        },
        attributed: record.place.map(attributed),
    };
    let mut tx = store.write(&admin(), *then).await.unwrap();
    tx.put_tickets(&news.iter().map(write).collect::<Vec<_>>(), Origin::Intake).await.unwrap();
    tx.commit().await.unwrap();
}

/// An answer without what is of the moment in which it was given.
async fn answer(room: &Room, token: &str, path: &str) -> Value {
    let got = room.get(token, path).await;
    assert_eq!(got.status.as_u16(), 200, "{path}: {}", got.text());
    let mut value = got.json();
    if let Some(members) = value.as_object_mut() {
        ["revision", "freshness", "known_at_ms"].iter().for_each(|name| drop(members.remove(*name)));
    }
    value
}

/// Where two answers differ first.
fn difference(is: &Value, was: &Value) -> Option<String> {
    let deeper = |name: String, found: Option<String>| found.map(|f| format!("{name}.{f}"));
    match (is, was) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().find_map(|(name, v)| deeper(name.clone(), difference(v, b.get(name).unwrap_or(&Value::Null))))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (v, w))| deeper(i.to_string(), difference(v, w)))
        }
        _ => (is != was).then(|| format!(" {is} where it was {was}")),
    }
}

const QUESTIONS: [&str; 19] = [
    "snapshot?",
    "areas?level=cell&",
    "stats?by=cell&",
    "stats?by=category&",
    "stats?by=owner&",
    "ticket-list?set=open&limit=500&",
    "ticket-list?set=overdue&limit=500&",
    "ticket-list?set=late&near_h=24&limit=500&",
    "ticket-list?set=alarm&limit=500&",
    "ticket-list?set=received&limit=500&order=gravest&",
    "ticket-list?set=closed&limit=500&",
    "ticket-list?set=due&limit=500&",
    "ticket-list?set=missed&limit=500&",
    "points?west=119&south=29&east=122&north=32&kinds=ticket&",
    "late-points?",
    "compare?a=day&b=day-1&",
    "compare?a=week&b=week-1&level=street&",
    "ticket-card?id=9&",
    "whose?lon=0&lat=0&",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_a_time_is_what_a_store_says_that_stopped_there() {
    let (mut told, mut differed) = (0, 0);
    for seed in [3, 11] {
        let now = UtcMs(jiff::Timestamp::now().as_millisecond());
        let hours = histories(seed, now);
        let (whole, stopped) = (empty().await, empty().await);
        for hour in &hours {
            tell(&whole, hour).await;
        }
        whole.settle().await;
        let tokens = [&whole, &stopped].map(|room| room.token("feed", Role::Operator, true));
        let [whole_token, stopped_token] = tokens;
        let (whole_token, stopped_token) = (whole_token.await, stopped_token.await);
        for (n, hour) in hours.iter().enumerate() {
            tell(&stopped, hour).await;
            if n % 12 != 11 {
                continue;
            }
            stopped.settle().await;
            let known_at = hour.0.plus_ms(1);
            for before in [0, 1, 9, 30] {
                let as_of = known_at.plus_ms(-before * HOUR_MS);
                let time = format!("as_of={}", as_of.to_rfc3339());
                for question in QUESTIONS {
                    let known = format!("/api/v1/{question}{time}&known_at={}", known_at.to_rfc3339());
                    let path = format!("/api/v1/{question}{time}");
                    if question.starts_with("ticket-card") || question.starts_with("whose") {
                        // There, or not there.
                        let (is, was) = (whole.get(&whole_token, &known).await, stopped.get(&stopped_token, &path).await);
                        assert_eq!(is.status, was.status, "{known}");
                        assert_eq!(is.json(), was.json(), "{known}");
                        continue;
                    }
                    let was = answer(&stopped, &stopped_token, &path).await;
                    let is = answer(&whole, &whole_token, &known).await;
                    assert_eq!(difference(&is, &was), None, "seed {seed}, hour {n}: {known}");
                    differed += u32::from(answer(&whole, &whole_token, &path).await != was);
                    told += 1;
                }
                let rows = async |room: &Room, asked| format!("{:?}", room.wall.ticket_rows(&admin(), asked).await.unwrap());
                let known = AsOf { at: Some(as_of), known_at: Some(known_at) };
                assert_eq!(rows(&whole, known).await, rows(&stopped, Some(as_of).into()).await);
                let heat = |known: &str| {
                    let ([west, south], [east, north]) = (at(-1.0, -1.0), at(4.0, 4.0));
                    let bounds = format!("west={west}&south={south}&east={east}&north={north}&width=64&height=64&max=1");
                    format!("/api/v1/heat?{bounds}&{time}{known}")
                };
                let known = whole.get(&whole_token, &heat(&format!("&known_at={}", known_at.to_rfc3339()))).await;
                assert_eq!(known.body, stopped.get(&stopped_token, &heat("")).await.body, "{time}");
            }
        }
        // Without as_of it is the time of the knowledge.
        let known_at = hours[20].0.plus_ms(1).to_rfc3339();
        let both = format!("/api/v1/stats?by=category&as_of={known_at}&known_at={known_at}");
        let alone = format!("/api/v1/stats?by=category&known_at={known_at}");
        assert_eq!(answer(&whole, &whole_token, &both).await, answer(&whole, &whole_token, &alone).await);
    }
    assert!(differed * 2 > told, "only {differed} of {told} answers knew more: nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_late_is_counted_as_the_histories_say_it() {
    let room = empty().await;
    let token = room.token("feed", Role::Operator, true).await;
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let hours = histories(5, now);
    let mut most = 0;
    for (n, hour) in hours.iter().enumerate() {
        tell(&room, hour).await;
        if n % 15 != 14 {
            continue;
        }
        // Counted with what came since the last question.
        room.settle().await;
        for before in 0..=n as i64 {
            let as_of = hour.0.plus_ms(-before * HOUR_MS + 1);
            let ids: Vec<TicketId> = (1..=TICKETS + 10).map(TicketId).collect();
            let network = room.wall.store().networks().await.unwrap()[0].id;
            let stood = room.wall.store().tickets_at(network, &ids, as_of, Timebase::System, None).await.unwrap();
            let late: u32 = stood.iter().map(|(t, _)| t.late_events).sum();
            for question in ["snapshot?", "stats?", "ticket-list?set=open&", "compare?a=day&b=day-1&", "late-points?"] {
                let told = answer(&room, &token, &format!("/api/v1/{question}as_of={}", as_of.to_rfc3339())).await;
                assert_eq!(told["late_events"], json!(late), "{question} {before} h before hour {n}");
            }
            most = most.max(late);
        }
    }
    assert!(most > 20, "only {most}: nothing was tried");
    let present = answer(&room, &token, "/api/v1/snapshot").await;
    assert_eq!(present["late_events"], json!(0));
}

#[tokio::test]
async fn questions_about_now_take_no_knowledge_of_another_time() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    for path in ["tickets?", "search?q=a&", "near?lon=1&lat=1&kind=ticket&"] {
        let refused = room.get(&token, &format!("/api/v1/{path}known_at=2026-01-01T00:00:00Z")).await;
        assert_eq!(refused.status.as_u16(), 400, "{path}");
        assert!(refused.text().contains("known_at is not taken here"), "{}", refused.text());
    }
}
