//! Every number opens its members: one question for the tickets behind a figure, a card, a bar, a flood line.
//!
//! A set is judged by the same functions of [`Life`] that count it, so a list is as long as its number says. Filters are by
//! what every role sees (cell, category, times, owner), never by the exact place or by text: a list tells no more than its
//! lines do.

use super::{
    AsOf, Wall, WallError,
    counts::Days,
    ground::{Area, AreaFacts, Ground},
    shown::{Part, Sight},
    then::{Moment, Then},
    world::{Live, World, ticket_of},
};
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};
use wall_core::{Alarm, Level, Place, TicketId, UtcMs, tally::ON_TIME_WINDOW_MS};
use wall_store::Actor;

/// Nearly due, unless a question says otherwise: due within four hours.
pub const NEAR_H: f64 = 4.0;
/// Owners told with a list.
const MOST_OWNERS: usize = 500;

/// Which tickets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketSet {
    /// Open at the time.
    Open,
    /// Open and past the due time.
    Overdue,
    /// Open and due within the lead ([`ListQuery::near_h`]).
    NearDue,
    /// Overdue or nearly due.
    Late,
    /// Open with an alarm.
    Alarm,
    /// Received in the period.
    Received,
    /// Closed in the period.
    Closed,
    /// Fell due in the period, as the on-time rate counts it.
    Due,
    /// Of those: closed by the due time.
    OnTime,
    /// Of those: not closed by the due time.
    Missed,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListOrder {
    /// Longest overdue first, then what is due next; without a due time last.
    Overrun,
    /// Gravest first, then by due time.
    Gravest,
    /// Newest first.
    Newest,
}

/// Where tickets of a list lie.
#[derive(Clone, Debug, PartialEq)]
pub enum ListArea {
    /// In an area of a level, by its key.
    In(Level, String),
    /// Outside all cells.
    Outside,
    /// Nobody knows where.
    Unplaced,
}

/// Whose is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum WhoseQuery {
    /// An area of a level, by its key.
    Area(Level, String),
    /// The cell at a place.
    At(Place),
}

/// A question for the members of a number.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which tickets.
    pub set: TicketSet,
    /// Where; `None` = everywhere, outside the cells and without a place too.
    pub area: Option<ListArea>,
    /// Code of a category.
    pub category: Option<String>,
    /// Name of an owner; empty = cells without one, outside, and without a place.
    pub owner: Option<String>,
    /// Only open tickets with that alarm.
    pub alarm: Option<Alarm>,
    /// Start of the period (`received`, `closed`, `due`, `on_time`, `missed`), inclusive. Without: `received` and `closed`
    /// since local midnight, the others over the last 30 days, as the figures count.
    pub from: Option<UtcMs>,
    /// Its end, exclusive; without: now.
    pub to: Option<UtcMs>,
    /// What nearly due means, in hours.
    pub near_h: f64,
    /// In which order.
    pub order: ListOrder,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Lines a page (1 … 500).
    pub limit: usize,
}

/// How many of a list are one owner's.
pub(super) struct OwnerShare {
    /// Name; empty = nobody answers there.
    pub owner: String,
    pub total: u32,
    /// Open and late.
    pub overdue: u32,
    /// Open and nearly due.
    pub near_due: u32,
}

/// The members of a number: one page of them, and how many there are.
pub(super) struct Members {
    /// This page, in its order.
    pub page: Vec<TicketId>,
    /// On all pages.
    pub total: u32,
    /// Of those, open and late.
    pub overdue: u32,
    /// Of those, open and nearly due.
    pub near_due: u32,
    /// Most late first, at most [`MOST_OWNERS`], whichever owner was asked for.
    pub owners: Vec<OwnerShare>,
    /// How many owners there are in all.
    pub owner_count: u32,
    /// Where to go on; `None` = this was the last page.
    pub cursor: Option<String>,
    /// What nearly due meant, seconds.
    pub near_s: i64,
    /// From … to, ms, half-open; `None` = the set has no period.
    pub period: Option<(i64, i64)>,
    /// The area asked for, where one was.
    pub area: Option<AreaFacts>,
    /// The ground of the time.
    pub ground: Arc<Ground>,
    /// Time of the data.
    pub at: UtcMs,
    /// Revision of the data.
    pub revision: i64,
    /// Events that were learned later; `None` = that is not on record.
    pub late_events: Option<u32>,
    /// The revision up to which it was known; `None` = all.
    pub known_at: Option<i64>,
}

/// The place of a line in its order: compared in this sequence, smallest first.
type Key = (i64, i64, i64);

fn key(order: ListOrder, id: i64, t: &Live) -> Key {
    match order {
        ListOrder::Overrun => (t.life.due, t.life.reported, id),
        ListOrder::Gravest => (i64::from(t.severity.get()), t.life.due, id),
        ListOrder::Newest => (-t.life.reported, 0, -id),
    }
}

/// A cursor is the key of the last line: what comes and goes meanwhile makes no line appear twice.
fn read_cursor(text: &str) -> Result<Key, WallError> {
    let parts: Vec<i64> = text.split('.').filter_map(|p| p.parse().ok()).collect();
    match parts.as_slice() {
        [a, b, c] if text.split('.').count() == 3 => Ok((*a, *b, *c)),
        _ => Err(WallError::Invalid(format!("\"{text}\" is not a cursor of this list"))),
    }
}

/// The period of a set in ms, half-open; `None` where the set has none.
fn period(query: &ListQuery, at: UtcMs, world: &World) -> Option<(i64, i64)> {
    let usual = match query.set {
        TicketSet::Received | TicketSet::Closed => Days::around(at, &world.zone).start.0,
        TicketSet::Due | TicketSet::OnTime | TicketSet::Missed => at.0 + 1 - ON_TIME_WINDOW_MS,
        _ => return None,
    };
    // What has not happened by the time of the question is in no list.
    let to = query.to.map_or(at.0 + 1, |t| t.0.min(at.0 + 1));
    Some((query.from.map_or(usual.min(to), |t| t.0), to))
}

/// Whether a ticket is of the set.
fn belongs(set: TicketSet, then: Then<'_>, slot: u32, t: &Live, near_ms: i64, (from, to): (i64, i64)) -> bool {
    let (life, at) = (t.life, then.at);
    life.there_at(at)
        && match set {
            TicketSet::Open | TicketSet::Alarm => life.open_at(at),
            TicketSet::Overdue => life.overdue_at(at),
            TicketSet::NearDue => life.nearly_due_at(at, near_ms),
            TicketSet::Late => life.overdue_at(at) || life.nearly_due_at(at, near_ms),
            TicketSet::Received => (from..to).contains(&life.reported),
            TicketSet::Closed => then.closed_within(slot, t, from, to),
            TicketSet::Due => then.fell_due(slot, t, from, to).is_some(),
            TicketSet::OnTime => then.fell_due(slot, t, from, to) == Some(true),
            TicketSet::Missed => then.fell_due(slot, t, from, to) == Some(false),
        }
}

impl Wall {
    /// The members of a number, a page at a time, with how many they are and whose. O(tickets).
    pub(super) async fn members_of(&self, actor: &Actor, query: ListQuery, as_of: AsOf) -> Result<Members, WallError> {
        if !(query.near_h > 0.0 && query.near_h <= 24.0 * 366.0) {
            return Err(WallError::Invalid("near_h must be more than 0 and at most a year of hours".into()));
        }
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        let limit = query.limit.clamp(1, 500);
        let near_ms = (query.near_h * 3_600_000.0) as i64;
        let mut moment = self.moment(as_of).await?;
        let ground = self.ground_as_of(moment.as_of).await?;
        let area = query.area.as_ref().map(|a| members(&ground, a)).transpose()?;
        let alarming = self.alarming(&query, &mut moment).await?;
        let late_events = self.late_events(&moment).await?;
        let world = self.world_of(&mut moment).await?;
        let at = moment.at(&world);
        let span = period(&query, at, &world);
        let sight = Sight::of(actor);
        let mut owners: HashMap<Option<u32>, OwnerShare> = HashMap::new();
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut found: Vec<(Key, u32)> = Vec::new();
        let (mut total, mut late, mut nearly) = (0, 0, 0);
        let then = moment.then(&world);
        for (slot, t) in then.all() {
            let id = ticket_of(slot);
            if !belongs(query.set, then, slot, &t, near_ms, span.unwrap_or_default())
                || query.category.as_deref().is_some_and(|c| c != world.categories.code(t.category))
                || alarming.as_ref().is_some_and(|ids| ids.binary_search(&id).is_err())
            {
                continue;
            }
            let part = world.shown_part(&ground, slot, &t, &sight);
            if area.as_ref().is_some_and(|(inside, _)| !inside(part)) {
                continue;
            }
            let cell = part.cell();
            // Two people of one name are one line here, as they are on the map.
            let owner = cell.map_or("", |c| ground.cell_area(c).owner.as_str());
            let number = (!owner.is_empty()).then(|| {
                let next = names.len() as u32;
                *names.entry(owner).or_insert(next)
            });
            let (overdue, near_due) = (t.life.overdue_at(at), t.life.nearly_due_at(at, near_ms));
            let line =
                owners.entry(number).or_insert_with(|| OwnerShare { owner: owner.to_owned(), total: 0, overdue: 0, near_due: 0 });
            line.total += 1;
            line.overdue += u32::from(overdue);
            line.near_due += u32::from(near_due);
            if query.owner.as_deref().is_some_and(|o| o != owner) {
                continue;
            }
            total += 1;
            late += u32::from(overdue);
            nearly += u32::from(near_due);
            let key = key(query.order, id.0, &t);
            if after.is_none_or(|a| key > a) {
                found.push((key, slot));
            }
        }
        if found.len() > limit {
            found.select_nth_unstable(limit);
            found.truncate(limit + 1);
        }
        found.sort_unstable();
        let more = found.len() > limit;
        found.truncate(limit);
        let owner_count = owners.len() as u32;
        let mut owners: Vec<OwnerShare> = owners.into_values().collect();
        owners.sort_by(|a, b| (b.overdue, b.near_due, b.total, &a.owner).cmp(&(a.overdue, a.near_due, a.total, &b.owner)));
        owners.truncate(MOST_OWNERS);
        Ok(Members {
            total,
            overdue: late,
            near_due: nearly,
            owners,
            owner_count,
            cursor: found.last().filter(|_| more).map(|((a, b, c), _)| format!("{a}.{b}.{c}")),
            page: found.into_iter().map(|(_, slot)| ticket_of(slot)).collect(),
            near_s: near_ms / 1000,
            period: span,
            area: area.and_then(|(_, facts)| facts),
            ground: ground.clone(),
            at,
            revision: world.revision,
            late_events,
            known_at: moment.revision(),
        })
    }

    /// Tickets with the alarm asked for, sorted; `None` when no alarm is asked for.
    async fn alarming(&self, query: &ListQuery, moment: &mut Moment) -> Result<Option<Vec<TicketId>>, WallError> {
        if query.set != TicketSet::Alarm && query.alarm.is_none() {
            return Ok(None);
        }
        let asked = |alarm| query.alarm.is_none_or(|a| a == alarm);
        let raised = self.alarms_at(moment).await?;
        let mut ids: Vec<TicketId> = raised.iter().filter(|r| asked(r.alarm)).map(|r| r.ticket).collect();
        ids.sort_unstable();
        Ok(Some(ids))
    }

    /// Late tickets as points for every zoom of the map, longest overdue first, as GeoJSON with the total beside it.
    /// O(tickets).
    pub async fn late_points(&self, actor: &Actor, limit: usize, as_of: AsOf) -> Result<Bytes, WallError> {
        let mut moment = self.moment(as_of).await?;
        let late_events = self.late_events(&moment).await?;
        let world = self.world_of(&mut moment).await?;
        let then = moment.then(&world);
        let at = then.at;
        let mut late: Vec<(i64, u32)> = then.all().filter(|(_, t)| t.life.overdue_at(at)).map(|(s, t)| (t.life.due, s)).collect();
        let total = late.len();
        let limit = limit.clamp(1, 10_000);
        if total > limit {
            late.select_nth_unstable(limit);
            late.truncate(limit);
        }
        late.sort_unstable();
        let sight = Sight::of(actor);
        let features: Vec<serde_json::Value> = late
            .iter()
            .filter_map(|(due, slot)| {
                let t = then.get(*slot)?;
                let place = world.shown_place(&t, &sight)?;
                Some(serde_json::json!({
                    "type": "Feature",
                    "properties": {
                        "kind": "ticket",
                        "id": ticket_of(*slot).0,
                        "severity": t.severity.get(),
                        "late_s": (at.0 - due) / 1000,
                    },
                    "geometry": { "type": "Point", "coordinates": [place.lon, place.lat] },
                }))
            })
            .collect();
        let answer = serde_json::json!({
            "type": "FeatureCollection",
            "features": features,
            "total": total,
            "at_ms": at.0,
            "late_events": late_events,
        });
        Ok(Bytes::from(answer.to_string()))
    }
}

/// An area of the ground, or that there is none.
pub(super) fn find<'a>(ground: &'a Ground, level: Level, key: &str) -> Result<&'a Area, WallError> {
    ground.area(level, key).ok_or_else(|| {
        WallError::NotFound(format!("there is no {level:?} {key} in the plan in force; the boundaries may have changed"))
    })
}

type Inside = Box<dyn Fn(Part) -> bool + Send>;

/// Whether a part of the counts is in the area, and what the area is.
fn members(ground: &Ground, area: &ListArea) -> Result<(Inside, Option<AreaFacts>), WallError> {
    match area {
        ListArea::Outside => Ok((Box::new(|part| part == Part::Outside), None)),
        ListArea::Unplaced => Ok((Box::new(|part| part == Part::Unplaced), None)),
        ListArea::In(level, key) => {
            let area = find(ground, *level, key)?;
            let mut inside = vec![false; ground.cells.len()];
            area.members.iter().for_each(|m| inside[*m as usize] = true);
            Ok((
                Box::new(move |part| part.cell().is_some_and(|c| inside.get(c as usize).copied().unwrap_or(false))),
                Some(area.facts.clone()),
            ))
        }
    }
}
