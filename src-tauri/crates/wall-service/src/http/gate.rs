//! The one place where it is settled who asks: host, pass, origin (`origin`), rate; then the headers of every answer.

use super::{
    App, assets, open311,
    origin::{asked_host, same_origin},
    refusal::Refusal,
    routes::{Guard, Route},
    seats::SeatHandle,
    serve::{Here, Peer},
    session,
    shares::{Asker, Place, hold},
};
use crate::wall::{Client, actor_of};
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    net::IpAddr,
    sync::LazyLock,
    time::{Duration, Instant},
};
use wall_store::{Account, Actor, Store, Token};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "gridwall_session";

/// A stream goes on in the meantime when the store takes longer to say whether its pass still holds.
const LOOKING: Duration = Duration::from_millis(1_500);

/// What a page may load, over HTTP: from here only, and no style but files and the one of the pages before the wall.
static OVER_HTTP: LazyLock<HeaderValue> = LazyLock::new(|| policy(""));
/// In the window also what its scheme and the way to its Rust side need.
static IN_THE_WINDOW: LazyLock<HeaderValue> = LazyLock::new(|| policy(" ipc: http://ipc.localhost gridwall:"));

fn policy(connect: &str) -> HeaderValue {
    let style = assets::style_hash();
    let policy = format!(
        "default-src 'self'; connect-src 'self'{connect}; img-src 'self' data: blob:; worker-src 'self' blob:; \
         style-src 'self' '{style}'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

/// Who asks and by which pass.
#[derive(Clone)]
pub(crate) struct Caller {
    pub actor: Actor,
    /// Source of records that name none.
    pub source: String,
    pass: Pass,
    /// Whether the browser sent the pass along by itself.
    by_cookie: bool,
}

/// By what the caller was let in.
#[derive(Clone)]
enum Pass {
    /// In process.
    Local,
    /// A browser that came in by a one-time link.
    Station {
        id: i64,
        secret: String,
    },
    /// A person who signed in.
    Account {
        account: Account,
        secret: String,
    },
    Token {
        id: i64,
        secret: String,
        unlimited: bool,
    },
}

impl Caller {
    fn by_token(token: Token, secret: &str) -> Self {
        let actor = Actor::new(format!("token:{}", token.name), token.role, "api");
        Self {
            source: token.own_source().to_owned(),
            actor: Actor { sources: token.sources, scope: token.scope, ..actor },
            pass: Pass::Token { id: token.id, secret: secret.to_owned(), unlimited: token.unlimited },
            by_cookie: false,
        }
    }

    fn by_account(app: &App, account: Account, secret: &str, by_cookie: bool) -> Self {
        let station = app.options.local_actor.as_ref().map_or("browser", |a| a.station.as_str());
        Self {
            actor: actor_of(&account, station),
            source: "wall".into(),
            pass: Pass::Account { account, secret: secret.to_owned() },
            by_cookie,
        }
    }

    /// The account, when a person is signed in.
    pub fn account(&self) -> Option<&Account> {
        match &self.pass {
            Pass::Account { account, .. } => Some(account),
            _ => None,
        }
    }

    /// The secret of the account's session.
    pub fn session_secret(&self) -> Option<&str> {
        match &self.pass {
            Pass::Account { secret, .. } => Some(secret),
            _ => None,
        }
    }

    /// The station, when nobody is signed in at it.
    pub fn station(&self) -> Option<i64> {
        match &self.pass {
            Pass::Station { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether the pass came in the cookie.
    pub fn is_by_cookie(&self) -> bool {
        self.by_cookie
    }

    /// Charges records found in a request that was let in for one.
    pub fn charge(&self, app: &App, records: usize) {
        if let Pass::Token { id, unlimited: false, .. } = self.pass {
            app.buckets.charge(id, records.saturating_sub(1) as f64);
        }
    }

    /// Whether the pass still holds; asked again and again by streams. Keeps a session in use.
    pub async fn still_in(&self, app: &App) -> bool {
        // A store that gives no answer at all must not silence the stream that would say so.
        tokio::time::timeout(LOOKING, self.holds(app)).await.unwrap_or(true)
    }

    async fn holds(&self, app: &App) -> bool {
        match &self.pass {
            Pass::Local => true,
            Pass::Station { secret, .. } => !matches!(app.wall.station_of(secret).await, Ok(None)),
            Pass::Account { secret, .. } => !matches!(app.wall.account_of(secret).await, Ok(None)),
            // A store that does not answer just now is no revocation.
            Pass::Token { secret, .. } => !matches!(app.tokens.find(&app.wall, secret).await, Ok(None)),
        }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::sign_in)
    }
}

/// The middleware around everything.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let working = request.extensions_mut().remove::<SeatHandle>().map(SeatHandle::work);
    let here = request.extensions().get::<Here>().map(|here| here.0);
    let admitted = async {
        let asked = Asked::of(&request);
        let caller = admit(&app, request.method(), &path, &asked, request.uri(), request.headers(), here).await?;
        if let (Some(route), Some(caller)) = (asked.route, &caller) {
            route.admit(&caller.actor, request.uri())?;
        }
        if let (Some(_), Some(working)) = (&caller, &working) {
            working.known();
        }
        let place = place(&app, caller.as_ref(), &mut request).await?;
        Ok::<_, Refusal>((caller, place))
    };
    let mut response = match admitted.await {
        Ok((caller, place)) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            hold(next.run(request).await, (working, place))
        }
        Err(refusal) if path.starts_with("/open311/") => open311::refused(&path, refusal),
        Err(refusal) => refusal.into_response(),
    };
    app.counts.answered(response.status());
    let local = app.options.local_actor.is_some();
    let headers = response.headers_mut();
    if local {
        window_headers(headers);
    } else {
        page_headers(headers);
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
        headers.insert(header::CONTENT_SECURITY_POLICY, OVER_HTTP.clone());
    }
    response
}

fn page_headers(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// The headers of every answer to the window, whoever gives it: its workers and canvas read across its two origins.
pub fn window_headers(headers: &mut HeaderMap) {
    page_headers(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    headers.insert(header::CONTENT_SECURITY_POLICY, IN_THE_WINDOW.clone());
}

/// A place among the requests under way; whoever asks for more than that finds the [`Asker`] in the request.
async fn place(app: &App, caller: Option<&Caller>, request: &mut Request) -> Result<Option<Place>, Refusal> {
    if app.options.local_actor.is_some() {
        return Ok(None);
    }
    let address = address(app, request);
    let Some(caller) = caller else {
        // What strangers only read is a page of a few KiB; below open311/v2 a key may be in the query.
        let page = request.method().is_safe() && !request.uri().path().starts_with("/open311/v2/");
        let asker = || Asker { who: format!("{address:?}").into(), address: address.clone(), wall: false };
        return if page { Ok(None) } else { app.strangers.take(&asker()).map(Some) };
    };
    let station = match caller.station() {
        Some(id) => Some(id),
        // Somebody signed in at a wall: the wall stays one.
        None => station(app, request.headers()).await,
    };
    let who = station.map_or_else(|| caller.actor.who.as_str().into(), |id| format!("station:{id}").into());
    let asker = Asker { who, address, wall: station.is_some() };
    let place = app.requests.take(&asker)?;
    request.extensions_mut().insert(asker);
    Ok(Some(place))
}

/// The station whose cookie came along, whoever asks.
async fn station(app: &App, headers: &HeaderMap) -> Option<i64> {
    for secret in cookies(headers, COOKIE).take(8) {
        if let Ok(Some(station)) = app.wall.station_of(secret).await {
            return Some(station.id);
        }
    }
    None
}

/// Whence a request comes. Behind a TLS proxy that is the last address it names: those before are the sender's own words.
/// Without such a proxy nothing that a request says of it is believed.
pub(super) fn address(app: &App, request: &Request) -> Client {
    if app.options.local_actor.is_some() {
        return Client::Window;
    }
    let named = || {
        let last = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let proxied: Option<IpAddr> = if app.options.behind_tls { named() } else { None };
    let peer = proxied.or_else(|| request.extensions().get::<Peer>().map(|peer| peer.0));
    peer.map_or(Client::Unknown, Client::at)
}

/// What a request is for.
struct Asked {
    /// `None`: the page, one of its files, nothing at all, or a method that its path does not take.
    route: Option<&'static Route>,
    /// Whether it needs no pass to get as far as a handler.
    open: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = matched.and_then(|path| Route::of(request.method(), path));
        let open = match (route, matched) {
            (Some(route), _) => !matches!(route.guard, Guard::Needs(_)),
            // `/` answers with the page that says how to get in.
            (None, Some(path)) => path == "/" || Route::takes_strangers(path),
            (None, None) => false,
        };
        Self { route, open }
    }
}

/// Who asks; `None` where nobody needs to say so.
async fn admit(
    app: &App,
    method: &Method,
    path: &str,
    asked: &Asked,
    uri: &Uri,
    headers: &HeaderMap,
    here: Option<IpAddr>,
) -> Result<Option<Caller>, Refusal> {
    if let Some(actor) = &app.options.local_actor {
        // The window itself needs no pass; who signed in there acts in their own name.
        return Ok(Some(match bearer(headers)? {
            Some(secret) => by_secret(app, secret).await?,
            None => Caller { actor: actor.clone(), source: "wall".into(), pass: Pass::Local, by_cookie: false },
        }));
    }
    let host = asked_host(&app.options.allowed_hosts, uri, headers, here)?;
    let caller = caller(app, headers).await?;
    let by_cookie = caller.as_ref().is_some_and(Caller::is_by_cookie);
    let signs_in = method == Method::POST && path == session::PATH;
    if by_cookie || !method.is_safe() {
        same_origin(method, path, headers, &host, by_cookie, signs_in)?;
    }
    if caller.is_none() && !asked.open {
        return Err(Refusal::sign_in());
    }
    if let Some(caller) = &caller {
        rate(app, caller)?;
    }
    Ok(caller)
}

/// The secret of an `Authorization` header; anything but a bearer is refused.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let secret = value.to_str().ok().and_then(|v| v.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    secret.map(|(_, secret)| Some(secret.trim())).ok_or_else(Refusal::sign_in)
}

async fn caller(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
    if let Some(secret) = bearer(headers)? {
        return Ok(Some(by_secret(app, secret).await?));
    }
    let secrets = cookies(headers, COOKIE);
    // Walls on other ports of this machine set the same cookie: any that is ours will do.
    for secret in secrets.take(8) {
        if let Some(account) = app.wall.account_of(secret).await? {
            return Ok(Some(Caller::by_account(app, account, secret, true)));
        }
        if let Some(station) = app.wall.station_of(secret).await? {
            let actor = Actor::new(format!("station:{}", station.id), station.role, "browser");
            let pass = Pass::Station { id: station.id, secret: secret.to_owned() };
            return Ok(Some(Caller { actor, source: "wall".into(), pass, by_cookie: true }));
        }
    }
    Ok(None)
}

/// The values of a cookie: there may be several of one name.
pub(crate) fn cookies<'a>(headers: &'a HeaderMap, cookie: &'static str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.filter_map(move |pair| pair.trim().split_once('=').filter(|(name, _)| *name == cookie).map(|(_, value)| value))
}

async fn by_secret(app: &App, secret: &str) -> Result<Caller, Refusal> {
    if Store::is_session_secret(secret) {
        let account = app.wall.account_of(secret).await?.ok_or_else(session::ended)?;
        return Ok(Caller::by_account(app, account, secret, false));
    }
    let token =
        app.tokens.find(&app.wall, secret).await?.ok_or_else(|| {
            Refusal::new(StatusCode::UNAUTHORIZED, "sign_in", "this token is not known here, or it was revoked")
        })?;
    Ok(Caller::by_token(token, secret))
}

/// The caller of a key that came in a form or query (Open311), with its rate.
pub(crate) async fn by_key(app: &App, secret: &str) -> Result<Caller, Refusal> {
    let caller = by_secret(app, secret).await?;
    rate(app, &caller)?;
    Ok(caller)
}

fn rate(app: &App, caller: &Caller) -> Result<(), Refusal> {
    let Pass::Token { id, unlimited: false, .. } = caller.pass else { return Ok(()) };
    app.buckets.take(id, 1.0, Instant::now()).map_err(|wait_s| Refusal {
        retry_after_s: Some(wait_s),
        ..Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("this token sends more than it may; nothing of this request was taken, send it again in {wait_s} s"),
        )
    })
}
