//! Plans: what each is and where it comes from. What is done with them is in `life`, its record in `steps`, what is drawn in `edits`, and what
//! became of codes in `lineage`.

mod edits;
mod life;
mod lineage;
mod steps;

pub use edits::{EditRecord, SnapshotRecord};
pub use life::{PLAN_EPOCH, PlanDraft, PublishSeen};
pub use lineage::LineageRecord;
pub use steps::PlanLife;

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, Sql, sql},
};
use std::collections::BTreeMap;
use wall_core::{NetworkId, Plan, PlanId, PlanStanding, PlanStatus, UtcMs};

/// A plan as it is stored, with the hash of its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// Keyed hash over its cells: the same file again is the same plan.
    pub content_hash: Vec<u8>,
}

/// A plan with where it comes from and who had a say in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanRecord {
    /// The plan.
    pub plan: Plan,
    /// The plan it was drawn from.
    pub base: Option<PlanId>,
    /// The edit it stands on; `None` = the beginning.
    pub head: Option<i64>,
    /// Who made it.
    pub author: String,
    /// Who sent it to review; empty = nobody.
    pub submitted_by: String,
    /// Who reviewed it last; empty = nobody.
    pub reviewed_by: String,
    /// What was said in review.
    pub review_note: String,
    /// Whether the reviewer agreed.
    pub approved: bool,
    /// When it takes effect, open tickets stay with the code of their cell instead of moving with the ground.
    pub tickets_stay: bool,
    /// Number of its cells as they are written.
    pub cells: u32,
    /// Number of its edits, on all branches.
    pub edits: u32,
    /// When it was last changed.
    pub changed_at: UtcMs,
    /// Names on screen of those of the three people above who have accounts, by the name they sign in with.
    pub people: BTreeMap<String, String>,
}

impl PlanRecord {
    /// Where the plan stands by its row; its steps say the same ([`Store::plan_steps`]).
    pub fn standing(&self) -> PlanStanding {
        PlanStanding {
            status: self.plan.status,
            approved: self.approved,
            submitted_by: self.submitted_by.clone(),
            reviewed_by: self.reviewed_by.clone(),
            review_note: self.review_note.clone(),
            unknown: None,
        }
    }
}

const RECORDS: &str = "SELECT id, network_id, name, status, effective_from, effective_to, base_plan_id, head_edit_id, author, \
     submitted_by, reviewed_by, review_note, approved, tickets_in_hand, \
     (SELECT count(*) FROM cell WHERE plan_id = plan.id) AS cells, \
     (SELECT count(*) FROM plan_edit WHERE plan_id = plan.id) AS edits, \
     CASE WHEN changed_at > recorded_at THEN changed_at ELSE recorded_at END AS last_changed_at, \
     (SELECT display_name FROM account WHERE account.name = plan.author) AS author_shown, \
     (SELECT display_name FROM account WHERE account.name = plan.submitted_by) AS submitted_by_shown, \
     (SELECT display_name FROM account WHERE account.name = plan.reviewed_by) AS reviewed_by_shown FROM plan";

fn plan_of(r: &Row, network: NetworkId) -> Result<Plan, StoreError> {
    Ok(Plan {
        id: PlanId(r.get("id")?),
        network,
        name: r.get("name")?,
        status: r.word("plan", "status", PlanStatus::from_code)?,
        effective_from: r.get("effective_from")?,
        effective_to: r.get("effective_to")?,
    })
}

fn plan_record(r: &Row) -> Result<PlanRecord, StoreError> {
    let mut people = BTreeMap::new();
    for (name, shown) in
        [("author", "author_shown"), ("submitted_by", "submitted_by_shown"), ("reviewed_by", "reviewed_by_shown")]
    {
        if let Some(shown) = r.get(shown)? {
            people.insert(r.get(name)?, shown);
        }
    }
    Ok(PlanRecord {
        plan: plan_of(r, NetworkId(r.get("network_id")?))?,
        base: r.get::<Option<i64>>("base_plan_id")?.map(PlanId),
        head: r.get("head_edit_id")?,
        author: r.get("author")?,
        submitted_by: r.get("submitted_by")?,
        reviewed_by: r.get("reviewed_by")?,
        review_note: r.get("review_note")?,
        approved: r.get("approved")?,
        tickets_stay: r.get::<&str>("tickets_in_hand")? == "stay",
        cells: r.get("cells")?,
        edits: r.get("edits")?,
        changed_at: r.get("last_changed_at")?,
        people,
    })
}

fn ids_of(rows: &[Row]) -> Result<Vec<PlanId>, StoreError> {
    rows.iter().map(|r| r.get("id").map(PlanId)).collect()
}

fn id_of(row: Option<Row>) -> Result<Option<PlanId>, StoreError> {
    row.map(|r| r.get("id").map(PlanId)).transpose()
}

fn no_plan(plan: PlanId) -> StoreError {
    StoreError::Refused(format!("there is no plan {}", plan.0))
}

/// The plan of a network that was published last.
fn last_published(network: i64) -> Sql {
    sql("SELECT id, effective_from FROM plan WHERE network_id = $1 AND status = 'published' ORDER BY effective_from DESC LIMIT 1")
        .bind(network)
}

impl Store {
    /// All plans of a network, oldest first.
    pub async fn plans(&self, network: NetworkId) -> Result<Vec<StoredPlan>, StoreError> {
        let plans = sql("SELECT id, name, status, effective_from, effective_to, content_hash FROM plan WHERE network_id = $1 \
             ORDER BY id");
        let rows = self.inner.read.rows(plans.bind(network.0)).await?;
        rows.iter().map(|r| Ok(StoredPlan { plan: plan_of(r, network)?, content_hash: r.get("content_hash")? })).collect()
    }

    /// All plans of all networks, newest first. O(plans).
    pub async fn plan_records(&self) -> Result<Vec<PlanRecord>, StoreError> {
        let rows = self.inner.read.rows(sql(RECORDS).push(" ORDER BY id DESC")).await?;
        rows.iter().map(plan_record).collect()
    }

    /// One plan.
    pub async fn plan_record(&self, plan: PlanId) -> Result<Option<PlanRecord>, StoreError> {
        let row = self.inner.read.optional(sql(RECORDS).push(" WHERE id = ").push_bind(plan.0)).await?;
        row.as_ref().map(plan_record).transpose()
    }

    /// The plan that was in force until this one took effect.
    pub async fn plan_before(&self, network: NetworkId, plan: PlanId) -> Result<Option<PlanId>, StoreError> {
        let before = sql("SELECT id FROM plan WHERE network_id = $1 AND id <> $2 \
             AND effective_to = (SELECT effective_from FROM plan WHERE id = $2)");
        id_of(self.inner.read.optional(before.bind(network.0).bind(plan.0)).await?)
    }

    /// Plans of a network that are somebody's work on the desk: drawn from another plan, edited, or taken a step in review.
    pub async fn drawn_plans(&self, network: NetworkId) -> Result<Vec<PlanId>, StoreError> {
        let drawn = sql("SELECT id FROM plan WHERE network_id = $1 AND (base_plan_id IS NOT NULL \
             OR status IN ('in_review', 'retired') OR EXISTS (SELECT 1 FROM plan_hand h WHERE h.plan_id = plan.id)) ORDER BY id");
        ids_of(&self.inner.read.rows(drawn.bind(network.0)).await?)
    }
}

impl WriteTx {
    /// The plan of a network that was published last: the one that another one follows.
    pub async fn last_published(&mut self, network: NetworkId) -> Result<Option<PlanId>, StoreError> {
        id_of(self.tx.optional(last_published(network.0)).await?)
    }
}
