//! The promises of the demonstration district.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use wall_core::{GridPoint, Place};

const NOW: UtcMs = UtcMs(1_795_000_000_000);

fn district() -> &'static District {
    static DISTRICT: OnceLock<District> = OnceLock::new();
    DISTRICT.get_or_init(|| District::generate(DEFAULT_SEED))
}

fn twice_area(ring: &[GridPoint]) -> i128 {
    (0..ring.len())
        .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
        .map(|(a, b)| i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y))
        .sum()
}

fn holds(ring: &[GridPoint], p: Place) -> bool {
    let q = GridPoint::nearest(p);
    let mut odd = false;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        if (a.y > q.y) != (b.y > q.y) {
            let side = i128::from(b.x - a.x) * i128::from(q.y - a.y) - i128::from(b.y - a.y) * i128::from(q.x - a.x);
            if (side > 0) == (b.y > a.y) {
                odd = !odd;
            }
        }
    }
    odd
}

fn cell_at(d: &District, p: Place) -> Option<&CellRecord> {
    d.cells.iter().find(|c| holds(&c.geometry.polygons[0].outer, p))
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fa = write_district(a.path(), DEFAULT_SEED, NOW).unwrap();
    let fb = write_district(b.path(), DEFAULT_SEED, NOW).unwrap();
    for (x, y) in [
        (&fa.cells, &fb.cells),
        (&fa.owners, &fb.owners),
        (&fa.staff, &fb.staff),
        (&fa.cameras, &fb.cameras),
        (&fa.sites, &fb.sites),
        (&fa.buildings, &fb.buildings),
        (&fa.streets, &fb.streets),
        (&fa.categories, &fb.categories),
        (&fa.tickets, &fb.tickets),
    ] {
        let (x, y) = (std::fs::read(x).unwrap(), std::fs::read(y).unwrap());
        assert!(!x.is_empty());
        assert!(x == y);
    }
}

/// Every edge inside the district belongs to two cells, once in each direction, and the edges of only one cell make
/// one closed border; the areas add up to what that border encloses. So there is neither gap nor overlap.
fn check_partition(d: &District) {
    let mut directed: BTreeSet<(GridPoint, GridPoint)> = BTreeSet::new();
    let mut sum = 0;
    for c in &d.cells {
        let ring = &c.geometry.polygons[0].outer;
        assert!(ring.len() >= 3);
        let area = twice_area(ring);
        assert!(area > 0, "{} is not counter-clockwise", c.code);
        sum += area;
        for i in 0..ring.len() {
            assert!(directed.insert((ring[i], ring[(i + 1) % ring.len()])), "an edge of {} has two cells on its left", c.code);
        }
    }
    let mut border: BTreeMap<GridPoint, GridPoint> = BTreeMap::new();
    for &(a, b) in &directed {
        if !directed.contains(&(b, a)) {
            assert!(border.insert(a, b).is_none(), "the border touches itself");
        }
    }
    let start = *border.keys().next().unwrap();
    let mut ring = vec![start];
    let mut at = border.remove(&start).unwrap();
    while at != start {
        ring.push(at);
        at = border.remove(&at).unwrap();
    }
    assert!(border.is_empty(), "the border is more than one ring: there is a hole or an island");
    assert_eq!(twice_area(&ring), sum);
}

#[test]
fn cells_cover_the_district_exactly() {
    let d = district();
    check_partition(d);
    assert!((54..=68).contains(&d.cells.len()), "{} cells", d.cells.len());
    let m2: f64 = d.layout.cells.iter().map(|c| plane::area(&d.layout.graph.points(&c.ring))).sum();
    assert!((5.4e6..6.8e6).contains(&m2), "{m2} m²");
    for seed in [1, 2, 3] {
        check_partition(&District::generate(seed));
    }
}
