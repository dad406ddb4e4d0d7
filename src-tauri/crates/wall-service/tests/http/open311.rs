//! Open311 GeoReport v2 as its standard has it, in both forms.

use crate::{Answer, Room, get, post};
use quick_xml::{Reader, events::Event};
use serde_json::Value;
use wall_core::{CategoryRecord, DeadlineKind, UtcMs};
use wall_store::{Actor, Role};

const FORM: &str = "application/x-www-form-urlencoded";

async fn room() -> (Room, String) {
    let room = Room::new().await;
    let category = |code: &str, name: &str| CategoryRecord {
        kind: "event".into(),
        code: code.into(),
        name: name.into(),
        platform: Some(wall_core::Platform::CitizenServices),
        default_severity: None,
        deadline_s: Some(3600),
        deadline_kind: DeadlineKind::Calendar,
        standard: String::new(),
        edition: String::new(),
        valid_from: None,
        valid_to: None,
        sensitive: false,
        absent: wall_core::Absent::default(),
    };
    let mut tx = room.wall.store().write(&Actor::new("test", Role::Admin, "cli"), UtcMs(0)).await.unwrap();
    tx.put(&[category("001", "井盖 & <damaged>"), category("a.b/c 灯", "路灯")]).await.unwrap();
    tx.commit().await.unwrap();
    let token = room.feed().await;
    room.until("the categories", async || {
        (room.get(&token, "/open311/v2/services.json").await.json().as_array().unwrap().len() >= 2).then_some(())
    })
    .await;
    (room, token)
}

/// Paths of all elements with their text: `services/service/service_code=001`.
fn elements(xml: &str) -> Vec<String> {
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{xml}");
    let mut reader = Reader::from_str(xml);
    let (mut path, mut found, mut text) = (Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) => {
                path.push(e.name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(t) => text.push_str(&t),
            Event::GeneralRef(r) => text.push_str(&format!("&{};", &*r)),
            Event::End(_) => {
                found.push(format!("{}={}", path.join("/"), quick_xml::escape::unescape(&text).unwrap()));
                text.clear();
                path.pop();
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn has(xml: &str, element: &str) -> bool {
    elements(xml).iter().any(|e| e == element)
}

async fn send(room: &Room, form: &str, ending: &str) -> Answer {
    room.ask(post(&format!("/open311/v2/requests.{ending}"), FORM, form.to_owned())).await
}

#[tokio::test]
async fn discovery_answers_everybody_in_both_forms() {
    let room = Room::new().await;
    let xml = room.ask(get("/open311/discovery.xml")).await;
    assert!(xml.header("content-type").starts_with("text/xml"));
    let url = "discovery/endpoints/endpoint/url=http://127.0.0.1:8787/open311/v2";
    for element in [url, "discovery/endpoints/endpoint/specification=http://wiki.open311.org/GeoReport_v2"] {
        assert!(has(&xml.text(), element), "{}", xml.text());
    }
    assert!(has(&xml.text(), "discovery/endpoints/endpoint/formats/format=text/xml"));
    let json = room.ask(get("/open311/discovery.json")).await.json();
    assert_eq!(json["endpoints"][0]["formats"][1], "application/json");
    for path in ["/open311/discovery", "/open311/discovery.csv", "/open311/other.xml"] {
        let answer = room.ask(get(path)).await;
        assert!(answer.status == 404 && has(&answer.text(), "errors/error/code=404"), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn services_and_their_definitions() {
    let (room, token) = room().await;
    let xml = room.get(&token, "/open311/v2/services.xml").await.text();
    for element in [
        "services/service/service_code=001",
        "services/service/service_name=井盖 & <damaged>",
        "services/service/metadata=false",
        "services/service/type=realtime",
        "services/service/group=citizen_services",
        "services/service/keywords=",
    ] {
        assert!(has(&xml, element), "{element} in {xml}");
    }
    let json = room.get(&token, "/open311/v2/services.json").await.json();
    assert!(json.as_array().unwrap().iter().any(|s| s["service_code"] == "001" && s["metadata"] == false), "{json}");
    // By key in the query, as the standard's clients do.
    assert_eq!(room.ask(get(&format!("/open311/v2/services.json?api_key={token}"))).await.status.as_u16(), 200);

    let definition = room.get(&token, "/open311/v2/services/001.xml").await.text();
    assert!(has(&definition, "service_definition/service_code=001"), "{definition}");
    let coded = room.get(&token, "/open311/v2/services/a.b%2Fc%20%E7%81%AF.json").await.json();
    assert_eq!(coded["service_code"], "a.b/c 灯");
    let missing = room.get(&token, "/open311/v2/services/999.json").await;
    assert_eq!((missing.status.as_u16(), &missing.json()[0]["code"]), (404, &Value::from(404)));
}

#[tokio::test]
async fn a_request_goes_in_and_comes_back_without_its_reporter() {
    let (room, token) = room().await;
    let form = format!(
        "api_key={token}&service_code=001&lat=30.2&long=120.1&address_string=%E5%BB%BA%E8%AE%BE%E8%B7%AF&description=%3Cb%3E%26%20%00%08\
         &first_name=Wang&last_name=Ouyang&phone=13812345678&email=w%40example.org&account_id=acc77&device_id=dev88\
         &media_url=http%3A%2F%2Fmedia.example%2Fa.jpg&media_url=http%3A%2F%2Fmedia.example%2Fb.jpg&attribute%5BX%5D=1&attribute%5BX%5D=2\
         &attribute%5BLAMP%5D=L7&jurisdiction_id=city"
    );
    let posted = send(&room, &form, "xml").await;
    assert_eq!(posted.status.as_u16(), 200, "{}", posted.text());
    let all = elements(&posted.text());
    let id: i64 = all
        .iter()
        .find_map(|e| e.strip_prefix("service_requests/request/service_request_id="))
        .unwrap_or_else(|| panic!("{all:?}"))
        .parse()
        .unwrap();
    assert!(all.iter().any(|e| e.starts_with("service_requests/request/service_notice=")));

    let path = |ending: &str| format!("/open311/v2/requests/{id}.{ending}");
    let read = room
        .until("the request", async || {
            let answer = room.get(&token, &path("json")).await;
            (answer.status == 200).then(|| answer.json())
        })
        .await;
    let request = &read[0];
    assert_eq!((&request["status"], &request["status_notes"]), (&Value::from("open"), &Value::from("received")), "{read}");
    assert_eq!(
        (&request["service_code"], request["lat"].as_f64(), request["long"].as_f64()),
        (&Value::from("001"), Some(30.2), Some(120.1))
    );
    assert!(UtcMs::from_rfc3339(request["requested_datetime"].as_str().unwrap()).is_some());
    assert!(UtcMs::from_rfc3339(request["expected_datetime"].as_str().unwrap()).is_some(), "due by its category: {read}");
    assert_eq!(request["media_url"], "http://media.example/a.jpg", "{read}");
    let told = request["description"].as_str().unwrap();
    assert!(told.contains("X = 1; 2") && told.contains("LAMP = L7"), "{read}");
    assert_eq!(room.wall.store().attachments(wall_core::TicketId(id)).await.unwrap().len(), 2);
    let xml = room.get(&token, &path("xml")).await.text();
    assert!(has(&xml, &format!("service_requests/request/service_request_id={id}")), "{xml}");
    assert!(!xml.contains("<b>") && !xml.contains('\0') && !xml.contains('\u{8}'), "{xml}");
    let list = room.get(&token, "/open311/v2/requests.json").await.text();
    for text in [read.to_string(), xml, list, posted.text()] {
        for word in ["Wang", "Ouyang", "13812345678", "example.org", "acc77", "dev88"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[tokio::test]
async fn requests_are_filtered_as_the_standard_says() {
    let (room, token) = room().await;
    let ticket = |id: &str, category: &str, at: &str, status: &str| serde_json::json!({ "external_id": id, "category": category, "lon": 1, "lat": 1, "reported_at": at, "status": status });
    let rows = [
        ticket("old", "001", "2020-01-15T00:00:00Z", "closed"),
        ticket("mid", "a.b/c 灯", "2020-02-15T00:00:00Z", "in_progress"),
        ticket("new", "001", "2020-03-15T00:00:00Z", "received"),
    ];
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    let lines = room.post(&token, "/api/v1/tickets", "application/x-ndjson", rows.join("\n")).await.lines();
    let ids: Vec<i64> = lines.iter().map(|l| l["id"].as_i64().unwrap_or_else(|| panic!("{lines:?}"))).collect();
    let span = "start_date=2020-01-10T00:00:00Z&end_date=2020-03-20T00:00:00Z";
    let ask = async |query: String| {
        let answer = room.get(&token, &format!("/open311/v2/requests.json?{query}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{query}: {}", answer.text());
        let mut found: Vec<i64> =
            answer.json().as_array().unwrap().iter().map(|r| r["service_request_id"].as_i64().unwrap()).collect();
        found.sort();
        found
    };
    room.until("all three", async || (ask(span.into()).await.len() == 3).then_some(())).await;
    assert_eq!(ask(format!("{span}&status=closed")).await, [ids[0]]);
    assert_eq!(ask(format!("{span}&status=open")).await, [ids[1], ids[2]]);
    assert_eq!(ask(format!("{span}&status=open,closed&service_code=001")).await, [ids[0], ids[2]]);
    assert_eq!(ask("start_date=2020-02-01T00:00:00Z".into()).await, [ids[1], ids[2]]);
    assert_eq!(ask("end_date=2020-02-01T00:00:00Z".into()).await, [ids[0]]);
    assert_eq!(ask(String::new()).await, [0i64; 0], "the last 90 days of the wall's clock");
    assert_eq!(ask(format!("service_request_id={},{},999999,x&status=closed", ids[0], ids[2])).await, [ids[0], ids[2]]);
    let mut paged = Vec::new();
    for page in 1..=4 {
        let found = ask(format!("{span}&page={page}&page_size=1")).await;
        assert_eq!(found.len(), usize::from(page <= 3));
        paged.extend(found);
    }
    paged.sort();
    assert_eq!(paged, ids);
    for bad in [
        "status=done",
        "start_date=2020-01-01",
        "page=0",
        "page_size=1000",
        "start_date=2020-01-01T00:00:00Z&end_date=2020-12-01T00:00:00Z",
    ] {
        let answer = room.get(&token, &format!("/open311/v2/requests.xml?{bad}")).await;
        assert!(answer.status == 400 && has(&answer.text(), "errors/error/code=400"), "{bad}: {answer:?}");
    }
}

#[tokio::test]
async fn a_retry_is_the_same_request() {
    let (room, token) = room().await;
    let id_of = |text: String| -> i64 {
        serde_json::from_str::<Value>(&text).unwrap()[0]["service_request_id"].as_i64().unwrap_or_else(|| panic!("{text}"))
    };
    let form = |words: &str| format!("api_key={token}&service_code=001&lat=30.2&long=120.1&phone=138&description={words}");
    let first = id_of(send(&room, &form("hole"), "json").await.text());
    // The order of the parameters is no matter.
    let again = format!("description=hole&phone=138&service_code=001&long=120.1&lat=30.2&api_key={token}");
    assert_eq!(id_of(send(&room, &again, "json").await.text()), first);
    assert_ne!(id_of(send(&room, &form("another+hole"), "json").await.text()), first);
    assert_eq!(room.wall.store().ticket_count().await.unwrap(), 2);
    // With a key of its own it is that which counts.
    let keyed = async |key: &str, words: &str| {
        let mut request = post("/open311/v2/requests.json", "application/x-www-form-urlencoded", form(words));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        id_of(room.ask(request).await.text())
    };
    let one = keyed("k1", "hole").await;
    assert_eq!(keyed("k1", "hole,+corrected").await, one);
    assert_ne!(keyed("k2", "hole").await, one);
}

#[tokio::test]
async fn what_changed_since_is_found_whenever_it_was_reported() {
    let (room, token) = room().await;
    let ticket = |id: &str, status: &str| serde_json::json!({ "external_id": id, "category": "001", "lon": 1, "lat": 1, "reported_at": "2020-01-15T00:00:00Z", "status": status });
    let send = async |row: Value| {
        room.post(&token, "/api/v1/tickets", "application/json", row.to_string()).await.json()["id"].as_i64().unwrap()
    };
    let (a, _) = (send(ticket("a", "received")).await, send(ticket("b", "received")).await);
    let since = room.wall.store().last_write().await.unwrap().unwrap();
    // The store's clock counts milliseconds: the next write is later.
    while wall_service::wall::system_now() <= since {
        tokio::task::yield_now().await;
    }
    assert_eq!(send(ticket("a", "in_progress")).await, a);
    let ask = async |more: &str| {
        let path = format!("/open311/v2/requests.json?updated_after={}{more}", since.to_rfc3339());
        let answer = room.get(&token, &path).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        answer.json().as_array().unwrap().iter().map(|r| r["service_request_id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ask("").await, [a]);
    assert_eq!(ask("&page=2").await, [0i64; 0]);
    assert_eq!(ask("&service_code=other").await, [0i64; 0]);
    // The next page is a link that goes on from the last line, without the key.
    let first = room.get(&token, "/open311/v2/requests.json?updated_after=2020-01-01T00:00:00Z&page_size=1").await;
    let next = first.header("link").strip_prefix("<").and_then(|l| l.strip_suffix(">; rel=\"next\"")).expect("a link").to_owned();
    let second = room.get(&token, &format!("/open311/v2/requests.json{next}")).await;
    let id = |answer: &Answer| answer.json()[0]["service_request_id"].as_i64().unwrap();
    assert!(id(&first) > id(&second) && second.header("link").is_empty(), "{next}");
    assert_eq!(id(&second), a);
    assert_eq!(room.get(&token, &format!("/open311/v2/requests.json{next}&page=2")).await.status.as_u16(), 400);
    assert_eq!(room.get(&token, "/open311/v2/requests.json?updated_after=yesterday").await.status.as_u16(), 400);
}

#[tokio::test]
async fn what_the_standard_refuses_is_refused_in_its_words() {
    let (room, token) = room().await;
    let key = format!("api_key={token}&");
    for (form, status) in [
        ("service_code=001&lat=1&long=1".to_owned(), 403),
        ("api_key=gw_wrong&service_code=001&lat=1&long=1".into(), 403),
        (format!("{key}lat=1&long=1"), 400),
        (format!("{key}service_code=999&lat=1&long=1"), 404),
        (format!("{key}service_code=001"), 400),
        (format!("{key}service_code=001&lat=1"), 400),
        (format!("{key}service_code=001&lat=91&long=1"), 400),
        (format!("{key}service_code=001&lat=NaN&long=1"), 400),
        (format!("{key}service_code=001&lat=1&long=1&lat=2"), 400),
        (format!("{key}service_code=001&address_id=7"), 400),
        (format!("{key}service_code=001&lat=1&long=1&description={}", "x".repeat(60_000)), 400),
        // Nobody is known by then: what is larger than a form is not read.
        (format!("{key}service_code=001&lat=1&long=1&description={}", "x".repeat(100_000)), 413),
        (String::new(), 403),
    ] {
        for ending in ["json", "xml"] {
            let answer = send(&room, &form, ending).await;
            assert_eq!(answer.status.as_u16(), status, "{form:.80}: {}", answer.text());
            if ending == "xml" {
                assert!(has(&answer.text(), &format!("errors/error/code={status}")), "{}", answer.text());
            } else {
                assert_eq!(answer.json()[0]["code"], status);
                assert!(answer.json()[0]["description"].is_string());
            }
        }
    }
    let json = room.ask(post("/open311/v2/requests.json", "application/json", "{}")).await;
    assert_eq!(json.status.as_u16(), 415);
    for path in ["requests/abc.json", "requests/99999.json", "requests/-1.json", "nothing.json"] {
        assert_eq!(room.get(&token, &format!("/open311/v2/{path}")).await.status.as_u16(), 404, "{path}");
    }
    let nobody = room.ask(get("/open311/v2/services.xml")).await;
    assert!(nobody.status == 401 && has(&nobody.text(), "errors/error/code=401"), "{nobody:?}");
}
