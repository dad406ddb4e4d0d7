//! Points that come, go and move: tickets, cameras, staff, sites.
//!
//! An R-tree (`rstar`) over degrees with the identity beside each point, and a table identity → place so that moving and
//! removing need only the identity. Distances are geodesic metres everywhere: the search walks the tree with a bound from
//! below on the distance to each box, so the order is right at any latitude and across the antimeridian.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use rstar::primitives::GeomWithData;
use rstar::{AABB, Envelope, ParentNode, RTree, RTreeNode};

use crate::Place;
use crate::metric::LocalFrame;

type Entry<T> = GeomWithData<[f64; 2], T>;

/// Small indexes rebuild themselves when moves have worn them; large ones wait for [`PointIndex::rebuild`].
const SELF_REBUILD_LEN: usize = 50_000;

/// Points of one kind, each with its identity.
///
/// ```
/// use wall_core::{Place, PointIndex, StaffId};
/// let at = |lon, lat| Place { lon, lat };
/// let mut staff = PointIndex::bulk_load([(StaffId(1), at(121.50, 31.23)), (StaffId(2), at(121.52, 31.23))]);
/// staff.move_to(StaffId(2), at(121.501, 31.23));
/// let near = staff.nearest(at(121.502, 31.23), 1);
/// assert_eq!(near[0].0, StaffId(2));
/// assert!((near[0].1 - 95.3).abs() < 0.1, "metres: {}", near[0].1);
/// ```
#[derive(Clone, Debug)]
pub struct PointIndex<T: Copy + Eq + Hash> {
    tree: RTree<Entry<T>>,
    places: HashMap<T, Place, BuildHasherDefault<IdHasher>>,
    changes: usize,
}

impl<T: Copy + Eq + Hash> Default for PointIndex<T> {
    fn default() -> Self {
        Self { tree: RTree::new(), places: HashMap::default(), changes: 0 }
    }
}

impl<T: Copy + Eq + Hash> PointIndex<T> {
    /// An index of many points at once; of two places for one identity the last counts. O(n log n).
    pub fn bulk_load(points: impl IntoIterator<Item = (T, Place)>) -> Self {
        let points = points.into_iter();
        let mut places = HashMap::with_capacity_and_hasher(points.size_hint().0, BuildHasherDefault::default());
        places.extend(points);
        let mut index = Self { tree: RTree::new(), places, changes: 0 };
        index.rebuild();
        index
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where it is; `None` for an unknown identity. O(1).
    pub fn place_of(&self, id: T) -> Option<Place> {
        self.places.get(&id).copied()
    }

    /// Adds a point, or moves it there when the identity is known; returns where it was. O(log n).
    pub fn insert(&mut self, id: T, place: Place) -> Option<Place> {
        let before = self.places.insert(id, place);
        if before == Some(place) {
            return before;
        }
        if let Some(old) = before {
            self.tree.remove(&entry(id, old));
        }
        self.tree.insert(entry(id, place));
        self.changed();
        before
    }

    /// Moves a known point; `false` (and nothing done) for an unknown identity. O(log n).
    pub fn move_to(&mut self, id: T, place: Place) -> bool {
        self.places.contains_key(&id) && self.insert(id, place).is_some()
    }

    /// Takes a point out and returns where it was; `None` for an unknown identity. O(log n + points at the same place).
    pub fn remove(&mut self, id: T) -> Option<Place> {
        let place = self.places.remove(&id)?;
        self.tree.remove(&entry(id, place));
        self.changed();
        Some(place)
    }

    /// Whether so many points moved since the last build that windows have become slow: rebuild when idle.
    pub fn is_worn(&self) -> bool {
        self.changes > self.places.len() / 2 + 1024
    }

    /// Packs the tree afresh. O(n log n).
    pub fn rebuild(&mut self) {
        self.tree = RTree::bulk_load(self.places.iter().map(|(id, place)| entry(*id, *place)).collect());
        self.changes = 0;
    }

    /// The `k` nearest points with their distance in metres, nearest first. About O(k log n).
    pub fn nearest(&self, place: Place, k: usize) -> Vec<(T, f64)> {
        self.search(place, k, f64::INFINITY)
    }

    /// All points within `radius_m` metres with their distance, nearest first.
    pub fn within_m(&self, place: Place, radius_m: f64) -> Vec<(T, f64)> {
        self.search(place, usize::MAX, radius_m)
    }

    /// Calls `visit` for each point in the box (edges included, degrees, west ≤ east). In no particular order.
    pub fn in_box(&self, west: f64, south: f64, east: f64, north: f64, mut visit: impl FnMut(T, Place)) {
        if west <= east && south <= north {
            let window = AABB::from_corners([west, south], [east, north]);
            visit_box(self.tree.root(), &window, &mut |e| visit(e.data, place_of(e)));
        }
    }

    /// Every point, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (T, Place)> + '_ {
        self.places.iter().map(|(id, place)| (*id, *place))
    }

    fn changed(&mut self) {
        self.changes += 1;
        if self.changes > self.places.len() * 4 + 4096 && self.places.len() <= SELF_REBUILD_LEN {
            self.rebuild();
        }
    }

    /// Best first: boxes wait with a bound from below on their distance, points with their distance; a point that comes
    /// out before every box is nearer than all that is left.
    fn search(&self, place: Place, k: usize, radius_m: f64) -> Vec<(T, f64)> {
        let mut found = Vec::new();
        if k == 0 || self.is_empty() || radius_m.is_nan() {
            return found;
        }
        let frame = LocalFrame::at(place);
        let mut heap = BinaryHeap::with_capacity(64);
        heap.push(Waiting { least_m: 0.0, what: What::Box(self.tree.root()) });
        while let Some(next) = heap.pop() {
            match next.what {
                What::Point(id) => {
                    found.push((id, next.least_m));
                    if found.len() >= k {
                        break;
                    }
                }
                What::Box(node) => {
                    for child in node.children() {
                        let waiting = match child {
                            RTreeNode::Leaf(e) => Waiting { least_m: frame.distance_m(place_of(e)), what: What::Point(e.data) },
                            RTreeNode::Parent(inner) => {
                                let b = inner.envelope();
                                Waiting { least_m: frame.box_bound_m(b.lower(), b.upper()), what: What::Box(inner) }
                            }
                        };
                        if waiting.least_m <= radius_m {
                            heap.push(waiting);
                        }
                    }
                }
            }
        }
        found
    }
}

fn entry<T>(id: T, place: Place) -> Entry<T> {
    Entry::new([place.lon, place.lat], id)
}

fn place_of<T>(e: &Entry<T>) -> Place {
    let [lon, lat] = *e.geom();
    Place { lon, lat }
}

/// Internal iteration; below a box that is wholly inside nothing is tested any more.
fn visit_box<T>(node: &ParentNode<Entry<T>>, window: &AABB<[f64; 2]>, visit: &mut impl FnMut(&Entry<T>)) {
    for child in node.children() {
        match child {
            RTreeNode::Leaf(e) => {
                if window.contains_point(e.geom()) {
                    visit(e);
                }
            }
            RTreeNode::Parent(inner) => {
                let envelope = inner.envelope();
                if window.contains_envelope(&envelope) {
                    visit_all(inner, visit);
                } else if window.intersects(&envelope) {
                    visit_box(inner, window, visit);
                }
            }
        }
    }
}

fn visit_all<T>(node: &ParentNode<Entry<T>>, visit: &mut impl FnMut(&Entry<T>)) {
    for child in node.children() {
        match child {
            RTreeNode::Leaf(e) => visit(e),
            RTreeNode::Parent(inner) => visit_all(inner, visit),
        }
    }
}

enum What<'a, T> {
    Box(&'a ParentNode<Entry<T>>),
    Point(T),
}

struct Waiting<'a, T> {
    least_m: f64,
    what: What<'a, T>,
}

impl<T> PartialEq for Waiting<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl<T> Eq for Waiting<'_, T> {}
impl<T> PartialOrd for Waiting<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Waiting<'_, T> {
    /// The least distance is the greatest, because the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.least_m.total_cmp(&self.least_m)
    }
}

/// Identities are small integers that the store gave out: one multiplication spreads them, and nobody outside chooses them.
#[derive(Default, Clone, Copy, Debug)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The table takes its bucket from the low bits and its tag from the high ones: both need the mixture.
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value as u64);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance_m;
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let anywhere = (-180.0..180.0f64, -90.0..90.0f64);
        let north = (10.0..10.2f64, 59.9..60.1f64);
        let seam = (prop_oneof![179.9..180.0f64, -180.0..-179.9f64], -1.0..1.0f64);
        prop::collection::vec(prop_oneof![anywhere, north, seam], 1..120)
            .prop_map(|v| v.into_iter().map(|(lon, lat)| Place { lon, lat }).collect())
    }

    proptest! {
        #[test]
        fn nearest_and_within_agree_with_all_distances(points in places(), lon in prop_oneof![Just(10.1), Just(179.99), -180.0..180.0f64], lat in prop_oneof![Just(60.0), Just(0.1), -90.0..90.0f64], k in 1usize..12) {
            let index = PointIndex::bulk_load(points.iter().copied().enumerate());
            let here = Place { lon, lat };
            let mut all: Vec<f64> = points.iter().map(|p| distance_m(here, *p)).collect();
            all.sort_by(f64::total_cmp);
            let found: Vec<f64> = index.nearest(here, k).into_iter().map(|(_, d)| d).collect();
            prop_assert_eq!(&found[..], &all[..k.min(all.len())]);
            let radius_m = all[all.len() / 2];
            prop_assert_eq!(index.within_m(here, radius_m).len(), all.iter().filter(|d| **d <= radius_m).count());
        }

        #[test]
        fn moves_and_removals_leave_the_right_points(points in places(), steps in prop::collection::vec((0usize..150, -180.0..180.0f64, -90.0..90.0f64, 0u8..3), 0..200)) {
            let mut index = PointIndex::bulk_load(points.iter().copied().enumerate());
            let mut plain: HashMap<usize, Place> = points.iter().copied().enumerate().collect();
            for (id, lon, lat, what) in steps {
                let place = Place { lon, lat };
                match what {
                    0 => prop_assert_eq!(index.remove(id), plain.remove(&id)),
                    1 => prop_assert_eq!(index.insert(id, place), plain.insert(id, place)),
                    _ => {
                        let known = plain.contains_key(&id);
                        prop_assert_eq!(index.move_to(id, place), known);
                        if known { plain.insert(id, place); }
                    }
                }
            }
            prop_assert_eq!(index.len(), plain.len());
            let mut inside = Vec::new();
            index.in_box(-90.0, -45.0, 180.0, 60.0, |id, place| inside.push((id, place)));
            inside.sort_by_key(|(id, _)| *id);
            let mut wanted: Vec<_> = plain.into_iter()
                .filter(|(_, p)| p.lon >= -90.0 && (-45.0..=60.0).contains(&p.lat)).collect();
            wanted.sort_by_key(|(id, _)| *id);
            prop_assert_eq!(inside, wanted);
        }
    }

    #[test]
    fn at_sixty_degrees_metres_decide_and_not_degrees() {
        // 0.0015° east is 84 m there, 0.001° north is 111 m: degrees would choose the wrong one.
        let index = PointIndex::bulk_load([('e', Place { lon: 10.0015, lat: 60.0 }), ('n', Place { lon: 10.0, lat: 60.001 })]);
        let order: Vec<char> = index.nearest(Place { lon: 10.0, lat: 60.0 }, 2).into_iter().map(|(id, _)| id).collect();
        assert_eq!(order, ['e', 'n']);
    }
}
