//! The boundary planner over HTTP: parameters and bodies checked, then the wall answers.

use super::{App, body, gate::Caller, params::Params, refusal::Refusal};
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
use bytes::Bytes;
use serde::de::DeserializeOwned;
use wall_core::PlanId;

/// An answer, or why there is none: a problem as everywhere, or a refused edit with its place.
pub(crate) struct PlanRefusal(PlanError);

type Answer<T> = Result<Json<T>, PlanRefusal>;

impl<E: Into<PlanError>> From<E> for PlanRefusal {
    fn from(e: E) -> Self {
        Self(e.into())
    }
}

impl IntoResponse for PlanRefusal {
    fn into_response(self) -> Response {
        match self.0 {
            PlanError::Wall(e) => Refusal::from(e).into_response(),
            PlanError::Refused(refused) => (StatusCode::UNPROCESSABLE_ENTITY, Json(EditRefusal::from(refused))).into_response(),
            PlanError::Stuck(stuck) => (StatusCode::UNPROCESSABLE_ENTITY, Json(PlanStuck::from(*stuck))).into_response(),
        }
    }
}

/// A refusal of the interface itself, before the wall was asked.
type Early = Result<Response, Refusal>;

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

fn geojson(bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/geo+json")], bytes).into_response()
}

fn json<T: serde::Serialize>(answer: Answer<T>) -> Early {
    Ok(answer.into_response())
}

pub(crate) async fn list(State(app): State<App>, caller: Caller, uri: Uri) -> Early {
    let p = Params::of(&uri)?;
    let answer: Answer<Vec<PlanSummary>> =
        app.wall.plan_list(&caller.actor, p.text("network")).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn new(State(app): State<App>, caller: Caller, request: Request) -> Early {
    let body: NewPlanRequest = read(&app, request).await?;
    json(app.wall.plan_new(&caller.actor, body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn state(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer: Answer<PlanState> = app.wall.plan_state(&caller.actor, plan(&id)?).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn stand(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let since = Params::of(&uri)?.whole("since", 0..=i64::MAX)?;
    let answer: Answer<PlanStand> = app.wall.plan_stand(&caller.actor, plan(&id)?, since).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn changes(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let since = Params::of(&uri)?.whole("since", 0..=i64::MAX)?.ok_or_else(|| Refusal::invalid("since=EDIT is missing"))?;
    json(app.wall.plan_changes(&caller.actor, plan(&id)?, since).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn cells(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer = app.wall.plan_cells_json(&caller.actor, plan(&id)?).await;
    Ok(answer.map(geojson).map_err(PlanRefusal).into_response())
}

pub(crate) async fn edges(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let answer = app.wall.plan_edges_json(&caller.actor, plan(&id)?, bbox(&uri)?).await;
    Ok(answer.map(geojson).map_err(PlanRefusal).into_response())
}

pub(crate) async fn lanes(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer = app.wall.plan_lanes_json(&caller.actor, plan(&id)?).await;
    Ok(answer.map(geojson).map_err(PlanRefusal).into_response())
}

pub(crate) async fn preview(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: EditRequest = read(&app, request).await?;
    let answer: Answer<EditResult> = app.wall.plan_preview(&caller.actor, plan(&id)?, body).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn edit(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: EditRequest = read(&app, request).await?;
    json(app.wall.plan_edit(&caller.actor, plan(&id)?, body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn undo(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: PlanGotoRequest = read(&app, request).await?;
    json(app.wall.plan_undo(&caller.actor, plan(&id)?, &body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn redo(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: PlanGotoRequest = read(&app, request).await?;
    json(app.wall.plan_redo(&caller.actor, plan(&id)?, &body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn go_to(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: PlanGotoRequest = read(&app, request).await?;
    json(app.wall.plan_go_to(&caller.actor, plan(&id)?, &body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn history(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer: Answer<PlanHistory> = app.wall.plan_history(&caller.actor, plan(&id)?).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn snapshot(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: PlanSnapshotRequest = read(&app, request).await?;
    json(app.wall.plan_name_state(&caller.actor, plan(&id)?, &body.name).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn owners(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer: Answer<Vec<PlanOwners>> = app.wall.plan_owners(&caller.actor, plan(&id)?).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn step(State(app): State<App>, caller: Caller, Path(id): Path<String>, request: Request) -> Early {
    let body: PlanStepRequest = read(&app, request).await?;
    json(app.wall.plan_step(&caller.actor, plan(&id)?, body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn overlay(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let with = Params::of(&uri)?.text("with").map(plan).transpose()?.ok_or_else(|| Refusal::invalid("with=PLAN is missing"))?;
    let answer: Answer<Vec<OverlayLineView>> =
        app.wall.plan_overlay(&caller.actor, plan(&id)?, with).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn impact(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let p = Params::of(&uri)?;
    let chinese = p.text("lang").is_none_or(|l| l.starts_with("zh"));
    let impact = match app.wall.plan_impact(&caller.actor, plan(&id)?).await {
        Ok(impact) => impact,
        Err(e) => return Ok(PlanRefusal(e).into_response()),
    };
    let file = |kind: &'static str, ending: &str, text: String| {
        let name = format!("attachment; filename=\"impact-{}.{ending}\"", impact.plan().0);
        ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response()
    };
    Ok(match p.text("format") {
        None | Some("json") => Json(ImpactView::from(&impact)).into_response(),
        Some("md") => file("text/markdown; charset=utf-8", "md", app.wall.impact_markdown(&impact, chinese)),
        Some("csv") => file("text/csv; charset=utf-8", "csv", app.wall.impact_csv(&impact, chinese)),
        Some(_) => return Err(Refusal::invalid("format must be json, md or csv")),
    })
}

pub(crate) async fn export(State(app): State<App>, caller: Caller, Path(id): Path<String>, uri: Uri) -> Early {
    let word = Params::of(&uri)?.need("format")?.to_owned();
    let format = CellsFormat::of_word(&word).ok_or_else(|| Refusal::invalid("format must be geojson, gpkg, zip or kml"))?;
    let id = plan(&id)?;
    Ok(match app.wall.plan_file(&caller.actor, id, format).await {
        Err(e) => PlanRefusal(e).into_response(),
        Ok((_, file)) => {
            let name = format!("attachment; filename=\"plan-{}.{}\"", id.0, format.ending());
            let headers = [(header::CONTENT_TYPE, format.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
            (headers, file.bytes).into_response()
        }
    })
}

pub(crate) async fn proposals(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Early {
    let answer: Answer<Proposals> = app.wall.plan_proposals(&caller.actor, plan(&id)?).await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn settings(State(app): State<App>, _caller: Caller) -> Early {
    let answer: Answer<PlanningSettings> = app.wall.planning_settings().await.map(Json).map_err(PlanRefusal);
    json(answer)
}

pub(crate) async fn put_settings(State(app): State<App>, caller: Caller, request: Request) -> Early {
    let body: PlanningSettings = read(&app, request).await?;
    json(app.wall.set_planning_settings(&caller.actor, body).await.map(Json).map_err(PlanRefusal))
}

pub(crate) async fn streets(State(app): State<App>, _caller: Caller) -> Early {
    Ok(app.wall.streets_json().await.map(geojson).map_err(PlanRefusal).into_response())
}

pub(crate) async fn buildings(State(app): State<App>, caller: Caller, uri: Uri) -> Early {
    let answer = app.wall.buildings_json(&caller.actor, bbox(&uri)?).await;
    Ok(answer.map(geojson).map_err(PlanRefusal).into_response())
}
