//! Several walls on one store: one of them does what is done once, it is said which, and another goes on when it ends.

use crate::import_four;
use serde_json::Value;
use wall_tests::{DataDir, Postgres, Served, until};

/// The process that holds both leases, once one does.
fn holder(data: &DataDir) -> Option<(u32, i64)> {
    let leases = data.json(["store", "leases"])["leases"].clone();
    let held: Vec<&Value> = leases.as_array()?.iter().filter(|l| l["in_force"] == true).collect();
    let pid = |l: &Value| l["holder"].as_str()?.rsplit(' ').next()?.parse().ok();
    let (first, second) = (held.first()?, held.get(1)?);
    assert_eq!(first["holder"], second["holder"], "{leases}");
    Some((pid(first)?, first["number"].as_i64()?))
}

fn says(wall: &Served, token: &str) -> bool {
    let metrics = wall.client(token).get("/metrics").expect(200).body;
    metrics.lines().any(|l| l == "gridwall_duty_keeping 1")
}

fn one_does_it_and_another_goes_on(first: &DataDir, second: &DataDir) {
    import_four(first);
    let token = first.token("meter");
    let walls = [Served::start(first), Served::start(second)];
    let (pid, number) = until("a holder", || holder(first));
    let ours = usize::from(walls[1].pid() == pid);
    assert_eq!(walls[ours].pid(), pid);
    until("it says so itself", || says(&walls[ours], &token).then_some(()));
    assert!(!says(&walls[1 - ours], &token));
    let [a, b] = walls;
    let (ending, staying) = if ours == 0 { (a, b) } else { (b, a) };
    assert_eq!(ending.end(), Some(0));
    let next = until("the other one goes on", || holder(first).filter(|h| h.0 == staying.pid()));
    assert!(next.1 > number, "{next:?}");
    // One that is killed gives nothing back: its time has to pass.
    let third = Served::start(second);
    staying.kill();
    let last = until("a lease that nobody renews ends", || holder(first).filter(|h| h.0 == third.pid()));
    assert!(last.1 > next.1, "{last:?}");
    assert!(first.json(["doctor"])["checks"].to_string().contains(&format!("process {}", third.pid())));
}

#[test]
fn two_walls_on_one_file() {
    let data = DataDir::new();
    one_does_it_and_another_goes_on(&data, &data);
}

#[test]
fn two_machines_on_one_server() {
    let Some(server) = Postgres::start() else { return };
    let data = DataDir::at(server.schema("duties"));
    import_four(&data);
    one_does_it_and_another_goes_on(&data, &data.beside());
}
