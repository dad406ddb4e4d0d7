//! The rows of any source: delimited text, JSON lines, a JSON array or GeoJSON, one at a time in bounded memory.

use std::io::BufRead;
use std::sync::Arc;

use serde_json::Value;
use wall_core::Datum;

use super::delimited::{self, RawRow, RowCutter, read_line, sniff_delimiter};
use super::encoding::Decoded;
use super::fields::{Fields, Header};
use super::ids;
use super::json_stream::{ItemCutter, JsonError, Shape};
use super::profile::Profile;
use super::read::{Problem, shown};
use super::sheet::{Sheet, SheetReport};
use super::source::{Source, SourceError};
use super::tickets::fields_of_json;

/// One row, read or not.
pub struct Row {
    /// Line number from 1, or feature index from 0 (GeoJSON).
    pub line: u64,
    /// The row as it came, as text.
    pub raw: String,
    /// Its fields, or why it has none.
    pub fields: Result<Fields, Problem>,
    /// What was noticed while cutting and decoding it.
    pub notes: Vec<Problem>,
}

/// How the rows of a source are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// CSV and its kin.
    Delimited(u8),
    /// A JSON object on each line.
    Lines,
    /// A JSON document.
    Document(Shape),
}

enum Cutter {
    Delimited { rows: RowCutter<Source>, delimiter: u8, header: Arc<Header> },
    Lines { source: Source, line: u64 },
    Document { items: ItemCutter<Source>, by_index: bool },
    Sheet { sheet: Sheet, source: Source, header: Arc<Header> },
}

/// Reads rows.
pub struct Rows {
    cutter: Cutter,
    name: String,
    any: bool,
    ended: bool,
}

impl Rows {
    /// Finds out the format of a source and reads its header.
    ///
    /// # Errors
    /// [`SourceError`] when nothing can be read, or it holds no rows in any known form.
    pub fn new(mut source: Source, profile: &Profile) -> Result<Self, SourceError> {
        let name = source.name.clone();
        if let Some(sheet) = source.sheet.take() {
            let header = Arc::new(Header::of_sheet(sheet.header.clone()));
            return Ok(Self { cutter: Cutter::Sheet { sheet, source, header }, name, any: false, ended: false });
        }
        if source.sample().iter().all(u8::is_ascii_whitespace) {
            return Err(SourceError::Format(name, "is empty".to_owned()));
        }
        if let Some(lines) = source.unknown_lines() {
            let what = format!(
                "{lines} of its first lines are neither UTF-8 nor GB18030: name the encoding with --encoding (windows-1250, big5 …)"
            );
            return Err(SourceError::Format(name, what));
        }
        let cutter = match format_of(source.sample(), &source.file_name, profile.delimiter) {
            Format::Lines => Cutter::Lines { source, line: 0 },
            Format::Document(shape) => {
                Cutter::Document { items: ItemCutter::new(source.into_utf8()?, shape), by_index: shape == Shape::Collection }
            }
            Format::Delimited(delimiter) => Self::delimited(source, delimiter)?,
        };
        Ok(Self { cutter, name, any: false, ended: false })
    }

    fn delimited(source: Source, mut delimiter: u8) -> Result<Cutter, SourceError> {
        let name = source.name.clone();
        let unusable = |what: &str| SourceError::Format(name.clone(), what.to_owned());
        let sample = source.sample().to_vec();
        let mut rows = RowCutter::new(source, delimiter, &sample);
        let mut next = || rows.next_row().map_err(|e| SourceError::Io(name.clone(), e));
        let mut first = next()?.ok_or_else(|| unusable("is empty"))?;
        // Spreadsheets write the delimiter into a first line of its own.
        if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', d] = first.bytes[..] {
            delimiter = d;
            first = next()?.ok_or_else(|| unusable("holds no header"))?;
        }
        if first.too_long || first.loose_quote || first.bytes.iter().filter(|b| **b == 0).count() > 8 {
            return Err(unusable("is not a table: its first line is no header"));
        }
        let text = rows.get_mut().decoder.decode(&first.bytes).0.into_owned();
        let names = delimited::fields(&text.replace('\0', ""), delimiter, false);
        Ok(Cutter::Delimited { rows, delimiter, header: Arc::new(Header::new(names)) })
    }

    fn source(&self) -> &Source {
        match &self.cutter {
            Cutter::Delimited { rows, .. } => rows.get_ref(),
            Cutter::Lines { source, .. } | Cutter::Sheet { source, .. } => source,
            Cutter::Document { items, .. } => items.get_ref(),
        }
    }

    /// Name of the encoding in use (it may be found only when the first row beyond ASCII has come).
    pub fn encoding(&self) -> String {
        self.source().encoding_name()
    }

    /// The header of a delimited file.
    pub fn header(&self) -> Option<&Header> {
        match &self.cutter {
            Cutter::Delimited { header, .. } | Cutter::Sheet { header, .. } => Some(header),
            _ => None,
        }
    }

    /// Which sheet of a workbook is read.
    pub fn sheet(&self) -> Option<&SheetReport> {
        match &self.cutter {
            Cutter::Sheet { sheet, .. } => Some(&sheet.report),
            _ => None,
        }
    }

    /// Fails when a delimited file has no column for one of the fields (each given with its alternatives): then every row
    /// would be refused, and it is the wrong file or the wrong profile.
    ///
    /// # Errors
    /// [`SourceError::Format`] with the columns there are.
    pub fn need(&self, profile: &Profile, fields: &[&[&str]]) -> Result<(), SourceError> {
        let Some(header) = self.header() else { return Ok(()) };
        let has = |field: &str| {
            profile.constant(field).is_some()
                || match profile.columns(field) {
                    Some(columns) => columns.iter().any(|c| header.position(&c.normal).is_some()),
                    None => std::iter::once(field)
                        .chain(super::fields::aliases(field).iter().copied())
                        .any(|n| header.position(n).is_some()),
                }
        };
        for alternatives in fields {
            if !alternatives.iter().any(|f| has(f)) {
                let columns = shown_columns(header.names());
                let names = header.names();
                let remedy = if names.iter().any(|n| n.trim_start().starts_with('<')) {
                    "; this is a web page (HTML) under another name: open it in a spreadsheet and save it as .xlsx or CSV"
                } else if profile.name != "zh-general"
                    && names.iter().any(|n| n.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)))
                {
                    "; for Chinese headers there is --profile zh-general"
                } else {
                    ""
                };
                let message = format!(
                    "no column for {} by profile {}; the columns are {columns}{remedy}",
                    alternatives.join(" or "),
                    shown(&profile.name)
                );
                return Err(SourceError::Format(self.name.clone(), message));
            }
        }
        Ok(())
    }

    /// The datum a GeoJSON collection declares in `crs`, with its words; known once the first row was read.
    ///
    /// # Errors
    /// The words of a coordinate system that cannot be read.
    pub fn declared_datum(&self) -> Result<Option<(Datum, String)>, String> {
        let Cutter::Document { items, .. } = &self.cutter else { return Ok(None) };
        let Some(crs) = items.crs().and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return Ok(None) };
        let name = crs.pointer("/properties/name").or_else(|| crs.pointer("/properties/code"));
        let name = match name {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Number(code)) => format!("EPSG:{code}"),
            _ => return Ok(None),
        };
        Datum::from_crs_name(&name).map(|datum| Some((datum, name))).map_err(|e| e.to_string())
    }

    fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        let name = &self.name;
        let io_error = |e| SourceError::Io(name.clone(), e);
        match &mut self.cutter {
            Cutter::Delimited { rows, delimiter, header } => {
                let Some(raw) = rows.next_row().map_err(io_error)? else { return Ok(None) };
                Ok(Some(delimited_row(&raw, rows.get_mut(), *delimiter, header)))
            }
            Cutter::Sheet { sheet, header, .. } => {
                let Some((line, values)) = sheet.next_row().map_err(io_error)? else { return Ok(None) };
                let raw = delimited::joined(&values);
                Ok(Some(table_row(line, raw, values, header, Vec::new())))
            }
            Cutter::Lines { source, line } => loop {
                let Some(raw) = read_line(source, b'\n').map_err(io_error)? else { return Ok(None) };
                *line += 1;
                if raw.bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0x1e) {
                    continue;
                }
                let raw = RawRow { line: *line, bytes: raw.bytes, too_long: raw.too_long, loose_quote: false };
                return Ok(Some(json_row(&raw, source)));
            },
            Cutter::Document { items, by_index } => match items.next_item() {
                Ok(None) => Ok(None),
                Ok(Some(item)) => {
                    let line = if *by_index { item.index } else { item.line };
                    let raw = String::from_utf8_lossy(&item.bytes).into_owned();
                    let fields = if item.too_long { Err(too_long()) } else { parse_json(&raw).and_then(fields_of_json) };
                    Ok(Some(Row { line, raw, fields, notes: Vec::new() }))
                }
                Err(JsonError::Io(e)) => Err(SourceError::Io(name.clone(), e)),
                Err(e @ JsonError::Syntax { .. }) if !self.any => Err(SourceError::Format(name.clone(), e.to_string())),
                Err(JsonError::Syntax { line, what }) => {
                    // What came before stays; the broken rest is one refused row, and said.
                    let problem = Problem::new("document_broken", format!("{what}; nothing after line {line} was read"));
                    Ok(Some(Row { line, raw: String::new(), fields: Err(problem), notes: Vec::new() }))
                }
            },
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.next_row().transpose();
        match &row {
            Some(Ok(row)) => {
                self.any = true;
                self.ended = matches!(&row.fields, Err(p) if p.code == "document_broken");
            }
            _ => self.ended = true,
        }
        row
    }
}

fn too_long() -> Problem {
    Problem::new("row_too_long", "the row is longer than a row may be; it was cut in the rejects file")
}

fn shown_columns(names: &[String]) -> String {
    let mut list = names.iter().take(12).map(|n| shown(n)).collect::<Vec<_>>().join(", ");
    if names.len() > 12 {
        list.push_str(&format!(" … ({} in all)", names.len()));
    }
    list
}

/// Decodes a row; what was noticed goes into `notes`.
fn decode(raw: &RawRow, source: &mut Source, notes: &mut Vec<Problem>) -> String {
    let (text, how) = source.decoder.decode(&raw.bytes);
    match how {
        Decoded::Well => {}
        Decoded::OtherEncoding(name) => {
            notes.push(Problem::new("mixed_encoding", format!("the row is in {name}, unlike the rest, and was read as that")));
        }
        Decoded::Replaced => {
            notes.push(Problem::new(
                "bad_encoding",
                "bytes that are no text in this encoding were replaced by \u{fffd}; --encoding names another",
            ));
        }
    }
    if text.contains('\0') {
        notes.push(Problem::new("nul_bytes", "zero bytes were taken out"));
        return text.replace('\0', "");
    }
    text.into_owned()
}

fn delimited_row(raw: &RawRow, source: &mut Source, delimiter: u8, header: &Arc<Header>) -> Row {
    let mut notes = Vec::new();
    let text = decode(raw, source, &mut notes);
    let row = |fields, notes| Row { line: raw.line, raw: text.clone(), fields, notes };
    if raw.too_long {
        return row(Err(too_long()), notes);
    }
    let values = delimited::fields(&text, delimiter, raw.loose_quote);
    let columns = header.names().len();
    if raw.loose_quote {
        if values.len() != columns {
            let message = "a quote is not closed, and the fields do not fit the columns".to_owned();
            return row(Err(Problem::new("unclosed_quote", message)), notes);
        }
        notes.push(Problem::new("unclosed_quote", "a quote is not closed; quotes in this row were read as they stand"));
    }
    table_row(raw.line, text, values, header, notes)
}

/// A row of a table from its values.
fn table_row(line: u64, raw: String, mut values: Vec<String>, header: &Arc<Header>, mut notes: Vec<Problem>) -> Row {
    let columns = header.names().len();
    let row = |fields, notes| Row { line, raw: raw.clone(), fields, notes };
    if values.len() > columns && values[columns..].iter().any(|v| !v.trim().is_empty()) {
        let message = format!("{} fields under {columns} columns: which value belongs where is unknown", values.len());
        return row(Err(Problem::new("too_many_fields", message)), notes);
    }
    if header.is_sheet() {
        // A sheet does not store empty cells at the end of a row: they are there and empty.
        values.resize(columns, String::new());
    }
    if values.len() < columns {
        notes
            .push(Problem::new("too_few_fields", format!("{} fields under {columns} columns: the last are empty", values.len())));
    }
    values.truncate(columns);
    for (name, value) in header.names().iter().zip(&mut values) {
        // Tables of ours have an apostrophe before what a spreadsheet would run; it is taken away without a word.
        let plain = match ids::formula_text(value) {
            Some(text) => {
                let message = format!("{name}: {} was read as {}", shown(value), shown(&text));
                notes.push(Problem::new("spreadsheet_text", message));
                Some(text.into_owned())
            }
            None => ids::formula_restored(value).map(str::to_owned),
        };
        if let Some(plain) = plain {
            *value = plain;
        }
    }
    row(Ok(Fields::Delimited { header: header.clone(), values }), notes)
}

fn json_row(raw: &RawRow, source: &mut Source) -> Row {
    let mut notes = Vec::new();
    let text = decode(raw, source, &mut notes);
    let fields = if raw.too_long {
        Err(too_long())
    } else {
        // Record separators (RFC 8142) and the commas of an array written line by line are no harm.
        parse_json(text.trim().trim_start_matches('\u{1e}').trim_end_matches(',')).and_then(fields_of_json)
    };
    Row { line: raw.line, raw: text, fields, notes }
}

fn parse_json(text: &str) -> Result<Value, Problem> {
    serde_json::from_str(text).map_err(|e| Problem::new("bad_json", format!("not JSON: {e}")))
}

/// The format of a source by its first bytes; its name only decides where they leave a doubt.
pub fn format_of(sample: &[u8], file_name: &str, delimiter: Option<u8>) -> Format {
    let is = |endings: &[&str]| endings.iter().any(|e| file_name.ends_with(e));
    let solid = sample.iter().position(|b| !b.is_ascii_whitespace() && *b != 0x1e).unwrap_or(sample.len());
    let text = &sample[solid..];
    match text.first() {
        Some(b'[') if !is(&[".csv", ".tsv", ".txt"]) => Format::Document(Shape::Array),
        Some(b'{') if !is(&[".csv", ".tsv"]) => json_format(text, is(&[".ndjson", ".jsonl", ".geojsonl", ".geojsons"])),
        _ => Format::Delimited(
            delimiter.unwrap_or_else(|| if is(&[".tsv"]) && has_tab(text) { b'\t' } else { sniff_delimiter(text) }),
        ),
    }
}

fn has_tab(text: &[u8]) -> bool {
    text.iter().take_while(|b| **b != b'\n').any(|b| *b == b'\t')
}

fn json_format(text: &[u8], lines_by_name: bool) -> Format {
    let mut lines = text.lines().map_while(Result::ok).filter(|l| !l.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    if let Ok(value) = serde_json::from_str::<Value>(first.trim().trim_end_matches(',')) {
        let collection = value.get("type").and_then(Value::as_str) == Some("FeatureCollection");
        return if collection { Format::Document(Shape::Collection) } else { Format::Lines };
    }
    let mentions = |word: &[u8]| text.windows(word.len()).any(|w| w == word);
    if lines_by_name {
        return Format::Lines;
    }
    if mentions(b"\"FeatureCollection\"") || mentions(b"\"features\"") {
        return Format::Document(Shape::Collection);
    }
    // A broken first line must not turn JSON lines into one broken document.
    let is_object = |l: &String| l.starts_with('{') && l.trim_end().trim_end_matches(',').ends_with('}');
    if lines.next().is_some_and(|l| is_object(&l)) { Format::Lines } else { Format::Document(Shape::Single) }
}
