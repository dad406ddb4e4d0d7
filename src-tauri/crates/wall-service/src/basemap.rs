//! The base map: vector tiles out of a PMTiles file.

use bytes::Bytes;
use std::path::Path;

/// A base map on disk.
pub struct BaseMapFile;

/// Why a base map cannot be used.
#[derive(thiserror::Error, Debug)]
#[error("{0}")]
pub struct BaseMapError(String);

impl BaseMapFile {
    /// Opens a PMTiles file.
    pub async fn open(path: &Path) -> Result<Self, BaseMapError> {
        Err(BaseMapError(format!("{} cannot be read yet", path.display())))
    }
    /// Smallest zoom.
    pub fn min_zoom(&self) -> u8 {
        0
    }
    /// Largest zoom.
    pub fn max_zoom(&self) -> u8 {
        0
    }
    /// Attribution.
    pub fn attribution(&self) -> &str {
        ""
    }
    /// One tile, uncompressed.
    pub async fn tile(&self, _z: u8, _x: u32, _y: u32) -> Result<Option<Bytes>, BaseMapError> {
        Ok(None)
    }
}
