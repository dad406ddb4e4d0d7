//! What the user interface and HTTP clients of the wall see: the same for the window and for the browser.
//!
//! Times are milliseconds since 1970 UTC and end in `_ms`; durations name their unit; places are WGS-84 degrees.
//! TypeScript types are generated from this module into `ui/src/wire/` (`cargo test -p wall-service --test wire`).
//! Never here: reporters, phone numbers, anything of the care registers, free text of sensitive tickets.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use wall_core::{
    Alarm, CellKind, Duty, LocationMethod, OwnerRole, PartyKind, PlanStatus, Platform, Role, TicketStatus, tally::FigureKey,
};

/// What every wire type derives; the modules below share it.
macro_rules! wire {
    ($($item:item)+) => {$(
        #[derive(Serialize, Deserialize, TS, Clone, Debug, PartialEq)]
        #[ts(export_to = "wire.ts")]
        $item
    )+};
}

mod lists;
mod planning;
mod session;
mod word;

pub use lists::*;
pub use planning::*;
pub use session::{Can, DemoAccount, ScopeDivision, ScopeView, SessionView, SignedInView};
pub use word::{Word, WordOrNone, vocabulary};

wire! {
/// Whose clock the wall shows.
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The system's.
    System,
    /// Fixed by `--now`.
    Fixed,
    /// Driven by a replay.
    Replay,
}

/// The wall's clock. Anything but `system` is said on screen all the time.
pub struct Clock {
    /// Whose clock.
    pub kind: ClockKind,
    /// The wall's now.
    #[ts(type = "number")]
    pub now_ms: i64,
    /// Seconds of wall time per second of real time: 1 system, 0 fixed or paused.
    pub speed: f64,
    /// Tickets that were accepted and are later than this clock: hidden until it reaches them. Said on screen.
    pub later: u32,
}

/// The base map, when there is one: vector tiles with the layers earth, landuse, water, roads, buildings, places, pois.
pub struct BaseMap {
    /// URL template below the host's root: `basemap/{z}/{x}/{y}.mvt`.
    pub tiles: String,
    /// Smallest zoom with tiles.
    pub min_zoom: u8,
    /// Largest zoom with tiles (overzoomed beyond).
    pub max_zoom: u8,
    /// Attribution to show.
    pub attribution: String,
}

/// A network of cells.
pub struct NetworkView {
    /// `general`, `police` …
    pub key: String,
    /// Name on screen.
    pub name: String,
}

/// The plan in force at the wall's time.
pub struct PlanView {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// Name.
    pub name: String,
    /// Where it stands in its life.
    pub status: Word<PlanStatus>,
    /// Start of force.
    #[ts(type = "number | null")]
    pub effective_from_ms: Option<i64>,
}

/// Who looks.
pub struct ActorView {
    /// Name or account.
    pub who: String,
    /// In which role.
    pub role: Word<Role>,
    /// Which station.
    pub station: String,
}

/// What changes seldom: asked once, and again when `Frame.reload` says so.
pub struct WallInfo {
    /// Title of the wall.
    pub title: String,
    /// Demonstration data: the screen says 演示数据.
    pub demo: bool,
    /// Version of the product.
    pub version: String,
    /// Which store answers: another word means that other data are behind the address.
    pub store: String,
    /// IANA name of the zone in which times are shown.
    pub zone: String,
    /// The zone that the store should have, by where its cells lie, when it has none of its own and another is shown.
    pub zone_proposed: Option<String>,
    /// Store revision of this answer.
    #[ts(type = "number")]
    pub revision: i64,
    /// The clock.
    pub clock: Clock,
    /// Base map or none (plain ground).
    pub base_map: Option<BaseMap>,
    /// West, south, east, north of all cells; `null` when there are none.
    pub bounds: Option<[f64; 4]>,
    /// All networks.
    pub networks: Vec<NetworkView>,
    /// Key of the network that counts here.
    pub network: String,
    /// Its plan in force; `null` = no cells yet.
    pub plan: Option<PlanView>,
    /// Number of cells in force.
    pub cell_count: u32,
    /// How the heat is computed, for the legend.
    pub heat: HeatInfo,
    /// Who looks.
    pub actor: ActorView,
    /// Categories seen, for names and the mix.
    pub categories: Vec<CategoryView>,
}

/// Parameters of the heat, printed in the legend.
pub struct HeatInfo {
    /// After this many hours a ticket weighs half.
    pub half_life_h: f64,
    /// Standard deviation of the kernel in metres.
    pub sigma_m: f64,
    /// Density (weighted open tickets per km²) at the top of the colour ramp: fixed while the wall runs.
    pub scale_max: f64,
    /// The same top for whole cells.
    pub cell_scale_max: f64,
    /// Half width of the time-left scale in hours.
    pub time_left_span_h: f64,
}

/// A category of tickets.
pub struct CategoryView {
    /// Code as tickets carry it.
    pub code: String,
    /// Name.
    pub name: String,
    /// Which platform answers, empty = not said.
    pub platform: WordOrNone<Platform>,
}

/// Level of areas on the map.
#[serde(rename_all = "snake_case")]
#[derive(Copy, Eq, Hash)]
pub enum Level {
    /// 网格
    Cell,
    /// 社区
    Community,
    /// 街道
    Street,
}

/// Properties of an area feature (`GET api/v1/areas?level=…` is a GeoJSON FeatureCollection with these).
pub struct AreaProperties {
    /// Key: id of the cell, code of the community or street. Joins `AreaStat.key`.
    pub key: String,
    /// Code.
    pub code: String,
    /// Name (may be empty: show the code).
    pub name: String,
    /// Of cells; empty otherwise.
    pub kind: WordOrNone<CellKind>,
    /// Code of the community (cells) or street (communities).
    pub parent_code: String,
    /// Name of the parent, may be empty.
    pub parent_name: String,
    /// Households, when known.
    pub households: Option<u32>,
    /// Name of the party that answers, empty = nobody (hatched).
    pub owner: String,
    /// Owner's colour 0 … 7, −1 = nobody. Neighbouring owners never share one while 8 suffice.
    pub owner_color: i8,
    /// Area in km², geodesic.
    pub area_km2: f64,
    /// A point well inside, for the label.
    pub label_lon: f64,
    /// Latitude of the same.
    pub label_lat: f64,
}

/// Counts of one area at the wall's time.
pub struct AreaStat {
    /// Joins `AreaProperties.key`.
    pub key: String,
    /// Open tickets.
    pub open: u32,
    /// Open and past their due time.
    pub overdue: u32,
    /// Received since local midnight.
    pub received_today: u32,
    /// Closed since local midnight.
    pub closed_today: u32,
    /// Severity-weighted, decayed open tickets per km².
    pub heat: f64,
    /// Seconds to the earliest due time of an open ticket (negative = late): the worst, not the mean; `null` = none has one.
    pub time_left_s: Option<f64>,
}

/// One figure of the left panel with its trend.
pub struct Figure {
    /// Which one.
    pub key: Word<FigureKey>,
    /// The value (a ratio 0 … 1 for on_time); `null` when the denominator is 0.
    pub value: Option<f64>,
    /// Numerator, for ratios.
    pub numerator: Option<u32>,
    /// Denominator, for ratios.
    pub denominator: Option<u32>,
    /// The same figure at the same time of day one day before.
    pub yesterday: Option<f64>,
    /// 24 hourly values up to now, oldest first.
    pub spark: Vec<f64>,
}

/// A ticket as the live stream and the map show it.
pub struct TicketView {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// Identity in its source.
    pub external_id: String,
    /// One line; the category's name when the text is sensitive or empty. Phone and identity numbers are masked.
    pub title: String,
    /// Category code.
    pub category: String,
    /// Category name.
    pub category_name: String,
    /// Platform code or empty.
    pub platform: String,
    /// Channel code or empty.
    pub channel: String,
    /// 1 gravest … 4.
    pub severity: u8,
    /// Where it stands.
    pub status: Word<TicketStatus>,
    /// Whether it is open at the wall's time.
    pub open: bool,
    /// Whether it is open and late.
    pub overdue: bool,
    /// Priority of the alarm it raises, empty = none.
    pub alarm: WordOrNone<Alarm>,
    /// Longitude; for a viewer who may see places only to the cell, the cell's label point. `null` outside all cells then, and
    /// for everybody when it has no place.
    pub lon: Option<f64>,
    /// Latitude.
    pub lat: Option<f64>,
    /// Whether nobody knows where it is: then it is in no cell and on no map. Left out when somebody does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub unplaced: bool,
    /// Key of its cell, empty = outside all cells, or without a place.
    pub cell_key: String,
    /// Code of its cell.
    pub cell_code: String,
    /// Name of its cell.
    pub cell_name: String,
    /// When it was reported, as told.
    #[ts(type = "number")]
    pub reported_ms: i64,
    /// From when it counts: reported, or the moment it came in where that was earlier.
    #[ts(type = "number")]
    pub since_ms: i64,
    /// Whether one of its times lay ahead of the clock when it came in: shown at once, and marked.
    pub ahead: bool,
    /// Whether it stands open after it had been closed.
    pub reopened: bool,
    /// When it is due.
    #[ts(type = "number | null")]
    pub due_ms: Option<i64>,
    /// When it was closed.
    #[ts(type = "number | null")]
    pub closed_ms: Option<i64>,
}

/// A member of staff on the map.
pub struct StaffView {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// Name.
    pub name: String,
    /// Role as the source names it.
    pub role: String,
    /// Unit.
    pub unit: String,
    /// Whether on duty.
    pub duty: Word<Duty>,
    /// Last known place; `null` = never heard of.
    pub lon: Option<f64>,
    /// Latitude.
    pub lat: Option<f64>,
    /// When that was, or when we learned it where that was earlier.
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    /// Whether its time lay ahead of the clock when it came in.
    pub ahead: bool,
}

/// How fresh what is shown is.
pub struct Freshness {
    /// When the newest record was written, real time; `null` = nothing yet.
    #[ts(type = "number | null")]
    pub last_write_ms: Option<i64>,
    /// When a feed last spoke (ticket or position), real time.
    #[ts(type = "number | null")]
    pub last_feed_ms: Option<i64>,
    /// Whether the store can be read and written.
    pub store_ok: bool,
    /// Why not, in a word: `full`, `read_only`, `io`, `damaged`, `unreachable`, `replaced`, or `silent` when it does not answer.
    pub store_trouble: Option<String>,
    /// Real time of this frame on the serving machine.
    #[ts(type = "number")]
    pub served_ms: i64,
}

/// Alarms of one priority in one cell and category: a line of the stream in a flood.
pub struct AlarmGroup {
    /// Its priority.
    pub alarm: Word<Alarm>,
    /// Key of the cell, empty = outside all cells, or without a place.
    pub cell_key: String,
    /// Whether its tickets have no place. Left out when they have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub unplaced: bool,
    /// Category code.
    pub category: String,
    /// Its newest ticket.
    #[ts(type = "number")]
    pub newest: i64,
    /// How many tickets raise it: the length of `ticket-list?set=alarm` for the three above.
    pub count: u32,
}

/// What needs a response now.
pub struct Alarms {
    /// All of them: the length of `ticket-list?set=alarm`.
    pub total: u32,
    /// The gravest groups, newest first; at most 40.
    pub groups: Vec<AlarmGroup>,
}

/// The whole moving state: the start of a viewer, or the answer to a question about another time.
pub struct Snapshot {
    /// Revision up to which this is true.
    #[ts(type = "number")]
    pub revision: i64,
    /// The clock; for another time than now, `now_ms` is that time.
    pub clock: Clock,
    /// Whether this answers about another time than now.
    pub as_of: bool,
    /// Left figures.
    pub figures: Vec<Figure>,
    /// Of the open tickets, those without a place: the length of `ticket-list?set=open&area=unplaced`. They are in the figures
    /// and in no area.
    pub unplaced: u32,
    /// Alarms.
    pub alarms: Alarms,
    /// One line for every area of the three levels.
    pub areas: Vec<AreaStat>,
    /// Newest tickets, newest first (at most 200), gravest open ones included.
    pub tickets: Vec<TicketView>,
    /// All staff.
    pub staff: Vec<StaffView>,
    /// `false`: where staff were at that time is not kept (`gridwall retention --trails`), so nobody has a place here.
    pub positions_kept: bool,
    /// Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
    /// answer; `null`: that is not on record. About now always 0.
    pub late_events: Option<u32>,
    /// Tickets are those of what was known at this time, ms; `null` = of all that is known.
    #[ts(type = "number | null")]
    pub known_at_ms: Option<i64>,
    /// By that knowledge no ticket was on record at all: noughts here are no counts.
    pub nothing_known: bool,
    /// How fresh.
    pub freshness: Freshness,
}

/// What changed since the frame before; a few a second at most.
pub struct Frame {
    /// First revision inside, exclusive: equals the viewer's revision, else it re-snapshots.
    #[ts(type = "number")]
    pub from_revision: i64,
    /// Last revision inside.
    #[ts(type = "number")]
    pub to_revision: i64,
    /// The clock.
    pub clock: Clock,
    /// Of the open tickets, those without a place.
    pub unplaced: u32,
    /// Figures, when they changed.
    pub figures: Option<Vec<Figure>>,
    /// Alarms, with the figures.
    pub alarms: Option<Alarms>,
    /// Areas whose line changed.
    pub areas: Vec<AreaStat>,
    /// Tickets that are new or changed (also: opened or fell due by the passing of time).
    pub tickets: Vec<TicketView>,
    /// Staff that moved or changed.
    pub staff: Vec<StaffView>,
    /// Areas, owners, categories or the plan changed: ask `wall` and `areas` again.
    pub reload: bool,
    /// How fresh.
    pub freshness: Freshness,
}

/// A point feature at close zoom (`GET api/v1/points` is a GeoJSON FeatureCollection with these).
pub struct PointProperties {
    /// ticket, camera, staff, site.
    pub kind: String,
    /// Identity inside its kind.
    #[ts(type = "number")]
    pub id: i64,
    /// Name or title.
    pub name: String,
    /// ticket: status; camera: online/offline/unknown; staff: duty; site: its kind.
    pub state: String,
    /// Severity of a ticket, 0 otherwise.
    pub severity: u8,
    /// Whether an open ticket is late.
    pub overdue: bool,
    /// Direction of a camera in degrees from north.
    pub heading_deg: Option<f64>,
    /// Opening angle of a camera.
    pub fov_deg: Option<f64>,
    /// Range of a camera in metres.
    pub range_m: Option<f64>,
}

/// Someone who answers for a cell.
pub struct OwnerView {
    /// Name.
    pub name: String,
    /// Person or unit.
    pub kind: Word<PartyKind>,
    /// As what.
    pub role: Word<OwnerRole>,
    /// Whether on duty.
    pub duty: Word<Duty>,
    /// Staff identity when the person is on the staff list.
    #[ts(type = "number | null")]
    pub staff_id: Option<i64>,
}

/// A category and how many.
pub struct CategoryCount {
    /// Category name.
    pub name: String,
    /// Category code.
    pub code: String,
    /// Open tickets.
    pub open: u32,
    /// Tickets received in the last 30 days.
    pub recent: u32,
}

/// Something near or inside, with a distance where one is asked for.
pub struct PlaceView {
    /// camera, site, staff, ticket.
    pub kind: String,
    /// Identity inside its kind.
    #[ts(type = "number")]
    pub id: i64,
    /// Name.
    pub name: String,
    /// State or kind word.
    pub state: String,
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
    /// Straight distance in metres.
    pub distance_m: Option<f64>,
    /// Estimated walking time in seconds: straight line × 1.3 at 1.2 m/s.
    pub walk_s: Option<f64>,
}

/// The card of an area.
pub struct AreaCard {
    /// Who and where.
    pub area: AreaProperties,
    /// Level.
    pub level: Level,
    /// Its counts.
    pub stat: AreaStat,
    /// Who answers (cells).
    pub owners: Vec<OwnerView>,
    /// Mix of open and recent tickets, largest first.
    pub categories: Vec<CategoryCount>,
    /// Tickets received in each of the last 24 hours, oldest first.
    pub last_24h: Vec<u32>,
    /// Open tickets, gravest and latest first, at most 20.
    pub tickets: Vec<TicketView>,
    /// Cameras inside.
    pub cameras: Vec<PlaceView>,
    /// Key sites inside.
    pub sites: Vec<PlaceView>,
    /// Events of all tickets that say something of that time, or of before, and were learned only later, by what is known to this
    /// answer; `null`: that is not on record. About now always 0.
    pub late_events: Option<u32>,
    /// Time of the answer.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// A value that an event changed.
pub struct ValueChange {
    /// due, reported, severity, place, category, title, description, address, channel, platform, community, attachments or sensitive.
    pub field: String,
    /// Before: times as RFC 3339, a place as longitude and latitude; empty = there was none, null = not shown to this role.
    pub was: Option<String>,
    /// From then on.
    pub is: Option<String>,
}

/// One event in a ticket's history.
pub struct TransitionView {
    /// received, status, due_set, severity_set, located, described, reported_at, or the word of a newer edition.
    pub event: String,
    /// What values it changed; empty for statuses.
    pub changes: Vec<ValueChange>,
    /// From which status; empty for the first, and where it set none.
    pub from: WordOrNone<TicketStatus>,
    /// To which status; empty when it set none.
    pub to: WordOrNone<TicketStatus>,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// When we learned it.
    #[ts(type = "number")]
    pub recorded_ms: i64,
    /// Whether that time was told; if not, it is when the message came.
    pub told: bool,
    /// Whether it lay ahead of the clock when it came in.
    pub ahead: bool,
    /// Whether it changed where the ticket stands. A status told again does not, nor one without a time after the closing.
    pub applied: bool,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// imported, intake or move.
    pub kind: String,
}

/// The cell of another plan that a ticket was attributed to and keeps.
pub struct KeptCell {
    /// Its code there.
    pub code: String,
    /// Its name there.
    pub name: String,
    /// Name of that plan.
    pub plan: String,
}

/// The card of a ticket.
pub struct TicketCard {
    /// The line of the stream.
    pub ticket: TicketView,
    /// Source system.
    pub source: String,
    /// Text, masked; empty when sensitive.
    pub description: String,
    /// Whether text was withheld because the category is sensitive.
    pub withheld: bool,
    /// Whether places and texts are withheld because it lies outside the scope of whoever asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub outside_scope: bool,
    /// Address; empty for a viewer who sees places only to the cell.
    pub address: String,
    /// How its place was found: told, address (the only building that has its address) or hand; empty when it has none, and for a
    /// viewer who sees places only to the cell.
    pub located_by: WordOrNone<LocationMethod>,
    /// How far from there it may be, in metres, when that is known; `null` for a viewer who sees places only to the cell.
    pub accuracy_m: Option<f64>,
    /// Closed before opened in the source.
    pub inverted_times: bool,
    /// The cell it was dealt with in, when that was under another plan than the one shown; the present cell is in `ticket`.
    pub kept_cell: Option<KeptCell>,
    /// Who answers for its cell.
    pub owners: Vec<OwnerView>,
    /// History, oldest first.
    pub history: Vec<TransitionView>,
    /// Events that say something of the time asked about, or of before, and were recorded only later.
    pub late_events: u32,
    /// What its due time, severity, place and texts were then is not known: they are shown as they were last.
    pub as_last_known: bool,
    /// Nearest cameras, at most 5.
    pub cameras: Vec<PlaceView>,
    /// Nearest staff with a fresh position, at most 5.
    pub staff: Vec<PlaceView>,
    /// Time of the answer.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// One hit of the search.
pub struct SearchHit {
    /// area, ticket, camera, staff, site, address.
    pub kind: String,
    /// Key or id inside its kind.
    pub key: String,
    /// Title.
    pub title: String,
    /// Second line.
    pub subtitle: String,
    /// Longitude.
    pub lon: Option<f64>,
    /// Latitude.
    pub lat: Option<f64>,
}

/// Tickets received and closed in equal steps of time, for the slider.
pub struct Histogram {
    /// Start of the first bucket.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// Width of a bucket in seconds.
    #[ts(type = "number")]
    pub bucket_s: i64,
    /// Received in each bucket.
    pub received: Vec<u32>,
    /// Closed in each bucket.
    pub closed: Vec<u32>,
}

/// Every error on the wire.
pub struct Problem {
    /// A word to branch on.
    pub code: String,
    /// What happened, what still works, what to do.
    pub message: String,
}
}
