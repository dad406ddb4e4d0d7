//! Open311 GeoReport v2: the same tickets through the standard's door, in both formats.

use crate::import_four;
use serde_json::Value;
use wall_tests::{Client, DataDir, Ground, Served, until};

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_request_is_posted_and_read_back() {
    let data = DataDir::new();
    import_four(&data);
    let categories = data.file("categories.csv", "kind,code,name,platform,severity\n事项,drain,井盖,citizen_services,2\n");
    data.json(["import", "categories", categories.to_str().unwrap()]);
    let token = data.token("city");
    let wall = Served::start(&data);
    let anybody = Client::anonymous(&wall.base);
    let discovery = anybody.get("/open311/discovery.xml").expect(200);
    assert!(discovery.body.contains("<discovery>"), "{discovery:?}");

    let city = wall.client(&token);
    let services = city.get("/open311/v2/services.json").expect(200).json();
    assert!(services.as_array().unwrap().iter().any(|s| s["service_code"] == "drain"), "{services}");
    let xml = city.get("/open311/v2/services.xml").expect(200);
    assert!(xml.content_type.contains("xml") && xml.body.contains("<service_code>drain</service_code>"), "{xml:?}");

    let [lon, lat] = Ground::four().middle(0, 0);
    let body = format!(
        "api_key={token}&service_code=drain&lat={lat}&long={lon}&description=%E4%BA%95%E7%9B%96%20%26%20%3Cb%3E&first_name=Wang&phone=13812345678"
    );
    let posted = anybody.post("/open311/v2/requests.json", FORM, &body);
    assert!(matches!(posted.status, 200 | 201), "{posted:?}");
    let id = text(&posted.json()[0]["service_request_id"]);

    // One request is read from the store, a list from the world, which follows the store within moments.
    let read = until("the request to be read back", || {
        let answer = city.get(&format!("/open311/v2/requests/{id}.json"));
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(text(&read[0]["status"]), "open", "{read}");
    assert_eq!(text(&read[0]["service_code"]), "drain", "{read}");
    let xml = city.get(&format!("/open311/v2/requests/{id}.xml")).expect(200).body;
    assert!(xml.contains(&format!("<service_request_id>{id}</service_request_id>")), "{xml}");
    assert!(!xml.contains("<b>"), "text is escaped: {xml}");
    for body in [read.to_string(), xml] {
        assert!(!body.contains("13812345678") && !body.contains("Wang"), "reporters stay sealed: {body}");
    }

    until("the list to follow", || {
        let listed = city.get("/open311/v2/requests.json?status=open").expect(200).json();
        listed.as_array().unwrap().iter().any(|r| text(&r["service_request_id"]) == id).then_some(())
    });
    city.get("/open311/v2/requests/no-such-request.json").expect(404);
    let refused = anybody.post("/open311/v2/requests.json", FORM, "service_code=drain&lat=50&long=10");
    assert!(matches!(refused.status, 400..=403), "without a key: {refused:?}");
}

/// The standard's servers write numbers and strings alike.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
