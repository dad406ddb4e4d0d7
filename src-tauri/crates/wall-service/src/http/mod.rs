//! The HTTP interface: the wall in a browser, intake, Open311, queries, events.
//!
//! One router answers over TCP ([`serve`]) and in process, for the window's own scheme ([`router`] with
//! [`HttpOptions::local_actor`]). Every query and command is a line of [`ROUTES`], with the right it needs; besides
//! those only `/` and the files of the user interface answer. Who asks, and whether that one may, is settled in one place (`gate`),
//! before any handler runs.

mod assets;
mod body;
mod door;
mod events;
mod gate;
mod health;
mod intake;
mod limit;
mod lists;
mod open311;
mod origin;
mod params;
mod plans;
mod queries;
mod refusal;
mod routes;
mod seats;
mod serve;
mod session;
mod shares;
mod stills;
mod tls;
mod token;
mod upload;

pub use assets::{STATION_NAME, UiAssets, notice};
pub use body::BODY_LIMIT;
pub use door::Doors;
pub use gate::window_headers;
pub use intake::MAX_ROWS;
pub use limit::Rate;
pub use routes::{About, Guard, ROUTES, Route};
pub use serve::{CONNECTIONS, Peer, ServeError, check_listen, is_loopback, serve};
pub use stills::{Painter, Scene, StillAsked};
pub use tls::{CertificateAbout, CertificateSource, Fingerprint, Tls, TlsError, machine_name, own_public_key};
pub use upload::FILE_LIMIT;

use crate::wall::Wall;
use axum::{Router, middleware, routing::get};
use shares::{Limits, Shares};
use std::sync::{Arc, atomic::AtomicBool};
use tokio::sync::Notify;
use wall_store::Actor;

/// Event streams open at once over all viewers: a quarter for one actor, half for one address, a quarter kept for wall
/// stations; one more is refused with 429 or 503.
pub const STREAMS: usize = 256;
/// Pictures asked for at once, drawn, waiting or on their way, with the same shares.
pub const PICTURES: usize = 64;

/// How the router behaves.
#[derive(Clone)]
pub struct HttpOptions {
    /// The built user interface.
    pub assets: Arc<dyn UiAssets>,
    /// Who asks when the router is called in process by the window: no cookies, no checks of `Host` and `Origin`.
    /// Must be `None` for anything reachable over a network; [`serve`] refuses otherwise.
    pub local_actor: Option<Actor>,
    /// One-time links and sessions; keep a clone to issue links.
    pub doors: Doors,
    /// Host names answered besides the loopback ones (behind a TLS proxy: its public name). Without port.
    pub allowed_hosts: Vec<String>,
    /// A TLS proxy stands in front: cookies are `Secure`, addresses in answers begin with `https`.
    pub behind_tls: bool,
    /// The server speaks TLS itself: the same for cookies and answers, and it may be reached from other machines.
    pub tls: Option<Tls>,
    /// Records (and requests) a token may send.
    pub rate: Rate,
    /// Connections at once.
    pub connections: usize,
    /// Who draws still pictures; without one they are refused by name.
    pub painter: Option<Arc<dyn Painter>>,
}

impl HttpOptions {
    /// Options for loopback with the given user interface.
    pub fn new(assets: Arc<dyn UiAssets>) -> Self {
        Self {
            assets,
            local_actor: None,
            doors: Doors::default(),
            allowed_hosts: Vec::new(),
            behind_tls: false,
            tls: None,
            rate: Rate::default(),
            connections: CONNECTIONS,
            painter: None,
        }
    }

    /// Whether browsers come by TLS: to the wall itself or to a proxy before it.
    pub(crate) fn is_secure(&self) -> bool {
        self.behind_tls || self.tls.is_some()
    }
}

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct App(Arc<AppInner>);

pub(crate) struct AppInner {
    pub wall: Wall,
    pub options: HttpOptions,
    pub tokens: token::TokenCache,
    pub buckets: limit::Buckets,
    pub budget: body::Budget,
    pub rejects: intake::Rejects,
    pub streams: Arc<Shares>,
    pub pictures: Arc<Shares>,
    /// Still pictures that were drawn lately, and the line before their drawing.
    pub stills: stills::Stills,
    /// Requests under way of those who have a right …
    pub requests: Arc<Shares>,
    /// … and of those who have none (yet).
    pub strangers: Arc<Shares>,
    pub counts: health::Counts,
    pub closing: Closing,
    pub imports: upload::Imports,
}

impl std::ops::Deref for App {
    type Target = AppInner;
    fn deref(&self) -> &AppInner {
        &self.0
    }
}

/// Rung when the server goes down, so that event streams end and connections can close.
#[derive(Default)]
pub(crate) struct Closing {
    closed: AtomicBool,
    bell: Notify,
}

impl Closing {
    pub fn close(&self) {
        self.closed.store(true, std::sync::atomic::Ordering::SeqCst);
        self.bell.notify_waiters();
    }

    /// Returns once [`Closing::close`] was called, at once when that was before.
    pub async fn closed(&self) {
        let rung = self.bell.notified();
        tokio::pin!(rung);
        // Registered before the flag is read: a close in between is not missed.
        rung.as_mut().enable();
        if !self.closed.load(std::sync::atomic::Ordering::SeqCst) {
            rung.await;
        }
    }
}

/// The router over a wall. See [`HttpOptions`] for the difference between window and network.
pub fn router(wall: Wall, options: HttpOptions) -> Router {
    assemble(wall, options).0
}

pub(crate) fn assemble(wall: Wall, options: HttpOptions) -> (Router, App) {
    // Strangers may be at work on a quarter of the connections, one address of them on half of that.
    let strangers = options.connections / 4;
    let app = App(Arc::new(AppInner {
        tokens: token::TokenCache::default(),
        buckets: limit::Buckets::new(options.rate),
        budget: body::Budget::default(),
        rejects: intake::Rejects::new(wall.store().folder().join("rejects")),
        streams: Shares::new(Limits::of(STREAMS), "event streams", "too_many_streams", 5),
        pictures: Shares::new(Limits::of(PICTURES), "pictures", "too_many_pictures", 2),
        stills: stills::Stills::default(),
        requests: Shares::new(Limits::of(options.connections), "requests", "too_many_requests", 1),
        strangers: Shares::new(
            Limits { all: strangers, kept: 0, actor: strangers / 2, address: strangers / 2 },
            "requests without a right",
            "too_many_requests",
            1,
        ),
        counts: health::Counts::default(),
        closing: Closing::default(),
        imports: upload::Imports::new(&wall.imports_folder()),
        wall,
        options,
    }));
    let router = routes::router()
        .route("/", get(assets::index))
        .fallback(assets::file)
        .method_not_allowed_fallback(refusal::method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), gate::gate))
        .with_state(app.clone());
    (router, app)
}
