//! The desktop shell and the command line of GridWall: windows, the scheme handler, commands; no logic of its own.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod assets;
mod cli;
mod commands;
mod console;
mod demo;
mod painter;
mod recover;
mod remote;
mod save;
mod scheme;
mod windows;

use clap::Parser;
use cli::{Cli, Command};
use console::Failure;
use std::process::ExitCode;

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let json = cli.json;
    let filter = tracing_subscriber::EnvFilter::try_from_env("GRIDWALL_LOG")
        .unwrap_or_else(|_| "warn,mvt=error,wall_service::http::tls=info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.say(json),
    }
}

/// What the command line says about itself: help goes to standard output, a mistake ends with 2, with one object under
/// `--json`.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody reads on: that is no failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let json = std::env::args_os().take_while(|a| a != "--").any(|a| a == "--json");
    Failure::usage(error.render().to_string().trim_start_matches("error: ").trim_end()).say(json)
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    // Reading limits itself before anything else is begun.
    if let Some(Command::ReadCells { request, out }) = &cli.command {
        return commands::read_cells(request, out);
    }
    if let Some(Command::ReadSheet { sheet }) = &cli.command {
        return Ok(wall_service::import::run_sheet_reader(sheet.as_deref())?);
    }
    // Drawing needs its thread to itself and no store.
    if let Some(Command::RenderStill { out }) = &cli.command {
        return commands::snapshot::render_still(out);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let outcome = match cli.run_args() {
        Some(run) => commands::run::run(&cli, run, &handle),
        None => runtime.block_on(commands::command(&cli)),
    };
    // What is stored is stored; a picture that is being drawn for nobody is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}
