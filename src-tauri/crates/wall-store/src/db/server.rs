//! A wall's schema on a PostgreSQL: where it is, that it is the right one, and the bell that rings when somebody wrote.
//!
//! One wall is one schema. Whoever writes holds the schema's lock until the commit, so that revisions are given in the order in
//! which they become visible. Every connection is asked on its first use whose store answers and how far it is: after a
//! fail-over to an empty or older one nothing is read or written there.

use super::{
    bell::{self, Bell, Heard},
    link::{self, Link},
    sql,
};
use crate::{
    Fault, StoreError,
    secret::{hex, random},
};
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, Row,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

/// The schema when the address names none.
const SCHEMA: &str = "gridwall";
/// How the schema of a demonstration ends.
const DEMONSTRATION: &str = "_demo";
/// The setting that says that all of a store is made up.
pub const DEMONSTRATION_MARK: &str = "demonstration";
/// The oldest PostgreSQL that tells what became of a transaction whose answer was lost.
const OLDEST: i32 = 130_000;
/// How long a question waits for a connection before the server counts as gone.
pub(super) const CONNECT_WAIT: Duration = Duration::from_secs(4);
/// Connections for questions.
const READERS: u32 = 8;

/// How the server finds out that a wall is gone without a word (its link is cut, its machine stands still): what it had open, and
/// with it the writers' lock, is given up after ten seconds, not after the two hours of the system's own. A process that stands still
/// in the middle of a write is not waited for longer than two minutes.
const GONE: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
    ("idle_in_transaction_session_timeout", "120000"),
];

/// Tables of PostgreSQL, as SQLite's migrations leave theirs.
static TABLES: Migrator = sqlx::migrate!("./postgres");

/// Where a wall's schema lies.
#[derive(Clone)]
pub(crate) struct Address {
    options: PgConnectOptions,
    schema: String,
}

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE[?schema=NAME&sslmode=…]`.
    ///
    /// # Errors
    /// [`StoreError::Refused`]; the words never repeat the address, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let refused = |why: &str| {
            Err(StoreError::Refused(format!(
                "{why}; the database's address reads postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME"
            )))
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return refused("this is no address of a PostgreSQL");
        }
        let (place, questions) = url.split_once('?').unwrap_or((url, ""));
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            questions.split('&').filter(|q| !q.is_empty()).partition(|q| q.starts_with("schema="));
        let schema = ours.last().map_or(SCHEMA, |q| &q["schema=".len()..]);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=63).contains(&schema.len()) || !schema.chars().all(fits) || schema.starts_with(|c: char| c.is_ascii_digit()) {
            return refused(
                "a schema's name has 1 … 63 small letters, digits and underscores, and begins with none of the digits",
            );
        }
        let Ok(options) = PgConnectOptions::from_str(&format!("{place}?{}", theirs.join("&"))) else {
            return refused("the address of the database cannot be read");
        };
        let options = options.application_name("gridwall").options([("search_path", schema), ("timezone", "UTC")]).options(GONE);
        Ok(Self { options: options.disable_statement_logging(), schema: schema.to_owned() })
    }

    /// Host, port, database and schema: what may be shown to people.
    pub fn shown(&self) -> String {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        format!("{}:{}/{} ({})", self.options.get_host(), self.options.get_port(), database, self.schema)
    }

    /// A connection by itself.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let connected = timeout(CONNECT_WAIT, self.options.connect()).await;
        connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut)).map_err(failed)
    }

    /// The number under which the schema's writers stand in line, and that of those who make or migrate it.
    fn locks(&self) -> [i64; 2] {
        ["writer", "opening"].map(|what| {
            use sha2::Digest;
            let hash = sha2::Sha256::digest(format!("gridwall {what} {}", self.schema));
            i64::from_le_bytes(std::array::from_fn(|i| hash[i]))
        })
    }

    /// The channel on which a commit is told.
    fn channel(&self) -> String {
        // Names of channels end after 63 bytes.
        format!("gridwall_{:016x}", self.locks()[0])
    }
}

/// Whose keys the store at an address was made with; `None` = there is none.
pub(crate) async fn mark_at(address: &Address) -> Result<Option<String>, StoreError> {
    let mut connection = address.connect().await?;
    let found = sqlx::query("SELECT value FROM setting WHERE key = $1")
        .bind(crate::open::KEY_CHECK)
        .fetch_optional(&mut connection)
        .await;
    connection.close().await.map_err(failed)?;
    match found {
        Ok(row) => row.map(|r| r.try_get("value")).transpose().map_err(failed),
        // No such table: there is no store.
        Err(sqlx::Error::Database(d)) if d.code().is_some_and(|c| c == "42P01") => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// The address of a demonstration beside a wall: the same, in a schema of its own.
///
/// # Errors
/// [`StoreError::Refused`]: the address cannot be read.
pub fn demonstration_of(url: &str) -> Result<String, StoreError> {
    let schema = format!("{}{DEMONSTRATION}", Address::parse(url)?.schema);
    let (place, questions) = url.split_once('?').unwrap_or((url, ""));
    let others = questions.split('&').filter(|q| !q.is_empty() && !q.starts_with("schema="));
    let questions: Vec<String> = others.map(str::to_owned).chain([format!("schema={schema}")]).collect();
    let url = format!("{place}?{}", questions.join("&"));
    Address::parse(&url).map(|_| url)
}

/// Removes a demonstration with all that is in it, so that it can be made anew; `false` = there was none.
///
/// # Errors
/// The schema is not named as one, or cannot be reached.
pub async fn remove_demonstration(url: &str) -> Result<bool, StoreError> {
    let address = Address::parse(url)?;
    if !address.schema.ends_with(DEMONSTRATION) {
        return Err(StoreError::Refused(format!("{} is not a demonstration; nothing was removed", address.shown())));
    }
    let mut connection = address.connect().await?;
    let known = sqlx::query("SELECT 1 AS one FROM pg_namespace WHERE nspname = $1").bind(&address.schema);
    let is_there = known.fetch_optional(&mut connection).await.map_err(failed)?.is_some();
    if is_there {
        // A wall's schema may have been named so by hand.
        let schema = &address.schema;
        let removable = format!(
            "SELECT NOT EXISTS (SELECT 1 FROM \"{schema}\".change_log) OR EXISTS (SELECT 1 FROM \"{schema}\".setting WHERE key = '{DEMONSTRATION_MARK}') AS ok"
        );
        match sqlx::query(sqlx::AssertSqlSafe(removable)).fetch_one(&mut connection).await {
            Ok(row) if row.try_get("ok").map_err(failed)? => {}
            // Its making was cut short.
            Err(sqlx::Error::Database(d)) if d.code().is_some_and(|c| c == "42P01") => {}
            Err(error) => return Err(failed(error)),
            Ok(_) => {
                return Err(StoreError::Refused(format!(
                    "{} holds a store that is no demonstration; nothing was removed",
                    address.shown()
                )));
            }
        }
        let remove = format!("DROP SCHEMA \"{}\" CASCADE", address.schema);
        sqlx::query(sqlx::AssertSqlSafe(remove)).execute(&mut connection).await.map_err(failed)?;
    }
    connection.close().await.map_err(failed)?;
    Ok(is_there)
}

/// Whose store has to answer, and how far it has to be at least.
#[derive(Default)]
struct Known {
    mark: OnceLock<String>,
    revision: AtomicI64,
    /// Why what answered last is not it; `None` = it is.
    wrong: Mutex<Option<String>>,
}

/// The server's answer is not that of the store that was opened.
#[derive(thiserror::Error, Debug)]
#[error("{0}")]
pub(crate) struct OtherStore(String);

/// Connections to the store that was opened, and to no other.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: PgPool,
    known: Arc<Known>,
    heard: Heard,
}

impl Connections {
    /// One of them.
    ///
    /// # Errors
    /// [`Fault::Replaced`] while another store answers, [`Fault::Unreachable`] while nobody does.
    pub async fn acquire(&self) -> Result<Link, StoreError> {
        let connection = self.pool.acquire().await.map_err(|error| match &*self.known.wrong() {
            // A pool tries again until its patience is over, and does not say why.
            Some(why) => StoreError::Failed { fault: Fault::Replaced, error: why.clone() },
            None => failed(error),
        })?;
        Ok(Link::new(connection, self.heard.clone()))
    }

    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// How many are open.
    #[cfg(test)]
    pub fn size(&self) -> u32 {
        self.pool.size()
    }
}

/// A wall's schema that is in use.
/// Writes the number of a process's last commit, by the database's clock.
const MARK: &str = "INSERT INTO last_commit (process, number, at) VALUES ($1, $2, (extract(epoch FROM now()) * 1000)::bigint) \
     ON CONFLICT (process) DO UPDATE SET number = excluded.number, at = excluded.at";
/// Of processes that wrote nothing for a day.
const FORGET: &str = "DELETE FROM last_commit WHERE at < (extract(epoch FROM now()) * 1000)::bigint - 86400000";

pub(crate) struct Server {
    address: Address,
    pub readers: Connections,
    /// One connection, for whoever has the turn.
    pub writer: Connections,
    /// The line of this process's writers.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    /// By what this opening of the store is known among the last commits, and the number of its last one.
    process: String,
    commits: AtomicI64,
    bell: Arc<Bell>,
    listening: JoinHandle<()>,
    /// Whether the schema is of this edition: an older edition reads what a newer one made, and writes nothing.
    pub may_write: bool,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Server {
    /// Connects, makes or migrates the schema, and begins to listen; `committed` is rung when anybody wrote.
    ///
    /// # Errors
    /// The server cannot be reached, is too old, does not keep what it acknowledges, or is a pooler of transactions.
    pub async fn open(address: Address, committed: impl Fn() + Send + Sync + 'static) -> Result<Self, StoreError> {
        let mut first = address.connect().await?;
        judge(&mut first, &address).await?;
        let may_write = prepare(&mut first, &address).await?;
        first.close().await.map_err(failed)?;
        let known = Arc::new(Known::default());
        let pool = {
            let (address, known) = (address.clone(), known.clone());
            move |most: u32, read_only: &'static str| {
                let known = known.clone();
                PgPoolOptions::new()
                    .max_connections(most)
                    .acquire_timeout(CONNECT_WAIT)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .after_connect(move |connection, _| {
                        let known = known.clone();
                        Box::pin(async move { known.is_it(connection).await })
                    })
                    .after_release(|connection, _| Box::pin(link::is_there(connection)))
                    .connect_lazy_with(address.options.clone().options([("default_transaction_read_only", read_only)]))
            }
        };
        let bell = Arc::new(Bell::default());
        let connections =
            |most, read_only| Connections { pool: pool(most, read_only), known: known.clone(), heard: bell.heard() };
        let (readers, writer) = (connections(READERS, "on"), connections(1, "off"));
        let listening = tokio::spawn({
            let (bell, channel, readers) = (bell.clone(), address.channel(), readers.pool.clone());
            async move { bell.listen(|| pool(1, "on"), &channel, || !readers.is_closed(), committed).await }
        });
        let process = hex(&random::<16>()?);
        let (turn, commits) = (Arc::default(), AtomicI64::new(0));
        let server = Self { address, readers, writer, turn, process, commits, bell, listening, may_write };
        let until = Instant::now() + CONNECT_WAIT;
        while let Err(error) = server.is_heard() {
            if Instant::now() > until {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(server)
    }

    /// From now on only the store with this mark is it.
    pub fn is_marked(&self, mark: &str) {
        let _ = self.readers.known.mark.set(mark.to_owned());
    }

    /// This revision was seen here: whoever answers with less is behind.
    pub fn has_seen(&self, revision: i64) {
        self.readers.known.revision.fetch_max(revision, Ordering::Relaxed);
    }

    /// How often the bell rang; whoever finds another number than last time asks the log.
    pub fn rung(&self) -> i64 {
        self.bell.rung()
    }

    /// Whether the server is there and would tell of news.
    pub fn is_heard(&self) -> Result<(), StoreError> {
        match self.bell.is_heard() {
            true => Ok(()),
            false => Err(unreachable("the database server does not answer")),
        }
    }

    /// A name for files of this machine that are about this database.
    pub fn name(&self) -> String {
        self.address.channel()
    }

    /// What may be shown of where it is.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    /// Opens a transaction on a connection and takes the writers' lock; the wait ends after `wait`.
    pub async fn begin(&self, link: &mut Link, wait: Duration) -> Result<(), StoreError> {
        let begin = format!(
            "BEGIN; SET LOCAL lock_timeout = {}; SELECT pg_advisory_xact_lock({})",
            wait.as_millis().max(1),
            self.address.locks()[0]
        );
        link.batch(begin).await
    }

    /// Writes the number by which this commit is known afterwards, and with `news` rings the bell of everybody with it.
    pub async fn number(&self, link: &mut Link, news: bool) -> Result<i64, StoreError> {
        let number = 1 + self.commits.fetch_add(1, Ordering::Relaxed);
        if number == 1 {
            // Of processes that are long gone.
            link.execute(sql(FORGET)).await?;
        }
        // The bell rings with the same statement: a way to the server less.
        let marked = match news {
            false => sql(MARK).bind(&self.process).bind(number),
            true => {
                let mark = sql("WITH mark AS (").push(MARK).push(") SELECT pg_notify($3, '')");
                mark.bind(&self.process).bind(number).bind(self.address.channel())
            }
        };
        link.execute(marked).await?;
        Ok(number)
    }

    /// What became of a commit of this process whose answer was lost: asked until the server answers, at most until `until`. The
    /// process writes nothing else meanwhile.
    ///
    /// # Errors
    /// It was not committed, or nobody can say.
    pub async fn settle(&self, number: i64, until: Instant) -> Result<(), StoreError> {
        let mut pause = bell::AGAIN.0;
        loop {
            match self.last_commit(until).await {
                Ok(last) if last == Some(number) => return Ok(()),
                Ok(_) => return Err(unreachable("the server was lost before the commit; nothing of it was taken")),
                Err(error) if error.fault() == Some(Fault::Replaced) => return Err(error),
                _ if Instant::now() + pause > until => {
                    return Err(unreachable(
                        "the server was lost during the commit, and whether it was taken is not known; what is sent again is not taken twice",
                    ));
                }
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(bell::AGAIN.1);
        }
    }

    /// The number of the last commit of this process: read behind the writers' lock, which whoever is still about to commit holds.
    async fn last_commit(&self, until: Instant) -> Result<Option<i64>, StoreError> {
        let mut link = self.writer.acquire().await?;
        // Whatever comes of it, the transaction ends with the connection.
        link.close_on_drop();
        self.begin(&mut link, until.saturating_duration_since(Instant::now())).await?;
        let last = link.optional(sql("SELECT number FROM last_commit WHERE process = $1").bind(&self.process)).await?;
        last.map(|row| row.get("number")).transpose()
    }

    /// Lets all connections go.
    pub async fn close(&self) {
        self.listening.abort();
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Known {
    /// Whether a new connection leads to the store that was opened.
    async fn is_it(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let found = self.asked(connection).await;
        let wrong = match &found {
            Err(sqlx::Error::Configuration(e)) if e.is::<OtherStore>() => Some(e.to_string()),
            _ => None,
        };
        *self.wrong() = wrong;
        found
    }

    fn wrong(&self) -> MutexGuard<'_, Option<String>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn asked(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Some(mark) = self.mark.get() else { return Ok(()) };
        let row = sqlx::query(
            "SELECT (SELECT value FROM setting WHERE key = 'key_check') AS mark, \
             (SELECT coalesce(max(revision), 0) FROM change_log) AS revision",
        )
        .fetch_one(connection)
        .await
        .map_err(|error| match &error {
            // The schema or its tables are not there any more.
            sqlx::Error::Database(d) if d.code().is_some_and(|c| c == "42P01" || c == "3F000") => {
                other("the store's tables are gone")
            }
            _ => error,
        })?;
        let (found, revision): (Option<String>, i64) = (row.try_get("mark")?, row.try_get("revision")?);
        if found.as_ref() != Some(mark) {
            return Err(other("another store answers at the database's address"));
        }
        let seen = self.revision.load(Ordering::Relaxed);
        if revision < seen {
            return Err(other(&format!("the store that answers is at revision {revision}, and {seen} was acknowledged already")));
        }
        Ok(())
    }
}

fn other(words: &str) -> sqlx::Error {
    sqlx::Error::Configuration(Box::new(OtherStore(words.to_owned())))
}

pub(super) fn unreachable(words: &str) -> StoreError {
    StoreError::Failed { fault: Fault::Unreachable, error: words.to_owned() }
}

/// Whether the server may be trusted with a wall.
async fn judge(connection: &mut PgConnection, address: &Address) -> Result<(), StoreError> {
    let unusable = |reason: String| StoreError::Unusable { path: address.shown(), reason };
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS words, \
         current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS kept, \
         current_setting('full_page_writes') AS pages, current_setting('server_encoding') AS encoding",
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    let text = |name: &str| row.try_get::<String, _>(name).map_err(failed);
    if row.try_get::<i32, _>("version").map_err(failed)? < OLDEST {
        return Err(unusable(format!("PostgreSQL {} is too old; 13 or newer is needed", text("words")?)));
    }
    for (name, setting) in [("fsync", "fsync"), ("kept", "synchronous_commit"), ("pages", "full_page_writes")] {
        if text(name)? == "off" {
            return Err(unusable(format!("{setting} is off there: what is acknowledged would not be on disk; turn it on")));
        }
    }
    if text("encoding")? != "UTF8" {
        return Err(unusable(format!("its encoding is {}; a database in UTF8 is needed", text("encoding")?)));
    }
    Ok(())
}

/// Makes the schema and its tables where they are missing, one process at a time. Whether it may be written.
async fn prepare(connection: &mut PgConnection, address: &Address) -> Result<bool, StoreError> {
    let lock = address.locks()[1];
    sqlx::query("SELECT pg_advisory_lock($1)").bind(lock).execute(&mut *connection).await.map_err(failed)?;
    let known = sqlx::query("SELECT 1 AS one FROM pg_namespace WHERE nspname = $1").bind(&address.schema);
    if known.fetch_optional(&mut *connection).await.map_err(failed)?.is_none() {
        // Letters, digits and underscores: checked when the address was read.
        let make = format!("CREATE SCHEMA \"{}\"", address.schema);
        sqlx::query(sqlx::AssertSqlSafe(make)).execute(&mut *connection).await.map_err(failed)?;
    }
    let newest = TABLES.iter().map(|m| m.version).max().unwrap_or(0);
    let applied: Option<i64> = match sqlx::query("SELECT max(version) AS newest FROM _sqlx_migrations WHERE success")
        .fetch_one(&mut *connection)
        .await
    {
        Ok(row) => row.try_get("newest").map_err(failed)?,
        Err(sqlx::Error::Database(d)) if d.code().is_some_and(|c| c == "42P01") => None,
        Err(error) => return Err(failed(error)),
    };
    let newer = applied.is_some_and(|applied| applied > newest);
    if !newer {
        let maker = PgPoolOptions::new().max_connections(1).connect_with(address.options.clone()).await.map_err(failed)?;
        let made = TABLES.run(&maker).await;
        maker.close().await;
        made?;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(lock).execute(connection).await.map_err(failed)?;
    Ok(!newer)
}

/// The fault behind an error of the server; `None` = it was about one command.
fn failed_fault(error: &sqlx::Error) -> Option<Fault> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
            Some(Fault::Unreachable)
        }
        sqlx::Error::Protocol(_) => Some(Fault::Unreachable),
        sqlx::Error::Database(d) => match d.code().as_deref()? {
            // Disk full; out of memory for it.
            "53100" => Some(Fault::Full),
            // Too many connections.
            "53300" => Some(Fault::Unreachable),
            // A read-only transaction (a standby, a disk that may only be read); a right that was taken away.
            "25006" | "42501" => Some(Fault::ReadOnly),
            "58030" => Some(Fault::Io),
            "XX001" | "XX002" => Some(Fault::Damaged),
            // Connections; shutdown, crash, starting; wrong password or no entry for it.
            code if code.starts_with("08") || code.starts_with("57P") || code.starts_with("28") => Some(Fault::Unreachable),
            _ => None,
        },
        _ => None,
    }
}

/// An error of the server in the store's words.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    if let sqlx::Error::Database(d) = &error {
        match d.code().as_deref() {
            // The lock was not to be had in time; serialisation and deadlock are waits too.
            Some("55P03" | "40001" | "40P01") => return StoreError::busy(),
            Some("08P01") if d.message().contains("startup parameter") => {
                return StoreError::Unusable {
                    path: "the database's address".into(),
                    reason: "a pooler of transactions (PgBouncer) answers there, which keeps neither locks nor bells; name the server itself".into(),
                };
            }
            Some("22021") => {
                return StoreError::Refused("a text holds the character U+0000, which PostgreSQL does not keep".into());
            }
            _ => {}
        }
    }
    match failed_fault(&error) {
        Some(fault) => StoreError::Failed { fault, error: error.to_string() },
        None => StoreError::Database(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_passwords_never_repeated() {
        let a = Address::parse("postgres://wall:s3cret@db.street:5433/city?schema=street_12&sslmode=disable").unwrap();
        assert_eq!((a.shown().as_str(), a.schema.as_str()), ("db.street:5433/city (street_12)", "street_12"));
        assert_eq!(Address::parse("postgresql://wall@h/d").unwrap().schema, SCHEMA);
        let wrong = [
            "",
            "mysql://wall:s3cret@h/d",
            "postgres://wall:s3cret@h/d?schema=a;drop",
            "postgres://wall:s3cret@h/d?schema=",
            "postgres://wall:s3cret@h:x/d",
            "postgres://wall:s3cret@h/d?schema=1a",
        ];
        for url in wrong {
            let said = Address::parse(url).map(|a| a.shown()).unwrap_err().to_string();
            assert!(said.contains("postgres://USER:PASSWORD@") && !said.contains("s3cret"), "{said}");
        }
        let [b, c] = ["a", "b"].map(|s| Address::parse(&format!("postgres://h/d?schema={s}")).unwrap());
        assert_ne!(b.locks(), c.locks());
        assert_ne!(b.locks()[0], b.locks()[1]);
        assert!(b.channel().len() < 64 && b.channel() != c.channel());
    }
}
