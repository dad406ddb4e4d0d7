//! Why there is no picture.

use std::path::PathBuf;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The machine offers no way to draw.
    #[error(
        "no graphics adapter (Vulkan or OpenGL) was found, not even a software one; on Debian or Ubuntu: \
         apt install mesa-vulkan-drivers"
    )]
    NoAdapter,
    /// The picture asked for cannot be drawn as given.
    #[error("the picture cannot be drawn: {0}")]
    Input(String),
    /// The graphics adapter or the renderer gave up.
    #[error("the renderer failed: {0}")]
    Gpu(String),
    /// The child process did not finish in time and was ended.
    #[error("the picture was not ready after {0:?}; the drawing process was ended")]
    Timeout(std::time::Duration),
    /// The child process ended with an error; its last line of words is here.
    #[error("{0}")]
    Child(String),
    /// A file or a pipe failed.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}
