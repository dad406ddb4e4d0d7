//! Buildings and streets: what addresses are found by.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, containing, sql},
    rows::{ground, word},
    upserts::Keyed,
};
use wall_core::{Absent, BuildingRecord, Place, StreetRecord};

impl Keyed<1, 7> for BuildingRecord {
    const KIND: ChangeKind = ChangeKind::Building;
    const KEY: [&'static str; 1] = ["external_id"];
    const COLUMNS: [&'static str; 7] = ["name", "lon", "lat", "footprint", "households", "population", "block"];

    fn key(&self) -> [&str; 1] {
        [&self.external_id]
    }

    fn values(&self) -> [Value; 7] {
        [
            (&self.name).into(),
            self.place.lon.into(),
            self.place.lat.into(),
            self.footprint.as_ref().map(ground::encode).into(),
            self.households.map(i64::from).into(),
            self.population.map(i64::from).into(),
            (&self.block).into(),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl Keyed<1, 3> for StreetRecord {
    const KIND: ChangeKind = ChangeKind::Street;
    const KEY: [&'static str; 1] = ["external_id"];
    const COLUMNS: [&'static str; 3] = ["name", "class", "lines"];

    fn key(&self) -> [&str; 1] {
        [&self.external_id]
    }

    fn values(&self) -> [Value; 3] {
        let lines: Vec<Vec<[f64; 2]>> = self.lines.iter().map(|l| l.iter().map(|p| [p.lon, p.lat]).collect()).collect();
        [(&self.name).into(), (&self.class).into(), serde_json::json!(lines).to_string().into()]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl WriteTx {
    /// Writes buildings.
    pub async fn put_buildings(&mut self, records: &[BuildingRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
    }

    /// Writes streets.
    pub async fn put_streets(&mut self, records: &[StreetRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
    }
}

impl Store {
    /// Buildings, then streets, whose name or number contains `text`, letters of ASCII in either case: `(name, place)`. A
    /// street is where its first line begins.
    pub async fn find_addresses(&self, text: &str, limit: u32) -> Result<Vec<(String, Place)>, StoreError> {
        let (inside, limit) = (containing(text), i64::from(limit));
        let buildings = sql("SELECT name, lon, lat FROM building WHERE lower(name) LIKE $1 ESCAPE '\\' ORDER BY id LIMIT $2");
        let mut found = Vec::new();
        for r in self.inner.read.rows(buildings.bind(&inside).bind(limit)).await? {
            found.push((r.get("name")?, Place { lon: r.get("lon")?, lat: r.get("lat")? }));
        }
        let streets = sql("SELECT id, name, lines FROM street WHERE lower(name) LIKE $1 ESCAPE '\\' ORDER BY id LIMIT $2");
        for r in self.inner.read.rows(streets.bind(&inside).bind(limit - found.len() as i64)).await? {
            let begins = lines_of(&r)?.into_iter().flatten().next();
            found.push((r.get("name")?, word(begins, "street", r.get("id")?, "lines")?));
        }
        Ok(found)
    }

    /// All buildings, without their footprints. O(buildings).
    pub async fn buildings(&self) -> Result<Vec<BuildingRecord>, StoreError> {
        let buildings = sql("SELECT external_id, name, lon, lat, households, population, block FROM building ORDER BY id");
        let building = |r: &Row| {
            Ok(BuildingRecord {
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                place: Place { lon: r.get("lon")?, lat: r.get("lat")? },
                footprint: None,
                households: r.get("households")?,
                population: r.get("population")?,
                block: r.get("block")?,
                absent: Absent::default(),
            })
        };
        self.inner.read.rows(buildings).await?.iter().map(building).collect()
    }

    /// All streets. O(vertices).
    pub async fn streets(&self) -> Result<Vec<StreetRecord>, StoreError> {
        let streets = sql("SELECT id, external_id, name, class, lines FROM street ORDER BY id");
        let street = |r: &Row| {
            Ok(StreetRecord {
                external_id: r.get("external_id")?,
                name: r.get("name")?,
                class: r.get("class")?,
                lines: lines_of(r)?,
                absent: Absent::default(),
            })
        };
        self.inner.read.rows(streets).await?.iter().map(street).collect()
    }
}

/// The lines of the street in a row.
fn lines_of(r: &Row) -> Result<Vec<Vec<Place>>, StoreError> {
    let lines: Vec<Vec<[f64; 2]>> = word(serde_json::from_str(r.get("lines")?).ok(), "street", r.get("id")?, "lines")?;
    Ok(lines.into_iter().map(|l| l.into_iter().map(|[lon, lat]| Place { lon, lat }).collect()).collect())
}
