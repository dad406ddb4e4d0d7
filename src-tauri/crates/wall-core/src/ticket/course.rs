//! How the status of a ticket went: the part of the fold that says where it stood at any time.
//!
//! The rules, in this order:
//! 1. Nothing has happened later than it was learned: a time ahead of the clock counts from when it was recorded
//!    ([`counts_from`]). Nothing of a ticket happens before it was reported.
//! 2. Events stand in the order in which they happened, then in the order in which they were recorded.
//! 3. A final status holds. Only an event whose own time is later takes it back; a message that does not say when
//!    its status was reached never does, in whichever order the two arrive.
//! 4. The same final status told again without a reopening between is the same event; what was told last about it counts.

use super::TicketStatus;
use crate::{Ahead, Timebase, UtcMs, counts_from};

/// One line of a ticket's history after it was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusEvent {
    /// The status it reached.
    pub to: TicketStatus,
    /// When.
    pub at: UtcMs,
    /// When we learned it.
    pub recorded_at: UtcMs,
    /// Whether `at` was told; `false` = nobody said, and it is the time at which the message came.
    pub told: bool,
}

/// Where a ticket stands from a time on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Since when.
    pub since: UtcMs,
    /// The status.
    pub status: TicketStatus,
    /// Since when it is over, when it is.
    pub over_at: Option<UtcMs>,
    /// The event that brought it here, as an index into the events; `None` = it was received.
    pub event: Option<usize>,
    /// The event that ended it, when it is over.
    pub over_by: Option<usize>,
}

/// The course of one ticket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Course {
    steps: Vec<Standing>,
    passed_over: Vec<usize>,
    /// By event: the earliest time of which it changes what is said.
    touches: Vec<UtcMs>,
    ahead: bool,
}

impl Course {
    /// Folds the events of a ticket that counts as reported at `reported`; `events` in the order in which they were
    /// recorded. O(n log n).
    pub fn of(reported: UtcMs, events: &[StatusEvent], base: Timebase) -> Self {
        let when = |i: usize| counts_from(events[i].at, events[i].recorded_at, base).max(reported);
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|i| (when(*i), events[*i].recorded_at, *i));
        let received = Standing { since: reported, status: TicketStatus::Received, over_at: None, event: None, over_by: None };
        let (mut steps, mut passed_over) = (vec![received], Vec::new());
        let mut touches: Vec<UtcMs> = (0..events.len()).map(when).collect();
        // Where the present stretch of final statuses begins, when the ticket is over.
        let mut over_from: Option<usize> = None;
        for i in order {
            let event = events[i];
            if event.to.is_final() {
                let from = *over_from.get_or_insert(steps.len());
                let earlier = steps[from..].iter().position(|s| s.status == event.to).map(|p| from + p);
                if let Some(earlier) = earlier {
                    let recorded = |e: Option<usize>| e.map(|e| (events[e].recorded_at, e));
                    if recorded(steps[earlier].event) > Some((event.recorded_at, i)) {
                        passed_over.push(i);
                        continue;
                    }
                    let corrected = steps.remove(earlier).event;
                    touches[i] = corrected.map_or(touches[i], |c| touches[c].min(touches[i]));
                    passed_over.extend(corrected);
                }
                steps.push(Standing { since: when(i), status: event.to, over_at: None, event: Some(i), over_by: None });
            } else if over_from.is_some() && !event.told {
                passed_over.push(i);
            } else {
                over_from = None;
                steps.push(Standing { since: when(i), status: event.to, over_at: None, event: Some(i), over_by: None });
            }
        }
        let mut over = None;
        for step in &mut steps {
            over = step.status.is_final().then(|| over.unwrap_or((step.since, step.event)));
            (step.over_at, step.over_by) = (over.map(|o| o.0), over.and_then(|o| o.1));
        }
        passed_over.sort_unstable();
        let odd = |i: usize| Ahead::of(events[i].at, events[i].recorded_at).is_odd();
        let ahead = steps.iter().filter_map(|s| s.event).any(odd);
        Self { steps, passed_over, touches, ahead }
    }

    /// Where the ticket stood at `t`; `None` before it was reported.
    pub fn at(&self, t: UtcMs) -> Option<Standing> {
        self.steps.iter().rev().find(|s| s.since <= t).copied()
    }

    /// Where it stands when everything known has happened.
    pub fn last(&self) -> Standing {
        // There is always the step of its reporting.
        self.steps[self.steps.len() - 1]
    }

    /// While it stands suspended (缓办) at `t`: since when.
    pub fn suspended_at(&self, t: UtcMs) -> Option<UtcMs> {
        let by_then = self.steps.iter().rev().skip_while(|s| s.since > t);
        by_then.take_while(|s| s.status == TicketStatus::Suspended).last().map(|s| s.since)
    }

    /// Whether at `t` it stands open after it had been over.
    pub fn is_reopened_at(&self, t: UtcMs) -> bool {
        let by_then = || self.steps.iter().take_while(|s| s.since <= t);
        by_then().last().is_some_and(|s| !s.status.is_final()) && by_then().any(|s| s.status.is_final())
    }

    /// The earliest time of which an event changes what is said: its own, or that of a closing that it corrects.
    pub fn touches_from(&self, event: usize) -> UtcMs {
        self.touches[event]
    }

    /// Whether a step names a time that lies oddly ahead of the clock it came in by.
    pub fn is_ahead(&self) -> bool {
        self.ahead
    }

    /// All steps, oldest first; the first is its reporting.
    pub fn steps(&self) -> &[Standing] {
        &self.steps
    }

    /// Events that changed nothing: told again, or no reason to reopen.
    pub fn passed_over(&self) -> &[usize] {
        &self.passed_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TicketStatus::{Cancelled, Closed, Done, InProgress, Rated, Received};
    use proptest::prelude::*;

    const T0: UtcMs = UtcMs(1_000_000);

    fn at(minutes: i64) -> UtcMs {
        T0.plus_ms(minutes * 60_000)
    }

    /// Said at minute `recorded` to have happened at minute `happened`.
    fn told(to: TicketStatus, happened: i64, recorded: i64) -> StatusEvent {
        StatusEvent { to, at: at(happened), recorded_at: at(recorded), told: true }
    }

    fn untold(to: TicketStatus, recorded: i64) -> StatusEvent {
        StatusEvent { to, at: at(recorded), recorded_at: at(recorded), told: false }
    }

    fn present(events: &[StatusEvent]) -> TicketStatus {
        Course::of(T0, events, Timebase::System).last().status
    }

    #[test]
    fn a_late_close_wins_and_holds() {
        let course = Course::of(T0, &[untold(InProgress, 30), told(Closed, 20, 40)], Timebase::System);
        assert_eq!((course.last().status, course.last().over_at), (Closed, Some(at(20))));
        assert_eq!(course.at(at(19)).unwrap().status, Received);
        assert_eq!(course.at(at(35)).unwrap().status, Closed);
        assert_eq!(course.at(at(-1)), None);
        // The other way round it is the same, and the message is not lost.
        let course = Course::of(T0, &[told(Closed, 20, 25), untold(InProgress, 30)], Timebase::System);
        assert_eq!((course.last().status, course.passed_over()), (Closed, &[1][..]));
    }

    #[test]
    fn only_a_later_time_of_its_own_reopens() {
        assert_eq!(present(&[told(Closed, 20, 25), told(InProgress, 10, 30)]), Closed);
        let course = Course::of(T0, &[told(Closed, 20, 25), told(InProgress, 28, 30), told(Closed, 50, 51)], Timebase::System);
        let stood = |m: i64| course.at(at(m)).map(|s| (s.status, s.over_at));
        assert_eq!(stood(22), Some((Closed, Some(at(20)))));
        assert_eq!(stood(40), Some((InProgress, None)));
        assert_eq!(stood(60), Some((Closed, Some(at(50)))));
        assert_eq!([22, 40, 60].map(|m| course.is_reopened_at(at(m))), [false, true, false]);
    }

    #[test]
    fn closed_before_it_was_opened_is_closed_at_its_opening() {
        let course = Course::of(T0, &[told(Closed, -60, 5)], Timebase::System);
        assert_eq!((course.last().status, course.last().over_at), (Closed, Some(T0)));
    }

    #[test]
    fn a_time_ahead_counts_from_when_it_was_learned() {
        let ahead = [told(Closed, 8 * 60, 10)];
        assert_eq!(Course::of(T0, &ahead, Timebase::System).last().over_at, Some(at(10)));
        let foreign = Course::of(T0, &ahead, Timebase::Foreign);
        assert_eq!(foreign.at(at(60)).unwrap().status, Received);
        assert_eq!(foreign.at(at(480)).unwrap().status, Closed);
    }

    #[test]
    fn a_closing_told_again_is_corrected_by_the_last_word() {
        for (first, second) in [(20, 30), (30, 20)] {
            let events = [told(Closed, first, 40), told(Closed, second, 50)];
            let course = Course::of(T0, &events, Timebase::System);
            assert_eq!((course.last().over_at, course.steps().len()), (Some(at(second)), 2));
        }
        // Rated after closed: over since the closing.
        let course = Course::of(T0, &[told(Closed, 20, 20), untold(Rated, 30)], Timebase::System);
        assert_eq!((course.last().status, course.last().over_at), (Rated, Some(at(20))));
    }

    fn event() -> impl Strategy<Value = (TicketStatus, i64)> {
        (prop::sample::select(vec![InProgress, Done, Closed, Rated, Cancelled, Received]), -5i64..60)
    }

    proptest! {
        /// The law: whatever the order of arrival, one history. (Two closings at different times without a reopening
        /// between are one closing corrected, where the last word counts: those are told once here.)
        #[test]
        fn the_order_of_arrival_changes_nothing(
            drawn in prop::collection::vec(event(), 0..7),
            order in any::<prop::sample::Index>(),
            shuffle in prop::collection::vec(any::<u32>(), 7),
        ) {
            let mut seen = std::collections::HashSet::new();
            let mut events: Vec<(TicketStatus, i64)> = drawn
                .into_iter()
                .filter(|(to, minute)| seen.insert(*minute) && (!to.is_final() || seen.insert(1000 + *to as i64)))
                .filter(|(_, minute)| *minute > 0)
                .collect();
            let arrive = |events: &[(TicketStatus, i64)]| {
                let told: Vec<_> = events.iter().zip(100..).map(|((to, m), r)| told(*to, *m, r)).collect();
                Course::of(T0, &told, Timebase::System)
            };
            let first = arrive(&events);
            let mut keyed: Vec<_> = shuffle.iter().zip(events.drain(..)).collect();
            keyed.sort_by_key(|(k, _)| **k);
            let mut events: Vec<_> = keyed.into_iter().map(|(_, e)| e).collect();
            if !events.is_empty() {
                let n = order.index(events.len());
                events.rotate_left(n);
            }
            let second = arrive(&events);
            for minute in -6..200 {
                let stood = |c: &Course| c.at(at(minute)).map(|s| (s.status, s.over_at));
                prop_assert_eq!(stood(&first), stood(&second), "at minute {}", minute);
            }
        }

        /// Over exactly while the status is final, and never before the reporting.
        #[test]
        fn over_is_final(drawn in prop::collection::vec((event(), any::<bool>(), 0i64..90), 0..8)) {
            let events: Vec<_> = drawn
                .into_iter()
                .map(|((to, m), is_told, r)| if is_told { told(to, m, r) } else { untold(to, r) })
                .collect();
            let course = Course::of(T0, &events, Timebase::System);
            for step in course.steps() {
                prop_assert_eq!(step.over_at.is_some(), step.status.is_final());
                prop_assert!(step.since >= T0 && step.over_at.is_none_or(|o| o >= T0 && o <= step.since));
            }
            prop_assert!(course.steps().windows(2).all(|w| w[0].since <= w[1].since));
            prop_assert_eq!(course.steps().len() + course.passed_over().len(), events.len() + 1);
            // A close, once known, is not undone by what does not know when it happened.
            let untold_only: Vec<_> = events.iter().filter(|e| e.to.is_final() || !e.told).copied().collect();
            if untold_only.iter().any(|e| e.to.is_final()) {
                prop_assert!(Course::of(T0, &untold_only, Timebase::System).last().status.is_final());
            }
        }
    }
}
