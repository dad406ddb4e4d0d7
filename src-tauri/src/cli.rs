//! The command line, as `--help` prints it. The contract that scripts rely on.

mod import;

pub use import::{Import, ImportCells, ImportOwners, ImportRows, OwnImport};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// GridWall 网格指挥墙: the command wall of a street's grid-governance room.
#[derive(Parser, Debug)]
#[command(name = "gridwall", version, about, max_term_width = 110)]
pub struct Cli {
    /// Where everything the product writes lives (default: the platform's own folder).
    #[arg(long, global = true, env = "GRIDWALL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where the database is: `postgres://USER:PASSWORD@HOST/DATABASE?schema=NAME`, or `sqlite:` and a gridwall.db (default: the
    /// file in the data directory). Keys and other files of this machine stay in the data directory.
    #[arg(long, global = true, env = "GRIDWALL_DB", hide_env_values = true, value_name = "URL")]
    pub db: Option<String>,
    /// A fixed clock, RFC 3339 with zone: everything is judged at this time, and the wall says so.
    #[arg(long, global = true, value_name = "T", value_parser = time)]
    pub now: Option<wall_core::UtcMs>,
    /// IANA zone for days and times, e.g. Asia/Shanghai (default: the store's own, see `zone`; else the system's). Times in
    /// imported files that name no zone are only read when it is named here or in the profile.
    #[arg(long, global = true, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Print exactly one JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do; nothing = open the wall.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Open the wall; with no display, serve it and print the address.
    Run(RunArgs),
    /// Serve intake, API and the same wall in a browser, without a window.
    Serve(ServeArgs),
    /// Take in a file.
    Import {
        /// Which kind of records.
        #[command(subcommand)]
        what: Import,
    },
    /// Write records to a file.
    Export(ExportArgs),
    /// Which cell each point is in.
    Locate(LocateArgs),
    /// The nearest cameras, staff, open tickets or sites.
    Near(NearArgs),
    /// Historical tickets as a live feed, the wall's clock with them.
    Replay(ReplayArgs),
    /// Counts by cell, category, platform or owner.
    Stats(StatsArgs),
    /// A picture of the wall, drawn natively, without a display.
    Snapshot(SnapshotArgs),
    /// The zone in which this store's days begin and its times are shown: says it, or sets it.
    Zone {
        /// IANA name, e.g. Asia/Shanghai.
        name: Option<String>,
    },
    /// How long reporters, positions and lines of the change log are kept: show, set, or let go now what is due.
    Retention(RetentionArgs),
    /// The clock that walls on this store show: the system's, or that of a replay, which can be ended here.
    Clock {
        /// End the replay: the walls return to the system's time within a second.
        #[arg(long)]
        end: bool,
    },
    /// Tokens that feeds and scripts use.
    Token {
        /// What to do with them.
        #[command(subcommand)]
        what: TokenCommand,
    },
    /// Browsers and windows that came in by a one-time link or a code: wall stations and desks.
    Station {
        /// What to do with them.
        #[command(subcommand)]
        what: StationCommand,
    },
    /// Accounts of people: who may sign in, and what they may do.
    User {
        /// What to do with them.
        #[command(subcommand)]
        what: UserCommand,
    },
    /// The tamper-evident audit log.
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        what: AuditCommand,
    },
    /// Check the data directory, the store and this machine.
    Doctor {
        /// Mend what can be mended without touching what is stored: modes of files, what ended processes left over, an
        /// anchor behind a whole audit log.
        #[arg(long)]
        fix: bool,
    },
    /// The store as a whole.
    Store {
        /// What to do with it.
        #[command(subcommand)]
        what: StoreCommand,
    },
    /// The keys of the store on their way to another machine that shares its database.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        what: KeysCommand,
    },
    /// One verified file of everything, also while the wall runs. (A plain copy of gridwall.db lacks the newest rows.)
    Backup(BackupArgs),
    /// Put a backup into the data directory; no wall may run on it.
    Restore(RestoreArgs),
    /// Write the files of the demonstration district.
    Demo(DemoArgs),
    /// Reads a file of cells in this process, within limits (used by `import cells` and imports over HTTP).
    #[command(hide = true)]
    ReadCells {
        /// What is to be read, and how.
        request: String,
        /// Where the answer goes.
        out: PathBuf,
    },
    /// Reads a workbook on standard input in this process, within limits, and leaves the rows of a sheet on standard output;
    /// both are files (used by imports of rows).
    #[command(hide = true)]
    ReadSheet {
        /// Name of the sheet; default: the first that holds anything.
        #[arg(long, allow_hyphen_values = true)]
        sheet: Option<String>,
    },
    /// Draws a still from standard input in this process (used by `snapshot`).
    #[command(hide = true)]
    RenderStill {
        /// Picture to write.
        out: PathBuf,
    },
}

/// Keys of a store.
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Write them to a file, sealed by a passphrase that is asked for.
    Export {
        /// File to write; never over one that is there.
        out: PathBuf,
        /// Take the passphrase from one line of standard input.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Put them into the data directory of this machine, once the database (--db) is known to be theirs.
    Import {
        /// File that `keys export` wrote.
        file: PathBuf,
        /// Take the passphrase from one line of standard input.
        #[arg(long)]
        passphrase_stdin: bool,
    },
}

/// How the wall is opened.
#[derive(Args, Debug, Default, Clone)]
pub struct RunArgs {
    /// The demonstration district: a store of its own, with a live feed. All fictional.
    #[arg(long)]
    pub demo: bool,
    /// Title on the wall.
    #[arg(long)]
    pub title: Option<String>,
    /// Show what an unsigned viewer sees: places only to the cell.
    #[arg(long)]
    pub viewer: bool,
    /// Base map (PMTiles); default: basemap.pmtiles in the data directory.
    #[arg(long, value_name = "FILE")]
    pub base_map: Option<PathBuf>,
    /// Start in full screen.
    #[arg(long)]
    pub fullscreen: bool,
    /// Also take intake over HTTP on this loopback address while the window is open.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    /// Show the wall that another machine serves: https://HOST:PORT, or the one-time link it printed. Its key is remembered, and
    /// another one refused.
    #[arg(long, value_name = "URL", conflicts_with_all = ["demo", "title", "viewer", "base_map", "listen"])]
    pub server: Option<String>,
    /// The public key of --server (SHA-256, as it prints it): known beforehand, or another one from now on.
    #[arg(long, value_name = "SHA256", requires = "server", value_parser = fingerprint)]
    pub fingerprint: Option<wall_service::http::Fingerprint>,
    /// What this station is called on --server (default: the machine's name).
    #[arg(long, value_name = "NAME", requires = "server")]
    pub name: Option<String>,
    /// Take the code that `station add` printed on --server from one line of standard input.
    #[arg(long, requires = "server")]
    pub code_stdin: bool,
    /// Ask --server whether it lets this station in, and open no window.
    #[arg(long, requires = "server")]
    pub check: bool,
}

/// How the wall is served.
#[derive(Args, Debug, Clone)]
pub struct ServeArgs {
    /// Address. Beyond this machine (0.0.0.0:8443) the wall speaks TLS.
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
    /// The demonstration district.
    #[arg(long)]
    pub demo: bool,
    /// Title on the wall.
    #[arg(long)]
    pub title: Option<String>,
    /// The printed link shows what an unsigned viewer sees.
    #[arg(long)]
    pub viewer: bool,
    /// Base map (PMTiles).
    #[arg(long, value_name = "FILE")]
    pub base_map: Option<PathBuf>,
    /// Further names and addresses this wall answers to; its own certificate is for them too.
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// Speak TLS on loopback too, with the wall's own certificate (made at the first start, kept in `tls/` of the data directory).
    #[arg(long)]
    pub tls: bool,
    /// Speak TLS with this certificate (PEM, those that vouch for it after it) and --key. Changed files are taken while the
    /// wall runs.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The private key of --cert (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// A TLS proxy on this machine stands in front: cookies are Secure, and clients are told apart by the last address in X-Forwarded-For,
    /// which the proxy must set.
    #[arg(long, conflicts_with_all = ["tls", "cert"])]
    pub behind_tls: bool,
}

/// Datum as asked for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatumArg {
    /// What the file declares, else WGS-84.
    Auto,
    /// WGS-84.
    Wgs84,
    /// CGCS2000 (equal to WGS-84 here).
    Cgcs2000,
    /// GCJ-02.
    Gcj02,
    /// BD-09.
    Bd09,
}

/// What to export.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Cells of a plan.
    Cells,
    /// Tickets.
    Tickets,
    /// Cameras.
    Cameras,
    /// Staff.
    Staff,
    /// Sites.
    Sites,
}

/// Export.
#[derive(Args, Debug, Clone)]
pub struct ExportArgs {
    /// What.
    pub what: ExportKind,
    /// File; its ending chooses the format: .geojson, .gpkg, .zip (Shapefile) or .kml for cells, .csv, .ndjson or .geojson for others.
    pub out: PathBuf,
    /// Plan by name or number.
    #[arg(long)]
    pub plan: Option<String>,
    /// As it was at this time.
    #[arg(long, value_parser = time, value_name = "T")]
    pub as_of: Option<wall_core::UtcMs>,
    /// With what was known of tickets at this time; without --as-of, as of it too.
    #[arg(long, value_parser = time, value_name = "T")]
    pub known_at: Option<wall_core::UtcMs>,
    /// Network.
    #[arg(long, default_value = "general")]
    pub network: String,
}

/// Locate.
#[derive(Args, Debug, Clone)]
pub struct LocateArgs {
    /// CSV or workbook (.xlsx) with coordinates; `-` = standard input.
    pub file: Option<PathBuf>,
    /// The sheet of a workbook; default: the first that holds anything.
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// One point.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    pub point: Option<String>,
    /// Column of the longitude.
    #[arg(long)]
    pub lon: Option<String>,
    /// Column of the latitude.
    #[arg(long)]
    pub lat: Option<String>,
    /// Accuracy in metres, or the column that holds it: candidates are all cells within it.
    #[arg(long, value_name = "M|COLUMN")]
    pub accuracy: Option<String>,
    /// Network.
    #[arg(long, default_value = "general")]
    pub network: String,
    /// Plan by name or number.
    #[arg(long)]
    pub plan: Option<String>,
    /// By the plan in force at this time.
    #[arg(long, value_parser = time, value_name = "T")]
    pub as_of: Option<wall_core::UtcMs>,
    /// Datum of the coordinates.
    #[arg(long, default_value = "auto")]
    pub datum: DatumArg,
    /// Encoding of the text.
    #[arg(long, default_value = "auto")]
    pub encoding: String,
}

/// Near.
#[derive(Args, Debug, Clone)]
pub struct NearArgs {
    /// Longitude, degrees.
    #[arg(allow_hyphen_values = true)]
    pub lon: f64,
    /// Latitude, degrees.
    #[arg(allow_hyphen_values = true)]
    pub lat: f64,
    #[arg(long, help = near_help(), value_parser = near_kinds())]
    pub kind: String,
    /// How many.
    #[arg(short, default_value_t = 5)]
    pub k: usize,
    /// Only within this distance, metres.
    #[arg(long, value_name = "M")]
    pub within_m: Option<f64>,
}

/// Replay.
#[derive(Args, Debug, Clone)]
pub struct ReplayArgs {
    /// Tickets as `import tickets` takes them.
    pub file: PathBuf,
    /// Profile that maps columns to fields.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Seconds of the wall per second.
    #[arg(long, default_value_t = 600.0)]
    pub speed: f64,
    /// A running wall to feed (with `--token`); without it, the wall on this data directory is fed through the store.
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Token for `--to`, of the role replay.
    #[arg(long, env = "GRIDWALL_TOKEN", value_name = "TOKEN")]
    pub token: Option<String>,
    /// Start here instead of at the first event; what lies before is sent at once.
    #[arg(long, value_parser = time, value_name = "T")]
    pub from: Option<wall_core::UtcMs>,
    /// Stop here.
    #[arg(long, value_parser = time, value_name = "T")]
    pub until: Option<wall_core::UtcMs>,
    /// Datum of the coordinates.
    #[arg(long, default_value = "auto")]
    pub datum: DatumArg,
    /// Encoding of the text.
    #[arg(long, default_value = "auto")]
    pub encoding: String,
    /// Hold the replay's clock standing at the end until this command is stopped, instead of returning to the system's.
    #[arg(long)]
    pub keep_clock: bool,
}

/// Stats.
#[derive(Args, Debug, Clone)]
pub struct StatsArgs {
    /// As of this time.
    #[arg(long, value_parser = time, value_name = "T")]
    pub as_of: Option<wall_core::UtcMs>,
    /// With what was known of tickets at this time; without --as-of, as of it too.
    #[arg(long, value_parser = time, value_name = "T")]
    pub known_at: Option<wall_core::UtcMs>,
    /// Group by.
    #[arg(long, default_value = "cell", value_parser = ["cell", "category", "platform", "owner"])]
    pub by: String,
}

/// Snapshot.
#[derive(Args, Debug, Clone)]
pub struct SnapshotArgs {
    /// Picture to write (PNG).
    pub out: PathBuf,
    /// WIDTHxHEIGHT in pixels.
    #[arg(long, default_value = "1920x1080", value_parser = size)]
    pub size: (u32, u32),
    /// heat, owner, time_left or open.
    #[arg(long, default_value = "heat", value_parser = ["heat", "owner", "time_left", "open"])]
    pub scene: String,
    /// As of this time.
    #[arg(long, value_parser = time, value_name = "T")]
    pub as_of: Option<wall_core::UtcMs>,
    /// With what was known of tickets at this time; without --as-of, as of it too.
    #[arg(long, value_parser = time, value_name = "T")]
    pub known_at: Option<wall_core::UtcMs>,
    /// The demonstration district's store.
    #[arg(long)]
    pub demo: bool,
}

/// Backup.
#[derive(Args, Debug, Clone)]
pub struct BackupArgs {
    /// File to write; one that is there is not written over. Without it, `--every-h` and `--keep` are set or shown.
    #[arg(required_unless_present_any = ["every_h", "keep", "schedule"])]
    pub out: Option<PathBuf>,
    /// Seal the keys into the file by a passphrase, which is asked for. Else they go into FILE.keys, to be kept elsewhere.
    #[arg(long)]
    pub passphrase: bool,
    /// The same, with the passphrase on standard input (one line).
    #[arg(long, conflicts_with = "passphrase")]
    pub passphrase_stdin: bool,
    /// Leave the keys out: whoever restores has them.
    #[arg(long, conflicts_with_all = ["passphrase", "passphrase_stdin"])]
    pub no_keys: bool,
    /// Hours between the backups that a running wall makes by itself in backups/ (0 = none; 24 unless set).
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(0..=8760), conflicts_with = "out")]
    pub every_h: Option<u32>,
    /// How many of them are kept (7 unless set).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), conflicts_with = "out")]
    pub keep: Option<u32>,
    /// Show how often a running wall makes one by itself.
    #[arg(long, conflicts_with = "out")]
    pub schedule: bool,
}

/// Restore.
#[derive(Args, Debug, Clone)]
pub struct RestoreArgs {
    /// A file written by `gridwall backup`.
    pub input: PathBuf,
    /// The keys of the store it was made from (default: FILE.keys, else those of the data directory).
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// The keys are sealed in it; ask for the passphrase.
    #[arg(long, conflicts_with = "keys")]
    pub passphrase: bool,
    /// The same, with the passphrase on standard input (one line).
    #[arg(long, conflicts_with_all = ["keys", "passphrase"])]
    pub passphrase_stdin: bool,
    /// Set aside what lies in the data directory (replaced-…/ there); nothing is deleted.
    #[arg(long)]
    pub replace: bool,
}

/// Demo files.
#[derive(Args, Debug, Clone)]
pub struct DemoArgs {
    /// Folder to write the import files into.
    pub out: PathBuf,
    /// Seed: the same seed and time give the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Retention. A running wall does it once a day.
#[derive(Args, Debug, Clone)]
pub struct RetentionArgs {
    /// Days after which a reporter's name and contact are erased: after they were told, and after the ticket was over.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub reporters_days: Option<u32>,
    /// Whether it is kept where staff were, and not only where they are: off unless somebody turns it on. Off removes what
    /// was kept.
    #[arg(long, value_name = "ON|OFF")]
    pub trails: Option<Trails>,
    /// Days after which positions of staff go, where trails are on; the last one of each stays.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub positions_days: Option<u32>,
    /// Days after which lines of the change log go, beyond the newest 100,000.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub log_days: Option<u32>,
    /// Let go now what is due.
    #[arg(long)]
    pub run: bool,
    /// The clock is right although it leapt by more than 31 days.
    #[arg(long, requires = "run")]
    pub clock_is_right: bool,
}

/// Whether something is on.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trails {
    /// It is kept where staff were.
    On,
    /// Only the last position of each is known.
    Off,
}

/// A part of the territory.
#[derive(Args, Debug, Clone)]
pub struct ScopeArgs {
    /// Codes of communities or streets, with commas between: what lies elsewhere is seen as an unsigned viewer sees it, and not
    /// changed.
    #[arg(long = "scope", value_name = "CODE[,CODE]", value_delimiter = ',')]
    pub divisions: Vec<String>,
    /// Key of a network: plans of others are not changed.
    #[arg(long = "scope-network", value_name = "NETWORK")]
    pub network: Option<String>,
}

/// Tokens.
#[derive(Subcommand, Debug)]
pub enum TokenCommand {
    /// Make a token; its secret is shown once.
    Create {
        /// Name, unique; also the source of its tickets, unless --source says another.
        name: String,
        /// Role: feed, replay (a feed that also drives the wall's clock), viewer, operator, leader, planner, admin.
        #[arg(long, default_value = "feed")]
        role: String,
        /// Without a rate limit (load tests).
        #[arg(long)]
        unlimited: bool,
        /// A source whose tickets it may write, instead of its own name's; may be given several times, `*` stands for all.
        /// Rows that name no source get the first.
        #[arg(long = "source", value_name = "SOURCE")]
        sources: Vec<String>,
        /// What it is for, when not for everything.
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// List tokens.
    List,
    /// Revoke a token.
    Revoke {
        /// Name.
        name: String,
    },
}

/// Stations.
#[derive(Subcommand, Debug)]
pub enum StationCommand {
    /// Let a window on another machine in: prints a code for `run --server URL --code-stdin` there.
    Add {
        /// What the station is called.
        name: String,
        /// What it may do: operator, leader or viewer.
        #[arg(long, default_value = "operator", value_parser = ["operator", "leader", "viewer"])]
        role: String,
    },
    /// List stations with the time their right ends.
    List,
    /// End the right of a station; it shows its last picture and asks for a sign-in.
    Revoke {
        /// Number, as listed.
        id: i64,
    },
}

/// Accounts.
#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Make an account; its password is asked for.
    Add {
        /// What the person types to sign in.
        name: String,
        /// Role: viewer, operator, leader, planner, registrar, admin.
        #[arg(long)]
        role: String,
        /// Name on screen (default: the name).
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// What the person is for, when not for everything.
        #[command(flatten)]
        scope: ScopeArgs,
        /// Read the password from standard input (one line) instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts.
    List,
    /// Give an account another password; its sessions end.
    Passwd {
        /// Name.
        name: String,
        /// Read the password from standard input (one line) instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Say for which part of the territory a person is; their sessions end.
    Scope {
        /// Name.
        name: String,
        /// The part.
        #[command(flatten)]
        scope: ScopeArgs,
        /// All of it.
        #[arg(long, conflicts_with_all = ["divisions", "network"], required_unless_present_any = ["divisions", "network"])]
        everything: bool,
    },
    /// Remove an account; its sessions end, its name is not given again.
    Remove {
        /// Name.
        name: String,
    },
}

/// Audit.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Recompute the chain and compare it with its anchor.
    Verify,
    /// Write the log as NDJSON.
    Export {
        /// File.
        out: PathBuf,
    },
}

/// The store as a whole.
#[derive(Subcommand, Debug)]
pub enum StoreCommand {
    /// Copy everything to another database, and compare it row by row before it counts.
    Copy {
        /// Where to: `postgres://…`, with the keys of this data directory, or `sqlite:` and a gridwall.db in a new folder.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Which process does what is done once, of all that have the store open.
    Leases,
}

/// What `near` finds: those known longest first, then whatever else has a point on the map.
fn near_kinds() -> Vec<&'static str> {
    let mut kinds = vec!["camera", "staff", "ticket"];
    kinds.extend(wall_service::wall::kinds_of_points().into_iter().filter(|kind| !["camera", "staff", "ticket"].contains(kind)));
    kinds
}

/// The same in words.
fn near_help() -> String {
    let kinds = near_kinds();
    match kinds.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

fn fingerprint(text: &str) -> Result<wall_service::http::Fingerprint, String> {
    text.parse()
}

fn time(text: &str) -> Result<wall_core::UtcMs, String> {
    wall_core::UtcMs::from_rfc3339(text)
        .ok_or_else(|| "a time is RFC 3339 with its zone, e.g. 2026-01-31T12:00:00+08:00".to_owned())
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parse = || {
        let (w, h) = text.split_once(['x', 'X', '×'])?;
        Some((w.trim().parse::<u32>().ok()?, h.trim().parse::<u32>().ok()?))
    };
    match parse() {
        Some((w @ 160..=7680, h @ 90..=4320)) => Ok((w, h)),
        _ => Err("a size is WIDTHxHEIGHT, 160x90 … 7680x4320".to_owned()),
    }
}
