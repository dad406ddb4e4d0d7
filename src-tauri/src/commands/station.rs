//! Who acts on the command line, where the data lies, and opening the wall there.

use crate::{
    cli::Cli,
    console::{Failure, answer},
};
use serde_json::json;
use std::path::{Path, PathBuf};
use wall_service::{
    http::own_public_key,
    wall::{Keeper, Wall, WallOptions, system_now},
};
use wall_store::{Actor, Role, STATION_LIFE_MS, Store};

/// The data directory: as told, else the platform's own.
pub fn data_dir(cli: &Cli) -> Result<PathBuf, Failure> {
    if let Some(path) = cli.db.as_deref().and_then(|url| url.strip_prefix("sqlite:")) {
        return folder_of(path);
    }
    match &cli.data_dir {
        Some(d) => Ok(d.clone()),
        None => dirs::data_dir()
            .map(|d| d.join("gridwall"))
            .ok_or_else(|| Failure { code: 4, message: "this system names no folder for data; use --data-dir DIR".into() }),
    }
}

/// The data directory of the file that a `sqlite:` URL names after its colon.
pub fn folder_of(path: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    if path.file_name().is_none_or(|n| n != "gridwall.db") {
        return Err(Failure::usage("a sqlite: URL names a file gridwall.db in a data directory; or use --data-dir".to_owned()));
    }
    Ok(path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned))
}

/// The address of the database, where it is on a server; `None` = the file in the data directory.
pub fn database(cli: &Cli) -> Option<&str> {
    cli.db.as_deref().filter(|url| !url.starts_with("sqlite:"))
}

/// The store alone, without a world.
pub async fn store(cli: &Cli) -> Result<Store, Failure> {
    let store = Store::open_at(&data_dir(cli)?, database(cli)).await?;
    if let Err(error) = store.say_unsaid(&os_user(), system_now()).await {
        tracing::warn!(%error, "what was done to the store is not in the audit log yet");
    }
    Ok(store)
}

/// What a wall is opened with, as far as every command says it alike.
pub fn wall_options(cli: &Cli) -> Result<WallOptions, Failure> {
    let mut options = WallOptions::new(data_dir(cli)?);
    options.database = database(cli).map(str::to_owned);
    Ok(options)
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
    let mut options = wall_options(cli)?;
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

/// Lets a station in by a code, which is shown once.
pub async fn add(cli: &Cli, name: &str, role: &str) -> Result<(), Failure> {
    let role = Role::from_code(role).ok_or_else(|| Failure::usage(format!("there is no role \"{role}\"")))?;
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Failure::usage("a station's name has 1 … 100 printable characters".to_owned()));
    }
    let (id, code) = Keeper::of(&store(cli).await?).add_station(&os_user(), role, name.trim()).await?;
    let days = STATION_LIFE_MS / 86_400_000;
    let key = own_public_key(&data_dir(cli)?).map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
    let fingerprint = key.map(|k| k.to_string());
    let value = json!({ "id": id, "name": name.trim(), "role": role.code(), "code": code, "days": days,
        "public_key_sha256": fingerprint });
    answer(cli.json, &value, || {
        let shown = fingerprint.as_deref().unwrap_or("FINGERPRINT");
        let which = match &fingerprint {
            Some(_) => "That is the public key of this data directory's own certificate; where",
            None => "`serve` prints it when it makes its own certificate, at its first start on an address of the network; where",
        };
        format!(
            "{code}\n(shown once, good for {days} days. On the other machine:\n  gridwall run --server https://HOST:PORT --fingerprint \
             {shown} --code-stdin\nand type it in. {which} `serve` was given another one (--cert) it prints that one's at its start, and \
             where a proxy speaks TLS (--behind-tls) it is the proxy's: {OF_A_FILE}\n`gridwall station revoke {id}` ends it)"
        )
    })
}

/// How a certificate in a file tells its fingerprint.
const OF_A_FILE: &str = "openssl x509 -in FILE -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256";
