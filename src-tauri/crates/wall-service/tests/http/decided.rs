//! Facts that are stored with a ticket are those of the store at that revision, whatever this wall has followed: another one on the
//! same store publishes plans, changes categories, sets the zone of days, names a building, just before.

use super::plans::{admin, at, code, squares, ticket};
use serde_json::json;
use std::collections::HashMap;
use tempfile::TempDir;
use wall_core::{
    Absent, BuildingRecord, CategoryRecord, CellId, CellRecord, DeadlineKind, Place, Severity, Ticket, TicketRecord, UtcMs,
};
use wall_service::wall::{CellsImport, Wall};
use wall_store::TicketOutcome;

/// Two walls on one store, neither of which follows it.
async fn two_walls() -> (TempDir, Wall, Wall) {
    let folder = tempfile::tempdir().unwrap();
    let open = || Wall::open(super::options_at(folder.path().join("data")));
    let (deaf, other) = (open().await.unwrap(), open().await.unwrap());
    (folder, deaf, other)
}

async fn publish(wall: &Wall, name: &str, records: &[CellRecord]) {
    let import = CellsImport { network: "general", name, records, doubts: &[], publish: true, effective: None };
    wall.import_cells(&admin(), import, &json!({})).await.unwrap();
}

async fn category(wall: &Wall, severity: u8, deadline_kind: DeadlineKind, sensitive: bool) {
    let record = CategoryRecord {
        kind: "event".into(),
        code: "C1".into(),
        name: "井盖".into(),
        platform: None,
        default_severity: Severity::new(severity),
        deadline_s: Some(3 * 3600),
        deadline_kind,
        standard: String::new(),
        edition: String::new(),
        valid_from: None,
        valid_to: None,
        sensitive,
        absent: Absent::default(),
    };
    wall.import_things(&admin(), &[record]).await.unwrap();
}

/// The last working hour before the holidays of October 2025 in China.
fn reported() -> UtcMs {
    UtcMs::from_rfc3339("2025-09-30T16:30:00+08:00").unwrap()
}

fn silent(id: &str, x: f64, y: f64) -> TicketRecord {
    TicketRecord { category: "C1".into(), reported_at: Some(reported()), ..ticket(id, x, y, false) }
}

/// One ticket taken in.
async fn put(wall: &Wall, record: TicketRecord) -> Vec<TicketOutcome> {
    let taken = wall.put_tickets(&admin(), vec![record]).await.unwrap();
    taken.into_iter().map(|t| t.outcome().unwrap()).collect()
}

/// A ticket as it is stored, and the code of the cell that was written with it.
async fn stored(wall: &Wall, done: &[TicketOutcome]) -> (Ticket, Option<String>) {
    let [TicketOutcome::Created(id)] = done else { panic!("{done:?}") };
    let store = wall.store();
    let network = store.networks().await.unwrap()[0].id;
    let (ticket, cell) = store.tickets_by_id(network, &[*id]).await.unwrap().remove(0);
    let mut codes: HashMap<CellId, String> = HashMap::new();
    for plan in store.plans(network).await.unwrap() {
        codes.extend(
            store.cells(plan.plan.id).await.unwrap().into_iter().map(|c| (c.id, format!("{} {}", plan.plan.name, c.code))),
        );
    }
    (ticket, cell.map(|c| codes[&c].clone()))
}

fn due(text: &str) -> Option<UtcMs> {
    Some(UtcMs::from_rfc3339(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_wall_wrote_just_before_decides() {
    let (_folder, deaf, other) = two_walls().await;
    // It has read its basis while nothing was there.
    put(&deaf, silent("before", 0.5, 0.5)).await;

    publish(&other, "first", &squares()).await;
    assert_eq!(other.store().setting("zone").await.unwrap().as_deref(), Some("Asia/Shanghai"));
    category(&other, 2, DeadlineKind::Working, false).await;
    let done = put(&deaf, silent("pushed", 1.5, 0.5)).await;
    let (ticket, cell) = stored(&deaf, &done).await;
    assert_eq!(cell, Some(format!("first {}", code(1))));
    assert_eq!((ticket.severity.get(), ticket.sensitive), (2, false));
    // One working hour is left of the day; the next ones are on the 9th, behind eight days without work.
    assert_eq!(ticket.due_at, due("2025-10-09T11:00:00+08:00"));

    // The same ground with other codes, and the category otherwise.
    let mut renamed = squares();
    renamed.iter_mut().for_each(|c| c.code.push('1'));
    publish(&other, "second", &renamed).await;
    category(&other, 1, DeadlineKind::Calendar, true).await;
    let done = deaf.import_tickets(&admin(), &[silent("imported", 1.5, 0.5)]).await.unwrap();
    let (ticket, cell) = stored(&deaf, &done).await;
    assert_eq!(cell, Some(format!("second {}1", code(1))));
    assert_eq!((ticket.severity.get(), ticket.sensitive), (1, true));
    assert_eq!(ticket.due_at, due("2025-09-30T19:30:00+08:00"));

    // An address that nobody had, then one building, then two of that name.
    let nowhere = |id: &str| TicketRecord { place: None, address: "福中路12号".into(), ..silent(id, 0.0, 0.0) };
    let building = |id: &str, x: f64| {
        let [lon, lat] = at(x, 2.5);
        BuildingRecord {
            external_id: id.into(),
            name: "福中路12号".into(),
            place: Place { lon, lat },
            footprint: None,
            households: None,
            population: None,
            block: String::new(),
            absent: Absent::default(),
        }
    };
    let placed = async |id: &str| stored(&deaf, &put(&deaf, nowhere(id)).await).await.1;
    assert_eq!(placed("no-building").await, None);
    other.import_things(&admin(), &[building("B1", 2.5)]).await.unwrap();
    assert_eq!(placed("one-building").await, Some(format!("second {}1", code(8))));
    other.import_things(&admin(), &[building("B2", 0.5)]).await.unwrap();
    assert_eq!(placed("two-buildings").await, None);
}

/// A plan that takes effect later counts from then on, though no line of the log tells of it at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_waits_decides_from_its_time_on() {
    let now = UtcMs(jiff::Timestamp::now().as_millisecond());
    let (_folder, deaf, other) = two_walls().await;
    publish(&other, "first", &squares()).await;
    let mut renamed = squares();
    renamed.iter_mut().for_each(|c| c.code.push('1'));
    let effective = Some(UtcMs(now.0 + 86_400_000));
    let import = CellsImport { network: "general", name: "second", records: &renamed, doubts: &[], publish: true, effective };
    other.import_cells(&admin(), import, &json!({})).await.unwrap();
    let cell = async |id: &str| stored(&deaf, &put(&deaf, silent(id, 0.5, 0.5)).await).await.1;
    assert_eq!(cell("today").await, Some(format!("first {}", code(0))));
    let clock = wall_store::ReplayClock { wall_at: UtcMs(now.0 + 2 * 86_400_000), real_at: now, speed: 1.0 };
    deaf.drive_clock(&admin(), clock, None).await.unwrap();
    assert_eq!(cell("in two days").await, Some(format!("second {}1", code(0))));
}
