//! Drawn lines: cleaned, and their ends brought onto a border.

use super::on_the_globe;
use crate::repair::exact::{Meeting, SegmentIndex, cross, crossing_place, meeting};
use crate::topology::Topology;
use crate::topology::arc::ArcData;
use crate::topology::hash::QuickMap;
use crate::topology::types::{Refusal, RefusalCode};
use crate::{GridPoint, distance_m};

/// The end of a drawn line within so many metres of a border is brought onto it.
pub const LINE_REACH_M: f64 = 1.0;
/// … and onto a vertex of it within so many, so that no tiny edges arise.
const VERTEX_REACH_M: f64 = 0.25;

/// Points at which border segments (smaller end first) are cut before anything else.
pub(in crate::topology) type Pins = QuickMap<(GridPoint, GridPoint), Vec<GridPoint>>;

/// A point brought onto a border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    pub at: GridPoint,
    pub segment: (GridPoint, GridPoint),
}

impl Landing {
    /// Cuts the segment there, unless it is one of its ends.
    pub fn pin(&self, pins: &mut Pins) {
        let (a, b) = self.segment;
        if self.at != a && self.at != b {
            let list = pins.entry((a.min(b), a.max(b))).or_default();
            if !list.contains(&self.at) {
                list.push(self.at);
            }
        }
    }
}

/// A line without repeated points that does not meet itself (it may end where it begins).
pub(super) fn clean(line: &[GridPoint]) -> Result<Vec<GridPoint>, Refusal> {
    on_the_globe(line)?;
    let mut line = line.to_vec();
    line.dedup();
    if line.len() < 2 {
        let refusal = Refusal::new(RefusalCode::LineMisses, "a line needs two different points");
        return Err(line.first().map_or(refusal.clone(), |p| refusal.at(*p)));
    }
    match first_meeting(&line) {
        Some(at) => Err(Refusal::new(RefusalCode::SelfCrossing, "the line meets itself").at(at)),
        None => Ok(line),
    }
}

/// A point where a line meets itself other than from stretch to stretch or by ending where it begins. Ends with the first
/// that is found, so that a tangle costs no more than a line: O(n log n).
fn first_meeting(line: &[GridPoint]) -> Option<GridPoint> {
    let stretches: Vec<(GridPoint, GridPoint)> = line.windows(2).map(|w| (w[0], w[1])).collect();
    let index = SegmentIndex::new(&stretches);
    let closed = line.len() > 3 && line.first() == line.last();
    for (i, &(a, b)) in stretches.iter().enumerate() {
        for j in index.near(a, b, 0.0).filter(|j| *j > i) {
            let (c, d) = stretches[j];
            match meeting(a, b, c, d) {
                Meeting::Apart => {}
                Meeting::Cross => return Some(GridPoint::nearest(crossing_place(a, b, c, d))),
                Meeting::Overlap(p) => return Some(p),
                Meeting::Touch(p) => {
                    let goes_on = (j == i + 1 && p == b) || (closed && i == 0 && j + 1 == stretches.len() && p == a);
                    if !goes_on {
                        return Some(p);
                    }
                }
            }
        }
    }
    None
}

impl Topology {
    /// The nearest point of a border within reach: a vertex when one is close.
    pub(super) fn land(&self, p: GridPoint, wanted: impl Fn(&ArcData) -> bool) -> Option<Landing> {
        let hit = self.nearest(p.place(), LINE_REACH_M, wanted)?;
        let on_vertex = hit.vertex.filter(|v| *v == p || distance_m(v.place(), p.place()) <= VERTEX_REACH_M);
        let exact = crate::repair::exact::on_segment(hit.segment.0, hit.segment.1, p);
        let at = if exact && on_vertex.is_none_or(|v| v != p) { p } else { on_vertex.unwrap_or(hit.at) };
        Some(Landing { at, segment: hit.segment })
    }
}

impl Topology {
    /// Points that are rounded ones of a border, less than a unit beside it, become points of that border; those that close
    /// to a vertex become the vertex. So a line drawn along a border runs along it exactly, and no sliver is left between.
    pub(in crate::topology) fn pin(&self, line: &mut [GridPoint], pins: &mut Pins) {
        for p in line.iter_mut() {
            let (lo, hi) = (GridPoint { x: p.x - 2, y: p.y - 2 }, GridPoint { x: p.x + 2, y: p.y + 2 });
            let near: Vec<(GridPoint, GridPoint)> = self.segments_in(lo, hi).map(|(_, a, b)| (a, b)).collect();
            let ends = || near.iter().flat_map(|(a, b)| [*a, *b]);
            let close = |v: &GridPoint| (v.x - p.x).abs() <= 1 && (v.y - p.y).abs() <= 1;
            if let Some(v) = ends().find(|v| v == p).or_else(|| ends().filter(close).min()) {
                *p = v;
                continue;
            }
            for (a, b) in near {
                let (dx, dy) = ((b.x - a.x) as f64, (b.y - a.y) as f64);
                let along = ((p.x - a.x) as f64 * dx + (p.y - a.y) as f64 * dy) / (dx * dx + dy * dy);
                let off = cross(a, b, *p) as f64;
                if along > 0.0 && along < 1.0 && off * off <= dx * dx + dy * dy {
                    Landing { at: *p, segment: (a, b) }.pin(pins);
                }
            }
        }
    }
}

/// A line whose ends are moved onto their landings.
pub(super) fn landed(line: &[GridPoint], first: Option<Landing>, last: Option<Landing>) -> Vec<GridPoint> {
    let mut line = line.to_vec();
    let n = line.len();
    if let Some(l) = first {
        line[0] = l.at;
    }
    if let Some(l) = last {
        line[n - 1] = l.at;
    }
    line.dedup();
    line
}
