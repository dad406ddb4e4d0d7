//! replay
use crate::{
    cli::{Cli, ReplayArgs},
    console::Failure,
};
pub async fn replay(_cli: &Cli, _args: &ReplayArgs) -> Result<(), Failure> {
    Err(Failure::input("not built yet"))
}
