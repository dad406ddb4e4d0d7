//! What stands on the blocks: buildings with households, key sites, cameras.

use super::dice::Dice;
use super::graph::long_axis;
use super::layout::{Class, Layout, Theme};
use super::plane::{Pt, bounds, centroid, edges, inner_point, inset, line_distance, nearest_on, pt, spans};

/// One building.
#[derive(Clone, Debug)]
pub(super) struct Building {
    /// Footprint, counter-clockwise.
    pub(super) ring: Vec<Pt>,
    pub(super) block: usize,
    pub(super) cell: Option<usize>,
    /// residential, shop, office, school, hospital, mall, factory.
    pub(super) kind: &'static str,
    pub(super) floors: u32,
    pub(super) households: u32,
    pub(super) population: u32,
    /// Number inside its estate or along its street: 6幢.
    pub(super) name: String,
}

/// A key site (重点部位).
#[derive(Clone, Debug)]
pub(super) struct KeySite {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) at: Pt,
    pub(super) hours: &'static str,
    pub(super) hazards: &'static str,
}

/// A camera at a crossing or a site.
#[derive(Clone, Debug)]
pub(super) struct Eye {
    pub(super) name: String,
    pub(super) at: Pt,
    pub(super) dome: bool,
    pub(super) heading_deg: u32,
    pub(super) fov_deg: u32,
    pub(super) range_m: u32,
    pub(super) online: bool,
}

/// How a block is filled: depth and length of a building, gaps, floors.
struct Pattern {
    kind: &'static str,
    depth: f64,
    length: (f64, f64),
    gap: f64,
    row: f64,
    floors: (i64, i64),
    /// Share of the plots that are left open.
    open: f64,
}

fn pattern(theme: Theme, dice: &mut Dice) -> Option<Pattern> {
    let p = |kind, depth, length, gap, row, floors, open| Some(Pattern { kind, depth, length, gap, row, floors, open });
    match theme {
        Theme::OldTown => p("residential", 9.5, (14.0, 30.0), 4.0, 17.0, (2, 4), 0.08),
        Theme::Slabs => p("residential", 12.5, (34.0, 62.0), 9.0, 29.0 + dice.range(-2.0, 4.0), (5, 7), 0.07),
        Theme::Towers => p("residential", 18.0, (24.0, 36.0), 20.0, 46.0 + dice.range(-4.0, 6.0), (15, 28), 0.1),
        Theme::Commercial => p("office", 24.0, (30.0, 58.0), 14.0, 42.0, (4, 16), 0.12),
        Theme::Office => p("office", 24.0, (36.0, 70.0), 20.0, 52.0, (5, 14), 0.12),
        Theme::Industry => p("factory", 34.0, (50.0, 96.0), 14.0, 52.0, (1, 3), 0.1),
        Theme::School => p("school", 15.0, (48.0, 78.0), 18.0, 44.0, (3, 5), 0.2),
        Theme::Hospital => p("hospital", 22.0, (44.0, 74.0), 18.0, 50.0, (4, 14), 0.15),
        Theme::Mall => p("mall", 42.0, (46.0, 96.0), 14.0, 58.0, (4, 6), 0.0),
        Theme::Park | Theme::Green => None,
    }
}

/// The part of a block on which may be built, with shops along its larger streets already taken off.
fn plot(layout: &Layout, face: usize, shop_depth: f64) -> Option<Vec<Pt>> {
    let nodes = &layout.graph.faces[face];
    let class = |i: usize| {
        layout.graph.line(nodes[i], nodes[(i + 1) % nodes.len()]).map_or(Class::Lane, |w| layout.ways[w as usize].class)
    };
    inset(&layout.graph.face(face), |i| {
        let c = class(i);
        c.margin_m() + if c <= Class::Collector { shop_depth } else { 0.0 }
    })
}

/// Direction closest to east among the block's edges (Chinese slabs look south), turned at most 24°.
fn row_direction(ring: &[Pt]) -> Pt {
    let best = edges(ring)
        .map(|(a, b)| b.minus(a))
        .map(|d| if d.x < 0.0 { d.times(-1.0) } else { d })
        .filter(|d| d.len() > 25.0 && d.y.abs() < 0.45 * d.x)
        .max_by(|a, b| a.len().total_cmp(&b.len()));
    best.unwrap_or(pt(1.0, 0.0)).unit()
}

/// Corners of a rectangle, counter-clockwise.
fn rectangle(at: Pt, along: Pt, length: f64, depth: f64) -> Vec<Pt> {
    let (u, v) = (along.times(length), along.left().times(depth));
    [at, at.plus(u), at.plus(u).plus(v), at.plus(v)].into_iter().map(Pt::snapped).collect()
}

/// All buildings, in the order of the blocks. Households of a cell add up to the cell's number.
pub(super) fn buildings(layout: &Layout, seed: u64) -> Vec<Building> {
    let mut out: Vec<Building> = Vec::new();
    for (b, block) in layout.blocks.iter().enumerate() {
        let mut dice = Dice::new(seed, 1_000 + b as u64);
        let ring = layout.graph.face(block.face);
        let (lo, hi) = bounds(&ring);
        if block.cell.is_none() && (hi.x < -700.0 || lo.x > 3_450.0 || hi.y < -600.0 || lo.y > 3_050.0) {
            continue;
        }
        let near_water =
            line_distance(&layout.river, centroid(&ring)) < 700.0 || line_distance(&layout.canal, centroid(&ring)) < 500.0;
        let dry = |r: &[Pt]| !near_water || !r.iter().any(|p| layout.wet(*p));
        let first = out.len();
        let mut push = |ring: Vec<Pt>, kind, floors| {
            if dry(&ring) {
                out.push(Building {
                    ring,
                    block: b,
                    cell: block.cell,
                    kind,
                    floors: floors as u32,
                    households: 0,
                    population: 0,
                    name: String::new(),
                });
            }
        };
        let shops = matches!(block.theme, Theme::OldTown | Theme::Slabs | Theme::Towers | Theme::Commercial);
        if shops && let Some(front) = plot(layout, block.face, -7.0) {
            street_front(&front, &mut dice, &mut push);
        }
        if let Some(p) = pattern(block.theme, &mut dice) {
            let ground = plot(layout, block.face, if shops { 12.0 } else { 0.0 });
            if let Some(ground) = ground {
                rows(&ground, &p, &mut dice, &mut push);
            }
        }
        if block.theme == Theme::Park && block.cell.is_some() {
            let c = inner_point(&ring);
            for (dx, dy, l, d) in [(-150.0, 95.0, 26.0, 12.0), (160.0, -90.0, 18.0, 14.0), (40.0, 150.0, 14.0, 14.0)] {
                let r = rectangle(c.plus(pt(dx, dy)), pt(1.0, 0.0), l, d);
                if r.iter().all(|p| super::plane::inside(&ring, *p)) {
                    push(r, "pavilion", 1);
                }
            }
        }
        let mut n = 0;
        for building in &mut out[first..] {
            n += 1;
            building.name = format!("{n}幢");
        }
    }
    settle(layout, &mut out, seed);
    out
}

/// Shops along the longer sides of a plot.
fn street_front(front: &[Pt], dice: &mut Dice, push: &mut impl FnMut(Vec<Pt>, &'static str, i64)) {
    for (a, b) in edges(front) {
        let side = b.minus(a);
        if side.len() < 60.0 {
            continue;
        }
        let (dir, mut at) = (side.unit(), 22.0);
        while at < side.len() - 36.0 {
            let l = dice.range(16.0, 44.0).min(side.len() - 20.0 - at);
            if l >= 12.0 && !dice.chance(0.16) {
                push(rectangle(a.plus(dir.times(at)), dir, l, 10.5), "shop", dice.int(1, 3));
            }
            at += l + dice.range(4.0, 9.0);
        }
    }
}

/// Rows of buildings inside a plot, parallel to its most east–west side.
fn rows(ground: &[Pt], p: &Pattern, dice: &mut Dice, push: &mut impl FnMut(Vec<Pt>, &'static str, i64)) {
    let east = if matches!(p.kind, "office" | "mall" | "factory") {
        let a = long_axis(ground);
        if a.x < 0.0 { a.times(-1.0) } else { a }
    } else {
        row_direction(ground)
    };
    let north = east.left();
    let turned: Vec<Pt> = ground.iter().map(|q| pt(q.dot(east), q.dot(north))).collect();
    let back = |x: f64, y: f64| east.times(x).plus(north.times(y));
    let (lo, hi) = bounds(&turned);
    let usable = hi.y - lo.y - p.depth;
    if usable < 0.0 {
        return;
    }
    let count = (usable / p.row).floor();
    let mut y = lo.y + (usable - count * p.row) / 2.0 + 0.001_7;
    while y + p.depth <= hi.y {
        let mut free: Vec<(f64, f64)> = vec![(f64::MIN, f64::MAX)];
        for k in 0..=4 {
            let line = spans(&turned, y + p.depth * f64::from(k) / 4.0);
            free = free
                .iter()
                .flat_map(|f| line.iter().map(move |s| (f.0.max(s.0), f.1.min(s.1))))
                .filter(|s| s.1 - s.0 >= p.length.0)
                .collect();
        }
        for (x0, x1) in free {
            let mut x = x0 + dice.range(0.0, 3.0);
            while x1 - x >= p.length.0 {
                let l = dice.range(p.length.0, p.length.1).min(x1 - x);
                if !dice.chance(p.open) {
                    let floors = dice.int(p.floors.0, p.floors.1);
                    push(rectangle(back(x, y), east, l, p.depth), p.kind, floors);
                }
                x += l + p.gap;
            }
        }
        y += p.row;
    }
}

/// Spreads each cell's households over its residential buildings (else its shops) by floor area.
fn settle(layout: &Layout, buildings: &mut [Building], seed: u64) {
    for (c, cell) in layout.cells.iter().enumerate() {
        if cell.households == 0 {
            continue;
        }
        let mut dice = Dice::new(seed, 50_000 + c as u64);
        let of = |kind: &str| -> Vec<usize> {
            (0..buildings.len()).filter(|&i| buildings[i].cell == Some(c) && buildings[i].kind == kind).collect()
        };
        let mut homes = of("residential");
        if homes.is_empty() {
            homes = of("shop");
        }
        let weight: Vec<f64> =
            homes.iter().map(|&i| super::plane::area(&buildings[i].ring) * f64::from(buildings[i].floors)).collect();
        let total: f64 = weight.iter().sum();
        let (mut given, mut sum) = (0u32, 0.0);
        for (&i, w) in homes.iter().zip(&weight) {
            sum += w;
            let upto = (f64::from(cell.households) * sum / total).round() as u32;
            let households = upto.min(cell.households) - given;
            given += households;
            buildings[i].households = households;
            buildings[i].population = (f64::from(households) * dice.range(2.2, 2.9)).round() as u32;
        }
    }
}

/// The key sites, each at a fixed kind of place.
pub(super) fn sites(layout: &Layout) -> Vec<KeySite> {
    let mut out = Vec::new();
    for cell in &layout.cells {
        let (kind, hours, hazards) = match cell.theme {
            Theme::School => ("school", "周一至周五 07:00-18:00", "上下学时段人流密集"),
            Theme::Hospital => ("hospital", "全天", "医用气体、危化品库"),
            Theme::Mall => ("mall", "10:00-22:00", "人员密集、餐饮燃气"),
            Theme::Park => ("park", "06:00-22:00", "临水区域"),
            Theme::Office => ("industrial_park", "08:00-20:00", "实验室危化品"),
            _ => continue,
        };
        out.push(KeySite { name: cell.name.clone(), kind, at: inner_point(&layout.graph.points(&cell.ring)), hours, hazards });
    }
    for (name, kind, x, y, hours, hazards) in [
        ("地铁文澜路站", "metro_station", 1520.0, 1215.0, "05:50-23:20", "大客流"),
        ("地铁澄湾大道站", "metro_station", 575.0, 1195.0, "05:50-23:20", "大客流"),
        ("栖塘农贸市场", "market", 1290.0, 1330.0, "05:00-19:00", "用电负荷大、通道易堵"),
        ("澄湾街道办事处", "government", 860.0, 620.0, "周一至周五 08:30-17:30", ""),
        ("澄湾派出所", "police", 1010.0, 560.0, "全天", ""),
        ("芦汀燃气供应站", "gas_depot", 2440.0, 200.0, "07:00-20:00", "液化石油气"),
        ("栖塘消防救援站", "fire_station", 2180.0, 2180.0, "全天", ""),
        ("鹭洲公交首末站", "bus_station", 190.0, 330.0, "05:30-22:30", "车辆进出频繁"),
        ("望澜加油站", "fuel_station", 2640.0, 1330.0, "全天", "成品油"),
        ("文澜路农商银行", "bank", 1770.0, 1130.0, "09:00-17:00", ""),
        ("澄湖养老院", "nursing_home", 700.0, 2230.0, "全天", "失能老人多"),
        ("鹭洲幼儿园", "school", 420.0, 420.0, "周一至周五 07:30-17:30", "接送时段拥堵"),
        ("望澜泵站", "pumping_station", 2350.0, 1720.0, "全天", "汛期重点"),
        ("澄湾变电站", "substation", 330.0, 2180.0, "全天", "高压设备"),
    ] {
        out.push(KeySite { name: name.to_owned(), kind, at: pt(x, y), hours, hazards });
    }
    out
}

/// Forty cameras: at the crossings of larger streets, spread out, and at the busiest sites.
pub(super) fn cameras(layout: &Layout, sites: &[KeySite], seed: u64) -> Vec<Eye> {
    let mut dice = Dice::new(seed, 4);
    let g = &layout.graph;
    let rings: Vec<Vec<Pt>> = layout.cells.iter().map(|c| g.points(&c.ring)).collect();
    let mut crossings: Vec<(Class, Pt, String, Vec<Pt>)> = Vec::new();
    let mut around: std::collections::BTreeMap<u32, Vec<(u32, u32)>> = std::collections::BTreeMap::new();
    for (a, b, w) in g.edges() {
        if layout.ways[w as usize].class <= Class::Collector {
            around.entry(a).or_default().push((b, w));
            around.entry(b).or_default().push((a, w));
        }
    }
    for (n, to) in &around {
        let at = g.nodes[*n as usize];
        let mut ways: Vec<u32> = to.iter().map(|t| t.1).collect();
        ways.sort_unstable();
        ways.dedup();
        // The corner of the crossing on which it hangs: inside the district, also where the crossing is on its border.
        let corner = [pt(9.0, 8.0), pt(-9.0, 8.0), pt(-9.0, -8.0), pt(9.0, -8.0)]
            .into_iter()
            .map(|d| at.plus(d).snapped())
            .find(|p| rings.iter().any(|r| super::plane::inside(r, *p)));
        if let Some(corner) = corner.filter(|_| ways.len() >= 2 && !layout.wet(at)) {
            let name = format!("{}/{}路口", layout.ways[ways[0] as usize].name, layout.ways[ways[1] as usize].name);
            let class = layout.ways[ways[1] as usize].class;
            let arms = to.iter().map(|t| g.nodes[t.0 as usize].minus(at)).collect();
            crossings.push((class, corner, name, arms));
        }
    }
    dice.shuffle(&mut crossings);
    crossings.sort_by_key(|c| c.0);
    let mut out: Vec<Eye> = Vec::new();
    for site in
        sites.iter().filter(|s| matches!(s.kind, "metro_station" | "market" | "mall" | "school" | "hospital" | "gas_depot"))
    {
        let at = site.at.plus(pt(dice.range(-18.0, 18.0), dice.range(-18.0, 18.0))).snapped();
        out.push(Eye {
            name: format!("{}出入口", site.name),
            at,
            dome: true,
            heading_deg: 5 * dice.below(72) as u32,
            fov_deg: 90,
            range_m: 60,
            online: true,
        });
    }
    for apart in [240.0, 150.0, 70.0] {
        for (_, at, name, arms) in &crossings {
            if out.len() >= 40 {
                break;
            }
            if out.iter().all(|e| e.at.dist(*at) > apart) {
                let arm = *dice.pick(arms);
                let dome = dice.chance(0.4);
                out.push(Eye {
                    name: name.clone(),
                    at: *at,
                    dome,
                    heading_deg: heading(arm),
                    fov_deg: if dome { 90 } else { *dice.pick(&[55, 65, 75]) },
                    range_m: *dice.pick(&[60, 80, 100, 120]),
                    online: true,
                });
            }
        }
    }
    for i in [7, 23, 31] {
        if let Some(eye) = out.get_mut(i) {
            eye.online = false;
        }
    }
    out
}

/// Clockwise from north, the nearest multiple of 5°, by turning a vector step by step.
fn heading(d: Pt) -> u32 {
    const COS_5: f64 = 0.996_194_698_091_745_5;
    const SIN_5: f64 = 0.087_155_742_747_658_17;
    let (mut v, mut best) = (pt(0.0, 1.0), (f64::MIN, 0));
    for k in 0..72 {
        let c = v.dot(d);
        if c > best.0 {
            best = (c, 5 * k);
        }
        v = pt(v.x * COS_5 + v.y * SIN_5, v.y * COS_5 - v.x * SIN_5);
    }
    best.1
}

/// The street nearest to a point (lanes count a little less), with the house number there.
pub(super) fn address_of(layout: &Layout, p: Pt) -> String {
    let mut best = (f64::MAX, 0, 0.0);
    for (i, s) in layout.streets.iter().enumerate() {
        let mut walked = 0.0;
        let (lo, hi) = s.extent;
        let gap = pt((lo.x - p.x).max(p.x - hi.x).max(0.0), (lo.y - p.y).max(p.y - hi.y).max(0.0));
        if gap.x.max(gap.y) > best.0 {
            continue;
        }
        for w in s.line.windows(2) {
            let q = nearest_on(w[0], w[1], p);
            let d = q.dist(p) + if s.class == Class::Lane { 6.0 } else { 0.0 };
            if d < best.0 {
                best = (d, i, walked + q.dist(w[0]));
            }
            walked += w[0].dist(w[1]);
        }
    }
    let n = (best.2 / 7.0) as u32 * 2 + 2;
    let name = layout.streets.get(best.1).map_or("", |s| s.name.as_str());
    if name.ends_with('弄') { format!("{name}{}号", n / 6 + 1) } else { format!("{name}{n}号") }
}
