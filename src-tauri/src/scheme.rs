//! `gridwall://localhost/…`: the window asks the same router as a browser does, without a network.

use axum::{Router, body::Body};
use tauri::{UriSchemeContext, UriSchemeResponder, Wry};
use tower::ServiceExt;

/// Name of the scheme.
pub const SCHEME: &str = "gridwall";

/// The handler of the scheme over a router made for the window.
pub fn handler(
    router: Router,
    runtime: tokio::runtime::Handle,
) -> impl Fn(UriSchemeContext<'_, Wry>, http::Request<Vec<u8>>, UriSchemeResponder) + Send + Sync + 'static {
    move |_context, request, responder| {
        let router = router.clone();
        runtime.spawn(async move {
            let response = match router.oneshot(request.map(Body::from)).await {
                Ok(r) => r,
                Err(never) => match never {},
            };
            let (mut head, body) = response.into_parts();
            // Workers of the page ask across the origin of their blob.
            head.headers.insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, http::HeaderValue::from_static("*"));
            let answer = match axum::body::to_bytes(body, 64 << 20).await {
                Ok(bytes) => http::Response::from_parts(head, bytes.to_vec()),
                Err(e) => {
                    let mut failed = http::Response::new(e.to_string().into_bytes());
                    *failed.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                    failed
                }
            };
            responder.respond(answer);
        });
    }
}
