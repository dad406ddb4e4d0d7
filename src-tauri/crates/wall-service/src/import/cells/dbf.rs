//! The table beside a shapefile: dBASE rows as properties, bounded by the bytes that are there.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, IBM866, SHIFT_JIS, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    WINDOWS_1254,
};

use super::CellsError;
use super::raw::{Note, Properties, Value};
use crate::import::doubt;
use crate::import::encoding::{Decoded, EncodingChoice, RowDecoder};

/// Most bytes of text that are looked at to find the encoding.
const SAMPLE: usize = 1 << 20;

/// A column.
struct Column {
    name: String,
    kind: u8,
    at: usize,
    width: usize,
}

/// An open table.
pub(super) struct Table<'a> {
    rows: &'a [u8],
    row_length: usize,
    columns: Vec<Column>,
    decoder: RowDecoder,
    /// Name of the encoding at the start, and why that one.
    pub(super) encoding_why: &'static str,
    /// The encoding that names were cut in.
    pub(super) encoding: &'static Encoding,
    /// Characters that meant nothing.
    pub(super) broken: usize,
    pub(super) notes: Vec<Note>,
}

/// One row: whether it is marked as deleted, and its properties.
pub(super) struct Row {
    pub(super) deleted: bool,
    pub(super) properties: Properties<'static>,
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 2).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])))
}

fn broken(what: impl Into<String>) -> CellsError {
    CellsError::Broken { format: "Shapefile", what: format!("the .dbf {}", what.into()) }
}

impl<'a> Table<'a> {
    /// Opens a table. `cpg` is the text of the `.cpg`. The encoding: what is asked for, else the `.cpg`, else the table's
    /// language byte, else found from the texts.
    ///
    /// # Errors
    /// A header that makes no sense.
    pub(super) fn open(bytes: &'a [u8], cpg: Option<&[u8]>, asked: EncodingChoice) -> Result<Self, CellsError> {
        let (header, row_length) = (u16_at(bytes, 8), u16_at(bytes, 10));
        if bytes.len() < 33 || header < 33 || header > bytes.len() || row_length == 0 {
            return Err(broken("is cut off or no dBASE table"));
        }
        let mut raw = Vec::new();
        let mut at = 1;
        for field in bytes[32..header].chunks_exact(32) {
            if field[0] == 0x0d {
                break;
            }
            let (kind, mut width) = (field[11], usize::from(field[16]));
            // Long texts keep their upper byte where numbers keep their decimals.
            if kind == b'C' {
                width += usize::from(field[17]) << 8;
            }
            let name = field[..11].split(|b| *b == 0).next().unwrap_or_default();
            if at + width > row_length {
                return Err(broken("has fields wider than its rows"));
            }
            raw.push((name, kind, at, width));
            at += width;
        }
        let count = bytes.get(4..8).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])) as usize;
        let rows = &bytes[header..];
        let whole = rows.len() / row_length;
        let mut notes = Vec::new();
        if whole < count {
            notes.push(Note::new("truncated", format!("the .dbf announces {count} rows and holds {whole}")));
        }
        let rows = &rows[..whole.min(count) * row_length];

        let mut sample = Vec::new();
        for (name, ..) in &raw {
            sample.extend_from_slice(name);
            sample.push(b'\n');
        }
        for row in rows.chunks_exact(row_length) {
            for (_, _, at, width) in raw.iter().filter(|f| f.1 == b'C') {
                let text = row[*at..at + width].trim_ascii();
                if !text.is_ascii() && sample.len() < SAMPLE {
                    sample.extend_from_slice(text);
                    sample.push(b'\n');
                }
            }
        }
        let label = cpg.map(|c| String::from_utf8_lossy(c).trim_matches(['\u{feff}', '\0', ' ', '\r', '\n', '\t']).to_owned());
        let by_cpg = label.as_deref().and_then(code_page);
        if let (Some(label), None) = (&label, by_cpg) {
            let shown: String = label.chars().take(40).collect();
            notes.push(Note::new("unknown_code_page", format!("the .cpg names {shown:?}, which is not known: not used")));
        }
        let texts = || sample.split(|b| *b == b'\n');
        let mut named = |found: &'static Encoding, by: &'static str| match doubt::contradicted(texts(), found) {
            None => (RowDecoder::fixed(found), by),
            Some(other) => {
                let message = format!("{} is {by}, but all texts are plainly {}: read as that", found.name(), other.name());
                notes.push(Note::new("encoding_doubtful", format!("{message}; name the right one with --encoding")));
                (RowDecoder::fixed(other), "found from the texts, against what is named")
            }
        };
        let (decoder, encoding_why) = match (asked, by_cpg, language(bytes[29])) {
            (EncodingChoice::Named(asked), other, _) => {
                if let Some(other) = other.filter(|o| *o != asked) {
                    let message = format!("the .cpg says {}, {} was asked for and used", other.name(), asked.name());
                    notes.push(Note::new("encoding_differs", message));
                }
                if let Some(other) = doubt::contradicted(texts(), asked) {
                    let message = format!("{} was asked for, but all texts are plainly {}", asked.name(), other.name());
                    notes.push(Note::new("encoding_doubtful", message));
                }
                (RowDecoder::fixed(asked), "asked for")
            }
            (_, Some(found), _) => named(found, "named by the .cpg"),
            (_, None, Some(found)) => named(found, "named by the language byte of the .dbf"),
            (_, None, None) => {
                let decoder = RowDecoder::from_sample(&sample);
                if decoder.name() == "gb18030" && doubt::hardly_gb(texts()) {
                    let message = "the texts are no UTF-8 and were read as GB18030, but are hardly Chinese: name their encoding with --encoding";
                    notes.push(Note::new("encoding_doubtful", message));
                }
                (decoder, "found from the texts")
            }
        };
        let encoding = Encoding::for_label(decoder.name().as_bytes()).unwrap_or(encoding_rs::UTF_8);
        let mut table = Self { rows, row_length, columns: Vec::new(), decoder, encoding_why, encoding, broken: 0, notes };
        table.columns = raw
            .into_iter()
            .map(|(name, kind, at, width)| {
                // Ten bytes may end inside a character.
                let (text, _) = table.decoder.decode(name);
                Column { name: text.trim_end_matches('\u{fffd}').trim().to_owned(), kind, at, width }
            })
            .collect();
        Ok(table)
    }

    /// Name of the encoding in use, lower case.
    pub(super) fn encoding_name(&self) -> String {
        self.decoder.name()
    }

    /// Names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }

    /// How many rows there are, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.row_length
    }

    /// A row.
    pub(super) fn row(&mut self, index: usize) -> Option<Row> {
        let row = self.rows.chunks_exact(self.row_length).nth(index)?;
        let mut properties = Vec::new();
        for c in &self.columns {
            let bytes = &row[c.at..c.at + c.width];
            match value(bytes, c.kind, &mut self.decoder, &mut self.broken) {
                Value::Null => {}
                value => properties.push((c.name.clone(), value)),
            }
        }
        Some(Row { deleted: row[0] == b'*', properties })
    }
}

fn value(bytes: &[u8], kind: u8, decoder: &mut RowDecoder, broken: &mut usize) -> Value<'static> {
    let plain = || String::from_utf8_lossy(bytes).trim_matches([' ', '\0']).to_owned();
    match kind {
        b'C' => {
            let text = text_of(bytes, decoder, broken);
            if text.is_empty() { Value::Null } else { Value::Text(text) }
        }
        b'N' | b'F' => {
            let digits = plain();
            // Stars stand for a number that was too wide, or for none.
            if digits.is_empty() || digits.bytes().all(|b| b == b'*') { Value::Null } else { number(&digits) }
        }
        b'L' => match bytes.first() {
            Some(b'T' | b't' | b'Y' | b'y') => Value::Text("true".into()),
            Some(b'F' | b'f' | b'N' | b'n') => Value::Text("false".into()),
            _ => Value::Null,
        },
        b'D' => Value::Text(plain()),
        b'I' | b'+' if bytes.len() == 4 => {
            Value::Number(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).to_string())
        }
        b'O' | b'B' if bytes.len() == 8 => {
            let mut eight = [0; 8];
            eight.copy_from_slice(bytes);
            Value::Number(f64::from_le_bytes(eight).to_string())
        }
        b'M' => Value::Null,
        _ => Value::Other("a field of a rare kind"),
    }
}

/// A number of a table as JSON writes it: `+5`, `.5` and `007` are numbers here.
fn number(digits: &str) -> Value<'static> {
    let (sign, rest) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (first, rest) = rest.split_at(whole);
    let first = if first.is_empty() { "0" } else { first };
    let first = match first.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Value::Number(format!("{sign}{first}{}", if rest == "." { "" } else { rest }))
}

/// A text, without the spaces that fill it up. A character cut in two by the width of the field is left out.
fn text_of(bytes: &[u8], decoder: &mut RowDecoder, broken: &mut usize) -> String {
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |i| i + 1);
    let text = &bytes[..end];
    let (decoded, how) = decoder.decode(text);
    if how != Decoded::Replaced {
        return decoded.trim().to_owned();
    }
    let decoded = decoded.into_owned();
    if end == bytes.len() {
        for less in 1..=3.min(end) {
            let (shorter, how) = decoder.decode(&text[..end - less]);
            if how != Decoded::Replaced {
                return shorter.trim().to_owned();
            }
        }
    }
    *broken += decoded.matches('\u{fffd}').count();
    decoded.trim().to_owned()
}

/// The encoding that a `.cpg` names: `UTF-8`, `936`, `cp936`, `ANSI 936`, `GBK`, `ISO 8859-1` …
fn code_page(label: &str) -> Option<&'static Encoding> {
    let word = label.to_ascii_lowercase();
    let word = word.trim();
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let named = |w: &str| Encoding::for_label(w.as_bytes());
    let found = match (digits.as_str(), word) {
        ("936" | "54936" | "18030" | "2312", _) => Some(GB18030),
        ("65001", _) => Some(encoding_rs::UTF_8),
        ("950", _) => Some(BIG5),
        ("932", _) => Some(SHIFT_JIS),
        ("949", _) => Some(EUC_KR),
        ("866", _) => Some(IBM866),
        ("874", _) => Some(WINDOWS_874),
        (d @ ("1250" | "1251" | "1252" | "1253" | "1254" | "1255" | "1256" | "1257" | "1258"), _) => {
            named(&format!("windows-{d}"))
        }
        (d, w) if d.starts_with("8859") && d.len() > 4 => named(&format!("iso-8859-{}", &d[4..])).or_else(|| named(w)),
        ("8", w) if w.contains("utf") => Some(encoding_rs::UTF_8),
        (_, w) => named(w),
    }?;
    // GB18030 reads everything that GBK can write, and more.
    Some(if found == encoding_rs::GBK { GB18030 } else { found })
}

/// The encoding of a language byte; `None` where it says nothing, or only "as this machine has it".
fn language(byte: u8) -> Option<&'static Encoding> {
    Some(match byte {
        0x4d | 0x7a => GB18030,
        0x4f | 0x78 => BIG5,
        0x4e | 0x79 => EUC_KR,
        0x13 | 0x7b => SHIFT_JIS,
        0x50 | 0x7c => WINDOWS_874,
        0x03 | 0x58 | 0x59 => WINDOWS_1252,
        0x26 | 0x65 => IBM866,
        0xc8 => WINDOWS_1250,
        0xc9 => WINDOWS_1251,
        0xcb => WINDOWS_1253,
        0xca => WINDOWS_1254,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_pages_have_many_names() {
        for (label, name) in [
            ("UTF-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("65001", "UTF-8"),
            ("936", "gb18030"),
            ("CP936", "gb18030"),
            ("ANSI 936", "gb18030"),
            ("GBK", "gb18030"),
            ("GB2312", "gb18030"),
            ("GB18030", "gb18030"),
            ("950", "Big5"),
            ("1252", "windows-1252"),
            ("ANSI 1251", "windows-1251"),
            ("ISO-8859-1", "windows-1252"),
            ("ISO 8859-2", "ISO-8859-2"),
            ("88591", "windows-1252"),
        ] {
            assert_eq!(code_page(label).map(Encoding::name), Some(name), "{label}");
        }
        assert_eq!((code_page("klingon"), code_page("")), (None, None));
    }

    #[test]
    fn numbers_of_tables() {
        for (digits, wanted) in
            [("007", "7"), ("+5", "5"), (".5", "0.5"), ("-.50", "-0.50"), ("12.", "12"), ("0", "0"), ("000", "0"), ("1e3", "1e3")]
        {
            assert_eq!(number(digits), Value::Number(wanted.into()), "{digits}");
        }
    }
}
