//! What is not kept for ever: who reported, where staff were, and old lines of the change log.
//!
//! Days are counted by the system's clock, which may be wrong. So nothing goes on the word of a clock that leapt: when it is
//! further from the last time this was done (the first time: from what the store recorded) than [`LEAP_MS`], everything
//! stays, that is said, and somebody has to confirm the clock.

use crate::{Actor, Holding, Store, StoreError, WriteTx, db::sql};
use wall_core::UtcMs;

/// A day in ms.
const DAY_MS: i64 = 86_400_000;
/// From one time to the next at most (31 days): a wall that was off for longer, or a clock that leapt, waits for a word.
pub const LEAP_MS: i64 = 31 * DAY_MS;
/// So many lines of the change log stay, however old they are.
pub const LINES_KEPT: i64 = 100_000;
const RULE: &str = "retention";
const LAST: &str = "retention_last";
/// Reporters of one transaction, and lines of the change log: others write in between.
const REPORTERS: i64 = 1_000;
const LINES: i64 = 20_000;

/// After how many days what goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Retention {
    /// Names and contacts of reporters: after they were told and after their ticket was over. Of an open ticket they stay.
    pub reporters_days: u32,
    /// Positions of staff, where trails are on ([`Store::set_trails`]); the last one of each stays.
    pub positions_days: u32,
    /// Lines of the change log, beyond the newest [`LINES_KEPT`]. Who is further behind starts from a snapshot.
    pub log_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { reporters_days: 180, positions_days: 30, log_days: 30 }
    }
}

/// When it was done last, and what went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Tidied {
    /// When, in ms.
    pub at: i64,
    /// Reporters erased.
    pub reporters: u64,
    /// Positions removed.
    pub positions: u64,
    /// Lines of the change log removed.
    pub lines: u64,
}

/// Two times that the clock went from and to, too far apart to be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leap {
    /// The last time before.
    pub from: UtcMs,
    /// The time after.
    pub to: UtcMs,
}

impl Leap {
    /// In words, with what to do.
    pub fn words(&self) -> String {
        format!(
            "nothing is erased: the clock went from {} to {} in one step. If that is the right time, `gridwall retention --run \
             --clock-is-right` says so; else set the clock",
            self.from.to_rfc3339(),
            self.to.to_rfc3339()
        )
    }
}

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetentionStanding {
    /// The rule.
    pub rule: Retention,
    /// When it was done last; `None` = never.
    pub last: Option<Tidied>,
    /// Reporters that are due now.
    pub due: u64,
    /// Reporters that are kept, due or not.
    pub kept: u64,
    /// Why nothing goes.
    pub leap: Option<Leap>,
}

impl RetentionStanding {
    /// In words.
    pub fn words(&self) -> String {
        let last = self.last.map_or_else(
            || "never done yet".to_owned(),
            |l| {
                let at = UtcMs(l.at).to_rfc3339();
                format!("last done {at}: {} reporters, {} positions, {} log lines", l.reporters, l.positions, l.lines)
            },
        );
        let leap = self.leap.map_or_else(String::new, |l| format!("; {}", l.words()));
        format!("reporters {} days, {} of {} due; {last}{leap}", self.rule.reporters_days, self.due, self.kept)
    }
}

/// Reporters that are due before `$1`. A record from before the store began is of a clock that was wrong then: it counts
/// from the beginning of the store.
const DUE: &str = "FROM sealed s JOIN ticket t ON t.id = s.id WHERE s.kind = 'reporter' \
     AND s.recorded_at < $1 AND coalesce((SELECT at FROM audit WHERE seq = 1), 0) < $1 \
     AND t.status IN ('closed', 'rated', 'cancelled') AND coalesce(t.closed_at, s.recorded_at) < $1";
/// On each day on which the store was written, when that was last.
const DAYS: &str = "SELECT max(t) AS last FROM (SELECT recorded_at AS t FROM change_log UNION ALL SELECT at FROM audit) AS written \
     GROUP BY t / 86400000 ORDER BY last";
const DROP_LINES: &str = "DELETE FROM change_log WHERE revision <= $1 AND revision < (SELECT min(revision) FROM change_log) + $2";

impl Store {
    /// The rule.
    pub async fn retention(&self) -> Result<Retention, StoreError> {
        let text = self.setting(RULE).await?;
        Ok(text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
    }

    /// When it was done last, and what went; `None` = never.
    pub async fn tidied(&self) -> Result<Option<Tidied>, StoreError> {
        Ok(self.setting(LAST).await?.and_then(|t| serde_json::from_str(&t).ok()))
    }

    /// How it stands at `now`. O(reporters).
    pub async fn retention_standing(&self, now: UtcMs) -> Result<RetentionStanding, StoreError> {
        let rule = self.retention().await?;
        let last = self.tidied().await?;
        let due = sql("SELECT count(*) AS n ").push(DUE).bind(before(now, rule.reporters_days));
        let due: i64 = self.inner.read.one(due).await?.get("n")?;
        let kept = sql("SELECT count(*) AS n FROM sealed WHERE kind = 'reporter'");
        let kept: i64 = self.inner.read.one(kept).await?.get("n")?;
        let leap = self.leap(last, now).await?;
        Ok(RetentionStanding { rule, last, due: due as u64, kept: kept as u64, leap })
    }

    /// Whether the clock can be believed: from the last time on, else along the days on which the store was written.
    async fn leap(&self, last: Option<Tidied>, now: UtcMs) -> Result<Option<Leap>, StoreError> {
        let mut days: Vec<i64> = match last {
            Some(last) => vec![last.at],
            None => self.inner.read.rows(sql(DAYS)).await?.iter().map(|r| r.get("last")).collect::<Result<_, _>>()?,
        };
        days.push(now.0);
        let leaps = |pair: &&[i64]| pair[1].saturating_sub(pair[0]) > LEAP_MS;
        Ok(days.windows(2).find(leaps).map(|pair| Leap { from: UtcMs(pair[0]), to: UtcMs(pair[1]) }))
    }

    /// Once a day: lets go what the rule says. `None` = it is not due. A clock that was set back is no reason to wait.
    ///
    /// # Errors
    /// The store cannot be written; what went is gone, the rest goes the next time.
    pub async fn tidy_if_due(
        &self,
        actor: &Actor,
        now: UtcMs,
        holding: Option<&Holding>,
    ) -> Result<Option<Result<Tidied, Leap>>, StoreError> {
        let last = self.tidied().await?;
        if !self.inner.may_write || last.is_some_and(|l| (0..DAY_MS).contains(&now.0.saturating_sub(l.at))) {
            return Ok(None);
        }
        self.tidy(actor, now, false, holding).await.map(Some)
    }

    /// Lets go what the rule says, in small transactions, each with its line in the audit log and under `holding`, where a wall does
    /// it by itself; `clock_is_right` lets a clock pass that leapt.
    ///
    /// # Errors
    /// The store cannot be written, or another process holds the lease by now; what went is gone, the rest goes the next time.
    pub async fn tidy(
        &self,
        actor: &Actor,
        now: UtcMs,
        clock_is_right: bool,
        holding: Option<&Holding>,
    ) -> Result<Result<Tidied, Leap>, StoreError> {
        let (rule, last) = (self.retention().await?, self.tidied().await?);
        if !clock_is_right && let Some(leap) = self.leap(last, now).await? {
            return Ok(Err(leap));
        }
        let mut done = Tidied { at: now.0, ..Tidied::default() };
        loop {
            let mut tx = self.write_under(actor, now, holding).await?;
            let erased = tx.erase_reporters(before(now, rule.reporters_days)).await?;
            if erased == 0 {
                break;
            }
            tx.commit().await?;
            done.reporters += erased;
        }
        // What is left of trails that were turned off has no age.
        let old = if self.trails().await? { before(now, rule.positions_days) } else { i64::MAX };
        done.positions = self.forget_positions(actor, now, old, holding).await?;
        let floor = self.floor_due(before(now, rule.log_days)).await?;
        loop {
            let mut tx = self.write_under(actor, now, holding).await?;
            let gone = tx.drop_lines(floor).await?;
            if gone == 0 {
                break;
            }
            tx.commit().await?;
            done.lines += gone;
        }
        let mut tx = self.write_under(actor, now, holding).await?;
        let text = serde_json::to_string(&done).map_err(|e| StoreError::Refused(e.to_string()))?;
        tx.note(LAST, &text).await?;
        if clock_is_right || done.positions + done.lines > 0 {
            let detail = serde_json::json!({ "reporters": done.reporters, "positions": done.positions, "lines": done.lines,
                "clock_confirmed": clock_is_right });
            tx.audit("retention.run", &detail.to_string()).await?;
        }
        tx.commit().await?;
        Ok(Ok(done))
    }

    /// The newest revision of the change log that may go: everything up to it is older than `before`, and enough stays.
    async fn floor_due(&self, before: i64) -> Result<i64, StoreError> {
        let newest = self.revision().await?;
        let young = sql("SELECT min(revision) AS first FROM change_log WHERE recorded_at >= $1").bind(before);
        let young: Option<i64> = self.inner.read.one(young).await?.get("first")?;
        Ok(young.map_or(newest, |r| r - 1).min(newest - LINES_KEPT))
    }
}

/// What was recorded before this is older than so many days.
fn before(now: UtcMs, days: u32) -> i64 {
    now.0.saturating_sub(i64::from(days) * DAY_MS)
}

impl WriteTx {
    /// Sets the rule.
    pub async fn set_retention(&mut self, rule: Retention) -> Result<(), StoreError> {
        let text = serde_json::to_string(&rule).map_err(|e| StoreError::Refused(e.to_string()))?;
        self.set_setting(RULE, &text).await?;
        self.audit("retention.rule", &text).await
    }

    /// Erases some of the reporters that are due, with their keys; how many.
    async fn erase_reporters(&mut self, before: i64) -> Result<u64, StoreError> {
        let some = sql("SELECT s.id ").push(DUE).push(" ORDER BY s.id LIMIT $2").bind(before).bind(REPORTERS);
        let rows = self.tx.rows(some).await?;
        for row in &rows {
            self.erase_sealed("reporter", row.get("id")?).await?;
        }
        if !rows.is_empty() {
            let detail = serde_json::json!({ "erased": rows.len(), "before": UtcMs(before).to_rfc3339() });
            self.audit("retention.reporters", &detail.to_string()).await?;
        }
        Ok(rows.len() as u64)
    }

    /// Drops some of the oldest lines of the change log, none above `floor`.
    async fn drop_lines(&mut self, floor: i64) -> Result<u64, StoreError> {
        self.tx.execute(sql(DROP_LINES).bind(floor).bind(LINES)).await
    }
}
