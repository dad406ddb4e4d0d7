//! `gridwall import …` on the command line: cells, owners and tickets, and a command for every kind of things that are listed.

use super::DatumArg;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};
use std::path::PathBuf;
use wall_service::things::ThingKind;

/// What is imported.
#[derive(Debug)]
pub enum Import {
    /// What has a command of its own.
    Own(OwnImport),
    /// Things of a kind.
    Things(ThingKind, ImportRows),
}

/// Imports with commands of their own.
#[derive(Subcommand, Debug)]
pub enum OwnImport {
    /// Grid cells (网格): GeoJSON, Shapefile (.zip, or .shp with its sisters), GeoPackage, KML.
    Cells(Box<ImportCells>),
    /// Who answers for which cell (责任人): CSV or .xlsx.
    Owners(ImportOwners),
    /// Tickets (事件): CSV, .xlsx, NDJSON or GeoJSON, also .gz.
    Tickets(ImportRows),
    /// Care register (重点人群): not in this edition.
    // Last but for `help`, which clap puts at 999.
    #[command(display_order = 998)]
    Register(ImportRows),
}

impl Import {
    /// The kind of things whose command that is.
    fn things(command: &str) -> Option<ThingKind> {
        ThingKind::ALL.iter().copied().find(|kind| kind.command() == command)
    }
}

impl FromArgMatches for Import {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        match matches.subcommand().and_then(|(command, args)| Some((Self::things(command)?, args))) {
            Some((kind, args)) => Ok(Self::Things(kind, ImportRows::from_arg_matches(args)?)),
            None => OwnImport::from_arg_matches(matches).map(Self::Own),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Import {
    fn augment_subcommands(command: Command) -> Command {
        ThingKind::ALL.iter().fold(OwnImport::augment_subcommands(command), |command, kind| {
            command.subcommand(ImportRows::augment_args(Command::new(kind.command())).about(kind.help()).long_about(None))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        OwnImport::has_subcommand(name) || Self::things(name).is_some()
    }
}

/// What every import takes.
#[derive(Args, Debug, Clone)]
pub struct ImportRows {
    /// The file; `-` = standard input.
    pub file: PathBuf,
    /// Datum of the coordinates.
    #[arg(long, default_value = "auto")]
    pub datum: DatumArg,
    /// Encoding of the text: auto, utf-8, gb18030 …
    #[arg(long, default_value = "auto")]
    pub encoding: String,
    /// The sheet of a workbook (.xlsx); default: the first that holds anything.
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Read and report, write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// If any row is refused or doubtful (a status word nobody knows), write nothing and end with 3.
    #[arg(long)]
    pub strict: bool,
    /// Profile that maps columns to fields: a bundled name or a TOML file.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// Name of the source when the rows have none (default: the profile's, else "import"; never the file's name).
    #[arg(long)]
    pub source: Option<String>,
}

/// Import of owners.
#[derive(Args, Debug, Clone)]
pub struct ImportOwners {
    /// What every import takes.
    #[command(flatten)]
    pub rows: ImportRows,
    /// The network whose cells are meant.
    #[arg(long, default_value = "general")]
    pub network: String,
}

/// Import of cells.
#[derive(Args, Debug, Clone)]
pub struct ImportCells {
    /// What every import takes.
    #[command(flatten)]
    pub rows: ImportRows,
    /// The network.
    #[arg(long, default_value = "general")]
    pub network: String,
    /// Name of the plan (default: the file's name).
    #[arg(long)]
    pub plan: Option<String>,
    /// The layer of a GeoPackage, or the shapefile of a zip, when there are several (default: the first).
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// The column of the ground in a GeoPackage's layer that has several (default: the one that can hold polygons).
    #[arg(long, value_name = "NAME")]
    pub geometry_column: Option<String>,
    /// Field(s) of the code, joined.
    #[arg(long, value_name = "F[,F2…]", value_delimiter = ',')]
    pub code_field: Vec<String>,
    /// Field of the name.
    #[arg(long)]
    pub name_field: Option<String>,
    /// Field of the community code.
    #[arg(long)]
    pub community_field: Option<String>,
    /// Field of the households.
    #[arg(long)]
    pub households_field: Option<String>,
    /// Field of the owner.
    #[arg(long)]
    pub owner_field: Option<String>,
    /// Join vertices of neighbours within this distance, metres; 0 = as given.
    #[arg(long, default_value_t = 0.5)]
    pub snap_m: f64,
    /// Repair broken rings (default).
    #[arg(long, overrides_with = "no_repair")]
    pub repair: bool,
    /// Repair nothing: refuse what is not valid, by name.
    #[arg(long)]
    pub no_repair: bool,
    /// Publish the plan. A file that is damaged, doubtful or read in part needs --acknowledge too.
    #[arg(long)]
    pub publish: bool,
    /// Publish although the report says this: codes of its `blocking` list, e.g. rows_differ,truncated.
    #[arg(long, requires = "publish", value_name = "CODE[,CODE…]", value_delimiter = ',')]
    pub acknowledge: Vec<String>,
    /// From when it is in force (default: a first plan since always, a later one from now).
    /// A date begins at local midnight (`--zone`).
    #[arg(long, requires = "publish", value_name = "DATE|T")]
    pub effective: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_help_lists_every_command_in_its_order() {
        let help = Import::augment_subcommands(Command::new("import")).render_help().to_string();
        let listed: Vec<&str> =
            help.lines().filter_map(|l| l.strip_prefix("  ")?.split(' ').next().filter(|word| !word.is_empty())).collect();
        let things = ThingKind::ALL.iter().map(|kind| kind.command());
        let commands: Vec<&str> = ["cells", "owners", "tickets"].into_iter().chain(things).chain(["register", "help"]).collect();
        assert_eq!(listed[..commands.len()], commands, "{help}");
    }

    #[test]
    fn a_command_of_things_is_their_kind() {
        for kind in ThingKind::ALL {
            let words = ["import", kind.command(), "f.csv", "--dry-run"];
            let matches = Import::augment_subcommands(Command::new("import")).try_get_matches_from(words);
            let import = Import::from_arg_matches(&matches.unwrap()).unwrap();
            assert!(matches!(import, Import::Things(found, args) if found == *kind && args.dry_run), "{kind:?}");
        }
    }
}
