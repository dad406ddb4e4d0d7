//! The boundary planner: drafts opened, edited, figured, reviewed and published.
//!
//! Each open plan is a [`Session`](session::Session) in memory behind its own lock; the store is the truth. An edit
//! is on disk before its answer is given. Several people and processes may work: an edit on another head is refused.

mod data;
mod draft_cells;
mod edit;
mod edits;
mod envelope;
mod files;
mod findings;
mod ground_edit;
mod impact;
mod life;
mod moves;
mod naming;
mod owners;
mod propose;
mod queries;
mod refused;
mod session;
mod settings;
mod shape;
mod stand;
mod stuck;
mod succession;
mod touched;
mod unheld;
mod views;

use super::{Wall, WallError, clock::system_now};
use data::PlanningData;
pub use impact::Impact;
pub use life::{NewDraft, StepAsked};
use owners::Owners;
use refused::refusal;
pub use refused::{EditRefused, PlanError};
use session::{Around, NotReplayed, Session, Start};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
pub(in crate::wall) use succession::Handover;
use tokio::sync::{Mutex, OwnedMutexGuard};
use wall_core::{CellRecord, Network, Plan, PlanId, Right, UtcMs};
use wall_store::{Actor, ChangeKind, PlanRecord};

/// Plans kept open; the one not used for longest gives way.
const OPEN_PLANS: usize = 6;
/// Neighbours' borders are joined within so many metres when a draft is opened (decision 5).
const SNAP_M: f64 = 0.5;
/// Figures older than this are counted anew when a plan is opened, ms.
const FIGURES_MS: i64 = 60_000;

/// An open plan, and what the session was made of.
struct OpenPlan {
    session: Session,
    /// draft or in review: edits on top; published or retired: the cells as they are.
    edited: bool,
    network: Network,
    /// An edit was begun and not ended: what is in memory is not what is in the store.
    unsettled: bool,
    /// System time at which the figures were counted.
    counted: UtcMs,
    /// Line of the change log up to which others' changes were seen.
    seen: i64,
    used: u64,
}

/// Names of communities by code.
type Names = BTreeMap<String, String>;

/// Room for one open plan; empty until it is opened.
type Slot = Arc<Mutex<Option<OpenPlan>>>;

/// The plans that are open.
#[derive(Default)]
pub(crate) struct OpenPlans {
    slots: Mutex<HashMap<PlanId, Slot>>,
    present: Mutex<stand::Present>,
    uses: std::sync::atomic::AtomicU64,
}

/// A plan with what a list says of it.
#[derive(Debug)]
struct ListedPlan {
    record: PlanRecord,
    /// Key of its network.
    network: String,
    /// At the wall's now.
    in_force: bool,
}

/// An open plan taken, locked until it is dropped.
struct Taken {
    record: PlanRecord,
    guard: OwnedMutexGuard<Option<OpenPlan>>,
}

impl Taken {
    fn open(&mut self) -> Result<&mut OpenPlan, PlanError> {
        self.guard.as_mut().ok_or_else(|| WallError::Invalid("the plan is not open".into()).into())
    }

    fn session(&mut self) -> Result<&mut Session, PlanError> {
        Ok(&mut self.open()?.session)
    }
}

/// Whether a line of the change log may change what stands around a plan: owners, codes, rules, other plans.
fn around_changes(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Plan | ChangeKind::Owners | ChangeKind::Setting)
}

/// Refuses when the plan stands on another edit than the page shows (0 = the beginning).
fn same_head(record: &PlanRecord, seen: Option<i64>) -> Result<(), PlanError> {
    match seen.is_some_and(|seen| seen != record.head.unwrap_or(0)) {
        true => Err(refusal("head_moved", "the plan was changed meanwhile; look at it again", &[]).into()),
        false => Ok(()),
    }
}

impl Wall {
    /// The plans the actor may see, newest first.
    async fn listed_plans(&self, actor: &Actor, network: Option<&str>) -> Result<Vec<ListedPlan>, PlanError> {
        let networks = self.store().networks().await?;
        let wanted = match network {
            None => None,
            Some(key) => match networks.iter().find(|n| n.key == key) {
                Some(n) => Some(n.id),
                None => return Ok(Vec::new()),
            },
        };
        let key_of: HashMap<_, _> = networks.iter().map(|n| (n.id, n.key.as_str())).collect();
        let mut records = self.store().plan_records().await?;
        records.retain(|r| wanted.is_none_or(|n| r.plan.network == n));
        records.retain(|r| r.plan.effective_from.is_some() || actor.role.may(Right::SeeDrafts));
        let listed = |mut r: PlanRecord| {
            if !actor.role.may(Right::SeeDrafts) {
                // Whoever only looks at the wall learns neither sign-in names nor what was said in review.
                (r.author, r.submitted_by, r.reviewed_by, r.review_note) = Default::default();
                r.people.clear();
            }
            let network = key_of.get(&r.plan.network).copied().unwrap_or("");
            self.listed(r, network)
        };
        Ok(records.into_iter().map(listed).collect())
    }

    fn listed(&self, record: PlanRecord, network: &str) -> ListedPlan {
        ListedPlan { in_force: record.plan.in_force_at(self.now()), network: network.into(), record }
    }

    /// One plan of the list.
    async fn listed_plan(&self, plan: PlanId) -> Result<ListedPlan, PlanError> {
        let record = self.plan_record(plan).await?;
        let network = self.network_of_plan(&record).await?;
        Ok(self.listed(record, &network.key))
    }

    async fn plan_record(&self, plan: PlanId) -> Result<PlanRecord, PlanError> {
        let none = || WallError::NotFound(format!("there is no plan {}", plan.0));
        Ok(self.store().plan_record(plan).await?.ok_or_else(none)?)
    }

    async fn network_of_plan(&self, record: &PlanRecord) -> Result<Network, PlanError> {
        let none = || WallError::NotFound("the plan's network is gone".into());
        Ok(self.store().networks().await?.into_iter().find(|n| n.id == record.plan.network).ok_or_else(none)?)
    }

    /// The cells of the plan of a network in force at `at`, with the plan; `None` before the first plan.
    async fn cells_in_force(
        &self,
        network: wall_core::NetworkId,
        at: UtcMs,
    ) -> Result<Option<(PlanRecord, Vec<CellRecord>)>, PlanError> {
        let records = self.store().plan_records().await?;
        let of_network = records.into_iter().filter(|r| r.plan.network == network);
        let in_force = Plan::of_time(of_network, |r| &r.plan, at);
        let Some(record) = in_force else { return Ok(None) };
        let cells = self.store().written_cells(record.plan.id).await?;
        Ok(Some((record, cells)))
    }

    /// Takes a plan, opening it when it is not open, and brings it to where the store stands.
    async fn take(&self, actor: &Actor, plan: PlanId) -> Result<Taken, PlanError> {
        match self.take_as_far(actor, plan).await? {
            (taken, None) => Ok(taken),
            (taken, Some(why)) => Err(self.stuck(&taken.record, why).await?),
        }
    }

    /// The same, also where the store's head cannot be reached: then as far as the edits go, with why not farther.
    async fn take_as_far(&self, actor: &Actor, plan: PlanId) -> Result<(Taken, Option<NotReplayed>), PlanError> {
        self.plan_record(plan).await?;
        self.may(actor, Right::SeeDrafts)?;
        let slot = self.slot(plan).await;
        let mut guard = slot.lock_owned().await;
        // Read behind the lock: whoever held it may have moved the head.
        let record = self.plan_record(plan).await?;
        let use_now = self.inner.open_plans.uses.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let edited = record.plan.effective_from.is_none();
        if guard.as_ref().is_none_or(|o| o.edited != edited || o.unsettled) {
            *guard = Some(self.open_plan(&record, edited).await?);
        }
        let mut not_reached = None;
        if let Some(open) = guard.as_mut() {
            open.used = use_now;
            self.catch_up(&record, open).await?;
            if edited && open.session.head() != record.head {
                let edits = self.store().plan_edits(plan).await?;
                not_reached = open.session.go_to(&edits, record.head).err();
            }
        }
        Ok((Taken { record, guard }, not_reached))
    }

    async fn slot(&self, plan: PlanId) -> Slot {
        let mut slots = self.inner.open_plans.slots.lock().await;
        if slots.len() >= OPEN_PLANS && !slots.contains_key(&plan) {
            // Whoever holds a slot keeps it; of the others the one not used for longest goes.
            let idle = slots.iter().filter_map(|(id, s)| Some((s.try_lock().ok()?.as_ref().map_or(0, |o| o.used), *id))).min();
            if let Some((_, id)) = idle {
                slots.remove(&id);
            }
        }
        slots.entry(plan).or_default().clone()
    }

    async fn open_plan(&self, record: &PlanRecord, edited: bool) -> Result<OpenPlan, PlanError> {
        // Read first: what changes while the plan is opened is caught up with.
        let seen = self.store().revision().await?;
        let network = self.network_of_plan(record).await?;
        let base = match edited {
            true => self.store().draft_base(record.plan.id).await?,
            false => self.store().written_cells(record.plan.id).await?,
        };
        let around = self.around(record, network.id, (!edited).then_some(&base[..])).await?;
        let start =
            Start { data: Arc::new(PlanningData::load(self, &base).await?), around, snap_m: if edited { SNAP_M } else { 0.0 } };
        // Building takes seconds for a whole city: not on the threads that answer.
        let built = tokio::task::spawn_blocking(move || Session::new(&base, start)).await;
        let session = built
            .map_err(|_| WallError::Invalid("opening this plan failed; the wall goes on".into()))?
            .map_err(|e| WallError::Invalid(format!("the plan's cells cannot be brought together: {e}")))?;
        Ok(OpenPlan { session, edited, network, unsettled: false, counted: system_now(), seen, used: 0 })
    }

    /// Codes, owners, rules and plans as they are now; `cells` = those of a published plan itself.
    async fn around(
        &self,
        record: &PlanRecord,
        network: wall_core::NetworkId,
        cells: Option<&[CellRecord]>,
    ) -> Result<Around, PlanError> {
        let given: BTreeSet<String> = self.store().codes_ever_published(network).await?.into_iter().collect();
        let mut retired = given.clone();
        // A draft follows the last plan that was published, which may still wait for its time.
        let records = self.store().plan_records().await?;
        let published = records.iter().filter(|r| r.plan.network == network && r.plan.effective_from.is_some());
        let last = published.max_by_key(|r| (r.plan.effective_from, r.plan.id));
        if let Some(last) = last {
            self.store().written_cells(last.plan.id).await?.iter().for_each(|c| {
                retired.remove(&c.code);
            });
        }
        cells.unwrap_or_default().iter().for_each(|c| {
            retired.remove(&c.code);
        });
        let begins = record.plan.effective_from.or(last.and_then(|r| r.plan.effective_from));
        Ok(Around {
            given,
            retired,
            rules: self.planning_rules().await?,
            owners: Owners::load(self, network, self.now().max(begins.unwrap_or(UtcMs(i64::MIN)))).await?,
            behind: self.behind(record).await?,
            // What is published was acknowledged, or was drawn here.
            doubts: match record.plan.effective_from {
                None => self.store().plan_doubts(record.plan.id).await?,
                Some(_) => Vec::new(),
            },
        })
    }

    /// What others changed since the plan was opened or last looked at reaches it: owners, codes, settings, plans that were
    /// published, and what lies on the ground.
    async fn catch_up(&self, record: &PlanRecord, open: &mut OpenPlan) -> Result<(), PlanError> {
        let news = self.store().kinds_since(open.seen).await?;
        let Some(newest) = news.iter().map(|(_, revision)| *revision).max() else { return Ok(()) };
        if news.iter().any(|(kind, _)| around_changes(*kind)) {
            let cells = match open.edited {
                true => None,
                false => Some(self.store().written_cells(record.plan.id).await?),
            };
            let around = self.around(record, open.network.id, cells.as_deref()).await?;
            open.session.stand_in(around);
        }
        if news.iter().any(|(kind, _)| matches!(kind, ChangeKind::Building | ChangeKind::Street | ChangeKind::Staff)) {
            open.counted = UtcMs(i64::MIN);
        }
        open.seen = newest;
        Ok(())
    }

    /// The plan that was published after the one a draft was drawn from; `None` for a plan that is published itself, and for
    /// one that was drawn from nothing or from a file.
    async fn behind(&self, record: &PlanRecord) -> Result<Option<String>, PlanError> {
        if record.plan.effective_from.is_some() {
            return Ok(None);
        }
        let all: HashMap<PlanId, PlanRecord> = self.store().plan_records().await?.into_iter().map(|r| (r.plan.id, r)).collect();
        let mut root = record.base;
        // A draft drawn from a draft stands on what that one was drawn from; plans are older than what is drawn from them.
        while let Some(base) = root.and_then(|id| all.get(&id)).filter(|r| r.plan.effective_from.is_none()) {
            root = base.base.filter(|older| *older < base.plan.id);
        }
        let Some(root) = root.and_then(|id| all.get(&id)) else { return Ok(None) };
        let last = all
            .values()
            .filter(|r| r.plan.network == record.plan.network && r.plan.effective_from.is_some())
            .max_by_key(|r| (r.plan.effective_from, r.plan.id));
        Ok(last.filter(|last| last.plan.id != root.plan.id).map(|last| last.plan.name.clone()))
    }

    /// A plan is looked up anew next time: its cells, owners or the settings changed.
    async fn close_plans(&self, plan: Option<PlanId>) {
        let mut slots = self.inner.open_plans.slots.lock().await;
        match plan {
            Some(plan) => {
                slots.remove(&plan);
            }
            None => slots.clear(),
        }
    }

    async fn community_names(&self) -> Result<Names, PlanError> {
        let divisions = self.store().divisions().await?;
        Ok(divisions.into_iter().filter(|(_, level, _)| level == "community").map(|(code, _, name)| (code, name)).collect())
    }
}
