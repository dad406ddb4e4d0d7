//! The index of texts: what it says is what the tickets say, at any time.

use super::*;
use std::collections::{BTreeSet, HashMap};

const EDITION: i64 = 7;

fn grams_of(t: &TicketTexts) -> Vec<Gram> {
    grams(SearchField::Text, &t.title).chain(grams(SearchField::Id, &t.external_id)).collect()
}

async fn index(store: &Store, segment: i64, edition: i64) -> bool {
    let mut tx = store.write(&admin(), T0).await.unwrap();
    let indexed = tx.index_segment(segment, edition, grams_of).await.unwrap();
    let batch = tx.commit().await.unwrap();
    assert!(batch.changes.is_empty(), "no news for anybody");
    indexed
}

async fn due(store: &Store) -> Option<i64> {
    store.segment_due(EDITION).await.unwrap()
}

/// Ids of tickets in a segment that have every gram of a needle, by the index.
async fn found(store: &Store, segment: i64, field: SearchField, text: &str) -> BTreeSet<i64> {
    let mut sets: Vec<HashMap<i64, SegmentSet>> = Vec::new();
    for range in Needle::new(text).unwrap().grams(field) {
        sets.push(store.search_grams(&[segment, segment + 1], &range).await.unwrap());
    }
    let mut all = sets[0].remove(&segment).unwrap_or_default();
    sets[1..].iter().for_each(|s| all.keep(&s.get(&segment).cloned().unwrap_or_default()));
    all.places().map(|p| segment * SEGMENT_TICKETS + i64::from(p)).collect()
}

fn titled(id: i64, title: &str) -> TicketRecord {
    TicketRecord { title: title.into(), ..record(&format!("T-{id}")) }
}

#[tokio::test]
async fn whole_segments_are_indexed_and_one_whose_texts_change_is_not_until_it_is_again() {
    let (_folder, store) = open().await;
    let title = |id: i64| if id % 3 == 0 { "井盖松动" } else { "路灯不亮 138****5678" };
    // Ids begin with 1: two segments are whole but for one ticket.
    put(&store, (1..2 * SEGMENT_TICKETS - 1).map(|id| titled(id, title(id))).collect()).await;
    assert_eq!(due(&store).await, Some(0), "the second is not whole");
    assert!(!index(&store, 1, EDITION).await && !index(&store, 2, EDITION).await);
    put(&store, vec![titled(2 * SEGMENT_TICKETS - 1, "井盖"), titled(2 * SEGMENT_TICKETS, "井盖")]).await;
    assert_eq!(due(&store).await, Some(1), "the newest first");
    assert!(index(&store, 1, EDITION).await && index(&store, 0, EDITION).await);
    assert_eq!(due(&store).await, None);
    let thirds: BTreeSet<i64> = (1..SEGMENT_TICKETS).filter(|id| id % 3 == 0).collect();
    assert_eq!(found(&store, 0, SearchField::Text, "盖松").await, thirds);
    assert_eq!(found(&store, 0, SearchField::Text, "亮").await.len(), SEGMENT_TICKETS as usize - 1 - thirds.len());
    assert_eq!(found(&store, 0, SearchField::Id, "t-204").await, [204].into_iter().chain(2040..2048).collect());
    assert!(found(&store, 0, SearchField::Text, "t-204").await.is_empty(), "a number is no text");
    assert!(found(&store, 0, SearchField::Text, "138****5").await.len() > 1_000);

    // A ticket that only moves on leaves its segment indexed, a text that changes does not.
    let done = TicketRecord { status: Some(TicketStatus::Done), ..titled(5, "") };
    put(&store, vec![done]).await;
    assert_eq!(due(&store).await, None);
    put(&store, vec![titled(5, "管道漏水")]).await;
    assert_eq!(due(&store).await, Some(0));
    assert_eq!(found(&store, 0, SearchField::Text, "盖松").await, thirds, "who searches meanwhile still finds the others");
    assert!(index(&store, 0, EDITION).await);
    assert_eq!(found(&store, 0, SearchField::Text, "漏水").await, [5].into());
    assert_eq!(found(&store, 0, SearchField::Text, "亮").await.len(), SEGMENT_TICKETS as usize - 2 - thirds.len());
    // So do an address, and that a ticket is for few from now on.
    put(&store, vec![TicketRecord { address: "东街3号".into(), ..titled(6, "") }]).await;
    assert_eq!(due(&store).await, Some(0));
    assert!(index(&store, 0, EDITION).await);
    put(&store, vec![TicketRecord { sensitive: Some(true), ..titled(SEGMENT_TICKETS, "") }]).await;
    assert_eq!(due(&store).await, Some(1));
}

#[tokio::test]
async fn an_index_by_other_rules_is_not_believed_and_one_by_newer_rules_is_left_alone() {
    let (_folder, store) = open().await;
    put(&store, (1..=SEGMENT_TICKETS).map(|id| titled(id, "井盖")).collect()).await;
    let standing = async || {
        let index = store.search_index(EDITION).await.unwrap();
        (index.indexed.contains(&0), due(&store).await)
    };
    for (edition, expected) in [(EDITION - 1, (false, Some(0))), (EDITION + 1, (false, None)), (EDITION, (true, None))] {
        assert!(index(&store, 0, edition).await);
        assert_eq!(standing().await, expected, "{edition}");
    }
    // A write that is not committed indexes nothing.
    put(&store, vec![titled(3, "路灯")]).await;
    let mut tx = store.write(&admin(), T0).await.unwrap();
    assert!(tx.index_segment(0, EDITION, grams_of).await.unwrap());
    drop(tx);
    assert_eq!(standing().await, (false, Some(0)));
    assert!(found(&store, 0, SearchField::Text, "路灯").await.is_empty());
}

#[tokio::test]
async fn texts_are_read_of_tickets_that_are_there_by_the_clock() {
    let (_folder, store) = open().await;
    let late = TicketRecord { reported_at: Some(T0.plus_ms(30_000)), ..titled(2, "路灯") };
    put(&store, vec![titled(1, "井盖"), late]).await;
    let there = async |at: i64, base| {
        let texts = store.ticket_texts(&[TicketId(2), TicketId(1), TicketId(9)], T0.plus_ms(at), base).await.unwrap();
        texts.into_iter().map(|t| t.title).collect::<BTreeSet<_>>()
    };
    assert_eq!(there(29_999, Timebase::Foreign).await, ["井盖".to_owned()].into());
    assert_eq!(there(30_000, Timebase::Foreign).await.len(), 2);
    assert!(there(-1, Timebase::Foreign).await.is_empty());
}
