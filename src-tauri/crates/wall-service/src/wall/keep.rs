//! What a running wall keeps by itself: a backup now and then.

use super::{Wall, WallInner, clock::system_now};
use std::{sync::Weak, time::Duration};

/// How often it is asked whether a backup is due.
const ASK: Duration = Duration::from_secs(60);
/// The first one of a store waits until the wall has settled.
const SETTLE: Duration = Duration::from_secs(600);

/// Runs until the wall is dropped or its store closed. A backup that cannot be made is said once, and tried again.
pub(crate) async fn run(wall: Weak<WallInner>) {
    let mut said = false;
    tokio::time::sleep(SETTLE).await;
    loop {
        {
            let Some(inner) = wall.upgrade() else { return };
            let wall = Wall { inner };
            if wall.store().is_closed() {
                return;
            }
            match wall.store().backup_if_due(system_now()).await {
                Ok(None) => {}
                Ok(Some((path, about))) => {
                    said = false;
                    tracing::info!("backup of {} tickets in {}", about.tickets, path.display());
                }
                Err(error) if !said => {
                    said = true;
                    tracing::error!("no backup could be made, the wall tries again: {error}");
                }
                Err(_) => {}
            }
        }
        tokio::time::sleep(ASK).await;
    }
}
