//! The rejects file: every refused row as it came, with its line number and reason.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ids::formula_neutralised;
use super::read::Reject;

/// Writes refused rows as CSV `line,reason,message,raw`, row by row; the file is made at the first of them.
pub struct RejectsFile {
    path: PathBuf,
    writer: Option<csv::Writer<BufWriter<File>>>,
    count: u64,
}

impl RejectsFile {
    /// A rejects file at a path. Nothing is written until a row is refused.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), writer: None, count: 0 }
    }

    /// Adds a refused row.
    ///
    /// # Errors
    /// Of the file system.
    pub fn add(&mut self, reject: &Reject) -> io::Result<()> {
        if self.writer.is_none() {
            self.writer = Some(writer(BufWriter::new(create_private(&self.path)?))?);
        }
        if let Some(writer) = &mut self.writer {
            write_reject(writer, reject)?;
            self.count += 1;
        }
        Ok(())
    }

    /// How many rows were refused.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Ends the file: on disk when this returns. `None` when no row was refused (then there is no file).
    ///
    /// # Errors
    /// Of the file system.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(writer) = self.writer else { return Ok(None) };
        let mut buffered = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        buffered.flush()?;
        buffered.get_ref().sync_all()?;
        Ok(Some(self.path))
    }
}

/// Refused rows hold names and telephone numbers: only the owner of the file may read them.
fn create_private(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|f| !f.exists()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn writer<W: Write>(out: W) -> io::Result<csv::Writer<W>> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    writer.write_record(["line", "reason", "message", "raw"]).map_err(io::Error::other)?;
    Ok(writer)
}

fn write_reject<W: Write>(writer: &mut csv::Writer<W>, reject: &Reject) -> io::Result<()> {
    // People look at these in spreadsheets: a row that begins like a formula gets an apostrophe.
    let raw = formula_neutralised(&reject.raw);
    writer.write_record([&reject.line.to_string(), reject.reason_code, &reject.message, &raw]).map_err(io::Error::other)
}

/// Where the rejects of an input go when nothing else is said: `tickets.csv.rejects.csv` in the given folder.
pub fn beside(folder: &Path, input: &str) -> PathBuf {
    let name = Path::new(input).file_name().map_or_else(|| "stdin".into(), |n| n.to_string_lossy());
    let name = if input == "-" { "stdin".into() } else { name };
    folder.join(format!("{name}.rejects.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = beside(dir.path(), "in/tickets.csv.gz");
        assert!(path.ends_with("tickets.csv.gz.rejects.csv"));
        let mut file = RejectsFile::at(&path);
        let rows = ["1,\"a\nb\",c", "{\"a\":\"中,文\"}", "", "=HYPERLINK(1),x"];
        for (i, raw) in rows.iter().enumerate() {
            let reject =
                Reject { line: i as u64, reason_code: "bad_time", message: "a, \"b\"".to_owned(), raw: (*raw).to_owned() };
            file.add(&reject).unwrap();
        }
        assert_eq!(file.count(), 4);
        assert_eq!(file.finish().unwrap().as_deref(), Some(path.as_path()));
        let mut reader = csv::Reader::from_path(&path).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["line", "reason", "message", "raw"]);
        let back: Vec<String> = reader.records().map(|r| r.unwrap()[3].to_owned()).collect();
        assert_eq!((&back[..3], back[3].as_str()), (&rows.map(str::to_owned)[..3], "'=HYPERLINK(1),x"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn no_reject_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = RejectsFile::at(dir.path().join("r.csv"));
        assert_eq!(file.finish().unwrap(), None);
        assert!(!dir.path().join("r.csv").exists());
    }
}
