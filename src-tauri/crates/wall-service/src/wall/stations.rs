//! Stations: browsers that came in by a one-time link, and whether their right still holds.
//!
//! Their life is counted on the monotonic clock while the wall runs, so that setting the system's clock back lengthens it for
//! nobody; over a restart the stored end is all there is.

use super::{Wall, WallError, clock::system_now};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use wall_core::Unbound;
use wall_store::{Actor, Role, Station, Store};

/// A station ended by another process is refused after at most this long.
const FRESH: Duration = Duration::from_secs(3);
/// A station that is known is let in meanwhile when the store takes longer to say whether it still is.
const ANSWER: Duration = Duration::from_millis(1_500);
/// Stations remembered; further ones are asked about each time.
const KEPT: usize = 2_048;
/// How often the use of a station is written down.
const NOTE_USE_MS: i64 = 5 * 60_000;

struct Kept {
    station: Station,
    asked: Instant,
    ends: Instant,
}

/// Stations looked up a moment ago, by the hash of their secret; also those whose time ran out while the wall ran.
#[derive(Default)]
pub(super) struct Stations(Mutex<HashMap<[u8; 32], Kept>>);

/// What memory alone says of a station.
enum Known {
    /// Asked about just now.
    Good(Station),
    /// Its time ran out.
    Over,
    /// To be asked of the store; the station as it was last known.
    Ask(Option<Station>),
}

impl Stations {
    fn known(&self, key: &[u8; 32], now: Instant) -> Known {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            None => Known::Ask(None),
            Some(kept) if now >= kept.ends => Known::Over,
            Some(kept) if now.saturating_duration_since(kept.asked) < FRESH => Known::Good(kept.station.clone()),
            Some(kept) => Known::Ask(Some(kept.station.clone())),
        }
    }

    /// Notes an answer of the store. The end that was found first stays.
    fn note(&self, key: [u8; 32], station: &Station, asked: Instant, left: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.get_mut(&key) {
            (kept.station, kept.asked) = (station.clone(), asked);
            return;
        }
        if all.len() >= KEPT {
            // Those not asked for lately can be asked about again; those that are over must not come back.
            all.retain(|_, kept| asked >= kept.ends || asked.saturating_duration_since(kept.asked) < FRESH);
        }
        if all.len() < KEPT {
            all.insert(key, Kept { station: station.clone(), asked, ends: asked + left });
        }
    }

    fn forget(&self, forgotten: impl Fn(&[u8; 32], &Station) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, kept| !forgotten(key, &kept.station));
    }
}

impl Wall {
    /// Lets a station in that showed a one-time link; its secret. `name` is what the browser calls itself.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_station(&self, role: Role, name: &str) -> Result<String, WallError> {
        let mut tx = self.write(&Actor::new("browser", role, "browser"), Unbound::SignIn).await?;
        let (_, secret) = tx.open_station(role, name).await?;
        tx.commit_audited().await?;
        Ok(secret)
    }

    /// The station of a secret whose right still holds. Answers from memory for a few seconds, and for as long as the store
    /// does not answer: that is no revocation.
    ///
    /// # Errors
    /// The store does not answer and the station was not known before.
    pub async fn station_of(&self, secret: &str) -> Result<Option<Station>, WallError> {
        if !Store::is_station_secret(secret) {
            return Ok(None);
        }
        let stations = &self.inner.stations;
        let (key, asked, now): ([u8; 32], _, _) = (Sha256::digest(secret.as_bytes()).into(), Instant::now(), system_now());
        let before = match stations.known(&key, asked) {
            Known::Good(station) => return Ok(Some(station)),
            Known::Over => return Ok(None),
            Known::Ask(before) => before,
        };
        let question = self.store().station_by_secret(secret, now);
        let answer = match &before {
            // A store behind a link that swallows everything gives no error either.
            Some(station) => match tokio::time::timeout(ANSWER, question).await {
                Ok(answer) => answer,
                Err(_) => return Ok(Some(station.clone())),
            },
            None => question.await,
        };
        match answer {
            Ok(Some(station)) => {
                let left = Duration::from_millis(u64::try_from(station.expires_at.0 - now.0).unwrap_or(0));
                stations.note(key, &station, asked, left);
                if now.0 - station.last_used.0 >= NOTE_USE_MS {
                    self.note_station(station.id);
                }
                Ok(Some(station))
            }
            Ok(None) => {
                stations.forget(|k, _| *k == key);
                Ok(None)
            }
            Err(error) => match before {
                Some(station) => Ok(Some(station)),
                None => Err(error.into()),
            },
        }
    }

    /// Ends the right of a station; `false` when it had none.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn end_station(&self, actor: &Actor, id: i64) -> Result<bool, WallError> {
        let mut tx = self.write(actor, Unbound::SignIn).await?;
        let ended = tx.end_station(id).await?;
        if ended {
            tx.commit_audited().await?;
        }
        self.inner.stations.forget(|_, station| station.id == id);
        Ok(ended)
    }

    /// Writes down that a station is in use, beside whatever is being answered.
    fn note_station(&self, id: i64) {
        let store = self.store().clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_station(id, system_now()).await {
                tracing::debug!(%error, "the use of a station was not noted; the next one is");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wall_core::UtcMs;

    #[test]
    fn time_that_ran_out_stays_run_out_whatever_the_store_says() {
        let (stations, t) = (Stations::default(), Instant::now());
        let station = Station {
            id: 1,
            role: Role::Operator,
            name: String::new(),
            created_at: UtcMs(0),
            last_used: UtcMs(0),
            expires_at: UtcMs(0),
            ended_at: None,
        };
        let key = [7; 32];
        assert!(matches!(stations.known(&key, t), Known::Ask(None)));
        stations.note(key, &station, t, Duration::from_secs(60));
        assert!(matches!(stations.known(&key, t + Duration::from_secs(1)), Known::Good(_)));
        let later = t + Duration::from_secs(30);
        assert!(matches!(stations.known(&key, later), Known::Ask(Some(_))));
        // The clock of the machine was set back: the store gives it days more.
        stations.note(key, &station, later, Duration::from_secs(1_000_000));
        assert!(matches!(stations.known(&key, t + Duration::from_secs(60)), Known::Over));
    }
}
