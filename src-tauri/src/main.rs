//! `gridwall`: the program. See `gridwall --help`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

/// Questions about another time build large things and let them go, on many threads; what this one gets back it gives back, where the
/// system's keeps it in an arena a thread.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gridwall::main()
}
