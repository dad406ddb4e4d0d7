//! Files that are known by their first bytes and not read: each by its name, with what to do instead.

/// A kind of file that is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Foreign {
    /// What it is.
    pub(super) name: &'static str,
    /// What to do instead.
    pub(super) remedy: &'static str,
}

/// The kind of file that the first bytes are of, when it is one that is not read.
pub(super) fn foreign(head: &[u8]) -> Option<Foreign> {
    const UNPACK: &str = "unpack it and give what is in it, or pack that as .zip";
    const SAVE_AS: &str = "save it as .xlsx or as CSV (UTF-8)";
    const EXPORT: &str = "export it as GeoJSON, Shapefile or GeoPackage";
    const KNOWN: &[(&[u8], &str, &str)] = &[
        (b"Rar!\x1a\x07", "a RAR archive (.rar)", UNPACK),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive (.7z)", UNPACK),
        (b"\xfd7zXZ\0", "an XZ file (.xz)", UNPACK),
        (b"BZh", "a bzip2 file (.bz2)", UNPACK),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file (.zst)", UNPACK),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (.xls, .doc)", SAVE_AS),
        (b"AC10", "an AutoCAD drawing (.dwg)", EXPORT),
        (b"%PDF-", "a PDF", "ask for the data it was made from"),
    ];
    let tar = head.get(257..262).is_some_and(|magic| magic == b"ustar");
    let of = |name, remedy| Foreign { name, remedy };
    if tar {
        return Some(of("a tar archive", UNPACK));
    }
    KNOWN.iter().find(|(magic, ..)| head.starts_with(magic)).map(|(_, name, remedy)| of(name, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_name() {
        assert!(foreign(b"Rar!\x1a\x07\x01\0").is_some_and(|f| f.name.contains(".rar") && f.remedy.contains(".zip")));
        assert!(foreign(b"7z\xbc\xaf\x27\x1c\0\x04").is_some_and(|f| f.name.contains(".7z")));
        assert!(foreign(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").is_some_and(|f| f.name.contains(".xls")));
        assert_eq!(foreign(b"code,name\n"), None);
        assert_eq!(foreign(b""), None);
    }
}
