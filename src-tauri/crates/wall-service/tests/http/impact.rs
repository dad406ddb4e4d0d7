//! The impact of a draft says what somebody changed, and nothing else.

use super::plans::{admin, code, ready, split, squares};
use serde_json::{Value, json};
use wall_service::wall::CellsImport;

#[tokio::test(flavor = "multi_thread")]
async fn borders_that_opening_a_draft_joined_are_no_change() {
    let (room, team) = ready().await;
    // Surveyed apart: the west border of cell 2 lies 20 cm east of the east border of cell 1, eighty square metres in all.
    let mut cells = squares();
    let outer = &mut cells[1].geometry.polygons[0].outer;
    let west = outer.iter().map(|p| p.x).min().unwrap();
    outer.iter_mut().filter(|p| p.x == west).for_each(|p| p.x += 2_000);
    let import = CellsImport { network: "general", name: "分测", records: &cells, doubts: &[], publish: true, effective: None };
    let base = room.wall.import_cells(&admin(), import, &json!({})).await.unwrap().plan.0;
    let plan = room.draft_of(&team.planner, base).await;
    let impact = async || room.get(&team.planner, &format!("/api/v1/plans/{plan}/impact")).await.json();
    let of = |impact: &Value, part: &str| impact[part].as_array().unwrap().clone();
    let untouched = impact().await;
    assert_eq!((of(&untouched, "flows"), of(&untouched, "cells")), (vec![], vec![]), "nobody changed anything");
    room.edit(&team.planner, plan, split()).await;
    let split = impact().await;
    let flows: Vec<(Value, Value)> = of(&split, "flows").into_iter().map(|f| (f["from"].clone(), f["to"].clone())).collect();
    assert_eq!(flows, [(json!(code(4)), json!(code(9)))], "what was split, and nothing beside");
}
