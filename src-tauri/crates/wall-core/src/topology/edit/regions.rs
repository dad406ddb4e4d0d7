//! Cells split by a line and neighbours merged.

use std::collections::BTreeSet;

use super::line::{Pins, clean, landed};
use super::local::{Ground, Local, reassemble};
use crate::GridPoint;
use crate::repair::exact::{Side, polygon_side};
use crate::topology::Topology;
use crate::topology::build::Made;
use crate::topology::patch::Patch;
use crate::topology::types::{Face, Refusal, RefusalCode};

/// A part smaller than this is no cell.
pub(super) const MIN_CELL_M2: f64 = 1.0;

impl Topology {
    /// Arcs around faces.
    pub(super) fn arcs_around_all(&self, faces: &[Face]) -> BTreeSet<u32> {
        faces.iter().flat_map(|f| self.arcs_of(*f)).copied().collect()
    }

    /// Cuts a cell in two; the larger part keeps the face.
    pub(super) fn split(&self, face: Face, line: &[GridPoint]) -> Result<Patch, Refusal> {
        self.alive(&[face])?;
        let mut line = clean(line)?;
        let mut pins = Pins::default();
        let closed = line.first() == line.last();
        if !closed {
            let mut land = |p: GridPoint| -> Result<_, Refusal> {
                let landing = self.land(p, |a| a.touches(Some(face)));
                if let Some(l) = landing {
                    l.pin(&mut pins);
                } else if self.geometry(face).polygons.iter().any(|g| polygon_side(g, p) == Side::Inside) {
                    let message = "the line ends inside the cell; it must run from border to border";
                    return Err(Refusal::new(RefusalCode::LineMisses, message).at(p).about([face]));
                }
                Ok(landing)
            };
            let (first, last) = (land(line[0])?, land(line[line.len() - 1])?);
            line = clean(&landed(&line, first, last))?;
        }
        let inner = line.len() - 1;
        self.pin(&mut line[1..inner], &mut pins);
        line = clean(&line)?;
        let parts = self.part_count(face);
        let new = Face(self.faces.len() as u32);
        let lines = [line.clone()];
        let mut draft = reassemble(self, self.arcs_around_all(&[face]), &lines, &pins, |local| {
            let part = the_smaller_part(local, face, parts);
            Ok(vec![(part.map_err(|r| if r.place.is_none() { r.at(line[line.len() / 2]) } else { r })?, Some(new))])
        })?;
        draft.may_part = true;
        draft.created.push(new);
        draft.finish()
    }

    /// Makes neighbours one cell.
    pub(super) fn merge(&self, into: Face, from: &[Face]) -> Result<Patch, Refusal> {
        let mut from: Vec<Face> = from.iter().copied().filter(|f| *f != into).collect();
        from.sort_unstable();
        from.dedup();
        let all: Vec<Face> = std::iter::once(into).chain(from.iter().copied()).collect();
        self.alive(&all)?;
        if from.is_empty() {
            return Err(Refusal::new(RefusalCode::NoChange, "there is nothing to merge").about([into]));
        }
        let mut reached = BTreeSet::from([into]);
        let mut stack = vec![into];
        while let Some(f) = stack.pop() {
            for (_, arc) in self.border_of(f) {
                stack.extend(arc.faces().filter(|g| all.contains(g) && reached.insert(*g)));
            }
        }
        if let Some(alone) = from.iter().find(|f| !reached.contains(f)) {
            let place = self.border_of(*alone).next().map(|(_, a)| a.first()).unwrap_or_default();
            let message = "the cells have no stretch of border in common";
            return Err(Refusal::new(RefusalCode::NotNeighbours, message).at(place).about([into, *alone]));
        }
        let mut draft = reassemble(self, self.arcs_around_all(&all), &[], &Pins::default(), |local| {
            Ok(from.iter().flat_map(|f| local.regions_of(Some(*f))).map(|r| (r, Some(into))).collect())
        })?;
        // The parts of one cell may become more parts of the other.
        draft.may_part = true;
        draft.may_lose = true;
        draft.finish()
    }
}

/// The smaller of the two parts that the drawn line makes of a face; refused when it does not make exactly two.
fn the_smaller_part(local: &Local<'_>, face: Face, parts_before: usize) -> Result<u32, Refusal> {
    let regions = local.regions_of(Some(face));
    if regions.len() == parts_before {
        return Err(Refusal::new(RefusalCode::LineMisses, "the line does not cut the cell").about([face]));
    }
    if regions.len() != parts_before + 1 {
        let message = format!("the line would cut the cell into {} parts; it must be two", regions.len());
        return Err(Refusal::new(RefusalCode::NotTwoParts, message).about([face]));
    }
    let areas = local.arrangement.region_area2();
    let mut cut: BTreeSet<u32> = BTreeSet::new();
    for e in (0..local.edge_count()).filter(|e| !local.is_border(*e)) {
        let (l, r) = local.beside(e);
        if l != r && local.ground(l) == Ground::Of(Some(face)) {
            cut.extend([l, r]);
        }
    }
    let least = cut.iter().copied().min_by_key(|r| (areas[*r as usize], std::cmp::Reverse(*r)));
    let Some(least) = least.filter(|_| cut.len() == 2) else {
        return Err(Refusal::new(RefusalCode::NotTwoParts, "the line does not cut one part of the cell into two").about([face]));
    };
    let place = local.ring_of(least).first().and_then(|p| p.outer.first()).copied().unwrap_or_default();
    if Made::ground_m2(areas[least as usize], place) < MIN_CELL_M2 {
        let message = format!("the smaller part would have less than {MIN_CELL_M2} m²");
        return Err(Refusal::new(RefusalCode::TooSmall, message).at(place).about([face]));
    }
    Ok(least)
}
