//! Lists over HTTP: the members of a number.

use super::{App, gate::Caller, params::Params, queries::geojson, refusal::Refusal};
use crate::{
    wall::{ListArea, ListOrder, ListQuery, NEAR_H, PeriodAsked, TicketSet, WhoseQuery},
    wire::{self, Comparison, StaffCard, TicketList, Whose},
};
use axum::{Json, extract::State, http::Uri, response::Response};
use serde::de::DeserializeOwned;
use wall_core::{Alarm, Level, Place};

/// A word of the wire, as its enum spells it.
fn word<T: DeserializeOwned>(p: &Params, name: &str) -> Result<Option<T>, Refusal> {
    let Some(text) = p.text(name) else { return Ok(None) };
    let value = serde_json::Value::String(text.to_owned());
    // The enum's own message lists the words there are.
    serde_json::from_value(value).map(Some).map_err(|e| Refusal::invalid(format!("{name}: {e}")))
}

/// `cell:KEY`, `community:CODE`, `street:CODE`, `outside` or `unplaced`.
fn area(p: &Params) -> Result<Option<ListArea>, Refusal> {
    let Some(text) = p.text("area") else { return Ok(None) };
    let wrong = || Refusal::invalid("area must be cell:KEY, community:CODE, street:CODE, outside or unplaced");
    match text {
        "outside" => return Ok(Some(ListArea::Outside)),
        "unplaced" => return Ok(Some(ListArea::Unplaced)),
        _ => {}
    }
    let (level, key) = text.split_once(':').ok_or_else(wrong)?;
    Ok(Some(ListArea::In(Level::from_code(level).ok_or_else(wrong)?, key.to_owned())))
}

pub(crate) async fn ticket_list(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Json<TicketList>, Refusal> {
    let p = Params::of(&uri)?;
    let set: wire::TicketSet = word(&p, "set")?.ok_or_else(|| Refusal::invalid("set is missing"))?;
    let set = set.into();
    let usual = match set {
        TicketSet::Overdue | TicketSet::NearDue | TicketSet::Late | TicketSet::Missed => ListOrder::Overrun,
        TicketSet::Open | TicketSet::Alarm => ListOrder::Gravest,
        _ => ListOrder::Newest,
    };
    let (from, to) = (p.time("from")?, p.time("to")?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Refusal::invalid("from must be before to"));
    }
    let query = ListQuery {
        set,
        area: area(&p)?,
        category: p.text("category").map(str::to_owned),
        // `owner=` with nothing behind it would be lost: nobody has a word of its own.
        owner: match (p.text("owner"), p.text("unowned")) {
            (Some(_), Some(_)) => return Err(Refusal::invalid("either owner or unowned")),
            (Some(name), None) => Some(name.to_owned()),
            (None, Some("1")) => Some(String::new()),
            (None, Some(_)) => return Err(Refusal::invalid("unowned must be 1")),
            (None, None) => None,
        },
        alarm: match p.text("alarm") {
            None => None,
            Some(word) => {
                let unknown = || Refusal::invalid("alarm must be red, orange, yellow or blue");
                Some(Alarm::from_code(word).ok_or_else(unknown)?)
            }
        },
        from,
        to,
        near_h: p.number("near_h", 0.01..=8784.0)?.unwrap_or(NEAR_H),
        order: word::<wire::ListOrder>(&p, "order")?.map_or(usual, Into::into),
        cursor: p.text("cursor").map(str::to_owned),
        limit: p.whole("limit", 1..=500)?.unwrap_or(50),
    };
    Ok(Json(app.wall.ticket_list(&caller.actor, query, p.as_of()?).await?))
}

pub(crate) async fn late_points(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Response, Refusal> {
    let p = Params::of(&uri)?;
    let limit = p.whole("limit", 1..=10_000)?.unwrap_or(5_000);
    Ok(geojson(app.wall.late_points(&caller.actor, limit, p.as_of()?).await?))
}

/// Of an area (`area=`), or of the cell at a place (`lon=`, `lat=`).
pub(crate) async fn whose(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Json<Whose>, Refusal> {
    let p = Params::of(&uri)?;
    let of = match area(&p)? {
        Some(ListArea::In(level, key)) => WhoseQuery::Area(level, key),
        Some(ListArea::Outside | ListArea::Unplaced) => return Err(Refusal::invalid("nobody answers outside the cells")),
        None => WhoseQuery::At(Place { lon: p.need_number("lon", -180.0..=180.0)?, lat: p.need_number("lat", -90.0..=90.0)? }),
    };
    Ok(Json(app.wall.whose(&caller.actor, of, p.as_of()?.time()).await?))
}

/// Two periods side by side: `a=week-1&b=week-2&level=community`.
pub(crate) async fn compare(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Json<Comparison>, Refusal> {
    let p = Params::of(&uri)?;
    let period = |name: &str| {
        // `+08:00` that was not percent-encoded arrives with a blank for its plus.
        let text = p.need(name)?.replace(' ', "+");
        PeriodAsked::read(&text).ok_or_else(|| {
            Refusal::invalid(format!(
                "{name} must be day, week or month (-1 = the one before, -1-so-far = as far as the present one has come), or FROM/TO in RFC 3339"
            ))
        })
    };
    let level = word::<wire::Level>(&p, "level")?.map_or(Level::Cell, Into::into);
    Ok(Json(app.wall.compare(&caller.actor, level, period("a")?, period("b")?, p.as_of()?).await?))
}

pub(crate) async fn staff_card(State(app): State<App>, caller: Caller, uri: Uri) -> Result<Json<StaffCard>, Refusal> {
    let p = Params::of(&uri)?;
    let id = p.whole("id", 1..=i64::MAX)?.ok_or_else(|| Refusal::invalid("id is missing"))?;
    Ok(Json(app.wall.staff_card(&caller.actor, id, p.as_of()?).await?))
}
