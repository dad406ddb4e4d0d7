//! Whether ground has the same shape: a vertex put into a border for a neighbour's sake changes nothing of it; and what joining
//! borders with neighbours' did to ground when a plan was opened, which is no change that anybody made.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use wall_core::{CellGeometry, GridPoint};

/// A vertex this near the line between its neighbours stands on it, grid units (0.2 mm).
const ON_THE_LINE: f64 = 2.0;

/// A value that ground of the same shape has, whatever vertices stand on its lines and wherever its rings begin. O(vertices).
pub(super) fn shape_of(ground: &CellGeometry) -> u64 {
    let mut rings: Vec<u64> = ground.polygons.iter().flat_map(|p| p.rings()).map(|r| ring_shape(r)).collect();
    rings.sort_unstable();
    let mut h = DefaultHasher::new();
    rings.hash(&mut h);
    h.finish()
}

/// Cells whose borders were joined with their neighbours' when a plan was opened, by the ground they had before.
#[derive(Default)]
pub(super) struct Joined(HashMap<u64, Vec<(CellGeometry, CellGeometry)>>);

impl Joined {
    /// Notes ground before and after; of the same shape there is nothing to note.
    pub fn note(&mut self, before: &CellGeometry, after: &CellGeometry) {
        let key = shape_of(before);
        if key != shape_of(after) {
            self.0.entry(key).or_default().push((before.clone(), after.clone()));
        }
    }

    /// Ground as the open plan has it, where that plan began with this ground.
    pub fn of<'a>(&'a self, ground: &'a CellGeometry) -> &'a CellGeometry {
        if self.0.is_empty() {
            return ground;
        }
        let known = self.0.get(&shape_of(ground)).into_iter().flatten().find(|(before, _)| before == ground);
        known.map_or(ground, |(_, after)| after)
    }
}

fn ring_shape(ring: &[GridPoint]) -> u64 {
    let mut h = DefaultHasher::new();
    // The westernmost of the southernmost is a corner, whatever stands on the lines.
    let Some(first) = (0..ring.len()).min_by_key(|i| (ring[*i].y, ring[*i].x)) else { return h.finish() };
    let at = |i: usize| ring[(first + i) % ring.len()];
    let mut last = at(0);
    last.hash(&mut h);
    for i in 1..ring.len() {
        let (here, next) = (at(i), at(i + 1));
        if !on_the_line(last, here, next) {
            here.hash(&mut h);
            last = here;
        }
    }
    h.finish()
}

fn on_the_line(a: GridPoint, p: GridPoint, b: GridPoint) -> bool {
    // Differences inside one cell are far below 2^53: exact as numbers with a point.
    let (dx, dy) = ((b.x - a.x) as f64, (b.y - a.y) as f64);
    let (px, py) = ((p.x - a.x) as f64, (p.y - a.y) as f64);
    let length = dx.hypot(dy);
    let along = (px * dx + py * dy) / length;
    (0.0..=length).contains(&along) && ((px * dy - py * dx) / length).abs() <= ON_THE_LINE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wall_core::GridPolygon;

    fn ground(points: &[(i64, i64)]) -> CellGeometry {
        let outer = points.iter().map(|(x, y)| GridPoint { x: *x, y: *y }).collect();
        CellGeometry { polygons: vec![GridPolygon { outer, holes: vec![] }] }
    }

    proptest! {
        /// However many vertices are put onto its lines, and wherever its ring begins, ground stays what it is.
        #[test]
        fn vertices_on_the_line_change_nothing(
            cuts in prop::collection::vec((0usize..4, 1i64..999), 0..12), turn in 0usize..16, slope in -400_000i64..400_000,
        ) {
            let corners = [(0, 0), (3_000_000, slope), (3_000_000 - slope, 3_000_000), (-slope / 2, 2_500_000)];
            let mut ring = Vec::new();
            for (side, a) in corners.iter().enumerate() {
                let b = corners[(side + 1) % 4];
                let mut at: Vec<i64> = cuts.iter().filter(|(s, _)| *s == side).map(|(_, t)| *t).collect();
                at.sort_unstable();
                at.dedup();
                ring.push(*a);
                ring.extend(at.iter().map(|t| (a.0 + (b.0 - a.0) * t / 1000, a.1 + (b.1 - a.1) * t / 1000)));
            }
            let length = ring.len();
            ring.rotate_left(turn % length);
            prop_assert_eq!(shape_of(&ground(&ring)), shape_of(&ground(&corners)));
        }
    }

    #[test]
    fn a_border_that_moved_is_another_shape() {
        let square = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000)];
        let bent = [(0, 0), (500, -10), (1_000, 0), (1_000, 1_000), (0, 1_000)];
        assert_ne!(shape_of(&ground(&square)), shape_of(&ground(&bent)));
    }
}
