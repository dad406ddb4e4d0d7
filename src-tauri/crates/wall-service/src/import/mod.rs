//! Import: files become valid records and issues. Parses at the edge; a bad record is an issue, never an error.
//!
//! Everything here is pure: bytes in, records and refused rows out; no store, no clock. Only I/O is an `Err`.

mod archive;
mod bounded;
pub mod calendars;
pub mod cells;
mod child;
pub mod delimited;
mod doubt;
pub mod encoding;
pub mod fields;
mod foreign;
pub mod ids;
pub mod json_stream;
pub(crate) mod listed;
pub mod locate;
mod owners;
pub mod profile;
pub mod read;
pub mod records;
pub mod rejects;
pub mod report;
pub mod rows;
pub mod sheet;
pub mod source;
pub mod tickets;
pub mod times;
pub mod twins;
pub(crate) mod words;

pub use cells::{
    BLOCKING, CellIssue, CellsError, CellsFields, CellsFile, CellsOptions, CellsReport, DatumReport, EncodingReport, ReadPhase,
    ReadProgress, Topology, open_cells, read_cells, read_in_child, run_reader,
};
pub use encoding::EncodingChoice;
pub use owners::owners;
pub use profile::{Profile, ProfileError};
pub use read::{Read, Reject};
pub use records::{DEFAULT_SOURCE, ReadOptions, Records, Survey};
pub use rejects::RejectsFile;
pub use report::{RowsReport, SourceReport, TicketsReport};
pub use sheet::run_sheet_reader;
pub use source::{Input, Source, SourceError};
pub use tickets::{Defaults, position_from_json, ticket_from_json, tickets};

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod sheet_tests;
#[cfg(test)]
mod ticket_tests;
