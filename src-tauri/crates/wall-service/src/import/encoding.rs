//! Encodings: what the bytes of a source mean, decided once, and every row decoded without losing any.
//!
//! `auto`: a byte order mark, else UTF-8 when the first megabyte is mostly that, else GB18030. A row that does not fit the
//! decision is tried in the other of the two, and only then decoded with replacement characters; both are issues.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::doubt::hardly_gb;
use super::read::shown;

/// Which encoding was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EncodingChoice {
    /// Find out.
    #[default]
    Auto,
    /// This one.
    Named(&'static Encoding),
}

impl EncodingChoice {
    /// `auto`, or a name or label of the WHATWG encoding standard (`utf-8`, `gb18030`, `gbk`, `big5`, `latin1` …).
    ///
    /// # Errors
    /// A message when there is no such encoding.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        // GB18030 reads everything that GBK and GB2312 can write, and more.
        match Encoding::for_label(name.trim().as_bytes()) {
            Some(e) if e == encoding_rs::GBK => Ok(Self::Named(GB18030)),
            Some(e) => Ok(Self::Named(e)),
            None => Err(format!("unknown encoding {}", shown(name))),
        }
    }
}

/// Whether a row was decoded as the source's encoding says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decoded {
    /// Yes.
    Well,
    /// No: it is a row in the other encoding of `auto`, and was read as that.
    OtherEncoding(&'static str),
    /// No: bytes that mean nothing were replaced by U+FFFD.
    Replaced,
}

/// Decodes rows (pieces that begin and end at ASCII characters) of an encoding that is a superset of ASCII.
#[derive(Clone, Debug)]
pub struct RowDecoder {
    encoding: Option<&'static Encoding>,
    auto: bool,
    /// How the encoding is found out.
    guess: fn(&[u8]) -> Option<&'static Encoding>,
}

impl RowDecoder {
    /// Rows of a known encoding.
    pub fn fixed(encoding: &'static Encoding) -> Self {
        Self { encoding: Some(encoding), auto: false, guess }
    }

    /// Rows of an encoding found from a sample; a pure ASCII sample leaves it open until the first other row.
    pub fn from_sample(sample: &[u8]) -> Self {
        Self { encoding: guess(sample), auto: true, guess }
    }

    /// As [`RowDecoder::from_sample`], for a table of rows: see `guess_rows`.
    pub fn of_rows(sample: &[u8]) -> Self {
        Self { encoding: guess_rows(sample), auto: true, guess: guess_rows }
    }

    /// Name of the encoding in use; `utf-8` when nothing but ASCII was seen.
    pub fn name(&self) -> String {
        self.encoding.unwrap_or(UTF_8).name().to_lowercase()
    }

    /// The text of a row. No byte is lost without a word: see [`Decoded`].
    pub fn decode<'a>(&mut self, row: &'a [u8]) -> (Cow<'a, str>, Decoded) {
        if row.is_ascii() && self.encoding.is_none_or(Encoding::is_ascii_compatible) {
            // ASCII is UTF-8, so this borrows and never replaces.
            return (String::from_utf8_lossy(row), Decoded::Well);
        }
        let encoding = *self.encoding.get_or_insert_with(|| (self.guess)(row).unwrap_or(UTF_8));
        if self.auto && encoding == GB18030 && has_cjk_utf8(row) {
            return (String::from_utf8_lossy(row), Decoded::OtherEncoding("utf-8"));
        }
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(row) {
            return (text, Decoded::Well);
        }
        if self.auto
            && encoding == UTF_8
            && is_plain_gb2312(row)
            && let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(row)
        {
            return (text, Decoded::OtherEncoding("gb18030"));
        }
        let (text, _) = encoding.decode_without_bom_handling(row);
        (text, Decoded::Replaced)
    }
}

/// A whole text and what it was decoded from.
#[derive(Debug)]
pub struct Whole<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// Name of the encoding, lower case.
    pub encoding: String,
    /// How many characters could not be decoded.
    pub broken: usize,
}

/// Decodes a text that is there as a whole, by the rules of [`RowDecoder`]. Valid UTF-8 is borrowed. O(length).
pub fn decode_whole(bytes: &[u8], asked: EncodingChoice) -> Whole<'_> {
    let mark = marked(bytes);
    let encoding = match (asked, mark) {
        (EncodingChoice::Named(named), _) => named,
        (EncodingChoice::Auto, Some((found, _))) => found,
        (EncodingChoice::Auto, None) => guess_whole(bytes),
    };
    let skip = mark.filter(|(found, _)| *found == encoding).map_or(0, |(_, length)| length);
    let (text, broken) = encoding.decode_without_bom_handling(&bytes[skip..]);
    let broken = if broken { text.matches('\u{FFFD}').count() } else { 0 };
    Whole { text, encoding: encoding.name().to_ascii_lowercase(), broken }
}

/// As [`guess`], but one broken character in a text of a single line does not make it GB18030 either.
fn guess_whole(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() || guess(bytes).is_none_or(|e| e == UTF_8) {
        return UTF_8;
    }
    let (as_utf8, _) = UTF_8.decode_without_bom_handling(bytes);
    let broken = as_utf8.matches('\u{FFFD}').count();
    let good = as_utf8.chars().filter(|c| !c.is_ascii()).count() - broken;
    if broken * 4 < good { UTF_8 } else { GB18030 }
}

/// The encoding of a sample: UTF-8 or GB18030; `None` when it is all ASCII.
///
/// Line by line, because one broken line must not turn a whole file into another encoding.
fn guess(sample: &[u8]) -> Option<&'static Encoding> {
    if sample.is_ascii() {
        return None;
    }
    let (mut utf8, mut gb) = (0usize, 0usize);
    for line in sample.split(|b| *b == b'\n').filter(|l| !l.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => utf8 += 1,
            // The sample may end inside a character.
            Err(e) if e.error_len().is_none() && e.valid_up_to() > 0 && !line[..e.valid_up_to()].is_ascii() => utf8 += 1,
            Err(_) if GB18030.decode_without_bom_handling_and_without_replacement(line).is_some() => gb += 1,
            Err(_) => {}
        }
    }
    Some(if gb > utf8 { GB18030 } else { UTF_8 })
}

/// As [`guess`], for rows: bytes that GB18030 can read but that are hardly Chinese are slips in a file of ASCII, and are said.
fn guess_rows(sample: &[u8]) -> Option<&'static Encoding> {
    guess(sample).map(|e| if e == GB18030 && hardly_gb(sample.split(|b| *b == b'\n')) { UTF_8 } else { e })
}

/// Lines of a sample that are in neither of the encodings that are found out, when they are too many to be slips: at least
/// half of those with anything beyond ASCII, and a tenth of all. Then somebody must say what the bytes mean.
pub fn unknown_lines(sample: &[u8]) -> Option<usize> {
    let lines: Vec<&[u8]> = sample.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()).collect();
    let high: Vec<&[u8]> = lines.iter().copied().filter(|l| !l.is_ascii()).collect();
    // The sample may end inside a character.
    let last = sample.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let cut = |l: &[u8], e: std::str::Utf8Error| e.error_len().is_none() && std::ptr::eq(l, last);
    let odd: Vec<&[u8]> = high.iter().copied().filter(|l| std::str::from_utf8(l).is_err_and(|e| !cut(l, e))).collect();
    let fits_gb = !hardly_gb(odd.iter().copied());
    let gb = |l: &[u8]| fits_gb && GB18030.decode_without_bom_handling_and_without_replacement(l).is_some();
    let unknown = odd.iter().filter(|l| !gb(l)).count();
    (unknown > 0 && unknown * 2 >= high.len() && unknown * 10 >= lines.len()).then_some(unknown)
}

/// Valid UTF-8 with a three-byte character of the CJK range: hardly ever GB18030 by chance.
fn has_cjk_utf8(row: &[u8]) -> bool {
    std::str::from_utf8(row).is_ok_and(|t| t.chars().any(|c| ('\u{3000}'..='\u{9fff}').contains(&c)))
}

/// Every byte above ASCII belongs to a pair of GB 2312 (symbols and the 6,763 common characters).
fn is_plain_gb2312(row: &[u8]) -> bool {
    let mut bytes = row.iter();
    while let Some(b) = bytes.next() {
        let pair = match b {
            0..=0x7f => continue,
            0xa1..=0xa9 | 0xb0..=0xf7 => bytes.next().is_some_and(|t| (0xa1..=0xfe).contains(t)),
            _ => false,
        };
        if !pair {
            return false;
        }
    }
    true
}

/// The encoding of a byte order mark, and its length; or UTF-16 without a mark, by its zeros.
pub fn marked(sample: &[u8]) -> Option<(&'static Encoding, usize)> {
    if let Some(found) = Encoding::for_bom(sample) {
        return Some(found);
    }
    let head = &sample[..sample.len().min(4096) & !1];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half >= 8 && odd * 10 > half * 4 && even * 20 < half {
        Some((UTF_16LE, 0))
    } else if half >= 8 && even * 10 > half * 4 && odd * 20 < half {
        Some((UTF_16BE, 0))
    } else {
        None
    }
}

/// Whether rows of this encoding can be cut at the bytes of `\n`, `,`, `"` (true of all but UTF-16 and ISO-2022-JP).
pub fn cuts_like_ascii(encoding: &'static Encoding) -> bool {
    encoding != UTF_16LE && encoding != UTF_16BE && encoding != ISO_2022_JP
}

/// Turns a stream of any encoding into UTF-8, in constant memory; what means nothing becomes U+FFFD.
pub struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    out: Vec<u8>,
    start: usize,
    ended: bool,
}

impl<R: BufRead> Transcoded<R> {
    /// The text of `inner` as UTF-8.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self { inner, decoder: encoding.new_decoder_without_bom_handling(), out: Vec::new(), start: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.start == self.out.len() && !self.ended {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            let input = &input[..input.len().min(16 * 1024)];
            self.start = 0;
            self.out.resize(self.decoder.max_utf8_buffer_length(input.len()).unwrap_or(64 * 1024), 0);
            let (result, read, written, _) = self.decoder.decode_to_utf8(input, &mut self.out, last);
            self.out.truncate(written);
            self.ended = last && result == CoderResult::InputEmpty;
            self.inner.consume(read);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Transcoded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let n = buf.len().min(self.out.len() - self.start);
        buf[..n].copy_from_slice(&self.out[self.start..self.start + n]);
        self.start += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gb(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn a_sample_decides() {
        assert_eq!(RowDecoder::from_sample("编号,名称\n".as_bytes()).name(), "utf-8");
        assert_eq!(RowDecoder::from_sample(&gb("编号,名称\n1,联通\n")).name(), "gb18030");
        let mut mostly = "编号,名称\n1,路灯\n2,井盖\n".as_bytes().to_vec();
        mostly.extend(b"3,\xff\xfe\n");
        assert_eq!(RowDecoder::from_sample(&mostly).name(), "utf-8");
    }

    #[test]
    fn lines_of_no_known_encoding_are_counted() {
        // Central European: every line but the header.
        assert_eq!(unknown_lines(b"id;name\n1;\x8aubi\xe8eva\n2;\x8ei\x9ekov\n3;\xc8rnu\xe8\n"), Some(3));
        assert_eq!(unknown_lines(b"id,name\n1,caf\xe9\n2,na\xefve\n"), Some(2));
        assert_eq!(unknown_lines("编号,名称\n1,路灯\n".as_bytes()), None);
        assert_eq!(unknown_lines(&gb("编号,名称\n1,路灯\n2,井盖缺失\n")), None);
        let slip = format!("id\n{}", "plain\n".repeat(50));
        assert_eq!(unknown_lines(&[slip.as_bytes(), b"br\xffken\n"].concat()), None);
        assert_eq!(unknown_lines(b"ascii\n"), None);
    }

    #[test]
    fn ascii_leaves_it_open() {
        let mut rows = RowDecoder::from_sample(b"id,name\n1,a\n");
        assert_eq!(rows.decode(b"2,b"), ("2,b".into(), Decoded::Well));
        assert_eq!(rows.decode(&gb("3,垃圾堆放")), ("3,垃圾堆放".into(), Decoded::Well));
        assert_eq!(rows.name(), "gb18030");
    }

    #[test]
    fn rows_of_the_other_encoding() {
        let mut rows = RowDecoder::from_sample("编号\n路灯\n".as_bytes());
        assert_eq!(rows.decode(&gb("井盖缺失")), ("井盖缺失".into(), Decoded::OtherEncoding("gb18030")));
        assert_eq!(rows.decode(b"caf\xe9 road").1, Decoded::Replaced);
        let mut rows = RowDecoder::from_sample(&gb("编号\n路灯\n"));
        assert_eq!(rows.decode("井盖缺失".as_bytes()), ("井盖缺失".into(), Decoded::OtherEncoding("utf-8")));
        assert_eq!(rows.decode(b"1,\xff,2"), ("1,\u{fffd},2".into(), Decoded::Replaced));
    }

    #[test]
    fn marks_and_names() {
        assert_eq!(marked(b"\xef\xbb\xbfid"), Some((UTF_8, 3)));
        assert_eq!(marked(b"\xff\xfei\0d\0"), Some((UTF_16LE, 2)));
        let wide: Vec<u8> = "external_id,lon,lat\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(marked(&wide), Some((UTF_16LE, 0)));
        assert_eq!(marked(b"external_id,lon,lat"), None);
        assert_eq!(EncodingChoice::named("GB2312"), Ok(EncodingChoice::Named(GB18030)));
        assert_eq!(EncodingChoice::named("auto"), Ok(EncodingChoice::Auto));
        assert!(EncodingChoice::named("klingon").is_err());
    }

    proptest! {
        #[test]
        fn any_stream_becomes_utf8(bytes in proptest::collection::vec(any::<u8>(), 0..500), step in 1usize..40, wide in any::<bool>()) {
            let encoding = if wide { UTF_16LE } else { GB18030 };
            let mut text = Vec::new();
            Transcoded::new(io::BufReader::with_capacity(step, &bytes[..]), encoding).read_to_end(&mut text).unwrap();
            let expected = encoding.decode_without_bom_handling(&bytes).0;
            prop_assert_eq!(String::from_utf8(text).unwrap(), expected);
        }

        #[test]
        fn any_row_is_decoded(sample in proptest::collection::vec(any::<u8>(), 0..80), row in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut rows = RowDecoder::from_sample(&sample);
            let (text, how) = rows.decode(&row);
            prop_assert!(how != Decoded::Well || row.is_ascii() || !text.is_empty());
        }
    }
}
