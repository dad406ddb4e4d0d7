//! People signing in: accounts, sessions, what they may do, and what guessing gets.

use crate::{Room, get, post, request, with};
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};
use std::time::Instant;
use wall_core::UtcMs;
use wall_service::{http::Peer, wall::Client};
use wall_store::{Actor, Role};

const PASSWORD: &str = "correct horse battery";
const SESSION: &str = "/api/v1/session";

impl Room {
    async fn account(&self, name: &str, role: Role) {
        let hash = self.wall.hash_password(PASSWORD.into()).await.unwrap();
        let mut tx = self.wall.store().write(&Actor::new("test", Role::Admin, "cli"), UtcMs(0)).await.unwrap();
        tx.add_account(name, &format!("{name}同志"), role, &hash).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn try_sign_in(&self, name: &str, password: &str) -> crate::Answer {
        self.ask(post(SESSION, "application/json", json!({ "name": name, "password": password }).to_string())).await
    }

    async fn secret(&self, name: &str) -> String {
        let answer = self.try_sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["secret"].as_str().unwrap().to_owned()
    }
}

fn form(name: &str, password: &str) -> String {
    form_encoded(&[("name", name), ("password", password)])
}

fn form_encoded(pairs: &[(&str, &str)]) -> String {
    let byte = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    let text = |t: &str| t.bytes().map(byte).collect::<String>();
    pairs.iter().map(|(k, v)| format!("{}={}", text(k), text(v))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_person_acts_in_their_own_name_and_role() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let answer = room.try_sign_in(" Planner ", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let view = answer.json()["session"].clone();
    let expected = json!({ "signed_in": true, "name": "planner", "display_name": "planner同志", "role": "planner",
        "can": { "plan": true, "review": true, "publish": true, "admin": false, "end_replay": false },
        "scope": null, "accounts_exist": true, "demo": false, "demo_accounts": [] });
    assert_eq!(view, expected);
    let secret = answer.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(room.get(&secret, SESSION).await.json(), expected);
    let actor = room.get(&secret, "/api/v1/wall").await.json()["actor"].clone();
    assert_eq!(actor, json!({ "who": "planner", "role": "planner", "station": "browser" }));
    // On top of the page's own right: the cookie stays an operator's, the bearer is the person's.
    let cookie = room.cookie(Role::Operator).await;
    let both = with(with(get("/api/v1/wall"), "cookie", &cookie), "authorization", &format!("Bearer {secret}"));
    assert_eq!(room.ask(both).await.json()["actor"]["who"], "planner");
    let plain: Value = room.ask(with(get(SESSION), "cookie", &cookie)).await.json();
    assert_eq!((&plain["signed_in"], &plain["role"], &plain["can"]["plan"]), (&json!(false), &json!("operator"), &json!(false)));
    // A planner is no feed.
    let pushed = room.post(&secret, "/api/v1/tickets", "application/json", r#"{"external_id":"1","lon":1,"lat":1}"#).await;
    assert_eq!(pushed.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn in_the_window_a_person_signs_in_on_top() {
    let room = Room::local().await;
    room.account("leader", Role::Leader).await;
    let answer = room.try_sign_in("leader", PASSWORD).await;
    assert!(answer.headers.get("set-cookie").is_none(), "the window has its right already: {answer:?}");
    let secret = answer.json()["secret"].as_str().unwrap().to_owned();
    let actor = room.get(&secret, "/api/v1/wall").await.json()["actor"].clone();
    assert_eq!(actor, json!({ "who": "leader", "role": "leader", "station": "wall" }));
    assert_eq!(room.ask(get("/api/v1/wall")).await.json()["actor"]["who"], "window");
    let ended =
        room.ask(with(request(Method::DELETE, SESSION, Body::empty()), "authorization", &format!("Bearer {secret}"))).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let after = room.get(&secret, "/api/v1/wall").await;
    assert_eq!((after.status, after.code().as_str()), (StatusCode::UNAUTHORIZED, "session_ended"));
    assert_eq!(
        room.get("gw_0", "/api/v1/wall").await.status,
        StatusCode::UNAUTHORIZED,
        "a wrong secret is not helped by the window"
    );
    assert_eq!(room.ask(request(Method::DELETE, SESSION, Body::empty())).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn signing_in_at_the_page_opens_the_wall() {
    let room = Room::new().await;
    assert!(!room.ask(get("/")).await.text().contains("<form"), "no accounts, no form");
    room.account("planner", Role::Planner).await;
    let page = room.ask(get("/")).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    let text = page.text();
    for part in ["<form method=\"post\" action=\"/api/v1/session\"", "type=\"password\"", "一次性链接", "登录", "Sign in"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<script") && !text.contains("gridwall-demo"), "{text}");
    assert!(page.header("content-security-policy").contains("form-action 'self'"));

    let typed = "application/x-www-form-urlencoded";
    let wrong = room.ask(post(SESSION, typed, form("planner", "wrong <b> password"))).await;
    assert_eq!((wrong.status, wrong.headers.get("set-cookie").is_none()), (StatusCode::UNAUTHORIZED, true));
    assert!(wrong.text().contains("账号或密码不正确") && wrong.text().contains("<form"), "{wrong:?}");
    assert!(!wrong.text().contains("<b>") && !wrong.text().contains("wrong &lt;"), "nothing that was typed comes back");
    let right = room.ask(post(SESSION, typed, form("planner", PASSWORD))).await;
    assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = right.header("set-cookie").to_owned();
    for part in ["gridwall_session=gs_", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert!(room.ask(with(get("/"), "cookie", &cookie)).await.text().contains("<title>wall"));
    assert_eq!(room.ask(with(get("/api/v1/wall"), "cookie", &cookie)).await.json()["actor"]["who"], "planner");
    // The cookie of a person is guarded like any other.
    let crossed = with(with(get("/api/v1/wall"), "cookie", &cookie), "sec-fetch-site", "same-site");
    assert_eq!(room.ask(crossed).await.status, StatusCode::FORBIDDEN);
    let out = with(request(Method::DELETE, SESSION, Body::empty()), "cookie", &cookie);
    assert_eq!(room.ask(out).await.status, StatusCode::FORBIDDEN, "no browser does that without naming the origin");
    let out = with(request(Method::DELETE, SESSION, Body::empty()), "cookie", &cookie);
    let out = room.ask(with(out, "origin", "http://127.0.0.1:8787")).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert_eq!(room.ask(with(get("/api/v1/wall"), "cookie", &cookie)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn foreign_pages_sign_nobody_in() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    for (name, value) in
        [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let sent = post(SESSION, "application/x-www-form-urlencoded", form("planner", PASSWORD));
        let answer = room.ask(with(sent, name, value)).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "cross_origin"), "{name} {value}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let own =
        with(post(SESSION, "application/x-www-form-urlencoded", form("planner", PASSWORD)), "sec-fetch-site", "same-origin");
    assert_eq!(room.ask(with(own, "origin", "http://127.0.0.1:8787")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_apart_by_nothing() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let time = async |name: &str| {
        let began = Instant::now();
        let answer = room.try_sign_in(name, "not the password").await;
        (began.elapsed(), answer.status, answer.text(), answer.headers)
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        known.push(time("planner").await);
        unknown.push(time("nobody-here").await);
    }
    for (k, u) in known.iter().zip(&unknown) {
        assert_eq!((k.1, &k.2, &k.3), (u.1, &u.2, &u.3));
        assert_eq!(k.1, StatusCode::UNAUTHORIZED);
    }
    // The slow hash is paid either way: an unknown name is never answered in a fraction of the time.
    let least = |all: &[(std::time::Duration, _, _, _)]| all.iter().map(|(t, ..)| *t).min().unwrap();
    assert!(least(&unknown) * 3 > least(&known), "{:?} {:?}", least(&unknown), least(&known));
    let fourth = room.try_sign_in("planner", "still not").await;
    assert_eq!(fourth.status, StatusCode::UNAUTHORIZED);
    for name in ["planner", "PLANNER"] {
        let refused = room.try_sign_in(name, PASSWORD).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "too_many_tries"),
            "even the right one"
        );
        assert!((1..=3).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{refused:?}");
    }
    let answered = room.until("the wait to end", async || {
        let answer = room.try_sign_in("planner", PASSWORD).await;
        (answer.status != StatusCode::TOO_MANY_REQUESTS).then_some(answer.status)
    });
    assert_eq!(answered.await, StatusCode::OK);
}

#[tokio::test]
async fn guessing_over_many_names_is_slowed_and_the_window_is_not() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let mut statuses = Vec::new();
    for n in 0..24 {
        statuses.push(room.try_sign_in(&format!("guess-{n}"), "not the password").await.status.as_u16());
    }
    assert!(statuses[..20].iter().all(|s| *s == 401), "{statuses:?}");
    assert!(statuses[20..].contains(&429), "{statuses:?}");
    let window = Actor::new("window", Role::Operator, "wall");
    assert!(room.wall.sign_in(&window, &Client::Window, "planner", PASSWORD.into()).await.is_ok());
}

#[tokio::test]
async fn guesses_lock_nobody_else_out() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let from = async |last: u8, password: &str, device: Option<&str>| {
        let body = json!({ "name": "planner", "password": password }).to_string();
        let mut request = post(SESSION, "application/json", body);
        request.extensions_mut().insert(Peer(std::net::IpAddr::from([127, 0, 0, last])));
        if let Some(device) = device {
            request = with(request, "cookie", device);
        }
        room.ask(request).await
    };
    // A browser at which the planner signed in, at the address from which somebody will guess.
    let known = from(1, PASSWORD, None).await;
    let marks: Vec<_> = known.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
    let mark = marks.iter().find(|c| c.starts_with("gridwall_device=")).unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/session", "Max-Age="] {
        assert!(mark.contains(part), "{mark}");
    }
    let device = mark.split(';').next().unwrap().to_owned();
    let mut refused = 0;
    for _ in 0..12 {
        refused += u32::from(from(1, "not the password", None).await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "whoever guesses waits");
    assert_eq!(from(1, PASSWORD, None).await.status, StatusCode::TOO_MANY_REQUESTS, "and cannot know that this is the right one");
    let again = from(1, PASSWORD, Some(&device)).await;
    assert_eq!(again.status, StatusCode::OK, "a known device waits for nobody: {again:?}");
    assert!(!again.headers.get_all("set-cookie").iter().any(|v| v.to_str().unwrap().contains("gridwall_device")), "it is known");
    assert_eq!(from(2, PASSWORD, None).await.status, StatusCode::OK, "nor does another address");
    let forged = format!("gridwall_device={}.{}", "a".repeat(32), "b".repeat(32));
    assert_eq!(from(1, PASSWORD, Some(&forged)).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn bad_requests_are_refused_without_repeating_them() {
    let room = Room::new().await;
    for (kind, body) in [
        ("application/json", ""),
        ("application/json", "{"),
        ("application/json", r#"{"name":"planner"}"#),
        ("application/json", r#"{"name":1,"password":"sesame-sesame"}"#),
        ("application/json", r#"{"name":"a","name":"b","password":"sesame-sesame"}"#),
        ("application/json", r#"["sesame-sesame"]"#),
        ("text/plain", "sesame-sesame"),
    ] {
        let answer = room.ask(post(SESSION, kind, body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "invalid"), "{body}");
        assert!(!answer.text().contains("sesame"), "{answer:?}");
    }
    let huge = json!({ "name": "a", "password": "x".repeat(20_000) }).to_string();
    assert_eq!(room.ask(post(SESSION, "application/json", huge)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = room.try_sign_in(&"n".repeat(5_000), "not the password").await;
    assert_eq!(long.status, StatusCode::UNAUTHORIZED);
    let form = room.ask(post(SESSION, "application/x-www-form-urlencoded", "name=a")).await;
    assert_eq!((form.status, form.text().contains("<h1>")), (StatusCode::BAD_REQUEST, true));
}

#[tokio::test]
async fn a_removed_account_is_out_within_seconds_streams_too() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let secret = room.secret("planner").await;
    assert_eq!(room.get(&secret, "/api/v1/wall").await.status, StatusCode::OK);
    let stream = {
        let (room, secret) = (room.router.clone(), secret.clone());
        tokio::spawn(async move {
            let request = with(get("/api/v1/frames"), "authorization", &format!("Bearer {secret}"));
            let response = tower::ServiceExt::oneshot(room, request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().len()
        })
    };
    let mut tx = room.wall.store().write(&Actor::new("test", Role::Admin, "cli"), UtcMs(1)).await.unwrap();
    assert_eq!(tx.remove_account("planner").await.unwrap(), 1);
    tx.commit().await.unwrap();
    room.until("the session to end", async || (room.get(&secret, "/api/v1/wall").await.status == 401).then_some(())).await;
    tokio::time::timeout(crate::PATIENCE, stream).await.unwrap().unwrap();
    assert_eq!(room.try_sign_in("planner", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_outlive_the_wall_that_gave_them() {
    let room = Room::new().await;
    room.account("planner", Role::Planner).await;
    let secret = room.secret("planner").await;
    let folder = room.wall.store().folder().to_owned();
    room.wall.store().close().await;
    let options = wall_service::wall::WallOptions { zone: Some("UTC".into()), ..super::options_at(folder) };
    let wall = wall_service::wall::Wall::open(options).await.unwrap();
    assert_eq!(wall.account_of(&secret).await.unwrap().unwrap().name, "planner");
}
