//! The cards of an area and of a ticket.

use super::{
    super::{
        AsOf, Wall, WallError,
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
    wire::{AreaCard, CategoryCount, KeptCell, PlaceView, TicketCard, TransitionView, ValueChange},
};
use wall_core::{
    Ahead, Attachment, Channel, History, Level, Payload, Platform, Spot, TicketEvent, TicketId, TicketStatus, Timebase, UtcMs,
    counts_from, duty_at,
};
use wall_store::{Actor, ChangeKind};

/// A position older than this is not "where somebody is".
const FRESH_POSITION_MS: i64 = 30 * 60_000;

impl Wall {
    /// The card of an area, now or at another time.
    pub async fn area_card(&self, actor: &Actor, level: Level, key: &str, as_of: AsOf) -> Result<AreaCard, WallError> {
        let mut moment = self.moment(as_of).await?;
        let late_events = self.late_events(&moment).await?;
        let past = match moment.as_of {
            Some(t) => Some(self.past(actor, &mut moment, t).await?),
            None => None,
        };
        let ground = past.as_ref().map_or_else(|| self.world().ground.clone(), |p| p.ground.clone());
        let area = find(&ground, level, key)?;
        let sight = Sight::of(actor);
        let (mut card, ids, at) = {
            let world = self.world_of(&mut moment).await?;
            let then = moment.then(&world);
            let at = then.at;
            let contents = Contents::of(then, &ground, area, &sight);
            let due = |slot| then.due_of(slot);
            let stat = match &past {
                Some(p) => p.counts.area(area, p.at, &due),
                None => world.counts(&sight).area(area, world.now, &due),
            };
            let here = |place| contents.has(ground.cell_at(place));
            let inside = |kind: ChangeKind| -> Vec<PlaceView> {
                let inside = world.markers.views(kind).filter(|s| here(s.place));
                inside.map(|s| place_view(kind.code(), s.id, s.name, s.state, s.place)).collect()
            };
            let (cameras, sites) = (inside(ChangeKind::Camera), inside(ChangeKind::Site));
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
                late_events,
                at_ms: at.0,
            };
            (card, contents.gravest, at)
        };
        card.tickets = self.ticket_lines(actor, &ids, &ground, at, moment.revision()).await?;
        card.tickets.sort_by_key(|t| (t.severity, t.due_ms.unwrap_or(i64::MAX)));
        Ok(card)
    }

    /// The card of a ticket, now or at another time; by all that is known, or by what was known at a time.
    pub async fn ticket_card(&self, actor: &Actor, id: i64, asked: AsOf) -> Result<TicketCard, WallError> {
        let as_of = asked.time();
        let at = as_of.unwrap_or_else(|| self.world().now);
        let id = TicketId(id);
        let missing = || WallError::NotFound(format!("there is no ticket {} at this time", id.0));
        let (row, attributed) = self.store().tickets_by_id(self.network_id(), &[id]).await?.pop().ok_or_else(missing)?;
        let base = self.world().base;
        let events = self.store().ticket_events(&[id]).await?.remove(&id).unwrap_or_default();
        let known = match asked.known_at {
            Some(t) => Some(self.store().tickets_known_at(t).await?.revision),
            None => None,
        };
        let history = History::of(&row, &events, base, known).ok_or_else(missing)?;
        let stood = history.at(at).ok_or_else(missing)?.guarded(&row);
        let ticket = &stood.ticket;
        let as_last_known = match self.store().ticket_history_from().await? {
            // Known before changes were kept, and asked about such a time.
            Some(from) if as_of.is_some() && events.first().is_some_and(|e| e.revision < from) => {
                self.store().revision_at(at).await? < from
            }
            _ => false,
        };
        let ground = self.ground_as_of(as_of).await?;
        let sight = Sight::of(actor);
        let exact = self.world().is_clear_ticket(ticket, &sight);
        // Which cell it had under another plan tells more than the cell in which it is shown.
        let kept_cell = match attributed.filter(|c| exact && !ground.by_id.contains_key(c)) {
            Some(c) => self.store().cell_of_any_plan(c, at).await?.map(|(code, name, plan)| KeptCell { code, name, plan }),
            None => None,
        };
        let world = self.world();
        let (from, cell) = world.shown(&ground, ticket, &sight);
        let view = ticket_view(&world, &ground, &stood, &sight, at);
        let text = shown_text(ticket, &view.category_name, exact);
        let camera = ChangeKind::Camera.code();
        let cameras = from.zip(world.markers.of_kind(camera)).map(|(p, cameras)| cameras.nearest(p, 5));
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
            outside_scope: !ticket.sensitive && !exact && matches!(sight, Sight::Within(_)),
            address: text.address.into_owned(),
            located_by: stood.located_by.filter(|_| exact).into(),
            accuracy_m: ticket.accuracy_m.filter(|_| exact && ticket.place.is_some()),
            inverted_times: ticket.inverted_times,
            kept_cell,
            owners: cell.map(|c| owner_views(&world, &ground, c, at)).unwrap_or_default(),
            history: history_views(&history, at, base, exact),
            late_events: stood.late_events,
            as_last_known,
            cameras: near_views(camera, cameras.unwrap_or_default()),
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
    let view =
        |e: &TicketEvent, from: Option<TicketStatus>, to: Option<TicketStatus>, reason: &str, applied: bool| TransitionView {
            event: e.payload.kind().into(),
            changes: value_changes(&e.payload, exact),
            from: from.into(),
            to: to.into(),
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
            Payload::Received(r) => opening.push(view(e, None, Some(TicketStatus::Received), &r.reason, true)),
            Payload::Status(s) => {
                let step = steps.iter().position(|s| s.event == Some(status));
                status += 1;
                let before = match step {
                    Some(s) => steps[..s].last(),
                    None => steps.iter().rev().find(|s| s.since <= when(e)),
                };
                if when(e) <= at {
                    let line = view(e, before.map(|s| s.status), Some(s.to), &s.reason, step.is_some());
                    lines.push((when(e), e.recorded_at, line));
                }
            }
            _ if when(e) <= at => lines.push((when(e), e.recorded_at, view(e, None, None, "", true))),
            _ => {}
        }
    }
    lines.sort_by_key(|(when, recorded, _)| (*when, *recorded));
    opening.into_iter().chain(lines.into_iter().map(|(.., v)| v)).collect()
}

/// What values an event changed, as they are shown: places and texts only to whom sees them exactly.
fn value_changes(payload: &Payload, exact: bool) -> Vec<ValueChange> {
    let shown = |field: &str, was: String, is: String| ValueChange { field: field.into(), was: Some(was), is: Some(is) };
    let guarded = |field: &str, was: &str, is: &str| ValueChange {
        field: field.into(),
        was: exact.then(|| mask(was).into_owned()),
        is: exact.then(|| mask(is).into_owned()),
    };
    let time = |t: Option<UtcMs>| t.map_or_else(String::new, UtcMs::to_rfc3339);
    let marker = |s: Option<Spot>| s.map_or_else(String::new, |s| format!("{} {}", s.place.lon, s.place.lat));
    match payload {
        Payload::DueSet(c) => vec![shown("due", time(c.was), time(c.is))],
        Payload::ReportedAt(c) => vec![shown("reported", time(Some(c.was)), time(Some(c.is)))],
        Payload::SeveritySet(c) => vec![shown("severity", c.was.get().to_string(), c.is.get().to_string())],
        Payload::Located(l) => {
            vec![ValueChange { field: "place".into(), was: exact.then(|| marker(l.was)), is: exact.then(|| marker(l.is)) }]
        }
        Payload::Described(d) => {
            let texts =
                [("title", &d.title), ("description", &d.description), ("address", &d.address), ("community", &d.community_code)];
            let names = |files: &[Attachment]| files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
            let mut changes: Vec<ValueChange> =
                d.category.iter().map(|c| shown("category", c.was.clone(), c.is.clone())).collect();
            changes.extend(texts.iter().filter_map(|(field, c)| c.as_ref().map(|c| guarded(field, &c.was, &c.is))));
            let channel = |c: Option<Channel>| c.map_or("", Channel::code).to_owned();
            let platform = |p: Option<Platform>| p.map_or("", Platform::code).to_owned();
            changes.extend(d.channel.map(|c| shown("channel", channel(c.was), channel(c.is))));
            changes.extend(d.platform.map(|c| shown("platform", platform(c.was), platform(c.is))));
            changes.extend(d.attachments.iter().map(|c| guarded("attachments", &names(&c.was), &names(&c.is))));
            changes.extend(d.sensitive.map(|c| shown("sensitive", c.was.to_string(), c.is.to_string())));
            changes
        }
        Payload::Received(_) | Payload::Status(_) | Payload::Unknown { .. } => vec![],
    }
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
