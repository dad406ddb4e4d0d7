//! Locks between processes: files that hold nothing but a lock of the system, which a killed process lets go of.
//! Never on the database itself: closing such a file would drop SQLite's own locks on it.

use crate::StoreError;
use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::Path,
    time::Duration,
};
use tokio::time::Instant;

/// Held by whoever opens, makes, migrates or restores a store; the others wait.
pub(crate) const OPENING: &str = "gridwall.opening";
/// Shared by all who have the store open; a restore needs it for itself.
pub(crate) const IN_USE: &str = "gridwall.lock";
/// Held while the anchor of the audit log is read and written.
pub(crate) const ANCHOR: &str = "audit.lock";

/// How often a lock is asked for again.
const AGAIN: Duration = Duration::from_millis(10);

/// The file of a lock, made when it is absent; `None` in a folder that may only be read and has none.
fn file(path: &Path) -> Result<Option<File>, StoreError> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(_) => Ok(None),
        },
        Err(e) => Err(e.into()),
    }
}

/// Waits for a lock of its own until `until`, then says [`StoreError::Busy`]; `None` in a folder without it that may
/// only be read.
pub(crate) async fn exclusive(path: &Path, until: Instant) -> Result<Option<File>, StoreError> {
    let Some(file) = file(path)? else { return Ok(None) };
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(AGAIN).await,
            Err(TryLockError::WouldBlock) => return Err(StoreError::busy()),
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
    }
}

/// A lock that others may share; `None` where the folder has none and may only be read.
///
/// # Errors
/// `taken` when somebody has it alone.
pub(crate) fn shared(path: &Path, taken: impl FnOnce() -> StoreError) -> Result<Option<File>, StoreError> {
    let Some(file) = file(path)? else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(taken()),
        Err(TryLockError::Error(e)) => Err(e.into()),
    }
}
