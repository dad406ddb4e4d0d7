//! Sealed values: XChaCha20-Poly1305 under a key of their own, wrapped by the key file.
//! Deleting the wrapped key erases the value wherever copies of it are.

use crate::{Store, StoreError, WriteTx, secret::random};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use sqlx::Row;

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
        let key_id = sqlx::query("INSERT INTO seal_key (nonce, wrapped) VALUES (?, ?)")
            .bind(key_nonce)
            .bind(wrapped)
            .execute(&mut *self.tx)
            .await?
            .last_insert_rowid();
        sqlx::query("INSERT INTO sealed (kind, id, key_id, nonce, value, recorded_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(kind)
            .bind(id)
            .bind(key_id)
            .bind(nonce)
            .bind(sealed)
            .bind(self.recorded_at.0)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
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
        let row = sqlx::query(SEALED).bind(kind).bind(id).fetch_optional(&mut *self.tx).await?;
        row.map(|row| opened(&self.store, &row, kind, id)).transpose()
    }

    /// Erases a sealed value with its key; `false` when there was none.
    pub async fn erase_sealed(&mut self, kind: &str, id: i64) -> Result<bool, StoreError> {
        sqlx::query("DELETE FROM seal_key WHERE id IN (SELECT key_id FROM sealed WHERE kind = ? AND id = ?)")
            .bind(kind)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        let gone = sqlx::query("DELETE FROM sealed WHERE kind = ? AND id = ?").bind(kind).bind(id).execute(&mut *self.tx).await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl Store {
    /// Opens a sealed value. The caller has checked role and purpose and written the audit line.
    pub async fn open_sealed(&self, kind: &str, id: i64) -> Result<Option<serde_json::Value>, StoreError> {
        let row = sqlx::query(SEALED).bind(kind).bind(id).fetch_optional(&self.inner.reader).await?;
        row.map(|row| opened(self, &row, kind, id)).transpose()
    }
}

const SEALED: &str =
    "SELECT k.nonce, k.wrapped, s.nonce, s.value FROM sealed s JOIN seal_key k ON k.id = s.key_id WHERE s.kind = ? AND s.id = ?";

fn opened(store: &Store, row: &sqlx::sqlite::SqliteRow, kind: &str, id: i64) -> Result<serde_json::Value, StoreError> {
    let key = open(&store.inner.keys.seal, row.get(0), row.get(1))?;
    let key: [u8; 32] = key.try_into().map_err(|_| StoreError::Damaged { what: "seal_key".into() })?;
    let plain = open(&key, row.get(2), row.get(3))?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Damaged { what: format!("sealed {kind} {id}") })
}
