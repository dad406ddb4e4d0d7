//! Criterion benches of the hot loops, each beside the plain way on the same data. `cargo bench -p wall-core --bench wall`.
//! Compare inside one run only; `--bench ratios` prints the comparison as a table.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use rstar::AABB;
use rstar::primitives::GeomWithData;
use wall_core::{CellIndex, HeatField, PointIndex};

mod scene;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn points(c: &mut Criterion) {
    for n in SIZES {
        let tickets = scene::tickets(n);
        let places: Vec<_> = tickets.iter().map(|(_, p)| *p).collect();
        let mut group = c.benchmark_group(format!("points {n}"));
        group.bench_function("bulk load", |b| b.iter(|| PointIndex::bulk_load(tickets.iter().copied())));
        group.bench_function("bulk load, rstar", |b| b.iter(|| scene::plain_points(&tickets)));
        let mut index = PointIndex::bulk_load(tickets.iter().copied());
        let mut plain = scene::plain_points(&tickets);
        let windows = scene::windows(&places, 512);
        let mut at = 0;
        let mut next = || {
            at += 1;
            at
        };
        group.bench_function("window", |b| {
            b.iter(|| {
                let [w, s, e, n] = windows[next() % 512];
                let mut count = 0;
                index.in_box(w, s, e, n, |_, _| count += 1);
                count
            });
        });
        group.bench_function("window, rstar iterator", |b| {
            b.iter(|| {
                let [w, s, e, n] = windows[next() % 512];
                plain.locate_in_envelope(&AABB::from_corners([w, s], [e, n])).count()
            });
        });
        group.bench_function("nearest 10", |b| b.iter(|| index.nearest(black_box(places[next() * 7919 % n]), 10)));
        group.bench_function("nearest 10, rstar in degrees", |b| {
            b.iter(|| {
                let p = places[next() * 7919 % n];
                plain.nearest_neighbor_iter(&[p.lon, p.lat]).take(10).map(|e| e.data).collect::<Vec<_>>()
            });
        });
        group.bench_function("move", |b| {
            b.iter(|| {
                let i = next();
                index.move_to(tickets[i % n].0, places[i * 31 % n])
            });
        });
        let mut now = places.clone();
        group.bench_function("move, rstar", |b| {
            b.iter(|| {
                let i = next();
                let (id, to) = (tickets[i % n].0, places[i * 31 % n]);
                let from = std::mem::replace(&mut now[i % n], to);
                plain.remove(&GeomWithData::new([from.lon, from.lat], id));
                plain.insert(GeomWithData::new([to.lon, to.lat], id));
            });
        });
        group.finish();
    }
}

fn attribution(c: &mut Criterion) {
    let cells = scene::city();
    let index = CellIndex::build(&cells);
    let plain = scene::PlainCells::of(&cells);
    let mut group = c.benchmark_group(format!("attribution, {} cells", cells.len()));
    group.bench_function("build", |b| b.iter(|| CellIndex::build(&cells)));
    for n in SIZES {
        let places = scene::places(n);
        let mut out = vec![None; n];
        group.bench_with_input(BenchmarkId::new("cells_at", n), &places, |b, p| b.iter(|| index.cells_at(p, &mut out)));
        group.bench_with_input(BenchmarkId::new("rstar + Contains", n), &places, |b, p| {
            b.iter(|| p.iter().filter(|p| plain.cell_at(**p).is_some()).count());
        });
    }
    group.finish();
}

fn heat(c: &mut Criterion) {
    let fresh = scene::weighted(1000);
    let mut bytes = vec![0u8; 1024 * 1024];
    for n in SIZES {
        let tickets = scene::weighted(n);
        let mut group = c.benchmark_group(format!("heat 1024², {n} tickets"));
        let mut field = HeatField::new(scene::grid(), scene::kernel(), scene::NOW);
        group.bench_function("rebuild", |b| b.iter(|| field.rebuild(tickets.iter().copied())));
        group.bench_function("+ 1,000", |b| {
            b.iter_batched_ref(
                || field.clone(),
                |f| {
                    fresh.iter().for_each(|(p, w, t)| {
                        black_box(f.add(*p, *w, *t));
                    })
                },
                BatchSize::LargeInput,
            );
        });
        group.bench_function("advance", |b| b.iter(|| field.advance(black_box(scene::NOW))));
        group.bench_function("write_u8", |b| b.iter(|| field.write_u8(100.0, &mut bytes)));
        group.finish();
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .without_plots()
}

criterion_group! { name = benches; config = quick(); targets = points, attribution, heat }
criterion_main!(benches);
