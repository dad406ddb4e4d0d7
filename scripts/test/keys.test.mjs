// An ear for the keyboard outside the registry of actions is found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKeyless, keyBreaches } from '../lib/keys.mjs';

test('listening is found in code and templates', () => {
  for (const one of ["addEventListener('keydown', f);", 'function key(event: KeyboardEvent)', '<p @keydown.esc="leave">', '<p @keyup="leave">', 'box.onkeydown = f;']) {
    assert.deepEqual(keyBreaches('ui/src/wall/X.vue', `one\n${one}`), [2], one);
    assert.equal(isKeyless(one), false, one);
  }
});

test('the registry, widgets with a reason and other files may', () => {
  for (const path of ['ui/src/actions/index.ts', 'ui/src/wall/TimePanel.vue', 'ui/tests/time.test.ts']) assert.deepEqual(keyBreaches(path, '@keydown="f"'), [], path);
  assert.deepEqual(keyBreaches('ui/src/wall/X.vue', ':key="key" const keys = 1'), []);
});
