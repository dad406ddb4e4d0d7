#![allow(clippy::unwrap_used)]

use super::*;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use wall_service::{
    http::{CertificateSource, HttpOptions, ServeError, Tls, UiAssets, serve},
    wall::{Wall, WallOptions},
};
use wall_store::{Actor, Role};

struct Page;

impl UiAssets for Page {
    fn get(&self, path: &str) -> Option<(std::borrow::Cow<'static, [u8]>, String)> {
        (path == "index.html").then(|| (b"<!doctype html><title>wall</title>".as_slice().into(), "text/html".into()))
    }
}

/// A wall with TLS of its own on a port of its own.
struct Server {
    wall: Wall,
    options: HttpOptions,
    at: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), ServeError>>>,
    folder: tempfile::TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = WallOptions::new(folder.path().join("data"));
        options.zone = Some("UTC".into());
        let wall = Wall::open(options).await.unwrap();
        wall.follow();
        let mut server = Self {
            wall,
            options: HttpOptions::new(Arc::new(Page)),
            at: ([127, 0, 0, 1], 0).into(),
            stop: None,
            task: None,
            folder,
        };
        server.listen("first").await;
        server
    }

    /// Listens with the certificate of a name, at the address it had.
    async fn listen(&mut self, certificate: &str) {
        let folder = self.folder.path().join(certificate);
        self.options.tls = Some(Tls::open(CertificateSource::Own { folder, names: vec![] }).unwrap());
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (wall, options) = (self.wall.clone(), self.options.clone());
        self.task = Some(tokio::spawn(async move { serve(wall, listener, options, async { drop(stopped.await) }).await }));
        self.stop = Some(stop);
    }

    async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.take().unwrap().await.unwrap().unwrap();
    }

    fn origin(&self) -> String {
        format!("https://{}", self.at)
    }

    fn link(&self) -> String {
        format!("{}{}", self.origin(), self.options.doors.issue_link(Role::Operator).unwrap())
    }
}

fn asked(server: &str) -> Asked<'_> {
    Asked { server, fingerprint: None, code: None, name: Some("大厅".into()), compare: &|_, _| Ok(()) }
}

fn get(path: &str) -> Request<Vec<u8>> {
    Request::get(format!("gridwall://localhost{path}")).body(vec![]).unwrap()
}

fn text(answer: &Response<Vec<u8>>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_comes_in_by_a_link_and_is_known_after_a_restart_until_it_is_revoked() {
    let server = Server::start().await;
    let own = tempfile::tempdir().unwrap();
    let link = server.link();
    let remote = Remote::open(own.path(), asked(&link)).await.unwrap();
    assert!(remote.is_first_met());
    assert_eq!(remote.public_key(), Some(server.options.tls.as_ref().unwrap().about().public_key));
    let page = remote.answer(get("/")).await;
    assert!(page.status() == 200 && text(&page).contains("<title>wall"), "{page:?}");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("ipc:") && page.headers()["access-control-allow-origin"] == "*", "{policy}");
    assert_eq!(remote.answer(get("/api/v1/wall")).await.status(), 200);
    // A command of the page: its own origin is none that the server knows.
    let post = Request::post("gridwall://localhost/api/v1/plans").header("origin", "gridwall://localhost").body(b"{}".to_vec());
    let refused = remote.answer(post.unwrap()).await;
    assert!(refused.status() != 403 || !text(&refused).contains("cross_origin"), "{}", text(&refused));
    drop(remote);

    // The secret is for this station's owner alone; the link is not kept, and not needed.
    let again = Remote::open(own.path(), asked(&server.origin())).await.unwrap();
    assert!(!again.is_first_met() && again.is_in().await.unwrap());
    let stations = server.wall.store().stations().await.unwrap();
    assert_eq!(stations.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["大厅"]);
    let used = Remote::open(own.path(), asked(&link)).await.err().unwrap();
    assert!(used.code == 5 && used.message.contains("used before"), "{used:?}");
    server.wall.end_station(&Actor::new("test", Role::Admin, "cli"), stations[0].id).await.unwrap();
    assert!(!again.is_in().await.unwrap());
    assert_eq!(again.answer(get("/api/v1/wall")).await.status(), 401);
    let page = again.answer(get("/")).await;
    assert!(page.status() == 401 && text(&page).contains("<h1>"), "how to get in is said in the window too");
}

/// Neither code nor link leaves this side before somebody compared the key, and nothing is kept of a server that was not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_key_nobody_compared_is_told_nothing() {
    let server = Server::start().await;
    let own = tempfile::tempdir().unwrap();
    let key = server.options.tls.as_ref().unwrap().about().public_key;
    let refuse = |_: &str, shown: Fingerprint| {
        assert_eq!(shown, key);
        Err(Failure { code: 5, message: "not compared".into() })
    };
    let (link, origin) = (server.link(), server.origin());
    for address in [&link, &origin] {
        let code = Some("gl_of_another_server".to_owned());
        let refused = Remote::open(own.path(), Asked { code, compare: &refuse, ..asked(address) }).await.err().unwrap();
        assert_eq!((refused.code, refused.message.as_str()), (5, "not compared"));
    }
    assert!(!own.path().join("servers").exists());
    assert!(server.wall.store().stations().await.unwrap().is_empty(), "the link was not used up");
    // Known from elsewhere it is not asked about, and the link is still good.
    let never = |_: &str, _: Fingerprint| -> Result<(), Failure> { panic!("asked about a key that was told") };
    let told = Asked { fingerprint: Some(key), compare: &never, ..asked(&link) };
    assert!(Remote::open(own.path(), told).await.unwrap().is_in().await.unwrap());
    assert!(Remote::open(own.path(), Asked { compare: &never, ..asked(&origin) }).await.unwrap().is_in().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_come_as_the_server_sends_them_and_end_with_it() {
    let mut server = Server::start().await;
    let own = tempfile::tempdir().unwrap();
    let remote = Remote::open(own.path(), asked(&server.link())).await.unwrap();
    let mut frames = remote.frames(0, None).await.unwrap();
    let frame: serde_json::Value = serde_json::from_str(&frames.next().await.unwrap()).unwrap();
    assert!(frame["to_revision"].is_i64(), "{frame}");
    assert!(remote.frames(0, Some("gs_0")).await.is_err(), "a session that is over is not taken for the station's right");
    server.stop().await;
    while frames.next().await.is_some() {}
    // The page is told, in its own form, and goes on by itself when the server is back.
    let lost = remote.answer(get("/api/v1/wall")).await;
    assert!(lost.status() == 502 && text(&lost).contains("unreachable"), "{}", text(&lost));
    let page = remote.answer(get("/")).await;
    assert!(text(&page).contains("http-equiv=\"refresh\""), "{}", text(&page));
    server.listen("first").await;
    assert_eq!(remote.answer(get("/api/v1/wall")).await.status(), 200);
    server.stop().await;
    // Known and away: the window opens all the same.
    Remote::open(own.path(), asked(&server.origin())).await.unwrap();
    let stranger = tempfile::tempdir().unwrap();
    assert_eq!(Remote::open(stranger.path(), asked(&server.origin())).await.err().unwrap().code, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_is_refused_in_words_until_it_is_told() {
    let mut server = Server::start().await;
    let own = tempfile::tempdir().unwrap();
    let remote = Remote::open(own.path(), asked(&server.link())).await.unwrap();
    let first = remote.public_key().unwrap();
    server.stop().await;
    server.listen("second").await;
    let second = server.options.tls.as_ref().unwrap().about().public_key;
    // Nothing is asked of it by a window that is open, and none opens.
    let answer = remote.answer(get("/api/v1/wall")).await;
    assert!(answer.status() == 502 && text(&answer).contains("other_key"), "{}", text(&answer));
    let refused = Remote::open(own.path(), asked(&server.origin())).await.err().unwrap();
    assert_eq!(refused.code, 5);
    for told in [first.to_string(), second.to_string(), "--fingerprint".into()] {
        assert!(refused.message.contains(&told), "{}", refused.message);
    }
    // Told once, it is the key from then on; the station is the one it was.
    let origin = server.origin();
    let told = Remote::open(own.path(), Asked { fingerprint: Some(second), ..asked(&origin) }).await.unwrap();
    assert!(told.is_in().await.unwrap());
    let again = Remote::open(own.path(), asked(&origin)).await.unwrap();
    assert_eq!(again.public_key(), Some(second));
    // A wrong one that is told pins nothing.
    assert!(Remote::open(own.path(), Asked { fingerprint: Some(first), ..asked(&origin) }).await.is_err());
    assert_eq!(Remote::open(own.path(), asked(&origin)).await.unwrap().public_key(), Some(second));
}

#[tokio::test]
async fn an_address_is_https_and_nothing_else() {
    let own = tempfile::tempdir().unwrap();
    for bad in [
        "",
        "http://a.example",
        "a.example:8443",
        "https://",
        "https://a.example/wall",
        "https://u:p@a.example",
        "https://a.example/?x=1",
    ] {
        let refused = Remote::open(own.path(), asked(bad)).await.err().unwrap();
        assert_eq!(refused.code, 2, "{bad}: {refused:?}");
    }
    assert_eq!(
        address("https://[::1]:8443/?once=ab").unwrap(),
        ("https://[::1]:8443".into(), "[::1]".into(), 8443, Some("ab".into()))
    );
}

#[test]
fn what_is_kept_is_private_and_never_taken_for_nothing() {
    let own = tempfile::tempdir().unwrap();
    let file = kept::file(own.path(), "Wall.Example", 8443);
    assert!(Known::read(&file).unwrap().is_none());
    let key = Fingerprint([7; 32]);
    let known = Known {
        server: "https://wall.example:8443".into(),
        public_key_sha256: key.to_string(),
        name: "大厅".into(),
        station: None,
    };
    known.write(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(Known::read(&file).unwrap().unwrap().public_key().unwrap(), key);
    for damaged in ["", "{}", "{\"server\":\"\",\"public_key_sha256\":\"00\",\"name\":\"\"}"] {
        std::fs::write(&file, damaged).unwrap();
        assert!(Known::read(&file).err().unwrap().message.contains("--fingerprint"), "{damaged}");
    }
}
