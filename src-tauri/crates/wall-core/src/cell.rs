//! Grid cells (网格) and their exact geometry.

use crate::coded::coded;
use crate::{CellId, GridPoint, PlanId};

coded! {
    /// What a cell is for.
    #[derive(Default)]
    CellKind {
        /// 基础网格: about 300–500 households.
        #[default]
        Basic = "basic",
        /// 专属网格: one school, hospital, mall or park.
        Dedicated = "dedicated",
    }
}

/// A closed ring without its repeated last point: at least three distinct points.
pub type GridRing = Vec<GridPoint>;

/// One outer ring (counter-clockwise) and its holes (clockwise).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GridPolygon {
    /// The outer ring.
    pub outer: GridRing,
    /// The holes.
    pub holes: Vec<GridRing>,
}

impl GridPolygon {
    /// The outer ring, then the holes.
    pub fn rings(&self) -> impl Iterator<Item = &GridRing> {
        std::iter::once(&self.outer).chain(self.holes.iter())
    }
}

/// Smallest box `(min, max)` around some points; `None` for none. O(points).
pub(crate) fn bounds_of<'a>(points: impl IntoIterator<Item = &'a GridPoint>) -> Option<(GridPoint, GridPoint)> {
    let mut points = points.into_iter();
    let first = *points.next()?;
    Some(points.fold((first, first), |(lo, hi), p| {
        (GridPoint { x: lo.x.min(p.x), y: lo.y.min(p.y) }, GridPoint { x: hi.x.max(p.x), y: hi.y.max(p.y) })
    }))
}

/// The ground of one cell: one or more polygons.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CellGeometry {
    /// Polygons with disjoint interiors.
    pub polygons: Vec<GridPolygon>,
}

impl CellGeometry {
    /// Smallest box `(min, max)` around the cell; `None` for no points. O(vertices).
    pub fn bounds(&self) -> Option<(GridPoint, GridPoint)> {
        bounds_of(self.polygons.iter().flat_map(|p| p.outer.iter()))
    }

    /// The cell as a `geo` multi-polygon in WGS-84 degrees (rings closed).
    pub fn to_geo(&self) -> geo_types::MultiPolygon<f64> {
        let ring = |r: &GridRing| {
            let mut c: Vec<geo_types::Coord<f64>> =
                r.iter().map(|p| p.place()).map(|p| geo_types::Coord { x: p.lon, y: p.lat }).collect();
            if let Some(first) = c.first().copied() {
                c.push(first);
            }
            geo_types::LineString::new(c)
        };
        geo_types::MultiPolygon::new(
            self.polygons.iter().map(|p| geo_types::Polygon::new(ring(&p.outer), p.holes.iter().map(ring).collect())).collect(),
        )
    }

    /// Number of vertices in all rings.
    pub fn vertex_count(&self) -> usize {
        self.polygons.iter().flat_map(GridPolygon::rings).map(Vec::len).sum()
    }
}

/// A grid cell of one plan: the smallest area of responsibility.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Identity inside the store.
    pub id: CellId,
    /// The plan it belongs to.
    pub plan: PlanId,
    /// Its code; two cells of a plan may share one by mistake of the source (then an issue says so).
    pub code: String,
    /// Its name as people say it; may be empty.
    pub name: String,
    /// Basic or dedicated.
    pub kind: CellKind,
    /// 12-digit code of its community; empty when the source has none.
    pub community_code: String,
    /// Households, when the source tells.
    pub households: Option<u32>,
    /// Position of the feature in its source, from 0: the second key of the tie rule.
    pub feature_index: u32,
    /// Its ground.
    pub geometry: CellGeometry,
}
