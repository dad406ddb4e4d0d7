//! Who acts, and the tokens machines hold.

use crate::{
    Store, StoreError, WriteTx,
    db::{Row, sql},
    rows::word,
    scopes::{scope_of, scope_text},
    secret,
};
use std::sync::Arc;
use wall_core::{Role, Scope, UtcMs};

/// Who asks or commands. Every command and query takes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Account, operating-system user (`os:name`) or token (`token:name`).
    pub who: String,
    /// Role.
    pub role: Role,
    /// Station: `wall`, `browser`, `cli`, `api`.
    pub station: String,
    /// Purpose, when one was named.
    pub purpose: Option<String>,
    /// The sources whose tickets it may write; `None` = all.
    pub sources: Option<Vec<String>>,
    /// The part of the territory it is for; `None` = all of it.
    pub scope: Option<Arc<Scope>>,
}

impl Actor {
    /// An actor without a named purpose.
    pub fn new(who: impl Into<String>, role: Role, station: impl Into<String>) -> Self {
        Self { who: who.into(), role, station: station.into(), purpose: None, sources: None, scope: None }
    }

    /// Whether tickets of this source may be written.
    pub fn may_write(&self, source: &str) -> bool {
        self.sources.as_ref().is_none_or(|own| own.iter().any(|s| s == source || s == ANY_SOURCE))
    }
}

/// In the list of a token: every source.
pub const ANY_SOURCE: &str = "*";

/// A token as it is listed; the secret itself is not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Identity.
    pub id: i64,
    /// Name, unique.
    pub name: String,
    /// Role it acts in.
    pub role: Role,
    /// Without a rate limit.
    pub unlimited: bool,
    /// The sources whose tickets it may write; `None` = made before tokens had sources: it goes on writing all.
    pub sources: Option<Vec<String>>,
    /// The part of the territory it is for; `None` = all of it.
    pub scope: Option<Arc<Scope>>,
    /// When it was made.
    pub created_at: UtcMs,
    /// When it was revoked.
    pub revoked_at: Option<UtcMs>,
}

impl Token {
    /// The source of records that name none: the first of its list, else its name.
    pub fn own_source(&self) -> &str {
        let listed = self.sources.iter().flatten().find(|s| *s != ANY_SOURCE);
        listed.unwrap_or(&self.name)
    }
}

impl WriteTx {
    /// Makes a token and returns its secret (`gw_` + 64 hex digits), which is shown once and not kept. It writes tickets of
    /// `sources` only; of the source of its own name when there are none. It has no scope.
    pub async fn create_token(
        &mut self,
        name: &str,
        role: Role,
        unlimited: bool,
        sources: &[String],
    ) -> Result<String, StoreError> {
        if self.tx.optional(sql("SELECT id FROM token WHERE name = $1").bind(name)).await?.is_some() {
            return Err(StoreError::Refused(format!("a token named {name} exists; revoke it or choose another name")));
        }
        let secret = secret::new("gw_")?;
        let own = [name.to_owned()];
        let sources = serde_json::json!(if sources.is_empty() { &own } else { sources });
        let id = self.ids("token", 1).await?;
        let made =
            sql("INSERT INTO token (id, name, hash, role, unlimited, created_at, sources) VALUES ($1, $2, $3, $4, $5, $6, $7)");
        let made = made.bind(id).bind(name).bind(secret::hash(&secret)).bind(role.code()).bind(unlimited);
        self.tx.execute(made.bind(self.recorded_at).bind(sources.to_string())).await?;
        let detail = serde_json::json!({ "name": name, "role": role.code(), "sources": sources });
        self.audit("token.create", &detail.to_string()).await?;
        Ok(secret)
    }

    /// Gives a token a scope, or takes it away (`None`).
    ///
    /// # Errors
    /// There is no such token in force, or nothing lies in the scope.
    pub async fn set_token_scope(&mut self, name: &str, scope: Option<&Scope>) -> Result<(), StoreError> {
        self.need_divisions(scope).await?;
        let set = sql("UPDATE token SET scope = $1 WHERE name = $2 AND revoked_at IS NULL").bind(scope_text(scope)).bind(name);
        if self.tx.execute(set).await? == 0 {
            return Err(StoreError::Refused(format!("there is no token {name} in force")));
        }
        self.audit("token.scope", &serde_json::json!({ "name": name, "scope": scope }).to_string()).await
    }

    /// Revokes a token by name; `false` when there is none in force.
    pub async fn revoke_token(&mut self, name: &str) -> Result<bool, StoreError> {
        let revoked = sql("UPDATE token SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL");
        let done = self.tx.execute(revoked.bind(self.recorded_at).bind(name)).await?;
        self.audit("token.revoke", &format!("{{\"name\":{}}}", serde_json::json!(name))).await?;
        Ok(done > 0)
    }
}

const TOKENS: &str = "SELECT id, name, role, unlimited, created_at, revoked_at, sources, scope FROM token";

impl Store {
    /// All tokens, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.inner.read.rows(sql(TOKENS).push(" ORDER BY id")).await?.iter().map(token).collect()
    }

    /// The token in force with this secret.
    pub async fn token_by_secret(&self, secret: &str) -> Result<Option<Token>, StoreError> {
        let found = sql(TOKENS).push(" WHERE revoked_at IS NULL AND hash = ").push_bind(secret::hash(secret));
        self.inner.read.optional(found).await?.as_ref().map(token).transpose()
    }
}

fn token(row: &Row) -> Result<Token, StoreError> {
    let (id, sources): (i64, Option<&str>) = (row.get("id")?, row.get("sources")?);
    Ok(Token {
        id,
        name: row.get("name")?,
        role: row.word("token", "role", Role::from_code)?,
        unlimited: row.get("unlimited")?,
        sources: sources.map(|text| word(serde_json::from_str(text).ok(), "token.sources", id, text)).transpose()?,
        scope: scope_of(row, "token", id)?,
        created_at: row.get("created_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}
