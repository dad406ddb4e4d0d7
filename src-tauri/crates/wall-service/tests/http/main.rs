//! The HTTP interface over a temporary store: who gets in, what is taken and refused, what the worst inputs do.
#![allow(clippy::unwrap_used)]

mod access;
mod beside;
mod corpus;
mod decided;
mod events;
mod faults;
mod histories;
mod image;
mod impact;
mod imports;
mod intake;
mod keeping;
mod known;
mod lists;
mod open311;
mod owners;
mod plans;
mod publishing;
mod queries;
mod scope;
mod search;
mod serve;
mod session;
mod shares;
mod shown;
mod stations;
mod stills;
mod stuck;
mod things;
mod times;
mod tls;
mod unheld;
mod unplaced;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc, time::Duration};
use tempfile::TempDir;
use tower::ServiceExt;
use wall_core::{Scope, UtcMs};
use wall_service::{
    http::{HttpOptions, UiAssets, router},
    wall::{Keeper, Wall, WallOptions},
};
use wall_store::{ANY_SOURCE, Actor, Role};

const HOST: &str = "127.0.0.1:8787";
/// A bound against hanging, not a promise of speed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user interface of two files.
struct TwoFiles;

impl UiAssets for TwoFiles {
    fn get(&self, path: &str) -> Option<(Cow<'static, [u8]>, String)> {
        match path {
            "index.html" => Some((Cow::Borrowed(b"<!doctype html><title>wall</title>"), "text/html; charset=utf-8".into())),
            "assets/app-1a2b.js" => Some((Cow::Owned(b"export {}".to_vec()), "text/javascript".into())),
            _ => None,
        }
    }
}

/// A wall over a store of its own, and its router.
struct Room {
    wall: Wall,
    options: HttpOptions,
    router: Router,
    folder: TempDir,
}

/// Options of a wall in a folder, with the database where this run of the tests has it.
fn options_at(folder: impl AsRef<std::path::Path>) -> WallOptions {
    let folder = folder.as_ref();
    WallOptions { database: wall_tests::database_of(folder), ..WallOptions::new(folder) }
}

impl Room {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut HttpOptions)) -> Self {
        Self::at(tempfile::tempdir().unwrap(), change).await
    }

    /// In a folder that was prepared.
    async fn at(folder: TempDir, change: impl FnOnce(&mut HttpOptions)) -> Self {
        Self::open(folder, |_| {}, change).await
    }

    /// A wall that stands at a time of its own.
    async fn fixed(now: UtcMs) -> Self {
        Self::open(tempfile::tempdir().unwrap(), |o| o.fixed_now = Some(now), |_| {}).await
    }

    async fn open(folder: TempDir, change_wall: impl FnOnce(&mut WallOptions), change: impl FnOnce(&mut HttpOptions)) -> Self {
        let mut wall_options = options_at(folder.path().join("data"));
        wall_options.zone = Some("UTC".into());
        change_wall(&mut wall_options);
        let wall = Wall::open(wall_options).await.unwrap();
        wall.follow();
        let mut options = HttpOptions::new(Arc::new(TwoFiles));
        change(&mut options);
        Self { router: router(wall.clone(), options.clone()), wall, options, folder }
    }

    /// Ended, as by a kill: what is on disk, and how it was opened.
    async fn ended(self) -> (TempDir, HttpOptions) {
        self.wall.store().close().await;
        (self.folder, self.options)
    }

    /// Ended as it is asked to and opened anew on the same data; what the first left behind is used.
    async fn again(self, change_wall: impl FnOnce(&mut WallOptions)) -> Self {
        self.wall.keep_image().await;
        let (folder, options) = self.ended().await;
        Self::open(folder, change_wall, |o| *o = options).await
    }

    /// What the metrics say of one name.
    async fn metric(&self, name: &str) -> f64 {
        self.wall.metrics().await.unwrap().iter().find(|m| m.0 == name).unwrap().2
    }

    /// The same in process, as the window asks.
    async fn local() -> Self {
        Self::with(|o| o.local_actor = Some(Actor::new("window", Role::Operator, "wall"))).await
    }

    /// What was written reaches the world a moment later: waits until it has all of it.
    async fn settle(&self) {
        let store = self.wall.store();
        let newest = (store.revision().await.unwrap() as f64, store.positions_after(-1).await.unwrap().1 as f64);
        let taken_in = async || {
            let stand = (self.metric("gridwall_revision").await, self.metric("gridwall_position_number").await);
            (stand.0 >= newest.0 && stand.1 >= newest.1).then_some(())
        };
        self.until("all that was written", taken_in).await;
    }

    /// Field staff by their numbers.
    async fn staff(&self, external_ids: &[&str]) {
        let record = |id: &&str| wall_core::StaffRecord {
            external_id: (*id).to_owned(),
            name: "王".into(),
            role: "full_time".into(),
            unit: String::new(),
            cell_codes: vec![],
            phone: String::new(),
            shifts: String::new(),
            absent: wall_core::Absent::default(),
        };
        let mut tx = self.wall.store().write(&Actor::new("test", Role::Admin, "cli"), UtcMs(0)).await.unwrap();
        tx.put(&external_ids.iter().map(record).collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn token(&self, name: &str, role: Role, unlimited: bool) -> String {
        let admin = Actor::new("test", Role::Admin, "cli");
        let mut tx = self.wall.store().write(&admin, UtcMs(0)).await.unwrap();
        let secret = tx.create_token(name, role, unlimited, &[ANY_SOURCE.to_owned()]).await.unwrap();
        tx.commit().await.unwrap();
        secret
    }

    /// A token whose scope is these divisions.
    async fn token_within(&self, name: &str, role: Role, divisions: &[String]) -> String {
        let (admin, scope) = (Actor::new("test", Role::Admin, "cli"), Scope::new(divisions, None).unwrap());
        let keeper = Keeper::of(self.wall.store());
        keeper.create_token(&admin, name, role, true, &[ANY_SOURCE.to_owned()], Some(&scope)).await.unwrap()
    }

    async fn feed(&self) -> String {
        self.token("feed", Role::Feed, true).await
    }

    /// A browser's cookie for a role.
    async fn cookie(&self, role: Role) -> String {
        let link = self.options.doors.issue_link(role).unwrap();
        let answer = self.ask(get(&link)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(PATIENCE, to_bytes(body, usize::MAX)).await.unwrap().unwrap();
        Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }

    /// GET with a token.
    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(with(get(path), "authorization", &format!("Bearer {token}"))).await
    }

    /// POST with a token.
    async fn post(&self, token: &str, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        self.ask(with(post(path, kind, body), "authorization", &format!("Bearer {token}"))).await
    }

    /// Asks until something is there; the world follows the store a moment later.
    async fn until<T>(&self, what: &str, mut question: impl AsyncFnMut() -> Option<T>) -> T {
        let began = tokio::time::Instant::now();
        loop {
            if let Some(found) = question().await {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {}", self.text()))
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// Its `code`, for errors.
    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder().method(method).uri(path).header("host", HOST).body(body.into()).unwrap()
}

fn get(path: &str) -> Request<Body> {
    request(Method::GET, path, Body::empty())
}

fn post(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    with(request(Method::POST, path, body), "content-type", kind)
}

fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}
