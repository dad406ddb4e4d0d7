//! Owners and codes from plan to plan: what was confirmed is asked again when it changed, ends and successors are inherited,
//! what a plan ended stays ended, an import that takes effect does to codes what a plan of the planner does.

use super::Room;
use super::plans::{DAY_MS, Team, admin, at, code, ready, split, squares};
use serde_json::{Value, json};
use wall_core::{CellRecord, NetworkId, OwnerRecord, OwnerRole, PartyKind, UtcMs};
use wall_service::wall::{CellsDone, CellsImport, Wall};

const NETWORK: NetworkId = NetworkId(1);

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn line(cell: usize, party: &str, from: Option<i64>, to: Option<i64>) -> OwnerRecord {
    OwnerRecord {
        cell_code: code(cell),
        party: party.into(),
        party_kind: PartyKind::Person,
        role: OwnerRole::Leader,
        phone: String::new(),
        valid_from: from.map(UtcMs),
        valid_to: to.map(UtcMs),
        absent: wall_core::Absent::default(),
    }
}

/// Lines of a code: party, start and end.
async fn lines(wall: &Wall, cell: usize) -> Vec<(String, i64, Option<i64>)> {
    let names: std::collections::HashMap<_, _> =
        wall.store().parties().await.unwrap().into_iter().map(|p| (p.id, p.name)).collect();
    let all = wall.store().ownerships(NETWORK).await.unwrap();
    let of = all.into_iter().filter(|o| o.cell_code == code(cell));
    let mut lines: Vec<_> = of.map(|o| (names[&o.party].clone(), o.valid_from.0, o.valid_to.map(|t| t.0))).collect();
    lines.sort();
    lines
}

/// Who answers for a code at a time.
async fn answering(wall: &Wall, cell: usize, at: i64) -> Vec<String> {
    let there = |(_, from, to): &(String, i64, Option<i64>)| *from <= at && to.is_none_or(|to| at < to);
    lines(wall, cell).await.into_iter().filter(there).map(|l| l.0).collect()
}

/// Another process on the same store.
async fn second(room: &Room) -> Wall {
    let mut options = super::options_at(room.folder.path().join("data"));
    options.zone = Some("UTC".into());
    Wall::open(options).await.unwrap()
}

async fn owner_of(room: &Room, team: &Team, plan: i64, face: u32) -> Value {
    let list = room.get(&team.planner, &format!("/api/v1/plans/{plan}/owners")).await.json();
    list.as_array().unwrap().iter().find(|o| o["face"] == face).unwrap().clone()
}

async fn agree(room: &Room, team: &Team, plan: i64) -> String {
    let step = format!("/api/v1/plans/{plan}/step");
    room.done(&team.planner, &step, json!({ "step": "submit" })).await;
    room.done(&team.leader, &step, json!({ "step": "approve" })).await;
    step
}

fn publish(at: i64, acknowledge: &[&str]) -> Value {
    json!({ "step": "publish", "effective_ms": at, "acknowledge": acknowledge })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_is_asked_again_when_it_changed() {
    let (room, team) = ready().await;
    let other = second(&room).await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    // The new part (face 9) is confirmed with the owners of cell 4; cell 2 is given to somebody by name.
    let seen = owner_of(&room, &team, plan, 9).await["now"].clone();
    room.edit(&team.planner, plan, json!({ "kind": "owners", "face": 9, "owners": null, "against": seen })).await;
    let named = json!([{ "party": "新网格长", "party_kind": "person", "role": "leader", "from_code": "" }]);
    room.edit(&team.planner, plan, json!({ "kind": "owners", "face": 2, "owners": named })).await;
    // Meanwhile an import of another process hands both cells to others: the open plan sees it by itself.
    let change = now() - 1_000;
    let moved =
        [line(4, "网格长4", None, Some(change)), line(4, "接手四", Some(change), None), line(2, "另派二", Some(change), None)];
    other.import_owners(&admin(), "general", &moved).await.unwrap();
    let nine = owner_of(&room, &team, plan, 9).await;
    assert_eq!((&nine["rule"], &nine["confirmed"]), (&json!("inherited"), &json!(false)), "{nine}");
    assert_eq!(nine["owners"][0]["party"], "接手四", "what the rule says now, not what it said");
    assert_eq!(nine["changed"], nine["now"]);
    let two = owner_of(&room, &team, plan, 2).await;
    assert_eq!(
        (&two["rule"], &two["owners"][0]["party"], &two["confirmed"]),
        (&json!("named"), &json!("新网格长"), &json!(false))
    );
    let state = room.get(&team.planner, &format!("/api/v1/plans/{plan}")).await.json();
    let found = state["findings"].as_array().unwrap().iter().find(|f| f["code"] == "owners_changed").unwrap();
    assert_eq!((&found["faces"], &found["blocks"]), (&json!([2, 9]), &json!(true)));
    // Who confirms what is no more is told so.
    let stale = json!({ "edit": { "kind": "owners", "face": 9, "owners": null, "against": seen }, "head": state["head"] });
    assert_eq!(room.refused(&team.planner, &format!("/api/v1/plans/{plan}/edits"), stale).await, "owners_changed");
    // Publishing asks.
    let step = agree(&room, &team, plan).await;
    let then = now() + DAY_MS;
    assert_eq!(room.refused(&team.planner, &step, publish(then, &["owner_missing"])).await, "blocked");
    room.done(&team.planner, &step, publish(then, &["owner_missing", "owners_changed"])).await;
    assert_eq!(answering(&room.wall, 9, then).await, ["接手四"], "the confirmed rule, as it is");
    assert_eq!(answering(&room.wall, 2, then).await, ["新网格长"], "the named one");
    assert_eq!(answering(&room.wall, 4, then).await, ["接手四"], "the later change is not undone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_with_time_is_no_change() {
    let (room, team) = ready().await;
    let (leaves, begins) = (now() + 10 * DAY_MS, now() + 30 * DAY_MS);
    room.wall
        .import_owners(&admin(), "general", &[line(4, "网格长4", None, Some(leaves)), line(4, "接任的", Some(leaves), None)])
        .await
        .unwrap();
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    room.edit(&team.planner, plan, json!({ "kind": "owners", "face": 9, "owners": null })).await;
    let step = agree(&room, &team, plan).await;
    room.done(&team.planner, &step, publish(begins, &["owner_missing"])).await;
    assert_eq!(lines(&room.wall, 9).await, [("接任的".to_owned(), begins, None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inherited_owners_have_their_end_and_successor() {
    let (room, team) = ready().await;
    let (begins, leaves) = (now() + DAY_MS, now() + 10 * DAY_MS);
    let succession = [line(4, "网格长4", None, Some(leaves)), line(4, "接任的", Some(leaves), Some(leaves + 5 * DAY_MS))];
    room.wall.import_owners(&admin(), "general", &succession).await.unwrap();
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, split()).await;
    let cell = owner_of(&room, &team, plan, 9).await;
    assert_eq!(
        (&cell["owners"][0]["valid_to_ms"], &cell["owners"][1]["valid_from_ms"]),
        (&json!(leaves), &json!(leaves)),
        "{cell}"
    );
    let step = agree(&room, &team, plan).await;
    room.done(&team.planner, &step, publish(begins, &["owner_missing"])).await;
    let expected = [("接任的".to_owned(), leaves, Some(leaves + 5 * DAY_MS)), ("网格长4".to_owned(), begins, Some(leaves))];
    assert_eq!(lines(&room.wall, 9).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_that_a_plan_ended_stay_ended_when_they_are_imported_again() {
    let (room, team) = ready().await;
    let later = now() + 20 * DAY_MS;
    // The office's file: cell 7 has an owner and a successor to come.
    let file = [line(7, "网格长7", None, None), line(7, "将来七", Some(later), None)];
    room.wall.import_owners(&admin(), "general", &file).await.unwrap();
    let before = lines(&room.wall, 7).await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, json!({ "kind": "merge", "into": 6, "from": [7] })).await;
    let named = json!([{ "party": "网格长6", "party_kind": "person", "role": "police", "from_code": "" }]);
    room.edit(&team.planner, plan, json!({ "kind": "owners", "face": 6, "owners": named })).await;
    let step = agree(&room, &team, plan).await;
    let begins = now() + DAY_MS;
    room.done(&team.planner, &step, publish(begins, &["owner_missing"])).await;
    let after = lines(&room.wall, 7).await;
    assert!(answering(&room.wall, 7, later + DAY_MS).await.is_empty(), "a code that ended has no owner later either: {after:?}");
    let (done, _) = room.wall.import_owners(&admin(), "general", &file).await.unwrap();
    assert_eq!((done.created, done.updated, done.unchanged), (0, 0, 2), "importing again changes nothing");
    assert_eq!(lines(&room.wall, 7).await, after);
    // An end before the plan holds; one after it holds for the case that the plan is taken back.
    let sooner = begins - 3_600_000;
    room.wall.import_owners(&admin(), "general", &[line(7, "网格长7", None, Some(sooner))]).await.unwrap();
    assert_eq!(answering(&room.wall, 7, sooner).await, [""; 0]);
    room.wall.import_owners(&admin(), "general", &file[..1]).await.unwrap();
    assert_eq!(lines(&room.wall, 7).await, after, "again as the plan ended it");
    room.done(&team.planner, &step, json!({ "step": "withdraw" })).await;
    assert_eq!(lines(&room.wall, 7).await, before, "as if it had never been published");
    assert_eq!(lines(&room.wall, 6).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_in_a_later_row_is_kept() {
    let (room, _) = ready().await;
    let store = room.wall.store();
    let party = store.parties().await.unwrap().into_iter().find(|p| p.name == "网格长3").unwrap().id.0;
    assert_eq!(store.open_sealed("party", party).await.unwrap(), None);
    let with = |phone: &str| OwnerRecord { phone: phone.into(), ..line(3, "网格长3", None, None) };
    let import = async |rows: &[OwnerRecord]| {
        let (done, _) = room.wall.import_owners(&admin(), "general", rows).await.unwrap();
        (done.created, done.updated, done.unchanged)
    };
    let second_row = OwnerRecord { role: OwnerRole::Police, ..with("13800000001") };
    assert_eq!(import(&[with(""), second_row.clone()]).await, (1, 0, 1));
    let phone = async || store.open_sealed("party", party).await.unwrap().unwrap()["phone"].clone();
    assert_eq!(phone().await, "13800000001");
    assert_eq!(import(&[with(""), second_row]).await, (0, 0, 2), "importing again changes nothing");
    assert_eq!(import(&[with("13800000002")]).await, (0, 1, 0));
    assert_eq!(phone().await, "13800000002");
    assert_eq!(import(&[with("")]).await, (0, 0, 1), "none stated erases none");
    assert_eq!(phone().await, "13800000002");
}

async fn import(room: &Room, records: &[CellRecord], effective: Option<i64>) -> CellsDone {
    let import =
        CellsImport { network: "general", name: "导入", records, doubts: &[], publish: true, effective: effective.map(UtcMs) };
    room.wall.import_cells(&admin(), import, &json!({})).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_takes_effect_says_what_became_of_codes() {
    let (room, _) = ready().await;
    let store = room.wall.store();
    // Cell 7 is gone, its ground is cell 6's.
    let mut fewer = squares();
    let taken = fewer.remove(7);
    fewer[6].geometry = wall_core::dissolve([&fewer[6].geometry, &taken.geometry]).unwrap();
    let first = import(&room, &fewer, None).await;
    assert_eq!((first.codes_ended, first.codes_returned), (vec![code(7)], vec![]));
    let lineage = store.lineage(first.plan).await.unwrap();
    assert!(lineage.iter().any(|l| l.from == code(7) && l.to == code(6) && l.kind == "merged"), "{lineage:?}");
    let ended = first.effective_from.unwrap().0;
    assert!(answering(&room.wall, 7, ended).await.is_empty());
    assert_eq!(answering(&room.wall, 7, ended - 1).await, ["网格长7"]);
    // The file of before again: it takes effect, as a plan of its own, and nobody says so who did not do it.
    let back = import(&room, &squares(), None).await;
    assert!(back.new && back.plan != first.plan && back.status == "published", "{back:?}");
    assert_eq!((&back.codes_ended, &back.codes_returned), (&vec![], &vec![code(7)]));
    let from = back.effective_from.unwrap().0;
    assert!(from > ended);
    assert_eq!(answering(&room.wall, 7, from).await, ["网格长7"], "a code that comes back has its owners back");
    let again = import(&room, &squares(), None).await;
    assert!(!again.new && again.plan == back.plan && again.effective_to.is_none(), "{again:?}");
    // While it waits for its end, it is in force, and says until when.
    let next = import(&room, &fewer, Some(now() + DAY_MS)).await;
    let still = import(&room, &squares(), None).await;
    assert_eq!((still.plan, still.effective_to), (back.plan, next.effective_from));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_named_by_a_cell_takes_over_when_the_import_takes_effect() {
    let (room, team) = ready().await;
    let before = lines(&room.wall, 4).await;
    assert_eq!(before.len(), 1);
    let started = before[0].1;
    let named = |owner: &str| {
        let mut cells = squares();
        cells[4].owner = Some(owner.into());
        cells
    };
    // Who leads already goes on: nothing is written.
    let same = import(&room, &named("网格长4"), None).await;
    assert_eq!((same.owners_begun, same.owners_ended), (0, 0));
    assert_eq!(lines(&room.wall, 4).await, before);
    // The cells are known, the owner is new: from now on, and what was stays.
    let done = import(&room, &named("接手四"), None).await;
    assert_eq!((done.new, done.owners_begun, done.owners_ended), (false, 1, 1));
    let after = lines(&room.wall, 4).await;
    let change = after.iter().find(|l| l.0 == "接手四").unwrap().1;
    assert!(change > started && change <= now(), "{after:?}");
    let expected = [("接手四".to_owned(), change, None), ("网格长4".to_owned(), started, Some(change))];
    assert_eq!(after, expected);
    assert_eq!(answering(&room.wall, 4, change - 1).await, ["网格长4"], "history is as it was");
    let again = import(&room, &named("接手四"), None).await;
    assert_eq!((again.owners_begun, again.owners_ended), (0, 0), "the same again changes nothing");
    assert_eq!(lines(&room.wall, 4).await, expected);
    // A plan that waits: the owner waits with it, and is taken back with it.
    let then = now() + DAY_MS;
    let mut next = named("后来四");
    next[0].name = "新名".into();
    let waits = import(&room, &next, Some(then)).await;
    assert_eq!((waits.new, waits.owners_begun, waits.owners_ended), (true, 1, 1));
    assert_eq!(answering(&room.wall, 4, then - 1).await, ["接手四"]);
    assert_eq!(answering(&room.wall, 4, then).await, ["后来四"]);
    room.done(&team.planner, &format!("/api/v1/plans/{}/step", waits.plan.0), json!({ "step": "withdraw" })).await;
    assert_eq!(lines(&room.wall, 4).await, expected, "as if it had never been published");
    // A successor that is known already still comes: who takes over has what was left.
    let leaves = now() + 5 * DAY_MS;
    let succession = [line(5, "网格长5", None, Some(leaves)), line(5, "接任五", Some(leaves), None)];
    room.wall.import_owners(&admin(), "general", &succession).await.unwrap();
    let mut cells = named("接手四");
    cells[5].owner = Some("代五".into());
    import(&room, &cells, None).await;
    assert_eq!(answering(&room.wall, 5, now()).await, ["代五"]);
    assert_eq!(answering(&room.wall, 5, leaves).await, ["接任五"]);
    // A draft takes nobody's place, and says so.
    let mut draft = named("草案四");
    draft[1].name = "草案".into();
    let import =
        CellsImport { network: "general", name: "草案", records: &draft, doubts: &[], publish: false, effective: None };
    let done = room.wall.import_cells(&admin(), import, &json!({})).await.unwrap();
    assert_eq!((done.owners_begun, done.owners_ended, done.owners_waiting), (0, 0, 1));
    assert_eq!(lines(&room.wall, 4).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_plan_sees_what_other_processes_write() {
    let (room, team) = ready().await;
    let other = second(&room).await;
    let plan = room.draft(&team.planner).await;
    let path = format!("/api/v1/plans/{plan}");
    let bands = async || -> Vec<Value> {
        let state = room.get(&team.planner, &path).await.json();
        state["cells"].as_array().unwrap().iter().map(|c| c["band"].clone()).collect()
    };
    assert!(bands().await.iter().all(|b| b == "in"));
    let mut settings = other.planning_settings().await.unwrap();
    (settings.band_low, settings.band_high) = (500.0, 900.0);
    other.set_planning_settings(&admin(), settings).await.unwrap();
    assert!(bands().await.iter().all(|b| b == "under"), "settings");
    other.import_owners(&admin(), "general", &[line(8, "第九人", None, None)]).await.unwrap();
    let state = room.get(&team.planner, &path).await.json();
    assert_eq!(state["cells"][8]["owners"][0]["name"], "第九人", "owners");
    assert!(state["findings"].as_array().unwrap().iter().all(|f| f["code"] != "owner_missing"));
    // Codes: a plan of another process takes code 9, so the split of this one gets the next.
    let mut more = squares();
    let mut tenth = more[8].clone();
    tenth.code = code(9);
    tenth.feature_index = 9;
    let [[x0, y0], [x1, y1]] = [at(3.0, 2.0), at(4.0, 3.0)];
    let ring = vec![vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]];
    tenth.geometry = wall_core::repair(&[ring], wall_core::RepairOptions::default()).unwrap().0;
    more.push(tenth);
    let import = CellsImport { network: "general", name: "外来", records: &more, doubts: &[], publish: true, effective: None };
    other.import_cells(&admin(), import, &json!({})).await.unwrap();
    let parts = room.edit(&team.planner, plan, split()).await;
    let new = parts["changed"].as_array().unwrap().iter().find(|c| c["face"] == 9).unwrap().clone();
    assert_eq!(new["code"], code(10), "codes");
    let state = room.get(&team.planner, &path).await.json();
    assert!(state["findings"].as_array().unwrap().iter().any(|f| f["code"] == "base_outdated"), "plans");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_impact_of_a_published_plan_names_those_who_answered_before() {
    let (room, team) = ready().await;
    let plan = room.draft(&team.planner).await;
    room.edit(&team.planner, plan, json!({ "kind": "merge", "into": 6, "from": [7] })).await;
    let named = json!([{ "party": "合并后的", "party_kind": "person", "role": "leader", "from_code": "" }]);
    room.edit(&team.planner, plan, json!({ "kind": "owners", "face": 6, "owners": named })).await;
    let flow = async || {
        let impact = room.get(&team.planner, &format!("/api/v1/plans/{plan}/impact")).await.json();
        let flow = impact["flows"].as_array().unwrap().iter().find(|f| f["from"] == code(7)).unwrap().clone();
        (flow["from_owner"].clone(), flow["to_owner"].clone())
    };
    let expected = (json!("网格长7"), json!("合并后的"));
    assert_eq!(flow().await, expected, "of a draft");
    let step = agree(&room, &team, plan).await;
    room.done(&team.planner, &step, publish(now() + DAY_MS, &["owner_missing"])).await;
    assert_eq!(flow().await, expected, "of a published plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_leaves_the_stated_households() {
    let (room, team) = ready().await;
    // What the source states differs from what the buildings count (400 each).
    let mut stated = squares();
    stated.iter_mut().for_each(|c| c.households = Some(777));
    let done = import(&room, &stated, None).await;
    let plan = room.draft_of(&team.planner, done.plan.0).await;
    let rename =
        json!({ "kind": "describe", "face": 0, "code": null, "name": "新名", "cell_kind": null, "community_code": null });
    room.edit(&team.planner, plan, rename).await;
    room.edit(&team.planner, plan, split()).await;
    room.done(&team.planner, &format!("/api/v1/plans/{plan}/step"), json!({ "step": "submit" })).await;
    let cells = room.wall.store().written_cells(wall_core::PlanId(plan)).await.unwrap();
    assert_eq!((cells[0].name.as_str(), cells[0].households), ("新名", Some(777)), "only the name changed");
    assert_eq!((cells[1].households, cells[4].households), (Some(777), Some(200)), "where the ground changed they are counted");
}
