//! The one door: everything that changes the store waits in one bounded line and is committed in groups.

use super::{Wall, WallError, WallInner, clock::system_now};
use std::sync::{Weak, atomic::Ordering::Relaxed};
use tokio::sync::{mpsc, oneshot};
use wall_core::{PositionRecord, TicketRecord};
use wall_store::{Actor, TicketOutcome, TicketWrite};

/// Requests that may wait; beyond that the caller is told to come back.
const WAITING_REQUESTS: usize = 4096;
/// Records of one commit.
const GROUP_RECORDS: usize = 8192;

/// What waits in the line.
pub(crate) enum Job {
    Tickets { actor: Actor, records: Vec<TicketRecord>, reply: oneshot::Sender<Result<Vec<TicketOutcome>, WallError>> },
    Positions { actor: Actor, records: Vec<PositionRecord>, reply: oneshot::Sender<Result<Vec<bool>, WallError>> },
}

impl Job {
    fn records(&self) -> usize {
        match self {
            Self::Tickets { records, .. } => records.len(),
            Self::Positions { records, .. } => records.len(),
        }
    }
}

enum Done {
    Tickets(Vec<TicketOutcome>),
    Positions(Vec<bool>),
}

/// The line and its end.
pub(crate) fn line() -> (mpsc::Sender<Job>, mpsc::Receiver<Job>) {
    mpsc::channel(WAITING_REQUESTS)
}

/// Takes jobs, as many as wait, writes them in one transaction, and answers after the commit. Ends with the last sender.
pub(crate) async fn work(wall: Weak<WallInner>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let Some(inner) = wall.upgrade() else { return };
        let wall = Wall { inner };
        let mut group = vec![first];
        let mut records = group[0].records();
        while records < GROUP_RECORDS {
            let Ok(job) = jobs.try_recv() else { break };
            records += job.records();
            group.push(job);
        }
        match commit(&wall, &group).await {
            Ok(done) => group.into_iter().zip(done).for_each(|(job, done)| answer(job, Ok(done))),
            // One command that cannot be written does not take the others with it: each is tried alone.
            Err(_) if group.len() > 1 => {
                for job in group {
                    let alone = commit(&wall, std::slice::from_ref(&job)).await;
                    answer(job, alone.map(|mut d| d.remove(0)));
                }
            }
            Err(e) => {
                if let Some(job) = group.pop() {
                    answer(job, Err(e));
                }
            }
        }
    }
}

async fn commit(wall: &Wall, group: &[Job]) -> Result<Vec<Done>, WallError> {
    let Some(first) = group.first() else { return Ok(vec![]) };
    let actor = match first {
        Job::Tickets { actor, .. } | Job::Positions { actor, .. } => actor,
    };
    let mut tx = wall.store().write(actor, system_now()).await?;
    let mut done = Vec::with_capacity(group.len());
    for job in group {
        match job {
            Job::Tickets { actor, records, .. } => {
                tx.act_as(actor);
                let writes: Vec<TicketWrite> = wall.resolve(records);
                wall.inner.counters.tickets_in.fetch_add(records.len() as u64, Relaxed);
                done.push(Done::Tickets(tx.put_tickets(&writes, "intake").await?));
            }
            Job::Positions { actor, records, .. } => {
                tx.act_as(actor);
                wall.inner.counters.positions_in.fetch_add(records.len() as u64, Relaxed);
                done.push(Done::Positions(tx.put_positions(records).await?));
            }
        }
    }
    tx.commit().await?;
    wall.fed();
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
