//! The file beside the store in which a wall keeps its world: derived, disposable, believed only where it proves of what it is.

use crate::{
    Store, StoreError,
    db::{Row, newest_version, sql},
    keys::write_private,
};
use std::path::PathBuf;
use wall_core::UtcMs;

/// Name of the file in the data directory.
pub(crate) const IMAGE: &str = "world.image";

impl Store {
    fn image_file(&self) -> PathBuf {
        self.inner.folder.join(IMAGE)
    }

    /// The image as it was kept; `None` = there is none. O(bytes).
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub async fn image(&self) -> std::io::Result<Option<Vec<u8>>> {
        match tokio::fs::read(self.image_file()).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps an image in the place of the one before: the whole of it or nothing. Waits for the disk.
    ///
    /// # Errors
    /// It cannot be written; the one before is still there.
    pub fn keep_image(&self, bytes: &[u8]) -> Result<(), StoreError> {
        if !self.inner.may_write {
            return Err(self.inner.read_only());
        }
        write_private(&self.image_file(), bytes)
    }

    /// The newest version of the store's tables.
    pub fn schema(&self) -> i64 {
        newest_version()
    }

    /// What the log says of a revision, to be compared: a store that was put back to an earlier state says something else.
    /// `None` = it has no such line, or not any more.
    pub async fn log_line(&self, revision: i64) -> Result<Option<String>, StoreError> {
        let line = sql("SELECT recorded_at, kind, id, op FROM change_log WHERE revision = $1").bind(revision);
        let words = |row: Row| -> Result<String, StoreError> {
            let (at, kind, id, op): (UtcMs, &str, i64, &str) =
                (row.get("recorded_at")?, row.get("kind")?, row.get("id")?, row.get("op")?);
            Ok(format!("{} {kind} {id} {op}", at.0))
        };
        self.inner.read.optional(line).await?.map(words).transpose()
    }
}
