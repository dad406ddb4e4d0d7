//! What became of the codes of cells when plans were published.

use crate::{Store, StoreError, WriteTx, db::sql};
use wall_core::{NetworkId, PlanId};

/// What became of a code when a plan was published.
#[derive(Clone, PartialEq, Debug)]
pub struct LineageRecord {
    /// Code before; empty = none.
    pub from: String,
    /// Code after; empty = none.
    pub to: String,
    /// same, reshaped, split, merged, new, retired.
    pub kind: String,
    /// Share of the old cell's ground, 0 … 1.
    pub area_share: f64,
}

impl Store {
    /// Codes that any published plan of a network ever used. O(cells of all published plans).
    pub async fn codes_ever_published(&self, network: NetworkId) -> Result<Vec<String>, StoreError> {
        let codes = sql("SELECT DISTINCT c.code FROM cell c JOIN plan p ON p.id = c.plan_id \
             WHERE p.network_id = $1 AND p.effective_from IS NOT NULL ORDER BY c.code");
        self.inner.read.rows(codes.bind(network.0)).await?.iter().map(|r| r.get("code")).collect()
    }

    /// What became of what when a plan was published.
    pub async fn lineage(&self, plan: PlanId) -> Result<Vec<LineageRecord>, StoreError> {
        let lines =
            sql("SELECT from_code, to_code, kind, area_share FROM cell_lineage WHERE plan_id = $1 ORDER BY from_code, to_code");
        let rows = self.inner.read.rows(lines.bind(plan.0)).await?;
        let line = |r: &crate::db::Row| {
            Ok(LineageRecord {
                from: r.get("from_code")?,
                to: r.get("to_code")?,
                kind: r.get("kind")?,
                area_share: r.get("area_share")?,
            })
        };
        rows.iter().map(line).collect()
    }
}

impl WriteTx {
    /// What became of which code with a plan.
    pub async fn put_lineage(&mut self, plan: PlanId, lineage: &[LineageRecord]) -> Result<(), StoreError> {
        let columns = ["plan_id", "from_code", "to_code", "kind", "area_share"];
        let written = self.tx.insert("cell_lineage", columns, "", lineage, |l| {
            [plan.0.into(), (&l.from).into(), (&l.to).into(), (&l.kind).into(), l.area_share.into()]
        });
        written.await.map(drop)
    }
}
