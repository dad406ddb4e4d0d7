use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

/// Where a store in `folder` has its database in this run of the tests: a schema of its own on the PostgreSQL that
/// GRIDWALL_TEST_DB names (`scripts/postgres.sh run`), the same for the same folder; `None` = the file in the folder.
pub fn database_of(folder: &Path) -> Option<String> {
    let server = std::env::var("GRIDWALL_TEST_DB").ok()?;
    let mut hash = DefaultHasher::new();
    folder.hash(&mut hash);
    Some(format!("{server}&schema=test_{:016x}", hash.finish()))
}

/// Does something in the database of a store, behind its back.
pub async fn behind(folder: &Path, statements: &str) {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
    match place_of(folder) {
        Place::File(url) => drop(statements.execute(&mut SqliteConnection::connect(&url).await.unwrap()).await.unwrap()),
        Place::Server(url) => drop(statements.execute(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap()),
    }
}

/// The one text that a question finds in the database of a store.
pub async fn found_behind(folder: &Path, question: &str) -> String {
    let question = AssertSqlSafe(question.to_owned());
    match place_of(folder) {
        Place::File(url) => {
            sqlx::query_scalar(question).fetch_one(&mut SqliteConnection::connect(&url).await.unwrap()).await.unwrap()
        }
        Place::Server(url) => {
            sqlx::query_scalar(question).fetch_one(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap()
        }
    }
}

enum Place {
    File(String),
    Server(String),
}

fn place_of(folder: &Path) -> Place {
    match database_of(folder) {
        None => Place::File(format!("sqlite:{}", folder.join("gridwall.db").display())),
        Some(url) => Place::Server(url.replace("&schema=", "&options[search_path]=")),
    }
}
