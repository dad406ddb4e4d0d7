//! What goes from which cell to which, line by line.

use std::collections::{BTreeMap, BTreeSet};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{Amounts, Flow, ImpactOf, goes_on};
use crate::attribution::piece::{GridBox, GridPlace};
use crate::planning::area::Area;
use crate::planning::figures::{add, together};
use crate::planning::ground::on_grid;
use crate::planning::households::{BaseShare, tells_households};
use crate::planning::overlaps::{Common, Shared};
use crate::planning::point_grid::PointGrid;
use crate::planning::shape::Shape;
use crate::planning::{CellFigures, PlannedCell, PlanningGround, workload};
use crate::{Cell, CellId, CellIndex, CellKind, Place, PlanId, geometry_area_m2};

/// From a cell of the base plan to one of the draft, by position; `None` = no cell.
pub(super) type Way = (Option<usize>, Option<usize>);

/// A strip narrower than this share of the cell is a trace of borders brought onto each other.
const TRACE: f64 = 1e-6;

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    figures: CellFigures,
    households: Option<f64>,
    share: BaseShare,
    cameras: u32,
    sites: u32,
}

/// One thing at a place.
enum Thing {
    Camera,
    Site,
}

pub(super) struct Books<'a> {
    ground: &'a PlanningGround,
    of: &'a ImpactOf<'a>,
    pub changed_base: &'a [usize],
    pub changed_draft: &'a [usize],
    lines: BTreeMap<Way, Line>,
    /// Streets of each changed cell as a whole, m: by position in the base plan, and in the draft.
    patrol_m: [BTreeMap<usize, f64>; 2],
    by_code: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Books<'a> {
    pub fn new(ground: &'a PlanningGround, of: &'a ImpactOf<'a>, changed_base: &'a [usize], changed_draft: &'a [usize]) -> Self {
        let mut by_code: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &j in changed_draft {
            let cell = &of.draft[j];
            for code in BTreeSet::from([cell.code, cell.former_code]).into_iter().filter(|c| !c.is_empty()) {
                by_code.entry(code).or_default().push(j);
            }
        }
        Self { ground, of, changed_base, changed_draft, lines: BTreeMap::new(), patrol_m: Default::default(), by_code }
    }

    /// Area, streets and stated households: those of the common ground, and what is left of each cell.
    pub fn ground(&mut self, pairs: &[Common]) {
        let mut rest_of_base: BTreeMap<usize, (f64, f64, f64)> = BTreeMap::new();
        let mut rest_of_draft: BTreeMap<usize, (f64, f64, f64)> = BTreeMap::new();
        let whole = |cell: &PlannedCell<'_>| {
            let m2 = geometry_area_m2(cell.geometry);
            (m2, m2, self.ground.streets.patrol_m(&Area::of(cell.geometry)))
        };
        rest_of_base.extend(self.changed_base.iter().map(|i| (*i, whole(&self.of.base[*i]))));
        rest_of_draft.extend(self.changed_draft.iter().map(|j| (*j, whole(&self.of.draft[*j]))));
        self.patrol_m = [&rest_of_base, &rest_of_draft].map(|rest| rest.iter().map(|(i, r)| (*i, r.2)).collect());
        let mut ways: Vec<(Way, f64, f64)> = Vec::new();
        for pair in pairs {
            let (a, b) = (self.of.base[pair.a].geometry, self.of.draft[pair.b].geometry);
            let patrol_m = match pair.ground {
                Shared::Same | Shared::AllOfA => rest_of_base.get(&pair.a).map_or(0.0, |r| r.2),
                _ => self.ground.streets.patrol_m(&Area::of(pair.geometry(a, b))),
            };
            ways.push(((Some(pair.a), Some(pair.b)), pair.area_m2, patrol_m));
            for rest in [rest_of_base.get_mut(&pair.a), rest_of_draft.get_mut(&pair.b)].into_iter().flatten() {
                rest.1 -= pair.area_m2;
                rest.2 -= patrol_m;
            }
        }
        let left = |rest: BTreeMap<usize, (f64, f64, f64)>, way: fn(usize) -> Way| {
            rest.into_iter().filter(|(_, r)| r.1 > r.0 * TRACE).map(move |(i, r)| (way(i), r.1, r.2.max(0.0)))
        };
        ways.extend(left(rest_of_base, |i| (Some(i), None)));
        ways.extend(left(rest_of_draft, |j| (None, Some(j))));
        let silent: BTreeSet<usize> =
            self.changed_base.iter().copied().filter(|i| !tells_households(self.ground, self.of.base[*i].geometry)).collect();
        for (way, area_m2, patrol_m) in ways {
            let line = self.lines.entry(way).or_default();
            line.figures.area_m2 += area_m2;
            line.figures.patrol_m += patrol_m;
            let Some(i) = way.0.filter(|i| silent.contains(i)) else { continue };
            let share = (area_m2 / geometry_area_m2(self.of.base[i].geometry)).min(1.0);
            match self.of.base_households.get(i).copied().flatten() {
                Some(households) => {
                    let share = if share > 1.0 - TRACE { 1.0 } else { share };
                    *line.share.households.get_or_insert(0.0) += f64::from(households) * share;
                    line.share.divided |= share < 1.0;
                }
                None => line.share.unknown_m2 += area_m2,
            }
        }
    }

    /// Buildings, tickets, staff without cells, cameras and sites: each by the rule under either plan.
    pub fn points(&mut self) {
        let base = Located::of(self.of.base, self.changed_base);
        let draft = Located::of(self.of.draft, self.changed_draft);
        let things = |places: &[Place], thing: fn() -> Thing| -> Vec<(GridPlace, bool)> {
            places.iter().filter_map(|p| Some((on_grid(*p)?, matches!(thing(), Thing::Camera)))).collect()
        };
        let mut all = things(self.of.cameras, || Thing::Camera);
        all.extend(things(self.of.sites, || Thing::Site));
        let all = PointGrid::new(&all);
        let ground = self.ground;
        let lines = &mut self.lines;
        // In the boxes of changed base cells what they have; in those of changed draft cells what no changed cell had.
        let mut windows: Vec<(Option<usize>, Option<usize>, GridBox)> = Vec::new();
        windows.extend(
            self.changed_base.iter().filter_map(|i| Some((Some(*i), None, Area::of(self.of.base[*i].geometry).bounds()?))),
        );
        windows.extend(
            self.changed_draft.iter().filter_map(|j| Some((None, Some(*j), Area::of(self.of.draft[*j].geometry).bounds()?))),
        );
        for (i, j, window) in windows {
            let way = |p: GridPlace| -> Option<Way> {
                let from = base.at(p);
                match (i, j) {
                    (Some(i), _) if from == Some(i) => Some((from, draft.at(p))),
                    (None, Some(j)) if from.is_none() && draft.at(p) == Some(j) => Some((None, Some(j))),
                    _ => None,
                }
            };
            ground.buildings.visit(window, |p, b| {
                if let Some(way) = way(p) {
                    let line = lines.entry(way).or_default();
                    line.figures.buildings += 1;
                    add(&mut line.households, b.households);
                    add(&mut line.figures.population, b.population);
                }
            });
            ground.tickets.visit(window, |p, t| {
                if let Some(way) = way(p) {
                    let line = lines.entry(way).or_default();
                    line.figures.tickets_90d[usize::from(t.severity - 1)] += u32::from(t.recent);
                    line.figures.open += u32::from(t.open);
                }
            });
            ground.staff.visit(window, |p, ()| {
                if let Some(way) = way(p) {
                    let line = lines.entry(way).or_default();
                    line.figures.staff += 1;
                }
            });
            all.visit(window, |p, camera| {
                if let Some(way) = way(p) {
                    let line = lines.entry(way).or_default();
                    line.cameras += u32::from(*camera);
                    line.sites += u32::from(!*camera);
                }
            });
        }
    }

    /// Staff with cells stay with the cell that goes on; where none does they are without one.
    pub fn staff(&mut self) {
        let mut arrived: BTreeMap<usize, u32> = BTreeMap::new();
        for &i in self.changed_base {
            let count = self.ground.staff_of(&self.of.base[i]);
            if count == 0 {
                continue;
            }
            let heirs = self.heirs_by_code(self.of.base[i].code);
            let more = |p: &&usize, q: &&usize| self.common_m2(i, **p).total_cmp(&self.common_m2(i, **q)).then(q.cmp(p));
            let to = heirs.iter().max_by(more).copied();
            self.lines.entry((Some(i), to)).or_default().figures.staff += count;
            if let Some(j) = to {
                *arrived.entry(j).or_default() += count;
            }
        }
        // Staff on the roster of a code that the base plan does not have.
        for &j in self.changed_draft {
            let wanted = self.ground.staff_of(&self.of.draft[j]);
            let more = wanted.saturating_sub(arrived.get(&j).copied().unwrap_or(0));
            if more > 0 {
                self.lines.entry((None, Some(j))).or_default().figures.staff += more;
            }
        }
    }

    /// Positions of the changed draft cells that have (or had) a code.
    pub fn heirs_by_code(&self, code: &str) -> &[usize] {
        self.by_code.get(code).map_or(&[], Vec::as_slice)
    }

    /// Ground that a base cell and a draft cell have in common.
    pub fn common_m2(&self, i: usize, j: usize) -> f64 {
        self.lines.get(&(Some(i), Some(j))).map_or(0.0, |l| l.figures.area_m2)
    }

    /// The flows: by `from`, then `to`, no cell last.
    pub fn flows(&self) -> Vec<Flow> {
        let mut flows: Vec<Flow> = self
            .lines
            .iter()
            .map(|((from, to), line)| {
                let same =
                    |(i, j): (usize, usize)| goes_on(self.of, i, j) || self.of.base[i].geometry == self.of.draft[j].geometry;
                Flow { from: *from, to: *to, stays: from.zip(*to).is_some_and(same), amounts: self.amounts(line) }
            })
            .collect();
        let last = |p: Option<usize>| p.unwrap_or(usize::MAX);
        flows.sort_by_key(|f| (last(f.from), last(f.to)));
        flows
    }

    /// All lines out of each changed base cell together, and all into each of the draft, with their streets and form.
    pub fn totals(&self) -> [BTreeMap<usize, Amounts>; 2] {
        let mut sums: [BTreeMap<usize, Line>; 2] = Default::default();
        sums[0].extend(self.changed_base.iter().map(|i| (*i, Line::default())));
        sums[1].extend(self.changed_draft.iter().map(|j| (*j, Line::default())));
        for ((from, to), line) in &self.lines {
            for (sums, cell) in sums.iter_mut().zip([from, to]) {
                if let Some(sum) = cell.as_ref().and_then(|cell| sums.get_mut(cell)) {
                    sum.take(line);
                }
            }
        }
        let mut side = 0;
        sums.map(|sums| {
            let (cells, patrol_m) = (if side == 0 { self.of.base } else { self.of.draft }, &self.patrol_m[side]);
            side += 1;
            let whole = |(cell, mut line): (usize, Line)| {
                let shape = Shape::of(cells[cell].geometry);
                let f = &mut line.figures;
                f.patrol_m = patrol_m.get(&cell).copied().unwrap_or(0.0);
                (f.area_m2, f.perimeter_m, f.compactness) = (shape.area_m2, shape.perimeter_m, shape.compactness());
                (f.parts, f.holes) = (shape.parts, shape.holes);
                (cell, self.amounts(&line))
            };
            sums.into_iter().map(whole).collect()
        })
    }

    fn amounts(&self, line: &Line) -> Amounts {
        let mut figures = line.figures;
        let gap = if figures.area_m2 > 0.0 { (line.share.unknown_m2 / figures.area_m2).min(1.0) } else { 0.0 };
        figures.households_gap = gap;
        (figures.households, figures.households_from) =
            together(line.households, line.share, self.ground.households_known && gap < 1e-6);
        Amounts { workload: workload(&figures, self.of.weights), figures, cameras: line.cameras, sites: line.sites }
    }
}

impl Line {
    /// Adds what can be added.
    fn take(&mut self, more: &Self) {
        let f = &mut self.figures;
        f.population = plus(f.population, more.figures.population);
        f.buildings += more.figures.buildings;
        f.tickets_90d.iter_mut().zip(more.figures.tickets_90d).for_each(|(a, b)| *a += b);
        f.open += more.figures.open;
        f.staff += more.figures.staff;
        self.households = plus(self.households, more.households);
        self.share.households = plus(self.share.households, more.share.households);
        self.share.divided |= more.share.divided;
        self.share.unknown_m2 += more.share.unknown_m2;
        self.cameras += more.cameras;
        self.sites += more.sites;
    }
}

fn plus(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, other) => one.or(other),
    }
}

/// Attribution under one plan, for the ground around its changed cells.
struct Located {
    index: CellIndex,
    changed: BTreeSet<usize>,
}

impl Located {
    /// The changed cells and all whose boxes touch theirs: those decide who has a point on the border.
    fn of(cells: &[PlannedCell<'_>], changed: &[usize]) -> Self {
        let corners = |c: &PlannedCell<'_>| {
            let (lo, hi) = c.geometry.bounds()?;
            Some(([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]))
        };
        let boxes = cells.iter().enumerate().filter_map(|(i, c)| {
            let (lo, hi) = corners(c)?;
            Some(GeomWithData::new(Rectangle::from_corners(lo, hi), i))
        });
        let tree = RTree::bulk_load(boxes.collect());
        let mut wanted: BTreeSet<usize> = changed.iter().copied().collect();
        for (lo, hi) in changed.iter().filter_map(|i| corners(&cells[*i])) {
            wanted.extend(tree.locate_in_envelope_intersecting(&AABB::from_corners(lo, hi)).map(|g| g.data));
        }
        let as_cell = |i: &usize| Cell {
            id: CellId(*i as i64),
            plan: PlanId(0),
            code: cells[*i].code.to_owned(),
            name: String::new(),
            kind: CellKind::Basic,
            community_code: String::new(),
            households: None,
            feature_index: cells[*i].order as u32,
            geometry: cells[*i].geometry.clone(),
        };
        let wanted: Vec<Cell> = wanted.iter().map(as_cell).collect();
        Self { index: CellIndex::build(&wanted), changed: changed.iter().copied().collect() }
    }

    /// The changed cell that has the point.
    fn at(&self, p: GridPlace) -> Option<usize> {
        self.index.cell_at_grid(p).map(|id| id.0 as usize).filter(|i| self.changed.contains(i))
    }
}
