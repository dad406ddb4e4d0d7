//! Native pictures of the wall: what is to be seen, from the facts of the wall's own screen, drawn in a child process.

use bytes::Bytes;
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use wall_core::CellGeometry;
use wall_render::{Legend, LegendStop, RenderError, Still, StillArea, StillRaster, View, draw_in_child, ramp};
use wall_service::{
    http::{Painter, Scene, StillAsked},
    wall::{HeatQuery, Wall, WallError},
    wire::{AreaStat, ClockKind, WallInfo},
};
use wall_store::Actor;

/// How long the child may draw.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same while somebody waits in a browser.
const WAITED_FOR: Duration = Duration::from_secs(25);
/// Most cells whose names are written.
const LABELS: u32 = 400;

/// Draws for the HTTP interface; pictures on their way lie below the data directory, which is the user's own.
pub struct Native {
    folder: PathBuf,
}

/// A picture that lies there longer was left over by a process that was ended.
const LEFT_OVER: Duration = Duration::from_secs(60);

impl Native {
    /// For a wall; removes what others left over.
    pub fn over(wall: &Wall) -> Self {
        let folder = wall.store().folder().join("stills");
        for file in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let written = file.metadata().and_then(|about| about.modified());
            if written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_OVER)) {
                let _ = std::fs::remove_file(file.path());
            }
        }
        Self { folder }
    }
}

/// Tells the files of this process apart.
static PICTURE: AtomicU64 = AtomicU64::new(0);

impl Painter for Native {
    fn paint(&self, wall: &Wall, actor: &Actor, asked: &StillAsked) -> Result<Bytes, String> {
        let words = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        let still = tokio::runtime::Handle::current()
            .block_on(still(wall, actor, asked))
            .map_err(|e| words("what is to be drawn could not be had", &e))?
            .ok_or("there are no cells to draw at this time")?;
        std::fs::create_dir_all(&self.folder).map_err(|e| words("the picture cannot be kept", &e))?;
        let out = self.folder.join(format!("{}-{}.png", std::process::id(), PICTURE.fetch_add(1, Relaxed)));
        let drawn = draw_within(&still, &out, WAITED_FOR).map_err(|e| e.to_string());
        let read = drawn.and_then(|()| std::fs::read(&out).map_err(|e| words("the picture cannot be read", &e)));
        // Also what was begun by a child that did not end.
        let _ = std::fs::remove_file(&out);
        read.map(Bytes::from)
    }
}

/// Draws into a file, in a process of its own.
///
/// # Errors
/// No graphics adapter, a fault of its driver, or the file.
pub fn draw(still: &Still, out: &Path) -> Result<(), RenderError> {
    draw_within(still, out, PATIENCE)
}

fn draw_within(still: &Still, out: &Path, patience: Duration) -> Result<(), RenderError> {
    let exe =
        std::env::current_exe().map_err(|source| RenderError::Io { what: "cannot find", path: "gridwall".into(), source })?;
    draw_in_child(&exe, &["render-still"], still, out, patience)
}

/// What the picture shows: the same facts as the wall's own screen. `None` = there are no cells at this time.
///
/// # Errors
/// The store.
pub async fn still(wall: &Wall, actor: &Actor, asked: &StillAsked) -> Result<Option<Still>, WallError> {
    let facts = wall.still_facts(actor, asked.as_of).await?;
    let info = &facts.info;
    let Some([west, south, east, north]) = info.bounds else { return Ok(None) };
    let view = View { west, south, east, north };
    let mut still = Still::new(asked.width, asked.height, view);
    let raster = asked.scene == Scene::Heat;
    for cell in &facts.cells {
        let (fill, hatch) = paint(asked.scene, &cell.stat, cell.facts.owner_color, info);
        let name = if cell.facts.name.is_empty() { &cell.facts.code } else { &cell.facts.name };
        still.areas.push(StillArea {
            rings: rings(&cell.ground),
            fill: if raster { None } else { fill },
            hatch,
            label: if info.cell_count <= LABELS { name.clone() } else { String::new() },
            label_at: [cell.facts.label_lon, cell.facts.label_lat],
        });
    }
    if raster {
        still.raster = Some(heat_raster(wall, actor, info, view, asked).await?);
    }
    if info.demo {
        still.marks.push("演示数据".into());
    }
    match facts.clock.kind {
        _ if facts.by_then => still.marks.push("非实时 · 按当时所知".into()),
        _ if facts.as_of => still.marks.push("非实时".into()),
        ClockKind::System => {}
        ClockKind::Fixed => still.marks.push("固定时钟".into()),
        ClockKind::Replay => still.marks.push("回放".into()),
    }
    if !asked.bare {
        still.title = if info.title.is_empty() { "网格指挥墙 GridWall".into() } else { info.title.clone() };
        still.subtitle = info.plan.as_ref().map_or_else(String::new, |p| format!("{} · {} 网格", p.name, info.cell_count));
        still.time = shown_time(facts.clock.now_ms, &info.zone);
        still.legend = Some(legend(asked.scene, info));
    }
    Ok(Some(still))
}

fn rings(ground: &CellGeometry) -> Vec<Vec<Vec<[f64; 2]>>> {
    let ring = |r: &Vec<wall_core::GridPoint>| r.iter().map(|p| p.place()).map(|p| [p.lon, p.lat]).collect();
    ground.polygons.iter().map(|p| p.rings().map(ring).collect()).collect()
}

fn paint(scene: Scene, stat: &AreaStat, owner: i8, info: &WallInfo) -> (Option<[u8; 4]>, bool) {
    match scene {
        Scene::Owner => match usize::try_from(owner) {
            Ok(group) => (Some(ramp::opaque(ramp::owner(group))), false),
            Err(_) => (None, true),
        },
        Scene::TimeLeft => {
            let span = info.heat.time_left_span_h * 3600.0;
            (stat.time_left_s.map(|s| ramp::opaque(ramp::time_left(s / span))), false)
        }
        // The square root, because counts crowd at the low end.
        Scene::Open => ((stat.open > 0).then(|| ramp::opaque(ramp::heat((f64::from(stat.open) / 100.0).sqrt()))), false),
        Scene::Heat => (Some(ramp::opaque(ramp::heat(stat.heat / info.heat.cell_scale_max))), false),
    }
}

async fn heat_raster(
    wall: &Wall,
    actor: &Actor,
    info: &WallInfo,
    view: View,
    asked: &StillAsked,
) -> Result<StillRaster, WallError> {
    let (width, height) = (asked.width.min(1024), asked.height.clamp(64, 1024));
    let query = HeatQuery {
        bounds: [view.west, view.south, view.east, view.north],
        width,
        height,
        time_left: false,
        sigma_m: None,
        max: Some(info.heat.scale_max),
        first: false,
    };
    let image = wall.heat(actor, query, asked.as_of).await?;
    let rgba = image.bytes.iter().flat_map(|b| ramp::heat_over(*b)).collect();
    Ok(StillRaster { view, width, height, rgba })
}

fn legend(scene: Scene, info: &WallInfo) -> Legend {
    let number = |x: f64| if x >= 10.0 { format!("{x:.0}") } else { format!("{x:.1}") };
    let bar = |title: &str, unit: &str, colours: &[ramp::Rgb], ticks: Vec<(f32, String)>| Legend {
        title: title.into(),
        unit: unit.into(),
        bar: ramp::bar(colours),
        ticks,
        stops: vec![],
    };
    match scene {
        Scene::Owner => Legend {
            title: "责任归属".into(),
            unit: String::new(),
            stops: vec![LegendStop { rgba: [0, 0, 0, 0], hatch: true, label: "无责任人".into() }],
            ..Legend::default()
        },
        Scene::TimeLeft => {
            let h = info.heat.time_left_span_h;
            bar(
                "剩余时限（最紧的一件）",
                "小时",
                &ramp::TIME_LEFT,
                vec![(0.0, format!("−{}", number(h))), (0.5, "到期".into()), (1.0, format!("+{}", number(h)))],
            )
        }
        Scene::Open => bar("在办事件", "件", &ramp::HEAT, vec![(0.0, "0".into()), (0.5, "25".into()), (1.0, "100".into())]),
        Scene::Heat => {
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
