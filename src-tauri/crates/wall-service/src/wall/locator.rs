//! Which cell a point is in, asked of a store without a world.

use super::{WallError, files::plan_of};
use wall_core::{Cell, CellIndex, GridPoint, Place, UtcMs};
use wall_store::Store;

/// Where a point lies.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LocateAnswer<'a> {
    /// Code of its cell; empty = outside all.
    pub cell_code: &'a str,
    /// Name of its cell.
    pub cell_name: &'a str,
    /// Metres to the nearest edge of that cell.
    pub edge_m: Option<f64>,
    /// Codes of all cells within the accuracy.
    pub candidates: Vec<&'a str>,
}

/// Cells of one plan, ready to be asked.
pub struct Locator {
    index: CellIndex,
    /// In the order of the index.
    cells: Vec<Cell>,
}

impl Locator {
    /// The cells of a plan of a network: by name or number, else of the one in force at `at`. Read from the store alone; no world
    /// is needed. O(vertices).
    ///
    /// # Errors
    /// There is no such network or plan, or the store cannot be read.
    pub async fn open(store: &Store, network: &str, plan: Option<&str>, at: UtcMs) -> Result<Self, WallError> {
        let chosen = plan_of(store, network, plan, at).await?;
        Ok(Self::of(store.cells(chosen.plan.id).await?))
    }

    /// The same, of which only those cells are made ready that somebody needs who asks about one place: whose bounds come within
    /// `reach_m` of it. O(vertices) to read, no more.
    ///
    /// # Errors
    /// As [`Locator::open`].
    pub async fn around(
        store: &Store,
        network: &str,
        plan: Option<&str>,
        at: UtcMs,
        (place, reach_m): (Place, f64),
    ) -> Result<Self, WallError> {
        let chosen = plan_of(store, network, plan, at).await?;
        let mut cells = store.cells(chosen.plan.id).await?;
        cells.retain(|cell| may_reach(cell, place, reach_m));
        Ok(Self::of(cells))
    }

    fn of(mut cells: Vec<Cell>) -> Self {
        let index = CellIndex::build(&cells);
        let ranks: std::collections::HashMap<_, _> = index.cells().zip(0usize..).collect();
        cells.sort_by_cached_key(|cell| ranks.get(&cell.id).copied());
        Self { index, cells }
    }

    /// Where a point lies.
    pub fn locate(&self, place: Place, accuracy_m: Option<f64>) -> LocateAnswer<'_> {
        let mut answer = LocateAnswer::default();
        if let Some(rank) = self.index.rank_at(place)
            && let Some(cell) = self.cells.get(rank as usize)
        {
            (answer.cell_code, answer.cell_name) = (&cell.code, &cell.name);
            answer.edge_m = self.index.edge_of_rank_m(place, rank);
        }
        if let Some(radius) = accuracy_m {
            let near = self.index.ranks_within_m(place, radius);
            answer.candidates = near.iter().filter_map(|rank| Some(self.cells.get(*rank as usize)?.code.as_str())).collect();
            answer.candidates.dedup();
        }
        answer
    }
}

/// Whether a cell may come within `reach_m` of a place, as its bounds say: `true` also where it does not, never `false` where it
/// does.
fn may_reach(cell: &Cell, place: Place, reach_m: f64) -> bool {
    // A degree of latitude has at least 110.5 km; towards the poles, and for great distances, every cell may.
    let north = reach_m / 110_000.0 + 1e-6;
    let least = (place.lat.abs() + north).min(90.0).to_radians().cos();
    let east = north / least;
    if least < 0.01 || east > 90.0 {
        return true;
    }
    let unit = GridPoint::PER_DEGREE;
    let points = || cell.geometry.polygons.iter().flat_map(|p| &p.outer);
    let span = |of: fn(&GridPoint) -> i64| {
        let values = || points().map(of);
        (values().min().unwrap_or(0) as f64 / unit, values().max().unwrap_or(0) as f64 / unit)
    };
    let (x, y) = (span(|p| p.x), span(|p| p.y));
    // The same ground seen from the other side of the antimeridian.
    let beside = |turn: f64| place.lon + turn >= x.0 - east && place.lon + turn <= x.1 + east;
    points().next().is_some()
        && place.lat >= y.0 - north
        && place.lat <= y.1 + north
        && [-360.0, 0.0, 360.0].into_iter().any(beside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wall_core::{CellGeometry, CellId, CellKind, GridPolygon, PlanId};

    fn square(n: i64, west: f64, south: f64, side: f64) -> Cell {
        let at = |x: f64, y: f64| GridPoint { x: (x * 1e9) as i64, y: (y * 1e9) as i64 };
        let outer = vec![at(west, south), at(west + side, south), at(west + side, south + side), at(west, south + side)];
        Cell {
            id: CellId(n),
            plan: PlanId(1),
            code: format!("{n:04}"),
            name: format!("cell {n}"),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            feature_index: 0,
            geometry: CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] },
        }
    }

    proptest! {
        /// With the cells around a place alone the answer is that of all cells.
        #[test]
        fn what_is_around_is_enough(
            lon in prop_oneof![-180.0..180.0, Just(180.0), Just(-180.0), 119.9..120.4],
            lat in prop_oneof![-89.0..89.0, 30.9..31.4],
            accuracy in proptest::option::of(prop_oneof![0.0..300.0, 0.0..2_000_000.0]),
        ) {
            let near = (0..9).map(|i| square(i, 120.0 + 0.1 * f64::from((i % 3) as i32), 31.0 + 0.1 * f64::from((i / 3) as i32), 0.1));
            let far = [square(20, 179.9, 31.0, 0.1), square(21, -180.0, 31.0, 0.1), square(22, 10.0, 88.0, 1.0)];
            let cells: Vec<Cell> = near.chain(far).collect();
            let place = Place { lon, lat };
            let mut some = cells.clone();
            some.retain(|cell| may_reach(cell, place, accuracy.unwrap_or(0.0)));
            let (all, some) = (Locator::of(cells), Locator::of(some));
            prop_assert_eq!(all.locate(place, accuracy), some.locate(place, accuracy));
        }
    }
}
