//! Who gets in, from where, and with which headers answers go out.

use crate::{HOST, Room, get, post, request, with};
use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode},
};
use serde_json::{Value, json};
use wall_core::{Binding, Right};
use wall_service::http::{About, Guard, ROUTES, Rate, Route};
use wall_store::{Actor, Role};

/// A path of a route with its parameters filled in.
fn sample(path: &str) -> String {
    path.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0.mvt").replace(
        "{file}",
        match path {
            "/open311/{file}" => "discovery.json",
            "/open311/v2/{file}" => "requests.json",
            _ => "1.json",
        },
    )
}

fn is_public(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/open311/{file}")
}

#[tokio::test]
async fn every_route_answers_and_no_other_method_does() {
    let room = Room::local().await;
    for Route { method, path, .. } in ROUTES {
        // Streams do not end; what they refuse is enough to know that they are there.
        let query = if path.ends_with("/frames") || path.ends_with("/changes") { "?since=-1" } else { "" };
        let answer = room.ask(request(method.parse().unwrap(), &(sample(path) + query), Body::empty())).await;
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(!answer.text().contains("nothing at this address"), "{method} {path}: {answer:?}");
        for other in ["POST", "PUT", "DELETE", "PATCH", "GET"] {
            if ROUTES.iter().any(|route| (route.method, route.path) == (other, *path)) {
                continue;
            }
            let answer = room.ask(request(other.parse().unwrap(), &sample(path), Body::empty())).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{other} {path}");
            assert_eq!(answer.code(), "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn without_a_right_only_the_public_paths_answer() {
    let room = Room::new().await;
    for Route { method, path, .. } in ROUTES {
        let answer = room.ask(request(method.parse().unwrap(), &sample(path), Body::empty())).await;
        if (*method, *path) == ("POST", "/api/v1/session") {
            // The way in: an empty body is no name and no password.
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid"));
        } else if is_public(path) {
            assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        } else {
            assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
            if !path.starts_with("/open311") {
                assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "sign_in"), "{method} {path}");
            }
        }
    }
    for path in ["/assets/app-1a2b.js", "/index.html", "/no/such/path", "/open311/v2/services.xml", "/api/v1/wall/"] {
        assert_eq!(room.ask(get(path)).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let page = room.ask(get("/")).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.text().contains("一次性链接") && page.text().contains("one-time link"), "{page:?}");
    assert!(!page.text().contains("<script"));
}

/// Columns of the table of rights.
const ROLES: [Role; 8] =
    [Role::Viewer, Role::Operator, Role::Leader, Role::Planner, Role::Registrar, Role::Admin, Role::Feed, Role::Replay];

/// Routes on which something is written that lies somewhere: asked about the community of the asker's scope and about another.
const AIMED: [(&str, &str); 10] = [
    ("POST", "/api/v1/tickets"),
    ("POST", "/open311/v2/{file}"),
    ("POST", "/api/v1/positions"),
    ("POST", "/api/v1/plans/{id}/preview"),
    ("POST", "/api/v1/plans/{id}/edits"),
    ("POST", "/api/v1/plans/{id}/undo"),
    ("POST", "/api/v1/plans/{id}/redo"),
    ("POST", "/api/v1/plans/{id}/goto"),
    ("POST", "/api/v1/plans/{id}/step"),
    ("POST", "/api/v1/tickets (without a place)"),
];

/// A room with a cell in each of two communities, staff who walk them, and whoever draws.
struct Ground {
    room: Room,
    admin: String,
    faces: [u64; 2],
    drafts: u32,
}

impl Ground {
    async fn new() -> Self {
        let hidden = |_, _| crate::shown::Hidden { x: 0.5, y: 0.5, title: "t", address: "" };
        let room = crate::shown::room(wall_core::UtcMs(1_790_000_000_000), hidden).await;
        let staff = |id: &str, cell: &str| wall_core::StaffRecord {
            external_id: id.into(),
            name: id.into(),
            role: "full_time".into(),
            unit: String::new(),
            cell_codes: vec![cell.into()],
            phone: String::new(),
            shifts: String::new(),
            absent: wall_core::Absent::default(),
        };
        room.wall.import_things(&crate::shown::admin(), &[staff("walks A", "A"), staff("walks B", "B")]).await.unwrap();
        room.settle().await;
        let admin = room.token("who draws", Role::Admin, true).await;
        let mut ground = Self { room, admin, faces: [0, 0], drafts: 0 };
        let draft = ground.draft(None).await;
        let state = ground.room.get(&ground.admin, &format!("/api/v1/plans/{draft}")).await.json();
        let face = |code: &str| {
            let cells = state["cells"].as_array().unwrap();
            cells.iter().find(|c| c["code"] == code).unwrap_or_else(|| panic!("{state}"))["face"].as_u64().unwrap()
        };
        ground.faces = [face("A"), face("B")];
        ground
    }

    fn edit(&self, at: usize) -> Value {
        let name = format!("named {}", self.drafts);
        json!({ "kind": "describe", "face": self.faces[at], "name": name, "code": null, "cell_kind": null, "community_code": null })
    }

    /// A draft in which one of the two cells has another name.
    async fn draft(&mut self, edited: Option<usize>) -> i64 {
        self.drafts += 1;
        let plan = json!({ "name": format!("draft {}", self.drafts), "network": "general", "base": null });
        let id = self.room.done(&self.admin, "/api/v1/plans", plan).await["id"].as_i64().unwrap();
        if let Some(at) = edited {
            self.room.edit(&self.admin, id, self.edit(at)).await;
        }
        id
    }

    /// Path, kind and body that ask a route about the first or second community.
    async fn about(&mut self, route: &str, at: usize, who: &str) -> (String, &'static str, String) {
        let path = route.split(' ').next().unwrap();
        let id = format!("{who}-{at}-{}", self.drafts);
        let (lon, lat) = (10.0 + (at as f64 + 0.5) * 0.01, 50.005);
        if path == "/open311/v2/{file}" {
            let body = format!("service_code=drain&lat={lat}&long={lon}&description={id}");
            return ("/open311/v2/requests.json".into(), "application/x-www-form-urlencoded", body);
        }
        let json = "application/json";
        if !path.contains("{id}") {
            let body = match route {
                "/api/v1/positions" => {
                    json!({ "staff": (["walks A", "walks B"][at]), "lon": lon, "lat": lat, "at": "2026-09-01T00:00:00Z" })
                }
                "/api/v1/tickets" => json!({ "external_id": id, "category": "drain", "lon": lon, "lat": lat }),
                _ => {
                    json!({ "external_id": id, "category": "drain", "address": "somewhere", "community_code": (["00A", "00B"][at]) })
                }
            };
            return (path.into(), json, body.to_string());
        }
        let draft = self.draft((!route.ends_with("preview") && !route.ends_with("edits")).then_some(at)).await;
        let path = path.replace("{id}", &draft.to_string());
        let base = path.rsplit_once('/').unwrap().0.to_owned();
        let body = match route.rsplit('/').next().unwrap() {
            "preview" | "edits" => {
                let head = self.room.get(&self.admin, &base).await.json()["head"].clone();
                json!({ "edit": self.edit(at), "head": head })
            }
            "redo" => {
                self.room.done(&self.admin, &format!("{base}/undo"), json!({})).await;
                json!({})
            }
            "step" => json!({ "step": "submit" }),
            _ => json!({}),
        };
        (path, json, body.to_string())
    }
}

/// Whether an answer says that it was not done: for the role, or for where it lies.
fn is_refused(answer: &crate::Answer) -> bool {
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let outside = value["code"] == "outside_scope" || value.pointer("/0/code").is_some_and(|code| code == "outside_scope");
    answer.status == StatusCode::FORBIDDEN || outside
}

/// Every route asked in every role, without a scope, within one and outside of it: the answers are the table in
/// `tests/expected/rights.txt`, and what the rights say.
#[tokio::test]
async fn who_may_ask_what() {
    let mut ground = Ground::new().await;
    let mut passes = Vec::new();
    for role in ROLES {
        let whole = ground.room.token(role.code(), role, true).await;
        let part = ground.room.token_within(&format!("{} of 00A", role.code()), role, &["00A".to_owned()]).await;
        passes.push((role, whole, part));
    }
    let head = ROLES.map(|role| format!("{:>10}", role.code())).concat();
    let mut table = format!(
        "# Who is let through to a route, by right and role. Three signs: without a scope, within one, outside of it.\n\
         # Written by the test who_may_ask_what of wall-service.\n{:<52}{:<16}{head}\n",
        "", ""
    );
    let more = AIMED.iter().filter(|(_, path)| path.contains(' '));
    let lines = ROUTES.iter().map(|r| (r, r.path)).chain(more.map(|(method, line)| {
        let path = line.split(' ').next().unwrap();
        (ROUTES.iter().find(|r| (r.method, r.path) == (*method, path)).unwrap(), *line)
    }));
    for (route, line) in lines.collect::<Vec<_>>() {
        let query = if route.path.ends_with("/frames") || route.path.ends_with("/changes") { "?since=-1" } else { "" };
        let right = match route.guard {
            Guard::Everybody => None,
            Guard::Needs(right) | Guard::NeedsInside(right) => Some(right),
        };
        let aimed = AIMED.contains(&(route.method, line));
        table +=
            &format!("{:<52}{:<16}", format!("{} {line}", route.method), right.map_or("everybody".into(), |r| format!("{r:?}")));
        for (role, whole, part) in &passes {
            let mut signs = String::new();
            for (token, at) in [(whole, 1), (part, 0), (part, 1)] {
                let (path, kind, body) = match aimed {
                    true => ground.about(line, at, &format!("{}{}", role.code(), signs.len())).await,
                    false => (sample(route.path) + query, "application/x-www-form-urlencoded", String::new()),
                };
                let asked = with(request(route.method.parse().unwrap(), &path, Body::from(body)), "content-type", kind);
                let answer = ground.room.ask(with(asked, "authorization", &format!("Bearer {token}"))).await;
                let through = !is_refused(&answer);
                let scoped = std::ptr::eq(token, part);
                // Of the steps of a plan some are for fewer than get as far as asking.
                let step = if line.ends_with("/step") { Some(Right::SubmitPlans) } else { right };
                let may = step
                    .is_none_or(|right| role.may(right) && (!scoped || right.binding() != Binding::Whole && !(aimed && at == 1)));
                let about = format!("{} {path} ({line}) as {}, scoped: {scoped}, at {at}", route.method, role.code());
                assert_eq!(through, may, "{about}: {answer:?}");
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{about}");
                assert!(!aimed || !through || answer.status.is_success(), "{about}: {answer:?}");
                signs.push(if through { '+' } else { '-' });
            }
            table += &format!("{signs:>10}");
        }
        table += "\n";
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/expected/rights.txt");
    if std::env::var_os("GRIDWALL_BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let only = |a: &str, b: &str| a.lines().filter(|line| !b.lines().any(|l| l == *line)).map(str::to_owned).collect::<Vec<_>>();
    let (gone, come) = (only(&expected, &table), only(&table, &expected));
    assert!(
        expected == table,
        "who may ask what has changed; if that is meant, run with GRIDWALL_BLESS=1\n- {gone:#?}\n+ {come:#?}"
    );
}

/// Questions whose answer is always about now refuse to be asked about another time.
#[tokio::test]
async fn another_time_is_refused_where_the_answer_is_about_now() {
    let room = Room::new().await;
    let admin = room.token("admin", Role::Admin, true).await;
    for route in ROUTES.iter().filter(|r| matches!(r.guard, Guard::Needs(_)) && r.about == About::Now) {
        for name in ["as_of", "known_at"] {
            let path = format!("{}?{name}=2026-01-01T00:00:00Z", sample(route.path));
            let asked = request(route.method.parse().unwrap(), &path, Body::empty());
            let answer = room.ask(with(asked, "authorization", &format!("Bearer {admin}"))).await;
            let said = format!("{name} is not taken here");
            assert!(answer.status == StatusCode::BAD_REQUEST && answer.text().contains(&said), "{path}: {answer:?}");
        }
    }
}

/// `docs/API.md` names every route.
#[test]
fn every_route_is_in_the_documents() {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/API.md")).unwrap();
    let text = text.replace("…/", "api/v1/plans/{id}/");
    let ends = |c: char| !(c.is_alphanumeric() || "/-_{".contains(c));
    for route in ROUTES {
        let name = format!("{} {}", route.method, route.path.trim_start_matches('/'));
        let named = text.match_indices(&name).any(|(at, _)| text[at + name.len()..].starts_with(ends));
        assert!(named, "docs/API.md does not say what \"{name}\" is");
    }
}

#[tokio::test]
async fn a_link_becomes_a_session_once() {
    let room = Room::new().await;
    let link = room.options.doors.issue_link(Role::Operator).unwrap();
    // A look at the link does not use it up.
    assert_eq!(room.ask(request(Method::HEAD, &link, Body::empty())).await.status, StatusCode::OK);
    let first = room.ask(get(&link)).await;
    assert_eq!((first.status, first.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = first.header("set-cookie").to_owned();
    for part in ["gridwall_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP on loopback: {cookie}");
    assert!(!cookie.contains(link.trim_start_matches("/?once=")), "the session is not the link");

    let again = room.ask(get(&link)).await;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(again.headers.get("set-cookie").is_none());
    assert!(again.text().contains("用过") && again.text().contains("used before"), "{again:?}");
    for wrong in ["/?once=00", "/?once=", &link[..link.len() - 1], "/?once=%00%ff"] {
        let answer = room.ask(get(wrong)).await;
        assert!(answer.status.is_client_error() && answer.headers.get("set-cookie").is_none(), "{wrong}: {answer:?}");
    }

    let session = cookie.split(';').next().unwrap();
    let page = room.ask(with(get("/"), "cookie", session)).await;
    assert_eq!((page.status, page.text().contains("<title>wall")), (StatusCode::OK, true));
    let info = room.ask(with(get("/api/v1/wall"), "cookie", &format!("a=b; {session}; c=d"))).await;
    assert_eq!(info.json()["actor"]["role"], "operator", "{info:?}");
    for bad in ["gridwall_session=", "gridwall_session=0", "other=1", "gridwall_session"] {
        assert_eq!(room.ask(with(get("/api/v1/wall"), "cookie", bad)).await.status, StatusCode::UNAUTHORIZED, "{bad}");
    }
}

#[tokio::test]
async fn cookies_are_secure_behind_tls() {
    let room = Room::with(|o| o.behind_tls = true).await;
    let link = room.options.doors.issue_link(Role::Viewer).unwrap();
    assert!(room.ask(get(&link)).await.header("set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn foreign_hosts_are_refused() {
    let room = Room::with(|o| o.allowed_hosts = vec!["wall.example".into()]).await;
    let feed = room.feed().await;
    let ask = async |host: &str| {
        let request = with(get("/api/v1/wall"), "host", host);
        room.ask(with(request, "authorization", &format!("Bearer {feed}"))).await.status.as_u16()
    };
    for good in ["127.0.0.1:8787", "localhost", "[::1]:8787", "wall.example", "WALL.example:443"] {
        assert_eq!(ask(good).await, 200, "{good}");
    }
    for bad in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787", "0.0.0.0", "10.1.2.3:8787", ""] {
        assert_eq!(ask(bad).await, 421, "{bad}");
    }
    let mut without = get("/healthz");
    without.headers_mut().remove("host");
    assert_eq!(room.ask(without).await.status, StatusCode::BAD_REQUEST);
    let mut twice = get("/healthz");
    twice.headers_mut().append("host", "evil.example".parse().unwrap());
    assert_eq!(room.ask(twice).await.status, StatusCode::BAD_REQUEST);
    let absolute = with(get("http://evil.example/healthz"), "host", HOST);
    assert_eq!(room.ask(absolute).await.status.as_u16(), 421);
}

#[tokio::test]
async fn pages_of_other_origins_cannot_act() {
    let room = Room::new().await;
    let cookie = room.cookie(Role::Operator).await;
    let ticket = r#"{"external_id":"1","lon":1,"lat":1}"#;
    let send = async |headers: &[(&'static str, &str)]| {
        let mut request = with(post("/api/v1/tickets", "application/json", ticket), "cookie", &cookie);
        for (name, value) in headers {
            request = with(request, name, value);
        }
        room.ask(request).await.status.as_u16()
    };
    assert_eq!(send(&[]).await, 403, "no browser posts without naming the origin");
    for bad in ["http://evil.example", "null", "http://127.0.0.1:3000", "https://127.0.0.1.evil.example"] {
        assert_eq!(send(&[("origin", bad)]).await, 403, "{bad}");
    }
    assert_eq!(send(&[("sec-fetch-site", "same-site")]).await, 403);
    assert_eq!(send(&[("origin", "http://127.0.0.1:8787")]).await, 200);

    // Reading, too: another port of this machine gets the cookie sent along.
    let read = with(with(get("/api/v1/snapshot"), "cookie", &cookie), "sec-fetch-site", "same-site");
    assert_eq!(room.ask(read).await.status, StatusCode::FORBIDDEN);
    let read = with(with(get("/api/v1/snapshot"), "cookie", &cookie), "sec-fetch-site", "same-origin");
    assert_eq!(room.ask(read).await.status, StatusCode::OK);

    // A token is not sent by a browser of its own accord, but a foreign page stays foreign.
    let feed = room.feed().await;
    let crossed = with(post("/api/v1/tickets", "application/json", ticket), "origin", "http://evil.example");
    assert_eq!(room.ask(with(crossed, "authorization", &format!("Bearer {feed}"))).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_open_and_close() {
    let room = Room::new().await;
    let feed = room.token("feed", Role::Feed, false).await;
    assert_eq!(room.get(&feed, "/api/v1/wall").await.json()["actor"]["who"], "token:feed");
    for bad in ["Bearer", "Bearer ", "Bearer gw_00", "Basic YTpi", "bearer", "Bearer \u{fffd}", &format!("Token {feed}")] {
        let mut request = get("/api/v1/wall");
        request.headers_mut().insert("authorization", HeaderValue::from_bytes(bad.as_bytes()).unwrap());
        let answer = room.ask(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{bad}");
    }
    // A wrong token is not helped by a good cookie.
    let cookie = room.cookie(Role::Admin).await;
    let both = with(with(get("/api/v1/wall"), "cookie", &cookie), "authorization", "Bearer gw_wrong");
    assert_eq!(room.ask(both).await.status, StatusCode::UNAUTHORIZED);

    let mut tx = room.wall.store().write(&Actor::new("test", Role::Admin, "cli"), wall_core::UtcMs(0)).await.unwrap();
    assert!(tx.revoke_token("feed").await.unwrap());
    tx.commit().await.unwrap();
    room.until("the revoked token to be refused", async || (room.get(&feed, "/api/v1/wall").await.status == 401).then_some(()))
        .await;
}

#[tokio::test]
async fn roles_that_may_not_feed_are_refused() {
    let room = Room::new().await;
    for role in [Role::Viewer, Role::Leader, Role::Planner, Role::Registrar] {
        let token = room.token(role.code(), role, true).await;
        for path in ["/api/v1/tickets", "/api/v1/positions", "/api/v1/clock"] {
            let answer = room.post(&token, path, "application/json", "{}").await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "forbidden"), "{role:?} {path}");
        }
        let form = room.post(&token, "/open311/v2/requests.json", "application/x-www-form-urlencoded", "service_code=a").await;
        assert_eq!(form.status, StatusCode::FORBIDDEN, "{role:?}");
    }
}

#[tokio::test]
async fn tokens_have_a_rate_unless_unlimited() {
    let room = Room::with(|o| o.rate = Rate { per_s: 0.01, burst: 3.0 }).await;
    let (limited, free) = (room.token("limited", Role::Feed, false).await, room.token("free", Role::Feed, true).await);
    let ticket = |n: usize| format!("{{\"external_id\":\"{n}\",\"lon\":1,\"lat\":1}}");
    let mut statuses = Vec::new();
    for n in 0..5 {
        let answer = room.post(&limited, "/api/v1/tickets", "application/json", ticket(n)).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            assert_eq!(answer.code(), "rate_limited");
        }
        statuses.push(answer.status.as_u16());
        assert_eq!(room.post(&free, "/api/v1/tickets", "application/json", ticket(n)).await.status, StatusCode::OK);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);

    // A batch counts by its rows.
    let batch = room.token("batch", Role::Feed, false).await;
    let rows: String = (0..100).map(|n| ticket(n) + "\n").collect();
    assert_eq!(room.post(&batch, "/api/v1/tickets", "application/x-ndjson", rows).await.status, StatusCode::OK);
    assert_eq!(room.get(&batch, "/api/v1/wall").await.status.as_u16(), 429);
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_a_closed_house() {
    let room = Room::new().await;
    let cookie = room.cookie(Role::Viewer).await;
    for path in ["/", "/assets/app-1a2b.js", "/api/v1/wall", "/healthz", "/no-such", "/api/v1/heat"] {
        let answer = room.ask(with(get(path), "cookie", &cookie)).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        // Nothing written into a page runs or styles it, and the way to the window's Rust side is for the window.
        for none in ["unsafe", "script-src", "ipc:", "gridwall:"] {
            assert!(!policy.contains(none), "{path}: {none}: {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
    assert_eq!(room.ask(with(get("/api/v1/wall"), "cookie", &cookie)).await.header("cache-control"), "no-store");
    let window = Room::local().await.ask(get("/")).await;
    let policy = window.header("content-security-policy");
    assert!(policy.contains("connect-src 'self' ipc: http://ipc.localhost gridwall:;") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn files_are_cached_by_their_names_and_nothing_else_is_served() {
    let room = Room::new().await;
    let cookie = room.cookie(Role::Viewer).await;
    let ask = async |path: &str| room.ask(with(get(path), "cookie", &cookie)).await;
    let index = ask("/").await;
    assert_eq!(index.header("cache-control"), "private, no-cache");
    let again = room.ask(with(with(get("/"), "cookie", &cookie), "if-none-match", index.header("etag"))).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let script = ask("/assets/app-1a2b.js").await;
    assert_eq!((script.header("content-type"), script.text().as_str()), ("text/javascript", "export {}"));
    assert!(script.header("cache-control").contains("immutable"));
    for path in
        ["/cells/3", "/assets/", "/assets", "//index.html", "/./index.html", "/../index.html", "/assets/../index.html", "/.git"]
    {
        let answer = ask(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    let posted = with(post("/", "text/plain", "x"), "cookie", &cookie);
    assert_eq!(room.ask(with(posted, "origin", "http://127.0.0.1:8787")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn in_process_nobody_signs_in() {
    let room = Room::local().await;
    let mut bare = get("/api/v1/wall");
    bare.headers_mut().remove("host");
    let answer = room.ask(with(bare, "origin", "tauri://localhost")).await;
    assert_eq!(answer.json()["actor"]["who"], "window");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(room.ask(get("/?once=whatever")).await.status, StatusCode::OK);
    let posted = post("/api/v1/tickets", "application/json", r#"{"external_id":"1","source":"desk","lon":1,"lat":1}"#);
    assert_eq!(room.ask(posted).await.status, StatusCode::OK);
}
