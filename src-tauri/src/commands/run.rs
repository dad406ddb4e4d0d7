//! The wall itself: in a window, or served to a browser.

use super::{
    operator,
    station::{open_with, wall_options},
};
use crate::{
    assets,
    cli::{Cli, RunArgs, ServeArgs},
    console::Failure,
    demo, painter, windows,
};
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use wall_service::{
    http::{Doors, HttpOptions, check_listen, serve as serve_http},
    wall::Wall,
};

/// Opens the window; with no display, serves the same wall and prints the address.
pub fn run(cli: &Cli, args: RunArgs, runtime: &tokio::runtime::Handle) -> Result<(), Failure> {
    if !has_display() {
        eprintln!("gridwall: there is no display here; serving the same wall to a browser instead");
        let serve_args = ServeArgs {
            listen: args.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787))),
            demo: args.demo,
            title: args.title,
            viewer: args.viewer,
            base_map: args.base_map,
            host: vec![],
            behind_tls: false,
        };
        return runtime.block_on(serve(cli, &serve_args));
    }
    need_interface()?;
    let wall = runtime.block_on(async {
        let wall = open_wall(cli, args.demo, args.title, args.base_map).await?;
        wall.follow();
        if args.demo {
            demo::live(wall.clone());
        }
        if let Some(address) = args.listen {
            let listener = listen(address).await?;
            let (options, link) = doors(&wall, args.viewer)?;
            println!("http://{}{link}", listener.local_addr()?);
            tokio::spawn(serve_http(wall.clone(), listener, options, std::future::pending()));
        }
        Ok::<Wall, Failure>(wall)
    })?;
    windows::open(wall, operator(args.viewer, "wall"), args.fullscreen, runtime.clone())
}

/// Serves the wall until Ctrl-C or a termination signal.
pub async fn serve(cli: &Cli, args: &ServeArgs) -> Result<(), Failure> {
    need_interface()?;
    check_listen(args.listen).map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
    let listener = listen(args.listen).await?;
    let wall = open_wall(cli, args.demo, args.title.clone(), args.base_map.clone()).await?;
    wall.follow();
    if args.demo {
        demo::live(wall.clone());
    }
    let (mut options, link) = doors(&wall, args.viewer)?;
    options.allowed_hosts.clone_from(&args.host);
    options.behind_tls = args.behind_tls;
    let address = format!("http://{}{link}", listener.local_addr()?);
    crate::console::answer(cli.json, &serde_json::json!({ "address": address }), || {
        format!("网格指挥墙 GridWall\n  打开一次性链接 open this one-time link (10 min):\n  {address}\n  Ctrl-C 结束 ends it")
    })?;
    let served = serve_http(wall.clone(), listener, options, asked_to_stop()).await;
    wall.keep_image().await;
    wall.store().close().await;
    served.map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|e| Failure { code: 4, message: format!("{address} cannot be listened on: {e}; choose another with --listen") })
}

fn doors(wall: &Wall, viewer: bool) -> Result<(HttpOptions, String), Failure> {
    let options = HttpOptions {
        doors: Doors::default(),
        painter: Some(Arc::new(painter::Native::over(wall))),
        ..HttpOptions::new(Arc::new(assets::Embedded))
    };
    let link = options.doors.issue_link(operator(viewer, "browser").role)?;
    Ok((options, link))
}

async fn open_wall(
    cli: &Cli,
    with_demo: bool,
    title: Option<String>,
    base_map: Option<std::path::PathBuf>,
) -> Result<Wall, Failure> {
    let mut options = wall_options(cli)?;
    if with_demo {
        options = demo::prepare(&options.folder, options.database.as_deref(), cli.now).await?;
    }
    options.fixed_now = cli.now;
    if cli.zone.is_some() {
        options.zone.clone_from(&cli.zone);
    }
    if let Some(title) = title {
        options.title = title;
    }
    if base_map.is_some() {
        options.base_map = base_map;
    }
    let wall = open_with(options).await?;
    if let (zone, false, proposed) = wall.zone_standing().await? {
        eprintln!("gridwall: {}", super::station::zone_words(&zone, proposed.as_deref()));
    }
    Ok(wall)
}

fn need_interface() -> Result<(), Failure> {
    if assets::present() {
        return Ok(());
    }
    Err(Failure {
        code: 4,
        message:
            "this program was built without its user interface; build it with `make run` (npm run build in ui/, then cargo build)"
                .into(),
    })
}

fn has_display() -> bool {
    if cfg!(target_os = "linux") {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        set("DISPLAY") || set("WAYLAND_DISPLAY")
    } else {
        true
    }
}

/// Returns at Ctrl-C or a termination signal.
pub async fn asked_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => {
                tokio::select! { () = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(_) => interrupted.await,
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}
