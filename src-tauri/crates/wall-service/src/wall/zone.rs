//! The zone of days belongs to the store. Until it has one the wall says so, and proposes the one of its cells.

use super::{Keeper, Wall, WallError, files::plan_of};
use wall_core::{CellGeometry, CellRecord, Place, UtcMs, Whole, in_china};
use wall_store::{Actor, Store};

/// The zone that goes with where cells lie, where that leaves no doubt; `None` = somebody has to say.
pub(crate) fn of_bounds([west, south, east, north]: [f64; 4]) -> Option<&'static str> {
    let corners = [(west, south), (east, south), (east, north), (west, north), ((west + east) / 2.0, (south + north) / 2.0)];
    corners.iter().all(|(lon, lat)| in_china(Place { lon: *lon, lat: *lat })).then_some("Asia/Shanghai")
}

/// The same for cells that are being imported.
pub(crate) fn of_cells(records: &[CellRecord]) -> Option<&'static str> {
    of_geometries(records.iter().map(|r| &r.geometry))
}

fn of_geometries<'a>(all: impl Iterator<Item = &'a CellGeometry> + Clone) -> Option<&'static str> {
    let points = || all.clone().flat_map(|g| &g.polygons).flat_map(|p| &p.outer).map(|p| p.place());
    let first = points().next()?;
    let bounds = points().fold([first.lon, first.lat, first.lon, first.lat], |[w, s, e, n], p| {
        [w.min(p.lon), s.min(p.lat), e.max(p.lon), n.max(p.lat)]
    });
    of_bounds(bounds)
}

/// Whether there is such a zone.
///
/// # Errors
/// Words that name it.
pub(crate) fn named(zone: &str) -> Result<jiff::tz::TimeZone, WallError> {
    jiff::tz::TimeZone::get(zone)
        .map_err(|_| WallError::Invalid(format!("there is no time zone \"{zone}\"; use an IANA name such as Asia/Shanghai")))
}

/// The zone in use over a store, and whether it is the store's own or was `asked` for; if not, it is this machine's.
pub(super) async fn in_use(store: &Store, asked: Option<String>) -> Result<(String, bool), WallError> {
    let own = match asked {
        Some(zone) => Some(zone),
        None => store.setting("zone").await?,
    };
    let is_own = own.is_some();
    Ok((own.unwrap_or_else(|| jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()), is_own))
}

impl Wall {
    /// The zone in use, whether it is the store's own or was asked for, and what is proposed where it is neither.
    pub async fn zone_standing(&self) -> Result<(String, bool, Option<String>), WallError> {
        let (zone, own) = (self.inner.zone_name.clone(), self.inner.zone_own);
        if own {
            return Ok((zone, true, None));
        }
        let bounds = self.world().ground.bounds;
        let stored = self.store().setting("zone").await?;
        let proposed = stored.or_else(|| bounds.and_then(of_bounds).map(str::to_owned)).filter(|p| *p != zone);
        Ok((zone, false, proposed))
    }
}

impl Keeper {
    /// As [`Wall::zone_standing`], of a store without a wall: `network` is that whose cells in force at `now` propose one. O(vertices)
    /// where the store has no zone.
    ///
    /// # Errors
    /// There is no zone of the name that was asked for, or the store cannot be read.
    pub async fn zone_standing(
        &self,
        asked: Option<String>,
        network: &str,
        now: UtcMs,
    ) -> Result<(String, bool, Option<String>), WallError> {
        let (zone, own) = in_use(self.store(), asked).await?;
        named(&zone)?;
        if own {
            return Ok((zone, true, None));
        }
        let cells = match plan_of(self.store(), network, None, now).await {
            Ok(plan) => self.store().cells(plan.plan.id).await?,
            // Nothing is in force: nothing is proposed.
            Err(WallError::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let proposed = of_geometries(cells.iter().map(|c| &c.geometry)).filter(|p| *p != zone).map(str::to_owned);
        Ok((zone, false, proposed))
    }

    /// Gives the store its zone. Walls that run keep theirs until they start again.
    ///
    /// # Errors
    /// The actor may not, or there is no such zone.
    pub async fn set_zone(&self, actor: &Actor, zone: &str) -> Result<(), WallError> {
        let mut tx = self.write(actor, Whole::SetZone).await?;
        named(zone)?;
        tx.set_setting("zone", zone).await?;
        tx.commit("setting.zone", &serde_json::json!({ "zone": zone })).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_there_is_no_doubt() {
        assert_eq!(of_bounds([120.1, 30.2, 120.2, 30.3]), Some("Asia/Shanghai"));
        assert_eq!(of_bounds([-71.2, 42.2, -71.0, 42.4]), None);
        assert_eq!(of_bounds([113.8, 22.4, 144.0, 22.8]), None, "half of it elsewhere");
        assert!(named("Mars/Olympus").is_err());
    }
}
