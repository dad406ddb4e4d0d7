//! End-to-end tests drive the real program `gridwall`: this library finds it, runs its commands on a data directory of
//! their own, serves walls on a loopback port and ends them by process id. Nothing of the product is linked in.
//!
//! Failures panic with what the program said: these are test tools, and a panic is how a test says no.
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod database;
mod feed;
mod ground;
mod program;
mod serve;
mod server;
mod tls;

pub use database::{behind, database_of, found_behind};
pub use feed::{Answer, Client, Events};
pub use ground::{Ground, square};
pub use program::{DataDir, Finished, gridwall};
pub use serve::Served;
pub use server::Postgres;
pub use tls::{TlsAnswer, ask_tls, certificate, trusting};

use std::time::{Duration, Instant};

/// Longest that a test waits for something that ought to happen soon. A bound against hanging, not a promise of speed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until `question` answers with something, or panics after [`PATIENCE`] saying `what` did not happen.
pub fn until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
