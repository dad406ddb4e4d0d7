//! The zone of days belongs to the store. Until it has one the wall says so, and proposes the one of its cells.

use super::{Wall, WallError};
use wall_core::{CellRecord, Place, Right, Whole, in_china};
use wall_store::Actor;

/// The zone that goes with where cells lie, where that leaves no doubt; `None` = somebody has to say.
pub(crate) fn of_bounds([west, south, east, north]: [f64; 4]) -> Option<&'static str> {
    let corners = [(west, south), (east, south), (east, north), (west, north), ((west + east) / 2.0, (south + north) / 2.0)];
    corners.iter().all(|(lon, lat)| in_china(Place { lon: *lon, lat: *lat })).then_some("Asia/Shanghai")
}

/// The same for cells that are being imported.
pub(crate) fn of_cells(records: &[CellRecord]) -> Option<&'static str> {
    let points = || records.iter().flat_map(|r| &r.geometry.polygons).flat_map(|p| &p.outer).map(|p| p.place());
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

    /// Gives the store its zone. Walls that run keep theirs until they start again.
    pub async fn set_zone(&self, actor: &Actor, zone: &str) -> Result<(), WallError> {
        self.may(actor, Right::SetZone)?;
        named(zone)?;
        let mut tx = self.write(actor, Whole::SetZone).await?;
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
