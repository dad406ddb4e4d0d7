//! Who acts on the command line, where the data lies, and opening the wall there.

use crate::{cli::Cli, console::Failure};
use std::path::{Path, PathBuf};
use wall_service::wall::{Wall, WallOptions};
use wall_store::{Actor, Role};

/// The data directory: as told, else the platform's own.
pub fn data_dir(cli: &Cli) -> Result<PathBuf, Failure> {
    if let Some(url) = &cli.db {
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(Failure::usage(format!("--db {url}: this edition knows sqlite: URLs only; PostgreSQL comes later")));
        };
        let path = Path::new(path.trim_start_matches("//"));
        if path.file_name().is_some_and(|n| n != "gridwall.db") {
            return Err(Failure::usage("--db names a file gridwall.db in a data directory, or use --data-dir".to_owned()));
        }
        return Ok(path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned));
    }
    match &cli.data_dir {
        Some(d) => Ok(d.clone()),
        None => dirs::data_dir()
            .map(|d| d.join("gridwall"))
            .ok_or_else(|| Failure { code: 4, message: "this system names no folder for data; use --data-dir DIR".into() }),
    }
}

/// The operating-system user, who may do everything with data they can read.
pub fn os_user() -> Actor {
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".into());
    Actor::new(format!("os:{name}"), Role::Admin, "cli")
}

/// The same person at the wall or in a browser they opened: a wall operator, or an unsigned viewer.
pub fn operator(viewer: bool, station: &str) -> Actor {
    let mut actor = os_user();
    actor.station = station.into();
    actor.role = if viewer { Role::Viewer } else { Role::Operator };
    actor
}

/// Opens the wall on the data directory.
pub async fn open(cli: &Cli) -> Result<Wall, Failure> {
    let mut options = WallOptions::new(data_dir(cli)?);
    options.fixed_now = cli.now;
    options.zone = cli.zone.clone();
    open_with(options).await
}

/// What is said where a store has no zone of its own.
pub fn zone_words(zone: &str, proposed: Option<&str>) -> String {
    let propose = proposed.map_or_else(
        || "gridwall zone NAME gives it one".to_owned(),
        |p| format!("by where its cells lie it is {p}: gridwall zone {p} gives it that one"),
    );
    format!("this store has no zone of its own; days begin and times are shown by this machine's, {zone}; {propose}")
}

/// Opens the wall with options.
pub async fn open_with(mut options: WallOptions) -> Result<Wall, Failure> {
    // Files that come over HTTP are read by this program in another process.
    options.reader = std::env::current_exe().ok();
    Ok(Wall::open(options).await?)
}
