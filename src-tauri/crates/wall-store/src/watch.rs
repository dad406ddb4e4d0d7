//! The files of an open store are watched: a file that was replaced, cut or removed under a running wall would take
//! commits that nobody finds again.
//!
//! Only by asking the system about the names: opening the files here would, when closed, drop SQLite's own locks.

use crate::{Fault, Store, StoreError, db::Engine, open::Inner};
use sqlx::{Row, SqliteConnection};
use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    sync::{Mutex as StdMutex, PoisonError},
};
use tokio::sync::Mutex;

/// Bytes of the header of the write-ahead log, and of that of each of its frames.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// What is known about the files.
pub(crate) struct Watch {
    names: [PathBuf; 3],
    /// As they were when the store was opened, with the largest size seen; empty = not watched.
    marks: StdMutex<Vec<Mark>>,
    /// A connection that is kept as long as the store is open, so that the log is never made anew by SQLite itself.
    keeper: Mutex<Option<SqliteConnection>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    identity: (u64, u64),
    bytes: u64,
}

impl Mark {
    #[cfg(unix)]
    fn of(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { identity: (about.dev(), about.ino()), bytes: about.len() }
    }

    #[cfg(not(unix))]
    fn of(about: &Metadata) -> Self {
        Self { identity: (0, 0), bytes: about.len() }
    }
}

/// What a look at the files found.
enum Look {
    Same,
    /// Smaller than before, which SQLite may have done itself: what the files have now.
    Smaller,
}

fn replaced(error: String) -> StoreError {
    StoreError::Failed { fault: Fault::Replaced, error }
}

fn short(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Watch {
    /// Nothing is watched.
    pub fn none() -> Self {
        Self { names: Default::default(), marks: StdMutex::default(), keeper: Mutex::default() }
    }

    /// Watches the database `file` with its log and index. `keeper` has read from it, so that all three exist.
    pub fn new(file: &Path, keeper: SqliteConnection) -> Result<Self, StoreError> {
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", file.display()));
        let names = [file.to_owned(), beside("-wal"), beside("-shm")];
        let marks: Result<Vec<Mark>, std::io::Error> = names.iter().map(|n| Ok(Mark::of(&std::fs::metadata(n)?))).collect();
        Ok(Self { names, marks: StdMutex::new(marks?), keeper: Mutex::new(Some(keeper)) })
    }

    /// Compares the files with what they were. Three questions to the system, a few microseconds.
    fn look(&self) -> Result<Look, StoreError> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut look = Look::Same;
        for (name, mark) in self.names.iter().zip(marks.iter_mut()) {
            let now = match std::fs::metadata(name) {
                Ok(about) => Mark::of(&about),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(replaced(format!("{} is gone", short(name)))),
                Err(e) => return Err(e.into()),
            };
            if now.identity != mark.identity {
                return Err(replaced(format!("{} is another file", short(name))));
            }
            if now.bytes < mark.bytes {
                // SQLite never shortens the index of a log that is in use; touching the lost part would end the process.
                if name.extension().is_some_and(|e| e == "db-shm") {
                    return Err(replaced(format!("{} was cut", short(name))));
                }
                look = Look::Smaller;
            }
            mark.bytes = mark.bytes.max(now.bytes);
        }
        Ok(look)
    }

    /// Whether files that shrank still hold what SQLite counts on: another program may have vacuumed, or emptied a log
    /// that was written back. Then they are the measure from now on.
    async fn shrunk_rightly(&self) -> Result<(), StoreError> {
        let cut = |_| replaced("gridwall.db or its log was cut".into());
        let mut keeper = self.keeper.lock().await;
        let Some(connection) = keeper.as_mut() else { return Ok(()) };
        let bytes = |name: &Path| std::fs::metadata(name).map(|a| a.len());
        let mut number = async |pragma: &'static str, name: &str| {
            let row = sqlx::query(pragma).fetch_one(&mut *connection).await.map_err(cut)?;
            Ok::<_, StoreError>(row.try_get::<i64, _>(name).map_err(cut)?.max(0) as u64)
        };
        let frames = number("PRAGMA wal_checkpoint(NOOP)", "log").await?;
        let size = number("PRAGMA page_size", "page_size").await?;
        let pages = number("PRAGMA page_count", "page_count").await?;
        let [file, wal, _] = &self.names;
        let whole_log = frames == 0 || bytes(wal)? >= LOG_HEADER + frames * (size + FRAME_HEADER);
        let whole_file = bytes(file)? >= pages * size && pages > 0;
        if !whole_log || !whole_file {
            return Err(cut(sqlx::Error::WorkerCrashed));
        }
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, mark) in self.names.iter().zip(marks.iter_mut()) {
            mark.bytes = bytes(name)?;
        }
        Ok(())
    }

    /// Lets the kept connection go; the store is being closed.
    pub async fn end(&self) {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(keeper) = self.keeper.lock().await.take() {
            use sqlx::Connection;
            let _ = keeper.close().await;
        }
    }
}

impl Inner {
    /// Whether the files are those that were opened, and whole.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        // A server looks after its files itself, and each connection is asked whose store answers.
        let Engine::Sqlite { watch, .. } = &self.engine else { return Ok(()) };
        match watch.look()? {
            Look::Same => Ok(()),
            Look::Smaller => watch.shrunk_rightly().await,
        }
    }
}

impl Store {
    /// Whether the files on disk are those that were opened, and whole, or the server is there and tells of news; a few
    /// microseconds, so that a running wall can ask several times a second.
    ///
    /// # Errors
    /// [`Fault::Replaced`] when a file was replaced, cut or removed; [`Fault::Unreachable`] while the server does not answer.
    pub async fn look(&self) -> Result<(), StoreError> {
        let looked = match &self.inner.engine {
            Engine::Postgres(server) => server.is_heard(),
            Engine::Sqlite { .. } => self.inner.look().await,
        };
        if let Err(error) = &looked {
            self.inner.health.failed(error);
        }
        looked
    }
}
