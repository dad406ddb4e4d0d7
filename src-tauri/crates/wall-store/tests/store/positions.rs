//! Where staff are has numbers and no lines in the log; where they were is kept where somebody wants it.

use super::*;

pub(super) fn member(external_id: &str) -> StaffRecord {
    StaffRecord {
        external_id: external_id.into(),
        name: "王静".into(),
        role: String::new(),
        unit: String::new(),
        cell_codes: vec![],
        phone: String::new(),
        shifts: String::new(),
        absent: Absent::default(),
    }
}

fn at(staff: &str, lon: f64, at_ms: i64) -> PositionRecord {
    PositionRecord { staff: staff.into(), place: Place { lon, lat: 31.0 }, accuracy_m: None, at: T0.plus_ms(at_ms) }
}

/// Writes positions `recorded_ms` after the beginning; says of whom they could be taken.
async fn put(store: &Store, records: &[PositionRecord], recorded_ms: i64) -> Vec<bool> {
    let mut tx = store.write(&admin(), T0.plus_ms(recorded_ms)).await.unwrap();
    let known = tx.put_positions(records).await.unwrap();
    tx.commit().await.unwrap();
    known
}

async fn with_staff(external_ids: &[&str]) -> (tempfile::TempDir, Store) {
    let (folder, store) = open().await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    tx.put(&external_ids.iter().map(|id| member(id)).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    (folder, store)
}

fn places(found: &[Position]) -> Vec<(i64, f64)> {
    found.iter().map(|p| (p.staff.0, p.place.lon)).collect()
}

#[tokio::test]
async fn a_position_of_the_future_is_no_newer_than_the_moment_it_came() {
    let (_folder, store) = with_staff(&["S1"]).await;
    store.set_trails(&admin(), T0, true).await.unwrap();
    let put = async |lon: f64, at_ms: i64, recorded_ms: i64| {
        assert_eq!(put(&store, &[at("S1", lon, at_ms)], recorded_ms).await, [true]);
        store.positions().await.unwrap()[0].place.lon
    };
    assert_eq!(put(1.0, 3_600_000, 1_000).await, 1.0);
    assert_eq!(put(2.0, 2_000, 2_000).await, 2.0, "what came later and is of now is newer");
    assert_eq!(put(3.0, 1_500, 3_000).await, 2.0, "what happened before is not");
    let then = async |at_ms: i64, base| {
        let found = store.positions_at(T0.plus_ms(at_ms), base).await.unwrap().unwrap();
        found.first().map(|p| p.place.lon)
    };
    assert_eq!(then(999, Timebase::System).await, None);
    assert_eq!(then(1_200, Timebase::System).await, Some(1.0));
    assert_eq!(then(1_200, Timebase::Foreign).await, None);
    assert_eq!(then(5_000, Timebase::System).await, Some(2.0));
}

#[tokio::test]
async fn whoever_follows_finds_new_positions_by_their_numbers_and_the_log_holds_none() {
    let (_folder, store) = with_staff(&["S1", "S2"]).await;
    let revision = store.revision().await.unwrap();
    assert_eq!(store.positions_after(-1).await.unwrap(), (vec![], -1));
    let first = [at("S1", 1.0, 0), at("nobody", 9.0, 0), at("S2", 2.0, 0), at("S1", 3.0, 10)];
    assert_eq!(put(&store, &first, 1_000).await, [true, false, true, true]);
    let (found, newest) = store.positions_after(-1).await.unwrap();
    assert_eq!(places(&found), [(2, 2.0), (1, 3.0)], "the last word of one message about somebody holds");
    assert_eq!(store.positions_after(newest).await.unwrap(), (vec![], newest));
    put(&store, &[at("S2", 4.0, 20)], 2_000).await;
    let (found, later) = store.positions_after(newest).await.unwrap();
    assert_eq!(places(&found), [(2, 4.0)]);
    // An older one changes nothing, so nobody is told.
    put(&store, &[at("S2", 5.0, 15)], 3_000).await;
    assert_eq!(store.positions_after(later).await.unwrap(), (vec![], later));
    assert_eq!(store.revision().await.unwrap(), revision, "no line of the log");
    assert_eq!(store.last_write().await.unwrap(), Some(T0.plus_ms(2_000)), "but a write all the same");
}

#[tokio::test]
async fn where_people_were_is_kept_only_while_trails_are_on() {
    let (_folder, store) = with_staff(&["S1"]).await;
    put(&store, &[at("S1", 1.0, 0)], 0).await;
    assert_eq!(store.positions_at(T0, Timebase::System).await.unwrap(), None, "not kept, which is not the same as nobody");
    assert_eq!(store.set_trails(&admin(), T0, true).await.unwrap(), 0);
    assert_eq!(store.positions_at(T0, Timebase::System).await.unwrap(), Some(vec![]), "from now on");
    put(&store, &[at("S1", 2.0, 1_000), at("S1", 3.0, 2_000)], 2_000).await;
    let then = store.positions_at(T0.plus_ms(1_500), Timebase::System).await.unwrap().unwrap();
    assert_eq!(places(&then), [(1, 2.0)]);
    assert_eq!(store.set_trails(&admin(), T0, false).await.unwrap(), 2, "what was kept goes");
    put(&store, &[at("S1", 4.0, 3_000)], 3_000).await;
    assert_eq!(places(&store.positions().await.unwrap()), [(1, 4.0)], "the last one is always known");
    store.set_trails(&admin(), T0, true).await.unwrap();
    assert_eq!(store.positions_at(T0.plus_ms(9_000), Timebase::System).await.unwrap(), Some(vec![]), "nothing came back");
    let said: Vec<String> =
        store.audit_lines(1, 100).await.unwrap().into_iter().map(|l| l.action).filter(|a| a.starts_with("trails")).collect();
    assert_eq!(said.iter().filter(|a| *a == "trails").count(), 3);
    assert_eq!(said.iter().filter(|a| *a == "trails.dropped").count(), 1);
}

#[tokio::test]
async fn a_store_with_positions_in_its_log_goes_on() {
    let (folder, store) = open().await;
    if store.server().is_some() {
        eprintln!("skipped: no edition before kept its database on a server");
        return;
    }
    // As an edition before left it.
    retention::sql(
        &store,
        "DELETE FROM _sqlx_migrations WHERE version = 22; DROP INDEX position_by_revision; \
         INSERT INTO staff (id, external_id, name, role, unit, cell_codes, shifts, recorded_at, revision) \
             VALUES (1, 's1', '王静', '', '', '', '', 5, 1), (2, 's2', '李', '', '', '', '', 5, 2); \
         INSERT INTO position (staff_id, lon, lat, accuracy_m, at, recorded_at, revision) \
             VALUES (1, 120.0, 31.0, NULL, 7, 8, 0), (2, 121.0, 31.0, NULL, 7, 8, 0); \
         INSERT INTO position_log (staff_id, at, lon, lat, accuracy_m, recorded_at) \
             VALUES (1, 6, 119.0, 31.0, NULL, 8), (1, 7, 120.0, 31.0, NULL, 8), (2, 7, 121.0, 31.0, NULL, 8); \
         INSERT INTO change_log (revision, recorded_at, kind, id, op) \
             VALUES (1, 5, 'staff', 1, 'upsert'), (2, 5, 'staff', 2, 'upsert'), (3, 8, 'position', 1, 'upsert')",
    )
    .await;
    store.close().await;
    let store = Store::open(&folder.path().join("data")).await.unwrap();
    for _ in 0..2 {
        store.say_unsaid(&admin(), T0).await.unwrap();
    }
    let said: Vec<(String, String)> =
        store.audit_lines(1, 10).await.unwrap().into_iter().map(|line| (line.action, line.detail)).collect();
    assert_eq!(said, [("trails.dropped".to_owned(), r#"{"by":"upgrade","positions":3}"#.to_owned())], "once");
    assert_eq!(store.positions_at(T0, Timebase::System).await.unwrap(), None);
    // Lines of then are read as they were.
    let batch = store.changes_since(1, 10).await.unwrap();
    assert_eq!(batch.changes.iter().map(|c| c.kind).collect::<Vec<_>>(), [ChangeKind::Staff, ChangeKind::Position]);
    let (found, newest) = store.positions_after(-1).await.unwrap();
    assert_eq!((places(&found), newest), (vec![(1, 120.0), (2, 121.0)], 0), "the last of each stays");
    assert_eq!(put(&store, &[at("s2", 122.0, 0)], 0).await, [true]);
    assert_eq!(places(&store.positions_after(newest).await.unwrap().0), [(2, 122.0)]);
}
