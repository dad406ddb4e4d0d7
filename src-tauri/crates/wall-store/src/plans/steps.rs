//! The steps of plans: appended, read, and folded. The row of a plan follows from them.

use super::no_plan;
use crate::{
    Actor, Store, StoreError, WriteTx,
    db::{Row, Sql, sql},
    kinds::ChangeKind,
};
use wall_core::{PlanDeed, PlanId, PlanRelation, PlanStanding, PlanStep, PlanStepKind, Right, UtcMs, decide_step};

/// A plan's life so far, and how somebody stands to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanLife {
    /// Where it stands by its steps.
    pub standing: PlanStanding,
    /// How the actor stands to it.
    pub relation: PlanRelation,
}

const RELATION: &str = "SELECT author = $2 OR submitted_by = $2 AS own, \
     author = $2 OR EXISTS (SELECT 1 FROM plan_hand h WHERE h.plan_id = plan.id AND h.actor = $2) AS hand, \
     effective_from IS NULL OR effective_from <= $3 \
     OR EXISTS (SELECT 1 FROM attribution a WHERE a.plan_id = plan.id) AS begun, \
     effective_to IS NOT NULL AS followed FROM plan WHERE id = $1";

fn relation_of(plan: PlanId, actor: &Actor, now: UtcMs) -> Sql {
    sql(RELATION).bind(plan.0).bind(&actor.who).bind(now)
}

fn steps_of(plan: PlanId) -> Sql {
    sql("SELECT step, version, note, edit_id, actor, station, recorded_at, revision FROM plan_step WHERE plan_id = $1 ORDER BY id")
        .bind(plan.0)
}

fn step(row: &Row) -> Result<PlanStep, StoreError> {
    Ok(PlanStep {
        deed: PlanDeed::read(row.get("step")?, row.get("version")?),
        note: row.get("note")?,
        edit: row.get("edit_id")?,
        actor: row.get("actor")?,
        station: row.get("station")?,
        recorded_at: row.get("recorded_at")?,
        revision: row.get("revision")?,
    })
}

fn steps(rows: &[Row]) -> Result<Vec<PlanStep>, StoreError> {
    rows.iter().map(step).collect()
}

fn life(row: &Row, steps: &[PlanStep], actor: &Actor) -> Result<PlanLife, StoreError> {
    let relation = PlanRelation {
        own: row.get::<bool>("own")? || actor.role.may(Right::Administer),
        hand: row.get("hand")?,
        begun: row.get("begun")?,
        followed: row.get("followed")?,
    };
    Ok(PlanLife { standing: PlanStanding::of(steps), relation })
}

impl Store {
    /// All steps of a plan, oldest first.
    pub async fn plan_steps(&self, plan: PlanId) -> Result<Vec<PlanStep>, StoreError> {
        steps(&self.inner.read.rows(steps_of(plan)).await?)
    }

    /// Where a plan stands, and how the actor stands to it at `now`. What is decided by it is decided once more when it is
    /// written.
    pub async fn plan_life(&self, plan: PlanId, actor: &Actor, now: UtcMs) -> Result<PlanLife, StoreError> {
        let row = self.inner.read.optional(relation_of(plan, actor, now)).await?.ok_or_else(|| no_plan(plan))?;
        life(&row, &self.plan_steps(plan).await?, actor)
    }
}

impl WriteTx {
    /// Appends a step where [`decide_step`] lets the actor take it, and writes the row that follows; `edit` is what the plan
    /// stands on, `now` by which clock it may have begun. Returns the revision of its line, which is of `line`.
    pub(super) async fn append_step(
        &mut self,
        plan: PlanId,
        kind: PlanStepKind,
        note: &str,
        edit: Option<i64>,
        now: UtcMs,
        line: ChangeKind,
    ) -> Result<i64, StoreError> {
        let actor = self.actor.clone();
        let row = self.tx.optional(relation_of(plan, &actor, now)).await?.ok_or_else(|| no_plan(plan))?;
        let steps = steps(&self.tx.rows(steps_of(plan)).await?)?;
        let PlanLife { standing, relation } = life(&row, &steps, &actor)?;
        decide_step(&standing, kind, relation).map_err(|why| StoreError::Refused(format!("plan {}: {why}", plan.0)))?;
        let (id, revision, deed) = (self.ids("plan_step", 1).await?, self.line(line, plan.0), PlanDeed::Known(kind));
        let added =
            sql("INSERT INTO plan_step (id, plan_id, step, version, note, edit_id, actor, station, recorded_at, revision) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(id)
            .bind(plan.0)
            .bind(deed.kind())
            .bind(i64::from(deed.version()))
            .bind(note)
            .bind(edit)
            .bind(&actor.who)
            .bind(&actor.station)
            .bind(self.recorded_at)
            .bind(revision);
        self.tx.execute(added).await?;
        let after = standing.after(kind, &actor.who, note);
        let stand = sql(
            "UPDATE plan SET status = $1, approved = $2, submitted_by = $3, reviewed_by = $4, review_note = $5 WHERE id = $6",
        )
        .bind(after.status.code())
        .bind(after.approved)
        .bind(after.submitted_by)
        .bind(after.reviewed_by)
        .bind(after.review_note)
        .bind(plan.0);
        self.tx.execute(stand).await?;
        Ok(revision)
    }
}
