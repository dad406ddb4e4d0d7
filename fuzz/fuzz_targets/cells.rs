//! Any bytes as a file of cells: an answer, never a panic, nothing dropped in silence, and only valid cells.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wall_service::import::{CellsOptions, read_cells};

fuzz_target!(|bytes: &[u8]| {
    for repair in [true, false] {
        let options = CellsOptions { repair, ..CellsOptions::default() };
        if let Ok(file) = read_cells(bytes, &options) {
            assert_eq!(file.records.len() + file.rejected(), file.read);
            assert!(file.records.iter().all(|r| wall_core::is_valid(&r.geometry)));
        }
    }
});
