//! Scopes of accounts and tokens, and where tickets lie for them.

use crate::{
    StoreError, WriteTx,
    db::{Row, Value, chunks, sql},
    rows::word,
};
use std::{collections::HashMap, sync::Arc};
use wall_core::{CellId, NetworkId, Scope, TicketId, ticket_division};

/// A scope as it is kept.
pub(crate) fn scope_text(scope: Option<&Scope>) -> Option<String> {
    scope.map(|scope| serde_json::json!(scope).to_string())
}

/// The scope of a row of accounts or tokens. One that cannot be read is no scope that holds everything.
pub(crate) fn scope_of(row: &Row, table: &str, id: i64) -> Result<Option<Arc<Scope>>, StoreError> {
    let text: Option<&str> = row.get("scope")?;
    text.map(|text| word(serde_json::from_str(text).ok().map(Arc::new), table, id, text)).transpose()
}

impl WriteTx {
    /// Refuses a scope that names a network or division which nothing here has: who has it would see and do nothing, and nobody
    /// would know why.
    pub(crate) async fn need_divisions(&mut self, scope: Option<&Scope>) -> Result<(), StoreError> {
        let Some(scope) = scope else { return Ok(()) };
        let mut known = Vec::new();
        for codes in ["SELECT DISTINCT community_code AS code FROM cell", "SELECT code FROM division"] {
            for row in self.tx.rows(sql(codes)).await? {
                known.push(row.get::<String>("code")?);
            }
        }
        for code in scope.divisions() {
            let alone = Scope::new(std::slice::from_ref(code), None).map_err(|e| StoreError::Refused(e.to_string()))?;
            if !known.iter().any(|k| alone.holds_division(k)) {
                let why =
                    format!("no cell lies in a division {code}, and none has this code: a scope with it would hold nothing");
                return Err(StoreError::Refused(why));
            }
        }
        if let Some(key) = scope.network()
            && self.tx.optional(sql("SELECT id FROM network WHERE key = $1").bind(key)).await?.is_none()
        {
            return Err(StoreError::Refused(format!("there is no network {key}: a scope with it would hold nothing")));
        }
        Ok(())
    }

    /// The divisions in which known tickets lie, by their key `source` + `external_id`; empty = in none. O(n log tickets).
    pub async fn divisions_of_tickets(
        &mut self,
        network: NetworkId,
        keys: &[(&str, &str)],
    ) -> Result<HashMap<(String, String), String>, StoreError> {
        let mut keyed: HashMap<TicketId, (String, String)> = HashMap::new();
        for chunk in chunks(keys) {
            let rows = chunk.iter().map(|(source, id)| [Value::from(*source), Value::from(*id)]);
            let known = sql("WITH k (s, e) AS (VALUES ").push_rows(rows);
            let known = known.push(") SELECT s, e, (SELECT id FROM ticket WHERE source = s AND external_id = e) AS id FROM k");
            for row in self.tx.rows(known).await? {
                if let Some(id) = row.get("id")? {
                    keyed.insert(TicketId(id), (row.get("s")?, row.get("e")?));
                }
            }
        }
        let ids: Vec<TicketId> = keyed.keys().copied().collect();
        let mut divisions = HashMap::with_capacity(ids.len());
        for chunk in chunks(&ids) {
            let home = sql(
                "SELECT t.id, t.lon, t.community_code, (SELECT c.community_code FROM ticket_home h JOIN cell c ON c.id = h.cell_id \
                 WHERE h.ticket_id = t.id AND h.network_id = ",
            );
            let lie = home.push_bind(network.0).push(") AS home FROM ticket t WHERE t.id IN (");
            for row in self.tx.rows(lie.push_list(chunk.iter().map(|id| id.0)).push(")")).await? {
                let (home, told): (Option<&str>, &str) = (row.get("home")?, row.get("community_code")?);
                let is_placed = row.get::<Option<f64>>("lon")?.is_some();
                if let Some(key) = keyed.remove(&TicketId(row.get("id")?)) {
                    divisions.insert(key, ticket_division(home, is_placed, told).to_owned());
                }
            }
        }
        Ok(divisions)
    }

    /// The communities of cells of whatever plan. O(n log cells).
    pub async fn communities_of_cells(&mut self, cells: &[CellId]) -> Result<HashMap<CellId, String>, StoreError> {
        let mut communities = HashMap::with_capacity(cells.len());
        for chunk in chunks(cells) {
            let of = sql("SELECT id, community_code FROM cell WHERE id IN (").push_list(chunk.iter().map(|id| id.0)).push(")");
            for row in self.tx.rows(of).await? {
                communities.insert(CellId(row.get("id")?), row.get("community_code")?);
            }
        }
        Ok(communities)
    }
}
