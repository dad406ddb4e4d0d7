//! The form of a cell, its households, and large streets through it.

use std::collections::BTreeMap;

use super::{FindingLevel, FindingRules, Report, for_basic};
use crate::agreement::inner_place;
use crate::planning::area::Area;
use crate::planning::patrol::Along;
use crate::planning::shape::{Shape, place_in, smallest};
use crate::planning::{CellFigures, PlannedCell};
use crate::{CellGeometry, CellKind, GridPolygon, Place};

/// So far from the border a large street is no longer the border drawn a little beside it, m.
const DEEP_M: f64 = 15.0;

pub(super) fn form(cell: &PlannedCell<'_>, f: &CellFigures, rules: &FindingRules<'_>, say: &mut Report<'_>) {
    let geometry = cell.geometry;
    let place = place_in(geometry);
    if f.parts == 0 || f.area_m2 <= 0.0 {
        say.add(FindingLevel::Wrong, "no_ground", place, vec![]);
        return;
    }
    if f.parts > 1 {
        let at = smallest(geometry).map(inner_place);
        say.add(for_basic(cell), "not_contiguous", at, vec![("parts", f.parts.to_string())]);
    }
    if let Some(hole) = geometry.polygons.iter().flat_map(|p| &p.holes).next() {
        let mut outer = hole.clone();
        outer.reverse();
        let at = inner_place(&GridPolygon { outer, holes: vec![] });
        say.add(FindingLevel::Note, "hole", Some(at), vec![("holes", f.holes.to_string())]);
    }
    let thin = geometry.polygons.iter().map(|p| (Shape::of(&CellGeometry { polygons: vec![p.clone()] }).mean_width_m(), p));
    if let Some((width_m, part)) = thin.filter(|(w, _)| *w < rules.sliver_m).min_by(|a, b| a.0.total_cmp(&b.0)) {
        say.add(FindingLevel::Wrong, "sliver", Some(inner_place(part)), vec![("width_m", format!("{width_m:.2}"))]);
    } else if f.compactness < rules.low_compactness {
        say.add(FindingLevel::Note, "low_compactness", place, vec![("compactness", format!("{:.3}", f.compactness))]);
    }
}

/// Households of a basic cell. A dedicated one (a school, a park) has none to count.
pub(super) fn households(cell: &PlannedCell<'_>, f: &CellFigures, rules: &FindingRules<'_>, say: &mut Report<'_>) {
    if cell.kind != CellKind::Basic {
        return;
    }
    let place = place_in(cell.geometry);
    let Some(households) = f.households else {
        say.add(FindingLevel::Incomplete, "households_unknown", place, vec![]);
        return;
    };
    if f.households_gap > 0.01 {
        let share = format!("{:.0}", f.households_gap * 100.0);
        say.add(FindingLevel::Incomplete, "households_in_part", place, vec![("unknown_percent", share)]);
    }
    let code = match households {
        h if h < rules.band.low => "households_under",
        h if h > rules.band.high => "households_over",
        _ => return,
    };
    let far = |factor: f64| households > rules.band.high * factor || households * factor < rules.band.low;
    let level = if rules.band_wrong_factor.is_some_and(far) { FindingLevel::Wrong } else { FindingLevel::Note };
    let values = vec![
        ("households", format!("{households:.0}")),
        ("low", rules.band.low.to_string()),
        ("high", rules.band.high.to_string()),
        ("from", f.households_from.code().to_owned()),
    ];
    say.add(level, code, place, values);
}

/// Large streets that run through the cell and not along its border: one finding for each street by name.
pub(super) fn streets(cell: &PlannedCell<'_>, rules: &FindingRules<'_>, say: &mut Report<'_>) {
    let Some(ground) = rules.ground else { return };
    let streets = &ground.streets;
    let area = Area::of(cell.geometry);
    // By name: metres inside, and the middle of the longest stretch.
    let mut through: BTreeMap<&str, (f64, f64, Place)> = BTreeMap::new();
    let divides = |s: u32| rules.dividing_classes.contains(&streets.named[s as usize].1.as_str());
    streets.clip(&area, DEEP_M, divides, |s| {
        if s.along == Along::Inside {
            let sum = through.entry(&streets.named[s.street as usize].0).or_insert((0.0, 0.0, s.middle));
            sum.0 += s.length_m;
            if s.length_m > sum.1 {
                (sum.1, sum.2) = (s.length_m, s.middle);
            }
        }
    });
    for (name, (length_m, _, place)) in through.into_iter().filter(|(_, t)| t.0 > rules.dividing_m) {
        let values = vec![("street", name.to_owned()), ("length_m", format!("{length_m:.0}"))];
        say.add(FindingLevel::Note, "crosses_arterial", Some(place), values);
    }
}
