//! Places: WGS-84 degrees as given, and the exact integer grid that cells live on.

/// A point in WGS-84 degrees, longitude first. Kept as given.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Place {
    /// Degrees east, −180 … 180.
    pub lon: f64,
    /// Degrees north, −90 … 90.
    pub lat: f64,
}

impl Place {
    /// A place when both numbers are finite and inside −180 … 180 and −90 … 90.
    pub fn new(lon: f64, lat: f64) -> Option<Self> {
        let ok = lon.is_finite() && lat.is_finite() && (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
        ok.then_some(Self { lon, lat })
    }
}

/// A point of the cell grid: integers of 1e-9 degree (about 0.1 mm), so that predicates on cells are exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct GridPoint {
    /// Longitude in 1e-9 degree.
    pub x: i64,
    /// Latitude in 1e-9 degree.
    pub y: i64,
}

impl GridPoint {
    /// Grid units in one degree.
    pub const PER_DEGREE: f64 = 1e9;

    /// The grid point nearest to a place.
    pub fn nearest(place: Place) -> Self {
        Self { x: (place.lon * Self::PER_DEGREE).round() as i64, y: (place.lat * Self::PER_DEGREE).round() as i64 }
    }

    /// The same point in degrees. Printing nine digits after the point brings it back the same.
    pub fn place(self) -> Place {
        Place { lon: self.x as f64 / Self::PER_DEGREE, lat: self.y as f64 / Self::PER_DEGREE }
    }
}
