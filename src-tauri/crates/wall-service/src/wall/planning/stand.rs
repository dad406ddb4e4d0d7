//! Where a plan stands and who else has it before them: asked every other second by whoever has it open, so that two people
//! at one draft see each other.

use super::{PlanError, around_changes};
use crate::wall::Wall;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::time::Instant;
use wall_core::{PlanId, Right};
use wall_store::{Actor, EditRecord, PlanRecord};

/// Whoever asked within this has the plan before them.
const HERE: Duration = Duration::from_secs(10);

/// Who asked last about which plan, and when; on the monotonic clock.
pub(super) type Present = HashMap<(PlanId, String), Instant>;

/// Where a plan stands, and who else looks.
pub(super) struct Stand {
    pub record: PlanRecord,
    /// Line of the change log up to which this is true.
    pub revision: i64,
    /// Something around it changed since the revision that was asked about.
    pub news: bool,
    /// The edit it stands on with the name on screen of who made it; `None` = the beginning.
    pub last: Option<(EditRecord, String)>,
    /// Names on screen of whoever else has it before them.
    pub others: Vec<String>,
}

impl Wall {
    /// Where a plan stands: its head with who made it, and whether something around it changed since the revision `since`
    /// (owners, codes, settings, plans, names). Light: nothing is opened.
    pub(super) async fn stand_of(&self, actor: &Actor, plan: PlanId, since: Option<i64>) -> Result<Stand, PlanError> {
        self.may(actor, Right::SeeDrafts)?;
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
            Some(head) => self.store().plan_edit(plan, head).await?,
        };
        let others = self.note_present(plan, &actor.who).await;
        Ok(Stand {
            record,
            revision,
            news: news.iter().any(|(kind, _)| around_changes(*kind)),
            last: last.map(|edit| {
                let name = called(&edit.actor);
                (edit, name)
            }),
            others: others.iter().map(|who| called(who)).collect(),
        })
    }

    /// Notes that somebody has a plan before them; answers who else has.
    async fn note_present(&self, plan: PlanId, who: &str) -> Vec<String> {
        let now = Instant::now();
        let mut present = self.inner.open_plans.present.lock().await;
        present.retain(|_, seen| now.duration_since(*seen) < HERE);
        present.insert((plan, who.to_owned()), now);
        let mut others: Vec<String> =
            present.keys().filter(|(other, name)| *other == plan && name != who).map(|(_, name)| name.clone()).collect();
        others.sort();
        others
    }
}
