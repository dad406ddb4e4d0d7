//! Points that stay where they are, in buckets: a window is read row by row from one array.

use crate::attribution::piece::{GridBox, GridPlace};

/// Points to a bucket, on average.
const PER_BUCKET: usize = 8;
const MOST_BUCKETS: usize = 1 << 20;
/// The buckets lie over what is left when so many of the points on each side are set aside: strays (a ticket at 0, 0) go
/// into the outermost buckets instead of stretching all of them.
const STRAYS: usize = 200;
const SAMPLE: usize = 4096;

/// Points with something small beside each.
#[derive(Clone, Debug)]
pub(super) struct PointGrid<T> {
    lo: GridPlace,
    per_unit: (f64, f64),
    columns: usize,
    rows: usize,
    /// Bucket `i` is `points[starts[i]..starts[i + 1]]`; buckets of a row follow each other.
    starts: Vec<u32>,
    points: Vec<(GridPlace, T)>,
}

impl<T: Copy> PointGrid<T> {
    /// O(n).
    pub fn new(given: &[(GridPlace, T)]) -> Self {
        let (lo, hi) = extent(given);
        let (width, height) = ((hi.x - lo.x).max(1.0), (hi.y - lo.y).max(1.0));
        let buckets = (given.len() / PER_BUCKET).clamp(1, MOST_BUCKETS) as f64;
        let columns = ((buckets * width / height).sqrt().ceil().clamp(1.0, buckets)) as usize;
        let rows = ((buckets / columns as f64).ceil().max(1.0)) as usize;
        let per_unit = (columns as f64 / width, rows as f64 / height);
        let mut grid = Self { lo, per_unit, columns, rows, starts: vec![0; columns * rows + 1], points: given.to_vec() };
        let bucket: Vec<u32> = given.iter().map(|(p, _)| (grid.row(p.y) * columns + grid.column(p.x)) as u32).collect();
        for b in &bucket {
            grid.starts[*b as usize + 1] += 1;
        }
        for i in 0..columns * rows {
            grid.starts[i + 1] += grid.starts[i];
        }
        let mut next = grid.starts.clone();
        for (b, point) in bucket.iter().zip(given) {
            grid.points[next[*b as usize] as usize] = *point;
            next[*b as usize] += 1;
        }
        grid
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Every point in a box, edges included. O(buckets met + points in them).
    pub fn visit(&self, window: GridBox, mut with: impl FnMut(GridPlace, &T)) {
        let (first, last) = (self.column(window.lo.x), self.column(window.hi.x));
        for row in self.row(window.lo.y)..=self.row(window.hi.y) {
            let start = self.starts[row * self.columns + first] as usize;
            let end = self.starts[row * self.columns + last + 1] as usize;
            for (p, value) in &self.points[start..end] {
                if window.contains(*p) {
                    with(*p, value);
                }
            }
        }
    }

    // Both are monotone, so a window meets the bucket of every point in it. The cast takes what is negative to 0.
    fn column(&self, x: f64) -> usize {
        (((x - self.lo.x) * self.per_unit.0) as usize).min(self.columns - 1)
    }

    fn row(&self, y: f64) -> usize {
        (((y - self.lo.y) * self.per_unit.1) as usize).min(self.rows - 1)
    }
}

fn extent<T>(points: &[(GridPlace, T)]) -> (GridPlace, GridPlace) {
    let step = (points.len() / SAMPLE).max(1);
    let side = |of: fn(&GridPlace) -> f64| {
        let mut sorted: Vec<f64> = points.iter().step_by(step).map(|(p, _)| of(p)).collect();
        sorted.sort_by(f64::total_cmp);
        let away = sorted.len() / STRAYS;
        (sorted.get(away).copied().unwrap_or(0.0), sorted.iter().rev().nth(away).copied().unwrap_or(0.0))
    };
    let ((west, east), (south, north)) = (side(|p| p.x), side(|p| p.y));
    (GridPlace { x: west, y: south }, GridPlace { x: east, y: north })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_has_the_points_in_it(
            points in prop::collection::vec((-100.0..100.0f64, prop_oneof![-5.0..5.0f64, -1e9..1e9f64]), 0..600),
            west in -120.0..120.0f64, south in -6.0..6.0f64, width in 0.0..150.0f64, height in prop_oneof![0.0..5.0f64, Just(1e10)],
        ) {
            let given: Vec<(GridPlace, usize)> = points.iter().enumerate().map(|(i, (x, y))| (GridPlace { x: *x, y: *y }, i)).collect();
            let grid = PointGrid::new(&given);
            let window = GridBox { lo: GridPlace { x: west, y: south }, hi: GridPlace { x: west + width, y: south + height } };
            let mut found = Vec::new();
            grid.visit(window, |_, i| found.push(*i));
            found.sort_unstable();
            let wanted: Vec<usize> = given.iter().filter(|(p, _)| window.contains(*p)).map(|(_, i)| *i).collect();
            prop_assert_eq!(found, wanted);
            prop_assert_eq!(grid.len(), points.len());
        }
    }
}
