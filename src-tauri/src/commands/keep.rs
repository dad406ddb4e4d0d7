//! Keeping: tokens, audit, doctor. No world is loaded for these.

use super::{
    data_dir,
    station::{database, os_user, store, wall_options},
    user::{scope_of, scope_words},
};
use crate::{
    cli::{Cli, RetentionArgs, ScopeArgs, Trails},
    console::{Failure, answer},
};
use serde_json::json;
use std::{io::Write, path::Path};
use wall_core::UtcMs;
use wall_service::wall::{Keeper, system_now, time_of};
use wall_store::{ANY_SOURCE, Check, LINES_KEPT, Mends, Retention, Role, Store, examine};

/// Makes a token; its secret is shown once.
pub async fn create_token(
    cli: &Cli,
    name: &str,
    role: &str,
    unlimited: bool,
    sources: &[String],
    scope: &ScopeArgs,
) -> Result<(), Failure> {
    let words = || Role::ALL.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ");
    let role = Role::from_code(role).ok_or_else(|| Failure::usage(format!("there is no role \"{role}\"; roles: {}", words())))?;
    let printable = |text: &str| !text.trim().is_empty() && text.len() <= 100 && !text.chars().any(char::is_control);
    if !printable(name) {
        return Err(Failure::usage("a token's name has 1 … 100 printable characters".to_owned()));
    }
    if let Some(odd) = sources.iter().find(|s| !printable(s) || s.trim() != s.as_str()) {
        return Err(Failure::usage(format!("\"{odd}\" is no source: 1 … 100 printable characters without spaces around them")));
    }
    let scope = scope_of(scope)?;
    let keeper = Keeper::of(&store(cli).await?);
    let secret = keeper.create_token(&os_user(), name, role, unlimited, sources, scope.as_ref()).await?;
    let own = [name.to_owned()];
    let sources = if sources.is_empty() { &own } else { sources };
    let value =
        json!({ "name": name, "role": role.code(), "unlimited": unlimited, "sources": sources, "scope": scope, "token": secret });
    answer(cli.json, &value, || format!("{secret}\n(shown once; send it as `Authorization: Bearer …`)"))
}

/// Lists tokens.
pub async fn list_tokens(cli: &Cli) -> Result<(), Failure> {
    let tokens = store(cli).await?.tokens().await?;
    let rows: Vec<_> = tokens
        .iter()
        .map(|t| {
            json!({ "name": t.name, "role": t.role.code(), "unlimited": t.unlimited, "sources": t.sources, "scope": t.scope.as_deref(),
                "created_at": t.created_at.to_rfc3339(), "revoked_at": t.revoked_at.map(|r| r.to_rfc3339()) })
        })
        .collect();
    answer(cli.json, &json!({ "tokens": rows }), || {
        let line = |t: &wall_store::Token| {
            let state = t.revoked_at.map_or_else(|| "in force".to_owned(), |r| format!("revoked {}", r.to_rfc3339()));
            let sources = match &t.sources {
                None => "writes any source (made before tokens had sources)".to_owned(),
                Some(list) if list.iter().any(|s| s == ANY_SOURCE) => "writes any source".to_owned(),
                Some(list) => format!("writes {}", list.join(", ")),
            };
            let rate = if t.unlimited { ", no rate limit" } else { "" };
            format!("{:<24} {:<10} {state}{rate}; {sources}{}", t.name, t.role.code(), scope_words(t.scope.as_deref()))
        };
        if tokens.is_empty() { "no tokens".into() } else { tokens.iter().map(line).collect::<Vec<_>>().join("\n") }
    })
}

/// Lists stations.
pub async fn list_stations(cli: &Cli) -> Result<(), Failure> {
    let (stations, now) = (store(cli).await?.stations().await?, system_now());
    let state = |s: &wall_store::Station| match s.ended_at {
        Some(t) => format!("ended {}", t.to_rfc3339()),
        None if s.expires_at <= now => format!("over since {}", s.expires_at.to_rfc3339()),
        None => format!("in force until {}", s.expires_at.to_rfc3339()),
    };
    let rows: Vec<_> = stations
        .iter()
        .map(|s| {
            json!({ "id": s.id, "role": s.role.code(), "name": s.name, "created_at": s.created_at.to_rfc3339(),
                "last_used": s.last_used.to_rfc3339(), "expires_at": s.expires_at.to_rfc3339(),
                "ended_at": s.ended_at.map(|t| t.to_rfc3339()), "in_force": s.ended_at.is_none() && s.expires_at > now })
        })
        .collect();
    answer(cli.json, &json!({ "stations": rows }), || {
        let line = |s: &wall_store::Station| {
            format!("{:<5} {:<10} {}  used {}  {}", s.id, s.role.code(), state(s), s.last_used.to_rfc3339(), s.name)
        };
        if stations.is_empty() { "no stations".into() } else { stations.iter().map(line).collect::<Vec<_>>().join("\n") }
    })
}

/// Ends the right of a station.
pub async fn revoke_station(cli: &Cli, id: i64) -> Result<(), Failure> {
    if !Keeper::of(&store(cli).await?).end_station(&os_user(), id).await? {
        return Err(Failure::input(format!("there is no station {id} in force")));
    }
    answer(cli.json, &json!({ "id": id, "revoked": true }), || format!("station {id} is refused within seconds"))
}

/// Says the zone of the store, or sets it.
pub async fn zone(cli: &Cli, name: Option<&str>) -> Result<(), Failure> {
    let keeper = Keeper::of(&store(cli).await?);
    if let Some(name) = name {
        keeper.set_zone(&os_user(), name).await?;
        let value = json!({ "zone": name, "own": true, "proposed": null });
        return answer(cli.json, &value, || format!("{name}; walls that run show it from their next start"));
    }
    let (now, network) = (time_of(keeper.store(), cli.now).await?, wall_options(cli)?.network);
    let (zone, own, proposed) = keeper.zone_standing(cli.zone.clone(), &network, now).await?;
    let value = json!({ "zone": zone, "own": own, "proposed": proposed });
    answer(cli.json, &value, || if own { zone.clone() } else { super::station::zone_words(&zone, proposed.as_deref()) })
}

/// Says how long what is kept; sets it; lets go what is due.
pub async fn retention(cli: &Cli, args: &RetentionArgs) -> Result<(), Failure> {
    let (store, now) = (store(cli).await?, system_now());
    let rule = store.retention().await?;
    let asked = Retention {
        reporters_days: args.reporters_days.unwrap_or(rule.reporters_days),
        positions_days: args.positions_days.unwrap_or(rule.positions_days),
        log_days: args.log_days.unwrap_or(rule.log_days),
    };
    let keeper = Keeper::of(&store);
    if asked != rule {
        keeper.set_retention(&os_user(), asked).await?;
    }
    let mut dropped = None;
    if let Some(trails) = args.trails
        && (trails == Trails::On) != store.trails().await?
    {
        dropped = Some(keeper.set_trails(&os_user(), trails == Trails::On).await?);
    }
    if args.run
        && let Err(leap) = keeper.tidy(&os_user(), args.clock_is_right).await?
    {
        return Err(Failure { code: 4, message: leap.words() });
    }
    let standing = store.retention_standing(now).await?;
    let last = standing
        .last
        .map(|l| json!({ "at": UtcMs(l.at).to_rfc3339(), "reporters": l.reporters, "positions": l.positions, "lines": l.lines }));
    let trails = store.trails().await?;
    let value = json!({ "rule": standing.rule, "last": last, "reporters": standing.kept, "reporters_due": standing.due,
        "trails": trails, "trails_dropped": dropped, "held": standing.leap.map(|l| l.words()) });
    answer(cli.json, &value, || {
        let Retention { positions_days, log_days, .. } = standing.rule;
        let positions = match (trails, dropped.unwrap_or(0)) {
            (true, _) => format!("positions {positions_days} days"),
            (false, 0) => "of positions only the last of each (--trails on keeps where people were)".to_owned(),
            (false, n) => format!("of positions only the last of each; {n} of the past went"),
        };
        format!("{}; {positions}; change log {log_days} days and {LINES_KEPT} lines", standing.words())
    })
}

/// Says whose clock the walls on this store show; with `end`, ends the replay that drives it.
pub async fn clock(cli: &Cli, end: bool) -> Result<(), Failure> {
    let keeper = Keeper::of(&store(cli).await?);
    let replay = keeper.store().replay_clock().await?;
    if end {
        if replay.is_none() {
            return Err(Failure::input("no replay drives the clock".to_owned()));
        }
        keeper.end_replay(&os_user(), None).await?;
        return answer(cli.json, &json!({ "ended": true }), || "the walls return to the system's time".to_owned());
    }
    let value = json!({ "replay": replay.map(|r| json!({ "wall_at": r.wall_at.to_rfc3339(), "speed": r.speed,
        "last_word_at": r.real_at.to_rfc3339() })) });
    answer(cli.json, &value, || match replay {
        None => "the system's clock".to_owned(),
        Some(r) => format!(
            "a replay at {} times the speed, at {} when it last spoke, {}; `gridwall clock --end` ends it",
            r.speed,
            r.wall_at.to_rfc3339(),
            r.real_at.to_rfc3339()
        ),
    })
}

/// Revokes a token.
pub async fn revoke_token(cli: &Cli, name: &str) -> Result<(), Failure> {
    if !Keeper::of(&store(cli).await?).revoke_token(&os_user(), name).await? {
        return Err(Failure::input(format!("there is no token {name} in force")));
    }
    answer(cli.json, &json!({ "name": name, "revoked": true }), || {
        format!("{name} revoked; running walls refuse it within seconds")
    })
}

/// Verifies the audit chain.
pub async fn verify_audit(cli: &Cli) -> Result<(), Failure> {
    let verdict = store(cli).await?.verify_audit().await?;
    let whole = verdict.faults.is_empty();
    let value = json!({ "whole": whole, "lines": verdict.lines, "anchored": verdict.anchored, "faults": verdict.faults });
    answer(cli.json, &value, || {
        if whole { format!("the audit log is whole: {} lines", verdict.lines) } else { verdict.faults.join("\n") }
    })?;
    if whole { Ok(()) } else { Err(Failure { code: 4, message: "the audit log was tampered with or damaged".into() }) }
}

/// Writes the audit log as NDJSON.
pub async fn export_audit(cli: &Cli, out: &Path) -> Result<(), Failure> {
    let store = store(cli).await?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
    let mut from = 1;
    let mut lines = 0u64;
    loop {
        let page = store.audit_lines(from, 10_000).await?;
        let Some(last) = page.last() else { break };
        from = last.seq + 1;
        for l in &page {
            let value = json!({ "seq": l.seq, "at": l.at.to_rfc3339(), "actor": l.actor, "role": l.role, "station": l.station,
                "purpose": l.purpose, "action": l.action, "detail": l.detail });
            writeln!(file, "{value}")?;
            lines += 1;
        }
    }
    file.flush()?;
    answer(cli.json, &json!({ "lines": lines, "file": out }), || format!("{lines} lines to {}", out.display()))
}

/// Checks the data directory, the store and this machine; with `fix`, mends what can be mended.
pub async fn doctor(cli: &Cli, fix: bool) -> Result<(), Failure> {
    let folder = data_dir(cli)?;
    let (mut checks, store) = examine(&folder, database(cli), fix, system_now()).await;
    let check = |name, ok, found: &str| Check { name, ok, found: found.into(), mends: Mends::No };
    let (mut tickets, mut revision) = (None, None);
    let database = store.as_ref().and_then(Store::server);
    if let Some(store) = &store {
        let (durable, found) = match store.pragmas().await {
            // Opening it asked the server what it keeps.
            Ok(None) => (true, format!("{}: fsync and synchronous_commit are on", store.server().unwrap_or_default())),
            Ok(Some(p)) => (
                p.journal_mode == "wal" && p.synchronous == 2 && p.foreign_keys == 1,
                format!("journal_mode {}, synchronous {}, foreign_keys {}", p.journal_mode, p.synchronous, p.foreign_keys),
            ),
            Err(_) => (false, "read-only".to_owned()),
        };
        checks.push(check("durability", durable || store.fault().is_some(), &found));
        (tickets, revision) = (store.ticket_count().await.ok(), store.revision().await.ok());
        store.close().await;
    }
    let map = folder.join("basemap.pmtiles").exists();
    checks.push(check("base_map", true, if map { "present" } else { "none (plain ground)" }));
    let built = crate::assets::present();
    checks.push(check("interface", built, if built { "built in" } else { "missing" }));
    let well = checks.iter().all(|c| c.ok);
    let mended = |c: &Check| c.mends == Mends::Done;
    let would = |c: &Check| c.mends == Mends::Would && !c.ok;
    let rows: Vec<_> = checks
        .iter()
        .map(|c| json!({ "check": c.name, "ok": c.ok, "found": c.found, "mended": mended(c), "fix_mends": would(c) }))
        .collect();
    let value = json!({ "well": well, "data_dir": folder, "database": database, "revision": revision, "tickets": tickets, "checks": rows });
    answer(cli.json, &value, || {
        let after = |c: &Check| {
            if mended(c) {
                " (mended)"
            } else if would(c) {
                " (--fix mends it)"
            } else {
                ""
            }
        };
        let line = |c: &Check| format!("{} {}: {}{}", if c.ok { "✓" } else { "✗" }, c.name, c.found, after(c));
        let lines: Vec<String> = checks.iter().map(line).collect();
        let count = tickets.map_or_else(|| "no store that can be read".to_owned(), |n| format!("{n} tickets"));
        format!("{}\n{count} in {}", lines.join("\n"), folder.display())
    })?;
    if well { Ok(()) } else { Err(Failure { code: 4, message: "not everything is well; see above".into() }) }
}
