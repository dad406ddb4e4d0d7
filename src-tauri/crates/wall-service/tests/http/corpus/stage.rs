//! The walls that are asked: always the same data under a clock that stands, before any time at which this may run.

use crate::{Room, plans::admin};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use wall_core::{CellRecord, TicketRecord, UtcMs};
use wall_service::{
    demo::{DEFAULT_SEED, DISTRICT_NAME, District, DistrictFiles, STREET_CODE, STREET_NAME, ZONE},
    import::{CellsOptions, EncodingChoice, Input, Profile, Read, ReadOptions, open_cells, tickets},
    wall::{CellsImport, WallOptions, system_now},
};
use wall_store::Role;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The demonstration's now: a working afternoon of a week that began with holidays.
const DEMO_NOW: &str = "2025-05-08T15:30:00+08:00";
/// Boston's now, near the end of the year of its tickets.
const BOSTON_NOW: &str = "2015-12-31T12:00:00-05:00";
/// Of Boston's rows one in so many.
const SAMPLE: usize = 60;
/// Who asks, besides nobody.
const ASKERS: [(&str, Role); 6] = [
    ("viewer", Role::Viewer),
    ("operator", Role::Operator),
    ("leader", Role::Leader),
    ("planner", Role::Planner),
    ("admin", Role::Admin),
    ("feed", Role::Feed),
];

/// A wall to be asked.
pub(super) struct Stage {
    pub room: Room,
    /// When its making began, by the system's time.
    pub began: UtcMs,
    /// The word of its store.
    pub store: String,
    /// Name and token.
    pub askers: Arc<Vec<(&'static str, Option<String>)>>,
    pub facts: Facts,
}

/// What questions are made of.
#[derive(Default)]
pub(super) struct Facts {
    /// The wall's now.
    pub now: UtcMs,
    /// Other times asked about.
    pub times: Vec<UtcMs>,
    /// West, south, east, north of the cells.
    pub bounds: [f64; 4],
    /// Keys of some cells.
    pub cells: Vec<String>,
    /// Key of a cell at the last but one of the times: another one where the ground was redrawn since.
    pub former_cell: String,
    /// Code of a community and of a street, where there are any.
    pub community: Option<String>,
    pub street: Option<String>,
    /// Ids of some tickets and members of staff.
    pub tickets: Vec<i64>,
    pub staff: Vec<i64>,
    /// A category, and somebody who answers.
    pub category: String,
    pub owner: String,
    /// Where the second page of all open tickets begins, in lists and in `tickets`.
    pub list_cursor: String,
    pub tickets_cursor: String,
    /// Newest revision.
    pub revision: i64,
    /// Plans: one with a history of edits, one in review, the one before that in force, another network's.
    pub draft: i64,
    pub reviewed: i64,
    pub former: i64,
    pub police: i64,
}

fn time(text: &str) -> UtcMs {
    UtcMs::from_rfc3339(text).unwrap()
}

impl Stage {
    async fn open(now: UtcMs, change: impl Fn(&mut WallOptions)) -> Self {
        let began = system_now();
        let folder = tempfile::tempdir().unwrap();
        let options = |o: &mut WallOptions| {
            o.fixed_now = Some(now);
            change(o);
        };
        let room = Room::open(folder, options, |_| {}).await;
        let mut askers = Vec::new();
        for (name, role) in ASKERS {
            askers.push((name, Some(room.token(name, role, true).await)));
        }
        askers.push(("nobody", None));
        let store = room.wall.store().identity();
        Self { room, began, store, askers: Arc::new(askers), facts: Facts { now, ..Facts::default() } }
    }

    /// The same wall after a restart that takes its tickets from the image of the world: every answer is one of a wall that was
    /// started so, over tickets of every odd course.
    async fn restarted(mut self, change: impl Fn(&mut WallOptions)) -> Self {
        let now = self.facts.now;
        let options = |o: &mut WallOptions| {
            o.fixed_now = Some(now);
            change(o);
        };
        self.room.settle().await;
        self.room = self.room.again(options).await;
        let newest = self.room.wall.store().revision().await.unwrap();
        assert_eq!(self.room.metric("gridwall_image_revision").await, newest as f64, "the image was not believed");
        self
    }

    pub fn token(&self, asker: &str) -> &str {
        self.askers.iter().find(|(name, _)| *name == asker).unwrap().1.as_deref().unwrap()
    }

    pub async fn look(&self, path: &str) -> Value {
        let answer = self.room.get(self.token("operator"), &format!("/api/v1/{path}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn cells(&self, name: &str, network: &str, records: &[CellRecord], effective: Option<UtcMs>) -> i64 {
        let import = CellsImport { network, name, records, doubts: &[], publish: true, effective };
        let done = self.room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
        self.room.settle().await;
        done.plan.0
    }

    /// Key of the first of some areas.
    async fn first_of(&self, which: &str) -> Option<String> {
        let areas = self.look(&format!("areas?{which}")).await;
        Some(areas["features"].as_array()?.first()?["properties"]["key"].as_str()?.to_owned())
    }

    /// What every wall has to be asked about.
    async fn find(&mut self) {
        self.room.settle().await;
        let info = self.look("wall").await;
        let areas = self.look("areas?level=cell").await;
        let features: Vec<&Value> = areas["features"].as_array().unwrap().iter().map(|f| &f["properties"]).collect();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let owned = features.iter().find(|f| f["owner"] != "").unwrap_or(&features[0]);
        let open = self.look("ticket-list?set=open&limit=7").await;
        let page = self.look("tickets?status=open&limit=20").await;
        let snapshot = self.look("snapshot").await;
        let ids = |list: &Value| list.as_array().unwrap().iter().map(|t| t["id"].as_i64().unwrap()).collect::<Vec<_>>();
        let (community, street) = (self.first_of("level=community").await, self.first_of("level=street").await);
        let earlier = self.facts.times[3].to_rfc3339();
        let former_cell = self.first_of(&format!("level=cell&as_of={earlier}")).await.unwrap();
        let facts = &mut self.facts;
        (facts.community, facts.street, facts.former_cell) = (community, street, former_cell);
        facts.bounds = serde_json::from_value(info["bounds"].clone()).unwrap();
        facts.cells = [0, features.len() / 3, features.len() - 1].iter().map(|i| word(&features[*i]["key"])).collect();
        facts.owner = word(&owned["owner"]);
        facts.category = word(&open["lines"][0]["ticket"]["category"]);
        facts.list_cursor = word(&open["cursor"]);
        facts.tickets_cursor = word(&page["cursor"]);
        let more = ids(&page["tickets"]).into_iter().filter(|id| !facts.tickets.contains(id)).take(4);
        facts.tickets.extend(more.collect::<Vec<_>>());
        facts.staff = ids(&snapshot["staff"]).into_iter().take(2).collect();
        facts.revision = self.room.wall.store().revision().await.unwrap();
    }

    /// A week of the demonstration district: redrawn in the middle of it, with tickets of every odd course, positions, and
    /// plans in the making.
    pub async fn demo() -> Self {
        let now = time(DEMO_NOW);
        let files = tempfile::tempdir().unwrap();
        let district = District::generate(DEFAULT_SEED);
        district.write(files.path(), now).unwrap();
        let options = |o: &mut WallOptions| {
            o.demo = true;
            o.published = wall_service::demo::DEMO_ACCOUNTS;
            o.title = format!("{STREET_NAME}社会治理综合指挥室");
            o.zone = Some(ZONE.into());
            o.base_map = Some(DistrictFiles::inside(files.path()).base_map);
        };
        let mut stage = Self::open(now, options).await;
        let (wall, actor) = (stage.room.wall.clone(), admin());
        wall.import_things(&actor, &district.categories).await.unwrap();
        wall.name_division(&actor, &format!("{STREET_CODE}000"), "street", STREET_NAME).await.unwrap();
        wall.name_division(&actor, &STREET_CODE[..6], "district", DISTRICT_NAME).await.unwrap();
        stage.facts.former = stage.cells("演示网格方案", "general", &district.cells, None).await;
        stage.facts.police = stage.cells("演示警务区", "police", &district.beats, None).await;
        wall.import_owners(&actor, "general", &district.owners).await.unwrap();
        wall.import_things(&actor, &district.staff).await.unwrap();
        wall.import_things(&actor, &district.cameras).await.unwrap();
        wall.import_things(&actor, &district.sites).await.unwrap();
        wall.import_things(&actor, &district.buildings).await.unwrap();
        wall.import_things(&actor, &district.streets).await.unwrap();
        stage.room.settle().await;
        wall.import_tickets(&actor, &district.tickets(now)).await.unwrap();
        stage.room.settle().await;
        stage.cells("调整后的网格方案", "general", &redrawn(&district.cells), Some(now.plus_ms(-3 * DAY_MS))).await;
        stage.feed(&district, now).await;
        stage.room.settle().await;
        stage.plans().await;
        stage.facts.times = [-HOUR_MS, -15 * HOUR_MS - HOUR_MS / 2, -3 * DAY_MS, -6 * DAY_MS - 5 * HOUR_MS, -40 * DAY_MS]
            .map(|ms| now.plus_ms(ms))
            .into();
        let mut stage = stage.restarted(options).await;
        stage.find().await;
        stage
    }

    /// Tickets that are reopened, moved, timed and graded anew, told late, early or wrongly; and where the staff is.
    async fn feed(&mut self, district: &District, now: UtcMs) {
        let place = |cell: usize| {
            let outer = &district.cells[cell].geometry.polygons[0].outer;
            let n = outer.len() as f64;
            outer.iter().map(|p| p.place()).fold([0.0, 0.0], |[x, y], p| [x + p.lon / n, y + p.lat / n])
        };
        let at = |hours: f64| now.plus_ms((hours * HOUR_MS as f64) as i64).to_rfc3339();
        let sensitive = district.categories.iter().find(|c| c.sensitive).map_or("", |c| c.code.as_str());
        let plain = district.categories.iter().find(|c| !c.sensitive).map_or("", |c| c.code.as_str());
        let new = |id: &str, cell: usize, reported: f64| {
            let [lon, lat] = place(cell);
            json!({ "external_id": id, "category": plain, "title": format!("记录 {id}"), "description": "请联系 13812345678",
                "address": "建设路 1 号", "lon": lon, "lat": lat, "severity": 3, "reported_at": at(reported) })
        };
        let with = |mut ticket: Value, more: Value| {
            ticket.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ticket
        };
        let [lon, lat] = place(9);
        let told = [
            with(new("reopened", 3, -30.0), json!({ "due_at": at(-20.0) })),
            json!({ "external_id": "reopened", "status": "dispatched", "status_at": at(-29.0) }),
            json!({ "external_id": "reopened", "status": "closed", "closed_at": at(-26.0) }),
            json!({ "external_id": "reopened", "status": "in_progress", "status_at": at(-10.0) }),
            new("moved", 4, -50.0),
            json!({ "external_id": "moved", "lon": lon, "lat": lat }),
            with(new("due anew", 5, -20.0), json!({ "due_at": at(-5.0) })),
            json!({ "external_id": "due anew", "status": "extended", "status_at": at(-6.0), "due_at": at(5.0) }),
            with(new("graver", 6, -8.0), json!({ "severity": 4, "title": "记录 13812345678" })),
            json!({ "external_id": "graver", "status": "received", "severity": 1 }),
            with(new("sensitive", 7, -12.0), json!({ "category": sensitive, "title": "身份证 110101199003078515" })),
            with(new("outside", 8, -4.0), json!({ "lon": 100.0, "lat": 25.0 })),
            new("later", 8, 48.0),
            with(new("late news", 2, -100.0), json!({ "status": "closed", "closed_at": at(-50.0) })),
            with(new("kept closed", 2, -40.0), json!({ "status": "closed", "closed_at": at(-30.0) })),
            json!({ "external_id": "kept closed", "status": "in_progress" }),
            with(new("inverted", 1, -10.0), json!({ "status": "closed", "closed_at": at(-12.0) })),
            with(new("odd word", 1, -9.0), json!({ "status": "等待中", "attachments": ["http://media.example/a.jpg"] })),
            with(new("returned", 0, -70.0), json!({ "status": "returned", "status_at": at(-60.0) })),
            with(new("suspended", 0, -70.0), json!({ "status": "suspended", "status_at": at(-69.0), "due_at": at(-60.0) })),
        ];
        for ticket in told {
            let answer =
                self.room.post(self.token("feed"), "/api/v1/tickets", "application/json", ticket.to_string()).await.json();
            let id = answer["id"].as_i64().unwrap_or_else(|| panic!("{ticket} is not taken: {answer}"));
            if !self.facts.tickets.contains(&id) {
                self.facts.tickets.push(id);
            }
        }
        for (i, staff) in district.staff.iter().take(6).enumerate() {
            let [lon, lat] = place(i);
            let position = json!({ "staff": staff.external_id, "lon": lon, "lat": lat, "at": at(-0.1 - 20.0 * i as f64) });
            let answer = self.room.post(self.token("feed"), "/api/v1/positions", "application/json", position.to_string()).await;
            assert_eq!(answer.json()["status"], "updated", "{position}");
        }
    }

    /// A draft with a branch in its history, and a plan in review that was approved.
    async fn plans(&mut self) {
        let planner = self.token("planner").to_owned();
        let new = async |name: &str| {
            let plan = json!({ "name": name, "network": "general", "base": null });
            self.room.done(&planner, "/api/v1/plans", plan).await["id"].as_i64().unwrap()
        };
        let draft = new("在编方案").await;
        let path = format!("/api/v1/plans/{draft}");
        let edges = self.room.get(&planner, &format!("{path}/edges")).await.json();
        let border = edges["features"].as_array().unwrap().iter().map(|e| &e["properties"]);
        let (left, right) =
            border.map(|p| (p["left"].clone(), p["right"].clone())).find(|(l, r)| l.is_u64() && r.is_u64()).unwrap();
        self.room.edit(&planner, draft, json!({ "kind": "merge", "into": left, "from": [right] })).await;
        let state = self.room.get(&planner, &path).await.json();
        let cell = state["cells"].as_array().unwrap().iter().find(|c| c["face"] != left).unwrap();
        let [west, south, east, north]: [f64; 4] = serde_json::from_value(cell["bounds"].clone()).unwrap();
        let (beyond, lat) = ((east - west) / 10.0, (south + north) / 2.0);
        let split = json!({ "kind": "split", "face": cell["face"], "line": [[west - beyond, lat], [east + beyond, lat]] });
        self.room.edit(&planner, draft, split).await;
        self.room.done(&planner, &format!("{path}/snapshots"), json!({ "name": "拆分之后" })).await;
        self.room.done(&planner, &format!("{path}/undo"), json!({})).await;
        let named = |face: &Value, name: &str| json!({ "kind": "describe", "face": face, "name": name, "code": null, "cell_kind": null, "community_code": null });
        self.room.edit(&planner, draft, named(&left, "合并后的网格")).await;

        let reviewed = new("送审方案").await;
        self.room.edit(&planner, reviewed, named(&left, "改名的网格")).await;
        let step = format!("/api/v1/plans/{reviewed}/step");
        self.room.done(&planner, &step, json!({ "step": "submit", "note": "请审" })).await;
        self.room.done(self.token("leader"), &step, json!({ "step": "approve", "note": "同意" })).await;
        (self.facts.draft, self.facts.reviewed) = (draft, reviewed);
    }

    /// A sample of Boston's year over its precincts; `None`, and said, where the data are not.
    pub async fn boston() -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/boston311");
        if !folder.exists() {
            println!("skipped: ../shared/data/boston311 is not here");
            return None;
        }
        let now = time(BOSTON_NOW);
        let zone = |o: &mut WallOptions| o.zone = Some("America/New_York".into());
        let mut stage = Self::open(now, zone).await;
        let options = CellsOptions { code_fields: vec!["WDPCT".into()], ..CellsOptions::default() };
        let precincts = open_cells(&folder.join("precincts.geojson"), &options).unwrap();
        stage.cells("precincts", "general", &precincts.records, None).await;
        let records = sample(&folder.join("tickets_2015.csv.gz"));
        stage.room.wall.import_tickets(&admin(), &records).await.unwrap();
        // Days on both sides of a change of the clock among them.
        stage.facts.times = [
            "2015-12-31T00:00:00-05:00",
            "2015-12-17T09:30:00-05:00",
            "2015-11-01T01:30:00-04:00",
            "2015-07-04T23:59:59-04:00",
            "2015-03-08T03:00:00-04:00",
        ]
        .map(time)
        .into();
        let mut stage = stage.restarted(zone).await;
        stage.find().await;
        Some(stage)
    }
}

/// The same ground with other names and codes: two cells exchange their codes, one gets a new one, one is named anew.
fn redrawn(cells: &[CellRecord]) -> Vec<CellRecord> {
    let mut cells = cells.to_vec();
    let (a, b) = (cells[2].code.clone(), cells[4].code.clone());
    (cells[2].code, cells[4].code) = (b, a);
    let community = cells[6].community_code.clone();
    cells[6].code = format!("{community}901");
    cells[7].name.push('新');
    cells
}

/// Every so many-th row, read by the profile as an import does.
fn sample(path: &std::path::Path) -> Vec<TicketRecord> {
    let unpacked = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(unpacked);
    let mut kept = csv::Writer::from_writer(tempfile::Builder::new().suffix(".csv").tempfile().unwrap());
    kept.write_byte_record(rows.byte_headers().unwrap()).unwrap();
    for row in rows.byte_records().step_by(SAMPLE) {
        kept.write_byte_record(&row.unwrap()).unwrap();
    }
    let file = kept.into_inner().unwrap();
    let options = ReadOptions { profile: Profile::load("boston311").unwrap(), ..ReadOptions::default() };
    let source = Input::new(&file.path().to_string_lossy()).unwrap().open(EncodingChoice::Auto).unwrap();
    let read = tickets(source, &options).unwrap().map(|row| match row.unwrap() {
        Read::Record { record, .. } => record,
        Read::Reject(reject) => panic!("a row of the year is refused: {reject:?}"),
    });
    read.collect()
}
