//! The tamper-evident audit log: a keyed chain whose head and count are anchored outside the database.

use crate::{
    Store, StoreError, WriteTx,
    db::{Engine, Row, sql},
    keys::{Keys, write_private},
    lock,
    secret::hex,
    start::ANCHOR_FILE,
};
use std::{path::PathBuf, sync::atomic::Ordering, time::Duration};
use tokio::time::Instant;
use wall_core::UtcMs;

/// How long a commit waits for another process that writes the anchor.
const ANCHOR_WAIT: Duration = Duration::from_secs(5);

/// One line of the audit log. It holds no personal data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditLine {
    /// Number from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: UtcMs,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// At which station.
    pub station: String,
    /// For which purpose, may be empty.
    pub purpose: String,
    /// What: `import.tickets`, `token.create` …
    pub action: String,
    /// Numbers and names, as JSON.
    pub detail: String,
}

/// What verifying the chain found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditVerdict {
    /// Lines in the database.
    pub lines: i64,
    /// Lines the anchor knows of.
    pub anchored: i64,
    /// What is wrong; empty = whole.
    pub faults: Vec<String>,
}

const LAST: &str = "SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1";
const ADD: &str = "INSERT INTO audit (seq, at, actor, role, station, purpose, action, detail, mac) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

impl WriteTx {
    /// Adds a line to the chain; it becomes true with the commit.
    pub async fn audit(&mut self, action: &str, detail: &str) -> Result<(), StoreError> {
        let (seq, previous) = match self.tx.optional(sql(LAST)).await? {
            Some(last) => (last.get::<i64>("seq")? + 1, last.get("mac")?),
            None => (1, Vec::new()),
        };
        let line = AuditLine {
            seq,
            at: self.recorded_at,
            actor: self.actor.who.clone(),
            role: self.actor.role.code().into(),
            station: self.actor.station.clone(),
            purpose: self.actor.purpose.clone().unwrap_or_default(),
            action: action.into(),
            detail: detail.into(),
        };
        let mac = link(&self.store.inner.keys, &line, &previous);
        let added = sql(ADD).bind(line.seq).bind(line.at).bind(line.actor).bind(line.role).bind(line.station);
        let added = added.bind(line.purpose).bind(line.action).bind(line.detail).bind(mac.as_slice());
        self.tx.execute(added).await?;
        self.anchored = Some((seq, mac));
        Ok(())
    }
}

impl Store {
    /// Where this machine keeps head and count: each database has a file of its own.
    fn anchor_file(&self) -> PathBuf {
        match &self.inner.engine {
            Engine::Sqlite { .. } => self.inner.folder.join(ANCHOR_FILE),
            Engine::Postgres(server) => self.inner.folder.join(format!("audit.{}.anchor", server.name())),
        }
    }

    /// On a machine that comes to a store that others wrote: from now on it knows how far the log was.
    pub(crate) async fn anchor_if_new(&self) -> Result<(), StoreError> {
        match self.inner.may_write && !self.anchor_file().exists() {
            true => self.anchor_to_head().await,
            false => Ok(()),
        }
    }

    /// Writes head and count beside the database; an older head never replaces a newer one, whichever process has it.
    pub(crate) async fn anchor(&self, count: i64, mac: [u8; 32]) -> Result<(), StoreError> {
        let _ours = self.inner.anchor.lock().await;
        let _everybodys = lock::exclusive(&self.inner.folder.join(lock::ANCHOR), Instant::now() + ANCHOR_WAIT).await?;
        if self.read_anchor().is_some_and(|(n, _)| n >= count) {
            return Ok(());
        }
        let head = hex(&mac);
        write_private(&self.anchor_file(), format!("{count} {head}\n").as_bytes())
    }

    /// How often the anchor could not be written since the start. What was committed stays; the next line anchors it too.
    pub fn anchor_failures(&self) -> u64 {
        self.inner.health.anchor_failures.load(Ordering::Relaxed)
    }

    /// Anchors the newest line there is.
    pub(crate) async fn anchor_to_head(&self) -> Result<(), StoreError> {
        let Some(last) = self.inner.read.optional(sql(LAST)).await? else { return Ok(()) };
        let mac: [u8; 32] =
            last.get::<Vec<u8>>("mac")?.try_into().map_err(|_| StoreError::Damaged { what: "audit.mac".into() })?;
        self.anchor(last.get("seq")?, mac).await
    }

    fn read_anchor(&self) -> Option<(i64, String)> {
        let text = std::fs::read_to_string(self.anchor_file()).ok()?;
        let (count, head) = text.trim().split_once(' ')?;
        Some((count.parse().ok()?, head.to_owned()))
    }

    /// Recomputes the whole chain and compares it with the anchor. O(lines).
    pub async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        self.need_keys()?;
        // The anchor first: it is never ahead of the log, but the log may go on meanwhile.
        let anchor = self.read_anchor();
        let lines = self.inner.read.rows(sql(CHAIN)).await?;
        let mut verdict = verify_chain(&lines, &self.inner.keys, anchor.as_ref())?;
        if anchor.is_none() && verdict.lines > 0 {
            verdict.faults.push("the anchor file is missing".into());
        }
        Ok(verdict)
    }

    /// Lines from `from_seq` on, at most `limit`.
    pub async fn audit_lines(&self, from_seq: i64, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        let lines =
            sql("SELECT seq, at, actor, role, station, purpose, action, detail FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2");
        self.inner.read.rows(lines.bind(from_seq).bind(i64::from(limit))).await?.iter().map(audit_line).collect()
    }
}

/// The keyed hash of a line and the one before it.
fn link(keys: &Keys, line: &AuditLine, previous: &[u8]) -> [u8; 32] {
    keys.mac([
        previous,
        &line.seq.to_le_bytes(),
        &line.at.0.to_le_bytes(),
        line.actor.as_bytes(),
        line.role.as_bytes(),
        line.station.as_bytes(),
        line.purpose.as_bytes(),
        line.action.as_bytes(),
        line.detail.as_bytes(),
    ])
}

/// All lines, as [`verify_chain`] takes them.
pub(crate) const CHAIN: &str = "SELECT seq, at, actor, role, station, purpose, action, detail, mac FROM audit ORDER BY seq";

/// Recomputes the chain of all lines, and compares it with head and count kept elsewhere. O(lines).
pub(crate) fn verify_chain(rows: &[Row], keys: &Keys, anchor: Option<&(i64, String)>) -> Result<AuditVerdict, StoreError> {
    let mut faults = Vec::new();
    let (mut previous, mut expected) = (Vec::new(), 1i64);
    for row in rows {
        let line = audit_line(row)?;
        let mac: Vec<u8> = row.get("mac")?;
        if line.seq != expected {
            faults.push(format!("lines {expected} to {} are missing", line.seq - 1));
        }
        if link(keys, &line, &previous).as_slice() != mac.as_slice() {
            faults.push(format!("line {} was changed", line.seq));
        }
        if let Some((n, head)) = anchor
            && *n == line.seq
            && hex(&mac) != *head
        {
            faults.push(format!("line {n} is not the one the anchor knows: the log was rewritten"));
        }
        expected = line.seq + 1;
        previous = mac;
    }
    let lines = rows.len() as i64;
    if let Some((n, _)) = anchor.filter(|(n, _)| *n > lines) {
        faults.push(format!("the anchor knows {n} lines, the log has {lines}: its tail was cut"));
    }
    Ok(AuditVerdict { lines, anchored: anchor.map_or(0, |a| a.0), faults })
}

fn audit_line(row: &Row) -> Result<AuditLine, StoreError> {
    Ok(AuditLine {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        role: row.get("role")?,
        station: row.get("station")?,
        purpose: row.get("purpose")?,
        action: row.get("action")?,
        detail: row.get("detail")?,
    })
}
