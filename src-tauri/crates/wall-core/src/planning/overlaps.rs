//! Which cells of one plan lie on which cells of another, and on how much ground: exact on the grid.

use std::collections::HashMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::area::Area;
use crate::attribution::piece::{GridPlace, Side};
use crate::dissolve::SLIVER_M;
use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{EngineFault, Operation, overlay, rings_of};
use crate::repair::exact::{SegmentIndex, edges, ring_area2};
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing, geometry_area_m2};

/// Ground that a cell of either plan has.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Common {
    /// Position in the first plan.
    pub a: usize,
    /// Position in the second.
    pub b: usize,
    pub area_m2: f64,
    pub ground: Shared,
}

/// What the common ground is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shared {
    /// Both cells are the same ground.
    Same,
    /// All of the first cell.
    AllOfA,
    /// All of the second cell.
    AllOfB,
    /// This.
    Part(CellGeometry),
}

type Boxes = RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>;

/// All pairs of cells with ground in common, wider than a millimetre on average; by `a`, then `b`.
///
/// Cells whose rings are the same meet only each other (the cells of a plan lie apart), and a cell that no edge of the
/// other reaches lies in it or not: only what is left is intersected. O(n log n + pairs × overlay).
///
/// # Errors
/// The common ground of two cells cannot be computed.
pub(super) fn commons(a: &[&CellGeometry], b: &[&CellGeometry]) -> Result<Vec<Common>, EngineFault> {
    let same = same_ground(a, b);
    let mut same_b = vec![false; b.len()];
    for j in same.iter().flatten() {
        same_b[*j] = true;
    }
    let tree: Boxes =
        RTree::bulk_load(b.iter().enumerate().filter(|(j, _)| !same_b[*j]).filter_map(|(j, g)| boxed(j, g)).collect());
    let mut near_b: HashMap<usize, Borders> = HashMap::new();
    let mut found = Vec::new();
    for (i, geometry) in a.iter().enumerate() {
        if let Some(j) = same[i] {
            found.push(Common { a: i, b: j, area_m2: geometry_area_m2(geometry), ground: Shared::Same });
            continue;
        }
        let Some((lo, hi)) = geometry.bounds() else { continue };
        let window = AABB::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]);
        let mut near: Vec<usize> = tree.locate_in_envelope_intersecting(&window).map(|g| g.data).collect();
        near.sort_unstable();
        let mut own: Option<Borders> = None;
        for j in near {
            let theirs = near_b.entry(j).or_insert_with(|| Borders::of(b[j]));
            let own = own.get_or_insert_with(|| Borders::of(geometry));
            let found_here = common(geometry, own, b[j], theirs)?;
            found.extend(found_here.map(|(area_m2, ground)| Common { a: i, b: j, area_m2, ground }));
        }
    }
    Ok(found)
}

/// For each cell of `a` the cell of `b` with the same rings, wherever they start.
pub(super) fn same_ground(a: &[&CellGeometry], b: &[&CellGeometry]) -> Vec<Option<usize>> {
    type Key = (Option<(GridPoint, GridPoint)>, usize, i128);
    let key = |g: &CellGeometry| -> Key {
        (g.bounds(), g.vertex_count(), g.polygons.iter().flat_map(GridPolygon::rings).map(|r| ring_area2(r)).sum())
    };
    let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
    for (j, g) in b.iter().enumerate().filter(|(_, g)| !g.polygons.is_empty()) {
        by_key.entry(key(g)).or_default().push(j);
    }
    let mut taken = vec![false; b.len()];
    a.iter()
        .map(|g| {
            let candidates = by_key.get(&key(g))?;
            let j = candidates.iter().copied().find(|j| !taken[*j] && (b[*j] == *g || canonical(b[*j]) == canonical(g)))?;
            taken[j] = true;
            Some(j)
        })
        .collect()
}

/// Rings begun at their smallest point, holes and polygons sorted.
fn canonical(geometry: &CellGeometry) -> Vec<(GridRing, Vec<GridRing>)> {
    let turned = |ring: &GridRing| {
        let mut r = ring.clone();
        let start = (0..r.len()).min_by_key(|i| r[*i]).unwrap_or(0);
        r.rotate_left(start);
        r
    };
    let polygon = |p: &GridPolygon| {
        let mut holes: Vec<GridRing> = p.holes.iter().map(turned).collect();
        holes.sort();
        (turned(&p.outer), holes)
    };
    let mut all: Vec<_> = geometry.polygons.iter().map(polygon).collect();
    all.sort();
    all
}

/// The edges of a cell in an index, and its ground.
struct Borders {
    index: SegmentIndex,
    area: Area,
}

impl Borders {
    fn of(geometry: &CellGeometry) -> Self {
        let all: Vec<(GridPoint, GridPoint)> = rings_of(geometry).flat_map(|r| edges(r)).collect();
        Self { index: SegmentIndex::new(&all), area: Area::of(geometry) }
    }

    /// Whether an edge comes near the box.
    fn reach(&self, (lo, hi): (GridPoint, GridPoint)) -> bool {
        self.index.near(lo, hi, 0.0).next().is_some()
    }

    fn holds(&self, geometry: &CellGeometry) -> bool {
        let first = geometry.polygons.iter().flat_map(|p| p.outer.first()).next();
        first.is_some_and(|p| self.area.side(GridPlace::of_grid(*p)) == Side::Inside)
    }
}

fn common(a: &CellGeometry, of_a: &Borders, b: &CellGeometry, of_b: &Borders) -> Result<Option<(f64, Shared)>, EngineFault> {
    let (Some(box_a), Some(box_b)) = (a.bounds(), b.bounds()) else { return Ok(None) };
    // No edge of one comes near any of the other: wholly inside, or not at all.
    if !of_b.reach(box_a) {
        return Ok(of_b.holds(a).then(|| (geometry_area_m2(a), Shared::AllOfA)));
    }
    if !of_a.reach(box_b) {
        return Ok(of_a.holds(b).then(|| (geometry_area_m2(b), Shared::AllOfB)));
    }
    let parts = overlay(rings_of(a), rings_of(b), Operation::Intersection)?;
    let wide = |p: &GridPolygon| 2.0 * area_m2(p) > SLIVER_M * p.rings().map(|r| perimeter_m(r)).sum::<f64>();
    let ground = CellGeometry { polygons: parts.into_iter().filter(wide).collect() };
    Ok((!ground.polygons.is_empty()).then(|| (geometry_area_m2(&ground), Shared::Part(ground))))
}

fn boxed(i: usize, g: &CellGeometry) -> Option<GeomWithData<Rectangle<[f64; 2]>, usize>> {
    let (lo, hi) = g.bounds()?;
    Some(GeomWithData::new(Rectangle::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]), i))
}

impl Common {
    /// The ground itself.
    pub fn geometry<'a>(&'a self, a: &'a CellGeometry, b: &'a CellGeometry) -> &'a CellGeometry {
        match &self.ground {
            Shared::Same | Shared::AllOfA => a,
            Shared::AllOfB => b,
            Shared::Part(ground) => ground,
        }
    }
}
