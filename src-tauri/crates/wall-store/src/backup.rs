//! Backups: one consistent file of a store that may be in use, verified before it is called one, and put back with the
//! same care.
//!
//! A backup is a database of its own (SQLite's `VACUUM INTO`, one reading transaction) with one table more that says
//! what it is. The keys are apart, or sealed in it by a passphrase. A plain copy of `gridwall.db` lacks the newest rows:
//! they are in the log beside it.

use crate::{
    Fault, Holding, Store, StoreError, WriteTx,
    audit::{CHAIN, verify_chain},
    db::{rows_of, sql},
    health::room,
    keys::{Keys, create_private, sync_folder, write_private},
    lock,
    open::{make_private_folder, plain},
    pen::{Pen, patience},
    secret::{hex, random},
    start::{ANCHOR_FILE, BACKUPS, DATABASE, FIRST, KEYS, RESTORING},
};
use argon2::Argon2;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::path::{Path, PathBuf};
use tokio::time::Instant;
use wall_core::UtcMs;

/// What becomes of the keys.
#[derive(Clone, Copy)]
pub enum BackupKeys<'a> {
    /// Not part of it: whoever restores has them.
    None,
    /// Into a file of their own, to be kept elsewhere.
    Apart(&'a Path),
    /// Into the backup, sealed by a passphrase.
    Sealed(&'a str),
}

/// What a backup says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupAbout {
    /// When it was made; `None` = before a migration, by a program that has no clock at that moment.
    pub made_at: Option<UtcMs>,
    /// The newest line of the change log in it.
    pub revision: i64,
    /// Tickets in it.
    pub tickets: i64,
    /// Lines of the audit log in it.
    pub audit_lines: i64,
    /// Whether the keys are in it, sealed.
    pub sealed_keys: bool,
    /// Size in bytes.
    pub bytes: u64,
}

/// Where the keys of a backup come from.
#[derive(Clone, Copy)]
pub enum RestoreKeys<'a> {
    /// The passphrase that they are sealed with.
    Passphrase(&'a str),
    /// A file.
    File(&'a Path),
    /// `FILE.keys` beside the backup, else those of the folder that is restored into.
    Found,
}

/// What restoring did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// What was restored.
    pub about: BackupAbout,
    /// Where the files lie that were there before.
    pub set_aside: Option<PathBuf>,
    /// Lines of the audit log that the folder's anchor knew before.
    pub audit_lines_before: Option<i64>,
}

/// The keys beside a backup.
pub fn keys_beside(backup: &Path) -> PathBuf {
    let mut name = backup.file_name().unwrap_or_default().to_owned();
    name.push(".keys");
    backup.with_file_name(name)
}

/// Backups that a running wall makes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Backups {
    /// Hours from one to the next; 0 = none.
    pub every_h: u32,
    /// How many of them are kept.
    pub keep: u32,
}

impl Default for Backups {
    fn default() -> Self {
        Self { every_h: 24, keep: 7 }
    }
}

/// Key of the setting.
const SETTING: &str = "backups";
/// Names of backups made by themselves begin so.
const AUTO: &str = "auto-";

/// The backups in a folder, oldest first.
pub(crate) fn list(folder: &Path) -> Vec<PathBuf> {
    let is_one = |p: &PathBuf| p.extension().is_some_and(|e| e == "db");
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(is_one).collect();
    all.sort_by_key(|p| (std::fs::metadata(p).and_then(|a| a.modified()).ok(), p.clone()));
    all
}

impl Store {
    /// How often a running wall makes a backup by itself, and how many it keeps.
    pub async fn backups(&self) -> Result<Backups, StoreError> {
        let text = self.setting(SETTING).await?;
        Ok(text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
    }

    /// Makes the backup that is due at `now`, if one is, and removes those beyond the number kept, if `holding` is still the last
    /// one by then. The keys are not in it: it lies on the same disk as they do.
    ///
    /// # Errors
    /// There is no room for it, or it could not be made, or another process holds the lease by now; those kept before stay.
    pub async fn backup_if_due(&self, now: UtcMs, holding: &Holding) -> Result<Option<(PathBuf, BackupAbout)>, StoreError> {
        let rule = self.backups().await?;
        if rule.every_h == 0 || !self.inner.may_write {
            return Ok(None);
        }
        let folder = self.inner.folder.join(BACKUPS);
        let is_auto = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(AUTO));
        let auto = || list(&folder).into_iter().filter(is_auto).collect::<Vec<_>>();
        let made = |p: &PathBuf| std::fs::metadata(p).and_then(|a| a.modified()).ok()?.duration_since(std::time::UNIX_EPOCH).ok();
        let newest = auto().last().and_then(made).map(|d| d.as_millis() as i64);
        // A clock that was set back makes no flood of them, one that was set forth no drought.
        if newest.is_some_and(|t| (now.0 - t).abs() < i64::from(rule.every_h) * 3_600_000) {
            return Ok(None);
        }
        // How large a database on a server is only its copy will tell.
        let bytes = if self.server().is_some() { 0 } else { std::fs::metadata(self.inner.folder.join(DATABASE))?.len() };
        if let Some(free) = room(&self.inner.folder).filter(|free| *free < bytes.saturating_mul(2)) {
            let error = format!("no room for a backup: {} MiB free, the database has {} MiB", free >> 20, bytes >> 20);
            return Err(StoreError::Failed { fault: Fault::Full, error });
        }
        make_private_folder(&folder)?;
        let out = folder.join(format!("{AUTO}{}.db", now.to_rfc3339().replace([':', '.'], "-")));
        let about = self.backup(&out, BackupKeys::None, now).await?;
        // A long copy may have outlived the holding: what is kept is the next one's to say then.
        let mut pen = Pen::take(&self.inner, patience()).await?;
        pen.under(holding).await?;
        let kept = auto();
        for old in kept.iter().take(kept.len().saturating_sub(rule.keep.max(1) as usize)) {
            std::fs::remove_file(old)?;
        }
        pen.commit(false).await?;
        Ok(Some((out, about)))
    }
}

impl WriteTx {
    /// Sets how often a running wall makes a backup by itself, and how many it keeps.
    pub async fn set_backups(&mut self, rule: Backups) -> Result<(), StoreError> {
        let text = serde_json::to_string(&rule).map_err(|e| StoreError::Refused(e.to_string()))?;
        self.set_setting(SETTING, &text).await?;
        self.audit("backup.schedule", &text).await
    }
}

fn unusable(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::Unusable { path: path.display().to_string(), reason: reason.into() }
}

impl Store {
    /// Writes a backup to `out`, which must not exist, while others read and write. Verified: pages, keys, the audit log.
    ///
    /// # Errors
    /// The place cannot be written, or the copy does not hold what it should; then there is no file at `out`.
    pub async fn backup(&self, out: &Path, keys: BackupKeys<'_>, now: UtcMs) -> Result<BackupAbout, StoreError> {
        if let BackupKeys::Apart(path) = keys
            && path.exists()
        {
            return Err(StoreError::Refused(format!("{} is there already; nothing was written over", path.display())));
        }
        // A backup is verified with the keys, whatever becomes of them.
        self.need_keys()?;
        let sealed = if let BackupKeys::Sealed(phrase) = keys { Some(phrase) } else { None };
        let about = match self.server() {
            None => {
                let file = self.inner.folder.join(DATABASE);
                copy_out(&file, self.inner.may_write, out, &self.inner.keys, sealed, Some(now)).await?
            }
            Some(_) => self.backup_of_server(out, sealed, now).await?,
        };
        if let BackupKeys::Apart(path) = keys {
            write_private(path, &self.inner.keys.bytes())?;
        }
        Ok(about)
    }
}

impl Store {
    /// A backup of a database on a server is one of a store in a file that is its copy, made for it beside `out`.
    async fn backup_of_server(&self, out: &Path, sealed: Option<&str>, now: UtcMs) -> Result<BackupAbout, StoreError> {
        let mut name = out.file_name().ok_or_else(|| unusable(out, "it is not the name of a file"))?.to_owned();
        name.push(format!(".{}.copy", std::process::id()));
        let stage = out.with_file_name(name);
        let made = async {
            self.copy_to(&stage, None, |_| ()).await?;
            copy_out(&stage.join(DATABASE), true, out, &self.inner.keys, sealed, Some(now)).await
        }
        .await;
        let removed = std::fs::remove_dir_all(&stage);
        let about = made?;
        removed?;
        Ok(about)
    }
}

/// Copies the database `file` to `out` as a verified backup.
pub(crate) async fn copy_out(
    file: &Path,
    may_write: bool,
    out: &Path,
    keys: &Keys,
    passphrase: Option<&str>,
    made_at: Option<UtcMs>,
) -> Result<BackupAbout, StoreError> {
    if out.exists() {
        return Err(StoreError::Refused(format!("{} is there already; nothing was written over", out.display())));
    }
    let mut name = out.file_name().ok_or_else(|| unusable(out, "it is not the name of a file"))?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = out.with_file_name(name);
    // Made by us first, so that it never exists with wider permissions.
    create_private(&part)?;
    let done = async {
        let mut source = plain(file, may_write).connect().await?;
        sqlx::query("VACUUM INTO ?").bind(part.to_string_lossy().into_owned()).execute(&mut source).await?;
        source.close().await?;
        let mut copy = plain(&part, true).connect().await?;
        describe(&mut copy, keys, passphrase, made_at).await?;
        copy.close().await?;
        std::fs::OpenOptions::new().write(true).open(&part)?.sync_all()?;
        let about = verify(&part, keys).await?;
        std::fs::rename(&part, out)?;
        sync_folder(out.parent().filter(|p| !p.as_os_str().is_empty()))?;
        Ok(about)
    }
    .await;
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done.map_err(|error| match error {
        // It may be another disk than the store's.
        StoreError::Failed { fault: Fault::Full, error } => unusable(out, format!("there is no room for the backup ({error})")),
        other => other,
    })
}

/// Adds the table that says what the copy is.
async fn describe(
    copy: &mut SqliteConnection,
    keys: &Keys,
    passphrase: Option<&str>,
    made_at: Option<UtcMs>,
) -> Result<(), StoreError> {
    sqlx::raw_sql(
        "CREATE TABLE backup_about (one INTEGER PRIMARY KEY CHECK (one = 1), made_at INTEGER, revision INTEGER NOT NULL,
         tickets INTEGER NOT NULL, audit_lines INTEGER NOT NULL, audit_head BLOB NOT NULL, mac BLOB NOT NULL,
         salt BLOB, nonce BLOB, keys BLOB) STRICT",
    )
    .execute(&mut *copy)
    .await?;
    let facts = facts(copy).await?;
    let sealed = passphrase.map(|p| seal_keys(keys, p)).transpose()?;
    let [salt, nonce, shut] = sealed.map_or([None, None, None], |parts| parts.map(Some));
    sqlx::query(
        "INSERT INTO backup_about (one, made_at, revision, tickets, audit_lines, audit_head, mac, salt, nonce, keys)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(made_at.map(|t| t.0))
    .bind(facts.revision)
    .bind(facts.tickets)
    .bind(facts.audit_lines)
    .bind(&facts.audit_head)
    .bind(facts.mac(keys, made_at).as_slice())
    .bind(salt)
    .bind(nonce)
    .bind(shut)
    .execute(copy)
    .await?;
    Ok(())
}

/// What is counted in a copy.
struct Facts {
    revision: i64,
    tickets: i64,
    audit_lines: i64,
    audit_head: Vec<u8>,
}

impl Facts {
    fn mac(&self, keys: &Keys, made_at: Option<UtcMs>) -> [u8; 32] {
        keys.mac([
            b"gridwall backup".as_slice(),
            &made_at.map_or(i64::MIN, |t| t.0).to_le_bytes(),
            &self.revision.to_le_bytes(),
            &self.tickets.to_le_bytes(),
            &self.audit_lines.to_le_bytes(),
            &self.audit_head,
        ])
    }
}

async fn facts(copy: &mut SqliteConnection) -> Result<Facts, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT coalesce(max(revision), 0) FROM change_log) AS revision, (SELECT count(*) FROM ticket) AS tickets,
         (SELECT coalesce(max(seq), 0) FROM audit) AS audit_lines,
         (SELECT coalesce((SELECT mac FROM audit ORDER BY seq DESC LIMIT 1), x'')) AS audit_head",
    )
    .fetch_one(copy)
    .await?;
    Ok(Facts {
        revision: row.try_get("revision")?,
        tickets: row.try_get("tickets")?,
        audit_lines: row.try_get("audit_lines")?,
        audit_head: row.try_get("audit_head")?,
    })
}

/// Reads a backup through: its pages, whose it is, that it holds what it said when it was made, and its audit log.
async fn verify(path: &Path, keys: &Keys) -> Result<BackupAbout, StoreError> {
    let wrong = |reason: String| unusable(path, reason);
    let mut copy = plain(path, true).read_only(true).immutable(true).connect().await?;
    let check = quick_check(&mut copy).await?;
    if let Some(first) = check.first() {
        return Err(StoreError::Failed { fault: Fault::Damaged, error: format!("{}: {first}", path.display()) });
    }
    let mark: Option<String> = sqlx::query("SELECT value FROM setting WHERE key = 'key_check'")
        .fetch_optional(&mut copy)
        .await?
        .map(|r| r.try_get("value"))
        .transpose()?;
    if mark.is_some_and(|m| m != keys.mark()) {
        return Err(StoreError::Key("the backup is of another store".into()));
    }
    let row = sqlx::query("SELECT made_at, mac, keys IS NOT NULL AS sealed_keys FROM backup_about").fetch_one(&mut copy).await?;
    let made_at = row.try_get::<Option<i64>, _>("made_at")?.map(UtcMs);
    let facts = facts(&mut copy).await?;
    if row.try_get::<Vec<u8>, _>("mac")? != facts.mac(keys, made_at) {
        return Err(wrong("it does not hold what it held when it was made".into()));
    }
    let chain = verify_chain(&rows_of(&mut copy, sql(CHAIN)).await?, keys, None)?;
    if let Some(fault) = chain.faults.first() {
        return Err(wrong(format!("its audit log is not whole: {fault}")));
    }
    let sealed_keys = row.try_get("sealed_keys")?;
    copy.close().await?;
    Ok(BackupAbout {
        made_at,
        revision: facts.revision,
        tickets: facts.tickets,
        audit_lines: facts.audit_lines,
        sealed_keys,
        bytes: std::fs::metadata(path)?.len(),
    })
}

/// What SQLite finds wrong with the pages; empty = nothing. O(pages).
pub(crate) async fn quick_check(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("PRAGMA quick_check(20)").fetch_all(connection).await?;
    let lines: Result<Vec<String>, sqlx::Error> = rows.iter().map(|r| r.try_get("quick_check")).collect();
    Ok(lines?.into_iter().filter(|l| l != "ok").collect())
}

/// The key that a passphrase gives: slow on purpose.
pub(crate) fn phrase_key(passphrase: &str, salt: &[u8]) -> Result<[u8; 32], StoreError> {
    let mut key = [0u8; 32];
    Argon2::default().hash_password_into(passphrase.as_bytes(), salt, &mut key).map_err(|e| StoreError::Key(e.to_string()))?;
    Ok(key)
}

/// Salt, nonce and the sealed keys.
fn seal_keys(keys: &Keys, passphrase: &str) -> Result<[Vec<u8>; 3], StoreError> {
    let (salt, nonce) = (random::<16>()?, random::<24>()?);
    let shut = XChaCha20Poly1305::new((&phrase_key(passphrase, &salt)?).into())
        .encrypt(XNonce::from_slice(&nonce), keys.bytes().as_slice())
        .map_err(|_| StoreError::Key("sealing failed".into()))?;
    Ok([salt.to_vec(), nonce.to_vec(), shut])
}

/// The keys of a backup, as told.
async fn find_keys(input: &Path, folder: &Path, from: RestoreKeys<'_>) -> Result<Keys, StoreError> {
    match from {
        RestoreKeys::File(path) => Keys::read(path),
        RestoreKeys::Found => {
            let beside = keys_beside(input);
            if beside.exists() {
                return Keys::read(&beside);
            }
            let own = folder.join(KEYS);
            if own.exists() {
                return Keys::read(&own);
            }
            Err(StoreError::Key(format!("{} is not there; name the keys of the backup, or its passphrase", beside.display())))
        }
        RestoreKeys::Passphrase(phrase) => {
            let mut copy = plain(input, true).read_only(true).immutable(true).connect().await?;
            let row = sqlx::query("SELECT salt, nonce, keys FROM backup_about WHERE keys IS NOT NULL")
                .fetch_optional(&mut copy)
                .await?
                .ok_or_else(|| StoreError::Key("the backup has no sealed keys; name their file".into()))?;
            let (salt, nonce, shut): (Vec<u8>, Vec<u8>, Vec<u8>) =
                (row.try_get("salt")?, row.try_get("nonce")?, row.try_get("keys")?);
            copy.close().await?;
            if nonce.len() != 24 {
                return Err(StoreError::Damaged { what: "nonce of the sealed keys".into() });
            }
            let bytes = XChaCha20Poly1305::new((&phrase_key(phrase, &salt)?).into())
                .decrypt(XNonce::from_slice(&nonce), shut.as_slice())
                .map_err(|_| StoreError::Key("the passphrase does not open the keys of the backup".into()))?;
            Keys::of(&bytes).ok_or_else(|| StoreError::Damaged { what: "sealed keys".into() })
        }
    }
}

/// Puts the backup `input` into `folder`. What lies there is refused, or with `replace` set aside in a folder of its own
/// named by `stamp`; nothing is deleted. Refused while anybody has the store open.
///
/// # Errors
/// The backup is not one, is damaged or of other keys; the folder holds a store; somebody uses it.
pub async fn restore(
    input: &Path,
    folder: &Path,
    keys: RestoreKeys<'_>,
    replace: bool,
    stamp: &str,
) -> Result<Restored, StoreError> {
    is_backup(input).await?;
    let keys = find_keys(input, folder, keys).await?;
    let about = verify(input, &keys).await?;
    make_private_folder(folder).map_err(|e| unusable(folder, e.to_string()))?;
    let in_use = || StoreError::Refused(format!("{} is in use: end the wall and every command on it first", folder.display()));
    let _opening = lock::exclusive(&folder.join(lock::OPENING), Instant::now()).await.map_err(|_| in_use())?;
    let _alone = lock::exclusive(&folder.join(lock::IN_USE), Instant::now()).await.map_err(|_| in_use())?;
    let names = [DATABASE, "gridwall.db-wal", "gridwall.db-shm", "gridwall.db-journal", KEYS, ANCHOR_FILE, FIRST];
    let there: Vec<&str> = names.iter().copied().filter(|n| folder.join(n).exists()).collect();
    if !there.is_empty() && !replace {
        return Err(StoreError::Refused(format!(
            "{} holds a store; nothing was written over. Restore into another folder, or say --replace to set it aside",
            folder.display()
        )));
    }
    let audit_lines_before =
        std::fs::read_to_string(folder.join(ANCHOR_FILE)).ok().and_then(|t| t.split_once(' ').and_then(|(n, _)| n.parse().ok()));
    // Everything new is made and on disk before anything old is touched.
    let stage = unused(folder, &format!("restoring-{stamp}"));
    make_private_folder(&stage).map_err(|e| unusable(&stage, e.to_string()))?;
    stage_files(input, &stage, &keys).await?;
    // A restore that was cut short goes on setting aside where it began: what was there stays together.
    let begun = std::fs::read_to_string(folder.join(RESTORING)).ok().filter(|n| n.starts_with(ASIDE) && !n.contains(['/', '\\']));
    let aside = begun.map_or_else(|| unused(folder, &format!("{ASIDE}{stamp}")), |name| folder.join(name));
    write_private(&folder.join(RESTORING), aside.file_name().unwrap_or_default().to_string_lossy().as_bytes())?;
    if !there.is_empty() {
        make_private_folder(&aside).map_err(|e| unusable(&aside, e.to_string()))?;
        for name in there {
            if aside.join(name).exists() {
                // Set aside already: this one was put here by the restore that was cut short.
                std::fs::remove_file(folder.join(name))?;
            } else {
                std::fs::rename(folder.join(name), aside.join(name))?;
            }
        }
        sync_folder(Some(&aside))?;
    }
    let set_aside = aside.is_dir().then_some(aside);
    for name in [KEYS, ANCHOR_FILE, DATABASE] {
        let staged = stage.join(name);
        if staged.exists() {
            std::fs::rename(staged, folder.join(name))?;
        }
    }
    sync_folder(Some(folder))?;
    std::fs::remove_file(folder.join(RESTORING))?;
    sync_folder(Some(folder))?;
    let _ = std::fs::remove_dir_all(&stage);
    Ok(Restored { about, set_aside, audit_lines_before })
}

/// Folders of what a restore set aside begin so.
const ASIDE: &str = "replaced-";

/// A name in `folder` that nothing has yet.
fn unused(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    for n in 2.. {
        if !path.exists() {
            break;
        }
        path = folder.join(format!("{name}-{n}"));
    }
    path
}

async fn is_backup(input: &Path) -> Result<(), StoreError> {
    if !input.is_file() {
        return Err(unusable(input, "there is no such file"));
    }
    let mut copy = plain(input, true).read_only(true).immutable(true).connect().await?;
    let said = sqlx::query("SELECT name FROM sqlite_schema WHERE name = 'backup_about'").fetch_optional(&mut copy).await?;
    copy.close().await?;
    if said.is_some() {
        return Ok(());
    }
    Err(unusable(
        input,
        "it is not a backup made by `gridwall backup`; a plain copy of gridwall.db lacks the rows that were still in the log beside it",
    ))
}

/// The files as they will lie in the folder.
async fn stage_files(input: &Path, stage: &Path, keys: &Keys) -> Result<(), StoreError> {
    let file = stage.join(DATABASE);
    create_private(&file)?;
    std::fs::copy(input, &file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    }
    let mut copy = plain(&file, true).connect().await?;
    let facts = facts(&mut copy).await?;
    sqlx::raw_sql("PRAGMA secure_delete = ON; DROP TABLE backup_about").execute(&mut copy).await?;
    copy.close().await?;
    std::fs::OpenOptions::new().write(true).open(&file)?.sync_all()?;
    write_private(&stage.join(KEYS), &keys.bytes())?;
    if facts.audit_lines > 0 {
        let head = hex(&facts.audit_head);
        write_private(&stage.join(ANCHOR_FILE), format!("{} {head}\n", facts.audit_lines).as_bytes())?;
    }
    Ok(())
}
