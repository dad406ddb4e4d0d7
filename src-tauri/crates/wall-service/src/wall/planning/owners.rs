//! Who will answer for the cells of a plan: carried over by rule, confirmed or named by somebody.
//!
//! The rule: a code that has owners keeps them; a cell without owners of its own takes those of the cell it comes from, with
//! their ends and successors. What somebody confirmed or named is kept with what they saw: when that is another thing by the
//! time of publishing, they are asked again.

use super::{desk_cells::DeskCell, refusal, session::Session};
use crate::{
    wall::{Wall, WallError},
    wire::{EditRefusal, OwnerView, PlanOwnerLine, PlanOwners},
};
use std::collections::{BTreeMap, HashMap};
use wall_core::{Face, NetworkId, OwnerRole, PartyKind, UtcMs};

/// Owners by the code of a cell as they are, and by cell as edits of the plan confirmed or named them.
pub(super) struct Owners {
    /// Who answers at this time, and who will later.
    at: UtcMs,
    present: HashMap<String, Vec<PlanOwnerLine>>,
    written: BTreeMap<Face, Written>,
}

/// What somebody said of the owners of a cell.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Written {
    /// Those named; `None` = those that the rule proposes.
    pub named: Option<Vec<PlanOwnerLine>>,
    /// Those that the rule proposed then; `None` = not known (an edit of an older edition).
    pub against: Option<Vec<PlanOwnerLine>>,
}

/// Owners of one cell, and by which rule.
pub(super) struct CellOwners {
    pub owners: Vec<PlanOwnerLine>,
    /// kept, inherited, named, none.
    pub rule: &'static str,
    pub confirmed: bool,
    /// Somebody confirmed or named them, and the rule proposes others now: these.
    pub changed: Option<Vec<PlanOwnerLine>>,
}

impl CellOwners {
    /// Those who answer from the beginning.
    pub fn answering(&self) -> impl Iterator<Item = &PlanOwnerLine> {
        self.owners.iter().filter(|l| l.valid_from_ms.is_none())
    }
}

/// Lines a person may write for one cell.
const LINES: usize = 50;

/// Lines as they are at a time: what ended by then is gone, what began by then has no beginning any more.
fn as_of(lines: &[PlanOwnerLine], at: UtcMs) -> Vec<PlanOwnerLine> {
    let there = lines.iter().filter(|l| l.valid_to_ms.is_none_or(|to| to > at.0));
    there.map(|l| PlanOwnerLine { valid_from_ms: l.valid_from_ms.filter(|from| *from > at.0), ..l.clone() }).collect()
}

/// Whether two lists say the same, in whatever order and wherever the lines come from.
fn same(a: &[PlanOwnerLine], b: &[PlanOwnerLine]) -> bool {
    let sorted = |lines: &[PlanOwnerLine]| {
        let mut keys: Vec<_> = lines
            .iter()
            .map(|l| (l.party.clone(), l.party_kind.clone(), l.role.clone(), l.valid_from_ms, l.valid_to_ms))
            .collect();
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
        let mut present: HashMap<String, Vec<PlanOwnerLine>> = HashMap::new();
        let mut lines = store.ownerships(network).await?;
        lines.retain(|o| o.valid_to.is_none_or(|e| at < e && o.valid_from < e));
        lines.sort_by_key(|o| (o.role, o.party, o.valid_from));
        for o in lines {
            let Some(party) = parties.get(&o.party) else { continue };
            present.entry(o.cell_code.clone()).or_default().push(PlanOwnerLine {
                party: party.name.clone(),
                party_kind: party.kind.code().into(),
                role: o.role.code().into(),
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
    pub fn by_rule(&self, cell: &DeskCell) -> (Vec<PlanOwnerLine>, &'static str) {
        let found = |code: &str| self.present.get(code).filter(|l| !l.is_empty()).cloned();
        match (found(&cell.code), found(&cell.origin)) {
            (Some(own), _) => (own, "kept"),
            (None, Some(inherited)) => (inherited, "inherited"),
            (None, None) => (Vec::new(), "none"),
        }
    }

    /// Owners of a cell.
    pub fn of(&self, face: Face, cell: &DeskCell) -> CellOwners {
        let (proposed, rule) = self.by_rule(cell);
        let Some(written) = self.written.get(&face) else {
            return CellOwners { owners: proposed, rule, confirmed: rule == "kept", changed: None };
        };
        let still = written.against.as_ref().is_some_and(|seen| same(&as_of(seen, self.at), &proposed));
        match &written.named {
            // Whoever has owners of their own keeps them as they are: nothing is written for them.
            None if still || rule == "kept" => CellOwners { owners: proposed, rule, confirmed: true, changed: None },
            None => CellOwners { changed: Some(proposed.clone()), owners: proposed, rule, confirmed: false },
            Some(lines) => {
                let lines = as_of(lines, self.at);
                if same(&lines, &proposed) {
                    return CellOwners { owners: proposed, rule, confirmed: true, changed: None };
                }
                CellOwners { owners: lines, rule: "named", confirmed: still, changed: (!still).then_some(proposed) }
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
    pub fn check_seen(&self, face: Face, cell: &DeskCell, seen: Option<&[PlanOwnerLine]>) -> Result<(), EditRefusal> {
        match seen.is_some_and(|seen| !same(&as_of(seen, self.at), &self.by_rule(cell).0)) {
            true => Err(refusal("owners_changed", "the owners were changed meanwhile; look at them again", &[face])),
            false => Ok(()),
        }
    }
}

/// The owners of a cell for its card.
pub(super) fn owner_views(owners: &CellOwners) -> Vec<OwnerView> {
    let view = |l: &PlanOwnerLine| OwnerView {
        name: l.party.clone(),
        kind: l.party_kind.clone(),
        role: l.role.clone(),
        duty: "unknown".into(),
        staff_id: None,
    };
    owners.answering().map(view).collect()
}

/// The owners of all cells, to be confirmed: first those that changed meanwhile and those without, then those inherited.
pub(super) fn list(session: &Session) -> Vec<PlanOwners> {
    let line = |(face, cell): (&Face, &DeskCell)| {
        let of = session.owners.of(*face, cell);
        PlanOwners {
            face: face.0,
            code: cell.code.clone(),
            name: cell.name.clone(),
            owners: of.owners,
            rule: of.rule.into(),
            confirmed: of.confirmed,
            changed: of.changed,
            now: session.owners.by_rule(cell).0,
        }
    };
    let mut all: Vec<PlanOwners> = session.cells.iter().map(line).collect();
    let rank = |o: &PlanOwners| match (o.rule.as_str(), o.confirmed) {
        _ if o.changed.is_some() => 0,
        ("none", _) => 0,
        (_, false) => 1,
        ("named" | "inherited", true) => 2,
        _ => 3,
    };
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.code.cmp(&b.code)).then(a.face.cmp(&b.face)));
    all
}

/// Lines as a person wrote them, checked.
pub(super) fn checked(face: Face, lines: &[PlanOwnerLine]) -> Result<Vec<PlanOwnerLine>, EditRefusal> {
    if lines.len() > LINES {
        return Err(refusal("too_many", &format!("at most {LINES} owners for one cell"), &[face]));
    }
    let line = |l: &PlanOwnerLine| {
        let party = l.party.trim().to_owned();
        if party.is_empty() || party.chars().count() > 120 || party.chars().any(char::is_control) {
            return Err(refusal("bad_text", "an owner has a name of 1 to 120 signs", &[face]));
        }
        if PartyKind::from_code(&l.party_kind).is_none() || OwnerRole::from_code(&l.role).is_none() {
            let message = "an owner is a person or unit, in the role leader, full_time, part_time, police or unit";
            return Err(refusal("bad_owner", message, &[face]));
        }
        if l.valid_to_ms.is_some_and(|to| l.valid_from_ms.is_some_and(|from| from >= to)) {
            return Err(refusal("bad_owner", "a line of owners ends after it begins", &[face]));
        }
        Ok(PlanOwnerLine { party, ..l.clone() })
    };
    lines.iter().map(line).collect()
}
