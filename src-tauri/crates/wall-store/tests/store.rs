//! The store on a real file: durability settings, idempotence, history, plans, sealing, the audit chain.
#![allow(clippy::unwrap_used)]

#[path = "store/backups.rs"]
mod backups;
#[path = "store/history.rs"]
mod history;
#[path = "store/leases.rs"]
mod leases;
#[path = "store/plans.rs"]
mod plans;
#[path = "store/positions.rs"]
mod positions;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/search.rs"]
mod search;

use wall_core::*;
use wall_store::*;

const T0: UtcMs = UtcMs(1_767_225_600_000);

fn admin() -> Actor {
    Actor::new("os:test", Role::Admin, "cli")
}

/// A store whose database lies where this run of the tests has it.
async fn store_at(folder: &std::path::Path) -> Result<Store, StoreError> {
    Store::open_at(folder, wall_tests::database_of(folder).as_deref()).await
}

async fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = store_at(&folder.path().join("data")).await.unwrap();
    (folder, store)
}

fn record(external_id: &str) -> TicketRecord {
    TicketRecord {
        source: "test".into(),
        external_id: external_id.into(),
        category: "noise".into(),
        title: "夜间施工".into(),
        place: Some(Place { lon: 120.5, lat: 31.25 }),
        reported_at: Some(T0),
        ..TicketRecord::default()
    }
}

fn write(record: TicketRecord) -> TicketWrite {
    let fallback = TicketFallback {
        severity: Severity::DEFAULT,
        platform: None,
        reported_at: T0,
        now: T0,
        due_at: Some(T0.plus_ms(3_600_000)),
        sensitive: false,
        found: None,
    };
    TicketWrite { record, fallback, attributed: None }
}

async fn put(store: &Store, records: Vec<TicketRecord>) -> (Vec<TicketOutcome>, ChangeBatch) {
    let mut tx = store.write(&admin(), T0.plus_ms(600_000)).await.unwrap();
    let writes: Vec<TicketWrite> = records.into_iter().map(write).collect();
    let outcomes = tx.put_tickets(&writes, Origin::Intake).await.unwrap();
    (outcomes, tx.commit().await.unwrap())
}

#[tokio::test]
async fn durability_settings_are_on() {
    let (_folder, store) = open().await;
    let expected = Pragmas { journal_mode: "wal".into(), synchronous: 2, foreign_keys: 1, secure_delete: 1 };
    // Of a server it is asked when the store is opened.
    assert_eq!(store.pragmas().await.unwrap(), store.server().is_none().then_some(expected));
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
    let id = outcomes[0].id().unwrap();
    let (ticket, _) = store.tickets_by_id(NetworkId(0), &[id]).await.unwrap().remove(0);
    assert_eq!(
        (ticket.status, ticket.closed_at, ticket.due_at),
        (TicketStatus::Closed, Some(T0.plus_ms(60_000)), Some(T0.plus_ms(3_600_000)))
    );
    let events = store.ticket_events(&[id]).await.unwrap().remove(&id).unwrap();
    let closed = StatusSet { from: TicketStatus::Received, to: TicketStatus::Closed, reason: String::new() };
    let happened: Vec<_> = events.iter().map(|e| (e.payload.clone(), e.at, e.origin, &*e.actor, &*e.station)).collect();
    assert_eq!(
        happened,
        [
            (Payload::Received(Received::default()), T0, Origin::Intake, "os:test", "cli"),
            (Payload::Status(closed), T0.plus_ms(60_000), Origin::Intake, "os:test", "cli"),
        ]
    );
    let then = store.tickets_at(NetworkId(0), &[id], T0.plus_ms(59_999), Timebase::System, None).await.unwrap();
    assert_eq!(then[0].0.ticket.status, TicketStatus::Received);
}

#[tokio::test]
async fn only_legal_moves_are_accepted() {
    let (_folder, store) = open().await;
    let (outcomes, _) = put(&store, vec![record("a")]).await;
    let id = outcomes[0].id().unwrap();
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
    assert_eq!(store.ticket_events(&[id]).await.unwrap()[&id].len(), 3);
}

#[tokio::test]
async fn an_uncommitted_write_leaves_no_trace() {
    let (_folder, store) = open().await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    tx.put_tickets(&[write(record("a"))], Origin::Intake).await.unwrap();
    drop(tx);
    assert_eq!((store.ticket_count().await.unwrap(), store.revision().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn reporters_are_sealed_and_can_be_erased() {
    let (folder, store) = open().await;
    let reporter = Reporter { name: "张三丰".into(), phone: "13912345678".into() };
    let (outcomes, _) = put(&store, vec![TicketRecord { reporter: Some(reporter), ..record("a") }]).await;
    let id = outcomes[0].id().unwrap().0;
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
        move |w: &WaitingTicket| index.cell_at(w.place)
    };
    let (outcomes, _) = put(&store, vec![TicketRecord { place: Some(Place { lon: 0.0005, lat: 0.0005 }), ..record("a") }]).await;
    let id = outcomes[0].id().unwrap();
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
        assert!(!store.is_attributed_to(network, plan, 0).await.unwrap());
        assert_eq!(tx.attribute_all(network, plan, &cell_at(vec![cell])).await.unwrap(), 1 + i as u64);
        let attributed = tx.commit().await.unwrap();
        assert!(store.is_attributed_to(network, plan, 0).await.unwrap());
        // Asked again, only what was recorded since is looked at.
        let since = attributed.to_revision;
        let (other, _) = put(&store, vec![record(&format!("later-{i}"))]).await;
        assert!(!store.is_attributed_to(network, plan, since).await.unwrap());
        assert!(store.is_attributed_to(network, plan, store.revision().await.unwrap()).await.unwrap());
        let mut tx = store.write(&admin(), T0.plus_ms(900_000)).await.unwrap();
        let inside = Attributed { network, plan, cell: Some(first) };
        tx.attribute(&[(other[0].id().unwrap(), inside)]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.is_attributed_to(network, plan, since).await.unwrap());
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
    let tampers = [
        "UPDATE audit SET detail = '{\"n\":9}' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit WHERE seq = 3",
    ];
    for tamper in tampers {
        wall_tests::behind(&path, "CREATE TABLE kept AS SELECT * FROM audit").await;
        wall_tests::behind(&path, tamper).await;
        let store = store_at(&path).await.unwrap();
        assert!(!store.verify_audit().await.unwrap().faults.is_empty(), "not found: {tamper}");
        store.close().await;
        wall_tests::behind(&path, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept").await;
    }
}

#[tokio::test]
async fn a_key_file_of_another_store_is_refused() {
    let (folder, store) = open().await;
    store.close().await;
    std::fs::write(folder.path().join("data/keys"), [7u8; 64]).unwrap();
    assert!(matches!(store_at(&folder.path().join("data")).await, Err(StoreError::Key(_))));
    std::fs::remove_file(folder.path().join("data/keys")).unwrap();
    match (store_at(&folder.path().join("data")).await, wall_tests::database_of(&folder.path().join("data"))) {
        (Err(StoreError::Key(_)), None) => {}
        // A machine that comes to a database without its keys reads it, and no more.
        (Ok(store), Some(_)) => {
            assert!(!store.has_keys() && store.revision().await.is_ok());
            assert!(matches!(store.write(&admin(), T0).await.err(), Some(StoreError::Failed { fault: Fault::ReadOnly, .. })));
            assert!(store.verify_audit().await.is_err());
        }
        (other, _) => panic!("{:?}", other.map(drop)),
    }
}

#[tokio::test]
async fn tokens_open_the_door_until_revoked() {
    let (_folder, store) = open().await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    let secret = tx.create_token("feed", Role::Feed, true, &[]).await.unwrap();
    assert!(tx.create_token("feed", Role::Feed, true, &[]).await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(store.token_by_secret(&secret).await.unwrap().unwrap().name, "feed");
    assert!(store.token_by_secret("gw_0").await.unwrap().is_none());
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.revoke_token("feed").await.unwrap());
    tx.commit().await.unwrap();
    assert!(store.token_by_secret(&secret).await.unwrap().is_none());
}

#[tokio::test]
async fn a_password_opens_only_its_own_hash() {
    let (_folder, store) = open().await;
    let hash = store.hash_password("correct horse battery").unwrap();
    assert_eq!(format!("{hash:?}"), "PasswordHash(…)", "a hash is not printed");
    assert!(store.verify_password("correct horse battery", Some(&hash)));
    for wrong in ["", "correct horse batter", "Correct horse battery", "correct horse battery ", &"x".repeat(5_000)] {
        assert!(!store.verify_password(wrong, Some(&hash)), "{wrong}");
        assert!(!store.verify_password(wrong, None));
    }
    // Peppered with the key file: another store's hash of the same password does not open here.
    let (_other_folder, other) = open().await;
    assert!(!other.verify_password("correct horse battery", Some(&hash)));
}

/// What lies on disk as the password of an account.
async fn kept(folder: &tempfile::TempDir, name: &str) -> String {
    wall_tests::found_behind(&folder.path().join("data"), &format!("SELECT hash FROM account WHERE name = '{name}'")).await
}

async fn add(store: &Store, name: &str, role: Role) -> Account {
    let hash = store.hash_password("correct horse battery").unwrap();
    let mut tx = store.write(&admin(), T0).await.unwrap();
    let made = tx.add_account(name, "", role, &hash).await.unwrap();
    tx.commit().await.unwrap();
    made
}

async fn session(store: &Store, account: &Account, at: UtcMs) -> String {
    let mut tx = store.write(&Actor::new(&account.name, account.role, "browser"), at).await.unwrap();
    let secret = tx.open_session(account).await.unwrap();
    tx.commit().await.unwrap();
    secret
}

#[tokio::test]
async fn accounts_are_made_once_and_a_name_is_never_given_again() {
    let (folder, store) = open().await;
    assert!(!store.any_account().await.unwrap());
    let planner = add(&store, "planner", Role::Planner).await;
    assert_eq!((planner.display_name.as_str(), planner.role), ("planner", Role::Planner));
    assert!(store.any_account().await.unwrap());
    let phc = kept(&folder, "planner").await;
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    let hash = store.hash_password("correct horse battery").unwrap();
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.add_account("planner", "", Role::Leader, &hash).await.is_err());
    assert!(tx.add_account("machine", "", Role::Feed, &hash).await.is_err());
    assert!(tx.set_password("nobody", &hash).await.is_err());
    tx.remove_account("planner").await.unwrap();
    assert!(tx.remove_account("planner").await.is_err());
    assert!(tx.add_account("planner", "", Role::Planner, &hash).await.is_err(), "the log still names the first one");
    assert!(tx.open_session(&planner).await.is_err());
    tx.commit().await.unwrap();
    assert!(store.account_to_verify("planner").await.unwrap().is_none());
    assert!(!store.any_account().await.unwrap());
    assert_eq!(store.accounts().await.unwrap()[0].removed_at, Some(T0));
    assert_eq!(kept(&folder, "planner").await, "", "the password of a removed account is erased");
}

#[tokio::test]
async fn sessions_end_by_themselves_with_the_password_and_with_the_account() {
    let (folder, store) = open().await;
    let (planner, leader) = (add(&store, "planner", Role::Planner).await, add(&store, "leader", Role::Leader).await);
    let who = async |store: &Store, secret: &str, at: UtcMs| {
        store.account_by_session(secret, at).await.unwrap().map(|(account, _)| account.name)
    };
    let first = session(&store, &planner, T0).await;
    let other = session(&store, &leader, T0).await;
    assert!(Store::is_session_secret(&first) && !Store::is_session_secret("gs_") && !Store::is_session_secret("gw_0"));
    assert_eq!(who(&store, &first, T0).await.as_deref(), Some("planner"));
    assert_eq!(who(&store, &first, T0.plus_ms(SESSION_IDLE_MS - 1)).await.as_deref(), Some("planner"));
    assert_eq!(who(&store, &first, T0.plus_ms(SESSION_IDLE_MS)).await, None, "nobody used it");
    // Used now and then it lasts, but not for ever.
    let mut at = T0;
    while at.0 + SESSION_IDLE_MS / 2 < T0.0 + SESSION_LIFE_MS {
        at = at.plus_ms(SESSION_IDLE_MS / 2);
        assert_eq!(who(&store, &first, at).await.as_deref(), Some("planner"));
        store.touch_session(&first, at).await.unwrap();
    }
    assert_eq!(who(&store, &first, T0.plus_ms(SESSION_LIFE_MS)).await, None);

    // A restart throws nobody out.
    store.close().await;
    let store = store_at(&folder.path().join("data")).await.unwrap();
    assert_eq!(who(&store, &other, T0).await.as_deref(), Some("leader"));

    let second = session(&store, &planner, T0).await;
    let hash = store.hash_password("another horse battery").unwrap();
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.set_password("planner", &hash).await.unwrap() >= 1);
    tx.commit().await.unwrap();
    assert_eq!(who(&store, &second, T0).await, None, "another password ends every session");
    assert_eq!(who(&store, &other, T0).await.as_deref(), Some("leader"), "of that account alone");

    let third = session(&store, &planner, T0).await;
    let mut tx = store.write(&Actor::new("planner", Role::Planner, "browser"), T0).await.unwrap();
    assert!(tx.close_session(&third).await.unwrap());
    assert!(!tx.close_session(&third).await.unwrap());
    tx.remove_account("leader").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((who(&store, &third, T0).await, who(&store, &other, T0).await), (None, None));
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_no_more() {
    let (_folder, store) = open().await;
    let planner = add(&store, "planner", Role::Planner).await;
    let mut secrets = Vec::new();
    for i in 0..40 {
        secrets.push(session(&store, &planner, T0.plus_ms(i)).await);
    }
    let mut alive = 0;
    for secret in &secrets {
        alive += usize::from(store.account_by_session(secret, T0.plus_ms(50)).await.unwrap().is_some());
    }
    assert_eq!(alive, 32);
    assert!(store.account_by_session(&secrets[0], T0.plus_ms(50)).await.unwrap().is_none(), "the oldest gave way");
    assert!(store.account_by_session(&secrets[39], T0.plus_ms(50)).await.unwrap().is_some());
}

#[tokio::test]
async fn failures_are_counted_by_name_and_forgotten_after_success() {
    let (folder, store) = open().await;
    let planner = add(&store, "planner", Role::Planner).await;
    let fail = async |name: &str, account: Option<&Account>, at: UtcMs| {
        let mut tx = store.write(&Actor::new("nobody", Role::Viewer, "browser"), at).await.unwrap();
        let failures = tx.note_failure(name, account).await.unwrap();
        tx.commit().await.unwrap();
        failures
    };
    for i in 1..=4 {
        assert_eq!(fail("planner", Some(&planner), T0).await.count, i);
        assert_eq!(fail("hunter2-typed-as-name", None, T0).await.count, i, "a name that is nobody's is counted as well");
    }
    assert_eq!(store.failures("planner").await.unwrap(), Failures { count: 4, last_at: Some(T0) });
    session(&store, &planner, T0).await;
    assert_eq!(store.failures("planner").await.unwrap(), Failures::default());
    // A day later the rest is forgotten.
    fail("somebody", None, T0.plus_ms(25 * 3_600_000)).await;
    assert_eq!(store.failures("hunter2-typed-as-name").await.unwrap(), Failures::default());

    let lines = store.audit_lines(1, 100).await.unwrap();
    let of = |action: &str| lines.iter().filter(|l| l.action == action).collect::<Vec<_>>();
    assert_eq!((of("account.add").len(), of("session.open").len(), of("session.refused").len()), (1, 1, 9));
    assert_eq!(of("session.open")[0].actor, "planner");
    assert!(of("session.refused")[0].detail.contains("\"account\":\"planner\""));
    assert!(of("session.refused")[1].detail.contains("\"account\":null"));
    store.close().await;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for needle in ["hunter2", "horse"] {
            assert!(!bytes.windows(needle.len()).any(|w| w == needle.as_bytes()), "{needle} lies open on disk");
        }
    }
}

/// Columns of a source: what it has says what it says, empty too; what it lacks stays.
#[tokio::test]
async fn a_column_that_is_absent_erases_nothing_and_an_empty_one_does() {
    let (_folder, store) = open().await;
    let camera = Camera {
        external_id: "C1".into(),
        name: "东门".into(),
        place: Place { lon: 1.0, lat: 2.0 },
        kind: "gun".into(),
        heading_deg: Some(90.0),
        fov_deg: None,
        range_m: None,
        stream_url: "rtsp://camera".into(),
        snapshot_url: "http://camera/a.jpg".into(),
        state: CameraState::Online,
        absent: Absent::default(),
    };
    let put = async |record: &Camera| {
        let mut tx = store.write(&admin(), T0).await.unwrap();
        let done = tx.put(std::slice::from_ref(record)).await.unwrap();
        tx.commit().await.unwrap();
        (done.created, done.updated, done.unchanged)
    };
    assert_eq!(put(&camera).await, (1, 0, 0));
    // A later export knows the name only.
    let empty = Camera {
        name: "东门外".into(),
        kind: String::new(),
        heading_deg: None,
        stream_url: String::new(),
        snapshot_url: String::new(),
        state: CameraState::Unknown,
        ..camera.clone()
    };
    let lacking = Camera { absent: Absent::of(["kind", "heading_deg", "stream_url", "snapshot_url", "state"]), ..empty.clone() };
    assert_eq!(put(&lacking).await, (0, 1, 0));
    assert_eq!(put(&lacking).await, (0, 0, 1));
    let now = store.cameras().await.unwrap().remove(0).of;
    assert_eq!(
        (now.name.as_str(), now.kind.as_str(), now.heading_deg, now.state),
        ("东门外", "gun", Some(90.0), CameraState::Online)
    );
    assert_eq!(put(&Camera { name: "东门外".into(), ..camera.clone() }).await, (0, 0, 1), "the addresses are still there");
    assert_eq!(put(&empty).await, (0, 1, 0));
    let now = store.cameras().await.unwrap().remove(0).of;
    assert_eq!((now.kind.as_str(), now.heading_deg, now.state), ("", None, CameraState::Unknown));

    // What is sealed goes by the same rule, and a new phone alone is a change.
    let member = |phone: &str, absent: &[&'static str]| StaffRecord {
        external_id: "P1".into(),
        name: "王某".into(),
        role: "网格员".into(),
        unit: String::new(),
        cell_codes: vec!["A1".into()],
        phone: phone.into(),
        shifts: String::new(),
        absent: Absent::of(absent.iter().copied()),
    };
    for (record, expected, phone) in [
        (member("138", &[]), (1, 0, 0), Some("138")),
        (member("", &["phone", "unit", "shifts"]), (0, 0, 1), Some("138")),
        (member("139", &[]), (0, 1, 0), Some("139")),
        (member("139", &[]), (0, 0, 1), Some("139")),
        (member("", &[]), (0, 1, 0), None),
        (member("", &[]), (0, 0, 1), None),
    ] {
        let mut tx = store.write(&admin(), T0).await.unwrap();
        let done = tx.put(&[record]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((done.created, done.updated, done.unchanged), expected);
        let id = store.staff().await.unwrap()[0].id.0;
        let sealed = store.open_sealed("staff", id).await.unwrap();
        assert_eq!(sealed.as_ref().and_then(|v| v["phone"].as_str()), phone);
    }
    let site = |contact: &str, phone: &str, absent: &[&'static str]| SiteRecord {
        external_id: "S1".into(),
        name: "小学".into(),
        kind: "school".into(),
        place: Place { lon: 1.0, lat: 2.0 },
        contact: contact.into(),
        phone: phone.into(),
        hours: String::new(),
        hazards: String::new(),
        absent: Absent::of(absent.iter().copied()),
    };
    for record in [site("李某", "1", &[]), site("", "2", &["contact"])] {
        let mut tx = store.write(&admin(), T0).await.unwrap();
        tx.put(&[record]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let id = store.sites().await.unwrap()[0].id.0;
    let sealed = store.open_sealed("site", id).await.unwrap().unwrap();
    assert_eq!((sealed["contact"].as_str(), sealed["phone"].as_str()), (Some("李某"), Some("2")));
}

#[tokio::test]
async fn a_ticket_keeps_what_a_later_telling_does_not_say() {
    let (_folder, store) = open().await;
    let full = TicketRecord {
        status_word: "Pending".into(),
        status: Some(TicketStatus::Received),
        reporter: Some(Reporter { name: "王某".into(), phone: "138".into() }),
        ..record("a")
    };
    let (outcomes, _) = put(&store, vec![full.clone()]).await;
    let id = outcomes[0].id().unwrap();
    let first = &store.ticket_events(&[id]).await.unwrap()[&id][0].payload;
    assert_eq!(*first, Payload::Received(Received { reason: "Pending".into() }), "the source's word stays in the history");
    let less = TicketRecord {
        category: String::new(),
        title: String::new(),
        status: None,
        status_word: String::new(),
        reporter: Some(Reporter { name: String::new(), phone: "139".into() }),
        attachments: vec![Attachment { name: "a.jpg".into(), hash: "ff".into() }],
        ..full.clone()
    };
    let (outcomes, _) = put(&store, vec![less.clone()]).await;
    assert!(matches!(outcomes[0], TicketOutcome::Updated(_)), "a picture that comes later is kept");
    assert!(matches!(put(&store, vec![less]).await.0[0], TicketOutcome::Unchanged(_)));
    let (ticket, _) = store.tickets_by_id(NetworkId(1), &[id]).await.unwrap().remove(0);
    assert_eq!((ticket.category, ticket.title, ticket.status), (full.category, full.title, TicketStatus::Received));
    let reporter = store.open_sealed("reporter", id.0).await.unwrap().unwrap();
    assert_eq!((reporter["name"].as_str(), reporter["phone"].as_str()), (Some("王某"), Some("139")));
}

/// Longer than a connection is waited for: who stands in line behind somebody is not told that the store is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_waits_for_the_one_before_it() {
    let (_folder, store) = open().await;
    let first = store.write(&admin(), T0).await.unwrap();
    let second = tokio::spawn({
        let store = store.clone();
        async move { put(&store, vec![record("waited")]).await.0 }
    });
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(!second.is_finished());
    drop(first);
    assert!(matches!(second.await.unwrap()[..], [TicketOutcome::Created(_)]));
}
