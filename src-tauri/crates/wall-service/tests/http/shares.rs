//! Nobody takes all: streams, connections and pictures have shares, wall stations always get in.

use crate::{
    Answer, PATIENCE, Room, get,
    serve::{Served, served},
    shown::{Hidden, room as cells_and_tickets},
    with,
};
use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use futures::future::join_all;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::ServiceExt;
use wall_core::UtcMs;
use wall_service::{
    http::{HttpOptions, PICTURES, STREAMS, router},
    wall::Wall,
};
use wall_store::Role;

const FRAMES: &str = "/api/v1/frames";

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let body = tokio::time::timeout(PATIENCE, to_bytes(body, usize::MAX)).await.unwrap().unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Opens a stream in process and keeps it, or says why not.
async fn stream(room: &Room, header: (&'static str, &str)) -> Result<Body, Answer> {
    let response = room.router.clone().oneshot(with(get(FRAMES), header.0, header.1)).await.unwrap();
    if response.status() == 200 { Ok(response.into_body()) } else { Err(read(response).await) }
}

/// Opens streams until refused: the refusal.
async fn fill(room: &Room, header: (&'static str, &str), open: &mut Vec<Body>) -> Answer {
    loop {
        match stream(room, header).await {
            Ok(body) => open.push(body),
            Err(answer) => return answer,
        }
    }
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{answer:?}");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{answer:?}");
}

#[tokio::test]
async fn one_viewer_takes_a_quarter_of_the_streams_and_walls_get_in_whatever_others_take() {
    let room = Room::new().await;
    let mut open = Vec::new();
    let mut bearers = Vec::new();
    for name in ["a", "b", "c"] {
        bearers.push(format!("Bearer {}", room.token(name, Role::Viewer, true).await));
    }
    let answer = fill(&room, ("authorization", &bearers[0]), &mut open).await;
    refused(&answer, 429, "too_many_streams");
    assert_eq!(open.len(), STREAMS / 4, "{}", answer.text());
    // Together no more than half, as they are at one address.
    for bearer in &bearers[1..] {
        refused(&fill(&room, ("authorization", bearer), &mut open).await, 429, "too_many_streams");
    }
    assert_eq!(open.len(), STREAMS / 2);
    let cookie = room.cookie(Role::Operator).await;
    refused(&fill(&room, ("cookie", &cookie), &mut open).await, 429, "too_many_streams");
    assert_eq!(open.len(), STREAMS / 2 + STREAMS / 4, "a wall at the same address, its own share");
    drop(open.remove(0));
    assert!(stream(&room, ("authorization", &bearers[0])).await.is_ok(), "what was given back is there again");
}

#[tokio::test]
async fn behind_a_proxy_the_address_is_the_last_that_it_names_and_without_one_nobodys_word() {
    let open_from = async |behind_tls: bool| {
        let room = Room::with(|o| o.behind_tls = behind_tls).await;
        let mut open = Vec::new();
        let mut statuses = Vec::new();
        for n in 0..4 {
            let bearer = format!("Bearer {}", room.token(&format!("t{n}"), Role::Viewer, true).await);
            // The first word is the sender's own.
            let named = format!("10.9.9.{n}, 10.0.0.{}", n / 2);
            loop {
                let request = with(with(get(FRAMES), "authorization", &bearer), "x-forwarded-for", &named);
                let response = room.router.clone().oneshot(request).await.unwrap();
                if response.status() != 200 {
                    statuses.push(response.status().as_u16());
                    break;
                }
                open.push(response.into_body());
            }
        }
        (open.len(), statuses)
    };
    // Two addresses of two callers each: the half of one, then what is not kept for walls.
    assert_eq!(open_from(true).await, (STREAMS - STREAMS / 4, vec![429, 429, 429, 503]));
    assert_eq!(open_from(false).await, (STREAMS / 2, vec![429; 4]));
}

/// Sends a question over a socket and reads the head of the answer.
async fn question(address: SocketAddr, path: &str, headers: &str) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|w| w == b"\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, socket.read_u8()).await.expect("an answer").unwrap();
        answer.push(byte);
    }
    (socket, String::from_utf8(answer).unwrap().to_ascii_lowercase())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_given_back_when_the_client_goes_away() {
    let room = Room::new().await;
    let (address, stop, task): Served = served(&room).await;
    let bearer = format!("Authorization: Bearer {}\r\n", room.token("viewer", Role::Viewer, true).await);
    let mut open = Vec::new();
    loop {
        let (socket, head) = question(address, FRAMES, &bearer).await;
        if !head.starts_with("http/1.1 200") {
            assert!(head.starts_with("http/1.1 429") && head.contains("retry-after: "), "{head}");
            break;
        }
        open.push(socket);
    }
    assert_eq!(open.len(), STREAMS / 4);
    drop(open);
    // All of them, not only one.
    let again = async || {
        let mut open = Vec::new();
        while open.len() < STREAMS / 4 {
            let (socket, head) = question(address, FRAMES, &bearer).await;
            if !head.starts_with("http/1.1 200") {
                return None;
            }
            open.push(socket);
        }
        Some(())
    };
    room.until("the streams are given back", again).await;
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_sockets_keep_nobody_out_and_cut_nobody_at_work() {
    const PLACES: usize = 32;
    let room = Room::with(|o| o.connections = PLACES).await;
    let (address, stop, task) = served(&room).await;
    let cookie = format!("Cookie: {}\r\n", room.cookie(Role::Operator).await);
    // A wall that listens, and one that asked and stays.
    let (mut listening, head) = question(address, FRAMES, &cookie).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let (idle, _) = question(address, "/healthz", &cookie).await;
    let mut silent = Vec::new();
    for _ in 0..PLACES * 2 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(b"GET /").await.unwrap();
        silent.push(socket);
    }
    for (path, headers, status) in [("/api/v1/wall", cookie.as_str(), "200"), ("/healthz", "", "200")] {
        let (_, head) = question(address, path, headers).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
    }
    // They were answered because the longest silent gave way, not because all of these ran out of time.
    let is_open =
        |socket: &TcpStream| matches!(socket.try_read(&mut [0; 64]), Err(e) if e.kind() == std::io::ErrorKind::WouldBlock);
    assert!(is_open(silent.last().unwrap()), "the newest still has its place");
    room.until("the oldest lost theirs", async || (!is_open(&silent[0])).then_some(())).await;
    drop(idle);
    // The stream goes on: its next words come.
    let next = tokio::time::timeout(PATIENCE, listening.read_u8()).await.expect("the stream says nothing");
    assert!(next.is_ok(), "{next:?}");
    drop(silent);
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_send_slowly_keep_out_neither_walls_nor_people() {
    const PLACES: usize = 32;
    let room = Room::with(|o| o.connections = PLACES).await;
    let (address, stop, task) = served(&room).await;
    let mut slow = Vec::new();
    for _ in 0..PLACES * 2 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n{{"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    let bearer = format!("Authorization: Bearer {}\r\n", room.token("viewer", Role::Viewer, true).await);
    let (_, head) = question(address, "/api/v1/wall", &bearer).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    // Who came too many is told so at once; the first ones are waited for.
    let mut told = 0;
    for socket in &mut slow[PLACES..] {
        let mut head = [0; 12];
        if tokio::time::timeout(PATIENCE, socket.read_exact(&mut head)).await.expect("an answer").is_ok() {
            told += usize::from(&head == b"HTTP/1.1 429");
        }
    }
    assert!(told > 0);
    stop.send(()).unwrap();
    drop(slow);
    tokio::time::timeout(PATIENCE, task).await.expect("an end").unwrap().unwrap();
}

fn picture(n: usize) -> String {
    let bounds = "west=9.99&south=49.99&east=10.03&north=50.02";
    let mode = if n.is_multiple_of(3) { "time_left" } else { "heat" };
    format!("/api/v1/heat?{bounds}&width={}&height=300&mode={mode}&max=100", 300 + n)
}

const NOW: UtcMs = UtcMs(1_780_000_000_000);

fn hidden(i: usize, _: bool) -> Hidden {
    Hidden { x: 0.1 + 0.1 * i as f64, y: 0.9, title: "t", address: "" }
}

async fn drawn(room: &Room, meter: &str) -> u64 {
    let metrics = room.get(meter, "/metrics").await.text();
    let line = metrics.lines().find(|l| l.starts_with("gridwall_pictures_drawn_total ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pictures_at_once_are_right_or_refused_in_words() {
    let room = cells_and_tickets(NOW, hidden).await;
    let cookies = [room.cookie(Role::Operator).await, room.cookie(Role::Operator).await];
    let bearer = format!("Bearer {}", room.token("viewer", Role::Operator, true).await);
    let from = |n: usize| match n % 4 {
        0 | 1 => with(get(&picture(n)), "cookie", &cookies[n % 4]),
        _ => with(get(&picture(n)), "authorization", &bearer),
    };
    // Read only when all have come: until it is sent, a picture has its place.
    let answers = join_all((0..PICTURES).map(|n| room.router.clone().oneshot(from(n)))).await;
    let answers = join_all(answers.into_iter().map(|response| read(response.unwrap()))).await;
    // Drawn alone, by a wall that has drawn nothing before.
    let mut options = super::options_at(room.folder.path().join("data"));
    (options.zone, options.fixed_now) = (Some("UTC".into()), Some(NOW));
    let fresh = Wall::open(options).await.unwrap();
    let fresh = Room {
        router: router(fresh.clone(), room.options.clone()),
        wall: fresh,
        options: HttpOptions::new(std::sync::Arc::new(crate::TwoFiles)),
        folder: tempfile::tempdir().unwrap(),
    };
    let mut right = [0, 0];
    for (n, answer) in answers.iter().enumerate() {
        if answer.status != 200 {
            refused(answer, 429, "too_many_pictures");
            continue;
        }
        right[usize::from(n % 4 > 1)] += 1;
        let alone = fresh.ask(from(n)).await;
        assert_eq!(answer.body.len(), (300 + n) * 300);
        assert!(answer.body == alone.body && answer.body.iter().any(|b| *b > 0), "picture {n}");
    }
    assert_eq!(right, [PICTURES / 2, PICTURES / 4], "each wall its quarter, one viewer a quarter");
    // Nothing is left behind.
    assert_eq!(room.ask(from(3)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_walls_that_ask_the_same_are_drawn_for_once_and_no_role_gets_anothers() {
    let room = cells_and_tickets(NOW, hidden).await;
    let meter = room.token("meter", Role::Viewer, true).await;
    let before = drawn(&room, &meter).await;
    let mut asked = Vec::new();
    for n in 0..20 {
        let cookie = room.cookie(if n % 2 == 0 { Role::Operator } else { Role::Viewer }).await;
        asked.push(room.ask(with(get(&picture(1)), "cookie", &cookie)));
    }
    let answers = join_all(asked).await;
    assert_eq!(drawn(&room, &meter).await - before, 2, "one for each way of seeing");
    let exact = &answers[0].body;
    let coarse = &answers[1].body;
    assert!(exact != coarse, "the fixture shows no difference");
    for (n, answer) in answers.iter().enumerate() {
        assert!(answer.body == *if n % 2 == 0 { exact } else { coarse }, "answer {n}");
    }
}
