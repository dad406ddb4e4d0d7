//! The raster under the heat: a web-mercator box, a Gaussian of some metres, and three operations on it: sum points into
//! bins and blur them, splat the same kernel for one point, and read the result at the size of the picture.
//!
//! The inner raster is as coarse as the kernel allows (standard deviation of three inner pixels), so that a splat costs a
//! few hundred additions however far one zooms in; pictures are interpolated from it. Blurring is a plain weighted sum,
//! not a running one: sums of positive numbers never drift below zero.

use crate::metric::radii_m;
use crate::{HeatGrid, Place};

/// Standard deviation, in inner pixels, beyond which the inner raster is coarser than the picture.
const INNER_SIGMA_PX: f64 = 3.0;
/// A kernel narrower than this, in pixels, would flicker between pixels: zoomed out so far, it is widened to this.
const LEAST_SIGMA_PX: f64 = 0.6;
/// Where the Gaussian is cut off, in standard deviations (0.2 % of its height).
const CUT_SIGMAS: f64 = 3.5;
/// How far a ticket is felt where the worst counts, in standard deviations: there its Gaussian has 5.5 % of its height.
const REACH_SIGMAS: f64 = 2.4;
/// … and in inner pixels at least: so that the four pixels around a ticket all feel it.
const LEAST_REACH_PX: f64 = 1.5;
/// Nodes of the table latitude → row: linear between them, and exact to a
/// fiftieth of a pixel even on a map of the world.
const LAT_NODES: usize = 1024;
/// Web-mercator ends here.
const MERCATOR_LIMIT_DEG: f64 = 85.051_128_779_806_59;

/// Where a point falls: the bin to the north-west of it, and how far towards the next one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    column: u32,
    row: u32,
    east: f32,
    south: f32,
}

/// One direction of the raster.
#[derive(Clone, Debug)]
struct Axis {
    /// Pixels of the picture.
    picture: usize,
    /// Inner pixels that cover the picture.
    inner: usize,
    /// Picture pixels per inner pixel.
    pitch: f64,
    per_pitch: f64,
    /// Kernel weights, sum 1; its middle is at `radius`.
    kernel: Vec<f32>,
    radius: usize,
    /// How far a ticket is felt where the nearest or worst counts rather than the sum, in inner pixels.
    reach: f64,
}

impl Axis {
    fn new(picture: u32, sigma_px: f64) -> Self {
        let picture = picture.max(1) as usize;
        let pitch = (sigma_px / INNER_SIGMA_PX).max(1.0);
        let inner = ((picture as f64 / pitch).ceil() as usize).max(1);
        let sigma = (sigma_px / pitch).max(LEAST_SIGMA_PX);
        let reach = (sigma * REACH_SIGMAS).max(LEAST_REACH_PX);
        // Sharing a point between two bins spreads it already, by 1/6 px² on average.
        let sigma = (sigma * sigma - 1.0 / 6.0).sqrt();
        let radius = (sigma * CUT_SIGMAS).ceil() as usize;
        let height = |i: usize| {
            let x = (i as f64 - radius as f64) / sigma;
            (-0.5 * x * x).exp()
        };
        let sum: f64 = (0..=2 * radius).map(height).sum();
        let kernel = (0..=2 * radius).map(|i| (height(i) / sum) as f32).collect();
        Self { picture, inner, pitch, per_pitch: 1.0 / pitch, kernel, radius, reach }
    }

    /// Stored inner pixels: one more on each side, for interpolation at the border of the picture.
    fn stored(&self) -> usize {
        self.inner + 2
    }

    /// Bins: as far out as a point can still be felt inside.
    fn bins(&self) -> usize {
        self.stored() + 2 * self.radius + 2
    }

    /// Bins before the inner pixel 0.
    fn lead(&self) -> usize {
        self.radius + 2
    }

    /// Bin and fraction of a picture coordinate; `None` when it is too far out to be felt, or not a number.
    #[inline]
    fn split(&self, picture_px: f64) -> Option<(u32, f32)> {
        // From the first bin on everything is positive, so cutting the fraction off rounds down (without a call).
        let u = picture_px * self.per_pitch + (self.lead() as f64 - 0.5);
        if !(u >= 0.0 && u < (self.bins() - 1) as f64) {
            return None;
        }
        let whole = u as u32;
        Some((whole, (u - f64::from(whole)) as f32))
    }

    /// Kernel for a point between two inner pixels: stored index of its first weight, and the weights.
    fn weights(&self, bin: u32, fraction: f32, out: &mut Vec<f32>) -> isize {
        out.clear();
        let k = &self.kernel;
        out.push((1.0 - fraction) * k[0]);
        out.extend(k.windows(2).map(|w| fraction * w[0] + (1.0 - fraction) * w[1]));
        out.push(fraction * k[k.len() - 1]);
        // Stored pixel 0 is inner pixel −1.
        bin as isize - self.lead() as isize - self.radius as isize + 1
    }

    /// Stored index and fraction for the centre of each picture pixel.
    fn reading(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        (0..self.picture).map(|p| {
            let u = (p as f64 + 0.5) / self.pitch + 0.5;
            let floor = (u.floor() as usize).min(self.inner);
            (floor, (u - floor as f64) as f32)
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Raster {
    grid: HeatGrid,
    x: Axis,
    y: Axis,
    /// Picture columns per degree of longitude.
    columns_per_deg: f64,
    /// Picture row of latitudes at equal steps from `lat_first`.
    lat_first: f64,
    nodes_per_deg: f64,
    rows_at: Vec<f64>,
    /// 1 / km² of the ground under an inner pixel, for each stored row.
    per_km2: Vec<f32>,
}

fn mercator(lat: f64) -> f64 {
    lat.clamp(-MERCATOR_LIMIT_DEG, MERCATOR_LIMIT_DEG).to_radians().tan().asinh()
}

impl Raster {
    pub fn new(grid: HeatGrid, sigma_m: f64) -> Self {
        let (north, south) = (mercator(grid.north), mercator(grid.south));
        let (width, height) = (f64::from(grid.width.max(1)), f64::from(grid.height.max(1)));
        // An empty or inverted box is one of a centimetre: nothing will be in it, and nothing will be divided by zero.
        let radians_x = (grid.east - grid.west).to_radians().max(1e-9) / width;
        let radians_y = (north - south).max(1e-9) / height;
        // Metres on the ground per radian of the map, east and north, at a mercator height.
        let ground_m = |y: f64| {
            let lat = y.sinh().atan();
            let (prime_vertical_m, meridian_m) = radii_m(lat.sin());
            (prime_vertical_m * lat.cos(), meridian_m * lat.cos())
        };
        let (middle_x_m, middle_y_m) = ground_m((north + south) * 0.5);
        let sigma_m = if sigma_m.is_finite() { sigma_m.max(0.0) } else { 0.0 };
        let x = Axis::new(grid.width, sigma_m / middle_x_m / radians_x);
        let y = Axis::new(grid.height, sigma_m / middle_y_m / radians_y);
        let per_km2 = (0..y.stored())
            .map(|stored| {
                let row = (stored as f64 - 0.5) * y.pitch;
                let (x_m, y_m) = ground_m(north - row * radians_y);
                (1e6 / (x_m * radians_x * x.pitch * y_m * radians_y * y.pitch)) as f32
            })
            .collect();
        // The table reaches as far as a point can be felt.
        let reach = (y.radius + 3) as f64 * y.pitch * radians_y;
        let lat_of = |m: f64| m.sinh().atan().to_degrees();
        let (lat_first, lat_last) = (lat_of(south - reach), lat_of(north + reach));
        let nodes_per_deg = (LAT_NODES - 1) as f64 / (lat_last - lat_first);
        let rows_at = (0..LAT_NODES).map(|i| (north - mercator(lat_first + i as f64 / nodes_per_deg)) / radians_y).collect();
        Self { columns_per_deg: 1.0_f64.to_radians() / radians_x, lat_first, nodes_per_deg, rows_at, per_km2, grid, x, y }
    }

    pub fn grid(&self) -> &HeatGrid {
        &self.grid
    }

    pub fn picture_len(&self) -> usize {
        self.x.picture * self.y.picture
    }

    /// An empty stored raster.
    pub fn zeros(&self) -> Vec<f32> {
        vec![0.0; self.x.stored() * self.y.stored()]
    }

    /// An empty raster of bins.
    pub fn empty_bins(&self) -> Vec<f32> {
        vec![0.0; self.x.bins() * self.y.bins()]
    }

    /// Where a place falls; `None` when it is too far out to be felt. O(1), no trigonometry.
    #[inline]
    pub fn spot(&self, place: Place) -> Option<Spot> {
        let node = (place.lat - self.lat_first) * self.nodes_per_deg;
        if !(node >= 0.0 && node < (LAT_NODES - 1) as f64) {
            return None;
        }
        let (column, east) = self.x.split((place.lon - self.grid.west) * self.columns_per_deg)?;
        let below = node as u32;
        let &[a, b] = self.rows_at.get(below as usize..below as usize + 2)? else { return None };
        let (row, south) = self.y.split(a + (b - a) * (node - f64::from(below)))?;
        Some(Spot { column, row, east, south })
    }

    /// Adds points to the four bins around each. They are located a handful at a time and added afterwards: the additions
    /// miss the cache, and so wait for memory together.
    pub fn bin<A>(&self, bins: &mut [f32], points: impl Iterator<Item = (Place, A)>, weigh: impl Fn(A) -> f32) {
        let mut waiting = [(Spot::default(), 0.0f32); 256];
        let mut count = 0;
        for (place, ticket) in points {
            if let Some(spot) = self.spot(place) {
                waiting[count] = (spot, weigh(ticket));
                count += 1;
                if count == waiting.len() {
                    self.add_to_bins(bins, &waiting);
                    count = 0;
                }
            }
        }
        self.add_to_bins(bins, &waiting[..count]);
    }

    fn add_to_bins(&self, bins: &mut [f32], spots: &[(Spot, f32)]) {
        let width = self.x.bins();
        for (spot, amount) in spots {
            let at = spot.row as usize * width + spot.column as usize;
            let (lower, upper) = (amount * spot.south, amount * (1.0 - spot.south));
            if let Some([a, b]) = bins.get_mut(at..at + 2) {
                *a += upper * (1.0 - spot.east);
                *b += upper * spot.east;
            }
            if let Some([a, b]) = bins.get_mut(at + width..at + width + 2) {
                *a += lower * (1.0 - spot.east);
                *b += lower * spot.east;
            }
        }
    }

    /// Blurs bins into the stored raster. O(pixels × kernel width), both directions row by row.
    pub fn blur(&self, bins: &[f32], out: &mut [f32]) {
        let (width, bins_width) = (self.x.stored(), self.x.bins());
        // Bin `s + t + 1` feeds stored pixel `s` with weight `t`.
        let mut across = vec![0.0f32; width * self.y.bins()];
        for (row, sums) in bins.chunks_exact(bins_width).zip(across.chunks_exact_mut(width)) {
            if row.iter().any(|v| *v != 0.0) {
                let r = self.x.radius;
                for t in 0..r {
                    let (west, east) = (&row[t + 1..t + 1 + width], &row[2 * r - t + 1..2 * r - t + 1 + width]);
                    add_pair(sums, west, east, self.x.kernel[t]);
                }
                add_scaled(sums, &row[r + 1..r + 1 + width], self.x.kernel[r]);
            }
        }
        let line = |i: usize| &across[i * width..(i + 1) * width];
        for (s, sums) in out.chunks_exact_mut(width).enumerate() {
            sums.fill(0.0);
            let r = self.y.radius;
            for t in 0..r {
                add_pair(sums, line(s + t + 1), line(s + 2 * r - t + 1), self.y.kernel[t]);
            }
            add_scaled(sums, line(s + r + 1), self.y.kernel[r]);
        }
    }

    /// How far a ticket is felt where the worst counts, in inner pixels across and down.
    pub fn reach_px(&self) -> (f64, f64) {
        (self.x.reach, self.y.reach)
    }

    /// For each stored pixel the smallest value of a point within [`Raster::reach_px`], with 1 where there is any and 0
    /// (both) where there is none. O(points + pixels × reach²).
    pub fn smallest_around(&self, points: impl Iterator<Item = (Place, f32)>) -> (Vec<f32>, Vec<f32>) {
        let (width, stored_width, stored_height) = (self.x.bins(), self.x.stored() as isize, self.y.stored() as isize);
        let mut nearest = vec![f32::INFINITY; width * self.y.bins()];
        for (place, value) in points {
            let Some(spot) = self.spot(place) else { continue };
            let (column, row) = (spot.column + u32::from(spot.east >= 0.5), spot.row + u32::from(spot.south >= 0.5));
            if let Some(least) = nearest.get_mut(row as usize * width + column as usize) {
                *least = least.min(value);
            }
        }
        let (across, down) = self.reach_px();
        let around = |reach: f64| -(reach as isize)..=reach as isize;
        let disk: Vec<(isize, isize)> = around(down)
            .flat_map(|dy| around(across).map(move |dx| (dx, dy)))
            .filter(|(dx, dy)| (*dx as f64 / across).powi(2) + (*dy as f64 / down).powi(2) <= 1.0)
            .collect();
        let mut worst = self.zeros();
        worst.fill(f32::INFINITY);
        // Stored pixel 0 is inner pixel −1.
        let (left, top) = (self.x.lead() as isize - 1, self.y.lead() as isize - 1);
        for (i, value) in nearest.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let (column, row) = ((i % width) as isize - left, (i / width) as isize - top);
            for (dx, dy) in &disk {
                let (x, y) = (column + dx, row + dy);
                if (0..stored_width).contains(&x) && (0..stored_height).contains(&y) {
                    let least = &mut worst[(y * stored_width + x) as usize];
                    *least = least.min(*value);
                }
            }
        }
        let cover = worst.iter().map(|v| f32::from(u8::from(v.is_finite()))).collect();
        worst.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
        (cover, worst)
    }

    /// Adds one point to the stored raster: what binning and blurring it alone would give.
    pub fn splat(&self, stored: &mut [f32], spot: Spot, amount: f32) {
        let (mut across, mut down) = (Vec::with_capacity(32), Vec::with_capacity(32));
        let left = self.x.weights(spot.column, spot.east, &mut across);
        let top = self.y.weights(spot.row, spot.south, &mut down);
        let width = self.x.stored();
        let from = left.max(0) as usize;
        let to = ((left + across.len() as isize).max(0) as usize).min(width);
        if from >= to {
            return;
        }
        let across = &across[(from as isize - left) as usize..(to as isize - left) as usize];
        for (i, weight) in down.iter().enumerate() {
            let row = top + i as isize;
            if row >= 0 && (row as usize) < self.y.stored() {
                let at = row as usize * width;
                add_scaled(&mut stored[at + from..at + to], across, weight * amount);
            }
        }
    }

    /// Value at a place, as a sum of stored pixels each multiplied by `of_row` of its row; `None` outside the box.
    pub fn value_at(&self, stored: &[f32], place: Place, of_row: impl Fn(usize) -> f32) -> Option<f32> {
        let spot = self.spot(place)?;
        let column = (spot.column as usize).checked_sub(self.x.lead() - 1)?;
        let row = (spot.row as usize).checked_sub(self.y.lead() - 1)?;
        if column > self.x.inner || row > self.y.inner {
            return None;
        }
        let at = |r: usize| {
            let i = r * self.x.stored() + column;
            (stored[i] * (1.0 - spot.east) + stored[i + 1] * spot.east) * of_row(r)
        };
        Some(at(row) * (1.0 - spot.south) + at(row + 1) * spot.south)
    }

    /// 1 / km² of an inner pixel in a stored row.
    #[inline]
    pub fn per_km2(&self, row: usize) -> f32 {
        self.per_km2[row]
    }

    /// Largest stored value inside the picture, each multiplied by `of_row`.
    pub fn largest(&self, stored: &[f32], of_row: impl Fn(usize) -> f32) -> f32 {
        let width = self.x.stored();
        (1..=self.y.inner)
            .map(|r| stored[r * width + 1..r * width + 1 + self.x.inner].iter().copied().fold(0.0, f32::max) * of_row(r))
            .fold(0.0, f32::max)
    }

    /// Calls `write` with each row of the picture, north first, interpolated from the stored raster.
    pub fn read_rows(&self, stored: &[f32], of_row: impl Fn(usize) -> f32, mut write: impl FnMut(usize, &[f32])) {
        let width = self.x.stored();
        let columns: Vec<(usize, f32)> = self.x.reading().collect();
        let same_size = self.x.pitch == 1.0;
        let mut between = vec![0.0f32; width];
        let mut picture = vec![0.0f32; self.x.picture];
        for (index, (row, south)) in self.y.reading().enumerate() {
            let (upper, lower) = ((1.0 - south) * of_row(row), south * of_row(row + 1));
            let lines = &stored[row * width..(row + 2) * width];
            let (a, b) = lines.split_at(width);
            for ((v, a), b) in between.iter_mut().zip(a).zip(b) {
                *v = a * upper + b * lower;
            }
            if same_size {
                write(index, &between[1..1 + self.x.picture]);
            } else {
                for (v, (column, east)) in picture.iter_mut().zip(&columns) {
                    let (a, b) = (between[*column], between[column + 1]);
                    *v = a + (b - a) * east;
                }
                write(index, &picture);
            }
        }
    }
}

#[inline]
fn add_scaled(out: &mut [f32], values: &[f32], weight: f32) {
    for (o, v) in out.iter_mut().zip(values) {
        *o += v * weight;
    }
}

#[inline]
fn add_pair(out: &mut [f32], a: &[f32], b: &[f32], weight: f32) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o += (a + b) * weight;
    }
}
