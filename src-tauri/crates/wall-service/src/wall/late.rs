//! How many events say something of a time, or of before, and were recorded only later: counted over all tickets.
//!
//! Every event whose time lies before its recording is kept in eight bytes, looked at by itself. Of the few tickets of which that
//! is not the whole truth (a time of reporting was corrected, a closing told again) the histories say it, and the difference
//! is kept. Read once behind the start, then what is new with each question; disposable. It goes with the world into the image.

use super::{
    Wall, WallError, WallInner,
    known::Known,
    then::Moment,
    world::{
        World,
        columns::{Columns, Doubt, NONSENSE, Reader},
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::Weak,
};
use wall_core::{History, News, TicketEvent, TicketId, TicketStatus, Timebase, UtcMs, counts_from};
use wall_store::{Happened, What};

/// Events read at once: few, since a row of the driver takes some kilobytes while it is read, and what is given back stays with the
/// program.
const PAGE: u32 = 4_096;
/// Lines of one block.
const BLOCK: usize = 4_096;
/// Bits of a line that hold by how much an event came late: 34 years in ms; the others hold when it came, in a block.
const LATENESS_BITS: u32 = 40;

/// Whether a line can say by how much something came late.
fn fits(n: i64, bits: u32) -> bool {
    u64::try_from(n).is_ok_and(|n| n < 1 << bits)
}

/// Of which time something is news by what it says itself.
fn told(at: UtcMs, recorded_at: UtcMs, base: Timebase) -> News {
    News { from: counts_from(at, recorded_at, base), recorded_at }
}

/// The bit of a final status; `None` = it is none.
fn final_bit(status: TicketStatus) -> Option<u8> {
    match status {
        TicketStatus::Closed => Some(1),
        TicketStatus::Rated => Some(2),
        TicketStatus::Cancelled => Some(4),
        _ => None,
    }
}

/// Of which times the events of a ticket are news where that is otherwise than each of them says by itself.
#[derive(Clone)]
pub(crate) struct Deviation {
    told: Box<[News]>,
    is: Box<[News]>,
}

impl Deviation {
    /// `None` when each event says it by itself.
    pub fn of(history: &History<'_>, base: Timebase) -> Option<Self> {
        let late = |n: &News| n.from < n.recorded_at;
        let kept = |n: &News| late(n) && fits(n.recorded_at.0.saturating_sub(n.from.0), LATENESS_BITS);
        let told: Box<[News]> =
            history.events().iter().map(|e: &TicketEvent| told(e.at, e.recorded_at, base)).filter(kept).collect();
        let is: Box<[News]> = history.news().filter(late).collect();
        (told != is).then_some(Self { told, is })
    }

    /// How many more there are at a time than its events say by themselves.
    fn more_at(&self, t: UtcMs) -> i64 {
        let count = |news: &[News]| news.iter().filter(|n| n.is_late_at(t)).count() as i64;
        count(&self.is) - count(&self.told)
    }
}

/// Events that were recorded one after the other.
struct Block {
    /// Revisions of the first and the last of them.
    revisions: (i64, i64),
    /// When the earliest and the latest of them were recorded.
    recorded: (i64, i64),
    /// The first time of which one of them is news.
    from: i64,
    /// When it was recorded, counted from the block's first, and by how much it came late.
    lines: Vec<u64>,
}

impl Block {
    fn new(news: News, revision: i64) -> Self {
        let (from, recorded) = (news.from.0, news.recorded_at.0);
        Self { revisions: (revision, revision), recorded: (recorded, recorded), from, lines: Vec::new() }
    }

    /// Takes a line in; `false` when it has no room, or does not fit beside the others.
    fn take(&mut self, news: News, revision: i64) -> bool {
        let since = news.recorded_at.0.saturating_sub(self.recorded.0);
        let lateness = news.recorded_at.0.saturating_sub(news.from.0);
        if self.lines.len() == BLOCK || !fits(since, 64 - LATENESS_BITS) || !fits(lateness, LATENESS_BITS) {
            return false;
        }
        self.lines.push((since as u64) << LATENESS_BITS | lateness as u64);
        self.recorded.1 = self.recorded.1.max(news.recorded_at.0);
        self.from = self.from.min(news.from.0);
        self.revisions.1 = revision;
        true
    }

    fn count(&self, t: UtcMs, known: Option<&Known>) -> i64 {
        let (mut from, mut until) = (t.0, i64::MAX);
        if let Some(known) = known {
            if self.revisions.0 > known.revision() {
                return 0;
            }
            // What was recorded after that revision was recorded after that time.
            if self.revisions.1 > known.revision() {
                until = known.at().0;
            }
        }
        if self.recorded.1 <= t.0 || self.from > t.0 {
            return 0;
        }
        from = from.saturating_sub(self.recorded.0);
        until = until.saturating_sub(self.recorded.0);
        let late = |line: &&u64| {
            let (since, lateness) = ((*line >> LATENESS_BITS) as i64, (*line & ((1 << LATENESS_BITS) - 1)) as i64);
            since > from && since - lateness <= from && since <= until
        };
        self.lines.iter().filter(late).count() as i64
    }
}

/// All events that came late.
#[derive(Default)]
pub(crate) struct LateNews {
    base: Option<Timebase>,
    /// Number of the last event that was read.
    event: i64,
    blocks: Vec<Block>,
    /// Which final statuses were told of a ticket, a bit each.
    finals: Vec<u8>,
    deviations: HashMap<TicketId, Deviation>,
    /// Tickets whose histories have still to be asked.
    unsure: Vec<TicketId>,
}

impl LateNews {
    /// Takes in what happened; gives the tickets whose histories have to be asked.
    fn take(&mut self, events: &[Happened], world: &World, base: Timebase) -> Vec<TicketId> {
        let mut doubted = HashSet::new();
        for e in events {
            self.event = e.event;
            let news = told(e.at, e.recorded_at, base);
            let appears = world.ticket(e.ticket).map(|t| t.life.reported);
            let is_later = appears.is_some_and(|a| a <= news.from.0);
            let plain = match e.what {
                What::Received => appears == Some(news.from.0),
                What::ReportedAt => false,
                What::Status(to) => final_bit(to).is_none_or(|bit| self.is_first(e.ticket, bit)) && is_later,
                What::Other => is_later,
            };
            if !plain || self.deviations.contains_key(&e.ticket) {
                doubted.insert(e.ticket);
            }
            if news.from < news.recorded_at && !self.blocks.last_mut().is_some_and(|b| b.take(news, e.revision)) {
                let mut block = Block::new(news, e.revision);
                if block.take(news, e.revision) {
                    self.blocks.push(block);
                } else {
                    // Later by more than a line can say: its history says it.
                    doubted.insert(e.ticket);
                }
            }
        }
        doubted.into_iter().collect()
    }

    /// Whether a final status of a ticket is told for the first time.
    fn is_first(&mut self, ticket: TicketId, bit: u8) -> bool {
        let Ok(slot) = usize::try_from(ticket.0) else { return false };
        if slot >= self.finals.len() {
            self.finals.resize(slot + 1, 0);
        }
        let first = self.finals[slot] & bit == 0;
        self.finals[slot] |= bit;
        first
    }

    /// Puts it into the columns of an image. Of the tickets that are `guarded` there is nothing in them but their numbers.
    pub fn write(&self, columns: &mut Columns, guarded: impl Fn(TicketId) -> bool) {
        columns.count(self.base.map_or(0, |base| 1 + usize::from(base == Timebase::Foreign)));
        columns.i64s([self.event].into_iter());
        columns.count(self.blocks.len());
        for block in &self.blocks {
            let (revisions, recorded) = (block.revisions, block.recorded);
            columns.i64s([revisions.0, revisions.1, recorded.0, recorded.1, block.from].into_iter());
            columns.count(block.lines.len());
            columns.i64s(block.lines.iter().map(|line| *line as i64));
        }
        columns.count(self.finals.len());
        // Of a ticket of which every final status was told, the next one is asked of its history.
        let final_of = |(id, bits): (usize, &u8)| if guarded(TicketId(id as i64)) { u8::MAX } else { *bits };
        columns.bytes(self.finals.iter().enumerate().map(final_of));
        let (hidden, shown): (Vec<_>, Vec<_>) = self.deviations.iter().partition(|(id, _)| guarded(**id));
        columns.count(hidden.len() + self.unsure.len());
        columns.i64s(hidden.iter().map(|(id, _)| id.0).chain(self.unsure.iter().map(|id| id.0)));
        columns.count(shown.len());
        for (id, deviation) in shown {
            columns.i64s([id.0].into_iter());
            for news in [&deviation.told, &deviation.is] {
                columns.count(news.len());
                columns.i64s(news.iter().flat_map(|n| [n.from.0, n.recorded_at.0]));
            }
        }
    }

    /// Reads what [`LateNews::write`] wrote.
    pub fn read(columns: &mut Reader<'_>) -> Result<Self, Doubt> {
        let base = match columns.count()? {
            0 => None,
            1 => Some(Timebase::System),
            2 => Some(Timebase::Foreign),
            _ => return Err(NONSENSE),
        };
        let event = columns.i64()?;
        let mut late = Self { base, event, ..Self::default() };
        for _ in 0..columns.count()? {
            let mut next = || columns.i64();
            let (revisions, recorded, from) = ((next()?, next()?), (next()?, next()?), next()?);
            let lines = columns.count()?;
            if lines > BLOCK {
                return Err(NONSENSE);
            }
            let lines = columns.i64s(lines)?.map(|line| line as u64).collect();
            late.blocks.push(Block { revisions, recorded, from, lines });
        }
        let finals = columns.count()?;
        late.finals = columns.bytes(finals)?.to_vec();
        let unsure = columns.count()?;
        late.unsure = columns.i64s(unsure)?.map(TicketId).collect();
        for _ in 0..columns.count()? {
            let id = TicketId(columns.i64()?);
            let mut news = || -> Result<Box<[News]>, Doubt> {
                let count = columns.count()?;
                let mut times = columns.i64s(count.checked_mul(2).ok_or(NONSENSE)?)?;
                let mut next = move || Some(News { from: UtcMs(times.next()?), recorded_at: UtcMs(times.next()?) });
                Ok(std::iter::from_fn(&mut next).collect())
            };
            let (told, is) = (news()?, news()?);
            late.deviations.insert(id, Deviation { told, is });
        }
        Ok(late)
    }

    fn count(&self, t: UtcMs, known: Option<&Known>) -> u32 {
        let told: i64 = self.blocks.iter().map(|b| b.count(t, known)).sum();
        let more: i64 = match known {
            None => self.deviations.values().map(|d| d.more_at(t)).sum(),
            Some(known) => {
                let unchanged = self.deviations.iter().filter(|(id, _)| !known.has_changed(**id)).map(|(_, d)| d);
                unchanged.chain(known.deviations()).map(|d| d.more_at(t)).sum()
            }
        };
        u32::try_from((told + more).max(0)).unwrap_or(u32::MAX)
    }
}

impl Wall {
    /// How many events of all tickets say something of the time of a question, or of before, and were recorded only later, by
    /// what is known to it. `None` = that is not on record: changes of values were not kept then. O(late events).
    pub(super) async fn late_events(&self, moment: &Moment) -> Result<Option<u32>, WallError> {
        let Some(at) = moment.as_of else { return Ok(Some(0)) };
        if self.store().ticket_history_since().await?.is_some_and(|since| at < since) {
            return Ok(None);
        }
        let mut late = self.inner.late.lock().await;
        self.read_late(&mut late).await?;
        Ok(Some(late.count(at, moment.known())))
    }

    /// Reads what was recorded since, up to what the world knows.
    async fn read_late(&self, late: &mut LateNews) -> Result<(), WallError> {
        loop {
            let (revision, base) = {
                let world = self.world();
                (world.revision, world.base)
            };
            if late.base != Some(base) {
                *late = LateNews { base: Some(base), ..LateNews::default() };
            }
            let events = self.store().happened_after(late.event, revision, PAGE).await?;
            if events.is_empty() && late.unsure.is_empty() {
                return Ok(());
            }
            let before = late.event;
            let mut doubted = late.take(&events, &self.world(), base);
            doubted.append(&mut late.unsure);
            if let Err(error) = self.ask_histories(late, &doubted, base, revision).await {
                // What was taken in is not whole: all of it is read anew.
                tracing::warn!(%error, before, "the count of late events is begun anew");
                *late = LateNews::default();
                return Err(error);
            }
        }
    }

    async fn ask_histories(
        &self,
        late: &mut LateNews,
        tickets: &[TicketId],
        base: Timebase,
        revision: i64,
    ) -> Result<(), WallError> {
        let rows = self.store().tickets_by_id(self.network_id(), tickets).await?;
        let events = self.store().ticket_events(tickets).await?;
        for (row, _) in &rows {
            let events = events.get(&row.id).map_or(&[][..], |e| e);
            let deviation = History::of(row, events, base, Some(revision)).and_then(|h| Deviation::of(&h, base));
            match deviation {
                Some(deviation) => late.deviations.insert(row.id, deviation),
                None => late.deviations.remove(&row.id),
            };
        }
        Ok(())
    }
}

/// Reads the events that came late behind the start, so that no question waits for them.
pub(super) async fn run(wall: Weak<WallInner>) {
    let Some(inner) = wall.upgrade() else { return };
    let wall = Wall { inner };
    let mut late = wall.inner.late.lock().await;
    if let Err(error) = wall.read_late(&mut late).await {
        tracing::warn!(%error, "late events are counted with the first question about another time");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn news(from: i64, recorded_at: i64) -> News {
        News { from: UtcMs(from), recorded_at: UtcMs(recorded_at) }
    }

    /// Two blocks, final statuses of three tickets, deviations of two and one whose history has still to be asked.
    pub fn sample() -> LateNews {
        let mut first = Block::new(news(1_000, 5_000), 3);
        assert!(first.take(news(1_000, 5_000), 3) && first.take(news(2_000, 6_000), 4));
        let mut second = Block::new(news(-7_000, 90_000), 8);
        assert!(second.take(news(-7_000, 90_000), 8));
        let deviation = |n| Deviation { told: [news(n, n + 10)].into(), is: [].into() };
        LateNews {
            base: Some(Timebase::Foreign),
            event: 77,
            blocks: vec![first, second],
            finals: vec![0, 1, 2, 4],
            deviations: [(TicketId(2), deviation(1_005)), (TicketId(3), deviation(1_009))].into(),
            unsure: vec![TicketId(9)],
        }
    }

    fn columns(late: &LateNews, guarded: i64) -> Vec<u8> {
        let mut columns = Columns(Vec::new());
        late.write(&mut columns, |ticket| ticket.0 == guarded);
        columns.0
    }

    #[test]
    fn what_is_kept_comes_back_and_of_a_guarded_ticket_only_its_number() {
        let late = sample();
        let bytes = columns(&late, 3);
        let again = LateNews::read(&mut Reader(&bytes)).unwrap();
        assert_eq!((again.base, again.event, &again.finals), (late.base, 77, &vec![0, 1, 2, u8::MAX]));
        assert_eq!((again.unsure, again.deviations.len()), (vec![TicketId(3), TicketId(9)], 1));
        for t in [500, 1_500, 2_500, 4_999, 5_500, 6_000, 80_000, 90_000] {
            let count = |late: &LateNews| late.blocks.iter().map(|b| b.count(UtcMs(t), None)).sum::<i64>();
            assert_eq!(count(&LateNews::read(&mut Reader(&bytes)).unwrap()), count(&late), "at {t}");
        }
        for cut in 0..bytes.len() {
            assert!(LateNews::read(&mut Reader(&bytes[..cut])).is_err(), "cut at {cut}");
        }
    }

    /// An event is late at every time from which it is news until it was recorded.
    #[test]
    fn events_that_came_late_are_counted_at_a_time() {
        let at = |t| sample().blocks.iter().map(|b| b.count(UtcMs(t), None)).sum::<i64>();
        assert_eq!(
            [-7_001, -7_000, 999, 1_000, 2_000, 4_999, 5_000, 5_999, 6_000, 89_999, 90_000].map(at),
            [0, 1, 1, 2, 3, 3, 2, 2, 1, 1, 0]
        );
        // A ticket whose history says otherwise than its events: one less while they say it is late.
        let counted = |t| sample().count(UtcMs(t), None);
        assert_eq!([1_004, 1_005, 1_014, 1_015].map(counted), [2, 1, 0, 1]);
    }
}
