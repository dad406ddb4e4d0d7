//! Histories of tickets on disk: the past is what was shown then, whatever came later.

use super::{admin, open, record};
use proptest::{prelude::*, test_runner::Config};
use wall_core::*;
use wall_store::*;

const HOUR_MS: i64 = 3_600_000;

fn hour(h: i64) -> UtcMs {
    super::T0.plus_ms(h * HOUR_MS)
}

/// News of one of three tickets; `None` as status = they are of values only.
fn news() -> impl Strategy<Value = TicketRecord> {
    let place = prop::option::of(prop::sample::select(vec![(120.5, 31.25), (120.123_456_789_012, 31.3)]));
    let status = prop::option::of((prop::sample::select(TicketStatus::ALL), prop::option::of(0i64..200)));
    let values = (prop::option::of(1u8..5), place, prop::option::of(0i64..300), prop::option::of(any::<bool>()));
    (0i64..3, status, values, prop::sample::select(vec!["", "灯", "井盖"]), prop::option::weighted(0.2, -50i64..50)).prop_map(
        |(key, status, (severity, place, due, sensitive), title, reported)| TicketRecord {
            title: title.into(),
            severity: severity.and_then(Severity::new),
            place: place.and_then(|(lon, lat)| Place::new(lon, lat)),
            due_at: due.map(hour),
            sensitive,
            status: status.map(|s| s.0),
            status_at: status.and_then(|s| s.1).map(hour),
            reported_at: reported.map(hour),
            ..record(&key.to_string())
        },
    )
}

/// What a store says of its tickets at a time, by their keys; `sensitive` aside, which is as it is now at all times.
async fn said(store: &Store, at: UtcMs, base: Timebase, known_at: Option<i64>) -> Vec<(Ticket, bool, u32)> {
    let ids: Vec<TicketId> = (1..=3).map(TicketId).collect();
    let mut stood: Vec<_> = store
        .tickets_at(NetworkId(0), &ids, at, base, known_at)
        .await
        .unwrap()
        .into_iter()
        .map(|(t, _)| (Ticket { sensitive: false, ..t.ticket }, t.reopened, t.late_events))
        .collect();
    stood.sort_by_key(|(t, ..)| t.id);
    stood
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    /// As of a time and known at a time, a store says what it said when it had heard nothing later.
    #[test]
    fn known_at_is_what_a_store_said_that_stopped_then(told in prop::collection::vec((0i64..30, news()), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = open().await;
            let asked = |now: UtcMs| [now, now.plus_ms(-7 * HOUR_MS), now.plus_ms(-60 * HOUR_MS), now.plus_ms(500 * HOUR_MS)];
            let (mut now, mut then) = (hour(0), Vec::new());
            for (passed, record) in told {
                now = now.plus_ms(passed * HOUR_MS + 1);
                let fallback = TicketFallback {
                    severity: Severity::DEFAULT, platform: None, reported_at: now, now, due_at: None, sensitive: false, found: None,
                };
                let mut tx = store.write(&admin(), now).await.unwrap();
                tx.put_tickets(&[TicketWrite { record, fallback, attributed: None }], Origin::Intake).await.unwrap();
                tx.commit().await.unwrap();
                for base in [Timebase::System, Timebase::Foreign] {
                    for at in asked(now) {
                        then.push((now, base, at, said(&store, at, base, None).await));
                    }
                }
                // The row of the present is the end of the history.
                let mut rows = store.tickets_after(NetworkId(0), TicketId(0), 10).await.unwrap();
                rows.retain(|(t, _)| t.reported_at <= hour(500));
                let last = said(&store, UtcMs::MAX, Timebase::System, None).await;
                let rows: Vec<Ticket> = rows.into_iter().map(|(t, _)| Ticket { sensitive: false, ..t }).collect();
                prop_assert_eq!(&rows, &last.into_iter().map(|(t, ..)| t).collect::<Vec<_>>());
            }
            for (stopped, base, at, was) in then {
                let revision = store.revision_at(stopped).await.unwrap();
                prop_assert_eq!(said(&store, at, base, Some(revision)).await, was);
            }
            Ok(())
        })?;
    }
}

/// A history of a newer edition: what is not understood is kept, read, and changes nothing.
#[tokio::test]
async fn an_event_of_a_newer_edition_is_kept() {
    let (folder, store) = open().await;
    super::put(&store, vec![record("a")]).await;
    let before = said(&store, hour(1), Timebase::System, None).await;
    let data = folder.path().join("data");
    wall_tests::behind(
        &data,
        "INSERT INTO ticket_event (id, ticket_id, revision, kind, version, at, told, recorded_at, origin, actor, station, body) \
         VALUES (99, 1, 1, 'merged', 3, 0, TRUE, 0, 'move', 'os:x', 'desk', '{\"into\": 7 }')",
    )
    .await;
    let events = store.ticket_events(&[TicketId(1)]).await.unwrap().remove(&TicketId(1)).unwrap();
    let kept = Payload::Unknown { kind: "merged".into(), version: 3, body: "{\"into\": 7 }".into() };
    assert_eq!(events.last().unwrap().payload, kept);
    assert_eq!(said(&store, hour(1), Timebase::System, None).await, before);
    // What should be understood and is not is damage, and said.
    wall_tests::behind(&data, "UPDATE ticket_event SET kind = 'status', version = 1 WHERE id = 99").await;
    let damage = store.ticket_events(&[TicketId(1)]).await.unwrap_err();
    assert!(damage.to_string().contains("an event of ticket 1: the body of an event \"status\" cannot be read"), "{damage}");
}
