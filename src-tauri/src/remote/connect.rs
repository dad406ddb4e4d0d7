//! Connections to one server, and to none with another key.

use super::Trouble;
use crate::console::Failure;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use wall_service::http::Fingerprint;

/// Connecting and greeting take no longer.
const CONNECT: Duration = Duration::from_secs(15);

/// Which key the server has to show, and which it showed.
#[derive(Debug)]
pub struct Pins {
    provider: Arc<CryptoProvider>,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    pinned: Option<Fingerprint>,
    shown: Option<Fingerprint>,
}

impl Pins {
    pub fn new(pinned: Option<Fingerprint>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Self { provider, keys: Mutex::new(Keys { pinned, shown: None }) }
    }

    /// This key is it from now on, where none was.
    pub fn pin(&self, key: Fingerprint) {
        self.keys().pinned.get_or_insert(key);
    }

    /// The key that was shown last.
    pub fn shown(&self) -> Option<Fingerprint> {
        self.keys().shown
    }

    pub fn pinned(&self) -> Option<Fingerprint> {
        self.keys().pinned
    }

    /// Why a request failed.
    pub fn trouble(&self, error: &hyper_util::client::legacy::Error) -> Trouble {
        let mut words = error.to_string();
        let mut source = std::error::Error::source(error);
        let mut other = false;
        while let Some(cause) = source {
            other |= cause.downcast_ref::<Error>().is_some_and(is_refusal)
                || cause
                    .downcast_ref::<io::Error>()
                    .and_then(io::Error::get_ref)
                    .is_some_and(|e| e.downcast_ref::<Error>().is_some_and(is_refusal));
            words = cause.to_string();
            source = cause.source();
        }
        let keys = self.keys();
        match (other, keys.pinned, keys.shown) {
            (true, Some(pinned), Some(shown)) => Trouble::OtherKey { pinned, shown },
            _ => Trouble::Unreachable(words),
        }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
}

impl ServerCertVerifier for Pins {
    /// The key is all that counts: neither names nor dates nor who vouches for it. That the server has the key itself is proved by
    /// the signature below.
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(ParsedCertificate::try_from(certificate)?.subject_public_key_info().as_ref());
        let mut keys = self.keys();
        keys.shown = Some(shown);
        match keys.pinned {
            Some(pinned) if pinned != shown => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Makes connections to the server.
#[derive(Clone)]
pub struct Connector {
    host: Arc<str>,
    port: u16,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Connector {
    pub fn new(host: String, port: u16, pins: Arc<Pins>) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::usage(format!("\"{host}\" cannot be asked: {e}"));
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(&host).to_owned();
        let name = ServerName::try_from(bare.clone()).map_err(|e| failed(&e))?;
        let config = ClientConfig::builder_with_provider(pins.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(&e))?
            .dangerous()
            .with_custom_certificate_verifier(pins)
            .with_no_client_auth();
        Ok(Self { host: bare.into(), port, name, tls: TlsConnector::from(Arc::new(config)) })
    }
}

impl tower::Service<http::Uri> for Connector {
    type Response = Pipe;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Pipe>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let to = self.clone();
        Box::pin(async move {
            let connect = async {
                let socket = TcpStream::connect((&*to.host, to.port)).await?;
                socket.set_nodelay(true)?;
                to.tls.connect(to.name, socket).await
            };
            let late = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
            let stream = tokio::time::timeout(CONNECT, connect).await.map_err(|_| late())??;
            Ok(Pipe(TokioIo::new(stream)))
        })
    }
}

/// A connection, as the client wants it.
pub struct Pipe(TokioIo<TlsStream<TcpStream>>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: hyper::rt::ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
