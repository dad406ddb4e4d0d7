//! What the program says: one JSON object or words on standard output, everything else on standard error, exit codes.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use wall_service::wall::WallError;
use wall_store::StoreError;

/// Why a command did not do what was asked, with the exit code of the contract.
#[derive(Debug)]
pub struct Failure {
    /// 2 wrong usage, 3 input unusable, 4 store cannot be used, 5 refused.
    pub code: u8,
    /// In words.
    pub message: String,
}

impl Failure {
    /// The input as a whole is unusable.
    pub fn input(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }

    /// A failure with code 0 is none.
    fn unless_done(self) -> Result<(), Self> {
        if self.code == 0 { Ok(()) } else { Err(self) }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// Says it and yields the exit code. With `json` the one object on standard output is this one, unless the command has
    /// printed its own already.
    pub fn say(self, json: bool) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("gridwall: {}", self.message);
        }
        if json && self.code != 0 && !ANSWERED.load(Relaxed) {
            let object = serde_json::json!({ "error": { "exit": self.code, "message": self.message } });
            if let Err(failure) = answer(true, &object, String::new) {
                eprintln!("gridwall: {}", failure.message);
            }
        }
        ExitCode::from(self.code)
    }
}

impl From<WallError> for Failure {
    fn from(error: WallError) -> Self {
        let code = match &error {
            WallError::Forbidden(_)
            | WallError::OutsideScope(_)
            | WallError::SignIn
            | WallError::TooManyTries { .. }
            | WallError::ReplayEnded { .. } => 5,
            WallError::Store(StoreError::Refused(_)) | WallError::NotFound(_) | WallError::BelowFloor { .. } => 3,
            WallError::Invalid(_) => 2,
            WallError::Store(_) | WallError::QueueFull { .. } | WallError::PicturesFull { .. } => 4,
            WallError::Io(_) => 3,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        WallError::Store(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // Whoever reads our output has enough (`| head`): the command is done.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { code: 0, message: String::new() };
        }
        Self { code: 3, message: error.to_string() }
    }
}

/// Whether the one object or the words of this process are on standard output.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Prints the answer of a command: its JSON, or its words.
pub fn answer(json: bool, value: &impl serde::Serialize, words: impl FnOnce() -> String) -> Result<(), Failure> {
    use std::io::Write;
    let text = if json { serde_json::to_string(value).map_err(|e| Failure::input(e.to_string()))? } else { words() };
    let mut out = std::io::stdout().lock();
    ANSWERED.store(true, Relaxed);
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::from).or_else(Failure::unless_done)
}

/// A progress bar on a terminal, nothing elsewhere.
pub fn progress(total: Option<u64>, what: &str) -> indicatif::ProgressBar {
    use std::io::IsTerminal;
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = match total {
        Some(n) => indicatif::ProgressBar::new(n),
        None => indicatif::ProgressBar::new_spinner(),
    };
    let style = if total.is_some() { "{msg} [{wide_bar}] {pos}/{len} {eta}" } else { "{spinner} {msg} {pos}" };
    if let Ok(style) = indicatif::ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.with_message(what.to_owned())
}
