//! The edge straight below a point, exactly: for placing islands and finding the face around a place.

use std::cmp::Ordering;

use crate::GridPoint;
use crate::repair::exact::cross;

/// Whether an edge (smaller end first) runs strictly below a point, just to the right of it.
pub(super) fn is_below((a, b): (GridPoint, GridPoint), p: GridPoint) -> bool {
    a.x <= p.x && p.x < b.x && cross(a, b, p) > 0
}

/// Which of two edges that both pass below a point is the higher one there. The edges do not cross.
pub(super) fn higher((a, b): (GridPoint, GridPoint), (c, d): (GridPoint, GridPoint), p: GridPoint) -> Ordering {
    // Heights at p.x as fractions: a.y + (b.y − a.y)(p.x − a.x) / (b.x − a.x). The one whose smaller end is further right has
    // that end above or below the other, unless they share it.
    let side = if a.x >= c.x { cross(c, d, a).signum() } else { -cross(a, b, c).signum() };
    let side = if side != 0 {
        side
    } else if b.x <= d.x {
        cross(c, d, b).signum()
    } else {
        -cross(a, b, d).signum()
    };
    debug_assert!(a.x.max(c.x) <= p.x);
    side.cmp(&0)
}

/// Edges in upright strips: about √n of them, so that a question looks at about √n edges.
pub(super) struct Strips {
    west: i64,
    width: i64,
    strips: Vec<Vec<u32>>,
}

impl Strips {
    pub fn new(points: &[GridPoint], edges: &[(u32, u32)]) -> Self {
        let ends = |e: &(u32, u32)| (points[e.0 as usize].x, points[e.1 as usize].x);
        let west = edges.iter().map(|e| ends(e).0).min().unwrap_or_default();
        let east = edges.iter().map(|e| ends(e).1).max().unwrap_or_default();
        let count = ((edges.len() as f64).sqrt() as i64).clamp(1, 4096);
        let width = (east - west) / count + 1;
        let mut strips = vec![Vec::new(); count as usize];
        for (i, e) in edges.iter().enumerate() {
            let (from, to) = ends(e);
            if from < to {
                for s in (from - west) / width..=(to - west) / width {
                    strips[s as usize].push(i as u32);
                }
            }
        }
        Self { west, width, strips }
    }

    /// The highest edge below a point.
    pub fn edge_below(&self, points: &[GridPoint], edges: &[(u32, u32)], p: GridPoint) -> Option<u32> {
        let ends = |e: u32| (points[edges[e as usize].0 as usize], points[edges[e as usize].1 as usize]);
        let strip = usize::try_from((p.x - self.west) / self.width).ok()?;
        let below = self.strips.get(strip)?.iter().copied().filter(|e| is_below(ends(*e), p));
        below.max_by(|e, f| higher(ends(*e), ends(*f), p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: i64, y: i64) -> GridPoint {
        GridPoint { x, y }
    }

    #[test]
    fn the_highest_edge_below() {
        let points = [p(0, 0), p(10, 0), p(0, 5), p(10, 7), p(5, 8), p(5, 2), p(9, 2)];
        let edges = [(0, 1), (2, 3), (5, 6), (0, 6)];
        let strips = Strips::new(&points, &edges);
        assert_eq!(strips.edge_below(&points, &edges, p(1, 9)), Some(1));
        assert_eq!(strips.edge_below(&points, &edges, p(5, 6)), Some(2));
        // Just right of a common start the steeper one is higher; an end is not below any more.
        assert_eq!(strips.edge_below(&points, &edges, p(0, 4)), Some(3));
        assert_eq!(strips.edge_below(&points, &edges, p(9, 4)), Some(0));
        assert_eq!(strips.edge_below(&points, &edges, p(5, 0)), None);
        assert_eq!(strips.edge_below(&points, &edges, p(11, 4)), None);
    }
}
