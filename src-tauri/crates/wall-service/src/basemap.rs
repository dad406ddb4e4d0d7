//! Base maps: PMTiles archives with vector tiles, read for the map's tile requests.
//!
//! The file is read by position, never mapped: a file that is cut while the wall runs gives an error, not a fault of
//! the process.

use bytes::Bytes;
use flate2::read::GzDecoder;
use pmtiles::{AsyncBackend, AsyncPmTilesReader, BackendResponse, Compression, PmtError, TileCoord, TileType};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A tile that unpacks to more than this is refused (a usual one has less than 0.5 MiB).
const MAX_TILE_BYTES: u64 = 16 * 1024 * 1024;

/// Why a base map or one of its tiles cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseMapError {
    /// The file cannot be read.
    #[error("cannot read the base map {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not a PMTiles 3 archive, or it is cut or broken.
    #[error("{} is not a usable PMTiles archive: {source}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: PmtError,
    },
    /// A PMTiles archive, but with pictures or an unknown kind of tile.
    #[error("{} holds {found} tiles; the wall needs vector tiles (MVT)", path.display())]
    NotVector {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// The tiles are packed in a way the wall does not unpack (only none and gzip).
    #[error("{} packs its tiles with {found}; only gzip or none can be read", path.display())]
    Compression {
        /// Which file.
        path: PathBuf,
        /// How it packs them.
        found: String,
    },
    /// One tile cannot be read.
    #[error("tile {z}/{x}/{y} cannot be read: {reason}")]
    Tile {
        /// Zoom.
        z: u8,
        /// Column.
        x: u32,
        /// Row from the north.
        y: u32,
        /// What is wrong.
        reason: String,
    },
}

/// What a base map says about itself.
#[derive(Clone, PartialEq, Debug)]
pub struct BaseMapInfo {
    /// Smallest zoom with tiles.
    pub min_zoom: u8,
    /// Largest zoom with tiles.
    pub max_zoom: u8,
    /// West, south, east, north in WGS-84 degrees.
    pub bounds: [f64; 4],
    /// Attribution to show, without markup; may be empty.
    pub attribution: String,
    /// Name; may be empty.
    pub name: String,
    /// Names of the vector layers, as far as the archive tells.
    pub layers: Vec<String>,
    /// Whether the tiles are packed with gzip inside the archive.
    pub gzip: bool,
}

/// An open PMTiles archive with vector tiles.
pub struct BaseMapFile {
    reader: AsyncPmTilesReader<PositionedFile>,
    info: BaseMapInfo,
}

impl std::fmt::Debug for BaseMapFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaseMapFile").field("info", &self.info).finish_non_exhaustive()
    }
}

impl BaseMapFile {
    /// Opens an archive and reads its header and metadata.
    ///
    /// # Errors
    /// [`BaseMapError`] when the file cannot be read, is not PMTiles, is cut short, or holds no readable vector tiles.
    pub async fn open(path: &Path) -> Result<Self, BaseMapError> {
        let path_of = || path.to_owned();
        let file = File::open(path).map_err(|source| BaseMapError::Io { path: path_of(), source })?;
        let reader = AsyncPmTilesReader::try_from_source(PositionedFile(Mutex::new(file)))
            .await
            .map_err(|source| BaseMapError::Format { path: path_of(), source })?;
        let header = reader.get_header();
        if header.tile_type != TileType::Mvt {
            return Err(BaseMapError::NotVector { path: path_of(), found: format!("{:?}", header.tile_type) });
        }
        let gzip = match header.tile_compression {
            Compression::Gzip => true,
            Compression::None => false,
            other => return Err(BaseMapError::Compression { path: path_of(), found: format!("{other:?}") }),
        };
        let bounds = [header.min_longitude, header.min_latitude, header.max_longitude, header.max_latitude];
        let (min_zoom, max_zoom) = (header.min_zoom, header.max_zoom);
        // Metadata is a courtesy: an archive without it still has its tiles.
        let metadata: serde_json::Value =
            reader.get_metadata().await.ok().and_then(|m| serde_json::from_str(&m).ok()).unwrap_or_default();
        let text = |key: &str| metadata.get(key).and_then(serde_json::Value::as_str).map(plain).unwrap_or_default();
        let layers = metadata
            .get("vector_layers")
            .and_then(serde_json::Value::as_array)
            .map(|l| l.iter().filter_map(|l| l.get("id")?.as_str().map(str::to_owned)).collect())
            .unwrap_or_default();
        let info = BaseMapInfo { min_zoom, max_zoom, bounds, attribution: text("attribution"), name: text("name"), layers, gzip };
        Ok(Self { reader, info })
    }

    /// What the archive says about itself.
    pub fn info(&self) -> &BaseMapInfo {
        &self.info
    }

    /// Smallest zoom with tiles.
    pub fn min_zoom(&self) -> u8 {
        self.info.min_zoom
    }

    /// Largest zoom with tiles.
    pub fn max_zoom(&self) -> u8 {
        self.info.max_zoom
    }

    /// Attribution to show; may be empty.
    pub fn attribution(&self) -> &str {
        &self.info.attribution
    }

    /// A vector tile (MVT, unpacked); `None` when the archive has none there or no such tile exists.
    ///
    /// # Errors
    /// [`BaseMapError::Tile`] when the archive is broken there or was cut since it was opened.
    pub async fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Bytes>, BaseMapError> {
        let Ok(coord) = TileCoord::new(z, x, y) else { return Ok(None) };
        let wrong = |reason: String| BaseMapError::Tile { z, x, y, reason };
        let Some(packed) = self.reader.get_tile(coord).await.map_err(|e| wrong(e.to_string()))? else { return Ok(None) };
        if !self.info.gzip {
            return Ok(Some(packed));
        }
        let mut out = Vec::with_capacity(packed.len() * 2);
        GzDecoder::new(&packed[..]).take(MAX_TILE_BYTES + 1).read_to_end(&mut out).map_err(|e| wrong(e.to_string()))?;
        if out.len() as u64 > MAX_TILE_BYTES {
            return Err(wrong(format!("more than {MAX_TILE_BYTES} bytes")));
        }
        Ok(Some(out.into()))
    }
}

/// Text without HTML tags, with the common entities read: attributions are often links.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut tag = false;
    for c in text.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => tag = false,
            c if !tag => out.push(c),
            _ => {}
        }
    }
    out.replace("&copy;", "©").replace("&amp;", "&").replace("&nbsp;", " ").trim().to_owned()
}

/// A file read at given positions. Short reads at its end are reported by their length.
struct PositionedFile(Mutex<File>);

impl PositionedFile {
    fn bytes(&self, offset: u64, length: usize) -> std::io::Result<Bytes> {
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The length comes from the archive: never reserve more than the file has.
        let left = file.metadata()?.len().saturating_sub(offset);
        let length = (length as u64).min(left);
        let mut out = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.seek(SeekFrom::Start(offset))?;
        (&mut *file).take(length).read_to_end(&mut out)?;
        Ok(out.into())
    }
}

impl AsyncBackend for PositionedFile {
    async fn read(&self, offset: u64, length: usize) -> Result<BackendResponse, PmtError> {
        Ok(BackendResponse::new(self.bytes(offset, length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(f: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(f)
    }

    fn shared() -> Option<PathBuf> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.parent()?.join("shared/data/basemap_lujiazui");
        let mut found: Vec<PathBuf> = std::fs::read_dir(dir).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
        found.retain(|p| p.extension().is_some_and(|e| e == "pmtiles"));
        found.sort();
        found.into_iter().next()
    }

    /// A tiny archive: one tile at 0/0/0.
    fn archive(tile_type: TileType, tile: &[u8], metadata: &str) -> Vec<u8> {
        let mut out = std::io::Cursor::new(Vec::new());
        let mut w = pmtiles::PmTilesWriter::new(tile_type).min_zoom(0).max_zoom(0).metadata(metadata).create(&mut out).unwrap();
        w.add_tile(TileCoord::new(0, 0, 0).unwrap(), tile).unwrap();
        w.finalize().unwrap();
        out.into_inner()
    }

    fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pmtiles");
        std::fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    #[test]
    fn tells_about_itself_and_gives_tiles() {
        let meta = r#"{"attribution":"<a href=\"x\">&copy; Somebody</a>","vector_layers":[{"id":"water"}]}"#;
        let (_dir, path) = on_disk(&archive(TileType::Mvt, b"some tile", meta));
        let map = run(BaseMapFile::open(&path)).unwrap();
        assert_eq!(map.info().attribution, "© Somebody");
        assert_eq!(map.info().layers, ["water"]);
        assert!(map.info().gzip);
        assert_eq!(run(map.tile(0, 0, 0)).unwrap().unwrap(), &b"some tile"[..]);
        assert_eq!(run(map.tile(1, 0, 0)).unwrap(), None);
        assert_eq!(run(map.tile(0, 5, 5)).unwrap(), None);
        assert_eq!(run(map.tile(200, 0, 0)).unwrap(), None);
    }

    #[test]
    fn fuzz_pmtiles() {
        let seed = archive(TileType::Mvt, b"some tile", r#"{"vector_layers":[{"id":"water"}],"attribution":"a"}"#);
        crate::fuzz::fuzz("pmtiles", &[seed], |bytes| {
            let (_dir, path) = on_disk(bytes);
            if let Ok(map) = run(BaseMapFile::open(&path)) {
                let _ = (run(map.tile(0, 0, 0)), run(map.tile(3, 5, 1)));
            }
        });
    }

    #[test]
    fn pictures_are_refused() {
        let (_dir, path) = on_disk(&archive(TileType::Png, b"\x89PNG", "{}"));
        assert!(matches!(run(BaseMapFile::open(&path)), Err(BaseMapError::NotVector { .. })));
        assert!(matches!(run(BaseMapFile::open(Path::new("/nowhere/at.all"))), Err(BaseMapError::Io { .. })));
    }

    #[test]
    fn a_cut_or_garbled_archive_gives_an_error_and_never_a_panic() {
        let whole = archive(TileType::Mvt, &[7; 5000], r#"{"name":"x"}"#);
        for keep in (0..whole.len()).step_by(97) {
            let (_dir, path) = on_disk(&whole[..keep]);
            if let Ok(map) = run(BaseMapFile::open(&path)) {
                let tile = run(map.tile(0, 0, 0));
                assert!(tile.is_err() || tile.unwrap().is_none_or(|t| t[..] == [7; 5000]), "cut at {keep}");
            }
        }
        let (_dir, path) = on_disk(&whole[..100]);
        assert!(matches!(run(BaseMapFile::open(&path)), Err(BaseMapError::Format { .. })));
        for at in 0..whole.len().min(220) {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[at] ^= flip;
                let (_dir, path) = on_disk(&broken);
                if let Ok(map) = run(BaseMapFile::open(&path)) {
                    let _ = run(map.tile(0, 0, 0));
                }
            }
        }
        let (_dir, path) = on_disk(b"<html>not a map at all, but long enough to hold a header of 127 bytes........................................................</html>");
        assert!(matches!(run(BaseMapFile::open(&path)), Err(BaseMapError::Format { .. })));
    }

    #[test]
    fn a_real_archive() {
        let Some(path) = shared() else {
            println!("skipped: ../shared/data/basemap_lujiazui is absent");
            return;
        };
        let map = run(BaseMapFile::open(&path)).unwrap();
        let info = map.info();
        assert!(info.min_zoom <= 8 && info.max_zoom >= 15, "{info:?}");
        assert!((info.bounds[0] - 121.48).abs() < 0.1 && (info.bounds[3] - 31.251).abs() < 0.1, "{info:?}");
        let mut found = 0;
        // z15 columns and rows around 121.50 E, 31.24 N.
        for x in 27_440..27_450 {
            for y in 13_385..13_400 {
                found += usize::from(run(map.tile(15, x, y)).unwrap().is_some_and(|t| !t.is_empty()));
            }
        }
        assert!(found > 3, "{found} tiles");
    }
}
