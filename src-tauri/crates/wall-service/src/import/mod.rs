//! Import: files become valid records and issues. Parses at the edge; a bad record is an issue, never an error.
//!
//! Everything here is pure: bytes in, records and refused rows out; no store, no clock. Only I/O is an `Err`.

pub mod read;
pub mod times;
