//! Where the records of a `.shp` are. The `.shx` says which are valid: a record that was edited in place, deleted or moved
//! leaves its old bytes behind, and nothing in the `.shp` itself tells them from the new ones.

use super::{MAX_FEATURES, be, le};
use crate::import::cells::raw::Note;
use crate::import::read::Problem;

/// A record's content, or why it is lost.
type Record<'a> = Result<&'a [u8], Problem>;

/// The contents of the records, in order: as the index lists them; where there is no usable one, one after the other.
pub(super) fn records<'a>(shp: &'a [u8], shx: Option<&[u8]>, notes: &mut Vec<Note>) -> Vec<Record<'a>> {
    let announced = be(shp, 24).and_then(|words| words.checked_mul(2)).unwrap_or(0);
    if announced > shp.len() {
        notes.push(Note::new("truncated", format!("the .shp announces {announced} bytes and holds {}", shp.len())));
    }
    match shx.map(|shx| by_index(shp, shx, notes)) {
        Some(Ok(found)) => return found,
        Some(Err(why)) => {
            notes.push(Note::new("index_unusable", format!("the .shx {why}: the records were read one after the other instead")));
        }
        None => {}
    }
    let (found, numbered) = one_after_the_other(shp, notes);
    if shx.is_none() && !numbered {
        let message = "the records of the .shp are not numbered one after the other (old versions of edited ones?), \
            and there is no .shx that says which are valid";
        notes.push(Note::new("records_doubtful", message));
    }
    found
}

/// The records by the index, or what is wrong with it.
fn by_index<'a>(shp: &'a [u8], shx: &[u8], notes: &mut Vec<Note>) -> Result<Vec<Record<'a>>, String> {
    if shx.len() < 100 || be(shx, 0) != Some(9994) {
        return Err("is cut off or none".into());
    }
    let entries = &shx[100..];
    let announced = be(shx, 24).and_then(|words| words.checked_mul(2)).unwrap_or(0);
    if announced > shx.len() {
        let (all, there) = (announced.saturating_sub(100) / 8, entries.len() / 8);
        notes.push(Note::new("truncated", format!("the .shx announces {all} records and lists {there}")));
    }
    let (mut found, mut confirmed, mut overlapping) = (Vec::new(), 0usize, 0usize);
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (i, entry) in entries.chunks_exact(8).take(MAX_FEATURES + 1).enumerate() {
        let span =
            be(entry, 0).zip(be(entry, 4)).and_then(|(offset, length)| Some((offset.checked_mul(2)?, length.checked_mul(2)?)));
        let Some((offset, length)) = span.filter(|(offset, _)| *offset >= 100) else {
            found.push(Err(lost(i, "has no place in the .shp")));
            continue;
        };
        let start = offset.saturating_add(8);
        let end = start.saturating_add(length);
        if (be(shp, offset), be(shp, offset + 4)) == (Some(i + 1), Some(length / 2)) {
            confirmed += 1;
        }
        // A null shape is four bytes long, whatever some writers say about its length.
        if length >= 4 && le(shp, start) == Some(0) {
            spans.push((offset, start + 4));
            found.push(Ok(&shp[start..start + 4]));
            continue;
        }
        match shp.get(start..end) {
            Some(content) if length >= 4 => {
                spans.push((offset, end));
                found.push(Ok(content));
            }
            _ => found.push(Err(lost(i, "lies behind the end of the .shp"))),
        }
    }
    spans.sort_unstable();
    let mut covered = 100;
    let mut left = 0;
    for (from, to) in &spans {
        overlapping += usize::from(*from < covered);
        left += from.saturating_sub(covered);
        covered = covered.max(*to);
    }
    left += shp.len().saturating_sub(covered);
    if found.is_empty() && left >= 12 {
        return Err("lists no record, the .shp holds some".into());
    }
    // Records that share their bytes, or are mostly not where they are said to be: this is another file's index.
    if overlapping > 0 || (confirmed * 2 < found.len() && found.len() > 1 && !readable(&found)) {
        return Err("does not describe this .shp".into());
    }
    if left > 0 {
        let message = format!("{left} bytes of the .shp belong to no record of the .shx (old or deleted ones): left out");
        notes.push(Note::new("unlisted_bytes", message));
    }
    Ok(found)
}

/// Whether what the index points at looks like records, though their heads say otherwise: some writers count from 0.
fn readable(found: &[Record<'_>]) -> bool {
    let good = |r: &&Record<'_>| {
        r.as_ref().is_ok_and(|c| matches!(le(c, 0), Some(0 | 1 | 3 | 5 | 8 | 11 | 13 | 15 | 18 | 21 | 23 | 25 | 28 | 31)))
    };
    found.iter().filter(good).count() * 2 > found.len()
}

fn lost(i: usize, why: &str) -> Problem {
    Problem::new("truncated", format!("record {} {why}", i + 1))
}

/// The records as they follow each other, and whether they are numbered so.
fn one_after_the_other<'a>(shp: &'a [u8], notes: &mut Vec<Note>) -> (Vec<Record<'a>>, bool) {
    let (mut found, mut at, mut numbered, mut first) = (Vec::new(), 100, true, None);
    while at < shp.len() && found.len() <= MAX_FEATURES {
        let content = be(shp, at + 4).and_then(|words| shp.get(at + 8..(at + 8).checked_add(words.checked_mul(2)?)?));
        match content {
            Some(content) if content.len() >= 4 => {
                // From 1 by the rule, from 0 by the habit of some.
                let number = be(shp, at);
                let first = *first.get_or_insert(number.unwrap_or(usize::MAX).min(2));
                numbered &= number == Some(found.len() + first) && first < 2;
                found.push(Ok(content));
                at += 8 + content.len();
            }
            // What follows cannot be told apart any more.
            _ => {
                if shp.len() - at >= 12 {
                    found.push(Err(Problem::new("truncated", format!("the .shp is damaged or cut off at byte {at}"))));
                }
                let message = format!("the .shp is damaged or cut off at byte {at}: nothing after it was read");
                notes.push(Note::new("truncated", message));
                break;
            }
        }
    }
    (found, numbered)
}
