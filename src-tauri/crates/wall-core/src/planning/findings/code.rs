//! Codes: their form, and that nobody else has or had them.

use std::collections::{BTreeMap, BTreeSet};

use super::{FindingLevel, FindingRules, PlanFinding, Report};
use crate::planning::shape::place_in;
use crate::planning::{CodeFault, PlannedCell};

/// The form of a cell's code and of its community's.
pub(super) fn form(cell: &PlannedCell<'_>, rules: &FindingRules<'_>, say: &mut Report<'_>) {
    let place = place_in(cell.geometry);
    let community = cell.community_code;
    if !community.is_empty() && !rules.scheme.is_community(community) {
        say.add(FindingLevel::Wrong, "community_form", place, vec![("community", community.to_owned())]);
    }
    // Said beside a fault of its form: that one can be acknowledged, this one never.
    if rules.retired.contains(cell.code) {
        say.add(FindingLevel::Wrong, CodeFault::Retired.code(), place, vec![("cell", cell.code.to_owned())]);
    }
    let Some(fault) = rules.scheme.fault(cell.code, community) else { return };
    let level = if fault == CodeFault::Missing { FindingLevel::Incomplete } else { FindingLevel::Wrong };
    let mut values = vec![("cell", cell.code.to_owned())];
    match fault {
        CodeFault::Length => {
            values.push(("length", cell.code.chars().count().to_string()));
            values.push(("wanted", rules.scheme.len().to_string()));
        }
        CodeFault::Community => values.push(("community", community.to_owned())),
        _ => {}
    }
    say.add(level, fault.code(), place, values);
}

/// Codes that several cells have, when one of the cells asked for is among them.
pub(super) fn duplicates(cells: &[PlannedCell<'_>], which: &BTreeSet<usize>) -> Vec<PlanFinding> {
    let asked: BTreeSet<&str> = which.iter().map(|i| cells[*i].code).filter(|c| !c.is_empty()).collect();
    let mut by_code: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| asked.contains(c.code)) {
        by_code.entry(cell.code).or_default().push(i);
    }
    let twice = by_code.into_iter().filter(|(_, cells)| cells.len() > 1);
    twice
        .map(|(code, members)| PlanFinding {
            level: FindingLevel::Wrong,
            code: CodeFault::Duplicate.code(),
            place: members.get(1).and_then(|i| place_in(cells[*i].geometry)),
            values: vec![("cell", code.to_owned()), ("count", members.len().to_string())],
            cells: members,
        })
        .collect()
}
