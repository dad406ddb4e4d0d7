//! What the boundary planner sees and sends. Coordinates are `[longitude, latitude]` in WGS-84 degrees; the service brings
//! them onto the grid of 1e-9 degree. Words for findings, refusals and edits are the user interface's: here are codes and
//! values. Never here: anything of the care registers (decision 16).

use super::{OwnerView, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use wall_core::{
    CellKind, PlanStatus,
    planning::{BandFit, FindingLevel, HouseholdsFrom, LineageKind, MergePolicy, SplitPolicy},
};

wire! {
/// What a cell of a plan carries on the map.
pub struct PlanCellProperties {
    /// Its face, which is also the feature's id.
    pub face: u32,
    /// Code.
    pub code: String,
    /// Name, may be empty.
    pub name: String,
    /// Basic or dedicated.
    pub kind: Word<CellKind>,
    /// Code of its community, may be empty.
    pub community_code: String,
    /// Households against the band.
    pub band: Word<BandFit>,
    /// Households, when known.
    pub households: Option<f64>,
    /// Workload by the weights of the settings.
    pub workload: f64,
    /// Who answers first; empty = nobody.
    pub owner: String,
    /// Whether it is otherwise than in the base.
    pub changed: bool,
    /// A place inside for the label.
    pub label_lon: f64,
    /// Latitude of the same.
    pub label_lat: f64,
}

/// What a border of a plan carries on the map.
pub struct PlanEdgeProperties {
    /// The edge, which is also the feature's id.
    pub edge: u32,
    /// The cell on its left, seen from its first point; `null` = none.
    pub left: Option<u32>,
    /// The cell on its right.
    pub right: Option<u32>,
}

/// What a piece of a lane between cells carries on the map.
pub struct PlanLaneProperties {
    /// The cell it is nearer to.
    pub face: u32,
}


/// What is being done with a file of cells on its way in.
#[serde(rename_all = "snake_case")]
#[derive(Copy, Eq)]
pub enum ImportPhase {
    /// It arrives; in bytes.
    Uploading,
    /// It waits for its turn.
    Waiting,
    /// It is being taken apart.
    Reading,
    /// Its features are being made cells; in features.
    Cells,
    /// The cells are being compared with each other.
    Comparing,
}

/// How far an import is.
#[derive(Copy, Eq)]
pub struct ImportProgress {
    /// What is being done.
    pub phase: ImportPhase,
    /// How much of it is done.
    #[ts(type = "number")]
    pub done: u64,
    /// Of how much; 0 = not known.
    #[ts(type = "number")]
    pub of: u64,
}
}

wire! {
/// A plan in the list of plans.
pub struct PlanSummary {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// Key of its network.
    pub network: String,
    /// Name.
    pub name: String,
    /// Where it stands in its life.
    pub status: Word<PlanStatus>,
    /// In force at the wall's now.
    pub in_force: bool,
    /// Approved in review and not yet published.
    pub approved: bool,
    /// Start of force, inclusive; a first plan is in force since 1900 ("since always").
    #[ts(type = "number | null")]
    pub effective_from_ms: Option<i64>,
    /// End of force, exclusive.
    #[ts(type = "number | null")]
    pub effective_to_ms: Option<i64>,
    /// The plan it was drawn from.
    #[ts(type = "number | null")]
    pub base_plan: Option<i64>,
    /// Who made it.
    pub author: String,
    /// Who sent it to review; empty = nobody yet.
    pub submitted_by: String,
    /// Who reviewed it last; empty = nobody yet.
    pub reviewed_by: String,
    /// Names on screen of those three who have accounts, by the name they sign in with.
    pub people: BTreeMap<String, String>,
    /// What the reviewer said.
    pub review_note: String,
    /// Cells.
    pub cells: u32,
    /// Edits of its history, on all branches.
    pub edits: u32,
    /// When it was last changed.
    #[ts(type = "number")]
    pub changed_ms: i64,
}

/// Figures of one cell of a plan.
pub struct PlanCell {
    /// The cell inside this plan: stays the same through edits.
    pub face: u32,
    /// Code; empty while a new cell has none.
    pub code: String,
    /// Name.
    pub name: String,
    /// Basic or dedicated.
    pub kind: Word<CellKind>,
    /// Code of its community.
    pub community_code: String,
    /// Name of its community.
    pub community_name: String,
    /// Households; `None` = unknown.
    pub households: Option<f64>,
    /// Where the number comes from.
    pub households_from: Word<HouseholdsFrom>,
    /// Population; `None` = unknown.
    pub population: Option<f64>,
    /// Area, m².
    pub area_m2: f64,
    /// Length of its border, m.
    pub perimeter_m: f64,
    /// Tickets of the last 90 days by severity 1 … 4.
    pub tickets_90d: Vec<u32>,
    /// Open tickets.
    pub open: u32,
    /// Field staff.
    pub staff: u32,
    /// Length of streets to walk, m.
    pub patrol_m: f64,
    /// Workload by the weights of the settings.
    pub workload: f64,
    /// Compactness (Polsby–Popper), 0 … 1.
    pub compactness: f64,
    /// Parts.
    pub parts: u32,
    /// Holes.
    pub holes: u32,
    /// Households against the target band (dedicated cells: always in).
    pub band: Word<BandFit>,
    /// Who answers for it, by the carry-over rule and confirmations.
    pub owners: Vec<OwnerView>,
    /// Whether its ground, code or name differs from the plan it was drawn from.
    pub changed: bool,
    /// A place inside for the label.
    pub label_lon: f64,
    /// A place inside for the label.
    pub label_lat: f64,
    /// The box around it: west, south, east, north in degrees.
    pub bounds: [f64; 4],
}

/// Something to know about a plan before publishing it. Its words are the user interface's.
pub struct PlanFindingView {
    /// How much it matters.
    pub level: Word<FindingLevel>,
    /// not_contiguous, overlap, gap, no_owner, code_duplicate …
    pub code: String,
    /// Cells it is about.
    pub faces: Vec<u32>,
    /// Codes of those cells.
    pub cells: Vec<String>,
    /// Where to look.
    pub lon: Option<f64>,
    /// Where to look.
    pub lat: Option<f64>,
    /// Values for the words.
    pub values: BTreeMap<String, String>,
    /// Publishing needs this to be mended or acknowledged by its code.
    pub blocks: bool,
    /// What it is about.
    pub scope: FindingScope,
}

/// What a finding is about.
#[serde(rename_all = "snake_case")]
pub enum FindingScope {
    /// Some cells.
    Cells,
    /// The plan as a whole: a gap, owners to confirm.
    Plan,
    /// The making of the draft, which no edit changes.
    Making,
    /// The file it was made of.
    File,
}

/// Where a plan stands, for whoever has it open: asked every other second.
pub struct PlanStand {
    /// The edit it stands on.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
    /// Where it stands in its life.
    pub status: Word<PlanStatus>,
    /// Approved in review and not yet published.
    pub approved: bool,
    /// To be sent back as `since` with the next question.
    #[ts(type = "number")]
    pub revision: i64,
    /// Owners, codes, settings or other plans changed since `since`: the plan is to be loaded anew.
    pub news: bool,
    /// The edit it stands on, with who made it.
    pub last: Option<LastEdit>,
    /// Who else has it before them.
    pub others: Vec<PlanPerson>,
}

/// The edit a plan stands on.
pub struct LastEdit {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// The edit before; `null` = the beginning.
    #[ts(type = "number | null")]
    pub parent: Option<i64>,
    /// move_vertex, split, merge …
    pub kind: String,
    /// Codes of the cells it was about.
    pub cells: Vec<String>,
    /// Who made it, as on screen.
    pub name: String,
    /// The asker did.
    pub mine: bool,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Somebody who has a plan before them.
pub struct PlanPerson {
    /// Name on screen.
    pub name: String,
}

/// What an edit made of the findings of a plan.
pub struct FindingsChange {
    /// Of the findings about cells those about any of these are replaced by `cells`.
    pub looked_at: Vec<u32>,
    /// Findings about those cells.
    pub cells: Vec<PlanFindingView>,
    /// All findings about the plan as a whole; `null` = as they were.
    pub plan: Option<Vec<PlanFindingView>>,
}

/// Weights of the workload figure.
pub struct WorkloadWeightsView {
    /// For each household.
    pub household: f64,
    /// For each ticket of 90 days, by severity 1 … 4.
    pub ticket_by_severity: Vec<f64>,
    /// For each open ticket.
    pub open: f64,
    /// For each km².
    pub area_km2: f64,
    /// For each km of streets.
    pub patrol_km: f64,
}

/// What the room set for planning.
pub struct PlanningSettings {
    /// Lower end of the target band, households.
    pub band_low: f64,
    /// Upper end of the target band, households.
    pub band_high: f64,
    /// Weights.
    pub weights: WorkloadWeightsView,
    /// Digits of the sequence behind the community code (3 → 15 digits in all).
    pub code_sequence_digits: u8,
    /// Which part keeps the code after a split.
    pub split_policy: Word<SplitPolicy>,
    /// Which code a merged cell has.
    pub merge_policy: Word<MergePolicy>,
}

/// An edit of a plan. Lines and rings are lists of `[longitude, latitude]`; rings need not be closed.
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EditBody {
    /// Moves a vertex or node; the cells around follow. `outer`: it lies on the outer border.
    MoveVertex {
        /// Where it is.
        from: [f64; 2],
        /// Where it goes.
        to: [f64; 2],
        /// Whether the outer border may change.
        #[serde(default)]
        outer: bool,
    },
    /// A new vertex on the stretch between two neighbouring vertices.
    InsertVertex {
        /// One end of the stretch.
        a: [f64; 2],
        /// The other end.
        b: [f64; 2],
        /// Where the new vertex stands.
        at: [f64; 2],
    },
    /// Takes a vertex out of an edge.
    DeleteVertex {
        /// Where it is.
        at: [f64; 2],
    },
    /// Replaces the stretch of a border between the ends of a drawn line. `outer`: of the outer border.
    Reshape {
        /// The line.
        line: Vec<[f64; 2]>,
        /// Whether the outer border is meant.
        #[serde(default)]
        outer: bool,
    },
    /// Splits a cell by a line.
    Split {
        /// The cell.
        face: u32,
        /// The line.
        line: Vec<[f64; 2]>,
    },
    /// Merges neighbours into one cell.
    Merge {
        /// The cell that stays.
        into: u32,
        /// The cells that end.
        from: Vec<u32>,
    },
    /// Gives an area to a cell.
    Transfer {
        /// The cell that grows.
        to: u32,
        /// The area.
        ring: Vec<[f64; 2]>,
    },
    /// Gives ground that is no cell's to a cell.
    FillGap {
        /// A place inside the gap.
        at: [f64; 2],
        /// The cell that grows.
        to: u32,
    },
    /// Closes all lanes: strips of nobody's ground between two cells that reach the outside. Each half goes to the cell it is
    /// nearer to.
    CloseLanes {
        /// Wider ones stay open, m.
        at_most_m: f64,
    },
    /// Gives a cell back the ground that the plan it came from states for it and another cell has: an enclave is cut out of
    /// its neighbour. A cell of which nothing was left is there again.
    CutOut {
        /// The cell, as the finding names it.
        face: u32,
    },
    /// Decides that what the draft could not take over from its base stays as it is: who has the ground now keeps it.
    Settle {
        /// The cells, as the findings name them; empty = all.
        faces: Vec<u32>,
    },
    /// Simplifies the borders of cells together.
    Simplify {
        /// The cells; empty = all.
        faces: Vec<u32>,
        /// Largest way of a border, m.
        tolerance_m: f64,
    },
    /// Changes what is written of a cell; `None` leaves as it is.
    Describe {
        /// The cell.
        face: u32,
        /// Code.
        code: Option<String>,
        /// Name.
        name: Option<String>,
        /// basic or dedicated.
        cell_kind: Option<String>,
        /// Code of the community.
        community_code: Option<String>,
    },
    /// Says who will answer for a cell.
    Owners {
        /// The cell.
        face: u32,
        /// The owners; `null` = as proposed by rule, which confirms them.
        owners: Option<Vec<PlanOwnerLine>>,
        /// Those that the rule proposed when somebody looked (`now` of [`PlanOwners`]): when it proposes others by now, this
        /// is refused with `owners_changed`. `null` = whatever it proposes.
        #[serde(default)]
        against: Option<Vec<PlanOwnerLine>>,
    },
    /// Gives codes by the scheme: to new cells only, or to all, west→east and north→south.
    Number {
        /// All cells instead of those without a code.
        all: bool,
    },
    /// Several edits as one step.
    Batch {
        /// In this order.
        edits: Vec<EditBody>,
    },
}

/// An edit to be done (or only looked at).
pub struct EditRequest {
    /// What to do.
    pub edit: EditBody,
    /// The edit the page stands on (`null` = the beginning); another head in the store refuses this with `head_moved`.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
}

/// What an edit, undo, redo or jump made of a plan.
pub struct EditResult {
    /// The edit the plan now stands on; `null` = the beginning.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
    /// Cells that changed, with their figures.
    pub changed: Vec<PlanCell>,
    /// Cells that are gone.
    pub removed: Vec<u32>,
    /// GeoJSON FeatureCollection of the changed cells; properties: `face`.
    #[ts(type = "import(\"geojson\").FeatureCollection")]
    pub cells: serde_json::Value,
    /// GeoJSON FeatureCollection of the edges (lines) around the changed cells; properties: `edge`, `left`, `right`
    /// (cells or null), replacing all edges that had a changed or removed cell on a side.
    #[ts(type = "import(\"geojson\").FeatureCollection")]
    pub edges: serde_json::Value,
    /// What became of the findings.
    pub findings: FindingsChange,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Edits that could be done again, the last one undone first.
    #[ts(type = "number[]")]
    pub redo: Vec<i64>,
}

/// Why an edit was refused; nothing was changed.
pub struct EditRefusal {
    /// crosses_border, not_neighbours, head_moved …
    pub code: String,
    /// In English, for logs.
    pub message: String,
    /// Where.
    pub lon: Option<f64>,
    /// Where.
    pub lat: Option<f64>,
    /// Cells it is about.
    pub faces: Vec<u32>,
}

/// A draft that cannot be opened where it stands: an edit of its history, stored by an earlier edition or damaged, cannot be
/// done again. Nothing of it is lost: going to `last` keeps the steps before as the draft, and the rest in its history.
pub struct PlanStuck {
    /// cannot_replay.
    pub code: String,
    /// In English, for logs.
    pub message: String,
    /// The draft.
    pub plan: PlanSummary,
    /// The edit it stands on.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
    /// Which step on the way there it is, 1 = the first.
    pub step: u32,
    /// How many steps there are on the way.
    pub steps: u32,
    /// Why it cannot be done.
    pub why: EditRefusal,
    /// The edit before, which can be gone to; `null` = the beginning.
    #[ts(type = "number | null")]
    pub last: Option<i64>,
    /// The edit and all that stand on it, oldest first.
    pub rest: Vec<EditView>,
}

/// A plan opened for looking or editing.
pub struct PlanState {
    /// The plan.
    pub plan: PlanSummary,
    /// Whether the asker may edit it now.
    pub editable: bool,
    /// Why not: published, in_review, retired, role; empty when editable.
    pub why_not: String,
    /// The edit it stands on.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Edits that could be done again, the last one undone first.
    #[ts(type = "number[]")]
    pub redo: Vec<i64>,
    /// All its cells.
    pub cells: Vec<PlanCell>,
    /// Findings.
    pub findings: Vec<PlanFindingView>,
    /// Settings.
    pub settings: PlanningSettings,
    /// Communities by code with names, for the choice of a cell's community.
    pub communities: BTreeMap<String, String>,
}

/// An edit in the history.
pub struct EditView {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// The edit before; `null` = the beginning.
    #[ts(type = "number | null")]
    pub parent: Option<i64>,
    /// move_vertex, split, merge …
    pub kind: String,
    /// Codes (or names) of the cells it was about.
    pub cells: Vec<String>,
    /// Who.
    pub actor: String,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Whether the plan's present state contains it.
    pub applied: bool,
}

/// A named state of a plan.
pub struct PlanSnapshotView {
    /// Identity.
    #[ts(type = "number")]
    pub id: i64,
    /// Name.
    pub name: String,
    /// The edit it names; `null` = the beginning.
    #[ts(type = "number | null")]
    pub edit: Option<i64>,
    /// Who.
    pub actor: String,
    /// When.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// The history of a plan: a tree, because an edit after undo keeps what was undone.
pub struct PlanHistory {
    /// The edit the plan stands on.
    #[ts(type = "number | null")]
    pub head: Option<i64>,
    /// All edits, oldest first.
    pub edits: Vec<EditView>,
    /// Named states.
    pub snapshots: Vec<PlanSnapshotView>,
}

/// Amounts of ground and what lies on it.
pub struct PlanAmounts {
    /// m².
    pub area_m2: f64,
    /// Households.
    pub households: f64,
    /// Population.
    pub population: f64,
    /// Workload.
    pub workload: f64,
    /// Open tickets.
    pub open: u32,
    /// Tickets of 90 days.
    pub tickets_90d: u32,
    /// Cameras.
    pub cameras: u32,
    /// Key sites.
    pub sites: u32,
    /// Staff.
    pub staff: u32,
}

/// What moves from one cell to another.
pub struct ImpactFlow {
    /// Code of the cell that gives; empty = no cell.
    pub from: String,
    /// Code of the cell that takes; empty = no cell.
    pub to: String,
    /// Who answers for the ground before.
    pub from_owner: String,
    /// Who answers for it after.
    pub to_owner: String,
    /// How much.
    pub amounts: PlanAmounts,
}

/// A changed cell before and after.
pub struct ImpactCell {
    /// Code before; empty = new.
    pub before_code: String,
    /// Code after; empty = gone.
    pub after_code: String,
    /// Name after, else before.
    pub name: String,
    /// What became of it.
    pub lineage: Word<LineageKind>,
    /// Before.
    pub before: Option<PlanAmounts>,
    /// After.
    pub after: Option<PlanAmounts>,
}

/// What publishing a plan does.
pub struct ImpactView {
    /// The plan.
    pub plan: PlanSummary,
    /// The plan it is compared with: the one in force when it takes effect.
    pub base: Option<PlanSummary>,
    /// Changed cells.
    pub cells: Vec<ImpactCell>,
    /// What moves from whom to whom.
    pub flows: Vec<ImpactFlow>,
    /// Cells that do not change.
    pub unchanged: u32,
    /// Wall time of the figures.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// One move of a proposal.
pub struct ProposalMove {
    /// Name of the block.
    pub block: String,
    /// Households in it.
    pub households: f64,
    /// From which cell.
    pub from_face: u32,
    /// To which cell.
    pub to_face: u32,
    /// Code of the first.
    pub from_code: String,
    /// Code of the second.
    pub to_code: String,
    /// Households of the first before and after this move.
    pub from_households: [f64; 2],
    /// Households of the second before and after.
    pub to_households: [f64; 2],
    /// The edit that does it.
    pub edit: EditBody,
}

/// Changes that would bring cells into the band. Never applied by themselves.
pub struct Proposals {
    /// In the order in which they build on each other.
    pub moves: Vec<ProposalMove>,
    /// Cells of the target band before and after all moves.
    pub in_band: [u32; 2],
    /// Why there is nothing (or nothing more) to propose: balanced, no_blocks, no_households, no_move; empty otherwise.
    pub reason: String,
}

/// One line of carried-over owners. What pages send is text: a word that there is not is refused in the planner's words.
pub struct PlanOwnerLine {
    /// Name of the party.
    pub party: String,
    /// person or unit.
    #[ts(type = "PartyKind")]
    pub party_kind: String,
    /// As what.
    #[ts(type = "OwnerRole")]
    pub role: String,
    /// Code of the cell it comes from; empty = named by hand.
    pub from_code: String,
    /// Answers from this time on only; `null` = from the beginning of the plan.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub valid_from_ms: Option<i64>,
    /// Answers until this time; `null` = open.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub valid_to_ms: Option<i64>,
}

/// Who will answer for a cell of the plan, to be confirmed.
pub struct PlanOwners {
    /// The cell.
    pub face: u32,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Owners.
    pub owners: Vec<PlanOwnerLine>,
    /// By which rule they answer.
    pub rule: PlanOwnerRule,
    /// Whether somebody confirmed it (kept owners need no confirmation).
    pub confirmed: bool,
    /// Somebody confirmed or named owners, and meanwhile the rule proposes others: these. They are asked again.
    pub changed: Option<Vec<PlanOwnerLine>>,
    /// What the rule proposes, to be sent back as `against`.
    pub now: Vec<PlanOwnerLine>,
}

/// By which rule somebody answers for a cell of a plan.
#[serde(rename_all = "snake_case")]
pub enum PlanOwnerRule {
    /// The code had owners and keeps them.
    Kept,
    /// Those of the cell it comes from: split, merged, or most of the ground.
    Inherited,
    /// Somebody named them.
    Named,
    /// Nobody answers.
    None,
}

/// A new draft.
pub struct NewPlanRequest {
    /// Name.
    pub name: String,
    /// Key of the network.
    pub network: String,
    /// The plan to start from; `null` = the one in force.
    #[ts(type = "number | null")]
    pub base: Option<i64>,
    /// Draw cells from streets, water, buildings and community outlines instead of copying.
    #[serde(default)]
    pub from_nothing: bool,
}

/// A word to a plan's life: submit, withdraw, approve, return, publish, retire.
pub struct PlanStepRequest {
    /// submit, withdraw (from review, or a published plan before it begins), approve, return, publish, retire.
    pub step: String,
    /// What to say with it.
    #[serde(default)]
    pub note: String,
    /// The edit the page shows, 0 = the beginning: when the plan stands on another one, the step is refused with
    /// `head_moved`. `null` = whatever it stands on.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub seen: Option<i64>,
    /// publish: from when; `null` = now (a first plan: since always).
    #[serde(default)]
    #[ts(type = "number | null")]
    pub effective_ms: Option<i64>,
    /// publish: open tickets `move` with the ground or `stay` with the cell's code.
    #[serde(default)]
    pub tickets: String,
    /// publish: codes of blocking findings that are acknowledged.
    #[serde(default)]
    pub acknowledge: Vec<String>,
}

/// A jump in the history, or one step of it.
pub struct PlanGotoRequest {
    /// goto: the edit, `null` = the beginning; redo: which branch, `null` = the one walked last; undo takes none.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub edit: Option<i64>,
    /// The edit the page shows, 0 = the beginning; as in a step.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub seen: Option<i64>,
}

/// A name for the present state.
pub struct PlanSnapshotRequest {
    /// Name.
    pub name: String,
}

/// How two plans share the ground: one line for each pair of cells that meet.
pub struct OverlayLineView {
    /// Code of the first plan's cell.
    pub a: String,
    /// Its name.
    pub a_name: String,
    /// Code of the second plan's cell.
    pub b: String,
    /// Its name.
    pub b_name: String,
    /// Common ground, m².
    pub area_m2: f64,
    /// Share of the first's ground, 0 … 1.
    pub share_of_a: f64,
    /// Share of the second's ground, 0 … 1.
    pub share_of_b: f64,
}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edits come from pages: whatever comes is read or refused, and what is read is written the same.
    #[test]
    fn fuzz_plan_edit() {
        let seeds: &[&[u8]] = &[
            br#"{"edit":{"kind":"move_vertex","from":[1,2],"to":[3,4]},"head":null}"#,
            br#"{"edit":{"kind":"split","face":1,"line":[[1,2],[3,4]]},"head":7}"#,
            br#"{"edit":{"kind":"batch","edits":[{"kind":"merge","into":1,"from":[2]},{"kind":"number","all":true}]},"head":-1}"#,
            br#"{"edit":{"kind":"describe","face":1,"code":"A","name":null},"head":1}"#,
            br#"{"edit":{"kind":"simplify","faces":[1],"tolerance_m":1e999},"head":1}"#,
        ];
        crate::fuzz::fuzz("plan_edit", seeds, |bytes| {
            let Ok(request) = serde_json::from_slice::<EditRequest>(bytes) else { return };
            let text = serde_json::to_string(&request.edit).expect("an edit has a JSON form");
            let again: EditBody = serde_json::from_str(&text).expect("it is read again");
            assert_eq!(serde_json::to_string(&again).expect("JSON"), text);
        });
    }
}
