//! Areas and lengths of cells on the ground, from their exact coordinates.

use crate::metric::LocalFrame;
use crate::repair::exact::{edges, ring_area2};
use crate::{GridPoint, GridPolygon, Place, distance_m};

/// Metres in one degree of longitude and of latitude at a latitude.
pub(crate) fn metres_per_degree(lat: f64) -> (f64, f64) {
    LocalFrame::at(Place { lon: 0.0, lat }).metres_per_degree(0.0)
}

/// Area of a polygon in m²: exact on the grid, scaled at its middle latitude (right to 1e-5 for a few kilometres). Right
/// for slivers too, where a geodesic sum over the globe is lost in its own rounding.
pub(crate) fn area_m2(polygon: &GridPolygon) -> f64 {
    let (lo, hi) = polygon.outer.iter().fold((i64::MAX, i64::MIN), |(lo, hi), p| (lo.min(p.y), hi.max(p.y)));
    if polygon.outer.is_empty() {
        return 0.0;
    }
    let lat = (lo as f64 + hi as f64) / 2.0 / GridPoint::PER_DEGREE;
    let (mx, my) = metres_per_degree(lat);
    let area2 = ring_area2(&polygon.outer).abs() - polygon.holes.iter().map(|h| ring_area2(h).abs()).sum::<i128>();
    area2 as f64 / 2.0 * (mx / GridPoint::PER_DEGREE) * (my / GridPoint::PER_DEGREE)
}

/// Length of a ring in metres.
pub(crate) fn perimeter_m(ring: &[GridPoint]) -> f64 {
    edges(ring).map(|(a, b)| distance_m(a.place(), b.place())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::GeodesicArea;

    #[test]
    fn areas_agree_with_the_geodesic() {
        for (lon, lat) in
            [(121_470_000_000i64, 31_230_000_000i64), (-71_060_000_000, 42_360_000_000), (24_940_000_000, 60_170_000_000)]
        {
            let d = 10_000_000; // about 1 km
            let outer = [(0, 0), (d, 0), (d, d), (0, d)].iter().map(|(x, y)| GridPoint { x: lon + x, y: lat + y }).collect();
            let polygon = GridPolygon { outer, holes: vec![] };
            let exact = crate::CellGeometry { polygons: vec![polygon.clone()] }.to_geo().geodesic_area_unsigned();
            assert!((area_m2(&polygon) / exact - 1.0).abs() < 1e-5, "{} {exact}", area_m2(&polygon));
        }
    }
}
