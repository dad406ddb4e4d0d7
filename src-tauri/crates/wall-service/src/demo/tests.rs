//! The promises of the demonstration district.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use wall_core::{CellKind, GridPoint, Place, TicketStatus};

/// 2026-11-18 19:33 in the district.
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
    let fa = district().write(a.path(), NOW).unwrap();
    let fb = write_district(b.path(), DEFAULT_SEED, NOW).unwrap();
    for (x, y) in [
        (&fa.cells, &fb.cells),
        (&fa.beats, &fb.beats),
        (&fa.owners, &fb.owners),
        (&fa.staff, &fb.staff),
        (&fa.cameras, &fb.cameras),
        (&fa.sites, &fb.sites),
        (&fa.buildings, &fb.buildings),
        (&fa.streets, &fb.streets),
        (&fa.categories, &fb.categories),
        (&fa.tickets, &fb.tickets),
        (&fa.base_map, &fb.base_map),
    ] {
        let name = x.file_name();
        let (x, y) = (std::fs::read(x).unwrap(), std::fs::read(y).unwrap());
        assert!(x.len() > 500 && x == y, "{name:?}");
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
    for seed in [1, 2] {
        let layout = Layout::draw(seed);
        let (cells, drawn) = cells(&layout);
        check_partition(&District { cells, drawn, layout, ..d.clone() });
    }
}

#[test]
fn codes_households_and_owners_are_plausible() {
    let d = district();
    let mut codes = BTreeSet::new();
    let (mut dedicated, mut unowned) = (0, 0);
    for c in &d.cells {
        assert!(c.code.len() == 15 && c.code.starts_with(&c.community_code) && c.code.starts_with("990101001"));
        assert!(codes.insert(c.code.clone()), "{} twice", c.code);
        let outer = &c.geometry.polygons[0].outer;
        let homes: u32 = d.buildings.iter().filter(|b| holds(outer, b.place)).map(|b| b.households.unwrap()).sum();
        assert_eq!(Some(homes), c.households, "{}", c.code);
        match c.kind {
            CellKind::Basic => assert!((300..=500).contains(&homes), "{} has {homes}", c.code),
            CellKind::Dedicated => dedicated += 1,
        }
        let roles: Vec<&str> = d.owners.iter().filter(|o| o.cell_code == c.code).map(|o| o.role.code()).collect();
        unowned += usize::from(roles.is_empty());
        assert!(roles.is_empty() || ["leader", "police", "unit"].iter().all(|r| roles.contains(r)), "{roles:?}");
    }
    assert_eq!(dedicated, 6);
    assert!((2..=3).contains(&unowned));
    assert!((80..=100).contains(&d.staff.len()), "{} staff", d.staff.len());
    assert_eq!(d.cameras.len(), 40);
    assert!(d.cameras.iter().all(|c| c.external_id.len() == 20 && c.external_id.bytes().all(|b| b.is_ascii_digit())));
    // Neighbouring blocks of numbers: the first cell of a community lies north of its last.
    let y = |c: &CellRecord| c.geometry.bounds().unwrap().1.y;
    for n in 1..=4 {
        let of: Vec<&CellRecord> = d.cells.iter().filter(|c| c.community_code == community_code(n)).collect();
        assert!(of.len() >= 10 && y(of[0]) > y(of[of.len() - 1]));
    }
}

#[test]
fn everything_lies_inside_its_cell() {
    let d = district();
    for (place, what) in d
        .cameras
        .iter()
        .map(|c| (c.place, &c.name))
        .chain(d.sites.iter().map(|s| (s.place, &s.name)))
        .chain(d.buildings.iter().map(|b| (b.place, &b.name)))
    {
        assert!(cell_at(d, place).is_some(), "{what}");
    }
    for t in d.tickets(NOW) {
        let cell = cell_at(d, t.place.unwrap()).unwrap_or_else(|| panic!("{} is outside", t.external_id));
        assert_eq!(cell.community_code, t.community_code, "{}", t.external_id);
    }
}

#[test]
fn a_week_of_tickets_reads_like_a_week() {
    let d = district();
    let week = d.tickets(NOW);
    assert!((8_000..=14_000).contains(&week.len()), "{} tickets", week.len());
    let known: BTreeSet<&str> = d.categories.iter().map(|c| c.code.as_str()).collect();
    let mut ids = BTreeSet::new();
    for t in &week {
        assert!(ids.insert(&t.external_id));
        assert!(known.contains(t.category.as_str()));
        let reported = t.reported_at.unwrap();
        assert!(reported <= NOW && reported > NOW.plus_ms(-7 * 24 * HOUR_MS));
        assert!(t.closed_at.is_none_or(|c| c > reported && c <= NOW));
        assert_eq!(t.closed_at.is_some(), t.status.unwrap().is_final(), "{}", t.external_id);
        for text in [&t.title, &t.description, &t.address] {
            assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
        }
    }
    let open = week.iter().filter(|t| t.closed_at.is_none()).count();
    let late = week.iter().filter(|t| t.closed_at.unwrap_or(NOW) > t.due_at.unwrap()).count();
    assert!((120..=330).contains(&open), "{open} open");
    assert!(late > week.len() / 50 && late < week.len() / 5, "{late} late");
    let titles: BTreeSet<&String> = week.iter().map(|t| &t.title).collect();
    assert!(titles.len() > week.len() / 2, "{} titles", titles.len());
    // Drains rise on the rainy afternoon far above another day's.
    let mut drains: BTreeMap<i64, usize> = BTreeMap::new();
    for t in week.iter().filter(|t| t.category == "D101") {
        *drains.entry((t.reported_at.unwrap().0 + stories::ZONE_MS).div_euclid(24 * HOUR_MS)).or_default() += 1;
    }
    let (most, least) = (drains.values().max().unwrap(), drains.values().min().unwrap());
    assert!(*most > 40 && *least < 25, "{drains:?}");
    // A later look tells the same stories, further along.
    let later = d.tickets(NOW.plus_ms(HOUR_MS));
    let same = later.iter().find(|t| t.external_id == week[1000].external_id).unwrap();
    assert_eq!((&same.title, same.reported_at), (&week[1000].title, week[1000].reported_at));
}

#[test]
fn the_feed_goes_on_where_the_week_ends_with_legal_moves() {
    let d = district();
    let mut live = LiveCity::new(d, NOW);
    let mut status: BTreeMap<String, TicketStatus> =
        d.tickets(NOW).into_iter().map(|t| (t.external_id, t.status.unwrap())).collect();
    let (mut new, mut positions, mut at) = (0, 0, NOW);
    let end = NOW.plus_ms(14 * HOUR_MS);
    let mut open = Vec::new();
    while at < end {
        let from = at;
        at = at.plus_ms(97_000).min(end);
        let events = live.step(at);
        assert!(events.windows(2).all(|w| w[0].at() <= w[1].at()));
        for e in events {
            assert!(e.at() > from && e.at() <= at);
            match e {
                DemoEvent::Ticket(t) => {
                    new += 1;
                    assert!(status.insert(t.external_id, TicketStatus::Received).is_none());
                    assert!(cell_at(d, t.place.unwrap()).is_some());
                }
                DemoEvent::Move { external_id, to, .. } => {
                    let now = status.get_mut(&external_id).expect("a move of a known ticket");
                    assert!(now.legal_next().contains(&to), "{external_id}: {now:?} to {to:?}");
                    *now = to;
                }
                DemoEvent::Position(p) => {
                    positions += 1;
                    assert!(d.staff.iter().any(|s| s.external_id == p.staff));
                }
            }
        }
        open.push(status.values().filter(|s| !s.is_final()).count());
    }
    assert!(live.step(at).is_empty() && live.step(NOW).is_empty());
    assert!(new > 400 && positions > 10_000, "{new} tickets, {positions} positions");
    assert!(open.iter().all(|n| (100..=360).contains(n)), "{:?} … {:?}", open.iter().min(), open.iter().max());
    // The store then holds what the past of that later moment says, as far as that past tells it.
    for t in d.tickets(end) {
        if let Some(s) = status.get(&t.external_id) {
            assert_eq!(Some(*s), t.status, "{}", t.external_id);
        }
    }
}

#[test]
fn a_feed_that_slept_catches_up() {
    let d = district();
    let open: Vec<(String, TicketStatus)> =
        d.tickets(NOW).into_iter().map(|t| (t.external_id, t.status.unwrap())).filter(|(_, s)| !s.is_final()).collect();
    let tomorrow = NOW.plus_ms(30 * 24 * HOUR_MS);
    let live = LiveCity::new(d, tomorrow);
    let mut status: BTreeMap<&str, TicketStatus> = open.iter().map(|(id, s)| (id.as_str(), *s)).collect();
    for e in live.catch_up(open.iter().map(|(id, s)| (id.as_str(), *s)).chain([("strange", TicketStatus::Filed)]), tomorrow) {
        let DemoEvent::Move { external_id, to, .. } = e else { panic!("only moves") };
        let now = status.get_mut(external_id.as_str()).unwrap();
        assert!(now.legal_next().contains(&to));
        *now = to;
    }
    assert!(status.values().all(|s| s.is_final()), "{:?}", status.iter().find(|(_, s)| !s.is_final()));
}

#[test]
fn steps_of_any_length_tell_the_same_tickets() {
    let d = district();
    let tell = |step_ms: i64| {
        let mut live = LiveCity::new(d, NOW);
        let mut out: Vec<String> = Vec::new();
        let mut at = NOW;
        while at < NOW.plus_ms(HOUR_MS) {
            at = at.plus_ms(step_ms).min(NOW.plus_ms(HOUR_MS));
            out.extend(live.step(at).into_iter().filter(|e| !matches!(e, DemoEvent::Position(_))).map(|e| format!("{e:?}")));
        }
        out.sort();
        out
    };
    assert_eq!(tell(1_000), tell(600_000));
}

#[test]
fn people_on_duty_walk_inside_the_district() {
    let d = district();
    let rings: Vec<Vec<plane::Pt>> = d.layout.cells.iter().map(|c| d.layout.graph.points(&c.ring)).collect();
    // A Wednesday morning: nearly everybody is out.
    let morning = UtcMs(1_795_000_000_000 - 9 * HOUR_MS);
    let mut live = LiveCity::new(d, morning);
    let mut last: BTreeMap<String, Place> = BTreeMap::new();
    for k in 1..=60 {
        for e in live.step(morning.plus_ms(k * 10_000)) {
            let DemoEvent::Position(p) = e else { continue };
            if let Some(before) = last.insert(p.staff.clone(), p.place) {
                let (dx, dy) = ((p.place.lon - before.lon) * 95_203.0, (p.place.lat - before.lat) * 110_874.0);
                assert!((dx * dx + dy * dy).sqrt() < 30.0, "{} jumped", p.staff);
            }
        }
    }
    assert!(last.len() > 40, "{} people", last.len());
    for p in last.values() {
        let q = GridPoint::nearest(*p);
        let near = d.cells.iter().any(|c| holds(&c.geometry.polygons[0].outer, *p))
            || rings.iter().flatten().any(|v| {
                let g = v.grid();
                (g.x - q.x).abs() < 4_000_000 && (g.y - q.y).abs() < 4_000_000
            });
        assert!(near, "{p:?}");
    }
}

#[test]
fn the_base_map_has_its_layers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("basemap.pmtiles");
    district().write_base_map(&path).unwrap();
    let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let map = rt.block_on(crate::basemap::BaseMapFile::open(&path)).unwrap();
    assert_eq!((map.info().min_zoom, map.info().max_zoom), (10, 16));
    assert!(!map.info().attribution.is_empty());
    for layer in ["earth", "landuse", "water", "roads", "buildings", "places", "pois"] {
        assert!(map.info().layers.iter().any(|l| l == layer), "{layer}");
    }
    // z16 tile of the river bend, 120.617 E 31.299 N.
    let tile = rt.block_on(map.tile(16, 54_725, 26_763)).unwrap().expect("a tile in the middle");
    for word in [&b"water"[..], b"roads", b"buildings", "澜溪河".as_bytes()] {
        assert!(tile.windows(word.len()).any(|w| w == word), "{}", String::from_utf8_lossy(word));
    }
    assert!(rt.block_on(map.tile(16, 1, 1)).unwrap().is_none());
}

#[test]
fn beats_cover_the_ground_of_the_cells() {
    let d = district();
    assert!((5..=9).contains(&d.beats.len()), "{} beats", d.beats.len());
    let area = |list: &[CellRecord]| -> i128 {
        let rings = list
            .iter()
            .flat_map(|c| c.geometry.polygons.iter())
            .flat_map(|p| std::iter::once(twice_area(&p.outer).abs()).chain(p.holes.iter().map(|h| -twice_area(h).abs())));
        rings.sum()
    };
    // The two cuts are rounded to the grid where they meet borders.
    let (cells, beats) = (area(&d.cells), area(&d.beats));
    assert!((cells - beats).abs() * 1_000_000_000 < cells, "{cells} {beats}");
    let codes: BTreeSet<&str> = d.beats.iter().map(|b| b.code.as_str()).collect();
    assert_eq!(codes.len(), d.beats.len());
    // Some borders of beats run through cells: there is something to plan.
    let places: Vec<Place> = d.buildings.iter().map(|b| b.place).collect();
    let pairs: BTreeSet<(&str, &str)> = places
        .iter()
        .filter_map(|p| {
            let beat = d.beats.iter().find(|b| holds(&b.geometry.polygons[0].outer, *p))?;
            Some((cell_at(d, *p)?.code.as_str(), beat.code.as_str()))
        })
        .collect();
    let cells: BTreeSet<&str> = pairs.iter().map(|p| p.0).collect();
    assert!(pairs.len() > cells.len(), "no cell lies in two beats");
}
