//! Tickets by the grams of their texts: an index of whole segments, made after the tickets were written.
//!
//! A segment is either indexed, and then its grams are those of its tickets, or the texts of its tickets are read. So nothing
//! is missed at any time, an index that was never made is only slow, and what writes tickets does not wait for it.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, chunks, containing, sql},
    rows::word,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::RangeInclusive,
};
use wall_core::{Gram, SEGMENT_TICKETS, SegmentSet, TicketId, Timebase, UtcMs};

/// The texts of a ticket as they are stored; what is shown of them is for others to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TicketTexts {
    /// The ticket.
    pub id: TicketId,
    /// The number its source gave it; never empty.
    pub external_id: String,
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub address: String,
    /// Whether it is for few.
    pub sensitive: bool,
}

impl TicketTexts {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: TicketId(row.get("id")?),
            external_id: row.get("external_id")?,
            title: row.get("title")?,
            address: row.get("address")?,
            sensitive: row.get("sensitive")?,
        })
    }
}

/// Which segments are indexed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchIndex {
    /// The numbers of those that are, by the rules that were asked for.
    pub indexed: HashSet<i64>,
    /// Those that a newer edition indexed by its own rules: of no use here, and left alone.
    newer: HashSet<i64>,
    /// The id that the next ticket gets; segments beyond it are empty.
    pub next: i64,
}

impl SearchIndex {
    /// The segments in which there may be tickets, newest first.
    pub fn segments(&self) -> impl Iterator<Item = i64> + use<> {
        (0..=(self.next - 1) / SEGMENT_TICKETS).rev()
    }

    /// Whether no ticket will come to a segment any more.
    pub fn is_whole(&self, segment: i64) -> bool {
        (segment + 1) * SEGMENT_TICKETS <= self.next
    }

    /// The newest whole segment that is to be indexed; `None` = there is none.
    fn due(&self) -> Option<i64> {
        self.segments().filter(|s| self.is_whole(*s)).find(|s| !self.indexed.contains(s) && !self.newer.contains(s))
    }
}

/// The segment of a ticket.
fn segment_of(id: TicketId) -> i64 {
    id.0 / SEGMENT_TICKETS
}

const NEXT: &str = "SELECT coalesce((SELECT next FROM counter WHERE kind = 'ticket'), 1) AS next";
const TEXTS: &str = "SELECT id, external_id, title, address, sensitive FROM ticket WHERE id ";

fn segment_set(row: &Row) -> Result<SegmentSet, StoreError> {
    word(SegmentSet::from_bytes(row.get("tickets")?), "search_gram", row.get("segment")?, "tickets")
}

impl Store {
    /// Which segments are indexed by the rules of `edition`. O(segments).
    pub async fn search_index(&self, edition: i64) -> Result<SearchIndex, StoreError> {
        let mut index = SearchIndex { next: self.inner.read.one(sql(NEXT)).await?.get("next")?, ..SearchIndex::default() };
        let segments = sql("SELECT id, edition FROM search_segment WHERE edition >= $1").bind(edition);
        for row in self.inner.read.rows(segments).await? {
            let of = if row.get::<i64>("edition")? == edition { &mut index.indexed } else { &mut index.newer };
            of.insert(row.get("id")?);
        }
        Ok(index)
    }

    /// The newest whole segment that is to be indexed by the rules of `edition`; `None` = there is none, or the store may only
    /// be read. O(segments).
    pub async fn segment_due(&self, edition: i64) -> Result<Option<i64>, StoreError> {
        Ok(self.search_index(edition).await?.due().filter(|_| self.inner.may_write))
    }

    /// Of each of the segments the tickets that have a gram of a range; segments without such tickets are left out.
    /// O(log grams) a segment, and the grams of the range.
    pub async fn search_grams(
        &self,
        segments: &[i64],
        grams: &RangeInclusive<Gram>,
    ) -> Result<HashMap<i64, SegmentSet>, StoreError> {
        let mut found: HashMap<i64, SegmentSet> = HashMap::new();
        for chunk in chunks(segments) {
            let of = sql("SELECT segment, tickets FROM search_gram WHERE gram >= $1 AND gram <= $2 AND segment IN (");
            let of = of.bind(grams.start().0).bind(grams.end().0).push_list(chunk.iter().copied()).push(")");
            for row in self.inner.read.rows(of).await? {
                found.entry(row.get("segment")?).or_default().join(&segment_set(&row)?);
            }
        }
        Ok(found)
    }

    /// Tickets of a segment and those after it, up to `last`, of which number, title or address contain one of the spellings,
    /// letters of ASCII in either size; a `*` stands for any character, as what is masked is shown. For segments that are not
    /// indexed. In no particular order. O(their texts).
    pub async fn tickets_containing(
        &self,
        segments: RangeInclusive<i64>,
        spellings: &[String],
    ) -> Result<Vec<TicketId>, StoreError> {
        let (from, to) = (segments.start() * SEGMENT_TICKETS, (segments.end() + 1) * SEGMENT_TICKETS);
        let mut found = sql("SELECT id FROM ticket WHERE id >= $1 AND id < $2 AND (").bind(from).bind(to);
        for (i, spelling) in spellings.iter().enumerate() {
            let inside = containing(spelling).replace('*', "_");
            found = found.push(if i == 0 { "" } else { " OR " }).push("lower(external_id) LIKE ").push_bind(inside.as_str());
            found = found.push(" ESCAPE '\\' OR (NOT sensitive AND (lower(title) LIKE ").push_bind(inside.as_str());
            found = found.push(" ESCAPE '\\' OR lower(address) LIKE ").push_bind(inside).push(" ESCAPE '\\'))");
        }
        self.inner.read.rows(found.push(")")).await?.iter().map(|r| r.get("id").map(TicketId)).collect()
    }

    /// The texts of those of the tickets that are there at `until` by a clock, in no particular order.
    pub async fn ticket_texts(&self, ids: &[TicketId], until: UtcMs, base: Timebase) -> Result<Vec<TicketTexts>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let texts = sql(TEXTS).push("IN (").push_list(chunk.iter().map(|id| id.0));
            // As `Ticket::appears_at` says it.
            let texts = texts.push(") AND (reported_at <= ").push_bind(until).push(" OR (").push_bind(base == Timebase::System);
            let texts = texts.push(" AND recorded_at <= ").push_bind(until).push("))");
            for row in self.inner.read.rows(texts).await? {
                found.push(TicketTexts::read(&row)?);
            }
        }
        Ok(found)
    }
}

impl WriteTx {
    /// Indexes a segment by the grams of its tickets, anew where it was indexed before; `false` = it is not whole yet, and
    /// stays as it is. O(grams of its texts).
    pub async fn index_segment<G: IntoIterator<Item = Gram>>(
        &mut self,
        segment: i64,
        edition: i64,
        grams_of: impl Fn(&TicketTexts) -> G,
    ) -> Result<bool, StoreError> {
        let (from, to) = (segment * SEGMENT_TICKETS, (segment + 1) * SEGMENT_TICKETS);
        let next: i64 = self.tx.one(sql(NEXT)).await?.get("next")?;
        if next < to {
            return Ok(false);
        }
        let mut sets: BTreeMap<Gram, SegmentSet> = BTreeMap::new();
        for row in self.tx.rows(sql(TEXTS).push(">= $1 AND id < $2").bind(from).bind(to)).await? {
            let texts = TicketTexts::read(&row)?;
            // Less than 2,048.
            let place = (texts.id.0 - from) as u16;
            grams_of(&texts).into_iter().for_each(|gram| sets.entry(gram).or_default().insert(place));
        }
        self.tx.execute(sql("DELETE FROM search_gram WHERE segment = $1").bind(segment)).await?;
        let rows: Vec<(Gram, Vec<u8>)> = sets.into_iter().map(|(gram, set)| (gram, set.to_bytes())).collect();
        self.tx
            .insert("search_gram", ["segment", "gram", "tickets"], "", &rows, |(gram, tickets)| {
                [segment.into(), gram.0.into(), tickets.as_slice().into()]
            })
            .await?;
        let indexed =
            "INSERT INTO search_segment (id, edition) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET edition = excluded.edition";
        self.tx.execute(sql(indexed).bind(segment).bind(edition)).await?;
        Ok(true)
    }

    /// Texts of these tickets changed: their segments are not indexed from now on. Their grams stay until they are indexed
    /// again, so that who is searching in them meanwhile still finds the others.
    pub(crate) async fn texts_changed(&mut self, ids: impl Iterator<Item = TicketId>) -> Result<(), StoreError> {
        let mut segments: Vec<i64> = ids.map(segment_of).collect();
        segments.sort_unstable();
        segments.dedup();
        for chunk in chunks(&segments) {
            let changed = sql("DELETE FROM search_segment WHERE id IN (").push_list(chunk.iter().copied()).push(")");
            self.tx.execute(changed).await?;
        }
        Ok(())
    }
}
