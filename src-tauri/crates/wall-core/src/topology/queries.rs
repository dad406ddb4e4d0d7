//! What the subdivision answers about places.

use super::Topology;
use super::arc::ArcData;
use super::hash::QuickMap;
use super::locate::{higher, is_below};
use super::trace::{self, Stretch};
use super::types::{ArcId, EdgeHit, Face, GapView};
use crate::ground::{area_m2, metres_per_degree};
use crate::metric::nearest_fraction;
use crate::repair::exact::on_segment;
use crate::{CellGeometry, GridPoint, Place, distance_m};

/// Length of an arc in metres.
pub(super) fn length_m(arc: &ArcData) -> f64 {
    arc.segments().map(|(a, b)| distance_m(a.place(), b.place())).sum()
}

/// Arcs as stretches with a side's ground to the left.
pub(super) fn stretches<'a>(face: Option<Face>, arcs: impl Iterator<Item = &'a ArcData>) -> Vec<Stretch<'a>> {
    arcs.filter(|a| a.touches(face)).map(|a| Stretch { points: &a.points, forward: a.left == face }).collect()
}

/// Where a point lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// Inside a cell, or in ground that is no cell's.
    Inside(Option<Face>),
    /// On a border; the cells that touch it there, ascending.
    Border(Vec<Face>),
}

impl Topology {
    /// The cell at a place: the one it lies in; on a border the one with the lowest code (then the first) of those touching
    /// there; cells made by edits come after those. About O(√n).
    pub fn face_at(&self, place: Place) -> Option<Face> {
        Place::new(place.lon, place.lat)?;
        match self.spot(GridPoint::nearest(place)) {
            Spot::Inside(face) => face,
            Spot::Border(faces) => {
                faces.into_iter().min_by_key(|f| (self.ranks.get(f.0 as usize).copied().unwrap_or(u32::MAX), *f))
            }
        }
    }

    /// Where a point of the grid lies.
    pub(super) fn spot(&self, p: GridPoint) -> Spot {
        let mut touching: Vec<Face> = Vec::new();
        let mut on_border = false;
        for (id, a, b) in self.segments_in(p, p) {
            if on_segment(a, b, p) {
                on_border = true;
                touching.extend(self.arc(id.arc).into_iter().flat_map(ArcData::faces));
            }
        }
        if on_border {
            touching.sort_unstable();
            touching.dedup();
            return Spot::Border(touching);
        }
        Spot::Inside(self.ground_below(p))
    }

    /// The cell above the highest border straight below a point that lies on no border.
    fn ground_below(&self, p: GridPoint) -> Option<Face> {
        let (low, _) = self.tree.bounds()?;
        // Further and further down until something is met.
        let mut reach: i64 = 1_000_000;
        if p.y < low.y {
            return None;
        }
        loop {
            let bottom = p.y.saturating_sub(reach).max(low.y);
            let lower = GridPoint { x: p.x, y: bottom };
            let sorted = |a: GridPoint, b: GridPoint| if a < b { (a, b) } else { (b, a) };
            let below = self
                .segments_in(lower, p)
                .filter(|(_, a, b)| is_below(sorted(*a, *b), p))
                .max_by(|(_, a, b), (_, c, d)| higher(sorted(*a, *b), sorted(*c, *d), p));
            if let Some((id, a, b)) = below {
                // The highest, unless it passes below this column: then another, not yet looked at, may be higher.
                let (lo, hi) = sorted(a, b);
                if bottom == low.y || crate::repair::exact::cross(lo, hi, lower) <= 0 {
                    let arc = self.arc(id.arc)?;
                    return if a < b { arc.left } else { arc.right };
                }
            }
            if bottom == low.y {
                return None;
            }
            reach = reach.saturating_mul(4);
        }
    }

    /// The border nearest to a place, not further than `within_m` metres. Among equals the arc with the lowest number.
    pub fn nearest_edge(&self, place: Place, within_m: f64) -> Option<EdgeHit> {
        self.nearest(place, within_m, |_| true)
    }

    pub(super) fn nearest(&self, place: Place, within_m: f64, wanted: impl Fn(&ArcData) -> bool) -> Option<EdgeHit> {
        let place = Place::new(place.lon, place.lat)?;
        if within_m.is_nan() || within_m < 0.0 {
            return None;
        }
        let (mx, my) = metres_per_degree(place.lat.clamp(-89.9, 89.9));
        let unit = GridPoint::PER_DEGREE;
        let p = GridPoint::nearest(place);
        let reach = |m: f64| (within_m / m * unit * 1.01 + 2.0).min(360.0 * unit) as i64;
        let (rx, ry) = (reach(mx), reach(my));
        let lo = GridPoint { x: p.x - rx, y: p.y - ry };
        let hi = GridPoint { x: p.x + rx, y: p.y + ry };
        let mut best: Option<EdgeHit> = None;
        for (id, a, b) in self.segments_in(lo, hi) {
            let Some(arc) = self.arc(id.arc).filter(|a| wanted(a)) else { continue };
            let m = |q: GridPoint| ((q.x as f64 / unit - place.lon) * mx, (q.y as f64 / unit - place.lat) * my);
            let (from, to) = (m(a), m(b));
            let d = (to.0 - from.0, to.1 - from.1);
            let t = nearest_fraction(from, d);
            let distance_m = (from.0 + t * d.0).hypot(from.1 + t * d.1);
            let better = match &best {
                Some(b) => (distance_m, id.arc) < (b.distance_m, b.arc.0),
                None => distance_m <= within_m,
            };
            if !better {
                continue;
            }
            let part = |a: i64, b: i64| a + ((b - a) as f64 * t).round() as i64;
            let at = GridPoint { x: part(a.x, b.x), y: part(a.y, b.y) };
            let end = if t <= 0.5 { (a, from) } else { (b, to) };
            let vertex = (end.1.0.hypot(end.1.1) <= within_m).then_some(end.0);
            best = Some(EdgeHit {
                arc: ArcId(id.arc),
                segment: (a, b),
                at,
                distance_m,
                left: arc.left,
                right: arc.right,
                vertex,
                node: vertex.is_some_and(|v| self.is_node(v)),
            });
        }
        best
    }

    /// Enclosed ground that is no cell's, the largest first. O(n log n) in the borders of ground that is no cell's.
    pub fn gaps(&self) -> Vec<GapView> {
        let bare: Vec<&ArcData> = self.arcs.iter().flatten().filter(|a| a.touches(None)).collect();
        let stretches = stretches(None, bare.iter().copied());
        let (polygons, _) = trace::polygons(trace::rings(&stretches));
        // Who is around: by the points of the border, each of which belongs to few arcs.
        let mut beside: QuickMap<(GridPoint, GridPoint), Face> = QuickMap::default();
        for arc in &bare {
            for (a, b) in arc.segments() {
                if let Some(face) = arc.faces().next() {
                    beside.insert((a.min(b), a.max(b)), face);
                }
            }
        }
        let mut gaps: Vec<GapView> = polygons
            .into_iter()
            .map(|polygon| {
                let mut faces: Vec<Face> = polygon
                    .rings()
                    .flat_map(|r| crate::repair::exact::edges(r))
                    .filter_map(|(a, b)| beside.get(&(a.min(b), a.max(b))).copied())
                    .collect();
                faces.sort_unstable();
                faces.dedup();
                let place = crate::agreement::inner_place(&polygon);
                GapView { area_m2: area_m2(&polygon), place, faces, geometry: CellGeometry { polygons: vec![polygon] } }
            })
            .collect();
        gaps.sort_by(|a, b| {
            b.area_m2.total_cmp(&a.area_m2).then_with(|| a.geometry.polygons[0].outer.cmp(&b.geometry.polygons[0].outer))
        });
        gaps
    }
}
