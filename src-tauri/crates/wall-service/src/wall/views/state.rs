//! What changes seldom, the whole moving state, and the areas.

use super::{
    super::{
        AsOf, Wall, WallError,
        alarms::{Raising, grouped},
        counts::Counting,
        figures::{figures_of, tally},
        ground::{Area, GeometryJson, Ground},
        pictures::on_a_thread,
        queries::{Newest, TIME_LEFT_SPAN_H},
        shown::Sight,
        then::Then,
        world::Walker,
    },
    alarms_view, area_stat, clock_view,
    frames::area_stats,
    staff_view,
};
use crate::wire::{
    ActorView, AreaProperties, BaseMap, CategoryView, HeatInfo, Histogram, NetworkView, PlanView, Snapshot, WallInfo,
};
use bytes::Bytes;
use std::collections::HashMap;
use wall_core::{Level, Position, StaffId, UtcMs};
use wall_store::Actor;

impl Wall {
    /// What changes seldom.
    pub async fn info(&self, actor: &Actor, as_of: Option<UtcMs>) -> Result<WallInfo, WallError> {
        let at = as_of.unwrap_or_else(|| self.now());
        let ground = self.ground_as_of(as_of).await?;
        let networks = self.store().networks().await?;
        let (zone, _, zone_proposed) = self.zone_standing().await?;
        let (world, scale) = (self.world(), self.scale());
        Ok(WallInfo {
            title: self.inner.title.clone(),
            demo: self.inner.demo,
            version: env!("CARGO_PKG_VERSION").into(),
            store: self.store().identity(),
            zone,
            zone_proposed,
            revision: world.revision,
            clock: clock_view(&self.inner.clock, at, if as_of.is_none() { world.later } else { 0 }),
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
                status: p.status.into(),
                effective_from_ms: p.effective_from.map(|t| t.0),
            }),
            cell_count: ground.cells.len() as u32,
            heat: HeatInfo {
                half_life_h: self.inner.heat.half_life_s / 3600.0,
                sigma_m: self.inner.heat.sigma_m,
                scale_max: scale.raster,
                cell_scale_max: scale.cell,
                time_left_span_h: TIME_LEFT_SPAN_H,
            },
            actor: ActorView { who: actor.who.clone(), role: actor.role.into(), station: actor.station.clone() },
            categories: world.categories.seen_at(at).into_iter().map(Into::into).collect(),
        })
    }

    /// The whole moving state, now or as it was.
    pub async fn snapshot(&self, actor: &Actor, as_of: AsOf) -> Result<Snapshot, WallError> {
        let mut moment = self.moment(as_of).await?;
        let as_of = moment.as_of;
        let late_events = self.late_events(&moment).await?;
        let base = self.world().base;
        let kept = match as_of {
            None => None,
            Some(at) => Some((self.ground_at(at).await?, self.store().positions_at(at, base).await?)),
        };
        let positions_kept = kept.as_ref().is_none_or(|(_, positions)| positions.is_some());
        let sight = Sight::of(actor);
        let (ground, at, areas, figures, unplaced, staff, revision, later, raising, newest) = {
            let world = self.world_of(&mut moment).await?;
            let then = moment.then(&world);
            let pass = (Raising::new(then), Newest::default(), tally(then));
            let (ground, areas, unplaced, staff, later, (raising, newest, tally)) = match kept {
                None => {
                    let areas = area_stats(&world, &sight, &world.ground.areas);
                    let staff: Vec<_> = world.staff.values().map(|w| staff_view(&world, w, then.at)).collect();
                    let unplaced = world.counts(&sight).unplaced();
                    (world.ground.clone(), areas, unplaced, staff, world.later, then.gather(pass))
                }
                Some((ground, positions)) => {
                    let positions: HashMap<StaffId, Position> = positions.into_iter().flatten().map(|p| (p.staff, p)).collect();
                    let (raising, newest, tally) = pass;
                    let counting = Counting::new(ground.clone(), sight.clone(), then);
                    let (raising, newest, tally, Counting { counts, .. }) = then.gather((raising, newest, tally, counting));
                    let due = |slot| then.due_of(slot);
                    let areas = ground.areas.iter().map(|a| area_stat(a, counts.area(a, then.at, &due))).collect();
                    let then_at = |w: &Walker| {
                        let walker = Walker { position: positions.get(&w.staff.id).copied(), ..w.clone() };
                        staff_view(&world, &walker, then.at)
                    };
                    let staff = world.staff.values().map(then_at).collect();
                    (ground, areas, counts.unplaced(), staff, 0, (raising, newest, tally))
                }
            };
            let figures = figures_of(then, &tally);
            (ground, then.at, areas, figures, unplaced, staff, world.revision, later, raising, newest)
        };
        let raised = self.raised(raising, at, moment.revision()).await?;
        let (alarms, ids) = {
            let world = self.world_of(&mut moment).await?;
            let alarms = grouped(Then { at, ..moment.then(&world) }, &ground, &raised, &sight);
            (alarms_view(&world, &ground, &alarms), newest.and_gravest(&raised, &alarms))
        };
        Ok(Snapshot {
            revision,
            clock: clock_view(&self.inner.clock, at, later),
            as_of: as_of.is_some(),
            figures: figures.iter().map(Into::into).collect(),
            unplaced,
            alarms,
            areas,
            tickets: self.ticket_lines(actor, &ids, &ground, at, moment.revision()).await?,
            staff,
            positions_kept,
            late_events,
            known_at_ms: moment.known().map(|k| k.at().0),
            nothing_known: moment.revision() == Some(0),
            freshness: self.freshness(),
        })
    }

    /// Areas of a level as GeoJSON text.
    pub async fn areas(&self, _actor: &Actor, level: Level, as_of: Option<UtcMs>) -> Result<Bytes, WallError> {
        let ground = self.ground_as_of(as_of).await?;
        Ok(on_a_thread(move || ground.text_of(level, |areas| geojson(&ground, areas))).await)
    }

    /// Received and closed in equal steps of time.
    pub async fn histogram(&self, _actor: &Actor, from: UtcMs, to: UtcMs, buckets: u32) -> Result<Histogram, WallError> {
        if to <= from || buckets == 0 || buckets > 2_000 {
            return Err(WallError::Invalid("a histogram needs from < to and 1 … 2000 buckets".into()));
        }
        let world = self.world();
        let (received, closed) = wall_core::tally::histogram(world.then(world.now).stretches(), from, to, buckets as usize);
        Ok(Histogram { from_ms: from.0, bucket_s: (to.0 - from.0) / 1000 / i64::from(buckets), received, closed })
    }

    /// Every category: of the table in force, and seen on tickets.
    pub fn categories(&self) -> Vec<CategoryView> {
        let world = self.world();
        world.categories.all(world.now).into_iter().map(Into::into).collect()
    }
}

/// Areas as GeoJSON. O(vertices).
fn geojson(ground: &Ground, areas: &mut dyn Iterator<Item = &Area>) -> Bytes {
    let mut text = br#"{"type":"FeatureCollection","features":["#.to_vec();
    for (i, area) in areas.enumerate() {
        text.extend_from_slice(if i == 0 {
            br#"{"type":"Feature","properties":"#
        } else {
            br#",{"type":"Feature","properties":"#
        });
        // What has strings for keys and finite numbers always has a JSON form, and memory takes what is written.
        let _ = serde_json::to_writer(&mut text, &AreaProperties::from(&area.facts));
        text.extend_from_slice(br#","geometry":"#);
        let _ = serde_json::to_writer(&mut text, &GeometryJson(&ground.outline(area)));
        text.push(b'}');
    }
    text.extend_from_slice(b"]}");
    Bytes::from(text)
}
