//! A stored draft whose edits cannot all be done again (an earlier edition stored them under other rules, or the store is
//! damaged): which step, which cells, why; the steps before are kept as the draft, the rest stays in its history.

use super::plans::{at, code, merge, moved_border, ready, split};
use axum::http::StatusCode;
use serde_json::{Value, json};
use wall_core::{PlanId, UtcMs};
use wall_store::{Actor, Role};

/// Stores an edit as an earlier edition would have, without doing it.
async fn stored(room: &super::Room, plan: i64, head: &Value, edit: &str, cells: &Value) -> Value {
    let actor = Actor::new("earlier", Role::Planner, "cli");
    let mut tx = room.wall.store().write(&actor, UtcMs(1_700_000_000_000)).await.unwrap();
    let id = tx.add_edit(PlanId(plan), head.as_i64(), edit, &cells.to_string()).await.unwrap();
    tx.commit().await.unwrap();
    json!(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_with_a_vertex_of_the_old_snapping_is_said_and_can_be_gone_on_with() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let first = room.edit(&team.planner, plan, moved_border()).await["head"].clone();
    let sound = room.get(&team.planner, &format!("{path}/cells")).await.text();
    // The old snapping had put a vertex into this border; today there is none.
    let vertex = json!({ "kind": "move_vertex", "from": at(2.0, 1.37), "to": at(2.02, 1.37), "outer": false }).to_string();
    let bad = stored(&room, plan, &first, &vertex, &json!([code(4), code(5)])).await;
    let head = stored(&room, plan, &bad, &merge().to_string(), &json!([code(6)])).await;

    // Every question about it says the same, with the step and the cells; none is a failure of the server.
    for ask in ["", "/cells", "/history", "/owners", "/impact", "/proposals", "/changes?since=0", "/export?format=geojson"] {
        let answer = room.get(&team.planner, &format!("{path}{ask}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "cannot_replay"), "{ask}");
    }
    let said = room.get(&team.planner, &path).await.json();
    assert_eq!((&said["step"], &said["steps"], &said["last"], &said["head"]), (&json!(2), &json!(3), &first, &head));
    assert_eq!((&said["rest"][0]["id"], &said["rest"][0]["kind"]), (&bad, &json!("move_vertex")));
    assert_eq!(said["rest"][0]["cells"], json!([code(4), code(5)]));
    assert_eq!((said["rest"].as_array().unwrap().len(), &said["rest"][1]["id"]), (2, &head));
    assert_eq!(said["why"]["code"], "nothing_there");
    assert!(said["message"].as_str().unwrap().starts_with("step 2 of 3"), "{said}");
    // It is in the list, and can be put away like any other.
    let list = room.get(&team.planner, "/api/v1/plans").await.json();
    assert!(list.as_array().unwrap().iter().any(|p| p["id"] == plan));
    // Another edit is not laid on what is not there.
    let edit = json!({ "edit": split(), "head": head });
    assert_eq!(room.refused(&team.planner, &format!("{path}/edits"), edit).await, "cannot_replay");

    // The way on: the steps before are the draft, the rest is in the history.
    let goto = format!("{path}/goto");
    assert_eq!(room.refused(&team.planner, &goto, json!({ "edit": first, "seen": first })).await, "head_moved");
    room.done(&team.planner, &goto, json!({ "edit": said["last"], "seen": said["head"] })).await;
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), sound);
    let history = room.get(&team.planner, &format!("{path}/history")).await.json();
    let applied: Vec<(Value, Value)> =
        history["edits"].as_array().unwrap().iter().map(|e| (e["id"].clone(), e["applied"].clone())).collect();
    assert_eq!(applied, [(first.clone(), json!(true)), (bad.clone(), json!(false)), (head.clone(), json!(false))]);
    // Doing the step again is refused in words, and the draft stays where it is.
    let redo = json!({ "edit": bad, "seen": first });
    assert_eq!(room.refused(&team.planner, &format!("{path}/redo"), redo).await, "cannot_replay");
    assert_eq!(room.get(&team.planner, &format!("{path}/cells")).await.text(), sound);
    room.edit(&team.planner, plan, split()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_step_may_be_the_one_and_a_damaged_one_is_named() {
    let (room, team) = ready().await;
    for (edit, why, called, words) in [
        (r#"{"kind": "fold"}"#, "unknown_edit", "fold", "(\"fold\")"),
        (r#"{"version": 1, "edit": {"kind": "fold"}}"#, "unknown_edit", "fold", "(\"fold\")"),
        (
            r#"{"version": 2, "edit": {"kind": "merge", "into": 1}}"#,
            "newer_edit",
            "merge",
            "newer edition of this program (version 2 of edits)",
        ),
        ("{", "damaged_edit", "unknown", "cannot be read"),
    ] {
        let plan = room.draft(&team.planner).await;
        let path = format!("/api/v1/plans/{plan}");
        let head = stored(&room, plan, &Value::Null, edit, &json!([code(0)])).await;
        let said = room.get(&team.planner, &path).await.json();
        assert_eq!((&said["step"], &said["steps"], &said["last"]), (&json!(1), &json!(1), &json!(null)));
        assert_eq!((&said["why"]["code"], &said["rest"][0]["kind"]), (&json!(why), &json!(called)));
        assert!(said["why"]["message"].as_str().unwrap().contains(words), "{said}");
        room.done(&team.planner, &format!("{path}/goto"), json!({ "edit": null, "seen": head })).await;
        let state = room.get(&team.planner, &path).await.json();
        assert_eq!((&state["head"], state["cells"].as_array().unwrap().len()), (&json!(null), 9));
        // It is kept as it was stored, for the edition that knows it.
        let kept = room.wall.store().plan_edits(PlanId(plan)).await.unwrap();
        assert_eq!((kept.len(), kept[0].edit.as_str()), (1, edit));
    }
}

/// A draft whose edits lie in the store as the editions before versions wrote them opens as it was left, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn edits_without_a_version_are_done_as_they_were() {
    let (room, team) = ready().await;
    let drawn = room.draft(&team.planner).await;
    let old = room.draft(&team.planner).await;
    let owners = json!({ "kind": "owners", "face": 4, "owners": null });
    let mut head = Value::Null;
    for edit in [moved_border(), split(), merge(), owners] {
        room.edit(&team.planner, drawn, edit).await;
    }
    let rows = room.wall.store().plan_edits(PlanId(drawn)).await.unwrap();
    for row in &rows {
        let edit: Value = serde_json::from_str(&row.edit).unwrap();
        assert_eq!(edit["version"], 1, "{edit}");
        head = stored(&room, old, &head, &edit["edit"].to_string(), &json!([])).await;
    }
    let cells = async |plan: i64| room.get(&team.planner, &format!("/api/v1/plans/{plan}/cells")).await.text();
    assert_eq!(cells(old).await, cells(drawn).await);
    let kinds = async |plan: i64| -> Vec<Value> {
        let history = room.get(&team.planner, &format!("/api/v1/plans/{plan}/history")).await.json();
        history["edits"].as_array().unwrap().iter().map(|e| e["kind"].clone()).collect()
    };
    assert_eq!(kinds(old).await, kinds(drawn).await);
    assert_eq!(room.get(&team.planner, &format!("/api/v1/plans/{old}")).await.json()["head"], head);
    room.done(&team.planner, &format!("/api/v1/plans/{old}/undo"), json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_review_is_taken_back_first() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let first = room.edit(&team.planner, plan, moved_border()).await["head"].clone();
    let vertex = json!({ "kind": "delete_vertex", "at": at(2.0, 1.37) }).to_string();
    let head = stored(&room, plan, &first, &vertex, &json!([code(4)])).await;
    // An earlier edition could send it to review: the steps of its life ask nothing of its edits.
    let actor = Actor::new("earlier", Role::Planner, "cli");
    let mut tx = room.wall.store().write(&actor, UtcMs(1_700_000_000_000)).await.unwrap();
    tx.step_plan(PlanId(plan), head.as_i64(), wall_core::PlanStepKind::Submit, "").await.unwrap();
    tx.commit().await.unwrap();
    let said = room.get(&team.planner, &path).await.json();
    assert_eq!((&said["code"], &said["plan"]["status"]), (&json!("cannot_replay"), &json!("in_review")));
    let back = json!({ "edit": said["last"], "seen": said["head"] });
    assert_eq!(room.refused(&team.planner, &format!("{path}/goto"), back.clone()).await, "not_a_draft");
    let withdraw =
        json!({ "step": "withdraw", "note": "", "seen": said["head"], "effective_ms": null, "tickets": "", "acknowledge": [] });
    room.done(&team.planner, &format!("{path}/step"), withdraw).await;
    room.done(&team.planner, &format!("{path}/goto"), back).await;
    assert_eq!(room.get(&team.planner, &path).await.json()["head"], first);
}
