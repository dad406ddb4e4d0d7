//! Rows of a delimited file (CSV, TSV): cut from bytes in bounded memory, whatever the quotes are like.
//!
//! Works on bytes of any encoding whose characters never contain `"`, the delimiter or a line end as a later byte (UTF-8,
//! GB18030, Big5, Latin-1 …). Quotes count only at the start of a field, as spreadsheets write them. A quote that never
//! closes, or closes in the middle of a later line's text, does not swallow the rows after it: the first line is taken alone.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Longest row in bytes, with all its lines; a longer line is cut and refused.
pub const MAX_ROW: usize = 1 << 20;
/// Most lines a quoted field may run over.
const MAX_LINES: usize = 5_000;

/// A row as it came, without its line end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawRow {
    /// Line number of its first line, from 1.
    pub line: u64,
    /// Its bytes (cut to [`MAX_ROW`] when it was longer).
    pub bytes: Vec<u8>,
    /// Whether it was longer.
    pub too_long: bool,
    /// Whether its quotes could not be followed and were taken literally.
    pub loose_quote: bool,
}

/// A physical line.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) too_long: bool,
}

/// Cuts a stream into rows.
pub struct RowCutter<R> {
    reader: R,
    delimiter: u8,
    line_end: u8,
    /// Lines that were read ahead and given back.
    given_back: VecDeque<Line>,
    /// Lines taken so far.
    line: u64,
}

/// Where a byte stands inside a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// Just after a quote inside a quoted field: the end of it, or the first half of a doubled quote.
    QuoteSeen,
}

/// What a scan of one line found.
struct Scan {
    state: State,
    /// A closing quote was followed by text instead of a delimiter.
    loose: bool,
}

impl<R: BufRead> RowCutter<R> {
    /// Rows of `reader`; `sample` (its first bytes) tells whether lines end with a lone carriage return.
    pub fn new(reader: R, delimiter: u8, sample: &[u8]) -> Self {
        let line_end = if sample.contains(&b'\r') && !sample.contains(&b'\n') { b'\r' } else { b'\n' };
        Self { reader, delimiter, line_end, given_back: VecDeque::new(), line: 0 }
    }

    /// The stream behind.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The stream behind, to change how its rows are decoded.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The next row that is not blank; `None` at the end.
    ///
    /// # Errors
    /// Only of the stream.
    pub fn next_row(&mut self) -> io::Result<Option<RawRow>> {
        loop {
            let Some(first) = self.next_line()? else { return Ok(None) };
            let line = self.line;
            if first.bytes.iter().all(|b| b.is_ascii_whitespace() && *b != self.delimiter) {
                continue;
            }
            if first.too_long {
                return Ok(Some(RawRow { line, bytes: first.bytes, too_long: true, loose_quote: false }));
            }
            return self.complete(line, first).map(Some);
        }
    }

    /// Reads on while a quoted field is open.
    fn complete(&mut self, line: u64, first: Line) -> io::Result<RawRow> {
        let mut scan = scan(&first.bytes, self.delimiter, State::FieldStart);
        if scan.state != State::Quoted {
            return Ok(RawRow { line, bytes: first.bytes, too_long: false, loose_quote: false });
        }
        let mut bytes = first.bytes.clone();
        let mut taken: Vec<Line> = Vec::new();
        loop {
            let next = if taken.len() < MAX_LINES { self.next_line()? } else { None };
            let Some(next) = next else { break };
            scan = self::scan(&next.bytes, self.delimiter, State::Quoted);
            bytes.push(b'\n');
            bytes.extend_from_slice(&next.bytes);
            let hopeless = next.too_long || scan.loose || bytes.len() > MAX_ROW;
            taken.push(next);
            if hopeless {
                break;
            }
            if scan.state != State::Quoted {
                return Ok(RawRow { line, bytes, too_long: false, loose_quote: false });
            }
        }
        // The quote has no partner: what follows are rows of their own.
        self.line -= taken.len() as u64;
        for back in taken.into_iter().rev() {
            self.given_back.push_front(back);
        }
        Ok(RawRow { line, bytes: first.bytes, too_long: false, loose_quote: true })
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        let line = match self.given_back.pop_front() {
            Some(line) => Some(line),
            None => read_line(&mut self.reader, self.line_end)?,
        };
        self.line += u64::from(line.is_some());
        Ok(line)
    }
}

/// A line without its end, at most [`MAX_ROW`] bytes; the rest of a longer one is passed over.
pub(super) fn read_line(reader: &mut impl BufRead, line_end: u8) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let (mut any, mut too_long) = (false, false);
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = buffer.iter().position(|b| *b == line_end);
        let part = &buffer[..end.unwrap_or(buffer.len())];
        let room = MAX_ROW.saturating_sub(bytes.len());
        too_long |= part.len() > room;
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(buffer.len(), |e| e + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(any.then_some(Line { bytes, too_long }))
}

fn scan(bytes: &[u8], delimiter: u8, mut state: State) -> Scan {
    let mut loose = false;
    for &b in bytes {
        state = match (state, b) {
            (State::FieldStart, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::QuoteSeen,
            (State::Quoted, _) => State::Quoted,
            (State::QuoteSeen, b'"') => State::Quoted,
            (_, b) if b == delimiter => State::FieldStart,
            (State::QuoteSeen, b) => {
                loose |= !b.is_ascii_whitespace();
                State::Plain
            }
            (State::FieldStart | State::Plain, _) => State::Plain,
        };
    }
    Scan { state, loose }
}

/// The fields of a decoded row. With `literal_quotes` a quote is a character like any other.
pub fn fields(row: &str, delimiter: u8, literal_quotes: bool) -> Vec<String> {
    if literal_quotes || !row.contains('"') {
        return row.split(char::from(delimiter)).map(str::to_owned).collect();
    }
    let mut found = Vec::new();
    let mut field = String::new();
    let mut state = State::FieldStart;
    for c in row.chars() {
        let ends_field = c == char::from(delimiter) && state != State::Quoted;
        state = match (state, c) {
            _ if ends_field => {
                found.push(std::mem::take(&mut field));
                State::FieldStart
            }
            (State::FieldStart, '"') => State::Quoted,
            (State::Quoted, '"') => State::QuoteSeen,
            (State::QuoteSeen, '"') => {
                field.push('"');
                State::Quoted
            }
            (State::Quoted, c) => {
                field.push(c);
                State::Quoted
            }
            (_, c) => {
                field.push(c);
                State::Plain
            }
        };
    }
    found.push(field);
    found
}

/// A row as a delimited file would have it.
pub fn joined(values: &[String]) -> String {
    let quoted = |v: &String| {
        if v.contains([',', '"', '\n', '\r']) { format!("\"{}\"", v.replace('"', "\"\"")) } else { v.clone() }
    };
    values.iter().map(quoted).collect::<Vec<_>>().join(",")
}

/// The delimiter of a sample: of `,` tab `;` `|` the one that cuts the first lines into the most equal columns.
pub fn sniff_delimiter(sample: &[u8]) -> u8 {
    let lines: Vec<&[u8]> = sample.split(|b| *b == b'\n' || *b == b'\r').filter(|l| !l.is_empty()).take(20).collect();
    let score = |delimiter: u8| {
        let counts: Vec<usize> = lines.iter().map(|l| columns(l, delimiter)).collect();
        let header = counts.first().copied().unwrap_or(1);
        let alike = counts.iter().filter(|c| **c == header).count();
        // Columns first come from the header; equality among the rows settles between two candidates.
        if header < 2 { 0 } else { alike * 1000 / counts.len().max(1) * 4 + header.min(200) }
    };
    // Ties go to the first in this order.
    [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|d| score(*d)).unwrap_or(b',')
}

fn columns(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    1 + line
        .iter()
        .filter(|b| {
            quoted ^= **b == b'"';
            !quoted && **b == delimiter
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Vec<(u64, String, bool)> {
        let mut cutter = RowCutter::new(io::BufReader::with_capacity(7, text), b',', text);
        let mut found = Vec::new();
        while let Some(row) = cutter.next_row().unwrap() {
            found.push((row.line, String::from_utf8_lossy(&row.bytes).into_owned(), row.loose_quote || row.too_long));
        }
        found
    }

    fn row(line: u64, text: &str, odd: bool) -> (u64, String, bool) {
        (line, text.to_owned(), odd)
    }

    #[test]
    fn plain_and_quoted_rows() {
        assert_eq!(rows(b"a,b\r\n\r\n1,2\r\n"), [row(1, "a,b", false), row(3, "1,2", false)]);
        assert_eq!(rows(b"a\rb\rc"), [row(1, "a", false), row(2, "b", false), row(3, "c", false)]);
        assert_eq!(rows(b"1,\"x\ny, \"\"z\"\"\",2\n3"), [row(1, "1,\"x\ny, \"\"z\"\"\",2", false), row(3, "3", false)]);
        assert_eq!(rows(b""), []);
        assert_eq!(rows(b"\n \n,\n"), [row(3, ",", false)]);
        assert_eq!(rows(b"5\" pipe,1\n2"), [row(1, "5\" pipe,1", false), row(2, "2", false)]);
    }

    #[test]
    fn a_stray_quote_swallows_nothing() {
        assert_eq!(rows(b"1,\"open\n2,b\n3,c"), [row(1, "1,\"open", true), row(2, "2,b", false), row(3, "3,c", false)]);
        assert_eq!(rows(b"1,\"open\n2,\"b\n3,c"), [row(1, "1,\"open", true), row(2, "2,\"b", true), row(3, "3,c", false)]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut text = vec![b'x'; MAX_ROW + 10];
        text.extend(b"\n1,2\n");
        let mut cutter = RowCutter::new(&text[..], b',', b"x\n");
        let long = cutter.next_row().unwrap().unwrap();
        assert!(long.too_long && long.bytes.len() == MAX_ROW);
        assert_eq!(cutter.next_row().unwrap().unwrap().bytes, b"1,2");
    }

    #[test]
    fn fields_of_a_row() {
        assert_eq!(fields("a,\"b \"\"c\"\", d\",,\"e\"f", b',', false), ["a", "b \"c\", d", "", "ef"]);
        assert_eq!(fields("a\t\"b", b'\t', true), ["a", "\"b"]);
        assert_eq!(fields("", b',', false), [""]);
    }

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b,c\n1,2,3", b','),
            ("a\tb\tc\n1,5\t2\t3", b'\t'),
            ("a;b;c\n1,5;2,5;3", b';'),
            ("\"a,b\"|c\n1|2", b'|'),
            ("only", b','),
            ("", b','),
        ] {
            assert_eq!(sniff_delimiter(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_line_is_in_exactly_one_row(lines in proptest::collection::vec("[a-c,\"]{0,6}", 0..12)) {
            let text = lines.join("\n");
            let found = rows(text.as_bytes());
            let again: Vec<&str> = found.iter().flat_map(|(_, t, _)| t.split('\n')).collect();
            // Blank lines are skipped between rows and kept inside quotes; everything else is there, in order.
            let full = |l: &&str| !l.is_empty();
            prop_assert_eq!(again.into_iter().filter(full).collect::<Vec<_>>(), text.split('\n').filter(full).collect::<Vec<_>>());
            for (line, row, _) in &found {
                prop_assert_eq!(row.split('\n').next(), text.split('\n').nth(*line as usize - 1));
            }
        }

        #[test]
        fn what_was_written_comes_back(rows in proptest::collection::vec(proptest::collection::vec("\\PC{0,8}|[\",\n ]{0,5}", 2..4), 1..6)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut cutter = RowCutter::new(&bytes[..], b',', b"\n");
            let mut found = Vec::new();
            while let Some(row) = cutter.next_row().unwrap() {
                found.push(fields(std::str::from_utf8(&row.bytes).unwrap(), b',', row.loose_quote));
            }
            prop_assert_eq!(found, rows);
        }
    }
}
