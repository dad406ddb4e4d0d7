//! Files of others are read one at a time, in a process of its own where there is a program for it.

use super::{Wall, WallError};
use crate::import::{CellsError, CellsFile, CellsOptions, ReadProgress, open_cells, read_in_child};
use std::path::{Path, PathBuf};
use tokio::sync::Semaphore;

/// Files in line for being read, at most; one more is asked to come back.
const LINE: usize = 4;
/// Folder below the data directory for what is being read.
const FOLDER: &str = "imports";

/// Whose turn it is to be read.
pub(super) struct Reading {
    /// The program that reads in a process of its own; `None` = here, on a thread (tests).
    reader: Option<PathBuf>,
    line: Semaphore,
    turn: Semaphore,
}

impl Reading {
    pub(super) fn new(reader: Option<PathBuf>) -> Self {
        Self { reader, line: Semaphore::new(LINE), turn: Semaphore::new(1) }
    }
}

impl Wall {
    /// The folder for files on their way in; what an earlier run left there is nobody's.
    pub(crate) fn imports_folder(&self) -> PathBuf {
        self.store().folder().join(FOLDER)
    }

    /// Reads the cells of a file when its turn comes. Dropping the future ends the reading.
    pub(crate) async fn read_cells_file(
        &self,
        path: &Path,
        options: &CellsOptions,
        told: impl Fn(ReadProgress),
    ) -> Result<CellsFile, WallError> {
        let reading = &self.inner.reading;
        let _in_line = reading.line.try_acquire().map_err(|_| WallError::QueueFull { retry_after_s: 10 })?;
        let _turn = reading.turn.acquire().await.map_err(|_| WallError::QueueFull { retry_after_s: 10 })?;
        let read = match &reading.reader {
            Some(exe) => read_in_child(exe, path, options, &self.imports_folder(), told).await,
            None => {
                let (path, options) = (path.to_owned(), options.clone());
                let read = tokio::task::spawn_blocking(move || open_cells(&path, &options)).await;
                read.unwrap_or_else(|e| Err(CellsError::Unreadable { what: e.to_string() }))
            }
        };
        read.map_err(|e| WallError::Invalid(format!("this file cannot be used: {e}")))
    }
}
