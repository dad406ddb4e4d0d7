//! Files inside a zip: the only one as a stream, or any by name from memory. Enough of the format for what tables and
//! shapefiles come in: stored or deflated, not encrypted, no zip64.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use flate2::CrcReader;
use flate2::read::DeflateDecoder;

use super::bounded::{Bounded, MAX_UNPACKED, Stopped, allowed, mib, read_all};
use super::encoding::{EncodingChoice, decode_whole};

/// Why a zip is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ZipError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Not(String),
}

/// An open member.
pub(super) struct Member {
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
}

/// Whether the first four bytes are those of a zip.
pub(super) fn is_zip(magic: &[u8]) -> bool {
    magic == b"PK\x03\x04" || magic == b"PK\x05\x06"
}

/// A line of the central directory.
struct Entry {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    offset: u64,
}

/// The only file of the zip (folders and `__MACOSX` do not count), as a stream that ends at its ceiling.
pub(super) fn only_member(mut file: File) -> Result<Member, ZipError> {
    let length = file.metadata()?.len();
    let directory = central_directory(&mut file)?;
    let mut files = entries(&directory)?.into_iter().filter(|e| !e.name.ends_with('/') && !e.name.starts_with("__MACOSX/"));
    let (entry, others) = (files.next(), files.count());
    let Some(entry) = entry else { return Err(ZipError::Not("the zip is empty".to_owned())) };
    if others > 0 {
        return Err(ZipError::Not(format!("the zip holds {} files: unpack it and give the one that is meant", others + 1)));
    }
    let reader = Box::new(Bounded::unpacked(unpacked(file, &entry)?, entry.packed.min(length)));
    Ok(Member { name: entry.name.rsplit('/').next().unwrap_or_default().to_lowercase(), reader })
}

/// The bytes of a member; they fail at the end when they are not those that were packed.
fn unpacked<'a>(mut file: impl Read + Seek + Send + 'a, entry: &Entry) -> Result<Box<dyn Read + Send + 'a>, ZipError> {
    if entry.flags & 1 != 0 {
        return Err(ZipError::Not("the zip is encrypted".to_owned()));
    }
    if entry.offset == u64::from(u32::MAX) || entry.packed == u64::from(u32::MAX) {
        return Err(ZipError::Not("zip64 is not read: unpack it".to_owned()));
    }
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut local = [0u8; 30];
    file.read_exact(&mut local)?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(damaged());
    }
    let skip = i64::from(u16_at(&local, 26)) + i64::from(u16_at(&local, 28));
    file.seek(SeekFrom::Current(skip))?;
    let packed = io::BufReader::with_capacity(1 << 16, file).take(entry.packed);
    match entry.method {
        0 => Ok(Box::new(Checked { inner: CrcReader::new(packed), expected: entry.crc })),
        8 => Ok(Box::new(Checked { inner: CrcReader::new(DeflateDecoder::new(packed)), expected: entry.crc })),
        other => Err(ZipError::Not(format!("packing method {other} is not read: unpack it"))),
    }
}

/// Names of the members.
pub(super) fn names(file: &mut File) -> Result<Vec<String>, ZipError> {
    let directory = central_directory(file)?;
    Ok(entries(&directory)?.into_iter().map(|e| e.name).collect())
}

/// Unpacks every member to nowhere, so that what they hold is known and not what they say: fails beyond `limit` in all,
/// beyond what `most` allows for one, and beyond what its packed size allows.
pub(super) fn measure(file: &mut File, limit: u64, most: impl Fn(&str) -> u64) -> Result<(), ZipError> {
    let directory = central_directory(file)?;
    let mut left = limit;
    for entry in entries(&directory)?.iter().filter(|e| !e.name.ends_with('/')) {
        let room = left.min(allowed(entry.packed, most(&entry.name)));
        let length = io::copy(&mut unpacked(&mut *file, entry)?.take(room + 1), &mut io::sink())?;
        if length > room {
            return Err(ZipError::Not(format!("{} unpacks to more than is read", entry.name)));
        }
        left -= length;
    }
    Ok(())
}

/// A zip in memory.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    /// How many bytes may still be unpacked, over all members: a small zip can hold a very large nothing.
    left: u64,
}

impl<'a> Archive<'a> {
    /// Reads the directory; at most `limit` bytes will be unpacked.
    pub(super) fn new(bytes: &'a [u8], limit: u64) -> Result<Self, ZipError> {
        let directory = central_directory(&mut Cursor::new(bytes))?;
        let mut entries = entries(&directory)?;
        entries.retain(|e| !e.name.ends_with('/') && !e.name.starts_with("__MACOSX/"));
        Ok(Self { bytes, entries, left: limit })
    }

    /// Paths of the files, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.name.as_str())
    }

    /// The bytes of a file; of names given twice the first.
    pub(super) fn bytes_of(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        let entry = self.entries.iter().find(|e| e.name == name).ok_or_else(damaged)?;
        let limit = allowed(entry.packed.min(self.bytes.len() as u64), MAX_UNPACKED).min(self.left);
        let out = read_all(unpacked(Cursor::new(self.bytes), entry)?, limit).map_err(|e| match e {
            Stopped::Io(e) => ZipError::Io(e),
            Stopped::TooLarge => {
                ZipError::Not(format!("{name} unpacks to more than is read of {} packed bytes ({})", entry.packed, mib(limit)))
            }
        })?;
        self.left -= out.len() as u64;
        Ok(out)
    }
}

fn damaged() -> ZipError {
    ZipError::Not("the zip is damaged".to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The bytes of the central directory, bounded to 16 MiB.
fn central_directory(file: &mut (impl Read + Seek)) -> Result<Vec<u8>, ZipError> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_length = length.min(65_557);
    file.seek(SeekFrom::Start(length - tail_length))?;
    let mut tail = Vec::new();
    file.by_ref().take(tail_length).read_to_end(&mut tail)?;
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or_else(damaged)?;
    let record = tail.get(end..end + 22).ok_or_else(damaged)?;
    let (size, offset) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    if size > 16 << 20 || offset + size > length {
        return Err(damaged());
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut directory = Vec::new();
    file.by_ref().take(size).read_to_end(&mut directory)?;
    Ok(directory)
}

fn entries(directory: &[u8]) -> Result<Vec<Entry>, ZipError> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < directory.len() {
        let head = directory.get(at..at + 46).filter(|h| h.starts_with(b"PK\x01\x02")).ok_or_else(damaged)?;
        let name_length = usize::from(u16_at(head, 28));
        let name = directory.get(at + 46..at + 46 + name_length).ok_or_else(damaged)?;
        entries.push(Entry {
            name: decode_whole(name, EncodingChoice::Auto).text.into_owned(),
            flags: u16_at(head, 8),
            method: u16_at(head, 10),
            crc: u32_at(head, 16),
            packed: u64::from(u32_at(head, 20)),
            offset: u64::from(u32_at(head, 42)),
        });
        at += 46 + name_length + usize::from(u16_at(head, 30)) + usize::from(u16_at(head, 32));
    }
    Ok(entries)
}

/// Fails at the end when the bytes are not those that were packed.
struct Checked<R> {
    inner: CrcReader<R>,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        if n == 0 && !buf.is_empty() && self.inner.crc().sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file in the zip is damaged (checksum)"));
        }
        Ok(n)
    }
}
