//! Workbooks (`.xlsx`, `.xlsm`): one sheet as rows of text, put aside in a private file so that memory stays bounded. The
//! workbook is taken apart in a process of its own (`child`); nothing is read of what that left unless it ended
//! well.
//!
//! Limits: 256 MiB packed; 1 GiB unpacked, of which 64 MiB are shared texts (these are held in memory); 1 GiB of rows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::archive;
use super::child::{ANSWER, Ended, PATIENCE, WORDS, limit_this_process, too_long, why_it_ended};
use super::delimited::MAX_ROW;
use super::read::shown;
use super::source::SourceError;

const PACKED: u64 = 256 << 20;
const UNPACKED: u64 = 1 << 30;
const TEXTS: u64 = 64 << 20;
/// Columns that a sheet can have.
const COLUMNS: usize = 16_384;
/// Rows above the header that may hold a title.
const TITLES: usize = 20;
/// How often a reading process is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// Which sheet of a workbook was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SheetReport {
    /// Its name.
    pub used: String,
    /// The row of its header.
    pub header_row: u64,
    /// Sheets that were not read.
    pub others: Vec<String>,
}

/// An open sheet: a header, and rows after it.
pub struct Sheet {
    /// Which one.
    pub report: SheetReport,
    /// The texts of the header.
    pub header: Vec<String>,
    rows: BufReader<File>,
}

/// The sheet that was chosen.
#[derive(Debug, Serialize, Deserialize)]
struct Chosen {
    used: String,
    others: Vec<String>,
}

/// The rows of one sheet, put aside.
pub(super) struct Book {
    rows: NamedTempFile,
    chosen: Chosen,
}

impl Book {
    /// Reads the sheet of this name, or the first that holds anything (visible ones first), in a process of the program
    /// `reader`; without one in this process.
    ///
    /// # Errors
    /// [`SourceError`]: the workbook is damaged, protected, too large, takes too much to read, or has no such sheet.
    pub(super) fn read(name: &str, mut file: File, wanted: Option<&str>, reader: Option<&Path>) -> Result<Self, SourceError> {
        let io_error = |e| SourceError::Io(name.to_owned(), e);
        file.rewind().map_err(io_error)?;
        let rows = NamedTempFile::new().map_err(io_error)?;
        let out = rows.reopen().map_err(io_error)?;
        let read = match reader {
            Some(exe) => in_child(exe, file, wanted, out),
            None => chosen(file, wanted, &out),
        };
        let chosen = read.map_err(|what| SourceError::Format(name.to_owned(), what))?;
        Ok(Self { rows, chosen })
    }

    /// The sheet, from its beginning.
    ///
    /// # Errors
    /// Of the file that the rows are in.
    pub(super) fn sheet(&self) -> io::Result<Sheet> {
        let rows = BufReader::with_capacity(1 << 16, self.rows.reopen()?);
        let Chosen { used, others } = &self.chosen;
        let report = SheetReport { used: used.clone(), header_row: 0, others: others.clone() };
        let mut sheet = Sheet { report, header: Vec::new(), rows };
        sheet.take_header()?;
        Ok(sheet)
    }
}

/// What a reading process says at its end, as the last line of its words.
#[derive(Serialize, Deserialize)]
enum Answer {
    Read(Chosen),
    Refused(String),
}

/// The reading process: takes the workbook on standard input apart, and leaves the rows of the sheet on standard output,
/// which must both be files. Its ceilings are set before anything else.
///
/// # Errors
/// Only when the ends cannot be used; what is wrong with the workbook is in the answer, on standard error.
pub fn run_sheet_reader(wanted: Option<&str>) -> io::Result<()> {
    limit_this_process();
    let (input, output) = ends()?;
    let answer = match chosen(input, wanted, &output) {
        Ok(chosen) => Answer::Read(chosen),
        Err(what) => Answer::Refused(what),
    };
    writeln!(io::stderr().lock(), "{}", serde_json::to_string(&answer)?)
}

/// Standard input and output as the files they are.
fn ends() -> io::Result<(File, File)> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok((io::stdin().as_fd().try_clone_to_owned()?.into(), io::stdout().as_fd().try_clone_to_owned()?.into()))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok((io::stdin().as_handle().try_clone_to_owned()?.into(), io::stdout().as_handle().try_clone_to_owned()?.into()))
    }
}

/// Has a workbook read in a process of the program `exe`, which must end in [`run_sheet_reader`] for `read-sheet`.
fn in_child(exe: &Path, file: File, wanted: Option<&str>, rows: File) -> Result<Chosen, String> {
    let mut child = Command::new(exe)
        .arg("read-sheet")
        .args(wanted.map(|name| format!("--sheet={name}")))
        .stdin(file)
        .stdout(rows)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the reader cannot be started: {e}"))?;
    let said = child.stderr.take().map(|said| {
        std::thread::spawn(move || {
            // The names of the sheets may be many.
            let (mut words, mut said) = (Vec::new(), said);
            let _ = (&mut said).take(64 * WORDS).read_to_end(&mut words);
            let _ = io::copy(&mut said, &mut io::sink());
            String::from_utf8_lossy(&words).into_owned()
        })
    });
    let since = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if since.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{}: save the sheet as CSV", too_long()));
            }
        }
    };
    let words = said.and_then(|said| said.join().ok()).unwrap_or_default();
    if !status.success() {
        return Err(match why_it_ended(status, &words) {
            Ended::OverLimit(what) => format!("{what}: save the sheet as CSV"),
            Ended::Otherwise(what) => format!("the workbook cannot be read: {what}"),
        });
    }
    match words.lines().last().and_then(|line| serde_json::from_str(line).ok()) {
        Some(Answer::Read(chosen)) => Ok(chosen),
        Some(Answer::Refused(what)) => Err(what),
        None => Err("the workbook cannot be read: its reader gave no answer".to_owned()),
    }
}

/// Chooses the sheet and writes its rows; in words why not.
fn chosen(mut file: File, wanted: Option<&str>, out: &File) -> Result<Chosen, String> {
    let words = |e: io::Error| e.to_string();
    if file.metadata().map_err(words)?.len() > PACKED {
        return Err("the workbook is larger than 256 MiB: save the sheet as CSV".to_owned());
    }
    let texts = |path: &str| if path.eq_ignore_ascii_case("xl/sharedStrings.xml") { TEXTS } else { UNPACKED };
    archive::measure(&mut file, UNPACKED, texts).map_err(|e| match e {
        archive::ZipError::Io(e) => e.to_string(),
        archive::ZipError::Not(why) => format!("{why}: save the sheet as CSV"),
    })?;
    file.rewind().map_err(words)?;
    // The library panics on some damaged sheets (numbers of rows beyond all measure): that is one more way to be damaged.
    catch_unwind(AssertUnwindSafe(|| chosen_of_book(file, wanted, out)))
        .unwrap_or_else(|_| Err("the workbook is damaged".to_owned()))
}

fn chosen_of_book(file: File, wanted: Option<&str>, out: &File) -> Result<Chosen, String> {
    let damaged = |e: XlsxError| format!("the workbook cannot be read: {e}");
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let mut sheets: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet).map(|s| (s.name.clone(), s.visible)).collect();
    let all: Vec<String> = sheets.iter().map(|(name, _)| name.clone()).collect();
    if let Some(wanted) = wanted {
        sheets.retain(|(name, _)| name.trim() == wanted.trim());
        if sheets.is_empty() {
            return Err(format!("there is no sheet {}; the sheets are {}", shown(wanted), listed(&all)));
        }
    }
    // What somebody hid comes last.
    sheets.sort_by_key(|(_, visible)| *visible != SheetVisible::Visible);
    for (used, _) in sheets {
        let count = put_aside(&mut book, &used, out).map_err(|e| match e {
            Trouble::Io(e) => e.to_string(),
            Trouble::Book(e) => damaged(*e),
            Trouble::Large => format!("the sheet {used} holds more than is read: save it as CSV, in parts"),
        })?;
        if count > 0 {
            let others = all.into_iter().filter(|n| *n != used).collect();
            return Ok(Chosen { used, others });
        }
    }
    Err("the workbook holds no rows".to_owned())
}

/// Names for a message.
fn listed(names: &[String]) -> String {
    const SOME: usize = 20;
    let some = names[..names.len().min(SOME)].join(", ");
    if names.len() > SOME { format!("{some} … ({} in all)", names.len()) } else { some }
}

impl Sheet {
    /// The header is the first row with at least two texts; rows above it are titles.
    fn take_header(&mut self) -> io::Result<()> {
        let mut first: Option<(u64, Vec<String>, u64)> = None;
        for _ in 0..TITLES {
            let Some((line, values)) = self.next_row()? else { break };
            let after = self.rows.stream_position()?;
            if values.iter().filter(|v| !v.trim().is_empty()).count() > 1 {
                (self.report.header_row, self.header) = (line, values);
                return Ok(());
            }
            first.get_or_insert((line, values, after));
        }
        // A sheet of one column.
        if let Some((line, values, after)) = first {
            (self.report.header_row, self.header) = (line, values);
            self.rows.seek(io::SeekFrom::Start(after))?;
        }
        Ok(())
    }

    /// The next row that holds anything, with its number as the sheet counts.
    ///
    /// # Errors
    /// Of the file that rows were put aside in.
    pub fn next_row(&mut self) -> io::Result<Option<(u64, Vec<String>)>> {
        let mut line = Vec::new();
        if self.rows.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&line).map(Some).map_err(io::Error::other)
    }
}

enum Trouble {
    Io(io::Error),
    Book(Box<XlsxError>),
    Large,
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<XlsxError> for Trouble {
    fn from(e: XlsxError) -> Self {
        Self::Book(Box::new(e))
    }
}

/// Writes the rows of a sheet as JSON lines `[row, [texts]]`; returns how many.
fn put_aside(book: &mut Xlsx<BufReader<File>>, sheet: &str, aside: &File) -> Result<u64, Trouble> {
    let mut out = BufWriter::with_capacity(1 << 16, aside);
    let (mut count, mut written) = (0u64, 0u64);
    let (mut at, mut texts, mut length) = (0u64, Vec::<String>::new(), 0usize);
    let mut flush = |at: u64, texts: &mut Vec<String>| -> Result<(), Trouble> {
        if texts.iter().all(|t| t.trim().is_empty()) {
            texts.clear();
            return Ok(());
        }
        let line = serde_json::to_vec(&(at, &*texts)).map_err(io::Error::other)?;
        written += line.len() as u64 + 1;
        if written > ANSWER {
            return Err(Trouble::Large);
        }
        out.write_all(&line)?;
        out.write_all(b"\n")?;
        count += 1;
        texts.clear();
        Ok(())
    };
    let mut cells = book.worksheet_cells_reader(sheet)?;
    while let Some(cell) = cells.next_cell()? {
        let text = cell_text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let (row, column) = (u64::from(row) + 1, column as usize);
        if row != at {
            flush(at, &mut texts)?;
            (at, length) = (row, 0);
        }
        length += text.len();
        if column >= COLUMNS || length > MAX_ROW {
            return Err(Trouble::Large);
        }
        if texts.len() <= column {
            texts.resize(column + 1, String::new());
        }
        texts[column] = text;
    }
    flush(at, &mut texts)?;
    out.flush()?;
    Ok(count)
}

/// A cell as text: numbers in all their digits, times as `2026-07-01 08:05:00`, dates without a time of day.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => n.to_string(),
        // `{}` writes whole numbers without an exponent and others in the fewest digits that come back the same.
        DataRef::Float(n) => n.to_string(),
        DataRef::Bool(b) => b.to_string(),
        DataRef::DateTime(t) => time_text(t),
        // `#N/A` stays and is refused or said where it is read.
        DataRef::Error(e) => Data::Error(e.clone()).to_string(),
    }
}

fn time_text(t: &ExcelDateTime) -> String {
    let value = t.as_f64();
    if t.is_duration() || !(1.0..2_958_466.0).contains(&value) {
        return value.to_string();
    }
    let (year, month, day, hour, minute, second, milli) = t.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (value.fract() == 0.0, milli) {
        (true, _) => date,
        (false, 0) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
        (false, _) => format!("{date} {hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}
