//! Counting tickets over time: the figures of the wall, now and at the same hour of the day before.
//!
//! One pass over the tickets fills difference arrays over 25 instants (24 hours ago … now), so that every figure, its
//! value a day ago and its hourly trend cost O(tickets) together.

use crate::{Ticket, Timebase, UtcMs, coded::coded};

coded! {
    /// A figure of the wall.
    FigureKey {
        /// Received since the day began.
        ReceivedToday = "received_today",
        /// Open now.
        Open = "open",
        /// Share of those due in a month that were closed in time.
        OnTime = "on_time",
        /// Open and late.
        Overdue = "overdue",
        /// Closed since the day began.
        ClosedToday = "closed_today",
    }
}

/// The times of one ticket that counting needs. `i64::MAX` stands for "none"; an inverted closing counts at reporting.
/// `reported` is the time from which the ticket is there ([`Ticket::appears_at`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    /// From when it is there: reported, or learned where that was earlier.
    pub reported: i64,
    /// When its time runs out ([`Ticket::runs_out_at`]), or `i64::MAX`.
    pub due: i64,
    /// Closed, or `i64::MAX`; never before `reported`.
    pub closed: i64,
}

impl Life {
    /// The life of a ticket by a clock.
    pub fn of(ticket: &Ticket, base: Timebase) -> Self {
        Self {
            reported: ticket.appears_at(base).0,
            due: ticket.runs_out_at().map_or(i64::MAX, |t| t.0),
            closed: ticket.over_at(base).map_or(i64::MAX, |t| t.0),
        }
    }

    /// Whether the ticket is there at `t`.
    pub fn there_at(self, t: UtcMs) -> bool {
        self.reported <= t.0
    }

    /// Open at `t`: reported and not yet closed.
    pub fn open_at(self, t: UtcMs) -> bool {
        self.there_at(t) && self.closed > t.0
    }

    /// Open at `t` and past due.
    pub fn overdue_at(self, t: UtcMs) -> bool {
        self.open_at(t) && self.due < t.0
    }

    /// Open at `t` and due within `lead_ms` from then: nearly late.
    pub fn nearly_due_at(self, t: UtcMs, lead_ms: i64) -> bool {
        self.open_at(t) && self.due >= t.0 && self.due < i64::MAX && self.due - t.0 <= lead_ms
    }

    /// Whether it has a deadline that it could meet: one before the report is none.
    fn has_deadline(self) -> bool {
        self.due < i64::MAX && self.due >= self.reported
    }

    /// Fell due in `[from, to)` as the on-time rate counts it, everywhere.
    pub fn fell_due(self, from: i64, to: i64) -> bool {
        self.has_deadline() && (from..to).contains(&self.due)
    }

    /// Closed by its due time.
    pub fn on_time(self) -> bool {
        self.closed <= self.due
    }

    /// The next instant after `t` at which what is true of it changes, if any.
    pub fn next_change_after(self, t: UtcMs) -> Option<UtcMs> {
        // A ticket is late one millisecond after its due time.
        [self.reported, self.due.saturating_add(1), self.closed]
            .into_iter()
            .filter(|x| *x > t.0 && *x < i64::MAX)
            .min()
            .map(UtcMs)
    }
}

/// A stretch of time over which one life tells a ticket: all of it, or until it was reopened, suspended or timed anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The life by which it goes in this stretch.
    pub life: Life,
    /// From when, ms.
    pub from: i64,
    /// Until when, ms; exclusive.
    pub until: i64,
    /// When it was closed the next time after this stretch; `i64::MAX` = never. A ticket counts once in a period.
    pub closed_again: i64,
}

impl Stretch {
    /// One life for all of time.
    pub fn whole(life: Life) -> Self {
        Self { life, from: i64::MIN, until: i64::MAX, closed_again: i64::MAX }
    }

    fn has(self, t: i64) -> bool {
        (self.from..self.until).contains(&t)
    }

    /// Whether it was closed in this stretch.
    pub fn has_closing(self) -> bool {
        self.has(self.life.closed)
    }

    /// Whether this stretch has the last closing of the ticket in `[from, to)`.
    pub fn closed_within(self, from: i64, to: i64) -> bool {
        (from..to).contains(&self.life.closed) && self.has_closing() && self.closed_again >= to
    }
}

/// Instants the trend is sampled at: 24 hours ago to now, hourly.
const STEPS: usize = 25;
const HOUR_MS: i64 = 3_600_000;
/// The on-time rate looks at tickets that fell due in the last 30 days.
pub const ON_TIME_WINDOW_MS: i64 = 30 * 24 * HOUR_MS;

/// The figures of the left panel.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Figures {
    /// Open now, and at each hour from 24 hours ago (25 values, the last is now).
    pub open: Vec<i64>,
    /// Open and late at each hour.
    pub overdue: Vec<i64>,
    /// Closed on time among `due` at each hour, over [`ON_TIME_WINDOW_MS`].
    pub on_time: Vec<i64>,
    /// Fell due at each hour, over the same window.
    pub due: Vec<i64>,
    /// Received in each of the last 24 hours.
    pub received_hourly: Vec<i64>,
    /// Closed in each of the last 24 hours.
    pub closed_hourly: Vec<i64>,
    /// Received since local midnight.
    pub received_today: i64,
    /// Closed since local midnight.
    pub closed_today: i64,
    /// Received from the midnight before to this time yesterday.
    pub received_yesterday: i64,
    /// Closed from the midnight before to this time yesterday.
    pub closed_yesterday: i64,
    /// When the history begins: the first ticket that is there; `None` = there is none.
    pub history_from: Option<UtcMs>,
}

impl Figures {
    /// Whether the history reaches back to `t`: only then is there anything to compare with.
    pub fn knows(&self, t: UtcMs) -> bool {
        self.history_from.is_some_and(|from| from <= t)
    }

    /// How many of the sampled instants, oldest first, lie before the history begins.
    pub fn unknown_steps(&self, now: UtcMs) -> usize {
        let first = now.0 - (STEPS as i64 - 1) * HOUR_MS;
        self.history_from.map_or(STEPS, |from| (0..STEPS).take_while(|i| first + *i as i64 * HOUR_MS < from.0).count())
    }
}

/// Counts everything at one time, O(stretches); parts that were counted side by side are joined.
#[derive(Clone, Debug)]
pub struct Tally {
    now: i64,
    day_start: i64,
    yesterday_start: i64,
    /// The first instant sampled.
    first: i64,
    /// What was over before this, and did not fall due in the window, is in no figure.
    oldest: i64,
    // Differences from one instant to the next.
    open: [i64; STEPS + 1],
    overdue: [i64; STEPS + 1],
    on_time: [i64; STEPS + 1],
    due: [i64; STEPS + 1],
    received_hourly: [i64; STEPS - 1],
    closed_hourly: [i64; STEPS - 1],
    received_today: i64,
    closed_today: i64,
    received_yesterday: i64,
    closed_yesterday: i64,
    /// The first ticket that is there; `i64::MAX` = none.
    history_from: i64,
}

impl Tally {
    /// Nothing counted yet; `day_start` and `yesterday_start` are the local midnights before `now`.
    pub fn new(now: UtcMs, day_start: UtcMs, yesterday_start: UtcMs) -> Self {
        let first = now.0 - (STEPS as i64 - 1) * HOUR_MS;
        Self {
            now: now.0,
            day_start: day_start.0,
            yesterday_start: yesterday_start.0,
            first,
            oldest: first.min(yesterday_start.0).min(day_start.0),
            open: [0; STEPS + 1],
            overdue: [0; STEPS + 1],
            on_time: [0; STEPS + 1],
            due: [0; STEPS + 1],
            received_hourly: [0; STEPS - 1],
            closed_hourly: [0; STEPS - 1],
            received_today: 0,
            closed_today: 0,
            received_yesterday: 0,
            closed_yesterday: 0,
            history_from: i64::MAX,
        }
    }

    /// Index of the first sampled instant at or after `t`.
    fn step(&self, t: i64) -> usize {
        if t <= self.first {
            0
        } else if t > self.now {
            STEPS
        } else {
            ((t - self.first + HOUR_MS - 1) / HOUR_MS) as usize
        }
    }

    fn hour(&self, t: i64) -> Option<usize> {
        (t > self.first && t <= self.now).then(|| (((t - self.first - 1) / HOUR_MS) as usize).min(STEPS - 2))
    }

    /// Adds a ticket that one life tells. Of most it is seen at once that they are in no figure: they are over.
    pub fn add_whole(&mut self, life: Life) {
        let window = life.due == i64::MAX || life.due.saturating_add(ON_TIME_WINDOW_MS) <= self.first;
        if life.closed < self.oldest && window {
            self.history_from = self.history_from.min(life.reported);
        } else {
            self.add(Stretch::whole(life));
        }
    }

    /// Adds a stretch of a ticket.
    pub fn add(&mut self, stretch: Stretch) {
        let Stretch { life, from, until, closed_again } = stretch;
        if life.reported > self.now || from > self.now {
            return;
        }
        self.history_from = self.history_from.min(life.reported);
        let (begun, closed) = (life.reported.max(from), self.step(life.closed.min(until)));
        if self.step(begun) < closed {
            self.open[self.step(begun)] += 1;
            self.open[closed] -= 1;
        }
        if life.due < i64::MAX {
            let late = self.step(life.due.saturating_add(1).max(begun));
            if late < closed {
                self.overdue[late] += 1;
                self.overdue[closed] -= 1;
            }
            let (from, to) = (self.step(life.due.max(from)), self.step(life.due.saturating_add(ON_TIME_WINDOW_MS).min(until)));
            if from < to && life.has_deadline() {
                self.due[from] += 1;
                self.due[to] -= 1;
                if life.on_time() {
                    self.on_time[from] += 1;
                    self.on_time[to] -= 1;
                }
            }
        }
        let yesterday_now = self.now - 24 * HOUR_MS;
        if stretch.has(life.reported) {
            if let Some(h) = self.hour(life.reported) {
                self.received_hourly[h] += 1;
            }
            self.received_today += i64::from(life.reported >= self.day_start);
            self.received_yesterday += i64::from(life.reported >= self.yesterday_start && life.reported <= yesterday_now);
        }
        if let Some(h) = self.hour(life.closed).filter(|h| stretch.has_closing() && self.hour(closed_again) != Some(*h)) {
            self.closed_hourly[h] += 1;
        }
        self.closed_today += i64::from(stretch.closed_within(self.day_start, self.now.saturating_add(1)));
        self.closed_yesterday += i64::from(stretch.closed_within(self.yesterday_start, yesterday_now.saturating_add(1)));
    }

    /// Adds what was counted of other tickets at the same time.
    pub fn join(&mut self, other: &Self) {
        fn add<const N: usize>(to: &mut [i64; N], other: &[i64; N]) {
            to.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        }
        add(&mut self.open, &other.open);
        add(&mut self.overdue, &other.overdue);
        add(&mut self.on_time, &other.on_time);
        add(&mut self.due, &other.due);
        add(&mut self.received_hourly, &other.received_hourly);
        add(&mut self.closed_hourly, &other.closed_hourly);
        self.received_today += other.received_today;
        self.closed_today += other.closed_today;
        self.received_yesterday += other.received_yesterday;
        self.closed_yesterday += other.closed_yesterday;
        self.history_from = self.history_from.min(other.history_from);
    }

    /// What it comes to.
    pub fn figures(&self) -> Figures {
        let sum = |differences: &[i64; STEPS + 1]| -> Vec<i64> {
            let running = differences.iter().take(STEPS).scan(0, |s, x| {
                *s += x;
                Some(*s)
            });
            running.collect()
        };
        Figures {
            open: sum(&self.open),
            overdue: sum(&self.overdue),
            on_time: sum(&self.on_time),
            due: sum(&self.due),
            received_hourly: self.received_hourly.to_vec(),
            closed_hourly: self.closed_hourly.to_vec(),
            received_today: self.received_today,
            closed_today: self.closed_today,
            received_yesterday: self.received_yesterday,
            closed_yesterday: self.closed_yesterday,
            history_from: (self.history_from < i64::MAX).then_some(UtcMs(self.history_from)),
        }
    }
}

/// Received and closed in `buckets` equal steps from `from` to `to`. O(stretches).
pub fn histogram(stretches: impl Iterator<Item = Stretch>, from: UtcMs, to: UtcMs, buckets: usize) -> (Vec<u32>, Vec<u32>) {
    let span = (to.0 - from.0).max(1) as i128;
    let slot = |t: i64| {
        (t >= from.0 && t < to.0).then(|| (i128::from(t - from.0) * buckets as i128 / span) as usize).filter(|b| *b < buckets)
    };
    let (mut received, mut closed) = (vec![0u32; buckets], vec![0u32; buckets]);
    for stretch in stretches {
        let Stretch { life, closed_again, .. } = stretch;
        if let Some(b) = slot(life.reported).filter(|_| stretch.has(life.reported)) {
            received[b] += 1;
        }
        if let Some(b) = slot(life.closed).filter(|b| stretch.has_closing() && slot(closed_again) != Some(*b)) {
            closed[b] += 1;
        }
    }
    (received, closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figures(stretches: impl Iterator<Item = Stretch>, now: UtcMs, day_start: UtcMs, yesterday_start: UtcMs) -> Figures {
        let mut tally = Tally::new(now, day_start, yesterday_start);
        stretches.for_each(|stretch| tally.add(stretch));
        tally.figures()
    }

    fn life() -> impl Strategy<Value = Life> {
        let h = HOUR_MS;
        (
            prop_oneof![-60 * h..60 * h, -900 * h..60 * h],
            proptest::option::of(prop_oneof![-60 * h..60 * h, -900 * h..60 * h]),
            proptest::option::of(0..100 * h),
        )
            .prop_map(|(reported, due, stay)| Life {
                reported,
                due: due.unwrap_or(i64::MAX),
                closed: stay.map_or(i64::MAX, |s| reported + s),
            })
    }

    proptest! {
        #[test]
        fn equals_counting_one_by_one(lives in prop::collection::vec(life(), 0..60)) {
            let now = UtcMs(0);
            let f = figures(lives.iter().copied().map(Stretch::whole), now, UtcMs(-10 * HOUR_MS), UtcMs(-34 * HOUR_MS));
            for i in 0..STEPS {
                let t = UtcMs(-((STEPS - 1 - i) as i64) * HOUR_MS);
                let known = || lives.iter().filter(|l| l.reported <= now.0);
                prop_assert_eq!(f.open[i], known().filter(|l| l.open_at(t)).count() as i64);
                prop_assert_eq!(f.overdue[i], known().filter(|l| l.overdue_at(t)).count() as i64);
                let fell = |l: &&Life| l.due < i64::MAX && l.due >= l.reported && l.due <= t.0 && l.due > t.0 - ON_TIME_WINDOW_MS;
                let within = |l: &&Life| l.fell_due(t.0 - ON_TIME_WINDOW_MS + 1, t.0 + 1);
                prop_assert_eq!(f.due[i], known().filter(fell).count() as i64);
                prop_assert_eq!(f.due[i], known().filter(within).count() as i64);
                prop_assert_eq!(f.on_time[i], known().filter(within).filter(|l| l.on_time()).count() as i64);
                prop_assert_eq!(f.on_time[i], known().filter(fell).filter(|l| l.closed <= l.due).count() as i64);
            }
            // Counted in parts, and each by its life alone, it is the same.
            let mut parts = [now; 3].map(|now| Tally::new(now, UtcMs(-10 * HOUR_MS), UtcMs(-34 * HOUR_MS)));
            lives.iter().enumerate().for_each(|(i, l)| parts[i % 3].add_whole(*l));
            let [mut all, second, third] = parts;
            all.join(&second);
            all.join(&third);
            prop_assert_eq!(&all.figures(), &f);
            let first = lives.iter().map(|l| l.reported).filter(|r| *r <= 0).min();
            prop_assert_eq!(f.history_from, first.map(UtcMs));
            let unknown = (0..STEPS).filter(|i| first.is_none_or(|from| -((STEPS - 1 - i) as i64) * HOUR_MS < from)).count();
            prop_assert_eq!(f.unknown_steps(now), unknown);
            // Cut into pieces anywhere, a ticket counts as it does whole.
            let cut = |l: &Life| {
                let mut at = [l.reported, l.reported.midpoint(l.due.min(99 * HOUR_MS)), l.closed.min(100 * HOUR_MS), i64::MAX];
                at.sort_unstable();
                at.windows(2).map(|w| Stretch { life: *l, from: w[0], until: w[1], closed_again: i64::MAX }).collect::<Vec<_>>()
            };
            let pieces = figures(lives.iter().flat_map(cut), now, UtcMs(-10 * HOUR_MS), UtcMs(-34 * HOUR_MS));
            prop_assert_eq!(&pieces, &f);
            prop_assert_eq!(f.received_hourly.iter().sum::<i64>(), lives.iter().filter(|l| l.reported > -24 * HOUR_MS && l.reported <= 0).count() as i64);
        }
    }
}
