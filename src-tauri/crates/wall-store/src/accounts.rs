//! Accounts of people and their sessions. Times are the system's: a wall that shows another day signs nobody out.

use crate::{
    Role, Store, StoreError, WriteTx,
    db::{Row, Sql, sql},
    password::PasswordHash,
    pen::{Pen, patience},
    scopes::{scope_of, scope_text},
    secret,
};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wall_core::{Scope, UtcMs};

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
    /// The part of the territory the person is for; `None` = all of it.
    pub scope: Option<Arc<Scope>>,
    /// When it was made.
    pub created_at: UtcMs,
    /// When password, names or scope were last changed.
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
    /// Makes an account without a scope. The name is in normal form ([`account_name`]), the password was checked before it was hashed.
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
        if let Some(row) = self.tx.optional(sql("SELECT removed_at FROM account WHERE name = $1").bind(name)).await? {
            return Err(StoreError::Refused(match row.get::<Option<UtcMs>>("removed_at")? {
                None => format!("there is an account {name}; `gridwall user passwd {name}` changes its password"),
                Some(_) => format!("{name} was another account, now removed, and the log still names it; choose another name"),
            }));
        }
        let display_name = if display_name.trim().is_empty() { name } else { display_name.trim() };
        let at = self.recorded_at;
        let id = self.ids("account", 1).await?;
        let made = sql(ADD).bind(id).bind(name).bind(display_name).bind(role.code()).bind(&password.0).bind(at);
        self.tx.execute(made).await?;
        self.audit("account.add", &serde_json::json!({ "account": name, "role": role.code() }).to_string()).await?;
        Ok(Account {
            id,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            role,
            scope: None,
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
        let changed = sql("UPDATE account SET hash = $1, changed_at = $2 WHERE id = $3");
        self.tx.execute(changed.bind(&password.0).bind(self.recorded_at).bind(id)).await?;
        self.forget_failures(name).await?;
        let ended = self.end_sessions(id).await?;
        self.audit("account.password", &serde_json::json!({ "account": name, "sessions_ended": ended }).to_string()).await?;
        Ok(ended)
    }

    /// Gives an account a scope, or takes it away (`None`), and ends its sessions, so that nothing stays on a screen that the scope
    /// does not hold; how many there were.
    ///
    /// # Errors
    /// There is no such account, or nothing lies in the scope.
    pub async fn set_account_scope(&mut self, name: &str, scope: Option<&Scope>) -> Result<u64, StoreError> {
        let id = self.account_id(name).await?;
        self.need_divisions(scope).await?;
        let changed = sql("UPDATE account SET scope = $1, changed_at = $2 WHERE id = $3");
        self.tx.execute(changed.bind(scope_text(scope)).bind(self.recorded_at).bind(id)).await?;
        let ended = self.end_sessions(id).await?;
        let detail = serde_json::json!({ "account": name, "scope": scope, "sessions_ended": ended });
        self.audit("account.scope", &detail.to_string()).await?;
        Ok(ended)
    }

    /// Removes an account: its password is erased, its sessions end, its name stays taken. How many sessions there were.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn remove_account(&mut self, name: &str) -> Result<u64, StoreError> {
        let id = self.account_id(name).await?;
        let removed = sql("UPDATE account SET hash = '', removed_at = $1, changed_at = $1 WHERE id = $2");
        self.tx.execute(removed.bind(self.recorded_at).bind(id)).await?;
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
        let ended = sql("DELETE FROM account_session WHERE expires_at <= $1 OR last_used <= $2");
        self.tx.execute(ended.bind(now).bind(now.0 - SESSION_IDLE_MS)).await?;
        self.tx.execute(sql(CROWDED_OUT).bind(account.id).bind(SESSIONS - 1)).await?;
        let secret = secret::new(SECRET_PREFIX)?;
        let opened = sql(OPEN).bind(secret::hash(&secret)).bind(account.id).bind(&self.actor.station);
        self.tx.execute(opened.bind(now).bind(now.0 + SESSION_LIFE_MS)).await?;
        self.forget_failures(&account.name).await?;
        self.audit("session.open", &serde_json::json!({ "account": account.name }).to_string()).await?;
        Ok(secret)
    }

    /// Ends one session; `false` when there was none.
    pub async fn close_session(&mut self, secret: &str) -> Result<bool, StoreError> {
        let gone = sql("DELETE FROM account_session WHERE hash = $1").bind(secret::hash(secret));
        let closed = self.tx.execute(gone).await? > 0;
        if closed {
            self.audit("session.close", "{}").await?;
        }
        Ok(closed)
    }

    /// Notes a failed attempt under `typed`; `account` is named in the log, a name that is nobody's is not.
    pub async fn note_failure(&mut self, typed: &str, account: Option<&Account>) -> Result<Failures, StoreError> {
        let now = self.recorded_at;
        self.tx.execute(sql(FORGOTTEN).bind(now.0 - FAILURES_KEPT_MS).bind(FAILURES_KEPT)).await?;
        let mac = self.store.name_mac(typed);
        let count: i64 = self.tx.one(sql(FAILED).bind(mac.as_slice()).bind(now)).await?.get("failures")?;
        let named = account.map(|a| a.name.as_str());
        self.audit("session.refused", &serde_json::json!({ "account": named, "in_a_row": count }).to_string()).await?;
        Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last_at: Some(now) })
    }

    async fn forget_failures(&mut self, name: &str) -> Result<(), StoreError> {
        let mac = self.store.name_mac(name);
        self.tx.execute(sql("DELETE FROM sign_in_failure WHERE name_mac = $1").bind(mac.as_slice())).await.map(drop)
    }

    async fn end_sessions(&mut self, account_id: i64) -> Result<u64, StoreError> {
        self.tx.execute(sql("DELETE FROM account_session WHERE account_id = $1").bind(account_id)).await
    }

    async fn account_id(&mut self, name: &str) -> Result<i64, StoreError> {
        let found = sql("SELECT id FROM account WHERE name = $1 AND removed_at IS NULL").bind(name);
        let row = self.tx.optional(found).await?;
        row.ok_or_else(|| StoreError::Refused(format!("there is no account {name}")))?.get("id")
    }
}

const ADD: &str = "INSERT INTO account (id, name, display_name, role, hash, created_at, changed_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $6)";
const OPEN: &str = "INSERT INTO account_session (hash, account_id, station, created_at, last_used, expires_at) \
     VALUES ($1, $2, $3, $4, $4, $5)";
/// Ends those sessions of an account that give way to a new one.
const CROWDED_OUT: &str = "DELETE FROM account_session WHERE account_id = $1 AND hash NOT IN \
     (SELECT hash FROM account_session WHERE account_id = $1 ORDER BY last_used DESC, hash DESC LIMIT $2)";
/// Forgets failures that are old, and those beyond the newest.
const FORGOTTEN: &str = "DELETE FROM sign_in_failure WHERE last_at < $1 OR (last_at, name_mac) <= \
     (SELECT last_at, name_mac FROM sign_in_failure ORDER BY last_at DESC, name_mac DESC LIMIT 1 OFFSET $2)";
const FAILED: &str = "INSERT INTO sign_in_failure (name_mac, failures, last_at) VALUES ($1, 1, $2) ON CONFLICT (name_mac) \
     DO UPDATE SET failures = sign_in_failure.failures + 1, last_at = excluded.last_at RETURNING failures";

/// An account with more columns and what follows them, which begins with a space.
fn accounts(rest: &str) -> Sql {
    sql("SELECT a.id, a.name, a.display_name, a.role, a.created_at, a.changed_at, a.removed_at, a.scope").push(rest)
}

impl Store {
    /// All accounts, removed ones too, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.inner.read.rows(accounts(" FROM account a ORDER BY a.name")).await?.iter().map(account).collect()
    }

    /// Whether anybody could sign in.
    pub async fn any_account(&self) -> Result<bool, StoreError> {
        let any = sql("SELECT EXISTS (SELECT 1 FROM account WHERE removed_at IS NULL) AS found");
        self.inner.read.one(any).await?.get("found")
    }

    /// The account in force with this name, and its password's hash.
    pub async fn account_to_verify(&self, name: &str) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        let found = accounts(", a.hash FROM account a WHERE a.name = $1 AND a.removed_at IS NULL").bind(name);
        let row = self.inner.read.optional(found).await?;
        row.map(|r| Ok((account(&r)?, PasswordHash(r.get("hash")?)))).transpose()
    }

    /// Failed attempts in a row under a name, whoever it is.
    pub async fn failures(&self, typed: &str) -> Result<Failures, StoreError> {
        let mac = self.name_mac(typed);
        let noted = sql("SELECT failures, last_at FROM sign_in_failure WHERE name_mac = $1").bind(mac.as_slice());
        let Some(row) = self.inner.read.optional(noted).await? else { return Ok(Failures::default()) };
        let count: i64 = row.get("failures")?;
        Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last_at: Some(row.get("last_at")?) })
    }

    /// Whether a secret could be a session's; says nothing about whether it is.
    pub fn is_session_secret(secret: &str) -> bool {
        secret::is_one(SECRET_PREFIX, secret)
    }

    /// The account of a session that is good at `now`, and when it was last noted as used.
    pub async fn account_by_session(&self, secret: &str, now: UtcMs) -> Result<Option<(Account, UtcMs)>, StoreError> {
        let found = accounts(
            ", s.last_used FROM account_session s JOIN account a ON a.id = s.account_id \
             WHERE s.hash = $1 AND s.expires_at > $2 AND s.last_used > $3 AND a.removed_at IS NULL",
        );
        let found = found.bind(secret::hash(secret)).bind(now).bind(now.0 - SESSION_IDLE_MS);
        let row = self.inner.read.optional(found).await?;
        row.map(|r| Ok((account(&r)?, r.get("last_used")?))).transpose()
    }

    /// Notes that a session is in use. Waits for other writers, so nothing that answers somebody waits for it.
    pub async fn touch_session(&self, secret: &str, now: UtcMs) -> Result<(), StoreError> {
        let mut pen = Pen::take(&self.inner, patience()).await?;
        let used = sql("UPDATE account_session SET last_used = $1 WHERE hash = $2 AND last_used < $1");
        pen.execute(used.bind(now).bind(secret::hash(secret))).await?;
        pen.commit(false).await
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

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.get("id")?,
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        role: row.word("account", "role", Role::from_code)?,
        scope: scope_of(row, "account", row.get("id")?)?,
        created_at: row.get("created_at")?,
        changed_at: row.get("changed_at")?,
        removed_at: row.get("removed_at")?,
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

    #[tokio::test]
    async fn failures_that_are_old_and_those_beyond_the_newest_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).await.unwrap();
        let mut tx = store.write(&crate::Actor::new("nobody", Role::Viewer, "browser"), UtcMs(0)).await.unwrap();
        // Of those that failed in the same moment only as many go as have to.
        for (name, at) in [(1, 5), (2, 9), (3, 7), (4, 7), (5, 7), (6, 7)] {
            tx.tx.execute(sql(FAILED).bind(vec![name]).bind(UtcMs(at))).await.unwrap();
        }
        let mut left = Vec::new();
        for (before, most) in [(0i64, 6i64), (6, 6), (6, 3)] {
            tx.tx.execute(sql(FORGOTTEN).bind(before).bind(most)).await.unwrap();
            let rows = tx.tx.rows(sql("SELECT name_mac FROM sign_in_failure ORDER BY name_mac")).await.unwrap();
            left.push(rows.iter().flat_map(|r| r.get::<Vec<u8>>("name_mac").unwrap()).collect::<Vec<_>>());
        }
        assert_eq!(left, [vec![1, 2, 3, 4, 5, 6], vec![2, 3, 4, 5, 6], vec![2, 5, 6]]);
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
