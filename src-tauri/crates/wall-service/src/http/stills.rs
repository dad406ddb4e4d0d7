//! Still pictures of the wall, for a browser that cannot draw the map and for whoever wants one by an address. Who draws is
//! handed in ([`HttpOptions::painter`](super::HttpOptions::painter)): this crate knows no graphics.

use super::{
    App,
    gate::Caller,
    params::Params,
    refusal::Refusal,
    shares::{Asker, hold},
};
use crate::wall::{AsOf, Sight, Wall, moment_of};
use axum::{
    Extension,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use wall_store::Actor;

/// Drawn at once: each is a process of its own that takes a core.
pub(super) const DRAWN_AT_ONCE: usize = 1;

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
    let key = Key { asked: asked.clone(), sight: Sight::of(&caller.actor), moment, revision };
    let (wall, actor) = (app.wall.clone(), caller.actor.clone());
    let draw = move || {
        painter.paint(&wall, &actor, &asked).map_err(|why| {
            tracing::warn!(why, "a still picture was not drawn");
            Refusal::busy("not_drawn", why, 30)
        })
    };
    let png = app.stills.get(key, first, draw).await?;
    Ok(hold(([(header::CONTENT_TYPE, "image/png")], png).into_response(), place))
}
