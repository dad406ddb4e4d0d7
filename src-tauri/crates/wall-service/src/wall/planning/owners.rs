//! Who will answer for the cells of a plan: carried over by rule, confirmed or named by somebody.
//!
//! The rule: a code that has owners keeps them; a cell without owners of its own takes those of the cell it comes from, with
//! their ends and successors. What somebody confirmed or named is kept with what they saw: when that is another thing by the
//! time of publishing, they are asked again.

use super::{
    draft_cells::DraftCell,
    edits::OwnerLine,
    refused::{EditRefused, refusal},
};
use crate::wall::{Wall, WallError};
use std::collections::{BTreeMap, HashMap};
use wall_core::{Face, NetworkId, UtcMs};

/// Owners by the code of a cell as they are, and by cell as edits of the plan confirmed or named them.
pub(super) struct Owners {
    /// Who answers at this time, and who will later.
    at: UtcMs,
    present: HashMap<String, Vec<OwnerLine>>,
    written: BTreeMap<Face, Written>,
}

/// What somebody said of the owners of a cell.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Written {
    /// Those named; `None` = those that the rule proposes.
    pub named: Option<Vec<OwnerLine>>,
    /// Those that the rule proposed then; `None` = not known (an edit of an older edition).
    pub against: Option<Vec<OwnerLine>>,
}

/// By which rule somebody answers for a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OwnerRule {
    /// The code had owners and keeps them.
    Kept,
    /// Those of the cell it comes from.
    Inherited,
    /// Somebody named them.
    Named,
    /// Nobody answers.
    Nobody,
}

/// Owners of one cell, and by which rule.
pub(super) struct CellOwners {
    pub owners: Vec<OwnerLine>,
    pub rule: OwnerRule,
    pub confirmed: bool,
    /// Somebody confirmed or named them, and the rule proposes others now: these.
    pub changed: Option<Vec<OwnerLine>>,
}

impl CellOwners {
    /// Those who answer from the beginning.
    pub fn answering(&self) -> impl Iterator<Item = &OwnerLine> {
        self.owners.iter().filter(|l| l.valid_from_ms.is_none())
    }
}

/// Lines a person may write for one cell.
const LINES: usize = 50;

/// Lines as they are at a time: what ended by then is gone, what began by then has no beginning any more.
fn as_of(lines: &[OwnerLine], at: UtcMs) -> Vec<OwnerLine> {
    let there = lines.iter().filter(|l| l.valid_to_ms.is_none_or(|to| to > at.0));
    there.map(|l| OwnerLine { valid_from_ms: l.valid_from_ms.filter(|from| *from > at.0), ..l.clone() }).collect()
}

/// Whether two lists say the same, in whatever order and wherever the lines come from.
fn same(a: &[OwnerLine], b: &[OwnerLine]) -> bool {
    let sorted = |lines: &[OwnerLine]| {
        let mut keys: Vec<_> =
            lines.iter().map(|l| (l.party.clone(), l.party_kind, l.role, l.valid_from_ms, l.valid_to_ms)).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    sorted(a) == sorted(b)
}

impl Owners {
    /// Reads who answers at `at`, and who will later.
    pub async fn load(wall: &Wall, network: NetworkId, at: UtcMs) -> Result<Self, WallError> {
        let store = wall.store();
        let parties: HashMap<_, _> = store.parties().await?.into_iter().map(|p| (p.id, p)).collect();
        let mut present: HashMap<String, Vec<OwnerLine>> = HashMap::new();
        let mut lines = store.ownerships(network).await?;
        lines.retain(|o| o.valid_to.is_none_or(|e| at < e && o.valid_from < e));
        lines.sort_by_key(|o| (o.role, o.party, o.valid_from));
        for o in lines {
            let Some(party) = parties.get(&o.party) else { continue };
            present.entry(o.cell_code.clone()).or_default().push(OwnerLine {
                party: party.name.clone(),
                party_kind: party.kind,
                role: o.role,
                from_code: o.cell_code,
                valid_from_ms: (o.valid_from > at).then_some(o.valid_from.0),
                valid_to_ms: o.valid_to.map(|t| t.0),
            });
        }
        Ok(Self { at, present, written: BTreeMap::new() })
    }

    /// Takes who answers from another time; what was written for the plan stays.
    pub fn present_as(&mut self, other: Self) {
        (self.at, self.present) = (other.at, other.present);
    }

    /// Who answers for a cell by the rule, and by which.
    pub fn by_rule(&self, cell: &DraftCell) -> (Vec<OwnerLine>, OwnerRule) {
        let found = |code: &str| self.present.get(code).filter(|l| !l.is_empty()).cloned();
        match (found(&cell.code), found(&cell.origin)) {
            (Some(own), _) => (own, OwnerRule::Kept),
            (None, Some(inherited)) => (inherited, OwnerRule::Inherited),
            (None, None) => (Vec::new(), OwnerRule::Nobody),
        }
    }

    /// Owners of a cell.
    pub fn of(&self, face: Face, cell: &DraftCell) -> CellOwners {
        let (proposed, rule) = self.by_rule(cell);
        let Some(written) = self.written.get(&face) else {
            return CellOwners { owners: proposed, rule, confirmed: rule == OwnerRule::Kept, changed: None };
        };
        let still = written.against.as_ref().is_some_and(|seen| same(&as_of(seen, self.at), &proposed));
        match &written.named {
            // Whoever has owners of their own keeps them as they are: nothing is written for them.
            None if still || rule == OwnerRule::Kept => CellOwners { owners: proposed, rule, confirmed: true, changed: None },
            None => CellOwners { changed: Some(proposed.clone()), owners: proposed, rule, confirmed: false },
            Some(lines) => {
                let lines = as_of(lines, self.at);
                if same(&lines, &proposed) {
                    return CellOwners { owners: proposed, rule, confirmed: true, changed: None };
                }
                CellOwners { owners: lines, rule: OwnerRule::Named, confirmed: still, changed: (!still).then_some(proposed) }
            }
        }
    }

    /// Who answers for a code as it is: the one who counts first.
    pub fn first_of(&self, code: &str) -> String {
        let lines = self.present.get(code).map_or(&[][..], Vec::as_slice);
        let first = lines.iter().find(|l| l.valid_from_ms.is_none()).or(lines.first());
        first.map_or_else(String::new, |l| l.party.clone())
    }

    /// Writes who will answer for a cell (`None`: by rule, unconfirmed); returns what was written before.
    pub fn write(&mut self, face: Face, written: Option<Written>) -> Option<Written> {
        match written {
            Some(written) => self.written.insert(face, written),
            None => self.written.remove(&face),
        }
    }

    /// What was written for a cell.
    pub fn written(&self, face: Face) -> Option<&Written> {
        self.written.get(&face)
    }

    /// Refuses when somebody confirms or names owners against others than there are.
    pub fn check_seen(&self, face: Face, cell: &DraftCell, seen: Option<&[OwnerLine]>) -> Result<(), EditRefused> {
        match seen.is_some_and(|seen| !same(&as_of(seen, self.at), &self.by_rule(cell).0)) {
            true => Err(refusal("owners_changed", "the owners were changed meanwhile; look at them again", &[face])),
            false => Ok(()),
        }
    }
}

/// Lines as a person wrote them, checked.
pub(super) fn checked(face: Face, lines: &[OwnerLine]) -> Result<Vec<OwnerLine>, EditRefused> {
    if lines.len() > LINES {
        return Err(refusal("too_many", &format!("at most {LINES} owners for one cell"), &[face]));
    }
    let line = |l: &OwnerLine| {
        let party = l.party.trim().to_owned();
        if party.is_empty() || party.chars().count() > 120 || party.chars().any(char::is_control) {
            return Err(refusal("bad_text", "an owner has a name of 1 to 120 signs", &[face]));
        }
        if l.valid_to_ms.is_some_and(|to| l.valid_from_ms.is_some_and(|from| from >= to)) {
            return Err(refusal("bad_owner", "a line of owners ends after it begins", &[face]));
        }
        Ok(OwnerLine { party, ..l.clone() })
    };
    lines.iter().map(line).collect()
}
