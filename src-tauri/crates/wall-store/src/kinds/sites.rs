//! Key sites. Contacts and phones are sealed.

use crate::{
    ChangeKind, Store, StoreError,
    db::{Row, Value, sql},
    upserts::Listed,
};
use wall_core::{Absent, Place, Site, SiteId, SiteRecord};

impl Listed for SiteRecord {
    const KIND: ChangeKind = ChangeKind::Site;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("external_id", &self.external_id)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", (&self.name).into()),
            ("kind", (&self.kind).into()),
            ("lon", self.place.lon.into()),
            ("lat", self.place.lat.into()),
            ("hours", (&self.hours).into()),
            ("hazards", (&self.hazards).into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }

    fn sealed(&self) -> Vec<(&'static str, &str)> {
        vec![("contact", &self.contact), ("phone", &self.phone)]
    }
}

impl Store {
    /// All key sites.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        let sites = sql("SELECT id, external_id, name, kind, lon, lat, hours, hazards FROM site ORDER BY id");
        let site = |r: &Row| {
            Ok(Site {
                id: SiteId(r.get("id")?),
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                kind: r.get("kind")?,
                place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
                hours: r.get("hours")?,
                hazards: r.get("hazards")?,
            })
        };
        self.inner.read.rows(sites).await?.iter().map(site).collect()
    }
}
