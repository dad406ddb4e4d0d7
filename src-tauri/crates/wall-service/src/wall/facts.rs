//! What a ticket is given where its message is silent: severity and due time by its category, a place by its address, a cell by
//! the plan in force.
//!
//! Such facts are stored, so they are decided inside the write, by what the store says at that revision: what another process
//! wrote just before counts, whether this wall has followed it or not. What was read is kept until a line of the change log says
//! that it is otherwise.

use super::{Wall, WallError, addresses::AddressBook, categories::CategoryTable, ground::Ground, write::Write};
use crate::import::calendars::{CHINA, CalendarData};
use jiff::tz::TimeZone;
use std::sync::Arc;
use wall_core::{CellIndex, NetworkId, Plan, PlanId, Severity, TicketFallback, TicketRecord, UtcMs, WorkCalendar};
use wall_store::{Attributed, ChangeKind, StoreError, TicketWrite};

/// The bundled calendar where it is the country's own, else plain working days.
fn work_calendar(zone: TimeZone, name: &str) -> WorkCalendar {
    let china = CalendarData::parse(CHINA).ok().filter(|c| c.zone.iana_name() == Some(name));
    china.and_then(|c| c.work_calendar().ok()).unwrap_or_else(|| WorkCalendar::plain(zone))
}

/// By what facts are decided, as the store had it at a revision.
pub(crate) struct Basis {
    /// Line of the change log up to which it is true.
    revision: i64,
    /// The newest line about plans that was not in the world when it was read; 0 = none.
    plans_changed: i64,
    network: Option<NetworkId>,
    plans: Vec<Plan>,
    /// Cells of the plan in force, while the world does not have them.
    cells: Option<(PlanId, Arc<CellIndex>)>,
    categories: Arc<CategoryTable>,
    calendar: Arc<WorkCalendar>,
    /// Read when the first address is looked up.
    addresses: Option<Arc<AddressBook>>,
}

/// Cells in which places are looked up.
enum Cells {
    /// Those that the world has anyway.
    OfWorld(Arc<Ground>),
    /// Of a plan that this wall has not followed yet.
    Read(Arc<CellIndex>),
}

impl Cells {
    fn index(&self) -> &CellIndex {
        match self {
            Self::OfWorld(ground) => &ground.index,
            Self::Read(index) => index,
        }
    }
}

/// By what the facts of one write are decided.
pub(super) struct Facts {
    now: UtcMs,
    /// Where places belong to cells; `None` = no plan is in force.
    ground: Option<(NetworkId, PlanId, Cells)>,
    categories: Arc<CategoryTable>,
    calendar: Arc<WorkCalendar>,
    /// `None` = no record is without a place and with an address.
    addresses: Option<Arc<AddressBook>>,
}

impl Facts {
    /// Records with what is known where they are silent. O(records).
    pub fn of(&self, records: &[TicketRecord]) -> Vec<TicketWrite> {
        records.iter().map(|r| self.of_one(r)).collect()
    }

    fn of_one(&self, r: &TicketRecord) -> TicketWrite {
        let reported_at = r.reported_at.unwrap_or(self.now);
        let category = self.categories.find(&r.category, reported_at);
        let deadline = category.and_then(|c| Some((c.deadline_s?, c.deadline_kind)));
        let found = self.addresses.as_ref().filter(|_| asks_address(r)).and_then(|book| book.find(&r.address));
        let place = r.place.or(found.map(|s| s.place));
        TicketWrite {
            fallback: TicketFallback {
                severity: category.and_then(|c| c.default_severity).unwrap_or(Severity::DEFAULT),
                platform: category.and_then(|c| c.platform),
                reported_at,
                now: self.now,
                due_at: deadline.map(|(s, kind)| self.calendar.due_at(reported_at, s, kind)),
                sensitive: category.is_some_and(|c| c.sensitive),
                found,
            },
            attributed: self.ground.as_ref().zip(place).map(|((network, plan, cells), place)| Attributed {
                network: *network,
                plan: *plan,
                cell: cells.index().cell_at(place),
            }),
            record: r.clone(),
        }
    }
}

/// Whether a record leaves its place to its address.
pub(super) fn asks_address(r: &TicketRecord) -> bool {
    r.place.is_none() && !r.address.is_empty()
}

impl Wall {
    /// By what the facts of records are decided, inside an open write: nobody else writes until it ends; `by_address` when one of them
    /// leaves its place to its address. One question for what changed; O(cells) and the like only after such a change.
    pub(super) async fn facts(&self, _inside: &Write<'_>, by_address: bool) -> Result<Facts, WallError> {
        let mut kept = self.inner.basis.lock().await;
        let mut basis = self.brought_up(kept.take()).await?;
        let addresses = match by_address {
            true => Some(match basis.addresses.clone() {
                Some(book) => book,
                None => Arc::new(AddressBook::new(self.store().addressed().await?)),
            }),
            false => None,
        };
        let now = self.now();
        let in_force = Plan::of_time(&basis.plans, |p| p, now).map(|p| p.id);
        let (ground, cells) = match basis.network.zip(in_force) {
            None => (None, None),
            Some((network, plan)) => {
                let (cells, read) = self.cells_of(plan, &basis).await?;
                (Some((network, plan, cells)), read.map(|read| (plan, read)))
            }
        };
        basis.cells = cells;
        if addresses.is_some() {
            basis.addresses.clone_from(&addresses);
        }
        let facts = Facts { now, ground, categories: basis.categories.clone(), calendar: basis.calendar.clone(), addresses };
        *kept = Some(basis);
        Ok(facts)
    }

    /// The cells of the plan in force: those of the world where they are the same, and what was read where they are not.
    async fn cells_of(&self, plan: PlanId, basis: &Basis) -> Result<(Cells, Option<Arc<CellIndex>>), StoreError> {
        {
            let world = self.world();
            if world.revision >= basis.plans_changed && world.ground.plan.as_ref().is_some_and(|p| p.id == plan) {
                return Ok((Cells::OfWorld(world.ground.clone()), None));
            }
        }
        let read = match &basis.cells {
            Some((of, index)) if *of == plan => index.clone(),
            _ => Arc::new(CellIndex::build(&self.store().cells(plan).await?)),
        };
        Ok((Cells::Read(read.clone()), Some(read)))
    }

    /// A basis with what the store says now. O(1) where nothing of it changed.
    async fn brought_up(&self, kept: Option<Basis>) -> Result<Basis, WallError> {
        let store = self.store();
        let from = kept.as_ref().map_or_else(|| self.world().revision, |b| b.revision);
        let since = store.kinds_since(from).await?;
        let newest = |kind: ChangeKind| since.iter().find(|(k, _)| *k == kind).map(|(_, revision)| *revision);
        let revision = since.iter().map(|(_, revision)| *revision).max().unwrap_or(from);
        let Some(mut basis) = kept else {
            let (network, plans) = self.published().await?;
            return Ok(Basis {
                revision,
                plans_changed: newest(ChangeKind::Plan).unwrap_or(0),
                network,
                plans,
                cells: None,
                categories: Arc::new(CategoryTable::new(store.categories().await?)),
                calendar: Arc::new(self.calendar().await?),
                addresses: None,
            });
        };
        basis.revision = revision;
        if let Some(changed) = newest(ChangeKind::Plan) {
            (basis.plans_changed, basis.cells) = (changed, None);
            (basis.network, basis.plans) = self.published().await?;
        }
        if newest(ChangeKind::Category).is_some() {
            basis.categories = Arc::new(CategoryTable::new(store.categories().await?));
        }
        if newest(ChangeKind::Setting).is_some() {
            basis.calendar = Arc::new(self.calendar().await?);
        }
        if newest(ChangeKind::Building).or(newest(ChangeKind::Street)).is_some() {
            basis.addresses = None;
        }
        Ok(basis)
    }

    /// The network that counts and its plans. O(plans).
    async fn published(&self) -> Result<(Option<NetworkId>, Vec<Plan>), StoreError> {
        let network = self.store().networks().await?.into_iter().find(|n| n.key == self.inner.network_key).map(|n| n.id);
        let plans = match network {
            Some(network) => self.store().plans(network).await?.into_iter().map(|p| p.plan).collect(),
            None => vec![],
        };
        Ok((network, plans))
    }

    /// The working days of the store's zone; of the wall's own until the store has one.
    async fn calendar(&self) -> Result<WorkCalendar, WallError> {
        Ok(match self.store().setting("zone").await? {
            Some(name) => {
                let unknown = |_| {
                    let words = format!(
                        "this program does not know the store's time zone {name}, so no due time is certain: bring it up to date"
                    );
                    std::io::Error::other(words)
                };
                work_calendar(TimeZone::get(&name).map_err(unknown)?, &name)
            }
            None => work_calendar(self.zone().clone(), &self.inner.zone_name),
        })
    }
}
