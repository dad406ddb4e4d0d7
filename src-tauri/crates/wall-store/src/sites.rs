//! Key sites. Contacts and phones are sealed.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, sql},
    upserts::Keyed,
};
use wall_core::{Absent, Place, Site, SiteId, SiteRecord};

impl Keyed<1, 6> for SiteRecord {
    const KIND: ChangeKind = ChangeKind::Site;
    const KEY: [&'static str; 1] = ["external_id"];
    const COLUMNS: [&'static str; 6] = ["name", "kind", "lon", "lat", "hours", "hazards"];

    fn key(&self) -> [&str; 1] {
        [&self.external_id]
    }

    fn values(&self) -> [Value; 6] {
        [
            (&self.name).into(),
            (&self.kind).into(),
            self.place.lon.into(),
            self.place.lat.into(),
            (&self.hours).into(),
            (&self.hazards).into(),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }

    fn sealed(&self) -> Vec<(&'static str, &str)> {
        vec![("contact", &self.contact), ("phone", &self.phone)]
    }
}

impl WriteTx {
    /// Writes key sites; contacts and phones are sealed.
    pub async fn put_sites(&mut self, records: &[SiteRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
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
