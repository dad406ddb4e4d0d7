//! What feeds send: tickets, positions, the clock of a replay. Each row is judged for itself.

mod batch;
mod json;
mod rejects;

pub use batch::MAX_ROWS;
pub(crate) use json::strict as strict_json;
pub(crate) use rejects::Rejects;

use super::{App, body, gate::Caller, refusal::Refusal};
use crate::{
    import::{
        read::{Problem, Reject, shown},
        tickets::{Defaults, Taken, position_taken_from_json, ticket_taken_from_json},
        twins::{Keyed, TwinSearch, Verdict},
    },
    wall::{NEW_CATEGORIES, PositionOutcome, TicketTaken, Wall, Whereabouts, foreign_source, system_now},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use batch::{Batch, Row, Shape};
use rejects::Rejected;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::atomic::Ordering::Relaxed;
use wall_core::{TicketId, TicketRecord, UtcMs};
use wall_store::{Actor, ReplayClock, TicketOutcome};

/// Bodies above this are read on a thread of their own, so that they do not hold up the small ones.
const LARGE: usize = 64 * 1024;

const KEPT_CLOSED: &str = "kept_closed: the ticket is over, and a status reopens it only with a status_at later than its closing";
const UNKNOWN_TICKET: &str = "no ticket has this key, and a new one needs lon and lat, or an address";
const STAFF_OUTSIDE: &str = "they walk no cell within the scope of this token or account: one whose scope holds a cell of theirs, or that has none, can send where they are";
const UNPLACED: &str = "unplaced: no place was told, and its address is not that of one imported building: it is in no cell until a message tells its place";

/// What became of one row.
#[derive(Serialize)]
struct TicketLine {
    index: usize,
    external_id: Option<String>,
    status: &'static str,
    id: Option<i64>,
    code: Option<&'static str>,
    reason: Option<String>,
    /// What is odd about a row that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct PositionLine {
    index: usize,
    staff: Option<String>,
    status: &'static str,
    code: Option<&'static str>,
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A row that was read, or why not and how it came; with what names it in the answer.
struct Judged<T> {
    name: Option<String>,
    outcome: Result<T, (Problem, Row)>,
    note: Option<String>,
}

/// Refuses all records of a request that share a key and differ: which of them is meant nobody knows. The same record
/// twice is one.
fn refuse_twins<T: Keyed>(judged: &mut [Result<T, Problem>]) {
    let mut search = TwinSearch::default();
    for (index, record) in (0..).zip(&*judged) {
        if let Ok(record) = record {
            // A request holds at most `MAX_ROWS`, far below what is counted.
            let _ = search.add(index, record);
        }
    }
    let twins = search.finish();
    for (index, outcome) in (0..).zip(judged.iter_mut()) {
        if let Ok(record) = outcome
            && let Verdict::Conflict(problem) = twins.verdict(index, record)
        {
            *outcome = Err(problem);
        }
    }
}

/// Refuses what tickets of one request may not be together: of sources that are not the sender's, of one key and different,
/// of new categories when too many came already.
fn refuse_tickets(wall: &Wall, actor: &Actor, judged: &mut [Result<TicketRecord, Problem>]) {
    for outcome in judged.iter_mut() {
        if let Ok(record) = outcome
            && !actor.may_write(&record.source)
        {
            *outcome = Err(Problem::new("foreign_source", foreign_source(&record.source)));
        }
    }
    refuse_twins(judged);
    for outcome in judged {
        if let Ok(record) = outcome
            && !wall.admits_category(&record.category)
        {
            let message = format!(
                "category {} is new, and {NEW_CATEGORIES} that the category table does not know came before it: import it into the table",
                shown(&record.category)
            );
            *outcome = Err(Problem::new("too_many_categories", message));
        }
    }
}

/// Adds to what is odd about a row.
fn say(note: &mut Option<String>, more: String) {
    *note = Some(match note.take() {
        Some(said) => format!("{said}; {more}"),
        None => more,
    });
}

/// Takes the records out of what was judged, in order.
fn records<T>(judged: Vec<Judged<T>>) -> (Vec<T>, Vec<Judged<()>>) {
    let mut records = Vec::with_capacity(judged.len());
    let rest =
        judged.into_iter().map(|j| Judged { name: j.name, outcome: j.outcome.map(|r| records.push(r)), note: j.note }).collect();
    (records, rest)
}

/// `POST /api/v1/tickets`.
pub(crate) async fn tickets(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Refusal> {
    let (shape, judged, _held) = read(&app, &caller, request, "external_id", ticket_taken_from_json, refuse_tickets).await?;
    let (records, judged) = records(judged);
    let silent: Vec<bool> = records.iter().map(|record| record.place.is_none()).collect();
    let outcomes = if records.is_empty() { Vec::new() } else { app.wall.put_tickets(&caller.actor, records).await? };
    let asked: Vec<TicketId> =
        outcomes.iter().zip(silent).filter_map(|(taken, silent)| taken.outcome()?.id().filter(|_| silent)).collect();
    let whereabouts = app.wall.whereabouts(&asked).await?;
    let mut outcomes = outcomes.into_iter();
    let mut refused = Vec::new();
    let mut lines = Vec::with_capacity(judged.len());
    for (index, Judged { name, outcome, mut note }) in judged.into_iter().enumerate() {
        let (status, id, problem) = match outcome {
            Ok(()) => match outcomes.next() {
                Some(TicketTaken::OutsideScope(why)) => {
                    let row = Row::Value(json!({ "external_id": name }));
                    refused.push(Rejected { index, reason: why.clone(), row });
                    ("rejected", None, Some(Problem::new("outside_scope", why)))
                }
                Some(TicketTaken::Done(TicketOutcome::Created(id))) => ("created", Some(id.0), None),
                Some(TicketTaken::Done(TicketOutcome::Updated(id))) => ("updated", Some(id.0), None),
                Some(TicketTaken::Done(TicketOutcome::Unchanged(id))) => ("unchanged", Some(id.0), None),
                Some(TicketTaken::Done(TicketOutcome::KeptClosed(id))) => {
                    note.get_or_insert_with(|| KEPT_CLOSED.to_owned());
                    ("updated", Some(id.0), None)
                }
                Some(TicketTaken::Done(TicketOutcome::Unknown)) => {
                    let row = Row::Value(json!({ "external_id": name }));
                    refused.push(Rejected { index, reason: UNKNOWN_TICKET.to_owned(), row });
                    ("rejected", None, Some(Problem::new("unknown_ticket", UNKNOWN_TICKET)))
                }
                None => ("rejected", None, Some(Problem::new("no_answer", "the wall gave no answer for this row"))),
            },
            Err((problem, row)) => {
                refused.push(Rejected { index, reason: problem.message.clone(), row });
                ("rejected", None, Some(problem))
            }
        };
        match id.and_then(|id| whereabouts.get(&TicketId(id))) {
            Some(Whereabouts::Unplaced) => say(&mut note, UNPLACED.to_owned()),
            Some(Whereabouts::ByAddress { accuracy_m }) => {
                say(&mut note, format!("located_by_address: at the building of its address, within {accuracy_m} m"));
            }
            Some(Whereabouts::Known) | None => {}
        }
        let (code, reason) = problem.map(|p| (p.code, p.message)).unzip();
        let note = note.filter(|_| reason.is_none());
        lines.push(TicketLine { index, external_id: name, status, id, code, reason, note });
    }
    let taken = lines.iter().filter(|l| l.reason.is_none()).count();
    finish(&app, &caller, "tickets", refused, taken, lines.len()).await;
    Ok(answer(shape, &lines, |line| line.reason.is_none()))
}

/// `POST /api/v1/positions`.
pub(crate) async fn positions(State(app): State<App>, caller: Caller, request: Request) -> Result<Response, Refusal> {
    let (shape, judged, _held) =
        read(&app, &caller, request, "staff", position_taken_from_json, |_, _, judged| refuse_twins(judged)).await?;
    let (records, judged) = records(judged);
    let known = if records.is_empty() { Vec::new() } else { app.wall.put_positions(&caller.actor, records).await? };
    let mut known = known.into_iter();
    let mut refused = Vec::new();
    let mut lines = Vec::with_capacity(judged.len());
    for (index, Judged { name, outcome, note }) in judged.into_iter().enumerate() {
        let problem = match outcome {
            Ok(()) => match known.next() {
                Some(PositionOutcome::Taken) => None,
                Some(PositionOutcome::OutsideScope) => Some(Problem::new("outside_scope", STAFF_OUTSIDE)),
                Some(PositionOutcome::UnknownStaff) | None => {
                    Some(Problem::new("unknown_staff", "nobody on the staff list has this id"))
                }
            },
            Err((problem, row)) => {
                refused.push(Rejected { index, reason: problem.message.clone(), row });
                Some(problem)
            }
        };
        let status = if problem.is_none() { "updated" } else { "rejected" };
        let (code, reason) = problem.map(|p| (p.code, p.message)).unzip();
        let note = note.filter(|_| reason.is_none());
        lines.push(PositionLine { index, staff: name, status, code, reason, note });
    }
    let taken = lines.iter().filter(|l| l.reason.is_none()).count();
    finish(&app, &caller, "positions", refused, taken, lines.len()).await;
    Ok(answer(shape, &lines, |line| line.reason.is_none()))
}

/// `POST /api/v1/clock`: `{"wall_at","speed","run"?}` drives the wall's clock and is said again every few seconds,
/// `{"end":true,"run"?}` gives it back.
pub(crate) async fn clock(State(app): State<App>, caller: Caller, request: Request) -> Result<Json<Value>, Refusal> {
    let held = body::read(&app.budget, request).await?;
    let asked = json::strict(&held.bytes).map_err(Refusal::invalid)?;
    let run = match asked.get("run") {
        None | Some(Value::Null) => None,
        Some(Value::String(run)) => Some(run.as_str()),
        Some(_) => return Err(Refusal::invalid("run must be a text that names this run of the replay")),
    };
    if asked.get("end") == Some(&Value::Bool(true)) {
        app.wall.end_replay(&caller.actor, run).await?;
        return Ok(Json(json!({ "ended": true })));
    }
    let wall_at = match asked.get("wall_at") {
        Some(Value::String(text)) => UtcMs::from_rfc3339(text),
        Some(Value::Number(ms)) => ms.as_i64().map(UtcMs),
        _ => None,
    };
    // Years 1 … 9999, as RFC 3339 can write them.
    let wall_at = wall_at.filter(|t| (-62_135_596_800_000..=253_402_300_799_999).contains(&t.0));
    let wall_at = wall_at.ok_or_else(|| Refusal::invalid("wall_at must be an RFC 3339 time with zone"))?;
    let speed = asked.get("speed").and_then(Value::as_f64).filter(|s| (0.0..=1e6).contains(s));
    let speed = speed.ok_or_else(|| Refusal::invalid("speed must be a number from 0 to 1000000 (wall seconds a second)"))?;
    let real_at = system_now();
    app.wall.drive_clock(&caller.actor, ReplayClock { wall_at, real_at, speed }, run).await?;
    Ok(Json(json!({ "wall_at_ms": wall_at.0, "real_at_ms": real_at.0, "speed": speed })))
}

/// Reads a body into rows and each row into a record. The body stays counted until the answer is made.
async fn read<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    request: Request,
    name: &'static str,
    one: fn(&Value, &Defaults) -> Result<Taken<T>, Reject>,
    together: fn(&Wall, &Actor, &mut [Result<T, Problem>]),
) -> Result<(Shape, Vec<Judged<T>>, body::Held), Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_owned());
    let held = body::read(&app.budget, request).await?;
    let large = held.bytes.len() > LARGE;
    let defaults = Defaults::contract(&caller.source);
    let (wall, actor) = (app.wall.clone(), caller.actor.clone());
    let work = move || {
        let Batch { shape, rows } = batch::split(kind.as_deref(), &held.bytes)?;
        let (names, mut outcomes): (Vec<_>, Vec<_>) = rows.iter().map(|row| judge(row, name, &defaults, one)).unzip();
        together(&wall, &actor, &mut outcomes);
        let judged = names
            .into_iter()
            .zip(outcomes)
            .zip(rows)
            .map(|(((name, note), outcome), row)| Judged { name, outcome: outcome.map_err(|problem| (problem, row)), note })
            .collect();
        Ok::<_, Refusal>((shape, judged, held))
    };
    let (shape, judged, held): (_, Vec<_>, _) = if large {
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "reading a body failed");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "io", "the body could not be read")
        })??
    } else {
        work()?
    };
    caller.charge(app, judged.len());
    Ok((shape, judged, held))
}

/// What names a row in the answer with what is odd about it, and its record.
fn judge<T>(
    row: &Row,
    name: &str,
    defaults: &Defaults,
    one: fn(&Value, &Defaults) -> Result<Taken<T>, Reject>,
) -> ((Option<String>, Option<String>), Result<T, Problem>) {
    match row {
        Row::Value(value) => {
            let named = match value.get(name) {
                Some(Value::String(text)) => Some(text.chars().take(200).collect()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            match one(value, defaults) {
                Ok(taken) => {
                    let said = taken.issues.iter().filter(|i| NOTED.contains(&i.code));
                    let said: Vec<String> = said.map(|i| format!("{}: {}", i.code, i.message)).collect();
                    ((named, (!said.is_empty()).then(|| said.join("; "))), Ok(taken.record))
                }
                Err(reject) => ((named, None), Err(Problem::new(reject.reason_code, reject.message))),
            }
        }
        Row::Broken { reason, .. } => ((None, None), Err(Problem::new("bad_json", reason.clone()))),
    }
}

/// What was taken otherwise than it was sent, or with a doubt: said in `note`.
const NOTED: &[&str] = &["time_ahead", "unknown_status", "spreadsheet_text", "id_in_exponent_form", "id_rounded"];

/// Counts what came, and keeps the refused rows.
async fn finish(app: &App, caller: &Caller, what: &'static str, refused: Vec<Rejected>, taken: usize, all: usize) {
    app.counts.rows_taken.fetch_add(taken as u64, Relaxed);
    app.counts.rows_refused.fetch_add(all.saturating_sub(taken) as u64, Relaxed);
    let lost = app.rejects.keep(what, &caller.actor.who, refused).await;
    app.counts.refused_not_kept.fetch_add(lost, Relaxed);
}

/// Lines in the shape the request had: an object for an object, an array for an array, NDJSON for NDJSON.
fn answer<L: Serialize>(shape: Shape, lines: &[L], taken: fn(&L) -> bool) -> Response {
    let status = if lines.iter().all(taken) { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    if shape == Shape::Array {
        return (status, Json(lines)).into_response();
    }
    let mut text = Vec::with_capacity(lines.len() * 96);
    for line in lines {
        // Strings and numbers always have a JSON form, and memory takes what is written.
        if serde_json::to_writer(&mut text, line).is_ok() {
            text.push(b'\n');
        }
    }
    let kind = if shape == Shape::One { "application/json" } else { "application/x-ndjson" };
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}
