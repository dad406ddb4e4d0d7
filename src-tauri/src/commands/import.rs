//! `gridwall import …`: files become records, records become part of the wall, and everything is accounted for.

use super::{
    rows,
    station::{self, os_user},
};
use crate::{
    cli::{Cli, DatumArg, Import, ImportCells, OwnImport},
    console::{Failure, answer, progress},
};
use std::path::Path;
use wall_core::{Datum, UtcMs};
use wall_service::{
    import::{BLOCKING, CellsError, CellsFile, CellsOptions, CellsReport, ReadPhase, ReadProgress, read_in_child, run_reader},
    wall::{CellsImport, Wall},
};
use wall_store::Actor;

/// Runs an import.
pub async fn import(cli: &Cli, what: &Import) -> Result<(), Failure> {
    match what {
        Import::Things(kind, args) => rows::things(cli, *kind, args).await,
        Import::Own(OwnImport::Owners(args)) => rows::owners(cli, args).await,
        Import::Own(OwnImport::Tickets(args)) => rows::tickets(cli, args).await,
        Import::Own(OwnImport::Cells(args)) => cells(cli, args).await,
        Import::Own(OwnImport::Register(_)) => Err(Failure::input(
            "care registers are not part of this edition: nothing was read. They come with accounts, purposes and the audit that guards them",
        )),
    }
}

/// The datum asked for; `None` = auto.
pub fn datum(arg: DatumArg) -> Option<Datum> {
    match arg {
        DatumArg::Auto => None,
        DatumArg::Wgs84 => Some(Datum::Wgs84),
        DatumArg::Cgcs2000 => Some(Datum::Cgcs2000),
        DatumArg::Gcj02 => Some(Datum::Gcj02),
        DatumArg::Bd09 => Some(Datum::Bd09),
    }
}

/// A time with its zone, or a date, which begins at midnight in `zone`.
fn instant(text: &str, zone: &jiff::tz::TimeZone) -> Result<UtcMs, Failure> {
    let date = || Some(UtcMs(text.parse::<jiff::civil::Date>().ok()?.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()));
    UtcMs::from_rfc3339(text).or_else(date).ok_or_else(|| {
        Failure::usage(format!(
            "--effective {text}: a date such as 2026-12-01, or a time with its zone such as 2026-12-01T08:00:00+08:00"
        ))
    })
}

/// The last part of a path without its endings: `precincts` of `…/precincts.geojson.gz`.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| "import".into(), |n| n.to_string_lossy());
    name.split('.').next().filter(|s| !s.is_empty()).unwrap_or("import").to_owned()
}

/// The side of the process that reads: see [`read_in_child`].
pub fn read_cells(request: &str, out: &Path) -> Result<(), Failure> {
    run_reader(request, out).map_err(|e| Failure::input(e.to_string()))
}

/// Reads the cells of a file in a process of its own, which ends with this one.
async fn read(path: &Path, options: &CellsOptions) -> Result<CellsFile, CellsError> {
    let exe = std::env::current_exe().map_err(|e| CellsError::Unreadable { what: e.to_string() })?;
    let bar = progress(None, "reading");
    let told = |p: ReadProgress| {
        let words = match p.phase {
            ReadPhase::Reading => "reading",
            ReadPhase::Cells => "making cells",
            ReadPhase::Comparing => "comparing cells",
        };
        bar.set_message(words);
        bar.set_position(p.done as u64);
    };
    let file = read_in_child(&exe, path, options, &std::env::temp_dir(), told).await;
    bar.finish_and_clear();
    file
}

async fn cells(cli: &Cli, args: &ImportCells) -> Result<(), Failure> {
    let options = CellsOptions {
        code_fields: args.code_field.clone(),
        name_field: args.name_field.clone(),
        community_field: args.community_field.clone(),
        households_field: args.households_field.clone(),
        owner_field: args.owner_field.clone(),
        snap_m: args.snap_m,
        repair: !args.no_repair,
        datum: datum(args.rows.datum),
        encoding: args.rows.encoding.clone(),
        layer: args.layer.clone(),
        geometry_column: args.geometry_column.clone(),
    };
    if !(0.0..=100.0).contains(&options.snap_m) {
        return Err(Failure::usage("--snap-m is 0 … 100 metres"));
    }
    if let Some(unknown) = args.acknowledge.iter().find(|a| BLOCKING.iter().all(|(code, _)| code != a)) {
        let known: Vec<&str> = BLOCKING.iter().map(|(code, _)| *code).collect();
        return Err(Failure::usage(format!("--acknowledge {unknown}: there is no such code; there are {}", known.join(", "))));
    }
    let path = &args.rows.file;
    let file = match read(path, &options).await {
        Ok(file) => file,
        Err(e) => {
            let message = format!("{}: {e}", path.display());
            if cli.json {
                let object = serde_json::json!({ "error": { "exit": 3, "code": e.code(), "message": message } });
                answer(true, &object, String::new)?;
            }
            return Err(Failure::input(message));
        }
    };
    let plan = args.plan.clone().unwrap_or_else(|| stem(path));
    let mut report = CellsReport::from(&file);
    report.network.clone_from(&args.network);
    report.plan.clone_from(&plan);
    report.status = "not written".into();
    let strict = args.rows.strict && file.rejected() > 0;
    let nothing = file.records.is_empty();
    (report.acknowledged, report.blocking) = report.blocking.into_iter().partition(|c| args.acknowledge.iter().any(|a| a == c));
    let refused = if nothing {
        let why = file.issues.first().map_or("the file holds no feature", |i| &i.message);
        Some(format!("{}: no cell could be taken: {why}", path.display()))
    } else if strict {
        Some(format!("{} features were refused and --strict was given; nothing was written", file.rejected()))
    } else if args.publish && !report.blocking.is_empty() {
        report.status = "not published".into();
        Some(not_published(path, &report))
    } else {
        None
    };
    if let (None, false) = (&refused, args.rows.dry_run) {
        let doubts = report.blocking.clone();
        let wall = station::open(cli).await?;
        let plan = CellsImport {
            network: &args.network,
            name: &plan,
            records: &file.records,
            doubts: &doubts,
            publish: args.publish,
            effective: args.effective.as_deref().map(|t| instant(t, wall.zone())).transpose()?,
        };
        store_cells(&wall, &os_user(), &file, plan, &mut report).await?;
    }
    answer(cli.json, &report, || words(&report, args.rows.dry_run))?;
    refused.map_or(Ok(()), |why| Err(Failure::input(why)))
}

/// Why a file is not published, with the words that would publish it all the same.
fn not_published(path: &Path, report: &CellsReport) -> String {
    let means = |code: &str| BLOCKING.iter().find(|(known, _)| *known == code).map_or("", |(_, words)| words);
    let why: Vec<String> = report.blocking.iter().map(|code| format!("{code} ({})", means(code))).collect();
    format!(
        "{}: nothing was written, because the file is damaged, doubtful or read in part: {}. When it is right all the same: --acknowledge {}",
        path.display(),
        why.join("; "),
        report.blocking.join(",")
    )
}

/// Writes the cells of a file as a plan, with the owners its features name.
async fn store_cells(
    wall: &Wall,
    actor: &Actor,
    file: &CellsFile,
    plan: CellsImport<'_>,
    report: &mut CellsReport,
) -> Result<(), Failure> {
    let detail = serde_json::json!({ "network": plan.network, "plan": plan.name, "cells": file.records.len(), "publish": plan.publish,
        "rejected": file.rejected(), "acknowledged": report.acknowledged, "duplicates_acknowledged": plan.publish && file.issues.iter().any(|i| i.code == "duplicate_code") });
    let done = wall.import_cells(actor, plan, &detail).await?;
    report.imported = if done.new { file.records.len() } else { 0 };
    report.plan = done.name;
    if let Some(zone) = &done.zone {
        eprintln!(
            "gridwall: this store had no zone of its own; it is {zone} now, by --zone or where the cells lie (gridwall zone NAME changes it)"
        );
    }
    report.status = done.status;
    report.effective_from = done.effective_from.map(UtcMs::to_rfc3339);
    report.effective_to = done.effective_to.map(UtcMs::to_rfc3339);
    (report.codes_ended, report.codes_returned) = (done.codes_ended, done.codes_returned);
    report.owners_ended = done.owners_ended;
    report.owners_begun = done.owners_begun;
    report.owners_waiting = done.owners_waiting;
    Ok(())
}

/// What taking effect did to the codes before, and until when it stays.
fn succession(r: &CellsReport) -> Vec<String> {
    let codes = |list: &[String]| {
        let some: Vec<&str> = list.iter().take(8).map(String::as_str).collect();
        format!("{}{}", some.join(", "), if list.len() > some.len() { " …" } else { "" })
    };
    let mut lines = Vec::new();
    if let Some(to) = &r.effective_to {
        lines.push(format!("this plan is in force until {to}: another one that was published follows it"));
    }
    if !r.codes_ended.is_empty() {
        lines.push(format!("{} codes ended, and their owners with them: {}", r.codes_ended.len(), codes(&r.codes_ended)));
    }
    if !r.codes_returned.is_empty() {
        let n = r.codes_returned.len();
        lines.push(format!("{n} codes that had ended are used again, with the owners they had: {}", codes(&r.codes_returned)));
    }
    if r.owners_begun + r.owners_ended > 0 {
        lines.push(format!("owners named by the cells: {} begin, {} end", r.owners_begun, r.owners_ended));
    }
    if r.owners_waiting > 0 {
        lines.push(format!(
            "{} owners named by the cells were not taken: the plan is a draft, and their codes have others. They take over with --publish, or by import owners",
            r.owners_waiting
        ));
    }
    lines
}

fn words(r: &CellsReport, dry_run: bool) -> String {
    let mut lines = vec![format!(
        "{} features read, {} cells {}, {} repaired, {} rejected; plan \"{}\" of network {}: {}",
        r.read,
        if dry_run { r.read - r.rejected } else { r.imported },
        if dry_run { "would be imported" } else { "imported" },
        r.repaired,
        r.rejected,
        r.plan,
        r.network,
        r.status
    )];
    // Where publishing was refused nothing is known yet.
    let nobody = r.owners_begun + r.owners_ended == 0;
    if !dry_run && r.imported == 0 && r.read > r.rejected && nobody && !r.status.starts_with("not ") {
        lines.push("the same cells are known already: nothing changed".into());
    }
    lines.extend(succession(r));
    let t = &r.topology;
    lines.push(format!(
        "{} shared edges, {} overlaps ({:.1} m²), {} gaps ({:.1} m²); {}; datum {} ({}); encoding {}{}",
        t.shared_edges,
        t.overlaps,
        t.overlap_m2,
        t.gaps,
        t.gap_m2,
        r.format,
        r.datum.used,
        r.datum.why,
        r.encoding.used,
        if r.encoding.why.is_empty() { String::new() } else { format!(" ({})", r.encoding.why) }
    ));
    lines.extend(r.datum.warning.iter().map(|w| format!("warning: {w}")));
    if !r.blocking.is_empty() {
        lines.push(format!("blocks publishing until acknowledged: {}", r.blocking.join(", ")));
    }
    lines.extend(r.issues.iter().take(20).map(|i| format!("  feature {}: {} ({}): {}", i.feature, i.code, i.action, i.message)));
    if r.issues_total > 20 {
        let all = if r.cut { format!("the first {}", r.issues.len()) } else { "all".to_owned() };
        lines.push(format!("  … and {} more; --json prints {all}", r.issues_total - r.issues.len().min(20)));
    }
    lines.join("\n")
}
