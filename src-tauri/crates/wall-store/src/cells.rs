//! Networks, plans, cells and divisions.

use crate::{
    Store, StoreError, WriteTx,
    changes::ChangeKind,
    db::chunks,
    rows::{ground, word},
};
use sqlx::{QueryBuilder, Row, Sqlite};
use wall_core::{Cell, CellGeometry, CellId, CellKind, CellRecord, Network, NetworkId, Plan, PlanId, PlanStatus, UtcMs};

/// "Since always": the first published plan of a network and undated owners are in force from here (1900-01-01T00:00Z).
pub const PLAN_EPOCH: UtcMs = UtcMs(-2_208_988_800_000);

/// A plan to be written with its cells.
#[derive(Clone, Debug)]
pub struct PlanDraft<'a> {
    /// Network.
    pub network: NetworkId,
    /// Name.
    pub name: &'a str,
    /// Its cells.
    pub cells: &'a [CellRecord],
}

/// A plan as it is stored, with the hash of its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// Keyed hash over its cells: the same file again is the same plan.
    pub content_hash: Vec<u8>,
}

impl Store {
    /// Hash of the content of a set of cells, for [`StoredPlan::content_hash`].
    pub fn cells_hash(&self, cells: &[CellRecord]) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = Vec::with_capacity(cells.len() * 2);
        for c in cells {
            let head =
                format!("{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{:?}", c.code, c.name, c.kind.code(), c.community_code, c.households);
            parts.push(head.into_bytes());
            parts.push(ground::encode(&c.geometry));
        }
        self.inner.keys.mac(parts.iter().map(Vec::as_slice)).to_vec()
    }

    /// All networks.
    pub async fn networks(&self) -> Result<Vec<Network>, StoreError> {
        let rows = sqlx::query("SELECT id, key, name FROM network ORDER BY id").fetch_all(&self.inner.reader).await?;
        Ok(rows.iter().map(|r| Network { id: NetworkId(r.get(0)), key: r.get(1), name: r.get(2) }).collect())
    }

    /// All plans of a network, oldest first.
    pub async fn plans(&self, network: NetworkId) -> Result<Vec<StoredPlan>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, status, effective_from, effective_to, content_hash FROM plan WHERE network_id = ? ORDER BY id",
        )
        .bind(network.0)
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter()
            .map(|r| {
                let (id, status): (i64, &str) = (r.get(0), r.get(2));
                Ok(StoredPlan {
                    plan: Plan {
                        id: PlanId(id),
                        network,
                        name: r.get(1),
                        status: word(PlanStatus::from_code(status), "plan", id, status)?,
                        effective_from: r.get::<Option<i64>, _>(3).map(UtcMs),
                        effective_to: r.get::<Option<i64>, _>(4).map(UtcMs),
                    },
                    content_hash: r.get(5),
                })
            })
            .collect()
    }

    /// The cells of a plan, in the order of their source.
    pub async fn cells(&self, plan: PlanId) -> Result<Vec<Cell>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, code, name, kind, community_code, households, feature_index, geometry FROM cell WHERE plan_id = ? ORDER BY feature_index, id",
        )
        .bind(plan.0)
        .fetch_all(&self.inner.reader)
        .await?;
        rows.iter()
            .map(|r| {
                let (id, kind): (i64, &str) = (r.get(0), r.get(3));
                Ok(Cell {
                    id: CellId(id),
                    plan,
                    code: r.get(1),
                    name: r.get(2),
                    kind: word(CellKind::from_code(kind), "cell", id, kind)?,
                    community_code: r.get(4),
                    households: r.get(5),
                    feature_index: r.get(6),
                    geometry: word(ground::decode(r.get(7)), "cell", id, "geometry")?,
                })
            })
            .collect()
    }

    /// Code and ground of cells of whatever plan.
    pub async fn cells_of_any_plan(&self, ids: &[CellId]) -> Result<Vec<(CellId, String, CellGeometry)>, StoreError> {
        let mut out = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let mut query = QueryBuilder::<Sqlite>::new("SELECT id, code, geometry FROM cell WHERE id IN (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(id.0);
            }
            query.push(")");
            for r in query.build().fetch_all(&self.inner.reader).await? {
                let id: i64 = r.get(0);
                out.push((CellId(id), r.get(1), word(ground::decode(r.get(2)), "cell", id, "geometry")?));
            }
        }
        Ok(out)
    }

    /// Code and name of a cell of whatever plan that had begun at a time, and the plan's name.
    pub async fn cell_of_any_plan(&self, cell: CellId, begun_by: UtcMs) -> Result<Option<(String, String, String)>, StoreError> {
        let row = sqlx::query(
            "SELECT c.code, c.name, p.name FROM cell c JOIN plan p ON p.id = c.plan_id WHERE c.id = ? AND p.effective_from <= ?",
        )
        .bind(cell.0)
        .bind(begun_by.0)
        .fetch_optional(&self.inner.reader)
        .await?;
        Ok(row.map(|r| (r.get(0), r.get(1), r.get(2))))
    }

    /// Names of districts, streets and communities by code: `(code, level, name)`.
    pub async fn divisions(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        let rows = sqlx::query("SELECT code, level, name FROM division ORDER BY code").fetch_all(&self.inner.reader).await?;
        Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
    }
}

impl WriteTx {
    /// The network with this key, made when it is new.
    pub async fn network(&mut self, key: &str, name: &str) -> Result<NetworkId, StoreError> {
        let found = sqlx::query("SELECT id FROM network WHERE key = ?").bind(key).fetch_optional(self.tx.sqlite()).await?;
        if let Some(row) = found {
            return Ok(NetworkId(row.get(0)));
        }
        let id = self.next_id("network").await?;
        sqlx::query("INSERT INTO network (id, key, name) VALUES (?, ?, ?)")
            .bind(id)
            .bind(key)
            .bind(name)
            .execute(self.tx.sqlite())
            .await?;
        Ok(NetworkId(id))
    }

    /// Writes a draft plan with all its cells. Returns the plan and the id of its first cell; the others follow in
    /// order. O(cells).
    pub async fn draft_plan(&mut self, draft: &PlanDraft<'_>) -> Result<(PlanId, CellId), StoreError> {
        let hash = self.store.cells_hash(draft.cells);
        let id = self.next_id("plan").await?;
        let revision = self.line(ChangeKind::Draft, id);
        sqlx::query(
            "INSERT INTO plan (id, network_id, name, status, content_hash, author, recorded_at, revision) VALUES (?, ?, ?, 'draft', ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(draft.network.0)
        .bind(draft.name)
        .bind(hash)
        .bind(&self.actor.who)
        .bind(self.recorded_at.0)
        .bind(revision)
        .execute(self.tx.sqlite())
        .await?;
        let first = self.put_cells(PlanId(id), draft.cells).await?;
        let mut seen = std::collections::BTreeSet::new();
        for c in draft.cells.iter().filter(|c| !c.community_code.is_empty() && !c.community_name.is_empty()) {
            if seen.insert(&c.community_code) {
                self.put_division(&c.community_code, "community", &c.community_name).await?;
            }
        }
        Ok((PlanId(id), first))
    }

    /// Writes the cells of a plan. Returns the id of the first; the others follow in their order.
    pub(crate) async fn put_cells(&mut self, plan: PlanId, cells: &[CellRecord]) -> Result<CellId, StoreError> {
        let first = self.next_id("cell").await?;
        let mut cell_id = first;
        for chunk in chunks(cells) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO cell (id, plan_id, code, name, kind, community_code, households, feature_index, geometry) ",
            );
            query.push_values(chunk, |mut row, c| {
                row.push_bind(cell_id)
                    .push_bind(plan.0)
                    .push_bind(&c.code)
                    .push_bind(&c.name)
                    .push_bind(c.kind.code())
                    .push_bind(&c.community_code)
                    .push_bind(c.households)
                    .push_bind(c.feature_index)
                    .push_bind(ground::encode(&c.geometry));
                cell_id += 1;
            });
            query.build().execute(self.tx.sqlite()).await?;
        }
        Ok(CellId(first))
    }

    /// The plan of a network that was published last: the one that another one follows.
    pub async fn last_published(&mut self, network: NetworkId) -> Result<Option<PlanId>, StoreError> {
        let row =
            sqlx::query("SELECT id FROM plan WHERE network_id = ? AND status = 'published' ORDER BY effective_from DESC LIMIT 1")
                .bind(network.0)
                .fetch_optional(self.tx.sqlite())
                .await?;
        Ok(row.map(|r| PlanId(r.get(0))))
    }

    /// Publishes a draft from `effective` on; the plan in force before ends there. The first plan of a network is in
    /// force since always ([`PLAN_EPOCH`]) unless a time is given. Returns the time it takes effect.
    pub async fn publish_plan(&mut self, plan: PlanId, effective: Option<UtcMs>) -> Result<UtcMs, StoreError> {
        let row = sqlx::query("SELECT network_id, status FROM plan WHERE id = ?")
            .bind(plan.0)
            .fetch_optional(self.tx.sqlite())
            .await?
            .ok_or_else(|| StoreError::Refused(format!("there is no plan {}", plan.0)))?;
        let (network, status): (i64, String) = (row.get(0), row.get(1));
        if status == "published" || status == "retired" {
            return Err(StoreError::Refused(format!("plan {} is {status}; a published plan is never changed", plan.0)));
        }
        let last = sqlx::query("SELECT id, effective_from FROM plan WHERE network_id = ? AND status = 'published' ORDER BY effective_from DESC LIMIT 1")
            .bind(network)
            .fetch_optional(self.tx.sqlite())
            .await?;
        let from = match (&last, effective) {
            (_, Some(t)) => t,
            (None, None) => PLAN_EPOCH,
            (Some(_), None) => self.recorded_at,
        };
        if let Some(row) = last {
            let (old, old_from): (i64, i64) = (row.get(0), row.get(1));
            if old_from >= from.0 {
                return Err(StoreError::Refused(format!(
                    "plan {old} is in force from {}; a new one must begin later",
                    UtcMs(old_from).to_rfc3339()
                )));
            }
            let revision = self.line(ChangeKind::Plan, old);
            sqlx::query("UPDATE plan SET effective_to = ?, revision = ? WHERE id = ?")
                .bind(from.0)
                .bind(revision)
                .bind(old)
                .execute(self.tx.sqlite())
                .await?;
        }
        let revision = self.line(ChangeKind::Plan, plan.0);
        sqlx::query("UPDATE plan SET status = 'published', effective_from = ?, revision = ? WHERE id = ?")
            .bind(from.0)
            .bind(revision)
            .bind(plan.0)
            .execute(self.tx.sqlite())
            .await?;
        Ok(from)
    }

    /// Names a district, street or community.
    pub async fn put_division(&mut self, code: &str, level: &str, name: &str) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO division (code, level, name, recorded_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level WHERE name <> excluded.name",
        )
        .bind(code)
        .bind(level)
        .bind(name)
        .bind(self.recorded_at.0)
        .execute(self.tx.sqlite())
        .await?;
        if done.rows_affected() > 0 {
            self.line(ChangeKind::Division, 0);
        }
        Ok(())
    }
}
