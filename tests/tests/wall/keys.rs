//! A second machine at one database: without the keys it reads, with them it takes part.

use crate::{import_four, ticket};
use wall_tests::{DataDir, Postgres, Served};

const PHRASE: &str = "several words do well\n";

#[test]
fn a_machine_without_the_keys_reads_and_one_that_imported_them_writes() {
    let Some(server) = Postgres::start() else { return };
    let first = DataDir::at(server.schema("keys"));
    import_four(&first);
    let token = first.token("feed");
    first.run_with_input(["user", "add", "li", "--role", "operator", "--password-stdin"], "a-long-password\n").expect(0);
    let sealed = first.file("keys.json", "");
    std::fs::remove_file(&sealed).unwrap();
    let sealed = sealed.to_str().unwrap();
    assert_eq!(first.run_with_input(["keys", "export", sealed, "--passphrase-stdin"], "short\n").code, 2);
    first.run_with_input(["keys", "export", sealed, "--passphrase-stdin"], PHRASE).expect(0);

    let second = DataDir::at(server.schema("keys"));
    let wall = Served::start(&second);
    assert!(wall.said().contains("signs nobody in"), "{}", wall.said());
    // What the first machine let in is let in here; nothing is taken, and nobody is told that a password is wrong.
    let client = wall.client(&token);
    client.get("/api/v1/snapshot").expect(200);
    let refused = client.ticket(&ticket("t", 0, 0));
    assert!(refused.status == 503 && refused.body.contains("keys import"), "{refused:?}");
    let nobody = wall_tests::Client::anonymous(&wall.base);
    let signed = nobody.post("/api/v1/session", "application/json", r#"{"name":"li","password":"a-long-password"}"#);
    assert!(signed.status == 503 && signed.body.contains("signs nobody in"), "{signed:?}");
    assert_eq!(second.run(["token", "create", "other"]).code, 4);
    assert_eq!(second.run(["audit", "verify"]).code, 4);
    wall.end();

    // Other words, a file that was cut, another store: refused, and nothing is changed.
    assert_eq!(second.run_with_input(["keys", "import", sealed, "--passphrase-stdin"], "other words\n").code, 4);
    let text = std::fs::read_to_string(sealed).unwrap();
    let cut = second.file("cut.json", &text[..text.len() / 2]);
    assert_eq!(second.run_with_input(["keys", "import", cut.to_str().unwrap(), "--passphrase-stdin"], PHRASE).code, 4);
    let other = DataDir::at(server.schema("other"));
    import_four(&other);
    let third = DataDir::at(server.schema("other"));
    let foreign = third.run_with_input(["keys", "import", sealed, "--passphrase-stdin"], PHRASE);
    assert!(foreign.code == 4 && foreign.stderr.contains("another one"), "{foreign:?}");
    assert!(!third.path().join("keys").exists() && !second.path().join("keys").exists());
    // Nor are keys that are there written over, such as those of a schema that was mistyped at first.
    let over = other.on(server.schema("keys")).run_with_input(["keys", "import", sealed, "--passphrase-stdin"], PHRASE);
    assert!(over.code == 4 && over.stderr.contains("mistyped"), "{over:?}");

    for _ in 0..2 {
        second.run_with_input(["keys", "import", sealed, "--passphrase-stdin"], PHRASE).expect(0);
    }
    assert_eq!(std::fs::read(first.path().join("keys")).unwrap(), std::fs::read(second.path().join("keys")).unwrap());
    let wall = Served::start(&second);
    wall.client(&token).ticket(&ticket("t", 0, 0)).expect(200);
    let out = first.file("audit.ndjson", "");
    first.run(["audit", "export", out.to_str().unwrap()]).expect(0);
    let log = std::fs::read_to_string(out).unwrap();
    assert!(log.contains("keys.export") && log.matches("keys.import").count() == 1, "{log}");
    first.run(["audit", "verify"]).expect(0);
}
