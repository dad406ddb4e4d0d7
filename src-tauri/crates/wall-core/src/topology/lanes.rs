//! Lanes between cells: found along the borders with the outside, and closed, each half going to the cell it is nearer to.

use std::collections::BTreeMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::Topology;
use super::arrangement::OUTSIDE;
use super::edit::line::Pins;
use super::edit::local::{Ground, Local, reassemble};
use super::hash::{QuickMap, QuickSet};
use super::patch::Patch;
use super::queries::stretches;
use super::trace::{self, bounds};
use super::types::{Face, Refusal, RefusalCode};
use crate::agreement::inner_place;
use crate::ground::area_m2;
use crate::lanes::{Bare, Lane, lanes};
use crate::repair::exact::{Side, edges, ring_side};
use crate::{GridPoint, GridRing, distance_m};

/// Points of pieces closer than this are one, grid units (less than a millimetre).
const SAME: i64 = 4;

impl Topology {
    /// Strips of nobody's ground between two cells that reach the outside and are at most so wide, the largest first; the
    /// numbers of their cells are those of faces. O(n log n) in the borders with ground of no cell.
    pub fn lanes(&self, at_most_m: f64) -> Vec<Lane> {
        let bare = || self.arcs.iter().flatten().filter(|a| a.touches(None));
        let undirected = |(a, b): (GridPoint, GridPoint)| (a.min(b), a.max(b));
        // What lies within is a gap, not a lane.
        let enclosed = trace::polygons(trace::rings(&stretches(None, bare()))).0;
        let within: QuickSet<(GridPoint, GridPoint)> =
            enclosed.iter().flat_map(|p| p.rings()).flat_map(|r| edges(r)).map(undirected).collect();
        let borders: Vec<Bare> = bare()
            .flat_map(|arc| {
                let face = arc.faces().next();
                arc.segments().filter_map(move |(a, b)| {
                    let (a, b) = if arc.right.is_none() { (a, b) } else { (b, a) };
                    Some(Bare { a, b, cell: face?.0 as usize })
                })
            })
            .filter(|e| !within.contains(&undirected((e.a, e.b))))
            .collect();
        lanes(&borders, at_most_m)
    }

    /// Closes all lanes that are at most so wide. Crossings and bends between them are closed with them.
    pub(super) fn close_lanes(&self, at_most_m: f64) -> Result<Patch, Refusal> {
        let found = self.lanes(at_most_m);
        let halves: Vec<(Face, GridRing)> =
            found.into_iter().flat_map(|l| l.halves).map(|(cell, ring)| (Face(cell as u32), ring)).collect();
        if halves.is_empty() {
            return Err(Refusal::new(RefusalCode::NothingThere, "there is no lane between cells"));
        }
        let mut pins = Pins::default();
        let mut known = Points::default();
        let mut rings: Vec<(Face, GridRing)> = Vec::new();
        for (face, mut ring) in halves {
            self.pin(&mut ring, &mut pins);
            ring.iter_mut().for_each(|p| *p = known.one(*p));
            ring.dedup();
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            if ring.len() >= 3 {
                rings.push((face, ring));
            }
        }
        let lines: Vec<Vec<GridPoint>> = rings.iter().map(|(_, r)| r.iter().chain(r.first()).copied().collect()).collect();
        let arcs = self.arcs.iter().enumerate().filter(|(_, a)| a.as_ref().is_some_and(|a| a.touches(None)));
        let arcs = arcs.map(|(i, _)| i as u32).collect();
        let mut draft = reassemble(self, arcs, &lines, &pins, |local| new_owners(local, &rings, at_most_m))?;
        draft.outer = true;
        draft.finish()
    }
}

/// Points, of which those that are nearly the same are one.
#[derive(Default)]
struct Points {
    boxes: QuickMap<GridPoint, GridPoint>,
}

impl Points {
    fn one(&mut self, p: GridPoint) -> GridPoint {
        let of = |p: GridPoint| GridPoint { x: p.x.div_euclid(SAME), y: p.y.div_euclid(SAME) };
        let home = of(p);
        for (dx, dy) in (-1..=1).flat_map(|x| (-1..=1).map(move |y| (x, y))) {
            if let Some(q) = self.boxes.get(&GridPoint { x: home.x + dx, y: home.y + dy })
                && (q.x - p.x).abs() <= SAME
                && (q.y - p.y).abs() <= SAME
            {
                return *q;
            }
        }
        self.boxes.insert(home, p);
        p
    }
}

/// Whose each piece of the lanes becomes: of the cell it is nearer to, when it hangs together with it; what is left, and what
/// crossings and bends leave between, goes to the neighbour with the longest common border.
fn new_owners(local: &Local<'_>, halves: &[(Face, GridRing)], at_most_m: f64) -> Result<Vec<(u32, Option<Face>)>, Refusal> {
    let count = local.arrangement.regions;
    let is_bare = |r: u32| r != OUTSIDE && local.ground(r) == Ground::Of(None);
    let mut around: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for half in 0..2 * local.edge_count() {
        let r = local.arrangement.region(half);
        if is_bare(r) && local.arrangement.region(half ^ 1) != r {
            around.entry(r).or_default().push(half);
        }
    }
    let corner = |p: GridPoint| [p.x as f64, p.y as f64];
    let leaf = |(i, h): (usize, &(Face, GridRing))| {
        let (lo, hi) = bounds(&h.1);
        GeomWithData::new(Rectangle::from_corners(corner(lo), corner(hi)), i)
    };
    let tree = RTree::bulk_load(halves.iter().enumerate().map(leaf).collect());
    let mut wish: Vec<Option<Face>> = vec![None; count];
    let mut given = vec![false; count];
    for (&r, borders) in &around {
        let Some(polygon) = local.polygons_along(borders).into_iter().next() else { continue };
        let p = GridPoint::nearest(inner_place(&polygon));
        let here = tree.locate_in_envelope_intersecting(&AABB::from_point(corner(p))).map(|g| g.data);
        let nearer = here.filter(|i| ring_side(&halves[*i].1, p) != Side::Outside).min();
        wish[r as usize] = nearer.map(|i| halves[i].0);
        // Left between lanes: a crossing or a bend, no larger than two lanes make it. What no line bounds was a gap before.
        let between = || borders.iter().any(|h| !local.is_border(h / 2)) && area_m2(&polygon) <= 2.0 * at_most_m * at_most_m;
        given[r as usize] = nearer.is_some() || between();
    }
    let beside = |half: u32| local.side(half ^ 1).flatten();
    let mut owner: Vec<Option<Face>> = vec![None; count];
    let mut stack: Vec<u32> = Vec::new();
    for (&r, borders) in &around {
        let wanted = wish[r as usize];
        if wanted.is_some() && borders.iter().any(|h| beside(*h) == wanted) {
            owner[r as usize] = wanted;
            stack.push(r);
        }
    }
    while let Some(r) = stack.pop() {
        for half in &around[&r] {
            let next = local.arrangement.region(half ^ 1) as usize;
            if owner[next].is_none() && wish[next] == owner[r as usize] && is_bare(next as u32) {
                owner[next] = owner[r as usize];
                stack.push(next as u32);
            }
        }
    }
    loop {
        let mut more: Vec<(u32, Face)> = Vec::new();
        for (&r, borders) in around.iter().filter(|(r, _)| given[**r as usize] && owner[**r as usize].is_none()) {
            let mut lengths: BTreeMap<Face, f64> = BTreeMap::new();
            for &half in borders {
                if let Some(face) = beside(half).or(owner[local.arrangement.region(half ^ 1) as usize]) {
                    let (a, b) = local.ends(half);
                    *lengths.entry(face).or_default() += distance_m(a.place(), b.place());
                }
            }
            let longest = lengths.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            more.extend(longest.map(|(face, _)| (r, face)));
        }
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|(r, face)| owner[r as usize] = Some(face));
    }
    Ok(owner.into_iter().enumerate().filter_map(|(r, face)| Some((r as u32, Some(face?)))).collect())
}
