//! `gridwall import` of everything that comes in rows, and `locate` over a file.

use super::{
    import::{datum, stem},
    station::{self, data_dir, os_user},
};
use crate::{
    cli::{Cli, ImportOwners, ImportRows, LocateArgs},
    console::{Failure, answer, progress},
};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    pin::Pin,
    time::Duration,
};
use wall_core::{OwnerRecord, Place, TicketId, TicketRecord, UtcMs};
use wall_service::{
    import::{
        EncodingChoice, Input, Profile, Read, ReadOptions, Records, RejectsFile, RowsReport, Source, SourceError, TicketsReport,
        locate::{Accuracy, LocateColumns, locate_rows as locate_source},
        owners as read_owners,
        report::{IssueTally, RowIssue, SourceReport, count_word},
        sheet::SheetReport,
        tickets as read_tickets,
        twins::Keyed,
    },
    things::{Thing, ThingKind, Visit, open},
    wall::{LocateAnswer, Wall, WallError, Whereabouts, system_now},
};
use wall_store::{TicketOutcome, Upserts};

/// Ticket records handed to the store at once …
const CHUNK: usize = 4_096;
/// … or fewer, when their texts are longer together.
const CHUNK_TEXTS: usize = 16 << 20;
/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Imports owners.
pub async fn owners(cli: &Cli, args: &ImportOwners) -> Result<(), Failure> {
    let (mut report, records) = read_all(cli, &args.rows, read_owners)?;
    report.add_issues(differing_phones(&records));
    let done = match open_for(cli, &args.rows).await? {
        None => None,
        Some(wall) => {
            let only: Vec<OwnerRecord> = records.iter().map(|(_, r)| r.clone()).collect();
            let (done, strangers) = wall.import_owners(&os_user(), &args.network, &only).await?;
            report.add_issues(strangers.iter().map(|(row, code)| RowIssue {
                line: records[*row].0,
                code: "unknown_cell_code",
                message: format!("no cell in force has the code {code}: kept, it may come"),
                action: "kept",
            }));
            Some(done)
        }
    };
    say_rows(cli, &args.rows.file, report, done)
}

/// Imports things of a kind: a file is read whole and written in one transaction.
pub async fn things(cli: &Cli, kind: ThingKind, args: &ImportRows) -> Result<(), Failure> {
    kind.go(Put { cli, args }).await
}

/// An import of things, of whichever kind.
struct Put<'a> {
    cli: &'a Cli,
    args: &'a ImportRows,
}

impl<'a> Visit for Put<'a> {
    type Out = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

    fn visit<T: Thing>(self) -> Self::Out {
        let Self { cli, args } = self;
        Box::pin(async move {
            let (report, records) = read_all(cli, args, open::<T>)?;
            let records: Vec<T> = records.into_iter().map(|(_, record)| record).collect();
            let done = match open_for(cli, args).await? {
                None => None,
                Some(wall) => Some(wall.import_things(&os_user(), &records).await?),
            };
            say_rows(cli, &args.file, report, done)
        })
    }
}

/// Rows that give a party another phone than a row before: a party has one.
fn differing_phones(records: &[(u64, OwnerRecord)]) -> Vec<RowIssue> {
    let mut first: HashMap<(&str, &str), (u64, &str)> = HashMap::new();
    let mut issues = Vec::new();
    for (line, r) in records.iter().filter(|(_, r)| !r.phone.is_empty()) {
        let (at, phone) = *first.entry((r.party_kind.code(), &r.party)).or_insert((*line, &r.phone));
        if phone != r.phone {
            issues.push(RowIssue {
                line: *line,
                code: "phone_differs",
                message: format!("{} has another phone than in row {at}; of several the last is taken", r.party),
                action: "kept",
            });
        }
    }
    issues
}

type Open<T> = fn(Source, &ReadOptions) -> Result<Records<T>, SourceError>;

/// An input whose workbooks are read in a process of their own.
pub fn input(file: &Path, sheet: Option<&String>) -> Result<Input, Failure> {
    let input = Input::new(&file.to_string_lossy()).map_err(unusable)?.with_sheet(sheet.cloned());
    Ok(input.with_reader(std::env::current_exe()?))
}

/// Reads an input once to know what it holds; under `--strict` that is the end when a row will be refused, and with `held`
/// when its records are too many to be held at once.
fn surveyed<T: Keyed>(
    args: &ImportRows,
    options: &ReadOptions,
    open: Open<T>,
    held: bool,
) -> Result<(Records<T>, [u8; 32]), Failure> {
    let bar = progress(None, "looking through the rows");
    bar.enable_steady_tick(TICK);
    let input = input(&args.file, args.sheet.as_ref())?;
    let (records, survey) = Records::surveyed(&input, options, open, &|rows| bar.set_position(rows)).map_err(unusable)?;
    bar.finish_and_clear();
    if held {
        survey.can_be_held(&input).map_err(unusable)?;
    }
    match survey.first.or(survey.first_doubt) {
        Some((line, message)) if args.strict => Err(Failure::input(format!(
            "{} rows were refused, {} are doubtful, and --strict was given; nothing was written. The first: line {line}: {message}",
            survey.refused, survey.doubtful
        ))),
        _ => Ok((records, survey.digest)),
    }
}

async fn open_for(cli: &Cli, args: &ImportRows) -> Result<Option<Wall>, Failure> {
    if args.dry_run { Ok(None) } else { Ok(Some(station::open(cli).await?)) }
}

fn say_rows(cli: &Cli, file: &Path, mut report: RowsReport, done: Option<Upserts>) -> Result<(), Failure> {
    let done = done.unwrap_or_default();
    (report.created, report.updated, report.unchanged) = (done.created, done.updated, done.unchanged);
    let counts = [report.read, report.created, report.updated, report.unchanged, report.rejected];
    answer(cli.json, &report, || {
        let said = words(counts, "", report.rejects_file.as_deref(), &report.notes, report.datum.warning.as_deref());
        said + &sheet_words(report.sheet.as_ref())
    })?;
    unless_all_refused(file, report.read, report.rejected, &report.issues)
}

fn words(
    counts: [u64; 5],
    more: &str,
    rejects: Option<&str>,
    notes: &BTreeMap<&'static str, u64>,
    warning: Option<&str>,
) -> String {
    let [read, created, updated, unchanged, rejected] = counts;
    let mut lines =
        vec![format!("{read} rows read: {created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected{more}")];
    lines.extend(rejects.map(|f| format!("refused rows with their reasons: {f}")));
    lines.extend(notes.iter().map(|(code, n)| format!("  {n:>8} × {code}")));
    lines.extend(warning.map(|w| format!("warning: {w}")));
    lines.join("\n")
}

fn sheet_words(sheet: Option<&SheetReport>) -> String {
    let Some(sheet) = sheet else { return String::new() };
    let others =
        if sheet.others.is_empty() { String::new() } else { format!("; not read: {} (--sheet NAME)", sheet.others.join(", ")) };
    format!("\nsheet {}, header in row {}{others}", sheet.used, sheet.header_row)
}

/// Options of a reader from the command line.
pub fn read_options(
    cli: &Cli,
    profile: Option<&str>,
    source: Option<&str>,
    datum_arg: crate::cli::DatumArg,
    encoding: &str,
) -> Result<ReadOptions, Failure> {
    let profile = match profile {
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
        source: source.map(str::to_owned),
        datum: datum(datum_arg),
        zone,
        encoding: EncodingChoice::named(encoding).map_err(Failure::usage)?,
        profile,
    })
}

fn options_of(cli: &Cli, args: &ImportRows) -> Result<ReadOptions, Failure> {
    read_options(cli, args.profile.as_deref(), args.source.as_deref(), args.datum, &args.encoding)
}

pub fn unusable(error: SourceError) -> Failure {
    match error {
        SourceError::Io(_, e) if e.kind() == std::io::ErrorKind::BrokenPipe => e.into(),
        other => Failure::input(other.to_string()),
    }
}

/// A file of which no row could be taken is no import, whatever it was.
fn unless_all_refused(file: &Path, read: u64, rejected: u64, issues: &[RowIssue]) -> Result<(), Failure> {
    if read == 0 || rejected < read {
        return Ok(());
    }
    let why = issues.iter().find(|i| i.action == "rejected").map_or("", |i| i.message.as_str());
    Err(Failure::input(format!("{}: none of {read} rows could be taken. The first: {why}", file.display())))
}

/// The rejects file of one import, in the data directory; an earlier one of the same name is never written over.
fn rejects_for(cli: &Cli, file: &Path) -> Result<RejectsFile, Failure> {
    let folder = data_dir(cli)?.join("rejects").join(system_now().to_rfc3339().replace([':', '.'], "-"));
    Ok(RejectsFile::at(wall_service::import::rejects::beside(&folder, &file.to_string_lossy())))
}

/// Reads a file whole, records with their lines; refused rows go to the rejects file.
fn read_all<T: Keyed>(cli: &Cli, args: &ImportRows, open: Open<T>) -> Result<(RowsReport, Vec<(u64, T)>), Failure> {
    let options = options_of(cli, args)?;
    let (mut reader, _) = surveyed(args, &options, open, true)?;
    let mut rejects = rejects_for(cli, &args.file)?;
    let (mut records, mut tally, mut read, mut rejected) = (Vec::new(), IssueTally::default(), 0u64, 0u64);
    for item in reader.by_ref() {
        read += 1;
        match item.map_err(unusable)? {
            Read::Record { line, record, issues } => {
                tally.add_all(&issues);
                records.push((line, record));
            }
            Read::Reject(reject) => {
                tally.add_reject(&reject);
                rejected += 1;
                if !args.dry_run {
                    rejects.add(&reject)?;
                }
            }
        }
    }
    let mut report = RowsReport::new(&reader.datum(), reader.encoding());
    report.sheet = reader.sheet().cloned();
    report.rejects_file = rejects.finish()?.map(|p| p.display().to_string());
    report.read = read;
    report.rejected = rejected;
    report.take_issues(tally);
    Ok((report, records))
}

/// Imports tickets, in chunks.
pub async fn tickets(cli: &Cli, args: &ImportRows) -> Result<(), Failure> {
    let options = options_of(cli, args)?;
    let (mut reader, digest) = surveyed(args, &options, read_tickets, false)?;
    let wall = open_for(cli, args).await?;
    let mut rejects = rejects_for(cli, &args.file)?;
    let mut tally = IssueTally::default();
    let mut report = TicketsReport::new(&reader.datum(), String::new());
    report.sheet = reader.sheet().cloned();
    report.source = source_report(&options, args, wall.as_ref()).await?;
    let before = match &wall {
        Some(wall) => wall.store().tickets_imported(&digest).await.map_err(WallError::from)?,
        None => None,
    };
    report.imported_before = before.map(UtcMs::to_rfc3339);
    let bar = progress(None, "importing tickets");
    let mut chunk: Vec<TicketRecord> = Vec::with_capacity(CHUNK);
    let mut texts = 0;
    loop {
        let next = reader.next().transpose().map_err(unusable)?;
        let end = next.is_none();
        match next {
            Some(Read::Record { record, issues, .. }) => {
                report.read += 1;
                tally.add_all(&issues);
                count_word(&mut report.sources, &record.source);
                if !record.status_word.is_empty() {
                    count_word(&mut report.unknown_status, &record.status_word);
                }
                texts += texts_of(&record);
                chunk.push(record);
            }
            Some(Read::Reject(reject)) => {
                report.read += 1;
                report.rejected += 1;
                tally.add_reject(&reject);
                if wall.is_some() {
                    rejects.add(&reject)?;
                }
            }
            None => {}
        }
        if chunk.len() == CHUNK || texts > CHUNK_TEXTS || (end && !chunk.is_empty()) {
            if let Some(wall) = &wall {
                write_chunk(wall, &chunk, before.is_some(), &mut report).await?;
            }
            bar.inc(chunk.len() as u64);
            chunk.clear();
            texts = 0;
        }
        if end {
            break;
        }
    }
    bar.finish_and_clear();
    report.datum = (&reader.datum()).into();
    report.encoding.used = reader.encoding();
    report.rejects_file = rejects.finish()?.map(|p| p.display().to_string());
    report.take_issues(tally);
    if let Some(wall) = &wall {
        let detail = json!({ "file": stem(&args.file), "read": report.read, "created": report.created, "updated": report.updated,
            "unchanged": report.unchanged, "rejected": report.rejected });
        wall.note_ticket_import(&os_user(), &digest, &detail).await?;
        wall.store().close().await;
    }
    let counts = [report.read, report.created, report.updated, report.unchanged, report.rejected];
    let mut more = format!("; {} outside all cells", report.outside_cells);
    if report.located_by_address + report.unplaced > 0 {
        let (found, unplaced) = (report.located_by_address, report.unplaced);
        more.push_str(&format!("; without coordinates: {found} placed by their address, {unplaced} without a place"));
    }
    answer(cli.json, &report, || {
        let mut said = words(counts, &more, report.rejects_file.as_deref(), &report.notes, report.datum.warning.as_deref());
        said.push_str(&sheet_words(report.sheet.as_ref()));
        let of: Vec<String> = report.sources.iter().map(|(source, n)| format!("{source} ({n})")).collect();
        let s = &report.source;
        let of = if of.is_empty() { String::new() } else { format!("{}; ", of.join(", ")) };
        said.push_str(&format!("\nsource: {of}where a row names none: {} ({})", s.used, s.why));
        if s.why == "default" {
            said.push_str("; --source NAME chooses another");
        }
        said.extend(
            report
                .imported_before
                .iter()
                .map(|t| format!("\nthe same rows were imported before, at {t}: known tickets stay as they are")),
        );
        said.extend(s.warning.iter().map(|w| format!("\nwarning: {w}")));
        said.extend(report.unknown_status.iter().map(|(word, n)| format!("\n  {n:>8} × unknown status “{word}”")));
        said
    })?;
    unless_all_refused(&args.file, report.read, report.rejected, &report.issues)
}

/// Bytes of the texts of a ticket that may be long.
fn texts_of(t: &TicketRecord) -> usize {
    let attached: usize = t.attachments.iter().map(|a| a.name.len() + a.hash.len()).sum();
    t.description.len() + t.title.len() + t.address.len() + attached
}

/// Which source is taken where the rows name none. Until now it was the name of the file: whoever imported the same file
/// before is told, for its tickets would be there twice.
async fn source_report(options: &ReadOptions, args: &ImportRows, wall: Option<&Wall>) -> Result<SourceReport, Failure> {
    let (used, why) = options.source();
    let file = stem(&args.file);
    let warning = match wall {
        Some(wall) if why == "default" && file != used && wall.store().has_source(&file).await? => Some(format!(
            "the store has tickets of source {file}, as this file is called: when they are the same register, give --source {file}"
        )),
        _ => None,
    };
    Ok(SourceReport { used: used.to_owned(), why, warning })
}

async fn write_chunk(wall: &Wall, chunk: &[TicketRecord], again: bool, report: &mut TicketsReport) -> Result<(), Failure> {
    let outside = |p: &Place| wall.is_outside(*p);
    report.outside_cells += chunk.iter().filter_map(|t| t.place).filter(outside).count() as u64;
    let outcomes = match again {
        true => wall.import_tickets_again(&os_user(), chunk).await?,
        false => wall.import_tickets(&os_user(), chunk).await?,
    };
    let silent: Vec<TicketId> = chunk
        .iter()
        .zip(&outcomes)
        .filter(|(record, _)| record.place.is_none())
        .filter_map(|(_, outcome)| outcome.id())
        .collect();
    for whereabouts in wall.whereabouts(&silent).await?.into_values() {
        match whereabouts {
            Whereabouts::ByAddress { .. } => report.located_by_address += 1,
            Whereabouts::Unplaced => report.unplaced += 1,
            Whereabouts::Known => {}
        }
    }
    for outcome in outcomes {
        match outcome {
            TicketOutcome::Created(_) => report.created += 1,
            TicketOutcome::Updated(_) => report.updated += 1,
            TicketOutcome::Unchanged(_) => report.unchanged += 1,
            TicketOutcome::KeptClosed(_) => {
                report.updated += 1;
                *report.notes.entry("kept_closed").or_default() += 1;
            }
            TicketOutcome::Unknown => {
                report.rejected += 1;
                *report.notes.entry("unknown_ticket").or_default() += 1;
            }
        }
    }
    Ok(())
}

/// `locate FILE`: the same rows with their cells, to standard output, in constant memory.
pub fn locate_rows<'a>(
    cli: &Cli,
    args: &LocateArgs,
    file: &Path,
    find: impl Fn(Place, Option<f64>) -> LocateAnswer<'a> + Sync,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Counts {
        rows: u64,
        inside: u64,
        outside: u64,
        without_place: u64,
    }
    let encoding = EncodingChoice::named(&args.encoding).map_err(Failure::usage)?;
    // What is piped in is answered while it comes.
    let source = if file.as_os_str() == "-" { Source::stdin(encoding) } else { input(file, args.sheet.as_ref())?.open(encoding) };
    let source = source.map_err(unusable)?;
    let columns = LocateColumns {
        lon: args.lon.clone(),
        lat: args.lat.clone(),
        accuracy: match args.accuracy.as_deref() {
            None => Accuracy::None,
            Some(text) => text.parse().map_or_else(|_| Accuracy::Column(text.to_owned()), Accuracy::Metres),
        },
    };
    // With --json the object has standard output to itself and the rows are not printed.
    let out: Box<dyn std::io::Write> =
        if cli.json { Box::new(std::io::sink()) } else { Box::new(std::io::BufWriter::new(std::io::stdout().lock())) };
    let c = locate_source(source, &columns, out, find).map_err(unusable)?;
    let counts = Counts { rows: c.rows, inside: c.inside, outside: c.outside, without_place: c.without_place };
    if cli.json {
        return answer(true, &counts, String::new);
    }
    eprintln!(
        "{} rows: {} in a cell, {} outside all, {} without usable coordinates",
        c.rows, c.inside, c.outside, c.without_place
    );
    Ok(())
}
