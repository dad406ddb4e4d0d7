//! Reading with a ceiling: what is unpacked is counted while it is read, and may be no more than its packed size allows.
//!
//! 127 KiB of gzip can hold 15 GB of nothing. Real files of cells and rows shrink to a tenth, tables full of spaces to a
//! hundredth; beyond that it is a bomb, or a file that somebody has to look at.

use std::io::{self, Read};

/// Most bytes of one file of cells, unpacked: it is held in memory.
pub(super) const MAX_UNPACKED: u64 = 256 << 20;
/// Most bytes of one source of rows, unpacked: these are read one by one.
pub(super) const MAX_ROWS: u64 = 4 << 30;
/// How many times its packed size a file may have, above a start that is always allowed.
const TIMES: u64 = 200;
const ALWAYS: u64 = 16 << 20;

/// How many bytes a packed file may unpack to, `most` at most.
pub(super) fn allowed(packed: u64, most: u64) -> u64 {
    packed.saturating_mul(TIMES).saturating_add(ALWAYS).min(most)
}

/// Why a stream was not read to its end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The system, or a damaged stream.
    Io(io::Error),
    /// More than the ceiling.
    TooLarge,
}

/// Reads a stream to its end, at most `limit` bytes.
pub(super) fn read_all(reader: impl Read, limit: u64) -> Result<Vec<u8>, Stopped> {
    let mut out = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut out).map_err(Stopped::Io)?;
    if out.len() as u64 > limit { Err(Stopped::TooLarge) } else { Ok(out) }
}

/// A stream that fails, with words, once more than its ceiling has come.
pub(super) struct Bounded<R> {
    inner: R,
    limit: u64,
    left: u64,
    words: &'static str,
}

impl<R: Read> Bounded<R> {
    /// The bytes of a source of rows as they are.
    pub(super) fn plain(inner: R) -> Self {
        Self { inner, limit: MAX_ROWS, left: MAX_ROWS, words: "give it in parts" }
    }

    /// Those of a source of rows that is unpacked from `packed` bytes.
    pub(super) fn unpacked(inner: R, packed: u64) -> Self {
        let limit = allowed(packed, MAX_ROWS);
        let words = "its packed size allows no more: unpack it first, and look what it is";
        Self { inner, limit, left: limit, words }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => {
                let message = format!("it holds more than {}; {}", mib(self.limit), self.words);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
        }
        Ok(n)
    }
}

/// A ceiling in words: whole mebibytes.
pub(super) fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_is_tied_to_what_was_packed() {
        assert_eq!(allowed(0, MAX_UNPACKED), ALWAYS);
        assert!(allowed(127 << 10, MAX_UNPACKED) < 64 << 20);
        assert_eq!(allowed(1 << 40, MAX_UNPACKED), MAX_UNPACKED);
        assert!(matches!(read_all(&[0u8; 10][..], 9), Err(Stopped::TooLarge)));
        assert_eq!(read_all(&[7u8; 10][..], 10).ok(), Some(vec![7; 10]));
    }

    #[test]
    fn a_stream_ends_at_its_ceiling_with_words() {
        let count = |length: u64| io::copy(&mut Bounded::unpacked(io::repeat(b' ').take(length), 0), &mut io::sink());
        assert_eq!(count(ALWAYS).ok(), Some(ALWAYS));
        let error = count(ALWAYS + 1).unwrap_err();
        assert!(error.to_string().contains("more than 16 MiB") && error.to_string().contains("unpack it"), "{error}");
    }
}
