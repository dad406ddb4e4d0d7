//! The key file beside the database: 32 bytes for sealing and 32 for the audit chain and content hashes.

use crate::{
    StoreError,
    secret::{hex, random},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    io::Write,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// Keyed hash used everywhere in the store.
pub(crate) type Keyed = Hmac<Sha256>;

/// The keys of one store. Whoever holds both the database and this file can read everything.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Wraps the per-record sealing keys.
    pub seal: [u8; 32],
    /// Keys the audit chain and the content hashes.
    pub chain: [u8; 32],
}

impl Keys {
    /// Reads the keys at `path`.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let bytes = std::fs::read(path).map_err(|e| StoreError::Key(format!("{} cannot be read: {e}", path.display())))?;
        Self::of(&bytes).ok_or_else(|| StoreError::Key(format!("{} has {} bytes, expected 64", path.display(), bytes.len())))
    }

    /// The keys of 64 bytes; `None` with any other number.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (seal, chain) = (bytes.get(..32)?, bytes.get(32..64)?);
        Some(Self { seal: seal.try_into().ok()?, chain: chain.try_into().ok()? }).filter(|_| bytes.len() == 64)
    }

    /// As they stand in the file.
    pub fn bytes(&self) -> Vec<u8> {
        [self.seal, self.chain].concat()
    }

    /// Keys of no store: they open nothing, and nothing is written with them.
    pub fn foreign() -> Result<Self, StoreError> {
        Ok(Self { seal: random()?, chain: random()? })
    }

    /// Makes new keys at `path` (mode 0600).
    pub fn make(path: &Path) -> Result<(), StoreError> {
        write_private(path, &random::<64>()?)
    }

    /// What the database keeps of the keys, to tell whether they are its own.
    pub fn mark(&self) -> String {
        hex(&self.mac([b"gridwall key check".as_slice()]))
    }

    /// Which store's they are: tells nothing of them.
    pub fn identity(&self) -> String {
        hex(&self.mac([b"gridwall store identity".as_slice()])[..8])
    }

    /// HMAC-SHA-256 of the parts under the chain key; each part is length-prefixed.
    pub fn mac<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
        // HMAC pads a shorter key with zeros to its block of 64 bytes.
        let mut block = [0u8; 64];
        block[..32].copy_from_slice(&self.chain);
        let mut mac = Keyed::new(&block.into());
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// Writes a file that only the owner may read, durably: temporary name, sync, rename, sync of the folder. The temporary
/// name is nobody else's, so that several processes may do it at once: the last one holds.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let temporary = path.with_file_name(name);
    let written = write_new(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    sync_folder(path.parent())?;
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a file that only the owner may read; one that is there is emptied.
pub(crate) fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes what was renamed in a folder last.
pub(crate) fn sync_folder(folder: Option<&Path>) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = folder {
        // Of a bare file name the folder is the empty path: that is this one.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod folder_tests {
    use super::*;

    #[test]
    fn a_bare_file_name_lies_in_this_folder() {
        sync_folder(Path::new("keys.json").parent()).unwrap();
        assert!(sync_folder(Path::new("no-such-folder/keys.json").parent()).is_err());
    }
}
