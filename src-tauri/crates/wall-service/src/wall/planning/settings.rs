//! What the room sets for planning, kept as one value of the settings.

use super::{PlanError, session::Rules};
use crate::wall::{Wall, WallError};
use serde::{Deserialize, Serialize};
use wall_core::{
    Right,
    planning::{Band, CodeScheme, MergePolicy, SplitPolicy, WorkloadWeights},
};
use wall_store::Actor;

const KEY: &str = "planning";

/// What is set, member by member as the store keeps it: what lies there is read for ever.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub(super) struct StoredRules {
    /// Households.
    pub band_low: f64,
    /// Households.
    pub band_high: f64,
    pub weights: StoredWeights,
    /// Digits of the sequence behind the community code.
    pub code_sequence_digits: u8,
    /// Code of a [`SplitPolicy`].
    pub split_policy: String,
    /// Code of a [`MergePolicy`].
    pub merge_policy: String,
}

/// Weights of the workload figure.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub(super) struct StoredWeights {
    pub household: f64,
    /// For each ticket of 90 days, by severity 1 … 4.
    pub ticket_by_severity: Vec<f64>,
    pub open: f64,
    pub area_km2: f64,
    pub patrol_km: f64,
}

impl Wall {
    /// What the room set, or the defaults.
    pub(super) async fn stored_rules(&self) -> Result<StoredRules, PlanError> {
        let default = || stored_of(&Rules::default());
        let Some(text) = self.store().setting(KEY).await? else { return Ok(default()) };
        Ok(serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::error!(%error, "the settings of planning in the store cannot be read; the defaults hold until they are set anew");
            default()
        }))
    }

    pub(super) async fn planning_rules(&self) -> Result<Rules, PlanError> {
        Ok(rules_of(&self.stored_rules().await?).unwrap_or_default())
    }

    /// Sets band, weights and rules of codes. Open plans follow.
    pub(super) async fn store_rules(&self, actor: &Actor, rules: &StoredRules) -> Result<(), PlanError> {
        self.may(actor, Right::SetPlanning)?;
        rules_of(rules)?;
        let text = serde_json::to_string(rules).map_err(|e| WallError::Invalid(e.to_string()))?;
        let mut tx = self.write(actor, Right::SetPlanning).await?;
        tx.set_setting(KEY, &text).await?;
        tx.audit("planning.settings", &text).await?;
        tx.commit_audited().await?;
        Ok(())
    }
}

fn stored_of(rules: &Rules) -> StoredRules {
    StoredRules {
        band_low: rules.band.low,
        band_high: rules.band.high,
        weights: StoredWeights {
            household: rules.weights.household,
            ticket_by_severity: rules.weights.ticket_by_severity.to_vec(),
            open: rules.weights.open,
            area_km2: rules.weights.area_km2,
            patrol_km: rules.weights.patrol_km,
        },
        code_sequence_digits: rules.scheme.sequence_len as u8,
        split_policy: rules.split.code().into(),
        merge_policy: rules.merge.code().into(),
    }
}

fn rules_of(s: &StoredRules) -> Result<Rules, WallError> {
    let invalid = |what: &str| WallError::Invalid(what.into());
    let sound = |x: f64| x.is_finite() && (0.0..=1e6).contains(&x);
    if !(sound(s.band_low) && sound(s.band_high) && s.band_low <= s.band_high && s.band_high > 0.0) {
        return Err(invalid("the target band goes from a smaller to a larger number of households"));
    }
    let ticket_by_severity = <[f64; 4]>::try_from(s.weights.ticket_by_severity.clone())
        .map_err(|_| invalid("tickets have four weights, one for each severity"))?;
    let w = &s.weights;
    if !ticket_by_severity.iter().chain([&w.household, &w.open, &w.area_km2, &w.patrol_km]).all(|x| sound(*x)) {
        return Err(invalid("a weight is a number from 0 to 1,000,000"));
    }
    let scheme = CodeScheme { sequence_len: usize::from(s.code_sequence_digits), ..CodeScheme::default() };
    scheme.check().map_err(|_| invalid("the running number of a code has 1 to 8 digits"))?;
    Ok(Rules {
        scheme,
        split: SplitPolicy::from_code(&s.split_policy)
            .ok_or_else(|| invalid("after a split the code is kept by: households, area, neither"))?,
        merge: MergePolicy::from_code(&s.merge_policy).ok_or_else(|| invalid("a merged cell has the code: into, new"))?,
        band: Band { low: s.band_low, high: s.band_high },
        weights: WorkloadWeights {
            household: w.household,
            ticket_by_severity,
            open: w.open,
            area_km2: w.area_km2,
            patrol_km: w.patrol_km,
        },
    })
}
