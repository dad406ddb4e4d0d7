//! The one door through which the wall writes: whether the actor may, and may there (`reach`), the system's time of recording, the
//! line in the audit log or the word why there is none, and what follows from a commit.
//!
//! Nothing else in wall-service opens a transaction (`scripts/lib/writes.mjs`).

use super::{
    Wall, WallError,
    clock::system_now,
    reach::{Target, beyond},
};
use std::ops::{Deref, DerefMut};
use tokio::time::Instant;
use wall_core::{Binding, Right, Role, Untargeted, Within};
use wall_store::{Actor, ChangeBatch, Store, StoreError, WriteTx};

/// Why a command leaves no line in the audit log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unaudited {
    /// What was done is kept with its actor in a history of its own: events of tickets, edits of a draft.
    OwnHistory,
    /// Messages of feeds, many a second: tickets have their events, and where staff are is nobody's to read in a log.
    Feed,
    /// It follows from what is stored and could be made anew at any time: an index.
    Derived,
    /// Nothing is otherwise than before: the clock goes on as it did, what should end had ended.
    Unchanged,
}

/// An open write of an actor who may. Dropping it without one of its commits undoes everything.
#[must_use = "nothing is written without a commit"]
pub struct Write<'a> {
    /// `None`: of somebody who looks after a store without a wall over it.
    pub(super) wall: Option<&'a Wall>,
    pub(super) tx: WriteTx,
    /// In whose name it writes now.
    pub(super) actor: Actor,
    /// Whether it is the message of a feed, whose age the wall shows.
    fed: bool,
}

impl Deref for Write<'_> {
    type Target = WriteTx;

    fn deref(&self) -> &WriteTx {
        &self.tx
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut WriteTx {
        &mut self.tx
    }
}

fn forbidden(role: Role, what: &str) -> WallError {
    WallError::Forbidden(format!("the role {} may not {what}", role.code()))
}

/// Whether an actor may do that at all: in this role, and with this scope. Where a scope leaves it for what lies within, the
/// write or what is shown looks there.
///
/// # Errors
/// [`WallError::Forbidden`], [`WallError::OutsideScope`].
pub(crate) fn allowed(actor: &Actor, right: Right) -> Result<(), WallError> {
    if !actor.role.may(right) {
        return Err(forbidden(actor.role, right.words()));
    }
    match (&actor.scope, right.binding()) {
        (Some(scope), Binding::Whole) => Err(WallError::OutsideScope(format!(
            "{} is for {scope} alone and may not {}: that concerns everything. Who has the role {} and no scope can",
            actor.who,
            right.words(),
            right.roles().iter().map(|r| r.code()).collect::<Vec<_>>().join(", "),
        ))),
        _ => Ok(()),
    }
}

fn feeds(right: Right) -> bool {
    matches!(right, Right::PushTickets | Right::PushPositions | Right::MoveTickets)
}

impl Wall {
    /// Whether the actor may do that. A write asks by itself; a command that computes for long before it asks first.
    ///
    /// # Errors
    /// As [`allowed`].
    pub(super) fn may(&self, actor: &Actor, right: Right) -> Result<(), WallError> {
        allowed(actor, right)
    }

    /// Whether the actor may write tickets of this source.
    ///
    /// # Errors
    /// [`WallError::Forbidden`].
    pub(super) fn may_move_of(&self, actor: &Actor, source: &str) -> Result<(), WallError> {
        match actor.may_write(source) {
            true => Ok(()),
            false => Err(forbidden(actor.role, "move tickets of this source")),
        }
    }

    /// Opens a write by a right that needs no target. Waits for other writers like [`wall_store::Store::write`].
    ///
    /// # Errors
    /// The actor may not, or the store cannot be written.
    pub(crate) async fn write(&self, actor: &Actor, right: impl Untargeted) -> Result<Write<'_>, WallError> {
        let right = right.into();
        self.may(actor, right)?;
        Ok(Write::of(Some(self), self.store().write(actor, system_now()).await?, actor, right))
    }

    /// The same for somebody who waits already: the wait ends at `until`.
    pub(super) async fn write_by(&self, actor: &Actor, right: impl Untargeted, until: Instant) -> Result<Write<'_>, WallError> {
        let right = right.into();
        self.may(actor, right)?;
        Ok(Write::of(Some(self), self.store().write_by(actor, system_now(), until).await?, actor, right))
    }

    /// Opens a write by a right that a scope binds, on a target.
    ///
    /// # Errors
    /// The actor may not, or not there; or the store cannot be written.
    pub(crate) async fn write_within(&self, actor: &Actor, right: Within, target: Target<'_>) -> Result<Write<'_>, WallError> {
        self.may(actor, right.into())?;
        let mut tx = Write::of(Some(self), self.store().write(actor, system_now()).await?, actor, right.into());
        tx.reaches(right, target).await?;
        Ok(tx)
    }

    /// The same for somebody who waits already, on records that are judged each by itself: the wait ends at `until`.
    pub(super) async fn write_each_by(&self, actor: &Actor, right: Within, until: Instant) -> Result<Write<'_>, WallError> {
        self.may(actor, right.into())?;
        Ok(Write::of(Some(self), self.store().write_by(actor, system_now(), until).await?, actor, right.into()))
    }
}

impl Write<'static> {
    /// Opens a write on a store over which no wall stands.
    ///
    /// # Errors
    /// As [`Wall::write`].
    pub(super) async fn on(store: &Store, actor: &Actor, right: impl Untargeted) -> Result<Self, WallError> {
        let right = right.into();
        allowed(actor, right)?;
        Ok(Self::of(None, store.write(actor, system_now()).await?, actor, right))
    }
}

impl<'a> Write<'a> {
    fn of(wall: Option<&'a Wall>, tx: WriteTx, actor: &Actor, right: Right) -> Self {
        Self { wall, tx, actor: actor.clone(), fed: wall.is_some() && feeds(right) }
    }

    /// Goes on in the name of another actor, on records that are judged each by itself: a group commit holds the commands of
    /// several.
    ///
    /// # Errors
    /// That one may not.
    pub(super) fn act_as(&mut self, actor: &Actor, right: Within) -> Result<(), WallError> {
        allowed(actor, right.into())?;
        self.tx.act_as(actor);
        self.actor = actor.clone();
        self.fed |= feeds(right.into());
        Ok(())
    }

    /// Whether the target lies within the actor's scope.
    async fn reaches(&mut self, right: Within, target: Target<'_>) -> Result<(), WallError> {
        let Some(scope) = self.actor.scope.clone() else { return Ok(()) };
        match target.outside(self, &scope).await? {
            Some(what) => Err(beyond(&self.actor, &scope, right.into(), &what)),
            None => Ok(()),
        }
    }

    /// Adds the line of this command to the audit log and commits: when this returns, everything is on disk. `detail` holds
    /// numbers and names, and no personal data.
    pub(crate) async fn commit(mut self, action: &str, detail: &serde_json::Value) -> Result<ChangeBatch, WallError> {
        self.tx.audit(action, &detail.to_string()).await?;
        self.end().await
    }

    /// Commits what wrote its lines in the audit log on the way.
    ///
    /// # Errors
    /// It wrote none: then nothing is written at all.
    pub(crate) async fn commit_audited(self) -> Result<ChangeBatch, WallError> {
        if !self.tx.is_audited() {
            let why = "this command left no line in the audit log, so nothing of it was written; please report it as a fault";
            return Err(StoreError::Refused(why.into()).into());
        }
        self.end().await
    }

    /// Commits without a line in the audit log, and says why there is none.
    pub(crate) async fn commit_unaudited(self, why: Unaudited) -> Result<ChangeBatch, WallError> {
        tracing::trace!(?why, "a commit without a line in the audit log");
        self.end().await
    }

    async fn end(self) -> Result<ChangeBatch, WallError> {
        let batch = self.tx.commit().await?;
        if let Some(wall) = self.wall.filter(|_| self.fed) {
            wall.fed();
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::WallOptions;
    use wall_core::{Scope, Whole};

    #[tokio::test]
    async fn nobody_writes_without_right_or_word() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = WallOptions::new(folder.path());
        options.zone = Some("UTC".into());
        let wall = Wall::open(options).await.unwrap();
        let (admin, feed) = (Actor::new("a", Role::Admin, "cli"), Actor::new("f", Role::Feed, "api"));
        let refused = wall.write(&feed, Whole::SetZone).await.err().unwrap();
        assert_eq!(refused.to_string(), "the role feed may not set the zone");
        // The same right with a scope: the whole is not a part's to change, and the words say who can.
        let scope = Scope::new(&["330108001001".into()], None).unwrap();
        let part = Actor { scope: Some(scope.into()), ..admin.clone() };
        let refused = wall.write(&part, Whole::SetZone).await.err().unwrap();
        assert_eq!((refused.code(), refused.status()), ("outside_scope", 403));
        assert_eq!(
            refused.to_string(),
            "a is for 330108001001 alone and may not set the zone: that concerns everything. Who has the role admin and no scope can"
        );
        let titled = async |title: &str| {
            let mut tx = wall.write(&admin, Whole::Administer).await.unwrap();
            tx.set_setting("title", title).await.unwrap();
            tx
        };
        let mut tx = titled("another's").await;
        assert!(matches!(tx.act_as(&feed, Within::ImportTickets), Err(WallError::Forbidden(_))));
        drop(tx);
        assert!(titled("silent").await.commit_audited().await.is_err());
        assert_eq!(wall.store().setting("title").await.unwrap(), None, "nothing of it was written");
        titled("told").await.commit("setting.title", &serde_json::json!({})).await.unwrap();
        assert_eq!(wall.store().setting("title").await.unwrap().as_deref(), Some("told"));
        let line = wall.store().audit_lines(1, 10).await.unwrap().pop().unwrap();
        assert_eq!((line.actor.as_str(), line.role.as_str(), line.action.as_str()), ("a", "admin", "setting.title"));
        // The age of the last message of a feed is that of feeds alone.
        assert_eq!(wall.inner.last_feed.load(std::sync::atomic::Ordering::Relaxed), 0);
        wall.write_within(&feed, Within::PushPositions, Target::Each)
            .await
            .unwrap()
            .commit_unaudited(Unaudited::Feed)
            .await
            .unwrap();
        assert_ne!(wall.inner.last_feed.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}
