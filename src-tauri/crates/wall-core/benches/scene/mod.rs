//! What both benches measure on: made-up cells, tickets in clusters as cities have them, and the plain ways to compare with.

use geo::{Contains, MultiPolygon, Point};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use wall_core::{Cell, CellId, GridPoint, HeatGrid, HeatKernel, Place, TicketId, UtcMs};

#[path = "../../tests/core/subdivision.rs"]
mod subdivision;

/// About 9,000 cells of some 500 m with bent shared edges and a few cells inside others: a large city.
pub fn city() -> Vec<Cell> {
    subdivision::cells(subdivision::Recipe {
        seed: 2,
        origin: GridPoint { x: 113_800_000_000, y: 22_450_000_000 },
        side: (5_200_000, 4_600_000),
        columns: 120,
        rows: 73,
        bends: 12,
        hole_every: 40,
    })
}

/// Box of the city in degrees.
pub const WEST: f64 = 113.8;
pub const SOUTH: f64 = 22.45;
pub const EAST: f64 = 114.424;
pub const NORTH: f64 = 22.785;

/// Places in the city: most of them in a few hundred clusters, the rest anywhere.
pub fn places(n: usize) -> Vec<Place> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut anywhere = move || -> (f64, f64, f64) { (rng.random(), rng.random(), rng.random()) };
    let hot: Vec<(f64, f64, f64)> = (0..400).map(|_| anywhere()).collect();
    (0..n)
        .map(|i| {
            let (a, b, c) = anywhere();
            let (fx, fy) = if i % 10 < 7 {
                let (x, y, width) = hot[(c * 400.0) as usize % 400];
                let spread = 0.002 + width * 0.02;
                // The sum of two even numbers is denser in the middle.
                let (d, e, _) = anywhere();
                (x + (a + d - 1.0) * spread, y + (b + e - 1.0) * spread)
            } else {
                (a, b)
            };
            Place { lon: WEST + fx.clamp(0.0, 1.0) * (EAST - WEST), lat: SOUTH + fy.clamp(0.0, 1.0) * (NORTH - SOUTH) }
        })
        .collect()
}

pub fn tickets(n: usize) -> Vec<(TicketId, Place)> {
    places(n).into_iter().enumerate().map(|(i, p)| (TicketId(i as i64), p)).collect()
}

/// The time of the heat.
pub const NOW: UtcMs = UtcMs(1_800_000_000_000);

/// Places with weights and times over the last week.
pub fn weighted(n: usize) -> Vec<(Place, f64, UtcMs)> {
    let week_ms = 7 * 86_400_000;
    places(n)
        .into_iter()
        .enumerate()
        .map(|(i, p)| (p, f64::from(1u8 << (i % 4)), NOW.plus_ms(-((i as i64).wrapping_mul(7_919_773) % week_ms))))
        .collect()
}

/// The city in 1024 × 1024 pixels of about 60 m: kernel of two and a half pixels, the dearest case for a full blur.
pub fn grid() -> HeatGrid {
    HeatGrid { west: WEST, south: SOUTH, east: EAST, north: NORTH, width: 1024, height: 1024 }
}

pub fn kernel() -> HeatKernel {
    HeatKernel { half_life_s: 86_400.0, sigma_m: 150.0 }
}

/// Windows of a thousandth of the area, in the middle of tickets.
pub fn windows(places: &[Place], n: usize) -> Vec<[f64; 4]> {
    let (w, h) = ((EAST - WEST) * 0.001f64.sqrt() / 2.0, (NORTH - SOUTH) * 0.001f64.sqrt() / 2.0);
    (0..n).map(|i| places[i * 7919 % places.len()]).map(|p| [p.lon - w, p.lat - h, p.lon + w, p.lat + h]).collect()
}

pub type PlainPoints = RTree<GeomWithData<[f64; 2], TicketId>>;

/// The plain index of points: rstar over degrees.
pub fn plain_points(tickets: &[(TicketId, Place)]) -> PlainPoints {
    RTree::bulk_load(tickets.iter().map(|(id, p)| GeomWithData::new([p.lon, p.lat], *id)).collect())
}

/// The plain way of attribution: an R-tree of boxes and `Contains` for each candidate.
pub struct PlainCells {
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    grounds: Vec<(CellId, MultiPolygon<f64>)>,
}

impl PlainCells {
    pub fn of(cells: &[Cell]) -> Self {
        let boxes = cells.iter().enumerate().filter_map(|(i, c)| {
            let (lo, hi) = c.geometry.bounds()?;
            let (lo, hi) = (lo.place(), hi.place());
            Some(GeomWithData::new(Rectangle::from_corners([lo.lon, lo.lat], [hi.lon, hi.lat]), i))
        });
        Self { tree: RTree::bulk_load(boxes.collect()), grounds: cells.iter().map(|c| (c.id, c.geometry.to_geo())).collect() }
    }

    pub fn cell_at(&self, place: Place) -> Option<CellId> {
        let point = Point::new(place.lon, place.lat);
        self.tree
            .locate_in_envelope_intersecting(&AABB::from_point([place.lon, place.lat]))
            .map(|b| &self.grounds[b.data])
            .find(|(_, ground)| ground.contains(&point))
            .map(|(id, _)| *id)
    }
}
