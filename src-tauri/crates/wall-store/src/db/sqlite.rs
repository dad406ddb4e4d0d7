//! SQLite's side of the waist.

use super::{Row, Sql, Value};
use crate::StoreError;
use sqlx::sqlite::{Sqlite, SqliteArguments};

engine!(Sqlite, SqliteArguments, Row::Sqlite, StoreError::from);
