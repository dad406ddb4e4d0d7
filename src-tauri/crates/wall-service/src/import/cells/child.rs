//! Reading a file of cells in a process of its own, within the limits of [`crate::import::child`].
//!
//! The same program is started with a hidden command. It limits itself before it opens the file, ends with its parent, and
//! leaves its answer in a file; on standard output it says how far it is.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::process::Command;

use super::parcel::{Answer, Request};
use super::{CellsError, CellsFile, CellsOptions, open_cells_told};
use crate::import::child::{Ended, PATIENCE, WORDS, limit_this_process, too_long, why_it_ended};

/// How far reading is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadProgress {
    /// What is being done.
    pub phase: ReadPhase,
    /// Features done.
    pub done: usize,
    /// Features in all; 0 = not known yet.
    pub of: usize,
}

/// What is being done with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPhase {
    /// The file is being taken apart.
    Reading,
    /// Its features are being made cells.
    Cells,
    /// The cells are being compared with each other.
    Comparing,
}

/// The reading process: reads what `request` names and leaves the answer in `out`. Its ceilings are set before anything else.
///
/// # Errors
/// Only when the request makes no sense or the answer cannot be written; what is wrong with the file is in the answer.
pub fn run_reader(request: &str, out: &Path) -> Result<(), CellsError> {
    limit_this_process();
    let unreadable = |what: String| CellsError::Unreadable { what };
    let request: Request = serde_json::from_str(request).map_err(|e| unreadable(format!("not a request: {e}")))?;
    let tell = |p: ReadProgress| {
        // Nobody may be listening any more.
        if let Ok(line) = serde_json::to_string(&p) {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    };
    let answer = Answer::from(open_cells_told(&request.path, &request.options(), &tell));
    let mut create = File::options();
    create.write(true).create_new(true);
    // The folder may be everybody's: what is in the file is not.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut create, 0o600);
    let file = create.open(out).map_err(|e| unreadable(e.to_string()))?;
    let mut writer = BufWriter::new(file);
    serde_json::to_writer(&mut writer, &answer).map_err(|e| unreadable(e.to_string()))?;
    writer.flush().map_err(|e| unreadable(e.to_string()))
}

/// Reads a file of cells in a process of its own. Dropping the future ends that process.
///
/// `exe` is the program, which must end in [`run_reader`] for `read-cells REQUEST OUT`; the answer goes through `folder`.
///
/// # Errors
/// As [`super::open_cells`]; besides, when reading takes more memory or time than it may.
pub async fn read_in_child(
    exe: &Path,
    path: &Path,
    options: &CellsOptions,
    folder: &Path,
    told: impl Fn(ReadProgress),
) -> Result<CellsFile, CellsError> {
    let unreadable = |what: String| CellsError::Unreadable { what };
    let request = serde_json::to_string(&Request::new(path.to_owned(), options)).map_err(|e| unreadable(e.to_string()))?;
    let out = Leaf::new(folder)?;
    let from_stdin = path.as_os_str() == "-";
    let mut child = Command::new(exe)
        .arg("read-cells")
        .arg(request)
        .arg(&out.0)
        .stdin(if from_stdin { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| unreadable(format!("the reader cannot be started: {e}")))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let listen = async {
        let Some(stdout) = stdout else { return };
        let mut lines = tokio::io::BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Ok(progress) = serde_json::from_str(&line) {
                told(progress);
            }
        }
    };
    let words = async {
        let mut words = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr).take(WORDS).read_to_end(&mut words).await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        String::from_utf8_lossy(&words).into_owned()
    };
    let all = async { tokio::join!(child.wait(), listen, words) };
    let (status, (), words) = tokio::time::timeout(PATIENCE, all).await.map_err(|_| CellsError::Limit { what: too_long() })?;
    let status = status.map_err(|e| unreadable(e.to_string()))?;
    if !status.success() {
        return Err(match why_it_ended(status, &words) {
            Ended::OverLimit(what) => CellsError::Limit { what },
            Ended::Otherwise(what) => unreadable(what),
        });
    }
    let open = move || {
        let file = File::open(&out.0).map_err(|e| CellsError::Unreadable { what: e.to_string() })?;
        let answer: Answer = serde_json::from_reader(BufReader::with_capacity(1 << 16, file))
            .map_err(|e| CellsError::Unreadable { what: format!("the reader's answer makes no sense: {e}") })?;
        answer.open()
    };
    tokio::task::spawn_blocking(open).await.map_err(|e| unreadable(e.to_string()))?
}

/// A file that is there as long as this is.
struct Leaf(PathBuf);

impl Leaf {
    fn new(folder: &Path) -> Result<Self, CellsError> {
        let mut random = [0u8; 12];
        getrandom::fill(&mut random).map_err(|e| CellsError::Unreadable { what: e.to_string() })?;
        let name: String = random.iter().map(|b| format!("{b:02x}")).collect();
        std::fs::create_dir_all(folder).map_err(|e| CellsError::Unreadable { what: e.to_string() })?;
        Ok(Self(folder.join(format!("{name}.cells"))))
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
