//! What can go wrong with the store.

/// The store cannot do what was asked. Messages say what happened and what to do.
#[derive(thiserror::Error, Debug)]
pub enum StoreError {
    /// Another process writes and did not finish in time.
    #[error("the store is busy: another process has been writing for more than {waited_s} s; try again, or end the long import")]
    Busy {
        /// How long we waited, in seconds.
        waited_s: u64,
    },
    /// The folder or file cannot be used.
    #[error("the data directory {path} cannot be used: {reason}")]
    Unusable {
        /// The folder or file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The database was written by a newer edition.
    #[error("the store was written by a newer GridWall ({0}); start that version, or restore a backup made by this one")]
    Newer(String),
    /// The key file is missing or does not fit the database.
    #[error("the key file does not fit this store: {0}")]
    Key(String),
    /// A value in the database is not what this edition writes.
    #[error("the store holds a value that cannot be read ({what}); restore from a backup or run `gridwall doctor`")]
    Damaged {
        /// Table, column and id.
        what: String,
    },
    /// The command asks for something that is not there or not allowed in this state.
    #[error("{0}")]
    Refused(String),
    /// SQLite itself failed.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
    /// A file failed.
    #[error("a file of the store failed: {0}")]
    Io(#[from] std::io::Error),
}

/// How long a writer waits for another before it says so, in seconds.
pub(crate) const BUSY_WAIT_S: u64 = 10;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // 5 = SQLITE_BUSY, 6 = SQLITE_LOCKED and their extended codes.
        if let sqlx::Error::Database(d) = &error
            && let Some(code) = d.code().and_then(|c| c.parse::<i32>().ok())
            && matches!(code & 0xff, 5 | 6)
        {
            return Self::Busy { waited_s: BUSY_WAIT_S };
        }
        Self::Database(error)
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as M;
        match error {
            M::Execute(e) => e.into(),
            M::VersionMissing(v) | M::VersionNotPresent(v) => Self::Newer(format!("migration {v}")),
            other => Self::Damaged { what: format!("migrations: {other}") },
        }
    }
}
