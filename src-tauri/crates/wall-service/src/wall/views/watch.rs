//! One viewer who follows the wall: what was missed, then every frame, each joining on to the one before. The window and every stream
//! over HTTP follow by this.

use super::super::{Wall, WallError};
use crate::wire::Frame;
use std::sync::Arc;
use tokio::sync::broadcast::{self, error::RecvError};
use wall_store::Actor;

/// Frames for one viewer, from a revision on.
pub struct Watch {
    wall: Wall,
    actor: Actor,
    /// Revision the viewer has.
    last: i64,
    /// Brings the viewer up to the live frames.
    missed: Option<Arc<Frame>>,
    live: broadcast::Receiver<Arc<Frame>>,
    /// The live frames do not join on: what lies between is asked of the store.
    behind: bool,
}

impl Wall {
    /// Follows the wall after a revision.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn watch(&self, actor: &Actor, since: i64) -> Result<Watch, WallError> {
        let (missed, live) = self.frames(actor, since).await?;
        Ok(Watch { wall: self.clone(), actor: actor.clone(), last: since, missed, live, behind: false })
    }
}

impl Watch {
    /// Revision the viewer has.
    pub fn revision(&self) -> i64 {
        self.last
    }

    /// Waits for the next frame, as the viewer may see it; `None` = the wall is gone. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The viewer fell behind, and what is missing cannot be read.
    pub async fn next(&mut self) -> Result<Option<Arc<Frame>>, WallError> {
        loop {
            if self.behind {
                (self.missed, self.live) = self.wall.frames(&self.actor, self.last).await?;
                self.behind = false;
            }
            if let Some(frame) = self.missed.take()
                && frame.to_revision >= self.last
            {
                return Ok(Some(self.told(&frame)));
            }
            match self.live.recv().await {
                Ok(frame) if frame.from_revision == self.last => return Ok(Some(self.told(&frame))),
                // What was missed reached further than this one.
                Ok(frame) if frame.to_revision <= self.last => {}
                // The world went on and the store fell silent before that was told: what is missing cannot be asked for now. That
                // there is trouble is told all the same, and the rest when it is over.
                Ok(frame) if frame.freshness.store_trouble.is_some() => {
                    return Ok(Some(self.told(&Arc::new(calm(&frame, self.last)))));
                }
                // A frame that does not join on, or a viewer who is too slow: caught up from the wall's own state.
                Ok(_) | Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    /// Live frames are the same for all; each viewer sees what the role may see.
    fn told(&mut self, frame: &Arc<Frame>) -> Arc<Frame> {
        self.last = frame.to_revision;
        self.wall.for_actor(&self.actor, frame)
    }
}

/// A frame's clock and freshness alone, for a viewer at a revision.
fn calm(frame: &Frame, revision: i64) -> Frame {
    Frame {
        from_revision: revision,
        to_revision: revision,
        figures: None,
        alarms: None,
        areas: vec![],
        tickets: vec![],
        staff: vec![],
        reload: false,
        ..frame.clone()
    }
}
