//! The life of a plan: drawn, sent to review, agreed to by a second person, published from a date, put away.

use super::{
    PlanError, Taken,
    draft_cells::DraftCell,
    edit::moved,
    edits::OwnerLine,
    findings::{self, DraftFinding},
    owners::{OwnerRule, Owners},
    refused::{EditRefused, refusal},
    same_head,
    session::Session,
    succession,
};
use crate::wall::{Wall, WallError, clock::system_now, reach::Target, write::Write};
use serde_json::json;
use std::collections::BTreeSet;
use wall_core::{
    CellRecord, Face, NetworkId, OwnerRecord, PlanId, PlanStatus, PlanStepKind, Right, UtcMs, Whole, Within, decide_step,
    planning::HouseholdsFrom,
};
use wall_store::{Actor, PlanRecord, PublishSeen};

/// A plan published "now" may have been a moment in the making, ms.
const NOW_SLACK_MS: i64 = 120_000;

/// A plan takes effect within so long.
const FARTHEST_MS: i64 = 10 * 366 * 24 * 3_600_000;

/// A draft that is wished for.
#[derive(Clone, Debug)]
pub struct NewDraft {
    /// Its name, 1 to 120 signs.
    pub name: String,
    /// Key of its network, which need not be there yet.
    pub network: String,
    /// The plan to start from; `None` = the one in force.
    pub base: Option<PlanId>,
    /// Draw cells from streets, water, buildings and community outlines instead of copying.
    pub from_nothing: bool,
}

/// A step of a plan's life that is wished for.
#[derive(Clone, Debug)]
pub struct StepAsked {
    /// submit, withdraw (from review, or a published plan before it begins), approve, return, publish, retire.
    pub step: String,
    /// What to say with it, at most 2,000 signs.
    pub note: String,
    /// The edit that was looked at, 0 = the beginning; `None` = whatever it stands on.
    pub seen: Option<i64>,
    /// publish: from when; `None` = now (a first plan: since always).
    pub effective: Option<UtcMs>,
    /// publish: open tickets `move` with the ground or `stay` with the cell's code; empty = move.
    pub tickets: String,
    /// publish: codes of blocking findings that are acknowledged.
    pub acknowledge: Vec<String>,
}

/// The step that a word means for a plan that stands so: what is published already is withdrawn in another way.
fn wished_step(word: &str, status: PlanStatus) -> Result<PlanStepKind, WallError> {
    Ok(match (word, status) {
        ("submit", _) => PlanStepKind::Submit,
        ("withdraw", PlanStatus::Published) => PlanStepKind::Unpublish,
        ("withdraw", _) => PlanStepKind::Withdraw,
        ("approve", _) => PlanStepKind::Approve,
        ("return", _) => PlanStepKind::Return,
        ("publish", _) => PlanStepKind::Publish,
        ("retire", _) => PlanStepKind::Retire,
        _ => return Err(WallError::Invalid("the step is submit, withdraw, approve, return, publish or retire".into())),
    })
}

/// The cells of a plan as its edits left them.
pub(super) fn final_cells(session: &Session) -> Vec<CellRecord> {
    let record = |(i, (face, cell)): (u32, (&Face, &DraftCell))| {
        let counted =
            session.figures.get(face).filter(|f| session.ground_changed(*face) && f.households_from != HouseholdsFrom::Unknown);
        let counted = counted.and_then(|f| f.households).map(|h| h.round().clamp(0.0, f64::from(u32::MAX)) as u32);
        CellRecord {
            code: cell.code.clone(),
            name: cell.name.clone(),
            kind: cell.kind,
            community_code: cell.community_code.clone(),
            community_name: String::new(),
            households: counted.or(cell.households),
            owner: None,
            feature_index: i,
            geometry: session.geometry.get(face).cloned().unwrap_or_default(),
        }
    };
    (0u32..).zip(session.cells.iter()).map(record).collect()
}

/// A name that a plan can have.
pub(super) fn plan_name(given: &str) -> Result<&str, WallError> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(WallError::Invalid("a plan has a name of 1 to 120 signs".into()));
    }
    Ok(name)
}

/// A key that a network can have.
pub(super) fn network_key(given: &str) -> Result<&str, WallError> {
    let key = given.trim();
    if key.is_empty() || key.len() > 40 || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(WallError::Invalid("a network has a key of letters, digits, _ and -".into()));
    }
    Ok(key)
}

impl Wall {
    /// A new draft: from the plan in force, from another plan as it stands, or drawn from streets and buildings.
    pub(super) async fn new_draft(&self, actor: &Actor, asked: &NewDraft) -> Result<PlanId, PlanError> {
        self.may(actor, Right::DrawPlans)?;
        let (name, key) = (plan_name(&asked.name)?, network_key(&asked.network)?);
        let known = self.store().networks().await?.into_iter().find(|n| n.key == key).map(|n| n.id);
        let (base, cells) = self.cells_to_start_from(actor, known, asked).await?;
        let mut tx = self.write_within(actor, Within::DrawPlans, Target::Draft(key)).await?;
        let network = tx.network(key, key).await?;
        let plan = tx.new_draft(network, name, base, &cells).await?;
        tx.commit("plan.new", &json!({ "plan": plan.0, "base": base.map(|b| b.0), "cells": cells.len() })).await?;
        Ok(plan)
    }

    async fn cells_to_start_from(
        &self,
        actor: &Actor,
        network: Option<NetworkId>,
        asked: &NewDraft,
    ) -> Result<(Option<PlanId>, Vec<CellRecord>), PlanError> {
        let nothing =
            || WallError::NotFound("this network has no plan yet: import cells, or draw from streets and buildings".into());
        if asked.from_nothing {
            return Ok((None, self.cells_from_nothing(network).await?));
        }
        if let Some(base) = asked.base {
            let mut taken = self.take(actor, base).await?;
            return Ok((Some(base), self.cells_as_they_are(&mut taken).await?));
        }
        let (record, cells) = self.cells_in_force(network.ok_or_else(nothing)?, self.now()).await?.ok_or_else(nothing)?;
        Ok((Some(record.plan.id), cells))
    }

    /// The cells of a plan: a published one's as they are stored, a draft's as its edits left them.
    pub(super) async fn cells_as_they_are(&self, taken: &mut Taken) -> Result<Vec<CellRecord>, PlanError> {
        match taken.record.plan.effective_from {
            Some(_) => Ok(self.store().written_cells(taken.record.plan.id).await?),
            None => Ok(final_cells(taken.session()?)),
        }
    }

    /// Takes a step of a plan's life.
    pub(super) async fn take_step(&self, actor: &Actor, plan: PlanId, asked: &StepAsked) -> Result<(), PlanError> {
        let record = self.plan_record(plan).await?;
        same_head(&record, asked.seen)?;
        let note = asked.note.trim();
        if note.chars().count() > 2_000 {
            return Err(WallError::Invalid("a note has at most 2,000 signs".into()).into());
        }
        let step = wished_step(&asked.step, record.plan.status)?;
        self.may(actor, step.right())?;
        // In force by the system's time, or on a wall that stands later: either way somebody has worked by it.
        let now = system_now().max(self.now());
        let life = self.store().plan_life(plan, actor, now).await?;
        decide_step(&life.standing, step, life.relation)?;
        match step {
            PlanStepKind::Submit => self.submit(actor, plan, asked.seen, note).await,
            PlanStepKind::Publish => {
                let published = self.publish(actor, &record, asked, note).await;
                // It was looked at as of the time it takes effect; whoever looks next looks as of now.
                self.close_plans(Some(plan)).await;
                published
            }
            PlanStepKind::Unpublish => self.unpublish(actor, &record, note, now).await,
            PlanStepKind::Withdraw => {
                let network = self.network_of_plan(&record).await?;
                // A draft whose edits cannot be done again is taken back all the same, by whoever has no scope to be held against them.
                let changed = match &actor.scope {
                    Some(_) => self.take(actor, plan).await?.session()?.touched_ever(),
                    None => Vec::new(),
                };
                let target = Target::Cells(&network.key, &changed);
                simple_step(self.write_within(actor, Within::WithdrawPlans, target).await?, &record, step, note).await
            }
            PlanStepKind::Approve | PlanStepKind::Return => {
                simple_step(self.write(actor, Whole::ReviewPlans).await?, &record, step, note).await
            }
            PlanStepKind::Retire => simple_step(self.write(actor, Whole::RetirePlans).await?, &record, step, note).await,
            PlanStepKind::TakeEffect => simple_step(self.write(actor, Whole::ImportCells).await?, &record, step, note).await,
        }
    }

    /// Sends a draft to review: its cells are written as they stand now, and stay so until it comes back.
    async fn submit(&self, actor: &Actor, plan: PlanId, seen: Option<i64>, note: &str) -> Result<(), PlanError> {
        // Nobody draws while the plan is taken; another process is found out by its head when this is written.
        let mut taken = self.take(actor, plan).await?;
        let record = taken.record.clone();
        same_head(&record, seen)?;
        let session = taken.session()?;
        // Who reviews must see what was meant: whatever of its base the draft does not hold is decided about before.
        refuse_open(&findings::unheld(session))?;
        let (cells, changed) = (final_cells(session), session.touched_ever());
        let network = self.network_of_plan(&record).await?;
        let target = Target::Cells(&network.key, &changed);
        let mut tx = self.write_within(actor, Within::SubmitPlans, target).await?;
        tx.replace_cells(record.plan.id, &cells).await?;
        tx.step_plan(record.plan.id, record.head, PlanStepKind::Submit, note).await.map_err(moved)?;
        tx.commit("plan.submit", &json!({ "plan": record.plan.id.0, "cells": cells.len() })).await?;
        Ok(())
    }

    /// Publishes what was approved, from a time on. Before it nothing changes on the wall.
    async fn publish(&self, actor: &Actor, record: &PlanRecord, asked: &StepAsked, note: &str) -> Result<(), PlanError> {
        let tickets_stay = match asked.tickets.as_str() {
            "" | "move" => false,
            "stay" => true,
            _ => return Err(WallError::Invalid("open tickets move (with the ground) or stay (with the code)".into()).into()),
        };
        // What takes effect, and when, is judged by the system's time, wherever a replay or `--now` has put the wall.
        let now = system_now();
        if asked.effective.is_some_and(|t| t.0 < now.0 - NOW_SLACK_MS) {
            return Err(refusal("in_the_past", "a plan takes effect now or later; history is not rewritten", &[]).into());
        }
        if asked.effective.is_some_and(|t| t.0 > now.0.saturating_add(FARTHEST_MS)) {
            let message = "a plan takes effect within ten years; please look at the date again";
            return Err(refusal("too_far", message, &[]).into());
        }
        let network = record.plan.network;
        let in_force_at = asked.effective.unwrap_or(now);
        // Looked at anew: other processes may have published, named owners or given codes since it was opened.
        self.close_plans(Some(record.plan.id)).await;
        let mut taken = self.take(actor, record.plan.id).await?;
        same_head(&taken.record, asked.seen)?;
        let head = taken.record.head;
        let session = taken.session()?;
        // Whoever answers when it takes effect is carried over, not whoever answers today.
        let then = Owners::load(self, network, in_force_at).await?;
        session.owners.present_as(then);
        session.find_all();
        check_blocks(session, &asked.acknowledge)?;
        let cells = final_cells(session);
        let before = self.cells_in_force(network, in_force_at).await?;
        // A first plan of a network without a date is in force since always; a later one from now.
        let effective = match (asked.effective, &before) {
            (Some(t), _) => Some(t),
            (None, Some(_)) => Some(now),
            (None, None) => None,
        };
        if let (Some((old, _)), Some(t)) = (&before, effective)
            && old.plan.effective_from.is_some_and(|from| from >= t)
        {
            let message = "the plan in force then begins at the same time or later";
            return Err(refusal("too_early", message, &[]).into());
        }
        let later = self
            .store()
            .plan_records()
            .await?
            .into_iter()
            .any(|r| r.plan.network == network && r.plan.effective_from.zip(effective).is_some_and(|(from, t)| from >= t));
        if later {
            let message =
                "another plan of this network is published from that time or later: choose a later time, or withdraw that plan";
            return Err(refusal("too_early", message, &[]).into());
        }
        let lineage = match &before {
            Some((_, old)) => succession::lineage(old, &session.all_planned())?,
            None => Vec::new(),
        };
        let owners = new_owners(session);
        let codes_ended = before.as_ref().map(|(_, old)| succession::codes_ended(old, &cells)).unwrap_or_default();
        let mut ended = codes_ended.clone();
        let mut tx = self.write(actor, Whole::PublishPlans).await?;
        tx.replace_cells(record.plan.id, &cells).await?;
        let seen = PublishSeen { head, before: before.as_ref().map(|(old, _)| old.plan.id) };
        let from = tx.publish_reviewed(record.plan.id, seen, effective, tickets_stay, note, &lineage).await.map_err(moved)?;
        ended.extend(owners.iter().filter(|(_, _, replaces)| *replaces).map(|(code, _, _)| code.clone()));
        let begin: Vec<OwnerRecord> =
            owners.iter().flat_map(|(code, lines, _)| lines.iter().map(|l| owner_record(code, l, from))).collect();
        tx.plan_ownerships(record.plan.id, network, &ended, &[], &begin, from).await?;
        let detail = json!({
            "plan": record.plan.id.0, "effective": from.to_rfc3339(), "cells": cells.len(), "tickets": if tickets_stay { "stay" } else { "move" },
            "acknowledged": asked.acknowledge, "codes_ended": codes_ended.len(),
        });
        tx.commit("plan.publish", &detail).await?;
        drop(taken);
        self.close_plans(None).await;
        Ok(())
    }

    /// Takes a plan back that waits for its time: it is a draft again, and the plan in force goes on.
    async fn unpublish(&self, actor: &Actor, record: &PlanRecord, note: &str, now: UtcMs) -> Result<(), PlanError> {
        let mut tx = self.write(actor, Whole::UnpublishPlans).await?;
        tx.unpublish_plan(record.plan.id, note, now).await.map_err(moved)?;
        tx.commit("plan.unpublish", &json!({ "plan": record.plan.id.0 })).await?;
        self.close_plans(None).await;
        Ok(())
    }
}

/// A step that changes nothing else than where the plan stands.
async fn simple_step(mut tx: Write<'_>, record: &PlanRecord, step: PlanStepKind, note: &str) -> Result<(), PlanError> {
    tx.step_plan(record.plan.id, record.head, step, note).await.map_err(moved)?;
    tx.commit(&format!("plan.{}", step.code()), &json!({ "plan": record.plan.id.0 })).await?;
    Ok(())
}

/// Refuses while something is wrong that nobody acknowledged.
fn check_blocks(session: &Session, acknowledged: &[String]) -> Result<(), PlanError> {
    let open: Vec<_> = session
        .findings
        .all(session)
        .into_iter()
        .filter(|f| f.blocks && !(acknowledged.iter().any(|a| *a == f.code) && findings::can_be_acknowledged(&f.code)))
        .collect();
    refuse_open(&open)
}

/// Refuses with the kinds of findings that stand in the way, and the place of the first.
fn refuse_open(open: &[DraftFinding]) -> Result<(), PlanError> {
    let Some(first) = open.first() else { return Ok(()) };
    let kinds: BTreeSet<&str> = open.iter().map(|f| f.code.as_ref()).collect();
    let message = format!("mend or acknowledge first: {}", kinds.into_iter().collect::<Vec<_>>().join(", "));
    let faces: BTreeSet<Face> = open.iter().flat_map(|f| f.faces.iter().copied()).collect();
    let refused = refusal("blocked", &message, &faces.into_iter().collect::<Vec<_>>());
    Err(EditRefused { place: first.place, ..refused }.into())
}

/// Owners that begin with the plan: code, lines with their ends and successors, and whether they take the place of others.
fn new_owners(session: &Session) -> Vec<(String, Vec<OwnerLine>, bool)> {
    let begins = |(face, cell): (&Face, &DraftCell)| {
        let of = session.owners.of(*face, cell);
        matches!(of.rule, OwnerRule::Inherited | OwnerRule::Named)
            .then(|| (cell.code.clone(), of.owners, of.rule == OwnerRule::Named))
    };
    session.cells.iter().filter(|(_, c)| !c.code.is_empty()).filter_map(begins).collect()
}

fn owner_record(code: &str, line: &OwnerLine, from: UtcMs) -> OwnerRecord {
    OwnerRecord {
        cell_code: code.to_owned(),
        party: line.party.clone(),
        party_kind: line.party_kind,
        role: line.role,
        phone: String::new(),
        valid_from: Some(line.valid_from_ms.map_or(from, |begins| UtcMs(begins).max(from))),
        valid_to: line.valid_to_ms.map(UtcMs),
        absent: wall_core::Absent::default(),
    }
}
