// A colour written down outside the sheet is found in styles, templates and code; what only looks like one is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorBreaches } from '../lib/colors.mjs';

const found = (text, path = 'ui/src/wall/X.vue') => colorBreaches(path, text);

test('colours written down are found', () => {
  for (const one of ['color: #fff;', 'color: #0D0F11;', 'fill: #abcd;', "'line-color': '#11223344'", 'rgba(220, 228, 235, 0.1)', 'rgb(.5 1 2)', 'hsl(20deg 1% 2%)', 'oklch(0.4 0.1 20)', 'rgb(from red r g b)', 'color(0.1)']) {
    assert.deepEqual(found(`one\n${one}`), [2], one);
  }
});

test('names, ids and computed colours are not', () => {
  for (const one of ['color: var(--ground);', "color('ground')", 'href="#app"', '`rgb(${r},${g},${b})`', 'background: transparent;', '#face-list', 'color(name)']) assert.deepEqual(found(one), [], one);
});

test('the sheet itself and what is no user interface may', () => {
  assert.deepEqual(found('--ground: #0d0f11;', 'ui/src/style/tokens.css'), []);
  assert.deepEqual(found('#0d0f11', 'ui/tests/ramp.test.ts'), []);
  assert.deepEqual(found('#0d0f11', 'ui/src/style/tokens.ts'), [1]);
});
