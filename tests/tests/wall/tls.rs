//! TLS as people meet it: the own certificate over restarts, a given one, and what is refused with words.

use crate::{import_four, ticket};
use wall_tests::{DataDir, Served, ask_tls, certificate, until};

fn at(wall: &Served) -> &str {
    wall.base.strip_prefix("https://").expect("TLS")
}

fn after<'a>(text: &'a str, words: &str) -> &'a str {
    let from = text.find(words).unwrap_or_else(|| panic!("no {words}: {text}")) + words.len();
    text[from..].split_whitespace().next().unwrap()
}

#[test]
fn the_own_certificate_stays_over_restarts_and_is_the_one_that_is_printed() {
    let data = DataDir::new();
    import_four(&data);
    let token = data.token("feed");
    let wall = Served::start_as(&data, &[], &["--tls"]);
    let said = wall.said();
    let bearer = format!("Bearer {token}");
    let posted = ask_tls(at(&wall), "POST", "/api/v1/tickets", &[("Authorization", &bearer)], &ticket("t", 0, 0).to_string());
    assert_eq!(posted.expect("TLS").status, 200);
    // Who speaks no TLS is told so.
    let plain = wall_tests::Client::anonymous(&wall.base.replace("https://", "http://")).get("/healthz");
    assert!(plain.status == 400 && plain.body.contains("https_only"), "{plain:?}");
    assert_eq!(wall.end(), Some(0));
    let again = Served::start_as(&data, &[], &["--tls"]);
    let print = |text: &str| after(text, "(browsers show it): ").to_owned();
    until("the fingerprint", || again.said().contains("holds until").then_some(()));
    assert_eq!(print(&said), print(&again.said()));
    let health = ask_tls(at(&again), "GET", "/healthz", &[], "").unwrap();
    let digest: String = <sha2::Sha256 as sha2::Digest>::digest(&health.certificate).iter().map(|b| format!("{b:02X}")).collect();
    assert_eq!(print(&said).replace(':', ""), digest);
}

#[test]
fn what_cannot_be_used_is_refused_with_words() {
    let data = DataDir::new();
    let (first, other) = (certificate("a.example"), certificate("b.example"));
    let (cert, key, wrong) = (data.file("c.pem", first.0), data.file("k.pem", first.1), data.file("w.pem", other.1));
    let serve = |more: &[&str]| data.run([&["serve"], more].concat());
    let (cert, key, wrong) = (cert.to_str().unwrap(), key.to_str().unwrap(), wrong.to_str().unwrap());
    let misfit = serve(&["--listen", "127.0.0.1:0", "--cert", cert, "--key", wrong]);
    assert!(misfit.code == 3 && misfit.stderr.contains("does not belong"), "{misfit:?}");
    let missing = serve(&["--listen", "127.0.0.1:0", "--cert", "no-such-file", "--key", key]);
    assert!(missing.code == 3 && missing.stderr.contains("no-such-file"), "{missing:?}");
    assert_eq!(serve(&["--listen", "127.0.0.1:0", "--cert", cert]).code, 2, "a certificate without its key");
    assert_eq!(serve(&["--behind-tls", "--tls"]).code, 2, "either a proxy or the wall speaks TLS");
    // A proxy on another machine would be asked without TLS.
    let plain = serve(&["--listen", "0.0.0.0:0", "--behind-tls"]);
    assert!(plain.code == 5 && plain.stderr.contains("without TLS"), "{plain:?}");
    assert!(!data.path().join("tls").exists(), "nothing was made for any of them");
    let wall = Served::start_as(&data, &[], &["--cert", cert, "--key", key]);
    assert_eq!(ask_tls(at(&wall), "GET", "/healthz", &[], "").unwrap().status, 200);
}

#[test]
fn a_station_on_another_machine_comes_in_by_a_code_until_it_is_revoked() {
    let data = DataDir::new();
    import_four(&data);
    let wall = Served::start_as(&data, &[], &["--tls"]);
    let (server, station) = (wall.base.as_str(), DataDir::new());
    let check = |more: &[&str], input: &str| {
        let all = [&["--json", "run", "--server", server, "--check"], more].concat();
        station.run_with_input(all, input)
    };
    let made = data.json(["station", "add", "大厅", "--role", "viewer"]);
    until("the fingerprint", || wall.said().contains("holds until").then_some(()));
    let said = wall.said();
    let key = after(&said, "(walls elsewhere ask for it): ");
    assert_eq!(made["public_key_sha256"].as_str(), Some(key), "the code comes with the key of the server it is for");
    // Met for the first time, without anybody to compare: refused with the way on, and nothing is sent or kept.
    let first = check(&["--code-stdin"], &format!("{}\n", made["code"].as_str().unwrap())).expect(5);
    assert!(first.stderr.contains(&format!("--fingerprint {key}")) && first.stderr.contains("Nothing was sent"), "{first:?}");
    assert!(!station.path().join("servers").exists());
    let other = check(&["--fingerprint", &"00".repeat(32)], "").expect(5);
    assert!(other.stderr.contains(key), "{other:?}");
    let known = check(&["--name", "大厅", "--fingerprint", key], "").expect(0).json();
    assert_eq!((known["public_key_sha256"].as_str(), known["let_in"].as_bool()), (Some(key), Some(false)), "{known}");
    assert_eq!(check(&["--code-stdin"], "gl_0\n").code, 5, "a code that nobody gave");
    let come = check(&["--code-stdin"], &format!("{}\n", made["code"].as_str().unwrap())).expect(0).json();
    assert_eq!(come["let_in"].as_bool(), Some(true), "{come}");
    // Without a word from then on.
    let again = check(&[], "").expect(0).json();
    assert_eq!(
        (again["first_met"].as_bool(), again["let_in"].as_bool(), again["station"].as_str()),
        (Some(false), Some(true), Some("大厅"))
    );
    let list = data.json(["station", "list"]);
    assert_eq!((list["stations"][0]["name"].as_str(), list["stations"][0]["role"].as_str()), (Some("大厅"), Some("viewer")));
    data.run(["station", "revoke", &list["stations"][0]["id"].to_string()]).expect(0);
    until("the station to be refused", || (check(&[], "").expect(0).json()["let_in"] == false).then_some(()));
    for (bad, code) in [("http://127.0.0.1:1", 2), ("https://127.0.0.1:1", 4), ("nonsense", 2)] {
        assert_eq!(station.run(["run", "--check", "--server", bad]).code, code, "{bad}");
    }
    // There is no display here, and no wall of one's own is served instead.
    let shown = station.run(["run", "--server", server]);
    assert!(shown.code == 2 && shown.stderr.contains("no display"), "{shown:?}");
}
