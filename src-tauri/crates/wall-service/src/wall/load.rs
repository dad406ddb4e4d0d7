//! How the world comes to be at a start: from its image where that can be believed, and what the log says since; else from
//! every row of the store. And how the image is kept.

use super::{
    Wall, WallError, WallInner,
    clock::system_now,
    ground::Ground,
    late::LateNews,
    world::{
        World,
        image::{Image, Subject},
        markers::AllMarkers,
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;
use wall_core::{CellId, NetworkId, Ticket, TicketEvent, TicketId};
use wall_store::{ChangeKind, Store, StoreError};

/// Tickets read from the store at once.
const PAGE: u32 = 16_384;
/// From so many changed tickets on reading every row is faster.
const TAIL: usize = 100_000;
/// Lines of the log read at once.
const LINES: u32 = 20_000;
/// How often it is asked whether the image is to be kept anew.
const ASK: Duration = Duration::from_secs(10);
/// It is kept when nothing was written for so long …
const IDLE_MS: i64 = 30_000;
/// … or, where a feed never rests, so long after the last one.
const AT_LEAST: Duration = Duration::from_secs(900);
/// Fewer tickets are read from the store as fast.
const WORTH: usize = 1_000;

/// Why a world is not taken from an image.
enum NotTaken {
    /// It is not believed.
    Doubt(String),
    /// The store cannot be read.
    Failed(WallError),
}

impl<E: Into<WallError>> From<E> for NotTaken {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Loads the whole world. O(tickets).
pub(crate) async fn load(wall: &Wall) -> Result<World, WallError> {
    let store = wall.store();
    wall.inner.clock.follow(store.replay_clock().await?);
    let revision = store.revision().await?;
    let began = Instant::now();
    // The file is read and checked while the rest of the world is fetched.
    let (image, world) = tokio::join!(read(store), bare(wall));
    let mut world = world?;
    let taken = match image {
        Ok(None) => None,
        Ok(Some(image)) => Some(take(wall, &mut world, &image, revision).await),
        Err(doubt) => Some(Err(NotTaken::Doubt(doubt))),
    };
    match taken {
        None => add_rows(wall, &mut world).await?,
        Some(Ok(())) => {
            wall.inner.image.store(world.revision, Relaxed);
            tracing::info!("the world was taken from its image and the log in {} ms", began.elapsed().as_millis());
        }
        Some(Err(NotTaken::Doubt(doubt))) => {
            tracing::warn!("the image of the world was thrown away: {doubt}; it is built from the store");
            // Something of it may be in there.
            world = bare(wall).await?;
            add_rows(wall, &mut world).await?;
        }
        Some(Err(NotTaken::Failed(error))) => return Err(error),
    }
    world.set_base(wall.inner.clock.base());
    world.recount();
    world.revision = revision;
    Ok(world)
}

/// The image that is kept; `Ok(None)` = there is none.
async fn read(store: &Store) -> Result<Option<Image>, String> {
    let bytes = match store.image().await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) => return Err(format!("it cannot be read ({error})")),
    };
    let image = tokio::task::spawn_blocking(|| Image::read(bytes)).await;
    image.map_err(|e| e.to_string())?.map(Some).map_err(str::to_owned)
}

/// A world with everything in it but tickets.
async fn bare(wall: &Wall) -> Result<World, WallError> {
    let (store, now) = (wall.store(), wall.now());
    let ground = Arc::new(Ground::load(store, &wall.inner.network_key, now).await?);
    let mut world = World::new(ground, now, wall.inner.zone.clone(), wall.inner.heat.half_life_s);
    world.base = wall.inner.clock.base();
    world.categories.set_table(store.categories().await?);
    world.markers = AllMarkers::load(store).await?;
    let staff = store.staff().await?;
    let (positions, newest) = store.positions_after(-1).await?;
    world.set_staff(staff, positions);
    world.newest_position = newest;
    Ok(world)
}

/// Adds every ticket as its row says. O(tickets).
async fn add_rows(wall: &Wall, world: &mut World) -> Result<(), WallError> {
    let network = network_of(world);
    let mut after = TicketId(0);
    loop {
        let page = wall.store().tickets_after(network, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = last.id;
        let first = page.first().map_or(last.id, |(t, _)| t.id);
        let homes = wall.store().homes(network, first..=last.id).await?;
        put(wall, world, &page, &homes).await?;
    }
}

/// Puts rows of tickets into a world that is not counted yet.
async fn put(
    wall: &Wall,
    world: &mut World,
    rows: &[(Ticket, Option<CellId>)],
    homes: &HashMap<TicketId, CellId>,
) -> Result<(), WallError> {
    let cells = wall.store().cells_of_any_plan(&world.unknown_homes(homes)).await?;
    world.learn_homes(cells);
    let events = events_of_varied(wall, rows).await?;
    for (ticket, cell) in rows {
        let live = world.live(ticket, *cell, homes.get(&ticket.id).copied());
        world.set_phases(ticket, live, events.get(&ticket.id).map_or(&[], |e| e));
        world.load(ticket.id, live);
    }
    Ok(())
}

/// Takes an image in, and what the log says since, up to `revision`. Where it is not, the world is in no state to be used.
async fn take(wall: &Wall, world: &mut World, image: &Image, revision: i64) -> Result<(), NotTaken> {
    let store = wall.store();
    let doubt = |why: String| NotTaken::Doubt(why);
    let subject = subject(wall, world).ok_or_else(|| doubt("this program cannot say which build it is".into()))?;
    if *image.subject() != subject {
        return Err(doubt(format!("it is of {:?}, and this is {subject:?}", image.subject())));
    }
    let (since, line) = image.stand();
    if since > revision || store.log_line(since).await?.as_deref() != Some(line) {
        return Err(doubt(format!("the log has not the line {since} up to which it is true")));
    }
    let (guarded, late) = world.take_image(image).map_err(|why| doubt(why.into()))?;
    let mut changed: BTreeSet<TicketId> = guarded.into_iter().collect();
    let guarded = changed.len();
    let mut upto = since;
    while upto < revision {
        let batch = store.changes_since(upto, LINES).await?;
        if batch.from_revision > upto {
            return Err(doubt(format!("lines of the log after {upto} are kept no longer")));
        }
        if batch.changes.is_empty() {
            break;
        }
        upto = batch.to_revision;
        changed.extend(batch.changes.iter().filter(|c| c.kind == ChangeKind::Ticket).map(|c| TicketId(c.id)));
        if changed.len() - guarded > TAIL {
            return Err(doubt(format!("more than {TAIL} tickets changed since")));
        }
    }
    let network = network_of(world);
    let changed: Vec<TicketId> = changed.into_iter().collect();
    for part in changed.chunks(PAGE as usize) {
        let rows = store.tickets_by_id(network, part).await?;
        let homes = store.homes_of(network, part).await?;
        put(wall, world, &rows, &homes).await?;
    }
    *wall.inner.late.lock().await = late;
    Ok(())
}

/// Which build of the program this is, as it lies on the disk when it is started; `None` = that cannot be said. Asked once: a
/// later one may lie there by the time an image is written.
pub(super) fn build() -> Option<String> {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let made = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", env!("CARGO_PKG_VERSION"), program.len(), made.as_nanos()))
}

/// Of what an image of this world is; `None` = this program cannot say which build it is.
fn subject(wall: &Wall, world: &World) -> Option<Subject> {
    Some(Subject {
        store: wall.store().identity(),
        schema: wall.store().schema(),
        program: wall.inner.build.clone()?,
        network: wall.inner.network_key.clone(),
        plan: (world.ground.plan.as_ref().map_or(0, |p| p.id.0), world.ground.cells.len()),
    })
}

/// The events of those tickets that one life does not tell.
pub(super) async fn events_of_varied(
    wall: &Wall,
    rows: &[(Ticket, Option<CellId>)],
) -> Result<HashMap<TicketId, Vec<TicketEvent>>, StoreError> {
    let varied: Vec<TicketId> = rows.iter().filter(|(t, _)| t.varied).map(|(t, _)| t.id).collect();
    wall.store().ticket_events(&varied).await
}

/// The network of a world, 0 = none.
pub(super) fn network_of(world: &World) -> NetworkId {
    world.ground.network.as_ref().map_or(NetworkId(0), |n| n.id)
}

impl Wall {
    /// Keeps the image of the world, where it is worth it and another than the one that is kept; `true` = it was. O(tickets).
    ///
    /// # Errors
    /// It cannot be written; a start reads every row instead.
    async fn renew_image(&self) -> Result<bool, WallError> {
        let (revision, worth, subject) = {
            let world = self.world();
            (world.revision, world.tickets.len() >= WORTH, subject(self, &world))
        };
        let news = worth && revision != self.inner.image.load(Relaxed);
        let Some(subject) = subject.filter(|_| news) else { return Ok(false) };
        let Some(line) = self.store().log_line(revision).await? else { return Ok(false) };
        let wall = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let bytes = {
                // Where they are just being counted nobody waits: a start counts them itself.
                let counted = wall.inner.late.try_lock();
                let (late, none) = (counted.as_deref(), LateNews::default());
                let world = wall.world();
                // It went on meanwhile: the next time.
                if world.revision != revision {
                    return Ok(false);
                }
                world.image(subject, line, late.ok().unwrap_or(&none))
            };
            wall.store().keep_image(&bytes)?;
            wall.inner.image.store(revision, Relaxed);
            Ok(true)
        });
        written.await.map_err(|e| WallError::Invalid(format!("the image of the world was not made: {e}")))?
    }

    /// Keeps the image of the world at the end. A start without it takes longer, and nothing else.
    pub async fn keep_image(&self) {
        if let Err(error) = self.renew_image().await {
            tracing::warn!(%error, "the image of the world was not kept; the next start reads every row");
        }
    }
}

/// Keeps the image when the wall is idle, until the wall is dropped or its store closed. That it cannot be is said once.
pub(crate) async fn keep(wall: Weak<WallInner>) {
    let (mut said, mut last) = (false, None::<Instant>);
    loop {
        tokio::time::sleep(ASK).await;
        let Some(inner) = wall.upgrade() else { return };
        let wall = Wall { inner };
        if wall.store().is_closed() {
            return;
        }
        let idle = system_now().0 - wall.inner.last_write.load(Relaxed) >= IDLE_MS;
        if !idle && last.is_some_and(|t| t.elapsed() < AT_LEAST) {
            continue;
        }
        match wall.renew_image().await {
            Ok(renewed) => {
                said = false;
                last = if renewed { Some(Instant::now()) } else { last };
            }
            Err(error) if !said => {
                said = true;
                tracing::warn!(%error, "the image of the world cannot be kept; a start will read every row");
            }
            Err(_) => {}
        }
    }
}
