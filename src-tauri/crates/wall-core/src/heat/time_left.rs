//! Deadline heat: how much time is left around each pixel.

use super::raster::Raster;
use crate::{HeatGrid, Place, UtcMs};

/// A pixel is coloured where a ticket would be felt with at least this share of its weight at its own place: about 2.4
/// standard deviations from a lone one.
const LEAST_SHARE: f32 = 0.055;

/// Kernel-weighted mean of the seconds left over open tickets with a deadline. Each ticket's time is cut to ± the span, so
/// that one forgotten for a year does not hide the ten that fall due now; therefore another time needs a rebuild.
///
/// ```
/// use wall_core::{HeatGrid, Place, TimeLeftField, UtcMs};
/// let grid = HeatGrid { west: 121.4, south: 31.1, east: 121.6, north: 31.3, width: 64, height: 64 };
/// let here = Place { lon: 121.5, lat: 31.2 };
/// let mut field = TimeLeftField::new(grid, 300.0, 48.0 * 3600.0, UtcMs(0));
/// field.add(here, UtcMs(12 * 3_600_000));
/// assert!((field.seconds_left_at(here).unwrap() - 12.0 * 3600.0).abs() < 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct TimeLeftField {
    raster: Raster,
    span_s: f64,
    at: UtcMs,
    weights: Vec<f32>,
    /// Weights × share of the span left, −1 … 1.
    sums: Vec<f32>,
    count: u64,
}

impl TimeLeftField {
    /// An empty field. `sigma_m` as in [`crate::HeatKernel`]; `span_s` is half the width of the scale.
    pub fn new(grid: HeatGrid, sigma_m: f64, span_s: f64, at: UtcMs) -> Self {
        let raster = Raster::new(grid, sigma_m);
        let (weights, sums) = (raster.zeros(), raster.zeros());
        Self { raster, span_s, at, weights, sums, count: 0 }
    }

    /// The time it shows.
    pub fn at(&self) -> UtcMs {
        self.at
    }

    /// Forgets everything and takes these tickets (place, due time) as they are at `at`. O(tickets + pixels).
    pub fn rebuild(&mut self, at: UtcMs, tickets: impl IntoIterator<Item = (Place, UtcMs)>) {
        self.at = at;
        let (mut weights, mut sums) = (self.raster.empty_bins(), self.raster.empty_bins());
        let tickets: Vec<(Place, UtcMs)> = tickets.into_iter().collect();
        self.count = tickets.len() as u64;
        self.raster.bin(&mut weights, tickets.iter().copied(), |_| 1.0);
        self.raster.bin(&mut sums, tickets.iter().copied(), |due| self.share(due));
        self.raster.blur(&weights, &mut self.weights);
        self.raster.blur(&sums, &mut self.sums);
    }

    /// Adds an open ticket. O(kernel).
    pub fn add(&mut self, place: Place, due_at: UtcMs) {
        self.count += 1;
        self.change(place, due_at, 1.0);
    }

    /// Takes out a ticket that is in it with this due time. O(kernel).
    pub fn remove(&mut self, place: Place, due_at: UtcMs) {
        self.count = self.count.saturating_sub(1);
        if self.count == 0 {
            self.weights.fill(0.0);
            self.sums.fill(0.0);
        } else {
            self.change(place, due_at, -1.0);
        }
    }

    /// Mean seconds left around a place, cut to ± the span; `None` where no ticket with a deadline is near.
    pub fn seconds_left_at(&self, place: Place) -> Option<f64> {
        let weight = self.raster.value_at(&self.weights, place, |_| 1.0)?;
        let sum = self.raster.value_at(&self.sums, place, |_| 1.0)?;
        (weight >= self.least()).then(|| f64::from((sum / weight).clamp(-1.0, 1.0)) * self.span_s)
    }

    /// One byte a pixel, row by row from the north-west: 0 = no ticket with a deadline near, 1 … 255 from −span to +span,
    /// 128 = due now. Bytes beyond width × height are left alone. O(pixels).
    pub fn write_u8(&self, out: &mut [u8]) {
        let width = self.raster.grid().width.max(1) as usize;
        let used = self.raster.picture_len().min(out.len());
        let out = &mut out[..used];
        let mut weights = Vec::with_capacity(self.raster.picture_len());
        self.raster.read_rows(&self.weights, |_| 1.0, |_, values| weights.extend_from_slice(values));
        let least = self.least();
        self.raster.read_rows(
            &self.sums,
            |_| 1.0,
            |row, sums| {
                let from = row * width;
                for ((byte, sum), weight) in out.iter_mut().skip(from).zip(sums).zip(&weights[from..]) {
                    *byte = if *weight >= least { (128.5 + 127.0 * (sum / weight).clamp(-1.0, 1.0)) as u8 } else { 0 };
                }
            },
        );
    }

    fn change(&mut self, place: Place, due_at: UtcMs, sign: f32) {
        if let Some(spot) = self.raster.spot(place) {
            let share = self.share(due_at);
            self.raster.splat(&mut self.weights, spot, sign);
            self.raster.splat(&mut self.sums, spot, sign * share);
        }
    }

    fn share(&self, due_at: UtcMs) -> f32 {
        if self.span_s > 0.0 { (due_at.seconds_since(self.at) / self.span_s).clamp(-1.0, 1.0) as f32 } else { 0.0 }
    }

    fn least(&self) -> f32 {
        self.raster.kernel_top() * LEAST_SHARE
    }
}
