//! One plan on the desk: its topology, what is written of its cells, their figures, and the way back.
//!
//! Everything here is derived from the store: the cells the draft began from and the edits on the way to its head. The same
//! edits always give the same cells, so a process that was killed loses at most the edit in hand.

use super::{
    data::PlanningData,
    desk_cells::{DeskCell, DeskCells},
    findings::Findings,
    owners::Owners,
    refusal,
};
use crate::wire::{EditBody, EditRefusal};
use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use wall_core::{
    BuildOptions, CellGeometry, CellKind, CellRecord, Edit, Face, GridPoint, GridPolygon, Patch, Place, Topology,
    TopologyFinding, geometry_area_m2, label_point,
    planning::{Band, CellFigures, CodeScheme, MergePolicy, PartSize, PlannedCell, SplitPolicy, WorkloadWeights, number_cells},
};
use wall_store::EditRecord;

/// Points of one drawn line or ring.
const LINE_POINTS: usize = 20_000;
/// Edits in one batch.
const BATCH: usize = 2_000;

/// What an edit did, so that it can be taken back.
#[derive(Default)]
pub(super) struct Done {
    parts: Vec<Part>,
    /// Cells whose figures follow from those: whoever goes on for a cell has its staff.
    also: BTreeSet<Face>,
}

enum Part {
    Ground(Patch),
    /// Cells before and after; `None` = not there.
    Cells(Vec<(Face, Option<DeskCell>, Option<DeskCell>)>),
}

impl Done {
    /// Cells whose ground, text or figures changed.
    pub fn faces(&self) -> BTreeSet<Face> {
        let of = |p: &Part| match p {
            Part::Ground(patch) => patch.changed().to_vec(),
            Part::Cells(list) => list.iter().map(|(f, _, _)| *f).collect(),
        };
        self.parts.iter().flat_map(of).chain(self.also.iter().copied()).collect()
    }

    /// Whether what is said of the plan as a whole may change: gaps by bare ground, owners by what is written of cells.
    fn touches_plan(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Ground(patch) => patch.touches_bare_ground(),
            Part::Cells(list) => !list.is_empty(),
        })
    }

    /// Notes the cells that go on for those whose codes changed.
    fn note_kin(&mut self, cells: &DeskCells) {
        let lists = self.parts.iter().filter_map(|p| if let Part::Cells(list) = p { Some(list) } else { None });
        let written = lists.flatten().flat_map(|(_, before, after)| [before, after]).flatten();
        let words: BTreeSet<&str> = written.flat_map(|c| [c.code.as_str(), c.origin.as_str()]).collect();
        self.also = words.into_iter().flat_map(|word| cells.kin_of(word)).collect();
    }
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

/// What a session starts with besides the cells.
pub(super) struct Start {
    pub data: Arc<PlanningData>,
    pub given: BTreeSet<String>,
    pub retired: BTreeSet<String>,
    pub rules: Rules,
    pub owners: Owners,
    pub snap_m: f64,
}

/// A plan on the desk.
pub(super) struct Session {
    pub topology: Topology,
    pub cells: DeskCells,
    pub geometry: HashMap<Face, CellGeometry>,
    /// Where the labels stand: dear to find, so kept.
    pub labels: HashMap<Face, Place>,
    pub figures: HashMap<Face, CellFigures>,
    pub data: Arc<PlanningData>,
    /// What bringing the cells into one topology found.
    pub built: Vec<TopologyFinding>,
    /// Codes that a published plan of the network ever used.
    pub given: BTreeSet<String>,
    /// Of those, the codes of cells that are no more.
    pub retired: BTreeSet<String>,
    pub rules: Rules,
    pub owners: Owners,
    pub findings: Findings,
    /// Edits from the beginning to where the session stands.
    path: Vec<(i64, Done)>,
    /// Hash of every cell at the beginning.
    initial: HashMap<Face, u64>,
}

impl Session {
    /// Brings the cells a draft began from into one topology. O(n log n) in the vertices.
    pub fn new(base: &[CellRecord], start: Start) -> Result<Self, String> {
        let Start { data, given, retired, rules, owners, snap_m } = start;
        let input: Vec<(&str, &CellGeometry)> = base.iter().map(|c| (c.code.as_str(), &c.geometry)).collect();
        let options = BuildOptions { snap_m, ..BuildOptions::default() };
        let (topology, report) = Topology::build(&input, options).map_err(|e| e.to_string())?;
        let cell = |c: &CellRecord| DeskCell {
            code: c.code.clone(),
            name: c.name.clone(),
            kind: c.kind,
            community_code: c.community_code.clone(),
            households: c.households,
            origin: c.code.clone(),
        };
        let living: BTreeSet<Face> = topology.faces().collect();
        let cells: DeskCells = (0u32..).map(Face).zip(base.iter().map(cell)).filter(|(f, _)| living.contains(f)).collect();
        let mut session = Self {
            geometry: cells.keys().map(|f| (*f, topology.geometry(*f))).collect(),
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
            findings: Findings::default(),
            path: Vec::new(),
            initial: HashMap::new(),
        };
        session.labels = session.geometry.iter().map(|(f, g)| (*f, label_point(g))).collect();
        session.initial = session.cells.keys().map(|f| (*f, session.hash(*f))).collect();
        session.count_all();
        Ok(session)
    }

    /// The edit it stands on.
    pub fn head(&self) -> Option<i64> {
        self.path.last().map(|(id, _)| *id)
    }

    /// The edits it contains, in order.
    pub fn path_ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.path.iter().map(|(id, _)| *id)
    }

    fn hash(&self, face: Face) -> u64 {
        let mut h = DefaultHasher::new();
        self.cells.get(&face).hash(&mut h);
        if let Some(g) = self.geometry.get(&face) {
            for polygon in &g.polygons {
                polygon.rings().for_each(|r| r.hash(&mut h));
            }
        }
        h.finish()
    }

    /// Whether a cell differs from what the draft began with.
    pub fn is_changed(&self, face: Face) -> bool {
        self.initial.get(&face) != Some(&self.hash(face))
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
            owners: self.owners.of(cell).owners.len(),
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

    /// Looks for findings everywhere. O(n log n).
    pub fn find_all(&mut self) {
        let mut findings = std::mem::take(&mut self.findings);
        findings.find_all(self);
        findings.note_plan_change();
        self.findings = findings;
    }

    /// Looks for findings where something was done.
    fn find(&mut self, done: &Done) {
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
    pub fn apply(&mut self, edit: &EditBody) -> Result<(Done, EditBody), EditRefusal> {
        let mut done = Done::default();
        let mut stored = Vec::new();
        match self.step(edit, &mut done, &mut stored) {
            Ok(()) => {
                done.note_kin(&self.cells);
                let faces = done.faces();
                self.refresh(&faces);
                self.find(&done);
                let edit = match <[EditBody; 1]>::try_from(stored) {
                    Ok([one]) => one,
                    Err(edits) => EditBody::Batch { edits },
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
                Part::Ground(patch) => self.topology.apply(&patch.inverse()),
                Part::Cells(list) => {
                    for (face, before, _) in list.iter().rev() {
                        match before {
                            Some(cell) => self.cells.insert(*face, cell.clone()),
                            None => self.cells.remove(*face),
                        };
                    }
                }
            }
        }
        let faces = done.faces();
        self.refresh(&faces);
        self.find(done);
    }

    /// An edit was stored under this id: the session stands on it.
    pub fn keep(&mut self, id: i64, done: Done) {
        self.path.push((id, done));
    }

    /// Goes to another edit of the tree: back to the common beginning, then forward. Returns the cells that may differ.
    ///
    /// # Errors
    /// A stored edit cannot be done again; the session stands on the last one that could.
    pub fn go_to(&mut self, edits: &[EditRecord], to: Option<i64>) -> Result<BTreeSet<Face>, EditRefusal> {
        let way = way_to(edits, to).ok_or_else(|| refusal("no_such_edit", "there is no such edit in this plan", &[]))?;
        let common = self.path.iter().zip(&way).take_while(|((id, _), e)| *id == e.id).count();
        let mut touched = BTreeSet::new();
        while self.path.len() > common {
            if let Some((_, done)) = self.path.pop() {
                touched.extend(done.faces());
                self.revert(&done);
            }
        }
        for record in &way[common..] {
            let edit: EditBody = serde_json::from_str(&record.edit)
                .map_err(|e| refusal("damaged_edit", &format!("edit {} of the store cannot be read: {e}", record.id), &[]))?;
            let (done, _) = self.apply(&edit)?;
            touched.extend(done.faces());
            self.keep(record.id, done);
        }
        Ok(touched)
    }

    fn step(&mut self, edit: &EditBody, done: &mut Done, stored: &mut Vec<EditBody>) -> Result<(), EditRefusal> {
        match edit {
            EditBody::Batch { edits } => {
                if edits.len() > BATCH {
                    return Err(refusal("too_many", &format!("at most {BATCH} edits at once"), &[]));
                }
                edits.iter().try_for_each(|e| self.step(e, done, stored))
            }
            EditBody::Describe { .. } => self.describe(edit, done, stored),
            EditBody::Number { all } => self.number(*all, done, stored),
            ground => {
                let core = self.core_edit(ground)?;
                let patch = self.topology.plan_edit(&core).map_err(from_core)?;
                self.topology.apply(&patch);
                let (created, removed) = (patch.created().to_vec(), patch.removed().to_vec());
                let parent = match &core {
                    Edit::Split { face, .. } => self.cells.get(face).cloned(),
                    _ => None,
                };
                let mut changes = Vec::new();
                for face in created {
                    let cell =
                        parent.clone().map(|p| DeskCell { code: String::new(), name: String::new(), households: None, ..p });
                    let cell = cell.unwrap_or_else(|| DeskCell {
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
                done.parts.push(Part::Ground(patch));
                done.parts.push(Part::Cells(changes));
                stored.push(ground.clone());
                self.refresh(&faces);
                match &core {
                    Edit::Split { face, .. } => self.code_after_split(*face, &created, done, stored),
                    Edit::Merge { into, .. } if self.rules.merge == MergePolicy::New => {
                        let code = self.next_code(*into);
                        self.write(*into, done, stored, |c| c.code = code.unwrap_or_default());
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// The free code a new cell gets; `None` when its community has none left, or is unknown (a finding says so).
    fn next_code(&self, face: Face) -> Option<String> {
        let community = &self.cells.get(&face)?.community_code;
        let mut taken: BTreeSet<String> = self.given.clone();
        taken.extend(self.cells.values().flat_map(|c| [c.code.clone(), c.origin.clone()]));
        self.rules.scheme.is_community(community).then(|| self.rules.scheme.next_code(community, &taken).ok()).flatten()
    }

    fn code_after_split(
        &mut self,
        parent: Face,
        created: &[Face],
        done: &mut Done,
        stored: &mut Vec<EditBody>,
    ) -> Result<(), EditRefusal> {
        let [new] = created else { return Ok(()) };
        let size = |f: &Face| {
            let figures = self.figures.get(f).copied().unwrap_or_default();
            PartSize { households: figures.households, area_m2: figures.area_m2 }
        };
        let heir = self.rules.split.heir(&[size(&parent), size(new)]);
        let text = self.cells.get(&parent).cloned();
        match (heir, text) {
            (Some(1), Some(old)) => {
                // The new part is the heir: it takes code and name over, the other gets a new code.
                let (code, name) = (old.code.clone(), old.name.clone());
                let fresh = self.next_code(parent).unwrap_or_default();
                self.write(parent, done, stored, |c| (c.code, c.name) = (fresh, String::new()));
                self.write(*new, done, stored, |c| (c.code, c.name) = (code, name));
            }
            (None, Some(_)) => {
                for face in [parent, *new] {
                    let fresh = self.next_code(face).unwrap_or_default();
                    self.write(face, done, stored, |c| c.code = fresh);
                }
            }
            _ => {
                let fresh = self.next_code(*new).unwrap_or_default();
                self.write(*new, done, stored, |c| c.code = fresh);
            }
        }
        Ok(())
    }

    fn describe(&mut self, edit: &EditBody, done: &mut Done, stored: &mut Vec<EditBody>) -> Result<(), EditRefusal> {
        let EditBody::Describe { face, code, name, cell_kind, community_code } = edit else { return Ok(()) };
        let face = Face(*face);
        if !self.cells.contains_key(&face) {
            return Err(refusal("nothing_there", "there is no such cell in this plan", &[]));
        }
        let kind = match cell_kind {
            Some(word) => {
                Some(CellKind::from_code(word).ok_or_else(|| refusal("bad_kind", "the kind is basic or dedicated", &[face]))?)
            }
            None => None,
        };
        let clean = |text: &Option<String>| text.as_ref().map(|t| t.trim().to_owned());
        let (code, name, community) = (clean(code), clean(name), clean(community_code));
        if [&code, &name, &community].into_iter().flatten().any(|t| t.chars().count() > 120 || t.chars().any(char::is_control)) {
            return Err(refusal("bad_text", "codes and names have at most 120 signs and no control characters", &[face]));
        }
        self.write(face, done, stored, |c| {
            c.code = code.unwrap_or_else(|| std::mem::take(&mut c.code));
            c.name = name.unwrap_or_else(|| std::mem::take(&mut c.name));
            c.kind = kind.unwrap_or(c.kind);
            c.community_code = community.unwrap_or_else(|| std::mem::take(&mut c.community_code));
        });
        Ok(())
    }

    /// Changes what is written of a cell, and writes the edit that does the same again.
    fn write(&mut self, face: Face, done: &mut Done, stored: &mut Vec<EditBody>, change: impl FnOnce(&mut DeskCell)) {
        let Some(before) = self.cells.get(&face).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return;
        }
        let word = |old: &String, new: &String| (old != new).then(|| new.clone());
        stored.push(EditBody::Describe {
            face: face.0,
            code: word(&before.code, &after.code),
            name: word(&before.name, &after.name),
            cell_kind: (before.kind != after.kind).then(|| after.kind.code().to_owned()),
            community_code: word(&before.community_code, &after.community_code),
        });
        self.cells.insert(face, after.clone());
        done.parts.push(Part::Cells(vec![(face, Some(before), Some(after))]));
    }

    fn number(&mut self, all: bool, done: &mut Done, stored: &mut Vec<EditBody>) -> Result<(), EditRefusal> {
        let faces: Vec<Face> = self.cells.keys().copied().collect();
        let planned = self.all_planned();
        let which: Vec<usize> = (0..planned.len()).filter(|i| all || planned[*i].code.is_empty()).collect();
        let mut given = self.given.clone();
        given.extend(self.cells.values().map(|c| c.origin.clone()).filter(|c| !c.is_empty()));
        let numbering = number_cells(&self.rules.scheme, &planned, &which, &given);
        if numbering.codes.is_empty() {
            let (code, faces) = match numbering.refused.first() {
                Some((_, fault)) => (fault.code(), numbering.refused.iter().map(|(i, _)| faces[*i]).collect()),
                None => ("nothing_to_number", Vec::new()),
            };
            return Err(refusal(code, "no cell could be given a code", &faces));
        }
        drop(planned);
        for (i, code) in numbering.codes {
            self.write(faces[i], done, stored, |c| c.code = code);
        }
        Ok(())
    }

    fn core_edit(&self, edit: &EditBody) -> Result<Edit, EditRefusal> {
        let point = |p: &[f64; 2]| {
            Place::new(p[0], p[1])
                .map(GridPoint::nearest)
                .ok_or_else(|| refusal("bad_place", "a place is [longitude, latitude] in degrees", &[]))
        };
        let line = |l: &[[f64; 2]]| -> Result<Vec<GridPoint>, EditRefusal> {
            if l.len() > LINE_POINTS {
                return Err(refusal("too_many", &format!("a line has at most {LINE_POINTS} points"), &[]));
            }
            let mut points: Vec<GridPoint> = l.iter().map(point).collect::<Result<_, _>>()?;
            points.dedup();
            Ok(points)
        };
        let known = |face: u32| match self.cells.contains_key(&Face(face)) {
            true => Ok(Face(face)),
            false => Err(refusal("nothing_there", "there is no such cell in this plan", &[])),
        };
        Ok(match edit {
            EditBody::MoveVertex { from, to, outer: false } => Edit::MoveVertex { from: point(from)?, to: point(to)? },
            EditBody::MoveVertex { from, to, outer: true } => Edit::MoveOuterVertex { from: point(from)?, to: point(to)? },
            EditBody::InsertVertex { a, b, at } => Edit::InsertVertex { segment: (point(a)?, point(b)?), at: point(at)? },
            EditBody::DeleteVertex { at } => Edit::DeleteVertex { at: point(at)? },
            EditBody::Reshape { line: l, outer: false } => Edit::Reshape { line: line(l)? },
            EditBody::Reshape { line: l, outer: true } => Edit::ReshapeOuter { line: line(l)? },
            EditBody::Split { face, line: l } => Edit::Split { face: known(*face)?, line: line(l)? },
            EditBody::Merge { into, from } => {
                Edit::Merge { into: known(*into)?, from: from.iter().map(|f| known(*f)).collect::<Result<_, _>>()? }
            }
            EditBody::Transfer { to, ring } => {
                let mut outer = line(ring)?;
                if outer.len() > 1 && outer.first() == outer.last() {
                    outer.pop();
                }
                Edit::Transfer { to: known(*to)?, area: GridPolygon { outer, holes: Vec::new() }, allow_parts: false }
            }
            EditBody::FillGap { at, to } => Edit::FillGap { at: point(at)?, to: known(*to)? },
            EditBody::Simplify { faces, tolerance_m } => {
                let faces = match faces.is_empty() {
                    true => self.cells.keys().copied().collect(),
                    false => faces.iter().map(|f| known(*f)).collect::<Result<_, _>>()?,
                };
                Edit::Simplify { faces, tolerance_m: *tolerance_m }
            }
            EditBody::Describe { .. } | EditBody::Number { .. } | EditBody::Batch { .. } => {
                return Err(refusal("bad_edit", "this is no edit of the ground", &[]));
            }
        })
    }
}

fn from_core(refused: wall_core::Refusal) -> EditRefusal {
    EditRefusal {
        code: refused.code.code().into(),
        message: refused.message,
        lon: refused.place.map(|p| p.lon),
        lat: refused.place.map(|p| p.lat),
        faces: refused.faces.into_iter().map(|f| f.0).collect(),
    }
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
