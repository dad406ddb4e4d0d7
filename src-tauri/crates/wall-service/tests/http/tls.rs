//! TLS over a real socket: a browser's way in, who says nothing, who says something else, and a renewal under way.

use crate::{PATIENCE, Room, serve::served};
use futures::future::join_all;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use wall_service::http::{CertificateSource, Tls};
use wall_store::Role;

fn own(folder: &Path) -> Tls {
    Tls::open(CertificateSource::Own { folder: folder.to_owned(), names: vec![] }).unwrap()
}

async fn room(tls: &Tls) -> Room {
    let tls = tls.clone();
    Room::with(|o| (o.tls, o.connections) = (Some(tls), 64)).await
}

async fn connect(address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(wall_tests::trusting()).connect(name, TcpStream::connect(address).await?).await
}

/// One question on a connection that ends with it: head and body.
async fn ask(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
    String::from_utf8(answer).unwrap()
}

fn is_open(socket: &TcpStream) -> bool {
    matches!(socket.try_read(&mut [0; 64]), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_comes_in_and_its_cookie_is_for_tls_only() {
    let folder = tempfile::tempdir().unwrap();
    let room = room(&own(folder.path())).await;
    let (address, stop, task) = served(&room).await;
    let link = room.options.doors.issue_link(Role::Operator).unwrap();
    let entered = ask(address, &link, "").await;
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    let cookie = entered.lines().find_map(|l| l.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let wall = ask(address, "/api/v1/wall", &format!("Cookie: {cookie}\r\nOrigin: https://{address}\r\n")).await;
    assert!(wall.starts_with("HTTP/1.1 200"), "{wall}");
    let discovery = ask(address, "/open311/discovery.json", "").await;
    assert!(discovery.contains("https://") && !discovery.contains("http://127"), "{discovery}");
    // Streams pass, in pieces as they come.
    let mut stream = connect(address).await.unwrap();
    let head = format!("GET /api/v1/frames HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("data:") {
        let mut piece = [0; 1024];
        let n = tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await.expect("a frame").unwrap();
        assert!(n > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..n]));
    }
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_nothing_or_something_else_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let room = room(&own(folder.path())).await;
    let (address, stop, task) = served(&room).await;
    // Plain HTTP is told where to ask, however much comes with it.
    for body in [0, 100_000] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!("POST /api/v1/tickets HTTP/1.1\r\nHost: {address}\r\nContent-Length: {body}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        let _ = socket.write_all(&vec![b' '; body]).await;
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("an end").unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("https_only"), "{answer}");
    }
    // What is neither gets no answer but an end; so does a handshake that is none.
    for junk in [b"\0\0\0\0".as_slice(), b"\x16junkjunkjunk"] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(junk).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an end");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    // Silence, and the beginning of a handshake, on more connections than there are.
    let mut silent = Vec::new();
    for n in 0..100 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        if n % 2 == 0 {
            socket.write_all(b"\x16").await.unwrap();
        }
        silent.push(socket);
    }
    for answer in join_all((0..8).map(|_| ask(address, "/healthz", ""))).await {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let left = async || (silent.iter().filter(|s| is_open(s)).count() <= 16).then_some(());
    room.until("a quarter of the seats is left to those who have not greeted", left).await;
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_handshake_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let room = room(&own(folder.path())).await;
    let (address, stop, task) = served(&room).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    // Ten seconds; a bound against hanging stands around it.
    let ended = tokio::time::timeout(PATIENCE, socket.read(&mut [0; 8])).await.expect("an end");
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_pair_is_shown_to_whoever_comes_and_cuts_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let put = |name: &str| {
        let pair = wall_tests::certificate(name);
        std::fs::write(&certificate, pair.0).unwrap();
        std::fs::write(&key, pair.1).unwrap();
    };
    put("first.example");
    let tls = Tls::open(CertificateSource::Given { certificate: certificate.clone(), key: key.clone() }).unwrap();
    let room = room(&tls).await;
    let (address, stop, task) = served(&room).await;
    let shown = async || {
        let stream = connect(address).await.unwrap();
        Arc::new(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    };
    let first = shown().await;
    let mut before = connect(address).await.unwrap();
    put("second.example");
    let changed = async || (shown().await != first).then_some(());
    room.until("the new certificate", changed).await;
    let head = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    before.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    before.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}
