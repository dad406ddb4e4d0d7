//! What publishing a plan does, and what would bring cells into the band.

use super::super::{
    PlanError,
    impact::{ChangedCell, Flow, Impact},
    propose::BlockMove,
};
use crate::{
    wall::Wall,
    wire::{EditBody, ImpactCell, ImpactFlow, ImpactView, PlanAmounts, ProposalMove, Proposals},
};
use wall_core::{
    PlanId,
    planning::{Amounts, NothingMore},
};
use wall_store::Actor;

impl From<&Amounts> for PlanAmounts {
    fn from(a: &Amounts) -> Self {
        Self {
            area_m2: a.figures.area_m2,
            households: a.figures.households.unwrap_or(0.0),
            population: a.figures.population.unwrap_or(0.0),
            workload: a.workload,
            open: a.figures.open,
            tickets_90d: a.figures.tickets(),
            cameras: a.cameras,
            sites: a.sites,
            staff: a.figures.staff,
        }
    }
}

impl From<&Impact> for ImpactView {
    fn from(impact: &Impact) -> Self {
        let cell = |c: &ChangedCell| ImpactCell {
            before_code: c.before_code.clone(),
            after_code: c.after_code.clone(),
            name: c.name.clone(),
            lineage: c.lineage.into(),
            before: c.before.as_ref().map(Into::into),
            after: c.after.as_ref().map(Into::into),
        };
        let flow = |f: &Flow| ImpactFlow {
            from: f.from.clone(),
            to: f.to.clone(),
            from_owner: f.from_owner.clone(),
            to_owner: f.to_owner.clone(),
            amounts: (&f.amounts).into(),
        };
        Self {
            plan: (&impact.plan).into(),
            base: impact.base.as_ref().map(Into::into),
            cells: impact.cells.iter().map(cell).collect(),
            flows: impact.flows.iter().map(flow).collect(),
            unchanged: impact.unchanged as u32,
            at_ms: impact.at.0,
        }
    }
}

impl Wall {
    /// Changes that would bring cells of a draft into the band, each explained by its numbers.
    pub async fn plan_proposals(&self, actor: &Actor, plan: PlanId) -> Result<Proposals, PlanError> {
        let proposed = self.proposals_for(actor, plan).await?;
        let block = |m: BlockMove| ProposalMove {
            block: m.block,
            households: m.households,
            from_face: m.from.0,
            to_face: m.to.0,
            from_code: m.from_code,
            to_code: m.to_code,
            from_households: m.from_households,
            to_households: m.to_households,
            edit: EditBody::Transfer { to: m.to.0, ring: m.ring },
        };
        let reason = match proposed.reason {
            NothingMore::Enough => "",
            other => other.code(),
        };
        Ok(Proposals {
            moves: proposed.moves.into_iter().map(block).collect(),
            in_band: proposed.in_band.map(|n| n as u32),
            reason: reason.into(),
        })
    }
}
