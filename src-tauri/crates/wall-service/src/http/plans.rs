//! The boundary planner over HTTP: parameters and bodies checked, then the wall answers.

use super::{App, body, gate::Caller, params::Params, queries::geojson, refusal::Refusal};
use crate::{
    export::CellsFormat,
    wall::PlanError,
    wire::{
        EditRefusal, EditRequest, EditResult, ImpactView, NewPlanRequest, OverlayLineView, PlanGotoRequest, PlanHistory,
        PlanOwners, PlanSnapshotRequest, PlanStand, PlanState, PlanStepRequest, PlanStuck, PlanSummary, PlanningSettings,
        Proposals,
    },
};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use wall_core::PlanId;

/// Why there is no answer: a problem as everywhere, or a refused edit with its place.
pub(crate) enum PlanRefusal {
    /// By the interface itself, before the wall was asked.
    Early(Refusal),
    /// By the wall.
    Late(PlanError),
}

type Answer<T> = Result<Json<T>, PlanRefusal>;
/// A file, or GeoJSON that is written already.
type Written = Result<Response, PlanRefusal>;

impl From<Refusal> for PlanRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Early(refusal)
    }
}

impl From<PlanError> for PlanRefusal {
    fn from(error: PlanError) -> Self {
        Self::Late(error)
    }
}

impl IntoResponse for PlanRefusal {
    fn into_response(self) -> Response {
        match self {
            Self::Early(refusal) => refusal.into_response(),
            Self::Late(PlanError::Wall(e)) => Refusal::from(e).into_response(),
            Self::Late(PlanError::Refused(refused)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(EditRefusal::from(refused))).into_response()
            }
            Self::Late(PlanError::Stuck(stuck)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(PlanStuck::from(*stuck))).into_response()
            }
        }
    }
}

async fn read<T: DeserializeOwned>(app: &App, request: Request) -> Result<T, Refusal> {
    let held = body::read(&app.budget, request).await?;
    let bytes: &[u8] = if held.bytes.is_empty() { b"{}" } else { &held.bytes };
    serde_json::from_slice(bytes).map_err(|e| Refusal::invalid(format!("the body is not what this path takes: {e}")))
}

fn plan(id: &str) -> Result<PlanId, Refusal> {
    id.parse().map(PlanId).map_err(|_| Refusal::not_found("a plan has a number"))
}

fn bbox(uri: &Uri) -> Result<Option<[f64; 4]>, Refusal> {
    Params::of(uri)?.bbox("bbox")
}

pub(crate) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Vec<PlanSummary>> {
    let p = Params::of(&uri)?;
    Ok(Json(app.wall.plan_list(&caller.actor, p.text("network")).await?))
}

pub(crate) async fn new(State(app): State<App>, caller: Caller, request: Request) -> Answer<PlanSummary> {
    let body: NewPlanRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_new(&caller.actor, body).await?))
}

pub(crate) async fn state(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<PlanState> {
    Ok(Json(app.wall.plan_state(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn stand(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer<PlanStand> {
    let since = Params::of(&uri)?.whole("since", 0..=i64::MAX)?;
    Ok(Json(app.wall.plan_stand(&caller.actor, plan(&id)?, since).await?))
}

pub(crate) async fn changes(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Answer<EditResult> {
    let since = Params::of(&uri)?.whole("since", 0..=i64::MAX)?.ok_or_else(|| Refusal::invalid("since=EDIT is missing"))?;
    Ok(Json(app.wall.plan_changes(&caller.actor, plan(&id)?, since).await?))
}

pub(crate) async fn cells(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Written {
    Ok(geojson(app.wall.plan_cells_json(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn edges(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Written {
    Ok(geojson(app.wall.plan_edges_json(&caller.actor, plan(&id)?, bbox(&uri)?).await?))
}

pub(crate) async fn lanes(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Written {
    Ok(geojson(app.wall.plan_lanes_json(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn preview(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<EditResult> {
    let body: EditRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_preview(&caller.actor, plan(&id)?, body).await?))
}

pub(crate) async fn edit(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Answer<EditResult> {
    let body: EditRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_edit(&caller.actor, plan(&id)?, body).await?))
}

pub(crate) async fn undo(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Answer<EditResult> {
    let body: PlanGotoRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_undo(&caller.actor, plan(&id)?, &body).await?))
}

pub(crate) async fn redo(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Answer<EditResult> {
    let body: PlanGotoRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_redo(&caller.actor, plan(&id)?, &body).await?))
}

pub(crate) async fn go_to(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<EditResult> {
    let body: PlanGotoRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_go_to(&caller.actor, plan(&id)?, &body).await?))
}

pub(crate) async fn history(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<PlanHistory> {
    Ok(Json(app.wall.plan_history(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn snapshot(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<PlanHistory> {
    let body: PlanSnapshotRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_name_state(&caller.actor, plan(&id)?, &body.name).await?))
}

pub(crate) async fn owners(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<Vec<PlanOwners>> {
    Ok(Json(app.wall.plan_owners(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn step(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<PlanSummary> {
    let body: PlanStepRequest = read(&app, request).await?;
    Ok(Json(app.wall.plan_step(&caller.actor, plan(&id)?, body).await?))
}

pub(crate) async fn overlay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Answer<Vec<OverlayLineView>> {
    let with = Params::of(&uri)?.text("with").map(plan).transpose()?.ok_or_else(|| Refusal::invalid("with=PLAN is missing"))?;
    Ok(Json(app.wall.plan_overlay(&caller.actor, plan(&id)?, with).await?))
}

pub(crate) async fn impact(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Written {
    let p = Params::of(&uri)?;
    let chinese = p.text("lang").is_none_or(|l| l.starts_with("zh"));
    let impact = app.wall.plan_impact(&caller.actor, plan(&id)?).await?;
    let file = |kind: &'static str, ending: &str, text: String| {
        let name = format!("attachment; filename=\"impact-{}.{ending}\"", impact.plan().0);
        ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response()
    };
    Ok(match p.text("format") {
        None | Some("json") => Json(ImpactView::from(&impact)).into_response(),
        Some("md") => file("text/markdown; charset=utf-8", "md", app.wall.impact_markdown(&impact, chinese)),
        Some("csv") => file("text/csv; charset=utf-8", "csv", app.wall.impact_csv(&impact, chinese)),
        Some(_) => return Err(Refusal::invalid("format must be json, md or csv").into()),
    })
}

pub(crate) async fn export(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Written {
    let word = Params::of(&uri)?.need("format")?.to_owned();
    let format = CellsFormat::of_word(&word).ok_or_else(|| Refusal::invalid("format must be geojson, gpkg, zip or kml"))?;
    let id = plan(&id)?;
    let (_, file) = app.wall.plan_file(&caller.actor, id, format).await?;
    let name = format!("attachment; filename=\"plan-{}.{}\"", id.0, format.ending());
    let headers = [(header::CONTENT_TYPE, format.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, file.bytes).into_response())
}

pub(crate) async fn proposals(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<Proposals> {
    Ok(Json(app.wall.plan_proposals(&caller.actor, plan(&id)?).await?))
}

pub(crate) async fn settings(State(app): State<App>, _caller: Caller) -> Answer<PlanningSettings> {
    Ok(Json(app.wall.planning_settings().await?))
}

pub(crate) async fn put_settings(State(app): State<App>, caller: Caller, request: Request) -> Answer<PlanningSettings> {
    let body: PlanningSettings = read(&app, request).await?;
    Ok(Json(app.wall.set_planning_settings(&caller.actor, body).await?))
}

pub(crate) async fn streets(State(app): State<App>, _caller: Caller) -> Written {
    Ok(geojson(app.wall.streets_json().await?))
}

pub(crate) async fn buildings(State(app): State<App>, caller: Caller, uri: Uri) -> Written {
    Ok(geojson(app.wall.buildings_json(&caller.actor, bbox(&uri)?).await?))
}
