//! Looking at plans: their state, ground, edges, history, and what lies on the ground for drawing over.

use super::{FIGURES_MS, Open, PlanError, data::PlanningData, owners, session::way_to, view};
use crate::{
    wall::{Wall, WallError, clock::system_now},
    wire::{EditView, OverlayLineView, PlanHistory, PlanOwners, PlanSnapshotView, PlanState},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};
use wall_core::{EngineFault, Place, PlanId, PlanStatus, planning::PlannedCell};
use wall_store::{Actor, EditRecord, PlanRecord};

/// Buildings in one answer.
const BUILDINGS: usize = 20_000;

impl Wall {
    /// A plan with all its cells, figures and findings.
    pub async fn plan_state(&self, actor: &Actor, plan: PlanId) -> Result<PlanState, PlanError> {
        let names = self.community_names().await?;
        let edits = self.store().plan_edits(plan).await?;
        let settings = self.planning_settings().await?;
        let mut taken = self.take(actor, plan).await?;
        let record = taken.record.clone();
        let open = taken.open()?;
        if system_now().0.saturating_sub(open.counted.0) > FIGURES_MS {
            self.count_anew(open, &record).await?;
        }
        let why_not = why_not(&record, actor.role.may_plan());
        let session = &open.session;
        Ok(PlanState {
            plan: self.summary(&record, &open.network.key),
            editable: why_not.is_empty(),
            why_not: why_not.into(),
            head: record.head,
            can_undo: record.head.is_some(),
            redo: redo_of(&edits, record.head),
            cells: view::cells(session, &names),
            findings: session.findings.views(session),
            settings,
            communities: names,
        })
    }

    /// Tickets, staff and buildings as they are now.
    async fn count_anew(&self, open: &mut Open, record: &PlanRecord) -> Result<(), PlanError> {
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
        Ok(view::cells_json(session, session.cells.keys().copied(), &names).to_string().into())
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
        Ok(view::edges_json(arcs).to_string().into())
    }

    /// The lanes between the cells of a plan as GeoJSON.
    pub async fn plan_lanes_json(&self, actor: &Actor, plan: PlanId) -> Result<Bytes, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        Ok(view::lanes_json(&taken.session()?.lanes).to_string().into())
    }

    /// The history of a plan with its branches.
    pub async fn plan_history(&self, actor: &Actor, plan: PlanId) -> Result<PlanHistory, PlanError> {
        let head = self.take(actor, plan).await?.record.head;
        let edits = self.store().plan_edits(plan).await?;
        let applied: BTreeSet<i64> = way_to(&edits, head).unwrap_or_default().iter().map(|e| e.id).collect();
        let snapshots = self.store().plan_snapshots(plan).await?;
        Ok(PlanHistory {
            head,
            edits: edits.iter().map(|e| edit_view(e, applied.contains(&e.id))).collect(),
            snapshots: snapshots
                .into_iter()
                .map(|s| PlanSnapshotView { id: s.id, name: s.name, edit: s.edit, actor: s.actor, at_ms: s.at.0 })
                .collect(),
        })
    }

    /// Who will answer for the cells of a plan.
    pub async fn plan_owners(&self, actor: &Actor, plan: PlanId) -> Result<Vec<PlanOwners>, PlanError> {
        let mut taken = self.take(actor, plan).await?;
        Ok(owners::list(taken.session()?))
    }

    /// How the cells of two plans share the ground.
    pub async fn plan_overlay(&self, actor: &Actor, a: PlanId, b: PlanId) -> Result<Vec<OverlayLineView>, PlanError> {
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
        let lines = tokio::task::spawn_blocking(move || -> Result<Vec<OverlayLineView>, EngineFault> {
            let (a, b) = (planned_side(&sides[0]), planned_side(&sides[1]));
            let overlay = wall_core::planning::network_overlay(&a, &b, MOST_MOVED)?;
            let name = |side: usize, i: usize| (sides[side][i].0.clone(), sides[side][i].1.clone());
            let line = |l: &wall_core::planning::OverlayLine| {
                let ((a, a_name), (b, b_name)) = (name(0, l.a), name(1, l.b));
                OverlayLineView { a, a_name, b, b_name, area_m2: l.area_m2, share_of_a: l.share_of_a, share_of_b: l.share_of_b }
            };
            Ok(overlay.lines.iter().map(line).collect())
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

    /// Buildings in a box as GeoJSON, at most twenty thousand; `total` says how many there are, `cut` whether some are left out.
    pub async fn buildings_json(&self, actor: &Actor, bbox: Option<[f64; 4]>) -> Result<Bytes, PlanError> {
        self.may(actor, super::sees_drafts(actor.role), "see the households of buildings")?;
        let inside = |p: Place| bbox.is_none_or(|[w, s, e, n]| p.lon >= w && p.lon <= e && p.lat >= s && p.lat <= n);
        let mut found = self.store().buildings().await?;
        found.retain(|b| inside(b.place));
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

/// An edit as the history shows it.
pub(super) fn edit_view(e: &EditRecord, applied: bool) -> EditView {
    EditView {
        id: e.id,
        parent: e.parent,
        kind: kind_of(&e.edit),
        cells: serde_json::from_str(&e.cells).unwrap_or_default(),
        actor: e.actor.clone(),
        at_ms: e.at.0,
        applied,
    }
}

/// What a stored edit is, for the history: of several the first says it.
pub(super) fn kind_of(edit: &str) -> String {
    let value: Value = serde_json::from_str(edit).unwrap_or_default();
    let word = |v: &Value| v["kind"].as_str().unwrap_or("unknown").to_owned();
    match value["edits"].as_array().and_then(|e| e.first().map(|first| (first, e.len()))) {
        Some((first, 1)) => word(first),
        Some((first, _)) => match first["kind"].as_str() {
            Some("describe") => "number".into(),
            Some("transfer") => "batch".into(),
            _ => word(first),
        },
        None => word(&value),
    }
}
