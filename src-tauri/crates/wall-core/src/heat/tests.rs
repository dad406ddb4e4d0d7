use proptest::prelude::*;

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn kernel() -> HeatKernel {
    HeatKernel { half_life_s: 6.0 * 3600.0, sigma_m: 250.0 }
}

fn grids() -> impl Strategy<Value = HeatGrid> {
    // Zoomed in so that the inner raster is coarser, and out so that it is not; at the equator, in the north, and very wide.
    (
        prop_oneof![Just((0.0, 0.0)), Just((121.5, 31.2)), Just((10.0, 64.0)), Just((-71.0, -42.3))],
        0.01..0.6f64,
        20u32..200,
        20u32..200,
    )
        .prop_map(|((lon, lat), half, width, height)| HeatGrid {
            west: lon - half,
            south: lat - half * 0.7,
            east: lon + half,
            north: lat + half * 0.7,
            width,
            height,
        })
}

type Tickets = Vec<(f64, f64, u8, i64)>;

fn tickets() -> impl Strategy<Value = Tickets> {
    prop::collection::vec((-0.1..1.1f64, -0.1..1.1f64, 0u8..4, -100 * HOUR_MS..0), 0..60)
}

fn on(grid: &HeatGrid, tickets: &Tickets) -> Vec<(Place, f64, UtcMs)> {
    tickets
        .iter()
        .map(|(fx, fy, step, at)| {
            let lon = grid.west + (grid.east - grid.west) * fx;
            let lat = grid.south + (grid.north - grid.south) * fy;
            (Place { lon, lat }, f64::from(1u8 << step), UtcMs(*at))
        })
        .collect()
}

fn samples(grid: &HeatGrid) -> Vec<Place> {
    let at = |i: i32, j: i32| Place {
        lon: grid.west + (grid.east - grid.west) * (f64::from(i) + 0.5) / 17.0,
        lat: grid.south + (grid.north - grid.south) * (f64::from(j) + 0.5) / 17.0,
    };
    (0..17).flat_map(|i| (0..17).map(move |j| at(i, j))).collect()
}

proptest! {
    #[test]
    fn increments_equal_a_rebuild(grid in grids(), kept in tickets(), gone in tickets(), later_h in 0i64..600) {
        let mut stepwise = HeatField::new(grid, kernel(), UtcMs(0));
        let (kept, gone) = (on(&grid, &kept), on(&grid, &gone));
        stepwise.rebuild(gone.iter().copied());
        for (place, weight, at) in &kept {
            prop_assert!(stepwise.add(*place, *weight, *at));
        }
        let before = stepwise.peak();
        stepwise.advance(UtcMs(later_h * HOUR_MS / 2));
        for (place, weight, at) in &gone {
            stepwise.remove(*place, *weight, *at);
        }
        stepwise.advance(UtcMs(later_h * HOUR_MS));
        let mut fresh = HeatField::new(grid, kernel(), UtcMs(later_h * HOUR_MS));
        fresh.rebuild(kept.iter().copied());
        let faded = before * (-(later_h as f64) / 6.0).exp2();
        let tolerance = 1e-5 * faded + 1e-4 * fresh.peak() + 1e-12;
        for place in samples(&grid) {
            let (a, b) = (stepwise.density_at(place), fresh.density_at(place));
            prop_assert!((a - b).abs() <= tolerance, "{a} {b}");
            prop_assert!(a >= 0.0);
        }
        prop_assert_eq!(stepwise.count(), fresh.count());
    }

    #[test]
    fn the_picture_holds_every_ticket_once(grid in grids(), spots in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..20)) {
        // A box five kernels wider than the tickets holds all of their weight: density × ground sums up to it.
        let (dlat, dlon) = (0.02, 0.02 / grid.north.abs().max(grid.south.abs()).to_radians().cos());
        let wide = HeatGrid { west: grid.west - dlon, east: grid.east + dlon, south: grid.south - dlat, north: grid.north + dlat, width: 300, height: 300 };
        let mut heat = HeatField::new(wide, kernel(), UtcMs(0));
        heat.rebuild(spots.iter().map(|(fx, fy)| {
            let place = Place { lon: grid.west + (grid.east - grid.west) * fx, lat: grid.south + (grid.north - grid.south) * fy };
            (place, 1.0, UtcMs(0))
        }));
        let top = heat.peak();
        let mut bytes = vec![0u8; 300 * 300];
        heat.write_u8(top, &mut bytes);
        // Rows are equally spaced in mercator; the ground under a pixel shrinks with the square of the cosine.
        let y = |lat: f64| lat.to_radians().tan().asinh();
        let (north, south) = (y(wide.north), y(wide.south));
        let mut sum = 0.0;
        for row in 0..300 {
            let m = north - (f64::from(row) + 0.5) / 300.0 * (north - south);
            let lat = m.sinh().atan();
            let (n, meridian) = crate::metric::radii_m(lat.sin());
            let km2 = (n * lat.cos() * (wide.east - wide.west).to_radians() / 300.0) * (meridian * lat.cos() * (north - south) / 300.0) / 1e6;
            let line = &bytes[row as usize * 300..(row as usize + 1) * 300];
            sum += line.iter().map(|b| f64::from(*b)).sum::<f64>() / 255.0 * top * km2;
        }
        let wanted = spots.len() as f64;
        // Bytes round and cut the faint rims off: a few per cent for lone spots.
        prop_assert!((sum - wanted).abs() < 0.06 * wanted + 0.01, "{sum} of {wanted}");
    }
}

#[test]
fn a_picture_is_linear_cut_and_zero_where_nothing_is() {
    let grid = HeatGrid { west: 0.0, south: 0.0, east: 0.1, north: 0.1, width: 100, height: 100 };
    let mut heat = HeatField::new(grid, kernel(), UtcMs(0));
    let mut bytes = vec![7u8; 100 * 100 + 3];
    heat.write_u8(10.0, &mut bytes);
    assert!(bytes[..100 * 100].iter().all(|b| *b == 0));
    assert_eq!(bytes[100 * 100..], [7, 7, 7]);
    // North-east quarter: right in the columns, early in the rows.
    heat.add(Place { lon: 0.075, lat: 0.075 }, 4.0, UtcMs(0));
    let top = heat.peak();
    heat.write_u8(top, &mut bytes);
    let brightest = bytes[..100 * 100].iter().enumerate().max_by_key(|(_, b)| **b).map(|(i, b)| (i / 100, i % 100, *b)).unwrap();
    assert!((24..=25).contains(&brightest.0) && (74..=75).contains(&brightest.1) && brightest.2 >= 253, "{brightest:?}");
    assert_eq!(bytes[99 * 100], 0);
    let full = bytes.clone();
    heat.write_u8(top * 2.0, &mut bytes);
    assert!(full.iter().zip(&bytes).take(100 * 100).all(|(a, b)| (i32::from(*a) - 2 * i32::from(*b)).abs() <= 1));
    heat.write_u8(top / 10.0, &mut bytes);
    assert_eq!(bytes[brightest.0 * 100 + brightest.1], 255);
}

#[test]
fn nothing_is_left_when_all_is_removed_after_years() {
    let grid = HeatGrid { west: 0.0, south: 0.0, east: 0.1, north: 0.1, width: 64, height: 64 };
    let mut heat = HeatField::new(grid, kernel(), UtcMs(0));
    let here = Place { lon: 0.05, lat: 0.05 };
    heat.add(here, 8.0, UtcMs(0));
    let alone = heat.peak();
    heat.remove(here, 8.0, UtcMs(0));
    for day in 0..2000i64 {
        let now = UtcMs(day * 24 * HOUR_MS);
        heat.advance(now);
        assert!(heat.add(here, 8.0, now));
        if day > 0 {
            heat.remove(here, 8.0, UtcMs((day - 1) * 24 * HOUR_MS));
        }
        let lone = heat.peak();
        // Yesterday's, four half-lives old, is gone to the rounding.
        assert!((lone - alone).abs() < 1e-5 * alone, "day {day}: {lone} and not {alone}");
    }
    heat.remove(here, 8.0, UtcMs(1999 * 24 * HOUR_MS));
    assert_eq!(heat.peak(), 0.0);
    assert!(!heat.add(here, 1.0, UtcMs(i64::MAX)), "not yet reported");
}

#[test]
fn odd_pictures_do_not_panic() {
    let check = |west, south, east, north, width, height, sigma_m| {
        let grid = HeatGrid { west, south, east, north, width, height };
        let mut heat = HeatField::new(grid, HeatKernel { half_life_s: 0.0, sigma_m }, UtcMs(0));
        heat.add(Place { lon: f64::NAN, lat: 0.0 }, 1.0, UtcMs(0));
        heat.rebuild([(Place { lon: 0.5, lat: 0.5 }, 1.0, UtcMs(-5)), (Place { lon: 1e300, lat: 1e300 }, 1.0, UtcMs(-5))]);
        heat.add(Place { lon: 0.5, lat: 0.5 }, 1.0, UtcMs(-5));
        assert!(heat.peak().is_finite());
        let mut bytes = vec![0; (width.max(1) * height.max(1)) as usize];
        heat.write_u8(1.0, &mut bytes);
        heat.write_u8(0.0, &mut bytes);
        TimeLeftField::new(grid, sigma_m, 0.0, UtcMs(0), [(Place { lon: 0.5, lat: 0.5 }, UtcMs(5))]).write_u8(&mut bytes);
    };
    check(0.0, 0.0, 1.0, 1.0, 0, 0, 100.0);
    check(1.0, 1.0, 0.0, 0.0, 10, 10, 100.0);
    check(-180.0, -90.0, 180.0, 90.0, 64, 64, 1e9);
    check(-180.0, 89.0, 180.0, 90.0, 64, 1, 100.0);
    check(0.5, 0.5, 0.5, 0.5, 3, 3, f64::NAN);
    check(0.0, 0.0, 1.0, 1.0, 5, 5, 0.0);
}

#[test]
fn time_left_is_the_worst_around_not_the_mean() {
    let grid = HeatGrid { west: 0.0, south: 0.0, east: 0.1, north: 0.1, width: 100, height: 100 };
    let (span_s, hour_s) = (10.0 * 3600.0, 3600.0);
    let (a, b) = (Place { lon: 0.02, lat: 0.02 }, Place { lon: 0.08, lat: 0.08 });
    // Ten with ample time do not hide the one that is late.
    let mut tickets = vec![(a, UtcMs(9 * HOUR_MS)); 10];
    tickets.extend([(a, UtcMs(-HOUR_MS)), (b, UtcMs(-9000 * HOUR_MS))]);
    let field = TimeLeftField::new(grid, 300.0, span_s, UtcMs(0), tickets);
    assert!((field.seconds_left_at(a).unwrap() + hour_s).abs() < 1.0);
    assert_eq!(field.seconds_left_at(b), Some(-span_s));
    assert_eq!(field.seconds_left_at(Place { lon: 0.08, lat: 0.02 }), None);
    let mut bytes = vec![0u8; 100 * 100];
    field.write_u8(&mut bytes);
    assert_eq!((bytes[80 * 100 + 20], bytes[20 * 100 + 80], bytes[80 * 100 + 80]), (115, 1, 0));
    TimeLeftField::new(grid, 300.0, span_s, UtcMs(-HOUR_MS), [(a, UtcMs(-HOUR_MS))]).write_u8(&mut bytes);
    assert_eq!(bytes[80 * 100 + 20], 128);
}

proptest! {
    #[test]
    fn a_late_ticket_is_seen_at_every_zoom(grid in grids(), tickets in tickets(), sigma_m in 1.0..800.0f64) {
        let span_s = 48.0 * 3600.0;
        let dues: Vec<(Place, UtcMs)> = on(&grid, &tickets).into_iter().map(|(p, _, at)| (p, UtcMs(at.0 + 50 * HOUR_MS))).collect();
        let field = TimeLeftField::new(grid, sigma_m, span_s, UtcMs(0), dues.iter().copied());
        let mut bytes = vec![0u8; (grid.width * grid.height) as usize];
        field.write_u8(&mut bytes);
        for (place, due) in dues {
            let inside = place.lon > grid.west && place.lon < grid.east && place.lat > grid.south && place.lat < grid.north;
            if !inside {
                continue;
            }
            let own = (due.seconds_since(UtcMs(0)) / span_s).clamp(-1.0, 1.0) * span_s;
            let shown = field.seconds_left_at(place).expect("a ticket is felt where it is");
            prop_assert!(shown <= own + 1.0, "{shown} hides {own}");
            // … and in the pixel of the picture that it falls into.
            let y = |lat: f64| lat.to_radians().tan().asinh();
            let column = ((place.lon - grid.west) / (grid.east - grid.west) * f64::from(grid.width)) as usize;
            let row = ((y(grid.north) - y(place.lat)) / (y(grid.north) - y(grid.south)) * f64::from(grid.height)) as usize;
            let byte = bytes[row.min(grid.height as usize - 1) * grid.width as usize + column.min(grid.width as usize - 1)];
            prop_assert!(byte > 0 && f64::from(byte) <= 129.5 + 127.0 * own / span_s, "{byte} for {own} s");
        }
    }
}

#[test]
fn heat_of_an_area() {
    let tickets = [(8.0, UtcMs(0)), (2.0, UtcMs(-6 * HOUR_MS)), (1.0, UtcMs(1))];
    assert_eq!(area_heat(tickets, 2.0, UtcMs(0), 6.0 * 3600.0), 4.5);
    assert_eq!(area_heat(tickets, 0.0, UtcMs(0), 6.0 * 3600.0), 0.0);
    assert_eq!(decayed_weight(8.0, UtcMs(0), UtcMs(12 * HOUR_MS), 6.0 * 3600.0), 2.0);
}
