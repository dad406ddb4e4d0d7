//! What a running wall keeps by itself: a backup now and then, and once a day the promise that not everything is kept. Each write of it
//! names the holding of the duty: who stood still for long meanwhile removes nothing.

use super::{Wall, WallInner, clock::system_now, duties::Duty};
use std::{
    sync::{Weak, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use wall_store::Holding;

/// How often it is asked whether a backup is due.
const ASK: Duration = Duration::from_secs(60);
/// A clock that leapt is said again so often.
const HELD: Duration = Duration::from_secs(3_600);
/// The first one of a store waits until the wall has settled.
const SETTLE: Duration = Duration::from_secs(600);

/// Runs until the wall is dropped or its store closed. A backup that cannot be made is said once, and tried again.
pub(crate) async fn run(wall: Weak<WallInner>) {
    let (mut said, mut tidy_due) = (false, Instant::now());
    tokio::time::sleep(SETTLE).await;
    loop {
        {
            let Some(inner) = wall.upgrade() else { return };
            let wall = Wall { inner };
            if wall.store().is_closed() {
                return;
            }
            // One of all walls on the store does it.
            if let Some(holding) = wall.holds(Duty::Keeping) {
                back_up(&wall, &holding, &mut said).await;
            }
            // A backup takes its time: who holds the duty is asked again.
            if let Some(holding) = wall.holds(Duty::Keeping).filter(|_| tidy_due <= Instant::now()) {
                tidy_due = Instant::now() + tidy(&wall, &holding).await;
            }
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Makes the backup that is due; `said` = that none can be made.
async fn back_up(wall: &Wall, holding: &Holding, said: &mut bool) {
    match wall.store().backup_if_due(system_now(), holding).await {
        Ok(None) => {}
        Ok(Some((path, about))) => {
            *said = false;
            tracing::info!("backup of {} tickets in {}", about.tickets, path.display());
        }
        Err(error) if !*said => {
            *said = true;
            tracing::error!("no backup could be made, the wall tries again: {error}");
        }
        Err(_) => {}
    }
}

/// Lets go what is kept for a time only, where a day has passed; when to ask again.
async fn tidy(wall: &Wall, holding: &Holding) -> Duration {
    let outcome = wall.store().tidy_if_due(&wall.inner.own, system_now(), Some(holding)).await;
    let held = matches!(&outcome, Ok(Some(Err(_))));
    wall.inner.counters.retention_held.store(held, Relaxed);
    match outcome {
        Ok(None) => ASK,
        Ok(Some(Ok(done))) => {
            tracing::info!(
                "retention: {} reporters, {} positions, {} log lines went",
                done.reporters,
                done.positions,
                done.lines
            );
            ASK
        }
        Ok(Some(Err(leap))) => {
            tracing::error!("{}", leap.words());
            HELD
        }
        Err(error) => {
            tracing::warn!(%error, "retention waits");
            ASK
        }
    }
}
