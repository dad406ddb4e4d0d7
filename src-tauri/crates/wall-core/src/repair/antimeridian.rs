//! Cells across the antimeridian: a jump of more than half the world between two points is read as the short way round,
//! and the cell becomes two parts, one on each side of 180°.

use super::Fault;
use crate::cell::bounds_of;
use crate::overlay::{EngineFault, Operation, overlay};
use crate::{GridPoint, GridPolygon, GridRing};

const HALF: i64 = 180_000_000_000;
const WHOLE: i64 = 2 * HALF;

/// Whether a ring jumps over the antimeridian.
pub(super) fn jumps(ring: &GridRing) -> bool {
    super::exact::edges(ring).any(|(a, b)| (a.x - b.x).abs() > HALF)
}

/// The southernmost and northernmost latitude of a ring that reaches from −180° to 180°: it may be meant to go around the
/// world and not the short way.
pub(super) fn spans_all_longitudes(ring: &GridRing) -> Option<(f64, f64)> {
    let (lo, hi) = bounds_of(ring)?;
    (hi.x - lo.x == WHOLE).then(|| (lo.place().lat, hi.place().lat))
}

/// Takes every ring the short way round: longitudes may then exceed 180°.
///
/// # Errors
/// A ring around a pole has no short way.
pub(super) fn unroll(rings: &mut [GridRing]) -> Result<(), Fault> {
    let mut west = None;
    for ring in rings.iter_mut() {
        let mut turns = 0i64;
        let mut before = ring.first().copied().unwrap_or_default().x;
        let first = before;
        for p in ring.iter_mut() {
            let own = p.x;
            turns += step(before, own);
            before = own;
            p.x += turns * WHOLE;
        }
        if turns + step(before, first) != 0 {
            return Err(Fault::new("encloses_pole", "the ring runs once around a pole".into()));
        }
        let lowest = ring.iter().map(|p| p.x).min().unwrap_or_default();
        // The outer ring starts in the eastern hemisphere; its holes follow it.
        let move_by = match west {
            None if lowest < -HALF => WHOLE,
            Some(west) if lowest < west => WHOLE,
            _ => 0,
        };
        ring.iter_mut().for_each(|p| p.x += move_by);
        west.get_or_insert(lowest + move_by);
    }
    Ok(())
}

fn step(from: i64, to: i64) -> i64 {
    match to - from {
        d if d > HALF => -1,
        d if d < -HALF => 1,
        _ => 0,
    }
}

/// Cuts an unrolled polygon at 180° and moves its eastern part to −180°.
pub(super) fn cut(polygon: &GridPolygon) -> Result<Vec<GridPolygon>, EngineFault> {
    let rings: Vec<&GridRing> = polygon.rings().collect();
    let strip = |from: i64, to: i64| -> GridRing {
        // A margin beyond the poles keeps the strip's own corners off the cell.
        let (s, n) = (-HALF, HALF);
        vec![GridPoint { x: from, y: s }, GridPoint { x: to, y: s }, GridPoint { x: to, y: n }, GridPoint { x: from, y: n }]
    };
    let (lo, hi) = bounds_of(&polygon.outer).unwrap_or_default();
    let (west, east, south, north) = (lo.x, hi.x, lo.y, hi.y);
    let tight = |ring: GridRing| -> GridRing {
        ring.into_iter().map(|p| GridPoint { x: p.x, y: p.y.clamp(south - 1, north + 1) }).collect()
    };
    let mut parts = overlay(rings.iter().copied(), [&tight(strip(west - 1, HALF))], Operation::Intersection)?;
    let mut beyond = overlay(rings.iter().copied(), [&tight(strip(HALF, east + 1))], Operation::Intersection)?;
    for ring in beyond.iter_mut().flat_map(|p| std::iter::once(&mut p.outer).chain(p.holes.iter_mut())) {
        ring.iter_mut().for_each(|p| p.x -= WHOLE);
    }
    parts.append(&mut beyond);
    Ok(parts)
}
