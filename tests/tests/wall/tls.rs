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
