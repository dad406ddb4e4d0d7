//! Leases: what one process alone does, of all that have the store open on whatever machine.
//!
//! A lease is held until a time of the database's own clock, which is the same for everybody, and taken or renewed in one
//! statement under the writers' lock. Each holding has a fence, greater than all before; a write that belongs to a holding
//! names it ([`WriteTx::under_lease`]), so that who was cut off or stood still for long does nothing twice.

use crate::{
    Actor, Store, StoreError, WriteTx,
    db::{Row, Sql, sql},
    pen::Pen,
};
use std::time::Duration;
use tokio::time::Instant;
use wall_core::UtcMs;

/// Whoever writes for long holds everybody up: the next try is soon.
const PATIENCE: Duration = Duration::from_secs(1);

/// A lease as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who has or had it, for people: machine and process.
    pub holder: String,
    /// By what the process knows itself.
    pub process: String,
    /// Number of this holding, growing.
    pub fence: i64,
    /// Since when, by the database's clock.
    pub taken_at: UtcMs,
    /// Until when, by the database's clock.
    pub expires_at: UtcMs,
    /// Whether it is held, by the database's clock.
    pub in_force: bool,
}

/// One holding of a lease: what a write names that is done once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Of which lease.
    pub name: &'static str,
    /// By what its process knows itself.
    pub process: String,
    /// Its number.
    pub fence: i64,
}

/// No lease is said for longer at once. One that ends later was said by a clock that has been set back since: it is free.
const LONGEST_MS: i64 = 60_000;

/// `NOW` stands for the database's clock, `LONGEST` for [`LONGEST_MS`].
const HOLD: &str = "INSERT INTO lease (name, holder, process, fence, taken_at, expires_at) VALUES ($1, $2, $3, 1, NOW, NOW + $4) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, process = excluded.process, \
     fence = CASE WHEN lease.process = excluded.process AND lease.expires_at > NOW THEN lease.fence ELSE lease.fence + 1 END, \
     taken_at = CASE WHEN lease.process = excluded.process AND lease.expires_at > NOW THEN lease.taken_at ELSE NOW END, \
     expires_at = excluded.expires_at WHERE lease.process = excluded.process OR lease.expires_at <= NOW \
     OR lease.expires_at > NOW + LONGEST RETURNING fence";
const RELEASE: &str = "UPDATE lease SET expires_at = NOW WHERE process = $1 AND expires_at > NOW";
const KNOWN: &str = "SELECT name, holder, process, fence, taken_at, expires_at, \
     (expires_at > NOW AND expires_at <= NOW + LONGEST) AS in_force FROM lease ORDER BY name";

fn at(clock: &str, text: &'static str) -> Sql {
    Sql::composed(text.replace("NOW", clock).replace("LONGEST", &LONGEST_MS.to_string()))
}

fn lease(row: &Row) -> Result<Lease, StoreError> {
    Ok(Lease {
        name: row.get("name")?,
        holder: row.get("holder")?,
        process: row.get("process")?,
        fence: row.get("fence")?,
        taken_at: row.get("taken_at")?,
        expires_at: row.get("expires_at")?,
        in_force: row.get("in_force")?,
    })
}

impl Store {
    /// Takes those of the leases that are free and renews those that `process` holds, for `life_ms` from now by the database's
    /// clock. The fence of each, in their order; `None` = another process has it.
    ///
    /// # Errors
    /// The store cannot be written, or others write for long.
    pub async fn hold_leases(
        &self,
        names: &[&str],
        holder: &str,
        process: &str,
        life_ms: i64,
    ) -> Result<Vec<Option<i64>>, StoreError> {
        let life_ms = life_ms.min(LONGEST_MS);
        let mut pen = Pen::take(&self.inner, Instant::now() + PATIENCE).await?;
        let mut fences = Vec::with_capacity(names.len());
        for name in names {
            let hold = at(pen.clock(), HOLD).bind(*name).bind(holder).bind(process).bind(life_ms);
            fences.push(pen.optional(hold).await?.map(|row| row.get("fence")).transpose()?);
        }
        pen.commit(false).await?;
        Ok(fences)
    }

    /// Gives back what `process` holds, so that nobody has to wait for the end of it.
    ///
    /// # Errors
    /// The store cannot be written: then it ends by itself.
    pub async fn release_leases(&self, process: &str) -> Result<(), StoreError> {
        let mut pen = Pen::take(&self.inner, Instant::now() + PATIENCE).await?;
        let release = at(pen.clock(), RELEASE).bind(process);
        pen.execute(release).await?;
        pen.commit(false).await
    }

    /// All leases that were ever held here.
    pub async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let known = at(self.inner.read.clock(), KNOWN);
        self.inner.read.rows(known).await?.iter().map(lease).collect()
    }
}

impl Pen {
    /// Goes on only while this is the last holding of its lease: until the commit nobody else can take it.
    ///
    /// # Errors
    /// [`StoreError::Refused`]: another process has it, or had it since.
    pub(crate) async fn under(&mut self, holding: &Holding) -> Result<(), StoreError> {
        let held = sql("SELECT process, fence FROM lease WHERE name = $1").bind(holding.name);
        let row = self.optional(held).await?;
        let still = match &row {
            Some(row) => row.get::<&str>("process")? == holding.process && row.get::<i64>("fence")? == holding.fence,
            None => false,
        };
        if still { Ok(()) } else { Err(StoreError::Refused(format!("another process has the lease {} by now", holding.name))) }
    }
}

impl WriteTx {
    /// Goes on only while this is the last holding of its lease: until the commit nobody else can take it.
    ///
    /// # Errors
    /// [`StoreError::Refused`]: another process has it, or had it since.
    pub async fn under_lease(&mut self, holding: &Holding) -> Result<(), StoreError> {
        self.tx.under(holding).await
    }
}

impl Store {
    /// Opens a write of something that is done once, under its holding where there is one; without one somebody said so by hand.
    pub(crate) async fn write_under(
        &self,
        actor: &Actor,
        recorded_at: UtcMs,
        holding: Option<&Holding>,
    ) -> Result<WriteTx, StoreError> {
        let mut tx = self.write(actor, recorded_at).await?;
        if let Some(holding) = holding {
            tx.under_lease(holding).await?;
        }
        Ok(tx)
    }
}
