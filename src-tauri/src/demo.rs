//! The demonstration district on the command line: its store, its files, its live feed.

use crate::{
    cli::{Cli, DemoArgs},
    console::{Failure, answer},
};
use std::path::Path;
use wall_service::wall::{Wall, WallOptions, system_now};

/// `gridwall demo OUT`: writes the import files.
pub fn write(cli: &Cli, args: &DemoArgs) -> Result<(), Failure> {
    let now = cli.now.unwrap_or_else(system_now);
    wall_service::demo::write_district(&args.out, args.seed, now)?;
    let value = serde_json::json!({ "folder": args.out, "seed": args.seed, "now": now.to_rfc3339() });
    answer(cli.json, &value, || format!("演示数据 demonstration files in {} (all fictional)", args.out.display()))
}

/// Makes or takes up the store of the demonstration below `folder`, and says how to open it.
pub async fn prepare(folder: &Path, now: Option<wall_core::UtcMs>) -> Result<WallOptions, Failure> {
    let _ = (folder, now);
    Err(Failure::input("not built yet"))
}

/// Lets the city live on `wall`.
pub fn live(wall: Wall) {
    let _ = wall;
}
