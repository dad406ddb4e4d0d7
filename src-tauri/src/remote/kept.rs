//! What a station keeps of a server: its key, and what lets it in.

use crate::console::Failure;
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use wall_service::http::Fingerprint;

/// Of a station that has no name and whose machine has none.
pub const NAME: &str = "wall";

/// A server that was met before.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Known {
    /// `https://HOST:PORT`.
    pub server: String,
    /// The key it has to show.
    pub public_key_sha256: String,
    /// What this station calls itself there.
    pub name: String,
    /// The secret of the station, when it is let in.
    #[serde(default)]
    pub station: Option<String>,
}

/// Where it is kept: a file a server.
pub fn file(folder: &Path, host: &str, port: u16) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c.to_ascii_lowercase() } else { '_' };
    folder.join("servers").join(format!("{}_{port}.json", host.chars().map(plain).collect::<String>()))
}

impl Known {
    /// Reads it; `None` = never met.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure { code: 4, message: format!("{} cannot be read: {e}", path.display()) }),
        };
        let known = serde_json::from_str::<Self>(&text).ok().filter(|k| k.public_key_sha256.parse::<Fingerprint>().is_ok());
        // Never taken for a server that was not met: its key would be pinned anew unasked.
        let damaged = || Failure {
            code: 4,
            message: format!(
                "{} is damaged, and what the server's key is stands in it; give it with --fingerprint, as the server prints it",
                path.display()
            ),
        };
        known.map(Some).ok_or_else(damaged)
    }

    /// The key.
    pub fn public_key(&self) -> Result<Fingerprint, Failure> {
        self.public_key_sha256.parse().map_err(Failure::input)
    }

    /// Writes it, for its owner alone, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure { code: 4, message: format!("{} cannot be written: {e}", path.display()) };
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
            builder.mode(0o700);
            options.mode(0o600);
        }
        builder.create(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure { code: 4, message: e.to_string() })?;
        let part = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = options.open(&part).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)
    }
}
