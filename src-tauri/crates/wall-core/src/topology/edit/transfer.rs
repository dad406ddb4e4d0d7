//! Ground given to a cell: a lasso, a block, a gap.

use std::collections::BTreeSet;

use super::curve::Curve;
use super::line::Pins;
use super::local::{Ground, Local, reassemble};
use super::on_the_globe;
use crate::repair::exact::{Side, polygon_side, ring_side};
use crate::topology::Topology;
use crate::topology::build::Made;
use crate::topology::hash::QuickSet;
use crate::topology::patch::Patch;
use crate::topology::queries::{Spot, stretches};
use crate::topology::trace::{self, bounds};
use crate::topology::types::{Face, Refusal, RefusalCode};
use crate::{GridPoint, GridPolygon};

/// Less ground than this is none: where two borders almost coincide.
const MIN_GROUND_M2: f64 = 0.01;

impl Topology {
    /// Gives what of an area lies in other cells to a cell. Within is what the rings go around an odd number of times.
    pub(super) fn transfer(&self, to: Face, area: &GridPolygon, allow_parts: bool) -> Result<Patch, Refusal> {
        self.alive(&[to])?;
        let all: Vec<GridPoint> = area.rings().flatten().copied().collect();
        on_the_globe(&all)?;
        let mut pins = Pins::default();
        let mut lines: Vec<Vec<GridPoint>> = Vec::new();
        for ring in area.rings() {
            let mut line = ring.clone();
            self.pin(&mut line, &mut pins);
            line.dedup();
            while line.len() > 1 && line.first() == line.last() {
                line.pop();
            }
            if line.len() < 3 {
                let refusal = Refusal::new(RefusalCode::TooSmall, "an area needs three different points").about([to]);
                return Err(line.first().map_or(refusal.clone(), |p| refusal.at(*p)));
            }
            line.push(line[0]);
            lines.push(line);
        }
        let points: Vec<GridPoint> = lines.iter().flatten().copied().collect();
        let (lo, hi) = bounds(&points);
        let mut faces: BTreeSet<Face> = BTreeSet::from([to]);
        faces.extend(self.segments_in(lo, hi).filter_map(|(id, _, _)| self.arc(id.arc)).flat_map(|a| a.faces()));
        if let Some(Spot::Inside(Some(f))) = points.first().map(|p| self.spot(*p)) {
            faces.insert(f);
        }
        let list: Vec<Face> = faces.into_iter().collect();
        let place = points.first().copied().unwrap_or_default();
        let mut draft = reassemble(self, self.arcs_around_all(&list), &lines, &pins, |local| {
            let curve = Curve::new(local, &QuickSet::default());
            let areas = local.arrangement.region_area2();
            let moved: Vec<u32> = (0..local.arrangement.regions as u32)
                .filter(|r| curve.within[*r as usize])
                .filter(|r| matches!(local.ground(*r), Ground::Of(Some(f)) if f != to))
                .collect();
            let ground: i128 = moved.iter().map(|r| areas[*r as usize]).sum();
            if Made::ground_m2(ground, place) < MIN_GROUND_M2 {
                let message = "nothing of the area lies in another cell";
                return Err(Refusal::new(RefusalCode::NothingThere, message).at(place).about([to]));
            }
            if !allow_parts && !borders_on(local, &moved, to) {
                let message = "the area has no border in common with the cell that should get it";
                return Err(Refusal::new(RefusalCode::NotNeighbours, message).at(place).about([to]));
            }
            Ok(moved.into_iter().map(|r| (r, Some(to))).collect())
        })?;
        draft.may_part = allow_parts;
        draft.finish()
    }

    /// Gives a cell what of some ground lies in other cells; the cell may have none now.
    pub(super) fn cut_out(&self, face: Face, grounds: &[GridPolygon]) -> Result<Patch, Refusal> {
        if face.0 as usize >= self.faces.len() {
            return Err(Refusal::new(RefusalCode::NothingThere, format!("there never was a cell {}", face.0)));
        }
        let mut pins = Pins::default();
        let mut lines: Vec<Vec<GridPoint>> = Vec::new();
        for ring in grounds.iter().flat_map(|g| g.rings()) {
            on_the_globe(ring)?;
            let mut line = ring.clone();
            self.pin(&mut line, &mut pins);
            line.dedup();
            while line.len() > 1 && line.first() == line.last() {
                line.pop();
            }
            if line.len() >= 3 {
                line.push(line[0]);
                lines.push(line);
            }
        }
        let points: Vec<GridPoint> = lines.iter().flatten().copied().collect();
        let Some(&place) = points.first() else {
            return Err(Refusal::new(RefusalCode::TooSmall, "an area needs three different points").about([face]));
        };
        let (lo, hi) = bounds(&points);
        let mut faces: BTreeSet<Face> =
            self.segments_in(lo, hi).filter_map(|(id, _, _)| self.arc(id.arc)).flat_map(|a| a.faces()).collect();
        faces.extend(points.iter().filter_map(|p| if let Spot::Inside(f) = self.spot(*p) { f } else { None }));
        faces.extend(self.is_alive(face).then_some(face));
        let list: Vec<Face> = faces.into_iter().collect();
        let mut draft = reassemble(self, self.arcs_around_all(&list), &lines, &pins, |local| {
            let curve = Curve::new(local, &QuickSet::default());
            let areas = local.arrangement.region_area2();
            let moved: Vec<u32> = (0..local.arrangement.regions as u32)
                .filter(|r| curve.within[*r as usize])
                .filter(|r| matches!(local.ground(*r), Ground::Of(Some(f)) if f != face))
                .collect();
            let ground: i128 = moved.iter().map(|r| areas[*r as usize]).sum();
            if Made::ground_m2(ground, place) < MIN_GROUND_M2 {
                let message = "nothing of its ground lies in another cell";
                return Err(Refusal::new(RefusalCode::NothingThere, message).at(place).about([face]));
            }
            Ok(moved.into_iter().map(|r| (r, Some(face))).collect())
        })?;
        // An enclave from border to border cuts its neighbour in two: that is what the plan says.
        draft.may_part = true;
        if !self.is_alive(face) {
            draft.created.push(face);
        }
        draft.finish()
    }

    /// Gives the gap around a point to a cell beside it.
    pub(super) fn fill_gap(&self, at: GridPoint, to: Face) -> Result<Patch, Refusal> {
        self.alive(&[to])?;
        on_the_globe(&[at])?;
        if self.spot(at) != Spot::Inside(None) {
            return Err(Refusal::new(RefusalCode::NothingThere, "the place lies in a cell or on a border, not in a gap")
                .at(at)
                .about([to]));
        }
        // The borders of bare ground that hang together with those of the cell.
        let own: Vec<u32> = self.border_of(to).filter(|(_, a)| a.touches(None)).map(|(id, _)| id).collect();
        let bare = self.bare_arcs_from(own);
        let rings = trace::rings(&stretches(None, bare.iter().filter_map(|id| self.arc(*id))));
        let around = rings.outers.iter().filter(|r| ring_side(r, at) == Side::Inside);
        let Some(outer) = around.min_by_key(|r| crate::repair::exact::ring_area2(r)) else {
            let (code, message) =
                if self.gaps().iter().any(|g| g.geometry.polygons.iter().any(|p| polygon_side(p, at) == Side::Inside)) {
                    (RefusalCode::NotNeighbours, "the gap has no border in common with the cell that should get it")
                } else {
                    (RefusalCode::NothingThere, "the place lies outside all cells, not in a gap")
                };
            return Err(Refusal::new(code, message).at(at).about([to]));
        };
        let (lo, hi) = bounds(outer);
        let mut arcs = self.arcs_around_all(&[to]);
        arcs.extend(
            self.segments_in(lo, hi).map(|(id, _, _)| id.arc).filter(|id| self.arc(*id).is_some_and(|a| a.touches(None))),
        );
        let mut draft = reassemble(self, arcs, &[], &Pins::default(), |local| {
            let gap = local
                .regions_of(None)
                .into_iter()
                .find(|r| local.ring_of(*r).iter().any(|p| polygon_side(p, at) == Side::Inside));
            let Some(gap) = gap.filter(|g| borders_on(local, &[*g], to)) else {
                let message = "the gap has no border in common with the cell that should get it";
                return Err(Refusal::new(RefusalCode::NotNeighbours, message).at(at).about([to]));
            };
            Ok(vec![(gap, Some(to))])
        })?;
        draft.outer = true;
        draft.finish()
    }

    /// Arcs with bare ground on one side, reached from some over their nodes.
    pub(super) fn bare_arcs_from(&self, start: Vec<u32>) -> BTreeSet<u32> {
        let mut seen: BTreeSet<u32> = start.iter().copied().collect();
        let mut stack = start;
        while let Some(id) = stack.pop() {
            let Some(arc) = self.arc(id) else { continue };
            for p in [arc.first(), arc.last()] {
                for end in self.nodes.get(&p).into_iter().flatten() {
                    if self.arc(end.arc).is_some_and(|a| a.touches(None)) && seen.insert(end.arc) {
                        stack.push(end.arc);
                    }
                }
            }
        }
        seen
    }
}

/// Whether one of some regions has an edge in common with ground of a face.
fn borders_on(local: &Local<'_>, regions: &[u32], face: Face) -> bool {
    (0..local.edge_count()).any(|e| {
        let (l, r) = local.beside(e);
        let is = |a: u32, half: u32| regions.contains(&a) && local.side(half) == Some(Some(face));
        is(l, 2 * e + 1) || is(r, 2 * e)
    })
}
