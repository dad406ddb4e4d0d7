//! Buildings and streets: what addresses are found by.

use crate::{
    ChangeKind, Store, StoreError,
    db::{Row, Value, containing, sql},
    rows::{ground, word},
    upserts::Listed,
};
use wall_core::{Absent, BuildingRecord, Place, StreetRecord, distance_m};

impl Listed for BuildingRecord {
    const KIND: ChangeKind = ChangeKind::Building;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("external_id", &self.external_id)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", (&self.name).into()),
            ("lon", self.place.lon.into()),
            ("lat", self.place.lat.into()),
            ("footprint", self.footprint.as_ref().map(ground::encode).into()),
            ("households", self.households.map(i64::from).into()),
            ("population", self.population.map(i64::from).into()),
            ("block", (&self.block).into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl Listed for StreetRecord {
    const KIND: ChangeKind = ChangeKind::Street;

    fn key(&self) -> Vec<(&'static str, &str)> {
        vec![("external_id", &self.external_id)]
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        let lines: Vec<Vec<[f64; 2]>> = self.lines.iter().map(|l| l.iter().map(|p| [p.lon, p.lat]).collect()).collect();
        vec![
            ("name", (&self.name).into()),
            ("class", (&self.class).into()),
            ("lines", serde_json::json!(lines).to_string().into()),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

/// What an address may stand for.
#[derive(Clone, PartialEq, Debug)]
pub struct Addressed {
    /// Its name or number, as imported; not empty.
    pub name: String,
    /// A building: where it is. `None` = a street, which is in no one place.
    pub place: Option<Place>,
    /// How far the corners of a building are from its place at most, in metres; `None` = its footprint is not known.
    pub extent_m: Option<f64>,
}

impl Store {
    /// All that has a name: buildings, then streets. O(vertices).
    pub async fn addressed(&self) -> Result<Vec<Addressed>, StoreError> {
        let mut all = Vec::new();
        let buildings = sql("SELECT id, name, lon, lat, footprint FROM building WHERE name <> '' ORDER BY id");
        for r in self.inner.read.rows(buildings).await? {
            let place = Place { lon: r.get("lon")?, lat: r.get("lat")? };
            let footprint: Option<Vec<u8>> = r.get("footprint")?;
            let extent_m = match footprint {
                Some(bytes) => {
                    let footprint = word(ground::decode(&bytes), "building", r.get("id")?, "footprint")?;
                    let corners = footprint.polygons.iter().flat_map(|p| &p.outer).map(|c| distance_m(place, c.place()));
                    Some(corners.fold(0.0, f64::max))
                }
                None => None,
            };
            all.push(Addressed { name: r.get("name")?, place: Some(place), extent_m });
        }
        for r in self.inner.read.rows(sql("SELECT name FROM street WHERE name <> '' ORDER BY id")).await? {
            all.push(Addressed { name: r.get("name")?, place: None, extent_m: None });
        }
        Ok(all)
    }

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
