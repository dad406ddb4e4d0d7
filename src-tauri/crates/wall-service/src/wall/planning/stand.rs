//! Where a plan stands and who else has it before them: asked every other second by whoever has it open, so that two people
//! at one draft see each other.

use super::{PlanError, around_changes, ask::kind_of};
use crate::{
    wall::Wall,
    wire::{LastEdit, PlanPerson, PlanStand},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::time::Instant;
use wall_core::PlanId;
use wall_store::Actor;

/// Whoever asked within this has the plan before them.
const HERE: Duration = Duration::from_secs(10);

/// Who asked last about which plan, and when; on the monotonic clock.
pub(super) type Present = HashMap<(PlanId, String), Instant>;

impl Wall {
    /// Where a plan stands: its head with who made it, and whether something around it changed since the revision `since`
    /// (owners, codes, settings, plans, names). Light: nothing is opened.
    pub async fn plan_stand(&self, actor: &Actor, plan: PlanId, since: Option<i64>) -> Result<PlanStand, PlanError> {
        self.may(actor, super::sees_drafts(actor.role), "see plans in the making")?;
        // Read before the plan: what changes between the two is news the next time.
        let news = match since {
            Some(since) => self.store().kinds_since(since).await?,
            None => Vec::new(),
        };
        let revision = match (news.iter().map(|(_, r)| *r).max(), since) {
            (Some(newest), _) => newest,
            (None, Some(since)) => since,
            (None, None) => self.store().revision().await?,
        };
        let record = self.plan_record(plan).await?;
        let people: BTreeMap<String, String> =
            self.store().accounts().await?.into_iter().map(|a| (a.name, a.display_name)).collect();
        let called = |who: &str| people.get(who).cloned().unwrap_or_else(|| who.to_owned());
        let last = match record.head {
            None => None,
            Some(head) => self.store().plan_edit(plan, head).await?.map(|edit| LastEdit {
                id: edit.id,
                parent: edit.parent,
                kind: kind_of(&edit.edit),
                cells: serde_json::from_str(&edit.cells).unwrap_or_default(),
                name: called(&edit.actor),
                mine: edit.actor == actor.who,
                at_ms: edit.at.0,
            }),
        };
        let others = self.note_present(plan, &actor.who).await;
        Ok(PlanStand {
            head: record.head,
            status: record.plan.status.code().into(),
            approved: record.approved && record.plan.status == wall_core::PlanStatus::InReview,
            revision,
            news: news.iter().any(|(kind, _)| around_changes(*kind)),
            last,
            others: others.iter().map(|who| PlanPerson { name: called(who) }).collect(),
        })
    }

    /// Notes that somebody has a plan before them; answers who else has.
    async fn note_present(&self, plan: PlanId, who: &str) -> Vec<String> {
        let now = Instant::now();
        let mut present = self.inner.desk.present.lock().await;
        present.retain(|_, seen| now.duration_since(*seen) < HERE);
        present.insert((plan, who.to_owned()), now);
        let mut others: Vec<String> =
            present.keys().filter(|(other, name)| *other == plan && name != who).map(|(_, name)| name.clone()).collect();
        others.sort();
        others
    }
}
