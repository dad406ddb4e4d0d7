//! Leases: one process has one at a time, by the database's clock, and what it had before is worth nothing after.

use super::retention::sql;
use super::*;

const LONG_MS: i64 = 600_000;

async fn hold(store: &Store, process: &str, life_ms: i64) -> Option<i64> {
    let fences = store.hold_leases(&["keeping"], &format!("machine, {process}"), process, life_ms).await.unwrap();
    assert_eq!(fences.len(), 1);
    fences[0]
}

pub(super) fn holding(process: &str, fence: i64) -> Holding {
    Holding { name: "keeping", process: process.to_owned(), fence }
}

async fn under(store: &Store, process: &str, fence: i64) -> Result<(), StoreError> {
    let mut tx = store.write(&admin(), T0).await?;
    tx.under_lease(&holding(process, fence)).await?;
    tx.audit("test.once", "{}").await?;
    tx.commit().await.map(drop)
}

#[tokio::test]
async fn one_holds_and_the_next_one_has_a_greater_number() {
    let (folder, store) = open().await;
    let other = store_at(&folder.path().join("data")).await.unwrap();
    assert!(store.leases().await.unwrap().is_empty());
    assert!(under(&store, "a", 1).await.is_err(), "nobody has it");
    assert_eq!(hold(&store, "a", LONG_MS).await, Some(1));
    assert_eq!(hold(&other, "b", LONG_MS).await, None);
    assert_eq!(hold(&store, "a", LONG_MS).await, Some(1), "renewed, the same holding");
    under(&store, "a", 1).await.unwrap();
    let known = other.leases().await.unwrap();
    let Lease { name, holder, fence, in_force, taken_at, expires_at, .. } = &known[0];
    assert_eq!((name.as_str(), holder.as_str(), *fence, *in_force), ("keeping", "machine, a", 1, true));
    assert!((0..LONG_MS * 2).contains(&(expires_at.0 - taken_at.0)), "{known:?}");
    // Several at once: each is judged alone.
    let both = other.hold_leases(&["keeping", "change_over"], "machine, b", "b", LONG_MS).await.unwrap();
    assert_eq!(both, [None, Some(1)]);
    // Given back, the next one has it at once, and what the first one still had open is refused.
    store.release_leases("a").await.unwrap();
    assert!(!other.leases().await.unwrap().iter().find(|l| l.name == "keeping").unwrap().in_force);
    under(&store, "a", 1).await.expect("nobody else has it yet: nothing is done twice");
    assert_eq!(hold(&other, "b", LONG_MS).await, Some(2));
    let refused = under(&store, "a", 1).await.unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    assert!(under(&store, "b", 1).await.is_err(), "an earlier holding of one's own is over too");
    under(&other, "b", 2).await.unwrap();
    assert!(other.verify_audit().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn it_ends_by_the_clock_of_the_database() {
    let (folder, store) = open().await;
    let other = store_at(&folder.path().join("data")).await.unwrap();
    assert_eq!(hold(&store, "a", LONG_MS).await, Some(1));
    // As if its time had passed.
    sql(&store, "UPDATE lease SET expires_at = taken_at - 1").await;
    assert_eq!(hold(&other, "b", LONG_MS).await, Some(2));
    assert_eq!(hold(&store, "a", LONG_MS).await, None, "the first one sees that it lost it");
    sql(&store, "UPDATE lease SET expires_at = taken_at - 1").await;
    assert_eq!(hold(&other, "b", LONG_MS).await, Some(3), "one that ended in between is a new holding");
    assert_eq!(hold(&other, "b", -1).await, Some(3));
    assert!(!other.leases().await.unwrap()[0].in_force);
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_nobody_up() {
    let (folder, store) = open().await;
    let other = store_at(&folder.path().join("data")).await.unwrap();
    assert_eq!(hold(&store, "a", LONG_MS).await, Some(1));
    // The clock was an hour ahead when it was said, and whoever said it is gone.
    sql(&store, "UPDATE lease SET taken_at = taken_at + 3600000, expires_at = expires_at + 3600000").await;
    assert!(!other.leases().await.unwrap()[0].in_force);
    assert_eq!(hold(&other, "b", LONG_MS).await, Some(2));
    assert_eq!(hold(&store, "a", LONG_MS).await, None);
    // Who holds it renews it all the same.
    sql(&store, "UPDATE lease SET taken_at = taken_at + 3600000, expires_at = expires_at + 3600000").await;
    assert_eq!(hold(&other, "b", LONG_MS).await, Some(2));
    assert!(other.leases().await.unwrap()[0].in_force);
}

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let (folder, store) = open().await;
    let mut stores = vec![store];
    for _ in 0..3 {
        stores.push(store_at(&folder.path().join("data")).await.unwrap());
    }
    for round in 1..=5 {
        let tries = stores.iter().enumerate().map(|(n, s)| {
            let s = s.clone();
            tokio::spawn(async move { hold(&s, &format!("p{n}"), LONG_MS).await })
        });
        let mut got = Vec::new();
        for t in tries.collect::<Vec<_>>() {
            got.extend(t.await.unwrap());
        }
        assert_eq!(got, [round], "one, with the next number");
        sql(&stores[0], "UPDATE lease SET expires_at = taken_at - 1, process = 'gone'").await;
    }
}
