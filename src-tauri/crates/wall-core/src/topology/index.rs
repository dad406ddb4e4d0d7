//! Arcs by place: boxes around short runs of segments in an R-tree.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::arc::ArcData;
use super::trace::bounds;
use crate::GridPoint;

/// Segments in one box.
pub(super) const RUN: usize = 16;

type Leaf = GeomWithData<Rectangle<[f64; 2]>, (u32, u32)>;

/// The R-tree. Coordinates of the globe are exact in its floating-point numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct SegmentTree {
    tree: RTree<Leaf>,
}

/// A straight stretch of an arc: its number, the number of its first point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct SegmentId {
    pub arc: u32,
    pub at: u32,
}

fn corner(p: GridPoint) -> [f64; 2] {
    [p.x as f64, p.y as f64]
}

fn leaves(id: u32, arc: &ArcData) -> impl Iterator<Item = Leaf> + '_ {
    (0..arc.points.len() - 1).step_by(RUN).map(move |from| {
        let (lo, hi) = bounds(&arc.points[from..(from + RUN + 1).min(arc.points.len())]);
        Leaf::new(Rectangle::from_corners(corner(lo), corner(hi)), (id, from as u32))
    })
}

impl SegmentTree {
    /// O(n log n).
    pub fn bulk<'a>(arcs: impl Iterator<Item = (u32, &'a ArcData)>) -> Self {
        Self { tree: RTree::bulk_load(arcs.flat_map(|(id, a)| leaves(id, a)).collect()) }
    }

    pub fn insert(&mut self, id: u32, arc: &ArcData) {
        leaves(id, arc).for_each(|l| self.tree.insert(l));
    }

    pub fn remove(&mut self, id: u32, arc: &ArcData) {
        leaves(id, arc).for_each(|l| _ = self.tree.remove(&l));
    }

    /// Runs of segments `(arc, first, after last)` whose boxes meet a box.
    pub fn runs(&self, lo: GridPoint, hi: GridPoint) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.tree
            .locate_in_envelope_intersecting(&AABB::from_corners(corner(lo), corner(hi)))
            .map(|l| (l.data.0, l.data.1 as usize))
    }

    /// The box around everything.
    pub fn bounds(&self) -> Option<(GridPoint, GridPoint)> {
        use rstar::Envelope as _;
        let envelope = self.tree.root().envelope();
        (self.tree.size() > 0 && envelope.area().is_finite()).then(|| {
            let p = |c: [f64; 2]| GridPoint { x: c[0] as i64, y: c[1] as i64 };
            (p(envelope.lower()), p(envelope.upper()))
        })
    }
}

/// Segments of an arc in the run that begins at `from`, with the number of their first point.
pub(super) fn run(arc: &ArcData, from: usize) -> impl Iterator<Item = (usize, GridPoint, GridPoint)> + '_ {
    let to = (from + RUN).min(arc.points.len() - 1);
    (from..to).map(|i| (i, arc.points[i], arc.points[i + 1]))
}

impl super::Topology {
    /// Segments whose boxes meet a box, with their arcs. O(log n + found + those near).
    pub(super) fn segments_in(
        &self,
        lo: GridPoint,
        hi: GridPoint,
    ) -> impl Iterator<Item = (SegmentId, GridPoint, GridPoint)> + '_ {
        self.tree.runs(lo, hi).filter_map(|(id, from)| Some((id, from, self.arc(id)?))).flat_map(move |(id, from, arc)| {
            run(arc, from).filter_map(move |(i, a, b)| {
                let meets = a.x.min(b.x) <= hi.x && a.x.max(b.x) >= lo.x && a.y.min(b.y) <= hi.y && a.y.max(b.y) >= lo.y;
                meets.then_some((SegmentId { arc: id, at: i as u32 }, a, b))
            })
        })
    }
}
