//! What the edge hands to the store: records that were read and found valid, and the issues of those that were not.
//!
//! A record has no identity of the store yet. Two records with the same key and the same content are one.

use crate::{CellGeometry, CellKind, DeadlineKind, OwnerRole, PartyKind, Place, Platform, Severity, UtcMs, coded::coded};

coded! {
    /// What was done with a record or feature that had an issue.
    IssueAction {
        /// Changed as the message says, and taken.
        Repaired = "repaired",
        /// Taken as it is.
        Kept = "kept",
        /// Not taken; kept in the rejects file with the reason.
        Rejected = "rejected",
    }
}

/// Something worth saying about one record of an input.
#[derive(Clone, PartialEq, Debug)]
pub struct Issue {
    /// Feature index from 0 (GeoJSON) or line number from 1 (text, header included).
    pub at: u64,
    /// A word to branch on: `duplicate_code`, `ring_unclosed`, `bad_time` …
    pub code: &'static str,
    /// What is wrong, in words, with the offending value.
    pub message: String,
    /// What was done.
    pub action: IssueAction,
    /// Where on the ground, when that helps.
    pub place: Option<Place>,
}

/// A cell as read from a file, ready to be stored in a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct CellRecord {
    /// Code: joined from fields, or generated.
    pub code: String,
    /// Name, may be empty.
    pub name: String,
    /// Basic or dedicated.
    pub kind: CellKind,
    /// Community code, may be empty.
    pub community_code: String,
    /// Name of the community, may be empty.
    pub community_name: String,
    /// Households, when told.
    pub households: Option<u32>,
    /// Owner named by the feature itself (`--owner-field`).
    pub owner: Option<String>,
    /// Position in the source from 0.
    pub feature_index: u32,
    /// Valid ground.
    pub geometry: CellGeometry,
}

/// Columns that a source does not have: what is stored there stays. A column that is there and empty says "nothing".
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Absent(Vec<&'static str>);

impl Absent {
    /// These columns.
    pub fn of(columns: impl IntoIterator<Item = &'static str>) -> Self {
        Self(columns.into_iter().collect())
    }

    /// Whether the source lacks this column.
    pub fn has(&self, column: &str) -> bool {
        self.0.contains(&column)
    }
}

/// How a source is laid out is not part of what a record says.
impl std::fmt::Debug for Absent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Absent")
    }
}

/// A thing as it is kept.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored<T> {
    /// Its number inside the store, never used again.
    pub id: i64,
    /// What is known of it. Of what is kept no column is absent.
    pub of: T,
}

/// "This party answers for this cell."
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerRecord {
    /// Cell code.
    pub cell_code: String,
    /// Name of the party.
    pub party: String,
    /// Person or unit.
    pub party_kind: PartyKind,
    /// Role.
    pub role: OwnerRole,
    /// Phone; sealed by the store, may be empty.
    pub phone: String,
    /// Start; `None` = from the plan's beginning.
    pub valid_from: Option<UtcMs>,
    /// End (exclusive).
    pub valid_to: Option<UtcMs>,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A member of the field staff. Key: `external_id`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaffRecord {
    /// Identity in the source.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// Unit.
    pub unit: String,
    /// Codes of the cells they walk.
    pub cell_codes: Vec<String>,
    /// Phone; sealed by the store, may be empty.
    pub phone: String,
    /// Shifts: `Mon-Fri 08:00-17:00; Sat 09:00-12:00`.
    pub shifts: String,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A key site. Key: `external_id`.
#[derive(Clone, PartialEq, Debug)]
pub struct SiteRecord {
    /// Identity in the source.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Where.
    pub place: Place,
    /// Contact; sealed, may be empty.
    pub contact: String,
    /// Phone; sealed, may be empty.
    pub phone: String,
    /// Opening hours.
    pub hours: String,
    /// Hazards.
    pub hazards: String,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A building. Key: `external_id`, or its place when the source has none.
#[derive(Clone, PartialEq, Debug)]
pub struct BuildingRecord {
    /// Identity in the source.
    pub external_id: String,
    /// Name or number, may be empty.
    pub name: String,
    /// Representative point.
    pub place: Place,
    /// Footprint, when the source has one.
    pub footprint: Option<CellGeometry>,
    /// Households.
    pub households: Option<u32>,
    /// Population.
    pub population: Option<u32>,
    /// Block it belongs to, may be empty.
    pub block: String,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A street as one or more lines.
#[derive(Clone, PartialEq, Debug)]
pub struct StreetRecord {
    /// Identity in the source, may be empty.
    pub external_id: String,
    /// Name, may be empty.
    pub name: String,
    /// Class: arterial, street, lane …
    pub class: String,
    /// Lines in WGS-84 degrees.
    pub lines: Vec<Vec<Place>>,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A line of a category table. Key: kind + code.
#[derive(Clone, PartialEq, Debug)]
pub struct CategoryRecord {
    /// `event`, `component` …
    pub kind: String,
    /// Code inside the kind.
    pub code: String,
    /// Name.
    pub name: String,
    /// Platform.
    pub platform: Option<Platform>,
    /// Severity when a ticket has none.
    pub default_severity: Option<Severity>,
    /// Time allowed, seconds.
    pub deadline_s: Option<i64>,
    /// Calendar or working hours.
    pub deadline_kind: DeadlineKind,
    /// Standard, e.g. `GB/T 30428`.
    pub standard: String,
    /// Edition.
    pub edition: String,
    /// Start of validity.
    pub valid_from: Option<UtcMs>,
    /// End of validity (exclusive).
    pub valid_to: Option<UtcMs>,
    /// Whether free text of such tickets is sensitive.
    pub sensitive: bool,
    /// Columns that the source does not have.
    pub absent: Absent,
}

/// A position report.
#[derive(Clone, PartialEq, Debug)]
pub struct PositionRecord {
    /// `external_id` of the member of staff.
    pub staff: String,
    /// Where.
    pub place: Place,
    /// Accuracy, metres.
    pub accuracy_m: Option<f64>,
    /// When measured.
    pub at: UtcMs,
}
