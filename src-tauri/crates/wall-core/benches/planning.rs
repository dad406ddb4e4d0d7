//! What the boundary planner asks for, on 10,000 cells with a million vertices and a million tickets: one run, one table of
//! medians beside what is aimed for. `cargo bench -p wall-core --bench planning` (`make bench`). With `BENCH_ONLY=word` only
//! the lines that hold the word.
#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::hint::black_box;

use cpu_time::ThreadTime;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wall_core::planning::{
    Band, BuildingPoint, CodeScheme, CommunityOutlines, FindingRules, ImpactOf, PlannedCell, PlanningGround, ProposalRules,
    StaffPoint, StreetLine, TicketPoint, WorkloadWeights, blocks, draw_cells, findings, findings_of, impact, lineage,
    network_overlay, proposals,
};
use wall_core::{AreaOp, area_op};
use wall_core::{Cell, CellGeometry, GridPoint, GridPolygon, Place, Severity, StaffId, TicketId, dissolve};

#[allow(dead_code)]
mod scene;

#[allow(clippy::duplicate_mod)] // the scene has its own
#[path = "../tests/core/subdivision.rs"]
mod subdivision;

const TICKETS: usize = 1_000_000;
const BUILDINGS: usize = 300_000;

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let city = City::new();
    let vertices: usize = city.cells.iter().map(|c| c.geometry.vertex_count()).sum();
    println!(
        "{} cells, {vertices} vertices, {TICKETS} tickets, {BUILDINGS} buildings, {} streets\n",
        city.cells.len(),
        city.streets.len()
    );
    println!("| work | takes | aim |\n|---|--:|--:|");
    let mut ground = None;
    line("ground built", "2 s", 1, || ground = Some(city.ground()));
    let ground = ground.unwrap_or_else(|| city.ground());
    let planned = city.planned();
    let mut figures = Vec::new();
    line("balance of all cells", "2 s", 3, || figures = ground.balance(&planned, None));
    if figures.is_empty() {
        figures = ground.balance(&planned, None);
    }
    one_cell(&ground, &planned);
    findings_lines(&city, &ground, &planned, &figures);
    impact_lines(&ground, &planned);
    networks(&planned);
    proposal_lines(&ground, &planned, &figures);
}

/// Median processor time of `rounds`, printed.
fn line(what: &str, aim: &str, rounds: usize, mut work: impl FnMut()) {
    if !wanted(what) {
        return;
    }
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = ThreadTime::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("| {what} | {} | {aim} |", said(seconds[rounds / 2]));
}

fn wanted(what: &str) -> bool {
    std::env::var("BENCH_ONLY").is_ok_and(|only| what.contains(&only)) || std::env::var("BENCH_ONLY").is_err()
}

fn said(seconds: f64) -> String {
    if seconds >= 0.1 {
        format!("{seconds:.2} s")
    } else if seconds >= 1e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} µs", seconds * 1e6)
    }
}

struct City {
    cells: Vec<Cell>,
    streets: Vec<StreetLine>,
    communities: Vec<String>,
}

impl City {
    fn new() -> Self {
        let cells = subdivision::cells(subdivision::Recipe {
            seed: 3,
            origin: GridPoint { x: 113_800_000_000, y: 22_450_000_000 },
            side: (4_992_000, 4_188_000),
            columns: 125,
            rows: 80,
            bends: 48,
            hole_every: 0,
        });
        // Communities of about ten cells: by the place of the cell's middle.
        let communities = cells
            .iter()
            .map(|c| {
                let (lo, hi) = c.geometry.bounds().unwrap_or_default();
                let (i, j) =
                    (((lo.x + hi.x) / 2 - 113_800_000_000) / 16_000_000, ((lo.y + hi.y) / 2 - 22_450_000_000) / 13_000_000);
                format!("4403{:02}{:03}{:03}", j % 90, i, j)
            })
            .collect();
        Self { cells, streets: streets(), communities }
    }

    fn ground(&self) -> PlanningGround {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let buildings: Vec<BuildingPoint> = scene::places(BUILDINGS)
            .into_iter()
            .enumerate()
            .map(|(i, place)| BuildingPoint {
                place,
                households: Some(rng.random_range(0..30)),
                population: Some(40),
                block: format!("{}", i % 5000),
            })
            .collect();
        let tickets = scene::places(TICKETS).into_iter().enumerate().map(|(i, place)| TicketPoint {
            id: TicketId(i as i64),
            place,
            severity: Severity::new(1 + (i % 4) as u8).unwrap_or(Severity::DEFAULT),
            recent: true,
            open: i % 20 == 0,
        });
        let staff = scene::places(20_000).into_iter().enumerate().map(|(i, place)| StaffPoint {
            id: StaffId(i as i64),
            place: Some(place),
            cell_codes: if i % 2 == 0 { vec![self.cells[i % self.cells.len()].code.clone()] } else { vec![] },
        });
        PlanningGround::new(buildings, tickets, staff, self.streets.iter().cloned())
    }

    fn planned(&self) -> Vec<PlannedCell<'_>> {
        self.cells
            .iter()
            .enumerate()
            .map(|(i, c)| PlannedCell {
                name: "n",
                owners: 1,
                community_code: &self.communities[i],
                ..PlannedCell::of(i, &c.code, &c.geometry)
            })
            .collect()
    }
}

/// Streets about every 170 m both ways, bent a little, every eighth an arterial; a vertex every 100 m.
fn streets() -> Vec<StreetLine> {
    let bent = |i: usize, t: usize| ((i * 37 + t) as f64 * 0.7).sin() * 1e-4;
    let (width, height) = (scene::EAST - scene::WEST, scene::NORTH - scene::SOUTH);
    let class = |i: usize| if i.is_multiple_of(8) { "arterial" } else { "lane" }.to_owned();
    let upright = (0..375).map(|i| StreetLine {
        name: format!("x{i}"),
        class: class(i),
        line: (0..=370)
            .map(|t| Place {
                lon: scene::WEST + width * i as f64 / 375.0 + bent(i, t),
                lat: scene::SOUTH + height * t as f64 / 370.0,
            })
            .collect(),
    });
    let flat = (0..220).map(|j| StreetLine {
        name: format!("y{j}"),
        class: class(j),
        line: (0..=640)
            .map(|t| Place {
                lon: scene::WEST + width * t as f64 / 640.0,
                lat: scene::SOUTH + height * j as f64 / 220.0 + bent(j, t),
            })
            .collect(),
    });
    upright.chain(flat).collect()
}

/// Figures of single cells, as after an edit: most are ordinary, some are hot.
fn one_cell(ground: &PlanningGround, planned: &[PlannedCell<'_>]) {
    if !wanted("figures of one cell") {
        return;
    }
    let mut seconds: Vec<f64> = (0..2000)
        .map(|i| {
            let cell = &planned[i * 7919 % planned.len()];
            let start = ThreadTime::now();
            black_box(ground.figures(cell, &[], None));
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("| figures of one cell, median | {} | 1 ms |", said(seconds[1000]));
    println!("| figures of one cell, one in a hundred is slower than | {} | 1 ms |", said(seconds[1980]));
}

fn findings_lines(
    city: &City,
    ground: &PlanningGround,
    planned: &[PlannedCell<'_>],
    figures: &[wall_core::planning::CellFigures],
) {
    let mut outlines = None;
    line("outlines of communities", "2 s", 1, || outlines = Some(CommunityOutlines::of_cells(planned)));
    let Some(outlines) = outlines else { return };
    let (scheme, retired) = (CodeScheme::default(), BTreeSet::new());
    let rules = FindingRules { communities: Some(&outlines), ground: Some(ground), ..FindingRules::new(&scheme, &retired) };
    let mut count = 0;
    line("findings of all cells", "2 s", 3, || count = findings(planned, figures, &[], &rules).len());
    black_box((count, city.cells.len()));
    line("findings of two cells", "2 ms", 99, || drop(black_box(findings_of(planned, figures, &[4000, 4001], &rules))));
}

/// The same plan with some pairs of neighbours exchanging a rectangle around a corner of the first.
fn changed(planned: &[PlannedCell<'_>], every: usize) -> Vec<CellGeometry> {
    let mut grounds: Vec<CellGeometry> = planned.iter().map(|c| c.geometry.clone()).collect();
    for i in (0..planned.len() - 1).step_by(every) {
        let Some((_, hi)) = grounds[i].bounds() else { continue };
        let (w, h) = (600_000, 3_000_000);
        let at = |dx: i64, dy: i64| GridPoint { x: hi.x - w + dx, y: hi.y - h + dy };
        let ring = vec![at(0, 0), at(w, 0), at(w, h / 2), at(0, h / 2)];
        let strip = CellGeometry { polygons: vec![GridPolygon { outer: ring, holes: vec![] }] };
        let (Ok(cut), Ok(left)) =
            (area_op(&grounds[i], &strip, AreaOp::Intersection), area_op(&grounds[i], &strip, AreaOp::Difference))
        else {
            continue;
        };
        grounds[i + 1] = dissolve([&grounds[i + 1], &cut]).expect("joined");
        grounds[i] = left;
    }
    grounds
}

fn impact_lines(ground: &PlanningGround, planned: &[PlannedCell<'_>]) {
    let places = scene::places(20_000);
    let weights = WorkloadWeights::default();
    for (what, every) in [("2", planned.len()), ("200", 100), ("2,000", 10)] {
        let what = format!("impact, {what} cells changed");
        if !wanted(&what) {
            continue;
        }
        let grounds = changed(planned, every);
        let draft: Vec<PlannedCell<'_>> =
            planned.iter().zip(&grounds).map(|(c, geometry)| PlannedCell { geometry, ..*c }).collect();
        let of = ImpactOf {
            base: planned,
            base_households: &[],
            draft: &draft,
            cameras: &places,
            sites: &places[..2000],
            weights: &weights,
        };
        line(&what, "0.5 s", 3, || drop(black_box(impact(ground, &of))));
    }
    line("lineage, nothing changed", "0.5 s", 3, || drop(black_box(lineage(planned, planned, None))));
}

/// Beats of about 20 cells each that follow none of the cells' borders.
fn networks(planned: &[PlannedCell<'_>]) {
    let beats = subdivision::cells(subdivision::Recipe {
        seed: 9,
        origin: GridPoint { x: 113_800_000_000, y: 22_450_000_000 },
        side: (24_960_000, 16_752_000),
        columns: 25,
        rows: 20,
        bends: 100,
        hole_every: 0,
    });
    let beats: Vec<PlannedCell<'_>> = beats.iter().enumerate().map(|(i, c)| PlannedCell::of(i, &c.code, &c.geometry)).collect();
    line("agreement with 500 beats", "5 s", 1, || drop(black_box(network_overlay(planned, &beats, 0.05))));
}

fn proposal_lines(ground: &PlanningGround, planned: &[PlannedCell<'_>], figures: &[wall_core::planning::CellFigures]) {
    // A street of about a hundred cells: those whose middle lies in one corner of the city.
    let near = |c: &PlannedCell<'_>| c.geometry.bounds().is_some_and(|(lo, _)| lo.x < 113_850_000_000 && lo.y < 22_492_000_000);
    let which: Vec<usize> = (0..planned.len()).filter(|i| near(&planned[*i])).collect();
    let mut found = Vec::new();
    line(&format!("blocks of {} cells", which.len()), "1 s", 3, || found = blocks(ground, planned, &which, &[], None));
    let rules = ProposalRules { most_moves: 12, ..ProposalRules::default() };
    let mut moves = 0;
    line(&format!("proposals on {} blocks", found.len()), "1 s", 1, || {
        moves = proposals(ground, planned, figures, &found, None, &rules).moves.len();
    });
    black_box(moves);
    let street: Vec<PlannedCell<'_>> = which.iter().map(|i| planned[*i]).collect();
    let outlines = CommunityOutlines::of_cells(&street);
    let mut drawn = Vec::new();
    line("cells of that street drawn from nothing", "5 s", 1, || {
        drawn = draw_cells(ground, &outlines, &[], Band::default()).expect("drawn")
    });
    let fits = drawn.iter().filter(|c| c.fault.is_none()).count();
    println!("\n{moves} moves; {fits} of {} drawn cells are in the band", drawn.len());
}
