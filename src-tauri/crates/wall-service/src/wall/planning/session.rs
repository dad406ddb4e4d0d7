//! One open plan: its topology, what is written of its cells, their figures, and the way back.
//!
//! Everything here is derived from the store: the cells the draft began from and the edits on the way to its head. The same
//! edits always give the same cells, so a process that was killed loses at most the edit in hand.

use super::{
    data::PlanningData,
    draft_cells::{DraftCell, DraftCells},
    edits::{
        PlanEdit,
        stored::{self, NotRead},
    },
    findings::Findings,
    ground_edit::{Reach, on_grid},
    moves::{Difference, Moves},
    owners::{Owners, Written},
    refused::{EditRefused, refusal},
    shape::{Joined, shape_of},
    touched::{Touched, Walked},
    unheld::AllUnheld,
};
use crate::wall::reach::TouchedCell;
use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use wall_core::{
    BuildOptions, CellGeometry, CellKind, CellRecord, Edit, Face, LANE_M, Lane, Patch, Place, Topology, TopologyFinding,
    geometry_area_m2, label_point,
    planning::{Band, CellFigures, CodeScheme, MergePolicy, PlannedCell, SplitPolicy, WorkloadWeights},
};
use wall_store::EditRecord;

/// Edits in one batch.
const BATCH: usize = 2_000;

/// What an edit did, so that it can be taken back.
#[derive(Default)]
pub(super) struct Done {
    parts: Vec<Part>,
    /// Cells whose figures follow from those: whoever goes on for a cell has its staff.
    also: BTreeSet<Face>,
}

/// An edit while it is done.
pub(super) struct Step {
    done: Done,
    /// The edit as it is to be stored, in parts.
    pub stored: Vec<PlanEdit>,
    /// It was stored before.
    again: bool,
    /// Edits in batches so far, on all levels.
    parts: usize,
}

impl Step {
    /// Whether what is done was stored before.
    pub fn again(&self) -> bool {
        self.again
    }

    /// What is written of a cell was changed.
    pub fn wrote(&mut self, face: Face, before: DraftCell, after: DraftCell) {
        self.done.parts.push(Part::Cells(vec![(face, Some(before), Some(after))]));
    }

    /// Who will answer for a cell was changed.
    pub fn wrote_owners(&mut self, face: Face, before: Option<Written>) {
        self.done.parts.push(Part::Owners(face, before));
    }
}

enum Part {
    /// A patch, and the cells whose ground has another shape by it: a vertex for a neighbour's sake changes none.
    Ground(Patch, Vec<Face>),
    /// Cells before and after; `None` = not there.
    Cells(Vec<(Face, Option<DraftCell>, Option<DraftCell>)>),
    /// Who was written down for a cell before; `None` = nobody.
    Owners(Face, Option<Written>),
    /// It was decided what becomes of what the draft could not hold of these cells.
    Settled(Vec<Face>),
}

impl Done {
    /// Cells whose ground, text or figures changed.
    pub fn faces(&self) -> BTreeSet<Face> {
        let of = |p: &Part| match p {
            Part::Ground(patch, _) => patch.changed().to_vec(),
            Part::Cells(list) => list.iter().map(|(f, _, _)| *f).collect(),
            Part::Owners(face, _) => vec![*face],
            Part::Settled(_) => Vec::new(),
        };
        self.parts.iter().flat_map(of).chain(self.also.iter().copied()).collect()
    }

    /// Whether what is said of the plan as a whole may change: gaps by bare ground, owners by what is written of cells.
    fn touches_plan(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Ground(patch, _) => patch.touches_bare_ground(),
            Part::Cells(list) => !list.is_empty(),
            Part::Owners(..) | Part::Settled(_) => true,
        })
    }

    /// Whether lanes between cells may come or go.
    fn touches_bare_ground(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Ground(patch, _) if patch.touches_bare_ground()))
    }

    /// Notes the cells that go on for those whose codes changed.
    fn note_kin(&mut self, cells: &DraftCells) {
        let lists = self.parts.iter().filter_map(|p| if let Part::Cells(list) = p { Some(list) } else { None });
        let written = lists.flatten().flat_map(|(_, before, after)| [before, after]).flatten();
        let words: BTreeSet<&str> = written.flat_map(|c| [c.code.as_str(), c.origin.as_str()]).collect();
        self.also = words.into_iter().flat_map(|word| cells.kin_of(word)).collect();
    }
}

/// Why a plan cannot be brought to an edit of its history.
#[derive(Debug)]
pub(super) enum NotReplayed {
    /// The history has no such edit.
    NoSuchEdit,
    /// This edit of it cannot be done again: an earlier edition stored it, or it is damaged.
    Edit { id: i64, why: EditRefused },
}

/// What the room set for planning.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub scheme: CodeScheme,
    pub split: SplitPolicy,
    pub merge: MergePolicy,
    pub band: Band,
    pub weights: WorkloadWeights,
}

/// What stands around a plan and may be changed by others while it is open.
pub(super) struct Around {
    pub given: BTreeSet<String>,
    pub retired: BTreeSet<String>,
    pub rules: Rules,
    pub owners: Owners,
    /// Name of the plan that followed the one this was drawn from; `None` = it is drawn from the last one.
    pub behind: Option<String>,
    /// What was doubtful about the file it was made of, and nobody acknowledged.
    pub doubts: Vec<String>,
}

/// What a session starts with besides the cells.
pub(super) struct Start {
    pub data: Arc<PlanningData>,
    pub around: Around,
    pub snap_m: f64,
}

/// An open plan.
pub(super) struct Session {
    pub topology: Topology,
    pub cells: DraftCells,
    pub geometry: HashMap<Face, CellGeometry>,
    /// Where the labels stand: dear to find, so kept.
    pub labels: HashMap<Face, Place>,
    pub figures: HashMap<Face, CellFigures>,
    pub data: Arc<PlanningData>,
    /// What bringing the cells into one topology found.
    pub built: Vec<TopologyFinding>,
    /// What of the base the draft does not hold.
    pub unheld: AllUnheld,
    /// Strips of nobody's ground between two cells that reach the outside.
    pub lanes: Vec<Lane>,
    /// Codes that a published plan of the network ever used.
    pub given: BTreeSet<String>,
    /// Of those, the codes of cells that are no more.
    pub retired: BTreeSet<String>,
    pub rules: Rules,
    pub owners: Owners,
    pub behind: Option<String>,
    pub doubts: Vec<String>,
    pub findings: Findings,
    /// Edits from the beginning to where the session stands.
    path: Vec<(i64, Done)>,
    /// What the last moves of the head changed.
    moves: Moves,
    pub reach: Reach,
    /// What joining borders did to cells at the beginning.
    pub joined: Joined,
    /// Every cell at the beginning: the shape of its ground, and a hash of what is written of it.
    initial: HashMap<Face, (u64, u64)>,
    /// What was written of every cell at the beginning.
    began: HashMap<Face, DraftCell>,
}

impl Session {
    /// Brings the cells a draft began from into one topology. O(n log n) in the vertices.
    pub fn new(base: &[CellRecord], start: Start) -> Result<Self, String> {
        let Start { data, around, snap_m } = start;
        let Around { given, retired, rules, owners, behind, doubts } = around;
        let input: Vec<(&str, &CellGeometry)> = base.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
        let options = BuildOptions { snap_m, ..BuildOptions::default() };
        let (topology, report) = Topology::build(&input, options).map_err(|e| e.to_string())?;
        let cell = |c: &CellRecord| DraftCell {
            code: c.code.clone(),
            name: c.name.clone(),
            kind: c.kind,
            community_code: c.community_code.clone(),
            households: c.households,
            origin: c.code.clone(),
        };
        let living: BTreeSet<Face> = topology.faces().collect();
        let cells: DraftCells = (0u32..).map(Face).zip(base.iter().map(cell)).filter(|(f, _)| living.contains(f)).collect();
        let mut session = Self {
            geometry: cells.keys().map(|f| (*f, topology.geometry(*f))).collect(),
            lanes: topology.lanes(LANE_M),
            unheld: AllUnheld::of(&report.findings, base, cell),
            topology,
            cells,
            labels: HashMap::new(),
            figures: HashMap::new(),
            data,
            built: report.findings,
            given,
            retired,
            rules,
            owners,
            behind,
            doubts,
            findings: Findings::default(),
            path: Vec::new(),
            moves: Moves::default(),
            reach: Reach::around(base),
            joined: Joined::default(),
            initial: HashMap::new(),
            began: HashMap::new(),
        };
        session.labels = session.geometry.iter().map(|(f, g)| (*f, label_point(g))).collect();
        for (face, cell) in (0u32..).map(Face).zip(base) {
            if let Some(ground) = session.geometry.get(&face) {
                session.joined.note(&cell.geometry, ground);
            }
        }
        session.initial = session.cells.keys().map(|f| (*f, session.hash(*f))).collect();
        session.began = session.cells.iter().map(|(f, c)| (*f, c.clone())).collect();
        session.count_all();
        Ok(session)
    }

    /// The edit it stands on.
    pub fn head(&self) -> Option<i64> {
        self.path.last().map(|(id, _)| *id)
    }

    fn hash(&self, face: Face) -> (u64, u64) {
        let mut text = DefaultHasher::new();
        self.cells.get(&face).hash(&mut text);
        (self.geometry.get(&face).map_or(0, shape_of), text.finish())
    }

    /// Whether a cell differs from what the draft began with.
    pub fn is_changed(&self, face: Face) -> bool {
        self.initial.get(&face) != Some(&self.hash(face))
    }

    /// Whether the ground of a cell differs from what the draft began with.
    pub fn ground_changed(&self, face: Face) -> bool {
        self.initial.get(&face).map(|(ground, _)| *ground) != Some(self.hash(face).0)
    }

    /// Adds the cells that an edit touched, while it is done.
    pub fn note_touched(&self, done: &Done, touched: &mut Touched) {
        for part in &done.parts {
            match part {
                Part::Ground(_, faces) | Part::Settled(faces) => {
                    faces.iter().for_each(|f| touched.add(*f, self.cells.get(f)));
                }
                Part::Cells(list) => {
                    list.iter().for_each(|(f, before, after)| {
                        touched.add(*f, before.as_ref());
                        touched.add(*f, after.as_ref());
                    });
                }
                Part::Owners(face, _) => touched.add(*face, self.cells.get(face)),
            }
        }
    }

    /// The cells that an edit touched, while it is done.
    pub fn touched(&self, done: &Done) -> Vec<TouchedCell> {
        let mut touched = Touched::default();
        self.note_touched(done, &mut touched);
        touched.cells()
    }

    /// All cells that differ from what the draft began with. O(vertices).
    pub fn touched_ever(&self) -> Vec<TouchedCell> {
        let mut touched = Touched::default();
        let faces: BTreeSet<Face> = self.began.keys().chain(self.cells.keys()).copied().collect();
        for face in faces.into_iter().filter(|f| self.is_changed(*f)) {
            touched.add(face, self.began.get(&face));
            touched.add(face, self.cells.get(&face));
        }
        touched.cells()
    }

    /// A cell as the functions of wall-core see it.
    pub fn planned(&self, face: Face) -> Option<PlannedCell<'_>> {
        let (cell, geometry) = (self.cells.get(&face)?, self.geometry.get(&face)?);
        Some(PlannedCell {
            order: face.0 as usize,
            code: &cell.code,
            former_code: self.cells.former_code(face, |f| self.geometry.get(&f).map_or(0.0, geometry_area_m2)),
            name: &cell.name,
            kind: cell.kind,
            community_code: &cell.community_code,
            owners: self.owners.of(face, cell).answering().count(),
            geometry,
        })
    }

    /// Every cell, by face.
    pub fn all_planned(&self) -> Vec<PlannedCell<'_>> {
        self.cells.keys().filter_map(|f| self.planned(*f)).collect()
    }

    /// Counts every cell anew: at the beginning and when the data on the ground changed. O(cells + points).
    pub fn count_all(&mut self) {
        let faces: Vec<Face> = self.cells.keys().copied().collect();
        let figures = self.data.ground.balance(&self.all_planned(), self.data.base.as_ref());
        self.figures = faces.into_iter().zip(figures).collect();
        self.find_all();
    }

    /// Others changed codes, owners, rules or plans: everything is looked at anew. O(n log n).
    pub fn stand_in(&mut self, around: Around) {
        let Around { given, retired, rules, owners, behind, doubts } = around;
        (self.given, self.retired, self.rules, self.behind, self.doubts) = (given, retired, rules, behind, doubts);
        self.owners.present_as(owners);
        self.find_all();
    }

    /// Looks for findings everywhere. O(n log n).
    pub fn find_all(&mut self) {
        let mut findings = std::mem::take(&mut self.findings);
        findings.find_all(self);
        findings.note_plan_change();
        self.findings = findings;
    }

    /// Looks for findings where something was done.
    fn find(&mut self, done: &Done) {
        if done.touches_bare_ground() {
            self.lanes = self.topology.lanes(LANE_M);
        }
        let mut findings = std::mem::take(&mut self.findings);
        findings.find(self, done.faces());
        if done.touches_plan() {
            findings.note_plan_change();
        }
        self.findings = findings;
    }

    /// Ground and figures of cells that changed.
    fn refresh(&mut self, faces: &BTreeSet<Face>) {
        for face in faces {
            if self.cells.contains_key(face) {
                let ground = self.topology.geometry(*face);
                if self.geometry.get(face) != Some(&ground) {
                    self.labels.insert(*face, label_point(&ground));
                    self.geometry.insert(*face, ground);
                }
            } else {
                self.geometry.remove(face);
                self.labels.remove(face);
                self.figures.remove(face);
            }
        }
        for face in faces {
            let Some(cell) = self.planned(*face) else { continue };
            let around: Vec<PlannedCell<'_>> =
                self.topology.neighbours(*face).into_iter().filter_map(|(f, _)| self.planned(f)).collect();
            let figures = self.data.ground.figures(&cell, &around, self.data.base.as_ref());
            self.figures.insert(*face, figures);
        }
    }

    /// Does an edit; on a refusal everything is as before. Returns what was done and the edit as it is to be stored: with
    /// every code that was given written out, so that doing it again gives the same.
    pub fn apply(&mut self, edit: &PlanEdit) -> Result<(Done, PlanEdit), EditRefused> {
        self.perform(edit, false)
    }

    /// Does an edit: for the first time, or as it was stored. What was stored says every code by itself, whatever the
    /// room's policies, the households or the free codes are by now.
    fn perform(&mut self, edit: &PlanEdit, again: bool) -> Result<(Done, PlanEdit), EditRefused> {
        let mut step = Step { done: Done::default(), stored: Vec::new(), again, parts: 0 };
        let outcome = self.step(edit, &mut step);
        let Step { mut done, stored, .. } = step;
        match outcome {
            Ok(()) => {
                if stored.is_empty() && !again {
                    return Err(refusal("no_change", "this changes nothing", &[]));
                }
                done.note_kin(&self.cells);
                let faces = done.faces();
                self.refresh(&faces);
                self.find(&done);
                let edit = match <[PlanEdit; 1]>::try_from(stored) {
                    Ok([one]) => one,
                    Err(edits) => PlanEdit::Batch { edits },
                };
                Ok((done, edit))
            }
            Err(refused) => {
                if !done.parts.is_empty() {
                    self.revert(&done);
                }
                Err(refused)
            }
        }
    }

    /// Takes back what an edit did.
    pub fn revert(&mut self, done: &Done) {
        for part in done.parts.iter().rev() {
            match part {
                Part::Ground(patch, _) => self.topology.apply(&patch.inverse()),
                Part::Cells(list) => {
                    for (face, before, _) in list.iter().rev() {
                        match before {
                            Some(cell) => self.cells.insert(*face, cell.clone()),
                            None => self.cells.remove(*face),
                        };
                    }
                }
                Part::Owners(face, before) => _ = self.owners.write(*face, before.clone()),
                Part::Settled(faces) => self.unheld.unsettle(faces),
            }
        }
        let faces = done.faces();
        self.refresh(&faces);
        self.find(done);
    }

    /// An edit was stored under this id: the session stands on it.
    pub fn keep(&mut self, id: i64, done: Done) {
        let touched = done.faces();
        self.moves.note(self.head(), Difference { touched, looked: self.findings.looked().clone() });
        self.path.push((id, done));
    }

    /// What changed since the plan stood on another edit; `None` = that is not known any more.
    pub fn since(&self, from: Option<i64>) -> Option<Difference> {
        self.moves.since(from, self.head())
    }

    /// Goes to another edit of the tree: back to the common beginning, then forward.
    ///
    /// # Errors
    /// A stored edit cannot be done again; the session stands on the last one that could.
    pub fn go_to(&mut self, edits: &[EditRecord], to: Option<i64>) -> Result<Walked, NotReplayed> {
        let way = way_to(edits, to).ok_or(NotReplayed::NoSuchEdit)?;
        self.findings.watch();
        let from = self.head();
        let mut walked = Walked::default();
        let went = self.walk(&way, &mut walked);
        if self.head() != from {
            self.moves.note(from, Difference { touched: walked.faces.clone(), looked: self.findings.looked().clone() });
        }
        went.map(|()| walked)
    }

    fn walk(&mut self, way: &[&EditRecord], walked: &mut Walked) -> Result<(), NotReplayed> {
        let common = self.path.iter().zip(way).take_while(|((id, _), e)| *id == e.id).count();
        while self.path.len() > common {
            if let Some((_, done)) = self.path.pop() {
                walked.faces.extend(done.faces());
                self.note_touched(&done, &mut walked.touched);
                self.revert(&done);
            }
        }
        for record in &way[common..] {
            let stuck = |why| NotReplayed::Edit { id: record.id, why };
            let edit = stored::read(&record.edit).map_err(|e| stuck(not_read(record.id, e)))?;
            let (done, _) = self.perform(&edit, true).map_err(stuck)?;
            walked.faces.extend(done.faces());
            self.note_touched(&done, &mut walked.touched);
            self.path.push((record.id, done));
        }
        Ok(())
    }

    fn step(&mut self, edit: &PlanEdit, step: &mut Step) -> Result<(), EditRefused> {
        match edit {
            PlanEdit::Batch { edits } => {
                // What was stored is done again however long it is: numbering all cells is a step for each.
                step.parts += edits.len();
                if step.parts > BATCH && !step.again {
                    return Err(refusal("too_many", &format!("at most {BATCH} edits at once"), &[]));
                }
                edits.iter().try_for_each(|e| self.step(e, step))
            }
            PlanEdit::Describe { .. } => self.describe(edit, step),
            PlanEdit::Owners { face, owners, against } => {
                self.name_owners(Face(*face), owners.as_deref(), against.as_deref(), step)
            }
            PlanEdit::Number { all } => self.number(*all, step),
            PlanEdit::Settle { faces } => self.settle(faces, step),
            ground => {
                let ground = &on_grid(ground);
                let core = self.core_edit(ground, step.again)?;
                let patch = self.topology.plan_edit(&core).map_err(EditRefused::from)?;
                let shape = |session: &Self, face: Face| session.geometry.get(&face).map(shape_of);
                let before: Vec<(Face, Option<u64>)> = patch.changed().into_iter().map(|f| (f, shape(self, f))).collect();
                self.topology.apply(&patch);
                let (created, removed) = (patch.created().to_vec(), patch.removed().to_vec());
                let parent = match &core {
                    Edit::Split { face, .. } => self.cells.get(face).cloned(),
                    _ => None,
                };
                let mut changes = Vec::new();
                for face in created {
                    let cell =
                        parent.clone().map(|p| DraftCell { code: String::new(), name: String::new(), households: None, ..p });
                    let cell = cell.or_else(|| self.unheld.lost_cell(face).cloned()).unwrap_or_else(|| DraftCell {
                        code: String::new(),
                        name: String::new(),
                        kind: CellKind::Basic,
                        community_code: String::new(),
                        households: None,
                        origin: String::new(),
                    });
                    changes.push((face, None, Some(cell.clone())));
                    self.cells.insert(face, cell);
                }
                for face in removed {
                    changes.push((face, self.cells.remove(face), None));
                }
                let faces: BTreeSet<Face> = patch.changed().iter().copied().collect();
                let created: Vec<Face> = changes.iter().filter(|c| c.1.is_none()).map(|c| c.0).collect();
                self.refresh(&faces);
                let reshaped = before.into_iter().filter(|(f, was)| shape(self, *f) != *was).map(|(f, _)| f).collect();
                step.done.parts.push(Part::Ground(patch, reshaped));
                step.done.parts.push(Part::Cells(changes));
                if let Edit::CutOut { face, .. } = &core {
                    self.unheld.settle(*face);
                    step.done.parts.push(Part::Settled(vec![*face]));
                }
                step.stored.push(ground.clone());
                match &core {
                    _ if step.again => {}
                    Edit::Split { face, .. } => self.code_after_split(*face, &created, step),
                    Edit::Merge { into, .. } => self.code_after_merge(*into, step),
                    _ => {}
                }
                Ok(())
            }
        }
    }

    /// What the draft could not hold of some cells (or all) stays with whoever has it.
    fn settle(&mut self, faces: &[u32], step: &mut Step) -> Result<(), EditRefused> {
        let undecided: Vec<Face> = self.unheld.undecided().map(|(f, _)| f).collect();
        let wanted: Vec<Face> = match faces.is_empty() {
            true => undecided,
            false => undecided.into_iter().filter(|f| faces.contains(&f.0)).collect(),
        };
        if wanted.is_empty() {
            return Err(refusal("nothing_there", "there is nothing to decide about these cells", &[]));
        }
        wanted.iter().for_each(|f| self.unheld.settle(*f));
        step.stored.push(PlanEdit::Settle { faces: wanted.iter().map(|f| f.0).collect() });
        step.done.parts.push(Part::Settled(wanted));
        Ok(())
    }
}

/// A stored edit that cannot be read, in words.
fn not_read(id: i64, why: NotRead) -> EditRefused {
    let (code, words) = match why {
        NotRead::Newer { version } => (
            "newer_edit",
            format!(
                "was stored by a newer edition of this program (version {version} of edits): open the draft with that edition"
            ),
        ),
        NotRead::UnknownKind { kind } => (
            "unknown_edit",
            format!("is of a kind that this edition does not know (\"{kind}\"): open the draft with the edition that stored it"),
        ),
        NotRead::Damaged { why } => ("damaged_edit", format!("cannot be read: {why}")),
    };
    refusal(code, &format!("edit {id} of the store {words}"), &[])
}

/// The edits from the beginning to `to`, in order; `None` when the tree has no such edit (or is damaged).
pub(super) fn way_to(edits: &[EditRecord], to: Option<i64>) -> Option<Vec<&EditRecord>> {
    let by_id: HashMap<i64, &EditRecord> = edits.iter().map(|e| (e.id, e)).collect();
    let mut way = Vec::new();
    let mut at = to;
    while let Some(id) = at {
        let record = by_id.get(&id)?;
        // A parent is always older: a circle cannot be walked.
        if record.parent.is_some_and(|p| p >= id) {
            return None;
        }
        way.push(*record);
        at = record.parent;
    }
    way.reverse();
    Some(way)
}
