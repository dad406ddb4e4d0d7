//! Edits of the ground: from degrees as a person draws them to the grid on which borders are exact.

use super::{
    edits::PlanEdit,
    refused::{EditRefused, refusal},
    session::Session,
};
use std::collections::BTreeSet;
use wall_core::{CellRecord, Edit, Face, GridPoint, GridPolygon, Place};

/// Points of one drawn line or ring.
const LINE_POINTS: usize = 20_000;
/// Wider strips are no lanes, m.
const MOST_LANE_M: f64 = 100.0;
/// How far outside its cells a plan may be drawn, in grid units: half a degree, some fifty kilometres.
const REACH: i64 = 500_000_000;

/// The box around the cells a draft began from, with a margin: nothing is drawn outside it.
pub(super) struct Reach {
    low: GridPoint,
    high: GridPoint,
}

impl Reach {
    pub fn around(base: &[CellRecord]) -> Self {
        let none = (GridPoint { x: i64::MAX, y: i64::MAX }, GridPoint { x: i64::MIN, y: i64::MIN });
        let around = |(lo, hi): (GridPoint, GridPoint), (l, h): (GridPoint, GridPoint)| {
            (GridPoint { x: lo.x.min(l.x), y: lo.y.min(l.y) }, GridPoint { x: hi.x.max(h.x), y: hi.y.max(h.y) })
        };
        let (lo, hi) = base.iter().filter_map(|c| c.geometry.bounds()).fold(none, around);
        let (grown, shrunk) = (|v: i64| v.saturating_add(REACH), |v: i64| v.saturating_sub(REACH));
        Self { low: GridPoint { x: shrunk(lo.x), y: shrunk(lo.y) }, high: GridPoint { x: grown(hi.x), y: grown(hi.y) } }
    }

    fn holds(&self, p: GridPoint) -> bool {
        (self.low.x..=self.high.x).contains(&p.x) && (self.low.y..=self.high.y).contains(&p.y)
    }
}

impl Session {
    /// An edit of the ground as the topology does it. What was stored may lie anywhere.
    pub(super) fn core_edit(&self, edit: &PlanEdit, again: bool) -> Result<Edit, EditRefused> {
        let point = |p: &[f64; 2]| {
            let point = Place::new(p[0], p[1]).map(GridPoint::nearest);
            let near = point.filter(|p| again || self.reach.holds(*p));
            let message = "a place is [longitude, latitude] in degrees, at most half a degree outside the plan";
            near.ok_or_else(|| refusal("bad_place", message, &[]))
        };
        let line = |l: &[[f64; 2]]| -> Result<Vec<GridPoint>, EditRefused> {
            if l.len() > LINE_POINTS {
                return Err(refusal("too_many", &format!("a line has at most {LINE_POINTS} points"), &[]));
            }
            let mut points: Vec<GridPoint> = l.iter().map(point).collect::<Result<_, _>>()?;
            points.dedup();
            Ok(points)
        };
        let known = |face: u32| match self.cells.contains_key(&Face(face)) {
            true => Ok(Face(face)),
            false => Err(refusal("nothing_there", "there is no such cell in this plan", &[])),
        };
        Ok(match edit {
            PlanEdit::MoveVertex { from, to, outer: false } => Edit::MoveVertex { from: point(from)?, to: point(to)? },
            PlanEdit::MoveVertex { from, to, outer: true } => Edit::MoveOuterVertex { from: point(from)?, to: point(to)? },
            PlanEdit::InsertVertex { a, b, at } => Edit::InsertVertex { segment: (point(a)?, point(b)?), at: point(at)? },
            PlanEdit::DeleteVertex { at } => Edit::DeleteVertex { at: point(at)? },
            PlanEdit::Reshape { line: l, outer: false } => Edit::Reshape { line: line(l)? },
            PlanEdit::Reshape { line: l, outer: true } => Edit::ReshapeOuter { line: line(l)? },
            PlanEdit::Split { face, line: l } => Edit::Split { face: known(*face)?, line: line(l)? },
            PlanEdit::Merge { into, from } => {
                let from: BTreeSet<Face> = from.iter().map(|f| known(*f)).collect::<Result<_, _>>()?;
                Edit::Merge { into: known(*into)?, from: from.into_iter().collect() }
            }
            PlanEdit::Transfer { to, ring } => {
                let mut outer = line(ring)?;
                if outer.len() > 1 && outer.first() == outer.last() {
                    outer.pop();
                }
                Edit::Transfer { to: known(*to)?, area: GridPolygon { outer, holes: Vec::new() }, allow_parts: false }
            }
            PlanEdit::FillGap { at, to } => Edit::FillGap { at: point(at)?, to: known(*to)? },
            PlanEdit::CloseLanes { at_most_m } => match (0.001..=MOST_LANE_M).contains(at_most_m) {
                true => Edit::CloseLanes { at_most_m: *at_most_m },
                false => return Err(refusal("bad_edit", &format!("a lane is at most {MOST_LANE_M} m wide"), &[])),
            },
            PlanEdit::CutOut { face } => match self.unheld.get(Face(*face)) {
                Some(unheld) => Edit::CutOut { face: Face(*face), grounds: unheld.ground.polygons.clone() },
                None => return Err(refusal("nothing_there", "nothing of this cell is under another", &[])),
            },
            PlanEdit::Simplify { faces, tolerance_m } => {
                let faces = match faces.is_empty() {
                    true => self.cells.keys().copied().collect(),
                    false => faces.iter().map(|f| known(*f)).collect::<Result<_, _>>()?,
                };
                Edit::Simplify { faces, tolerance_m: *tolerance_m }
            }
            PlanEdit::Describe { .. }
            | PlanEdit::Owners { .. }
            | PlanEdit::Number { .. }
            | PlanEdit::Settle { .. }
            | PlanEdit::Batch { .. } => {
                return Err(refusal("bad_edit", "this is no edit of the ground", &[]));
            }
        })
    }
}

/// An edit with its places on the grid, as it is stored: text and back, a number may come out a last digit apart, which on the
/// grid is the same place and between two places might be another one.
pub(super) fn on_grid(edit: &PlanEdit) -> PlanEdit {
    fn snap(p: &mut [f64; 2]) {
        if let Some(place) = Place::new(p[0], p[1]) {
            let place = GridPoint::nearest(place).place();
            *p = [place.lon, place.lat];
        }
    }
    let mut edit = edit.clone();
    match &mut edit {
        PlanEdit::MoveVertex { from, to, .. } => [from, to].into_iter().for_each(snap),
        PlanEdit::InsertVertex { a, b, at } => [a, b, at].into_iter().for_each(snap),
        PlanEdit::DeleteVertex { at } | PlanEdit::FillGap { at, .. } => snap(at),
        PlanEdit::Reshape { line, .. } | PlanEdit::Split { line, .. } => line.iter_mut().for_each(snap),
        PlanEdit::Transfer { ring, .. } => ring.iter_mut().for_each(snap),
        PlanEdit::Merge { .. }
        | PlanEdit::CloseLanes { .. }
        | PlanEdit::CutOut { .. }
        | PlanEdit::Settle { .. }
        | PlanEdit::Simplify { .. }
        | PlanEdit::Describe { .. }
        | PlanEdit::Owners { .. }
        | PlanEdit::Number { .. }
        | PlanEdit::Batch { .. } => {}
    }
    edit
}
