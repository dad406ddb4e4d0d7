//! Two people at one draft: each sees where it stands, who moved it there, and who else is looking.

use super::plans::{admin, code, merge, moved_border, ready, split};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wall_core::{OwnerRecord, OwnerRole, PartyKind, PlanId};
use wall_service::wall::Wall;
use wall_store::{Actor, Role};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_draft_see_each_other() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}/stand");
    let stand = async |token: &str, since: Option<i64>| {
        let asked = since.map_or(String::new(), |s| format!("?since={s}"));
        let answer = room.get(token, &format!("{path}{asked}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    };
    let alone = stand(&team.planner, None).await;
    assert_eq!((&alone["head"], &alone["last"], &alone["others"]), (&json!(null), &json!(null), &json!([])));
    let seen = alone["revision"].as_i64().unwrap();
    let beside = stand(&team.other, None).await;
    assert_eq!(beside["others"].as_array().unwrap().len(), 1, "{beside}");
    // An edit of one is the other's news within one question, with the name.
    let head = room.edit(&team.planner, plan, split()).await["head"].clone();
    let (mine, theirs) = (stand(&team.planner, Some(seen)).await, stand(&team.other, Some(seen)).await);
    for (stand, own) in [(&mine, true), (&theirs, false)] {
        assert_eq!((&stand["head"], &stand["last"]["id"], &stand["last"]["mine"]), (&head, &head, &json!(own)));
        assert_eq!((&stand["last"]["kind"], &stand["last"]["parent"]), (&json!("split"), &json!(null)));
        assert_eq!(stand["news"], false, "an edit of this plan is no news around it");
    }
    assert!(theirs["last"]["name"].as_str().is_some_and(|n| n.contains("planner")), "{theirs}");
    assert!(theirs["last"]["cells"].as_array().unwrap().contains(&json!(code(4))), "{theirs}");
    // What stands around it is news once.
    let owner = OwnerRecord {
        cell_code: code(8),
        party: "第九人".into(),
        party_kind: PartyKind::Person,
        role: OwnerRole::Leader,
        phone: String::new(),
        valid_from: None,
        valid_to: None,
        absent: wall_core::Absent::default(),
    };
    room.wall.import_owners(&admin(), "general", &[owner]).await.unwrap();
    let news = stand(&team.other, theirs["revision"].as_i64()).await;
    assert_eq!(news["news"], true);
    assert_eq!(stand(&team.other, news["revision"].as_i64()).await["news"], false);
    // Who only looks at the wall is told nothing of drafts.
    let viewer = room.token("viewer", Role::Viewer, true).await;
    assert_eq!(room.get(&viewer, &path).await.status, StatusCode::FORBIDDEN);
}

/// A page that shows a plan and takes in only what changed: cells by face, findings in any order.
struct Page {
    head: Value,
    cells: BTreeMap<u64, Value>,
    findings: Vec<Value>,
}

impl Page {
    fn of(state: &Value) -> Self {
        let list = |key: &str| state[key].as_array().unwrap().clone();
        Self { head: state["head"].clone(), cells: by_face(&list("cells")), findings: list("findings") }
    }

    /// As the planner's page does it (`overlaid`, `withFindings`).
    fn take(&mut self, result: &Value) {
        self.head = result["head"].clone();
        for face in result["removed"].as_array().unwrap() {
            self.cells.remove(&face.as_u64().unwrap());
        }
        self.cells.extend(by_face(result["changed"].as_array().unwrap()));
        let change = &result["findings"];
        let looked = change["looked_at"].as_array().unwrap();
        let about = |f: &Value| f["faces"].as_array().unwrap().iter().any(|face| looked.contains(face));
        self.findings.retain(|f| match f["scope"].as_str() {
            Some("plan") => change["plan"].is_null(),
            Some("cells") => !about(f),
            _ => true,
        });
        self.findings.extend(change["plan"].as_array().into_iter().flatten().cloned());
        self.findings.extend(change["cells"].as_array().unwrap().iter().cloned());
    }

    fn sorted_findings(&self) -> Vec<String> {
        let mut words: Vec<String> = self.findings.iter().map(Value::to_string).collect();
        words.sort();
        words
    }
}

fn by_face(cells: &[Value]) -> BTreeMap<u64, Value> {
    cells.iter().map(|c| (c["face"].as_u64().unwrap(), c.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_on_asks_only_for_what_changed_and_has_the_same() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let whole = async || room.get(&team.other, &path).await.json();
    let changes = async |head: &Value| {
        let since = head.as_i64().unwrap_or(0);
        room.get(&team.other, &format!("{path}/changes?since={since}")).await
    };
    let mut page = Page::of(&whole().await);
    let beginning = Page::of(&whole().await);
    let describe =
        json!({ "kind": "describe", "face": 0, "name": "别人改的", "code": null, "cell_kind": null, "community_code": null });
    let owners = json!({ "kind": "owners", "face": 8, "owners": [{ "party": "新人", "party_kind": "person", "role": "leader",
        "from_code": "", "valid_from_ms": null, "valid_to_ms": null }], "against": [] });
    let first = room.edit(&team.planner, plan, moved_border()).await["head"].clone();
    // One edit at a time, several between two looks, and every way back and forth.
    for round in 0..5 {
        match round {
            0 => _ = room.edit(&team.planner, plan, split()).await,
            1 => {
                room.edit(&team.planner, plan, merge()).await;
                room.edit(&team.planner, plan, describe.clone()).await;
                room.edit(&team.planner, plan, owners.clone()).await;
            }
            2 => {
                room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
                room.done(&team.planner, &format!("{path}/undo"), json!({})).await;
            }
            3 => _ = room.edit(&team.planner, plan, json!({ "kind": "number", "all": true })).await,
            _ => _ = room.done(&team.planner, &format!("{path}/goto"), json!({ "edit": first })).await,
        }
        let answer = changes(&page.head).await;
        assert_eq!(answer.status, StatusCode::OK, "{round}: {}", answer.text());
        let part = answer.json();
        page.take(&part);
        let now = whole().await;
        assert_eq!(page.head, now["head"], "{round}");
        assert_eq!(page.cells, by_face(now["cells"].as_array().unwrap()), "{round}");
        assert_eq!(page.sorted_findings(), Page::of(&now).sorted_findings(), "{round}");
        assert_eq!((&part["can_undo"], &part["redo"]), (&now["can_undo"], &now["redo"]), "{round}");
    }
    // Nothing changed: nothing is told.
    let nothing = changes(&page.head).await.json();
    assert_eq!((&nothing["changed"], &nothing["findings"]["plan"]), (&json!([]), &json!(null)));
    // Whoever has shown the beginning all along is as well served.
    let mut late = beginning;
    late.take(&changes(&Value::Null).await.json());
    assert_eq!(late.cells, page.cells);
    // What nobody remembers is a gap, said as such.
    let gap = changes(&json!(4_711)).await;
    assert_eq!((gap.status, gap.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "gap"));
    assert_eq!(room.get(&team.other, &format!("{path}/changes")).await.status, StatusCode::BAD_REQUEST);
    let viewer = room.token("viewer", Role::Viewer, true).await;
    assert_eq!(room.get(&viewer, &format!("{path}/changes?since=0")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_tells_what_changed_or_that_it_does_not_know() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    let second = Wall::open(options).await.unwrap();
    let (actor, id) = (Actor::new("other", Role::Planner, "cli"), PlanId(plan));
    // It has the beginning open; the first process edits.
    second.plan_state(&actor, id).await.unwrap();
    let head = room.edit(&team.planner, plan, split()).await["head"].clone();
    let part = second.plan_changes(&actor, id, 0).await.unwrap();
    let faces: Vec<u32> = part.changed.iter().map(|c| c.face).collect();
    assert_eq!(json!(part.head), head);
    assert!(faces.contains(&4) && faces.contains(&9) && faces.len() < 9, "the halves and who shares their ends: {faces:?}");
    // A process that has just opened the plan knows of no earlier state.
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    let third = Wall::open(options).await.unwrap();
    third.plan_state(&actor, id).await.unwrap();
    assert!(third.plan_changes(&actor, id, head.as_i64().unwrap()).await.unwrap().changed.is_empty());
    room.edit(&team.planner, plan, merge()).await;
    let part = third.plan_changes(&actor, id, head.as_i64().unwrap()).await.unwrap();
    assert_eq!(part.removed, [7]);
    assert!(third.plan_changes(&actor, id, 999).await.is_err());
}
