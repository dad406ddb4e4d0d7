//! The Wall: one store, one world in memory, commands and queries with an actor.

mod accounts;
mod addresses;
mod alarms;
mod categories;
mod clock;
mod commands;
mod compare;
mod contents;
mod counts;
mod duties;
mod error;
mod facts;
mod figures;
mod files;
mod follow;
mod gather;
mod ground;
mod grounds;
mod heat;
mod intake;
mod keep;
mod keeper;
mod known;
mod late;
mod lists;
mod load;
mod locator;
mod pages;
mod pictures;
mod planning;
mod queries;
mod questions;
mod reach;
mod reading;
mod replaying;
mod search;
mod shown;
mod stations;
mod statistics;
mod then;
mod tries;
mod views;
pub(crate) mod world;
mod write;
mod zone;

pub use accounts::{PublishedAccount, SignedIn, actor_of};
pub use addresses::Whereabouts;
pub use clock::{system_now, time_of};
pub(crate) use commands::foreign_source;
pub use commands::{CellsDone, CellsImport, NEW_CATEGORIES};
pub use compare::{LEAST_SAMPLE, PeriodAsked, Unit};
pub use error::WallError;
pub use keeper::Keeper;
pub use lists::{ListArea, ListOrder, ListQuery, NEAR_H, TicketSet, WhoseQuery};
pub use locator::{LocateAnswer, Locator};
pub(crate) use pictures::{Pictures, moment_of};
pub use planning::{EditRefused, Impact, NewDraft, PlanError, StepAsked};
pub use queries::kinds_of_points;
pub use questions::{HeatImage, HeatQuery, StatLine, Stats, TicketQuery};
pub use reach::{PositionOutcome, TicketTaken};
pub(crate) use shown::Sight;
pub use then::AsOf;
pub use tries::Client;
pub use views::{NearView, StillCell, StillFacts, Watch};
pub(crate) use write::allowed;

use crate::basemap::BaseMapFile;
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::mpsc;
use wall_core::UtcMs;
use wall_store::{Actor, Role, Store};

/// How a wall is opened.
#[derive(Clone, Debug)]
pub struct WallOptions {
    /// Data directory.
    pub folder: PathBuf,
    /// Address of the database (`postgres://…`); `None` = the file in the data directory.
    pub database: Option<String>,
    /// `--now`: a fixed clock instead of the system's.
    pub fixed_now: Option<UtcMs>,
    /// Title on the wall.
    pub title: String,
    /// Demonstration data.
    pub demo: bool,
    /// Accounts to be shown with their passwords where one signs in; empty = none, as everywhere but in a demonstration.
    pub published: &'static [PublishedAccount],
    /// IANA zone for days and for showing times; `None` = the setting of the store, else the system's.
    pub zone: Option<String>,
    /// Key of the network that counts; `general` unless told.
    pub network: String,
    /// PMTiles base map; `None` = `basemap.pmtiles` in the data directory when it is there.
    pub base_map: Option<PathBuf>,
    /// The program that reads files of others in a process of its own (it must know `read-cells`); `None` = they are read
    /// here, without its ceilings.
    pub reader: Option<PathBuf>,
}

impl WallOptions {
    /// Options with everything by default, for a data directory.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            database: None,
            fixed_now: None,
            title: String::new(),
            demo: false,
            published: &[],
            zone: None,
            network: "general".into(),
            base_map: None,
            reader: None,
        }
    }
}

/// The wall. Cheap to clone.
#[derive(Clone)]
pub struct Wall {
    pub(crate) inner: Arc<WallInner>,
}

pub(crate) struct WallInner {
    store: Store,
    clock: clock::WallClock,
    zone: jiff::tz::TimeZone,
    zone_name: String,
    /// Whether that is the store's own zone, or was asked for; if not, it is this machine's.
    zone_own: bool,
    title: String,
    demo: bool,
    published: &'static [PublishedAccount],
    network_key: String,
    heat: HeatSettings,
    /// Tops of the colour ramps, kept as long as they fit so that the same colour means the same.
    scale: RwLock<HeatScale>,
    base_map: Option<BaseMapFile>,
    world: RwLock<world::World>,
    jobs: mpsc::Sender<intake::Waiting>,
    /// Categories that came in over HTTP and are not in the world yet.
    brought: Mutex<HashSet<String>>,
    frames: views::Frames,
    /// Why the store cannot be used at the moment, in a word.
    store_trouble: Mutex<Option<&'static str>>,
    last_write: AtomicI64,
    last_feed: AtomicI64,
    /// The plan whose open tickets were attributed, 0 = none yet: so that a change-over while the wall was down, or while
    /// the store was busy, is made up for.
    attributed_plan: AtomicI64,
    /// Up to which revision nothing waited for it.
    attributed_at: AtomicI64,
    /// When that is looked at again, by the system's clock.
    attribute_again: AtomicI64,
    counters: Counters,
    entrance: accounts::Entrance,
    stations: stations::Stations,
    open_plans: planning::OpenPlans,
    reading: reading::Reading,
    pictures: Pictures<pictures::Asked, HeatImage>,
    grounds: grounds::Grounds,
    /// By what the facts of tickets are decided; read by whoever writes first.
    basis: tokio::sync::Mutex<Option<facts::Basis>>,
    /// What was known at times that were asked about lately.
    known: tokio::sync::Mutex<Vec<Arc<known::Known>>>,
    late: tokio::sync::Mutex<late::LateNews>,
    /// Which build of the program this is.
    build: Option<String>,
    /// What this wall alone does of all on the store.
    duties: duties::Duties,
    /// Revision of the image that is kept of the world, 0 = of none.
    image: AtomicI64,
    /// The wall itself, where it acts without being asked (a plan takes effect).
    own: Actor,
}

/// How the heat is computed.
#[derive(Clone, Copy, Debug)]
struct HeatSettings {
    half_life_s: f64,
    sigma_m: f64,
}

/// Tops of the colour ramps, weighted open tickets per km².
#[derive(Clone, Copy, Debug)]
struct HeatScale {
    /// Of the raster.
    raster: f64,
    /// Of whole cells.
    cell: f64,
}

#[derive(Default)]
struct Counters {
    tickets_in: AtomicU64,
    positions_in: AtomicU64,
    /// Whether nothing is erased because the clock leapt.
    retention_held: AtomicBool,
}

impl Wall {
    /// Opens the store, loads the world and starts the follower and the intake. O(tickets).
    ///
    /// # Errors
    /// The store cannot be used, or the zone is unknown.
    pub async fn open(options: WallOptions) -> Result<Self, WallError> {
        let store = Store::open_at(&options.folder, options.database.as_deref()).await?;
        let (zone_name, zone_own) = zone::in_use(&store, options.zone).await?;
        let zone = zone::named(&zone_name)?;
        let map_file = options.base_map.unwrap_or_else(|| options.folder.join("basemap.pmtiles"));
        let base_map = match map_file.exists() {
            false => None,
            true => match BaseMapFile::open(&map_file).await {
                Ok(m) => Some(m),
                Err(e) => {
                    // A broken base map is no reason to go without the wall: plain ground, and said.
                    tracing::error!("base map {}: {e}; the wall shows plain ground", map_file.display());
                    None
                }
            },
        };
        let title = if options.title.is_empty() { store.setting("title").await?.unwrap_or_default() } else { options.title };
        let (jobs, waiting) = intake::line();
        let heat = HeatSettings { half_life_s: 24.0 * 3600.0, sigma_m: 120.0 };
        let empty = world::World::new(Arc::new(ground::Ground::empty()), UtcMs(0), zone.clone(), heat.half_life_s);
        let mut inner = WallInner {
            clock: clock::WallClock::new(options.fixed_now),
            zone,
            zone_name,
            zone_own,
            title,
            demo: options.demo,
            published: options.published,
            network_key: options.network,
            heat,
            scale: RwLock::new(queries::scale(&empty)),
            base_map,
            world: RwLock::new(empty),
            jobs,
            brought: Mutex::default(),
            frames: views::Frames::new(),
            store_trouble: Mutex::new(None),
            last_write: AtomicI64::new(store.last_write().await?.map_or(0, |t| t.0)),
            last_feed: AtomicI64::new(0),
            attributed_plan: AtomicI64::new(0),
            attributed_at: AtomicI64::new(0),
            attribute_again: AtomicI64::new(0),
            counters: Counters::default(),
            entrance: accounts::Entrance::new(),
            stations: stations::Stations::default(),
            open_plans: planning::OpenPlans::default(),
            reading: reading::Reading::new(options.reader),
            pictures: Pictures::new(pictures::DRAWN_AT_ONCE),
            grounds: grounds::Grounds::default(),
            basis: tokio::sync::Mutex::default(),
            known: tokio::sync::Mutex::default(),
            late: tokio::sync::Mutex::default(),
            build: load::build(),
            duties: duties::Duties::new(store.clone()),
            image: AtomicI64::new(0),
            own: Actor::new("gridwall", Role::Admin, "wall"),
            store,
        };
        if let Err(error) = inner.store.say_unsaid(&inner.own, system_now()).await {
            tracing::warn!(%error, "what was done to the store is not in the audit log yet");
        }
        let world = {
            let wall = Self { inner: Arc::new(inner) };
            let world = load::load(&wall).await?;
            inner = Arc::into_inner(wall.inner).ok_or_else(|| WallError::Invalid("the wall is opened twice".into()))?;
            world
        };
        inner.scale = RwLock::new(queries::scale(&world));
        inner.world = RwLock::new(world);
        let wall = Self { inner: Arc::new(inner) };
        tokio::spawn(intake::work(Arc::downgrade(&wall.inner), waiting));
        Ok(wall)
    }

    /// Starts following the store: from now on the world stays true and frames are sent.
    pub fn follow(&self) {
        tokio::spawn(duties::run(Arc::downgrade(&self.inner)));
        tokio::spawn(follow::run(Arc::downgrade(&self.inner)));
        tokio::spawn(keep::run(Arc::downgrade(&self.inner)));
        tokio::spawn(load::keep(Arc::downgrade(&self.inner)));
        tokio::spawn(late::run(Arc::downgrade(&self.inner)));
        tokio::spawn(search::index::run(Arc::downgrade(&self.inner)));
    }

    /// The store behind.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The wall's now.
    pub fn now(&self) -> UtcMs {
        self.inner.clock.now()
    }

    /// Moment and revision of the world as it stands.
    pub(crate) fn stands_at(&self) -> (UtcMs, i64) {
        let world = self.world();
        (world.now, world.revision)
    }

    /// The zone in which days begin and times are shown.
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.inner.zone
    }

    pub(crate) fn world(&self) -> RwLockReadGuard<'_, world::World> {
        self.inner.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn world_mut(&self) -> RwLockWriteGuard<'_, world::World> {
        self.inner.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the heat is shown now.
    fn scale(&self) -> HeatScale {
        *self.inner.scale.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fits the ramps anew when the data have outgrown them twice, or shrunk to a fifth; `true` when that was so.
    fn refit_scale(&self) -> bool {
        let fresh = queries::scale(&self.world());
        let mut scale = self.inner.scale.write().unwrap_or_else(PoisonError::into_inner);
        let ratio = fresh.cell / scale.cell;
        let misfit = !(0.2..=2.0).contains(&ratio);
        if misfit {
            *scale = fresh;
        }
        misfit
    }

    /// A feed spoke.
    fn fed(&self) {
        self.wrote(true);
    }

    /// Something was committed, by this process or another.
    fn wrote(&self, by_feed: bool) {
        let now = system_now().0;
        self.inner.last_write.store(now, Relaxed);
        if by_feed {
            self.inner.last_feed.store(now, Relaxed);
        }
    }

    /// Why the store cannot be read or written at the moment; `None` = it can.
    pub(crate) fn store_trouble(&self) -> Option<&'static str> {
        *self.inner.store_trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what keeps the store from being used; `true` when that is news.
    fn set_store_trouble(&self, trouble: Option<&'static str>) -> bool {
        let mut noted = self.inner.store_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *noted, trouble) != trouble
    }
}
