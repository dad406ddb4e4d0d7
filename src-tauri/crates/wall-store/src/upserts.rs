//! Writing what sources list by the keys of the sources: new, changed, or the same.

use crate::{
    StoreError, WriteTx,
    db::{Sql, Value, chunks, stretches},
    kinds::ChangeKind,
};
use wall_core::Absent;

/// What became of the records of one import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Upserts {
    /// New.
    pub created: u64,
    /// Known and changed.
    pub updated: u64,
    /// Known and the same.
    pub unchanged: u64,
}

/// A record of what sources list by a key of their own, and how it is kept: one implementation a noun, in `kinds/`. Which columns
/// there are is the same for every record of a kind.
pub trait Listed: Sync {
    /// What it is; its word is the table too.
    const KIND: ChangeKind;

    /// The columns that name it, with what they say.
    fn key(&self) -> Vec<(&'static str, &str)>;

    /// The columns that may change, with what they say.
    fn values(&self) -> Vec<(&'static str, Value)>;

    /// The columns that the source does not have: they stay as they are.
    fn absent(&self) -> &Absent;

    /// Fields that are sealed, by name.
    fn sealed(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }
}

impl WriteTx {
    /// Writes records in order. A row of which nothing changes is left alone. O(n log rows).
    ///
    /// # Errors
    /// The store cannot be written: nothing of it is then.
    pub async fn put<T: Listed>(&mut self, records: &[T]) -> Result<Upserts, StoreError> {
        let mut done = Upserts::default();
        // A key that comes again is then a known one.
        for unique in stretches(records, T::key) {
            self.put_unique_keys(unique, &mut done).await?;
        }
        Ok(done)
    }

    /// `records`: at least one.
    async fn put_unique_keys<T: Listed>(&mut self, records: &[T], done: &mut Upserts) -> Result<(), StoreError> {
        let known = self.known_keys(records).await?;
        let mut next = self.ids(T::KIND.code(), known.iter().filter(|id| id.is_none()).count()).await?;
        let mut fresh = Vec::new();
        for (record, known) in records.iter().zip(known) {
            let (id, changed) = match known {
                None => {
                    fresh.push((next, record, self.line(T::KIND, next)));
                    next += 1;
                    done.created += 1;
                    (next - 1, true)
                }
                Some(id) => {
                    let changed = self.update_listed(id, record).await?;
                    *(if changed { &mut done.updated } else { &mut done.unchanged }) += 1;
                    (id, changed)
                }
            };
            if self.put_sealed(T::KIND, id, &record.sealed(), record.absent()).await? && !changed {
                // A thing of which only this changes is changed.
                done.unchanged -= 1;
                done.updated += 1;
                self.touch(T::KIND, id).await?;
            }
        }
        let said = records[0].values();
        let columns = ["id", "recorded_at", "revision"].into_iter().chain(key_columns(records)).chain(said.iter().map(|v| v.0));
        let head = format!("INSERT INTO {} ({}) VALUES ", T::KIND.code(), columns.collect::<Vec<_>>().join(", "));
        for chunk in chunks(&fresh) {
            let rows = chunk.iter().map(|(id, record, revision)| {
                let row = [(*id).into(), self.recorded_at.into(), (*revision).into()];
                let key = record.key().into_iter().map(|(_, value)| value.into());
                row.into_iter().chain(key).chain(record.values().into_iter().map(|(_, value)| value))
            });
            self.tx.execute(Sql::composed(head.clone()).push_rows(rows)).await?;
        }
        Ok(())
    }

    /// The ids of records that have a row, in their order.
    async fn known_keys<T: Listed>(&mut self, records: &[T]) -> Result<Vec<Option<i64>>, StoreError> {
        let names: Vec<&str> = key_columns(records).collect();
        let same = names.iter().map(|column| format!("t.{column} = k.{column}")).collect::<Vec<_>>().join(" AND ");
        let (head, table) = (format!("WITH k (place, {}) AS (VALUES ", names.join(", ")), T::KIND.code());
        // Looked up one by one along the key: of a join PostgreSQL reads the whole table until it has counted it.
        let tail = format!(") SELECT k.place, (SELECT t.id FROM {table} t WHERE {same}) AS id FROM k");
        let mut known = Vec::with_capacity(records.len());
        for chunk in chunks(records) {
            let keys = (0i64..)
                .zip(chunk)
                .map(|(place, r)| std::iter::once(place.into()).chain(r.key().into_iter().map(|(_, value)| Value::from(value))));
            let mut ids = vec![None; chunk.len()];
            for row in self.tx.rows(Sql::composed(head.clone()).push_rows(keys).push(&tail)).await? {
                ids[row.get::<u32>("place")? as usize] = row.get("id")?;
            }
            known.append(&mut ids);
        }
        Ok(known)
    }

    /// Writes what a record says into a row that is there; `false` when the row says so already.
    async fn update_listed<T: Listed>(&mut self, id: i64, record: &T) -> Result<bool, StoreError> {
        let given = record.values().into_iter().filter(|(column, _)| !record.absent().has(column));
        let (columns, values): (Vec<&str>, Vec<Value>) = given.unzip();
        if columns.is_empty() {
            return Ok(false);
        }
        let each = |text: fn(&str, usize) -> String, between: &str| {
            columns.iter().zip(3..).map(|(column, n)| text(column, n)).collect::<Vec<_>>().join(between)
        };
        let set = each(|column, n| format!("{column} = ${n}"), ", ");
        let differs = each(|column, n| format!("{column} IS DISTINCT FROM ${n}"), " OR ");
        let table = T::KIND.code();
        let update = Sql::composed(format!("UPDATE {table} SET recorded_at = $1, {set} WHERE id = $2 AND ({differs})"));
        let update = values.into_iter().fold(update.bind(self.recorded_at).bind(id), Sql::bind);
        let changed = self.tx.execute(update).await? > 0;
        if changed {
            self.touch(T::KIND, id).await?;
        }
        Ok(changed)
    }

    /// A line of the change log for a row that is there.
    async fn touch(&mut self, kind: ChangeKind, id: i64) -> Result<(), StoreError> {
        let revision = self.line(kind, id);
        let touched = Sql::composed(format!("UPDATE {} SET revision = $1 WHERE id = $2", kind.code()));
        self.tx.execute(touched.bind(revision).bind(id)).await.map(drop)
    }

    /// Seals what belongs to a thing and is not for everybody: fields that the source lacks keep their value, empty ones
    /// are erased. `true` when something changed.
    async fn put_sealed(
        &mut self,
        kind: ChangeKind,
        id: i64,
        fields: &[(&'static str, &str)],
        absent: &Absent,
    ) -> Result<bool, StoreError> {
        if fields.iter().all(|(field, _)| absent.has(field)) {
            return Ok(false);
        }
        let old = self.open_sealed(kind.code(), id).await?.unwrap_or_default();
        let of = |field: &str| old.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
        let new: serde_json::Map<String, serde_json::Value> = fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), (if absent.has(field) { of(field) } else { *value }).into()))
            .collect();
        if fields.iter().all(|(field, _)| new[*field] == of(field)) {
            return Ok(false);
        }
        if new.values().all(|v| v == "") {
            self.erase_sealed(kind.code(), id).await?;
        } else {
            self.seal(kind.code(), id, &new.into()).await?;
        }
        Ok(true)
    }
}

/// The columns that name a kind of record; of none, none.
fn key_columns<T: Listed>(records: &[T]) -> impl Iterator<Item = &'static str> {
    records.first().map(T::key).unwrap_or_default().into_iter().map(|(column, _)| column)
}
