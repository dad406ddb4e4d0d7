//! One polygon with exact predicates.
//!
//! Vertices are integers of 1e-9 degree held in `f64` (all far below 2^53, so they are exact), and the orientation
//! test is the adaptive exact one of the crate `robust`: what is said about a point is true, not nearly true.

use robust::{Coord, orient2d};

use crate::{GridPoint, GridPolygon, Place};

/// A place on the scale of the grid. Not rounded to it, except that a decimal of up to nine digits becomes its integer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct GridPlace {
    pub x: f64,
    pub y: f64,
}

impl GridPlace {
    pub fn of(place: Place) -> Self {
        Self { x: on_grid(place.lon), y: on_grid(place.lat) }
    }

    /// Only scaled: off by up to 1.5e-5 units where the grid place would be a whole number.
    #[inline]
    pub fn unsnapped(place: Place) -> Self {
        Self { x: place.lon * GridPoint::PER_DEGREE, y: place.lat * GridPoint::PER_DEGREE }
    }

    pub fn of_grid(p: GridPoint) -> Self {
        Self { x: p.x as f64, y: p.y as f64 }
    }
}

/// Degrees in grid units. Reading a decimal and scaling it both round: together less than 1.5e-5 units up to 180°, so a
/// value so near an integer is that integer.
#[inline]
fn on_grid(degrees: f64) -> f64 {
    let scaled = degrees * GridPoint::PER_DEGREE;
    let whole = scaled.round();
    if (scaled - whole).abs() <= 1.5e-5 { whole } else { scaled }
}

/// A directed edge in grid units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub a: GridPlace,
    pub b: GridPlace,
}

/// Where a point lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Outside,
    Boundary,
    Inside,
}

/// A box in grid units.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct GridBox {
    pub lo: GridPlace,
    pub hi: GridPlace,
}

impl GridBox {
    #[inline]
    pub fn contains(&self, p: GridPlace) -> bool {
        self.lo.x <= p.x && p.x <= self.hi.x && self.lo.y <= p.y && p.y <= self.hi.y
    }

    #[inline]
    pub fn meets(&self, other: Self) -> bool {
        self.lo.x <= other.hi.x && other.lo.x <= self.hi.x && self.lo.y <= other.hi.y && other.lo.y <= self.hi.y
    }

    pub fn union(self, other: Self) -> Self {
        Self {
            lo: GridPlace { x: self.lo.x.min(other.lo.x), y: self.lo.y.min(other.lo.y) },
            hi: GridPlace { x: self.hi.x.max(other.hi.x), y: self.hi.y.max(other.hi.y) },
        }
    }
}

/// Edges up to this many are simply walked through.
const WALK_EDGES: usize = 12;

/// One polygon: its edges sorted into horizontal strips, so that a test touches only a few of them.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Position of its cell in the order of the tie rule.
    pub cell: u32,
    pub bounds: GridBox,
    /// Every edge once.
    pub edges: Vec<Edge>,
    strips: Strips,
}

#[derive(Clone, Debug)]
struct Strips {
    per_unit: f64,
    /// Strip `i` is `edges[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Piece {
    /// The piece of a polygon; `None` when it has no edge at all.
    pub fn new(cell: u32, polygon: &GridPolygon) -> Option<Self> {
        let mut edges = Vec::with_capacity(polygon.rings().map(Vec::len).sum());
        for ring in polygon.rings() {
            let closed = ring.iter().zip(ring.iter().cycle().skip(1));
            edges.extend(
                closed.filter(|(a, b)| a != b).map(|(a, b)| Edge { a: GridPlace::of_grid(*a), b: GridPlace::of_grid(*b) }),
            );
        }
        let bounds = edges.iter().map(Edge::bounds).reduce(GridBox::union)?;
        let strips = Strips::of(&edges, bounds);
        Some(Self { cell, bounds, edges, strips })
    }

    /// Where the point lies, by the even-odd rule over all rings: exact. O(edges in its strip).
    pub fn side(&self, p: GridPlace) -> Side {
        if !self.bounds.contains(p) {
            return Side::Outside;
        }
        let edges = if self.strips.edges.is_empty() { &self.edges[..] } else { self.strips.at(p.y - self.bounds.lo.y) };
        let mut inside = false;
        for edge in edges {
            match edge.crossing(p) {
                Crossing::None => {}
                Crossing::East => inside = !inside,
                Crossing::Here => return Side::Boundary,
            }
        }
        if inside { Side::Inside } else { Side::Outside }
    }
}

enum Crossing {
    /// The ray from the point towards the east does not cross the edge.
    None,
    /// It does, farther east.
    East,
    /// The point is on the edge.
    Here,
}

impl Edge {
    pub fn bounds(&self) -> GridBox {
        GridBox {
            lo: GridPlace { x: self.a.x.min(self.b.x), y: self.a.y.min(self.b.y) },
            hi: GridPlace { x: self.a.x.max(self.b.x), y: self.a.y.max(self.b.y) },
        }
    }

    /// A vertex counts as just below the ray when it is level with it: so each crossing is counted once.
    #[inline]
    fn crossing(&self, p: GridPlace) -> Crossing {
        let (a, b) = (self.a, self.b);
        if (a.y > p.y) != (b.y > p.y) {
            if p.x < a.x.min(b.x) {
                return Crossing::East;
            }
            if p.x > a.x.max(b.x) {
                return Crossing::None;
            }
            let turn = orient2d(Coord { x: a.x, y: a.y }, Coord { x: b.x, y: b.y }, Coord { x: p.x, y: p.y });
            if turn == 0.0 {
                Crossing::Here
            } else if (turn > 0.0) == (b.y > a.y) {
                Crossing::East
            } else {
                Crossing::None
            }
        } else if a.y == p.y && b.y == p.y {
            if a.x.min(b.x) <= p.x && p.x <= a.x.max(b.x) { Crossing::Here } else { Crossing::None }
        } else if a == p || b == p {
            Crossing::Here
        } else {
            Crossing::None
        }
    }
}

impl Strips {
    fn of(edges: &[Edge], bounds: GridBox) -> Self {
        let height = bounds.hi.y - bounds.lo.y;
        if edges.len() <= WALK_EDGES || height <= 0.0 {
            return Self { per_unit: 0.0, starts: vec![0, 0], edges: Vec::new() };
        }
        let count = (edges.len() / 2).min(1 << 16);
        let per_unit = count as f64 / height;
        // The same monotone function sorts edges and finds strips: an edge is in the strip of every height it has.
        let strip = |y: f64| (((y - bounds.lo.y) * per_unit) as usize).min(count - 1);
        let span = |e: &Edge| strip(e.a.y.min(e.b.y))..=strip(e.a.y.max(e.b.y));
        let mut starts = vec![0u32; count + 1];
        for e in edges {
            for s in span(e) {
                starts[s + 1] += 1;
            }
        }
        for s in 0..count {
            starts[s + 1] += starts[s];
        }
        let mut next = starts.clone();
        let total = starts[count] as usize;
        let mut sorted = vec![edges[0]; total];
        for e in edges {
            for s in span(e) {
                sorted[next[s] as usize] = *e;
                next[s] += 1;
            }
        }
        Self { per_unit, starts, edges: sorted }
    }

    #[inline]
    fn at(&self, height: f64) -> &[Edge] {
        let last = self.starts.len() - 2;
        let s = ((height * self.per_unit) as usize).min(last);
        &self.edges[self.starts[s] as usize..self.starts[s + 1] as usize]
    }
}
