//! What editions before this one stored, brought up version by version. No step is ever taken out: stores are read for ever.

use serde_json::Value;

/// An edit of an older version as one of this version. What is no edit stays what it is, and is found out by reading it.
pub(super) fn to_this(version: u64, mut edit: Value) -> Value {
    if version < 1 {
        each(&mut edit, &from_0_to_1);
    }
    edit
}

/// Does something to an edit and to all it holds.
fn each(edit: &mut Value, change: &dyn Fn(&mut Value)) {
    change(edit);
    if let Some(edits) = edit.get_mut("edits").and_then(Value::as_array_mut) {
        edits.iter_mut().for_each(|e| each(e, change));
    }
}

/// Version 0 is of before edits of the outer border were told apart: whoever says nothing of it means the others.
fn from_0_to_1(edit: &mut Value) {
    if matches!(edit["kind"].as_str(), Some("move_vertex" | "reshape"))
        && let Some(members) = edit.as_object_mut()
    {
        members.entry("outer").or_insert(Value::Bool(false));
    }
}
