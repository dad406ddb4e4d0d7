//! TLS of the server: which certificate is shown, and its renewal while the wall runs.
//!
//! The wall's own certificate is renewed with the key it has, so whoever pinned the public key goes on knowing the wall.
//! Whatever new pair does not fit, the one in use stays.

mod own;
mod pair;

pub use own::{machine_name, own_public_key};
pub use pair::Fingerprint;

use crate::wall::system_now;
use own::Own;
use pair::Pair;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;
use wall_core::UtcMs;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// After a renewal of the own certificate that failed, and between two warnings that a given one ends.
const AGAIN: Duration = Duration::from_secs(3_600);
/// A given certificate that ends within this long is warned about.
const SOON_MS: i64 = 14 * 86_400_000;

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum CertificateSource {
    /// The wall's own, made when there is none, kept in the folder `tls` of this one.
    Own {
        /// The data directory.
        folder: PathBuf,
        /// Names and addresses it is for, besides those of this machine.
        names: Vec<String>,
    },
    /// One that was given.
    Given {
        /// The certificate and those that vouch for it, PEM.
        certificate: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

/// Why there is no TLS.
#[derive(thiserror::Error, Debug)]
pub enum TlsError {
    /// A file that was given cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// What was given is no certificate with its key.
    #[error("{0}")]
    NoPair(String),
    /// The own certificate cannot be made or kept.
    #[error("the wall's own certificate cannot be made in {}: {why}; --cert and --key give one", folder.display())]
    NotMade {
        /// Where it was to be.
        folder: PathBuf,
        /// Why.
        why: String,
    },
}

impl TlsError {
    /// Exit code of the command line for it: 3 = what was given cannot be used, 4 = this machine would not.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable { .. } | Self::NoPair(_) => 3,
            Self::NotMade { .. } => 4,
        }
    }
}

/// What is known of the certificate that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CertificateAbout {
    /// SHA-256 of the certificate, as browsers show it.
    pub certificate: Fingerprint,
    /// SHA-256 of its public key, which walls that look on from elsewhere pin: a renewal with the same key keeps it.
    pub public_key: Fingerprint,
    /// From when it holds.
    pub begins: UtcMs,
    /// Until when it holds.
    pub ends: UtcMs,
}

/// The server's side of TLS. Cheap to clone; all clones show the same certificate.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    source: CertificateSource,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
    watched: Mutex<Watched>,
}

/// What the looks at the files remember.
struct Watched {
    /// Of the pair in use.
    used: Mark,
    /// Of files that did not fit when they were looked at before, and whether that was said.
    doubt: Option<(Mark, bool)>,
    /// Not before this time again.
    again: Option<Instant>,
}

/// A content of files, or the word why there is none.
type Mark = [u8; 32];

/// The pair that is shown at the moment.
#[derive(Debug)]
struct Shown(RwLock<Pair>);

impl Shown {
    fn pair(&self) -> Pair {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().key)
    }
}

impl Tls {
    /// Reads the pair, or makes the wall's own.
    ///
    /// # Errors
    /// There is none that can be used.
    pub fn open(source: CertificateSource) -> Result<Self, TlsError> {
        let provider = provider();
        if let CertificateSource::Own { folder, names } = &source {
            Own::of(folder, names).prepare(system_now())?;
        }
        let (pair, used) = read(&source, &provider)?;
        let shown = Arc::new(Shown(RwLock::new(pair)));
        let refused = |e: rustls::Error| TlsError::NoPair(format!("TLS cannot begin: {e}"));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let watched = Mutex::new(Watched { used, doubt: None, again: None });
        let tls = Self(Arc::new(Inner { source, shown, config: Arc::new(config), watched }));
        tls.warn_of_the_end(system_now());
        Ok(tls)
    }

    /// What is known of the certificate that is shown now.
    pub fn about(&self) -> CertificateAbout {
        self.0.shown.pair().about
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.config.clone()
    }

    /// Keeps the certificate current for as long as it is polled.
    pub(super) async fn keep_current(self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let tls = self.clone();
            // Files, and now and then a signature: not on a thread that answers.
            if tokio::task::spawn_blocking(move || tls.look(system_now())).await.is_err() {
                tracing::warn!("a look at the certificate failed");
            }
        }
    }

    /// Renews the own certificate when it is time, and takes what the files hold.
    fn look(&self, now: UtcMs) {
        let mut watched = self.watched();
        let rested = watched.again.is_none_or(|t| Instant::now() >= t);
        match &self.0.source {
            CertificateSource::Own { folder, names } if rested && own::is_due(&self.about(), now) => {
                if let Err(error) = Own::of(folder, names).prepare(now) {
                    tracing::warn!(%error, "the certificate was not renewed; the old one stays");
                    watched.again = Some(Instant::now() + AGAIN);
                }
            }
            CertificateSource::Given { .. } if rested => {
                watched.again = Some(Instant::now() + AGAIN);
                self.warn_of_the_end(now);
            }
            _ => {}
        }
        match read(&self.0.source, self.0.config.crypto_provider()) {
            Ok((_, mark)) if mark == watched.used => watched.doubt = None,
            Ok((pair, mark)) => {
                tracing::info!(
                    certificate = %pair.about.certificate, public_key = %pair.about.public_key,
                    ends = %pair.about.ends.to_rfc3339(), "the certificate was renewed; new connections get it"
                );
                *self.0.shown.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
                (watched.used, watched.doubt) = (mark, None);
            }
            Err(error) => {
                let mark: Mark = Sha256::digest(error.to_string().as_bytes()).into();
                // Of two files one is written first: what does not fit is looked at once more before it is said.
                let said = match watched.doubt {
                    Some((before, said)) if before == mark => {
                        if !said {
                            tracing::warn!(%error, "the certificate in the files cannot be used; the one in use stays");
                        }
                        true
                    }
                    _ => false,
                };
                watched.doubt = Some((mark, said));
            }
        }
    }

    fn warn_of_the_end(&self, now: UtcMs) {
        let about = self.about();
        let (begins, ends) = (about.begins.to_rfc3339(), about.ends.to_rfc3339());
        if now.0 >= about.ends.0 {
            tracing::warn!(%ends, "the certificate is over: browsers refuse it; renew its files");
        } else if now.0 < about.begins.0 {
            tracing::warn!(%begins, "the certificate does not hold yet, by this machine's clock");
        } else if about.ends.0 - now.0 < SOON_MS && matches!(self.0.source, CertificateSource::Given { .. }) {
            tracing::warn!(%ends, "the certificate ends soon; renew its files, the wall takes them while it runs");
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cryptography of both sides.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The pair in the files.
fn read(source: &CertificateSource, provider: &CryptoProvider) -> Result<(Pair, Mark), TlsError> {
    let (certificate, key) = match source {
        CertificateSource::Own { folder, .. } => {
            let both = own::file(folder);
            (both.clone(), both)
        }
        CertificateSource::Given { certificate, key } => (certificate.clone(), key.clone()),
    };
    let bytes = |path: &Path| std::fs::read(path).map_err(|why| TlsError::Unreadable { path: path.to_owned(), why });
    let (chain, secret) = (bytes(&certificate)?, bytes(&key)?);
    let pair = Pair::of(&chain, &secret, provider).map_err(|why| {
        let files = if certificate == key {
            certificate.display().to_string()
        } else {
            format!("{} and {}", certificate.display(), key.display())
        };
        TlsError::NoPair(format!("{files}: {why}"))
    })?;
    Ok((pair, Sha256::new().chain_update(&chain).chain_update([0]).chain_update(&secret).finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn own_in(folder: &Path, names: &[&str]) -> Tls {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        Tls::open(CertificateSource::Own { folder: folder.to_owned(), names }).unwrap()
    }

    #[test]
    fn the_own_certificate_is_made_once_and_renewed_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let first = own_in(folder.path(), &[]).about();
        let tls = own_in(folder.path(), &[]);
        assert_eq!(tls.about(), first, "the same at the next start");
        let now = system_now();
        assert!(first.begins.0 <= now.0 && first.ends.0 > now.0 + 600 * DAY);
        tls.look(UtcMs(first.ends.0 - 100 * DAY));
        assert_eq!(tls.about(), first, "not before it is time");
        tls.look(UtcMs(first.ends.0 - 10 * DAY));
        let second = tls.about();
        assert_ne!(second.certificate, first.certificate);
        assert_eq!(second.public_key, first.public_key, "whoever pinned the key goes on knowing the wall");
        assert!(second.ends.0 > first.ends.0);
        // A name that it lacks is a reason too; a text that is none is refused.
        let named = own_in(folder.path(), &["wall.example", "10.1.2.3"]).about();
        assert_ne!(named.certificate, second.certificate);
        assert_eq!(named.public_key, first.public_key);
        assert_eq!(own_in(folder.path(), &["10.1.2.3"]).about(), named, "it has it");
        let odd = Tls::open(CertificateSource::Own { folder: folder.path().to_owned(), names: vec!["网格".into()] });
        assert!(odd.err().unwrap().to_string().contains("网格"));
    }

    #[cfg(unix)]
    #[test]
    fn the_own_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        own_in(folder.path(), &[]);
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        let inside = folder.path().join("tls");
        assert_eq!(mode(&inside), 0o700);
        let files: Vec<_> = std::fs::read_dir(&inside).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(files.len(), 2, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }

    #[test]
    fn a_given_pair_is_followed_and_one_that_does_not_fit_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let put = |names: &str| {
            let pair = rcgen::generate_simple_self_signed([names.to_owned()]).unwrap();
            std::fs::write(&certificate, pair.cert.pem()).unwrap();
            std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
        };
        let source = || CertificateSource::Given { certificate: certificate.clone(), key: key.clone() };
        assert!(matches!(Tls::open(source()), Err(TlsError::Unreadable { .. })));
        put("a.example");
        let tls = Tls::open(source()).unwrap();
        let first = tls.about();
        for broken in ["", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&certificate, broken).unwrap();
            tls.look(system_now());
            tls.look(system_now());
            assert_eq!(tls.about(), first, "{broken:?}");
            assert!(matches!(Tls::open(source()), Err(TlsError::NoPair(_))), "{broken:?}");
        }
        // The certificate is there, its key not yet.
        let other = rcgen::generate_simple_self_signed(["b.example".to_owned()]).unwrap();
        std::fs::write(&certificate, other.cert.pem()).unwrap();
        tls.look(system_now());
        assert_eq!(tls.about(), first);
        let Err(refused) = Tls::open(source()) else { panic!("a key of another certificate") };
        assert!(refused.to_string().contains("does not belong"), "{refused}");
        std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
        tls.look(system_now());
        assert_ne!(tls.about(), first);
        std::fs::remove_file(&key).unwrap();
        tls.look(system_now());
        assert_ne!(tls.about(), first, "a file that went away changes nothing");
    }
}
