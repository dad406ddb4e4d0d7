//! What keeps the index of tickets' texts: the grams of what is shown of them, a segment at a time, behind whoever writes.

use super::super::{Wall, WallError, WallInner, shown::shown_words, write::Unaudited};
use std::{sync::Weak, time::Duration};
use tokio::time::Instant;
use wall_core::{Gram, SearchField, Whole, grams};
use wall_store::TicketTexts;

/// Of the rules by which grams are made, those of `masking` and of `shown` among them: raised when one of them changes, so
/// that every segment is indexed anew.
pub(super) const EDITION: i64 = 1;
/// How often it is asked whether something is to be indexed.
const ASK: Duration = Duration::from_secs(2);
/// So many times as long as a segment took others write: an import loses a quarter of its rate at most.
const SHARE: u32 = 3;
/// How often while the store cannot be written.
const TROUBLE: Duration = Duration::from_secs(60);

/// The grams by which a ticket is found: of its number, and of what is shown of its texts to who sees most.
fn grams_of(ticket: &TicketTexts) -> Vec<Gram> {
    let shown = [&ticket.title, &ticket.address].map(|text| shown_words(text, !ticket.sensitive));
    let texts = shown.iter().flat_map(|text| grams(SearchField::Text, text));
    grams(SearchField::Id, &ticket.external_id).chain(texts).collect()
}

impl Wall {
    /// Indexes the newest segment that is due; `false` = none is. One write, O(its texts).
    ///
    /// # Errors
    /// The store cannot be read or written: tickets are found all the same, more slowly.
    pub async fn index_texts(&self) -> Result<bool, WallError> {
        let Some(due) = self.store().segment_due(EDITION).await? else { return Ok(false) };
        let mut tx = self.write(&self.inner.own, Whole::Administer).await?;
        let indexed = tx.index_segment(due, EDITION, grams_of).await?;
        tx.commit_unaudited(Unaudited::Derived).await?;
        Ok(indexed)
    }
}

/// Runs until the wall is dropped or its store closed.
pub(in crate::wall) async fn run(wall: Weak<WallInner>) {
    let mut said = false;
    loop {
        let pause = {
            let Some(inner) = wall.upgrade() else { return };
            let wall = Wall { inner };
            if wall.store().is_closed() {
                return;
            }
            let began = Instant::now();
            match wall.index_texts().await {
                Ok(true) => {
                    said = false;
                    began.elapsed() * SHARE
                }
                Ok(false) => ASK,
                Err(error) => {
                    if !std::mem::replace(&mut said, true) {
                        tracing::warn!(%error, "texts of tickets are not indexed, searching is slower until they are");
                    }
                    TROUBLE
                }
            }
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::TicketId;

    /// When this fails the rules have changed: [`EDITION`] is raised with it, or what was indexed before is not found.
    #[test]
    fn grams_are_those_of_the_edition() {
        let ticket = |sensitive| TicketTexts {
            id: TicketId(1),
            external_id: "SQ-Ａ17".into(),
            title: "井盖松动，找李 13812345678".into(),
            address: "海棠苑 12 号, li@example.com 0755-81234567".into(),
            sensitive,
        };
        let digest = |sensitive| grams_of(&ticket(sensitive)).iter().fold(EDITION, |h, g| h.wrapping_mul(31).wrapping_add(g.0));
        assert_eq!((grams_of(&ticket(true)).len(), grams_of(&ticket(false)).len()), (6, 63), "of a sensitive one its number");
        assert_eq!((digest(true), digest(false)), (3_346_683_953_561_405_880, -2_122_890_932_977_839_252));
    }
}
