//! A zip with deflated files, without a clock: the same files and date give the same bytes.

use std::io::{self, Write};

use flate2::{Compression, CrcWriter, write::DeflateEncoder};

/// Packs files; `date` is year, month, day.
pub(crate) fn zip(files: &[(String, Vec<u8>)], (year, month, day): (u16, u16, u16)) -> io::Result<Vec<u8>> {
    let too_large = |_| io::Error::other("more than a zip can hold");
    let stamp = ((year.saturating_sub(1980).min(127)) << 9) | (month << 5) | day;
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = u32::try_from(out.len()).map_err(too_large)?;
        let mut packed = CrcWriter::new(DeflateEncoder::new(Vec::new(), Compression::default()));
        packed.write_all(content)?;
        let crc = packed.crc().sum();
        let packed = packed.into_inner().finish()?;
        // Version 2.0, the name is UTF-8, deflated.
        let mut head = Vec::new();
        for v in [20u16, 1 << 11, 8, 0, stamp] {
            head.extend(v.to_le_bytes());
        }
        head.extend(crc.to_le_bytes());
        head.extend(u32::try_from(packed.len()).map_err(too_large)?.to_le_bytes());
        head.extend(u32::try_from(content.len()).map_err(too_large)?.to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(20u16.to_le_bytes());
        directory.extend(&head);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(out.len()).map_err(too_large)?;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((files.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    Ok(out)
}
