//! Tickets: their lines, pages of them, and the members of a number.

use super::super::{
    AsOf, ListOrder, ListQuery, TicketQuery, TicketSet, Wall, WallError,
    alarms::alarm,
    ground::Ground,
    lists::OwnerShare,
    shown::{Sight, shown_text},
    world::World,
};
use crate::wire::{self, ListedTicket, OwnerCount, TicketList, TicketView};
use std::{collections::HashMap, sync::Arc};
use wall_core::{Level, Platform, TicketAt, TicketId, UtcMs};
use wall_store::Actor;

impl From<wire::TicketSet> for TicketSet {
    fn from(set: wire::TicketSet) -> Self {
        match set {
            wire::TicketSet::Open => Self::Open,
            wire::TicketSet::Overdue => Self::Overdue,
            wire::TicketSet::NearDue => Self::NearDue,
            wire::TicketSet::Late => Self::Late,
            wire::TicketSet::Alarm => Self::Alarm,
            wire::TicketSet::Received => Self::Received,
            wire::TicketSet::Closed => Self::Closed,
            wire::TicketSet::Due => Self::Due,
            wire::TicketSet::OnTime => Self::OnTime,
            wire::TicketSet::Missed => Self::Missed,
        }
    }
}

impl From<wire::ListOrder> for ListOrder {
    fn from(order: wire::ListOrder) -> Self {
        match order {
            wire::ListOrder::Overrun => Self::Overrun,
            wire::ListOrder::Gravest => Self::Gravest,
            wire::ListOrder::Newest => Self::Newest,
        }
    }
}

/// A ticket as it stood at `now`, as it is shown.
pub(super) fn ticket_view(world: &World, ground: &Arc<Ground>, stood: &TicketAt, sight: &Sight, now: UtcMs) -> TicketView {
    let ticket = &stood.ticket;
    let (status, open, overdue) = (ticket.status, !ticket.status.is_final(), ticket.is_late_at(now));
    let category = world.categories.name(&ticket.category, now);
    let (place, cell) = world.shown(ground, ticket, sight);
    let area = cell.map(|c| ground.cell_area(c));
    let platform = ticket.platform.or_else(|| world.categories.platform(&ticket.category, now));
    TicketView {
        id: ticket.id.0,
        external_id: ticket.external_id.clone(),
        title: shown_text(ticket, category, world.is_clear_ticket(ticket, sight)).title.into_owned(),
        category: ticket.category.clone(),
        category_name: category.to_owned(),
        platform: platform.map_or("", Platform::code).into(),
        channel: ticket.channel.map_or("", wall_core::Channel::code).into(),
        severity: ticket.severity.get(),
        status: status.into(),
        open,
        overdue,
        alarm: alarm(ticket.severity, status, open, overdue).into(),
        lon: place.map(|p| p.lon),
        lat: place.map(|p| p.lat),
        unplaced: ticket.place.is_none(),
        cell_key: area.map_or_else(String::new, |a| a.key.clone()),
        cell_code: area.map_or_else(String::new, |a| a.code.clone()),
        cell_name: area.map_or_else(String::new, |a| a.name.clone()),
        reported_ms: ticket.reported_at.0,
        since_ms: ticket.appears_at(world.base).0,
        ahead: stood.ahead,
        reopened: stood.reopened,
        due_ms: ticket.due_at.map(|t| t.0),
        closed_ms: ticket.closed_at.map(|t| t.0),
    }
}

impl Wall {
    /// Ticket lines by id at a time, newest first, as the actor may see them: by all that is known, or by what was known at a
    /// revision.
    pub(in crate::wall) async fn ticket_lines(
        &self,
        actor: &Actor,
        ids: &[TicketId],
        ground: &Arc<Ground>,
        at: UtcMs,
        known_at: Option<i64>,
    ) -> Result<Vec<TicketView>, WallError> {
        let base = self.world().base;
        let mut stood = self.store().tickets_at(self.network_id(), ids, at, base, known_at).await?;
        stood.sort_by_key(|(t, _)| std::cmp::Reverse((t.ticket.appears_at(base), t.ticket.id)));
        let (world, sight) = (self.world(), Sight::of(actor));
        Ok(stood.iter().map(|(t, _)| ticket_view(&world, ground, t, &sight, at)).collect())
    }

    /// Tickets by filter, newest first, and the cursor of the next page.
    pub async fn tickets(&self, actor: &Actor, query: TicketQuery) -> Result<(Vec<TicketView>, Option<String>), WallError> {
        let page = self.ticket_page(actor, &query, 0).await?;
        let (ground, now) = {
            let world = self.world();
            (world.ground.clone(), world.now)
        };
        let mut lines = self.ticket_lines(actor, &page.ids, &ground, now, None).await?;
        lines.sort_by_key(|t| std::cmp::Reverse(t.id));
        Ok((lines, page.cursor))
    }

    /// The members of a number, a page at a time, with how many they are and whose. O(tickets).
    pub async fn ticket_list(&self, actor: &Actor, query: ListQuery, as_of: AsOf) -> Result<TicketList, WallError> {
        let members = self.members_of(actor, query, as_of).await?;
        let ground = &members.ground;
        let lines = self.ticket_lines(actor, &members.page, ground, members.at, members.known_at).await?;
        let mut views: HashMap<i64, TicketView> = lines.into_iter().map(|v| (v.id, v)).collect();
        let line = |id: &TicketId| {
            let ticket = views.remove(&id.0)?;
            let cell = ground.area(Level::Cell, &ticket.cell_key).map(|a| &a.facts);
            let community = cell.map_or("", |c| if c.parent_name.is_empty() { &c.parent_code } else { &c.parent_name });
            Some(ListedTicket {
                owner: cell.map_or_else(String::new, |c| c.owner.clone()),
                community: community.to_owned(),
                ticket,
            })
        };
        let owner = |o: OwnerShare| OwnerCount { owner: o.owner, total: o.total, overdue: o.overdue, near_due: o.near_due };
        let (from_ms, to_ms) = members.period.unzip();
        Ok(TicketList {
            lines: members.page.iter().filter_map(line).collect(),
            total: members.total,
            overdue: members.overdue,
            near_due: members.near_due,
            owners: members.owners.into_iter().map(owner).collect(),
            owner_count: members.owner_count,
            cursor: members.cursor,
            near_s: members.near_s,
            from_ms,
            to_ms,
            area: members.area.as_ref().map(Into::into),
            at_ms: members.at.0,
            revision: members.revision,
            late_events: members.late_events,
        })
    }
}
