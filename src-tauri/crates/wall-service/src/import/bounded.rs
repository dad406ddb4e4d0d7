//! Reading with a ceiling: what is unpacked is counted while it is read, and may be no more than its packed size allows.
//!
//! 127 KiB of gzip can hold 15 GB of nothing. Real files of cells and rows shrink to a tenth, tables full of spaces to a
//! hundredth; beyond that it is a bomb, or a file that somebody has to look at.

use std::io::{self, Read};

/// Most bytes of one file, unpacked.
pub(super) const MAX_UNPACKED: u64 = 256 << 20;
/// How many times its packed size a file may have, above a start that is always allowed.
const TIMES: u64 = 200;
const ALWAYS: u64 = 16 << 20;

/// How many bytes a packed file may unpack to.
pub(super) fn allowed(packed: u64) -> u64 {
    packed.saturating_mul(TIMES).saturating_add(ALWAYS).min(MAX_UNPACKED)
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

/// A ceiling in words: whole mebibytes.
pub(super) fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_is_tied_to_what_was_packed() {
        assert_eq!(allowed(0), ALWAYS);
        assert!(allowed(127 << 10) < 64 << 20);
        assert_eq!(allowed(1 << 40), MAX_UNPACKED);
        assert!(matches!(read_all(&[0u8; 10][..], 9), Err(Stopped::TooLarge)));
        assert_eq!(read_all(&[7u8; 10][..], 10).ok(), Some(vec![7; 10]));
    }
}
