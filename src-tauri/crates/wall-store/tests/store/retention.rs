//! What is not kept for ever goes, once a day, on the word of a clock that can be believed.

use super::*;

const DAY_MS: i64 = 86_400_000;

fn day(n: i64) -> UtcMs {
    T0.plus_ms(n * DAY_MS)
}

/// Something of the database that no command does.
pub(super) async fn sql(store: &Store, text: &str) {
    wall_tests::behind(store.folder(), text).await;
}

async fn told(store: &Store, id: &str, closed: bool, at: UtcMs) -> i64 {
    let reporter = Reporter { name: "张三丰".into(), phone: "13912345678".into() };
    let closed_at = closed.then_some(at.plus_ms(-1_000));
    let row = TicketRecord { reporter: Some(reporter), reported_at: Some(T0.plus_ms(-2_000)), closed_at, ..record(id) };
    let mut tx = store.write(&admin(), at).await.unwrap();
    let done = tx.put_tickets(&[write(row)], Origin::Intake).await.unwrap();
    tx.commit().await.unwrap();
    done[0].id().unwrap().0
}

/// A day of ordinary use.
async fn lived(store: &Store, at: UtcMs) {
    let mut tx = store.write(&admin(), at).await.unwrap();
    tx.audit("test.day", "{}").await.unwrap();
    tx.commit().await.unwrap();
}

async fn is_kept(store: &Store, ticket: i64) -> bool {
    store.open_sealed("reporter", ticket).await.unwrap().is_some()
}

#[tokio::test]
async fn reporters_go_when_their_ticket_has_been_over_for_the_stated_time() {
    let (folder, store) = open().await;
    let over = told(&store, "over", true, day(0)).await;
    let open_still = told(&store, "open", false, day(0)).await;
    let young = told(&store, "young", true, day(170)).await;
    for n in (0..=180).step_by(30) {
        lived(&store, day(n)).await;
    }
    let first = store.tidy_if_due(&admin(), day(179), None).await.unwrap().unwrap().unwrap();
    assert_eq!(first.reporters, 0, "a day too soon");
    assert!(store.tidy_if_due(&admin(), day(179).plus_ms(DAY_MS - 1), None).await.unwrap().is_none(), "once a day");
    // Over a restart it is known when it was done last.
    store.close().await;
    let store = store_at(&folder.path().join("data")).await.unwrap();
    assert!(store.tidy_if_due(&admin(), day(179).plus_ms(DAY_MS - 1), None).await.unwrap().is_none());
    assert_eq!(store.retention_standing(day(181)).await.unwrap().due, 1);
    let done = store.tidy_if_due(&admin(), day(181), None).await.unwrap().unwrap().unwrap();
    assert_eq!(done.reporters, 1);
    assert_eq!(
        (is_kept(&store, over).await, is_kept(&store, open_still).await, is_kept(&store, young).await),
        (false, true, true)
    );
    let lines = store.audit_lines(1, 1_000).await.unwrap();
    let erased: Vec<_> = lines.iter().filter(|l| l.action == "retention.reporters").collect();
    assert_eq!(erased.len(), 1);
    let detail: serde_json::Value = serde_json::from_str(&erased[0].detail).unwrap();
    assert_eq!(detail, serde_json::json!({ "erased": 1, "before": day(1).to_rfc3339() }));
    assert!(store.verify_audit().await.unwrap().faults.is_empty());
    let standing = store.retention_standing(day(181)).await.unwrap();
    assert_eq!((standing.last, standing.due, standing.kept, standing.leap), (Some(done), 0, 2, None));
    // A clock that was set back erases nothing and holds nothing up.
    assert_eq!(store.tidy_if_due(&admin(), day(100), None).await.unwrap().unwrap().unwrap().reporters, 0);
}

#[tokio::test]
async fn a_clock_far_ahead_erases_nothing_until_somebody_says_that_it_is_right() {
    let (folder, store) = open().await;
    let ticket = told(&store, "a", true, day(0)).await;
    lived(&store, day(1)).await;
    assert_eq!(store.tidy_if_due(&admin(), day(1), None).await.unwrap().unwrap().unwrap().reporters, 0);
    let ahead = day(3_650);
    for _ in 0..2 {
        let leap = store.tidy_if_due(&admin(), ahead, None).await.unwrap().unwrap().unwrap_err();
        assert_eq!((leap.from, leap.to), (day(1), ahead));
        assert!(leap.words().contains("--clock-is-right"), "{}", leap.words());
    }
    // Nor after a restart, and although the wall wrote meanwhile.
    lived(&store, ahead).await;
    store.close().await;
    let store = store_at(&folder.path().join("data")).await.unwrap();
    assert!(store.tidy(&admin(), ahead.plus_ms(DAY_MS), false, None).await.unwrap().is_err());
    assert!(store.retention_standing(ahead).await.unwrap().words().contains("nothing is erased"));
    assert!(is_kept(&store, ticket).await);
    // Set right again it goes on as if nothing had been.
    assert!(store.tidy_if_due(&admin(), day(3), None).await.unwrap().unwrap().is_ok());
    assert!(is_kept(&store, ticket).await);
    assert_eq!(store.tidy(&admin(), ahead, true, None).await.unwrap().unwrap().reporters, 1);
    let last = store.audit_lines(1, 100).await.unwrap().pop().unwrap();
    assert!(last.action == "retention.run" && last.detail.contains("\"clock_confirmed\":true"), "{last:?}");
}

#[tokio::test]
async fn the_first_time_the_records_of_the_store_say_whether_the_clock_leapt() {
    let (_folder, store) = open().await;
    let ticket = told(&store, "a", true, day(0)).await;
    // It ran under a clock that was set far ahead before anything was ever erased.
    lived(&store, day(3_000)).await;
    let leap = store.tidy_if_due(&admin(), day(3_000), None).await.unwrap().unwrap().unwrap_err();
    assert_eq!((leap.from, leap.to), (day(0), day(3_000)));
    assert!(is_kept(&store, ticket).await);
}

#[tokio::test]
async fn what_a_clock_that_was_far_behind_recorded_counts_from_the_beginning_of_the_store() {
    let (_folder, store) = open().await;
    lived(&store, day(0)).await;
    assert!(store.tidy(&admin(), day(0), false, None).await.unwrap().is_ok());
    // A machine without a battery begins in 1970.
    let ticket = told(&store, "a", true, UtcMs(5_000_000)).await;
    assert_eq!(store.tidy_if_due(&admin(), day(1), None).await.unwrap().unwrap().unwrap().reporters, 0);
    assert!(is_kept(&store, ticket).await);
}

#[tokio::test]
async fn positions_and_log_lines_have_an_age_and_what_stays_is_known_to_begin_later() {
    let (_folder, store) = open().await;
    store.set_trails(&admin(), day(0), true).await.unwrap();
    let mut tx = store.write(&admin(), day(0)).await.unwrap();
    tx.put(&[positions::member("s1")]).await.unwrap();
    for n in [0, 1] {
        let place = Place { lon: 120.0, lat: 31.0 };
        let position = PositionRecord { staff: "s1".into(), place, accuracy_m: None, at: day(0).plus_ms(-n * 60_000) };
        assert_eq!(tx.put_positions(&[position]).await.unwrap(), [true]);
    }
    tx.commit().await.unwrap();
    // 120,000 old lines.
    sql(
        &store,
        "INSERT INTO change_log (revision, recorded_at, kind, id, op)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
         SELECT (SELECT max(revision) FROM change_log) + i, 1767225600000, 'setting', 0, 'upsert' FROM n",
    )
    .await;
    lived(&store, day(20)).await;
    let newest = store.revision().await.unwrap();
    let done = store.tidy(&admin(), day(29), false, None).await.unwrap().unwrap();
    assert_eq!((done.positions, done.lines), (0, 0), "not old enough");
    let done = store.tidy(&admin(), day(31), false, None).await.unwrap().unwrap();
    assert_eq!((done.positions, done.lines), (2, (newest - LINES_KEPT) as u64));
    assert_eq!(store.positions().await.unwrap().len(), 1, "the last one stays");
    assert_eq!(store.revision().await.unwrap(), newest);
    let floor = newest - LINES_KEPT;
    let batch = store.changes_since(floor - 1, 10).await.unwrap();
    assert_eq!((batch.from_revision, batch.to_revision), (floor, floor + 10), "what lies before is gone, and seen to be");
    let batch = store.changes_since(floor, 10).await.unwrap();
    assert_eq!(batch.from_revision, floor, "from the floor nothing is missing");
    assert_eq!(store.kinds_since(floor - 1).await.unwrap().len(), ChangeKind::ALL.len(), "anything may have changed");
    assert_eq!(store.kinds_since(floor).await.unwrap(), [(ChangeKind::Setting, newest)]);
    assert_eq!(store.tidy(&admin(), day(31), false, None).await.unwrap().unwrap().lines, 0);
}

#[tokio::test]
async fn a_suspended_ticket_says_since_when() {
    let (_folder, store) = open().await;
    let at = |h: i64| T0.plus_ms(h * 3_600_000);
    let status = |to, h| TicketRecord { status: Some(to), status_at: Some(at(h)), due_at: Some(at(5)), ..record("a") };
    use TicketStatus::*;
    for (row, since, runs_out) in [
        (status(InProgress, 1), None, Some(at(5))),
        (status(Suspended, 2), Some(at(2)), None),
        (status(Dispatched, 3), None, Some(at(5))),
        // Late already: it stays late.
        (status(Suspended, 6), Some(at(6)), Some(at(5))),
        (status(Suspended, 7), Some(at(6)), Some(at(5))),
    ] {
        let mut tx = store.write(&admin(), at(8)).await.unwrap();
        let id = tx.put_tickets(&[write(row)], Origin::Intake).await.unwrap()[0].id().unwrap();
        tx.commit().await.unwrap();
        let (ticket, _) = store.tickets_by_id(NetworkId(1), &[id]).await.unwrap().remove(0);
        assert_eq!((ticket.suspended_at, ticket.runs_out_at()), (since, runs_out), "{:?}", ticket.status);
    }
}

#[tokio::test]
async fn who_lost_the_duty_meanwhile_lets_nothing_go() {
    use super::leases::holding;
    let (_folder, store) = open().await;
    let over = told(&store, "over", true, day(0)).await;
    for n in (0..=180).step_by(30) {
        lived(&store, day(n)).await;
    }
    let fence = store.hold_leases(&["keeping"], "a", "a", 60_000).await.unwrap()[0].unwrap();
    store.release_leases("a").await.unwrap();
    let next = store.hold_leases(&["keeping"], "b", "b", 60_000).await.unwrap()[0].unwrap();
    let lines = store.audit_lines(1, 1_000).await.unwrap().len();
    let refused = store.tidy_if_due(&admin(), day(181), Some(&holding("a", fence))).await.unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    assert!(is_kept(&store, over).await && store.tidied().await.unwrap().is_none());
    assert_eq!(store.audit_lines(1, 1_000).await.unwrap().len(), lines);
    let done = store.tidy_if_due(&admin(), day(181), Some(&holding("b", next))).await.unwrap().unwrap().unwrap();
    assert_eq!(done.reporters, 1);
    assert!(!is_kept(&store, over).await);
}
