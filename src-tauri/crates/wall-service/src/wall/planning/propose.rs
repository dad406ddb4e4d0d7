//! Proposals: moves of blocks that bring cells into the band, and cells drawn from nothing. Never applied by themselves.

use super::{PlanError, data::PlanningData, edit::only_a_draft, refused::refusal, session::Session};
use crate::wall::{Wall, WallError};
use std::collections::BTreeSet;
use wall_core::{
    CellGeometry, CellKind, CellRecord, EngineFault, Face, NetworkId, PlanId, Right,
    planning::{
        Block, CellFigures, CommunityOutlines, NothingMore, PlannedCell, ProposalRules, ProposedMove, blocks, draw_cells,
        number_cells, proposals,
    },
};
use wall_store::Actor;

/// One move of a proposal: a block that goes from one cell to another.
pub(super) struct BlockMove {
    /// Its name.
    pub block: String,
    /// Households in it.
    pub households: f64,
    pub from: Face,
    pub to: Face,
    pub from_code: String,
    pub to_code: String,
    /// Of the first cell before and after.
    pub from_households: [f64; 2],
    /// Of the second cell before and after.
    pub to_households: [f64; 2],
    /// The ground that goes over, as a ring in degrees.
    pub ring: Vec<[f64; 2]>,
}

/// Changes that would bring cells into the band.
pub(super) struct Proposed {
    /// In the order in which they build on each other.
    pub moves: Vec<BlockMove>,
    /// Cells of the target band before and after all moves.
    pub in_band: [usize; 2],
    /// Why there is nothing, or nothing more.
    pub reason: NothingMore,
}

impl Wall {
    /// Changes that would bring cells of a draft into the band, each explained by its numbers.
    pub(super) async fn proposals_for(&self, actor: &Actor, plan: PlanId) -> Result<Proposed, PlanError> {
        self.may(actor, Right::AskProposals)?;
        let mut taken = self.take(actor, plan).await?;
        only_a_draft(&taken.record)?;
        let session = taken.session()?;
        Ok(tokio::task::block_in_place(|| propose(session)))
    }

    /// Cells drawn from streets and buildings inside the communities' outlines, with codes by the scheme.
    pub(super) async fn cells_from_nothing(&self, network: Option<NetworkId>) -> Result<Vec<CellRecord>, PlanError> {
        let own = match network {
            Some(network) => self.cells_in_force(network, self.now()).await?,
            None => None,
        };
        let outlines_of = match own {
            Some((_, cells)) => cells,
            // A new network is drawn inside the communities of the one that counts.
            None => match self.store().networks().await?.into_iter().find(|n| n.key == self.inner.network_key) {
                Some(general) => self.cells_in_force(general.id, self.now()).await?.map(|(_, cells)| cells).unwrap_or_default(),
                None => Vec::new(),
            },
        };
        let given: BTreeSet<String> = match network {
            Some(network) => self.store().codes_ever_published(network).await?.into_iter().collect(),
            None => BTreeSet::new(),
        };
        let rules = self.planning_rules().await?;
        let data = PlanningData::load(self, &outlines_of).await?;
        let drawn = tokio::task::spawn_blocking(move || {
            let Some(communities) = &data.communities else { return Ok(Vec::new()) };
            draw(&data, communities, &rules, &given)
        });
        let cells = drawn.await.map_err(|_| WallError::Invalid("drawing cells failed; the wall goes on".into()))??;
        if cells.is_empty() {
            let message = "there are no outlines of communities to draw in: import cells with their communities first";
            return Err(refusal("no_communities", message, &[]).into());
        }
        Ok(cells)
    }
}

fn draw(
    data: &PlanningData,
    communities: &CommunityOutlines,
    rules: &super::session::Rules,
    given: &BTreeSet<String>,
) -> Result<Vec<CellRecord>, EngineFault> {
    let mut cells: Vec<CellRecord> = (0u32..)
        .zip(draw_cells(&data.ground, communities, &[], rules.band)?)
        .map(|(i, d)| CellRecord {
            code: String::new(),
            name: d.name,
            kind: CellKind::Basic,
            community_code: d.community_code,
            community_name: String::new(),
            households: d.households.map(|h| h.round().max(0.0) as u32),
            owner: None,
            feature_index: i,
            geometry: d.geometry,
        })
        .collect();
    let planned: Vec<PlannedCell<'_>> = cells.iter().enumerate().map(|(i, c)| super::succession::planned_record(i, c)).collect();
    let all: Vec<usize> = (0..planned.len()).collect();
    let codes = number_cells(&rules.scheme, &planned, &all, given).codes;
    for (i, code) in codes {
        cells[i].code = code;
    }
    Ok(cells)
}

fn propose(session: &Session) -> Proposed {
    let order: Vec<Face> = session.cells.keys().copied().collect();
    let cells = session.all_planned();
    let figures: Vec<CellFigures> = order.iter().map(|f| session.figures.get(f).copied().unwrap_or_default()).collect();
    let rules = ProposalRules { band: session.rules.band, ..ProposalRules::default() };
    let found_blocks =
        blocks(&session.data.ground, &cells, &around_the_band(session, &order, &figures), &[], session.data.base.as_ref());
    let found = proposals(&session.data.ground, &cells, &figures, &found_blocks, session.data.base.as_ref(), &rules);
    Proposed {
        moves: found.moves.iter().filter_map(|m| proposed(session, &order, &found_blocks, m)).collect(),
        in_band: found.in_band,
        reason: found.reason,
    }
}

/// Cells out of the band, their neighbours and those beside them: only there blocks can move.
fn around_the_band(session: &Session, order: &[Face], figures: &[CellFigures]) -> Vec<usize> {
    let out = |i: &usize| figures[*i].households.is_some_and(|h| !session.rules.band.holds(h));
    let mut wanted: BTreeSet<Face> = (0..order.len()).filter(out).map(|i| order[i]).collect();
    for _ in 0..2 {
        let beside: Vec<Face> = wanted.iter().flat_map(|f| session.topology.neighbours(*f)).map(|(f, _)| f).collect();
        wanted.extend(beside);
    }
    wanted.iter().filter_map(|f| order.binary_search(f).ok()).collect()
}

fn proposed(session: &Session, order: &[Face], blocks: &[Block], m: &ProposedMove) -> Option<BlockMove> {
    let block = blocks.get(m.block)?;
    let (from, to) = (*order.get(m.from)?, *order.get(m.to)?);
    let code = |face: Face| session.cells.get(&face).map(|c| c.code.clone());
    let name = if block.name.is_empty() { format!("B{}", block.number) } else { format!("{} (B{})", block.name, block.number) };
    Some(BlockMove {
        block: name,
        households: m.households,
        from,
        to,
        from_code: code(from)?,
        to_code: code(to)?,
        from_households: m.from_households,
        to_households: m.to_households,
        ring: outer_ring(&block.geometry)?,
    })
}

fn outer_ring(geometry: &CellGeometry) -> Option<Vec<[f64; 2]>> {
    let ring = &geometry.polygons.first()?.outer;
    Some(ring.iter().map(|p| p.place()).map(|p| [p.lon, p.lat]).collect())
}
