//! What the room sets for planning, kept as one value of the settings.

use super::{
    PlanError,
    envelope::{self, NotOpened},
    refused::refusal,
    session::Rules,
};
use crate::wall::{Wall, WallError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wall_core::{
    Right, Whole,
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
    pub split_policy: SplitPolicy,
    /// Code of a [`MergePolicy`].
    pub merge_policy: MergePolicy,
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

/// The version that is written: whatever changes in [`StoredRules`] makes a new one, and a step in [`to_this`].
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Kept<'a> {
    version: u64,
    rules: &'a StoredRules,
}

/// What an older edition stored, brought up version by version. Version 0, without a word of it, has the members of 1.
fn to_this(_version: u64, rules: Value) -> Value {
    rules
}

/// What is set, as it was stored by whatever edition.
fn read(text: &str) -> Result<StoredRules, NotOpened> {
    let (version, rules) = envelope::open(text, "rules", VERSION)?;
    Ok(StoredRules::deserialize(to_this(version, rules))?)
}

/// Nothing is computed by settings that nobody made: whoever draws must know by which rules.
fn not_read(why: NotOpened) -> PlanError {
    let (code, message) = match why {
        NotOpened::Newer { version } => (
            "newer_settings",
            format!(
                "a newer edition stored the settings of planning (version {version}), which this one does not know: go on with that \
                 edition, or set them anew here (PUT planning/settings)"
            ),
        ),
        NotOpened::Damaged { why } => (
            "damaged_settings",
            format!("the settings of planning in the store cannot be read ({why}): set them anew (PUT planning/settings)"),
        ),
    };
    refusal(code, &message, &[]).into()
}

impl Wall {
    /// What the room set, or the defaults where nothing was set.
    ///
    /// # Errors
    /// `newer_settings`, `damaged_settings`: what was set is not known here.
    pub(super) async fn stored_rules(&self) -> Result<StoredRules, PlanError> {
        match self.store().setting(KEY).await? {
            Some(text) => read(&text).map_err(not_read),
            None => Ok(stored_of(&Rules::default())),
        }
    }

    pub(super) async fn planning_rules(&self) -> Result<Rules, PlanError> {
        let rules = rules_of(&self.stored_rules().await?);
        rules.map_err(|why| not_read(NotOpened::Damaged { why: why.to_string() }))
    }

    /// Sets band, weights and rules of codes. Open plans follow.
    pub(super) async fn store_rules(&self, actor: &Actor, rules: &StoredRules) -> Result<(), PlanError> {
        self.may(actor, Right::SetPlanning)?;
        rules_of(rules)?;
        let json = |e: serde_json::Error| WallError::Invalid(e.to_string());
        let text = serde_json::to_string(&Kept { version: VERSION, rules }).map_err(json)?;
        let mut tx = self.write(actor, Whole::SetPlanning).await?;
        tx.set_setting(KEY, &text).await?;
        tx.commit("planning.settings", &serde_json::to_value(rules).map_err(json)?).await?;
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
        split_policy: rules.split,
        merge_policy: rules.merge,
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
        split: s.split_policy,
        merge: s.merge_policy,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the edition before versions wrote, letter by letter.
    const UNVERSIONED: &str = r#"{"band_low":300.0,"band_high":500.0,"weights":{"household":1.0,"ticket_by_severity":[8.0,4.0,2.0,1.0],"open":3.0,"area_km2":50.0,"patrol_km":10.0},"code_sequence_digits":3,"split_policy":"households","merge_policy":"into"}"#;

    #[test]
    fn what_lies_in_stores_is_read_for_ever_and_written_with_a_version() {
        let rules = read(UNVERSIONED).unwrap();
        assert_eq!(serde_json::to_string(&rules).unwrap(), UNVERSIONED);
        assert!(rules_of(&rules).is_ok());
        let written = serde_json::to_string(&Kept { version: VERSION, rules: &rules }).unwrap();
        assert_eq!(written, format!(r#"{{"version":1,"rules":{UNVERSIONED}}}"#));
        assert_eq!(read(&written), Ok(rules));
        // What is missing is not guessed.
        assert_eq!(read(r#"{"version":2,"limits":[]}"#), Err(NotOpened::Newer { version: 2 }));
        for damaged in ["", "7", "{}", r#"{"version":1}"#, r#"{"version":"1"}"#, r#"{"band_low":1.0}"#] {
            assert!(matches!(read(damaged), Err(NotOpened::Damaged { .. })), "{damaged}");
        }
    }
}
