//! A ticket as the edge hands it in: read and found valid, without an identity of the store yet.

use super::{Channel, Platform, Severity, TicketStatus};
use crate::{Place, UtcMs};

/// Who reported a ticket. Sealed by the store, never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reporter {
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reporter(sealed)")
    }
}

/// A named attachment and the hash of its bytes.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// SHA-256 in hex, or whatever the source gives.
    pub hash: String,
}

/// A ticket as a feed or file gives it. `source` + `external_id` is the key. By default it says nothing at all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TicketRecord {
    /// System it came from.
    pub source: String,
    /// Identity there.
    pub external_id: String,
    /// Category code or name as given, may be empty.
    pub category: String,
    /// One line, may be empty.
    pub title: String,
    /// Free text, may be empty.
    pub description: String,
    /// Where, WGS-84 (already converted); `None` = nobody told. A new ticket then needs an address; a known one takes the message
    /// for how it stands.
    pub place: Option<Place>,
    /// Accuracy radius in metres.
    pub accuracy_m: Option<f64>,
    /// Address, may be empty.
    pub address: String,
    /// Channel.
    pub channel: Option<Channel>,
    /// Platform.
    pub platform: Option<Platform>,
    /// Severity, `None` = the category's default, else 3.
    pub severity: Option<Severity>,
    /// Community code, may be empty.
    pub community_code: String,
    /// When it was reported; `None` = now.
    pub reported_at: Option<UtcMs>,
    /// When it is due; `None` = by the category's deadline, if it has one.
    pub due_at: Option<UtcMs>,
    /// Status; `None` = received (or unchanged for a known ticket).
    pub status: Option<TicketStatus>,
    /// The source's word for the status where it is not known and `status` is the nearest stage; else empty.
    pub status_word: String,
    /// When that status was reached; `None` = `closed_at` for a final one, else nobody says.
    pub status_at: Option<UtcMs>,
    /// When it was closed.
    pub closed_at: Option<UtcMs>,
    /// Who reported it.
    pub reporter: Option<Reporter>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Whether the text is sensitive; `None` = as the category says.
    pub sensitive: Option<bool>,
    /// Closed before opened in the source.
    pub inverted_times: bool,
}

impl TicketRecord {
    /// Whether it says where its ticket is, by coordinates or by an address: what a new ticket needs.
    pub fn says_where(&self) -> bool {
        self.place.is_some() || !self.address.is_empty()
    }
}
