//! Whether the process lives, whether the wall is ready, and counters for Prometheus.

use super::{App, gate::Caller, refusal::Refusal};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// What the HTTP interface counts itself.
#[derive(Default)]
pub(crate) struct Counts {
    /// Answers by hundreds of their status, 1xx … 5xx.
    answers: [AtomicU64; 5],
    pub rows_taken: AtomicU64,
    pub rows_refused: AtomicU64,
    /// Refused rows that were not kept because the day's file is full or cannot be written.
    pub refused_not_kept: AtomicU64,
}

impl Counts {
    pub fn answered(&self, status: StatusCode) {
        if let Some(count) = self.answers.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// The process answers.
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The store answers, has just been written, and the world is loaded. Says little more: everybody may ask.
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    match app.wall.ready().await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let words = format!("the store takes nothing at the moment ({})", error.code());
            Err(Refusal::busy("not_ready", words, error.retry_after_s().unwrap_or(1)))
        }
    }
}

/// Prometheus text format.
pub(crate) async fn metrics(State(app): State<App>, _: Caller) -> Result<Response, Refusal> {
    let mut out = String::new();
    for (name, help, value) in app.wall.metrics().await? {
        metric(&mut out, name, help, &[("", value)]);
    }
    let counts = &app.counts;
    let count = |c: &AtomicU64| c.load(Relaxed) as f64;
    let classes = ["{status=\"1xx\"}", "{status=\"2xx\"}", "{status=\"3xx\"}", "{status=\"4xx\"}", "{status=\"5xx\"}"];
    let answers: Vec<_> = classes.iter().copied().zip(counts.answers.iter().map(count)).collect();
    metric(&mut out, "gridwall_http_answers_total", "Answers by class of status.", &answers);
    metric(
        &mut out,
        "gridwall_intake_rows_total",
        "Rows of posted tickets and positions.",
        &[("{outcome=\"taken\"}", count(&counts.rows_taken)), ("{outcome=\"refused\"}", count(&counts.rows_refused))],
    );
    metric(
        &mut out,
        "gridwall_intake_refused_not_kept_total",
        "Refused rows that the rejects file did not take.",
        &[("", count(&counts.refused_not_kept))],
    );
    metric(&mut out, "gridwall_http_streams", "Event streams open.", &[("", app.streams.taken() as f64)]);
    metric(&mut out, "gridwall_http_pictures", "Pictures asked for and not sent yet.", &[("", app.pictures.taken() as f64)]);
    if let Some(tls) = &app.options.tls {
        let ends = tls.about().ends.0 as f64 / 1_000.0;
        metric(&mut out, "gridwall_tls_certificate_ends_seconds", "When the certificate shown ends, Unix time.", &[("", ends)]);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out).into_response())
}

fn metric(out: &mut String, name: &str, help: &str, values: &[(&str, f64)]) {
    let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", help.replace('\\', "\\\\").replace('\n', "\\n"));
    for (labels, value) in values {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}
