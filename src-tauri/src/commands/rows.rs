//! `gridwall import` of everything that comes in rows, and `locate` over a file.

use super::{
    import::{datum, stem},
    station::{self, data_dir, os_user},
};
use crate::{
    cli::{Cli, Import, ImportRows, LocateArgs},
    console::{Failure, answer, progress},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};
use wall_core::{Issue, Place, TicketRecord, UtcMs};
use wall_service::{
    import::{EncodingChoice, Profile, Read, ReadOptions, Records, Reject, SourceError, tickets},
    wall::{LocateAnswer, Wall, system_now},
};
use wall_store::{Actor, TicketOutcome};

/// Records handed to the store at once.
const CHUNK: usize = 4_096;
/// Issues printed in a report; all are counted.
const SHOWN_ISSUES: usize = 100;

/// What an import of rows did.
#[derive(Serialize, Default, Debug)]
pub struct Report {
    read: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside_cells: Option<u64>,
    rejects_file: Option<PathBuf>,
    datum: serde_json::Value,
    encoding: serde_json::Value,
    /// How many rows had each issue.
    notes: BTreeMap<&'static str, u64>,
    issues: Vec<ShownIssue>,
}

#[derive(Serialize, Debug)]
struct ShownIssue {
    line: u64,
    code: &'static str,
    message: String,
    action: &'static str,
}

impl Report {
    fn note(&mut self, issue: &Issue) {
        *self.notes.entry(issue.code).or_default() += 1;
        if self.issues.len() < SHOWN_ISSUES {
            self.issues.push(ShownIssue {
                line: issue.at,
                code: issue.code,
                message: issue.message.clone(),
                action: issue.action.code(),
            });
        }
    }

    fn words(&self) -> String {
        let mut lines = vec![format!(
            "{} rows read: {} created, {} updated, {} unchanged, {} rejected{}",
            self.read,
            self.created,
            self.updated,
            self.unchanged,
            self.rejected,
            self.outside_cells.map_or_else(String::new, |n| format!("; {n} outside all cells"))
        )];
        lines.extend(self.rejects_file.iter().map(|f| format!("refused rows with their reasons: {}", f.display())));
        lines.extend(self.notes.iter().map(|(code, n)| format!("  {n:>8} × {code}")));
        lines.extend(self.datum["warning"].as_str().map(|w| format!("warning: {w}")));
        lines.join("\n")
    }
}

/// The rejects file of one import: made with the first refused row.
struct Rejects {
    path: PathBuf,
    file: Option<std::io::BufWriter<std::fs::File>>,
}

impl Rejects {
    fn new(cli: &Cli, input: &Path, at: UtcMs) -> Result<Self, Failure> {
        let stamp: String = at.to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
        Ok(Self { path: data_dir(cli)?.join("rejects").join(format!("{}-{stamp}.csv", stem(input))), file: None })
    }

    fn keep(&mut self, reject: &Reject) -> Result<(), Failure> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = std::io::BufWriter::new(options.open(&self.path)?);
            writeln!(file, "line,code,reason,raw")?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            writeln!(file, "{},{},{},{}", reject.line, reject.reason_code, quoted(&reject.message), quoted(&reject.raw))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Option<PathBuf>, Failure> {
        match self.file {
            None => Ok(None),
            Some(mut file) => {
                file.flush()?;
                Ok(Some(self.path))
            }
        }
    }
}

/// Runs an import of rows.
pub async fn import(cli: &Cli, what: &Import) -> Result<(), Failure> {
    match what {
        Import::Tickets(args) => {
            let report = import_tickets(cli, args).await?;
            answer(cli.json, &report, || report.words())
        }
        _ => Err(Failure::input("not built yet")),
    }
}

/// Options of a reader from the command line.
pub fn read_options(cli: &Cli, args: &ImportRows) -> Result<ReadOptions, Failure> {
    let profile = match &args.profile {
        Some(name) => Profile::load(name).map_err(|e| Failure::usage(e.to_string()))?,
        None => Profile::contract(),
    };
    let zone = match &cli.zone {
        Some(name) => {
            Some(jiff::tz::TimeZone::get(name).map_err(|_| Failure::usage(format!("there is no time zone \"{name}\"")))?)
        }
        None => None,
    };
    Ok(ReadOptions {
        source: args.source.clone().unwrap_or_else(|| stem(&args.file)),
        datum: datum(args.datum),
        zone,
        encoding: EncodingChoice::named(&args.encoding).map_err(Failure::usage)?,
        profile,
    })
}

fn unusable(error: SourceError) -> Failure {
    Failure::input(error.to_string())
}

/// Under `--strict` everything is read once before anything is written.
fn refuse_if_strict<T>(args: &ImportRows, open: impl Fn() -> Result<Records<T>, SourceError>) -> Result<(), Failure> {
    if !args.strict {
        return Ok(());
    }
    if args.file.as_os_str() == "-" {
        return Err(Failure::usage("--strict reads its input twice: give a file, not standard input"));
    }
    let mut rejected = 0u64;
    let mut first = None;
    for read in open().map_err(unusable)? {
        if let Read::Reject(r) = read.map_err(unusable)? {
            rejected += 1;
            first.get_or_insert(r);
        }
    }
    match first {
        None => Ok(()),
        Some(r) => Err(Failure::input(format!(
            "{rejected} rows would be refused and --strict was given; nothing was written. The first, line {}: {}",
            r.line, r.message
        ))),
    }
}

async fn import_tickets(cli: &Cli, args: &ImportRows) -> Result<Report, Failure> {
    let options = read_options(cli, args)?;
    let path = args.file.to_string_lossy().into_owned();
    refuse_if_strict(args, || tickets(&path, &options))?;
    let records = tickets(&path, &options).map_err(unusable)?;
    let wall = if args.dry_run { None } else { Some(station::open(cli).await?) };
    let rejects = Rejects::new(cli, &args.file, system_now())?;
    let report = take_tickets(wall.as_ref(), &os_user(), records, rejects, "importing tickets").await?;
    if let Some(wall) = &wall {
        let detail = serde_json::json!({ "file": stem(&args.file), "read": report.read, "created": report.created,
            "updated": report.updated, "unchanged": report.unchanged, "rejected": report.rejected });
        wall.audit(&os_user(), "import.tickets", &detail).await?;
        wall.store().close().await;
    }
    Ok(report)
}

/// Reads everything and writes it in chunks; without a wall, only reads.
async fn take_tickets(
    wall: Option<&Wall>,
    actor: &Actor,
    mut records: Records<TicketRecord>,
    mut rejects: Rejects,
    what: &str,
) -> Result<Report, Failure> {
    let mut report = Report { outside_cells: Some(0), ..Report::default() };
    let bar = progress(None, what);
    let mut chunk: Vec<TicketRecord> = Vec::with_capacity(CHUNK);
    loop {
        let next = records.next();
        let end = next.is_none();
        match next.transpose().map_err(unusable)? {
            Some(Read::Record { record, issues, .. }) => {
                report.read += 1;
                issues.iter().for_each(|i| report.note(i));
                chunk.push(record);
            }
            Some(Read::Reject(reject)) => {
                report.read += 1;
                report.rejected += 1;
                report.note(&reject.issue());
                if wall.is_some() {
                    rejects.keep(&reject)?;
                }
            }
            None => {}
        }
        if chunk.len() == CHUNK || (end && !chunk.is_empty()) {
            if let Some(wall) = wall {
                let outside = chunk.iter().filter(|t| wall.locate(t.place, None).cell_code.is_empty()).count() as u64;
                report.outside_cells = report.outside_cells.map(|n| n + outside);
                for outcome in wall.import_tickets(actor, &chunk).await? {
                    match outcome {
                        TicketOutcome::Created(_) => report.created += 1,
                        TicketOutcome::Updated(_) => report.updated += 1,
                        TicketOutcome::Unchanged(_) => report.unchanged += 1,
                    }
                }
            }
            bar.inc(chunk.len() as u64);
            chunk.clear();
        }
        if end {
            break;
        }
    }
    bar.finish_and_clear();
    let datum = records.datum();
    report.datum = serde_json::json!(wall_service::import::DatumReport::from(&datum));
    report.encoding = serde_json::json!({ "used": records.encoding() });
    report.rejects_file = rejects.finish()?;
    Ok(report)
}

/// `locate FILE`.
pub fn locate_rows(
    _cli: &Cli,
    _args: &LocateArgs,
    _file: &Path,
    _find: &dyn Fn(Place, Option<f64>) -> LocateAnswer,
) -> Result<(), Failure> {
    Err(Failure::input("not built yet"))
}
