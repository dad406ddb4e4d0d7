//! After a crash of the web process the window lives on without a picture: load the page again.

use tauri::WebviewWindow;

/// Reloads the page whenever the web process ends unasked, at most a few times a minute.
#[cfg(target_os = "linux")]
pub fn reload_after_crash(window: &WebviewWindow) {
    use std::{cell::Cell, time::Instant};
    use webkit2gtk::WebViewExt;
    let done = window.with_webview(|webview| {
        let recent = Cell::new((Instant::now(), 0u32));
        webview.inner().connect_web_process_terminated(move |view, reason| {
            let (since, count) = recent.get();
            let (since, count) = if since.elapsed().as_secs() > 60 { (Instant::now(), 1) } else { (since, count + 1) };
            recent.set((since, count));
            tracing::error!("the web process ended ({reason:?}); reload {count} within a minute");
            if count <= 5 {
                view.reload();
            }
        });
    });
    if let Err(e) = done {
        tracing::error!("the window cannot be watched for crashes: {e}");
    }
}

/// Other platforms restart their web process themselves.
#[cfg(not(target_os = "linux"))]
pub fn reload_after_crash(_window: &WebviewWindow) {}
