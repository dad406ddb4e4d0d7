//! The boundary planner's subdivision at its size: 10,000 cells with 1,000,000 vertices. `cargo bench -p wall-core --bench
//! topology` (`make bench`). One table of medians of processor time, with the aims beside them.
#![allow(missing_docs)]

use std::hint::black_box;

use cpu_time::ThreadTime;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wall_core::{BuildOptions, Cell, CellGeometry, Edit, Face, GridPoint, GridPolygon, Topology};

#[path = "../tests/core/subdivision.rs"]
#[allow(dead_code)]
mod subdivision;

const SIDE: (i64, i64) = (5_200_000, 4_600_000);

fn cells() -> Vec<Cell> {
    let origin = GridPoint { x: 113_800_000_000, y: 22_450_000_000 };
    subdivision::cells(subdivision::Recipe { seed: 5, origin, side: SIDE, columns: 99, rows: 99, bends: 48, hole_every: 40 })
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(rounds: usize, mut work: impl FnMut() -> f64) -> f64 {
    let mut all: Vec<f64> = (0..rounds).map(|_| work()).collect();
    all.sort_by(f64::total_cmp);
    all[rounds / 2]
}

fn said(s: f64) -> String {
    if s >= 0.1 { format!("{s:.2} s") } else { format!("{:.3} ms", s * 1e3) }
}

/// Peak memory of this process in MB, where the system tells.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1024)
}

fn build(list: &[(&str, &CellGeometry)], options: BuildOptions) -> Topology {
    let made = Topology::build(list, options);
    match made {
        Ok((topology, _)) => topology,
        Err(e) => panic!("{e}"),
    }
}

/// Median time of planning and of doing an edit, over those that are not refused.
fn edits(topology: &mut Topology, mut next: impl FnMut(&Topology) -> Edit) -> (f64, f64, f64) {
    let (mut plan, mut apply, mut worst): (Vec<f64>, Vec<f64>, f64) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..400 {
        let edit = next(topology);
        let mut patch = None;
        let planned = seconds(|| patch = topology.plan_edit(black_box(&edit)).ok());
        let Some(patch) = patch else { continue };
        let applied = seconds(|| topology.apply(&patch));
        worst = worst.max(planned + applied);
        plan.push(planned);
        apply.push(applied);
    }
    plan.sort_by(f64::total_cmp);
    apply.sort_by(f64::total_cmp);
    assert!(plan.len() > 50, "only {} edits were possible", plan.len());
    (plan[plan.len() / 2], apply[apply.len() / 2], worst)
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let cells = cells();
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
    let vertices: usize = cells.iter().map(|c| c.geometry.vertex_count()).sum();
    let before = peak_mb().unwrap_or(0);
    println!("| subdivision, {} cells, {vertices} vertices | here | aim |\n|---|--:|--:|", cells.len());
    let plain = BuildOptions { snap_m: 0.0, sliver_m: 0.0 };
    let exact = median(3, || seconds(|| _ = black_box(build(&list, plain))));
    println!("| built from clean cells | {} | 3 s |", said(exact));
    let snapped = median(3, || seconds(|| _ = black_box(build(&list, BuildOptions::default()))));
    println!("| built, joining within 0.5 m | {} | 3 s |", said(snapped));
    // Every third cell moved by a few centimetres: nothing fits any more.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut messy: Vec<CellGeometry> = cells.iter().map(|c| c.geometry.clone()).collect();
    for g in messy.iter_mut().step_by(3) {
        let (dx, dy) = (rng.random_range(-900..900), rng.random_range(-900..900));
        for p in g.polygons.iter_mut().flat_map(|p| std::iter::once(&mut p.outer).chain(p.holes.iter_mut())).flatten() {
            *p = GridPoint { x: p.x + dx, y: p.y + dy };
        }
    }
    let list: Vec<(&str, &CellGeometry)> = cells.iter().zip(&messy).map(|(c, g)| (c.code.as_str(), g)).collect();
    let mess = seconds(|| _ = black_box(build(&list, plain)));
    println!("| built from cells of which a third are out of place by up to 13 cm, as they are | {} | |", said(mess));
    let joined = seconds(|| _ = black_box(build(&list, BuildOptions::default())));
    println!("| the same, joining within 0.5 m | {} | |", said(joined));
    drop(messy);

    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
    let mut t = build(&list, plain);
    println!("| memory at most, beyond the cells given | {} MB | 1,000 MB |", peak_mb().unwrap_or(0) - before);
    println!("| all invariants looked at | {} | |", said(seconds(|| t.check().unwrap_or_else(|e| panic!("{e}")))));
    println!("\n| edit | planned | done | slowest of both |\n|---|--:|--:|--:|");
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let face = |t: &Topology, rng: &mut ChaCha8Rng| loop {
        let f = Face(rng.random_range(0..9801));
        if t.is_alive(f) {
            return f;
        }
    };
    let shared = |t: &Topology, rng: &mut ChaCha8Rng| -> Vec<GridPoint> {
        loop {
            let f = face(t, rng);
            let arc = t.arcs_around(f).filter(|a| a.left.is_some() && a.right.is_some() && a.points.len() > 6);
            let all: Vec<Vec<GridPoint>> = arc.map(|a| a.points.to_vec()).collect();
            if !all.is_empty() {
                return all[rng.random_range(0..all.len())].clone();
            }
        }
    };
    let near = |p: GridPoint, by: i64, rng: &mut ChaCha8Rng| GridPoint {
        x: p.x + rng.random_range(-by..=by),
        y: p.y + rng.random_range(-by..=by),
    };
    let mut show = |what: &str, next: &mut dyn FnMut(&Topology) -> Edit| {
        let (plan, apply, worst) = edits(&mut t, next);
        println!("| {what} | {} | {} | {} |", said(plan), said(apply), said(worst));
    };
    show("vertex moved", &mut |t| {
        let arc = shared(t, &mut rng);
        let from = arc[rng.random_range(1..arc.len() - 1)];
        Edit::MoveVertex { from, to: near(from, 20_000, &mut rng) }
    });
    show("node moved", &mut |t| {
        let from = shared(t, &mut rng)[0];
        Edit::MoveVertex { from, to: near(from, 20_000, &mut rng) }
    });
    show("border reshaped", &mut |t| {
        let arc = shared(t, &mut rng);
        let (a, b) = (arc[1], arc[arc.len() - 2]);
        let middle = GridPoint { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
        Edit::Reshape { line: vec![a, near(middle, 400_000, &mut rng), b] }
    });
    show("lasso given to a neighbour", &mut |t| {
        let f = face(t, &mut rng);
        let arc = shared(t, &mut rng);
        let to = t.face_at(arc[arc.len() / 2].place()).unwrap_or(f);
        let at = arc[arc.len() / 2];
        let corner = |x: i64, y: i64| GridPoint { x: at.x + x, y: at.y + y };
        let outer =
            vec![corner(-300_000, -300_000), corner(300_000, -300_000), corner(300_000, 300_000), corner(-300_000, 300_000)];
        Edit::Transfer { to, area: GridPolygon { outer, holes: vec![] }, allow_parts: true }
    });
    show("cell split", &mut |t| {
        let f = face(t, &mut rng);
        let (lo, hi) = t.bounds(f).unwrap_or_default();
        let x = (lo.x + hi.x) / 2;
        Edit::Split { face: f, line: vec![GridPoint { x, y: lo.y - 1000 }, GridPoint { x: x + 5000, y: hi.y + 1000 }] }
    });
    show("neighbours merged", &mut |t| {
        let into = face(t, &mut rng);
        Edit::Merge { into, from: t.neighbours(into).first().map(|n| n.0).into_iter().collect() }
    });
    show("borders of a cell simplified", &mut |t| Edit::Simplify { faces: vec![face(t, &mut rng)], tolerance_m: 5.0 });
    let places: Vec<_> =
        (0..1000).map(|_| near(GridPoint { x: 114_050_000_000, y: 22_670_000_000 }, 200_000_000, &mut rng).place()).collect();
    let t = build(&list, plain);
    let each = median(5, || seconds(|| places.iter().for_each(|p| _ = black_box(t.face_at(*p))))) / places.len() as f64;
    println!("| which cell at a place | {} | | |", said(each));
    let each =
        median(5, || seconds(|| places.iter().for_each(|p| _ = black_box(t.nearest_edge(*p, 100.0))))) / places.len() as f64;
    println!("| nearest border within 100 m | {} | | |", said(each));
    let each = median(5, || seconds(|| (0..1000).for_each(|i| _ = black_box(t.geometry(Face(i)))))) / 1000.0;
    println!("| ground of a cell | {} | | |", said(each));
}
