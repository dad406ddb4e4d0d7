//! What disk and files can do to a store, and that it goes on by itself when they are well again.

use crate::{
    Actor, Fault, Role, Store, StoreError, WriteTx,
    db::{Engine, Readers},
};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use std::{path::Path, time::Duration};
use tokio::time::Instant;
use wall_core::UtcMs;

pub(crate) fn admin() -> Actor {
    Actor::new("os:test", Role::Admin, "cli")
}

pub(crate) async fn begin(store: &Store) -> Result<WriteTx, StoreError> {
    store.write(&admin(), UtcMs(1_767_225_600_000)).await
}

/// One write of about `bytes` bytes.
pub(crate) async fn put(store: &Store, key: &str, bytes: usize) -> Result<(), StoreError> {
    let mut tx = begin(store).await?;
    tx.set_setting(key, &"x".repeat(bytes)).await?;
    tx.commit().await.map(|_| ())
}

/// A store that was opened once and closed: no other file than database, keys and locks lies there.
async fn used(folder: &Path) {
    let store = Store::open(folder).await.unwrap();
    put(&store, "a", 10).await.unwrap();
    store.close().await;
}

/// The pools of a store in a file: of the writer, and of those who read.
fn file_of(store: &Store) -> (&SqlitePool, &SqlitePool) {
    match (&store.inner.engine, &store.inner.read) {
        (Engine::Sqlite { writer, .. }, Readers::Sqlite(reader)) => (writer, reader),
        _ => panic!("the store is on a server"),
    }
}

fn fault_of(result: Result<(), StoreError>) -> Option<Fault> {
    result.unwrap_err().fault()
}

#[tokio::test]
async fn a_full_database_never_poisons_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    for _ in 0..3 {
        // No page more for this connection: SQLite says FULL and ends the transaction by itself.
        let mut pen = file_of(&store).0.acquire().await.unwrap();
        sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut *pen).await.unwrap();
        drop(pen);
        assert_eq!(fault_of(put(&store, "big", 1 << 20).await), Some(Fault::Full));
        // Whether it was the command or the disk, a proof shall tell.
        assert!(store.wants_proof(Duration::MAX));
        // The next writer has another connection.
        put(&store, "small", 10).await.unwrap();
        assert_eq!(store.setting("big").await.unwrap(), None);
        store.prove_write(Duration::from_secs(5)).await.unwrap();
        assert_eq!(store.fault(), None);
    }
}

#[tokio::test]
async fn an_error_within_a_write_that_is_overlooked_commits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut pen = file_of(&store).0.acquire().await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut *pen).await.unwrap();
    drop(pen);
    let mut tx = begin(&store).await.unwrap();
    tx.set_setting("before", "1").await.unwrap();
    assert!(tx.set_setting("big", &"x".repeat(1 << 20)).await.is_err());
    // SQLite has undone the transaction; what follows must not be taken for it.
    assert!(tx.commit().await.is_err());
    assert_eq!(store.setting("before").await.unwrap(), None);
}

#[tokio::test]
async fn a_reader_that_met_an_error_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let readers = &store.inner.read;
    let mut held = readers.hold().await.unwrap();
    let before = readers.open();
    assert!(held.rows(crate::db::sql("SELECT * FROM nothing")).await.is_err());
    drop(held);
    let closed = async {
        while readers.open() >= before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed).await.unwrap();
    store.setting("a").await.unwrap();
}

#[tokio::test]
async fn a_writer_that_turns_read_only_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut pen = file_of(&store).0.acquire().await.unwrap();
    sqlx::raw_sql("PRAGMA query_only = ON").execute(&mut *pen).await.unwrap();
    drop(pen);
    assert_eq!(fault_of(put(&store, "a", 1).await), Some(Fault::ReadOnly));
    put(&store, "a", 1).await.unwrap();
}

/// A disk of its own, so small that it can be filled; `None` where this user may not mount one.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn remount(&self, how: &str) -> bool {
        let done = std::process::Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0.path()).output();
        done.is_ok_and(|o| o.status.success())
    }

    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "gridwall-test"])
            .arg(folder.path())
            .output()
            .is_ok_and(|o| o.status.success());
        if !mounted {
            eprintln!("skipped: a small disk cannot be mounted here (root is needed)");
        }
        mounted.then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_and_ends_by_itself() {
    let Some(disk) = SmallDisk::new("8m") else { return };
    let store = Store::open(&disk.0.path().join("data")).await.unwrap();
    put(&store, "before", 10).await.unwrap();
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 7 << 20]).unwrap();
    for _ in 0..5 {
        assert_eq!(fault_of(put(&store, "big", 2 << 20).await), Some(Fault::Full));
    }
    assert_eq!(store.prove_write(Duration::from_secs(5)).await.unwrap_err().fault(), Some(Fault::Full));
    assert_eq!(store.fault(), Some(Fault::Full));
    // What was there is read all the same.
    assert_eq!(store.setting("before").await.unwrap().map(|v| v.len()), Some(10));
    std::fs::remove_file(ballast).unwrap();
    put(&store, "big", 2 << 20).await.unwrap();
    store.prove_write(Duration::from_secs(5)).await.unwrap();
    assert_eq!(store.fault(), None);
    store.close().await;
    assert!(Store::open(&disk.0.path().join("data")).await.unwrap().setting("big").await.unwrap().is_some());
}

/// A link in the place of the log is not followed.
#[cfg(unix)]
#[tokio::test]
async fn a_log_that_cannot_be_opened_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path()).await;
    std::os::unix::fs::symlink("/dev/null", folder.path().join("gridwall.db-wal")).unwrap();
    assert_eq!(fault_of(Store::open(folder.path()).await.map(|_| ())), Some(Fault::Unreachable));
}

#[tokio::test]
async fn damaged_pages_are_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path()).await;
    let file = folder.path().join("gridwall.db");
    let whole = std::fs::read(&file).unwrap();
    // Everything behind the first page.
    let mut pages = whole.clone();
    pages[4096..].fill(0xA5);
    std::fs::write(&file, pages).unwrap();
    let opened = Store::open(folder.path()).await.map(|_| ());
    assert_eq!(fault_of(opened), Some(Fault::Damaged));
    // No database at all.
    std::fs::write(&file, vec![0x5A; whole.len()]).unwrap();
    let opened = Store::open(folder.path()).await.map(|_| ());
    assert_eq!(fault_of(opened), Some(Fault::Damaged));
}

#[tokio::test]
async fn one_that_cannot_be_opened_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path()).await;
    std::fs::remove_file(folder.path().join("gridwall.db")).unwrap();
    std::fs::create_dir(folder.path().join("gridwall.db")).unwrap();
    let error = Store::open(folder.path()).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Failed { fault: Fault::Unreachable, .. } | StoreError::Unusable { .. }), "{error:?}");
}

#[tokio::test]
async fn everybody_in_line_waits_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let path = folder.path().join("gridwall.db");
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let until = Instant::now() + Duration::from_millis(300);
    let waiting: Vec<_> = (0..7)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write_by(&admin(), UtcMs(0), until).await.map(|_| ()) })
        })
        .collect();
    for one in waiting {
        assert!(matches!(one.await.unwrap(), Err(StoreError::Busy { .. })));
    }
    // That others write is no fault.
    assert_eq!(store.fault(), None);
    assert!(matches!(store.prove_write(Duration::from_millis(1)).await, Err(StoreError::Busy { .. })));
    assert_eq!(store.fault(), None);
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    // Whoever comes when the wait is over already is let try once.
    store.write_by(&admin(), UtcMs(0), Instant::now()).await.unwrap().commit().await.unwrap();
}

#[test]
fn every_code_of_the_database_has_its_answer() {
    #[derive(Debug)]
    struct Code(i32);
    impl std::fmt::Display for Code {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "code {}", self.0)
        }
    }
    impl std::error::Error for Code {}
    impl sqlx::error::DatabaseError for Code {
        fn message(&self) -> &'static str {
            ""
        }
        fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
            Some(self.0.to_string().into())
        }
        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
    }
    let of = |code: i32| StoreError::from(sqlx::Error::Database(Box::new(Code(code))));
    for busy in [5, 6, 5 | (1 << 8), 5 | (2 << 8), 6 | (1 << 8)] {
        assert!(matches!(of(busy), StoreError::Busy { waited_s: 10 }), "{busy}");
    }
    for (code, fault) in [
        (13, Fault::Full),
        (10 | (19 << 8), Fault::Full),
        (8, Fault::ReadOnly),
        (8 | (4 << 8), Fault::ReadOnly),
        (10, Fault::Io),
        (10 | (3 << 8), Fault::Io),
        (10 | (4 << 8), Fault::Io),
        (11, Fault::Damaged),
        (11 | (1 << 8), Fault::Damaged),
        (26, Fault::Damaged),
        (14, Fault::Unreachable),
        (3, Fault::Unreachable),
    ] {
        assert_eq!(of(code).fault(), Some(fault), "{code}");
    }
    assert!(matches!(of(19), StoreError::Database(_)));
    assert!(matches!(StoreError::from(sqlx::Error::PoolTimedOut), StoreError::Busy { .. }));
    let codes: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|f| f.code()).collect();
    assert_eq!(codes.len(), Fault::ALL.len());
}

/// Replaced, cut or removed: nothing is acknowledged from then on.
#[tokio::test]
async fn files_that_change_under_a_running_wall_are_found() {
    type Harm = fn(&Path);
    let cases: &[(&str, Harm)] = &[
        ("removed", |f| std::fs::remove_file(f.join("gridwall.db")).unwrap()),
        ("log removed", |f| std::fs::remove_file(f.join("gridwall.db-wal")).unwrap()),
        ("index removed", |f| std::fs::remove_file(f.join("gridwall.db-shm")).unwrap()),
        ("moved away", |f| std::fs::rename(f.join("gridwall.db"), f.join("old.db")).unwrap()),
        ("another in its place", |f| {
            std::fs::write(f.join("other"), std::fs::read(f.join("gridwall.db")).unwrap()).unwrap();
            std::fs::rename(f.join("other"), f.join("gridwall.db")).unwrap();
        }),
        ("emptied", |f| drop(std::fs::OpenOptions::new().write(true).truncate(true).open(f.join("gridwall.db")).unwrap())),
        ("cut", |f| std::fs::OpenOptions::new().write(true).open(f.join("gridwall.db")).unwrap().set_len(8192).unwrap()),
        ("log cut", |f| std::fs::OpenOptions::new().write(true).open(f.join("gridwall.db-wal")).unwrap().set_len(40).unwrap()),
    ];
    for (name, harm) in cases {
        let folder = tempfile::tempdir().unwrap();
        used(folder.path()).await;
        let store = Store::open(folder.path()).await.unwrap();
        put(&store, "before", 100_000).await.unwrap();
        store.look().await.unwrap();
        harm(folder.path());
        assert_eq!(fault_of(store.look().await), Some(Fault::Replaced), "{name}");
        assert_eq!(fault_of(put(&store, "after", 1).await), Some(Fault::Replaced), "{name}");
        assert_eq!(fault_of(store.prove_write(Duration::from_secs(5)).await), Some(Fault::Replaced), "{name}");
        assert_eq!(store.fault(), Some(Fault::Replaced), "{name}");
    }
}

/// A commit into a file that nobody finds again is not acknowledged, however late it was taken away.
#[tokio::test]
async fn what_was_taken_away_during_a_write_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let mut tx = begin(&store).await.unwrap();
    tx.set_setting("a", "1").await.unwrap();
    let (file, aside) = (folder.path().join("gridwall.db"), folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(fault_of(tx.commit().await.map(|_| ())), Some(Fault::Replaced));
    // Put back, it goes on.
    std::fs::rename(&aside, &file).unwrap();
    put(&store, "b", 1).await.unwrap();
    store.prove_write(Duration::from_secs(5)).await.unwrap();
    assert_eq!(store.fault(), None);
}

/// Another program may vacuum, or write the log back and empty it: that is no harm.
#[tokio::test]
async fn files_that_shrink_rightly_are_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    put(&store, "big", 3 << 20).await.unwrap();
    put(&store, "big", 1).await.unwrap();
    let path = folder.path().join("gridwall.db");
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    let before = size("gridwall.db");
    assert_eq!(size("gridwall.db-wal"), 0);
    store.look().await.unwrap();
    sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    assert!(size("gridwall.db") < before);
    store.look().await.unwrap();
    put(&store, "again", 1).await.unwrap();
    assert_eq!(store.fault(), None);
}

#[tokio::test]
async fn an_anchor_that_cannot_be_written_does_not_undo_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    // A folder in its place: renaming onto it fails.
    std::fs::create_dir_all(folder.path().join("audit.anchor/x")).unwrap();
    let mut tx = begin(&store).await.unwrap();
    let secret = tx.create_token("a", Role::Feed, false, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.token_by_secret(&secret).await.unwrap().is_some());
    assert_eq!(store.anchor_failures(), 1);
    std::fs::remove_dir_all(folder.path().join("audit.anchor")).unwrap();
    let mut tx = begin(&store).await.unwrap();
    tx.create_token("b", Role::Feed, false, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!((verdict.lines, verdict.anchored, verdict.faults.len()), (2, 2, 0));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".new")), "{left:?}");
}

/// Two of them at once, as two processes would: each has a store of its own.
#[tokio::test]
async fn tokens_made_by_two_at_once_all_stand() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Store::open(folder.path()).await.unwrap(), Store::open(folder.path()).await.unwrap()];
    let makers: Vec<_> = stores
        .iter()
        .enumerate()
        .map(|(who, store)| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..60 {
                    let mut tx = begin(&store).await.unwrap();
                    tx.create_token(&format!("{who}-{n}"), Role::Feed, false, &[]).await.unwrap();
                    tx.commit().await.unwrap();
                }
                store.anchor_failures()
            })
        })
        .collect();
    for maker in makers {
        assert_eq!(maker.await.unwrap(), 0);
    }
    let verdict = stores[0].verify_audit().await.unwrap();
    assert_eq!((verdict.lines, verdict.anchored, verdict.faults.len()), (120, 120, 0));
}

#[tokio::test]
async fn an_empty_or_foreign_database_beside_keys_is_refused_by_name() {
    let of = |e: StoreError| e.to_string();
    type Harm = fn(&Path);
    let cases: &[(&str, &str, Harm)] = &[
        ("no database", "gridwall.db is missing", |f| std::fs::remove_file(f.join("gridwall.db")).unwrap()),
        ("empty", "gridwall.db is empty", |f| std::fs::write(f.join("gridwall.db"), b"").unwrap()),
        ("no keys", "is missing beside gridwall.db", |f| std::fs::remove_file(f.join("keys")).unwrap()),
        ("neither", "beside audit.anchor", |f| {
            std::fs::write(f.join("audit.anchor"), "1 00\n").unwrap();
            std::fs::remove_file(f.join("keys")).unwrap();
            std::fs::remove_file(f.join("gridwall.db")).unwrap();
        }),
        ("restoring", "gridwall restore", |f| std::fs::write(f.join("gridwall.restoring"), b"").unwrap()),
    ];
    for (name, words, harm) in cases {
        let folder = tempfile::tempdir().unwrap();
        used(folder.path()).await;
        harm(folder.path());
        let error = of(Store::open(folder.path()).await.map(|_| ()).unwrap_err());
        assert!(error.contains(words), "{name}: {error}");
    }
    for (sql, words) in [("PRAGMA user_version = 1", "an empty database"), ("CREATE TABLE a (b)", "not a database of GridWall")] {
        let folder = tempfile::tempdir().unwrap();
        used(folder.path()).await;
        let file = folder.path().join("gridwall.db");
        std::fs::remove_file(&file).unwrap();
        let mut other = SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let error = of(Store::open(folder.path()).await.map(|_| ()).unwrap_err());
        assert!(error.contains(words), "{error}");
        // Nothing was done to it.
        assert!(std::fs::read(&file).unwrap() == bytes);
    }
    // Another store's database.
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    used(one.path()).await;
    used(two.path()).await;
    std::fs::copy(two.path().join("gridwall.db"), one.path().join("gridwall.db")).unwrap();
    let error = of(Store::open(one.path()).await.map(|_| ()).unwrap_err());
    assert!(error.contains("belongs to another store"), "{error}");
}

/// Cut short after any of its files, a first start goes on.
#[tokio::test]
async fn a_first_start_that_was_cut_short_goes_on() {
    for files in [&["gridwall.first"][..], &["gridwall.first", "keys"], &["gridwall.first", "keys", "gridwall.db"]] {
        let (folder, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        used(whole.path()).await;
        for name in files {
            let bytes = if *name == "keys" { std::fs::read(whole.path().join(name)).unwrap() } else { vec![] };
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let store = Store::open(folder.path()).await.unwrap();
        put(&store, "a", 1).await.unwrap();
        assert!(!folder.path().join("gridwall.first").exists());
    }
}

#[tokio::test]
async fn eight_that_start_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let starting: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = Store::open(&path).await.unwrap();
                put(&store, &format!("k{n}"), 1).await.unwrap();
            })
        })
        .collect();
    for one in starting {
        one.await.unwrap();
    }
    let store = Store::open(&path).await.unwrap();
    for n in 0..8 {
        assert!(store.setting(&format!("k{n}")).await.unwrap().is_some());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_may_only_be_read_answers() {
    let Some(disk) = SmallDisk::new("16m") else { return };
    let data = disk.0.path().join("data");
    let store = Store::open(&data).await.unwrap();
    let mut tx = begin(&store).await.unwrap();
    tx.create_token("a", Role::Feed, false, &[]).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    drop(store);
    assert!(disk.remount("ro"));
    let store = Store::open(&data).await.unwrap();
    assert_eq!(store.tokens().await.unwrap().len(), 1);
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!((verdict.lines, verdict.faults.len()), (1, 0));
    assert_eq!(fault_of(begin(&store).await.map(|_| ())), Some(Fault::ReadOnly));
    assert_eq!(store.fault(), Some(Fault::ReadOnly));
    store.close().await;
    drop(store);
    assert!(disk.remount("rw"));
    put(&Store::open(&data).await.unwrap(), "a", 1).await.unwrap();
}

/// A disk that is full at any point of a first start leaves a folder that opens as soon as there is room.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_first_start_on_a_full_disk_goes_on_when_there_is_room() {
    let mut full = 0;
    for kib in [4, 16, 40, 80, 120, 200, 300, 400, 500, 700, 1_000] {
        let Some(disk) = SmallDisk::new(&format!("{kib}k")) else { return };
        let data = disk.0.path().join("data");
        match Store::open(&data).await {
            Ok(store) => store.close().await,
            Err(error) => {
                full += 1;
                assert_eq!(error.fault(), Some(Fault::Full), "{kib} KiB: {error}");
            }
        }
        assert!(disk.remount("size=16m"));
        let store = Store::open(&data).await.unwrap_or_else(|e| panic!("{kib} KiB: {e}"));
        put(&store, "a", 1).await.unwrap();
        store.close().await;
    }
    assert!(full > 3, "the disk was never full");
}

/// However the clock jumps, revisions and the audit log go on.
#[tokio::test]
async fn clocks_that_jump_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let day = 86_400_000;
    for (n, at) in [0, 30 * day, -30 * day, 365 * day, -20_000 * day, 1].into_iter().enumerate() {
        let mut tx = store.write(&admin(), UtcMs(1_767_225_600_000 + at)).await.unwrap();
        tx.create_token(&format!("t{n}"), Role::Feed, false, &[]).await.unwrap();
        tx.set_setting("a", "1").await.unwrap();
        let batch = tx.commit().await.unwrap();
        assert_eq!(batch.to_revision, n as i64 + 1);
        store.prove_write(Duration::from_secs(5)).await.unwrap();
    }
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!((verdict.lines, verdict.anchored, verdict.faults.len()), (6, 6, 0));
}

#[tokio::test]
async fn however_many_ask_little_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let size = || std::fs::metadata(folder.path().join("gridwall.db-wal")).unwrap().len();
    let hour = Duration::from_secs(3_600);
    store.proved_within(hour, hour).await.unwrap();
    let before = size();
    for _ in 0..50 {
        store.proved_within(hour, hour).await.unwrap();
    }
    assert_eq!(size(), before);
    // A fault that was just found is found again without another try.
    std::fs::rename(folder.path().join("gridwall.db"), folder.path().join("aside")).unwrap();
    assert_eq!(fault_of(store.prove_write(hour).await), Some(Fault::Replaced));
    std::fs::rename(folder.path().join("aside"), folder.path().join("gridwall.db")).unwrap();
    assert_eq!(fault_of(store.proved_within(hour, hour).await), Some(Fault::Replaced));
    store.proved_within(Duration::ZERO, hour).await.unwrap();
    assert_eq!(store.fault(), None);
}
