//! What a native picture of the wall shows: the facts of the wall's own screen, before anybody draws them.

use super::super::{AsOf, Wall, WallError};
use crate::wire::{AreaProperties, AreaStat, Clock, WallInfo};
use std::collections::HashMap;
use wall_core::{CellGeometry, Level};
use wall_store::Actor;

/// A cell with its figures.
#[derive(Clone, Debug)]
pub struct StillCell {
    /// Its ground, WGS-84.
    pub ground: CellGeometry,
    /// What changes seldom.
    pub facts: AreaProperties,
    /// Its figures at the time.
    pub stat: AreaStat,
}

/// Everything of one moment.
#[derive(Clone, Debug)]
pub struct StillFacts {
    /// Title, bounds, plan, parameters of the heat.
    pub info: WallInfo,
    /// The clock at the time asked about.
    pub clock: Clock,
    /// Of another time than now.
    pub as_of: bool,
    /// By what was known then.
    pub by_then: bool,
    /// The cells in force then.
    pub cells: Vec<StillCell>,
}

impl Wall {
    /// The facts of a picture, now or of another time. O(vertices of the cells), and the snapshot.
    pub async fn still_facts(&self, actor: &Actor, asked: AsOf) -> Result<StillFacts, WallError> {
        let info = self.info(actor, asked.time()).await?;
        let snapshot = self.snapshot(actor, asked).await?;
        let ground = self.ground_as_of(asked.time()).await?;
        let mut stats: HashMap<String, AreaStat> = snapshot.areas.into_iter().map(|a| (a.key.clone(), a)).collect();
        let cells = ground.areas_of(Level::Cell).filter_map(|area| {
            let stat = stats.remove(&area.facts.key)?;
            Some(StillCell { ground: ground.outline(area), facts: (&area.facts).into(), stat })
        });
        let cells = cells.collect();
        Ok(StillFacts { info, clock: snapshot.clock, as_of: snapshot.as_of, by_then: asked.known_at.is_some(), cells })
    }
}
