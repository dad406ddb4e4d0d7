//! The one door: everything that changes the store waits in one bounded line and is committed in groups.

use super::{
    Wall, WallError, WallInner,
    facts::asks_address,
    reach::{PositionOutcome, TicketTaken},
    write::Unaudited,
};
use std::sync::{Weak, atomic::Ordering::Relaxed};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use wall_core::{Origin, PositionRecord, TicketRecord, Within};
use wall_store::Actor;

/// Requests that may wait; beyond that the caller is told to come back.
const WAITING_REQUESTS: usize = 4096;
/// Records of one commit.
const GROUP_RECORDS: usize = 8192;

/// How long a job waits in all, in the line and for the store.
const WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// What waits in the line, since when.
pub(crate) struct Waiting {
    job: Job,
    since: Instant,
}

impl From<Job> for Waiting {
    fn from(job: Job) -> Self {
        Self { job, since: Instant::now() }
    }
}

/// A command of the line.
pub(crate) enum Job {
    Tickets { actor: Actor, records: Vec<TicketRecord>, reply: oneshot::Sender<Result<Vec<TicketTaken>, WallError>> },
    Positions { actor: Actor, records: Vec<PositionRecord>, reply: oneshot::Sender<Result<Vec<PositionOutcome>, WallError>> },
}

impl Job {
    fn actor(&self) -> &Actor {
        match self {
            Self::Tickets { actor, .. } | Self::Positions { actor, .. } => actor,
        }
    }

    fn right(&self) -> Within {
        match self {
            Self::Tickets { .. } => Within::PushTickets,
            Self::Positions { .. } => Within::PushPositions,
        }
    }

    fn tickets(&self) -> &[TicketRecord] {
        match self {
            Self::Tickets { records, .. } => records,
            Self::Positions { .. } => &[],
        }
    }

    fn records(&self) -> usize {
        match self {
            Self::Tickets { records, .. } => records.len(),
            Self::Positions { records, .. } => records.len(),
        }
    }
}

enum Done {
    Tickets(Vec<TicketTaken>),
    Positions(Vec<PositionOutcome>),
}

/// The line and its end.
pub(crate) fn line() -> (mpsc::Sender<Waiting>, mpsc::Receiver<Waiting>) {
    mpsc::channel(WAITING_REQUESTS)
}

/// Takes jobs, as many as wait, writes them in one transaction, and answers after the commit. Ends with the last sender.
pub(crate) async fn work(wall: Weak<WallInner>, mut jobs: mpsc::Receiver<Waiting>) {
    while let Some(first) = jobs.recv().await {
        let Some(inner) = wall.upgrade() else { return };
        let wall = Wall { inner };
        // Who has waited longest says until when the group waits: nobody waits longer than the stated time.
        let until = first.since + WAIT;
        let mut group = vec![first.job];
        let mut records = group[0].records();
        while records < GROUP_RECORDS {
            let Ok(next) = jobs.try_recv() else { break };
            records += next.job.records();
            group.push(next.job);
        }
        let error = match commit(&wall, &group, until).await {
            Ok(done) => {
                group.into_iter().zip(done).for_each(|(job, done)| answer(job, Ok(done)));
                continue;
            }
            Err(e) => e,
        };
        for job in group {
            let alone = match error.shared() {
                // The store does not take anything: asking once for each would only make all wait.
                Some(same) => Err(same),
                // One command that cannot be written does not take the others with it: each is tried alone.
                None => commit(&wall, std::slice::from_ref(&job), until).await.map(|mut done| done.remove(0)),
            };
            answer(job, alone);
        }
    }
}

async fn commit(wall: &Wall, group: &[Job], until: Instant) -> Result<Vec<Done>, WallError> {
    let Some(first) = group.first() else { return Ok(vec![]) };
    let mut tx = wall.write_each_by(first.actor(), first.right(), until).await?;
    // Once for all of them, and not at all where only positions came.
    let mut facts = None;
    let mut done = Vec::with_capacity(group.len());
    for job in group {
        tx.act_as(job.actor(), job.right())?;
        match job {
            Job::Tickets { records, .. } => {
                let facts = match &mut facts {
                    Some(facts) => facts,
                    none => none.insert(wall.facts(&tx, group.iter().flat_map(Job::tickets).any(asks_address)).await?),
                };
                wall.inner.counters.tickets_in.fetch_add(records.len() as u64, Relaxed);
                done.push(Done::Tickets(tx.put_tickets(job.right().into(), facts.of(records), Origin::Intake, false).await?));
            }
            Job::Positions { records, .. } => {
                wall.inner.counters.positions_in.fetch_add(records.len() as u64, Relaxed);
                done.push(Done::Positions(tx.put_positions(records).await?));
            }
        }
    }
    tx.commit_unaudited(Unaudited::Feed).await?;
    Ok(done)
}

fn answer(job: Job, done: Result<Done, WallError>) {
    // Who asked may have gone; what was written stays written.
    match (job, done) {
        (Job::Tickets { reply, .. }, Ok(Done::Tickets(d))) => drop(reply.send(Ok(d))),
        (Job::Positions { reply, .. }, Ok(Done::Positions(d))) => drop(reply.send(Ok(d))),
        (Job::Tickets { reply, .. }, Err(e)) => drop(reply.send(Err(e))),
        (Job::Positions { reply, .. }, Err(e)) => drop(reply.send(Err(e))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::{WallOptions, system_now};
    use std::time::Duration;
    use wall_store::{Role, Store, StoreError};

    fn job() -> (Job, oneshot::Receiver<Result<Vec<PositionOutcome>, WallError>>) {
        let (reply, answer) = oneshot::channel();
        (Job::Positions { actor: Actor::new("feed", Role::Feed, "api"), records: vec![], reply }, answer)
    }

    /// Everybody who waited in line is told when the first one's time is over; nobody waits once more for each other.
    #[tokio::test]
    async fn the_line_waits_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = WallOptions::new(folder.path());
        options.zone = Some("UTC".into());
        let wall = Wall::open(options).await.unwrap();
        let other = Store::open(folder.path()).await.unwrap();
        let held = other.write(&Actor::new("other", Role::Admin, "cli"), system_now()).await.unwrap();
        // They have been waiting for as long as anybody does.
        let since = Instant::now().checked_sub(WAIT).unwrap_or_else(Instant::now);
        let mut answers = Vec::new();
        for _ in 0..40 {
            let (job, answer) = job();
            assert!(wall.inner.jobs.try_send(Waiting { job, since }).is_ok());
            answers.push(answer);
        }
        for answer in answers {
            let told = tokio::time::timeout(Duration::from_secs(60), answer).await.unwrap().unwrap();
            assert!(matches!(told, Err(WallError::Store(StoreError::Busy { .. }))), "{told:?}");
        }
        drop(held);
        let (job, answer) = job();
        assert!(wall.inner.jobs.try_send(job.into()).is_ok());
        assert!(answer.await.unwrap().is_ok());
    }
}
