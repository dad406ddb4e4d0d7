//! From stretches of border with the ground to their left to valid polygons, always written the same way.

use super::arrangement::by_angle;
use super::hash::QuickMap;
use crate::cell::bounds_of;
use crate::repair::exact::{cross, on_segment, ring_area2};
use crate::{GridPoint, GridPolygon, GridRing};

/// Whether a point lies on a segment and is not an end of it.
pub(super) fn point_on_inside(a: GridPoint, b: GridPoint, p: GridPoint) -> bool {
    p != a && p != b && on_segment(a, b, p)
}

/// A stretch of border to be walked along its points, or against them.
#[derive(Clone, Copy)]
pub(crate) struct Stretch<'a> {
    pub points: &'a [GridPoint],
    pub forward: bool,
}

impl<'a> Stretch<'a> {
    fn at(&self, i: usize) -> GridPoint {
        self.points[if self.forward { i } else { self.points.len() - 1 - i }]
    }

    fn walk(&self) -> impl Iterator<Item = GridPoint> + 'a {
        let (points, forward, n) = (self.points, self.forward, self.points.len());
        (0..n).map(move |i| points[if forward { i } else { n - 1 - i }])
    }
}

/// Rings of a border: outer ones turn left, inner ones right.
#[derive(Default, Debug)]
pub(crate) struct Rings {
    pub outers: Vec<GridRing>,
    pub inners: Vec<GridRing>,
    /// Every stretch was part of a closed ring.
    pub closed: bool,
}

/// Simple rings from stretches that have the same ground to their left. Where several leave a point, the walk turns so that
/// it stays beside the same ground. O(n log n) in the stretches plus their points.
pub(crate) fn rings(stretches: &[Stretch<'_>]) -> Rings {
    let mut leaving: QuickMap<GridPoint, Vec<u32>> = QuickMap::default();
    for (i, s) in stretches.iter().enumerate() {
        leaving.entry(s.at(0)).or_default().push(i as u32);
    }
    let mut used = vec![false; stretches.len()];
    let mut found = Rings { closed: true, ..Rings::default() };
    for i in 0..stretches.len() {
        let mut walk = GridRing::new();
        let mut at = i;
        while !used[at] {
            used[at] = true;
            let n = stretches[at].points.len();
            walk.extend(stretches[at].walk().take(n - 1));
            let (end, back) = (stretches[at].at(n - 1), stretches[at].at(n - 2));
            let Some(next) = leaving.get(&end).and_then(|out| turn(stretches, out, end, back)) else {
                found.closed = false;
                break;
            };
            at = next;
        }
        if at != i {
            found.closed = false;
        }
        for ring in simple(walk) {
            match ring_area2(&ring) {
                0 => found.closed = false,
                a if a > 0 => found.outers.push(ring),
                _ => found.inners.push(ring),
            }
        }
    }
    found
}

/// The stretch that leaves `o` first to the right of the way back.
fn turn(stretches: &[Stretch<'_>], out: &[u32], o: GridPoint, back: GridPoint) -> Option<usize> {
    if let [only] = out {
        return Some(*only as usize);
    }
    // Turning left from the way back, the last one met.
    let rank = |s: u32| {
        let to = stretches[s as usize].at(1);
        (by_angle(o, to, back) == std::cmp::Ordering::Less, to)
    };
    let best = out.iter().copied().max_by(|s, t| {
        let ((before_s, to_s), (before_t, to_t)) = (rank(*s), rank(*t));
        before_s.cmp(&before_t).then_with(|| by_angle(o, to_s, to_t))
    });
    best.map(|s| s as usize)
}

/// A walk cut at every point it visits twice. O(points).
fn simple(walk: GridRing) -> Vec<GridRing> {
    let mut position: QuickMap<GridPoint, usize> = QuickMap::default();
    position.reserve(walk.len());
    let mut path: GridRing = Vec::with_capacity(walk.len());
    let mut done = Vec::new();
    for p in walk {
        if let Some(&start) = position.get(&p) {
            let part: GridRing = path.drain(start..).collect();
            part.iter().for_each(|q| _ = position.remove(q));
            done.push(part);
        }
        position.insert(p, path.len());
        path.push(p);
    }
    done.push(path);
    done.retain(|r| r.len() >= 2);
    done
}

/// Valid polygons from rings: each inner ring is a hole of the smallest outer ring around it; inner rings that lie in none
/// are left out and counted. Rings begin at their smallest point; polygons and holes are sorted.
pub(crate) fn polygons(rings: Rings) -> (Vec<GridPolygon>, usize) {
    let Rings { outers, inners, .. } = rings;
    let mut polygons: Vec<GridPolygon> = outers.into_iter().map(|outer| GridPolygon { outer, holes: Vec::new() }).collect();
    let mut lost = 0;
    if let [only] = polygons.as_mut_slice()
        && inners.iter().all(|h| ring_area2(h) + ring_area2(&only.outer) > 0 && lies_in(h, &only.outer))
    {
        only.holes = inners;
    } else if !inners.is_empty() {
        lost = place_holes(&mut polygons, inners);
    }
    for p in &mut polygons {
        from_smallest(&mut p.outer);
        p.holes.iter_mut().for_each(from_smallest);
        p.holes.sort_unstable();
    }
    polygons.sort_unstable_by(|a, b| a.outer.cmp(&b.outer));
    (polygons, lost)
}

fn place_holes(polygons: &mut [GridPolygon], inners: Vec<GridRing>) -> usize {
    polygons.sort_by_cached_key(|p| ring_area2(&p.outer));
    let sizes: Vec<i128> = polygons.iter().map(|p| ring_area2(&p.outer)).collect();
    let boxes: Vec<(GridPoint, GridPoint)> = polygons.iter().map(|p| bounds(&p.outer)).collect();
    let mut lost = 0;
    for hole in inners {
        let (lo, hi) = bounds(&hole);
        let from = sizes.partition_point(|s| *s <= -ring_area2(&hole));
        let around = (from..polygons.len()).find(|i| {
            let (l, h) = boxes[*i];
            l.x <= lo.x && l.y <= lo.y && hi.x <= h.x && hi.y <= h.y && lies_in(&hole, &polygons[*i].outer)
        });
        match around {
            Some(i) => polygons[i].holes.push(hole),
            None => lost += 1,
        }
    }
    lost
}

/// Whether a ring that does not cross an outer one and has no edge in common with it lies inside: the middle of its first
/// edge tells (in doubled coordinates, where it is on the grid).
fn lies_in(ring: &[GridPoint], outer: &[GridPoint]) -> bool {
    let middle = GridPoint { x: ring[0].x + ring[1].x, y: ring[0].y + ring[1].y };
    let mut inside = false;
    for (a, b) in crate::repair::exact::edges(outer) {
        let (a, b) = (GridPoint { x: 2 * a.x, y: 2 * a.y }, GridPoint { x: 2 * b.x, y: 2 * b.y });
        if (a.y > middle.y) != (b.y > middle.y) && (cross(a, b, middle) > 0) == (b.y > a.y) {
            inside = !inside;
        }
    }
    inside
}

/// The box around some points.
pub(super) fn bounds(points: &[GridPoint]) -> (GridPoint, GridPoint) {
    bounds_of(points).unwrap_or_default()
}

fn from_smallest(ring: &mut GridRing) {
    if let Some(at) = ring.iter().enumerate().min_by_key(|(_, p)| **p).map(|(i, _)| i) {
        ring.rotate_left(at);
    }
}
