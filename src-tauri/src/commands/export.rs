//! `gridwall export`: cells, tickets, cameras, staff and sites to files.

use super::{operator, station};
use crate::{
    cli::{Cli, ExportArgs, ExportKind},
    console::{Failure, answer},
};
use std::{fs::File, io::BufWriter};
use wall_service::export::{Format, StaffRow, write_cells, write_rows};

/// Runs an export. The file appears complete or not at all.
pub async fn export(cli: &Cli, args: &ExportArgs) -> Result<(), Failure> {
    let name = args.out.to_string_lossy().into_owned();
    let format = match args.what {
        ExportKind::Cells => Format::of_cells(&name),
        _ => Format::of_rows(&name),
    }
    .map_err(|e| Failure::usage(e.to_string()))?;
    let wall = station::open(cli).await?;
    let aside = args.out.with_extension("part");
    let out = BufWriter::new(File::create(&aside)?);
    let store = wall.store();
    let written = match args.what {
        ExportKind::Cells => {
            let (cells, names) = wall.plan_cells(&args.network, args.plan.as_deref(), args.as_of).await?;
            write_cells(
                out,
                cells
                    .iter()
                    .map(|c| wall_service::export::CellRow::new(c, names.get(&c.community_code).map_or("", String::as_str))),
            )?
        }
        ExportKind::Tickets => {
            let rows = wall.ticket_rows(&operator(false, "cli"), args.as_of).await?;
            write_rows(out, format, rows)?
        }
        ExportKind::Cameras => write_rows(out, format, &store.cameras().await?)?,
        ExportKind::Sites => write_rows(out, format, &store.sites().await?)?,
        ExportKind::Staff => {
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
