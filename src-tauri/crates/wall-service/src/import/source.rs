//! Opening a source: a file or standard input, packed with gzip or as the one file in a zip, as a stream of bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use encoding_rs::UTF_8;
use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;

use super::archive;
use super::bounded::{Bounded, MAX_ROWS, mib};
use super::encoding::{EncodingChoice, RowDecoder, Transcoded, cuts_like_ascii, marked, unknown_lines};
use super::foreign::foreign;
use super::read::shown;
use super::sheet::{Book, Sheet};

/// How much of a source is looked at before it is read: encoding, delimiter and format are decided from it.
pub const SAMPLE: usize = 1 << 20;

/// A source that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system says no, or the packed stream is damaged.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// A zip that is not one plain file.
    #[error("{0}: {1}")]
    Zip(String, String),
    /// Not something that holds rows.
    #[error("{0}: {1}")]
    Format(String, String),
}

/// An open source: bytes whose rows [`RowDecoder`] can decode.
pub struct Source {
    /// Name for messages: the path, or `-`.
    pub name: String,
    /// File name that tells the format, without `.gz`; of the member for a zip.
    pub file_name: String,
    /// Decodes rows.
    pub decoder: RowDecoder,
    /// Encoding of the bytes as they came, when it was fixed before the first row (a byte order mark, or asked for).
    pub transcoded_from: Option<String>,
    /// How the bytes were packed, for the report: `gzip`, `zip`, `xlsx`; empty when not.
    pub packed: &'static str,
    sample: Vec<u8>,
    sample_at: usize,
    /// The sheet of a workbook; then there are no bytes.
    pub(super) sheet: Option<Sheet>,
    /// Whether nobody says what the encoding is.
    guessed: bool,
    rest: Box<dyn BufRead + Send>,
}

/// An input that can be opened more than once: a file, or what a stream (standard input, a pipe) held, put aside.
pub struct Input {
    name: String,
    sheet: Option<String>,
    reader: Option<PathBuf>,
    aside: Option<NamedTempFile>,
    /// The sheet of a workbook, once it was read.
    book: OnceLock<Book>,
}

impl Input {
    /// An input by its path, or standard input for `-`. A stream is read to its end, into a private file that goes with this.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be opened or put aside, or is larger than is read.
    pub fn new(path: &str) -> Result<Self, SourceError> {
        let io_error = |e| SourceError::Io(path.to_owned(), e);
        let input = |aside| Self { name: path.to_owned(), sheet: None, reader: None, aside, book: OnceLock::new() };
        let stream: Box<dyn Read> = if path == "-" {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(io_error)?;
            let kind = file.metadata().map_err(io_error)?;
            if kind.is_dir() {
                return Err(SourceError::Format(path.to_owned(), "is a directory".to_owned()));
            }
            if kind.is_file() {
                if kind.len() > MAX_ROWS {
                    let what = format!("is larger than {}: give it in parts", mib(MAX_ROWS));
                    return Err(SourceError::Format(path.to_owned(), what));
                }
                return Ok(input(None));
            }
            Box::new(file)
        };
        let mut aside = NamedTempFile::new().map_err(io_error)?;
        io::copy(&mut Bounded::plain(stream), &mut aside).map_err(io_error)?;
        Ok(input(Some(aside)))
    }

    /// Asks for this sheet of a workbook.
    #[must_use]
    pub fn with_sheet(mut self, sheet: Option<String>) -> Self {
        self.sheet = sheet;
        self
    }

    /// Has workbooks read in a process of this program, which must end in [`super::run_sheet_reader`] for `read-sheet`.
    #[must_use]
    pub fn with_reader(mut self, program: PathBuf) -> Self {
        self.reader = Some(program);
        self
    }

    /// The path, or `-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens it, from its beginning. Gzip is known by its first bytes; a zip is a workbook or must hold exactly one file.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be opened or unpacked.
    pub fn open(&self, encoding: EncodingChoice) -> Result<Source, SourceError> {
        let name = &self.name;
        let io_error = |e| SourceError::Io(name.clone(), e);
        let file = match &self.aside {
            Some(aside) => aside.reopen(),
            None => File::open(name),
        };
        let mut file = file.map_err(io_error)?;
        let length = file.metadata().map_err(io_error)?.len();
        let mut magic = [0u8; 4];
        let n = read_full(&mut file, &mut magic).map_err(io_error)?;
        io::Seek::rewind(&mut file).map_err(io_error)?;
        if n == 4 && archive::is_zip(&magic) {
            return self.open_zip(file, encoding);
        }
        self.is_no_workbook()?;
        Source::of_stream(name, Box::new(BufReader::with_capacity(1 << 16, file)), length, encoding)
    }

    fn is_no_workbook(&self) -> Result<(), SourceError> {
        match &self.sheet {
            Some(sheet) => {
                Err(SourceError::Format(self.name.clone(), format!("is no workbook: it has no sheet {}", shown(sheet))))
            }
            None => Ok(()),
        }
    }

    fn open_zip(&self, mut file: File, encoding: EncodingChoice) -> Result<Source, SourceError> {
        let name = &self.name;
        let io_error = |e| SourceError::Io(name.clone(), e);
        let zip_error = |e| match e {
            archive::ZipError::Io(e) => io_error(e),
            archive::ZipError::Not(why) => SourceError::Zip(name.clone(), why),
        };
        let names = archive::names(&mut file).map_err(zip_error)?;
        let holds = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        if holds("xl/workbook.xml") {
            let book = match self.book.get() {
                Some(book) => book,
                None => {
                    let book = Book::read(name, file, self.sheet.as_deref(), self.reader.as_deref())?;
                    self.book.get_or_init(|| book)
                }
            };
            let sheet = book.sheet().map_err(io_error)?;
            let mut source = Source::from_reader(name, Box::new(io::empty()), EncodingChoice::Named(UTF_8))?;
            (source.sheet, source.packed) = (Some(sheet), "xlsx");
            return Ok(source);
        }
        let office = [
            ("xl/workbook.bin", "a binary workbook (.xlsb): save it as .xlsx"),
            ("word/document.xml", "a Word document (.docx): save its table as .xlsx or CSV"),
            ("content.xml", "an OpenDocument file (.ods, .odt): save it as .xlsx or CSV"),
        ];
        if let Some((_, what)) = office.iter().find(|(member, _)| holds(member)) {
            return Err(SourceError::Format(name.clone(), format!("is {what}")));
        }
        self.is_no_workbook()?;
        let member = archive::only_member(file).map_err(zip_error)?;
        let mut source = Source::from_reader(name, Box::new(BufReader::with_capacity(1 << 16, member.reader)), encoding)?;
        source.file_name = member.name;
        source.packed = "zip";
        Ok(source)
    }
}

impl Source {
    /// Standard input as it comes, read once.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be read or unpacked.
    pub fn stdin(encoding: EncodingChoice) -> Result<Self, SourceError> {
        Self::from_reader("-", Box::new(BufReader::with_capacity(1 << 16, io::stdin())), encoding)
    }

    /// A source from any reader; gzip is known by its first bytes.
    ///
    /// # Errors
    /// As [`Source::stdin`].
    pub fn from_reader(name: &str, reader: Box<dyn BufRead + Send>, encoding: EncodingChoice) -> Result<Self, SourceError> {
        Self::of_stream(name, reader, MAX_ROWS, encoding)
    }

    /// A source from a reader of this many bytes, or of at most so many.
    fn of_stream(
        name: &str,
        mut reader: Box<dyn BufRead + Send>,
        length: u64,
        encoding: EncodingChoice,
    ) -> Result<Self, SourceError> {
        let io_error = |e| SourceError::Io(name.to_owned(), e);
        let head = peek(&mut reader, 512).map_err(io_error)?;
        if let Some(kind) = foreign(&head) {
            return Err(SourceError::Format(name.to_owned(), format!("is {}: {}", kind.name, kind.remedy)));
        }
        let mut packed = "";
        if head.get(..4).is_some_and(archive::is_zip) {
            return Err(SourceError::Zip(
                name.to_owned(),
                "a zip cannot be read from a stream: give the file, or unpack it".to_owned(),
            ));
        }
        let gzip = head.starts_with(&[0x1f, 0x8b]);
        let whole = io::Cursor::new(head).chain(reader);
        let mut rest: Box<dyn BufRead + Send> = if gzip {
            packed = "gzip";
            Box::new(BufReader::with_capacity(1 << 16, Bounded::unpacked(MultiGzDecoder::new(whole), length)))
        } else {
            Box::new(BufReader::with_capacity(1 << 16, Bounded::plain(whole)))
        };
        let file_name = Path::new(name).file_name().map_or_else(String::new, |n| n.to_string_lossy().to_lowercase());
        let file_name = file_name.strip_suffix(".gz").unwrap_or(&file_name).to_owned();
        let mut sample = vec![0; SAMPLE];
        let n = read_full(&mut rest, &mut sample).map_err(io_error)?;
        sample.truncate(n);
        let mut source = Self {
            name: name.to_owned(),
            file_name,
            decoder: RowDecoder::fixed(UTF_8),
            transcoded_from: None,
            packed,
            sample,
            sample_at: 0,
            sheet: None,
            guessed: false,
            rest,
        };
        source.settle_encoding(encoding).map_err(io_error)?;
        Ok(source)
    }

    fn settle_encoding(&mut self, asked: EncodingChoice) -> io::Result<()> {
        let mark = marked(&self.sample);
        let encoding = match (asked, mark) {
            (EncodingChoice::Named(named), Some((found, length))) if found == named => {
                self.sample_at = length;
                named
            }
            (EncodingChoice::Named(named), _) => named,
            (EncodingChoice::Auto, Some((found, length))) => {
                self.sample_at = length;
                found
            }
            (EncodingChoice::Auto, None) => {
                self.guessed = true;
                self.decoder = RowDecoder::of_rows(&self.sample);
                return Ok(());
            }
        };
        if cuts_like_ascii(encoding) {
            self.decoder = RowDecoder::fixed(encoding);
            return Ok(());
        }
        self.transcode(encoding)
    }

    /// From here on the bytes are UTF-8. Formats that cannot be cut by bytes (JSON documents) ask for it.
    ///
    /// # Errors
    /// I/O while looking at the first of the new bytes.
    pub fn into_utf8(mut self) -> Result<Self, SourceError> {
        let name = self.decoder.name();
        if name != "utf-8"
            && let Some(encoding) = encoding_rs::Encoding::for_label(name.as_bytes())
        {
            self.transcode(encoding).map_err(|e| SourceError::Io(self.name.clone(), e))?;
        }
        Ok(self)
    }

    fn transcode(&mut self, encoding: &'static encoding_rs::Encoding) -> io::Result<()> {
        let sample = std::mem::take(&mut self.sample).split_off(self.sample_at);
        let rest = std::mem::replace(&mut self.rest, Box::new(io::empty()));
        let whole = io::Cursor::new(sample).chain(rest);
        let mut rest = BufReader::with_capacity(1 << 16, Transcoded::new(whole, encoding));
        let mut sample = vec![0; SAMPLE];
        let n = read_full(&mut rest, &mut sample)?;
        sample.truncate(n);
        self.sample = sample;
        self.sample_at = 0;
        self.rest = Box::new(rest);
        self.transcoded_from = Some(encoding.name().to_lowercase());
        self.decoder = RowDecoder::fixed(UTF_8);
        Ok(())
    }

    /// The first bytes (at most [`SAMPLE`]), without a byte order mark.
    pub fn sample(&self) -> &[u8] {
        &self.sample[self.sample_at..]
    }

    /// How many of the first lines are in no encoding that is found out; `None` = they fit, or the encoding was named.
    pub fn unknown_lines(&self) -> Option<usize> {
        if self.guessed { unknown_lines(self.sample()) } else { None }
    }

    /// Name of the encoding of the source.
    pub fn encoding_name(&self) -> String {
        self.transcoded_from.clone().unwrap_or_else(|| self.decoder.name())
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let n = available.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.sample_at < self.sample.len() {
            return Ok(&self.sample[self.sample_at..]);
        }
        if !self.sample.is_empty() {
            self.sample = Vec::new();
            self.sample_at = 0;
        }
        self.rest.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        if self.sample_at < self.sample.len() {
            self.sample_at += n;
        } else {
            self.rest.consume(n);
        }
    }
}

/// Reads until the buffer is full or the stream ends.
fn read_full(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match reader.read(&mut buf[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(n)
}

/// Takes up to `n` bytes off the stream.
fn peek(reader: &mut impl Read, n: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; n];
    let read = read_full(reader, &mut head)?;
    head.truncate(read);
    Ok(head)
}
