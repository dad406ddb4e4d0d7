//! Sealed values: XChaCha20-Poly1305 under a key of their own, wrapped by the key file.
//! Deleting the wrapped key erases the value wherever copies of it are.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, sql},
    secret::random,
};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};

fn shut(key: &[u8; 32], plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let nonce = random::<24>()?;
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(XNonce::from_slice(&nonce), plain)
        .map_err(|_| StoreError::Key("sealing failed".into()))?;
    Ok((nonce.to_vec(), sealed))
}

fn open(key: &[u8; 32], nonce: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    if nonce.len() != 24 {
        return Err(StoreError::Damaged { what: "sealed nonce".into() });
    }
    XChaCha20Poly1305::new(key.into())
        .decrypt(XNonce::from_slice(nonce), sealed)
        .map_err(|_| StoreError::Key("a sealed value does not open: wrong key file, or it was changed".into()))
}

impl WriteTx {
    /// Seals `value` for `(kind, id)`, replacing and erasing what was there.
    pub(crate) async fn seal(&mut self, kind: &str, id: i64, value: &serde_json::Value) -> Result<(), StoreError> {
        self.erase_sealed(kind, id).await?;
        let key = random::<32>()?;
        let (key_nonce, wrapped) = shut(&self.store.inner.keys.seal, &key)?;
        let (nonce, sealed) = shut(&key, value.to_string().as_bytes())?;
        let key_id = self.ids("seal_key", 1).await?;
        let key = sql("INSERT INTO seal_key (id, nonce, wrapped) VALUES ($1, $2, $3)").bind(key_id).bind(key_nonce).bind(wrapped);
        self.tx.execute(key).await?;
        let value = sql("INSERT INTO sealed (kind, id, key_id, nonce, value, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)");
        let value = value.bind(kind).bind(id).bind(key_id).bind(nonce).bind(sealed).bind(self.recorded_at);
        self.tx.execute(value).await.map(drop)
    }

    /// Seals what is stated of `(kind, id)`: an empty text leaves what is known. `true` when something changed.
    pub(crate) async fn seal_stated(&mut self, kind: &str, id: i64, stated: &[(&str, &str)]) -> Result<bool, StoreError> {
        if stated.iter().all(|(_, text)| text.is_empty()) {
            return Ok(false);
        }
        let known = self.open_sealed(kind, id).await?;
        let mut value = known.clone().unwrap_or_else(|| serde_json::json!({}));
        for (field, text) in stated {
            if !text.is_empty() || value.get(field).is_none() {
                value[*field] = (*text).into();
            }
        }
        if known.as_ref() == Some(&value) {
            return Ok(false);
        }
        self.seal(kind, id, &value).await?;
        Ok(true)
    }

    /// A sealed value as this write sees it, to be compared with what comes.
    pub(crate) async fn open_sealed(&mut self, kind: &str, id: i64) -> Result<Option<serde_json::Value>, StoreError> {
        let row = self.tx.optional(sql(SEALED).bind(kind).bind(id)).await?;
        row.map(|row| opened(&self.store, &row, kind, id)).transpose()
    }

    /// Erases a sealed value with its key; `false` when there was none.
    pub async fn erase_sealed(&mut self, kind: &str, id: i64) -> Result<bool, StoreError> {
        let key = sql("DELETE FROM seal_key WHERE id IN (SELECT key_id FROM sealed WHERE kind = $1 AND id = $2)");
        self.tx.execute(key.bind(kind).bind(id)).await?;
        let gone = self.tx.execute(sql("DELETE FROM sealed WHERE kind = $1 AND id = $2").bind(kind).bind(id)).await?;
        Ok(gone > 0)
    }
}

impl Store {
    /// Opens a sealed value. The caller has checked role and purpose and written the audit line.
    pub async fn open_sealed(&self, kind: &str, id: i64) -> Result<Option<serde_json::Value>, StoreError> {
        let row = self.inner.read.optional(sql(SEALED).bind(kind).bind(id)).await?;
        row.map(|row| opened(self, &row, kind, id)).transpose()
    }
}

const SEALED: &str = "SELECT k.nonce AS key_nonce, k.wrapped, s.nonce, s.value FROM sealed s JOIN seal_key k ON k.id = s.key_id \
     WHERE s.kind = $1 AND s.id = $2";

fn opened(store: &Store, row: &Row, kind: &str, id: i64) -> Result<serde_json::Value, StoreError> {
    let key = open(&store.inner.keys.seal, row.get("key_nonce")?, row.get("wrapped")?)?;
    let key: [u8; 32] = key.try_into().map_err(|_| StoreError::Damaged { what: "seal_key".into() })?;
    let plain = open(&key, row.get("nonce")?, row.get("value")?)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Damaged { what: format!("sealed {kind} {id}") })
}
