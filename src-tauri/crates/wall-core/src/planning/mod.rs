//! What a boundary planner (网格规划) needs to know about a draft: figures of each cell, codes, findings.
//!
//! Pure functions on cells as they stand ([`PlannedCell`]) and on what lies on the ground ([`PlanningGround`]); nothing
//! here changes a border by itself. Every result is the same for the same input, whatever the order of a hash map.

mod area;
mod balancer;
mod blocks;
mod codes;
mod draw;
mod figures;
mod findings;
mod ground;
mod households;
mod impact;
mod network_overlay;
mod overlaps;
mod partition;
mod patrol;
mod point_grid;
mod shape;
mod workload;

#[cfg(test)]
mod block_tests;
#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod tests;

pub use balancer::{NothingMore, ProposalRules, Proposals, ProposedMove, proposals};
pub use blocks::{Block, BlockBorder, blocks};
pub use codes::{
    CodeFault, CodeOverflow, CodeScheme, LineageKind, LineageLine, MergePolicy, Numbering, NumberingFault, PartSize, SchemeFault,
    SplitPolicy, lineage, number_cells, reading_order,
};
pub use draw::{DrawFault, DrawnCell, draw_cells};
pub use figures::{CellFigures, HouseholdsFrom};
pub use findings::{CommunityOutlines, FindingLevel, FindingRules, Leftover, LeftoverKind, PlanFinding, findings, findings_of};
pub use ground::{BuildingPoint, PlanningGround, StaffPoint, StreetLine, TicketPoint};
pub use households::BaseHouseholds;
pub use impact::{Amounts, CellImpact, Flow, ImpactOf, ImpactReport, impact};
pub use network_overlay::{MergeCandidate, NetworkOverlay, OverlayLine, network_overlay};
pub use workload::{Band, BandFit, WorkloadWeights, workload};

use crate::{CellGeometry, CellKind};

/// A cell of a draft (or of any plan) as the planner's functions see it.
#[derive(Clone, Copy, Debug)]
pub struct PlannedCell<'a> {
    /// Position of the feature in its plan: the second key of the tie rule.
    pub order: usize,
    /// Code; empty while it has none.
    pub code: &'a str,
    /// Code it had in the plan the draft began from, when that is another one: staff are assigned by it. Empty = none.
    pub former_code: &'a str,
    /// Name; may be empty.
    pub name: &'a str,
    /// Basic or dedicated.
    pub kind: CellKind,
    /// 12-digit code of its community; may be empty.
    pub community_code: &'a str,
    /// How many parties answer for it.
    pub owners: usize,
    /// Its ground.
    pub geometry: &'a CellGeometry,
}

impl<'a> PlannedCell<'a> {
    /// A basic cell with a code and ground, and nothing else known.
    pub fn of(order: usize, code: &'a str, geometry: &'a CellGeometry) -> Self {
        Self { order, code, former_code: "", name: "", kind: CellKind::Basic, community_code: "", owners: 0, geometry }
    }

    /// The key of the tie rule: the lowest has what several claim.
    fn rank(&self) -> (&'a [u8], usize) {
        (self.code.as_bytes(), self.order)
    }
}
