//! Tickets page by page, newest first. A page goes on from the id of the last line before it: what comes and goes meanwhile
//! shows no line twice, and a page costs what is looked at for its own lines, wherever in the list it lies.

use super::{
    TicketQuery, Wall, WallError,
    shown::Sight,
    world::{Live, World, ticket_of},
};
use std::collections::HashMap;
use wall_core::{TicketId, TicketStatus, Timebase, UtcMs};
use wall_store::Actor;

/// Tickets found in one go before others may do something.
const STRETCH: usize = 1_000;

/// A page of ids.
pub(crate) struct Page {
    /// Newest first.
    pub ids: Vec<TicketId>,
    /// Where the next page goes on; `None` = this is the last.
    pub cursor: Option<String>,
    /// Tickets that were looked at for it.
    looked: usize,
}

/// Which tickets a question means, said of the world as it stands.
struct Meant<'a> {
    query: &'a TicketQuery,
    sight: Sight,
    cell: Option<u32>,
    /// The status asked for; `None` also where only their courses can tell.
    status: Option<TicketStatus>,
    only_open: bool,
}

impl Meant<'_> {
    fn has(&self, world: &World, slot: u32, t: &Live) -> bool {
        let query = self.query;
        let inside = query.bbox.is_none_or(|[w, s, e, n]| {
            world.shown_place(t, &self.sight).is_some_and(|p| p.lon >= w && p.lon <= e && p.lat >= s && p.lat <= n)
        });
        t.life.there_at(world.now)
            && inside
            && query.reported.is_none_or(|(from, to)| (from.0..=to.0).contains(&t.life.reported))
            && query.unfinished.is_none_or(|asked| asked == t.life.open_at(world.now))
            && (query.categories.is_empty() || query.categories.iter().any(|c| c == world.categories.code(t.category)))
            && self.cell.is_none_or(|c| world.shown_cell(&world.ground, slot, t, &self.sight) == Some(c))
            && self.status.is_none_or(|s| t.status == s)
            && (!self.only_open || t.life.open_at(world.now))
    }
}

/// What one go found: tickets, how many were looked at, and below which id the rest lies.
struct Stretch {
    found: Vec<TicketId>,
    looked: usize,
    rest: Option<i64>,
}

/// The newest `most` that are meant, of those with ids below `before`. O(tickets looked at).
fn stretch(world: &World, meant: &Meant, before: i64, most: usize) -> Stretch {
    let start = (before.clamp(1, world.tickets.len() as i64 + 1) - 1) as usize;
    let mut found = Vec::new();
    for slot in (0..start).rev() {
        if world.tickets[slot].is_some_and(|t| meant.has(world, slot as u32, &t)) {
            found.push(ticket_of(slot as u32));
            if found.len() == most {
                return Stretch { found, looked: start - slot, rest: (slot > 0).then_some(slot as i64 + 1) };
            }
        }
    }
    Stretch { found, looked: start, rest: None }
}

impl Wall {
    /// Ids by filter, newest first, the first `skip` left out: those are counted in memory, never read from the store.
    /// O(tickets looked at), and for a status behind a foreign clock O(tickets found) reads.
    pub(crate) async fn ticket_page(&self, actor: &Actor, query: &TicketQuery, mut skip: usize) -> Result<Page, WallError> {
        if query.bbox.is_some() && !actor.role.sees_exact_places() {
            return Err(WallError::Forbidden("this role sees tickets only to the cell: ask by cell, not by a box".into()));
        }
        let limit = query.limit.clamp(1, 1_000) as usize;
        let mut before = match &query.cursor {
            None => i64::MAX,
            Some(c) => c.parse().map_err(|_| WallError::Invalid(format!("\"{c}\" is not a cursor of this list")))?,
        };
        let status = match query.status.as_deref() {
            None | Some("") | Some("open") => None,
            Some(s) => Some(TicketStatus::from_code(s).ok_or_else(|| WallError::Invalid(format!("there is no status \"{s}\"")))?),
        };
        let mut ids: Vec<TicketId> = Vec::new();
        let mut looked = 0;
        loop {
            let changed = match query.changed_after {
                None => None,
                Some(since) => Some(self.store().tickets_changed_after(since, before, STRETCH as u32).await?),
            };
            let (mut part, now, by_course) = {
                let world = self.world();
                // What the world keeps of a status is the last one; behind a foreign clock others are asked of their histories.
                let by_course = status.filter(|_| world.base == Timebase::Foreign);
                let cell = query.cell.as_ref().map(|code| {
                    let known = world.ground.by_code.get(code).copied();
                    known.ok_or_else(|| WallError::NotFound(format!("there is no cell {code}")))
                });
                let meant = Meant {
                    query,
                    sight: Sight::of(actor),
                    cell: cell.transpose()?,
                    status: status.filter(|_| by_course.is_none()),
                    only_open: query.status.as_deref() == Some("open"),
                };
                let part = match &changed {
                    Some(rows) => among(&world, &meant, rows),
                    None if by_course.is_some() => stretch(&world, &meant, before, STRETCH),
                    None => stretch(&world, &meant, before, (skip + limit + 1 - ids.len()).min(STRETCH)),
                };
                (part, world.now, by_course)
            };
            looked += part.looked;
            if let Some(status) = by_course {
                let stood = self.statuses_at(&part.found, now, None).await?;
                part.found.retain(|id| stood.get(id) == Some(&status));
            }
            let skipped = skip.min(part.found.len());
            skip -= skipped;
            ids.extend(part.found.into_iter().skip(skipped).take(limit + 1 - ids.len()));
            match part.rest {
                Some(rest) if ids.len() <= limit => before = rest,
                _ => break,
            }
        }
        let more = ids.len() > limit;
        ids.truncate(limit);
        let cursor = ids.last().filter(|_| more).map(|id| id.0.to_string());
        let page = Page { ids, cursor, looked };
        tracing::trace!(found = page.ids.len(), page.looked, "a page of tickets");
        Ok(page)
    }

    /// Where tickets stood at a time.
    pub(super) async fn statuses_at(
        &self,
        ids: &[TicketId],
        at: UtcMs,
        known_at: Option<i64>,
    ) -> Result<HashMap<TicketId, TicketStatus>, WallError> {
        let (network, base) = (self.network_id(), self.world().base);
        let stood = self.store().tickets_at(network, ids, at, base, known_at).await?;
        Ok(stood.iter().map(|(t, _)| (t.ticket.id, t.ticket.status)).collect())
    }
}

/// Those that are meant of some that changed. What the world has not heard of yet is let through: the store knows it better.
fn among(world: &World, meant: &Meant, rows: &[(TicketId, i64)]) -> Stretch {
    let is_meant = |id: TicketId, revision: i64| {
        let known = world.ticket(id).filter(|_| revision <= world.revision);
        known.is_none_or(|t| u32::try_from(id.0 - 1).is_ok_and(|slot| meant.has(world, slot, t)))
    };
    Stretch {
        found: rows.iter().filter(|(id, revision)| is_meant(*id, *revision)).map(|(id, _)| *id).collect(),
        looked: rows.len(),
        rest: rows.last().filter(|_| rows.len() == STRETCH).map(|(id, _)| id.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        import::{Defaults, ticket_from_json},
        wall::WallOptions,
    };
    use serde_json::json;
    use wall_store::Role;

    const TICKETS: i64 = 5_000;
    const LINES: u32 = 5;

    /// A wall over so many tickets: in every ten, one is of a category of its own, and one is closed.
    async fn wall(folder: &std::path::Path, now: Option<UtcMs>) -> (Wall, Actor) {
        let mut options = WallOptions::new(folder);
        (options.zone, options.fixed_now) = (Some("UTC".into()), now);
        let wall = Wall::open(options).await.unwrap();
        wall.follow();
        let admin = Actor::new("test", Role::Admin, "cli");
        let record = |n: i64| {
            let category = if n % 10 == 0 { "rare" } else { "usual" };
            let status = if n % 10 == 5 { "closed" } else { "received" };
            let row = json!({ "external_id": n.to_string(), "lon": 1, "lat": 2, "category": category, "status": status, "reported_at": "2026-01-01T00:00:00Z" });
            ticket_from_json(&row, &Defaults::contract("s")).unwrap()
        };
        wall.import_tickets(&admin, &(0..TICKETS).map(record).collect::<Vec<_>>()).await.unwrap();
        let all = async {
            while wall.world().tickets.len() < TICKETS as usize {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("the world follows");
        (wall, admin)
    }

    /// Every page of a list: ids, and what was looked at for each page.
    async fn pages(wall: &Wall, actor: &Actor, mut query: TicketQuery) -> (Vec<i64>, Vec<usize>) {
        let (mut ids, mut looked) = (Vec::new(), Vec::new());
        loop {
            let page = wall.ticket_page(actor, &query, 0).await.unwrap();
            ids.extend(page.ids.iter().map(|id| id.0));
            looked.push(page.looked);
            query.cursor = page.cursor;
            if query.cursor.is_none() {
                return (ids, looked);
            }
        }
    }

    #[tokio::test]
    async fn page_1000_costs_what_page_1_costs_and_every_line_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let (wall, admin) = wall(folder.path(), None).await;
        let all = TicketQuery { limit: LINES, ..TicketQuery::default() };
        let (ids, looked) = pages(&wall, &admin, all.clone()).await;
        assert_eq!(ids, (1..=TICKETS).rev().collect::<Vec<_>>());
        assert_eq!((looked.len(), looked[0], looked[998]), (1_000, LINES as usize + 1, LINES as usize + 1));
        // One in ten: ten times as much on each page, not more on later ones.
        let rare = TicketQuery { categories: vec!["rare".into()], ..all.clone() };
        let (ids, looked) = pages(&wall, &admin, rare).await;
        assert_eq!((ids.len() as i64, looked.len()), (TICKETS / 10, 100));
        assert!(looked.iter().all(|n| *n <= 10 * (LINES as usize + 1)), "{looked:?}");
        // What was learned since: a stretch of rows for each page.
        let changed = TicketQuery { changed_after: Some(UtcMs(0)), ..all.clone() };
        let (ids, looked) = pages(&wall, &admin, changed).await;
        assert_eq!(ids, (1..=TICKETS).rev().collect::<Vec<_>>());
        assert!(looked.len() == 1_000 && looked.iter().all(|n| *n <= STRETCH), "{looked:?}");
        // By number, as Open311 asks: the same lines.
        let numbered = wall.ticket_page(&admin, &all, 4_990).await.unwrap();
        assert_eq!(numbered.ids.iter().map(|id| id.0).collect::<Vec<_>>(), [10, 9, 8, 7, 6]);
        assert!(wall.ticket_page(&admin, &all, TICKETS as usize + 5).await.unwrap().ids.is_empty());
    }

    #[tokio::test]
    async fn a_status_behind_a_foreign_clock_is_asked_stretch_by_stretch() {
        let folder = tempfile::tempdir().unwrap();
        let (wall, admin) = wall(folder.path(), UtcMs::from_rfc3339("2100-01-01T00:00:00Z")).await;
        let query = TicketQuery { limit: 100, status: Some("closed".into()), ..TicketQuery::default() };
        let (ids, looked) = pages(&wall, &admin, query).await;
        assert_eq!(ids, (1..=TICKETS).rev().filter(|id| id % 10 == 6).collect::<Vec<_>>());
        // Never all that are left.
        assert!(looked.iter().all(|n| *n <= 2 * STRETCH), "{looked:?}");
    }
}
