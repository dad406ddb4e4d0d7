//! The wall's questions over HTTP: parameters checked, then the [`Wall`](crate::wall::Wall) answers.

use super::{
    App,
    gate::Caller,
    params::Params,
    refusal::Refusal,
    shares::{Asker, hold},
};
use crate::{
    wall::{HeatQuery, NearView, TicketQuery, kinds_of_points},
    wire::{AreaCard, Histogram, SearchHit, Snapshot, TicketCard, WallInfo},
};
use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};
use wall_core::{Level, Place, TicketStatus};

/// Web mercator ends here.
const MERCATOR_LAT: f64 = 85.06;

type Answer<T> = Result<Json<T>, Refusal>;

pub(crate) async fn wall(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<WallInfo> {
    let as_of = Params::of(&uri)?.as_of()?;
    Ok(Json(app.wall.info(&caller.actor, as_of.time()).await?))
}

pub(crate) async fn snapshot(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Snapshot> {
    let as_of = Params::of(&uri)?.as_of()?;
    Ok(Json(app.wall.snapshot(&caller.actor, as_of).await?))
}

pub(crate) async fn areas(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Refusal> {
    let p = Params::of(&uri)?;
    Ok(geojson(app.wall.areas(&caller.actor, level(&p)?, p.as_of()?.time()).await?))
}

pub(crate) async fn cells(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Refusal> {
    let as_of = Params::of(&uri)?.as_of()?;
    Ok(geojson(app.wall.areas(&caller.actor, Level::Cell, as_of.time()).await?))
}

pub(crate) async fn heat(
    State(app): State<App>,
    caller: Caller,
    asker: Option<Extension<Asker>>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let p = Params::of(&uri)?;
    let query = HeatQuery {
        bounds: p.bounds(MERCATOR_LAT)?,
        width: p.whole("width", 1..=2048)?.ok_or_else(|| Refusal::invalid("width is missing"))?,
        height: p.whole("height", 1..=2048)?.ok_or_else(|| Refusal::invalid("height is missing"))?,
        time_left: match p.text("mode") {
            None | Some("heat") => false,
            Some("time_left") => true,
            Some(_) => return Err(Refusal::invalid("mode must be heat or time_left")),
        },
        sigma_m: p.number("sigma_m", 1.0..=100_000.0)?,
        max: p.number("max", f64::MIN_POSITIVE..=1e12)?,
        first: asker.as_ref().is_none_or(|asker| asker.wall),
    };
    // Until the picture is sent: slow readers hold memory too.
    let place = asker.map(|asker| app.pictures.take(&asker)).transpose()?;
    let image = app.wall.heat(&caller.actor, query, p.as_of()?).await?;
    let mut response = ([(header::CONTENT_TYPE, "application/octet-stream")], image.bytes).into_response();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    set("x-heat-peak", image.peak.to_string());
    set("x-heat-high", image.high.to_string());
    set("x-heat-max", image.max.to_string());
    set("x-heat-at-ms", image.at.0.to_string());
    set("x-heat-revision", image.revision.to_string());
    Ok(hold(response, place))
}

pub(crate) async fn points(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Refusal> {
    let p = Params::of(&uri)?;
    let mut kinds: Vec<String> =
        p.text("kinds").map_or_else(|| kinds_of_points().join(","), str::to_owned).split(',').map(str::to_owned).collect();
    kinds.sort();
    kinds.dedup();
    for kind in &kinds {
        known_kind(kind)?;
    }
    let limit = p.whole("limit", 1..=10_000)?.unwrap_or(2000);
    Ok(geojson(app.wall.points(&caller.actor, p.bounds(90.0)?, kinds, limit, p.as_of()?).await?))
}

pub(crate) async fn area_card(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<AreaCard> {
    let p = Params::of(&uri)?;
    Ok(Json(app.wall.area_card(&caller.actor, level(&p)?, p.need("key")?, p.as_of()?).await?))
}

pub(crate) async fn ticket_card(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<TicketCard> {
    let p = Params::of(&uri)?;
    let id = p.whole("id", 1..=i64::MAX)?.ok_or_else(|| Refusal::invalid("id is missing"))?;
    Ok(Json(app.wall.ticket_card(&caller.actor, id, p.as_of()?).await?))
}

pub(crate) async fn search(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Vec<SearchHit>> {
    let p = Params::of(&uri)?;
    let text = p.text("q").unwrap_or_default();
    if text.chars().count() > 200 {
        return Err(Refusal::invalid("q is longer than 200 characters"));
    }
    let limit = p.whole("limit", 1..=100)?.unwrap_or(20);
    if text.is_empty() {
        return Ok(Json(Vec::new()));
    }
    Ok(Json(app.wall.search(&caller.actor, text, limit).await?))
}

pub(crate) async fn histogram(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Histogram> {
    let p = Params::of(&uri)?;
    let need = |name: &str| p.time(name)?.ok_or_else(|| Refusal::invalid(format!("{name} is missing")));
    let (from, to) = (need("from")?, need("to")?);
    if from >= to {
        return Err(Refusal::invalid("from must be before to"));
    }
    let buckets = p.whole("buckets", 1..=2000)?.unwrap_or(120);
    Ok(Json(app.wall.histogram(&caller.actor, from, to, buckets).await?))
}

pub(crate) async fn tickets(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Value> {
    let p = Params::of(&uri)?;
    let status = p.text("status");
    if let Some(s) = status
        && s != "open"
        && TicketStatus::from_code(s).is_none()
    {
        let all: Vec<_> = TicketStatus::ALL.iter().map(|s| s.code()).collect();
        return Err(Refusal::invalid(format!("status must be open or one of {}", all.join(", "))));
    }
    let query = TicketQuery {
        cell: p.text("cell").map(str::to_owned),
        status: status.map(str::to_owned),
        bbox: p.bbox("bbox")?,
        cursor: p.text("cursor").map(str::to_owned),
        limit: p.whole("limit", 1..=1000)?.unwrap_or(100),
        ..TicketQuery::default()
    };
    let (tickets, cursor) = app.wall.tickets(&caller.actor, query).await?;
    Ok(Json(json!({ "tickets": tickets, "cursor": cursor })))
}

pub(crate) async fn near(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Vec<NearView>> {
    let p = Params::of(&uri)?;
    let (lon, lat) = (p.need_number("lon", -180.0..=180.0)?, p.need_number("lat", -90.0..=90.0)?);
    let kind = known_kind(p.need("kind")?)?;
    let k = p.whole("k", 1..=1000)?.unwrap_or(5);
    let within_m = p.number("within_m", 0.0..=20_100_000.0)?;
    Ok(Json(app.wall.near(&caller.actor, Place { lon, lat }, kind, k, within_m).await?))
}

pub(crate) async fn stats(State(app): State<App>, caller: Caller, uri: Uri) -> Answer<Value> {
    let p = Params::of(&uri)?;
    let by = p.text("by").unwrap_or("cell");
    if !["cell", "category", "platform", "owner"].contains(&by) {
        return Err(Refusal::invalid("by must be cell, category, platform or owner"));
    }
    let stats = app.wall.stats(&caller.actor, by, p.as_of()?).await?;
    Ok(Json(json!({ "by": by, "lines": stats.lines, "late_events": stats.late_events })))
}

pub(crate) async fn tile(
    State(app): State<App>,
    _: Caller,
    Path((z, x, y)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let number = |text: &str| text.parse::<u32>().ok();
    let address = || {
        let z = z.parse::<u8>().ok().filter(|z| *z <= 30)?;
        let (x, y) = (number(&x)?, number(y.strip_suffix(".mvt")?)?);
        (x < 1 << z && y < 1 << z).then_some((z, x, y))
    };
    let (z, x, y) = address().ok_or_else(|| Refusal::not_found("tiles are basemap/{z}/{x}/{y}.mvt with z up to 30"))?;
    let caching = (header::CACHE_CONTROL, "private, max-age=600");
    Ok(match app.wall.base_map_tile(z, x, y).await? {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile"), caching], bytes).into_response(),
        None => (StatusCode::NO_CONTENT, [caching]).into_response(),
    })
}

fn level(p: &Params) -> Result<Level, Refusal> {
    Level::from_code(p.need("level")?).ok_or_else(|| Refusal::invalid("level must be cell, community or street"))
}

fn known_kind(kind: &str) -> Result<&str, Refusal> {
    let all = kinds_of_points();
    if all.contains(&kind) { Ok(kind) } else { Err(Refusal::invalid(format!("kind must be one of {}", all.join(", ")))) }
}

pub(super) fn geojson(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/geo+json")], text).into_response()
}
