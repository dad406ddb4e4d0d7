//! The Wall (网格指挥墙): store + world behind commands and queries, import, intake, HTTP and wire types.
//!
//! Invariants of this crate: it knows no window and no Tauri; every command and query takes an actor; nothing
//! downstream of the store sees uncommitted data; time comes from the wall's clock, never from the system directly.
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod basemap;
pub mod demo;
pub mod export;
#[cfg(test)]
mod fuzz;
pub mod http;
pub mod import;
pub mod masking;
pub mod replay;
pub mod things;
mod threads;
pub mod wall;
pub mod wire;
