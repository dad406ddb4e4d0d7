//! The findings of an open plan, kept up to date edit by edit.

use super::{draft_cells::DraftCell, session::Session};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use wall_core::{
    Face, Lane, Place, TopologyFault, TopologyFinding, geometry_area_m2,
    planning::{CellFigures, FindingLevel, FindingRules, Leftover, LeftoverKind, PlanFinding, PlannedCell, findings_of},
};

/// Something to know about a plan before publishing it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct DraftFinding {
    pub level: FindingLevel,
    /// not_contiguous, overlap, gap, no_owner, code_duplicate …
    pub code: Cow<'static, str>,
    /// Cells it is about.
    pub faces: Vec<Face>,
    /// Their codes, as far as they have any place in the plan.
    pub cells: Vec<String>,
    /// Where to look; `None` = nowhere in particular.
    pub place: Option<Place>,
    /// Values for the words.
    pub values: BTreeMap<String, String>,
    /// Publishing needs it to be mended or acknowledged by its code.
    pub blocks: bool,
    pub scope: Scope,
}

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// Some cells.
    Cells,
    /// The plan as a whole: a gap, owners to confirm.
    Plan,
    /// The making of the draft, which no edit changes.
    Making,
    /// The file it was made of.
    File,
}

/// What became of the findings where something was looked at.
pub(super) struct FindingsChange {
    /// Of the findings about cells those about any of these are replaced.
    pub looked_at: Vec<Face>,
    /// Findings about those cells.
    pub cells: Vec<DraftFinding>,
    /// All findings about the plan as a whole; `None` = as they were.
    pub plan: Option<Vec<DraftFinding>>,
}

/// A finding with the cells it is about by face, which stay when others come and go.
#[derive(Clone, Debug)]
struct Found {
    faces: Vec<Face>,
    finding: PlanFinding,
}

/// All findings of a plan about its cells, and what was looked at since somebody last asked.
#[derive(Default)]
pub(super) struct Findings {
    /// In the order of [`Found::key`].
    list: Vec<Found>,
    looked: Looked,
}

/// What was looked at for findings.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Looked {
    /// These cells.
    pub at: BTreeSet<Face>,
    /// And the plan as a whole: gaps, owners.
    pub plan: bool,
}

impl Looked {
    /// And this too.
    pub fn add(&mut self, other: &Self) {
        self.at.extend(&other.at);
        self.plan |= other.plan;
    }
}

impl Found {
    fn key(&self) -> (FindingLevel, &[Face], &str) {
        (self.finding.level, &self.faces, self.finding.code)
    }
}

/// Nothing can be published with these, whoever acknowledges them.
const NEVER: &[&str] = &["code_missing", "code_retired", "no_ground"];

/// Whether publishing needs the finding to be mended or acknowledged.
pub(super) fn blocks(finding: &PlanFinding) -> bool {
    finding.level == FindingLevel::Wrong || matches!(finding.code, "owner_missing" | "code_missing")
}

/// Whether acknowledging it is enough.
pub(super) fn can_be_acknowledged(code: &str) -> bool {
    !NEVER.contains(&code)
}

impl Findings {
    /// Looks at all cells. O(n log n).
    pub fn find_all(&mut self, session: &Session) {
        self.list.clear();
        self.find(session, session.cells.keys().copied().collect());
    }

    /// Looks again at some cells, and those found together with them. O(findings + k log k) for k cells and those that share
    /// codes with them.
    pub fn find(&mut self, session: &Session, mut which: BTreeSet<Face>) {
        let together = |f: &&Found| f.faces.len() > 1 && f.faces.iter().any(|x| which.contains(x));
        let with: Vec<Face> = self.list.iter().filter(together).flat_map(|f| f.faces.clone()).collect();
        which.extend(with);
        self.list.retain(|f| !f.faces.iter().any(|x| which.contains(x)));
        // Only cells with the same code are found together: nobody else needs to be looked at.
        let codes = which.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.as_str()).filter(|c| !c.is_empty());
        let mut order: BTreeSet<Face> = codes.flat_map(|code| session.cells.carriers(code)).collect();
        order.extend(which.iter().filter(|f| session.cells.contains_key(f)));
        let (order, cells): (Vec<Face>, Vec<PlannedCell<'_>>) =
            order.into_iter().filter_map(|f| Some((f, session.planned(f)?))).unzip();
        let figures: Vec<CellFigures> = order.iter().map(|f| session.figures.get(f).copied().unwrap_or_default()).collect();
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
        // Nearly sorted already: the standard sort takes long runs as they are.
        self.list.sort_by(|a, b| a.key().cmp(&b.key()));
        self.looked.at.extend(which);
    }

    /// Gaps or owners may have changed.
    pub fn note_plan_change(&mut self) {
        self.looked.plan = true;
    }

    /// From here on it is noted what is looked at.
    pub fn watch(&mut self) {
        self.looked = Looked::default();
    }

    /// What was looked at since [`Self::watch`].
    pub fn looked(&self) -> &Looked {
        &self.looked
    }

    /// The findings now about what was looked at. O(findings).
    pub fn change(&self, session: &Session, looked: &Looked) -> FindingsChange {
        let about = |f: &&Found| f.faces.iter().any(|x| looked.at.contains(x));
        FindingsChange {
            looked_at: looked.at.iter().copied().collect(),
            cells: self.list.iter().filter(about).map(|f| told(session, &f.faces, &f.finding, Scope::Cells)).collect(),
            plan: looked.plan.then(|| of_the_plan(session)),
        }
    }

    /// All findings, those about the plan as a whole first. O(n log n).
    pub fn all(&self, session: &Session) -> Vec<DraftFinding> {
        // Gaps, and what is to be decided about, are findings of the plan.
        let elsewhere = |kind| matches!(kind, TopologyFault::Gap | TopologyFault::Overlap | TopologyFault::Lost);
        let mut made = session.built.iter().filter(|f| !elsewhere(f.kind));
        let listed: Vec<DraftFinding> = made.by_ref().take(BUILT).map(|f| of_the_making(session, f)).collect();
        let more = made.count();
        let left_out = (more > 0).then(|| DraftFinding {
            values: BTreeMap::from([("more".to_owned(), more.to_string())]),
            scope: Scope::Making,
            ..whole(FindingLevel::Note, "more_made", false)
        });
        of_the_plan(session)
            .into_iter()
            .chain(self.list.iter().map(|f| told(session, &f.faces, &f.finding, Scope::Cells)))
            .chain(listed)
            .chain(left_out)
            .collect()
    }
}

/// Gaps between cells, and owners to confirm. O(borders with bare ground + cells).
fn of_the_plan(session: &Session) -> Vec<DraftFinding> {
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
    let found = wall_core::planning::findings(&[], &[], &leftovers, &rules);
    let around = leftovers.iter().map(|l| l.cells.iter().map(|i| order[*i]).collect::<Vec<_>>());
    let gaps = found.into_iter().zip(around).map(|(finding, faces)| told(session, &faces, &finding, Scope::Plan));
    behind(session)
        .into_iter()
        .chain(doubts(session))
        .chain(unheld(session))
        .chain(gaps)
        .chain(lanes(session))
        .chain(owners_to_see(session))
        .collect()
}

/// A finding about the whole plan, without a place.
fn whole(level: FindingLevel, code: impl Into<Cow<'static, str>>, blocks: bool) -> DraftFinding {
    DraftFinding {
        level,
        code: code.into(),
        cells: Vec::new(),
        faces: Vec::new(),
        place: None,
        values: BTreeMap::new(),
        blocks,
        scope: Scope::Plan,
    }
}

/// Cells that the draft does not hold as its base has them, about which nobody decided: of which nothing is left, or of which
/// another has a part.
pub(super) fn unheld(session: &Session) -> Vec<DraftFinding> {
    let code_of = |face: Face| session.cells.get(&face).map_or_else(String::new, |c| c.code.clone());
    let mut found = Vec::new();
    for (face, u) in session.unheld.undecided() {
        let finding = |code: &'static str, faces: Vec<Face>, m2: f64, place: Place| DraftFinding {
            cells: faces.iter().map(|f| if *f == face { u.cell.code.clone() } else { code_of(*f) }).collect(),
            faces,
            place: Some(place),
            values: BTreeMap::from([("area_m2".to_owned(), format!("{m2:.1}"))]),
            ..whole(FindingLevel::Wrong, code, true)
        };
        if u.lost {
            let mut faces = vec![face];
            faces.extend(u.under.iter().map(|o| o.0));
            found.push(finding("lost", faces, geometry_area_m2(&u.ground), u.place));
        } else {
            found.extend(u.under.iter().map(|(owner, m2, place)| finding("overlap", vec![face, *owner], *m2, *place)));
        }
    }
    found
}

/// Lanes between cells, the largest first; beyond the most that are listed, how many more there are.
fn lanes(session: &Session) -> Vec<DraftFinding> {
    let lane = |l: &Lane| {
        let faces = [Face(l.cells.0 as u32), Face(l.cells.1 as u32)];
        DraftFinding {
            cells: faces.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.clone()).collect(),
            faces: faces.to_vec(),
            place: Some(l.place),
            values: BTreeMap::from([
                ("width_m".to_owned(), format!("{:.2}", l.width_m)),
                ("length_m".to_owned(), format!("{:.0}", l.length_m)),
                ("area_m2".to_owned(), format!("{:.1}", l.area_m2)),
            ]),
            ..whole(FindingLevel::Incomplete, "lane", false)
        }
    };
    let mut found: Vec<DraftFinding> = session.lanes.iter().take(BUILT).map(lane).collect();
    if session.lanes.len() > BUILT {
        let mut more = whole(FindingLevel::Incomplete, "lane", false);
        more.values.insert("more".into(), (session.lanes.len() - BUILT).to_string());
        found.push(more);
    }
    found
}

/// The plan was drawn from one that another has followed: publishing it takes back what that one changed.
fn behind(session: &Session) -> Option<DraftFinding> {
    let newer = session.behind.as_ref()?;
    let mut found = whole(FindingLevel::Wrong, "base_outdated", true);
    found.values.insert("plan".into(), newer.clone());
    Some(found)
}

/// What was doubtful about the file: it may be right, and somebody who has looked says so by acknowledging it.
fn doubts(session: &Session) -> impl Iterator<Item = DraftFinding> + '_ {
    session.doubts.iter().map(|code| DraftFinding { scope: Scope::File, ..whole(FindingLevel::Wrong, code.clone(), true) })
}

/// Owners that nobody has looked at as they are: changed by others after somebody confirmed or named them (publishing asks),
/// or carried over by rule and not confirmed yet.
fn owners_to_see(session: &Session) -> Vec<DraftFinding> {
    let (mut changed, mut unconfirmed) = (Vec::new(), Vec::new());
    for (face, cell) in session.cells.iter() {
        let of = session.owners.of(*face, cell);
        if of.changed.is_some() {
            changed.push((*face, cell));
        } else if !of.confirmed && !of.owners.is_empty() {
            unconfirmed.push((*face, cell));
        }
    }
    let about = |faces: &[(Face, &DraftCell)], code: &'static str, blocks: bool| {
        Some(DraftFinding {
            place: session.labels.get(&faces.first()?.0).copied(),
            values: BTreeMap::from([("cells".to_owned(), faces.len().to_string())]),
            cells: faces.iter().map(|(_, c)| c.code.clone()).collect(),
            faces: faces.iter().map(|(f, _)| *f).collect(),
            ..whole(FindingLevel::Incomplete, code, blocks)
        })
    };
    [about(&changed, "owners_changed", true), about(&unconfirmed, "owners_unconfirmed", false)].into_iter().flatten().collect()
}

/// Lines about what bringing the cells together did; the rest is in the report of the import.
const BUILT: usize = 200;

/// What was done to bring the cells into one topology. A gap that was left is among the gaps.
fn of_the_making(session: &Session, found: &TopologyFinding) -> DraftFinding {
    let faces: Vec<Face> = found.cells.iter().map(|i| Face(*i as u32)).collect();
    DraftFinding {
        cells: faces.iter().filter_map(|f| session.cells.get(f)).map(|c| c.code.clone()).collect(),
        faces,
        place: Some(found.place),
        values: BTreeMap::from([
            ("area_m2".to_owned(), format!("{:.1}", found.area_m2)),
            ("resolution".to_owned(), found.resolution.code().to_owned()),
        ]),
        scope: Scope::Making,
        ..whole(FindingLevel::Note, found.kind.code(), false)
    }
}

fn told(session: &Session, faces: &[Face], finding: &PlanFinding, scope: Scope) -> DraftFinding {
    let code = |f: &Face| session.cells.get(f).map_or_else(String::new, |c| c.code.clone());
    DraftFinding {
        level: finding.level,
        code: finding.code.into(),
        faces: faces.to_vec(),
        cells: faces.iter().map(code).collect(),
        place: finding.place,
        values: finding.values.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        blocks: blocks(finding),
        scope,
    }
}
