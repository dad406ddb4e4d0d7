//! The wall's window and the frames it subscribes to.

use crate::{assets::Embedded, console::Failure, recover, save, scheme};
use std::sync::Arc;
use tauri::{State, Url, WebviewUrl, WebviewWindowBuilder, ipc::Channel, webview::NewWindowResponse};
use wall_service::{
    http::{HttpOptions, router},
    wall::{Wall, actor_of},
    wire::Frame,
};
use wall_store::Actor;

/// What the commands of the window act on.
struct Station {
    wall: Wall,
    actor: Actor,
}

/// Sends frames through the channel until the page closes it. The first one catches up from `since`.
#[tauri::command]
async fn frames(since: i64, channel: Channel<Frame>, bearer: Option<String>, station: State<'_, Station>) -> Result<(), String> {
    let wall = station.wall.clone();
    let actor = match &bearer {
        None => station.actor.clone(),
        Some(secret) => acting(&wall, secret, &station.actor.station).await.ok_or("this session is over; sign in again")?,
    };
    let (first, mut live) = wall.frames(&actor, since).await.map_err(|e| e.to_string())?;
    tokio::spawn(async move {
        let mut revision = since;
        let mut next = first;
        loop {
            let frame = match next.take() {
                Some(frame) => frame,
                None => match live.recv().await {
                    Ok(frame) => frame,
                    // Too slow: catch up from where this page is.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => match wall.frames(&actor, revision).await {
                        Ok((first, again)) => {
                            live = again;
                            next = first;
                            continue;
                        }
                        Err(_) => return,
                    },
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                },
            };
            if frame.to_revision < revision {
                continue;
            }
            // Who signed in hears frames no longer than the session lasts; the page's next question says so too.
            if let Some(secret) = &bearer
                && acting(&wall, secret, &actor.station).await.is_none()
            {
                return;
            }
            revision = frame.to_revision;
            if channel.send((*wall.for_actor(&actor, &frame)).clone()).is_err() {
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

/// Opens the window and runs until it is closed.
pub fn open(wall: Wall, actor: Actor, fullscreen: bool, runtime: tokio::runtime::Handle) -> Result<(), Failure> {
    let mut options = HttpOptions::new(Arc::new(Embedded));
    options.local_actor = Some(actor.clone());
    let router = router(wall.clone(), options);
    tauri::async_runtime::set(runtime.clone());
    let at_the_end = runtime.clone();
    tauri::Builder::default()
        .manage(save::Exports(wall.store().folder().join("exports")))
        .manage(Station { wall: wall.clone(), actor })
        .register_asynchronous_uri_scheme_protocol(scheme::SCHEME, scheme::handler(router, runtime))
        .invoke_handler(tauri::generate_handler![frames, save::save_file])
        .setup(move |app| {
            let url = format!("{}://localhost/", scheme::SCHEME).parse()?;
            // The whole screen also where no window manager would maximise it.
            let size = app.primary_monitor()?.map_or((1600.0, 900.0), |m| {
                let size = m.size().to_logical::<f64>(m.scale_factor());
                (size.width, size.height)
            });
            let window = WebviewWindowBuilder::new(app, "wall", WebviewUrl::CustomProtocol(url))
                .title("网格指挥墙 GridWall")
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
            if matches!(event, tauri::RunEvent::Exit) {
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
