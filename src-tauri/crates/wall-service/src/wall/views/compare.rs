//! Two periods side by side.

use super::super::{AsOf, LEAST_SAMPLE, PeriodAsked, Wall, WallError, compare::PeriodCounts};
use crate::wire::{self, ComparedArea, Comparison, PeriodView};
use wall_core::Level;
use wall_store::Actor;

impl From<PeriodCounts> for wire::PeriodCounts {
    fn from(counts: PeriodCounts) -> Self {
        Self { received: counts.received, closed: counts.closed, due: counts.due, on_time: counts.on_time }
    }
}

impl Wall {
    /// Two periods side by side, in all and by area of a level, on the ground of the time asked. O(tickets).
    pub async fn compare(
        &self,
        actor: &Actor,
        level: Level,
        a: PeriodAsked,
        b: PeriodAsked,
        as_of: AsOf,
    ) -> Result<Comparison, WallError> {
        let found = self.compared(actor, level, a, b, as_of).await?;
        let before = |ms: i64| found.first.is_some_and(|first| first < ms);
        let view = |(from, to): (i64, i64)| PeriodView {
            from_ms: from,
            to_ms: to,
            complete: to <= found.at.0 + 1,
            recorded: before(to),
            whole_recorded: found.first.is_some_and(|first| first <= from),
        };
        let [a, b] = found.spans.map(view);
        let [total_a, total_b] = found.total.map(Into::into);
        let [elsewhere_a, elsewhere_b] = found.elsewhere.map(Into::into);
        let areas = found.areas.into_iter().map(|(key, [a, b])| ComparedArea { key, a: a.into(), b: b.into() });
        Ok(Comparison {
            level: level.into(),
            a,
            b,
            total_a,
            total_b,
            elsewhere_a,
            elsewhere_b,
            areas: areas.collect(),
            least_sample: LEAST_SAMPLE,
            first_ms: found.first,
            at_ms: found.at.0,
            revision: found.revision,
            late_events: found.late_events,
        })
    }
}
