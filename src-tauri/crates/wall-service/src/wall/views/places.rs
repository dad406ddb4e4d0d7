//! Points of the map, what is near a place, and what a search found.

use super::{
    super::{
        AsOf, Wall, WallError,
        queries::Near,
        search::Hit,
        shown::Sight,
        world::{Live, ticket_of},
    },
    staff_view,
};
use crate::wire::{PlaceView, PointProperties, SearchHit};
use bytes::Bytes;
use serde_json::json;
use std::collections::HashMap;
use wall_core::{Place, PointIndex, StaffId, TicketId};
use wall_store::Actor;

/// Something near, with the id that its own source knows it by.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NearView {
    /// What and where.
    #[serde(flatten)]
    pub place: PlaceView,
    /// Its id in its source.
    pub external_id: String,
    /// The source of a ticket; empty for everything else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        let (lon, lat) = hit.place.map(|p| (p.lon, p.lat)).unzip();
        Self { kind: hit.kind.into(), key: hit.key, title: hit.title, subtitle: hit.subtitle, lon, lat }
    }
}

/// What lies in a box, by its number: the order in an index tells of the order in which things came, and is another after a
/// restart.
fn in_order<I: Copy + Ord + std::hash::Hash>(index: &PointIndex<I>, [west, south, east, north]: [f64; 4]) -> Vec<(I, Place)> {
    let mut found = Vec::new();
    index.in_box(west, south, east, north, |id, place| found.push((id, place)));
    found.sort_unstable_by_key(|(id, _)| *id);
    found
}

impl Wall {
    /// Finds areas, tickets, cameras, staff, sites and addresses; best first. O(names) + one scan of the tickets' text.
    pub async fn search(&self, actor: &Actor, text: &str, limit: u32) -> Result<Vec<SearchHit>, WallError> {
        Ok(self.find(actor, text, limit).await?.into_iter().map(Into::into).collect())
    }

    /// Points at close zoom as GeoJSON text; `kinds` of ticket, camera, staff, site. Open tickets only. Of another time the
    /// member `positions_kept` says whether it is known where staff were.
    pub async fn points(
        &self,
        actor: &Actor,
        bounds: [f64; 4],
        kinds: Vec<String>,
        limit: u32,
        as_of: AsOf,
    ) -> Result<Bytes, WallError> {
        let [west, south, east, north] = bounds;
        let mut moment = self.moment(as_of).await?;
        let late_events = self.late_events(&moment).await?;
        let as_of = moment.as_of;
        let at = moment.at(&self.world());
        let limit = limit.clamp(1, 10_000) as usize;
        let mut features = Vec::new();
        let in_box = |p: Place| p.lon >= west && p.lon <= east && p.lat >= south && p.lat <= north;
        let wants = |kind: &str| kinds.iter().any(|k| k == kind);
        if wants("ticket") {
            let ground = self.ground_as_of(as_of).await?;
            let ids: Vec<TicketId> = {
                let world = self.world_of(&mut moment).await?;
                let mut ids = Vec::new();
                let sight = Sight::of(actor);
                if sight == Sight::Exact && as_of.is_none() {
                    world.ticket_index.in_box(west, south, east, north, |id, _| ids.push(id));
                } else {
                    // Chosen by the place that is shown: the box of a question must not tell more than the answer.
                    let inside = |t: &Live| world.shown_place(t, &sight).is_some_and(in_box);
                    ids.extend(
                        moment.then(&world).all().filter(|(_, t)| t.life.open_at(at) && inside(t)).map(|(s, _)| ticket_of(s)),
                    );
                }
                ids.sort_unstable_by(|a, b| b.cmp(a));
                ids.truncate(limit);
                ids
            };
            for t in self.ticket_lines(actor, &ids, &ground, at, moment.revision()).await? {
                let (Some(lon), Some(lat)) = (t.lon, t.lat) else { continue };
                features.push(point(
                    lon,
                    lat,
                    PointProperties {
                        kind: "ticket".into(),
                        id: t.id,
                        name: t.title,
                        state: t.status.as_str().into(),
                        severity: t.severity,
                        overdue: t.overdue,
                        heading_deg: None,
                        fov_deg: None,
                        range_m: None,
                    },
                ));
            }
        }
        let mut members = json!({ "type": "FeatureCollection" });
        if wants("ticket") && as_of.is_some() {
            members["late_events"] = json!(late_events);
        }
        let (positions, mut members) = match as_of {
            Some(t) if wants("staff") => {
                let base = self.world().base;
                let kept = self.store().positions_at(t, base).await?;
                let mut members = members;
                members["positions_kept"] = json!(kept.is_some());
                (Some(kept.unwrap_or_default()), members)
            }
            _ => (None, members),
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
        for markers in world.markers.kinds().filter(|markers| wants(markers.kind())) {
            for s in markers.in_box(bounds).into_iter().take((limit * 4).saturating_sub(features.len())) {
                let mut p = plain(markers.kind(), s.id, s.name, s.state);
                (p.heading_deg, p.fov_deg, p.range_m) = (s.heading_deg, s.fov_deg, s.range_m);
                features.push(point(s.place.lon, s.place.lat, p));
            }
        }
        if let Some(positions) = positions {
            for p in positions.into_iter().filter(|p| in_box(p.place)) {
                if let (Some(w), true) = (world.staff.get(&p.staff), features.len() < limit * 4) {
                    let mut then = w.clone();
                    then.position = Some(p);
                    let view = staff_view(&world, &then, at);
                    features.push(point(p.place.lon, p.place.lat, plain("staff", p.staff.0, &view.name, view.duty.as_str())));
                }
            }
        } else if wants("staff") {
            for (id, place) in in_order(&world.staff_index, bounds) {
                if let (Some(w), true) = (world.staff.get(&id), features.len() < limit * 4) {
                    let view = staff_view(&world, w, at);
                    features.push(point(place.lon, place.lat, plain("staff", id.0, &view.name, view.duty.as_str())));
                }
            }
        }
        members["features"] = features.into();
        Ok(Bytes::from(members.to_string()))
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
            "staff" => world.staff.get(&StaffId(id)).map(|w| w.staff.external_id.clone()),
            marker => world.markers.of_kind(marker).and_then(|markers| markers.get(id)).map(|s| s.external_id.to_owned()),
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
        let mut found = near_views(kind, self.nearest_of(actor, place, kind, k)?);
        found.retain(|p| within_m.is_none_or(|m| p.distance_m.is_some_and(|d| d <= m)));
        if kind == "ticket" {
            let (ground, now) = {
                let world = self.world();
                (world.ground.clone(), world.now)
            };
            let ids: Vec<TicketId> = found.iter().map(|p| TicketId(p.id)).collect();
            let lines = self.ticket_lines(actor, &ids, &ground, now, None).await?;
            for p in &mut found {
                if let Some(line) = lines.iter().find(|l| l.id == p.id) {
                    p.state = line.status.as_str().into();
                }
            }
        }
        Ok(found)
    }
}

/// What is near, of a kind. The way there is an estimate, and said as one: the straight line × 1.3 at 1.2 m/s.
pub(super) fn near_views(kind: &str, found: Vec<Near>) -> Vec<PlaceView> {
    let view = |n: Near| PlaceView {
        kind: kind.into(),
        id: n.id,
        name: n.name,
        state: n.state,
        lon: n.place.lon,
        lat: n.place.lat,
        distance_m: Some(n.distance_m),
        walk_s: Some(n.distance_m * 1.3 / 1.2),
    };
    found.into_iter().map(view).collect()
}

fn point(lon: f64, lat: f64, properties: PointProperties) -> serde_json::Value {
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Point", "coordinates": [lon, lat] } })
}
