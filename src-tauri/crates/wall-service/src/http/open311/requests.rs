//! Service requests as the standard reads them: by id, or a window of at most 90 days, newest first.

use super::{Form, Node, in_form, who};
use crate::{
    http::{App, gate::Caller, params::Params, refusal::Refusal},
    wall::{AsOf, TicketQuery, WallError},
    wire::{TicketCard, TicketView},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use serde_json::Number;
use wall_core::TicketId;
use wall_core::UtcMs;

/// The standard's longest window.
const WINDOW_MS: i64 = 90 * 86_400_000;
/// Requests on a page unless asked otherwise, and at most.
const PAGE: usize = 50;
const PAGE_MOST: usize = 200;
const PAGES: usize = 10_000;
/// Ids in one question at most.
const IDS_MOST: usize = 100;

/// `GET /open311/v2/requests/{id}.…`.
pub(crate) async fn request(
    State(app): State<App>,
    caller: Option<Extension<Caller>>,
    Path(file): Path<String>,
    uri: Uri,
) -> Response {
    in_form(&file, |id, form| async move {
        let params = Params::of(&uri)?;
        let caller = who(&app, caller, &params).await?;
        let missing = || Refusal::not_found("no request has this service_request_id");
        let id: i64 = id.parse().map_err(|_| missing())?;
        let card = match app.wall.ticket_card(&caller.actor, id, AsOf::default()).await {
            Err(WallError::NotFound(_)) => return Err(missing()),
            other => other?,
        };
        answer(&app, &caller, form, &[card]).await
    })
    .await
}

/// `GET /open311/v2/requests.…` with the standard's filters, and `page`, `page_size`.
pub(super) async fn list(app: &App, caller: &Caller, params: &Params, form: Form) -> Result<Response, Refusal> {
    let page = params.whole("page", 1..=PAGES)?.unwrap_or(1);
    let page_size = params.whole("page_size", 1..=PAGE_MOST)?.unwrap_or(PAGE);
    // The standard: ids outweigh every other filter.
    if let Some(ids) = params.text("service_request_id") {
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.len() > IDS_MOST {
            return Err(Refusal::invalid(format!("more than {IDS_MOST} service_request_id")));
        }
        let mut cards = Vec::new();
        for id in ids {
            let Ok(id) = id.parse() else { continue };
            match app.wall.ticket_card(&caller.actor, id, AsOf::default()).await {
                Ok(card) => cards.push(card),
                Err(WallError::NotFound(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        return answer(app, caller, form, &cards).await;
    }
    let filter = Filter::of(params, app.wall.now())?;
    let query = TicketQuery {
        categories: filter.services.clone(),
        reported: Some((filter.start, filter.end)),
        unfinished: filter.open,
        changed_after: filter.updated_after,
        cursor: params.text("cursor").map(str::to_owned),
        limit: page_size as u32,
        ..TicketQuery::default()
    };
    if query.cursor.is_some() && page > 1 {
        return Err(Refusal::invalid("either page or cursor: a cursor says by itself where to go on"));
    }
    let found = app.wall.ticket_page(&caller.actor, &query, (page - 1).saturating_mul(page_size)).await?;
    let mut cards = Vec::with_capacity(found.ids.len());
    for id in found.ids {
        match app.wall.ticket_card(&caller.actor, id.0, AsOf::default()).await {
            // What the store knows better than the world did a moment ago.
            Ok(card) if filter.lets(&card.ticket) => cards.push(card),
            Ok(_) | Err(WallError::NotFound(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let mut response = answer(app, caller, form, &cards).await?;
    if let Some(next) = found.cursor.and_then(|cursor| next_page(params, &cursor)) {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

/// The same question from the line after the last one, as a link relative to it.
fn next_page(params: &Params, cursor: &str) -> Option<HeaderValue> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    // A key has no business in an answer.
    query.extend_pairs(params.pairs().filter(|(name, _)| !matches!(*name, "page" | "cursor" | "api_key")));
    query.append_pair("cursor", cursor);
    HeaderValue::try_from(format!("<?{}>; rel=\"next\"", query.finish())).ok()
}

/// What the standard filters by.
#[derive(PartialEq, Debug)]
struct Filter {
    services: Vec<String>,
    /// `Some(true)`: open ones only.
    open: Option<bool>,
    start: UtcMs,
    end: UtcMs,
    /// Only those of which the wall learned something after this.
    updated_after: Option<UtcMs>,
}

impl Filter {
    /// Whether a ticket is asked for.
    fn lets(&self, ticket: &TicketView) -> bool {
        (self.services.is_empty() || self.services.contains(&ticket.category))
            && self.open.is_none_or(|open| open == is_open(ticket))
            && (self.start.0..=self.end.0).contains(&ticket.since_ms)
    }

    fn of(params: &Params, now: UtcMs) -> Result<Self, Refusal> {
        let services = params.text("service_code").map_or_else(Vec::new, |t| t.split(',').map(|s| s.trim().to_owned()).collect());
        let mut open = None;
        if let Some(text) = params.text("status") {
            let mut asked = [false, false];
            for word in text.split(',').map(str::trim) {
                match word {
                    "open" => asked[0] = true,
                    "closed" => asked[1] = true,
                    _ => return Err(Refusal::invalid("status must be open, closed or both")),
                }
            }
            open = match asked {
                [true, false] => Some(true),
                [false, true] => Some(false),
                _ => None,
            };
        }
        let updated_after = params.time("updated_after")?;
        let (start, end) = match (params.time("start_date")?, params.time("end_date")?) {
            // Who asks for what is new does not ask for a window of when it was reported.
            (None, None) if updated_after.is_some() => (UtcMs(i64::MIN), UtcMs(i64::MAX)),
            (Some(start), Some(end)) => (start, end),
            (Some(start), None) => (start, start.plus_ms(WINDOW_MS)),
            (None, Some(end)) => (end.plus_ms(-WINDOW_MS), end),
            (None, None) => (now.plus_ms(-WINDOW_MS), now),
        };
        if start > end {
            return Err(Refusal::invalid("start_date must be before end_date"));
        }
        if updated_after.is_none() && end.0.saturating_sub(start.0) > WINDOW_MS {
            return Err(Refusal::invalid("start_date and end_date may not span more than 90 days"));
        }
        Ok(Self { services, open, start, end, updated_after })
    }
}

/// In the standard's two words.
fn is_open(ticket: &TicketView) -> bool {
    ticket.open
}

async fn answer(app: &App, caller: &Caller, form: Form, cards: &[TicketCard]) -> Result<Response, Refusal> {
    let mut nodes = Vec::with_capacity(cards.len());
    for card in cards {
        // A picture of the matter shows the place: for those who may see it.
        let media = if caller.actor.role.sees_exact_places() && !card.withheld && !card.outside_scope {
            app.wall.store().attachments(TicketId(card.ticket.id)).await.map_err(WallError::from)?
        } else {
            Vec::new()
        };
        let url = media.iter().find(|name| name.starts_with("http://") || name.starts_with("https://"));
        nodes.push(request_node(card, url.map_or("", String::as_str)));
    }
    Ok(form.answer(StatusCode::OK, "service_requests", &Node::List("request", nodes)))
}

fn request_node(card: &TicketCard, media_url: &str) -> Node {
    let t = &card.ticket;
    let time = |ms: i64| Node::text(UtcMs(ms).to_rfc3339());
    let updated = card.history.iter().map(|h| h.at_ms.min(h.recorded_ms)).max().unwrap_or(t.reported_ms);
    let name = if t.category_name.is_empty() { &t.category } else { &t.category_name };
    Node::Group(vec![
        ("service_request_id", Node::Number(Number::from(t.id))),
        ("status", Node::text(if is_open(t) { "open" } else { "closed" })),
        ("status_notes", Node::some(t.status.as_str())),
        ("service_name", Node::some(name)),
        ("service_code", Node::some(&t.category)),
        ("description", Node::some(if card.description.is_empty() && !card.withheld { &t.title } else { &card.description })),
        ("agency_responsible", Node::some(card.owners.first().map_or("", |o| &o.name))),
        ("service_notice", Node::Nothing),
        ("requested_datetime", time(t.reported_ms)),
        ("updated_datetime", time(updated)),
        ("expected_datetime", t.due_ms.map_or(Node::Nothing, time)),
        ("address", Node::some(&card.address)),
        ("address_id", Node::Nothing),
        ("zipcode", Node::Nothing),
        ("lat", Node::degrees(t.lat)),
        ("long", Node::degrees(t.lon)),
        ("media_url", Node::some(media_url)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<Filter, Refusal> {
        let now = UtcMs::from_rfc3339("2026-06-30T00:00:00Z").unwrap();
        Filter::of(&Params::of(&format!("/?{query}").parse().unwrap()).unwrap(), now)
    }

    #[test]
    fn windows_are_at_most_ninety_days() {
        let t = |text: &str| UtcMs::from_rfc3339(text).unwrap();
        let of = |query: &str| filter(query).map(|f| (f.start, f.end));
        assert_eq!(of("").unwrap(), (t("2026-04-01T00:00:00Z"), t("2026-06-30T00:00:00Z")));
        let start = "start_date=2026-01-01T00:00:00Z";
        assert_eq!(of(start).unwrap(), (t("2026-01-01T00:00:00Z"), t("2026-04-01T00:00:00Z")));
        assert!(of(&format!("{start}&end_date=2026-04-01T00:00:00Z")).is_ok());
        assert!(of(&format!("{start}&end_date=2026-04-01T00:00:01Z")).is_err());
        assert!(of(&format!("{start}&end_date=2025-12-31T00:00:00Z")).is_err());
        assert!(of("start_date=2026-01-01").is_err());
    }

    #[test]
    fn states_are_open_closed_or_both() {
        assert_eq!(filter("status=open").unwrap().open, Some(true));
        assert_eq!(filter("status=closed").unwrap().open, Some(false));
        assert_eq!(filter("status=open,closed").unwrap().open, None);
        assert!(filter("status=done").is_err());
        assert_eq!(filter("service_code=a,b").unwrap().services, ["a", "b"]);
    }
}
