//! The demonstration district on the command line: its files, its store, its live feed. All fictional.

use crate::{
    cli::{Cli, DemoArgs},
    commands::os_user,
    console::{Failure, answer},
};
use std::{path::Path, time::Duration};
use wall_core::{TicketRecord, TicketStatus, UtcMs};
use wall_service::{
    demo::{
        DEFAULT_SEED, DEMO_ACCOUNTS, DISTRICT_NAME, DemoEvent, District, DistrictFiles, LiveCity, STREET_CODE, STREET_NAME, ZONE,
        write_district,
    },
    wall::{CellsImport, Keeper, TicketQuery, Wall, WallOptions, system_now},
};
use wall_store::{Actor, Role, Store, demonstration_of, remove_demonstration};

/// After this long without the demonstration its past week is told anew.
const STALE_MS: i64 = 24 * 3_600_000;

/// `gridwall demo OUT`: writes the import files.
pub fn write(cli: &Cli, args: &DemoArgs) -> Result<(), Failure> {
    let now = cli.now.unwrap_or_else(system_now);
    write_district(&args.out, args.seed, now)?;
    let value = serde_json::json!({ "folder": args.out, "seed": args.seed, "now": now.to_rfc3339() });
    answer(cli.json, &value, || format!("演示数据 demonstration files in {} (all fictional)", args.out.display()))
}

/// Makes or takes up the store of the demonstration below `folder`, and says how to open it.
///
/// The store lies in a folder of its own (`demo/`), on a server in a schema of its own, so that it never touches real data; one that is older than a day,
/// or of another clock, is made anew.
pub async fn prepare(folder: &Path, database: Option<&str>, now: Option<UtcMs>) -> Result<WallOptions, Failure> {
    let at = now.unwrap_or_else(system_now);
    let place = folder.join("demo");
    let (store, files, made) = (place.join("store"), place.join("files"), place.join("made"));
    let mut options = WallOptions::new(&store);
    options.demo = true;
    options.database = database.map(demonstration_of).transpose()?;
    options.published = DEMO_ACCOUNTS;
    options.title = format!("{STREET_NAME}社会治理综合指挥室");
    options.zone = Some(ZONE.to_owned());
    options.base_map = Some(DistrictFiles::inside(&files).base_map);
    let made_at = std::fs::read_to_string(&made).ok().and_then(|t| t.trim().parse::<i64>().ok());
    if made_at.is_some_and(|t| (0..STALE_MS).contains(&(at.0 - t))) && store.join("keys").exists() {
        let known = Store::open_at(&store, options.database.as_deref()).await?;
        accounts(&known).await?;
        known.close().await;
        return Ok(options);
    }
    eprintln!("gridwall: making the demonstration district (演示数据, all fictional) …");
    if store.exists() {
        std::fs::remove_dir_all(&store)?;
    }
    if let Some(database) = &options.database {
        remove_demonstration(database).await?;
    }
    let district = District::generate(DEFAULT_SEED);
    district.write(&files, at)?;
    options.fixed_now = now;
    let wall = Wall::open(options.clone()).await?;
    Keeper::of(wall.store()).mark_demonstration(&os_user()).await?;
    fill(&wall, options.database.as_deref(), &district, at).await?;
    accounts(wall.store()).await?;
    wall.store().close().await;
    std::fs::write(&made, at.0.to_string())?;
    Ok(options)
}

/// One who plans and one who reviews, with the published password. Called for the demonstration's own store alone.
async fn accounts(store: &Store) -> Result<(), Failure> {
    let known = store.accounts().await?;
    for account in DEMO_ACCOUNTS {
        // One that was removed stays removed.
        if known.iter().any(|a| a.name == account.name) {
            continue;
        }
        let password = account.password.to_owned();
        Keeper::of(store).add_account(&os_user(), account.name, account.display_name, account.role, None, password).await?;
    }
    Ok(())
}

/// Takes the district in through the same doors as everybody's data.
async fn fill(wall: &Wall, database: Option<&str>, district: &District, at: UtcMs) -> Result<(), Failure> {
    let actor = os_user();
    wall.import_things(&actor, &district.categories).await?;
    wall.name_division(&actor, &format!("{STREET_CODE}000"), "street", STREET_NAME).await?;
    wall.name_division(&actor, &STREET_CODE[..6], "district", DISTRICT_NAME).await?;
    let detail = serde_json::json!({ "demo": true, "cells": district.cells.len() });
    let plan = CellsImport {
        network: "general",
        name: "演示网格方案",
        records: &district.cells,
        doubts: &[],
        publish: true,
        effective: None,
    };
    wall.import_cells(&actor, plan, &detail).await?;
    let beats = CellsImport {
        network: "police",
        name: "演示警务区",
        records: &district.beats,
        doubts: &[],
        publish: true,
        effective: None,
    };
    wall.import_cells(&actor, beats, &serde_json::json!({ "demo": true, "cells": district.beats.len() })).await?;
    wall.import_owners(&actor, "general", &district.owners).await?;
    wall.import_things(&actor, &district.staff).await?;
    wall.import_things(&actor, &district.cameras).await?;
    wall.import_things(&actor, &district.sites).await?;
    wall.import_things(&actor, &district.buildings).await?;
    wall.import_things(&actor, &district.streets).await?;
    let tickets: Vec<TicketRecord> = district.tickets(at);
    // The ground and the categories are known to a wall opened after them.
    let again =
        Wall::open(WallOptions { demo: true, database: database.map(str::to_owned), ..WallOptions::new(wall.store().folder()) })
            .await?;
    again.import_tickets(&actor, &tickets).await?;
    again.audit(&actor, "import.tickets", &serde_json::json!({ "demo": true, "tickets": tickets.len() })).await?;
    again.store().close().await;
    Ok(())
}

/// Lets the city live on `wall` until the wall is gone: tickets, their moves and walking staff, through the intake.
pub fn live(wall: Wall) {
    tokio::spawn(async move {
        let district = match tokio::task::spawn_blocking(|| District::generate(DEFAULT_SEED)).await {
            Ok(d) => d,
            Err(e) => return tracing::error!("the demonstration's feed does not start: {e}"),
        };
        let actor = Actor::new("demo", Role::Feed, "demo");
        let mut city = LiveCity::new(&district, wall.now());
        let missed = catch_up(&wall, &city).await;
        if let Err(e) = take(&wall, &actor, missed).await {
            tracing::warn!("catching up: {}", e.message);
        }
        let mut beat = tokio::time::interval(Duration::from_secs(1));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            if let Err(e) = take(&wall, &actor, city.step(wall.now())).await {
                tracing::warn!("the demonstration: {}", e.message);
            }
        }
    });
}

/// Moves that happened while the demonstration was off.
async fn catch_up(wall: &Wall, city: &LiveCity) -> Vec<DemoEvent> {
    let mut open: Vec<(String, TicketStatus)> = Vec::new();
    let mut cursor = None;
    loop {
        let query = TicketQuery { status: Some("open".into()), limit: 1_000, cursor: cursor.take(), ..TicketQuery::default() };
        let Ok((page, next)) = wall.tickets(&Actor::new("demo", Role::Operator, "demo"), query).await else { break };
        open.extend(page.into_iter().map(|t| (t.external_id, t.status.0)));
        match next {
            Some(c) => cursor = Some(c),
            None => break,
        }
    }
    city.catch_up(open.iter().map(|(id, s)| (id.as_str(), *s)), wall.now())
}

async fn take(wall: &Wall, actor: &Actor, events: Vec<DemoEvent>) -> Result<(), Failure> {
    let (mut tickets, mut positions, mut moves) = (Vec::new(), Vec::new(), Vec::new());
    for event in events {
        match event {
            DemoEvent::Ticket(t) => tickets.push(t),
            DemoEvent::Position(p) => positions.push(p),
            DemoEvent::Move { external_id, to, at, actor, reason } => moves.push((external_id, to, at, actor, reason)),
        }
    }
    if !tickets.is_empty() {
        wall.put_tickets(actor, tickets).await?;
    }
    if !positions.is_empty() {
        wall.put_positions(actor, positions).await?;
    }
    for (external_id, to, at, who, reason) in moves {
        let mover = Actor::new(who, Role::Operator, "demo");
        // A ticket that was moved by hand meanwhile goes its own way.
        if let Err(e) = wall.move_ticket(&mover, "demo", &external_id, to, at, &reason).await {
            tracing::debug!("demo move of {external_id}: {e}");
        }
    }
    Ok(())
}
