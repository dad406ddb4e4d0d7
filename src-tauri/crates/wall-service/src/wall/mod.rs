//! The Wall: one store, one world in memory, commands and queries with an actor.
//!
//! SKELETON of the interface, being filled in: signatures are settled, bodies arrive with the world.

mod error;

pub use error::WallError;

use crate::wire::{AreaCard, Frame, Histogram, Level, PlaceView, SearchHit, Snapshot, TicketCard, TicketView, WallInfo};
use bytes::Bytes;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::broadcast;
use wall_core::{Place, PositionRecord, TicketRecord, TicketStatus, UtcMs};
use wall_store::{Actor, ChangeBatch, ReplayClock, Store, TicketOutcome};

/// How a wall is opened.
#[derive(Clone, Debug)]
pub struct WallOptions {
    /// Data directory.
    pub folder: PathBuf,
    /// `--now`: a fixed clock instead of the system's.
    pub fixed_now: Option<UtcMs>,
    /// Title on the wall.
    pub title: String,
    /// Demonstration data.
    pub demo: bool,
    /// IANA zone for days and for showing times; `None` = the setting of the store, else the system's.
    pub zone: Option<String>,
    /// PMTiles base map; `None` = `basemap.pmtiles` in the data directory when it is there.
    pub base_map: Option<PathBuf>,
}

/// The wall. Cheap to clone.
#[derive(Clone)]
pub struct Wall {
    inner: Arc<WallInner>,
}

struct WallInner {
    store: Store,
}

/// A heat raster as `docs/API.md` describes it.
#[derive(Clone, Debug)]
pub struct HeatImage {
    /// width × height bytes from the north-west.
    pub bytes: Bytes,
    /// True largest density.
    pub peak: f64,
    /// Density at 255.
    pub max: f64,
    /// Time of the picture.
    pub at: UtcMs,
    /// Revision of the picture.
    pub revision: i64,
}

/// A question for a heat raster.
#[derive(Clone, Debug)]
pub struct HeatQuery {
    /// West, south, east, north in degrees.
    pub bounds: [f64; 4],
    /// Pixels across (1 … 2048).
    pub width: u32,
    /// Pixels down (1 … 2048).
    pub height: u32,
    /// Time left instead of heat.
    pub time_left: bool,
    /// Density at 255; `None` = the wall's scale.
    pub max: Option<f64>,
}

/// A question for tickets, newest first.
#[derive(Clone, Debug, Default)]
pub struct TicketQuery {
    /// Code of a cell.
    pub cell: Option<String>,
    /// Status, or `open`.
    pub status: Option<String>,
    /// West, south, east, north.
    pub bbox: Option<[f64; 4]>,
    /// Opaque place to go on from.
    pub cursor: Option<String>,
    /// At most so many (1 … 1000).
    pub limit: u32,
}

/// A line of `stats`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct StatLine {
    /// Code or name.
    pub key: String,
    /// Name.
    pub name: String,
    /// Open at the time.
    pub open: u64,
    /// Open and late.
    pub overdue: u64,
    /// Received in the 24 hours of the local day.
    pub received_today: u64,
    /// Closed in the local day.
    pub closed_today: u64,
    /// All tickets reported up to the time.
    pub total: u64,
    /// Of those with a due time up to then: closed in time.
    pub on_time: u64,
    /// … and how many were due.
    pub due: u64,
}

impl Wall {
    /// The store behind.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
}

macro_rules! interface {
    ($($(#[$doc:meta])* pub async fn $name:ident(&self $(, $arg:ident: $ty:ty)* $(,)?) -> $out:ty;)+) => {
        impl Wall { $($(#[$doc])* pub async fn $name(&self $(, $arg: $ty)*) -> Result<$out, WallError> {
            $(let _ = $arg;)*
            Err(WallError::NotFound(concat!(stringify!($name), " is not built yet").into()))
        })+ }
    };
}

interface! {
    /// What changes seldom.
    pub async fn info(&self, actor: &Actor, as_of: Option<UtcMs>) -> WallInfo;
    /// The whole moving state.
    pub async fn snapshot(&self, actor: &Actor, as_of: Option<UtcMs>) -> Snapshot;
    /// Areas of a level as GeoJSON text.
    pub async fn areas(&self, actor: &Actor, level: Level, as_of: Option<UtcMs>) -> Bytes;
    /// A heat raster.
    pub async fn heat(&self, actor: &Actor, query: HeatQuery, as_of: Option<UtcMs>) -> HeatImage;
    /// Points at close zoom as GeoJSON text; `kinds` of ticket, camera, staff, site.
    pub async fn points(&self, actor: &Actor, bounds: [f64; 4], kinds: Vec<String>, limit: u32, as_of: Option<UtcMs>) -> Bytes;
    /// The card of an area.
    pub async fn area_card(&self, actor: &Actor, level: Level, key: &str, as_of: Option<UtcMs>) -> AreaCard;
    /// The card of a ticket.
    pub async fn ticket_card(&self, actor: &Actor, id: i64, as_of: Option<UtcMs>) -> TicketCard;
    /// Search by a few characters.
    pub async fn search(&self, actor: &Actor, text: &str, limit: u32) -> Vec<SearchHit>;
    /// Received and closed in equal steps of time.
    pub async fn histogram(&self, actor: &Actor, from: UtcMs, to: UtcMs, buckets: u32) -> Histogram;
    /// Tickets by filter, newest first, and the cursor of the next page.
    pub async fn tickets(&self, actor: &Actor, query: TicketQuery) -> (Vec<TicketView>, Option<String>);
    /// The `k` nearest of a kind.
    pub async fn near(&self, actor: &Actor, place: Place, kind: &str, k: usize, within_m: Option<f64>) -> Vec<PlaceView>;
    /// Counts by cell, category, platform or owner.
    pub async fn stats(&self, actor: &Actor, by: &str, as_of: Option<UtcMs>) -> Vec<StatLine>;
    /// Takes tickets in. Group commit: when this returns, each outcome is on disk.
    pub async fn put_tickets(&self, actor: &Actor, records: Vec<TicketRecord>) -> Vec<TicketOutcome>;
    /// Takes positions in; `false` = nobody has that id.
    pub async fn put_positions(&self, actor: &Actor, records: Vec<PositionRecord>) -> Vec<bool>;
    /// Moves a ticket by hand.
    pub async fn move_ticket(&self, actor: &Actor, source: &str, external_id: &str, to: TicketStatus, reason: &str) -> ();
    /// Drives the wall's clock, or gives it back (`None`).
    pub async fn set_replay_clock(&self, actor: &Actor, clock: Option<ReplayClock>) -> ();
    /// One tile of the base map, uncompressed MVT; `None` = empty.
    pub async fn base_map_tile(&self, z: u8, x: u32, y: u32) -> Option<Bytes>;
    /// Frames from `since` on: the first frame (when something was missed), then live ones. Redacted for the actor.
    pub async fn frames(&self, actor: &Actor, since: i64) -> (Option<Arc<Frame>>, broadcast::Receiver<Arc<Frame>>);
    /// Lines of the change log after `since`; waits up to `wait_ms` for the first.
    pub async fn changes(&self, actor: &Actor, since: i64, limit: u32, wait_ms: u64) -> ChangeBatch;
    /// Whether the store answers and the world is loaded.
    pub async fn ready(&self) -> ();
    /// Counters for `/metrics`: name, help, value.
    pub async fn metrics(&self) -> Vec<(&'static str, &'static str, f64)>;
}
