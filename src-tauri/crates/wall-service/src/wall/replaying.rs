//! Who drives the wall's clock: a replay begins, goes on, is ended by whoever is on duty, and then stays ended.

use super::{
    Keeper, Wall, WallError,
    clock::{goes_on, system_now},
    write::Unaudited,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wall_core::{Right, UtcMs, Whole};
use wall_store::{Actor, ReplayClock, Store};

/// Settings: the run that drives, the run that somebody else ended.
const DRIVING: &str = "replay_driving";
const ENDED: &str = "replay_ended";
/// A driver that does not name its run is known by its right alone: so long after somebody ended it, its words are refused.
const ENDED_FOR_MS: i64 = 600_000;
/// Longest name of a run, in bytes.
const RUN_BYTES: usize = 64;

/// The run that drives, as it is kept in the store.
#[derive(Serialize, Deserialize)]
struct Driving {
    run: Option<String>,
    driver: String,
}

/// The last run that somebody else ended.
#[derive(Serialize, Deserialize)]
struct Ended {
    run: Option<String>,
    driver: String,
    by: String,
    at_ms: i64,
}

impl Ended {
    /// Whether a word of `driver`, in `run`, at real time `now`, goes on with what was ended.
    fn covers(&self, driver: &str, run: Option<&str>, now: UtcMs) -> bool {
        match (self.run.as_deref(), run) {
            (Some(ended), Some(run)) => ended == run,
            // A clock that was set back counts like one that went on: by how far it is away.
            (None, None) => self.driver == driver && now.0.abs_diff(self.at_ms) < ENDED_FOR_MS as u64,
            _ => false,
        }
    }
}

impl Wall {
    /// Drives the wall's clock. `run` names this run of the replay, so that it can be told from a later one: when somebody
    /// else ends it ([`Wall::end_replay`]), its further words are refused and a new run may begin at once; a driver that
    /// names none is refused for ten minutes. The beginning and every jump are in the audit log; words that a replay goes
    /// on as it did are not.
    ///
    /// # Errors
    /// The role may not; the speed or the name of the run is out of range; [`WallError::ReplayEnded`].
    pub async fn drive_clock(&self, actor: &Actor, clock: ReplayClock, run: Option<&str>) -> Result<(), WallError> {
        self.may(actor, Right::DriveClock)?;
        if !clock.speed.is_finite() || clock.speed < 0.0 || clock.speed > 1e6 {
            return Err(WallError::Invalid("the speed of a replay is 0 … 1,000,000".into()));
        }
        if run.is_some_and(|r| r.is_empty() || r.len() > RUN_BYTES || !r.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(WallError::Invalid(format!("the name of a run is 1 to {RUN_BYTES} visible ASCII characters")));
        }
        let mut tx = self.write(actor, Whole::DriveClock).await?;
        if let Some(ended) = kept::<Ended>(self.store(), ENDED).await?
            && ended.covers(&actor.who, run, system_now())
        {
            return Err(WallError::ReplayEnded { by: ended.by, at: UtcMs(ended.at_ms).to_rfc3339() });
        }
        let driving: Option<Driving> = kept(self.store(), DRIVING).await?;
        let same = driving.is_some_and(|d| d.run.as_deref() == run && d.driver == actor.who);
        let last = self.store().replay_clock().await?;
        if !(same && last.is_some_and(|last| goes_on(&last, &clock))) {
            let detail = serde_json::json!({ "wall_at": clock.wall_at.to_rfc3339(), "speed": clock.speed });
            tx.audit("clock.replay", &detail.to_string()).await?;
        }
        if !same {
            let driving = Driving { run: run.map(str::to_owned), driver: actor.who.clone() };
            tx.set_setting(DRIVING, &kept_as(&driving)?).await?;
        }
        tx.set_replay_clock(Some(clock)).await?;
        if tx.is_audited() {
            tx.commit_audited().await?;
        } else {
            tx.commit_unaudited(Unaudited::Unchanged).await?;
        }
        self.inner.clock.follow(Some(clock));
        Ok(())
    }

    /// Gives the wall's clock back to the system ([`Keeper::end_replay`]).
    ///
    /// # Errors
    /// The role may not.
    pub async fn end_replay(&self, actor: &Actor, run: Option<&str>) -> Result<(), WallError> {
        Keeper::of(self.store()).end_replay(actor, run).await?;
        self.inner.clock.follow(None);
        Ok(())
    }

    /// A replay that this wall followed has been silent for longer than a replay may be: it ends, which is a line of the audit
    /// log of its own, whichever of the processes on this store notices first.
    pub(super) async fn end_lapsed(&self, replay: ReplayClock, silent: Duration) -> Result<(), WallError> {
        // The picture waits for this: whoever writes at the moment is let go first, a later beat makes up for it.
        let soon = tokio::time::Instant::now() + Duration::from_millis(200);
        let mut tx = self.write_by(&self.inner.own, Whole::EndReplay, soon).await?;
        // Nobody writes meanwhile: what is read here stays so until the commit.
        if self.store().replay_clock().await? == Some(replay) {
            let detail = serde_json::json!({ "wall_at": replay.wall_at.to_rfc3339(), "last_word_at": replay.real_at.to_rfc3339(),
                "silent_s": silent.as_secs() });
            tx.set_replay_clock(None).await?;
            tx.commit("clock.lapse", &detail).await?;
            tracing::warn!("the driver of a replay is silent: the wall is back at the system's time");
        }
        Ok(())
    }

    /// The clock of a replay that drives the wall, `None` = the system's, or a fixed one.
    pub async fn replay_clock(&self) -> Result<Option<ReplayClock>, WallError> {
        Ok(self.store().replay_clock().await?)
    }
}

impl Keeper {
    /// Gives the walls' clock back to the system. Ended by its own driver (the same `run`; without one, the same actor) a
    /// replay is over; ended by anybody else it is also refused when it goes on talking. In the audit log.
    ///
    /// # Errors
    /// The role may not.
    pub async fn end_replay(&self, actor: &Actor, run: Option<&str>) -> Result<(), WallError> {
        let mut tx = self.write(actor, Whole::EndReplay).await?;
        let runs = self.store().replay_clock().await?.is_some();
        if runs {
            let driving: Option<Driving> = kept(self.store(), DRIVING).await?;
            let own = |d: &Driving| if d.run.is_some() { d.run.as_deref() == run } else { d.driver == actor.who };
            if let Some(Driving { run, driver }) = driving.filter(|d| !own(d)) {
                let ended = Ended { run, driver, by: actor.who.clone(), at_ms: system_now().0 };
                tx.set_setting(ENDED, &kept_as(&ended)?).await?;
            }
        }
        tx.set_replay_clock(None).await?;
        if runs {
            tx.commit("clock.end", &serde_json::json!({})).await?;
        } else {
            tx.commit_unaudited(Unaudited::Unchanged).await?;
        }
        Ok(())
    }
}

/// A setting of this file; one that cannot be read (another edition's) is none.
async fn kept<T: for<'a> Deserialize<'a>>(store: &Store, key: &str) -> Result<Option<T>, WallError> {
    Ok(store.setting(key).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn kept_as<T: Serialize>(value: &T) -> Result<String, WallError> {
    serde_json::to_string(value).map_err(|e| WallError::Io(e.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ended_is_told_from_what_begins() {
        let named = Ended { run: Some("a".into()), driver: "token:r".into(), by: "token:o".into(), at_ms: 1_000_000 };
        assert!(named.covers("token:r", Some("a"), UtcMs(9_000_000_000)), "a named run never comes back");
        assert!(!named.covers("token:r", Some("b"), UtcMs(1_000_001)), "another run begins at once");
        assert!(!named.covers("token:r", None, UtcMs(1_000_001)));
        let unnamed = Ended { run: None, ..named };
        assert!(unnamed.covers("token:r", None, UtcMs(1_000_001)));
        assert!(!unnamed.covers("token:other", None, UtcMs(1_000_001)));
        assert!(!unnamed.covers("token:r", None, UtcMs(1_600_000)));
        assert!(!unnamed.covers("token:r", None, UtcMs(-1_000_000)), "a clock set back does not refuse for ever");
    }
}
