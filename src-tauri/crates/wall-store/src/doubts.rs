//! What was doubtful about the file a plan was made of. It stays with the plan, and with what is drawn from it, until a plan
//! is published by somebody who names it.

use crate::{Store, StoreError, WriteTx};
use sqlx::Row;
use wall_core::PlanId;

impl Store {
    /// Codes of the doubts about a plan, in alphabetical order; empty for a plan that was drawn here.
    pub async fn plan_doubts(&self, plan: PlanId) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT code FROM plan_doubt WHERE plan_id = ? ORDER BY code")
            .bind(plan.0)
            .fetch_all(&self.inner.reader)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

impl WriteTx {
    /// Keeps doubts with a plan; those that are there already stay.
    pub async fn doubt_plan(&mut self, plan: PlanId, codes: &[&str]) -> Result<(), StoreError> {
        for code in codes {
            sqlx::query("INSERT INTO plan_doubt (plan_id, code) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(plan.0)
                .bind(*code)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// What is drawn from a plan that was never published has its doubts: whoever publishes that one has not been asked.
    pub(crate) async fn inherit_doubts(&mut self, plan: PlanId, base: PlanId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO plan_doubt (plan_id, code) SELECT ?1, d.code FROM plan_doubt d JOIN plan b ON b.id = d.plan_id \
             WHERE d.plan_id = ?2 AND b.effective_from IS NULL ON CONFLICT DO NOTHING",
        )
        .bind(plan.0)
        .bind(base.0)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
