//! Networks, cells and divisions.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, chunks, sql},
    kinds::ChangeKind,
    rows::{ground, word},
};
use wall_core::{Cell, CellGeometry, CellId, CellKind, CellRecord, Network, NetworkId, PlanId, UtcMs};

/// The ground of the cell in a row.
pub(crate) fn geometry_of(row: &Row, id: i64) -> Result<CellGeometry, StoreError> {
    word(ground::decode(row.get("geometry")?), "cell", id, "geometry")
}

impl Store {
    /// Hash of the content of a set of cells, for [`crate::StoredPlan::content_hash`].
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
        let rows = self.inner.read.rows(sql("SELECT id, key, name FROM network ORDER BY id")).await?;
        rows.iter().map(|r| Ok(Network { id: NetworkId(r.get("id")?), key: r.get("key")?, name: r.get("name")? })).collect()
    }

    /// The cells of a plan, in the order of their source.
    pub async fn cells(&self, plan: PlanId) -> Result<Vec<Cell>, StoreError> {
        let cells = sql("SELECT id, code, name, kind, community_code, households, feature_index, geometry FROM cell \
             WHERE plan_id = $1 ORDER BY feature_index, id");
        let cell = |r: &Row| {
            let id = r.get("id")?;
            Ok(Cell {
                id: CellId(id),
                plan,
                code: r.get("code")?,
                name: r.get("name")?,
                kind: r.word("cell", "kind", CellKind::from_code)?,
                community_code: r.get("community_code")?,
                households: r.get("households")?,
                feature_index: r.get("feature_index")?,
                geometry: geometry_of(r, id)?,
            })
        };
        self.inner.read.rows(cells.bind(plan.0)).await?.iter().map(cell).collect()
    }

    /// Code and ground of cells of whatever plan.
    pub async fn cells_of_any_plan(&self, ids: &[CellId]) -> Result<Vec<(CellId, String, String, CellGeometry)>, StoreError> {
        let mut out = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let cells = sql("SELECT id, code, community_code, geometry FROM cell WHERE id IN (")
                .push_list(chunk.iter().map(|id| id.0))
                .push(")");
            for r in self.inner.read.rows(cells).await? {
                let id = r.get("id")?;
                out.push((CellId(id), r.get("code")?, r.get("community_code")?, geometry_of(&r, id)?));
            }
        }
        Ok(out)
    }

    /// Code and name of a cell of whatever plan that had begun at a time, and the plan's name.
    pub async fn cell_of_any_plan(&self, cell: CellId, begun_by: UtcMs) -> Result<Option<(String, String, String)>, StoreError> {
        let found = sql("SELECT c.code, c.name, p.name AS plan_name FROM cell c JOIN plan p ON p.id = c.plan_id \
             WHERE c.id = $1 AND p.effective_from <= $2");
        let row = self.inner.read.optional(found.bind(cell.0).bind(begun_by)).await?;
        row.map(|r| Ok((r.get("code")?, r.get("name")?, r.get("plan_name")?))).transpose()
    }

    /// Names of districts, streets and communities by code: `(code, level, name)`.
    pub async fn divisions(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        let rows = self.inner.read.rows(sql("SELECT code, level, name FROM division ORDER BY code")).await?;
        rows.iter().map(|r| Ok((r.get("code")?, r.get("level")?, r.get("name")?))).collect()
    }
}

const NEW_CELL: [&str; 9] =
    ["id", "plan_id", "code", "name", "kind", "community_code", "households", "feature_index", "geometry"];

impl WriteTx {
    /// The network with this key, made when it is new.
    pub async fn network(&mut self, key: &str, name: &str) -> Result<NetworkId, StoreError> {
        if let Some(row) = self.tx.optional(sql("SELECT id FROM network WHERE key = $1").bind(key)).await? {
            return row.get("id").map(NetworkId);
        }
        let id = self.ids("network", 1).await?;
        let network = sql("INSERT INTO network (id, key, name) VALUES ($1, $2, $3)").bind(id).bind(key).bind(name);
        self.tx.execute(network).await?;
        Ok(NetworkId(id))
    }

    /// Writes the cells of a plan. Returns the id of the first; the others follow in their order.
    pub(crate) async fn put_cells(&mut self, plan: PlanId, cells: &[CellRecord]) -> Result<CellId, StoreError> {
        let first = self.ids("cell", cells.len()).await?;
        let mut id = first;
        self.tx
            .insert("cell", NEW_CELL, "", cells, |c| {
                id += 1;
                [
                    (id - 1).into(),
                    plan.0.into(),
                    (&c.code).into(),
                    (&c.name).into(),
                    c.kind.code().into(),
                    (&c.community_code).into(),
                    c.households.map(i64::from).into(),
                    i64::from(c.feature_index).into(),
                    ground::encode(&c.geometry).into(),
                ]
            })
            .await?;
        Ok(CellId(first))
    }

    /// Names a district, street or community.
    pub async fn put_division(&mut self, code: &str, level: &str, name: &str) -> Result<(), StoreError> {
        let division = sql("INSERT INTO division (code, level, name, recorded_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level WHERE division.name <> excluded.name");
        let division = division.bind(code).bind(level).bind(name).bind(self.recorded_at);
        if self.tx.execute(division).await? > 0 {
            self.line(ChangeKind::Division, 0);
        }
        Ok(())
    }
}
