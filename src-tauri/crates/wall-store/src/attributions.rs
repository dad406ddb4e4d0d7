//! To which cell each ticket belongs, under every plan that there was, and in which it was first found.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, Sql, chunks, sql},
    kinds::ChangeKind,
};
use std::collections::HashMap;
use wall_core::{CellId, NetworkId, Place, PlanId, TicketId};

/// To which cell of which plan a ticket belongs (`cell` = `None`: outside all cells).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attributed {
    /// The network.
    pub network: NetworkId,
    /// The plan whose cells were asked.
    pub plan: PlanId,
    /// The cell.
    pub cell: Option<CellId>,
}

/// A ticket that a plan's cells are asked for.
#[derive(Clone, Copy, Debug)]
pub struct WaitingTicket {
    /// Where it lies.
    pub place: Place,
    /// The cell that it had last.
    pub had: Option<CellId>,
    /// Of a sensitive one, the cell in which it was first found: nothing that people see may tell more of its place.
    pub home: Option<CellId>,
}

impl WriteTx {
    /// Writes new attribution lines; the old ones stay.
    pub async fn attribute(&mut self, lines: &[(TicketId, Attributed)]) -> Result<(), StoreError> {
        let rows: Vec<_> = lines.iter().map(|(t, a)| (t.0, *a, self.line(ChangeKind::Ticket, t.0))).collect();
        self.put_attributions(&rows, false).await
    }

    /// Attributes tickets anew to `plan`: those never attributed in `network`, and those open that belong to a cell of
    /// another plan. Those without a place belong nowhere. Old lines stay. Returns how many lines were written. O(tickets).
    pub async fn attribute_all(
        &mut self,
        network: NetworkId,
        plan: PlanId,
        cell_at: &(dyn Fn(&WaitingTicket) -> Option<CellId> + Send + Sync),
    ) -> Result<u64, StoreError> {
        let (mut after, mut written) = (0i64, 0u64);
        loop {
            let rows = self.tx.rows(waiting(network, plan, after, 8192)).await?;
            let Some(last) = rows.last() else { return Ok(written) };
            after = last.get("id")?;
            let line = |r: &Row| {
                let (cell, home): (Option<i64>, Option<i64>) = (r.get("cell_id")?, r.get("home_id")?);
                let sensitive: bool = r.get("sensitive")?;
                let place = Place { lon: r.get("lon")?, lat: r.get("lat")? };
                let waiting = WaitingTicket { place, had: cell.map(CellId), home: home.map(CellId).filter(|_| sensitive) };
                Ok((TicketId(r.get("id")?), Attributed { network, plan, cell: cell_at(&waiting) }))
            };
            let lines: Vec<(TicketId, Attributed)> = rows.iter().map(line).collect::<Result<_, StoreError>>()?;
            written += lines.len() as u64;
            self.attribute(&lines).await?;
        }
    }

    /// Attributions of tickets by revision; of those that are new this is also where they are at home.
    pub(crate) async fn put_attributions(&mut self, rows: &[(i64, Attributed, i64)], are_new: bool) -> Result<(), StoreError> {
        let columns = ["ticket_id", "network_id", "from_revision", "plan_id", "cell_id"];
        self.tx
            .insert("attribution", columns, "", rows, |(ticket, a, revision)| {
                [(*ticket).into(), a.network.0.into(), (*revision).into(), a.plan.0.into(), a.cell.map(|c| c.0).into()]
            })
            .await?;
        let inside: Vec<(i64, NetworkId, CellId)> = rows.iter().filter_map(|(t, a, _)| Some((*t, a.network, a.cell?))).collect();
        let columns = ["ticket_id", "network_id", "cell_id"];
        self.tx
            .insert(
                "ticket_home",
                columns,
                if are_new { "" } else { "ON CONFLICT DO NOTHING" },
                &inside,
                |(ticket, network, cell)| [(*ticket).into(), network.0.into(), cell.0.into()],
            )
            .await
            .map(drop)
    }
}

/// Which tickets `t` [`WriteTx::attribute_all`] would attribute in the network `$1` to the plan `$2`, with what they have now.
const WAIT: &str = "LEFT JOIN attribution a ON a.ticket_id = t.id AND a.network_id = $1 AND \
     a.from_revision = (SELECT max(from_revision) FROM attribution WHERE ticket_id = t.id AND network_id = $1) \
     WHERE t.lon IS NOT NULL AND (a.plan_id IS NULL OR (a.plan_id <> $2 AND t.status NOT IN ('closed', 'rated', 'cancelled')))";
/// Those of which something was recorded later: along the log's key and from there along the tickets' (`CROSS JOIN`: in this order).
const CHANGED: &str =
    "SELECT t.id FROM (SELECT id FROM change_log WHERE kind = 'ticket' AND revision > $3) c CROSS JOIN ticket t ";

/// Tickets after `after` that wait for `plan`.
fn waiting(network: NetworkId, plan: PlanId, after: i64, limit: i64) -> Sql {
    sql("SELECT t.id, t.lon, t.lat, t.sensitive, a.cell_id, \
         (SELECT h.cell_id FROM ticket_home h WHERE h.ticket_id = t.id AND h.network_id = $1) AS home_id FROM ticket t ")
    .push(WAIT)
    .bind(network.0)
    .bind(plan.0)
    .push(" AND t.id > ")
    .push_bind(after)
    .push(" ORDER BY t.id LIMIT ")
    .push_bind(limit)
}

/// One ticket that waits for `plan`, of those of which something was recorded after `since`.
fn changed_and_waiting(network: NetworkId, plan: PlanId, since: i64) -> Sql {
    sql(CHANGED).push(WAIT).push(" AND t.id = c.id LIMIT 1").bind(network.0).bind(plan.0).bind(since)
}

/// Of each ticket a cell.
fn cells_of(rows: &[Row]) -> impl Iterator<Item = Result<(TicketId, CellId), StoreError>> {
    rows.iter().map(|r| Ok((TicketId(r.get("ticket_id")?), CellId(r.get("cell_id")?))))
}

impl Store {
    /// Whether `attribute_all` would write anything, asked without holding up those who write; nothing waited at the revision
    /// `since`. O(lines of the log after it); where the log begins later, and after 0: O(tickets).
    pub async fn is_attributed_to(&self, network: NetworkId, plan: PlanId, since: i64) -> Result<bool, StoreError> {
        let is_whole = since > 0 && self.oldest_line().await?.is_none_or(|oldest| oldest <= since + 1);
        let one = if is_whole { changed_and_waiting(network, plan, since) } else { waiting(network, plan, 0, 1) };
        Ok(self.inner.read.optional(one).await?.is_none())
    }

    /// The last cell that each ticket had under a plan.
    pub async fn attributions_under(&self, plan: PlanId) -> Result<Vec<(TicketId, CellId)>, StoreError> {
        let last = sql(
            "SELECT a.ticket_id, a.cell_id FROM attribution a JOIN (SELECT ticket_id, network_id, max(from_revision) AS revision \
             FROM attribution WHERE plan_id = $1 AND cell_id IS NOT NULL GROUP BY ticket_id, network_id) l \
             ON l.ticket_id = a.ticket_id AND l.network_id = a.network_id AND l.revision = a.from_revision ORDER BY a.ticket_id",
        );
        cells_of(&self.inner.read.rows(last.bind(plan.0)).await?).collect()
    }

    /// The cells in which tickets were first found, of those with ids in `ids`.
    pub async fn homes(
        &self,
        network: NetworkId,
        ids: std::ops::RangeInclusive<TicketId>,
    ) -> Result<HashMap<TicketId, CellId>, StoreError> {
        let homes = sql("SELECT ticket_id, cell_id FROM ticket_home WHERE ticket_id BETWEEN $1 AND $2 AND network_id = $3");
        let homes = homes.bind(ids.start().0).bind(ids.end().0).bind(network.0);
        cells_of(&self.inner.read.rows(homes).await?).collect()
    }

    /// The same for single tickets.
    pub async fn homes_of(&self, network: NetworkId, ids: &[TicketId]) -> Result<HashMap<TicketId, CellId>, StoreError> {
        let mut out = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let homes = sql("SELECT ticket_id, cell_id FROM ticket_home WHERE network_id = ").push_bind(network.0);
            let homes = homes.push(" AND ticket_id IN (").push_list(chunk.iter().map(|id| id.0)).push(")");
            for home in cells_of(&self.inner.read.rows(homes).await?) {
                let (ticket, cell) = home?;
                out.insert(ticket, cell);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many tickets there are, only those of which something was recorded are looked at.
    #[tokio::test]
    async fn what_waits_is_found_along_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (network, plan) = (NetworkId(1), PlanId(1));
        let question = sql("EXPLAIN QUERY PLAN ").push(CHANGED).push(WAIT).push(" AND t.id = c.id LIMIT 1");
        let plan = store.inner.read.rows(question.bind(network.0).bind(plan.0).bind(1i64)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail").unwrap()).collect();
        assert!(plan.iter().any(|s| s.starts_with("SEARCH change_log USING INTEGER PRIMARY KEY")), "{plan:?}");
        assert!(plan.iter().any(|s| s.starts_with("SEARCH t USING INTEGER PRIMARY KEY")), "{plan:?}");
        assert!(!plan.iter().any(|s| s.starts_with("SCAN")), "{plan:?}");
    }
}
