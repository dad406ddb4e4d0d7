//! What lies in a folder is judged before it is opened, and made so that a start that was cut short goes on.

use crate::{
    Fault, StoreError,
    backup::copy_out,
    keys::{Keys, write_private},
    open::{make_private_folder, plain},
};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, migrate::Migrator};
use std::path::Path;

/// The database.
pub(crate) const DATABASE: &str = "gridwall.db";
/// The keys.
pub(crate) const KEYS: &str = "keys";
/// Head and count of the audit log.
pub(crate) const ANCHOR_FILE: &str = "audit.anchor";
/// Folder of the backups that are made by themselves.
pub(crate) const BACKUPS: &str = "backups";
/// Lies in the folder while a store is made for the first time: what is there may be begun anew.
pub(crate) const FIRST: &str = "gridwall.first";
/// Lies in the folder while a backup is put into place.
pub(crate) const RESTORING: &str = "gridwall.restoring";

/// Said where people would try it: in the folder itself.
const NOTE: (&str, &str) = (
    "BACKUP.txt",
    "不要直接复制 gridwall.db：最新的数据在旁边的日志文件里，复制品缺这一部分。\n\
     请用 gridwall backup 备份文件（墙开着也可以），用 gridwall restore 恢复。\n\n\
     Do not copy gridwall.db: the newest rows are in the log beside it, and a copy lacks them.\n\
     Use `gridwall backup FILE` (also while the wall runs) and `gridwall restore FILE`.\n",
);

/// How a store begins.
pub(crate) struct Start {
    /// Its keys.
    pub keys: Keys,
    /// Whether the store is being made, now or by a start that was cut short.
    pub first: bool,
}

/// Judges the folder by its files, and makes keys and an empty database where there is no store. The caller holds the
/// lock for opening.
///
/// # Errors
/// [`StoreError::Unusable`] with the name of what is missing, empty or foreign; [`StoreError::Key`].
pub(crate) fn prepare(folder: &Path, may_write: bool) -> Result<Start, StoreError> {
    let unusable = |reason: &str| StoreError::Unusable { path: folder.display().to_string(), reason: reason.into() };
    let there = |name: &str| folder.join(name).exists();
    let file = folder.join(DATABASE);
    let bytes = match std::fs::metadata(&file) {
        Ok(about) if about.is_file() => Some(about.len()),
        Ok(_) => return Err(unusable("gridwall.db is not a file")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(e.into()),
    };
    if there(RESTORING) {
        return Err(unusable(
            "a backup was being put into place and that was cut short; run `gridwall restore` again, with --replace",
        ));
    }
    let (keys, first) = (there(KEYS), there(FIRST));
    match (bytes, keys) {
        (Some(1..), true) => {}
        (Some(1..), false) => {
            return Err(StoreError::Key(format!(
                "{} is missing beside gridwall.db; put it back from the backup",
                folder.join(KEYS).display()
            )));
        }
        (None, true) if !first => {
            return Err(unusable("gridwall.db is missing beside the keys of a store; put it back, or restore a backup"));
        }
        (Some(0), true) if !first => {
            return Err(unusable("gridwall.db is empty beside the keys of a store; put it back, or restore a backup"));
        }
        (_, false) if there(ANCHOR_FILE) => {
            return Err(unusable("gridwall.db and keys are missing beside audit.anchor; put them back, or restore a backup"));
        }
        _ if !may_write => return Err(unusable("there is no store in it, and it is read-only")),
        _ => {
            // In this order: whoever finds the mark may begin anew, whoever does not finds all of the store.
            write_private(&folder.join(FIRST), b"")?;
            if !keys {
                Keys::make(&folder.join(KEYS))?;
            }
            if bytes.is_none() {
                write_private(&file, b"")?;
            }
            return Ok(Start { keys: Keys::read(&folder.join(KEYS))?, first: true });
        }
    }
    if may_write && !there(NOTE.0) {
        // A courtesy: a store without it is as good.
        let _ = write_private(&folder.join(NOTE.0), NOTE.1.as_bytes());
    }
    Ok(Start { keys: Keys::read(&folder.join(KEYS))?, first })
}

/// Judges the database itself, without setting anything in it: an empty or foreign one beside keys is not taken for a
/// store.
pub(crate) async fn judge(file: &Path, folder: &Path, first: bool, may_write: bool) -> Result<(), StoreError> {
    let unusable = |reason: &str| StoreError::Unusable { path: folder.display().to_string(), reason: reason.into() };
    let mut connection = plain(file, may_write).connect().await?;
    let row = sqlx::query(
        "SELECT count(*) AS tables, coalesce(sum(name = '_sqlx_migrations'), 0) AS ours FROM sqlite_schema \
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    match (row.try_get::<i64, _>("tables")?, row.try_get::<i64, _>("ours")?) {
        (_, 1..) => Ok(()),
        (0, _) if first => Ok(()),
        (0, _) => Err(unusable(
            "gridwall.db is an empty database beside the keys of a store; put the right one back, or restore a backup",
        )),
        _ => Err(unusable("gridwall.db is not a database of GridWall; put the right one back, or restore a backup")),
    }
}

/// A database that may only be read is taken as it is: one of another edition cannot be brought up to this one.
pub(crate) async fn is_current(connection: &mut SqliteConnection, migrations: &Migrator) -> Result<(), StoreError> {
    let has: Vec<i64> = sqlx::query("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await?
        .iter()
        .map(|r| r.try_get("version"))
        .collect::<Result<_, _>>()?;
    let wants: Vec<i64> = migrations.iter().map(|m| m.version).collect();
    match (has.last(), wants.last()) {
        (Some(has), Some(wants)) if has > wants => Err(StoreError::Newer(format!("migration {has}"))),
        _ if has != wants => Err(StoreError::Failed {
            fault: Fault::ReadOnly,
            error: "the store is of an earlier edition and has to be brought up to this one first".into(),
        }),
        _ => Ok(()),
    }
}

/// Keeps a backup of a store that is about to be brought up to this edition. Where it cannot be kept, nothing is changed.
pub(crate) async fn keep_before(
    connection: &mut SqliteConnection,
    migrations: &Migrator,
    file: &Path,
    keys: &Keys,
) -> Result<(), StoreError> {
    let table = "SELECT name FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    if sqlx::query(table).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(());
    }
    let newest = "SELECT coalesce(max(version), 0) AS version FROM _sqlx_migrations";
    let has: i64 = sqlx::query(newest).fetch_one(&mut *connection).await?.try_get("version")?;
    let Some(next) = migrations.iter().map(|m| m.version).find(|v| *v > has).filter(|_| has > 0) else { return Ok(()) };
    let backups = file.with_file_name(BACKUPS);
    make_private_folder(&backups)?;
    // A start that was cut short after this keeps what it kept then: the store has not changed since.
    let out = backups.join(format!("before-migration-{next:04}.db"));
    if out.exists() {
        return Ok(());
    }
    let kept = copy_out(file, true, &out, keys, None, None).await?;
    tracing::warn!(
        "the store is brought up to this edition; as it was, {} tickets, it is kept in {}",
        kept.tickets,
        out.display()
    );
    Ok(())
}

/// The store is whole: a start that finds it from now on finds everything.
pub(crate) fn made(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(folder.join(FIRST)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

/// Whether database and folder can be written; a lock that cannot be made is the folder's answer.
pub(crate) fn may_write(folder: &Path) -> Result<bool, StoreError> {
    use std::io::ErrorKind as K;
    let refused = |e: &std::io::Error| matches!(e.kind(), K::PermissionDenied | K::ReadOnlyFilesystem);
    // The probe is a file of our own: opening the database here would, when closed, drop SQLite's locks on it.
    let probe = folder.join(format!(".gridwall-{}", std::process::id()));
    let root = match std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&probe) {
        Ok(file) => {
            let _ = std::fs::remove_file(&probe);
            is_root(&file)
        }
        Err(e) if refused(&e) => return Ok(false),
        // A full disk can be read; that nothing can be written shows with the first write.
        Err(e) if e.kind() == K::StorageFull => false,
        Err(e) => return Err(e.into()),
    };
    match std::fs::metadata(folder.join(DATABASE)) {
        Ok(about) => Ok(!about.permissions().readonly() || root),
        Err(_) => Ok(true),
    }
}

/// Whether a file just made is the superuser's, whom permission bits do not bind.
fn is_root(file: &std::fs::File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|m| m.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}
