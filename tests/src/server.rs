use std::{
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// A PostgreSQL of a test's own, which may be killed. Ended when dropped.
pub struct Postgres {
    folder: TempDir,
    /// Where a disk of its own is mounted.
    disk: Option<TempDir>,
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
        Some(Self { url: String::from_utf8_lossy(&started.stdout).trim().to_owned(), folder, disk: None })
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

    /// Whatever is made on it from now on lies on a disk of so many MiB, the tablespace `small`; `false` where this account may not
    /// mount one, which is said.
    pub async fn on_a_small_disk(&mut self, mib: u32) -> bool {
        let disk = tempfile::Builder::new().prefix("gridwall-disk-").tempdir().expect("temporary folder");
        let size = format!("size={mib}m,mode=0777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(disk.path()).output();
        if !mounted.is_ok_and(|m| m.status.success()) {
            eprintln!("skipped: this account may not mount a small disk");
            return false;
        }
        let place = disk.path().join("space");
        self.disk = Some(disk);
        std::fs::create_dir(&place).expect("folder on the small disk");
        let owned = Command::new("chown").arg("--reference").arg(self.folder.path()).arg(&place).status();
        assert!(owned.is_ok_and(|s| s.success()), "chown");
        if let Some(disk) = &self.disk {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(disk.path(), open).expect("permissions");
        }
        self.does(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display())).await;
        self.does("ALTER ROLE gridwall SET default_tablespace = small").await;
        true
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
        if let Some(disk) = &self.disk {
            let _ = Command::new("umount").arg(disk.path()).status();
        }
    }
}

/// `scripts/postgres.sh VERB FOLDER …`.
fn script(folder: &Path, words: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("scripts/postgres.sh"));
    command.arg(words[0]).arg(folder).args(&words[1..]);
    command.output().expect("scripts/postgres.sh")
}
