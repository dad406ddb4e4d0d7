//! The waist by itself, on both engines. PostgreSQL is asked where GRIDWALL_TEST_DB names one (`scripts/postgres.sh run`).

use super::*;
use sqlx::{Connection, PgPool};
use std::sync::atomic::{AtomicU32, Ordering};

/// A schema of its own on the server that tests may use; `None` = there is none, and that is said.
pub(crate) fn schema(of: &str) -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("GRIDWALL_TEST_DB") else {
        eprintln!("{of}: not asked of PostgreSQL, GRIDWALL_TEST_DB names none");
        return None;
    };
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    Some(format!("{server}&schema={of}_{}_{n}", std::process::id()))
}

/// A connection of each engine, with nothing behind it.
async fn connections() -> Vec<Held> {
    let mut all = vec![Held::Sqlite(SqlitePool::connect("sqlite::memory:").await.unwrap().acquire().await.unwrap())];
    if let Some(url) = schema("waist") {
        let pool = PgPool::connect(url.split("&schema=").next().unwrap()).await.unwrap();
        let mut held = Held::Postgres(Link::new(pool.acquire().await.unwrap(), bell::Heard::always()));
        held.execute(sql("SET search_path = pg_temp")).await.unwrap();
        all.push(held);
    }
    all
}

#[tokio::test]
async fn rows_are_read_by_name_and_what_does_not_fit_is_damage() {
    for mut held in connections().await {
        let table = match held {
            Held::Sqlite(_) => "CREATE TABLE t (a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER) STRICT",
            Held::Postgres(_) => {
                "CREATE TEMPORARY TABLE t (a BIGINT, b DOUBLE PRECISION, c TEXT COLLATE \"C\", d BYTEA, e BOOLEAN)"
            }
        };
        held.execute(sql(table)).await.unwrap();
        let rows = [(i64::MAX, Some(0.1 + 0.2), "甲 a%", vec![0u8, 255], true), (-2, None, "", vec![], false)];
        let written = held
            .insert("t", ["a", "b", "c", "d", "e"], "", &rows, |(a, b, c, d, e)| {
                [(*a).into(), (*b).into(), (*c).into(), d.as_slice().into(), (*e).into()]
            })
            .await
            .unwrap();
        assert_eq!(written, 2);
        let asked = sql("SELECT e, d, c, b, a FROM t WHERE lower(c) LIKE $1 ESCAPE '\\' OR NOT e ORDER BY a DESC");
        let found = held.rows(asked.bind(containing("甲 A%"))).await.unwrap();
        assert_eq!(found.len(), 2);
        for (row, (a, b, c, d, e)) in found.iter().zip(&rows) {
            assert_eq!(row.get::<i64>("a").unwrap(), *a);
            assert_eq!(row.get::<Option<f64>>("b").unwrap(), *b);
            assert_eq!(row.get::<&str>("c").unwrap(), *c);
            assert_eq!(row.get::<&[u8]>("d").unwrap(), d);
            assert_eq!(row.get::<bool>("e").unwrap(), *e);
        }
        let damaged = |e: StoreError| matches!(e, StoreError::Damaged { .. });
        assert!(found[0].get::<i64>("f").is_err_and(damaged), "no such column");
        assert!(found[0].get::<i64>("c").is_err_and(damaged), "another type");
        assert!(found[1].get::<f64>("b").is_err_and(damaged), "nothing where something has to be");
        assert!(found[1].get::<u32>("a").is_err_and(damaged), "less than nothing");
        let word = |s: &str| s.starts_with('甲').then_some(());
        assert!(found[0].word("t", "c", word).is_ok() && found[1].word("t", "c", word).is_err_and(damaged));
        // What is NULL has a type all the same.
        let all = sql("SELECT count(*) AS n FROM t WHERE $1 IS NULL AND $2 IS NULL AND $3 IS NULL AND $4 IS NULL AND $5 IS NULL");
        let all = all.bind(None::<i64>).bind(None::<f64>).bind(None::<&str>).bind(None::<&[u8]>).bind(None::<bool>);
        assert_eq!(held.one(all).await.unwrap().get::<i64>("n").unwrap(), 2);
    }
}

#[tokio::test]
async fn many_rows_arrive_as_they_were_sent() {
    let texts = ["", "\\N", "\\.", "a\tb\nc\rd\\e", "\u{1}\u{7f}\u{85}\u{2028}", "甲乙丙😀", "\\x00", "'\"$1%_"];
    let rows: Vec<(i64, f64, &str, Vec<u8>)> = (0..2_500)
        .map(|i| {
            (
                i,
                [0.1 + 0.2, -0.5, 1e-300, 1.7976931348623157e308][i as usize % 4],
                texts[i as usize % 8],
                vec![i as u8; i as usize % 5],
            )
        })
        .collect();
    for mut held in connections().await {
        let table = match held {
            Held::Sqlite(_) => "CREATE TABLE m (a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER) STRICT",
            Held::Postgres(_) => "CREATE TEMPORARY TABLE m (a BIGINT, b DOUBLE PRECISION, c TEXT, d BYTEA, e BOOLEAN)",
        };
        held.execute(sql(table)).await.unwrap();
        // One, some and so many that a server takes them as a stream.
        let (few, many) = rows.split_at(300);
        let (one, few) = few.split_at(1);
        for part in [one, few, many] {
            let written = held.insert("m", ["a", "b", "c", "d", "e"], "", part, |(a, b, c, d)| {
                [(*a).into(), (*b).into(), (*c).into(), d.as_slice().into(), (a % 3 != 0).then_some(a % 3 == 1).into()]
            });
            assert_eq!(written.await.unwrap(), part.len() as u64);
        }
        assert_eq!(held.one(sql("SELECT count(*) AS n FROM m")).await.unwrap().get::<i64>("n").unwrap(), 2_500);
        for (row, (a, b, c, d)) in held.rows(sql("SELECT * FROM m ORDER BY a")).await.unwrap().iter().zip(&rows) {
            assert_eq!((row.get::<i64>("a").unwrap(), row.get::<&str>("c").unwrap()), (*a, *c));
            assert_eq!((row.get::<f64>("b").unwrap().to_bits(), row.get::<&[u8]>("d").unwrap()), (b.to_bits(), d.as_slice()));
            assert_eq!(row.get::<Option<bool>>("e").unwrap(), (a % 3 != 0).then_some(a % 3 == 1));
        }
    }
}

#[tokio::test]
async fn a_failed_statement_ends_the_transaction() {
    for mut held in connections().await {
        let table = match held {
            Held::Sqlite(_) => "CREATE TABLE u (a INTEGER PRIMARY KEY) STRICT",
            Held::Postgres(_) => "CREATE TEMPORARY TABLE u (a BIGINT PRIMARY KEY)",
        };
        held.execute(sql(table)).await.unwrap();
        held.execute(sql("INSERT INTO u (a) VALUES ($1)").bind(1i64)).await.unwrap();
        assert!(held.execute(sql("INSERT INTO u (a) VALUES ($1)").bind(1i64)).await.is_err());
        let again =
            sql("INSERT INTO u (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = u.a + $2 RETURNING a").bind(1i64).bind(6i64);
        assert_eq!(held.one(again).await.unwrap().get::<i64>("a").unwrap(), 7);
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    use layout::{Field, Kind};
    let Some(url) = schema("tables") else { return };
    let server = Server::open(Address::parse(&url).unwrap(), || ()).await.unwrap();
    let columns =
        sql("SELECT table_name::text AS tab, column_name::text AS col, data_type::text AS kind, is_nullable = 'NO' AS filled, \
         collation_name::text AS collation FROM information_schema.columns WHERE table_schema = current_schema() \
         AND table_name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY table_name, ordinal_position");
    let mut theirs = std::collections::BTreeMap::<String, Vec<Field>>::new();
    for row in Readers::Postgres(server.readers.clone()).rows(columns).await.unwrap() {
        let (kind, collation): (String, Option<String>) = (row.get("kind").unwrap(), row.get("collation").unwrap());
        let kind = match (kind.as_str(), collation.as_deref()) {
            ("boolean", None) => Kind::Truth,
            ("bigint", None) => Kind::Integer,
            ("double precision", None) => Kind::Number,
            ("text", Some("C")) => Kind::Text,
            ("bytea", None) => Kind::Bytes,
            other => panic!("{other:?}"),
        };
        let field = Field { name: row.get("col").unwrap(), kind, is_filled: row.get("filled").unwrap() };
        theirs.entry(row.get("tab").unwrap()).or_default().push(field);
    }
    let ours: std::collections::BTreeMap<_, _> = layout().await.unwrap().into_iter().map(|t| (t.name, t.columns)).collect();
    assert!(ours.len() > 20);
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let Some(url) = schema("unsafe") else { return };
    let plain = url.split("&schema=").next().unwrap();
    let mut admin = sqlx::PgConnection::connect(plain).await.unwrap();
    sqlx::raw_sql("DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lossy') THEN CREATE ROLE lossy LOGIN SUPERUSER; END IF; END $$; ALTER ROLE lossy SET synchronous_commit = off")
        .execute(&mut admin)
        .await
        .unwrap();
    let refused = Server::open(Address::parse(&url.replace("gridwall@", "lossy@")).unwrap(), || ()).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("synchronous_commit is off"), "{said}");
}

#[test]
fn chunks_cover_everything_in_order() {
    for n in [0usize, 1, 2, 3, 127, 128, 129, 1000] {
        let rows: Vec<usize> = (0..n).collect();
        let sizes: std::collections::BTreeSet<usize> = chunks(&rows).map(<[usize]>::len).collect();
        assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert!(sizes.iter().all(|s| s.is_power_of_two() && *s <= BATCH));
    }
}

#[test]
fn statements_number_what_they_bind() {
    let made = sql("SELECT a FROM t WHERE b = $1 AND c IN (").bind(7i64).push_list([1i64, 2]).push(") AND d = ").push_bind("x");
    assert_eq!(made.text, "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3) AND d = $4");
    assert_eq!(made.values, [Value::from(7i64), 1i64.into(), 2i64.into(), "x".into()]);
    let made = Sql::composed("VALUES ".into()).push_rows([[Value::from(1i64), true.into()], [2i64.into(), None::<bool>.into()]]);
    assert_eq!((made.text.as_ref(), highest_number(&made.text)), ("VALUES ($1, $2), ($3, $4)", 4));
    assert_eq!((highest_number("SELECT 1"), highest_number("$12 $3")), (0, 12));
}

#[test]
#[should_panic(expected = "numbers and values")]
fn a_value_that_is_missing_is_found() {
    let _ = sql("SELECT $1, $2").bind(1i64).parts();
}

#[test]
fn what_a_pattern_means_is_taken_as_it_is() {
    assert_eq!(containing("50%_A\\"), "%50\\%\\_a\\\\%");
}

#[test]
fn stretches_end_where_a_key_comes_again() {
    let found: Vec<&[i32]> = stretches(&[1, 2, 1, 1, 3, 2, 3], |n| *n).collect();
    assert_eq!(found, [&[1, 2][..], &[1], &[1, 3, 2], &[3]]);
    assert_eq!(stretches(&[], |n: &i32| *n).count(), 0);
}

/// Numbers that only count the values are left out for SQLite; all others stay what they are.
#[test]
fn sqlite_is_not_given_names_to_look_up() {
    use sqlite::without_numbers;
    let rows =
        sql("INSERT INTO t (a, b) VALUES ").push_rows([[Value::from(1), Value::from("$9")], [Value::from(2), Value::from("")]]);
    let (text, _) = rows.push(" ON CONFLICT DO NOTHING").parts();
    assert_eq!(without_numbers(text.as_str()).unwrap(), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
    assert_eq!(without_numbers("SELECT 1").unwrap(), "SELECT 1");
    assert_eq!(without_numbers("SELECT $1 WHERE a = $2 OR b = $1"), None, "a value that is used twice");
    assert_eq!(without_numbers("SELECT $2, $1"), None, "values in another order");
}
