//! Pictures drawn for real, without a display, and looked at pixel by pixel.
//!
//! These tests need a graphics adapter; a software one will do (Debian: `mesa-vulkan-drivers`). Without one they fail, unless
//! `GRIDWALL_NO_GPU=1` says that this machine is meant to have none.

#![allow(clippy::unwrap_used)]

use std::{path::Path, time::Duration};
use wall_render::{
    Legend, LegendStop, RenderError, Shape, Still, StillArea, StillLine, StillPoint, StillRaster, View, draw, draw_in_child,
    ramp, run_child,
};

const GROUND: [u8; 3] = [15, 20, 25];

fn no_gpu() -> bool {
    let skip = std::env::var_os("GRIDWALL_NO_GPU").is_some_and(|v| v == "1");
    if skip {
        println!("skipped: GRIDWALL_NO_GPU=1");
    }
    skip
}

struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn read(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Picture { width: info.width as usize, height: info.height as usize, rgb }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let i = (y * self.width + x) * 3;
        self.rgb[i..i + 3].try_into().unwrap()
    }

    /// Share of pixels in a rectangle (parts of the whole: left, top, right, bottom) that fulfil a condition.
    fn share(&self, [l, t, r, b]: [f64; 4], wanted: impl Fn([u8; 3]) -> bool) -> f64 {
        let (w, h) = (self.width as f64, self.height as f64);
        let (xs, ys) = ((l * w) as usize..(r * w) as usize, (t * h) as usize..(b * h) as usize);
        let all = xs.len() * ys.len();
        let hits = ys.flat_map(|y| xs.clone().map(move |x| (x, y))).filter(|(x, y)| wanted(self.at(*x, *y))).count();
        hits as f64 / all as f64
    }
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(x, y)| x.abs_diff(y) <= 2)
}

fn square(w: f64, s: f64, e: f64, n: f64) -> Vec<Vec<Vec<[f64; 2]>>> {
    vec![vec![vec![[w, s], [e, s], [e, n], [w, n], [w, s]]]]
}

/// Two cells side by side over a view of 0.2° × 0.1° at the equator, so that degrees and pixels go together:
/// the left one filled, the right one unowned.
fn two_cells(width: u32, height: u32) -> Still {
    let mut still = Still::new(width, height, View { west: 0.0, south: 0.0, east: 0.2, north: 0.1 });
    still.areas = vec![
        StillArea { rings: square(0.0, 0.0, 0.1, 0.1), fill: Some([35, 108, 157, 255]), ..StillArea::default() },
        StillArea { rings: square(0.1, 0.0, 0.2, 0.1), hatch: true, ..StillArea::default() },
    ];
    still
}

#[test]
fn fills_ground_boundaries_and_hatching_are_where_they_belong() {
    if no_gpu() {
        return;
    }
    let picture = Picture::read(&draw(&two_cells(1280, 720)).unwrap());
    assert_eq!((picture.width, picture.height), (1280, 720));
    // 36 px of margin at 1080 lines are 24 here: the cells span 24..1256 and stand in the middle of the room.
    assert!(near(picture.at(330, 350), [35, 108, 157]), "{:?}", picture.at(330, 350));
    assert_eq!(picture.at(4, 350), GROUND);
    assert_eq!(picture.at(640, 4), GROUND);
    // The shared boundary stands in the middle, in its own colour.
    let line = (634..646).any(|x| near(picture.at(x, 350), [84, 104, 120]) || picture.at(x, 350)[0] > 60);
    assert!(line, "{:?}", (634..646).map(|x| picture.at(x, 350)).collect::<Vec<_>>());
    let right = [0.55, 0.3, 0.9, 0.7];
    let dark = picture.share(right, |c| c[0] < 35);
    let striped = picture.share(right, |c| c[0] > 70);
    assert!(dark > 0.5 && striped > 0.08, "ground {dark}, stripes {striped}");
    assert_eq!(picture.share([0.1, 0.3, 0.4, 0.7], |c| near(c, [35, 108, 157])), 1.0);
}

#[test]
fn words_marks_and_legend_are_seen() {
    if no_gpu() {
        return;
    }
    let mut still = two_cells(1280, 720);
    let bare = Picture::read(&draw(&still).unwrap());
    still.title = "网格指挥墙".into();
    still.subtitle = "网格热度".into();
    still.time = "2026-11-22 08:00:00".into();
    still.marks = vec!["演示数据".into()];
    still.note = "数据来源".into();
    still.areas[0].label = "东风社区第一网格".into();
    still.areas[0].label_at = [0.05, 0.05];
    still.legend = Some(Legend {
        title: "热度".into(),
        unit: "件/km²".into(),
        bar: ramp::bar(&ramp::HEAT),
        ticks: vec![(0.0, "0".into()), (1.0, "≥200".into())],
        stops: vec![LegendStop { rgba: [58, 80, 9, 255], hatch: false, label: "甲".into() }],
    });
    let picture = Picture::read(&draw(&still).unwrap());
    let bright = |c: [u8; 3]| c[0] > 150 && c[2] > 150;
    for (what, place) in [
        ("title", [0.01, 0.02, 0.2, 0.08]),
        ("time", [0.7, 0.02, 0.99, 0.08]),
        ("mark", [0.85, 0.08, 0.99, 0.13]),
        ("label", [0.2, 0.45, 0.4, 0.6]),
    ] {
        let (before, after) = (bare.share(place, bright), picture.share(place, bright));
        assert!(before < 0.001 && after > 0.003, "{what}: {before} → {after}");
    }
    // The legend's bar and swatch are drawn in the colours of the data.
    for wanted in [ramp::HEAT[2], ramp::HEAT[128], ramp::HEAT[253], [58, 80, 9]] {
        assert!(picture.share([0.0, 0.2, 1.0, 1.0], |c| near(c, wanted)) > 0.0, "{wanted:?}");
    }
}

#[test]
fn raster_lines_and_points_lie_over_the_areas() {
    if no_gpu() {
        return;
    }
    let mut still = two_cells(1280, 720);
    // Left half of the raster: half-transparent white over the blue cell; right half: nothing.
    let row = |_| [[255, 255, 255, 128], [255, 255, 255, 128], [9, 9, 9, 0], [9, 9, 9, 0]].concat();
    still.raster = Some(StillRaster { view: still.view, width: 4, height: 2, rgba: (0..2).flat_map(row).collect() });
    still.lines = vec![StillLine { points: vec![[0.0, 0.07], [0.2, 0.07]], width_px: 6.0, rgba: [10, 200, 10, 255] }];
    let shapes = [Shape::Circle, Shape::Square, Shape::Diamond, Shape::Triangle];
    still.points = (0..4)
        .map(|i| StillPoint {
            at: [0.04 + 0.04 * f64::from(i), 0.03],
            radius_px: 12.0,
            rgba: [250, 80, 240, 255],
            shape: shapes[i as usize],
        })
        .collect();
    let picture = Picture::read(&draw(&still).unwrap());
    assert!(near(picture.at(150, 350), [145, 181, 206]), "{:?}", picture.at(150, 350));
    assert!(picture.share([0.6, 0.4, 0.95, 0.55], |c| c[0] < 35) > 0.5);
    let line = picture.share([0.05, 0.1, 0.95, 0.9], |c| near(c, [10, 200, 10]));
    assert!(line > 0.003, "{line}");
    for i in 0..4 {
        let x = (24.0 + 1232.0 * (0.04 + 0.04 * f64::from(i)) / 0.2) / 1280.0;
        let seen = picture.share([x - 0.008, 0.1, x + 0.008, 0.9], |c| near(c, [250, 80, 240]));
        assert!(seen > 0.004, "{:?}: {seen}", shapes[i as usize]);
    }
}

#[test]
fn any_size_comes_out_whole_and_parts_leave_no_seam() {
    if no_gpu() {
        return;
    }
    // 2573 pixels are drawn in three parts, 97 lines below in two; odd sizes do not divide evenly.
    for (width, height) in [(640, 360), (2573, 1297), (1080, 1920)] {
        let mut still = two_cells(width, height);
        still.areas.remove(1);
        still.areas[0].rings = square(-1.0, -1.0, 1.0, 1.0);
        let picture = Picture::read(&draw(&still).unwrap());
        assert_eq!((picture.width, picture.height), (width as usize, height as usize));
        let even = picture.share([0.0, 0.1, 1.0, 0.85], |c| near(c, [35, 108, 157]));
        assert!(even > 0.99, "{width} × {height}: {even}");
        let place = (height as usize / 5)..(height as usize * 4 / 5);
        assert!(place.clone().all(|y| near(picture.at(width as usize / 2, y), [35, 108, 157])));
        assert!(place.clone().all(|y| near(picture.at(width as usize / 3 + 1, y), [35, 108, 157])));
    }
}

#[test]
fn thousands_of_cells_are_drawn() {
    if no_gpu() {
        return;
    }
    let mut still = Still::new(960, 540, View { west: 113.0, south: 23.0, east: 113.4, north: 23.2 });
    for (i, j) in (0..134).flat_map(|i| (0..68).map(move |j| (i, j))) {
        let (w, s) = (113.0 + 0.4 / 134.0 * f64::from(i), 23.0 + 0.2 / 68.0 * f64::from(j));
        let fill = Some(ramp::opaque(ramp::heat(f64::from(i) / 134.0)));
        still.areas.push(StillArea { rings: square(w, s, w + 0.4 / 134.0, s + 0.2 / 68.0), fill, ..StillArea::default() });
    }
    let picture = Picture::read(&draw(&still).unwrap());
    let red = |x: f64| picture.at((x * 960.0) as usize, 270).map(u32::from).iter().sum::<u32>();
    assert!(red(0.1) < red(0.5) && red(0.5) < red(0.9));
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    let good = two_cells(640, 360);
    let refused = |change: &dyn Fn(&mut Still), words: &str| {
        let mut still = good.clone();
        change(&mut still);
        match draw(&still) {
            Err(RenderError::Input(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{words}: {:?}", other.map(|png| png.len())),
        }
    };
    refused(&|s| s.width = 0, "0 × 360");
    refused(&|s| s.height = 100_000, "100000");
    refused(&|s| s.view.north = f64::NAN, "view");
    refused(&|s| s.areas[1].rings[0][0][2][1] = f64::INFINITY, "area 1");
    refused(&|s| s.text_scale = 90.0, "text scale");
    refused(&|s| s.raster = Some(StillRaster { view: s.view, width: 4, height: 4, rgba: vec![0; 63] }), "cannot have 63 bytes");
}

#[test]
fn empty_and_degenerate_areas_do_no_harm() {
    if no_gpu() {
        return;
    }
    let mut still = two_cells(640, 360);
    for rings in [vec![], vec![vec![]], vec![vec![vec![]]], vec![vec![vec![[0.1, 0.05]; 4]]], square(170.0, -85.9, 175.0, 89.9)] {
        still.areas.push(StillArea { rings, fill: Some([255; 4]), hatch: true, label: "空".into(), ..StillArea::default() });
    }
    assert!(near(Picture::read(&draw(&still).unwrap()).at(165, 180), [35, 108, 157]));
}

/// Not a test of its own: the child process of the tests below, started with this test's name and a file to write.
#[test]
fn child() {
    if std::env::var_os("GRIDWALL_TEST_CHILD").is_none() {
        return;
    }
    let out = std::env::args().next_back().unwrap();
    if let Err(e) = run_child(std::io::stdin(), Path::new(&out)) {
        eprintln!("{e}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

/// Starts this test program as the child, through `env` so that the variables need not be set for the whole process.
fn in_child(vars: &[&str], still: &Still, out: &Path) -> Result<(), RenderError> {
    let me = std::env::current_exe().unwrap();
    let mut args: Vec<&str> = vars.to_vec();
    args.extend(["GRIDWALL_TEST_CHILD=1", me.to_str().unwrap(), "--exact", "child", "--nocapture"]);
    draw_in_child(Path::new("/usr/bin/env"), &args, still, out, Duration::from_secs(120))
}

#[test]
fn a_child_draws_the_same_picture() {
    if no_gpu() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("图.png");
    let mut still = two_cells(640, 360);
    still.title = "子进程".into();
    still.raster = Some(StillRaster { view: still.view, width: 1, height: 1, rgba: vec![1, 2, 3, 40] });
    in_child(&[], &still, &out).unwrap();
    assert!(std::fs::read(&out).unwrap() == draw(&still).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no half-written file stays behind");
}

#[test]
fn a_failing_child_says_why_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.png");
    let mut still = two_cells(640, 360);
    still.height = 1;
    let why = in_child(&[], &still, &out).unwrap_err().to_string();
    assert!(why.contains("640 × 1") && !why.contains('\n'), "{why}");

    let none = ["VK_ICD_FILENAMES=/nonexistent", "VK_DRIVER_FILES=/nonexistent", "WGPU_BACKEND=vulkan"];
    let why = in_child(&none, &two_cells(640, 360), &out).unwrap_err().to_string();
    assert!(why.contains("mesa-vulkan-drivers"), "{why}");
    assert!(!out.exists());
}

#[test]
fn a_child_that_hangs_or_dies_is_only_an_error() {
    let out = Path::new("unused.png");
    let still = two_cells(640, 360);
    let sh = |script: &str, timeout| draw_in_child(Path::new("/bin/sh"), &["-c", script], &still, out, timeout);
    assert!(matches!(sh("exec sleep 600", Duration::from_millis(200)), Err(RenderError::Timeout(_))));
    let killed = sh("kill -9 $$", Duration::from_secs(60)).unwrap_err().to_string();
    assert!(killed.contains("signal: 9"), "{killed}");
    // More words than a pipe holds, on both sides, block nobody.
    let loud = sh("head -c 300000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; exit 3", Duration::from_secs(60)).unwrap_err();
    assert!(loud.to_string().contains('x'));
    let gone = draw_in_child(Path::new("/nonexistent/gridwall"), &[], &still, out, Duration::from_secs(1));
    assert!(matches!(gone, Err(RenderError::Io { .. })));
}

#[test]
fn a_still_survives_the_way_through_json() {
    let mut still = two_cells(640, 360);
    still.raster = Some(StillRaster { view: still.view, width: 2, height: 1, rgba: vec![0, 1, 2, 3, 252, 253, 254, 255] });
    still.points.push(StillPoint { at: [0.1, 0.05], radius_px: 3.0, rgba: [1; 4], shape: Shape::Diamond });
    let json = serde_json::to_string(&still).unwrap();
    assert!(json.contains(r#""rgba":"AAECA/z9/v8=""#) && json.contains(r#""shape":"diamond""#), "{json}");
    assert_eq!(serde_json::from_str::<Still>(&json).unwrap(), still);
    // Only what matters need be written.
    let small = r#"{"width":640,"height":360,"view":{"west":0,"south":0,"east":1,"north":1}}"#;
    assert_eq!(serde_json::from_str::<Still>(small).unwrap().text_scale, 1.0);
    assert!(matches!(run_child(&b"{}"[..], Path::new("unused.png")), Err(RenderError::Input(_))));
}
