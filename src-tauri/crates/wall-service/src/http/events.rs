//! Server-sent events: frames for viewers, lines of the change log for machines. No gap, ever.

use super::{
    App,
    gate::Caller,
    params::Params,
    refusal::Refusal,
    shares::{Asker, Place},
};
use crate::wall::{WallError, Watch};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde_json::{Value, json};
use std::{convert::Infallible, time::Duration};
use tokio::time::Instant;
use wall_store::{Change, ChangeBatch};

/// How often the right to listen is looked at again: with the memory of tokens, a revoked one is out within 5 s.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A comment this often keeps proxies from closing a calm stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Lines of the change log in one event at most.
const LINES: u32 = 1000;

/// `GET /api/v1/frames?since=`.
pub(crate) async fn frames(
    State(app): State<App>,
    caller: Caller,
    asker: Option<Extension<Asker>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let since = since(&app, &uri, &headers).await?;
    let listener = Listener::new(&app, caller, asker)?;
    let watch = app.wall.watch(&listener.caller.actor, since).await?;
    let start = FrameStream { listener, watch };
    Ok(answer(futures::stream::unfold(start, |mut stream| async move { stream.next().await.map(|event| (Ok(event), stream)) })))
}

/// `GET /api/v1/changes?since=`.
pub(crate) async fn changes(
    State(app): State<App>,
    caller: Caller,
    asker: Option<Extension<Asker>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let since = since(&app, &uri, &headers).await?;
    // Who is further behind than the log reaches is told now, not by a stream that ends at once.
    app.wall.changes(&caller.actor, since, 1, 0).await?;
    let start = ChangeStream { listener: Listener::new(&app, caller, asker)?, last: since };
    Ok(answer(futures::stream::unfold(start, |mut stream| async move { stream.next().await.map(|event| (Ok(event), stream)) })))
}

/// After which revision to go on: `Last-Event-ID` of a browser that reconnects, else `since`, else now.
async fn since(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<i64, Refusal> {
    let newest = app.wall.store().revision().await.map_err(|e| Refusal::from(WallError::from(e)))?;
    let resumed = headers.get("last-event-id").and_then(|v| v.to_str().ok()).filter(|v| !v.trim().is_empty());
    let since = match resumed {
        Some(id) => id.trim().parse::<i64>().ok().filter(|r| *r >= 0),
        None => Some(Params::of(uri)?.whole("since", 0..=i64::MAX)?.unwrap_or(newest)),
    };
    let since = since.ok_or_else(|| Refusal::invalid("Last-Event-ID is not a revision"))?;
    if since > newest {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "revision_ahead",
            format!(
                "revision {since} is not reached yet, the store is at {newest}: it was replaced; start again from a snapshot"
            ),
        ));
    }
    Ok(since)
}

fn answer(stream: impl futures::Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// What both streams share: their place among the streams, and the right to listen.
struct Listener {
    app: App,
    caller: Caller,
    greeted: bool,
    look_again: Instant,
    /// `None` in process.
    _place: Option<Place>,
}

impl Listener {
    fn new(app: &App, caller: Caller, asker: Option<Extension<Asker>>) -> Result<Self, Refusal> {
        let place = asker.map(|asker| app.streams.take(&asker)).transpose()?;
        Ok(Self { app: app.clone(), caller, greeted: false, look_again: Instant::now() + LOOK_AGAIN, _place: place })
    }

    /// The first event says nothing: it makes the answer's head go out and tells a browser when to reconnect.
    fn greeting(&mut self) -> Option<Event> {
        if std::mem::replace(&mut self.greeted, true) {
            return None;
        }
        Some(Event::default().comment("gridwall").retry(Duration::from_secs(1)))
    }

    async fn still_in(&mut self) -> bool {
        if Instant::now() < self.look_again {
            return true;
        }
        self.look_again = Instant::now() + LOOK_AGAIN;
        self.caller.still_in(&self.app).await
    }
}

struct FrameStream {
    listener: Listener,
    watch: Watch,
}

impl FrameStream {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.listener.greeting() {
            return Some(event);
        }
        let Self { listener, watch } = self;
        let frame = {
            let next = watch.next();
            tokio::pin!(next);
            loop {
                if !listener.still_in().await {
                    return None;
                }
                tokio::select! {
                    biased;
                    () = listener.app.closing.closed() => return None,
                    frame = &mut next => break frame,
                    // Not begun anew: catching up may take longer than that.
                    () = tokio::time::sleep_until(listener.look_again) => {}
                }
            }
        };
        let told = match frame {
            Ok(frame) => frame?,
            Err(error) => {
                tracing::warn!(%error, "a viewer could not be caught up");
                return None;
            }
        };
        match Event::default().id(watch.revision().to_string()).json_data(&*told) {
            Ok(event) => Some(event),
            Err(error) => {
                tracing::error!(%error, "a frame could not be written");
                None
            }
        }
    }
}

struct ChangeStream {
    listener: Listener,
    last: i64,
}

impl ChangeStream {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.listener.greeting() {
            return Some(event);
        }
        loop {
            if !self.listener.still_in().await {
                return None;
            }
            let app = &self.listener.app;
            let wait_ms = self.listener.look_again.saturating_duration_since(Instant::now()).as_millis() as u64;
            let batch = tokio::select! {
                biased;
                () = app.closing.closed() => return None,
                batch = app.wall.changes(&self.listener.caller.actor, self.last, LINES, wait_ms.max(1)) => batch,
            };
            match batch {
                Ok(batch) if batch.to_revision > self.last => {
                    self.last = batch.to_revision;
                    return Some(Event::default().id(self.last.to_string()).data(batch_json(&batch).to_string()));
                }
                // Nothing new; and should the wall answer before its time, this does not spin.
                Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => {
                    tracing::warn!(%error, "a stream of changes ends");
                    return None;
                }
            }
        }
    }
}

fn batch_json(batch: &ChangeBatch) -> Value {
    let line = |c: &Change| {
        let op = if c.removed { "remove" } else { "upsert" };
        json!({ "revision": c.revision, "kind": c.kind.code(), "id": c.id, "op": op })
    };
    let changes: Vec<Value> = batch.changes.iter().map(line).collect();
    json!({ "from_revision": batch.from_revision, "to_revision": batch.to_revision, "changes": changes })
}
