//! The findings of a plan on the desk, kept up to date edit by edit.

use super::session::{DeskCell, Session};
use crate::wire::PlanFindingView;
use std::collections::{BTreeMap, BTreeSet};
use wall_core::{
    Face, TopologyFault, TopologyFinding, label_point,
    planning::{CellFigures, FindingLevel, FindingRules, Leftover, LeftoverKind, PlanFinding, PlannedCell, findings_of},
};

/// A finding with the cells it is about by face, which stay when others come and go.
#[derive(Clone, Debug)]
struct Found {
    faces: Vec<Face>,
    finding: PlanFinding,
}

/// All findings of a plan.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Found>,
}

/// Nothing can be published with these, whoever acknowledges them.
const NEVER: &[&str] = &["code_missing", "no_ground"];

/// Whether publishing needs the finding to be mended or acknowledged.
pub(super) fn blocks(finding: &PlanFinding) -> bool {
    finding.level == FindingLevel::Wrong || matches!(finding.code, "owner_missing" | "code_missing")
}

/// Whether acknowledging it is enough.
pub(super) fn can_be_acknowledged(code: &str) -> bool {
    !NEVER.contains(&code)
}

impl Findings {
    /// Looks again at some cells (and those found together with them), or at all.
    pub fn find(&mut self, session: &Session, faces: Option<&BTreeSet<Face>>) {
        let order: Vec<Face> = session.cells.keys().copied().collect();
        let cells: Vec<PlannedCell<'_>> = session.all_planned();
        let figures: Vec<CellFigures> = order.iter().map(|f| session.figures.get(f).copied().unwrap_or_default()).collect();
        let mut which: BTreeSet<Face> = match faces {
            None => order.iter().copied().collect(),
            Some(faces) => faces.clone(),
        };
        if faces.is_some() {
            let with: Vec<Face> =
                self.list.iter().filter(|f| f.faces.iter().any(|x| which.contains(x))).flat_map(|f| f.faces.clone()).collect();
            which.extend(with);
        }
        self.list.retain(|f| !f.faces.iter().any(|x| which.contains(x)));
        let positions: Vec<usize> = which.iter().filter_map(|f| order.binary_search(f).ok()).collect();
        let rules = FindingRules {
            band: session.rules.band,
            communities: session.data.communities.as_ref(),
            ground: Some(&session.data.ground),
            ..FindingRules::new(&session.rules.scheme, &session.retired)
        };
        let fresh = findings_of(&cells, &figures, &positions, &rules);
        self.list
            .extend(fresh.into_iter().map(|finding| Found { faces: finding.cells.iter().map(|i| order[*i]).collect(), finding }));
        self.list.sort_by(|a, b| (a.finding.level, &a.faces, a.finding.code).cmp(&(b.finding.level, &b.faces, b.finding.code)));
    }

    /// All findings, the gravest first; gaps between cells lead.
    pub fn views(&self, session: &Session) -> Vec<PlanFindingView> {
        let gaps = session.topology.gaps();
        let order: Vec<Face> = session.cells.keys().copied().collect();
        let leftovers: Vec<Leftover> = gaps
            .iter()
            .map(|g| Leftover {
                kind: LeftoverKind::Gap,
                cells: g.faces.iter().filter_map(|f| order.binary_search(f).ok()).collect(),
                area_m2: g.area_m2,
                place: g.place,
            })
            .collect();
        let none = BTreeSet::new();
        let rules = FindingRules::new(&session.rules.scheme, &none);
        let gaps = wall_core::planning::findings(&[], &[], &leftovers, &rules);
        let gap_faces = leftovers.iter().map(|l| l.cells.iter().map(|i| order[*i]).collect::<Vec<_>>());
        let gaps = gaps.into_iter().zip(gap_faces).map(|(finding, faces)| view(session, &faces, &finding));
        let built = session.built.iter().filter(|f| f.kind != TopologyFault::Gap).take(BUILT).map(|f| built_view(session, f));
        gaps.chain(unconfirmed(session))
            .chain(self.list.iter().map(|f| view(session, &f.faces, &f.finding)))
            .chain(built)
            .collect()
    }
}

/// Owners that were carried over by rule and that nobody has looked at yet.
fn unconfirmed(session: &Session) -> Option<PlanFindingView> {
    let waits = |c: &DeskCell| {
        let of = session.owners.of(c);
        !of.confirmed && !of.owners.is_empty()
    };
    let faces: Vec<(&Face, &DeskCell)> = session.cells.iter().filter(|(_, c)| waits(c)).collect();
    let (face, _) = faces.first()?;
    let place = session.geometry.get(face).map(label_point);
    Some(PlanFindingView {
        level: FindingLevel::Incomplete.code().into(),
        code: "owners_unconfirmed".into(),
        lon: place.map(|p| p.lon),
        lat: place.map(|p| p.lat),
        values: BTreeMap::from([("cells".to_owned(), faces.len().to_string())]),
        cells: faces.iter().map(|(_, c)| c.code.clone()).collect(),
        faces: faces.iter().map(|(f, _)| f.0).collect(),
        blocks: false,
    })
}

/// Lines about what bringing the cells together did; the rest is in the report of the import.
const BUILT: usize = 200;

/// What was done to bring the cells into one topology. A gap that was left is among the gaps.
fn built_view(session: &Session, found: &TopologyFinding) -> PlanFindingView {
    let faces: Vec<Face> = found.cells.iter().map(|i| Face(*i as u32)).collect();
    PlanFindingView {
        level: FindingLevel::Note.code().into(),
        code: found.kind.code().into(),
        cells: faces.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.clone()).collect(),
        faces: faces.iter().map(|f| f.0).collect(),
        lon: Some(found.place.lon),
        lat: Some(found.place.lat),
        values: BTreeMap::from([
            ("area_m2".to_owned(), format!("{:.1}", found.area_m2)),
            ("resolution".to_owned(), found.resolution.code().to_owned()),
        ]),
        blocks: false,
    }
}

fn view(session: &Session, faces: &[Face], finding: &PlanFinding) -> PlanFindingView {
    let code = |f: &Face| session.cells.get(f).map_or_else(String::new, |c| c.code.clone());
    PlanFindingView {
        level: finding.level.code().into(),
        code: finding.code.into(),
        faces: faces.iter().map(|f| f.0).collect(),
        cells: faces.iter().map(code).collect(),
        lon: finding.place.map(|p| p.lon),
        lat: finding.place.map(|p| p.lat),
        values: finding.values.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect::<BTreeMap<_, _>>(),
        blocks: blocks(finding),
    }
}
