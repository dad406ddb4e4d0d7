//! Who gets in: tokens, the one-time link, hosts and origins, and what answers to everybody.

use crate::{import_four, ticket};
use wall_tests::{Client, DataDir, Served};

#[test]
fn without_a_right_only_health_and_discovery_answer() {
    let data = DataDir::new();
    import_four(&data);
    let wall = Served::start(&data);
    let nobody = Client::anonymous(&wall.base);
    for path in ["/healthz", "/readyz", "/open311/discovery.json", "/open311/discovery.xml"] {
        nobody.get(path).expect(200);
    }
    for path in ["/api/v1/wall", "/api/v1/snapshot", "/api/v1/tickets", "/api/v1/changes?since=0", "/api/v1/cells", "/metrics"] {
        let answer = nobody.get(path).expect(401);
        assert!(answer.json()["code"].is_string(), "{path}: {answer:?}");
    }
    nobody.ticket(&ticket("t", 0, 0)).expect(401);
    Client::with_token(&wall.base, "no-such-token").ticket(&ticket("t", 0, 0)).expect(401);
}

#[test]
fn a_token_can_be_revoked() {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start(&data);
    wall.client(&token).ticket(&ticket("t-1", 0, 0)).expect(200);
    wall.client(&token).get("/metrics").expect(200);
    data.run(["token", "revoke", "feed"]).expect(0);
    wall_tests::until("the token to be refused", || {
        (wall.client(&token).ticket(&ticket("t-2", 0, 0)).status == 401).then_some(())
    });
    let list = data.run(["token", "list"]).expect(0);
    assert!(!list.stdout.contains(&token), "tokens are stored hashed, and never shown again");
}

#[test]
fn the_one_time_link_opens_once() {
    let data = DataDir::new();
    import_four(&data);
    let wall = Served::start(&data);
    let browser = wall.browser();
    browser.get("/api/v1/wall").expect(200);
    let path = wall.link.strip_prefix(&wall.base).unwrap();
    let again = Client::anonymous(&wall.base).get(path);
    assert!(again.cookie.is_none(), "a used link gives no session: {again:?}");
    let first_cookie = Served::start(&data);
    let answer = Client::anonymous(&first_cookie.base).get(first_cookie.link.strip_prefix(&first_cookie.base).unwrap());
    let cookie = answer.cookie.unwrap();
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    assert!(cookie.contains("SameSite"), "{cookie}");
}

#[test]
fn foreign_hosts_and_origins_are_refused() {
    let data = DataDir::new();
    import_four(&data);
    let wall = Served::start(&data);
    let browser = wall.browser();
    let foreign = browser.clone().header("host", "evil.example".into()).get("/api/v1/wall");
    assert!((400..500).contains(&foreign.status), "another host by DNS rebinding: {foreign:?}");
    let crossed = browser.clone().header("origin", "https://evil.example".into());
    let posted = crossed.ticket(&ticket("t", 0, 0));
    assert!((400..500).contains(&posted.status), "a foreign page posts with the viewer's cookie: {posted:?}");
    browser.get("/api/v1/wall").expect(200);
}

#[test]
fn the_data_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let data = DataDir::new();
    import_four(&data);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.path()), 0o700);
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn a_wall_ends_when_it_is_asked_to_though_viewers_listen() {
    let data = DataDir::new();
    import_four(&data);
    let wall = Served::start(&data);
    let browser = wall.browser();
    let revision = browser.get("/api/v1/snapshot").json()["revision"].clone();
    let mut frames = browser.events(&format!("/api/v1/frames?since={revision}"));
    let watching = std::thread::spawn(move || while frames.next().is_some() {});
    assert_eq!(wall.end(), Some(0));
    watching.join().unwrap();
}
