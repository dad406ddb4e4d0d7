//! How much work a cell is, and how many households it should have.

use super::CellFigures;
use crate::{CellKind, coded::coded};

coded! {
    /// The households of a cell against the band.
    BandFit {
        /// Nobody knows how many there are.
        Unknown = "unknown",
        /// Too few.
        Under = "under",
        /// In the band, or not measured by it.
        In = "in",
        /// Too many.
        Over = "over",
    }
}

/// What each thing counts for in the workload figure; the room sets them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WorkloadWeights {
    /// Points for each household.
    pub household: f64,
    /// Points for each ticket of the last 90 days by severity 1 … 4.
    pub ticket_by_severity: [f64; 4],
    /// Points for each open ticket.
    pub open: f64,
    /// Points for each square kilometre.
    pub area_km2: f64,
    /// Points for each kilometre of patrol.
    pub patrol_km: f64,
}

impl Default for WorkloadWeights {
    /// A household is one point. The others are set so that in an ordinary cell (400 households, 60 tickets in 90 days, a
    /// dozen open, 0.1 km², 2 km of streets) households are about half of all.
    fn default() -> Self {
        Self { household: 1.0, ticket_by_severity: [8.0, 4.0, 2.0, 1.0], open: 5.0, area_km2: 300.0, patrol_km: 40.0 }
    }
}

/// The workload of a cell: the sum of its figures times their weights. Unknown households count as none.
pub fn workload(figures: &CellFigures, weights: &WorkloadWeights) -> f64 {
    let tickets: f64 =
        figures.tickets_90d.iter().zip(weights.ticket_by_severity).map(|(count, weight)| f64::from(*count) * weight).sum();
    figures.households.unwrap_or(0.0) * weights.household
        + tickets
        + f64::from(figures.open) * weights.open
        + figures.area_m2 / 1e6 * weights.area_km2
        + figures.patrol_m / 1e3 * weights.patrol_km
}

/// How many households a basic cell should have.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Band {
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

impl Default for Band {
    fn default() -> Self {
        Self { low: 300.0, high: 500.0 }
    }
}

impl Band {
    /// Whether so many households are in the band, ends included.
    pub fn holds(&self, households: f64) -> bool {
        (self.low..=self.high).contains(&households)
    }

    /// How a cell stands to the band. One school or mall is not measured by households.
    pub fn fit(&self, kind: CellKind, households: Option<f64>) -> BandFit {
        match households {
            _ if kind == CellKind::Dedicated => BandFit::In,
            None => BandFit::Unknown,
            Some(h) if h < self.low => BandFit::Under,
            Some(h) if h > self.high => BandFit::Over,
            Some(_) => BandFit::In,
        }
    }

    /// How many households are too many (or, below the band, too few): 0 inside.
    pub fn beyond(&self, households: f64) -> f64 {
        (self.low - households).max(households - self.high).max(0.0)
    }

    /// The middle.
    pub fn middle(&self) -> f64 {
        (self.low + self.high) / 2.0
    }
}
