//! What the wall asks of its world: ground and counts of now or of another time, heat, what is near, statistics.

use super::{
    AsOf, HeatImage, HeatQuery, HeatScale, Wall, WallError,
    alarms::{Alarms, Raised},
    counts::{Counting, Counts},
    gather::{Gather, Met},
    ground::Ground,
    pictures::Asked,
    shown::Sight,
    then::{Moment, Then},
    world::{World, ticket_of},
};
use crate::things::ThingKind;
use bytes::Bytes;
use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};
use wall_core::{HeatField, HeatGrid, HeatKernel, Level, NetworkId, Place, TicketId, TimeLeftField, UtcMs, duty_at};
use wall_store::Actor;

/// Ticket lines in a snapshot.
const SNAPSHOT_TICKETS: usize = 200;
/// Of those, room kept for the gravest alarms, and as much for the newest of each group of them.
const SNAPSHOT_GRAVE: usize = 40;
/// Half width of the time-left scale.
pub(super) const TIME_LEFT_SPAN_H: f64 = 48.0;

/// Tops of the colour ramps from the data at the start: rounded up to 1, 2 or 5 times a power of ten.
pub(super) fn scale(world: &World) -> HeatScale {
    let nice = |x: f64| -> f64 {
        let x = x.max(10.0);
        let power = 10f64.powf(x.log10().floor());
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|v| *v >= x).unwrap_or(x)
    };
    let due = |slot| world.then(world.now).due_of(slot);
    let counts = world.counts(&Sight::Exact);
    let mut cells: Vec<f64> =
        world.ground.areas.iter().filter(|a| a.level == Level::Cell).map(|a| counts.area(a, world.now, &due).heat).collect();
    cells.sort_by(f64::total_cmp);
    let high = cells.get(cells.len().saturating_sub(1 + cells.len() / 20)).copied().unwrap_or(0.0);
    // A smoothed peak stands above the mean of its cell.
    HeatScale { raster: nice(high * 1.6), cell: nice(high) }
}

/// Open tickets, counts and ground at another time than the wall's. O(tickets).
pub(super) struct Past {
    pub ground: Arc<Ground>,
    pub at: UtcMs,
    pub counts: Counts,
}

impl Wall {
    /// The ground of another time: the present one when it is the same, without reading a ground from the store where nothing changes
    /// between the two.
    pub(super) async fn ground_at(&self, at: UtcMs) -> Result<Arc<Ground>, WallError> {
        let (present, known) = {
            let world = self.world();
            (world.ground.clone(), world.revision)
        };
        let mark = self.inner.grounds.mark();
        let same = if present.holds_at(at) { Some(present.clone()) } else { self.inner.grounds.at(at) };
        // What others wrote a moment ago may give the other time another ground.
        if let Some(same) = same
            && !self.store().kinds_since(known).await?.iter().any(|(kind, _)| Ground::is_made_of(*kind))
        {
            return Ok(same);
        }
        let mut then = Ground::load(self.store(), &self.inner.network_key, at).await?;
        let same = then.plan.as_ref().map(|p| p.id) == present.plan.as_ref().map(|p| p.id)
            && then.areas.iter().map(|a| &a.facts).eq(present.areas.iter().map(|a| &a.facts))
            && then.owners == present.owners;
        if same {
            return Ok(present);
        }
        if let Some(plan) = then.plan.as_ref().map(|p| p.id)
            && self.store().plan_record(plan).await?.is_some_and(|r| r.tickets_stay)
        {
            // Under such a plan the place alone does not say whose a ticket was.
            let rows = self.store().attributions_under(plan).await?;
            then.kept = rows.into_iter().filter_map(|(t, c)| Some((t, *then.by_id.get(&c)?))).collect();
            // Late news may give it further tickets.
            return Ok(Arc::new(then));
        }
        let then = Arc::new(then);
        self.inner.grounds.keep(mark, &then);
        Ok(then)
    }

    /// The ground now or at another time.
    pub(super) async fn ground_as_of(&self, as_of: Option<UtcMs>) -> Result<Arc<Ground>, WallError> {
        match as_of {
            Some(t) => self.ground_at(t).await,
            None => Ok(self.world().ground.clone()),
        }
    }

    /// The wall's counts at another time, on the ground of that time, as the actor may know them. O(tickets).
    pub(super) async fn past(&self, actor: &Actor, moment: &mut Moment, at: UtcMs) -> Result<Past, WallError> {
        let ground = self.ground_at(at).await?;
        let world = self.world_of(moment).await?;
        let then = moment.then(&world);
        let counts = then.gather(Counting::new(ground.clone(), Sight::of(actor), then)).counts;
        drop(world);
        Ok(Past { ground, at, counts })
    }

    pub(super) fn network_id(&self) -> NetworkId {
        self.world().ground.network.as_ref().map_or(NetworkId(0), |n| n.id)
    }

    /// A heat raster of the tickets open now or at another time.
    pub async fn heat(&self, actor: &Actor, query: HeatQuery, as_of: AsOf) -> Result<HeatImage, WallError> {
        let [west, south, east, north] = query.bounds;
        let sane = query.bounds.iter().all(|v| v.is_finite()) && west < east && south < north && south > -86.0 && north < 86.0;
        if !sane || query.width == 0 || query.height == 0 || query.width > 2048 || query.height > 2048 {
            return Err(WallError::Invalid("heat needs west < east, south < north, and 1 … 2048 pixels each way".into()));
        }
        let grid = HeatGrid { west, south, east, north, width: query.width, height: query.height };
        let kernel =
            HeatKernel { half_life_s: self.inner.heat.half_life_s, sigma_m: query.sigma_m.unwrap_or(self.inner.heat.sigma_m) };
        let sight = Sight::of(actor);
        let max = query.max.unwrap_or_else(|| self.scale().raster);
        let (now, revision) = {
            let world = self.world();
            (world.now, world.revision)
        };
        let (asked, first, wall) = (Asked::new(sight.clone(), &query, max, as_of, now, revision), query.first, self.clone());
        let (mut moment, handle) = (self.moment(as_of).await?, tokio::runtime::Handle::current());
        let draw = move || {
            // What was known may have to be brought up to the world when its turn comes.
            let world = handle.block_on(wall.world_of(&mut moment))?;
            Ok(draw(&world, &moment, &sight, grid, kernel, query.time_left, max))
        };
        self.inner.pictures.get(asked, first, draw).await
    }

    /// The `k` nearest of a kind, open tickets as the actor may see them.
    pub(super) fn nearest_of(&self, actor: &Actor, place: Place, kind: &str, k: usize) -> Result<Vec<Near>, WallError> {
        let world = self.world();
        if let Some(markers) = world.markers.of_kind(kind) {
            return Ok(markers.nearest(place, k));
        }
        let found = match kind {
            "staff" => nearest(&world.staff_index, place, k, |id| {
                let w = world.staff.get(&id)?;
                Some((
                    id.0,
                    w.staff.name.clone(),
                    duty_at(&w.staff.shifts, world.now, &world.zone).code().to_owned(),
                    w.position?.place,
                ))
            }),
            "ticket" => {
                if !actor.role.sees_exact_places() {
                    return Err(WallError::Forbidden("this role sees tickets only to the cell".into()));
                }
                let sight = Sight::of(actor);
                let near = |id: TicketId| {
                    let t = world.ticket(id)?;
                    let slot = u32::try_from(id.0 - 1).ok()?;
                    // Its distance tells where it is.
                    if !world.is_clear_slot(slot, t, &sight) {
                        return None;
                    }
                    let code = world.categories.code(t.category);
                    Some((
                        id.0,
                        world.categories.name(code, world.now).to_owned(),
                        t.status.code().to_owned(),
                        world.shown_place(t, &sight)?,
                    ))
                };
                // Of the nearest some may be none of the actor's: then farther ones are looked at, until there are enough.
                let mut looked = k;
                loop {
                    let mut found = nearest(&world.ticket_index, place, looked, near);
                    if found.len() >= k || looked >= world.tickets.len() {
                        found.truncate(k);
                        break found;
                    }
                    looked = looked.saturating_mul(8);
                }
            }
            other => return Err(WallError::Invalid(format!("near knows {}, not \"{other}\"", kinds_of_points().join(", ")))),
        };
        Ok(found)
    }

    /// One tile of the base map, uncompressed; `None` = empty or no base map.
    pub async fn base_map_tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Bytes>, WallError> {
        match &self.inner.base_map {
            None => Ok(None),
            Some(map) => map.tile(z, x, y).await.map_err(|e| WallError::Invalid(e.to_string())),
        }
    }
}

/// Draws a heat raster. O(tickets + pixels), or O(pixels) where it is kept up to date.
fn draw(
    world: &World,
    moment: &Moment,
    sight: &Sight,
    grid: HeatGrid,
    kernel: HeatKernel,
    time_left: bool,
    max: f64,
) -> HeatImage {
    let then = moment.then(world);
    let at = then.at;
    let mut bytes = vec![0u8; (grid.width * grid.height) as usize];
    let open = || {
        then.all()
            .filter(|(_, t)| t.life.open_at(at))
            .filter_map(|(_, t)| Some((world.shown_place(&t, sight)?, t.severity.weight(), UtcMs(t.life.reported))))
    };
    let mut draw = |field: &HeatField| {
        field.write_u8(max, &mut bytes);
        let peak = field.peak();
        (peak, field.high(peak))
    };
    let (peak, high) = if time_left {
        let open = then.all().filter(|(_, t)| t.life.open_at(at) && t.life.due < i64::MAX);
        let open = open.filter_map(|(_, t)| Some((world.shown_place(&t, sight)?, UtcMs(t.life.due))));
        TimeLeftField::new(grid, kernel.sigma_m, TIME_LEFT_SPAN_H * 3600.0, at, open).write_u8(&mut bytes);
        (0.0, 0.0)
    } else if moment.as_of.is_some() {
        let mut field = HeatField::new(grid, kernel, at);
        field.rebuild(open());
        draw(&field)
    } else {
        world.heat.read(sight, grid, kernel, at, open, draw)
    };
    HeatImage { bytes: bytes.into(), peak, high, max, at, revision: world.revision }
}

/// Something near a place.
pub(crate) struct Near {
    /// Identity inside its kind.
    pub id: i64,
    pub name: String,
    /// State or kind word.
    pub state: String,
    pub place: Place,
    /// In a straight line.
    pub distance_m: f64,
}

pub(super) fn nearest<T: Copy + Eq + std::hash::Hash>(
    index: &wall_core::PointIndex<T>,
    place: Place,
    k: usize,
    describe: impl Fn(T) -> Option<(i64, String, String, Place)>,
) -> Vec<Near> {
    index
        .nearest(place, k)
        .into_iter()
        .filter_map(|(id, distance_m)| {
            let (id, name, state, place) = describe(id)?;
            Some(Near { id, name, state, place, distance_m })
        })
        .collect()
}

/// The words of everything that has a point on the map.
pub fn kinds_of_points() -> Vec<&'static str> {
    ["ticket", "staff"].into_iter().chain(ThingKind::ON_MAP.iter().map(|kind| kind.code())).collect()
}

/// The newest tickets reported by a time.
#[derive(Clone, Default)]
pub(super) struct Newest {
    /// The oldest of them on top.
    kept: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Newest {
    fn take(&mut self, this: Reverse<(i64, u32)>) {
        if self.kept.len() < SNAPSHOT_TICKETS - 2 * SNAPSHOT_GRAVE {
            self.kept.push(this);
        } else if self.kept.peek().is_some_and(|oldest| this < *oldest) {
            self.kept.pop();
            self.kept.push(this);
        }
    }

    /// Them, with the gravest alarms and the newest of each group of alarms.
    pub fn and_gravest(&self, raised: &[Raised], alarms: &Alarms) -> Vec<TicketId> {
        let mut ids: Vec<TicketId> = self.kept.iter().map(|Reverse((_, slot))| ticket_of(*slot)).collect();
        ids.extend(raised.iter().take(SNAPSHOT_GRAVE).map(|r| r.ticket));
        ids.extend(alarms.groups.iter().take(SNAPSHOT_GRAVE).map(|g| g.newest));
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Gather for Newest {
    // Newest first, so that nearly all others are seen at once to be older.
    fn meet(&mut self, _: Then<'_>, met: &Met<'_>) {
        if let Some(t) = &met.live {
            self.take(Reverse((t.life.reported, met.slot)));
        }
    }

    fn join(&mut self, other: Self) {
        other.kept.into_iter().for_each(|this| self.take(this));
    }
}
