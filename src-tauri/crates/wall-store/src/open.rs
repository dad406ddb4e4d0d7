//! Opening the store: folder and file permissions, pragmas, migrations, keys.

use crate::{
    Actor, Fault, StoreError,
    db::{Address, Engine, Held, Readers, Server, sql},
    error::BUSY_WAIT_S,
    health::Health,
    keys::Keys,
    lock,
    pen::{Pen, patience},
    start,
    watch::Watch,
};
use sqlx::{
    ConnectOptions, Connection, Row,
    error::DatabaseError,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};
use wall_core::UtcMs;

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
    pub(crate) read: Readers,
    pub(crate) engine: Engine,
    pub(crate) keys: Keys,
    /// Held while the anchor file is rewritten.
    pub(crate) anchor: Mutex<()>,
    /// Rung after each commit of this process.
    pub(crate) committed: Arc<Notify>,
    pub(crate) health: Health,
    /// Whether the folder may be written; else everything can be read and nothing changed.
    pub(crate) may_write: bool,
    /// Whether the keys of the store are not on this machine: then `keys` are some that open nothing.
    pub(crate) is_keyless: bool,
    /// Held as long as the store is open: nothing is restored meanwhile.
    _in_use: Option<std::fs::File>,
}

/// Whoever opens waits so long for another process that makes or migrates the store.
pub(crate) const OPENING_WAIT: Duration = Duration::from_secs(120);

impl Inner {
    /// Why nothing is written here.
    pub(crate) fn read_only(&self) -> StoreError {
        let error = match &self.engine {
            _ if self.is_keyless => format!(
                "the keys of this store are not in {}: this machine only reads, and signs nobody in. `gridwall keys export` where they \
                 are and `gridwall keys import` here bring them",
                self.folder.display()
            ),
            Engine::Postgres(server) if !server.may_write => {
                format!(
                    "{} was made ready by a newer GridWall; this edition reads it, and writes after it was renewed too",
                    server.shown()
                )
            }
            _ => self.folder.display().to_string(),
        };
        StoreError::Failed { fault: Fault::ReadOnly, error }
    }
}

/// A connection that sets nothing in the file.
pub(crate) fn plain(file: &Path, may_write: bool) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(BUSY_WAIT_S))
        // Never mapped: a file that is cut under a mapping ends the process (SIGBUS) instead of giving an error.
        .pragma("mmap_size", "0")
        .disable_statement_logging();
    if may_write {
        return options;
    }
    // With a log beside it the database is read through it; without one nobody else writes, or could.
    let log = std::fs::metadata(format!("{}-wal", file.display())).is_ok_and(|a| a.len() > 0);
    options.read_only(true).immutable(!log)
}

/// How the connections of a store are opened.
fn options(file: &Path, may_write: bool) -> SqliteConnectOptions {
    let options = plain(file, may_write).foreign_keys(true).pragma("cache_size", "-65536");
    if may_write {
        return options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full).pragma("secure_delete", "ON");
    }
    options
}

impl Store {
    /// Opens or creates the store in `folder` (made with mode 0700). One process at a time: who comes while another one
    /// makes or migrates the store waits. A folder that may only be read is opened for reading.
    ///
    /// # Errors
    /// The folder cannot be used, something of the store is missing or foreign, the key file does not fit, or the
    /// database is newer than this edition.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_at(folder, None).await
    }

    /// The same with the database on a PostgreSQL (`postgres://…?schema=NAME`); keys, anchor and other files of this machine
    /// stay in `folder`. `None` = the file in the folder.
    ///
    /// # Errors
    /// Also: the address cannot be read or reached, the server would not keep what it acknowledges, or the keys in the folder
    /// are not those of the store there.
    pub async fn open_at(folder: &Path, database: Option<&str>) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Unusable { path: folder.display().to_string(), reason };
        let address = database.map(Address::parse).transpose()?;
        make_private_folder(folder).map_err(|e| unusable(e.to_string()))?;
        let opening = lock::exclusive(&folder.join(lock::OPENING), Instant::now() + OPENING_WAIT).await?;
        let in_use = lock::shared(&folder.join(lock::IN_USE), || {
            unusable("a backup is being put into it; wait until that is done".into())
        })?;
        let may_write = start::may_write(folder)?;
        let committed = Arc::new(Notify::new());
        let opened = match address {
            None => in_file(folder, may_write).await?,
            Some(address) => on_server(folder, may_write, address, committed.clone()).await?,
        };
        let store = Self {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                read: opened.read,
                engine: opened.engine,
                keys: opened.keys,
                anchor: Mutex::new(()),
                committed,
                health: Health::default(),
                may_write: opened.may_write,
                is_keyless: opened.is_keyless,
                _in_use: in_use,
            }),
        };
        if !store.inner.may_write {
            store.inner.health.failed(&store.inner.read_only());
        }
        store.check_key(opened.first).await?;
        if let Engine::Postgres(server) = &store.inner.engine {
            match store.has_keys() {
                true => server.is_marked(&store.inner.keys.mark()),
                false => server.is_marked(&store.setting(KEY_CHECK).await?.unwrap_or_default()),
            }
            store.anchor_if_new().await?;
        } else if opened.first {
            start::made(folder)?;
        }
        drop(opening);
        Ok(store)
    }

    /// The folder everything lives in.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Which store this is: the same for every copy that was made of it, another for every other. Tells nothing of the key.
    pub fn identity(&self) -> String {
        self.inner.keys.identity()
    }

    /// Says in the audit log what was done to the store while nobody could write there, once: what an upgrade removed, keys that were
    /// brought. Whoever opens a store calls this, with the system's time.
    ///
    /// # Errors
    /// The store cannot be written, or what it was cannot be read: the next one who opens it says it.
    pub async fn say_unsaid(&self, actor: &Actor, now: UtcMs) -> Result<(), StoreError> {
        self.say_upgrade(actor, now).await?;
        self.say_import(actor, now).await
    }

    /// Whether this process may write at all: the folder, the edition of the schema and the keys let it.
    pub fn can_write(&self) -> bool {
        self.inner.may_write
    }

    /// Whether [`Store::close`] was called: whoever keeps a connection gives it back now.
    pub fn is_closed(&self) -> bool {
        self.inner.read.is_closed()
    }

    /// Closes all connections; waits for them.
    pub async fn close(&self) {
        self.inner.read.close().await;
        match &self.inner.engine {
            Engine::Postgres(server) => server.close().await,
            Engine::Sqlite { writer, watch } => {
                writer.close().await;
                watch.end().await;
            }
        }
    }

    /// Where the database is, when it is not in the folder; nothing secret.
    pub fn server(&self) -> Option<String> {
        match &self.inner.engine {
            Engine::Postgres(server) => Some(server.shown()),
            Engine::Sqlite { .. } => None,
        }
    }

    /// The pragmas of the writing connection; `None` where there are none: not in a file.
    pub async fn pragmas(&self) -> Result<Option<Pragmas>, StoreError> {
        let Engine::Sqlite { writer, .. } = &self.inner.engine else { return Ok(None) };
        let mut c = writer.acquire().await?;
        let journal_mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *c).await?.try_get("journal_mode")?;
        let synchronous = sqlx::query("PRAGMA synchronous").fetch_one(&mut *c).await?.try_get("synchronous")?;
        let foreign_keys = sqlx::query("PRAGMA foreign_keys").fetch_one(&mut *c).await?.try_get("foreign_keys")?;
        let secure_delete = sqlx::query("PRAGMA secure_delete").fetch_one(&mut *c).await?.try_get("secure_delete")?;
        Ok(Some(Pragmas { journal_mode, synchronous, foreign_keys, secure_delete }))
    }

    /// Rings after each commit: of this process, and on a server of anybody. Commits of other processes in a file are found
    /// by [`Store::data_version`].
    pub async fn committed(&self) {
        self.inner.committed.notified().await;
    }

    /// A number that is another one when something was written, cheap enough to be asked often.
    pub async fn data_version(&self, tail: &mut Tail) -> Result<i64, StoreError> {
        match (&mut tail.0, &self.inner.engine) {
            (_, Engine::Postgres(server)) => Ok(server.rung()),
            (held, Engine::Sqlite { .. }) => held.one(sql("PRAGMA data_version")).await?.get("data_version"),
        }
    }

    /// What [`Store::data_version`] needs: in a file a connection of its own.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        self.inner.read.hold().await.map(Tail)
    }

    /// One value of the settings.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let row = self.inner.read.optional(sql("SELECT value FROM setting WHERE key = $1").bind(key)).await?;
        row.map(|r| r.get("value")).transpose()
    }

    /// A key file that belongs to another store is found at once, not at the first sealed value.
    async fn check_key(&self, first: bool) -> Result<(), StoreError> {
        if !self.has_keys() {
            return Ok(());
        }
        let mark = self.inner.keys.mark();
        let found = self.setting(KEY_CHECK).await?;
        let found = match found {
            None if first || self.revision().await? == 0 => {
                let mut pen = Pen::take(&self.inner, patience()).await?;
                let whose = sql("INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING");
                pen.execute(whose.bind(KEY_CHECK).bind(&mark)).await?;
                pen.commit(false).await?;
                // Somebody else may have been first.
                self.setting(KEY_CHECK).await?
            }
            found => found,
        };
        match found {
            None => Err(StoreError::Key("the database does not say whose it is".into())),
            Some(m) if m == mark => Ok(()),
            Some(_) => Err(StoreError::Key("it belongs to another store".into())),
        }
    }
}

/// The setting that says whose keys a store was made with.
pub(crate) const KEY_CHECK: &str = "key_check";

/// Kept for following the change log.
pub struct Tail(Held);

/// What opening a database yields.
struct Opened {
    read: Readers,
    engine: Engine,
    keys: Keys,
    /// Whether the store is being made.
    first: bool,
    may_write: bool,
    is_keyless: bool,
}

/// Whose keys a database in a file was made with, without opening it as a store; `None` = it does not say.
pub(crate) async fn mark_in_file(file: &Path) -> Result<Option<String>, StoreError> {
    let mut connection = plain(file, true).connect().await?;
    let found = sqlx::query("SELECT value FROM setting WHERE key = ?").bind(KEY_CHECK).fetch_optional(&mut connection).await;
    connection.close().await?;
    match found {
        Ok(row) => Ok(row.map(|r| r.try_get("value")).transpose()?),
        // No such table: it is no store.
        Err(sqlx::Error::Database(e)) if e.code().is_some_and(|c| c == "1") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens the file in a folder.
async fn in_file(folder: &Path, may_write: bool) -> Result<Opened, StoreError> {
    let start = start::prepare(folder, may_write)?;
    let file = folder.join(start::DATABASE);
    start::judge(&file, folder, start.first, may_write).await?;
    let options = options(&file, may_write);
    let writer =
        SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(options.clone());
    if may_write {
        let migrations = sqlx::migrate!();
        start::keep_before(&mut *writer.acquire().await?, &migrations, &file, &start.keys).await?;
        migrations.run(&writer).await?;
    }
    let reading = options.pragma("query_only", "ON");
    let mut keeper = reading.connect().await?;
    if !may_write {
        start::is_current(&mut keeper, &sqlx::migrate!()).await?;
    }
    // It has read: log and index are there from now on, and stay the same files.
    sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut keeper).await?;
    // Connections do not end by age: one that is opened later finds whatever lies there then.
    let reader = SqlitePoolOptions::new()
        .max_connections(4)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(is_whole(connection)))
        .connect_with(reading)
        .await?;
    let watch = if may_write { Watch::new(&file, keeper)? } else { Watch::none() };
    let (read, engine) = (Readers::Sqlite(reader), Engine::Sqlite { writer, watch });
    Ok(Opened { read, engine, keys: start.keys, first: start.first, may_write, is_keyless: false })
}

/// Opens a schema on a server, with the keys in `folder`; keys are made with the schema's first store and never for one that
/// is there already: that is only read without them.
async fn on_server(folder: &Path, may_write: bool, address: Address, committed: Arc<Notify>) -> Result<Opened, StoreError> {
    let server = Server::open(address, move || ring(&committed)).await?;
    let read = Readers::Postgres(server.readers.clone());
    let first = read.optional(sql("SELECT value FROM setting WHERE key = $1").bind(KEY_CHECK)).await?.is_none();
    let file = folder.join(start::KEYS);
    if !file.exists() {
        if !first {
            let engine = Engine::Postgres(Box::new(server));
            return Ok(Opened { read, engine, keys: Keys::foreign()?, first, may_write: false, is_keyless: true });
        }
        if !may_write {
            return Err(StoreError::Unusable {
                path: folder.display().to_string(),
                reason: "it is read-only, and keys have to be made in it".into(),
            });
        }
        Keys::make(&file)?;
    }
    let may_write = may_write && server.may_write;
    Ok(Opened { read, engine: Engine::Postgres(Box::new(server)), keys: Keys::read(&file)?, first, may_write, is_keyless: false })
}

/// The bell that says that something was committed.
pub(crate) fn ring(committed: &Notify) {
    committed.notify_waiters();
    committed.notify_one();
}

/// Whether a reading connection met no error: else it is closed, not kept.
async fn is_whole(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // 100 and 101 are rows and the end of them.
    let failed = connection.lock_handle().await?.last_error().and_then(|e| e.code()?.parse::<i32>().ok());
    Ok(matches!(failed, None | Some(100 | 101)))
}

pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
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
