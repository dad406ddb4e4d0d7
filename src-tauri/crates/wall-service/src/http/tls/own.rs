//! The wall's own certificate: one file with key and certificate, so that the two never disagree.

use super::{CertificateAbout, Fingerprint, TlsError, pair::Pair, provider};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use std::{
    io::Write,
    net::IpAddr,
    path::{Path, PathBuf},
};
use wall_core::UtcMs;

/// It holds for this long …
const LIFE_DAYS: i64 = 730;
/// … and is renewed when this much is left.
const LEFT_DAYS: i64 = 60;
const DAY_MS: i64 = 86_400_000;

/// Where it is: key and certificate.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("tls").join("own.pem")
}

/// Whether it is time for a new one.
pub(super) fn is_due(about: &CertificateAbout, now: UtcMs) -> bool {
    about.ends.0 - now.0 < LEFT_DAYS * DAY_MS
}

/// The public key of a data directory's own certificate; `None` = it has none yet. Nothing is made.
///
/// # Errors
/// The file is there and cannot be read, or is none.
pub fn own_public_key(folder: &Path) -> Result<Option<Fingerprint>, TlsError> {
    let path = file(folder);
    Ok(read(&path)?.map(|text| pair(&path, &text)).transpose()?.map(|pair| pair.about.public_key))
}

fn read(path: &Path) -> Result<Option<String>, TlsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(TlsError::Unreadable { path: path.to_owned(), why }),
    }
}

fn pair(path: &Path, text: &str) -> Result<Pair, TlsError> {
    Pair::of(text.as_bytes(), text.as_bytes(), &provider())
        .map_err(|why| TlsError::NoPair(format!("{}: {why}; if it is taken away, the wall makes a new one", path.display())))
}

/// The own certificate of a data directory.
pub(super) struct Own<'a> {
    folder: &'a Path,
    names: &'a [String],
}

impl<'a> Own<'a> {
    pub fn of(folder: &'a Path, names: &'a [String]) -> Self {
        Self { folder, names }
    }

    /// Makes it where there is none, and anew with its key where it ends soon or lacks a name.
    pub fn prepare(&self, now: UtcMs) -> Result<(), TlsError> {
        let path = file(self.folder);
        let Some(there) = read(&path)? else {
            let key = KeyPair::generate().map_err(|e| self.failed(e))?;
            return self.write(&key, now, false);
        };
        let pair = pair(&path, &there)?;
        if !is_due(&pair.about, now) && self.all_names().iter().all(|name| pair.is_for(name)) {
            return Ok(());
        }
        let key = KeyPair::from_pem(&there).map_err(|e| self.failed(e))?;
        self.write(&key, now, true)
    }

    /// Of this machine, and those that were told.
    fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        for name in machine_name().iter().chain(self.names) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn write(&self, key: &KeyPair, now: UtcMs, over: bool) -> Result<(), TlsError> {
        let names = self.all_names();
        // A name that cannot stand in a certificate is the caller's word, not a fault of this machine.
        if let Some(odd) = names.iter().find(|n| n.parse::<IpAddr>().is_err() && !is_host_name(n)) {
            return Err(TlsError::NoPair(format!("\"{odd}\" is no host name for a certificate: letters, digits, hyphens, dots")));
        }
        let mut params = CertificateParams::new(names).map_err(|e| self.failed(e))?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "GridWall");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Clocks of others may be behind.
        let far_off = || self.failed("this machine's clock is far off");
        let (begins, ends) = (day(now, -1).ok_or_else(far_off)?, day(now, LIFE_DAYS).ok_or_else(far_off)?);
        params.not_before = date_time_ymd(begins.0, begins.1, begins.2);
        params.not_after = date_time_ymd(ends.0, ends.1, ends.2);
        let certificate = params.self_signed(key).map_err(|e| self.failed(e))?;
        let inside = self.folder.join("tls");
        private_folder(&inside).map_err(|e| self.failed(e))?;
        let both = format!("{}{}", key.serialize_pem(), certificate.pem());
        put(&inside.join("own.pem"), &both, over).map_err(|e| self.failed(e))?;
        // For those who check against it (`curl --cacert`); the wall itself never reads it.
        let shown = std::fs::read_to_string(inside.join("own.pem")).unwrap_or(both);
        let from = shown.find("-----BEGIN CERTIFICATE-----").unwrap_or(0);
        put(&inside.join("certificate.pem"), &shown[from..], true).map_err(|e| self.failed(e))
    }

    fn failed(&self, why: impl ToString) -> TlsError {
        TlsError::NotMade { folder: self.folder.join("tls"), why: why.to_string() }
    }
}

fn is_host_name(name: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    name.len() <= 253 && name.split('.').all(part)
}

/// The name that this machine gives itself, when it is one of a host.
pub fn machine_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.filter(|n| is_host_name(n))
}

/// Year, month and day (UTC) so many days from a time.
fn day(now: UtcMs, days: i64) -> Option<(i32, u8, u8)> {
    let there = jiff::Timestamp::from_millisecond(now.0.checked_add(days * DAY_MS)?).ok()?;
    let date = there.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some((i32::from(date.year()), u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?))
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// A file that only its owner reads, whole or not at all. Where it is there and not to be written over, another process was
/// first and its own stands.
fn put(path: &Path, text: &str, over: bool) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match if over { file.persist(path) } else { file.persist_noclobber(path) } {
        Ok(_) => Ok(()),
        Err(e) if !over && e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e.error),
    }
}
