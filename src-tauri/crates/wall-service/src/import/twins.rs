//! One key, one record: rows of one input that share a key and differ are all refused, none of them wins.
//!
//! An input is surveyed before any of it is taken. For each record 24 bytes are kept (hash of the key, hash of the content,
//! line), so a million rows take 24 MB and [`MAX_RECORDS`] take 240 MB, whatever the rows hold. The hashes are keyed anew in
//! every process; that two of a million keys share one by chance happens once in 30 million files, and is said like any
//! other refusal.

use std::fmt::{Debug, Write};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use sha2::{Digest, Sha256};
use wall_core::{OwnerRecord, PositionRecord, TicketRecord};

use super::read::{Problem, shown};

/// Most records of one input.
pub const MAX_RECORDS: usize = 10_000_000;
/// Rows that a message names one by one.
const NAMED: usize = 8;

/// A record with a key: two records of one key are one thing.
pub trait Keyed: Debug {
    /// Feeds the key into a hasher.
    fn hash_key(&self, hasher: &mut impl Hasher);

    /// The key for a message: name of the field, value.
    fn key_words(&self) -> (&'static str, &str);

    /// What belongs to the content but is kept out of `Debug`.
    fn hidden(&self) -> [&str; 2] {
        ["", ""]
    }
}

macro_rules! keyed {
    ($($record:ty: $field:literal, $words:ident, ($($part:ident),+);)+) => {$(
        impl Keyed for $record {
            fn hash_key(&self, hasher: &mut impl Hasher) {
                $(self.$part.hash(hasher);)+
            }
            fn key_words(&self) -> (&'static str, &str) {
                ($field, &self.$words)
            }
        }
    )+};
}

keyed! {
    OwnerRecord: "cell_code", cell_code, (cell_code, party, party_kind, role, valid_from);
    PositionRecord: "one time of staff", staff, (staff, at);
}

impl Keyed for TicketRecord {
    fn hash_key(&self, hasher: &mut impl Hasher) {
        (&self.source, &self.external_id).hash(hasher);
        // A message of how a ticket stands is an event of it, and may well stand beside others.
        if self.place.is_none() {
            (self.status, self.status_at, self.closed_at).hash(hasher);
        }
    }

    fn key_words(&self) -> (&'static str, &str) {
        ("external_id", &self.external_id)
    }

    fn hidden(&self) -> [&str; 2] {
        self.reporter.as_ref().map_or(["", ""], |r| [&r.name, &r.phone])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    key: u64,
    line: u64,
    content: u64,
}

/// Collects the keys of an input.
#[derive(Default)]
pub struct TwinSearch {
    keys: RandomState,
    seen: Vec<Seen>,
    held: u64,
    /// Over all records in their order, where it is asked for.
    all: Option<Sha256>,
}

/// The keys that several records of an input have.
#[derive(Default)]
pub struct Twins {
    keys: RandomState,
    /// By key, then line; only keys that are there more than once.
    seen: Vec<Seen>,
}

/// What is known about a record's key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No other record has it, or this is the first of several that say the same.
    Alone,
    /// It was there before, with the same content, at this line.
    Repeated(u64),
    /// Others have it with another content; why none is taken.
    Conflict(Problem),
}

/// Hashes what `Debug` writes: derived, so that no field can be forgotten. With the keys of this process and, where it is
/// asked for, for good. And counts it.
struct HashWriter<'a, H>(H, Option<&'a mut Sha256>, u64);

impl<H: Hasher> Write for HashWriter<'_, H> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        if let Some(all) = &mut self.1 {
            all.update(text);
        }
        self.2 += text.len() as u64;
        Ok(())
    }
}

fn key_of(keys: &RandomState, record: &impl Keyed) -> u64 {
    let mut hasher = keys.build_hasher();
    record.hash_key(&mut hasher);
    hasher.finish()
}

impl TwinSearch {
    /// One that also knows what all records say together ([`Self::digest`]).
    pub fn with_digest() -> Self {
        Self { all: Some(Sha256::new()), ..Self::default() }
    }

    /// Takes note of a record at a line.
    ///
    /// # Errors
    /// A message when there are more records than are counted.
    pub fn add<T: Keyed>(&mut self, line: u64, record: &T) -> Result<(), String> {
        if self.seen.len() == MAX_RECORDS {
            return Err(format!("holds more than {MAX_RECORDS} rows: give it in parts"));
        }
        let mut content = HashWriter(self.keys.build_hasher(), self.all.as_mut(), 0);
        // Writing into a hasher does not fail.
        let _ = write!(content, "{record:?}");
        record.hidden().hash(&mut content.0);
        if let Some(all) = content.1 {
            for hidden in record.hidden() {
                all.update((hidden.len() as u64).to_le_bytes());
                all.update(hidden);
            }
        }
        let (written, content) = (content.2, content.0.finish());
        // Texts and numbers are no longer in memory than in words.
        self.held += written + size_of::<T>() as u64 + record.hidden().map(str::len).iter().sum::<usize>() as u64;
        self.seen.push(Seen { key: key_of(&self.keys, record), line, content });
        Ok(())
    }

    /// About how many bytes of memory all these records take, rather more than less.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// What all records say, in their order: the same for the same input read the same way, in any process. Of none where
    /// it was not asked for.
    pub fn digest(&self) -> [u8; 32] {
        self.all.clone().unwrap_or_default().finalize().into()
    }

    /// Which keys several records have. O(n log n).
    pub fn finish(mut self) -> Twins {
        self.seen.sort_unstable();
        let mut kept = 0;
        let mut start = 0;
        while start < self.seen.len() {
            let end = start + self.seen[start..].partition_point(|s| s.key == self.seen[start].key);
            if end - start > 1 {
                self.seen.copy_within(start..end, kept);
                kept += end - start;
            }
            start = end;
        }
        self.seen.truncate(kept);
        self.seen.shrink_to_fit();
        Twins { keys: self.keys, seen: self.seen }
    }
}

impl Twins {
    fn run(&self, record: &impl Keyed) -> &[Seen] {
        let key = key_of(&self.keys, record);
        let start = self.seen.partition_point(|s| s.key < key);
        let length = self.seen[start..].partition_point(|s| s.key == key);
        &self.seen[start..start + length]
    }

    /// What is known about the key of a record at a line. O(log twins).
    pub fn verdict(&self, line: u64, record: &impl Keyed) -> Verdict {
        let run = self.run(record);
        let Some(first) = run.first() else { return Verdict::Alone };
        if run.iter().all(|s| s.content == first.content) {
            return if first.line == line { Verdict::Alone } else { Verdict::Repeated(first.line) };
        }
        let mut rows: Vec<String> = run.iter().take(NAMED).map(|s| s.line.to_string()).collect();
        if run.len() > NAMED {
            rows.push(format!("… ({} in all)", run.len()));
        }
        let (field, value) = record.key_words();
        let message =
            format!("{field} {} is given to different records, in rows {}: none of them is taken", shown(value), rows.join(", "));
        Verdict::Conflict(Problem::new("duplicate_key", message))
    }

    /// Lines of records that share their key with different ones.
    pub fn conflicting_lines(&self) -> impl Iterator<Item = u64> {
        self.seen
            .chunk_by(|a, b| a.key == b.key)
            .filter(|run| run.iter().any(|s| s.content != run[0].content))
            .flatten()
            .map(|s| s.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wall_core::StreetRecord;

    fn among(records: &[StreetRecord]) -> Twins {
        let mut search = TwinSearch::default();
        (0..).zip(records).for_each(|(line, record)| search.add(line, record).unwrap());
        search.finish()
    }

    fn street(id: u8, name: u8) -> StreetRecord {
        StreetRecord {
            external_id: id.to_string(),
            name: name.to_string(),
            class: String::new(),
            lines: vec![],
            absent: wall_core::Absent::default(),
        }
    }

    #[test]
    fn a_record_is_24_bytes() {
        assert_eq!(size_of::<Seen>(), 24);
    }

    #[test]
    fn every_row_of_a_conflict_is_named() {
        let records: Vec<StreetRecord> = (0..12).map(|i| street(7, i)).collect();
        let twins = among(&records);
        let Verdict::Conflict(problem) = twins.verdict(11, &records[11]) else { panic!("no conflict") };
        assert_eq!(problem.code, "duplicate_key");
        assert!(
            problem.message.contains("id “7”") && problem.message.contains("0, 1, 2") && problem.message.contains("12 in all")
        );
        assert_eq!(twins.conflicting_lines().count(), 12);
    }

    proptest! {
        /// By the plain way: look at all others.
        #[test]
        fn as_the_plain_way_says(list in proptest::collection::vec((0u8..6, 0u8..3), 0..30)) {
            let records: Vec<StreetRecord> = list.iter().map(|(id, name)| street(*id, *name)).collect();
            let twins = among(&records);
            let mut conflicts = 0;
            for (i, record) in records.iter().enumerate() {
                let same = |r: &&StreetRecord| r.external_id == record.external_id;
                let first = records.iter().position(|r| r.external_id == record.external_id).unwrap();
                let expected = if records.iter().filter(same).any(|r| r != record) { 2 } else { usize::from(first != i) };
                let found = match twins.verdict(i as u64, record) {
                    Verdict::Alone => 0,
                    Verdict::Repeated(line) => { prop_assert_eq!(line, first as u64); 1 }
                    Verdict::Conflict(_) => 2,
                };
                prop_assert_eq!(found, expected);
                conflicts += usize::from(found == 2);
            }
            prop_assert_eq!(twins.conflicting_lines().count(), conflicts);
        }
    }
}
