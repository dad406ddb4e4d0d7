//! `gridwall replay`: historical tickets as a live feed, the wall's clock with them.

use super::{
    rows::{input, read_options, unusable},
    station::{self, os_user},
};
use crate::{
    cli::{Cli, ReplayArgs},
    console::{Failure, answer, progress},
};
use serde_json::json;
use std::time::{Duration, Instant};
use wall_core::{TicketRecord, UtcMs};
use wall_service::{
    import::{Read, Records, tickets},
    replay::{Pace, Player, Timeline},
    wall::{Wall, system_now},
    wire::Problem,
};
use wall_store::ReplayClock;

/// Events looked for so often.
const TICK: Duration = Duration::from_millis(200);
/// The wall returns to the system's clock when it hears nothing of a replay for a minute.
const RENEW: Duration = Duration::from_secs(10);
/// Records sent at once.
const BATCH: usize = 2_000;

/// Where the tickets go: the store of this data directory (a running wall follows it), or a wall at a URL.
enum To {
    Store(Wall),
    Url { agent: ureq::Agent, base: String, token: String },
}

/// Where the tickets go, and the name of this run: whoever is on duty may end it, and then it stays ended.
struct Target {
    to: To,
    run: String,
}

/// Runs a replay to its end, or until Ctrl-C.
pub async fn replay(cli: &Cli, args: &ReplayArgs) -> Result<(), Failure> {
    let options = read_options(cli, args.profile.as_deref(), None, args.datum, &args.encoding)?;
    let mut rejected = 0u64;
    let mut records = Vec::new();
    let input = input(&args.file, None)?;
    for item in Records::surveyed(&input, &options, tickets, &|_| {}).map_err(unusable)?.0 {
        match item.map_err(unusable)? {
            Read::Record { record, .. } => records.push(record),
            Read::Reject(_) => rejected += 1,
        }
    }
    let timeline = Timeline::new(records);
    let Some((first, last)) = timeline.span() else { return Err(Failure::input("there is no ticket with a time to replay")) };
    let start = args.from.unwrap_or(first);
    let end = args.until.unwrap_or(last);
    let pace = Pace::new(start, args.speed).ok_or_else(|| Failure::usage("--speed is more than 0"))?;
    let target = target(cli, args).await?;
    eprintln!(
        "gridwall: {} tickets, {} events from {} to {} at {} × ({:.0} s); {rejected} rows refused, {} without a time",
        timeline.tickets(),
        timeline.events().len(),
        start.to_rfc3339(),
        end.to_rfc3339(),
        args.speed,
        pace.real_until(end).as_secs_f64(),
        timeline.without_time()
    );
    // What happened before the start is there at once, so that the wall begins with its true state.
    if args.from.is_some() {
        let before: Vec<TicketRecord> = timeline.state_at(start).collect();
        for chunk in before.chunks(BATCH) {
            target.send(chunk.to_vec()).await?;
        }
    }
    let began = Instant::now();
    target.clock(Some(ReplayClock { wall_at: start, real_at: system_now(), speed: args.speed })).await?;
    let played = play(&target, &timeline, pace, began, args.from, end).await;
    if args.keep_clock && played.is_ok() {
        hold(&target, end).await?;
    }
    target.clock(None).await?;
    let sent = played?;
    let value = json!({ "tickets": timeline.tickets(), "sent": sent, "rejected": rejected, "from": start.to_rfc3339(), "to": end.to_rfc3339() });
    answer(cli.json, &value, || format!("{sent} events replayed"))
}

/// Holds the clock at a time until asked to stop: a clock that nobody speaks for goes back to the system's by itself.
async fn hold(target: &Target, at: UtcMs) -> Result<(), Failure> {
    eprintln!("gridwall: the wall stands at {}; Ctrl-C gives its clock back", at.to_rfc3339());
    let stop = super::run::asked_to_stop();
    tokio::pin!(stop);
    let mut renew = tokio::time::interval(RENEW);
    loop {
        tokio::select! {
            _ = renew.tick() => target.clock(Some(ReplayClock { wall_at: at, real_at: system_now(), speed: 0.0 })).await?,
            () = &mut stop => return Ok(()),
        }
    }
}

async fn play(
    target: &Target,
    timeline: &Timeline,
    pace: Pace,
    began: Instant,
    from: Option<UtcMs>,
    end: UtcMs,
) -> Result<u64, Failure> {
    let mut player = Player::new(timeline, from, Some(end));
    let (done, total) = player.progress();
    let bar = progress(Some((total - done) as u64), "replaying");
    let mut beat = tokio::time::interval(TICK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = super::run::asked_to_stop();
    tokio::pin!(stop);
    let (mut sent, mut renewed) = (0u64, Instant::now());
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = &mut stop => {
                eprintln!("gridwall: stopped; the wall returns to the system's clock");
                return Ok(sent);
            }
        }
        let now = pace.wall_after(began.elapsed());
        if renewed.elapsed() >= RENEW {
            renewed = Instant::now();
            target.clock(Some(ReplayClock { wall_at: now, real_at: system_now(), speed: pace.speed })).await?;
        }
        loop {
            let due = player.due_records(now, BATCH, false);
            if due.is_empty() {
                break;
            }
            sent += due.len() as u64;
            bar.set_message(now.to_rfc3339());
            target.send(due).await?;
            bar.set_position((player.progress().0 - done) as u64);
        }
        if player.is_done() && now >= end {
            bar.finish_and_clear();
            return Ok(sent);
        }
    }
}

async fn target(cli: &Cli, args: &ReplayArgs) -> Result<Target, Failure> {
    let run = format!("{}-{}", system_now().0, std::process::id());
    let Some(url) = &args.to else { return Ok(Target { to: To::Store(station::open(cli).await?), run }) };
    let token = args
        .token
        .clone()
        .ok_or_else(|| Failure::usage("--to needs --token (gridwall token create NAME --role replay --unlimited --source SOURCE, the source of the tickets)"))?;
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60))).build();
    Ok(Target { to: To::Url { agent: config.into(), base: url.trim_end_matches('/').to_owned(), token }, run })
}

impl Target {
    async fn send(&self, records: Vec<TicketRecord>) -> Result<(), Failure> {
        match &self.to {
            To::Store(wall) => {
                wall.import_tickets(&os_user(), &records).await?;
                Ok(())
            }
            To::Url { .. } => {
                let body: String = records.iter().map(|r| format!("{}\n", ticket_json(r))).collect();
                self.post("/api/v1/tickets", "application/x-ndjson", body).await
            }
        }
    }

    async fn clock(&self, clock: Option<ReplayClock>) -> Result<(), Failure> {
        match &self.to {
            To::Store(wall) => {
                match clock {
                    Some(clock) => wall.drive_clock(&os_user(), clock, Some(&self.run)).await?,
                    None => wall.end_replay(&os_user(), Some(&self.run)).await?,
                }
                Ok(())
            }
            To::Url { .. } => {
                let body = match clock {
                    Some(c) => json!({ "wall_at": c.wall_at.to_rfc3339(), "speed": c.speed, "run": self.run }),
                    None => json!({ "end": true, "run": self.run }),
                };
                self.post("/api/v1/clock", "application/json", body.to_string()).await
            }
        }
    }

    /// Posts, waiting when the wall asks to.
    async fn post(&self, path: &'static str, content_type: &'static str, body: String) -> Result<(), Failure> {
        let To::Url { agent, base, token } = &self.to else { return Ok(()) };
        let (agent, url, token) = (agent.clone(), format!("{base}{path}"), format!("Bearer {token}"));
        let lost = |code, e: String| Failure { code, message: format!("the wall at {base} does not take the feed: {e}") };
        let done = tokio::task::spawn_blocking(move || {
            for _ in 0..30 {
                let answer =
                    agent.post(&url).header("authorization", &token).header("content-type", content_type).send(body.as_str());
                let mut answer = answer.map_err(|e| (4, e.to_string()))?;
                match answer.status().as_u16() {
                    200..=299 => return Ok(()),
                    429 | 503 => {
                        let wait = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(1);
                        std::thread::sleep(Duration::from_secs(std::cmp::min(wait, 30)));
                    }
                    status => {
                        // What it says in words, where it says anything.
                        let text = answer.body_mut().read_to_string().unwrap_or_default();
                        let said = serde_json::from_str::<Problem>(&text).map_or(text, |problem| problem.message);
                        return Err((if matches!(status, 401 | 403 | 409) { 5 } else { 4 }, format!("{status}: {said}")));
                    }
                }
            }
            Err((4, "it is busy for too long".to_owned()))
        });
        done.await.map_err(|e| lost(4, e.to_string()))?.map_err(|(code, e)| lost(code, e))
    }
}

/// A ticket as `POST /api/v1/tickets` takes it. Reporters are never replayed.
fn ticket_json(r: &TicketRecord) -> serde_json::Value {
    let time = |t: Option<UtcMs>| t.map(UtcMs::to_rfc3339);
    let mut ticket = json!({
        "external_id": r.external_id, "source": r.source, "category": r.category, "title": r.title, "description": r.description,
        "lon": r.place.map(|p| p.lon), "lat": r.place.map(|p| p.lat), "accuracy_m": r.accuracy_m, "address": r.address,
        "channel": r.channel.map(|c| c.code()), "platform": r.platform.map(|p| p.code()), "severity": r.severity.map(|s| s.get()),
        "reported_at": time(r.reported_at), "due_at": time(r.due_at), "status": r.status.map(|s| s.code()),
        "status_at": time(r.status_at), "closed_at": time(r.closed_at), "sensitive": r.sensitive,
    });
    if let Some(members) = ticket.as_object_mut() {
        members.retain(|_, v| !v.is_null() && v.as_str() != Some(""));
    }
    ticket
}
