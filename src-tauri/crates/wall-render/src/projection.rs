//! From degrees to pixels: Web Mercator, fitted to a rectangle of the picture.

use crate::{RenderError, View};
use maplibre::coords::{LatLon, TILE_SIZE, WorldCoords, Zoom};

/// Beyond this latitude the map has no place.
const MAX_LAT: f64 = 85.0511;
/// A view narrower than this (degrees) is widened: about 100 m.
const MIN_SPAN: f64 = 0.001;

/// A rectangle of the picture in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left.
    pub x: f32,
    /// Top.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Rect {
    pub fn right(&self) -> f32 {
        self.x + self.w
    }
    pub fn bottom(&self) -> f32 {
        self.y + self.h
    }
    pub fn overlaps(&self, o: &Rect) -> bool {
        self.x < o.right() && o.x < self.right() && self.y < o.bottom() && o.y < self.bottom()
    }
    pub fn holds(&self, o: &Rect) -> bool {
        self.x <= o.x && self.y <= o.y && self.right() >= o.right() && self.bottom() >= o.bottom()
    }
}

/// The map's scale and place in the picture.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    zoom: f64,
    centre: [f64; 2],
    at: [f64; 2],
}

impl Projection {
    /// Fits `view` into `rect`, centred, as large as it goes.
    ///
    /// # Errors
    /// When the view is not finite, empty, or outside Web Mercator.
    pub fn fit(view: &View, rect: &Rect) -> Result<Self, RenderError> {
        let v = widened(view)?;
        let nw = world(v.west, v.north, 0.0);
        let se = world(v.east, v.south, 0.0);
        let scale = (f64::from(rect.w) / (se[0] - nw[0])).min(f64::from(rect.h) / (se[1] - nw[1]));
        let zoom = scale.log2();
        if !(-4.0..=30.0).contains(&zoom) {
            return Err(RenderError::Input(format!("the view does not fit a picture of {} × {}", rect.w, rect.h)));
        }
        let (a, b) = (world(v.west, v.north, zoom), world(v.east, v.south, zoom));
        Ok(Projection {
            zoom,
            centre: [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0],
            at: [f64::from(rect.x + rect.w / 2.0), f64::from(rect.y + rect.h / 2.0)],
        })
    }

    /// Pixels of a place in degrees.
    pub fn px(&self, at: [f64; 2]) -> [f32; 2] {
        let w = world(at[0], at[1].clamp(-MAX_LAT, MAX_LAT), self.zoom);
        [(w[0] - self.centre[0] + self.at[0]) as f32, (w[1] - self.centre[1] + self.at[1]) as f32]
    }

    /// The renderer's zoom (512-pixel tiles).
    pub fn zoom(&self) -> f64 {
        self.zoom
    }

    /// The renderer's world coordinates of the middle of a picture of this size.
    pub fn picture_centre(&self, width: u32, height: u32) -> WorldCoords {
        WorldCoords::at_ground(
            self.centre[0] + f64::from(width) / 2.0 - self.at[0],
            self.centre[1] + f64::from(height) / 2.0 - self.at[1],
        )
    }

    /// Ground metres per pixel at the middle of the map.
    pub fn metres_per_px(&self) -> f64 {
        let size = TILE_SIZE * self.zoom.exp2();
        let lat = (std::f64::consts::PI * (1.0 - 2.0 * self.centre[1] / size)).sinh().atan();
        40_075_016.686 * lat.cos() / size
    }
}

fn world(lon: f64, lat: f64, zoom: f64) -> [f64; 2] {
    let w = WorldCoords::from_lat_lon(LatLon::new(lat, lon), Zoom::new(zoom));
    [w.x, w.y]
}

fn widened(v: &View) -> Result<View, RenderError> {
    let all = [v.west, v.south, v.east, v.north];
    if all.iter().any(|d| !d.is_finite()) || v.west > v.east || v.south > v.north {
        return Err(RenderError::Input(format!("the view {all:?} is not west ≤ east, south ≤ north")));
    }
    if v.south < -MAX_LAT || v.north > MAX_LAT || v.west < -360.0 || v.east > 360.0 {
        return Err(RenderError::Input(format!("the view {all:?} lies outside the map")));
    }
    let grow = |a: f64, b: f64| {
        let more = (MIN_SPAN - (b - a)).max(0.0) / 2.0;
        (a - more, b + more)
    };
    let ((west, east), (south, north)) = (grow(v.west, v.east), grow(v.south, v.north));
    Ok(View { west, south, east, north })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_touches_the_rectangle_and_keeps_its_middle() {
        let rect = Rect { x: 100.0, y: 50.0, w: 800.0, h: 600.0 };
        let view = View { west: 116.30, south: 39.90, east: 116.50, north: 39.95 };
        let p = Projection::fit(&view, &rect).expect("fits");
        let (a, b) = (p.px([116.30, 39.95]), p.px([116.50, 39.90]));
        assert!((a[0] - 100.0).abs() < 0.01 && (b[0] - 900.0).abs() < 0.01, "{a:?} {b:?}");
        assert!((a[1] + b[1] - 700.0).abs() < 0.01 && a[1] > 50.0, "{a:?} {b:?}");
        // 0.2° of longitude at 39.925° N are 17.07 km over 800 px.
        assert!((p.metres_per_px() - 21.34).abs() < 0.02, "{}", p.metres_per_px());
    }

    #[test]
    fn a_single_place_is_widened_and_nonsense_is_refused() {
        let rect = Rect { x: 0.0, y: 0.0, w: 800.0, h: 600.0 };
        let dot = View { west: 8.0, south: 50.0, east: 8.0, north: 50.0 };
        assert!(Projection::fit(&dot, &rect).expect("fits").metres_per_px() < 1.0);
        for bad in [
            View { west: f64::NAN, ..dot },
            View { west: 9.0, ..dot },
            View { north: 89.0, ..dot },
            View { south: f64::NEG_INFINITY, ..dot },
        ] {
            assert!(matches!(Projection::fit(&bad, &rect), Err(RenderError::Input(_))), "{bad:?}");
        }
    }
}
