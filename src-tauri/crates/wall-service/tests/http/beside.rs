//! Two people at one draft: each sees where it stands, who moved it there, and who else is looking.

use super::plans::{admin, code, ready, split};
use axum::http::StatusCode;
use serde_json::json;
use wall_core::{OwnerRecord, OwnerRole, PartyKind};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_draft_see_each_other() {
    let (room, desk) = ready().await;
    let plan = room.draft(&desk.planner).await;
    let path = format!("/api/v1/plans/{plan}/stand");
    let stand = async |token: &str, since: Option<i64>| {
        let asked = since.map_or(String::new(), |s| format!("?since={s}"));
        let answer = room.get(token, &format!("{path}{asked}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    };
    let alone = stand(&desk.planner, None).await;
    assert_eq!((&alone["head"], &alone["last"], &alone["others"]), (&json!(null), &json!(null), &json!([])));
    let seen = alone["revision"].as_i64().unwrap();
    let beside = stand(&desk.other, None).await;
    assert_eq!(beside["others"].as_array().unwrap().len(), 1, "{beside}");
    // An edit of one is the other's news within one question, with the name.
    let head = room.edit(&desk.planner, plan, split()).await["head"].clone();
    let (mine, theirs) = (stand(&desk.planner, Some(seen)).await, stand(&desk.other, Some(seen)).await);
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
    let news = stand(&desk.other, theirs["revision"].as_i64()).await;
    assert_eq!(news["news"], true);
    assert_eq!(stand(&desk.other, news["revision"].as_i64()).await["news"], false);
    // Who only looks at the wall is told nothing of drafts.
    let viewer = room.token("viewer", wall_store::Role::Viewer, true).await;
    assert_eq!(room.get(&viewer, &path).await.status, StatusCode::FORBIDDEN);
}
