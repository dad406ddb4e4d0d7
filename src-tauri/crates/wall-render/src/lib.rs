//! Native pictures of the wall with maplibre-rs: no display, no browser, no network; a software Vulkan driver is enough.
//!
//! A [`Still`] says what is to be seen, as plain data; [`draw`] makes a PNG of it. Drivers can take their process down with
//! them, so the product draws in a child process: [`draw_in_child`] here, [`run_child`] there. See `docs/adr/0006-native-stills-in-a-child-process.md`.
//!
//! This crate knows nothing of cells, tickets or stores, reads no clock, and opens no connection.

mod child;
mod compose;
mod error;
mod legend;
mod mesh;
mod offline;
mod paint;
mod projection;
pub mod ramp;
mod still;
mod text;

pub use child::{draw_in_child, run_child};
pub use error::RenderError;
pub use paint::adapter_name;
pub use still::{Legend, LegendStop, Rgba, Shape, Still, StillArea, StillLine, StillPoint, StillRaster, Stroke, View};

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Draws a picture and returns it as a PNG.
///
/// The work is linear in coordinates and pixels; memory is bounded by the picture's own bytes, its triangles and one part of
/// 1280 × 1280 pixels on the adapter. A panic of the renderer is caught; a crash of the driver is not (see [`draw_in_child`]).
///
/// # Errors
/// [`RenderError::Input`] when the still makes no sense, [`RenderError::NoAdapter`] when the machine cannot draw,
/// [`RenderError::Gpu`] when the renderer fails.
pub fn draw(still: &Still) -> Result<Vec<u8>, RenderError> {
    let scene = compose::compose(still)?;
    let rgba = catch_unwind(AssertUnwindSafe(|| paint::paint(&scene, still.width, still.height)))
        .unwrap_or_else(|panic| Err(RenderError::Gpu(panic_words(&*panic))))?;
    png(&rgba, still.width, still.height).map_err(|e| RenderError::Gpu(format!("the picture could not be encoded: {e}")))
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    paint::one_line(words.unwrap_or("it stopped without a word"))
}

fn png(rgba: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    // Every pixel is opaque: three bytes are enough.
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    encoder.add_text_chunk("Software".into(), "GridWall (maplibre-rs)".into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(out)
}
