//! What the subdivision is asked and what it answers: edits, refusals, findings, views.

use crate::coded::coded;
use crate::{CellGeometry, GridPoint, GridPolygon, Place};

/// A face of the subdivision: a cell. Small integers; a number stands for one cell along one line of edits (undoing an edit
/// gives back the numbers it took, so that replaying the same edits gives the same numbers).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Face(pub u32);

/// An arc: a stretch of border with the same cell on either side all along. Numbered like faces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ArcId(pub u32);

/// How a subdivision is made from polygons.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BuildOptions {
    /// Vertices within so many metres of another cell's border are joined to it first; 0 joins nothing.
    pub snap_m: f64,
    /// Gaps and overlaps thinner than this on average are closed; 0 closes none.
    pub sliver_m: f64,
}

impl Default for BuildOptions {
    /// For planning.
    fn default() -> Self {
        Self { snap_m: 0.5, sliver_m: 0.5 }
    }
}

coded! {
    /// What was found while a subdivision was made.
    TopologyFault {
        /// Two cells claim the same ground.
        Overlap = "overlap",
        /// Ground between cells that is no cell's.
        Gap = "gap",
        /// Ground inside one cell that is no cell's.
        Hole = "hole",
        /// A gap or an overlap that is very thin.
        Sliver = "sliver",
        /// Borders of two cells that run close to each other without being one.
        NearEdge = "near_edge",
        /// Vertices brought onto a neighbour's border.
        Joined = "joined",
        /// Rings that cross themselves or turn the wrong way.
        Invalid = "invalid",
        /// A cell that fell into more parts because the ground between them is another cell's.
        Torn = "torn",
        /// A cell of which nothing is left.
        Lost = "lost",
    }
}

coded! {
    /// What was done about a finding.
    Resolution {
        /// The ground went to the cell with the lowest code, among equal codes to the first.
        GivenToLowestCode = "given_to_lowest_code",
        /// The ground went to the neighbour with the longest common border.
        Closed = "closed",
        /// Left as it is.
        Kept = "kept",
        /// Brought onto the neighbour's border.
        Joined = "joined",
        /// Left out.
        Dropped = "dropped",
    }
}

/// One thing found while a subdivision was made.
#[derive(Clone, PartialEq, Debug)]
pub struct TopologyFinding {
    /// What.
    pub kind: TopologyFault,
    /// Positions of the cells concerned; for an overlap the one that has the ground first.
    pub cells: Vec<usize>,
    /// How much ground, m²; 0 where it is not about ground.
    pub area_m2: f64,
    /// Where.
    pub place: Place,
    /// What was done.
    pub resolution: Resolution,
    /// In words.
    pub message: String,
}

/// How the making of a subdivision went.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BuildReport {
    /// Everything found, the largest first within each kind.
    pub findings: Vec<TopologyFinding>,
    /// Stretches from vertex to vertex with a cell on both sides.
    pub shared_edges: usize,
    /// Arcs.
    pub arcs: usize,
    /// Points where three or more arcs meet, and the starting points of closed arcs.
    pub nodes: usize,
    /// Points of all arcs, each once.
    pub vertices: usize,
    /// Edges that crossed or lay on others and were cut.
    pub edges_cut: usize,
}

/// Why no subdivision can be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TopologyError {
    /// A coordinate is outside the world.
    #[error("cell {cell} ({code}) has a point outside the world: {x}, {y} (1e-9 degree)")]
    OffTheGrid {
        /// Position of the cell.
        cell: usize,
        /// Its code.
        code: String,
        /// The point.
        x: i64,
        /// The point.
        y: i64,
    },
    /// Too many cells or vertices.
    #[error("{0} vertices; at most {max} can be used", max = crate::topology::MAX_POINTS)]
    TooLarge(usize),
    /// The borders cross each other so often that they cannot be taken apart.
    #[error("the borders cross each other too often to be taken apart")]
    Tangled,
}

/// A change of the subdivision, as a planner asks for it.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    /// Moves a vertex of a border between cells, or a node where several meet; all of them follow.
    MoveVertex {
        /// An existing vertex.
        from: GridPoint,
        /// Where it goes.
        to: GridPoint,
    },
    /// A new vertex in a border.
    InsertVertex {
        /// Two neighbouring vertices of a border.
        segment: (GridPoint, GridPoint),
        /// The new vertex between them.
        at: GridPoint,
    },
    /// Takes a vertex out of a border; its neighbours are joined by a straight edge.
    DeleteVertex {
        /// The vertex.
        at: GridPoint,
    },
    /// Replaces the stretch of the border of two neighbours between the ends of a line by the line.
    Reshape {
        /// Begins and ends on the border of the two, or within [`LINE_REACH_M`](crate::LINE_REACH_M) of it.
        line: Vec<GridPoint>,
    },
    /// Cuts a cell in two along a line; the larger part keeps the face.
    Split {
        /// The cell.
        face: Face,
        /// From border to border; what lies outside the cell is not looked at.
        line: Vec<GridPoint>,
    },
    /// Makes neighbours one cell.
    Merge {
        /// The face that stays.
        into: Face,
        /// The faces that go up in it.
        from: Vec<Face>,
    },
    /// Gives ground to a cell: what of the area lies in other cells.
    Transfer {
        /// Who gets it.
        to: Face,
        /// A lasso or a block.
        area: GridPolygon,
        /// Whether cells may fall into more parts.
        allow_parts: bool,
    },
    /// Gives enclosed ground that is no cell's to a cell beside it.
    FillGap {
        /// A point in the gap.
        at: GridPoint,
        /// Who gets it.
        to: Face,
    },
    /// Replaces a stretch of the outer border by a line; the ground of all cells together may change.
    ReshapeOuter {
        /// Begins and ends on the outer border.
        line: Vec<GridPoint>,
    },
    /// Moves a vertex of the outer border (or of a gap's).
    MoveOuterVertex {
        /// An existing vertex.
        from: GridPoint,
        /// Where it goes.
        to: GridPoint,
    },
    /// Closes all lanes: strips of nobody's ground between two cells that reach the outside. Each half goes to the cell it is
    /// nearer to.
    CloseLanes {
        /// Wider ones stay open, metres.
        at_most_m: f64,
    },
    /// Gives a cell ground that others have; one of which nothing is left lives again.
    CutOut {
        /// The cell, alive or not.
        face: Face,
        /// Its ground: what of it lies in other cells becomes its own.
        grounds: Vec<GridPolygon>,
    },
    /// Takes vertices out of the borders between cells where the border moves by no more than the tolerance.
    Simplify {
        /// The cells whose borders with any cell are simplified.
        faces: Vec<Face>,
        /// How far a border may move, metres.
        tolerance_m: f64,
    },
}

coded! {
    /// Why an edit is refused.
    RefusalCode {
        /// A border would cross another, or run over a cell in between.
        CrossesBorder = "crosses_border",
        /// A border would touch another where they have no common node.
        TouchesBorder = "touches_border",
        /// A border would cross itself.
        SelfCrossing = "self_crossing",
        /// A cell would fall into more parts.
        SplitsCell = "splits_cell",
        /// The cells have no border in common.
        NotNeighbours = "not_neighbours",
        /// There is no such vertex, edge, cell, gap or lane.
        NothingThere = "nothing_there",
        /// The line does not begin or end where it must.
        LineMisses = "line_misses",
        /// The outer border would change, or a gap would appear.
        OuterBorder = "outer_border",
        /// What would be left is too small to be a cell.
        TooSmall = "too_small",
        /// The line does not cut the cell into exactly two parts.
        NotTwoParts = "not_two_parts",
        /// A point is outside the world.
        OffTheGrid = "off_the_grid",
        /// A cell would lose all of its ground.
        WholeCell = "whole_cell",
        /// Nothing would change.
        NoChange = "no_change",
    }
}

/// Why an edit was not done; nothing was changed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A word to branch on.
    pub code: RefusalCode,
    /// In words.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// The cells concerned.
    pub faces: Vec<Face>,
}

impl Refusal {
    pub(super) fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, faces: Vec::new() }
    }

    pub(super) fn at(mut self, point: GridPoint) -> Self {
        self.place = Some(point.place());
        self
    }

    pub(super) fn about(mut self, faces: impl IntoIterator<Item = Face>) -> Self {
        self.faces.extend(faces);
        self.faces.sort_unstable();
        self.faces.dedup();
        self
    }
}

/// An arc as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArcView<'a> {
    /// Its number.
    pub id: ArcId,
    /// The cell to the left when going along the points; `None` is ground of no cell.
    pub left: Option<Face>,
    /// The cell to the right.
    pub right: Option<Face>,
    /// The points, both ends included; a closed arc ends where it begins.
    pub points: &'a [GridPoint],
}

/// The border nearest to a place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EdgeHit {
    /// The arc.
    pub arc: ArcId,
    /// The ends of the straight stretch.
    pub segment: (GridPoint, GridPoint),
    /// The point of the stretch nearest to the place, rounded to the grid.
    pub at: GridPoint,
    /// How far, metres.
    pub distance_m: f64,
    /// The cell to the left of the arc.
    pub left: Option<Face>,
    /// The cell to the right of the arc.
    pub right: Option<Face>,
    /// The nearer end of the stretch, when that too is within the distance asked for.
    pub vertex: Option<GridPoint>,
    /// Whether that vertex is a node, where several arcs meet.
    pub node: bool,
}

/// Enclosed ground that is no cell's.
#[derive(Clone, PartialEq, Debug)]
pub struct GapView {
    /// The ground.
    pub geometry: CellGeometry,
    /// How much, m².
    pub area_m2: f64,
    /// A place inside.
    pub place: Place,
    /// The cells around it, ascending.
    pub faces: Vec<Face>,
}
