//! A picture of the wall, drawn natively in a child process.

use super::{operator, station};
use crate::{
    cli::{Cli, SnapshotArgs},
    console::{Failure, answer},
    demo, painter,
};
use std::path::Path;
use wall_render::run_child;
use wall_service::{
    http::{Scene, StillAsked},
    wall::AsOf,
};

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
    let (width, height) = args.size;
    let scene = Scene::of_word(&args.scene).ok_or_else(|| Failure::usage(format!("there is no scene \"{}\"", args.scene)))?;
    let as_of = AsOf { at: args.as_of, known_at: args.known_at };
    let asked = StillAsked { scene, width, height, as_of, bare: false };
    let still = painter::still(&wall, &operator(false, "cli"), &asked).await?.ok_or_else(|| {
        Failure::input(
            "there are no cells to draw at this time; import and publish some with `gridwall import cells … --publish`",
        )
    })?;
    let out = args.out.clone();
    tokio::task::spawn_blocking(move || painter::draw(&still, &out))
        .await
        .map_err(|e| Failure { code: 4, message: e.to_string() })?
        .map_err(|e| Failure { code: 4, message: e.to_string() })?;
    let (w, h) = args.size;
    let value = serde_json::json!({ "file": args.out, "width": w, "height": h, "scene": args.scene });
    answer(cli.json, &value, || format!("{} ({w} × {h})", args.out.display()))
}
