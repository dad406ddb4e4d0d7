use std::{
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// A PostgreSQL of a test's own, which may be killed. Ended when dropped.
pub struct Postgres {
    folder: TempDir,
    /// Its address, without a schema.
    pub url: String,
}

impl Postgres {
    /// Starts one; `None` where none is installed, which is said.
    pub fn start() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("gridwall-postgres-").tempdir().expect("temporary folder");
        let started = script(folder.path(), &["start"]);
        if !started.status.success() {
            eprintln!("skipped: there is no PostgreSQL to be started: {}", String::from_utf8_lossy(&started.stderr).trim());
            return None;
        }
        Some(Self { url: String::from_utf8_lossy(&started.stdout).trim().to_owned(), folder })
    }

    /// Ends it as if it had been killed.
    pub fn kill(&self) {
        assert!(script(self.folder.path(), &["stop", "immediate"]).status.success(), "kill PostgreSQL");
    }

    /// Starts it again, at the same address.
    pub fn start_again(&self) {
        let started = script(self.folder.path(), &["start"]);
        assert!(started.status.success(), "start PostgreSQL again: {}", String::from_utf8_lossy(&started.stderr));
    }

    /// The address of a schema on it.
    pub fn schema(&self, name: &str) -> String {
        format!("{}&schema={name}", self.url)
    }

    /// Does something there behind everybody's back.
    pub async fn does(&self, statements: &str) {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(&self.url).await.expect("PostgreSQL");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.expect("statements");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        script(self.folder.path(), &["remove"]);
    }
}

/// `scripts/postgres.sh VERB FOLDER …`.
fn script(folder: &Path, words: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("scripts/postgres.sh"));
    command.arg(words[0]).arg(folder).args(&words[1..]);
    command.output().expect("scripts/postgres.sh")
}
