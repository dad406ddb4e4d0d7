//! What the room sets for planning, kept as one value of the settings.

use super::{PlanError, session::Rules};
use crate::{
    wall::{Wall, WallError, clock::system_now},
    wire::{PlanningSettings, WorkloadWeightsView},
};
use wall_core::planning::{Band, CodeScheme, MergePolicy, SplitPolicy, WorkloadWeights};
use wall_store::Actor;

const KEY: &str = "planning";

impl Wall {
    /// What the room set, or the defaults.
    pub async fn planning_settings(&self) -> Result<PlanningSettings, PlanError> {
        let stored = self.store().setting(KEY).await?;
        let read = stored.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Ok(read.unwrap_or_else(|| settings_of(&Rules::default())))
    }

    pub(super) async fn planning_rules(&self) -> Result<Rules, PlanError> {
        let settings = self.planning_settings().await?;
        Ok(rules_of(&settings).unwrap_or_default())
    }

    /// Sets band, weights and rules of codes. Plans on the desk follow.
    pub async fn set_planning_settings(&self, actor: &Actor, settings: PlanningSettings) -> Result<PlanningSettings, PlanError> {
        self.may(actor, actor.role.may_plan(), "change the settings of planning")?;
        rules_of(&settings)?;
        let text = serde_json::to_string(&settings).map_err(|e| WallError::Invalid(e.to_string()))?;
        let mut tx = self.store().write(actor, system_now()).await?;
        tx.set_setting(KEY, &text).await?;
        tx.audit("planning.settings", &text).await?;
        tx.commit().await?;
        Ok(settings)
    }
}

fn settings_of(rules: &Rules) -> PlanningSettings {
    PlanningSettings {
        band_low: rules.band.low,
        band_high: rules.band.high,
        weights: WorkloadWeightsView {
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

fn rules_of(s: &PlanningSettings) -> Result<Rules, WallError> {
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
