//! Backups of a store in use, and putting them back.

use crate::{
    BackupKeys, RestoreKeys, Role, Store, StoreError, examine,
    fault_tests::{begin, put},
    keys_beside,
    open::plain,
    restore,
    start::DATABASE,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use wall_core::UtcMs;

const NOW: UtcMs = UtcMs(1_767_225_600_000);

/// A store with a token and a thousand settings, still open and writing.
async fn busy_store(folder: &Path) -> Store {
    let store = Store::open(folder).await.unwrap();
    let mut tx = begin(&store).await.unwrap();
    tx.create_token("feed", Role::Feed, false, &[]).await.unwrap();
    for n in 0..1_000 {
        tx.set_setting(&format!("k{n}"), &"x".repeat(100)).await.unwrap();
    }
    tx.commit().await.unwrap();
    store
}

#[tokio::test]
async fn a_backup_of_a_running_store_comes_back_whole() {
    let (home, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = busy_store(home.path()).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                put(&store, &format!("w{n}"), 5_000).await.unwrap();
            }
        })
    };
    let out = away.path().join("wall.backup");
    let about = store.backup(&out, BackupKeys::Apart(&keys_beside(&out)), NOW).await.unwrap();
    writer.await.unwrap();
    assert_eq!((about.made_at, about.audit_lines, about.sealed_keys), (Some(NOW), 1, false));
    // Written once: never over anything.
    let again = store.backup(&out, BackupKeys::None, NOW).await.unwrap_err();
    assert!(matches!(again, StoreError::Refused(_)), "{again:?}");

    let back = away.path().join("data");
    let done = restore(&out, &back, RestoreKeys::Found, false, "t").await.unwrap();
    assert_eq!((done.about.revision, done.set_aside), (about.revision, None));
    let restored = Store::open(&back).await.unwrap();
    assert_eq!(restored.revision().await.unwrap(), about.revision);
    assert_eq!(restored.setting("k999").await.unwrap().unwrap().len(), 100);
    assert_eq!(restored.tokens().await.unwrap().len(), 1);
    let verdict = restored.verify_audit().await.unwrap();
    assert_eq!((verdict.lines, verdict.anchored, verdict.faults.len()), (1, 1, 0));
    put(&restored, "goes on", 1).await.unwrap();
    let (checks, _) = examine(&back, None, false, NOW).await;
    let ill: Vec<_> = checks.iter().filter(|c| !c.ok && c.name != "free_space").collect();
    assert!(ill.is_empty(), "{ill:?}");
}

#[tokio::test]
async fn keys_can_be_sealed_by_a_passphrase() {
    let (home, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = busy_store(home.path()).await;
    let out = away.path().join("b");
    assert!(store.backup(&out, BackupKeys::Sealed("马蹄铁 电池 订书钉"), NOW).await.unwrap().sealed_keys);
    let back = away.path().join("data");
    let with = async |keys| restore(&out, &back, keys, false, "t").await;
    assert!(matches!(with(RestoreKeys::Passphrase("wrong")).await, Err(StoreError::Key(_))));
    assert!(matches!(with(RestoreKeys::Found).await, Err(StoreError::Key(_))));
    assert!(!back.join("gridwall.db").exists());
    with(RestoreKeys::Passphrase("马蹄铁 电池 订书钉")).await.unwrap();
    assert!(Store::open(&back).await.unwrap().verify_audit().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn nothing_is_written_over_and_nobody_restores_under_a_running_wall() {
    let (home, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = busy_store(home.path()).await;
    let out = away.path().join("b");
    store.backup(&out, BackupKeys::None, NOW).await.unwrap();
    let in_use = restore(&out, home.path(), RestoreKeys::Found, true, "t").await.unwrap_err().to_string();
    assert!(in_use.contains("is in use"), "{in_use}");
    put(&store, "later", 10).await.unwrap();
    store.close().await;
    drop(store);
    let unseen = restore(&out, home.path(), RestoreKeys::Found, false, "t").await.unwrap_err().to_string();
    assert!(unseen.contains("nothing was written over"), "{unseen}");
    let done = restore(&out, home.path(), RestoreKeys::Found, true, "t").await.unwrap();
    let store = Store::open(home.path()).await.unwrap();
    assert_eq!(store.setting("later").await.unwrap(), None);
    // What was there is there still.
    let aside = done.set_aside.unwrap();
    assert_eq!(Store::open(&aside).await.unwrap().setting("later").await.unwrap().map(|v| v.len()), Some(10));
}

#[tokio::test]
async fn what_is_not_a_whole_backup_is_refused_by_name() {
    let (home, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = busy_store(home.path()).await;
    let out = away.path().join("b");
    store.backup(&out, BackupKeys::None, NOW).await.unwrap();
    store.close().await;
    let keys = home.path().join("keys");
    let back = away.path().join("data");
    let told = async |input: &Path| restore(input, &back, RestoreKeys::File(&keys), false, "t").await.unwrap_err().to_string();
    // A plain copy.
    assert!(told(&home.path().join("gridwall.db")).await.contains("lacks the rows"));
    assert!(told(&away.path().join("nothing")).await.contains("no such file"));
    // A line cut from the end of its audit log, and a setting changed afterwards.
    for (name, sql, words) in [
        ("cut", "DELETE FROM audit", "does not hold what it held"),
        ("less", "DELETE FROM change_log WHERE revision > 10", "does not hold what it held"),
        ("changed", "UPDATE audit SET actor = 'os:somebody'", "audit log is not whole"),
        ("other", "UPDATE setting SET value = 'x' WHERE key = 'key_check'", "of another store"),
    ] {
        let copy = away.path().join(name);
        std::fs::copy(&out, &copy).unwrap();
        let mut c = SqliteConnection::connect(&format!("sqlite:{}", copy.display())).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut c).await.unwrap();
        c.close().await.unwrap();
        let error = told(&copy).await;
        assert!(error.contains(words), "{name}: {error}");
    }
    // A damaged page.
    let copy = away.path().join("damaged");
    let mut bytes = std::fs::read(&out).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(&copy, bytes).unwrap();
    let error = told(&copy).await;
    assert!(error.contains("damaged"), "{error}");
    assert!(!back.join("gridwall.db").exists());
}

#[tokio::test]
async fn a_restore_that_is_cut_short_is_said_and_done_again() {
    let (home, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = busy_store(home.path()).await;
    let out = away.path().join("b");
    store.backup(&out, BackupKeys::Apart(&keys_beside(&out)), NOW).await.unwrap();
    let back = away.path().join("data");
    std::fs::create_dir(&back).unwrap();
    std::fs::write(back.join("gridwall.restoring"), "t").unwrap();
    std::fs::copy(home.path().join("keys"), back.join("keys")).unwrap();
    let error = Store::open(&back).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("run `gridwall restore` again"), "{error}");
    restore(&out, &back, RestoreKeys::Found, true, "u").await.unwrap();
    assert_eq!(Store::open(&back).await.unwrap().tokens().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_earlier_store_is_kept_before_it_is_brought_up() {
    let home = tempfile::tempdir().unwrap();
    // As an edition before left it: with all migrations but the last.
    let mut earlier = sqlx::migrate!();
    let last = earlier.migrations.last().unwrap().version;
    earlier.migrations = earlier.migrations.iter().filter(|m| m.version < last).cloned().collect();
    std::fs::write(home.path().join("keys"), [7; 64]).unwrap();
    let file = home.path().join("gridwall.db");
    let mut c = SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
    earlier.run(&mut c).await.unwrap();
    sqlx::raw_sql("INSERT INTO setting (key, value) VALUES ('title', 'before')").execute(&mut c).await.unwrap();
    c.close().await.unwrap();

    let store = Store::open(home.path()).await.unwrap();
    assert_eq!(store.setting("title").await.unwrap().as_deref(), Some("before"));
    let kept = home.path().join(format!("backups/before-migration-{last:04}.db"));
    let back = home.path().join("back");
    let done = restore(&kept, &back, RestoreKeys::File(&home.path().join("keys")), false, "t").await.unwrap();
    assert_eq!(done.about.made_at, None);
    // What was kept is the earlier store: it is brought up as well.
    assert_eq!(Store::open(&back).await.unwrap().setting("title").await.unwrap().as_deref(), Some("before"));
    // Opened again, nothing more is kept.
    store.close().await;
    Store::open(home.path()).await.unwrap();
    assert_eq!(std::fs::read_dir(home.path().join("backups")).unwrap().count(), 1);
}

#[tokio::test]
async fn the_doctor_finds_damage_and_mends_what_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("data");
    let store = busy_store(&home).await;
    store.close().await;
    drop(store);
    let found = async |fix| {
        let (checks, store) = examine(&home, None, fix, NOW).await;
        if let Some(store) = store {
            store.close().await;
        }
        let ill = checks.iter().filter(|c| !c.ok && c.name != "free_space");
        ill.map(|c| c.name).collect::<Vec<_>>()
    };
    assert_eq!(found(false).await, Vec::<&str>::new());
    std::fs::write(home.join("keys.77-0.new"), b"x").unwrap();
    std::fs::write(home.join("audit.anchor"), "0 00\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(home.join("keys"), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let expected = if cfg!(unix) { vec!["modes", "left_over", "audit"] } else { vec!["left_over", "audit"] };
    assert_eq!(found(false).await, expected);
    assert_eq!(found(true).await, Vec::<&str>::new());
    assert_eq!(found(false).await, Vec::<&str>::new());
    // Every page harmed in turn, but for those that nothing refers to: none is called well.
    let file = home.join("gridwall.db");
    let whole = std::fs::read(&file).unwrap();
    let pages = whole.len() / 4096;
    for page in (0..pages).step_by((pages / 12).max(1)) {
        let range = page * 4096 + 200..page * 4096 + 3_000;
        // Between the rows of a page nothing is stored: harm there is none.
        if whole[range.clone()].iter().filter(|b| **b != 0).count() < 1_000 {
            continue;
        }
        let mut harmed = whole.clone();
        harmed[range].fill(0xA5);
        std::fs::write(&file, harmed).unwrap();
        assert_ne!(found(false).await, Vec::<&str>::new(), "page {page} of {pages}");
    }
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_ne!(found(false).await, Vec::<&str>::new());
}

/// A copy that fails half-way leaves nothing that would be taken for a store, and nothing else is touched.
#[tokio::test]
async fn a_copy_that_fails_leaves_the_folder_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("data")).await.unwrap();
    put(&store, "title", 10).await.unwrap();
    // One of the last tables cannot be read.
    let mut behind = plain(&store.folder().join(DATABASE), true).connect().await.unwrap();
    sqlx::raw_sql("ALTER TABLE site RENAME TO elsewhere").execute(&mut behind).await.unwrap();
    let (new, used) = (home.path().join("new"), home.path().join("used"));
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("notes.txt"), "ours").unwrap();
    let mut begun = 0;
    for folder in [&new, &used] {
        assert!(store.copy_to(folder, None, |_| begun += 1).await.is_err());
    }
    assert!(begun > 0, "it failed half-way");
    assert!(!new.exists());
    let left: Vec<_> = std::fs::read_dir(&used).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
    sqlx::raw_sql("ALTER TABLE elsewhere RENAME TO site").execute(&mut behind).await.unwrap();
    behind.close().await.unwrap();
    store.copy_to(&new, None, |_| ()).await.unwrap();
    let refused = store.copy_to(&new, None, |_| ()).await.unwrap_err().to_string();
    assert!(refused.contains("take it away"), "{refused}");
    assert_eq!(Store::open(&new).await.unwrap().setting("title").await.unwrap().map(|t| t.len()), Some(10));
}
