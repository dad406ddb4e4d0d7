//! The commands, one a file. Each turns arguments into a call of the service and says what came of it.

pub mod run;
pub mod snapshot;

mod backup;
mod export;
mod import;
mod keep;
mod keys;
mod queries;
mod replay;
mod rows;
mod station;
mod user;

use crate::{
    cli::{AuditCommand, Cli, Command, RunArgs, StationCommand, StoreCommand, TokenCommand},
    console::Failure,
};
pub use import::read_cells;
pub use station::{data_dir, operator, os_user};

/// Runs a command that is not the window.
pub async fn command(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        None | Some(Command::Run(_) | Command::RenderStill { .. } | Command::ReadCells { .. } | Command::ReadSheet { .. }) => {
            Ok(())
        }
        Some(Command::Serve(args)) => run::serve(cli, args).await,
        Some(Command::Import { what }) => import::import(cli, what).await,
        Some(Command::Export(args)) => export::export(cli, args).await,
        Some(Command::Locate(args)) => queries::locate(cli, args).await,
        Some(Command::Near(args)) => queries::near(cli, args).await,
        Some(Command::Stats(args)) => queries::stats(cli, args).await,
        Some(Command::Replay(args)) => replay::replay(cli, args).await,
        Some(Command::Snapshot(args)) => snapshot::snapshot(cli, args).await,
        Some(Command::Token { what }) => match what {
            TokenCommand::Create { name, role, unlimited, sources, scope } => {
                keep::create_token(cli, name, role, *unlimited, sources, scope).await
            }
            TokenCommand::List => keep::list_tokens(cli).await,
            TokenCommand::Revoke { name } => keep::revoke_token(cli, name).await,
        },
        Some(Command::Station { what }) => match what {
            StationCommand::Add { name, role } => station::add(cli, name, role).await,
            StationCommand::List => keep::list_stations(cli).await,
            StationCommand::Revoke { id } => keep::revoke_station(cli, *id).await,
        },
        Some(Command::User { what }) => user::user(cli, what).await,
        Some(Command::Audit { what }) => match what {
            AuditCommand::Verify => keep::verify_audit(cli).await,
            AuditCommand::Export { out } => keep::export_audit(cli, out).await,
        },
        Some(Command::Zone { name }) => keep::zone(cli, name.as_deref()).await,
        Some(Command::Retention(args)) => keep::retention(cli, args).await,
        Some(Command::Clock { end }) => keep::clock(cli, *end).await,
        Some(Command::Doctor { fix }) => keep::doctor(cli, *fix).await,
        Some(Command::Store { what }) => match what {
            StoreCommand::Copy { to } => backup::copy(cli, to).await,
            StoreCommand::Leases => backup::leases(cli).await,
        },
        Some(Command::Keys { what }) => keys::keys(cli, what).await,
        Some(Command::Backup(args)) => backup::backup(cli, args).await,
        Some(Command::Restore(args)) => backup::restore(cli, args).await,
        Some(Command::Demo(args)) => crate::demo::write(cli, args),
    }
}

impl Cli {
    /// The arguments of `run`, when that is what was asked (nothing at all is `run`).
    pub fn run_args(&self) -> Option<RunArgs> {
        match &self.command {
            None => Some(RunArgs::default()),
            Some(Command::Run(args)) => Some(args.clone()),
            Some(_) => None,
        }
    }
}
