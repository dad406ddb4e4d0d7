//! The events of a ticket: append-only, typed, and kept with their kind and version so that a later edition can read them.
//!
//! An event that changes a value carries what it was and what it is. So nothing is stored twice: the row of a ticket holds
//! its last state, and what it was at the beginning is what the first change of a value says it was, else what the row says.

use super::{Attachment, Channel, Platform, Severity, Ticket, TicketStatus};
use crate::{Place, UtcMs, coded::coded};
use serde::{Deserialize, Serialize};

coded! {
    /// By which way an event came.
    Origin {
        /// History from elsewhere, by an import.
        Imported = "imported",
        /// A message of a feed.
        Intake = "intake",
        /// A person moved it.
        Move = "move",
    }
}

coded! {
    /// How a place was found.
    LocationMethod {
        /// The source gave coordinates.
        Told = "told",
        /// By its address: the only building that has it.
        Address = "address",
        /// A person put it there.
        Hand = "hand",
    }
}

/// A value before and after.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change<T> {
    /// Before.
    pub was: T,
    /// From then on.
    pub is: T,
}

impl<T: PartialEq> Change<T> {
    /// The change from one value to another; `None` when they are equal.
    pub fn between(was: T, is: T) -> Option<Self> {
        (was != is).then_some(Self { was, is })
    }
}

/// It was reported.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Received {
    /// The source's own word for it where that is not one of ours; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// It reached a status.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusSet {
    /// Where it stood when this came.
    pub from: TicketStatus,
    /// The status it reached.
    pub to: TicketStatus,
    /// Why, or the source's own word for the status; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A place and how well it is known.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spot {
    /// Where.
    #[serde(with = "exact")]
    pub place: Place,
    /// Accuracy radius in metres, when told.
    #[serde(with = "exact_option", default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
}

/// It was found, or found elsewhere; `None` = nobody knows where.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Located {
    /// Where it was thought to be.
    pub was: Option<Spot>,
    /// Where it is.
    pub is: Option<Spot>,
    /// How that was found.
    pub method: LocationMethod,
}

/// The time of its reporting was corrected: it holds for all of its history.
pub type ReportedAt = Change<UtcMs>;

/// What it says was changed: only what is `Some`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Described {
    /// Category code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Change<String>>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Change<String>>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Change<String>>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Change<String>>,
    /// Channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Change<Option<Channel>>>,
    /// Platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Change<Option<Platform>>>,
    /// Community code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community_code: Option<Change<String>>,
    /// Attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Change<Vec<Attachment>>>,
    /// Whether its text is sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<Change<bool>>,
}

impl Described {
    /// What differs in the texts of two states of a ticket; `None` when nothing does.
    pub fn between(old: &Ticket, new: &Ticket) -> Option<Self> {
        let text = |was: &String, is: &String| (was != is).then(|| Change { was: was.clone(), is: is.clone() });
        let files = |was: &Vec<_>, is: &Vec<_>| (was != is).then(|| Change { was: was.clone(), is: is.clone() });
        let described = Self {
            category: text(&old.category, &new.category),
            title: text(&old.title, &new.title),
            description: text(&old.description, &new.description),
            address: text(&old.address, &new.address),
            channel: Change::between(old.channel, new.channel),
            platform: Change::between(old.platform, new.platform),
            community_code: text(&old.community_code, &new.community_code),
            attachments: files(&old.attachments, &new.attachments),
            sensitive: Change::between(old.sensitive, new.sensitive),
        };
        (described != Self::default()).then_some(described)
    }

    fn put(&self, ticket: &mut Ticket, side: Side) {
        fn set<T: Clone>(value: &mut T, change: &Option<Change<T>>, side: Side) {
            if let Some(change) = change {
                value.clone_from(side.of(&change.was, &change.is));
            }
        }
        set(&mut ticket.category, &self.category, side);
        set(&mut ticket.title, &self.title, side);
        set(&mut ticket.description, &self.description, side);
        set(&mut ticket.address, &self.address, side);
        set(&mut ticket.channel, &self.channel, side);
        set(&mut ticket.platform, &self.platform, side);
        set(&mut ticket.community_code, &self.community_code, side);
        set(&mut ticket.attachments, &self.attachments, side);
        set(&mut ticket.sensitive, &self.sensitive, side);
    }
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Payload {
    /// It was reported.
    Received(Received),
    /// It reached a status.
    Status(StatusSet),
    /// Its due time was set; `None` = it has none.
    DueSet(Change<Option<UtcMs>>),
    /// Its severity was set.
    SeveritySet(Change<Severity>),
    /// Its place was found or corrected.
    Located(Located),
    /// Its texts were changed.
    Described(Box<Described>),
    /// The time of its reporting was corrected.
    ReportedAt(ReportedAt),
    /// Written by a newer edition: kept as it is, and said.
    Unknown {
        /// The word of its kind.
        kind: String,
        /// The version of its body.
        version: u32,
        /// Its body, verbatim.
        body: String,
    },
}

/// The version of the bodies that this edition writes, of every kind.
const VERSION: u32 = 1;

/// An event whose body cannot be read though its kind and version are known: damage.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the body of an event \"{kind}\" cannot be read: {why}")]
pub struct BadPayload {
    /// The word of its kind.
    pub kind: String,
    /// What is wrong with it.
    pub why: String,
}

#[derive(Clone, Copy)]
enum Side {
    Was,
    Is,
}

impl Side {
    fn of<T>(self, was: T, is: T) -> T {
        match self {
            Self::Was => was,
            Self::Is => is,
        }
    }
}

impl Payload {
    /// The word of its kind.
    pub fn kind(&self) -> &str {
        match self {
            Self::Received(_) => "received",
            Self::Status(_) => "status",
            Self::DueSet(_) => "due_set",
            Self::SeveritySet(_) => "severity_set",
            Self::Located(_) => "located",
            Self::Described(_) => "described",
            Self::ReportedAt(_) => "reported_at",
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// The version of its body.
    pub fn version(&self) -> u32 {
        match self {
            Self::Unknown { version, .. } => *version,
            _ => VERSION,
        }
    }

    /// Its body as JSON; empty when it carries nothing.
    pub fn body(&self) -> String {
        // Structures of texts and numbers: there is nothing in them that JSON could refuse.
        fn json(value: &impl Serialize) -> String {
            serde_json::to_string(value).unwrap_or_default()
        }
        match self {
            Self::Received(r) if *r == Received::default() => String::new(),
            Self::Received(r) => json(r),
            Self::Status(s) => json(s),
            Self::DueSet(c) => json(c),
            Self::SeveritySet(c) => json(c),
            Self::Located(l) => json(l),
            Self::Described(d) => json(d),
            Self::ReportedAt(c) => json(c),
            Self::Unknown { body, .. } => body.clone(),
        }
    }

    /// Reads what [`Payload::body`] wrote. A kind or version that this edition does not know is kept as it is; a body of a
    /// known one that cannot be read is an error.
    pub fn read(kind: &str, version: u32, body: &str) -> Result<Self, BadPayload> {
        fn from<'a, T: Deserialize<'a>>(kind: &str, body: &'a str) -> Result<T, BadPayload> {
            serde_json::from_str(body).map_err(|e| BadPayload { kind: kind.into(), why: e.to_string() })
        }
        if version != VERSION {
            return Ok(Self::Unknown { kind: kind.into(), version, body: body.into() });
        }
        Ok(match kind {
            "received" if body.is_empty() => Self::Received(Received::default()),
            "received" => Self::Received(from(kind, body)?),
            "status" => Self::Status(from(kind, body)?),
            "due_set" => Self::DueSet(from(kind, body)?),
            "severity_set" => Self::SeveritySet(from(kind, body)?),
            "located" => Self::Located(from(kind, body)?),
            "described" => Self::Described(Box::new(from(kind, body)?)),
            "reported_at" => Self::ReportedAt(from(kind, body)?),
            _ => Self::Unknown { kind: kind.into(), version, body: body.into() },
        })
    }

    /// Makes a state what it is after this event, as far as one event can say: the status is of the whole course.
    pub(super) fn apply(&self, ticket: &mut Ticket) {
        self.put(ticket, Side::Is);
    }

    /// Makes a state what it was before this event.
    pub(super) fn take_back(&self, ticket: &mut Ticket) {
        self.put(ticket, Side::Was);
    }

    fn put(&self, ticket: &mut Ticket, side: Side) {
        match self {
            Self::DueSet(c) => ticket.due_at = side.of(c.was, c.is),
            Self::SeveritySet(c) => ticket.severity = side.of(c.was, c.is),
            Self::Located(l) => {
                let spot = side.of(l.was, l.is);
                (ticket.place, ticket.accuracy_m) = (spot.map(|s| s.place), spot.and_then(|s| s.accuracy_m));
            }
            Self::Described(d) => d.put(ticket, side),
            Self::ReportedAt(c) => ticket.reported_at = side.of(c.was, c.is),
            Self::Received(_) | Self::Status(_) | Self::Unknown { .. } => {}
        }
    }
}

/// One line of a ticket's history.
#[derive(Clone, PartialEq, Debug)]
pub struct TicketEvent {
    /// What happened.
    pub payload: Payload,
    /// When it happened.
    pub at: UtcMs,
    /// Whether `at` was told; `false` = nobody said, and it is when the message came.
    pub told: bool,
    /// When we learned it, by the system's clock.
    pub recorded_at: UtcMs,
    /// The revision of the store that made it visible: it orders what was known.
    pub revision: i64,
    /// By which way it came.
    pub origin: Origin,
    /// Who: account, operating-system user or token.
    pub actor: String,
    /// The door it came through: `wall`, `browser`, `cli`, `api`; empty = before this was kept.
    pub station: String,
}

/// Degrees as text: readers of JSON numbers differ in the last digit.
mod exact {
    use crate::Place;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn number(text: &str) -> Option<f64> {
        text.parse().ok().filter(|n: &f64| n.is_finite())
    }

    pub fn serialize<S: Serializer>(place: &Place, to: S) -> Result<S::Ok, S::Error> {
        [place.lon.to_string(), place.lat.to_string()].serialize(to)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Place, D::Error> {
        let [lon, lat] = <[String; 2]>::deserialize(from)?;
        let place = number(&lon).zip(number(&lat)).and_then(|(lon, lat)| Place::new(lon, lat));
        place.ok_or_else(|| D::Error::custom(format!("[\"{lon}\", \"{lat}\"] is no place")))
    }
}

/// The same for a number that may be missing.
mod exact_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        number.map(|n| n.to_string()).serialize(to)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<f64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        super::exact::number(&text).map(Some).ok_or_else(|| D::Error::custom(format!("\"{text}\" is no number")))
    }
}
