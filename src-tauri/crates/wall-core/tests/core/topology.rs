//! The subdivision: built, edited at random, undone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wall_core::{BuildOptions, CellGeometry, Edit, Face, GridPoint, GridPolygon, Patch, Topology};

use crate::subdivision::{Recipe, cells};

const PLAIN: BuildOptions = BuildOptions { snap_m: 0.0, sliver_m: 0.0 };

fn recipe(seed: u64, columns: usize, rows: usize) -> Recipe {
    let origin = GridPoint { x: 121_470_000_000, y: 31_230_000_000 };
    Recipe { seed, origin, side: (3_000_000, 2_500_000), columns, rows, bends: 6, hole_every: 5 }
}

fn build(recipe: Recipe) -> (Topology, Vec<CellGeometry>) {
    let cells = cells(recipe);
    let list: Vec<(&str, &CellGeometry)> = cells.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
    let (topology, report) = Topology::build(&list, PLAIN).unwrap();
    topology.check().unwrap();
    assert_eq!(report.findings, vec![]);
    (topology, cells.into_iter().map(|c| c.geometry).collect())
}

/// Twice the area of a ring, exactly.
fn ring2(ring: &[GridPoint]) -> i128 {
    let n = ring.len();
    (0..n)
        .map(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % n]);
            i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y)
        })
        .sum()
}

fn area2(geometry: &CellGeometry) -> i128 {
    geometry.polygons.iter().flat_map(|p| p.rings()).map(|r| ring2(r)).sum()
}

fn canonical(geometry: &CellGeometry) -> CellGeometry {
    let mut g = geometry.clone();
    let turn = |r: &mut Vec<GridPoint>| {
        let at = (0..r.len()).min_by_key(|i| r[*i]).unwrap();
        r.rotate_left(at);
    };
    for p in &mut g.polygons {
        turn(&mut p.outer);
        p.holes.iter_mut().for_each(turn);
        p.holes.sort();
    }
    g.polygons.sort_by(|a, b| a.outer.cmp(&b.outer));
    g
}

#[test]
fn clean_cells_come_back_as_they_were() {
    let (topology, cells) = build(recipe(1, 12, 9));
    assert_eq!(topology.faces().count(), cells.len());
    for (i, cell) in cells.iter().enumerate() {
        assert_eq!(topology.geometry(Face(i as u32)), canonical(cell), "cell {i}");
    }
}

/// A random edit near somewhere.
pub(crate) fn random_edit(t: &Topology, rng: &mut ChaCha8Rng) -> Edit {
    let arcs: Vec<_> = t.arcs().collect();
    let faces: Vec<Face> = t.faces().collect();
    let arc = arcs[rng.random_range(0..arcs.len())];
    let by = |rng: &mut ChaCha8Rng, p: GridPoint, n: i64| GridPoint {
        x: p.x + rng.random_range(-n..=n),
        y: p.y + rng.random_range(-n..=n),
    };
    let i = rng.random_range(0..arc.points.len() - 1);
    let lasso = |rng: &mut ChaCha8Rng, at: GridPoint| -> GridPolygon {
        let (n, r) = (rng.random_range(3..9), rng.random_range(100_000.0..2_500_000.0f64));
        let corner = |k: i64| {
            let angle = k as f64 / n as f64 * std::f64::consts::TAU;
            GridPoint { x: at.x + (r * angle.cos()) as i64, y: at.y + (r * angle.sin()) as i64 }
        };
        GridPolygon { outer: (0..n).map(corner).collect(), holes: vec![] }
    };
    let drawn = |rng: &mut ChaCha8Rng| -> Vec<GridPoint> {
        let j = rng.random_range(0..arc.points.len());
        let (a, b) = (arc.points[i], arc.points[j]);
        let mut line = vec![by(rng, a, 5_000)];
        for _ in 0..rng.random_range(1..4) {
            line.push(by(rng, GridPoint { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, 700_000));
        }
        line.push(by(rng, b, 5_000));
        line
    };
    match rng.random_range(0..14) {
        6 | 7 => Edit::Reshape { line: drawn(rng) },
        8 => {
            let to = arc.left.or(arc.right).unwrap();
            Edit::Transfer { to, area: lasso(rng, arc.points[i]), allow_parts: rng.random_range(0..3) == 0 }
        }
        9 => Edit::MoveOuterVertex { from: arc.points[i], to: by(rng, arc.points[i], 300_000) },
        10 => Edit::ReshapeOuter { line: drawn(rng) },
        11 => {
            let gaps = t.gaps();
            let Some(gap) = gaps.first() else { return Edit::ReshapeOuter { line: drawn(rng) } };
            Edit::FillGap { at: GridPoint::nearest(gap.place), to: gap.faces[rng.random_range(0..gap.faces.len())] }
        }
        12 => {
            let some = (0..3).map(|_| faces[rng.random_range(0..faces.len())]).collect();
            Edit::Simplify { faces: some, tolerance_m: rng.random_range(0.5..60.0) }
        }
        13 => {
            // A ring within a cell: a cell of its own.
            let face = faces[rng.random_range(0..faces.len())];
            let (lo, hi) = t.bounds(face).unwrap();
            let at = GridPoint { x: rng.random_range(lo.x..=hi.x), y: rng.random_range(lo.y..=hi.y) };
            let mut line = lasso(rng, at).outer;
            line.push(line[0]);
            Edit::Split { face, line }
        }
        0 | 1 => {
            let n = [3i64, 30_000, 400_000, 3_000_000][rng.random_range(0..4)];
            Edit::MoveVertex { from: arc.points[i], to: by(rng, arc.points[i], n) }
        }
        2 => {
            let (a, b) = (arc.points[i], arc.points[i + 1]);
            let middle = GridPoint { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
            Edit::InsertVertex { segment: (a, b), at: by(rng, middle, 60_000) }
        }
        3 => Edit::DeleteVertex { at: arc.points[i] },
        4 => {
            let face = faces[rng.random_range(0..faces.len())];
            let (lo, hi) = t.bounds(face).unwrap();
            let end = |rng: &mut ChaCha8Rng, low: bool| GridPoint {
                x: rng.random_range(lo.x..=hi.x),
                y: if low { lo.y - 10_000 } else { hi.y + 10_000 },
            };
            let mut line = vec![end(rng, true)];
            for _ in 0..rng.random_range(0..3) {
                line.push(GridPoint { x: rng.random_range(lo.x..=hi.x), y: rng.random_range(lo.y..=hi.y) });
            }
            line.push(end(rng, false));
            Edit::Split { face, line }
        }
        _ => {
            let into = faces[rng.random_range(0..faces.len())];
            let from = t.neighbours(into).first().map(|n| n.0).into_iter().collect();
            Edit::Merge { into, from }
        }
    }
}

type Snapshot = (Vec<(u32, Option<Face>, Option<Face>, Vec<GridPoint>)>, Vec<(Face, CellGeometry)>);

fn snapshot(t: &Topology) -> Snapshot {
    (t.arcs().map(|a| (a.id.0, a.left, a.right, a.points.to_vec())).collect(), t.faces().map(|f| (f, t.geometry(f))).collect())
}

/// Whether an edit may change the ground of all cells together.
fn is_outer(edit: &Edit) -> bool {
    matches!(edit, Edit::MoveOuterVertex { .. } | Edit::ReshapeOuter { .. } | Edit::FillGap { .. })
}

fn name(edit: &Edit) -> String {
    format!("{edit:?}").split([' ', '{']).next().unwrap().to_owned()
}

#[test]
fn random_edits_keep_everything_and_undo_to_the_same_bytes() {
    let mut count: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for seed in 0..16 {
        let (mut t, _) = build(recipe(seed, 5, 4));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let start = snapshot(&t);
        let total = |t: &Topology| -> i128 { t.faces().map(|f| area2(&t.geometry(f))).sum() };
        let mut patches: Vec<Patch> = Vec::new();
        for _ in 0..400 {
            let edit = random_edit(&t, &mut rng);
            let (before, ground) = (snapshot(&t), total(&t));
            match t.plan_edit(&edit) {
                Ok(patch) => {
                    t.apply(&patch);
                    if let Err(e) = t.check() {
                        panic!("seed {seed}, {edit:?}: {e}");
                    }
                    let after = snapshot(&t);
                    let changed = patch.changed();
                    for (f, g) in &before.1 {
                        assert!(changed.contains(f) || t.geometry(*f) == *g, "{edit:?} changed {f:?} silently");
                    }
                    let living: Vec<Face> = t.faces().collect();
                    assert!(patch.created().iter().all(|f| living.contains(f)));
                    assert!(patch.removed().iter().all(|f| !living.contains(f)));
                    assert_eq!(living.len(), before.1.len() + patch.created().len() - patch.removed().len());
                    if !is_outer(&edit) {
                        // Rounding: half a unit along the borders that were cut, 3 km long at most.
                        let exact = matches!(edit, Edit::MoveVertex { .. } | Edit::Merge { .. } | Edit::Simplify { .. });
                        let moved = (total(&t) - ground).abs();
                        assert!(if exact { moved == 0 } else { moved < 100_000_000 }, "{edit:?}: {moved}");
                    }
                    t.apply(&patch.inverse());
                    assert_eq!(snapshot(&t), before, "{edit:?}");
                    t.apply(&patch);
                    assert_eq!(snapshot(&t), after);
                    patches.push(patch);
                    *count.entry(format!("{} done", name(&edit))).or_default() += 1;
                }
                Err(r) => {
                    assert!(!r.message.is_empty());
                    *count.entry(format!("{} {}", name(&edit), r.code.code())).or_default() += 1;
                }
            }
        }
        let end = snapshot(&t);
        patches.iter().rev().for_each(|p| t.apply(&p.inverse()));
        t.check().unwrap();
        assert_eq!(snapshot(&t), start);
        patches.iter().for_each(|p| t.apply(p));
        t.check().unwrap();
        assert_eq!(snapshot(&t), end);
    }
    println!("{count:#?}");
    let done: usize = count.iter().filter(|(k, _)| k.ends_with(" done")).map(|(_, n)| n).sum();
    assert!(done > 1500, "{done}");
    assert!(count.iter().filter(|(k, _)| k.ends_with(" done")).count() >= 11, "every kind of edit: {count:#?}");
}
