//! What was doubtful about the file a plan was made of. It stays with the plan, and with what is drawn from it, until a plan
//! is published by somebody who names it.

use crate::{Store, StoreError, WriteTx, db::sql};
use wall_core::PlanId;

impl Store {
    /// Codes of the doubts about a plan, in alphabetical order; empty for a plan that was drawn here.
    pub async fn plan_doubts(&self, plan: PlanId) -> Result<Vec<String>, StoreError> {
        let codes = sql("SELECT code FROM plan_doubt WHERE plan_id = $1 ORDER BY code").bind(plan.0);
        self.inner.read.rows(codes).await?.iter().map(|row| row.get("code")).collect()
    }
}

impl WriteTx {
    /// Keeps doubts with a plan; those that are there already stay.
    pub async fn doubt_plan(&mut self, plan: PlanId, codes: &[&str]) -> Result<(), StoreError> {
        for code in codes {
            let doubt = sql("INSERT INTO plan_doubt (plan_id, code) VALUES ($1, $2) ON CONFLICT DO NOTHING");
            self.tx.execute(doubt.bind(plan.0).bind(*code)).await?;
        }
        Ok(())
    }

    /// What is drawn from a plan that was never published has its doubts: whoever publishes that one has not been asked.
    pub(crate) async fn inherit_doubts(&mut self, plan: PlanId, base: PlanId) -> Result<(), StoreError> {
        let doubts =
            sql("INSERT INTO plan_doubt (plan_id, code) SELECT $1, d.code FROM plan_doubt d JOIN plan b ON b.id = d.plan_id \
             WHERE d.plan_id = $2 AND b.effective_from IS NULL ON CONFLICT DO NOTHING");
        self.tx.execute(doubts.bind(plan.0).bind(base.0)).await.map(drop)
    }
}
