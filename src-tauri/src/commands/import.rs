//! Imports.
use crate::{cli::*, console::Failure};
use std::path::Path;
use wall_core::{Datum, Place};
use wall_service::wall::LocateAnswer;

pub async fn import(_cli: &Cli, _what: &Import) -> Result<(), Failure> {
    Err(Failure::input("not built yet"))
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
pub fn encoding(name: &str) -> Result<String, Failure> {
    Ok(name.to_owned())
}
pub fn locate_rows(_cli: &Cli, _args: &LocateArgs, _file: &Path, _encoding: String, _find: &dyn Fn(Place, Option<f64>) -> LocateAnswer) -> Result<(), Failure> {
    Err(Failure::input("not built yet"))
}
