//! Edits of a plan: what is done to it, step by step. The store keeps them as [`stored`] writes them.

pub(super) mod stored;
mod upgrade;

use serde::{Deserialize, Serialize};
use wall_core::{OwnerRole, PartyKind};

/// An edit of a plan. Places are `[longitude, latitude]` in WGS-84 degrees; lines and rings are lists of them, and rings need
/// not be closed. Cells are named by their face.
///
/// What stands in stores is this, member by member: whatever changes here makes a new version in [`stored`], and a step in
/// `upgrade` that brings what lies in stores up to it.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::wall) enum PlanEdit {
    /// Moves a vertex or node; the cells around follow.
    MoveVertex {
        from: [f64; 2],
        to: [f64; 2],
        /// It lies on the outer border.
        outer: bool,
    },
    /// A new vertex on the stretch between two neighbouring vertices.
    InsertVertex { a: [f64; 2], b: [f64; 2], at: [f64; 2] },
    /// Takes a vertex out of an edge.
    DeleteVertex { at: [f64; 2] },
    /// Replaces the stretch of a border between the ends of a drawn line.
    Reshape {
        line: Vec<[f64; 2]>,
        /// Of the outer border.
        outer: bool,
    },
    /// Splits a cell by a line.
    Split { face: u32, line: Vec<[f64; 2]> },
    /// Merges neighbours into the cell that stays.
    Merge { into: u32, from: Vec<u32> },
    /// Gives an area to the cell that grows.
    Transfer { to: u32, ring: Vec<[f64; 2]> },
    /// Gives ground that is no cell's, around a place in it, to the cell that grows.
    FillGap { at: [f64; 2], to: u32 },
    /// Closes all lanes at most so wide: each half goes to the cell it is nearer to.
    CloseLanes { at_most_m: f64 },
    /// Gives a cell back the ground that the plan it came from states for it and another cell has.
    CutOut { face: u32 },
    /// Decides that what the draft could not take over of cells from its base stays as it is; empty = of all.
    Settle { faces: Vec<u32> },
    /// Simplifies the borders of cells together; empty = of all.
    Simplify {
        faces: Vec<u32>,
        /// Largest way of a border, m.
        tolerance_m: f64,
    },
    /// Changes what is written of a cell; `None` leaves as it is.
    Describe {
        face: u32,
        code: Option<String>,
        name: Option<String>,
        /// Code of the kind.
        cell_kind: Option<String>,
        community_code: Option<String>,
    },
    /// Says who will answer for a cell.
    Owners {
        face: u32,
        /// `None` = as proposed by rule, which confirms them.
        owners: Option<Vec<OwnerLine>>,
        /// Those that the rule proposed when somebody looked; `None` = not known.
        against: Option<Vec<OwnerLine>>,
    },
    /// Gives codes by the scheme: to cells without one, or to all.
    Number { all: bool },
    /// Several edits as one step, in this order.
    Batch { edits: Vec<PlanEdit> },
}

/// Somebody who answers for a cell from the beginning of a plan, or from a time of their own.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::wall) struct OwnerLine {
    /// Name of the party.
    pub party: String,
    /// Person or unit.
    pub party_kind: PartyKind,
    /// In which role.
    pub role: OwnerRole,
    /// Code of the cell it comes from; empty = named by hand.
    pub from_code: String,
    /// Answers from this time on only; `None` = from the beginning of the plan.
    pub valid_from_ms: Option<i64>,
    /// Answers until this time; `None` = open.
    pub valid_to_ms: Option<i64>,
}

impl PlanEdit {
    /// Every word of [`Self::kind`].
    const KINDS: &'static [&'static str] = &[
        "move_vertex",
        "insert_vertex",
        "delete_vertex",
        "reshape",
        "split",
        "merge",
        "transfer",
        "fill_gap",
        "close_lanes",
        "cut_out",
        "settle",
        "simplify",
        "describe",
        "owners",
        "number",
        "batch",
    ];

    /// The word of its kind, as it is stored.
    fn kind(&self) -> &'static str {
        match self {
            Self::MoveVertex { .. } => "move_vertex",
            Self::InsertVertex { .. } => "insert_vertex",
            Self::DeleteVertex { .. } => "delete_vertex",
            Self::Reshape { .. } => "reshape",
            Self::Split { .. } => "split",
            Self::Merge { .. } => "merge",
            Self::Transfer { .. } => "transfer",
            Self::FillGap { .. } => "fill_gap",
            Self::CloseLanes { .. } => "close_lanes",
            Self::CutOut { .. } => "cut_out",
            Self::Settle { .. } => "settle",
            Self::Simplify { .. } => "simplify",
            Self::Describe { .. } => "describe",
            Self::Owners { .. } => "owners",
            Self::Number { .. } => "number",
            Self::Batch { .. } => "batch",
        }
    }

    /// What it is called in the history: of several the first says it. Numbering is stored as descriptions, and balancing as
    /// areas given.
    fn called(&self) -> &'static str {
        match self {
            Self::Batch { edits } => match edits.as_slice() {
                [] => "batch",
                [one] => one.kind(),
                [Self::Describe { .. }, ..] => "number",
                [Self::Transfer { .. }, ..] => "batch",
                [first, ..] => first.kind(),
            },
            one => one.kind(),
        }
    }
}
