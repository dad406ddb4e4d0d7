//! Tests of the crate's public face that need more than one module, or data.
#![allow(clippy::unwrap_used)]

mod attribution;
mod boston;
mod subdivision;
mod topology;
mod topology_cases;
mod topology_expected;
mod topology_lanes;
mod topology_real;
mod touching;
