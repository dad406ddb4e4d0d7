//! What can go wrong with the store.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $retry_s:literal, $words:literal;)+) => {
        /// Why the store cannot be written or read, whoever asks: a state of disk and files, not of a command.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Fault { $($(#[$doc])* $name),+ }
        impl Fault {
            /// All faults.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The word on the wire.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
            /// When to ask again, in seconds: so often a running wall tries by itself, or somebody has to act first.
            pub fn retry_after_s(self) -> u64 { match self { $(Self::$name => $retry_s),+ } }
            /// What it means and what to do.
            pub fn words(self) -> &'static str { match self { $(Self::$name => $words),+ } }
        }
    };
}

faults! {
    /// No room on the disk.
    Full = "full", 10, "the disk of the data directory is full; this was not taken. There has to be room, then it goes on by itself";
    /// Disk or file may only be read.
    ReadOnly = "read_only", 30, "the data directory is read-only; nothing is taken until it can be written, then it goes on by itself";
    /// Reading or writing the disk failed.
    Io = "io", 10, "the disk failed while the store was read or written; nothing is taken until it answers again";
    /// The database is damaged.
    Damaged = "damaged", 60, "the database is damaged; nothing is taken. Run `gridwall doctor`, then restore the last backup";
    /// The file cannot be opened.
    Unreachable = "unreachable", 10, "the database cannot be reached; nothing is taken until it can be, then it goes on by itself";
    /// The file is not the one that was opened.
    Replaced = "replaced", 60, "the database was replaced, cut or removed under the running wall; nothing is taken. Put it back, or end GridWall and start it again";
}

/// The store cannot do what was asked. Messages say what happened and what to do.
#[derive(thiserror::Error, Debug)]
pub enum StoreError {
    /// Another process writes and did not finish in time.
    #[error("the store is busy: others have been writing for {waited_s} s; nothing was taken, try again, or end the long import")]
    Busy {
        /// How long one waits at most, in seconds.
        waited_s: u64,
    },
    /// Disk or files do not let the store work.
    #[error("{} ({error})", fault.words())]
    Failed {
        /// What it is.
        fault: Fault,
        /// What the database or the system says.
        error: String,
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
    /// SQLite refused for another reason.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

/// How long a writer waits for others before it says so, in seconds: for its turn in this process and for other
/// processes together.
pub(crate) const BUSY_WAIT_S: u64 = 10;

impl StoreError {
    /// The fault of disk or files, when it is one.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Failed { fault, .. } => Some(*fault),
            Self::Damaged { .. } => Some(Fault::Damaged),
            _ => None,
        }
    }

    /// The same once more, for those whose command failed with another's; `None` = it was about one command.
    pub fn shared(&self) -> Option<Self> {
        match self {
            Self::Busy { waited_s } => Some(Self::Busy { waited_s: *waited_s }),
            Self::Failed { fault, error } => Some(Self::Failed { fault: *fault, error: error.clone() }),
            _ => None,
        }
    }

    pub(crate) fn busy() -> Self {
        Self::Busy { waited_s: BUSY_WAIT_S }
    }
}

/// `SQLITE_IOERR_SHMSIZE`: no room for the index of the write-ahead log.
const NO_ROOM_FOR_INDEX: i32 = 10 | (19 << 8);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(d) => d.code().and_then(|c| c.parse::<i32>().ok()),
            // The turn in this process did not come in time.
            sqlx::Error::PoolTimedOut => return Self::busy(),
            sqlx::Error::Io(_) => {
                return match error {
                    sqlx::Error::Io(e) => e.into(),
                    other => Self::Database(other),
                };
            }
            _ => None,
        };
        let fault = match code.map(|c| (c, c & 0xff)) {
            // BUSY, LOCKED and their extended codes.
            Some((_, 5 | 6)) => return Self::busy(),
            Some((NO_ROOM_FOR_INDEX, _) | (_, 13)) => Fault::Full,
            Some((_, 8)) => Fault::ReadOnly,
            Some((_, 10)) => Fault::Io,
            // CORRUPT, NOTADB.
            Some((_, 11 | 26)) => Fault::Damaged,
            // PERM, CANTOPEN.
            Some((_, 3 | 14)) => Fault::Unreachable,
            _ => return Self::Database(error),
        };
        Self::Failed { fault, error: error.to_string() }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let fault = match error.kind() {
            K::StorageFull | K::QuotaExceeded => Fault::Full,
            K::ReadOnlyFilesystem => Fault::ReadOnly,
            K::NotFound | K::PermissionDenied => Fault::Unreachable,
            _ => Fault::Io,
        };
        Self::Failed { fault, error: error.to_string() }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as M;
        match error {
            M::Execute(e) | M::ExecuteMigration(e, _) => e.into(),
            M::VersionMissing(v) | M::VersionNotPresent(v) => Self::Newer(format!("migration {v}")),
            other => Self::Damaged { what: format!("migrations: {other}") },
        }
    }
}
