//! The user interface's files, and the pages for those who are not in yet.

use super::{
    App,
    door::Entry,
    gate::{COOKIE, Caller},
    params::Params,
    refusal::Refusal,
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The built user interface: bytes and MIME type of a file by its path (`index.html`, `assets/app.js`).
pub trait UiAssets: Send + Sync {
    /// The file at `path` (no leading slash, `/` between folders); `None` when there is none.
    fn get(&self, path: &str) -> Option<(Cow<'static, [u8]>, String)>;
}

/// `/`: the wall for those who are in, the door for a one-time link, and how to get in for everybody else.
pub(crate) async fn index(
    State(app): State<App>,
    caller: Option<Extension<Caller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let once = if app.options.local_actor.is_some() {
        None
    } else {
        Params::of(&uri).ok().and_then(|p| p.text("once").map(str::to_owned))
    };
    match once {
        // A look at the address (link previews) does not use it up.
        Some(_) if method == Method::HEAD => StatusCode::OK.into_response(),
        Some(secret) => enter(&app, &secret),
        None if caller.is_none() => page(
            StatusCode::UNAUTHORIZED,
            "请用一次性链接进入",
            "Open the one-time link",
            "在启动指挥墙的窗口里,有一条以 ?once= 结尾的链接;在本机浏览器中打开它即可。链接十分钟内有效,只能用一次。",
            "The window in which the wall was started shows a link with ?once= in it. Open it in this browser. \
             It is good once, within ten minutes.",
        ),
        None => serve_file(&app, "index.html", &headers).unwrap_or_else(|| {
            Refusal::not_found("this build carries no user interface; the API answers below /api/v1/").into_response()
        }),
    }
}

/// Every other path: a file of the user interface or nothing.
pub(crate) async fn file(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let plain = !path.is_empty() && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let readable = matches!(method, Method::GET | Method::HEAD);
    let found = (plain && readable).then(|| serve_file(&app, path, &headers)).flatten();
    found.unwrap_or_else(|| Refusal::not_found("there is nothing at this address").into_response())
}

fn serve_file(app: &App, path: &str, headers: &HeaderMap) -> Option<Response> {
    let (bytes, mime) = app.options.assets.get(path)?;
    let hash: String = Sha256::digest(&bytes).iter().take(16).map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{hash}\"");
    // Files below assets/ carry a hash of their content in their name; others are asked about each time.
    let caching = if path.starts_with("assets/") { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(',').any(|t| t.trim().trim_start_matches("W/") == tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match bytes {
            Cow::Borrowed(b) => Body::from(b),
            Cow::Owned(b) => Body::from(b),
        };
        let mut response = Response::new(body);
        let mime = HeaderValue::from_str(&mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(header::CONTENT_TYPE, mime);
        response
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    Some(response)
}

fn enter(app: &App, secret: &str) -> Response {
    match app.options.doors.enter(secret) {
        Ok(Entry::In(session)) => {
            let secure = if app.options.behind_tls { "; Secure" } else { "" };
            let cookie = format!("{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/{secure}");
            // To `/`, so that the secret leaves the address bar.
            (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::SET_COOKIE, cookie.as_str())]).into_response()
        }
        Ok(Entry::Used) => page(
            StatusCode::GONE,
            "这条链接已经用过了",
            "This link was used before",
            "一次性链接只能用一次。如果是您自己在这个浏览器里用过,请直接进入;否则请在启动指挥墙的窗口里取一条新的,并留意是谁用了它。",
            "A one-time link is good once. If it was you, in this browser, go straight in; \
             otherwise get a new one where the wall was started, and find out who used this one.",
        ),
        Ok(Entry::Unknown) => page(
            StatusCode::FORBIDDEN,
            "这条链接无效或已过期",
            "This link is not known, or too old",
            "一次性链接十分钟内有效,指挥墙重新启动后旧链接也会失效。请在启动指挥墙的窗口里取一条新的。",
            "A one-time link is good for ten minutes and ends when the wall is restarted. Get a new one where the wall was started.",
        ),
        Err(error) => {
            tracing::error!(%error, "no session could be made");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "io", "no session could be made").into_response()
        }
    }
}

fn page(status: StatusCode, title_zh: &str, title: &str, text_zh: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>网格指挥墙 GridWall</title><style>\
         body{{margin:0;min-height:100vh;display:grid;place-items:center;background:#0b1220;color:#e6edf7;\
         font:18px/1.7 system-ui,\"Noto Sans CJK SC\",\"Microsoft YaHei\",sans-serif}}\
         main{{max-width:34em;padding:2em}}h1{{font-size:1.6em;margin:0}}h2{{font-size:1.1em;margin:1.6em 0 0;color:#9fb3cc}}\
         p{{margin:.5em 0}}a{{color:#5cc8ff}}.en{{color:#9fb3cc}}</style></head><body><main>\
         <h1>{title_zh}</h1><p>{text_zh}</p><h2 lang=\"en\">{title}</h2><p class=\"en\" lang=\"en\">{text}</p>\
         <p><a href=\"/\">进入指挥墙 · Open the wall</a></p></main></body></html>"
    );
    (status, Html(html)).into_response()
}
