//! Questions on the command line: where is it, what is near, how many.

use super::{operator, station};
use crate::{
    cli::{Cli, LocateArgs, NearArgs, StatsArgs},
    console::{Failure, answer},
};
use serde_json::json;
use wall_core::{Datum, Place};
use wall_service::wall::{AsOf, Locator, StatLine, Stats, time_of};

use super::import::datum;

/// `gridwall locate`.
pub async fn locate(cli: &Cli, args: &LocateArgs) -> Result<(), Failure> {
    let store = station::store(cli).await?;
    let at = match args.as_of {
        Some(at) => at,
        None => time_of(&store, cli.now).await?,
    };
    let (network, plan) = (&args.network, args.plan.as_deref());
    let given = datum(args.datum);
    let from = given.unwrap_or(Datum::Wgs84);
    if let Some(text) = &args.point {
        let place = point(text)?;
        let accuracy = match args.accuracy.as_deref().map(str::parse::<f64>) {
            None => None,
            Some(Ok(m)) if m >= 0.0 && m.is_finite() => Some(m),
            Some(_) => return Err(Failure::usage("--accuracy of one point is a number of metres")),
        };
        let asked = from.to_wgs84(place);
        let locator = Locator::around(&store, network, plan, at, (asked, accuracy.unwrap_or(0.0))).await?;
        let found = locator.locate(asked, accuracy);
        let value = json!({ "lon": place.lon, "lat": place.lat, "cell_code": found.cell_code, "cell_name": found.cell_name,
            "edge_m": found.edge_m, "candidates": found.candidates });
        return answer(cli.json, &value, || {
            if found.cell_code.is_empty() {
                "outside all cells".into()
            } else {
                format!("{} {} ({:.3} m from its edge)", found.cell_code, found.cell_name, found.edge_m.unwrap_or(0.0))
            }
        });
    }
    let Some(file) = &args.file else {
        return Err(Failure::usage("locate needs FILE, - or --point LON,LAT"));
    };
    let locator = Locator::open(&store, network, plan, at).await?;
    super::rows::locate_rows(cli, args, file, |place, accuracy| locator.locate(from.to_wgs84(place), accuracy))
}

/// `gridwall near LON LAT`.
pub async fn near(cli: &Cli, args: &NearArgs) -> Result<(), Failure> {
    let place = Place::new(args.lon, args.lat).ok_or_else(|| Failure::usage("LON LAT are degrees, −180 … 180 and −90 … 90"))?;
    let wall = station::open(cli).await?;
    let found = wall.near(&operator(false, "cli"), place, &args.kind, args.k, args.within_m).await?;
    answer(cli.json, &json!({ "kind": args.kind, "lon": args.lon, "lat": args.lat, "found": found }), || {
        if found.is_empty() {
            return format!("no {} near there", args.kind);
        }
        let line = |near: &wall_service::wall::NearView| {
            let p = &near.place;
            format!(
                "{:>9.1} m  ~{:>4.0} s on foot  {} {} ({})",
                p.distance_m.unwrap_or(0.0),
                p.walk_s.unwrap_or(0.0),
                near.external_id,
                p.name,
                p.state
            )
        };
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// `gridwall stats`.
pub async fn stats(cli: &Cli, args: &StatsArgs) -> Result<(), Failure> {
    let wall = station::open(cli).await?;
    let asked = AsOf { at: args.as_of, known_at: args.known_at };
    let Stats { lines, late_events } = wall.stats(&operator(false, "cli"), &args.by, asked).await?;
    let at = asked.time().unwrap_or_else(|| wall.now());
    let value = json!({ "by": args.by, "as_of": at.to_rfc3339(), "late_events": late_events, "lines": lines });
    answer(cli.json, &value, || {
        let row = |l: &StatLine| {
            let rate = if l.due > 0 {
                format!("{}/{} = {:.1} %", l.on_time, l.due, 100.0 * l.on_time as f64 / l.due as f64)
            } else {
                "-".into()
            };
            format!(
                "{:<24} {:>8} {:>8} {:>8} {:>8} {:>9}  {rate}",
                if l.name.is_empty() { &l.key } else { &l.name },
                l.open,
                l.overdue,
                l.received_today,
                l.closed_today,
                l.total
            )
        };
        let head =
            format!("{:<24} {:>8} {:>8} {:>8} {:>8} {:>9}  on time", args.by, "open", "overdue", "in today", "done", "total");
        let late = match late_events {
            Some(0) => None,
            Some(n) => Some(format!("{n} events that say something of this time were learned later")),
            None => Some("what was learned later than this time is not on record".to_owned()),
        };
        std::iter::once(head).chain(lines.iter().map(row)).chain(late).collect::<Vec<_>>().join("\n")
    })
}

fn point(text: &str) -> Result<Place, Failure> {
    let parse = || {
        let (lon, lat) = text.split_once(',')?;
        Place::new(lon.trim().parse().ok()?, lat.trim().parse().ok()?)
    };
    parse().ok_or_else(|| Failure::usage(format!("\"{text}\" is not LON,LAT in degrees")))
}
