//! export
use crate::{
    cli::{Cli, ExportArgs},
    console::Failure,
};
pub async fn export(_cli: &Cli, _args: &ExportArgs) -> Result<(), Failure> {
    Err(Failure::input("not built yet"))
}
