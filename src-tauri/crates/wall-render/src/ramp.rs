//! The colours that mean something: heat, time left, owners. The same files colour the web map (`assets/ramps`).

use std::sync::LazyLock;

/// A colour, 8-bit sRGB.
pub type Rgb = [u8; 3];

fn read(json: &str) -> Vec<Rgb> {
    serde_json::from_str(json).expect("assets/ramps holds arrays of [r, g, b]; a test reads them all")
}

/// Weighted open tickets per km²: 256 colours, the first for none.
pub static HEAT: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/heat.json")));
/// Time left to the deadline: 256 colours, long overdue first, due now in the middle, plenty of time last.
pub static TIME_LEFT: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/time_left.json")));
/// Owners, by the number graph colouring gave them.
pub static OWNERS: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/owners.json")));

/// The colour for `share` of the top of the heat scale (0 to 1, clamped; not a number counts as 0).
pub fn heat(share: f64) -> Rgb {
    at(&HEAT, share)
}

/// The colour for the time left as a share of the scale's half width: -1 long overdue, 0 due now, 1 plenty (clamped).
pub fn time_left(share: f64) -> Rgb {
    at(&TIME_LEFT, (share + 1.0) / 2.0)
}

/// The colour of owner group `group`; groups beyond the eighth begin again.
pub fn owner(group: usize) -> Rgb {
    OWNERS[group % OWNERS.len()]
}

/// The colour with full opacity.
pub fn opaque([r, g, b]: Rgb) -> crate::Rgba {
    [r, g, b, 255]
}

/// All colours of a ramp, opaque, for a legend's bar.
pub fn bar(ramp: &[Rgb]) -> Vec<crate::Rgba> {
    ramp.iter().copied().map(opaque).collect()
}

fn at(ramp: &[Rgb], share: f64) -> Rgb {
    // `as` turns NaN into 0 and stays inside after the clamp.
    ramp[(share.clamp(0.0, 1.0) * (ramp.len() - 1) as f64).round() as usize]
}
