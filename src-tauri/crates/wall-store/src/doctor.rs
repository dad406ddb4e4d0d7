//! An examination of a data directory: whatever its state, it is said.

use crate::{
    Lease, Store, StoreError,
    health::room,
    image::IMAGE,
    lock,
    open::plain,
    start::{ANCHOR_FILE, BACKUPS, DATABASE, KEYS},
};
use sqlx::{ConnectOptions, Connection, Row};
use std::path::{Path, PathBuf};
use tokio::time::Instant;
use wall_core::{NetworkId, PlanStanding, TicketId, UtcMs};

/// Beside room for one more database, so many bytes should be free.
const ROOM_BYTES: u64 = 64 << 20;

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// A word.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// Whether `--fix` mends it; after a repair, that it was mended.
    pub mends: Mends,
}

/// What repairing does, or did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mends {
    /// Nothing to mend, or nothing that can be mended here.
    No,
    /// `--fix` would.
    Would,
    /// It was mended.
    Done,
}

/// Who does what is done once.
fn in_words(leases: &[Lease]) -> String {
    let word = |l: &Lease| format!("{}: {} (since {}, number {})", l.name, l.holder, l.taken_at.to_rfc3339(), l.fence);
    let held: Vec<String> = leases.iter().filter(|l| l.in_force).map(word).collect();
    if held.is_empty() { "nobody does what is done once: no wall runs".into() } else { held.join("; ") }
}

/// Examines `folder`; with `fix`, mends what can be mended without touching what is stored: modes of files, what was
/// left over by processes that ended, an anchor that is behind a whole audit log. `database` as [`Store::open_at`] takes it;
/// `now` is the system's time.
pub async fn examine(folder: &Path, database: Option<&str>, fix: bool, now: UtcMs) -> (Vec<Check>, Option<Store>) {
    let mut checks = Vec::new();
    let check = |name, ok, found: String| Check { name, ok, found, mends: Mends::No };
    if !folder.is_dir() {
        return (vec![check("folder", false, format!("{} is not there", folder.display()))], None);
    }
    checks.push(modes(folder, fix));
    checks.push(left_over(folder, fix).await);
    let file = folder.join(DATABASE);
    let bytes = std::fs::metadata(&file).map_or(0, |a| a.len());
    if let Some(free) = room(folder).filter(|_| database.is_none()) {
        checks.push(check(
            "free_space",
            free >= bytes + ROOM_BYTES,
            format!("{} MiB free, the database has {} MiB", free >> 20, bytes >> 20),
        ));
    }
    let store = match Store::open_at(folder, database).await {
        Ok(store) => {
            let how = if store.inner.may_write { "for reading and writing" } else { "for reading only" };
            checks.push(check("opens", true, how.into()));
            Some(store)
        }
        Err(error) => {
            checks.push(check("opens", false, error.to_string()));
            None
        }
    };
    if let Some(server) = store.as_ref().and_then(Store::server) {
        checks.push(check("database", true, format!("{server}; its pages and its disk are the server's own to examine")));
    } else if database.is_none() {
        checks.push(match pages(&file, store.as_ref().is_none_or(|s| s.inner.may_write)).await {
            Ok(faults) if faults.is_empty() => check("pages", true, "every page, index and reference is whole".into()),
            Ok(faults) => check("pages", false, format!("{}; restore the last backup", faults.join("; "))),
            Err(error) => check("pages", false, error.to_string()),
        });
    }
    if let Some(store) = &store {
        if store.inner.may_write {
            let proof = store.prove_write(std::time::Duration::from_secs(10)).await;
            checks.push(match proof {
                Ok(()) => check("writes", true, "a write was proved".into()),
                Err(error) => check("writes", false, error.to_string()),
            });
        }
        checks.push(match rows(store).await {
            Ok(found) => check("rows", true, found),
            Err(error) => check("rows", false, error.to_string()),
        });
        checks.push(audit(store, fix).await);
    }
    if let Some(store) = &store {
        checks.push(retention(store, now).await);
        checks.push(match store.leases().await {
            Ok(leases) => check("leases", true, in_words(&leases)),
            Err(error) => check("leases", false, error.to_string()),
        });
    }
    checks.push(backups(folder));
    (checks, store)
}

async fn pages(file: &Path, may_write: bool) -> Result<Vec<String>, StoreError> {
    let mut connection = plain(file, may_write).connect().await?;
    let rows = sqlx::query("PRAGMA integrity_check(10)").fetch_all(&mut connection).await?;
    let lines: Result<Vec<String>, sqlx::Error> = rows.iter().map(|r| r.try_get("integrity_check")).collect();
    let mut faults: Vec<String> = lines?.into_iter().filter(|l| l != "ok").collect();
    let strays = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await?;
    if let Some(first) = strays.first() {
        let (table, parent): (String, String) = (first.try_get("table")?, first.try_get("parent")?);
        faults.push(format!("{} rows refer to what is not there, the first from {table} to {parent}", strays.len()));
    }
    connection.close().await?;
    Ok(faults)
}

/// Reads what the wall reads when it starts: a value that cannot be read is found before somebody needs it. O(rows).
async fn rows(store: &Store) -> Result<String, StoreError> {
    let (mut tickets, mut cells, mut after) = (0usize, 0usize, TicketId(0));
    loop {
        let page = store.tickets_after(NetworkId(0), after, 4_096).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.id;
        tickets += page.len();
    }
    for network in store.networks().await? {
        for plan in store.plans(network.id).await? {
            cells += store.cells(plan.plan.id).await?.len();
        }
    }
    let mut newer = String::new();
    for plan in store.plan_records().await? {
        let id = plan.plan.id;
        let stands = PlanStanding::of(&store.plan_steps(id).await?);
        if let Some(step) = &stands.unknown {
            newer = format!("; plan {} has a step \"{}\" of a newer edition", id.0, step.kind());
        } else if stands != plan.standing() {
            return Err(StoreError::Damaged { what: format!("plan {}: its row does not follow from its steps", id.0) });
        }
    }
    let others = store.listed_can_be_read().await?
        + store.positions().await?.len()
        + store.accounts().await?.len()
        + store.tokens().await?.len();
    Ok(format!("{tickets} tickets, {cells} cells and {others} other things can be read{newer}"))
}

async fn audit(store: &Store, fix: bool) -> Check {
    let fail = |found: String| Check { name: "audit", ok: false, found, mends: Mends::No };
    let verdict = match store.verify_audit().await {
        Ok(verdict) => verdict,
        Err(error) => return fail(error.to_string()),
    };
    if !verdict.faults.is_empty() {
        return fail(verdict.faults.join("; "));
    }
    let found = format!("{} lines, {} of them anchored", verdict.lines, verdict.anchored);
    if verdict.anchored == verdict.lines {
        return Check { name: "audit", ok: true, found, mends: Mends::No };
    }
    // The chain is whole, only its anchor is behind: the disk was full, or a process ended in between.
    let mended = fix && store.anchor_to_head().await.is_ok();
    Check { name: "audit", ok: mended, found, mends: if mended { Mends::Done } else { Mends::Would } }
}

/// Files of the store that others than their owner may read.
fn modes(folder: &Path, fix: bool) -> Check {
    let mut open: Vec<PathBuf> = Vec::new();
    let mut mended = 0;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let secret = |name: &str| {
            [DATABASE, KEYS, ANCHOR_FILE, "gridwall.db-wal", "gridwall.db-shm", IMAGE, BACKUPS].contains(&name)
                || name.ends_with(".keys")
        };
        let inside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
        let backups = std::fs::read_dir(folder.join(BACKUPS)).into_iter().flatten().flatten().map(|e| e.path());
        let ours = inside.filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(secret)).chain(backups);
        for path in std::iter::once(folder.to_owned()).chain(ours) {
            let Ok(about) = std::fs::metadata(&path) else { continue };
            if about.permissions().mode() & 0o077 == 0 {
                continue;
            }
            let tight = std::fs::Permissions::from_mode(if about.is_dir() { 0o700 } else { 0o600 });
            if fix && std::fs::set_permissions(&path, tight).is_ok() {
                mended += 1;
            } else {
                open.push(path);
            }
        }
    }
    let names: Vec<String> = open.iter().map(|p| p.display().to_string()).collect();
    match (names.is_empty(), mended) {
        (true, 0) => Check { name: "modes", ok: true, found: "only the owner may read".into(), mends: Mends::No },
        (true, n) => Check { name: "modes", ok: true, found: format!("{n} were open to others"), mends: Mends::Done },
        _ => Check { name: "modes", ok: false, found: format!("open to others: {}", names.join(", ")), mends: Mends::Would },
    }
}

/// What processes left that ended in the middle of something. Only while nobody uses the store can it be told from what
/// is under way.
async fn left_over(folder: &Path, fix: bool) -> Check {
    let is_ours = |name: &str| {
        let temporary =
            name.ends_with(".new") && (name.starts_with(KEYS) || name.starts_with("audit.") || name.starts_with("gridwall."));
        temporary || name.ends_with(".part") || name.starts_with(".gridwall-") || name.starts_with("restoring-")
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for place in [folder.to_owned(), folder.join(BACKUPS)] {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(is_ours) {
                found.push(entry.path());
            }
        }
    }
    if found.is_empty() {
        return Check { name: "left_over", ok: true, found: "nothing".into(), mends: Mends::No };
    }
    let names: Vec<String> = found.iter().map(|p| p.display().to_string()).collect();
    let alone = lock::exclusive(&folder.join(lock::IN_USE), Instant::now()).await;
    if alone.is_err() {
        return Check {
            name: "left_over",
            ok: true,
            found: "somebody uses the store; looked for another time".into(),
            mends: Mends::No,
        };
    }
    let gone = |p: &PathBuf| if p.is_dir() { std::fs::remove_dir_all(p) } else { std::fs::remove_file(p) }.is_ok();
    let mended = fix && found.iter().all(gone);
    Check { name: "left_over", ok: mended, found: names.join(", "), mends: if mended { Mends::Done } else { Mends::Would } }
}

/// When reporters were erased last, and whether that goes on.
async fn retention(store: &Store, now: UtcMs) -> Check {
    let (ok, found) = match store.retention_standing(now).await {
        Ok(standing) => (standing.leap.is_none(), standing.words()),
        Err(error) => (false, error.to_string()),
    };
    Check { name: "retention", ok, found, mends: Mends::No }
}

fn backups(folder: &Path) -> Check {
    let list = crate::backup::list(&folder.join(BACKUPS));
    let found = match list.last() {
        None => "none yet; `gridwall backup FILE` makes one".to_owned(),
        Some(newest) => format!("{} in {BACKUPS}, the newest {}", list.len(), newest.display()),
    };
    Check { name: "backups", ok: true, found, mends: Mends::No }
}
