//! `gridwall://localhost/…`: the window asks the same router as a browser does, without a network, or the server whose wall it shows.

use crate::remote::Remote;
use axum::{Router, body::Body};
use std::sync::Arc;
use tauri::{UriSchemeContext, UriSchemeResponder, Wry};
use tower::ServiceExt;

/// Name of the scheme.
pub const SCHEME: &str = "gridwall";

/// Who answers the window.
#[derive(Clone)]
pub enum Answerer {
    /// The router of the wall in this process.
    Here(Router),
    /// A server elsewhere.
    There(Arc<Remote>),
}

impl Answerer {
    async fn answer(self, request: http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        let router = match self {
            Self::Here(router) => router,
            Self::There(remote) => return remote.answer(request).await,
        };
        let response = match router.oneshot(request.map(Body::from)).await {
            Ok(r) => r,
            Err(never) => match never {},
        };
        let (mut head, body) = response.into_parts();
        // Workers of the page ask across the origin of their blob.
        head.headers.insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, http::HeaderValue::from_static("*"));
        match axum::body::to_bytes(body, 64 << 20).await {
            Ok(bytes) => http::Response::from_parts(head, bytes.to_vec()),
            Err(e) => {
                let mut failed = http::Response::new(e.to_string().into_bytes());
                *failed.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                failed
            }
        }
    }
}

/// The handler of the scheme.
pub fn handler(
    answerer: Answerer,
    runtime: tokio::runtime::Handle,
) -> impl Fn(UriSchemeContext<'_, Wry>, http::Request<Vec<u8>>, UriSchemeResponder) + Send + Sync + 'static {
    move |_context, request, responder| {
        let answerer = answerer.clone();
        runtime.spawn(async move { responder.respond(answerer.answer(request).await) });
    }
}
