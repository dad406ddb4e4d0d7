//! The desktop shell and the command line of GridWall: windows, the scheme handler, commands; no logic of its own.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod assets;
mod cli;
mod commands;
mod console;
mod demo;
mod recover;
mod scheme;
mod windows;

use clap::Parser;
use cli::{Cli, Command};
use console::Failure;
use std::process::ExitCode;

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("GRIDWALL_LOG").unwrap_or_else(|_| "warn,mvt=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.say(),
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    // Reading limits itself before anything else is begun.
    if let Some(Command::ReadCells { request, out }) = &cli.command {
        return commands::read_cells(request, out);
    }
    // Drawing needs its thread to itself and no store.
    if let Some(Command::RenderStill { out }) = &cli.command {
        return commands::snapshot::render_still(out);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    match cli.run_args() {
        Some(run) => commands::run::run(&cli, run, &handle),
        None => runtime.block_on(commands::command(&cli)),
    }
}
