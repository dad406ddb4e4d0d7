//! Borders of communities and streets: a cell lies in one community, and in the one whose code it bears.

use std::collections::BTreeMap;

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{FindingLevel, FindingRules, Report};
use crate::agreement::inner_place;
use crate::attribution::piece::{GridPlace, Side};
use crate::ground::{area_m2, perimeter_m};
use crate::overlay::{Operation, overlay, rings_of};
use crate::planning::PlannedCell;
use crate::planning::area::Area;
use crate::planning::shape::{largest, place_in};
use crate::repair::exact::{Meeting, SegmentIndex, edges, meeting};
use crate::{CellGeometry, EngineFault, GridPoint, Place, outline};

/// Digits of a street's code inside a community's.
const STREET_LEN: usize = 9;

/// The outlines of communities: of a base plan's cells with the same community code, or from a file.
#[derive(Clone, Debug)]
pub struct CommunityOutlines {
    outlines: Vec<(String, CellGeometry, Area)>,
    boxes: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    /// All borders together.
    borders: Vec<(GridPoint, GridPoint)>,
    index: SegmentIndex,
}

impl CommunityOutlines {
    /// Outlines by code. O(n log n).
    pub fn new(outlines: impl IntoIterator<Item = (String, CellGeometry)>) -> Self {
        let mut outlines: Vec<(String, CellGeometry, Area)> = outlines
            .into_iter()
            .map(|(code, ground)| {
                let area = Area::of(&ground);
                (code, ground, area)
            })
            .collect();
        outlines.sort_by(|a, b| a.0.cmp(&b.0));
        let boxes = outlines.iter().enumerate().filter_map(|(i, (_, _, area))| {
            let b = area.bounds()?;
            Some(GeomWithData::new(Rectangle::from_corners([b.lo.x, b.lo.y], [b.hi.x, b.hi.y]), i))
        });
        let boxes = RTree::bulk_load(boxes.collect());
        let mut borders: Vec<(GridPoint, GridPoint)> =
            outlines.iter().flat_map(|(_, g, _)| rings_of(g)).flat_map(|r| edges(r)).map(|(a, b)| (a.min(b), a.max(b))).collect();
        borders.sort_unstable();
        borders.dedup();
        let index = SegmentIndex::new(&borders);
        Self { outlines, boxes, borders, index }
    }

    /// Outlines of the communities of a plan: their cells joined. Cells without a community are left out.
    pub fn of_cells(cells: &[PlannedCell<'_>]) -> Self {
        let mut by_code: BTreeMap<&str, Vec<&CellGeometry>> = BTreeMap::new();
        for cell in cells.iter().filter(|c| !c.community_code.is_empty()) {
            by_code.entry(cell.community_code).or_default().push(cell.geometry);
        }
        // Cells that cannot be united (never seen) stay beside each other: the same ground, with borders inside.
        Self::new(by_code.into_iter().map(|(code, members)| (code.to_owned(), outline(members).0)))
    }

    /// Code and ground of each, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CellGeometry)> {
        self.outlines.iter().map(|(code, ground, _)| (code.as_str(), ground))
    }

    /// The community a place lies in; on a border the one with the lowest code.
    pub fn community_at(&self, place: Place) -> Option<&str> {
        let p = GridPlace::of(place);
        let mut near: Vec<usize> =
            self.boxes.locate_in_envelope_intersecting(&AABB::from_point([p.x, p.y])).map(|g| g.data).collect();
        near.sort_unstable();
        let side = |wanted: Side| near.iter().find(|i| self.outlines[**i].2.side(p) == wanted);
        side(Side::Inside).or_else(|| side(Side::Boundary)).map(|i| self.outlines[*i].0.as_str())
    }

    /// Whether a border of communities may run through the inside of a cell. Never misses one; usually right.
    fn cuts(&self, geometry: &CellGeometry) -> bool {
        let Some((lo, hi)) = geometry.bounds() else { return false };
        let mut near: Vec<(GridPoint, GridPoint)> = self.index.near(lo, hi, 0.0).map(|i| self.borders[i]).collect();
        if near.is_empty() {
            return false;
        }
        let mut own: Vec<(GridPoint, GridPoint)> =
            rings_of(geometry).flat_map(|r| edges(r)).map(|(a, b)| (a.min(b), a.max(b))).collect();
        own.sort_unstable();
        // What is an edge of the cell itself does not run through it.
        near.retain(|e| own.binary_search(e).is_err());
        if near.is_empty() {
            return false;
        }
        let area = Area::of(geometry);
        let own_index = SegmentIndex::new(&own);
        near.iter().any(|&(a, b)| {
            // The stretches between the points where the cell's border touches the segment lie wholly on one side each.
            let mut stops = vec![a, b];
            for i in own_index.near(a, b, 0.0) {
                match meeting(a, b, own[i].0, own[i].1) {
                    Meeting::Cross => return true,
                    Meeting::Touch(t) => stops.push(t),
                    Meeting::Overlap(t) => {
                        stops.push(t);
                        stops.push(own[i].0.clamp(a, b));
                        stops.push(own[i].1.clamp(a, b));
                    }
                    Meeting::Apart => {}
                }
            }
            stops.sort_unstable();
            stops.dedup();
            let middle = |w: &[GridPoint]| GridPlace { x: (w[0].x + w[1].x) as f64 / 2.0, y: (w[0].y + w[1].y) as f64 / 2.0 };
            stops.windows(2).any(|w| area.side(middle(w)) == Side::Inside)
        })
    }

    /// How a cell's ground is divided: position of the community, m², a place in its largest piece; slivers left out.
    ///
    /// # Errors
    /// The common ground cannot be computed.
    fn shares(&self, geometry: &CellGeometry, slack_m: f64) -> Result<Vec<(usize, f64, Place)>, EngineFault> {
        let Some((lo, hi)) = geometry.bounds() else { return Ok(Vec::new()) };
        let envelope = AABB::from_corners([lo.x as f64, lo.y as f64], [hi.x as f64, hi.y as f64]);
        let mut near: Vec<usize> = self.boxes.locate_in_envelope_intersecting(&envelope).map(|g| g.data).collect();
        near.sort_unstable();
        let share = |i: usize| {
            let common = overlay(rings_of(geometry), rings_of(&self.outlines[i].1), Operation::Intersection)?;
            let wide = common.into_iter().filter(|p| 2.0 * area_m2(p) > slack_m * p.rings().map(|r| perimeter_m(r)).sum::<f64>());
            let ground = CellGeometry { polygons: wide.collect() };
            let place = largest(&ground).map(inner_place);
            Ok(place.map(|place| (i, ground.polygons.iter().map(area_m2).sum(), place)))
        };
        near.into_iter().filter_map(|i| share(i).transpose()).collect()
    }
}

/// A cell in two communities (or streets), or in another than its own.
pub(super) fn borders(cell: &PlannedCell<'_>, communities: &CommunityOutlines, rules: &FindingRules<'_>, say: &mut Report<'_>) {
    let code = |i: usize| communities.outlines[i].0.as_str();
    let mut shares = Vec::new();
    if communities.cuts(cell.geometry) {
        match communities.shares(cell.geometry, rules.border_slack_m) {
            Ok(found) => shares = found,
            // What could not be looked at is not right for that.
            Err(fault) => return say.add(FindingLevel::Wrong, "not_compared", Some(fault.place), vec![]),
        }
    }
    if shares.len() > 1 {
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let street = |i: usize| code(i).get(..STREET_LEN).unwrap_or(code(i));
        let streets = shares.iter().any(|s| street(s.0) != street(shares[0].0));
        let finding = if streets { "two_streets" } else { "two_communities" };
        let list = |of: &dyn Fn(&(usize, f64, Place)) -> String| shares.iter().map(of).collect::<Vec<_>>().join(" ");
        let values = vec![("communities", list(&|s| code(s.0).to_owned())), ("areas_m2", list(&|s| format!("{:.0}", s.1)))];
        say.add(FindingLevel::Wrong, finding, shares.last().map(|s| s.2), values);
    }
    let lies_in = match shares.first() {
        Some(most) => Some(code(most.0)),
        None => place_in(cell.geometry).and_then(|p| communities.community_at(p)),
    };
    if let Some(lies_in) = lies_in
        && !cell.community_code.is_empty()
        && lies_in != cell.community_code
    {
        let values = vec![("community", cell.community_code.to_owned()), ("lies_in", lies_in.to_owned())];
        say.add(FindingLevel::Wrong, "other_community", place_in(cell.geometry), values);
    }
}
