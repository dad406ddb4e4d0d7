//! Draws the polygons of any GeoJSON file with invented values, to look at the renderer's work.
//!
//! `cargo run -p wall-render --example geojson -- IN.geojson OUT.png 1920x1080 heat|time|owner|raster LABEL_FIELD`

use serde_json::Value;
use std::error::Error;
use wall_render::{Legend, LegendStop, Still, StillArea, StillLine, StillPoint, StillRaster, View, draw, ramp};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, input, output, size, mode, field] = args.as_slice() else {
        return Err("usage: geojson IN.geojson OUT.png WIDTHxHEIGHT heat|time|owner|raster LABEL_FIELD".into());
    };
    let (width, height) = size.split_once('x').ok_or("the size is WIDTHxHEIGHT")?;
    let json: Value = serde_json::from_str(&std::fs::read_to_string(input)?)?;
    let mut areas: Vec<StillArea> = Vec::new();
    for feature in json["features"].as_array().ok_or("no features")? {
        let geometry = &feature["geometry"];
        let coordinates = geometry["coordinates"].clone();
        let rings = match geometry["type"].as_str() {
            Some("Polygon") => vec![serde_json::from_value(coordinates)?],
            Some("MultiPolygon") => serde_json::from_value(coordinates)?,
            _ => continue,
        };
        let label = feature["properties"][field.as_str()].as_str().unwrap_or_default().to_owned();
        areas.push(StillArea { label_at: middle(&rings), rings, label, ..StillArea::default() });
    }
    let all: Vec<[f64; 2]> = areas.iter().flat_map(|a| a.rings.iter().flatten().flatten().copied()).collect();
    let low = |k: usize| all.iter().map(|p| p[k]).fold(f64::MAX, f64::min);
    let high = |k: usize| all.iter().map(|p| p[k]).fold(f64::MIN, f64::max);
    let view = View { west: low(0), south: low(1), east: high(0), north: high(1) };
    let hot = [view.west + (view.east - view.west) * 0.55, view.south + (view.north - view.south) * 0.6];
    let heat = |p: [f64; 2]| {
        let far = ((p[0] - hot[0]).powi(2) * 0.55 + (p[1] - hot[1]).powi(2)).sqrt() / (view.north - view.south);
        (1.15 * (-far * 5.0).exp() + 0.25 * (far * 37.0).sin().powi(2) * (-far * 2.0).exp()).min(1.0)
    };

    let mut still = Still::new(width.parse()?, height.parse()?, view);
    for (i, area) in areas.iter_mut().enumerate() {
        let h = heat(area.label_at);
        area.fill = match mode.as_str() {
            "heat" => Some(ramp::opaque(ramp::heat(h))),
            "time" => Some(ramp::opaque(ramp::time_left(1.0 - 1.8 * h))),
            "owner" if i % 11 == 5 => None,
            "owner" => Some(ramp::opaque(ramp::owner(i * 5 % 8))),
            _ => Some([22, 29, 36, 255]),
        };
        area.hatch = mode == "owner" && area.fill.is_none();
    }
    if mode == "raster" {
        let (w, h) = (320, 320);
        let mut rgba = Vec::new();
        for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
            let p = [
                view.west + (view.east - view.west) * (f64::from(x) + 0.5) / f64::from(w),
                view.north - (view.north - view.south) * (f64::from(y) + 0.5) / f64::from(h),
            ];
            let [r, g, b] = ramp::heat(heat(p));
            rgba.extend([r, g, b, (heat(p) * 1.6 * 255.0).min(235.0) as u8]);
        }
        still.raster = Some(StillRaster { view, width: w, height: h, rgba });
        let places = areas.iter().enumerate().filter(|(i, _)| i % 7 == 0);
        let shapes = [wall_render::Shape::Circle, wall_render::Shape::Diamond, wall_render::Shape::Triangle];
        still.points = places
            .map(|(i, a)| StillPoint { at: a.label_at, radius_px: 6.0, rgba: [240, 240, 240, 255], shape: shapes[i % 3] })
            .collect();
        let outline = areas.first().and_then(|a| a.rings.first()?.first().cloned()).unwrap_or_default();
        still.lines.push(StillLine { points: outline, width_px: 4.0, rgba: [206, 216, 224, 255] });
    }
    still.areas = areas;
    still.title = "社会治理综合指挥室 · 网格指挥墙".into();
    still.subtitle = "网格热度 · 全科网格方案 2026-A · 255 个网格".into();
    still.time = "2015-12-31 12:00:00 (EST)".into();
    still.marks = vec!["时钟非实时".into(), "演示数据".into()];
    still.note = "数据：Analyze Boston (PDDL) · 数值为虚构，仅供查看".into();
    let tick = |at: f32, words: &str| (at, words.to_owned());
    still.legend = Some(match mode.as_str() {
        "owner" => Legend {
            title: "责任归属".into(),
            unit: "按责任人着色，相邻不同色".into(),
            stops: (0..8)
                .map(|g| LegendStop {
                    rgba: ramp::opaque(ramp::owner(g)), hatch: false, label: format!("第 {} 责任组", g + 1)
                })
                .chain([LegendStop { rgba: [15, 20, 25, 255], hatch: true, label: "未分配".into() }])
                .collect(),
            ..Legend::default()
        },
        "time" => Legend {
            title: "剩余时间".into(),
            unit: "小时，至办结时限".into(),
            bar: ramp::bar(&ramp::TIME_LEFT),
            ticks: vec![tick(0.0, "逾期 24"), tick(0.5, "到期"), tick(1.0, "剩余 24")],
            ..Legend::default()
        },
        _ => Legend {
            title: "事件热度".into(),
            unit: "加权未办结 件/km²，半衰期 24 h".into(),
            bar: ramp::bar(&ramp::HEAT),
            ticks: vec![tick(0.0, "0"), tick(0.25, "50"), tick(0.5, "100"), tick(0.75, "150"), tick(1.0, "≥200")],
            ..Legend::default()
        },
    });
    std::fs::write(output, draw(&still)?)?;
    Ok(())
}

/// Middle of the box of the largest polygon.
fn middle(polygons: &[Vec<Vec<[f64; 2]>>]) -> [f64; 2] {
    let ring = polygons.iter().filter_map(|p| p.first()).max_by_key(|r| r.len());
    let Some(ring) = ring else { return [0.0; 2] };
    [0, 1].map(|k| {
        let (lo, hi) = ring.iter().fold((f64::MAX, f64::MIN), |(lo, hi), p| (lo.min(p[k]), hi.max(p[k])));
        (lo + hi) / 2.0
    })
}
