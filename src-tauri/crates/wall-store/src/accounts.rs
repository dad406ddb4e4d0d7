//! Accounts of people and their sessions. Times are the system's: a wall that shows another day signs nobody out.

use crate::{
    Role, Store, StoreError, WriteTx,
    password::PasswordHash,
    pen::{Pen, patience},
    secret,
};
use sqlx::{Row, sqlite::SqliteRow};
use subtle::ConstantTimeEq;
use wall_core::UtcMs;

/// A session that nobody uses ends after this long.
pub const SESSION_IDLE_MS: i64 = 12 * 3_600_000;
/// A session ends after this long, however it is used.
pub const SESSION_LIFE_MS: i64 = 7 * 24 * 3_600_000;
/// Sessions of one account at most; the one unused for longest gives way.
const SESSIONS: i64 = 32;
/// Failures are forgotten after a day without another, and at most so many names are remembered.
const FAILURES_KEPT_MS: i64 = 24 * 3_600_000;
const FAILURES_KEPT: i64 = 10_000;
/// Every secret of a session begins with this.
const SECRET_PREFIX: &str = "gs_";
/// Names under which the wall itself, unsigned people and the demonstration act.
const RESERVED: &[&str] = &["gridwall", "browser", "demo", "nobody", "unknown", "window", "system"];

/// A person who may sign in, or could once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Identity.
    pub id: i64,
    /// What is typed to sign in and stands in the log; unique for ever.
    pub name: String,
    /// Name on screen.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// When it was made.
    pub created_at: UtcMs,
    /// When password or names were last changed.
    pub changed_at: UtcMs,
    /// When it was removed.
    pub removed_at: Option<UtcMs>,
}

/// Failed attempts in a row under one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Option<UtcMs>,
}

/// The normal form of an account's name: small letters, digits, `.`, `_`, `-`; letters of any script.
///
/// # Errors
/// [`StoreError::Refused`] with the rule that is broken.
pub fn account_name(typed: &str) -> Result<String, StoreError> {
    let name = typed.trim().to_lowercase();
    let count = name.chars().count();
    let fits = (1..=40).contains(&count) && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !fits || !name.starts_with(char::is_alphanumeric) {
        // No colon: `os:` and `token:` are other kinds of people.
        return Err(StoreError::Refused("an account's name has 1 … 40 letters, digits, dots, hyphens or underscores".into()));
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(StoreError::Refused(format!("the name {name} is the wall's own; choose another")));
    }
    Ok(name)
}

impl WriteTx {
    /// Makes an account. The name is in normal form ([`account_name`]), the password was checked before it was hashed.
    ///
    /// # Errors
    /// The name is or was somebody's, or the role is not for people.
    pub async fn add_account(
        &mut self,
        name: &str,
        display_name: &str,
        role: Role,
        password: &PasswordHash,
    ) -> Result<Account, StoreError> {
        if !role.is_for_people() {
            return Err(StoreError::Refused(format!("the role {} is for machines: make a token for it", role.code())));
        }
        let known =
            sqlx::query("SELECT removed_at FROM account WHERE name = ?").bind(name).fetch_optional(self.tx.sqlite()).await?;
        if let Some(row) = known {
            return Err(StoreError::Refused(match row.get::<Option<i64>, _>(0) {
                None => format!("there is an account {name}; `gridwall user passwd {name}` changes its password"),
                Some(_) => format!("{name} was another account, now removed, and the log still names it; choose another name"),
            }));
        }
        let display_name = if display_name.trim().is_empty() { name } else { display_name.trim() };
        let at = self.recorded_at;
        let id =
            sqlx::query("INSERT INTO account (name, display_name, role, hash, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)")
                .bind(name)
                .bind(display_name)
                .bind(role.code())
                .bind(&password.0)
                .bind(at.0)
                .bind(at.0)
                .execute(self.tx.sqlite())
                .await?
                .last_insert_rowid();
        self.audit("account.add", &serde_json::json!({ "account": name, "role": role.code() }).to_string()).await?;
        Ok(Account {
            id,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            role,
            created_at: at,
            changed_at: at,
            removed_at: None,
        })
    }

    /// Gives an account another password and ends its sessions; how many there were.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn set_password(&mut self, name: &str, password: &PasswordHash) -> Result<u64, StoreError> {
        let id = self.account_id(name).await?;
        sqlx::query("UPDATE account SET hash = ?, changed_at = ? WHERE id = ?")
            .bind(&password.0)
            .bind(self.recorded_at.0)
            .bind(id)
            .execute(self.tx.sqlite())
            .await?;
        self.forget_failures(name).await?;
        let ended = self.end_sessions(id).await?;
        self.audit("account.password", &serde_json::json!({ "account": name, "sessions_ended": ended }).to_string()).await?;
        Ok(ended)
    }

    /// Removes an account: its password is erased, its sessions end, its name stays taken. How many sessions there were.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn remove_account(&mut self, name: &str) -> Result<u64, StoreError> {
        let id = self.account_id(name).await?;
        sqlx::query("UPDATE account SET hash = '', removed_at = ?, changed_at = ? WHERE id = ?")
            .bind(self.recorded_at.0)
            .bind(self.recorded_at.0)
            .bind(id)
            .execute(self.tx.sqlite())
            .await?;
        let ended = self.end_sessions(id).await?;
        self.audit("account.remove", &serde_json::json!({ "account": name, "sessions_ended": ended }).to_string()).await?;
        Ok(ended)
    }

    /// Opens a session for the acting account and returns its secret (`gs_` + 64 hex digits), which is not kept.
    ///
    /// # Errors
    /// The account was removed meanwhile.
    pub async fn open_session(&mut self, account: &Account) -> Result<String, StoreError> {
        // Asked again inside the transaction: the password was checked before it.
        if self.account_id(&account.name).await? != account.id {
            return Err(StoreError::Refused("there is no such account".into()));
        }
        let now = self.recorded_at;
        sqlx::query("DELETE FROM account_session WHERE expires_at <= ? OR last_used <= ?")
            .bind(now.0)
            .bind(now.0 - SESSION_IDLE_MS)
            .execute(self.tx.sqlite())
            .await?;
        sqlx::query(
            "DELETE FROM account_session WHERE hash IN (
                SELECT hash FROM account_session WHERE account_id = ? ORDER BY last_used DESC LIMIT -1 OFFSET ?)",
        )
        .bind(account.id)
        .bind(SESSIONS - 1)
        .execute(self.tx.sqlite())
        .await?;
        let secret = secret::new(SECRET_PREFIX)?;
        sqlx::query(
            "INSERT INTO account_session (hash, account_id, station, created_at, last_used, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(secret::hash(&secret))
        .bind(account.id)
        .bind(self.actor.station.clone())
        .bind(now.0)
        .bind(now.0)
        .bind(now.0 + SESSION_LIFE_MS)
        .execute(self.tx.sqlite())
        .await?;
        self.forget_failures(&account.name).await?;
        self.audit("session.open", &serde_json::json!({ "account": account.name }).to_string()).await?;
        Ok(secret)
    }

    /// Ends one session; `false` when there was none.
    pub async fn close_session(&mut self, secret: &str) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM account_session WHERE hash = ?")
            .bind(secret::hash(secret))
            .execute(self.tx.sqlite())
            .await?;
        let closed = gone.rows_affected() > 0;
        if closed {
            self.audit("session.close", "{}").await?;
        }
        Ok(closed)
    }

    /// Notes a failed attempt under `typed`; `account` is named in the log, a name that is nobody's is not.
    pub async fn note_failure(&mut self, typed: &str, account: Option<&Account>) -> Result<Failures, StoreError> {
        let now = self.recorded_at;
        sqlx::query(
            "DELETE FROM sign_in_failure WHERE last_at < ? OR name_mac IN (
                SELECT name_mac FROM sign_in_failure ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
        )
        .bind(now.0 - FAILURES_KEPT_MS)
        .bind(FAILURES_KEPT)
        .execute(self.tx.sqlite())
        .await?;
        let mac = self.store.name_mac(typed);
        let count: i64 = sqlx::query(
            "INSERT INTO sign_in_failure (name_mac, failures, last_at) VALUES (?, 1, ?)
             ON CONFLICT (name_mac) DO UPDATE SET failures = failures + 1, last_at = excluded.last_at RETURNING failures",
        )
        .bind(mac.as_slice())
        .bind(now.0)
        .fetch_one(self.tx.sqlite())
        .await?
        .get(0);
        let named = account.map(|a| a.name.as_str());
        self.audit("session.refused", &serde_json::json!({ "account": named, "in_a_row": count }).to_string()).await?;
        Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last_at: Some(now) })
    }

    async fn forget_failures(&mut self, name: &str) -> Result<(), StoreError> {
        let mac = self.store.name_mac(name);
        sqlx::query("DELETE FROM sign_in_failure WHERE name_mac = ?").bind(mac.as_slice()).execute(self.tx.sqlite()).await?;
        Ok(())
    }

    async fn end_sessions(&mut self, account_id: i64) -> Result<u64, StoreError> {
        let gone =
            sqlx::query("DELETE FROM account_session WHERE account_id = ?").bind(account_id).execute(self.tx.sqlite()).await?;
        Ok(gone.rows_affected())
    }

    async fn account_id(&mut self, name: &str) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT id FROM account WHERE name = ? AND removed_at IS NULL")
            .bind(name)
            .fetch_optional(self.tx.sqlite())
            .await?;
        row.map(|r| r.get(0)).ok_or_else(|| StoreError::Refused(format!("there is no account {name}")))
    }
}

const COLUMNS: &str = "a.id, a.name, a.display_name, a.role, a.created_at, a.changed_at, a.removed_at";

impl Store {
    /// All accounts, removed ones too, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM account a ORDER BY a.name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.inner.reader).await?;
        rows.iter().map(account).collect()
    }

    /// Whether anybody could sign in.
    pub async fn any_account(&self) -> Result<bool, StoreError> {
        let row =
            sqlx::query("SELECT EXISTS (SELECT 1 FROM account WHERE removed_at IS NULL)").fetch_one(&self.inner.reader).await?;
        Ok(row.get(0))
    }

    /// The account in force with this name, and its password's hash.
    pub async fn account_to_verify(&self, name: &str) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        let sql = format!("SELECT {COLUMNS}, a.hash FROM account a WHERE a.name = ? AND a.removed_at IS NULL");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).fetch_optional(&self.inner.reader).await?;
        row.map(|r| Ok((account(&r)?, PasswordHash(r.get(7))))).transpose()
    }

    /// Failed attempts in a row under a name, whoever it is.
    pub async fn failures(&self, typed: &str) -> Result<Failures, StoreError> {
        let mac = self.name_mac(typed);
        let row = sqlx::query("SELECT failures, last_at FROM sign_in_failure WHERE name_mac = ?")
            .bind(mac.as_slice())
            .fetch_optional(&self.inner.reader)
            .await?;
        Ok(row.map_or_else(Failures::default, |r| Failures {
            count: u32::try_from(r.get::<i64, _>(0)).unwrap_or(u32::MAX),
            last_at: Some(UtcMs(r.get(1))),
        }))
    }

    /// Whether a secret could be a session's; says nothing about whether it is.
    pub fn is_session_secret(secret: &str) -> bool {
        secret::is_one(SECRET_PREFIX, secret)
    }

    /// The account of a session that is good at `now`, and when it was last noted as used.
    pub async fn account_by_session(&self, secret: &str, now: UtcMs) -> Result<Option<(Account, UtcMs)>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, s.last_used FROM account_session s JOIN account a ON a.id = s.account_id
             WHERE s.hash = ? AND s.expires_at > ? AND s.last_used > ? AND a.removed_at IS NULL"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(secret::hash(secret))
            .bind(now.0)
            .bind(now.0 - SESSION_IDLE_MS)
            .fetch_optional(&self.inner.reader)
            .await?;
        row.map(|r| Ok((account(&r)?, UtcMs(r.get(7))))).transpose()
    }

    /// Notes that a session is in use. Waits for other writers, so nothing that answers somebody waits for it.
    pub async fn touch_session(&self, secret: &str, now: UtcMs) -> Result<(), StoreError> {
        let mut pen = Pen::take(&self.inner, patience()).await?;
        sqlx::query("UPDATE account_session SET last_used = max(last_used, ?) WHERE hash = ?")
            .bind(now.0)
            .bind(secret::hash(secret))
            .execute(pen.sqlite())
            .await?;
        pen.commit().await
    }

    /// A new mark for a device at which `name` signed in: it says so later, and cannot be made by anybody else.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn device_mark(&self, name: &str) -> Result<String, StoreError> {
        let device = secret::random::<16>()?;
        Ok(format!("{}.{}", secret::hex(&device), secret::hex(&self.device_mac(name, &device)[..16])))
    }

    /// The device of a mark that was given for `name`.
    pub fn device_of(&self, name: &str, mark: &str) -> Option<[u8; 16]> {
        let (device, mac) = mark.split_once('.')?;
        let bytes = |hex: &str| -> Option<[u8; 16]> {
            let digits = hex.as_bytes().as_chunks::<2>().0;
            if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            let mut out = [0u8; 16];
            for (byte, pair) in out.iter_mut().zip(digits) {
                *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            }
            Some(out)
        };
        let (device, mac) = (bytes(device)?, bytes(mac)?);
        let known = self.device_mac(name, &device);
        bool::from(known[..16].ct_eq(&mac)).then_some(device)
    }

    fn device_mac(&self, name: &str, device: &[u8; 16]) -> [u8; 32] {
        self.inner.keys.mac([b"gridwall device".as_slice(), name.as_bytes(), device])
    }

    fn name_mac(&self, typed: &str) -> [u8; 32] {
        self.inner.keys.mac([b"gridwall sign-in name".as_slice(), typed.as_bytes()])
    }
}

fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let role: &str = row.get(3);
    Ok(Account {
        id: row.get(0),
        name: row.get(1),
        display_name: row.get(2),
        role: Role::from_code(role).ok_or_else(|| StoreError::Damaged { what: format!("account.role {role}") })?,
        created_at: UtcMs(row.get(4)),
        changed_at: UtcMs(row.get(5)),
        removed_at: row.get::<Option<i64>, _>(6).map(UtcMs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_devices_mark_is_good_for_its_account_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).await.unwrap();
        let mark = store.device_mark("planner").unwrap();
        assert!(store.device_of("planner", &mark).is_some());
        assert_ne!(store.device_mark("planner").unwrap(), mark);
        let other = mark.replace(['0', '1', '2', '3'], "f");
        for (name, bad) in
            [("leader", mark.as_str()), ("planner", other.as_str()), ("planner", ""), ("planner", "."), ("planner", &mark[1..])]
        {
            assert!(store.device_of(name, bad).is_none(), "{name} {bad}");
        }
    }

    #[test]
    fn names_have_one_form() {
        for (typed, name) in [("Planner", "planner"), (" li.wei ", "li.wei"), ("王伟", "王伟"), ("a-1_b", "a-1_b")] {
            assert_eq!(account_name(typed).unwrap(), name);
        }
        for bad in ["", "  ", "os:root", "a b", "-a", "a/b", "a\nb", "gridwall", "Demo", &"x".repeat(41), "a\u{202e}b"] {
            assert!(account_name(bad).is_err(), "{bad:?}");
        }
    }
}
