//! The figures of the left panel: counts and the on-time rate, each with the day before and the last 24 hours.

use super::{counts::Days, then::Then};
use wall_core::tally::{FigureKey, Tally};

/// One figure with its trend.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Figure {
    pub key: FigureKey,
    /// A count, or a ratio 0 … 1; `None` = the ratio of nothing.
    pub value: Option<f64>,
    /// Numerator and denominator of a ratio.
    pub of: Option<(u32, u32)>,
    /// The same at the same time of the day before; `None` = nothing is known of that day.
    pub yesterday: Option<f64>,
    /// Hourly up to now, oldest first: at most 24, fewer where the history begins later.
    pub spark: Vec<f64>,
}

/// What the figures are counted in; nothing is yet.
pub(crate) fn tally(then: Then<'_>) -> Tally {
    let days = Days::around(then.at, &then.world.zone);
    Tally::new(then.at, days.start, days.yesterday)
}

/// The figures of the left panel. O(tickets).
pub(crate) fn figures(then: Then<'_>) -> Vec<Figure> {
    figures_of(then, &then.gather(tally(then)))
}

/// The same of what was counted then.
pub(crate) fn figures_of(then: Then<'_>, counted: &Tally) -> Vec<Figure> {
    let now = then.at;
    let days = Days::around(now, &then.world.zone);
    let f = counted.figures();
    // Before the history begins nothing is known: no comparison, and no line of zeros.
    let unknown = f.unknown_steps(now);
    let known = |v: &[f64]| v.iter().skip(unknown.saturating_sub(1)).copied().collect::<Vec<f64>>();
    let spark = |v: &[i64]| known(&v.iter().skip(v.len().saturating_sub(24)).map(|x| *x as f64).collect::<Vec<f64>>());
    let (day_before, yesterday) = (f.knows(now.plus_ms(-86_400_000)), f.knows(days.yesterday));
    let (first, last) = (|v: &[i64]| v.first().copied().unwrap_or(0), |v: &[i64]| v.last().copied().unwrap_or(0));
    let plain = |key, value: i64, yesterday: Option<i64>, spark: Vec<f64>| Figure {
        key,
        value: Some(value as f64),
        of: None,
        yesterday: yesterday.map(|y| y as f64),
        spark,
    };
    let ratio = |on_time: i64, due: i64| (due > 0).then(|| on_time as f64 / due as f64);
    let rates: Vec<f64> = f.on_time.iter().zip(&f.due).skip(1).map(|(n, d)| ratio(*n, *d).unwrap_or(0.0)).collect();
    vec![
        plain(FigureKey::ReceivedToday, f.received_today, yesterday.then_some(f.received_yesterday), spark(&f.received_hourly)),
        plain(FigureKey::Open, last(&f.open), day_before.then_some(first(&f.open)), spark(&f.open)),
        Figure {
            key: FigureKey::OnTime,
            value: ratio(last(&f.on_time), last(&f.due)),
            of: Some((last(&f.on_time).max(0) as u32, last(&f.due).max(0) as u32)),
            yesterday: ratio(first(&f.on_time), first(&f.due)).filter(|_| day_before),
            spark: known(&rates),
        },
        plain(FigureKey::Overdue, last(&f.overdue), day_before.then_some(first(&f.overdue)), spark(&f.overdue)),
        plain(FigureKey::ClosedToday, f.closed_today, yesterday.then_some(f.closed_yesterday), spark(&f.closed_hourly)),
    ]
}
