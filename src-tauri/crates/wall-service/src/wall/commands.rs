//! Commands: everything that changes the store enters here, with its actor.

use super::{
    Wall, WallError,
    clock::system_now,
    duties::Duty,
    facts::asks_address,
    intake::Job,
    planning::Handover,
    reach::{PositionOutcome, Target, TicketTaken},
    shown::Sight,
    write::Unaudited,
};
use crate::things::Thing;
use std::{
    collections::HashSet,
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::sync::{mpsc::error::TrySendError, oneshot};
use wall_core::{
    Cell, CellId, CellIndex, CellRecord, NetworkId, Origin, OwnerRecord, Place, PlanId, PositionRecord, Right, TicketRecord,
    TicketStatus, Unbound, UtcMs, Whole, Within,
};
use wall_store::{Actor, ChangeBatch, PLAN_EPOCH, PlanDraft, StoredPlan, TicketOutcome, Upserts, WriteTx};

/// Categories that the table does not know and that senders may bring, all together.
pub const NEW_CATEGORIES: usize = 1_000;
/// Why a ticket of a source that is not the sender's is not taken.
pub(crate) fn foreign_source(source: &str) -> String {
    let shown = crate::import::read::shown(source);
    format!(
        "this token may not write tickets of the source {shown}: make one that may, with `gridwall token create NAME --source {shown}`"
    )
}

/// Records of one import transaction.
const IMPORT_CHUNK: usize = 4_096;

/// A plan to be imported.
#[derive(Clone, Copy, Debug)]
pub struct CellsImport<'a> {
    /// Key of the network.
    pub network: &'a str,
    /// Name of the plan.
    pub name: &'a str,
    /// Its cells.
    pub records: &'a [CellRecord],
    /// What is doubtful about the file they come from ([`crate::import::BLOCKING`]); stays with a draft until it is published.
    pub doubts: &'a [&'a str],
    /// Whether it takes effect …
    pub publish: bool,
    /// … and from when (`None`: a first plan since always, a later one from now).
    pub effective: Option<UtcMs>,
}

/// What became of an import of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellsDone {
    /// The plan: new, or the known one with the same content.
    pub plan: PlanId,
    /// Its name.
    pub name: String,
    /// `draft` or `published`.
    pub status: String,
    /// Whether the plan is new.
    pub new: bool,
    /// From when it is in force.
    pub effective_from: Option<UtcMs>,
    /// Until when, where another plan follows it already.
    pub effective_to: Option<UtcMs>,
    /// Tickets attributed to its cells.
    pub attributed: u64,
    /// Codes of the plan before that no cell carries any more; their owners end with it.
    pub codes_ended: Vec<String>,
    /// Codes that had ended with an earlier plan and are carried again, with the owners they had.
    pub codes_returned: Vec<String>,
    /// Lines of owners that ended because the cells name others.
    pub owners_ended: usize,
    /// Lines of owners that the cells name and that are new.
    pub owners_begun: usize,
    /// Owners that the cells name and that wait, because the plan is a draft and its codes are in use.
    pub owners_waiting: usize,
    /// The zone that the store was given with these cells, having had none.
    pub zone: Option<String>,
}

impl Wall {
    /// Takes tickets in, each where it lies within the actor's scope. Group commit: when this returns, each outcome is on disk.
    pub async fn put_tickets(&self, actor: &Actor, records: Vec<TicketRecord>) -> Result<Vec<TicketTaken>, WallError> {
        self.may(actor, Right::PushTickets)?;
        if let Some(foreign) = records.iter().find(|r| !actor.may_write(&r.source)) {
            return Err(WallError::Forbidden(foreign_source(&foreign.source)));
        }
        let (reply, answer) = oneshot::channel();
        self.queue(Job::Tickets { actor: actor.clone(), records, reply })?;
        answer.await.map_err(|_| WallError::QueueFull { retry_after_s: 1 })?
    }

    /// Whether a ticket of this category may come in over HTTP: the table or a ticket knows it, or there are still fewer
    /// than [`NEW_CATEGORIES`] that the table does not know. `stats --by category` shows which those are.
    pub fn admits_category(&self, code: &str) -> bool {
        let world = self.world();
        if code.is_empty() || world.categories.knows(code) {
            return true;
        }
        let mut brought = self.inner.brought.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that came in since are counted by the world.
        brought.retain(|c| !world.categories.knows(c));
        if brought.contains(code) {
            return true;
        }
        let room = world.categories.unlisted() + brought.len() < NEW_CATEGORIES;
        if room {
            brought.insert(code.to_owned());
        }
        room
    }

    /// Takes positions in, of staff who walk a cell within the actor's scope.
    pub async fn put_positions(&self, actor: &Actor, records: Vec<PositionRecord>) -> Result<Vec<PositionOutcome>, WallError> {
        self.may(actor, Right::PushPositions)?;
        let (reply, answer) = oneshot::channel();
        self.queue(Job::Positions { actor: actor.clone(), records, reply })?;
        answer.await.map_err(|_| WallError::QueueFull { retry_after_s: 1 })?
    }

    fn queue(&self, job: Job) -> Result<(), WallError> {
        self.inner.jobs.try_send(job.into()).map_err(|e| match e {
            TrySendError::Full(_) | TrySendError::Closed(_) => WallError::QueueFull { retry_after_s: 1 },
        })
    }

    /// Moves a ticket by hand at `at`; only legal moves.
    pub async fn move_ticket(
        &self,
        actor: &Actor,
        source: &str,
        external_id: &str,
        to: TicketStatus,
        at: UtcMs,
        reason: &str,
    ) -> Result<(), WallError> {
        self.may(actor, Right::MoveTickets)?;
        self.may_move_of(actor, source)?;
        let mut tx = self.write_within(actor, Within::MoveTickets, Target::Ticket(source, external_id)).await?;
        let id = tx
            .ticket_id(source, external_id)
            .await?
            .ok_or_else(|| WallError::NotFound(format!("there is no ticket {external_id} of {source}")))?;
        tx.move_ticket(id, to, at, reason).await?;
        tx.commit_unaudited(Unaudited::OwnHistory).await?;
        Ok(())
    }

    /// Imports cells as a plan; with `publish`, from `effective` on. Owners that the cells name take over when it takes effect:
    /// whoever led before ends there. The same content again changes nothing, unless its plan was
    /// followed by another one meanwhile: then it takes effect anew, as a plan of its own.
    pub async fn import_cells(
        &self,
        actor: &Actor,
        import: CellsImport<'_>,
        detail: &serde_json::Value,
    ) -> Result<CellsDone, WallError> {
        let CellsImport { network, name, records, doubts, publish, effective } = import;
        self.may(actor, Right::ImportCells)?;
        let hash = self.store().cells_hash(records);
        let mut tx = self.write(actor, Whole::ImportCells).await?;
        let network_id = tx.network(network, network).await?;
        // A plan that somebody draws, or drew and put away, is theirs, even where its cells are still those of the file.
        let drawn: std::collections::BTreeSet<PlanId> = self.store().drawn_plans(network_id).await?.into_iter().collect();
        let same = |p: &StoredPlan| p.content_hash == hash && (p.plan.effective_from.is_some() || !drawn.contains(&p.plan.id));
        let mut same: Vec<StoredPlan> = self.store().plans(network_id).await?.into_iter().filter(same).collect();
        // Of several the last one that was published.
        same.sort_by_key(|p| (p.plan.effective_from, p.plan.id));
        // What was in force once and is no more is not in force because it is known.
        let past = |p: &StoredPlan| p.plan.effective_to.is_some_and(|to| to <= tx.recorded_at().max(self.now()));
        let known = same.pop().filter(|p| !(publish && past(p)));
        let (plan, first, new) = match &known {
            Some(p) => (p.plan.id, None, false),
            None => {
                let (plan, first) = tx.draft_plan(&PlanDraft { network: network_id, name, cells: records }).await?;
                // Published now, they were acknowledged; a draft is asked about them when it is published.
                if !publish {
                    tx.doubt_plan(plan, doubts).await?;
                }
                (plan, Some(first), true)
            }
        };
        let already = known.as_ref().filter(|p| p.plan.effective_from.is_some());
        let mut done = CellsDone {
            plan,
            name: known.as_ref().map_or(name, |p| &p.plan.name).to_owned(),
            status: known.as_ref().map_or("draft", |p| p.plan.status.code()).to_owned(),
            new,
            effective_from: already.and_then(|p| p.plan.effective_from),
            effective_to: already.and_then(|p| p.plan.effective_to),
            attributed: 0,
            codes_ended: Vec::new(),
            codes_returned: Vec::new(),
            owners_ended: 0,
            owners_begun: 0,
            owners_waiting: 0,
            zone: None,
        };
        let mut handover = Handover::default();
        if publish && already.is_none() {
            let before = tx.last_published(network_id).await?;
            let from = tx.publish_plan(plan, effective).await?;
            handover = self.handover(network_id, records, from, from.max(tx.recorded_at())).await?;
            // Owners that change with a plan that waits are taken back with it.
            let with_plan = before.is_some() && from >= tx.recorded_at();
            let nobody = Handover::default();
            if let Some(before) = before {
                let with = if with_plan { &handover } else { &nobody };
                let then = self.follow_by_import(&mut tx, network_id, before, (plan, records), from, with).await?;
                (done.codes_ended, done.codes_returned) = (then.ended, then.returned);
            }
            if !with_plan {
                put_handover(&mut tx, network_id, &handover).await?;
            }
            done.effective_from = Some(from);
            done.status = "published".into();
            if from <= system_now().max(self.now()) {
                let cells = match first {
                    Some(first) => numbered(plan, first, records),
                    None => self.store().cells(plan).await?,
                };
                let index = CellIndex::build(&cells);
                let places = self.world().homes.places();
                // A sensitive ticket moves with the middle of its home, not with its own place.
                let cell_at = move |w: &wall_store::WaitingTicket| {
                    index.cell_at(w.home.and_then(|h| places.get(&h).copied()).unwrap_or(w.place))
                };
                done.attributed = tx.attribute_all(network_id, plan, &cell_at).await?;
            }
        }
        if let (true, Some(from)) = (publish, already.and_then(|p| p.plan.effective_from)) {
            // The cells are known and published: what is new are their owners.
            let at = from.max(tx.recorded_at()).max(self.now());
            handover = self.handover(network_id, records, from, at).await?;
            put_handover(&mut tx, network_id, &handover).await?;
        }
        if !publish {
            // A draft changes nobody's place: only codes that were never in use have their owners with it.
            let used: HashSet<String> = self.store().codes_ever_published(network_id).await?.into_iter().collect();
            let waits = self.handover(network_id, records, PLAN_EPOCH, tx.recorded_at().max(self.now())).await?;
            let (waiting, fresh) = waits
                .begin
                .into_iter()
                .partition::<Vec<_>, _>(|r| used.contains(&r.cell_code) || r.valid_from != Some(PLAN_EPOCH));
            done.owners_waiting = waiting.len();
            handover.begin = fresh;
            put_handover(&mut tx, network_id, &handover).await?;
        }
        (done.owners_ended, done.owners_begun) = (handover.end.len(), handover.begin.len());
        if !handover.is_empty() {
            let detail = serde_json::json!({ "network": network, "begun": done.owners_begun, "ended": done.owners_ended });
            tx.audit("import.owners", &detail.to_string()).await?;
        }
        if new && self.store().setting("zone").await?.is_none() {
            // It gets the zone that was asked for, else the one that goes with where its cells lie.
            let asked = self.inner.zone_own.then(|| self.inner.zone_name.clone());
            done.zone = asked.or_else(|| super::zone::of_cells(records).map(str::to_owned));
            if let Some(zone) = &done.zone {
                tx.set_setting("zone", zone).await?;
            }
        }
        let taken = new || (publish && already.is_none());
        if taken {
            tx.audit("import.cells", &detail.to_string()).await?;
        }
        if taken || !handover.is_empty() {
            tx.commit_audited().await?;
        }
        Ok(done)
    }

    /// Imports tickets from elsewhere: any status is taken as it is. Chunked; each chunk is on disk when its outcomes
    /// are handed to `told`. Several processes may do this at once.
    pub async fn import_tickets(&self, actor: &Actor, records: &[TicketRecord]) -> Result<Vec<TicketOutcome>, WallError> {
        self.import_all(actor, records, false).await
    }

    /// The same for an input that was imported whole before: known tickets stay as they are, whatever came since.
    pub async fn import_tickets_again(&self, actor: &Actor, records: &[TicketRecord]) -> Result<Vec<TicketOutcome>, WallError> {
        self.import_all(actor, records, true).await
    }

    async fn import_all(&self, actor: &Actor, records: &[TicketRecord], again: bool) -> Result<Vec<TicketOutcome>, WallError> {
        self.may(actor, Right::ImportTickets)?;
        let mut outcomes = Vec::with_capacity(records.len());
        for chunk in records.chunks(IMPORT_CHUNK) {
            let mut tx = self.write_within(actor, Within::ImportTickets, Target::Each).await?;
            let writes = self.facts(&tx, chunk.iter().any(asks_address)).await?.of(chunk);
            let taken = tx.put_tickets(Right::ImportTickets, writes, Origin::Imported, again).await?;
            let done = taken.into_iter().map(|taken| match taken {
                TicketTaken::Done(outcome) => Ok(outcome),
                TicketTaken::OutsideScope(why) => Err(WallError::OutsideScope(format!(
                    "{why}. {} records before it are on disk, and of this part and those after it nothing is",
                    outcomes.len()
                ))),
            });
            let done = done.collect::<Result<Vec<_>, _>>()?;
            let count = |what: fn(&TicketOutcome) -> bool| done.iter().filter(|o| what(o)).count();
            let created = count(|o| matches!(o, TicketOutcome::Created(_)));
            let updated = count(|o| matches!(o, TicketOutcome::Updated(_)));
            // With what it tells of: an import that is killed leaves no chunk without its line.
            if created + updated > 0 {
                let detail =
                    serde_json::json!({ "created": created, "updated": updated, "unchanged": done.len() - created - updated });
                tx.commit("import.tickets.chunk", &detail).await?;
            } else {
                tx.commit_unaudited(Unaudited::Unchanged).await?;
            }
            outcomes.extend(done);
        }
        Ok(outcomes)
    }

    /// Names a district, street or community.
    pub async fn name_division(&self, actor: &Actor, code: &str, level: &str, name: &str) -> Result<(), WallError> {
        let mut tx = self.write_within(actor, Within::NameDivisions, Target::Division(code)).await?;
        tx.put_division(code, level, name).await?;
        tx.commit("division.name", &serde_json::json!({ "code": code, "level": level, "name": name })).await?;
        Ok(())
    }

    /// A line of the audit log about an import that was done in chunks.
    pub async fn audit(&self, actor: &Actor, action: &str, detail: &serde_json::Value) -> Result<(), WallError> {
        self.write(actor, Unbound::SumUpImports).await?.commit(action, detail).await?;
        Ok(())
    }

    /// The end of an import of tickets that was done in chunks: its line of the audit log, and what was imported, so that the
    /// same again is known.
    pub async fn note_ticket_import(
        &self,
        actor: &Actor,
        digest: &[u8; 32],
        detail: &serde_json::Value,
    ) -> Result<(), WallError> {
        let mut tx = self.write(actor, Unbound::SumUpImports).await?;
        tx.note_ticket_import(digest).await?;
        tx.commit("import.tickets", detail).await?;
        Ok(())
    }

    /// Whether a place lies outside all cells in force.
    pub fn is_outside(&self, place: Place) -> bool {
        self.world().ground.index.cell_at(place).is_none()
    }

    /// Lines of the change log after `since`; waits up to `wait_ms` for the first.
    pub async fn changes(&self, _actor: &Actor, since: i64, limit: u32, wait_ms: u64) -> Result<ChangeBatch, WallError> {
        let until = tokio::time::Instant::now() + Duration::from_millis(wait_ms.min(60_000));
        loop {
            let batch = self.store().changes_since(since, limit.clamp(1, 10_000)).await?;
            if batch.from_revision > since {
                return Err(WallError::BelowFloor { since, floor: batch.from_revision });
            }
            if !batch.changes.is_empty() || tokio::time::Instant::now() >= until {
                return Ok(batch);
            }
            tokio::select! {
                () = self.store().committed() => {}
                () = tokio::time::sleep(Duration::from_millis(250)) => {}
            }
        }
    }

    /// Whether the store answers and was written just now: when nobody else did, by a proof.
    pub async fn ready(&self) -> Result<(), WallError> {
        self.store().look().await?;
        self.store().revision().await?;
        Ok(self.store().proved_within(Duration::from_secs(1), Duration::from_secs(2)).await?)
    }

    /// Counters for `/metrics`: name, help, value.
    pub async fn metrics(&self) -> Result<Vec<(&'static str, &'static str, f64)>, WallError> {
        let stored = self.store().ticket_count().await?;
        let tidied = self.store().tidied().await?;
        let world = self.world();
        let open = world.counts(&Sight::Exact).open();
        let c = &self.inner.counters;
        Ok(vec![
            ("gridwall_revision", "Newest line of the change log the world has applied", world.revision as f64),
            (
                "gridwall_position_number",
                "Number of the newest position the world has applied; -1 = there is none",
                world.newest_position as f64,
            ),
            (
                "gridwall_image_revision",
                "Revision up to which the kept image of the world is true; 0 = none is kept or could be believed",
                self.inner.image.load(Relaxed) as f64,
            ),
            ("gridwall_tickets_stored", "Tickets on disk", stored as f64),
            ("gridwall_tickets_open", "Tickets open at the wall's time", open as f64),
            ("gridwall_cells", "Cells of the plan in force", world.ground.cells.len() as f64),
            ("gridwall_tickets_in_total", "Ticket records taken in over HTTP since the start", c.tickets_in.load(Relaxed) as f64),
            ("gridwall_positions_in_total", "Position records taken in since the start", c.positions_in.load(Relaxed) as f64),
            ("gridwall_frames_total", "Frames sent to viewers since the start", self.inner.frames.sent() as f64),
            ("gridwall_pictures_drawn_total", "Heat pictures drawn since the start", self.inner.pictures.drawn() as f64),
            ("gridwall_viewers", "Viewers subscribed to frames", self.inner.frames.viewers() as f64),
            (
                "gridwall_intake_waiting",
                "Requests waiting in the intake line",
                (self.inner.jobs.max_capacity() - self.inner.jobs.capacity()) as f64,
            ),
            (
                "gridwall_audit_anchor_failures_total",
                "Times the anchor of the audit log could not be written after a commit",
                self.store().anchor_failures() as f64,
            ),
            (
                "gridwall_retention_last_run_seconds",
                "When old reporters, positions and log lines were let go last, seconds since 1970; 0 = never",
                tidied.map_or(0.0, |l| l.at as f64 / 1000.0),
            ),
            (
                "gridwall_retention_held",
                "1 when nothing is erased because the clock leapt",
                f64::from(u8::from(c.retention_held.load(Relaxed))),
            ),
            (
                "gridwall_duty_change_over",
                "1 when this wall is the one that takes open tickets over to a plan that takes effect",
                f64::from(u8::from(self.holds(Duty::ChangeOver).is_some())),
            ),
            (
                "gridwall_duty_keeping",
                "1 when this wall is the one that makes backups and lets go what is not kept",
                f64::from(u8::from(self.holds(Duty::Keeping).is_some())),
            ),
            (
                "gridwall_store_ok",
                "1 when the store can be read and written",
                f64::from(u8::from(self.store_trouble().is_none())),
            ),
        ])
    }
}

/// Writes owners that change now, whatever becomes of a plan.
async fn put_handover(tx: &mut WriteTx, network: NetworkId, handover: &Handover) -> Result<(), WallError> {
    let records: Vec<OwnerRecord> = handover.end.iter().map(|(_, end)| end).chain(&handover.begin).cloned().collect();
    if !records.is_empty() {
        tx.put_owners(network, &records).await?;
    }
    Ok(())
}

impl Wall {
    /// Imports things of a kind in one transaction.
    ///
    /// # Errors
    /// The actor may not, or the store cannot be written: then nothing is.
    pub async fn import_things<T: Thing>(&self, actor: &Actor, records: &[T]) -> Result<Upserts, WallError> {
        let mut tx = self.write(actor, T::RIGHT).await?;
        let done = tx.put(records).await?;
        if done.created + done.updated > 0 {
            let detail = serde_json::json!({ "created": done.created, "updated": done.updated, "unchanged": done.unchanged });
            tx.commit(&format!("import.{}", T::COMMAND), &detail).await?;
        }
        Ok(done)
    }

    /// Imports owners of a network's cells in one transaction. Also returns the codes that no cell in force has, with
    /// the position of the first record of each.
    pub async fn import_owners(
        &self,
        actor: &Actor,
        network: &str,
        records: &[OwnerRecord],
    ) -> Result<(Upserts, Vec<(usize, String)>), WallError> {
        let mut tx = self.write(actor, Whole::ImportOwners).await?;
        let id = tx.network(network, network).await?;
        let known: HashSet<String> = match self.store().networks().await?.iter().find(|n| n.key == network) {
            None => HashSet::new(),
            Some(n) => {
                let ground = super::ground::Ground::load(self.store(), &n.key, self.now()).await?;
                ground.cells.iter().map(|c| c.code.clone()).collect()
            }
        };
        // Each once, with the first record that has it.
        let mut said = HashSet::new();
        let strangers = (0..)
            .zip(records)
            .filter(|(_, r)| !known.contains(&r.cell_code) && said.insert(&r.cell_code))
            .map(|(row, r)| (row, r.cell_code.clone()))
            .collect();
        let done = tx.put_owners(id, records).await?;
        if done.created + done.updated > 0 {
            let detail = serde_json::json!({ "network": network, "created": done.created, "updated": done.updated });
            tx.commit("import.owners", &detail).await?;
        }
        Ok((done, strangers))
    }
}

fn numbered(plan: PlanId, first: CellId, records: &[CellRecord]) -> Vec<Cell> {
    records
        .iter()
        .zip(first.0..)
        .map(|(r, id)| Cell {
            id: CellId(id),
            plan,
            code: r.code.clone(),
            name: r.name.clone(),
            kind: r.kind,
            community_code: r.community_code.clone(),
            households: r.households,
            feature_index: r.feature_index,
            geometry: r.geometry.clone(),
        })
        .collect()
}
