//! Signing in and out, and who is signed in: `/api/v1/session`, from the wall and from the page before it.

use super::{
    App, assets, body,
    gate::{COOKIE, Caller, address, cookies},
    intake::strict_json,
    refusal::Refusal,
};
use crate::{
    wall::{Client, SignedIn, WallError, actor_of},
    wire::{SessionView, SignedInView},
};
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use wall_store::{Actor, Role, STATION_LIFE_MS};

/// Path of the session.
pub(crate) const PATH: &str = "/api/v1/session";
/// Name of the cookie by which a browser is known as one at which an account signed in, and how long that is remembered.
const DEVICE_COOKIE: &str = "gridwall_device";
const DEVICE_LIFE_S: u32 = 180 * 24 * 3_600;
/// A name and a password fit into this.
const BODY_MOST: usize = 16 * 1024;

/// `GET /api/v1/session`.
pub(crate) async fn who(State(app): State<App>, caller: Caller) -> Result<Json<SessionView>, Refusal> {
    Ok(Json(app.wall.session_view(&caller.actor, caller.account()).await?))
}

/// `POST /api/v1/session`: `{"name","password"}` from the wall, or the form of the page before it.
pub(crate) async fn sign_in(State(app): State<App>, caller: Option<Extension<Caller>>, request: Request) -> Response {
    let caller = caller.map(|c| c.0);
    let kind = request.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_ascii_lowercase());
    let by_form = kind.is_some_and(|k| k.split(';').next().is_some_and(|k| k.trim() == "application/x-www-form-urlencoded"));
    let outcome = enter(&app, caller.as_ref(), by_form, request).await;
    if by_form {
        return match outcome {
            // To `/`, so that the browser does not offer to post again.
            Ok(entered) => {
                let cookie = set_cookie(&app, &entered.signed_in.secret);
                let there = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)];
                let mut answer = (StatusCode::SEE_OTHER, there).into_response();
                answer.headers_mut().extend(entered.device_cookie(&app).map(|mark| (header::SET_COOKIE, mark)));
                answer
            }
            Err(refusal) => assets::sign_in_page(&app, Some(refusal)).await,
        };
    }
    match outcome {
        Ok(entered) => {
            let mut headers = HeaderMap::new();
            // Who had no right at all gets one that also brings the wall's page, its pictures and tiles.
            if caller.is_none()
                && let Ok(cookie) = HeaderValue::try_from(set_cookie(&app, &entered.signed_in.secret))
            {
                headers.append(header::SET_COOKIE, cookie);
            }
            headers.extend(entered.device_cookie(&app).map(|mark| (header::SET_COOKIE, mark)));
            (headers, Json(SignedInView { secret: entered.signed_in.secret, session: entered.session })).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// `DELETE /api/v1/session`: ends the session of a person, or the right of a station that nobody is signed in at; nothing to
/// end is fine.
pub(crate) async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Refusal> {
    if let Some(secret) = caller.session_secret() {
        app.wall.sign_out(&caller.actor, secret).await?;
    }
    let station = caller.station();
    if let Some(station) = station {
        app.wall.end_station(&caller.actor, station).await?;
    }
    let gone = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    Ok(match caller.is_by_cookie() && (caller.account().is_some() || station.is_some()) {
        true => (StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response(),
        false => StatusCode::NO_CONTENT.into_response(),
    })
}

/// The cookie that carries a station's right: kept over restarts of the browser, for as long as the right lasts.
pub(super) fn station_cookie(app: &App, secret: &str) -> String {
    format!("{}; Max-Age={}", set_cookie(app, secret), STATION_LIFE_MS / 1_000)
}

/// The cookie that carries a session.
pub(super) fn set_cookie(app: &App, secret: &str) -> String {
    let secure = if app.options.is_secure() { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path=/{secure}")
}

/// Somebody who signed in.
struct Entered {
    signed_in: SignedIn,
    session: SessionView,
    /// For a browser at which this account had not signed in before.
    mark: Option<String>,
}

impl Entered {
    /// Remembers the device: whoever guesses from elsewhere does not lock it out.
    fn device_cookie(&self, app: &App) -> Option<HeaderValue> {
        let secure = if app.options.is_secure() { "; Secure" } else { "" };
        let mark = self.mark.as_ref()?;
        let cookie = format!("{DEVICE_COOKIE}={mark}; HttpOnly; SameSite=Strict; Path={PATH}; Max-Age={DEVICE_LIFE_S}{secure}");
        HeaderValue::try_from(cookie).ok()
    }
}

async fn enter(app: &App, caller: Option<&Caller>, by_form: bool, request: Request) -> Result<Entered, Refusal> {
    let client = address(app, &request);
    let marks: Vec<String> = cookies(request.headers(), DEVICE_COOKIE).map(str::to_owned).take(8).collect();
    let held = body::read_at_most(BODY_MOST, &app.budget, request).await?;
    let (name, password) = if by_form { from_form(&held.bytes) } else { from_json(&held.bytes) }?;
    let station = app.options.local_actor.as_ref().map_or("browser", |a| a.station.as_str());
    let nobody = Actor::new("nobody", Role::Viewer, station);
    let from = Actor { station: station.into(), ..caller.map_or(nobody, |c| c.actor.clone()) };
    let store = app.wall.store();
    let account = name.trim().to_lowercase();
    let device = marks.iter().find_map(|mark| store.device_of(&account, mark)).map(Client::Device);
    let known = device.is_some() || client == Client::Window;
    let signed_in = app.wall.sign_in(&from, &device.unwrap_or(client), &name, password).await?;
    let view = app.wall.session_view(&actor_of(&signed_in.account, station), Some(&signed_in.account)).await;
    let mark = if known { None } else { Some(store.device_mark(&signed_in.account.name).map_err(WallError::from)?) };
    Ok(Entered { mark, session: view?, signed_in })
}

fn from_json(bytes: &[u8]) -> Result<(String, String), Refusal> {
    // What was sent is not repeated in the refusal: it may hold a password.
    let value = strict_json(bytes).map_err(|_| Refusal::invalid("send {\"name\",\"password\"} as JSON"))?;
    let text = |key: &str| value.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    text("name").zip(text("password")).ok_or_else(|| Refusal::invalid("name and password must be there, as text"))
}

fn from_form(bytes: &[u8]) -> Result<(String, String), Refusal> {
    let text = |key: &str| form_urlencoded::parse(bytes).find(|(k, _)| k == key).map(|(_, v)| v.into_owned());
    text("name").zip(text("password")).ok_or_else(|| Refusal::invalid("name and password must be there"))
}

/// The refusal of a session that is over.
pub(super) fn ended() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "session_ended", "this session is over; sign in again")
}
