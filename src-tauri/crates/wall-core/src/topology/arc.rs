//! One arc, in the one way it is written down.

use std::sync::Arc as Shared;

use super::types::Face;
use crate::GridPoint;

/// A stretch of border. The points are shared between the subdivision and the patches that speak of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ArcData {
    pub points: Shared<[GridPoint]>,
    pub left: Option<Face>,
    pub right: Option<Face>,
}

impl ArcData {
    /// Turned so that the same border is always written the same way: an open arc begins at its smaller end; a closed one
    /// turns towards the smaller of the neighbours of its end. (`anchored` closed arcs begin where they must, at a node;
    /// others at their smallest point.)
    pub fn new(mut points: Vec<GridPoint>, mut left: Option<Face>, mut right: Option<Face>, anchored: bool) -> Self {
        let n = points.len();
        let closed = n > 2 && points.first() == points.last();
        if closed && !anchored {
            points.pop();
            if let Some(at) = points.iter().enumerate().min_by_key(|(_, p)| **p).map(|(i, _)| i) {
                points.rotate_left(at);
            }
            points.push(points[0]);
        }
        let turn = if closed { points[n - 2] < points[1] } else { points.last() < points.first() };
        if turn {
            points.reverse();
            std::mem::swap(&mut left, &mut right);
        }
        Self { points: points.into(), left, right }
    }

    pub fn first(&self) -> GridPoint {
        self.points[0]
    }

    pub fn last(&self) -> GridPoint {
        self.points[self.points.len() - 1]
    }

    pub fn closed(&self) -> bool {
        self.first() == self.last()
    }

    pub fn segments(&self) -> impl Iterator<Item = (GridPoint, GridPoint)> + '_ {
        self.points.windows(2).map(|w| (w[0], w[1]))
    }

    pub fn ends_at(&self, p: GridPoint) -> bool {
        self.first() == p || self.last() == p
    }

    /// Both ends as seen going out from them: the end, the next point, the cells to the left and to the right.
    pub fn ends(&self) -> [(GridPoint, GridPoint, Option<Face>, Option<Face>); 2] {
        let n = self.points.len();
        [(self.points[0], self.points[1], self.left, self.right), (self.points[n - 1], self.points[n - 2], self.right, self.left)]
    }

    /// The cells beside it.
    pub fn faces(&self) -> impl Iterator<Item = Face> {
        self.left.into_iter().chain(self.right)
    }

    pub fn touches(&self, face: Option<Face>) -> bool {
        self.left == face || self.right == face
    }
}
