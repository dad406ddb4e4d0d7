//! The boundary planner's desk: drafts opened, edited, figured, reviewed and published.
//!
//! Each plan on the desk is a [`Session`](session::Session) in memory behind its own lock; the store is the truth. An edit
//! is on disk before its answer is given. Several people and processes may work: an edit on another head is refused.

mod ask;
mod data;
mod desk_cells;
mod edit;
mod files;
mod findings;
mod impact;
mod life;
mod moves;
mod naming;
mod owners;
mod propose;
mod session;
mod settings;
mod shape;
mod stand;
mod stuck;
mod succession;
mod unheld;
mod view;

use super::{Wall, WallError, clock::system_now};
use crate::wire::{EditRefusal, PlanStuck, PlanSummary};
use data::PlanningData;
use owners::Owners;
use session::{Around, NotReplayed, Session, Start};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
pub(in crate::wall) use succession::Handover;
use tokio::sync::{Mutex, OwnedMutexGuard};
use wall_core::{CellRecord, EngineFault, Face, Network, PlanId, PlanStatus, UtcMs};
use wall_store::{Actor, ChangeKind, PlanRecord, Role, StoreError};

/// Plans kept on the desk; the one not used for longest gives way.
const OPEN_PLANS: usize = 6;
/// Neighbours' borders are joined within so many metres when a draft is opened (decision 5).
const SNAP_M: f64 = 0.5;
/// Figures older than this are counted anew when a plan is opened, ms.
const FIGURES_MS: i64 = 60_000;

/// Why the planner's wish was not done.
#[derive(Debug)]
pub enum PlanError {
    /// Not by anybody, or not now.
    Wall(WallError),
    /// An edit or step that cannot be; nothing was changed.
    Refused(EditRefusal),
    /// The draft cannot be brought to where it stands; with the way on.
    Stuck(Box<PlanStuck>),
}

impl From<WallError> for PlanError {
    fn from(e: WallError) -> Self {
        Self::Wall(e)
    }
}

impl From<StoreError> for PlanError {
    fn from(e: StoreError) -> Self {
        Self::Wall(e.into())
    }
}

impl From<EditRefusal> for PlanError {
    fn from(e: EditRefusal) -> Self {
        Self::Refused(e)
    }
}

impl From<EngineFault> for PlanError {
    /// An answer that is not known is none: it is said with its place.
    fn from(fault: EngineFault) -> Self {
        let mut refused = refusal("not_computed", &format!("this cannot be computed: {fault}"), &[]);
        (refused.lon, refused.lat) = (Some(fault.place.lon), Some(fault.place.lat));
        refused.into()
    }
}

fn refusal(code: &str, message: &str, faces: &[Face]) -> EditRefusal {
    EditRefusal { code: code.into(), message: message.into(), lon: None, lat: None, faces: faces.iter().map(|f| f.0).collect() }
}

/// A plan on the desk, and what the session was made of.
struct Open {
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

type Place = Arc<Mutex<Option<Open>>>;

/// The plans on the desk.
#[derive(Default)]
pub(crate) struct Desk {
    places: Mutex<HashMap<PlanId, Place>>,
    present: Mutex<stand::Present>,
    uses: std::sync::atomic::AtomicU64,
}

/// A plan taken from the desk, locked until it is dropped.
struct Taken {
    record: PlanRecord,
    guard: OwnedMutexGuard<Option<Open>>,
}

impl Taken {
    fn open(&mut self) -> Result<&mut Open, PlanError> {
        self.guard.as_mut().ok_or_else(|| WallError::Invalid("the plan is not on the desk".into()).into())
    }

    fn session(&mut self) -> Result<&mut Session, PlanError> {
        Ok(&mut self.open()?.session)
    }
}

/// Whether a line of the change log may change what stands around a plan: owners, codes, rules, other plans.
fn around_changes(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Plan | ChangeKind::Owners | ChangeKind::Setting)
}

/// May look at drafts.
fn sees_drafts(role: Role) -> bool {
    matches!(role, Role::Planner | Role::Leader | Role::Registrar | Role::Admin)
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
    pub async fn plan_list(&self, actor: &Actor, network: Option<&str>) -> Result<Vec<PlanSummary>, PlanError> {
        let networks = self.store().networks().await?;
        let wanted = match network {
            None => None,
            Some(key) => match networks.iter().find(|n| n.key == key) {
                Some(n) => Some(n.id),
                None => return Ok(Vec::new()),
            },
        };
        let key_of: HashMap<_, _> = networks.iter().map(|n| (n.id, n.key.as_str())).collect();
        let records = self.store().plan_records().await?;
        let shown = records
            .iter()
            .filter(|r| wanted.is_none_or(|n| r.plan.network == n))
            .filter(|r| r.plan.effective_from.is_some() || sees_drafts(actor.role));
        let summary = |r: &PlanRecord| {
            let mut plan = self.summary(r, key_of.get(&r.plan.network).copied().unwrap_or(""));
            if !sees_drafts(actor.role) {
                // Whoever only looks at the wall learns neither sign-in names nor what was said in review.
                (plan.author, plan.submitted_by, plan.reviewed_by, plan.review_note) = Default::default();
                plan.people.clear();
            }
            plan
        };
        Ok(shown.map(summary).collect())
    }

    fn summary(&self, r: &PlanRecord, network: &str) -> PlanSummary {
        PlanSummary {
            id: r.plan.id.0,
            network: network.into(),
            name: r.plan.name.clone(),
            status: r.plan.status.code().into(),
            in_force: r.plan.in_force_at(self.now()),
            approved: r.approved && r.plan.status == PlanStatus::InReview,
            effective_from_ms: r.plan.effective_from.map(|t| t.0),
            effective_to_ms: r.plan.effective_to.map(|t| t.0),
            base_plan: r.base.map(|b| b.0),
            author: r.author.clone(),
            submitted_by: r.submitted_by.clone(),
            reviewed_by: r.reviewed_by.clone(),
            people: r.people.clone(),
            review_note: r.review_note.clone(),
            cells: r.cells,
            edits: r.edits,
            changed_ms: r.changed_at.0,
        }
    }

    /// One plan of the list.
    pub async fn plan_summary(&self, plan: PlanId) -> Result<PlanSummary, PlanError> {
        let record = self.plan_record(plan).await?;
        let network = self.network_of_plan(&record).await?;
        Ok(self.summary(&record, &network.key))
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
        let in_force = records
            .into_iter()
            .filter(|r| r.plan.network == network && r.plan.in_force_at(at))
            .max_by_key(|r| (r.plan.effective_from, r.plan.id));
        let Some(record) = in_force else { return Ok(None) };
        let cells = self.store().written_cells(record.plan.id).await?;
        Ok(Some((record, cells)))
    }

    /// Takes a plan from the desk, opening it when it is not there, and brings it to where the store stands.
    async fn take(&self, actor: &Actor, plan: PlanId) -> Result<Taken, PlanError> {
        match self.take_as_far(actor, plan).await? {
            (taken, None) => Ok(taken),
            (taken, Some(why)) => Err(self.stuck(&taken.record, why).await?),
        }
    }

    /// The same, also where the store's head cannot be reached: then as far as the edits go, with why not farther.
    async fn take_as_far(&self, actor: &Actor, plan: PlanId) -> Result<(Taken, Option<NotReplayed>), PlanError> {
        self.plan_record(plan).await?;
        if !sees_drafts(actor.role) {
            return Err(WallError::Forbidden(format!("the role {} may not see this plan", actor.role.code())).into());
        }
        let place = self.place(plan).await;
        let mut guard = place.lock_owned().await;
        // Read behind the lock: whoever held it may have moved the head.
        let record = self.plan_record(plan).await?;
        let use_now = self.inner.desk.uses.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
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

    async fn place(&self, plan: PlanId) -> Place {
        let mut places = self.inner.desk.places.lock().await;
        if places.len() >= OPEN_PLANS && !places.contains_key(&plan) {
            // Whoever holds a place keeps it; of the others the one not used for longest goes.
            let idle = places.iter().filter_map(|(id, p)| Some((p.try_lock().ok()?.as_ref().map_or(0, |o| o.used), *id))).min();
            if let Some((_, id)) = idle {
                places.remove(&id);
            }
        }
        places.entry(plan).or_default().clone()
    }

    async fn open_plan(&self, record: &PlanRecord, edited: bool) -> Result<Open, PlanError> {
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
        Ok(Open { session, edited, network, unsettled: false, counted: system_now(), seen, used: 0 })
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
    async fn catch_up(&self, record: &PlanRecord, open: &mut Open) -> Result<(), PlanError> {
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
    async fn clear_desk(&self, plan: Option<PlanId>) {
        let mut places = self.inner.desk.places.lock().await;
        match plan {
            Some(plan) => {
                places.remove(&plan);
            }
            None => places.clear(),
        }
    }

    async fn community_names(&self) -> Result<view::Names, PlanError> {
        let divisions = self.store().divisions().await?;
        Ok(divisions.into_iter().filter(|(_, level, _)| level == "community").map(|(code, _, name)| (code, name)).collect())
    }
}
