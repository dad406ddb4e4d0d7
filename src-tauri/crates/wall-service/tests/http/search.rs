//! Tickets are found by what is shown of them, and alike whether their texts are indexed or not.

use super::Room;
use std::collections::BTreeMap;
use wall_core::{Needle, Place, SEGMENT_TICKETS, TicketRecord, UtcMs};
use wall_store::{Actor, Role};

const NOW: UtcMs = UtcMs(1_767_225_600_000);
const SPOTS: [&str; 7] = ["东门菜场", "海棠苑Ａ座", "Riverside Mall", "沿江路", "第三小学", "人民公园北门", "老车站"];
const WHAT: [&str; 5] = ["井盖松动", "路灯不亮", "垃圾堆放", "drain blocked", "噪音扰民，找李 13812345678"];

fn ticket(i: usize) -> TicketRecord {
    TicketRecord {
        source: "test".into(),
        external_id: format!("SQ{:06}", i * 37 % 1_000_003),
        category: "drain".into(),
        title: format!("{}{}", SPOTS[i % 7], WHAT[i % 5]),
        place: Some(Place { lon: 120.5, lat: 31.25 }),
        address: format!("{}{}号", SPOTS[(i / 7) % 7], i % 1_009),
        reported_at: Some(UtcMs(NOW.0 + i as i64 - 4_000)),
        sensitive: Some(i.is_multiple_of(11)),
        ..TicketRecord::default()
    }
}

/// What somebody may find, by looking at every ticket: the newest of those that are there.
fn expected(records: &[TicketRecord], role: Role, typed: &str, limit: usize) -> Vec<String> {
    let needle = Needle::new(typed).unwrap();
    let shows = |r: &&TicketRecord| {
        let texts = [r.title.replace("13812345678", "138****5678"), r.address.clone()];
        let may_read = role != Role::Viewer && r.sensitive != Some(true);
        let is_there = r.reported_at.is_some_and(|at| at <= NOW);
        is_there && (needle.is_in(&r.external_id) || may_read && texts.iter().any(|t| needle.is_in(t)))
    };
    let mut found: Vec<String> = records.iter().rev().filter(shows).take(limit).map(|r| r.external_id.clone()).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_finds_what_looking_at_every_ticket_finds() {
    let room = Room::fixed(NOW).await;
    let admin = Actor::new("test", Role::Admin, "cli");
    // Two whole segments and a half; the newest of them are reported later than the wall's clock.
    let mut records: Vec<TicketRecord> = (0..SEGMENT_TICKETS as usize * 5 / 2).map(ticket).collect();
    for some in records.chunks(1_000) {
        room.wall.import_tickets(&admin, some).await.unwrap();
    }
    room.settle().await;
    let mut tokens = BTreeMap::new();
    for role in [Role::Viewer, Role::Operator] {
        tokens.insert(role.code(), (role, room.token(role.code(), role, true).await));
    }
    let needles = [
        "菜场",
        "井",
        "海棠苑a座",
        "Ａ座１０",
        "riverside mall",
        "mall",
        "138****5678",
        "13812345678",
        "5678",
        "2345",
        "SQ00",
        "sq000037",
        "q0",
        "号",
        "江路7号",
        "路7",
        "drain blocked 12号",
        "没有这样的事",
        "*",
        "0371",
    ];
    let check = async |records: &[TicketRecord], when: &str| {
        for (role, token) in tokens.values() {
            for typed in needles {
                let q: String = typed.bytes().map(|b| format!("%{b:02X}")).collect();
                let hits = room.get(token, &format!("/api/v1/search?q={q}&limit=40")).await.json();
                let number = |h: &serde_json::Value| h["subtitle"].as_str().unwrap().split(" · ").next().unwrap().to_owned();
                let tickets = hits.as_array().unwrap().iter().filter(|h| h["kind"] == "ticket");
                let mut found: Vec<String> = tickets.map(number).collect();
                found.sort();
                assert_eq!(found, expected(records, *role, typed, 40), "{typed} to {role:?}, {when}");
            }
        }
    };
    let indexed = async || while room.wall.index_texts().await.unwrap() {};
    check(&records, "at first").await;
    indexed().await;
    check(&records, "indexed").await;
    // Texts that change, and a ticket that is for few from now on.
    for i in (5..3_000).step_by(977) {
        records[i].title = "没有这样的事，而现在有了".into();
    }
    records[SEGMENT_TICKETS as usize + 3].sensitive = Some(true);
    room.wall.import_tickets(&admin, &records).await.unwrap();
    check(&records, "changed").await;
    indexed().await;
    check(&records, "indexed again").await;
}
