import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeBreaches } from '../lib/writes.mjs';

const at = (file, text) => writeBreaches(`src-tauri/crates/wall-service/src/${file}`, text);

test('no transaction is opened past the door, however it is written', () => {
  for (const line of [
    'let mut tx = self.store().write(actor, system_now()).await?;',
    'let mut tx = wall.inner.store.write_by(&own, now, soon).await?;',
    'let tx = self\n    .store()\n    .write(actor, now);',
    'let tx = Store::write(&store, actor, now);',
    'let tx = books.write(actor, system_now()).await?;',
  ]) {
    assert.equal(at('wall/zone.rs', `//! Zones.\n${line}\n`).length, 1, line);
  }
  assert.deepEqual(at('wall/zone.rs', '\n\nself.store().write(actor, system_now());\nstore.write(a, b);'), [3, 4]);
});

test('the door may, and so may tests; other things are written too', () => {
  const opens = 'let tx = self.store().write(actor, system_now()).await?;';
  assert.deepEqual(at('wall/write.rs', opens), []);
  assert.deepEqual(at('wall/zone.rs', `fn f() {}\n\n#[cfg(test)]\nmod tests {\n    ${opens}\n}\n`), []);
  assert.deepEqual(at('wall/zone.rs', 'self.write(actor, Right::SetZone).await?;\nself.inner.world.write();\n// store.write(x)'), []);
  assert.deepEqual(writeBreaches('src-tauri/src/demo.rs', opens), [1], 'the program asks the keeper');
  assert.deepEqual(writeBreaches('src-tauri/crates/wall-store/src/positions.rs', opens), [], 'the store itself');
});
