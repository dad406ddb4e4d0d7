//! From polygons to the subdivision.

use std::sync::Arc as Shared;

use super::arrangement::{Arrangement, OUTSIDE};
use super::chain::{BorderEdge, chain};
use super::cover::{Cover, covers};
use super::index::SegmentTree;
use super::noding::{Noded, Segment, node};
use super::report;
use super::types::{BuildOptions, BuildReport, Face, TopologyError};
use super::{MAX_POINTS, Topology, on_globe};
use crate::ground::metres_per_degree;
use crate::repair::exact::{edges, ring_area2};
use crate::snap::snap_geometries;
use crate::{CellGeometry, GridPoint, distance_m};

/// Everything the findings are written from.
pub(super) struct Made<'a> {
    pub noded: &'a Noded,
    pub arrangement: &'a Arrangement,
    pub covers: &'a [Cover],
    /// Whose each region is.
    pub owners: Vec<Option<u32>>,
    /// Regions that were closed as slivers.
    pub closed: Vec<bool>,
    pub rank: &'a [u32],
}

impl Topology {
    /// The subdivision of some cells: `Face(i)` is `cells[i]`, each a code and the ground, valid (see [`crate::repair`]).
    ///
    /// Vertices are joined first ([`BuildOptions::snap_m`]), then all borders are noded exactly. Ground that several cells
    /// claim goes to the lowest code, among equal codes to the first cell; ground that none claims stays so, unless it is
    /// thinner than [`BuildOptions::sliver_m`] on average. All of that is in the report. A cell of which nothing is left has
    /// no living face. O(n log n) in the vertices and the places where borders cross.
    ///
    /// # Errors
    /// A point outside the world, too many vertices, or borders in an inextricable tangle. No polygon makes this panic.
    pub fn build(cells: &[(&str, &CellGeometry)], options: BuildOptions) -> Result<(Self, BuildReport), TopologyError> {
        let count: usize = cells.iter().map(|(_, g)| g.vertex_count()).sum();
        if count > MAX_POINTS || cells.len() > u32::MAX as usize / 2 {
            return Err(TopologyError::TooLarge(count));
        }
        for (cell, (code, geometry)) in cells.iter().enumerate() {
            if let Some(p) = geometry.polygons.iter().flat_map(|p| p.rings()).flatten().find(|p| !on_globe(**p)) {
                return Err(TopologyError::OffTheGrid { cell, code: (*code).to_owned(), x: p.x, y: p.y });
            }
        }
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|i| (cells[*i].0, *i));
        let mut rank = vec![0u32; cells.len()];
        order.iter().enumerate().for_each(|(r, i)| rank[*i] = r as u32);

        let mut report = BuildReport::default();
        let grounds: Vec<&CellGeometry> = cells.iter().map(|(_, g)| *g).collect();
        let snapped = snap_geometries(&grounds, options.snap_m);
        report::joined(&mut report, cells, &snapped);
        let ground = |i: usize| snapped.geometry(i).unwrap_or(grounds[i]);

        let mut segments = Vec::with_capacity(count);
        for i in 0..cells.len() {
            push_rings(&mut segments, ground(i), i as u32);
        }
        let noded = node(&segments).ok_or(TopologyError::Tangled)?;
        drop(segments);
        let arrangement = Arrangement::new(&noded.points, &noded.edges);
        let covers = covers(&noded, &arrangement);
        let owners = covers.iter().map(|c| c.iter().map(|(cell, _)| *cell).min_by_key(|c| rank[*c as usize])).collect();
        let closed = vec![false; arrangement.regions];
        let mut made = Made { noded: &noded, arrangement: &arrangement, covers: &covers, owners, closed, rank: &rank };
        report::regions(&mut report, cells, &mut made, options.sliver_m);

        let owner = |half: u32| made.owners[arrangement.region(half) as usize].map(Face);
        let borders: Vec<BorderEdge> = noded
            .edges
            .iter()
            .enumerate()
            .filter_map(|(e, &(lo, hi))| {
                let (left, right) = (owner(2 * e as u32), owner(2 * e as u32 + 1));
                (left != right).then_some(BorderEdge { lo, hi, left, right })
            })
            .collect();
        report.edges_cut = noded.cut;
        report.shared_edges = borders.iter().filter(|b| b.left.is_some() && b.right.is_some()).count();
        let arcs = chain(&noded.points, &borders, |_| false);
        let made = Self::from_arcs(arcs, cells.len(), rank.into());
        report.arcs = made.arcs.len();
        report.nodes = made.nodes.len();
        report.vertices = made.nodes.len() + made.arcs.iter().flatten().map(|a| a.points.len() - 2).sum::<usize>();
        report::cells(&mut report, cells, &made, options);
        Ok((made, report))
    }

    /// From arcs that are a subdivision. Arcs are numbered in the order of their points.
    pub(super) fn from_arcs(mut arcs: Vec<super::ArcData>, faces: usize, ranks: Shared<[u32]>) -> Self {
        arcs.sort_unstable_by(|a, b| (a.first(), a.points[1], a.last()).cmp(&(b.first(), b.points[1], b.last())));
        let mut made = Self { ranks, faces: vec![Vec::new(); faces], ..Self::default() };
        made.tree = SegmentTree::bulk(arcs.iter().enumerate().map(|(i, a)| (i as u32, a)));
        for (i, arc) in arcs.into_iter().enumerate() {
            made.insert_arc(i as u32, arc);
        }
        made
    }
}

/// Outer rings as turning left, holes as turning right, however they were given.
fn push_rings(segments: &mut Vec<Segment>, geometry: &CellGeometry, source: u32) {
    for polygon in &geometry.polygons {
        for (i, ring) in polygon.rings().enumerate() {
            let turned = (ring_area2(ring) < 0) == (i == 0);
            segments
                .extend(edges(ring).map(|(a, b)| if turned { Segment { a: b, b: a, source } } else { Segment { a, b, source } }));
        }
    }
}

impl Made<'_> {
    pub fn ends(&self, half: u32) -> (GridPoint, GridPoint) {
        let (a, b) = self.noded.edges[half as usize / 2];
        let (a, b) = if half.is_multiple_of(2) { (a, b) } else { (b, a) };
        (self.noded.points[a as usize], self.noded.points[b as usize])
    }

    /// Length of a half-edge in metres.
    pub fn length_m(&self, half: u32) -> f64 {
        let (a, b) = self.ends(half);
        distance_m(a.place(), b.place())
    }

    /// Twice an area on the grid in m² at a height.
    pub fn ground_m2(area2: i128, at: GridPoint) -> f64 {
        let (mx, my) = metres_per_degree(at.place().lat);
        area2 as f64 / 2.0 * (mx / GridPoint::PER_DEGREE) * (my / GridPoint::PER_DEGREE)
    }

    /// The owner across the longest common border of a region, by the border it has with each; the lower rank among equals.
    pub fn longest_neighbour(&self, region: u32, border: &[u32]) -> Option<u32> {
        let mut lengths: std::collections::BTreeMap<u32, f64> = std::collections::BTreeMap::new();
        for &half in border {
            let across = self.arrangement.region(half ^ 1);
            if across != region
                && across != OUTSIDE
                && let Some(owner) = self.owners[across as usize]
            {
                *lengths.entry(owner).or_default() += self.length_m(half);
            }
        }
        let best =
            lengths.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(self.rank[b.0 as usize].cmp(&self.rank[a.0 as usize])));
        best.map(|b| b.0)
    }
}
