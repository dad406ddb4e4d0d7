//! The ground plan: river, canal and arterials drawn by hand, everything smaller divided by chance; cells and
//! blocks are faces of one street graph.

use super::dice::Dice;
use super::graph::{Graph, Node};
use super::names;
use super::plane::{Pt, area, bounds, centroid, inner_point, inside, line_distance, offset, pt, smooth};
use super::skeleton::{frame, skeleton};
use wall_core::CellKind;

/// How important a way is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Class {
    /// 主干路
    Arterial,
    /// 次干路、支路
    Collector,
    /// 弄、巷
    Lane,
    /// The middle of a river or canal, and the border of the drawing: divides faces, carries nobody.
    Border,
}

impl Class {
    /// The word in `streets.geojson`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Arterial => "arterial",
            Self::Collector => "street",
            Self::Lane => "lane",
            Self::Border => "border",
        }
    }

    /// Half the width between building fronts and the middle of the way, m.
    pub(super) fn margin_m(self) -> f64 {
        match self {
            Self::Arterial => 24.0,
            Self::Collector => 14.0,
            Self::Lane => 8.0,
            Self::Border => 12.0,
        }
    }
}

/// A named line of the graph.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) class: Class,
    pub(super) name: String,
}

/// What a block is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Theme {
    OldTown,
    Slabs,
    Towers,
    Commercial,
    Office,
    Industry,
    School,
    Hospital,
    Mall,
    Park,
    Green,
}

impl Theme {
    /// The kind in the base map's `landuse` layer.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::OldTown | Self::Slabs | Self::Towers => "residential",
            Self::Commercial | Self::Mall => "commercial",
            Self::Office | Self::Industry => "industrial",
            Self::School => "school",
            Self::Hospital => "hospital",
            Self::Park => "park",
            Self::Green => "grass",
        }
    }
}

/// A cell before it has a code.
#[derive(Clone, Debug)]
pub(super) struct CellPlan {
    /// Outer ring, counter-clockwise, with every vertex either neighbour has.
    pub(super) ring: Vec<Node>,
    pub(super) blocks: Vec<usize>,
    pub(super) community: usize,
    pub(super) kind: CellKind,
    /// Name of the estate or institution.
    pub(super) name: String,
    pub(super) households: u32,
    pub(super) theme: Theme,
}

/// A block: one face of the finished graph.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) face: usize,
    pub(super) cell: Option<usize>,
    pub(super) theme: Theme,
    /// Name of the estate it belongs to.
    pub(super) name: String,
}

/// A street as a line.
#[derive(Clone, Debug)]
pub(super) struct Street {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) line: Vec<Pt>,
    /// Box around the line.
    pub(super) extent: (Pt, Pt),
}

impl Street {
    fn new(name: &str, class: Class, line: Vec<Pt>) -> Self {
        Self { name: name.to_owned(), class, extent: bounds(&line), line }
    }
}

/// The ground plan.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) graph: Graph,
    pub(super) ways: Vec<Way>,
    pub(super) cells: Vec<CellPlan>,
    pub(super) blocks: Vec<Block>,
    pub(super) streets: Vec<Street>,
    pub(super) river: Vec<Pt>,
    pub(super) canal: Vec<Pt>,
    pub(super) lake: Vec<Pt>,
}

/// The four communities, in code order.
pub(super) const COMMUNITIES: [&str; 4] = ["栖塘社区", "望澜社区", "芦汀社区", "鹭洲社区"];
/// From the middle of the river to the riverside road, m.
pub(super) const RIVER_BANK_M: f64 = 72.0;
/// From the middle of the canal to the road beside it, m.
pub(super) const CANAL_BANK_M: f64 = 32.0;

/// Cells that belong to one institution: kind, name, a point in it.
const DEDICATED: [(Theme, &str, Pt); 6] = [
    (Theme::School, "澄湾实验学校", pt(2180.0, 1480.0)),
    (Theme::Hospital, "青屿区第二医院", pt(330.0, 860.0)),
    (Theme::Mall, "澄湾天地", pt(740.0, 1300.0)),
    (Theme::Park, "澄湖公园", pt(1230.0, 2060.0)),
    (Theme::School, "芦汀中学", pt(1130.0, 230.0)),
    (Theme::Office, "青屿科创园", pt(2420.0, 860.0)),
];

/// Height of a line that runs west–east, at `x`.
fn y_at(line: &[Pt], x: f64) -> f64 {
    line.windows(2)
        .find(|w| w[0].x <= x && x <= w[1].x)
        .map_or(0.0, |w| w[0].y + (w[1].y - w[0].y) * (x - w[0].x) / (w[1].x - w[0].x))
}

/// East of a line that runs south–north, at `y`.
fn x_at(line: &[Pt], y: f64) -> f64 {
    line.windows(2)
        .find(|w| w[0].y <= y && y <= w[1].y)
        .map_or(0.0, |w| w[0].x + (w[1].x - w[0].x) * (y - w[0].y) / (w[1].y - w[0].y))
}

/// Households per km² and use of the ground around a point.
fn character(p: Pt) -> (f64, Theme) {
    if p.dist(pt(1150.0, 1330.0)) < 430.0 {
        return (6_600.0, Theme::OldTown);
    }
    if p.dist(pt(1230.0, 2060.0)) < 260.0 {
        return (1_900.0, Theme::Slabs);
    }
    if p.y < 520.0 && p.x > 1550.0 {
        return (2_900.0, Theme::Slabs);
    }
    if p.x < 620.0 && p.y < 1700.0 {
        return (3_950.0, Theme::Towers);
    }
    if p.x > 1560.0 && p.y > 1150.0 {
        return (3_700.0, Theme::Towers);
    }
    (3_500.0, Theme::Slabs)
}

struct Builder {
    graph: Graph,
    ways: Vec<Way>,
    dice: Dice,
    names: names::Namer,
    /// Inside the district.
    home: bool,
}

impl Builder {
    fn way(&mut self, class: Class, near: Option<&str>) -> u32 {
        let name = match class {
            // Beyond the border small ways stay without a name, or the invented names would run out.
            Class::Lane if !self.home => String::new(),
            Class::Lane => self.names.lane(near, &mut self.dice),
            _ => self.names.street(&mut self.dice),
        };
        self.ways.push(Way { class, name });
        self.ways.len() as u32 - 1
    }

    /// Divides a face into `k` faces of about equal size with streets of a class; returns all of them.
    fn divide(&mut self, f: usize, k: usize, class: Class) -> Vec<usize> {
        if k < 2 {
            return vec![f];
        }
        let part = k / 2;
        let near = self.widest_way(f);
        let way = self.way(class, near.as_deref());
        match self.graph.divide(f, part as f64 / k as f64, way, &mut self.dice) {
            None => vec![f],
            Some((a, b)) => {
                let (small, large) = if area(&self.graph.face(a)) <= area(&self.graph.face(b)) { (a, b) } else { (b, a) };
                let mut all = self.divide(small, part, class);
                all.extend(self.divide(large, k - part, class));
                all
            }
        }
    }

    /// Name of the most important street along a face, after which its lanes are numbered.
    fn widest_way(&self, f: usize) -> Option<String> {
        let ring = &self.graph.faces[f];
        (0..ring.len())
            .filter_map(|i| self.graph.line(ring[i], ring[(i + 1) % ring.len()]))
            .map(|w| &self.ways[w as usize])
            .filter(|w| w.class != Class::Border)
            .min_by_key(|w| w.class)
            .map(|w| w.name.clone())
    }
}

impl Layout {
    /// Draws the ground plan of a seed.
    pub(super) fn draw(seed: u64) -> Self {
        let drawn = skeleton();
        let mut lines: Vec<Vec<Pt>> = drawn.iter().map(|l| l.2.clone()).collect();
        let (river, canal) = (lines[0].clone(), lines[1].clone());
        let border: Vec<Vec<Pt>> = lines[2..6].to_vec();
        lines.push(frame());
        let mut ways: Vec<Way> = drawn.iter().map(|l| Way { class: l.0, name: l.1.to_owned() }).collect();
        ways.push(Way { class: Class::Border, name: String::new() });
        let mut b =
            Builder { graph: Graph::arrange(&lines), ways, dice: Dice::new(seed, 1), names: names::Namer::new(seed), home: true };
        let frame = frame();
        let mut cells: Vec<CellPlan> = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut around: Vec<(usize, Pt)> = Vec::new();
        for f in 0..b.graph.faces.len() {
            let ring = b.graph.face(f);
            let p = inner_point(&ring);
            if !inside(&frame, p) {
                continue;
            }
            let home = p.y < y_at(&border[0], p.x)
                && p.y > y_at(&border[1], p.x)
                && p.x > x_at(&border[2], p.y)
                && p.x < x_at(&border[3], p.y);
            if home {
                let community = match (p.y > y_at(&river, p.x), p.x > 700.0) {
                    (true, _) if p.x < 900.0 || p.y > y_at(&canal, p.x) => 0,
                    (true, _) => 1,
                    (false, true) => 2,
                    (false, false) => 3,
                };
                b.cells_of(f, community, &mut cells, &mut blocks);
            } else {
                around.push((f, p));
            }
        }
        b.home = false;
        for (f, p) in around {
            b.surroundings_of(f, p, &mut blocks);
        }
        for c in &mut cells {
            let faces: Vec<usize> = c.blocks.iter().map(|i| blocks[*i].face).collect();
            c.ring = b.graph.outline(&faces);
        }
        let lake = b.lake(&cells);
        let streets = streets(&b.graph, &b.ways, &river, &canal);
        Self { graph: b.graph, ways: b.ways, cells, blocks, streets, river, canal, lake }
    }

    /// Whether the point is in or beside water, where nothing is built.
    pub(super) fn wet(&self, p: Pt) -> bool {
        line_distance(&self.river, p) < RIVER_BANK_M + 12.0
            || line_distance(&self.canal, p) < CANAL_BANK_M + 9.0
            || inside(&self.lake, p)
    }
}

impl Builder {
    /// Cells and blocks of one piece of the district.
    fn cells_of(&mut self, f: usize, community: usize, cells: &mut Vec<CellPlan>, blocks: &mut Vec<Block>) {
        let ring = self.graph.face(f);
        let (density, _) = character(centroid(&ring));
        let k = ((area(&ring) / 1e6 * density / 400.0).round() as usize).max(1);
        for leaf in self.divide(f, k, Class::Collector) {
            let ring = self.graph.face(leaf);
            let (density, character) = character(centroid(&ring));
            let dedicated = DEDICATED.iter().find(|d| inside(&ring, d.2));
            let size = area(&ring);
            let theme = dedicated.map_or(character, |d| d.0);
            let name = dedicated.map_or_else(|| self.names.estate(theme, &mut self.dice), |d| d.1.to_owned());
            let cell = cells.len();
            let pieces = match theme {
                Theme::Park | Theme::School | Theme::Hospital | Theme::Mall => 1,
                Theme::OldTown => (size / 11_000.0).round() as usize,
                _ => (size / 21_000.0).round() as usize,
            };
            let mut mine = Vec::new();
            for (i, face) in self.divide(leaf, pieces.max(1), Class::Lane).into_iter().enumerate() {
                let theme = match theme {
                    Theme::OldTown | Theme::Slabs | Theme::Towers if dedicated.is_none() && i > 0 => match self.dice.below(20) {
                        0 | 1 => Theme::Commercial,
                        2 => Theme::Green,
                        3 if theme == Theme::Slabs => Theme::Towers,
                        3 => Theme::Slabs,
                        _ => theme,
                    },
                    t => t,
                };
                mine.push(blocks.len());
                blocks.push(Block { face, cell: Some(cell), theme, name: name.clone() });
            }
            let households = if dedicated.is_some() {
                0
            } else {
                ((size / 1e6 * density * self.dice.range(0.92, 1.08)).round() as i64).clamp(306, 494) as u32
            };
            let kind = if dedicated.is_some() { CellKind::Dedicated } else { CellKind::Basic };
            cells.push(CellPlan { ring: Vec::new(), blocks: mine, community, kind, name, households, theme });
        }
    }

    /// Blocks beyond the district's border: coarser with the distance, for the base map only.
    fn surroundings_of(&mut self, f: usize, p: Pt, blocks: &mut Vec<Block>) {
        let far = (p.x - p.x.clamp(0.0, 2750.0)).abs().max((p.y - p.y.clamp(0.0, 2420.0)).abs());
        let size = area(&self.graph.face(f));
        let unit = if far < 900.0 { 70_000.0 } else { 130_000.0 };
        for leaf in self.divide(f, ((size / unit).round() as usize).max(1), Class::Collector) {
            let whole = area(&self.graph.face(leaf));
            let k = if far < 900.0 { (whole / 26_000.0).round() as usize } else { (whole / 70_000.0).round() as usize };
            for face in self.divide(leaf, k.max(1), Class::Lane) {
                let theme = match self.dice.below(20) {
                    0 | 1 => Theme::Park,
                    2 => Theme::Green,
                    3 | 4 => Theme::Commercial,
                    5..=8 => Theme::Industry,
                    9..=12 => Theme::Towers,
                    13 => Theme::School,
                    _ => Theme::Slabs,
                };
                blocks.push(Block { face, cell: None, theme, name: String::new() });
            }
        }
    }

    /// The lake in the park: a blob around its middle.
    fn lake(&self, cells: &[CellPlan]) -> Vec<Pt> {
        let Some(park) = cells.iter().find(|c| c.theme == Theme::Park) else { return Vec::new() };
        let ring = self.graph.points(&park.ring);
        let c = inner_point(&ring);
        let reach = super::plane::ring_distance(&ring, c) - 30.0;
        let shape = [
            (1.0, 0.1),
            (0.62, 0.72),
            (0.05, 0.86),
            (-0.5, 0.6),
            (-0.98, 0.3),
            (-0.7, -0.35),
            (-0.3, -0.5),
            (0.1, -0.92),
            (0.7, -0.7),
            (1.0, 0.1),
        ];
        let axis = super::graph::long_axis(&ring);
        let around: Vec<Pt> =
            shape.iter().map(|&(u, v)| c.plus(axis.times(u * reach * 1.9)).plus(axis.left().times(v * reach * 0.8))).collect();
        let mut lake = smooth(&around, 18.0);
        lake.pop();
        if area(&lake) < 0.0 {
            lake.reverse();
        }
        lake
    }
}

/// Streets as lines: the graph's edges chained by name, kept off the banks, and the roads along the water.
fn streets(graph: &Graph, ways: &[Way], river: &[Pt], canal: &[Pt]) -> Vec<Street> {
    let mut edges_of: Vec<Vec<(Node, Node)>> = vec![Vec::new(); ways.len()];
    for (a, b, w) in graph.edges() {
        if ways[w as usize].class != Class::Border {
            edges_of[w as usize].push((a, b));
        }
    }
    let banks = [(river, RIVER_BANK_M), (canal, CANAL_BANK_M)];
    let mut out = Vec::new();
    for (way, edges) in ways.iter().zip(edges_of) {
        for chain in chains(edges) {
            let line = graph.points(&chain);
            if way.class == Class::Arterial {
                out.push(Street::new(&way.name, way.class, line));
                continue;
            }
            for line in keep_off(line, &banks) {
                out.push(Street::new(&way.name, way.class, line));
            }
        }
    }
    for (name, line, off, other) in [
        ("滨河北路", river, RIVER_BANK_M, (canal, CANAL_BANK_M)),
        ("滨河南路", river, -RIVER_BANK_M, (canal, CANAL_BANK_M)),
        ("望澜港北街", canal, CANAL_BANK_M, (river, RIVER_BANK_M)),
        ("望澜港南街", canal, -CANAL_BANK_M, (river, RIVER_BANK_M)),
    ] {
        let bank: Vec<Pt> = offset(line, off).into_iter().map(Pt::snapped).collect();
        // The riverside road bridges the canal; the canal's roads end at the riverside road.
        let lines = if line.len() == river.len() { vec![bank] } else { keep_off(bank, &[other]) };
        for line in lines {
            out.push(Street::new(name, Class::Collector, line));
        }
    }
    out
}

/// Chains edges into lines as long as possible.
fn chains(mut edges: Vec<(Node, Node)>) -> Vec<Vec<Node>> {
    let mut out = Vec::new();
    while let Some((a, b)) = edges.pop() {
        let mut chain = std::collections::VecDeque::from([a, b]);
        loop {
            let (head, tail) = (chain[0], chain[chain.len() - 1]);
            let Some(i) = edges.iter().position(|e| [e.0, e.1].iter().any(|n| *n == head || *n == tail)) else { break };
            let (u, v) = edges.remove(i);
            if u == tail {
                chain.push_back(v);
            } else if v == tail {
                chain.push_back(u);
            } else if u == head {
                chain.push_front(v);
            } else {
                chain.push_front(u);
            }
        }
        out.push(chain.into());
    }
    out.sort();
    out
}

/// The parts of a line that are farther from each water's middle than its bank.
fn keep_off(line: Vec<Pt>, banks: &[(&[Pt], f64)]) -> Vec<Vec<Pt>> {
    let mut pieces = vec![line];
    for (water, bank) in banks {
        pieces = pieces
            .into_iter()
            .flat_map(|line| {
                // Most lines are nowhere near: look closely only at those with a vertex within reach.
                let reach = bank + line.windows(2).map(|w| w[0].dist(w[1])).fold(0.0, f64::max);
                if line.iter().all(|p| line_distance(water, *p) > reach) {
                    return vec![line];
                }
                let mut out: Vec<Vec<Pt>> = Vec::new();
                let mut run: Vec<Pt> = Vec::new();
                for w in line.windows(2) {
                    let steps = ((w[0].dist(w[1]) / 2.0).ceil() as usize).max(1);
                    for k in 0..steps {
                        let p = w[0].lerp(w[1], k as f64 / steps as f64);
                        if line_distance(water, p) >= *bank - 1.5 {
                            if k == 0 || run.is_empty() || k + 1 == steps {
                                run.push(p);
                            }
                        } else if !run.is_empty() {
                            run.push(p);
                            out.push(std::mem::take(&mut run));
                        }
                    }
                }
                if let (Some(last), false) = (line.last(), run.is_empty()) {
                    run.push(*last);
                }
                out.push(run);
                out
            })
            .map(|l| {
                let mut l: Vec<Pt> = l.into_iter().map(Pt::snapped).collect();
                l.dedup();
                l
            })
            .filter(|l| l.len() >= 2 && super::plane::length(l) > 12.0)
            .collect();
    }
    pieces
}
