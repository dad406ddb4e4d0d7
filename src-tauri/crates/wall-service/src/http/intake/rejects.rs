//! Refused rows, kept for whoever mends the feed: one file a day below `rejects/`, bounded, without reporters.

use super::Row;
use serde_json::{Value, json};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Largest file of one day.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;
/// Days kept.
const DAYS: usize = 30;
/// Largest row kept whole, in bytes of JSON.
const ROW_LIMIT: usize = 16 * 1024;

/// A row that was not taken.
pub(super) struct Rejected {
    pub index: usize,
    pub reason: String,
    pub row: Row,
}

/// Writer of the rejects files. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rejects {
    folder: PathBuf,
    writing: Arc<Mutex<()>>,
}

impl Rejects {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Arc::default() }
    }

    /// Appends refused rows to the file of today (UTC) and says how many were not kept. A file that cannot be written
    /// is logged; it never stops the intake.
    pub(super) async fn keep(&self, what: &'static str, who: &str, rows: Vec<Rejected>) -> u64 {
        if rows.is_empty() {
            return 0;
        }
        let (this, who, all) = (self.clone(), who.to_owned(), rows.len() as u64);
        let now = jiff::Timestamp::from_millisecond(crate::wall::system_now().0).unwrap_or_default();
        let written = tokio::task::spawn_blocking(move || this.append(what, &who, &rows, now)).await;
        match written.map_err(io::Error::other).flatten() {
            Ok(kept) => all - kept,
            Err(error) => {
                tracing::warn!(%error, "refused rows could not be kept");
                all
            }
        }
    }

    fn append(&self, what: &str, who: &str, rows: &[Rejected], now: jiff::Timestamp) -> io::Result<u64> {
        let _held = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("intake-{}.ndjson", now.strftime("%Y-%m-%d"));
        let path = self.folder.join(name);
        if !path.exists() {
            private_folder(&self.folder)?;
            prune(&self.folder)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&path)?;
        let mut room = FILE_LIMIT.saturating_sub(file.metadata()?.len());
        let (mut text, mut kept) = (Vec::new(), 0);
        for row in rows {
            let line = json!({
                "at": now.to_string(), "who": who, "what": what, "index": row.index, "reason": row.reason, "row": without_people(&row.row),
            });
            let line = line.to_string();
            if line.len() as u64 + 1 > room {
                break;
            }
            room -= line.len() as u64 + 1;
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
            kept += 1;
        }
        // One write, so that lines of two processes do not mix.
        file.write_all(&text)?;
        Ok(kept)
    }
}

/// The row without whoever reported it. Text that is no JSON and may name somebody is left out, its length is kept.
fn without_people(row: &Row) -> Value {
    match row {
        Row::Value(value) => {
            let mut value = value.clone();
            drop_people(&mut value);
            let length = value.to_string().len();
            if length > ROW_LIMIT { json!({ "left_out_bytes": length }) } else { value }
        }
        Row::Broken { text, .. } => {
            let lower = text.to_lowercase();
            // An escape could hide the name of a member.
            let suspect = PEOPLE.iter().chain(&["\\u"]).any(|word| lower.contains(word));
            if suspect || text.len() > ROW_LIMIT { json!({ "left_out_bytes": text.len() }) } else { json!(text) }
        }
    }
}

/// Parts of the names of members that tell who reported something.
const PEOPLE: [&str; 8] = ["reporter", "phone", "mobile", "email", "contact", "first_name", "last_name", "id_number"];

fn drop_people(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                let name = name.to_lowercase();
                !PEOPLE.iter().any(|p| name.contains(p))
            });
            members.values_mut().for_each(drop_people);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_people),
        _ => {}
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Before a new day begins: the oldest days give way.
fn prune(folder: &Path) -> io::Result<()> {
    let mut days: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("intake-") && n.ends_with(".ndjson")))
        .collect();
    days.sort();
    for old in days.iter().take((days.len() + 1).saturating_sub(DAYS)) {
        fs::remove_file(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(row: Row) -> Rejected {
        Rejected { index: 3, reason: "no place".into(), row }
    }

    #[test]
    fn rows_are_kept_without_reporters() {
        let folder = tempfile::tempdir().unwrap();
        let rejects = Rejects::new(folder.path().join("rejects"));
        let rows = [
            rejected(Row::Value(json!({ "external_id": "a", "reporter": { "name": "Wang" }, "x": [{ "Phone": "138" }] }))),
            rejected(Row::Broken { reason: "r".into(), text: "{\"reporter\":{\"name\":\"Wang\"".into() }),
            rejected(Row::Broken { reason: "r".into(), text: "{\"\\u0072eporter\":\"Wang\"".into() }),
            rejected(Row::Broken { reason: "r".into(), text: "not json".into() }),
        ];
        let now = "2026-05-01T23:59:59Z".parse().unwrap();
        assert_eq!(rejects.append("tickets", "token:feed", &rows, now).unwrap(), 4);
        let path = folder.path().join("rejects/intake-2026-05-01.ndjson");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("Wang") && !text.contains("138"), "{text}");
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["row"]["external_id"], "a");
        assert_eq!(lines[0]["reason"], "no place");
        assert_eq!(lines[3]["row"], "not json");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let folder = tempfile::tempdir().unwrap();
        let rejects = Rejects::new(folder.path().to_owned());
        for day in 0..DAYS + 5 {
            fs::write(folder.path().join(format!("intake-2026-01-{day:02}.ndjson")), "x").unwrap();
        }
        let big = Row::Value(json!({ "d": "x".repeat(10_000) }));
        let rows: Vec<Rejected> = (0..2000).map(|_| rejected(big.clone())).collect();
        let now = "2026-05-01T00:00:00Z".parse().unwrap();
        let kept = rejects.append("tickets", "token:feed", &rows, now).unwrap();
        assert!(kept > 0 && kept < 2000);
        let path = folder.path().join("intake-2026-05-01.ndjson");
        assert!(fs::metadata(path).unwrap().len() <= FILE_LIMIT);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), DAYS);
    }
}
