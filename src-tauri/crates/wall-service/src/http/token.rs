//! Tokens looked up a moment ago, so that thousands of posts a second do not each ask the store.

use super::refusal::Refusal;
use crate::wall::{Wall, WallError};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use wall_store::Token;

/// A revoked token is refused after at most this long.
const FRESH: Duration = Duration::from_secs(3);
/// Tokens kept; when more are used at once the oldest are asked again.
const KEPT: usize = 1024;

/// Tokens by the hash of their secret. Unknown secrets are not kept: a token made just now works just now.
#[derive(Default)]
pub(crate) struct TokenCache(Mutex<HashMap<[u8; 32], (Token, Instant)>>);

impl TokenCache {
    /// The token in force with this secret.
    pub async fn find(&self, wall: &Wall, secret: &str) -> Result<Option<Token>, Refusal> {
        // Nothing else was ever issued, and it keeps junk away from the store.
        if secret.len() > 200 || !secret.starts_with("gw_") {
            return Ok(None);
        }
        let key: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        if let Some((token, at)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
            && at.elapsed() < FRESH
        {
            return Ok(Some(token.clone()));
        }
        let asked = Instant::now();
        let found = wall.store().token_by_secret(secret).await.map_err(|e| Refusal::from(WallError::from(e)))?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(token) => {
                if kept.len() >= KEPT {
                    kept.retain(|_, (_, at)| at.elapsed() < FRESH);
                }
                if kept.len() < KEPT {
                    kept.insert(key, (token.clone(), asked));
                }
            }
            None => {
                kept.remove(&key);
            }
        }
        Ok(found)
    }
}
