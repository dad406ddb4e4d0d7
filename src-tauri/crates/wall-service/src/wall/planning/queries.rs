//! Looking at plans: their state, ground, edges, history, and what lies on the ground for drawing over.

use super::{FIGURES_MS, OpenPlan, PlanError, data::PlanningData, views};
use crate::wall::{Wall, WallError, clock::system_now};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use wall_core::{
    EngineFault, Place, PlanId, PlanStatus, Right,
    planning::{OverlayLine, PlannedCell},
};
use wall_store::{Actor, EditRecord, PlanRecord};

/// Buildings in one answer.
const BUILDINGS: usize = 20_000;

impl Wall {
    /// Counts the figures of an open plan anew where they have grown old.
    pub(super) async fn freshen(&self, open: &mut OpenPlan, record: &PlanRecord) -> Result<(), PlanError> {
        match system_now().0.saturating_sub(open.counted.0) > FIGURES_MS {
            true => self.count_anew(open, record).await,
            false => Ok(()),
        }
    }

    /// Tickets, staff and buildings as they are now.
    async fn count_anew(&self, open: &mut OpenPlan, record: &PlanRecord) -> Result<(), PlanError> {
        let base = match open.edited {
            true => self.store().draft_base(record.plan.id).await?,
            false => self.store().written_cells(record.plan.id).await?,
        };
        open.session.data = Arc::new(PlanningData::load(self, &base).await?);
        open.session.count_all();
        open.counted = system_now();
        Ok(())
    }

    /// The cells of a plan as GeoJSON.
    pub async fn plan_cells_json(&self, actor: &Actor, plan: PlanId) -> Result<Bytes, PlanError> {
        let names = self.community_names().await?;
        let mut taken = self.take(actor, plan).await?;
        let session = taken.session()?;
        Ok(views::cells_json(session, session.cells.keys().copied(), &names).to_string().into())
    }

    /// The edges of a plan in a box (west, south, east, north; all without) as GeoJSON.
    pub async fn plan_edges_json(&self, actor: &Actor, plan: PlanId, bbox: Option<[f64; 4]>) -> Result<Bytes, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        let session = taken.session()?;
        let inside = |points: &[wall_core::GridPoint]| {
            bbox.is_none_or(|[w, s, e, n]| {
                let start = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
                let b = points
                    .iter()
                    .map(|p| p.place())
                    .fold(start, |b, p| [b[0].min(p.lon), b[1].min(p.lat), b[2].max(p.lon), b[3].max(p.lat)]);
                b[0] <= e && b[2] >= w && b[1] <= n && b[3] >= s
            })
        };
        let arcs = session.topology.arcs().filter(|a| inside(a.points));
        Ok(views::edges_json(arcs).to_string().into())
    }

    /// The lanes between the cells of a plan as GeoJSON.
    pub async fn plan_lanes_json(&self, actor: &Actor, plan: PlanId) -> Result<Bytes, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        Ok(views::lanes_json(&taken.session()?.lanes).to_string().into())
    }

    /// How the cells of two plans share the ground.
    pub(super) async fn overlay_of(&self, actor: &Actor, a: PlanId, b: PlanId) -> Result<Vec<CommonGround>, PlanError> {
        let mut sides = Vec::new();
        for plan in [a, b] {
            let mut taken = self.take(actor, plan).await?;
            let session = taken.session()?;
            let cells: Side = session
                .cells
                .iter()
                .filter_map(|(f, c)| Some((c.code.clone(), c.name.clone(), session.geometry.get(f)?.clone())))
                .collect();
            sides.push(cells);
        }
        let lines = tokio::task::spawn_blocking(move || -> Result<Vec<CommonGround>, EngineFault> {
            let (a, b) = (planned_side(&sides[0]), planned_side(&sides[1]));
            let overlay = wall_core::planning::network_overlay(&a, &b, MOST_MOVED)?;
            let name = |side: usize, i: usize| (sides[side][i].0.clone(), sides[side][i].1.clone());
            Ok(overlay.lines.iter().map(|l| CommonGround { a: name(0, l.a), b: name(1, l.b), line: *l }).collect())
        });
        Ok(lines.await.map_err(|_| WallError::Invalid("laying the plans over each other failed".into()))??)
    }

    /// The imported streets as GeoJSON, for drawing over and snapping.
    pub async fn streets_json(&self) -> Result<Bytes, PlanError> {
        let features: Vec<Value> = self
            .store()
            .streets()
            .await?
            .into_iter()
            .map(|s| {
                let lines: Vec<Vec<[f64; 2]>> = s.lines.iter().map(|l| l.iter().map(|p| [p.lon, p.lat]).collect()).collect();
                json!({ "type": "Feature", "properties": { "name": s.name, "class": s.class },
                    "geometry": { "type": "MultiLineString", "coordinates": lines } })
            })
            .collect();
        Ok(json!({ "type": "FeatureCollection", "features": features }).to_string().into())
    }

    /// Buildings in a box, within the scope of whoever asks, as GeoJSON, at most twenty thousand; `total` says how many there are, `cut` whether some are left out.
    pub async fn buildings_json(&self, actor: &Actor, bbox: Option<[f64; 4]>) -> Result<Bytes, PlanError> {
        self.may(actor, Right::SeeHouseholds)?;
        let inside = |p: Place| bbox.is_none_or(|[w, s, e, n]| p.lon >= w && p.lon <= e && p.lat >= s && p.lat <= n);
        let mut found = self.store().buildings().await?;
        let ground = self.world().ground.clone();
        let shown = |p: Place| actor.scope.as_ref().is_none_or(|scope| scope.holds_division(ground.division_at(p)));
        found.retain(|b| inside(b.place) && shown(b.place));
        let total = found.len();
        let features: Vec<Value> = found
            .into_iter()
            .take(BUILDINGS)
            .map(|b| {
                json!({ "type": "Feature", "properties": { "name": b.name, "households": b.households, "block": b.block },
                    "geometry": { "type": "Point", "coordinates": [b.place.lon, b.place.lat] } })
            })
            .collect();
        let cut = total > features.len();
        Ok(json!({ "type": "FeatureCollection", "features": features, "total": total, "cut": cut }).to_string().into())
    }
}

/// Ground that a cell of one plan has in common with a cell of another.
pub(super) struct CommonGround {
    /// Code and name of the first plan's cell.
    pub a: (String, String),
    /// Code and name of the second plan's cell.
    pub b: (String, String),
    pub line: OverlayLine,
}

/// Code, name and ground of the cells of one plan.
type Side = Vec<(String, String, wall_core::CellGeometry)>;

/// A cell made up of whole cells of the other network is a candidate for merging when at most this share changes hands.
const MOST_MOVED: f64 = 0.05;

fn planned_side(side: &Side) -> Vec<PlannedCell<'_>> {
    side.iter().enumerate().map(|(i, (code, _, ground))| PlannedCell::of(i, code, ground)).collect()
}

/// Why a plan may not be edited; empty when it may.
pub(super) fn why_not(record: &PlanRecord, may_plan: bool) -> &'static str {
    match record.plan.status {
        PlanStatus::Published => "published",
        PlanStatus::Retired => "retired",
        PlanStatus::InReview => "in_review",
        PlanStatus::Draft if !may_plan => "role",
        PlanStatus::Draft => "",
    }
}

/// Edits that follow a head, the one walked last first.
pub(super) fn redo_of(edits: &[EditRecord], head: Option<i64>) -> Vec<i64> {
    let mut next: Vec<&EditRecord> = edits.iter().filter(|e| e.parent == head).collect();
    next.sort_by_key(|e| std::cmp::Reverse((e.visited, e.id)));
    next.iter().map(|e| e.id).collect()
}
