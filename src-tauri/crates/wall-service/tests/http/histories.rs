//! What was true of tickets at a time: every number of the past is that of the histories, whatever came afterwards.

use crate::Room;
use serde_json::{Value, json};
use wall_core::{
    NetworkId, Origin, Place, Severity, TicketAt, TicketFallback, TicketId, TicketRecord, TicketStatus, Timebase, UtcMs,
};
use wall_service::wall::StatLine;
use wall_store::{Actor, Role, TicketWrite};

const HOUR_MS: i64 = 3_600_000;
const TICKETS: i64 = 60;

pub(super) fn admin() -> Actor {
    Actor::new("test", Role::Admin, "cli")
}

pub(super) fn record(id: i64) -> TicketRecord {
    TicketRecord { source: "feed".into(), external_id: id.to_string(), ..TicketRecord::default() }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Three days of news: tickets that are reopened, suspended, timed and graded anew, moved, told late.
async fn three_days(room: &Room, now: UtcMs) {
    let mut dice = Dice(7);
    for hours in (1..=72).rev() {
        let then = now.plus_ms(-hours * HOUR_MS);
        let mut news = Vec::new();
        for id in 1..=TICKETS {
            if hours == 72 - id % 20 {
                news.push(TicketRecord {
                    place: Place::new(120.0 + id as f64 / 1e3, 30.0),
                    category: "drain".into(),
                    due_at: (id % 3 > 0).then(|| then.plus_ms(dice.below(60) as i64 * HOUR_MS)),
                    severity: Severity::new(1 + (id % 4) as u8),
                    ..record(id)
                });
            } else if hours < 72 - id % 20 && dice.below(9) == 0 {
                let back = then.plus_ms(-(dice.below(5) as i64) * HOUR_MS);
                let set =
                    |status, told: bool| TicketRecord { status: Some(status), status_at: told.then_some(back), ..record(id) };
                news.push(match dice.below(9) {
                    0 | 1 => TicketRecord { closed_at: Some(back), ..record(id) },
                    2 | 3 => set(TicketStatus::InProgress, true),
                    4 => set(TicketStatus::Suspended, true),
                    5 => set(TicketStatus::Dispatched, false),
                    6 => TicketRecord { severity: Severity::new(1 + dice.below(4) as u8), ..record(id) },
                    7 => TicketRecord { place: Place::new(120.5 + dice.below(9) as f64 / 1e3, 30.0), ..record(id) },
                    _ => TicketRecord { due_at: Some(then.plus_ms(dice.below(30) as i64 * HOUR_MS)), ..record(id) },
                });
            }
        }
        let write = |record| {
            let severity = Severity::DEFAULT;
            let fallback = TicketFallback {
                severity,
                platform: None,
                reported_at: then,
                now: then,
                due_at: None,
                sensitive: false,
                found: None,
            };
            TicketWrite { record, fallback, attributed: None }
        };
        let mut tx = room.wall.store().write(&admin(), then).await.unwrap();
        tx.put_tickets(&news.into_iter().map(write).collect::<Vec<_>>(), Origin::Intake).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn stood(room: &Room, at: UtcMs) -> Vec<TicketAt> {
    let ids: Vec<TicketId> = (1..=TICKETS).map(TicketId).collect();
    let stood = room.wall.store().tickets_at(NetworkId(0), &ids, at, Timebase::System, None).await.unwrap();
    stood.into_iter().map(|(t, _)| t).collect()
}

#[tokio::test]
async fn numbers_of_the_past_are_those_of_the_histories() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    three_days(&room, now).await;
    let stored = room.wall.store().revision().await.unwrap();
    room.until("the world follows the store", async || {
        (room.get(&token, "/api/v1/snapshot").await.json()["revision"].as_i64().unwrap() >= stored).then_some(())
    })
    .await;
    let mut reopened = 0;
    for hours in 0..73 {
        let at = now.plus_ms(-hours * HOUR_MS + 1);
        let then = stood(&room, at).await;
        reopened += then.iter().filter(|t| t.reopened).count();
        let count = |what: &dyn Fn(&TicketAt) -> bool| then.iter().filter(|t| what(t)).count() as u64;
        let (open, late) = (count(&|t| !t.ticket.status.is_final()), count(&|t| t.ticket.is_late_at(at)));
        let lines: Vec<StatLine> = room.wall.stats(&admin(), "category", Some(at).into()).await.unwrap().lines;
        let sum = |of: fn(&StatLine) -> u64| lines.iter().map(of).sum::<u64>();
        assert_eq!((sum(|l| l.total), sum(|l| l.open), sum(|l| l.overdue)), (then.len() as u64, open, late), "{hours} h ago");
        let as_of = at.to_rfc3339();
        let snapshot = room.get(&token, &format!("/api/v1/snapshot?as_of={as_of}")).await.json();
        let figure = |key: &str| {
            let list = snapshot["figures"].as_array().unwrap();
            list.iter().find(|f| f["key"] == key).unwrap_or_else(|| panic!("no figure {key}"))["value"].as_f64().unwrap()
        };
        assert_eq!((figure("open"), figure("overdue")), (open as f64, late as f64), "{hours} h ago");
        let red = count(&|t| {
            t.ticket.severity.get() == 1
                && (t.ticket.is_late_at(at) || t.ticket.status == TicketStatus::Received)
                && !t.ticket.status.is_final()
        });
        let red_listed = room.get(&token, &format!("/api/v1/ticket-list?set=alarm&alarm=red&as_of={as_of}")).await.json();
        assert_eq!(red_listed["total"], red, "{hours} h ago");
        for (set, number) in [("open", open), ("overdue", late)] {
            let list = room.get(&token, &format!("/api/v1/ticket-list?set={set}&limit=500&as_of={as_of}")).await.json();
            assert_eq!((&list["total"], list["lines"].as_array().unwrap().len() as u64), (&json!(number), number), "{set}");
        }
        // The members of a number that is no state: closed today, were they reopened afterwards.
        let list = room.get(&token, &format!("/api/v1/ticket-list?set=closed&limit=500&as_of={as_of}")).await.json();
        assert_eq!(list["total"].as_f64().unwrap(), figure("closed_today"), "{hours} h ago");
        // Places are those of then, wherever they are asked.
        let path = format!("/api/v1/points?west=120.4&south=29&east=121&north=31&kinds=ticket&as_of={as_of}");
        let points = room.get(&token, &path).await.json();
        let moved = count(&|t| !t.ticket.status.is_final() && t.ticket.place.is_some_and(|p| p.lon > 120.4));
        assert_eq!(points["features"].as_array().unwrap().len() as u64, moved, "{hours} h ago");
    }
    assert!(reopened > 50, "only {reopened}: nothing was tried");
    // The present's own memory of the last day is the same.
    let snapshot = room.get(&token, "/api/v1/snapshot").await.json();
    let at = UtcMs(snapshot["clock"]["now_ms"].as_i64().unwrap());
    let spark: Vec<Value> =
        snapshot["figures"].as_array().unwrap().iter().find(|f| f["key"] == "open").unwrap()["spark"].as_array().unwrap().clone();
    for (hours, value) in spark.iter().rev().enumerate() {
        let then = stood(&room, at.plus_ms(-(hours as i64) * HOUR_MS)).await;
        assert_eq!(
            value.as_f64().unwrap() as usize,
            then.iter().filter(|t| !t.ticket.status.is_final()).count(),
            "{hours} h ago"
        );
    }
}

#[tokio::test]
async fn a_card_tells_what_changed_and_what_was_known() {
    let room = Room::new().await;
    let token = room.token("feed", Role::Operator, true).await;
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let told = |record: TicketRecord, hours: i64| {
        let then = now.plus_ms(-hours * HOUR_MS);
        let severity = Severity::DEFAULT;
        let fallback = TicketFallback {
            severity,
            platform: None,
            reported_at: then,
            now: then,
            due_at: None,
            sensitive: false,
            found: None,
        };
        (then, TicketWrite { record, fallback, attributed: None })
    };
    let place = Place::new(120.0, 30.0);
    for (then, write) in [
        told(TicketRecord { place, due_at: Some(now), title: "灯 13812345678".into(), ..record(1) }, 9),
        told(TicketRecord { severity: Severity::new(1), title: "路灯".into(), place: Place::new(120.5, 30.0), ..record(1) }, 6),
        told(TicketRecord { closed_at: Some(now.plus_ms(-7 * HOUR_MS)), ..record(1) }, 2),
    ] {
        let mut tx = room.wall.store().write(&admin(), then).await.unwrap();
        tx.put_tickets(&[write], Origin::Intake).await.unwrap();
        tx.commit().await.unwrap();
    }
    let hour = |h: i64| now.plus_ms(-h * HOUR_MS + 1).to_rfc3339();
    let card = async |query: String| room.get(&token, &format!("/api/v1/ticket-card?id=1{query}")).await.json();
    let card_now = card(String::new()).await;
    let events: Vec<&str> = card_now["history"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["received", "status", "severity_set", "located", "described"]);
    let changes = |i: usize| card_now["history"][i]["changes"].clone();
    assert_eq!(changes(2), json!([{ "field": "severity", "was": "3", "is": "1" }]));
    assert_eq!(changes(3), json!([{ "field": "place", "was": "120 30", "is": "120.5 30" }]));
    assert_eq!(
        changes(4),
        json!([{ "field": "title", "was": "灯 138****5678", "is": "路灯" }]),
        "numbers are masked in the past too"
    );
    assert_eq!((&card_now["late_events"], &card_now["as_last_known"]), (&json!(0), &json!(false)));
    let was = |card: &Value| (card["ticket"]["status"].clone(), card["ticket"]["severity"].clone(), card["late_events"].clone());
    let as_of = card(format!("&as_of={}", hour(5))).await;
    assert_eq!(was(&as_of), (json!("closed"), json!(1), json!(1)), "by all that is known, with late news");
    let known = card(format!("&as_of={}&known_at={}", hour(5), hour(5))).await;
    assert_eq!(was(&known), (json!("received"), json!(1), json!(0)), "as it was shown then");
    assert_eq!(was(&card(format!("&known_at={}", hour(5))).await), was(&known));
    assert_eq!(was(&card(format!("&as_of={}&known_at={}", hour(7), hour(5))).await), (json!("received"), json!(3), json!(0)));
    let unknown = room.get(&token, &format!("/api/v1/ticket-card?id=1&known_at={}", hour(20))).await;
    assert_eq!(unknown.status.as_u16(), 404);
}
