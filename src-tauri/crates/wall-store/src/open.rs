//! Opening the store: folder and file permissions, pragmas, migrations, keys.

use crate::{ChangeBatch, StoreError, error::BUSY_WAIT_S, keys::Keys};
use sqlx::{
    ConnectOptions, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, Notify};

/// The pragmas that matter for durability, as the database reports them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pragmas {
    /// `wal`.
    pub journal_mode: String,
    /// 2 = FULL.
    pub synchronous: i64,
    /// 1 = on.
    pub foreign_keys: i64,
    /// 1 = on: erased rows are overwritten.
    pub secure_delete: i64,
}

/// A store in a data directory: `gridwall.db`, `keys`, `audit.anchor`. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) folder: PathBuf,
    /// One connection: writers of this process stand in one line.
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    pub(crate) keys: Keys,
    /// Held while the anchor file is rewritten.
    pub(crate) anchor: Mutex<()>,
    /// Rung after each commit of this process.
    pub(crate) committed: Notify,
}

impl Store {
    /// Opens or creates the store in `folder` (made with mode 0700).
    ///
    /// # Errors
    /// The folder cannot be used, the key file does not fit, or the database is newer than this edition.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Unusable { path: folder.display().to_string(), reason };
        make_private_folder(folder).map_err(|e| unusable(e.to_string()))?;
        let file = folder.join("gridwall.db");
        let is_new = !file.exists();
        if is_new {
            // Made by us first, so that it never exists with wider permissions.
            make_private_file(&file).map_err(|e| unusable(e.to_string()))?;
        }
        let keys = Keys::open(&folder.join("keys"), is_new)?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(BUSY_WAIT_S))
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-65536")
            .pragma("mmap_size", "1073741824")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!().run(&writer).await?;
        let reader = SqlitePoolOptions::new().max_connections(4).connect_with(options.pragma("query_only", "ON")).await?;
        let store = Self {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                writer,
                reader,
                keys,
                anchor: Mutex::new(()),
                committed: Notify::new(),
            }),
        };
        store.check_key().await?;
        Ok(store)
    }

    /// The folder everything lives in.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Which store this is: the same for every copy that was made of it, another for every other. Tells nothing of the key.
    pub fn identity(&self) -> String {
        self.inner.keys.mac([b"gridwall store identity".as_slice()])[..8].iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Whether [`Store::close`] was called: whoever keeps a connection gives it back now.
    pub fn is_closed(&self) -> bool {
        self.inner.reader.is_closed()
    }

    /// Closes all connections; waits for them.
    pub async fn close(&self) {
        self.inner.reader.close().await;
        self.inner.writer.close().await;
    }

    /// The pragmas of the writing connection.
    pub async fn pragmas(&self) -> Result<Pragmas, StoreError> {
        let mut c = self.inner.writer.acquire().await?;
        let journal_mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *c).await?.try_get(0)?;
        let synchronous = sqlx::query("PRAGMA synchronous").fetch_one(&mut *c).await?.try_get(0)?;
        let foreign_keys = sqlx::query("PRAGMA foreign_keys").fetch_one(&mut *c).await?.try_get(0)?;
        let secure_delete = sqlx::query("PRAGMA secure_delete").fetch_one(&mut *c).await?.try_get(0)?;
        Ok(Pragmas { journal_mode, synchronous, foreign_keys, secure_delete })
    }

    /// Rings after each commit made by this process. Commits of others are found by [`Store::data_version`].
    pub async fn committed(&self) {
        self.inner.committed.notified().await;
    }

    /// SQLite's own counter of changes by other connections; cheap enough to poll.
    pub async fn data_version(&self, connection: &mut Tail) -> Result<i64, StoreError> {
        Ok(sqlx::query("PRAGMA data_version").fetch_one(&mut *connection.0).await?.try_get(0)?)
    }

    /// A connection of its own for tailing: `data_version` is only meaningful on one connection.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        Ok(Tail(self.inner.reader.acquire().await?))
    }

    /// One value of the settings.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query("SELECT value FROM setting WHERE key = ?")
            .bind(key)
            .fetch_optional(&self.inner.reader)
            .await?
            .map(|r| r.get(0)))
    }

    /// A key file that belongs to another store is found at once, not at the first sealed value.
    async fn check_key(&self) -> Result<(), StoreError> {
        let mac = self.inner.keys.mac([b"gridwall key check".as_slice()]);
        let mark: String = mac.iter().map(|b| format!("{b:02x}")).collect();
        match self.setting("key_check").await? {
            None => {
                sqlx::query("INSERT OR IGNORE INTO setting (key, value) VALUES ('key_check', ?)")
                    .bind(mark)
                    .execute(&self.inner.writer)
                    .await?;
                Ok(())
            }
            Some(m) if m == mark => Ok(()),
            Some(_) => Err(StoreError::Key("it belongs to another store".into())),
        }
    }
}

/// A connection kept for following the change log.
pub struct Tail(pub(crate) sqlx::pool::PoolConnection<sqlx::Sqlite>);

/// What a commit hands downstream, and the bell that says so.
pub(crate) fn ring(inner: &Inner, _batch: &ChangeBatch) {
    inner.committed.notify_waiters();
    inner.committed.notify_one();
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn make_private_file(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(file).map(|_| ())
}
