//! Made-up sets of cells with shared edges, for tests and benches. The same seed gives the same cells.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wall_core::{Cell, CellGeometry, CellId, CellKind, GridPoint, GridPolygon, GridRing, PlanId};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Seed of everything.
    pub seed: u64,
    /// South-west corner.
    pub origin: GridPoint,
    /// Width and height of a cell in grid units, before its corners are shifted.
    pub side: (i64, i64),
    /// Cells from west to east and from south to north.
    pub columns: usize,
    /// See `columns`.
    pub rows: usize,
    /// At most so many vertices inside each shared edge.
    pub bends: usize,
    /// One cell in so many has a hole with a cell of its own in it; 0 = none.
    pub hole_every: usize,
}

/// Cells that cover a box without gaps and overlaps; codes are shuffled.
pub fn cells(recipe: Recipe) -> Vec<Cell> {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let Recipe { origin, side, columns, rows, .. } = recipe;
    let shift = |rng: &mut ChaCha8Rng, by: i64| if by > 0 { rng.random_range(-by..=by) } else { 0 };
    let corner: Vec<GridPoint> = (0..=rows)
        .flat_map(|j| (0..=columns).map(move |i| (i, j)))
        .map(|(i, j)| GridPoint {
            x: origin.x + i as i64 * side.0 + shift(&mut rng, side.0 / 5),
            y: origin.y + j as i64 * side.1 + shift(&mut rng, side.1 / 5),
        })
        .collect();
    let at = |i: usize, j: usize| corner[j * (columns + 1) + i];
    let mut bend = |a: GridPoint, b: GridPoint| -> GridRing {
        let n = if recipe.bends > 0 { rng.random_range(0..=recipe.bends) as i64 } else { 0 };
        // Less than half a step aside, so that edges do not cross.
        let calm = (6 * n).max(25);
        (1..=n)
            .map(|k| GridPoint {
                x: a.x + (b.x - a.x) * k / (n + 1) + shift(&mut rng, side.0 / calm),
                y: a.y + (b.y - a.y) * k / (n + 1) + shift(&mut rng, side.1 / calm),
            })
            .collect()
    };
    // Each edge is made once, eastwards or northwards, and used from both sides.
    let mut flat = Vec::new();
    let mut upright = Vec::new();
    for j in 0..=rows {
        for i in 0..=columns {
            flat.push(if i < columns { bend(at(i, j), at(i + 1, j)) } else { Vec::new() });
            upright.push(if j < rows { bend(at(i, j), at(i, j + 1)) } else { Vec::new() });
        }
    }
    let along = |edges: &[GridRing], i: usize, j: usize| edges[j * (columns + 1) + i].clone();
    let back = |mut ring: GridRing| {
        ring.reverse();
        ring
    };
    let mut grounds = Vec::new();
    for j in 0..rows {
        for i in 0..columns {
            let mut outer = vec![at(i, j)];
            outer.extend(along(&flat, i, j));
            outer.push(at(i + 1, j));
            outer.extend(along(&upright, i + 1, j));
            outer.push(at(i + 1, j + 1));
            outer.extend(back(along(&flat, i, j + 1)));
            outer.push(at(i, j + 1));
            outer.extend(back(along(&upright, i, j)));
            let mut polygon = GridPolygon { outer, holes: Vec::new() };
            if recipe.hole_every > 0 && (j * columns + i).is_multiple_of(recipe.hole_every) {
                let middle =
                    GridPoint { x: origin.x + i as i64 * side.0 + side.0 / 2, y: origin.y + j as i64 * side.1 + side.1 / 2 };
                let (w, h) = (side.0 / 8, side.1 / 8);
                let hole: GridRing =
                    [(-w, -h), (w, -h), (w, h), (-w, h)].map(|(x, y)| GridPoint { x: middle.x + x, y: middle.y + y }).to_vec();
                polygon.holes.push(back(hole.clone()));
                grounds.push(CellGeometry { polygons: vec![GridPolygon { outer: hole, holes: Vec::new() }] });
            }
            grounds.push(CellGeometry { polygons: vec![polygon] });
        }
    }
    let n = grounds.len() as i64;
    grounds.into_iter().enumerate().map(|(i, g)| cell(i as i64, &format!("{:05}", (i as i64 * 7919 + 13) % n), g)).collect()
}

/// One cell.
pub fn cell(number: i64, code: &str, geometry: CellGeometry) -> Cell {
    Cell {
        id: CellId(number + 1),
        plan: PlanId(1),
        code: code.to_owned(),
        name: String::new(),
        kind: CellKind::Basic,
        community_code: String::new(),
        households: None,
        feature_index: number as u32,
        geometry,
    }
}
