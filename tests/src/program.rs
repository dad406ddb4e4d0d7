use crate::database_of;
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
};
use tempfile::TempDir;

/// Path of the program: `$GRIDWALL_BIN`, else this tree's, built now if it is not current.
pub fn gridwall() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("GRIDWALL_BIN") {
            return path.into();
        }
        // The same selection as everywhere else, so that dependencies keep their features and are not built twice.
        let status = Command::new(env!("CARGO")).args(["build", "--quiet", "--workspace", "--bins"]).status().expect("cargo");
        assert!(status.success(), "cargo build failed");
        // The test itself lies in TARGET/PROFILE/deps.
        let test = std::env::current_exe().expect("own path");
        test.ancestors().nth(2).expect("target directory").join("gridwall")
    })
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Finished {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// The one JSON object on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not one JSON object ({e}): {self:?}"))
    }

    /// Itself, if the exit code is `code`.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code: {self:?}");
        self
    }
}

/// A data directory that lasts as long as the test.
pub struct DataDir {
    folder: Arc<TempDir>,
    database: Option<String>,
}

impl Default for DataDir {
    fn default() -> Self {
        Self::new()
    }
}

impl DataDir {
    /// An empty one.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("gridwall-test-").tempdir().expect("temporary folder");
        let database = database_of(&folder.path().join("data"));
        Self { folder: Arc::new(folder), database }
    }

    /// An empty one of a machine whose database is at an address.
    pub fn at(database: String) -> Self {
        Self { database: Some(database), ..Self::new() }
    }

    /// The same data directory with its database at an address.
    pub fn on(&self, database: String) -> Self {
        Self { folder: self.folder.clone(), database: Some(database) }
    }

    /// That of another machine at the same database, with the same keys.
    pub fn beside(&self) -> Self {
        let other = Self { database: self.database.clone(), ..Self::new() };
        std::fs::create_dir_all(other.path()).expect("data directory");
        std::fs::copy(self.path().join("keys"), other.path().join("keys")).expect("keys");
        other
    }

    /// The data directory itself.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes an input file beside the data directory.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("input file");
        path
    }

    /// The program with this data directory, ready for arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(gridwall());
        command.arg("--data-dir").arg(self.path()).stdin(Stdio::null());
        // No window, and nothing of the machine's own settings.
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("GRIDWALL_DATA_DIR");
        match &self.database {
            Some(url) => command.env("GRIDWALL_DB", url),
            None => command.env_remove("GRIDWALL_DB"),
        };
        command
    }

    /// Runs a command to its end, with this on its standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &str) -> Finished {
        use std::io::Write;
        let mut command = self.command();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start gridwall");
        child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("input");
        Self::finished(child.wait_with_output().expect("run gridwall"))
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Finished {
        Self::finished(self.command().args(args).output().expect("run gridwall"))
    }

    fn finished(out: std::process::Output) -> Finished {
        Finished {
            code: out.status.code().unwrap_or(-1),
            stdout: String::from_utf8(out.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        }
    }

    /// Runs a command with `--json` that must succeed; its object.
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let args: Vec<_> = args.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let mut all = vec!["--json".into()];
        all.extend(args);
        self.run(all).expect(0).json()
    }

    /// A token for a feed without rate limit.
    pub fn token(&self, name: &str) -> String {
        let made = self.json(["token", "create", name, "--unlimited", "--source", "*"]);
        made["token"].as_str().unwrap_or_else(|| panic!("no token in {made}")).to_owned()
    }
}
