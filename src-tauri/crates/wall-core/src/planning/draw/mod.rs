//! Cells drawn from nothing: communities cut along streets and water into blocks, blocks put together into cells.

mod refine;
mod split;

use std::collections::BTreeSet;

use super::partition::components;
use super::{Band, Block, CommunityOutlines, PlannedCell, PlanningGround, StreetLine, blocks, reading_order};
use crate::coded::coded;
use crate::{CellGeometry, EngineFault, dissolve};

coded! {
    /// Why a drawn cell is not in the band.
    DrawFault {
        /// Nobody tells the households.
        HouseholdsUnknown = "households_unknown",
        /// All of the community (or of a part of it that hangs together) has fewer.
        TooFew = "too_few",
        /// One block alone has more, and only streets and water are cut along.
        BlockTooLarge = "block_too_large",
        /// No number of cells divides what there is into the band.
        NoCountFits = "no_count_fits",
        /// The blocks there are did not come together better.
        NotReached = "not_reached",
    }
}

/// A cell as it could be.
#[derive(Clone, PartialEq, Debug)]
pub struct DrawnCell {
    /// Code of the community it lies in.
    pub community_code: String,
    /// What most of its buildings give as their block; may be empty.
    pub name: String,
    /// Its ground.
    pub geometry: CellGeometry,
    /// Households; `None` = unknown.
    pub households: Option<f64>,
    /// How many blocks it is made of.
    pub blocks: usize,
    /// Why it is not in the band; `None` = it is.
    pub fault: Option<DrawFault>,
}

/// Proposes cells for communities: each of whole blocks that hang together, inside one community, in the band where that
/// can be, with borders rather along arterials and water than along lanes, and compact. The same input gives the same cells;
/// they come by community, each in reading order.
///
/// A community's blocks (for each of its pieces) are divided in two along the best edge of several spanning trees, again
/// and again, until each part is one cell; then blocks at borders change sides while that helps.
/// O(n log n + crossings) for the blocks; about O(blocks² of a community) for dividing it.
///
/// # Errors
/// The blocks of a cell cannot be united.
pub fn draw_cells(
    ground: &PlanningGround,
    communities: &CommunityOutlines,
    water: &[StreetLine],
    band: Band,
) -> Result<Vec<DrawnCell>, EngineFault> {
    let outlines: Vec<PlannedCell<'_>> =
        communities.iter().enumerate().map(|(i, (code, outline))| PlannedCell::of(i, code, outline)).collect();
    let all: Vec<usize> = (0..outlines.len()).collect();
    let blocks = blocks(ground, &outlines, &all, water, None);
    let mut of_community: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); outlines.len()];
    for (b, block) in blocks.iter().enumerate() {
        of_community[block.cell].insert(b);
    }
    let mut drawn = Vec::new();
    for (outline, members) in outlines.iter().zip(&of_community) {
        let mut cells: Vec<DrawnCell> = Vec::new();
        for piece in components(&blocks, members) {
            let of_piece = cells_of(ground, &blocks, &piece, band)?.into_iter();
            cells.extend(of_piece.map(|c| DrawnCell { community_code: outline.code.into(), ..c }));
        }
        let grounds: Vec<&CellGeometry> = cells.iter().map(|c| &c.geometry).collect();
        let order = reading_order(&grounds);
        drawn.extend(order.into_iter().map(|i| cells[i].clone()));
    }
    Ok(drawn)
}

/// The cells of blocks that hang together.
fn cells_of(
    ground: &PlanningGround,
    blocks: &[Block],
    members: &BTreeSet<usize>,
    band: Band,
) -> Result<Vec<DrawnCell>, EngineFault> {
    let cell = |group: &BTreeSet<usize>, households: Option<f64>, fault: Option<DrawFault>| {
        let parts: Vec<&CellGeometry> = group.iter().map(|b| &blocks[*b].geometry).collect();
        let geometry = dissolve(parts)?;
        let name = ground.block_name(&geometry).unwrap_or("").to_owned();
        Ok(DrawnCell { community_code: String::new(), name, geometry, households, blocks: group.len(), fault })
    };
    let Some(total) = members.iter().map(|b| blocks[*b].households).sum::<Option<f64>>() else {
        return Ok(vec![cell(members, None, Some(DrawFault::HouseholdsUnknown))?]);
    };
    let sum = |group: &BTreeSet<usize>| group.iter().filter_map(|b| blocks[*b].households).sum::<f64>();
    let out = |groups: &[BTreeSet<usize>]| groups.iter().filter(|g| !band.holds(sum(g))).count();
    let beyond = |groups: &[BTreeSet<usize>]| groups.iter().map(|g| band.beyond(sum(g)).powi(2)).sum::<f64>();
    let (counts, fits) = counts(total, band);
    let best = counts
        .into_iter()
        .map(|k| refine::refined(blocks, members, split::split(blocks, members, k, band), band))
        .min_by(|a, b| out(a).cmp(&out(b)).then(beyond(a).total_cmp(&beyond(b))));
    let groups = best.unwrap_or_else(|| vec![members.clone()]);
    let fault = |group: &BTreeSet<usize>| {
        let households = sum(group);
        if band.holds(households) {
            None
        } else if total < band.low {
            Some(DrawFault::TooFew)
        } else if group.iter().any(|b| blocks[*b].households.is_some_and(|h| h > band.high)) {
            Some(DrawFault::BlockTooLarge)
        } else if !fits {
            Some(DrawFault::NoCountFits)
        } else {
            Some(DrawFault::NotReached)
        }
    };
    groups.iter().map(|g| cell(g, Some(sum(g)), fault(g))).collect()
}

/// In how many cells so many households could be divided, the likeliest first (at most three); and whether such cells could
/// all be in the band.
fn counts(total: f64, band: Band) -> (Vec<usize>, bool) {
    let likely = (total / band.middle().max(1.0)).round().clamp(1.0, 1e6);
    let (least, most) = ((total / band.high.max(1.0)).ceil().max(1.0), (total / band.low.max(1.0)).floor());
    if most < least {
        return (vec![likely as usize], false);
    }
    let first = likely.clamp(least, most);
    let others = [first + 1.0, first - 1.0].into_iter().filter(|k| (least..=most).contains(k));
    (std::iter::once(first).chain(others).map(|k| k as usize).collect(), true)
}
