//! Cells that lie where no cell of their file can: a digit was lost on the way.

use wall_core::{CellRecord, Issue, IssueAction, Place, distance_m};

/// Nearer than this to the middle of the file nothing is doubted: a territory may have an exclave …
const NEAR_M: f64 = 200_000.0;
/// … nor within so many times the median distance: a country is wide.
const TIMES: f64 = 50.0;

/// Says each cell that lies far apart from all others. O(n log n).
pub(super) fn say_far_apart(records: &[CellRecord], issues: &mut Vec<Issue>) {
    // Of a few nobody knows which is astray.
    if records.len() < 4 {
        return;
    }
    let first = |r: &CellRecord| r.geometry.polygons.first().and_then(|p| p.outer.first()).map(|p| p.place());
    let places: Vec<Option<Place>> = records.iter().map(first).collect();
    let median = |of: fn(&Place) -> f64| {
        let mut all: Vec<f64> = places.iter().flatten().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    };
    let middle = Place { lon: median(|p| p.lon), lat: median(|p| p.lat) };
    let from_middle: Vec<Option<f64>> = places.iter().map(|p| p.map(|p| distance_m(middle, p))).collect();
    let mut sorted: Vec<f64> = from_middle.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let limit = NEAR_M.max(usual * TIMES);
    for ((record, place), far) in records.iter().zip(&places).zip(&from_middle) {
        if let (Some(place), Some(far)) = (place, far.filter(|far| *far > limit)) {
            let message =
                format!("cell {} lies {:.0} km from the middle of the others: a digit may be missing", record.code, far / 1000.0);
            let at = u64::from(record.feature_index);
            issues.push(Issue { at, code: "far_apart", message, action: IssueAction::Kept, place: Some(*place) });
        }
    }
}
