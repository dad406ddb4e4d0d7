//! One run, one table: each hot loop beside the plain way on the same data, medians, and how many times faster.
//! `cargo bench -p wall-core --bench ratios` (`make bench`). Absolute times belong to this machine and this hour; the ratios
//! travel. (With `BENCH_ONLY=word` only the parts whose name holds the word.)
#![allow(missing_docs)]

use std::hint::black_box;

use cpu_time::ThreadTime;
use rstar::AABB;
use rstar::primitives::GeomWithData;
use wall_core::{CellIndex, HeatField, PointIndex};

mod scene;

const N: usize = 1_000_000;

/// Median seconds of processor time (so that a busy machine does not tell another story) over the rounds; each round runs `work` once.
fn median(rounds: usize, mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = ThreadTime::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[rounds / 2]
}

fn said(seconds: f64) -> String {
    match seconds {
        s if s >= 0.1 => format!("{s:.2} s"),
        s if s >= 1e-4 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-7 => format!("{:.2} µs", s * 1e6),
        s => format!("{:.1} ns", s * 1e9),
    }
}

fn line(what: &str, ours: f64, plain_name: &str, plain: f64) {
    println!("| {what} | {} | {plain_name} | {} | {:.1}× |", said(ours), said(plain), plain / ours);
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!("| work, {N} points | here | plain way | takes | faster |\n|---|--:|---|--:|--:|");
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let parts: [(&str, fn()); 4] = [("memory", memory), ("points", points), ("attribution", attribution), ("heat", heat)];
    parts.iter().filter(|(name, _)| name.contains(&only)).for_each(|(_, run)| run());
}

/// The limits of the machine, to judge the rest by.
fn memory() {
    let source = vec![1u64; 8 << 20];
    let mut target = vec![0u64; 8 << 20];
    let copy = median(7, || target.copy_from_slice(black_box(&source)));
    let mut at = 0usize;
    let jumps = 1 << 20;
    let jump = median(5, || {
        for _ in 0..jumps {
            at = (at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(target[at] as usize + 1)) & ((8 << 20) - 1);
        }
    }) / f64::from(jumps);
    black_box(at);
    println!("| copying 64 MiB | {} | ({:.1} GB/s) | | |", said(copy), 64.0 * 1.048_576e-3 / copy);
    println!("| one dependent read out of cache | {} | | | |", said(jump));
}

fn points() {
    let tickets = scene::tickets(N);
    let places: Vec<_> = tickets.iter().map(|(_, p)| *p).collect();
    let ours = median(3, || drop(black_box(PointIndex::bulk_load(tickets.iter().copied()))));
    let plain = median(3, || drop(black_box(scene::plain_points(&tickets))));
    line("bulk load (with the table of identities)", ours, "rstar", plain);

    let mut index = PointIndex::bulk_load(tickets.iter().copied());
    let mut tree = scene::plain_points(&tickets);
    let rounds = 2000;
    let windows = scene::windows(&places, rounds);
    let per = |seconds: f64| seconds / rounds as f64;
    let ours = per(median(5, || {
        for [w, s, e, n] in &windows {
            let mut sum = 0;
            index.in_box(*w, *s, *e, *n, |id, _| sum += id.0);
            black_box(sum);
        }
    }));
    let plain = per(median(5, || {
        for [w, s, e, n] in &windows {
            let found = tree.locate_in_envelope(&AABB::from_corners([*w, *s], [*e, *n]));
            black_box(found.map(|e| e.data.0).sum::<i64>());
        }
    }));
    line("window of 0.1 % of the area", ours, "rstar iterator", plain);

    let queries: Vec<_> = (0..rounds).map(|i| places[i * 7919 % N]).collect();
    let ours = per(median(5, || queries.iter().for_each(|p| drop(black_box(index.nearest(*p, 10))))));
    let plain = per(median(5, || {
        for p in &queries {
            drop(black_box(tree.nearest_neighbor_iter(&[p.lon, p.lat]).take(10).map(|e| e.data).collect::<Vec<_>>()));
        }
    }));
    line("nearest 10, in metres", ours, "rstar, in degrees", plain);

    let moves: Vec<_> = (0..20_000).map(|i| (tickets[i * 37 % N].0, places[i * 37 % N], places[i * 101 % N])).collect();
    let ours = median(1, || {
        moves.iter().for_each(|(id, _, to)| {
            black_box(index.move_to(*id, *to));
        })
    }) / moves.len() as f64;
    let plain = median(1, || {
        for (id, from, to) in &moves {
            tree.remove(&GeomWithData::new([from.lon, from.lat], *id));
            tree.insert(GeomWithData::new([to.lon, to.lat], *id));
        }
    }) / moves.len() as f64;
    line("move one", ours, "rstar remove + insert", plain);

    let staff: Vec<_> = tickets[..20_000].to_vec();
    let mut index = PointIndex::bulk_load(staff.iter().copied());
    let mut round = 0;
    let ours = median(3, || {
        round += 1;
        for (i, (id, _)) in staff.iter().enumerate() {
            index.move_to(*id, places[(i * 53 + round) % N]);
        }
    }) / staff.len() as f64;
    println!("| move one of 20,000 staff | {} | 2,000 a second take | {:.2} % of a core | |", said(ours), ours * 2000.0 * 100.0);
}

fn attribution() {
    let cells = scene::city();
    let places = scene::places(N);
    let mut built = None;
    let ours = median(3, || built = Some(CellIndex::build(&cells)));
    let mut made = None;
    let plain = median(3, || made = Some(scene::PlainCells::of(&cells)));
    let (Some(index), Some(way)) = (built, made) else { return };
    line(&format!("build the index of {} cells", cells.len()), ours, "rstar of boxes", plain);
    let mut out = vec![None; N];
    let ours = median(5, || index.cells_at(&places, &mut out));
    let mut plain_out = vec![None; N];
    let plain = median(3, || {
        for (p, o) in places.iter().zip(&mut plain_out) {
            *o = way.cell_at(*p);
        }
    });
    line("attribute all to cells", ours, "rstar + `Contains`", plain);
    let differ = out.iter().zip(&plain_out).filter(|(a, b)| a != b).count();
    println!("| … differing answers | {differ} | raster | {:.1} MB | |", index.raster_bytes() as f64 / 1e6);
}

fn heat() {
    let tickets = scene::weighted(N);
    let mut field = HeatField::new(scene::grid(), scene::kernel(), scene::NOW);
    let rebuild = median(7, || field.rebuild(tickets.iter().copied()));
    println!("| heat 1024², rebuild | {} | | | |", said(rebuild));
    let few = median(7, || field.rebuild(tickets[..10_000].iter().copied()));
    println!("| … with 10,000 tickets (the blur alone, nearly) | {} | | | |", said(few));
    field.rebuild(tickets.iter().copied());
    let fresh = scene::weighted(1000);
    let add = median(7, || {
        fresh.iter().for_each(|(p, w, t)| {
            black_box(field.add(*p, *w, *t));
        })
    });
    line("heat, + 1,000 tickets", add, "full rebuild", rebuild);
    let mut minute = 0;
    let advance = median(101, || {
        minute += 1;
        field.advance(scene::NOW.plus_ms(minute * 60_000));
    });
    line("heat, a minute later", advance, "full rebuild", rebuild);
    let mut bytes = vec![0u8; 1024 * 1024];
    let write = median(7, || field.write_u8(100.0, &mut bytes));
    println!("| heat, 1 MiB picture | {} | | | |", said(write));
    let close = wall_core::HeatGrid { west: 114.0, south: 22.6, east: 114.03, north: 22.63, ..scene::grid() };
    let mut field = HeatField::new(close, scene::kernel(), scene::NOW);
    let near = median(5, || field.rebuild(tickets.iter().copied()));
    let add = median(5, || {
        fresh.iter().for_each(|(p, w, t)| {
            black_box(field.add(*p, *w, *t));
        })
    });
    println!("| heat 1024² of 3 km, rebuild | {} | | | |", said(near));
    println!("| … + 1,000 tickets | {} | | | |", said(add));
    let write = median(7, || field.write_u8(100.0, &mut bytes));
    println!("| … picture | {} | | | |", said(write));
}
