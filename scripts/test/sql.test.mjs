import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlBreaches } from '../lib/sql.mjs';

const found = (file, line) => sqlBreaches(`src-tauri/crates/wall-store/src/${file}`, `//! Of a ticket.\n${line}\n`);
const FILES = ['tickets.rs', 'plans/edits.rs'];

const FOREIGN = [
  ['let rows = sqlx::query("SELECT 1").fetch_all(pool).await?;', 'names sqlx'],
  ['use sqlx::{QueryBuilder, Row, Sqlite};', 'names sqlx'],
  ['fn of(row: &sqlx::sqlite::SqliteRow) {}', 'names sqlx'],
  ['foreign(self.tx.sqlite()).await?;', 'asks SQLite past db/'],
  ['sql("SELECT a FROM t WHERE b = ?1")', 'numbers values otherwise than $1'],
  ['sql("SELECT a FROM t WHERE b = ?")', 'numbers values otherwise than $1'],
  ['VALUES (?, ?, ?)', 'numbers values otherwise than $1'],
  ['sql("SELECT a FROM t ORDER BY a LIMIT ?2")', 'numbers values otherwise than $1'],
  ['sql("INSERT OR IGNORE INTO t (a) VALUES ($1)")', 'writes a conflict otherwise than ON CONFLICT'],
  ['sql("REPLACE INTO t (a) VALUES ($1)")', 'writes a conflict otherwise than ON CONFLICT'],
  ['let id = done.last_insert_rowid();', 'knows the rowid'],
  ['sql("SELECT rowid FROM t")', 'knows the rowid'],
  [`sql("SELECT json_extract(a, '$.b') FROM t")`, 'reads JSON in the database'],
  ['sql("SELECT iif(a, 1, 2) FROM t")', 'writes iif for CASE'],
  ['sql("UPDATE t SET a = max(a, $1)")', 'compares two values with max or min'],
  ['sql("SELECT min($1, a) FROM t")', 'compares two values with max or min'],
  ['sql("SELECT a FROM t WHERE b LIKE $1")', 'compares with LIKE what was not lowered'],
  ['SELECT a FROM t ORDER BY a LIMIT -1 OFFSET $1', 'limits to less than nothing'],
];

test('what only one engine understands is found', () => {
  for (const [line, what] of FOREIGN) {
    for (const file of FILES) assert.deepEqual(found(file, line), [[2, what]], line);
  }
});

test("SQLite's own files may write it, and other crates are not the store", () => {
  for (const [line] of FOREIGN) {
    for (const file of ['db/sqlite.rs', 'backup.rs', 'open.rs', 'fault_tests.rs']) assert.deepEqual(found(file, line), [], line);
    assert.deepEqual(sqlBreaches('src-tauri/crates/wall-service/src/import/cells/geopackage.rs', line), [], line);
  }
  assert.deepEqual(found('error.rs', 'impl From<sqlx::Error> for StoreError {'), []);
  assert.deepEqual(found('plans/open.rs', 'use sqlx::Row;'), [[2, 'names sqlx']], 'only the file of that name');
});

test('a row is read by position nowhere', () => {
  for (const line of [
    'let id = row.get(0);',
    'let id: i64 = row.try_get(12)?;',
    'row.get::<Option<i64>, _>(3).map(UtcMs)',
    'row.try_get_raw(1)',
    'sqlx::query_scalar("SELECT 1")',
    'sqlx::query_as::<_, (i64, i64)>("SELECT 1, 2")',
  ]) {
    for (const file of ['backup.rs', 'db/mod.rs', 'tickets.rs']) {
      assert.ok(found(file, line).some(([at, what]) => at === 2 && what === 'reads a row by position'), `${file}: ${line}`);
    }
  }
});

test('what both engines understand is let be, and what is no statement', () => {
  for (const line of [
    'sql("SELECT id, max(revision) AS newest FROM t WHERE b = $1 AND NOT c GROUP BY id, d LIMIT $2").bind(a?)',
    'coalesce((SELECT min(x.at) FROM transition x WHERE x.ticket_id = ticket.id), $1)',
    "(lower(external_id) LIKE $4 ESCAPE '\\\\' OR lower(t.title) LIKE $4 ESCAPE '\\\\')",
    'sql("INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = t.b + excluded.b RETURNING b")',
    'let at: UtcMs = row.get("at")?;',
    'row.get::<Option<&str>>("name")?',
    'let key = bytes.get(32..64)?;',
    'fn f(text: &(impl AsRef<str> + ?Sized)) -> String { format!("{text:?}, {:?}", from.max(at)) }',
    'let value = serde_json::json!({ "a": self.load(a, b).await? });',
    '// No `INSERT OR`, no rowid; sqlx numbers `?1`.',
  ]) {
    assert.deepEqual(found('tickets.rs', line), [], line);
  }
});
