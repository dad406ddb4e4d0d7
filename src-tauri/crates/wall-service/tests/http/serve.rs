//! Over a real socket: answers, bad beginnings, and an orderly end.

use crate::{PATIENCE, Room, TwoFiles};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use wall_service::http::{HttpOptions, ServeError, serve};
use wall_store::{Actor, Role};

/// Its address, how to stop it, and how it ended.
pub type Served = (SocketAddr, oneshot::Sender<()>, JoinHandle<Result<(), ServeError>>);

pub async fn served(room: &Room) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let (wall, options) = (room.wall.clone(), room.options.clone());
    let task = tokio::spawn(async move {
        serve(wall, listener, options, async {
            let _ = stopped.await;
        })
        .await
    });
    (address, stop, task)
}

/// Sends bytes and reads until the other end closes.
async fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The other end may close while we are still writing.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_over_a_socket() {
    let room = Room::new().await;
    let (address, stop, task) = served(&room).await;
    let healthy =
        talk(address, format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await;
    assert!(healthy.starts_with("HTTP/1.1 200") && healthy.ends_with("{\"status\":\"ok\"}"), "{healthy}");
    let foreign = talk(address, b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    assert!(foreign.starts_with("HTTP/1.1 421"), "{foreign}");

    // Junk, an endless head, a body larger than allowed, one that lies about its length.
    let junk = talk(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await;
    assert!(junk.starts_with("HTTP/1.1 400") || junk.is_empty(), "{junk}");
    let head = format!("GET / HTTP/1.1\r\nHost: {address}\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let head = talk(address, head.as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 4") || head.is_empty(), "{head}");
    let feed = room.feed().await;
    let size = 9 * 1024 * 1024;
    let mut large = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {feed}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {size}\r\n\r\n"
    )
    .into_bytes();
    large.resize(large.len() + size, b' ');
    let large = talk(address, &large).await;
    assert!(large.starts_with("HTTP/1.1 413"), "the sender gets to read why: {large}");

    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_closes_streams_and_idle_connections() {
    let room = Room::new().await;
    let feed = room.feed().await;
    let (address, stop, task) = served(&room).await;
    let mut streams = Vec::new();
    for path in ["frames", "changes"] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!("GET /api/v1/{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {feed}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        tokio::time::timeout(PATIENCE, socket.read_exact(&mut first)).await.expect("an answer").unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        streams.push(socket);
    }
    // A connection that asked once and stays for more.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    for socket in &mut streams {
        tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.expect("the stream ends").unwrap();
    }
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    // The follower lets go of its connection, so that the program can end.
    tokio::time::timeout(PATIENCE, room.wall.store().close()).await.expect("the store closes");
}

#[tokio::test]
async fn the_windows_options_are_not_served() {
    let room = Room::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = HttpOptions::new(Arc::new(TwoFiles));
    options.local_actor = Some(Actor::new("window", Role::Admin, "wall"));
    let refused = serve(room.wall.clone(), listener, options, std::future::pending()).await;
    assert!(matches!(refused, Err(ServeError::LocalActor)), "{refused:?}");
}
