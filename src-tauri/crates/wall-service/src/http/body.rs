//! Reading a request's body: bounded in size, in time and over all requests together.

use super::refusal::Refusal;
use axum::{
    body::{Body, BodyDataStream},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use futures::StreamExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Largest body taken, in bytes.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Bytes of bodies held at once over all requests; beyond, requests are asked to come back.
const HELD_LIMIT: usize = 96 * 1024 * 1024;
/// A sender that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(15);
/// A body must be there after this long, and a small one, of somebody unknown, after less.
const WHOLE: Duration = Duration::from_secs(120);
const SMALL_WHOLE: Duration = Duration::from_secs(15);
/// Of a body that is too large, this much is read and thrown away, so that the sender gets to read the answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// Bytes of bodies held now.
#[derive(Clone, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// A body in memory; gives its bytes back to the budget when dropped.
pub(crate) struct Held {
    pub bytes: Vec<u8>,
    budget: Budget,
    counted: usize,
}

impl Held {
    fn add(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let before = self.budget.0.fetch_add(chunk.len(), Ordering::Relaxed);
        self.counted += chunk.len();
        if before + chunk.len() > HELD_LIMIT {
            return Err(Refusal::busy("queue_full", "too many large requests at once; nothing of this one was taken", 2));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

/// The body of a request, whole, of [`BODY_LIMIT`] at most.
pub(crate) async fn read(budget: &Budget, request: Request) -> Result<Held, Refusal> {
    read_at_most(BODY_LIMIT, budget, request).await
}

/// The body of a request, whole: where nobody knows yet who asks, `most` is small, and what is larger is neither held nor
/// waited for.
pub(crate) async fn read_at_most(most: usize, budget: &Budget, request: Request) -> Result<Held, Refusal> {
    let (parts, body) = request.into_parts();
    if let Some(encoding) = parts.headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_encoding",
            "send the body as it is, without Content-Encoding",
        ));
    }
    let mut held = Held { bytes: Vec::new(), budget: budget.clone(), counted: 0 };
    let whole = if most == BODY_LIMIT { WHOLE } else { SMALL_WHOLE };
    match tokio::time::timeout(whole, collect(most, &parts.headers, body, &mut held)).await {
        Ok(done) => done.map(|()| held),
        Err(_) => Err(too_slow()),
    }
}

async fn collect(most: usize, headers: &HeaderMap, body: Body, held: &mut Held) -> Result<(), Refusal> {
    // A known sender of large files gets to read the answer; others are cut.
    let drains = most == BODY_LIMIT;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let mut stream = body.into_data_stream();
    if announced.is_some_and(|n| n > most as u64) {
        // Who asks before sending (`Expect: 100-continue`) is told at once.
        if drains && !headers.contains_key(header::EXPECT) {
            drain(&mut stream).await;
        }
        return Err(too_large(most));
    }
    while let Some(chunk) = tokio::time::timeout(SILENCE, stream.next()).await.map_err(|_| too_slow())? {
        let chunk = chunk.map_err(|_| Refusal::invalid("the body ended before it was whole"))?;
        if held.bytes.len() + chunk.len() > most {
            if drains {
                drain(&mut stream).await;
            }
            return Err(too_large(most));
        }
        held.add(&chunk)?;
    }
    Ok(())
}

async fn drain(stream: &mut BodyDataStream) {
    let mut thrown = 0;
    while thrown < DRAINED
        && let Ok(Some(Ok(chunk))) = tokio::time::timeout(SILENCE, stream.next()).await
    {
        thrown += chunk.len();
    }
}

fn too_large(most: usize) -> Refusal {
    let most = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("the body is larger than {most}; nothing of it was taken, send it in parts"),
    )
}

fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time; nothing of it was taken")
}
