//! The user interface's files, and the pages for those who are not in yet.

use super::{App, door::Entry, gate::Caller, params::Params, refusal::Refusal, session::station_cookie};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use wall_store::{Actor, Role};

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
        Some(secret) => enter(&app, &secret, &headers).await,
        None if caller.is_none() => sign_in_page(&app, None).await,
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

async fn enter(app: &App, once: &str, headers: &HeaderMap) -> Response {
    match app.options.doors.enter(once) {
        Entry::In(role) => {
            match app.wall.open_station(role, &station_name(headers)).await {
                Ok(secret) => {
                    let cookie = station_cookie(app, &secret);
                    // To `/`, so that the link leaves the address bar.
                    (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::SET_COOKIE, cookie.as_str())]).into_response()
                }
                Err(error) => {
                    tracing::error!(%error, "a station could not be let in");
                    app.options.doors.give_back(once);
                    page(
                        Refusal::from(error).status,
                        "数据库现在不能写入,暂时不能进入",
                        "The store cannot be written just now",
                        "这条链接仍然有效。请在数据库恢复后(见启动指挥墙的窗口)再打开它。",
                        "This link stays good. Open it again once the store is well (see where the wall was started).",
                    )
                }
            }
        }
        Entry::Used => page(
            StatusCode::GONE,
            "这条链接已经用过了",
            "This link was used before",
            "一次性链接只能用一次。如果是您自己在这个浏览器里用过,请直接进入;否则请在启动指挥墙的窗口里取一条新的,并留意是谁用了它。",
            "A one-time link is good once. If it was you, in this browser, go straight in; \
             otherwise get a new one where the wall was started, and find out who used this one.",
        ),
        Entry::Unknown => page(
            StatusCode::FORBIDDEN,
            "这条链接无效或已过期",
            "This link is not known, or too old",
            "一次性链接十分钟内有效,没有用过的链接在指挥墙重新启动后也会失效。请在启动指挥墙的窗口里取一条新的。",
            "A one-time link is good for ten minutes, and an unused one ends when the wall is restarted. Get a new one where the wall was started.",
        ),
    }
}

/// Header by which a window on another machine says what its station is called, percent-encoded.
pub const STATION_NAME: &str = "x-gridwall-station";

/// What a station calls itself: a window by the name it was given, a browser by its own word.
fn station_name(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match text(STATION_NAME) {
        Some(name) => {
            form_urlencoded::parse(format!("n={name}").as_bytes()).next().map_or_else(String::new, |n| n.1.into_owned())
        }
        None => text("user-agent").unwrap_or_default().to_owned(),
    }
}

/// The page before the wall: a form where there are accounts, and how to get in without one. No script, no data.
pub(super) async fn sign_in_page(app: &App, refused: Option<Refusal>) -> Response {
    let nobody = Actor::new("nobody", Role::Viewer, "browser");
    // A store that does not answer just now: the link still helps.
    let view = app.wall.session_view(&nobody, None).await.ok();
    let mut form = String::new();
    if let Some(refusal) = &refused {
        let (zh, en) = match refusal.status {
            StatusCode::TOO_MANY_REQUESTS => {
                let s = refusal.retry_after_s.unwrap_or(1);
                (format!("失败次数过多,请在 {s} 秒后再试。"), format!("Too many attempts failed; try again in {s} s."))
            }
            StatusCode::UNAUTHORIZED => ("账号或密码不正确。".into(), "Name or password is wrong.".into()),
            _ => ("现在不能登录,请稍后再试。".into(), "Signing in does not work just now; try again.".into()),
        };
        form += &format!("<p class=\"why\" role=\"alert\">{zh}<br><span lang=\"en\">{en}</span></p>");
    }
    if view.as_ref().is_some_and(|v| v.accounts_exist) {
        form += "<form method=\"post\" action=\"/api/v1/session\">\
             <label>账号 <span lang=\"en\">Name</span>\
             <input name=\"name\" autocomplete=\"username\" autocapitalize=\"none\" maxlength=\"80\" required autofocus></label>\
             <label>密码 <span lang=\"en\">Password</span>\
             <input name=\"password\" type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\" required></label>\
             <button>登录 · Sign in</button></form>";
    }
    for account in view.iter().flat_map(|v| &v.demo_accounts) {
        // Written by us, not typed by anybody: nothing here needs escaping.
        form += &format!(
            "<form class=\"demo\" method=\"post\" action=\"/api/v1/session\"><input type=\"hidden\" name=\"name\" value=\"{}\">\
             <input type=\"hidden\" name=\"password\" value=\"{}\"><button>演示账号 {} · demo account {}</button></form>",
            account.name, account.password, account.display_name, account.name
        );
    }
    let status = refused.as_ref().map_or(StatusCode::UNAUTHORIZED, |r| r.status);
    let (title_zh, title) =
        if form.is_empty() { ("请用一次性链接进入", "Open the one-time link") } else { ("登录", "Sign in") };
    let text_zh = "在启动指挥墙的窗口里,有一条以 ?once= 结尾的一次性链接;在本机浏览器中打开它即可。链接十分钟内有效,只能用一次。";
    let text = "The window in which the wall was started shows a one-time link with ?once= in it. Open it in this browser. \
         It is good once, within ten minutes.";
    let body = format!(
        "<h1>{title_zh} <span lang=\"en\">{title}</span></h1>{form}<p>{text_zh}</p><p class=\"en\" lang=\"en\">{text}</p>"
    );
    let mut response = (status, Html(document(&body))).into_response();
    if let Some(s) = refused.and_then(|r| r.retry_after_s) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
    }
    response
}

fn page(status: StatusCode, title_zh: &str, title: &str, text_zh: &str, text: &str) -> Response {
    let body = format!(
        "<h1>{title_zh}</h1><p>{text_zh}</p><h2 lang=\"en\">{title}</h2><p class=\"en\" lang=\"en\">{text}</p>\
         <p><a href=\"/\">进入指挥墙 · Open the wall</a></p>"
    );
    (status, Html(document(&body))).into_response()
}

/// A page of ours that says what is the matter, in two languages; `again_s`: it opens the wall anew after so many seconds. The
/// texts are put in as they are.
pub fn notice(title_zh: &str, text_zh: &str, title: &str, text: &str, again_s: Option<u32>) -> String {
    let body = format!("<h1>{title_zh}</h1><p>{text_zh}</p><h2 lang=\"en\">{title}</h2><p class=\"en\" lang=\"en\">{text}</p>");
    let again = again_s.map_or_else(String::new, |s| format!("<meta http-equiv=\"refresh\" content=\"{s};url=/\">"));
    document(&body).replacen("</head>", &format!("{again}</head>"), 1)
}

/// How the pages before the wall look: allowed by its hash, so that no other style written into a page is.
const STYLE: &str = "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#0d0f11;color:#e9edf0;\
font:18px/1.7 system-ui,\"Noto Sans CJK SC\",\"Microsoft YaHei\",sans-serif}\
main{max-width:34em;padding:2em}h1{font-size:1.6em;font-weight:400;margin:0 0 .6em}\
h2{font-size:1.1em;font-weight:400;margin:1.6em 0 0}p{margin:.5em 0}a{color:inherit}\
.en,h1 span,h2,label span{color:#a9b1b8}form{display:grid;gap:.8em;margin:0 0 1em;max-width:24em}label{display:block}\
input{display:block;box-sizing:border-box;width:100%;margin-top:.2em}\
input,button{font:inherit;color:inherit;background:none;border:1px solid #808990;padding:.4em .8em}\
button{cursor:pointer;text-align:left}.demo{margin:0 0 .5em}.why{border-left:3px solid #e9edf0;padding-left:.8em}\
:focus-visible{outline:2px solid #fff;outline-offset:2px}form+p{margin-top:2em}";

/// What the content security policy calls [`STYLE`].
pub(super) fn style_hash() -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(STYLE)))
}

/// A page of ours around a body. Its forms name their origin, which `no-referrer` would hide from us too.
fn document(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"same-origin\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>网格指挥墙 GridWall</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}
