//! The key file beside the database: 32 bytes for sealing and 32 for the audit chain and content hashes.

use crate::StoreError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;

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
    /// Reads `path`, or makes it (mode 0600) when it is absent and the store is new.
    pub fn open(path: &Path, store_is_new: bool) -> Result<Self, StoreError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let (Some(seal), Some(chain), 64) = (
                    bytes.get(..32).and_then(|b| b.try_into().ok()),
                    bytes.get(32..64).and_then(|b| b.try_into().ok()),
                    bytes.len(),
                ) else {
                    return Err(StoreError::Key(format!("{} has {} bytes, expected 64", path.display(), bytes.len())));
                };
                Ok(Self { seal, chain })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && store_is_new => {
                let mut bytes = [0u8; 64];
                getrandom::fill(&mut bytes).map_err(|e| StoreError::Key(e.to_string()))?;
                write_private(path, &bytes)?;
                Self::open(path, false)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Key(format!("{} is missing; put it back from the backup", path.display())))
            }
            Err(e) => Err(e.into()),
        }
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

/// Writes a file that only the owner may read, durably: temporary name, sync, rename, sync of the folder.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    use std::io::Write;
    let temporary = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
