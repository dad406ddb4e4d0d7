//! The follower: tails the change log, keeps the world true, and sends frames. The only writer of the world.

use super::{
    Wall, WallError,
    alarms::{Alarms, grouped},
    clock::system_now,
    duties::Duty,
    figures::{Figure, figures},
    ground::Ground,
    load::{events_of_varied, load, network_of},
    shown::Sight,
    then::Moment,
    world::markers::AllMarkers,
};
use crate::things::ThingKind;
use std::sync::atomic::Ordering::Relaxed;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use wall_core::{CellId, NetworkId, StaffId, Ticket, TicketAt, TicketId, UtcMs, Whole};
use wall_store::{ChangeBatch, ChangeKind, Fault, Holding, StoreError, WaitingTicket};

/// Frames a second, at most; also how often another process's commits are looked for.
const TICK: Duration = Duration::from_millis(200);
/// Lines of the change log taken at once.
const LINES: u32 = 20_000;
/// So often it is proved that the store can be written, when nobody else writes …
const PROOF_EVERY: Duration = Duration::from_secs(10);
/// … and so often while it cannot.
const PROOF_AGAIN: Duration = Duration::from_secs(1);
/// A beat that takes longer than this waits for a store that says nothing …
const SILENCE: Duration = Duration::from_secs(5);
/// … and viewers hear so often that the wall is there.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// After a plan took effect it is looked after so long whether tickets were left behind, and then so often.
const SOON_AGAIN_MS: i64 = 120_000;
const LATER_AGAIN_MS: i64 = 3_600_000;
/// Ticket lines in one frame; the counts carry the rest.
const FRAME_TICKETS: usize = 200;

/// What one stretch of the log asks to be read anew.
#[derive(Default)]
struct Asked {
    tickets: Vec<TicketId>,
    ground: bool,
    staff: bool,
    markers: HashSet<ChangeKind>,
    categories: bool,
    clock: bool,
}

impl Asked {
    fn by(batch: &ChangeBatch) -> Self {
        let mut a = Self::default();
        let mut seen = HashSet::new();
        for c in &batch.changes {
            a.ground |= Ground::is_made_of(c.kind);
            match c.kind {
                ChangeKind::Ticket if seen.insert(c.id) => a.tickets.push(TicketId(c.id)),
                // A program of an earlier edition that still runs writes lines of positions, and no numbers.
                ChangeKind::Staff | ChangeKind::Position => a.staff = true,
                kind if ThingKind::ON_MAP.contains(&kind) => {
                    a.markers.insert(kind);
                }
                ChangeKind::Category => a.categories = true,
                ChangeKind::Clock => a.clock = true,
                // Of the ground, or in no world.
                _ => {}
            }
        }
        a
    }
}

/// What one step made of the world, for whoever looks at it.
pub(super) struct News {
    /// Revision before the step.
    pub from_revision: i64,
    /// Revision after it; the same = only time passed.
    pub to_revision: i64,
    /// The wall's time.
    pub now: UtcMs,
    /// `None` = they are not due yet.
    pub figures: Option<Vec<Figure>>,
    /// With the figures.
    pub alarms: Option<Alarms>,
    /// Positions of the areas whose counts changed, in order.
    pub areas: Vec<u32>,
    /// Tickets that are new or changed, newest first, at most [`FRAME_TICKETS`].
    pub tickets: Vec<TicketAt>,
    /// Staff that moved or changed.
    pub staff: Vec<StaffId>,
    /// Areas, owners, categories or the plan changed.
    pub reload: bool,
}

/// Runs until the wall is dropped or its store closed. A failing store is said on every frame and asked again; the last picture stays.
pub(crate) async fn run(wall: std::sync::Weak<super::WallInner>) {
    let mut seen_version = None;
    let mut tail = None;
    let mut beat = tokio::time::interval(TICK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last_figures = UtcMs(0);
    let mut last_full = UtcMs(0);
    let mut last_sent = UtcMs(0);
    let mut proof_due = tokio::time::Instant::now();
    // Why reading failed at the last beat.
    let mut unread = None;
    loop {
        beat.tick().await;
        let Some(inner) = wall.upgrade() else { return };
        let wall = Wall { inner };
        if wall.store().is_closed() {
            return;
        }
        let outcome = async {
            if proof_due <= tokio::time::Instant::now() && wall.store().wants_proof(PROOF_EVERY) {
                // What it finds is noted in the store; that others write at the moment is no fault.
                let _ = wall.store().prove_write(TICK).await;
                proof_due = tokio::time::Instant::now() + PROOF_AGAIN;
            }
            let news_of_store = tell_trouble(&wall, unread.or(wall.store().fault().map(Fault::code)));
            // Files that are not those that were opened are not read either.
            wall.store().look().await?;
            if tail.is_none() {
                tail = Some(wall.store().tail().await?);
            }
            let Some(connection) = tail.as_mut() else { return Ok(()) };
            let version = wall.store().data_version(connection).await?;
            let news = seen_version != Some(version);
            let real = system_now();
            let beat_due = news_of_store || real.0 - last_sent.0 >= 2_000;
            let done = step(&wall, news, &mut last_figures, &mut last_full, beat_due).await?;
            if done.sent {
                last_sent = real;
            }
            // What is left of a long stretch of the log is read at the next beat, whether or not anything is written by then.
            seen_version = (!done.more).then_some(version);
            Ok::<(), WallError>(())
        };
        let outcome = aloud(&wall, outcome).await;
        unread = match outcome {
            Ok(()) => None,
            Err(e) => {
                tail = None;
                seen_version = None;
                let fault = match &e {
                    WallError::Store(e) => e.fault(),
                    _ => None,
                };
                let trouble = fault.map_or("silent", Fault::code);
                if tell_trouble(&wall, Some(trouble)) {
                    tracing::error!("the wall shows its last picture: {e}");
                }
                wall.send_heartbeat();
                Some(trouble)
            }
        };
    }
}

/// Waits for a beat to end. A store behind a link that swallows everything gives neither answer nor error: then it is said that it
/// is silent, and viewers go on hearing from the wall itself.
async fn aloud<T>(wall: &Wall, beat: impl Future<Output = T>) -> T {
    let mut beat = std::pin::pin!(beat);
    let mut patience = SILENCE;
    loop {
        match tokio::time::timeout(patience, beat.as_mut()).await {
            Ok(done) => return done,
            Err(_) => {
                tell_trouble(wall, Some("silent"));
                wall.send_heartbeat();
                patience = HEARTBEAT;
            }
        }
    }
}

/// Notes what keeps the store from being used, and tells the log when that is news; `true` then.
fn tell_trouble(wall: &Wall, trouble: Option<&'static str>) -> bool {
    let news = wall.set_store_trouble(trouble);
    match trouble {
        Some(word) if news => tracing::error!("the store takes nothing at the moment: {word}"),
        None if news => tracing::warn!("the store can be read and written again"),
        _ => {}
    }
    news
}

/// What a step did.
struct Step {
    /// A frame was sent.
    sent: bool,
    /// The log goes on beyond what was read.
    more: bool,
}

/// One step: reads what changed, at most [`LINES`] of it, applies it, sends a frame.
async fn step(
    wall: &Wall,
    news: bool,
    last_figures: &mut UtcMs,
    last_full: &mut UtcMs,
    beat_due: bool,
) -> Result<Step, WallError> {
    let store = wall.store();
    let (since, last_position, valid_until) = {
        let world = wall.world();
        (world.revision, world.newest_position, world.ground.valid_until)
    };
    let batch = if news {
        store.changes_since(since, LINES).await?
    } else {
        ChangeBatch { from_revision: since, to_revision: since, changes: vec![] }
    };
    if batch.from_revision > since {
        tracing::warn!("the change log begins after {}; the wall reads everything anew", batch.from_revision);
        let anew = load(wall).await?;
        wall.inner.grounds.forget();
        *wall.world_mut() = anew;
        // It joins on to no frame before it: viewers start from a snapshot.
        wall.send_heartbeat();
        return Ok(Step { sent: true, more: false });
    }
    let more = batch.changes.len() == LINES as usize;
    let mut asked = Asked::by(&batch);
    if asked.clock {
        wall.inner.clock.follow(store.replay_clock().await?);
    }
    // A wall that stands at a time of its own is nobody's to say what time it is for others.
    if !wall.inner.clock.is_fixed()
        && let Some((replay, silent)) = wall.inner.clock.lapsed()
        && store.fault().is_none()
    {
        match wall.end_lapsed(replay, silent).await {
            Ok(()) => wall.inner.clock.follow(store.replay_clock().await?),
            Err(error) => tracing::warn!(%error, "that a replay ended by itself is not in the audit log yet"),
        }
    }
    let (now, base) = (wall.now(), wall.inner.clock.base());
    if valid_until.is_some_and(|t| t <= now) || now < wall.world().now {
        asked.ground = true;
    }
    if asked.ground {
        wall.inner.grounds.forget();
    }
    // Everything is read before the world is touched, so that a failing store changes nothing.
    let ground = if asked.ground { Some(Arc::new(Ground::load(store, &wall.inner.network_key, now).await?)) } else { None };
    let network =
        ground.as_ref().map_or_else(|| network_of(&wall.world()), |g| g.network.as_ref().map_or(NetworkId(0), |n| n.id));
    let tickets: Vec<(Ticket, Option<CellId>)> = store.tickets_by_id(network, &asked.tickets).await?;
    let events = events_of_varied(wall, &tickets).await?;
    let homes = store.homes_of(network, &asked.tickets).await?;
    let unknown = wall.world().unknown_homes(&homes);
    let homes_of_the_past = store.cells_of_any_plan(&unknown).await?;
    let staff = if asked.staff { Some(store.staff().await?) } else { None };
    // A position of somebody whose line came after the log was read is passed over: that line asks for all of them anew.
    let (positions, newest_position) = match (asked.staff, news) {
        (true, _) => store.positions_after(-1).await?,
        (false, true) => store.positions_after(last_position).await?,
        (false, false) => (vec![], last_position),
    };
    let markers = AllMarkers::read(store, &asked.markers).await?;
    let categories = if asked.categories { Some(store.categories().await?) } else { None };
    let mut reload = ground.is_some() || categories.is_some();
    let mut turned: Vec<TicketId>;
    let another_plan;
    {
        let mut world = wall.world_mut();
        if let Some(table) = categories {
            world.categories.set_table(table);
        }
        let plan_before = world.ground.plan.as_ref().map(|p| p.id);
        if let Some(ground) = ground {
            world.set_ground(ground);
        }
        another_plan = world.ground.plan.as_ref().map(|p| p.id) != plan_before;
        match staff {
            Some(staff) => world.set_staff(staff, positions),
            None => positions.into_iter().for_each(|p| world.place_staff(p)),
        }
        world.newest_position = newest_position;
        world.markers.apply(markers);
        world.set_base(base);
        world.learn_homes(homes_of_the_past);
        for (ticket, cell) in &tickets {
            let live = world.live(ticket, *cell, homes.get(&ticket.id).copied());
            world.set_phases(ticket, live, events.get(&ticket.id).map_or(&[], |e| e));
            world.upsert(ticket.id, live);
        }
        world.advance(now);
        world.reach(batch.to_revision);
        turned = std::mem::take(&mut world.turned);
    }
    let moved = newest_position != last_position;
    if batch.to_revision != since || moved {
        wall.wrote(!tickets.is_empty() || moved);
    }
    // Seldom, and not within a stretch of the log that is still being read.
    if now.0 - last_full.0 >= 60_000 || another_plan {
        reload |= wall.refit_scale();
    }
    let in_force = wall.world().ground.plan.as_ref().map_or(0, |p| p.id.0);
    // A wall that stands at a time of its own shows that time; what it would write is not so for anybody else.
    let another = wall.inner.attributed_plan.load(Relaxed) != in_force;
    let again = system_now().0 >= wall.inner.attribute_again.load(Relaxed);
    let due = !wall.inner.clock.is_fixed() && (another || again);
    // While nothing can be written the picture goes on all the same; a later beat makes up for it.
    if due
        && store.fault().is_none()
        && let Some(holding) = wall.holds(Duty::ChangeOver)
    {
        let known = if another { 0 } else { wall.inner.attributed_at.load(Relaxed) };
        match attribute_to_plan_in_force(wall, &holding, known, batch.to_revision).await {
            Ok(revision) => {
                wall.inner.attributed_plan.store(in_force, Relaxed);
                wall.inner.attributed_at.store(revision, Relaxed);
                // Another machine's clock may be behind: what came in there meanwhile was attributed to the plan before.
                let pause = if another { SOON_AGAIN_MS } else { LATER_AGAIN_MS };
                wall.inner.attribute_again.store(system_now().0.saturating_add(pause), Relaxed);
            }
            Err(error) => tracing::warn!(%error, "open tickets wait for being attributed to the plan in force"),
        }
    }
    // Tickets that turned by the passing of time are read for their words; the newest are enough.
    let known: HashSet<TicketId> = asked.tickets.iter().copied().collect();
    turned.retain(|t| !known.contains(t));
    turned.sort_unstable_by(|a, b| b.cmp(a));
    turned.truncate(FRAME_TICKETS);
    let mut shown = tickets;
    shown.extend(store.tickets_by_id(network, &turned).await?);
    shown.sort_by_key(|(t, _)| std::cmp::Reverse((t.appears_at(base), t.id)));
    shown.retain(|(t, _)| t.appears_at(base) <= now);
    shown.truncate(FRAME_TICKETS);
    let shown = store.fold(&shown, now, base, None).await?;
    let full = now.0 - last_full.0 >= 60_000 || now < *last_full || reload;
    let figures_due = wall.world().figures_dirty && (now.0 - last_figures.0).abs() >= 1_000 || full;
    let raised = if figures_due { Some(wall.alarms_at(&mut Moment::of(Some(now))).await?) } else { None };
    let frame = {
        let mut world = wall.world_mut();
        if full {
            world.dirty = (0..world.ground.cells.len() as u32).collect();
            *last_full = now;
        }
        let something = !world.dirty.is_empty() || !shown.is_empty() || !world.moved.is_empty() || batch.to_revision != since;
        if !(something || reload || asked.clock || beat_due) {
            return Ok(Step { sent: false, more });
        }
        let figures = figures_due.then(|| figures(world.then(now)));
        if figures.is_some() {
            world.figures_dirty = false;
            *last_figures = now;
        }
        let alarms = raised.map(|raised| {
            world.raised = raised;
            grouped(world.then(now), &world.ground, &world.raised, &Sight::Exact)
        });
        let dirty: Vec<u32> = world.dirty.drain().collect();
        let moved: Vec<StaffId> = world.moved.drain().collect();
        let world = &*world;
        let mut touched: Vec<u32> =
            dirty.iter().flat_map(|c| std::iter::once(*c).chain(world.ground.parents[*c as usize].iter().copied())).collect();
        touched.sort_unstable();
        touched.dedup();
        let news = News {
            from_revision: since,
            to_revision: batch.to_revision,
            now,
            figures,
            alarms,
            areas: touched,
            tickets: shown.into_iter().map(|(t, _)| t).collect(),
            staff: moved,
            reload,
        };
        wall.frame_of(world, news)
    };
    wall.inner.frames.send(frame);
    Ok(Step { sent: true, more })
}

/// Where open tickets stay with the code of their cell when the plan in force took effect: the cell of the plan before →
/// the cell with its code now. Empty when tickets move with the ground.
async fn kept_cells(wall: &Wall, ground: &Ground) -> Result<HashMap<CellId, CellId>, StoreError> {
    let Some(plan) = &ground.plan else { return Ok(HashMap::new()) };
    let Some(record) = wall.store().plan_record(plan.id).await?.filter(|r| r.tickets_stay) else { return Ok(HashMap::new()) };
    let Some(before) = wall.store().plan_before(record.plan.network, plan.id).await? else { return Ok(HashMap::new()) };
    let now_of = |code: &str| ground.by_code.get(code).map(|i| ground.cells[*i as usize].id);
    Ok(wall.store().cells(before).await?.into_iter().filter_map(|c| Some((c.id, now_of(&c.code)?))).collect())
}

/// When a plan takes effect by the passing of time, tickets are attributed anew; the old lines stay. Nothing waited at the revision
/// `known` (0 = nobody looked yet); up to the revision that is returned, at least `reached`, nothing waits any more.
async fn attribute_to_plan_in_force(wall: &Wall, holding: &Holding, known: i64, reached: i64) -> Result<i64, WallError> {
    let ground = wall.world().ground.clone();
    let (Some(network), Some(plan)) = (&ground.network, &ground.plan) else { return Ok(reached) };
    if wall.store().is_attributed_to(network.id, plan.id, known).await? {
        return Ok(reached);
    }
    let mut tx = wall.write(&wall.inner.own, Whole::Administer).await?;
    tx.under_lease(holding).await?;
    let index = ground.clone();
    let kept = kept_cells(wall, &ground).await?;
    let places = wall.world().homes.places();
    let cell_at = move |w: &WaitingTicket| {
        let kept = w.had.and_then(|c| kept.get(&c).copied());
        // A sensitive ticket moves with the middle of its home, not with its own place.
        kept.or_else(|| index.index.cell_at(w.home.and_then(|h| places.get(&h).copied()).unwrap_or(w.place)))
    };
    let lines = tx.attribute_all(network.id, plan.id, &cell_at).await?;
    if lines == 0 {
        return Ok(reached);
    }
    let done = tx.commit("plan.attribute", &serde_json::json!({ "plan": plan.id.0, "tickets": lines })).await?;
    Ok(done.to_revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::WallOptions;
    use wall_core::TicketRecord;

    /// A store that gives neither answer nor error is said to be silent, and viewers hear from the wall meanwhile.
    #[tokio::test]
    async fn a_beat_that_does_not_end_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = WallOptions::new(folder.path());
        options.zone = Some("UTC".into());
        let wall = Wall::open(options).await.unwrap();
        let (_, mut live) = wall.frames(&wall.inner.own, 0).await.unwrap();
        let heard = async { live.recv().await.unwrap().freshness.store_trouble.clone() };
        // The beat ends when the wall has spoken.
        let trouble = aloud(&wall, heard).await;
        assert_eq!(trouble.as_deref(), Some("silent"));
        assert_eq!(wall.store_trouble(), Some("silent"));
    }

    /// A square of the plan with this code.
    fn square(code: &str) -> wall_core::CellRecord {
        let corner = |x: i64, y: i64| wall_core::GridPoint { x: 120_600_000_000 + x, y: 31_300_000_000 + y };
        let outer = vec![corner(0, 0), corner(4_000_000, 0), corner(4_000_000, 4_000_000), corner(0, 4_000_000)];
        wall_core::CellRecord {
            code: code.into(),
            name: code.into(),
            kind: wall_core::CellKind::Basic,
            community_code: "990101001001".into(),
            community_name: "试验社区".into(),
            households: None,
            owner: None,
            feature_index: 0,
            geometry: wall_core::CellGeometry { polygons: vec![wall_core::GridPolygon { outer, holes: vec![] }] },
        }
    }

    /// A machine whose clock is behind attributes what comes in there to the plan before: the one that has the duty looks again.
    #[tokio::test]
    async fn what_a_machine_that_was_behind_took_in_goes_over_later() {
        let folder = tempfile::tempdir().unwrap();
        let admin = wall_store::Actor::new("test", wall_core::Role::Admin, "cli");
        let open = async |fixed_now| {
            let mut options = WallOptions::new(folder.path());
            (options.zone, options.fixed_now) = (Some("UTC".into()), fixed_now);
            Wall::open(options).await.unwrap()
        };
        let wall = open(None).await;
        let publish = async |code: &str| {
            let records = [square(code)];
            let import = crate::wall::CellsImport {
                network: "general",
                name: code,
                records: &records,
                doubts: &[],
                publish: true,
                effective: None,
            };
            wall.import_cells(&admin, import, &serde_json::json!({})).await.unwrap();
        };
        publish("990101001001001").await;
        let behind = open(Some(system_now().plus_ms(-86_400_000))).await;
        publish("990101001001002").await;
        let (mut last_figures, mut last_full) = (UtcMs(0), UtcMs(0));
        let mut beat = async || step(&wall, true, &mut last_figures, &mut last_full, false).await.unwrap();
        wall.take_duties().await.unwrap();
        beat().await;
        let plan = wall.world().ground.plan.as_ref().unwrap().id;
        assert_eq!(wall.inner.attributed_plan.load(Relaxed), plan.0);
        let record = TicketRecord {
            source: "test".into(),
            external_id: "late".into(),
            category: "drain".into(),
            title: "late".into(),
            place: Some(wall_core::Place { lon: 120.601, lat: 31.301 }),
            reported_at: Some(system_now().plus_ms(-172_800_000)),
            ..TicketRecord::default()
        };
        behind.import_tickets(&admin, &[record]).await.unwrap();
        let under = async || wall.store().attributions_under(plan).await.unwrap().len();
        beat().await;
        assert_eq!(under().await, 0, "it came in under the plan before, and it is not time to look again");
        wall.inner.attribute_again.store(0, Relaxed);
        beat().await;
        assert_eq!(under().await, 1);
        // From there on only what is newer is looked at.
        assert!(wall.inner.attributed_at.load(Relaxed) >= wall.store().revision().await.unwrap());
    }

    /// A commit of more lines than a step reads is read to its end, although nothing is written after it.
    #[tokio::test]
    async fn a_long_stretch_of_the_log_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = WallOptions::new(folder.path());
        options.zone = Some("UTC".into());
        let wall = Wall::open(options).await.unwrap();
        let mut tx = wall.write(&wall.inner.own, Whole::Administer).await.unwrap();
        for n in 0..=LINES {
            tx.set_setting("title", &n.to_string()).await.unwrap();
        }
        let newest = tx.commit("setting.title", &serde_json::json!({})).await.unwrap().to_revision;
        let (mut last_figures, mut last_full) = (UtcMs(0), UtcMs(0));
        let mut again = async || step(&wall, true, &mut last_figures, &mut last_full, false).await.unwrap().more;
        assert!(again().await, "there is more");
        assert_eq!(wall.world().revision, newest - 1);
        assert!(!again().await);
        assert_eq!(wall.world().revision, newest);
    }
}
