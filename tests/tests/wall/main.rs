//! The real program from outside: files, command line, HTTP, kills.
#![allow(clippy::unwrap_used)]

mod access;
mod bombs;
mod crash;
mod doubtful;
mod duties;
mod files;
mod first_edition;
mod intake;
mod keep;
mod keys;
mod open311;
mod plans;
mod servers;
mod stills;
mod sweep;
mod tls;
mod user;

use serde_json::{Value, json};
use wall_tests::{DataDir, Ground};

/// Imports and publishes the four cells; returns the report.
fn import_four(data: &DataDir) -> Value {
    let file = data.file("cells.geojson", Ground::four().geojson());
    data.json(["import", "cells", file.to_str().unwrap(), "--code-field", "code", "--name-field", "name", "--publish"])
}

/// A ticket in the middle of a cell of the four.
fn ticket(external_id: &str, column: usize, row: usize) -> Value {
    let [lon, lat] = Ground::four().middle(column, row);
    json!({
        "source": "test", "external_id": external_id, "category": "drain", "title": format!("井盖 {external_id}"),
        "lon": lon, "lat": lat, "severity": 2
    })
}
