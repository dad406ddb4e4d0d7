//! The clock of a ticket: from when it is there, when its time runs out, since when it is over.

use super::Ticket;
use crate::{Ahead, Timebase, UtcMs, counts_from};

impl Ticket {
    /// From when it is there: every list, count and map asks this against its time.
    pub fn appears_at(&self, base: Timebase) -> UtcMs {
        counts_from(self.reported_at, self.recorded_at, base)
    }

    /// Whether its time of reporting lies oddly ahead of the clock it came in by.
    pub fn is_ahead(&self) -> bool {
        Ahead::of(self.reported_at, self.recorded_at).is_odd()
    }

    /// When its time runs out: its due time. `None` without a deadline, and while its clock stands still: suspended before it
    /// was late it is not late, however long that takes; what was late by then stays late.
    pub fn runs_out_at(&self) -> Option<UtcMs> {
        self.due_at.filter(|due| self.suspended_at.is_none_or(|since| since > *due))
    }

    /// When it counts as closed, never before it was reported: an inverted closing counts at reporting, and so does a
    /// final status without a time (it is over, nobody says since when).
    pub fn over_at(&self, base: Timebase) -> Option<UtcMs> {
        let appears = self.appears_at(base);
        self.status.is_final().then(|| self.closed_at.map_or(appears, |c| c.max(appears)))
    }

    /// Whether it is open and its time had run out before `t`: from one millisecond after its due time on.
    pub fn is_late_at(&self, t: UtcMs) -> bool {
        !self.status.is_final() && self.runs_out_at().is_some_and(|due| due < t)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Timebase, UtcMs, ticket::TicketStatus};

    #[test]
    fn a_clock_that_stands_still_runs_out_of_nothing() {
        let mut ticket = super::super::history_tests::ticket();
        (ticket.due_at, ticket.status, ticket.suspended_at) = (Some(UtcMs(100)), TicketStatus::Suspended, Some(UtcMs(50)));
        assert_eq!((ticket.runs_out_at(), ticket.is_late_at(UtcMs(200))), (None, false));
        // Late before it was suspended, it stays so.
        ticket.suspended_at = Some(UtcMs(101));
        assert_eq!((ticket.runs_out_at(), ticket.is_late_at(UtcMs(200))), (Some(UtcMs(100)), true));
        (ticket.status, ticket.suspended_at) = (TicketStatus::InProgress, None);
        assert_eq!([100, 101].map(|t| ticket.is_late_at(UtcMs(t))), [false, true]);
        (ticket.status, ticket.closed_at) = (TicketStatus::Closed, None);
        assert_eq!(ticket.over_at(Timebase::System), Some(ticket.appears_at(Timebase::System)));
        assert!(!ticket.is_late_at(UtcMs(200)));
    }
}
