//! Metres between places on the WGS-84 ellipsoid.

use geo::{Distance, Geodesic};

use crate::Place;

/// Equatorial radius in metres.
const A_M: f64 = 6_378_137.0;
/// First eccentricity squared.
const E2: f64 = 6.694_379_990_141_316e-3;
/// Smallest radius of curvature anywhere (along the meridian at the equator): a bound from below.
pub(crate) const R_MIN_M: f64 = A_M * (1.0 - E2);
/// Beyond this the mid-latitude formula leaves the millimetre, and the full geodesic is solved.
const SHORT_M: f64 = 5_000.0;
/// Beyond this latitude the mid-latitude formula is not used.
const POLAR_DEG: f64 = 85.0;

/// Geodesic distance in metres: mid-latitude formula for short ways (error under 1 mm), Karney's solution otherwise.
///
/// ```
/// use wall_core::{Place, distance_m};
/// let d = distance_m(Place { lon: 121.5, lat: 31.2 }, Place { lon: 121.5, lat: 31.201 });
/// assert!((d - 110.87).abs() < 0.01);
/// ```
pub fn distance_m(a: Place, b: Place) -> f64 {
    LocalFrame::at(a).distance_m(b)
}

/// Radii of curvature in metres at a latitude given by its sine: across the meridian, and along it.
pub(crate) fn radii_m(sin_lat: f64) -> (f64, f64) {
    let w2 = 1.0 - E2 * sin_lat * sin_lat;
    let across = A_M / w2.sqrt();
    (across, across * (1.0 - E2) / w2)
}

/// `degrees` brought to −180 … 180.
pub(crate) fn wrap_degrees(degrees: f64) -> f64 {
    if (-180.0..=180.0).contains(&degrees) { degrees } else { (degrees + 180.0).rem_euclid(360.0) - 180.0 }
}

/// Metres around one place, without trigonometry per target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalFrame {
    /// The place.
    pub origin: Place,
    sin: f64,
    cos: f64,
}

impl LocalFrame {
    /// The frame around `origin`.
    pub fn at(origin: Place) -> Self {
        let (sin, cos) = origin.lat.to_radians().sin_cos();
        Self { origin, sin, cos }
    }

    /// Metres per degree of longitude and of latitude, half way to a place `dlat` degrees north.
    pub fn metres_per_degree(&self, dlat: f64) -> (f64, f64) {
        // Cosine of the middle latitude by Taylor's series around the origin: exact to 1e-12 for 0.1° and less.
        let h = dlat.to_radians() * 0.5;
        let h2 = h * h;
        let cos = self.cos * (1.0 - h2 * (0.5 - h2 / 24.0)) - self.sin * h * (1.0 - h2 / 6.0);
        let per_w2 = 1.0 / (1.0 - E2 * (1.0 - cos * cos));
        let n = A_M * per_w2.sqrt();
        let m = n * (1.0 - E2) * per_w2;
        let per_radian = std::f64::consts::PI / 180.0;
        (n * cos * per_radian, m * per_radian)
    }

    /// Distance by the mid-latitude formula; relative error about (distance / earth radius)² / 24.
    pub fn short_m(&self, dlon: f64, dlat: f64) -> f64 {
        let (kx, ky) = self.metres_per_degree(dlat);
        let (x, y) = (dlon * kx, dlat * ky);
        (x * x + y * y).sqrt()
    }

    /// Geodesic distance to a place.
    pub fn distance_m(&self, to: Place) -> f64 {
        let (dlon, dlat) = (wrap_degrees(to.lon - self.origin.lon), to.lat - self.origin.lat);
        if dlat.abs() < 0.1 && self.origin.lat.abs() < POLAR_DEG {
            let d = self.short_m(dlon, dlat);
            if d < SHORT_M {
                return d;
            }
        }
        geodesic_m(self.origin, to)
    }

    /// Shortest distance to the segment a–b, straight in longitude and latitude. `a` is the place after wrapping is
    /// undone relative to the origin: `a_dlon`, `a_dlat` in degrees from it; likewise `b`.
    pub fn segment_m(&self, a: (f64, f64), b: (f64, f64)) -> f64 {
        let d = (b.0 - a.0, b.1 - a.1);
        let at = |t: f64| (a.0 + d.0 * t, a.1 + d.1 * t);
        let polar = self.origin.lat.abs() >= POLAR_DEG || (self.origin.lat + a.1).abs() >= POLAR_DEG;
        if !polar {
            let q = at(self.nearest_by_projection(a, d));
            if q.1.abs() < 0.1 {
                let short = self.short_m(q.0, q.1);
                if short < SHORT_M {
                    return short;
                }
            }
        }
        let q = at(self.nearest_by_search(at));
        geodesic_m(self.origin, self.place_at(q.0, q.1))
    }

    fn place_at(&self, dlon: f64, dlat: f64) -> Place {
        Place { lon: wrap_degrees(self.origin.lon + dlon), lat: (self.origin.lat + dlat).clamp(-90.0, 90.0) }
    }

    fn nearest_by_projection(&self, a: (f64, f64), d: (f64, f64)) -> f64 {
        let mut t = 0.5;
        // The scales depend on where the nearest point is: three rounds settle far below a millimetre at cell scale.
        for _ in 0..3 {
            let (kx, ky) = self.metres_per_degree(a.1 + d.1 * t);
            t = nearest_fraction((a.0 * kx, a.1 * ky), (d.0 * kx, d.1 * ky));
        }
        t
    }

    /// For long ways and near the poles: the least chord through the ellipsoid, whose order is that of the geodesics.
    fn nearest_by_search(&self, at: impl Fn(f64) -> (f64, f64)) -> f64 {
        let here = earth_centred_m(self.origin);
        let chord2 = |t: f64| {
            let (dlon, dlat) = at(t);
            let there = earth_centred_m(self.place_at(dlon, dlat));
            here.iter().zip(there).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        };
        let steps = 16;
        let best =
            (0..=steps).map(|i| f64::from(i) / f64::from(steps)).min_by(|p, q| chord2(*p).total_cmp(&chord2(*q))).unwrap_or(0.0);
        let step = 1.0 / f64::from(steps);
        let (mut lo, mut hi) = ((best - step).max(0.0), (best + step).min(1.0));
        for _ in 0..60 {
            let (p, q) = (lo + (hi - lo) / 3.0, hi - (hi - lo) / 3.0);
            if chord2(p) <= chord2(q) { hi = q } else { lo = p }
        }
        (lo + hi) * 0.5
    }

    /// A bound from below, in metres, on the distance to any place of a box given in degrees. No trigonometry.
    pub fn box_bound_m(&self, lower: [f64; 2], upper: [f64; 2]) -> f64 {
        let rad = std::f64::consts::PI / 180.0;
        let lat = self.origin.lat;
        let dlat = (lower[1] - lat).max(lat - upper[1]).max(0.0) * rad;
        let (west, east) = (lower[0] - self.origin.lon, self.origin.lon - upper[0]);
        let direct = west.max(east).max(0.0);
        // Past the antimeridian it may be shorter.
        let dlon = if direct > 0.0 { direct.min((360.0 - west.abs().max(east.abs())).max(0.0)) * rad } else { 0.0 };
        // cos is 1-Lipschitz: its smallest value over the box is at least this.
        let reach = (lower[1] - lat).abs().max((upper[1] - lat).abs()) * rad;
        let cos_least = (self.cos - reach).max(0.0);
        let half_sin = |x: f64| {
            let q = x * 0.5;
            (q * (1.0 - q * q / 6.0)).max(0.0)
        };
        let (s, l) = (half_sin(dlat), half_sin(dlon));
        // angle = 2 asin(√h) ≥ 2 √h
        2.0 * (s * s + self.cos.max(0.0) * cos_least * l * l).sqrt() * R_MIN_M
    }
}

/// Fraction along a + t·d, 0 … 1, nearest to the origin.
pub(crate) fn nearest_fraction(a: (f64, f64), d: (f64, f64)) -> f64 {
    let length2 = d.0 * d.0 + d.1 * d.1;
    if length2 > 0.0 { (-(a.0 * d.0 + a.1 * d.1) / length2).clamp(0.0, 1.0) } else { 0.0 }
}

/// Earth-centred coordinates of a place on the ellipsoid.
fn earth_centred_m(p: Place) -> [f64; 3] {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (p.lat.to_radians().sin_cos(), p.lon.to_radians().sin_cos());
    let across = radii_m(sin_lat).0;
    [across * cos_lat * cos_lon, across * cos_lat * sin_lon, across * (1.0 - E2) * sin_lat]
}

fn geodesic_m(a: Place, b: Place) -> f64 {
    Geodesic.distance(geo_types::Point::new(a.lon, a.lat), geo_types::Point::new(b.lon, b.lat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_formula_agrees_with_karney_to_a_millimetre(
            lon in -180.0..180.0f64, lat in -84.0..84.0f64, east in -0.04..0.04f64, north in -0.04..0.04f64,
        ) {
            let a = Place { lon, lat };
            let b = Place { lon: wrap_degrees(lon + east), lat: lat + north };
            prop_assert!((distance_m(a, b) - geodesic_m(a, b)).abs() < 1e-3);
        }

        #[test]
        fn box_bound_is_never_above_the_distance(
            lon in -180.0..180.0f64, lat in -90.0..90.0f64,
            west in -180.0..180.0f64, south in -90.0..90.0f64, width in 0.0..60.0f64, height in 0.0..40.0f64,
            fx in 0.0..1.0f64, fy in 0.0..1.0f64,
        ) {
            let upper = [(west + width).min(180.0), (south + height).min(90.0)];
            let inside = Place { lon: west + (upper[0] - west) * fx, lat: south + (upper[1] - south) * fy };
            let frame = LocalFrame::at(Place { lon, lat });
            let bound = frame.box_bound_m([west, south], upper);
            prop_assert!(bound <= frame.distance_m(inside) + 1e-6, "{bound} > {}", frame.distance_m(inside));
        }

        #[test]
        fn segment_distance_is_the_least_over_samples(
            lat in -89.0..89.0f64, a in (-0.05..0.05f64, -0.05..0.05f64), b in (-0.05..0.05f64, -0.05..0.05f64),
        ) {
            let origin = Place { lon: 179.99, lat };
            let frame = LocalFrame::at(origin);
            let d = frame.segment_m(a, b);
            let least = (0..=400).map(|i| f64::from(i) / 400.0).map(|t| {
                let q = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
                geodesic_m(origin, Place { lon: wrap_degrees(origin.lon + q.0), lat: (lat + q.1).clamp(-90.0, 90.0) })
            }).fold(f64::INFINITY, f64::min);
            prop_assert!(d <= least + 1e-3, "{d} > {least}");
            prop_assert!(d >= least - 20.0);
        }
    }
}
