//! What can go wrong with a command or query, in words for the person who asked.

use wall_store::{Fault, StoreError};

/// Why the wall did not do what was asked. Each says what happened, what still works, what to do.
#[derive(thiserror::Error, Debug)]
pub enum WallError {
    /// The actor's role may not.
    #[error("{0}")]
    Forbidden(String),
    /// The actor's role may, but not there: it lies outside the scope.
    #[error("{0}")]
    OutsideScope(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The question or command is not well formed.
    #[error("{0}")]
    Invalid(String),
    /// The intake queue is full; what was acknowledged before is safe.
    #[error("the intake queue is full; nothing of this request was taken, send it again in {retry_after_s} s")]
    QueueFull {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// Too many pictures are asked for; those before go on.
    #[error("so many pictures are asked for that yours was not drawn in time; ask again in {retry_after_s} s")]
    PicturesFull {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The lines of the change log that are asked for were dropped.
    #[error(
        "the change log begins after revision {floor}; what lies between {since} and that was dropped: start again from a snapshot"
    )]
    BelowFloor {
        /// After which revision was asked for.
        since: i64,
        /// The oldest revision from which one can go on.
        floor: i64,
    },
    /// Name or password is wrong; which of them is not said.
    #[error("name or password is wrong")]
    SignIn,
    /// Too many attempts failed.
    #[error("too many attempts failed; wait {retry_after_s} s before the next one")]
    TooManyTries {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// Somebody ended this replay while it ran.
    #[error("{by} ended this replay at {at}: it does not drive the wall any more; begin it anew to go on")]
    ReplayEnded {
        /// Who.
        by: String,
        /// When, RFC 3339.
        at: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or stream failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl WallError {
    /// The word a caller branches on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "forbidden",
            Self::OutsideScope(_) => "outside_scope",
            Self::NotFound(_) => "not_found",
            Self::Invalid(_) => "invalid",
            Self::QueueFull { .. } => "queue_full",
            Self::PicturesFull { .. } => "too_many_pictures",
            Self::BelowFloor { .. } => "below_floor",
            Self::SignIn => "wrong_password",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::ReplayEnded { .. } => "replay_ended",
            Self::Store(StoreError::Busy { .. }) => "store_busy",
            Self::Store(StoreError::Refused(_)) => "refused",
            Self::Store(StoreError::Failed { fault, .. }) => match fault {
                Fault::Full => "store_full",
                Fault::ReadOnly => "store_read_only",
                Fault::Io => "store_io",
                Fault::Damaged => "store_damaged",
                Fault::Unreachable => "store_unreachable",
                Fault::Replaced => "store_replaced",
            },
            Self::Store(_) => "store",
            Self::Io(_) => "io",
        }
    }

    /// HTTP status that fits.
    pub fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) | Self::OutsideScope(_) => 403,
            Self::NotFound(_) => 404,
            Self::Invalid(_) => 400,
            Self::BelowFloor { .. } => 410,
            Self::SignIn => 401,
            Self::TooManyTries { .. } => 429,
            Self::ReplayEnded { .. } | Self::Store(StoreError::Refused(_)) => 409,
            Self::Store(StoreError::Failed { fault: Fault::Full, .. }) => 507,
            Self::QueueFull { .. }
            | Self::PicturesFull { .. }
            | Self::Store(StoreError::Busy { .. } | StoreError::Failed { .. }) => 503,
            Self::Store(_) | Self::Io(_) => 500,
        }
    }

    /// When to try again, in seconds, where trying again helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::QueueFull { retry_after_s } | Self::PicturesFull { retry_after_s } | Self::TooManyTries { retry_after_s } => {
                Some(*retry_after_s)
            }
            Self::Store(StoreError::Failed { fault, .. }) => Some(fault.retry_after_s()),
            Self::Store(StoreError::Busy { .. }) => Some(1),
            _ => None,
        }
    }

    /// The same once more, where it is the store that failed and not this command; `None` = another may succeed.
    pub(super) fn shared(&self) -> Option<Self> {
        match self {
            Self::Store(error) => error.shared().map(Self::Store),
            _ => None,
        }
    }
}
