//! The cards of an area and of a ticket.

use super::{
    super::{
        Wall, WallError,
        contents::Contents,
        lists::find,
        queries::nearest,
        shown::{Sight, shown_text},
    },
    area_stat, owner_views,
    places::near_views,
    tickets::ticket_view,
};
use crate::{
    masking::mask,
    wire::{AreaCard, CategoryCount, KeptCell, PlaceView, TicketCard, TransitionView},
};
use wall_core::{Ahead, History, Level, Payload, TicketEvent, TicketId, TicketStatus, Timebase, UtcMs, counts_from, duty_at};
use wall_store::Actor;

/// A position older than this is not "where somebody is".
const FRESH_POSITION_MS: i64 = 30 * 60_000;

impl Wall {
    /// The card of an area, now or at another time.
    pub async fn area_card(&self, actor: &Actor, level: Level, key: &str, as_of: Option<UtcMs>) -> Result<AreaCard, WallError> {
        let past = match as_of {
            Some(t) => Some(self.past(actor, t).await?),
            None => None,
        };
        let ground = past.as_ref().map_or_else(|| self.world().ground.clone(), |p| p.ground.clone());
        let area = find(&ground, level, key)?;
        let sight = Sight::of(actor);
        let (mut card, ids, at) = {
            let world = self.world();
            let at = as_of.unwrap_or(world.now);
            let contents = Contents::of(&world, &ground, area, sight, at);
            let due = |slot| world.due_of(slot);
            let stat = match &past {
                Some(p) => p.counts.area(area, p.at, &due),
                None => world.counts(sight).area(area, world.now, &due),
            };
            let here = |place| contents.has(ground.cell_at(place));
            let mut cameras: Vec<PlaceView> = world
                .cameras
                .values()
                .filter(|c| here(c.place))
                .map(|c| place_view("camera", c.id.0, &c.name, c.state.code(), c.place))
                .collect();
            let mut sites: Vec<PlaceView> = world
                .sites
                .values()
                .filter(|s| here(s.place))
                .map(|s| place_view("site", s.id.0, &s.name, &s.kind, s.place))
                .collect();
            cameras.sort_by_key(|c| c.id);
            sites.sort_by_key(|s| s.id);
            let card = AreaCard {
                area: (&area.facts).into(),
                level: level.into(),
                stat: area_stat(area, stat),
                owners: if level == Level::Cell { owner_views(&world, &ground, area.members[0], at) } else { vec![] },
                categories: contents
                    .mix
                    .into_iter()
                    .map(|m| CategoryCount { name: m.name, code: m.code, open: m.open, recent: m.recent })
                    .collect(),
                last_24h: contents.last_24h,
                tickets: vec![],
                cameras,
                sites,
                at_ms: at.0,
            };
            (card, contents.gravest, at)
        };
        card.tickets = self.ticket_lines(actor, &ids, &ground, at).await?;
        card.tickets.sort_by_key(|t| (t.severity, t.due_ms.unwrap_or(i64::MAX)));
        Ok(card)
    }

    /// The card of a ticket, now or at another time.
    pub async fn ticket_card(&self, actor: &Actor, id: i64, as_of: Option<UtcMs>) -> Result<TicketCard, WallError> {
        let at = as_of.unwrap_or_else(|| self.world().now);
        let id = TicketId(id);
        let missing = || WallError::NotFound(format!("there is no ticket {} at this time", id.0));
        let (row, attributed) = self.store().tickets_by_id(self.network_id(), &[id]).await?.pop().ok_or_else(missing)?;
        let base = self.world().base;
        let events = self.store().ticket_events(&[id]).await?.remove(&id).unwrap_or_default();
        let history = History::of(&row, &events, base, None).ok_or_else(missing)?;
        let stood = history.at(at).ok_or_else(missing)?.guarded(&row);
        let ticket = &stood.ticket;
        let ground = self.ground_as_of(as_of).await?;
        let sight = Sight::of(actor);
        let exact = sight.is_exact_for(ticket.sensitive);
        // Which cell it had under another plan tells more than the cell in which it is shown.
        let kept_cell = match attributed.filter(|c| exact && !ground.by_id.contains_key(c)) {
            Some(c) => self.store().cell_of_any_plan(c, at).await?.map(|(code, name, plan)| KeptCell { code, name, plan }),
            None => None,
        };
        let world = self.world();
        let (from, cell) = world.shown(&ground, ticket, sight);
        let view = ticket_view(&world, &ground, &stood, sight, at);
        let text = shown_text(ticket, &view.category_name, sight);
        let cameras = from.map(|p| {
            nearest(&world.camera_index, p, 5, |id| {
                world.cameras.get(&id).map(|c| (id.0, c.name.clone(), c.state.code().to_owned(), c.place))
            })
        });
        let staff = from.map(|p| {
            let mut near = nearest(&world.staff_index, p, 20, |id| {
                let w = world.staff.get(&id)?;
                let fresh = w.position.filter(|p| (0..=FRESH_POSITION_MS).contains(&(at.0 - p.counts_from(base).0)))?;
                Some((id.0, w.staff.name.clone(), duty_at(&w.staff.shifts, at, &world.zone).code().to_owned(), fresh.place))
            });
            near.truncate(5);
            near
        });
        Ok(TicketCard {
            source: ticket.source.clone(),
            description: text.description.into_owned(),
            withheld: ticket.sensitive,
            address: text.address.into_owned(),
            inverted_times: ticket.inverted_times,
            kept_cell,
            owners: cell.map(|c| owner_views(&world, &ground, c, at)).unwrap_or_default(),
            history: history_views(&history, at, base, exact),
            cameras: near_views("camera", cameras.unwrap_or_default()),
            staff: near_views("staff", staff.unwrap_or_default()),
            ticket: view,
            at_ms: at.0,
        })
    }
}

/// The lines of a history by `at`, in the order in which they happened, each with the status before it.
fn history_views(history: &History<'_>, at: UtcMs, base: Timebase, exact: bool) -> Vec<TransitionView> {
    let steps = history.course().steps();
    let reported = steps.first().map_or(at, |s| s.since);
    let when = |e: &TicketEvent| counts_from(e.at, e.recorded_at, base).max(reported);
    let view = |e: &TicketEvent, from: &str, to: TicketStatus, reason: &str, applied: bool| TransitionView {
        from: from.to_owned(),
        to: to.code().into(),
        at_ms: e.at.0,
        recorded_ms: e.recorded_at.0,
        told: e.told,
        ahead: Ahead::of(e.at, e.recorded_at).is_odd(),
        applied,
        actor: e.actor.clone(),
        reason: if exact { mask(reason).into_owned() } else { String::new() },
        kind: e.origin.code().into(),
    };
    let mut opening = Vec::new();
    let mut lines: Vec<(UtcMs, UtcMs, TransitionView)> = Vec::new();
    let mut status = 0;
    for e in history.events() {
        match &e.payload {
            Payload::Received(r) => opening.push(view(e, "", TicketStatus::Received, &r.reason, true)),
            Payload::Status(s) => {
                let step = steps.iter().position(|s| s.event == Some(status));
                status += 1;
                let before = match step {
                    Some(s) => steps[..s].last(),
                    None => steps.iter().rev().find(|s| s.since <= when(e)),
                };
                if when(e) <= at {
                    let line = view(e, before.map_or("", |s| s.status.code()), s.to, &s.reason, step.is_some());
                    lines.push((when(e), e.recorded_at, line));
                }
            }
            _ => {}
        }
    }
    lines.sort_by_key(|(when, recorded, _)| (*when, *recorded));
    opening.into_iter().chain(lines.into_iter().map(|(.., v)| v)).collect()
}

fn place_view(kind: &str, id: i64, name: &str, state: &str, place: wall_core::Place) -> PlaceView {
    PlaceView {
        kind: kind.into(),
        id,
        name: name.into(),
        state: state.into(),
        lon: place.lon,
        lat: place.lat,
        distance_m: None,
        walk_s: None,
    }
}
