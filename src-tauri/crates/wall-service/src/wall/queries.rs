//! What the wall asks: seldom-changing facts, snapshots of now or of another time, areas, heat, points, counts.

use super::{
    HeatImage, HeatQuery, HeatSettings, NearView, StatLine, Wall, WallError,
    alarms::{Raised, grouped},
    counts::{Counts, Days, Share},
    follow::figures,
    ground::Ground,
    pictures::{Asked, on_a_thread},
    shown::Sight,
    views::{staff_view, ticket_view},
    world::World,
};
use crate::wire::{
    ActorView, Alarms, AreaStat, BaseMap, CategoryView, HeatInfo, Histogram, Level, NetworkView, PlaceView, PlanView,
    PointProperties, Snapshot, TicketView, WallInfo,
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use wall_core::{
    CameraId, CellId, HeatField, HeatGrid, HeatKernel, NetworkId, Place, SiteId, StaffId, TicketId, TimeLeftField, UtcMs, tally,
};
use wall_store::Actor;

/// Ticket lines in a snapshot.
const SNAPSHOT_TICKETS: usize = 200;
/// Of those, room kept for the gravest alarms, and as much for the newest of each group of them.
const SNAPSHOT_GRAVE: usize = 40;
/// Half width of the time-left scale.
const TIME_LEFT_SPAN_H: f64 = 48.0;

/// Tops of the colour ramps from the data at the start: rounded up to 1, 2 or 5 times a power of ten.
pub(super) fn scale(world: &World, heat: &HeatSettings) -> HeatInfo {
    let nice = |x: f64| -> f64 {
        let x = x.max(10.0);
        let power = 10f64.powf(x.log10().floor());
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|v| *v >= x).unwrap_or(x)
    };
    let due = |slot| world.due_of(slot);
    let mut cells: Vec<f64> = world
        .ground
        .areas
        .iter()
        .filter(|a| a.level == Level::Cell)
        .map(|a| world.counts(Sight::Exact).stat(a, world.now, &due).heat)
        .collect();
    cells.sort_by(f64::total_cmp);
    let high = cells.get(cells.len().saturating_sub(1 + cells.len() / 20)).copied().unwrap_or(0.0);
    HeatInfo {
        half_life_h: heat.half_life_s / 3600.0,
        sigma_m: heat.sigma_m,
        // A smoothed peak stands above the mean of its cell.
        scale_max: nice(high * 1.6),
        cell_scale_max: nice(high),
        time_left_span_h: TIME_LEFT_SPAN_H,
    }
}

/// Open tickets, counts and ground at another time than the wall's. O(tickets).
pub(super) struct Past {
    pub ground: Arc<Ground>,
    pub at: UtcMs,
    pub counts: Counts,
}

impl Wall {
    /// The ground of another time: the present one when it is the same.
    pub(super) async fn ground_at(&self, at: UtcMs) -> Result<Arc<Ground>, WallError> {
        let present = self.world().ground.clone();
        let mut then = Ground::load(self.store(), &self.inner.network_key, at).await?;
        let same = then.plan.as_ref().map(|p| p.id) == present.plan.as_ref().map(|p| p.id)
            && then.areas.iter().map(|a| &a.properties).eq(present.areas.iter().map(|a| &a.properties))
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
        }
        Ok(Arc::new(then))
    }

    /// The ground now or at another time.
    pub(super) async fn ground_as_of(&self, as_of: Option<UtcMs>) -> Result<Arc<Ground>, WallError> {
        match as_of {
            Some(t) => self.ground_at(t).await,
            None => Ok(self.world().ground.clone()),
        }
    }

    /// The wall's counts at another time, on the ground of that time, as the actor may know them. O(tickets).
    pub(super) async fn past(&self, actor: &Actor, at: UtcMs) -> Result<Past, WallError> {
        let ground = self.ground_at(at).await?;
        let world = self.world();
        let days = Days::around(at, &world.zone);
        let mut counts = Counts::new(ground.cells.len(), at, world.half_life_s);
        for (slot, live) in world.all().filter(|(_, t)| t.life.there_at(at)) {
            let cell = world.shown_cell(&ground, slot, live, Sight::of(actor));
            counts.change(slot, cell, Share::of(live.life, at, &days), live.life, live.severity.weight(), 1);
        }
        drop(world);
        Ok(Past { ground, at, counts })
    }

    pub(super) fn network_id(&self) -> NetworkId {
        self.world().ground.network.as_ref().map_or(NetworkId(0), |n| n.id)
    }

    /// Ticket lines by id at a time, newest first, as the actor may see them.
    pub(super) async fn ticket_lines(
        &self,
        actor: &Actor,
        ids: &[TicketId],
        ground: &Arc<Ground>,
        at: UtcMs,
    ) -> Result<Vec<TicketView>, WallError> {
        let base = self.world().base;
        let mut rows = self.store().tickets_by_id(self.network_id(), ids).await?;
        rows.retain(|(t, _)| t.appears_at(base) <= at);
        rows.sort_by_key(|(t, _)| std::cmp::Reverse((t.appears_at(base), t.id)));
        let courses = self.store().courses(&rows.iter().map(|(t, _)| t).collect::<Vec<_>>(), base).await?;
        let world = self.world();
        Ok(rows
            .iter()
            .zip(&courses)
            .map(|((t, _), course)| ticket_view(&world, ground, t, Sight::of(actor), course, at))
            .collect())
    }

    /// What changes seldom.
    pub async fn info(&self, actor: &Actor, as_of: Option<UtcMs>) -> Result<WallInfo, WallError> {
        let at = as_of.unwrap_or_else(|| self.now());
        let ground = self.ground_as_of(as_of).await?;
        let networks = self.store().networks().await?;
        let (zone, _, zone_proposed) = self.zone_standing().await?;
        let world = self.world();
        Ok(WallInfo {
            title: self.inner.title.clone(),
            demo: self.inner.demo,
            version: env!("CARGO_PKG_VERSION").into(),
            store: self.store().identity(),
            zone,
            zone_proposed,
            revision: world.revision,
            clock: self.inner.clock.view(at, if as_of.is_none() { world.later } else { 0 }),
            base_map: self.inner.base_map.as_ref().map(|m| BaseMap {
                tiles: "basemap/{z}/{x}/{y}.mvt".into(),
                min_zoom: m.min_zoom(),
                max_zoom: m.max_zoom(),
                attribution: m.attribution().to_owned(),
            }),
            bounds: ground.bounds,
            networks: networks.into_iter().map(|n| NetworkView { key: n.key, name: n.name }).collect(),
            network: self.inner.network_key.clone(),
            plan: ground.plan.as_ref().map(|p| PlanView {
                id: p.id.0,
                name: p.name.clone(),
                status: p.status.code().into(),
                effective_from_ms: p.effective_from.map(|t| t.0),
            }),
            cell_count: ground.cells.len() as u32,
            heat: self.scale(),
            actor: ActorView { who: actor.who.clone(), role: actor.role.code().into(), station: actor.station.clone() },
            categories: world.categories.views(at),
        })
    }

    /// The whole moving state, now or as it was.
    pub async fn snapshot(&self, actor: &Actor, as_of: Option<UtcMs>) -> Result<Snapshot, WallError> {
        let now = self.world().now;
        let raised = self.alarms_at(as_of.unwrap_or(now)).await?;
        let (ground, at, areas, figures, staff, revision, later) = match as_of {
            None => {
                let world = self.world();
                let due = |slot| world.due_of(slot);
                let areas = world.counts(Sight::of(actor)).stats(&world.ground, world.now, &due);
                let staff = world.staff.values().map(|w| staff_view(&world, w, world.now)).collect();
                (world.ground.clone(), world.now, areas, figures(&world, world.now), staff, world.revision, world.later)
            }
            Some(at) => {
                let past = self.past(actor, at).await?;
                let base = self.world().base;
                let positions = self.store().positions_at(at, base).await?;
                let world = self.world();
                let due = |slot| world.due_of(slot);
                let areas: Vec<AreaStat> = past.counts.stats(&past.ground, past.at, &due);
                let staff = world
                    .staff
                    .values()
                    .map(|w| {
                        let mut w = w.clone();
                        w.position = positions.iter().find(|p| p.staff == w.staff.id).copied();
                        staff_view(&world, &w, at)
                    })
                    .collect();
                (past.ground, at, areas, figures(&world, at), staff, world.revision, 0)
            }
        };
        let (alarms, ids) = {
            let world = self.world();
            let alarms = grouped(&world, &ground, &raised, Sight::of(actor));
            let ids = newest_and_gravest(&world, at, &raised, &alarms);
            (alarms, ids)
        };
        Ok(Snapshot {
            revision,
            clock: self.inner.clock.view(at, later),
            as_of: as_of.is_some(),
            figures,
            alarms,
            areas,
            tickets: self.ticket_lines(actor, &ids, &ground, at).await?,
            staff,
            freshness: self.freshness(),
        })
    }

    /// Areas of a level as GeoJSON text.
    pub async fn areas(&self, _actor: &Actor, level: Level, as_of: Option<UtcMs>) -> Result<Bytes, WallError> {
        let ground = self.ground_as_of(as_of).await?;
        Ok(on_a_thread(move || ground.geojson(level)).await)
    }

    /// A heat raster of the tickets open now or at another time.
    pub async fn heat(&self, actor: &Actor, query: HeatQuery, as_of: Option<UtcMs>) -> Result<HeatImage, WallError> {
        let [west, south, east, north] = query.bounds;
        let sane = query.bounds.iter().all(|v| v.is_finite()) && west < east && south < north && south > -86.0 && north < 86.0;
        if !sane || query.width == 0 || query.height == 0 || query.width > 2048 || query.height > 2048 {
            return Err(WallError::Invalid("heat needs west < east, south < north, and 1 … 2048 pixels each way".into()));
        }
        let grid = HeatGrid { west, south, east, north, width: query.width, height: query.height };
        let kernel =
            HeatKernel { half_life_s: self.inner.heat.half_life_s, sigma_m: query.sigma_m.unwrap_or(self.inner.heat.sigma_m) };
        let sight = Sight::of(actor);
        let max = query.max.unwrap_or_else(|| self.scale().scale_max);
        let (now, revision) = {
            let world = self.world();
            (world.now, world.revision)
        };
        let (asked, first, wall) = (Asked::new(sight, &query, max, as_of, now, revision), query.first, self.clone());
        self.inner.pictures.get(asked, first, move || wall.draw(sight, grid, kernel, query.time_left, max, as_of)).await
    }

    /// Draws a heat raster. O(tickets + pixels), or O(pixels) where it is kept up to date.
    fn draw(
        &self,
        sight: Sight,
        grid: HeatGrid,
        kernel: HeatKernel,
        time_left: bool,
        max: f64,
        as_of: Option<UtcMs>,
    ) -> HeatImage {
        let world = self.world();
        let at = as_of.unwrap_or(world.now);
        let mut bytes = vec![0u8; (grid.width * grid.height) as usize];
        let open = || {
            world
                .all()
                .filter(|(_, t)| t.life.open_at(at))
                .filter_map(|(_, t)| Some((world.shown_place(t, sight)?, t.severity.weight(), UtcMs(t.life.reported))))
        };
        let mut draw = |field: &HeatField| {
            field.write_u8(max, &mut bytes);
            let peak = field.peak();
            (peak, field.high(peak))
        };
        let (peak, high) = if time_left {
            let open = world.all().filter(|(_, t)| t.life.open_at(at) && t.life.due < i64::MAX);
            let open = open.filter_map(|(_, t)| Some((world.shown_place(t, sight)?, UtcMs(t.life.due))));
            TimeLeftField::new(grid, kernel.sigma_m, TIME_LEFT_SPAN_H * 3600.0, at, open).write_u8(&mut bytes);
            (0.0, 0.0)
        } else if as_of.is_some() {
            let mut field = HeatField::new(grid, kernel, at);
            field.rebuild(open());
            draw(&field)
        } else {
            world.heat.read(sight, grid, kernel, at, open, draw)
        };
        HeatImage { bytes: bytes.into(), peak, high, max, at, revision: world.revision }
    }

    /// Points at close zoom as GeoJSON text; `kinds` of ticket, camera, staff, site. Open tickets only.
    pub async fn points(
        &self,
        actor: &Actor,
        bounds: [f64; 4],
        kinds: Vec<String>,
        limit: u32,
        as_of: Option<UtcMs>,
    ) -> Result<Bytes, WallError> {
        let [west, south, east, north] = bounds;
        let at = as_of.unwrap_or_else(|| self.world().now);
        let limit = limit.clamp(1, 10_000) as usize;
        let mut features = Vec::new();
        let in_box = |p: Place| p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north;
        let wants = |kind: &str| kinds.iter().any(|k| k == kind);
        if wants("ticket") {
            let ground = self.ground_as_of(as_of).await?;
            let ids: Vec<TicketId> = {
                let world = self.world();
                let mut ids = Vec::new();
                let sight = Sight::of(actor);
                if sight == Sight::Exact && as_of.is_none() {
                    world.ticket_index.in_box(west, south, east, north, |id, _| ids.push(id));
                } else {
                    // Chosen by the place that is shown: the box of a question must not tell more than the answer.
                    let inside = |t: &super::world::Live| world.shown_place(t, sight).is_some_and(in_box);
                    ids.extend(
                        world.all().filter(|(_, t)| t.life.open_at(at) && inside(t)).map(|(s, _)| super::world::ticket_of(s)),
                    );
                }
                ids.sort_unstable_by(|a, b| b.cmp(a));
                ids.truncate(limit);
                ids
            };
            for t in self.ticket_lines(actor, &ids, &ground, at).await? {
                let (Some(lon), Some(lat)) = (t.lon, t.lat) else { continue };
                features.push(point(
                    lon,
                    lat,
                    PointProperties {
                        kind: "ticket".into(),
                        id: t.id,
                        name: t.title,
                        state: t.status,
                        severity: t.severity,
                        overdue: t.overdue,
                        heading_deg: None,
                        fov_deg: None,
                        range_m: None,
                    },
                ));
            }
        }
        let positions = match as_of {
            Some(t) if wants("staff") => {
                let base = self.world().base;
                Some(self.store().positions_at(t, base).await?)
            }
            _ => None,
        };
        let world = self.world();
        let plain = |kind: &str, id: i64, name: &str, state: &str| PointProperties {
            kind: kind.into(),
            id,
            name: name.into(),
            state: state.into(),
            severity: 0,
            overdue: false,
            heading_deg: None,
            fov_deg: None,
            range_m: None,
        };
        if wants("camera") {
            world.camera_index.in_box(west, south, east, north, |id, place| {
                if let (Some(c), true) = (world.cameras.get(&id), features.len() < limit * 4) {
                    let mut p = plain("camera", id.0, &c.name, c.state.code());
                    (p.heading_deg, p.fov_deg, p.range_m) = (c.heading_deg, c.fov_deg, c.range_m);
                    features.push(point(place.lon, place.lat, p));
                }
            });
        }
        if wants("site") {
            world.site_index.in_box(west, south, east, north, |id, place| {
                if let (Some(s), true) = (world.sites.get(&id), features.len() < limit * 4) {
                    features.push(point(place.lon, place.lat, plain("site", id.0, &s.name, &s.kind)));
                }
            });
        }
        if let Some(positions) = positions {
            for p in positions.into_iter().filter(|p| in_box(p.place)) {
                if let (Some(w), true) = (world.staff.get(&p.staff), features.len() < limit * 4) {
                    let mut then = w.clone();
                    then.position = Some(p);
                    let view = staff_view(&world, &then, at);
                    features.push(point(p.place.lon, p.place.lat, plain("staff", p.staff.0, &view.name, &view.duty)));
                }
            }
        } else if wants("staff") {
            world.staff_index.in_box(west, south, east, north, |id, place| {
                if let (Some(w), true) = (world.staff.get(&id), features.len() < limit * 4) {
                    let view = staff_view(&world, w, at);
                    features.push(point(place.lon, place.lat, plain("staff", id.0, &view.name, &view.duty)));
                }
            });
        }
        Ok(Bytes::from(serde_json::json!({ "type": "FeatureCollection", "features": features }).to_string()))
    }

    /// Received and closed in equal steps of time.
    pub async fn histogram(&self, _actor: &Actor, from: UtcMs, to: UtcMs, buckets: u32) -> Result<Histogram, WallError> {
        if to <= from || buckets == 0 || buckets > 2_000 {
            return Err(WallError::Invalid("a histogram needs from < to and 1 … 2000 buckets".into()));
        }
        let world = self.world();
        let (received, closed) = tally::histogram(world.all().map(|(_, t)| t.life), from, to, buckets as usize);
        Ok(Histogram { from_ms: from.0, bucket_s: (to.0 - from.0) / 1000 / i64::from(buckets), received, closed })
    }

    /// The `k` nearest of a kind: open tickets, cameras, staff with a position, sites.
    pub async fn near(
        &self,
        actor: &Actor,
        place: Place,
        kind: &str,
        k: usize,
        within_m: Option<f64>,
    ) -> Result<Vec<NearView>, WallError> {
        let found = self.places_near(actor, place, kind, k, within_m).await?;
        let mut ids = HashMap::new();
        if kind == "ticket" {
            let asked: Vec<TicketId> = found.iter().map(|p| TicketId(p.id)).collect();
            for (ticket, _) in self.store().tickets_by_id(self.network_id(), &asked).await? {
                ids.insert(ticket.id.0, (ticket.external_id, ticket.source));
            }
        }
        let world = self.world();
        let own = |id: i64| match kind {
            "camera" => world.cameras.get(&CameraId(id)).map(|c| c.external_id.clone()),
            "site" => world.sites.get(&SiteId(id)).map(|s| s.external_id.clone()),
            "staff" => world.staff.get(&StaffId(id)).map(|w| w.staff.external_id.clone()),
            _ => None,
        };
        Ok(found
            .into_iter()
            .map(|place| {
                let (external_id, source) =
                    ids.remove(&place.id).unwrap_or_else(|| (own(place.id).unwrap_or_default(), String::new()));
                NearView { place, external_id, source }
            })
            .collect())
    }

    async fn places_near(
        &self,
        actor: &Actor,
        place: Place,
        kind: &str,
        k: usize,
        within_m: Option<f64>,
    ) -> Result<Vec<PlaceView>, WallError> {
        let k = k.clamp(1, 1_000);
        let mut found = self.nearest_of(actor, place, kind, k)?;
        found.iter_mut().for_each(|p| p.kind = kind.to_owned());
        found.retain(|p| within_m.is_none_or(|m| p.distance_m.is_some_and(|d| d <= m)));
        if kind == "ticket" {
            let (ground, now) = {
                let world = self.world();
                (world.ground.clone(), world.now)
            };
            let ids: Vec<TicketId> = found.iter().map(|p| TicketId(p.id)).collect();
            let lines = self.ticket_lines(actor, &ids, &ground, now).await?;
            for p in &mut found {
                if let Some(line) = lines.iter().find(|l| l.id == p.id) {
                    p.state.clone_from(&line.status);
                }
            }
        }
        Ok(found)
    }

    fn nearest_of(&self, actor: &Actor, place: Place, kind: &str, k: usize) -> Result<Vec<PlaceView>, WallError> {
        let world = self.world();
        let found: Vec<PlaceView> = match kind {
            "camera" => nearest(&world.camera_index, place, k, |id| {
                world.cameras.get(&id).map(|c| (id.0, c.name.clone(), c.state.code().to_owned(), c.place))
            }),
            "site" => nearest(&world.site_index, place, k, |id| {
                world.sites.get(&id).map(|s| (id.0, s.name.clone(), s.kind.clone(), s.place))
            }),
            "staff" => nearest(&world.staff_index, place, k, |id| {
                let w = world.staff.get(&id)?;
                Some((id.0, w.staff.name.clone(), staff_view(&world, w, world.now).duty, w.position?.place))
            }),
            "ticket" => {
                if !actor.role.sees_exact_places() {
                    return Err(WallError::Forbidden("this role sees tickets only to the cell".into()));
                }
                nearest(&world.ticket_index, place, k, |id| {
                    let t = world.ticket(id)?;
                    let code = world.categories.code(t.category);
                    Some((
                        id.0,
                        world.categories.name(code, world.now).to_owned(),
                        t.status.code().to_owned(),
                        world.shown_place(t, Sight::of(actor))?,
                    ))
                })
            }
            other => return Err(WallError::Invalid(format!("near knows camera, staff, ticket and site, not \"{other}\""))),
        };
        Ok(found)
    }

    /// Counts by cell, category, platform or owner, now or at another time. O(tickets).
    pub async fn stats(&self, actor: &Actor, by: &str, as_of: Option<UtcMs>) -> Result<Vec<StatLine>, WallError> {
        let ground = self.ground_as_of(as_of).await?;
        let world = self.world();
        let at = as_of.unwrap_or(world.now);
        let days = Days::around(at, &world.zone);
        // By key, and by cell where there is one: two cells may share a code.
        let mut lines: BTreeMap<(String, Option<CellId>), StatLine> = BTreeMap::new();
        let outside = || ("-".to_owned(), String::new());
        if by == "cell" {
            // Cells without a ticket are lines too.
            for c in &ground.cells {
                lines.entry((c.code.clone(), Some(c.id))).or_insert_with(|| blank(&c.code, &c.name, Some(c.id)));
            }
        }
        for (slot, t) in world.all().filter(|(_, t)| t.life.there_at(at)) {
            let cell = world.shown_cell(&ground, slot, t, Sight::of(actor));
            let code = world.categories.code(t.category);
            let (key, name) = match by {
                "cell" => {
                    cell.map_or_else(outside, |c| (ground.cells[c as usize].code.clone(), ground.cells[c as usize].name.clone()))
                }
                "category" => (code.to_owned(), world.categories.name(code, at).to_owned()),
                "platform" => (world.categories.platform(code, at).map_or("-", |p| p.code()).to_owned(), String::new()),
                "owner" => cell.map_or_else(outside, |c| (ground.cell_area(c).owner.clone(), String::new())),
                other => {
                    return Err(WallError::Invalid(format!(
                        "stats counts by cell, category, platform or owner, not \"{other}\""
                    )));
                }
            };
            let own = cell.filter(|_| by == "cell").map(|c| ground.cells[c as usize].id);
            let line = lines.entry((key.clone(), own)).or_insert_with(|| blank(&key, &name, own));
            let share = Share::of(t.life, at, &days);
            line.total += 1;
            line.open += u64::from(share.open);
            line.overdue += u64::from(share.overdue);
            line.received_today += u64::from(share.received_today);
            line.closed_today += u64::from(share.closed_today);
            if t.life.fell_due(i64::MIN, at.0 + 1) {
                line.due += 1;
                line.on_time += u64::from(t.life.on_time());
            }
        }
        let mut lines: Vec<StatLine> = lines.into_values().collect();
        if by == "category" {
            lines.iter_mut().for_each(|l| l.in_table = Some(world.categories.listed(&l.key)));
        }
        Ok(lines)
    }

    /// One tile of the base map, uncompressed; `None` = empty or no base map.
    pub async fn base_map_tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Bytes>, WallError> {
        match &self.inner.base_map {
            None => Ok(None),
            Some(map) => map.tile(z, x, y).await.map_err(|e| WallError::Invalid(e.to_string())),
        }
    }

    /// Every category: of the table in force, and seen on tickets.
    pub fn categories(&self) -> Vec<CategoryView> {
        let world = self.world();
        world.categories.all(world.now)
    }
}

fn blank(key: &str, name: &str, cell: Option<CellId>) -> StatLine {
    StatLine {
        cell: cell.map(|c| c.0),
        in_table: None,
        key: key.into(),
        name: name.into(),
        open: 0,
        overdue: 0,
        received_today: 0,
        closed_today: 0,
        total: 0,
        on_time: 0,
        due: 0,
    }
}

pub(super) fn nearest<T: Copy + Eq + std::hash::Hash>(
    index: &wall_core::PointIndex<T>,
    place: Place,
    k: usize,
    describe: impl Fn(T) -> Option<(i64, String, String, Place)>,
) -> Vec<PlaceView> {
    index
        .nearest(place, k)
        .into_iter()
        .filter_map(|(id, distance_m)| {
            let (id, name, state, at) = describe(id)?;
            Some(PlaceView {
                kind: String::new(),
                id,
                name,
                state,
                lon: at.lon,
                lat: at.lat,
                distance_m: Some(distance_m),
                // An estimate, and said as one: straight line × 1.3 at 1.2 m/s.
                walk_s: Some(distance_m * 1.3 / 1.2),
            })
        })
        .collect()
}

fn point(lon: f64, lat: f64, properties: PointProperties) -> serde_json::Value {
    serde_json::json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Point", "coordinates": [lon, lat] } })
}

/// The newest tickets reported by `at`, and the gravest alarms with the newest of each group. O(tickets).
fn newest_and_gravest(world: &World, at: UtcMs, raised: &[Raised], alarms: &Alarms) -> Vec<TicketId> {
    let mut reported: Vec<(i64, u32)> =
        world.all().filter(|(_, t)| t.life.there_at(at)).map(|(s, t)| (t.life.reported, s)).collect();
    let newest = SNAPSHOT_TICKETS - 2 * SNAPSHOT_GRAVE;
    if reported.len() > newest {
        reported.select_nth_unstable_by(newest, |a, b| b.cmp(a));
        reported.truncate(newest);
    }
    let mut ids: Vec<TicketId> = reported.iter().map(|(_, s)| TicketId(i64::from(*s) + 1)).collect();
    ids.extend(raised.iter().take(SNAPSHOT_GRAVE).map(|r| r.ticket));
    ids.extend(alarms.groups.iter().take(SNAPSHOT_GRAVE).map(|g| TicketId(g.newest)));
    ids.sort_unstable();
    ids.dedup();
    ids
}
