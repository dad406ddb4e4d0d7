//! The border of two neighbours drawn anew.

use std::collections::BTreeMap;

use super::curve::{Curve, stretches};
use super::line::{Landing, Pins, clean, landed};
use super::local::{Ground, Local, reassemble};
use crate::GridPoint;
use crate::topology::Topology;
use crate::topology::arc::ArcData;
use crate::topology::patch::Patch;
use crate::topology::trace::bounds;
use crate::topology::types::{Face, Refusal, RefusalCode};

type Pair = (Face, Face);

fn pair(arc: &ArcData) -> Option<Pair> {
    let (a, b) = (arc.left?, arc.right?);
    Some((a.min(b), a.max(b)))
}

impl Topology {
    /// The borders between two cells within reach of a point, and where the point comes to lie on each.
    fn landings(&self, p: GridPoint) -> BTreeMap<Pair, Landing> {
        let (lo, hi) = bounds(&[p]);
        let reach = (super::line::LINE_REACH_M / 20_000.0 * GridPoint::PER_DEGREE) as i64;
        let (lo, hi) = (GridPoint { x: lo.x - reach, y: lo.y - reach }, GridPoint { x: hi.x + reach, y: hi.y + reach });
        let mut pairs: Vec<Pair> = self.segments_in(lo, hi).filter_map(|(id, _, _)| pair(self.arc(id.arc)?)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs.into_iter().filter_map(|of| Some((of, self.land(p, |a| pair(a) == Some(of))?))).collect()
    }

    /// Replaces the stretch between the ends of a line by the line. Of several ways (a closed border has two) the one that
    /// moves less ground.
    pub(super) fn reshape(&self, line: &[GridPoint]) -> Result<Patch, Refusal> {
        let line = clean(line)?;
        let (start, end) = (line[0], line[line.len() - 1]);
        if start == end {
            return Err(
                Refusal::new(RefusalCode::LineMisses, "the line ends where it begins; a cell is cut out by splitting").at(start)
            );
        }
        let (first, last) = (self.landings(start), self.landings(end));
        for (p, found, word) in [(start, &first, "begins"), (end, &last, "ends")] {
            if found.is_empty() {
                let outer = self.land(p, |a| a.touches(None)).is_some();
                let (code, message) = if outer {
                    (RefusalCode::OuterBorder, format!("the line {word} on the outer border, not on one between two cells"))
                } else {
                    (RefusalCode::LineMisses, format!("the line {word} on no border"))
                };
                return Err(Refusal::new(code, message).at(p));
            }
        }
        let mut best: Option<(i128, Patch)> = None;
        let mut refusal = None;
        for (of, from) in &first {
            let Some(to) = last.get(of) else { continue };
            match self.reshape_between(*of, &line, *from, *to) {
                Ok((moved, patch)) if best.as_ref().is_none_or(|b| moved < b.0) => best = Some((moved, patch)),
                Ok(_) => {}
                Err(r) => _ = refusal.get_or_insert(r),
            }
        }
        best.map(|b| b.1).ok_or_else(|| {
            refusal.unwrap_or_else(|| {
                let faces = first.keys().chain(last.keys()).flat_map(|(a, b)| [*a, *b]);
                Refusal::new(RefusalCode::NotNeighbours, "the line begins and ends on borders of different neighbours")
                    .at(end)
                    .about(faces)
            })
        })
    }

    fn reshape_between(&self, of: Pair, line: &[GridPoint], from: Landing, to: Landing) -> Result<(i128, Patch), Refusal> {
        let mut pins = Pins::default();
        from.pin(&mut pins);
        to.pin(&mut pins);
        let mut line = clean(&landed(line, Some(from), Some(to)))?;
        let inner = line.len() - 1;
        self.pin(&mut line[1..inner], &mut pins);
        let line = clean(&line)?;
        let faces = [of.0, of.1];
        let moved = std::cell::Cell::new(0);
        let lines = [line.clone()];
        let draft = reassemble(self, self.arcs_around_all(&faces), &lines, &pins, |local| {
            stays_in(local, of)?;
            let common = |e: u32| {
                let sides = [local.side(2 * e), local.side(2 * e + 1)];
                sides == [Some(Some(of.0)), Some(Some(of.1))] || sides == [Some(Some(of.1)), Some(Some(of.0))]
            };
            let areas = local.arrangement.region_area2();
            let ways = stretches(local, from.at, to.at, common).into_iter().map(|stretch| {
                let curve = Curve::new(local, &stretch);
                let swap: Vec<(u32, Option<Face>)> = (0..local.arrangement.regions as u32)
                    .filter(|r| curve.within[*r as usize])
                    .filter_map(|r| match local.ground(r) {
                        Ground::Of(Some(f)) if f == of.0 => Some((r, Some(of.1))),
                        Ground::Of(Some(f)) if f == of.1 => Some((r, Some(of.0))),
                        _ => None,
                    })
                    .collect();
                (swap.iter().map(|s| areas[s.0 as usize]).sum::<i128>(), swap)
            });
            let Some((ground, swap)) = ways.min_by_key(|w| w.0) else {
                let message = "the line begins and ends on different stretches of the border";
                return Err(Refusal::new(RefusalCode::LineMisses, message).at(to.at).about(faces));
            };
            moved.set(ground);
            Ok(swap)
        })?;
        Ok((moved.get(), draft.finish()?))
    }
}

/// Refuses a line that leaves two cells.
fn stays_in(local: &Local<'_>, of: Pair) -> Result<(), Refusal> {
    for e in (0..local.edge_count()).filter(|e| local.drawn[*e as usize] > 0 && !local.is_border(*e)) {
        let (ground, at) = (local.ground(local.beside(e).0), local.ends(2 * e).0);
        match ground {
            Ground::Of(Some(f)) if f == of.0 || f == of.1 => {}
            Ground::Of(None) => {
                return Err(Refusal::new(RefusalCode::OuterBorder, "the line runs through ground of no cell")
                    .at(at)
                    .about([of.0, of.1]));
            }
            _ => {
                let message = "the line leaves the two cells whose border it replaces";
                return Err(Refusal::new(RefusalCode::CrossesBorder, message).at(at).about([of.0, of.1]));
            }
        }
    }
    Ok(())
}
