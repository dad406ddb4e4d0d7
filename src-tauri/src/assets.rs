//! The built user interface, inside the program.

use rust_embed::RustEmbed;
use std::borrow::Cow;
use wall_service::http::UiAssets;

#[derive(RustEmbed)]
#[folder = "../ui/dist"]
#[allow_missing = true]
struct Dist;

/// The embedded files of `ui/dist`.
pub struct Embedded;

impl UiAssets for Embedded {
    fn get(&self, path: &str) -> Option<(Cow<'static, [u8]>, String)> {
        let file = Dist::get(path)?;
        let mime = file.metadata.mimetype().to_owned();
        Some((file.data, mime))
    }
}

/// Whether the program was built with a user interface.
pub fn present() -> bool {
    Dist::get("index.html").is_some()
}
