//! What one wall alone does of all that share a store: a lease for each duty, held by the database's clock.
//!
//! Every wall that may write asks for them; whoever has one says so again in time. A wall that is cut off stops by its own clock
//! before the lease ends, and what it still had open is refused by the fence (`WriteTx::under_lease`).

use super::{Wall, WallInner};
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use wall_store::{Holding, Store, StoreError};

/// A lease lasts so long after it was said last …
const LIFE: Duration = Duration::from_secs(30);
/// … and is said again so often.
const RENEW: Duration = Duration::from_secs(10);
/// Whoever has none looks so often whether one is free.
const LOOK: Duration = Duration::from_secs(2);

/// What is done once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Duty {
    /// Open tickets go over to the plan that took effect.
    ChangeOver,
    /// Backups, and what is not kept for ever.
    Keeping,
}

impl Duty {
    /// Name of its lease.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChangeOver => "change_over",
            Self::Keeping => "keeping",
        }
    }
}

/// What this wall holds.
pub(super) struct Duties {
    store: Store,
    /// By what this wall knows itself among all processes.
    process: String,
    /// Who it is, for people.
    holder: String,
    held: Mutex<HashMap<Duty, Held>>,
    /// They were laid down: none is taken any more.
    ended: AtomicBool,
}

#[derive(Clone, Copy)]
struct Held {
    fence: i64,
    /// By this machine's clock, counted from before the database was asked: earlier than the lease itself ends.
    until: Instant,
}

impl Duties {
    pub fn new(store: Store) -> Self {
        let mut bytes = [0u8; 16];
        // Without random bytes no key could be made either; the number of the process is unique on its machine at least.
        let _ = getrandom::fill(&mut bytes);
        let machine = crate::http::machine_name().unwrap_or_else(|| "?".into());
        let holder = format!("{machine}, process {}", std::process::id());
        let process = format!("{}-{}", std::process::id(), bytes.iter().map(|b| format!("{b:02x}")).collect::<String>());
        Self { store, process, holder, held: Mutex::default(), ended: AtomicBool::new(false) }
    }

    fn let_go(&self) -> bool {
        !std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner)).is_empty()
    }

    fn holding(&self, duty: Duty) -> Option<Holding> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.get(&duty).filter(|h| Instant::now() < h.until)?;
        Some(Holding { name: duty.name(), process: self.process.clone(), fence: held.fence })
    }

    /// Notes an answer; `true` when the duty was not ours before.
    fn note(&self, duty: Duty, fence: Option<i64>, asked: Instant) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match fence {
            Some(fence) => held.insert(duty, Held { fence, until: asked + LIFE }).is_none_or(|before| before.fence != fence),
            None => {
                held.remove(&duty);
                false
            }
        }
    }
}

impl Drop for Duties {
    /// A wall that goes without a word gives back all the same, where somebody is left to do it.
    fn drop(&mut self) {
        if self.let_go()
            && !self.store.is_closed()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (store, process) = (self.store.clone(), std::mem::take(&mut self.process));
            runtime.spawn(async move { store.release_leases(&process).await });
        }
    }
}

impl Wall {
    /// The holding of a duty's lease, for the writes that belong to it; `None` = another process does it, or nobody yet.
    pub(super) fn holds(&self, duty: Duty) -> Option<Holding> {
        self.inner.duties.holding(duty)
    }

    /// Gives back what this wall alone did, so that another one goes on at once.
    pub async fn lay_down_duties(&self) {
        self.inner.duties.ended.store(true, Relaxed);
        if self.inner.duties.let_go()
            && let Err(error) = self.store().release_leases(&self.inner.duties.process).await
        {
            tracing::debug!(%error, "the leases end by themselves");
        }
    }

    /// The duties of this wall: one that stands at a time of its own changes nothing over for anybody else.
    fn duties(&self) -> &'static [Duty] {
        if self.inner.clock.is_fixed() { &[Duty::Keeping] } else { &[Duty::ChangeOver, Duty::Keeping] }
    }

    /// Takes what is free and renews what is held.
    pub(super) async fn take_duties(&self) -> Result<(), StoreError> {
        let (duties, asked) = (self.duties(), Instant::now());
        let names: Vec<&str> = duties.iter().map(|d| d.name()).collect();
        let own = &self.inner.duties;
        let life_ms = i64::try_from(LIFE.as_millis()).unwrap_or(i64::MAX);
        let fences = self.store().hold_leases(&names, &own.holder, &own.process, life_ms).await?;
        for (duty, fence) in duties.iter().zip(fences) {
            if own.note(*duty, fence, asked) {
                tracing::info!("this wall does {} from now on", duty.name());
            }
        }
        Ok(())
    }

    /// Whether a lease of this wall's duties is free.
    async fn is_one_free(&self) -> Result<bool, StoreError> {
        let leases = self.store().leases().await?;
        let taken = |d: &Duty| leases.iter().any(|l| l.in_force && l.name == d.name());
        Ok(!self.duties().iter().all(taken))
    }
}

/// Runs until the wall is dropped or its store closed.
pub(super) async fn run(wall: Weak<WallInner>) {
    loop {
        let pause = {
            let Some(inner) = wall.upgrade() else { return };
            let wall = Wall { inner };
            if wall.store().is_closed() || wall.inner.duties.ended.load(Relaxed) {
                return;
            }
            let holds_all = wall.duties().iter().all(|d| wall.holds(*d).is_some());
            // Who holds renews; who does not asks for the pen only when there is something to get.
            let due = match holds_all {
                true => Ok(true),
                false => wall.is_one_free().await.map(|free| free || wall.duties().iter().any(|d| wall.holds(*d).is_some())),
            };
            let outcome = match due {
                Ok(true) if wall.store().can_write() => wall.take_duties().await,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) if holds_all => RENEW,
                Ok(()) => LOOK,
                Err(error) => {
                    tracing::debug!(%error, "the leases are asked for again");
                    LOOK
                }
            }
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::WallOptions;

    async fn wall(folder: &std::path::Path) -> Wall {
        let mut options = WallOptions::new(folder);
        options.zone = Some("UTC".into());
        Wall::open(options).await.unwrap()
    }

    #[tokio::test]
    async fn of_two_walls_one_has_the_duties_and_the_other_goes_on_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (wall(folder.path()).await, wall(folder.path()).await);
        first.take_duties().await.unwrap();
        second.take_duties().await.unwrap();
        let held = first.holds(Duty::ChangeOver).expect("the first one came first");
        assert_eq!(second.holds(Duty::ChangeOver), None);
        assert!(!second.is_one_free().await.unwrap());
        first.take_duties().await.unwrap();
        assert_eq!(first.holds(Duty::ChangeOver).as_ref(), Some(&held), "the same holding");
        first.lay_down_duties().await;
        assert_eq!(first.holds(Duty::ChangeOver), None);
        second.take_duties().await.unwrap();
        let next = second.holds(Duty::ChangeOver).unwrap();
        assert_eq!((next.fence, second.holds(Duty::Keeping).unwrap().fence), (held.fence + 1, held.fence + 1));
        // What the first one had still open is refused.
        let mut tx = first.write(&first.inner.own, wall_core::Whole::Administer).await.unwrap();
        assert!(tx.under_lease(&held).await.is_err());
        drop(tx);
        let mut tx = second.write(&second.inner.own, wall_core::Whole::Administer).await.unwrap();
        tx.under_lease(&next).await.unwrap();
    }
}
