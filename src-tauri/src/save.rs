//! Files that the page hands to the viewer. The window's engine has no downloads of its own: they are written to the folder of
//! downloads, else below the data directory, and the page says where.

use std::{
    io::Write,
    path::{Path, PathBuf},
};
use tauri::{
    AppHandle, Manager, State,
    ipc::{InvokeBody, Request},
};

/// Where files go when the system names no folder of downloads.
pub struct Exports(pub PathBuf);

/// Largest name, characters.
const NAME: usize = 120;
/// So many files of one name are told apart by a number.
const SAME: u32 = 1_000;

/// Writes the bytes of the request under the name of its header `name` (percent-encoded); answers the whole path.
#[tauri::command]
pub async fn save_file(app: AppHandle, exports: State<'_, Exports>, request: Request<'_>) -> Result<String, String> {
    let InvokeBody::Raw(bytes) = request.body() else { return Err("the file is to come as bytes".into()) };
    let name = request.headers().get("name").and_then(|v| v.to_str().ok()).map(decoded).unwrap_or_default();
    let folder = app.path().download_dir().ok().filter(|d| d.is_dir()).unwrap_or_else(|| exports.0.clone());
    let bytes = bytes.clone();
    let written = tauri::async_runtime::spawn_blocking(move || keep(&folder, &name, &bytes)).await.map_err(|e| e.to_string())?;
    written.map(|path| path.display().to_string()).map_err(|e| e.to_string())
}

/// Writes a file under a name that is free; nothing that is there is written over.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let name = plain(name);
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
    for n in 1..SAME {
        let path = folder.join(if n == 1 { name.clone() } else { format!("{stem} ({n}){ending}") });
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                if written.is_err() {
                    // Half a file is none.
                    let _ = std::fs::remove_file(&path);
                }
                return written.map(|()| path);
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, "there are too many files of this name"))
}

/// A name without folders, control characters and what file systems refuse.
fn plain(name: &str) -> String {
    let kept: String =
        name.chars().map(|c| if c.is_control() || r#"\/:*?"<>|"#.contains(c) { '_' } else { c }).take(NAME).collect();
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned();
    if kept.is_empty() { "gridwall".to_owned() } else { kept }
}

/// Percent-encoded UTF-8; what is not well formed is taken as it stands.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_are_kept_beside_each_other_and_inside_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        let keep = |name: &str, bytes: &[u8]| keep(folder.path(), name, bytes).unwrap();
        let first = keep("网格方案.geojson", b"one");
        let second = keep("网格方案.geojson", b"two");
        assert_eq!(second.file_name().unwrap(), "网格方案 (2).geojson");
        assert_eq!((std::fs::read(first).unwrap(), std::fs::read(second).unwrap()), (b"one".to_vec(), b"two".to_vec()));
        for name in ["../../etc/passwd", "..", "/etc/passwd", "a\u{0}b", "C:\\x", ""] {
            assert_eq!(keep(name, b"").parent().unwrap(), folder.path(), "{name}");
        }
    }

    #[test]
    fn names_come_back_from_their_header() {
        assert_eq!(decoded("%E7%BD%91%E6%A0%BC.csv"), "网格.csv");
        assert_eq!(decoded("100%.csv"), "100%.csv");
    }
}
