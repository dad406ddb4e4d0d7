//! The ground at one time: the plan in force, its cells and larger areas, and who answers for them.

use crate::threads::in_parts;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;
use wall_core::{
    Cell, CellGeometry, CellId, CellIndex, CellKind, Level, Network, OwnerRole, Ownership, Party, PartyId, PartyKind, Place,
    Plan, TicketId, UtcMs, area_km2, colour_owners, label_point, outline,
};
use wall_store::{ChangeKind, Store, StoreError};

/// An area of any level: a cell, or cells taken together.
pub(crate) struct Area {
    pub level: Level,
    /// Indices of its cells.
    pub members: Vec<u32>,
    pub facts: AreaFacts,
}

/// What is known of an area besides its ground and its counts.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct AreaFacts {
    /// Identity of a cell in digits, code of a community or street: one of its level.
    pub key: String,
    pub code: String,
    /// Empty = it has none but its code.
    pub name: String,
    /// Of cells.
    pub kind: Option<CellKind>,
    /// Code of the community of a cell, of the street of a community, of the district of a street; empty = unknown.
    pub parent_code: String,
    /// Empty = unknown.
    pub parent_name: String,
    /// `None` = unknown, of a larger area already where one of its cells is.
    pub households: Option<u32>,
    /// Name of the party that counts first; empty = nobody answers, and of every larger area.
    pub owner: String,
    /// Below [`wall_core::OWNER_COLOURS`]; `None` = nobody answers.
    pub owner_colour: Option<u8>,
    /// Geodesic, km².
    pub area_km2: f64,
    /// Well inside, for the label.
    pub label: Place,
}

/// Who answers for a cell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Owner {
    pub party: PartyId,
    pub role: OwnerRole,
}

/// Everything that changes only with plans and owners. Built once, then read.
pub(crate) struct Ground {
    pub network: Option<Network>,
    pub plan: Option<Plan>,
    pub cells: Vec<Cell>,
    pub by_id: HashMap<CellId, u32>,
    pub by_code: HashMap<String, u32>,
    pub index: CellIndex,
    /// Cells in their own order, then communities, then streets.
    pub areas: Vec<Area>,
    pub by_key: HashMap<(Level, String), u32>,
    /// For each cell, the indices of the larger areas it is in.
    pub parents: Vec<Vec<u32>>,
    /// Owners of each cell, the one that counts for the colour first.
    pub owners: Vec<Vec<Owner>>,
    pub parties: HashMap<PartyId, Party>,
    /// Of a ground of the past whose plan let tickets in hand stay: the cell that each ticket had under it.
    pub kept: HashMap<TicketId, u32>,
    /// Whether tickets in hand stayed with the code of their cell when the plan took effect.
    pub stays: bool,
    /// West, south, east, north of all cells.
    pub bounds: Option<[f64; 4]>,
    /// When plan or owners changed last by themselves; `None` = never before.
    pub valid_from: Option<UtcMs>,
    /// The next time at which they do; `None` = never again.
    pub valid_until: Option<UtcMs>,
    /// The areas of each level as text, once somebody asked.
    texts: [OnceLock<Bytes>; Level::ALL.len()],
}

/// Size and place of the name of each cell, on all processors. O(vertices).
fn measured(cells: &[Cell]) -> Vec<(f64, Place)> {
    let measure = |c: &Cell| (area_km2(&c.geometry), label_point(&c.geometry));
    in_parts(cells.len(), 256, |part| cells[part].iter().map(measure).collect::<Vec<_>>()).concat()
}

impl Ground {
    /// No cells at all.
    pub fn empty() -> Self {
        Self::build(None, None, vec![], &[], &[], &[], UtcMs(0))
    }

    /// The ground of `network_key` at `at`. O(cells log cells).
    pub async fn load(store: &Store, network_key: &str, at: UtcMs) -> Result<Self, StoreError> {
        let network = store.networks().await?.into_iter().find(|n| n.key == network_key);
        let Some(network) = network else { return Ok(Self::empty()) };
        let plans: Vec<Plan> = store.plans(network.id).await?.into_iter().map(|p| p.plan).collect();
        let plan = Plan::of_time(&plans, |p| p, at).cloned();
        let cells = match &plan {
            Some(p) => store.cells(p.id).await?,
            None => vec![],
        };
        let ownerships = store.ownerships(network.id).await?;
        let of_plans = plans.iter().flat_map(|p| [p.effective_from, p.effective_to]).flatten();
        let of_owners = ownerships.iter().flat_map(|o| [Some(o.valid_from), o.valid_to]).flatten();
        let (before, after): (Vec<UtcMs>, Vec<UtcMs>) = of_plans.chain(of_owners).partition(|t| *t <= at);
        let (parties, divisions) = (store.parties().await?, store.divisions().await?);
        let stays = match &plan {
            Some(p) => store.plan_record(p.id).await?.is_some_and(|r| r.tickets_stay),
            None => false,
        };
        let built = Self::build(Some(network), plan, cells, &ownerships, &parties, &divisions, at);
        Ok(Self { stays, valid_from: before.into_iter().max(), valid_until: after.into_iter().min(), ..built })
    }

    fn build(
        network: Option<Network>,
        plan: Option<Plan>,
        cells: Vec<Cell>,
        ownerships: &[Ownership],
        parties: &[Party],
        divisions: &[(String, String, String)],
        at: UtcMs,
    ) -> Self {
        let index = CellIndex::build(&cells);
        let parties: HashMap<PartyId, Party> = parties.iter().map(|p| (p.id, p.clone())).collect();
        let names: HashMap<&str, &str> = divisions.iter().map(|(c, _, n)| (c.as_str(), n.as_str())).collect();
        let name_of = |code: &str| names.get(code).map_or_else(String::new, |n| (*n).to_owned());
        let mut owners_by_code: HashMap<&str, Vec<Owner>> = HashMap::new();
        for o in ownerships.iter().filter(|o| o.valid_from <= at && o.valid_to.is_none_or(|e| at < e)) {
            owners_by_code.entry(&o.cell_code).or_default().push(Owner { party: o.party, role: o.role });
        }
        for list in owners_by_code.values_mut() {
            list.sort_by_key(|o| (o.role, o.party));
            list.dedup_by_key(|o| (o.role, o.party));
        }
        let owners: Vec<Vec<Owner>> =
            cells.iter().map(|c| owners_by_code.get(c.code.as_str()).cloned().unwrap_or_default()).collect();
        let colours = owner_colours(&index, &cells, &owners);
        let measures = measured(&cells);
        let mut areas: Vec<Area> = Vec::with_capacity(cells.len() + 16);
        let (mut communities, mut streets): (BTreeMap<String, Vec<u32>>, BTreeMap<String, Vec<u32>>) = Default::default();
        for (i, cell) in cells.iter().enumerate() {
            let (area_km2, label) = measures[i];
            let owner = owners[i].first().and_then(|o| parties.get(&o.party)).map_or_else(String::new, |p| p.name.clone());
            if !cell.community_code.is_empty() {
                communities.entry(cell.community_code.clone()).or_default().push(i as u32);
            }
            if let Some(street) = street_code(&cell.community_code) {
                streets.entry(street).or_default().push(i as u32);
            }
            areas.push(Area {
                level: Level::Cell,
                members: vec![i as u32],
                facts: AreaFacts {
                    key: cell.id.0.to_string(),
                    code: cell.code.clone(),
                    name: cell.name.clone(),
                    kind: Some(cell.kind),
                    parent_code: cell.community_code.clone(),
                    parent_name: name_of(&cell.community_code),
                    households: cell.households,
                    owner,
                    owner_colour: colours[i],
                    area_km2,
                    label,
                },
            });
        }
        let mut parents = vec![Vec::new(); cells.len()];
        for (level, groups) in [(Level::Community, communities), (Level::Street, streets)] {
            for (code, members) in groups {
                for m in &members {
                    parents[*m as usize].push(areas.len() as u32);
                }
                areas.push(larger_area(level, code, members, &cells, &areas, &name_of));
            }
        }
        let by_key = areas.iter().enumerate().map(|(i, a)| ((a.level, a.facts.key.clone()), i as u32)).collect();
        Self {
            by_id: cells.iter().enumerate().map(|(i, c)| (c.id, i as u32)).collect(),
            by_code: cells.iter().enumerate().rev().map(|(i, c)| (c.code.clone(), i as u32)).collect(),
            bounds: index.bounds(),
            network,
            plan,
            index,
            kept: HashMap::new(),
            stays: false,
            areas,
            by_key,
            parents,
            owners,
            parties,
            valid_from: None,
            valid_until: None,
            texts: Default::default(),
            cells,
        }
    }

    /// Whether a ground is made of what a line of the change log is about.
    pub fn is_made_of(kind: ChangeKind) -> bool {
        matches!(kind, ChangeKind::Plan | ChangeKind::Owners | ChangeKind::Division)
    }

    /// Whether this is the ground of another time too: neither plan nor owners change between the two.
    pub fn holds_at(&self, at: UtcMs) -> bool {
        self.network.is_some() && self.valid_from.is_none_or(|from| from <= at) && self.valid_until.is_none_or(|until| at < until)
    }

    /// Index of the cell a place belongs to.
    pub fn cell_at(&self, place: Place) -> Option<u32> {
        self.index.cell_at(place).and_then(|id| self.by_id.get(&id).copied())
    }

    /// Code of the community in whose cell a place lies; empty = in none.
    pub fn division_at(&self, place: Place) -> &str {
        self.cell_at(place).map_or("", |c| &self.cells[c as usize].community_code)
    }

    /// Index of the cell that a ticket had under this plan, or by its place.
    pub fn cell_of(&self, ticket: TicketId, place: Place) -> Option<u32> {
        self.kept.get(&ticket).copied().or_else(|| self.cell_at(place))
    }

    /// What is known of a cell.
    pub fn cell_area(&self, cell: u32) -> &AreaFacts {
        &self.areas[cell as usize].facts
    }

    /// An area by level and key.
    pub fn area(&self, level: Level, key: &str) -> Option<&Area> {
        self.by_key.get(&(level, key.to_owned())).map(|i| &self.areas[*i as usize])
    }

    /// Whether an owner is a unit rather than a person.
    pub fn is_unit(&self, party: PartyId) -> bool {
        self.parties.get(&party).is_some_and(|p| p.kind == PartyKind::Unit)
    }

    /// The areas of a level.
    pub fn areas_of(&self, level: Level) -> impl Iterator<Item = &Area> {
        self.areas.iter().filter(move |a| a.level == level)
    }

    /// The areas of a level as text, made once.
    pub fn text_of(&self, level: Level, make: impl FnOnce(&mut dyn Iterator<Item = &Area>) -> Bytes) -> Bytes {
        let made = || make(&mut self.areas_of(level));
        self.texts[level as usize].get_or_init(made).clone()
    }

    /// Ground of an area: the cell's own, or its cells joined. Where they cannot be joined, they stand beside each other: an
    /// area never vanishes from the wall.
    pub fn outline(&self, area: &Area) -> CellGeometry {
        let [one] = area.members.as_slice() else {
            let (geometry, fault) = outline(area.members.iter().map(|m| &self.cells[*m as usize].geometry));
            if let Some(fault) = fault {
                let (code, place) = (&area.facts.code, fault.place);
                tracing::warn!(%code, lon = place.lon, lat = place.lat, "the cells of an area cannot be joined: {fault}");
            }
            return geometry;
        };
        self.cells[*one as usize].geometry.clone()
    }
}

fn larger_area(
    level: Level,
    code: String,
    members: Vec<u32>,
    cells: &[Cell],
    areas: &[Area],
    name_of: &dyn Fn(&str) -> String,
) -> Area {
    let parts: Vec<&AreaFacts> = members.iter().map(|m| &areas[*m as usize].facts).collect();
    let area_km2: f64 = parts.iter().map(|p| p.area_km2).sum();
    let households = parts.iter().map(|p| p.households).collect::<Option<Vec<u32>>>().map(|h| h.iter().sum());
    // The label goes to the member nearest to the middle of all.
    let weight = area_km2.max(f64::MIN_POSITIVE);
    let middle =
        parts.iter().fold((0.0, 0.0), |(x, y), p| (x + p.label.lon * p.area_km2 / weight, y + p.label.lat * p.area_km2 / weight));
    let near = |p: &&&AreaFacts| ((p.label.lon - middle.0).powi(2) + (p.label.lat - middle.1).powi(2)) * 1e12;
    let label = parts.iter().min_by_key(|p| near(p) as u64).map_or(Place { lon: middle.0, lat: middle.1 }, |p| p.label);
    let parent =
        if level == Level::Community { street_code(&code).unwrap_or_default() } else { code.get(..6).unwrap_or("").into() };
    debug_assert!(members.iter().all(|m| (*m as usize) < cells.len()));
    Area {
        level,
        facts: AreaFacts {
            key: code.clone(),
            name: name_of(&code),
            kind: None,
            parent_name: name_of(&parent),
            parent_code: parent,
            households,
            owner: String::new(),
            owner_colour: None,
            area_km2,
            label,
            code,
        },
        members,
    }
}

/// The street of a 12-digit community code: its first nine digits and three zeros.
fn street_code(community: &str) -> Option<String> {
    (community.len() == 12 && community.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{}000", &community[..9]))
}

/// Colour of the owner that counts for each cell; `None` = nobody.
fn owner_colours(index: &CellIndex, cells: &[Cell], owners: &[Vec<Owner>]) -> Vec<Option<u8>> {
    let first: HashMap<CellId, PartyId> =
        cells.iter().zip(owners).filter_map(|(c, list)| Some((c.id, list.first()?.party))).collect();
    // From the identities alone, so that every process on this store shows the same colours.
    let colours = colour_owners(index, |cell| first.get(&cell).copied(), &BTreeMap::new());
    let colour = |c: &Cell| first.get(&c.id).and_then(|p| colours.get(p)).copied();
    cells.iter().map(colour).collect()
}

/// A GeoJSON MultiPolygon with the digits that bring the grid back, written without a tree of values in between: a street has
/// hundreds of thousands of vertices.
pub(crate) struct GeometryJson<'a>(pub &'a CellGeometry);

/// The rings of a polygon, closed.
struct RingsJson<'a>(&'a wall_core::GridPolygon);

impl serde::Serialize for GeometryJson<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let polygons: Vec<RingsJson<'_>> = self.0.polygons.iter().map(RingsJson).collect();
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("type", "MultiPolygon")?;
        map.serialize_entry("coordinates", &polygons)?;
        map.end()
    }
}

impl serde::Serialize for RingsJson<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let ring = |r: &wall_core::GridRing| -> Vec<[f64; 2]> {
            r.iter().chain(r.first()).map(|p| p.place()).map(|p| [p.lon, p.lat]).collect()
        };
        to.collect_seq(self.0.rings().map(ring))
    }
}

/// The same as a value.
pub(crate) fn geometry_json(geometry: &CellGeometry) -> serde_json::Value {
    serde_json::json!(GeometryJson(geometry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::NetworkId;

    #[test]
    fn a_ground_holds_between_two_changes_and_an_empty_one_never() {
        let network = Network { id: NetworkId(1), key: "general".into(), name: String::new() };
        let between =
            |from, until| Ground { network: Some(network.clone()), valid_from: from, valid_until: until, ..Ground::empty() };
        let (ten, twenty) = (Some(UtcMs(10)), Some(UtcMs(20)));
        for (ground, holds) in [
            (between(ten, twenty), [false, true, true, false]),
            (between(None, twenty), [true, true, true, false]),
            (between(ten, None), [false, true, true, true]),
            // Before there is a network every time is asked of the store: one may come, with a past.
            (Ground::empty(), [false; 4]),
        ] {
            assert_eq!([9, 10, 19, 20].map(|t| ground.holds_at(UtcMs(t))), holds);
        }
    }
}
