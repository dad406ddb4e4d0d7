//! The outer border drawn anew.

use std::collections::BTreeMap;

use super::curve::{Curve, stretches};
use super::line::{Pins, clean, landed};
use super::local::{Ground, Local, reassemble};
use crate::topology::Topology;
use crate::topology::hash::QuickSet;
use crate::topology::patch::Patch;
use crate::topology::trace::bounds;
use crate::topology::types::{Face, Refusal, RefusalCode};
use crate::{GridPoint, distance_m};

type Segments = QuickSet<(GridPoint, GridPoint)>;

impl Topology {
    /// Replaces the stretch of the outer border (or a gap's) between the ends of a line. Ground beyond it is given up by its
    /// cell; new ground goes to the cell that has the longest common border with it. Of the two ways round the one that
    /// changes less ground.
    pub(super) fn reshape_outer(&self, line: &[GridPoint]) -> Result<Patch, Refusal> {
        let line = clean(line)?;
        let (start, end) = (line[0], line[line.len() - 1]);
        if start == end {
            return Err(Refusal::new(RefusalCode::LineMisses, "the line ends where it begins").at(start));
        }
        let land = |p: GridPoint| {
            let missed = || Refusal::new(RefusalCode::LineMisses, "the line must begin and end on the outer border").at(p);
            self.land(p, |a| a.touches(None)).ok_or_else(missed)
        };
        let (from, to) = (land(start)?, land(end)?);
        let mut pins = Pins::default();
        from.pin(&mut pins);
        to.pin(&mut pins);
        let mut line = clean(&landed(&line, Some(from), Some(to)))?;
        let inner = line.len() - 1;
        self.pin(&mut line[1..inner], &mut pins);
        let line = clean(&line)?;
        let (lo, hi) = bounds(&[from.segment.0, from.segment.1]);
        let beside: Vec<u32> = self
            .segments_in(lo, hi)
            .filter(|(_, a, b)| (*a, *b) == from.segment)
            .map(|(id, _, _)| id.arc)
            .filter(|id| self.arc(*id).is_some_and(|a| a.touches(None)))
            .collect();
        let bare = self.bare_arcs_from(beside);
        let lines = [line.clone()];
        // First only the bare borders: which way round?
        let stretch: Segments = {
            let local = Local::new(self, bare.clone(), &lines, &pins)?;
            let areas = local.arrangement.region_area2();
            let ways = stretches(&local, from.at, to.at, |e| local.is_border(e));
            let ground = |stretch: &QuickSet<u32>| -> i128 {
                let curve = Curve::new(&local, stretch);
                (0..areas.len()).filter(|r| curve.within[*r]).map(|r| areas[r]).sum()
            };
            let Some(way) = ways.into_iter().min_by_key(ground) else {
                return Err(Refusal::new(RefusalCode::LineMisses, "the line begins and ends on different borders").at(end));
            };
            way.into_iter().map(|e| local.ends(2 * e)).collect()
        };
        let corners: Vec<GridPoint> = line.iter().copied().chain(stretch.iter().flat_map(|(a, b)| [*a, *b])).collect();
        let (lo, hi) = bounds(&corners);
        let mut faces: Vec<Face> =
            self.segments_in(lo, hi).filter_map(|(id, _, _)| self.arc(id.arc)).flat_map(|a| a.faces()).collect();
        faces.sort_unstable();
        faces.dedup();
        let mut arcs = self.arcs_around_all(&faces);
        arcs.extend(bare);
        let mut draft = reassemble(self, arcs, &lines, &pins, |local| new_owners(local, &stretch))?;
        draft.outer = true;
        draft.finish()
    }
}

fn new_owners(local: &Local<'_>, stretch: &Segments) -> Result<Vec<(u32, Option<Face>)>, Refusal> {
    let stretch: QuickSet<u32> =
        (0..local.edge_count()).filter(|e| local.is_border(*e) && stretch.contains(&local.ends(2 * e))).collect();
    let curve = Curve::new(local, &stretch);
    let given_up = curve.reached(local, &stretch, |g| matches!(g, Ground::Of(Some(_))));
    let new = curve.reached(local, &stretch, |g| g == Ground::Of(None));
    let mut owners: Vec<(u32, Option<Face>)> = given_up.into_iter().map(|r| (r, None)).collect();
    for region in new {
        let mut beside: BTreeMap<Face, f64> = BTreeMap::new();
        for half in (0..2 * local.edge_count()).filter(|h| local.arrangement.region(*h) == region) {
            if let Some(Some(face)) = local.side(half ^ 1) {
                let (a, b) = local.ends(half);
                *beside.entry(face).or_default() += distance_m(a.place(), b.place());
            }
        }
        let Some((face, _)) = beside.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { continue };
        owners.push((region, Some(face)));
    }
    Ok(owners)
}
