//! Plans: the list, one opened, its owners and settings, the steps of its life.

use super::{
    super::{
        ListedPlan, NewDraft, PlanError, StepAsked,
        draft_cells::DraftCell,
        edits::stored,
        owners::OwnerRule,
        queries::{CommonGround, redo_of, why_not},
        session::Session,
        settings::{StoredRules, StoredWeights},
        stand::Stand,
    },
    cells, each,
};
use crate::{
    import::{CellsOptions, CellsReport, ReadProgress},
    wall::Wall,
    wire::{
        LastEdit, NewPlanRequest, OverlayLineView, PlanOwnerRule, PlanOwners, PlanPerson, PlanStand, PlanState, PlanStepRequest,
        PlanSummary, PlanningSettings, WorkloadWeightsView,
    },
};
use std::path::Path;
use wall_core::{Face, PlanId, PlanStatus, Right, UtcMs};
use wall_store::Actor;

impl From<&ListedPlan> for PlanSummary {
    fn from(listed: &ListedPlan) -> Self {
        let r = &listed.record;
        Self {
            id: r.plan.id.0,
            network: listed.network.clone(),
            name: r.plan.name.clone(),
            status: r.plan.status.into(),
            in_force: listed.in_force,
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
}

impl From<NewPlanRequest> for NewDraft {
    fn from(request: NewPlanRequest) -> Self {
        Self { name: request.name, network: request.network, base: request.base.map(PlanId), from_nothing: request.from_nothing }
    }
}

impl From<PlanStepRequest> for StepAsked {
    fn from(request: PlanStepRequest) -> Self {
        Self {
            step: request.step,
            note: request.note,
            seen: request.seen,
            effective: request.effective_ms.map(UtcMs),
            tickets: request.tickets,
            acknowledge: request.acknowledge,
        }
    }
}

impl From<OwnerRule> for PlanOwnerRule {
    fn from(rule: OwnerRule) -> Self {
        match rule {
            OwnerRule::Kept => Self::Kept,
            OwnerRule::Inherited => Self::Inherited,
            OwnerRule::Named => Self::Named,
            OwnerRule::Nobody => Self::None,
        }
    }
}

impl From<StoredRules> for PlanningSettings {
    fn from(rules: StoredRules) -> Self {
        let weights = rules.weights;
        Self {
            band_low: rules.band_low,
            band_high: rules.band_high,
            weights: WorkloadWeightsView {
                household: weights.household,
                ticket_by_severity: weights.ticket_by_severity,
                open: weights.open,
                area_km2: weights.area_km2,
                patrol_km: weights.patrol_km,
            },
            code_sequence_digits: rules.code_sequence_digits,
            split_policy: rules.split_policy.into(),
            merge_policy: rules.merge_policy.into(),
        }
    }
}

impl From<PlanningSettings> for StoredRules {
    fn from(settings: PlanningSettings) -> Self {
        let weights = settings.weights;
        Self {
            band_low: settings.band_low,
            band_high: settings.band_high,
            weights: StoredWeights {
                household: weights.household,
                ticket_by_severity: weights.ticket_by_severity,
                open: weights.open,
                area_km2: weights.area_km2,
                patrol_km: weights.patrol_km,
            },
            code_sequence_digits: settings.code_sequence_digits,
            split_policy: settings.split_policy.0,
            merge_policy: settings.merge_policy.0,
        }
    }
}

impl Wall {
    /// The plans the actor may see, newest first.
    pub async fn plan_list(&self, actor: &Actor, network: Option<&str>) -> Result<Vec<PlanSummary>, PlanError> {
        Ok(self.listed_plans(actor, network).await?.iter().map(Into::into).collect())
    }

    async fn plan_summary(&self, plan: PlanId) -> Result<PlanSummary, PlanError> {
        Ok((&self.listed_plan(plan).await?).into())
    }

    /// A new draft: from the plan in force, from another plan as it stands, or drawn from streets and buildings.
    pub async fn plan_new(&self, actor: &Actor, request: NewPlanRequest) -> Result<PlanSummary, PlanError> {
        let plan = self.new_draft(actor, &request.into()).await?;
        self.plan_summary(plan).await
    }

    /// A draft from a file of cells, with the report of its import. Dropping the future ends the reading.
    pub async fn plan_from_file(
        &self,
        actor: &Actor,
        network: &str,
        name: &str,
        path: &Path,
        options: &CellsOptions,
        told: impl Fn(ReadProgress),
    ) -> Result<(PlanSummary, CellsReport), PlanError> {
        let (plan, report) = self.draft_from_file(actor, network, name, path, options, told).await?;
        Ok((self.plan_summary(plan).await?, report))
    }

    /// Takes a step of a plan's life.
    pub async fn plan_step(&self, actor: &Actor, plan: PlanId, request: PlanStepRequest) -> Result<PlanSummary, PlanError> {
        self.take_step(actor, plan, &request.into()).await?;
        self.plan_summary(plan).await
    }

    /// A plan with all its cells, figures and findings.
    pub async fn plan_state(&self, actor: &Actor, plan: PlanId) -> Result<PlanState, PlanError> {
        let names = self.community_names().await?;
        let edits = self.store().plan_edits(plan).await?;
        let settings = self.planning_settings().await?;
        let mut taken = self.take(actor, plan).await?;
        let record = taken.record.clone();
        let open = taken.open()?;
        self.freshen(open, &record).await?;
        let why_not = why_not(&record, actor.role.may(Right::EditPlans));
        let session = &open.session;
        Ok(PlanState {
            editable: why_not.is_empty(),
            why_not: why_not.into(),
            head: record.head,
            can_undo: record.head.is_some(),
            redo: redo_of(&edits, record.head),
            cells: cells(session, &names),
            findings: each(session.findings.all(session)),
            settings,
            communities: names,
            plan: (&self.listed(record, &open.network.key)).into(),
        })
    }

    /// Where a plan stands: its head with who made it, and whether something around it changed since the revision `since`
    /// (owners, codes, settings, plans, names). Light: nothing is opened.
    pub async fn plan_stand(&self, actor: &Actor, plan: PlanId, since: Option<i64>) -> Result<PlanStand, PlanError> {
        let Stand { record, revision, news, last, others } = self.stand_of(actor, plan, since).await?;
        Ok(PlanStand {
            head: record.head,
            status: record.plan.status.into(),
            approved: record.approved && record.plan.status == PlanStatus::InReview,
            revision,
            news,
            last: last.map(|(edit, name)| LastEdit {
                id: edit.id,
                parent: edit.parent,
                kind: stored::called(&edit.edit),
                cells: serde_json::from_str(&edit.cells).unwrap_or_default(),
                name,
                mine: edit.actor == actor.who,
                at_ms: edit.at.0,
            }),
            others: others.into_iter().map(|name| PlanPerson { name }).collect(),
        })
    }

    /// Who will answer for the cells of a plan.
    pub async fn plan_owners(&self, actor: &Actor, plan: PlanId) -> Result<Vec<PlanOwners>, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        Ok(owners(taken.session()?))
    }

    /// How the cells of two plans share the ground.
    pub async fn plan_overlay(&self, actor: &Actor, a: PlanId, b: PlanId) -> Result<Vec<OverlayLineView>, PlanError> {
        let line = |CommonGround { a: (a, a_name), b: (b, b_name), line }| OverlayLineView {
            a,
            a_name,
            b,
            b_name,
            area_m2: line.area_m2,
            share_of_a: line.share_of_a,
            share_of_b: line.share_of_b,
        };
        Ok(self.overlay_of(actor, a, b).await?.into_iter().map(line).collect())
    }

    /// What the room set for planning, or the defaults.
    pub async fn planning_settings(&self) -> Result<PlanningSettings, PlanError> {
        Ok(self.stored_rules().await?.into())
    }

    /// Sets band, weights and rules of codes. Open plans follow.
    pub async fn set_planning_settings(&self, actor: &Actor, settings: PlanningSettings) -> Result<PlanningSettings, PlanError> {
        let rules = settings.into();
        self.store_rules(actor, &rules).await?;
        Ok(rules.into())
    }
}

/// The owners of all cells, to be confirmed: first those that changed meanwhile and those without, then those inherited.
fn owners(session: &Session) -> Vec<PlanOwners> {
    let line = |(face, cell): (&Face, &DraftCell)| {
        let of = session.owners.of(*face, cell);
        PlanOwners {
            face: face.0,
            code: cell.code.clone(),
            name: cell.name.clone(),
            owners: each(of.owners),
            rule: of.rule.into(),
            confirmed: of.confirmed,
            changed: of.changed.map(each),
            now: each(session.owners.by_rule(cell).0),
        }
    };
    let mut all: Vec<PlanOwners> = session.cells.iter().map(line).collect();
    let rank = |o: &PlanOwners| match (&o.rule, o.confirmed) {
        _ if o.changed.is_some() => 0,
        (PlanOwnerRule::None, _) => 0,
        (_, false) => 1,
        (PlanOwnerRule::Named | PlanOwnerRule::Inherited, true) => 2,
        _ => 3,
    };
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.code.cmp(&b.code)).then(a.face.cmp(&b.face)));
    all
}
