//! What the program says: one JSON object or words on standard output, everything else on standard error, exit codes.

use std::process::ExitCode;
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

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// Says it and yields the exit code.
    pub fn say(self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("gridwall: {}", self.message);
        }
        ExitCode::from(self.code)
    }
}

impl From<WallError> for Failure {
    fn from(error: WallError) -> Self {
        let code = match &error {
            WallError::Forbidden(_) | WallError::SignIn | WallError::TooManyTries { .. } => 5,
            WallError::Store(StoreError::Refused(_)) | WallError::NotFound(_) => 3,
            WallError::Invalid(_) => 2,
            WallError::Store(_) | WallError::QueueFull { .. } => 4,
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
        Self { code: 3, message: error.to_string() }
    }
}

/// Prints the answer of a command: its JSON, or its words.
pub fn answer(json: bool, value: &impl serde::Serialize, words: impl FnOnce() -> String) -> Result<(), Failure> {
    use std::io::Write;
    let text = if json { serde_json::to_string(value).map_err(|e| Failure::input(e.to_string()))? } else { words() };
    let mut out = std::io::stdout().lock();
    // A closed pipe (`| head`) is not a failure of the command.
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
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
