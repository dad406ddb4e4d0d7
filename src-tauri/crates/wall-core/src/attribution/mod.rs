//! Attribution: which cell a place belongs to (归属). One rule everywhere:
//!
//! 1. in the interior of one cell → that cell; of several (overlaps left by the source) → the lowest code in byte
//!    order, then the lowest feature index;
//! 2. in no interior, but on the boundary of cells → the lowest code, then feature index, among those;
//! 3. otherwise → none.
//!
//! Cells are integers of 1e-9 degree and points are judged as given, by exact predicates; polygons follow the even-odd
//! rule. Longitudes are taken as they are: a cell across the antimeridian comes as two polygons (RFC 7946).

mod measure;
mod neighbours;
pub(crate) mod piece;
mod raster;

use std::collections::HashMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

pub use measure::{area_km2, label_point};

use crate::metric::{LocalFrame, R_MIN_M, nearest_fraction, wrap_degrees};
use crate::{Cell, CellId, GridPoint, Place};
use piece::{GridBox, GridPlace, Piece, Side};
use raster::{CellRaster, Known};

/// The cells of one plan, ready to be asked.
///
/// ```
/// use wall_core::{Cell, CellGeometry, CellId, CellIndex, CellKind, GridPoint, GridPolygon, Place, PlanId};
/// let square = |id, code: &str, west: i64| Cell {
///     id: CellId(id), plan: PlanId(1), code: code.into(), name: String::new(), kind: CellKind::Basic,
///     community_code: String::new(), households: None, feature_index: 0,
///     geometry: CellGeometry { polygons: vec![GridPolygon {
///         outer: [(0, 0), (1, 0), (1, 1), (0, 1)]
///             .map(|(x, y)| GridPoint { x: (west + x) * 10_000_000, y: y * 10_000_000 }).to_vec(),
///         holes: vec![],
///     }] },
/// };
/// let index = CellIndex::build(&[square(1, "B", 0), square(2, "A", 1)]);
/// assert_eq!(index.cell_at(Place { lon: 0.005, lat: 0.005 }), Some(CellId(1)));
/// assert_eq!(index.cell_at(Place { lon: 0.01, lat: 0.005 }), Some(CellId(2)), "a shared edge goes to the lowest code");
/// assert_eq!(index.cell_at(Place { lon: 0.03, lat: 0.005 }), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct CellIndex {
    /// Cells in the order of the tie rule.
    ids: Vec<CellId>,
    by_id: HashMap<CellId, u32>,
    /// In the order of the tie rule; those of cell `c` are `pieces[first_piece[c]..first_piece[c + 1]]`.
    pieces: Vec<Piece>,
    first_piece: Vec<u32>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, u32>>,
    raster: Option<CellRaster>,
    bounds: Option<GridBox>,
}

impl CellIndex {
    /// Builds the index. O(vertices log vertices). Cells without edges belong to the set but hold no point.
    pub fn build<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Self {
        let mut cells: Vec<&Cell> = cells.into_iter().collect();
        cells.sort_by(|a, b| (a.code.as_bytes(), a.feature_index, a.id).cmp(&(b.code.as_bytes(), b.feature_index, b.id)));
        let mut pieces = Vec::with_capacity(cells.len());
        let mut first_piece = Vec::with_capacity(cells.len() + 1);
        for (rank, cell) in cells.iter().enumerate() {
            first_piece.push(pieces.len() as u32);
            pieces.extend(cell.geometry.polygons.iter().filter_map(|p| Piece::new(rank as u32, p)));
        }
        first_piece.push(pieces.len() as u32);
        let boxes = pieces
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let b = p.bounds;
                GeomWithData::new(Rectangle::from_corners([b.lo.x, b.lo.y], [b.hi.x, b.hi.y]), i as u32)
            })
            .collect();
        Self {
            by_id: cells.iter().enumerate().map(|(rank, c)| (c.id, rank as u32)).collect(),
            ids: cells.iter().map(|c| c.id).collect(),
            raster: CellRaster::build(&pieces),
            bounds: pieces.iter().map(|p| p.bounds).reduce(GridBox::union),
            pieces,
            first_piece,
            tree: RTree::bulk_load(boxes),
        }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Bytes held for fast answers (without the polygons themselves).
    pub fn raster_bytes(&self) -> usize {
        self.raster.as_ref().map_or(0, CellRaster::memory)
    }

    /// All cells, in the order code, feature index.
    pub fn cells(&self) -> impl Iterator<Item = CellId> + '_ {
        self.ids.iter().copied()
    }

    /// West, south, east, north of all cells in degrees; `None` when there is no ground.
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let unit = GridPoint::PER_DEGREE;
        self.bounds.map(|b| [b.lo.x / unit, b.lo.y / unit, b.hi.x / unit, b.hi.y / unit])
    }

    /// The cell a place belongs to, by the one rule. O(1), and near boundaries O(edges at that height).
    #[inline]
    pub fn cell_at(&self, place: Place) -> Option<CellId> {
        self.rank_at(place).map(|rank| self.ids[rank as usize])
    }

    /// [`Self::cell_at`] for a place already on the scale of the grid.
    pub(crate) fn cell_at_grid(&self, p: GridPlace) -> Option<CellId> {
        let raster = self.raster.as_ref()?;
        let rank = match raster.known(raster.answer_at(raster.pixel(p)?)) {
            Known::Nobody => None,
            Known::Cell(rank) => Some(rank),
            Known::Ask(sure, pieces) => self.ask(p, sure, pieces),
        };
        rank.map(|rank| self.ids[rank as usize])
    }

    /// [`Self::cell_at`] for many places: `out[i]` answers `places[i]`; what is beyond the shorter slice is left alone.
    /// Faster than one by one: the reads of many places wait for memory together.
    pub fn cells_at(&self, places: &[Place], out: &mut [Option<CellId>]) {
        const TOGETHER: usize = 64;
        let Some(raster) = &self.raster else {
            out.iter_mut().take(places.len()).for_each(|o| *o = None);
            return;
        };
        let mut answers = [0u32; TOGETHER];
        for (places, out) in places.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
            for (place, answer) in places.iter().zip(&mut answers) {
                *answer = raster.pixel(GridPlace::unsnapped(*place)).map_or(0, |pixel| raster.answer_at(pixel));
            }
            for ((place, answer), out) in places.iter().zip(&answers).zip(out) {
                *out = self.resolve(raster, *answer, *place);
            }
        }
    }

    /// Number of the cell a place belongs to, in the order of [`Self::cells`], by the one rule. As [`Self::cell_at`].
    #[inline]
    pub fn rank_at(&self, place: Place) -> Option<u32> {
        let raster = self.raster.as_ref()?;
        self.rank_of(raster, raster.answer_at(raster.pixel(GridPlace::unsnapped(place))?), place)
    }

    /// [`Self::edge_distance_m`] of a cell by its number.
    pub fn edge_of_rank_m(&self, place: Place, rank: u32) -> Option<f64> {
        ((rank as usize) < self.ids.len()).then(|| self.edge_m(&LocalFrame::at(place), rank))?
    }

    /// Metres from a place, inside or outside, to the nearest edge of this cell. `None` for an unknown cell or one without
    /// edges. Right to a millimetre at cell scale. O(edges of the cell).
    pub fn edge_distance_m(&self, place: Place, cell: CellId) -> Option<f64> {
        let rank = *self.by_id.get(&cell)?;
        self.edge_m(&LocalFrame::at(place), rank)
    }

    /// All cells whose ground is within `radius_m` metres of a place (its own cell included), in the order code, feature
    /// index. With radius 0: every cell the place is in or on the edge of.
    pub fn cells_within_m(&self, place: Place, radius_m: f64) -> Vec<CellId> {
        self.ranks_within_m(place, radius_m).into_iter().map(|rank| self.ids[rank as usize]).collect()
    }

    /// The same by their numbers, in the order of [`Self::cells`].
    pub fn ranks_within_m(&self, place: Place, radius_m: f64) -> Vec<u32> {
        let radius_m = if radius_m > 0.0 { radius_m } else { 0.0 };
        let frame = LocalFrame::at(place);
        let north = (radius_m / R_MIN_M).to_degrees() * 1.000_001 + 1e-9;
        let cos = (place.lat.abs() + north).min(90.0).to_radians().cos();
        let east = if cos * 180.0 > north { (north / cos * 1.01).min(180.0) } else { 180.0 };
        let mut ranks = Vec::new();
        // The same ground seen from the other side of the antimeridian.
        for turn in [-360.0, 0.0, 360.0] {
            let lon = place.lon + turn;
            if lon + east < -180.0 || lon - east > 180.0 {
                continue;
            }
            let corner = |x: f64, y: f64| GridPlace { x: x * GridPoint::PER_DEGREE, y: y * GridPoint::PER_DEGREE };
            let (lo, hi) = (corner(lon - east, place.lat - north), corner(lon + east, place.lat + north));
            ranks.extend(self.pieces_in(lo, hi).map(|i| self.pieces[i as usize].cell));
        }
        ranks.sort_unstable();
        ranks.dedup();
        let p = GridPlace::of(place);
        ranks.retain(|&rank| {
            self.pieces_of(rank).iter().any(|piece| piece.side(p) != Side::Outside)
                || (radius_m > 0.0 && self.edge_m(&frame, rank).is_some_and(|d| d <= radius_m))
        });
        ranks
    }

    /// Cells with a polygon whose bounding box meets the given box in degrees, in the order code, feature index.
    pub fn cells_in_box(&self, west: f64, south: f64, east: f64, north: f64) -> Vec<CellId> {
        if !(west <= east && south <= north) {
            return Vec::new();
        }
        let (lo, hi) = (GridPlace::of(Place { lon: west, lat: south }), GridPlace::of(Place { lon: east, lat: north }));
        let mut ranks: Vec<u32> = self.pieces_in(lo, hi).map(|i| self.pieces[i as usize].cell).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks.into_iter().map(|rank| self.ids[rank as usize]).collect()
    }

    fn pieces_of(&self, rank: u32) -> &[Piece] {
        let rank = rank as usize;
        &self.pieces[self.first_piece[rank] as usize..self.first_piece[rank + 1] as usize]
    }

    fn pieces_in(&self, lo: GridPlace, hi: GridPlace) -> impl Iterator<Item = u32> + '_ {
        let envelope = AABB::from_corners([lo.x, lo.y], [hi.x, hi.y]);
        self.tree.locate_in_envelope_intersecting(&envelope).map(|g| g.data)
    }

    #[inline]
    fn resolve(&self, raster: &CellRaster, answer: u32, place: Place) -> Option<CellId> {
        self.rank_of(raster, answer, place).map(|rank| self.ids[rank as usize])
    }

    #[inline]
    fn rank_of(&self, raster: &CellRaster, answer: u32, place: Place) -> Option<u32> {
        match raster.known(answer) {
            Known::Nobody => None,
            Known::Cell(rank) => Some(rank),
            Known::Ask(sure, pieces) => self.ask(GridPlace::of(place), sure, pieces),
        }
    }

    /// The rule over the candidates of a pixel, in order: the first that has the point inside, else the cell that surely
    /// has it, else the first that has it on its boundary.
    fn ask(&self, p: GridPlace, sure: Option<u32>, pieces: &[u32]) -> Option<u32> {
        let mut boundary = None;
        for i in pieces {
            let piece = &self.pieces[*i as usize];
            match piece.side(p) {
                Side::Inside => return Some(piece.cell),
                Side::Boundary => boundary = boundary.or(Some(piece.cell)),
                Side::Outside => {}
            }
        }
        sure.or(boundary)
    }

    fn edge_m(&self, frame: &LocalFrame, rank: u32) -> Option<f64> {
        let origin = frame.origin;
        let offset = |q: GridPlace| (q.x / GridPoint::PER_DEGREE - origin.lon, q.y / GridPoint::PER_DEGREE - origin.lat);
        let ends = |e: &piece::Edge| {
            let (a, b) = (offset(e.a), offset(e.b));
            let turned = wrap_degrees(a.0) - a.0;
            ((a.0 + turned, a.1), (b.0 + turned, b.1))
        };
        let edges = || self.pieces_of(rank).iter().flat_map(|p| p.edges.iter());
        // A flat estimate, squared, finds the few edges worth the accurate formula.
        let (kx, ky) = frame.metres_per_degree(0.0);
        let unit = GridPoint::PER_DEGREE;
        let (ox, oy, kx, ky) = (origin.lon * unit, origin.lat * unit, kx / unit, ky / unit);
        let flat2 = |e: &piece::Edge| {
            let east = e.a.x - ox;
            // The same ground seen from the other side of the antimeridian.
            let east = if east.abs() <= 180.0 * unit { east } else { wrap_degrees(east / unit) * unit };
            let (a, d) = ((east * kx, (e.a.y - oy) * ky), ((e.b.x - e.a.x) * kx, (e.b.y - e.a.y) * ky));
            let t = nearest_fraction(a, d);
            let q = (a.0 + d.0 * t, a.1 + d.1 * t);
            q.0 * q.0 + q.1 * q.1
        };
        let least = edges().map(flat2).fold(f64::INFINITY, f64::min).sqrt();
        let tan = origin.lat.to_radians().tan().abs();
        let margin = 1e-3 + 4.0 * (tan + 1.0) * least / R_MIN_M;
        let limit = if margin < 0.25 { least * (1.0 + margin) + 1e-3 } else { f64::INFINITY };
        let near = edges().filter(|e| flat2(e) <= limit * limit);
        near.map(ends).map(|(a, b)| frame.segment_m(a, b)).reduce(f64::min)
    }
}
