//! From a plan on the desk to the wire.

use super::{findings::Looked, owners::owner_views, session::Session};
use crate::{
    wall::ground::geometry_json,
    wire::{EditResult, PlanCell},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wall_core::{ArcView, CellKind, Face, GridPoint, Lane, planning::workload};

/// Names of communities by code.
pub(super) type Names = BTreeMap<String, String>;

/// A cell with its figures; `None` when it is gone.
pub(super) fn cell(session: &Session, face: Face, names: &Names) -> Option<PlanCell> {
    let cell = session.cells.get(&face)?;
    let geometry = session.geometry.get(&face)?;
    let f = session.figures.get(&face).copied().unwrap_or_default();
    let label = session.labels.get(&face).copied().unwrap_or_default();
    let (low, high) = geometry.bounds().unwrap_or_default();
    let ([west, south], [east, north]) = (degrees(low), degrees(high));
    let owners = session.owners.of(face, cell);
    Some(PlanCell {
        face: face.0,
        code: cell.code.clone(),
        name: cell.name.clone(),
        kind: cell.kind.code().into(),
        community_code: cell.community_code.clone(),
        community_name: names.get(&cell.community_code).cloned().unwrap_or_default(),
        households: f.households,
        households_from: f.households_from.code().into(),
        population: f.population,
        area_m2: f.area_m2,
        perimeter_m: f.perimeter_m,
        tickets_90d: f.tickets_90d.to_vec(),
        open: f.open,
        staff: f.staff,
        patrol_m: f.patrol_m,
        workload: workload(&f, &session.rules.weights),
        compactness: f.compactness,
        parts: f.parts,
        holes: f.holes,
        band: band(session, cell.kind, f.households).into(),
        owners: owner_views(&owners),
        changed: session.is_changed(face),
        label_lon: label.lon,
        label_lat: label.lat,
        bounds: [west, south, east, north],
    })
}

fn band(session: &Session, kind: CellKind, households: Option<f64>) -> &'static str {
    match households {
        // One school or mall is not measured by households.
        _ if kind == CellKind::Dedicated => "in",
        None => "unknown",
        Some(h) if h < session.rules.band.low => "under",
        Some(h) if h > session.rules.band.high => "over",
        Some(_) => "in",
    }
}

/// All cells.
pub(super) fn cells(session: &Session, names: &Names) -> Vec<PlanCell> {
    session.cells.keys().filter_map(|f| cell(session, *f, names)).collect()
}

/// Cells as GeoJSON for the map.
pub(super) fn cells_json(session: &Session, faces: impl Iterator<Item = Face>, names: &Names) -> Value {
    let feature = |face: Face| {
        let cell = cell(session, face, names)?;
        let geometry = session.geometry.get(&face)?;
        let owner = cell.owners.first().map_or("", |o| o.name.as_str());
        Some(json!({
            "type": "Feature", "id": face.0, "geometry": geometry_json(geometry),
            "properties": {
                "face": face.0, "code": cell.code, "name": cell.name, "kind": cell.kind, "community_code": cell.community_code,
                "band": cell.band, "households": cell.households, "workload": cell.workload, "owner": owner,
                "changed": cell.changed, "label_lon": cell.label_lon, "label_lat": cell.label_lat,
            },
        }))
    };
    json!({ "type": "FeatureCollection", "features": faces.filter_map(feature).collect::<Vec<_>>() })
}

/// Edges as GeoJSON for the map.
pub(super) fn edges_json<'a>(arcs: impl Iterator<Item = ArcView<'a>>) -> Value {
    let features: Vec<Value> = arcs
        .map(|a| {
            json!({
                "type": "Feature", "id": a.id.0,
                "geometry": { "type": "LineString", "coordinates": a.points.iter().map(|p| degrees(*p)).collect::<Vec<_>>() },
                "properties": { "edge": a.id.0, "left": a.left.map(|f| f.0), "right": a.right.map(|f| f.0) },
            })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features })
}

/// Lanes between cells as GeoJSON for the map: the ground of each, piece by piece, with the cell it is nearer to.
pub(super) fn lanes_json(lanes: &[Lane]) -> Value {
    let piece = |(cell, ring): (usize, &[GridPoint])| {
        let closed: Vec<[f64; 2]> = ring.iter().chain(ring.first()).map(|p| degrees(*p)).collect();
        json!({
            "type": "Feature", "properties": { "face": cell },
            "geometry": { "type": "Polygon", "coordinates": [closed] },
        })
    };
    json!({ "type": "FeatureCollection", "features": lanes.iter().flat_map(Lane::pieces).map(piece).collect::<Vec<_>>() })
}

/// What an edit, undo, redo or jump made of the plan.
pub(super) fn result(session: &Session, touched: &BTreeSet<Face>, redo: Vec<i64>, names: &Names) -> EditResult {
    result_looked(session, touched, session.findings.looked(), redo, names)
}

/// The same, where something else was looked at for findings than since the last question.
pub(super) fn result_looked(
    session: &Session,
    touched: &BTreeSet<Face>,
    looked: &Looked,
    redo: Vec<i64>,
    names: &Names,
) -> EditResult {
    let (there, gone): (Vec<Face>, Vec<Face>) = touched.iter().partition(|f| session.cells.contains_key(f));
    EditResult {
        head: session.head(),
        changed: there.iter().filter_map(|f| cell(session, *f, names)).collect(),
        removed: gone.iter().map(|f| f.0).collect(),
        cells: cells_json(session, there.iter().copied(), names),
        edges: edges_json(edges_of(session, &there).into_iter()),
        findings: session.findings.change(session, looked),
        can_undo: session.head().is_some(),
        redo,
    }
}

/// The edges with one of the cells on a side, each once.
fn edges_of<'a>(session: &'a Session, faces: &[Face]) -> Vec<ArcView<'a>> {
    let mut arcs: Vec<ArcView<'a>> = faces.iter().flat_map(|f| session.topology.arcs_around(*f)).collect();
    arcs.sort_unstable_by_key(|a| a.id);
    arcs.dedup_by_key(|a| a.id);
    arcs
}

fn degrees(p: GridPoint) -> [f64; 2] {
    let place = p.place();
    [place.lon, place.lat]
}
