//! The wall's window and the frames it subscribes to.

use crate::{
    assets::Embedded,
    console::Failure,
    painter, recover,
    remote::Remote,
    save,
    scheme::{self, Answerer},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tauri::{
    State, Url, WebviewUrl, WebviewWindowBuilder,
    ipc::{Channel, InvokeResponseBody},
    webview::NewWindowResponse,
};
use tokio::task::AbortHandle;
use wall_service::{
    http::{HttpOptions, router},
    wall::{Wall, actor_of},
};
use wall_store::Actor;

/// The wall that a window shows.
pub enum Shown {
    /// The one in this process, and in whose name it is asked.
    Here(Wall, Actor),
    /// One that is served elsewhere; files of the page go below the data directory where there is no other place.
    There(Arc<Remote>, PathBuf),
}

/// What the commands of the window act on.
struct Station {
    shown: Shown,
    /// The stream of frames from a server elsewhere: the page follows one at a time.
    following: Mutex<Option<AbortHandle>>,
}

/// A frame on its way to the page, as JSON.
fn sent(channel: &Channel<InvokeResponseBody>, json: String) -> bool {
    channel.send(InvokeResponseBody::Json(json)).is_ok()
}

/// Sends frames through the channel until the page closes it. The first one catches up from `since`.
#[tauri::command]
async fn frames(
    since: i64,
    channel: Channel<InvokeResponseBody>,
    bearer: Option<String>,
    station: State<'_, Station>,
) -> Result<(), String> {
    let (wall, own) = match &station.shown {
        Shown::Here(wall, actor) => (wall.clone(), actor.clone()),
        Shown::There(remote, _) => {
            // The one before goes first: a server gives one viewer so many.
            let before = station.following.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(before) = before {
                before.abort();
            }
            let mut frames = remote.frames(since, bearer.as_deref()).await?;
            let task = tokio::spawn(async move {
                // Silent from here on: the page says since when, and asks anew.
                while let Some(frame) = frames.next().await
                    && sent(&channel, frame)
                {}
            });
            let another = station.following.lock().unwrap_or_else(PoisonError::into_inner).replace(task.abort_handle());
            // The page asked twice before either was answered.
            if let Some(another) = another {
                another.abort();
            }
            return Ok(());
        }
    };
    let actor = match &bearer {
        None => own,
        Some(secret) => acting(&wall, secret, &own.station).await.ok_or("this session is over; sign in again")?,
    };
    let mut watch = wall.watch(&actor, since).await.map_err(|e| e.to_string())?;
    tokio::spawn(async move {
        loop {
            let frame = match watch.next().await {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                // Silent from here on: the page says since when, and asks anew.
                Err(error) => return tracing::warn!(%error, "the window could not be caught up"),
            };
            // Who signed in hears frames no longer than the session lasts; the page's next question says so too.
            if let Some(secret) = &bearer
                && acting(&wall, secret, &actor.station).await.is_none()
            {
                return;
            }
            if !serde_json::to_string(&*frame).is_ok_and(|json| sent(&channel, json)) {
                return;
            }
        }
    });
    Ok(())
}

/// The person of a session that is still good.
async fn acting(wall: &Wall, secret: &str, station: &str) -> Option<Actor> {
    wall.account_of(secret).await.ok().flatten().map(|account| actor_of(&account, station))
}

/// Whether the window may go to an address: the pages of its own scheme, in the form the platform gives them, and nothing
/// else. A page of somebody else in the wall's window would have the wall's commands at hand.
fn is_of_the_wall(url: &Url) -> bool {
    // WebView2 knows no schemes of programs: there they are a name of http.
    let own =
        if cfg!(windows) { ("http", format!("{}.localhost", scheme::SCHEME)) } else { (scheme::SCHEME, "localhost".into()) };
    let plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    plain && (url.scheme(), url.host_str()) == (own.0, Some(own.1.as_str()))
}

/// Title of the window.
const TITLE: &str = "网格指挥墙 GridWall";

/// Opens the window and runs until it is closed.
pub fn open(shown: Shown, fullscreen: bool, runtime: tokio::runtime::Handle) -> Result<(), Failure> {
    let (answerer, exports, ending, title) = match &shown {
        Shown::Here(wall, actor) => {
            let mut options = HttpOptions::new(Arc::new(Embedded));
            options.local_actor = Some(actor.clone());
            options.painter = Some(Arc::new(painter::Native::over(wall)));
            let answerer = Answerer::Here(router(wall.clone(), options));
            (answerer, wall.store().folder().join("exports"), Some(wall.clone()), TITLE.to_owned())
        }
        Shown::There(remote, folder) => {
            let title = format!("{TITLE} · {}", remote.origin());
            (Answerer::There(remote.clone()), folder.join("exports"), None, title)
        }
    };
    tauri::async_runtime::set(runtime.clone());
    let at_the_end = runtime.clone();
    tauri::Builder::default()
        .manage(save::Exports(exports))
        .manage(Station { shown, following: Mutex::default() })
        .register_asynchronous_uri_scheme_protocol(scheme::SCHEME, scheme::handler(answerer, runtime))
        .invoke_handler(tauri::generate_handler![frames, save::save_file])
        .setup(move |app| {
            let url = format!("{}://localhost/", scheme::SCHEME).parse()?;
            // The whole screen also where no window manager would maximise it.
            let size = app.primary_monitor()?.map_or((1600.0, 900.0), |m| {
                let size = m.size().to_logical::<f64>(m.scale_factor());
                (size.width, size.height)
            });
            let window = WebviewWindowBuilder::new(app, "wall", WebviewUrl::CustomProtocol(url))
                .title(title)
                .inner_size(size.0, size.1)
                .min_inner_size(1024.0, 600.0)
                .maximized(true)
                .on_navigation(|url| {
                    let stays = is_of_the_wall(url);
                    if !stays {
                        tracing::warn!(scheme = url.scheme(), "the window does not leave the wall: an address was refused");
                    }
                    stays
                })
                // No link, script or gesture opens another window: there is nothing outside to be opened.
                .on_new_window(|_, _| NewWindowResponse::Deny)
                .build()?;
            recover::reload_after_crash(&window);
            // In the builder this fails on secondary screens.
            if fullscreen {
                window.set_fullscreen(true)?;
            }
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(|e| Failure {
            code: 4,
            message: format!("the window cannot be opened: {e}; `gridwall serve` shows the same wall in a browser"),
        })?
        .run(move |_, event| {
            // The program ends with this event and does not come back from here.
            if matches!(event, tauri::RunEvent::Exit)
                && let Some(wall) = &ending
            {
                at_the_end.block_on(async {
                    wall.lay_down_duties().await;
                    wall.keep_image().await;
                });
            }
        });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_with_the_wall() {
        let judged = |address: &str| is_of_the_wall(&address.parse().expect("an address"));
        let own = if cfg!(windows) { "http://gridwall.localhost" } else { "gridwall://localhost" };
        for path in ["/", "", "/index.html", "/?debug", "/#plan=3"] {
            assert!(judged(&format!("{own}{path}")), "{path}");
        }
        for other in [
            "https://example.org/",
            "http://127.0.0.1:8787/",
            "http://localhost/",
            "http://ipc.localhost/",
            "http://gridwall.localhost.example.org/",
            "gridwall://localhost.example.org/",
            "gridwall://example.org/",
            "gridwall://localhost:81/",
            "gridwall://somebody@localhost/",
            "gridwall:localhost",
            "tauri://localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
            "blob:gridwall://localhost/1",
            "javascript:alert(1)",
            "about:blank",
            "about:srcdoc",
        ] {
            assert!(!judged(other), "{other}");
        }
    }
}
