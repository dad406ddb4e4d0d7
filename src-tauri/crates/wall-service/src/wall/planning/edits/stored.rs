//! Edits as the store keeps them: JSON with a version. What lies in stores is read for ever; what a newer edition wrote is
//! left as it is and said.

use super::{
    super::envelope::{self, NotOpened},
    PlanEdit, upgrade,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version that is written. Rows without one are of version 0, of the editions that stored an edit as it came.
pub(super) const VERSION: u64 = 1;

#[derive(Serialize)]
struct Row<'a> {
    version: u64,
    edit: &'a PlanEdit,
}

/// Why a stored edit cannot be read.
#[derive(PartialEq, Debug)]
pub(in crate::wall::planning) enum NotRead {
    /// A newer edition stored it.
    Newer { version: u64 },
    /// It is, or holds, an edit of a kind that nobody here knows.
    UnknownKind { kind: String },
    /// It is no edit.
    Damaged { why: String },
}

impl From<NotOpened> for NotRead {
    fn from(why: NotOpened) -> Self {
        match why {
            NotOpened::Newer { version } => Self::Newer { version },
            NotOpened::Damaged { why } => Self::Damaged { why },
        }
    }
}

/// An edit as it is to be stored.
pub(in crate::wall::planning) fn write(edit: &PlanEdit) -> serde_json::Result<String> {
    serde_json::to_string(&Row { version: VERSION, edit })
}

/// An edit as it was stored, by whatever edition. O(length).
pub(in crate::wall::planning) fn read(text: &str) -> Result<PlanEdit, NotRead> {
    let (version, edit) = envelope::open(text, "edit", VERSION)?;
    let edit = upgrade::to_this(version, edit);
    match unknown_kind(&edit) {
        Some(kind) => Err(NotRead::UnknownKind { kind: kind.to_owned() }),
        None => PlanEdit::deserialize(edit).map_err(|e| NotRead::Damaged { why: e.to_string() }),
    }
}

/// What a stored edit is called in the history; also of one that cannot be read, as far as it says so itself.
pub(in crate::wall::planning) fn called(text: &str) -> String {
    if let Ok(edit) = read(text) {
        return edit.called().to_owned();
    }
    let row: Value = serde_json::from_str(text).unwrap_or_default();
    let edit = row.get("edit").unwrap_or(&row);
    edit["kind"].as_str().unwrap_or("unknown").to_owned()
}

/// The first kind in an edit that is none of this edition.
fn unknown_kind(edit: &Value) -> Option<&str> {
    let own = edit["kind"].as_str().filter(|kind| !PlanEdit::KINDS.contains(kind));
    own.or_else(|| edit["edits"].as_array()?.iter().find_map(unknown_kind))
}

#[cfg(test)]
mod tests {
    use super::{super::OwnerLine, *};
    use serde_json::json;

    /// Every kind of edit, as the editions before versions stored it, letter by letter.
    const UNVERSIONED: &[&str] = &[
        r#"{"kind":"move_vertex","from":[120.1,30.2],"to":[120.100001,30.2],"outer":false}"#,
        r#"{"kind":"insert_vertex","a":[120.1,30.2],"b":[120.2,30.2],"at":[120.15,30.2]}"#,
        r#"{"kind":"delete_vertex","at":[120.123456789,30.000000001]}"#,
        r#"{"kind":"reshape","line":[[120.1,30.2],[120.15,30.25],[120.2,30.2]],"outer":true}"#,
        r#"{"kind":"split","face":3,"line":[[120.1,30.2],[120.2,30.2]]}"#,
        r#"{"kind":"merge","into":1,"from":[2,5]}"#,
        r#"{"kind":"transfer","to":4,"ring":[[120.1,30.2],[120.2,30.2],[120.2,30.3],[120.1,30.2]]}"#,
        r#"{"kind":"fill_gap","at":[120.1,30.2],"to":0}"#,
        r#"{"kind":"close_lanes","at_most_m":2.5}"#,
        r#"{"kind":"cut_out","face":7}"#,
        r#"{"kind":"settle","faces":[7,9]}"#,
        r#"{"kind":"simplify","faces":[],"tolerance_m":0.5}"#,
        r#"{"kind":"describe","face":3,"code":"330108001001001","name":null,"cell_kind":"dedicated","community_code":null}"#,
        r#"{"kind":"owners","face":3,"owners":[{"party":"王","party_kind":"person","role":"leader","from_code":"","valid_from_ms":null,"valid_to_ms":1773273600000}],"against":[]}"#,
        r#"{"kind":"owners","face":3,"owners":null,"against":null}"#,
        r#"{"kind":"number","all":true}"#,
        r#"{"kind":"batch","edits":[{"kind":"merge","into":1,"from":[2]},{"kind":"batch","edits":[]}]}"#,
    ];

    /// What editions left out because it was not thought of yet, and what it meant.
    const SHORTER: &[(&str, &str)] = &[
        (
            r#"{"kind":"move_vertex","from":[1.0,2.0],"to":[3.0,4.0]}"#,
            r#"{"kind":"move_vertex","from":[1.0,2.0],"to":[3.0,4.0],"outer":false}"#,
        ),
        (
            r#"{"kind":"batch","edits":[{"kind":"reshape","line":[[1.0,2.0]]}]}"#,
            r#"{"kind":"batch","edits":[{"kind":"reshape","line":[[1.0,2.0]],"outer":false}]}"#,
        ),
        (
            r#"{"kind":"owners","face":1,"owners":[{"party":"a","party_kind":"unit","role":"unit","from_code":"A"}]}"#,
            r#"{"kind":"owners","face":1,"owners":[{"party":"a","party_kind":"unit","role":"unit","from_code":"A","valid_from_ms":null,"valid_to_ms":null}],"against":null}"#,
        ),
    ];

    #[test]
    fn what_lies_in_stores_is_read_for_ever_and_written_with_a_version() {
        let mut kinds: Vec<&str> = Vec::new();
        let cases = UNVERSIONED.iter().map(|row| (*row, *row)).chain(SHORTER.iter().copied());
        for (row, whole) in cases {
            let edit = read(row).unwrap_or_else(|e| panic!("{row}: {e:?}"));
            // Nothing is lost: the edit says what the row said, in the same words.
            assert_eq!(serde_json::to_string(&edit).unwrap(), whole);
            let written = write(&edit).unwrap();
            assert_eq!(written, format!(r#"{{"version":1,"edit":{whole}}}"#));
            assert_eq!(read(&written), Ok(edit.clone()));
            kinds.push(edit.kind());
        }
        kinds.dedup();
        assert_eq!(&kinds[..PlanEdit::KINDS.len()], PlanEdit::KINDS, "a kind without a row, or a row without its word");
    }

    #[test]
    fn what_a_newer_edition_stored_is_said() {
        for row in [r#"{"version":2,"edit":{"kind":"merge","into":1,"from":[2]}}"#, r#"{"version":2,"steps":[1]}"#] {
            assert_eq!(read(row), Err(NotRead::Newer { version: 2 }));
        }
        assert_eq!(called(r#"{"version":2,"edit":{"kind":"merge","into":1,"from":[2]}}"#), "merge");
        assert_eq!(called(r#"{"version":2,"steps":[1]}"#), "unknown");
        for row in [
            r#"{"kind":"fold","face":1}"#,
            r#"{"version":1,"edit":{"kind":"fold"}}"#,
            r#"{"version":1,"edit":{"kind":"batch","edits":[{"kind":"number","all":true},{"kind":"fold"}]}}"#,
        ] {
            assert_eq!(read(row), Err(NotRead::UnknownKind { kind: "fold".into() }), "{row}");
        }
        assert_eq!(called(r#"{"version":1,"edit":{"kind":"fold"}}"#), "fold");
    }

    #[test]
    fn nothing_is_guessed_of_what_is_damaged() {
        for row in [
            "",
            "{",
            "7",
            "[]",
            "{}",
            r#"{"kind":7}"#,
            r#"{"kind":"merge","into":1}"#,
            r#"{"kind":"merge","into":-1,"from":[]}"#,
            r#"{"version":1}"#,
            r#"{"version":0,"edit":{"kind":"number","all":true}}"#,
            r#"{"version":"1","edit":{"kind":"number","all":true}}"#,
            // Owners are of a kind and role that there is: nobody is taken for somebody else.
            r#"{"kind":"owners","face":1,"owners":[{"party":"a","party_kind":"club","role":"unit","from_code":"A"}],"against":null}"#,
            r#"{"kind":"owners","face":1,"owners":[{"party":"a","party_kind":"unit","role":"boss","from_code":"A"}],"against":null}"#,
            // Of this version every member is written, and no other.
            r#"{"version":1,"edit":{"kind":"reshape","line":[]}}"#,
            r#"{"version":1,"edit":{"kind":"number","all":true,"gently":true}}"#,
        ] {
            assert!(matches!(read(row), Err(NotRead::Damaged { .. })), "{row}: {:?}", read(row));
        }
        assert_eq!(called(r#"{"kind":"merge","into":1}"#), "merge");
    }

    #[test]
    fn several_edits_are_called_by_the_first() {
        let describe =
            || json!({ "kind": "describe", "face": 1, "code": "A", "name": null, "cell_kind": null, "community_code": null });
        let transfer = || json!({ "kind": "transfer", "to": 1, "ring": [] });
        for (edits, word) in [
            (vec![], "batch"),
            (vec![transfer()], "transfer"),
            (vec![describe()], "describe"),
            (vec![describe(), describe()], "number"),
            (vec![transfer(), describe()], "batch"),
            (vec![json!({ "kind": "merge", "into": 1, "from": [2] }), describe()], "merge"),
        ] {
            assert_eq!(called(&json!({ "kind": "batch", "edits": edits }).to_string()), word);
        }
    }

    /// Whatever stands in a store is read or refused, and what is read is written the same.
    #[test]
    fn fuzz_stored_edit() {
        let seeds: Vec<&[u8]> = UNVERSIONED.iter().map(|row| row.as_bytes()).collect();
        let owner = OwnerLine {
            party: "a".into(),
            party_kind: wall_core::PartyKind::Unit,
            role: wall_core::OwnerRole::Unit,
            from_code: String::new(),
            valid_from_ms: Some(1),
            valid_to_ms: None,
        };
        let versioned =
            write(&PlanEdit::Owners { face: 1, owners: Some(vec![owner]), against: None }).expect("an edit has a JSON form");
        let seeds: Vec<&[u8]> = seeds.into_iter().chain([versioned.as_bytes()]).collect();
        crate::fuzz::fuzz("stored_edit", &seeds, |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            called(text);
            let Ok(edit) = read(text) else { return };
            let written = write(&edit).expect("an edit has a JSON form");
            let again = read(&written).expect("it is read again");
            assert_eq!(write(&again).expect("JSON"), written);
        });
    }
}
