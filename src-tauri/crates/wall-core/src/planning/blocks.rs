//! Blocks (街坊): what streets, water and the borders of cells leave as undivided ground.

use std::collections::{BTreeMap, HashMap};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::area::Area;
use super::figures::{add, together};
use super::findings::DIVIDING;
use super::patrol::Streets;
use super::shape::Shape;
use super::{BaseHouseholds, PlannedCell, PlanningGround, StreetLine};
use crate::agreement::inner_place;
use crate::attribution::piece::{GridPlace, Side};
use crate::overlay::rings_of;
use crate::repair::exact::edges;
use crate::topology::polygonize;
use crate::{CellGeometry, GridPoint, GridPolygon, GridRing, distance_m, outline};

/// A block smaller than this is the island of a junction or the strip between two carriageways: it joins the one it has most
/// border with, m².
const LEAST_M2: f64 = 400.0;
/// So does one narrower than this on average, m.
const LEAST_WIDTH_M: f64 = 6.0;

/// Undivided ground inside one cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// Running number from 1, by cell, then by place: names it where it has no name of its own.
    pub number: usize,
    /// What most of its buildings give as their block; may be empty, and several blocks may have the same.
    pub name: String,
    /// Position of the cell it lies in.
    pub cell: usize,
    /// Its ground: one polygon.
    pub geometry: CellGeometry,
    /// Households; `None` = unknown.
    pub households: Option<f64>,
    /// Buildings.
    pub buildings: u32,
    /// m².
    pub area_m2: f64,
    /// Length of its border, m.
    pub perimeter_m: f64,
    /// Blocks beside it, ascending, of this cell and of others.
    pub neighbours: Vec<BlockBorder>,
}

/// What a block has in common with one beside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BlockBorder {
    /// Position of the other block.
    pub block: usize,
    /// Length of the common border, m.
    pub border_m: f64,
    /// How much of that is a street that divides (an arterial), or water, m.
    pub dividing_m: f64,
}

impl Block {
    /// The border it has in common with another block, m.
    pub fn border_with(&self, other: usize) -> f64 {
        self.neighbours.binary_search_by_key(&other, |n| n.block).map_or(0.0, |i| self.neighbours[i].border_m)
    }
}

/// The blocks of the cells at the positions `which`: each cell's ground cut along the streets of the ground and along
/// `water`. Islands of junctions join the block they have most border with, and what a block surrounds belongs to it.
///
/// Together they cover the cells (to the rounding of crossings onto the grid). Buildings exactly between two blocks count
/// for the cell of the lower code, then for the lower block. Sorted by cell, then by place. O(n log n + crossings).
pub fn blocks(
    ground: &PlanningGround,
    cells: &[PlannedCell<'_>],
    which: &[usize],
    water: &[StreetLine],
    base: Option<&BaseHouseholds>,
) -> Vec<Block> {
    let mut which: Vec<usize> = which.iter().copied().filter(|i| *i < cells.len()).collect();
    which.sort_unstable();
    which.dedup();
    let corners = which.iter().filter_map(|i| cells[*i].geometry.bounds());
    let Some((lo, hi)) = corners.reduce(|(a, b), (c, d)| {
        (GridPoint { x: a.x.min(c.x), y: a.y.min(c.y) }, GridPoint { x: b.x.max(d.x), y: b.y.max(d.y) })
    }) else {
        return Vec::new();
    };
    let water = Streets::new(water.iter().cloned());
    let closed = |ring: &GridRing| ring.iter().chain(ring.first()).copied().collect::<Vec<GridPoint>>();
    let mut lines: Vec<Vec<GridPoint>> = which.iter().flat_map(|i| rings_of(cells[*i].geometry)).map(closed).collect();
    lines.extend(ground.streets.lines_in(lo, hi));
    lines.extend(water.lines_in(lo, hi));

    let faces = faces_of_cells(cells, &which, polygonize(&lines));
    let divides = |a: GridPoint, b: GridPoint| {
        let middle = GridPoint { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
        let classed = |s: u32| DIVIDING.contains(&ground.streets.named[s as usize].1.as_str());
        ground.streets.at(middle).any(classed) || water.at(middle).next().is_some()
    };
    let borders = borders(&faces, divides);
    let mut blocks = joined(faces, &borders);
    count(ground, cells, base, &mut blocks);
    blocks
}

/// A face of the arrangement and the cell it lies in.
struct FaceOf {
    cell: usize,
    polygon: GridPolygon,
}

/// Which cell each face lies in; faces in none are left out. By cell, then in the order given.
fn faces_of_cells(cells: &[PlannedCell<'_>], which: &[usize], polygons: Vec<GridPolygon>) -> Vec<FaceOf> {
    let areas: Vec<(usize, Area)> = which.iter().map(|i| (*i, Area::of(cells[*i].geometry))).collect();
    let boxes = areas.iter().enumerate().filter_map(|(k, (_, area))| {
        let b = area.bounds()?;
        Some(GeomWithData::new(Rectangle::from_corners([b.lo.x, b.lo.y], [b.hi.x, b.hi.y]), k))
    });
    let tree = RTree::bulk_load(boxes.collect());
    let mut faces: Vec<FaceOf> = polygons
        .into_iter()
        .filter_map(|polygon| {
            let p = GridPlace::of(inner_place(&polygon));
            let at = tree.locate_in_envelope_intersecting(&AABB::from_point([p.x, p.y])).map(|g| &areas[g.data]);
            let cell = at.filter(|(_, area)| area.side(p) == Side::Inside).map(|(i, _)| *i).min_by_key(|i| cells[*i].rank())?;
            Some(FaceOf { cell, polygon })
        })
        .collect();
    faces.sort_by_key(|f| f.cell);
    faces
}

type Borders = Vec<BTreeMap<usize, (f64, f64)>>;

/// Common border of each two faces: all of it, and what divides, m. Edges of an arrangement are shared exactly.
fn borders(faces: &[FaceOf], divides: impl Fn(GridPoint, GridPoint) -> bool) -> Borders {
    let mut side: HashMap<(GridPoint, GridPoint), usize> = HashMap::new();
    let mut found: Borders = vec![BTreeMap::new(); faces.len()];
    for (i, face) in faces.iter().enumerate() {
        for (a, b) in face.polygon.rings().flat_map(|r| edges(r)) {
            let edge = (a.min(b), a.max(b));
            let Some(j) = side.insert(edge, i).filter(|j| *j != i) else { continue };
            let length_m = distance_m(a.place(), b.place());
            let dividing_m = if divides(a, b) { length_m } else { 0.0 };
            for (one, other) in [(i, j), (j, i)] {
                let sum = found[one].entry(other).or_default();
                sum.0 += length_m;
                sum.1 += dividing_m;
            }
        }
    }
    found
}

/// Faces as blocks: small ones, and those inside another, joined.
fn joined(faces: Vec<FaceOf>, borders: &Borders) -> Vec<Block> {
    let group = groups(&faces, borders);
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (face, of) in group.iter().enumerate() {
        members.entry(*of).or_default().push(face);
    }
    let position: HashMap<usize, usize> = members.keys().enumerate().map(|(k, of)| (*of, k)).collect();
    let mut blocks: Vec<Block> = Vec::with_capacity(members.len());
    for (of, faces_in) in &members {
        let parts: Vec<CellGeometry> =
            faces_in.iter().map(|f| CellGeometry { polygons: vec![faces[*f].polygon.clone()] }).collect();
        // Faces that cannot be united (never seen) stay beside each other in one block: the same ground.
        let geometry = if let [only] = parts.as_slice() { only.clone() } else { outline(&parts).0 };
        let shape = Shape::of(&geometry);
        let mut beside: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (other, (border_m, dividing_m)) in faces_in.iter().flat_map(|f| &borders[*f]).filter(|(g, _)| group[**g] != *of) {
            let sum = beside.entry(position[&group[*other]]).or_default();
            sum.0 += border_m;
            sum.1 += dividing_m;
        }
        let neighbours =
            beside.into_iter().map(|(block, (border_m, dividing_m))| BlockBorder { block, border_m, dividing_m }).collect();
        blocks.push(Block {
            number: blocks.len() + 1,
            name: String::new(),
            cell: faces[*of].cell,
            geometry,
            households: None,
            buildings: 0,
            area_m2: shape.area_m2,
            perimeter_m: shape.perimeter_m,
            neighbours,
        });
    }
    blocks
}

/// For each face the face that stands for its block, always the first of them.
fn groups(faces: &[FaceOf], borders: &Borders) -> Vec<usize> {
    let mut group: Vec<usize> = (0..faces.len()).collect();
    fn root(group: &mut [usize], mut i: usize) -> usize {
        while group[i] != i {
            group[i] = group[group[i]];
            i = group[i];
        }
        i
    }
    let join = |group: &mut Vec<usize>, a: usize, b: usize| {
        let (a, b) = (root(group, a), root(group, b));
        group[a.max(b)] = a.min(b);
    };
    // What lies in a hole of a face, and of the same cell, belongs to that face.
    for (i, face) in faces.iter().enumerate() {
        for hole in &face.polygon.holes {
            let inside = Area::of(&CellGeometry { polygons: vec![GridPolygon { outer: hole.clone(), holes: vec![] }] });
            let mut open: Vec<usize> = borders[i].keys().copied().collect();
            let mut seen: std::collections::BTreeSet<usize> = open.iter().copied().chain([i]).collect();
            while let Some(j) = open.pop() {
                let within =
                    faces[j].cell == face.cell && inside.side(GridPlace::of(inner_place(&faces[j].polygon))) == Side::Inside;
                if within {
                    join(&mut group, i, j);
                    open.extend(borders[j].keys().copied().filter(|k| seen.insert(*k)));
                }
            }
        }
    }
    // Small faces from the smallest on.
    let shapes: Vec<Shape> = faces.iter().map(|f| Shape::of(&CellGeometry { polygons: vec![f.polygon.clone()] })).collect();
    let mut small: Vec<usize> =
        (0..faces.len()).filter(|i| shapes[*i].area_m2 < LEAST_M2 || shapes[*i].mean_width_m() < LEAST_WIDTH_M).collect();
    small.sort_by(|a, b| shapes[*a].area_m2.total_cmp(&shapes[*b].area_m2).then(a.cmp(b)));
    for i in small {
        let own = root(&mut group, i);
        let mut to: BTreeMap<usize, f64> = BTreeMap::new();
        for (j, (border_m, _)) in &borders[i] {
            let other = root(&mut group, *j);
            if faces[*j].cell == faces[i].cell && other != own {
                *to.entry(other).or_default() += border_m;
            }
        }
        if let Some((most, _)) = to.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) {
            join(&mut group, i, most);
        }
    }
    (0..faces.len()).map(|i| root(&mut group, i)).collect()
}

/// Buildings, households and names of blocks.
fn count(ground: &PlanningGround, cells: &[PlannedCell<'_>], base: Option<&BaseHouseholds>, blocks: &mut [Block]) {
    let areas: Vec<Area> = blocks.iter().map(|b| Area::of(&b.geometry)).collect();
    let boxes = areas.iter().enumerate().filter_map(|(k, area)| {
        let b = area.bounds()?;
        Some(GeomWithData::new(Rectangle::from_corners([b.lo.x, b.lo.y], [b.hi.x, b.hi.y]), k))
    });
    let tree = RTree::bulk_load(boxes.collect());
    let of: Vec<usize> = blocks.iter().map(|b| b.cell).collect();
    let rank = |k: usize| (cells[of[k]].rank(), k);
    for (k, block) in blocks.iter_mut().enumerate() {
        let Some(bounds) = areas[k].bounds() else { continue };
        let mut households = None;
        ground.buildings.visit(bounds, |p, b| {
            let has = match areas[k].side(p) {
                Side::Inside => true,
                Side::Boundary => !tree
                    .locate_in_envelope_intersecting(&AABB::from_point([p.x, p.y]))
                    .any(|g| rank(g.data) < rank(k) && areas[g.data].side(p) == Side::Boundary),
                Side::Outside => false,
            };
            if has {
                block.buildings += 1;
                add(&mut households, b.households);
            }
        });
        let share = base.map(|b| b.share(&block.geometry, bounds)).unwrap_or_default();
        let known = ground.households_known && share.unknown_m2 < 1e-6 * block.area_m2;
        block.households = together(households, share, known).0;
        block.name = ground.block_name(&block.geometry).unwrap_or("").to_owned();
    }
}
