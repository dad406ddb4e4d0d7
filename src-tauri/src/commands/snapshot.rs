//! A picture of the wall, drawn natively in a child process.

use super::{operator, station};
use crate::{
    cli::{Cli, SnapshotArgs},
    console::{Failure, answer},
    demo,
};
use serde_json::Value;
use std::{collections::HashMap, path::Path, time::Duration};
use wall_core::Level;
use wall_render::{Legend, LegendStop, Still, StillArea, StillRaster, View, draw_in_child, ramp, run_child};
use wall_service::{
    wall::{AsOf, HeatQuery, Wall},
    wire::{AreaStat, WallInfo},
};

/// How long the child may draw.
const PATIENCE: Duration = Duration::from_secs(120);

/// The child's side: standard input to a picture.
pub fn render_still(out: &Path) -> Result<(), Failure> {
    run_child(std::io::stdin().lock(), out).map_err(|e| Failure { code: 4, message: e.to_string().replace('\n', " ") })
}

/// `gridwall snapshot OUT.png`.
pub async fn snapshot(cli: &Cli, args: &SnapshotArgs) -> Result<(), Failure> {
    let mut options = station::wall_options(cli)?;
    if args.demo {
        options = demo::prepare(&options.folder, options.database.as_deref(), cli.now).await?;
    }
    options.fixed_now = cli.now;
    if cli.zone.is_some() {
        options.zone.clone_from(&cli.zone);
    }
    let wall = station::open_with(options).await?;
    let still = still(&wall, args).await?;
    let exe = std::env::current_exe()?;
    let out = args.out.clone();
    tokio::task::spawn_blocking(move || draw_in_child(&exe, &["render-still"], &still, &out, PATIENCE))
        .await
        .map_err(|e| Failure { code: 4, message: e.to_string() })?
        .map_err(|e| Failure { code: 4, message: e.to_string() })?;
    let (w, h) = args.size;
    let value = serde_json::json!({ "file": args.out, "width": w, "height": h, "scene": args.scene });
    answer(cli.json, &value, || format!("{} ({w} × {h})", args.out.display()))
}

/// What the picture shows: the same facts as the wall's own screen.
async fn still(wall: &Wall, args: &SnapshotArgs) -> Result<Still, Failure> {
    let actor = operator(false, "cli");
    let asked = asked(args);
    let info = wall.info(&actor, asked.time()).await?;
    let Some([west, south, east, north]) = info.bounds else {
        return Err(Failure::input(
            "there are no cells to draw at this time; import and publish some with `gridwall import cells … --publish`",
        ));
    };
    let snapshot = wall.snapshot(&actor, asked).await?;
    let stats: HashMap<String, AreaStat> = snapshot.areas.into_iter().map(|a| (a.key.clone(), a)).collect();
    let areas: Value = serde_json::from_slice(&wall.areas(&actor, Level::Cell, asked.time()).await?)
        .map_err(|e| Failure { code: 4, message: e.to_string() })?;
    let view = View { west, south, east, north };
    let mut still = Still::new(args.size.0, args.size.1, view);
    let raster = args.scene == "heat";
    let label = info.cell_count <= 400;
    for feature in areas["features"].as_array().into_iter().flatten() {
        let p = &feature["properties"];
        let Some(stat) = p["key"].as_str().and_then(|k| stats.get(k)) else { continue };
        let (fill, hatch) = paint(&args.scene, stat, p["owner_color"].as_i64().unwrap_or(-1), &info);
        still.areas.push(StillArea {
            rings: serde_json::from_value(feature["geometry"]["coordinates"].clone()).unwrap_or_default(),
            fill: if raster { None } else { fill },
            hatch,
            label: if label {
                p["name"].as_str().filter(|n| !n.is_empty()).or(p["code"].as_str()).unwrap_or("").to_owned()
            } else {
                String::new()
            },
            label_at: [p["label_lon"].as_f64().unwrap_or(west), p["label_lat"].as_f64().unwrap_or(south)],
        });
    }
    if raster {
        still.raster = Some(heat_raster(wall, &info, view, args).await?);
    }
    still.title = if info.title.is_empty() { "网格指挥墙 GridWall".into() } else { info.title.clone() };
    still.subtitle = info.plan.as_ref().map_or_else(String::new, |p| format!("{} · {} 网格", p.name, info.cell_count));
    still.time = shown_time(snapshot.clock.now_ms, &info.zone);
    if info.demo {
        still.marks.push("演示数据".into());
    }
    match snapshot.clock.kind {
        _ if asked.known_at.is_some() => still.marks.push("非实时 · 按当时所知".into()),
        _ if snapshot.as_of => still.marks.push("非实时".into()),
        wall_service::wire::ClockKind::System => {}
        wall_service::wire::ClockKind::Fixed => still.marks.push("固定时钟".into()),
        wall_service::wire::ClockKind::Replay => still.marks.push("回放".into()),
    }
    still.legend = Some(legend(&args.scene, &info));
    Ok(still)
}

fn asked(args: &SnapshotArgs) -> AsOf {
    AsOf { at: args.as_of, known_at: args.known_at }
}

fn paint(scene: &str, stat: &AreaStat, owner: i64, info: &WallInfo) -> (Option<[u8; 4]>, bool) {
    match scene {
        "owner" => match usize::try_from(owner) {
            Ok(group) => (Some(ramp::opaque(ramp::owner(group))), false),
            Err(_) => (None, true),
        },
        "time_left" => {
            let span = info.heat.time_left_span_h * 3600.0;
            (stat.time_left_s.map(|s| ramp::opaque(ramp::time_left(s / span))), false)
        }
        // The square root, because counts crowd at the low end.
        "open" => ((stat.open > 0).then(|| ramp::opaque(ramp::heat((f64::from(stat.open) / 100.0).sqrt()))), false),
        _ => (Some(ramp::opaque(ramp::heat(stat.heat / info.heat.cell_scale_max))), false),
    }
}

async fn heat_raster(wall: &Wall, info: &WallInfo, view: View, args: &SnapshotArgs) -> Result<StillRaster, Failure> {
    let (width, height) = (args.size.0.min(1024), args.size.1.clamp(64, 1024));
    let query = HeatQuery {
        bounds: [view.west, view.south, view.east, view.north],
        width,
        height,
        time_left: false,
        sigma_m: None,
        max: Some(info.heat.scale_max),
        first: true,
    };
    let image = wall.heat(&operator(false, "cli"), query, asked(args)).await?;
    let rgba = image
        .bytes
        .iter()
        .flat_map(|b| {
            let [r, g, bl] = ramp::heat(f64::from(*b) / 255.0);
            // Quiet ground shows through where there is little; nothing begins with an edge.
            [r, g, bl, b.saturating_mul(3)]
        })
        .collect();
    Ok(StillRaster { view, width, height, rgba })
}

fn legend(scene: &str, info: &WallInfo) -> Legend {
    let number = |x: f64| if x >= 10.0 { format!("{x:.0}") } else { format!("{x:.1}") };
    let bar = |title: &str, unit: &str, colours: &[ramp::Rgb], ticks: Vec<(f32, String)>| Legend {
        title: title.into(),
        unit: unit.into(),
        bar: ramp::bar(colours),
        ticks,
        stops: vec![],
    };
    match scene {
        "owner" => Legend {
            title: "责任归属".into(),
            unit: String::new(),
            stops: vec![LegendStop { rgba: [0, 0, 0, 0], hatch: true, label: "无责任人".into() }],
            ..Legend::default()
        },
        "time_left" => {
            let h = info.heat.time_left_span_h;
            bar(
                "剩余时间（中位数）",
                "小时",
                &ramp::TIME_LEFT,
                vec![(0.0, format!("−{}", number(h))), (0.5, "到期".into()), (1.0, format!("+{}", number(h)))],
            )
        }
        "open" => bar("在办事件", "件", &ramp::HEAT, vec![(0.0, "0".into()), (0.5, "25".into()), (1.0, "100".into())]),
        _ => {
            let top = info.heat.scale_max;
            bar("事件热度", "加权在办件/km²", &ramp::HEAT, vec![(0.0, "0".into()), (0.5, number(top / 2.0)), (1.0, number(top))])
        }
    }
}

fn shown_time(ms: i64, zone: &str) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .ok()
        .and_then(|t| t.in_tz(zone).ok())
        .map_or_else(|| ms.to_string(), |t| t.strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
}
