//! The store on a real file: durability settings, idempotence, history, plans, sealing, the audit chain.
#![allow(clippy::unwrap_used)]

use wall_core::*;
use wall_store::*;

const T0: UtcMs = UtcMs(1_767_225_600_000);

fn admin() -> Actor {
    Actor::new("os:test", Role::Admin, "cli")
}

async fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).await.unwrap();
    (folder, store)
}

fn record(external_id: &str) -> TicketRecord {
    TicketRecord {
        source: "test".into(),
        external_id: external_id.into(),
        category: "noise".into(),
        title: "夜间施工".into(),
        description: String::new(),
        place: Place { lon: 120.5, lat: 31.25 },
        accuracy_m: None,
        address: String::new(),
        channel: None,
        platform: None,
        severity: None,
        community_code: String::new(),
        reported_at: Some(T0),
        due_at: None,
        status: None,
        closed_at: None,
        reporter: None,
        attachments: vec![],
        sensitive: None,
        inverted_times: false,
    }
}

fn write(record: TicketRecord) -> TicketWrite {
    let fallback = TicketFallback {
        severity: Severity::DEFAULT,
        platform: None,
        reported_at: T0,
        due_at: Some(T0.plus_ms(3_600_000)),
        sensitive: false,
    };
    TicketWrite { record, fallback, attributed: None }
}

async fn put(store: &Store, records: Vec<TicketRecord>) -> (Vec<TicketOutcome>, ChangeBatch) {
    let mut tx = store.write(&admin(), T0.plus_ms(5)).await.unwrap();
    let writes: Vec<TicketWrite> = records.into_iter().map(write).collect();
    let outcomes = tx.put_tickets(&writes, "intake").await.unwrap();
    (outcomes, tx.commit().await.unwrap())
}

#[tokio::test]
async fn durability_settings_are_on() {
    let (_folder, store) = open().await;
    let expected = Pragmas { journal_mode: "wal".into(), synchronous: 2, foreign_keys: 1, secure_delete: 1 };
    assert_eq!(store.pragmas().await.unwrap(), expected);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, store) = open().await;
    put(&store, vec![record("1")]).await;
    let data = folder.path().join("data");
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn the_same_record_again_changes_nothing() {
    let (_folder, store) = open().await;
    let many: Vec<TicketRecord> = (0..300).map(|i| record(&i.to_string())).collect();
    let (first, batch) = put(&store, many.clone()).await;
    assert!(first.iter().all(|o| matches!(o, TicketOutcome::Created(_))));
    assert_eq!(batch.changes.len(), 300);
    let (again, batch) = put(&store, many).await;
    assert!(again.iter().all(|o| matches!(o, TicketOutcome::Unchanged(_))));
    assert!(batch.changes.is_empty());
    assert_eq!(store.ticket_count().await.unwrap(), 300);
    assert_eq!(store.changes_since(0, 1_000).await.unwrap().changes.len(), 300);
}

#[tokio::test]
async fn a_key_twice_in_one_batch_is_one_ticket_with_its_history() {
    let (_folder, store) = open().await;
    let closed = TicketRecord { status: Some(TicketStatus::Closed), closed_at: Some(T0.plus_ms(60_000)), ..record("a") };
    let (outcomes, _) = put(&store, vec![record("a"), closed, record("b")]).await;
    assert!(matches!(outcomes[..], [TicketOutcome::Created(_), TicketOutcome::Updated(_), TicketOutcome::Created(_)]));
    let id = outcomes[0].id();
    let (ticket, _) = store.tickets_by_id(NetworkId(0), &[id]).await.unwrap().remove(0);
    assert_eq!(
        (ticket.status, ticket.closed_at, ticket.due_at),
        (TicketStatus::Closed, Some(T0.plus_ms(60_000)), Some(T0.plus_ms(3_600_000)))
    );
    let history: Vec<_> = store.transitions(id).await.unwrap().iter().map(|t| (t.from, t.to, t.at)).collect();
    let received = TicketStatus::Received;
    assert_eq!(history, [(None, received, T0), (Some(received), TicketStatus::Closed, T0.plus_ms(60_000))]);
    assert_eq!(store.statuses_at(&[id], T0.plus_ms(59_999)).await.unwrap()[&id], received);
}

#[tokio::test]
async fn only_legal_moves_are_accepted() {
    let (_folder, store) = open().await;
    let (outcomes, _) = put(&store, vec![record("a")]).await;
    let id = outcomes[0].id();
    for (to, legal) in [
        (TicketStatus::Closed, false),
        (TicketStatus::Filed, true),
        (TicketStatus::Dispatched, true),
        (TicketStatus::Rated, false),
    ] {
        let mut tx = store.write(&admin(), T0).await.unwrap();
        let done = tx.move_ticket(id, to, T0, "test").await;
        assert_eq!(done.is_ok(), legal, "{to:?}");
        if legal {
            tx.commit().await.unwrap();
        }
    }
    assert_eq!(store.transitions(id).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_uncommitted_write_leaves_no_trace() {
    let (_folder, store) = open().await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    tx.put_tickets(&[write(record("a"))], "intake").await.unwrap();
    drop(tx);
    assert_eq!((store.ticket_count().await.unwrap(), store.revision().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn reporters_are_sealed_and_can_be_erased() {
    let (folder, store) = open().await;
    let reporter = Reporter { name: "张三丰".into(), phone: "13912345678".into() };
    let (outcomes, _) = put(&store, vec![TicketRecord { reporter: Some(reporter), ..record("a") }]).await;
    let id = outcomes[0].id().0;
    assert_eq!(store.open_sealed("reporter", id).await.unwrap().unwrap()["phone"], "13912345678");
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.erase_sealed("reporter", id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.open_sealed("reporter", id).await.unwrap(), None);
    store.close().await;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let plain = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        assert!(!plain(b"13912345678") && !plain("张三丰".as_bytes()), "a sealed value lies open on disk");
    }
}

fn square(code: &str, x: i64) -> CellRecord {
    let p = |x, y| GridPoint { x, y };
    let outer = vec![p(x, 0), p(x + 1_000_000, 0), p(x + 1_000_000, 1_000_000), p(x, 1_000_000)];
    CellRecord {
        code: code.into(),
        name: String::new(),
        kind: CellKind::Basic,
        community_code: "990101001001".into(),
        community_name: "东门社区".into(),
        households: Some(400),
        owner: None,
        feature_index: 0,
        geometry: CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] },
    }
}

#[tokio::test]
async fn a_plan_takes_effect_and_old_attributions_stay() {
    let (_folder, store) = open().await;
    let cell_at = |cells: Vec<Cell>| {
        let index = CellIndex::build(&cells);
        move |place| index.cell_at(place)
    };
    let (outcomes, _) = put(&store, vec![TicketRecord { place: Place { lon: 0.0005, lat: 0.0005 }, ..record("a") }]).await;
    let id = outcomes[0].id();
    let mut cells_of = Vec::new();
    for (i, name) in ["first", "second"].into_iter().enumerate() {
        let mut tx = store.write(&admin(), T0.plus_ms(i as i64 * 1000)).await.unwrap();
        let network = tx.network("general", "general").await.unwrap();
        let cells = [square(name, 0)];
        let (plan, first) = tx.draft_plan(&PlanDraft { network, name, cells: &cells }).await.unwrap();
        let from = tx.publish_plan(plan, None).await.unwrap();
        assert_eq!(from, if i == 0 { PLAN_EPOCH } else { T0.plus_ms(1000) });
        assert!(tx.publish_plan(plan, None).await.is_err(), "a published plan is never published again");
        let cell = Cell {
            id: first,
            plan,
            code: name.into(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            feature_index: 0,
            geometry: cells[0].geometry.clone(),
        };
        assert_eq!(tx.attribute_all(network, plan, &cell_at(vec![cell])).await.unwrap(), 1);
        tx.commit().await.unwrap();
        cells_of.push(first);
        let (_, cell) = store.tickets_by_id(network, &[id]).await.unwrap().remove(0);
        assert_eq!(cell, Some(first));
    }
    let plans = store.plans(NetworkId(1)).await.unwrap();
    assert_eq!(plans[0].plan.effective_to, plans[1].plan.effective_from);
    assert!(plans[0].plan.in_force_at(T0) && !plans[1].plan.in_force_at(T0));
    assert_ne!(cells_of[0], cells_of[1]);
}

#[tokio::test]
async fn tampering_with_the_audit_log_is_found() {
    let (folder, store) = open().await;
    for i in 0..5 {
        let mut tx = store.write(&admin(), T0.plus_ms(i)).await.unwrap();
        tx.audit("test", &format!("{{\"n\":{i}}}")).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict { lines: 5, anchored: 5, faults: vec![] });
    store.close().await;
    let path = folder.path().join("data");
    let url = format!("sqlite:{}", path.join("gridwall.db").display());
    let tampers = [
        "UPDATE audit SET detail = '{\"n\":9}' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit WHERE seq = 3",
    ];
    let good = std::fs::read(path.join("gridwall.db")).unwrap();
    for tamper in tampers {
        std::fs::write(path.join("gridwall.db"), &good).unwrap();
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query(tamper).execute(&pool).await.unwrap();
        pool.close().await;
        let store = Store::open(&path).await.unwrap();
        assert!(!store.verify_audit().await.unwrap().faults.is_empty(), "not found: {tamper}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_key_file_of_another_store_is_refused() {
    let (folder, store) = open().await;
    store.close().await;
    std::fs::write(folder.path().join("data/keys"), [7u8; 64]).unwrap();
    assert!(matches!(Store::open(&folder.path().join("data")).await, Err(StoreError::Key(_))));
    std::fs::remove_file(folder.path().join("data/keys")).unwrap();
    assert!(matches!(Store::open(&folder.path().join("data")).await, Err(StoreError::Key(_))));
}

#[tokio::test]
async fn tokens_open_the_door_until_revoked() {
    let (_folder, store) = open().await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    let secret = tx.create_token("feed", Role::Feed, true).await.unwrap();
    assert!(tx.create_token("feed", Role::Feed, true).await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(store.token_by_secret(&secret).await.unwrap().unwrap().name, "feed");
    assert!(store.token_by_secret("gw_0").await.unwrap().is_none());
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.revoke_token("feed").await.unwrap());
    tx.commit().await.unwrap();
    assert!(store.token_by_secret(&secret).await.unwrap().is_none());
}
