//! What exports read: the cells of a plan and every ticket as it stood at a time.

use super::{AsOf, Wall, WallError, shown::Sight};
use crate::export::TicketRow;
use std::collections::HashMap;
use wall_core::{Cell, Plan, Ticket, TicketAt, TicketId, UtcMs};
use wall_store::{Actor, Store, StoredPlan};

/// Tickets read at once.
const PAGE: u32 = 8_192;

/// A plan of a network: by name or number, else the one in force at `at`.
pub(super) async fn plan_of(store: &Store, network: &str, plan: Option<&str>, at: UtcMs) -> Result<StoredPlan, WallError> {
    let Some(found) = store.networks().await?.into_iter().find(|n| n.key == network) else {
        return Err(WallError::NotFound(format!("there is no network {network}; import its cells first")));
    };
    let plans = store.plans(found.id).await?;
    let chosen = match plan {
        Some(name) => plans.into_iter().rev().find(|p| p.plan.name == name || p.plan.id.0.to_string() == name),
        None => Plan::of_time(plans, |p| &p.plan, at),
    };
    chosen.ok_or_else(|| {
        let why = plan.map_or_else(
            || format!("no plan of {network} is in force at {}", at.to_rfc3339()),
            |p| format!("there is no plan {p}"),
        );
        WallError::NotFound(format!("{why}; publish one with `import cells … --publish`, or name it with --plan"))
    })
}

impl Wall {
    /// The cells of a plan and the names of communities by code.
    pub async fn plan_cells(
        &self,
        network: &str,
        plan: Option<&str>,
        as_of: Option<UtcMs>,
    ) -> Result<(Vec<Cell>, HashMap<String, String>), WallError> {
        let chosen = plan_of(self.store(), network, plan, as_of.unwrap_or_else(|| self.now())).await?;
        let names = self.store().divisions().await?.into_iter().map(|(code, _, name)| (code, name)).collect();
        Ok((self.store().cells(chosen.plan.id).await?, names))
    }

    /// Every ticket reported by `as_of` (default: the wall's now) with the status and cell it had then, as far as it was known.
    /// O(tickets).
    pub async fn ticket_rows(&self, actor: &Actor, as_of: AsOf) -> Result<Vec<TicketRow>, WallError> {
        if !actor.role.sees_exact_places() {
            return Err(WallError::Forbidden("this role sees tickets only to the cell and may not export them".into()));
        }
        let at = as_of.time().unwrap_or_else(|| self.now());
        let known = match as_of.known_at {
            Some(t) => Some(self.store().tickets_known_at(t).await?.revision),
            None => None,
        };
        let ground = self.ground_at(at).await?;
        // As on the wall: place and cell are those that are shown.
        let sight = Sight::of(actor);
        let shown = |t: &Ticket| {
            let (place, cell) = self.world().shown(&ground, t, &sight);
            (place, cell.map_or_else(String::new, |c| ground.cells[c as usize].code.clone()))
        };
        let (network, base) = (self.network_id(), self.world().base);
        let (mut rows, mut after) = (Vec::new(), TicketId(0));
        loop {
            let page = self.store().tickets_after(network, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(rows) };
            after = last.id;
            let stood = self.store().fold(&page, at, base, known).await?;
            rows.extend(stood.into_iter().map(|(TicketAt { ticket: t, .. }, _)| {
                let (place, cell_code) = shown(&t);
                TicketRow {
                    runs_out_at: t.runs_out_at(),
                    status: t.status,
                    cell_code,
                    closed_at: t.closed_at,
                    external_id: t.external_id,
                    source: t.source,
                    category: t.category,
                    severity: t.severity,
                    reported_at: t.reported_at,
                    due_at: t.due_at,
                    place,
                    as_of: at,
                }
            }));
        }
    }
}
