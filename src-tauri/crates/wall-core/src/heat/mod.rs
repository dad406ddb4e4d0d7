//! Heat: where open tickets weigh now (热力), and how much time is left there (时限热力).
//!
//! Heat is a density: every open ticket weighs by its severity, halves with a half-life common to all, and is spread by a
//! Gaussian of some metres; the unit is **weighted open tickets per km²** of true ground. Because all share the half-life,
//! the passing of time scales the whole raster by one number.

mod fade;
mod raster;
mod time_left;

pub use time_left::TimeLeftField;

use crate::{Place, UtcMs};
use fade::Fade;
use raster::Raster;

/// A picture in web-mercator: the box in degrees, and its size in pixels. Row 0 is the northernmost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HeatGrid {
    /// West edge, degrees.
    pub west: f64,
    /// South edge, degrees.
    pub south: f64,
    /// East edge, degrees.
    pub east: f64,
    /// North edge, degrees.
    pub north: f64,
    /// Pixels from west to east.
    pub width: u32,
    /// Pixels from north to south.
    pub height: u32,
}

/// How a ticket spreads over time and ground.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HeatKernel {
    /// After so many seconds a ticket weighs half. Not positive or not finite: it never fades.
    pub half_life_s: f64,
    /// Standard deviation of the Gaussian in metres, exact at the middle latitude of the picture (mercator stretches a box
    /// of many degrees). Never less than 0.6 pixels.
    pub sigma_m: f64,
}

/// Weight of a ticket at `at`: `weight` when reported, half after each half-life; 0 before it was reported.
pub fn decayed_weight(weight: f64, reported_at: UtcMs, at: UtcMs, half_life_s: f64) -> f64 {
    if reported_at > at { 0.0 } else { weight * (-half_lives(at, reported_at, half_life_s)).exp2() }
}

/// Heat of a whole area: the decayed weights of its open tickets per km²; 0 for an area without ground.
pub fn area_heat(tickets: impl IntoIterator<Item = (f64, UtcMs)>, area_km2: f64, at: UtcMs, half_life_s: f64) -> f64 {
    let sum: f64 = tickets.into_iter().map(|(weight, reported)| decayed_weight(weight, reported, at, half_life_s)).sum();
    if area_km2 > 0.0 { sum / area_km2 } else { 0.0 }
}

/// Half-lives from `earlier` to `later`.
#[inline]
fn half_lives(later: UtcMs, earlier: UtcMs, half_life_s: f64) -> f64 {
    if half_life_s > 0.0 && half_life_s.is_finite() { later.seconds_since(earlier) / half_life_s } else { 0.0 }
}

/// So many half-lives may lie between the raster's reference time and its present one; then the raster is scaled once.
const REFERENCE_REACH: f64 = 24.0;
/// What is smaller, against the values that count (about 1), is nothing; denormal numbers would be slow.
const NOTHING: f32 = 1e-30;
/// After so many increments the rounding of 32-bit sums could reach a ten-thousandth of the peak.
const MANY_CHANGES: u64 = 1 << 20;

/// The heat raster of open tickets.
///
/// Increments give what a rebuild gives (to the rounding of 32-bit numbers). A ticket counts from the moment it was
/// reported: [`Self::add`] refuses it before; add it when its time has come.
///
/// ```
/// use wall_core::{HeatField, HeatGrid, HeatKernel, Place, UtcMs};
/// let grid = HeatGrid { west: 121.4, south: 31.1, east: 121.6, north: 31.3, width: 256, height: 300 };
/// let mut heat = HeatField::new(grid, HeatKernel { half_life_s: 86_400.0, sigma_m: 300.0 }, UtcMs(0));
/// let here = Place { lon: 121.5, lat: 31.2 };
/// heat.add(here, 2.0, UtcMs(0));
/// let fresh = heat.density_at(here);
/// assert!((fresh - 2.0 / (2.0 * std::f64::consts::PI * 0.3 * 0.3)).abs() < 0.1, "per km²: {fresh}");
/// heat.advance(UtcMs(86_400_000));
/// assert!((heat.density_at(here) - fresh / 2.0).abs() < 1e-3);
/// ```
#[derive(Clone, Debug)]
pub struct HeatField {
    raster: Raster,
    kernel: HeatKernel,
    fade: Fade,
    /// Sums of kernel weights as they would be at `reference`.
    stored: Vec<f32>,
    bins: Vec<f32>,
    reference: UtcMs,
    at: UtcMs,
    count: u64,
    changes: u64,
}

impl HeatField {
    /// An empty raster at a time.
    pub fn new(grid: HeatGrid, kernel: HeatKernel, at: UtcMs) -> Self {
        let raster = Raster::new(grid, kernel.sigma_m);
        let stored = raster.zeros();
        Self {
            raster,
            kernel,
            fade: Fade::new(kernel.half_life_s),
            stored,
            bins: Vec::new(),
            reference: at,
            at,
            count: 0,
            changes: 0,
        }
    }

    /// The picture.
    pub fn grid(&self) -> &HeatGrid {
        self.raster.grid()
    }

    /// The time it shows.
    pub fn at(&self) -> UtcMs {
        self.at
    }

    /// Bytes it holds.
    pub fn held_bytes(&self) -> usize {
        (self.stored.capacity() + self.bins.capacity()) * size_of::<f32>()
    }

    /// Tickets in it (with those outside the picture).
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything and takes these tickets (place, weight, reported). O(tickets + pixels).
    pub fn rebuild(&mut self, tickets: impl IntoIterator<Item = (Place, f64, UtcMs)>) {
        self.reference = self.at;
        self.changes = 0;
        if self.bins.is_empty() {
            self.bins = self.raster.empty_bins();
        } else {
            self.bins.fill(0.0);
        }
        let (at, reference, fade) = (self.at, self.reference, &self.fade);
        let mut count = 0;
        let open = tickets.into_iter().filter(|(_, _, reported)| *reported <= at).map(|(place, weight, reported)| {
            count += 1;
            (place, (weight, reported))
        });
        self.raster.bin(&mut self.bins, open, |(weight, reported)| {
            (weight * fade.over_ms(reference.0.saturating_sub(reported.0))) as f32
        });
        self.count = count;
        self.raster.blur(&self.bins, &mut self.stored);
    }

    /// Adds an open ticket. `false`, and nothing done, when it is reported later than the time shown. O(kernel).
    pub fn add(&mut self, place: Place, weight: f64, reported_at: UtcMs) -> bool {
        if reported_at > self.at {
            return false;
        }
        self.count += 1;
        self.change(place, weight, reported_at);
        true
    }

    /// Takes out a ticket that was added with these values. O(kernel).
    pub fn remove(&mut self, place: Place, weight: f64, reported_at: UtcMs) {
        self.count = self.count.saturating_sub(1);
        if self.count == 0 {
            self.stored.fill(0.0);
            self.changes = 0;
        } else {
            self.change(place, -weight, reported_at);
        }
    }

    /// Moves the time shown: everything fades by one factor. O(1), and O(pixels) once in 24 half-lives. Going back is
    /// allowed, but tickets reported after `to` then stay in it: rebuild instead.
    pub fn advance(&mut self, to: UtcMs) {
        self.at = to;
        if half_lives(to, self.reference, self.kernel.half_life_s).abs() > REFERENCE_REACH {
            let scale = self.scale() as f32;
            for v in &mut self.stored {
                *v *= scale;
                if v.abs() < NOTHING {
                    *v = 0.0;
                }
            }
            self.reference = to;
        }
    }

    /// Whether so many increments came since the last rebuild that rounding could begin to show: rebuild when idle.
    pub fn is_worn(&self) -> bool {
        self.changes > MANY_CHANGES
    }

    /// Weighted open tickets per km² at a place; 0 outside the picture. O(1).
    pub fn density_at(&self, place: Place) -> f64 {
        let value = self.raster.value_at(&self.stored, place, |row| self.raster.per_km2(row));
        f64::from(value.unwrap_or(0.0).max(0.0)) * self.scale()
    }

    /// The largest density in the picture. O(pixels).
    pub fn peak(&self) -> f64 {
        f64::from(self.raster.largest(&self.stored, |row| self.raster.per_km2(row))) * self.scale()
    }

    /// The density that one pixel in fifty of those with any heat exceeds: what a scale is made for, so that one stack of
    /// tickets does not leave all else in the dark. Any heat is a thousandth of `peak`, which is [`Self::peak`]. O(pixels).
    pub fn high(&self, peak: f64) -> f64 {
        let least = (peak / self.scale() / 1000.0) as f32;
        let mut warm: Vec<f32> = Vec::new();
        self.raster.read_rows(
            &self.stored,
            |row| self.raster.per_km2(row),
            |_, values| {
                warm.extend(values.iter().filter(|v| **v > least));
            },
        );
        if warm.is_empty() {
            return 0.0;
        }
        let rank = warm.len() - 1 - warm.len() / 50;
        f64::from(*warm.select_nth_unstable_by(rank, f32::total_cmp).1) * self.scale()
    }

    /// One byte a pixel, row by row from the north-west: 0 = nothing, 1 … 255 linear up to `max` per km², more is cut.
    /// What rounds to 0 of 255 is nothing. Bytes beyond width × height are left alone. O(pixels).
    pub fn write_u8(&self, max: f64, out: &mut [u8]) {
        let width = self.raster.grid().width.max(1) as usize;
        let factor = if max > 0.0 { (255.0 / max * self.scale()) as f32 } else { 0.0 };
        let used = self.raster.picture_len().min(out.len());
        let out = &mut out[..used];
        self.raster.read_rows(
            &self.stored,
            |row| self.raster.per_km2(row) * factor,
            |row, values| {
                // `as` cuts at 0 and 255.
                for (byte, v) in out.iter_mut().skip(row * width).zip(values) {
                    *byte = (v + 0.5) as u8;
                }
            },
        );
    }

    fn change(&mut self, place: Place, weight: f64, reported_at: UtcMs) {
        self.changes += 1;
        if let Some(spot) = self.raster.spot(place) {
            let amount = self.amount(weight, reported_at);
            self.raster.splat(&mut self.stored, spot, amount);
        }
    }

    /// What a ticket weighs at the reference time.
    #[inline]
    fn amount(&self, weight: f64, reported_at: UtcMs) -> f32 {
        (weight * self.fade.over_ms(self.reference.0.saturating_sub(reported_at.0))) as f32
    }

    /// From the reference time to the time shown.
    fn scale(&self) -> f64 {
        (-half_lives(self.at, self.reference, self.kernel.half_life_s)).exp2()
    }
}

#[cfg(test)]
mod tests;
