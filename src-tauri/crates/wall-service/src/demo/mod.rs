//! The demonstration district: made by a seeded generator, emitted as the import files users have.
//!
//! 澄湾街道 in 青屿区, 云汀市 is invented: the codes (990101…), the names and the people exist nowhere. Everything
//! depends on the seed alone, and tickets on the seed and the hour: the same seed gives the same bytes on every
//! platform, because the plan is drawn with exactly rounded arithmetic only and everything is sorted. There is no
//! clock in here; callers pass the wall's now.

mod accounts;
mod basemap;
mod beats;
mod dice;
mod fabric;
mod feed;
mod files;
mod graph;
mod incidents;
mod layout;
mod names;
mod people;
mod plane;
mod skeleton;
mod spots;
mod stories;
mod tiles;

pub use accounts::DEMO_ACCOUNTS;
pub use feed::{DemoEvent, LiveCity};
pub use files::{DistrictFiles, write_district};

#[cfg(test)]
mod tests;

use fabric::{Building, Eye, KeySite};
use layout::{COMMUNITIES, Class, Layout};
use stories::{HOUR_MS, Teller};
use wall_core::{
    BuildingRecord, Camera, CameraState, CategoryRecord, CellGeometry, CellRecord, DeadlineKind, GridPolygon, OwnerRecord,
    Severity, SiteRecord, StaffRecord, StreetRecord, TicketRecord, UtcMs,
};

/// The seed of the district that `gridwall run --demo` shows.
pub const DEFAULT_SEED: u64 = 20_260_701;
/// Name of the street (街道) on screen.
pub const STREET_NAME: &str = "澄湾街道";
/// Name of the district (区县) on screen.
pub const DISTRICT_NAME: &str = "云汀市青屿区";
/// 9-digit code of the street: 6 district + 3 street. No real division begins with 99.
pub const STREET_CODE: &str = "990101001";
/// Zone whose hours the city lives by.
pub const ZONE: &str = "Asia/Shanghai";
/// Days of past tickets.
const PAST_DAYS: i64 = 7;

/// A generated district. All lists are sorted by code or identity.
#[derive(Clone, Debug)]
pub struct District {
    /// The seed it was made from.
    pub seed: u64,
    /// Grid cells, sorted by code; neighbours share their vertices exactly.
    pub cells: Vec<CellRecord>,
    /// Police beats, another network over the same ground.
    pub beats: Vec<CellRecord>,
    /// Who answers for the cells; a few cells have nobody.
    pub owners: Vec<OwnerRecord>,
    /// Field staff with shifts.
    pub staff: Vec<StaffRecord>,
    /// Cameras.
    pub cameras: Vec<Camera>,
    /// Key sites.
    pub sites: Vec<SiteRecord>,
    /// Buildings of the district with households.
    pub buildings: Vec<BuildingRecord>,
    /// Streets of the district.
    pub streets: Vec<StreetRecord>,
    /// Kinds of tickets.
    pub categories: Vec<CategoryRecord>,
    layout: Layout,
    fabric: Vec<Building>,
    key_sites: Vec<KeySite>,
    /// Index into `layout.cells` of each of `cells`.
    drawn: Vec<usize>,
    teller: Teller,
}

impl District {
    /// Makes the district of a seed. Takes about a second without optimisation.
    pub fn generate(seed: u64) -> Self {
        let layout = Layout::draw(seed);
        let fabric = fabric::buildings(&layout, seed);
        let key_sites = fabric::sites(&layout);
        let eyes = fabric::cameras(&layout, &key_sites, seed);
        let (cells, drawn) = cells(&layout);
        let posts: Vec<people::Post<'_>> = cells
            .iter()
            .zip(&drawn)
            .map(|(c, &d)| people::Post {
                code: &c.code,
                community: layout.cells[d].community,
                kind: c.kind,
                theme: layout.cells[d].theme,
                name: &layout.cells[d].name,
            })
            .collect();
        let (owners, staff) = people::roster(&posts, seed);
        let hands = COMMUNITIES
            .iter()
            .map(|c| staff.iter().filter(|s| s.unit == *c).map(|s| format!("{} {}", s.role, s.name)).collect())
            .collect();
        let spots = spots::Spots::new(&layout, &fabric, &key_sites);
        let codes = (1..=COMMUNITIES.len()).map(community_code).collect();
        let teller = Teller::new(seed, spots, hands, codes);
        Self {
            seed,
            beats: beats::beats(&cells),
            owners,
            staff,
            cameras: camera_records(&eyes),
            sites: site_records(&key_sites),
            buildings: building_records(&layout, &fabric),
            streets: street_records(&layout),
            categories: category_records(),
            cells,
            layout,
            fabric,
            key_sites,
            drawn,
            teller,
        }
    }

    /// The tickets of the week before `now` as they stand at `now`, in order of report. For one seed the same
    /// ticket is told the same way at any `now`, only further along.
    pub fn tickets(&self, now: UtcMs) -> Vec<TicketRecord> {
        let hour = now.0.div_euclid(HOUR_MS);
        let from = now.plus_ms(-PAST_DAYS * 24 * HOUR_MS);
        (hour - PAST_DAYS * 24..=hour)
            .flat_map(|h| self.teller.hour(h))
            .filter(|s| s.reported_at > from && s.reported_at <= now)
            .map(|s| s.as_of(now))
            .collect()
    }
}

/// 12-digit code of the n-th community (from 1).
fn community_code(n: usize) -> String {
    format!("{STREET_CODE}{n:03}")
}

/// Cells numbered north→south in bands, west→east in each, per community.
fn cells(layout: &Layout) -> (Vec<CellRecord>, Vec<usize>) {
    let mut order: Vec<(usize, i64, i64, usize)> = layout
        .cells
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let p = plane::centroid(&layout.graph.points(&c.ring));
            (c.community, -(p.y / 320.0).round() as i64, (p.x * 1000.0) as i64, i)
        })
        .collect();
    order.sort_unstable();
    let mut next = [0usize; COMMUNITIES.len()];
    let mut cells = Vec::with_capacity(order.len());
    for (feature_index, &(community, _, _, i)) in order.iter().enumerate() {
        next[community] += 1;
        let plan = &layout.cells[i];
        cells.push(CellRecord {
            code: format!("{}{:03}", community_code(community + 1), next[community]),
            name: format!("{}网格", plan.name),
            kind: plan.kind,
            community_code: community_code(community + 1),
            community_name: COMMUNITIES[community].to_owned(),
            households: Some(plan.households),
            owner: None,
            feature_index: feature_index as u32,
            geometry: CellGeometry {
                polygons: vec![GridPolygon {
                    outer: layout.graph.points(&plan.ring).into_iter().map(plane::Pt::grid).collect(),
                    holes: Vec::new(),
                }],
            },
        });
    }
    (cells, order.into_iter().map(|o| o.3).collect())
}

fn camera_records(eyes: &[Eye]) -> Vec<Camera> {
    eyes.iter()
        .enumerate()
        .map(|(i, e)| Camera {
            // GB/T 28181: 8 centre + 2 industry + 3 type (131 camera, 132 IPC) + 1 network + 6 serial.
            external_id: format!("9901010100{}0{:06}", if e.dome { "131" } else { "132" }, i + 1),
            name: format!("{}{}", e.name, if e.dome { "球机" } else { "枪机" }),
            place: e.at.place(),
            kind: if e.dome { "dome" } else { "bullet" }.to_owned(),
            heading_deg: Some(f64::from(e.heading_deg)),
            fov_deg: Some(f64::from(e.fov_deg)),
            range_m: Some(f64::from(e.range_m)),
            stream_url: String::new(),
            snapshot_url: String::new(),
            state: if e.online { CameraState::Online } else { CameraState::Offline },
            absent: wall_core::Absent::default(),
        })
        .collect()
}

fn site_records(sites: &[KeySite]) -> Vec<SiteRecord> {
    sites
        .iter()
        .enumerate()
        .map(|(i, s)| SiteRecord {
            external_id: format!("S{:03}", i + 1),
            name: s.name.clone(),
            kind: s.kind.to_owned(),
            place: s.at.place(),
            contact: String::new(),
            phone: String::new(),
            hours: s.hours.to_owned(),
            hazards: s.hazards.to_owned(),
            absent: wall_core::Absent::default(),
        })
        .collect()
}

fn building_records(layout: &Layout, fabric: &[Building]) -> Vec<BuildingRecord> {
    fabric
        .iter()
        .filter(|b| b.cell.is_some())
        .enumerate()
        .map(|(i, b)| {
            let block = &layout.blocks[b.block];
            BuildingRecord {
                external_id: format!("B{:05}", i + 1),
                name: format!("{}{}", block.name, b.name),
                place: plane::centroid(&b.ring).place(),
                footprint: Some(CellGeometry {
                    polygons: vec![GridPolygon { outer: b.ring.iter().map(|p| p.grid()).collect(), holes: Vec::new() }],
                }),
                households: Some(b.households),
                population: Some(b.population),
                block: block.name.clone(),
                absent: wall_core::Absent::default(),
            }
        })
        .collect()
}

fn street_records(layout: &Layout) -> Vec<StreetRecord> {
    let rings: Vec<Vec<plane::Pt>> = layout.cells.iter().map(|c| layout.graph.points(&c.ring)).collect();
    let home = |line: &[plane::Pt]| {
        let (p, _) = plane::along(line, plane::length(line) / 2.0);
        let touches = |q: plane::Pt| rings.iter().any(|r| plane::inside(r, q) || plane::ring_distance(r, q) < 1.0);
        touches(p) || line.iter().any(|q| touches(*q))
    };
    let mut named: std::collections::BTreeMap<(Class, &str), Vec<Vec<wall_core::Place>>> = std::collections::BTreeMap::new();
    for s in layout.streets.iter().filter(|s| home(&s.line)) {
        named.entry((s.class, s.name.as_str())).or_default().push(s.line.iter().map(|p| p.place()).collect());
    }
    named
        .into_iter()
        .enumerate()
        .map(|(i, ((class, name), lines))| StreetRecord {
            external_id: format!("R{:04}", i + 1),
            name: name.to_owned(),
            class: class.code().to_owned(),
            lines,
            absent: wall_core::Absent::default(),
        })
        .collect()
}

fn category_records() -> Vec<CategoryRecord> {
    let mut all: Vec<CategoryRecord> = incidents::KINDS
        .iter()
        .map(|k| CategoryRecord {
            kind: k.table.to_owned(),
            code: k.code.to_owned(),
            name: k.name.to_owned(),
            platform: Some(k.platform),
            default_severity: Severity::new(k.severity),
            deadline_s: Some(i64::from(k.deadline_h) * 3600),
            deadline_kind: DeadlineKind::Calendar,
            standard: "演示".to_owned(),
            edition: "1".to_owned(),
            valid_from: None,
            valid_to: None,
            sensitive: k.sensitive,
            absent: wall_core::Absent::default(),
        })
        .collect();
    all.sort_by(|a, b| (&a.kind, &a.code).cmp(&(&b.kind, &b.code)));
    all
}
