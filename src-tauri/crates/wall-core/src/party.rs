//! Who answers for a cell (责任人/归属), from a date.

use crate::coded::coded;
use crate::{NetworkId, OwnershipId, PartyId, UtcMs};

coded! {
    /// A person or a department.
    PartyKind {
        /// One human being.
        Person = "person",
        /// A responsible department.
        Unit = "unit",
    }
}

coded! {
    /// How a party answers for a cell.
    OwnerRole {
        /// 网格长
        Leader = "leader",
        /// 专职网格员
        FullTime = "full_time",
        /// 兼职网格员
        PartTime = "part_time",
        /// 社区民警
        Police = "police",
        /// 责任单位
        Unit = "unit",
    }
}

/// A party that can answer for cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Party {
    /// Identity inside the store.
    pub id: PartyId,
    /// Person or unit.
    pub kind: PartyKind,
    /// Name.
    pub name: String,
}

/// One dated line: this party answers for the cell with this code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// Identity inside the store.
    pub id: OwnershipId,
    /// The network whose cell codes are meant.
    pub network: NetworkId,
    /// Code of the cell.
    pub cell_code: String,
    /// Who answers.
    pub party: PartyId,
    /// In which role.
    pub role: OwnerRole,
    /// Start (inclusive).
    pub valid_from: UtcMs,
    /// End (exclusive); `None` = until further notice.
    pub valid_to: Option<UtcMs>,
}
