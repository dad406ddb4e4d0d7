//! Values that the store keeps as JSON with their version (`{"version":1,"edit":{…}}`). Without one they are of version 0, of
//! the editions that stored a value as it came. What lies in stores is read for ever.

use serde_json::Value;

/// Why a stored value cannot be taken out of its envelope.
#[derive(PartialEq, Debug)]
pub(super) enum NotOpened {
    /// A newer edition stored it.
    Newer { version: u64 },
    /// It is nothing of the kind.
    Damaged { why: String },
}

impl From<serde_json::Error> for NotOpened {
    fn from(e: serde_json::Error) -> Self {
        Self::Damaged { why: e.to_string() }
    }
}

/// The version of a value that stands under the name `member`, at most `newest`, and the value. O(length).
pub(super) fn open(text: &str, member: &str, newest: u64) -> Result<(u64, Value), NotOpened> {
    let damaged = |why: &str| NotOpened::Damaged { why: why.into() };
    let Value::Object(mut members) = serde_json::from_str(text)? else { return Err(damaged("it is no object")) };
    let Some(version) = members.remove("version") else { return Ok((0, Value::Object(members))) };
    let version = version.as_u64().filter(|v| *v > 0).ok_or_else(|| damaged("its version is no number"))?;
    match version > newest {
        true => Err(NotOpened::Newer { version }),
        // What is missing is no value of any kind, and is found out by reading it.
        false => Ok((version, members.remove(member).unwrap_or_default())),
    }
}
