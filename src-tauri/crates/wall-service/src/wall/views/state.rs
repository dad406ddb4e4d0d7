//! What changes seldom, the whole moving state, and the areas.

use super::{
    super::{
        AsOf, Wall, WallError,
        alarms::grouped,
        figures::figures,
        ground::{Area, GeometryJson, Ground},
        pictures::on_a_thread,
        queries::{TIME_LEFT_SPAN_H, newest_and_gravest},
        shown::Sight,
        then::Then,
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
use wall_core::{Level, Position, StaffId, UtcMs, tally};
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
        let raised = self.alarms_at(&mut moment).await?;
        let (ground, at, areas, figures, unplaced, staff, positions_kept, revision, later) = match as_of {
            None => {
                let world = self.world();
                let areas = area_stats(&world, &Sight::of(actor), &world.ground.areas);
                let staff = world.staff.values().map(|w| staff_view(&world, w, world.now)).collect();
                let (kept, figures) = (true, figures(world.then(world.now)));
                let unplaced = world.counts(&Sight::of(actor)).unplaced();
                (world.ground.clone(), world.now, areas, figures, unplaced, staff, kept, world.revision, world.later)
            }
            Some(at) => {
                let past = self.past(actor, &mut moment, at).await?;
                let base = self.world().base;
                let kept = self.store().positions_at(at, base).await?;
                let positions_kept = kept.is_some();
                let positions: HashMap<StaffId, Position> = kept.into_iter().flatten().map(|p| (p.staff, p)).collect();
                let world = self.world_of(&mut moment).await?;
                let then = moment.then(&world);
                let due = |slot| then.due_of(slot);
                let areas = past.ground.areas.iter().map(|a| area_stat(a, past.counts.area(a, past.at, &due))).collect();
                let staff = world
                    .staff
                    .values()
                    .map(|w| {
                        let mut w = w.clone();
                        w.position = positions.get(&w.staff.id).copied();
                        staff_view(&world, &w, at)
                    })
                    .collect();
                let unplaced = past.counts.unplaced();
                let revision = world.revision;
                (past.ground, at, areas, figures(then), unplaced, staff, positions_kept, revision, 0)
            }
        };
        let (alarms, ids) = {
            let world = self.world_of(&mut moment).await?;
            let then = Then { at, ..moment.then(&world) };
            let alarms = grouped(then, &ground, &raised, &Sight::of(actor));
            (alarms_view(&world, &ground, &alarms), newest_and_gravest(then, &raised, &alarms))
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
        let (received, closed) = tally::histogram(world.then(world.now).stretches(), from, to, buckets as usize);
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
