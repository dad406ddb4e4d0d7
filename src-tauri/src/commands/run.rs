//! The wall itself: in a window, or served to a browser.

use super::{
    operator,
    station::{open_with, wall_options},
};
use crate::{
    assets,
    cli::{Cli, RunArgs, ServeArgs},
    console::Failure,
    demo, painter,
    remote::{Asked, Remote},
    windows::{self, Shown},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use wall_service::{
    http::{
        CertificateSource, Doors, Fingerprint, HttpOptions, Tls, check_listen, is_loopback, machine_name, serve as serve_http,
    },
    wall::Wall,
};

/// Opens the window; with no display, serves the same wall and prints the address.
pub fn run(cli: &Cli, args: RunArgs, runtime: &tokio::runtime::Handle) -> Result<(), Failure> {
    if let Some(server) = &args.server {
        return remote(cli, server, &args, runtime);
    }
    if !has_display() {
        eprintln!("gridwall: there is no display here; serving the same wall to a browser instead");
        let serve_args = ServeArgs {
            listen: args.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787))),
            demo: args.demo,
            title: args.title,
            viewer: args.viewer,
            base_map: args.base_map,
            host: vec![],
            tls: false,
            cert: None,
            key: None,
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
            check_listen(address, false).map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
            let listener = listen(address).await?;
            let (options, link) = doors(&wall, args.viewer)?;
            println!("http://{}{link}", listener.local_addr()?);
            tokio::spawn(serve_http(wall.clone(), listener, options, std::future::pending()));
        }
        Ok::<Wall, Failure>(wall)
    })?;
    windows::open(Shown::Here(wall, operator(args.viewer, "wall")), args.fullscreen, runtime.clone())
}

/// Opens the window on a wall that another machine serves.
fn remote(cli: &Cli, server: &str, args: &RunArgs, runtime: &tokio::runtime::Handle) -> Result<(), Failure> {
    if !args.check && !has_display() {
        return Err(Failure::usage(format!("there is no display here; a browser shows the same wall at {server}")));
    }
    let code = if args.code_stdin { Some(super::user::secret_from_input()?) } else { None };
    let folder = super::data_dir(cli)?;
    let asked = Asked { server, fingerprint: args.fingerprint, code, name: args.name.clone(), compare: &compare };
    let (remote, is_in) = runtime.block_on(async {
        let remote = Remote::open(&folder, asked).await?;
        let is_in = if args.check { remote.is_in().await? } else { true };
        Ok::<_, Failure>((remote, is_in))
    })?;
    let key = remote.public_key().map(|k| k.to_string()).unwrap_or_default();
    if remote.is_first_met() {
        eprintln!("gridwall: from now on {} is known by this key alone", remote.origin());
    }
    if args.check {
        let value = serde_json::json!({ "server": remote.origin(), "public_key_sha256": key, "first_met": remote.is_first_met(),
            "station": remote.name(), "let_in": is_in });
        return crate::console::answer(cli.json, &value, || {
            let way = if is_in { "is let in" } else { "is not let in: `gridwall station add NAME` on the server gives a code" };
            format!("{}: reached, its key is the one that is known; this station ({}) {way}", remote.origin(), remote.name())
        });
    }
    windows::open(Shown::There(Arc::new(remote), folder), args.fullscreen, runtime.clone())
}

/// Shows the key of a server that is met for the first time, and asks whether it is the server's.
fn compare(origin: &str, key: Fingerprint) -> Result<(), Failure> {
    use std::io::IsTerminal;
    let words = format!(
        "{origin} is met for the first time, and shows this key (SHA-256):\n  {key}\nCompare it with the one that the server printed \
         when it was started, and `gridwall station add` with the code. Nothing was sent to it yet."
    );
    let refused = |more: &str| Err(Failure { code: 5, message: format!("{words} {more}") });
    let terminal = ::console::Term::stderr();
    if !(terminal.is_term() && std::io::stdin().is_terminal()) {
        return refused(&format!(
            "There is no terminal here to ask on: if it is the same, the same command with --fingerprint {key} goes on"
        ));
    }
    terminal.write_line(&words)?;
    terminal.write_str("一致吗 Is it the same? (yes/no): ")?;
    match terminal.read_line()?.trim() {
        "yes" | "y" | "是" => Ok(()),
        _ => refused("It was not said to be the same: ask whoever keeps the server"),
    }
}

/// Serves the wall until Ctrl-C or a termination signal.
pub async fn serve(cli: &Cli, args: &ServeArgs) -> Result<(), Failure> {
    need_interface()?;
    let given = args.cert.clone().zip(args.key.clone());
    let with_tls = args.tls || given.is_some() || !(args.behind_tls || is_loopback(args.listen));
    check_listen(args.listen, with_tls).map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
    let listener = listen(args.listen).await?;
    let wall = open_wall(cli, args.demo, args.title.clone(), args.base_map.clone()).await?;
    wall.follow();
    if args.demo {
        demo::live(wall.clone());
    }
    let (mut options, link) = doors(&wall, args.viewer)?;
    options.allowed_hosts.clone_from(&args.host);
    options.behind_tls = args.behind_tls;
    if with_tls {
        let source = match given {
            Some((certificate, key)) => CertificateSource::Given { certificate, key },
            None => CertificateSource::Own { folder: super::data_dir(cli)?, names: args.host.clone() },
        };
        let tls = Tls::open(source).map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
        options.allowed_hosts.extend(machine_name());
        options.tls = Some(tls);
    }
    say_address(cli, args, &options, listener.local_addr()?, &link)?;
    let served = serve_http(wall.clone(), listener, options, asked_to_stop()).await;
    wall.lay_down_duties().await;
    wall.keep_image().await;
    wall.store().close().await;
    served.map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })
}

/// Where the wall is, and by what others know that it is this one.
fn say_address(cli: &Cli, args: &ServeArgs, options: &HttpOptions, at: SocketAddr, link: &str) -> Result<(), Failure> {
    let Some(tls) = &options.tls else {
        let address = format!("http://{at}{link}");
        return crate::console::answer(cli.json, &serde_json::json!({ "address": address }), || {
            format!("网格指挥墙 GridWall\n  打开一次性链接 open this one-time link (10 min):\n  {address}\n  Ctrl-C 结束 ends it")
        });
    };
    let about = tls.about();
    let port = at.port();
    // "Everywhere" is no address that a browser can ask for.
    let here = match args.host.first() {
        Some(name) if name.parse::<std::net::Ipv6Addr>().is_ok() => format!("[{name}]:{port}"),
        Some(name) => format!("{name}:{port}"),
        None if at.ip().is_unspecified() => format!("127.0.0.1:{port}"),
        None => at.to_string(),
    };
    let address = format!("https://{here}{link}");
    let value = serde_json::json!({ "address": address, "certificate_sha256": about.certificate.to_string(),
        "public_key_sha256": about.public_key.to_string(), "certificate_ends": about.ends.to_rfc3339() });
    crate::console::answer(cli.json, &value, || {
        let elsewhere = match machine_name() {
            Some(name) if !is_loopback(at) => {
                format!("\n  其他机器 from other machines: https://{name}:{port}, or by an address of this machine")
            }
            _ => String::new(),
        };
        format!(
            "网格指挥墙 GridWall\n  打开一次性链接 open this one-time link (10 min):\n  {address}{elsewhere}\n  \
             证书指纹 certificate SHA-256 (browsers show it): {}\n  公钥指纹 public key SHA-256 (walls elsewhere ask for it): {}\n  \
             证书有效至 holds until {}\n  Ctrl-C 结束 ends it",
            about.certificate,
            about.public_key,
            about.ends.to_rfc3339()
        )
    })
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
    if let Err(error) = wall.store().need_keys() {
        eprintln!("gridwall: {error}");
    }
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
