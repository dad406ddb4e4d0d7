//! Still pictures of the wall, for a browser that cannot draw the map and for whoever wants one by an address. Who draws is
//! handed in ([`HttpOptions::painter`](super::HttpOptions::painter)): this crate knows no graphics.

use super::{
    App,
    gate::Caller,
    params::Params,
    refusal::Refusal,
    shares::{Asker, hold},
};
use crate::wall::{AsOf, Pictures, Sight, Wall, moment_of};
use axum::{
    Extension,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use wall_store::Actor;

/// Drawn at once: each is a process of its own that takes a core.
const DRAWN_AT_ONCE: usize = 1;
/// What could not be drawn is not tried again for so long: it takes a core, and walls ask every few seconds.
const FAILED_FOR: Duration = Duration::from_secs(30);
/// Failures remembered at most; beyond them the oldest is tried again.
const FAILURES: usize = 64;

/// What the colours of a picture mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scene {
    /// Weighted open tickets per km².
    Heat,
    /// Who answers.
    Owner,
    /// Time left to the most urgent deadline.
    TimeLeft,
    /// Open tickets.
    Open,
}

impl Scene {
    /// By its word: heat, owner, time_left, open.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "heat" => Self::Heat,
            "owner" => Self::Owner,
            "time_left" => Self::TimeLeft,
            "open" => Self::Open,
            _ => return None,
        })
    }
}

/// A picture to draw.
#[derive(Clone, PartialEq, Debug)]
pub struct StillAsked {
    /// What the colours mean.
    pub scene: Scene,
    /// Pixels, 64 … 3840.
    pub width: u32,
    /// Pixels, 64 … 2160.
    pub height: u32,
    /// Of which time.
    pub as_of: AsOf,
    /// The map alone, without title, time and legend: for who shows those beside it. What tells that it is no live picture
    /// stays.
    pub bare: bool,
}

/// Who draws pictures.
pub trait Painter: Send + Sync {
    /// A PNG of the wall as the actor may see it. Called on a thread that may block, inside the runtime.
    ///
    /// # Errors
    /// In words for whoever asked: what happened and what to do.
    fn paint(&self, wall: &Wall, actor: &Actor, asked: &StillAsked) -> Result<Bytes, String>;
}

/// What tells one picture from another.
#[derive(PartialEq)]
pub(crate) struct Key {
    asked: StillAsked,
    sight: Sight,
    moment: i64,
    revision: i64,
}

/// The pictures of a wall: those that were drawn lately, and what could not be drawn.
pub(crate) struct Stills {
    pictures: Pictures<Key, Bytes>,
    failures: Arc<Failures>,
}

impl Default for Stills {
    fn default() -> Self {
        Self { pictures: Pictures::new(DRAWN_AT_ONCE), failures: Arc::default() }
    }
}

/// What could not be drawn lately, oldest first: by what was asked, whatever moment it was to show.
#[derive(Default)]
struct Failures(Mutex<Vec<Failure>>);

struct Failure {
    asked: StillAsked,
    sight: Sight,
    at: Instant,
    why: String,
}

impl Failures {
    /// Why this could not be drawn, and the seconds until it is tried again; `None` = nothing is known against it.
    fn of(&self, asked: &StillAsked, sight: &Sight, now: Instant) -> Option<(String, u64)> {
        let mut all = self.all();
        all.retain(|f| now.saturating_duration_since(f.at) < FAILED_FOR);
        let found = all.iter().find(|f| f.asked == *asked && f.sight == *sight)?;
        let left = FAILED_FOR.saturating_sub(now.saturating_duration_since(found.at));
        Some((found.why.clone(), left.as_secs().max(1)))
    }

    fn note(&self, asked: StillAsked, sight: Sight, at: Instant, why: String) {
        let mut all = self.all();
        if all.len() >= FAILURES {
            all.remove(0);
        }
        all.push(Failure { asked, sight, at, why });
    }

    fn all(&self) -> MutexGuard<'_, Vec<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /api/v1/still.png`.
pub(crate) async fn still(
    State(app): State<App>,
    caller: Caller,
    asker: Option<Extension<Asker>>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let p = Params::of(&uri)?;
    let scene = p.text("scene").map_or(Some(Scene::Heat), Scene::of_word);
    let asked = StillAsked {
        scene: scene.ok_or_else(|| Refusal::invalid("scene must be heat, owner, time_left or open"))?,
        width: p.whole("width", 64..=3840)?.unwrap_or(1920),
        height: p.whole("height", 64..=2160)?.unwrap_or(1080),
        as_of: p.as_of()?,
        bare: match p.text("bare") {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(Refusal::invalid("bare must be 1 or 0")),
        },
    };
    let Some(painter) = app.options.painter.clone() else {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "no_painter", "this wall was started without a painter"));
    };
    let first = asker.as_ref().is_none_or(|asker| asker.wall);
    let place = asker.map(|asker| app.pictures.take(&asker)).transpose()?;
    let (now, revision) = app.wall.stands_at();
    let moment = moment_of(asked.as_of, now);
    let sight = Sight::of(&caller.actor);
    let key = Key { asked: asked.clone(), sight: sight.clone(), moment, revision };
    let (wall, actor, failures) = (app.wall.clone(), caller.actor.clone(), app.stills.failures.clone());
    let not_drawn = |(why, again_s): (String, u64)| Refusal::busy("not_drawn", why, again_s);
    if let Some(known) = failures.of(&asked, &sight, Instant::now()) {
        return Err(not_drawn(known));
    }
    let draw = move || {
        // Somebody before in the line may have found out.
        if let Some(known) = failures.of(&asked, &sight, Instant::now()) {
            return Err(not_drawn(known));
        }
        painter.paint(&wall, &actor, &asked).map_err(|why| {
            tracing::warn!(why, "a still picture was not drawn");
            failures.note(asked, sight, Instant::now(), why.clone());
            not_drawn((why, FAILED_FOR.as_secs()))
        })
    };
    let png = app.stills.pictures.get(key, first, draw).await?;
    Ok(hold(([(header::CONTENT_TYPE, "image/png")], png).into_response(), place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_remembered_for_a_while() {
        let asked = |width| StillAsked { scene: Scene::Heat, width, height: 600, as_of: AsOf::default(), bare: true };
        let (failures, begin) = (Failures::default(), Instant::now());
        failures.note(asked(800), Sight::Exact, begin, "no adapter".into());
        let known = |width, sight, s| failures.of(&asked(width), &sight, begin + Duration::from_secs(s));
        assert_eq!(known(800, Sight::Exact, 0), Some(("no adapter".into(), 30)));
        assert_eq!(known(800, Sight::Exact, 29), Some(("no adapter".into(), 1)));
        assert_eq!((known(801, Sight::Exact, 0), known(800, Sight::Coarse, 0)), (None, None));
        assert_eq!(known(800, Sight::Exact, 30), None, "it is tried again");
        for width in 0..2 * FAILURES as u32 {
            failures.note(asked(width), Sight::Exact, begin, String::new());
        }
        assert_eq!(failures.all().len(), FAILURES);
        assert!(known(2 * FAILURES as u32 - 1, Sight::Exact, 1).is_some());
    }
}
