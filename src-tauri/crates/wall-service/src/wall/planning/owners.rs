//! Who will answer for the cells of a plan: carried over by rule, confirmed or named by somebody.
//!
//! The rule: a code that has owners keeps them; a cell without owners of its own takes those of the cell it comes from.

use super::{desk_cells::DeskCell, refusal, session::Session};
use crate::{
    wall::{Wall, WallError},
    wire::{EditRefusal, OwnerView, PlanOwnerLine, PlanOwners},
};
use std::collections::{BTreeMap, HashMap};
use wall_core::{Face, NetworkId, OwnerRole, PartyKind, UtcMs};

/// Owners by the code of a cell as they are, and by cell as edits of the plan confirmed or named them.
#[derive(Default)]
pub(super) struct Owners {
    present: HashMap<String, Vec<PlanOwnerLine>>,
    written: BTreeMap<Face, Vec<PlanOwnerLine>>,
}

/// Owners of one cell, and by which rule.
pub(super) struct CellOwners {
    pub owners: Vec<PlanOwnerLine>,
    /// kept, inherited, named, none.
    pub rule: &'static str,
    pub confirmed: bool,
}

/// Lines a person may write for one cell.
const LINES: usize = 50;

impl Owners {
    /// Reads who answers at `at`.
    pub async fn load(wall: &Wall, network: NetworkId, at: UtcMs) -> Result<Self, WallError> {
        let store = wall.store();
        let parties: HashMap<_, _> = store.parties().await?.into_iter().map(|p| (p.id, p)).collect();
        let mut present: HashMap<String, Vec<PlanOwnerLine>> = HashMap::new();
        let mut lines = store.ownerships(network).await?;
        lines.retain(|o| o.valid_from <= at && o.valid_to.is_none_or(|e| at < e));
        lines.sort_by_key(|o| (o.role, o.party));
        for o in lines {
            let Some(party) = parties.get(&o.party) else { continue };
            present.entry(o.cell_code.clone()).or_default().push(PlanOwnerLine {
                party: party.name.clone(),
                party_kind: party.kind.code().into(),
                role: o.role.code().into(),
                from_code: o.cell_code,
            });
        }
        Ok(Self { present, written: BTreeMap::new() })
    }

    /// Takes who answers from another time; what was written for the plan stays.
    pub fn present_as(&mut self, other: Self) {
        self.present = other.present;
    }

    /// Owners of a cell.
    pub fn of(&self, face: Face, cell: &DeskCell) -> CellOwners {
        let found = |code: &str| self.present.get(code).filter(|l| !l.is_empty()).cloned();
        let by_rule = || match (found(&cell.code), found(&cell.origin)) {
            (Some(own), _) => (own, "kept"),
            (None, Some(inherited)) => (inherited, "inherited"),
            (None, None) => (Vec::new(), "none"),
        };
        match self.written.get(&face) {
            None => {
                let (owners, rule) = by_rule();
                CellOwners { owners, rule, confirmed: rule == "kept" }
            }
            Some(lines) => {
                let (proposed, rule) = by_rule();
                let rule = if *lines == proposed { rule } else { "named" };
                CellOwners { owners: lines.clone(), rule, confirmed: true }
            }
        }
    }

    /// Who answers for a code as it is.
    pub fn present_of(&self, code: &str) -> &[PlanOwnerLine] {
        self.present.get(code).map_or(&[], Vec::as_slice)
    }

    /// Writes who will answer for a cell (`None`: by rule); returns what was written before.
    pub fn write(&mut self, face: Face, lines: Option<Vec<PlanOwnerLine>>) -> Option<Vec<PlanOwnerLine>> {
        match lines {
            Some(lines) => self.written.insert(face, lines),
            None => self.written.remove(&face),
        }
    }

    /// What was written for a cell.
    pub fn written(&self, face: Face) -> Option<&Vec<PlanOwnerLine>> {
        self.written.get(&face)
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
    owners.owners.iter().map(view).collect()
}

/// The owners of all cells, to be confirmed: first those without, then those inherited.
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
        }
    };
    let mut all: Vec<PlanOwners> = session.cells.iter().map(line).collect();
    let rank = |o: &PlanOwners| match (o.rule.as_str(), o.confirmed) {
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
        Ok(PlanOwnerLine { party, ..l.clone() })
    };
    lines.iter().map(line).collect()
}
