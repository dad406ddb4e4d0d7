//! `gridwall`: the program. See `gridwall --help`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    gridwall::main()
}
