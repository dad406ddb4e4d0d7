//! Frames: what changed, sent to whoever looks.

use super::{
    super::{
        Wall, WallError, alarms::grouped, clock::system_now, figures::figures, follow::News, ground::Area, shown::Sight,
        then::Moment, world::World,
    },
    alarms_view, area_stat, clock_view, staff_view,
    tickets::ticket_view,
};
use crate::wire::{AreaStat, Frame, Freshness, StaffView};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::sync::broadcast;
use wall_core::{Level, TicketId, UtcMs};
use wall_store::Actor;

/// Frames kept for a viewer who is slow; one who falls behind by more starts from a snapshot.
const KEPT: usize = 256;

/// Frames on their way to everybody who looks, each made once.
pub(in crate::wall) struct Frames {
    sender: broadcast::Sender<Arc<Frame>>,
    sent: AtomicU64,
}

impl Frames {
    pub fn new() -> Self {
        Self { sender: broadcast::channel(KEPT).0, sent: AtomicU64::new(0) }
    }

    /// Sends a frame; that nobody looks is fine.
    pub fn send(&self, frame: Frame) {
        self.sent.fetch_add(1, Relaxed);
        let _ = self.sender.send(Arc::new(frame));
    }

    /// How many were sent since the start.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// How many look now.
    pub fn viewers(&self) -> usize {
        self.sender.receiver_count()
    }
}

impl Wall {
    /// The frame that tells what a step made of the world, to whom sees places.
    pub(in crate::wall) fn frame_of(&self, world: &World, news: News) -> Frame {
        let due = |slot| world.then(world.now).due_of(slot);
        let counts = world.counts(&Sight::Exact);
        let count = |area: &Area| area_stat(area, counts.area(area, news.now, &due));
        Frame {
            from_revision: news.from_revision,
            to_revision: news.to_revision,
            clock: clock_view(&self.inner.clock, news.now, world.later),
            unplaced: counts.unplaced(),
            figures: news.figures.map(|list| list.iter().map(Into::into).collect()),
            alarms: news.alarms.map(|alarms| alarms_view(world, &world.ground, &alarms)),
            areas: news.areas.iter().map(|a| count(&world.ground.areas[*a as usize])).collect(),
            tickets: news.tickets.iter().map(|t| ticket_view(world, &world.ground, t, &Sight::Exact, news.now)).collect(),
            staff: news.staff.iter().filter_map(|s| world.staff.get(s)).map(|w| staff_view(world, w, news.now)).collect(),
            reload: news.reload,
            freshness: self.freshness(),
        }
    }

    /// A frame without news, so that viewers know the wall lives although the store does not.
    pub(in crate::wall) fn send_heartbeat(&self) {
        let frame = self.calm_frame(&self.world(), self.now(), vec![]);
        self.inner.frames.send(frame);
    }

    /// A frame within a revision.
    fn calm_frame(&self, world: &World, now: UtcMs, staff: Vec<StaffView>) -> Frame {
        Frame {
            from_revision: world.revision,
            to_revision: world.revision,
            clock: clock_view(&self.inner.clock, now, world.later),
            unplaced: world.counts(&Sight::Exact).unplaced(),
            figures: None,
            alarms: None,
            areas: vec![],
            tickets: vec![],
            staff,
            reload: false,
            freshness: self.freshness(),
        }
    }

    /// What somebody may not know who stands at the revision at which the world stands: positions have none.
    fn moved_frame(&self, world: &World) -> Option<Frame> {
        let moved = world.moved_since.iter().filter_map(|s| world.staff.get(s)).filter(|w| w.position.is_some());
        let staff: Vec<StaffView> = moved.map(|w| staff_view(world, w, world.now)).collect();
        (!staff.is_empty()).then(|| self.calm_frame(world, world.now, staff))
    }

    /// How fresh what is shown is.
    pub(super) fn freshness(&self) -> Freshness {
        let some = |t: i64| (t > 0).then_some(t);
        Freshness {
            last_write_ms: some(self.inner.last_write.load(Relaxed)),
            last_feed_ms: some(self.inner.last_feed.load(Relaxed)),
            store_ok: self.store_trouble().is_none(),
            store_trouble: self.store_trouble().map(str::to_owned),
            served_ms: system_now().0,
        }
    }

    /// Frames from `since` on: first what was missed, then live ones. The caller redacts each with [`Wall::for_actor`].
    pub async fn frames(
        &self,
        actor: &Actor,
        since: i64,
    ) -> Result<(Option<Arc<Frame>>, broadcast::Receiver<Arc<Frame>>), WallError> {
        // Subscribed first: nothing can fall between the catch-up and the first live frame.
        let receiver = self.inner.frames.sender.subscribe();
        {
            let world = self.world();
            if since == world.revision {
                return Ok((self.moved_frame(&world).map(Arc::new), receiver));
            }
        }
        // Where lines after `since` were dropped the frame does not join on, and the viewer starts from a snapshot.
        let batch = self.store().changes_since(since, 50_000).await?;
        let mut ids: Vec<TicketId> =
            batch.changes.iter().filter(|c| c.kind == wall_store::ChangeKind::Ticket).map(|c| TicketId(c.id)).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.truncate(200);
        let (ground, now) = {
            let world = self.world();
            (world.ground.clone(), world.now)
        };
        let tickets = self.ticket_lines(actor, &ids, &ground, now, None).await?;
        let raised = self.alarms_at(&mut Moment::of(Some(now))).await?;
        let world = self.world();
        let frame = Frame {
            from_revision: batch.from_revision,
            to_revision: world.revision,
            clock: clock_view(&self.inner.clock, world.now, world.later),
            unplaced: world.counts(&Sight::Exact).unplaced(),
            figures: Some(figures(world.then(world.now)).iter().map(Into::into).collect()),
            alarms: Some(alarms_view(
                &world,
                &world.ground,
                &grouped(world.then(world.now), &world.ground, &raised, &Sight::Exact),
            )),
            areas: area_stats(&world, &Sight::Exact, &world.ground.areas),
            tickets,
            staff: world.staff.values().map(|w| staff_view(&world, w, world.now)).collect(),
            reload: true,
            freshness: self.freshness(),
        };
        Ok((Some(Arc::new(frame)), receiver))
    }

    /// A frame as the actor may see it.
    pub fn for_actor(&self, actor: &Actor, frame: &Arc<Frame>) -> Arc<Frame> {
        match Sight::of(actor) {
            Sight::Exact => frame.clone(),
            sight => Arc::new(frame_for(&sight, frame, &self.world())),
        }
    }
}

/// Counts of areas of the present, as somebody may know them.
pub(super) fn area_stats(world: &World, sight: &Sight, areas: &[Area]) -> Vec<AreaStat> {
    let due = |slot| world.then(world.now).due_of(slot);
    let counts = world.counts(sight);
    areas.iter().map(|a| area_stat(a, counts.area(a, world.now, &due))).collect()
}

/// A frame as it is shown to whom sees some places only to the cell: every place, cell, count and title of those anew.
fn frame_for(sight: &Sight, frame: &Frame, world: &World) -> Frame {
    let ground = &world.ground;
    let mut frame = frame.clone();
    for view in &mut frame.tickets {
        let (slot, known) = (u32::try_from(view.id - 1).unwrap_or(u32::MAX), world.ticket(TicketId(view.id)));
        if known.is_some_and(|t| world.is_clear_slot(slot, t, sight)) {
            continue;
        }
        let place = known.and_then(|t| world.shown_place(t, sight));
        let cell = known.and_then(|t| world.shown_cell(ground, slot, t, sight));
        let area = cell.map(|c| ground.cell_area(c));
        (view.lon, view.lat) = (place.map(|p| p.lon), place.map(|p| p.lat));
        view.cell_key = area.map_or_else(String::new, |a| a.key.clone());
        view.cell_code = area.map_or_else(String::new, |a| a.code.clone());
        view.cell_name = area.map_or_else(String::new, |a| a.name.clone());
        // A title from elsewhere may name a place; the category says enough.
        view.title.clone_from(&view.category_name);
    }
    let due = |slot| world.then(world.now).due_of(slot);
    let area = |key: &str| Level::ALL.iter().find_map(|l| ground.area(*l, key));
    let now = UtcMs(frame.clock.now_ms);
    frame.alarms =
        frame.alarms.is_some().then(|| alarms_view(world, ground, &grouped(world.then(world.now), ground, &world.raised, sight)));
    let counts = world.counts(sight);
    frame.unplaced = counts.unplaced();
    let count = |area| area_stat(area, counts.area(area, now, &due));
    frame.areas = frame.areas.iter().filter_map(|a| area(&a.key).map(count)).collect();
    frame
}
