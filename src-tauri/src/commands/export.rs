//! `gridwall export`: cells, tickets, cameras, staff and sites to files.

use super::{import::stem, operator, station};
use crate::{
    cli::{Cli, ExportArgs, ExportKind},
    console::{Failure, answer},
};
use std::{fs::File, io::BufWriter};
use wall_core::Cell;
use wall_service::export::{CellRow, CellsFormat, Format, StaffRow, cells_bytes, write_rows};
use wall_service::wall::AsOf;

/// Runs an export. The file appears complete or not at all.
pub async fn export(cli: &Cli, args: &ExportArgs) -> Result<(), Failure> {
    let name = args.out.to_string_lossy().into_owned();
    if args.what == ExportKind::Cells {
        return cells(cli, args, &name).await;
    }
    let format = Format::of_rows(&name).map_err(|e| Failure::usage(e.to_string()))?;
    let wall = station::open(cli).await?;
    let aside = args.out.with_extension("part");
    let out = BufWriter::new(File::create(&aside)?);
    let store = wall.store();
    let written = match args.what {
        ExportKind::Tickets => {
            let rows = wall.ticket_rows(&operator(false, "cli"), AsOf { at: args.as_of, known_at: args.known_at }).await?;
            write_rows(out, format, rows)?
        }
        ExportKind::Cameras => write_rows(out, format, &store.cameras().await?)?,
        ExportKind::Sites => write_rows(out, format, &store.sites().await?)?,
        // Cells went their own way above.
        ExportKind::Cells | ExportKind::Staff => {
            let (staff, positions) = (store.staff().await?, store.positions().await?);
            let position = |id| positions.iter().find(|p| p.staff == id);
            write_rows(out, format, staff.iter().map(|s| StaffRow { staff: s, position: position(s.id) }))?
        }
    };
    std::fs::rename(&aside, &args.out)?;
    answer(cli.json, &serde_json::json!({ "file": args.out, "written": written }), || {
        format!("{written} to {}", args.out.display())
    })
}

/// Cells of a plan, in the format that the file's name asks for.
async fn cells(cli: &Cli, args: &ExportArgs, name: &str) -> Result<(), Failure> {
    let format = CellsFormat::of_name(name).map_err(|e| Failure::usage(e.to_string()))?;
    let wall = station::open(cli).await?;
    let (cells, names) = wall.plan_cells(&args.network, args.plan.as_deref(), args.as_of).await?;
    let (layer, at, written) = (stem(&args.out), wall.now(), cells.len());
    let bytes = tokio::task::spawn_blocking(move || {
        let community = |c: &Cell| names.get(&c.community_code).map_or("", String::as_str);
        let rows: Vec<CellRow> = cells.iter().map(|c| CellRow::new(c, community(c))).collect();
        cells_bytes(&rows, format, &layer, at)
    });
    let done = bytes.await.map_err(std::io::Error::other)?.map_err(std::io::Error::other)?;
    let aside = args.out.with_extension("part");
    std::fs::write(&aside, &done.bytes)?;
    std::fs::rename(&aside, &args.out)?;
    let report = serde_json::json!({ "file": args.out, "written": written, "notes": done.notes });
    answer(cli.json, &report, || {
        let notes: String = done.notes.iter().map(|n| format!("\n  {n}")).collect();
        format!("{written} to {}{notes}", args.out.display())
    })
}
