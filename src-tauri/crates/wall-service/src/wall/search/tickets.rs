//! Tickets by what is shown of them. The index only narrows the search down: where a text is masked or withheld, a question
//! for it finds nothing.

use super::{
    super::{
        Wall, WallError,
        shown::{Sight, shown_words},
    },
    index::EDITION,
};
use std::{collections::HashMap, ops::RangeInclusive};
use wall_core::{Gram, Needle, SEGMENT_TICKETS, SearchField, SegmentSet, TicketId, Timebase, UtcMs};
use wall_store::{Actor, TicketTexts};

/// Segments that are asked first, and how many times more with each step: what is found often is found in the newest.
const FIRST: usize = 4;
const GROWTH: usize = 8;
/// Tickets looked at together whether they show what is searched; so few are looked at rather than more grams asked.
const LOOK: usize = 256;
const FEW: usize = 256;

/// A question to the index for one field.
struct Asked {
    /// Those that had the fewest tickets in the first segments come first.
    grams: Vec<RangeInclusive<Gram>>,
    /// Whether their order is that of what was found.
    sorted: bool,
}

impl Asked {
    /// The tickets of indexed segments that may have the needle in the field.
    async fn candidates(&mut self, wall: &Wall, segments: &[i64]) -> Result<HashMap<i64, SegmentSet>, WallError> {
        if segments.is_empty() {
            return Ok(HashMap::new());
        }
        let mut left: Option<HashMap<i64, SegmentSet>> = None;
        let mut counts = Vec::new();
        for range in &self.grams {
            let of: Vec<i64> = match &left {
                // Until their order is known all are asked of all.
                Some(left) if self.sorted => left.keys().copied().collect(),
                _ => segments.to_vec(),
            };
            let found = wall.store().search_grams(&of, range).await?;
            counts.push(found.values().map(SegmentSet::len).sum::<usize>());
            let left = match &mut left {
                None => left.insert(found),
                Some(left) => {
                    left.retain(|segment, set| {
                        found.get(segment).is_some_and(|other| {
                            set.keep(other);
                            !set.is_empty()
                        })
                    });
                    left
                }
            };
            if self.sorted && left.values().map(SegmentSet::len).sum::<usize>() <= FEW {
                break;
            }
        }
        if !self.sorted {
            let mut order: Vec<_> = counts.into_iter().zip(self.grams.drain(..)).collect();
            order.sort_by_key(|(count, _)| *count);
            self.grams = order.into_iter().map(|(_, range)| range).collect();
            self.sorted = true;
        }
        Ok(left.unwrap_or_default())
    }
}

/// Numbers that descend, as ranges of those that follow each other.
fn runs(descending: impl Iterator<Item = i64>) -> Vec<RangeInclusive<i64>> {
    let mut runs: Vec<RangeInclusive<i64>> = Vec::new();
    for n in descending {
        match runs.last_mut() {
            Some(run) if *run.start() == n + 1 => *run = n..=*run.end(),
            _ => runs.push(n..=n),
        }
    }
    runs
}

impl Wall {
    /// The newest tickets that show the needle to the actor. O(segments + tickets that may show it), in indexed segments.
    pub(super) async fn tickets_showing(
        &self,
        actor: &Actor,
        needle: &Needle,
        (now, base): (UtcMs, Timebase),
        limit: usize,
    ) -> Result<Vec<TicketId>, WallError> {
        let sight = Sight::of(actor);
        let fields = match sight {
            Sight::Exact | Sight::Within(_) => &[SearchField::Id, SearchField::Text][..],
            Sight::Coarse => &[SearchField::Id],
        };
        let mut asked: Vec<Asked> = fields.iter().map(|f| Asked { grams: needle.grams(*f), sorted: false }).collect();
        let (index, spellings) = (self.store().search_index(EDITION).await?, needle.spellings());
        let clear = |t: &TicketTexts| match &sight {
            Sight::Exact => !t.sensitive,
            Sight::Coarse => false,
            Sight::Within(_) => {
                let (world, slot) = (self.world(), u32::try_from(t.id.0 - 1).unwrap_or(u32::MAX));
                !t.sensitive && world.ticket(t.id).is_some_and(|live| world.is_clear_slot(slot, live, &sight))
            }
        };
        let shows = |t: &TicketTexts| {
            let texts = [&t.title, &t.address].map(|text| shown_words(text, clear(t)));
            needle.is_in(&t.external_id) || texts.iter().any(|text| needle.is_in(text))
        };
        let (mut found, mut step) = (Vec::new(), FIRST);
        let segments: Vec<i64> = index.segments().collect();
        let mut rest = &segments[..];
        while !rest.is_empty() {
            let (these, later) = rest.split_at(step.min(rest.len()));
            (rest, step) = (later, step * GROWTH);
            let indexed: Vec<i64> = these.iter().copied().filter(|s| index.indexed.contains(s)).collect();
            let mut candidates: HashMap<i64, SegmentSet> = HashMap::new();
            for asked in &mut asked {
                for (segment, set) in asked.candidates(self, &indexed).await? {
                    candidates.entry(segment).or_default().join(&set);
                }
            }
            // Those that are not indexed yet are read through by the database, as far as it can read.
            let unread = these.iter().copied().filter(|s| !index.indexed.contains(s) && index.is_whole(*s));
            for run in runs(unread) {
                for id in self.store().tickets_containing(run, &spellings).await? {
                    let place = (id.0 % SEGMENT_TICKETS) as u16;
                    candidates.entry(id.0 / SEGMENT_TICKETS).or_default().insert(place);
                }
            }
            let of = |segment: i64| {
                // The newest is looked at whole, until it is.
                let places = match index.is_whole(segment) {
                    true => candidates.get(&segment).map(|set| set.places().collect()).unwrap_or_default(),
                    false => (0..SEGMENT_TICKETS as u16).collect::<Vec<u16>>(),
                };
                let ids = places.into_iter().rev().map(move |place| segment * SEGMENT_TICKETS + i64::from(place));
                ids.filter(|id| *id < index.next).map(TicketId)
            };
            let mut ids = these.iter().flat_map(|s| of(*s));
            loop {
                let some: Vec<TicketId> = ids.by_ref().take(LOOK).collect();
                if some.is_empty() {
                    break;
                }
                let mut texts = self.store().ticket_texts(&some, now, base).await?;
                texts.sort_by_key(|t| std::cmp::Reverse(t.id));
                for t in texts.iter().filter(|t| shows(t)) {
                    found.push(t.id);
                    if found.len() == limit {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }
}
