//! From the planner to the wire, and from the wire to the planner.

mod edits;
mod impact;
mod plans;

use super::{
    Names,
    edits::OwnerLine,
    findings::{DraftFinding, Scope},
    owners::CellOwners,
    refused::{EditRefused, refusal},
    session::Session,
};
use crate::{
    wall::ground::geometry_json,
    wire::{
        EditRefusal, FindingScope, OwnerView, PlanCell, PlanCellProperties, PlanEdgeProperties, PlanFindingView,
        PlanLaneProperties, PlanOwnerLine,
    },
};
use serde_json::{Value, json};
use wall_core::{ArcView, Duty, Face, GridPoint, Lane, OwnerRole, PartyKind, planning::workload};

impl From<EditRefused> for EditRefusal {
    fn from(refused: EditRefused) -> Self {
        let (lon, lat) = refused.place.map(|p| (p.lon, p.lat)).unzip();
        Self { code: refused.code.into(), message: refused.message, lon, lat, faces: numbers(&refused.faces) }
    }
}

impl From<DraftFinding> for PlanFindingView {
    fn from(found: DraftFinding) -> Self {
        let (lon, lat) = found.place.map(|p| (p.lon, p.lat)).unzip();
        let scope = match found.scope {
            Scope::Cells => FindingScope::Cells,
            Scope::Plan => FindingScope::Plan,
            Scope::Making => FindingScope::Making,
            Scope::File => FindingScope::File,
        };
        Self {
            level: found.level.into(),
            code: found.code.into_owned(),
            faces: numbers(&found.faces),
            cells: found.cells,
            lon,
            lat,
            values: found.values,
            blocks: found.blocks,
            scope,
        }
    }
}

impl From<OwnerLine> for PlanOwnerLine {
    fn from(line: OwnerLine) -> Self {
        Self {
            party: line.party,
            party_kind: line.party_kind.code().into(),
            role: line.role.code().into(),
            from_code: line.from_code,
            valid_from_ms: line.valid_from_ms,
            valid_to_ms: line.valid_to_ms,
        }
    }
}

/// Owners of a cell as a person wrote them.
///
/// # Errors
/// `bad_owner`: a kind or role that there is not.
fn owner_lines(face: u32, lines: Vec<PlanOwnerLine>) -> Result<Vec<OwnerLine>, EditRefused> {
    let line = |line: PlanOwnerLine| {
        let Some((party_kind, role)) = PartyKind::from_code(&line.party_kind).zip(OwnerRole::from_code(&line.role)) else {
            let message = "an owner is a person or unit, in the role leader, full_time, part_time, police or unit";
            return Err(refusal("bad_owner", message, &[Face(face)]));
        };
        Ok(OwnerLine {
            party: line.party,
            party_kind,
            role,
            from_code: line.from_code,
            valid_from_ms: line.valid_from_ms,
            valid_to_ms: line.valid_to_ms,
        })
    };
    lines.into_iter().map(line).collect()
}

fn numbers(faces: &[Face]) -> Vec<u32> {
    faces.iter().map(|f| f.0).collect()
}

/// Every one of a list as another type.
fn each<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

/// The owners of a cell for its card.
fn owner_views(owners: &CellOwners) -> Vec<OwnerView> {
    let view = |l: &OwnerLine| OwnerView {
        name: l.party.clone(),
        kind: l.party_kind.into(),
        role: l.role.into(),
        duty: Duty::Unknown.into(),
        staff_id: None,
    };
    owners.answering().map(view).collect()
}

/// A cell with its figures; `None` when it is gone.
fn cell(session: &Session, face: Face, names: &Names) -> Option<PlanCell> {
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
        kind: cell.kind.into(),
        community_code: cell.community_code.clone(),
        community_name: names.get(&cell.community_code).cloned().unwrap_or_default(),
        households: f.households,
        households_from: f.households_from.into(),
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
        band: session.rules.band.fit(cell.kind, f.households).into(),
        owners: owner_views(&owners),
        changed: session.is_changed(face),
        label_lon: label.lon,
        label_lat: label.lat,
        bounds: [west, south, east, north],
    })
}

/// All cells.
fn cells(session: &Session, names: &Names) -> Vec<PlanCell> {
    session.cells.keys().filter_map(|f| cell(session, *f, names)).collect()
}

/// Cells as GeoJSON for the map.
pub(super) fn cells_json(session: &Session, faces: impl Iterator<Item = Face>, names: &Names) -> Value {
    let feature = |face: Face| {
        let cell = cell(session, face, names)?;
        let geometry = session.geometry.get(&face)?;
        let properties = PlanCellProperties {
            face: face.0,
            code: cell.code,
            name: cell.name,
            kind: cell.kind,
            community_code: cell.community_code,
            band: cell.band,
            households: cell.households,
            workload: cell.workload,
            owner: cell.owners.into_iter().next().map_or_else(String::new, |o| o.name),
            changed: cell.changed,
            label_lon: cell.label_lon,
            label_lat: cell.label_lat,
        };
        Some(json!({ "type": "Feature", "id": face.0, "geometry": geometry_json(geometry), "properties": properties }))
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
                "properties": PlanEdgeProperties { edge: a.id.0, left: a.left.map(|f| f.0), right: a.right.map(|f| f.0) },
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
            "type": "Feature", "properties": PlanLaneProperties { face: cell as u32 },
            "geometry": { "type": "Polygon", "coordinates": [closed] },
        })
    };
    json!({ "type": "FeatureCollection", "features": lanes.iter().flat_map(Lane::pieces).map(piece).collect::<Vec<_>>() })
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
