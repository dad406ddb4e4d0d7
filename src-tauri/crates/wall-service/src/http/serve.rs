//! Listening: beyond this machine by TLS only, bounded in connections and patience, ending in good order.

use super::{
    App, HttpOptions, assemble,
    seats::{Seats, Sitting},
    tls::Tls,
};
use crate::wall::Wall;
use axum::{Router, extract::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

/// Connections at once. A further one gets the place of the one that is silent the longest, and waits in the system's queue
/// only while answers are under way on all of them.
pub const CONNECTIONS: usize = 512;
/// A connection says what it wants within this time, also between two requests.
const HEAD: Duration = Duration::from_secs(10);
/// The handshake of TLS is done within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of every handshake of TLS.
const HANDSHAKE_RECORD: u8 = 0x16;
/// A reader that takes nothing for this long is gone.
const STALLED: Duration = Duration::from_secs(30);
/// Requests under way get this long when the server goes down.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why the server does not run.
#[derive(thiserror::Error, Debug)]
pub enum ServeError {
    /// Beyond this machine without TLS.
    #[error(
        "refusing to listen on {0} without TLS: that is beyond this machine. Leave --behind-tls away and the wall speaks TLS \
         itself, or listen on 127.0.0.1 behind a TLS proxy on this machine"
    )]
    NotLoopback(SocketAddr),
    /// The options let everybody in as the local actor.
    #[error("refusing to listen: these options are for the window, where nobody needs to sign in")]
    LocalActor,
    /// The socket failed.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

impl ServeError {
    /// Exit code of the command line for it: 5 = refused, 4 = the machine would not.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotLoopback(_) | Self::LocalActor => 5,
            Self::Io(_) => 4,
        }
    }
}

/// Whether [`serve`] would listen there, with TLS of its own or without: to be asked before binding.
///
/// # Errors
/// [`ServeError::NotLoopback`] for any address that other machines can reach, without TLS.
pub fn check_listen(address: SocketAddr, tls: bool) -> Result<(), ServeError> {
    if tls || is_loopback(address) { Ok(()) } else { Err(ServeError::NotLoopback(address)) }
}

/// Whether only this machine reaches an address.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Serves the wall on `listener` until `shutdown` is ready; then ends event streams, lets requests under way finish
/// (ten seconds at most) and returns.
///
/// # Errors
/// The listener is reachable from other machines without TLS, or the options are those of the window.
pub async fn serve(
    wall: Wall,
    listener: TcpListener,
    options: HttpOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    check_listen(listener.local_addr()?, options.tls.is_some())?;
    if options.local_actor.is_some() {
        return Err(ServeError::LocalActor);
    }
    let seats = Seats::new(options.connections);
    let tls = options.tls.clone();
    // Ended with the server, as the set is dropped.
    let mut renewal = JoinSet::new();
    if let Some(tls) = &tls {
        renewal.spawn(tls.clone().keep_current());
    }
    let (router, app) = assemble(wall, options);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            seats.vacancy().await;
            listener.accept().await
        };
        let next = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        match next {
            Ok((socket, peer)) => {
                let (peer, tls) = (peer.ip(), tls.clone());
                let sitting = seats.sit(tls.is_some().then_some(peer));
                connections.spawn(converse(socket, peer, tls, sitting, router.clone(), app.clone()));
            }
            // Too many open files and the like: others may end meanwhile.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    app.closing.close();
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        tracing::warn!("connections were still busy and are cut");
    }
    Ok(())
}

/// Whence a request came: the other end of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// At which of this machine's addresses a request came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here(pub IpAddr);

async fn converse(socket: TcpStream, peer: IpAddr, tls: Option<Tls>, sitting: Sitting, router: Router, app: App) {
    let (seat, here) = (sitting.handle(), socket.local_addr().ok().map(|a| Here(a.ip())));
    let router = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(seat.clone());
        if let Some(here) = here {
            request.extensions_mut().insert(here);
        }
        request
    });
    // Small answers go out at once. A socket that refuses is about to fail anyway.
    let _ = socket.set_nodelay(true);
    let Some(tls) = tls else { return talk(Patient { socket, stalled: None }, &sitting, router, &app).await };
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(HANDSHAKE, greet(socket, &tls)) => greeted,
        () = sitting.dismissed() => return,
        () = app.closing.closed() => return,
    };
    match greeted {
        Ok(Ok(Some(stream))) => {
            sitting.greeted();
            talk(stream, &sitting, router, &app).await;
        }
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
        Err(_) => tracing::debug!("a handshake was not done in time"),
    }
}

/// The handshake; `None` when somebody spoke something else than TLS, and was told so.
async fn greet(mut socket: TcpStream, tls: &Tls) -> io::Result<Option<TlsStream<Patient>>> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first[0] == HANDSHAKE_RECORD {
        let stream = Patient { socket, stalled: None };
        return TlsAcceptor::from(tls.config()).accept(stream).await.map(Some);
    }
    // Plain HTTP begins with a letter; anything else gets no answer that it would not understand.
    if first[0].is_ascii_uppercase() {
        let words = r#"{"code":"https_only","message":"this port speaks TLS only: ask https://… here"}"#;
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            words.len()
        );
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(words.as_bytes()).await?;
        socket.shutdown().await?;
        // What was sent is taken, or the answer would be lost with the connection.
        let mut sink = [0; 4096];
        for _ in 0..256 {
            if socket.read(&mut sink).await? == 0 {
                break;
            }
        }
    }
    Ok(None)
}

/// Requests and answers, over whatever carries them.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    sitting: &Sitting,
    router: impl tower::Service<
        Request<Incoming>,
        Response = axum::response::Response,
        Error = std::convert::Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
    app: &App,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Nothing was under way when it lost its place; the sender of a request that came at that
        // very moment hears nothing, and sends it again.
        () = sitting.dismissed() => return,
        () = app.closing.closed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// A socket whose writes must get on: a reader that takes nothing does not hold its place for ever.
struct Patient {
    socket: TcpStream,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn judge<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.judge(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.judge(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_flush(cx);
        self.judge(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.judge(cx, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_only_tls_is_spoken() {
        for good in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:8787", "[::ffff:127.0.0.1]:1"] {
            assert!(check_listen(good.parse().unwrap(), false).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:8787", "10.0.0.1:80", "[::]:8787", "192.168.1.1:1"] {
            assert!(check_listen(bad.parse().unwrap(), true).is_ok(), "{bad}");
            let error = check_listen(bad.parse().unwrap(), false).unwrap_err();
            assert_eq!(error.exit_code(), 5, "{bad}");
            assert!(error.to_string().contains("TLS"), "{error}");
        }
    }
}
