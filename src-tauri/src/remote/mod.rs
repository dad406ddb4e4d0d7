//! A wall that is served by another machine: asked over TLS, known by its key, let in as a station.
//!
//! The key is compared by somebody when the server is met first, before anything secret is sent, pinned, and asked for ever after. The page and all it asks come from the server, as in
//! a browser; cookies stay on this side and never reach the page.

mod connect;
mod kept;
mod pages;

pub use pages::Trouble;

use crate::console::Failure;
use axum::body::Body;
use connect::{Connector, Pins};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use kept::{Known, NAME};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use wall_service::http::{Fingerprint, STATION_NAME, window_headers};

/// An answer begins within this time, or there is none: the page's own patience ends before.
const HEAD: Duration = Duration::from_secs(150);
/// A stream says something every few seconds; silent for so long, its other end is gone.
const SILENT: Duration = Duration::from_secs(20);
/// A server that is met for the first time, or at the start, answers within this time.
const FIRST: Duration = Duration::from_secs(20);
/// Largest answer that is handed to the page.
const ANSWER: usize = 64 << 20;
/// Cookies kept at most.
const COOKIES: usize = 16;
/// The cookie of stations and sessions.
const SESSION: &str = "gridwall_session";
/// What belongs to one connection, and what a browser says of itself: both are said anew on this side.
const OURS: [HeaderName; 12] = [
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::COOKIE,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::UPGRADE,
    header::ACCEPT_ENCODING,
    header::USER_AGENT,
    header::TE,
    header::SET_COOKIE,
];

/// A server elsewhere. Shared by the window's scheme and its stream of frames.
pub struct Remote {
    /// `https://HOST:PORT`.
    origin: String,
    /// Where what is known of it is kept.
    file: PathBuf,
    pins: Arc<Pins>,
    client: Client<Connector, Body>,
    cookies: Mutex<BTreeMap<String, String>>,
    /// What this station calls itself.
    name: String,
    first_met: bool,
}

/// How a server is reached.
pub struct Asked<'a> {
    /// `https://HOST:PORT`, or a one-time link of it.
    pub server: &'a str,
    /// The key it has, when that is known from elsewhere, or is to be another one from now on.
    pub fingerprint: Option<Fingerprint>,
    /// What `station add` printed.
    pub code: Option<String>,
    /// What this station calls itself.
    pub name: Option<String>,
    /// Asked when the server (its origin) is met first and its key is not known from elsewhere: whether somebody compared it. Until
    /// then neither link nor code is sent.
    pub compare: &'a (dyn Fn(&str, Fingerprint) -> Result<(), Failure> + Sync),
}

/// Where a server is said to be: its origin, and the one-time part.
fn address(text: &str) -> Result<(String, String, u16, Option<String>), Failure> {
    let refused =
        |why: &str| Failure::usage(format!("{why}; a server reads https://HOST:PORT, or is the one-time link it printed"));
    let uri: Uri = text.parse().map_err(|_| refused("this is no address"))?;
    if uri.scheme_str() != Some("https") {
        return Err(refused("a wall on another machine is asked by https:// only"));
    }
    let authority = uri.authority().filter(|a| !a.as_str().contains('@')).ok_or_else(|| refused("the address names no host"))?;
    if !matches!(uri.path(), "" | "/") {
        return Err(refused("the address of a server has no path"));
    }
    let once = match uri.query() {
        None => None,
        Some(q) => Some(q.strip_prefix("once=").ok_or_else(|| refused("the address of a server has no such part"))?.to_owned()),
    };
    let port = uri.port_u16().unwrap_or(443);
    Ok((format!("https://{authority}"), authority.host().to_owned(), port, once))
}

impl Remote {
    /// Meets the server, pins its key when it is new and was compared, and comes in when there is a link or a code. `folder` is the
    /// data directory.
    ///
    /// # Errors
    /// The address is none; the server shows another key than the one that is pinned; it is new and cannot be reached, or nobody
    /// compared its key; the link or the code lets nobody in.
    pub async fn open(folder: &Path, asked: Asked<'_>) -> Result<Self, Failure> {
        let (origin, host, port, once) = address(asked.server)?;
        let file = kept::file(folder, &host, port);
        let known = match Known::read(&file) {
            // What cannot be read is told anew.
            Err(_) if asked.fingerprint.is_some() => None,
            known => known?,
        };
        let pinned = match asked.fingerprint {
            Some(told) => Some(told),
            None => known.as_ref().map(|k| k.public_key()).transpose()?,
        };
        let kept_key = known.as_ref().and_then(|k| k.public_key().ok());
        // A key that nobody has shown yet does not take the place of one that was met.
        let told_anew = kept_key.is_some() && asked.fingerprint.is_some() && kept_key != asked.fingerprint;
        let pins = Arc::new(Pins::new(pinned));
        let client = Client::builder(TokioExecutor::new())
            // Shorter than the server lets a silent connection stand: a command must not fall on one that is just being closed.
            .pool_idle_timeout(Duration::from_secs(5))
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(8)
            .build(Connector::new(host, port, pins.clone())?);
        let name = asked.name.or_else(|| known.as_ref().map(|k| k.name.clone())).or_else(wall_service::http::machine_name);
        let mut cookies = BTreeMap::new();
        if let Some(secret) = known.as_ref().and_then(|k| k.station.clone()) {
            cookies.insert(SESSION.to_owned(), secret);
        }
        let remote = Self {
            origin,
            file,
            pins,
            client,
            cookies: Mutex::new(cookies),
            name: name.unwrap_or_else(|| NAME.into()),
            first_met: pinned.is_none(),
        };
        let met = tokio::time::timeout(FIRST, remote.send(Request::get("/healthz"), Body::empty())).await;
        let met = met.unwrap_or(Err(Trouble::Unreachable("it does not answer".into())));
        match met {
            Ok(_) => {}
            // A server that is known may be away for a while: the window says so, and goes on when it is back.
            Err(trouble @ Trouble::Unreachable(_)) if pinned.is_some() && once.is_none() && !told_anew => {
                tracing::warn!("{}", trouble.words(&remote.origin));
            }
            Err(trouble) => return Err(Failure { code: trouble.exit_code(), message: trouble.words(&remote.origin) }),
        }
        if let Some(shown) = remote.pins.shown().filter(|_| remote.first_met) {
            (asked.compare)(&remote.origin, shown)?;
            remote.pins.pin(shown);
        }
        if let Some(once) = once {
            let entered = tokio::time::timeout(FIRST, remote.enter(&once)).await;
            entered.map_err(|_| Failure {
                code: 4,
                message: Trouble::Unreachable("it does not answer".into()).words(&remote.origin),
            })??;
        }
        if let Some(code) = asked.code {
            remote.cookies().insert(SESSION.to_owned(), code.trim().to_owned());
            if !remote.is_in().await? {
                return Err(Failure { code: 5, message: "the server does not know this code, or its right is over".into() });
            }
        }
        remote.keep()?;
        Ok(remote)
    }

    /// `https://HOST:PORT`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What this station calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key it has to show.
    pub fn public_key(&self) -> Option<Fingerprint> {
        self.pins.pinned()
    }

    /// Whether its key was compared and pinned only now.
    pub fn is_first_met(&self) -> bool {
        self.first_met
    }

    /// Whether this station is let in.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn is_in(&self) -> Result<bool, Failure> {
        let asked = tokio::time::timeout(FIRST, self.send(Request::get("/api/v1/session"), Body::empty())).await;
        match asked.unwrap_or(Err(Trouble::Unreachable("it does not answer".into()))) {
            Ok(answer) => Ok(answer.status().is_success()),
            Err(trouble) => Err(Failure { code: trouble.exit_code(), message: trouble.words(&self.origin) }),
        }
    }

    /// Uses a one-time link.
    async fn enter(&self, once: &str) -> Result<(), Failure> {
        let path = format!("/?once={once}");
        let refused = |code, message: String| Failure { code, message };
        let answer =
            self.send(Request::get(path), Body::empty()).await.map_err(|t| refused(t.exit_code(), t.words(&self.origin)))?;
        match answer.status() {
            StatusCode::SEE_OTHER => Ok(()),
            StatusCode::GONE => {
                Err(refused(5, "this link was used before; `gridwall station add NAME` on the server gives a code".into()))
            }
            StatusCode::FORBIDDEN => Err(refused(
                5,
                "this link is not known, or too old; `gridwall station add NAME` on the server gives a code".into(),
            )),
            status => Err(refused(4, format!("the server lets nobody in at the moment ({status})"))),
        }
    }

    /// Writes down what is known of the server.
    fn keep(&self) -> Result<(), Failure> {
        let Some(key) = self.pins.pinned() else { return Ok(()) };
        let station = self.cookies().get(SESSION).filter(|s| s.starts_with("gl_")).cloned();
        Known { server: self.origin.clone(), public_key_sha256: key.to_string(), name: self.name.clone(), station }
            .write(&self.file)
    }

    fn cookies(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server, with this side's words about itself.
    async fn send(&self, request: http::request::Builder, body: Body) -> Result<Response<Incoming>, Trouble> {
        let mut request = request.body(body).map_err(|e| Trouble::Unreachable(e.to_string()))?;
        let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
        *request.uri_mut() = format!("{}{path}", self.origin).parse().map_err(|_| Trouble::Unreachable("the address".into()))?;
        let name: String = form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        let cookies: Vec<String> = self.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = request.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        set(header::USER_AGENT, concat!("GridWall/", env!("CARGO_PKG_VERSION")));
        set(HeaderName::from_static(STATION_NAME), &name);
        set(header::ORIGIN, &self.origin);
        set(HeaderName::from_static("sec-fetch-site"), "same-origin");
        if !cookies.is_empty() {
            set(header::COOKIE, &cookies.join("; "));
        }
        let answer = self.client.request(request).await.map_err(|e| self.pins.trouble(&e))?;
        self.take_cookies(answer.headers());
        Ok(answer)
    }

    /// Cookies of the server's answers; those that end are dropped. The station's is written down.
    fn take_cookies(&self, headers: &HeaderMap) {
        let mut changed = false;
        for told in headers.get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let mut parts = told.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let over = value.is_empty() || parts.any(|p| p.eq_ignore_ascii_case("max-age=0"));
            let mut cookies = self.cookies();
            changed |= name == SESSION;
            if over {
                cookies.remove(name);
            } else if cookies.len() < COOKIES || cookies.contains_key(name) {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if changed && let Err(failure) = self.keep() {
            tracing::warn!("what lets this station in could not be kept: {}", failure.message);
        }
    }

    /// Answers a question of the page by the server, whatever comes of it.
    pub async fn answer(&self, asked: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let is_page = asked.method() == Method::GET && asked.uri().path() == "/";
        let mut response = match tokio::time::timeout(HEAD, self.forward(asked)).await {
            Ok(Ok(response)) => response,
            Ok(Err(trouble)) => trouble.answer(&self.origin, is_page),
            Err(_) => Trouble::Unreachable("it does not answer in time".into()).answer(&self.origin, is_page),
        };
        window_headers(response.headers_mut());
        response
    }

    async fn forward(&self, asked: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Trouble> {
        let (head, body) = asked.into_parts();
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        let mut request = Request::builder().method(head.method).uri(path);
        for (name, value) in &head.headers {
            if !OURS.contains(name) && !name.as_str().starts_with("sec-") {
                request = request.header(name, value);
            }
        }
        let (mut head, body) = self.send(request, Body::from(body)).await?.into_parts();
        let bytes = axum::body::to_bytes(Body::new(body), ANSWER).await.map_err(|e| Trouble::Unreachable(e.to_string()))?;
        for name in OURS {
            head.headers.remove(name);
        }
        // The engine follows no redirection of a scheme: the page goes there itself.
        if head.status.is_redirection() && head.headers.remove(header::LOCATION).is_some() {
            return Ok(pages::go_home());
        }
        Ok(Response::from_parts(head, bytes.to_vec()))
    }

    /// The frames after a revision, in the name of a session where there is one: JSON, one by one.
    ///
    /// # Errors
    /// In words: the server is not reached, or refuses.
    pub async fn frames(&self, since: i64, bearer: Option<&str>) -> Result<Frames, String> {
        let mut request = Request::get(format!("/api/v1/frames?since={since}")).header(header::ACCEPT, "text/event-stream");
        if let Some(secret) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
        }
        let opened = tokio::time::timeout(FIRST, self.send(request, Body::empty())).await;
        let answer =
            opened.unwrap_or(Err(Trouble::Unreachable("it does not answer".into()))).map_err(|t| t.words(&self.origin))?;
        if !answer.status().is_success() {
            return Err(format!("the server refuses the stream: {}", answer.status()));
        }
        Ok(Frames { body: Body::new(answer.into_body()).into_data_stream(), rest: Vec::new(), data: String::new() })
    }
}

/// A stream of frames, as the server sends them.
pub struct Frames {
    body: axum::body::BodyDataStream,
    rest: Vec<u8>,
    data: String,
}

/// Longest event that is waited for.
const EVENT: usize = 64 << 20;

impl Frames {
    /// The next one; `None` when the stream ended, broke, or was silent for long.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.parse() {
                return Some(event);
            }
            let piece = tokio::time::timeout(SILENT, futures::StreamExt::next(&mut self.body)).await.ok()??.ok()?;
            self.rest.extend_from_slice(&piece);
            if self.rest.len() + self.data.len() > EVENT {
                return None;
            }
        }
    }

    /// A whole event of what has come; its lines end as our server ends them.
    fn parse(&mut self) -> Option<String> {
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                if !self.data.is_empty() {
                    return Some(std::mem::take(&mut self.data));
                }
            } else if let Some(text) = line.strip_prefix("data:") {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(text.strip_prefix(' ').unwrap_or(text));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
