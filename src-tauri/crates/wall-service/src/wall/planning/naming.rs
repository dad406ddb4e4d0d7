//! What is written of the cells of an open plan: codes that come and go with edits, names, kinds, communities.

use super::{
    draft_cells::DraftCell,
    edits::{OwnerLine, PlanEdit},
    owners::{self, Written},
    refused::{EditRefused, refusal},
    session::{Session, Step},
};
use std::collections::BTreeSet;
use wall_core::{
    CellKind, Face,
    planning::{MergePolicy, PartSize, number_cells},
};

impl Session {
    /// The free code a new cell gets; `None` when its community has none left, or is unknown (a finding says so).
    fn next_code(&self, face: Face) -> Option<String> {
        let community = &self.cells.get(&face)?.community_code;
        let mut taken: BTreeSet<String> = self.given.clone();
        taken.extend(self.cells.values().flat_map(|c| [c.code.clone(), c.origin.clone()]));
        self.rules.scheme.is_community(community).then(|| self.rules.scheme.next_code(community, &taken).ok()).flatten()
    }

    /// Codes by the room's policy after a split.
    pub(super) fn code_after_split(&mut self, parent: Face, created: &[Face], step: &mut Step) {
        let [new] = created else { return };
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
                self.write(parent, step, |c| (c.code, c.name) = (fresh, String::new()));
                self.write(*new, step, |c| (c.code, c.name) = (code, name));
            }
            (None, Some(_)) => {
                for face in [parent, *new] {
                    let fresh = self.next_code(face).unwrap_or_default();
                    self.write(face, step, |c| c.code = fresh);
                }
            }
            _ => {
                let fresh = self.next_code(*new).unwrap_or_default();
                self.write(*new, step, |c| c.code = fresh);
            }
        }
    }

    /// The code of a merged cell by the room's policy.
    pub(super) fn code_after_merge(&mut self, into: Face, step: &mut Step) {
        if self.rules.merge == MergePolicy::New {
            let code = self.next_code(into).unwrap_or_default();
            self.write(into, step, |c| c.code = code);
        }
    }

    /// Writes what a person says of a cell.
    pub(super) fn describe(&mut self, edit: &PlanEdit, step: &mut Step) -> Result<(), EditRefused> {
        let PlanEdit::Describe { face, code, name, cell_kind, community_code } = edit else { return Ok(()) };
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
        self.write(face, step, |c| {
            c.code = code.unwrap_or_else(|| std::mem::take(&mut c.code));
            c.name = name.unwrap_or_else(|| std::mem::take(&mut c.name));
            c.kind = kind.unwrap_or(c.kind);
            c.community_code = community.unwrap_or_else(|| std::mem::take(&mut c.community_code));
        });
        Ok(())
    }

    /// Changes what is written of a cell, and writes the edit that does the same again.
    fn write(&mut self, face: Face, step: &mut Step, change: impl FnOnce(&mut DraftCell)) {
        let Some(before) = self.cells.get(&face).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return;
        }
        let word = |old: &String, new: &String| (old != new).then(|| new.clone());
        step.stored.push(PlanEdit::Describe {
            face: face.0,
            code: word(&before.code, &after.code),
            name: word(&before.name, &after.name),
            cell_kind: (before.kind != after.kind).then(|| after.kind.code().to_owned()),
            community_code: word(&before.community_code, &after.community_code),
        });
        self.cells.insert(face, after.clone());
        step.wrote(face, before, after);
    }

    /// Writes who will answer for a cell: those named, or those that the rule proposes, with what the rule proposes now. What
    /// was stored says itself what it was confirmed against.
    pub(super) fn name_owners(
        &mut self,
        face: Face,
        named: Option<&[OwnerLine]>,
        seen: Option<&[OwnerLine]>,
        step: &mut Step,
    ) -> Result<(), EditRefused> {
        let Some(cell) = self.cells.get(&face) else {
            return Err(refusal("nothing_there", "there is no such cell in this plan", &[]));
        };
        let named = named.map(|named| owners::checked(face, named)).transpose()?;
        let against = match step.again() {
            true => seen.map(<[OwnerLine]>::to_vec),
            false => {
                self.owners.check_seen(face, cell, seen)?;
                Some(self.owners.by_rule(cell).0)
            }
        };
        let written = Written { named, against };
        if self.owners.written(face) == Some(&written) {
            return Ok(());
        }
        step.stored.push(PlanEdit::Owners { face: face.0, owners: written.named.clone(), against: written.against.clone() });
        let before = self.owners.write(face, Some(written));
        step.wrote_owners(face, before);
        Ok(())
    }

    /// Codes by the scheme: for cells without one, or for all in reading order.
    pub(super) fn number(&mut self, all: bool, step: &mut Step) -> Result<(), EditRefused> {
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
            self.write(faces[i], step, |c| c.code = code);
        }
        Ok(())
    }
}
