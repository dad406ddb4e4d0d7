//! A request that comes in through the standard's door: it becomes a ticket like any other.

use super::{Node, in_form};
use crate::{
    http::{
        App, body,
        gate::{self, Caller},
        params::Params,
        refusal::Refusal,
    },
    import::tickets::{Defaults, limits, ticket_from_json},
    wall::{TicketTaken, WallError, allowed, system_now},
};
use axum::{
    Extension,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::Response,
};
use serde_json::{Map, Number, Value, json};
use std::sync::atomic::Ordering::Relaxed;
use wall_core::Right;

/// A form of the standard fits into this; who sends it is known only from what is in it.
const FORM_MOST: usize = 64 * 1024;

/// `POST /open311/v2/requests.…`, form-encoded, with `api_key`.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Option<Extension<Caller>>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    in_form(&file, |stem, form| async move {
        if stem != "requests" {
            return Err(Refusal::not_found("the standard takes requests here"));
        }
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type",
                "send application/x-www-form-urlencoded",
            ));
        }
        let retry = request.headers().get("idempotency-key").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let held = body::read_at_most(FORM_MOST, &app.budget, request).await?;
        let params = Params::of_form(&held.bytes)?;
        let caller = sender(&app, caller, &params).await?;
        allowed(&caller.actor, Right::PushTickets)?;
        let id = take(&app, &caller, &params, retry.as_deref()).await?;
        let node = Node::Group(vec![
            ("service_request_id", Node::Number(Number::from(id))),
            ("service_notice", Node::text("已受理,网格员将按时限处置。 Received; it will be handled within its deadline.")),
            ("account_id", Node::Nothing),
        ]);
        Ok(form.answer(StatusCode::OK, "service_requests", &Node::List("request", vec![node])))
    })
    .await
}

/// By `api_key`, as the standard has it (403 without), or by header or session.
async fn sender(app: &App, caller: Option<Extension<Caller>>, params: &Params) -> Result<Caller, Refusal> {
    if let Some(Extension(caller)) = caller {
        return Ok(caller);
    }
    let Some(key) = params.text("api_key") else { return Err(Refusal::forbidden("api_key is missing")) };
    gate::by_key(app, key).await.map_err(|refusal| match refusal.status {
        StatusCode::UNAUTHORIZED => Refusal::forbidden("this api_key is not known here, or it was revoked"),
        _ => refusal,
    })
}

async fn take(app: &App, caller: &Caller, params: &Params, retry: Option<&str>) -> Result<i64, Refusal> {
    let categories = app.wall.categories();
    let code = params.text("service_code").ok_or_else(|| Refusal::invalid("service_code is missing"))?;
    // A wall without any category yet takes what comes; otherwise the standard wants 404.
    let known = categories.iter().find(|c| c.code == code);
    if known.is_none() && (!categories.is_empty() || !app.wall.admits_category(code)) {
        return Err(Refusal::not_found("no service has this service_code"));
    }
    let place = place(params)?;
    let mut ticket = Map::new();
    let mut set = |name: &str, value: Value| {
        ticket.insert(name.to_owned(), value);
    };
    set("external_id", json!(identity(app, caller, params, retry).await?));
    set("category", json!(code));
    set("title", json!(known.map(|c| c.name.as_str()).filter(|n| !n.is_empty()).unwrap_or(code)));
    let told = description(params);
    if told.len() > limits::TEXT {
        // Cut it would lose what was told, and nobody would know.
        return Err(Refusal::invalid(format!("description and attributes are longer than {} bytes", limits::TEXT)));
    }
    set("description", json!(told));
    set("address", json!(params.text("address_string").unwrap_or_default()));
    set("channel", json!("resident"));
    if let Some((lon, lat)) = place {
        set("lon", json!(lon));
        set("lat", json!(lat));
    }
    let media: Vec<Value> = params.all("media_url").map(|url| json!({ "name": url, "hash": "" })).collect();
    if !media.is_empty() {
        set("attachments", json!(media));
    }
    let joined = |names: &[&str], between: &str| names.iter().filter_map(|n| params.text(n)).collect::<Vec<_>>().join(between);
    let (name, contact) =
        (joined(&["last_name", "first_name"], " "), joined(&["phone", "email", "account_id", "device_id"], "; "));
    if !name.is_empty() || !contact.is_empty() {
        set("reporter", json!({ "name": name, "phone": contact }));
    }
    // The same door as every other ticket.
    let record = ticket_from_json(&Value::Object(ticket), &Defaults::contract(&caller.source))
        .map_err(|reject| Refusal::invalid(reject.message))?;
    let outcomes = app.wall.put_tickets(&caller.actor, vec![record]).await?;
    if let Some(TicketTaken::OutsideScope(why)) = outcomes.first() {
        return Err(WallError::OutsideScope(why.clone()).into());
    }
    app.counts.rows_taken.fetch_add(1, Relaxed);
    outcomes
        .first()
        .and_then(|taken| taken.outcome()?.id())
        .map(|id| id.0)
        .ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "store", "the wall gave no answer for this request"))
}

/// Longitude and latitude as given; `None` = an address is given instead, by which the intake looks.
fn place(params: &Params) -> Result<Option<(f64, f64)>, Refusal> {
    match (params.number("long", -180.0..=180.0)?, params.number("lat", -90.0..=90.0)?) {
        (Some(lon), Some(lat)) => Ok(Some((lon, lat))),
        (None, None) if params.text("address_string").is_some() => Ok(None),
        (None, None) => Err(Refusal::invalid(match params.text("address_id") {
            Some(_) => "address_id is not used here; send lat and long, or address_string",
            None => "lat and long, or address_string, are missing",
        })),
        _ => Err(Refusal::invalid("lat and long come together")),
    }
}

/// What was told, with the attributes of the service under it: `lamp = 1; 2`.
fn description(params: &Params) -> String {
    let mut attributes: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in params.pairs().filter(|(_, value)| !value.is_empty()) {
        // `attribute[lamp]`, and `attribute[lamp][]` of lists.
        let Some(code) = name.strip_prefix("attribute[").and_then(|rest| rest.split(']').next()) else { continue };
        match attributes.iter_mut().find(|(known, _)| *known == code) {
            Some((_, values)) => values.push(value),
            None => attributes.push((code, vec![value])),
        }
    }
    let lines = attributes.iter().map(|(code, values)| format!("{code} = {}", values.join("; ")));
    params.text("description").map(str::to_owned).into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

/// How long the same request again is a retry.
const RETRY_MS: i64 = 24 * 3_600_000;

/// Identity of a request, which comes without one: the same request of the same sender within a day is the same one, sent
/// again because its answer was lost. Same: all parameters but `api_key` are equal, or the `Idempotency-Key` is.
async fn identity(app: &App, caller: &Caller, params: &Params, retry: Option<&str>) -> Result<String, Refusal> {
    let mut pairs: Vec<(&str, &str)> = match retry {
        Some(key) => vec![("idempotency-key", key)],
        None => params.pairs().filter(|(name, value)| *name != "api_key" && !value.is_empty()).collect(),
    };
    pairs.sort_unstable();
    let now = system_now();
    let day = now.0.div_euclid(RETRY_MS);
    let id_of = |day: i64| {
        let day = day.to_string();
        let parts = [caller.source.as_str(), day.as_str()].into_iter().chain(pairs.iter().flat_map(|(n, v)| [*n, *v]));
        let hash = app.wall.store().keyed_hash(parts.map(str::as_bytes));
        hash.iter().fold(String::from("open311-"), |id, b| id + &format!("{b:02x}"))
    };
    // A day has an end: the one before counts where its request is not older than a day.
    let before = id_of(day - 1);
    if let Some(known) = app.wall.store().ticket_by_key(&caller.source, &before).await.map_err(WallError::from)?
        && app
            .wall
            .store()
            .ticket_events(&[known])
            .await
            .map_err(WallError::from)?
            .get(&known)
            .and_then(|events| events.first())
            .is_some_and(|t| now.0.saturating_sub(t.recorded_at.0) < RETRY_MS)
    {
        return Ok(before);
    }
    Ok(id_of(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_open311_form() {
        let seeds: &[&[u8]] = &[
            b"api_key=k&service_code=001&lat=30.2&long=120.1&description=hole&media_url=http%3A%2F%2Fa&media_url=b",
            b"attribute%5BX%5D=1&attribute%5BX%5D%5B%5D=2&attribute[=3&attribute]=4&phone=138&lat=+1",
            b"%E4%BA%95=%ff%fe&=&a&&b=%",
        ];
        crate::fuzz::fuzz("open311_form", seeds, |bytes| {
            let Ok(params) = Params::of_form(bytes) else { return };
            let _ = (params.number("lat", -90.0..=90.0), params.time("start_date"), params.all("media_url").count());
            assert!(description(&params).len() <= 4 * bytes.len() + 16);
        });
    }
}
