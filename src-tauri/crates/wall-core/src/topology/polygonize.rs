//! Ground between lines, and plain operations on areas.

use super::arrangement::{Arrangement, OUTSIDE};
use super::hash::QuickMap;
use super::noding::{Segment, node};
use super::on_globe;
use super::trace::{self, Stretch};
use crate::overlay::{EngineFault, Operation, overlay, rings_of};
use crate::{CellGeometry, GridPoint, GridPolygon};

/// What to compute from two areas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AreaOp {
    /// Either or both.
    Union,
    /// Both.
    Intersection,
    /// The first without the second.
    Difference,
}

/// Two areas united, cut with each other, or one taken from the other, by exact noding on the grid.
///
/// # Errors
/// It cannot be computed, or a point is outside the world.
pub fn area_op(a: &CellGeometry, b: &CellGeometry, op: AreaOp) -> Result<CellGeometry, EngineFault> {
    if let Some(p) = rings_of(a).chain(rings_of(b)).flatten().find(|p| !on_globe(**p)) {
        return Err(EngineFault { place: p.place(), what: "a point is outside the world" });
    }
    let operation = match op {
        AreaOp::Union => Operation::Union,
        AreaOp::Intersection => Operation::Intersection,
        AreaOp::Difference => Operation::Difference,
    };
    Ok(CellGeometry { polygons: overlay(rings_of(a), rings_of(b), operation)? })
}

/// The faces of the arrangement of lines: every bounded piece of ground between them, holes taken out. Lines are noded
/// exactly; ends that lead nowhere and lines that join two meshes without bounding anything are dropped. Lines with points
/// outside the world are left out. Sorted by their smallest points. O(n log n + crossings).
pub fn polygonize(lines: &[Vec<GridPoint>]) -> Vec<GridPolygon> {
    let usable = lines.iter().filter(|l| l.iter().all(|p| on_globe(*p)));
    let segments: Vec<Segment> = usable.flat_map(|l| l.windows(2)).map(|w| Segment { a: w[0], b: w[1], source: 0 }).collect();
    let Some(noded) = node(&segments) else { return Vec::new() };
    let arrangement = Arrangement::new(&noded.points, &noded.edges);
    let mut around: QuickMap<u32, Vec<[GridPoint; 2]>> = QuickMap::default();
    for half in 0..2 * noded.edges.len() as u32 {
        let region = arrangement.region(half);
        if region != OUTSIDE && region != arrangement.region(half ^ 1) {
            let (a, b) = noded.edges[half as usize / 2];
            let (a, b) = (noded.points[a as usize], noded.points[b as usize]);
            around.entry(region).or_default().push(if half % 2 == 0 { [a, b] } else { [b, a] });
        }
    }
    let mut polygons: Vec<GridPolygon> = around
        .values()
        .flat_map(|edges| {
            let stretches: Vec<Stretch<'_>> = edges.iter().map(|points| Stretch { points, forward: true }).collect();
            trace::polygons(trace::rings(&stretches)).0
        })
        .collect();
    polygons.sort_unstable_by(|a, b| (&a.outer, &a.holes).cmp(&(&b.outer, &b.holes)));
    polygons
}
