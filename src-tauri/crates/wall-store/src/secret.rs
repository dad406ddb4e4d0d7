//! Secrets that are shown once: made here, and kept as their hash only.

use crate::StoreError;
use sha2::{Digest, Sha256};

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Key(e.to_string()))?;
    Ok(bytes)
}

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A new secret: `prefix` and 64 hex digits.
pub(crate) fn new(prefix: &str) -> Result<String, StoreError> {
    Ok(format!("{prefix}{}", hex(&random::<32>()?)))
}

/// Whether a text has the form of a secret with this prefix; says nothing about whether it is one.
pub(crate) fn is_one(prefix: &str, text: &str) -> bool {
    text.len() == prefix.len() + 64 && text.starts_with(prefix)
}

/// SHA-256 of a secret of 256 random bits: nothing to guess, so no slow hash is needed.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
