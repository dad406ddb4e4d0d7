//! One ring: from raw positions to the grid, closed, without repeated points.

use std::collections::HashSet;

use super::{Fault, Findings, RawRing};
use crate::{GridPoint, GridRing, Place};

/// A position of the input on the grid, or why it cannot be.
fn on_grid(position: [f64; 2], what: &str) -> Result<GridPoint, Fault> {
    let [lon, lat] = position;
    if !lon.is_finite() || !lat.is_finite() {
        return Err(Fault::new("not_finite", format!("{what} has a coordinate that is not a number: {lon}, {lat}")));
    }
    if let Some(place) = Place::new(lon, lat) {
        return Ok(GridPoint::nearest(place));
    }
    let hint = if Place::new(lat, lon).is_some() && lat.abs() > 90.0 {
        " (longitude and latitude exchanged?)"
    } else if lon.abs() > 400.0 || lat.abs() > 400.0 {
        " (metres of a projected system?)"
    } else {
        ""
    };
    Err(Fault::new("out_of_range", format!("{what} has a point outside −180…180, −90…90: {lon}, {lat}{hint}")))
}

/// A ring on the grid, its closing point and repeated points taken out.
///
/// # Errors
/// A fault that leaves no area: too few points, no extent, a point outside the world.
pub(super) fn clean(raw: &RawRing, what: &str, findings: &mut Findings) -> Result<GridRing, Fault> {
    let mut ring = Vec::with_capacity(raw.len());
    for position in raw {
        ring.push(on_grid(*position, what)?);
    }
    if raw.is_empty() {
        return Err(Fault::new("too_few_points", format!("{what} has no points")));
    }
    let mut open: &[[f64; 2]] = raw;
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
        open = &raw[..raw.len() - 1];
    }
    let unclosed = open.len() == raw.len();
    if let Some(w) = open.windows(2).find(|w| w[0] == w[1]) {
        let count = open.windows(2).filter(|w| w[0] == w[1]).count();
        let place = Place::new(w[0][0], w[0][1]);
        findings.harmless("duplicate_nodes", format!("{what} repeats {count} of its points: taken once"), place);
    }
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let distinct_raw = open.iter().map(|p| (p[0].to_bits(), p[1].to_bits())).collect::<HashSet<_>>().len();
    let distinct = ring.iter().collect::<HashSet<_>>().len();
    if distinct_raw < 3 {
        let message = format!("{what} has {distinct_raw} distinct point(s), three are needed");
        return Err(Fault::at("too_few_points", message, ring.first().map(|p| p.place())));
    }
    if distinct < 3 {
        return Err(Fault::at("zero_area", format!("{what} is smaller than 0.1 mm"), ring.first().map(|p| p.place())));
    }
    if unclosed {
        let place = ring.last().map(|p| p.place());
        findings.change("ring_unclosed", &format!("{what} does not end where it begins"), "closed", place)?;
    }
    Ok(ring)
}
