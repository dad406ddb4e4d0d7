//! A whole store copied to another engine, and compared with what it was before it counts.

use crate::{
    Store, StoreError,
    db::{Row, Sql, Value, layout, most_rows, sql},
    keys::write_private,
    open::make_private_folder,
    pen::{Pen, patience},
    secret::hex,
    start::{DATABASE, FIRST, KEYS},
};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use std::{collections::HashSet, ffi::OsString, path::Path};

/// Rows that are written at once.
const ROWS: usize = 4_096;

/// What was copied of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of all of them in the order of their keys, the same on both sides.
    pub sha256: String,
}

/// What a table holds, on the way to be compared.
#[derive(Default)]
struct Told {
    rows: u64,
    hash: Sha256,
}

impl Told {
    /// Each value with its kind and length, so that no two rows are told alike.
    fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        let mut put = |kind: u8, bytes: Option<&[u8]>| {
            self.hash.update([kind, u8::from(bytes.is_some())]);
            let bytes = bytes.unwrap_or_default();
            self.hash.update((bytes.len() as u64).to_le_bytes());
            self.hash.update(bytes);
        };
        for value in row {
            match value {
                Value::Int(v) => put(0, v.map(i64::to_le_bytes).as_ref().map(|b| b.as_slice())),
                Value::Real(v) => put(1, v.map(|v| v.to_bits().to_le_bytes()).as_ref().map(|b| b.as_slice())),
                Value::Bool(v) => put(2, v.map(|v| [u8::from(v)]).as_ref().map(|b| b.as_slice())),
                Value::Text(v) => put(3, v.as_ref().map(|t| t.as_bytes())),
                Value::Bytes(v) => put(4, v.as_deref()),
            }
        }
    }

    fn end(self, table: &str) -> CopiedTable {
        CopiedTable { table: table.to_owned(), rows: self.rows, sha256: hex(&self.hash.finalize()) }
    }
}

/// What lies in a folder; `None` = there is none.
fn names(folder: &Path) -> std::io::Result<Option<HashSet<OsString>>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>().map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what came into a folder that held `before`, and the folder where there was none.
fn clear(folder: &Path, before: Option<&HashSet<OsString>>) -> std::io::Result<()> {
    let Some(before) = before else { return std::fs::remove_dir_all(folder) };
    for name in names(folder)?.iter().flatten().filter(|name| !before.contains(*name)) {
        let path = folder.join(name);
        if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
    }
    Ok(())
}

impl Store {
    /// Makes a store with the same keys at `folder` and `database` (as [`Store::open_at`] takes them) and copies everything
    /// into it, in one transaction there: it holds all of it, row by row the same, or nothing. `progress` hears of each table
    /// that is done. Others may read and write here meanwhile; what they write after the beginning is not in the copy. O(rows).
    ///
    /// # Errors
    /// There is a store already, or what arrived is not what was sent; then nothing of it is there. Of a copy into a file that fails
    /// the folder is left as it was; one that was cut short (ended, a failure of the machine) leaves an empty store.
    pub async fn copy_to(
        &self,
        folder: &Path,
        database: Option<&str>,
        progress: impl FnMut(&CopiedTable),
    ) -> Result<Vec<CopiedTable>, StoreError> {
        self.need_keys()?;
        if database.is_some() {
            return self.copy_there(folder, database, progress).await;
        }
        if [DATABASE, KEYS].iter().any(|name| folder.join(name).exists()) {
            return Err(StoreError::Refused(format!(
                "{} holds a store already; nothing was written over. Where a copy into it was cut short that store is empty: take it away \
                 and copy again",
                folder.display()
            )));
        }
        let before = names(folder)?;
        let copied = self.copy_there(folder, None, progress).await;
        // What is left of a copy would be taken for a store: an empty one, with the keys of this.
        if copied.is_err()
            && let Err(error) = clear(folder, before.as_ref())
        {
            tracing::error!(%error, "the copy failed, and {} holds an empty store: take it away", folder.display());
        }
        copied
    }

    async fn copy_there(
        &self,
        folder: &Path,
        database: Option<&str>,
        progress: impl FnMut(&CopiedTable),
    ) -> Result<Vec<CopiedTable>, StoreError> {
        make_private_folder(folder)?;
        let keys = folder.join(KEYS);
        if database.is_none() {
            // With this mark a database beside keys is begun, not missed.
            write_private(&folder.join(FIRST), b"")?;
        }
        if !keys.exists() {
            write_private(&keys, &self.inner.keys.bytes())?;
        }
        let target = Self::open_at(folder, database).await?;
        let copied = self.copy_into(&target, progress).await;
        if copied.is_ok() {
            target.anchor_to_head().await?;
        }
        target.close().await;
        copied
    }

    async fn copy_into(&self, target: &Self, mut progress: impl FnMut(&CopiedTable)) -> Result<Vec<CopiedTable>, StoreError> {
        if self.identity() != target.identity() {
            return Err(StoreError::Key("the target has other keys".into()));
        }
        let mut source = self.inner.read.snapshot().await?;
        let mut pen = Pen::take(&target.inner, patience()).await?;
        let filled = sql("SELECT (SELECT count(*) FROM change_log) + (SELECT count(*) FROM audit) AS n");
        if pen.one(filled).await?.get::<i64>("n")? != 0 {
            return Err(StoreError::Refused("there is a store at the target already; nothing was written over".into()));
        }
        let mut done = Vec::new();
        for table in layout().await? {
            let names = table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            let all = format!("SELECT {names} FROM {} ORDER BY {}", table.name, table.key.join(", "));
            let values = |row: &Row| table.columns.iter().map(|c| c.value(row)).collect::<Result<Vec<Value>, StoreError>>();
            // What opening a new store puts in.
            pen.execute(Sql::composed(format!("DELETE FROM {}", table.name))).await?;
            let (mut sent, mut arrived) = (Told::default(), Told::default());
            let mut pages = source.stream(Sql::composed(all.clone()))?.try_chunks(ROWS);
            while let Some(page) = pages.try_next().await.map_err(|e| e.1)? {
                let rows = page.iter().map(values).collect::<Result<Vec<_>, StoreError>>()?;
                rows.iter().for_each(|row| sent.add(row));
                let insert = format!("INSERT INTO {} ({names}) VALUES ", table.name);
                for some in rows.chunks(most_rows(table.columns.len())) {
                    pen.execute(Sql::composed(insert.clone()).push_rows(some.iter().cloned())).await?;
                }
            }
            let mut rows = pen.stream(Sql::composed(all))?;
            while let Some(row) = rows.try_next().await? {
                arrived.add(&values(&row)?);
            }
            drop(rows);
            let (sent, arrived) = (sent.end(&table.name), arrived.end(&table.name));
            if sent != arrived {
                return Err(StoreError::Damaged {
                    what: format!(
                        "{}: {} rows were sent and {} arrived, or not the same ones",
                        table.name, sent.rows, arrived.rows
                    ),
                });
            }
            progress(&sent);
            done.push(sent);
        }
        drop(source);
        pen.commit(true).await?;
        Ok(done)
    }
}
