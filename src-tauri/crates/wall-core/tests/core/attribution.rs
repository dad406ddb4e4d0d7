use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wall_core::{Cell, CellGeometry, CellId, CellIndex, GridPoint, GridPolygon, Place, area_km2, distance_m, label_point};

use crate::subdivision::{Recipe, cell, cells};

/// The plain way, in integers: 2^18 steps to a grid unit hold every `f64` degree from 32° to 128° exactly.
const STEPS: i128 = 1 << 18;

fn steps(degrees: f64) -> i128 {
    let scaled = degrees * 1e9;
    let whole = scaled.round();
    let scaled = if (scaled - whole).abs() <= 1.5e-5 { whole } else { scaled };
    (scaled * STEPS as f64) as i128
}

/// 1 inside, 0 on an edge, −1 outside, by walking round all edges.
fn side(polygon: &GridPolygon, x: i128, y: i128) -> i32 {
    let mut inside = false;
    for ring in polygon.rings() {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (ax, ay) = (i128::from(a.x) * STEPS - x, i128::from(a.y) * STEPS - y);
            let (bx, by) = (i128::from(b.x) * STEPS - x, i128::from(b.y) * STEPS - y);
            let turn = ax * by - ay * bx;
            if turn == 0 && ax.min(bx) <= 0 && ax.max(bx) >= 0 && ay.min(by) <= 0 && ay.max(by) >= 0 {
                return 0;
            }
            if (ay > 0) != (by > 0) && (turn > 0) == (by > 0) {
                inside = !inside;
            }
        }
    }
    if inside { 1 } else { -1 }
}

struct Plain {
    inside: Vec<CellId>,
    touching: Vec<CellId>,
}

impl Plain {
    fn of(cells: &[Cell], place: Place) -> Self {
        let (x, y) = (steps(place.lon), steps(place.lat));
        let mut order: Vec<&Cell> = cells.iter().collect();
        order.sort_by_key(|c| (c.code.clone(), c.feature_index));
        let sides = |c: &Cell| c.geometry.polygons.iter().map(|p| side(p, x, y)).max().unwrap_or(-1);
        let with = |wanted: i32| order.iter().filter(|c| sides(c) == wanted).map(|c| c.id).collect();
        Self { inside: with(1), touching: with(0) }
    }

    fn cell(&self) -> Option<CellId> {
        self.inside.first().or(self.touching.first()).copied()
    }
}

/// Corners, points on and beside edges, points anywhere around, and points off the grid.
fn probes(cells: &[Cell], rng: &mut ChaCha8Rng) -> Vec<Place> {
    let mut out = Vec::new();
    let bounds = cells.iter().filter_map(|c| c.geometry.bounds()).reduce(|(a, b), (c, d)| {
        (GridPoint { x: a.x.min(c.x), y: a.y.min(c.y) }, GridPoint { x: b.x.max(d.x), y: b.y.max(d.y) })
    });
    let Some((lo, hi)) = bounds else { return out };
    let rings: Vec<_> = cells.iter().flat_map(|c| &c.geometry.polygons).flat_map(|p| p.rings()).collect();
    for _ in 0..120 {
        let ring = rings[rng.random_range(0..rings.len())];
        let i = rng.random_range(0..ring.len());
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        out.push(a.place());
        out.push(GridPoint { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }.place());
        out.push(GridPoint { x: a.x + rng.random_range(-1..=1), y: a.y + rng.random_range(-1..=1) }.place());
        let t: f64 = rng.random();
        let along = Place { lon: (a.x as f64 + (b.x - a.x) as f64 * t) / 1e9, lat: (a.y as f64 + (b.y - a.y) as f64 * t) / 1e9 };
        out.push(along);
        let margin = ((hi.x - lo.x) / 20 + 1, (hi.y - lo.y) / 20 + 1);
        let anywhere = GridPoint {
            x: rng.random_range(lo.x - margin.0..=hi.x + margin.0),
            y: rng.random_range(lo.y - margin.1..=hi.y + margin.1),
        };
        out.push(anywhere.place());
        let (fx, fy): (f64, f64) = (rng.random(), rng.random());
        out.push(Place {
            lon: (lo.x as f64 + (hi.x - lo.x) as f64 * fx) / 1e9,
            lat: (lo.y as f64 + (hi.y - lo.y) as f64 * fy) / 1e9,
        });
    }
    out.retain(|p| Place::new(p.lon, p.lat).is_some());
    out
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let side = prop_oneof![Just(40i64), Just(3_000), Just(5_000_000), Just(300_000_000)];
    (any::<u64>(), side, 1usize..7, 1usize..7, 0usize..5, 0usize..4).prop_map(|(seed, side, columns, rows, bends, hole_every)| {
        Recipe {
            seed,
            origin: GridPoint { x: 113_900_000_000, y: 40_500_000_007 },
            side: (side * 5 / 4, side),
            columns,
            rows,
            bends,
            hole_every: if side > 1000 { hole_every } else { 0 },
        }
    })
}

fn agree(cells: &[Cell], places: &[Place]) {
    let index = CellIndex::build(cells);
    let mut batch = vec![None; places.len()];
    index.cells_at(places, &mut batch);
    for (place, batched) in places.iter().zip(batch) {
        let wanted = Plain::of(cells, *place).cell();
        assert_eq!(index.cell_at(*place), wanted, "{place:?} ({:?})", GridPoint::nearest(*place));
        assert_eq!(batched, wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_point_of_a_subdivision_belongs_to_exactly_one_cell(recipe in recipes()) {
        let cells = cells(recipe);
        let index = CellIndex::build(&cells);
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed ^ 1);
        let places = probes(&cells, &mut rng);
        for place in &places {
            let plain = Plain::of(&cells, *place);
            prop_assert!(plain.inside.len() <= 1, "the subdivision itself is sound");
            prop_assert_eq!(index.cell_at(*place), plain.cell(), "{:?}", place);
            // In the union means: in an interior or on a boundary; then it has exactly one cell, and one that has it.
            let all: Vec<CellId> = plain.inside.iter().chain(&plain.touching).copied().collect();
            prop_assert_eq!(index.cell_at(*place).is_some(), !all.is_empty());
            let mut with: Vec<CellId> = index.cells_within_m(*place, 0.0);
            with.sort();
            let mut wanted = all.clone();
            wanted.sort();
            prop_assert_eq!(with, wanted);
        }
        // No gaps: corners move by a fifth of a side at most and bends by a 25th, so what lies 0.3 of a side within the
        // box before its corners were shifted is in the union.
        let inner = |from: i64, side: i64, count: usize, rng: &mut ChaCha8Rng| {
            (from as f64 + side as f64 * rng.random_range(0.3..count as f64 - 0.3)) / 1e9
        };
        for _ in 0..50 {
            let lon = inner(recipe.origin.x, recipe.side.0, recipe.columns, &mut rng);
            let place = Place { lon, lat: inner(recipe.origin.y, recipe.side.1, recipe.rows, &mut rng) };
            prop_assert!(index.cell_at(place).is_some());
        }
    }

    #[test]
    fn overlaps_multipolygons_and_crossed_rings_agree_with_the_plain_way(recipe in recipes(), extra in 0usize..12) {
        let mut cells = cells(recipe);
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed ^ 2);
        let (width, height) = (recipe.side.0 * recipe.columns as i64, recipe.side.1 * recipe.rows as i64);
        for k in 0..extra {
            let mut polygons = Vec::new();
            for _ in 0..rng.random_range(1..=3) {
                // Anything from a sliver to a ring that crosses itself, some far bigger than the rest.
                let reach = if rng.random_range(0..6) == 0 { 40 } else { 1 };
                let outer = (0..rng.random_range(3..=9)).map(|_| GridPoint {
                    x: recipe.origin.x + rng.random_range(-width / 4 * reach..=width * reach),
                    y: recipe.origin.y + rng.random_range(-height / 4 * (reach.min(2))..=height * reach.min(8)),
                }).collect();
                polygons.push(GridPolygon { outer, holes: Vec::new() });
            }
            let code = if k % 3 == 0 { cells[0].code.clone() } else { format!("{:05}", rng.random_range(0..100_000)) };
            cells.push(cell(cells.len() as i64, &code, CellGeometry { polygons }));
        }
        agree(&cells, &probes(&cells, &mut rng));
    }

    #[test]
    fn the_ends_of_the_earth(seed in any::<u64>(), corner in prop_oneof![Just((-180i64, -90i64)), Just((179, 89)), Just((-180, 89)), Just((0, 0))]) {
        let (side, unit) = (100_000_000i64, 1_000_000_000i64);
        let recipe = Recipe { seed, origin: GridPoint { x: corner.0 * unit + side, y: corner.1 * unit + side }, side: (side, side), columns: 8, rows: 8, bends: 2, hole_every: 5 };
        let mut cells = cells(recipe);
        // A cell at the other end of the world makes the raster coarse.
        let far = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| GridPoint { x: -corner.0.signum() * 179 * unit + x * side, y: -corner.1.signum() * 89 * unit + y * side });
        cells.push(cell(cells.len() as i64, "far", CellGeometry { polygons: vec![GridPolygon { outer: far.to_vec(), holes: vec![] }] }));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // On the grid the plain way is exact everywhere.
        let places: Vec<Place> = probes(&cells, &mut rng).into_iter().map(|p| GridPoint::nearest(p).place()).collect();
        agree(&cells, &places);
    }

    #[test]
    fn distances_to_edges(recipe in recipes()) {
        let cells = cells(recipe);
        let index = CellIndex::build(&cells);
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed ^ 3);
        for place in probes(&cells, &mut rng).into_iter().take(30) {
            let chosen = &cells[rng.random_range(0..cells.len())];
            let found = index.edge_distance_m(place, chosen.id).unwrap();
            let mut least = f64::INFINITY;
            for ring in chosen.geometry.polygons.iter().flat_map(|p| p.rings()) {
                for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                    for k in 0..=64 {
                        let t = f64::from(k) / 64.0;
                        let q = Place { lon: (a.x as f64 + (b.x - a.x) as f64 * t) / 1e9, lat: (a.y as f64 + (b.y - a.y) as f64 * t) / 1e9 };
                        least = least.min(distance_m(place, q));
                    }
                }
            }
            let longest_m = recipe.side.0 as f64 * 1e-9 * 111_320.0 * 2.0;
            prop_assert!(found <= least + 1e-3, "{found} > {least}");
            prop_assert!(least - found <= longest_m / 64.0, "{found} far below {least}");
            let within = index.cells_within_m(place, found + 0.002);
            prop_assert!(within.contains(&chosen.id));
        }
    }
}

#[test]
fn hard_cases() {
    let at = |x: i64, y: i64| GridPoint { x, y };
    let square = |west: i64, south: i64, side: i64| GridPolygon {
        outer: vec![at(west, south), at(west + side, south), at(west + side, south + side), at(west, south + side)],
        holes: vec![],
    };
    let ground = |polygons: Vec<GridPolygon>| CellGeometry { polygons };
    agree(&[], &[Place::default()]);
    agree(&[cell(0, "empty", ground(vec![]))], &[Place::default()]);
    // A point has no edge, so there is nothing that could hold a place.
    let point = cell(0, "point", ground(vec![GridPolygon { outer: vec![at(5, 5); 3], holes: vec![] }]));
    assert_eq!(CellIndex::build(&[point]).cell_at(at(5, 5).place()), None);
    // A line there and back has a boundary and no inside.
    let line = GridPolygon { outer: vec![at(0, 0), at(10, 0), at(10, 10), at(10, 0)], holes: vec![] };
    agree(&[cell(0, "line", ground(vec![line]))], &[at(5, 0).place(), at(10, 5).place(), at(5, 5).place()]);
    // The same code twice: the feature order decides; bytes order codes, not numbers.
    let twice = [
        cell(0, "7", ground(vec![square(0, 0, 100)])),
        cell(1, "7", ground(vec![square(50, 0, 100)])),
        cell(2, "10", ground(vec![square(100, 0, 100)])),
    ];
    let index = CellIndex::build(&twice);
    assert_eq!(index.cell_at(at(75, 50).place()), Some(CellId(1)));
    assert_eq!(index.cell_at(at(100, 50).place()), Some(CellId(2)), "an interior comes before a boundary, whatever the code");
    assert_eq!(index.cell_at(at(120, 50).place()), Some(CellId(3)));
    assert_eq!(index.len(), 3);
    // One piece inside the hole of another piece of the same cell.
    let mut ring = square(0, 0, 90);
    ring.holes.push(square(30, 30, 30).outer);
    agree(
        &[cell(0, "b", ground(vec![ring, square(40, 40, 10)])), cell(1, "a", ground(vec![square(30, 30, 10)]))],
        &(0..95).flat_map(|x| (0..95).map(move |y| at(x, y).place())).collect::<Vec<_>>(),
    );
}

#[test]
fn cells_in_a_box_and_across_the_antimeridian() {
    let unit = 1_000_000_000i64;
    let square = |west: i64, south: i64, side: i64| CellGeometry {
        polygons: vec![GridPolygon {
            outer: [(0, 0), (side, 0), (side, side), (0, side)].map(|(x, y)| GridPoint { x: west + x, y: south + y }).to_vec(),
            holes: vec![],
        }],
    };
    let cells = [
        cell(0, "b", square(-180 * unit, 0, unit / 1000)),
        cell(1, "a", square(180 * unit - unit / 1000, 0, unit / 1000)),
        cell(2, "c", square(0, 0, unit)),
    ];
    let index = CellIndex::build(&cells);
    let near_seam = Place { lon: 179.9995, lat: 0.0005 };
    assert_eq!(index.cells_within_m(near_seam, 60.0), [CellId(2), CellId(1)]);
    assert_eq!(index.cells_within_m(near_seam, 50.0), [CellId(2)]);
    assert!((index.edge_distance_m(near_seam, CellId(1)).unwrap() - 55.66).abs() < 0.01);
    assert_eq!(index.cells_within_m(near_seam, f64::INFINITY).len(), 3);
    assert_eq!(index.cells_within_m(near_seam, f64::NAN), [CellId(2)]);
    assert_eq!(index.cells_in_box(-1.0, -1.0, 0.0, 0.0), [CellId(3)]);
    assert_eq!(index.cells_in_box(-180.0, -1.0, 180.0, 1.0), [CellId(2), CellId(1), CellId(3)]);
    assert!(index.cells_in_box(5.0, 5.0, 4.0, 6.0).is_empty());
    assert_eq!(index.edge_distance_m(near_seam, CellId(9)), None);
}

#[test]
fn sizes_and_labels() {
    let degree = 1_000_000_000i64;
    let at = |x: i64, y: i64| GridPoint { x, y };
    // A horseshoe around a hole: the middle of the box is no place for a label.
    let outer = [at(0, 0), at(12, 0), at(12, 12), at(8, 12), at(8, 4), at(4, 4), at(4, 12), at(0, 12)];
    let scaled = outer.iter().map(|p| at(p.x * degree / 1000, 40 * degree + p.y * degree / 1000)).collect();
    let horseshoe = CellGeometry { polygons: vec![GridPolygon { outer: scaled, holes: vec![] }] };
    let label = label_point(&horseshoe);
    let index = CellIndex::build(&[cell(0, "h", horseshoe.clone())]);
    assert_eq!(index.cell_at(label), Some(CellId(1)));
    assert!(index.edge_distance_m(label, CellId(1)).unwrap() > 170.0, "{label:?}");
    assert!((area_km2(&horseshoe) - (144.0 - 32.0) * 0.111_03 * 0.085_39).abs() < 0.01, "{}", area_km2(&horseshoe));
    assert_eq!(area_km2(&CellGeometry::default()), 0.0);
    assert_eq!(label_point(&CellGeometry::default()), Place::default());
    let flat = CellGeometry { polygons: vec![GridPolygon { outer: vec![at(5, 5), at(9, 5), at(7, 5)], holes: vec![] }] };
    assert_eq!(label_point(&flat), at(5, 5).place());
}
