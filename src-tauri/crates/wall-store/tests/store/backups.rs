//! Backups that a wall makes by itself, of a store on either engine.

use super::{leases::holding, *};

/// A store with a few tickets and the rule of a backup an hour, two kept; what its time is after some hours.
async fn kept_hourly() -> (tempfile::TempDir, Store, impl Fn(i64) -> UtcMs) {
    let (folder, store) = open().await;
    put(&store, (0..3).map(|n| record(&n.to_string())).collect()).await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    tx.set_backups(Backups { every_h: 1, keep: 2 }).await.unwrap();
    tx.commit().await.unwrap();
    // The files are of the system's time; the wall's hours pass by asking later and later.
    let made = std::fs::metadata(store.folder().join("keys")).unwrap().modified().unwrap();
    let real = made.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    (folder, store, move |h: i64| UtcMs(real + h * 3_600_000 + 5_000))
}

async fn hold(store: &Store, process: &str) -> Holding {
    let fence = store.hold_leases(&["keeping"], process, process, 60_000).await.unwrap()[0];
    holding(process, fence.expect("nobody else has it"))
}

fn lying_there(store: &Store) -> usize {
    std::fs::read_dir(store.folder().join("backups")).unwrap().count()
}

#[tokio::test]
async fn a_running_wall_keeps_so_many() {
    let (folder, store, at) = kept_hourly().await;
    let holding = hold(&store, "a").await;
    let (first, about) = store.backup_if_due(at(0), &holding).await.unwrap().unwrap();
    assert_eq!((about.tickets, about.sealed_keys), (3, false));
    assert!(store.backup_if_due(at(0), &holding).await.unwrap().is_none());
    let (second, _) = store.backup_if_due(at(2), &holding).await.unwrap().unwrap();
    let (third, _) = store.backup_if_due(at(4), &holding).await.unwrap().unwrap();
    assert_eq!([first.exists(), second.exists(), third.exists()], [false, true, true]);
    assert_eq!(lying_there(&store), 2, "nothing that a copy needed on the way is left");
    // It is a backup like any other: restored with the keys of the store.
    let back = folder.path().join("back");
    let restored = restore(&third, &back, RestoreKeys::File(&store.folder().join("keys")), false, "t").await.unwrap();
    assert_eq!(restored.about.tickets, 3);
    assert_eq!(Store::open(&back).await.unwrap().identity(), store.identity());
    let mut tx = store.write(&admin(), T0).await.unwrap();
    tx.set_backups(Backups { every_h: 0, keep: 2 }).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.backup_if_due(at(9), &holding).await.unwrap().is_none());
}

#[tokio::test]
async fn who_lost_the_duty_on_the_way_removes_none() {
    let (_folder, store, at) = kept_hourly().await;
    let first = hold(&store, "a").await;
    for hour in [0, 2] {
        store.backup_if_due(at(hour), &first).await.unwrap().unwrap();
    }
    store.release_leases("a").await.unwrap();
    let second = hold(&store, "b").await;
    let refused = store.backup_if_due(at(4), &first).await.unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    assert_eq!(lying_there(&store), 3, "none went, and the one that was made is good");
    store.backup_if_due(at(6), &second).await.unwrap().unwrap();
    assert_eq!(lying_there(&store), 2);
}
