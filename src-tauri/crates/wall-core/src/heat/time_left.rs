//! Deadline heat: how much time is left around each pixel, by the ticket that has least.

use super::raster::Raster;
use crate::{HeatGrid, Place, UtcMs};

/// Seconds left of the most urgent open ticket with a deadline around each pixel: **the worst, not the mean**. A mean of one
/// ticket that is days late and ten with ample time looks calm, and nobody goes there. A ticket is felt as far as
/// `Raster::reach_px` says: about 2.4 standard deviations of the kernel, never less than a pixel and a half, so that a
/// late ticket is seen however far one zooms out. Times are cut to ± the span.
///
/// ```
/// use wall_core::{HeatGrid, Place, TimeLeftField, UtcMs};
/// let grid = HeatGrid { west: 121.4, south: 31.1, east: 121.6, north: 31.3, width: 64, height: 64 };
/// let here = Place { lon: 121.5, lat: 31.2 };
/// let hour = 3_600_000;
/// let field = TimeLeftField::new(grid, 300.0, 48.0 * 3600.0, UtcMs(0), [(here, UtcMs(12 * hour)), (here, UtcMs(-hour))]);
/// assert!((field.seconds_left_at(here).unwrap() + 3600.0).abs() < 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct TimeLeftField {
    raster: Raster,
    span_s: f64,
    /// 1 where a ticket is felt.
    cover: Vec<f32>,
    /// Smallest share of the span left, −1 … 1; 0 where nothing is felt.
    worst: Vec<f32>,
}

impl TimeLeftField {
    /// The tickets (place, due time) as they are at `at`. `sigma_m` as in [`crate::HeatKernel`]; `span_s` is half the width
    /// of the scale. O(tickets + pixels × reach²).
    pub fn new(grid: HeatGrid, sigma_m: f64, span_s: f64, at: UtcMs, tickets: impl IntoIterator<Item = (Place, UtcMs)>) -> Self {
        let raster = Raster::new(grid, sigma_m);
        let share = |due: UtcMs| if span_s > 0.0 { (due.seconds_since(at) / span_s).clamp(-1.0, 1.0) as f32 } else { 0.0 };
        let (cover, worst) = raster.smallest_around(tickets.into_iter().map(|(place, due)| (place, share(due))));
        Self { raster, span_s, cover, worst }
    }

    /// Least seconds left around a place, cut to ± the span; `None` where no ticket with a deadline is near.
    pub fn seconds_left_at(&self, place: Place) -> Option<f64> {
        let cover = self.raster.value_at(&self.cover, place, |_| 1.0)?;
        let worst = self.raster.value_at(&self.worst, place, |_| 1.0)?;
        (cover >= LEAST_COVER).then(|| f64::from((worst / cover).clamp(-1.0, 1.0)) * self.span_s)
    }

    /// One byte a pixel, row by row from the north-west: 0 = no ticket with a deadline near, 1 … 255 from −span to +span,
    /// 128 = due now. Bytes beyond width × height are left alone. O(pixels).
    pub fn write_u8(&self, out: &mut [u8]) {
        let width = self.raster.grid().width.max(1) as usize;
        let used = self.raster.picture_len().min(out.len());
        let out = &mut out[..used];
        let mut cover = Vec::with_capacity(self.raster.picture_len());
        self.raster.read_rows(&self.cover, |_| 1.0, |_, values| cover.extend_from_slice(values));
        self.raster.read_rows(
            &self.worst,
            |_| 1.0,
            |row, worst| {
                let from = row * width;
                for ((byte, worst), cover) in out.iter_mut().skip(from).zip(worst).zip(&cover[from..]) {
                    *byte = if *cover >= LEAST_COVER { (128.5 + 127.0 * (worst / cover).clamp(-1.0, 1.0)) as u8 } else { 0 };
                }
            },
        );
    }
}

/// Between a stored pixel that feels a ticket and one that does not, the edge is half-way.
const LEAST_COVER: f32 = 0.5;
