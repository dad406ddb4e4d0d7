//! A part of the subdivision taken apart and put together again: the arcs of some faces are noded with new lines, the regions
//! between them found, and those that change hands relabelled. What lies beyond those arcs is not touched.

use std::collections::BTreeSet;

use super::line::Pins;
use crate::GridPoint;
use crate::topology::Topology;
use crate::topology::arrangement::{Arrangement, OUTSIDE};
use crate::topology::chain::{BorderEdge, chain};
use crate::topology::noding::{Noded, Segment, node};
use crate::topology::trace::{self, Stretch};
use crate::topology::types::{Face, Refusal, RefusalCode};
use crate::topology::verify::Draft;

/// Sources from this number down are lines.
const LINE: u32 = u32::MAX;

/// Whose a region is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::topology) enum Ground {
    /// A cell's, or nobody's.
    Of(Option<Face>),
    /// Beyond the arcs taken apart: several cells' perhaps.
    Beyond,
}

/// The part taken apart.
pub(in crate::topology) struct Local<'a> {
    pub topology: &'a Topology,
    arcs: BTreeSet<u32>,
    pub noded: Noded,
    pub arrangement: Arrangement,
    /// Sides of the edges that are borders.
    sides: Vec<Option<(Option<Face>, Option<Face>)>>,
    grounds: Vec<Ground>,
    /// How often lines run along each edge.
    pub drawn: Vec<u32>,
}

impl<'a> Local<'a> {
    /// Takes arcs apart, cut at pins, with lines. O(n log n) in their segments.
    pub fn new(topology: &'a Topology, arcs: BTreeSet<u32>, lines: &[Vec<GridPoint>], pins: &Pins) -> Result<Self, Refusal> {
        let mut segments: Vec<Segment> = Vec::new();
        let list: Vec<u32> = arcs.iter().copied().collect();
        for (source, id) in list.iter().enumerate() {
            for (a, b) in topology.arc(*id).into_iter().flat_map(|a| a.segments()) {
                let source = source as u32;
                let Some(cuts) = pins.get(&(a.min(b), a.max(b))) else {
                    segments.push(Segment { a, b, source });
                    continue;
                };
                let mut stops = cuts.clone();
                let along =
                    |p: &GridPoint| i128::from(p.x - a.x) * i128::from(b.x - a.x) + i128::from(p.y - a.y) * i128::from(b.y - a.y);
                stops.sort_by_key(|p| (along(p), *p));
                let mut from = a;
                for to in stops.into_iter().chain([b]) {
                    segments.push(Segment { a: from, b: to, source });
                    from = to;
                }
            }
        }
        for line in lines {
            segments.extend(line.windows(2).map(|w| Segment { a: w[0], b: w[1], source: LINE }));
        }
        let noded = node(&segments).ok_or_else(|| {
            Refusal::new(RefusalCode::CrossesBorder, "the line crosses the borders too often to be taken apart")
        })?;
        let arrangement = Arrangement::new(&noded.points, &noded.edges);
        let mut local = Self {
            topology,
            arcs,
            sides: vec![None; noded.edges.len()],
            grounds: Vec::new(),
            drawn: vec![0; noded.edges.len()],
            noded,
            arrangement,
        };
        for e in 0..local.noded.edges.len() {
            for along in local.noded.along(e) {
                if along.source == LINE {
                    local.drawn[e] += 1;
                    continue;
                }
                let Some(arc) = topology.arc(list[along.source as usize]) else { continue };
                let sides = if along.forward { (arc.left, arc.right) } else { (arc.right, arc.left) };
                if local.sides[e].replace(sides).is_some() {
                    let at = local.noded.points[local.noded.edges[e].0 as usize];
                    return Err(Refusal::new(RefusalCode::TouchesBorder, "two borders would fall together")
                        .at(at)
                        .about(arc.faces()));
                }
            }
        }
        local.find_grounds();
        Ok(local)
    }

    /// What a side of an edge was before, where it is a border.
    pub fn side(&self, half: u32) -> Option<Option<Face>> {
        self.sides[half as usize / 2].map(|(l, r)| if half.is_multiple_of(2) { l } else { r })
    }

    /// Whether an edge is (part of) a border already.
    pub fn is_border(&self, edge: u32) -> bool {
        self.sides[edge as usize].is_some()
    }

    /// Whose a region is.
    pub fn ground(&self, region: u32) -> Ground {
        self.grounds[region as usize]
    }

    /// Both regions beside an edge, left and right.
    pub fn beside(&self, edge: u32) -> (u32, u32) {
        (self.arrangement.region(2 * edge), self.arrangement.region(2 * edge + 1))
    }

    pub fn edge_count(&self) -> u32 {
        self.noded.edges.len() as u32
    }

    /// The ends of a half-edge.
    pub fn ends(&self, half: u32) -> (GridPoint, GridPoint) {
        let (a, b) = self.noded.edges[half as usize / 2];
        let (a, b) = if half.is_multiple_of(2) { (a, b) } else { (b, a) };
        (self.noded.points[a as usize], self.noded.points[b as usize])
    }

    /// Borders tell whose a region is; a region that only lines bound is of the same ground as those across the lines.
    fn find_grounds(&mut self) {
        let mut known: Vec<Option<Ground>> = vec![None; self.arrangement.regions];
        for half in 0..2 * self.edge_count() {
            if let Some(side) = self.side(half) {
                let slot = &mut known[self.arrangement.region(half) as usize];
                *slot = match *slot {
                    None => Some(Ground::Of(side)),
                    Some(Ground::Of(s)) if s == side => *slot,
                    _ => Some(Ground::Beyond),
                };
            }
        }
        let mut across: Vec<(u32, u32)> = Vec::new();
        for e in (0..self.edge_count()).filter(|e| !self.is_border(*e)) {
            let (l, r) = self.beside(e);
            across.extend([(l, r), (r, l)]);
        }
        across.sort_unstable();
        across.dedup();
        let mut stack: Vec<u32> = (0..self.arrangement.regions as u32).filter(|r| known[*r as usize].is_some()).collect();
        while let Some(r) = stack.pop() {
            let from = across.partition_point(|a| a.0 < r);
            for (_, other) in across[from..].iter().take_while(|a| a.0 == r) {
                if known[*other as usize].is_none() {
                    known[*other as usize] = known[r as usize];
                    stack.push(*other);
                }
            }
        }
        self.grounds = known.into_iter().map(|g| g.unwrap_or(Ground::Beyond)).collect();
        // Around everything there may be cells whose arcs were not taken.
        if self.grounds[OUTSIDE as usize] != Ground::Of(None) {
            self.grounds[OUTSIDE as usize] = Ground::Beyond;
        }
    }

    /// Regions that are a face's, ascending.
    pub fn regions_of(&self, face: Option<Face>) -> Vec<u32> {
        (0..self.arrangement.regions as u32).filter(|r| self.ground(*r) == Ground::Of(face)).collect()
    }

    /// A region as polygons (one, unless something is wrong).
    pub fn ring_of(&self, region: u32) -> Vec<crate::GridPolygon> {
        let halves = (0..2 * self.edge_count())
            .filter(|h| self.arrangement.region(*h) == region && self.arrangement.region(*h ^ 1) != region);
        self.polygons_along(&halves.collect::<Vec<_>>())
    }

    /// The ground to the left of all half-edges around it.
    pub fn polygons_along(&self, halves: &[u32]) -> Vec<crate::GridPolygon> {
        let ends: Vec<[GridPoint; 2]> = halves.iter().map(|h| self.ends(*h)).map(|(a, b)| [a, b]).collect();
        let stretches: Vec<Stretch<'_>> = ends.iter().map(|points| Stretch { points, forward: true }).collect();
        trace::polygons(trace::rings(&stretches)).0
    }

    /// The draft in which regions have new owners. `Err` in the inner result names arcs that must be taken apart too: those
    /// that would have to be joined with new ones.
    pub fn draft(&self, new_owner: &[(u32, Option<Face>)]) -> Result<Draft<'a>, BTreeSet<u32>> {
        let mut new: Vec<Option<Option<Face>>> = vec![None; self.arrangement.regions];
        for (region, owner) in new_owner {
            if self.ground(*region) != Ground::Of(*owner) {
                new[*region as usize] = Some(*owner);
            }
        }
        let known = |half: u32| {
            self.side(half).or(match self.ground(self.arrangement.region(half)) {
                Ground::Of(owner) => Some(owner),
                Ground::Beyond => None,
            })
        };
        let mut borders: Vec<BorderEdge> = Vec::new();
        for e in 0..self.edge_count() {
            let (l, r) = self.beside(e);
            let changes = new[l as usize].is_some() || new[r as usize].is_some();
            if !changes && !self.is_border(e) {
                continue;
            }
            let (lo, hi) = self.noded.edges[e as usize];
            // Across a line it is the same ground as on this side.
            let side = |half: u32| {
                new[self.arrangement.region(half) as usize]
                    .unwrap_or_else(|| known(half).or_else(|| known(half ^ 1)).unwrap_or(None))
            };
            let (left, right) = (side(2 * e), side(2 * e + 1));
            if left != right {
                borders.push(BorderEdge { lo, hi, left, right });
            }
        }
        let others = |p: GridPoint| self.topology.nodes.get(&p).into_iter().flatten().filter(|end| !self.arcs.contains(&end.arc));
        let mut degree = vec![0usize; self.noded.points.len()];
        borders.iter().for_each(|b| [b.lo, b.hi].iter().for_each(|v| degree[*v as usize] += 1));
        let mut more = BTreeSet::new();
        for (v, p) in self.noded.points.iter().enumerate() {
            let ends: Vec<u32> = others(*p).map(|e| e.arc).collect();
            if !ends.is_empty() && degree[v] > 0 && ends.len() + degree[v] == 2 {
                more.extend(ends);
            }
        }
        // Two arcs beyond that are left alone at a node become one.
        for (v, p) in self.noded.points.iter().enumerate() {
            let ends: Vec<u32> = others(*p).map(|e| e.arc).collect();
            if degree[v] == 0 && ends.len() == 2 && ends[0] != ends[1] {
                more.extend(ends);
            }
        }
        if !more.is_empty() {
            return Err(more);
        }
        let mut draft = Draft::new(self.topology);
        draft.removed = self.arcs.clone();
        let arcs = chain(&self.noded.points, &borders, |p| others(p).next().is_some());
        draft.added = arcs.into_iter().map(|a| (None, a)).collect();
        let mut swept: std::collections::BTreeMap<u32, Vec<u32>> = std::collections::BTreeMap::new();
        for half in 0..2 * self.edge_count() {
            let region = self.arrangement.region(half);
            if new[region as usize].is_some() && self.arrangement.region(half ^ 1) != region {
                swept.entry(region).or_default().push(half);
            }
        }
        draft.swept = swept.values().flat_map(|halves| self.polygons_along(halves)).collect();
        Ok(draft)
    }
}

/// Takes apart, asks for the new owners, and takes more arcs when needed.
pub(in crate::topology) fn reassemble<'a>(
    topology: &'a Topology,
    mut arcs: BTreeSet<u32>,
    lines: &[Vec<GridPoint>],
    pins: &Pins,
    rule: impl Fn(&Local<'a>) -> Result<Vec<(u32, Option<Face>)>, Refusal>,
) -> Result<Draft<'a>, Refusal> {
    loop {
        let local = Local::new(topology, arcs.clone(), lines, pins)?;
        let owners = rule(&local)?;
        match local.draft(&owners) {
            Ok(draft) => return Ok(draft),
            Err(more) => arcs.extend(more),
        }
    }
}
